//! What an administrator sees of people's sessions, and how they end some (`passerelle session`).
//!
//! A session is looked for among all that live: whoever asks that is one person at a terminal, a few times a day, and what
//! would find it at once, by person and by provider, would have to be written at every sign-in.

use std::{collections::HashSet, sync::Arc};

use tokio::task::JoinSet;

use super::{
    bridge::Bridge,
    logout::{Origin, ended_and_told},
};
use crate::{
    audit,
    authn::account_name::one_spelling,
    model::{
        oversight::{Overview, Revoked, RevokedSession, ShownSession, Which},
        session::{Session, SessionEnd, SessionKey},
        store::{Seen, Sessions as _, StoreError, Stories as _},
    },
    store::Store,
};

/// How many sessions are ended at one time.
const ENDED_AT_ONCE: usize = 16;
/// How often it is looked again for sessions to end: one that took the place of another meanwhile has another key. Twice at
/// least: that one may not have inherited the providers yet when it was looked at, and the other one was gone.
const ROUNDS: usize = 4;
/// How many of the sessions that were ended are told one by one.
const MOST_TOLD: usize = 200;
/// How many characters of what is derived a handle has: 60 bits, of which no two are the same by chance.
pub(super) const HANDLE_CHARS: usize = 12;

impl Bridge {
    /// The sessions that are asked for: `most` of those that were used last, and how many there are. Neither is a use
    /// of any. The audit says who asked.
    ///
    /// # Errors
    ///
    /// The store did not answer.
    pub async fn oversee(
        &self,
        which: &Which,
        most: usize,
        asked_by: &str,
    ) -> Result<Overview, StoreError> {
        let mut sight = Sight {
            latest: Vec::new(),
            keys: HashSet::new(),
        };
        let unopened = { self.look_for(which, |seen| sight.take(seen, most)) }.await?;
        sight.keep_latest(most);
        let count = u64::try_from(sight.keys.len()).unwrap_or(u64::MAX);
        audit::Event::Shown(audit::Shown::Sessions {
            which: &which.to_string(),
            count,
            asked_by,
        })
        .write();
        let sessions = sight.latest.into_iter().map(|seen| self.shown(seen));
        Ok(Overview {
            sessions: sessions.collect(),
            count,
            unopened,
        })
    }

    /// Ends the sessions that are asked for, and tells of each end. When this returns without a fault none of them lives
    /// that the store lists, on any node; of a person or a provider neither does one that has taken the place of one of them meanwhile. What
    /// takes the place of a session has another handle and another code, and is not found by those.
    pub async fn revoke(&self, which: &Which, asked_by: &str) -> Revoked {
        let mut revoked = Revoked::default();
        // Once more after the last of them, to see that none is left.
        for round in 0..=ROUNDS {
            let mut keys = HashSet::new();
            let looked = self.look_for(which, |seen| {
                keys.insert(seen.key);
            });
            let unopened = match looked.await {
                Ok(unopened) => unopened,
                Err(fault) => {
                    revoked.fault = Some(fault.to_string());
                    return revoked;
                }
            };
            if keys.is_empty() && round > 0 {
                // The one that was meant is known to be none of those that could not be opened.
                let is_one = matches!(which, Which::Handle(_) | Which::Code(_));
                if unopened > 0 && !(is_one && revoked.count > 0) {
                    revoked.fault = Some(format!(
                        "{unopened} session(s) in the store could not be opened with the seal keys of this node, so that \
                         whose they are is not known"
                    ));
                }
                return revoked;
            }
            if round == ROUNDS {
                break;
            }
            let keys: Vec<_> = keys.into_iter().collect();
            if let Err(fault) = self.end_all(&keys, asked_by, &mut revoked).await {
                revoked.fault = Some(fault.to_string());
                return revoked;
            }
        }
        revoked.fault = Some("others began while they were ended".to_owned());
        revoked
    }

