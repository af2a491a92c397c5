//! Keys and the certificates that carry them.
//!
//! Keys are parsed once and checked then: a key that exists is strong enough
//! . A private key is never printed and leaves this room only where it is
//! made, as the PEM file to be kept.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::asn1::{Asn1Integer, Asn1Time, Asn1TimeRef};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509NameBuilder, X509NameRef, X509Ref};
use zeroize::Zeroizing;

use super::algorithm::{DigestAlgorithm, KeyKind, SignatureAlgorithm};
use super::crypto_error::CryptoError;
use super::sign::{SignError, Signer};
use super::signature::{self, ReadyKey};
use super::token::{TokenFault, TokenSigner};
use crate::{
    config::keys::{Kept, SigningKeySource, TokenKey},
    model::text::is_misleading,
    sys::secret::Secret,
};

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// Not a certificate, or not one alone.
    #[error("not one X.509 certificate")]
    Certificate,
    /// OpenSSL failed or could not read a part.
    #[error("the key or certificate cannot be used")]
    Crypto(#[from] CryptoError),
    /// Not a `ds:KeyValue` of RSA, or of an elliptic curve by its name.
    #[error("not one RSAKeyValue, or ECKeyValue of a named curve")]
    KeyValue,
    /// The private key is encrypted, and nobody says with which passphrase.
    #[error("the private key is encrypted, and no passphrase is given")]
    Locked,
    /// The private key and the certificate do not belong together.
    #[error("the certificate is of another key")]
    OtherKey,
    /// Not a private key in PEM form.
    #[error("not a private key in PEM form")]
    PrivateKey(#[source] CryptoError),
    /// A key in a token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// Neither RSA nor EC, or not of a kind that can sign here.
    #[error("a kind of key that is not used here")]
    UnsupportedKind,
    /// RSA below 2048 or above 8192 bits, a useless exponent, or a curve that
    /// is not P-256, P-384 or P-521.
    #[error("a key of a size or curve that is not used here")]
    UnsupportedSize,
    /// The private key is encrypted with another passphrase.
    #[error("the passphrase does not open the private key")]
    WrongPassphrase,
}

impl KeyFault {
    /// Whether each further try may do harm, so that somebody has to see to it first.
    pub const fn forbids_another_try(&self) -> bool {
        matches!(self, Self::Token(fault) if fault.is_of_the_pin())
    }

    /// What to do about it, where that is known.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Token(fault) => Some(fault.hint()),
            Self::UnsupportedKind | Self::UnsupportedSize => {
                Some("RSA of 2048 to 8192 bits, or EC on P-256 or P-384")
            }
            Self::Certificate
            | Self::Crypto(_)
            | Self::KeyValue
            | Self::Locked
            | Self::OtherKey
            | Self::PrivateKey(_)
            | Self::WrongPassphrase => None,
        }
    }
}

impl From<ErrorStack> for KeyFault {
    fn from(error: ErrorStack) -> Self {
        Self::Crypto(error.into())
    }
}

/// What a certificate says, for people to look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateFacts {
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    sha256: String,
    key: String,
    weak_digest: Option<WeakDigest>,
}

/// The digest of a certificate's own signature, where it is weak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WeakDigest {
    /// MD4.
    Md4,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// None that is known here.
    Unknown,
}

impl WeakDigest {
    /// Its name; none of what is not known.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Md4 => Some("MD4"),
            Self::Md5 => Some("MD5"),
            Self::Sha1 => Some("SHA-1"),
            Self::Unknown => None,
        }
    }

    fn of(certificate: &X509Ref) -> Option<Self> {
        let algorithm = certificate.signature_algorithm().object().nid();
        let Some(found) = algorithm.signature_algorithms() else {
            return Some(Self::Unknown);
        };
        [
            (Nid::MD4, Self::Md4),
            (Nid::MD5, Self::Md5),
            (Nid::SHA1, Self::Sha1),
        ]
        .into_iter()
        .find_map(|(digest, weak)| (digest == found.digest).then_some(weak))
    }
}

impl CertificateFacts {
    /// Its subject, as `CN=idp.example, O=…`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// From when it says to be valid.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Until when it says to be valid.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// SHA-256 of the whole certificate: 64 digits in lower-case hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Kind and size of its key, as `RSA 2048`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// With which weak digest the certificate itself is signed, if with one.
    pub const fn weak_digest(&self) -> Option<WeakDigest> {
        self.weak_digest
    }

