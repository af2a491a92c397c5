//! Attempts, counted by all nodes together and by each for itself.
//!
//! A counter is sealed, so it is changed here, by the rule that a single node has, and put in the place of the one that it was
//! made of where that is still there. The changes of one counter that come to this node stand in line: one task
//! makes all that wait in one step, so that those of a whole network need no more steps than the server has time for. What was
//! there last is remembered, as a guess of what is there now: mostly one question is enough.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use tokio::{sync::oneshot, time::Instant};

use super::{Inner, RedisStore, after, call::Call, scripts};
use crate::{
    model::store::{AttemptRule, Attempts, StoreError, Verdict},
    store::counter::Counter,
};

/// How often a change is tried while other nodes change the same counter: each time one of them has made theirs.
const MOST_TRIES: usize = 64;
/// How many counters are remembered as they were last seen: those of the networks that people come from, and of the accounts
/// at which an attempt is being made.
const SEEN: u64 = 1_024;

type Key = [u8; 32];

/// The stricter of the two counters counts; without an answer this node's own one does alone.
impl Attempts for RedisStore {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let own = self.0.own.attempt(key, rule, now).await?;
        if own != Verdict::Go {
            return Ok(own);
        }
        let ours = self.together().attempt(key, rule, now).await;
        if let Ok(Verdict::WaitUntil(_)) = ours {
            self.0.own.take_back(key, rule, now).await?;
        }
        Ok(ours.unwrap_or(own))
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        self.0.own.forgive(key).await?;
        // Whoever has signed in need not wait for it.
        self.together().join(key, Change::Forgive);
        Ok(())
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.0.own.take_back(key, rule, attempted_at).await?;
        let change = Change::TakeBack(rule, attempted_at);
        self.together().join(key, change);
        Ok(())
    }
}

/// What all nodes count together.
pub(super) struct Together<'s>(&'s RedisStore);

impl RedisStore {
    pub(super) const fn together(&self) -> Together<'_> {
        Together(self)
    }
}

impl Attempts for Together<'_> {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        self.change(key, Change::Attempt(rule, now)).await
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        self.change(key, Change::Forgive).await.map(|_done| ())
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Change::TakeBack(rule, attempted_at);
        self.change(key, change).await.map(|_done| ())
    }
}

impl Together<'_> {
    /// Has a change made, and waits for it: it is made though nobody waits any more.
    async fn change(&self, key: Key, change: Change) -> Result<Verdict, StoreError> {
        let told = self.join(key, change);
        let told = async { told.await.unwrap_or(Err(StoreError::Unavailable)) };
        self.0.wait(told).await
    }

    /// Has a change made after those of the same counter that came to this node before; gives where it is told what came of it.
    fn join(&self, key: Key, change: Change) -> oneshot::Receiver<Result<Verdict, StoreError>> {
        let Self(store) = self;
        let (tell, told) = oneshot::channel();
        if store.0.queues.join(key, Waiting { change, tell }) {
            tokio::spawn(serve(Arc::clone(&store.0), key));
        }
        told
    }
}

/// What becomes of a counter.
#[derive(Clone, Copy, Debug)]
enum Change {
    Attempt(AttemptRule, Timestamp),
    Forgive,
    TakeBack(AttemptRule, Timestamp),
}

impl Change {
    /// What it makes of a counter, and what is told of it.
    fn of(self, counter: Option<Counter>) -> (Option<Counter>, Verdict) {
        match self {
            Self::Attempt(rule, now) => match Counter::attempt(counter, rule, now) {
                Ok(more) => (Some(more), Verdict::Go),
                Err(not_before) => (counter, Verdict::WaitUntil(not_before)),
            },
            Self::Forgive => (None, Verdict::Go),
            Self::TakeBack(rule, attempted_at) => {
                let left = counter.and_then(|counter| counter.take_back(rule, attempted_at));
                (left, Verdict::Go)
            }
        }
    }

    /// The rule that it goes by, and when it came, or what it takes back did.
    const fn rule_and_instant(self) -> Option<(AttemptRule, Timestamp)> {
        match self {
            Self::Attempt(rule, at) | Self::TakeBack(rule, at) => Some((rule, at)),
            Self::Forgive => None,
        }
    }
}

/// A change that has not been made yet.
#[derive(Debug)]
struct Waiting {
    change: Change,
    tell: oneshot::Sender<Result<Verdict, StoreError>>,
}

/// The changes that wait, by their counters.
pub(super) struct Queues {
    /// A counter is here as long as somebody makes changes of it. Each belongs to a request that is under way, or was for as
    /// long as its changes take.
    waiting: Mutex<HashMap<Key, Vec<Waiting>>>,
    /// The sealed counters as they were last seen.
    seen: Cache<Key, Arc<[u8]>>,
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}

