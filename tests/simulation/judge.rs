//! Holds every answer that a node gives to what really happened.
//!
//! What people have proven is known from those before whom they did: the CAS server, and the keyboard. Of what our
//! nodes think nothing is believed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    authn::cas::Ticket,
    model::session::Session,
    sp_check::{Expected, Identity, Profile, read},
};

use crate::{
    bridge::{IDP, answer::Answer, keys::idp_key},
    cas::Visitor,
    providers::{Context, PASSWORD, Provider, Wish},
    store::Asked as Stored,
    world::World,
};

/// How old a sign-in Zoom's preset takes.
const ZOOM_MAX_AGE_MS: u64 = 115 * 60_000;
/// How long a session lives.
const SESSION_MS: u64 = 480 * 60_000;
/// What it takes at most from the proof to the word of it.
const PATIENCE_MS: u64 = 60_000;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Judge(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    proofs: Vec<Proof>,
    requests: BTreeMap<String, Request>,
    /// By what name each provider knows each person.
    names: BTreeMap<(Provider, usize), String>,
    /// The providers to whom it was said who somebody is, and when: browser, person, provider.
    told: Vec<(u64, usize, usize, Provider)>,
    /// Of the end of whose session which providers get to hear, by their short names, and when.
    ends: Vec<(u64, String, Vec<String>)>,
    /// The answers that browsers have posted to providers.
    posted: BTreeSet<String>,
    /// Of whom each browser has brought word last, and when.
    last: BTreeMap<usize, (usize, u64)>,
    /// From when on the clock of which node was off by how much.
    clocks: Vec<(u64, usize, i64)>,
    successes: usize,
    /// What was found that must not be.
    faults: Vec<String>,
}

/// That somebody has proven who they are, in a browser.
#[derive(Clone, Debug)]
struct Proof {
    who: Visitor,
    /// When it was proven.
    at: u64,
    /// When a password was typed; none where an older login answered.
    typed_at: Option<u64>,
    /// When those before whom it was proven said so.
    vouched_at: Option<u64>,
    ticket: Option<String>,
    /// When a node has taken the notice that it is over.
    over_at: Option<u64>,
    /// Whether the store may have missed that the ticket was brought, or is over.
    is_unmarked: bool,
}

/// What a provider has asked.
#[derive(Debug)]
struct Request {
    wish: Wish,
    issued_at: u64,
    relay_state: String,
    /// The browsers that have brought it, or gone on with what it began.
    brought_by: BTreeSet<usize>,
    /// In whose browser it was answered, of whom, and when: of nobody where a request that is signed was refused.
    answered: Vec<(Option<Visitor>, u64)>,
    /// Whether the store did not answer once when it was to be marked, or has lost that since.
    is_unguarded: bool,
}

/// By what an answer is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Brought {
    Address,
    Form,
}

impl Brought {
    /// With a form or without.
    pub(crate) const fn by(is_form: bool) -> Self {
        if is_form { Self::Form } else { Self::Address }
    }

    /// For how long the same person in the same browser may have a request answered again.
    const fn may_come_again_within_ms(self) -> u64 {
        match self {
            Self::Address => 1_000,
            Self::Form => 10_000,
        }
    }
}

/// An answer, as it comes.
#[derive(Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) browser: usize,
    /// When the browser asked for it.
    pub(crate) asked_at: u64,
    /// By what it was asked for.
    pub(crate) brought: Brought,
    /// Which node it asked.
    pub(crate) node: usize,
    /// What the node's clock shows.
    pub(crate) node_now: Timestamp,
    /// Whether it comes as far as the browser.
    pub(crate) arrives: bool,
    pub(crate) answer: &'a Answer,
}

