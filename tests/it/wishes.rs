//! What a request may ask for, and what the provider is told where it cannot have it.

use crate::{
    bridge::{
        Bridge, IDP, LIBRARY, Setup, ZOOM,
        browser::Browser,
        keys::{intranet_key, zoom_key},
        request::{AuthnRequest, SAML},
    },
    lab::xml_tools::SignedElement,
};

const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
const SFA: &str = "https://refeds.org/profile/sfa";
const MFA: &str = "https://refeds.org/profile/mfa";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

const ANNE: &str = "anne.dupont@univ-montp3.example";
const LUC: &str = "luc.bernard@univ-montp3.example";

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
async fn r34_iip_idp06_sdp_idp07_force_authn_asks_again_although_a_session_lives() {
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
async fn r35_iip_idp07_is_passive_shows_no_page_whatever_happens() {
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
async fn r34_breach_of_iip_idp07_force_authn_and_is_passive_together_are_no_passive_even_with_a_session()
 {
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
async fn r36_iip_idp08_each_comparison_is_judged_by_what_happened() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for (comparison, classes) in [
        ("", &[PPT][..]),
        ("", &[X509, PPT]),
        (" Comparison=\"exact\"", &[PPT]),
        (" Comparison=\"minimum\"", &[PPT]),
        (" Comparison=\"minimum\"", &[PASSWORD]),
        (" Comparison=\"minimum\"", &[UNSPECIFIED]),
        (" Comparison=\"minimum\"", &[MFA, X509, PASSWORD]),
        (" Comparison=\"maximum\"", &[PPT]),
        (" Comparison=\"maximum\"", &[MFA]),
        (" Comparison=\"maximum\"", &[PASSWORD, SFA]),
        (" Comparison=\"better\"", &[PASSWORD]),
        (" Comparison=\"better\"", &[UNSPECIFIED, PASSWORD]),
    ] {
        let request = bridge.request().authn_contexts(comparison, classes);
        let page = browser.arrive(&request.redirect(None)).await;
        let identity = bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.context_class, PPT, "{comparison} {classes:?}");
        // A page is shown for it as for any other request, and what is typed there proves the same.
        let mut stranger = bridge.browser();
        let request = bridge.request().authn_contexts(comparison, classes);
        let login = stranger.arrive(&request.redirect(None)).await;
        let page = stranger.sign_in(&login, "luc.bernard").await;
        let identity = bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.context_class, PPT, "{comparison} {classes:?}");
    }
    for (comparison, classes) in [
        ("", &[MFA][..]),
        ("", &[X509]),
        ("", &[PASSWORD]),
        (" Comparison=\"minimum\"", &[SFA]),
        (" Comparison=\"minimum\"", &[MFA, X509]),
        (" Comparison=\"maximum\"", &[PASSWORD]),
        (" Comparison=\"maximum\"", &[X509]),
        (" Comparison=\"better\"", &[PPT]),
        (" Comparison=\"better\"", &[PASSWORD, PPT]),
        (" Comparison=\"better\"", &[PASSWORD, X509]),
    ] {
        let request = bridge.request().authn_contexts(comparison, classes);
        let said = told(&bridge, &request).await;
        assert_eq!(said, status("Requester", "NoAuthnContext"), "{classes:?}");
        let page = browser.arrive(&request.redirect(None)).await;
        let said = bridge.refusal(&page.answer(), ZOOM, request.id());
        assert_eq!(said, status("Requester", "NoAuthnContext"), "{classes:?}");
        let answer = page.answer();
        assert!(classes.iter().all(|class| !answer.xml.contains(class)));
    }
}

#[tokio::test]
async fn r36_a_declaration_is_met_by_nothing_also_beside_a_class() {
    let bridge = Bridge::new();
    let declaration =
        format!("<saml:AuthnContextDeclRef xmlns:saml=\"{SAML}\">urn:x</saml:AuthnContextDeclRef>");
    let class = format!(
        "<saml:AuthnContextClassRef xmlns:saml=\"{SAML}\">{PPT}</saml:AuthnContextClassRef>"
    );
    for comparison in ["exact", "minimum", "maximum", "better"] {
        for inside in [
            declaration.clone(),
            format!("{declaration}{declaration}"),
            format!("{class}{declaration}"),
            String::new(),
        ] {
            let request = bridge.request().holding(&format!(
                "<samlp:RequestedAuthnContext Comparison=\"{comparison}\">{inside}\
                 </samlp:RequestedAuthnContext>"
            ));
            let said = told(&bridge, &request).await;
            assert_eq!(said, status("Requester", "NoAuthnContext"), "{inside}");
        }
    }
}

