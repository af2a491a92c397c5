//! Who asks, when, and where the answer shall go.

use jiff::SignedDuration;

use super::{bring, signed_in};
use crate::bridge::{
    Bridge, CLOSED, INTRANET_ACS, LIBRARY, LIBRARY_ACS, Setup, ZOOM, ZOOM_ACS, keys::zoom_key,
    request::SAML,
};

#[tokio::test]
async fn r30_breach_of_iip_idp05_sdp_idp06_an_address_that_is_not_registered_gets_nothing() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for url in [
        "https://evil.example/acs",
        INTRANET_ACS,
        LIBRARY_ACS,
        "https://artifact.example.net/",
        "https://UNIV-montp3-fr.zoom.us/saml/SSO",
        "https://univ-montp3-fr.zoom.us/saml/sso",
        "https://univ-montp3-fr.zoom.us:443/saml/SSO",
        "https://univ-montp3-fr.zoom.us/saml/SSO/",
        "https://univ-montp3-fr.zoom.us/saml/../saml/SSO",
        "https://univ-montp3-fr.zoom.us/%73aml/SSO",
        "https://univ-montp3-fr.zoom.us/saml/%2e/SSO",
        "https://user@univ-montp3-fr.zoom.us/saml/SSO",
        "https://univ-montp3-fr.zoom.us@evil.example/saml/SSO",
        "https://univ-montp3-fr.zoom.us.evil.example/saml/SSO",
        "https://univ-montp3-fr.zoom.us/saml/SSO?x=1",
        "https://univ-montp3-fr.zoom.us/saml/SSO#x",
        "https:\\\\univ-montp3-fr.zoom.us\\saml\\SSO",
        "http://univ-montp3-fr.zoom.us/saml/SSO",
        "//univ-montp3-fr.zoom.us/saml/SSO",
        "https://univ-montp3-fr.zoom.us/saml/SSO\n",
        "\thttps://univ-montp3-fr.zoom.us/saml/SSO",
        " https://univ-montp3-fr.zoom.us/saml/SSO",
        "https://univ-montp3-fr.zoom.us。/saml/SSO",
        "https://ｕniv-montp3-fr.zoom.us/saml/SSO",
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://univ-montp3-fr.zoom.us/saml/SSO",
        "data:text/html,x",
        "",
    ] {
        let request = bridge.request().with("AssertionConsumerServiceURL", url);
        for page in [
            browser.arrive(&request.redirect(None)).await,
            browser
                .arrive(&request.redirect_signed(zoom_key(), None))
                .await,
            browser
                .arrive_by_post("/saml/sso", &request.post_signed(zoom_key(), None))
                .await,
        ] {
            page.stops(400, "acs-unknown");
            assert!(!page.body.contains("evil"), "{}", page.body);
        }
    }
    let long = format!("https://univ-montp3-fr.zoom.us/{}", "a".repeat(10_000));
    let request = bridge.request().with("AssertionConsumerServiceURL", &long);
    browser
        .arrive(&request.redirect(None))
        .await
        .stops(400, "acs-unknown");
    bridge.still_works().await;
}

#[tokio::test]
async fn r31_breach_of_iip_idp12_an_index_that_is_not_there_or_not_alone_gets_nothing() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let index = |text: &str| {
        bridge
            .request()
            .without("ProtocolBinding")
            .with("AssertionConsumerServiceIndex", text)
    };
    for (text, reason) in [
        ("2", "acs-unknown"),
        ("7", "acs-unknown"),
        ("65535", "acs-unknown"),
        ("65536", "request-unreadable"),
        ("-1", "request-unreadable"),
        ("+0", "request-unreadable"),
        ("0x0", "request-unreadable"),
        ("", "request-unreadable"),
    ] {
        let page = browser.arrive(&index(text).redirect(None)).await;
        page.stops(400, reason);
    }
    for both in [
        index("0").with("AssertionConsumerServiceURL", ZOOM_ACS),
        bridge.request().with("AssertionConsumerServiceIndex", "0"),
    ] {
        let page = browser.arrive(&both.redirect(None)).await;
        page.stops(400, "request-unreadable");
    }
    // An error about the request is told nowhere either, while its address is not proven.
    for request in [
        index("2").with("IsPassive", "true"),
        index("2").with("Version", "1.1"),
    ] {
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(400, "acs-unknown");
    }
}

#[tokio::test]
async fn r32_breach_of_iip_md06_a_request_counts_for_the_provider_that_it_names_and_no_other() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for name in [
        "https://unknown.example.net/sp",
        "univ-montp3-fr.zoom.us/",
        "UNIV-MONTP3-FR.zoom.us",
        "http://univ-montp3-fr.zoom.us",
        "https://univ-montp3-fr.zoom.us/",
        "univ-montp3-fr.zoom.us.evil.example",
        "univ\u{2011}montp3-fr.zoom.us",
    ] {
        let request = bridge.request_of(name);
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(400, "provider-unknown");
        assert_eq!(page.link("way-out"), None);
    }
    // Another provider's key signs nothing for this one, and its name does not go in the XML that
    // this one signed.
    let request = bridge.request_of(LIBRARY);
    let page = browser
        .arrive(&request.redirect_signed(zoom_key(), None))
        .await;
    page.stops(400, "request-signature");
    let signed = bridge
        .request()
        .signed_xml(zoom_key())
        .replace(ZOOM, LIBRARY);
    bring(&mut browser, &signed)
        .await
        .stops(400, "request-signature");
    let none = |issuer: &str| bridge.request().with_issuer(issuer);
    let formatted = format!(
        "<saml:Issuer xmlns:saml=\"{SAML}\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{ZOOM}</saml:Issuer>"
    );
    for request in [
        none(""),
        none(&format!(
            "<saml:Issuer xmlns:saml=\"{SAML}\"></saml:Issuer>"
        )),
        none(&formatted),
        none(&format!("<samlp:Issuer>{ZOOM}</samlp:Issuer>")),
    ] {
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(400, "request-unreadable");
    }
    let page = browser
        .arrive(&bridge.request_of(CLOSED).redirect(None))
        .await;
    page.stops(403, "provider-disabled");
}

