//! What `passerelle check` and a start say of a configuration that cannot be used.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use jiff::SignedDuration;
use passerelle::{
    app::build,
    config::{environment::Environment, fault::ConfigFault},
    sys::{
        clock::{Clock as _, ManualClock, SystemClock},
        entropy::SeededEntropy,
    },
};

use crate::{
    bridge::{Setup, write, zoom_metadata},
    lab::keys::Authority,
    sp::House,
};

/// All that is said, `file:line: key` of each, of the configuration that `setup` writes.
fn told(setup: &Setup) -> Vec<String> {
    told_with(setup, &[])
}

/// The same, where texts of the configuration are replaced.
fn told_with(setup: &Setup, replaced: &[(&str, &str)]) -> Vec<String> {
    let (folder, path) = setup.write();
    let mut text = fs::read_to_string(&path).unwrap();
    for (old, new) in replaced {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    fs::write(&path, text).unwrap();
    let clock = Arc::new(ManualClock::starting_at(setup.start));
    let entropy = Arc::new(SeededEntropy::new(setup.seed));
    let faults = match build::load(&path, &Environment::default(), clock, entropy) {
        Ok(built) => built.faults_of_providers,
        Err(faults) => faults,
    };
    let place = |fault: &ConfigFault| {
        let text = fs::read_to_string(&fault.file).unwrap();
        let file = fault.file.strip_prefix(&folder).unwrap().display();
        let line = fault.line.map_or(String::new(), |line| {
            let written = text.lines().nth(usize::try_from(line).unwrap() - 1);
            format!(" ({})", written.unwrap_or("?"))
        });
        let hint = fault.hint.as_deref().map_or("", |_| ", hint");
        format!("{file}{line}: {}{hint}", fault.key)
    };
    faults.iter().map(place).collect()
}

/// Faults of every kind of file that is named.
fn broken() -> Setup {
    let mut setup = Setup::new();
    setup.people = "[person.alice]\npassword = 'none'\n".to_owned();
    setup.zoom_metadata = "<!DOCTYPE x><x/>".to_owned();
    setup.more = "
[attributes]
mail = 'lower('
[sp.wiki]
metadata = 'library.xml'
preset = 'generic'
[[sp.wiki.release]]
attribute = 'displayName'
[[sp.wiki.release]]
name = 'urn:x'
name-format = 'basic'
value = 'nonsense ('
"
    .to_owned();
    setup
}

const OF_FILES: [&str; 5] = [
    "passerelle.toml (mail = 'lower('): attributes.mail",
    "passerelle.toml ([[sp.wiki.release]]): sp.wiki.release[2]",
    "people.toml (password = 'none'): person.alice.password, hint",
    "zoom.xml: sp.zoom, hint",
    "library.xml: sp.wiki",
];

/// A setup whose Zoom has metadata that ends in an hour, by the clock of this machine.
fn ending_soon() -> Setup {
    let end = SystemClock.now() + SignedDuration::from_hours(1);
    Setup {
        zoom_metadata: zoom_metadata(&format!("validUntil=\"{end:.0}\"")),
        ..Setup::new()
    }
}

#[tokio::test]
async fn what_check_says_of_the_end_of_zooms_metadata_stands_at_the_top_of_its_sheet_in_both_languages()
 {
    let house = House::of(&ending_soon());
    let told = house.passerelle(&["check"]).await;
    let config = house.path.display();
    let (what, hint) = (
        "its metadata ends (validUntil), and with it every sign-in: ",
        "take its metadata again: passerelle sp add zoom --replace --metadata URL, where URL is its own address or file",
    );
    assert!(
        told.errors.contains(&format!("warning: sp.zoom: {what}")),
        "{told:?}"
    );
    let typed = hint.replace("passerelle sp", &format!("passerelle --config {config} sp"));
    assert!(
        told.errors
            .contains(&format!("within a day\n    hint: {typed}\n")),
        "{told:?}"
    );
    let text = house.passerelle(&["zoom-settings"]).await;
    text.is_good();
    let json = house.passerelle(&["zoom-settings", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let html = house.passerelle(&["zoom-settings", "--html"]).await;
    // The file is for whoever fills in the form, wherever they are.
    for (told, hint) in [
        (text.out, &*typed),
        (json["look-at"].to_string(), &*typed),
        (html.out.clone(), hint),
    ] {
        assert!(told.contains(what) && told.contains(hint), "{told}");
        assert!(told.contains("within a day"), "{told}");
    }
    let french = house.passerelle(&["zoom-settings", "--lang", "fr"]).await;
    for told in [french.out, html.out] {
        assert!(
            told.contains("ses métadonnées expirent (validUntil), et avec elles toute connexion"),
            "{told}"
        );
        assert!(told.contains("dans moins d’un jour"), "{told}");
        assert!(told.contains("reprendre ses métadonnées"), "{told}");
    }
    // Nobody has anything to do there where nothing ends.
    let sheet = House::new().passerelle(&["zoom-settings"]).await;
    assert!(!sheet.out.contains("its metadata ends"), "{sheet:?}");
}

#[tokio::test]
async fn what_is_broken_is_told_by_check_as_an_error_and_not_as_something_to_do_as_well() {
    let setup = Setup {
        zoom_metadata: "<broken".to_owned(),
        ..Setup::new()
    };
    let house = House::of(&setup);
    let told = house.passerelle(&["check"]).await;
    told.fails("error: ");
    assert!(!told.errors.contains("sp.zoom: broken"), "{told:?}");
    let status = house.passerelle(&["status"]).await;
    assert!(status.out.contains("sp.zoom: broken"), "{status:?}");
    assert!(
        status.out.contains("hint: see what is wrong by"),
        "{status:?}"
    );
}

#[tokio::test]
async fn where_no_cas_server_is_asked_check_says_that_the_clock_was_not_tried_and_who_tells() {
    let told = House::new().passerelle(&["check"]).await;
    told.is_good();
    let lines = told
        .out
        .lines()
        .filter(|line| line.starts_with("clock: not tried"));
    let lines: Vec<_> = lines.collect();
    let [line] = lines[..] else {
        panic!("{told:?}")
    };
    assert!(
        line.contains("`timedatectl`") && line.contains(" doctor`"),
        "{line}"
    );
}

#[test]
fn every_fault_of_every_file_is_told_at_once_with_its_line() {
    assert_eq!(told(&broken()), OF_FILES);
}

#[test]
fn a_fault_of_the_configuration_hides_none_of_the_files_that_it_names() {
    let mut setup = broken();
    setup.server = "lissen = '127.0.0.1:0'".to_owned();
    let of_configuration = [
        "passerelle.toml ([server]): server.listen",
        "passerelle.toml (lissen = '127.0.0.1:0'): server.lissen, hint",
    ];
    assert_eq!(told(&setup), [&of_configuration[..], &OF_FILES].concat());
}

#[test]
fn what_is_missing_in_a_section_hides_nothing_of_what_it_names() {
    let missing = [
        ("seal = 'seal.keys'", ""),
        ("signing = ['signing.pem']", "signing = ['idp.crt']"),
        ("methods = ['local']", ""),
        ("technical-contact = 'sso@example.org'", ""),
    ];
    let told = told_with(&broken(), &missing);
    let of_configuration = [
        "passerelle.toml ([keys]): keys.seal",
        "passerelle.toml (signing = ['idp.crt']): keys.signing[1], hint",
        "passerelle.toml ([organization]): organization.technical-contact",
        "passerelle.toml ([authn]): authn.methods",
    ];
    assert_eq!(told, [&of_configuration[..], &OF_FILES].concat());
}

#[test]
fn rules_are_not_found_wrong_for_what_a_fault_elsewhere_left_out() {
    let mut setup = Setup::new();
    setup.server = String::new();
    setup.more = "
[attributes]
service = 'lower('
[[sp.zoom.release]]
name = 'urn:x'
name-format = 'basic'
value = 'service'
"
    .to_owned();
    assert_eq!(
        told(&setup),
        [
            "passerelle.toml ([server]): server.listen",
            "passerelle.toml (service = 'lower('): attributes.service",
        ]
    );
}

#[test]
fn counts_that_are_told_to_everybody_are_warned_of() {
    for (address, is_warned) in [
        ("127.0.0.1", false),
        ("[::1]", false),
        ("10.34.0.8", false),
        ("[fd00::8]", false),
        ("0.0.0.0", true),
        ("194.199.0.8", true),
    ] {
        let mut setup = Setup::new();
        setup.more = format!("[metrics]\nlisten = '{address}:9464'");
        let (_folder, path) = setup.write();
        let clock = Arc::new(ManualClock::starting_at(setup.start));
        let entropy = Arc::new(SeededEntropy::new(setup.seed));
        let built = build::load(&path, &Environment::default(), clock, entropy).unwrap();
        let keys: Vec<_> = built.warnings.iter().map(|fault| &*fault.key).collect();
        assert_eq!(keys.contains(&"metrics.listen"), is_warned, "{address}");
    }
}

#[test]
fn a_program_of_alerts_that_lost_its_right_to_be_run_is_warned_of_and_keeps_nobody_from_signing_in()
{
    for (mode, is_warned) in [(0o755, false), (0o644, true)] {
        let programs = tempfile::tempdir().unwrap();
        let tell = programs.path().join("tell");
        fs::write(&tell, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&tell, fs::Permissions::from_mode(mode)).unwrap();
        let mut setup = Setup::new();
        setup.more = format!(
            "[alerts]\ncommand = ['{0}']\n[alerts.mail]\nto = ['a@example.org']\nfrom = 'b@example.org'\n\
             sendmail = ['{0}']",
            tell.display()
        );
        let (_folder, path) = setup.write();
        let clock = Arc::new(ManualClock::starting_at(setup.start));
        let entropy = Arc::new(SeededEntropy::new(setup.seed));
        let built = build::load(&path, &Environment::default(), clock, entropy).unwrap();
        let told = built
            .warnings
            .iter()
            .filter(|it| it.what.ends_with("cannot be run"));
        let told: Vec<_> = told
            .map(|it| (&*it.key, it.line.is_some(), it.hint.is_some()))
            .collect();
        let both = [
            ("alerts.command", true, true),
            ("alerts.mail.sendmail", true, true),
        ];
        assert_eq!(told, if is_warned { &both[..] } else { &[] });
    }
}

#[test]
fn a_cas_server_or_a_directory_that_nobody_is_asked_for_at_is_warned_of() {
    let warned = |more: &str| {
        let mut setup = Setup::new();
        setup.more.push_str(more);
        let (_folder, path) = setup.write();
        let clock = Arc::new(ManualClock::starting_at(setup.start));
        let entropy = Arc::new(SeededEntropy::new(setup.seed));
        let built = build::load(&path, &Environment::default(), clock, entropy).unwrap();
        let idle = built
            .warnings
            .into_iter()
            .filter(|it| it.what == "is used for nothing");
        idle.map(|it| (it.key, it.line.is_some(), it.hint.is_some()))
            .collect::<Vec<_>>()
    };
    assert_eq!(warned(""), []);
    let idle = warned(
        "\n[authn.cas]\nurl = 'https://cas.example.org/cas'\n\
         [authn.ldap]\nurl = ['ldaps://ldap.example.org']\nbase = 'dc=example,dc=org'\n",
    );
    assert_eq!(
        idle,
        [
            ("authn.cas".to_owned(), true, true),
            ("authn.ldap".to_owned(), true, true)
        ]
    );
}

#[test]
fn r45_breach_of_iip_idp09_sdp_idp11_a_provider_that_must_be_encrypted_to_and_has_no_key_for_it_is_a_fault()
 {
    let setup = Setup::zoom("encrypt = 'always'");
    assert_eq!(told(&setup), ["zoom.xml: sp.zoom, hint"]);
}

/// What is warned of about SHA-1, where a configuration that takes it until `day` is used on
/// 2026-11-26.
fn warned_of_sha1(day: &str) -> Vec<String> {
    let setup = Setup::zoom(&format!("sha1-until = {day}"));
    let (_folder, path) = setup.write();
    let clock = Arc::new(ManualClock::starting_at(setup.start));
    let entropy = Arc::new(SeededEntropy::new(setup.seed));
    let built = build::load(&path, &Environment::default(), clock, entropy).unwrap();
    let warnings = built.warnings.iter();
    let of_sha1 = warnings.filter(|warning| warning.key == "sp.zoom.sha1-until");
    of_sha1
        .map(|warning| {
            assert!(
                warning.line.is_some() && warning.hint.is_some(),
                "{warning:?}"
            );
            warning.what.clone()
        })
        .collect()
}

#[test]
fn r07_that_sha1_is_taken_is_warned_of_and_that_it_is_over() {
    let taken =
        |day: &str| format!("requests signed with SHA-1 are taken until the end of {day} (UTC)");
    for day in ["2027-11-27", "2026-12-26", "2026-11-26"] {
        assert_eq!(warned_of_sha1(day), [taken(day)]);
    }
    for day in ["2026-11-25", "2001-01-01"] {
        let over = format!("{day} is over: requests signed with SHA-1 are refused");
        assert_eq!(warned_of_sha1(day), [over]);
    }
}

#[test]
fn r07_sha1_cannot_be_taken_for_longer_than_a_year() {
    let setup = Setup::zoom("sha1-until = 2027-11-28");
    let line = "passerelle.toml (sha1-until = 2027-11-28): sp.zoom.sha1-until, hint";
    assert_eq!(told(&setup), [line]);
}

#[test]
fn r126_a_store_whose_password_any_public_certificate_would_get_is_warned_of() {
    let with = |more: &str| {
        let setup = Setup {
            more: more.to_owned(),
            ..Setup::new()
        };
        let (folder, path) = setup.write();
        write(folder.path(), "password", "secret");
        let authority = Authority::new("University");
        let pem = String::from_utf8(authority.pem()).unwrap();
        write(folder.path(), "ca.pem", &pem);
        let clock = Arc::new(ManualClock::starting_at(setup.start));
        let entropy = Arc::new(SeededEntropy::new(1));
        let built = build::load(&path, &Environment::default(), clock, entropy).unwrap();
        let warnings = built.warnings.into_iter();
        let of_store = warnings.filter(|warning| warning.key == "store");
        of_store.map(|warning| warning.what).collect::<Vec<_>>()
    };
    let account = "user = 'passerelle'\npassword-file = 'password'";
    let told = with(&format!(
        "[store]\nredis = 'rediss://redis.example'\n{account}"
    ));
    assert!(
        matches!(&told[..], [one] if one.contains("no ca")),
        "{told:?}"
    );
    for well in [
        "[store]\nredis = 'rediss://redis.example'".to_owned(),
        format!("[store]\nredis = 'rediss://redis.example'\nca = 'ca.pem'\n{account}"),
        format!("[store]\nredis = 'redis://127.0.0.1'\n{account}"),
    ] {
        assert_eq!(with(&well), [""; 0], "{well}");
    }
}
