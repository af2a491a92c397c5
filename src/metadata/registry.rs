//! Who the service providers are, and whether they are answered.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{Timestamp, tz::Offset};
use unicode_normalization::UnicodeNormalization as _;

use super::{key_descriptor::is_placeholder, signature_methods::SignatureMethods};
use crate::{
    config::sp::{SpConfig, WayIn},
    model::{
        entity_id::EntityId,
        language::Localized,
        service_provider::{AssertionConsumerService, ServiceProvider},
        short_name::ShortName,
        vocab,
    },
    xmlsec::{Allowed, EncryptionKey, Sha1, VerifyingKey},
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
    /// The signatures that it declares to verify.
    pub signature_methods: SignatureMethods,
    /// The URIs of the algorithms that are refused of it and not used for it (IIP-ALG08).
    pub refused: Vec<&'static str>,
    /// What it was read from, of a provider whose source is asked again and again: another version is compared
    /// with it.
    pub document: Option<Arc<[u8]>>,
    /// What the administrator wrote.
    pub config: SpConfig,
    /// Which version of the metadata it is.
    pub origin: Origin,
    /// From when the metadata is older than it allows itself (`cacheDuration`); nobody is shut out.
    pub look_again_at: Option<Timestamp>,
}

/// Which version of a provider's metadata counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The file that the configuration names.
    File,
    /// The copy that was kept of an earlier one: the file is broken.
    LastGood,
}

/// A provider of the configuration, as its metadata could be read or not.
#[derive(Debug)]
pub enum Candidate {
    /// It could be read.
    Registered(Arc<Registered>),
    /// It could not.
    Broken(Box<Broken>),
}

/// A provider whose metadata cannot be used, and of which no earlier version is there.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What the administrator wrote.
    pub config: SpConfig,
    /// The entityID that the broken file gives itself. It takes no name from another provider, and
    /// only leads to the page that says what is the matter.
    pub claimed: Option<EntityId>,
}

impl Candidate {
    fn config(&self) -> &SpConfig {
        match self {
            Self::Registered(registered) => &registered.config,
            Self::Broken(broken) => &broken.config,
        }
    }

    fn is_of_earlier_file(&self) -> bool {
        match self {
            Self::Registered(registered) => registered.origin == Origin::LastGood,
            Self::Broken(_) => false,
        }
    }

    /// The names that nobody else may have.
    fn names(&self) -> Vec<EntityId> {
        let (own, aliases) = match self {
            Self::Registered(registered) => {
                (Some(&registered.sp.entity_id), &registered.sp.aliases)
            }
            Self::Broken(broken) => (broken.config.entity_id.as_ref(), &broken.config.aliases),
        };
        own.into_iter().chain(aliases).cloned().collect()
    }
}

/// How it stands with a provider, for machines that watch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpState {
    /// Its metadata cannot be used: nobody can sign in to it.
    Broken,
    /// An administrator switched it off.
    Disabled,
    /// Its metadata's time is over: nobody can sign in to it.
    Expired,
    /// All is well.
    Good,
    /// Its file is broken, and an earlier version counts.
    LastGood,
    /// Its metadata is older than its `cacheDuration` allows, and counts all the same.
    Stale,
}

impl SpState {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Good => "good",
            Self::LastGood => "last-good",
            Self::Stale => "stale",
        }
    }
}

impl Registered {
    /// Whether an unsigned AuthnRequest is refused: what the administrator wrote, or else what the
    /// metadata promises.
    pub fn must_sign_requests(&self) -> bool {
        self.config
            .require_signed_requests
            .unwrap_or(self.sp.authn_requests_signed)
    }

    /// What it may sign its requests with at `now`: with SHA-1 up to and including the last day, in
    /// UTC, that the administrator wrote, and never with what is refused of everybody.
    pub fn allowed(&self, now: Timestamp) -> Allowed<'_> {
        let today = Offset::UTC.to_datetime(now).date();
        let sha1 = match self.config.sha1_until {
            None => Sha1::Refused,
            Some(last) if last < today => Sha1::Ended,
            Some(_) => Sha1::Taken,
        };
        Allowed {
            sha1,
            refused: &self.refused,
        }
    }

    /// Whether its metadata is what came with the program: then nothing that it signs can be verified.
    pub fn is_placeholder(&self) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| key.certificate().is_some_and(is_placeholder))
    }

    /// Its name for people.
    pub fn display_name(&self) -> Localized {
        display_name(&self.config, self.sp.ui_info.display_name.as_ref())
    }

    /// The addresses that take answers over HTTP-POST, in the order of the metadata.
    pub fn post_services(&self) -> impl Iterator<Item = &AssertionConsumerService> {
        self.sp
            .assertion_consumer_services
            .iter()
            .filter(|service| service.binding == vocab::BINDING_POST)
    }

    fn state(&self, now: Timestamp) -> SpState {
        let is_reached = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if !self.config.enabled {
            SpState::Disabled
        } else if is_reached(self.sp.valid_until) {
            SpState::Expired
        } else if self.origin == Origin::LastGood {
            SpState::LastGood
        } else if is_reached(self.look_again_at) {
            SpState::Stale
        } else {
            SpState::Good
        }
    }
}