impl Judge {
    fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        // A panic in here is a fault to be told of, with all that was found before.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that was found.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.change(|known| known.faults.clone())
    }

    /// How many answers said who somebody is.
    pub(crate) fn successes(&self) -> usize {
        self.change(|known| known.successes)
    }

    /// Something is as it must not be.
    pub(crate) fn finds(&self, world: &World, what: &str) {
        world.note("JUDGE", what);
        self.change(|known| known.faults.push(what.to_owned()));
    }

    /// From now on the clock of a node is off by so much.
    pub(crate) fn is_off(&self, at: u64, node: usize, by: i64) {
        self.change(|known| known.clocks.push((at, node, by)));
    }

    /// A browser posts an answer to its provider: as often as it does, the provider takes it the first time.
    pub(crate) fn is_posted(&self, world: &World, answer: &str, is_taken: bool) {
        let is_first = self.change(|known| known.posted.insert(answer.to_owned()));
        match (is_first, is_taken) {
            (true, true) | (false, false) => {}
            (true, false) => self.finds(world, "an answer bears the ID of another one"),
            (false, true) => self.finds(world, "a provider takes an answer twice"),
        }
    }

    /// The store has ended a session before its time: all who took part hear of it.
    pub(crate) fn is_ended(&self, at: u64, session: &Session) {
        let participants = session.participants.iter();
        let heard = participants.map(|who| who.sp.to_string()).collect();
        let end = (at, session.proof.login.clone(), heard);
        self.change(|known| known.ends.push(end));
    }

    /// Nothing has gone wrong since then, and whoever sits at a browser has signed out: of each sign-in since, its
    /// provider has heard the end.
    pub(crate) fn has_left(&self, world: &World, browser: usize, since: u64) {
        let unheard = self.change(|known| {
            let of_browser = known
                .told
                .iter()
                .filter(|(at, by, ..)| *at >= since && *by == browser);
            let has_not_heard = |(at, _, person, provider): &&(u64, usize, usize, Provider)| {
                let login = &world.people[*person].login;
                let mut ends = known
                    .ends
                    .iter()
                    .filter(|(ended, of, _)| ended >= at && of == login);
                !ends.any(|(.., heard)| heard.iter().any(|heard| heard == provider.short_name()))
            };
            of_browser
                .filter(has_not_heard)
                .map(|(at, .., provider)| format!("{provider:?}, told at {at}"))
                .collect::<Vec<_>>()
        });
        if !unheard.is_empty() {
            let what = format!("browser {browser} has signed out, unheard of by {unheard:?}");
            self.finds(world, &what);
        }
    }

    /// The CAS server has given somebody a ticket.
    pub(crate) fn has_proven_at_cas(&self, at: u64, who: Visitor, ticket: &str, is_new: bool) {
        let proof = Proof {
            who,
            at,
            typed_at: is_new.then_some(at),
            vouched_at: None,
            ticket: Some(ticket.to_owned()),
            over_at: None,
            is_unmarked: false,
        };
        self.change(|known| known.proofs.push(proof));
    }

    /// The CAS server has vouched for whoever has a ticket.
    pub(crate) fn is_vouched_for(&self, at: u64, ticket: &str) {
        self.of_ticket(ticket, |proof| proof.vouched_at = Some(at));
    }

    /// Somebody sends their own password to us.
    pub(crate) fn has_typed(&self, at: u64, who: Visitor) {
        let proof = Proof {
            who,
            at,
            typed_at: Some(at),
            vouched_at: Some(at),
            ticket: None,
            over_at: None,
            is_unmarked: false,
        };
        self.change(|known| known.proofs.push(proof));
    }

    /// A node has taken the notice that a ticket's sign-in is over.
    pub(crate) fn is_over(&self, at: u64, ticket: &str) {
        self.of_ticket(ticket, |proof| {
            proof.over_at.get_or_insert(at);
        });
    }

    /// Somebody has read that they have signed out of our session, which they asked for at `at`, and nothing else was
    /// under way in their browser.
    pub(crate) fn has_signed_out(&self, at: u64, browser: usize) {
        self.change(|known| {
            let theirs = known.proofs.iter_mut().filter(|proof| {
                proof.who.browser == browser && proof.vouched_at.is_some_and(|vouched| vouched < at)
            });
            for proof in theirs {
                proof.over_at.get_or_insert(at);
            }
        });
    }

    fn of_ticket(&self, ticket: &str, change: impl FnOnce(&mut Proof)) {
        self.change(|known| {
            let mut proofs = known.proofs.iter_mut();
            let found = proofs.find(|proof| proof.ticket.as_deref() == Some(ticket));
            change(found.unwrap());
        });
    }

    /// The store did not say what came of a question.
    pub(crate) fn is_unanswered(&self, asked: &Stored) {
        match asked {
            Stored::Mark(_, id, ..) => self.is_unguarded(id),
            Stored::BringTicket(ticket, ..) => self.is_unmarked(ticket, false),
            Stored::Attempt(..)
            | Stored::Create(..)
            | Stored::End(..)
            | Stored::EndByTicket(..)
            | Stored::EndOfAnother(..)
            | Stored::Find(..)
            | Stored::ForgetTicket(_)
            | Stored::Forgive(_)
            | Stored::Join(..)
            | Stored::Replace(..)
            | Stored::SignInOf(..)
            | Stored::TakeBack(..) => {}
        }
    }

    /// What the store was asked has never been.
    pub(crate) fn is_forgotten(&self, asked: &Stored) {
        match asked {
            Stored::Mark(_, id, ..) => self.is_unguarded(id),
            Stored::BringTicket(ticket, ..) => self.is_unmarked(ticket, false),
            Stored::EndByTicket(ticket, _) => self.is_unmarked(ticket, true),
            Stored::Attempt(..)
            | Stored::Create(..)
            | Stored::End(..)
            | Stored::EndOfAnother(..)
            | Stored::Find(..)
            | Stored::ForgetTicket(_)
            | Stored::Forgive(_)
            | Stored::Join(..)
            | Stored::Replace(..)
            | Stored::SignInOf(..)
            | Stored::TakeBack(..) => {}
        }
    }

    fn is_unguarded(&self, id: &str) {
        self.change(|known| {
            if let Some(request) = known.requests.get_mut(id) {
                request.is_unguarded = true;
            }
        });
    }

    fn is_unmarked(&self, hash: &[u8; 32], lives_again: bool) {
        self.change(|known| {
            for proof in &mut known.proofs {
                let ticket = proof
                    .ticket
                    .as_deref()
                    .map(|text| Ticket::parse(text).unwrap());
                if ticket.is_some_and(|ticket| ticket.hash() == *hash) {
                    proof.is_unmarked = true;
                    if lives_again {
                        proof.over_at = None;
                    }
                }
            }
        });
    }

    /// A provider sends a browser with a request.
    pub(crate) fn is_asked(&self, at: u64, id: &str, wish: Wish, relay_state: &str) {
        let request = Request {
            wish,
            issued_at: at,
            relay_state: relay_state.to_owned(),
            brought_by: BTreeSet::new(),
            answered: Vec::new(),
            is_unguarded: false,
        };
        self.change(|known| known.requests.insert(id.to_owned(), request));
    }

    /// A browser brings a request, or goes on with what it began.
    pub(crate) fn is_brought(&self, id: &str, browser: usize) {
        self.change(|known| {
            known
                .requests
                .get_mut(id)
                .unwrap()
                .brought_by
                .insert(browser)
        });
    }

    /// Judges an answer. Gives whether it says who somebody is.
    pub(crate) fn judges(&self, world: &World, delivery: &Delivery<'_>) -> bool {
        let judged = self.change(|known| known.judge(world, delivery));
        match judged {
            Ok(said) => {
                world.note(&format!("browser {}", delivery.browser), &said);
                said.starts_with("Success")
            }
            Err(fault) => {
                self.finds(world, &format!("browser {}: {fault}", delivery.browser));
                false
            }
        }
    }
}

