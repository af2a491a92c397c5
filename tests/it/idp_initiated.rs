//! From our own page to a provider that has asked for nothing: what is allowed, what begins it,
//! what goes along, and what becomes of it when things change on the way.

use std::fs;

use axum::{body::Body, http::header};

use crate::{
    bridge::{
        Bridge, LIBRARY, LIBRARY_ACS, ORIGIN, PASSWORD, Setup, ZOOM, ZOOM_ACS, ZOOM_SECOND_ACS,
        ZOOM_SIGN_IN,
        browser::{BROWSER_COOKIE, Browser, OUR_FORM, SESSION_COOKIE},
        keys::zoom_key,
        log::Log,
        metadata,
        page::Page,
        request::encode,
        zoom_metadata,
    },
    lab::xml_tools::SignedElement,
};

const START: &str = "/start/zoom";
const PROFILE: &str = "https://univ-montp3-fr.zoom.us/profile";
const MEETING: &str = "https://univ-montp3-fr.zoom.us/meeting?a=1&b=é \"+<%41>";

/// Lines of `[sp.zoom]` that let people come to it from our own page.
fn on() -> String {
    format!("idp-initiated = true\nrelay-states = ['{PROFILE}', '{MEETING}']")
}

fn bridge() -> Bridge {
    Setup::zoom(&on()).build()
}

/// The address that names a `RelayState`.
fn naming(relay_state: &str) -> String {
    format!("{START}?RelayState={}", encode(relay_state))
}

/// Opens our page, and presses its button.
async fn click(browser: &mut Browser, path: &str) -> Page {
    let page = browser.arrive(path).await;
    assert_eq!(
        (page.status, page.kind().as_str()),
        (200, "start"),
        "{path}"
    );
    browser.submit(&page, &page.form()).await
}

#[tokio::test]
async fn r39_nobody_comes_from_our_own_page_to_a_provider_for_which_that_is_not_allowed() {
    let without_code = |page: &Page| {
        assert_eq!((page.status, page.kind().as_str()), (404, "not-found"));
        page.body.replace(&page.support_code(), "")
    };
    for setup in [Setup::new(), Setup::zoom("idp-initiated = false")] {
        let bridge = setup.build();
        let mut browser = bridge.browser();
        let unknown = without_code(&browser.open("/nothing/here").await);
        for path in [
            START,
            "/start/zoom?RelayState=x",
            "/start/library",
            "/start/nobody",
            "/start/%ff",
        ] {
            assert_eq!(without_code(&browser.open(path).await), unknown, "{path}");
            let request = browser.post(path, &OUR_FORM);
            assert_eq!(
                without_code(&browser.exchange(request).await),
                unknown,
                "{path}"
            );
        }
        assert!(!browser.open("/").await.body.contains("start"));
    }
}

#[tokio::test]
async fn r39_a_click_on_our_page_signs_in_and_the_answer_names_no_request() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    let start = browser.arrive(START).await;
    assert_eq!(start.form().action, START);
    assert!(start.cookies_set().is_empty(), "a visit begins nothing");
    let login = browser.submit(&start, &start.form()).await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    let first = page.answer();
    assert_eq!(first.to, ZOOM_ACS);
    assert_eq!(first.relay_state.as_deref(), Some(PROFILE));
    assert!(!first.xml.contains("InResponseTo"), "{}", first.xml);
    // The strict reader takes one Audience only: the entityID, and no other name of it.
    let identity = bridge.unsolicited_identity(&first, ZOOM);
    assert_eq!(identity.name_id.value, "anne.dupont@univ-montp3.example");
    bridge.prove(&first, &[SignedElement::Assertion]);
    // Each click is a journey of its own: with a session, the next one is answered at once.
    let second = click(&mut browser, START).await.answer();
    assert_eq!(
        bridge.unsolicited_identity(&second, ZOOM).authn_instant,
        identity.authn_instant
    );
    assert_ne!(first.attribute("ID"), second.attribute("ID"));
    // The session is none that this provider takes for ever.
    bridge.wait(115);
    assert_eq!(click(&mut browser, START).await.kind(), "login");
    // A provider that asks is still told what it asked.
    bridge.still_works().await;
}

