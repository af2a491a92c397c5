//! Reads an `AuthnRequest` (saml-core-2.0 §3.4.1) out of XML.
//!
//! Says what the message says, completely and strictly, and proves nothing: that is
//! [`super::trust`].

use jiff::Timestamp;

use super::requested_subject::RequestedSubject;
use crate::{
    model::{
        endpoint::EndpointUrl,
        entity_id::{EntityId, InvalidEntityId},
        vocab,
    },
    xml::{Element, ShapeFault, is_ncname},
    xmlsec::Checked,
};

/// An `AuthnRequest` as it was received.
#[derive(Clone, Debug)]
pub struct ReceivedAuthnRequest {
    /// The `ID`, an `xs:NCName` of at most 256 characters.
    pub id: Box<str>,
    /// The `Version`.
    pub version: Version,
    /// The `IssueInstant`.
    pub issued_at: Timestamp,
    /// The `Destination`, where stated.
    pub destination: Option<String>,
    /// The `Issuer`.
    pub issuer: EntityId,
    /// Where the answer is wanted.
    pub acs: AcsWish,
    /// The `ProtocolBinding`, where stated.
    pub protocol_binding: Option<String>,
    /// The `NameIDPolicy`, where stated.
    pub name_id_policy: Option<NameIdPolicy>,
    /// Whether the person must prove anew who they are.
    pub force_authn: bool,
    /// Whether no page may be shown.
    pub is_passive: bool,
    /// The `RequestedAuthnContext`, where stated.
    pub requested_authn_context: Option<RequestedAuthnContext>,
    /// The `Subject`, where stated: the person it is about.
    pub subject: Option<RequestedSubject>,
    /// The `AttributeConsumingServiceIndex`, where stated.
    pub attribute_consuming_service: Option<u16>,
}

/// The versions of SAML that a request can be of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// Before 2.0.
    Earlier,
    /// 2.0.
    Two,
    /// After 2.0.
    Later,
}

/// Where a request wants the answer (saml-core-2.0 §3.4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AcsWish {
    /// At the endpoint with this index.
    Index(u16),
    /// At this address. Compared with metadata byte for byte, so it may be any text here.
    Location(String),
    /// Wherever metadata says.
    Unstated,
}

/// A `NameIDPolicy` (saml-core-2.0 §3.4.1.1). `AllowCreate` must be a boolean, and is met either
/// way: a person has the names that we issue whether anybody asks for them or not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NameIdPolicy {
    /// The `Format`, where stated.
    pub format: Option<String>,
    /// The `SPNameQualifier`, where stated.
    pub sp_name_qualifier: Option<String>,
}

/// A `RequestedAuthnContext` (saml-core-2.0 §3.3.2.2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAuthnContext {
    /// The `Comparison`; `exact` where it is not stated.
    pub comparison: Comparison,
    /// The `AuthnContextClassRef`s, as written, the preferred one first.
    pub class_refs: Vec<String>,
    /// Whether there is an `AuthnContextDeclRef`.
    pub names_declarations: bool,
}

/// How what happened is compared with what is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// One of those named.
    Exact,
    /// Not weaker.
    Minimum,
    /// Not stronger.
    Maximum,
    /// Stronger.
    Better,
}

