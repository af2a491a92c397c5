//! All that is left to chance, by a seed.

use std::sync::Mutex;

/// Dice that fall alike for each seed, on every machine and for ever: splitmix64.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<u64>);

impl Dice {
    /// The dice of a seed.
    pub(crate) const fn of(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// Any number.
    pub(crate) fn number(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.number() % bound).unwrap()
    }

    /// A number of `low..high`.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        low + self.number() % (high - low)
    }

    /// Whether what happens so often in a thousand happens now.
    pub(crate) fn falls(&self, in_a_thousand: u64) -> bool {
        self.number() % 1000 < in_a_thousand
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

#[test]
fn a_seed_falls_as_it_did() {
    let dice = Dice::of(7);
    assert_eq!(
        [dice.number(), dice.number()],
        [7_191_089_600_892_374_487, 309_689_372_594_955_804]
    );
}
