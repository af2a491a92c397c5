//! What a request may ask for, and what the provider is told where it cannot have it.

use crate::{
    bridge::{
        Bridge, LIBRARY, Setup, ZOOM,
        browser::Browser,
        keys::{intranet_key, zoom_key},
        request::{AuthnRequest, SAML},
    },
    lab::xml_tools::SignedElement,
};

const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// A browser in which a person is signed in.
async fn signed_in(bridge: &Bridge) -> Browser {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    browser
}

/// What Zoom is told at once, without a page, whether the person is signed in or not.
async fn told(bridge: &Bridge, request: &AuthnRequest) -> (String, String) {
    let mut stranger = bridge.browser();
    let page = stranger.arrive(&request.redirect(Some("r"))).await;
    assert!(page.hops.is_empty());
    assert!(page.cookies_set().is_empty());
    let answer = page.answer();
    assert_eq!(answer.relay_state.as_deref(), Some("r"));
    bridge.refusal(&answer, ZOOM, request.id())
}

fn status(top: &str, second: &str) -> (String, String) {
    (top.to_owned(), second.to_owned())
}

#[tokio::test]
async fn r34_force_authn_asks_again_although_a_session_lives() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    bridge.wait(30);
    for text in ["true", "1"] {
        let request = bridge.request().with("ForceAuthn", text);
        let login = browser.arrive(&request.redirect(None)).await;
        assert_eq!(login.kind(), "login", "{text}");
        bridge.wait(2);
        let answer = browser.sign_in(&login, "anne.dupont").await.answer();
        let identity = bridge.identity(&answer, ZOOM, request.id());
        assert_eq!(identity.authn_instant, bridge.now());
    }
    let request = bridge.request().with("ForceAuthn", "false");
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // Going round the form does not help: the journey still forces.
    let request = bridge.request().with("ForceAuthn", "true");
    let login = browser.arrive(&request.redirect(None)).await;
    let again = browser.open(login.url.path()).await;
    assert_eq!(again.kind(), "login");
}

#[tokio::test]
async fn r35_is_passive_shows_no_page_whatever_happens() {
    let bridge = Bridge::new();
    let request = bridge.request().with("IsPassive", "true");
    assert_eq!(
        told(&bridge, &request).await,
        status("Responder", "NoPassive")
    );
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request().with("IsPassive", "1");
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // By POST from another site no cookie comes along: the session is found at the bounce.
    let request = bridge.request().with("IsPassive", "true");
    let page = browser
        .arrive_by_post("/saml/sso", &request.post(None))
        .await;
    assert_eq!(page.hops.len(), 1);
    bridge.identity(&page.answer(), ZOOM, request.id());
    let request = bridge.request().with("IsPassive", "true");
    let page = bridge
        .browser()
        .arrive_by_post("/saml/sso", &request.post(None))
        .await;
    assert_eq!(
        bridge.refusal(&page.answer(), ZOOM, request.id()),
        status("Responder", "NoPassive")
    );
    // A session that is too old for this provider is none.
    bridge.wait(116);
    let request = bridge.request().with("IsPassive", "true");
    let page = browser.arrive(&request.redirect(None)).await;
    assert_eq!(
        bridge.refusal(&page.answer(), ZOOM, request.id()),
        status("Responder", "NoPassive")
    );
}

#[tokio::test]
async fn r35_who_is_signed_in_and_lacks_what_the_provider_needs_is_no_page_either() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let page = browser
        .arrive(&bridge.request_of(LIBRARY).redirect(None))
        .await;
    browser.sign_in(&page, "sans.mail").await.answer();
    let request = bridge.request().with("IsPassive", "true");
    let page = browser.arrive(&request.redirect(None)).await;
    assert_eq!(
        bridge.refusal(&page.answer(), ZOOM, request.id()),
        status("Responder", "NoPassive")
    );
    // Asked without that wish, the person is told what to do.
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    page.stops(403, "no-mail");
}

#[tokio::test]
async fn r34_force_authn_and_is_passive_together_are_no_passive_even_with_a_session() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge
        .request()
        .with("ForceAuthn", "true")
        .with("IsPassive", "true");
    let page = browser.arrive(&request.redirect(None)).await;
    assert_eq!(
        bridge.refusal(&page.answer(), ZOOM, request.id()),
        status("Responder", "NoPassive")
    );
}

