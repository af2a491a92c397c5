//! Says what of all that an `AuthnRequest` asks for can be had (saml-core-2.0 §3.4.1).
//!
//! A wish is met as it stands, or refused with the status that the standard has for it: never met
//! half-way, never ignored. What the standard lets the receiver pass over is not read at all:
//!
//! - `Conditions`, which is what the requester *expects* of the assertion and we may change: ours
//!   hold for this provider and for minutes, whatever it says. It does not limit the request;
//! - `Scoping`, which is for those who pass a request on to other identity providers: we do not;
//! - `Extensions`, `Consent` and `ProviderName`, which ask for nothing. The last one comes from
//!   anybody, so that no page shows it.
//!
//! Reads no clock and no store. The one caller is `flow::way`.

use super::{
    authn_request::{NameIdPolicy, Version},
    requested_authn_context,
    requested_subject::{RequestedName, RequestedSubject},
    status::AnswerFault,
    trust::TrustedAuthnRequest,
};
use crate::model::{
    attribute::MAX_VALUE_CHARS, authn_context::AuthnContextClass, entity_id::EntityId,
    journey::NamedPerson, name_id::NameIdFormat, service_provider::ServiceProvider, vocab,
};

/// What this provider can have.
#[derive(Debug)]
pub struct Offer<'a> {
    /// Our own name.
    pub idp: &'a EntityId,
    /// The provider.
    pub sp: &'a ServiceProvider,
    /// The format of the name it gets; none where it gets none.
    pub name_id_format: Option<NameIdFormat>,
    /// What can happen here when a person proves who they are.
    pub contexts: &'a [AuthnContextClass],
}

/// What the request asks for, in our words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wishes {
    /// The person who must sign in, where the request names one.
    pub subject: Option<NamedPerson>,
    /// The format that was asked for by name.
    pub name_id_format: Option<NameIdFormat>,
    /// The classes of which one must be what happened, the preferred one first; any will do when
    /// there are none.
    pub acceptable_contexts: Vec<AuthnContextClass>,
}

impl TrustedAuthnRequest {
    /// What the request asks for. What it cannot have, the provider may be told at its proven
    /// address.
    ///
    /// # Errors
    ///
    /// The first wish that cannot be met.
    pub fn check_wishes(&self, offer: &Offer<'_>) -> Result<Wishes, AnswerFault> {
        let request = self.request();
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
        let lists = &offer.sp.attribute_consuming_services;
        if request
            .attribute_consuming_service
            .is_some_and(|index| !lists.iter().any(|list| list.index == index))
        {
            return Err(AnswerFault::AttributeConsumingService);
        }
        if request.force_authn && request.is_passive {
            return Err(AnswerFault::Passive);
        }
        let subject = request.subject.as_ref();
        let policy = request.name_id_policy.as_ref();
        let context = request.requested_authn_context.as_ref();
        Ok(Wishes {
            subject: subject.map(|asked| offer.person(asked)).transpose()?,
            name_id_format: policy.map_or(Ok(None), |asked| offer.format(asked))?,
            acceptable_contexts: context.map_or(Ok(Vec::new()), |asked| {
                requested_authn_context::acceptable(asked, offer.contexts)
            })?,
        })
    }
}

impl Offer<'_> {
    /// Whom a `Subject` names (saml-core-2.0 §3.4.1.4, saml-profiles-2.0 §4.1.4.1).
    fn person(&self, asked: &RequestedSubject) -> Result<NamedPerson, AnswerFault> {
        match asked {
            RequestedSubject::Named(name) if self.could_be_ours(name) => {
                Ok(NamedPerson::of(&name.value))
            }
            RequestedSubject::Named(_) => Err(AnswerFault::UnknownPrincipal),
            RequestedSubject::Confirmed => Err(AnswerFault::SubjectConfirmation),
            RequestedSubject::Untold => Err(AnswerFault::Subject),
        }
    }

    /// Whether somebody could bear that name at this provider. A name that the provider would not be
    /// told is nobody's: it could find out by asking whether somebody bears it.
    fn could_be_ours(&self, name: &RequestedName) -> bool {
        let Some(ours) = self.name_id_format else {
            return false;
        };
        let of_format = match name.format.as_deref() {
            None | Some(vocab::NAME_ID_UNSPECIFIED) => true,
            Some(urn) => urn == ours.urn(),
        };
        of_format
            && (1..=MAX_VALUE_CHARS).contains(&name.value.chars().count())
            && name
                .name_qualifier
                .as_deref()
                .is_none_or(|qualifier| qualifier == self.idp.as_str())
            && name
                .sp_name_qualifier
                .as_deref()
                .is_none_or(|qualifier| self.is_of_the_provider(qualifier))
            // We keep none, and issue none.
            && !name.has_sp_provided_id
    }

    fn format(&self, asked: &NameIdPolicy) -> Result<Option<NameIdFormat>, AnswerFault> {
        // Names are made for the provider itself: not for a group that it says it is of.
        if let Some(qualifier) = &asked.sp_name_qualifier
            && !self.is_of_the_provider(qualifier)
        {
            return Err(AnswerFault::NameIdPolicy);
        }
        match asked.format.as_deref() {
            None | Some(vocab::NAME_ID_UNSPECIFIED) => Ok(None),
            Some(urn) => match self.name_id_format {
                Some(ours) if urn == ours.urn() => Ok(Some(ours)),
                Some(_) | None => Err(AnswerFault::NameIdPolicy),
            },
        }
    }

    fn is_of_the_provider(&self, qualifier: &str) -> bool {
        EntityId::parse(qualifier).is_ok_and(|name| self.sp.is_named(&name))
    }
}

#[cfg(test)]
#[path = "wishes_tests.rs"]
mod tests;
