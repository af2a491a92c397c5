//! How many attempts at one account are made at the same time.
//!
//! A right password clears its own counter, so that counters alone would let one person who posts
//! the form over and over take every place of the hash pool.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The attempts that are being made, by account.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Mutex<HashMap<[u8; 32], u8>>>);

/// One attempt that is being made: over when this is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Place {
    all: UnderWay,
    account: [u8; 32],
}

impl UnderWay {
    /// A place for one more attempt at `account`; `None` while `most` are being made.
    pub(super) fn enter(&self, account: [u8; 32], most: u8) -> Option<Place> {
        let mut all = self.lock();
        let here = all.entry(account).or_default();
        if *here >= most {
            return None;
        }
        *here += 1;
        drop(all);
        let all = self.clone();
        Some(Place { all, account })
    }

    /// A thread that panicked left the counts whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut here) = self.all.lock().entry(self.account) {
            *here.get_mut() -= 1;
            if *here.get() == 0 {
                here.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r74_two_attempts_at_one_account_at_a_time_and_any_number_one_after_the_other() {
        let all = UnderWay::default();
        for _ in 0..300 {
            let first = all.enter([1; 32], 2);
            let second = all.enter([1; 32], 2);
            assert!(first.is_some() && second.is_some());
            assert!(all.enter([1; 32], 2).is_none());
            assert!(all.enter([2; 32], 2).is_some(), "another account");
            drop(first);
            assert!(all.enter([1; 32], 2).is_some());
        }
    }

    #[test]
    fn r122_nothing_is_kept_of_attempts_that_are_over() {
        let all = UnderWay::default();
        drop((
            all.enter([1; 32], 2),
            all.enter([1; 32], 2),
            all.enter([2; 32], 2),
        ));
        assert!(all.lock().is_empty());
    }
}
