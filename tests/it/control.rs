//! The commands that speak to the running server: the real binary, up, down and restarting.

use std::{fs, path::PathBuf, process::Command as Process};

use serde_json::Value;

use crate::lab::{
    process::{Server, run},
    real_bridge::RealBridge,
    service_provider::{SpKind, SpSite},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_passerelle");

/// A bridge whose folder is also that of its state, and so of its socket.
struct House {
    bridge: RealBridge,
    file: PathBuf,
}

/// What stands in the configuration of the demo instead of its `[server]`.
const STATE: (&str, &str) = ("[server]", "[server]\nstate-folder = \"state\"");

impl House {
    fn new() -> Self {
        let lab = tempfile::tempdir().unwrap();
        // Nobody signs in here: its metadata is all that is wanted of it.
        let site = SpSite::prepare(SpKind::Pysaml2, lab.path());
        let bridge = RealBridge::prepare(&[site]);
        let file = bridge.configure(&[]);
        let state = file.with_file_name("state");
        fs::create_dir(&state).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&state, mode).unwrap();
        Self { bridge, file }
    }

    async fn start(&self) -> Server {
        self.bridge.start_with(&[STATE]).await
    }

    fn command(&self, arguments: &[&str]) -> (bool, String) {
        let config = ["--config", self.file.to_str().unwrap()];
        run(PROGRAM, &[arguments, &config].concat(), &[])
    }

    /// What `status --json` prints on standard output.
    fn status(&self) -> Value {
        let mut command = Process::new(PROGRAM);
        let command = command
            .args(["status", "--json", "--config"])
            .arg(&self.file);
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_and_status_speak_to_the_running_server_and_say_so_when_there_is_none() {
    let house = House::new();
    // Down: the files alone are looked at.
    house.bridge.configure(&[STATE]);
    let (done, said) = house.command(&["reload"]);
    assert!(!done && said.contains("no server runs there"), "{said}");
    let (done, said) = house.command(&["status"]);
    assert!(done, "{said}");
    assert!(
        said.contains("what follows is what the files alone tell"),
        "{said}"
    );
    assert!(house.status()["server"].is_null());
    // Up.
    let server = house.start().await;
    let (done, said) = house.command(&["reload"]);
    assert!(
        done && said.contains("the configuration took over"),
        "{said}"
    );
    server.says(&["\"event\":\"reloaded\""]).await;
    let status = house.status();
    assert_eq!(status["server"]["providers"]["zoom"], "good", "{status}");
    // What is wrong is told with its line, and nothing changes.
    let wrong = ("[sp.zoom]", "[sp.zoom]\nno-such-key = 1");
    house.bridge.configure(&[STATE, wrong]);
    let (done, said) = house.command(&["reload"]);
    assert!(!done && said.contains("passerelle.toml:"), "{said}");
    assert!(said.contains("sp.zoom.no-such-key") && said.contains("the one before it goes on"));
    assert_eq!(
        house.status()["server"]["loaded_at"],
        status["server"]["loaded_at"]
    );
    // A provider that is switched off is so at once; what needs a restart is told.
    let off = ("[sp.zoom]", "[sp.zoom]\nenabled = false");
    let fewer = (
        "[server]",
        "[server]\nstate-folder = \"state\"\nmax-connections = 7",
    );
    house.bridge.configure(&[fewer, off]);
    let (done, said) = house.command(&["reload"]);
    assert!(done && said.contains("restart: "), "{said}");
    assert!(
        said.contains("server.max-connections: needs a restart"),
        "{said}"
    );
    assert_eq!(house.status()["server"]["providers"]["zoom"], "disabled");
    // A second server of the same folder does not take the socket away.
    let (done, said) = house.command(&["serve"]);
    assert!(
        !done && said.contains("another server listens there"),
        "{said}"
    );
    assert!(!house.status()["server"].is_null());
    // Killed and started again: what it left is replaced.
    drop(server);
    assert!(house.file.with_file_name("state/control").exists());
    assert!(house.status()["server"].is_null());
    let _server = house.start().await;
    assert_eq!(house.status()["server"]["providers"]["zoom"], "good");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_lists_by_date_what_ends_and_fails_where_something_is_overdue() {
    let house = House::new();
    let zoom = ("[sp.zoom]", "[sp.zoom]\nsha1-until = 2020-01-31");
    house.bridge.configure(&[STATE, zoom]);
    let (done, said) = house.command(&["status"]);
    assert!(!done && said.contains("1 thing(s) overdue"), "{said}");
    let line = said.lines().find(|line| line.starts_with("2020-02-01"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(
        line.contains("over") && line.contains("sp.zoom: SHA-1"),
        "{line}"
    );
    let duties = house.status()["duties"].clone();
    // What ends later comes after it: the lab's certificate lasts 30 days.
    assert_eq!(duties[1]["within_days"], 30, "{duties}");
    assert!(
        duties[0]["until"].as_str() < duties[1]["until"].as_str(),
        "{duties}"
    );
    assert_eq!(duties[0]["within_days"], 0, "{duties}");
    assert_eq!(duties[0]["whom"], "sp.zoom", "{duties}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_has_the_configuration_read_again() {
    let house = House::new();
    let server = house.start().await;
    let off = ("[sp.zoom]", "[sp.zoom]\nenabled = false");
    house.bridge.configure(&[STATE, off]);
    server.hang_up();
    server.says(&["\"asked.by\":\"signal\""]).await;
    assert_eq!(house.status()["server"]["providers"]["zoom"], "disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn r96_nobody_is_switched_to_a_key_that_the_running_server_does_not_publish() {
    let house = House::new();
    let server = house.start().await;
    let published = || house.status()["server"]["certificates"].clone();
    let before = published();
    let text = || fs::read_to_string(&house.file).unwrap();
    let roll = |words: &[&str]| house.command(&[&["keys", "rollover"], words].concat());
    let is_refused = |words: &[&str]| {
        let text_before = text();
        let (done, said) = roll(words);
        assert!(
            !done && said.contains("the running server does not publish the next key yet"),
            "{said}"
        );
        assert_eq!(text(), text_before);
    };
    let is_done = |(done, said): (bool, String)| assert!(done, "{said}");
    // Whoever reads the files is told what does not count yet.
    let is_told = |of: &[&str]| {
        for words in [&["check"][..], &["keys", "rollover", "status"]] {
            let (done, said) = house.command(words);
            assert!(done, "{said}");
            assert_eq!(
                said.matches("the running server ").count(),
                of.len(),
                "{said}"
            );
            for what in of {
                assert!(
                    said.contains(&format!("warning: the running server {what}")),
                    "{said}"
                );
            }
        }
    };
    let other_certificates = "publishes other certificates than these files hold";
    is_told(&[]);
    is_done(roll(&["start"]));
    is_told(&[other_certificates]);
    assert_eq!(published(), before);
    is_refused(&["switch", "zoom"]);
    is_refused(&["switch", "zoom", "--at", "2100-01-01T00:00:00Z"]);
    is_done(roll(&["switch", "zoom", "--back"]));
    let begun = text();
    let (zoom, from) = ("[sp.zoom]\n", "next-key-from = 2020-01-01T00:00:00Z\n");
    fs::write(&house.file, begun.replace(zoom, &format!("{zoom}{from}"))).unwrap();
    is_refused(&["finish"]);
    fs::write(&house.file, begun).unwrap();
    is_done(house.command(&["reload"]));
    let both = published();
    assert_eq!(both.as_array().unwrap().len(), 2, "{both}");
    assert_eq!(both[0], before[0]);
    is_told(&[]);
    is_done(roll(&["switch", "zoom"]));
    is_told(&["answers sp.zoom with another key than the configuration says"]);
    // Where no server runs there is nobody to ask.
    drop(server);
    is_done(roll(&["switch", "zoom"]));
    is_done(roll(&["finish"]));
}
