//! The end of our own session, by the person, by the CAS server or by an administrator. What the service providers are told
//! is another issue's business: the page says that they keep theirs.

use std::{net::IpAddr, sync::Arc};

use super::{
    Visit,
    bridge::Bridge,
    stop::{HereFault, Stopped},
    story::Story,
};
use crate::{
    audit,
    authn::cas::{Ticket, notice::SignOutState},
    model::{
        session::{Session, SessionEnd, SessionKey},
        store::{Sessions as _, StoreError},
        support_code::SupportCode,
    },
    store::Store,
    sys::token::Token,
};

const LOGOUT_FORM: &str = "passerelle logout form";

/// A session that ended before its time, with all that whoever passes it on has to know.
#[derive(Debug)]
pub(super) struct EndedSession {
    /// What it was: who, and in which providers' sessions they still are.
    pub(super) session: Session,
    /// What ended it.
    pub(super) cause: SessionEnd,
    /// Where that came from.
    pub(super) origin: Origin,
}

/// Where the end of a session came from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A browser, or the CAS server, at this address.
    Address(IpAddr),
    /// A command of this user's.
    Command(String),
}

/// A logout notice of the CAS server.
#[derive(Debug)]
pub struct LogoutNotice {
    /// The ticket that it names.
    pub ticket: Ticket,
    /// The way it came: by the back or the front channel.
    pub cause: SessionEnd,
    /// Where in its sign-out the server wants the browser back.
    pub state: Option<SignOutState>,
    /// Where it came from.
    pub address: IpAddr,
}

/// What a person sees who wants to sign out.
#[derive(Debug)]
pub enum Farewell {
    /// There is a session, or may be one: they confirm that it ends.
    Confirm {
        /// The value that proves where the confirmation came from.
        form_key: String,
        /// Who is signed in; none where that is not known.
        person: Option<String>,
    },
    /// The session has ended.
    Done,
    /// There is no session.
    Nothing,
}

impl Bridge {
    /// Says what there is to sign out of. A plain visit ends nothing.
    ///
    /// # Errors
    ///
    /// The store did not answer.
    pub async fn ask_logout(&self, visit: &Visit) -> Result<Farewell, Stopped> {
        let Some(token) = &visit.session else {
            if visit.is_session_doubted {
                // The own session may be among what it sent: to confirm this has the browser forget it.
                return Ok(Farewell::Confirm {
                    form_key: String::new(),
                    person: None,
                });
            }
            return Ok(Farewell::Nothing);
        };
        let found = self
            .store
            .find(SessionKey(token.hash()), self.clock.now())
            .await;
        let session = found.map_err(|cause| self.logout_failed(cause))?;
        Ok(
            session.map_or(Farewell::Nothing, |session| Farewell::Confirm {
                form_key: token.form_key(LOGOUT_FORM, ""),
                person: Some(session.proof.login),
            }),
        )
    }

    /// Ends the session of this browser.
    ///
    /// # Errors
    ///
    /// The form is not from our page in this browser, or the session may still live.
    pub async fn log_out(&self, form_key: &str, visit: &Visit) -> Result<Farewell, Stopped> {
        let Some(token) = &visit.session else {
            return Ok(Farewell::Nothing);
        };
        if !token.opens_form(LOGOUT_FORM, "", form_key) {
            return Err(self.stopped(HereFault::FormForged));
        }
        let (key, now) = (SessionKey(token.hash()), self.clock.now());
        let end = async move |store: Arc<Store>| store.end(key, now).await;
        self.end_and_tell(end, SessionEnd::Person, Origin::Address(visit.address))
            .await
            .map(|()| Farewell::Done)
            .map_err(|cause| self.logout_failed(cause))
    }

    /// Takes a logout notice of the CAS server: ends the session that was begun with the ticket it
    /// names. Hours after the sign-in, and without a cookie: the seal in the address stays closed,
    /// and the ticket, which nobody else knows, is all that is believed. Says where the browser
    /// that brought it goes on, whether it ended anything or not.
    ///
    /// # Errors
    ///
    /// The session may still live.
    pub async fn take_logout_notice(
        &self,
        notice: LogoutNotice,
    ) -> Result<Option<String>, StoreError> {
        let (ticket, now) = (notice.ticket.hash(), self.clock.now());
        let end = async move |store: Arc<Store>| store.end_by_ticket(ticket, now).await;
        self.end_and_tell(end, notice.cause, Origin::Address(notice.address))
            .await?;
        Ok(self.way_back(notice.state.as_ref()))
    }

