//! Servers that do the same thing, and which of them is asked.
//!
//! The first one of the list is preferred. One that does not answer rests for a while and the next
//! one is asked at once; after the rest one person's request tries it again, and everybody is back
//! with it as soon as it answers (a circuit breaker for each server). While every server rests
//! nobody waits: the fault is told at once, and nothing piles up.
//!
//! Rests go by the time that has passed (`Clock::passed`), whoever sets our clock meanwhile.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::model::chain::Chain;

/// How long a server may take while another one is left to be asked: the change of servers takes
/// less than a second.
const IMPATIENCE: Duration = Duration::from_millis(700);
/// How many faults in a row the only server may have before it rests: one may be chance.
const FAULTS_OF_THE_ONLY_ONE: u32 = 3;
/// The first rest; each next one is twice as long.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest: how long a server that is back may wait to be seen.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Servers in the order in which they are preferred; at least one.
#[derive(Debug)]
pub(super) struct Servers<S> {
    all: Box<[Server<S>]>,
    /// How long the last one that is left may take.
    patience: Duration,
}

#[derive(Debug)]
struct Server<S> {
    handle: S,
    name: Box<str>,
    state: Mutex<State>,
    answered: AtomicU64,
    not_asked: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    faults_in_a_row: u32,
    rests_until: Option<Duration>,
    /// How often a rest or a trial has begun, or ended.
    changes: u64,
    /// How often it failed, by the kind of fault.
    failed: BTreeMap<&'static str, u64>,
}

/// Why a server did not do what it is for.
pub(super) trait ServerFault: std::error::Error + 'static {
    /// All kinds that are counted.
    const KINDS: &'static [&'static str];

    /// In one word, of which there are few: it is what faults are counted by.
    fn kind(&self) -> &'static str;
}

/// One server's turn to be asked. What came of it is to be said by [`Turn::answered`],
/// [`Turn::failed`] or [`Turn::was_not_asked`]; a turn that is dropped without a word changes nothing: where it was
/// a trial, the next one is.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn<'s, S> {
    server: &'s Server<S>,
    is_only_one: bool,
    answered_before: u64,
    /// The server's changes when it was begun.
    begun_after: u64,
    /// Where it tries a server again: until when that rested.
    tries_after: Option<Duration>,
    /// How long it may take.
    pub(super) patience: Duration,
}

/// What has come of one server so far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerRecord {
    /// The server, as the configuration names it.
    pub name: Box<str>,
    /// How often it answered.
    pub answered: u64,
    /// How often it did not, by the kind of fault.
    pub failed: BTreeMap<&'static str, u64>,
    /// How often it could not be asked, by a fault of ours.
    pub not_asked: u64,
    /// Whether it is not asked for the moment.
    pub is_resting: bool,
}

impl ServerRecord {
    /// How often it did not answer, for whatever reason.
    pub fn faults(&self) -> u64 {
        self.failed.values().sum()
    }
}

impl<S> Servers<S> {
    /// Takes the servers with the names that the configuration gives them; the last one that is
    /// left to be asked may take as long as `patience`. `F` is how they fail.
    pub(super) fn new<F: ServerFault>(
        servers: impl IntoIterator<Item = (Box<str>, S)>,
        patience: Duration,
    ) -> Self {
        let state = || State {
            // A watcher sees the first fault of a kind only where it has seen none before.
            failed: F::KINDS.iter().map(|kind| (*kind, 0)).collect(),
            ..State::default()
        };
        let all = servers.into_iter().map(|(name, handle)| Server {
            handle,
            name,
            state: Mutex::new(state()),
            answered: AtomicU64::new(0),
            not_asked: AtomicU64::new(0),
        });
        Self {
            all: all.collect(),
            patience,
        }
    }

