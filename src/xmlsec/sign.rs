//! Signs what the writer wrote.
//!
//! The writer's output is its own canonical form, so the digest is taken of it
//! as it stands, and the signature is spliced in. Nothing is parsed and nothing
//! is canonicalised: beside the private-key operation this costs next to nothing.
//! What is signed is only ever our own words.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::{
    DSIG, DigestAlgorithm, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, SignatureAlgorithm,
};
use super::crypto_error::CryptoError;
use super::token::TokenFault;
use crate::xml::{Canonical, is_ncname};

/// Who can sign in our name: a key in memory, or one behind a device.
pub trait Signer: Send + Sync + std::fmt::Debug {
    /// The algorithm of [`Self::sign`].
    fn algorithm(&self) -> SignatureAlgorithm;

    /// What the signed element is digested with: as a rule what the signature itself is made of.
    fn digest(&self) -> DigestAlgorithm {
        self.algorithm().digest_algorithm()
    }

    /// Whether the device that holds the key does not sign at present, by the last that was asked of it.
    fn is_failing(&self) -> bool;

    /// Our certificate, DER in base64 on one line, for `KeyInfo`.
    fn certificate_base64(&self) -> &str;

    /// Signs `message` itself, not its digest. An ECDSA signature is raw
    /// (xmldsig-core1 §6.4.3).
    ///
    /// # Errors
    ///
    /// The key did not answer. The caller stops; nothing is sent unsigned.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why nothing was signed. Ours to fix, all of them.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The private-key operation failed.
    #[error("the private key operation failed")]
    Crypto(#[source] CryptoError),
    /// The certificate is not what may stand in `X509Certificate`.
    #[error("the signer's certificate is not base64")]
    Certificate,
    /// The document has no place for a signature.
    #[error("the document has no signature slot")]
    NoSlot,
    /// The root element's `ID` is another, or no `NCName`.
    #[error("the ID is not that of the root element")]
    OtherId,
    /// The token that holds the key did not sign.
    #[error("the token that holds the key did not sign")]
    Token(#[source] TokenFault),
}

/// Signs the whole of `unsigned`, whose root carries the attribute `ID` = `id`.
///
/// One `Reference` to `#id` with the enveloped-signature transform and exclusive
/// canonicalisation (saml-core-2.0 §5.4). `KeyInfo` holds the
/// certificate, as some service providers look for it.
///
/// # Errors
///
/// See [`SignError`]; nothing was signed.
pub fn sign(unsigned: &Canonical, id: &str, signer: &dyn Signer) -> Result<Canonical, SignError> {
    if unsigned.around_slot().is_none() {
        return Err(SignError::NoSlot);
    }
    if unsigned.root_id() != Some(id) || !is_ncname(id) {
        return Err(SignError::OtherId);
    }
    let certificate = signer.certificate_base64();
    let is_base64 = certificate
        .bytes()
        // Without a branch a byte, which the compiler turns into vector code.
        .fold(true, |all, byte| all & is_base64(byte));
    if certificate.is_empty() || !is_base64 {
        return Err(SignError::Certificate);
    }
    let digest = STANDARD.encode(signer.digest().of(unsigned.as_str().as_bytes()));
    let opening = "<ds:SignedInfo";
    let signed_info = [
        "><ds:CanonicalizationMethod Algorithm=\"",
        EXCLUSIVE_C14N,
        "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"",
        signer.algorithm().uri(),
        "\"></ds:SignatureMethod><ds:Reference URI=\"#",
        id,
        "\"><ds:Transforms><ds:Transform Algorithm=\"",
        ENVELOPED_SIGNATURE,
        "\"></ds:Transform><ds:Transform Algorithm=\"",
        EXCLUSIVE_C14N,
        "\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"",
        signer.digest().uri(),
        "\"></ds:DigestMethod><ds:DigestValue>",
        &digest,
        "</ds:DigestValue></ds:Reference></ds:SignedInfo>",
    ]
    .concat();
    // Alone, the element declares the prefix that its parent declares in place.
    let octets = [opening, " xmlns:ds=\"", DSIG, "\"", &signed_info].concat();
    let value = STANDARD.encode(signer.sign(octets.as_bytes())?);
    let signature = [
        "<ds:Signature xmlns:ds=\"",
        DSIG,
        "\">",
        opening,
        &signed_info,
        "<ds:SignatureValue>",
        &value,
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>",
        certificate,
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
    ]
    .concat();
    unsigned
        .with_slot_filled(&signature, "ds")
        .ok_or(SignError::NoSlot)
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
