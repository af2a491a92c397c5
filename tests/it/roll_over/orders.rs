//! `passerelle keys rollover`, by the real program: what it writes, what it says, and what it refuses.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use openssl::pkey::PKey;
use passerelle::{
    sys::{
        clock::{Clock as _, SystemClock},
        secret::Secret,
    },
    xmlsec::{KeyFault, SigningKey},
};
use serde_json::Value;

use crate::{
    bridge::{
        Setup,
        keys::{idp_key, library_key, strange_key, zoom_key},
    },
    lab::{process::run, real_bridge::PROGRAM},
    sp::{House, Told},
};

/// A configuration whose first key is on the disk as `signing.pem`.
struct Keys(House);

impl Keys {
    fn new() -> Self {
        Self(House::new())
    }

    async fn roll(&self, words: &[&str]) -> Told {
        self.0
            .passerelle(&[&["keys", "rollover"], words].concat())
            .await
    }

    /// That an order is refused with these words, and changes nothing.
    async fn refuses(&self, words: &[&str], saying: &str) {
        let before = self.0.files();
        self.roll(words).await.fails(saying);
        assert!(self.0.files() == before, "{words:?} wrote something");
    }

    async fn status(&self) -> Value {
        let told = self.roll(&["status", "--json"]).await;
        serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{told:?}"))
    }

