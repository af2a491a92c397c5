//! Sessions, where they lead, and the tickets that they were begun with.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;
use tokio::{runtime::Handle, sync::oneshot, task::JoinSet};

use super::{Inner, Noted, RedisStore, after, call::Call, scripts, values::Place};
use crate::{
    model::{
        session::{Participant, Session, SessionKey},
        store::{LEADS_ON, Seen, Sessions, Sight, Standing, StoreError},
    },
    store::{pack, unpack},
    sys::seal::BrokenSeal,
};

/// How often a change is tried while others change the same session, and how many replaced sessions are
/// followed from one to the next: more than one person's browsers can bring about.
const MOST_TRIES: usize = 256;

/// How many sessions of the list are asked for at one time, and how many of those are looked at: few enough that a
/// sign-in, on the same connection, does not wait for them.
const PAGE: usize = 256;
/// How many notes that a ticket was signed out, none of them ours, are passed over before its session is not listed: each has
/// somebody else write into the server meanwhile.
const MOST_PASSED_OVER: usize = 3;

/// How many are looked at however few may live: the bound may have been another one before.
const MOST_SEEN: usize = 100_000;
const LOOKED_AT_ONCE: usize = 16;

/// What is at the key of a session.
enum Found<T> {
    /// A session that lives.
    Session(T),
    /// None, and the key leads to that of another one.
    LeadsTo(SessionKey),
    /// Another session than the one that is meant.
    Changed,
    Nothing,
}

/// A session as it was read, with the value that it was read from.
struct Held {
    session: Session,
    value: Vec<u8>,
}

/// What a change came to.
enum Change {
    /// The session lives, and holds what was to be changed.
    Done,
    /// It is not there, and its key may lead to another one's.
    Over(Option<SessionKey>),
}

/// A ticket that was noted and of which nobody has heard so far: who brought it has gone, or goes on without the note, and it
/// may be made up. When this is dropped it is forgotten; a server of CAS refuses it a second time all the same.
struct ForgottenUnlessHeard(Option<(Arc<Inner>, [u8; 32])>);

impl ForgottenUnlessHeard {
    fn heard(mut self) {
        self.0 = None;
    }
}

impl Drop for ForgottenUnlessHeard {
    fn drop(&mut self) {
        let Some((inner, ticket)) = self.0.take() else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            // One that is not forgotten is known until its end.
            runtime.spawn(async move { inner.forget_ticket(ticket).await });
        }
    }
}

