//! Time as an argument.

use std::{
    fs::File,
    io::Read as _,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
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
}
