//! The store that all nodes share, and what may become of a question on its way there and back.
//!
//! It is the real one of a single node, behind a network that loses questions and answers and asks twice. It may be
//! away, come back empty, or be followed by a replica that lacks its last moments: then all that was asked before
//! those is asked of a new one.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    model::{
        entity_id::EntityId,
        session::{Participant, Session, SessionKey},
        store::{
            AttemptRule, Attempts, ReplayGuard, Seen, Sessions, Sight, Standing, StoreError,
            Stories, Use, Verdict,
        },
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    store::{Limits, memory::MemoryStore},
};

use crate::world::{Lie, World};

/// How long a node waits for an answer.
const PATIENCE: (u64, u64) = (250, 251);

/// A question.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Attempt([u8; 32], AttemptRule, Timestamp),
    BringTicket([u8; 32], Timestamp, Timestamp),
    Create(SessionKey, Session, Timestamp),
    End(SessionKey, Timestamp),
    EndByTicket([u8; 32], Timestamp),
    EndOfAnother(SessionKey, String, Timestamp),
    Find(SessionKey, Timestamp),
    ForgetTicket([u8; 32]),
    Forgive([u8; 32]),
    Join(SessionKey, Participant, Timestamp),
    Mark(EntityId, String, [u8; 32], (Timestamp, Timestamp)),
    Replace(SessionKey, Option<SessionKey>, Timestamp),
    SignInOf([u8; 32], Timestamp),
    TakeBack([u8; 32], AttemptRule, Timestamp),
}

/// An answer.
#[derive(Debug)]
enum Answer {
    Nothing,
    Session(Option<Session>),
    Sight(Sight),
    Standing(Standing),
    Verdict(Verdict),
}

impl Asked {
    const fn word(&self) -> &'static str {
        match self {
            Self::Attempt(..) => "attempt",
            Self::BringTicket(..) => "bring-ticket",
            Self::Create(..) => "create",
            Self::End(..) => "end",
            Self::EndByTicket(..) => "end-by-ticket",
            Self::EndOfAnother(..) => "end-of-another",
            Self::Find(..) => "find",
            Self::ForgetTicket(..) => "forget-ticket",
            Self::Forgive(..) => "forgive",
            Self::Join(..) => "join",
            Self::Mark(..) => "mark",
            Self::Replace(..) => "replace",
            Self::SignInOf(..) => "sign-in-of",
            Self::TakeBack(..) => "take-back",
        }
    }

    async fn of(self, store: &MemoryStore) -> Result<Answer, StoreError> {
        Ok(match self {
            Self::Attempt(key, rule, now) => Answer::Verdict(store.attempt(key, rule, now).await?),
            Self::BringTicket(ticket, end, now) => {
                Answer::Sight(store.bring_ticket(ticket, end, now).await?)
            }
            Self::Create(key, session, now) => {
                Answer::Standing(store.create(key, session, now).await?)
            }
            Self::End(key, now) => Answer::Session(store.end(key, now).await?),
            Self::EndByTicket(ticket, now) => {
                Answer::Session(store.end_by_ticket(ticket, now).await?)
            }
            Self::EndOfAnother(key, login, now) => {
                Answer::Session(store.end_of_another(key, &login, now).await?)
            }
            Self::Find(key, now) => Answer::Session(store.find(key, now).await?),
            Self::ForgetTicket(ticket) => {
                store.forget_ticket(ticket).await?;
                Answer::Nothing
            }
            Self::Forgive(key) => {
                store.forgive(key).await?;
                Answer::Nothing
            }
            Self::Join(key, participant, now) => {
                Answer::Standing(store.join(key, participant, now).await?)
            }
            Self::Mark(issuer, id, by, (expires_at, now)) => {
                let used = Use {
                    issuer: &issuer,
                    id: &id,
                    by,
                    expires_at,
                };
                Answer::Sight(store.mark(used, now).await?)
            }
            Self::Replace(old, new, now) => Answer::Session(store.replace(old, new, now).await?),
            Self::SignInOf(ticket, now) => Answer::Standing(store.sign_in_of(ticket, now).await?),
            Self::TakeBack(key, rule, at) => {
                store.take_back(key, rule, at).await?;
                Answer::Nothing
            }
        })
    }
}