/// Why a document is not an `AuthnRequest`. What it holds is not echoed: it is unproven.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequestShapeFault {
    /// An index together with an address or a binding: one excludes the others.
    #[error("AssertionConsumerServiceIndex stands beside URL or ProtocolBinding")]
    AcsWish,
    /// A flag is no `xs:boolean`.
    #[error("{0} is not a boolean")]
    Boolean(&'static str),
    /// The `Comparison` is none of the four.
    #[error("Comparison is not one of the four")]
    Comparison,
    /// Something stands where the schema has nothing.
    #[error("there is an element that an AuthnRequest does not have")]
    Foreign,
    /// The `ID` is missing, no name, or too long.
    #[error("ID is not a name of 1 to 256 characters")]
    Id,
    /// The `IssueInstant` is missing or no time in UTC.
    #[error("IssueInstant is not a time in UTC")]
    IssueInstant,
    /// An index is no `xs:unsignedShort`.
    #[error("{0} is not a number from 0 to 65535")]
    Index(&'static str),
    /// The `Issuer` is missing: nobody to answer.
    #[error("there is no Issuer")]
    NoIssuer,
    /// The `Issuer` is no entity identifier.
    #[error("Issuer {0}")]
    Issuer(#[from] InvalidEntityId),
    /// The `Format` of the `Issuer` says that it is something else than an entity.
    #[error("Issuer is not of the entity format")]
    IssuerFormat,
    /// The root is something else.
    #[error("the document is not an AuthnRequest")]
    NotAnAuthnRequest,
    /// An element occurs twice, or holds elements instead of text.
    #[error("{0}")]
    Shape(#[from] ShapeFault),
    /// The `Version` is missing or no version.
    #[error("Version is not a version")]
    Version,
}

/// The children that an `AuthnRequest` may have, each once (saml-schema-protocol-2.0). A `Signature`
/// is none of those that are read: the verifier hides the one that it verified.
const CHILDREN: [(&str, &str); 7] = [
    (vocab::SAML, "Issuer"),
    (vocab::SAMLP, "Extensions"),
    (vocab::SAML, "Subject"),
    (vocab::SAMLP, "NameIDPolicy"),
    (vocab::SAML, "Conditions"),
    (vocab::SAMLP, "RequestedAuthnContext"),
    (vocab::SAMLP, "Scoping"),
];

impl ReceivedAuthnRequest {
    /// The longest `ID` that is taken, and so echoed as `InResponseTo`.
    pub const MAX_ID_CHARS: usize = 256;

    /// Reads the whole message.
    ///
    /// What is in `Extensions`, `Conditions` and `Scoping` is let pass: the standard leaves it to us,
    /// and Zoom's library sends a `Scoping`. The children may stand in any order: that of the
    /// schema says nothing.
    ///
    /// It is read from what the verifier hands over and from nothing else, so that no way leads
    /// round it: what was signed and is not proven has no [`Checked`].
    ///
    /// # Errors
    ///
    /// What is not as the standard has it. Nothing may be sent anywhere.
    pub(super) fn parse(checked: &Checked<Element<'_, '_>>) -> Result<Self, RequestShapeFault> {
        use RequestShapeFault as Fault;
        let root = *checked.get();
        if !root.is(vocab::SAMLP, "AuthnRequest") {
            return Err(Fault::NotAnAuthnRequest);
        }
        if root
            .children()
            .any(|child| !CHILDREN.iter().any(|(ns, name)| child.is(ns, name)))
        {
            return Err(Fault::Foreign);
        }
        for (namespace, name) in CHILDREN {
            root.only(namespace, name)?;
        }
        let id = root
            .attribute("ID")
            .filter(|id| is_ncname(id) && id.chars().count() <= Self::MAX_ID_CHARS)
            .ok_or(Fault::Id)?;
        Ok(Self {
            id: id.into(),
            version: parse_version(root.attribute("Version"))?,
            issued_at: root
                .attribute("IssueInstant")
                .and_then(parse_instant)
                .ok_or(Fault::IssueInstant)?,
            destination: root.attribute("Destination").map(str::to_owned),
            issuer: claimed_issuer(root)?,
            acs: parse_acs_wish(root)?,
            protocol_binding: root.attribute("ProtocolBinding").map(str::to_owned),
            name_id_policy: root
                .only(vocab::SAMLP, "NameIDPolicy")?
                .map(parse_name_id_policy)
                .transpose()?,
            force_authn: parse_boolean(root, "ForceAuthn")?,
            is_passive: parse_boolean(root, "IsPassive")?,
            requested_authn_context: root
                .only(vocab::SAMLP, "RequestedAuthnContext")?
                .map(parse_requested_authn_context)
                .transpose()?,
            subject: root
                .only(vocab::SAML, "Subject")?
                .map(RequestedSubject::parse)
                .transpose()?,
            attribute_consuming_service: parse_index(root, "AttributeConsumingServiceIndex")?,
        })
    }
}

/// Reads who a message claims to be from: the first thing that must be known of it, since the keys
/// to verify it with are those of this provider only.
///
/// # Errors
///
/// There is no issuer, or none of the entity format.
pub fn claimed_issuer(root: Element<'_, '_>) -> Result<EntityId, RequestShapeFault> {
    if !root.is(vocab::SAMLP, "AuthnRequest") {
        return Err(RequestShapeFault::NotAnAuthnRequest);
    }
    let issuer = root
        .only(vocab::SAML, "Issuer")?
        .ok_or(RequestShapeFault::NoIssuer)?;
    if issuer
        .attribute("Format")
        .is_some_and(|format| format != vocab::NAME_ID_ENTITY)
    {
        return Err(RequestShapeFault::IssuerFormat);
    }
    Ok(EntityId::parse(&issuer.text()?)?)
}

fn parse_version(version: Option<&str>) -> Result<Version, RequestShapeFault> {
    let parts = version.and_then(|version| version.split_once('.'));
    let number = |text: &str| {
        let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_number {
            text.parse::<u16>().ok()
        } else {
            None
        }
    };
    match parts.and_then(|(major, minor)| Some((number(major)?, number(minor)?))) {
        Some((2, 0)) => Ok(Version::Two),
        Some((major, _)) if major < 2 => Ok(Version::Earlier),
        Some(_) => Ok(Version::Later),
        None => Err(RequestShapeFault::Version),
    }
}

/// Reads a time in UTC (saml-core-2.0 §1.3.3): `Z`, whole or broken seconds.
fn parse_instant(text: &str) -> Option<Timestamp> {
    let (whole, broken) = match text.strip_suffix('Z')?.split_once('.') {
        Some((whole, broken)) => (whole, broken),
        None => (text.strip_suffix('Z')?, "0"),
    };
    let shape = "dddd-dd-ddTdd:dd:dd";
    let fits = whole.len() == shape.len()
        && whole
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, place)| match place {
                b'd' => byte.is_ascii_digit(),
                separator => byte == separator,
            });
    let is_fraction =
        (1..=32).contains(&broken.len()) && broken.bytes().all(|b| b.is_ascii_digit());
    if fits && is_fraction {
        format!("{whole}Z").parse().ok()
    } else {
        None
    }
}

fn parse_boolean(root: Element<'_, '_>, name: &'static str) -> Result<bool, RequestShapeFault> {
    match root.attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(RequestShapeFault::Boolean(name)),
    }
}

