//! Slows guessing down, for each account and for each network.
//!
//! Counts every attempt before its hash is made, so that parallel guesses do not run past the
//! counter. Knows nothing of whether an account exists. Waits grow and end; a stranger in one other
//! network makes nobody wait. One who shares the owner's network, or has many, and never pauses,
//! takes every attempt that becomes free: a counter alone cannot tell the two apart.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    account_name::AccountName,
    under_way::{Place, UnderWay},
};
use crate::{
    config::sections,
    model::store::{AttemptRule, Attempts, StoreError, Verdict},
    sys::{
        entropy::{self, Entropy},
        hmac::sha256,
        secret::Secret,
    },
};

/// Attempts at one account that are made at the same time from one network: a double click and its
/// first click. Whoever sends more is not a person at a form.
const MOST_HERE: u8 = 2;
/// The same from all networks together.
const MOST_ANYWHERE: u8 = 8;

/// The three counters of every attempt: of the network it comes from, of the account as seen from
/// that network, and of the account from wherever. The middle one is the tight one, so that a
/// stranger somewhere else does not make the owner of an account wait.
#[derive(Debug)]
pub struct Throttle {
    network: AttemptRule,
    account: AttemptRule,
    anywhere: AttemptRule,
    remembered: Remembered,
}

/// What must not be forgotten when the rules change: whose attempts are being made, and under which keys
/// the others were counted.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// By the account as seen from one network, and from wherever.
    under_way: UnderWay,
    /// Nobody who reads the store learns which names were tried.
    salt: Arc<Secret>,
}

impl Remembered {
    /// Nobody's attempts, and a salt for the life of this process.
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self::salted(Secret::new(entropy::bytes::<32>(entropy).to_vec()))
    }

    /// Nobody's attempts, under a salt that other nodes have, too.
    pub fn salted(salt: Secret) -> Self {
        Self {
            under_way: UnderWay::default(),
            salt: Arc::new(salt),
        }
    }
}

/// Whether an attempt may be made.
#[derive(Debug)]
pub(super) enum Gate {
    /// It may.
    Open(Counted),
    /// Not before this instant.
    ShutUntil(Timestamp),
    /// Not while others at the same account are being made.
    Crowded,
}

/// An attempt that was counted and may be made. Dropped without a word, it stays counted: a wrong
/// guess, or one whose end nobody saw.
#[derive(Debug)]
#[must_use]
pub(super) struct Counted {
    /// The account as seen from this network.
    account: [u8; 32],
    /// Where it was counted, and by which rule.
    counters: Vec<([u8; 32], AttemptRule)>,
    at: Timestamp,
    _places: (Place, Place),
}

impl Throttle {
    /// Takes the rules of `[authn.throttle]`, and goes on with what is remembered.
    pub fn new(config: &sections::Throttle, remembered: Remembered) -> Self {
        let rule = |free| AttemptRule {
            free,
            first_wait: config.first_wait(),
            longest_wait: config.longest_wait(),
            forget_after: config.forget_after(),
        };
        Self {
            network: rule(config.free_per_network),
            account: rule(config.free_per_account),
            anywhere: rule(config.free_per_account_anywhere),
            remembered,
        }
    }

