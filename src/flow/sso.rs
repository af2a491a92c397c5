//! The sign-on: from a request to the answer, one step at a time.
//!
//! [`Bridge::begin`] takes a request, [`Bridge::resume`] a journey that comes back by GET,
//! [`Bridge::take_password`] the form. Each of them ends in [`Bridge::pick_next`], which alone
//! decides what comes next: steps never link to one another.

use std::{net::IpAddr, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    Answer, Next, PasswordForm, Refused, Reply, SentForm, Step, Visit,
    bridge::{Bridge, Provider},
    stop::{HereFault, Home, Stop, Stopped},
    story::Story,
};
use crate::{
    attributes::name_id::Parties,
    audit,
    authn::{Outcome, PasswordAttempt},
    metadata::registry::{Registered, SpFault},
    model::{
        journey::{BrowserBinding, Journey},
        proof::Proof,
        session::{Session, SessionKey},
        short_name::ShortName,
        store::{ReplayGuard as _, Sessions as _, Sight, Use},
        support_code::SupportCode,
        trace::Organ,
    },
    saml::{
        acs::ReturnAddress,
        authn_request::claimed_issuer,
        binding::{post, redirect},
        response::{Issuing, Subject},
        status::AnswerFault,
        trust::{Expectations, Offer, trust},
    },
    sys::{
        entropy::saml_id,
        seal::{BrokenSeal, Purpose},
        token::Token,
    },
    xml::{self, Limits},
};

/// How long a journey may take.
const JOURNEY: SignedDuration = SignedDuration::from_hours(1);
/// How long a journey may stay without a browser: the bounce of a POST and nothing else.
const BOUNCE: SignedDuration = SignedDuration::from_secs(60);
/// How long the form for name and password may come again from the same browser: a second click on
/// the button, before the first answer is there.
const SECOND_CLICK: SignedDuration = SignedDuration::from_secs(10);
/// The longest seal that is put into a path: proxies and servers of the field take no more.
const MAX_SEAL_CHARS: usize = 3000;
/// What the form for name and password is keyed for.
const SIGN_IN_FORM: &str = "passerelle sign-in form";

/// A request, as HTTP brought it.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The raw query of HTTP-Redirect.
    Redirect(&'a str),
    /// The raw form of HTTP-POST. It may come from another site, and then without cookies.
    Post(&'a str),
}

/// A journey under way, with the provider of now.
struct UnderWay<'a> {
    journey: Journey,
    to: ReturnAddress,
    provider: &'a Provider,
    /// The browser, by the hash of its value; zeros where it has none.
    browser: [u8; 32],
    /// Where it calls from.
    address: IpAddr,
    /// For how long the same browser may have the request answered again.
    again_within: SignedDuration,
}

/// When a person has proven who they are, as the audit tells it. The times do not say: a journey may
/// have begun before the session that answers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Proven {
    /// On this journey.
    Now,
    /// On another one: their session answers.
    Before,
}

impl Bridge {
    /// Takes an `AuthnRequest`.
    ///
    /// # Errors
    ///
    /// What the person is told on our page. What the provider may be told is a [`Reply`].
    pub async fn begin(&self, message: Message<'_>, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
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
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
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
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
        let end = match self.open(&sent.sp, &sent.seal, visit, &mut story) {
            Ok(mut way) => {
                way.again_within = SECOND_CLICK;
                self.try_password(way, sent, visit, &mut story).await
            }
            Err(stop) => Err(stop),
        };
        self.close(story, end).await
    }

