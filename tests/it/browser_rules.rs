//! What every response bears and no request changes: headers, scripts, hosts, languages.

use axum::{
    body::Body,
    http::{Method, header},
};

use crate::bridge::{Bridge, Setup, ZOOM, ZOOM_SIGN_IN, browser::Browser, page::Page};

async fn at_login(bridge: &Bridge) -> (Browser, Page) {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    assert_eq!(login.kind(), "login");
    (browser, login)
}

#[tokio::test]
async fn every_route_and_status_bears_what_protects() {
    let bridge = Setup::zoom("idp-initiated = true").build();
    let mut browser = bridge.browser();
    let all = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
        Method::from_bytes(b"PROPFIND").unwrap(),
        Method::from_bytes(b"X-UNKNOWN").unwrap(),
    ];
    for (path, get, post) in [
        ("/", 200, 405),
        ("/saml/sso", 400, 400),
        ("/saml/metadata", 200, 405),
        // A message of a provider, which is not taken yet.
        ("/saml/slo", 200, 501),
        ("/logout", 200, 400),
        ("/healthz", 200, 405),
        ("/readyz", 200, 405),
        ("/assets/style.css", 200, 405),
        ("/assets/icon.svg", 200, 405),
        ("/start/zoom", 200, 400),
        ("/j/zoom/x", 400, 400),
        // A logout notice is a form.
        ("/cas/zoom/x", 400, 415),
        ("/cas/zoom", 404, 404),
        ("/start", 404, 404),
        ("/start/zoom/", 404, 404),
        ("/start/zoom/x", 404, 404),
        ("/j/zoom", 404, 404),
        ("/j/zoom/x/y", 404, 404),
        ("/nothing", 404, 404),
        ("/saml/sso/", 404, 404),
        ("/SAML/SSO", 404, 404),
        ("//evil.example/", 404, 404),
        ("/%2f%2fevil.example", 404, 404),
        ("/\\evil", 404, 404),
        ("/.git/config", 404, 404),
        ("/assets/other", 404, 404),
        ("/assets/../people.toml", 404, 404),
        ("/assets/%2e%2e/people.toml", 404, 404),
        ("/j/%ff/%ff", 400, 400),
    ] {
        for method in &all {
            let Ok(request) = browser.plain(path).method(method).body(Body::empty()) else {
                panic!("{path}")
            };
            // The browser looks at the headers of whatever comes.
            let page = browser.exchange(request).await;
            let expected = match *method {
                // It would use the request up, and show the answer to nobody.
                Method::HEAD if get == 400 => 405,
                Method::GET | Method::HEAD => get,
                Method::POST => post,
                _ if get == 404 => 404,
                _ => 405,
            };
            assert_eq!(page.status, expected, "{method} {path}");
            // RFC 9110 §15.5.6.
            assert_eq!(
                page.status == 405,
                page.header("allow").is_some(),
                "{method} {path}"
            );
            if *method == Method::HEAD {
                assert_eq!(page.body, "", "{path}");
            }
        }
    }
}

#[tokio::test]
async fn r55_the_page_that_posts_has_a_fresh_nonce_and_all_others_have_no_script() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let policy = |page: &Page| page.header("content-security-policy").unwrap().to_owned();
    let mut nonces = Vec::new();
    let signed_in = browser.sign_in(&login, "anne.dupont").await;
    let again = browser.arrive(&bridge.request().redirect(None)).await;
    let passive = bridge.request().with("IsPassive", "true");
    let fault = bridge.browser().arrive(&passive.redirect(None)).await;
    for page in [&signed_in, &again, &fault] {
        let policy = policy(page);
        let nonce = policy.split_once("script-src 'nonce-").unwrap().1;
        let nonce = nonce.split_once('\'').unwrap().0;
        assert!(nonce.len() >= 22);
        assert_eq!(page.body.matches("<script").count(), 1);
        assert!(page.body.contains(&format!("<script nonce=\"{nonce}\">")));
        // Chromium would apply it to the redirect that the provider answers with.
        assert!(!policy.contains("form-action"));
        nonces.push(nonce.to_owned());
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
    let nothing = browser.open("/nothing").await;
    let logout = browser.open("/logout").await;
    for page in [&login, &nothing, &logout] {
        let policy = policy(page);
        assert!(!policy.contains("script-src"), "{policy}");
        assert!(policy.contains("form-action 'self'"), "{policy}");
        for active in [
            "<script",
            "<style",
            " style=",
            " onclick",
            "javascript:",
            "<iframe",
        ] {
            assert!(!page.body.contains(active), "{active}");
        }
    }
}

