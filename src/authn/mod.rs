//! How a person proves who they are.
//!
//! Asks each method, slows guessing down, and tells wrong from broken. Shows no page and keeps no
//! session. The one caller is `flow`.

use std::net::IpAddr;

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
pub mod local;
pub mod servers;
pub mod throttle;
mod under_way;

/// What an authenticator says about one attempt.
///
/// Not a `Result`: a wrong password is an answer, a dead directory is an error.
#[derive(Debug)]
pub enum Outcome {
    /// The person proved who they are.
    Proven(Proof),
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

/// Why a proof failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusalReason {
    /// The password is right, and the account is shut.
    Disabled,
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
    /// The password could not be hashed.
    #[error("the password could not be checked")]
    Unchecked(#[source] local::HashingError),
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

/// How people prove who they are.
#[derive(Debug)]
pub enum Authenticator {
    /// At the university's CAS server.
    Cas(cas::Cas),
    /// By a name and a password, typed into our own form.
    Password(Box<PasswordAuthenticator>),
}

impl Authenticator {
    /// The CAS server, where people are sent to one.
    pub const fn cas(&self) -> Option<&cas::Cas> {
        match self {
            Self::Cas(cas) => Some(cas),
            Self::Password(_) => None,
        }
    }
}

/// Checks names and passwords.
#[derive(Debug)]
pub struct PasswordAuthenticator {
    throttle: throttle::Throttle,
    local: local::Local,
}

impl PasswordAuthenticator {
    /// Puts the throttle before the embedded directory.
    pub const fn new(throttle: throttle::Throttle, local: local::Local) -> Self {
        Self { throttle, local }
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
        let outcome = self.local.authenticate(attempt, now).await;
        match &outcome {
            Ok(Outcome::Proven(_)) => counted.succeeded(attempts).await,
            Ok(Outcome::Refused(_)) => {}
            Ok(Outcome::Wait { .. } | Outcome::Busy) | Err(_) => {
                counted.was_not_made(attempts).await;
            }
        }
        outcome.map_err(AuthnError::Unchecked)
    }
}
