//! Who is told what: the person, the log, the help desk; and what nobody is told.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, header},
};
use passerelle::xmlsec::{SignError, SignatureAlgorithm, Signer};

use crate::bridge::{
    Bridge, PASSWORD, Setup, ZOOM, ZOOM_SIGN_IN,
    browser::{BROWSER_COOKIE, Browser, SESSION_COOKIE},
    keys::{strange_key, zoom_key},
    log::Log,
    page::Page,
    request::redirect,
    watch::text_of,
};

async fn at_login(bridge: &Bridge) -> (Browser, Page) {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    (browser, login)
}

#[tokio::test]
async fn r73_an_unknown_name_a_wrong_password_and_a_shut_account_get_the_same_page() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let mut pages = Vec::new();
    for (name, password) in [
        ("anne.dupont", "wrong"),
        ("nobody.here", "wrong"),
        ("nobody.here", PASSWORD),
        ("compte.ferme", PASSWORD),
        ("compte.ferme", "wrong"),
        ("anne.dupont", ""),
        ("", ""),
        ("*", "*"),
        ("anne.dupont)(uid=*", PASSWORD),
        ("anne.dupont\0", PASSWORD),
        ("anne.dupont", "bienvenue\0"),
        ("anne.dupont", "BIENVENUE"),
    ] {
        let page = browser.submit(&login, &login.filled(name, password)).await;
        assert_eq!(
            (page.status, page.kind().as_str()),
            (200, "login"),
            "{name:?}"
        );
        assert!(page.cookies_set().is_empty(), "{name:?}");
        assert_eq!(page.header("retry-after"), None);
        assert_eq!(page.form().value("password"), Some(""));
        assert_eq!(page.form().value("username"), Some(name));
        // What was typed is the only thing that differs: where the cursor stands follows from it.
        let field = page.body.split_once("name=\"username\"").unwrap().1;
        let typed = field
            .split_once("value=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0;
        let body = page
            .body
            .replacen(&format!("value=\"{typed}\" auto"), "value=\"\" auto", 1);
        if name.is_empty() {
            continue;
        }
        let mut headers = page.headers;
        headers.remove("content-length");
        pages.push((headers, body));
    }
    for (headers, body) in &pages {
        assert_eq!(*body, pages[0].1);
        assert_eq!(*headers, pages[0].0);
    }
}

#[tokio::test]
async fn r74_after_five_wrong_passwords_the_next_ones_wait_longer_and_longer() {
    let bridge = Bridge::new();
    // The account does not have to exist to be slowed down.
    for name in ["luc.bernard", "nobody.here"] {
        let (mut browser, login) = at_login(&bridge).await;
        let wrong = login.filled(name, "wrong");
        for _ in 0..5 {
            assert_eq!(browser.submit(&login, &wrong).await.status, 200, "{name}");
        }
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            let page = browser.submit(&login, &wrong).await;
            assert_eq!(
                (page.status, page.kind().as_str()),
                (429, "login"),
                "{name}"
            );
            let seconds: i64 = page.header("retry-after").unwrap().parse().unwrap();
            assert_eq!(seconds, wait, "{name}");
            assert!(text_of(&page.body).contains("Trop de tentatives"));
            // Before its time the right password does not count either.
            if name == "luc.bernard" {
                let right = login.filled(name, PASSWORD);
                assert_eq!(browser.submit(&login, &right).await.status, 429);
            }
            bridge.wait_seconds(wait);
            assert_eq!(browser.submit(&login, &wrong).await.status, 200, "{name}");
        }
    }
    // Others are not slowed down, and a right password ends it.
    bridge.still_works().await;
    bridge.wait_seconds(60);
    let (mut browser, login) = at_login(&bridge).await;
    browser.sign_in(&login, "luc.bernard").await.answer();
    let (mut browser, login) = at_login(&bridge).await;
    let wrong = login.filled("luc.bernard", "wrong");
    for _ in 0..5 {
        assert_eq!(browser.submit(&login, &wrong).await.status, 200);
    }
}

