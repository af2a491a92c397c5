//! The embedded directory: people in a file, for the demo, tests and break-glass accounts.
//!
//! Every attempt costs one hash, whoever it names and whatever was typed, so that neither the
//! answer nor its time tells who exists (R-73). Hashes are made on threads of their own.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use self::{
    password::{StoredHash, TypedPassword},
    people::Person,
    pool::{HashPool, NotDone},
};
use super::{Outcome, PasswordAttempt, RefusalReason, account_name::AccountName};
use crate::{
    model::proof::{AuthnMethod, Proof},
    sys::{hmac::sha256, secret::Secret},
};

mod password;
mod people;
pub mod pool;

pub use self::{
    password::{HashPasswordError, UnacceptablePassword, hash_password},
    people::PeopleFaults,
};

/// The largest file of people, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The people of one file.
#[derive(Debug)]
pub struct Directory {
    people: HashMap<AccountName, Arc<Person>>,
    /// For each person a hash of the same cost, that stands in for people who do not exist.
    decoys: Vec<Arc<StoredHash>>,
    /// Makes it impossible to tell beforehand which decoy a name gets.
    decoy_salt: Secret,
}

/// Why a file of people was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// What is written in it is wrong.
    #[error(transparent)]
    Faults(#[from] PeopleFaults),
    /// Everybody on the machine may read or change the hashes in it.
    #[error("{} is open to every user of this machine (mode {mode:03o}): run `chmod o= {}`", .path.display(), .path.display())]
    OpenToAll {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is larger than 16 MiB.
    #[error("{} is larger than 16 MiB", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It could not be read, or is not UTF-8.
    #[error("{} could not be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

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

impl Directory {
    /// Reads the file at `path`. Outside of a lab it must not be open to every user of the machine.
    ///
    /// # Errors
    ///
    /// The file cannot be used; everything that is wrong in it.
    pub fn load(path: &Path, is_lab: bool, salt: Secret) -> Result<Self, DirectoryError> {
        let unreadable = |cause| DirectoryError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let file = File::open(path).map_err(unreadable)?;
        // Of the open file: the one at the path may be another by now.
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
        if mode & 0o007 != 0 && !is_lab {
            return Err(DirectoryError::OpenToAll {
                path: path.to_owned(),
                mode,
            });
        }
        let mut text = String::new();
        let read = file
            .take(MAX_FILE_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        if u64::try_from(read).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
            return Err(DirectoryError::TooLarge {
                path: path.to_owned(),
            });
        }
        Ok(Self::parse(&text, &path.display().to_string(), salt)?)
    }

    /// Reads the people of `text`. `file` is its name for the faults; `salt` is random, of any
    /// length.
    ///
    /// # Errors
    ///
    /// Every fault of the text, with its line.
    pub fn parse(text: &str, file: &str, salt: Secret) -> Result<Self, PeopleFaults> {
        let people = people::parse(text, file)?;
        let decoys = people
            .values()
            .map(|person| Arc::new(person.password.decoy()))
            .collect();
        Ok(Self {
            people,
            decoys,
            decoy_salt: salt,
        })
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody. No file without people is taken.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    fn find(&self, username: &str) -> Option<&Arc<Person>> {
        self.people.get(&AccountName::parse(username).ok()?)
    }

    /// The decoy for a name that nobody has: always the same one, so that asking twice tells
    /// nothing, and as costly as often as the hashes of those who exist.
    fn decoy(&self, username: &str) -> Option<&Arc<StoredHash>> {
        let name = AccountName::parse(username);
        let name = name.as_ref().map_or(username, AccountName::as_str);
        let hash = sha256(&[self.decoy_salt.expose(), name.as_bytes()]);
        let number = hash
            .iter()
            .take(7)
            .fold(0, |number, byte| number << 8 | usize::from(*byte));
        self.decoys.get(number.checked_rem(self.decoys.len())?)
    }
}

impl Local {
    /// Lets the people of `directory` sign in, their passwords hashed by `pool`.
    pub const fn new(directory: Directory, pool: Arc<HashPool>) -> Self {
        Self { directory, pool }
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
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::model::authn_context::AuthnContextClass;

    const PEOPLE: &str = r#"
        [person.Alice]
        password = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$xBhdjUbcYAAGLzsNfm8SIJVWCtbUyXkwUBCSpn2PDZ8"
        mail = "alice@univ.example"

        [person.shut]
        password = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$xBhdjUbcYAAGLzsNfm8SIJVWCtbUyXkwUBCSpn2PDZ8"
        disabled = true
    "#;

    fn directory() -> Directory {
        Directory::parse(PEOPLE, "people.toml", Secret::new(vec![7; 32])).unwrap()
    }

    fn local() -> Local {
        Local::new(directory(), Arc::new(HashPool::start(1, 8).unwrap()))
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
    fn r73_a_decoy_costs_what_the_hashes_of_people_cost() {
        let costly = PEOPLE.replacen("m=19456", "m=20480", 1);
        let directory = Directory::parse(&costly, "people.toml", Secret::new(vec![7])).unwrap();
        let decoys: Vec<_> = (0..64)
            .map(|number| Arc::as_ptr(directory.decoy(&format!("nobody{number}")).unwrap()))
            .collect();
        for decoy in &directory.decoys {
            assert!(decoys.contains(&Arc::as_ptr(decoy)), "both costs are met");
        }
        let [one, same] = ["Nobody", " nobody"].map(|name| directory.decoy(name).unwrap());
        assert!(Arc::ptr_eq(one, same));
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

    #[test]
    fn a_file_that_every_user_may_read_or_change_is_refused_outside_of_a_lab() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.toml");
        fs::write(&path, PEOPLE).unwrap();
        let load = |mode, is_lab| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Directory::load(&path, is_lab, Secret::new(vec![7]))
        };
        for mode in [0o644, 0o602, 0o601] {
            let refused = load(mode, false);
            assert!(
                matches!(refused, Err(DirectoryError::OpenToAll { .. })),
                "{mode:o}"
            );
            assert!(
                !matches!(load(mode, true), Err(DirectoryError::OpenToAll { .. })),
                "{mode:o}"
            );
        }
        for mode in [0o640, 0o600] {
            assert_eq!(load(mode, false).unwrap().len(), 2, "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_is_missing_too_large_or_wrong_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.toml");
        let load = || Directory::load(&path, true, Secret::new(vec![7])).unwrap_err();
        assert!(matches!(load(), DirectoryError::Unreadable { .. }));
        let file = File::create(&path).unwrap();
        file.set_len(MAX_FILE_BYTES + 1).unwrap();
        assert!(matches!(load(), DirectoryError::TooLarge { .. }));
        fs::write(&path, "[person.zoe]\n").unwrap();
        let told = load().to_string();
        assert!(
            told.starts_with(&format!("{}:1: person.zoe.password: ", path.display())),
            "{told}"
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
