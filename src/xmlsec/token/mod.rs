//! Private keys in a token: a hardware module, a smart card, or what behaves like one over PKCS#11 2.40.
//!
//! The token signs and never gives the key away. It may be slow, hang, or be gone for a while: it is only ever
//! asked on threads of its own ([`module`]), for a bounded time and by a bounded number of callers, and a session
//! that is lost is opened anew ([`session`]). Nothing leaves here that our own certificate does not verify.

mod fault;
mod module;
mod session;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use cryptoki::mechanism::Mechanism;
use openssl::pkey::{PKey, Public};
use openssl::x509::X509;

pub use fault::TokenFault;
use module::Module;
use session::Sessions;

use super::algorithm::{DigestAlgorithm, KeyKind, PeerAlgorithm, SignatureAlgorithm};
use super::signature::{EcdsaForm, is_signed};
use crate::{config::keys::TokenKey, model::chain::Chain};

/// What is signed to see whether a key is there, and belongs to its certificate. It is no XML, and so nothing
/// that anybody would take for a message of ours.
const PROBE: &[u8] = b"Passerelle tries its key";

/// A key in a token, whatever it signs by.
#[derive(Debug)]
pub(super) struct TokenSigner {
    key: Arc<TokenKey>,
    module: Arc<Module>,
    /// What its certificate holds; set once that was read.
    public: OnceLock<PKey<Public>>,
    /// The one with which it is tried.
    usual: OnceLock<SignatureAlgorithm>,
    is_failing: AtomicBool,
    /// How often it failed. A session of before is not used any more, also by a thread that did not see it: with
    /// `SoftHSM` it may sign when the token is back, while no new one can be opened.
    failures: AtomicU64,
}

impl TokenSigner {
    /// Finds the key and its certificate, which is still to be looked at.
    ///
    /// # Errors
    ///
    /// There is not one of each, or the token cannot be asked.
    pub(super) fn find(key: Arc<TokenKey>) -> Result<(Arc<Self>, X509), TokenFault> {
        let module = Module::at(&key.module)?;
        let found = Arc::new(Self {
            key,
            module: Arc::clone(&module),
            public: OnceLock::new(),
            usual: OnceLock::new(),
            is_failing: AtomicBool::new(false),
            failures: AtomicU64::new(0),
        });
        let asked = Arc::clone(&found);
        let der = module.ask(move |sessions| match &asked.key.certificate {
            Some(pem) => sessions.open(&asked).map(|()| pem.clone()),
            None => sessions.certificate(&asked),
        })??;
        let certificate = match &found.key.certificate {
            Some(_) => match X509::stack_from_pem(&der).unwrap_or_default().as_slice() {
                [one] => one.clone(),
                _ => return Err(TokenFault::CertificateForm),
            },
            None => X509::from_der(&der).map_err(|_not| TokenFault::CertificateForm)?,
        };
        Ok((found, certificate))
    }

    /// Takes `public` for the key's other half, which one signature by `algorithm` has to show. From then on the
    /// key is tried again and again.
    ///
    /// # Errors
    ///
    /// It is not, or the token does not sign so.
    pub(super) fn prove(
        self: &Arc<Self>,
        public: PKey<Public>,
        algorithm: SignatureAlgorithm,
    ) -> Result<(), TokenFault> {
        self.public.get_or_init(|| public);
        self.usual.get_or_init(|| algorithm);
        self.sign(algorithm, PROBE)?;
        self.module.watch(self);
        Ok(())
    }

    /// The size of the key, in bits.
    pub(super) fn bits(&self) -> u32 {
        self.public.get().map(|key| key.bits()).unwrap_or_default()
    }

    /// Whether the last signature that was asked for was not made: the token is gone, or broken.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Has the token sign `octets`; an ECDSA signature is raw.
    ///
    /// # Errors
    ///
    /// It did not, or not in time, or what it made is not by the key of the certificate.
    pub(super) fn sign(
        self: &Arc<Self>,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>, TokenFault> {
        let (signer, octets) = (Arc::clone(self), octets.to_vec());
        let asked = self
            .module
            .ask(move |sessions| signer.sign_in(sessions, algorithm, &octets));
        match &asked {
            // Many people sign in, which says nothing of the token.
            Ok(_) | Err(TokenFault::Busy) => {}
            Err(fault) => self.note(Some(fault)),
        }
        asked?
    }

    /// Sees whether the key signs, on a thread of the module.
    fn look(self: &Arc<Self>, sessions: &mut Sessions) {
        if let Some(usual) = self.usual.get() {
            let _ = self.sign_in(sessions, *usual, PROBE);
        }
    }

    /// Signs on a thread of the module.
    fn sign_in(
        self: &Arc<Self>,
        sessions: &mut Sessions,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>, TokenFault> {
        let digest = algorithm.digest_algorithm();
        let (mechanism, data) = match algorithm.key_kind() {
            KeyKind::Rsa => (Mechanism::RsaPkcs, digest_info(digest, octets)),
            KeyKind::Ec => (Mechanism::Ecdsa, self.shortened(digest.of(octets))),
        };
        let made = sessions.sign(self, &mechanism, &data);
        let made = made.and_then(|signature| {
            let by = PeerAlgorithm::Listed(algorithm);
            let is_ours = |key| is_signed(by, key, octets, &signature, EcdsaForm::Raw);
            if self.public.get().is_some_and(|key| is_ours(key)) {
                Ok(signature)
            } else {
                // Another token may have come into the place of ours, or this one breaks down.
                sessions.close(self);
                Err(TokenFault::OtherKey)
            }
        });
        self.note(made.as_ref().err());
        made
    }

    /// The leftmost octets of a digest, as many as the curve has (FIPS 186-5 §6.4.1): not every token cuts it off.
    fn shortened(&self, mut digest: Vec<u8>) -> Vec<u8> {
        let width = usize::try_from(self.bits()).unwrap_or_default().div_ceil(8);
        digest.truncate(width);
        digest
    }

    /// Notes what came of a signature, and says so where that is another thing than the last time.
    fn note(&self, fault: Option<&TokenFault>) {
        if fault.is_some() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        let was_failing = self.is_failing.swap(fault.is_some(), Ordering::Relaxed);
        match fault {
            Some(fault) if !was_failing => {
                tracing::error!(error.cause = %Chain(fault), "the token does not sign");
            }
            None if was_failing => tracing::warn!("the token signs again"),
            Some(_) | None => {}
        }
    }
}

/// The digest of `octets` with the name of its algorithm in DER (RFC 8017 §9.2, note 1), which is all that PKCS#1 v1.5
/// signs: every token that has RSA pads it, and not every one digests.
fn digest_info(algorithm: DigestAlgorithm, octets: &[u8]) -> Vec<u8> {
    // The lengths, and the last arc of the object identifier 2.16.840.1.101.3.4.2.
    let (outer, arc, length) = match algorithm {
        DigestAlgorithm::Sha256 => (0x31, 1, 0x20),
        DigestAlgorithm::Sha384 => (0x41, 2, 0x30),
        DigestAlgorithm::Sha512 => (0x51, 3, 0x40),
    };
    let mut info = vec![
        0x30, outer, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc,
        0x05, 0x00, 0x04, length,
    ];
    info.extend(algorithm.of(octets));
    info
}
