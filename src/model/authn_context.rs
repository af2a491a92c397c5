//! How a person proved who they are, in the words of the standard.

use serde::{Deserialize, Serialize};

use super::vocab;

/// What really happened when a person proved who they are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum AuthnContextClass {
    /// A password, over TLS.
    PasswordProtectedTransport,
    /// A password, over a bare connection: the lab only.
    Password,
}

impl AuthnContextClass {
    /// The `AuthnContextClassRef`.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::PasswordProtectedTransport => vocab::AC_PASSWORD_PROTECTED_TRANSPORT,
            Self::Password => vocab::AC_PASSWORD,
        }
    }
}
