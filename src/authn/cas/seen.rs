//! Whether the server was seen to answer, a moment ago.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long it holds that the server was seen to answer, whoever sets our clock meanwhile.
const HOLDS: Duration = Duration::from_secs(10);

/// What was seen last.
#[derive(Debug)]
pub(super) struct Seen {
    last: Mutex<Last>,
    /// How long it holds that it did not.
    away_for: Duration,
}

#[derive(Debug, Default)]
struct Last {
    was_up: bool,
    until: Option<Duration>,
}

impl Seen {
    /// Nothing yet; that it does not answer will hold for so long.
    pub(super) fn new(away_for: Duration) -> Self {
        Self {
            last: Mutex::default(),
            away_for,
        }
    }

    /// What is known; none for the one caller who has to look. Until that one has looked, the others
    /// go by what was seen before.
    pub(super) fn known(&self, now: Duration) -> Option<bool> {
        let mut last = self.lock();
        match last.until {
            Some(until) if now < until => Some(last.was_up),
            Some(_) => {
                last.until = Some(now.saturating_add(HOLDS));
                None
            }
            None => None,
        }
    }

    /// What was seen at `now`.
    pub(super) fn note(&self, was_up: bool, now: Duration) {
        let holds = if was_up { HOLDS } else { self.away_for };
        *self.lock() = Last {
            was_up,
            until: Some(now.saturating_add(holds)),
        };
    }

    /// A thread that panicked left it whole.
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_looks_again_after_ten_seconds_and_the_others_go_by_what_was_seen() {
        let at = Duration::from_secs;
        let seen = Seen::new(HOLDS);
        assert_eq!(seen.known(at(0)), None);
        seen.note(true, at(0));
        assert_eq!(seen.known(at(9)), Some(true));
        assert_eq!(seen.known(at(10)), None);
        assert_eq!(seen.known(at(10)), Some(true));
        seen.note(false, at(10));
        assert_eq!(seen.known(at(19)), Some(false));
        let seen = Seen::new(at(2));
        seen.note(false, at(0));
        assert_eq!(seen.known(at(1)), Some(false));
        assert_eq!(seen.known(at(2)), None);
        assert_eq!(seen.known(at(11)), Some(false));
        seen.note(true, at(11));
        assert_eq!(seen.known(at(20)), Some(true));
    }
}