#[tokio::test]
async fn r124_a_request_for_another_host_is_turned_away() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let path = bridge.request().redirect(None);
    let ask = |hosts: &[&str], line: &str| {
        let mut request = bridge.browser().plain(line).body(Body::empty()).unwrap();
        request.headers_mut().remove(header::HOST);
        for host in hosts {
            let host = host.parse().unwrap();
            request.headers_mut().append(header::HOST, host);
        }
        request
    };
    for hosts in [
        &[][..],
        &["evil.example"],
        &["idp.example.org.evil.example"],
        &["idp.example.org:8443"],
        &["127.0.0.1"],
        &["idp.example.org", "evil.example"],
        &["idp.example.org", "idp.example.org"],
        &["evil.example, idp.example.org"],
        &[""],
    ] {
        for line in [path.as_str(), "/", "/logout", "/nothing", "/assets/other"] {
            let page = browser.exchange(ask(hosts, line)).await;
            page.stops(421, "bad-host");
            assert!(!page.body.contains("evil"), "{hosts:?}");
            // It leads to where we are.
            let ours = "href=\"https:&#x2f;&#x2f;idp.example.org\" data-testid=\"way-out\"";
            assert!(page.body.contains(ours), "{}", page.body);
        }
    }
    let page = browser
        .exchange(ask(&["idp.example.org"], "https://evil.example/"))
        .await;
    page.stops(421, "bad-host");
    let page = browser.exchange(ask(&["IDP.Example.org"], "/")).await;
    assert_eq!(page.status, 200);
    // Machines ask at whatever address they know the node by, and the page that turns somebody away is to look like ours.
    for line in [
        "/healthz",
        "/readyz",
        "/assets/style.css",
        "/assets/icon.svg",
    ] {
        let page = browser.exchange(ask(&["10.0.0.7:8080"], line)).await;
        assert_eq!(page.status, 200);
    }
}

#[tokio::test]
async fn r60_no_header_of_a_request_changes_an_address_of_ours() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let forged = |line: &str| {
        bridge
            .browser()
            .plain(line)
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .header("x-forwarded-port", "8080")
            .header("x-forwarded-prefix", "/evil")
            .header("forwarded", "host=evil.example;proto=http")
            .header("x-original-url", "/evil")
            .header("x-rewrite-url", "/evil")
            .body(Body::empty())
            .unwrap()
    };
    let plain = browser.open("/saml/metadata").await;
    let page = browser.exchange(forged("/saml/metadata")).await;
    assert_eq!(page.body, plain.body);
    for line in ["/", "/logout", &bridge.request().redirect(None)] {
        let page = browser.exchange(forged(line)).await;
        assert!(!page.body.contains("evil"));
        let location = page.header("location").unwrap_or("/j/");
        assert!(location.starts_with("/j/"));
    }
}

