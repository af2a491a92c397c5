//! The algorithms that may encrypt, by their URIs: an allow-list.
//!
//! AES-CBC and RSA 1.5 are not in it, and no switch puts them there: whoever can ask the reader
//! often enough decrypts both (Jager and Somorovsky 2011, Bleichenbacher 1998). SHA-1 is in it for
//! OAEP alone, which does not rest on collisions, and where it is what every reader knows.

use openssl::{hash::MessageDigest, symm::Cipher};

use super::algorithm::DigestAlgorithm;

/// Namespace of XML Encryption elements (xmlenc-core1 §1.3), prefix `xenc`.
pub const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// Namespace of what XML Encryption 1.1 added (xmlenc-core1 §1.3), prefix `xenc11`.
pub const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// What encrypts the text itself (xmlenc-core1 §5.2.4).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum BlockEncryption {
    /// AES-256-GCM.
    #[default]
    Aes256Gcm,
    /// AES-128-GCM.
    Aes128Gcm,
}

impl BlockEncryption {
    /// All that are allowed, in the order in which they are chosen.
    pub const ALL: [Self; 2] = [Self::Aes256Gcm, Self::Aes128Gcm];

    /// Its name in `EncryptionMethod`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        }
    }

    pub(super) fn cipher(self) -> Cipher {
        match self {
            Self::Aes256Gcm => Cipher::aes_256_gcm(),
            Self::Aes128Gcm => Cipher::aes_128_gcm(),
        }
    }
}

/// A digest inside RSA-OAEP: of its label, or of its mask generation function MGF1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum OaepDigest {
    /// SHA-1, which holds where nothing is said (xmlenc-core1 §5.5.2).
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl OaepDigest {
    /// All that are allowed.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name in `ds:DigestMethod`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => DigestAlgorithm::Sha256.uri(),
            Self::Sha384 => DigestAlgorithm::Sha384.uri(),
            Self::Sha512 => DigestAlgorithm::Sha512.uri(),
        }
    }

    /// The name of MGF1 with it in `xenc11:MGF`.
    pub const fn mgf_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2009/xmlenc11#mgf1sha1",
            Self::Sha256 => "http://www.w3.org/2009/xmlenc11#mgf1sha256",
            Self::Sha384 => "http://www.w3.org/2009/xmlenc11#mgf1sha384",
            Self::Sha512 => "http://www.w3.org/2009/xmlenc11#mgf1sha512",
        }
    }

    pub(super) fn digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// What encrypts the key of the text: RSA-OAEP, under one of its two names (xmlenc-core1 §5.5.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyTransport {
    /// `rsa-oaep-mgf1p`, whose mask generation function is MGF1 with SHA-1.
    RsaOaepMgf1p {
        /// The digest of the label.
        digest: OaepDigest,
    },
    /// `rsa-oaep`, which names its mask generation function.
    RsaOaep {
        /// The digest of the label.
        digest: OaepDigest,
        /// The digest of MGF1.
        mask: OaepDigest,
    },
}

impl KeyTransport {
    /// The name of `rsa-oaep-mgf1p` in `EncryptionMethod`.
    pub const RSA_OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
    /// The name of `rsa-oaep` in `EncryptionMethod`.
    pub const RSA_OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

    /// Each of them as it is where no digest is named (xmlenc-core1 §5.5.2), in the order in which they
    /// are chosen: each of nine service providers that were tried reads the first one; of the second,
    /// xmlsec1 1.2.37 knows nothing.
    pub const UNSTATED: [Self; 2] = [
        Self::RsaOaepMgf1p {
            digest: OaepDigest::Sha1,
        },
        Self::RsaOaep {
            digest: OaepDigest::Sha1,
            mask: OaepDigest::Sha1,
        },
    ];

    /// Its name in `EncryptionMethod`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::RsaOaepMgf1p { .. } => Self::RSA_OAEP_MGF1P,
            Self::RsaOaep { .. } => Self::RSA_OAEP,
        }
    }

    /// The digest of the label.
    pub const fn digest(self) -> OaepDigest {
        match self {
            Self::RsaOaepMgf1p { digest } | Self::RsaOaep { digest, .. } => digest,
        }
    }

    /// The digest of MGF1.
    pub const fn mask(self) -> OaepDigest {
        match self {
            Self::RsaOaepMgf1p { .. } => OaepDigest::Sha1,
            Self::RsaOaep { mask, .. } => mask,
        }
    }
}

impl Default for KeyTransport {
    fn default() -> Self {
        let [first, ..] = Self::UNSTATED;
        first
    }
}

/// How something is encrypted to one key.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct EncryptionMethods {
    /// What encrypts the text.
    pub block: BlockEncryption,
    /// What encrypts the key of the text.
    pub transport: KeyTransport,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names as the specifications write them (xmlenc-core1 §5.1 and §5.5.2, RFC 9231 §2.1 and §2.6): what is read
    /// by our own names and written by them would agree whatever they were.
    #[test]
    fn r45_algorithms_have_the_names_of_the_specifications() {
        let [one, eleven] = [XMLENC, XMLENC11];
        assert_eq!(one, "http://www.w3.org/2001/04/xmlenc#");
        assert_eq!(eleven, "http://www.w3.org/2009/xmlenc11#");
        let blocks = BlockEncryption::ALL.map(BlockEncryption::uri);
        let names = ["aes256-gcm", "aes128-gcm"].map(|name| format!("{eleven}{name}"));
        assert_eq!(blocks, names.each_ref().map(String::as_str));
        let transports = KeyTransport::UNSTATED.map(KeyTransport::uri);
        let [mgf1p, oaep] = [format!("{one}rsa-oaep-mgf1p"), format!("{eleven}rsa-oaep")];
        assert_eq!(transports, [&*mgf1p, &*oaep]);
        let digests = OaepDigest::ALL.map(|digest| (digest.uri(), digest.mgf_uri()));
        assert_eq!(
            digests,
            [
                (
                    "http://www.w3.org/2000/09/xmldsig#sha1",
                    &*format!("{eleven}mgf1sha1")
                ),
                (
                    "http://www.w3.org/2001/04/xmlenc#sha256",
                    &*format!("{eleven}mgf1sha256")
                ),
                (
                    "http://www.w3.org/2001/04/xmldsig-more#sha384",
                    &*format!("{eleven}mgf1sha384")
                ),
                (
                    "http://www.w3.org/2001/04/xmlenc#sha512",
                    &*format!("{eleven}mgf1sha512")
                ),
            ]
        );
    }
}
