use std::{collections::BTreeMap, fs, path::Path};

use jiff::Timestamp;

use super::*;
use crate::{
    config::{followed, sections::NameId},
    model::short_name::ShortName,
    xmlsec::EncryptionMethods,
};

const ZOOM: &[u8] = include_bytes!("../../metadata/zoom.xml");

pub(in crate::metadata) fn config() -> SpConfig {
    SpConfig {
        short_name: ShortName::parse("example").unwrap(),
        metadata_path: "example.xml".into(),
        followed: None,
        is_watched: false,
        metadata_signed_by: None,
        metadata_max_mib: followed::USUAL_MIB,
        preset: None,
        entity_id: None,
        max_validity_days: None,
        aliases: Vec::new(),
        sign_in_link: None,
        enabled: true,
        next_key_from: None,
        idp_initiated: None,
        display_name: None,
        require_signed_requests: None,
        sha1_until: None,
        refused_algorithms: Vec::new(),
        sign: Sign::Both,
        signature: None,
        cipher: None,
        key_transport: None,
        encrypt: Encrypt::WhenPossible,
        max_authn_age: None,
        session: None,
        name_id: NameId::EmailAddress {
            from: "mail".into(),
        },
        release: Vec::new(),
        service: None,
    }
}

pub(in crate::metadata) fn now() -> Timestamp {
    "2026-11-26T02:00:00Z".parse().unwrap()
}

/// Each file of a folder of fixtures, by its name without `.xml`.
fn fixtures(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/metadata")
        .join(folder);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

/// What is told of each file of a folder of fixtures of which anything is.
fn told_of(folder: &str) -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("../../tests/fixtures/metadata/told.txt").lines();
    let of_it = lines.filter_map(|line| line.strip_prefix(folder)?.strip_prefix('/'));
    of_it.map(|line| line.split_once(": ").unwrap()).collect()
}

fn told(reading: &Reading) -> Vec<String> {
    reading.findings.iter().map(ToString::to_string).collect()
}

fn valid(name: &str) -> Described {
    let bytes = &fixtures("valid")[name];
    let reading = read(bytes, &config(), Schemes::HttpsOnly, now());
    let told = told(&reading);
    reading
        .provider
        .unwrap_or_else(|| panic!("{name}: {told:?}"))
}

#[test]
fn iip_md05_every_sound_file_is_taken_and_its_warning_told() {
    let warnings = told_of("valid");
    let fixtures = fixtures("valid");
    assert!(fixtures.len() >= 16, "{}", fixtures.len());
    for (name, bytes) in &fixtures {
        let reading = read(bytes, &config(), Schemes::HttpsOnly, now());
        let told = told(&reading);
        assert!(reading.provider.is_some(), "{name}: {told:?}");
        match warnings.get(name.as_str()) {
            Some(warning) => {
                assert_eq!(told.len(), 1, "{name}: {told:?}");
                assert!(told[0].contains(warning), "{name}: {told:?}");
            }
            None => assert!(told.is_empty(), "{name}: {told:?}"),
        }
    }
}

#[test]
fn breach_of_iip_md05_every_file_with_one_fault_is_refused_for_that_fault() {
    let faults = told_of("invalid");
    let fixtures = fixtures("invalid");
    let names: Vec<_> = fixtures.keys().map(String::as_str).collect();
    assert_eq!(names, faults.keys().copied().collect::<Vec<_>>());
    for (name, bytes) in &fixtures {
        let reading = read(bytes, &config(), Schemes::HttpsOnly, now());
        let told = told(&reading);
        assert!(reading.provider.is_none(), "{name}: {told:?}");
        assert!(
            told.iter().any(|told| told.contains(faults[name.as_str()])),
            "{name}: {told:?}"
        );
    }
}

#[test]
fn everything_that_is_wrong_is_told_together() {
    let text = String::from_utf8(fixtures("valid")["plain"].clone()).unwrap();
    let text = text
        .replace("entityID=\"https", "validUntil=\"x\" entityID=\" https")
        .replace("use=\"signing\"", "use=\"both\"")
        .replace("https://sp.example.org/acs", "http://sp.example.org/acs");
    let reading = read(text.as_bytes(), &config(), Schemes::HttpsOnly, now());
    let faults = reading
        .findings
        .iter()
        .filter(|finding| finding.is_fault())
        .count();
    assert_eq!(faults, 4, "{:?}", told(&reading));
}

#[test]
fn what_is_wrong_with_the_only_address_is_told_once_and_not_that_there_is_none() {
    for (name, whole) in [
        (
            "acs-http",
            "the address of AssertionConsumerService 1 is not an https URL",
        ),
        (
            "acs-without-index",
            "AssertionConsumerService 1 has no `index` from 0 to 65535",
        ),
        (
            "no-acs-of-post",
            "no AssertionConsumerService takes HTTP-POST",
        ),
    ] {
        let bytes = &fixtures("invalid")[name];
        let reading = read(bytes, &config(), Schemes::HttpsOnly, now());
        assert_eq!(told(&reading), [whole], "{name}");
    }
}

