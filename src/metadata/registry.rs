//! Who the service providers are, and whether they are answered.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{Timestamp, tz::Offset};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    config::sp::SpConfig,
    model::{
        endpoint::EndpointUrl,
        entity_id::EntityId,
        language::Localized,
        service_provider::{AssertionConsumerService, ServiceProvider},
        short_name::ShortName,
        vocab,
    },
    xmlsec::{EncryptionKey, Sha1, VerifyingKey},
};

/// A service provider with all that is known of it.
#[derive(Debug)]
pub struct Registered {
    /// What its metadata says.
    pub sp: ServiceProvider,
    /// The keys that verify its requests: those of this provider and of no other.
    pub keys: Vec<VerifyingKey>,
    /// The key that its assertions are encrypted to; none where they are not.
    pub encryption_key: Option<EncryptionKey>,
    /// What the administrator wrote.
    pub config: SpConfig,
}

impl Registered {
    /// Whether an unsigned AuthnRequest is refused: what the administrator wrote, or else what the
    /// metadata promises.
    pub fn must_sign_requests(&self) -> bool {
        self.config
            .require_signed_requests
            .unwrap_or(self.sp.authn_requests_signed)
    }

    /// Whether it may sign its requests with SHA-1 at `now`: up to and including the last day, in
    /// UTC, that the administrator wrote.
    pub fn sha1(&self, now: Timestamp) -> Sha1 {
        let today = Offset::UTC.to_datetime(now).date();
        match self.config.sha1_until {
            None => Sha1::Refused,
            Some(last) if last < today => Sha1::Ended,
            Some(_) => Sha1::Taken,
        }
    }

    /// Its name for people.
    pub fn display_name(&self) -> Localized {
        let given = self
            .config
            .display_name
            .as_ref()
            .or(self.sp.display_name.as_ref());
        given.cloned().unwrap_or_else(|| Localized {
            fr: self.config.short_name.as_str().to_owned(),
            en: None,
        })
    }

    /// The addresses that take answers over HTTP-POST, in the order of the metadata.
    pub fn post_services(&self) -> impl Iterator<Item = &AssertionConsumerService> {
        self.sp
            .assertion_consumer_services
            .iter()
            .filter(|service| service.binding == vocab::BINDING_POST)
    }

    fn names(&self) -> impl Iterator<Item = &EntityId> {
        std::iter::once(&self.sp.entity_id).chain(&self.sp.aliases)
    }

    fn state(&self, now: Timestamp) -> Result<(), SpFault> {
        if !self.config.enabled {
            return Err(SpFault::Disabled);
        }
        if self.sp.valid_until.is_some_and(|end| end <= now) {
            return Err(SpFault::Expired);
        }
        Ok(())
    }
}

/// Why a service provider is not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SpFault {
    /// An administrator switched it off.
    #[error("the service provider is switched off")]
    Disabled,
    /// Its metadata's time is over.
    #[error("the metadata of the service provider has expired")]
    Expired,
    /// Nobody of that name is registered.
    #[error("no such service provider is registered")]
    Unknown,
}

/// Two service providers that cannot, or should not, stand side by side.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Clash {
    /// They have the same entity ID or alias: an answer for one could go to the other.
    #[error("{one} and {other} both go by the name {name}")]
    SameName {
        /// The first of them.
        one: ShortName,
        /// The second of them.
        other: ShortName,
        /// The name.
        name: EntityId,
    },
    /// They have the same short name.
    #[error("two service providers have the short name {0}")]
    SameShortName(ShortName),
    /// A warning: their names differ, and look the same to people.
    #[error("{one} and {other} go by names that differ in case or encoding only: {name}")]
    SimilarName {
        /// The first of them.
        one: ShortName,
        /// The second of them.
        other: ShortName,
        /// The name of the second one.
        name: EntityId,
    },
}

impl Clash {
    /// The provider that came second, and is the one to change.
    pub const fn short_name(&self) -> &ShortName {
        match self {
            Self::SameName { other, .. } | Self::SimilarName { other, .. } => other,
            Self::SameShortName(name) => name,
        }
    }
}

/// What a page may tell of a provider, be it answered or not.
#[derive(Debug)]
pub struct Listed<'a> {
    /// Its short name.
    pub short_name: &'a ShortName,
    /// Its name for people.
    pub display_name: Localized,
    /// Where a sign-in to it starts.
    pub sign_in_link: Option<&'a EndpointUrl>,
    /// Whether people may sign in to it at the time of asking.
    pub is_answered: bool,
}

