//! The independent readers: the real binary on a port, and whole sign-ins through it by service
//! providers that none of us wrote, all of them under Zoom's entity ID. `interoperability` runs them, and writes
//! down what they say.
//!
//! Every service provider asks in each way that it can. It must take the Response, where it is signed as
//! it demands, and read the same person in it; xmlsec1 verifies every signature, xmllint holds every
//! message and our metadata against the OASIS schemas, and our own Zoom-strict reader finds nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use passerelle::{
    model::name_id::NameIdFormat,
    sp_check::{Expected, Profile, Rule, read},
    sys::clock::{Clock as _, SystemClock},
    xmlsec::VerifyingKey,
};
use tempfile::TempDir;
use url::Url;

use crate::{
    interoperability::words,
    lab::{
        browser::{BrowserSim, Page},
        metadata::ZOOM_ENTITY_ID,
        real_bridge::RealBridge,
        service_provider::{Identity, RequestBinding, RunningSp, SpKind, SpSite, read_verdict},
        xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
    },
};

/// What of a Response is signed, in the words of the configuration.
pub(crate) const SIGNED: [&str; 3] = ["assertion", "response", "both"];

/// One line of the table: what a service provider says to Responses that are signed in each way.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) kind: SpKind,
    pub(crate) binding: RequestBinding,
    /// None where it is told no name.
    pub(crate) format: Option<NameIdFormat>,
    /// In the order of [`SIGNED`]; None where it is taken.
    pub(crate) refusals: Vec<Option<String>>,
}

/// What a `NameID` may be, as a column of the table.
fn formats() -> impl Iterator<Item = Option<NameIdFormat>> {
    NameIdFormat::ALL.map(Some).into_iter().chain([None])
}

/// The line of the configuration that gives a `NameID` of that format.
const fn name_id(format: Option<NameIdFormat>) -> &'static str {
    match format {
        None => r#"name-id = { format = "none" }"#,
        Some(NameIdFormat::EmailAddress) => {
            r#"name-id = { format = "email-address", from = "mail" }"#
        }
        Some(NameIdFormat::Persistent) => {
            r#"name-id = { format = "persistent", from = "eduPersonUniqueId" }"#
        }
        Some(NameIdFormat::Transient) => r#"name-id = { format = "transient" }"#,
        Some(NameIdFormat::Unspecified) => r#"name-id = { format = "unspecified", from = "uid" }"#,
    }
}

/// Whether a Response of that kind has what this service provider demands.
fn satisfies(kind: SpKind, way: Way) -> bool {
    let sign = way.sign;
    if way.format.is_none() && !takes_no_name(kind) {
        return false;
    }
    match kind {
        SpKind::Python3Saml | SpKind::Pysaml2 => sign != "response",
        SpKind::NodeSaml => sign == "both",
        SpKind::Mellon | SpKind::Samlify | SpKind::Saml2Js | SpKind::Samael => true,
    }
}

