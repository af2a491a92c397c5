//! Time as an argument.

use std::{
    fs::File,
    io::Read as _,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// How much of the name of a machine is read: more than a UUID has.
const LONGEST_ID: u64 = 64;

/// What the machine's own count of time is told from: how long a process has been there is nobody's concern.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Says what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant, in UTC.
    fn now(&self) -> Timestamp;

    /// How much time has passed, since a moment that means nothing. Nobody sets that: what waits for a few seconds goes
    /// by it, or it would wait for as long as the clock was set back by.
    fn passed(&self) -> Duration;

    /// What tells the machine whose clock it is from any other one, as long as it runs; none where that is not known.
    fn machine(&self) -> Option<String> {
        None
    }

    /// What it shows itself, where it goes by others.
    fn uncorrected(&self) -> Timestamp {
        self.now()
    }

    /// Has it go by others, which it is so far ahead of. Not each can.
    fn correct(&self, _ahead: SignedDuration) {}
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn passed(&self) -> Duration {
        BEGINNING.elapsed()
    }

    fn machine(&self) -> Option<String> {
        let mut id = String::new();
        let file = File::open("/proc/sys/kernel/random/boot_id").ok()?;
        file.take(LONGEST_ID).read_to_string(&mut id).ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }
}

/// By how much more the time of day may have moved than has passed where nobody has set the clock.
const MOST_DRIFT: SignedDuration = SignedDuration::from_secs(5);

/// For how long what a clock was told counts. A time server may slow it down meanwhile, which nothing else shows.
const TOLD_FOR: Duration = Duration::from_mins(10);

/// A clock that goes by others once it is told how far it is ahead of them.
///
/// As soon as somebody sets it, or where nobody tells it again, that says nothing any more, and it shows its own time.
#[derive(Debug)]
pub struct CorrectedClock {
    of: Arc<dyn Clock>,
    is_corrected: AtomicBool,
    known: Mutex<Correction>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Correction {
    ahead: SignedDuration,
    /// What it showed when nothing had passed yet: another one since it was set.
    began: SignedDuration,
    /// What had passed when it was told.
    told_at: Duration,
}

impl CorrectedClock {
    /// One that shows the time of `of` until it is told otherwise.
    pub fn new(of: Arc<dyn Clock>) -> Self {
        Self {
            of,
            is_corrected: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    fn began(&self, shown: Timestamp) -> SignedDuration {
        let passed = SignedDuration::try_from(self.of.passed()).unwrap_or_default();
        shown.as_duration().saturating_sub(passed)
    }

    fn known(&self) -> MutexGuard<'_, Correction> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for CorrectedClock {
    fn now(&self) -> Timestamp {
        let shown = self.of.now();
        if !self.is_corrected.load(Ordering::Relaxed) {
            return shown;
        }
        let Correction {
            ahead,
            began,
            told_at,
        } = *self.known();
        let set_by = self.began(shown).saturating_sub(began);
        let told_for = self.of.passed().saturating_sub(told_at);
        if set_by.abs() > MOST_DRIFT || told_for > TOLD_FOR {
            return shown;
        }
        shown.checked_sub(ahead).unwrap_or(shown)
    }

    fn passed(&self) -> Duration {
        self.of.passed()
    }

    fn machine(&self) -> Option<String> {
        self.of.machine()
    }

    fn uncorrected(&self) -> Timestamp {
        self.of.now()
    }

    fn correct(&self, ahead: SignedDuration) {
        let began = self.began(self.of.now());
        let told_at = self.of.passed();
        *self.known() = Correction {
            ahead,
            began,
            told_at,
        };
        self.is_corrected.store(!ahead.is_zero(), Ordering::Relaxed);
    }
}

/// A clock that only moves when it is told to, for tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<Shown>);

#[derive(Clone, Copy, Debug)]
struct Shown {
    now: Timestamp,
    passed: Duration,
}

impl ManualClock {
    /// Makes a clock that shows `start` until it is moved.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Mutex::new(Shown {
            now: start,
            passed: Duration::ZERO,
        }))
    }

    /// Moves the clock by `step`; stops at the ends of time. Forwards so much time passes, backwards somebody sets it.
    pub fn advance(&self, step: SignedDuration) {
        let mut shown = self.shown();
        shown.now = shown.now.saturating_add(step).unwrap_or(Timestamp::MAX);
        if step.is_positive() {
            shown.passed = shown.passed.saturating_add(step.unsigned_abs());
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.shown().now
    }

    fn passed(&self) -> Duration {
        self.shown().passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sets_a_clock_back_changes_nothing_of_what_has_passed() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(5));
        clock.advance(SignedDuration::from_secs(-600));
        assert_eq!(clock.now().as_second(), -595);
        assert_eq!(clock.passed(), Duration::from_secs(5));
        let one = SystemClock.passed();
        assert!(SystemClock.passed() >= one);
    }

    #[test]
    fn a_clock_goes_by_others_until_it_is_told_otherwise_or_set() {
        let seconds = SignedDuration::from_secs;
        let own = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let clock = CorrectedClock::new(Arc::<ManualClock>::clone(&own));
        let shows = || [clock.now().as_second(), clock.uncorrected().as_second()];
        own.advance(seconds(1_000));
        assert_eq!(shows(), [1_000, 1_000]);
        for (ahead, shown) in [(120, 880), (-120, 1_120), (0, 1_000), (120, 880)] {
            clock.correct(seconds(ahead));
            assert_eq!(shows(), [shown, 1_000]);
        }
        own.advance(seconds(60));
        assert_eq!(shows(), [940, 1_060]);
        // By no more than what passes by itself.
        own.advance(seconds(-5));
        assert_eq!(shows(), [935, 1_055]);
        own.advance(seconds(-115));
        assert_eq!(shows(), [940, 940]);
        own.advance(seconds(60));
        assert_eq!(shows(), [1_000, 1_000]);
        clock.correct(seconds(30));
        assert_eq!(shows(), [970, 1_000]);
        own.advance(seconds(600));
        assert_eq!(shows(), [1_570, 1_600]);
        own.advance(seconds(1));
        assert_eq!(shows(), [1_601, 1_601]);
        assert_eq!(clock.passed(), own.passed());
        let machine = CorrectedClock::new(Arc::new(SystemClock)).machine();
        assert_eq!(machine, SystemClock.machine());
    }
}
