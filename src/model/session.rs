//! What is remembered of a sign-in, to save the person the next one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::proof::Proof;

/// The key of a session: the hash of the cookie's value. The value itself is in the
/// browser and nowhere else.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SessionKey(pub [u8; 32]);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey")
    }
}

/// A live sign-in of one person in one browser.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// What the person proved, and when.
    pub proof: Proof,
    /// The `SessionIndex` of every assertion issued on it (saml-core-2.0 §2.7.2). Says nothing
    /// about the cookie.
    pub index: String,
    /// When it ends, whatever happens.
    #[serde(with = "super::instant")]
    pub ends_at: Timestamp,
}
