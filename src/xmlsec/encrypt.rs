//! Encrypts what the writer wrote, so that one reader alone can read it.
//!
//! The plaintext is a whole element in canonical form, which declares each namespace that it uses:
//! it can be read wherever it is put. Of nine service providers that were tried, five read no
//! plaintext that leans on the document around it. What comes out is in canonical form, too, so
//! that a signature around it costs no more than another.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Public};
use openssl::rsa::Padding;
use openssl::symm::encrypt_aead;
use zeroize::Zeroizing;

use super::algorithm::{DSIG, KeyKind};
use super::crypto_error::CryptoError;
use super::encryption_algorithm::{
    BlockEncryption, EncryptionMethods, KeyTransport, OaepDigest, XMLENC, XMLENC11,
};
use super::keys::{CertificateFacts, KeyFault, VerifyingKey};
use crate::sys::entropy::{self, Entropy};
use crate::xml::{Canonical, WriteFault, Writer};

/// What is encrypted is an element (xmlenc-core1 §3.1, `Type`).
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// Length of the initialisation vector of AES-GCM (xmlenc-core1 §5.2.4): 96 bits.
const IV_BYTES: usize = 12;
/// Length of the authentication tag of AES-GCM (xmlenc-core1 §5.2.4): 128 bits.
const TAG_BYTES: usize = 16;

/// Length of what is encrypted to a key on trial: that of the longest key of a cipher.
const TRIAL_BYTES: usize = 32;

const PREFIXES: &[(&str, &str)] = &[("ds", DSIG), ("xenc", XMLENC), ("xenc11", XMLENC11)];

/// A peer's public key for encryption, and how it is encrypted to.
#[derive(Clone, Debug)]
pub struct EncryptionKey {
    /// The key itself, which is of RSA. It is read as one that verifies, and does not here.
    public: VerifyingKey,
    methods: EncryptionMethods,
}

impl EncryptionKey {
    /// Takes a key to encrypt to it.
    ///
    /// # Errors
    ///
    /// It is none of RSA, or one with which the cryptographic library does not encrypt: better told when
    /// it is read than at a sign-in.
    pub fn new(public: VerifyingKey, methods: EncryptionMethods) -> Result<Self, KeyFault> {
        match public.kind() {
            KeyKind::Rsa => {
                encrypt_key(methods.transport, public.key(), &[0; TRIAL_BYTES])?;
                Ok(Self { public, methods })
            }
            KeyKind::Ec => Err(KeyFault::UnsupportedKind),
        }
    }

    /// The key itself.
    pub const fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// What its certificate says; none where it stands bare.
    pub const fn certificate(&self) -> Option<&CertificateFacts> {
        self.public.certificate()
    }

    /// How it is encrypted to.
    pub const fn methods(&self) -> EncryptionMethods {
        self.methods
    }
}

/// Why nothing was encrypted. Ours to fix, and nothing is sent in clear instead.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// The cryptographic library failed.
    #[error("the encryption failed")]
    Crypto(#[from] CryptoError),
    /// It could not be written: the recipient's name is no XML text.
    #[error("what was encrypted could not be written")]
    Write(#[from] WriteFault),
}

/// Encrypts `plain` to the owner of `to`, whose name is `recipient`: an `xenc:EncryptedData`.
///
/// The `xenc:EncryptedKey` is in its `ds:KeyInfo`, where every reader looks that was tried. Each call
/// draws a new key and a new initialisation vector: under one key, a vector used twice gives both
/// texts away.
///
/// # Errors
///
/// See [`EncryptError`]; nothing was encrypted.
pub fn encrypt(
    plain: &Canonical,
    to: &EncryptionKey,
    recipient: &str,
    entropy: &dyn Entropy,
) -> Result<Canonical, EncryptError> {
    let EncryptionMethods { block, transport } = to.methods;
    let mut key = Zeroizing::new(vec![0; block.cipher().key_len()]);
    entropy.fill(&mut key);
    let iv = entropy::bytes::<IV_BYTES>(entropy);
    let text = plain.as_str().as_bytes();
    let text = encrypt_text(block, &key, iv, text).map_err(CryptoError::from)?;
    let key = encrypt_key(transport, to.public.key(), &key).map_err(CryptoError::from)?;

    let mut out = Writer::new(PREFIXES);
    out.start("xenc", "EncryptedData", &[("Type", ELEMENT)]);
    out.leaf(
        "xenc",
        "EncryptionMethod",
        &[("Algorithm", block.uri())],
        "",
    );
    out.start("ds", "KeyInfo", &[]);
    out.start("xenc", "EncryptedKey", &[("Recipient", recipient)]);
    write_transport(&mut out, transport);
    write_cipher_data(&mut out, &key);
    out.end();
    out.end();
    write_cipher_data(&mut out, &text);
    out.end();
    Ok(out.finish()?)
}

/// The vector, the encrypted text and the tag, one after the other (xmlenc-core1 §5.2.4).
fn encrypt_text(
    block: BlockEncryption,
    key: &[u8],
    iv: [u8; IV_BYTES],
    text: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let mut tag = [0; TAG_BYTES];
    let encrypted = encrypt_aead(block.cipher(), key, Some(&iv), &[], text, &mut tag)?;
    Ok([iv.as_slice(), &encrypted, &tag].concat())
}

fn encrypt_key(
    transport: KeyTransport,
    to: &PKeyRef<Public>,
    key: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let mut encrypter = Encrypter::new(to)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    if (transport.digest(), transport.mask()) != (OaepDigest::Sha1, OaepDigest::Sha1) {
        // Said only where it is not what OpenSSL takes unsaid: it looks each digest up by its name.
        encrypter.set_rsa_oaep_md(transport.digest().digest())?;
        encrypter.set_rsa_mgf1_md(transport.mask().digest())?;
    }
    let mut out = vec![0; encrypter.encrypt_len(key)?];
    let length = encrypter.encrypt(key, &mut out)?;
    out.truncate(length);
    Ok(out)
}

/// Writes how the key was encrypted. The digest is always named, as XML Encryption 1.0 demands. MGF1
/// with SHA-1 is not: it holds where nothing is said, and schemas of 1.0, by which some service
/// providers check, know no `MGF`.
fn write_transport(out: &mut Writer, transport: KeyTransport) {
    out.start(
        "xenc",
        "EncryptionMethod",
        &[("Algorithm", transport.uri())],
    );
    let digest = transport.digest().uri();
    out.leaf("ds", "DigestMethod", &[("Algorithm", digest)], "");
    match transport {
        KeyTransport::RsaOaepMgf1p { .. }
        | KeyTransport::RsaOaep {
            mask: OaepDigest::Sha1,
            ..
        } => {}
        KeyTransport::RsaOaep { mask, .. } => {
            out.leaf("xenc11", "MGF", &[("Algorithm", mask.mgf_uri())], "");
        }
    }
    out.end();
}

fn write_cipher_data(out: &mut Writer, octets: &[u8]) {
    out.start("xenc", "CipherData", &[]);
    out.leaf("xenc", "CipherValue", &[], &STANDARD.encode(octets));
    out.end();
}

#[cfg(test)]
#[path = "encrypt_tests.rs"]
mod tests;
