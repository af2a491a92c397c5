//! The embedded directory: people in a file, for the demo, tests and break-glass accounts.
//!
//! Every attempt costs one hash, whoever it names and whatever was typed, so that neither the
//! answer nor its time tells who exists (R-73). Hashes are made on threads of their own.

use std::sync::Arc;

use jiff::Timestamp;

use self::{
    people::Person,
    pool::{HashPool, NotDone},
};
use super::{Outcome, PasswordAttempt, RefusalReason, typed_password::TypedPassword};
use crate::model::proof::{AuthnMethod, Proof};

mod directory;
mod password;
mod people;
pub mod pool;

pub use self::{
    directory::Directory,
    password::{HashPasswordError, hash_password},
};

/// The password could not be hashed: nothing is known about it.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// The threads that hash were stopped, or one broke down at it.
    #[error("the hash was given up")]
    GivenUp,
    /// The library refused to work.
    #[error("argon2 refused to work")]
    Library(#[source] argon2::Error),
}

/// Signs in the people of a [`Directory`].
#[derive(Debug)]
pub struct Local {
    directory: Directory,
    pool: Arc<HashPool>,
}

impl Local {
    /// Lets the people of `directory` sign in, their passwords hashed by `pool`.
    pub fn new(directory: Directory, pool: impl Into<Arc<HashPool>>) -> Self {
        Self {
            directory,
            pool: pool.into(),
        }
    }

    /// Who they are.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Checks one password. Does not slow guessing down: that is [`super::Authenticator`]'s.
    ///
    /// # Errors
    ///
    /// The password could not be hashed.
    pub(super) async fn authenticate(
        &self,
        attempt: PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<Outcome, HashingError> {
        let person = self.directory.find(attempt.username);
        let Some(stored) = person
            .map(|person| &person.password)
            .or_else(|| self.directory.decoy(attempt.username))
            .map(Arc::clone)
        else {
            // There is nobody at all, and so nothing that a time could tell.
            return Ok(Outcome::Refused(RefusalReason::UnknownAccount));
        };
        let typed = TypedPassword::parse(attempt.password);
        let is_acceptable = typed.is_ok();
        let password = typed.unwrap_or_else(|_| TypedPassword::stand_in());
        let work = self
            .pool
            .run(move |memory| stored.verify(&password, memory));
        let matches = match work.await {
            Ok(Ok(matches)) => matches,
            Ok(Err(error)) => return Err(HashingError::Library(error)),
            Err(NotDone::Busy) => return Ok(Outcome::Busy),
            Err(NotDone::GivenUp) => return Err(HashingError::GivenUp),
        };
        Ok(match decide(person, is_acceptable, matches) {
            Ok(person) => Outcome::Proven(Proof {
                login: person.login.clone(),
                method: AuthnMethod::Local,
                context: attempt.context,
                at: now,
                ticket: None,
                attributes: person.attributes.clone(),
            }),
            Err(reason) => Outcome::Refused(reason),
        })
    }
}

/// Decides on one attempt whose hash was made. Pure.
///
/// That an account is shut is said, to the audit log, of a right password only.
fn decide(
    person: Option<&Arc<Person>>,
    is_acceptable: bool,
    matches: bool,
) -> Result<&Person, RefusalReason> {
    let Some(person) = person else {
        return Err(RefusalReason::UnknownAccount);
    };
    if !is_acceptable {
        return Err(RefusalReason::UnacceptablePassword);
    }
    if !matches {
        return Err(RefusalReason::WrongPassword);
    }
    if person.is_disabled {
        return Err(RefusalReason::Disabled);
    }
    Ok(person)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, path::Path};

    use super::*;
    use crate::{model::authn_context::AuthnContextClass, sys::secret::Secret};

    /// The hash of `wonderland` under the salt `somesaltsomesalt`, made with argon2-cffi 25.1, which
    /// wraps the reference implementation.
    pub(in crate::authn) const WONDERLAND: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$xBhdjUbcYAAGLzsNfm8SIJVWCtbUyXkwUBCSpn2PDZ8";

    const PEOPLE: &str = r#"
        [person.Alice]
        password = "HASH"
        mail = "alice@univ.example"

        [person.shut]
        password = "HASH"
        disabled = true
    "#;

    fn directory() -> Directory {
        let people = PEOPLE.replace("HASH", WONDERLAND);
        Directory::parse(&people, Path::new("people.toml")).unwrap()
    }

    fn local() -> Local {
        Local::new(directory(), HashPool::start(1, 8).unwrap())
    }