    /// Counts an attempt at the account `username` names, from `address`, and says whether it may
    /// be made. An attempt that has to wait is not counted anywhere: whoever keeps trying at one
    /// account must not use up the network of all others.
    ///
    /// # Errors
    ///
    /// The store did not answer: the attempt is not made.
    pub(super) async fn count(
        &self,
        attempts: &impl Attempts,
        username: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Gate, StoreError> {
        let account = self.account_key(username, Some(address));
        let anywhere = self.account_key(username, None);
        let places = self.remembered.under_way.enter(anywhere, MOST_ANYWHERE);
        let places = places.zip(self.remembered.under_way.enter(account, MOST_HERE));
        let Some(places) = places else {
            return Ok(Gate::Crowded);
        };
        let mut counted = Counted {
            account,
            counters: Vec::with_capacity(3),
            at: now,
            _places: places,
        };
        for (key, rule) in [
            (self.network_key(address), self.network),
            (account, self.account),
            (anywhere, self.anywhere),
        ] {
            match attempts.attempt(key, rule, now).await {
                Ok(Verdict::Go) => counted.counters.push((key, rule)),
                Ok(Verdict::WaitUntil(until)) => {
                    counted.was_not_made(attempts).await;
                    return Ok(Gate::ShutUntil(until));
                }
                Err(error) => {
                    counted.was_not_made(attempts).await;
                    return Err(error);
                }
            }
        }
        Ok(Gate::Open(counted))
    }

    /// The same for every spelling of one account. A text that names none counts as itself.
    fn account_key(&self, username: &str, from: Option<IpAddr>) -> [u8; 32] {
        let name = AccountName::parse(username);
        let name = name
            .as_ref()
            .map_or(username, AccountName::as_str)
            .as_bytes();
        let salt = self.remembered.salt.expose();
        // A kind of key of its own: no network is nowhere.
        match from {
            Some(from) => sha256(&[salt, b"account\0", &network_of(from), name]),
            None => sha256(&[salt, b"anywhere\0", name]),
        }
    }

    fn network_key(&self, address: IpAddr) -> [u8; 32] {
        sha256(&[
            self.remembered.salt.expose(),
            b"network\0",
            &network_of(address),
        ])
    }
}

impl Counted {
    /// The password was right: the account starts anew from this network. The other counters get
    /// this attempt back and no more, since an attacker may have an account, too, and the guesses
    /// of strangers stay guesses.
    pub(super) async fn succeeded(mut self, attempts: &impl Attempts) {
        // A sign-in that has succeeded is not undone because a counter stays where it is.
        let _ = attempts.forgive(self.account).await;
        self.counters.retain(|(key, _)| *key != self.account);
        self.was_not_made(attempts).await;
    }

    /// No password was tried, for want of room or because something broke.
    pub(super) async fn was_not_made(self, attempts: &impl Attempts) {
        for (key, rule) in self.counters {
            // Should the store not answer, one too many is counted: the safe side.
            let _ = attempts.take_back(key, rule, self.at).await;
        }
    }
}

/// The /24 of an IPv4 address, the /48 of an IPv6 address (what one customer may be given, with
/// thousands of networks in it),
/// written as one form of address: an IPv4 address written as IPv6 is the same network.
pub(super) fn network_of(address: IpAddr) -> [u8; 16] {
    let (address, prefix) = match address.to_canonical() {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 96 + 24),
        IpAddr::V6(v6) => (v6, 48),
    };
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - prefix))).octets()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::SeededEntropy;

    fn throttle(seed: u64) -> Throttle {
        let remembered = Remembered::new(&SeededEntropy::new(seed));
        Throttle::new(&sections::Throttle::default(), remembered)
    }

    fn network(address: &str) -> [u8; 16] {
        network_of(address.parse().unwrap())
    }

    #[test]
    fn r74_a_network_is_a_24_of_ipv4_or_a_48_of_ipv6() {
        assert_eq!(network("192.0.2.1"), network("192.0.2.254"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(
            network("2001:db8:0:1200::1"),
            network("2001:db8:0:ffff:ffff::1")
        );
        assert_ne!(network("2001:db8::1"), network("2001:db8:1::1"));
    }

    #[test]
    fn r74_an_ipv4_address_written_as_ipv6_is_the_same_network() {
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.200"));
        assert_ne!(network("::ffff:192.0.2.7"), network("::ffff:192.0.3.7"));
    }

    #[test]
    fn r74_every_spelling_of_an_account_has_one_counter() {
        let throttle = throttle(1);
        let key = throttle.account_key("zo\u{e9}.martin", None);
        assert_eq!(throttle.account_key(" ZOE\u{301}.Martin", None), key);
        assert_ne!(throttle.account_key("zoe.martin", None), key);
        // Not even the network whose address is all zeros is the same as none.
        let from = Some("::1".parse().unwrap());
        assert_ne!(throttle.account_key("zo\u{e9}.martin", from), key);
        assert_ne!(
            throttle.account_key("", None),
            throttle.account_key(&"a".repeat(300), None)
        );
    }

    #[test]
    fn r121_what_is_counted_is_salted_and_the_salt_is_not_shown() {
        let (one, other) = (throttle(1), throttle(2));
        assert_ne!(
            one.account_key("alice", None),
            other.account_key("alice", None)
        );
        let address = "192.0.2.1".parse().unwrap();
        assert_ne!(one.network_key(address), other.network_key(address));
        assert!(format!("{one:?}").contains("salt: Secret"));
    }
}
