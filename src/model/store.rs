//! What a store promises. `store::conformance` tests every backend against it.

use jiff::{SignedDuration, Timestamp};

use super::{
    entity_id::EntityId,
    session::{Session, SessionKey},
};

/// The store did not do what was asked; nothing is known about what it holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// It holds as much as it may, and refuses rather than forgets.
    #[error("the store is full")]
    Full,
    /// It did not answer.
    #[error("the store did not answer")]
    Unavailable,
}

/// Remembers live sessions.
///
/// A session that cannot be kept costs its person one more login and nothing else: a full backend
/// may forget the session that was not used for the longest time.
pub trait Sessions: Send + Sync {
    /// Remembers `session` under `key`, until `session.ends_at` or until nobody asked for it for
    /// `idle`, whichever comes first.
    ///
    /// # Errors
    ///
    /// The store did not answer: the sign-in goes on, without a session.
    fn create(
        &self,
        key: SessionKey,
        session: Session,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Finds the session of `key` and counts as a use of it. A session is never found at or after
    /// its end, nor when its last use is `idle` ago or more.
    ///
    /// # Errors
    ///
    /// The store did not answer: the caller asks the person to sign in.
    fn find(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Forgets the session of `key` and gives back what it was: of any number of concurrent calls,
    /// one gets it. Once this returned, no `find` finds it.
    ///
    /// # Errors
    ///
    /// The store did not answer: the session may still live, and the person must be told so.
    fn end(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;
}

/// Whether a message was seen before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sight {
    /// For the first time.
    First,
    /// It was used before.
    Again,
}

/// Remembers which messages were used.
pub trait ReplayGuard: Send + Sync {
    /// Marks `id` of `issuer` as used until `expires_at`, and says whether it was unused.
    ///
    /// Look and mark are one step: of any number of concurrent calls with one issuer and `id`,
    /// exactly one gets [`Sight::First`].
    ///
    /// # Errors
    ///
    /// The store did not answer or is full: an unknown answer is not a first sight. The caller
    /// follows R-33: an AuthnRequest goes on and health says so.
    fn mark(
        &self,
        issuer: &EntityId,
        id: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Sight, StoreError>> + Send;
}

/// How attempts under one key are slowed down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttemptRule {
    /// Attempts that are free, one after the other.
    pub free: u32,
    /// How long the first attempt after the free ones has to wait; each next one twice as long.
    pub first_wait: SignedDuration,
    /// The longest wait: a stranger cannot shut anybody out for longer.
    pub longest_wait: SignedDuration,
    /// After this long without an attempt, all is forgotten.
    pub forget_after: SignedDuration,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It may, and was counted.
    Go,
    /// Not before this instant; it was not counted.
    WaitUntil(Timestamp),
}

/// Counts attempts at a password, before each is made.
pub trait Attempts: Send + Sync {
    /// Counts one attempt under `key` and says whether it may be made.
    ///
    /// Look and count are one step: of any number of concurrent calls, no more get
    /// [`Verdict::Go`] than the rule lets through.
    ///
    /// # Errors
    ///
    /// The store did not answer: the attempt is not made.
    fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send;

    /// Forgets the attempts under `key`, after a success.
    ///
    /// # Errors
    ///
    /// The store did not answer: the next attempts may have to wait.
    fn forgive(&self, key: [u8; 32]) -> impl Future<Output = Result<(), StoreError>> + Send;
}