fn display_name(config: &SpConfig, of_metadata: Option<&Localized>) -> Localized {
    let given = config.display_name.as_ref().or(of_metadata);
    given.cloned().unwrap_or_else(|| Localized {
        fr: config.short_name.as_str().to_owned(),
        en: None,
    })
}

/// Why a service provider is not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SpFault {
    /// Its metadata cannot be used, and no earlier version is there.
    #[error("the metadata of the service provider cannot be used")]
    Broken,
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
    pub way_in: Option<WayIn>,
    /// Whether people may come to it from our own page.
    pub may_start_here: bool,
    /// Whether people may sign in to it at the time of asking.
    pub is_answered: bool,
}

/// The service providers of the configuration: a snapshot that never changes.
#[derive(Debug, Default)]
pub struct Registry {
    by_name: HashMap<EntityId, ShortName>,
    by_short_name: BTreeMap<ShortName, Known>,
    clashes: Vec<Clash>,
    warnings: Vec<Clash>,
}

#[derive(Debug)]
enum Known {
    Registered(Arc<Registered>),
    Broken(Box<Broken>),
}

impl Registry {
    /// Registers all of `candidates` that can stand side by side. One that goes by the name of an
    /// earlier one is broken, and no name and no key of it counts. Those of which only the last
    /// good version is there come last: what stands in a sound file now counts before what stood in one.
    pub fn build(mut candidates: Vec<Candidate>) -> Self {
        candidates.sort_by_key(Candidate::is_of_earlier_file);
        let mut registry = Self::default();
        let mut folded = HashMap::new();
        let mut claims = Vec::new();
        for candidate in candidates {
            let short_name = candidate.config().short_name.clone();
            if registry.by_short_name.contains_key(&short_name) {
                registry.clashes.push(Clash::SameShortName(short_name));
                continue;
            }
            let is_clear = registry.take_names(&candidate.names(), &short_name, &mut folded);
            let known = match candidate {
                Candidate::Registered(registered) if is_clear => Known::Registered(registered),
                Candidate::Registered(registered) => Known::Broken(Box::new(Broken {
                    config: registered.config.clone(),
                    claimed: None,
                })),
                Candidate::Broken(broken) => {
                    let claimed = broken.claimed.clone();
                    claims.extend(claimed.map(|name| (name, short_name.clone())));
                    Known::Broken(broken)
                }
            };
            registry.by_short_name.insert(short_name, known);
        }
        for (name, short_name) in claims {
            registry.by_name.entry(name).or_insert(short_name);
        }
        registry
    }

    /// The same providers with another version of one of them, which takes no name from the others. Those
    /// that cannot stand beside others stay broken.
    #[must_use]
    pub fn with(&self, version: Registered) -> Self {
        let others = self.by_short_name.iter();
        let others = others.filter(|(name, _)| **name != version.config.short_name);
        let others = others.map(|(_, known)| match known {
            Known::Registered(registered) => Candidate::Registered(Arc::clone(registered)),
            Known::Broken(broken) => Candidate::Broken(broken.clone()),
        });
        let mut candidates: Vec<_> = others.collect();
        candidates.push(Candidate::Registered(Arc::new(version)));
        Self::build(candidates)
    }

