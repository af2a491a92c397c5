//! The attempts under one key, and what one more of them, or one less, makes of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{
    after,
    timed_map::{Instant, PURGED_PER_CALL, TimedMap},
};
use crate::model::store::{AttemptRule, Verdict};

/// The attempts under each key, in this process.
#[derive(Debug)]
pub struct Counters {
    most: usize,
    held: Mutex<TimedMap<Counter>>,
}

impl Counters {
    /// Those under as many keys at most; past that those whose end is nearest are forgotten.
    pub fn at_most(most: usize) -> Self {
        Self {
            most: most.max(1),
            held: Mutex::new(TimedMap::new()),
        }
    }

    /// Counts an attempt, and says whether it may be made.
    pub fn attempt(&self, key: [u8; 32], rule: AttemptRule, now: Timestamp) -> Verdict {
        let mut held = self.held();
        held.purge(now, PURGED_PER_CALL);
        let before = held.find(&key, now).copied();
        let counter = match Counter::attempt(before, rule, now) {
            Ok(counter) => counter,
            Err(not_before) => return Verdict::WaitUntil(not_before),
        };
        if before.is_none() && held.len() >= self.most {
            held.remove_first();
        }
        held.put(key, counter, counter.ends_at(rule));
        Verdict::Go
    }

    /// Forgets all under one key.
    pub(super) fn forgive(&self, key: [u8; 32]) {
        self.held().remove(&key);
    }

    /// Takes back an attempt.
    pub(super) fn take_back(&self, key: [u8; 32], rule: AttemptRule, attempted_at: Timestamp) {
        let mut held = self.held();
        if let Some(counter) = held.find_mut(&key) {
            match counter.take_back(rule, attempted_at) {
                Some(left) => *counter = left,
                None => drop(held.remove(&key)),
            }
        }
    }

    /// A thread that panicked left the map whole: every change to it is one call.
    fn held(&self) -> MutexGuard<'_, TimedMap<Counter>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held().len()
    }
}

/// How many octets one takes where it is kept elsewhere.
const OCTETS: usize = 4 + 3 * Instant::OCTETS;

/// The attempts under one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Counter {
    counted: u32,
    /// When the last one was made.
    last: Instant,
    /// Before when the next one may not be made.
    not_before: Instant,
    /// Up to when time has been turned into forgotten attempts.
    forgotten_up_to: Instant,
}

impl Counter {
    /// Counts an attempt at `now` after those of `before`.
    ///
    /// # Errors
    ///
    /// Until when to wait, where it may not be made now: then nothing is counted.
    pub(super) fn attempt(
        before: Option<Self>,
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Self, Timestamp> {
        let before = before.filter(|it| it.ends_at(rule) > now);
        let mut counter = before.map_or_else(|| Self::new(now), |it| it.left_at(now, rule));
        // A clock that was set back, or that of a node that is behind, must not make the wait longer than those attempts
        // have earned.
        let earned = before.map_or(SignedDuration::ZERO, |it| rule.wait_after(it.counted));
        let not_before = Timestamp::from(counter.not_before).min(after(now, earned));
        if now < not_before {
            return Err(not_before);
        }
        counter.counted = counter.counted.saturating_add(1).min(rule.most_counted());
        counter.last = now.into();
        counter.not_before = after(now, rule.wait_after(counter.counted)).into();
        Ok(counter)
    }

    /// What is left once the attempt of this instant is taken back; nothing where it was the only one.
    pub(super) fn take_back(mut self, rule: AttemptRule, attempted_at: Timestamp) -> Option<Self> {
        self.counted = self.counted.saturating_sub(1);
        self.not_before = if self.last == attempted_at.into() {
            // It was the last one, and was let through: its own wait goes with it.
            self.last
        } else {
            after(self.last.into(), rule.wait_after(self.counted)).into()
        };
        Some(self).filter(|left| left.counted > 0)
    }

    /// When all of them are forgotten.
    pub(super) fn ends_at(&self, rule: AttemptRule) -> Timestamp {
        after(self.last.into(), rule.forget_after)
    }

    /// As it is kept elsewhere: how many, and the three instants.
    pub(super) fn octets(&self) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        let parts = [
            &self.counted.to_be_bytes()[..],
            &self.last.octets(),
            &self.not_before.octets(),
            &self.forgotten_up_to.octets(),
        ];
        octets.copy_from_slice(&parts.concat());
        octets
    }

