//! Into a journey and out of it again: from octets or a seal to a journey under way, and from a
//! journey to the seal in our own path.
//!
//! What comes out of here has a proven return address and a provider that is served now.

use std::{net::IpAddr, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    Step, Visit,
    bridge::{Bridge, Provider},
    stop::{HereFault, Home, Stop},
    story::Story,
};
use crate::{
    metadata::registry::{Registered, SpFault},
    model::{
        journey::{Beginning, BrowserBinding, Journey, OwnForm},
        short_name::ShortName,
        trace::{Decision, Organ, Verdict},
    },
    saml::{
        acs::ReturnAddress,
        authn_request::claimed_issuer,
        binding::{post, redirect},
        trust::{Expectations, RequestFault, trust},
        wishes::Offer,
    },
    sys::{
        seal::{BrokenSeal, Purpose},
        token::Token,
    },
    xml::{self, Limits},
};

/// How long a journey may take.
pub(super) const JOURNEY: SignedDuration = SignedDuration::from_hours(1);
/// How long a journey may stay without a browser: the bounce of a POST and nothing else.
pub(super) const BOUNCE: SignedDuration = SignedDuration::from_secs(60);
/// How long a request may be answered again to the same person in the same browser. A balancer whose node ends between the
/// mark and the answer asks another one at once; nobody goes back as soon, and whoever does so later reads that it is done.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_secs(1);
/// The longest seal that is put into a path: proxies and servers of the field take no more.
const MAX_SEAL_CHARS: usize = 3000;

/// A request, as HTTP brought it.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The raw query of HTTP-Redirect.
    Redirect(&'a str),
    /// The raw form of HTTP-POST. It may come from another site, and then without cookies.
    Post(&'a str),
}

/// A journey under way, with the provider of now.
pub(super) struct UnderWay<'a> {
    pub(super) journey: Journey,
    pub(super) to: ReturnAddress,
    pub(super) provider: &'a Provider,
    /// The browser, by the hash of its value; zeros where it has none.
    pub(super) browser: [u8; 32],
    /// Where it calls from.
    pub(super) address: IpAddr,
    /// For how long the same browser may have the request, or the click, answered again to the same person.
    pub(super) again_within: SignedDuration,
    /// Whether who signs in on it is remembered.
    pub(super) keeps_session: bool,
}

impl<'a> UnderWay<'a> {
    pub(super) fn new(
        journey: Journey,
        to: ReturnAddress,
        provider: &'a Provider,
        visit: &Visit,
    ) -> Self {
        Self {
            journey,
            to,
            provider,
            browser: visit.browser.as_ref().map_or([0; 32], Token::hash),
            address: visit.address,
            again_within: match visit.browser {
                Some(_) => ASKED_AGAIN,
                // It cannot be told from another one.
                None => SignedDuration::ZERO,
            },
            keeps_session: true,
        }
    }
}

