//! Whole sign-ins, from the request to what the provider reads.

use std::sync::Arc;

use crate::{
    bridge::{
        Bridge, IDP, INTRANET, INTRANET_ACS, LIBRARY, LIBRARY_ACS, Setup, ZOOM, ZOOM_ACS,
        ZOOM_ALIAS, ZOOM_SECOND_ACS,
        keys::{intranet_key, zoom_key},
        request::{AuthnRequest, redirect},
    },
    lab::xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
};

/// Makes a request into a message: whether it is posted, and the path or the form.
type Way = fn(&AuthnRequest) -> (bool, String);

const ANNE: &str = "anne.dupont@univ-montp3.example";

#[tokio::test]
async fn iip_sso01_iip_sso02_sdp_idp01_sdp_idp02_sdp_idp05_a_person_signs_in_by_each_binding_signed_or_not()
 {
    let bridge = Bridge::new();
    let ways: [(&str, Way); 5] = [
        ("Redirect", |request| (false, request.redirect(Some("r")))),
        ("Redirect, signed", |request| {
            (false, request.redirect_signed(zoom_key(), Some("r")))
        }),
        ("Redirect, signed in the XML", |request| {
            let xml = request.signed_xml(zoom_key());
            (false, redirect(xml.as_bytes(), Some("r")))
        }),
        ("POST", |request| (true, request.post(Some("r")))),
        ("POST, signed", |request| {
            (true, request.post_signed(zoom_key(), Some("r")))
        }),
    ];
    for (name, way) in ways {
        let request = bridge.request();
        let mut browser = bridge.browser();
        let (is_post, message) = way(&request);
        let login = if is_post {
            browser.arrive_by_post("/saml/sso", &message).await
        } else {
            browser.arrive(&message).await
        };
        assert_eq!(login.status, 200, "{name}");
        let answer = browser.sign_in(&login, "anne.dupont").await.answer();
        assert_eq!(answer.to, ZOOM_ACS, "{name}");
        assert_eq!(answer.relay_state.as_deref(), Some("r"), "{name}");
        let identity = bridge.identity(&answer, ZOOM, request.id());
        assert_eq!(identity.name_id.value, ANNE, "{name}");
        assert_eq!(identity.authn_instant, bridge.now(), "{name}");
        assert!(
            identity
                .context_class
                .ends_with(":PasswordProtectedTransport")
        );
        bridge.prove(&answer, &[SignedElement::Assertion]);
    }
}

#[tokio::test]
async fn r32_the_audience_is_the_name_under_which_the_provider_asked() {
    let bridge = Bridge::new();
    for (sp, key, acs, signed) in [
        (ZOOM, zoom_key(), ZOOM_ACS, &[SignedElement::Assertion][..]),
        (
            ZOOM_ALIAS,
            zoom_key(),
            ZOOM_ACS,
            &[SignedElement::Assertion],
        ),
        (
            "https://intranet.example.org/alias",
            intranet_key(),
            INTRANET_ACS,
            &[SignedElement::Assertion, SignedElement::Response],
        ),
    ] {
        let request = bridge.request_of(sp);
        let mut browser = bridge.browser();
        let login = browser.arrive(&request.redirect_signed(key, None)).await;
        let answer = browser.sign_in(&login, "anne.dupont").await.answer();
        assert_eq!(answer.to, acs);
        // The strict reader takes one Audience only: its own name.
        bridge.identity(&answer, sp, request.id());
        bridge.prove(&answer, signed);
    }
}

