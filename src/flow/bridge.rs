//! What every step of a sign-on works with.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::task::TaskTracker;

use super::{
    keep::StoryKeeper,
    pace::Pace,
    trial::{Testers, ThrowAwayKeys},
};
use crate::{
    attributes::{map::Mapping, name_id::NameIdRule, pairwise::Pairwise, release::ReleasePolicy},
    authn::{Authenticator, ldap::Ldap},
    config::{sections::WithoutDirectory, stories::Stories},
    metadata::{
        registry::{Registered, Registry},
        sources::Sources,
    },
    model::{
        authn_context::AuthnContextClass,
        entity_id::EntityId,
        language::Localized,
        short_name::ShortName,
        store::{AttemptRule, StoreError},
    },
    store::Store,
    sys::{clock::Clock, entropy::Entropy, losses::Losses, seal::KeyRing},
    xmlsec::Signer,
};

/// What every step of a sign-on works with: built from a checked configuration, shared by all requests until
/// another configuration takes over, or another version of one provider's metadata, which leaves all the rest
/// as it is. Store, sources, [`Health`] and [`ThrowAwayKeys`] outlive it.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// What the configuration says.
    pub settings: Settings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The keys that seal journeys.
    pub seal: Arc<KeyRing>,
    /// The service providers, as their metadata describes them.
    pub registry: Arc<Registry>,
    /// How each of them is answered; every provider of the registry is in it.
    pub providers: HashMap<ShortName, Provider>,
    /// From the source's attributes to ours.
    pub mapping: Arc<Mapping>,
    /// What persistent `NameID`s are made with.
    pub pairwise: Arc<Pairwise>,
    /// How people prove who they are.
    pub authenticator: Arc<Authenticator>,
    /// The university's directory, where it is asked for people whom others have signed in.
    pub directory: Option<Arc<Ldap>>,
    /// What signs where nothing is sent.
    pub throw_away_keys: Arc<ThrowAwayKeys>,
    /// Sessions, replay marks, attempts.
    pub store: Arc<Store>,
    /// Where metadata is asked for again and again, and how it stands with each.
    pub sources: Arc<Sources>,
    /// What went wrong without stopping anybody.
    pub health: Arc<Health>,
    /// What keeps stories.
    pub stories: Arc<StoryKeeper>,
    /// How often each person was answered lately.
    pub pace: Arc<Pace>,
    /// The ends of sessions that are under way, which nobody need wait for. Before the process ends they are waited for.
    pub endings: TaskTracker,
}

impl Bridge {
    /// The providers for which nothing can be signed at `now`, by the last that their key was asked: the token that
    /// holds it is away.
    pub fn unsigned(&self, now: Timestamp) -> usize {
        let providers = self.providers.values();
        providers
            .filter(|provider| provider.signer_at(now).is_failing())
            .count()
    }
}

/// What the configuration says about sign-ons.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our entityID.
    pub entity_id: EntityId,
    /// The address of single sign-on: the `Destination` of every request.
    pub sso_url: String,
    /// What the addresses begin with at which people come back from the CAS server.
    pub cas_return: String,
    /// What the directory is asked for.
    pub directory: Option<DirectoryUse>,
    /// The oldest `IssueInstant` that is taken.
    pub max_request_age: SignedDuration,
    /// How far ahead an `IssueInstant` may be.
    pub max_request_ahead: SignedDuration,
    /// How often one person is answered.
    pub answers: AttemptRule,
    /// How long a session lasts in all.
    pub session_lifetime: SignedDuration,
    /// What a password typed here proves: `PasswordProtectedTransport` over TLS, `Password` in a
    /// lab without it.
    pub password_context: AuthnContextClass,
    /// Who may try a sign-in; none where nobody may.
    pub testers: Option<Testers>,
    /// All that can be proven here, each once.
    pub contexts: Vec<AuthnContextClass>,
    /// What is kept of sign-ins.
    pub stories: Stories,
}

/// What the directory is asked for, besides passwords.
#[derive(Clone, Debug)]
pub struct DirectoryUse {
    /// Whether it says what is known of people whom the CAS server signs in.
    pub gives_attributes: bool,
    /// The CAS attribute by which they are found; the CAS user where there is none.
    pub cas_attribute: Option<String>,
    /// What becomes of them while it does not answer.
    pub when_down: WithoutDirectory,
}

