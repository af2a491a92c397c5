//! Passwords as stored: argon2id (RFC 9106) in PHC string format.

use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHash, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::pool::Memory;
use crate::authn::typed_password::{TypedPassword, UnacceptablePassword};
use crate::sys::{
    entropy::{self, Entropy},
    secret::{Secret, same},
};

/// What a new hash costs, and the least that is taken: OWASP's first choice for argon2id.
const LEAST: Cost = Cost {
    memory_kib: 19_456,
    passes: 2,
    lanes: 1,
};
/// The most that is taken: a hash must not be able to eat the server.
const MOST: Cost = Cost {
    memory_kib: 65_536,
    passes: 10,
    lanes: 4,
};
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A stored hash. Its `Debug` is blank.
pub(super) struct StoredHash {
    params: Params,
    salt: Box<[u8]>,
    hash: Box<[u8]>,
}

/// Why a text is not taken as a stored hash. The text is not echoed: it may be a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum InvalidHash {
    #[error("is not a hash of argon2id, version 19, as a PHC string with m, t and p")]
    NotArgon2id,
    #[error("is a hash of less than 16 bytes")]
    Short,
    #[error("costs more than m=65536,t=10,p=4")]
    TooCostly,
    #[error("costs less than m=19456,t=2,p=1")]
    TooWeak,
}

/// Why no hash was made for a new password.
#[derive(Debug, thiserror::Error)]
pub enum HashPasswordError {
    /// Nobody could sign in with it.
    #[error(transparent)]
    Unacceptable(#[from] UnacceptablePassword),
    /// The library did not work.
    #[error("the password could not be hashed")]
    Unhashed(#[source] argon2::Error),
}

/// Hashes a new password for the file of people, with a salt of its own: a PHC string.
///
/// Blocks for as long as one hash takes.
///
/// # Errors
///
/// The password is one that nobody can have, or could not be hashed.
pub fn hash_password(
    password: &Secret,
    entropy: &dyn Entropy,
) -> Result<String, HashPasswordError> {
    let password = TypedPassword::parse(password)?;
    let salt = entropy::bytes::<SALT_BYTES>(entropy);
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = LEAST;
    let params = Params::new(memory_kib, passes, lanes, Some(HASH_BYTES))
        .map_err(HashPasswordError::Unhashed)?;
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose(), &salt, &mut hash)
        .map_err(HashPasswordError::Unhashed)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"
    ))
}

impl StoredHash {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidHash> {
        let stored = PasswordHash::new(text).or(Err(InvalidHash::NotArgon2id))?;
        let is_ours = stored.algorithm == ARGON2ID_IDENT
            && stored.version == Some(Version::V0x13.into())
            && stored
                .params
                .iter()
                .map(|(name, _)| name.as_str().to_owned())
                .eq(["m", "t", "p"]);
        let (Some(salt), Some(hash), true) = (&stored.salt, &stored.hash, is_ours) else {
            return Err(InvalidHash::NotArgon2id);
        };
        let params = Params::try_from(&stored).or(Err(InvalidHash::NotArgon2id))?;
        let cost = [params.m_cost(), params.t_cost(), params.p_cost()];
        let exceeds = |one: [u32; 3], other: [u32; 3]| one.iter().zip(other).any(|(a, b)| *a > b);
        if exceeds(LEAST.as_array(), cost) {
            return Err(InvalidHash::TooWeak);
        }
        if exceeds(cost, MOST.as_array()) {
            return Err(InvalidHash::TooCostly);
        }
        if hash.len() < 16 {
            return Err(InvalidHash::Short);
        }
        Ok(Self {
            params,
            salt: salt.as_ref().into(),
            hash: hash.as_bytes().into(),
        })
    }

    /// A hash of the same cost that no password has, for accounts that do not exist.
    pub(super) fn decoy(&self) -> Self {
        let hash = vec![0; self.hash.len()].into();
        Self {
            params: self.params.clone(),
            salt: self.salt.clone(),
            hash,
        }
    }

    /// Hashes `password` and says whether it is the one.
    ///
    /// # Errors
    ///
    /// The library did not work: nothing is known.
    pub(super) fn verify(
        &self,
        password: &TypedPassword,
        memory: &mut Memory,
    ) -> Result<bool, argon2::Error> {
        let mut hash = Zeroizing::new(vec![0; self.hash.len()]);
        let blocks = memory.blocks(self.params.block_count());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into_with_memory(password.expose(), &self.salt, &mut hash, blocks)?;
        Ok(same(&hash, &self.hash))
    }
}

impl std::fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredHash")
    }
}

