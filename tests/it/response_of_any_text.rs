//! Responses that are made of any Unicode: what is read of them is what they were made of, and the
//! signatures hold.

use jiff::SignedDuration;
use passerelle::{
    config::sections::Sign,
    model::{
        attribute::ReleasedAttribute,
        authn_context::AuthnContextClass,
        name_id::{NameId, NameIdFormat},
        vocab,
    },
    saml::{
        acs::ReturnAddress,
        binding::redirect,
        response::{Issuing, ResponseError, Subject},
        trust::{Expectations, trust},
    },
    xml::{self, Limits},
    xmlsec::Allowed,
};
use proptest::{collection::vec, option, prelude::*};

use crate::{
    bridge::{Bridge, SSO, ZOOM, ZOOM_ACS, request::AuthnRequest},
    lab::xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
};

/// What could end an element, a value or a line, or be one for another in some reader.
const PIECES: [&str; 12] = [
    "</saml:NameID>",
    "]]>",
    "<!-- -->",
    "<?x?>",
    "&amp;&#60;&lt;",
    "\"'",
    " \t\r\n ",
    "\r\u{85}\u{2028}",
    "e\u{301}\u{fb01}",
    "\u{202e}\u{feff}\u{fffd}",
    "\u{10ffff}\u{1f980}",
    "#{x} ${x} %00",
];

/// A text that XML can hold (XML 1.0 §2.2).
fn text() -> impl Strategy<Value = String> {
    let any = "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{1,30}";
    let pieces = vec(proptest::sample::select(&PIECES[..]), 1..4);
    prop_oneof![any, pieces.prop_map(|pieces| pieces.concat())]
}

/// An `ID` of the shapes that providers give theirs, and of those that the standard allows besides: names
/// of XML 1.0 as it was up to its fifth edition, since the schema reader of libxml2 knows no others.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        "_[0-9a-f]{32,64}",
        "[A-Za-z_][A-Za-z0-9._-]{0,255}",
        "[_À-ÖØ-öø-ıа-я一-龥][·0-9À-Öа-я一-龥\u{300}-\u{345}.-]{0,60}",
    ]
}

fn attribute() -> impl Strategy<Value = ReleasedAttribute> {
    (text(), option::of(text()), vec(text(), 1..4)).prop_map(|(name, friendly_name, values)| {
        ReleasedAttribute {
            name,
            name_format: vocab::ATTRNAME_URI,
            friendly_name,
            values,
        }
    })
}

fn name_id() -> impl Strategy<Value = NameId> {
    let formats = proptest::sample::select(&NameIdFormat::ALL[..]);
    (text(), formats, option::of(text()), option::of(text())).prop_map(
        |(value, format, name_qualifier, sp_name_qualifier)| NameId {
            value,
            format,
            name_qualifier,
            sp_name_qualifier,
        },
    )
}

/// Where the answer to a request with this `ID` and `RelayState` goes, read from the request itself.
fn address(bridge: &Bridge, id: &str, relay_state: Option<&str>) -> ReturnAddress {
    let sent = AuthnRequest::new(id, ZOOM, SSO, bridge.now()).redirect(relay_state);
    let (_, query) = sent.split_once('?').unwrap();
    let received = redirect::decode_request(query).unwrap();
    let document = xml::open(&received.xml, &Limits::MESSAGE).unwrap();
    let minutes = SignedDuration::from_mins(5);
    let expected = Expectations {
        sp: &bridge.zoom().sp,
        keys: &[],
        allowed: Allowed::default(),
        must_be_signed: false,
        destination: SSO,
        now: bridge.now(),
        max_age: minutes,
        max_ahead: minutes,
    };
    let trusted = trust(&received, document.root(), &expected).unwrap();
    ReturnAddress::of_request(&trusted, received.relay_state, expected.sp).unwrap()
}

/// The Response to it, both parts signed.
fn issue(
    bridge: &Bridge,
    to: &ReturnAddress,
    subject: &Subject<'_>,
) -> Result<String, ResponseError> {
    let idp = &bridge.front.bridge;
    let zoom = &idp.providers[&bridge.zoom().sp.short_name];
    let issuing = Issuing {
        idp: idp.settings.entity_id.as_str(),
        signer: &*zoom.signer,
        sign: Sign::Both,
        encrypt_to: None,
        session: None,
        now: bridge.now(),
        entropy: &*idp.entropy,
    };
    issuing.success(to, subject).map(|issued| issued.xml)
}

