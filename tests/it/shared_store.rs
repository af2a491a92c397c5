//! Several nodes before one Redis server: what one of them remembers the others know, and nobody is stopped where it
//! is gone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    bridge::{
        Bridge, LIBRARY, ORIGIN, Setup, ZOOM,
        browser::{BROWSER_COOKIE, Browser},
        keys::zoom_key,
        log::Log,
        page::Page,
        write,
    },
    lab::{keys::Authority, port::free_port, redis_server::Redis, slow_way::SlowWay, until::until},
};

/// A node. What it draws is its own; keys and accounts are those of all.
fn node(redis: &Redis, seed: u64) -> Bridge {
    let setup = Setup {
        seed,
        more: table(redis),
        ..Setup::new()
    };
    setup.build()
}

/// The table that names the server.
pub(crate) fn table(redis: &Redis) -> String {
    let socket = redis.socket();
    // Generous: CI builds on the same two cores.
    format!(
        "[store]\nredis = 'unix://{}'\ntimeout-milliseconds = 2000",
        socket.display()
    )
}

/// The same browser, which the proxy has asked another node from now on.
pub(crate) fn at(node: &Bridge, browser: &Browser) -> Browser {
    let mut moved = node.browser();
    moved.jar = browser.jar.clone();
    moved
}

pub(crate) async fn visit(node: &Bridge, browser: &mut Browser, sp: &str) -> Page {
    let request = node.request_of(sp);
    browser.arrive(&request.redirect(None)).await
}

/// Signs somebody in, from a request to the answer, at one node.
pub(crate) async fn signs_in(node: &Bridge, login: &str) -> Browser {
    let mut browser = node.browser();
    let request = node.request();
    let form = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&form, login).await.answer();
    let identity = node.identity(&answer, ZOOM, request.id());
    assert_eq!(
        identity.name_id.value,
        format!("{login}@univ-montp3.example")
    );
    browser
}

/// What `/readyz` says of the server.
pub(crate) async fn told(node: &Bridge) -> Value {
    let page = node.browser().open("/readyz").await;
    assert_eq!(page.status, 200);
    let told: Value = serde_json::from_str(&page.body).unwrap();
    told["store"].clone()
}

pub(crate) async fn until_it_answers(node: &Bridge) {
    until("it comes back by itself", async || {
        told(node).await["answers"] == true
    })
    .await;
}

#[tokio::test]
async fn r50_a_session_of_one_node_is_used_at_another_ended_there_and_gone_at_the_first() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    // Each step of the sign-in at another node, too.
    let mut browser = one.browser();
    let request = one.request();
    let form = browser.arrive(&request.redirect(None)).await;
    let mut browser = at(&other, &browser);
    let page = browser.sign_in(&form, "anne.dupont").await;
    other.identity(&page.answer(), ZOOM, request.id());
    let mut browser = at(&one, &browser);
    assert_eq!(visit(&one, &mut browser, LIBRARY).await.kind(), "post");
    let mut browser = at(&other, &browser);
    assert_eq!(visit(&other, &mut browser, ZOOM).await.kind(), "post");
    let kept = browser.clone();
    browser.sign_out().await;
    for node in [&one, &other] {
        let page = visit(node, &mut at(node, &kept), ZOOM).await;
        assert_eq!(page.kind(), "login");
    }
    assert_eq!(
        told(&one).await,
        json!({"answers": true, "is_full": false, "unanswered": 0, "refused": 0})
    );
    assert_eq!(told(&Bridge::new()).await, Value::Null);
}

/// How many questions the server has answered so far.
fn answered(redis: &Redis) -> u64 {
    let counts = redis.told(&["INFO", "commandstats"]);
    let mut lines = counts.lines();
    let line = lines.find_map(|line| line.strip_prefix("cmdstat_evalsha:"));
    let count = |name: &str| -> u64 {
        let mut counts = line.unwrap().trim().split(',');
        counts
            .find_map(|count| count.strip_prefix(name))
            .unwrap()
            .parse()
            .unwrap()
    };
    // What it does not know yet it is asked again.
    count("calls=") - count("failed_calls=")
}