    fn read(certificate: &X509Ref, key: &PKeyRef<Public>) -> Result<Self, KeyFault> {
        let kind = match check_key(key)? {
            KeyKind::Ec => "EC",
            KeyKind::Rsa => "RSA",
        };
        Ok(Self {
            subject: describe(certificate.subject_name()),
            not_before: timestamp(certificate.not_before())?,
            not_after: timestamp(certificate.not_after())?,
            sha256: hex(&certificate.digest(MessageDigest::sha256())?),
            key: format!("{kind} {}", key.bits()),
            weak_digest: WeakDigest::of(certificate),
        })
    }
}

/// A peer's public key, as its metadata holds it: in a certificate, or bare.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    key: PKey<Public>,
    kind: KeyKind,
    certificate: Option<CertificateFacts>,
}

impl VerifyingKey {
    /// Reads a certificate in DER form.
    ///
    /// # Errors
    ///
    /// It is none, or its key is too weak or of a kind that is not used.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, KeyFault> {
        let certificate = X509::from_der(der)?;
        // Bytes after the certificate are no part of what was parsed.
        if certificate.to_der()? != der {
            return Err(KeyFault::Certificate);
        }
        let key = certificate.public_key()?;
        Ok(Self {
            kind: check_key(&key)?,
            certificate: Some(CertificateFacts::read(&certificate, &key)?),
            key,
        })
    }

    /// A key that stands in no certificate.
    pub(super) fn bare(key: PKey<Public>) -> Result<Self, KeyFault> {
        Ok(Self {
            kind: check_key(&key)?,
            certificate: None,
            key,
        })
    }

    /// Reads certificates in PEM form, one after the other; at least one.
    ///
    /// # Errors
    ///
    /// There is none, or one of them is none that is used.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, KeyFault> {
        let certificates = X509::stack_from_pem(pem).map_err(|_none| KeyFault::Certificate)?;
        if certificates.is_empty() {
            return Err(KeyFault::Certificate);
        }
        let read = |certificate: X509| Self::from_certificate_der(&certificate.to_der()?);
        certificates.into_iter().map(read).collect()
    }

    /// Reads the content of `ds:X509Certificate`: DER in base64, wrapped or not.
    ///
    /// # Errors
    ///
    /// As [`Self::from_certificate_der`], or it is not base64.
    pub fn from_certificate_base64(text: &str) -> Result<Self, KeyFault> {
        let der = signature::decode_base64(text).ok_or(KeyFault::Certificate)?;
        Self::from_certificate_der(&der)
    }

    /// Kind and size, as `RSA 2048`.
    pub fn kind_and_size(&self) -> String {
        let kind = match self.kind {
            KeyKind::Ec => "EC",
            KeyKind::Rsa => "RSA",
        };
        format!("{kind} {}", self.key.bits())
    }

    /// SHA-256 of the key alone (`SubjectPublicKeyInfo`, DER): 64 digits in lower-case hexadecimal.
    ///
    /// # Errors
    ///
    /// OpenSSL failed.
    pub fn key_sha256(&self) -> Result<String, KeyFault> {
        let der = self.key.public_key_to_der()?;
        let digest = openssl::hash::hash(MessageDigest::sha256(), &der)?;
        Ok(hex(&digest))
    }

    /// What its certificate says; none where it stands bare.
    pub const fn certificate(&self) -> Option<&CertificateFacts> {
        self.certificate.as_ref()
    }

    /// Whether both are one key, whatever stands around it.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.key.public_eq(&other.key)
    }

    pub(super) const fn kind(&self) -> KeyKind {
        self.kind
    }

    pub(super) fn key(&self) -> &PKeyRef<Public> {
        &self.key
    }
}

/// Our private key for signatures, with its certificate, and how it signs.
///
/// RSA, or EC on P-256 or P-384: nobody was found who reads P-521. All service
/// providers read RSA-SHA256, and not every one an ECDSA signature. The private
/// key is parsed once; parsing it for each signature would double the cost of
/// signing. A clone shares it.
#[derive(Clone)]
pub struct SigningKey {
    key: PrivateKey,
    digest: DigestAlgorithm,
    facts: CertificateFacts,
    der: Vec<u8>,
    base64: String,
}