impl Cost {
    const fn as_array(&self) -> [u32; 3] {
        [self.memory_kib, self.passes, self.lanes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authn::local::tests::WONDERLAND, sys::entropy::SeededEntropy};

    fn typed(text: &str) -> TypedPassword {
        TypedPassword::parse(&Secret::from(text.to_owned())).unwrap()
    }

    fn hash(text: &str, seed: u64) -> String {
        hash_password(&Secret::from(text.to_owned()), &SeededEntropy::new(seed)).unwrap()
    }

    #[test]
    fn a_new_hash_is_the_password_s_own_and_has_its_own_salt() {
        let (one, other) = (hash("wonderland", 1), hash("wonderland", 2));
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        let mut memory = Memory::default();
        for text in [one, other] {
            let stored = StoredHash::parse(&text).unwrap();
            assert!(stored.verify(&typed("wonderland"), &mut memory).unwrap());
            for wrong in ["Wonderland", "wonderland ", " wonderland", "wonderlan"] {
                assert!(
                    !stored.verify(&typed(wrong), &mut memory).unwrap(),
                    "{wrong}"
                );
            }
        }
    }

    #[test]
    fn r71_no_hash_is_made_for_a_password_that_nobody_can_have() {
        let empty = Secret::new(Vec::new());
        assert!(hash_password(&empty, &SeededEntropy::new(1)).is_err());
    }

    #[test]
    fn a_hash_made_by_the_reference_implementation_is_understood() {
        let stored = StoredHash::parse(WONDERLAND).unwrap();
        assert!(
            stored
                .verify(&typed("wonderland"), &mut Memory::default())
                .unwrap()
        );
    }

    #[test]
    fn a_hash_is_the_same_in_memory_that_another_hash_has_used() {
        let mut memory = Memory::default();
        let costly = WONDERLAND.replace("m=19456,t=2", "m=20480,t=3");
        assert!(
            !StoredHash::parse(&costly)
                .unwrap()
                .verify(&typed("x"), &mut memory)
                .unwrap()
        );
        let stored = StoredHash::parse(WONDERLAND).unwrap();
        assert!(stored.verify(&typed("wonderland"), &mut memory).unwrap());
    }

    #[test]
    fn a_stored_hash_must_be_argon2id_and_cost_neither_too_little_nor_too_much() {
        let fault = |from: &str, to: &str| {
            assert!(WONDERLAND.contains(from));
            StoredHash::parse(&WONDERLAND.replace(from, to)).unwrap_err()
        };
        assert_eq!(
            StoredHash::parse("wonderland").unwrap_err(),
            InvalidHash::NotArgon2id
        );
        assert_eq!(StoredHash::parse("").unwrap_err(), InvalidHash::NotArgon2id);
        for (from, to) in [
            ("argon2id", "argon2i"),
            ("v=19$", "v=16$"),
            ("v=19$", ""),
            ("m=19456,t=2,p=1$", ""),
            (",p=1", ""),
            (",p=1", ",p=1,data=AAAA"),
            ("$c29t", "$$c29t"),
            ("c29tZXNhbHRzb21lc2FsdA", "c29tZXM"),
        ] {
            assert_eq!(fault(from, to), InvalidHash::NotArgon2id, "{to}");
        }
        for (from, to) in [("m=19456", "m=19455"), ("t=2", "t=1")] {
            assert_eq!(fault(from, to), InvalidHash::TooWeak, "{to}");
        }
        for (from, to) in [("m=19456", "m=65537"), ("t=2", "t=11"), ("p=1", "p=5")] {
            assert_eq!(fault(from, to), InvalidHash::TooCostly, "{to}");
        }
        assert_eq!(fault("fm8SIJVWCtbUyXkwUBCSpn2PDZ8", ""), InvalidHash::Short);
        let most = WONDERLAND.replace("m=19456,t=2,p=1", "m=65536,t=10,p=4");
        assert!(StoredHash::parse(&most).is_ok());
    }

    #[test]
    fn r73_a_decoy_costs_the_same_and_no_password_has_it() {
        let stored = StoredHash::parse(WONDERLAND).unwrap();
        let decoy = stored.decoy();
        assert_eq!(decoy.params, stored.params);
        assert_eq!(decoy.salt.len(), stored.salt.len());
        assert!(
            !decoy
                .verify(&typed("wonderland"), &mut Memory::default())
                .unwrap()
        );
    }

    #[test]
    fn r121_a_stored_hash_shows_nothing_of_itself() {
        let stored = StoredHash::parse(WONDERLAND).unwrap();
        assert_eq!(format!("{stored:?}"), "StoredHash");
    }
}