impl Sessions for RedisStore {
    async fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Sight, StoreError> {
        if expires_at <= now {
            return Ok(Sight::Again { by_same_at: None });
        }
        let (tell, told) = oneshot::channel();
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let places = &inner.places;
            let sets = (
                &places.brought,
                &places.signed_out,
                inner.limits.replay_marks,
            );
            let noted = inner.note(sets, ticket, (b"", expires_at), now).await;
            let is_ours = matches!(noted, Ok(Noted::First));
            let unheard = ForgottenUnlessHeard(is_ours.then_some((inner, ticket)));
            // Where nobody waits any more, or nobody comes to hear it, it goes back to nobody.
            let _ = tell.send((noted, unheard));
        });
        let noted = async {
            let Ok((noted, unheard)) = told.await else {
                return Err(StoreError::Unavailable);
            };
            unheard.heard();
            noted
        };
        Ok(match self.wait(noted).await? {
            Noted::First => Sight::First,
            Noted::Again(_) => Sight::Again { by_same_at: None },
        })
    }

    async fn forget_ticket(&self, ticket: [u8; 32]) -> Result<(), StoreError> {
        self.wait(self.0.forget_ticket(ticket)).await
    }

    async fn create(
        &self,
        key: SessionKey,
        session: Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        self.to_the_end(async move |inner| inner.create(key, &session, now).await)
            .await
    }

    async fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let change = self.0.change(key, now, |session| {
            let is_new = session.participants.last() != Some(&participant);
            if is_new {
                session.join(participant.clone());
            }
            is_new
        });
        Ok(match self.wait(change).await? {
            Change::Done => Standing::Lives,
            Change::Over(_) => Standing::Ended,
        })
    }

    async fn find(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.to_the_end(async move |inner| inner.find(key, now).await)
            .await
    }

    async fn end(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.to_the_end(async move |inner| inner.end(key, now).await)
            .await
    }

    async fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let login = login.to_owned();
        self.to_the_end(async move |inner| inner.end_of_another(key, &login, now).await)
            .await
    }

    async fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.to_the_end(async move |inner| inner.replace(old, new, now).await)
            .await
    }

    async fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.to_the_end(async move |inner| inner.end_by_ticket(ticket, now).await)
            .await
    }

    async fn sign_in_of(&self, ticket: [u8; 32], now: Timestamp) -> Result<Standing, StoreError> {
        let places = &self.0.places;
        let mut call = Call::of(&scripts::IS_SIGNED_OUT);
        call.key(places.brought.as_str())
            .key(places.signed_out.as_str());
        call.arg(now.as_millisecond()).arg(&ticket[..]);
        let note = self.wait(self.0.servers.run::<Option<Vec<u8>>>(&call));
        Ok(match note.await? {
            Some(note) if self.0.is_signed_out(&ticket, &note, now) => Standing::Ended,
            Some(_) | None => Standing::Lives,
        })
    }

    async fn look_through(
        &self,
        show: &mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // A use moves a session towards the end of the list, where it is met again: none that lives is passed over. Those
        // that begin stand there, too, and whoever waited for the last of them might wait for long.
        let most = usize::try_from(self.0.limits.sessions).unwrap_or(usize::MAX);
        let most = most.saturating_mul(2).max(MOST_SEEN);
        let (mut seen, mut unopened) = (0, HashSet::new());
        let mut behind = "-inf".to_owned();
        loop {
            let (last, keys) = self.0.page(&behind).await?;
            if last.is_empty() {
                return Ok(u64::try_from(unopened.len()).unwrap_or(u64::MAX));
            }
            behind = format!("({last}");
            // A page without a key that is one counts as well, or somebody's list would have no end.
            seen += keys.len().max(1);
            if seen > most {
                return Err(StoreError::Unavailable);
            }
            for some in keys.chunks(LOOKED_AT_ONCE) {
                let mut looks = JoinSet::new();
                for key in some.iter().copied() {
                    let inner = Arc::clone(&self.0);
                    looks.spawn(async move { (key, inner.look(key, now).await) });
                }
                while let Some(looked) = looks.join_next().await {
                    let (key, looked) = looked.map_err(|_lost| StoreError::Unavailable)?;
                    match looked {
                        Ok(Some(session)) => show(session),
                        Ok(None) => {}
                        // It lets nobody in here. Another node may have the key that opens it.
                        Err(StoreError::Forged) => {
                            unopened.insert(key);
                        }
                        Err(fault @ (StoreError::Full | StoreError::Unavailable)) => {
                            return Err(fault);
                        }
                    }
                }
            }
        }
    }
}

impl RedisStore {
    /// Takes all steps of `work`, though whoever waits for them goes away in between: a session that was taken
    /// and not yet bequeathed would be lost with all who took part in it, and one that says that the list has
    /// learned of a use would miss in it.
    async fn to_the_end<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let work = Box::pin(work(Arc::clone(&self.0)));
        let done = async { tokio::spawn(work).await };
        self.wait(async { done.await.unwrap_or(Err(StoreError::Unavailable)) })
            .await
    }
}

impl Inner {
    async fn forget_ticket(&self, ticket: [u8; 32]) -> Result<(), StoreError> {
        let mut call = Call::of(&scripts::FORGET);
        call.key(self.places.brought.as_str())
            .key(self.places.signed_out.as_str());
        call.arg(&ticket[..]);
        self.servers.run(&call).await
    }

