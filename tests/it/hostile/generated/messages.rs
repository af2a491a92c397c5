//! Every shape, brought to whoever reads it: an AuthnRequest to the whole router, a `LogoutRequest` to
//! the bindings, the door and the verifier, an `EntityDescriptor` to the verifier and to the reader of
//! `passerelle check`.

use std::collections::BTreeSet;

use axum::body::Body;
use passerelle::{
    metadata::{finding::Finding, read::read},
    model::endpoint::Schemes,
    saml::binding::{BindingFault, post, redirect},
    sys::clock::{Clock as _, SystemClock},
};

use super::{
    case::{Case, Verdict, limits, read_verified},
    genuine::{Genuine, Kind},
    malformed,
    queries::{self, Query},
    router::{Brought, House, refuses},
    shapes,
};
use crate::{
    bridge::{
        Bridge,
        log::Log,
        request::{deflate, post as post_form, redirect_deflated},
    },
    sp,
};

/// The form that carries a message over HTTP-POST.
fn as_form(octets: &[u8]) -> Brought {
    Brought::Form(post_form(octets, Some("r")))
}

/// The query that carries a message over HTTP-Redirect, where it fits into one.
fn as_query(octets: &[u8]) -> Option<Brought> {
    let is_short = octets.len() <= redirect::MAX_MESSAGE_BYTES;
    let path = is_short.then(|| redirect_deflated(&deflate(octets), Some("r")))?;
    let (_, query) = path.split_once('?')?;
    (query.len() <= redirect::MAX_QUERY_BYTES).then(|| Brought::Query(query.to_owned()))
}

#[tokio::test]
async fn r01_r13_every_shape_of_an_authn_request_is_refused_for_what_it_is_and_the_next_person_signs_in()
 {
    let (genuine, cases) = shapes::of(Kind::AuthnRequest);
    let mut house = House::open().await;
    for case in cases {
        house.meets(case, &as_form(&case.octets)).await;
        if let Some(brought) = as_query(&case.octets) {
            house.meets(case, &brought).await;
        }
    }
    // The genuine one is answered: the shapes are refused for what they are.
    let brought = as_form(genuine.xml.as_bytes());
    house.answers("the genuine", "it is", &brought).await;
}

#[tokio::test]
async fn r02_what_is_no_xml_is_refused_by_the_whole_router_for_what_the_door_finds() {
    let documents = [malformed::MALFORMED, malformed::MALFORMED_MARKUP].concat();
    // As many at least as were tried on other parsers, each of which took some of them.
    assert!(documents.len() >= 27, "{}", documents.len());
    let mut house = House::open().await;
    for (xml, why) in documents {
        let fault = read_verified(xml.as_bytes(), &limits(Kind::AuthnRequest)).unwrap_err();
        assert!(
            matches!(fault, Verdict::Door(_) | Verdict::NotWellFormed),
            "{why}: {fault:?}"
        );
        let case = Case::new(why, xml, fault);
        house.meets(&case, &as_form(&case.octets)).await;
        let brought = as_query(&case.octets).unwrap();
        house.meets(&case, &brought).await;
    }
}

#[tokio::test]
async fn r10_r11_breach_of_sdp_idp02_every_odd_query_around_a_genuine_one_is_refused_for_what_it_is()
 {
    let cases = queries::cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut house = House::open().await;
    for case in &cases {
        let query = String::from_utf8(case.octets.clone()).unwrap();
        house.meets(case, &Brought::Query(query)).await;
    }
    let genuine = Brought::Query(Query::genuine().whole.clone());
    house.answers("the genuine", "it is", &genuine).await;
}

#[tokio::test]
async fn r11_every_spelling_of_a_parameter_name_beside_a_genuine_signed_query_is_refused() {
    let mut house = House::open().await;
    for case in &queries::spellings() {
        let query = String::from_utf8(case.octets.clone()).unwrap();
        house.meets(case, &Brought::Query(query)).await;
    }
    let genuine = Brought::Query(Query::genuine().whole.clone());
    house.answers("the genuine", "it is", &genuine).await;
}

