//! Chooses where a `Response` may be delivered.
//!
//! Owns the rules of saml-core-2.0 §3.4.1 on `AssertionConsumerServiceURL`,
//! `AssertionConsumerServiceIndex` and of saml-metadata-2.0 §2.2.3 on the default, and those of an answer
//! that nobody asked for. Reads no clock, no store and no HTTP. The callers are `flow::way`,
//! `flow::idp_initiated` and `flow::trial`.

use std::borrow::Cow;

use super::{authn_request::AcsWish, trust::TrustedAuthnRequest};
use crate::{
    config::sp::IdpInitiated,
    model::{
        endpoint::EndpointUrl,
        entity_id::EntityId,
        journey::{Beginning, Journey, RelayState},
        service_provider::{AssertionConsumerService, ServiceProvider},
        vocab,
    },
};

/// Where an answer goes, what it answers, under which name of the provider.
///
/// Made by a trusted request, by a click on a page of ours where the administrator allows that, or by the
/// journey that was sealed from one of them; and only where the address stands in the provider's metadata now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnAddress {
    location: EndpointUrl,
    audience: EntityId,
    beginning: Beginning,
    relay_state: Option<RelayState>,
}

/// The return address of a request. Only there may a fault be told: where nobody has asked, it would
/// be an answer to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AskedAddress(ReturnAddress);

/// Why there is no address to answer to. Told on our own page: nothing may be sent anywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AcsFault {
    /// The administrator lets nobody come to the provider from our own page.
    #[error("the provider may not be gone to from our own page")]
    NoIdpInitiated,
    /// The provider publishes no endpoint that we could answer to.
    #[error("the metadata has no AssertionConsumerService for HTTP-POST")]
    NonePublished,
    /// A link to our own page names a `RelayState` that the administrator did not list.
    #[error("the RelayState of the link is not on the provider's list")]
    RelayStateNotListed,
    /// The metadata has no endpoint with this index for HTTP-POST.
    #[error("the metadata has no AssertionConsumerService {0} for HTTP-POST")]
    UnknownIndex(u16),
    /// The metadata has no endpoint with this address for HTTP-POST.
    #[error("the metadata does not have the AssertionConsumerServiceURL of the request")]
    UnknownLocation,
}

impl ReturnAddress {
    /// Proves the address that a request asks for.
    ///
    /// # Errors
    ///
    /// The fault is ours to show, not to send.
    pub fn of_request(
        trusted: &TrustedAuthnRequest,
        relay_state: Option<RelayState>,
        sp: &ServiceProvider,
    ) -> Result<Self, AcsFault> {
        let request = trusted.request();
        let acs = select(&sp.assertion_consumer_services, &request.acs)?;
        Ok(Self {
            location: acs.location.clone(),
            audience: request.issuer.clone(),
            beginning: Beginning::Request {
                id: request.id.clone(),
                is_signed: trusted.is_signed(),
            },
            relay_state,
        })
    }

    /// Proves the address of a click on our own page: the default one of the metadata. `named` is the
    /// `RelayState` that a link names, one of the list of `rule`; where it names none, it is the first
    /// of the list.
    ///
    /// # Errors
    ///
    /// The fault is ours to show, not to send.
    pub fn unsolicited(
        id: Box<str>,
        named: Option<&str>,
        sp: &ServiceProvider,
        rule: Option<&IdpInitiated>,
    ) -> Result<Self, AcsFault> {
        let listed = &rule.ok_or(AcsFault::NoIdpInitiated)?.relay_states;
        let relay_state = match named {
            None => listed.first(),
            Some(named) => Some(
                listed
                    .iter()
                    .find(|listed| listed.as_str() == named)
                    .ok_or(AcsFault::RelayStateNotListed)?,
            ),
        };
        let acs = select(&sp.assertion_consumer_services, &AcsWish::Unstated)?;
        Ok(Self {
            location: acs.location.clone(),
            audience: sp.entity_id.clone(),
            beginning: Beginning::Click { id },
            relay_state: relay_state.cloned(),
        })
    }

    /// The address to which the answer of a trial would go: the default one of the metadata, for a request
    /// that the provider would have sent under its main name. Nothing is sent there.
    ///
    /// # Errors
    ///
    /// The provider has none.
    pub fn of_trial(id: Box<str>, sp: &ServiceProvider) -> Result<Self, AcsFault> {
        let acs = select(&sp.assertion_consumer_services, &AcsWish::Unstated)?;
        Ok(Self {
            location: acs.location.clone(),
            audience: sp.entity_id.clone(),
            beginning: Beginning::Trial { id },
            relay_state: None,
        })
    }