    async fn create(
        &self,
        key: SessionKey,
        session: &Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let place = self.places.session(key);
        let unused_until = self.unused_until(session, now);
        let mut call = Call::of(&scripts::WRITE);
        call.key(place.as_str());
        call.arg(now.as_millisecond())
            .arg(self.seal(&place, session, now)?)
            .arg(whole_seconds_ms(session.ends_at))
            .arg(unused_until);
        self.servers.run::<()>(&call).await?;
        // Until it is listed nobody knows its key, and no notice finds it.
        match self.list(key, session, now).await {
            Ok(Standing::Lives) => Ok(Standing::Lives),
            // That holds also where it cannot be taken away: nobody has its key, and it ends by itself.
            not_listed @ (Ok(Standing::Ended) | Err(_)) => {
                let _is_gone = self.drop_session(key).await;
                not_listed
            }
        }
    }

    async fn find(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let place = self.places.session(key);
        let mut call = Call::of(&scripts::FIND);
        call.key(place.as_str());
        call.arg(now.as_millisecond()).arg(self.idle_ms());
        let found = self.servers.run::<Option<(Vec<u8>, bool)>>(&call).await?;
        let Some((value, is_to_be_listed)) = found else {
            return Ok(None);
        };
        let Some(session) = self.open(&place, &value, now)? else {
            return Ok(None);
        };
        if is_to_be_listed {
            // With all that belongs to it: whatever it has lost in the list, a notice finds it from here on.
            // Where it was ended meanwhile, what is listed leads to nothing and leaves when its time is over.
            match self.list(key, &session, now).await {
                Ok(Standing::Ended) => {
                    self.drop_session(key).await?;
                    return Ok(None);
                }
                // The session lives, though its place in the list may be an earlier one.
                Ok(Standing::Lives) | Err(_) => {}
            }
        }
        Ok(Some(session))
    }

    /// Puts a session into the list, or to its new place there, and drops those that have to make room; it is
    /// not listed where its ticket was signed out.
    async fn list(
        &self,
        key: SessionKey,
        session: &Session,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let places = &self.places;
        let ticket = session.proof.ticket.as_ref();
        let ticket = ticket.map_or(&[][..], |ticket| &ticket[..]);
        let sealed = if ticket.is_empty() {
            Vec::new()
        } else {
            let until = (now, session.ends_at);
            self.sealer
                .seal((&places.by_ticket, ticket), &key.0, until)?
        };
        let mut not_ours = Vec::new();
        for _ in 0..=MOST_PASSED_OVER {
            let mut call = Call::of(&scripts::LIST);
            call.key(places.listed.as_str())
                .key(places.by_ticket.as_str())
                .key(places.brought.as_str())
                .key(places.signed_out.as_str());
            call.arg(now.as_millisecond())
                .arg(member(key, session))
                .arg(self.unused_until(session, now))
                .arg(self.limits.sessions.max(1))
                .arg(ticket)
                .arg(&*sealed)
                .arg(whole_seconds_ms(session.ends_at))
                .arg(self.surely_over(now))
                .arg(not_ours);
            let (note, gone) = self.servers.run::<(Vec<u8>, Vec<Vec<u8>>)>(&call).await?;
            if note.is_empty() {
                self.drop_members(&gone).await;
                return Ok(Standing::Lives);
            }
            if self.is_signed_out(ticket, &note, now) {
                return Ok(Standing::Ended);
            }
            not_ours = note;
        }
        Err(StoreError::Forged)
    }

    /// Whether a note that this ticket was signed out is ours.
    fn is_signed_out(&self, ticket: &[u8], note: &[u8], now: Timestamp) -> bool {
        let place = (&self.places.signed_out, ticket);
        matches!(self.sealer.open(place, note, now), Ok(Some(_)))
    }

    async fn drop_members(&self, gone: &[Vec<u8>]) {
        for key in gone.iter().filter_map(|member| member.first_chunk()) {
            // One that stays ends by itself; it is found no more by its ticket until it is used.
            let _ = self.drop_session(SessionKey(*key)).await;
        }
    }