    async fn attempt(local: &Local, username: &str, password: &[u8]) -> Outcome {
        let attempt = PasswordAttempt {
            username,
            password: &Secret::new(password.to_vec()),
            address: [192, 0, 2, 1].into(),
            context: AuthnContextClass::Password,
        };
        local
            .authenticate(attempt, Timestamp::from_second(1_000).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_right_password_proves_what_the_file_says() {
        let outcome = attempt(&local(), " aLICE ", b"wonderland").await;
        let Outcome::Proven(proof) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(proof.login, "Alice");
        assert_eq!(proof.method, AuthnMethod::Local);
        assert_eq!(proof.context, AuthnContextClass::Password);
        assert_eq!(proof.at.as_second(), 1_000);
        let names: Vec<_> = proof.attributes.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["mail", "uid"]);
    }

    #[tokio::test]
    async fn r73_every_attempt_costs_one_hash_whoever_it_names_and_whatever_was_typed() {
        let local = local();
        let long = "a".repeat(300);
        let attempts: [(&str, &[u8], RefusalReason); 13] = [
            ("alice", b"wrong", RefusalReason::WrongPassword),
            ("alice", b"Wonderland", RefusalReason::WrongPassword),
            ("alice", b"", RefusalReason::UnacceptablePassword),
            ("alice", b"\0", RefusalReason::UnacceptablePassword),
            (
                "alice",
                b"wonderland\0",
                RefusalReason::UnacceptablePassword,
            ),
            ("alice", &[b'a'; 1025], RefusalReason::UnacceptablePassword),
            ("alice", b"\xff", RefusalReason::UnacceptablePassword),
            ("nobody", b"wonderland", RefusalReason::UnknownAccount),
            ("nobody", b"", RefusalReason::UnknownAccount),
            ("", b"wonderland", RefusalReason::UnknownAccount),
            (&long, b"wonderland", RefusalReason::UnknownAccount),
            ("shut", b"wonderland", RefusalReason::Disabled),
            ("shut", b"wrong", RefusalReason::WrongPassword),
        ];
        for (number, (username, password, reason)) in (1..).zip(attempts) {
            let outcome = attempt(&local, username, password).await;
            assert!(
                matches!(outcome, Outcome::Refused(refused) if refused == reason),
                "{username}: {outcome:?}"
            );
            assert_eq!(local.pool.hashes_made(), number, "{username}");
        }
    }

    #[test]
    fn r71_r73_what_is_decided_leaves_no_way_in_but_one() {
        let directory = directory();
        let [open, shut] = ["alice", "shut"].map(|name| directory.find(name));
        for (person, is_acceptable, matches) in [
            (None, true, true),
            (None, false, true),
            (open, false, true),
            (open, true, false),
            (open, false, false),
            (shut, true, true),
        ] {
            assert!(decide(person, is_acceptable, matches).is_err());
        }
        assert_eq!(decide(open, true, true).unwrap().login, "Alice");
    }

    #[tokio::test]
    async fn hashes_that_are_given_up_prove_nothing() {
        let local = local();
        local.pool.stop();
        let attempt = PasswordAttempt {
            username: "alice",
            password: &Secret::from("wonderland".to_owned()),
            address: [192, 0, 2, 1].into(),
            context: AuthnContextClass::Password,
        };
        let outcome = local.authenticate(attempt, Timestamp::UNIX_EPOCH).await;
        assert!(matches!(outcome, Err(HashingError::GivenUp)), "{outcome:?}");
    }

    #[tokio::test]
    async fn everybody_of_the_demo_has_its_password_and_a_salt_of_their_own() {
        let text = include_str!("../../../config/demo/people.toml");
        let directory = Directory::parse(text, Path::new("people.toml")).unwrap();
        let salts: HashSet<_> = text
            .split("p=1$")
            .skip(1)
            .map(|rest| rest.get(..22))
            .collect();
        assert_eq!(salts.len(), directory.len());
        let local = Local::new(directory, HashPool::start(1, 8).unwrap());
        for login in [
            "zoe.martin",
            "anne.dupont",
            "luc.bernard",
            "ines.benali",
            "sans.mail",
            "deux.mails",
            "compte.gratuit",
            "paul.ancien",
        ] {
            let outcome = attempt(&local, login, b"bienvenue").await;
            let Outcome::Proven(proof) = outcome else {
                panic!("{login}: {outcome:?}")
            };
            assert_eq!(proof.attributes.values("uid"), [login]);
        }
        let outcome = attempt(&local, "compte.ferme", b"bienvenue").await;
        assert!(
            matches!(outcome, Outcome::Refused(RefusalReason::Disabled)),
            "{outcome:?}"
        );
    }

    #[test]
    fn r121_a_directory_shows_no_hash_of_its_people() {
        let shown = format!("{:?}", local());
        assert!(shown.contains("password: StoredHash"), "{shown}");
        for secret in ["argon2id", "somesalt", "c29tZXNhbHR", "xBhdjUbc"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
