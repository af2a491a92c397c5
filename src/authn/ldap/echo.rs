//! How long an attempt takes that costs the server all that one can.
//!
//! A server answers for a name that it does not know, and for an account that it has locked, before
//! it has hashed anything; and a wrong password has it write the fault down, which a right one has
//! not. So every answer that lets nobody in is held back until it has taken as long as the longest
//! attempt of late: its time does not tell who exists.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How many are remembered.
const MOST: usize = 64;

/// No refusal takes less: our timers tick by the millisecond, and what a server with a fast hash takes
/// more or less than another time must be lost in it.
const LEAST: Duration = Duration::from_millis(25);

/// The longest time that is remembered.
const LONGEST: Duration = Duration::from_secs(1);

/// The times of the last attempts that cost a hash.
#[derive(Debug, Default)]
pub(super) struct Echo(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    times: Vec<Duration>,
    next: usize,
}

impl Echo {
    /// An attempt that succeeded, and so has cost a hash, took this long.
    pub(super) fn note(&self, took: Duration) {
        self.lock().note(took);
    }

    /// An attempt was refused as that of a wrong password after so long. It has cost a hash, too,
    /// unless it took so much less than the others that it cannot have.
    pub(super) fn note_refused(&self, took: Duration) {
        let mut heard = self.lock();
        if heard.median().is_some_and(|usual| took >= usual / 2) {
            heard.note(took);
        }
    }

    /// For how long the answer to an attempt that lets nobody in after `took` is held back. As long as
    /// nobody has signed in, it is not known what a hash costs.
    pub(super) fn hold_back(&self, took: Duration) -> Duration {
        let longest = self.lock().times.iter().max().copied();
        longest
            .map_or(LEAST, |longest| longest.max(LEAST))
            .saturating_sub(took)
    }

    /// A thread that panicked left the times whole.
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn note(&mut self, took: Duration) {
        // What a rush made of it is no measure.
        let took = took.min(LONGEST);
        match self.times.get_mut(self.next) {
            Some(oldest) => *oldest = took,
            None => self.times.push(took),
        }
        self.next = (self.next + 1) % MOST;
    }

    fn median(&self) -> Option<Duration> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn r73_every_refusal_takes_as_long_as_the_longest_attempt_of_late() {
        let echo = Echo::default();
        // Until somebody has signed in it is not known how long that is.
        echo.note_refused(ms(50));
        assert_eq!(echo.hold_back(ms(1)), ms(24));
        for time in [40, 43, 41, 42] {
            echo.note(ms(time));
        }
        // Without a hash, and with one.
        assert_eq!(echo.hold_back(ms(1)), ms(42));
        assert_eq!(echo.hold_back(ms(40)), ms(3));
        // The server writes down that the password was wrong.
        echo.note_refused(ms(46));
        assert_eq!(echo.hold_back(ms(1)), ms(45));
        assert_eq!(echo.hold_back(ms(47)), ms(0));
    }

    #[test]
    fn r73_where_a_hash_costs_nothing_a_refusal_takes_longer_than_any_difference() {
        let echo = Echo::default();
        echo.note(ms(1));
        echo.note_refused(ms(2));
        assert_eq!(echo.hold_back(ms(1)), ms(24));
        assert_eq!(echo.hold_back(ms(2)), ms(23));
    }

    #[test]
    fn r73_old_times_are_forgotten_and_a_refusal_without_a_hash_is_no_measure() {
        let echo = Echo::default();
        for _ in 0..MOST {
            echo.note(ms(5000));
        }
        assert_eq!(echo.hold_back(ms(0)), LONGEST);
        for _ in 0..MOST {
            echo.note(ms(40));
        }
        // Of accounts that somebody had locked, to make the others known by their time.
        for _ in 0..MOST {
            echo.note_refused(ms(19));
        }
        assert_eq!(echo.hold_back(ms(0)), ms(40));
    }
}
