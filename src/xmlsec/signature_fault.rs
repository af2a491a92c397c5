//! Why something does not count as signed.

use crate::xml::c14n::C14nFault;

/// Where in a signature something was found that is not allowed there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// `CanonicalizationMethod`.
    CanonicalizationMethod,
    /// `DigestMethod`.
    DigestMethod,
    /// `DigestValue`.
    DigestValue,
    /// `Reference`.
    Reference,
    /// `Signature` itself.
    Signature,
    /// `SignatureMethod`.
    SignatureMethod,
    /// `SignatureValue`.
    SignatureValue,
    /// `SignedInfo`.
    SignedInfo,
    /// `Transforms` or a `Transform`.
    Transforms,
}

/// Why nothing was verified. Except for [`Self::NoKeys`] the peer is at fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignatureFault {
    /// An algorithm that is not allowed there: SHA-1 of an old peer, most likely, or one that the
    /// administrator refuses.
    #[error("an algorithm that is not allowed: {0:?}")]
    Algorithm(Part),
    /// There is no canonical form to verify.
    #[error("no canonical form")]
    Canonicalization(#[from] C14nFault),
    /// The content is not what was signed.
    #[error("the digest is that of other content")]
    Digest,
    /// The signed element's ID is not its alone. Some reader would take the
    /// other element for the signed one.
    #[error("the ID of the signed element occurs twice")]
    DuplicateId,
    /// The element has no `ID`, or one that is no `NCName`.
    #[error("the element has no usable ID")]
    NoId,
    /// No key was given: a peer without registered keys proves nothing.
    #[error("no key to verify with")]
    NoKeys,
    /// No key fits the algorithm, or none made the signature.
    #[error("not signed by any of the keys")]
    NotByTheseKeys,
    /// A signature stands where the profile has none. Wrapped signatures do.
    #[error("a signature stands in another place than directly in the signed element")]
    Misplaced,
    /// The `Reference` names something other than the element around it.
    #[error("the signature refers to something else")]
    OtherReference,
    /// There are more signatures than there may be.
    #[error("more signatures than there may be")]
    Several,
    /// SHA-1, which the peer might use until a day that is over.
    #[error("SHA-1 was taken of this provider until a day that is over")]
    Sha1Ended,
    /// The signature has parts that are not allowed, or lacks one.
    #[error("a signature off the profile: {0:?}")]
    Shape(Part),
    /// There is no signature.
    #[error("not signed")]
    Unsigned,
}
