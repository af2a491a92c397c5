//! What an administrator sees of people's sessions, and how they end some: `passerelle session`.

mod processes;

use std::{path::PathBuf, sync::Arc};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};
use passerelle::{
    control::socket::Socket,
    model::{
        oversight::{Revoked, Which},
        short_name::ShortName,
        support_code::SupportCode,
    },
    sys::{entropy::OsEntropy, hmac::base32_lower, seal::KeyRing, token::Token},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bridge::{
        Bridge, LIBRARY, Setup, ZOOM,
        browser::{Browser, SESSION_COOKIE},
        log::Log,
    },
    lab::{process::run, redis_server::Redis, until::until},
    shared_store::{at, signs_in, table, until_it_answers, visit},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_passerelle");
const BY: &str = "user 0";

fn node(redis: &Redis, seed: u64) -> Bridge {
    let setup = Setup {
        seed,
        more: table(redis),
        ..Setup::new()
    };
    setup.build()
}

fn person(login: &str) -> Which {
    Which::Person(login.to_owned())
}

fn provider(name: &str) -> Which {
    Which::Provider(ShortName::parse(name).unwrap())
}

async fn count(node: &Bridge, which: &Which) -> u64 {
    let overview = node.front.bridge.oversee(which, 1, BY).await.unwrap();
    assert_eq!(
        u64::try_from(overview.sessions.len()).unwrap(),
        overview.count.min(1)
    );
    overview.count
}

async fn revoke(node: &Bridge, which: &Which) -> Revoked {
    let revoked = node.front.bridge.revoke(which, BY).await;
    assert_eq!(revoked.fault, None);
    assert_eq!(count(node, which).await, 0);
    revoked
}

async fn is_signed_in(node: &Bridge, browser: &Browser) -> bool {
    visit(node, &mut at(node, browser), ZOOM).await.kind() == "post"
}

/// How a cookie begins, and the key of its session, as whoever writes it might write it.
fn beginnings(cookie: String) -> [String; 6] {
    let key = Token::parse(&cookie).unwrap().hash();
    let hex: Vec<_> = key.iter().map(|octet| format!("{octet:02x}")).collect();
    let numbers = serde_json::to_string(&key).unwrap();
    let written = [
        cookie,
        base32_lower(&key),
        BASE64_STANDARD.encode(key),
        BASE64_URL_SAFE.encode(key),
        hex.concat(),
        numbers.trim_start_matches('[').to_owned(),
    ];
    written.map(|text| text.chars().take(12).collect())
}

#[tokio::test]
async fn r121_a_session_is_shown_with_all_that_is_known_of_it_and_nothing_that_lets_anybody_in() {
    let bridge = Bridge::new();
    let since = bridge.now();
    let mut browser = signs_in(&bridge, "anne.dupont").await;
    bridge.wait(5);
    let request = bridge.request_of(LIBRARY);
    let answer = browser.arrive(&request.redirect(None)).await.answer();
    let of_library = bridge.identity(&answer, LIBRARY, request.id());
    bridge.wait(5);
    signs_in(&bridge, "luc.bernard").await;
    let log = Log::start();
    let all = bridge
        .front
        .bridge
        .oversee(&Which::All, 10, BY)
        .await
        .unwrap();
    assert_eq!(all.count, 2);
    let [luc, anne] = &*all.sessions else {
        panic!("{all:?}");
    };
    assert_eq!(
        (&*luc.person, &*anne.person),
        ("luc.bernard", "anne.dupont")
    );
    assert_ne!(luc.handle, anne.handle);
    let minutes = |at: jiff::Timestamp| at.duration_since(since).as_mins();
    let times = [anne.since, anne.used_at, anne.unused_until, anne.ends_at];
    assert_eq!(times.map(minutes), [0, 5, 125, 480]);
    assert_eq!(anne.method, "local");
    assert!(
        anne.class.ends_with(":PasswordProtectedTransport"),
        "{}",
        anne.class
    );
    // The very names that a logout has to say to a provider.
    let names: Vec<_> = anne
        .participants
        .iter()
        .map(|told| told.sp.as_str())
        .collect();
    assert_eq!(names, ["zoom", "library"]);
    let told = &anne.participants[1];
    assert_eq!(told.session_index, of_library.session_index);
    assert_eq!(
        told.name_id.as_ref().unwrap().value,
        of_library.name_id.value
    );
    let shown = serde_json::to_string(&all).unwrap();
    let has = |secret: &str| shown.to_lowercase().contains(&secret.to_lowercase());
    for secret in beginnings(browser.cookie(SESSION_COOKIE).unwrap()) {
        assert!(!has(&secret), "{shown}");
    }
    // Who asked is in the audit, and whoever is found by something else is the same.
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        [
            &lines[0]["event"],
            &lines[0]["asked.by"],
            &lines[0]["which"]
        ],
        ["sessions-shown", BY, "all"]
    );
    let code = SupportCode::parse(anne.support_code.as_ref().unwrap()).unwrap();
    for which in [
        Which::Handle(anne.handle.clone()),
        Which::Code(code),
        person("anne.dupont"),
        provider("library"),
    ] {
        let found = bridge.front.bridge.oversee(&which, 10, BY).await.unwrap();
        assert_eq!(found.sessions, std::slice::from_ref(anne), "{which}");
    }
    assert_eq!(count(&bridge, &provider("zoom")).await, 2);
    assert_eq!(count(&bridge, &provider("intranet")).await, 0);
    assert_eq!(count(&bridge, &person("anne.dupon")).await, 0);
    // The looks were no use of it.
    bridge.wait(115);
    assert_eq!(count(&bridge, &person("anne.dupont")).await, 0);
}

