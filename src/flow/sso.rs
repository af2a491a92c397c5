//! The sign-on: from a request to the answer, one step at a time.
//!
//! [`Bridge::begin`] takes a request, [`Bridge::resume`] a journey that comes back by GET,
//! [`Bridge::take_password`] the form, [`Bridge::take_ticket`] who comes back from CAS. Each of them ends in [`Bridge::pick_next`], which alone
//! decides what comes next: steps never link to one another.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use super::way::Message;
use super::{
    Next, PasswordForm, Refused, Reply, SentForm, Step, Visit,
    answer::Proven,
    bridge::{Bridge, Provider},
    newcomer::Newcomer,
    stop::{HereFault, Stop, Stopped},
    story::{OpenStory, Story},
    way::{BOUNCE, JOURNEY, UnderWay},
};
use crate::{
    audit,
    authn::{AuthnError, Outcome, PasswordAttempt, cas::CasFault},
    model::{
        journey::{BrowserBinding, Journey, OwnForm},
        name_id::NameIdFormat,
        proof::Proof,
        session::{Session, SessionKey},
        store::{Sessions as _, Standing, StoreError},
        trace::{Organ, Verdict},
    },
    saml::status::AnswerFault,
    sys::{entropy::saml_id, token::Token},
};

/// How long the form for name and password may come again from the same browser: a second click on
/// the button, before the first answer is there.
pub(super) const SECOND_CLICK: SignedDuration = SignedDuration::from_secs(10);
/// For how long what the store said of a session counts as said now. An answer that is being signed when the session ends
/// is sent as well, and this is less than that takes on a busy machine.
const JUST_NOW: Duration = Duration::from_millis(10);
/// What the form for name and password is keyed for.
const SIGN_IN_FORM: &str = "passerelle sign-in form";