#[tokio::test]
async fn iip_sso04_sdp_idp09_each_way_to_sign_gives_the_same_identity_and_holds_for_xmlsec1() {
    use SignedElement::{Assertion, Response};
    let mut seen = Vec::new();
    for (sign, signed) in [
        ("assertion", &[Assertion][..]),
        ("response", &[Response]),
        ("both", &[Assertion, Response]),
    ] {
        let bridge = Setup::zoom(&format!("sign = '{sign}'")).build();
        let request = bridge.request();
        let mut browser = bridge.browser();
        let login = browser.arrive(&request.redirect(None)).await;
        let answer = browser.sign_in(&login, "zoe.martin").await.answer();
        let identity = bridge.identity(&answer, ZOOM, request.id());
        bridge.prove(&answer, signed);
        seen.push((identity.name_id, identity.attributes));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
}

#[tokio::test]
async fn r44_the_relay_state_comes_back_byte_for_byte_and_stays_away_if_it_was_absent() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    assert_eq!(
        browser
            .sign_in(&login, "anne.dupont")
            .await
            .answer()
            .relay_state,
        None
    );
    let long = "é".repeat(512);
    for text in [
        "",
        "https://univ-montp3-fr.zoom.us/j/123?pwd=a&b=c#d",
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "&quot;&#34;&amp;",
        "%3Cscript%3E%2B+",
        "a\r\nb\r\nSet-Cookie: c=d",
        "\t tab and  spaces ",
        "👩‍🏫 Zoé ﷽ \u{202e}",
        "${7*7} {{7*7}} \u{f8d0}\u{f8d2}",
        long.as_str(),
    ] {
        for request in [
            bridge.request().redirect(Some(text)),
            bridge.request().redirect_signed(zoom_key(), Some(text)),
        ] {
            let page = browser.arrive(&request).await;
            assert_eq!(page.answer().relay_state.as_deref(), Some(text));
            assert!(!page.body.contains("<script>alert"), "{}", page.body);
        }
        let posted = bridge.request().post(Some(text));
        let page = browser.arrive_by_post("/saml/sso", &posted).await;
        assert_eq!(page.answer().relay_state.as_deref(), Some(text));
    }
}

#[tokio::test]
async fn r30_r31_iip_idp12_sdp_idp06_the_answer_goes_to_the_address_the_index_or_the_default() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    let by_url = |url| bridge.request().with("AssertionConsumerServiceURL", url);
    let by_index = |index| {
        bridge
            .request()
            .without("ProtocolBinding")
            .with("AssertionConsumerServiceIndex", index)
    };
    for (request, acs) in [
        (by_url(ZOOM_ACS), ZOOM_ACS),
        (by_url(ZOOM_SECOND_ACS), ZOOM_SECOND_ACS),
        (by_index("0"), ZOOM_ACS),
        (by_index("1"), ZOOM_SECOND_ACS),
        (bridge.request(), ZOOM_ACS),
        (bridge.request().without("ProtocolBinding"), ZOOM_ACS),
    ] {
        let answer = browser.arrive(&request.redirect(None)).await.answer();
        assert_eq!(answer.to, acs);
        // Destination and Recipient are that address too, or the strict reader would say so.
        bridge.identity(&answer, ZOOM, request.id());
    }
}

#[tokio::test]
async fn the_second_sign_in_shows_no_page_and_is_answered_at_once() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    let first = browser.sign_in(&login, "anne.dupont").await.answer();
    let signed_in_at = bridge.now();
    bridge.wait(10);
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    assert!(page.hops.is_empty());
    assert!(page.cookies_set().is_empty());
    let second = page.answer();
    let identity = bridge.identity(&second, ZOOM, request.id());
    assert_eq!(identity.authn_instant, signed_in_at);
    assert_ne!(first.attribute("ID"), second.attribute("ID"));
    // The session index is the session's, so that a logout finds both.
    assert!(first.xml.contains(&identity.session_index));
    // Another provider shares the session, and neither the name nor the word for the session: by one that both
    // have, two providers would know that they speak of one person (saml-core-2.0 §2.7.2).
    let at_zoom = identity.session_index;
    let request = bridge.request_of(LIBRARY);
    let page = browser.arrive(&request.redirect(None)).await;
    assert!(page.hops.is_empty());
    let identity = bridge.identity(&page.answer(), LIBRARY, request.id());
    assert_ne!(identity.session_index, at_zoom);
    assert_eq!(identity.attributes, []);
}

#[tokio::test]
async fn r110_iip_sso05_a_persistent_name_is_stable_and_each_provider_has_its_own() {
    let bridge = Bridge::new();
    let alias = "https://intranet.example.org/alias";
    let mut names = Vec::new();
    for login in ["anne.dupont", "luc.bernard"] {
        let mut browser = bridge.browser();
        let request = bridge.request_of(LIBRARY);
        let page = browser.arrive(&request.redirect(None)).await;
        let answer = browser.sign_in(&page, login).await.answer();
        assert_eq!(answer.to, LIBRARY_ACS);
        let at_library = bridge.identity(&answer, LIBRARY, request.id()).name_id;
        let mut at_intranet = Vec::new();
        for sp in [INTRANET, alias, INTRANET] {
            bridge.wait(1);
            let request = bridge.request_of(sp);
            let path = request.redirect_signed(intranet_key(), None);
            let answer = browser.arrive(&path).await.answer();
            at_intranet.push(bridge.identity(&answer, sp, request.id()).name_id);
        }
        assert_eq!(at_intranet[0], at_intranet[1]);
        assert_eq!(at_intranet[1], at_intranet[2]);
        let name = at_intranet.remove(0);
        assert_eq!(
            name.format.as_deref(),
            Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        );
        assert_eq!(name.name_qualifier.as_deref(), Some(IDP));
        assert_eq!(name.sp_name_qualifier.as_deref(), Some(INTRANET));
        assert!(!name.value.contains(login) && !name.value.contains('@'));
        assert_eq!(name.value, name.value.to_lowercase());
        names.extend([at_library.value, name.value]);
    }
    names.sort();
    let number = names.len();
    names.dedup();
    assert_eq!(
        names.len(),
        number,
        "each person has a name at each provider"
    );
    // A new server with the same secret knows the same people.
    let again = Setup {
        seed: 99,
        ..Setup::new()
    }
    .build();
    let mut browser = again.browser();
    let request = again.request_of(LIBRARY);
    let page = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&page, "anne.dupont").await.answer();
    let name = again.identity(&answer, LIBRARY, request.id()).name_id;
    assert!(names.contains(&name.value));
}

