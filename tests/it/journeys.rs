//! A journey belongs to one browser, lasts an hour, and ends once.

use axum::{
    body::Body,
    http::{Method, header},
};
use url::Url;

use crate::bridge::{
    Bridge, LIBRARY, ORIGIN, PASSWORD, Setup, ZOOM, ZOOM_SIGN_IN,
    browser::{BROWSER_COOKIE, Browser, SESSION_COOKIE},
    keys::zoom_key,
    page::Page,
};

const FORM: &str = "application/x-www-form-urlencoded";

async fn at_login(bridge: &Bridge) -> (Browser, Page) {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    assert_eq!(login.kind(), "login");
    (browser, login)
}

/// The parts of `/j/<short name>/<seal>`.
fn seal_of(page: &Page) -> &str {
    let path = page.url.path().strip_prefix("/j/zoom/").unwrap();
    assert!(path.len() <= 3_000);
    path
}

#[tokio::test]
async fn r50_a_journey_that_began_in_one_browser_is_not_finished_in_another() {
    let bridge = Bridge::new();
    let (mut mine, login) = at_login(&bridge).await;
    // A browser that has never been here, and one that has a value of its own.
    let mut empty = bridge.browser();
    let (mut other, _) = at_login(&bridge).await;
    let form = login.filled("anne.dupont", PASSWORD);
    // Whoever is sent about comes back at once.
    bridge.wait(2);
    for victim in [&mut empty, &mut other] {
        let page = victim.arrive(login.url.path()).await;
        page.stops(400, "other-browser");
        assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
        let page = victim.submit(&login, &form).await;
        page.stops(400, "other-browser");
        assert!(page.cookies_set().is_empty());
    }
    mine.submit(&login, &form).await.answer();
}

#[tokio::test]
async fn r50_nobody_is_signed_in_by_a_form_that_was_prepared_elsewhere() {
    let bridge = Bridge::new();
    let (mut attacker, prepared) = at_login(&bridge).await;
    let (mut victim, own) = at_login(&bridge).await;
    // The victim's browser is made to post the attacker's name, with the attacker's key.
    let form = prepared.filled("luc.bernard", PASSWORD);
    let page = victim.arrive_by_post(&form.action, &form.encode()).await;
    page.stops(400, "form-forged");
    let page = victim
        .arrive_by_post(&own.form().action, &form.encode())
        .await;
    page.stops(400, "form-forged");
    assert_eq!(victim.cookie(SESSION_COOKIE), None);
    attacker.submit(&prepared, &form).await.answer();
}

#[tokio::test]
async fn r52_a_form_without_its_key_or_from_elsewhere_is_not_looked_at() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let (_, other) = at_login(&bridge).await;
    let good = login.filled("anne.dupont", PASSWORD);
    let others = other.form();
    for key in ["", "x", others.value("csrf").unwrap()] {
        let page = browser
            .submit(&login, &good.clone().with("csrf", key))
            .await;
        page.stops(400, "form-forged");
    }
    // The form's own address: its key fits no other.
    let path = good.action.as_str();
    let cookies = browser.cookies();
    let post = |headers: &[(&'static str, &str)], body: String| {
        let mut request = bridge
            .browser()
            .plain(path)
            .method(Method::POST)
            .header(header::COOKIE, &cookies)
            .body(Body::from(body))
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    };
    let bodies = [
        good.encode(),
        good.encode().replace("csrf=", "nothing="),
        format!("{}&csrf=x", good.encode()),
        format!("{}&password=x", good.encode()),
    ];
    let ours = [
        ("content-type", FORM),
        ("origin", ORIGIN),
        ("sec-fetch-site", "same-origin"),
    ];
    let mut requests = vec![
        post(&ours, bodies[1].clone()),
        post(&ours, bodies[2].clone()),
    ];
    for headers in [
        &[("content-type", FORM)][..],
        &[("content-type", FORM), ("origin", "null")],
        &[("content-type", FORM), ("origin", "https://evil.example")],
        &[("content-type", FORM), ("origin", "http://idp.example.org")],
        &[
            ("content-type", FORM),
            ("origin", ORIGIN),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("content-type", FORM), ("sec-fetch-site", "same-site")],
        &[("content-type", FORM), ("sec-fetch-site", "none")],
        &[("content-type", "text/plain"), ("origin", ORIGIN)],
        &[("origin", ORIGIN)],
    ] {
        requests.push(post(headers, bodies[0].clone()));
    }
    // Two passwords are none: the attempt fails.
    let twice = post(&ours, bodies[3].clone());
    for request in requests {
        let page = browser.exchange(request).await;
        page.stops(400, "form-forged");
    }
    let page = browser.exchange(twice).await;
    assert_eq!(page.kind(), "login", "{}", page.reason());
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    let page = browser.submit(&login, &good).await;
    page.answer();
}

