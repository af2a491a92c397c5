//! A store that is given when the server is built, whatever it is.
//!
//! The traits of [`crate::model::store`] have no objects, as what they promise is waited for in place. This is
//! the same as one object; whoever keeps those traits keeps this one.

use std::{fmt::Debug, pin::Pin};

use jiff::Timestamp;

use crate::model::{
    session::{Participant, Session, SessionKey},
    store::{
        AttemptRule, Attempts, ReplayGuard, Seen, Sessions, Sight, Standing, StoreError, Stories,
        Use, Verdict,
    },
    story::{Keeping, StoryStep},
    support_code::SupportCode,
};

/// What the store says, once it does.
pub type Said<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// All that is remembered between two requests. What each call promises is said where the trait of its name is.
pub trait GivenStore: Debug + Send + Sync {
    /// [`Sessions::bring_ticket`]
    fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Said<'_, Sight>;

    /// [`Sessions::forget_ticket`]
    fn forget_ticket(&self, ticket: [u8; 32]) -> Said<'_, ()>;

    /// [`Sessions::create`]
    fn create(&self, key: SessionKey, session: Session, now: Timestamp) -> Said<'_, Standing>;

    /// [`Sessions::join`]
    fn join(&self, key: SessionKey, participant: Participant, now: Timestamp)
    -> Said<'_, Standing>;

    /// [`Sessions::find`]
    fn find(&self, key: SessionKey, now: Timestamp) -> Said<'_, Option<Session>>;

    /// [`Sessions::end`]
    fn end(&self, key: SessionKey, now: Timestamp) -> Said<'_, Option<Session>>;

    /// [`Sessions::end_of_another`]
    fn end_of_another<'a>(
        &'a self,
        key: SessionKey,
        login: &'a str,
        now: Timestamp,
    ) -> Said<'a, Option<Session>>;

    /// [`Sessions::replace`]
    fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Said<'_, Option<Session>>;

    /// [`Sessions::end_by_ticket`]
    fn end_by_ticket(&self, ticket: [u8; 32], now: Timestamp) -> Said<'_, Option<Session>>;

    /// [`Sessions::sign_in_of`]
    fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Said<'_, Standing>;

    /// [`Sessions::look_through`]
    fn look_through<'a>(
        &'a self,
        show: &'a mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> Said<'a, u64>;

    /// [`Stories::add_to_story`]
    fn add_to_story<'a>(
        &'a self,
        code: SupportCode,
        step: &'a StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> Said<'a, ()>;

    /// [`Stories::story`]
    fn story(&self, code: SupportCode, now: Timestamp) -> Said<'_, Vec<StoryStep>>;

    /// [`ReplayGuard::mark`]
    fn mark<'a>(&'a self, used: Use<'a>, now: Timestamp) -> Said<'a, Sight>;

    /// [`Attempts::attempt`]
    fn attempt(&self, key: [u8; 32], rule: AttemptRule, now: Timestamp) -> Said<'_, Verdict>;

    /// [`Attempts::forgive`]
    fn forgive(&self, key: [u8; 32]) -> Said<'_, ()>;

    /// [`Attempts::take_back`]
    fn take_back(&self, key: [u8; 32], rule: AttemptRule, attempted_at: Timestamp) -> Said<'_, ()>;
}

impl<S: Attempts + Debug + ReplayGuard + Sessions + Stories> GivenStore for S {
    fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Said<'_, Sight> {
        Box::pin(Sessions::bring_ticket(self, ticket, expires_at, now))
    }

    fn forget_ticket(&self, ticket: [u8; 32]) -> Said<'_, ()> {
        Box::pin(Sessions::forget_ticket(self, ticket))
    }

    fn create(&self, key: SessionKey, session: Session, now: Timestamp) -> Said<'_, Standing> {
        Box::pin(Sessions::create(self, key, session, now))
    }

    fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> Said<'_, Standing> {
        Box::pin(Sessions::join(self, key, participant, now))
    }

    fn find(&self, key: SessionKey, now: Timestamp) -> Said<'_, Option<Session>> {
        Box::pin(Sessions::find(self, key, now))
    }

    fn end(&self, key: SessionKey, now: Timestamp) -> Said<'_, Option<Session>> {
        Box::pin(Sessions::end(self, key, now))
    }

    fn end_of_another<'a>(
        &'a self,
        key: SessionKey,
        login: &'a str,
        now: Timestamp,
    ) -> Said<'a, Option<Session>> {
        Box::pin(Sessions::end_of_another(self, key, login, now))
    }

    fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Said<'_, Option<Session>> {
        Box::pin(Sessions::replace(self, old, new, now))
    }

    fn end_by_ticket(&self, ticket: [u8; 32], now: Timestamp) -> Said<'_, Option<Session>> {
        Box::pin(Sessions::end_by_ticket(self, ticket, now))
    }

    fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Said<'_, Standing> {
        Box::pin(Sessions::sign_in_of(self, ticket, now))
    }

    fn look_through<'a>(
        &'a self,
        show: &'a mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> Said<'a, u64> {
        Box::pin(Sessions::look_through(self, show, now))
    }

    fn add_to_story<'a>(
        &'a self,
        code: SupportCode,
        step: &'a StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> Said<'a, ()> {
        Box::pin(Stories::add_to_story(self, code, step, keeping, now))
    }

    fn story(&self, code: SupportCode, now: Timestamp) -> Said<'_, Vec<StoryStep>> {
        Box::pin(Stories::story(self, code, now))
    }

    fn mark<'a>(&'a self, used: Use<'a>, now: Timestamp) -> Said<'a, Sight> {
        Box::pin(ReplayGuard::mark(self, used, now))
    }

    fn attempt(&self, key: [u8; 32], rule: AttemptRule, now: Timestamp) -> Said<'_, Verdict> {
        Box::pin(Attempts::attempt(self, key, rule, now))
    }

    fn forgive(&self, key: [u8; 32]) -> Said<'_, ()> {
        Box::pin(Attempts::forgive(self, key))
    }

    fn take_back(&self, key: [u8; 32], rule: AttemptRule, attempted_at: Timestamp) -> Said<'_, ()> {
        Box::pin(Attempts::take_back(self, key, rule, attempted_at))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::store::{Store, conformance, memory::MemoryStore};

    conformance::every_promise_is_kept_by!(async {
        let memory = Arc::new(MemoryStore::new(conformance::LIMITS));
        (Store::Given(memory), ())
    });
}
