//! What we publish of ourselves, and what machines ask.

use std::fs;

use roxmltree::{Document, Node};
use url::Url;

use crate::{
    bridge::{
        Bridge, IDP, ORIGIN, SSO, Setup,
        browser::Browser,
        keys::idp_key,
        request::{post, redirect},
        write,
    },
    lab::xml_tools::{Schema, xmllint_schema},
};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
const SHIBMD: &str = "urn:mace:shibboleth:metadata:1.0";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Our metadata as anybody reads it, and a browser.
async fn read_ours() -> (Bridge, Browser, String) {
    read_of(Bridge::new()).await
}

async fn read_of(bridge: Bridge) -> (Bridge, Browser, String) {
    let mut browser = bridge.browser();
    let page = browser.open("/saml/metadata").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    xmllint_schema(&page.body, Schema::Metadata).unwrap();
    (bridge, browser, page.body)
}

/// Every element of that name.
fn all<'t, 'i>(tree: &'t Document<'i>, name: &str) -> Vec<Node<'t, 'i>> {
    tree.descendants()
        .filter(|node| node.is_element() && node.tag_name().name() == name)
        .collect()
}

fn is_https(url: &str) {
    assert_eq!(Url::parse(url).unwrap().scheme(), "https");
}

fn path_of(url: &str) -> &str {
    url.strip_prefix(ORIGIN).unwrap()
}

#[tokio::test]
async fn sdp_md04_sdp_idp03_our_metadata_promises_what_the_routes_do_at_https_addresses() {
    let (bridge, mut browser, text) = read_ours().await;
    let tree = Document::parse(&text).unwrap();
    let root = tree.root_element();
    assert_eq!(root.attribute("entityID"), Some(IDP));
    assert_eq!(root.tag_name().namespace(), Some(MD));
    // The entity ID is where the metadata is (SDP-MD01).
    assert_eq!(path_of(IDP), "/saml/metadata");
    // Each binding that is promised is served, at the address that is promised.
    let mut bindings = Vec::new();
    for service in all(&tree, "SingleSignOnService") {
        assert_eq!(service.attribute("Location"), Some(SSO));
        is_https(SSO);
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
}

#[tokio::test]
async fn breach_of_sdp_md04_our_metadata_promises_nothing_that_is_not_built() {
    let (_, _, text) = read_ours().await;
    let tree = Document::parse(&text).unwrap();
    for name in [
        "SingleLogoutService",
        "ArtifactResolutionService",
        "NameIDMappingService",
        "ManageNameIDService",
        "SPSSODescriptor",
        "AttributeAuthorityDescriptor",
        // A signed document of ours would be material for attacks on weak providers.
        "Signature",
    ] {
        assert_eq!(all(&tree, name).len(), 0, "{name}");
    }
    let role = all(&tree, "IDPSSODescriptor")[0];
    assert_eq!(role.attribute("WantAuthnRequestsSigned"), Some("false"));
}

#[tokio::test]
async fn sdp_md09_sdp_md10_our_metadata_has_names_for_people_and_a_logo_that_is_there() {
    let (_, mut browser, text) = read_ours().await;
    let tree = Document::parse(&text).unwrap();
    let ui_info = all(&tree, "UIInfo")[0];
    let names: Vec<_> = ui_info
        .children()
        .filter(|node| node.has_tag_name((MDUI, "DisplayName")))
        .map(|node| (node.attribute((XML, "lang")), node.text()))
        .collect();
    assert!(!names.is_empty(), "{text}");
    for (language, name) in names {
        assert!(language.is_some() && name.is_some_and(|name| !name.is_empty()));
    }
    let logo = all(&tree, "Logo")[0].text().unwrap();
    is_https(logo);
    let logo = browser.open(path_of(logo)).await;
    assert_eq!(
        (logo.status, logo.header("content-type")),
        (200, Some("image/svg+xml"))
    );
}

#[tokio::test]
async fn sdp_md11_sdp_md12_our_metadata_has_a_technical_contact_and_an_error_page() {
    let (_, mut browser, text) = read_ours().await;
    let tree = Document::parse(&text).unwrap();
    let contact = all(&tree, "ContactPerson")[0];
    assert_eq!(contact.attribute("contactType"), Some("technical"));
    let address = all(&tree, "EmailAddress")[0].text().unwrap();
    assert_eq!(address, "mailto:sso@example.org");
    let role = all(&tree, "IDPSSODescriptor")[0];
    let error_url = role.attribute("errorURL").unwrap();
    is_https(error_url);
    let page = browser.open(path_of(error_url)).await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
}

#[tokio::test]
async fn sdp_idp33_our_metadata_has_all_that_a_service_provider_looks_for() {
    let (_, _, text) = read_ours().await;
    let tree = Document::parse(&text).unwrap();
    for (name, least) in [
        ("SingleSignOnService", 1),
        ("KeyDescriptor", 1),
        ("UIInfo", 1),
        ("DisplayName", 1),
        ("Logo", 1),
        ("Scope", 1),
        ("Organization", 1),
        ("ContactPerson", 1),
    ] {
        assert!(all(&tree, name).len() >= least, "{name}");
    }
    let key = all(&tree, "KeyDescriptor")[0];
    assert_eq!(key.attribute("use"), Some("signing"));
    let certificate = all(&tree, "X509Certificate")[0].text().unwrap();
    assert_eq!(certificate, idp_key().certificate_base64());
    let formats: Vec<_> = all(&tree, "NameIDFormat")
        .into_iter()
        .map(|node| node.text().unwrap())
        .collect();
    let words = formats.iter().map(|urn| urn.rsplit(':').next().unwrap());
    assert!(
        words.eq(["emailAddress", "persistent", "transient", "unspecified"]),
        "{formats:?}"
    );
}

#[tokio::test]
async fn sdp_idp14_our_metadata_has_each_scope_of_ours_and_none_as_an_expression() {
    let setup = Setup::new();
    let (folder, path) = setup.write();
    let text = fs::read_to_string(&path).unwrap();
    let two = "scopes = ['univ-montp3.example', 'etu.univ-montp3.example']";
    let text = text.replace("scopes = ['univ-montp3.example']", two);
    write(folder.path(), "passerelle.toml", &text);
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    let (_, _, text) = read_of(bridge).await;
    let tree = Document::parse(&text).unwrap();
    let scopes = all(&tree, "Scope");
    let told: Vec<_> = scopes
        .iter()
        .map(|scope| {
            assert_eq!(scope.tag_name().namespace(), Some(SHIBMD));
            assert_eq!(scope.attribute("regexp"), Some("false"));
            scope.text().unwrap()
        })
        .collect();
    assert_eq!(told, ["univ-montp3.example", "etu.univ-montp3.example"]);
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
    let bridge = Setup {
        more: "[requests]\nmax-replay-marks = 1".to_owned(),
        ..Setup::new()
    }
    .build();
    bridge.still_works().await;
    bridge.still_works().await;
    let page = bridge.browser().open("/readyz").await;
    let said: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(said["requests_answered_without_replay_mark"], 1);
}
