//! Another configuration takes over while the server runs, or does not.

use std::sync::Arc;

use crate::{
    bridge::{
        Bridge, LIBRARY, LIBRARY_ACS, PASSWORD, Setup, ZOOM, ZOOM_ACS, ZOOM_SECOND_ACS,
        keys::{library_key, zoom_key},
        metadata, write, zoom_metadata,
    },
    lab::process::repository,
};

#[tokio::test]
async fn r38_a_provider_that_a_reload_switches_off_gets_nothing_in_the_midst_of_a_sign_in() {
    let bridge = Bridge::new();
    let mut signed_in = bridge.live_browser();
    let first = signed_in.arrive(&bridge.request().redirect(None)).await;
    signed_in.sign_in(&first, "anne.dupont").await.answer();
    let mut browser = bridge.live_browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    bridge.reload(&Setup::zoom("enabled = false")).unwrap();
    let again = browser.open(login.url.path()).await;
    again.stops(403, "provider-disabled");
    let sent = browser.sign_in(&login, "anne.dupont").await;
    sent.stops(403, "provider-disabled");
    assert!(sent.cookies_set().is_empty());
    // Neither a request of now nor a session from before leads there.
    for browser in [&mut browser, &mut signed_in] {
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        page.stops(403, "provider-disabled");
    }
    // Once it is back, the journey of then goes on, and the session is known.
    bridge.reload(&Setup::new()).unwrap();
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(answer.to, ZOOM_ACS);
    let page = signed_in.arrive(&bridge.request().redirect(None)).await;
    page.answer();
}

#[tokio::test]
async fn r38_an_address_that_a_reload_takes_away_gets_nothing() {
    let bridge = Bridge::new();
    let mut browser = bridge.live_browser();
    let request = bridge
        .request()
        .with("AssertionConsumerServiceURL", ZOOM_SECOND_ACS);
    let login = browser.arrive(&request.redirect(None)).await;
    let withdrawn = Setup {
        zoom_metadata: metadata(ZOOM, "", zoom_key(), &[ZOOM_ACS]),
        ..Setup::new()
    };
    bridge.reload(&withdrawn).unwrap();
    let page = browser.sign_in(&login, "anne.dupont").await;
    page.stops(400, "acs-unknown");
}

#[tokio::test]
async fn r33_a_request_that_was_answered_before_a_reload_stays_answered() {
    let bridge = Bridge::new();
    let request = bridge.request();
    let mut browser = bridge.live_browser();
    let login = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    bridge.reload(&Setup::new()).unwrap();
    let mut another = bridge.live_browser();
    let login = another.arrive(&request.redirect(None)).await;
    let page = another.sign_in(&login, "zoe.martin").await;
    assert_eq!(page.kind(), "stop", "{}", page.body);
}

#[tokio::test]
async fn r74_guesses_stay_counted_after_a_reload() {
    let bridge = Bridge::new();
    let mut browser = bridge.live_browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    let wrong = login.filled("anne.dupont", "wrong");
    for _ in 0..5 {
        browser.submit(&login, &wrong).await;
    }
    bridge.reload(&Setup::new()).unwrap();
    let right = login.filled("anne.dupont", PASSWORD);
    let page = browser.submit(&login, &right).await;
    assert_eq!(page.kind(), "login", "{}", page.body);
    bridge.wait_seconds(1);
    browser.submit(&login, &right).await.answer();
}