    /// How it stands with each provider, in one line.
    async fn standings(&self) -> String {
        let status = self.status().await;
        let providers = status["providers"].as_array().unwrap().iter();
        let words = providers.map(|provider| {
            let standing = &provider["standing"];
            let word = standing.as_str().map_or_else(
                || standing.as_object().unwrap().keys().next().unwrap().clone(),
                str::to_owned,
            );
            format!("{}: {word}", provider["name"].as_str().unwrap())
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// The files of that beginning, but for `signing.pem` itself.
    fn key_files(&self) -> Vec<PathBuf> {
        let names = self.0.files().into_keys();
        names
            .filter(|name| name.starts_with("signing-"))
            .map(|name| self.0.file(&name))
            .collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn r96_a_roll_over_is_played_from_its_beginning_to_its_end() {
    let keys = Keys::new();
    let (text, old) = (keys.0.text(), fs::read(keys.0.file("signing.pem")).unwrap());
    let started = keys.roll(&["start"]).await;
    started.is_good();
    // There is no socket by which a command reaches a server.
    assert!(
        started.out.contains("takes it in by SIGHUP ("),
        "{started:?}"
    );
    let [next] = &keys.key_files()[..] else {
        panic!("{:?}", keys.key_files())
    };
    assert_eq!(mode(next), mode(&keys.0.file("signing.pem")));
    let name = next.file_name().unwrap().to_str().unwrap();
    let with_next = keys.0.text();
    assert_eq!(
        with_next,
        text.replace(
            "pairwise = 'pairwise.key'\n",
            &format!("pairwise = 'pairwise.key'\nnext = \"{name}\"\n")
        )
    );
    assert_eq!(
        keys.standings().await,
        "closed: off, intranet: left, library: left, zoom: left"
    );
    keys.refuses(&["start"], "a roll-over is on already").await;
    keys.refuses(&["finish"], "intranet, library, zoom").await;
    keys.roll(&["switch", "zoom"]).await.is_good();
    keys.roll(&["switch", "library"]).await.is_good();
    keys.roll(&["switch", "intranet"]).await.is_good();
    let duties = keys.0.passerelle(&["status"]).await;
    assert!(
        duties.out.contains("ours: every provider has the next key"),
        "{duties:?}"
    );

    let new = fs::read(next).unwrap();
    keys.roll(&["finish"]).await.is_good();
    assert_eq!(
        keys.0.text(),
        text.replace("['signing.pem']", &format!("[\"{name}\"]"))
    );
    let left = ["signing.pem", name].map(|name| fs::read(keys.0.file(name)).unwrap());
    assert_eq!(left, [old, new]);
    keys.0.passerelle(&["check"]).await.is_good();
    // The configuration of before, put back or on another machine, starts too.
    let finished = keys.0.text();
    fs::write(&keys.0.path, text).unwrap();
    keys.0.passerelle(&["check"]).await.is_good();
    fs::write(&keys.0.path, finished).unwrap();
    keys.refuses(&["finish"], "no roll-over is on").await;
    // The next one on the same day takes no other one's name.
    keys.roll(&["start"]).await.is_good();
    assert_eq!(keys.key_files().len(), 2);
}

#[tokio::test]
async fn r96_what_is_left_of_a_roll_over_is_told_with_all_that_is_to_be_done_and_zoom_has_a_sheet_for_it()
 {
    let keys = Keys::new();
    keys.roll(&["start"]).await.is_good();
    let next = &keys.key_files()[0];
    // What is left is told with all the rest that an administrator has to do.
    let duties = keys.0.passerelle(&["status"]).await;
    for left in ["sp.intranet: ", "sp.library: ", "sp.zoom: "] {
        let line = format!("{left}takes our next certificate");
        assert!(duties.out.contains(&line), "{duties:?}");
    }
    // Zoom has one place: its sheet has the certificate to come, and says when that counts.
    let sheets = [
        &["zoom-settings", "--json"][..],
        &["zoom-settings", "--json", "--next"],
    ];
    let [present, to_come] = sheets.map(|words| keys.0.passerelle(words));
    let (present, to_come) = (present.await, to_come.await);
    let certificate = "-----BEGIN CERTIFICATE-----";
    let on_sheet = |sheet: &Told, file: &Path| {
        let pem = fs::read_to_string(file).unwrap();
        let pem = pem.split_once(certificate).unwrap().1;
        let lines: String = pem
            .lines()
            .take_while(|line| !line.starts_with('-'))
            .collect();
        assert!(lines.len() > 500);
        sheet.out.contains(&lines)
    };
    let signing = keys.0.file("signing.pem");
    assert!(on_sheet(&present, &signing) && !on_sheet(&present, next));
    assert!(on_sheet(&to_come, next) && !on_sheet(&to_come, &signing));
    assert!(
        to_come.out.contains("keys rollover switch zoom"),
        "{to_come:?}"
    );
    // The present one says until when it counts, once that is planned.
    let looked_at = async || {
        let told = keys.0.passerelle(sheets[0]).await;
        let told: Value = serde_json::from_str(&told.out).unwrap();
        told["look-at"].to_string()
    };
    let ends = "signs for this provider until 2099-12-31T22:00:00Z";
    assert!(!looked_at().await.contains("signs for this provider until"));
    let planned = ["switch", "zoom", "--at", "2100-01-01T00:00:00+02:00"];
    keys.roll(&planned).await.is_good();
    assert!(looked_at().await.contains(ends), "{}", looked_at().await);
    keys.roll(&["switch", "zoom"]).await.is_good();
    assert!(!looked_at().await.contains("signs for this provider until"));
}

#[tokio::test]
async fn r96_a_switch_that_is_planned_is_told_with_its_moment_and_with_what_to_paste_then() {
    let keys = Keys::new();
    keys.roll(&["start"]).await.is_good();
    let config = keys.0.path.display().to_string();
    let told = keys.roll(&["status"]).await;
    for command in [
        "zoom-settings --sp zoom --next",
        "keys rollover switch zoom",
        "keys rollover switch library",
    ] {
        let typed = format!("passerelle --config {config} {command}");
        assert!(told.out.contains(&typed), "{command}: {told:?}");
    }
    let in_an_hour = SystemClock.now() + SignedDuration::from_hours(1);
    let at = format!("{in_an_hour:.0}");
    for name in ["zoom", "library"] {
        keys.roll(&["switch", name, "--at", &at]).await.is_good();
    }
    let told = keys.0.passerelle(&["status"]).await;
    for (name, hint) in [
        (
            "zoom",
            format!(
                "at that moment, paste what passerelle --config {config} zoom-settings --sp zoom --next prints"
            ),
        ),
        (
            "library",
            "have it take our metadata again before then".to_owned(),
        ),
    ] {
        let lines = format!(
            "{at}  within a day  sp.{name}: our next key signs for it from then on: by then it must know the \
             certificate\n    hint: {hint}\n"
        );
        assert!(told.out.contains(&lines), "{lines}: {told:?}");
    }
}

#[tokio::test]
async fn r96_a_provider_is_switched_when_it_is_said_and_may_come_back() {
    let keys = Keys::new();
    keys.roll(&["start"]).await.is_good();
    keys.refuses(&["switch", "nobody"], "there is no provider nobody")
        .await;
    keys.refuses(
        &["switch", "zoom", "--at", "2020-01-01T00:00:00Z"],
        "is in the past\n    hint: for tomorrow, --at ",
    )
    .await;
    keys.roll(&["switch", "zoom"]).await.is_good();
    keys.roll(&["switch", "library"]).await.is_good();
    let planned = ["switch", "intranet", "--at", "2100-01-01T00:00:00+02:00"];
    keys.roll(&planned).await.is_good();
    assert!(
        keys.0
            .text()
            .contains("next-key-from = 2099-12-31T22:00:00Z\n")
    );
    assert_eq!(
        keys.standings().await,
        "closed: off, intranet: planned, library: switched, zoom: switched"
    );
    keys.refuses(&["finish"], "still needed for intranet: ")
        .await;
    keys.roll(&["switch", "library", "--back"]).await.is_good();
    let first = ["intranet", "library"].map(|name| {
        let config = keys.0.path.display();
        format!("`passerelle --config {config} keys rollover switch {name}`")
    });
    let saying = format!(
        "still needed for intranet, library: first {}, or",
        first.join(", ")
    );
    keys.refuses(&["finish"], &saying).await;
}

#[tokio::test]
async fn r96_without_a_roll_over_there_is_nothing_to_switch_and_nothing_to_finish() {
    let keys = Keys::new();
    for words in [
        &["switch", "zoom"][..],
        &["switch", "zoom", "--back"],
        &["finish"],
    ] {
        keys.refuses(words, "no roll-over is on").await;
    }
    let status = keys.status().await;
    assert!(status["next"].is_null(), "{status}");
    let refused = keys.0.passerelle(&["zoom-settings", "--next"]).await;
    refused.fails("no other key is to sign for sp.zoom");
}

#[tokio::test]
async fn r96_a_key_that_is_brought_must_be_one_that_everybody_can_verify() {
    let keys = Keys::new();
    let pem = |private: &str, certificate: &str| format!("{private}{certificate}");
    let (strange, library) = (strange_key(), library_key());
    let torn = pem(&strange.private_pem(), &library.certificate_pem());
    let bare = strange.private_pem();
    let present = fs::read_to_string(keys.0.file("signing.pem")).unwrap();
    for (name, content, saying) in [
        ("torn.pem", &torn, "the certificate is of another key"),
        (
            "bare.pem",
            &bare,
            "is not a private key with its certificate",
        ),
        ("same.pem", &present, "is one of keys.signing"),
    ] {
        let file = keys.0.brings(name, content);
        keys.refuses(&["start", "--key", &file], saying).await;
    }
    let open = keys.0.brings("open.pem", &strange.pem);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    keys.refuses(&["start", "--key", &open], "can be read by others")
        .await;
    keys.refuses(&["start", "--key", "gone.pem"], "gone.pem")
        .await;
    // Root, who may give the order, reads what the service does not.
    let others = keys.0.brings("others.pem", &strange.pem);
    let others = match chown(&others, Some(12345), None) {
        Ok(()) => &*others,
        // Nobody but root can give a file away: this one is root's.
        Err(_) => "/etc/passwd",
    };
    keys.refuses(&["start", "--key", others], "belongs to another user")
        .await;
    let good = keys.0.brings("good.pem", &strange.pem);
    keys.roll(&["start", "--key", &good]).await.is_good();
    let status = keys.status().await;
    assert_eq!(status["next"]["file"], good.as_str(), "{status}");
    // Where somebody is to have RSA, an elliptic curve cannot be the only key.
    let setup = Setup::zoom("signature = 'rsa-sha256'");
    let keys = Keys(House::of(&setup));
    let words = ["start", "--algorithm", "ec-p256"];
    keys.refuses(&words, "sp.zoom.signature: with keys.next")
        .await;
    // Where nobody has said it, it is told what Zoom reads.
    let keys = Keys::new();
    let told = keys.roll(&words).await;
    told.is_good();
    let warned = "sp.zoom.signature: once keys.next signs for it, it signs with";
    assert!(told.errors.contains(warned), "{told:?}");
    // Said later, it keeps the present key, and nobody's sign-in stops.
    let zoom = "[sp.zoom]\n";
    let text = keys.0.text();
    let text = text.replace(zoom, &format!("{zoom}signature = 'rsa-sha256'\n"));
    fs::write(&keys.0.path, text).unwrap();
    assert!(keys.standings().await.ends_with("zoom: unable"));
    for words in [&["switch", "zoom"][..], &["finish"]] {
        keys.refuses(words, "zoom").await;
    }
    let check = keys.0.passerelle(&["check"]).await;
    check.fails("1 fault(s) of single providers; a server would start all the same");
}

#[tokio::test]
async fn r96_a_provider_that_another_key_signs_for_has_no_part_in_it() {
    let setup = Setup {
        more: "[sp.wiki]\nmetadata = 'wiki.xml'\npreset = 'generic'\nsignature = 'ecdsa-sha256'\n"
            .to_owned(),
        ..Setup::new()
    };
    let keys = Keys(House::of(&setup));
    let entity = "https://wiki.example.net/sp";
    let metadata =
        crate::bridge::metadata(entity, "", zoom_key(), &["https://wiki.example.net/acs"]);
    keys.0.brings("wiki.xml", &metadata);
    let folder = keys.0.folder.path().to_str().unwrap();
    let (made, said) = run(PROGRAM, &["keys", folder, "--algorithm", "ec-p256"], &[]);
    assert!(made, "{said}");
    let text = keys.0.text();
    let both = text.replace("['signing.pem']", "['signing.pem', 'signing-ec-p256.pem']");
    fs::write(&keys.0.path, both).unwrap();
    keys.roll(&["start"]).await.is_good();
    assert!(keys.standings().await.contains("wiki: unconcerned"));
    keys.refuses(&["switch", "wiki"], "another key signs for sp.wiki")
        .await;
    for name in ["intranet", "library", "zoom"] {
        keys.roll(&["switch", name]).await.is_good();
    }
    keys.roll(&["finish"]).await.is_good();
    assert!(
        keys.0.text().contains(".pem\", 'signing-ec-p256.pem']"),
        "{}",
        keys.0.text()
    );
    assert!(keys.0.file("signing-ec-p256.pem").exists());
}

#[tokio::test]
async fn r100_an_encrypted_key_is_opened_with_its_passphrase_and_is_followed_by_another_one() {
    const PASSPHRASE: &str = "correct horse battery staple";
    let keys = Keys::new();
    let key = idp_key();
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let locked = PKey::private_key_from_pem(key.pem.as_bytes()).unwrap();
    let locked = locked.private_key_to_pem_pkcs8_passphrase(cipher, PASSPHRASE.as_bytes());
    let locked = String::from_utf8(locked.unwrap()).unwrap();
    assert!(locked.contains("BEGIN ENCRYPTED PRIVATE KEY"));
    let certificate = key.certificate_pem();
    keys.0
        .brings("signing.pem", &format!("{locked}{certificate}"));
    let refused = keys.0.passerelle(&["check"]).await;
    refused.fails("signing.pem: the private key is encrypted, and no passphrase is given");
    let text = keys.0.text();
    let named = text.replace("[keys]\n", "[keys]\npassphrase = 'signing.passphrase'\n");
    fs::write(&keys.0.path, named).unwrap();
    for wrong in ["correct horse", "\n", ""] {
        keys.0.brings("signing.passphrase", wrong);
        let refused = keys.0.passerelle(&["check"]).await;
        assert_eq!(refused.status, 1, "{refused:?}");
        assert!(
            wrong.trim().is_empty()
                || refused
                    .errors
                    .contains("signing.pem: the passphrase does not open")
        );
        assert!(!refused.errors.contains("correct"), "{refused:?}");
    }
    keys.0
        .brings("signing.passphrase", &format!("{PASSPHRASE}\r\nmore"));
    keys.0.passerelle(&["check"]).await.is_good();
    keys.roll(&["start"]).await.is_good();
    let next = fs::read_to_string(&keys.key_files()[0]).unwrap();
    assert!(next.contains("BEGIN ENCRYPTED PRIVATE KEY"));
    assert!(!next.contains("BEGIN PRIVATE KEY"));
    for name in ["intranet", "library", "zoom"] {
        keys.roll(&["switch", name]).await.is_good();
    }
    keys.roll(&["finish"]).await.is_good();
    keys.0.passerelle(&["check"]).await.is_good();
}

#[tokio::test]
async fn r100_beside_a_credential_no_new_key_is_made_and_one_that_is_named_is_taken() {
    let keys = Keys::new();
    let text = keys.0.text();
    let named = text.replace("['signing.pem']", "['credential:signing.pem']");
    assert_ne!(named, text);
    fs::write(&keys.0.path, named).unwrap();
    let folder = keys.0.path.parent().unwrap();
    let roll = |words: &[&str]| {
        let config = ["--config", keys.0.path.to_str().unwrap()];
        let words = [&["keys", "rollover"], words, &config].concat();
        run(PROGRAM, &words, &[("CREDENTIALS_DIRECTORY", folder)])
    };
    let before = keys.0.files();
    let (done, said) = roll(&["start"]);
    assert!(!done && said.contains("name it with --key"), "{said}");
    assert!(keys.0.files() == before, "it wrote something");
    keys.0.brings("next.pem", &library_key().pem);
    let (done, said) = roll(&["start", "--key", "credential:next.pem"]);
    assert!(done, "{said}");
    assert!(keys.0.text().contains("next = \"credential:next.pem\""));
}

#[test]
fn r100_a_new_key_may_be_made_encrypted_with_a_passphrase_that_is_there_or_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let make = |keys: &str, passphrase: &str| {
        run(PROGRAM, &["keys", keys, "--passphrase", passphrase], &[])
    };
    fs::write(at("given"), "correct horse\nbattery staple\n").unwrap();
    for (name, opens) in [("given", Some("correct horse")), ("drawn", None)] {
        let (keys, passphrase) = (at(&format!("{name}-keys")), at(name));
        let (done, said) = make(&keys, &passphrase);
        assert!(done, "{said}");
        let signing = Path::new(&keys).join("signing.pem");
        let pem = fs::read(&signing).unwrap();
        let closed = SigningKey::from_pem(&pem);
        assert!(matches!(closed, Err(KeyFault::Locked)), "{closed:?}");
        let line = fs::read_to_string(&passphrase).unwrap();
        let line = opens.unwrap_or_else(|| line.trim_end());
        assert!(line.len() >= 13 && !said.contains(line), "{said}");
        let secret = Secret::from(line.to_owned());
        SigningKey::from_locked_pem(&pem, Some(&secret)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&signing), 0o400);
        if opens.is_none() {
            assert_eq!(mode(Path::new(&passphrase)), 0o400);
        }
        // Once more, and nothing is made anew.
        let (done, said) = make(&keys, &passphrase);
        assert!(done && fs::read(&signing).unwrap() == pem, "{said}");
    }
    // A key that stands open is not told to be encrypted.
    let open = at("open-keys");
    assert!(run(PROGRAM, &["keys", &open], &[]).0);
    let (done, said) = make(&open, &at("given"));
    assert!(!done && said.contains("is not encrypted"), "{said}");
}

#[tokio::test]
async fn r96_a_broken_state_is_a_fault_that_says_what_to_mend() {
    let keys = Keys::new();
    let text = keys.0.text();
    let zoom = |line: &str| text.replace("[sp.zoom]\n", &format!("[sp.zoom]\n{line}\n"));
    let next = |line: &str| text.replace("[keys]\n", &format!("[keys]\n{line}\n"));
    for (broken, saying) in [
        (
            zoom("next-key-from = 2026-11-28T12:00:00Z"),
            "sp.zoom.next-key-from: stands beside no next key",
        ),
        (zoom("next-key-from = \"soon\""), "sp.zoom.next-key-from"),
        (next("next = 'gone.pem'"), "gone.pem cannot be read"),
        (next("next = 'signing.pem'"), "is one of keys.signing"),
        (next("next = ['signing.pem']"), "keys.next"),
        (next("next = 'seal.keys'"), "is not a private key"),
    ] {
        fs::write(&keys.0.path, &broken).unwrap();
        keys.0.passerelle(&["check"]).await.fails(saying);
        keys.refuses(&["status"], saying).await;
        keys.refuses(&["finish"], saying).await;
    }
}

#[tokio::test]
async fn r96_key_files_beside_the_present_key_that_nothing_names_are_told() {
    let keys = Keys::new();
    assert_eq!(keys.status().await["unnamed"].to_string(), "[]");
    // As a beginning leaves it that was stopped before the configuration was written.
    let orphan = keys.0.brings("signing-2026-11-27.pem", &strange_key().pem);
    let linked = keys.0.file("signing-linked.pem");
    std::os::unix::fs::symlink(keys.0.file("signing.pem"), linked).unwrap();
    let line = format!("not named:   {orphan}: ");
    for words in [&["status"][..], &["start"], &["status"]] {
        let told = keys.roll(words).await;
        told.is_good();
        assert_eq!(told.out.matches("not named: ").count(), 1, "{told:?}");
        assert!(told.out.contains(&line), "{told:?}");
    }
    for name in ["intranet", "library", "zoom"] {
        keys.roll(&["switch", name]).await.is_good();
    }
    keys.roll(&["finish"]).await.is_good();
    // Once it is over, the one before too.
    let unnamed = keys.status().await["unnamed"].to_string();
    assert!(
        unnamed.contains(&orphan) && unnamed.contains("/signing.pem\""),
        "{unnamed}"
    );
}