    /// Where a browser goes on that the CAS server has sent away in the midst of its sign-out.
    pub fn way_back(&self, state: Option<&SignOutState>) -> Option<String> {
        let cas = self.authenticator.cas.as_ref()?;
        Some(cas.sign_out_url(state?))
    }

    /// Ends the session that this browser has from before, of whose person a new sign-in is answered: a
    /// value that somebody planted is worth nothing afterwards. Who took part in it goes over to the
    /// `new` session, which a provider asks for every two hours; without one they are told of its end.
    pub(super) async fn replace_old(&self, new: Option<&Token>, visit: &Visit) {
        let Some(token) = &visit.session else {
            return;
        };
        let new = new.map(|token| SessionKey(token.hash()));
        let (old, now) = (SessionKey(token.hash()), self.clock.now());
        let end = async move |store: Arc<Store>| store.replace(old, new, now).await;
        // Whatever came of it, the person has been answered.
        let _ = self.end_replaced(end, visit).await;
    }

    /// Has the store end what another sign-in takes the place of, for no longer than one request may wait.
    pub(super) async fn end_replaced<F>(
        &self,
        end: impl FnOnce(Arc<Store>) -> F,
        visit: &Visit,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<Option<Session>, StoreError>> + Send + 'static,
    {
        let origin = Origin::Address(visit.address);
        // What a task of its own asks the store counts for no request; this wait does, and the task goes on.
        let ended = self.end_and_tell(end, SessionEnd::Replaced, origin);
        let ended = self.store.as_one_request_may(ended).await;
        ended.inspect_err(|cause| self.health.note_unkept(*cause))
    }

    /// Has the store end a session, and tells of the end. The server drops a handler where it waits when the
    /// browser goes away: a session that had ended by then would never be told of. So this is a task of its own, which begins
    /// at once; what is given back waits for it.
    fn end_and_tell<F>(
        &self,
        end: impl FnOnce(Arc<Store>) -> F,
        cause: SessionEnd,
        origin: Origin,
    ) -> impl Future<Output = Result<(), StoreError>>
    where
        F: Future<Output = Result<Option<Session>, StoreError>> + Send + 'static,
    {
        let ending = ended_and_told(end(Arc::clone(&self.store)), cause, origin);
        let ending = self.endings.spawn(ending);
        async {
            let told = ending.await;
            told.unwrap_or(Err(StoreError::Unavailable)).map(|_| ())
        }
    }

    fn logout_failed(&self, cause: StoreError) -> Stopped {
        self.stopped(HereFault::LogoutFailed(cause))
    }

    fn stopped(&self, fault: HereFault) -> Stopped {
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
        let stopped = self.stopped_at(&mut story, fault);
        let decisions = story.trace.lines();
        self.keep(story, decisions, Err(&stopped));
        stopped
    }

    /// A value to key a form with, where the browser has none yet.
    pub fn draw_token(&self) -> Token {
        Token::draw(&*self.entropy)
    }
}

/// Ends a session, tells of the end, and gives back what it was.
pub(super) async fn ended_and_told(
    ending: impl Future<Output = Result<Option<Session>, StoreError>>,
    cause: SessionEnd,
    origin: Origin,
) -> Result<Option<Session>, StoreError> {
    let Some(session) = ending.await? else {
        return Ok(None);
    };
    let ended = EndedSession {
        session,
        cause,
        origin,
    };
    tell_end(&ended);
    Ok(Some(ended.session))
}

/// The one place that every end of a session before its time comes through. One that ends by its time
/// alone ends without a word: nothing runs then.
pub(super) fn tell_end(ended: &EndedSession) {
    audit::Event::SignedOut {
        person: &ended.session.proof.login,
        cause: ended.cause,
        participants: &ended.session.participants,
        address: match &ended.origin {
            Origin::Address(address) => Some(*address),
            Origin::Command(_) => None,
        },
        asked_by: match &ended.origin {
            Origin::Address(_) => None,
            Origin::Command(user) => Some(user),
        },
    }
    .write();
}
