//! Keys, signatures, encryption and nothing else of XML security.
//!
//! Knows the small profile of XML Signature that SAML allows (saml-core-2.0
//! §5.4) and refuses the rest. Encrypts to others, and decrypts nothing. Reads no clock: whether a certificate is out of
//! date is shown by its facts and decided by nobody here, because SAML trusts
//! the key that metadata names and not the certificate around it.

mod algorithm;
mod crypto_error;
mod encrypt;
pub mod encryption_algorithm;
mod key_value;
pub mod keys;
mod sign;
mod signature;
mod signature_element;
mod signature_fault;
#[cfg(test)]
pub(crate) mod test_support;
mod token;
mod verify;

pub use algorithm::{Allowed, DigestAlgorithm, Sha1, SignatureAlgorithm};
pub use crypto_error::CryptoError;
pub use encrypt::{EncryptError, EncryptionKey, encrypt};
pub use encryption_algorithm::EncryptionMethods;
pub use keys::{CertificateFacts, KeyFault, SigningKey, VerifyingKey};
pub use sign::{SignError, Signer, sign};
pub use signature_fault::{Part, SignatureFault};
pub use token::TokenFault;
pub use verify::{
    Checked, NotSigned, Verified, verify_detached, verify_enveloped, verify_enveloped_element,
    verify_enveloped_whole, verify_if_signed,
};
