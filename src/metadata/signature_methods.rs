//! Which signatures a provider verifies, as its metadata declares it, and which key of ours signs for
//! it, and how (sstc-saml-metadata-algsupport-v1.0 §2, IIP-MD10).
//!
//! What it declares is taken in its order, the first that a key of ours can do. What is not used here
//! is passed over, SHA-1 and MD5 with it; where nothing is left, nothing is signed for it: never by
//! an algorithm that it did not declare.

use crate::{
    config::sections::Signature,
    model::vocab,
    xml::door::Element,
    xmlsec::{DigestAlgorithm, SignatureAlgorithm, Signer as _, SigningKey},
};

/// What a provider declares, as far as it is used here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SignatureMethods {
    /// Its `alg:SigningMethod` elements; none where it has no such element.
    signing: Option<Vec<SigningMethod>>,
    /// Its `alg:DigestMethod` elements; none where it has no such element.
    digests: Option<Vec<DigestAlgorithm>>,
}

/// An `alg:SigningMethod`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct SigningMethod {
    algorithm: SignatureAlgorithm,
    /// The sizes of keys that it takes, in bits.
    min_bits: u32,
    max_bits: u32,
}

/// Why no key signs for a provider. It cannot be served: what it got would not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignatureMethodFault {
    /// It declares digests, and none that is used here.
    #[error("the provider's metadata declares no digest that is used here")]
    Digest,
    /// The administrator asks for an algorithm that no key of ours can do.
    #[error("no key of keys.signing is of the kind that it needs")]
    NoSuchKey,
    /// What the administrator asks for is refused, or all that our keys can do where nothing is asked
    /// for and nothing declared.
    #[error("all that could sign is refused by algorithms.refuse")]
    Refused,
    /// It declares signatures, and none that a key of ours can make.
    #[error("the provider's metadata declares no signature that a key of keys.signing can make")]
    Signature,
}

impl SignatureMethods {
    /// Reads the `Extensions` of the entity and of its role; for each kind of element, what the role
    /// says wins (§2.3, §2.4).
    pub(super) fn read(entity: Element<'_, '_>, role: Element<'_, '_>) -> Self {
        let declared = |name: &str| {
            let found = [role, entity].map(|element| elements(element, name));
            found.into_iter().find(|found| !found.is_empty())
        };
        Self {
            signing: declared("SigningMethod")
                .map(|found| found.into_iter().filter_map(read_signing_method).collect()),
            digests: declared("DigestMethod").map(|found| {
                let known = |it: &Element<'_, '_>| DigestAlgorithm::from_uri(algorithm(it));
                found.iter().filter_map(known).collect()
            }),
        }
    }

    /// Whether it declares which signatures it verifies.
    pub const fn declares_signatures(&self) -> bool {
        self.signing.is_some()
    }

