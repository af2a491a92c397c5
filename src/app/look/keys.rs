//! Looks at our keys, and at which of them signs for a provider, now and next.

use std::sync::Arc;

use super::{
    Look,
    told::{Cause, OfProvider, Warning},
};
use crate::{
    app::rollover,
    config::{fault::ConfigFault, keys::SigningKeySource, sections::Signature},
    flow::bridge::NextSigner,
    metadata::{registry::Registered, remark::Remark},
    model::chain::Chain,
    setup::said::Said,
    xmlsec::{Signer, SigningKey},
};

/// What makes a key by which that signature can be made.
const fn maker(wish: Option<Signature>) -> &'static str {
    match wish {
        Some(Signature::EcdsaSha256 | Signature::EcdsaSha384) => {
            "`passerelle keys FOLDER --algorithm ec-p256` makes one; name it in keys.signing"
        }
        Some(Signature::RsaSha256 | Signature::RsaSha384 | Signature::RsaSha512) | None => {
            "`passerelle keys FOLDER --algorithm rsa-2048` makes one; name it in keys.signing"
        }
    }
}

impl Look<'_> {
    pub(super) fn signing_keys(&mut self) -> Option<Vec<SigningKey>> {
        let files = self.named.signing.iter();
        let keys: Vec<_> = files.filter_map(|file| self.signing_key(file)).collect();
        // None are named where one of their files cannot be read, which is told with the configuration.
        let are_known = !keys.is_empty() && keys.len() == self.named.signing.len();
        are_known.then_some(keys)
    }

    fn signing_key(&mut self, source: &SigningKeySource) -> Option<SigningKey> {
        let opened = SigningKey::open(source).map_err(|fault| {
            let mut told = ConfigFault::of_file(&source.path, Chain(&fault).to_string());
            if let Some(hint) = fault.hint() {
                told.hint(hint);
            }
            told.forbids_another_try = fault.forbids_another_try();
            self.faults.push(told);
        });
        let key = opened.ok()?;
        if key.is_failing() {
            self.warn_of_key(
                source,
                "the token does not sign now; the key that was found before goes on",
                "see to the device; the server finds out by itself when it is back, and does not start without it",
            );
        }
        if key.has_untried_pin() {
            self.warn_of_key(
                source,
                "the PIN may be another one than the one that is logged in, and could not be tried",
                "a wrong one shows at the next start: try it by hand, `pkcs11-tool --module MODULE -O -l`",
            );
        }
        Some(key)
    }

    fn warn_of_key(&mut self, source: &SigningKeySource, what: &str, hint: &str) {
        let mut told = ConfigFault::of_file(&source.path, what);
        told.hint(hint);
        self.warnings.push(Warning::General(told));
    }

    pub(super) fn next_key(&mut self, keys: Option<&[SigningKey]>) -> Option<SigningKey> {
        let file = self.named.next?;
        let next = self.signing_key(file)?;
        let is_same = |key: &SigningKey| key.certificate_der() == next.certificate_der();
        if keys.unwrap_or_default().iter().any(is_same) {
            self.fault("keys.next", &"is one of keys.signing")
                .hint("`passerelle keys rollover start` makes another one");
            return None;
        }
        Some(next)
    }

    /// What signs for a provider once it is switched to the `next` key; none where that changes nothing for it.
    pub(super) fn next_signer(
        &mut self,
        registered: &Registered,
        present: &SigningKey,
        (keys, next): (&[SigningKey], Option<&SigningKey>),
    ) -> Option<NextSigner> {
        let (config, methods) = (&registered.config, &registered.signature_methods);
        let following = rollover::following(keys, next?);
        let signer = match methods.choose(config.signature, &following, &registered.refused) {
            Ok(signer) if signer.certificate_der() == present.certificate_der() => return None,
            Ok(signer) => {
                self.warn_of_an_elliptic_key(registered, &signer, Said::EllipticNextKey);
                Some(Arc::new(signer) as Arc<dyn Signer>)
            }
            Err(fault) => {
                // It stops nobody: the present key goes on signing for this provider, and cannot be taken away.
                let key = format!("sp.{}.signature", config.short_name);
                let remark = Remark::NextKeyUnfit(fault);
                let mut fault = self.told(&key, &remark);
                fault.hint = remark.hint(&config.short_name);
                let cause = Cause::Remark(remark, config.short_name.clone());
                self.of_providers.push(OfProvider { fault, cause });
                None
            }
        };
        Some(NextSigner {
            signer,
            from: config.next_key_from,
        })
    }

    /// The key that signs for a provider. Where the administrator asks for a signature that no key makes,
    /// nothing starts: it would be sent what nobody asked for.
    pub(super) fn signer(
        &mut self,
        registered: &Registered,
        keys: &[SigningKey],
    ) -> Option<SigningKey> {
        let (config, methods) = (&registered.config, &registered.signature_methods);
        let key = format!("sp.{}.signature", config.short_name);
        let signer = methods
            .choose(config.signature, keys, &registered.refused)
            .map_err(|fault| {
                self.fault(&key, &fault).hint(maker(config.signature));
            })
            .ok()?;
        self.warn_of_an_elliptic_key(registered, &signer, Said::EllipticKey);
        Some(signer)
    }

    fn warn_of_an_elliptic_key(
        &mut self,
        registered: &Registered,
        signer: &SigningKey,
        said: Said,
    ) {
        let (config, methods) = (&registered.config, &registered.signature_methods);
        let is_settled = config.signature.is_some() || methods.declares_signatures();
        if signer.is_elliptic() && !is_settled {
            self.warn_of(&config.short_name, "signature", said);
        }
    }
}
