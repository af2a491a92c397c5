//! Chooses where a `Response` may be delivered.
//!
//! Owns the rules of saml-core-2.0 §3.4.1 on `AssertionConsumerServiceURL`,
//! `AssertionConsumerServiceIndex` and of saml-metadata-2.0 §2.2.3 on the default. Reads no clock,
//! no store and no HTTP. The one caller is `flow::way`.

use super::{authn_request::AcsWish, trust::TrustedAuthnRequest};
use crate::model::{
    endpoint::EndpointUrl,
    entity_id::EntityId,
    journey::{Journey, RelayState},
    service_provider::{AssertionConsumerService, ServiceProvider},
    vocab,
};

/// Where an answer goes, to which request, under which name of the provider.
///
/// Only a trusted request makes one, or the journey that was sealed from it; and only where the
/// address stands in the provider's metadata now. From here on a fault may be told to the provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnAddress {
    location: EndpointUrl,
    audience: EntityId,
    in_response_to: Box<str>,
    relay_state: Option<RelayState>,
    is_signed: bool,
}

/// Why there is no address to answer to. Told on our own page: nothing may be sent anywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AcsFault {
    /// The provider publishes no endpoint that we could answer to.
    #[error("the metadata has no AssertionConsumerService for HTTP-POST")]
    NonePublished,
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
            in_response_to: request.id.clone(),
            relay_state,
            is_signed: trusted.is_signed(),
        })
    }

    /// Proves once more the address of a journey, against the metadata of now: an endpoint that was
    /// withdrawn while the person was in front of a form is not answered to.
    ///
    /// # Errors
    ///
    /// The address or the name is no longer the provider's.
    pub fn of_journey(journey: &Journey, sp: &ServiceProvider) -> Result<Self, AcsFault> {
        let wish = AcsWish::Location(journey.acs.as_str().to_owned());
        let acs = select(&sp.assertion_consumer_services, &wish)?;
        if !sp.is_named(&journey.issuer) {
            return Err(AcsFault::UnknownLocation);
        }
        Ok(Self {
            location: acs.location.clone(),
            audience: journey.issuer.clone(),
            in_response_to: journey.request_id.clone(),
            relay_state: journey.relay_state.clone(),
            is_signed: journey.is_signed,
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

    /// The `ID` of the request: the `InResponseTo`.
    pub fn in_response_to(&self) -> &str {
        &self.in_response_to
    }

    /// What is given back unchanged beside the answer.
    pub const fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// Whether the request was signed, and so is answered once only.
    pub const fn is_signed(&self) -> bool {
        self.is_signed
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
    use crate::model::endpoint::Schemes;

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
