//! The store that several nodes share: a Redis server, the one that Sentinels name, or a Cluster.
//!
//! Every step is one script on keys of one slot; what needs several steps (a session and the list that it
//! stands in) takes them in an order in which whoever comes between sees all of it or nothing, and takes them
//! to the end though the caller goes away. Nothing here reads a clock: what has ended is judged by the instants
//! that are stored, and the server's own ends of keys only sweep up.
//!
//! - A session is a key of its own, sealed, with its last use and its end beside it. A change of it is read,
//!   made here, and put back where nobody else has changed it meanwhile.
//! - All sessions stand in one list, by the instant at which they end if they are not used: past
//!   the bound the first of it goes. The list learns of a use when a sixteenth of the idle time is over since
//!   it learned of the last one; so whoever stands in it past the end is left there until no clock and no use
//!   that it has not learned of can keep the session alive. Tickets are in the same slot, so that of a session that begins and a
//!   notice that ends it one sees the other.
//! - A session that is replaced leaves at its key, for a minute, where it leads. Whoever comes later
//!   follows, and so does whoever has something to bequeath to a session that was replaced meanwhile.
//! - Replay marks are one set, and counters of attempts are one, each in one slot with a bound that holds
//!   exactly: a Cluster spreads the sessions, and of the rest each node holds some.
//! - The stories of sign-ins are one set as well, each a row of sealed steps, in two orders: those in which somebody has proven who
//!   they are, and the others. How many bytes either kind takes is counted beside them.
//! - A counter is sealed as well, and changed as a session is, by the rule that a node by itself has.
//! - Every attempt is counted in this process as well ([`MemoryStore`]), and the stricter of the two
//!   counts. When the server does not answer, the own counter alone decides: guesses are slowed down by each
//!   node for itself, and people go on signing in.

mod attempts;
mod call;
pub mod clocks;
mod cluster;
mod dial;
mod link;
mod patience;
pub mod probe;
mod scripts;
mod sentinel;
mod servers;
mod sessions;
mod stories;
mod values;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use self::{
    attempts::Queues,
    call::Call,
    clocks::{ClockRecord, Clocks},
    servers::Servers,
    values::{Places, Sealer},
};
use super::{Limits, after, memory::MemoryStore};
use crate::{
    config::store::RedisServer,
    model::store::{ReplayGuard, Sight, StoreError, Use},
    sys::{clock::Clock, entropy::Entropy, hmac::sha256, seal::KeyRing, secret::Secret},
};

/// Remembers in Redis.
#[derive(Clone, Debug)]
pub struct RedisStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    places: Places,
    sealer: Sealer,
    /// What support codes are hidden under: there are so few that whoever reads the server could try them all.
    names: Secret,
    servers: Servers,
    /// How long an answer may take.
    patience: Duration,
    clocks: Clocks,
    /// The attempts of this node.
    own: MemoryStore,
    /// The changes of what all nodes count together.
    queues: Queues,
}

/// What is known of the server, or of all that are asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RedisRecord {
    /// Whether it answered when it was last asked.
    pub answers: bool,
    /// Whether it had no room for what it was given within the last minute: what is new is not kept then.
    pub is_full: bool,
    /// Questions that it did not answer, or not with what was asked for.
    pub unanswered: u64,
    /// Values that were refused since they are not ours, or not where we put them.
    pub refused: u64,
    /// Our clock beside others; none where they were not compared for a minute.
    pub clock: Option<ClockRecord>,
}

impl RedisStore {
    /// Makes a store in what `server` says, which is not asked yet; its values are sealed with `keys`, and stories are named under
    /// `names`, a secret that all nodes have and that no rotation changes.
    pub fn new(
        server: RedisServer,
        limits: Limits,
        (keys, names): (Arc<KeyRing>, Secret),
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self(Arc::new(Inner {
            clocks: Clocks::new(Arc::clone(&entropy)),
            limits,
            places: Places::new(&server.prefix),
            sealer: Sealer::new(keys, entropy),
            names,
            patience: server.timeout(),
            servers: Servers::new(server),
            own: MemoryStore::new(limits),
            queues: Queues::new(),
        }))
    }

