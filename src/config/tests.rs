use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::sys::{file::make_pipe, tls};

mod faults;

const EXAMPLE: &str = draft::EXPLANATION;
const UNIV_MONTP3: &str = include_str!("../../config/univ-montp3.toml");

/// A text of the start page.
const HOME: &str = "+++\n# For whom it is.\ntitle = \"Zoom\"\nlead = \"To teach.\"\nlast-change = 2026-11-28\n+++\nText.\n";

/// A folder with all the files that a configuration can name.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let pem = "-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n";
        place.write_secret("certs/signing.pem", pem);
        place.write_secret("certs/signing-2026-11-28.pem", pem);
        place.write_secret("certs/signing.passphrase", "open\n");
        place.write_secret("certs/seal.keys", &"A".repeat(43));
        place.write_secret("certs/pairwise.key", &"p".repeat(32));
        place.write_secret("certs/tls.key", "key");
        let authority = String::from_utf8(tls::authority_for_test()).unwrap();
        place.write("certs/cas-ca.pem", &authority);
        place.write("certs/redis-ca.pem", &authority);
        place.write("certs/directory-ca.pem", &authority);
        place.write("certs/authorities.pem", &authority);
        place.write("certs/federation.pem", &authority);
        for name in ["directory", "redis", "sentinel"] {
            place.write_secret(&format!("certs/{name}.password"), "reader\n");
        }
        fs::create_dir(place.0.path().join("state")).unwrap();
        for language in ["fr", "en"] {
            place.write(&format!("config/texts/home.{language}.md"), HOME);
        }
        for file in [
            "certs/tls.pem",
            "metadata/zoom.xml",
            "metadata/intranet.xml",
            "config/people.toml",
            "bin/tell",
        ] {
            place.write(file, "x");
        }
        place.chmod("bin/tell", 0o755);
        place
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn write_secret(&self, name: &str, text: &str) {
        self.chmod(self.write(name, text), 0o400);
    }

    fn chmod(&self, path: impl AsRef<Path>, mode: u32) {
        fs::set_permissions(self.0.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn load(&self, text: &str) -> Result<Config, Vec<ConfigFault>> {
        load(&self.write("config/x.toml", text), &Environment::default())
            .map_err(|faulty| faulty.faults)
    }

    /// The faults as they are shown, with the folder cut away.
    fn faults(&self, text: &str) -> String {
        let faults = self.load(text).expect_err("it was taken");
        let shown: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let folder = format!("{}/", self.0.path().display());
        let shown = shown.join("\n");
        shown
            .replace(&format!("{folder}config/"), "")
            .replace(&folder, "")
    }
}

/// The example with one line replaced.
fn with(line: &str, other: &str) -> String {
    assert!(EXAMPLE.contains(line), "{line}");
    EXAMPLE.replacen(line, other, 1)
}

fn all_switched_on() -> String {
    all_switched_on_with("redis")
}

/// The kinds of stores, of which there is one at a time, and what goes along with it.
const KINDS_OF_STORE: [(&str, &[&str]); 3] = [
    ("redis", &[]),
    (
        "sentinels",
        &["master", "sentinel-user", "sentinel-password-file"],
    ),
    ("cluster", &[]),
];

/// All but the other kinds of stores.
fn all_switched_on_with(store: &str) -> String {
    let others = KINDS_OF_STORE.iter().filter(|(kind, _)| *kind != store);
    let others: Vec<_> = others
        .flat_map(|(kind, along)| [*kind].into_iter().chain(along.iter().copied()))
        .map(|key| format!("{key} = "))
        .collect();
    let is_other = |line: &str| others.iter().any(|key| line.starts_with(key));
    let all = everything_switched_on();
    let lines = all.split_inclusive('\n').filter(|line| !is_other(line));
    lines.collect()
}

fn everything_switched_on() -> String {
    // A list of what goes along with it makes sense with it alone.
    EXAMPLE
        .replace("\n#:", "\n")
        .replace("idp-initiated = false", "idp-initiated = true")
        // Not every machine has it.
        .replace("/usr/sbin/sendmail", "../bin/tell")
}

#[test]
fn the_example_loads_as_it_is_and_with_everything_switched_on() {
    let place = Place::new();
    let all = KINDS_OF_STORE.map(|(kind, _)| all_switched_on_with(kind));
    for text in [EXAMPLE].into_iter().chain(all.iter().map(String::as_str)) {
        place
            .load(text)
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
    }
}

#[test]
fn r103_an_older_seal_key_opens_for_as_long_as_anything_is_stored_that_it_has_sealed() {
    let place = Place::new();
    let hours = |text: &str| {
        let config = place.load(text).unwrap();
        config.named().longest_sealed().as_hours()
    };
    // In memory nothing is sealed but sessions' journeys.
    assert_eq!(hours(EXAMPLE), 8);
    let stored = all_switched_on();
    assert_eq!(hours(&stored), 7 * 24);
    let none_kept = stored.replacen("keep-days = 7", "keep-days = 0", 1);
    assert_ne!(none_kept, stored);
    assert_eq!(hours(&none_kept), 8);
}

#[test]
fn the_example_holds_every_key_there_is() {
    let place = Place::new();
    let text = everything_switched_on();
    let mut report = Report::new(Path::new("x.toml"), &text);
    let folder = place.0.path().join("config");
    Sections::default().read(&text, &folder, &Environment::default(), &mut report);
    let absent: Vec<_> = report.known.difference(&report.given).collect();
    assert!(absent.is_empty(), "{absent:?}");
    assert!(
        report.known.contains("sp.*.release.friendly-name"),
        "{:?}",
        report.known
    );
}

#[test]
fn what_the_example_calls_a_default_is_the_default() {
    let place = Place::new();
    let set = place.load(EXAMPLE).unwrap();
    let cut = |text: &str, from: &str, to: &str| {
        let (before, rest) = text.split_once(from).unwrap();
        format!("{before}{to}{}", rest.split_once("\n\n\n").unwrap().1)
    };
    let text = cut(EXAMPLE, "\n[sessions]\n", "\n");
    let text = cut(&text, "\n[authn.throttle]\n", "\n");
    let text = text
        .replace("max-connections = 4096", "")
        .replace("stop-grace-seconds = 20", "");
    let text = text
        .replace("hashing-threads = 2", "")
        .replace("hashing-queue = 64", "");
    let bare = place.load(&text).unwrap();
    let values = |config: &Config| {
        let shown = (
            &config.server,
            &config.authn,
            &config.sessions,
            &config.requests,
        );
        format!("{shown:?}")
    };
    assert_eq!(values(&bare), values(&set));
}

#[test]
fn the_real_case_loads_and_says_what_zoom_needs() {
    let config = Place::new().load(UNIV_MONTP3).unwrap();
    assert_eq!(
        config.entity_id(),
        "https://idp.univ-montp3.fr/saml/metadata"
    );
    assert_eq!(config.sso_url(), "https://idp.univ-montp3.fr/saml/sso");
    assert!(!config.is_lab());
    let [zoom] = config.service_providers.as_slice() else {
        panic!("one provider")
    };
    assert_eq!(zoom.short_name.as_str(), "zoom");
    assert_eq!(zoom.require_signed_requests, Some(false));
    assert_eq!(
        zoom.max_authn_age,
        Some(jiff::SignedDuration::from_mins(115))
    );
    assert_eq!(zoom.sign, sections::Sign::Assertion);
    assert_eq!(zoom.encrypt, sections::Encrypt::Never);
    assert_eq!(zoom.name_id.from(), Some("mail"));
    let names: Vec<_> = zoom
        .release
        .iter()
        .map(|release| {
            release
                .attribute
                .as_deref()
                .or(release.name.as_deref())
                .unwrap()
        })
        .collect();
    assert_eq!(
        names,
        [
            "mail",
            "givenName",
            "sn",
            "displayName",
            "eduPersonAffiliation",
            "department",
            "eduPersonUniqueId",
            "zoomLicense"
        ]
    );
}

#[test]
fn a_lab_takes_http_on_localhost_for_itself_and_for_providers() {
    let text = with("lab = false", "lab = true")
        .replace("https://idp.example.org", "http://idp.localhost:8080")
        .replace(
            "https://example.zoom.us/saml/login",
            "http://zoom.localhost:8081/saml/login",
        );
    let config = Place::new().load(&text).unwrap();
    assert!(config.is_lab());
    assert!(!config.base_url.is_https());
    for (lab, is_taken) in [
        ("127.0.0.1", true),
        ("[::1]", true),
        ("localhost.example.org", false),
    ] {
        let text = text.replace("idp.localhost:8080", lab);
        assert_eq!(Place::new().load(&text).is_ok(), is_taken, "{lab}");
    }
}

#[test]
fn r100_a_key_file_that_others_can_read_stops_the_start() {
    let place = Place::new();
    for file in [
        "certs/signing.pem",
        "certs/signing-2026-11-28.pem",
        "certs/signing.passphrase",
        "certs/seal.keys",
        "certs/pairwise.key",
        "certs/tls.key",
    ] {
        for (mode, is_taken) in [
            (0o440, false),
            (0o404, false),
            (0o420, false),
            (0o600, true),
        ] {
            place.chmod(file, mode);
            match place.load(&all_switched_on()) {
                Ok(_) => assert!(is_taken, "{file} {mode:o}"),
                Err(faults) => {
                    assert!(!is_taken, "{file} {mode:o} {faults:?}");
                    assert_eq!(faults.len(), 1);
                    let hint = faults[0].hint.as_deref().unwrap();
                    assert!(
                        hint.starts_with("chmod 0400 ") && hint.ends_with(file),
                        "{hint}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_the_service_believes_later_can_be_changed_by_nobody_else() {
    let place = Place::new();
    place.write("state/metadata/zoom.xml", "x");
    let text = with("[server]", "[server]\nstate-folder = \"../state\"");
    assert!(place.load(&text).is_ok());
    for (shared, mode, sound) in [
        ("state", 0o777, 0o755),
        ("state/metadata", 0o775, 0o700),
        ("state/metadata/zoom.xml", 0o622, 0o644),
    ] {
        place.chmod(shared, mode);
        let told = place.faults(&text);
        let what = format!("{shared} can be changed by others than its owner");
        assert!(
            told.contains("server.state-folder: ") && told.contains(&what),
            "{told}"
        );
        assert!(told.contains("chmod -R go-w "), "{told}");
        place.chmod(shared, sound);
        assert!(place.load(&text).is_ok(), "{shared}");
    }
    // Where a link leads is what is read; one that leads nowhere is read by nobody.
    let place_of = |name: &str| place.0.path().join(name);
    let links = ["state/metadata/gone.xml", "state/metadata/elsewhere.xml"];
    std::os::unix::fs::symlink("nowhere", place_of(links[0])).unwrap();
    assert!(place.load(&text).is_ok());
    let elsewhere = place.write("elsewhere.xml", "x");
    place.chmod(&elsewhere, 0o666);
    std::os::unix::fs::symlink(elsewhere, place_of(links[1])).unwrap();
    assert!(
        place
            .faults(&text)
            .contains("elsewhere.xml can be changed by others")
    );
}

#[test]
fn the_socket_for_commands_is_where_nobody_else_can_put_one() {
    let place = Place::new();
    place.write("state/x", "");
    let socket = |lines: &str| {
        let config = place.load(&with("[server]", &format!("[server]\n{lines}")));
        config.unwrap().server.control_socket
    };
    assert_eq!(socket(""), None);
    let default = socket("state-folder = \"../state\"").unwrap();
    assert!(default.ends_with("state/control"), "{default:?}");
    let named = "control-socket = \"../state/c\"";
    assert!(socket(named).unwrap().ends_with("state/c"));
    let text = |line: &str| with("[server]", &format!("[server]\n{line}"));
    let long = format!("control-socket = \"../state/{}\"", "c".repeat(108));
    let told = place.faults(&text(&long));
    assert!(
        told.contains("server.control-socket: is longer than 107 bytes"),
        "{told}"
    );
    place.chmod("state", 0o777);
    let told = place.faults(&text(named));
    assert!(
        told.contains("server.control-socket: ") && told.contains("by others"),
        "{told}"
    );
}

#[test]
fn r100_keys_come_from_the_credentials_of_systemd_and_from_nowhere_else() {
    let place = Place::new();
    place.write_secret(
        "credentials/signing",
        "PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----",
    );
    place.chmod("credentials/signing", 0o440);
    let load = |written: &str, environment: &Environment| {
        let text = with("\"../certs/signing.pem\"", &format!("\"{written}\""));
        load(&place.write("config/x.toml", &text), environment)
    };
    let folder = Some(place.0.path().join("credentials"));
    let systemd = Environment {
        credentials_directory: folder,
        ..Environment::default()
    };
    assert!(load("credential:signing", &systemd).is_ok());
    for bad in [
        "credential:other",
        "credential:",
        "credential:../certs/signing.pem",
    ] {
        assert!(load(bad, &systemd).is_err(), "{bad}");
    }
    let faulty = load("credential:signing", &Environment::default()).unwrap_err();
    assert_eq!(
        faulty.faults[0].what,
        "names a credential, and systemd gave none"
    );
}

#[test]
fn a_pipe_in_the_place_of_a_key_is_refused_and_nobody_waits_for_it() {
    let place = Place::new();
    let path = place.0.path().join("certs/seal.keys");
    fs::remove_file(&path).unwrap();
    make_pipe(&path);
    let told = place.faults(&all_switched_on());
    assert!(told.contains("certs/seal.keys is not a file"), "{told}");
}

#[test]
fn a_key_file_with_the_wrong_content_is_refused_and_never_quoted() {
    for (file, content, told) in [
        (
            "certs/signing.pem",
            "-----BEGIN CERTIFICATE-----",
            "is not a private key with its cert",
        ),
        (
            "certs/seal.keys",
            "hunter2",
            "line 1 is not 32 bytes in base64url",
        ),
        (
            "certs/pairwise.key",
            "hunter2 hunter2 hunter2 hunter2\n",
            "less than 32 bytes",
        ),
    ] {
        let place = Place::new();
        place.chmod(file, 0o600);
        place.write_secret(file, content);
        let shown = place.faults(EXAMPLE);
        assert!(
            shown.contains(told) && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}

#[test]
fn a_preset_of_the_folder_wins_over_the_built_in_one_and_is_checked() {
    let place = Place::new();
    let own = "sign = \"response\"\nname-id = { format = \"persistent\", from = \"uid\" }\n";
    place.write("config/presets/zoom.toml", own);
    place.write("config/presets/wooclap.toml", "sing = \"both\"");
    let config = place.load(EXAMPLE).unwrap();
    let zoom = &config.service_providers[1];
    assert_eq!(
        (zoom.sign, zoom.name_id.from()),
        (sections::Sign::Response, Some("uid"))
    );
    // What neither says is the default.
    assert_eq!(zoom.encrypt, sections::Encrypt::WhenPossible);
    assert!(zoom.release.is_empty());
    let wooclap = place.faults(&with("preset = \"zoom\"", "preset = \"wooclap\""));
    assert_eq!(
        wooclap,
        "presets/wooclap.toml:1: sing: is not a key that is known here\n    hint: did you mean `sign`?"
    );
    let unknown = place.faults(&with("preset = \"zoom\"", "preset = \"webex\""));
    assert!(
        unknown.ends_with("hint: there are: generic, wooclap, zoom"),
        "{unknown}"
    );
}

#[test]
fn r07_sha1_is_taken_of_one_provider_and_not_of_a_kind_of_them() {
    let place = Place::new();
    place.write(
        "config/presets/old.toml",
        "sign = \"both\"\nsha1-until = 2027-06-30",
    );
    let faults = place.faults(&with("preset = \"zoom\"", "preset = \"old\""));
    assert!(
        faults.contains("presets/old.toml:2: sha1-until: cannot stand in a preset\n    hint: "),
        "{faults}"
    );
}

#[test]
fn the_table_of_a_provider_wins_over_its_preset_key_by_key() {
    let own =
        "preset = \"zoom\"\nsign = \"both\"\nencrypt = \"always\"\nmax-authn-age-minutes = 60";
    let config = Place::new().load(&with("preset = \"zoom\"", own)).unwrap();
    let zoom = &config.service_providers[1];
    assert_eq!(zoom.sign, sections::Sign::Both);
    assert_eq!(zoom.encrypt, sections::Encrypt::Always);
    assert_eq!(
        zoom.max_authn_age,
        Some(jiff::SignedDuration::from_mins(60))
    );
    assert_eq!(zoom.release.len(), 8);
}

#[test]
fn every_built_in_preset_is_sound() {
    let place = Place::new();
    for (name, _) in preset::BUILT_IN {
        let text = with("preset = \"zoom\"", &format!("preset = \"{name}\""));
        place
            .load(&text)
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
    }
}

#[test]
fn a_file_that_is_not_there_or_is_too_large_is_told_as_a_whole() {
    let place = Place::new();
    let absent = place.0.path().join("none.toml");
    let faults = load(&absent, &Environment::default()).unwrap_err().faults;
    assert!(faults[0].what.starts_with("cannot be read"), "{faults:?}");
    let shown = place.faults(&format!("#{}", "x".repeat(1024 * 1024)));
    assert_eq!(shown, "x.toml: is larger than 1048576 bytes");
}
