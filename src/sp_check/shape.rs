//! Which elements and attributes a sign-on Response has, and in which order.
//!
//! The content models are those of saml-schema-protocol-2.0 and saml-schema-assertion-2.0, cut
//! down to what the web browser sign-on profile uses. What another rule counts (assertions,
//! statements, conditions …) is only put in order here.

use super::{Check, Rule};
use crate::{model::vocab, xml::Element};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// One kind of element and what it may hold.
struct Model {
    namespace: &'static str,
    name: &'static str,
    attributes: &'static [&'static str],
    children: Children,
}

enum Children {
    /// Text, no elements.
    Text,
    /// These, in this order, and no text.
    Elements(&'static [Place]),
    /// Elements that another rule looks at, and no text.
    Others,
}

/// A kind of child: where it stands among the others, and whether it may stand there again.
struct Place {
    rank: u8,
    namespace: &'static str,
    name: &'static str,
    is_once: bool,
}

const fn once(rank: u8, namespace: &'static str, name: &'static str) -> Place {
    Place {
        rank,
        namespace,
        name,
        is_once: true,
    }
}

const fn many(rank: u8, namespace: &'static str, name: &'static str) -> Place {
    Place {
        rank,
        namespace,
        name,
        is_once: false,
    }
}

const fn samlp(
    name: &'static str,
    attributes: &'static [&'static str],
    children: Children,
) -> Model {
    Model {
        namespace: vocab::SAMLP,
        name,
        attributes,
        children,
    }
}

const fn saml(
    name: &'static str,
    attributes: &'static [&'static str],
    children: Children,
) -> Model {
    Model {
        namespace: vocab::SAML,
        name,
        attributes,
        children,
    }
}

const NAME_ID: &[&str] = &["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"];

/// Every kind of element that is looked into. A signature is not: `xmlsec` holds it to a narrower
/// profile. Nor is what is encrypted, or a `StatusDetail`: other rules report that it is there.
const MODELS: &[Model] = &[
    samlp(
        "Response",
        &[
            "ID",
            "Version",
            "IssueInstant",
            "Destination",
            "Consent",
            "InResponseTo",
        ],
        Children::Elements(&[
            once(0, vocab::SAML, "Issuer"),
            many(1, vocab::DS, "Signature"),
            once(2, vocab::SAMLP, "Status"),
            many(3, vocab::SAML, "Assertion"),
            many(3, vocab::SAML, "EncryptedAssertion"),
        ]),
    ),
    samlp(
        "Status",
        &[],
        Children::Elements(&[
            once(0, vocab::SAMLP, "StatusCode"),
            once(1, vocab::SAMLP, "StatusMessage"),
            once(2, vocab::SAMLP, "StatusDetail"),
        ]),
    ),
    samlp(
        "StatusCode",
        &["Value"],
        Children::Elements(&[many(0, vocab::SAMLP, "StatusCode")]),
    ),
    samlp("StatusMessage", &[], Children::Text),
    saml("Issuer", NAME_ID, Children::Text),
    saml(
        "Assertion",
        &["ID", "Version", "IssueInstant"],
        Children::Elements(&[
            once(0, vocab::SAML, "Issuer"),
            many(1, vocab::DS, "Signature"),
            once(2, vocab::SAML, "Subject"),
            once(3, vocab::SAML, "Conditions"),
            many(4, vocab::SAML, "AuthnStatement"),
            many(4, vocab::SAML, "AttributeStatement"),
        ]),
    ),
    saml(
        "Subject",
        &[],
        Children::Elements(&[
            once(0, vocab::SAML, "NameID"),
            once(0, vocab::SAML, "EncryptedID"),
            many(1, vocab::SAML, "SubjectConfirmation"),
        ]),
    ),
    saml("NameID", NAME_ID, Children::Text),
    saml(
        "SubjectConfirmation",
        &["Method"],
        Children::Elements(&[once(0, vocab::SAML, "SubjectConfirmationData")]),
    ),
    saml(
        "SubjectConfirmationData",
        &[
            "NotBefore",
            "NotOnOrAfter",
            "Recipient",
            "InResponseTo",
            "Address",
        ],
        Children::Elements(&[]),
    ),
    saml(
        "Conditions",
        &["NotBefore", "NotOnOrAfter"],
        Children::Others,
    ),
    saml(
        "AudienceRestriction",
        &[],
        Children::Elements(&[many(0, vocab::SAML, "Audience")]),
    ),
    saml("Audience", &[], Children::Text),
    saml(
        "AuthnStatement",
        &["AuthnInstant", "SessionIndex", "SessionNotOnOrAfter"],
        Children::Elements(&[
            once(0, vocab::SAML, "SubjectLocality"),
            once(1, vocab::SAML, "AuthnContext"),
        ]),
    ),
    saml(
        "SubjectLocality",
        &["Address", "DNSName"],
        Children::Elements(&[]),
    ),
    saml(
        "AuthnContext",
        &[],
        Children::Elements(&[
            many(0, vocab::SAML, "AuthnContextClassRef"),
            many(1, vocab::SAML, "AuthenticatingAuthority"),
        ]),
    ),
    saml("AuthnContextClassRef", &[], Children::Text),
    saml("AuthenticatingAuthority", &[], Children::Text),
    saml(
        "AttributeStatement",
        &[],
        Children::Elements(&[
            many(0, vocab::SAML, "Attribute"),
            many(0, vocab::SAML, "EncryptedAttribute"),
        ]),
    ),
    saml(
        "Attribute",
        &["Name", "NameFormat", "FriendlyName"],
        Children::Elements(&[many(0, vocab::SAML, "AttributeValue")]),
    ),
];

/// Holds `element` and all that is known inside to the models.
pub(super) fn check(element: Element<'_, '_>, check: &mut Check<'_>) {
    if element.is(vocab::SAML, "AttributeValue") {
        // Its content is text, or the rule on values says that it is not.
        for (namespace, name, _) in element.attributes() {
            if namespace == XSI && name == "type" {
                check.found(Rule::XsiType);
            } else {
                check.found(Rule::Shape);
            }
        }
        return;
    }
    let Some(model) = MODELS
        .iter()
        .find(|model| element.is(model.namespace, model.name))
    else {
        return;
    };
    let has_own_attributes = element
        .attributes()
        .all(|(namespace, name, _)| namespace.is_empty() && model.attributes.contains(&name));
    check.hold(has_own_attributes, Rule::Shape);
    match model.children {
        Children::Text => check.hold(element.children().next().is_none(), Rule::Shape),
        Children::Others => check.hold(!element.has_own_text(), Rule::Shape),
        Children::Elements(places) => {
            let fits = !element.has_own_text() && are_in_place(element, places);
            check.hold(fits, Rule::Shape);
        }
    }
    for child in element.children() {
        self::check(child, check);
    }
}

fn are_in_place(element: Element<'_, '_>, places: &[Place]) -> bool {
    let mut rank = 0;
    let mut seen: Vec<&str> = Vec::new();
    for child in element.children() {
        let Some(place) = places
            .iter()
            .find(|place| child.is(place.namespace, place.name))
        else {
            return false;
        };
        if place.rank < rank || (place.is_once && seen.contains(&place.name)) {
            return false;
        }
        rank = place.rank;
        seen.push(place.name);
    }
    true
}