#[tokio::test]
async fn r39_the_answer_goes_to_the_default_address_of_the_metadata() {
    let services = metadata(ZOOM, "", zoom_key(), &[ZOOM_ACS, ZOOM_SECOND_ACS]);
    let bridge = Setup {
        zoom_metadata: services.replace("index=\"1\"", "isDefault=\"true\" index=\"1\""),
        ..Setup::zoom("idp-initiated = true\nsign = 'both'")
    }
    .build();
    let mut browser = bridge.browser();
    let login = click(&mut browser, START).await;
    let answer = browser.sign_in(&login, "zoe.martin").await.answer();
    assert_eq!(answer.to, ZOOM_SECOND_ACS);
    assert_eq!(answer.relay_state, None, "none is configured");
    bridge.unsolicited_identity(&answer, ZOOM);
    bridge.prove(
        &answer,
        &[SignedElement::Assertion, SignedElement::Response],
    );
}

#[tokio::test]
async fn r39_only_a_relay_state_of_the_list_goes_along_and_byte_for_byte() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    let login = click(&mut browser, &naming(MEETING)).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(answer.relay_state.as_deref(), Some(MEETING));
    for (relay_state, expected) in [(PROFILE, PROFILE), (MEETING, MEETING)] {
        let answer = click(&mut browser, &naming(relay_state)).await.answer();
        assert_eq!(answer.relay_state.as_deref(), Some(expected));
    }
    let twice = format!("{}&%52elayState=x", naming(PROFILE));
    let long = naming(&"a".repeat(5000));
    for (path, status, reason) in [
        (naming("https://evil.example/"), 400, "start-refused"),
        (naming(""), 400, "start-refused"),
        (naming(&format!("{PROFILE}/")), 400, "start-refused"),
        (naming(&PROFILE.to_uppercase()), 400, "start-refused"),
        (naming(PROFILE.trim_end_matches('e')), 400, "start-refused"),
        (naming(&encode(PROFILE)), 400, "start-refused"),
        (format!("{START}?%52elayState=x"), 400, "start-refused"),
        (format!("{START}?RelayState=%ff"), 400, "journey-forged"),
        (format!("{START}?RelayState=%00"), 400, "start-refused"),
        (twice, 400, "journey-forged"),
        (long, 413, "request-too-large"),
    ] {
        for page in [
            browser.arrive(&path).await,
            browser.exchange(browser.post(&path, &OUR_FORM)).await,
        ] {
            page.stops(status, reason);
            assert!(
                !page.body.contains("evil") && page.cookies_set().is_empty(),
                "{path}"
            );
            let home = page.link("way-out");
            let expected = (reason == "start-refused").then_some(ZOOM_SIGN_IN);
            assert_eq!(home.as_deref(), expected, "{path}");
        }
    }
    // Another spelling of the name is another parameter: it names nothing.
    let answer = click(&mut browser, "/start/zoom?relaystate=x&to=y")
        .await
        .answer();
    assert_eq!(answer.relay_state.as_deref(), Some(PROFILE));
}

#[tokio::test]
async fn a_link_names_the_same_in_every_language() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    let page = browser.arrive(&naming(MEETING)).await;
    assert!(page.body.contains("Continuer vers Zoom"), "{}", page.body);
    let link = page.link("lang-en").unwrap();
    let english = browser.open(&format!("{START}{link}")).await;
    assert!(
        english.body.contains("Continue to Zoom"),
        "{}",
        english.body
    );
    let login = browser.submit(&english, &english.form()).await;
    assert!(login.body.contains("<html lang=\"en\""));
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(answer.relay_state.as_deref(), Some(MEETING));
}

