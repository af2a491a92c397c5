//! What is counted, by the phases of an outage.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::kit::measure::Samples;

/// The phases of an outage, in their order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Phase {
    /// Nothing has happened yet.
    Before,
    /// It has happened, and not everybody knows of it.
    Onset,
    /// It is known.
    During,
    /// It is over, and not everything is back.
    Return,
    /// Everything is back.
    After,
}

impl Phase {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Before,
        Self::Onset,
        Self::During,
        Self::Return,
        Self::After,
    ];

    /// Its name, for a reader.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Onset => "until it is known",
            Self::During => "while it lasts",
            Self::Return => "until everything is back",
            Self::After => "after",
        }
    }

    /// What a sign-in counts for that began in one phase and ended in another: only what took place within one says
    /// something of that alone.
    pub(crate) const fn of(begun: Self, ended: Self) -> Self {
        match (begun, ended) {
            (Self::Before | Self::Onset, Self::During) => Self::Onset,
            (Self::Before | Self::Onset | Self::During | Self::Return, Self::After) => Self::Return,
            (_, ended) => ended,
        }
    }
}

/// How somebody was let in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum How {
    /// By their session.
    #[default]
    Reused,
    /// By the session that they have at CAS, without typing.
    ThroughCas,
    /// With their password, at the directory.
    Typed,
    /// With their password, at CAS.
    TypedAtCas,
}

/// Where people sign in who have no session, and which nodes are for them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pair {
    AtDirectory,
    AtCas,
}

/// What somebody has to show who comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Had {
    /// No session, or one of which nobody knows whether it was kept.
    Nothing,
    /// A session that was kept.
    Session,
    /// One that was kept, by a server that has lost it since.
    LostSession,
}

/// What came of the sign-ins that count for one phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Those that began then, whatever came of them.
    pub(crate) begun: usize,
    /// Those that ended with an answer for the right person.
    pub(crate) signed_in: usize,
    /// Those that did not.
    pub(crate) failed: usize,
    /// Those that ended with an answer for somebody else.
    pub(crate) mixed: usize,
    /// Requests that another node was asked once more.
    pub(crate) retried: usize,
    /// Requests that a node took, and hung up on before an answer began.
    pub(crate) hung_up: usize,
    /// Sign-ins of whoever had to do something once more that is not done again by itself: send a form, or go to CAS.
    pub(crate) reloaded: usize,
    /// Those who had a session that was kept, and were not let in by it at once.
    pub(crate) forgotten: usize,
    /// Those whose session was lost with a server, and who signed in anew.
    pub(crate) renewed: usize,
    /// Those of them who did so through CAS.
    pub(crate) renewed_through_cas: usize,
    /// Those whose session was lost with a server, and who were let in by it.
    pub(crate) revived: usize,
    /// Sign-ins of whoever was told in between that it does not work now, or found nobody at CAS, and tried again.
    pub(crate) waited: usize,
    /// Of these, those who sign in at the directory.
    pub(crate) waited_at_directory: usize,
    /// Those of them whom a page of ours told that it does not work now.
    pub(crate) told: usize,
    pub(crate) reused: usize,
    pub(crate) through_cas: usize,
    pub(crate) typed: usize,
    pub(crate) typed_at_cas: usize,
    /// The nodes that let somebody in who had no session.
    pub(crate) let_in_by: BTreeSet<SocketAddr>,
    /// How long those took that did not wait, in milliseconds, from when they were due.
    times: Vec<f64>,
}

impl Tally {
    /// How long they took.
    pub(crate) fn times(&self) -> Samples {
        self.times.iter().copied().collect()
    }

    /// Those of several phases together.
    pub(crate) fn of_all<'a>(phases: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for tally in phases {
            all.add(tally);
        }
        all
    }

    /// Counts one more.
    pub(crate) fn count(&mut self, one: &SignedIn) {
        let come = &one.come;
        self.signed_in += 1;
        match come.how {
            How::Reused => self.reused += 1,
            How::ThroughCas => self.through_cas += 1,
            How::Typed => self.typed += 1,
            How::TypedAtCas => self.typed_at_cas += 1,
        }
        let is_by_session = come.how == How::Reused;
        let has_waited = come.waited != Waited::No;
        match one.had {
            Had::Nothing => {}
            Had::Session => self.forgotten += usize::from(!is_by_session || has_waited),
            Had::LostSession if is_by_session => self.revived += 1,
            Had::LostSession => {
                self.renewed += 1;
                self.renewed_through_cas += usize::from(come.how == How::ThroughCas);
            }
        }
        if !is_by_session {
            self.let_in_by.extend(come.let_in_by);
        }
        self.reloaded += usize::from(come.has_reloaded);
        if has_waited {
            self.waited += 1;
            self.waited_at_directory += usize::from(one.pair == Pair::AtDirectory);
            self.told += usize::from(come.waited == Waited::ToldByUs);
        } else {
            self.times.push(one.took_ms);
        }
    }

    fn add(&mut self, other: &Self) {
        self.begun += other.begun;
        self.signed_in += other.signed_in;
        self.failed += other.failed;
        self.mixed += other.mixed;
        self.retried += other.retried;
        self.hung_up += other.hung_up;
        self.reloaded += other.reloaded;
        self.forgotten += other.forgotten;
        self.renewed += other.renewed;
        self.renewed_through_cas += other.renewed_through_cas;
        self.revived += other.revived;
        self.waited += other.waited;
        self.waited_at_directory += other.waited_at_directory;
        self.told += other.told;
        self.reused += other.reused;
        self.through_cas += other.through_cas;
        self.typed += other.typed;
        self.typed_at_cas += other.typed_at_cas;
        self.let_in_by.extend(&other.let_in_by);
        self.times.extend(&other.times);
    }
}