    async fn end_all(
        &self,
        keys: &[SessionKey],
        asked_by: &str,
        revoked: &mut Revoked,
    ) -> Result<(), StoreError> {
        let mut end = Ok(());
        for some in keys.chunks(ENDED_AT_ONCE) {
            let mut endings = JoinSet::new();
            for key in some.iter().copied() {
                let (now, store) = (self.clock.now(), Arc::clone(&self.store));
                let ending = async move { Store::end(&store, key, now).await };
                let origin = Origin::Command(asked_by.to_owned());
                endings.spawn(ended_and_told(ending, SessionEnd::Administrator, origin));
            }
            while let Some(ended) = endings.join_next().await {
                match ended.unwrap_or(Err(StoreError::Unavailable)) {
                    Ok(Some(session)) => note(revoked, session),
                    Ok(None) => {}
                    Err(fault) => end = Err(fault),
                }
            }
            if end.is_err() {
                break;
            }
        }
        end
    }

    /// Shows the sessions that are asked for to `show`, maybe more than once, and says how many could not be opened.
    async fn look_for(
        &self,
        which: &Which,
        mut show: impl FnMut(Seen) + Send,
    ) -> Result<u64, StoreError> {
        let answered = self.answered_under(which).await?;
        let mut look = |seen: Seen| {
            if self.is_meant((which, &answered), &seen) {
                show(seen);
            }
        };
        self.store.look_through(&mut look, self.clock.now()).await
    }

    /// The handles of the sessions on which steps with this code were taken, as far as their story is kept: a page bears the
    /// code of its own journey, and most of those are on a session that another one began.
    async fn answered_under(&self, which: &Which) -> Result<Vec<String>, StoreError> {
        let Which::Code(code) = which else {
            return Ok(Vec::new());
        };
        match self.store.story(*code, self.clock.now()).await {
            Ok(steps) => Ok(steps.into_iter().filter_map(|step| step.session).collect()),
            // Nothing of it can be read any more: the session that it began may be known all the same.
            Err(StoreError::Forged) => Ok(Vec::new()),
            Err(fault @ (StoreError::Full | StoreError::Unavailable)) => Err(fault),
        }
    }

    fn is_meant(&self, (which, answered): (&Which, &[String]), seen: &Seen) -> bool {
        let session = &seen.session;
        match which {
            Which::All => true,
            Which::Code(code) => {
                session.support_code == Some(*code)
                    || !answered.is_empty() && answered.contains(&self.handle(seen.key))
            }
            Which::Handle(handle) => self.handle(seen.key) == *handle,
            // CAS may give a name back as it was typed.
            Which::Person(login) => one_spelling(&session.proof.login) == one_spelling(login),
            Which::Provider(sp) => session.participants.iter().any(|told| told.sp == *sp),
        }
    }

    /// The name of a session in commands: whoever reads it over somebody's shoulder has nothing of the session.
    pub(super) fn handle(&self, key: SessionKey) -> String {
        let mut handle = self.pairwise.blind("session", &key.0);
        handle.truncate(HANDLE_CHARS);
        handle
    }

    fn shown(&self, seen: Seen) -> ShownSession {
        let Session {
            proof,
            index: _,
            support_code,
            ends_at,
            participants,
        } = seen.session;
        ShownSession {
            handle: self.handle(seen.key),
            person: proof.login,
            since: proof.at,
            used_at: seen.used_at,
            unused_until: seen.unused_until,
            ends_at,
            method: proof.method.as_str().to_owned(),
            class: proof.context.uri().to_owned(),
            support_code: support_code.map(|code| code.to_string()),
            participants,
        }
    }
}

/// The sessions that were used last of all that were seen, and the keys of all.
struct Sight {
    latest: Vec<Seen>,
    keys: HashSet<SessionKey>,
}

impl Sight {
    fn take(&mut self, seen: Seen, most: usize) {
        // One that was used meanwhile may be met again.
        if !self.keys.insert(seen.key) {
            return;
        }
        self.latest.push(seen);
        // In bounds, and sorted once for as many as are kept.
        if self.latest.len() > most.saturating_mul(2).max(64) {
            self.keep_latest(most);
        }
    }

    fn keep_latest(&mut self, most: usize) {
        self.latest
            .sort_by_key(|seen| (std::cmp::Reverse(seen.used_at), seen.key.0));
        self.latest.truncate(most);
    }
}

fn note(revoked: &mut Revoked, session: Session) {
    revoked.count += 1;
    if revoked.ended.len() < MOST_TOLD {
        let participants = session.participants.into_iter().map(|told| told.sp);
        revoked.ended.push(RevokedSession {
            person: session.proof.login,
            participants: participants.collect(),
        });
    }
}
