//! The algorithms that the administrator refuses (`[algorithms] refuse`), by their URIs: the verifier
//! takes none of them, and nothing is signed or encrypted with them (IIP-ALG08).

use crate::{
    config::sections::Algorithm,
    xmlsec::{
        DigestAlgorithm, SignatureAlgorithm,
        encryption_algorithm::{BlockEncryption, KeyTransport},
    },
};

/// The URI of each of them.
pub fn uris(refused: &[Algorithm]) -> Vec<&'static str> {
    refused.iter().copied().map(uri).collect()
}

const fn uri(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Aes128Gcm => BlockEncryption::Aes128Gcm.uri(),
        Algorithm::Aes256Gcm => BlockEncryption::Aes256Gcm.uri(),
        Algorithm::EcdsaSha256 => SignatureAlgorithm::EcdsaSha256.uri(),
        Algorithm::EcdsaSha384 => SignatureAlgorithm::EcdsaSha384.uri(),
        Algorithm::EcdsaSha512 => SignatureAlgorithm::EcdsaSha512.uri(),
        Algorithm::RsaOaep => KeyTransport::RSA_OAEP,
        Algorithm::RsaOaepMgf1p => KeyTransport::RSA_OAEP_MGF1P,
        Algorithm::RsaSha256 => SignatureAlgorithm::RsaSha256.uri(),
        Algorithm::RsaSha384 => SignatureAlgorithm::RsaSha384.uri(),
        Algorithm::RsaSha512 => SignatureAlgorithm::RsaSha512.uri(),
        Algorithm::Sha256 => DigestAlgorithm::Sha256.uri(),
        Algorithm::Sha384 => DigestAlgorithm::Sha384.uri(),
        Algorithm::Sha512 => DigestAlgorithm::Sha512.uri(),
    }
}