#[tokio::test]
async fn r33_a_request_is_taken_from_three_minutes_ahead_to_five_minutes_old() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let at = |seconds: i64| {
        let request = bridge.request();
        request.issued_at(bridge.now() + SignedDuration::from_secs(seconds))
    };
    for seconds in [-300, -1, 0, 180] {
        for path in [
            at(seconds).redirect(None),
            at(seconds).redirect_signed(zoom_key(), None),
        ] {
            browser.arrive(&path).await.answer();
        }
    }
    for seconds in [-301, -86_400, 181, 86_400] {
        for path in [
            at(seconds).redirect(None),
            at(seconds).redirect_signed(zoom_key(), None),
        ] {
            browser.arrive(&path).await.stops(400, "request-stale");
        }
    }
    for text in [
        "",
        "now",
        "2026-11-26",
        "2026-11-26T08:00:00",
        "2026-11-26T08:00:00+00:00",
    ] {
        let request = bridge.request().with("IssueInstant", text);
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(400, "request-unreadable");
    }
}

#[tokio::test]
async fn r33_an_answered_request_is_not_answered_again() {
    let bridge = Bridge::new();
    for (is_signed, request) in [(true, bridge.request()), (false, bridge.request())] {
        let path = if is_signed {
            request.redirect_signed(zoom_key(), None)
        } else {
            request.redirect(None)
        };
        let mut browser = bridge.browser();
        browser.arrive(&path).await;
        let login = browser.arrive(&path).await;
        let again = browser.open(login.url.path()).await;
        let page = browser.sign_in(&again, "anne.dupont").await;
        bridge.identity(&page.answer(), ZOOM, request.id());
        // The same request, in this browser and in another one.
        bridge.wait_seconds(3);
        browser.arrive(&path).await.stops(400, "request-used");
        let mut other = bridge.browser();
        let login = other.arrive(&path).await;
        let page = other.sign_in(&login, "luc.bernard").await;
        page.stops(400, "request-used");
        assert!(page.cookies_set().is_empty());
        // Its ID is Zoom's alone: the same one of another provider is another request.
        let same = bridge.request_of(LIBRARY).with("ID", request.id());
        browser.arrive(&same.redirect(None)).await.answer();
    }
    // Longer than the request itself is taken, it stays marked.
    let request = bridge.request();
    let path = request.redirect_signed(zoom_key(), None);
    let mut browser = bridge.browser();
    let login = browser.arrive(&path).await;
    let form = login.filled("anne.dupont", crate::bridge::PASSWORD);
    browser.submit(&login, &form).await.answer();
    bridge.wait(59);
    browser
        .submit(&login, &form)
        .await
        .stops(400, "request-used");
}

#[tokio::test]
async fn r40_an_id_that_could_not_be_echoed_is_refused() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for id in [
        "",
        "1abc",
        "a b",
        "a\"><x/>",
        "a&b",
        "a:b",
        &"a".repeat(257),
        "a\u{0}",
    ] {
        let request = bridge.request().with("ID", id);
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(400, "request-unreadable");
    }
    let request = bridge.request().with("ID", &"é".repeat(256));
    let answer = browser.arrive(&request.redirect(None)).await.answer();
    bridge.identity(&answer, ZOOM, request.id());
}

#[tokio::test]
async fn r44_what_does_not_fit_into_an_address_is_refused_and_not_cut() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let fits = "x".repeat(1_024);
    let login = browser
        .arrive(&bridge.request().redirect(Some(&fits)))
        .await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    assert_eq!(page.answer().relay_state, Some(fits));
    for long in ["x".repeat(1_025), "é".repeat(513), "x".repeat(20_000)] {
        let page = browser
            .arrive(&bridge.request().redirect(Some(&long)))
            .await;
        page.stops(400, "request-too-large");
        let page = browser
            .arrive_by_post("/saml/sso", &bridge.request().post(Some(&long)))
            .await;
        page.stops(400, "request-too-large");
    }
    // Each alone fits; together with a long name and a long address the seal does not.
    let acs = format!("https://long.example.net/{}", "a".repeat(900));
    let name = format!("https://long.example.net/{}", "n".repeat(900));
    let setup = Setup {
        zoom_metadata: crate::bridge::metadata(&name, "", zoom_key(), &[&acs]),
        ..Setup::new()
    };
    let bridge = setup.build();
    let request = |id: &str| bridge.request_of(&name).with("ID", id);
    let state = "x".repeat(1_024);
    let page = bridge.browser().arrive(&request("a").redirect(None)).await;
    assert_eq!(page.kind(), "login");
    let path = request(&"a".repeat(256)).redirect(Some(&state));
    bridge
        .browser()
        .arrive(&path)
        .await
        .stops(400, "request-too-large");
    let form = request(&"b".repeat(256)).post(Some(&state));
    let page = bridge.browser().arrive_by_post("/saml/sso", &form).await;
    page.stops(400, "request-too-large");
}