#[test]
fn a_file_in_which_nothing_is_is_told_to_be_empty() {
    for nothing in ["", " \n"] {
        let reading = read(nothing.as_bytes(), &config(), Schemes::HttpsOnly, now());
        assert_eq!(told(&reading), ["it is empty"], "{nothing:?}");
    }
}

#[test]
fn zooms_file_describes_zoom() {
    let config = SpConfig {
        require_signed_requests: Some(false),
        ..config()
    };
    let reading = read(ZOOM, &config, Schemes::HttpsOnly, now());
    assert!(
        matches!(
            reading.findings.as_slice(),
            [Finding::CertificatePlaceholder]
        ),
        "{:?}",
        told(&reading)
    );
    let Described { sp, keys, .. } = reading.provider.unwrap();
    assert_eq!(sp.entity_id.as_str(), "univ-montp3-fr.zoom.us");
    assert!(sp.authn_requests_signed && sp.want_assertions_signed);
    assert_eq!(sp.name_id_formats, [vocab::NAME_ID_EMAIL]);
    let [acs] = sp.assertion_consumer_services.as_slice() else {
        panic!("one address")
    };
    assert_eq!(
        acs.location.as_str(),
        "https://univ-montp3-fr.zoom.us/saml/SSO"
    );
    assert_eq!((acs.index, acs.is_default), (0, Some(true)));
    let [key] = keys.as_slice() else {
        panic!("one key for signing")
    };
    let subject = key.certificate().unwrap().subject();
    assert_eq!(
        subject,
        "CN=self-made placeholder, replace by Zoom's own download"
    );
}

#[test]
fn r92_iip_md11_a_key_without_a_use_is_for_signing_too_and_all_keys_count_once() {
    let Described { keys, .. } = valid("keys-of-every-use-wrapped-and-unwrapped");
    let subjects: Vec<_> = keys
        .iter()
        .map(|key| key.certificate().unwrap().subject())
        .collect();
    assert_eq!(
        subjects,
        [
            "CN=sp.example.org (test fixture)",
            "CN=sp.example.org next (test fixture)",
            "CN=sp.example.org EC (test fixture)"
        ]
    );
}

#[test]
fn r92_iip_md12_a_certificate_whose_time_is_over_or_not_begun_counts() {
    for name in ["certificate-expired", "certificate-not-yet-valid"] {
        assert_eq!(valid(name).keys.len(), 1, "{name}");
    }
}

#[test]
fn breach_of_iip_md12_an_authority_in_the_chain_does_not_speak_for_the_provider() {
    let Described { keys, .. } = valid("certificates-in-one-x509data");
    let [key] = keys.as_slice() else {
        panic!("one key")
    };
    assert_eq!(
        key.certificate().unwrap().subject(),
        "CN=sp.example.org (test fixture)"
    );
}

#[test]
fn the_names_for_people_are_french_and_english() {
    let Described { sp, .. } = valid("interface-names-comments-and-extensions");
    let name = sp.ui_info.display_name.unwrap();
    assert_eq!(
        (name.fr.as_str(), name.en.as_deref()),
        ("Service d'exemple", Some("Example service"))
    );
    assert_eq!(valid("plain").sp.ui_info.display_name, None);
}

