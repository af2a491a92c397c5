//! Proves an `AuthnRequest`: who sent it, to whom, when.
//!
//! The one caller is `flow::way`. Reads no clock and no store; what a second use of a request means
//! is the flow's business, at the moment it answers (R-33).

use jiff::{SignedDuration, Timestamp};

use super::{
    authn_request::{ReceivedAuthnRequest, RequestShapeFault},
    binding::{DetachedSignature, ReceivedMessage},
};
use crate::{
    model::service_provider::ServiceProvider,
    xml::Element,
    xmlsec::{Allowed, SignatureFault, VerifyingKey, verify_detached, verify_if_signed},
};

/// An `AuthnRequest` whose sender, aim and age are proven.
///
/// [`trust`] is the only way to get one, so a function that takes this type needs no check of its
/// own. *Proven* for an unsigned request means: as far as the provider lets requests be proven. It
/// may come from anybody, and is answered to the provider's own endpoint only.
///
/// What a request says is read out of this, by whoever has one:
///
/// ```
/// use passerelle::saml::{authn_request::ReceivedAuthnRequest, trust::TrustedAuthnRequest};
/// fn read(trusted: &TrustedAuthnRequest) -> &ReceivedAuthnRequest { trusted.request() }
/// ```
///
/// and out of nothing that came before it: not even what the verifier hands over can be read as a
/// request by anybody but [`trust`], and XML that the verifier has not seen cannot by that either.
///
/// ```compile_fail,E0624
/// use passerelle::saml::authn_request::ReceivedAuthnRequest;
/// use passerelle::{xml::Element, xmlsec::Checked};
/// fn read(checked: &Checked<Element<'_, '_>>) { ReceivedAuthnRequest::parse(checked); }
/// ```
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
    /// What it may sign with now.
    pub allowed: Allowed<'a>,
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
    /// It is addressed to another endpoint, or signed and addressed to none (R-13).
    #[error("Destination is not our endpoint")]
    Destination,
    /// It is from somebody else than it claimed at first.
    #[error("Issuer is not the one that was looked up")]
    Issuer,
    /// It does not have the shape of the standard.
    #[error(transparent)]
    Shape(#[from] RequestShapeFault),
    /// Its signature does not hold (R-08).
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
/// the query and in the XML alike. What is read, is read from what was verified (R-01).
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
        verify_detached(algorithm, octets, value, expected.keys, expected.allowed)?;
    }
    let checked = verify_if_signed(root, expected.keys, expected.allowed)?;
    let is_signed = checked.is_signed() || received.signature.is_some();
    if expected.must_be_signed && !is_signed {
        return Err(RequestFault::Unsigned);
    }
    let request = ReceivedAuthnRequest::parse(&checked)?;
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
}

#[cfg(test)]
#[path = "trust_tests.rs"]
pub(super) mod tests;
