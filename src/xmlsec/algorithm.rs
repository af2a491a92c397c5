//! The algorithms that may sign, by their URIs: an allow-list.
//!
//! MD5, SHA-1, HMAC and DSA are not in it, and no switch puts them there. HMAC
//! is the dangerous one: keyed with a public certificate, anybody can sign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;

/// Namespace of XML Signature elements.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The enveloped signature transform (xmldsig-core §6.6.4).
pub const ENVELOPED_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Exclusive canonicalisation without comments. Also the namespace of
/// `InclusiveNamespaces`.
pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Exclusive canonicalisation with comments; accepted, never sent.
pub const EXCLUSIVE_C14N_WITH_COMMENTS: &str =
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";

/// A signature algorithm: kind of key and digest.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SignatureAlgorithm {
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RsaSha384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RsaSha512,
}

/// The kind of key that a signature algorithm needs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyKind {
    /// An elliptic curve key on P-256, P-384 or P-521.
    Ec,
    /// An RSA key.
    Rsa,
}

impl SignatureAlgorithm {
    /// All that are allowed.
    pub const ALL: [Self; 6] = [
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
    ];

    /// The allowed algorithm of that name, if it is one.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.uri() == uri)
    }

    /// Its name in `SignatureMethod` and `SigAlg` (RFC 4051).
    pub const fn uri(self) -> &'static str {
        match self {
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::EcdsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
            Self::EcdsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::RsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        }
    }

    /// The kind of key it needs.
    pub const fn key_kind(self) -> KeyKind {
        match self {
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => KeyKind::Ec,
            Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 => KeyKind::Rsa,
        }
    }

    /// The digest that it is made of.
    pub const fn digest_algorithm(self) -> DigestAlgorithm {
        match self {
            Self::EcdsaSha256 | Self::RsaSha256 => DigestAlgorithm::Sha256,
            Self::EcdsaSha384 | Self::RsaSha384 => DigestAlgorithm::Sha384,
            Self::EcdsaSha512 | Self::RsaSha512 => DigestAlgorithm::Sha512,
        }
    }

    pub(super) fn digest(self) -> MessageDigest {
        match self {
            Self::EcdsaSha256 | Self::RsaSha256 => MessageDigest::sha256(),
            Self::EcdsaSha384 | Self::RsaSha384 => MessageDigest::sha384(),
            Self::EcdsaSha512 | Self::RsaSha512 => MessageDigest::sha512(),
        }
    }
}

/// A digest algorithm of a `Reference`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// All that are allowed.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The allowed algorithm of that name, if it is one.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.uri() == uri)
    }

    /// Its name in `DigestMethod`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// The digest of `octets`, in base64.
    pub(super) fn base64_of(self, octets: &[u8]) -> String {
        match self {
            Self::Sha256 => STANDARD.encode(openssl::sha::sha256(octets)),
            Self::Sha384 => STANDARD.encode(openssl::sha::sha384(octets)),
            Self::Sha512 => STANDARD.encode(openssl::sha::sha512(octets)),
        }
    }

    /// Whether `expected` is the digest of `octets`. Both are public: no need
    /// for constant time.
    pub(super) fn matches(self, octets: &[u8], expected: &[u8]) -> bool {
        match self {
            Self::Sha256 => openssl::sha::sha256(octets) == expected,
            Self::Sha384 => openssl::sha::sha384(octets) == expected,
            Self::Sha512 => openssl::sha::sha512(octets) == expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r07_only_the_allowed_names_name_an_algorithm() {
        for known in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::from_uri(known.uri()), Some(known));
        }
        for known in DigestAlgorithm::ALL {
            assert_eq!(DigestAlgorithm::from_uri(known.uri()), Some(known));
        }
        for refused in [
            "",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2000/09/xmldsig#sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
            "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
            "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
            "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        ] {
            assert_eq!(SignatureAlgorithm::from_uri(refused), None, "{refused}");
            assert_eq!(DigestAlgorithm::from_uri(refused), None, "{refused}");
        }
    }
}
