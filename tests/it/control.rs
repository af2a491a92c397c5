//! The commands that speak to the running server: the real binary, up, down and restarting.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::Command as Process,
    thread,
    time::Duration,
};

use passerelle::{app::registrar::state_turn, model::fingerprint::Fingerprint};
use serde_json::Value;

use crate::{
    bridge::make_own_folder,
    lab::{
        process::{Server, run},
        real_bridge::RealBridge,
        service_provider::{SpKind, SpSite},
        until::until,
    },
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_passerelle");

/// A bridge whose folder is also that of its state, and so of its socket.
pub(crate) struct House {
    pub(crate) bridge: RealBridge,
    pub(crate) file: PathBuf,
}

/// What stands in the configuration of the demo instead of its `[server]`.
pub(crate) const STATE: (&str, &str) = ("[server]", "[server]\nstate-folder = \"state\"");

impl House {
    pub(crate) fn new() -> Self {
        let lab = tempfile::tempdir().unwrap();
        // Nobody signs in here: its metadata is all that is wanted of it.
        let site = SpSite::prepare(SpKind::Pysaml2, lab.path());
        let bridge = RealBridge::prepare(&[site]);
        let file = bridge.configure(&[]);
        make_own_folder(&file.with_file_name("state"));
        Self { bridge, file }
    }

    async fn start(&self) -> Server {
        self.bridge.start_with(&[STATE]).await
    }

    /// Runs the real program.
    pub(crate) fn command(&self, arguments: &[&str]) -> (bool, String) {
        let config = ["--config", self.file.to_str().unwrap()];
        run(PROGRAM, &[arguments, &config].concat(), &[])
    }

    /// The socket.
    fn socket(&self) -> PathBuf {
        self.file.with_file_name("state/control")
    }

    /// Has a version of Zoom's metadata wait for somebody, beside the copy of the one that counts; its SHA-256.
    fn hold(&self) -> String {
        let now = fs::read_to_string(self.file.with_file_name("zoom.xml")).unwrap();
        let wants = |it| format!("WantAssertionsSigned=\"{it}\"");
        let next = now.replacen(&wants(true), &wants(false), 1);
        assert_ne!(next, now);
        for (folder, text) in [("held", &next), ("metadata", &now)] {
            let folder = self.file.with_file_name("state").join(folder);
            make_own_folder(&folder);
            fs::write(folder.join("zoom.xml"), text).unwrap();
        }
        Fingerprint::of(next.as_bytes()).to_string()
    }

    /// The configuration and all that is kept, by name.
    fn kept(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.file.with_file_name("state");
        let mut files = vec![self.file.clone()];
        for folder in ["held", "metadata"] {
            let entries = fs::read_dir(state.join(folder)).unwrap();
            files.extend(entries.map(|entry| entry.unwrap().path()));
        }
        { files.into_iter() }
            .map(|file| (file.clone(), fs::read(file).unwrap()))
            .collect()
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

#[test]
fn a_configuration_that_cannot_be_read_is_told_so_and_not_that_it_names_no_socket() {
    let house = House::new();
    for command in [
        &["reload"][..],
        &["session", "list"],
        &["story", "7K3M-9QPD"],
    ] {
        // It names neither a socket nor a folder.
        house.bridge.configure(&[]);
        let (done, said) = house.command(command);
        assert!(!done && said.contains("names no control-socket"), "{said}");
        fs::write(&house.file, "[server").unwrap();
        let (done, said) = house.command(command);
        assert!(!done && said.contains("passerelle.toml:1"), "{said}");
        let known = "where the running server listens is not known";
        assert!(said.contains(known), "{said}");
        assert!(!said.contains("names no control-socket"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r38_a_provider_that_is_retired_is_closed_at_the_running_server_when_the_command_ends() {
    let house = House::new();
    let server = house.start().await;
    let retire = ["sp", "retire", "zoom", "--yes"];
    let state = || house.status()["server"]["providers"]["zoom"].clone();
    let sound = fs::read_to_string(&house.file).unwrap();
    // The server takes no file in which something else is wrong: it is said that the provider is still open.
    let extra = "\n[extra]\nx = 1\n";
    fs::write(&house.file, format!("{sound}{extra}")).unwrap();
    let (done, said) = house.command(&retire);
    assert!(!done, "{said}");
    assert!(said.contains("people still sign in to zoom"), "{said}");
    assert_eq!(state(), "good");
    // Once that is mended, the same command shuts it.
    let switched_off = fs::read_to_string(&house.file).unwrap();
    fs::write(&house.file, switched_off.replace(extra, "")).unwrap();
    let (done, said) = house.command(&retire);
    assert!(done, "{said}");
    assert!(said.contains("switched off already"), "{said}");
    assert!(said.contains("has taken it in"), "{said}");
    assert_eq!(state(), "disabled");
    let (done, said) = house.command(&retire);
    assert!(done && said.contains("The running server knows"), "{said}");
    // The metadata of the provider itself, or of another one, is broken: it is closed all the same.
    fs::write(&house.file, &sound).unwrap();
    assert!(house.command(&["reload"]).0);
    let metadata = house.file.with_file_name("zoom.xml");
    let genuine = fs::read(&metadata).unwrap();
    fs::write(&metadata, "<broken").unwrap();
    let (done, said) = house.command(&retire);
    assert!(done, "{said}");
    assert!(said.contains("has taken it in"), "{said}");
    assert_eq!(state(), "disabled");
    fs::write(&metadata, genuine).unwrap();
    // A socket of which nobody answers in this tongue is not taken for no server.
    drop(server);
    fs::write(&house.file, &sound).unwrap();
    fs::remove_file(house.socket()).unwrap_or_default();
    let strange = UnixListener::bind(house.socket()).unwrap();
    let answering = thread::spawn(move || {
        let (mut asked, _) = strange.accept().unwrap();
        let mut question = String::new();
        BufReader::new(&asked).read_line(&mut question).unwrap();
        asked.write_all(b"what?\n").unwrap();
    });
    let (done, said) = house.command(&retire);
    assert!(!done, "{said}");
    assert!(said.contains("people still sign in to zoom"), "{said}");
    answering.join().unwrap();
    // Nobody is there to take it in.
    fs::remove_file(house.socket()).unwrap();
    fs::write(&house.file, &sound).unwrap();
    let (done, said) = house.command(&retire);
    assert!(done, "{said}");
    assert!(said.contains("at its next start"), "{said}");
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
    // What to do about it is told with it, and a command as it is to be typed from here.
    let hint = duties[0]["hint"].as_str().unwrap();
    assert!(hint.contains("SHA-256"), "{duties}");
    assert!(said.contains(&format!("    hint: {hint}")), "{said}");
    let take_again = format!(
        "take its metadata again: passerelle --config {} sp add zoom --replace --metadata URL",
        house.file.display()
    );
    for told in [said, duties.to_string(), house.command(&["check"]).1] {
        assert!(told.contains(&take_again), "{told}");
    }
    // A server that runs knows nothing of what is typed, and its answer is told likewise.
    let _server = house.start().await;
    let (_, said) = house.command(&["status"]);
    assert!(said.contains(&take_again), "{said}");
}

#[test]
fn status_says_of_a_configuration_that_cannot_be_read_what_is_wrong_and_nothing_that_it_does_not_know()
 {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("passerelle.toml");
    let status = || {
        run(
            PROGRAM,
            &["status", "--config", file.to_str().unwrap()],
            &[],
        )
    };
    let (done, said) = status();
    assert!(!done && said.contains("passerelle.toml"), "{said}");
    assert!(!said.contains("control-socket"), "{said}");
    fs::write(&file, "[server").unwrap();
    let (done, said) = status();
    assert!(!done && said.contains("passerelle.toml"), "{said}");
    assert!(!said.contains("control-socket"), "{said}");
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

#[tokio::test(flavor = "multi_thread")]
async fn r96_status_says_that_the_server_has_to_take_in_what_was_done_and_not_to_do_it_again() {
    let house = House::new();
    let _server = house.start().await;
    let roll = |words: &[&str]| house.command(&[&["keys", "rollover"], words].concat());
    let is_done = |(done, said): (bool, String)| assert!(done, "{said}");
    let is_told = |kind: &str, what: &str| {
        let (done, said) = house.command(&["status"]);
        assert!(done && said.contains(what), "{kind}: {said}");
        let told = house.status()["duties"].clone();
        let of_roll_over = { told.as_array().unwrap().iter() }
            .filter(|duty| duty["until"].is_null())
            .map(|duty| duty["kind"].as_str().unwrap());
        assert_eq!(of_roll_over.collect::<Vec<_>>(), [kind], "{told}");
    };
    let config = house.file.display();
    let take_in = format!(
        "ours: the configuration has gone on with the roll-over, and the running server has not taken that in: passerelle --config {config} reload"
    );
    is_done(roll(&["start"]));
    is_done(house.command(&["reload"]));
    is_told("takes-next", "rollover switch zoom");
    is_done(roll(&["switch", "zoom"]));
    is_told("reload", &take_in);
    is_done(house.command(&["reload"]));
    is_told("finish", "rollover finish");
    is_done(roll(&["finish"]));
    is_told("reload", &take_in);
    // Whoever ends it once more is told what it waits for.
    let (done, said) = roll(&["finish"]);
    assert!(!done && said.contains("no roll-over is on"), "{said}");
    let other = "warning: the running server publishes other certificates than these files hold";
    let hint = format!("hint: `passerelle --config {config} reload` has it take them");
    assert!(said.contains(other) && said.contains(&hint), "{said}");
    is_done(house.command(&["reload"]));
    let (_, said) = house.command(&["status"]);
    assert!(
        !said.contains("roll-over") && !said.contains("rollover"),
        "{said}"
    );
}

/// What somebody does who listens at the socket and is no server that answers.
#[derive(Clone, Copy, Debug)]
enum Listener {
    /// Takes a connection and closes it unread, as a server does that ends.
    Closes,
    /// Takes the question and ends.
    Reads,
    /// Ends in the midst of the answer.
    BreaksOff,
    /// Says what is no answer.
    Babbles,
}

impl Listener {
    /// Listens at `path` for as long as the test runs.
    fn at(self, path: &Path) {
        let listener = UnixListener::bind(path).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever asks may have gone.
                let _ = self.meets(stream.unwrap());
            }
        });
    }

    fn meets(self, mut stream: UnixStream) -> std::io::Result<()> {
        if matches!(self, Self::Closes) {
            return Ok(());
        }
        let mut question = String::new();
        BufReader::new(&stream).read_line(&mut question)?;
        assert!(question.ends_with('\n'), "{question}");
        match self {
            Self::Closes | Self::Reads => Ok(()),
            Self::BreaksOff => stream.write_all(b"{\"version\":2,\"answer\":{\"deci"),
            Self::Babbles => stream.write_all(b"what?\n"),
        }
    }
}

#[test]
fn no_command_is_done_by_half_or_without_a_word_while_a_server_ends() {
    for listener in [
        Listener::Closes,
        Listener::Reads,
        Listener::BreaksOff,
        Listener::Babbles,
    ] {
        let house = House::new();
        house.bridge.configure(&[STATE]);
        let version = house.hold();
        let (done, said) = house.command(&["keys", "rollover", "start"]);
        assert!(done, "{said}");
        let before = house.kept();
        listener.at(&house.socket());
        let (is_known, why) = match listener {
            Listener::Closes | Listener::Reads | Listener::BreaksOff => {
                (false, "the server there gave no answer")
            }
            Listener::Babbles => (true, "does not speak as this program does"),
        };
        let known = |nothing: &'static str, unknown: &'static str| {
            if is_known { nothing } else { unknown }
        };
        for (words, what) in [
            (
                &["reload"][..],
                known(
                    "nothing was reloaded",
                    "whether it was reloaded is not known",
                ),
            ),
            (
                &["sp", "accept", "zoom", &version],
                known(
                    "nothing was decided",
                    "whether that was decided is not known",
                ),
            ),
            (
                &["sp", "refuse", "zoom", &version],
                known(
                    "nothing was decided",
                    "whether that was decided is not known",
                ),
            ),
            (
                &["keys", "rollover", "switch", "zoom"],
                "nothing was written",
            ),
            (&["keys", "rollover", "finish"], "nothing was written"),
        ] {
            let (done, said) = house.command(words);
            assert!(!done, "{listener:?} {words:?}: {said}");
            assert!(said.contains(what), "{listener:?} {words:?}: {said}");
            assert!(said.contains(why), "{listener:?} {words:?}: {said}");
            assert_eq!(house.kept(), before, "{listener:?} {words:?}");
        }
        let (_, said) = house.command(&["status"]);
        assert!(said.contains(why), "{listener:?}: {said}");
        assert!(
            said.contains("what follows is what the files alone tell"),
            "{said}"
        );
    }
}

#[test]
fn a_socket_that_a_dead_server_left_keeps_no_command_from_deciding_in_the_files() {
    for (word, kept) in [
        ("accept", "metadata/zoom.xml"),
        ("refuse", "held/zoom.refused"),
    ] {
        let house = House::new();
        house.bridge.configure(&[STATE]);
        let version = house.hold();
        drop(UnixListener::bind(house.socket()).unwrap());
        let (done, said) = house.command(&["reload"]);
        assert!(!done && said.contains("nothing was reloaded"), "{said}");
        assert!(said.contains("no server runs there"), "{said}");
        let (_, said) = house.command(&["status"]);
        assert!(said.contains("no server runs there"), "{said}");
        let (done, said) = house.command(&["sp", word, "zoom", &version]);
        assert!(done, "{said}");
        let state = house.file.with_file_name("state");
        let kept = fs::read(state.join(kept)).unwrap();
        assert_eq!(Fingerprint::of(&kept).to_string(), version);
        assert!(!state.join("held/zoom.xml").exists());
        for words in [&["start"][..], &["switch", "zoom"], &["finish"]] {
            let (done, said) = house.command(&[&["keys", "rollover"], words].concat());
            assert!(done, "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_for_its_last_clients_answers_commands_to_its_end_and_is_not_there_after_it()
 {
    let house = House::new();
    let mut server = house.start().await;
    let version = house.hold();
    // Whoever has not said all of a request is waited for.
    let port: u16 = { house.bridge.base.rsplit(':') }
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut slow = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let head = format!(
        "POST /saml/sso HTTP/1.1\r\nHost: idp.localhost:{port}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).unwrap();
    slow.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut line = String::new();
    BufReader::new(&slow).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    server.terminate();
    server.says(&["stopping"]).await;
    let said = house.status();
    assert_eq!(said["server"]["providers"]["zoom"], "good", "{said}");
    let (done, told) = house.command(&["reload"]);
    assert!(done, "{told}");
    let (done, told) = house.command(&["sp", "refuse", "zoom", &version]);
    server.says(&["was decided on"]).await;
    let refused = house.file.with_file_name("state/held/zoom.refused");
    assert!(done && refused.exists(), "{told}");
    drop(slow);
    server.ends().await;
    assert!(!house.socket().exists());
    let (done, told) = house.command(&["reload"]);
    assert!(!done && told.contains("no server runs there"), "{told}");
    assert!(house.status()["server"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_connected_or_stands_in_the_line_when_a_server_is_stopped_is_answered() {
    let house = House::new();
    let mut server = house.start().await;
    let port: u16 = { house.bridge.base.rsplit(':') }
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let ask = |client: &mut TcpStream| {
        let head = format!(
            "GET /healthz HTTP/1.1\r\nHost: idp.localhost:{port}\r\nConnection: close\r\n\r\n"
        );
        client.write_all(head.as_bytes())
    };
    let mut silent = connect().unwrap();
    // The kernel takes them for a server that hears of them and of its end at one time.
    server.pause();
    let mut line: Vec<_> = (0..16).map(|_| connect().unwrap()).collect();
    for client in &mut line {
        ask(client).unwrap();
    }
    server.terminate();
    server.go_on();
    until("no connection is taken any more", async || {
        connect().is_err()
    })
    .await;
    ask(&mut silent).unwrap();
    for client in line.iter().chain([&silent]) {
        client
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let mut said = String::new();
        BufReader::new(client).read_line(&mut said).unwrap();
        assert_eq!(said, "HTTP/1.1 200 OK\r\n");
    }
    let status = server.ends().await;
    assert!(status.success(), "{status}");
}

/// How many processes wait for a lock on the folder at `path`.
fn waiting_for(path: &Path) -> usize {
    let inode = std::os::unix::fs::MetadataExt::ino(&path.metadata().unwrap());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let is_waiting = |line: &&str| line.contains("->") && line.contains(&format!(":{inode} "));
    locks.lines().filter(is_waiting).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn r91_what_is_decided_while_a_server_starts_counts_for_that_server() {
    for word in ["accept", "refuse"] {
        let house = House::new();
        let watched = (
            "[server]",
            "[metadata]\nfolder = \".\"\n[server]\nstate-folder = \"state\"",
        );
        house.bridge.configure(&[watched]);
        let version = house.hold();
        let state = house.file.with_file_name("state");
        let held = fs::read(state.join("held/zoom.xml")).unwrap();
        fs::write(house.file.with_file_name("zoom.xml"), held).unwrap();
        // Both are kept from looking at anything until both are there.
        let turn = state_turn(&state).unwrap();
        let wait = async |count| {
            until("its turn", async || waiting_for(&state) >= count).await;
        };
        let file = house.file.to_str().unwrap().to_owned();
        let words = ["sp", word, "zoom", &version, "--config", &file].map(str::to_owned);
        let deciding = thread::spawn(move || run(PROGRAM, &words, &[]));
        wait(1).await;
        let starting = house.bridge.start_as_it_is();
        let both = async {
            wait(2).await;
            assert!(!house.socket().exists());
            drop(turn);
        };
        let (_server, ()) = tokio::join!(starting, both);
        let (done, said) = deciding.join().unwrap();
        assert!(done, "{word}: {said}");
        let is_settled = || {
            let duties = house.status()["duties"].to_string();
            !duties.contains("is held")
        };
        assert!(is_settled(), "{word}");
        let counting = fs::read(state.join("metadata/zoom.xml")).unwrap();
        let counts = Fingerprint::of(&counting).to_string() == version;
        assert_eq!(counts, word == "accept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r96_whoever_replaces_the_key_that_signs_is_told_before_a_reload_that_it_is_refused() {
    let house = House::new();
    let _server = house.start().await;
    let folder = house.file.with_file_name("others");
    let (made, said) = run(PROGRAM, &["keys", folder.to_str().unwrap()], &[]);
    assert!(made, "{said}");
    let before = fs::read_to_string(&house.file).unwrap();
    let (old, new) = ("\"keys/signing.pem\"", "\"others/signing.pem\"");
    let replaced = before.replace(old, new);
    assert_ne!(replaced, before);
    // Another configuration than that of the server is to have other keys, and no reload takes it.
    let other = house.file.with_file_name("other.toml");
    fs::write(&other, &replaced).unwrap();
    let words = ["check", "--config", other.to_str().unwrap()];
    let (good, said) = run(PROGRAM, &words, &[]);
    assert!(good && !said.contains("the running server"), "{said}");
    fs::write(&house.file, replaced).unwrap();
    let reload = format!("`passerelle --config {} reload`", house.file.display());
    let [taken, untaken] = ["has it take them", "refuses this and says what to do"]
        .map(|what| format!("{reload} {what}"));
    let (_, said) = house.command(&["check"]);
    let is_told = said.contains("answers sp.zoom with another key") && said.contains(&untaken);
    assert!(is_told && !said.contains(&taken), "{said}");
    let (done, said) = house.command(&["reload"]);
    assert!(
        !done && said.contains("list it in keys.signing behind the others"),
        "{said}"
    );
    // By that hint it goes on.
    for keys in [format!("{old}, {new}"), format!("{new}, {old}")] {
        fs::write(&house.file, before.replace(old, &keys)).unwrap();
        let (_, said) = house.command(&["check"]);
        assert!(said.contains(&taken) && !said.contains(&untaken), "{said}");
        let (done, said) = house.command(&["reload"]);
        assert!(done, "{said}");
    }
}
