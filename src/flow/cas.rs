//! To the CAS server and back: a journey on the way is the service that a ticket is for.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;

use super::{
    CasReturn, Next, Reply, Visit,
    bridge::Bridge,
    sso::is_young_enough,
    stop::{HereFault, Stop, Stopped},
    story::Story,
    way::UnderWay,
};
use crate::{
    audit,
    authn::{
        AuthnError,
        cas::{Asking, Cas, CasFault, Question, Ticket, Validated},
    },
    model::{
        chain::Chain,
        journey::{BrowserBinding, Journey},
        store::{Sessions as _, Sight},
        trace::{Organ, Verdict},
    },
    saml::status::AnswerFault,
    store::Store,
};

/// How many tickets in a row may be refused.
const MOST_REFUSED: u8 = 3;
/// How long a ticket that was brought is remembered: many times as long as a server lets it live.
const TICKET: SignedDuration = SignedDuration::from_mins(5);

/// A ticket, and the address that it was brought to.
struct Brought<'v> {
    service: String,
    ticket: Ticket,
    visit: &'v Visit,
}

impl Bridge {
    /// Takes a person who comes back from the CAS server.
    ///
    /// # Errors
    ///
    /// What the person is told on our page. What the provider may be told is a [`Reply`].
    pub async fn take_ticket(&self, back: CasReturn, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        let end = match self.open(&back.sp, &back.seal, visit, &mut story) {
            Ok(way) => match back.ticket {
                Some(ticket) => {
                    let service = self.service(&format!("{}/{}", back.sp, back.seal));
                    let brought = Brought {
                        service,
                        ticket,
                        visit,
                    };
                    self.try_ticket(way, brought, &mut story).await
                }
                None => self.come_back_empty(way, visit, &mut story).await,
            },
            Err(stop) => Err(stop),
        };
        self.close(story, end).await
    }

    /// Sends a person there; the journey must be bound to their browser.
    pub(super) fn send_to_cas(&self, cas: &Cas, journey: &Journey) -> Result<Reply, Stop> {
        let step = self.step(journey, self.time_left(journey))?;
        let asking = if journey.is_passive {
            Asking::Never
        } else if journey.force_authn {
            Asking::Anew
        } else {
            Asking::AsNeeded
        };
        let service = self.service(&step.path());
        Ok(Reply::new(Next::GoToCas(cas.login_url(
            &service,
            asking,
            &journey.acceptable_contexts,
        ))))
    }

    /// The address that a ticket is for, always made in this one way.
    fn service(&self, path: &str) -> String {
        format!("{}/{path}", self.settings.cas_return)
    }

    async fn come_back_empty(
        &self,
        mut way: UnderWay<'_>,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        // Something between us and the server takes the ticket away: going there again and again
        // would not end.
        way.journey.refused_tickets += 1;
        if way.journey.refused_tickets >= MOST_REFUSED {
            return Err(HereFault::CasRefuses.into());
        }
        if way.journey.is_passive {
            // There and back without a ticket: the server does not know the person.
            return Err(Stop::told(way.to, AnswerFault::Passive));
        }
        self.pick_next(way, visit, true, story).await
    }

