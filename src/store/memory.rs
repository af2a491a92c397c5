//! The store of a single node: in this process, forgotten when it ends.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use moka::{notification::RemovalCause, ops::compute::Op, policy::EvictionPolicy, sync::Cache};

use super::{
    Limits, after,
    counter::Counters,
    pack,
    shelf::{self, Shelf},
    timed_map::{Instant, PURGED_PER_CALL, TimedMap},
    unpack,
};
use crate::{
    model::{
        session::{Participant, Session, SessionKey},
        store::{
            AttemptRule, Attempts, LEADS_ON, ReplayGuard, Seen, Sessions, Sight, Standing,
            StoreError, Stories, Use, Verdict,
        },
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    sys::hmac::sha256,
};

/// Whose session was begun with which CAS ticket.
type Tickets = Mutex<HashMap<[u8; 32], SessionKey>>;

/// How much later than `now` says the cache gives up an unused session by its own clock.
const IDLE_MARGIN: Duration = Duration::from_mins(1);

/// What a session takes of the room that stories may have, in bytes; it takes about twice as much in all.
const BYTES_OF_A_SESSION: u64 = 640;

/// How many sessions are looked at before others have the thread.
const PAGE: usize = 256;

/// Remembers in the memory of this process.
pub struct MemoryStore {
    limits: Limits,
    sessions: Cache<SessionKey, Arc<Entry>>,
    /// Of the sessions that are held, and no other: a ticket leaves with its session, whatever has that
    /// leave, so that those which come and go push out none of those which stay.
    tickets: Arc<Tickets>,
    /// The keys of sessions that were replaced lately, each with the key of the one which has done so.
    replaced: Mutex<TimedMap<SessionKey>>,
    /// The tickets that people have brought lately, and nobody else's.
    brought: Mutex<TimedMap<Brought>>,
    marks: Mutex<TimedMap<Mark>>,
    attempts: Counters,
    stories: Mutex<Shelf>,
}

/// A session, packed: a map of attributes takes several times the room of its bytes.
struct Entry {
    packed: Mutex<Box<[u8]>>,
    ends_at: Instant,
    last_used_ms: AtomicI64,
    is_ended: AtomicBool,
}

/// What is known of a ticket that was brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Brought {
    /// That it was.
    Once,
    /// That the CAS server has told of the end of its sign-in since.
    SignedOut,
}

/// The first use of a message.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The beginning of the hash of who used it: enough to tell two browsers apart.
    by: [u8; 8],
    at: Instant,
}

impl Mark {
    const NOBODY: [u8; 8] = [0; 8];
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new(limits: Limits) -> Self {
        let idle = Duration::try_from(limits.idle).unwrap_or(Duration::ZERO);
        let tickets = Arc::<Tickets>::default();
        let of_sessions = Arc::clone(&tickets);
        let sessions = Cache::builder()
            .max_capacity(u64::from(limits.sessions))
            // The default policy may turn the newest entry away when full: a person who has just
            // signed in would be asked again.
            .eviction_policy(EvictionPolicy::lru())
            // Frees the memory of abandoned sessions. Whether a session still lives is judged by
            // `now` alone, hence the margin.
            .time_to_idle(idle.saturating_add(IDLE_MARGIN))
            .eviction_listener(move |key, entry: Arc<Entry>, cause| {
                // Asked for twice, it is the same session: its ticket leads to the one that is there now.
                if cause == RemovalCause::Replaced {
                    return;
                }
                let session = unpack(&lock(&entry.packed));
                if let Some(ticket) = session.and_then(|session| session.proof.ticket) {
                    let mut tickets = lock(&of_sessions);
                    if tickets.get(&ticket) == Some(&*key) {
                        tickets.remove(&ticket);
                    }
                }
            })
            .build();
        Self {
            limits,
            sessions,
            tickets,
            replaced: Mutex::new(TimedMap::new()),
            brought: Mutex::new(TimedMap::new()),
            marks: Mutex::new(TimedMap::new()),
            attempts: Counters::at_most(to_usize(limits.attempts)),
            stories: Mutex::new(Shelf::new()),
        }
    }

