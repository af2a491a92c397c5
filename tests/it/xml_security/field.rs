//! What service providers of the field do, though the standards would have it otherwise or leave it
//! open, and what is taken of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::hash::MessageDigest;
use passerelle::sys::clock::{Clock as _, SystemClock};
use tempfile::TempDir;

use super::{ENVELOPED, EXCLUSIVE, Unfilled, sign};
use crate::{
    bridge::{
        Bridge, SSO, Setup, ZOOM, ZOOM_ACS,
        browser::Browser,
        keys::{strange_key, zoom_key},
        log::Log,
        page::Page,
        request::{encode, post, redirect, sign_query},
        write,
    },
    lab::process::{repository, run},
};

const RSA_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
const INCLUSIVE: [&str; 4] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
];

/// Signs in on what `page` asks for, and sees that the request with `id` was answered.
async fn signs_in(bridge: &Bridge, browser: &mut Browser, page: &Page, id: &str) {
    let answer = browser.sign_in(page, "anne.dupont").await.answer();
    bridge.identity(&answer, ZOOM, id);
}

#[tokio::test]
async fn r08_a_signature_inside_the_xml_of_a_redirect_request_must_hold_and_so_must_one_beside_it()
{
    let bridge = Setup::zoom("require-signed-requests = true").build();
    let (right, wrong) = (zoom_key(), strange_key());
    for (in_xml, beside, is_taken) in [
        (Some(right), None, true),
        (Some(right), Some(right), true),
        (None, Some(right), true),
        (Some(wrong), None, false),
        (Some(wrong), Some(right), false),
        (Some(right), Some(wrong), false),
        (Some(wrong), Some(wrong), false),
    ] {
        let request = bridge.request();
        // Another algorithm in the XML than beside it: each is verified by its own.
        let unfilled = Unfilled {
            method: RSA_SHA512,
            ..Unfilled::of(request.id())
        };
        let xml = match in_xml {
            Some(key) => sign(&request.around(&unfilled.xml()), &key.private_pem()),
            None => request.xml(),
        };
        let mut path = redirect(xml.as_bytes(), Some("here"));
        if let Some(key) = beside {
            let (before, query) = path.split_once('?').unwrap();
            path = format!("{before}?{}", sign_query(query, key));
        }
        let mut browser = bridge.browser();
        let page = browser.arrive(&path).await;
        if is_taken {
            signs_in(&bridge, &mut browser, &page, request.id()).await;
        } else {
            page.stops(400, "request-signature");
        }
        let altered = xml.replace("Version=\"2.0\"", "ForceAuthn=\"true\" Version=\"2.0\"");
        if in_xml.is_some() {
            let page = bridge
                .browser()
                .arrive(&redirect(altered.as_bytes(), None))
                .await;
            page.stops(400, "request-signature");
        }
    }
}

#[tokio::test]
async fn r11_the_parameters_of_a_signed_query_may_come_in_any_order() {
    let bridge = Setup::zoom("require-signed-requests = true").build();
    let request = bridge.request();
    // RelayState with a lower-case escape, as some write it: the raw text is what was signed.
    let path = format!("{}&RelayState=a%2fb", request.redirect(None));
    let (_, query) = path.split_once('?').unwrap();
    let signed = sign_query(query, zoom_key());
    let parts: Vec<_> = signed.split('&').collect();
    let [message, relay_state, algorithm, signature] = parts[..] else {
        panic!("{signed}");
    };
    let mut browser = bridge.browser();
    let login = browser.arrive(&format!("/saml/sso?{signed}")).await;
    signs_in(&bridge, &mut browser, &login, request.id()).await;
    for order in [
        [relay_state, message, algorithm, signature],
        [relay_state, message, signature, algorithm],
        // By name.
        [relay_state, message, algorithm, signature],
        [message, signature, relay_state, algorithm],
        [signature, algorithm, relay_state, message],
        [algorithm, message, signature, relay_state],
    ] {
        let path = format!("/saml/sso?{}", order.join("&"));
        let page = bridge.browser().arrive(&path).await;
        assert_eq!(page.kind(), "login", "{path}");
    }
    // A signature over the order that was sent is not the one of the standard.
    let sent = [relay_state, message, algorithm].join("&");
    let value = zoom_key().sign_with(MessageDigest::sha256(), sent.as_bytes());
    let path = format!(
        "/saml/sso?{sent}&Signature={}",
        encode(&STANDARD.encode(value))
    );
    let page = bridge.browser().arrive(&path).await;
    page.stops(400, "request-signature");
    // Nor may one parameter take the place of another.
    let swapped = relay_state.replace("a%2fb", "a%2Fb");
    let path = format!(
        "/saml/sso?{}",
        [message, &swapped, algorithm, signature].join("&")
    );
    let page = bridge.browser().arrive(&path).await;
    page.stops(400, "request-signature");
}