/// The store itself.
pub(crate) struct SharedStore(Mutex<State>);

struct State {
    memory: Arc<MemoryStore>,
    /// All that this one was asked, and when.
    journal: Vec<(u64, Asked)>,
    is_away: bool,
}

fn empty() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(Limits {
        sessions: 1000,
        idle: SignedDuration::from_mins(120),
        replay_marks: 10_000,
        attempts: 1000,
        story_bytes: 0,
    }))
}

impl SharedStore {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            memory: empty(),
            journal: Vec::new(),
            is_away: false,
        }))
    }

    /// Does not answer from now on.
    pub(crate) fn goes_away(&self) {
        self.0.lock().unwrap().is_away = true;
    }

    /// Answers again.
    pub(crate) fn is_back(&self) {
        self.0.lock().unwrap().is_away = false;
    }

    /// Another one takes its place, which knows what it was asked before `moment`.
    pub(crate) async fn is_followed(&self, world: &World, moment: u64) {
        let (known, lost) = {
            let mut state = self.0.lock().unwrap();
            let journal = std::mem::take(&mut state.journal);
            journal
                .into_iter()
                .partition::<Vec<_>, _>(|(at, _)| *at < moment)
        };
        for (_, asked) in &lost {
            world.judge.is_forgotten(asked);
        }
        let memory = empty();
        for (_, asked) in &known {
            // It was done once, and comes to what it came to.
            let _ = asked.clone().of(&memory).await;
        }
        let mut state = self.0.lock().unwrap();
        // What was asked meanwhile is lost as well; nothing waits in here.
        assert!(state.journal.is_empty());
        state.memory = memory;
        state.journal = known;
    }

    /// The memory, having written down what it is asked; none while it is away.
    fn take(&self, at: u64, asked: &Asked) -> Option<Arc<MemoryStore>> {
        let mut state = self.0.lock().unwrap();
        if state.is_away {
            return None;
        }
        state.journal.push((at, asked.clone()));
        Some(Arc::clone(&state.memory))
    }
}

/// The store, as one node reaches it for as long as it lives.
#[derive(Clone)]
pub(crate) struct NodeStore {
    pub(crate) world: Arc<World>,
    pub(crate) node: usize,
    pub(crate) life: u64,
}

impl std::fmt::Debug for NodeStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeStore").finish_non_exhaustive()
    }
}

impl NodeStore {
    async fn ask(&self, asked: Asked) -> Result<Answer, StoreError> {
        let world = &*self.world;
        let who = format!("node {}", self.node);
        let what = asked.word();
        world.travel().await;
        // What a dead node has on its way is not asked, and it hears of nothing any more.
        world.nodes[self.node].must_live(self.life).await;
        if world.strikes(12) {
            world.note(&who, &format!("{what}: the question is lost"));
            world.judge.is_unanswered(&asked);
            world.wait(PATIENCE.0, PATIENCE.1).await;
            return Err(StoreError::Unavailable);
        }
        let Some(memory) = world.store.take(world.now(), &asked) else {
            world.note(&who, &format!("{what}: nobody answers"));
            world.judge.is_unanswered(&asked);
            return Err(StoreError::Unavailable);
        };
        let answer = self.told(&memory, &asked).await;
        if let (
            Asked::End(..) | Asked::EndByTicket(..) | Asked::EndOfAnother(..) | Asked::Replace(..),
            Ok(Answer::Session(Some(ended))),
        ) = (&asked, &answer)
        {
            world.judge.is_ended(world.now(), ended);
        }
        if world.strikes(12) {
            world.note(&who, &format!("{what}: asked twice"));
            let _ = asked.clone().of(&memory).await;
        }
        if world.strikes(12) {
            world.note(&who, &format!("{what}: the answer is lost"));
            world.judge.is_unanswered(&asked);
            world.wait(PATIENCE.0, PATIENCE.1).await;
            return Err(StoreError::Unavailable);
        }
        world.travel().await;
        world.nodes[self.node].must_live(self.life).await;
        answer
    }