    /// From the octets to a journey whose return address is proven.
    fn receive(
        &self,
        message: Message<'_>,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<UnderWay<'_>, Stop> {
        let received = match message {
            Message::Redirect(query) => redirect::decode_request(query),
            Message::Post(form) => post::decode_request(form),
        }
        .map_err(HereFault::from)?;
        let document = xml::open(&received.xml, &Limits::MESSAGE).map_err(HereFault::from)?;
        let root = document.root();
        let claimed = claimed_issuer(root).map_err(HereFault::from)?;
        let now = self.clock.now();
        let provider = self.served(self.registry.sp_for(&claimed, now), story)?;
        let sp = &provider.registered.sp;
        let expected = Expectations {
            sp,
            keys: &provider.registered.keys,
            must_be_signed: provider.registered.must_sign_requests(),
            destination: &self.settings.sso_url,
            now,
            max_age: self.settings.max_request_age,
            max_ahead: self.settings.max_request_ahead,
        };
        let trusted = trust(&received, root, &expected).map_err(HereFault::from)?;
        story.trace.note(
            Organ::Request,
            "signature",
            if trusted.is_signed() {
                "verified"
            } else {
                "none, and none is demanded"
            },
        );
        let to = ReturnAddress::of_request(&trusted, received.relay_state, sp)
            .map_err(HereFault::from)?;
        story
            .trace
            .note(Organ::Acs, "address", "stands in the metadata");
        // From here on a fault may be told to the provider.
        let offer = Offer {
            sp,
            name_id_format: provider.name_id.format(),
            contexts: &[self.settings.password_context],
        };
        let wishes = trusted.check_wishes(&offer).map_err(|fault| Stop::Answer {
            to: Box::new(to.clone()),
            fault,
        })?;
        let request = trusted.request();
        let journey = Journey {
            sp: sp.short_name.clone(),
            issuer: request.issuer.clone(),
            request_id: request.id.clone(),
            is_signed: trusted.is_signed(),
            acs: to.location().clone(),
            relay_state: to.relay_state().cloned(),
            force_authn: request.force_authn,
            is_passive: request.is_passive,
            name_id_format: wishes.name_id_format,
            acceptable_contexts: wishes.acceptable_contexts,
            begun_at: now,
            support_code: story.support_code,
            binding: BrowserBinding::Unbound,
        };
        Ok(UnderWay {
            journey,
            to,
            provider,
            browser: visit.browser.as_ref().map_or([0; 32], Token::hash),
            address: visit.address,
            again_within: SignedDuration::ZERO,
        })
    }

    /// From a seal in a path to the journey, whose provider and address are asked for again.
    fn open(
        &self,
        sp_in_path: &str,
        seal: &str,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<UnderWay<'_>, Stop> {
        // The name in clear leads home even where the seal is dead.
        story.sp = ShortName::parse(sp_in_path).ok();
        if seal.len() > MAX_SEAL_CHARS {
            return Err(HereFault::JourneyForged.into());
        }
        let now = self.clock.now();
        let content =
            self.seal
                .open(Purpose::Journey, seal, now)
                .map_err(|broken| match broken {
                    BrokenSeal::Expired => HereFault::JourneyExpired,
                    BrokenSeal::Forged => HereFault::JourneyForged,
                })?;
        let journey: Journey = postcard::from_bytes(&content)
            .map_err(|_of_another_version| HereFault::JourneyForged)?;
        story.support_code = journey.support_code;
        if journey.sp.as_str() != sp_in_path {
            return Err(HereFault::JourneyForged.into());
        }
        if let BrowserBinding::Bound(hash) = &journey.binding
            && !visit
                .browser
                .as_ref()
                .is_some_and(|token| token.is_of(hash))
        {
            return Err(HereFault::OtherBrowser.into());
        }
        let provider = self.served(self.registry.sp_by_short_name(&journey.sp, now), story)?;
        let to = ReturnAddress::of_journey(&journey, &provider.registered.sp)
            .map_err(HereFault::from)?;
        Ok(UnderWay {
            journey,
            to,
            provider,
            browser: visit.browser.as_ref().map_or([0; 32], Token::hash),
            address: visit.address,
            again_within: SignedDuration::ZERO,
        })
    }

    /// The one gate of R-38: a provider that is unknown, disabled or expired is served nothing.
    fn served(
        &self,
        found: Result<&Arc<Registered>, SpFault>,
        story: &mut Story,
    ) -> Result<&Provider, Stop> {
        let registered = found.map_err(HereFault::from)?;
        let name = &registered.sp.short_name;
        story.sp = Some(name.clone());
        let provider = self.providers.get(name);
        Ok(provider.ok_or(HereFault::Provider(SpFault::Unknown))?)
    }

    /// Picks what comes next, for a journey in whatever state it is.
    async fn pick_next(
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
        if let Some(session) = self.usable_session(&way, visit, story).await {
            let answer = self.answer(&way, &session, Proven::Before, story).await;
            return match answer {
                Ok(answer) => Ok(Reply::new(Next::Answer(answer))),
                // Our page would tell the person what to do, and no page may be shown.
                Err(Stop::Here(HereFault::NameId(_) | HereFault::Release(_)))
                    if way.journey.is_passive =>
                {
                    Err(Stop::Answer {
                        to: Box::new(way.to),
                        fault: AnswerFault::Passive,
                    })
                }
                Err(stop) => Err(stop),
            };
        }
        if way.journey.is_passive {
            return Err(Stop::Answer {
                to: Box::new(way.to),
                fault: AnswerFault::Passive,
            });
        }
        match (way.journey.binding, &visit.browser) {
            (BrowserBinding::Bound(_), Some(browser)) => {
                let step = self.step(&way.journey, self.time_left(&way.journey))?;
                Ok(Reply::new(Next::AskPassword(password_form(
                    &way, step, browser,
                ))))
            }
            (BrowserBinding::Unbound | BrowserBinding::Offered, Some(browser)) => {
                let mut journey = way.journey;
                journey.binding = BrowserBinding::Bound(browser.hash());
                let left = self.time_left(&journey);
                Ok(Reply::new(Next::GoOn(self.step(&journey, left)?)))
            }
            (BrowserBinding::Unbound, None) => {
                let mut journey = way.journey;
                journey.binding = BrowserBinding::Offered;
                let mut reply = Reply::new(Next::GoOn(self.step(&journey, BOUNCE)?));
                reply.keep_browser = Some(Token::draw(&*self.entropy));
                Ok(reply)
            }
            (BrowserBinding::Offered, None) => Err(HereFault::CookiesBlocked.into()),
            (BrowserBinding::Bound(_), None) => Err(HereFault::OtherBrowser.into()),
        }
    }

    /// The session that can answer: alive, fresh enough for this provider, and of a kind that the
    /// request takes. None where the person must prove anew who they are.
    async fn usable_session(
        &self,
        way: &UnderWay<'_>,
        visit: &Visit,
        story: &mut Story,
    ) -> Option<Session> {
        let token = visit.session.as_ref()?;
        let now = self.clock.now();
        let session = match self.store.find(SessionKey(token.hash()), now).await {
            Ok(Some(session)) => session,
            Ok(None) => {
                story
                    .trace
                    .note(Organ::Session, "session", "none that lives");
                return None;
            }
            Err(cause) => {
                self.health.note_unkept(cause);
                story
                    .trace
                    .note(Organ::Session, "session", "the store did not answer");
                return None;
            }
        };
        let verdict = if way.journey.force_authn {
            "not used: the request forces a new sign-in"
        } else if !is_young_enough(&session.proof, way.provider, now) {
            "not used: older than this provider takes"
        } else if !is_acceptable(&session.proof, &way.journey) {
            "not used: not what the request takes"
        } else {
            story.trace.note(Organ::Session, "session", "used");
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
            context: self.settings.password_context,
        };
        let outcome = self
            .authenticator
            .authenticate(&self.store, attempt, now)
            .await;
        let refused = match outcome.map_err(HereFault::from)? {
            Outcome::Proven(proof) => return self.let_in(&way, proof, visit, story).await,
            Outcome::Refused(reason) => {
                story.trace.note(Organ::Authn, "password", reason.as_str());
                audit::Event::Refused {
                    reason: reason.as_str(),
                    sp: &way.journey.sp,
                    address: way.address,
                    support_code: story.support_code,
                }
                .write();
                Refused::Wrong
            }
            Outcome::Wait { until } => {
                let seconds = until.duration_since(now).as_secs().max(1);
                Refused::Wait(seconds.unsigned_abs())
            }
            Outcome::Busy => Refused::Busy,
        };
        let step = Step {
            sp: way.journey.sp.clone(),
            seal: sent.seal,
        };
        let mut form = password_form(&way, step, browser);
        form.refused = Some(refused);
        form.login = sent.login;
        Ok(Reply::new(Next::AskPassword(form)))
    }

    /// A person has proven who they are: remembers it where that is possible, and answers.
    async fn let_in(
        &self,
        way: &UnderWay<'_>,
        proof: Proof,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        story.trace.note(Organ::Authn, "password", "proven");
        let now = self.clock.now();
        if !is_acceptable(&proof, &way.journey) {
            let to = Box::new(way.to.clone());
            return Err(Stop::Answer {
                to,
                fault: AnswerFault::AuthnContext,
            });
        }
        // The old session of this browser ends whatever comes: a value that somebody planted before
        // is worth nothing afterwards.
        if let Some(old) = &visit.session
            && let Err(cause) = self.store.end(SessionKey(old.hash()), now).await
        {
            self.health.note_unkept(cause);
        }
        // Somebody who is stopped here gets no session: it would outlive the person's patience on a
        // shared computer and serve nothing.
        let session = Session {
            proof,
            index: saml_id(&*self.entropy),
            ends_at: now
                .saturating_add(self.settings.session_lifetime)
                .unwrap_or(now),
        };
        let answer = self.answer(way, &session, Proven::Now, story).await?;
        let token = Token::draw(&*self.entropy);
        let kept = self
            .store
            .create(SessionKey(token.hash()), session, now)
            .await;
        let mut reply = Reply::new(Next::Answer(answer));
        match kept {
            Ok(()) => reply.keep_session = Some(token),
            Err(cause) => self.health.note_unkept(cause),
        }
        Ok(reply)
    }

    /// Makes the answer that says who the person is.
    async fn answer(
        &self,
        way: &UnderWay<'_>,
        Session { proof, index, .. }: &Session,
        proven: Proven,
        story: &mut Story,
    ) -> Result<Answer, Stop> {
        // Asked again: the rule may have changed since the request was read.
        if way
            .journey
            .name_id_format
            .is_some_and(|asked| asked != way.provider.name_id.format())
        {
            return Err(Stop::Answer {
                to: Box::new(way.to.clone()),
                fault: AnswerFault::NameIdPolicy,
            });
        }
        let ours = self.mapping.apply(&proof.attributes, &mut story.trace);
        let parties = Parties {
            idp: &self.settings.entity_id,
            sp: &way.provider.registered.sp.entity_id,
            pairwise: &self.pairwise,
        };
        let name_id = way
            .provider
            .name_id
            .build(&ours, parties, &mut story.trace)
            .map_err(HereFault::from)?;
        let attributes = way
            .provider
            .release
            .release(&ours, &mut story.trace)
            .map_err(HereFault::from)?;
        self.mark_as_answered(&way.to, way.browser, way.again_within)
            .await?;
        let subject = Subject {
            name_id: &name_id,
            attributes: &attributes,
            authn_instant: proof.at,
            context: proof.context,
            session_index: index,
        };
        let issued = self
            .issuing(way.provider)
            .success(&way.to, &subject)
            .map_err(HereFault::from)?;
        audit::Event::Asserted {
            person: &proof.login,
            method: proof.method,
            is_from_session: proven == Proven::Before,
            sp: &way.journey.sp,
            response_id: &issued.id,
            address: way.address,
            support_code: story.support_code,
        }
        .write();
        story.trace.note(Organ::Response, issued.id, "issued");
        Ok(posting(&way.to, way.provider, &issued.xml, true))
    }

    /// Marks a request as answered, so that it is not answered twice.
    ///
    /// Signed or not: the provider itself takes one answer to a request, and somebody who goes back
    /// to a page of ours after signing in is told so by us, in plain words. Where the store cannot
    /// say, the sign-in goes on and health says so.
    ///
    /// A form that comes again from the same browser within `again_within` is a second click on its
    /// button: the browser has dropped the first answer, and gets one that the provider takes.
    async fn mark_as_answered(
        &self,
        to: &ReturnAddress,
        by: [u8; 32],
        again_within: SignedDuration,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        let expires_at = JOURNEY
            .checked_add(self.settings.max_request_age)
            .and_then(|window| now.checked_add(window).ok())
            .unwrap_or(Timestamp::MAX);
        let used = Use {
            issuer: to.audience(),
            id: to.in_response_to(),
            by,
            expires_at,
        };
        match self.store.mark(used, now).await {
            Ok(Sight::First) => Ok(()),
            Ok(Sight::Again { by_same_at }) => {
                let is_second_click =
                    by_same_at.is_some_and(|first| now.duration_since(first) < again_within);
                if is_second_click {
                    Ok(())
                } else {
                    Err(HereFault::RequestUsed.into())
                }
            }
            Err(cause) => {
                self.health.note_unguarded(cause);
                Ok(())
            }
        }
    }

    /// Ends a step: turns what the provider may be told into an answer, and writes the story.
    async fn close(&self, mut story: Story, end: Result<Reply, Stop>) -> Result<Reply, Stopped> {
        let end = match end {
            Err(Stop::Answer { to, fault }) => self.refuse(&to, fault, &mut story).await,
            Err(Stop::Here(fault)) => Err(fault),
            Ok(reply) => Ok(reply),
        };
        let end = end.map_err(|fault| Stopped {
            fault,
            support_code: story.support_code,
            home: story.sp.as_ref().and_then(|name| self.home(name)),
        });
        story.tell(&end);
        end
    }

    async fn refuse(
        &self,
        to: &ReturnAddress,
        fault: AnswerFault,
        story: &mut Story,
    ) -> Result<Reply, HereFault> {
        let provider = story.sp.as_ref().and_then(|name| self.providers.get(name));
        let Some(provider) = provider else {
            return Err(HereFault::Provider(SpFault::Unknown));
        };
        if to.is_signed() {
            match self
                .mark_as_answered(to, [0; 32], SignedDuration::ZERO)
                .await
            {
                Ok(()) | Err(Stop::Answer { .. }) => {}
                Err(Stop::Here(fault)) => return Err(fault),
            }
        }
        let issued = self.issuing(provider).fault(to, fault.status())?;
        story
            .trace
            .note(Organ::Response, issued.id, fault.to_string());
        Ok(Reply::new(Next::Answer(posting(
            to,
            provider,
            &issued.xml,
            false,
        ))))
    }

    fn issuing(&self, provider: &Provider) -> Issuing<'_> {
        Issuing {
            idp: self.settings.entity_id.as_str(),
            signer: &*self.signer,
            sign: provider.registered.config.sign,
            now: self.clock.now(),
            entropy: &*self.entropy,
        }
    }

