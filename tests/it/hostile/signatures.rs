//! Signatures that are wrapped, moved, foreign, broken, weak or stripped.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{bring, signed_in};
use crate::bridge::{
    Bridge, INTRANET, Setup, ZOOM,
    keys::{intranet_key, strange_key, zoom_key},
    request::{DS, RSA_SHA256, SAML, SAMLP, encode, redirect, sign_query},
    zoom_metadata,
};

#[tokio::test]
async fn r01_r02_what_two_readers_could_read_differently_is_refused() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request();
    let signed = request.signed_xml(zoom_key());
    let id = format!(" ID=\"{}\"", request.id());
    for (name, xml) in [
        ("two IDs", signed.replacen(&id, &format!("{id}{id}"), 1)),
        (
            "an element with the same ID",
            signed.replace(
                "</samlp:AuthnRequest>",
                &format!("<samlp:Scoping{id}></samlp:Scoping></samlp:AuthnRequest>"),
            ),
        ),
        (
            "xml:id with the same value",
            signed.replace(
                "</samlp:AuthnRequest>",
                &format!(
                    "<samlp:Scoping xml:id=\"{}\"></samlp:Scoping></samlp:AuthnRequest>",
                    request.id()
                ),
            ),
        ),
        ("two issuers", {
            let other = format!("<saml:Issuer xmlns:saml=\"{SAML}\">{INTRANET}</saml:Issuer>");
            request
                .xml()
                .replace("<saml:Issuer", &format!("{other}<saml:Issuer"))
        }),
        (
            "an issuer with an element",
            request.xml().replace(ZOOM, "univ-montp3-<x/>fr.zoom.us"),
        ),
        (
            "an element of nobody's",
            request
                .xml()
                .replace("</samlp:AuthnRequest>", "<x/></samlp:AuthnRequest>"),
        ),
        (
            "another root",
            request.xml().replace("AuthnRequest", "LogoutRequest"),
        ),
        ("another namespace", request.xml().replace(SAMLP, "urn:x")),
        (
            "SAML 1.1",
            request
                .xml()
                .replace(SAMLP, "urn:oasis:names:tc:SAML:1.0:protocol"),
        ),
        ("cut off", signed.split_at(signed.len() / 2).0.to_owned()),
        ("nothing", String::new()),
        ("no markup", "hello".to_owned()),
    ] {
        let page = bring(&mut browser, &xml).await;
        assert_eq!(page.status, 400, "{name}");
        assert!(
            ["request-signature", "request-unreadable"].contains(&page.reason().as_str()),
            "{name}: {}",
            page.reason()
        );
    }
    bridge.still_works().await;
}

#[tokio::test]
async fn r08_a_signature_that_is_there_must_hold_although_none_is_demanded() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request();
    for path in [
        request.redirect_signed(strange_key(), None),
        request.redirect_signed(intranet_key(), None),
        format!(
            "{}&SigAlg={}&Signature={}",
            request.redirect(None),
            encode(RSA_SHA256),
            encode(&STANDARD.encode([0; 256]))
        ),
        format!(
            "{}&SigAlg={}&Signature=AAAA",
            request.redirect(None),
            encode("http://www.w3.org/2000/09/xmldsig#rsa-sha1")
        ),
        format!("{}&SigAlg=&Signature=AAAA", request.redirect(None)),
    ] {
        browser.arrive(&path).await.stops(400, "request-signature");
    }
    let signed = request.signed_xml(zoom_key());
    let key_info = format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>\
         </ds:KeyInfo></ds:Signature>",
        zoom_key().certificate_base64()
    );
    let foreign = request.signed_xml(strange_key());
    let value = signed.split_once("<ds:SignatureValue>").unwrap().1;
    let value = value.split_once('<').unwrap().0;
    for xml in [
        foreign.clone(),
        foreign.replace("</ds:Signature>", &key_info),
        request.signed_xml(intranet_key()),
        request.around(&format!("<ds:Signature xmlns:ds=\"{DS}\"></ds:Signature>")),
        request.around(&format!("<ds:Signature xmlns:ds=\"{DS}\"/>")),
        signed.replace(value, ""),
        signed.replace(value, "AAAA"),
        signed.replace("ForceAuthn", "x").replace("Version=\"2.0\"", "Version=\"2.0\" ForceAuthn=\"1\""),
        signed.replace("rsa-sha256", "rsa-sha1"),
        signed.replace("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        signed.replace("xml-exc-c14n#\"></ds:Transform>", "xml-exc-c14n#\"></ds:Transform><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"></ds:Transform>"),
    ] {
        bring(&mut browser, &xml).await.stops(400, "request-signature");
    }
    // A signature in the XML of HTTP-Redirect must hold as well.
    let page = browser.arrive(&redirect(foreign.as_bytes(), None)).await;
    page.stops(400, "request-signature");
    bridge.still_works().await;
}

#[tokio::test]
async fn r08_breach_of_sdp_idp04_where_signatures_are_demanded_a_stripped_one_never_helps() {
    let bridge = Setup::zoom("require-signed-requests = true").build();
    let mut browser = bridge.browser();
    for (sp, key) in [(ZOOM, zoom_key()), (INTRANET, intranet_key())] {
        let request = bridge.request_of(sp);
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(400, "request-unsigned");
        let page = browser
            .arrive_by_post("/saml/sso", &request.post(None))
            .await;
        page.stops(400, "request-unsigned");
        // It is not signed where nothing of the request is covered.
        let inner = bridge.request_of(sp);
        let hidden = format!(
            "<samlp:Extensions>{}</samlp:Extensions>",
            inner.signed_xml(key)
        );
        bring(&mut browser, &request.clone().holding(&hidden).xml()).await;
        let page = browser.arrive(&request.redirect_signed(key, None)).await;
        assert_eq!(page.kind(), "login");
    }
    // What the metadata promises can be waived, visibly, by the administrator.
    let promising = zoom_metadata("").replace(
        "<md:SPSSODescriptor ",
        "<md:SPSSODescriptor AuthnRequestsSigned=\"true\" ",
    );
    for (zoom, kind) in [("", "stop"), ("require-signed-requests = false", "login")] {
        let bridge = Setup {
            zoom_metadata: promising.clone(),
            ..Setup::zoom(zoom)
        }
        .build();
        let page = bridge
            .browser()
            .arrive(&bridge.request().redirect(None))
            .await;
        assert_eq!(page.kind(), kind);
    }
}

#[test]
fn the_signed_query_is_the_one_of_the_standard() {
    let signed = sign_query("SAMLRequest=a&RelayState=b", zoom_key());
    assert!(signed.starts_with("SAMLRequest=a&RelayState=b&SigAlg=http%3A%2F%2F"));
    assert_eq!(signed.matches("&Signature=").count(), 1);
}