/// The registered service providers: a snapshot that never changes.
#[derive(Debug, Default)]
pub struct Registry {
    by_name: HashMap<EntityId, Arc<Registered>>,
    by_short_name: BTreeMap<ShortName, Arc<Registered>>,
    warnings: Vec<Clash>,
}

impl Registry {
    /// Registers all of `providers`.
    ///
    /// # Errors
    ///
    /// Every two that must not stand side by side. Nothing is registered then.
    pub fn build(providers: Vec<Registered>) -> Result<Self, Vec<Clash>> {
        let mut registry = Self::default();
        let mut clashes = Vec::new();
        let mut folded: HashMap<String, Arc<Registered>> = HashMap::new();
        for provider in providers.into_iter().map(Arc::new) {
            let short_name = provider.config.short_name.clone();
            if registry.by_short_name.contains_key(&short_name) {
                clashes.push(Clash::SameShortName(short_name));
                continue;
            }
            for name in provider.names() {
                let same = registry.by_name.insert(name.clone(), Arc::clone(&provider));
                let similar = folded.insert(fold(name), Arc::clone(&provider));
                let other = |known: Option<Arc<Registered>>| {
                    known
                        .map(|known| known.config.short_name.clone())
                        .filter(|known| *known != short_name)
                };
                let (same, similar) = (other(same), other(similar));
                let (name, other) = (name.clone(), short_name.clone());
                if let Some(one) = same {
                    clashes.push(Clash::SameName { one, other, name });
                } else if let Some(one) = similar {
                    registry
                        .warnings
                        .push(Clash::SimilarName { one, other, name });
                }
            }
            registry.by_short_name.insert(short_name, provider);
        }
        if clashes.is_empty() {
            Ok(registry)
        } else {
            Err(clashes)
        }
    }

    /// Names that look alike; they were registered all the same.
    pub fn warnings(&self) -> &[Clash] {
        &self.warnings
    }

    /// The provider that calls itself `name`, byte for byte, if it is answered at `now`.
    ///
    /// This and [`Self::sp_by_short_name`] are the only ways to a provider, so that one that was
    /// switched off is out everywhere: in the middle of a sign-in too.
    ///
    /// # Errors
    ///
    /// It is not answered; nothing may be sent to it.
    pub fn sp_for(&self, name: &EntityId, now: Timestamp) -> Result<&Arc<Registered>, SpFault> {
        answered(self.by_name.get(name), now)
    }

    /// The same by our own short name.
    ///
    /// # Errors
    ///
    /// It is not answered; nothing may be sent to it.
    pub fn sp_by_short_name(
        &self,
        name: &ShortName,
        now: Timestamp,
    ) -> Result<&Arc<Registered>, SpFault> {
        answered(self.by_short_name.get(name), now)
    }

    /// Every provider, answered or not: to compile its rules at start, never to answer it.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Registered>> {
        self.by_short_name.values()
    }

    /// Every provider, in the order of the short names, for what is made once for each at the start.
    /// It says nothing about who is answered: that is asked at each step.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Registered>> {
        self.by_short_name.values()
    }

    /// Every provider as a page may tell it, in the order of the short names.
    pub fn listing(&self, now: Timestamp) -> impl Iterator<Item = Listed<'_>> {
        self.by_short_name
            .values()
            .map(move |known| listed(known, now))
    }

    /// One provider as a page may tell it: a page that says "switched off" still shows a way out.
    pub fn listed(&self, name: &ShortName, now: Timestamp) -> Option<Listed<'_>> {
        self.by_short_name.get(name).map(|known| listed(known, now))
    }
}

fn answered(known: Option<&Arc<Registered>>, now: Timestamp) -> Result<&Arc<Registered>, SpFault> {
    let known = known.ok_or(SpFault::Unknown)?;
    known.state(now)?;
    Ok(known)
}

fn listed(known: &Registered, now: Timestamp) -> Listed<'_> {
    Listed {
        short_name: &known.config.short_name,
        display_name: known.display_name(),
        sign_in_link: known.config.sign_in_link.as_ref(),
        is_answered: known.state(now).is_ok(),
    }
}

/// A name without what people do not see: case, and how an accent is encoded.
fn fold(name: &EntityId) -> String {
    name.as_str()
        .nfc()
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
