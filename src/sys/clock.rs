//! Time as an argument.

use std::{
    fs::File,
    io::Read as _,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// How much of the name of a machine is read: more than a UUID has.
const LONGEST_ID: u64 = 64;

/// Says what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant, in UTC.
    fn now(&self) -> Timestamp;

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

    fn machine(&self) -> Option<String> {
        let mut id = String::new();
        let file = File::open("/proc/sys/kernel/random/boot_id").ok()?;
        file.take(LONGEST_ID).read_to_string(&mut id).ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }
}

/// A clock that only moves when it is told to, for tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Makes a clock that shows `start` until it is moved.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock by `step`, forwards or backwards; stops at the ends of time.
    pub fn advance(&self, step: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(step).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