#[tokio::test]
async fn r51_of_two_cookies_of_one_name_neither_counts() {
    let bridge = Bridge::new();
    let (browser, login) = at_login(&bridge).await;
    let mut signed_in = browser.clone();
    signed_in.sign_in(&login, "anne.dupont").await.answer();
    let planted = "A".repeat(43);
    let session = signed_in.cookie(SESSION_COOKIE).unwrap();
    let own = signed_in.cookie(BROWSER_COOKIE).unwrap();
    let ask = async |path: &str, cookies: &[String]| {
        let mut tossed = bridge.browser();
        let mut request = tossed.plain(path);
        for cookie in cookies {
            request = request.header(header::COOKIE, cookie);
        }
        tossed.exchange(request.body(Body::empty()).unwrap()).await
    };
    let path = bridge.request().redirect(None);
    let one = format!("{SESSION_COOKIE}={session}");
    assert_eq!(ask(&path, std::slice::from_ref(&one)).await.kind(), "post");
    let path = bridge.request().redirect(None);
    for cookies in [
        vec![format!("{one}; {SESSION_COOKIE}={planted}")],
        vec![format!("{SESSION_COOKIE}={planted}; {one}")],
        vec![one.clone(), format!("{SESSION_COOKIE}={planted}")],
    ] {
        let page = ask(&path, &cookies).await;
        assert_eq!(page.status, 303, "{cookies:?}");
    }
    let two = format!("{BROWSER_COOKIE}={own}; {BROWSER_COOKIE}={planted}");
    bridge.wait(2);
    ask(login.url.path(), &[two])
        .await
        .stops(400, "other-browser");
}

#[tokio::test]
async fn r51_a_post_from_another_site_is_bounced_without_a_cookie_and_bound_at_the_get() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let form = bridge.request().post(Some("r"));
    let first = browser.arrive_by_post("/saml/sso", &form).await;
    let names: Vec<_> = first
        .hops
        .iter()
        .map(|hop| {
            (
                hop.is_post,
                hop.status,
                hop.headers.contains_key("set-cookie"),
            )
        })
        .collect();
    assert_eq!(names, [(true, 303, false), (false, 303, true)]);
    assert_eq!(first.kind(), "login");
    // A second tab keeps the first one's value, and both can be finished.
    let value = browser.cookie(BROWSER_COOKIE);
    let form = bridge.request().post(Some("s"));
    let second = browser.arrive_by_post("/saml/sso", &form).await;
    let names: Vec<_> = second
        .hops
        .iter()
        .map(|hop| (hop.is_post, hop.headers.contains_key("set-cookie")))
        .collect();
    assert_eq!(names, [(true, false), (false, false)]);
    assert_eq!(browser.cookie(BROWSER_COOKIE), value);
    for (login, state) in [(second, "s"), (first, "r")] {
        let answer = browser.sign_in(&login, "anne.dupont").await.answer();
        assert_eq!(answer.relay_state.as_deref(), Some(state));
    }
}

#[tokio::test]
async fn two_tabs_do_not_disturb_each_other() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let to_zoom = bridge.request();
    let to_library = bridge.request_of(LIBRARY);
    let zoom = browser.arrive(&to_zoom.redirect(Some("z"))).await;
    let library = browser.arrive(&to_library.redirect(Some("l"))).await;
    let at_library = browser.sign_in(&library, "luc.bernard").await.answer();
    let at_zoom = browser.sign_in(&zoom, "anne.dupont").await.answer();
    assert_eq!(at_zoom.relay_state.as_deref(), Some("z"));
    assert_eq!(at_library.relay_state.as_deref(), Some("l"));
    bridge.identity(&at_library, LIBRARY, to_library.id());
    let identity = bridge.identity(&at_zoom, ZOOM, to_zoom.id());
    assert_eq!(identity.name_id.value, "anne.dupont@univ-montp3.example");
}