/// One sign-in that has ended well.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) pair: Pair,
    pub(crate) had: Had,
    pub(crate) come: Came,
    pub(crate) took_ms: f64,
}

/// Whether somebody had to wait, and who told them so.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Waited {
    #[default]
    No,
    /// Their browser, or a page that says something else.
    WithoutUs,
    /// A page of ours, at least once.
    ToldByUs,
}

/// How somebody was let in, and what it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Came {
    pub(crate) how: How,
    /// The node that believed their password or their ticket.
    pub(crate) let_in_by: Option<SocketAddr>,
    /// Whether it did not work, and they tried again.
    pub(crate) waited: Waited,
    /// Whether a node hung up on what is not done again by itself: a form was sent again by hand, or a ticket was lost and
    /// another one fetched.
    pub(crate) has_reloaded: bool,
}

/// Counts while many sign in.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    phase: AtomicUsize,
    tallies: Mutex<[Tally; 5]>,
    /// The last few failures, in words.
    faults: Mutex<Vec<String>>,
    /// How many requests each node has and has not begun to answer.
    under_way: Mutex<BTreeMap<SocketAddr, usize>>,
    /// How many each node took, and hung up on, since the beginning.
    hung_up: Mutex<BTreeMap<SocketAddr, usize>>,
}

/// A request that a node has, until this is dropped.
pub(crate) struct UnderWay<'a> {
    counter: &'a Counter,
    node: SocketAddr,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.counter.under_way);
        if let Some(count) = under_way.get_mut(&self.node) {
            *count -= 1;
        }
    }
}

/// As many failures are told.
const TOLD: usize = 8;

impl Counter {
    /// The phase of now.
    pub(crate) fn phase(&self) -> Phase {
        let number = self.phase.load(Ordering::SeqCst);
        Phase::ALL.get(number).copied().unwrap_or(Phase::After)
    }

    /// Begins a phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as usize, Ordering::SeqCst);
    }

    /// Counts one that begins now; gives the phase that it begins in.
    pub(crate) fn begins(&self) -> Phase {
        let mut tallies = lock(&self.tallies);
        let phase = self.phase();
        if let Some(tally) = tallies.get_mut(phase as usize) {
            tally.begun += 1;
        }
        phase
    }

    /// Counts a sign-in that has ended now.
    pub(crate) fn signed_in(&self, begun: Phase, one: &SignedIn) {
        self.within(begun, |tally| tally.count(one));
    }

    /// Counts one that has failed now.
    pub(crate) fn failed(&self, begun: Phase, why: &anyhow::Error) {
        self.within(begun, |tally| tally.failed += 1);
        self.note(format!("{begun:?}: {why:#}"));
    }

    /// Counts one that has ended now with an answer for somebody else.
    pub(crate) fn mixed(&self, begun: Phase, why: &anyhow::Error) {
        self.within(begun, |tally| tally.mixed += 1);
        self.note(format!("{begun:?}: {why:#}"));
    }

    /// Counts a request that another node was asked once more.
    pub(crate) fn retried(&self, why: &anyhow::Error) {
        self.within(self.phase(), |tally| tally.retried += 1);
        self.note(format!("{:?}: retried: {why:#}", self.phase()));
    }

    /// Counts a request that a node took, and hung up on.
    pub(crate) fn hung_up(&self, node: SocketAddr) {
        self.within(self.phase(), |tally| tally.hung_up += 1);
        *lock(&self.hung_up).entry(node).or_default() += 1;
    }

    /// Notes that a node has a request.
    pub(crate) fn has(&self, node: SocketAddr) -> UnderWay<'_> {
        *lock(&self.under_way).entry(node).or_default() += 1;
        UnderWay {
            counter: self,
            node,
        }
    }

    /// Whether a node has a request that it has not begun to answer.
    pub(crate) fn is_at_work(&self, node: SocketAddr) -> bool {
        lock(&self.under_way).get(&node).is_some_and(|it| *it > 0)
    }

    /// How many requests a node took, and hung up on, since the beginning.
    pub(crate) fn hung_up_by(&self, node: SocketAddr) -> usize {
        lock(&self.hung_up).get(&node).copied().unwrap_or_default()
    }

    /// What was counted so far in this phase.
    pub(crate) fn so_far(&self, phase: Phase) -> Tally {
        let tallies = lock(&self.tallies);
        tallies.get(phase as usize).cloned().unwrap_or_default()
    }

    /// What was counted since the last time, and the last failures; begins with the first phase anew. Nothing falls in
    /// between: what ends from now on counts for the next ones.
    pub(crate) fn take(&self) -> ([Tally; 5], Vec<String>) {
        let mut tallies = lock(&self.tallies);
        self.enter(Phase::Before);
        let faults = std::mem::take(&mut *lock(&self.faults));
        (std::mem::take(&mut *tallies), faults)
    }

    fn within(&self, begun: Phase, count: impl FnOnce(&mut Tally)) {
        let mut tallies = lock(&self.tallies);
        let phase = Phase::of(begun, self.phase());
        if let Some(tally) = tallies.get_mut(phase as usize) {
            count(tally);
        }
    }

    fn note(&self, why: String) {
        let mut faults = lock(&self.faults);
        faults.push(why);
        // The last ones: a node that is away is told of first, and again and again.
        if faults.len() > TOLD {
            faults.remove(0);
        }
    }
}

/// A thread that panicked left the counts whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
