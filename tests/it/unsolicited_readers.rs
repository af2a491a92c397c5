//! From our own page to service providers that none of us wrote and that have asked for nothing: who
//! takes such an answer, and who refuses it, in their own words.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::{
    model::name_id::NameIdFormat,
    sp_check::{Expected, Profile, Rule, read},
    sys::clock::{Clock as _, SystemClock},
};
use tempfile::TempDir;
use url::Url;

use crate::{
    independent_readers::{expected, our_metadata},
    lab::{
        browser::{BrowserSim, Page},
        metadata::ZOOM_ENTITY_ID,
        real_bridge::RealBridge,
        service_provider::{SpKind, SpSite, read_verdict},
        xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
    },
};

/// Signs somebody in from our own page; the form that carries the answer.
async fn to_the_answer(browser: &mut BrowserSim, start: &Url) -> Page {
    let page = browser.open(start).await;
    assert_eq!(page.kind().as_deref(), Some("start"), "{}", page.body);
    let form = page.form();
    let page = browser.submit(&page, &form).await;
    assert_eq!(page.kind().as_deref(), Some("login"), "{}", page.body);
    let form = page
        .form()
        .with("username", "zoe.martin")
        .with("password", "bienvenue");
    let page = browser.submit(&page, &form).await;
    assert_eq!(page.kind().as_deref(), Some("post"), "{}", page.body);
    page
}

/// What each of them says to an answer that it has not asked for; `None` where it takes it.
const fn refusal(kind: SpKind) -> Option<&'static str> {
    match kind {
        SpKind::Python3Saml | SpKind::Mellon | SpKind::Samael => None,
        SpKind::Pysaml2 => Some("UnsolicitedResponse"),
        SpKind::NodeSaml => Some("InResponseTo is missing from response"),
        // They leave it to the application, which keeps no such thing.
        SpKind::Samlify | SpKind::Saml2Js => {
            Some("application: InResponseTo names no open request")
        }
    }
}

#[tokio::test]
async fn r39_foreign_service_providers_take_an_answer_that_names_no_request_or_say_why_not() {
    for kind in SpKind::ALL {
        let lab = TempDir::new().unwrap();
        let sites = [SpSite::prepare(kind, lab.path())];
        let bridge = RealBridge::prepare(&sites);
        let idp_metadata = our_metadata(&bridge, lab.path()).await;
        let [site] = sites;
        let sp = site.start(&idp_metadata).await;
        let relay_state = sp.relay_state();
        let table = format!(
            "[sp.zoom]\nsign = \"both\"\nidp-initiated = true\nrelay-states = [\"{relay_state}\"]"
        );
        let _server = bridge.start_with(&[("[sp.zoom]", &table)]).await;
        let mut browser = BrowserSim::new();
        let start = format!("{}/start/zoom", bridge.base).parse().unwrap();
        let page = to_the_answer(&mut browser, &start).await;
        let form = page.form();
        assert_eq!(form.value("RelayState"), Some(relay_state.as_str()));

        let response = form.value("SAMLResponse").unwrap();
        let xml = String::from_utf8(BASE64_STANDARD.decode(response).unwrap()).unwrap();
        assert!(!xml.contains("InResponseTo"), "{xml}");
        assert_eq!(xmllint_schema(&xml, Schema::Protocol), Ok(()), "{xml}");
        let ((certificate, key), acs) = (bridge.certificate(), sp.acs());
        for element in [SignedElement::Assertion, SignedElement::Response] {
            assert_eq!(xmlsec1_verify(&xml, &certificate, element), Ok(()), "{xml}");
        }
        let wanted = Expected {
            idp_entity_id: &format!("{}/saml/metadata", bridge.base),
            idp_keys: &[key],
            sp_entity_id: ZOOM_ENTITY_ID,
            acs: acs.as_str(),
            request_id: None,
            now: SystemClock.now(),
            strictness: Profile::Zoom,
        };
        let reading = read(response, &wanted);
        let found = reading.findings.iter().map(|finding| finding.rule);
        assert!(found.eq([Rule::Unsolicited]), "{reading:?}");

        let verdict = read_verdict(&browser.submit(&page, &form).await);
        match (verdict, refusal(kind)) {
            (Ok(identity), None) => {
                expected(&identity, kind, Some(NameIdFormat::EmailAddress));
                assert_eq!(identity.in_response_to, None, "{kind:?}");
                let back = identity.relay_state.as_deref();
                assert!(
                    back.is_some_and(|back| relay_state.ends_with(back)),
                    "{kind:?}: {back:?}"
                );
            }
            (Err(words), Some(said)) => assert!(words.contains(said), "{kind:?}: {words}"),
            (verdict, _) => panic!("{kind:?}: {verdict:?}\n{}", sp.server().log()),
        }
    }
}