#[tokio::test]
async fn a_session_that_an_administrator_ends_by_any_name_is_over_and_no_other_one_is() {
    let bridge = Bridge::new();
    let luc = signs_in(&bridge, "luc.bernard").await;
    for by in ["handle", "code", "person", "provider"] {
        let mut anne = signs_in(&bridge, "anne.dupont").await;
        visit(&bridge, &mut anne, LIBRARY).await.answer();
        let found = {
            bridge
                .front
                .bridge
                .oversee(&person("anne.dupont"), 10, BY)
                .await
        }
        .unwrap();
        let shown = &found.sessions[0];
        let which = match by {
            "handle" => Which::Handle(shown.handle.clone()),
            "code" => {
                Which::Code(SupportCode::parse(shown.support_code.as_ref().unwrap()).unwrap())
            }
            "person" => person("anne.dupont"),
            _ => provider("library"),
        };
        let log = Log::start();
        let revoked = revoke(&bridge, &which).await;
        assert_eq!(revoked.count, 1, "{by}");
        assert_eq!(revoked.ended[0].person, "anne.dupont");
        // All that whoever passes it on has to know is told, as of any end.
        let ended = log.ended();
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert_eq!(
            ["person", "cause", "sp.names", "asked.by"].map(|field| &ended[0][field]),
            ["anne.dupont", "administrator", "zoom library", BY]
        );
        assert_eq!(ended[0]["peer.address"], Value::Null);
        assert!(!is_signed_in(&bridge, &anne).await, "{by}");
        assert!(is_signed_in(&bridge, &luc).await, "{by}");
    }
    // Nothing is there to end any more, which is well.
    assert_eq!(
        revoke(&bridge, &person("anne.dupont")).await,
        Revoked::default()
    );
}

#[tokio::test]
async fn sessions_that_are_ended_at_one_node_are_over_at_the_other_at_once() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    // Each at another node, and used at both.
    let mut annes = Vec::new();
    for (number, begun_at) in [&one, &other, &one].into_iter().enumerate() {
        let anne = signs_in(begun_at, "anne.dupont").await;
        if number == 0 {
            visit(&other, &mut at(&other, &anne), LIBRARY)
                .await
                .answer();
        }
        annes.push(anne);
    }
    let luc = signs_in(&other, "luc.bernard").await;
    // Both nodes name a session by the same handle.
    let handles = async |node: &Bridge| {
        let all = node
            .front
            .bridge
            .oversee(&Which::All, 10, BY)
            .await
            .unwrap();
        let mut handles: Vec<_> = all.sessions.into_iter().map(|shown| shown.handle).collect();
        handles.sort();
        handles
    };
    assert_eq!(handles(&one).await, handles(&other).await);
    assert_eq!(count(&other, &person("anne.dupont")).await, 3);
    let revoked = revoke(&one, &person("anne.dupont")).await;
    assert_eq!(revoked.count, 3);
    for node in [&one, &other] {
        assert_eq!(count(node, &Which::All).await, 1);
        for anne in &annes {
            assert!(!is_signed_in(node, anne).await);
        }
        assert!(is_signed_in(node, &luc).await);
    }
    // Two administrators at one time: each session ends once.
    for number in 0..6 {
        signs_in([&one, &other][number % 2], "anne.dupont").await;
    }
    let log = Log::start();
    let anne = person("anne.dupont");
    let (at_one, at_other) = tokio::join!(
        one.front.bridge.revoke(&anne, BY),
        other.front.bridge.revoke(&anne, BY)
    );
    assert_eq!((at_one.fault, at_other.fault), (None, None));
    assert_eq!(at_one.count + at_other.count, 6);
    assert_eq!(log.ended().len(), 6);
}