    /// What [`Self::octets`] gave; nothing where they are something else.
    pub(super) fn of_octets(octets: &[u8]) -> Option<Self> {
        let (counted, instants) = octets.split_first_chunk()?;
        let (instants, rest) = instants.as_chunks::<{ Instant::OCTETS }>();
        let [last, not_before, forgotten_up_to] = *instants else {
            return None;
        };
        rest.is_empty().then(|| Self {
            counted: u32::from_be_bytes(*counted),
            last: Instant::of_octets(last),
            not_before: Instant::of_octets(not_before),
            forgotten_up_to: Instant::of_octets(forgotten_up_to),
        })
    }

    fn new(now: Timestamp) -> Self {
        let now = now.into();
        Self {
            counted: 0,
            last: now,
            not_before: now,
            forgotten_up_to: now,
        }
    }

    /// What is left of it at `now`.
    fn left_at(self, now: Timestamp, rule: AttemptRule) -> Self {
        let step_ms = rule.one_forgotten_in().as_millis().max(1);
        let gone = now.duration_since(self.forgotten_up_to.into());
        let gone_ms = gone.as_millis().max(0);
        let forgotten = u32::try_from(gone_ms / step_ms).unwrap_or(u32::MAX);
        let rest_ms = i64::try_from(gone_ms % step_ms).unwrap_or(0);
        // Nodes whose clocks are not the same take turns: what the one that is ahead has forgotten it must not forget once
        // more. Further ahead than all is remembered it was a clock that was wrong.
        let is_ahead = gone.is_negative() && gone > -rule.forget_after;
        Self {
            counted: self.counted.saturating_sub(forgotten),
            forgotten_up_to: if is_ahead {
                self.forgotten_up_to
            } else {
                after(now, SignedDuration::from_millis(-rest_ms)).into()
            },
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{at, attempts::RULE};

    /// So many attempts in a row, each as soon as it may be made.
    fn after_attempts(number: u32, mut now: Timestamp) -> Counter {
        let mut counter = None;
        for _ in 0..number {
            counter = Some(
                Counter::attempt(counter, RULE, now).unwrap_or_else(|not_before| {
                    now = not_before;
                    Counter::attempt(counter, RULE, now).unwrap()
                }),
            );
        }
        counter.unwrap()
    }

    #[test]
    fn r74_a_clock_that_was_set_back_makes_no_wait_longer_than_was_earned() {
        let counter = after_attempts(RULE.free, at(90_000));
        let waits = Counter::attempt(Some(counter), RULE, at(0));
        assert_eq!(waits, Err(after(at(0), RULE.first_wait)));
    }

    #[test]
    fn r74_all_are_forgotten_at_their_end_and_not_before() {
        let counter = after_attempts(RULE.free + 3, at(0));
        let last = Timestamp::from(counter.last);
        assert_eq!(counter.ends_at(RULE), after(last, RULE.forget_after));
        let one = Counter::attempt(None, RULE, counter.ends_at(RULE)).unwrap();
        let at_its_end = Counter::attempt(Some(counter), RULE, counter.ends_at(RULE));
        assert_eq!(at_its_end, Ok(one));
        let before = after(counter.ends_at(RULE), SignedDuration::from_millis(-1));
        let before_it = Counter::attempt(Some(counter), RULE, before).unwrap();
        assert!(before_it.counted > 1, "{before_it:?}");
    }

    #[test]
    fn r74_nodes_whose_clocks_are_not_the_same_forget_no_more_than_one_alone() {
        // Nobody waits before the hundredth; one is forgotten in ten seconds, and the clocks are a minute apart.
        let rule = AttemptRule { free: 100, ..RULE };
        let mut counter = None;
        for number in 0..50 {
            let ahead = number % 2 * 60;
            let now = at(1_000_000 + ahead);
            counter = Some(Counter::attempt(counter, rule, now).unwrap());
        }
        // All but what the first look from ahead has forgotten.
        assert_eq!(counter.unwrap().counted, 49);
        let later = Counter::attempt(counter, rule, at(1_000_060 + 100));
        assert_eq!(later.unwrap().counted, 49 + 1 - 10);
    }

    #[test]
    fn what_is_kept_elsewhere_is_the_same_and_what_is_no_counter_is_none() {
        let counter = after_attempts(RULE.free + 2, at(1_790_000_000));
        let octets = counter.octets();
        assert_eq!(Counter::of_octets(&octets), Some(counter));
        assert_eq!(Counter::of_octets(&octets[1..]), None);
        assert_eq!(Counter::of_octets(&[&octets[..], &[0]].concat()), None);
        assert_eq!(Counter::of_octets(b""), None);
    }
}
