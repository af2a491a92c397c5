use std::collections::BTreeSet;

use jiff::Timestamp;

use super::*;
use crate::{
    edge::page::{sheet::SheetWords, test_support::variants},
    metadata::remark::Remark,
    model::language::Language,
    xml::{c14n::C14nFault, door::Bound},
    xmlsec::Part,
};

/// A finding of each kind that is not below; its texts hold `⌘`.
fn without_causes() -> Vec<Finding> {
    let (subject, at, place) = ("⌘".to_owned(), Timestamp::UNIX_EPOCH, 7);
    let key = || KeyFault::Certificate;
    vec![
        Finding::AcsIndex(place),
        Finding::AcsIndexRepeated(7),
        Finding::AttributeConsumingServiceRepeated(7),
        Finding::Boolean("⌘"),
        Finding::CacheDuration,
        Finding::CertificateExpired {
            subject: subject.clone(),
            at,
        },
        Finding::CertificateEndsSoon {
            subject: subject.clone(),
            at,
        },
        Finding::CertificateNotYet {
            subject: subject.clone(),
            at,
        },
        Finding::CertificatePlaceholder,
        Finding::CertificateWeakDigest {
            subject: subject.clone(),
            digest: WeakDigest::Sha1,
        },
        Finding::CertificatesInOne(place),
        Finding::EncryptionCertificateExpired { subject, at },
        Finding::EncryptionKey {
            place,
            fault: key(),
        },
        Finding::EncryptionMethods(place),
        Finding::EncryptionMethodsRefused(place),
        Finding::EncryptedInUnsignedResponse,
        Finding::Empty,
        Finding::EntityRepeated,
        Finding::Expired(at),
        Finding::ExpiresSoon(at),
        Finding::Http(place),
        Finding::KeyUse(place),
        Finding::KeyValueIgnored(place),
        Finding::NameIdFormat,
        Finding::InClear,
        Finding::InClearByRefusal,
        Finding::NoEncryptionKey,
        Finding::NoKeyForEncryption,
        Finding::NoLogout,
        Finding::NoKey(place),
        Finding::NoPost,
        Finding::NoServiceProvider,
        Finding::NoSigningKey,
        Finding::NoSigningKeyToRequire,
        Finding::NoSuchEntity,
        Finding::NotEntities,
        Finding::OtherBindingIgnored(place),
        Finding::PromisesSignatures,
        Finding::PromiseWaived,
        Finding::SeveralAcs(place),
        Finding::SignedBy(key()),
        Finding::SignedAssertionWanted,
        Finding::SeveralEntities(place),
        Finding::SeveralServiceProviders,
        Finding::SigningKeyIgnored {
            place,
            fault: key(),
        },
        Finding::SeveralDefaults,
        Finding::Shape("⌘"),
        Finding::TooManyKeys(place),
        Finding::UiLinkIgnored("⌘"),
        Finding::ValidUntil,
        Finding::ValidForEver,
        Finding::ValidTooLong(at),
    ]
}

/// A finding for every cause that there is.
fn with_causes() -> Vec<Finding> {
    let endpoints = [
        InvalidEndpoint::Character,
        InvalidEndpoint::Fragment,
        InvalidEndpoint::NotAbsolute,
        InvalidEndpoint::SamlParameter,
        InvalidEndpoint::Scheme,
        InvalidEndpoint::TooLong,
        InvalidEndpoint::UserInformation,
    ];
    let entity_ids = [
        InvalidEntityId::Empty,
        InvalidEntityId::Space,
        InvalidEntityId::TooLong,
    ];
    let doors = [
        DoorFault::CharacterReference,
        DoorFault::Comment,
        DoorFault::Declaration,
        DoorFault::Doctype,
        DoorFault::EmptyNamespace,
        DoorFault::Encoding,
        DoorFault::LoneCarriageReturn,
        DoorFault::NotWellFormed { line: 7, column: 7 },
        DoorFault::ProcessingInstruction,
        DoorFault::TooLarge(Bound::Bytes),
        DoorFault::TooLarge(Bound::Depth),
    ];
    let signatures = [
        SignatureFault::Algorithm(Part::Reference),
        SignatureFault::Canonicalization(C14nFault::Empty),
        SignatureFault::Digest,
        SignatureFault::DuplicateId,
        SignatureFault::NoId,
        SignatureFault::NoKeys,
        SignatureFault::NotByTheseKeys,
        SignatureFault::Misplaced,
        SignatureFault::OtherReference,
        SignatureFault::Several,
        SignatureFault::Sha1Ended,
        SignatureFault::Shape(Part::Reference),
        SignatureFault::Unsigned,
    ];
    let keys = [
        KeyFault::Certificate,
        KeyFault::KeyValue,
        KeyFault::Locked,
        KeyFault::UnsupportedKind,
        KeyFault::UnsupportedSize,
    ];
    let endpoints = endpoints.map(|fault| Finding::AcsLocation { place: 7, fault });
    let keys = keys.map(|fault| Finding::SigningKey { place: 7, fault });
    let digests = [WeakDigest::Md4, WeakDigest::Md5, WeakDigest::Unknown];
    let digests = digests.map(|digest| Finding::CertificateWeakDigest {
        subject: "⌘".to_owned(),
        digest,
    });
    endpoints
        .into_iter()
        .chain(entity_ids.map(Finding::EntityId))
        .chain(doors.map(Finding::Door))
        .chain(signatures.map(Finding::Signature))
        .chain(keys)
        .chain(digests)
        .collect()
}

#[test]
fn every_finding_and_each_of_its_causes_is_told_in_french_with_all_that_the_english_tells() {
    let variants = |name: &str| variants(include_str!("../../metadata/finding.rs"), name).len();
    let all: Vec<_> = without_causes().into_iter().chain(with_causes()).collect();
    let kinds: BTreeSet<_> = all.iter().map(found_key).collect();
    assert_eq!(kinds.len(), variants("Finding"), "the list is whole");
    let hints: BTreeSet<_> = all.iter().map(|it| hint_key(it.hint())).collect();
    assert_eq!(
        hints.len(),
        variants("Hint"),
        "each hint is of some finding"
    );

    let [french, english] =
        [Language::Fr, Language::En].map(|language| SheetWords::load(language).unwrap());
    let sp = ShortName::parse("zoom").unwrap();
    let mut seen = BTreeSet::new();
    for finding in all {
        let remark = Remark::Finding(finding);
        let told = |words: &SheetWords| words.remark(&remark, &sp).unwrap();
        let [(what, hint), (in_english, its_hint)] = [told(&french), told(&english)];
        let (hint, its_hint) = (hint.unwrap(), its_hint.unwrap());
        assert!(what != in_english && hint != its_hint, "{remark:?}");
        assert!(seen.insert(what.clone()), "{remark:?}: {what}");
        for part in [
            "⌘",
            "7",
            "SHA-1",
            "MD5",
            "1970-01-01T00:00:00Z",
            "Reference",
            "Depth",
        ] {
            let has = |text: &str| text.contains(part);
            assert_eq!(has(&what), has(&in_english), "{part}: {what}");
        }
        // A line of the configuration is to be typed as it stands, in either language.
        for text in [what, hint] {
            assert!(!text.ends_with('.') && !text.contains(['“', '”']), "{text}");
        }
    }
}