/// Nobody has to switch it on: the configuration has no word of it.
#[tokio::test]
async fn r73_r74_attempts_are_slowed_down_by_default_and_the_page_is_the_same_for_whom_there_is_not()
 {
    let bridge = Bridge::new();
    let configuration = bridge.folder.path().join("passerelle.toml");
    let configuration = std::fs::read_to_string(configuration).unwrap();
    assert!(!configuration.contains("throttle") && !configuration.contains("free-per"));
    let (mut browser, login) = at_login(&bridge).await;
    let mut pages = Vec::new();
    for name in ["luc.bernard", "compte.ferme", "nobody.here"] {
        let wrong = login.filled(name, "wrong");
        for _ in 0..5 {
            assert_eq!(browser.submit(&login, &wrong).await.status, 200, "{name}");
        }
        let page = browser.submit(&login, &wrong).await;
        assert_eq!(page.status, 429, "{name}");
        let body = page.body.replacen(&format!("value=\"{name}\""), "", 1);
        let mut headers = page.headers;
        headers.remove("content-length");
        pages.push((headers, body));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
}

#[tokio::test]
async fn r74_who_waits_is_told_of_the_time_and_comes_in_afterwards() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let wrong = login.filled("anne.dupont", "wrong");
    for _ in 0..5 {
        browser.submit(&login, &wrong).await;
    }
    let waiting = browser.sign_in(&login, "anne.dupont").await;
    assert_eq!(waiting.status, 429);
    bridge.wait_seconds(1);
    browser.sign_in(&waiting, "anne.dupont").await.answer();
}

#[tokio::test]
async fn r124_the_network_that_counts_is_the_one_that_the_proxy_names() {
    let free = "[authn.throttle]\nfree-per-network = 3";
    let bridge = Setup {
        more: free.to_owned(),
        ..Setup::new()
    }
    .build();
    let guess = async |address: &'static str, name: &str| {
        let (mut browser, login) = at_login(&bridge).await;
        browser.address = address;
        browser
            .submit(&login, &login.filled(name, "wrong"))
            .await
            .status
    };
    for name in ["a", "b", "c"] {
        assert_eq!(guess("198.51.100.1", name).await, 200);
    }
    assert_eq!(guess("198.51.100.200", "d").await, 429);
    // What the caller wrote before the proxy's own word does not count.
    assert_eq!(guess("203.0.113.9, 198.51.100.7", "e").await, 429);
    assert_eq!(guess("198.51.100.7, 203.0.113.9", "f").await, 200);
}

#[tokio::test]
async fn r112_whoever_has_no_address_or_two_is_stopped_with_a_way_out_and_no_session() {
    let bridge = Bridge::new();
    for (login, reason) in [("sans.mail", "no-mail"), ("deux.mails", "several-mails")] {
        let log = Log::start();
        let (mut browser, page) = at_login(&bridge).await;
        let page = browser.sign_in(&page, login).await;
        page.stops(403, reason);
        assert!(page.cookies_set().is_empty());
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
        assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
        let code = page.support_code();
        assert!(log.text().contains(&code));
        let help = crate::lab::form::link(&page.body, "class", "more");
        assert_eq!(help.as_deref(), Some("https://help.example.org"));
        // Once the record is right, the same journey would go on: nothing was marked.
        let again = browser.open(page.url.path()).await;
        assert_eq!(again.kind(), "login");
    }
    // A provider that needs no address lets both in.
    let request = bridge.request_of(crate::bridge::LIBRARY);
    let mut browser = bridge.browser();
    let page = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&page, "sans.mail").await.answer();
}