#[tokio::test]
async fn a_session_is_over_at_the_other_node_in_whatever_way_it_is_named() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let luc = signs_in(&other, "luc.bernard").await;
    // Also by a code that the other node has shown.
    for by in ["provider", "handle", "code", "page"] {
        let anne = signs_in(&one, "anne.dupont").await;
        let began = {
            one.front
                .bridge
                .oversee(&person("anne.dupont"), 1, BY)
                .await
        }
        .unwrap();
        let [shown] = &began.sessions[..] else {
            panic!("{}", began.count)
        };
        let mut moved = at(&other, &anne);
        visit(&other, &mut moved, LIBRARY).await.answer();
        let spent = other.request();
        moved.arrive(&spent.redirect(None)).await.answer();
        other.wait_seconds(3);
        let page = moved.arrive(&spent.redirect(None)).await;
        page.stops(400, "request-used");
        // Its story is kept a moment later.
        other.front.bridge.stories.rest().await;
        let code = |text: &str| Which::Code(SupportCode::parse(text).unwrap());
        let which = match by {
            "provider" => Which::Provider(ShortName::parse("library").unwrap()),
            "handle" => Which::Handle(shown.handle.clone()),
            "code" => code(shown.support_code.as_ref().unwrap()),
            _ => code(&page.support_code()),
        };
        let revoked = revoke(&one, &which).await;
        assert_eq!((revoked.count, revoked.fault), (1, None), "{by}");
        for node in [&one, &other] {
            assert!(!is_signed_in(node, &anne).await, "{by}");
            assert!(is_signed_in(node, &luc).await, "{by}");
        }
    }
}

#[tokio::test]
async fn where_the_store_does_not_answer_it_is_said_that_a_session_may_still_live() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    let anne = signs_in(&node, "anne.dupont").await;
    redis.pause();
    let bridge = &node.front.bridge;
    let revoked = bridge.revoke(&person("anne.dupont"), BY).await;
    assert_eq!(revoked.fault.as_deref(), Some("the store did not answer"));
    assert_eq!((revoked.count, revoked.ended.len()), (0, 0));
    let shown = bridge.oversee(&Which::All, 1, BY).await.unwrap_err();
    assert_eq!(shown.to_string(), "the store did not answer");
    redis.go_on();
    until_it_answers(&node).await;
    assert!(is_signed_in(&node, &anne).await);
    assert_eq!(revoke(&node, &person("anne.dupont")).await.count, 1);
}

#[tokio::test]
async fn a_session_that_this_node_cannot_open_is_told_of_and_not_taken_for_one_that_has_ended() {
    let redis = Redis::start(&[]).await;
    let seal = KeyRing::new_line(&OsEntropy);
    let other = Setup {
        seed: 2,
        seal,
        more: table(&redis),
        ..Setup::new()
    };
    let (one, other) = (node(&redis, 1), other.build());
    signs_in(&other, "anne.dupont").await;
    let luc = signs_in(&one, "luc.bernard").await;
    let log = Log::start();
    let bridge = &one.front.bridge;
    let all = bridge.oversee(&Which::All, 10, BY).await.unwrap();
    assert_eq!((all.count, all.unopened), (1, 1));
    let fault = bridge.revoke(&person("anne.dupont"), BY).await.fault;
    let fault = fault.unwrap();
    assert!(
        fault.starts_with("1 session(s) in the store could not be opened"),
        "{fault}"
    );
    // The one that is meant is known to be another one.
    let handle = Which::Handle(all.sessions[0].handle.clone());
    let revoked = bridge.revoke(&handle, BY).await;
    assert_eq!((revoked.count, revoked.fault), (1, None));
    assert!(!is_signed_in(&one, &luc).await);
    // A look accuses nobody.
    let lines = log.lines();
    assert!(
        lines.iter().all(|line| line["level"] != "WARN"),
        "{lines:?}"
    );
    assert_eq!(revoke(&other, &person("anne.dupont")).await.count, 1);
}

