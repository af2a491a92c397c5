//! Private keys in a token: a hardware module, a smart card, or what behaves like one over PKCS#11 2.40.
//!
//! The token signs and never gives the key away. It may be slow, hang, or be gone for a while: it is only ever
//! asked on threads of its own ([`module`]), for a bounded time and by a bounded number of callers, and a session
//! that is lost is opened anew ([`session`]). Nothing leaves here that our own certificate does not verify.

mod fault;
mod module;
mod session;

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::time::Instant;

use cryptoki::mechanism::Mechanism;
use openssl::pkey::{PKey, Public};
use openssl::x509::X509;

pub use fault::TokenFault;
use module::{Module, PATIENCE, PATIENCE_AT_FIRST, SIGNED_LATELY, lock};
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
    /// What stands for it, as it was read.
    certificate: OnceLock<X509>,
    is_failing: AtomicBool,
    /// Whether a PIN that may be another than its own was logged in when it was opened.
    is_pin_untried: AtomicBool,
    /// When it signed last.
    signed_at: Mutex<Option<Instant>>,
    /// How often it failed. A session of before is not used any more, also by a thread that did not see it: with
    /// `SoftHSM` it may sign when the token is back, while no new one can be opened.
    failures: AtomicU64,
}

impl TokenSigner {
    const fn of(key: Arc<TokenKey>, module: Arc<Module>) -> Self {
        Self {
            key,
            module,
            public: OnceLock::new(),
            usual: OnceLock::new(),
            certificate: OnceLock::new(),
            is_failing: AtomicBool::new(false),
            is_pin_untried: AtomicBool::new(false),
            signed_at: Mutex::new(None),
            failures: AtomicU64::new(0),
        }
    }

    /// Finds the key and its certificate, which is still to be looked at.
    ///
    /// # Errors
    ///
    /// There is not one of each, or the token cannot be asked.
    pub(super) fn find(key: Arc<TokenKey>) -> Result<(Arc<Self>, X509), TokenFault> {
        let module = Module::at(&key.module)?;
        let is_known = module.watched(|it| it.key.is_as(&key)).is_some();
        let patience = if is_known {
            PATIENCE
        } else {
            PATIENCE_AT_FIRST
        };
        let found = Arc::new(Self::of(key, Arc::clone(&module)));
        let asked = Arc::clone(&found);
        let der = module.ask(patience, move |sessions| match &asked.key.certificate {
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
        found.certificate.get_or_init(|| certificate.clone());
        Ok((found, certificate))
    }

    /// The key of an earlier configuration that was found by the same words, PIN and certificate, and its certificate. It
    /// goes on with its token, which is away now, so that the rest of a new configuration can take over.
    pub(super) fn living(key: &TokenKey, fault: &TokenFault) -> Option<(Arc<Self>, X509)> {
        if !fault.is_of_the_device() {
            return None;
        }
        let module = Module::at(&key.module).ok()?;
        let living = module.watched(|it| it.key.is_as(key))?;
        living.note(Some(fault));
        let certificate = living.certificate.get()?.clone();
        Some((living, certificate))
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

    /// Whether the last signature that was asked for was not made: the token is gone, or broken; or it hangs while
    /// it is looked after, and nobody had it sign for a while.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed) || self.is_silent()
    }

    fn is_silent(&self) -> bool {
        let signed_at = *lock(&self.signed_at);
        let has_signed = signed_at.is_some_and(|at| at.elapsed() < SIGNED_LATELY);
        !has_signed && self.module.hangs_since().is_some()
    }

    /// Notes that a look at it, or at another key of its module, hangs.
    fn note_silence(&self) {
        if self.is_silent() {
            self.note(Some(&TokenFault::Silent));
        }
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
        let asked = self.module.ask(PATIENCE, move |sessions| {
            signer.sign_in(sessions, algorithm, &octets)
        });
        if let Err(fault) = &asked {
            self.note(Some(fault));
        }
        asked?
    }

    /// Whether its PIN is not known to be the one that is logged in, which may be another library's of this process: the
    /// token could not be asked whether it is right, as one login holds for all sessions (PKCS#11 2.40 §5.6).
    pub(super) fn is_pin_untried(&self) -> bool {
        self.is_pin_untried.load(Ordering::Relaxed)
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
        // Many people sign in, which says nothing of the token.
        if matches!(fault, Some(TokenFault::Busy)) {
            return;
        }
        if fault.is_some() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            *lock(&self.signed_at) = Some(Instant::now());
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
