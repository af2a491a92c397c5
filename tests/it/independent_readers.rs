//! What all tests of the real binary share that sign somebody in at service providers none of us wrote;
//! and all that one of these can ask for. `interoperability` has every one of them sign somebody in, in
//! every way, and writes down what they say.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use passerelle::model::name_id::NameIdFormat;
use tempfile::TempDir;
use url::Url;

use crate::bridge::request::deflate;
use crate::lab::{
    browser::{BrowserSim, Page},
    impostor::authn_request,
    real_bridge::RealBridge,
    service_provider::{Identity, SpKind, SpSite, read_verdict},
    xml_tools::{Schema, xmllint_schema},
};

/// What a `NameID` may be, as a column of the table.
pub(crate) fn formats() -> impl Iterator<Item = Option<NameIdFormat>> {
    NameIdFormat::ALL.map(Some).into_iter().chain([None])
}

/// From the service provider's own button to what the bridge says.
async fn to_the_bridge(browser: &mut BrowserSim, login: &Url) -> Page {
    let page = browser.open(login).await;
    if page.kind().is_some() {
        return page;
    }
    // HTTP-POST: the page of the service provider that sends itself on.
    let form = page.form();
    browser.submit(&page, &form).await
}

/// From the service provider's own button to the form that carries the answer; by way of the form for the
/// password where nobody has signed in in that browser.
pub(crate) async fn to_the_answer(browser: &mut BrowserSim, login: &Url) -> Page {
    let mut page = to_the_bridge(browser, login).await;
    if page.kind().as_deref() == Some("login") {
        let form = page
            .form()
            .with("username", "zoe.martin")
            .with("password", "bienvenue");
        page = browser.submit(&page, &form).await;
    }
    assert_eq!(
        page.kind().as_deref(),
        Some("post"),
        "{}\n{}",
        page.url,
        page.body
    );
    page
}

/// Fails the test where `identity` is not that of the person who signs in here.
pub(crate) fn expected(identity: &Identity, kind: SpKind, format: Option<NameIdFormat>) {
    let told = format.filter(|_| kind.tells_name_id_format());
    let told = told.map(NameIdFormat::urn);
    assert_eq!(identity.name_id_format.as_deref(), told, "{kind:?}");
    let name = identity.name_id.as_deref();
    let is = |known: &str| name == Some(known);
    let of_format = [
        is("zoe.martin@etu.univ-montp3.example"),
        name.is_some_and(|name| name.len() == 52),
        name.is_some_and(|name| name.starts_with('_') && name.len() == 41),
        is("zoe.martin"),
        name.is_none(),
    ];
    let right = formats().map(|one| one == format);
    assert!(right.eq(of_format), "{kind:?}, {format:?}: {name:?}");
    let attributes: BTreeMap<_, Vec<_>> = identity
        .attributes
        .iter()
        .map(|(name, values)| (name.as_str(), values.iter().map(String::as_str).collect()))
        .collect();
    let golden = [
        (
            "urn_oid_0_9_2342_19200300_100_1_3",
            vec!["zoe.martin@etu.univ-montp3.example"],
        ),
        (
            "urn_oid_1_3_6_1_4_1_5923_1_1_1_1",
            vec!["member", "student"],
        ),
        (
            "urn_oid_1_3_6_1_4_1_5923_1_1_1_13",
            vec!["5b0e3c7a91d24f68@univ-montp3.example"],
        ),
        ("urn_oid_2_16_840_1_113730_3_1_241", vec!["Zoé Martin"]),
        ("urn_oid_2_5_4_11", vec!["Département de lettres modernes"]),
        ("urn_oid_2_5_4_4", vec!["Martin"]),
        ("urn_oid_2_5_4_42", vec!["Zoé"]),
        ("zoomLicense", vec!["basic"]),
    ];
    assert_eq!(attributes, BTreeMap::from(golden));
    assert!(
        identity
            .session_index
            .as_deref()
            .is_some_and(|index| !index.is_empty())
    );
}

/// Our metadata as it is served, which the service providers read once: a file in `folder`.
pub(crate) async fn our_metadata(bridge: &RealBridge, folder: &Path) -> PathBuf {
    our_metadata_with(bridge, folder, &[]).await
}

