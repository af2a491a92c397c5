//! Good Responses, and bad ones that are signed as honestly.
//!
//! A document is written down as text, changed as a test wants, and then written anew by
//! [`Writer`], so that a change comes before the signature and not after it.

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

use super::{Expected, Profile, Reading, Rule, read_xml};
use crate::{
    model::vocab,
    xml::{Canonical, Element, Limits, Writer, open},
    xmlsec::{
        Signer, SigningKey, VerifyingKey,
        keys::{KeyRequest, NewKey, generate},
        sign,
    },
};

pub(super) const IDP: &str = "https://idp.example/saml/metadata";
pub(super) const SP: &str = "univ-example.zoom.us";
pub(super) const ACS: &str = "https://univ-example.zoom.us/saml/SSO";
pub(super) const REQUEST: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f901";
pub(super) const RESPONSE_ID: &str = "_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
pub(super) const ASSERTION_ID: &str = "_f0e1d2c3b4a5968778695a4b3c2d1e0f98765432";

const PREFIXES: &[(&str, &str)] = &[
    ("ds", vocab::DS),
    ("saml", vocab::SAML),
    ("samlp", vocab::SAMLP),
    ("x", "urn:example:foreign"),
    ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

/// A Response of success. `<x:Here/>` is where the assertion goes.
const RESPONSE: &str = r#"<samlp:Response ID="_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" Version="2.0" IssueInstant="2026-11-25T12:00:00Z" Destination="https://univ-example.zoom.us/saml/SSO" InResponseTo="a1b2c3d4e5f60718293a4b5c6d7e8f901"><saml:Issuer>https://idp.example/saml/metadata</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status><x:Here/></samlp:Response>"#;

const ASSERTION: &str = r#"<saml:Assertion ID="_f0e1d2c3b4a5968778695a4b3c2d1e0f98765432" Version="2.0" IssueInstant="2026-11-25T12:00:00Z"><saml:Issuer>https://idp.example/saml/metadata</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">alice@univ.example</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="a1b2c3d4e5f60718293a4b5c6d7e8f901" NotOnOrAfter="2026-11-25T12:05:00Z" Recipient="https://univ-example.zoom.us/saml/SSO"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-11-25T11:58:00Z" NotOnOrAfter="2026-11-25T12:05:00Z"><saml:AudienceRestriction><saml:Audience>univ-example.zoom.us</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-25T11:59:30Z" SessionIndex="_5e55"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute FriendlyName="mail" Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml:AttributeValue>alice@univ.example</saml:AttributeValue></saml:Attribute><saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.1"><saml:AttributeValue>member</saml:AttributeValue><saml:AttributeValue>student</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"#;

/// What is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Signing {
    Assertion,
    Both,
    Neither,
    Response,
}

/// A Response to be: its text, changed as wanted, and how it is signed.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) response: String,
    pub(super) assertion: String,
    pub(super) signing: Signing,
}

impl Draft {
    pub(super) fn good(signing: Signing) -> Self {
        Self {
            response: RESPONSE.to_owned(),
            assertion: ASSERTION.to_owned(),
            signing,
        }
    }

    /// An answer without an assertion.
    pub(super) fn error(signing: Signing) -> Self {
        Self::good(signing).response("<x:Here/>", "").response(
            "status:Success\">",
            "status:Responder\"><samlp:StatusCode \
                 Value=\"urn:oasis:names:tc:SAML:2.0:status:NoPassive\"/>",
        )
    }

    /// Changes the Response, outside of the assertion, before it is signed.
    pub(super) fn response(mut self, from: &str, to: &str) -> Self {
        self.response = change(&self.response, from, to);
        self
    }

    /// Changes the assertion before it is signed.
    pub(super) fn assertion(mut self, from: &str, to: &str) -> Self {
        self.assertion = change(&self.assertion, from, to);
        self
    }

    pub(super) fn xml(&self) -> String {
        self.xml_by(idp_key())
    }

    pub(super) fn xml_by(&self, signer: &dyn Signer) -> String {
        let assertion = write(&self.assertion, None);
        let assertion = match self.signing {
            Signing::Assertion | Signing::Both => signed(&assertion, signer),
            Signing::Neither | Signing::Response => assertion,
        };
        let response = write(&self.response, Some(&assertion));
        let response = match self.signing {
            Signing::Response | Signing::Both => signed(&response, signer),
            Signing::Neither | Signing::Assertion => response,
        };
        response.into_string()
    }

    pub(super) fn read(&self) -> Reading {
        read_now(&self.xml())
    }
}