    /// All of them, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = &S> {
        self.all.iter().map(|server| &server.handle)
    }

    /// Those that may be asked now, in order: none while all of them rest. Each is to be begun by
    /// [`Turn::begin`] before it is asked.
    pub(super) fn turns(&self, now: Duration) -> Vec<Turn<'_, S>> {
        let is_only_one = self.all.len() == 1;
        let ready = self.all.iter().filter(|server| !server.rests(now));
        let mut turns: Vec<_> = ready
            .map(|server| Turn {
                server,
                is_only_one,
                answered_before: server.answered.load(Ordering::Relaxed),
                begun_after: 0,
                tries_after: None,
                patience: self.patience.min(IMPATIENCE),
            })
            .collect();
        if let Some(last) = turns.last_mut() {
            last.patience = self.patience;
        }
        turns
    }

    /// Whether none may be asked now. Changes nothing.
    pub(super) fn all_rest(&self, now: Duration) -> bool {
        self.all.iter().all(|server| server.rests(now))
    }

    /// Counts that none of them was there for somebody who only looked, by what was found of each, in order. It keeps nobody
    /// from asking them.
    pub(super) fn were_not_there<F: ServerFault>(&self, faults: &[F]) {
        for (server, fault) in self.all.iter().zip(faults) {
            *server.lock().failed.entry(fault.kind()).or_default() += 1;
        }
    }

    /// What has come of each of them, in order.
    pub(super) fn records(&self, now: Duration) -> Vec<ServerRecord> {
        let record = |server: &Server<S>| {
            let state = server.lock();
            ServerRecord {
                name: server.name.clone(),
                answered: server.answered.load(Ordering::Relaxed),
                failed: state.failed.clone(),
                not_asked: server.not_asked.load(Ordering::Relaxed),
                is_resting: state.rests(now),
            }
        };
        self.all.iter().map(record).collect()
    }
}

impl State {
    fn rests(&self, now: Duration) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }
}

impl<S> Server<S> {
    fn rests(&self, now: Duration) -> bool {
        self.lock().rests(now)
    }

    /// A thread that panicked left the counts whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'s, S> Turn<'s, S> {
    /// Whose turn it is.
    pub(super) const fn server(&self) -> &'s S {
        &self.server.handle
    }

    /// Takes the turn: whether the server may still be asked.
    ///
    /// A server whose rest is over is tried by one caller; the others do without until that one has
    /// said what came of it, or as much time has passed as the first rest takes.
    pub(super) fn begin(&mut self, now: Duration) -> bool {
        let mut state = self.server.lock();
        match state.rests_until {
            None => {}
            Some(_) if state.rests(now) => return false,
            Some(rested_until) => {
                self.tries_after = Some(rested_until);
                state.rests_until = Some(now.saturating_add(FIRST_REST));
                state.changes += 1;
            }
        }
        self.begun_after = state.changes;
        true
    }

    /// Whether the server has answered somebody since the turn was given: it is busy, and not dead.
    pub(super) fn has_answered_others(&self) -> bool {
        self.server.answered.load(Ordering::Relaxed) > self.answered_before
    }

    /// It did what it is for, whatever it said.
    pub(super) fn answered(mut self) {
        self.tries_after = None;
        self.server.answered.fetch_add(1, Ordering::Relaxed);
        let mut state = self.server.lock();
        let rested = state.rests_until.take().is_some();
        state.changes += u64::from(rested);
        state.faults_in_a_row = 0;
        drop(state);
        if rested {
            tracing::info!(server.name = %self.server.name, "a server answers again");
        }
    }

    /// It could not be asked, since no more files may be open here: nothing is known of it, and it does not
    /// rest.
    pub(super) fn was_not_asked(mut self, cause: &impl ServerFault) {
        self.tries_after = None;
        self.server.not_asked.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            server.name = %self.server.name,
            error.chain = %Chain(cause),
            "a server could not be asked: raise LimitNOFILE, or lower max-connections"
        );
    }

    /// It did not answer, not in time, or not as it should.
    pub(super) fn failed(mut self, cause: &impl ServerFault, now: Duration) {
        let is_trial = self.tries_after.take().is_some();
        let mut state = self.server.lock();
        *state.failed.entry(cause.kind()).or_default() += 1;
        // A crowd that was under way when the server fell has seen one fault, and not many in a row. Of those who have tried it
        // since each has seen one, until it answers: where it hangs, the next one tries it before the last one has heard nothing.
        if state.changes == self.begun_after || is_trial && state.rests_until.is_some() {
            state.faults_in_a_row = state.faults_in_a_row.saturating_add(1);
            let free = if self.is_only_one {
                FAULTS_OF_THE_ONLY_ONE
            } else {
                1
            };
            if let Some(past) = state.faults_in_a_row.checked_sub(free) {
                let rest = FIRST_REST * (1 << past.min(4));
                state.rests_until = Some(now.saturating_add(rest.min(LONGEST_REST)));
                state.changes += 1;
            }
        }
        let faults = state.faults_in_a_row;
        drop(state);
        tracing::warn!(
            server.name = %self.server.name,
            error.chain = %Chain(cause),
            faults,
            "a server does not answer"
        );
    }
}