/// Whether this service provider takes somebody who has no name.
const fn takes_no_name(kind: SpKind) -> bool {
    match kind {
        SpKind::Pysaml2 | SpKind::NodeSaml | SpKind::Samlify | SpKind::Saml2Js => true,
        SpKind::Python3Saml | SpKind::Mellon | SpKind::Samael => false,
    }
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

/// From the service provider's own button to the form that carries the answer.
pub(crate) async fn to_the_answer(browser: &mut BrowserSim, login: &Url) -> Page {
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

/// What all sign-ins are held against.
struct Readers {
    entity_id: String,
    certificate: PathBuf,
    keys: [VerifyingKey; 1],
}

/// One sign-in: how it is asked for and how it is answered.
#[derive(Clone, Copy, Debug)]
struct Way {
    binding: RequestBinding,
    format: Option<NameIdFormat>,
    sign: &'static str,
}

impl Readers {
    /// Signs somebody in at `sp`, and gives its refusal.
    async fn sign_in(&self, sp: &RunningSp, way: Way) -> Option<String> {
        let kind = sp.kind();
        let mut browser = BrowserSim::new();
        let page = to_the_answer(&mut browser, &sp.login_by(way.binding)).await;
        let form = page.form();
        let response = form.value("SAMLResponse").unwrap();
        let relay_state = sp.relay_state();
        assert_eq!(
            form.value("RelayState"),
            Some(relay_state.as_str()),
            "{kind:?}"
        );
        let xml = String::from_utf8(BASE64_STANDARD.decode(response).unwrap()).unwrap();
        check_message(&xml, &self.certificate, way.sign);
        let (request, acs) = (attribute(&xml, "InResponseTo"), sp.acs());
        let wanted = Expected {
            idp_entity_id: &self.entity_id,
            idp_keys: &self.keys,
            sp_entity_id: ZOOM_ENTITY_ID,
            acs: acs.as_str(),
            request_id: Some(&request),
            now: SystemClock.now(),
            strictness: Profile::Zoom,
        };
        // Zoom knows nobody who has no name.
        let nameless = way.format.is_none().then_some(Rule::NameId);
        let reading = read(response, &wanted);
        let found = reading.findings.iter().map(|finding| finding.rule);
        assert!(found.eq(nameless), "{kind:?}, {way:?}: {reading:?}");

        let end = browser.submit(&page, &form).await;
        match read_verdict(&end) {
            Ok(identity) => {
                assert!(satisfies(kind, way), "{kind:?} takes {way:?}");
                expected(&identity, kind, way.format);
                let back = identity.relay_state.as_deref();
                assert!(
                    back.is_some_and(|back| relay_state.ends_with(back)),
                    "{kind:?}"
                );
                assert_eq!(identity.name_id, name_id_in(&xml), "{kind:?}");
                assert_eq!(identity.in_response_to.as_ref(), Some(&request), "{kind:?}");
                None
            }
            Err(said) => {
                assert!(
                    !satisfies(kind, way),
                    "{kind:?} refuses {way:?}: {said}\n{}",
                    sp.server().log()
                );
                Some(words::own(kind, &said, &[]))
            }
        }
    }
}

/// Signs somebody in at every service provider in every way.
pub(crate) async fn run() -> Vec<SignIn> {
    let lab = TempDir::new().unwrap();
    let sites = SpKind::ALL.map(|kind| SpSite::prepare(kind, lab.path()));
    let bridge = RealBridge::prepare(&sites);
    let (certificate, key) = bridge.certificate();
    let readers = Readers {
        entity_id: format!("{}/saml/metadata", bridge.base),
        certificate,
        keys: [key],
    };

    let idp_metadata = our_metadata(&bridge, lab.path()).await;
    let peers = join_all(sites.map(|site| site.start(&idp_metadata))).await;

    let mut lines: Vec<SignIn> = Vec::new();
    for sp in &peers {
        for binding in sp.kind().bindings() {
            lines.extend(formats().map(|format| SignIn {
                kind: sp.kind(),
                binding: *binding,
                format,
                refusals: Vec::new(),
            }));
        }
    }
    for format in formats() {
        for sign in SIGNED {
            let zoom = format!("[sp.zoom]\nsign = \"{sign}\"\n{}", name_id(format));
            let server = bridge.start_with(&[("[sp.zoom]", &zoom)]).await;
            for line in lines.iter_mut().filter(|line| line.format == format) {
                let sp = peers.iter().find(|sp| sp.kind() == line.kind).unwrap();
                let way = Way {
                    binding: line.binding,
                    format,
                    sign,
                };
                line.refusals.push(readers.sign_in(sp, way).await);
            }
            drop(server);
        }
    }
    lines
}

/// An attribute of the Response.
fn attribute(xml: &str, name: &str) -> String {
    let tree = roxmltree::Document::parse(xml).unwrap();
    tree.root_element().attribute(name).unwrap().to_owned()
}

/// The `NameID` in a Response.
fn name_id_in(xml: &str) -> Option<String> {
    let tree = roxmltree::Document::parse(xml).unwrap();
    let mut nodes = tree.descendants();
    let name_id = nodes.find(|node| node.tag_name().name() == "NameID");
    name_id.map(|name_id| name_id.text().unwrap().to_owned())
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