impl Queues {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            seen: Cache::new(SEEN),
        }
    }

    /// Has a change wait; says whether somebody must begin to make those of its counter.
    fn join(&self, key: Key, change: Waiting) -> bool {
        match self.waiting().entry(key) {
            Entry::Occupied(mut others) => {
                others.get_mut().push(change);
                false
            }
            Entry::Vacant(nobody) => {
                nobody.insert(vec![change]);
                true
            }
        }
    }

    /// Gives all that wait; where there are none, who comes next must have somebody begin.
    fn next(&self, key: &Key) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let next = waiting.get_mut(key).map(mem::take).unwrap_or_default();
        if next.is_empty() {
            waiting.remove(key);
        }
        next
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Key, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the changes of one counter, for as long as any wait.
async fn serve(inner: Arc<Inner>, key: Key) {
    loop {
        let waiting = inner.queues.next(&key);
        if waiting.is_empty() {
            return;
        }
        let (changes, tell): (Vec<_>, Vec<_>) = { waiting.into_iter() }
            .map(|it| (it.change, it.tell))
            .unzip();
        let number = changes.len();
        let maker = Arc::clone(&inner);
        // In a task of its own: whatever becomes of it, the next ones have their turn.
        let made = tokio::spawn(async move { maker.make(key, &changes).await }).await;
        let made = match made.unwrap_or(Err(StoreError::Unavailable)) {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            Err(fault) => vec![Err(fault); number],
        };
        for (tell, made) in tell.into_iter().zip(made) {
            let _gone = tell.send(made);
        }
    }
}

impl Inner {
    /// Makes changes one after the other, all or none, and gives what is told of each.
    async fn make(&self, key: Key, changes: &[Change]) -> Result<Vec<Verdict>, StoreError> {
        let last = changes.iter().rev().find_map(|it| it.rule_and_instant());
        // Where all are to forgive, what there is ends whatever it says.
        let now = last.map_or(Timestamp::UNIX_EPOCH, |(_, at)| at);
        let made_by = Instant::now() + self.patience * 2;
        let mut held = self.queues.seen.get(&key).unwrap_or_default();
        for _ in 0..MOST_TRIES {
            let mut counter = self.counter(&key, &held, now);
            let before = counter;
            let mut verdicts = Vec::with_capacity(changes.len());
            for change in changes {
                let (next, verdict) = change.of(counter);
                counter = next;
                verdicts.push(verdict);
            }
            let left = counter.zip(last);
            let ends_at = left.map_or(now, |(counter, (rule, _))| counter.ends_at(rule));
            let other: Arc<[u8]> = match left {
                None => Arc::default(),
                // Nobody may wait for one that another node has forgiven: that it is there is asked as well.
                Some((same, _)) if Some(same) == before => Arc::clone(&held),
                Some((counter, _)) => self.sealed(&key, counter, (now, ends_at))?,
            };
            let mut call = Call::of(&scripts::SWAP_COUNTER);
            call.key(self.places.counted.as_str())
                .key(self.places.counters.as_str());
            call.arg(now.as_millisecond())
                .arg(&key[..])
                .arg(&held[..])
                .arg(&other[..])
                .arg(ends_at.as_millisecond())
                .arg(self.limits.attempts.max(1));
            let (is_made, found) = self.servers.run::<(bool, Vec<u8>)>(&call).await?;
            held = if is_made { other } else { found.into() };
            self.queues.seen.insert(key, Arc::clone(&held));
            if is_made {
                return Ok(verdicts);
            }
            if Instant::now() >= made_by {
                break;
            }
        }
        // Others were quicker each time.
        self.servers.note_unanswered();
        Err(StoreError::Unavailable)
    }

    /// The counter of a value. One that is not ours counts nothing, as one that was taken away, and gives its place to ours.
    fn counter(&self, key: &Key, held: &[u8], now: Timestamp) -> Option<Counter> {
        if held.is_empty() {
            return None;
        }
        let place = (&self.places.counters, &key[..]);
        let content = self.sealer.open(place, held, now).ok()??;
        let counter = Counter::of_octets(&content);
        if counter.is_none() {
            self.sealer.refuse();
        }
        counter
    }

    fn sealed(
        &self,
        key: &Key,
        counter: Counter,
        (now, ends_at): (Timestamp, Timestamp),
    ) -> Result<Arc<[u8]>, StoreError> {
        let place = (&self.places.counters, &key[..]);
        // A seal ends at a whole second: not before what is in it.
        let ends_at = after(ends_at, SignedDuration::from_secs(1));
        let content = counter.octets();
        let sealed = self.sealer.seal(place, &content, (now, ends_at))?;
        Ok(sealed.into())
    }
}
