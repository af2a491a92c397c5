//! Of files that describe many entities.

use jiff::SignedDuration;

use super::super::read::{
    Reading, read,
    tests::{config, now},
};
use crate::{
    config::sp::SpConfig,
    metadata::finding::Finding,
    model::{endpoint::Schemes, entity_id::EntityId, vocab},
};

const PLAIN: &str = include_str!("../../tests/fixtures/metadata/valid/plain.xml");

/// The `EntityDescriptor` of a service provider, with more attributes.
fn entity(name: &str, attributes: &str) -> String {
    let (_declaration, element) = PLAIN.split_once("?>").unwrap();
    element
        .replace("https://sp.example.org/metadata", name)
        .replace("https://sp.example.org/acs", &format!("{name}/acs"))
        .replacen("entityID", &format!("{attributes} entityID"), 1)
}

fn group(attributes: &str, content: &[&str]) -> String {
    let content = content.concat();
    format!(
        "<md:EntitiesDescriptor xmlns:md='{}' {attributes}>{content}</md:EntitiesDescriptor>",
        vocab::MD
    )
}

fn named(name: &str) -> SpConfig {
    SpConfig {
        entity_id: Some(EntityId::parse(name).unwrap()),
        ..config()
    }
}

fn read_as(config: &SpConfig, text: &str) -> Reading {
    read(text.as_bytes(), config, Schemes::HttpsOnly, now())
}

fn name_of(reading: Reading) -> String {
    let told = format!("{:?}", reading.findings);
    let described = reading.provider.unwrap_or_else(|| panic!("{told}"));
    described.sp.entity_id.to_string()
}

#[test]
fn the_entity_that_is_named_is_found_however_deep_and_whatever_is_wrong_with_others() {
    let broken = entity("https://b.example", "validUntil='never'");
    let groups = |depth: usize| {
        let inner = group("", &[&entity("https://c.example", "")]);
        (0..depth).fold(inner, |inner, _| group("", &[&inner]))
    };
    let a = entity("https://a.example", "");
    let file = group("", &[&a, &broken, &groups(20)]);
    for name in ["https://a.example", "https://c.example"] {
        assert_eq!(name_of(read_as(&named(name), &file)), name);
    }
    assert!(
        read_as(&named("https://b.example"), &file)
            .provider
            .is_none()
    );
}

#[test]
fn groups_nest_as_deep_as_the_door_allows_and_no_deeper() {
    let nested = |depth: usize| {
        (0..depth).fold(entity("https://a.example", ""), |inner, _| {
            group("", &[&inner])
        })
    };
    // An entity of the fixture is itself six elements deep, and the door lets in 32.
    assert!(read_as(&config(), &nested(26)).provider.is_some());
    let refused = read_as(&config(), &nested(27));
    assert!(matches!(refused.findings[..], [Finding::Door(_)]));
}

#[test]
fn where_nobody_says_it_a_file_describes_one_service_provider() {
    let idp = format!(
        "<md:EntityDescriptor entityID='https://idp.example'><md:IDPSSODescriptor \
         protocolSupportEnumeration='{}'/></md:EntityDescriptor>",
        vocab::SAMLP
    );
    let (a, b) = (
        entity("https://a.example", ""),
        entity("https://b.example", ""),
    );
    let one = group("", &[&idp, &group("", &[&a]), &idp]);
    assert_eq!(name_of(read_as(&config(), &one)), "https://a.example");
    let two = read_as(&config(), &group("", &[&a, &b]));
    assert!(matches!(two.findings[..], [Finding::SeveralEntities(2)]));
    for nobody in [group("", &[]), group("", &[&idp])] {
        let nobody = read_as(&config(), &nobody);
        assert!(matches!(nobody.findings[..], [Finding::NoServiceProvider]));
    }
}

#[test]
fn r32_an_entity_that_is_described_twice_is_not_taken_and_keeps_no_other_out() {
    let (a, b) = (
        entity("https://a.example", ""),
        entity("https://b.example", ""),
    );
    let file = group("", &[&a, &b, &group("", &[&a])]);
    let twice = read_as(&named("https://a.example"), &file);
    assert!(matches!(twice.findings[..], [Finding::EntityRepeated]));
    assert!(twice.provider.is_none());
    let other = read_as(&named("https://b.example"), &file);
    assert_eq!(name_of(other), "https://b.example");
}

#[test]
fn r32_an_entity_is_named_byte_for_byte_in_a_file_of_one_too() {
    for file in [
        PLAIN.to_owned(),
        group("", &[PLAIN.split_once("?>").unwrap().1]),
    ] {
        let name = "https://sp.example.org/metadata";
        assert_eq!(name_of(read_as(&named(name), &file)), name);
        for other in [
            "https://sp.example.org/metadata/",
            "https://SP.example.org/metadata",
            "https://sp.example.org",
        ] {
            let reading = read_as(&named(other), &file);
            assert!(matches!(reading.findings[..], [Finding::NoSuchEntity]));
        }
    }
}

#[test]
fn an_entity_in_an_extension_or_in_another_namespace_is_none_of_the_file() {
    let hidden = format!(
        "<md:Extensions>{}</md:Extensions>",
        entity("https://a.example", "")
    );
    let foreign = entity("https://a.example", "").replace(vocab::MD, "urn:other");
    let b = entity("https://b.example", "");
    let file = group("", &[&hidden, &foreign, &b]);
    assert_eq!(name_of(read_as(&config(), &file)), "https://b.example");
    let reading = read_as(&named("https://a.example"), &file);
    assert!(matches!(reading.findings[..], [Finding::NoSuchEntity]));
}

#[test]
fn r90_an_ended_group_ends_every_entity_in_it() {
    let past = "validUntil='2026-11-25T00:00:00Z'";
    let future = "validUntil='2027-11-25T00:00:00Z' cacheDuration='P1D'";
    let ended = |outer: &str, inner: &str, own: &str| {
        let a = entity("https://a.example", own);
        let reading = read_as(&config(), &group(outer, &[&group(inner, &[&a])]));
        let sp = reading.provider.unwrap().sp;
        let is_told = matches!(reading.findings[..], [Finding::Expired(_)]);
        assert_eq!(is_told, sp.valid_until.unwrap() <= now());
        assert_eq!(sp.cache_duration, Some(SignedDuration::from_hours(24)));
        is_told
    };
    assert!(ended(past, future, future));
    assert!(ended(future, past, future));
    assert!(ended(future, future, past));
    assert!(!ended(future, future, future));
}

#[test]
fn breach_of_iip_md04_sdp_md03_an_end_that_is_missing_or_too_far_is_refused_where_the_administrator_says_so()
 {
    let config = SpConfig {
        max_validity_days: Some(30),
        ..config()
    };
    let read_until = |end: &str| read_as(&config, &entity("https://a.example", end));
    let taken = read_until("validUntil='2026-12-26T02:00:00Z'");
    assert!(taken.provider.is_some() && taken.findings.is_empty());
    let too_far = read_until("validUntil='2026-12-26T02:00:01Z'");
    assert!(matches!(too_far.findings[..], [Finding::ValidTooLong(_)]));
    let for_ever = read_until("cacheDuration='PT1H'");
    assert!(matches!(for_ever.findings[..], [Finding::ValidForEver]));
    assert!(too_far.provider.is_none() && for_ever.provider.is_none());
}