#[tokio::test]
async fn r39_r52_a_form_of_another_site_begins_nothing_with_a_session_or_without() {
    let bridge = bridge();
    let mut stranger = bridge.browser();
    let mut person = bridge.browser();
    let login = click(&mut person, START).await;
    person.sign_in(&login, "anne.dupont").await.answer();
    let form = ("content-type", "application/x-www-form-urlencoded");
    for browser in [&mut stranger, &mut person] {
        for headers in [
            &[form][..],
            &[("origin", ORIGIN)],
            &[form, ("origin", "null")],
            &[form, ("origin", "https://evil.example")],
            &[form, ("origin", "http://idp.example.org")],
            &[form, ("origin", ORIGIN), ("sec-fetch-site", "cross-site")],
            &[form, ("origin", ORIGIN), ("sec-fetch-site", "same-site")],
            &[form, ("sec-fetch-site", "none")],
            &[
                form,
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            let request = browser.post(START, headers);
            let page = browser.exchange(request).await;
            page.stops(400, "form-forged");
            assert!(page.cookies_set().is_empty(), "{headers:?}");
        }
        browser
            .arrive_by_post(START, "RelayState=x")
            .await
            .stops(400, "form-forged");
    }
    assert_eq!(stranger.cookie(SESSION_COOKIE), None);
    // By a link, another site gets no further than to our page.
    assert_eq!(person.arrive(START).await.kind(), "start");
    let request = person.post(START, &OUR_FORM);
    person.exchange(request).await.answer();
}

#[tokio::test]
async fn r39_r53_the_page_is_shown_in_no_frame_and_runs_no_script() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    // The browser looks at what protects every page.
    let page = browser.arrive(START).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        !policy.contains("script-src") && !page.body.contains("<script"),
        "{policy}"
    );
    // The CAS server, where the click may lead, and wherever that leads on: Chromium would apply it.
    assert!(!policy.contains("form-action"), "{policy}");
    browser.shown_in = "iframe";
    let page = browser.arrive(START).await;
    assert_eq!(page.kind(), "framed");
    assert!(!page.body.contains("<form"));
    let request = browser.post(
        START,
        &[
            OUR_FORM[0],
            OUR_FORM[1],
            OUR_FORM[2],
            ("sec-fetch-dest", "iframe"),
        ],
    );
    assert_eq!(browser.exchange(request).await.kind(), "framed");
}

/// Begins with a click at one server, and sends the form for the password to another one with the same
/// keys.
async fn finished_at(other: Setup, path: &str) -> Page {
    let one = bridge();
    let mut browser = one.browser();
    let login = click(&mut browser, path).await;
    let form = login.filled("anne.dupont", PASSWORD);
    let other = Setup { seed: 2, ..other }.build();
    let mut there = other.browser();
    there.jar = browser.jar.clone();
    let shown = there.open(login.url.path()).await;
    let page = there.submit(&login, &form).await;
    assert_eq!(shown.reason(), page.reason(), "both doors are shut or open");
    assert_eq!(page.cookies_set().is_empty(), page.kind() == "stop");
    page
}

#[tokio::test]
async fn r39_r38_what_is_no_longer_allowed_on_the_way_gets_nothing() {
    let same = finished_at(Setup::zoom(&on()), &naming(MEETING)).await;
    assert_eq!(same.answer().relay_state.as_deref(), Some(MEETING));
    let shorter = format!("idp-initiated = true\nrelay-states = ['{PROFILE}']");
    let kept = finished_at(Setup::zoom(&shorter), START).await;
    assert_eq!(kept.answer().relay_state.as_deref(), Some(PROFILE));
    let broken = Setup {
        zoom_metadata: zoom_metadata("")
            .replace(ZOOM_ACS, "http://univ-montp3-fr.zoom.us/saml/SSO"),
        ..Setup::zoom(&on())
    };
    let ended = Setup {
        zoom_metadata: zoom_metadata("validUntil=\"2026-11-26T08:00:00Z\""),
        ..Setup::zoom(&on())
    };
    let renamed = Setup {
        zoom_metadata: metadata("https://other.example.net/", "", zoom_key(), &[ZOOM_ACS]),
        ..Setup::zoom(&on())
    };
    let withdrawn = Setup {
        zoom_metadata: metadata(ZOOM, "", zoom_key(), &[ZOOM_SECOND_ACS]),
        ..Setup::zoom(&on())
    };
    for (other, status, reason) in [
        (Setup::new(), 400, "start-refused"),
        (Setup::zoom(&shorter), 400, "start-refused"),
        (Setup::zoom("idp-initiated = true"), 400, "start-refused"),
        (
            Setup::zoom(&format!("enabled = false\n{}", on())),
            403,
            "provider-disabled",
        ),
        (broken, 503, "provider-broken"),
        (ended, 403, "provider-ended"),
        (renamed, 400, "acs-unknown"),
        (withdrawn, 400, "acs-unknown"),
    ] {
        let page = finished_at(other, &naming(MEETING)).await;
        page.stops(status, reason);
        let way_out = page.link("way-out");
        let expected = (reason != "provider-disabled").then_some(ZOOM_SIGN_IN);
        assert_eq!(way_out.as_deref(), expected, "{reason}");
    }
}

