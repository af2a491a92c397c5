use std::fs;

use jiff::SignedDuration;

use super::*;
use crate::{
    metadata::read::{
        Described, read,
        tests::{config, now},
    },
    model::endpoint::{EndpointUrl, Schemes},
};

fn provider(short_name: &str, entity_id: &str, aliases: &[&str]) -> Registered {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/metadata/valid/plain.xml"
    );
    let text = fs::read_to_string(path).unwrap();
    let text = text.replace("https://sp.example.org/metadata", entity_id);
    let config = SpConfig {
        short_name: ShortName::parse(short_name).unwrap(),
        aliases: aliases.iter().map(|alias| name(alias)).collect(),
        ..config()
    };
    let Described {
        sp,
        keys,
        encryption_key,
        signature_methods,
        refused,
    } = read(text.as_bytes(), &config, Schemes::HttpsOnly, now())
        .provider
        .unwrap();
    Registered {
        sp,
        keys,
        encryption_key,
        signature_methods,
        refused,
        document: None,
        config,
        origin: Origin::File,
        look_again_at: None,
    }
}

fn registry_of(providers: impl IntoIterator<Item = Registered>) -> Registry {
    let candidates = providers.into_iter().map(Arc::new);
    Registry::build(candidates.map(Candidate::Registered).collect())
}

/// One whose file is broken, and gives itself a name.
fn broken(short_name: &str, aliases: &[&str], claimed: &str) -> Candidate {
    let mut config = provider(short_name, "urn:any", aliases).config;
    config.sign_in_link =
        Some(EndpointUrl::parse("https://example.org/login", Schemes::HttpsOnly).unwrap());
    let claimed = Some(name(claimed));
    Candidate::Broken(Box::new(Broken { config, claimed }))
}

fn name(text: &str) -> EntityId {
    EntityId::parse(text).unwrap()
}

fn short(text: &str) -> ShortName {
    ShortName::parse(text).unwrap()
}

#[test]
fn a_provider_is_found_by_each_of_its_names_byte_for_byte() {
    let zoom = provider("zoom", "example.zoom.us", &["https://example.zoom.us"]);
    let registry = registry_of([zoom, provider("bbb", "https://bbb.example.org", &[])]);
    for known in ["example.zoom.us", "https://example.zoom.us"] {
        let found = registry.sp_for(&name(known), now()).unwrap();
        assert_eq!(found.config.short_name, short("zoom"), "{known}");
    }
    assert_eq!(
        registry
            .sp_by_short_name(&short("bbb"), now())
            .unwrap()
            .sp
            .aliases,
        []
    );
    for unknown in [
        "Example.zoom.us",
        "https://example.zoom.us/",
        "example.zoom.u",
        "zoom",
    ] {
        assert_eq!(
            registry.sp_for(&name(unknown), now()).unwrap_err(),
            SpFault::Unknown
        );
    }
    let unknown = registry.sp_by_short_name(&short("webex"), now());
    assert_eq!(unknown.unwrap_err(), SpFault::Unknown);
}

#[test]
fn r32_two_providers_never_share_a_name_or_an_alias() {
    let a = |aliases: &[&str]| provider("a", "https://a.example.org", aliases);
    let b = |aliases: &[&str]| provider("b", "https://b.example.org", aliases);
    for (one, other) in [
        (a(&[]), provider("b", "https://a.example.org", &[])),
        (a(&["urn:x"]), b(&["urn:x"])),
        (a(&[]), b(&["https://a.example.org"])),
        (a(&["https://b.example.org"]), b(&[])),
    ] {
        let names: Vec<_> = [&one, &other]
            .iter()
            .flat_map(|it| [&it.sp.entity_id].into_iter().chain(&it.sp.aliases))
            .cloned()
            .collect();
        let registry = registry_of([one, other]);
        let clashes = registry.clashes();
        assert!(
            matches!(clashes, [Clash::SameName { one, other, .. }]
            if *one == short("a") && *other == short("b")),
            "{clashes:?}"
        );
        // The later one has no name, and no key of it verifies anything.
        for name in &names {
            let found = registry.sp_for(name, now());
            assert!(found.is_err() || found.unwrap().config.short_name == short("a"));
        }
        let later = registry.sp_by_short_name(&short("b"), now());
        assert_eq!(later.unwrap_err(), SpFault::Broken);
        assert_eq!(registry.all().count(), 1);
    }
    let same = registry_of([a(&[]), provider("a", "https://c.example.org", &[])]);
    assert_eq!(same.clashes(), [Clash::SameShortName(short("a"))]);
    let found = same.sp_for(&name("https://c.example.org"), now());
    assert_eq!(found.unwrap_err(), SpFault::Unknown);
}

