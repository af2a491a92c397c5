//! One signature over octets: the only lines that call the cryptographic
//! library to sign or verify.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::{PKey, PKeyRef, Private, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;

use super::algorithm::{DigestAlgorithm, KeyKind, PeerAlgorithm, SignatureAlgorithm};
use super::crypto_error::CryptoError;
use crate::xml::text::is_xml_space;

/// How the two numbers of an ECDSA signature are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EcdsaForm {
    /// Both at full width, one after the other (xmldsig-core1 §6.4.3).
    Raw,
    /// Raw or, as some libraries sign a query, in ASN.1 DER.
    RawOrDer,
}

/// Base64 as XML has it: the plain alphabet, padded, white space anywhere.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !is_xml_space(*c)).collect();
    STANDARD.decode(compact).ok()
}

/// A private key that is made ready for one algorithm.
///
/// To look up how to sign, by names, and to set it up costs some 10 µs for each signature. So what
/// was set up is kept for the next one: as many as there ever were signatures at one time. Nothing of
/// a message stays in it.
pub(super) struct ReadyKey {
    key: PKey<Private>,
    algorithm: SignatureAlgorithm,
    idle: Mutex<Vec<PkeyCtx<Private>>>,
}

impl ReadyKey {
    /// Takes a key of the kind that `algorithm` needs.
    pub(super) const fn new(key: PKey<Private>, algorithm: SignatureAlgorithm) -> Self {
        Self {
            key,
            algorithm,
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(super) const fn key(&self) -> &PKey<Private> {
        &self.key
    }

    pub(super) const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Signs `octets`; an ECDSA signature is raw.
    pub(super) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let digest = self.algorithm.digest_algorithm().of(octets);
        let idle = self.idle().pop();
        let mut context = idle.map_or_else(|| self.set_up(), Ok)?;
        let mut signature = Vec::new();
        // One that has failed is not kept.
        context.sign_to_vec(&digest, &mut signature)?;
        self.idle().push(context);
        match self.algorithm.key_kind() {
            KeyKind::Rsa => Ok(signature),
            KeyKind::Ec => Ok(raw(&signature, self.key.bits())?),
        }
    }

    fn set_up(&self) -> Result<PkeyCtx<Private>, ErrorStack> {
        let digest = match self.algorithm.digest_algorithm() {
            DigestAlgorithm::Sha256 => Md::sha256(),
            DigestAlgorithm::Sha384 => Md::sha384(),
            DigestAlgorithm::Sha512 => Md::sha512(),
        };
        let mut context = PkeyCtx::new(&self.key)?;
        context.sign_init()?;
        if self.algorithm.key_kind() == KeyKind::Rsa {
            context.set_rsa_padding(Padding::PKCS1)?;
        }
        context.set_signature_md(digest)?;
        Ok(context)
    }

    /// A thread that panicked left the list whole.
    fn idle(&self) -> MutexGuard<'_, Vec<PkeyCtx<Private>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two numbers of an ECDSA signature in ASN.1 DER, one after the other at full width.
fn raw(der: &[u8], bits: u32) -> Result<Vec<u8>, ErrorStack> {
    let width = i32::try_from(bits.div_ceil(8)).unwrap_or_default();
    let pair = EcdsaSig::from_der(der)?;
    let mut raw = pair.r().to_vec_padded(width)?;
    raw.extend(pair.s().to_vec_padded(width)?);
    Ok(raw)
}

/// Whether `signature` is one of `octets` by `key`, which is of the kind that
/// `algorithm` needs. A signature that cannot be read is not one.
pub(super) fn is_signed(
    algorithm: PeerAlgorithm,
    key: &PKeyRef<Public>,
    octets: &[u8],
    signature: &[u8],
    form: EcdsaForm,
) -> bool {
    let checked = match algorithm.key_kind() {
        KeyKind::Rsa => check(algorithm, key, octets, signature),
        KeyKind::Ec => check_ecdsa(algorithm, key, octets, signature, form),
    };
    // An error, too, is not a signature: nothing but `true` passes.
    checked.unwrap_or(false)
}

fn check(
    algorithm: PeerAlgorithm,
    key: &PKeyRef<Public>,
    octets: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let mut verifier = openssl::sign::Verifier::new(algorithm.digest(), key)?;
    verifier.verify_oneshot(signature, octets)
}

fn check_ecdsa(
    algorithm: PeerAlgorithm,
    key: &PKeyRef<Public>,
    octets: &[u8],
    signature: &[u8],
    form: EcdsaForm,
) -> Result<bool, ErrorStack> {
    let width = usize::try_from(key.bits()).unwrap_or_default().div_ceil(8);
    if signature.len() == 2 * width
        && let Some((r, s)) = signature.split_at_checked(width)
    {
        let pair =
            EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
        return check(algorithm, key, octets, &pair.to_der()?);
    }
    match form {
        EcdsaForm::Raw => Ok(false),
        EcdsaForm::RawOrDer => check(algorithm, key, octets, signature),
    }
}
