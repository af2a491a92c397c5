//! A strict reader of Responses, as Zoom would read them.
//!
//! A second reading of what we issue, by somebody else: it rests on `xml` and `xmlsec` and shares
//! no rule with `saml`, so that a mistake there is not repeated here. Tests, the test page and
//! `passerelle compare` ask it; no sign-in does.
//!
//! Zoom does not publish what it checks. Its addresses are those of the Spring Security SAML
//! extension 1.0, so its checks are taken to be that library's; where the standard, other service
//! providers or our own requirements are stricter, the strictest one is the rule. [`Rule`] says of
//! each rule which of these it is.
//!
//! Every fault that can be seen is reported, not only the first.

mod assertion;
mod bounds;
mod common;
mod response;
mod rule;
mod shape;
mod signature;
mod statements;
mod subject;

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod test_support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;

use crate::{
    xml::{self, DoorFault, Limits},
    xmlsec::VerifyingKey,
};

pub use bounds::Profile;
pub use rule::{Basis, Finding, Rule, Severity};

/// What the service provider knows when a Response comes in.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The entityID of the identity provider that was asked.
    pub idp_entity_id: &'a str,
    /// Its signing keys. Without any, nothing is proven and nothing is taken.
    pub idp_keys: &'a [VerifyingKey],
    /// The provider's own entityID.
    pub sp_entity_id: &'a str,
    /// The address that the Response was posted to.
    pub acs: &'a str,
    /// The `ID` of the request that it answers. None when no request was sent: then only a
    /// Response that names no request is taken (saml-profiles-2.0 §4.1.5), with [`Rule::Unsolicited`].
    pub request_id: Option<&'a str>,
    /// The present instant.
    pub now: Timestamp,
    /// Whose times and ages count.
    pub strictness: Profile,
}

/// What came of reading a Response.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What is wrong with it, each rule once, in the order in which it was noticed.
    pub findings: Vec<Finding>,
    /// The top `StatusCode` and the one below it, unproven, as far as they could be read.
    pub status: Option<(String, Option<String>)>,
    /// Who signed in. Only of a Response of success in which nothing refuses; all of it is out of
    /// what a signature was found to cover, but for the Response's ID.
    pub identity: Option<Identity>,
}

impl Reading {
    /// The rules that are broken and refuse the Response.
    pub fn refusals(&self) -> impl Iterator<Item = Rule> {
        self.of(Severity::Refuses)
    }

    /// The rules that are broken and do not refuse it.
    pub fn advice(&self) -> impl Iterator<Item = Rule> {
        self.of(Severity::Advice)
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = Rule> {
        self.findings
            .iter()
            .filter(move |finding| finding.severity == severity)
            .map(|finding| finding.rule)
    }
}

/// What a Response says about a person, proven.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The name of the person.
    pub name_id: ReadNameId,
    /// The `SessionIndex`.
    pub session_index: String,
    /// When the person proved who they are.
    pub authn_instant: Timestamp,
    /// How: the `AuthnContextClassRef`.
    pub context_class: String,
    /// From when on the assertion may not be used: the earlier `NotOnOrAfter` of the two.
    pub not_on_or_after: Timestamp,
    /// The attributes, in the order of the document.
    pub attributes: Vec<ReadAttribute>,
    /// The `ID` of the assertion.
    pub assertion_id: String,
    /// The `ID` of the Response. Proven only where the Response is signed.
    pub response_id: String,
}

/// A `NameID` as it was read (saml-core-2.0 §2.2.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadNameId {
    /// The name itself.
    pub value: String,
    /// Its `Format`, where stated.
    pub format: Option<String>,
    /// The `NameQualifier`, where stated.
    pub name_qualifier: Option<String>,
    /// The `SPNameQualifier`, where stated.
    pub sp_name_qualifier: Option<String>,
}

/// An `Attribute` as it was read (saml-core-2.0 §2.7.3.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadAttribute {
    /// The `Name`.
    pub name: String,
    /// The `NameFormat`, where stated.
    pub name_format: Option<String>,
    /// The `FriendlyName`, where stated.
    pub friendly_name: Option<String>,
    /// The values, at least one.
    pub values: Vec<String>,
}

/// Reads the form field `SAMLResponse` (saml-bindings-2.0 §3.5.4).
///
/// Line breaks, which that base64 may have, are passed over; nothing else is.
pub fn read(response_base64: &str, expected: &Expected<'_>) -> Reading {
    // A third more than the door lets in, and as much again for line breaks.
    if response_base64.len() > 2 * Limits::MESSAGE.bytes {
        return unread(Rule::TooLarge);
    }
    let compact: String = response_base64
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .collect();
    STANDARD
        .decode(compact)
        .map_or_else(|_| unread(Rule::Encoding), |xml| read_xml(&xml, expected))
}

/// Reads a Response out of its XML.
pub fn read_xml(xml: &[u8], expected: &Expected<'_>) -> Reading {
    match xml::open(xml, &Limits::MESSAGE) {
        Ok(document) => response::read(document.root(), expected),
        Err(fault) => unread(door_rule(fault)),
    }
}

fn unread(rule: Rule) -> Reading {
    Reading {
        findings: vec![rule.into()],
        status: None,
        identity: None,
    }
}

const fn door_rule(fault: DoorFault) -> Rule {
    match fault {
        DoorFault::Comment => Rule::Comment,
        DoorFault::Doctype => Rule::Doctype,
        DoorFault::ProcessingInstruction => Rule::ProcessingInstruction,
        DoorFault::TooLarge(_) => Rule::TooLarge,
        DoorFault::CharacterReference
        | DoorFault::Declaration
        | DoorFault::EmptyNamespace
        | DoorFault::Encoding
        | DoorFault::LoneCarriageReturn
        | DoorFault::NotWellFormed { .. } => Rule::NotXml,
    }
}

/// A reading on its way: what is expected, and what was found so far.
struct Check<'e> {
    expected: &'e Expected<'e>,
    findings: Vec<Finding>,
}

impl<'e> Check<'e> {
    const fn new(expected: &'e Expected<'e>) -> Self {
        Self {
            expected,
            findings: Vec::new(),
        }
    }

    /// Notes that `rule` is broken, once.
    fn found(&mut self, rule: Rule) {
        if !self.findings.iter().any(|known| known.rule == rule) {
            self.findings.push(rule.into());
        }
    }

    /// Notes `rule` unless it `is_kept`.
    fn hold(&mut self, is_kept: bool, rule: Rule) {
        if !is_kept {
            self.found(rule);
        }
    }
}
