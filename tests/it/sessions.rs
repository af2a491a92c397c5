//! How long a sign-in is remembered, and how it ends.

use axum::{
    body::Body,
    http::{Method, header},
};

use crate::{
    bridge::{
        Bridge, LIBRARY, ORIGIN, Setup, ZOOM,
        answer::Answer,
        browser::{Browser, OUR_FORM, SESSION_COOKIE},
        log::Log,
        page::Page,
    },
    lab::xml_tools::SignedElement,
};

async fn signed_in(bridge: &Bridge) -> Browser {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    browser
}

async fn visit_zoom(bridge: &Bridge, browser: &mut Browser) -> Page {
    browser.arrive(&bridge.request().redirect(None)).await
}

async fn visit_library(bridge: &Bridge, browser: &mut Browser) -> Page {
    let request = bridge.request_of(LIBRARY);
    browser.arrive(&request.redirect(None)).await
}

#[tokio::test]
async fn zoom_gets_no_sign_in_of_115_minutes_and_is_not_refused_one_of_114() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let at = bridge.now();
    bridge.wait(114);
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    let identity = bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.authn_instant, at);
    bridge.wait(1);
    let request = bridge.request();
    let login = browser.arrive(&request.redirect(None)).await;
    assert_eq!(login.kind(), "login");
    // Another provider, which sets no such bound, still takes it.
    let page = visit_library(&bridge, &mut browser).await;
    assert_eq!(page.kind(), "post");
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    let identity = bridge.identity(&answer, ZOOM, request.id());
    assert_eq!(identity.authn_instant, bridge.now());
}

#[tokio::test]
async fn a_session_ends_after_two_hours_without_use() {
    let bridge = Bridge::new();
    let mut used = signed_in(&bridge).await;
    let mut idle = signed_in(&bridge).await;
    for _ in 0..2 {
        bridge.wait(60);
        assert_eq!(visit_library(&bridge, &mut used).await.kind(), "post");
    }
    bridge.wait_seconds(1);
    assert_eq!(visit_library(&bridge, &mut idle).await.kind(), "login");
    assert_eq!(visit_library(&bridge, &mut used).await.kind(), "post");
}

#[tokio::test]
async fn a_session_ends_after_eight_hours_however_much_it_is_used() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for _ in 0..7 {
        bridge.wait(60);
        assert_eq!(visit_library(&bridge, &mut browser).await.kind(), "post");
    }
    bridge.wait(59);
    assert_eq!(visit_library(&bridge, &mut browser).await.kind(), "post");
    bridge.wait(1);
    assert_eq!(visit_library(&bridge, &mut browser).await.kind(), "login");
}

#[tokio::test]
async fn r122_whoever_is_sent_back_without_end_is_told_so_and_goes_on_later() {
    let bridge = Setup {
        more: "[requests]\nmax-answers-per-person = 3".to_owned(),
        ..Setup::new()
    }
    .build();
    let mut browser = signed_in(&bridge).await;
    for _ in 0..2 {
        assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
    }
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    page.stops(429, "too-often");
    assert_eq!(page.stop_code().as_deref(), Some("B-REQ-08"));
    assert!(page.body.contains("Zoom"));
    // Where no page may be shown, the provider is told that there is no sign-in.
    let passive = bridge.request().with("IsPassive", "true");
    let told = browser.arrive(&passive.redirect(None)).await.answer();
    assert_eq!(bridge.refusal(&told, ZOOM, passive.id()).1, "NoPassive");
    // By the same account elsewhere as well, in whatever spelling: no session begins.
    let mut elsewhere = bridge.browser();
    let login = visit_zoom(&bridge, &mut elsewhere).await;
    let page = elsewhere.sign_in(&login, "Anne.Dupont").await;
    page.stops(429, "too-often");
    assert_eq!(elsewhere.cookie(SESSION_COOKIE), None);
    // Others are answered, and so is the same request later, by a third of ten minutes each.
    let mut other = bridge.browser();
    let login = visit_zoom(&bridge, &mut other).await;
    other.sign_in(&login, "luc.bernard").await.answer();
    bridge.wait_seconds(199);
    visit_zoom(&bridge, &mut browser)
        .await
        .stops(429, "too-often");
    bridge.wait_seconds(1);
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    visit_zoom(&bridge, &mut browser)
        .await
        .stops(429, "too-often");
}

