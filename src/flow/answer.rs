//! The answer: what the provider is told, one person for each request or click.
//!
//! [`Bridge::prepare`] maps, names and releases; whoever cannot be told of stops there. Between the two
//! the session takes note of the provider. [`Bridge::issue`] has the Response made and signed, and marks the
//! request as answered before it lets it go.

use jiff::{SignedDuration, Timestamp};

use super::{
    Answer, Next, Reply,
    bridge::{Bridge, Provider},
    stop::{HereFault, Stop},
    story::Story,
    trial::End,
    way::{JOURNEY, UnderWay},
};
use crate::{
    attributes::{asked::Asked, name_id::Parties},
    audit,
    metadata::registry::SpFault,
    model::{
        attribute::{Attributes, ReleasedAttribute},
        journey::NamedPerson,
        name_id::{NameId, NameIdFormat},
        proof::Proof,
        session::{Participant, Session},
        short_name::ShortName,
        store::{ReplayGuard as _, Sight, Use},
        trace::{Organ, Trace, Verdict},
    },
    saml::{
        acs::{AskedAddress, ReturnAddress},
        binding::post,
        response::{Issuing, Subject},
        status::AnswerFault,
    },
    sys::{
        entropy::saml_id_of,
        hmac::{base32_lower, sha256},
    },
};

/// When a person has proven who they are, as the audit tells it. The times do not say: a journey may
/// have begun before the session that answers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Proven<'s> {
    /// On this journey.
    Now,
    /// On another one: their session answers.
    Before(&'s Session),
}

impl<'s> Proven<'s> {
    /// Who was told of the person on the session that answers.
    pub(super) const fn told(self) -> &'s [Participant] {
        match self {
            Self::Now => &[],
            Self::Before(session) => session.participants.as_slice(),
        }
    }
}

/// What a provider is to be told of a person.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name_id: Option<NameId>,
    pub(super) attributes: Vec<ReleasedAttribute>,
    pub(super) is_from_session: bool,
    end: End,
}

impl Prepared {
    /// The part that this provider then has in the session whose indexes are made of `index`; none where
    /// it is told nothing.
    pub(super) fn participant(&self, way: &UnderWay<'_>, index: &str) -> Option<Participant> {
        match self.end {
            End::Sent => Some(Participant {
                sp: way.journey.sp.clone(),
                name_id: self.name_id.clone(),
                session_index: session_index(index, &way.journey.sp),
            }),
            End::Shown(_) => None,
        }
    }
}

impl Bridge {
    /// Counts that a person has come once more, and says whether that is no more often than a person may.
    pub(super) fn is_in_pace(&self, login: &str) -> bool {
        let now = self.clock.now();
        { &self.pace }.lets_through(login, self.settings.answers, now)
    }

    /// Finds out what the provider is to be told of the person.
    pub(super) async fn prepare(
        &self,
        way: &UnderWay<'_>,
        proof: &Proof,
        proven: Proven<'_>,
        story: &mut Story,
    ) -> Result<Prepared, Stop> {
        let is_in_pace = self.is_in_pace(&proof.login);
        story.is_in_pace = Some(is_in_pace);
        if !is_in_pace {
            return Err(HereFault::TooOften.into());
        }
        // Asked again: the rule may have changed since the request was read.
        if way
            .journey
            .name_id_format
            .is_some_and(|asked| Some(asked) != way.provider.name_id.format())
        {
            return Err(Stop::told(way.to.clone(), AnswerFault::NameIdPolicy));
        }
        let end = self.end_of(way, proof, story).await?;
        let ours = self.mapping.apply(&proof.attributes, &mut story.trace);
        match self
            .named_and_chosen(way, &ours, (proof, proven), story)
            .await
        {
            Ok((name_id, attributes)) => Ok(Prepared {
                name_id,
                attributes,
                is_from_session: matches!(proven, Proven::Before(_)),
                end,
            }),
            Err(stop) => {
                match end {
                    End::Sent => {}
                    End::Shown(_) => {
                        let shown = self.stopped_trial(way, proof, &ours, &story.trace);
                        story.stopped_trial = Some(Box::new(shown));
                    }
                }
                Err(stop)
            }
        }
    }

