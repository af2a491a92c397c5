//! The algorithms that may sign, by their URIs: an allow-list.
//!
//! MD5, HMAC and DSA are not in it, and no switch puts them there. HMAC is the
//! dangerous one: keyed with a public certificate, anybody can sign. SHA-1 is not
//! in it either: [`Sha1`] says where the verifier takes it all the same. What is on the list
//! an administrator may still refuse: [`Allowed`] says so to the verifier.

use openssl::hash::MessageDigest;
use openssl::sha::{Sha256, Sha384, Sha512};

/// Namespace of XML Signature elements.
pub(super) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The enveloped signature transform (xmldsig-core §6.6.4).
pub(super) const ENVELOPED_SIGNATURE: &str =
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Exclusive canonicalisation without comments. Also the namespace of
/// `InclusiveNamespaces`.
pub(super) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Exclusive canonicalisation with comments; accepted, never sent.
pub(super) const EXCLUSIVE_C14N_WITH_COMMENTS: &str =
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
/// Canonical XML 1.0; accepted of a document's root only, never sent.
pub(super) const INCLUSIVE_C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// Canonical XML 1.0 with comments.
pub(super) const INCLUSIVE_C14N_WITH_COMMENTS: &str =
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
/// Canonical XML 1.1.
pub(super) const INCLUSIVE_C14N_11: &str = "http://www.w3.org/2006/12/xml-c14n11";
/// Canonical XML 1.1 with comments.
pub(super) const INCLUSIVE_C14N_11_WITH_COMMENTS: &str =
    "http://www.w3.org/2006/12/xml-c14n11#WithComments";
/// RSA PKCS#1 v1.5 with SHA-1 (xmldsig-core1 §6.4.2).
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
/// SHA-1 as a digest (xmldsig-core1 §6.2.1).
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// Whether SHA-1 may stand in a signature that is verified.
///
/// It concerns RSA keys only, and nothing that we sign.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sha1 {
    /// It may not.
    #[default]
    Refused,
    /// It might until a day that is over.
    Ended,
    /// It may: a provider that can do no better, for a while.
    Taken,
}

/// What may stand in a signature that is verified, of what is known here.
///
/// A value that is handed to the verifier for one provider and one moment, so that nothing in the
/// process is ever switched. Without anything said it is the whole list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Allowed<'a> {
    /// Whether SHA-1 may.
    pub sha1: Sha1,
    /// The URIs of algorithms of the list that may not all the same (IIP-ALG08).
    pub refused: &'a [&'static str],
}

#[cfg(test)]
impl From<Sha1> for Allowed<'_> {
    /// The whole list, and SHA-1 as it is said.
    fn from(sha1: Sha1) -> Self {
        Self { sha1, refused: &[] }
    }
}

/// What a peer may have signed with: what is on the list, and what [`Sha1`] lets in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PeerAlgorithm {
    Listed(SignatureAlgorithm),
    RsaSha1,
}

impl PeerAlgorithm {
    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        let listed = SignatureAlgorithm::from_uri(uri).map(Self::Listed);
        listed.or_else(|| (uri == RSA_SHA1).then_some(Self::RsaSha1))
    }

    pub(super) const fn key_kind(self) -> KeyKind {
        match self {
            Self::Listed(algorithm) => algorithm.key_kind(),
            Self::RsaSha1 => KeyKind::Rsa,
        }
    }

    pub(super) fn digest(self) -> MessageDigest {
        match self {
            Self::Listed(algorithm) => algorithm.digest(),
            Self::RsaSha1 => MessageDigest::sha1(),
        }
    }
}

/// What a peer may have digested with: what is on the list, and what [`Sha1`] lets in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PeerDigest {
    Listed(DigestAlgorithm),
    Sha1,
}

impl PeerDigest {
    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        let listed = DigestAlgorithm::from_uri(uri).map(Self::Listed);
        listed.or_else(|| (uri == SHA1).then_some(Self::Sha1))
    }

    /// Whether `expected` is the digest of `octets`. Both are public: no need
    /// for constant time.
    pub(super) fn matches(self, octets: &[u8], expected: &[u8]) -> bool {
        match self {
            Self::Listed(digest) => digest.of(octets) == expected,
            Self::Sha1 => openssl::sha::sha1(octets) == expected,
        }
    }
}

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
pub(super) enum KeyKind {
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
    pub(super) const fn key_kind(self) -> KeyKind {
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

    /// The digest of `octets`, by functions that need not be looked up by name each time.
    pub(super) fn of(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => {
                let mut hash = Sha256::new();
                hash.update(octets);
                hash.finish().into()
            }
            Self::Sha384 => {
                let mut hash = Sha384::new();
                hash.update(octets);
                hash.finish().into()
            }
            Self::Sha512 => {
                let mut hash = Sha512::new();
                hash.update(octets);
                hash.finish().into()
            }
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
        assert_eq!(
            PeerAlgorithm::from_uri(RSA_SHA1),
            Some(PeerAlgorithm::RsaSha1)
        );
        assert_eq!(PeerDigest::from_uri(SHA1), Some(PeerDigest::Sha1));
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