#[tokio::test]
async fn a_live_session_asks_twice_where_the_provider_was_told_last_and_four_times_otherwise() {
    let redis = Redis::start(&[]).await;
    let setup = Setup {
        seed: 1,
        more: format!("{}\n\n[stories]\nkeep-days = 0", table(&redis)),
        ..Setup::new()
    };
    let node = setup.build();
    let mut browser = signs_in(&node, "anne.dupont").await;
    // Is there, and was it used before; what was there, with that provider at its end.
    for (sp, asked) in [(ZOOM, 2), (LIBRARY, 4), (LIBRARY, 2), (ZOOM, 4), (ZOOM, 2)] {
        let before = answered(&redis);
        assert_eq!(visit(&node, &mut browser, sp).await.kind(), "post");
        assert_eq!(answered(&redis) - before, asked, "{sp}");
    }
}

#[tokio::test]
async fn r33_a_request_that_one_node_has_answered_is_not_new_at_another() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let request = one.request();
    let mut browser = one.browser();
    let form = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&form, "anne.dupont").await.answer();
    let mut thief = other.browser();
    let form = thief.arrive(&request.redirect(None)).await;
    let page = thief.sign_in(&form, "luc.bernard").await;
    page.stops(400, "request-used");
}

#[tokio::test]
async fn r33_a_request_whose_answer_was_lost_with_its_node_is_answered_by_another_at_once_and_no_later()
 {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let mut browser = signs_in(&one, "anne.dupont").await;
    let mut second = signs_in(&one, "anne.dupont").await;
    for is_signed in [false, true] {
        let request = one.request();
        let path = if is_signed {
            request.redirect_signed(zoom_key(), None)
        } else {
            request.redirect(None)
        };
        let lost = browser.arrive(&path).await.answer();
        let mut moved = at(&other, &browser);
        let again = moved.arrive(&path).await.answer();
        let told = [(&one, lost), (&other, again)].map(|(node, answer)| {
            let identity = node.identity(&answer, ZOOM, request.id());
            (identity.name_id, identity.attributes)
        });
        assert_eq!(told[0], told[1]);
        // Not in another browser of theirs.
        second.arrive(&path).await.stops(400, "request-used");
        // Nor when it is no balancer that asks, but somebody who goes back to it.
        for node in [&one, &other] {
            node.wait_seconds(1);
        }
        moved.arrive(&path).await.stops(400, "request-used");
        browser.arrive(&path).await.stops(400, "request-used");
    }
}

#[tokio::test]
async fn r33_a_request_is_not_answered_to_somebody_else_in_the_same_browser_at_once_either() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let mut anne = signs_in(&one, "anne.dupont").await;
    let request = one.request().redirect(None);
    anne.arrive(&request).await.answer();
    let mut luc = at(&other, &anne);
    let forced = other.request().with("ForceAuthn", "true");
    let form = luc.arrive(&forced.redirect(None)).await;
    luc.sign_in(&form, "luc.bernard").await.answer();
    assert_eq!(luc.cookie(BROWSER_COOKIE), anne.cookie(BROWSER_COOKIE));
    luc.arrive(&request).await.stops(400, "request-used");
    // Nor where it cannot be told which browser it is.
    let url = url::Url::parse(ORIGIN).unwrap();
    let gone = format!("{BROWSER_COOKIE}=; Path=/; Secure; Max-Age=0");
    luc.jar.take(&url, &gone);
    let request = other.request().redirect(None);
    luc.arrive(&request).await.answer();
    luc.arrive(&request).await.stops(400, "request-used");
}