    /// Seals a journey into a step, for `lifetime`.
    fn step(&self, journey: &Journey, lifetime: SignedDuration) -> Result<Step, Stop> {
        let content =
            postcard::to_allocvec(journey).map_err(|_unsealable| HereFault::JourneyTooLong)?;
        let expires_at = self
            .clock
            .now()
            .saturating_add(lifetime)
            .unwrap_or(Timestamp::MIN);
        let seal = self
            .seal
            .seal(Purpose::Journey, &content, expires_at, &*self.entropy)
            .map_err(HereFault::from)?;
        if seal.len() > MAX_SEAL_CHARS {
            return Err(HereFault::JourneyTooLong.into());
        }
        Ok(Step {
            sp: journey.sp.clone(),
            seal,
        })
    }

    /// What is left of a journey's hour: a new seal does not begin it again.
    fn time_left(&self, journey: &Journey) -> SignedDuration {
        JOURNEY - self.clock.now().duration_since(journey.begun_at)
    }

    /// The way home to a provider, whatever became of the journey.
    pub fn home(&self, name: &ShortName) -> Option<Home> {
        self.providers.get(name).map(|provider| Home {
            provider: provider.display_name.clone(),
            sign_in_link: provider.sign_in_link().map(str::to_owned),
        })
    }
}

fn password_form(way: &UnderWay<'_>, step: Step, browser: &Token) -> PasswordForm {
    PasswordForm {
        form_key: browser.form_key(SIGN_IN_FORM, &step.seal),
        step,
        provider: way.provider.display_name.clone(),
        refused: None,
        login: String::new(),
    }
}

fn posting(to: &ReturnAddress, provider: &Provider, xml: &str, is_success: bool) -> Answer {
    Answer {
        location: to.location().clone(),
        saml_response: post::encode_response(xml),
        relay_state: to.relay_state().cloned(),
        provider: provider.display_name.clone(),
        is_success,
    }
}

fn is_young_enough(proof: &Proof, provider: &Provider, now: Timestamp) -> bool {
    let max_age = provider.registered.config.max_authn_age;
    max_age.is_none_or(|max_age| now.duration_since(proof.at) < max_age)
}

fn is_acceptable(proof: &Proof, journey: &Journey) -> bool {
    journey.acceptable_contexts.is_empty() || journey.acceptable_contexts.contains(&proof.context)
}
