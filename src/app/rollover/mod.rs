//! A roll-over of our signing key, provider by provider: which key takes the place of which, and
//! how it stands with each provider.
//!
//! All of it stands in the configuration: `keys.next`, and each provider's `next-key-from`. So there is one
//! truth, that whoever reads that file can see, that a restart and a reload know, and that is checked with all
//! the rest. [`orders`] changes it for `passerelle keys rollover`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::build::{Basis, Built};
use crate::{
    config::{named::Named, sp::SpConfig},
    control::{self, Duty},
    flow::bridge::{Bridge, Provider},
    model::matter,
    xmlsec::{Signer as _, SigningKey},
};

pub mod orders;

/// How it stands with a provider while a roll-over is on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The present key signs for it, and nobody has said until when.
    Left,
    /// It is switched off: nothing is signed for it.
    Off,
    /// The present key signs for it until then.
    Planned(Timestamp),
    /// The next key has signed for it since then.
    Switched(Timestamp),
    /// The next key makes no signature that it verifies: the present one goes on.
    Unable,
    /// Another of our keys signs for it, before and after.
    Unconcerned,
}

impl Standing {
    /// How it stands at `now` with the provider of `config`; `provider` is none where its metadata cannot be
    /// used, and then it is told by the configuration alone.
    pub fn of(config: &SpConfig, provider: Option<&Provider>, now: Timestamp) -> Self {
        if !config.enabled {
            return Self::Off;
        }
        let from = match provider.map(|provider| &provider.next) {
            Some(None) => return Self::Unconcerned,
            Some(Some(next)) if next.signer.is_none() => return Self::Unable,
            Some(Some(next)) => next.from,
            None => config.next_key_from,
        };
        match from {
            None => Self::Left,
            Some(from) if from <= now => Self::Switched(from),
            Some(from) => Self::Planned(from),
        }
    }

    /// Whether the present key cannot be taken away yet.
    pub const fn is_left(self) -> bool {
        match self {
            Self::Left | Self::Planned(_) | Self::Unable => true,
            Self::Off | Self::Switched(_) | Self::Unconcerned => false,
        }
    }
}

/// Whose place `next` takes, by its place in `keys`: that of the first key of its kind (RSA, or an elliptic
/// curve), or else of the first one.
fn place_of(keys: &[SigningKey], next: &SigningKey) -> usize {
    let is_alike = |key: &SigningKey| key.is_elliptic() == next.is_elliptic();
    keys.iter().position(is_alike).unwrap_or(0)
}

/// The keys whose certificates our metadata holds: those in use first.
pub(super) fn published<'k>(
    keys: &'k [SigningKey],
    next: Option<&'k SigningKey>,
) -> impl Iterator<Item = &'k SigningKey> {
    keys.iter().chain(next)
}

/// SHA-256 of the certificate of the key that signs for each provider at `now`, by short name.
pub(super) fn signed_with(
    bridge: &Bridge,
    basis: &Basis,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let by = |provider: &Provider| {
        let signer = provider.signer_at(now).certificate_base64();
        let mut keys = basis.published();
        let key = keys.find(|key| key.certificate_base64() == signer)?;
        Some(key.certificate().sha256().to_owned())
    };
    let providers = bridge.providers.iter();
    let signed = providers.filter_map(|(name, provider)| Some((name.to_string(), by(provider)?)));
    signed.collect()
}

/// What a running server has otherwise of our keys than the files.
#[derive(Debug)]
pub struct Unlike {
    /// Each thing, in a sentence.
    pub told: Vec<String>,
    /// Whether a reload is refused: a provider would be answered with a key that is not published.
    pub is_refused: bool,
}

/// What `server`, which runs, has otherwise of our keys than `built`, which is what the files say at `now`: for whoever
/// reads the files and believes that it counts.
pub fn unlike(built: &Built, server: &control::Status, now: Timestamp) -> Unlike {
    let keys = built.basis.published();
    let files: BTreeSet<_> = keys.map(|key| key.certificate().sha256()).collect();
    let running: BTreeSet<_> = server.certificates.iter().map(String::as_str).collect();
    let mut told = Vec::new();
    if files != running {
        told.push(
            "the running server publishes other certificates than these files hold".to_owned(),
        );
    }
    let mut is_refused = false;
    for (name, key) in signed_with(&built.front.bridge, &built.basis, now) {
        if server
            .signed_with
            .get(&name)
            .is_some_and(|other| *other != key)
        {
            told.push(format!(
                "the running server answers sp.{name} with another key than the configuration says"
            ));
            let is_answered = { built.front.bridge.providers.iter() }
                .any(|(short, it)| short.as_str() == name && it.registered.config.enabled);
            is_refused |= is_answered && !running.contains(&*key);
        }
    }
    Unlike { told, is_refused }
}

/// Whether the configuration has gone on with the roll-over that a running server still tells this of. It opens no key: a
/// token counts each try of its PIN.
pub fn is_done(duty: &Duty, named: Named<'_>) -> bool {
    let is_over = named.next.is_none();
    let from = || {
        let mut all = named.service_providers.iter();
        let name = duty.whom.strip_prefix("sp.")?;
        all.find(|config| config.short_name.as_str() == name)?
            .next_key_from
    };
    match &*duty.kind {
        matter::FINISH | matter::UNABLE => is_over,
        matter::NEXT_KEY => is_over || from() != duty.until,
        matter::TAKES_NEXT => is_over || from().is_some(),
        _ => false,
    }
}

/// The keys as they are for a provider that is switched, and for all of them when the roll-over is over.
pub(super) fn following(keys: &[SigningKey], next: &SigningKey) -> Vec<SigningKey> {
    let place = place_of(keys, next);
    let after = |(at, key): (usize, &SigningKey)| if at == place { next } else { key }.clone();
    keys.iter().enumerate().map(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmlsec::keys::{KeyRequest, NewKey, generate};

    fn key(kind: NewKey) -> SigningKey {
        let made = generate(&KeyRequest {
            common_name: "idp.example.org",
            key: kind,
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
        });
        SigningKey::from_pem(made.unwrap().pem().as_bytes()).unwrap()
    }

    #[test]
    fn r96_the_next_key_takes_the_place_of_the_first_of_its_kind_and_of_no_other() {
        let (rsa, p256, p384) = (
            key(NewKey::Rsa2048),
            key(NewKey::EcP256),
            key(NewKey::EcP384),
        );
        let (next_rsa, next_ec) = (key(NewKey::Rsa2048), key(NewKey::EcP256));
        let after = |keys: &[&SigningKey], next: &SigningKey| -> Vec<Vec<u8>> {
            let keys: Vec<_> = keys.iter().map(|key| (*key).clone()).collect();
            let following = following(&keys, next);
            let der = following.iter().map(|key| key.certificate_der().to_vec());
            der.collect()
        };
        for (keys, next, following) in [
            (vec![&rsa], &next_rsa, vec![&next_rsa]),
            (
                vec![&rsa, &p256, &p384],
                &next_rsa,
                vec![&next_rsa, &p256, &p384],
            ),
            (
                vec![&rsa, &p256, &p384],
                &next_ec,
                vec![&rsa, &next_ec, &p384],
            ),
            (vec![&p384, &rsa], &next_rsa, vec![&p384, &next_rsa]),
            // Of a kind that there was none of: the one that signs where nobody says how.
            (vec![&rsa], &next_ec, vec![&next_ec]),
        ] {
            let expected: Vec<_> = following
                .iter()
                .map(|key| key.certificate_der().to_vec())
                .collect();
            assert_eq!(after(&keys, next), expected);
        }
    }
}