#[tokio::test]
async fn r33_a_server_that_is_killed_and_comes_back_empty_stops_nobody() {
    let mut redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let before = signs_in(&one, "anne.dupont").await;
    let mut half_way = one.browser();
    let request = one.request();
    let form = half_way.arrive(&request.redirect(None)).await;
    redis.kill();
    let page = at(&other, &half_way).sign_in(&form, "anne.dupont").await;
    other.identity(&page.answer(), ZOOM, request.id());
    signs_in(&one, "luc.bernard").await;
    assert_eq!(told(&one).await["answers"], false);
    let metrics = one.metrics().await;
    assert!(
        metrics.contains("\npasserelle_store_answers 0\n"),
        "{metrics}"
    );
    assert!(!metrics.contains("passerelle_sessions_unkept_total 0"));
    redis.start_again().await;
    for node in [&one, &other] {
        until_it_answers(node).await;
    }
    let page = visit(&other, &mut at(&other, &before), ZOOM).await;
    assert_eq!(page.kind(), "login", "nobody remembers");
    let mut after = signs_in(&one, "anne.dupont").await;
    let page = visit(&other, &mut at(&other, &after), ZOOM).await;
    assert_eq!(page.kind(), "post");
    assert_eq!(visit(&one, &mut after, ZOOM).await.kind(), "post");
}

#[tokio::test]
async fn r33_a_server_that_is_full_is_said_to_be_and_people_sign_in() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    let before = signs_in(&node, "anne.dupont").await;
    let is_said = async |is_full: bool| {
        assert_eq!(told(&node).await["is_full"], is_full);
        // Who asks is answered: what is there is found, and ended.
        assert_eq!(told(&node).await["answers"], true);
        let metrics = node.metrics().await;
        let line = format!("\npasserelle_store_full {}\n", u8::from(is_full));
        assert!(metrics.contains(&line), "{metrics}");
    };
    is_said(false).await;
    let full = redis.told(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(full.trim(), "OK");
    signs_in(&node, "luc.bernard").await;
    is_said(true).await;
    let page = visit(&node, &mut at(&node, &before), ZOOM).await;
    assert_eq!(page.kind(), "post");
    is_said(true).await;
}

#[tokio::test]
async fn r33_while_the_server_hangs_people_sign_in_and_do_not_wait_for_it() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    signs_in(&node, "anne.dupont").await;
    let log = Log::start();
    redis.pause();
    let started = Instant::now();
    for _ in 0..40 {
        signs_in(&node, "anne.dupont").await;
    }
    // Each asks some ten questions: were each to wait its two seconds, it would be a quarter of an hour.
    assert!(started.elapsed() < Duration::from_mins(1));
    assert_eq!(told(&node).await["answers"], false);
    redis.go_on();
    until_it_answers(&node).await;
    let text = log.text();
    for message in ["Redis does not answer", "Redis answers again"] {
        assert_eq!(text.matches(message).count(), 1, "{message}: {text}");
    }
    let mut browser = signs_in(&node, "anne.dupont").await;
    assert_eq!(visit(&node, &mut browser, ZOOM).await.kind(), "post");
}

/// A node to which each answer comes so many milliseconds late, and never too late, by a third of that: a busy machine adds to it.
/// Three of them take all that a request may wait.
async fn slowly(redis: &Redis, later: u64) -> (Bridge, SlowWay) {
    let socket = redis.socket().with_extension("slow");
    let way = SlowWay::before(&redis.socket(), &socket, Duration::from_millis(later));
    let setup = Setup {
        seed: 2,
        more: format!(
            "[store]\nredis = 'unix://{}'\ntimeout-milliseconds = {}",
            socket.display(),
            later + later / 3
        ),
        ..Setup::new()
    };
    let slow = setup.build();
    until_it_answers(&slow).await;
    (slow, way)
}

#[tokio::test]
async fn r33_a_sign_in_waits_for_a_server_whose_answers_are_slow_and_never_late_for_so_long_in_all()
{
    let redis = Redis::start(&[]).await;
    // A script that the server does not know yet is asked for twice, and that would be late.
    signs_in(&node(&redis, 1), "anne.dupont").await;
    let (slow, way) = slowly(&redis, 300).await;
    let unanswered = async || told(&slow).await["unanswered"].as_u64().unwrap();
    let before = unanswered().await;
    signs_in(&slow, "anne.dupont").await;
    // After two or three answers the rest of a request goes on without the server. No single one of them was late.
    assert!(way.held_up() > 0 && unanswered().await > before);
}