impl Known {
    /// How far two clocks were apart at most, at any time since then.
    fn apart_since(&self, since: u64) -> u64 {
        let mut before = BTreeMap::new();
        let mut most = 0;
        for (at, node, by) in &self.clocks {
            let by = by.unsigned_abs();
            if *at <= since {
                before.insert(node, by);
            } else {
                most = most.max(by);
            }
        }
        before.into_values().fold(most, u64::max) * 2
    }

    /// What the node's clock shows, and would show if it had not been set since it was asked.
    fn clocks_of(&self, delivery: &Delivery<'_>) -> Vec<Timestamp> {
        let mut offsets = vec![0];
        for (at, _, by) in { self.clocks.iter() }.filter(|(_, node, _)| *node == delivery.node) {
            if *at < delivery.asked_at {
                offsets.clear();
            }
            offsets.push(*by);
        }
        let last = offsets.last().copied().unwrap_or_default();
        let shown = offsets.iter().rev().map(|offset| {
            let set_by = SignedDuration::from_millis(last - offset);
            delivery.node_now - set_by
        });
        shown.collect()
    }

    fn judge(&mut self, world: &World, delivery: &Delivery<'_>) -> Result<String, String> {
        let answer = delivery.answer;
        let id = answer
            .attribute("InResponseTo")
            .ok_or("an answer to nothing")?;
        let request = self.requests.get(&id).ok_or("an answer to no request")?;
        let (wish, now) = (request.wish, world.now());
        if !request.brought_by.contains(&delivery.browser) {
            return Err(format!(
                "{id} is answered in a browser that has not brought it"
            ));
        }
        if answer.to != wish.provider.acs() {
            return Err(format!("{id} is answered to {}", answer.to));
        }
        if answer.relay_state.as_deref() != Some(&request.relay_state) {
            return Err(format!("{id} is answered with another RelayState"));
        }
        // How old a sign-in others take is for them to say, and a node that is ahead may have dated what another one
        // tells of: `is_proven` looks at both itself.
        let apart = self.apart_since(now.saturating_sub(SESSION_MS));
        let strictness = if wish.provider.is_zoom() && apart == 0 {
            Profile::Zoom
        } else {
            Profile::AnyAge
        };
        let read_at = |now| {
            let expected = Expected {
                idp_entity_id: IDP,
                idp_keys: &[idp_key().verifying()],
                sp_entity_id: wish.provider.entity_id(),
                acs: wish.provider.acs(),
                request_id: Some(&id),
                now,
                strictness,
            };
            read(&answer.base64, &expected)
        };
        // A clock may be set between where the node reads it and where the answer is read.
        let mut readings: Vec<_> = { self.clocks_of(delivery).into_iter() }
            .map(read_at)
            .collect();
        let mut all = readings.iter();
        let taken = all.position(|reading| reading.refusals().next().is_none());
        let reading = readings.swap_remove(taken.unwrap_or_default());
        let refusals: Vec<_> = reading.refusals().collect();
        if !refusals.is_empty() {
            return Err(format!(
                "{id}: a strict provider refuses the answer: {refusals:?}"
            ));
        }
        let Some(identity) = reading.identity else {
            let (_, second) = reading.status.ok_or("no status")?;
            let second = second.ok_or("who it is cannot be read, and why not is not said")?;
            let last = second.rsplit(':').next().unwrap_or_default();
            self.is_refused_once(now, &id)?;
            return Ok(format!("{last} for {id}"));
        };
        let person = self.whose(world, wish.provider, &identity, answer)?;
        let who = Visitor {
            browser: delivery.browser,
            person,
        };
        self.is_proven(world, who, (&id, delivery), &identity)?;
        self.is_answered_once(world, who, (&id, delivery))?;
        self.is_of_the_last(world, who, delivery)?;
        self.successes += 1;
        self.told.push((now, who.browser, person, wish.provider));
        Ok(format!(
            "Success for {id}: person {person}, {}, arrives: {}",
            identity.authn_instant, delivery.arrives
        ))
    }