    /// Goes on with another key ring.
    pub fn renew_keys(&self, keys: Arc<KeyRing>) {
        self.0.sealer.renew(keys);
    }

    /// Has the connections opened, before anybody needs it.
    pub fn open(&self) {
        self.0.servers.begin();
    }

    /// Does `request`, which waits for the server less than a second in all, unless two answers may take longer.
    pub async fn for_one_request<F: Future>(&self, request: F) -> F::Output {
        patience::bounded(self.0.patience, request).await
    }

    /// Waits for what the server answers, as long as this request may.
    ///
    /// # Errors
    ///
    /// Those of the answer; and [`StoreError::Unavailable`] where it was not waited for to its end.
    pub async fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = patience::wait(answer).await;
        answer.unwrap_or_else(|| {
            self.0.servers.note_unanswered();
            Err(StoreError::Unavailable)
        })
    }

    /// What is known of the server.
    pub fn record(&self) -> RedisRecord {
        RedisRecord {
            answers: self.0.servers.answers(),
            is_full: self.0.servers.is_full(),
            unanswered: self.0.servers.unanswered(),
            refused: self.0.sealer.refused(),
            clock: self.0.clocks.record(),
        }
    }

    /// Compares our clock with that of the server and of the other nodes; says how soon to do so again.
    pub async fn compare_clocks(&self, clock: &dyn Clock) -> Duration {
        let Inner {
            clocks,
            servers,
            places,
            sealer,
            ..
        } = &*self.0;
        clocks.compare(servers, places, sealer, clock).await
    }
}

/// What [`scripts::NOTE`] says.
enum Noted {
    First,
    Again(Vec<u8>),
}

impl Inner {
    /// Notes `id` in the set of these two places, beside so many at most, and says whether it was new.
    async fn note(
        &self,
        (ends, values, most): (&values::Place, &values::Place, u32),
        id: [u8; 32],
        (value, ends_at): (&[u8], Timestamp),
        now: Timestamp,
    ) -> Result<Noted, StoreError> {
        let mut call = Call::of(&scripts::NOTE);
        call.key(ends.as_str()).key(values.as_str());
        call.arg(now.as_millisecond())
            .arg(&id[..])
            .arg(ends_at.as_millisecond());
        call.arg(most).arg(value);
        match self.servers.run::<(i64, Vec<u8>)>(&call).await? {
            (0, first) => Ok(Noted::Again(first)),
            (1, _) => Ok(Noted::First),
            (2, _) => Err(StoreError::Full),
            (_, _) => Err(StoreError::Unavailable),
        }
    }
}

impl ReplayGuard for RedisStore {
    async fn mark(&self, used: Use<'_>, now: Timestamp) -> Result<Sight, StoreError> {
        let again = |by_same_at| Ok(Sight::Again { by_same_at });
        if used.expires_at <= now {
            return again(None);
        }
        // An entity ID holds no control character, so no two pairs give the same bytes.
        let id = sha256(&[used.issuer.as_str().as_bytes(), b"\0", used.id.as_bytes()]);
        let Inner {
            places,
            sealer,
            clocks,
            ..
        } = &*self.0;
        // By the clock of Redis: another node may ask how long ago it was.
        let ahead = clocks.ahead();
        let at = now.saturating_sub(ahead).unwrap_or(now);
        let mark = [&used.by[..], &at.as_millisecond().to_be_bytes()].concat();
        let value = sealer.seal((&places.marks, &id), &mark, (now, used.expires_at))?;
        let most = self.0.limits.marks_for(&used);
        let sets = (&places.marked, &places.marks, most);
        let noted = self.0.note(sets, id, (&value, used.expires_at), now);
        let Noted::Again(first) = self.wait(noted).await? else {
            return Ok(Sight::First);
        };
        // One that is not ours is a mark all the same: somebody has seen this message, or says so.
        let Ok(Some(first)) = sealer.open((&places.marks, &id), &first, now) else {
            return again(None);
        };
        let by_same = first
            .strip_prefix(&used.by)
            .filter(|_| used.by != Use::NOBODY);
        let at = by_same
            .and_then(|at| at.try_into().ok())
            .map(i64::from_be_bytes);
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        again(at.and_then(|at| at.saturating_add(ahead).ok()))
    }
}

#[cfg(test)]
mod tests;
