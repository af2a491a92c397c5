//! How a person proves who they are.
//!
//! Asks each method, slows guessing down, and tells wrong from broken. Shows no page and keeps no
//! session. The one caller is `flow`.

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;

use crate::{
    model::{
        authn_context::AuthnContextClass,
        proof::Proof,
        store::{Attempts, StoreError},
    },
    sys::secret::Secret,
};

pub mod account_name;
pub mod cas;
pub mod ldap;
pub mod local;
mod servers;
pub mod throttle;
pub mod typed_password;
mod under_way;

pub use servers::ServerRecord;

/// What an authenticator says about one attempt.
///
/// Not a `Result`: a wrong password is an answer, a dead directory is an error.
#[derive(Debug)]
pub enum Outcome {
    /// The person proved who they are.
    Proven(Proof),
    /// The same, and the password ends soon.
    ProvenWithWarning(Proof, ldap::PasswordWarning),
    /// The password is right, and the person is let in nowhere. Told to them: they have proven that
    /// the account is theirs.
    Barred(Barrier),
    /// The proof failed. The reason is for the audit log, never for the page.
    Refused(RefusalReason),
    /// Too many attempts, at this account or from this network: none was made.
    Wait {
        /// When the next one may be made.
        until: Timestamp,
    },
    /// Too many people at one time, or too many attempts of one: none was made or counted.
    Busy,
}

/// Why somebody with the right password is let in nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Barrier {
    /// The account is shut.
    AccountShut,
    /// The password must be changed before anything else.
    PasswordMustChange,
}

impl Barrier {
    /// The word for the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountShut => "account-shut",
            Self::PasswordMustChange => "password-must-change",
        }
    }
}

/// Why a proof failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusalReason {
    /// The account is shut.
    Disabled,
    /// The password has ended.
    Expired,
    /// The directory has locked the account after too many wrong passwords.
    Locked,
    /// The directory took it for the account of another name than was found.
    OtherAccount,
    /// What was typed names several accounts.
    SeveralAccounts,
    /// The password is one that nobody can have: empty, too long, not a text, or with a NUL.
    UnacceptablePassword,
    /// There is no such account.
    UnknownAccount,
    /// The password is not the one of this account.
    WrongPassword,
}

impl RefusalReason {
    /// The word for the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Locked => "locked",
            Self::OtherAccount => "other-account",
            Self::SeveralAccounts => "several-accounts",
            Self::UnacceptablePassword => "unacceptable-password",
            Self::UnknownAccount => "unknown-account",
            Self::WrongPassword => "wrong-password",
        }
    }
}

/// Why nothing can be said about an attempt: nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum AuthnError {
    /// The attempt could not be counted.
    #[error("the attempt could not be counted")]
    Uncounted(#[source] StoreError),
    /// The CAS server did not say.
    #[error("the ticket could not be checked")]
    Cas(#[source] cas::CasFault),
    /// The directory did not say.
    #[error("the directory could not be asked")]
    Directory(#[source] ldap::LdapFault),
    /// The password could not be hashed.
    #[error("the password could not be checked")]
    Unchecked(#[source] local::HashingError),
}

impl AuthnError {
    /// Whether nobody was asked, since no more files may be open here: a fault of ours.
    pub const fn is_want_of_a_file(&self) -> bool {
        match self {
            Self::Cas(fault) => fault.is_want_of_a_file(),
            Self::Directory(fault) => fault.is_want_of_a_file(),
            Self::Unchecked(_) | Self::Uncounted(_) => false,
        }
    }
}

/// An attempt to sign in with a name and a password.
#[derive(Clone, Debug)]
pub struct PasswordAttempt<'a> {
    /// The name, as typed.
    pub username: &'a str,
    /// The password, as typed.
    pub password: &'a Secret,
    /// Where it came from.
    pub address: IpAddr,
    /// What a right password proves on this connection.
    pub context: AuthnContextClass,
}

/// How people prove who they are; at least one of the ways is there.
#[derive(Debug)]
pub struct Authenticator {
    /// At the university's CAS server.
    pub cas: Option<cas::Cas>,
    /// By a name and a password, typed into our own form: where there is a CAS server, while that
    /// does not answer.
    pub password: Option<PasswordAuthenticator>,
}

/// Checks names and passwords.
#[derive(Debug)]
pub struct PasswordAuthenticator {
    throttle: throttle::Throttle,
    people: People,
}

/// Where people and their passwords are.
#[derive(Debug)]
pub enum People {
    /// In the university's directory.
    Ldap(Arc<ldap::Ldap>),
    /// In the embedded one.
    Local(local::Local),
}

impl PasswordAuthenticator {
    /// Puts the throttle before the directory.
    pub const fn new(throttle: throttle::Throttle, people: People) -> Self {
        Self { throttle, people }
    }

    /// Where people are looked for.
    pub const fn people(&self) -> &People {
        &self.people
    }

    /// Makes one attempt, counted before it is made.
    ///
    /// # Errors
    ///
    /// Something of ours is broken: nothing is known about the attempt, and nobody is signed in.
    pub async fn authenticate(
        &self,
        attempts: &impl Attempts,
        attempt: PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<Outcome, AuthnError> {
        let gate = self
            .throttle
            .count(attempts, attempt.username, attempt.address, now)
            .await;
        let counted = match gate.map_err(AuthnError::Uncounted)? {
            throttle::Gate::Open(counted) => counted,
            throttle::Gate::ShutUntil(until) => return Ok(Outcome::Wait { until }),
            throttle::Gate::Crowded => return Ok(Outcome::Busy),
        };
        let outcome = match &self.people {
            People::Ldap(ldap) => {
                let asked = Box::pin(ldap.authenticate(attempt, now)).await;
                asked.map_err(AuthnError::Directory)
            }
            People::Local(local) => {
                let asked = local.authenticate(attempt, now).await;
                asked.map_err(AuthnError::Unchecked)
            }
        };
        match &outcome {
            Ok(Outcome::Proven(_) | Outcome::ProvenWithWarning(..) | Outcome::Barred(_)) => {
                counted.succeeded(attempts).await;
            }
            Ok(Outcome::Refused(_)) => {}
            // The password may have been judged: the directory counts it, too.
            Err(AuthnError::Directory(fault)) if !fault.was_before_all() => {}
            Ok(Outcome::Wait { .. } | Outcome::Busy) | Err(_) => {
                counted.was_not_made(attempts).await;
            }
        }
        outcome
    }
}