#[tokio::test]
async fn r50_each_sign_in_has_a_new_session_and_the_old_one_is_dead() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let before = browser.clone();
    let old = browser.cookie(SESSION_COOKIE).unwrap();
    let request = bridge.request().with("ForceAuthn", "true");
    let login = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&login, "luc.bernard").await.answer();
    let new = browser.cookie(SESSION_COOKIE).unwrap();
    assert_ne!(old, new);
    // Whoever kept the old value has nothing.
    let mut thief = before;
    assert_eq!(thief.cookie(SESSION_COOKIE).unwrap(), old);
    assert_eq!(visit_zoom(&bridge, &mut thief).await.kind(), "login");
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    let identity = bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.name_id.value, "luc.bernard@univ-montp3.example");
}

#[tokio::test]
async fn r50_a_value_that_somebody_planted_never_becomes_a_session() {
    let bridge = Bridge::new();
    let planted = "A".repeat(43);
    let mut browser = bridge.browser();
    let url = url::Url::parse(ORIGIN).unwrap();
    let cookie = format!("{SESSION_COOKIE}={planted}; Path=/; Secure");
    browser.jar.take(&url, &cookie);
    let login = visit_zoom(&bridge, &mut browser).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    assert_ne!(browser.cookie(SESSION_COOKIE).unwrap(), planted);
    let mut attacker = bridge.browser();
    attacker.jar.take(&url, &cookie);
    assert_eq!(visit_zoom(&bridge, &mut attacker).await.kind(), "login");
}

#[tokio::test]
async fn r50_a_form_that_is_sent_once_more_leaves_the_session_of_the_same_person_as_it_was() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let login = visit_zoom(&bridge, &mut browser).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    let session = browser.cookie(SESSION_COOKIE);
    visit_library(&bridge, &mut browser).await.answer();
    bridge.wait_seconds(11);
    let log = Log::start();
    let page = browser.sign_in(&login, "anne.dupont").await;
    page.stops(400, "request-used");
    assert_eq!(log.ended().len(), 0, "{}", log.text());
    assert_eq!(browser.cookie(SESSION_COOKIE), session);
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
    // Another person ends it, although they are told nothing but that.
    let page = browser.sign_in(&login, "luc.bernard").await;
    page.stops(400, "request-used");
    let ends = log.ended();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0]["person"], "anne.dupont");
    assert_eq!(ends[0]["cause"], "replaced");
    assert_eq!(ends[0]["sp.names"], "library zoom");
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "login");
}

#[tokio::test]
async fn r50_whom_a_page_stops_keeps_the_session_of_before_and_its_providers() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let login = visit_library(&bridge, &mut browser).await;
    browser.sign_in(&login, "sans.mail").await.answer();
    let log = Log::start();
    let request = bridge.request().with("ForceAuthn", "true");
    let login = browser.arrive(&request.redirect(None)).await;
    let page = browser.sign_in(&login, "sans.mail").await;
    page.stops(403, "no-mail");
    assert_eq!(log.ended().len(), 0);
    assert_eq!(visit_library(&bridge, &mut browser).await.kind(), "post");
    browser.sign_out().await;
    assert_eq!(log.ended()[0]["sp.names"], "library");
}

#[tokio::test]
async fn r50_a_second_click_on_a_renewed_sign_in_loses_no_provider() {
    let bridge = Bridge::new();
    for clicks in [2, 3] {
        let mut browser = signed_in(&bridge).await;
        visit_library(&bridge, &mut browser).await.answer();
        bridge.wait(116);
        let log = Log::start();
        let login = visit_zoom(&bridge, &mut browser).await;
        let old = browser.clone();
        let mut dropped = Vec::new();
        for _ in 1..clicks {
            // The browser drops the answer to this one, and the cookie with it.
            let mut click = old.clone();
            click.sign_in(&login, "anne.dupont").await.answer();
            bridge.wait_seconds(4);
            dropped.push(click);
        }
        browser.sign_in(&login, "anne.dupont").await.answer();
        assert_eq!(log.ended().len(), 0, "{}", log.text());
        // Neither the old value nor the dropped ones are worth anything.
        for browser in dropped.iter_mut().chain([&mut old.clone()]) {
            assert_eq!(visit_library(&bridge, browser).await.kind(), "login");
        }
        browser.sign_out().await;
        let ends = log.ended();
        assert_eq!(ends.len(), 1, "{}", log.text());
        assert_eq!(ends[0]["cause"], "person");
        assert_eq!(ends[0]["sp.names"], "library zoom");
    }
}

