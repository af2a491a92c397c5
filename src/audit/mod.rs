//! What happened to people's sign-ins: a closed list of events, apart from the log of the program.
//!
//! Each event is one log line whose target is `audit`, with the same fields in every version. It
//! names the person who was let in, since that is what an inquiry asks for; it never names who was
//! refused, since people type passwords into the wrong field.

use std::net::IpAddr;

use crate::model::{
    fingerprint::Fingerprint,
    proof::AuthnMethod,
    session::{Participant, SessionEnd},
    short_name::ShortName,
    support_code::SupportCode,
};

/// Something that happened to somebody's sign-in.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A provider was told who somebody is.
    Asserted {
        /// The name they sign in with.
        person: &'a str,
        /// By which authenticator they proved it.
        method: AuthnMethod,
        /// Whether they proved it now, or a session of theirs answered.
        is_from_session: bool,
        /// The provider.
        sp: &'a ShortName,
        /// The `ID` of the Response.
        response_id: &'a str,
        /// Where the browser called from.
        address: IpAddr,
        /// The journey.
        support_code: SupportCode,
    },
    /// Somebody was shown what a provider would be told of them, and it was told nothing.
    Tried {
        /// The name they sign in with.
        person: &'a str,
        /// By which authenticator they proved it.
        method: AuthnMethod,
        /// Whether they proved it now, or a session of theirs answered.
        is_from_session: bool,
        /// The provider.
        sp: &'a ShortName,
        /// Where the browser called from.
        address: IpAddr,
        /// The journey.
        support_code: SupportCode,
    },
    /// Somebody did not prove who they are, or may not try a sign-in.
    Refused {
        /// Why, in the authenticator's word.
        reason: &'a str,
        /// The provider.
        sp: &'a ShortName,
        /// Where the browser called from.
        address: IpAddr,
        /// The journey.
        support_code: SupportCode,
    },
    /// An attempt was not made: too many before it, or too many people at one time.
    Delayed {
        /// `throttled` or `busy`.
        reason: &'a str,
        /// The provider.
        sp: &'a ShortName,
        /// Where the browser called from.
        address: IpAddr,
        /// The journey.
        support_code: SupportCode,
    },
    /// Another version of a provider's metadata counts.
    MetadataTaken(TakenMetadata<'a>),
    /// Another configuration took over while the server ran.
    Reloaded {
        /// Who had it read: a signal, or a command.
        asked_by: &'a str,
        /// The providers that are answered from now on.
        answered: &'a [&'a ShortName],
    },
    /// Somebody's session ended before its time.
    SignedOut {
        /// The name they sign in with.
        person: &'a str,
        /// By what.
        cause: SessionEnd,
        /// The providers that were told who the person is; they keep sessions of their own.
        participants: &'a [Participant],
        /// Where that came from: the browser, or the CAS server; none where an administrator asked for it.
        address: Option<IpAddr>,
        /// The administrator, by the user of the system.
        asked_by: Option<&'a str>,
    },
    /// An administrator was shown something of people's.
    Shown(Shown<'a>),
}

/// What an administrator was shown.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// Sessions.
    Sessions {
        /// Which were asked for.
        which: &'a str,
        /// How many there are.
        count: u64,
        /// The administrator, by the user of the system.
        asked_by: &'a str,
    },
    /// What is kept of a sign-in.
    Story {
        /// The sign-in.
        support_code: SupportCode,
        /// How many steps are kept of it.
        steps: usize,
        /// The administrator, by the user of the system.
        asked_by: &'a str,
    },
}

impl Shown<'_> {
    fn write(&self) {
        match self {
            Self::Sessions {
                which,
                count,
                asked_by,
            } => tracing::info!(
                target: "audit",
                event = "sessions-shown",
                which,
                count,
                asked.by = asked_by,
            ),
            Self::Story {
                support_code,
                steps,
                asked_by,
            } => tracing::info!(
                target: "audit",
                event = "story-shown",
                support.code = %support_code,
                steps,
                asked.by = asked_by,
            ),
        }
    }
}

/// A version of a provider's metadata that counts.
#[derive(Clone, Copy, Debug)]
pub struct TakenMetadata<'a> {
    /// The provider.
    pub sp: &'a ShortName,
    /// What counted before; none before the first.
    pub before: Option<Fingerprint>,
    /// What counts now.
    pub after: Fingerprint,
    /// What is different in it, in our words.
    pub changes: &'a str,
    /// Who had it count: its source, or whoever accepted it.
    pub asked_by: &'a str,
}

impl TakenMetadata<'_> {
    fn write(&self) {
        tracing::info!(
            target: "audit",
            event = "metadata-taken",
            sp.name = self.sp.as_str(),
            before.sha256 = self.before.map(String::from),
            version.sha256 = %self.after,
            changes = self.changes,
            asked.by = self.asked_by,
        );
    }
}

impl Event<'_> {
    /// Writes the event down.
    pub fn write(&self) {
        match self {
            Self::Asserted {
                person,
                method,
                is_from_session,
                sp,
                response_id,
                address,
                support_code,
            } => tracing::info!(
                target: "audit",
                event = "asserted",
                person = person,
                authn.method = method.as_str(),
                session.reused = is_from_session,
                sp.name = sp.as_str(),
                response.id = response_id,
                peer.address = %address,
                support.code = %support_code,
            ),
            Self::Tried {
                person,
                method,
                is_from_session,
                sp,
                address,
                support_code,
            } => tracing::info!(
                target: "audit",
                event = "test",
                person = person,
                authn.method = method.as_str(),
                session.reused = is_from_session,
                sp.name = sp.as_str(),
                peer.address = %address,
                support.code = %support_code,
            ),
            Self::Refused {
                reason,
                sp,
                address,
                support_code,
            }
            | Self::Delayed {
                reason,
                sp,
                address,
                support_code,
            } => tracing::info!(
                target: "audit",
                event = if matches!(self, Self::Refused { .. }) { "refused" } else { "delayed" },
                reason,
                sp.name = sp.as_str(),
                peer.address = %address,
                support.code = %support_code,
            ),
            Self::MetadataTaken(taken) => taken.write(),
            Self::Reloaded { asked_by, answered } => tracing::info!(
                target: "audit",
                event = "reloaded",
                asked.by = asked_by,
                sp.names = names_of(answered.iter().copied()),
            ),
            Self::SignedOut {
                person,
                cause,
                participants,
                address,
                asked_by,
            } => tracing::info!(
                target: "audit",
                event = "signed-out",
                person,
                cause = cause.as_str(),
                sp.names = names_of(participants.iter().map(|told| &told.sp)),
                peer.address = address.map(tracing::field::display),
                asked.by = asked_by,
            ),
            Self::Shown(shown) => shown.write(),
        }
    }
}

fn names_of<'a>(providers: impl Iterator<Item = &'a ShortName>) -> String {
    let names: Vec<_> = providers.map(ShortName::as_str).collect();
    names.join(" ")
}