#[test]
fn r32_a_broken_provider_takes_no_name_from_another_and_loses_none_that_the_administrator_gave_it()
{
    let zoom = || Candidate::Registered(Arc::new(provider("zoom", "urn:zoom", &["urn:alias"])));
    // Whatever its file calls itself, and whichever comes first.
    for candidates in [
        vec![broken("other", &[], "urn:zoom"), zoom()],
        vec![zoom(), broken("other", &[], "urn:alias")],
    ] {
        let registry = Registry::build(candidates);
        assert_eq!(registry.clashes(), []);
        for known in ["urn:zoom", "urn:alias"] {
            let found = registry.sp_for(&name(known), now()).unwrap();
            assert_eq!(found.config.short_name, short("zoom"));
        }
    }
    let registry = Registry::build(vec![broken("other", &["urn:alias"], "urn:x"), zoom()]);
    assert!(
        matches!(registry.clashes(), [Clash::SameName { other, .. }] if *other == short("zoom"))
    );
    for known in ["urn:alias", "urn:x"] {
        let found = registry.sp_for(&name(known), now());
        assert_eq!(found.unwrap_err(), SpFault::Broken);
        assert_eq!(registry.short_name_of(&name(known)), Some(&short("other")));
    }
    let listed = registry.listed(&short("other"), now()).unwrap();
    assert!(!listed.is_answered && listed.way_in.is_some());
    assert_eq!(listed.display_name.fr, "other");
}

#[test]
fn how_it_stands_with_each_provider_is_told_in_the_order_of_the_short_names() {
    let mut providers: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|short| provider(short, &format!("urn:{short}"), &[]))
        .into();
    providers[1].origin = Origin::LastGood;
    providers[2].look_again_at = Some(now());
    providers[3].sp.valid_until = Some(now());
    providers[4].config.enabled = false;
    let candidates = providers.into_iter().map(Arc::new);
    let mut candidates: Vec<_> = candidates.map(Candidate::Registered).collect();
    candidates.push(broken("f", &[], "urn:f"));
    let registry = Registry::build(candidates);
    let words: Vec<_> = registry.states(now()).map(|(_, it)| it.word()).collect();
    let expected = [
        "good",
        "last-good",
        "stale",
        "expired",
        "disabled",
        "broken",
    ];
    assert_eq!(words, expected);
    let answered = registry
        .states(now())
        .map(|(name, _)| registry.sp_by_short_name(name, now()).is_ok());
    let answered: Vec<_> = answered.collect();
    assert_eq!(answered, [true, true, true, false, false, false]);
    let just_before = now() - SignedDuration::from_nanos(1);
    let words: Vec<_> = registry
        .states(just_before)
        .map(|(_, it)| it.word())
        .collect();
    assert_eq!(
        words,
        ["good", "last-good", "good", "good", "disabled", "broken"]
    );
}

#[test]
fn r32_names_that_look_the_same_are_told() {
    for (one, other) in [
        ("https://a.example.org", "https://A.example.org"),
        ("urn:caf\u{e9}", "urn:cafe\u{301}"),
        ("urn:CAF\u{c9}", "urn:cafe\u{301}"),
    ] {
        let registry = registry_of([provider("a", one, &[]), provider("b", other, &[])]);
        assert!(
            matches!(registry.warnings(), [Clash::SimilarName { .. }]),
            "{one} {other}"
        );
        assert_eq!(
            registry
                .sp_for(&name(one), now())
                .unwrap()
                .config
                .short_name,
            short("a")
        );
    }
    let own = provider("a", "https://a.example.org", &["https://A.example.org"]);
    assert!(registry_of([own]).warnings().is_empty());
}