    /// The one person of whom all that is said is.
    fn whose(
        &mut self,
        world: &World,
        provider: Provider,
        identity: &Identity,
        answer: &Answer,
    ) -> Result<usize, String> {
        let named = (0..).zip(&world.people);
        let named: Vec<usize> = named
            .filter(|(_, person)| answer.xml.contains(&person.mark))
            .map(|(number, _)| number)
            .collect();
        let [person] = named[..] else {
            return Err(format!("what one is told is of {named:?}"));
        };
        let known = &world.people[person];
        let told: Vec<_> = identity
            .attributes
            .iter()
            .flat_map(|told| &told.values)
            .collect();
        let is_theirs = |value: &&String| {
            let mut record = known.record().into_iter();
            record.any(|(_, theirs)| theirs == ***value) || ***value == *"none"
        };
        if let Some(strange) = told.iter().find(|value| !is_theirs(value)) {
            return Err(format!("{strange:?} is said of person {person}"));
        }
        if provider.is_zoom() {
            if identity.name_id.value != known.mail() {
                return Err(format!("{:?} is not their name", identity.name_id));
            }
        } else {
            let display = format!("Zoé Martin {}", known.mark);
            if told != [&display] {
                return Err(format!("{provider:?} is told {told:?}"));
            }
        }
        // Zoom is one, whatever it calls itself.
        let key = match provider {
            Provider::ZoomByItsOtherName => Provider::Zoom,
            Provider::Intranet | Provider::Library | Provider::Zoom => provider,
        };
        let name = identity.name_id.value.clone();
        let others = self.names.iter().filter(|(of, _)| **of != (key, person));
        if others.into_iter().any(|(_, theirs)| *theirs == name) {
            return Err(format!("{name:?} names two"));
        }
        let before = self
            .names
            .entry((key, person))
            .or_insert_with(|| name.clone());
        if *before != name {
            return Err(format!("{before:?} is called {name:?} now"));
        }
        Ok(person)
    }