    /// What it declares, in its order: to compare two versions with. None where it declares nothing.
    pub(super) fn told(&self) -> Option<String> {
        let signing = self.signing.as_ref().map(|methods| {
            let told = methods.iter().map(|it| {
                let (uri, least, most) = (it.algorithm.uri(), it.min_bits, it.max_bits);
                format!("{uri} ({least} to {most} bits)")
            });
            told.collect::<Vec<_>>().join(", ")
        });
        let digests = self.digests.as_ref().map(|digests| {
            let uris: Vec<_> = digests.iter().map(|it| it.uri()).collect();
            format!("digests: {}", uris.join(", "))
        });
        let told: Vec<_> = signing.into_iter().chain(digests).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Chooses the key of `keys` that signs for the provider, and how: by what the administrator
    /// wishes, or else by what it declares, or else with the first key and SHA-256; and by none of the
    /// URIs in `refused`, in whose place comes the next one.
    ///
    /// # Errors
    ///
    /// Nothing of that is to be had.
    pub fn choose(
        &self,
        wish: Option<Signature>,
        keys: &[SigningKey],
        refused: &[&'static str],
    ) -> Result<SigningKey, SignatureMethodFault> {
        if let Some(wish) = wish {
            let mut fitting = keys.iter().filter_map(|key| key.signing_by(wished(wish)));
            let signing = fitting.next().ok_or(SignatureMethodFault::NoSuchKey)?;
            let uses = [signing.algorithm().uri(), signing.digest().uri()];
            return if uses.iter().any(|uri| refused.contains(uri)) {
                Err(SignatureMethodFault::Refused)
            } else {
                Ok(signing)
            };
        }
        let is_allowed = |key: &SigningKey| !refused.contains(&key.algorithm().uri());
        let signing = match &self.signing {
            Some(methods) => methods
                .iter()
                .find_map(|method| method.key_of(keys).filter(is_allowed))
                .ok_or(SignatureMethodFault::Signature),
            None => keys
                .iter()
                .flat_map(|key| SignatureAlgorithm::ALL.map(|algorithm| key.signing_by(algorithm)))
                .flatten()
                .find(is_allowed)
                .ok_or(SignatureMethodFault::Refused),
        };
        self.with_digest(signing?, refused)
    }

    /// The digest of the signature itself wherever that will do: most readers were tried with no other.
    fn with_digest(
        &self,
        signing: SigningKey,
        refused: &[&'static str],
    ) -> Result<SigningKey, SignatureMethodFault> {
        let (declared, fault) = match &self.digests {
            Some(declared) => (&**declared, SignatureMethodFault::Digest),
            None => (&DigestAlgorithm::ALL[..], SignatureMethodFault::Refused),
        };
        let mut allowed = declared.iter().filter(|it| !refused.contains(&it.uri()));
        if allowed.clone().any(|digest| *digest == signing.digest()) {
            return Ok(signing);
        }
        let first = allowed.next().ok_or(fault)?;
        Ok(signing.digesting_by(*first))
    }
}

impl SigningMethod {
    fn key_of(self, keys: &[SigningKey]) -> Option<SigningKey> {
        keys.iter()
            .filter(|key| (self.min_bits..=self.max_bits).contains(&key.bits()))
            .find_map(|key| key.signing_by(self.algorithm))
    }
}

fn elements<'t, 'i>(parent: Element<'t, 'i>, name: &str) -> Vec<Element<'t, 'i>> {
    parent
        .children()
        .filter(|child| child.is(vocab::MD, "Extensions"))
        .flat_map(|extensions| extensions.children().collect::<Vec<_>>())
        .filter(|child| child.is(vocab::ALG, name))
        .collect()
}

fn algorithm<'t>(element: &Element<'t, '_>) -> &'t str {
    element.attribute("Algorithm").unwrap_or_default()
}

/// Reads one `alg:SigningMethod`; none where it is not used here, or its sizes are no numbers.
fn read_signing_method(element: Element<'_, '_>) -> Option<SigningMethod> {
    let size = |name, default| match element.attribute(name) {
        None => Some(default),
        Some(text) => text.trim().parse().ok(),
    };
    Some(SigningMethod {
        algorithm: SignatureAlgorithm::from_uri(algorithm(&element))?,
        min_bits: size("MinKeySize", 0)?,
        max_bits: size("MaxKeySize", u32::MAX)?,
    })
}

const fn wished(wish: Signature) -> SignatureAlgorithm {
    match wish {
        Signature::EcdsaSha256 => SignatureAlgorithm::EcdsaSha256,
        Signature::EcdsaSha384 => SignatureAlgorithm::EcdsaSha384,
        Signature::RsaSha256 => SignatureAlgorithm::RsaSha256,
        Signature::RsaSha384 => SignatureAlgorithm::RsaSha384,
        Signature::RsaSha512 => SignatureAlgorithm::RsaSha512,
    }
}

#[cfg(test)]
#[path = "signature_methods_tests.rs"]
mod tests;