#[tokio::test]
async fn a_page_speaks_the_language_that_was_chosen_else_the_browsers_else_french() {
    let bridge = Bridge::new();
    let language = |page: &Page| crate::lab::form::attribute(&page.body, "html", "lang").unwrap();
    for (accepts, expected) in [
        ("fr", "fr"),
        ("en-GB,en;q=0.9", "en"),
        ("de", "fr"),
        ("de,en;q=0.4,fr;q=0.2", "en"),
        ("", "fr"),
    ] {
        let mut browser = bridge.browser();
        browser.language = accepts;
        assert_eq!(language(&browser.open("/").await), expected, "{accepts}");
    }
    let (mut browser, login) = at_login(&bridge).await;
    assert_eq!(language(&login), "fr");
    let link = login.link("lang-en").unwrap();
    let in_english = browser.open(&format!("{}{link}", login.url.path())).await;
    assert_eq!(
        (language(&in_english).as_str(), in_english.kind().as_str()),
        ("en", "login")
    );
    // It stays chosen, on every later page, and on the answer to a form.
    let refused = browser
        .submit(&in_english, &in_english.filled("anne.dupont", "wrong"))
        .await;
    assert_eq!(language(&refused), "en");
    assert_eq!(language(&browser.open("/nothing").await), "en");
    assert_eq!(language(&browser.arrive("/logout").await), "en");
    let back = browser.open("/?lang=fr").await;
    assert_eq!(language(&back), "fr");
    assert_eq!(language(&browser.open("/").await), "fr");
    for odd in ["/?lang=de", "/?lang=", "/?lang=%3Cscript%3E", "/?lang"] {
        let page = browser.open(odd).await;
        assert_eq!(language(&page), "fr", "{odd}");
        assert!(page.cookies_set().is_empty(), "{odd}");
    }
}

#[tokio::test]
async fn the_start_page_leads_to_each_service() {
    let bridge = Bridge::new();
    let page = bridge.browser().open("/").await;
    let link = crate::lab::form::link(&page.body, "class", "button");
    assert_eq!(link.as_deref(), Some(ZOOM_SIGN_IN));
    // What comes with the query or the fragment is nobody's target.
    let page = bridge.browser().open("/?next=https://evil.example/").await;
    assert!(!page.body.contains("evil"));
}

#[tokio::test]
async fn r53_in_a_frame_nothing_is_done_but_to_say_so_and_to_open_a_window() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    let logout = browser.open("/logout").await;
    let kept = browser.cookies();
    let sso = request.redirect(Some("home"));
    for frame in ["iframe", "frame", "object", "embed", "fencedframe"] {
        browser.shown_in = frame;
        for path in [
            "/",
            "/logout",
            "/saml/slo",
            "/nothing",
            "/cas/zoom/x?ticket=ST-1",
            sso.as_str(),
            login.url.path(),
        ] {
            let page = browser.arrive(path).await;
            assert_eq!(
                (page.status, page.kind().as_str()),
                (403, "framed"),
                "{path}"
            );
            assert_eq!(page.link("own-window").as_deref(), Some("/"), "{path}");
            // Not a word of what another site wrote into the address.
            for echoed in ["SAMLRequest", "ticket", "ST-1", "nothing", "/j/"] {
                assert!(!page.body.contains(echoed), "{path}: {echoed}");
            }
        }
        let by_post = browser
            .arrive_by_post("/saml/sso", &request.post(Some("home")))
            .await;
        let in_our_name = browser.submit(&logout, &logout.form()).await;
        for page in [by_post, in_our_name] {
            assert_eq!((page.status, page.kind().as_str()), (403, "framed"));
            assert_eq!(page.link("own-window").as_deref(), Some("/"));
        }
    }
    assert_eq!(browser.cookies(), kept);
    // No request was used up by it, and nobody was signed out.
    browser.shown_in = "document";
    let answer = browser.arrive(&sso).await.answer();
    bridge.identity(&answer, ZOOM, request.id());
    // What is turned away for another reason is no page that may be framed.
    let mut elsewhere = browser.plain("/").body(Body::empty()).unwrap();
    let headers = elsewhere.headers_mut();
    headers.insert("sec-fetch-dest", "iframe".parse().unwrap());
    headers.insert(header::HOST, "evil.example".parse().unwrap());
    browser.exchange(elsewhere).await.stops(421, "bad-host");
}

