//! What a person has proven.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{attribute::Attributes, authn_context::AuthnContextClass};

/// That a person proved who they are: made by an authenticator, carried sealed or in a session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Proof {
    /// The name they sign in with, as the source writes it.
    pub login: String,
    /// By which authenticator.
    pub method: AuthnMethod,
    /// What really happened.
    pub context: AuthnContextClass,
    /// When it happened: the `AuthnInstant`. At a CAS server by the rule of the configuration.
    #[serde(with = "super::instant")]
    pub at: Timestamp,
    /// The hash of the CAS ticket that it was proven with: by it the CAS server tells, hours later,
    /// that the person has signed out there.
    pub ticket: Option<[u8; 32]>,
    /// What the source says of the person, under the source's names.
    pub attributes: Attributes,
}

/// The authenticators.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthnMethod {
    /// The embedded directory.
    Local,
    /// The university's CAS server.
    Cas,
    /// The university's directory.
    Ldap,
}

impl AuthnMethod {
    /// The word of the configuration and of the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Cas => "cas",
            Self::Ldap => "ldap",
        }
    }
}