#[tokio::test]
async fn r50_another_person_ends_what_a_renewed_sign_in_has_left_behind() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request().with("ForceAuthn", "true");
    let first = browser.arrive(&request.redirect(None)).await;
    let request = bridge.request().with("ForceAuthn", "true");
    let second = browser.arrive(&request.redirect(None)).await;
    // Two tabs, and the first answer is not there yet when the second form is sent.
    let mut other_tab = browser.clone();
    other_tab.sign_in(&first, "anne.dupont").await.answer();
    let log = Log::start();
    browser.sign_in(&second, "luc.bernard").await.answer();
    let ends = log.ended();
    assert_eq!(ends.len(), 1, "{}", log.text());
    assert_eq!(ends[0]["person"], "anne.dupont");
    assert_eq!(ends[0]["cause"], "replaced");
    assert_eq!(visit_library(&bridge, &mut other_tab).await.kind(), "login");
    assert_eq!(visit_library(&bridge, &mut browser).await.kind(), "post");
}

#[tokio::test]
async fn r50_a_refused_password_ends_no_session_and_makes_none() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let session = browser.cookie(SESSION_COOKIE);
    let request = bridge.request().with("ForceAuthn", "true");
    let login = browser.arrive(&request.redirect(None)).await;
    let page = browser
        .submit(&login, &login.filled("anne.dupont", "wrong"))
        .await;
    assert_eq!(page.kind(), "login");
    assert!(page.cookies_set().is_empty());
    assert_eq!(browser.cookie(SESSION_COOKIE), session);
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
}

#[tokio::test]
async fn r82_a_visit_asks_and_ends_nothing_and_one_click_ends_the_session() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let session = browser.cookie(SESSION_COOKIE).unwrap();
    for path in ["/logout", "/saml/slo"] {
        let page = browser.arrive(path).await;
        assert_eq!(
            (page.status, page.kind().as_str()),
            (200, "logout"),
            "{path}"
        );
        assert!(page.body.contains("anne.dupont"));
        assert_eq!(page.form().action, "/logout");
    }
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
    let page = browser.open("/saml/slo").await;
    let done = browser.submit(&page, &page.form()).await;
    assert_eq!((done.status, done.kind().as_str()), (200, "logged-out"));
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "login");
    // The value itself is dead, whoever still has it.
    let mut thief = bridge.browser();
    let url = url::Url::parse(ORIGIN).unwrap();
    let cookie = format!("{SESSION_COOKIE}={session}; Path=/; Secure");
    thief.jar.take(&url, &cookie);
    assert_eq!(visit_zoom(&bridge, &mut thief).await.kind(), "login");
    let nothing = bridge.browser().open("/logout").await;
    assert_eq!(
        (nothing.status, nothing.kind().as_str()),
        (200, "logged-out")
    );
}

#[tokio::test]
async fn the_start_page_leads_to_the_sign_out_where_a_session_was_brought_and_nowhere_else() {
    const LINK: &str = "<a class=\"more\" href=\"/logout\">";
    let bridge = Bridge::new();
    assert!(!bridge.browser().open("/").await.body.contains(LINK));
    let mut browser = signed_in(&bridge).await;
    assert!(browser.open("/").await.body.contains(LINK));
    let page = browser.open("/logout").await;
    let done = browser.submit(&page, &page.form()).await;
    assert_eq!(done.kind(), "logged-out");
    assert!(!browser.open("/").await.body.contains(LINK));
    // Of one that is not believed, too: that page says what became of it.
    let doubted = format!("{SESSION_COOKIE}=doubted");
    let request = browser.plain("/").header(header::COOKIE, &doubted);
    let page = browser.exchange(request.body(Body::empty()).unwrap()).await;
    assert!(page.body.contains(LINK));
}

#[tokio::test]
async fn r51_whoever_signs_out_with_two_cookies_of_one_name_has_no_session_in_that_browser_any_more()
 {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let session = browser.cookie(SESSION_COOKIE).unwrap();
    let before = browser.open("/logout").await.form();
    // Whether they both came before the page was asked for, or one of them since: the page has a form.
    let planted = format!("{SESSION_COOKIE}={}", "A".repeat(43));
    let both = format!("{planted}; {SESSION_COOKIE}={session}");
    let request = browser.plain("/logout").header(header::COOKIE, &both);
    let page = browser.exchange(request.body(Body::empty()).unwrap()).await;
    assert_eq!((page.status, page.kind().as_str()), (200, "logout"));
    assert!(!page.body.contains("anne.dupont"));
    // To ask has ended nothing.
    assert_eq!(browser.cookie(SESSION_COOKIE), Some(session.clone()));
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
    for form in [before, page.form()] {
        let url = url::Url::parse(ORIGIN).unwrap();
        let own = format!("{SESSION_COOKIE}={session}; Path=/; Secure");
        browser.jar.take(&url, &own);
        let headers = [&OUR_FORM[..], &[("cookie", &planted)]].concat();
        let mut request = browser.post("/logout", &headers);
        *request.body_mut() = Body::from(form.encode());
        let done = browser.exchange(request).await;
        assert_eq!((done.status, done.kind().as_str()), (200, "logged-out"));
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
        assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "login");
    }
}