impl Bridge {
    /// Takes an `AuthnRequest`.
    ///
    /// # Errors
    ///
    /// What the person is told on our page. What the provider may be told is a [`Reply`].
    pub async fn begin(&self, message: Message<'_>, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        let end = match self.receive(message, visit, &mut story) {
            Ok(way) => {
                let may_read_cookies = matches!(message, Message::Redirect(_));
                self.pick_next(way, visit, may_read_cookies, &mut story)
                    .await
            }
            Err(stop) => Err(stop),
        };
        self.close(story, end).await
    }

    /// Takes a journey that comes back by GET.
    ///
    /// # Errors
    ///
    /// As [`Self::begin`].
    pub async fn resume(&self, sp: &str, seal: &str, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        let end = match self.open(sp, seal, visit, &mut story) {
            Ok(way) => self.pick_next(way, visit, true, &mut story).await,
            Err(stop) => Err(stop),
        };
        self.close(story, end).await
    }

    /// Takes the form for name and password.
    ///
    /// # Errors
    ///
    /// As [`Self::begin`].
    pub async fn take_password(&self, sent: SentForm, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        let end = match self.open(&sent.sp, &sent.seal, visit, &mut story) {
            Ok(mut way) => {
                way.again_within = SECOND_CLICK;
                self.try_password(way, sent, visit, &mut story).await
            }
            Err(stop) => Err(stop),
        };
        self.close(story, end).await
    }

    /// Picks what comes next, for a journey in whatever state it is.
    pub(super) async fn pick_next(
        &self,
        way: UnderWay<'_>,
        visit: &Visit,
        may_read_cookies: bool,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        if !may_read_cookies {
            // No cookie comes with a POST from another site: whether there is a session, and which
            // browser this is, shows at the GET that follows.
            return Ok(Reply::new(Next::GoOn(self.step(&way.journey, BOUNCE)?)));
        }
        if let Some(answer) = self.answer_from_session(&way, visit, story).await {
            return match answer {
                Ok(next) => Ok(Reply::new(next)),
                // Our page would tell the person what to do, and no page may be shown.
                Err(Stop::Here(fault)) if way.journey.is_passive && fault.is_for_the_person() => {
                    Err(Stop::told(way.to, AnswerFault::Passive))
                }
                Err(stop) => Err(stop),
            };
        }
        if names_nobody_to_come(&way) {
            story
                .trace
                .note(Organ::Authn, "subject", Verdict::SubjectOfNobody);
            return Err(Stop::told(way.to, AnswerFault::UnknownPrincipal));
        }
        let cas = self.authenticator.cas.as_ref();
        let is_known_nowhere = cas.is_none() || visit.browser.is_none() && !is_to_be_offered(&way);
        if way.journey.is_passive && is_known_nowhere {
            return Err(Stop::told(way.to, AnswerFault::Passive));
        }
        let Some(browser) = &visit.browser else {
            return self.offer(way);
        };
        let hash = browser.hash();
        let mut way = way;
        let shows_form_here = match way.journey.binding {
            BrowserBinding::Bound(_) => true,
            BrowserBinding::Offered(offered) => {
                // Another one than it was offered: two tabs began at the same time. Later, it is
                // somebody else's address.
                if offered != hash && !self.comes_at_once(&way.journey) {
                    return Err(HereFault::OtherBrowser.into());
                }
                offered == hash
            }
            BrowserBinding::Unbound => false,
        };
        way.journey.binding = BrowserBinding::Bound(hash);
        let is_gone = match cas {
            Some(cas) if self.authenticator.password.is_none() => cas.is_gone().await,
            Some(_) | None => false,
        };
        match cas {
            Some(cas) if !is_gone && self.is_up(cas).await => self.send_to_cas(cas, &way.journey),
            Some(_) | None if shows_form_here || way.journey.is_passive => {
                if !is_gone {
                    self.ask_password(way, browser, story)
                } else if way.journey.is_passive {
                    Err(Stop::told(way.to, AnswerFault::Passive))
                } else {
                    Err(HereFault::from(AuthnError::Cas(CasFault::Gone)).into())
                }
            }
            // Its page has an address of its own, which can be asked for again.
            Some(_) | None => {
                let left = self.time_left(&way.journey);
                Ok(Reply::new(Next::GoOn(self.step(&way.journey, left)?)))
            }
        }
    }

    /// Whether a browser comes back as soon as it was sent.
    pub(super) fn comes_at_once(&self, journey: &Journey) -> bool {
        self.time_left(journey) >= JOURNEY - BOUNCE
    }

    /// Gives a browser that brought none a value to keep, and has it come back with that.
    fn offer(&self, way: UnderWay<'_>) -> Result<Reply, Stop> {
        match way.journey.binding {
            BrowserBinding::Unbound => {
                let token = Token::draw(&*self.entropy);
                let mut journey = way.journey;
                journey.binding = BrowserBinding::Offered(token.hash());
                let left = self.time_left(&journey);
                let mut reply = Reply::new(Next::GoOn(self.step(&journey, left)?));
                reply.keep_browser = Some(token);
                Ok(reply)
            }
            BrowserBinding::Offered(_) if self.comes_at_once(&way.journey) => {
                Err(HereFault::CookiesBlocked.into())
            }
            BrowserBinding::Offered(_) | BrowserBinding::Bound(_) => {
                Err(HereFault::OtherBrowser.into())
            }
        }
    }

    /// Shows the form for name and password, with a CAS server only while that does not answer.
    pub(super) fn ask_password(
        &self,
        mut way: UnderWay<'_>,
        browser: &Token,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        if way.journey.is_passive {
            return Err(Stop::told(way.to, AnswerFault::Passive));
        }
        if self.authenticator.cas.is_some() {
            story.trace.note(Organ::Authn, "cas", Verdict::CasSilent);
            way.journey.own_form = OwnForm::Shown;
        }
        let step = self.step(&way.journey, self.time_left(&way.journey))?;
        let form = password_form(&way, step, browser);
        Ok(Reply::new(Next::AskPassword(form)))
    }

    /// The answer of the session of this browser; none where there is none that can answer, or it ends
    /// before it has.
    async fn answer_from_session(
        &self,
        way: &UnderWay<'_>,
        visit: &Visit,
        story: &mut Story,
    ) -> Option<Result<Next, Stop>> {
        let key = SessionKey(visit.session.as_ref()?.hash());
        let asked_at = self.clock.passed();
        let session = self.usable_session(way, key, story).await?;
        (story.person, story.session) = (Some(session.proof.login.clone()), Some(key));
        let prepared = self
            .prepare(way, &session.proof, Proven::Before(&session), story)
            .await;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(stop) => return Some(Err(stop)),
        };
        let Some(participant) = prepared.participant(way, &session.index) else {
            return Some(self.issue(way, &session, &prepared, story).await);
        };
        // Whether there is anything to note, or what it took to prepare the answer gave the session time to end.
        let is_known = session.participants.last() == Some(&participant)
            && was_just_now(asked_at, self.clock.passed());
        let standing = if is_known {
            Ok(Standing::Lives)
        } else {
            self.store.join(key, participant, self.clock.now()).await
        };
        match standing {
            Ok(Standing::Lives) => {}
            Ok(Standing::Ended) => {
                story
                    .trace
                    .note(Organ::Session, "session", Verdict::SessionJustEnded);
                (story.person, story.session) = (None, None);
                return None;
            }
            Err(cause) => self.health.note_unkept(cause),
        }
        let answer = self.issue(way, &session, &prepared, story).await;
        if answer.is_err() {
            self.join_as_before(way, key, &session).await;
        }
        Some(answer)
    }

    /// A provider that was not told anything after all knows the person by what it was told before, which
    /// a transient name would otherwise have taken the place of.
    async fn join_as_before(&self, way: &UnderWay<'_>, key: SessionKey, session: &Session) {
        let mut told = session.participants.iter();
        let Some(before) = told.find(|known| known.sp == way.journey.sp) else {
            return;
        };
        let joined = self.store.join(key, before.clone(), self.clock.now());
        if let Err(cause) = joined.await {
            self.health.note_unkept(cause);
        }
    }

    /// The session that can answer: alive, fresh enough for this provider, and of a kind that the
    /// request takes. None where the person must prove anew who they are.
    async fn usable_session(
        &self,
        way: &UnderWay<'_>,
        key: SessionKey,
        story: &mut Story,
    ) -> Option<Session> {
        let now = self.clock.now();
        let session = match self.store.find(key, now).await {
            Ok(Some(session)) => session,
            Ok(None) => {
                story
                    .trace
                    .note(Organ::Session, "session", Verdict::SessionNone);
                return None;
            }
            Err(cause) => {
                self.health.note_unkept(cause);
                story
                    .trace
                    .note(Organ::Session, "session", Verdict::SessionUnknown);
                return None;
            }
        };
        let verdict = if way.journey.force_authn {
            Verdict::SessionNotForced
        } else if !is_young_enough(&session.proof, way.provider, now) {
            Verdict::SessionTooOld
        } else if !is_acceptable(&session.proof, &way.journey) {
            Verdict::SessionOfAnotherClass
        // Who has no name at this provider is told so when the answer is prepared.
        } else if !self
            .is_about(way, &session.proof, &session.participants)
            .unwrap_or(true)
        {
            Verdict::SessionOfAnother
        } else {
            story
                .trace
                .note(Organ::Session, "session", Verdict::SessionUsed);
            return Some(session);
        };
        story.trace.note(Organ::Session, "session", verdict);
        None
    }

    async fn try_password(
        &self,
        way: UnderWay<'_>,
        sent: SentForm,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        let Some(browser) = &visit.browser else {
            return Err(HereFault::OtherBrowser.into());
        };
        let is_bound = matches!(way.journey.binding, BrowserBinding::Bound(_));
        if !is_bound || !browser.opens_form(SIGN_IN_FORM, &sent.seal, &sent.form_key) {
            return Err(HereFault::FormForged.into());
        }
        let now = self.clock.now();
        let attempt = PasswordAttempt {
            username: &sent.login,
            password: &sent.password,
            address: visit.address,
            context: self.settings.password_context.clone(),
        };
        if let Some(cas) = &self.authenticator.cas
            && way.journey.own_form == OwnForm::Shown
            && self.is_up(cas).await
        {
            // It is back, and what it asks for may be more than a password.
            return self.send_to_cas(cas, &way.journey);
        }
        let may_be_asked =
            self.authenticator.cas.is_none() || way.journey.own_form == OwnForm::Shown;
        let Some(authenticator) = self
            .authenticator
            .password
            .as_ref()
            .filter(|_| may_be_asked)
        else {
            return Err(HereFault::FormForged.into());
        };
        let outcome = authenticator.authenticate(&*self.store, attempt, now).await;
        let refused = match outcome.map_err(HereFault::from)? {
            Outcome::Proven(proof) => {
                let newcomer = self.welcome(proof, visit, story).await;
                return self.let_in(way, newcomer, visit, story).await;
            }
            Outcome::ProvenWithWarning(proof, warning) => {
                // Before they read of it: from that page they may go somewhere else, and not on.
                let newcomer = self.welcome(proof, visit, story).await;
                let told = (newcomer.proof(), warning);
                let Some(notice) = self.notice(&way, &sent.seal, told, browser)? else {
                    return self.let_in(way, newcomer, visit, story).await;
                };
                story
                    .trace
                    .note(Organ::Authn, "password", Verdict::PasswordEndsSoon);
                return Ok(Reply::new(Next::TellOfTheEnd(notice)));
            }
            Outcome::Barred(barrier) => {
                // Their password is right. By another spelling of their name their own session ends, too: they are let in nowhere.
                self.end_of_another(&sent.login, visit, story).await;
                tell_refusal(barrier.as_str(), &way, story);
                return Err(HereFault::Barred(barrier).into());
            }
            Outcome::Refused(reason) => {
                tell_refusal(reason.as_str(), &way, story);
                Refused::Wrong
            }
            Outcome::Wait { until } => {
                tell_delay("throttled", &way, story);
                let seconds = until.duration_since(now).as_secs().max(1);
                Refused::Wait(seconds.unsigned_abs())
            }
            Outcome::Busy => {
                tell_delay("busy", &way, story);
                Refused::Busy
            }
        };
        let step = Step::of_path(&way.journey, sent.seal);
        let mut form = password_form(&way, step, browser);
        form.refused = Some(refused);
        form.login = sent.login;
        Ok(Reply::new(Next::AskPassword(form)))
    }

    /// A person has proven who they are: remembers it where that is possible, and answers.
    pub(super) async fn let_in(
        &self,
        way: UnderWay<'_>,
        newcomer: Newcomer,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        let proof = newcomer.into_proof();
        story
            .trace
            .note(Organ::Authn, proof.method.as_str(), Verdict::Proven);
        if !is_acceptable(&proof, &way.journey) {
            story
                .trace
                .note(Organ::Authn, "context", Verdict::ContextNotTaken);
            return Err(Stop::told(way.to, AnswerFault::AuthnContext));
        }
        if !self.is_about(&way, &proof, &[])? {
            story
                .trace
                .note(Organ::Authn, "subject", Verdict::SubjectIsAnother);
            return Err(Stop::told(way.to, AnswerFault::UnknownPrincipal));
        }
        let prepared = self.prepare(&way, &proof, Proven::Now, story).await?;
        // From here on nothing waits but for a store that is elsewhere. Where the browser goes away meanwhile, this
        // stops there: a session that has begun is nobody's, as its cookie never left, and ends unused. The ends
        // of others are told all the same (`Bridge::end_and_tell`).
        let index = saml_id(&*self.entropy);
        let session = Session {
            participants: prepared.participant(&way, &index).into_iter().collect(),
            index,
            support_code: Some(story.support_code),
            ends_at: self
                .clock
                .now()
                .saturating_add(self.settings.session_lifetime)
                .unwrap_or_default(),
            proof,
        };
        let token = Token::draw(&*self.entropy);
        let key = SessionKey(token.hash());
        let kept = match self.begin_session(key, &session, way.keeps_session).await {
            Ok(Standing::Lives) => {
                story.session = Some(key).filter(|_| way.keeps_session);
                Some(token).filter(|_| way.keeps_session)
            }
            Ok(Standing::Ended) => return self.ask_once_more(way, story),
            Err(cause) => {
                self.health.note_unkept(cause);
                None
            }
        };
        match self.issue(&way, &session, &prepared, story).await {
            Ok(next) => {
                self.replace_old(kept.as_ref(), visit).await;
                // The old one ends, or could not be ended, and none is in its place.
                story.forgets_session = kept.is_none() && visit.session.is_some();
                let mut reply = Reply::new(next);
                reply.keep_session = kept;
                Ok(reply)
            }
            Err(stop) => {
                story.session = None;
                // Somebody who is stopped here keeps no new session: it would outlive the person's patience
                // on a shared computer and serve nothing. The one from before stays as it was.
                if kept.is_some()
                    && let Err(cause) = self.store.end(key, self.clock.now()).await
                {
                    self.health.note_unkept(cause);
                }
                Err(stop)
            }
        }
    }

    /// Begins a session, where one is kept. It begins before the answer is made: where the CAS server has
    /// told of its end already, nobody is told anything, with a session or without one.
    async fn begin_session(
        &self,
        key: SessionKey,
        session: &Session,
        is_kept: bool,
    ) -> Result<Standing, StoreError> {
        let now = self.clock.now();
        match session.proof.ticket {
            _ if is_kept => self.store.create(key, session.clone(), now).await,
            Some(ticket) => self.store.sign_in_of(ticket, now).await,
            None => Ok(Standing::Lives),
        }
    }

    /// The person has signed out at CAS while they came back from it: they are asked there again.
    fn ask_once_more(&self, way: UnderWay<'_>, story: &mut Story) -> Result<Reply, Stop> {
        match &self.authenticator.cas {
            Some(cas) => self.send_again(cas, way, "SIGNED_OUT", story),
            None => Err(HereFault::CasRefuses.into()),
        }
    }

    /// Ends a step: turns what the provider may be told into an answer, and writes the story.
    pub(super) async fn close(
        &self,
        mut story: OpenStory<'_>,
        end: Result<Reply, Stop>,
    ) -> Result<Reply, Stopped> {
        let end = match end {
            Err(Stop::Answer { to, fault }) => self.refuse(&to, fault, &mut story).await,
            Err(Stop::Here(fault)) => Err(fault),
            Ok(reply) => Ok(reply),
        };
        let forget_session = story.forgets_session;
        let end = end.map(|reply| Reply {
            forget_session,
            ..reply
        });
        let end = end.map_err(|fault| self.stopped_at(&mut story, fault));
        // Written down once, for the log and for the help desk.
        let story = story.close();
        let decisions = story.trace.lines();
        story.tell(&end, &decisions);
        self.keep(story, decisions, end.as_ref());
        end
    }

    /// The page of a fault that ends a step.
    pub(super) fn stopped_at(&self, story: &mut Story, fault: HereFault) -> Stopped {
        Stopped {
            again: story.step.take().filter(|_| fault.may_pass()),
            fault,
            support_code: story.support_code,
            home: story.sp.as_ref().and_then(|name| self.home(name)),
            is_trial: story.is_trial,
            shown: story.stopped_trial.take(),
            forget_session: story.forgets_session,
        }
    }
}