    /// How many sessions are held, about: the count of a moment ago.
    pub fn sessions_held(&self) -> u64 {
        self.sessions.entry_count()
    }

    /// How many replay marks are held.
    pub fn replay_marks_held(&self) -> usize {
        lock(&self.marks).len()
    }

    /// How many bytes stories may take: they give way to sessions, as far as a sixteenth of their room. So both can be as many
    /// as a university needs, and both together are bounded.
    fn room_for_stories(&self) -> usize {
        let room = room_beside(self.sessions_held(), self.limits.story_bytes);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// Where `key` leads: to the session that has replaced its own, or one after the other. That this ends
    /// [`Self::lead`] sees to.
    fn heir(replaced: &TimedMap<SessionKey>, key: SessionKey, now: Timestamp) -> SessionKey {
        let mut heir = key;
        while let Some(next) = replaced.find(&heir.0, now) {
            heir = *next;
        }
        heir
    }

    /// Has `old` lead to `new`, which then leads nowhere.
    fn lead(
        &self,
        replaced: &mut TimedMap<SessionKey>,
        old: SessionKey,
        to: (SessionKey, Timestamp),
    ) {
        let (new, now) = to;
        replaced.remove(&new.0);
        if replaced.len() >= to_usize(self.limits.sessions) {
            replaced.remove_first();
        }
        replaced.put(old.0, new, after(now, LEADS_ON));
    }

    /// Has the session of `key` inherit from `earlier`; says whether somebody has inherited.
    fn bequeath(
        &self,
        earlier: &Session,
        key: SessionKey,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut has_inherited = false;
        self.change(key, now, |session| {
            has_inherited = session.inherit(earlier);
            has_inherited
        })?;
        Ok(has_inherited)
    }

    /// Changes the session of `key` where it lives; `change` says whether it did change anything.
    fn change(
        &self,
        key: SessionKey,
        now: Timestamp,
        change: impl FnOnce(&mut Session) -> bool,
    ) -> Result<Standing, StoreError> {
        let Some(entry) = self.sessions.get(&key) else {
            return Ok(Standing::Ended);
        };
        let mut packed = lock(&entry.packed);
        // Whoever ends it shuts it first, and reads it then: they wait for this, or are seen here.
        if self.is_over(&entry, now) {
            return Ok(Standing::Ended);
        }
        let mut session = unpack(&packed).ok_or(StoreError::Unavailable)?;
        if change(&mut session) {
            *packed = pack(&session)?.into_boxed_slice();
        }
        Ok(Standing::Lives)
    }

    /// Ends the session of `key`.
    fn take(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let Some(entry) = self.sessions.remove(&key) else {
            return Ok(None);
        };
        let is_over = self.is_over(&entry, now);
        // The flag decides who ended it, and shuts the entry for those who hold it already.
        if entry.is_ended.swap(true, Ordering::AcqRel) || is_over {
            return Ok(None);
        }
        { unpack(&lock(&entry.packed)) }
            .map(Some)
            .ok_or(StoreError::Unavailable)
    }

    fn is_over(&self, entry: &Entry, now: Timestamp) -> bool {
        let unused_ms = now
            .as_millisecond()
            .saturating_sub(entry.last_used_ms.load(Ordering::Acquire));
        Instant::from(now) >= entry.ends_at
            || i128::from(unused_ms) >= self.limits.idle.as_millis()
            || entry.is_ended.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Sessions are people: the limits only.
        f.debug_struct("MemoryStore")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Sessions for MemoryStore {
    async fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Sight, StoreError> {
        if expires_at <= now {
            return Ok(Sight::Again { by_same_at: None });
        }
        let most = to_usize(self.limits.replay_marks);
        let mut brought = lock(&self.brought);
        let before = brought.put_first(ticket, (Brought::Once, expires_at), now, most)?;
        Ok(before.map_or(Sight::First, |_| Sight::Again { by_same_at: None }))
    }

    async fn forget_ticket(&self, ticket: [u8; 32]) -> Result<(), StoreError> {
        lock(&self.brought).remove(&ticket);
        Ok(())
    }

    async fn create(
        &self,
        key: SessionKey,
        session: Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let ends_at = session.ends_at;
        // What cannot be packed cannot be remembered; the caller goes on without a session.
        let packed = pack(&session)?;
        let entry = Entry {
            packed: Mutex::new(packed.into_boxed_slice()),
            ends_at: Timestamp::from_second(ends_at.as_second())
                .unwrap_or(ends_at)
                .into(),
            last_used_ms: AtomicI64::new(now.as_millisecond()),
            is_ended: AtomicBool::new(false),
        };
        let entry = Arc::new(entry);
        let Some(ticket) = session.proof.ticket else {
            self.sessions.insert(key, entry);
            return Ok(Standing::Lives);
        };
        // Held until the session can be found by its ticket: a notice comes before that, and is seen
        // here, or after it, and ends the session.
        let brought = lock(&self.brought);
        let standing = brought.sign_in_of(&ticket, now);
        if standing == Standing::Lives {
            // In this order: with a session that leaves at once its ticket leaves, too.
            lock(&self.tickets).insert(ticket, key);
            self.sessions.insert(key, entry);
        }
        Ok(standing)
    }

    async fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        self.change(key, now, |session| {
            let is_new = session.participants.last() != Some(&participant);
            if is_new {
                session.join(participant);
            }
            is_new
        })
    }

    async fn find(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let Some(entry) = self.sessions.get(&key) else {
            return Ok(None);
        };
        if self.is_over(&entry, now) {
            // Only this very entry: another may have been put in its place.
            self.sessions
                .entry(key)
                .and_compute_with(|present| match present {
                    Some(present) if Arc::ptr_eq(present.value(), &entry) => Op::Remove,
                    Some(_) | None => Op::Nop,
                });
            return Ok(None);
        }
        // The use is noted in the entry itself. Putting a changed entry back would bring a session
        // to life again that was ended in the meantime.
        entry
            .last_used_ms
            .fetch_max(now.as_millisecond(), Ordering::AcqRel);
        { unpack(&lock(&entry.packed)) }
            .map(Some)
            .ok_or(StoreError::Unavailable)
    }

    async fn end(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.take(key, now)
    }

    async fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let replaced = lock(&self.replaced);
        let heir = Self::heir(&replaced, key, now);
        let Some(entry) = self.sessions.get(&heir) else {
            return Ok(None);
        };
        let session = unpack(&lock(&entry.packed)).ok_or(StoreError::Unavailable)?;
        if session.proof.login == login {
            return Ok(None);
        }
        self.take(heir, now)
    }

    async fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        // Held all along: of two who bring one key, the second one finds the session of the first one.
        let mut replaced = lock(&self.replaced);
        let heir = Self::heir(&replaced, old, now);
        if [Some(old), Some(heir)].contains(&new) {
            return Ok(None);
        }
        let Some(earlier) = self.take(heir, now)? else {
            return Ok(None);
        };
        let Some(new) = new else {
            return Ok(Some(earlier));
        };
        replaced.purge(now, PURGED_PER_CALL);
        // The browser may have kept either of the two, whichever answer came last.
        self.lead(&mut replaced, heir, (new, now));
        if heir != old {
            self.lead(&mut replaced, old, (new, now));
        }
        let has_gone_over = self.bequeath(&earlier, new, now)?;
        Ok(Some(earlier).filter(|_| !has_gone_over))
    }

