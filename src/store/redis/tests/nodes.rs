//! Several nodes that are asked as one store.

use super::*;

/// Three nodes, of which each call comes to another one. Attempts are those that they count together.
pub(super) struct Nodes {
    nodes: [RedisStore; 3],
    calls: AtomicUsize,
}

impl Nodes {
    pub(super) fn of(lab: &Lab) -> Self {
        Self::from([(); 3].map(|()| lab.store()))
    }

    pub(super) fn from(nodes: [RedisStore; 3]) -> Self {
        Self {
            nodes,
            calls: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> &RedisStore {
        &self.nodes[self.calls.fetch_add(1, Ordering::Relaxed) % 3]
    }
}

impl Sessions for Nodes {
    async fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Sight, StoreError> {
        self.next().bring_ticket(ticket, expires_at, now).await
    }

    async fn forget_ticket(&self, ticket: [u8; 32]) -> Result<(), StoreError> {
        self.next().forget_ticket(ticket).await
    }

    async fn create(
        &self,
        key: SessionKey,
        session: Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        self.next().create(key, session, now).await
    }

    async fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        self.next().join(key, participant, now).await
    }

    async fn find(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.next().find(key, now).await
    }

    async fn end(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.next().end(key, now).await
    }

    async fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.next().end_of_another(key, login, now).await
    }

    async fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.next().replace(old, new, now).await
    }

    async fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.next().end_by_ticket(ticket, now).await
    }

    async fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Result<Standing, StoreError> {
        self.next().sign_in_of(ticket, now).await
    }

    async fn look_through(
        &self,
        show: &mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.next().look_through(show, now).await
    }
}

impl Stories for Nodes {
    async fn add_to_story(
        &self,
        code: SupportCode,
        step: &StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.next().add_to_story(code, step, keeping, now).await
    }

    async fn story(&self, code: SupportCode, now: Timestamp) -> Result<Vec<StoryStep>, StoreError> {
        self.next().story(code, now).await
    }
}

impl ReplayGuard for Nodes {
    async fn mark(&self, used: Use<'_>, now: Timestamp) -> Result<Sight, StoreError> {
        self.next().mark(used, now).await
    }
}

impl Attempts for Nodes {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        self.next().together().attempt(key, rule, now).await
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        self.next().together().forgive(key).await
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.next()
            .together()
            .take_back(key, rule, attempted_at)
            .await
    }
}