    /// Gives `names` to the provider, all or none; whether it has them.
    fn take_names(
        &mut self,
        names: &[EntityId],
        short_name: &ShortName,
        folded: &mut HashMap<String, ShortName>,
    ) -> bool {
        let clashes: Vec<_> = names
            .iter()
            .filter_map(|name| {
                let one = self.by_name.get(name)?.clone();
                let (name, other) = (name.clone(), short_name.clone());
                Some(Clash::SameName { one, other, name })
            })
            .collect();
        if !clashes.is_empty() {
            self.clashes.extend(clashes);
            return false;
        }
        for name in names {
            self.by_name.insert(name.clone(), short_name.clone());
            let similar = folded.insert(fold(name), short_name.clone());
            if let Some(one) = similar.filter(|known| known != short_name) {
                let (name, other) = (name.clone(), short_name.clone());
                self.warnings.push(Clash::SimilarName { one, other, name });
            }
        }
        true
    }

    /// Those that must not stand side by side; the later one of each two is broken.
    pub fn clashes(&self) -> &[Clash] {
        &self.clashes
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
        let short_name = self.by_name.get(name).ok_or(SpFault::Unknown)?;
        self.sp_by_short_name(short_name, now)
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
        let known = self.by_short_name.get(name).ok_or(SpFault::Unknown)?;
        match (known.state(now), known) {
            (SpState::Disabled, _) => Err(SpFault::Disabled),
            (SpState::Broken, _) | (_, Known::Broken(_)) => Err(SpFault::Broken),
            (SpState::Expired, Known::Registered(_)) => Err(SpFault::Expired),
            (SpState::Good | SpState::LastGood | SpState::Stale, Known::Registered(registered)) => {
                Ok(registered)
            }
        }
    }

    /// Every provider whose metadata could be read, answered or not: to compile its rules at start,
    /// never to answer it.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Registered>> {
        self.by_short_name.values().filter_map(|known| match known {
            Known::Registered(registered) => Some(registered),
            Known::Broken(_) => None,
        })
    }

    /// The one of [them](Self::all) that has this short name.
    pub fn registered(&self, name: &ShortName) -> Option<&Arc<Registered>> {
        match self.by_short_name.get(name)? {
            Known::Registered(registered) => Some(registered),
            Known::Broken(_) => None,
        }
    }

    /// How it stands with each provider of the configuration, in the order of the short names.
    pub fn states(&self, now: Timestamp) -> impl Iterator<Item = (&ShortName, SpState)> {
        self.standings(now)
            .map(|(config, state)| (&config.short_name, state))
    }

    /// The same, with what the administrator wrote of each.
    pub fn standings(&self, now: Timestamp) -> impl Iterator<Item = (&SpConfig, SpState)> {
        let all = self.by_short_name.values();
        all.map(move |known| (known.config(), known.state(now)))
    }

    /// The version that counts of a provider that is followed or watched.
    pub fn document(&self, name: &ShortName) -> Option<&[u8]> {
        self.registered(name)?.document.as_deref()
    }

    /// Every provider as a page may tell it, in the order of the short names.
    pub fn listing(&self, now: Timestamp) -> impl Iterator<Item = Listed<'_>> {
        self.by_short_name
            .values()
            .map(move |known| known.listed(now))
    }

    /// One provider as a page may tell it: a page that says "ended" still shows a way out.
    pub fn listed(&self, name: &ShortName, now: Timestamp) -> Option<Listed<'_>> {
        self.by_short_name.get(name).map(|known| known.listed(now))
    }

    /// Our own name for whoever calls itself so, answered or not.
    pub fn short_name_of(&self, name: &EntityId) -> Option<&ShortName> {
        self.by_name.get(name)
    }
}

impl Known {
    fn config(&self) -> &SpConfig {
        match self {
            Self::Registered(registered) => &registered.config,
            Self::Broken(broken) => &broken.config,
        }
    }

    fn state(&self, now: Timestamp) -> SpState {
        match self {
            Self::Registered(registered) => registered.state(now),
            // Whom an administrator switched off nobody misses, whatever becomes of the file.
            Self::Broken(broken) if !broken.config.enabled => SpState::Disabled,
            Self::Broken(_) => SpState::Broken,
        }
    }

    fn listed(&self, now: Timestamp) -> Listed<'_> {
        let (config, of_metadata) = match self {
            Self::Registered(registered) => (
                &registered.config,
                registered.sp.ui_info.display_name.as_ref(),
            ),
            Self::Broken(broken) => (&broken.config, None),
        };
        Listed {
            short_name: &config.short_name,
            display_name: display_name(config, of_metadata),
            way_in: config.way_in(),
            may_start_here: config.idp_initiated.is_some(),
            is_answered: match self.state(now) {
                SpState::Good | SpState::LastGood | SpState::Stale => true,
                SpState::Broken | SpState::Disabled | SpState::Expired => false,
            },
        }
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
