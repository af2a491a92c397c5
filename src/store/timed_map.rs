//! A map whose entries end, and that gives up the ended ones a few at a time.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::store::StoreError;

/// Ended entries given up by each call that adds one: more than one, so that they never pile up.
pub(super) const PURGED_PER_CALL: usize = 8;

/// Hashes of names: whoever chooses a name cannot choose its place in the map.
pub(super) type Key = [u8; 32];

/// The half of a [`Key`] that is kept, twice for each entry. It takes 2⁶⁴ names to find two that are one here, and then
/// they are both of whoever searched.
type Half = [u8; 16];

fn half(key: &Key) -> Half {
    key.first_chunk().copied().unwrap_or_default()
}

/// An instant in nanoseconds of Unix time: half of what a [`Timestamp`] takes. Before 1677 and after 2262 it is the first
/// or the last one that there is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Instant(i64);

impl Instant {
    /// How many octets it takes where it is kept elsewhere.
    pub(super) const OCTETS: usize = size_of::<i64>();

    /// As it is kept elsewhere.
    pub(super) const fn octets(self) -> [u8; Self::OCTETS] {
        self.0.to_be_bytes()
    }

    /// What [`Self::octets`] gave.
    pub(super) const fn of_octets(octets: [u8; Self::OCTETS]) -> Self {
        Self(i64::from_be_bytes(octets))
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        let nanoseconds = at.as_nanosecond();
        let most = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
        Self(i64::try_from(nanoseconds).unwrap_or(most))
    }
}

impl From<Instant> for Timestamp {
    fn from(Instant(nanoseconds): Instant) -> Self {
        // Each of an `i64` is within what a `Timestamp` can be.
        Self::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Self::MAX)
    }
}

/// A map of [`Key`]s to values, each with the instant at which it ends. Every step takes a time
/// that grows with the logarithm of what it holds.
#[derive(Debug)]
pub(super) struct TimedMap<V> {
    entries: HashMap<Half, (Instant, V)>,
    // One pair for each entry, always: the order in which they end.
    ends: BTreeSet<(Instant, Half)>,
}

impl<V> TimedMap<V> {
    pub(super) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            ends: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value under `key`, unless it has ended by `now`.
    pub(super) fn find(&self, key: &Key, now: Timestamp) -> Option<&V> {
        self.entries
            .get(&half(key))
            .filter(|(ends_at, _)| *ends_at > now.into())
            .map(|(_, value)| value)
    }

    /// The value under `key`, ended or not.
    pub(super) fn find_mut(&mut self, key: &Key) -> Option<&mut V> {
        self.entries.get_mut(&half(key)).map(|(_, value)| value)
    }

    /// Puts `value` in the place of what was under `key`.
    pub(super) fn put(&mut self, key: Key, value: V, ends_at: Timestamp) {
        let (key, ends_at) = (half(&key), ends_at.into());
        if let Some((ended_at, _)) = self.entries.insert(key, (ends_at, value)) {
            self.ends.remove(&(ended_at, key));
        }
        self.ends.insert((ends_at, key));
    }

    /// Puts `value` where nothing is that lives at `now`, and says what else is there. What lives is
    /// never pushed out: past `most` entries nothing more is taken.
    pub(super) fn put_first(
        &mut self,
        key: Key,
        (value, ends_at): (V, Timestamp),
        now: Timestamp,
        most: usize,
    ) -> Result<Option<&V>, StoreError> {
        self.purge(now, PURGED_PER_CALL);
        if self.find(&key, now).is_none() {
            if self.len() >= most {
                return Err(StoreError::Full);
            }
            self.put(key, value, ends_at);
            return Ok(None);
        }
        Ok(self.find(&key, now))
    }

    /// Removes an entry, ended or not, and gives it back with its end.
    pub(super) fn remove(&mut self, key: &Key) -> Option<(Timestamp, V)> {
        let key = half(key);
        let (ends_at, value) = self.entries.remove(&key)?;
        self.ends.remove(&(ends_at, key));
        Some((ends_at.into(), value))
    }

    /// Removes entries that have ended by `now`, `most` of them at most.
    pub(super) fn purge(&mut self, now: Timestamp, most: usize) {
        for _ in 0..most {
            if self.remove_ended(now).is_none() {
                return;
            }
        }
    }

    /// Removes an entry that has ended by `now`.
    pub(super) fn remove_ended(&mut self, now: Timestamp) -> Option<V> {
        let (ends_at, _) = self.ends.first()?;
        if *ends_at <= now.into() {
            self.remove_first()
        } else {
            None
        }
    }

    /// Removes the entry that ends first.
    pub(super) fn remove_first(&mut self) -> Option<V> {
        let (_, key) = self.ends.pop_first()?;
        self.entries.remove(&key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_entry_is_found_until_its_end_and_a_later_put_moves_the_end() {
        let mut map = TimedMap::new();
        map.put([1; 32], 'a', at(10));
        assert_eq!(map.find(&[1; 32], at(9)), Some(&'a'));
        assert_eq!(map.find(&[1; 32], at(10)), None);
        map.put([1; 32], 'b', at(20));
        map.purge(at(10), 8);
        assert_eq!(map.find(&[1; 32], at(19)), Some(&'b'));
        assert_eq!((map.len(), map.ends.len()), (1, 1));
    }

    #[test]
    fn an_instant_is_kept_to_the_nanosecond_and_one_that_is_too_far_away_is_the_last_one() {
        let at = Timestamp::new(1_790_000_000, 123_456_789).unwrap();
        assert_eq!(Timestamp::from(Instant::from(at)), at);
        for (far, kept) in [(Timestamp::MIN, i64::MIN), (Timestamp::MAX, i64::MAX)] {
            assert_eq!(Instant::from(far), Instant(kept));
            assert_eq!(Instant::from(Timestamp::from(Instant(kept))), Instant(kept));
        }
        let mut map = TimedMap::new();
        map.put([1; 32], (), Timestamp::MAX);
        assert!(map.find(&[1; 32], at).is_some());
    }

    #[test]
    fn r122_a_purge_takes_the_ended_ones_only_and_no_more_than_it_may() {
        let mut map = TimedMap::new();
        for n in 0..10 {
            map.put([n; 32], (), at(i64::from(n)));
        }
        map.purge(at(6), 3);
        assert_eq!((map.len(), map.ends.len()), (7, 7));
        map.purge(at(6), 100);
        assert_eq!((map.len(), map.ends.len()), (3, 3));
        map.remove_first();
        assert_eq!(map.find(&[7; 32], at(0)), None);
        assert_eq!(map.find(&[8; 32], at(0)), Some(&()));
        map.remove(&[8; 32]);
        assert_eq!((map.len(), map.ends.len()), (1, 1));
    }
}