pub(super) fn tell_refusal(reason: &'static str, way: &UnderWay<'_>, story: &mut Story) {
    story.trace.note(
        Organ::Authn,
        "password",
        Verdict::PasswordRefused(reason.into()),
    );
    audit::Event::Refused {
        reason,
        sp: &way.journey.sp,
        address: way.address,
        support_code: story.support_code,
    }
    .write();
}

fn tell_delay(reason: &'static str, way: &UnderWay<'_>, story: &mut Story) {
    story.trace.note(
        Organ::Authn,
        "password",
        Verdict::PasswordDelayed(reason.into()),
    );
    audit::Event::Delayed {
        reason,
        sp: &way.journey.sp,
        address: way.address,
        support_code: story.support_code,
    }
    .write();
}

fn password_form(way: &UnderWay<'_>, step: Step, browser: &Token) -> PasswordForm {
    PasswordForm {
        form_key: browser.form_key(SIGN_IN_FORM, &step.seal),
        step,
        provider: way.provider.display_name.clone(),
        ui_info: way.provider.registered.sp.ui_info.clone(),
        refused: None,
        login: String::new(),
    }
}

/// Whether the request names somebody by a transient name: nobody who signs in now will bear it.
fn names_nobody_to_come(way: &UnderWay<'_>) -> bool {
    way.journey.subject.is_some() && way.provider.name_id.format() == Some(NameIdFormat::Transient)
}

/// Whether the browser may still turn out to keep the value that journeys are bound to.
fn is_to_be_offered(way: &UnderWay<'_>) -> bool {
    matches!(way.journey.binding, BrowserBinding::Unbound)
}

/// Whether this provider takes a sign-in of that age.
pub(super) fn is_young_enough(proof: &Proof, provider: &Provider, now: Timestamp) -> bool {
    let max_age = provider.registered.config.max_authn_age;
    max_age.is_none_or(|max_age| now.duration_since(proof.at) < max_age)
}

fn is_acceptable(proof: &Proof, journey: &Journey) -> bool {
    journey.acceptable_contexts.is_empty() || journey.acceptable_contexts.contains(&proof.context)
}

/// Whether what was asked of the store then says how it is now.
fn was_just_now(asked_at: Duration, passed: Duration) -> bool {
    passed.saturating_sub(asked_at) < JUST_NOW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r66_what_the_store_took_long_to_say_of_a_session_is_asked_again() {
        let asked_at = Duration::from_secs(1);
        for (ms, is_so) in [(0, true), (9, true), (10, false), (250, false)] {
            let passed = asked_at + Duration::from_millis(ms);
            assert_eq!(was_just_now(asked_at, passed), is_so, "{ms}");
        }
    }
}