/// Where the private key is.
#[derive(Clone)]
enum PrivateKey {
    /// In our memory.
    Here(Arc<ReadyKey>),
    /// In a token, which signs by this algorithm.
    InToken(Arc<TokenSigner>, SignatureAlgorithm),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// The longest key on an elliptic curve.
    const MAX_EC_BITS: u32 = 384;

    /// Opens a key that the configuration names. It signs with SHA-256.
    ///
    /// # Errors
    ///
    /// It or its certificate is missing, weak or not usable here, or they do not belong together; or the token
    /// that holds it cannot be asked, and no key of an earlier configuration goes on for it.
    pub fn open(source: &SigningKeySource) -> Result<Self, KeyFault> {
        match &source.kept {
            Kept::File { pem, passphrase } => {
                Self::from_locked_pem(pem.expose(), passphrase.as_ref())
            }
            Kept::Token(key) => Self::found(key).or_else(|fault| {
                let KeyFault::Token(of_token) = &fault else {
                    return Err(fault);
                };
                let (signer, certificate) = TokenSigner::living(key, of_token).ok_or(fault)?;
                let algorithm = Self::usual_algorithm(&*certificate.public_key()?)?;
                Self::holding(
                    PrivateKey::InToken(signer, algorithm),
                    &certificate,
                    algorithm,
                )
            }),
        }
    }

    /// Finds a key in its token, and has it sign once.
    fn found(key: &Arc<TokenKey>) -> Result<Self, KeyFault> {
        let (signer, certificate) = TokenSigner::find(Arc::clone(key))?;
        let public = certificate.public_key()?;
        let algorithm = Self::usual_algorithm(&public)?;
        signer.prove(public, algorithm)?;
        let key = PrivateKey::InToken(signer, algorithm);
        Self::holding(key, &certificate, algorithm)
    }

    /// Whether the PIN of its token is not known to be the one that is logged in, and could not be tried.
    pub fn has_untried_pin(&self) -> bool {
        match &self.key {
            PrivateKey::Here(_) => false,
            PrivateKey::InToken(signer, _) => signer.is_pin_untried(),
        }
    }

    /// Reads a PEM file that holds one private key and one certificate, in any
    /// order. It signs with SHA-256.
    ///
    /// # Errors
    ///
    /// Either is missing, weak or not usable here, or they do not belong together.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyFault> {
        Self::from_locked_pem(pem, None)
    }

    /// The same of a file whose private key may be encrypted (PKCS#8).
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), or the passphrase is missing or another one.
    pub fn from_locked_pem(pem: &[u8], passphrase: Option<&Secret>) -> Result<Self, KeyFault> {
        let mut is_asked = false;
        // Without a callback OpenSSL would ask at the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |room| {
            is_asked = true;
            let offered = passphrase.map(Secret::expose).unwrap_or_default();
            Ok(room.get_mut(..offered.len()).map_or(0, |room| {
                room.copy_from_slice(offered);
                offered.len()
            }))
        });
        let key = key.map_err(|error| match (is_asked, passphrase) {
            (true, None) => KeyFault::Locked,
            (true, Some(_)) => KeyFault::WrongPassphrase,
            (false, _) => KeyFault::PrivateKey(error.into()),
        })?;
        let certificates = X509::stack_from_pem(pem)?;
        let [certificate] = certificates.as_slice() else {
            return Err(KeyFault::Certificate);
        };
        let public = certificate.public_key()?;
        if !public.public_eq(&key) {
            return Err(KeyFault::OtherKey);
        }
        let algorithm = Self::usual_algorithm(&public)?;
        let key = PrivateKey::Here(Arc::new(ReadyKey::new(key, algorithm)));
        Self::holding(key, certificate, algorithm)
    }

    /// What a key of this kind signs by where nobody says it; refuses what is weak or not used here.
    fn usual_algorithm(public: &PKeyRef<Public>) -> Result<SignatureAlgorithm, KeyFault> {
        match check_key(public)? {
            KeyKind::Rsa => Ok(SignatureAlgorithm::RsaSha256),
            KeyKind::Ec if public.bits() > Self::MAX_EC_BITS => Err(KeyFault::UnsupportedSize),
            KeyKind::Ec => Ok(SignatureAlgorithm::EcdsaSha256),
        }
    }

    fn holding(
        key: PrivateKey,
        certificate: &X509Ref,
        algorithm: SignatureAlgorithm,
    ) -> Result<Self, KeyFault> {
        let der = certificate.to_der()?;
        let public = certificate.public_key()?;
        Ok(Self {
            digest: algorithm.digest_algorithm(),
            facts: CertificateFacts::read(certificate, &public)?,
            base64: STANDARD.encode(&der),
            key,
            der,
        })
    }

    /// What the certificate says.
    pub const fn certificate(&self) -> &CertificateFacts {
        &self.facts
    }

    /// The certificate in DER form.
    pub fn certificate_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it is a key on an elliptic curve, whose signatures not everybody reads.
    pub fn is_elliptic(&self) -> bool {
        self.algorithm().key_kind() == KeyKind::Ec
    }

    /// The size of the key, in bits.
    pub fn bits(&self) -> u32 {
        match &self.key {
            PrivateKey::Here(key) => key.key().bits(),
            PrivateKey::InToken(signer, _) => signer.bits(),
        }
    }

    /// The same key, signing by `algorithm` and with its digest; none where it is of another kind.
    pub fn signing_by(&self, algorithm: SignatureAlgorithm) -> Option<Self> {
        (algorithm.key_kind() == self.algorithm().key_kind()).then(|| Self {
            key: match &self.key {
                PrivateKey::Here(key) => {
                    PrivateKey::Here(Arc::new(ReadyKey::new(key.key().clone(), algorithm)))
                }
                PrivateKey::InToken(signer, _) => {
                    PrivateKey::InToken(Arc::clone(signer), algorithm)
                }
            },
            digest: algorithm.digest_algorithm(),
            ..self.clone()
        })
    }

    /// The same key, with another digest of what is signed.
    #[must_use]
    pub fn digesting_by(self, digest: DigestAlgorithm) -> Self {
        Self { digest, ..self }
    }
}