#[tokio::test]
async fn r05_inclusive_c14n_of_the_whole_request_is_taken_in_each_of_its_four_names() {
    let bridge = Setup::zoom("require-signed-requests = true").build();
    let only_enveloped: &[&str] = &[ENVELOPED];
    for inclusive in INCLUSIVE {
        for (c14n, transforms) in [
            (EXCLUSIVE, &[ENVELOPED, inclusive][..]),
            (inclusive, &[ENVELOPED, EXCLUSIVE][..]),
            (inclusive, &[ENVELOPED, inclusive][..]),
            (inclusive, only_enveloped),
        ] {
            // Declarations that nothing uses are what the two forms differ in.
            let request = bridge.request().with("xmlns:a", "urn:unused").holding(
                "<samlp:Extensions xmlns=\"urn:x\"><x xmlns:b=\"urn:b\"/></samlp:Extensions>",
            );
            let unfilled = Unfilled {
                c14n,
                transforms,
                ..Unfilled::of(request.id())
            };
            let signed = sign(&request.around(&unfilled.xml()), &zoom_key().private_pem());
            let mut browser = bridge.browser();
            let page = browser
                .arrive_by_post("/saml/sso", &post(signed.as_bytes(), None))
                .await;
            signs_in(&bridge, &mut browser, &page, request.id()).await;
            for altered in [
                signed.replace("xmlns:a=\"urn:unused\"", "xmlns:a=\"urn:other\""),
                signed.replace("Version=\"2.0\"", "ForceAuthn=\"true\" Version=\"2.0\""),
            ] {
                assert_ne!(altered, signed);
                let page = bridge
                    .browser()
                    .arrive_by_post("/saml/sso", &post(altered.as_bytes(), None))
                    .await;
                page.stops(400, "request-signature");
            }
        }
    }
}

#[tokio::test]
async fn r05_inclusive_c14n_of_what_inherits_an_xml_attribute_is_refused_and_said_so() {
    let bridge = Setup::zoom("require-signed-requests = true").build();
    for inclusive in INCLUSIVE {
        let request = bridge.request().with("xml:lang", "fr");
        let unfilled = Unfilled {
            transforms: &[ENVELOPED, inclusive],
            ..Unfilled::of(request.id())
        };
        // The root inherits nothing.
        let signed = sign(&request.around(&unfilled.xml()), &zoom_key().private_pem());
        let page = bridge
            .browser()
            .arrive_by_post("/saml/sso", &post(signed.as_bytes(), None))
            .await;
        assert_eq!(page.kind(), "login");
        // SignedInfo does.
        let unfilled = Unfilled {
            c14n: inclusive,
            ..unfilled
        };
        let signed = sign(&request.around(&unfilled.xml()), &zoom_key().private_pem());
        let log = Log::start();
        let page = bridge
            .browser()
            .arrive_by_post("/saml/sso", &post(signed.as_bytes(), None))
            .await;
        page.stops(400, "request-signature");
        assert!(log.text().contains("an attribute xml:"), "{}", log.text());
    }
}

#[tokio::test]
async fn r05_the_enveloped_signature_transform_alone_is_taken_for_the_whole_request() {
    let bridge = Setup::zoom("require-signed-requests = true").build();
    let request = bridge.request().with("xmlns:a", "urn:unused");
    let unfilled = Unfilled {
        transforms: &[ENVELOPED],
        ..Unfilled::of(request.id())
    };
    let signed = sign(&request.around(&unfilled.xml()), &zoom_key().private_pem());
    let mut browser = bridge.browser();
    let page = browser
        .arrive_by_post("/saml/sso", &post(signed.as_bytes(), None))
        .await;
    signs_in(&bridge, &mut browser, &page, request.id()).await;
}

#[tokio::test]
async fn a_signature_that_stands_last_as_saml2_js_puts_it_is_taken() {
    // Its messages are of the hour that it is.
    let bridge = Setup {
        start: SystemClock.now(),
        ..Setup::zoom("require-signed-requests = true")
    }
    .build();
    let folder = TempDir::new().unwrap();
    let key = write(folder.path(), "sp.key", &zoom_key().private_pem());
    let certificate = write(folder.path(), "sp.crt", &zoom_key().certificate_pem());
    let script = repository().join("tests/peers/saml2_js_request.mjs");
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (is_made, xml) = run(
        "node",
        &[
            &*text(&script),
            ZOOM,
            ZOOM_ACS,
            SSO,
            &text(&key),
            &text(&certificate),
        ],
        &[],
    );
    assert!(is_made, "{xml}");
    let tree = roxmltree::Document::parse(&xml).unwrap();
    let last = tree.root_element().last_element_child().unwrap();
    assert_eq!(last.tag_name().name(), "Signature", "{xml}");
    let id = tree.root_element().attribute("ID").unwrap();
    let mut browser = bridge.browser();
    let page = browser
        .arrive_by_post("/saml/sso", &post(xml.as_bytes(), None))
        .await;
    signs_in(&bridge, &mut browser, &page, id).await;
    let altered = xml.replace("Version=\"2.0\"", "ForceAuthn=\"true\" Version=\"2.0\"");
    assert_ne!(altered, xml);
    let page = bridge
        .browser()
        .arrive_by_post("/saml/sso", &post(altered.as_bytes(), None))
        .await;
    page.stops(400, "request-signature");
}
