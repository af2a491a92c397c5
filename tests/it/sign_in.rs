//! Whole sign-ins, from the request to what the provider reads.

use crate::{
    bridge::{
        Bridge, IDP, INTRANET, INTRANET_ACS, LIBRARY, LIBRARY_ACS, Setup, ZOOM, ZOOM_ACS,
        ZOOM_ALIAS, ZOOM_SECOND_ACS,
        keys::{intranet_key, zoom_key},
        request::AuthnRequest,
    },
    lab::xml_tools::SignedElement,
};

const ANNE: &str = "anne.dupont@univ-montp3.example";

#[tokio::test]
async fn a_person_signs_in_by_each_binding_signed_or_not() {
    let bridge = Bridge::new();
    type Way = fn(&AuthnRequest) -> (bool, String);
    let ways: [(&str, Way); 4] = [
        ("Redirect", |request| (false, request.redirect(Some("r")))),
        ("Redirect, signed", |request| {
            (false, request.redirect_signed(zoom_key(), Some("r")))
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
        assert!(identity.context_class.ends_with(":PasswordProtectedTransport"));
        bridge.prove(&answer, &[SignedElement::Assertion]);
    }
}
