//! Administrators are told of what ends, by a real program, once for each step by which it comes nearer.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::app::alerts::Watch;
use serde_json::Value;
use tempfile::TempDir;

use crate::bridge::{Bridge, Setup, log::Log, write};

const DAY: i64 = 24 * 60;

/// A program that keeps what it reads, and fails while a file says so.
pub(crate) struct Teller(TempDir);

impl Teller {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 9\n\
                      [ ! -e refuse ] || { echo \"no line\" >&2; echo second >&2; exit 7; }\n\
                      { printf '%s\\n' \"$*\"; cat; printf '\\n'; } >>told\n";
        let program = write(place.path(), "tell", script);
        fs::set_permissions(program, fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(place.path().join("state")).unwrap();
        Self(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// SHA-1 of Zoom ends on 2027-01-20 at midnight: in 55 days.
    fn setup(&self, alerts: &str) -> Setup {
        let server = Setup::new().server;
        Setup {
            server: format!(
                "{server}\nstate-folder = '{}'",
                self.path("state").display()
            ),
            more: alerts.to_owned(),
            ..Setup::zoom("sha1-until = 2027-01-19")
        }
    }

    fn by_command(&self) -> Setup {
        self.setup(&format!(
            "[alerts]\ncommand = ['{}', '--urgent']",
            self.path("tell").display()
        ))
    }

    /// What was read since the last time, in lines.
    pub(crate) fn take(&self) -> Vec<String> {
        let path = self.path("told");
        let told = fs::read_to_string(&path).unwrap_or_default();
        drop(fs::remove_file(path));
        told.lines().map(str::to_owned).collect()
    }
}

fn watch(bridge: &Bridge) -> Watch {
    Watch::begin(Arc::clone(&bridge.live))
}

/// What the log says of it: how loudly, and the sentence.
fn logged(log: &Log) -> Vec<(String, String)> {
    let lines = log.lines().into_iter();
    let of_ends = lines.filter(|line| line["duty"].is_string());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_ends
        .map(|line| (text(&line["level"]), text(&line["duty"])))
        .collect()
}

const HINT: &str = "have its administrator sign with SHA-256; as long as that must wait, put sha1-until of the table \
                    sp.zoom off";
const WHAT: &str = "sp.zoom: SHA-1 in its requests is taken no longer (sha1-until): 2027-01-20";

#[tokio::test]
async fn each_step_is_told_once_and_the_end_louder() {
    let teller = Teller::new();
    let bridge = teller.by_command().build();
    let mut watch = watch(&bridge);
    // Days from the start, and what is new on that day.
    for (days, step, left, level) in [
        (0, 60, "in 54 days", "warn"),
        (25, 30, "in 29 days", "warn"),
        (41, 14, "in 13 days", "warn"),
        (48, 7, "in 6 days", "warn"),
        (54, 1, "within a day", "warn"),
        (55, 0, "over", "error"),
    ] {
        // On every day before, there is nothing to tell.
        loop {
            let gone = bridge.now().duration_since(Setup::new().start).as_hours() / 24;
            if gone >= days {
                break;
            }
            watch.look_when_due().await;
            assert_eq!(teller.take(), [""; 0], "{gone}");
            bridge.wait(DAY);
        }
        let log = Log::start();
        watch.look_when_due().await;
        let sentence = format!("{WHAT}, {left}; {HINT}");
        assert_eq!(
            logged(&log),
            [(level.to_owned(), sentence.clone())],
            "{days}"
        );
        let told = teller.take();
        let [words, json] = &*told else {
            panic!("{told:?}");
        };
        assert_eq!(words, "--urgent");
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["text"], *sentence);
        assert_eq!(json["duties"][0]["within_days"], step);
        assert_eq!(json["duties"][0]["whom"], "sp.zoom");
        assert_eq!(json["duties"][0]["kind"], "sha1");
        assert_eq!(json["duties"][0]["hint"], HINT);
        assert_eq!(json["duties"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&json["is_trial"], &json["version"]),
            (&false.into(), &1.into())
        );
        assert_eq!(json["server"], "https://idp.example.org");
    }
    bridge.wait(400 * DAY);
    watch.look_when_due().await;
    assert_eq!(teller.take(), [""; 0]);
}

#[tokio::test]
async fn it_looks_once_a_day_by_its_own_clock() {
    let teller = Teller::new();
    let bridge = teller.by_command().build();
    let mut watch = watch(&bridge);
    watch.look_when_due().await;
    assert_eq!(teller.take().len(), 2);
    // In 24 days and 16 hours it ends within 30 days. The look of that morning comes first, the next one a day later.
    bridge.wait(24 * DAY);
    watch.look_when_due().await;
    bridge.wait(DAY - 1);
    watch.look_when_due().await;
    assert_eq!(teller.take(), [""; 0]);
    bridge.wait(1);
    watch.look_when_due().await;
    assert_eq!(teller.take().len(), 2);
}

#[tokio::test]
async fn a_clock_that_went_back_makes_the_next_look_due() {
    let teller = Teller::new();
    let setup = teller.by_command();
    let bridge = Setup {
        zoom: String::new(),
        ..setup.clone()
    }
    .build();
    let mut watch = watch(&bridge);
    bridge.wait(20 * DAY);
    watch.look_when_due().await;
    assert_eq!(teller.take(), [""; 0]);
    bridge.reload(&setup).unwrap();
    bridge.wait(-1);
    watch.look_when_due().await;
    assert_eq!(teller.take().len(), 2);
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_without_a_state_folder_it_does() {
    let teller = Teller::new();
    for (setup, second) in [
        (teller.by_command(), 0),
        (
            Setup {
                server: Setup::new().server,
                ..teller.by_command()
            },
            2,
        ),
    ] {
        let first = setup.clone().build();
        watch(&first).look_when_due().await;
        assert_eq!(teller.take().len(), 2);
        watch(&setup.build()).look_when_due().await;
        assert_eq!(teller.take().len(), second);
    }
    let kept = teller.path("state/alerts.json");
    let mode = fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // What cannot be read is said, and told again.
    fs::write(&kept, "{").unwrap();
    let log = Log::start();
    watch(&teller.by_command().build()).look_when_due().await;
    assert!(log.text().contains("cannot be read, and is told again"));
    assert_eq!(teller.take().len(), 2);
}

#[tokio::test]
async fn what_could_not_be_told_is_told_at_the_next_look() {
    let teller = Teller::new();
    write(teller.0.path(), "refuse", "");
    let bridge = teller.by_command().build();
    let mut watch = watch(&bridge);
    let log = Log::start();
    watch.look_when_due().await;
    let text = log.text();
    assert!(
        text.contains("alerts.command: ended with exit status: 7: no line"),
        "{text}"
    );
    assert!(!text.contains("second"), "{text}");
    fs::remove_file(teller.path("refuse")).unwrap();
    watch.look_when_due().await;
    assert_eq!(teller.take(), [""; 0], "the same day");
    bridge.wait(DAY);
    watch.look_when_due().await;
    assert_eq!(teller.take().len(), 2);
}

#[tokio::test]
async fn what_was_seen_to_is_forgotten_and_told_again_if_it_comes_back() {
    let teller = Teller::new();
    let setup = teller.by_command();
    let bridge = setup.clone().build();
    let mut watch = watch(&bridge);
    watch.look_when_due().await;
    assert_eq!(teller.take().len(), 2);
    let mended = Setup {
        zoom: String::new(),
        ..setup.clone()
    };
    for (setup, lines) in [(&mended, 0), (&setup, 2), (&setup, 0)] {
        bridge.reload(setup).unwrap();
        bridge.wait(DAY);
        watch.look_when_due().await;
        assert_eq!(teller.take().len(), lines);
    }
}

#[tokio::test]
async fn mail_goes_through_sendmail_as_a_whole_message() {
    let teller = Teller::new();
    let mail = format!(
        "[alerts.mail]\nto = ['sso@univ.example', 'chef@univ.example']\nfrom = 'passerelle@univ.example'\n\
         sendmail = ['{}', '-t', '-i']",
        teller.path("tell").display()
    );
    let bridge = teller.setup(&mail).build();
    watch(&bridge).look_when_due().await;
    let config = bridge.folder.path().join("passerelle.toml");
    let status = format!("`passerelle --config {} status`", config.display());
    let mut told = teller.take();
    // Encoded words, each on a line of its own (RFC 2047).
    let subject: Vec<u8> = told
        .extract_if(.., |line| line.contains("=?utf-8?B?"))
        .flat_map(|line| {
            assert!(line.len() <= 76 && line.ends_with("?="), "{line}");
            let word = line.split("=?utf-8?B?").nth(1).unwrap();
            STANDARD.decode(word.trim_end_matches("?=")).unwrap()
        })
        .collect();
    assert_eq!(
        String::from_utf8(subject).unwrap(),
        "Passerelle sur https://idp.example.org\u{a0}: une échéance ou un défaut à traiter / \
         Passerelle at https://idp.example.org: something ends"
    );
    assert_eq!(
        told,
        [
            "-t -i",
            "From: passerelle@univ.example",
            "To: sso@univ.example, chef@univ.example",
            "Date: Thu, 26 Nov 2026 08:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            "",
            "sp.zoom\u{a0}: SHA-1 n’est plus accepté dans ses demandes (sha1-until)\u{a0}: 2027-01-20, dans 54 jours\u{202f}; \
             lui faire signer ses demandes avec SHA-256\u{202f}; tant que cela doit attendre, repousser sha1-until dans \
             la table sp.zoom",
            "",
            &format!("{status} montre tout ce qui est à faire."),
            "",
            "In English:",
            "",
            &format!("{WHAT}, in 54 days; {HINT}"),
            "",
            &format!("{status} shows all that must be done."),
            "",
        ]
    );
}

#[tokio::test]
async fn the_metrics_count_the_days_that_are_left() {
    let bridge = Setup::zoom("sha1-until = 2027-01-19").build();
    let gauge = |days: i64| {
        format!(
            "passerelle_days_left{{for=\"sp.zoom\",what=\"SHA-1 in its requests is taken no longer (sha1-until)\"}} {days}\n"
        )
    };
    for (days, left) in [(0, 54), (50, 4), (5, -1)] {
        bridge.wait(days * DAY);
        let told = bridge.metrics().await;
        assert!(told.contains(&gauge(left)), "{told}");
    }
    assert!(!Bridge::new().metrics().await.contains("days_left"));
}

#[tokio::test]
async fn a_trial_says_that_it_is_one_and_fails_where_it_does_not_arrive() {
    let teller = Teller::new();
    let (folder, path) = teller.by_command().write();
    let run = |path: &Path| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_passerelle"))
            .args(["alerts", "try", "--config"])
            .arg(path)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (is_done, said) = run(&path);
    assert!(is_done, "{said}");
    let json: Value = serde_json::from_str(&teller.take()[1]).unwrap();
    assert_eq!(
        (&json["is_trial"], &json["duties"]),
        (&true.into(), &Value::Array(Vec::new()))
    );
    write(teller.0.path(), "refuse", "");
    let (is_done, said) = run(&path);
    assert!(
        !is_done && said.contains("alerts.command: ended with exit status: 7: no line"),
        "{said}"
    );
    Setup::new().write_to(folder.path());
    let (is_done, said) = run(&path);
    assert!(!is_done && said.contains("has no [alerts]"), "{said}");
    let command = format!("`passerelle --config {} alerts try`", path.display());
    assert!(said.contains(&command), "{said}");
    // The lines of the hint are those that are missing.
    let (_, lines) = said.split_once("\n[alerts.mail]\n").unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let tell = teller.path("tell");
    let whole = format!(
        "{text}\n[alerts.mail]\n{lines}sendmail = ['{}']\n",
        tell.display()
    );
    fs::write(&path, whole).unwrap();
    fs::remove_file(teller.path("refuse")).unwrap();
    teller.take();
    let (is_done, said) = run(&path);
    assert!(is_done, "{said}");
    let letter = teller.take();
    assert!(
        letter.contains(&"To: sso@example.org".to_owned()),
        "{letter:?}"
    );
}