    async fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        if let Some(brought) = lock(&self.brought).find_mut(&ticket) {
            *brought = Brought::SignedOut;
        }
        let key = lock(&self.tickets).get(&ticket).copied();
        key.map_or(Ok(None), |key| self.take(key, now))
    }

    async fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Result<Standing, StoreError> {
        Ok(lock(&self.brought).sign_in_of(&ticket, now))
    }

    async fn look_through(
        &self,
        show: &mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // The entries as they are now, and no copy of what they hold. Unlike a look for one, this is no use of them.
        let entries: Vec<_> = self.sessions.iter().collect();
        for page in entries.chunks(PAGE) {
            for (key, entry) in page {
                if self.is_over(entry, now) {
                    continue;
                }
                let session = unpack(&lock(&entry.packed)).ok_or(StoreError::Unavailable)?;
                let used_ms = entry.last_used_ms.load(Ordering::Acquire);
                let used_at = Timestamp::from_millisecond(used_ms).unwrap_or(now);
                show(Seen {
                    key: **key,
                    unused_until: after(used_at, self.limits.idle).min(entry.ends_at.into()),
                    session,
                    used_at,
                });
            }
            // People sign in on this thread as well.
            tokio::task::yield_now().await;
        }
        // Nothing is sealed here.
        Ok(0)
    }
}