#[tokio::test]
async fn a_journey_goes_on_under_a_new_first_key_and_ends_when_its_own_is_gone() {
    let bridge = Bridge::new();
    let mut browser = bridge.live_browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    let folder = bridge.folder.path();
    let old = std::fs::read_to_string(folder.join("seal.keys")).unwrap();
    let new = format!("{}A", "T".repeat(42));
    write(folder, "seal.keys", &format!("{new}\n{old}\n"));
    bridge.live.reload("a test").unwrap();
    let again = browser.open(login.url.path()).await;
    assert_eq!(again.kind(), "login", "{}", again.body);
    // One that begins now is sealed with the new key alone.
    let later = browser.arrive(&bridge.request().redirect(None)).await;
    write(folder, "seal.keys", &new);
    bridge.live.reload("a test").unwrap();
    let page = browser.open(login.url.path()).await;
    page.stops(400, "journey-forged");
    browser.sign_in(&later, "anne.dupont").await.answer();
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing_and_says_where_it_is_wrong() {
    let bridge = Bridge::new();
    let before = bridge.live.current();
    let faults = bridge.reload(&Setup::zoom("no-such-key = 1")).unwrap_err();
    let told = faults[0].to_string();
    assert!(told.contains("passerelle.toml:"), "{told}");
    assert!(told.contains(": sp.zoom.no-such-key: "), "{told}");
    // A file that cannot be read any more takes away nobody's sign-in.
    let broken = Setup {
        zoom_metadata: "<x/>".to_owned(),
        ..Setup::new()
    };
    let faults = bridge.reload(&broken).unwrap_err();
    let told = faults[0].to_string();
    assert!(told.contains("zoom.xml"), "{told}");
    assert!(Arc::ptr_eq(&before, &bridge.live.current()));
    let mut browser = bridge.live_browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
}

#[tokio::test]
async fn another_address_of_ours_waits_for_a_restart() {
    let bridge = Bridge::new();
    let before = bridge.live.current();
    let path = bridge.folder.path().join("passerelle.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("base-url = 'https://idp."), "{text}");
    let other = text.replace("base-url = 'https://idp.", "base-url = 'https://idp2.");
    std::fs::write(&path, other).unwrap();
    let faults = bridge.live.reload("a test").unwrap_err();
    let told = faults[0].to_string();
    assert!(told.contains("base-url: is another one"), "{told}");
    assert!(faults[0].line.is_some() && faults[0].hint.is_some());
    assert!(Arc::ptr_eq(&before, &bridge.live.current()));
}

#[tokio::test]
async fn with_a_copy_of_the_last_good_metadata_a_broken_file_does_not_stop_a_reload() {
    let setup = Setup::new();
    let with_state = |zoom_metadata: String| Setup {
        server: format!("{}\nstate-folder = '.'", setup.server),
        zoom_metadata,
        ..setup.clone()
    };
    let bridge = with_state(zoom_metadata("")).build();
    let taken = bridge.reload(&with_state("<x/>".to_owned())).unwrap();
    let told = taken.faults_of_providers[0].to_string();
    assert!(told.contains("zoom.xml"), "{told}");
    let mut browser = bridge.live_browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
}

#[tokio::test]
async fn a_provider_that_a_reload_adds_is_answered_even_beside_one_that_is_broken() {
    let bridge = Bridge::new();
    let added = Setup {
        more: "[sp.wiki]\nmetadata = 'wiki.xml'\npreset = 'generic'\n\
               [sp.ruin]\nmetadata = 'ruin.xml'\npreset = 'generic'\n"
            .to_owned(),
        ..Setup::new()
    };
    let (wiki, acs) = (
        "https://wiki.example.net/sp",
        "https://wiki.example.net/acs",
    );
    let folder = bridge.folder.path();
    write(
        folder,
        "wiki.xml",
        &metadata(wiki, "", library_key(), &[acs]),
    );
    let mut early = bridge.live_browser();
    let page = early.arrive(&bridge.request_of(wiki).redirect(None)).await;
    page.stops(400, "provider-unknown");
    let taken = bridge.reload(&added).unwrap();
    assert_eq!(taken.faults_of_providers.len(), 1, "{taken:?}");
    for (sp, to) in [(wiki, acs), (LIBRARY, LIBRARY_ACS)] {
        let mut browser = bridge.live_browser();
        let login = browser.arrive(&bridge.request_of(sp).redirect(None)).await;
        let answer = browser.sign_in(&login, "anne.dupont").await.answer();
        assert_eq!(answer.to, to);
    }
}

#[tokio::test]
async fn what_needs_a_restart_is_told_and_goes_on_as_it_was() {
    let bridge = Bridge::new();
    let setup = Setup::new();
    let changed = Setup {
        server: "listen = '127.0.0.1:8443'\ntrusted-proxies = []\nmax-connections = 7".to_owned(),
        more: "[metrics]\nlisten = '127.0.0.1:9464'\n[sessions]\nmax = 3\nidle-minutes = 5\n\
               lifetime-minutes = 7\n[requests]\nmax-replay-marks = 9\n\
               [stories]\nmax-megabytes = 5\nkeep-days = 3\n"
            .to_owned(),
        ..setup
    };
    let taken = bridge.reload(&changed).unwrap();
    let told = taken.needs_restart.iter();
    let told: Vec<_> = told
        .map(|fault| format!("{}: {} ({})", fault.key, fault.what, fault.line.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            "server.listen: needs a restart: until then 127.0.0.1:0 counts (true)",
            "server.max-connections: needs a restart: until then 4096 counts (true)",
            "metrics.listen: needs a restart: until then none counts (true)",
            "sessions.max: needs a restart: until then 100000 counts (true)",
            "sessions.idle-minutes: needs a restart: until then 120 counts (true)",
            "requests.max-replay-marks: needs a restart: until then 100000 counts (true)",
            "stories.max-megabytes: needs a restart: until then 64 counts (true)",
        ]
    );
    for (file, begin, end) in [
        (
            "config/passerelle.example.toml",
            "These need a restart",
            "# - ",
        ),
        (
            "docs/going-live.md",
            "few keys need a restart",
            "): the reload says so",
        ),
    ] {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        let (_, list) = text.split_once(begin).unwrap();
        let (list, _) = list.split_once(end).unwrap();
        for fault in &taken.needs_restart {
            let name = fault.key.rsplit('.').next().unwrap();
            assert!(
                list.contains(&format!("{name}`")),
                "{file} lacks {name}: {list}"
            );
        }
    }
    let current = bridge.live.current();
    assert!(Arc::ptr_eq(
        &current.front.connections,
        &bridge.front.connections
    ));
    assert!(Arc::ptr_eq(
        &current.front.bridge.store,
        &bridge.front.bridge.store
    ));
    // What stands beside it counts at once.
    assert!(current.front.trusted_proxies.is_empty());
    assert_eq!(current.front.bridge.settings.session_lifetime.as_mins(), 7);
    // Nothing is told of it once it is taken back.
    let taken = bridge.reload(&Setup::new()).unwrap();
    assert_eq!(taken.needs_restart, []);
}