/// What an independent reader finds in a Response.
#[derive(Debug, PartialEq)]
struct Read {
    in_response_to: Vec<String>,
    name_id: NameId,
    session_index: String,
    attributes: Vec<ReleasedAttribute>,
}

fn read(response: &str) -> Read {
    let tree = roxmltree::Document::parse(response).unwrap();
    let all = |name: &'static str| {
        let nodes = tree.descendants();
        nodes.filter(move |node| node.has_tag_name((vocab::SAML, name)))
    };
    let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    let found = all("NameID").next().unwrap();
    let owned = |node: roxmltree::Node<'_, '_>, name| node.attribute(name).map(str::to_owned);
    let data = all("SubjectConfirmationData").next().unwrap();
    Read {
        in_response_to: [tree.root_element(), data]
            .map(|node| owned(node, "InResponseTo").unwrap())
            .into(),
        name_id: NameId {
            value: text(found),
            format: NameIdFormat::from_urn(found.attribute("Format").unwrap()).unwrap(),
            name_qualifier: owned(found, "NameQualifier"),
            sp_name_qualifier: owned(found, "SPNameQualifier"),
        },
        session_index: owned(all("AuthnStatement").next().unwrap(), "SessionIndex").unwrap(),
        attributes: all("Attribute")
            .map(|node| ReleasedAttribute {
                name: owned(node, "Name").unwrap(),
                name_format: vocab::ATTRNAME_URI,
                friendly_name: owned(node, "FriendlyName"),
                values: node.children().map(text).collect(),
            })
            .collect(),
    }
}

proptest! {
    // Each has two signatures verified by xmlsec1, and a schema looked at by xmllint.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn r40_what_is_read_of_a_response_is_what_it_was_made_of_and_its_signatures_verify(
        id in id(),
        relay_state in option::of("(?s)[^\\x00]{1,120}"),
        name_id in name_id(),
        session_index in text(),
        attributes in vec(attribute(), 0..4),
    ) {
        let bridge = Bridge::new();
        let to = address(&bridge, &id, relay_state.as_deref());
        prop_assert_eq!(to.relay_state().map(|it| it.as_str().to_owned()), relay_state);
        let subject = Subject {
            name_id: Some(&name_id),
            attributes: &attributes,
            authn_instant: bridge.now(),
            context: &AuthnContextClass::Password,
            session_index: &session_index,
        };
        let response = issue(&bridge, &to, &subject).unwrap();
        let made_of = Read {
            in_response_to: vec![id.clone(), id],
            name_id: name_id.clone(),
            session_index: session_index.clone(),
            attributes: attributes.clone(),
        };
        prop_assert_eq!(read(&response), made_of);
        prop_assert_eq!(xmllint_schema(&response, Schema::Protocol), Ok(()));
        let certificate = bridge.folder.path().join("idp.crt");
        for element in [SignedElement::Response, SignedElement::Assertion] {
            prop_assert_eq!(xmlsec1_verify(&response, &certificate, element), Ok(()));
        }
    }

    /// A character that XML cannot hold, in any place, and nothing is made: not a Response without it.
    #[test]
    fn r40_what_xml_cannot_hold_makes_no_response(
        place in 0..6_usize,
        odd in "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\u{fffe}\u{ffff}]",
        around in text(),
    ) {
        let bridge = Bridge::new();
        let to = address(&bridge, "_1", None);
        let at = |here| if here == place { format!("{around}{odd}{around}") } else { around.clone() };
        let name_id = NameId {
            value: at(0),
            format: NameIdFormat::Persistent,
            name_qualifier: Some(at(1)),
            sp_name_qualifier: None,
        };
        let attributes = [ReleasedAttribute {
            name: at(2),
            name_format: vocab::ATTRNAME_URI,
            friendly_name: Some(at(3)),
            values: vec![around.clone(), at(4)],
        }];
        let session_index = at(5);
        let subject = Subject {
            name_id: Some(&name_id),
            attributes: &attributes,
            authn_instant: bridge.now(),
            context: &AuthnContextClass::Password,
            session_index: &session_index,
        };
        let made = issue(&bridge, &to, &subject);
        prop_assert!(matches!(made, Err(ResponseError::Write(_))), "{made:?}");
        prop_assert_eq!(to.location().as_str(), ZOOM_ACS);
    }
}
