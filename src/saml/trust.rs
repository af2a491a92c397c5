//! Proves an `AuthnRequest`: who sent it, to whom, when.
//!
//! The one caller is `flow::sso`. Reads no clock and no store; what a second use of a request means
//! is the flow's business, at the moment it answers.

use jiff::{SignedDuration, Timestamp};

use super::{
    authn_request::{
        Comparison, ReceivedAuthnRequest, RequestShapeFault, RequestedAuthnContext, Version,
    },
    binding::{DetachedSignature, ReceivedMessage},
    status::AnswerFault,
};
use crate::{
    model::{
        authn_context::AuthnContextClass, entity_id::EntityId, name_id::NameIdFormat,
        service_provider::ServiceProvider, vocab,
    },
    xml::Element,
    xmlsec::{SignatureFault, VerifyingKey, carries_signature, verify_detached, verify_enveloped},
};

/// An `AuthnRequest` whose sender, aim and age are proven.
///
/// [`trust`] is the only way to get one, so a function that takes this type needs no check of its
/// own. *Proven* for an unsigned request means: as far as the provider lets requests be proven. It
/// may come from anybody, and is answered to the provider's own endpoint only.
#[derive(Debug)]
pub struct TrustedAuthnRequest {
    request: ReceivedAuthnRequest,
    is_signed: bool,
}

/// What a request is proven against.
#[derive(Debug)]
pub struct Expectations<'a> {
    /// The provider that the request claims to be from.
    pub sp: &'a ServiceProvider,
    /// Its keys.
    pub keys: &'a [VerifyingKey],
    /// Whether it may send no unsigned request.
    pub must_be_signed: bool,
    /// The address of our endpoint, from the configuration.
    pub destination: &'a str,
    /// The present instant.
    pub now: Timestamp,
    /// The oldest `IssueInstant` that is taken.
    pub max_age: SignedDuration,
    /// How far ahead an `IssueInstant` may be.
    pub max_ahead: SignedDuration,
}

/// Why a request is not believed. Nothing may be sent anywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequestFault {
    /// It was issued later than now.
    #[error("the request is {}s ahead of our clock", ahead.as_secs())]
    Ahead {
        /// By how much.
        ahead: SignedDuration,
    },
    /// It is addressed to another endpoint, or signed and addressed to none.
    #[error("Destination is not our endpoint")]
    Destination,
    /// It is from somebody else than it claimed at first.
    #[error("Issuer is not the one that was looked up")]
    Issuer,
    /// It does not have the shape of the standard.
    #[error(transparent)]
    Shape(#[from] RequestShapeFault),
    /// Its signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// It is too old.
    #[error("the request is {}s old", age.as_secs())]
    Stale {
        /// How old.
        age: SignedDuration,
    },
    /// It is not signed, and must be.
    #[error("the request is not signed")]
    Unsigned,
}

/// Proves `root`, the message that `received` brought, against `expected`.
///
/// A signature that is there must hold, whether it must be there or not (saml2int SDP-IDP05), in
/// the query and in the XML alike. What is read, is read from what was verified.
///
/// # Errors
///
/// The first check that failed; later ones did not run.
pub fn trust(
    received: &ReceivedMessage,
    root: Element<'_, '_>,
    expected: &Expectations<'_>,
) -> Result<TrustedAuthnRequest, RequestFault> {
    if let Some(DetachedSignature {
        algorithm,
        octets,
        value,
    }) = &received.signature
    {
        verify_detached(algorithm, octets, value, expected.keys)?;
    }
    let is_enveloped = carries_signature(root);
    let believed = if is_enveloped {
        verify_enveloped(root, expected.keys)?.into_inner()
    } else {
        root
    };
    let is_signed = is_enveloped || received.signature.is_some();
    if expected.must_be_signed && !is_signed {
        return Err(RequestFault::Unsigned);
    }
    let request = ReceivedAuthnRequest::parse(believed)?;
    if !expected.sp.is_named(&request.issuer) {
        return Err(RequestFault::Issuer);
    }
    match request.destination.as_deref() {
        Some(destination) if destination == expected.destination => {}
        None if !is_signed => {}
        Some(_) | None => return Err(RequestFault::Destination),
    }
    let age = expected.now.duration_since(request.issued_at);
    if age > expected.max_age {
        return Err(RequestFault::Stale { age });
    }
    if -age > expected.max_ahead {
        return Err(RequestFault::Ahead { ahead: -age });
    }
    Ok(TrustedAuthnRequest { request, is_signed })
}