impl Bridge {
    /// From the octets to a journey whose return address is proven.
    pub(super) fn receive(
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
        // It leads home also where the provider is not served.
        story.sp = self.registry.short_name_of(&claimed).cloned();
        let provider = self.served(self.registry.sp_for(&claimed, now), story)?;
        let sp = &provider.registered.sp;
        let expected = Expectations {
            sp,
            keys: &provider.registered.keys,
            allowed: provider.registered.allowed(now),
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
                Verdict::SignatureVerified
            } else {
                Verdict::SignatureNotDemanded
            },
        );
        let to = ReturnAddress::of_request(&trusted, received.relay_state, sp)
            .map_err(HereFault::from)?;
        story
            .trace
            .note(Organ::Acs, "address", Verdict::AddressOfTheMetadata);
        // From here on a fault may be told to the provider.
        let offer = Offer {
            idp: &self.settings.entity_id,
            sp,
            name_id_format: provider.name_id.format(),
            contexts: &self.settings.contexts,
        };
        let wishes = trusted
            .check_wishes(&offer)
            .map_err(|fault| Stop::told(to.clone(), fault))?;
        let request = trusted.request();
        let journey = Journey {
            force_authn: request.force_authn,
            is_passive: request.is_passive,
            subject: wishes.subject,
            name_id_format: wishes.name_id_format,
            attribute_consuming_service: request.attribute_consuming_service,
            acceptable_contexts: wishes.acceptable_contexts,
            ..self.journey(&to, provider, story)
        };
        Ok(UnderWay::new(journey, to, provider, visit))
    }

    /// A journey that begins now, on which nothing is wished for.
    pub(super) fn journey(
        &self,
        to: &ReturnAddress,
        provider: &Provider,
        story: &Story,
    ) -> Journey {
        Journey {
            sp: provider.registered.sp.short_name.clone(),
            issuer: to.audience().clone(),
            beginning: to.beginning().clone(),
            acs: to.location().clone(),
            relay_state: to.relay_state().cloned(),
            force_authn: false,
            is_passive: false,
            subject: None,
            name_id_format: None,
            attribute_consuming_service: None,
            acceptable_contexts: Vec::new(),
            begun_at: self.clock.now(),
            support_code: story.support_code,
            refused_tickets: 0,
            own_form: OwnForm::NotShown,
            binding: BrowserBinding::Unbound,
        }
    }

    /// From a seal in a path to the journey, whose provider and address are asked for again.
    pub(super) fn open(
        &self,
        sp_in_path: &str,
        seal_in_path: &str,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<UnderWay<'_>, Stop> {
        // What stands in clear leads home even where the seal is dead.
        let (seal, is_trial) = Step::read_seal(seal_in_path);
        story.sp = ShortName::parse(sp_in_path).ok();
        story.is_trial = is_trial;
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
        let Ok((mut journey, [])) = postcard::take_from_bytes::<Journey>(&content) else {
            return Err(HereFault::JourneyForged.into());
        };
        if may_be_known_elsewhere(&journey, visit) {
            // Whoever has read its code on a page could have the session that answers here, or there, ended by it.
            let known = std::mem::replace(&mut journey.support_code, story.support_code);
            // Under that of a request that was posted there is nobody. Under that of an address that was offered there may be
            // somebody else.
            if journey.binding == BrowserBinding::Unbound {
                story.began_under = Some(known);
                story.trace.add(Decision::began_under(known));
            }
        } else {
            story.support_code = journey.support_code;
        }
        if (journey.sp.as_str(), journey.beginning.is_trial()) != (sp_in_path, is_trial) {
            return Err(HereFault::JourneyForged.into());
        }
        if is_trial {
            self.may_be_tried()?;
        }
        self.look_at_browser(&journey, visit)?;
        let provider = self.served(self.registry.sp_by_short_name(&journey.sp, now), story)?;
        story.step = Some(Step::of_path(&journey, seal_in_path.to_owned()));
        // The rule may have been switched on since, as the one about clicks may have been switched off.
        let must_be_signed = provider.registered.must_sign_requests();
        if must_be_signed && journey.beginning.is_unsigned_request() {
            return Err(HereFault::from(RequestFault::Unsigned).into());
        }
        let Registered { sp, config, .. } = &*provider.registered;
        let to = ReturnAddress::of_journey(&journey, sp, config.idp_initiated.as_ref())
            .map_err(HereFault::from)?;
        Ok(UnderWay::new(journey, to, provider, visit))
    }

    /// Sees to it that a journey goes on in the browser to which it belongs.
    ///
    /// One that a request began may come back at first with another value than the one that was offered:
    /// two tabs may have begun at once, and anybody may send a request. A click is one person's own. What
    /// it began is answered in no other browser, not by a session that lives there either: somebody would
    /// be signed in by the click of somebody else, or shown what is known of somebody else.
    fn look_at_browser(&self, journey: &Journey, visit: &Visit) -> Result<(), HereFault> {
        let hash = match (&journey.binding, &journey.beginning) {
            (BrowserBinding::Bound(hash), _)
            | (BrowserBinding::Offered(hash), Beginning::Click { .. } | Beginning::Trial { .. }) => {
                hash
            }
            (BrowserBinding::Offered(_) | BrowserBinding::Unbound, Beginning::Request { .. }) => {
                return Ok(());
            }
            // A click brings its cookies along, and needs no bounce.
            (BrowserBinding::Unbound, Beginning::Click { .. } | Beginning::Trial { .. }) => {
                return Err(HereFault::JourneyForged);
            }
        };
        match &visit.browser {
            Some(token) if token.is_of(hash) => Ok(()),
            None if matches!(journey.binding, BrowserBinding::Offered(_))
                && self.comes_at_once(journey) =>
            {
                Err(HereFault::CookiesBlocked)
            }
            Some(_) | None => Err(HereFault::OtherBrowser),
        }
    }

    /// The one gate of R-38: a provider that is unknown, disabled or expired is served nothing.
    pub(super) fn served(
        &self,
        found: Result<&Arc<Registered>, SpFault>,
        story: &mut Story,
    ) -> Result<&Provider, HereFault> {
        let registered = found?;
        let name = &registered.sp.short_name;
        story.sp = Some(name.clone());
        let provider = self.providers.get(name);
        provider.ok_or(HereFault::Provider(SpFault::Unknown))
    }

    /// Seals a journey into a step, for `lifetime`.
    pub(super) fn step(&self, journey: &Journey, lifetime: SignedDuration) -> Result<Step, Stop> {
        let content =
            postcard::to_allocvec(journey).map_err(|_unsealable| HereFault::JourneyTooLong)?;
        let now = self.clock.now();
        let expires_at = now.saturating_add(lifetime).unwrap_or(Timestamp::MIN);
        let seal = { self.seal.at(now) }
            .seal(Purpose::Journey, &content, expires_at, &*self.entropy)
            .map_err(HereFault::from)?;
        if seal.len() > MAX_SEAL_CHARS {
            return Err(HereFault::JourneyTooLong.into());
        }
        Ok(Step::new(journey, &seal))
    }

    /// What is left of a journey's hour: a new seal does not begin it again.
    pub(super) fn time_left(&self, journey: &Journey) -> SignedDuration {
        JOURNEY - self.clock.now().duration_since(journey.begun_at)
    }

    /// The way home to a provider, whatever became of the journey.
    pub fn home(&self, name: &ShortName) -> Option<Home> {
        let listed = self.registry.listed(name, self.clock.now())?;
        Some(Home {
            provider: listed.display_name,
            way_in: listed.way_in,
        })
    }
}

/// Whether the code of an address may stand on a page in another browser: the journey belongs to that one, or to this one before
/// it lost its cookie, or it came by POST, and each browser may open it in its first minute. What stops here has a code of its
/// own, too: under that of the other browser somebody signs in.
fn may_be_known_elsewhere(journey: &Journey, visit: &Visit) -> bool {
    match journey.binding {
        BrowserBinding::Offered(its) | BrowserBinding::Bound(its) => {
            visit.browser.as_ref().map(Token::hash) != Some(its)
        }
        BrowserBinding::Unbound => true,
    }
}