#[tokio::test]
async fn r34_r35_r36_a_context_is_judged_whether_a_sign_in_is_forced_or_no_page_may_be_shown() {
    let bridge = Bridge::new();
    let wish = |comparison: &str, class, flag: &str| {
        let comparison = format!(" Comparison=\"{comparison}\"");
        let request = bridge.request().authn_context(&comparison, class);
        request.with(flag, "true")
    };
    let mut browser = signed_in(&bridge).await;
    bridge.wait(10);
    // What could be met by a sign-in is NoPassive for a stranger, what could not is NoAuthnContext.
    for (class, second, top) in [
        (PPT, "NoPassive", "Responder"),
        (MFA, "NoAuthnContext", "Requester"),
    ] {
        let request = wish("minimum", class, "IsPassive");
        assert_eq!(told(&bridge, &request).await, status(top, second));
    }
    let request = wish("minimum", PASSWORD, "IsPassive");
    let page = browser.arrive(&request.redirect(None)).await;
    let identity = bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.context_class, PPT);
    let request = wish("better", PASSWORD, "ForceAuthn");
    let login = browser.arrive(&request.redirect(None)).await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    let identity = bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.context_class, PPT);
    assert_eq!(identity.authn_instant, bridge.now());
    let request = wish("better", PPT, "ForceAuthn");
    let said = told(&bridge, &request).await;
    assert_eq!(said, status("Requester", "NoAuthnContext"));
}

/// A `Subject` that names somebody.
fn subject(attributes: &str, name: &str) -> String {
    format!(
        "<saml:Subject xmlns:saml=\"{SAML}\"><saml:NameID{attributes}>{name}</saml:NameID>\
         </saml:Subject>"
    )
}

#[tokio::test]
async fn r37_who_is_named_signs_in_and_whoever_else_does_is_told_to_be_unknown() {
    let bridge = Bridge::new();
    let email = format!(" Format=\"{EMAIL}\"");
    let about = |name: &str| bridge.request().holding(&subject(&email, name));
    let mut browser = signed_in(&bridge).await;
    // The session of the one who is named answers.
    for (attributes, name) in [
        (email.as_str(), ANNE),
        ("", ANNE),
        (&format!(" SPNameQualifier=\"{ZOOM}\""), ANNE),
    ] {
        let request = bridge.request().holding(&subject(attributes, name));
        let page = browser.arrive(&request.redirect(None)).await;
        let identity = bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.name_id.value, ANNE);
    }
    // That of somebody else does not: they may sign in as the one who is named.
    let request = about(LUC);
    let login = browser.arrive(&request.redirect(None)).await;
    assert_eq!(login.kind(), "login");
    assert!(!login.body.contains(LUC));
    // Who signs in as somebody else again is not that one, and keeps the session that they had.
    let page = browser.sign_in(&login, "anne.dupont").await;
    let unknown = status("Responder", "UnknownPrincipal");
    let answer = page.answer();
    assert_eq!(bridge.refusal(&answer, ZOOM, request.id()), unknown);
    assert!(!answer.xml.contains("@univ-montp3"), "{}", answer.xml);
    assert!(page.cookies_set().is_empty());
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // Without a page nobody can become another.
    let request = about(LUC).with("IsPassive", "true");
    let page = browser.arrive(&request.redirect(None)).await;
    let said = bridge.refusal(&page.answer(), ZOOM, request.id());
    assert_eq!(said, status("Responder", "NoPassive"));
    let request = about(ANNE).with("IsPassive", "true");
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // A forced sign-in is of the one who is named, too.
    let request = about(ANNE).with("ForceAuthn", "true");
    let login = browser.arrive(&request.redirect(None)).await;
    let page = browser.sign_in(&login, "luc.bernard").await;
    assert_eq!(bridge.refusal(&page.answer(), ZOOM, request.id()), unknown);
    // He sits there now, and has nothing of her.
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    assert_eq!(page.kind(), "login");
    // Luc himself is let in, and the browser is his from then on.
    let request = about(LUC);
    let login = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&login, "luc.bernard").await.answer();
    let request = about(LUC);
    let page = browser.arrive(&request.redirect(None)).await;
    let identity = bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.name_id.value, LUC);
}

#[tokio::test]
async fn r37_a_name_is_taken_as_the_provider_was_told_it_and_in_no_other_spelling() {
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    let request = bridge.request_of(LIBRARY);
    let page = browser.arrive(&request.redirect(None)).await;
    let name = bridge
        .identity(&page.answer(), LIBRARY, request.id())
        .name_id;
    let as_told =
        format!(" Format=\"{PERSISTENT}\" NameQualifier=\"{IDP}\" SPNameQualifier=\"{LIBRARY}\"");
    for attributes in [as_told.as_str(), &format!(" Format=\"{PERSISTENT}\"")] {
        let subject = subject(attributes, &name.value);
        let request = bridge.request_of(LIBRARY).holding(&subject);
        let page = browser.arrive(&request.redirect(None)).await;
        let identity = bridge.identity(&page.answer(), LIBRARY, request.id());
        assert_eq!(identity.name_id.value, name.value);
    }
    // Another provider was told another name, and in another format.
    let request = bridge.request().holding(&subject(&as_told, &name.value));
    let unknown = status("Responder", "UnknownPrincipal");
    assert_eq!(told(&bridge, &request).await, unknown);
    for (attributes, name) in [
        (format!(" Format=\"{PERSISTENT}\""), ANNE),
        (" NameQualifier=\"https://other.example\"".to_owned(), ANNE),
        (format!(" SPNameQualifier=\"{LIBRARY}\""), ANNE),
        (" SPProvidedID=\"1\"".to_owned(), ANNE),
        (String::new(), ""),
    ] {
        let request = bridge.request().holding(&subject(&attributes, name));
        assert_eq!(told(&bridge, &request).await, unknown, "{attributes}");
    }
    for other in [
        "ANNE.dupont@univ-montp3.example",
        " anne.dupont@univ-montp3.example",
    ] {
        let request = bridge.request().holding(&subject("", other));
        let login = browser.arrive(&request.redirect(None)).await;
        let page = browser.sign_in(&login, "anne.dupont").await;
        let said = bridge.refusal(&page.answer(), ZOOM, request.id());
        assert_eq!(said, unknown, "{other}");
    }
}