#[tokio::test]
async fn r121_no_secret_is_ever_logged() {
    let log = Log::start();
    let bridge = Bridge::new();
    let state = "canary-relay-state-5e1f";
    let wrong = "canary-password-77ab";
    let mut secrets = vec![state.to_owned(), wrong.to_owned(), PASSWORD.to_owned()];
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = browser.arrive(&request.redirect(Some(state))).await;
    secrets.push(login.url.path().rsplit_once('/').unwrap().1.to_owned());
    secrets.push(login.form().value("csrf").unwrap().to_owned());
    secrets.push(login.form().action.rsplit_once('/').unwrap().1.to_owned());
    browser
        .submit(&login, &login.filled("anne.dupont", wrong))
        .await;
    // A password typed where the name belongs.
    browser.submit(&login, &login.filled(wrong, wrong)).await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    secrets.push(page.answer().base64);
    secrets.push(browser.cookie(BROWSER_COOKIE).unwrap());
    secrets.push(browser.cookie(SESSION_COOKIE).unwrap());
    // A second answer, refusals of each kind, and a logout.
    let page = browser
        .arrive(&bridge.request().redirect(Some(state)))
        .await;
    secrets.push(page.answer().base64);
    let passive = bridge
        .request()
        .with("IsPassive", "true")
        .redirect(Some(state));
    let page = bridge.browser().arrive(&passive).await;
    secrets.push(page.answer().base64);
    let outdated = bridge
        .request()
        .with("IssueInstant", "2020-01-01T00:00:00Z");
    for path in [
        outdated.redirect(Some(state)),
        bridge.request().redirect_signed(strange_key(), Some(state)),
        bridge
            .request_of("https://unknown.example/")
            .redirect(Some(state)),
        bridge
            .request()
            .with(
                "AssertionConsumerServiceURL",
                "https://evil.example/?canary-relay-state-5e1f",
            )
            .redirect(Some(state)),
        redirect(format!("<{state}").as_bytes(), None),
        format!("/saml/sso?SAMLRequest={state}&RelayState={state}"),
        format!("/j/zoom/{state}"),
        format!("/{state}?{state}"),
    ] {
        let page = browser.arrive(&path).await;
        assert!(page.status >= 400, "{path}");
    }
    let (mut mailless, page) = at_login(&bridge).await;
    mailless
        .sign_in(&page, "sans.mail")
        .await
        .stops(403, "no-mail");
    bridge.wait_seconds(3);
    let used = browser.open(login.url.path()).await;
    used.stops(400, "request-used");
    let page = browser
        .arrive_by_post(login.url.path(), &format!("password={wrong}"))
        .await;
    page.stops(400, "form-forged");
    let page = browser.open("/logout").await;
    secrets.push(page.form().value("csrf").unwrap().to_owned());
    browser.submit(&page, &page.form()).await;

    let text = log.text();
    assert!(log.lines().len() > 15, "{text}");
    for secret in secrets {
        assert!(secret.len() >= 9);
        assert!(!text.contains(&secret), "{secret} in {text}");
        // Not in part either: the beginning of a token is a hint.
        let part: String = secret.chars().skip(1).take(24).collect();
        assert!(!text.contains(&part), "{part} in {text}");
    }
    for word in ["<samlp:", "<saml:", "-----BEGIN", "$argon2"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[tokio::test]
async fn r120_nothing_that_is_sent_breaks_a_log_line() {
    let log = Log::start();
    let bridge = Bridge::new();
    let evil = "x\r\n{\"level\":\"error\",\"message\":\"forged\"}\u{1b}[2J\u{202e}\u{2028}\0";
    let (mut browser, login) = at_login(&bridge).await;
    browser.submit(&login, &login.filled(evil, "wrong")).await;
    browser.agent = "evil\u{1b}[31m\u{202e}agent".to_owned();
    browser.agent.retain(|c| !c.is_control());
    for name in [evil, "a\u{202e}b", &"é".repeat(2_000)] {
        let name: String = name
            .chars()
            .filter(|c| *c != '\0' && *c != '\u{1b}')
            .collect();
        let request = bridge.request_of(&name);
        browser.arrive(&request.redirect(Some(evil))).await;
    }
    browser.arrive("/nothing%0d%0a%1b").await;
    browser.arrive("/j/zoom%0d%0a/x%0d%0a").await;
    // The one text of a caller's that is written down as it came, where it is plain.
    let forging = "a\tb\",\"level\":\"error\",\"x\":\"\\";
    browser.agent = forging.to_owned();
    browser.arrive("/saml/sso").await;
    let last = log.lines().pop().unwrap();
    assert_eq!(
        (last["peer.agent"].as_str(), last["level"].as_str()),
        (Some(forging), Some("warn"))
    );
    browser.agent = "z".repeat(10_000);
    browser.arrive("/saml/sso").await;
    // The other is the host that is asked for: with ours, so that whoever set up a proxy sees what is wrong.
    for (asked, told) in [
        ("10.0.0.7:8080".to_owned(), "10.0.0.7:8080".to_owned()),
        (
            "a\t\",\"message\":\"forged".to_owned(),
            "a\t\",\"message\":\"forged".to_owned(),
        ),
        ("\u{e9}".to_owned(), "?".to_owned()),
        ("z".repeat(10_000), "z".repeat(300)),
    ] {
        let mut request = browser.plain("/").body(Body::empty()).unwrap();
        let host = HeaderValue::from_bytes(asked.as_bytes()).unwrap();
        request.headers_mut().insert(header::HOST, host);
        browser.exchange(request).await.stops(421, "bad-host");
        let last = log.lines().pop().unwrap();
        assert_eq!(last["request.host"], *told);
        assert_eq!(last["server.host"], "idp.example.org");
        assert!(
            last["error.hint"]
                .as_str()
                .unwrap()
                .contains("ProxyPreserveHost")
        );
    }
    // Before either of them a password may stand.
    let mut request = browser
        .plain("http://u:canary@evil:81/")
        .body(Body::empty())
        .unwrap();
    let host = HeaderValue::from_static("v:canary@other");
    request.headers_mut().insert(header::HOST, host);
    browser.exchange(request).await.stops(421, "bad-host");
    let last = log.lines().pop().unwrap();
    assert_eq!(last["request.host"], "evil:81, other");
    assert!(!log.text().contains("canary"));
    let lines = log.lines();
    assert!(lines.len() > 5);
    for line in lines {
        assert!(line["time"].is_string() && line["level"].is_string());
        assert_ne!(line["message"], "forged");
    }
    let text = log.text();
    for raw in ['\r', '\u{1b}', '\u{202e}', '\u{2028}', '\0'] {
        assert!(!text.contains(raw), "{raw:?}");
    }
    assert!(text.lines().all(|line| line.len() < 8 * 1024));
}

#[tokio::test]
async fn one_support_code_goes_through_a_journey_and_stands_on_the_page_that_stops_it() {
    let bridge = Bridge::new();
    let log = Log::start();
    let mut browser = bridge.browser();
    let form = bridge.request().post(None);
    let login = browser.arrive_by_post("/saml/sso", &form).await;
    let wrong = login.filled("deux.mails", "wrong");
    let again = browser.submit(&login, &wrong).await;
    let page = browser.sign_in(&again, "deux.mails").await;
    let code = page.support_code();
    assert!(text_of(&page.body.replace("<code", "<span")).contains(&code));
    let lines = log.lines();
    // The offer, the binding, the form, the wrong password, the stop and its cause. The bounce of what was posted can be opened
    // in any browser, and has a code of its own, which the next step names.
    let [bounce, offer, ..] = &lines[..] else {
        panic!("{}", log.text());
    };
    let posted = bounce["support.code"].as_str().unwrap();
    assert!(offer["trace"].as_str().unwrap().contains(posted), "{offer}");
    assert!(lines.len() >= 7, "{}", log.text());
    for line in &lines[1..] {
        assert_eq!(line["support.code"], code.as_str(), "{line}");
    }
    let causes: Vec<_> = lines
        .iter()
        .filter_map(|line| line["error.code"].as_str())
        .collect();
    assert_eq!(causes, ["B-ATT-02"]);
    // Another journey has another one.
    let (mut browser, login) = at_login(&bridge).await;
    let other = browser.sign_in(&login, "deux.mails").await;
    assert_ne!(other.support_code(), code);
}

#[tokio::test]
async fn r127_the_log_knows_each_cause_and_the_pages_know_none() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let evil = "https://evil.example/acs";
    for (path, code, chain) in [
        (
            bridge.request().redirect_signed(strange_key(), None),
            "B-REQ-05",
            "not signed by any of the keys",
        ),
        (
            bridge
                .request()
                .with("AssertionConsumerServiceURL", evil)
                .redirect(None),
            "B-ACS-01",
            "AssertionConsumerServiceURL",
        ),
        (
            bridge
                .request()
                .with("Destination", "https://x.example/")
                .redirect(None),
            "B-REQ-03",
            "Destination",
        ),
        (redirect(b"<!DOCTYPE x><x/>", None), "B-XML-01", ""),
        (
            bridge.request_of("https://unknown.example/").redirect(None),
            "B-SP-01",
            "no such service provider",
        ),
    ] {
        let log = Log::start();
        let page = browser.arrive(&path).await;
        let line = log
            .lines()
            .into_iter()
            .find(|line| line["error.code"].is_string())
            .unwrap_or_else(|| panic!("{}", log.text()));
        assert_eq!(line["error.code"], code);
        assert_eq!(line["support.code"], page.support_code().as_str());
        let told = line["error.chain"].as_str().unwrap();
        assert!(told.contains(chain), "{code}: {told}");
        // The browser has looked for words of causes; the address is none that a page may show.
        assert!(!page.body.contains("evil"));
    }
}

#[tokio::test]
async fn the_audit_names_who_was_let_in_and_never_who_was_refused() {
    let bridge = Bridge::new();
    let log = Log::start();
    let mut browser = bridge.browser();
    let first = browser.arrive(&bridge.request().redirect(None)).await;
    let second = browser.arrive(&bridge.request().redirect(None)).await;
    browser
        .submit(&first, &first.filled("typed-the-password-here", "x"))
        .await;
    let wrong = first.filled("anne.dupont", "wrong");
    browser.submit(&first, &wrong).await;
    bridge.wait(1);
    browser.sign_in(&first, "anne.dupont").await.answer();
    bridge.wait(1);
    // A journey that began before the session, and is answered by it.
    browser.open(second.url.path()).await.answer();
    let page = browser.open("/logout").await;
    browser.submit(&page, &page.form()).await;
    let audit: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|line| line["log"] == "audit")
        .collect();
    let told: Vec<_> = audit
        .iter()
        .map(|line| {
            assert_eq!(line["peer.address"], "192.0.2.7");
            let event = line["event"].as_str().unwrap();
            (
                event,
                line["person"].as_str(),
                line["session.reused"].as_bool(),
            )
        })
        .collect();
    let anne = Some("anne.dupont");
    assert_eq!(
        told,
        [
            ("refused", None, None),
            ("refused", None, None),
            ("asserted", anne, Some(false)),
            ("asserted", anne, Some(true)),
            ("signed-out", anne, None),
        ]
    );
    let end = audit.last().unwrap();
    assert_eq!(
        (&end["cause"], &end["sp.names"]),
        (&"person".into(), &"zoom".into())
    );
    assert!(!log.text().contains("typed-the-password-here"));
}