/// Changes the first `from`, which must be there: no test may miss what it aims at.
pub(super) fn change(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in {text}");
    text.replacen(from, to, 1)
}

/// The stretch of `xml` from `first` to the end of `last`.
pub(super) fn cut<'x>(xml: &'x str, first: &str, last: &str) -> &'x str {
    let start = xml.find(first).unwrap();
    let end = start + xml.split_at(start).1.find(last).unwrap() + last.len();
    xml.get(start..end).unwrap()
}

pub(super) fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

pub(super) fn idp_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(new_key)
}

/// A key that the provider does not know.
pub(super) fn foreign_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(new_key)
}

fn new_key() -> SigningKey {
    let request = KeyRequest {
        common_name: "idp.example",
        key: NewKey::Rsa2048,
        not_before: now(),
        not_after: now() + SignedDuration::from_hours(24),
    };
    SigningKey::from_pem(generate(&request).unwrap().pem().as_bytes()).unwrap()
}

pub(super) fn verifying(key: &SigningKey) -> VerifyingKey {
    VerifyingKey::from_certificate_der(key.certificate_der()).unwrap()
}

/// What the provider expects of a good Response at the moment it was made.
pub(super) fn expected(keys: &[VerifyingKey]) -> Expected<'_> {
    Expected {
        idp_entity_id: IDP,
        idp_keys: keys,
        sp_entity_id: SP,
        acs: ACS,
        request_id: Some(REQUEST),
        now: now(),
        strictness: Profile::Zoom,
    }
}

pub(super) fn read_now(xml: &str) -> Reading {
    read_xml(xml.as_bytes(), &expected(&[verifying(idp_key())]))
}

/// Reads as a clock would that is `seconds` ahead of the identity provider's.
pub(super) fn read_after(xml: &str, seconds: i64) -> Reading {
    let keys = [verifying(idp_key())];
    let expected = Expected {
        now: now() + SignedDuration::from_secs(seconds),
        ..expected(&keys)
    };
    read_xml(xml.as_bytes(), &expected)
}

pub(super) fn rules(reading: &Reading) -> Vec<Rule> {
    reading.findings.iter().map(|found| found.rule).collect()
}

fn signed(part: &Canonical, signer: &dyn Signer) -> Canonical {
    let document = part.as_str().to_owned();
    let document = open(document.as_bytes(), &Limits::MESSAGE).unwrap();
    let id = document.root().attribute("ID").unwrap_or_default();
    sign(part, id, signer).unwrap()
}

/// Writes `text`, whose prefixes it may leave undeclared, in the form that is signed, with `part`
/// in every place made for it.
fn write(text: &str, part: Option<&Canonical>) -> Canonical {
    let declarations: Vec<_> = PREFIXES
        .iter()
        .map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\""))
        .collect();
    let declarations = declarations.concat();
    let (opening, rest) = text.split_at(text.find(' ').unwrap());
    let text = format!("{opening}{declarations}{rest}");
    let document = open(text.as_bytes(), &Limits::MESSAGE).unwrap();
    let mut out = Writer::new(PREFIXES);
    write_element(document.root(), part, &mut out);
    out.finish().unwrap()
}

fn write_element(element: Element<'_, '_>, part: Option<&Canonical>, out: &mut Writer) {
    if element.local_name() == "Here" {
        return out.embed(part.unwrap());
    }
    let attributes: Vec<_> = element
        .attributes()
        .map(|(namespace, name, value)| {
            let name = match namespace {
                "" => name.to_owned(),
                _ => format!("{}:{name}", prefix(namespace)),
            };
            (for_ever(&name), value)
        })
        .collect();
    let name = for_ever(element.local_name());
    out.start(prefix(element.namespace()), name, &attributes);
    let is_root = element.parent().is_none();
    let has_issuer = element
        .children()
        .any(|child| child.local_name() == "Issuer");
    if is_root && !has_issuer {
        out.signature_slot();
    }
    for child in element.children() {
        write_element(child, part, out);
        if is_root && child.local_name() == "Issuer" && element.children().next() == Some(child) {
            out.signature_slot();
        }
    }
    if element.children().next().is_none() {
        out.text(&element.text().unwrap());
    }
    out.end();
}

fn prefix(namespace: &str) -> &'static str {
    let known = PREFIXES.iter().find(|(_, uri)| *uri == namespace);
    known.map(|(prefix, _)| *prefix).unwrap()
}

/// The writer takes names that are in the program; here they come out of a text.
fn for_ever(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}