/// Reads an `xs:unsignedShort` without the forms that nobody writes, such as `+1`.
fn parse_index(
    root: Element<'_, '_>,
    name: &'static str,
) -> Result<Option<u16>, RequestShapeFault> {
    let Some(text) = root.attribute(name) else {
        return Ok(None);
    };
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.map(Some).ok_or(RequestShapeFault::Index(name))
}

fn parse_name_id_policy(policy: Element<'_, '_>) -> Result<NameIdPolicy, RequestShapeFault> {
    parse_boolean(policy, "AllowCreate")?;
    if policy.children().next().is_some() {
        return Err(RequestShapeFault::Foreign);
    }
    Ok(NameIdPolicy {
        format: policy.attribute("Format").map(str::to_owned),
        sp_name_qualifier: policy.attribute("SPNameQualifier").map(str::to_owned),
    })
}

fn parse_acs_wish(root: Element<'_, '_>) -> Result<AcsWish, RequestShapeFault> {
    let url = root.attribute("AssertionConsumerServiceURL");
    let index = parse_index(root, "AssertionConsumerServiceIndex")?;
    match (index, url) {
        (None, None) => Ok(AcsWish::Unstated),
        (None, Some(url)) => {
            // Nothing that is registered is longer: what is, matches nothing.
            let fits = url.len() <= EndpointUrl::MAX_BYTES;
            Ok(AcsWish::Location(if fits {
                url.to_owned()
            } else {
                String::new()
            }))
        }
        (Some(_), Some(_)) => Err(RequestShapeFault::AcsWish),
        (Some(_), None) if root.attribute("ProtocolBinding").is_some() => {
            Err(RequestShapeFault::AcsWish)
        }
        (Some(index), None) => Ok(AcsWish::Index(index)),
    }
}

fn parse_requested_authn_context(
    asked: Element<'_, '_>,
) -> Result<RequestedAuthnContext, RequestShapeFault> {
    let comparison = match asked.attribute("Comparison") {
        None | Some("exact") => Comparison::Exact,
        Some("minimum") => Comparison::Minimum,
        Some("maximum") => Comparison::Maximum,
        Some("better") => Comparison::Better,
        Some(_) => return Err(RequestShapeFault::Comparison),
    };
    let mut class_refs = Vec::new();
    let mut names_declarations = false;
    for child in asked.children() {
        if child.is(vocab::SAML, "AuthnContextClassRef") {
            class_refs.push(child.text()?.trim().to_owned());
        } else if child.is(vocab::SAML, "AuthnContextDeclRef") {
            names_declarations = true;
        } else {
            return Err(RequestShapeFault::Foreign);
        }
    }
    Ok(RequestedAuthnContext {
        comparison,
        class_refs,
        names_declarations,
    })
}

#[cfg(test)]
#[path = "authn_request_tests.rs"]
mod tests;
