use std::{collections::BTreeSet, path::PathBuf};

use jiff::Timestamp;

use super::*;
use crate::{
    edge::page::{sheet::SheetWords, test_support::variants},
    metadata::finding::Finding,
    model::{entity_id::EntityId, language::Language, short_name::ShortName},
};

/// A remark of each kind, and of each of its causes; what is filled in can be found in the texts.
fn all() -> Vec<Remark> {
    let name = |name: &str| ShortName::parse(name).unwrap();
    let entity = || EntityId::parse("urn:entity").unwrap();
    let (one, other) = (name("one"), name("other"));
    let unreadable = |kind: io::ErrorKind| Remark::Unreadable {
        kind,
        said: "⌘".to_owned(),
    };
    let in_its_place = |kept_on| {
        Remark::LastGood(InItsPlace {
            entity_id: entity(),
            kept_on,
            copy: PathBuf::from("state/metadata/one.xml"),
        })
    };
    let methods = [
        SignatureMethodFault::Digest,
        SignatureMethodFault::NoSuchKey,
        SignatureMethodFault::Refused,
        SignatureMethodFault::Signature,
    ];
    let clashes = [
        Clash::SameName {
            one: one.clone(),
            other: other.clone(),
            name: entity(),
        },
        Clash::SameShortName(one.clone()),
        Clash::SimilarName {
            one,
            other,
            name: entity(),
        },
    ];
    [
        Remark::Finding(Finding::CertificatePlaceholder),
        Remark::FindingInCopy(Finding::AcsIndexRepeated(7)),
        Remark::Held,
        in_its_place(Some(Timestamp::UNIX_EPOCH)),
        in_its_place(None),
        Remark::NobodyGetsIn,
        Remark::NotFetched,
        Remark::Old(Timestamp::UNIX_EPOCH),
        Remark::Refused,
        unreadable(io::ErrorKind::NotFound),
        unreadable(io::ErrorKind::PermissionDenied),
        unreadable(io::ErrorKind::Other),
    ]
    .into_iter()
    .chain(clashes.map(Remark::Clash))
    .chain(methods.map(Remark::NextKeyUnfit))
    .chain(methods.map(Remark::Unverifiable))
    .collect()
}

/// The name of its variant.
fn kind(remark: &Remark) -> String {
    let whole = format!("{remark:?}");
    let mut words = whole.split(|c: char| !c.is_alphanumeric());
    words.next().unwrap_or_default().to_owned()
}

#[test]
fn every_remark_on_metadata_is_told_in_french_with_all_that_the_english_tells() {
    let all = all();
    let source = include_str!("../../metadata/remark.rs");
    let kinds: BTreeSet<_> = all.iter().map(kind).collect();
    let variants: BTreeSet<_> = variants(source, "Remark").into_iter().collect();
    assert_eq!(kinds, variants, "the list is whole");
    let [french, english] =
        [Language::Fr, Language::En].map(|language| SheetWords::load(language).unwrap());
    let sp = ShortName::parse("zoom").unwrap();
    let mut seen = BTreeSet::new();
    for remark in all {
        let (what, hint) = french.remark(&remark, &sp).unwrap();
        let (in_english, its_hint) = english.remark(&remark, &sp).unwrap();
        assert!(what != in_english, "{remark:?}");
        assert!(seen.insert(what.clone()), "{remark:?}: {what}");
        assert_eq!(hint.is_some(), its_hint.is_some(), "{remark:?}");
        assert!(hint.is_none() || hint != its_hint, "{remark:?}");
        for part in [
            "7",
            "one",
            "other",
            "urn:entity",
            "1970-01-01T00:00:00Z",
            "state/metadata/one.xml",
            "keys.signing",
            "keys.next",
        ] {
            let has = |text: &str| {
                let mut words = text.split([' ', ',', '(', ')', '\u{a0}', ':']);
                text.contains(part) && (part.contains(':') || words.any(|word| word == part))
            };
            assert_eq!(has(&what), has(&in_english), "{part}: {what}");
        }
        for text in [Some(what), hint].into_iter().flatten() {
            assert!(!text.ends_with('.') && !text.contains(['“', '”']), "{text}");
        }
    }
    // Nothing waits that a command could take.
    for words in [&french, &english] {
        let (_, hint) = words.remark(&Remark::Refused, &sp).unwrap();
        let hint = hint.unwrap();
        assert!(hint.contains("held/zoom.refused"), "{hint}");
        assert!(!hint.contains("sp diff"), "{hint}");
        // Commands name the provider.
        for (remark, command) in [
            (Remark::Held, "passerelle sp diff zoom --held"),
            (Remark::Held, "passerelle sp accept zoom SHA256"),
            (
                Remark::Finding(Finding::CertificatePlaceholder),
                "passerelle sp add zoom --replace --metadata URL",
            ),
        ] {
            let (_, hint) = words.remark(&remark, &sp).unwrap();
            let hint = hint.unwrap();
            assert!(hint.contains(command), "{hint}");
        }
    }
    // What a system says stands there as it says it, where there are no words of ours.
    let said = |kind| {
        let said = "⌘".to_owned();
        let remark = Remark::Unreadable { kind, said };
        french.remark(&remark, &sp).unwrap().0
    };
    assert!(said(io::ErrorKind::Other).contains('⌘'));
    assert!(!said(io::ErrorKind::NotFound).contains('⌘'));
}