#[tokio::test]
async fn r33_r50_nobody_waits_longer_for_the_end_of_the_session_before_and_it_ends_all_the_same() {
    let redis = Redis::start(&[]).await;
    let quick = node(&redis, 1);
    let sign_in_over = async |node: &Bridge, before: &Browser| {
        let mut browser = at(node, before);
        let request = node.request().with("ForceAuthn", "true");
        let form = browser.arrive(&request.redirect(None)).await;
        let log = Log::start();
        let answer = browser.sign_in(&form, "luc.bernard").await.answer();
        let identity = node.identity(&answer, ZOOM, request.id());
        assert_eq!(identity.name_id.value, "luc.bernard@univ-montp3.example");
        (browser, log)
    };
    // The server knows each script by then.
    let (_, log) = sign_in_over(&quick, &signs_in(&quick, "anne.dupont").await).await;
    assert_eq!(log.ended().len(), 1);
    let anne = signs_in(&quick, "anne.dupont").await;
    let (slow, _way) = slowly(&redis, 1200).await;
    let (mut browser, log) = sign_in_over(&slow, &anne).await;
    // All that a request may wait was over before the end had been answered: it goes on by itself.
    assert_eq!(log.ended().len(), 0);
    assert_eq!(visit(&slow, &mut browser, ZOOM).await.kind(), "login");
    // Before the process ends it is waited for.
    slow.front.bridge.endings.close();
    slow.front.bridge.endings.wait().await;
    assert_eq!(log.ended().len(), 1);
    let mut anne = at(&quick, &anne);
    assert_eq!(visit(&quick, &mut anne, ZOOM).await.kind(), "login");
}

#[tokio::test]
async fn r48_whoever_signs_in_while_the_server_is_away_is_not_taken_for_who_sat_there_before() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    let mut browser = signs_in(&node, "anne.dupont").await;
    redis.pause();
    let request = node.request();
    let form = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&form, "luc.bernard").await.answer();
    let luc = node.identity(&answer, ZOOM, request.id()).name_id.value;
    assert_eq!(luc, "luc.bernard@univ-montp3.example");
    redis.go_on();
    until_it_answers(&node).await;
    // Anne's session lives on there, and nobody in this browser has anything of it.
    assert_eq!(visit(&node, &mut browser, ZOOM).await.kind(), "login");
}

#[tokio::test]
async fn r66_the_end_of_a_session_is_told_though_the_browser_goes_away_before_it_is_answered() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    let mut browser = signs_in(&node, "anne.dupont").await;
    let page = browser.open("/logout").await;
    let log = Log::start();
    redis.pause();
    // By then the server was asked, and has not answered.
    let form = page.form();
    let asked = tokio::time::timeout(Duration::from_millis(100), browser.submit(&page, &form));
    assert!(asked.await.is_err());
    redis.go_on();
    until("it is told", async || !log.ended().is_empty()).await;
    assert_eq!(log.ended().len(), 1);
}

#[tokio::test]
async fn r74_wrong_passwords_at_one_node_make_the_account_wait_at_another() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let mut browser = one.browser();
    let form = browser.arrive(&one.request().redirect(None)).await;
    for _ in 0..5 {
        let wrong = form.filled("anne.dupont", "wrong");
        browser.submit(&form, &wrong).await;
    }
    let mut browser = other.browser();
    let form = browser.arrive(&other.request().redirect(None)).await;
    let page = browser.sign_in(&form, "anne.dupont").await;
    assert_eq!(page.status, 429);
    // Without the server each node counts for itself, and this one has let nobody guess.
    drop(redis);
    let page = browser.sign_in(&form, "anne.dupont").await;
    page.answer();
}