#[tokio::test]
async fn r11_a_genuine_query_counts_neither_in_a_body_nor_beside_one() {
    let mut house = House::open().await;
    let whole = &Query::genuine().whole;
    let no_request =
        |name: &str| Case::new(name, Vec::new(), Verdict::Binding(BindingFault::NoRequest));
    // As the body of a GET.
    let log = Log::start();
    let request = house
        .browser
        .plain("/saml/sso")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(whole.clone()))
        .unwrap();
    let page = house.browser.exchange(request).await;
    let case = no_request("the body of a GET");
    refuses(&case, &page, &log, case.verdict);
    // As the query of a POST, whatever its body.
    for body in ["", "RelayState=r", "x=y"] {
        let log = Log::start();
        let path = format!("/saml/sso?{whole}");
        let page = house.browser.arrive_by_post(&path, body).await;
        let case = no_request("the query of a POST");
        refuses(&case, &page, &log, case.verdict);
    }
    // As the form of a POST: what belongs to the other binding is believed by nobody.
    let parameters = Verdict::Binding(BindingFault::Parameters);
    let case = Case::new("the form of a POST", whole.clone(), parameters);
    house.meets(&case, &Brought::Form(whole.clone())).await;
    let genuine = Brought::Query(whole.clone());
    house.answers("the genuine", "it is", &genuine).await;
}

/// What door and verifier say of a message, where it is not what they are to say.
fn misjudged(genuine: &Genuine, case: &Case) -> Option<String> {
    let limits = limits(genuine.kind);
    let read = read_verified(&case.octets, &limits);
    let is_right = match case.verdict {
        Verdict::Harmless(_) => read == read_verified(genuine.xml.as_bytes(), &limits),
        // What the request says is looked at behind the verifier.
        Verdict::Refused(..) => read.is_ok(),
        verdict @ (Verdict::Binding(_)
        | Verdict::Door(_)
        | Verdict::NotWellFormed
        | Verdict::Signature(_)) => read == Err(verdict),
    };
    (!is_right).then(|| format!("{}: {:?}, found {read:?}", case.name, case.verdict))
}

#[test]
fn r01_r07_every_shape_of_a_logout_request_is_refused_by_binding_door_or_verifier() {
    let (genuine, cases) = shapes::of(Kind::LogoutRequest);
    let mut refused = 0;
    let mut misjudged_ones = Vec::new();
    for case in cases {
        let form = post_form(&case.octets, None);
        match post::decode_request(&form) {
            Ok(received) => {
                assert_eq!(received.xml, case.octets, "{}", case.name);
                misjudged_ones.extend(misjudged(genuine, case));
            }
            Err(fault) => assert_eq!(Verdict::Binding(fault), case.verdict, "{}", case.name),
        }
        if let Some(Brought::Query(query)) = as_query(&case.octets) {
            let received = redirect::decode_request(&query).unwrap();
            assert_eq!(received.xml, case.octets, "{}", case.name);
        }
        refused += usize::from(!matches!(case.verdict, Verdict::Harmless(_)));
    }
    assert_eq!(misjudged_ones, [""; 0]);
    assert!(refused > 150, "{refused}");
}