impl<S> Drop for Turn<'_, S> {
    /// Whoever goes away in the middle of a trial keeps nobody from the server: the next one tries it.
    fn drop(&mut self) {
        let Some(rested_until) = self.tries_after else {
            return;
        };
        let mut state = self.server.lock();
        if state.changes == self.begun_after {
            state.rests_until = Some(rested_until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("nobody is there")]
    struct Gone;

    impl ServerFault for Gone {
        const KINDS: &'static [&'static str] = &["gone"];

        fn kind(&self) -> &'static str {
            "gone"
        }
    }

    fn servers(names: &[&str]) -> Servers<()> {
        let servers = names.iter().map(|name| ((*name).into(), ()));
        Servers::new::<Gone>(servers, Duration::from_secs(5))
    }

    fn at(millisecond: u64) -> Duration {
        Duration::from_millis(millisecond)
    }

    fn names<'s>(turns: &[Turn<'s, ()>]) -> Vec<&'s str> {
        turns.iter().map(|turn| &*turn.server.name).collect()
    }

    fn fail(servers: &Servers<()>, name: &str, now: Duration) {
        let turns = servers.turns(now).into_iter();
        let mut turn = { turns }.find(|turn| &*turn.server.name == name).unwrap();
        assert!(turn.begin(now));
        turn.failed(&Gone, now);
    }

    #[test]
    fn only_the_last_one_left_may_take_all_the_time_there_is() {
        let servers = servers(&["a", "b", "c"]);
        let patience: Vec<_> = servers.turns(at(0)).iter().map(|t| t.patience).collect();
        assert_eq!(patience, [IMPATIENCE, IMPATIENCE, Duration::from_secs(5)]);
        fail(&servers, "b", at(0));
        fail(&servers, "c", at(0));
        let turns = servers.turns(at(1));
        assert_eq!(names(&turns), ["a"]);
        assert_eq!(turns[0].patience, Duration::from_secs(5));
    }

    #[test]
    fn one_that_fails_rests_and_one_caller_tries_it_again() {
        let servers = servers(&["a", "b"]);
        fail(&servers, "a", at(0));
        assert_eq!(names(&servers.turns(at(999))), ["b"]);
        let (mut trial, mut other) = (servers.turns(at(1000)), servers.turns(at(1000)));
        assert_eq!(names(&trial), ["a", "b"]);
        assert!(trial[0].begin(at(1000)));
        // Meanwhile the others do without.
        assert!(!other[0].begin(at(1000)) && other[1].begin(at(1000)));
        assert_eq!(names(&servers.turns(at(1000))), ["b"]);
        let mut trial = trial.into_iter();
        trial.next().unwrap().answered();
        assert_eq!(names(&servers.turns(at(1000))), ["a", "b"]);
    }

    #[test]
    fn a_trial_of_which_nothing_is_heard_is_made_again() {
        let servers = servers(&["a", "b"]);
        fail(&servers, "a", at(0));
        let mut trial = servers.turns(at(1000));
        assert!(trial[0].begin(at(1000)));
        assert_eq!(names(&servers.turns(at(1999))), ["b"]);
        assert_eq!(names(&servers.turns(at(2000))), ["a", "b"]);
        // Whatever becomes of it, the trial of somebody else goes on.
        let mut next = servers.turns(at(2000));
        assert!(next[0].begin(at(2000)));
        drop(trial);
        assert_eq!(names(&servers.turns(at(2000))), ["b"]);
    }

    #[test]
    fn whoever_goes_away_in_the_middle_of_a_trial_leaves_it_to_the_next_one() {
        let servers = servers(&["a", "b"]);
        fail(&servers, "a", at(0));
        for _ in 0..3 {
            let mut trial = servers.turns(at(1000));
            assert!(trial[0].begin(at(1000)));
            assert_eq!(names(&servers.turns(at(1000))), ["b"]);
            drop(trial);
        }
        // What rests is not tried before its time for that.
        fail(&servers, "a", at(1000));
        assert_eq!(names(&servers.turns(at(2999))), ["b"]);
        assert_eq!(names(&servers.turns(at(3000))), ["a", "b"]);
    }

    #[test]
    fn rests_grow_to_ten_seconds_and_no_further() {
        let servers = servers(&["a", "b"]);
        let mut now = 0;
        for rest in [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000] {
            fail(&servers, "a", at(now));
            assert_eq!(names(&servers.turns(at(now + rest - 1))), ["b"], "{rest}");
            now += rest;
        }
        assert_eq!(names(&servers.turns(at(now))), ["a", "b"]);
    }

    #[test]
    fn of_one_that_hangs_each_trial_that_hears_nothing_is_a_fault_until_it_answers() {
        let servers = servers(&["a"]);
        for _ in 0..FAULTS_OF_THE_ONLY_ONE {
            fail(&servers, "a", at(0));
        }
        // Somebody comes each second, and hears nothing for five.
        let mut waiting = VecDeque::new();
        let mut tried = Vec::new();
        for second in 1..=60 {
            let now = at(second * 1000);
            if tried.iter().any(|begun| begun + 5 == second) {
                let turn: Turn<'_, ()> = waiting.pop_front().unwrap();
                turn.failed(&Gone, now);
            }
            for mut turn in servers.turns(now) {
                assert!(turn.begin(now));
                waiting.push_back(turn);
                tried.push(second);
            }
        }
        // It is tried again a second later each time, for five seconds, and then no sooner than after ten.
        let of_each = [1..=5, 20..=24, 39..=43, 58..=60];
        assert_eq!(tried, of_each.into_iter().flatten().collect::<Vec<_>>());
        // Once it answers, nothing of what was under way before says that it does not.
        let last = waiting.pop_back().unwrap();
        last.answered();
        for turn in waiting {
            turn.failed(&Gone, at(61_000));
        }
        assert_eq!(names(&servers.turns(at(61_000))), ["a"]);
    }

    #[test]
    fn what_a_crowd_sees_of_one_fault_is_one_fault() {
        let servers = servers(&["a", "b"]);
        let begun = |now| {
            let mut turns = servers.turns(now);
            assert!(turns.iter_mut().all(|turn| turn.begin(now)));
            turns
        };
        let crowd: Vec<_> = (0..6).flat_map(|_| begun(at(0))).collect();
        for turn in crowd {
            turn.failed(&Gone, at(0));
        }
        assert!(servers.all_rest(at(999)));
        // The trial of each is the next one, whoever else still hears of the first.
        let mut late = begun(at(1000));
        let trial = late.pop().unwrap();
        trial.failed(&Gone, at(1000));
        assert_eq!(names(&servers.turns(at(2000))), ["a"]);
        assert_eq!(names(&servers.turns(at(3000))), ["a", "b"]);
        let counted = servers.records(at(0))[1].faults();
        assert_eq!(counted, 7);
    }

    #[test]
    fn the_only_one_rests_after_three_faults_in_a_row_and_nobody_waits() {
        let servers = servers(&["a"]);
        fail(&servers, "a", at(0));
        fail(&servers, "a", at(0));
        for turn in servers.turns(at(0)) {
            turn.answered();
        }
        for _ in 0..3 {
            assert!(!servers.all_rest(at(0)));
            fail(&servers, "a", at(0));
        }
        assert!(servers.turns(at(500)).is_empty());
        assert!(servers.all_rest(at(500)));
        assert_eq!(names(&servers.turns(at(1000))), ["a"]);
    }

    #[test]
    fn a_server_that_answers_others_is_busy_and_not_dead() {
        let servers = servers(&["a"]);
        let turns = servers.turns(at(0));
        assert!(!turns[0].has_answered_others());
        for turn in servers.turns(at(0)) {
            turn.answered();
        }
        assert!(turns[0].has_answered_others());
    }

    #[test]
    fn a_server_that_could_not_be_asked_does_not_rest_nor_does_it_answer() {
        let (one, two) = (servers(&["a"]), servers(&["a", "b"]));
        for servers in [&one, &two] {
            for _ in 0..10 {
                for mut turn in servers.turns(at(0)) {
                    assert!(turn.begin(at(0)));
                    turn.was_not_asked(&Gone);
                }
            }
            let named = servers.turns(at(0)).len();
            assert_eq!(named, servers.all.len());
            for record in servers.records(at(0)) {
                assert_eq!((record.answered, record.faults()), (0, 0));
                assert_eq!((record.not_asked, record.is_resting), (10, false));
            }
        }
        // One that is tried after its rest is tried by the next one, as soon as a trial of which nothing was
        // heard would be.
        fail(&two, "a", at(0));
        let mut trial = two.turns(at(1000)).into_iter().next().unwrap();
        assert!(trial.begin(at(1000)));
        trial.was_not_asked(&Gone);
        assert_eq!(names(&two.turns(at(1999))), ["b"]);
        assert_eq!(names(&two.turns(at(2000))), ["a", "b"]);
    }

    #[test]
    fn every_outcome_is_counted_by_server() {
        let servers = servers(&["a", "b"]);
        fail(&servers, "a", at(0));
        for turn in servers.turns(at(1)) {
            turn.answered();
        }
        let record = |name: &str, answered, gone, is_resting| ServerRecord {
            name: name.into(),
            answered,
            failed: [("gone", gone)].into(),
            not_asked: 0,
            is_resting,
        };
        let expected = [record("a", 0, 1, true), record("b", 1, 0, false)];
        assert_eq!(servers.records(at(2)), expected);
    }
}