#[tokio::test]
async fn r126_a_server_for_which_the_named_authority_vouches_is_believed_and_no_other() {
    let (ours, theirs) = (Authority::new("University"), Authority::new("Somebody"));
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (ca, other_ca) = (
        write("ca.pem", &ours.pem()),
        write("other.pem", &theirs.pem()),
    );
    for (host, believed, is_believed) in [
        ("localhost", &ca, true),
        ("localhost", &other_ca, false),
        ("elsewhere.example", &ca, false),
    ] {
        let key = ours.vouch_for(host);
        let certificate = write("redis.crt", &key.certificate);
        let key = write("redis.key", &key.key);
        let port = free_port().to_string();
        let words = ["--tls-port", &port, "--tls-auth-clients", "no"];
        let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
        let authority = ["--tls-ca-cert-file", &ca];
        let _redis = Redis::start(&[&words[..], &files, &authority].concat()).await;
        let more = format!(
            "[store]\nredis = 'rediss://localhost:{port}'\nca = '{believed}'\ntimeout-milliseconds = 2000"
        );
        let setup = Setup {
            more,
            ..Setup::new()
        };
        let node = setup.build();
        let mut browser = signs_in(&node, "anne.dupont").await;
        assert_eq!(told(&node).await["answers"], is_believed, "{host}");
        let page = visit(&node, &mut browser, ZOOM).await;
        assert_eq!(page.kind() == "post", is_believed, "{host}");
    }
}

#[tokio::test]
async fn another_store_needs_a_restart() {
    let redis = Redis::start(&[]).await;
    let bridge = Bridge::new();
    let setup = Setup {
        more: table(&redis),
        ..Setup::new()
    };
    let taken = bridge.reload(&setup).unwrap();
    let told: Vec<_> = taken
        .needs_restart
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("store: needs a restart: until then none counts"));
}

#[tokio::test]
async fn names_in_the_store_go_on_under_the_pairwise_key_of_the_start_and_that_is_told() {
    let redis = Redis::start(&[]).await;
    let shared = Setup {
        more: table(&redis),
        ..Setup::new()
    };
    for (setup, is_told) in [(shared, true), (Setup::new(), false)] {
        let bridge = setup.clone().build();
        assert!(bridge.reload(&setup).unwrap().needs_restart.is_empty());
        write(bridge.folder.path(), "pairwise.key", &"q".repeat(43));
        let taken = bridge.live.reload("a test").unwrap();
        let told: Vec<_> = { taken.needs_restart.iter() }
            .map(|fault| format!("{}: {} ({})", fault.key, fault.what, fault.line.is_some()))
            .collect();
        let those = [
            "keys.pairwise: needs a restart: until then the one that it began with, for the names of stories and counters in the store, counts (true)",
        ];
        assert_eq!(told, those[..usize::from(is_told)]);
    }
}

#[tokio::test]
async fn another_password_or_authority_of_the_store_needs_a_restart_and_is_told_to_nobody() {
    let (one, other) = (Authority::new("One"), Authority::new("Other"));
    let with = |password: &str, authority: &Authority| {
        let folder = TempDir::new().unwrap();
        let password = write(folder.path(), "password", password);
        let pem = String::from_utf8(authority.pem()).unwrap();
        let ca = write(folder.path(), "ca.pem", &pem);
        let setup = Setup {
            more: format!(
                "[store]\nredis = 'rediss://localhost:1'\nuser = 'passerelle'\npassword-file = '{}'\nca = '{}'",
                password.display(),
                ca.display()
            ),
            ..Setup::new()
        };
        (folder, setup)
    };
    let (_folder, setup) = with("xyzzy", &one);
    let bridge = setup.build();
    for (password, authority, is_other) in [
        ("xyzzy", &one, false),
        ("plugh", &one, true),
        ("xyzzy", &other, true),
    ] {
        let (_folder, setup) = with(password, authority);
        let taken = bridge.reload(&setup).unwrap();
        let told = format!("{:?}", taken.needs_restart);
        let is_told = told.contains("key: \"store\"")
            && told.contains("until then what it began with of its password files and ca counts");
        assert_eq!(is_told, is_other, "{told}");
        assert!(!told.contains("xyzzy") && !told.contains("plugh"), "{told}");
    }
}
