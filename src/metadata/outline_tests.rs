use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use super::*;
use crate::{
    metadata::{
        finding::Weight,
        read::tests::{config, now},
    },
    model::vocab::BINDING_POST,
    xmlsec::{
        SigningKey,
        keys::{KeyRequest, NewKey, generate},
        test_support::certified_anew,
    },
};

/// A certificate of each name, in base64; that of `one again` is of the key of `one`.
static CERTIFICATES: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let certificates = |(name, again)| {
        let request = KeyRequest {
            common_name: name,
            key: NewKey::EcP256,
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
        };
        let made = generate(&request).unwrap();
        let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
        let base64 = crate::xmlsec::Signer::certificate_base64(&key).to_owned();
        [(name, base64), (again, certified_anew(made.pem()))]
    };
    [("one", "one again"), ("two", "two again")]
        .into_iter()
        .flat_map(certificates)
        .collect()
});

/// Metadata with more attributes on its entity, that takes answers at these paths and has these keys
/// for signing.
pub(in crate::metadata) fn with(attributes: &str, services: &[&str], keys: &[&str]) -> String {
    let mut inside = String::new();
    for key in keys {
        let certificate = &CERTIFICATES[key];
        write!(
            inside,
            "<md:KeyDescriptor use='signing'><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\
             {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
        .unwrap();
    }
    for (index, path) in services.iter().enumerate() {
        write!(
            inside,
            "<md:AssertionConsumerService index='{index}' Binding='{BINDING_POST}' \
             Location='https://sp.example/{path}'/>"
        )
        .unwrap();
    }
    format!(
        "<md:EntityDescriptor xmlns:md='{}' xmlns:ds='{}' entityID='https://sp.example' {attributes}>\
         <md:SPSSODescriptor protocolSupportEnumeration='{}'>{inside}</md:SPSSODescriptor>\
         </md:EntityDescriptor>",
        vocab::MD,
        vocab::DS,
        vocab::SAMLP
    )
}

fn looked(xml: &str, config: &SpConfig) -> Look {
    look(xml.as_bytes(), config, Schemes::HttpsOnly, now())
}

pub(in crate::metadata) fn outline(xml: &str) -> Outline {
    let looked = looked(xml, &config());
    let findings = looked.findings;
    looked.outline.unwrap_or_else(|| panic!("{findings:?}"))
}

fn notes(look: &Look) -> Vec<String> {
    let notes = look.findings.iter();
    notes
        .filter(|finding| finding.weight() == Weight::Note)
        .map(ToString::to_string)
        .collect()
}

const ZOOM: &str = include_str!("../../metadata/zoom.xml");

#[test]
fn all_of_a_file_that_a_person_has_to_know_is_listed() {
    let outline = outline(ZOOM);
    assert_eq!(outline.entity_id.as_str(), "univ-montp3-fr.zoom.us");
    let [answers] = &outline.assertion_consumer_services[..] else {
        panic!("{outline:?}");
    };
    assert_eq!(
        answers.to_string(),
        "0 HTTP-POST https://univ-montp3-fr.zoom.us/saml/SSO (default)"
    );
    let logout: Vec<_> = outline
        .single_logout_services
        .iter()
        .map(ToString::to_string)
        .collect();
    let address = "https://univ-montp3-fr.zoom.us/saml/SingleLogout";
    assert_eq!(
        logout,
        [
            format!("HTTP-POST {address}"),
            format!("HTTP-Redirect {address}")
        ]
    );
    let uses: Vec<_> = outline.keys.iter().map(|key| key.key_use).collect();
    assert_eq!(uses, [KeyUse::Signing, KeyUse::Encryption]);
    assert_eq!(outline.keys[0].key, "RSA 2048");
    assert_eq!(outline.keys[0].sha256.len(), 64);
    let end = "2036-11-25T00:00:00Z".parse().unwrap();
    assert_eq!(outline.ends_next(now()), Some((Ending::Certificate, end)));
    assert!(outline.authn_requests_signed && outline.want_assertions_signed);
}

#[test]
fn what_ends_next_may_have_ended_unless_another_key_lasts_in_its_place() {
    use KeyUse::{Both, Encryption, Signing};

    let looked = looked(ZOOM, &config()).outline.unwrap();
    let day = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
    let (now, over, next, later) = (
        day("2026-11-29"),
        day("2026-01-01"),
        day("2027-01-01"),
        day("2028-01-01"),
    );
    let certificate = |end| Some((Ending::Certificate, end));
    for (keys, ends_next) in [
        (
            &[(Signing, Some(next)), (Encryption, Some(later))][..],
            certificate(next),
        ),
        (
            &[(Signing, Some(over)), (Encryption, Some(later))],
            certificate(over),
        ),
        (
            &[(Signing, Some(later)), (Encryption, Some(over))],
            certificate(over),
        ),
        (
            &[(Signing, Some(over)), (Signing, Some(next))],
            certificate(next),
        ),
        (
            &[(Signing, Some(over)), (Both, Some(next))],
            certificate(next),
        ),
        (
            &[(Both, Some(over)), (Signing, Some(next))],
            certificate(over),
        ),
        (&[(Signing, Some(now))], certificate(now)),
        (&[(Signing, Some(over)), (Signing, None)], None),
        (&[(Signing, None)], None),
    ] {
        let listed = keys.iter().map(|(key_use, not_after)| ListedKey {
            key_use: *key_use,
            not_after: *not_after,
            ..looked.keys[0].clone()
        });
        let outline = Outline {
            keys: listed.collect(),
            ..looked.clone()
        };
        assert_eq!(outline.ends_next(now), ends_next, "{keys:?}");
    }
    let ended = Outline {
        valid_until: Some(over),
        ..looked
    };
    assert_eq!(ended.ends_next(now), Some((Ending::Metadata, over)));
}

#[test]
fn an_encryption_key_is_listed_also_where_nothing_is_encrypted() {
    let config = SpConfig {
        encrypt: Encrypt::Never,
        ..config()
    };
    let look = looked(ZOOM, &config);
    assert_eq!(look.outline.unwrap().keys.len(), 2);
}

#[test]
fn what_whoever_registers_a_provider_should_know_is_noted() {
    let waived = SpConfig {
        require_signed_requests: Some(false),
        ..config()
    };
    let promises = with("", &["a"], &["one"]).replace(
        "<md:SPSSODescriptor ",
        "<md:SPSSODescriptor AuthnRequestsSigned='1' ",
    );
    let clear =
        "it holds no certificate for encryption: its assertions go in clear through the browser";
    let no_logout = "it names no address for logout (SingleLogoutService)";
    for (xml, config, expected) in [
        (
            with("", &["a", "b"], &["one"]),
            config(),
            vec![
                "it takes answers at 2 addresses, and a request may name any of them",
                clear,
                no_logout,
            ],
        ),
        (
            promises.clone(),
            config(),
            vec![
                "it promises that its requests are signed: unsigned ones are refused",
                clear,
                no_logout,
            ],
        ),
        (
            promises,
            waived,
            vec![
                "it promises that its requests are signed, and unsigned ones are taken all the same",
                clear,
                no_logout,
            ],
        ),
        (
            ZOOM.to_owned(),
            SpConfig {
                encrypt: Encrypt::Never,
                ..config()
            },
            vec!["it promises that its requests are signed: unsigned ones are refused"],
        ),
    ] {
        assert_eq!(notes(&looked(&xml, &config)), expected, "{xml}");
    }
    let late = "2035-11-15T00:00:00Z".parse().unwrap();
    let look = look(
        with("", &["a"], &["one"]).as_bytes(),
        &config(),
        Schemes::HttpsOnly,
        late,
    );
    let soon = "the certificate for signing of CN=one ends soon, on 2036-01-01T00:00:00Z";
    assert_eq!(notes(&look)[0], soon);
}

#[test]
fn of_a_file_with_a_fault_nothing_is_listed_and_the_worst_comes_first() {
    let xml = with("validUntil='never'", &["a"], &[]);
    let look = looked(&xml, &config());
    assert!(look.outline.is_none());
    assert_eq!(
        look.claimed.as_ref().map(EntityId::as_str),
        Some("https://sp.example")
    );
    let weights: Vec<_> = look.findings.iter().map(Finding::weight).collect();
    assert_eq!(weights, [Weight::Fault, Weight::Warning]);
    for finding in &look.findings {
        assert!(finding.hint().words_before(None).len() > 10);
    }
}

#[test]
fn the_name_of_an_entity_is_read_before_anybody_says_how_it_is_answered() {
    let xml = with("", &["a"], &[]);
    assert_eq!(
        name_in(xml.as_bytes(), None).unwrap().as_str(),
        "https://sp.example"
    );
    let other = EntityId::parse("https://other.example").unwrap();
    let absent = name_in(b"<a/>", Some(&other));
    assert!(matches!(absent, Err(Finding::NotEntities)), "{absent:?}");
    let none = name_in(b"<!DOCTYPE a><a/>", None);
    assert!(matches!(none, Err(Finding::Door(_))), "{none:?}");
    let empty = name_in(b"", None);
    assert!(matches!(empty, Err(Finding::Empty)), "{empty:?}");
}