#[tokio::test]
async fn r39_r38_the_page_of_a_provider_that_is_not_served_says_so_and_leads_on_nowhere() {
    let off = Setup::zoom(&format!("enabled = false\n{}", on()));
    let broken = Setup {
        zoom_metadata: "<broken".to_owned(),
        ..Setup::zoom(&on())
    };
    for (setup, status, reason) in [
        (off, 403, "provider-disabled"),
        (broken, 503, "provider-broken"),
    ] {
        let bridge = setup.build();
        let mut browser = bridge.browser();
        browser.arrive(START).await.stops(status, reason);
        let request = browser.post(START, &OUR_FORM);
        let page = browser.exchange(request).await;
        page.stops(status, reason);
        assert!(page.cookies_set().is_empty());
    }
}

#[tokio::test]
async fn r39_a_click_is_answered_once_and_its_steps_lead_home() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    let login = click(&mut browser, START).await;
    let form = login.filled("anne.dupont", PASSWORD);
    let first = browser.submit(&login, &form).await.answer();
    // A double click: the browser drops the first answer.
    bridge.wait_seconds(9);
    let second = browser.submit(&login, &form).await.answer();
    assert_ne!(first.attribute("ID"), second.attribute("ID"));
    bridge.unsolicited_identity(&second, ZOOM);
    // Back, later: with the session, and after signing out.
    bridge.wait_seconds(1);
    for page in [
        browser.submit(&login, &form).await,
        browser.open(login.url.path()).await,
    ] {
        page.stops(400, "request-used");
        assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    }
    browser.sign_out().await;
    browser
        .submit(&login, &form)
        .await
        .stops(400, "request-used");
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    // Our page may be kept as a bookmark; what comes behind it may not.
    assert_eq!(click(&mut browser, START).await.kind(), "login");
    let old = click(&mut browser, START).await;
    bridge.wait(61);
    let page = browser.open(old.url.path()).await;
    page.stops(400, "journey-expired");
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
}

#[tokio::test]
async fn r50_r39_what_a_click_began_in_one_browser_is_not_finished_in_another() {
    let bridge = bridge();
    let mut attacker = bridge.browser();
    let prepared = click(&mut attacker, START).await;
    let form = prepared.filled("luc.bernard", PASSWORD);
    let mut victim = bridge.browser();
    click(&mut victim, START).await;
    bridge.wait(2);
    victim
        .arrive(prepared.url.path())
        .await
        .stops(400, "other-browser");
    victim
        .submit(&prepared, &form)
        .await
        .stops(400, "other-browser");
    victim
        .arrive_by_post(&form.action, &form.encode())
        .await
        .stops(400, "form-forged");
    assert_eq!(victim.cookie(SESSION_COOKIE), None);
    attacker.submit(&prepared, &form).await.answer();
}

