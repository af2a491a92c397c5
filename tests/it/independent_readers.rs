//! The independent readers: the real binary on a port, and whole sign-ins through it by service
//! providers that none of us wrote, all of them under Zoom's entity ID.
//!
//! python3-saml and `mod_auth_mellon` ask by signed Redirect, pysaml2 by signed POST from another
//! site. Each must take the Response and read the same person in it; xmlsec1 verifies every
//! signature, xmllint holds every message and our metadata against the OASIS schemas, and our own
//! Zoom-strict reader finds nothing.

use std::{collections::BTreeMap, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::{
    sp_check::{Expected, Profile, read},
    sys::clock::{Clock as _, SystemClock},
};
use tempfile::TempDir;
use url::Url;

use crate::lab::{
    browser::{BrowserSim, Page},
    metadata::ZOOM_ENTITY_ID,
    real_bridge::RealBridge,
    service_provider::{Identity, RunningSp, SpKind, SpSite, read_verdict},
    xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
};

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

/// From the service provider's own button to the form that carries the answer.
async fn to_the_answer(browser: &mut BrowserSim, login: &Url) -> Page {
    let page = to_the_bridge(browser, login).await;
    assert_eq!(
        page.kind().as_deref(),
        Some("login"),
        "{}\n{}",
        page.url,
        page.body
    );
    let form = page
        .form()
        .with("username", "zoe.martin")
        .with("password", "bienvenue");
    let page = browser.submit(&page, &form).await;
    assert_eq!(
        page.kind().as_deref(),
        Some("post"),
        "{}\n{}",
        page.url,
        page.body
    );
    page
}

fn expected(identity: &Identity) {
    assert_eq!(identity.name_id, "zoe.martin@etu.univ-montp3.example");
    assert_eq!(
        identity.name_id_format.as_deref(),
        Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    );
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

fn check_message(xml: &str, certificate: &Path, sign: &str) {
    assert_eq!(xmllint_schema(xml, Schema::Protocol), Ok(()), "{xml}");
    let signed: &[SignedElement] = match sign {
        "assertion" => &[SignedElement::Assertion],
        "response" => &[SignedElement::Response],
        "both" => &[SignedElement::Assertion, SignedElement::Response],
        other => panic!("{other}"),
    };
    for element in signed {
        assert_eq!(
            xmlsec1_verify(xml, certificate, *element),
            Ok(()),
            "{element:?} in {xml}"
        );
    }
}

/// The bridge, stopped, and the service providers, which have read its metadata as it is served.
async fn bridge_and_peers(lab: &TempDir) -> (RealBridge, Vec<RunningSp>) {
    let sites = SpKind::ALL.map(|kind| SpSite::prepare(kind, lab.path()));
    let bridge = RealBridge::prepare(&sites);
    let server = bridge.start("assertion").await;
    let address = format!("{}/saml/metadata", bridge.base).parse().unwrap();
    let ours = BrowserSim::new().open(&address).await;
    assert_eq!(
        ours.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    assert_eq!(xmllint_schema(&ours.body, Schema::Metadata), Ok(()));
    let idp_metadata = lab.path().join("idp.xml");
    std::fs::write(&idp_metadata, &ours.body).unwrap();
    drop(server);
    let mut peers = Vec::new();
    for site in sites {
        peers.push(site.start(&idp_metadata).await);
    }
    (bridge, peers)
}

#[tokio::test]
async fn every_foreign_service_provider_reads_the_same_person_however_the_answer_is_signed() {
    let lab = TempDir::new().unwrap();
    let (bridge, peers) = bridge_and_peers(&lab).await;
    let (certificate, key) = bridge.certificate();
    let keys = [key];
    for sign in ["assertion", "response", "both"] {
        let server = bridge.start(sign).await;
        for (kind, sp) in SpKind::ALL.iter().zip(&peers) {
            let mut browser = BrowserSim::new();
            let page = to_the_answer(&mut browser, &sp.login()).await;
            let form = page.form();
            let response = form.value("SAMLResponse").unwrap();
            assert_eq!(
                form.value("RelayState"),
                Some(sp.relay_state().as_str()),
                "{kind:?}"
            );
            let xml = String::from_utf8(BASE64_STANDARD.decode(response).unwrap()).unwrap();
            check_message(&xml, &certificate, sign);

            let reading = read(
                response,
                &Expected {
                    idp_entity_id: &format!("{}/saml/metadata", bridge.base),
                    idp_keys: &keys,
                    sp_entity_id: ZOOM_ENTITY_ID,
                    acs: sp.acs().as_str(),
                    request_id: Some(&in_response_to(&xml)),
                    now: SystemClock.now(),
                    strictness: Profile::Zoom,
                },
            );
            assert_eq!(reading.findings, [], "{kind:?}, {sign}");

            let end = browser.submit(&page, &form).await;
            let verdict = read_verdict(&end);
            if sign == "response" && *kind != SpKind::Mellon {
                // They demand what their metadata says, WantAssertionsSigned: these readers can
                // say no.
                let words = verdict.unwrap_err();
                let unsigned = ["is not signed", "Signature missing for assertion"];
                assert!(unsigned.iter().any(|said| words.contains(said)), "{words}");
                continue;
            }
            let identity = verdict.unwrap_or_else(|words| {
                panic!("{kind:?} refuses {sign}: {words}\n{}", sp.server().log())
            });
            expected(&identity);
            assert_eq!(
                identity
                    .in_response_to
                    .as_deref()
                    .unwrap_or(&in_response_to(&xml)),
                in_response_to(&xml)
            );
        }
        drop(server);
    }
}

fn in_response_to(xml: &str) -> String {
    let tree = roxmltree::Document::parse(xml).unwrap();
    tree.root_element()
        .attribute("InResponseTo")
        .unwrap()
        .to_owned()
}

/// Their own requests, written by their own libraries. The lab has no TLS: what happens is `Password`.
#[tokio::test]
async fn r36_r37_all_that_a_foreign_service_provider_can_ask_for_is_met_or_told() {
    const ZOE: &str = "zoe.martin@etu.univ-montp3.example";
    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let lab = TempDir::new().unwrap();
    let (bridge, peers) = bridge_and_peers(&lab).await;
    let _server = bridge.start("assertion").await;
    let peer = |wanted: SpKind| {
        let mut all = SpKind::ALL.iter().zip(&peers);
        all.find(|(kind, _)| **kind == wanted).unwrap().1
    };
    let pysaml2 = peer(SpKind::Pysaml2);
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
        expected(&identity);
    }
    let mut browser = BrowserSim::new();
    let other = asking("anne.dupont@univ-montp3.example", "minimum");
    let page = to_the_answer(&mut browser, &other).await;
    let form = page.form();
    let words = read_verdict(&browser.submit(&page, &form).await).unwrap_err();
    assert!(words.contains("UnknownPrincipal"), "{words}");
    // At once, without a page for the person.
    let python3_saml = peer(SpKind::Python3Saml);
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