#[test]
fn endpoints_of_other_bindings_are_kept_for_what_they_are() {
    let Described { sp, .. } = valid("several-bindings-and-older-protocols");
    let kept: Vec<_> = sp
        .assertion_consumer_services
        .iter()
        .map(|acs| {
            (
                acs.index,
                acs.binding == vocab::BINDING_POST,
                acs.is_default,
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            (1, true, Some(true)),
            (2, false, None),
            (3, false, None),
            (65535, true, Some(false))
        ]
    );
}

#[test]
fn a_list_of_attributes_is_known_by_its_index() {
    let lists = "<md:AttributeConsumingService index='4'/><md:AttributeConsumingService/>\
                 <md:AttributeConsumingService index='x'/><md:AttributeConsumingService index='0'/>\
                 </md:SPSSODescriptor>";
    let plain = String::from_utf8(fixtures("valid")["plain"].clone()).unwrap();
    let with_lists = plain.replace("</md:SPSSODescriptor>", lists);
    let indexes = |text: &str| {
        let reading = read(text.as_bytes(), &config(), Schemes::HttpsOnly, now());
        let services = reading.provider.unwrap().sp.attribute_consuming_services;
        services.iter().map(|it| it.index).collect::<Vec<_>>()
    };
    assert_eq!(indexes(&with_lists), [4, 0]);
    assert_eq!(indexes(&plain), [0; 0]);
}

#[test]
fn the_earlier_end_of_entity_and_role_counts() {
    let Described { sp, .. } = valid("valid-until-past");
    assert_eq!(
        sp.valid_until,
        Some("2026-11-24T00:00:00.5Z".parse().unwrap())
    );
}

#[test]
fn a_lab_takes_plain_http_and_says_so() {
    let reading = read(
        &fixtures("invalid")["acs-http"],
        &config(),
        Schemes::Lab,
        now(),
    );
    assert!(reading.provider.is_some());
    assert!(told(&reading)[0].contains("is plain http, which only a lab takes"));
}

#[test]
fn breach_of_iip_sso06_requests_that_must_be_signed_need_a_key() {
    let required = SpConfig {
        require_signed_requests: Some(true),
        ..config()
    };
    let reading = read(
        &fixtures("valid")["no-key"],
        &required,
        Schemes::HttpsOnly,
        now(),
    );
    assert!(reading.provider.is_none());
    let waived = SpConfig {
        require_signed_requests: Some(false),
        ..config()
    };
    let promised = &fixtures("invalid")["signs-requests-without-a-key"];
    assert!(
        read(promised, &waived, Schemes::HttpsOnly, now())
            .provider
            .is_some()
    );
}

#[test]
fn a_response_signed_alone_is_told_where_assertions_are_wanted_signed() {
    let config = SpConfig {
        sign: Sign::Response,
        ..config()
    };
    let bytes = &fixtures("valid")["wants-signed-requests-and-assertions"];
    let told = told(&read(bytes, &config, Schemes::HttpsOnly, now()));
    assert_eq!(
        told,
        ["the provider wants signed assertions, and `sign` is \"response\""]
    );
}

/// The file with a key of every use, in which texts are replaced.
fn keys_of_every_use(replaced: &[(&str, &str)]) -> Vec<u8> {
    let text = &fixtures("valid")["keys-of-every-use-wrapped-and-unwrapped"];
    let mut text = String::from_utf8(text.clone()).unwrap();
    for (old, new) in replaced {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text.into_bytes()
}

fn encrypting(encrypt: Encrypt) -> SpConfig {
    SpConfig {
        encrypt,
        ..config()
    }
}

#[test]
fn r45_iip_md08_of_several_keys_the_first_one_that_can_be_encrypted_to_is() {
    // Now the keys of 2 and 5, and of EC, and of 1024 bits, are for encryption.
    let bytes = keys_of_every_use(&[
        ("<md:KeyDescriptor>", "<md:KeyDescriptor use=\"x\">"),
        ("use=\"signing\"", "use=\"encryption\""),
        ("use=\"x\"", "use=\"signing\""),
    ]);
    let bytes = String::from_utf8(bytes).unwrap();
    // Without 2, that of EC is the first.
    let (before, rest) = bytes
        .split_once("<md:KeyDescriptor use=\"encryption\">")
        .unwrap();
    let (_, rest) = rest.split_once("</md:KeyDescriptor>").unwrap();
    let bytes = format!("{before}{rest}");
    let reading = read(bytes.as_bytes(), &config(), Schemes::HttpsOnly, now());
    let unusable = told(&reading);
    assert_eq!(unusable.len(), 2, "{unusable:?}");
    assert!(unusable[0].contains("in KeyDescriptor 2 cannot be used"));
    assert!(unusable[0].ends_with("a kind of key that is not used here"));
    assert!(unusable[1].contains("in KeyDescriptor 3 cannot be used"));
    assert!(unusable[1].ends_with("a key of a size or curve that is not used here"));
    let Described {
        keys,
        encryption_key,
        ..
    } = reading.provider.unwrap();
    let chosen = encryption_key.unwrap();
    assert_eq!(
        chosen.certificate().unwrap().subject(),
        "CN=sp.example.org next (test fixture)"
    );
    assert_eq!(chosen.methods(), EncryptionMethods::default());
    assert_eq!(keys.len(), 1, "none for encryption verifies");
}

#[test]
fn r45_breach_of_iip_md11_a_key_without_a_use_is_for_encryption_too_and_one_for_signing_is_not() {
    let key = valid("keys-of-every-use-wrapped-and-unwrapped").encryption_key;
    assert_eq!(
        key.unwrap().certificate().unwrap().subject(),
        "CN=sp.example.org (test fixture)"
    );
    assert!(valid("plain").encryption_key.is_none());
}

#[test]
fn r45_where_assertions_must_be_encrypted_a_provider_without_a_key_for_it_is_not_taken() {
    let always = encrypting(Encrypt::Always);
    let plain = &fixtures("valid")["plain"];
    let only_cbc = keys_of_every_use(&[(
        "</ds:KeyInfo>",
        "</ds:KeyInfo><md:EncryptionMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\"/>",
    )]);
    for bytes in [plain, &only_cbc] {
        let reading = read(bytes, &always, Schemes::HttpsOnly, now());
        assert!(reading.provider.is_none());
        let faults: Vec<_> = reading
            .findings
            .iter()
            .filter(|finding| finding.is_fault())
            .collect();
        assert!(
            matches!(faults.as_slice(), [Finding::NoEncryptionKey]),
            "{faults:?}"
        );
    }
    let with_key = read(&keys_of_every_use(&[]), &always, Schemes::HttpsOnly, now());
    assert!(with_key.provider.unwrap().encryption_key.is_some());
    // Where it is only wished for, they go out in clear, and the list is told.
    let reading = read(&only_cbc, &config(), Schemes::HttpsOnly, now());
    let lists_none = "lists no way of encrypting that is used here";
    assert_eq!(
        told(&reading)
            .iter()
            .filter(|told| told.contains(lists_none))
            .count(),
        2
    );
    assert!(reading.provider.unwrap().encryption_key.is_none());
}

#[test]
fn r45_an_encrypted_assertion_in_a_response_that_is_not_signed_is_told() {
    let bytes = keys_of_every_use(&[]);
    let told_of = |sign, encrypt| {
        let config = SpConfig {
            sign,
            ..encrypting(encrypt)
        };
        let reading = read(&bytes, &config, Schemes::HttpsOnly, now());
        let is_told = |told: &&String| told.contains("only with \"both\"");
        told(&reading).iter().filter(is_told).count()
    };
    assert_eq!(told_of(Sign::Assertion, Encrypt::WhenPossible), 1);
    assert_eq!(told_of(Sign::Assertion, Encrypt::Always), 1);
    assert_eq!(told_of(Sign::Assertion, Encrypt::Never), 0);
    assert_eq!(told_of(Sign::Response, Encrypt::Always), 0);
    assert_eq!(told_of(Sign::Both, Encrypt::Always), 0);
}

#[test]
fn r92_an_expired_certificate_for_encryption_is_told_and_counts() {
    let text = String::from_utf8(fixtures("valid")["certificate-expired"].clone()).unwrap();
    let (signing, encryption) = ("use=\"signing\"", "use=\"encryption\"");
    assert!(text.contains(signing));
    let text = text.replace(signing, encryption);
    let reading = read(text.as_bytes(), &config(), Schemes::HttpsOnly, now());
    let told = told(&reading);
    assert!(
        told.iter()
            .any(|told| told.contains("certificate for encryption of CN=sp.example.org expired")),
        "{told:?}"
    );
    assert!(reading.provider.unwrap().encryption_key.is_some());
}

#[test]
fn r45_where_nothing_is_encrypted_no_key_for_it_is_read_or_told() {
    let never = encrypting(Encrypt::Never);
    let bytes = keys_of_every_use(&[]);
    let reading = read(&bytes, &never, Schemes::HttpsOnly, now());
    assert_eq!(told(&reading), [""; 0]);
    let described = reading.provider.unwrap();
    assert!(described.encryption_key.is_none());
    assert_eq!(described.keys.len(), 3);
}

#[test]
fn only_digits_are_an_index() {
    for (text, index) in [("0", Some(0)), (" 7 ", Some(7)), ("65535", Some(65535))] {
        assert_eq!(read_index(text), index, "{text}");
    }
    for bad in [
        "",
        "+1",
        "-0",
        "65536",
        "1.0",
        "٣",
        "0x1",
        "99999999999999999999",
    ] {
        assert_eq!(read_index(bad), None, "{bad}");
    }
}

#[test]
fn r45_breach_of_iip_md08_keys_for_encryption_that_cannot_be_used_are_told_and_shut_nobody_out() {
    let only_cbc = keys_of_every_use(&[(
        "</ds:KeyInfo>",
        "</ds:KeyInfo><md:EncryptionMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\"/>",
    )]);
    let reading = read(&only_cbc, &config(), Schemes::HttpsOnly, now());
    assert!(reading.provider.unwrap().encryption_key.is_none());
    let last = reading.findings.last().unwrap();
    assert!(matches!(last, Finding::InClear), "{last:?}");

    let two_in_one =
        keys_of_every_use(&[("use=\"encryption\">", "use=\"encryption\"><ds:KeyInfo/>")]);
    let reading = read(&two_in_one, &config(), Schemes::HttpsOnly, now());
    assert!(reading.provider.is_some());
    let is_told = |finding: &Finding| matches!(finding, Finding::EncryptionKey { .. });
    assert!(
        reading.findings.iter().any(is_told),
        "{:?}",
        reading.findings
    );
}