    /// Proves once more the address of a journey, against the metadata and the `rule` of now: an
    /// endpoint that was withdrawn while the person was in front of a form is not answered to.
    ///
    /// # Errors
    ///
    /// The address or the name is no longer the provider's, or what began with a click may not any more.
    pub fn of_journey(
        journey: &Journey,
        sp: &ServiceProvider,
        rule: Option<&IdpInitiated>,
    ) -> Result<Self, AcsFault> {
        if let Beginning::Click { id } = &journey.beginning {
            let named = journey.relay_state.as_ref().map(RelayState::as_str);
            Self::unsolicited(id.clone(), named, sp, rule)?;
        }
        let wish = AcsWish::Location(journey.acs.as_str().to_owned());
        let acs = select(&sp.assertion_consumer_services, &wish)?;
        if !sp.is_named(&journey.issuer) {
            return Err(AcsFault::UnknownLocation);
        }
        Ok(Self {
            location: acs.location.clone(),
            audience: journey.issuer.clone(),
            beginning: journey.beginning.clone(),
            relay_state: journey.relay_state.clone(),
        })
    }

    /// Where the answer goes: `Destination`, `Recipient`, and the target of the form.
    pub const fn location(&self) -> &EndpointUrl {
        &self.location
    }

    /// The name by which the provider asked: the `Audience`.
    pub const fn audience(&self) -> &EntityId {
        &self.audience
    }

    /// What it is proven by.
    pub const fn beginning(&self) -> &Beginning {
        &self.beginning
    }

    /// The `ID` of the request, or of the one that a trial supposes: the `InResponseTo`. None where there
    /// was no request.
    pub fn in_response_to(&self) -> Option<&str> {
        match &self.beginning {
            Beginning::Request { id, .. } | Beginning::Trial { id } => Some(id),
            Beginning::Click { .. } => None,
        }
    }

    /// The name under which it is marked as answered. That of a trial is no `NCName`, and so no request's.
    pub fn answered_as(&self) -> Cow<'_, str> {
        match &self.beginning {
            Beginning::Request { id, .. } | Beginning::Click { id } => Cow::Borrowed(id),
            Beginning::Trial { id } => Cow::Owned(format!("trial {id}")),
        }
    }

    /// What is given back unchanged beside the answer.
    pub const fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }
}

impl AskedAddress {
    /// The address, if a request asked for an answer to it.
    pub fn of(to: ReturnAddress) -> Option<Self> {
        match to.beginning {
            Beginning::Request { .. } => Some(Self(to)),
            Beginning::Click { .. } | Beginning::Trial { .. } => None,
        }
    }

    /// The address.
    pub const fn address(&self) -> &ReturnAddress {
        &self.0
    }

    /// Whether the request was signed, and so is refused once only.
    pub const fn is_signed(&self) -> bool {
        matches!(
            self.0.beginning,
            Beginning::Request {
                is_signed: true,
                ..
            }
        )
    }
}