#[tokio::test]
async fn an_answer_is_logged_with_what_was_decided() {
    let bridge = Bridge::new();
    let (mut browser, login) = at_login(&bridge).await;
    let log = Log::start();
    let page = browser.sign_in(&login, "anne.dupont").await;
    let id = page.answer().attribute("ID").unwrap();
    let lines = log.lines();
    let line = lines
        .iter()
        .find(|line| line["message"] == "answered")
        .unwrap_or_else(|| panic!("{}", log.text()));
    assert_eq!(line["level"], "info");
    assert_eq!(line["sp.name"], "zoom");
    let trace = line["trace"].as_str().unwrap();
    assert!(trace.contains(&id), "{trace}");
    // What was told to whom is there by name; the values are not.
    for value in ["anne.dupont@", "Anne", "c41f08d26e7b4a95", ZOOM_SIGN_IN] {
        assert!(!log.text().contains(value), "{value} in {}", log.text());
    }
    assert_ne!(ZOOM, zoom_key().certificate_base64());
}

/// A key behind a device that does not answer.
#[derive(Debug)]
struct Mute;

impl Signer for Mute {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RsaSha256
    }

    fn is_failing(&self) -> bool {
        true
    }

    fn certificate_base64(&self) -> &'static str {
        ""
    }

    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::NoSlot)
    }
}

#[tokio::test]
async fn breach_of_iip_sso04_sdp_idp09_where_the_key_does_not_answer_nothing_is_sent_unsigned() {
    let bridge = Setup::new().build_changed(|front| {
        for provider in front.bridge.providers.values_mut() {
            provider.signer = Arc::new(Mute);
        }
    });
    let (mut browser, login) = at_login(&bridge).await;
    let log = Log::start();
    let page = browser.sign_in(&login, "anne.dupont").await;
    page.stops(500, "internal");
    assert!(page.cookies_set().is_empty());
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    let lines = log.lines();
    let ours = lines.iter().find(|line| line["level"] == "error").unwrap();
    assert_eq!(ours["support.code"], page.support_code().as_str());
    assert!(!log.text().contains("asserted"), "{}", log.text());
}
