//! What may be remembered between two requests: sessions, replay marks, attempts.
//!
//! Keeps the promises of [`crate::model::store`] and decides nothing. Time is an argument: no
//! backend reads a clock to judge what has ended. `app` makes the store; `flow` and `authn` see
//! the traits only.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    model::{
        session::{Participant, Session, SessionKey},
        store::{
            AttemptRule, Attempts, ReplayGuard, Seen, Sessions, Sight, Standing, StoreError,
            Stories, Use, Verdict,
        },
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    sys::{clock::Clock, seal::KeyRing},
};

#[cfg(test)]
mod conformance;
pub mod counter;
pub mod given;
pub mod memory;
pub mod redis;
mod shelf;
mod timed_map;

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sessions; past that the one unused for the longest time is forgotten. And as many keys of replaced
    /// ones.
    pub sessions: u32,
    /// How long a session lives without being used; more than zero.
    pub idle: SignedDuration,
    /// Replay marks, and as many CAS tickets; past that they are refused. Half of them are for those who are let in.
    pub replay_marks: u32,
    /// Accounts and networks whose attempts are counted; past that the one that would be forgotten
    /// next is.
    pub attempts: u32,
    /// Bytes of stories; past that those whose end is nearest are forgotten. Those in which nobody has proven who they are
    /// and the others are sure of half of it each. In this process they give way to sessions.
    pub story_bytes: u64,
}

impl Limits {
    /// How many marks there may be beside that of this use.
    fn marks_for(&self, used: &Use<'_>) -> u32 {
        let is_by_somebody = used.by != Use::NOBODY;
        if is_by_somebody {
            self.replay_marks
        } else {
            self.replay_marks.div_ceil(2)
        }
    }
}

/// The backend that the configuration names.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one in a process, behind a pointer"
)]
pub enum Store {
    /// Somebody else's, that was given when the server was built.
    Given(Arc<dyn given::GivenStore>),
    /// In this process; forgotten when it ends.
    Memory(memory::MemoryStore),
    /// In a Redis server, for several nodes.
    Redis(redis::RedisStore),
}

impl Store {
    /// Goes on with another key ring, where anything is sealed.
    pub fn renew_keys(&self, keys: &Arc<KeyRing>) {
        match self {
            Self::Given(_) | Self::Memory(_) => {}
            Self::Redis(redis) => redis.renew_keys(Arc::clone(keys)),
        }
    }

    /// Has a connection to the server opened, where there is one, before anybody needs it.
    pub fn open(&self) {
        match self {
            Self::Given(_) | Self::Memory(_) => {}
            Self::Redis(redis) => redis.open(),
        }
    }

    /// Does `request`, all of whose waits for the server are bounded together, where there is one.
    pub async fn for_one_request<F: Future>(&self, request: F) -> F::Output {
        match self {
            Self::Given(_) | Self::Memory(_) => request.await,
            Self::Redis(redis) => redis.for_one_request(request).await,
        }
    }

    /// Waits for what a task of its own asks of the server, where there is one, for as long as this request may.
    ///
    /// # Errors
    ///
    /// Those of the task, which goes on; and [`StoreError::Unavailable`] where it was not waited for to its end.
    pub async fn as_one_request_may<T>(
        &self,
        told: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Given(_) | Self::Memory(_) => told.await,
            Self::Redis(redis) => redis.wait(told).await,
        }
    }

    /// Compares our clock with that of the server and of the other nodes, where there are any; says how soon to do so
    /// again.
    pub async fn compare_clocks(&self, clock: &dyn Clock) -> Duration {
        match self {
            Self::Given(_) | Self::Memory(_) => redis::clocks::COMPARED_EVERY,
            Self::Redis(redis) => redis.compare_clocks(clock).await,
        }
    }

    /// What is known of the server, where there is one.
    pub fn record(&self) -> Option<redis::RedisRecord> {
        match self {
            Self::Given(_) | Self::Memory(_) => None,
            Self::Redis(redis) => Some(redis.record()),
        }
    }
}

impl Sessions for Store {
    async fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Sight, StoreError> {
        match self {
            Self::Memory(memory) => memory.bring_ticket(ticket, expires_at, now).await,
            Self::Redis(redis) => redis.bring_ticket(ticket, expires_at, now).await,
            Self::Given(given) => given.bring_ticket(ticket, expires_at, now).await,
        }
    }