#[tokio::test]
async fn who_keeps_no_cookies_is_told_so_before_typing_a_password() {
    let bridge = Bridge::new();
    for is_post in [false, true] {
        let mut browser = bridge.browser();
        browser.keeps_cookies = false;
        let request = bridge.request();
        let page = if is_post {
            browser
                .arrive_by_post("/saml/sso", &request.post(None))
                .await
        } else {
            browser.arrive(&request.redirect(None)).await
        };
        page.stops(400, "cookies-blocked");
        assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
        assert!(!page.body.contains("password"));
    }
}

#[tokio::test]
async fn a_journey_lasts_an_hour_and_a_page_that_expired_leads_home() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    bridge.wait(59);
    let again = browser.open(login.url.path()).await;
    assert_eq!(again.kind(), "login");
    // A new seal does not begin the hour anew.
    bridge.wait(2);
    for page in [
        browser.open(login.url.path()).await,
        browser.open(&again.form().action).await,
        browser
            .submit(&again, &again.filled("anne.dupont", PASSWORD))
            .await,
    ] {
        page.stops(400, "journey-expired");
        assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
        assert!(page.cookies_set().is_empty());
    }
}

#[tokio::test]
async fn r51_an_unbound_journey_lasts_a_minute() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let post = |form: String| {
        bridge
            .browser()
            .plain("/saml/sso")
            .method(Method::POST)
            .header("content-type", FORM)
            .body(Body::from(form))
            .unwrap()
    };
    let (early, late) = (
        post(bridge.request().post(None)),
        post(bridge.request().post(None)),
    );
    let early = browser.exchange(early).await;
    let late = browser.exchange(late).await;
    let path = |page: &Page| page.header("location").unwrap().to_owned();
    bridge.wait_seconds(59);
    assert_eq!(browser.open(&path(&early)).await.kind(), "login");
    bridge.wait_seconds(2);
    let page = browser.open(&path(&late)).await;
    page.stops(400, "journey-expired");
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    // No form can be sent to a journey that is bound to nobody.
    let fresh = post(bridge.request().post(None));
    let fresh = browser.exchange(fresh).await;
    let body = "csrf=x&username=anne.dupont&password=bienvenue";
    let request = browser
        .plain(&path(&fresh))
        .method(Method::POST)
        .header("content-type", FORM)
        .header("origin", ORIGIN)
        .header("cookie", browser.cookies())
        .body(Body::from(body))
        .unwrap();
    browser.exchange(request).await.stops(400, "form-forged");
}

#[tokio::test]
async fn r103_a_seal_that_was_changed_or_is_another_providers_opens_nothing() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let seal = seal_of(&login).to_owned();
    let mut forged: Vec<String> = Vec::new();
    for place in (0..seal.len()).step_by(7) {
        let other = if seal.as_bytes()[place] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut changed = seal.clone();
        changed.replace_range(place..=place, other);
        forged.push(format!("/j/zoom/{changed}"));
    }
    forged.extend([
        format!("/j/zoom/{}", seal.split_at(seal.len() / 2).0),
        format!("/j/zoom/{seal}A"),
        format!("/j/zoom/{seal}="),
        format!("/j/zoom/{seal}%41"),
        "/j/zoom/bookmark".to_owned(),
        format!("/j/zoom/{}", "A".repeat(3_001)),
        format!("/j/zoom/{}", "A".repeat(10_000)),
    ]);
    for path in forged {
        let page = browser.open(&path).await;
        page.stops(400, "journey-forged");
        assert_eq!(
            page.link("way-out").as_deref(),
            Some(ZOOM_SIGN_IN),
            "{path}"
        );
    }
    for (name, home) in [
        ("library", None),
        ("closed", Some("https://closed.example.net/login")),
        ("nobody", None),
        ("ZOOM", None),
        ("%7aoom%2f", None),
    ] {
        let page = browser.open(&format!("/j/{name}/{seal}")).await;
        page.stops(400, "journey-forged");
        assert_eq!(page.link("way-out").as_deref(), home, "{name}");
    }
    // A seal of other keys.
    let page = browser.open(login.url.path()).await;
    assert_eq!(page.kind(), "login");
}

#[tokio::test]
async fn a_restart_or_another_node_with_the_same_keys_loses_nothing() {
    let (one, other) = (
        Bridge::new(),
        Setup {
            seed: 2,
            ..Setup::new()
        }
        .build(),
    );
    let mut browser = one.browser();
    let request = one.request();
    let login = browser.arrive(&request.redirect(Some("r"))).await;
    let mut there = other.browser();
    there.jar = browser.jar.clone();
    let answer = there.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(answer.relay_state.as_deref(), Some("r"));
    other.identity(&answer, ZOOM, request.id());
}