/// How one service provider is answered.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What its metadata and the administrator say.
    pub registered: Arc<Registered>,
    /// Its name for people.
    pub display_name: Localized,
    /// The key that signs what it gets, and how; in a roll-over, until `next` does.
    pub signer: Arc<dyn Signer>,
    /// What takes its place; none where no roll-over concerns it.
    pub next: Option<NextSigner>,
    /// The name it knows people by.
    pub name_id: NameIdRule,
    /// What it is told.
    pub release: Arc<ReleasePolicy>,
}

/// What signs for a provider once it is switched, in a roll-over of our key.
#[derive(Clone, Debug)]
pub struct NextSigner {
    /// The next key, and how it signs; none where it makes no signature that the provider verifies.
    pub signer: Option<Arc<dyn Signer>>,
    /// When the provider is switched; none where nobody has said it.
    pub from: Option<Timestamp>,
}

impl NextSigner {
    /// Whether the provider is switched at `now`.
    pub fn has_come(&self, now: Timestamp) -> bool {
        self.from.is_some_and(|from| from <= now)
    }
}

impl Provider {
    /// The key that signs what it gets at `now`, and how.
    pub fn signer_at(&self, now: Timestamp) -> &dyn Signer {
        let next = self.next.as_ref();
        let next = next
            .filter(|next| next.has_come(now))
            .and_then(|next| next.signer.as_deref());
        next.unwrap_or(&*self.signer)
    }
}

/// What went wrong without stopping anybody: counters since the start, for `/readyz`.
#[derive(Debug, Default)]
pub struct Health {
    replay_unguarded: AtomicU64,
    tickets_unmarked: AtomicU64,
    sessions_unkept: AtomicU64,
    /// Whether the state folder took what was last written there for a try; nothing where none was made.
    state_folder: Mutex<Option<bool>>,
    log: OnceLock<Arc<Losses>>,
}

impl Health {
    /// Has the lines counted that the log loses.
    pub fn count_losses(&self, of_log: Arc<Losses>) {
        // The log is begun once.
        let _ = self.log.set(of_log);
    }

    /// What the log has lost; nothing where there is none.
    pub fn log(&self) -> Option<&Losses> {
        self.log.get().map(AsRef::as_ref)
    }

    /// Whether the state folder takes what is written; nothing where nobody has tried.
    pub fn is_state_folder_written(&self) -> Option<bool> {
        *self.state_folder()
    }

    /// Notes what came of a try to write there, and says so where it is another thing than before.
    pub fn note_state_folder(&self, tried: &io::Result<()>) {
        let before = self.state_folder().replace(tried.is_ok());
        match (before, tried) {
            (None | Some(true), Err(error)) => tracing::error!(
                error.cause = %error,
                "the state folder cannot be written: people sign in, and what has to last is not kept there (metadata, \
                 alerts that were told). Is its file system full?"
            ),
            (Some(false), Ok(())) => tracing::info!("the state folder can be written again"),
            (None | Some(true), Ok(())) | (Some(false), Err(_)) => {}
        }
    }

    fn state_folder(&self) -> MutexGuard<'_, Option<bool>> {
        self.state_folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers given although the store could not say whether the request was used.
    pub fn replay_unguarded(&self) -> u64 {
        self.replay_unguarded.load(Ordering::Relaxed)
    }

    /// CAS tickets asked about although the store could not note that they were brought: one that is
    /// brought again is refused by the CAS server alone, and a logout notice that overtakes the
    /// answer is lost.
    pub fn tickets_unmarked(&self) -> u64 {
        self.tickets_unmarked.load(Ordering::Relaxed)
    }

    /// Sign-ins that the store could not remember or look up.
    pub fn sessions_unkept(&self) -> u64 {
        self.sessions_unkept.load(Ordering::Relaxed)
    }

    pub(super) fn note_unguarded(&self, cause: StoreError) {
        self.replay_unguarded.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(error.cause = %cause, "a request was answered without a replay mark");
    }

    pub(super) fn note_unmarked(&self, cause: StoreError) {
        self.tickets_unmarked.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(error.cause = %cause, "a CAS ticket was asked about without a mark");
    }

    pub(super) fn note_unkept(&self, cause: StoreError) {
        self.sessions_unkept.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(error.cause = %cause, "a session could not be kept or found");
    }
}