/// Picks the endpoint that `wish` names out of those in metadata that take HTTP-POST.
///
/// A wish is met exactly or refused: a wrong index or URL never falls back to another endpoint,
/// because the peer would then get an `Assertion` where it did not ask for one.
fn select<'sp>(
    published: &'sp [AssertionConsumerService],
    wish: &AcsWish,
) -> Result<&'sp AssertionConsumerService, AcsFault> {
    let mut by_post = published
        .iter()
        .filter(|acs| acs.binding == vocab::BINDING_POST);
    match wish {
        AcsWish::Index(index) => by_post
            .find(|acs| acs.index == *index)
            .ok_or(AcsFault::UnknownIndex(*index)),
        AcsWish::Location(url) => by_post
            .find(|acs| acs.location.as_str() == url)
            .ok_or(AcsFault::UnknownLocation),
        AcsWish::Unstated => by_post
            .clone()
            .find(|acs| acs.is_default == Some(true))
            .or_else(|| by_post.clone().find(|acs| acs.is_default.is_none()))
            .or_else(|| by_post.next())
            .ok_or(AcsFault::NonePublished),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::any, proptest};

    use super::*;
    use crate::{
        model::{
            endpoint::Schemes,
            journey::{BrowserBinding, OwnForm},
            support_code::SupportCode,
        },
        saml::trust::tests::{bare, judge, key, provider, request, verifying},
        sys::entropy::SeededEntropy,
    };

    fn acs(index: u16, url: &str, is_default: Option<bool>) -> AssertionConsumerService {
        AssertionConsumerService {
            index,
            location: EndpointUrl::parse(url, Schemes::HttpsOnly).unwrap(),
            binding: vocab::BINDING_POST.to_owned(),
            is_default,
        }
    }

    fn located(url: &str) -> AcsWish {
        AcsWish::Location(url.to_owned())
    }

    #[test]
    fn r31_an_unknown_index_is_refused_although_a_default_exists() {
        let published = [acs(0, "https://sp.example.org/acs", Some(true))];
        assert_eq!(
            select(&published, &AcsWish::Index(7)),
            Err(AcsFault::UnknownIndex(7))
        );
        assert_eq!(select(&published, &AcsWish::Index(0)), Ok(&published[0]));
    }

    #[test]
    fn r30_an_address_is_met_byte_for_byte_or_refused() {
        let published = [acs(0, "https://sp.example.org/saml/SSO", Some(true))];
        assert_eq!(
            select(&published, &located("https://sp.example.org/saml/SSO")),
            Ok(&published[0])
        );
        for other in [
            "",
            "https://sp.example.org/saml/sso",
            "https://SP.example.org/saml/SSO",
            "https://sp.example.org:443/saml/SSO",
            "https://sp.example.org/saml/SSO/",
            "https://sp.example.org/saml/./SSO",
            "https://sp.example.org/saml/../saml/SSO",
            "https://sp.example.org/%73aml/SSO",
            "https://u@sp.example.org/saml/SSO",
            "https://sp.example.org/saml/SSO?x=1",
            "https://sp.example.org/saml/SSO#x",
            "https://sp.example.org\\saml\\SSO",
            "https://sp.example.org/saml/SSO\n",
            " https://sp.example.org/saml/SSO",
            "http://sp.example.org/saml/SSO",
            "https://sp.example.org.evil.example/saml/SSO",
            "https://xn--sp-.example.org/saml/SSO",
        ] {
            assert_eq!(
                select(&published, &located(other)),
                Err(AcsFault::UnknownLocation),
                "{other}"
            );
        }
    }

    #[test]
    fn r31_without_a_wish_the_default_of_metadata_is_taken() {
        let one = "https://sp.example.org/1";
        let two = "https://sp.example.org/2";
        let pick = |first, second| {
            let published = [acs(0, one, first), acs(1, two, second)];
            select(&published, &AcsWish::Unstated).map(|acs| acs.index)
        };
        assert_eq!(pick(None, None), Ok(0));
        assert_eq!(pick(None, Some(true)), Ok(1));
        assert_eq!(pick(Some(false), None), Ok(1));
        assert_eq!(pick(Some(false), Some(false)), Ok(0));
        assert_eq!(pick(Some(true), Some(true)), Ok(0));
        assert_eq!(
            select(&[], &AcsWish::Unstated),
            Err(AcsFault::NonePublished)
        );
    }

    #[test]
    fn breach_of_sdp_idp08_an_endpoint_of_another_binding_is_never_chosen() {
        let mut artifact = acs(1, "https://sp.example.org/artifact", Some(true));
        artifact.binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact".to_owned();
        let published = [artifact, acs(2, "https://sp.example.org/post", None)];
        assert_eq!(select(&published, &AcsWish::Unstated).unwrap().index, 2);
        assert_eq!(
            select(&published, &AcsWish::Index(1)),
            Err(AcsFault::UnknownIndex(1))
        );
        assert_eq!(
            select(&published, &located("https://sp.example.org/artifact")),
            Err(AcsFault::UnknownLocation)
        );
    }

    fn rule(relay_states: &[&str]) -> IdpInitiated {
        let listed = relay_states.iter().map(|text| RelayState::parse(text));
        IdpInitiated {
            relay_states: listed.collect::<Result<_, _>>().unwrap(),
        }
    }

    #[test]
    fn r39_without_a_request_all_stands_in_the_metadata_and_the_rule() {
        let (sp, rule) = (provider(), rule(&["home", "meeting"]));
        let to = |named| ReturnAddress::unsolicited("_1".into(), named, &sp, Some(&rule));
        for (named, expected) in [
            (None, "home"),
            (Some("home"), "home"),
            (Some("meeting"), "meeting"),
        ] {
            let to = to(named).unwrap();
            assert_eq!(to.location().as_str(), "https://sp.example.org/acs");
            assert_eq!(to.audience(), &sp.entity_id);
            assert_eq!(to.relay_state().map(RelayState::as_str), Some(expected));
            assert_eq!(to.in_response_to(), None);
            assert_eq!(to.answered_as(), "_1");
            // Nobody is there to be told of a fault.
            assert_eq!(AskedAddress::of(to), None);
        }
        for named in ["", "hom", "home ", "HOME", "https://evil.example/"] {
            assert_eq!(
                to(Some(named)),
                Err(AcsFault::RelayStateNotListed),
                "{named}"
            );
        }
        let without =
            ReturnAddress::unsolicited("_1".into(), None, &sp, Some(&IdpInitiated::default()));
        assert_eq!(without.unwrap().relay_state(), None);
        let off = ReturnAddress::unsolicited("_1".into(), None, &sp, None);
        assert_eq!(off, Err(AcsFault::NoIdpInitiated));
    }

    /// A journey to `to`, as it is sealed.
    fn journey(to: &ReturnAddress) -> Journey {
        Journey {
            sp: provider().short_name,
            issuer: to.audience.clone(),
            beginning: to.beginning.clone(),
            acs: to.location.clone(),
            relay_state: to.relay_state.clone(),
            force_authn: false,
            is_passive: false,
            subject: None,
            name_id_format: None,
            attribute_consuming_service: None,
            acceptable_contexts: Vec::new(),
            begun_at: "2026-11-28T10:00:00Z".parse().unwrap(),
            support_code: SupportCode::draw(&SeededEntropy::new(1)),
            refused_tickets: 0,
            own_form: OwnForm::NotShown,
            binding: BrowserBinding::Unbound,
        }
    }

    #[test]
    fn a_request_is_answered_to_its_id_and_told_faults() {
        for signer in [None, Some(key(0))] {
            let keys: Vec<_> = signer.into_iter().map(verifying).collect();
            let trusted = judge(&bare(request(&[], signer)), &keys, false).unwrap();
            let state = RelayState::parse("state").unwrap();
            let to = ReturnAddress::of_request(&trusted, Some(state.clone()), &provider()).unwrap();
            assert_eq!(to.in_response_to(), Some("_1"));
            assert_eq!(to.answered_as(), "_1");
            assert_eq!(to.relay_state(), Some(&state));
            let asked = AskedAddress::of(to.clone()).unwrap();
            assert_eq!(asked.address(), &to);
            assert_eq!(asked.is_signed(), signer.is_some());
        }
    }

    #[test]
    fn r38_the_address_of_a_journey_is_proven_anew() {
        let trusted = judge(&bare(request(&[], None)), &[], false).unwrap();
        let to = ReturnAddress::of_request(&trusted, None, &provider()).unwrap();
        let under_way = journey(&to);
        let again = |sp: &ServiceProvider| ReturnAddress::of_journey(&under_way, sp, None);
        assert_eq!(again(&provider()), Ok(to));
        let mut moved = provider();
        moved.assertion_consumer_services = vec![acs(0, "https://sp.example.org/other", None)];
        assert_eq!(again(&moved), Err(AcsFault::UnknownLocation));
        let mut renamed = provider();
        renamed.entity_id = EntityId::parse("https://other.example.org").unwrap();
        assert_eq!(again(&renamed), Err(AcsFault::UnknownLocation));
        renamed.aliases = vec![under_way.issuer.clone()];
        assert_eq!(
            again(&renamed).map(|to| to.audience),
            Ok(under_way.issuer.clone())
        );
    }

    #[test]
    fn r39_the_rule_is_asked_again_of_a_journey_that_began_with_a_click() {
        let (sp, listed) = (provider(), rule(&["home"]));
        let to = ReturnAddress::unsolicited("_1".into(), None, &sp, Some(&listed)).unwrap();
        let under_way = journey(&to);
        let again = |rule| ReturnAddress::of_journey(&under_way, &sp, rule);
        assert_eq!(again(Some(&listed)), Ok(to));
        assert_eq!(again(None), Err(AcsFault::NoIdpInitiated));
        assert_eq!(
            again(Some(&rule(&["other"]))),
            Err(AcsFault::RelayStateNotListed)
        );
    }

    proptest! {
        #[test]
        fn r30_no_wish_leads_out_of_the_metadata(
            published in proptest::collection::vec((any::<u16>(), 0..4_u8, option::of(any::<bool>())), 0..5),
            index in any::<u16>(),
            url in "https://sp[0-9]\\.example\\.org/[a-c]?",
        ) {
            let published: Vec<_> = published
                .into_iter()
                .map(|(index, host, default)| acs(index, &format!("https://sp{host}.example.org/a"), default))
                .collect();
            for wish in [AcsWish::Unstated, AcsWish::Index(index), located(&url)] {
                if let Ok(chosen) = select(&published, &wish) {
                    assert!(published.contains(chosen));
                    match wish {
                        AcsWish::Index(index) => assert_eq!(chosen.index, index),
                        AcsWish::Location(url) => assert_eq!(chosen.location.as_str(), url),
                        AcsWish::Unstated => {}
                    }
                }
            }
        }
    }
}