#[tokio::test]
async fn r36_the_context_is_what_happened_and_never_what_was_asked() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for comparison in ["", " Comparison=\"exact\""] {
        let request = bridge.request().authn_context(comparison, PPT);
        let page = browser.arrive(&request.redirect(None)).await;
        let identity = bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.context_class, PPT);
    }
    for (comparison, class) in [
        ("", "https://refeds.org/profile/mfa"),
        ("", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"),
        ("", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"),
        (" Comparison=\"minimum\"", PPT),
        (" Comparison=\"maximum\"", PPT),
        (" Comparison=\"better\"", PPT),
    ] {
        let request = bridge.request().authn_context(comparison, class);
        let said = told(&bridge, &request).await;
        assert_eq!(said, status("Requester", "NoAuthnContext"), "{class}");
        let page = browser.arrive(&request.redirect(None)).await;
        let said = bridge.refusal(&page.answer(), ZOOM, request.id());
        assert_eq!(said, status("Requester", "NoAuthnContext"), "{class}");
        assert!(!page.answer().xml.contains(class));
    }
}

#[tokio::test]
async fn r37_a_name_or_a_person_that_is_not_to_be_had_is_told_and_never_ignored() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let subject = format!(
        "<saml:Subject xmlns:saml=\"{SAML}\"><saml:NameID>luc.bernard@univ-montp3.example\
         </saml:NameID></saml:Subject>"
    );
    let request = bridge.request().holding(&subject);
    assert_eq!(
        told(&bridge, &request).await,
        status("Responder", "RequestUnsupported")
    );
    for policy in [
        format!("Format=\"{TRANSIENT}\""),
        format!("Format=\"{PERSISTENT}\""),
        "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted\"".to_owned(),
        format!("Format=\"{EMAIL}\" SPNameQualifier=\"{LIBRARY}\""),
        "SPNameQualifier=\"\"".to_owned(),
    ] {
        let request = bridge.request().name_id_policy(&policy);
        let said = told(&bridge, &request).await;
        assert_eq!(said, status("Requester", "InvalidNameIDPolicy"), "{policy}");
    }
    for policy in [
        format!("Format=\"{EMAIL}\""),
        "AllowCreate=\"true\"".to_owned(),
        "AllowCreate=\"false\"".to_owned(),
        "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\"".to_owned(),
        format!("SPNameQualifier=\"{ZOOM}\""),
    ] {
        let request = bridge.request().name_id_policy(&policy);
        let page = browser.arrive(&request.redirect(None)).await;
        let identity = bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.name_id.format.as_deref(), Some(EMAIL), "{policy}");
    }
    // What the standard leaves to us is let pass.
    let extras = "<samlp:Extensions><x:y xmlns:x=\"urn:x\"></x:y></samlp:Extensions>";
    let scoping = "<samlp:Scoping ProxyCount=\"2\"></samlp:Scoping>";
    let request = bridge.request().holding(extras).holding(scoping);
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn r31_a_binding_or_a_version_that_we_do_not_speak_is_told_at_the_proven_address() {
    let bridge = Bridge::new();
    let said = |request| {
        let bridge = &bridge;
        async move { told(bridge, &request).await }
    };
    for binding in [
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact",
        "urn:oasis:names:tc:SAML:2.0:bindings:PAOS",
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign",
        "",
    ] {
        let request = bridge.request().with("ProtocolBinding", binding);
        let expected = status("Requester", "UnsupportedBinding");
        assert_eq!(said(request).await, expected, "{binding}");
    }
    for (version, second) in [
        ("1.1", "RequestVersionTooLow"),
        ("3.0", "RequestVersionTooHigh"),
        ("2.1", "RequestVersionTooHigh"),
    ] {
        let request = bridge.request().with("Version", version);
        let expected = status("VersionMismatch", second);
        assert_eq!(said(request).await, expected, "{version}");
    }
    let request = bridge.request().with("Version", "two");
    let page = bridge.browser().arrive(&request.redirect(None)).await;
    page.stops(400, "request-unreadable");
}

#[tokio::test]
async fn r41_an_error_is_signed_exactly_as_the_responses_of_that_provider_are() {
    for (sign, signed) in [
        ("assertion", &[][..]),
        ("response", &[SignedElement::Response]),
        ("both", &[SignedElement::Response]),
    ] {
        let bridge = Setup::zoom(&format!("sign = '{sign}'")).build();
        for request in [
            bridge.request().with("IsPassive", "true"),
            bridge.request().authn_context("", "urn:x:secret-marker"),
            bridge.request().with("Version", "1.1"),
            bridge
                .request()
                .with("ProviderName", "marker")
                .name_id_policy(&format!("Format=\"{TRANSIENT}\"")),
        ] {
            let page = bridge.browser().arrive(&request.redirect(None)).await;
            let answer = page.answer();
            bridge.refusal(&answer, ZOOM, request.id());
            bridge.prove(&answer, signed);
            assert_eq!(
                answer.attribute("InResponseTo").as_deref(),
                Some(request.id())
            );
            assert!(!answer.xml.contains("marker"), "{}", answer.xml);
        }
    }
}

#[tokio::test]
async fn r33_a_signed_request_that_was_refused_is_answered_no_second_time() {
    let bridge = Bridge::new();
    let request = bridge.request().with("IsPassive", "true");
    let path = request.redirect_signed(zoom_key(), None);
    let mut browser = bridge.browser();
    browser.arrive(&path).await.answer();
    browser.arrive(&path).await.stops(400, "request-used");
}

#[tokio::test]
async fn r13_a_request_is_taken_at_the_address_that_it_is_meant_for() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for destination in [
        "https://idp.example.org/saml/sso/",
        "https://idp.example.org/saml/SSO",
        "https://idp.example.org:443/saml/sso",
        "https://IDP.example.org/saml/sso",
        "http://idp.example.org/saml/sso",
        "https://idp.example.org/saml/sso?x=1",
        "https://other.example.org/saml/sso",
        "",
    ] {
        let request = bridge.request().with("Destination", destination);
        for path in [
            request.redirect(None),
            request.redirect_signed(zoom_key(), None),
        ] {
            let page = browser.arrive(&path).await;
            page.stops(400, "request-wrong-destination");
        }
        let page = browser
            .arrive_by_post("/saml/sso", &request.post_signed(zoom_key(), None))
            .await;
        page.stops(400, "request-wrong-destination");
    }
    let request = bridge.request().without("Destination");
    browser.arrive(&request.redirect(None)).await.answer();
    let page = browser
        .arrive(&request.redirect_signed(zoom_key(), None))
        .await;
    page.stops(400, "request-wrong-destination");
    // Another host in the request's own line changes nothing: see `browser_rules`.
    let request = bridge.request_of(crate::bridge::INTRANET);
    let page = browser
        .arrive(&request.redirect_signed(intranet_key(), None))
        .await;
    page.answer();
}