#[test]
fn r38_a_provider_that_is_switched_off_is_so_whatever_becomes_of_its_metadata() {
    let Candidate::Broken(mut off) = broken("zoom", &["urn:alias"], "urn:zoom") else {
        panic!("it is broken")
    };
    off.config.enabled = false;
    let registry = Registry::build(vec![Candidate::Broken(off)]);
    let states: Vec<_> = registry.states(now()).map(|(_, it)| it).collect();
    assert_eq!(states, [SpState::Disabled]);
    for known in ["urn:alias", "urn:zoom"] {
        let found = registry.sp_for(&name(known), now());
        assert_eq!(found.unwrap_err(), SpFault::Disabled);
    }
    let found = registry.sp_by_short_name(&short("zoom"), now());
    assert_eq!(found.unwrap_err(), SpFault::Disabled);
    assert!(!registry.listed(&short("zoom"), now()).unwrap().is_answered);
}

#[test]
fn r38_a_provider_that_is_switched_off_is_found_by_no_way() {
    let mut zoom = provider("zoom", "example.zoom.us", &["https://example.zoom.us"]);
    zoom.config.enabled = false;
    let registry = registry_of([zoom]);
    for known in ["example.zoom.us", "https://example.zoom.us"] {
        assert_eq!(
            registry.sp_for(&name(known), now()).unwrap_err(),
            SpFault::Disabled
        );
    }
    let found = registry.sp_by_short_name(&short("zoom"), now());
    assert_eq!(found.unwrap_err(), SpFault::Disabled);
    let listed = registry.listed(&short("zoom"), now()).unwrap();
    assert!(!listed.is_answered);
}

#[test]
fn r90_sdp_md03_a_provider_is_out_from_the_instant_at_which_its_metadata_ends() {
    let mut zoom = provider("zoom", "example.zoom.us", &[]);
    let end = now() + SignedDuration::from_secs(60);
    zoom.sp.valid_until = Some(end);
    let registry = registry_of([zoom]);
    let before = end - SignedDuration::from_nanos(1);
    assert!(registry.sp_for(&name("example.zoom.us"), before).is_ok());
    let after = registry.sp_for(&name("example.zoom.us"), end);
    assert_eq!(after.unwrap_err(), SpFault::Expired);
    assert_eq!(
        registry.sp_by_short_name(&short("zoom"), end).unwrap_err(),
        SpFault::Expired
    );
}

#[test]
fn the_name_for_people_is_the_administrators_then_the_providers_then_the_short_one() {
    let mut zoom = provider("zoom", "example.zoom.us", &[]);
    assert_eq!(zoom.display_name().fr, "zoom");
    zoom.sp.ui_info.display_name = Some(Localized {
        fr: "Réunions".into(),
        en: None,
    });
    assert_eq!(zoom.display_name().fr, "Réunions");
    zoom.config.display_name = Some(Localized {
        fr: "Zoom".into(),
        en: None,
    });
    assert_eq!(zoom.display_name().fr, "Zoom");
}

#[test]
fn whether_requests_must_be_signed_is_the_administrators_word_first() {
    let mut zoom = provider("zoom", "example.zoom.us", &[]);
    assert!(!zoom.must_sign_requests());
    zoom.sp.authn_requests_signed = true;
    assert!(zoom.must_sign_requests());
    zoom.config.require_signed_requests = Some(false);
    assert!(!zoom.must_sign_requests());
}

#[test]
fn the_listing_is_in_the_order_of_the_short_names() {
    let providers = ["zoom", "bbb"].map(|short| provider(short, &format!("urn:{short}"), &[]));
    let registry = registry_of(providers);
    let names: Vec<_> = registry
        .listing(now())
        .map(|listed| listed.short_name.as_str())
        .collect();
    assert_eq!(names, ["bbb", "zoom"]);
}
