//! A log that nobody takes, and a disk that is full: people sign in, and health says what is lost.

use std::{
    fs::{File, OpenOptions},
    path::Path,
    process::Stdio,
};

use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::{
    bridge::make_own_folder,
    lab::{
        browser::BrowserSim,
        port::free_port,
        process::Server,
        real_bridge::{PROGRAM, RealBridge},
        service_provider::{SpKind, SpSite},
        until::until,
    },
};

/// A real server, and where it is asked for counts.
struct House {
    bridge: RealBridge,
    metrics: Url,
    lab: TempDir,
}

impl House {
    fn prepare() -> Self {
        let lab = TempDir::new().unwrap();
        let site = SpSite::prepare(SpKind::Python3Saml, lab.path());
        let bridge = RealBridge::prepare(&[site]);
        let (state, port) = (lab.path().join("state"), free_port());
        make_own_folder(&state);
        let server = format!("[server]\nstate-folder = '{}'", state.display());
        let metrics = format!("[metrics]\nlisten = '127.0.0.1:{port}'\n\n[keys]");
        let zoom = "[sp.zoom]\nidp-initiated = true";
        bridge.configure(&[
            ("[server]", &server),
            ("[keys]", &metrics),
            ("[sp.zoom]", zoom),
        ]);
        Self {
            bridge,
            metrics: format!("http://127.0.0.1:{port}/metrics").parse().unwrap(),
            lab,
        }
    }

    /// Starts it with its standard output going there.
    async fn start(&self, output: impl Into<Stdio>) -> Server {
        let file = self.bridge.file();
        let server = Server::start("bridge", Path::new(PROGRAM), self.lab.path(), |command| {
            command.arg("serve").arg("--config").arg(&file);
            command.stdout(output);
        });
        server.listens_on(self.bridge.port).await
    }

    async fn somebody_signs_in(&self) {
        let mut browser = BrowserSim::new();
        let start = format!("{}/start/zoom", self.bridge.base).parse().unwrap();
        let page = browser.open(&start).await;
        let page = browser.submit(&page, &page.form()).await;
        let form = page.form().with("username", "zoe.martin");
        let form = form.with("password", "bienvenue");
        let page = browser.submit(&page, &form).await;
        assert_eq!(page.kind().as_deref(), Some("post"), "{}", page.body);
    }

    /// What its `/readyz` says, which is ready in any case.
    async fn told(&self) -> Value {
        let url = format!("{}/readyz", self.bridge.base).parse().unwrap();
        let page = BrowserSim::new().open(&url).await;
        assert_eq!(page.status, 200, "{}", page.body);
        serde_json::from_str(&page.body).unwrap()
    }

    /// What is counted under that name.
    async fn counted(&self, name: &str) -> u64 {
        let page = BrowserSim::new().open(&self.metrics).await;
        let line = format!("\npasserelle_{name} ");
        let (_, rest) = page.body.split_once(&line).unwrap();
        rest.lines().next().unwrap().parse().unwrap()
    }

    /// People sign in, and each time more lines are said to be lost.
    async fn loses_lines_and_nobody(&self) {
        let mut before = 0;
        for _ in 0..3 {
            self.somebody_signs_in().await;
            until("it is counted", async || {
                let told = self.told().await;
                let lost = told["log"]["lines_lost"].as_u64().unwrap();
                told["log"]["fails"] == true && lost > before
            })
            .await;
            before = self.counted("log_lines_lost_total").await;
            assert_ne!(before, 0);
        }
    }
}

#[tokio::test]
async fn a_log_whose_pipe_is_closed_stops_nobody_and_health_counts_what_is_lost() {
    let house = House::prepare();
    let (reader, writer) = std::io::pipe().unwrap();
    let _server = house.start(writer).await;
    drop(reader);
    house.loses_lines_and_nobody().await;
}

#[tokio::test]
async fn a_log_on_a_full_disk_stops_nobody_and_health_counts_what_is_lost() {
    let house = House::prepare();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let _server = house.start(full).await;
    house.loses_lines_and_nobody().await;
}

#[tokio::test]
async fn where_no_file_can_be_written_people_sign_in_and_it_is_said_when_it_can_be_again() {
    let house = House::prepare();
    let log = house.lab.path().join("lines");
    let server = house.start(File::create(&log).unwrap()).await;
    until("it has tried", async || {
        house.told().await["state_folder_is_written"] == true
    })
    .await;
    assert_eq!(house.counted("log_lines_lost_total").await, 0);
    let as_before = server.forbid_growth();
    house.loses_lines_and_nobody().await;
    until("the state folder is tried", async || {
        house.told().await["state_folder_is_written"] == false
    })
    .await;
    assert_eq!(house.counted("state_folder_written").await, 0);
    house.somebody_signs_in().await;
    server.allow_growth(as_before);
    until("it is tried again", async || {
        house.told().await["state_folder_is_written"] == true
    })
    .await;
    house.somebody_signs_in().await;
    until("the log says what it lacks", async || {
        let text = std::fs::read_to_string(&log).unwrap();
        text.contains("the state folder can be written again")
            && text.contains("lines of the log were dropped")
    })
    .await;
    let told = house.told().await;
    assert_eq!(told["log"]["fails"], false);
    // What is there is whole: no line begins in the midst of another one.
    let text = std::fs::read_to_string(&log).unwrap();
    for line in text.lines().filter(|line| !line.is_empty()) {
        assert!(line.starts_with('{'), "{line}");
    }
    let left = std::fs::read_dir(house.lab.path().join("state")).unwrap();
    let names: Vec<_> = left.map(|it| it.unwrap().file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().contains("room")),
        "{names:?}"
    );
}
