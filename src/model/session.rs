//! What is remembered of a sign-in, to save the person the next one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{name_id::NameId, proof::Proof, short_name::ShortName, support_code::SupportCode};

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
    /// What the `SessionIndex` of each provider is made of. Says nothing about the cookie.
    pub index: String,
    /// The journey that began it; none where a version of the program has begun it that did not note it. The store keeps it
    /// behind all else, so that such a version reads the session as well.
    #[serde(skip)]
    pub support_code: Option<SupportCode>,
    /// When it ends, whatever happens.
    #[serde(with = "super::instant")]
    pub ends_at: Timestamp,
    /// Who was told of the person on it, each provider once, the latest last; at most
    /// [`Self::MAX_PARTICIPANTS`].
    pub participants: Vec<Participant>,
}

/// A service provider that was told who the person is, and under which names: what a logout has to
/// say to it (saml-core-2.0 §3.7.1), and what it has to say to us.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Participant {
    /// The provider.
    pub sp: ShortName,
    /// The name it knows the person by; none where it was told none.
    pub name_id: Option<NameId>,
    /// The session, in the word that it was told: no other provider is told the same
    /// (saml-core-2.0 §2.7.2).
    pub session_index: String,
}

impl Session {
    /// The most providers that one session remembers; past that the one told longest ago is forgotten.
    pub const MAX_PARTICIPANTS: usize = 64;

    /// Notes that a provider is told of the person. What it was told before is over: it has one session
    /// for a browser, and that goes by the newest assertion.
    pub fn join(&mut self, participant: Participant) {
        self.participants.retain(|known| known.sp != participant.sp);
        if self.participants.len() >= Self::MAX_PARTICIPANTS {
            self.participants.remove(0);
        }
        self.participants.push(participant);
    }

    /// Has those who took part in an earlier session of the same person take part in this one, as told
    /// before all who do already. Says whether it was the same person's; another one's changes nothing.
    pub fn inherit(&mut self, earlier: &Self) -> bool {
        let is_theirs = earlier.proof.login == self.proof.login;
        if is_theirs {
            let own = std::mem::take(&mut self.participants);
            self.participants.clone_from(&earlier.participants);
            for participant in own {
                self.join(participant);
            }
        }
        is_theirs
    }
}

/// What ended a session before its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionEnd {
    /// An administrator, by a command.
    Administrator,
    /// A notice of the CAS server itself (back channel). The person signed out there, or the CAS session
    /// was idle for too long: it says the same of both.
    CasBackChannel,
    /// A notice that the CAS server had the person's browser bring (front channel). The person signed out
    /// there: at an idle expiry there is no browser.
    CasFrontChannel,
    /// The person signed out here.
    Person,
    /// Another sign-in took its place in the browser, and it was another person's, or was not kept.
    Replaced,
}

impl SessionEnd {
    /// The word of the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::CasBackChannel => "cas-back-channel",
            Self::CasFrontChannel => "cas-front-channel",
            Self::Person => "person",
            Self::Replaced => "replaced",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        attribute::Attributes, authn_context::AuthnContextClass, name_id::NameIdFormat,
        proof::AuthnMethod,
    };

    fn participant(sp: &str, session_index: &str) -> Participant {
        Participant {
            sp: ShortName::parse(sp).unwrap(),
            name_id: Some(NameId {
                value: "zoe".to_owned(),
                format: NameIdFormat::Persistent,
                name_qualifier: None,
                sp_name_qualifier: None,
            }),
            session_index: session_index.to_owned(),
        }
    }

    fn session(login: &str, participants: &[Participant]) -> Session {
        Session {
            proof: Proof {
                login: login.to_owned(),
                method: AuthnMethod::Local,
                context: AuthnContextClass::Password,
                at: Timestamp::UNIX_EPOCH,
                ticket: None,
                attributes: Attributes::new(),
            },
            index: "_2".to_owned(),
            support_code: None,
            ends_at: Timestamp::UNIX_EPOCH,
            participants: participants.to_vec(),
        }
    }

    #[test]
    fn r122_a_session_remembers_each_provider_once_and_no_more_than_it_may() {
        let before = [participant("zoom", "_1"), participant("library", "_1")];
        let mut session = session("zoe", &before);
        session.join(participant("zoom", "_2"));
        let told = [participant("library", "_1"), participant("zoom", "_2")];
        assert_eq!(session.participants, told);
        for number in 0..Session::MAX_PARTICIPANTS {
            session.join(participant(&format!("sp{number}"), "_2"));
            assert!(session.participants.len() <= Session::MAX_PARTICIPANTS);
        }
        assert_eq!(session.participants[0], participant("sp0", "_2"));
    }

    #[test]
    fn who_took_part_goes_over_to_the_same_person_and_is_known_by_what_it_was_told_last() {
        let before = [participant("zoom", "_1"), participant("library", "_1")];
        let now = [participant("zoom", "_2")];
        let mut later = session("zoe", &now);
        assert!(!later.inherit(&session("max", &before)));
        assert_eq!(later.participants, now);
        assert!(later.inherit(&session("zoe", &before)));
        let told = [participant("library", "_1"), participant("zoom", "_2")];
        assert_eq!(later.participants, told);
    }

    #[test]
    fn r122_a_session_that_inherits_remembers_no_more_than_it_may_and_the_latest() {
        let many = (0..Session::MAX_PARTICIPANTS).map(|n| participant(&format!("sp{n}"), "_1"));
        let mut later = session("zoe", &[participant("zoom", "_2")]);
        assert!(later.inherit(&session("zoe", &many.collect::<Vec<_>>())));
        assert_eq!(later.participants.len(), Session::MAX_PARTICIPANTS);
        assert_eq!(later.participants[0], participant("sp1", "_1"));
        assert_eq!(later.participants.last(), Some(&participant("zoom", "_2")));
    }
}