    /// The name by which the provider knows the person with our attributes `ours`, and what it is told of them.
    async fn named_and_chosen(
        &self,
        way: &UnderWay<'_>,
        ours: &Attributes,
        (proof, proven): (&Proof, Proven<'_>),
        story: &mut Story,
    ) -> Result<(Option<NameId>, Vec<ReleasedAttribute>), Stop> {
        let name_id = match named_before(way, proven.told()) {
            Some(name) => Some(name.clone()),
            None => { self.name(way.provider, ours, &mut story.trace)? }
                .map(|name| named_for_request(name, way, proven)),
        };
        let sp = &way.provider.registered.sp;
        let asked = Asked::of(sp, way.journey.attribute_consuming_service);
        let named = (name_id.as_ref(), ours);
        let attributes = self
            .choose((way.provider, &asked), named, (proof, proven), story)
            .await?;
        Ok((name_id, attributes))
    }

    /// Chooses what a provider that asks for `asked` is told of the person with our attributes `ours`, beside the
    /// name, which must stand for nobody else.
    pub(super) async fn choose(
        &self,
        (provider, asked): (&Provider, &Asked<'_>),
        (name_id, ours): (Option<&NameId>, &Attributes),
        (proof, proven): (&Proof, Proven<'_>),
        story: &mut Story,
    ) -> Result<Vec<ReleasedAttribute>, Stop> {
        if let Some(name) = name_id {
            for address in provider.name_id.addresses(name, ours) {
                self.refuse_shared_mail((name, address), proof, proven, story)
                    .await?;
            }
        }
        let attributes = provider.release.release(ours, asked, &mut story.trace);
        Ok(attributes.map_err(HereFault::from)?)
    }

    /// Makes the name by which a provider knows the person with our attributes `ours`.
    pub(super) fn name(
        &self,
        provider: &Provider,
        ours: &Attributes,
        trace: &mut Trace,
    ) -> Result<Option<NameId>, HereFault> {
        let parties = Parties {
            idp: &self.settings.entity_id,
            sp: &provider.registered.sp.entity_id,
            pairwise: &self.pairwise,
            entropy: &*self.entropy,
        };
        Ok(provider.name_id.build(ours, parties, trace)?)
    }

    /// Whether the request is about the person who proved this: it names them, or nobody
    /// (saml-core-2.0 §3.4.1.4). They are named as the answer would name them, and by a transient name
    /// only where the provider was `told` it on the same session: nobody else bears it.
    pub(super) fn is_about(
        &self,
        way: &UnderWay<'_>,
        proof: &Proof,
        told: &[Participant],
    ) -> Result<bool, HereFault> {
        let Some(subject) = way.journey.subject else {
            return Ok(true);
        };
        if way.provider.name_id.format() == Some(NameIdFormat::Transient) {
            return Ok(named_before(way, told).is_some());
        }
        // Each decision is noted where the answer is prepared.
        let mut trace = Trace::new();
        let ours = self.mapping.apply(&proof.attributes, &mut trace);
        let name = self.name(way.provider, &ours, &mut trace)?;
        Ok(name.is_some_and(|name| NamedPerson::of(&name.value) == subject))
    }

    /// Makes the answer that says who the person is: to be sent, or to be shown.
    pub(super) async fn issue(
        &self,
        way: &UnderWay<'_>,
        Session { proof, index, .. }: &Session,
        prepared: &Prepared,
        story: &mut Story,
    ) -> Result<Next, Stop> {
        // The same person in the same browser, and nobody else.
        let by = sha256(&[&way.browser, proof.login.as_bytes()]);
        let session_index = session_index(index, &way.journey.sp);
        let subject = Subject {
            name_id: prepared.name_id.as_ref(),
            attributes: &prepared.attributes,
            // A node whose clock is ahead may have written it, and providers refuse what is still to come.
            authn_instant: proof.at.min(self.clock.now()),
            context: &proof.context,
            session_index: &session_index,
        };
        if let End::Shown(key) = &prepared.end {
            let trial = self.show(way, (prepared, key), (proof, &subject), story)?;
            self.mark_as_answered(&way.to, by, way.again_within).await?;
            return Ok(Next::Show(Box::new(trial)));
        }
        let issued = self
            .issuing(way.provider)
            .success(&way.to, &subject)
            .map_err(HereFault::from)?;
        // After the signature, which a token may fail to make: then whoever tries again goes on. Of many that are
        // signed for one request, only those to whoever won the mark leave here, and only for some seconds.
        self.mark_as_answered(&way.to, by, way.again_within).await?;
        audit::Event::Asserted {
            person: &proof.login,
            method: proof.method,
            is_from_session: prepared.is_from_session,
            sp: &way.journey.sp,
            response_id: &issued.id,
            address: way.address,
            support_code: story.support_code,
        }
        .write();
        story
            .trace
            .note(Organ::Response, issued.id, Verdict::Issued);
        let answer = posting(&way.to, way.provider, &issued.xml, true);
        Ok(Next::Answer(answer))
    }

    /// Marks a request, or a click, as answered, so that it is answered to one person alone, and not again later.
    ///
    /// Signed or not: the provider itself takes one answer to a request, and somebody who goes back
    /// to a page of ours after signing in is told so by us, in plain words. So is a click on our own page,
    /// whose steps would else sign the same person in again after they have signed out. Where the store
    /// cannot say, the sign-in goes on and health says so.
    ///
    /// What comes again from the same browser within `again_within` is a second click on the button of a form, or was asked
    /// for again by a balancer whose node had ended: the first answer was lost, and the person gets another one, which
    /// the provider takes. Whoever has another browser, or signs in as somebody else, gets none.
    pub(super) async fn mark_as_answered(
        &self,
        to: &ReturnAddress,
        by: [u8; 32],
        again_within: SignedDuration,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        let expires_at = JOURNEY
            .checked_add(self.settings.max_request_age)
            // A request may have been issued that far ahead, and is taken for so much longer.
            .and_then(|window| window.checked_add(self.settings.max_request_ahead))
            .and_then(|window| now.checked_add(window).ok())
            .unwrap_or(Timestamp::MAX);
        let used = Use {
            issuer: to.audience(),
            id: &to.answered_as(),
            by,
            expires_at,
        };
        match self.store.mark(used, now).await {
            Ok(Sight::First) => Ok(()),
            Ok(Sight::Again { by_same_at }) => {
                // Another node may have marked it, by a clock that is a little ahead of ours.
                let is_at_once =
                    by_same_at.is_some_and(|first| now.duration_since(first).abs() < again_within);
                if is_at_once {
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

    pub(super) async fn refuse(
        &self,
        to: &AskedAddress,
        fault: AnswerFault,
        story: &mut Story,
    ) -> Result<Reply, HereFault> {
        let provider = story.sp.as_ref().and_then(|name| self.providers.get(name));
        let Some(provider) = provider else {
            return Err(HereFault::Provider(SpFault::Unknown));
        };
        // Before the signature: here whoever repeats a request has not proven who they are, and each would cost one.
        if to.is_signed() {
            match self
                .mark_as_answered(to.address(), Use::NOBODY, SignedDuration::ZERO)
                .await
            {
                Ok(()) | Err(Stop::Answer { .. }) => {}
                Err(Stop::Here(fault)) => return Err(fault),
            }
        }
        let issued = self.issuing(provider).fault(to, fault.status())?;
        story.trace.note(
            Organ::Response,
            issued.id,
            Verdict::IssuedAsFault(fault.to_string().into()),
        );
        Ok(Reply::new(Next::Answer(posting(
            to.address(),
            provider,
            &issued.xml,
            false,
        ))))
    }

    pub(super) fn issuing<'a>(&'a self, provider: &'a Provider) -> Issuing<'a> {
        let now = self.clock.now();
        Issuing {
            idp: self.settings.entity_id.as_str(),
            signer: provider.signer_at(now),
            sign: provider.registered.config.sign,
            encrypt_to: provider.registered.encryption_key.as_ref(),
            session: provider.registered.config.session,
            now,
            entropy: &*self.entropy,
        }
    }
}

/// A transient name that is drawn for this session and this request: where that is answered again, the provider may have been
/// told it already, and the session knows no other of it.
fn named_for_request(name: NameId, way: &UnderWay<'_>, proven: Proven<'_>) -> NameId {
    match proven {
        Proven::Before(Session { index, .. }) if name.format == NameIdFormat::Transient => {
            let (sp, id) = (way.journey.sp.as_str(), way.to.answered_as());
            let of = [index, "\0transient\0", sp, "\0", &*id].map(str::as_bytes);
            let drawn = sha256(&of).first_chunk().copied();
            let value = drawn.map_or(name.value, saml_id_of);
            NameId { value, ..name }
        }
        Proven::Before(_) | Proven::Now => name,
    }
}

/// The transient name that the request names the person by, where `told` says that this provider
/// was told it on this session. The answer then says it again: it must be about whom the request
/// names (saml-core-2.0 §3.3.4, §3.4.1.4).
fn named_before<'a>(way: &UnderWay<'_>, told: &'a [Participant]) -> Option<&'a NameId> {
    let subject = way.journey.subject?;
    if way.provider.name_id.format() != Some(NameIdFormat::Transient) {
        return None;
    }
    told.iter()
        .filter(|participant| participant.sp == way.journey.sp)
        .filter_map(|participant| participant.name_id.as_ref())
        .find(|name| {
            name.format == NameIdFormat::Transient && NamedPerson::of(&name.value) == subject
        })
}

/// The `SessionIndex` that a provider is told, made of what the session has for all of them, which
/// nobody is told: two providers must not find out by it that they speak of one person
/// (saml-core-2.0 §2.7.2). The same at each answer of the session.
fn session_index(of_session: &str, sp: &ShortName) -> String {
    let digest = sha256(&[of_session.as_bytes(), sp.as_str().as_bytes()]);
    format!("_{}", base32_lower(&digest))
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
