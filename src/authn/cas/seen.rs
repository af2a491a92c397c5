//! Whether the server was seen to answer, a moment ago.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long what was seen holds, whoever sets our clock meanwhile.
const HOLDS: Duration = Duration::from_secs(10);

/// What was seen last.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    was_up: bool,
    until: Option<Duration>,
}

impl Seen {
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
        *self.lock() = Last {
            was_up,
            until: Some(now.saturating_add(HOLDS)),
        };
    }

    /// A thread that panicked left it whole.
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_looks_again_after_ten_seconds_and_the_others_go_by_what_was_seen() {
        let at = Duration::from_secs;
        let seen = Seen::default();
        assert_eq!(seen.known(at(0)), None);
        seen.note(true, at(0));
        assert_eq!(seen.known(at(9)), Some(true));
        assert_eq!(seen.known(at(10)), None);
        assert_eq!(seen.known(at(10)), Some(true));
        seen.note(false, at(10));
        assert_eq!(seen.known(at(19)), Some(false));
    }
}