#[tokio::test]
async fn r37_breach_of_iip_sso07_a_subject_that_names_nobody_or_says_how_it_is_confirmed_is_never_ignored()
 {
    let bridge = Bridge::new();
    let name = format!("<saml:NameID>{ANNE}</saml:NameID>");
    let confirmation = "<saml:SubjectConfirmation \
                        Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"></saml:SubjectConfirmation>";
    for (inside, top) in [
        (String::new(), "Responder"),
        ("<saml:BaseID></saml:BaseID>".to_owned(), "Responder"),
        (
            "<saml:EncryptedID></saml:EncryptedID>".to_owned(),
            "Responder",
        ),
        (confirmation.to_owned(), "Requester"),
        (format!("{name}{confirmation}"), "Requester"),
    ] {
        let request = bridge.request().holding(&format!(
            "<saml:Subject xmlns:saml=\"{SAML}\">{inside}</saml:Subject>"
        ));
        let said = told(&bridge, &request).await;
        assert_eq!(said, status(top, "RequestUnsupported"), "{inside}");
    }
}

#[tokio::test]
async fn r37_breach_of_iip_idp10_a_name_id_policy_that_is_not_to_be_had_is_told_and_never_ignored()
{
    let bridge = Bridge::new();
    let mut browser = signed_in(&bridge).await;
    for policy in [
        format!("Format=\"{TRANSIENT}\""),
        format!("Format=\"{PERSISTENT}\""),
        "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted\"".to_owned(),
        format!("Format=\"{EMAIL}\" SPNameQualifier=\"{LIBRARY}\""),
        "SPNameQualifier=\"https://federation.example/affiliation\"".to_owned(),
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
}

#[tokio::test]
async fn r37_a_list_of_attributes_is_one_of_the_metadata_or_refused() {
    let setup = Setup::new();
    let list = "<md:AttributeConsumingService index=\"3\"><md:ServiceName xml:lang=\"en\">Zoom\
                </md:ServiceName><md:RequestedAttribute Name=\"urn:oid:2.5.4.20\"/>\
                </md:AttributeConsumingService></md:SPSSODescriptor>";
    let zoom_metadata = setup.zoom_metadata.replace("</md:SPSSODescriptor>", list);
    let bridge = Setup {
        zoom_metadata,
        ..setup
    }
    .build();
    let mut browser = signed_in(&bridge).await;
    let index = |text| {
        bridge
            .request()
            .with("AttributeConsumingServiceIndex", text)
    };
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    let usual = bridge.identity(&page.answer(), ZOOM, request.id());
    let request = index("3");
    let page = browser.arrive(&request.redirect(None)).await;
    let identity = bridge.identity(&page.answer(), ZOOM, request.id());
    // What it is told is what the administrator released, and no telephone number.
    assert_eq!(identity.attributes, usual.attributes);
    for other in ["0", "1", "65535"] {
        let said = told(&bridge, &index(other)).await;
        assert_eq!(said, status("Requester", "RequestUnsupported"), "{other}");
    }
}

#[tokio::test]
async fn a_providers_name_for_itself_is_on_no_page() {
    let bridge = Bridge::new();
    let request = bridge
        .request()
        .with("ProviderName", "<script>marker()</script>")
        .with("Consent", "urn:marker()");
    let mut browser = bridge.browser();
    let login = browser.arrive(&request.redirect(None)).await;
    assert_eq!(login.kind(), "login");
    let page = browser.sign_in(&login, "anne.dupont").await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    bridge.wait_seconds(3);
    let stop = browser.arrive(&request.redirect(None)).await;
    stop.stops(400, "request-used");
    for shown in [login, page, stop] {
        assert!(!shown.body.contains("marker"), "{}", shown.body);
    }
}

#[tokio::test]
async fn r31_breach_of_iip_sso03_a_binding_or_a_version_that_we_do_not_speak_is_told_at_the_proven_address()
 {
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
async fn r41_iip_sso03_sdp_idp08_an_error_is_signed_exactly_as_the_responses_of_that_provider_are()
{
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