/// A server that listens for commands.
struct Commanded {
    bridge: Bridge,
    _folder: TempDir,
    socket: PathBuf,
}

impl Commanded {
    fn new() -> Self {
        Self::with("")
    }

    /// One with these tables of its configuration besides.
    fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control");
        let own = format!("control-socket = '{}'", socket.display());
        let setup = Setup {
            server: [Setup::new().server, own].join("\n"),
            more: more.to_owned(),
            ..Setup::new()
        };
        Self {
            bridge: setup.build(),
            _folder: folder,
            socket,
        }
    }

    /// Listens until this test ends.
    fn listen(&self) {
        let socket = Socket::open(&self.socket).unwrap();
        tokio::spawn(socket.serve(Arc::clone(&self.bridge.live) as _));
    }

    /// Runs the real program.
    fn command(&self, words: &[&str]) -> (bool, String) {
        let file = self.bridge.folder.path().join("passerelle.toml");
        let config = ["--config", file.to_str().unwrap()];
        run(PROGRAM, &[words, &config].concat(), &[])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lists_shows_and_ends_sessions_of_the_running_server() {
    let house = Commanded::new();
    let bridge = &house.bridge;
    let session = |words: &[&str]| house.command(&[&["session"], words].concat());
    let (done, said) = session(&["list"]);
    assert!(!done && said.contains("no server runs there"), "{said}");
    house.listen();
    let (done, said) = session(&["list"]);
    assert!(done && said.contains("no such session lives"), "{said}");
    let anne = signs_in(bridge, "anne.dupont").await;
    let luc = signs_in(bridge, "luc.bernard").await;
    let (done, said) = session(&["list", "--sp", "zoom"]);
    assert!(done && said.starts_with("SESSION "), "{said}");
    assert_eq!(said.lines().count(), 3, "{said}");
    let (done, said) = session(&["list", "--most", "1"]);
    assert!(done && said.contains("and 1 more"), "{said}");
    let (done, said) = session(&["list", "--person", "anne.dupont", "--json"]);
    assert!(done, "{said}");
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(listed["count"], 1);
    let handle = listed["sessions"][0]["handle"].as_str().unwrap();
    let (done, said) = session(&["show", handle]);
    assert!(
        done && said.contains("knows them as anne.dupont@univ-montp3.example"),
        "{said}"
    );
    // Two are signed in to it.
    let (done, said) = session(&["show", "--sp", "zoom"]);
    assert!(done && said.matches("knows them as").count() == 2, "{said}");
    let (done, said) = session(&["show", "--sp", "library"]);
    assert!(!done && said.contains("no such session lives"), "{said}");
    let (done, said) = session(&["show", "nobody"]);
    assert!(!done && said.contains("no such session lives"), "{said}");
    // A whole provider's are ended where somebody is sure.
    let (done, said) = session(&["revoke", "--sp", "zoom"]);
    assert!(!done && said.contains("nothing was ended"), "{said}");
    assert!(is_signed_in(bridge, &anne).await);
    let (done, said) = session(&["revoke", handle]);
    assert!(
        done && said.contains("1 session(s) ended, on all nodes"),
        "{said}"
    );
    assert!(
        said.contains("they may still be signed in at zoom"),
        "{said}"
    );
    assert!(!is_signed_in(bridge, &anne).await && is_signed_in(bridge, &luc).await);
    // Another one may have taken its place, under another name.
    let (done, said) = session(&["revoke", handle]);
    assert!(
        !done && said.contains("no such session lives") && said.contains("session list --person"),
        "{said}"
    );
    let (done, said) = session(&["revoke", "--sp", "zoom", "--yes"]);
    assert!(done && said.contains("1 session(s) ended"), "{said}");
    let (done, said) = session(&["revoke", "--person", "luc.bernard"]);
    assert!(done && said.contains("nothing was to be ended"), "{said}");
    for unclear in [
        &["revoke"][..],
        &["revoke", handle, "--person", "x"],
        &["list", "--code", "7K3M"],
    ] {
        let (done, said) = session(unclear);
        let is_told = said.contains("Usage") || said.contains("no support code");
        assert!(!done && is_told, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_finds_a_session_by_the_code_of_each_sign_in_that_it_has_answered() {
    let house = Commanded::new();
    house.listen();
    let bridge = &house.bridge;
    let session = |words: &[&str]| house.command(&[&["session"], words].concat());
    let anne = signs_in(bridge, "anne.dupont").await;
    let luc = signs_in(bridge, "luc.bernard").await;
    let (_, listed) = session(&["list", "--person", "anne.dupont", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let began = listed["sessions"][0]["support_code"].as_str().unwrap();
    // Of the sign-in that began it, and of a page on which she is stopped later.
    let request = bridge.request();
    let mut browser = anne.clone();
    browser.arrive(&request.redirect(None)).await.answer();
    bridge.wait_seconds(3);
    let page = browser.arrive(&request.redirect(None)).await;
    page.stops(400, "request-used");
    let stopped = page.support_code();
    assert_ne!(began, stopped);
    for code in [began, &stopped] {
        until("its story is kept", async || {
            let (done, said) = session(&["show", "--code", code]);
            done && said.contains("knows them as anne.dupont@") && !said.contains("luc.bernard")
        })
        .await;
    }
    let (done, said) = session(&["revoke", "--code", &stopped]);
    assert!(done && said.contains("1 session(s) ended"), "{said}");
    assert!(!is_signed_in(bridge, &anne).await && is_signed_in(bridge, &luc).await);
    for code in [began, &stopped] {
        let (done, said) = session(&["list", "--code", code]);
        assert!(done && said.contains("no such session lives"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_what_became_of_a_sign_in_by_its_code_as_somebody_has_heard_it() {
    let house = Commanded::new();
    house.listen();
    signs_in(&house.bridge, "anne.dupont").await;
    let all = house.bridge.front.bridge.oversee(&Which::All, 1, BY).await;
    let code = all.unwrap().sessions[0].support_code.clone().unwrap();
    let heard = code.to_lowercase().replace('-', " ");
    let story = |words: &[&str]| house.command(&[&["story"], words].concat());
    until("it is kept", async || {
        story(&[&heard]).1.contains("  answered  (sp.zoom, node ")
    })
    .await;
    let (done, said) = story(&[&heard]);
    assert!(done && said.contains("    person: anne.dupont\n"), "{said}");
    assert!(said.contains("    Release mail: sent, 1 value\n"), "{said}");
    let (done, said) = story(&[&heard, "--json"]);
    let steps: Value = serde_json::from_str(&said).unwrap();
    assert!(
        done && steps.as_array().is_some_and(|steps| steps.len() == 3),
        "{said}"
    );
    let (done, said) = story(&["0000-0000"]);
    assert!(
        !done && said.contains("nothing is kept of 0000-0000"),
        "{said}"
    );
    let (done, said) = story(&["anne.dupont"]);
    assert!(!done && said.contains("is no support code"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_how_it_stands_with_the_store_and_fails_where_it_does_not_answer() {
    let redis = Redis::start(&[]).await;
    let house = Commanded::with(&table(&redis));
    house.listen();
    signs_in(&house.bridge, "anne.dupont").await;
    until_it_answers(&house.bridge).await;
    let (done, said) = house.command(&["status"]);
    let keys = said.lines().filter(|line| line.starts_with("seal key "));
    assert!(done && said.contains("\nstore: answers\n"), "{said}");
    assert!(
        keys.map(|line| line.ends_with(": seals")).eq([true]),
        "{said}"
    );
    let bounded = |most: &str| {
        let set = redis.told(&["CONFIG", "SET", "maxmemory", most]);
        assert_eq!(set.trim(), "OK");
    };
    bounded("1");
    signs_in(&house.bridge, "luc.bernard").await;
    let (done, said) = house.command(&["status"]);
    assert!(!done && said.contains("\nstore: is full\n"), "{said}");
    assert!(said.contains("the store is full"), "{said}");
    bounded("0");
    redis.pause();
    signs_in(&house.bridge, "luc.bernard").await;
    let (done, said) = house.command(&["status"]);
    assert!(
        !done && said.contains("\nstore: does not answer\n"),
        "{said}"
    );
    assert!(said.contains(" doctor says what is wrong"), "{said}");
    redis.go_on();
}
