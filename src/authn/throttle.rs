//! Slows guessing down, for each account and for each network.
//!
//! Counts every attempt before its hash is made, so that parallel guesses do not run past the
//! counter. Knows nothing of whether an account exists. Nobody is locked out: waits grow, and end.

use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;

use super::account_name::AccountName;
use crate::{
    config::sections,
    model::store::{AttemptRule, Attempts, StoreError, Verdict},
    sys::{
        entropy::{self, Entropy},
        hmac::sha256,
        secret::Secret,
    },
};

/// The two counters of every attempt.
#[derive(Debug)]
pub struct Throttle {
    account: AttemptRule,
    network: AttemptRule,
    /// Nobody who reads the store learns which names were tried.
    salt: Secret,
}

/// Whether an attempt may be made.
#[derive(Debug)]
pub(super) enum Gate<'a> {
    /// It may.
    Open(Counted<'a>),
    /// Not before this instant.
    ShutUntil(Timestamp),
}

/// An attempt that was counted and may be made. Dropped without a word, it stays counted: a wrong
/// guess, or one whose end nobody saw.
#[derive(Debug)]
#[must_use]
pub(super) struct Counted<'a> {
    throttle: &'a Throttle,
    account: [u8; 32],
    network: [u8; 32],
    at: Timestamp,
}

impl Throttle {
    /// Takes the rules of `[authn.throttle]`, and a salt for the life of this process.
    pub fn new(config: &sections::Throttle, entropy: &dyn Entropy) -> Self {
        let rule = |free| AttemptRule {
            free,
            first_wait: config.first_wait(),
            longest_wait: config.longest_wait(),
            forget_after: config.forget_after(),
        };
        Self {
            account: rule(config.free_per_account),
            network: rule(config.free_per_network),
            salt: Secret::new(entropy::bytes::<32>(entropy).to_vec()),
        }
    }

    /// Counts an attempt at the account `username` names, from `address`, and says whether it may
    /// be made. An attempt that has to wait is not counted anywhere.
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
    ) -> Result<Gate<'_>, StoreError> {
        let counted = Counted {
            throttle: self,
            account: self.account_key(username),
            network: self.network_key(address),
            at: now,
        };
        match attempts.attempt(counted.network, self.network, now).await? {
            Verdict::Go => {}
            Verdict::WaitUntil(until) => return Ok(Gate::ShutUntil(until)),
        }
        match attempts.attempt(counted.account, self.account, now).await {
            Ok(Verdict::Go) => Ok(Gate::Open(counted)),
            Ok(Verdict::WaitUntil(until)) => {
                // Whoever keeps trying at one account must not use up the network of all others.
                counted.clear_network(attempts).await;
                Ok(Gate::ShutUntil(until))
            }
            Err(error) => {
                counted.clear_network(attempts).await;
                Err(error)
            }
        }
    }

    /// The same for every spelling of one account. A text that names none counts as itself.
    fn account_key(&self, username: &str) -> [u8; 32] {
        let name = AccountName::parse(username);
        let name = name.as_ref().map_or(username, AccountName::as_str);
        sha256(&[self.salt.expose(), b"account\0", name.as_bytes()])
    }

    fn network_key(&self, address: IpAddr) -> [u8; 32] {
        sha256(&[self.salt.expose(), b"network\0", &network_of(address)])
    }
}

impl Counted<'_> {
    /// The password was right: the account starts anew. The network only gets this attempt back,
    /// since an attacker may have an account, too.
    pub(super) async fn succeeded(self, attempts: &impl Attempts) {
        // A sign-in that has succeeded is not undone because a counter stays where it is.
        let _ = attempts.forgive(self.account).await;
        self.clear_network(attempts).await;
    }

    /// No password was tried, for want of room or because something broke.
    pub(super) async fn was_not_made(self, attempts: &impl Attempts) {
        // Should the store not answer, an attempt too many is counted: the safe side.
        let _ = attempts
            .take_back(self.account, self.throttle.account, self.at)
            .await;
        self.clear_network(attempts).await;
    }

    async fn clear_network(&self, attempts: &impl Attempts) {
        let _ = attempts
            .take_back(self.network, self.throttle.network, self.at)
            .await;
    }
}

/// The /24 of an IPv4 address, the /56 of an IPv6 address (what one home or office is given),
/// written as one form of address: an IPv4 address written as IPv6 is the same network.
fn network_of(address: IpAddr) -> [u8; 16] {
    let (address, prefix) = match address.to_canonical() {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 96 + 24),
        IpAddr::V6(v6) => (v6, 56),
    };
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - prefix))).octets()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::SeededEntropy;

    fn throttle(seed: u64) -> Throttle {
        Throttle::new(&sections::Throttle::default(), &SeededEntropy::new(seed))
    }

    fn network(address: &str) -> [u8; 16] {
        network_of(address.parse().unwrap())
    }

    #[test]
    fn r74_a_network_is_a_24_of_ipv4_or_a_56_of_ipv6() {
        assert_eq!(network("192.0.2.1"), network("192.0.2.254"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(
            network("2001:db8:0:1200::1"),
            network("2001:db8:0:12ff:ffff::1")
        );
        assert_ne!(network("2001:db8:0:1200::1"), network("2001:db8:0:1300::1"));
    }

    #[test]
    fn r74_an_ipv4_address_written_as_ipv6_is_the_same_network() {
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.200"));
        assert_ne!(network("::ffff:192.0.2.7"), network("::ffff:192.0.3.7"));
    }

    #[test]
    fn r74_every_spelling_of_an_account_has_one_counter() {
        let throttle = throttle(1);
        let key = throttle.account_key("zo\u{e9}.martin");
        assert_eq!(throttle.account_key(" ZOE\u{301}.Martin"), key);
        assert_ne!(throttle.account_key("zoe.martin"), key);
        assert_ne!(
            throttle.account_key(""),
            throttle.account_key(&"a".repeat(300))
        );
    }

    #[test]
    fn r121_what_is_counted_is_salted_and_the_salt_is_not_shown() {
        let (one, other) = (throttle(1), throttle(2));
        assert_ne!(one.account_key("alice"), other.account_key("alice"));
        let address = "192.0.2.1".parse().unwrap();
        assert_ne!(one.network_key(address), other.network_key(address));
        assert!(format!("{one:?}").contains("salt: Secret"));
    }
}