#[tokio::test]
async fn r82_a_message_at_the_logout_address_ends_nothing_and_says_that_it_is_not_taken_yet() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for path in [
        "/saml/slo?SAMLRequest=fZFNT8MwDIb",
        "/saml/slo?RelayState=x&SAMLResponse=fZFNT8MwDIb&SigAlg=y",
        "/saml/slo?%53AMLRequest=",
        "/saml/slo?SAMLRequest=a&SAMLRequest=b",
    ] {
        let page = browser.arrive(path).await;
        page.stops(501, "logout-not-taken");
        // It is not told apart by the page alone.
        assert_eq!(page.stop_code().as_deref(), Some("B-OUT-02"), "{path}");
        assert_eq!(page.link("way-out").as_deref(), Some("/logout"), "{path}");
        assert!(!page.body.contains("fZFNT8MwDIb"), "{path}");
    }
    let posted = browser
        .arrive_by_post("/saml/slo", "SAMLRequest=PHNhbWxwOkxvZ291dFJlcXVlc3Q%2B")
        .await;
    assert_eq!(posted.status, 501);
    // It is no message without a name of one.
    let plain = browser.arrive("/saml/slo?RelayState=x").await;
    assert_eq!((plain.status, plain.kind().as_str()), (200, "logout"));
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
}

#[tokio::test]
async fn r82_a_logout_form_from_elsewhere_or_with_another_key_ends_nothing() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let mut other = signed_in(&bridge).await;
    let page = browser.open("/logout").await;
    let good = page.form();
    let others = other.open("/logout").await.form();
    assert_ne!(good.value("csrf"), others.value("csrf"));
    for key in ["", "x", others.value("csrf").unwrap()] {
        let refused = browser.submit(&page, &good.clone().with("csrf", key)).await;
        refused.stops(400, "form-forged");
    }
    let from_elsewhere = browser.arrive_by_post("/logout", &good.encode()).await;
    from_elsewhere.stops(400, "form-forged");
    let cookies = browser.cookies();
    let bare = |name: &'static str, value: &'static str| {
        bridge
            .browser()
            .plain("/logout")
            .method(Method::POST)
            .header(header::COOKIE, &cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value)
            .body(Body::from(good.encode()))
            .unwrap()
    };
    for (name, value) in [
        ("origin", "null"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("x-nothing", "1"),
    ] {
        let refused = browser.exchange(bare(name, value)).await;
        refused.stops(400, "form-forged");
    }
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "post");
    let page = browser.submit(&page, &good).await;
    assert_eq!(page.kind(), "logged-out");
    assert_eq!(visit_zoom(&bridge, &mut browser).await.kind(), "login");
    assert_eq!(visit_zoom(&bridge, &mut other).await.kind(), "post");
}

/// What an answer tells of the end of the provider's own session.
fn session_end(answer: &Answer) -> Option<String> {
    let tree = roxmltree::Document::parse(&answer.xml).unwrap();
    let mut nodes = tree.descendants();
    let statement = nodes.find(|node| node.tag_name().name() == "AuthnStatement");
    let end = statement.unwrap().attribute("SessionNotOnOrAfter");
    end.map(str::to_owned)
}

#[tokio::test]
async fn r47_the_end_of_the_providers_session_is_counted_from_the_sign_in_and_told_where_it_is_asked_for()
 {
    // 08:00 by the clock.
    let bridge = Setup::zoom("session-minutes = 100\nmax-authn-age-minutes = 480").build();
    let mut browser = bridge.browser();
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    bridge.wait(1);
    let mut answer = browser.sign_in(&page, "anne.dupont").await.answer();
    for (later, end) in [
        (0, "2026-11-26T09:41:00Z"),
        // The same end, however late they come.
        (60, "2026-11-26T09:41:00Z"),
        (34, "2026-11-26T09:41:00Z"),
        // And never before that of the assertion: five minutes from now.
        (3, "2026-11-26T09:43:00Z"),
        (20, "2026-11-26T10:03:00Z"),
    ] {
        if later > 0 {
            bridge.wait(later);
            let request = bridge.request();
            answer = browser.arrive(&request.redirect(None)).await.answer();
            bridge.identity(&answer, ZOOM, request.id());
        }
        assert_eq!(session_end(&answer).as_deref(), Some(end), "{later}");
        bridge.prove(&answer, &[SignedElement::Assertion]);
    }
    // Who is told nothing keeps its session for as long as it likes.
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    let answer = browser.sign_in(&page, "anne.dupont").await.answer();
    assert_eq!(session_end(&answer), None);
}