    async fn unlist(&self, key: SessionKey, session: &Session) -> Result<(), StoreError> {
        let mut call = Call::of(&scripts::UNLIST);
        call.key(self.places.listed.as_str())
            .key(self.places.by_ticket.as_str());
        call.arg(member(key, session));
        self.servers.run(&call).await
    }

    async fn drop_session(&self, key: SessionKey) -> Result<(), StoreError> {
        let mut call = Call::of(&scripts::DROP);
        call.key(self.places.session(key).as_str());
        self.servers.run(&call).await
    }

    async fn end(&self, key: SessionKey, now: Timestamp) -> Result<Option<Session>, StoreError> {
        match self.take(key, b"", (None, now)).await? {
            Found::Session(session) => Ok(Some(session)),
            Found::LeadsTo(_) | Found::Changed | Found::Nothing => Ok(None),
        }
    }

    async fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let mut at = key;
        for _ in 0..MOST_TRIES {
            let held = match self.read(at, now).await? {
                Found::Session(held) if held.session.proof.login == login => return Ok(None),
                Found::Session(held) => held,
                Found::LeadsTo(next) => {
                    at = next;
                    continue;
                }
                Found::Changed | Found::Nothing => return Ok(None),
            };
            match self.take(at, &held.value, (None, now)).await? {
                Found::Session(session) => return Ok(Some(session)),
                Found::LeadsTo(next) => at = next,
                // Somebody has joined meanwhile: once more.
                Found::Changed => {}
                Found::Nothing => return Ok(None),
            }
        }
        Err(StoreError::Unavailable)
    }

    async fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let mut at = old;
        for _ in 0..MOST_TRIES {
            if new == Some(at) {
                return Ok(None);
            }
            match self.take(at, b"", (new, now)).await? {
                Found::Session(earlier) => {
                    let Some(new) = new else {
                        return Ok(Some(earlier));
                    };
                    if at != old {
                        // The browser may have kept either of the two. That the way is short matters to nobody
                        // else: it is there from key to key.
                        let _ = self.lead(old, new, now).await;
                    }
                    return self.bequeath(earlier, new, now).await;
                }
                Found::LeadsTo(next) => at = next,
                Found::Changed | Found::Nothing => return Ok(None),
            }
        }
        Err(StoreError::Unavailable)
    }

    /// Has the session of `key` inherit from `earlier`, or the one that has replaced it; gives `earlier` back
    /// where nobody inherits.
    async fn bequeath(
        &self,
        earlier: Session,
        key: SessionKey,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let mut at = key;
        for _ in 0..MOST_TRIES {
            let mut has_inherited = false;
            let change = self.change(at, now, |session| {
                has_inherited = session.inherit(&earlier);
                has_inherited
            });
            match change.await {
                Ok(Change::Done) => return Ok(Some(earlier).filter(|_| !has_inherited)),
                Ok(Change::Over(Some(next))) => at = next,
                Ok(Change::Over(None)) | Err(_) => break,
            }
        }
        Ok(Some(earlier))
    }

    async fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let places = &self.places;
        let mut call = Call::of(&scripts::SIGN_OUT);
        call.key(places.brought.as_str())
            .key(places.signed_out.as_str())
            .key(places.by_ticket.as_str());
        // What stands beside the ticket says for how long it counts.
        let place = (&places.signed_out, &ticket[..]);
        let note = self.sealer.seal(place, b"", (now, Timestamp::MAX))?;
        call.arg(&ticket[..]).arg(note);
        let Some(value) = self.servers.run::<Option<Vec<u8>>>(&call).await? else {
            return Ok(None);
        };
        match self.open_key((&places.by_ticket, &ticket), &value, now)? {
            Some(key) => self.end(key, now).await,
            None => Ok(None),
        }
    }

    /// The keys of the sessions that the list has behind an end, and the end up to which they were read.
    async fn page(&self, behind: &str) -> Result<(String, Vec<SessionKey>), StoreError> {
        let mut call = Call::of(&scripts::PAGE);
        call.key(self.places.listed.as_str());
        call.arg(behind).arg(PAGE).arg(self.limits.sessions.max(1));
        let (last, members) = self.servers.run::<(String, Vec<Vec<u8>>)>(&call).await?;
        let keys = members.iter().filter_map(|member| member.first_chunk());
        Ok((last, keys.copied().map(SessionKey).collect()))
    }

    /// Looks at the session of `key`, which is no use of it.
    async fn look(&self, key: SessionKey, now: Timestamp) -> Result<Option<Seen>, StoreError> {
        let place = self.places.session(key);
        let mut call = Call::of(&scripts::LOOK);
        call.key(place.as_str());
        call.arg(now.as_millisecond()).arg(self.idle_ms());
        let found = self.servers.run::<Option<(Vec<u8>, String)>>(&call).await?;
        let Some((value, used_ms)) = found else {
            return Ok(None);
        };
        // Somebody else may have written it, and takes away no more than this one.
        let used_ms = used_ms.parse().or(Err(StoreError::Forged))?;
        // Nobody is let in by a look, and whoever asks is told: what cannot be opened is not counted at each of them.
        let packed = match self.sealer.look((&place, b""), &value, now) {
            Ok(packed) => packed,
            Err(BrokenSeal::Expired) => return Ok(None),
            Err(BrokenSeal::Forged) => return Err(StoreError::Forged),
        };
        let session = unpack(&packed).ok_or(StoreError::Forged)?;
        let used_at = Timestamp::from_millisecond(used_ms).unwrap_or(now);
        Ok(Some(Seen {
            key,
            unused_until: after(used_at, self.limits.idle).min(session.ends_at),
            session,
            used_at,
        }))
    }

    /// Reads the session of `key`, which is no use of it.
    async fn read(&self, key: SessionKey, now: Timestamp) -> Result<Found<Held>, StoreError> {
        let place = self.places.session(key);
        let mut call = Call::of(&scripts::READ);
        call.key(place.as_str()).key(self.places.heir(key).as_str());
        call.arg(now.as_millisecond()).arg(self.idle_ms());
        let found = self.servers.run::<(i64, Vec<u8>)>(&call).await?;
        self.sort(key, found, now)
    }

    /// Takes the session of `key` away, if it is the one of `value` or that is empty, and has the key lead to
    /// that of another one.
    async fn take(
        &self,
        key: SessionKey,
        value: &[u8],
        (leads_to, now): (Option<SessionKey>, Timestamp),
    ) -> Result<Found<Session>, StoreError> {
        let (place, heir) = (self.places.session(key), self.places.heir(key));
        let mut call = Call::of(&scripts::TAKE);
        call.key(place.as_str()).key(heir.as_str());
        call.arg(now.as_millisecond())
            .arg(self.idle_ms())
            .arg(value);
        let until = (now, after(now, LEADS_ON));
        let leads_to = leads_to.map(|to| self.sealer.seal((&heir, b""), &to.0, until));
        call.arg(leads_to.transpose()?.unwrap_or_default())
            .arg(LEADS_ON.as_millis().to_string());
        let found = self.servers.run::<(i64, Vec<u8>)>(&call).await?;
        Ok(match self.sort(key, found, now)? {
            Found::Session(held) => {
                // What the list still holds of it leaves when its time is over.
                let _ = self.unlist(key, &held.session).await;
                Found::Session(held.session)
            }
            Found::LeadsTo(next) => Found::LeadsTo(next),
            Found::Changed => Found::Changed,
            Found::Nothing => Found::Nothing,
        })
    }

    /// What [`scripts::READ`] and [`scripts::TAKE`] say of `key`.
    fn sort(
        &self,
        key: SessionKey,
        (kind, value): (i64, Vec<u8>),
        now: Timestamp,
    ) -> Result<Found<Held>, StoreError> {
        Ok(match kind {
            1 => {
                let session = self.open(&self.places.session(key), &value, now)?;
                session.map_or(Found::Nothing, |session| {
                    Found::Session(Held { session, value })
                })
            }
            2 => {
                let next = self.open_key((&self.places.heir(key), b""), &value, now)?;
                next.map_or(Found::Nothing, Found::LeadsTo)
            }
            3 => Found::Changed,
            0 => Found::Nothing,
            _ => return Err(StoreError::Unavailable),
        })
    }

    async fn lead(
        &self,
        old: SessionKey,
        new: SessionKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let heir = self.places.heir(old);
        let value = self
            .sealer
            .seal((&heir, b""), &new.0, (now, after(now, LEADS_ON)))?;
        let mut call = Call::of(&scripts::LEAD);
        call.key(heir.as_str());
        call.arg(value).arg(LEADS_ON.as_millis().to_string());
        self.servers.run(&call).await
    }

    /// Changes the session of `key` where it lives; `change` says whether it did change anything, and is
    /// asked again whenever somebody else was faster.
    async fn change(
        &self,
        key: SessionKey,
        now: Timestamp,
        mut change: impl FnMut(&mut Session) -> bool + Send,
    ) -> Result<Change, StoreError> {
        let place = self.places.session(key);
        for _ in 0..MOST_TRIES {
            let Held { mut session, value } = match self.read(key, now).await? {
                Found::Session(held) => held,
                Found::LeadsTo(next) => return Ok(Change::Over(Some(next))),
                Found::Changed | Found::Nothing => return Ok(Change::Over(None)),
            };
            if !change(&mut session) {
                return Ok(Change::Done);
            }
            let mut call = Call::of(&scripts::SWAP);
            call.key(place.as_str());
            call.arg(value).arg(self.seal(&place, &session, now)?);
            if self.servers.run(&call).await? {
                return Ok(Change::Done);
            }
        }
        Err(StoreError::Unavailable)
    }

    fn seal(
        &self,
        place: &Place,
        session: &Session,
        now: Timestamp,
    ) -> Result<Vec<u8>, StoreError> {
        // What cannot be packed cannot be remembered; the caller goes on without a session.
        let packed = pack(session)?;
        self.sealer
            .seal((place, b""), &packed, (now, session.ends_at))
    }

    fn open(
        &self,
        place: &Place,
        value: &[u8],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let opened = self.sealer.open((place, b""), value, now)?;
        let session = opened.map(|packed| unpack(&packed).ok_or_else(|| self.sealer.refuse()));
        session.transpose()
    }

    fn open_key(
        &self,
        place: (&Place, &[u8]),
        value: &[u8],
        now: Timestamp,
    ) -> Result<Option<SessionKey>, StoreError> {
        let opened = self.sealer.open(place, value, now)?;
        let key = opened.map(|key| key.try_into().map(SessionKey));
        key.transpose().map_err(|_length| self.sealer.refuse())
    }

    /// When `session` ends if it is not used after `now`, in milliseconds.
    fn unused_until(&self, session: &Session, now: Timestamp) -> i64 {
        let unused = after(now, self.limits.idle).as_millisecond();
        unused.min(whole_seconds_ms(session.ends_at))
    }

    /// Up to which listed end a session is over for every node: the list lags behind a use by a sixteenth of
    /// the idle time, or by two where it was not told of one, and another node's clock may be behind.
    fn surely_over(&self, now: Timestamp) -> i64 {
        let lag = (self.idle_ms() / 8).saturating_add(scripts::SWEPT_LATER_MS);
        now.as_millisecond().saturating_sub(lag)
    }

    fn idle_ms(&self) -> i64 {
        i64::try_from(self.limits.idle.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How a session stands in the list: with its ticket, so that both leave it together.
fn member(key: SessionKey, session: &Session) -> Vec<u8> {
    let ticket = session.proof.ticket.as_ref();
    [&key.0[..], ticket.map_or(&[][..], |ticket| &ticket[..])].concat()
}

/// Ends are kept as whole seconds, here as in the seal.
fn whole_seconds_ms(at: Timestamp) -> i64 {
    at.as_second().saturating_mul(1_000)
}
