use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    model::{
        endpoint::{EndpointUrl, Schemes},
        entity_id::EntityId,
        service_provider::{AssertionConsumerService, AttributeConsumingService, UiInfo},
        short_name::ShortName,
        vocab,
    },
    saml::PREFIXES,
    xml::{Limits, Writer, open},
    xmlsec::{
        Signer as _, SigningKey,
        keys::{KeyRequest, NewKey, generate},
        sign,
    },
};

const SSO: &str = "https://idp.example.org/saml/sso";
const NOW: &str = "2026-11-25T12:00:00Z";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

pub(in crate::saml) fn key(which: usize) -> &'static SigningKey {
    static KEYS: OnceLock<[SigningKey; 2]> = OnceLock::new();
    let make = || {
        let request = KeyRequest {
            common_name: "sp.example.org",
            key: NewKey::Rsa2048,
            not_before: at("2020-01-01T00:00:00Z"),
            not_after: at("2021-01-01T00:00:00Z"),
        };
        SigningKey::from_pem(generate(&request).unwrap().pem().as_bytes()).unwrap()
    };
    &KEYS.get_or_init(|| [make(), make()])[which]
}

pub(in crate::saml) fn verifying(key: &SigningKey) -> VerifyingKey {
    VerifyingKey::from_certificate_der(key.certificate_der()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(in crate::saml) fn provider() -> ServiceProvider {
    ServiceProvider {
        short_name: ShortName::parse("zoom").unwrap(),
        entity_id: EntityId::parse("univ-montp3-fr.zoom.us").unwrap(),
        aliases: vec![EntityId::parse("https://univ-montp3-fr.zoom.us").unwrap()],
        assertion_consumer_services: vec![AssertionConsumerService {
            index: 0,
            location: EndpointUrl::parse("https://sp.example.org/acs", Schemes::HttpsOnly).unwrap(),
            binding: vocab::BINDING_POST.to_owned(),
            is_default: None,
        }],
        attribute_consuming_services: vec![AttributeConsumingService {
            index: 4,
            is_default: None,
            requested: Vec::new(),
        }],
        entity_attributes: Vec::new(),
        name_id_formats: Vec::new(),
        authn_requests_signed: false,
        want_assertions_signed: true,
        ui_info: UiInfo::default(),
        valid_until: None,
        cache_duration: None,
    }
}

/// A request with `changes` over its usual attributes, signed in the XML where a key is given.
pub(in crate::saml) fn request(
    changes: &[(&'static str, &str)],
    signer: Option<&SigningKey>,
) -> Vec<u8> {
    let mut attributes = vec![
        ("ID", "_1"),
        ("Version", "2.0"),
        ("IssueInstant", NOW),
        ("Destination", SSO),
    ];
    for (name, value) in changes {
        attributes.retain(|(known, _)| known != name);
        attributes.push((name, value));
    }
    attributes.retain(|(_, value)| !value.is_empty());
    let mut out = Writer::new(PREFIXES);
    out.start("samlp", "AuthnRequest", &attributes);
    out.leaf("saml", "Issuer", &[], "univ-montp3-fr.zoom.us");
    out.signature_slot();
    out.end();
    let xml = out.finish().unwrap();
    let xml = signer.map_or(xml.clone(), |key| sign(&xml, "_1", key).unwrap());
    xml.into_string().into_bytes()
}

pub(in crate::saml) fn bare(xml: Vec<u8>) -> ReceivedMessage {
    ReceivedMessage {
        xml,
        relay_state: None,
        signature: None,
    }
}

fn signed_query(xml: Vec<u8>, key: &SigningKey, algorithm: &str) -> ReceivedMessage {
    let octets = b"SAMLRequest=x&SigAlg=y".to_vec();
    let value = key.sign(&octets).unwrap();
    let algorithm = algorithm.to_owned();
    let signature = Some(DetachedSignature {
        algorithm,
        octets,
        value,
    });
    ReceivedMessage {
        xml,
        relay_state: None,
        signature,
    }
}

pub(in crate::saml) fn judge(
    received: &ReceivedMessage,
    keys: &[VerifyingKey],
    must_be_signed: bool,
) -> Result<TrustedAuthnRequest, RequestFault> {
    let document = open(&received.xml, &Limits::MESSAGE).unwrap();
    let sp = provider();
    let expected = Expectations {
        sp: &sp,
        keys,
        allowed: Allowed::default(),
        must_be_signed,
        destination: SSO,
        now: at(NOW),
        max_age: SignedDuration::from_mins(5),
        max_ahead: SignedDuration::from_mins(3),
    };
    trust(received, document.root(), &expected)
}

fn unsigned(changes: &[(&'static str, &str)]) -> Result<TrustedAuthnRequest, RequestFault> {
    judge(&bare(request(changes, None)), &[], false)
}

#[test]
fn sdp_idp04_an_unsigned_request_is_taken_where_none_must_be_signed_and_refused_otherwise() {
    assert!(!unsigned(&[]).unwrap().is_signed());
    let keys = [verifying(key(0))];
    let fault = judge(&bare(request(&[], None)), &keys, true).unwrap_err();
    assert_eq!(fault, RequestFault::Unsigned);
}

#[test]
fn iip_md07_sdp_idp32_a_signed_request_is_taken_from_any_of_the_providers_keys_even_expired_ones() {
    let keys = [verifying(key(1)), verifying(key(0))];
    for signer in [key(0), key(1)] {
        let enveloped = bare(request(&[], Some(signer)));
        assert!(judge(&enveloped, &keys, true).unwrap().is_signed());
        let query = signed_query(request(&[], None), signer, RSA_SHA256);
        assert!(judge(&query, &keys, true).unwrap().is_signed());
        let both = signed_query(request(&[], Some(signer)), signer, RSA_SHA256);
        assert!(judge(&both, &keys, true).unwrap().is_signed());
    }
}

#[test]
fn r08_a_signature_that_is_there_must_hold_although_none_is_demanded() {
    let ours = [verifying(key(0))];
    let refused = |received: &ReceivedMessage, keys: &[VerifyingKey]| {
        matches!(
            judge(received, keys, false),
            Err(RequestFault::Signature(_))
        )
    };
    let foreign = bare(request(&[], Some(key(1))));
    assert!(refused(&foreign, &ours));
    let good = bare(request(&[], Some(key(0))));
    assert!(refused(&good, &[]), "a provider without keys cannot sign");
    let tampered = String::from_utf8(good.xml.clone()).unwrap();
    let tampered = tampered.replace("ID=\"_1\" ", "ForceAuthn=\"true\" ID=\"_1\" ");
    assert!(refused(&bare(tampered.into_bytes()), &ours));
    let foreign = signed_query(request(&[], None), key(1), RSA_SHA256);
    assert!(refused(&foreign, &ours));
    let relabelled = RSA_SHA256.replace("256", "512");
    assert!(refused(
        &signed_query(request(&[], None), key(0), &relabelled),
        &ours
    ));
    for empty in ["", "urn:x"] {
        assert!(refused(
            &signed_query(request(&[], None), key(0), empty),
            &ours
        ));
    }
    // A good signature in the query does not excuse a bad one in the XML.
    let both = signed_query(request(&[], Some(key(1))), key(0), RSA_SHA256);
    assert!(refused(&both, &ours));
}

#[test]
fn r08_a_request_that_is_tampered_with_and_stripped_of_its_signature_is_unsigned() {
    let keys = [verifying(key(0))];
    let stripped = bare(request(&[("ForceAuthn", "true")], None));
    assert_eq!(
        judge(&stripped, &keys, true).unwrap_err(),
        RequestFault::Unsigned
    );
}

#[test]
fn r13_the_destination_is_ours_exactly_and_a_signed_request_has_one() {
    let keys = [verifying(key(0))];
    for other in [
        "https://idp.example.org/saml/sso/",
        "https://IDP.example.org/saml/sso",
        "https://idp.example.org:443/saml/sso",
        "http://idp.example.org/saml/sso",
        "https://other.example.org/saml/sso",
    ] {
        let change = [("Destination", other)];
        assert_eq!(
            unsigned(&change).unwrap_err(),
            RequestFault::Destination,
            "{other}"
        );
        let signed = bare(request(&change, Some(key(0))));
        assert_eq!(
            judge(&signed, &keys, false).unwrap_err(),
            RequestFault::Destination
        );
    }
    let none = [("Destination", "")];
    assert!(unsigned(&none).is_ok());
    let signed = bare(request(&none, Some(key(0))));
    assert_eq!(
        judge(&signed, &keys, false).unwrap_err(),
        RequestFault::Destination
    );
    let query = signed_query(request(&none, None), key(0), RSA_SHA256);
    assert_eq!(
        judge(&query, &keys, false).unwrap_err(),
        RequestFault::Destination
    );
}

#[test]
fn r33_breach_of_iip_g01_sdp_g01_a_request_is_neither_old_nor_from_the_future() {
    let issued = |instant: &str| unsigned(&[("IssueInstant", instant)]);
    for good in ["2026-11-25T11:55:00Z", "2026-11-25T12:03:00Z", NOW] {
        assert!(issued(good).is_ok(), "{good}");
    }
    let age = SignedDuration::from_secs(301);
    assert_eq!(
        issued("2026-11-25T11:54:59Z").unwrap_err(),
        RequestFault::Stale { age }
    );
    let ahead = SignedDuration::from_secs(181);
    assert_eq!(
        issued("2026-11-25T12:03:01Z").unwrap_err(),
        RequestFault::Ahead { ahead }
    );
    for absurd in ["0001-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
        assert!(issued(absurd).is_err());
    }
}

#[test]
fn r32_the_issuer_is_the_provider_that_was_looked_up() {
    let xml = String::from_utf8(request(&[], None)).unwrap();
    let issuer = |name: &str| {
        judge(
            &bare(
                xml.replace(">univ-montp3-fr.zoom.us<", &format!(">{name}<"))
                    .into(),
            ),
            &[],
            false,
        )
    };
    let alias = issuer("https://univ-montp3-fr.zoom.us").unwrap();
    assert_eq!(
        alias.request().issuer.as_str(),
        "https://univ-montp3-fr.zoom.us"
    );
    for other in [
        "https://univ-montp3-fr.zoom.us/",
        "UNIV-montp3-fr.zoom.us",
        "other",
    ] {
        assert_eq!(issuer(other).unwrap_err(), RequestFault::Issuer, "{other}");
    }
}

#[test]
fn a_certificate_is_given_to_providers_in_one_line_of_base64() {
    assert!(STANDARD.decode(key(0).certificate_base64()).is_ok());
}