impl TimedMap<Brought> {
    fn sign_in_of(&self, ticket: &[u8; 32], now: Timestamp) -> Standing {
        match self.find(ticket, now) {
            Some(Brought::SignedOut) => Standing::Ended,
            Some(Brought::Once) | None => Standing::Lives,
        }
    }
}

impl Stories for MemoryStore {
    async fn add_to_story(
        &self,
        code: SupportCode,
        step: &StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let piece = shelf::frame(&shelf::pack(step)?)?;
        let until = (now, self.room_for_stories());
        lock(&self.stories).add(shelf::id(code), &piece, keeping, until)
    }

    async fn story(&self, code: SupportCode, now: Timestamp) -> Result<Vec<StoryStep>, StoreError> {
        Ok(lock(&self.stories).read(shelf::id(code), now))
    }
}

impl ReplayGuard for MemoryStore {
    async fn mark(&self, used: Use<'_>, now: Timestamp) -> Result<Sight, StoreError> {
        if used.expires_at <= now {
            return Ok(Sight::Again { by_same_at: None });
        }
        // An entity ID holds no control character, so no two pairs give the same bytes.
        let key = sha256(&[used.issuer.as_str().as_bytes(), b"\0", used.id.as_bytes()]);
        let by = used.by.first_chunk().copied().unwrap_or_default();
        let at = now.into();
        let mark = (Mark { by, at }, used.expires_at);
        let mut marks = lock(&self.marks);
        // The oldest is never pushed out: whoever fills the store could then play it again.
        let most = to_usize(self.limits.marks_for(&used));
        let first = marks.put_first(key, mark, now, most)?;
        Ok(first.map_or(Sight::First, |first| {
            let is_same = first.by == by && first.by != Mark::NOBODY;
            Sight::Again {
                by_same_at: is_same.then_some(first.at.into()),
            }
        }))
    }
}

impl Attempts for MemoryStore {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        Ok(self.attempts.attempt(key, rule, now))
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        self.attempts.forgive(key);
        Ok(())
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.attempts.take_back(key, rule, attempted_at);
        Ok(())
    }
}

