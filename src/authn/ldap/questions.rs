//! What is asked of a server about one person: whether this is their password, and what is recorded of them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Find, Ldap, LdapFault, PasswordWarning,
    connection::{BindAnswer, Entry},
    policy::PolicyError,
    server::{Bound, PersonBind, Server},
};
use crate::{
    authn::{RefusalReason, account_name::AccountName},
    model::attribute::Attributes,
};

/// What can be asked of any one of the servers.
pub(super) trait Question: Sync {
    type Answer: Send;

    fn ask(
        &self,
        ldap: &Ldap,
        server: &Server,
        deadline: Instant,
    ) -> impl Future<Output = Result<Self::Answer, LdapFault>> + Send;
}

/// Whether this is the password of whoever is meant by this name.
pub(super) struct Attempt<'a> {
    pub(super) login: &'a AccountName,
    pub(super) password: &'a str,
    pub(super) now: Timestamp,
}

/// What is recorded under this name.
pub(super) struct Lookup<'a>(pub(super) &'a AccountName, pub(super) Timestamp);

impl Question for Attempt<'_> {
    /// The record, and what is said of its password; or why nobody is let in.
    type Answer = Result<(Attributes, Option<PasswordWarning>), Denied>;

    async fn ask(
        &self,
        ldap: &Ldap,
        server: &Server,
        deadline: Instant,
    ) -> Result<Self::Answer, LdapFault> {
        let Self {
            login,
            password,
            now,
        } = *self;
        let begun = Instant::now();
        let (dn, known) = match &ldap.rules.find {
            Find::Template(template) => (template.with(login.as_str()), Ok(None)),
            Find::Search(_) => {
                let mut found = ldap.find(server, login, deadline).await?;
                match (found.pop(), found.is_empty()) {
                    (Some(entry), true) => (entry.dn.clone(), Ok(Some(entry))),
                    // A bind all the same, by a name that nobody has.
                    (None, _) => (ldap.nobody(), Err(RefusalReason::UnknownAccount)),
                    (Some(_), false) => (ldap.nobody(), Err(RefusalReason::SeveralAccounts)),
                }
            }
        };
        let searched = begun.elapsed();
        let reads_own = matches!(known, Ok(None)) && !server.has_account();
        let person = PersonBind {
            dn: &dn,
            password,
            read: reads_own.then_some(&*ldap.attributes),
        };
        let Bound {
            answer,
            entry,
            is_them,
        } = server.bind(person, deadline).await?;
        // Without what a success has behind its bind.
        let took = searched + answer.took;
        let why = match (judge(&answer)?, known) {
            // An odd spelling of a name that is somebody's: theirs to mend, and no fault of the server.
            (Verdict::Bound, Ok(_)) if !is_them => Why::Refused(RefusalReason::OtherAccount),
            (Verdict::Bound, Ok(record)) => {
                ldap.echo.note(took);
                let mut person = if let Some(record) = record.or(entry) {
                    record
                } else {
                    let own = ldap.search(server, &dn, None, deadline).await?.pop();
                    own.ok_or(LdapFault::NoLogin)?
                };
                ldap.complete(server, &mut person, (now, deadline)).await?;
                return Ok(Ok((person.attributes, answer.policy.warning)));
            }
            // The name of nobody was let in: such a server lets everybody in.
            (Verdict::Bound | Verdict::MustChange, Err(_)) => return Err(LdapFault::Nobody),
            (Verdict::MustChange, Ok(_)) => Why::MustChange,
            (Verdict::Refused(_), Err(reason)) => Why::Refused(reason),
            (Verdict::Refused(reason), Ok(_)) => {
                if reason == RefusalReason::WrongPassword {
                    ldap.echo.note_refused(took);
                }
                Why::Refused(reason)
            }
        };
        let hold_back = ldap.echo.hold_back(took);
        Ok(Err(Denied { why, hold_back }))
    }
}

impl Question for Lookup<'_> {
    type Answer = Vec<Entry>;

    async fn ask(
        &self,
        ldap: &Ldap,
        server: &Server,
        deadline: Instant,
    ) -> Result<Self::Answer, LdapFault> {
        let found = ldap.find(server, self.0, deadline).await?;
        ldap.complete_one(server, found, (self.1, deadline)).await
    }
}

/// An attempt that lets nobody in.
pub(super) struct Denied {
    pub(super) why: Why,
    pub(super) hold_back: Duration,
}

pub(super) enum Why {
    Refused(RefusalReason),
    MustChange,
}

/// What the result of a bind means.
enum Verdict {
    Bound,
    MustChange,
    Refused(RefusalReason),
}

/// Judges the result of a bind (RFC 4511 appendix A.1). What is neither a success nor a word about
/// the person says that the server cannot judge them: another one may.
fn judge(answer: &BindAnswer) -> Result<Verdict, LdapFault> {
    Ok(match (answer.code, answer.policy.error) {
        (0, None) => Verdict::Bound,
        (0, Some(PolicyError::MustChange)) => Verdict::MustChange,
        // invalidCredentials, and what other servers say of expired and locked accounts
        // (inappropriateAuthentication, insufficientAccessRights, unwillingToPerform).
        (0 | 19 | 48..=50 | 53, Some(PolicyError::Locked)) => {
            Verdict::Refused(RefusalReason::Locked)
        }
        (0 | 19 | 48..=50 | 53, Some(PolicyError::Expired)) => {
            Verdict::Refused(RefusalReason::Expired)
        }
        // constraintViolation: 389 Directory Server after too many wrong passwords.
        (19, _) => Verdict::Refused(RefusalReason::Locked),
        (49, _) => Verdict::Refused(RefusalReason::WrongPassword),
        (0 | 48 | 50 | 53, _) => Verdict::Refused(RefusalReason::Disabled),
        // noSuchObject, invalidDNSyntax.
        (32 | 34, _) => Verdict::Refused(RefusalReason::UnknownAccount),
        (code, _) => {
            return Err(LdapFault::Unjudged { code });
        }
    })
}
