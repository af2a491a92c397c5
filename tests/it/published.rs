//! What we publish of ourselves, and what machines ask.

use crate::{
    bridge::{
        Bridge, IDP, SSO,
        keys::idp_key,
        request::{post, redirect},
    },
    lab::xml_tools::{Schema, xmllint_schema},
};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

#[tokio::test]
async fn our_metadata_is_valid_and_promises_what_the_routes_do() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let page = browser.open("/saml/metadata").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    xmllint_schema(&page.body, Schema::Metadata).unwrap();
    let tree = roxmltree::Document::parse(&page.body).unwrap();
    let root = tree.root_element();
    assert_eq!(root.attribute("entityID"), Some(IDP));
    let all = |name: &'static str| {
        tree.descendants()
            .filter(move |node| node.is_element() && node.tag_name().name() == name)
    };
    // The entity ID is where the metadata is (SDP-MD01), and errorURL leads to a page.
    assert_eq!(
        IDP.strip_prefix(crate::bridge::ORIGIN),
        Some("/saml/metadata")
    );
    let role = all("IDPSSODescriptor").next().unwrap();
    let error_url = role.attribute("errorURL").unwrap();
    let path = error_url.strip_prefix(crate::bridge::ORIGIN).unwrap();
    assert_eq!(browser.open(path).await.status, 200);
    let logo = all("Logo").next().unwrap().text().unwrap();
    let path = logo.strip_prefix(crate::bridge::ORIGIN).unwrap();
    let logo = browser.open(path).await;
    assert_eq!(
        (logo.status, logo.header("content-type")),
        (200, Some("image/svg+xml"))
    );
    // Each binding that is promised is served, at the address that is promised.
    let mut bindings = Vec::new();
    for service in all("SingleSignOnService") {
        assert_eq!(service.attribute("Location"), Some(SSO));
        let binding = service.attribute("Binding").unwrap();
        let request = bridge.request().xml();
        let page = if binding.ends_with("HTTP-Redirect") {
            browser.arrive(&redirect(request.as_bytes(), None)).await
        } else {
            assert!(binding.ends_with("HTTP-POST"), "{binding}");
            browser
                .arrive_by_post("/saml/sso", &post(request.as_bytes(), None))
                .await
        };
        assert_eq!(page.kind(), "login", "{binding}");
        bindings.push(binding);
    }
    assert_eq!(bindings.len(), 2);
    // Nothing is promised that is not built.
    for name in [
        "SingleLogoutService",
        "ArtifactResolutionService",
        "NameIDMappingService",
        "ManageNameIDService",
        "SPSSODescriptor",
        "AttributeAuthorityDescriptor",
    ] {
        assert_eq!(all(name).count(), 0, "{name}");
    }
    assert_eq!(role.attribute("WantAuthnRequestsSigned"), Some("false"));
    let certificate = all("X509Certificate").next().unwrap().text().unwrap();
    assert_eq!(certificate, idp_key().certificate_base64());
    let formats: Vec<_> = all("NameIDFormat")
        .map(|node| node.text().unwrap())
        .collect();
    let words = formats.iter().map(|urn| urn.rsplit(':').next().unwrap());
    assert!(
        words.eq(["emailAddress", "persistent", "transient", "unspecified"]),
        "{formats:?}"
    );
    // A signed document of ours would be material for attacks on weak providers.
    assert_eq!(all("Signature").count(), 0);
    assert_eq!(root.tag_name().namespace(), Some(MD));
    for scope in all("Scope") {
        assert_eq!(scope.attribute("regexp"), Some("false"));
    }
}

#[tokio::test]
async fn health_tells_machines_and_names_nobody() {
    let bridge = Bridge::new();
    bridge.still_works().await;
    let mut browser = bridge.browser();
    let page = browser.open("/healthz").await;
    assert_eq!((page.status, page.body.as_str()), (200, "ok\n"));
    let page = browser.open("/readyz").await;
    let said: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(said["ready"], true);
    assert_eq!(said["service_providers"], 4);
    assert_eq!(said["requests_answered_without_replay_mark"], 0);
    assert_eq!(said["cas_tickets_asked_about_without_mark"], 0);
    assert_eq!(said["sessions_not_kept_or_found"], 0);
    assert!(!page.body.contains("anne"));
}

#[tokio::test]
async fn r33_a_full_store_of_marks_stops_nobody_and_health_says_so() {
    let bridge = crate::bridge::Setup {
        more: "[requests]\nmax-replay-marks = 1".to_owned(),
        ..crate::bridge::Setup::new()
    }
    .build();
    bridge.still_works().await;
    bridge.still_works().await;
    let page = bridge.browser().open("/readyz").await;
    let said: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(said["requests_answered_without_replay_mark"], 1);
}
