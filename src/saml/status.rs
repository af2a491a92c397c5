//! What a provider is told when it does not get an assertion.

use crate::model::vocab;

/// A two-level status (saml-core-2.0 §3.2.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Status {
    /// The top-level `StatusCode`.
    pub top: &'static str,
    /// The one below it.
    pub second: &'static str,
}

/// Why a provider gets no assertion, where it may be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerFault {
    /// The `AttributeConsumingServiceIndex` names a list that the metadata does not have.
    #[error("the metadata has no AttributeConsumingService of that index")]
    AttributeConsumingService,
    /// What really happened does not meet `RequestedAuthnContext`.
    #[error("RequestedAuthnContext cannot be met")]
    AuthnContext,
    /// `ForceAuthn` could not be honoured.
    #[error("the person did not prove anew who they are")]
    NotFresh,
    /// The person would have to be asked, and the request forbids it.
    #[error("the person would have to be asked")]
    Passive,
    /// The format or qualifier of `NameIDPolicy` is not to be had.
    #[error("NameIDPolicy cannot be met")]
    NameIdPolicy,
    /// The answer is wanted by a binding that we do not speak.
    #[error("ProtocolBinding is not HTTP-POST")]
    ProtocolBinding,
    /// The request is about somebody whom we cannot tell: `BaseID`, `EncryptedID`, or nobody.
    #[error("Subject holds no NameID")]
    Subject,
    /// The `Subject` has a `SubjectConfirmation`, which the profile forbids.
    #[error("Subject holds a SubjectConfirmation")]
    SubjectConfirmation,
    /// The person who signed in is not the one whom `Subject` names, or nobody could be.
    #[error("the person is not the one whom Subject names")]
    UnknownPrincipal,
    /// The request is of a later version of SAML.
    #[error("the request is of a later version")]
    VersionTooHigh,
    /// The request is of an earlier version of SAML.
    #[error("the request is of an earlier version")]
    VersionTooLow,
}

impl AnswerFault {
    /// Every fault, for tests and documents.
    pub const ALL: [Self; 11] = [
        Self::AttributeConsumingService,
        Self::AuthnContext,
        Self::NotFresh,
        Self::Passive,
        Self::NameIdPolicy,
        Self::ProtocolBinding,
        Self::Subject,
        Self::SubjectConfirmation,
        Self::UnknownPrincipal,
        Self::VersionTooHigh,
        Self::VersionTooLow,
    ];

    /// The status a provider sees for this fault: `Requester` where the request asks for what
    /// cannot be, `Responder` where it could have been met and was not.
    pub const fn status(self) -> Status {
        let (top, second) = match self {
            Self::AttributeConsumingService | Self::SubjectConfirmation => {
                (vocab::STATUS_REQUESTER, vocab::STATUS_REQUEST_UNSUPPORTED)
            }
            Self::AuthnContext => (vocab::STATUS_REQUESTER, vocab::STATUS_NO_AUTHN_CONTEXT),
            Self::NotFresh => (vocab::STATUS_RESPONDER, vocab::STATUS_AUTHN_FAILED),
            Self::Passive => (vocab::STATUS_RESPONDER, vocab::STATUS_NO_PASSIVE),
            Self::NameIdPolicy => (
                vocab::STATUS_REQUESTER,
                vocab::STATUS_INVALID_NAME_ID_POLICY,
            ),
            Self::ProtocolBinding => (vocab::STATUS_REQUESTER, vocab::STATUS_UNSUPPORTED_BINDING),
            Self::Subject => (vocab::STATUS_RESPONDER, vocab::STATUS_REQUEST_UNSUPPORTED),
            Self::UnknownPrincipal => (vocab::STATUS_RESPONDER, vocab::STATUS_UNKNOWN_PRINCIPAL),
            Self::VersionTooHigh => (
                vocab::STATUS_VERSION_MISMATCH,
                vocab::STATUS_VERSION_TOO_HIGH,
            ),
            Self::VersionTooLow => (
                vocab::STATUS_VERSION_MISMATCH,
                vocab::STATUS_VERSION_TOO_LOW,
            ),
        };
        Status { top, second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_status_of_two_levels() {
        let tops = [
            vocab::STATUS_REQUESTER,
            vocab::STATUS_RESPONDER,
            vocab::STATUS_VERSION_MISMATCH,
        ];
        for fault in AnswerFault::ALL {
            let status = fault.status();
            assert!(tops.contains(&status.top), "{fault}");
            assert!(!tops.contains(&status.second) && status.second != vocab::STATUS_SUCCESS);
        }
    }
}