    /// This browser has proven this person, as the request wants it, and it was not over when it asked.
    fn is_proven(
        &self,
        world: &World,
        who: Visitor,
        (id, delivery): (&str, &Delivery<'_>),
        identity: &Identity,
    ) -> Result<(), String> {
        let request = &self.requests[id];
        let now = world.now();
        let off = |proof: &Proof| self.apart_since(proof.at) + 2000;
        let instant = |at: u64| World::instant(at).as_millisecond();
        let said = identity.authn_instant.as_millisecond();
        let theirs = self
            .proofs
            .iter()
            .filter(|proof| (proof.who.browser, proof.who.person) == (who.browser, who.person));
        // One proof must be all that is wanted of it: what is left of them is looked at further.
        let mut vouched: Vec<_> = theirs
            .filter_map(|proof| Some((proof, proof.vouched_at?)))
            .filter(|(proof, vouched)| {
                let off = off(proof);
                let (early, late) = (off.cast_signed(), (off + PATIENCE_MS).cast_signed());
                said >= instant(proof.at) - early && said <= instant(*vouched) + late
            })
            .collect();
        if vouched.is_empty() {
            return Err(format!(
                "{id}: nothing was proven of {who:?} at {}",
                identity.authn_instant
            ));
        }
        let is_new = |proof: &Proof| {
            proof
                .typed_at
                .is_some_and(|typed| typed >= request.issued_at)
        };
        vouched.retain(|(proof, _)| !request.wish.must_be_new || is_new(proof));
        if vouched.is_empty() {
            return Err(format!("{id}: {who:?} did not type a password for it"));
        }
        let oldest = if request.wish.provider.is_zoom() {
            ZOOM_MAX_AGE_MS
        } else {
            SESSION_MS
        };
        vouched.retain(|(proof, at)| now - at <= oldest + off(proof) + PATIENCE_MS);
        if vouched.is_empty() {
            return Err(format!("{id}: what {who:?} have proven is too old"));
        }
        let lasts = |proof: &Proof| {
            proof.is_unmarked || proof.over_at.is_none_or(|over| delivery.asked_at <= over)
        };
        vouched.retain(|(proof, _)| lasts(proof));
        if vouched.is_empty() {
            return Err(format!("{id}: {who:?} have signed out"));
        }
        match request.wish.context {
            Context::Any => Ok(()),
            Context::Password if identity.context_class == PASSWORD => Ok(()),
            Context::Password | Context::Unheard => Err(format!(
                "{id}: {} was not asked for",
                identity.context_class
            )),
        }
    }

    /// Whoever wins a request is the only one who gets an answer to it. What comes again at once is
    /// answered again, to the same. Where the store did not say whether the request was used, or has lost that since,
    /// R-33 lets it be answered.
    fn is_answered_once(
        &mut self,
        world: &World,
        who: Visitor,
        (id, delivery): (&str, &Delivery<'_>),
    ) -> Result<(), String> {
        let now = world.now();
        let within = delivery.brought.may_come_again_within_ms();
        let request = self.requests.get(id).ok_or("no request")?;
        let may_come_again = |(before, at): &(Option<Visitor>, u64)| {
            let off = self.apart_since(at.saturating_sub(PATIENCE_MS));
            // A node has marked it before that was seen, and looks at the mark after it is asked.
            before.is_some_and(|before| before == who)
                && delivery.asked_at.saturating_sub(*at) <= within + off
        };
        let is_second = !request.answered.iter().all(may_come_again);
        self.is_answered(id, (Some(who), now), is_second)
    }

    /// A request that is signed is refused once, and has no other answer. Of others anybody makes as many as
    /// they like.
    fn is_refused_once(&mut self, now: u64, id: &str) -> Result<(), String> {
        let request = self.requests.get(id).ok_or("no request")?;
        if !request.wish.is_signed {
            return Ok(());
        }
        let is_second = !request.answered.is_empty();
        self.is_answered(id, (None, now), is_second)
    }

    fn is_answered(
        &mut self,
        id: &str,
        answer: (Option<Visitor>, u64),
        is_second: bool,
    ) -> Result<(), String> {
        let request = self.requests.get_mut(id).ok_or("no request")?;
        let before = format!("{:?}", request.answered);
        request.answered.push(answer);
        if !is_second || request.is_unguarded {
            return Ok(());
        }
        Err(match answer.0 {
            Some(who) => format!("{id} is answered again, to {who:?} after {before}"),
            None => format!("{id} is refused after {before}"),
        })
    }

    /// Whoever has signed in last in a browser is who sits there: the one before them is told of no more, or has
    /// proven it anew.
    fn is_of_the_last(
        &mut self,
        world: &World,
        who: Visitor,
        delivery: &Delivery<'_>,
    ) -> Result<(), String> {
        if let Some((last, since)) = self.last.get(&who.browser).copied() {
            let is_anew = self.proofs.iter().any(|proof| {
                (proof.who.browser, proof.who.person) == (who.browser, who.person)
                    && proof.vouched_at.is_some_and(|at| at >= since)
            });
            if last != who.person && delivery.asked_at > since && !is_anew {
                return Err(format!("{who:?} are told of, and person {last} sits there"));
            }
        }
        if delivery.arrives {
            self.last.insert(who.browser, (who.person, world.now()));
        }
        Ok(())
    }
}

#[test]
fn a_judge_who_panics_still_tells_what_was_found() {
    let judge = Judge::default();
    judge.change(|known| known.faults.push("found before".to_owned()));
    let panics = || judge.is_over(0, "ST-that-nobody-has");
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(judge.faults(), ["found before"]);
}