    async fn try_ticket(
        &self,
        way: UnderWay<'_>,
        brought: Brought<'_>,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        let Some(cas) = &self.authenticator.cas else {
            return Err(HereFault::JourneyForged.into());
        };
        // Only a journey that was bound to this browser was ever sent there. Any other would sign
        // somebody in with the ticket of somebody else.
        if !matches!(way.journey.binding, BrowserBinding::Bound(_)) {
            return Err(HereFault::OtherBrowser.into());
        }
        let is_passive = way.journey.is_passive;
        let to = way.to.clone();
        match self.ask_about(cas, way, brought, story).await {
            // Our page would tell the person what to do, or the server's page would ask for what the
            // provider wants, and no page may be shown.
            Err(Stop::Here(fault)) if is_passive && fault.is_for_the_person() => {
                Err(Stop::told(to, AnswerFault::Passive))
            }
            Err(Stop::Answer {
                fault: AnswerFault::AuthnContext | AnswerFault::UnknownPrincipal,
                ..
            }) if is_passive => Err(Stop::told(to, AnswerFault::Passive)),
            end => end,
        }
    }

    async fn ask_about(
        &self,
        cas: &Cas,
        way: UnderWay<'_>,
        brought: Brought<'_>,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        // Before the ticket is marked: who is told to try again still has it.
        let Some(place) = cas.place(way.address) else {
            return Err(HereFault::CasBusy.into());
        };
        let now = self.clock.now();
        if cas.all_rest() {
            return self
                .without_cas((cas, CasFault::AllRest), way, brought.visit, story)
                .await;
        }
        let is_noted = self.mark_as_brought(&brought.ticket, now).await?;
        let question = Question {
            service: &brought.service,
            ticket: &brought.ticket,
            forced_since: way.journey.force_authn.then_some(way.journey.begun_at),
            acceptable: &way.journey.acceptable_contexts,
        };
        let guard = is_noted.then(|| ForgottenUnlessKept::of(&self.store, &brought.ticket));
        let validated = cas.validate(place, question, now).await;
        if !matches!(validated, Ok(Validated::Refused(_)))
            && let Some(guard) = guard
        {
            guard.keep();
        }
        let validated = match validated {
            Ok(validated) => validated,
            Err(fault) => {
                return self
                    .without_cas((cas, fault), way, brought.visit, story)
                    .await;
            }
        };
        let (proof, is_fresh) = match validated {
            Validated::Proven { proof, is_fresh } => (proof, is_fresh),
            Validated::Refused(code) => return self.send_again(cas, way, &code, story),
        };
        let newcomer = self.welcome(proof, brought.visit, story).await;
        if way.journey.force_authn && !is_fresh {
            story
                .trace
                .note(Organ::Authn, "ticket", Verdict::SignInNotNew);
            return Err(Stop::told(way.to, AnswerFault::NotFresh));
        }
        if !is_young_enough(newcomer.proof(), way.provider, now) {
            return self.send_for_a_new_login(cas, way, story);
        }
        let at = newcomer.proof().at.to_string();
        story
            .trace
            .note(Organ::Authn, "signed in", Verdict::SignedIn(at.into()));
        self.let_in_with_record(way, newcomer, brought.visit, story)
            .await
    }

    /// Whether people can be sent to the CAS server. Asked only where there is another way to sign in
    /// (`methods = ["cas", "ldap"]`): a browser that is sent to a dead server does not come back. Where there is none,
    /// [`Cas::is_gone`] says whether it is of any use to send them.
    pub(super) async fn is_up(&self, cas: &Cas) -> bool {
        self.authenticator.password.is_none() || cas.is_up().await
    }

    /// The server did not say. Where it is found that it does not even show its login page, the person
    /// is asked for a password, if that is allowed; otherwise they read what is wrong. An odd ticket
    /// that a server stumbles over opens no form: it would be a way round what CAS asks for.
    async fn without_cas(
        &self,
        (cas, fault): (&Cas, CasFault),
        way: UnderWay<'_>,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        let is_down = async || {
            if matches!(fault, CasFault::AllRest) {
                // It is known of already: nobody waits for it once more.
                !cas.is_up().await
            } else {
                fault.is_of_the_node() && !cas.look().await
            }
        };
        match (&self.authenticator.password, &visit.browser) {
            (Some(_), Some(browser)) if is_down().await => {
                tracing::warn!(
                    support.code = %story.support_code,
                    error.chain = %Chain(&fault),
                    "CAS does not answer: asked for a password"
                );
                self.ask_password(way, browser, story)
            }
            _ => Err(HereFault::from(AuthnError::Cas(fault)).into()),
        }
    }

    /// The server signed the person in longer ago than this provider takes: they type their password
    /// once more, and if that proves nothing newer, the provider is told so.
    fn send_for_a_new_login(
        &self,
        cas: &Cas,
        way: UnderWay<'_>,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        story
            .trace
            .note(Organ::Authn, "ticket", Verdict::SignInTooOld);
        let fault = if way.journey.is_passive {
            AnswerFault::Passive
        } else if way.journey.force_authn {
            AnswerFault::NotFresh
        } else {
            let mut journey = way.journey;
            journey.force_authn = true;
            return self.send_to_cas(cas, &journey);
        };
        Err(Stop::told(way.to, fault))
    }

    /// A ticket is asked about once: the page of somebody who reloads is an end, and not a second
    /// sign-in. They may have been stopped, for something that was mended since: the page leads to CAS
    /// again, for another ticket. A request that was answered is answered anew by that only at once. From here on a
    /// logout notice that names the ticket is not lost. Says whether it could be noted.
    async fn mark_as_brought(&self, ticket: &Ticket, now: Timestamp) -> Result<bool, Stop> {
        let expires_at = now.saturating_add(TICKET).unwrap_or(now);
        match self
            .store
            .bring_ticket(ticket.hash(), expires_at, now)
            .await
        {
            Ok(Sight::First) => Ok(true),
            Ok(Sight::Again { .. }) => Err(HereFault::CasTicketUsed.into()),
            // The server itself takes a ticket once.
            Err(cause) => {
                self.health.note_unmarked(cause);
                Ok(false)
            }
        }
    }

    /// The ticket was too old, or none of this server, or its sign-in is over already: the person gets
    /// another one, a few times.
    pub(super) fn send_again(
        &self,
        cas: &Cas,
        way: UnderWay<'_>,
        code: &str,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        story.trace.note(
            Organ::Authn,
            "ticket",
            Verdict::TicketRefused(code.to_owned().into()),
        );
        audit::Event::Refused {
            reason: "ticket",
            sp: &way.journey.sp,
            address: way.address,
            support_code: story.support_code,
        }
        .write();
        let mut journey = way.journey;
        journey.refused_tickets += 1;
        if journey.is_passive {
            return Err(Stop::told(way.to, AnswerFault::Passive));
        }
        if journey.refused_tickets >= MOST_REFUSED {
            return Err(HereFault::CasRefuses.into());
        }
        self.send_to_cas(cas, &journey)
    }
}

/// A ticket that begins no session, as far as is known: one that its server refuses, or whose browser goes away before the
/// server has said anything. It may be made up, and would take a place of those that people bring: when this is dropped it is
/// forgotten.
struct ForgottenUnlessKept(Option<(Arc<Store>, [u8; 32])>);

impl ForgottenUnlessKept {
    fn of(store: &Arc<Store>, ticket: &Ticket) -> Self {
        Self(Some((Arc::clone(store), ticket.hash())))
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for ForgottenUnlessKept {
    fn drop(&mut self) {
        let Some((store, ticket)) = self.0.take() else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            // One that the store does not forget is known until its end.
            runtime.spawn(async move { store.forget_ticket(ticket).await });
        }
    }
}