/// The browser looks at what protects every one of them. Those of "too busy" (503) come through it as well,
/// where that is tested.
#[tokio::test]
async fn r53_r55_every_status_that_we_answer_with_bears_what_protects() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let mut seen = std::collections::BTreeSet::new();
    for path in ["/", "/nothing", "/j/zoom/x"] {
        seen.insert(browser.open(path).await.status);
    }
    let bounced = bridge.request().post(None);
    let bounced = browser.arrive_by_post("/saml/sso", &bounced).await;
    seen.insert(bounced.hops[0].status);
    let too_large = "x".repeat(401 * 1024);
    seen.insert(browser.arrive_by_post("/saml/sso", &too_large).await.status);
    seen.insert(browser.arrive_by_post("/", "").await.status);
    for _ in 0..6 {
        let wrong = login.filled("luc.bernard", "wrong");
        seen.insert(browser.submit(&login, &wrong).await.status);
    }
    for (name, value) in [("host", "evil.example"), ("sec-fetch-dest", "iframe")] {
        let mut odd = browser.plain("/").body(Body::empty()).unwrap();
        odd.headers_mut().insert(name, value.parse().unwrap());
        seen.insert(browser.exchange(odd).await.status);
    }
    let no_form = browser.plain("/cas/zoom/x").method(Method::POST);
    let no_form = no_form.body(Body::empty()).unwrap();
    seen.insert(browser.exchange(no_form).await.status);
    let request = bridge.request();
    bridge.break_clock();
    let broken = bridge.browser().arrive(&request.redirect(None)).await;
    seen.insert(broken.status);
    let logout = bridge.browser().open("/saml/slo?SAMLRequest=x").await;
    seen.insert(logout.status);
    let all = [200, 303, 400, 403, 404, 405, 413, 415, 421, 429, 500, 501];
    assert_eq!(seen, all.into());
}

#[tokio::test(start_paused = true)]
async fn r122_each_route_takes_bodies_up_to_its_own_limit_and_not_one_byte_more() {
    let bridge = Setup {
        more: "[test]\npeople = 'everyone'".to_owned(),
        ..Setup::zoom("idp-initiated = true")
    }
    .build();
    let mut browser = bridge.browser();
    let post = |path: &str, body: Body| {
        bridge
            .browser()
            .plain(path)
            .method(Method::POST)
            .header(header::ORIGIN, "https://idp.example.org")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
            .unwrap()
    };
    for (path, most) in [
        ("/saml/sso", 400 * 1024),
        ("/j/zoom/x", 32 * 1024),
        ("/cas/zoom/x", 16 * 1024),
        ("/logout", 1024),
    ] {
        for length in [most, most + 1] {
            let page = browser
                .exchange(post(path, Body::from("a".repeat(length))))
                .await;
            assert_eq!(page.status == 413, length > most, "{path}: {length}");
        }
    }
    // Whatever takes none waits for none: by the clock, which stands still for whoever does not wait.
    let begun = tokio::time::Instant::now();
    let never = || {
        Body::from_stream(futures_util::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >())
    };
    for path in [
        "/",
        "/saml/metadata",
        "/saml/slo",
        "/healthz",
        "/readyz",
        "/nothing",
    ] {
        let page = browser.exchange(post(path, never())).await;
        assert!(matches!(page.status, 404 | 405 | 501), "{path}");
        let mut get = post(path, never());
        *get.method_mut() = Method::GET;
        assert!(
            matches!(browser.exchange(get).await.status, 200 | 404),
            "{path}"
        );
    }
    // A click on a page of ours says all by its address: what comes with it, and for however long, is not read.
    for path in ["/start/zoom", "/test/zoom"] {
        let large = Body::from("a".repeat(10 * 1024 * 1024));
        for body in [Body::empty(), large, never()] {
            let page = bridge.browser().exchange(post(path, body)).await;
            assert_eq!(page.status, 303, "{path}");
            assert!(page.header("location").unwrap().starts_with("/j/zoom/"));
        }
    }
    assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
}
