//! How long a bind takes that costs the server a hash.
//!
//! A server answers for a name that it does not know, and for an account that it has locked, before
//! it has hashed anything. Such an answer is held back for as long as a real one took lately, so
//! that its time does not tell who exists.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::sys::entropy::{self, Entropy};

/// How many are remembered.
const MOST: usize = 64;

/// The longest time that is remembered.
const LONGEST: Duration = Duration::from_secs(1);

/// The times of the last binds that cost a hash.
#[derive(Debug, Default)]
pub(super) struct Echo(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    times: Vec<Duration>,
    next: usize,
}

impl Echo {
    /// A bind that succeeded, and so has cost a hash, took this long.
    pub(super) fn note(&self, took: Duration) {
        // What a rush made of it is no measure.
        let took = took.min(LONGEST);
        let mut heard = self.lock();
        let next = heard.next;
        match heard.times.get_mut(next) {
            Some(oldest) => *oldest = took,
            None => heard.times.push(took),
        }
        heard.next = (next + 1) % MOST;
    }

    /// For how long the answer to a bind that failed after `took` is held back: not at all where
    /// it has cost a hash.
    pub(super) fn hold_back(&self, took: Duration, entropy: &dyn Entropy) -> Duration {
        let usual = self.draw(entropy);
        if took < usual / 2 {
            usual.saturating_sub(took)
        } else {
            Duration::ZERO
        }
    }

    /// One of the times, by chance: an average would be recognised by always being the same.
    fn draw(&self, entropy: &dyn Entropy) -> Duration {
        let heard = self.lock();
        let number = u64::from_be_bytes(entropy::bytes(entropy));
        let count = heard.times.len().max(1) as u64;
        let index = usize::try_from(number % count).unwrap_or_default();
        heard.times.get(index).copied().unwrap_or_default()
    }

    /// A thread that panicked left the times whole.
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::SeededEntropy;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn r73_an_answer_without_a_hash_takes_as_long_as_one_with_it() {
        let (echo, entropy) = (Echo::default(), SeededEntropy::new(7));
        // Until somebody has signed in it is not known how long that is.
        assert_eq!(echo.hold_back(ms(1), &entropy), ms(0));
        for time in [20, 21, 22, 23] {
            echo.note(ms(time));
        }
        let mut held = std::collections::BTreeSet::new();
        for _ in 0..200 {
            held.insert(echo.hold_back(ms(1), &entropy));
        }
        assert_eq!(
            held.into_iter().collect::<Vec<_>>(),
            [19, 20, 21, 22].map(ms)
        );
        // A wrong password has cost its hash.
        assert_eq!(echo.hold_back(ms(19), &entropy), ms(0));
    }

    #[test]
    fn r73_old_times_are_forgotten() {
        let (echo, entropy) = (Echo::default(), SeededEntropy::new(7));
        for _ in 0..MOST {
            echo.note(ms(500));
        }
        for _ in 0..MOST {
            echo.note(ms(20));
        }
        assert_eq!(echo.hold_back(ms(0), &entropy), ms(20));
    }
}