impl Signer for SigningKey {
    fn is_failing(&self) -> bool {
        match &self.key {
            PrivateKey::Here(_) => false,
            PrivateKey::InToken(signer, _) => signer.is_failing(),
        }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match &self.key {
            PrivateKey::Here(key) => key.algorithm(),
            PrivateKey::InToken(_, algorithm) => *algorithm,
        }
    }

    fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    fn certificate_base64(&self) -> &str {
        &self.base64
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.key {
            PrivateKey::Here(key) => key.sign(message).map_err(SignError::Crypto),
            PrivateKey::InToken(signer, algorithm) => {
                signer.sign(*algorithm, message).map_err(SignError::Token)
            }
        }
    }
}

/// The kind and size of a new key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NewKey {
    /// RSA of 2048 bits; a signature takes about 0.36 ms.
    Rsa2048,
    /// RSA of 3072 bits; a signature takes two to six times as long, by OpenSSL version.
    Rsa3072,
    /// EC on P-256.
    EcP256,
    /// EC on P-384.
    EcP384,
    /// RSA of so many bits, as another key has.
    Rsa(u32),
}

impl NewKey {
    /// The kind and size of a key that signs here.
    pub fn like(key: &VerifyingKey) -> Self {
        match key.kind() {
            KeyKind::Rsa => Self::Rsa(key.key().bits()),
            KeyKind::Ec if key.key().bits() > 256 => Self::EcP384,
            KeyKind::Ec => Self::EcP256,
        }
    }

    fn make(self) -> Result<PKey<Private>, ErrorStack> {
        match self {
            Self::Rsa2048 => PKey::from_rsa(Rsa::generate(2048)?),
            Self::Rsa3072 => PKey::from_rsa(Rsa::generate(3072)?),
            Self::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits)?),
            Self::EcP256 => on_curve(Nid::X9_62_PRIME256V1),
            Self::EcP384 => on_curve(Nid::SECP384R1),
        }
    }
}

fn on_curve(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// What a new key and its certificate shall be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyRequest<'a> {
    /// `CN` of subject and issuer, 1 to 64 characters: by custom the host name.
    pub common_name: &'a str,
    /// Kind and size of the key.
    pub key: NewKey,
    /// From when the certificate says to be valid.
    pub not_before: Timestamp,
    /// Until when the certificate says to be valid. Long, as SAML peers hold
    /// the certificate itself and break on the day it ends.
    pub not_after: Timestamp,
}