    /// What the store says, unless it lies.
    async fn told(&self, memory: &MemoryStore, asked: &Asked) -> Result<Answer, StoreError> {
        match (self.world.lie, asked) {
            (Some(Lie::NoMarkIsKept), Asked::Mark(..)) => Ok(Answer::Sight(Sight::First)),
            (Some(Lie::NoNoticeEnds), Asked::EndByTicket(..)) => Ok(Answer::Session(None)),
            (Some(Lie::NoHeirIsFound), Asked::Replace(old, _, now))
                if memory.find(*old, *now).await?.is_none() =>
            {
                Ok(Answer::Session(None))
            }
            (Some(Lie::SessionOfAnother), Asked::Find(_, now)) => {
                let newest = self.world.store.newest_key();
                match newest {
                    Some(newest) => Asked::Find(newest, *now).of(memory).await,
                    None => asked.clone().of(memory).await,
                }
            }
            _ => asked.clone().of(memory).await,
        }
    }
}

impl SharedStore {
    fn newest_key(&self) -> Option<SessionKey> {
        let state = self.0.lock().unwrap();
        let mut asked = state.journal.iter().rev().map(|(_, asked)| asked);
        asked.find_map(|asked| {
            if let Asked::Create(key, ..) = asked {
                Some(*key)
            } else {
                None
            }
        })
    }
}

/// The part of an answer that its question has.
macro_rules! part {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Ok(Answer::$kind(part)) => Ok(part),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        }
    };
}

impl Sessions for NodeStore {
    async fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Sight, StoreError> {
        part!(
            self.ask(Asked::BringTicket(ticket, expires_at, now)).await,
            Sight
        )
    }

    async fn forget_ticket(&self, ticket: [u8; 32]) -> Result<(), StoreError> {
        self.ask(Asked::ForgetTicket(ticket)).await.map(|_done| ())
    }

    async fn create(
        &self,
        key: SessionKey,
        mut session: Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        if self.world.lie == Some(Lie::NoSessionEnds) {
            // Whoever follows this store is told the same.
            session.ends_at = now + SignedDuration::from_hours(1000);
        }
        part!(self.ask(Asked::Create(key, session, now)).await, Standing)
    }

    async fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        part!(self.ask(Asked::Join(key, participant, now)).await, Standing)
    }

    async fn find(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        part!(self.ask(Asked::Find(key, now)).await, Session)
    }

    async fn end(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        part!(self.ask(Asked::End(key, now)).await, Session)
    }

    async fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let asked = Asked::EndOfAnother(key, login.to_owned(), now);
        part!(self.ask(asked).await, Session)
    }

    async fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        part!(self.ask(Asked::Replace(old, new, now)).await, Session)
    }

    async fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        part!(self.ask(Asked::EndByTicket(ticket, now)).await, Session)
    }

    async fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Result<Standing, StoreError> {
        part!(self.ask(Asked::SignInOf(ticket, now)).await, Standing)
    }

    /// No administrator looks on here.
    async fn look_through(
        &self,
        _show: &mut (dyn FnMut(Seen) + Send),
        _now: Timestamp,
    ) -> Result<u64, StoreError> {
        Err(StoreError::Unavailable)
    }
}

/// No story is kept here: no sign-in waits for that, or is changed by it.
impl Stories for NodeStore {
    async fn add_to_story(
        &self,
        _code: SupportCode,
        _step: &StoryStep,
        _keeping: Keeping,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn story(
        &self,
        _code: SupportCode,
        _now: Timestamp,
    ) -> Result<Vec<StoryStep>, StoreError> {
        Err(StoreError::Unavailable)
    }
}

impl ReplayGuard for NodeStore {
    async fn mark(&self, used: Use<'_>, now: Timestamp) -> Result<Sight, StoreError> {
        let Use {
            issuer,
            id,
            by,
            expires_at,
        } = used;
        let asked = Asked::Mark(issuer.clone(), id.to_owned(), by, (expires_at, now));
        part!(self.ask(asked).await, Sight)
    }
}

impl Attempts for NodeStore {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        part!(self.ask(Asked::Attempt(key, rule, now)).await, Verdict)
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        self.ask(Asked::Forgive(key)).await.map(drop)
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.ask(Asked::TakeBack(key, rule, attempted_at))
            .await
            .map(drop)
    }
}