#[tokio::test]
async fn r39_what_somebody_began_without_cookies_is_answered_by_nobody_elses_session() {
    let bridge = bridge();
    let mut victim = bridge.browser();
    let login = click(&mut victim, START).await;
    victim.sign_in(&login, "anne.dupont").await.answer();
    // A program posts what a click posts, and hands on the address to which it is sent.
    let mut stranger = bridge.browser();
    let request = stranger.post(START, &OUR_FORM);
    let page = stranger.exchange(request).await;
    assert_eq!(page.status, 303);
    let step = page.header("location").unwrap().to_owned();
    assert!(step.starts_with("/j/zoom/"), "{step}");
    for path in [step.clone(), step.replace("/j/", "/cas/")] {
        let page = victim.arrive(&path).await;
        assert!(!page.body.contains("SAMLResponse"), "{path}");
    }
    victim.arrive(&step).await.stops(400, "other-browser");
    // Nor by one whose browser has no value of ours any more.
    let session = victim.cookie(SESSION_COOKIE).unwrap();
    for (minutes, reason) in [(0, "cookies-blocked"), (2, "other-browser")] {
        bridge.wait(minutes);
        let mut alone = bridge.browser();
        let request = alone
            .plain(&step)
            .header(header::COOKIE, format!("{SESSION_COOKIE}={session}"))
            .body(Body::empty())
            .unwrap();
        alone.exchange(request).await.stops(400, reason);
    }
}

#[tokio::test]
async fn r39_a_browser_that_keeps_no_cookies_is_told_so_before_a_password_is_typed() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    browser.keeps_cookies = false;
    click(&mut browser, START)
        .await
        .stops(400, "cookies-blocked");
    browser.keeps_cookies = true;
    let login = click(&mut browser, START).await;
    assert!(browser.cookie(BROWSER_COOKIE).is_some());
    browser.sign_in(&login, "anne.dupont").await.answer();
}

#[tokio::test]
async fn r39_whoever_lacks_what_the_provider_needs_reads_it_here() {
    let bridge = bridge();
    let mut browser = bridge.browser();
    let login = click(&mut browser, START).await;
    let page = browser.sign_in(&login, "sans.mail").await;
    page.stops(403, "no-mail");
    assert!(!page.body.contains("SAMLResponse"));
}

#[tokio::test]
async fn r44_no_relay_state_of_a_link_is_logged() {
    let log = Log::start();
    let bridge = bridge();
    let mut browser = bridge.browser();
    let login = click(&mut browser, &naming(MEETING)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    browser
        .arrive(&naming("secret-of-a-link"))
        .await
        .stops(400, "start-refused");
    let text = log.text();
    assert!(text.contains("none: a click on our own page"), "{text}");
    assert!(text.contains("is not on the provider's list"), "{text}");
    for kept in ["secret-of-a-link", MEETING, PROFILE, "meeting"] {
        assert!(!text.contains(kept), "{kept}");
    }
}

/// A provider that has no address of its own where a sign-in starts.
#[tokio::test]
async fn r39_the_start_page_and_a_page_that_stops_lead_to_our_own_page_where_there_is_no_other_way()
{
    let setup = Setup::new();
    let (folder, path) = setup.write();
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("[sp.library]", "[sp.library]\nidp-initiated = true");
    fs::write(&path, text).unwrap();
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    let mut browser = bridge.browser();
    let home = browser.open("/").await.body.replace("&#x2f;", "/");
    assert!(home.contains("href=\"/start/library\""), "{home}");
    assert!(home.contains(ZOOM_SIGN_IN) && !home.contains("/start/zoom"));
    let login = click(&mut browser, "/start/library").await;
    bridge.wait(61);
    let page = browser.open(login.url.path()).await;
    page.stops(400, "journey-expired");
    let way_out = page.link("way-out").unwrap();
    assert_eq!(way_out, "/start/library");
    let login = click(&mut browser, &way_out).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(
        (answer.to.as_str(), answer.relay_state.as_deref()),
        (LIBRARY_ACS, None)
    );
    assert!(!answer.xml.contains("InResponseTo"));
    assert!(answer.xml.contains(LIBRARY));
}
