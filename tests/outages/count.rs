//! What is counted, by the phases of an outage.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
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
    const fn of(begun: Self, ended: Self) -> Self {
        match (begun, ended) {
            (Self::Before | Self::Onset, Self::During) => Self::Onset,
            (Self::Before | Self::Onset | Self::During | Self::Return, Self::After) => Self::Return,
            (_, ended) => ended,
        }
    }
}

/// How somebody was let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum How {
    /// By their session.
    Reused,
    /// By the session that they have at CAS, without typing.
    ThroughCas,
    /// With their password, at the directory.
    Typed,
    /// With their password, at CAS.
    TypedAtCas,
}

/// What came of the sign-ins that count for one phase.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Those that ended with an answer for the right person.
    pub(crate) signed_in: usize,
    /// Those that did not.
    pub(crate) failed: usize,
    /// Those that ended with an answer for somebody else.
    pub(crate) mixed: usize,
    /// Requests that another node was asked once more.
    pub(crate) retried: usize,
    /// Sign-ins of whoever was told in between that it does not work now, or found nobody at CAS, and tried again.
    pub(crate) waited: usize,
    /// Sign-ins of whom the answer was lost with a node, and who came with another request.
    pub(crate) anew: usize,
    pub(crate) reused: usize,
    pub(crate) through_cas: usize,
    pub(crate) typed: usize,
    pub(crate) typed_at_cas: usize,
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

    fn add(&mut self, other: &Self) {
        self.signed_in += other.signed_in;
        self.failed += other.failed;
        self.mixed += other.mixed;
        self.retried += other.retried;
        self.waited += other.waited;
        self.anew += other.anew;
        self.reused += other.reused;
        self.through_cas += other.through_cas;
        self.typed += other.typed;
        self.typed_at_cas += other.typed_at_cas;
        self.times.extend(&other.times);
    }
}

/// One sign-in that has ended well.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) how: How,
    pub(crate) has_waited: bool,
    pub(crate) has_begun_anew: bool,
    pub(crate) took_ms: f64,
}

/// Counts while many sign in.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    phase: AtomicUsize,
    tallies: Mutex<[Tally; 5]>,
    /// The last few failures, in words.
    faults: Mutex<Vec<String>>,
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

    /// Counts a sign-in that has ended now.
    pub(crate) fn signed_in(&self, begun: Phase, one: &SignedIn) {
        self.within(begun, |tally| {
            tally.signed_in += 1;
            match one.how {
                How::Reused => tally.reused += 1,
                How::ThroughCas => tally.through_cas += 1,
                How::Typed => tally.typed += 1,
                How::TypedAtCas => tally.typed_at_cas += 1,
            }
            tally.anew += usize::from(one.has_begun_anew);
            if one.has_waited {
                tally.waited += 1;
            } else {
                tally.times.push(one.took_ms);
            }
        });
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

    /// How many signed in by their session so far, in this phase.
    pub(crate) fn reused_in(&self, phase: Phase) -> usize {
        let tallies = lock(&self.tallies);
        tallies.get(phase as usize).map_or(0, |tally| tally.reused)
    }

    /// What was counted since the last time, and the last failures.
    pub(crate) fn take(&self) -> ([Tally; 5], Vec<String>) {
        let faults = std::mem::take(&mut *lock(&self.faults));
        (std::mem::take(&mut *lock(&self.tallies)), faults)
    }

    fn within(&self, begun: Phase, count: impl FnOnce(&mut Tally)) {
        let phase = Phase::of(begun, self.phase());
        if let Some(tally) = lock(&self.tallies).get_mut(phase as usize) {
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