/// The same, with texts of the configuration replaced.
pub(crate) async fn our_metadata_with(
    bridge: &RealBridge,
    folder: &Path,
    replaced: &[(&str, &str)],
) -> PathBuf {
    let _server = bridge.start_with(replaced).await;
    let address = format!("{}/saml/metadata", bridge.base).parse().unwrap();
    let ours = BrowserSim::new().open(&address).await;
    assert_eq!(
        ours.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    assert_eq!(xmllint_schema(&ours.body, Schema::Metadata), Ok(()));
    let file = folder.join("idp.xml");
    std::fs::write(&file, &ours.body).unwrap();
    file
}

/// Their own requests, written by their own libraries. The lab has no TLS: what happens is `Password`.
#[tokio::test]
async fn r36_r37_iip_sso07_all_that_a_foreign_service_provider_can_ask_for_is_met_or_told() {
    const ZOE: &str = "zoe.martin@etu.univ-montp3.example";
    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let lab = TempDir::new().unwrap();
    let kinds = [SpKind::Pysaml2, SpKind::Python3Saml];
    let sites = kinds.map(|kind| SpSite::prepare(kind, lab.path()));
    let bridge = RealBridge::prepare(&sites);
    let idp_metadata = our_metadata(&bridge, lab.path()).await;
    let peers = join_all(sites.map(|site| site.start(&idp_metadata))).await;
    let [pysaml2, python3_saml] = &peers[..] else {
        panic!("{peers:?}")
    };
    let _server = bridge.start("assertion").await;
    let asking = |subject: &str, comparison: &str| {
        let mut login = pysaml2.login();
        login
            .query_pairs_mut()
            .append_pair("subject", subject)
            .append_pair("comparison", comparison)
            .append_pair("context", "urn:example:unknown")
            .append_pair("context", PASSWORD);
        login
    };
    for comparison in ["exact", "minimum", "maximum"] {
        let mut browser = BrowserSim::new();
        let page = to_the_answer(&mut browser, &asking(ZOE, comparison)).await;
        let form = page.form();
        let end = browser.submit(&page, &form).await;
        let identity = read_verdict(&end)
            .unwrap_or_else(|words| panic!("{comparison}: {words}\n{}", pysaml2.server().log()));
        expected(&identity, SpKind::Pysaml2, Some(NameIdFormat::EmailAddress));
    }
    let mut browser = BrowserSim::new();
    let other = asking("anne.dupont@univ-montp3.example", "minimum");
    let page = to_the_answer(&mut browser, &other).await;
    let form = page.form();
    let words = read_verdict(&browser.submit(&page, &form).await).unwrap_err();
    assert!(words.contains("UnknownPrincipal"), "{words}");
    // At once, without a page for the person.
    let mut confirmed = python3_saml.login();
    confirmed.query_pairs_mut().append_pair("subject", ZOE);
    for (login, second) in [
        (asking(ZOE, "better"), "NoAuthnContext"),
        (confirmed, "RequestUnsupported"),
    ] {
        let mut browser = BrowserSim::new();
        let page = to_the_bridge(&mut browser, &login).await;
        assert_eq!(page.kind().as_deref(), Some("post"), "{}", page.body);
        let form = page.form();
        let words = read_verdict(&browser.submit(&page, &form).await).unwrap_err();
        assert!(words.contains(second), "{words}");
    }
}

/// By no option of the library, but by two of its own functions; SAML has no place for it, and the
/// field sends it all the same (saml-bindings-2.0 §3.4.4.1).
#[tokio::test]
async fn r07_a_redirect_request_with_the_signature_of_pysaml2_in_its_xml_counts_as_signed() {
    let lab = TempDir::new().unwrap();
    let sites = [SpSite::prepare(SpKind::Pysaml2, lab.path())];
    let bridge = RealBridge::prepare(&sites);
    let idp_metadata = our_metadata(&bridge, lab.path()).await;
    let [site] = sites;
    let sp = site.start(&idp_metadata).await;
    let zoom = "[sp.zoom]\nrequire-signed-requests = true";
    let _server = bridge.start_with(&[("[sp.zoom]", zoom)]).await;
    let mut login = sp.login();
    login.query_pairs_mut().append_pair("signed", "inside");
    let mut browser = BrowserSim::new();
    let page = to_the_bridge(&mut browser, &login).await;
    let asked = page
        .redirected_from
        .iter()
        .find(|url| url.path() == "/saml/sso");
    let asked = asked.expect("it came by Redirect");
    assert!(!asked.as_str().contains("Signature="), "{asked}");
    let page = to_the_answer(&mut browser, &login).await;
    let form = page.form();
    let verdict = read_verdict(&browser.submit(&page, &form).await);
    let identity = verdict.unwrap_or_else(|words| panic!("{words}\n{}", sp.server().log()));
    expected(&identity, SpKind::Pysaml2, Some(NameIdFormat::EmailAddress));

    // Under another ID it is not what was signed.
    let mut sent = page.clone();
    (sent.url, sent.body) = (asked.clone(), String::new());
    let (xml, _) = authn_request(&sent);
    let xml = xml.replacen("ID=\"id-", "ID=\"id-x", 1);
    let message = BASE64_STANDARD.encode(deflate(xml.as_bytes()));
    sent.url.set_query(None);
    let mut query = sent.url.query_pairs_mut();
    query.append_pair("SAMLRequest", &message);
    drop(query);
    let page = BrowserSim::new().open(&sent.url).await;
    assert_eq!(page.kind().as_deref(), Some("stop"), "{}", page.body);
}
