//! Requests that nobody may be answered for: each ends on our own page, nothing is sent anywhere,
//! and the next person signs in as if nothing had been.
//!
//! That no form leads to an address which is not registered is looked at by the browser itself.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;

use crate::bridge::{
    Bridge, CLOSED, INTRANET, INTRANET_ACS, LIBRARY, LIBRARY_ACS, Setup, ZOOM, ZOOM_ACS,
    browser::Browser,
    keys::{intranet_key, strange_key, zoom_key},
    page::Page,
    request::{
        AuthnRequest, DS, RSA_SHA256, SAML, SAMLP, deflate, encode, post, redirect,
        redirect_deflated, sign_query, signature,
    },
    zoom_metadata,
};

/// A browser in which a person is signed in: whatever it brings is answered, if it is taken.
async fn signed_in(bridge: &Bridge) -> Browser {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    browser
}

/// Brings `xml` by POST, and gives the page on which the person is stopped.
async fn bring(browser: &mut Browser, xml: &str) -> Page {
    let page = browser
        .arrive_by_post("/saml/sso", &post(xml.as_bytes(), Some("r")))
        .await;
    assert!(page.hops.is_empty(), "{xml}");
    assert_eq!(page.kind(), "stop", "{xml}");
    page
}

#[tokio::test]
async fn r01_a_wrapped_signature_is_refused_in_each_of_the_eight_shapes() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let original = bridge.request();
    // The eight shapes hold for an ID of the attacker's own and for that of the original.
    for id in ["evil", original.id()] {
        let signed = original.signed_xml(zoom_key());
        let bare = original.xml();
        let signature = signature(&bare, original.id(), zoom_key());
        let evil = bridge
            .request()
            .with("ID", id)
            .with("AssertionConsumerServiceURL", "https://evil.example/acs");
        let extensions = |inside: &str| format!("<samlp:Extensions>{inside}</samlp:Extensions>");
        let object = |inside: &str| {
            signature.replace(
                "</ds:Signature>",
                &format!("<ds:Object>{inside}</ds:Object></ds:Signature>"),
            )
        };
        let behind = |signature: &str, inside: &str| {
            evil.around(signature).replace(
                "</samlp:AuthnRequest>",
                &format!("{inside}</samlp:AuthnRequest>"),
            )
        };
        for (shape, xml) in [
            ("1", evil.around(&object(&bare))),
            ("2", evil.around(&format!("{signature}{bare}"))),
            ("3", evil.around(&signed)),
            ("4", evil.around(&extensions(&signed))),
            ("5", behind(&signature, &extensions(&bare))),
            ("6", evil.around(&object(&object(&bare)))),
            ("7", evil.around(&extensions(&extensions(&signed)))),
            ("8", evil.around(&object(&extensions(&bare)))),
            ("moved", evil.around(&signature)),
            ("twice", evil.around(&format!("{signature}{signature}"))),
            ("two roots", format!("{}{signed}", evil.xml())),
        ] {
            let page = bring(&mut browser, &xml).await;
            assert_eq!(page.status, 400, "{shape}");
            assert!(
                ["request-signature", "request-unreadable"].contains(&page.reason().as_str()),
                "{shape}: {}",
                page.reason()
            );
        }
    }
    // What was signed is taken: the shapes above are refused for what they are.
    let page = browser
        .arrive_by_post("/saml/sso", &original.post_signed(zoom_key(), None))
        .await;
    bridge.identity(&page.answer(), ZOOM, original.id());
    bridge.still_works().await;
}

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
async fn r08_where_signatures_are_demanded_a_stripped_one_never_helps() {
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

#[tokio::test]
async fn r30_an_address_that_is_not_registered_gets_nothing_even_if_the_request_is_signed() {
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
async fn r31_an_index_that_is_not_there_or_not_alone_gets_nothing() {
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
async fn r32_a_request_counts_for_the_provider_that_it_names_and_no_other() {
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
async fn r33_an_answered_request_is_not_answered_again_and_a_login_page_may_be_reloaded() {
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
    let form = login.filled("anne.dupont", &"x".repeat(20_000));
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

/// A request with each optional attribute absent, empty and long: CVE-2026-3055 leaked memory of
/// another identity provider on one without an address.
#[tokio::test]
async fn r31_whatever_is_absent_empty_or_long_the_answer_is_a_page_or_goes_home() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let names = [
        "ID",
        "Version",
        "IssueInstant",
        "Destination",
        "ProtocolBinding",
        "AssertionConsumerServiceURL",
        "AssertionConsumerServiceIndex",
        "AttributeConsumingServiceIndex",
        "ForceAuthn",
        "IsPassive",
        "Consent",
        "ProviderName",
    ];
    let long = "x".repeat(10_000);
    for name in names {
        let mut tries: Vec<AuthnRequest> = ["", "0", &long]
            .map(|value| bridge.request().with(name, value))
            .into();
        if [
            "ID",
            "Version",
            "IssueInstant",
            "Destination",
            "ProtocolBinding",
        ]
        .contains(&name)
        {
            tries.push(bridge.request().without(name));
        }
        for request in tries {
            let page = browser.arrive(&request.redirect(None)).await;
            match page.kind().as_str() {
                "post" => assert_eq!(page.answer().to, ZOOM_ACS, "{name}"),
                "stop" => assert_eq!(page.status, 400, "{name}"),
                other => panic!("{name}: {other}"),
            }
        }
    }
    bridge.still_works().await;
}

#[test]
fn the_signed_query_is_the_one_of_the_standard() {
    let signed = sign_query("SAMLRequest=a&RelayState=b", zoom_key());
    assert!(signed.starts_with("SAMLRequest=a&RelayState=b&SigAlg=http%3A%2F%2F"));
    assert_eq!(signed.matches("&Signature=").count(), 1);
}
