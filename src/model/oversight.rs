//! What an administrator asks about people's sessions, and what is said to that.
//!
//! Nothing here lets anybody in: neither a cookie nor the key of a session is in it. A session is named by a handle that is
//! derived one-way, with a key, from that of the session.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{session::Participant, short_name::ShortName, support_code::SupportCode};

/// Which sessions.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// All of them.
    All,
    /// The one that this journey began, or was answered by.
    Code(SupportCode),
    /// The one of this handle.
    Handle(String),
    /// All of the person who signs in with this name.
    Person(String),
    /// Those on which this provider was told of the person.
    Provider(ShortName),
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Code(code) => write!(f, "code {code}"),
            Self::Handle(handle) => write!(f, "handle {handle}"),
            Self::Person(login) => write!(f, "person {login}"),
            Self::Provider(sp) => write!(f, "sp.{sp}"),
        }
    }
}

/// A session, as it is shown.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ShownSession {
    /// Its name in commands.
    pub handle: String,
    /// The name the person signs in with.
    pub person: String,
    /// When they proved who they are.
    pub since: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// When it ends if nobody uses it again.
    pub unused_until: Timestamp,
    /// When it ends, whatever happens.
    pub ends_at: Timestamp,
    /// By which authenticator they proved it.
    pub method: String,
    /// What they proved: the URI of the class.
    pub class: String,
    /// The journey that began it, where it is known.
    pub support_code: Option<String>,
    /// The providers that were told of the person on it, and under which names.
    pub participants: Vec<Participant>,
}

/// Those that were asked about.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Overview {
    /// Those used last, the latest first.
    pub sessions: Vec<ShownSession>,
    /// How many there are in all.
    pub count: u64,
    /// How many the store has that this node cannot open: whose they are is not known.
    #[serde(default)]
    pub unopened: u64,
}

/// A session that was ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RevokedSession {
    /// The name the person signs in with.
    pub person: String,
    /// The providers that were told of the person on it; they keep sessions of their own.
    pub participants: Vec<ShortName>,
}

/// What came of ending some.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Revoked {
    /// How many were ended.
    pub count: u64,
    /// The first of them.
    pub ended: Vec<RevokedSession>,
    /// Why some may still live; nothing where none does.
    pub fault: Option<String>,
}