impl TrustedAuthnRequest {
    /// Whether a signature was verified.
    pub const fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// What the request says.
    pub const fn request(&self) -> &ReceivedAuthnRequest {
        &self.request
    }

    /// What the request asks for and cannot have, which the provider may be told at its proven
    /// address.
    ///
    /// # Errors
    ///
    /// The first such wish.
    pub fn check_wishes(&self, offer: &Offer<'_>) -> Result<Wishes, AnswerFault> {
        let request = &self.request;
        match request.version {
            Version::Two => {}
            Version::Earlier => return Err(AnswerFault::VersionTooLow),
            Version::Later => return Err(AnswerFault::VersionTooHigh),
        }
        if request
            .protocol_binding
            .as_deref()
            .is_some_and(|uri| uri != vocab::BINDING_POST)
        {
            return Err(AnswerFault::ProtocolBinding);
        }
        if request.has_subject {
            return Err(AnswerFault::Subject);
        }
        if request.force_authn && request.is_passive {
            return Err(AnswerFault::Passive);
        }
        Ok(Wishes {
            name_id_format: self.asked_name_id_format(offer)?,
            acceptable_contexts: acceptable_contexts(
                request.requested_authn_context.as_ref(),
                offer.contexts,
            )?,
        })
    }

    fn asked_name_id_format(&self, offer: &Offer<'_>) -> Result<Option<NameIdFormat>, AnswerFault> {
        let Some(policy) = &self.request.name_id_policy else {
            return Ok(None);
        };
        // Names are made for the provider itself: not for a group that it says it is of.
        if let Some(qualifier) = &policy.sp_name_qualifier
            && !EntityId::parse(qualifier).is_ok_and(|name| offer.sp.is_named(&name))
        {
            return Err(AnswerFault::NameIdPolicy);
        }
        match policy.format.as_deref() {
            None | Some(vocab::NAME_ID_UNSPECIFIED) => Ok(None),
            Some(urn) if urn == offer.name_id_format.urn() => Ok(Some(offer.name_id_format)),
            Some(_) => Err(AnswerFault::NameIdPolicy),
        }
    }
}

/// What this provider can have.
#[derive(Debug)]
pub struct Offer<'a> {
    /// The provider.
    pub sp: &'a ServiceProvider,
    /// The format of the name it gets.
    pub name_id_format: NameIdFormat,
    /// What can happen here when a person proves who they are.
    pub contexts: &'a [AuthnContextClass],
}

/// What the request asks for, in our words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wishes {
    /// The format that was asked for by name.
    pub name_id_format: Option<NameIdFormat>,
    /// The classes of which one must be what happened, the preferred one first; any will do when
    /// there are none.
    pub acceptable_contexts: Vec<AuthnContextClass>,
}

/// Which of what can happen here would meet the wish, the preferred one first
/// (saml-core-2.0 §3.3.2.2.1). `exact` is decided; the three
/// orderings are refused until an order of classes is configured, never taken for `exact`.
fn acceptable_contexts(
    asked: Option<&RequestedAuthnContext>,
    offered: &[AuthnContextClass],
) -> Result<Vec<AuthnContextClass>, AnswerFault> {
    let Some(asked) = asked else {
        return Ok(Vec::new());
    };
    let mut acceptable: Vec<AuthnContextClass> = Vec::new();
    match asked.comparison {
        Comparison::Exact => {
            for asked in &asked.class_refs {
                let met = offered.iter().find(|class| class.uri() == &**asked);
                if let Some(class) = met.filter(|class| !acceptable.contains(class)) {
                    acceptable.push(class.clone());
                }
            }
        }
        Comparison::Minimum | Comparison::Maximum | Comparison::Better => {}
    }
    if acceptable.is_empty() {
        Err(AnswerFault::AuthnContext)
    } else {
        Ok(acceptable)
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