#[test]
fn r01_r07_every_shape_of_an_entity_descriptor_is_refused_or_read_as_its_root_alone_says() {
    let (genuine, cases) = shapes::of(Kind::EntityDescriptor);
    let bridge = Bridge::new();
    let config = &bridge.zoom().config;
    let read = |octets: &[u8]| read(octets, config, Schemes::HttpsOnly, bridge.now());
    let mut misjudged_ones = Vec::new();
    let honest = read(genuine.xml.as_bytes()).provider.unwrap();
    for case in cases {
        misjudged_ones.extend(misjudged(genuine, case));
        let reading = read(&case.octets);
        let at_the_door = |finding: &Finding| matches!(finding, Finding::Door(_));
        let is_at_the_door = reading.findings.iter().any(at_the_door);
        let is_no_document = matches!(case.verdict, Verdict::Door(_) | Verdict::NotWellFormed);
        assert_eq!(
            is_at_the_door, is_no_document,
            "{}: {:?}",
            case.name, reading.findings
        );
        let Some(described) = reading.provider else {
            assert!(
                !matches!(case.verdict, Verdict::Harmless(_)),
                "{}: {:?}",
                case.name,
                reading.findings
            );
            continue;
        };
        assert!(!is_no_document, "{}", case.name);
        // An administrator chose the file: whose signature it bears is not asked here. It says what
        // stands directly in its root, and nothing that is wrapped in there.
        assert_eq!(described.sp.entity_id, honest.sp.entity_id, "{}", case.name);
        assert_eq!(described.keys.len(), 1, "{}", case.name);
        let text = std::str::from_utf8(&case.octets).unwrap();
        let tree = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).unwrap();
        let of_root = tree
            .root_element()
            .children()
            .filter(|node| node.tag_name().name() == "SPSSODescriptor")
            .flat_map(|node| node.children())
            .filter(|node| node.tag_name().name() == "AssertionConsumerService")
            .filter_map(|node| node.attribute("Location"));
        let services = &described.sp.assertion_consumer_services;
        let services = services.iter().map(|service| service.location.as_str());
        assert_eq!(
            services.collect::<BTreeSet<_>>(),
            of_root.collect::<BTreeSet<_>>(),
            "{}",
            case.name
        );
    }
    assert_eq!(misjudged_ones, [""; 0]);
}

#[tokio::test]
async fn r94_every_shape_of_an_entity_descriptor_is_judged_by_sp_check_as_the_reader_judges_it() {
    let (genuine, cases) = shapes::of(Kind::EntityDescriptor);
    let house = sp::House::new();
    let bridge = Bridge::new();
    let config = &bridge.zoom().config;
    let words = ["check", "zoom", "--metadata", "-", "--json"];
    let files = house.files();
    house.sp(&words, genuine.xml.as_bytes()).await.is_good();
    for case in cases {
        let told = house.sp(&words, case.octets.as_slice()).await;
        let found: serde_json::Value =
            serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{}: {told:?}", case.name));
        let findings = found["providers"][0]["findings"].as_array().unwrap();
        let faults: Vec<_> = findings
            .iter()
            .filter(|finding| finding["weight"] == "fault")
            .map(|finding| finding["what"].as_str().unwrap().to_owned())
            .collect();
        let now = SystemClock.now();
        let reading = read(&case.octets, config, Schemes::HttpsOnly, now);
        let expected = reading.findings.iter().filter(|finding| finding.is_fault());
        let expected: Vec<_> = expected.map(ToString::to_string).collect();
        assert_eq!(faults, expected, "{}", case.name);
        assert_eq!(told.status, i32::from(!faults.is_empty()), "{}", case.name);
    }
    assert_eq!(house.files(), files);
}

#[test]
fn every_shape_of_r01_to_r13_is_there_once() {
    let of = |kind| &shapes::of(kind).1;
    let (requests, metadata) = (of(Kind::AuthnRequest), of(Kind::EntityDescriptor));
    assert!(requests.len() >= 150, "{}", requests.len());
    assert!(metadata.len() >= 150, "{}", metadata.len());
    for cases in [requests, metadata] {
        let mut names = BTreeSet::new();
        let mut octets = BTreeSet::new();
        for case in cases {
            assert!(names.insert(case.name.clone()), "{}", case.name);
            assert!(octets.insert(&case.octets), "{}", case.name);
        }
        // Each family of refusals is there.
        for family in [
            "wrapping 8",
            "DOCTYPE",
            "HMAC",
            "XSLT",
            "KeyInfo",
            "xml:id",
            "levels",
        ] {
            assert!(names.iter().any(|name| name.contains(family)), "{family}");
        }
    }
}