    async fn forget_ticket(&self, ticket: [u8; 32]) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.forget_ticket(ticket).await,
            Self::Redis(redis) => redis.forget_ticket(ticket).await,
            Self::Given(given) => given.forget_ticket(ticket).await,
        }
    }

    async fn create(
        &self,
        key: SessionKey,
        session: Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        match self {
            Self::Memory(memory) => memory.create(key, session, now).await,
            Self::Redis(redis) => redis.create(key, session, now).await,
            Self::Given(given) => given.create(key, session, now).await,
        }
    }

    async fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        match self {
            Self::Memory(memory) => memory.join(key, participant, now).await,
            Self::Redis(redis) => redis.join(key, participant, now).await,
            Self::Given(given) => given.join(key, participant, now).await,
        }
    }

    async fn find(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Memory(memory) => memory.find(key, now).await,
            Self::Redis(redis) => redis.find(key, now).await,
            Self::Given(given) => given.find(key, now).await,
        }
    }

    async fn end(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Memory(memory) => memory.end(key, now).await,
            Self::Redis(redis) => redis.end(key, now).await,
            Self::Given(given) => given.end(key, now).await,
        }
    }

    async fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Memory(memory) => memory.end_of_another(key, login, now).await,
            Self::Redis(redis) => redis.end_of_another(key, login, now).await,
            Self::Given(given) => given.end_of_another(key, login, now).await,
        }
    }

    async fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Memory(memory) => memory.replace(old, new, now).await,
            Self::Redis(redis) => redis.replace(old, new, now).await,
            Self::Given(given) => given.replace(old, new, now).await,
        }
    }

    async fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Memory(memory) => memory.end_by_ticket(ticket, now).await,
            Self::Redis(redis) => redis.end_by_ticket(ticket, now).await,
            Self::Given(given) => given.end_by_ticket(ticket, now).await,
        }
    }

    async fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Result<Standing, StoreError> {
        match self {
            Self::Memory(memory) => memory.sign_in_of(ticket, now).await,
            Self::Redis(redis) => redis.sign_in_of(ticket, now).await,
            Self::Given(given) => given.sign_in_of(ticket, now).await,
        }
    }

    async fn look_through(
        &self,
        show: &mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Memory(memory) => memory.look_through(show, now).await,
            Self::Redis(redis) => redis.look_through(show, now).await,
            Self::Given(given) => given.look_through(show, now).await,
        }
    }
}

impl Stories for Store {
    async fn add_to_story(
        &self,
        code: SupportCode,
        step: &StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.add_to_story(code, step, keeping, now).await,
            Self::Redis(redis) => redis.add_to_story(code, step, keeping, now).await,
            Self::Given(given) => given.add_to_story(code, step, keeping, now).await,
        }
    }

    async fn story(&self, code: SupportCode, now: Timestamp) -> Result<Vec<StoryStep>, StoreError> {
        match self {
            Self::Memory(memory) => memory.story(code, now).await,
            Self::Redis(redis) => redis.story(code, now).await,
            Self::Given(given) => given.story(code, now).await,
        }
    }
}

impl ReplayGuard for Store {
    async fn mark(&self, used: Use<'_>, now: Timestamp) -> Result<Sight, StoreError> {
        match self {
            Self::Memory(memory) => memory.mark(used, now).await,
            Self::Redis(redis) => redis.mark(used, now).await,
            Self::Given(given) => given.mark(used, now).await,
        }
    }
}

impl Attempts for Store {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        match self {
            Self::Memory(memory) => memory.attempt(key, rule, now).await,
            Self::Redis(redis) => redis.attempt(key, rule, now).await,
            Self::Given(given) => given.attempt(key, rule, now).await,
        }
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.forgive(key).await,
            Self::Redis(redis) => redis.forgive(key).await,
            Self::Given(given) => given.forgive(key).await,
        }
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.take_back(key, rule, attempted_at).await,
            Self::Redis(redis) => redis.take_back(key, rule, attempted_at).await,
            Self::Given(given) => given.take_back(key, rule, attempted_at).await,
        }
    }
}

/// A session as it is kept.
fn pack(session: &Session) -> Result<Vec<u8>, StoreError> {
    pack_with(session, session.support_code)
}

/// The session of what [`pack`] made, here or in an earlier version.
fn unpack(packed: &[u8]) -> Option<Session> {
    let (session, support_code) = unpack_with(packed)?;
    Some(Session {
        support_code,
        ..session
    })
}

/// A value as it is kept, its support code behind all else: a version of the program that does not know of it reads what is
/// before, and no more; one that keeps the value again without it takes nothing else away.
fn pack_with(value: &impl Serialize, code: Option<SupportCode>) -> Result<Vec<u8>, StoreError> {
    // What cannot be packed cannot be remembered; the caller goes on without it.
    let mut packed = postcard::to_allocvec(value).or(Err(StoreError::Unavailable))?;
    if let Some(code) = code {
        packed.extend_from_slice(code.octets());
    }
    Ok(packed)
}

/// The value of what [`pack_with`] made, here or in an earlier version, and its code.
fn unpack_with<T: DeserializeOwned>(packed: &[u8]) -> Option<(T, Option<SupportCode>)> {
    let (value, rest) = postcard::take_from_bytes(packed).ok()?;
    Some((value, rest.first_chunk().copied().map(SupportCode::of)))
}

/// When `step` has passed since `start`: past the last instant there is, that one.
fn after(start: Timestamp, step: SignedDuration) -> Timestamp {
    start.saturating_add(step).unwrap_or(Timestamp::MAX)
}