/// A new key with its self-signed certificate, to be written to a file of mode 0400.
pub struct GeneratedKey {
    pem: Zeroizing<String>,
    facts: CertificateFacts,
}

impl std::fmt::Debug for GeneratedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GeneratedKey(…)")
    }
}

impl GeneratedKey {
    /// The private key in PKCS#8 form, then the certificate, as
    /// [`SigningKey::from_pem`] reads them. Wiped from memory on drop.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The same, with the private key encrypted (PKCS#8, AES-256).
    ///
    /// # Errors
    ///
    /// OpenSSL failed.
    pub fn locked_pem(&self, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let key = PKey::private_key_from_pem(self.pem.as_bytes())?;
        let cipher = Cipher::aes_256_cbc();
        let locked = key.private_key_to_pem_pkcs8_passphrase(cipher, passphrase.expose())?;
        let certificate = X509::from_pem(self.pem.as_bytes())?.to_pem()?;
        Ok(Zeroizing::new([locked, certificate].concat()))
    }

    /// What the certificate says.
    pub const fn certificate(&self) -> &CertificateFacts {
        &self.facts
    }
}

/// Makes a new key and a self-signed certificate around it.
///
/// Key and serial number come from OpenSSL's generator, seeded by the kernel.
///
/// # Errors
///
/// OpenSSL failed, most likely on a common name that is empty or too long.
pub fn generate(request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyFault> {
    let key = request.key.make()?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, request.common_name)?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(159, MsbOption::MAYBE_ZERO, false)?;
    let serial = Asn1Integer::from_bn(&serial)?;

    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(&key)?;
    let not_before = Asn1Time::from_unix(request.not_before.as_second())?;
    builder.set_not_before(&not_before)?;
    let not_after = Asn1Time::from_unix(request.not_after.as_second())?;
    builder.set_not_after(&not_after)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(&key, MessageDigest::sha256())?;
    let certificate = builder.build();

    let private = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
    let mut pem = Zeroizing::new(String::with_capacity(8 * 1024));
    pem.push_str(&String::from_utf8_lossy(&private));
    pem.push_str(&String::from_utf8_lossy(&certificate.to_pem()?));
    let public = certificate.public_key()?;
    let facts = CertificateFacts::read(&certificate, &public)?;
    Ok(GeneratedKey { pem, facts })
}

/// Refuses weak and unknown keys.
fn check_key<T: HasPublic>(key: &PKeyRef<T>) -> Result<KeyKind, KeyFault> {
    if key.id() == Id::RSA {
        let rsa = key.rsa()?;
        // With exponent 1 anybody signs, and the longer it is the dearer is each signature to verify.
        let is_usual_exponent = rsa.e().is_bit_set(0) && (2..=64).contains(&rsa.e().num_bits());
        if is_usual_exponent && (2048..=8192).contains(&rsa.n().num_bits()) {
            return Ok(KeyKind::Rsa);
        }
        return Err(KeyFault::UnsupportedSize);
    }
    if key.id() == Id::EC {
        let known = [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1];
        let curve = key.ec_key()?.group().curve_name();
        if curve.is_some_and(|curve| known.contains(&curve)) {
            return Ok(KeyKind::Ec);
        }
        return Err(KeyFault::UnsupportedSize);
    }
    Err(KeyFault::UnsupportedKind)
}

fn describe(name: &X509NameRef) -> String {
    let mut words = Vec::new();
    for entry in name.entries() {
        let field = entry.object().nid().short_name().unwrap_or("?");
        let value = String::from_utf8_lossy(entry.data().as_slice()).into_owned();
        let value: String = value.chars().filter(|c| !is_misleading(*c)).collect();
        words.push(format!("{field}={value}"));
    }
    words.join(", ")
}

fn timestamp(time: &Asn1TimeRef) -> Result<Timestamp, KeyFault> {
    let since_epoch = Asn1Time::from_unix(0)?.diff(time)?;
    let seconds = i64::from(since_epoch.days) * 86_400 + i64::from(since_epoch.secs);
    // The last day of 9999, which says that there is no end (RFC 5280 §4.1.2.5), is past what fits.
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(bounded).map_err(|_never| KeyFault::Certificate)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
