//! Names that a person has at one service provider and at no other.

use crate::{
    model::entity_id::EntityId,
    sys::{
        hmac::{base32_lower, hmac_sha256},
        secret::Secret,
    },
};

/// Makes pairwise names from a secret: nobody without it can tell whose a name is, or which names
/// at two providers belong together.
#[derive(Debug)]
pub struct Pairwise(Secret);

/// The secret is too short to hide anybody: a directory's identifiers can be guessed one by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the secret has fewer than {} octets", Pairwise::MIN_SECRET)]
pub struct WeakPairwiseSecret;

impl Pairwise {
    /// The shortest secret, in octets.
    pub const MIN_SECRET: usize = 32;

    /// Takes the secret over.
    ///
    /// # Errors
    ///
    /// It is shorter than [`Self::MIN_SECRET`].
    pub fn new(secret: Secret) -> Result<Self, WeakPairwiseSecret> {
        if secret.expose().len() < Self::MIN_SECRET {
            return Err(WeakPairwiseSecret);
        }
        Ok(Self(secret))
    }

    /// The name at `sp` of the person whom the source calls `source_id`: 52 characters, base32 in
    /// lower case, since some providers compare without regard to case (IIP-IDP21).
    ///
    /// `sp` is the provider's main entity ID, whichever alias it used. `source_id` must hold no
    /// control character: an octet 0 separates the two, so that no two pairs give one input.
    pub fn name(&self, source_id: &str, sp: &EntityId) -> String {
        let parts = [source_id.as_bytes(), &[0], sp.as_str().as_bytes()];
        base32_lower(&hmac_sha256(&self.0, &parts))
    }

    /// What stands for `hidden` where people read it: the same at every node, and nobody without the secret can tell what it
    /// is of. `kind` says what is hidden, and holds no control character. A name for people begins with no octet 0,
    /// so that this is none.
    pub fn blind(&self, kind: &str, hidden: &[u8]) -> String {
        let parts = [&[0], kind.as_bytes(), &[0], hidden];
        base32_lower(&hmac_sha256(&self.0, &parts))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairwise(octet: u8) -> Pairwise {
        Pairwise::new(Secret::new(vec![octet; 32])).unwrap()
    }

    fn sp(name: &str) -> EntityId {
        EntityId::parse(name).unwrap()
    }

    #[test]
    fn r110_a_name_is_the_hmac_of_person_and_provider() {
        // Computed once with Python's hmac and base64 modules.
        let name = pairwise(7).name("alice", &sp("https://univ.zoom.test"));
        assert_eq!(name, "hvrvezjuhcjceqp6avzwg4vwio3r346kp4kovmwk6oyhivfr7sda");
    }

    #[test]
    fn r110_breach_of_iip_sso05_another_person_provider_or_secret_has_another_name() {
        let zoom = sp("univ.zoom.test");
        let name = pairwise(7).name("alice", &zoom);
        assert_eq!(name, pairwise(7).name("alice", &zoom));
        let others = [
            pairwise(7).name("alicf", &zoom),
            pairwise(7).name("alice", &sp("https://univ.zoom.test")),
            pairwise(7).name("aliceu", &sp("niv.zoom.test")),
            pairwise(8).name("alice", &zoom),
        ];
        for other in others {
            assert_ne!(name, other);
        }
    }

    /// The same person in the other case, where there is one.
    fn in_other_case(person: &str) -> String {
        let other = |c: char| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        };
        person.chars().map(other).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn r110_iip_idp21_whoever_it_is_a_name_is_52_letters_and_digits_and_none_in_upper_case(
            octet in any::<u8>(), person in "\\PC{0,40}", provider in "[!-~\u{e0}-\u{ff}]{1,40}",
        ) {
            let name = pairwise(octet).name(&person, &sp(&provider));
            assert_eq!(name.len(), 52);
            assert!(name.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7')));
        }

        #[test]
        fn r110_breach_of_iip_idp21_people_whom_the_source_tells_apart_by_case_are_told_apart_without_it(
            person in "[a-zA-Z0-9@.]{0,20}[a-zA-Z]",
        ) {
            let provider = sp("https://sp.example.org");
            let [one, other] = [person.clone(), in_other_case(&person)]
                .map(|person| pairwise(7).name(&person, &provider));
            assert!(!one.eq_ignore_ascii_case(&other), "{person}");
        }
    }

    #[test]
    fn r110_a_short_secret_is_refused() {
        assert_eq!(
            Pairwise::new(Secret::new(vec![7; 31])).err(),
            Some(WeakPairwiseSecret)
        );
    }
}
