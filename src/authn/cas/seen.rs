//! Whether the server was seen to answer, a moment ago.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long what was seen holds.
const HOLDS: SignedDuration = SignedDuration::from_secs(10);

/// What was seen last.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    was_up: bool,
    until: Option<Timestamp>,
}

impl Seen {
    /// What is known; none for the one caller who has to look. Until that one has looked, the others
    /// go by what was seen before.
    pub(super) fn known(&self, now: Timestamp) -> Option<bool> {
        let mut last = self.lock();
        match last.until {
            // An end that is further away was noted before somebody set our clock back.
            Some(until) if now < until && until.duration_since(now) <= HOLDS => Some(last.was_up),
            Some(_) => {
                last.until = Some(after(now));
                None
            }
            None => None,
        }
    }

    /// What was seen at `now`.
    pub(super) fn note(&self, was_up: bool, now: Timestamp) {
        *self.lock() = Last {
            was_up,
            until: Some(after(now)),
        };
    }

    /// A thread that panicked left it whole.
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn after(now: Timestamp) -> Timestamp {
    now.saturating_add(HOLDS).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_looks_again_after_ten_seconds_and_the_others_go_by_what_was_seen() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let seen = Seen::default();
        assert_eq!(seen.known(at(0)), None);
        seen.note(true, at(0));
        assert_eq!(seen.known(at(9)), Some(true));
        assert_eq!(seen.known(at(10)), None);
        assert_eq!(seen.known(at(10)), Some(true));
        seen.note(false, at(10));
        assert_eq!(seen.known(at(19)), Some(false));
    }

    #[test]
    fn what_was_seen_before_the_clock_was_set_back_holds_no_longer_for_that() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let seen = Seen::default();
        seen.note(false, at(600));
        assert_eq!(seen.known(at(0)), None);
        assert_eq!(seen.known(at(9)), Some(false));
    }
}