#[test]
fn the_requests_of_these_tests_hold_for_xmlsec1_and_for_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("zoom.crt");
    std::fs::write(&certificate, zoom_key().certificate_pem()).unwrap();
    let at = "2026-11-26T08:00:00Z".parse().unwrap();
    let request = AuthnRequest::new("a1", ZOOM, "https://idp.example.org/saml/sso", at)
        .with("ForceAuthn", "true")
        .name_id_policy("AllowCreate=\"true\"")
        .authn_context("", "urn:x");
    let xml = request.signed_xml(zoom_key());
    xmllint_schema(&xml, Schema::Protocol).unwrap();
    xmlsec1_verify(&xml, &certificate, SignedElement::AuthnRequest).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r48_people_who_sign_in_at_the_same_time_are_not_mixed_up() {
    let mut setup = Setup::new();
    let (_before, zoe) = setup.people.split_once("\n[person.").unwrap();
    let (zoe, _others) = zoe.split_once("\n\n").unwrap();
    let people: Vec<_> = (0..30)
        .map(|number| format!("zoe.martin{number}"))
        .collect();
    let tables = people
        .iter()
        .map(|login| {
            zoe.replace("zoe.martin", login)
                .replace("5b0e3c7a91d24f68", login)
        })
        .map(|table| format!("[person.{table}\n\n"));
    setup.people = tables.collect();
    let bridge = Arc::new(setup.build());
    let mut tasks = tokio::task::JoinSet::new();
    for (number, login) in people.into_iter().enumerate() {
        let bridge = Arc::clone(&bridge);
        tasks.spawn(async move {
            let state = format!("state {number}");
            let mail = format!("{login}@etu.univ-montp3.example");
            let mut browser = bridge.browser();
            for round in 0..4 {
                let request = bridge.request();
                let path = request.redirect(Some(&state));
                let mut page = browser.arrive(&path).await;
                if round == 0 {
                    page = browser.sign_in(&page, &login).await;
                }
                let answer = page.answer();
                assert_eq!(answer.relay_state.as_deref(), Some(state.as_str()));
                let identity = bridge.identity(&answer, ZOOM, request.id());
                assert_eq!(identity.name_id.value, mail);
                let mails = &identity.attributes[0].values;
                assert_eq!(mails.as_slice(), std::slice::from_ref(&mail));
            }
        });
    }
    while let Some(end) = tasks.join_next().await {
        end.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r122_where_too_many_come_at_once_the_last_ones_are_asked_to_come_back() {
    let bridge = Setup {
        local: "hashing-threads = 1\nhashing-queue = 1".to_owned(),
        ..Setup::new()
    }
    .build();
    let bridge = Arc::new(bridge);
    let mut tasks = tokio::task::JoinSet::new();
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let mut browser = bridge.browser();
        let login = browser.arrive(&bridge.request().redirect(None)).await;
        waiting.push((browser, login));
    }
    for (mut browser, login) in waiting {
        tasks.spawn(async move {
            let page = browser.sign_in(&login, "anne.dupont").await;
            (browser, page)
        });
    }
    let ends = tasks.join_all().await;
    let mut busy = 0;
    for (mut browser, page) in ends {
        if page.kind() == "post" {
            continue;
        }
        busy += 1;
        assert_eq!((page.status, page.kind().as_str()), (503, "login"));
        assert_eq!(page.header("retry-after"), Some("2"));
        assert!(page.cookies_set().is_empty());
        // The attempt was none: nobody waits for it (R-74).
        browser.sign_in(&page, "anne.dupont").await.answer();
    }
    assert!((1..12).contains(&busy), "{busy}");
}