/// A thread that panicked left the map whole: every change to it is one call.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left of `all` bytes beside so many sessions.
fn room_beside(sessions: u64, all: u64) -> u64 {
    all.saturating_sub(sessions.saturating_mul(BYTES_OF_A_SESSION))
        .max(all / 16)
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entity_id::EntityId;
    use crate::store::conformance::{self, LIMITS, at, key, session};

    conformance::every_promise_is_kept_by!(async { (MemoryStore::new(LIMITS), ()) });

    #[tokio::test]
    async fn r122_no_more_sessions_are_kept_than_the_limit_and_the_used_one_stays() {
        let store = MemoryStore::new(LIMITS);
        store
            .create(key(0), session("used", 9_000), at(0))
            .await
            .unwrap();
        for n in 1..=LIMITS.sessions * 3 {
            store
                .create(key(n), session("one of many", 9_000), at(0))
                .await
                .unwrap();
            assert!(store.find(key(0), at(1)).await.unwrap().is_some(), "{n}");
            store.sessions.run_pending_tasks();
            assert!(store.sessions_held() <= u64::from(LIMITS.sessions));
        }
    }

    #[tokio::test]
    async fn r122_stories_give_way_to_sessions_down_to_a_sixteenth_of_their_room() {
        for (sessions, all, left) in [
            (0, 64 << 20, 64 << 20),
            (10_000, 64 << 20, (64 << 20) - 6_400_000),
            (100_000, 64 << 20, 4 << 20),
            (u64::MAX, 4096 << 20, 256 << 20),
            (u64::MAX, 0, 0),
        ] {
            assert_eq!(room_beside(sessions, all), left, "{sessions}");
        }
        let store = MemoryStore::new(LIMITS);
        let held = async || {
            let mut held = 0;
            for number in 0..250 {
                let code = conformance::stories::code(number);
                held += usize::from(!store.story(code, at(1)).await.unwrap().is_empty());
            }
            held
        };
        let fill = async || {
            for number in 0..250 {
                let code = conformance::stories::code(number);
                let step = conformance::stories::step("answered");
                let kept = conformance::stories::keeping(9_000);
                store.add_to_story(code, &step, kept, at(1)).await.unwrap();
            }
        };
        fill().await;
        let before = held().await;
        for n in 0..LIMITS.sessions {
            let made = store.create(key(n), session("one of many", 9_000), at(0));
            assert_eq!(made.await, Ok(Standing::Lives));
        }
        store.sessions.run_pending_tasks();
        let room = usize::try_from(LIMITS.story_bytes).unwrap();
        let left = room_beside(u64::from(LIMITS.sessions), LIMITS.story_bytes);
        fill().await;
        let after = held().await;
        assert!(before < 250 && after > 0);
        // Those that were there have two steps now.
        let most = before * usize::try_from(left).unwrap() / room;
        let fits = (most / 2..=most).contains(&after);
        assert!(fits, "{after} of {before}, {most}");
    }

    #[tokio::test]
    async fn a_session_that_is_over_leaves_at_the_first_look() {
        let store = MemoryStore::new(LIMITS);
        store
            .create(key(1), session("gone", 10), at(0))
            .await
            .unwrap();
        assert!(store.find(key(1), at(10)).await.unwrap().is_none());
        store.sessions.run_pending_tasks();
        assert_eq!(store.sessions_held(), 0);
    }

    #[tokio::test]
    async fn r122_a_session_takes_about_a_kilobyte() {
        let store = MemoryStore::new(LIMITS);
        let mut session = session("zoe.martin", 9_000);
        for n in 0..14 {
            let name = format!("supannEntiteAffectation{n}");
            session
                .proof
                .attributes
                .add(&name, ["a value of forty octets, as most are not".into()]);
        }
        store.create(key(1), session, at(0)).await.unwrap();
        let entry = store.sessions.get(&key(1)).unwrap();
        assert!(
            lock(&entry.packed).len() + size_of::<Entry>() < 1_100,
            "{}",
            lock(&entry.packed).len()
        );
    }

    #[tokio::test]
    async fn r66_r122_no_ticket_is_held_but_those_of_the_sessions_that_are() {
        let store = MemoryStore::new(LIMITS);
        let begin = async |number: u32, login: &str, now| {
            let mut session = session(login, now + 10);
            session.proof.ticket = Some(key(number).0);
            let standing = store.create(key(number), session, at(now)).await;
            assert_eq!(standing, Ok(Standing::Lives));
        };
        // Pushed out, ended, over at the first look, ended by a ticket, replaced.
        for number in 0..LIMITS.sessions * 3 {
            begin(number, "one of many", 0).await;
        }
        let newest = LIMITS.sessions * 3 - 1;
        assert!(store.end(key(newest), at(1)).await.unwrap().is_some());
        assert!(store.find(key(newest - 1), at(10)).await.unwrap().is_none());
        begin(1_000, "zoe", 10).await;
        begin(1_001, "zoe", 10).await;
        begin(1_002, "zoe", 10).await;
        let ended = store.end_by_ticket(key(1_000).0, at(11)).await;
        assert!(ended.unwrap().is_some());
        assert_eq!(
            store.replace(key(1_001), Some(key(1_002)), at(11)).await,
            Ok(None)
        );
        store.sessions.run_pending_tasks();
        let held = u64::try_from(lock(&store.tickets).len()).unwrap();
        assert_eq!(held, store.sessions_held());
        assert!((1..=u64::from(LIMITS.sessions)).contains(&held), "{held}");
    }

    #[tokio::test]
    async fn r122_no_more_keys_of_replaced_sessions_are_kept_than_sessions_and_for_a_minute() {
        let store = MemoryStore::new(LIMITS);
        let replace = async |number: u32, now| {
            for key in [key(number), key(number + 1)] {
                let session = session("zoe", 9_000);
                store.create(key, session, at(now)).await.unwrap();
            }
            let ended = store
                .replace(key(number), Some(key(number + 1)), at(now))
                .await;
            assert_eq!(ended, Ok(None));
            lock(&store.replaced).len()
        };
        for round in 0..LIMITS.sessions * 3 {
            let kept = replace(round * 2, 0).await;
            assert!(kept <= to_usize(LIMITS.sessions), "{kept}");
        }
        let mut kept = to_usize(LIMITS.sessions);
        for round in 0..LIMITS.sessions {
            kept = replace(10_000 + round * 2, 60).await;
        }
        assert_eq!(kept, to_usize(LIMITS.sessions));
        assert_eq!(replace(20_000, 8_000).await, kept - PURGED_PER_CALL + 1);
    }

    #[tokio::test]
    async fn r66_r122_a_hundred_thousand_notices_of_made_up_tickets_leave_nothing_behind() {
        let store = MemoryStore::new(LIMITS);
        store.bring_ticket([7; 32], at(300), at(0)).await.unwrap();
        for n in 0..100_000 {
            assert_eq!(store.end_by_ticket(key(n).0, at(1)).await, Ok(None));
        }
        assert_eq!(lock(&store.brought).len(), 1);
        assert_eq!(lock(&store.tickets).len(), 0);
    }

    #[tokio::test]
    async fn r122_ended_marks_and_counters_are_given_up_as_others_come() {
        let store = MemoryStore::new(LIMITS);
        let issuer = EntityId::parse("https://sp.example/").unwrap();
        let rule = conformance::attempts::RULE;
        for n in 0..LIMITS.replay_marks {
            store
                .mark(
                    conformance::marks::used_by_somebody(&issuer, &format!("_{n}"), at(100)),
                    at(0),
                )
                .await
                .unwrap();
            store.attempt(key(n).0, rule, at(0)).await.unwrap();
        }
        assert_eq!(store.replay_marks_held(), to_usize(LIMITS.replay_marks));
        for n in 0..3 {
            store
                .mark(
                    conformance::marks::used_by_somebody(&issuer, &format!("_new{n}"), at(9_000)),
                    at(5_000),
                )
                .await
                .unwrap();
            store
                .attempt(key(1_000 + n).0, rule, at(5_000))
                .await
                .unwrap();
        }
        assert_eq!(store.replay_marks_held(), 3);
        assert_eq!(store.attempts.len(), 3);
    }

    #[tokio::test]
    async fn r121_the_store_shows_its_limits_and_no_session() {
        let store = MemoryStore::new(LIMITS);
        store
            .create(key(1), session("canary", 9_000), at(0))
            .await
            .unwrap();
        let shown = format!("MemoryStore {{ limits: {LIMITS:?}, .. }}");
        assert_eq!(format!("{store:?}"), shown);
    }
}