#[tokio::test]
async fn r38_a_sign_in_that_an_unsigned_request_began_ends_where_signatures_are_demanded_since() {
    let before = Bridge::new();
    let after = Setup::zoom("require-signed-requests = true").build();
    for is_signed in [false, true] {
        let mut browser = before.browser();
        let request = before.request();
        let path = if is_signed {
            request.redirect_signed(zoom_key(), None)
        } else {
            request.redirect(None)
        };
        let login = browser.arrive(&path).await;
        assert_eq!(login.kind(), "login");
        let mut there = after.browser();
        there.jar = browser.jar.clone();
        let (opened, sent) = (
            there.open(login.url.path()).await,
            there.sign_in(&login, "anne.dupont").await,
        );
        if is_signed {
            assert_eq!(opened.kind(), "login");
            after.identity(&sent.answer(), ZOOM, request.id());
        } else {
            for page in [opened, sent] {
                page.stops(400, "request-unsigned");
                assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
            }
            assert_eq!(there.cookie(SESSION_COOKIE), None);
        }
    }
}

#[tokio::test]
async fn r33_who_goes_back_to_the_login_page_after_signing_in_is_told_that_it_is_done() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    let sessions = browser.cookie(SESSION_COOKIE);
    bridge.wait_seconds(10);
    // Reloading it, and sending the form again.
    let page = browser.open(login.url.path()).await;
    page.stops(400, "request-used");
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    let page = browser.sign_in(&login, "anne.dupont").await;
    page.stops(400, "request-used");
    assert!(page.cookies_set().is_empty());
    assert_eq!(browser.cookie(SESSION_COOKIE), sessions);
}

#[tokio::test]
async fn r33_a_second_click_is_the_same_persons_and_nobody_elses() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = browser.arrive(&request.redirect(None)).await;
    let form = login.filled("anne.dupont", PASSWORD);
    let answer = browser.submit(&login, &form).await.answer();
    bridge.identity(&answer, ZOOM, request.id());
    let other = login.filled("zoe.martin", PASSWORD);
    let page = browser.submit(&login, &other).await;
    page.stops(400, "request-used");
}

#[tokio::test]
async fn whom_a_fault_of_ours_throws_off_the_way_reads_a_page() {
    let bridge = Bridge::new();
    let request = bridge.request();
    bridge.break_clock();
    let page = bridge.browser().arrive(&request.redirect(None)).await;
    page.stops(500, "internal");
}

#[tokio::test]
async fn r33_a_second_click_within_ten_seconds_gets_an_answer_that_the_provider_takes() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = browser
        .arrive(&request.redirect_signed(zoom_key(), None))
        .await;
    let form = login.filled("anne.dupont", PASSWORD);
    let first = browser.submit(&login, &form).await.answer();
    bridge.wait_seconds(9);
    let second = browser.submit(&login, &form).await.answer();
    for answer in [&first, &second] {
        bridge.identity(answer, ZOOM, request.id());
    }
    // The form itself is needed, with the password: the request and the page are used.
    for path in [
        login.url.path().to_owned(),
        form.action.clone(),
        request.redirect_signed(zoom_key(), None),
    ] {
        browser.arrive(&path).await.stops(400, "request-used");
    }
    let wrong = login.filled("anne.dupont", "wrong");
    assert_eq!(browser.submit(&login, &wrong).await.kind(), "login");
    // The ten seconds count from the first answer.
    bridge.wait_seconds(1);
    browser
        .submit(&login, &form)
        .await
        .stops(400, "request-used");
}

#[tokio::test]
async fn r51_a_browser_keeps_our_cookies_and_no_other_host_can_set_them() {
    let bridge = Bridge::new();
    let (browser, _) = at_login(&bridge).await;
    let own = browser.cookie(BROWSER_COOKIE).unwrap();
    let mut tossed = browser.clone();
    let url = Url::parse("https://evil.example.org/").unwrap();
    for cookie in [
        format!("{BROWSER_COOKIE}=x; Path=/; Secure; Domain=example.org"),
        format!("{BROWSER_COOKIE}=x; Path=/; Secure"),
    ] {
        tossed.jar.take(&url, &cookie);
    }
    assert_eq!(tossed.cookie(BROWSER_COOKIE), Some(own));
}
