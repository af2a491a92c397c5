//! Every shape of `KeyDescriptor` that the field writes.

use super::*;
use crate::{
    metadata::read::tests::now,
    xml::{Limits, open},
    xmlsec::{encryption_algorithm::KeyTransport, keys::WeakDigest},
};

macro_rules! certificates {
    ($file:literal) => {
        certificates_of(include_str!(concat!(
            "../../tests/fixtures/metadata/",
            $file,
            ".xml"
        )))
    };
}

/// The certificates of a file, in base64 as they stand there.
fn certificates_of(text: &str) -> Vec<String> {
    between(text, "<ds:X509Certificate>", "</ds:X509Certificate>")
}

fn between(text: &str, begin: &str, end: &str) -> Vec<String> {
    let parts = text.split(begin).skip(1);
    parts
        .map(|part| part.split_once(end).unwrap().0.to_owned())
        .collect()
}

/// What stands in the `ds:KeyValue` elements of a file, whole.
fn key_values_of(text: &str) -> Vec<String> {
    let (begin, end) = ("<ds:KeyValue>", "</ds:KeyValue>");
    let found = between(text, begin, end).into_iter();
    found.map(|it| format!("{begin}{it}{end}")).collect()
}

/// The keys of [`three`], bare.
fn three_bare() -> Vec<String> {
    key_values_of(include_str!(
        "../../tests/fixtures/metadata/valid/bare-keys.xml"
    ))
}

fn plain() -> String {
    certificates!("valid/plain").remove(0)
}

/// That of RSA, the next one of RSA, and that of EC.
fn three() -> [String; 3] {
    let found = certificates!("valid/keys-of-every-use-wrapped-and-unwrapped");
    [0, 1, 2].map(|place| found[place].clone())
}

fn x509(certificate: &str) -> String {
    format!("<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>")
}

fn descriptor(key_use: &str, key_info: &str) -> String {
    format!("<md:KeyDescriptor {key_use}><ds:KeyInfo>{key_info}</ds:KeyInfo></md:KeyDescriptor>")
}

fn read_all(descriptors: &[String], encrypt: Encrypt) -> (Keys, Vec<Finding>) {
    read_without(&[], descriptors, encrypt)
}

fn read_without(
    refused: &[&'static str],
    descriptors: &[String],
    encrypt: Encrypt,
) -> (Keys, Vec<Finding>) {
    let xml = format!(
        "<md:SPSSODescriptor xmlns:md='{}' xmlns:ds='{}'>{}</md:SPSSODescriptor>",
        vocab::MD,
        vocab::DS,
        descriptors.concat()
    );
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    let mut findings = Vec::new();
    let keys = read(
        document.root(),
        (encrypt, Wish::refusing(refused)),
        now(),
        &mut findings,
    );
    (keys, findings)
}

fn subjects(keys: &Keys) -> Vec<&str> {
    let keys = keys.signing.iter();
    keys.map(|key| key.certificate().unwrap().subject())
        .collect()
}

#[test]
fn r92_every_use_counts_for_what_it_says_and_none_for_both() {
    for (key_use, signs, encrypts) in [
        ("", true, true),
        ("use='signing'", true, false),
        ("use='encryption'", false, true),
    ] {
        let descriptors = [descriptor(key_use, &x509(&plain()))];
        let (keys, findings) = read_all(&descriptors, Encrypt::WhenPossible);
        assert_eq!(keys.signing.len(), usize::from(signs), "{key_use}");
        assert_eq!(keys.encryption.is_some(), encrypts, "{key_use}");
        assert!(findings.is_empty(), "{key_use}: {findings:?}");
    }
}

#[test]
fn r92_of_several_keys_each_counts_in_one_descriptor_or_in_several() {
    let three = three();
    let each = three.each_ref().map(|it| x509(it));
    let expected = [
        "CN=sp.example.org (test fixture)",
        "CN=sp.example.org next (test fixture)",
        "CN=sp.example.org EC (test fixture)",
    ];
    let several = each.each_ref().map(|it| descriptor("use='signing'", it));
    for descriptors in [
        several.to_vec(),
        vec![descriptor("use='signing'", &each.concat())],
        // Twice counts once.
        [&several[..], &several[..1]].concat(),
    ] {
        let (keys, findings) = read_all(&descriptors, Encrypt::Never);
        assert_eq!(subjects(&keys), expected);
        assert!(findings.is_empty(), "{findings:?}");
    }
}

#[test]
fn r92_of_two_keys_for_encryption_the_one_that_can_be_used_is_whichever_comes_first() {
    let [rsa, _, ec] = three();
    for order in [[&ec, &rsa], [&rsa, &ec]] {
        let descriptors = order.map(|it| descriptor("use='encryption'", &x509(it)));
        let (keys, findings) = read_all(&descriptors, Encrypt::Always);
        let chosen = keys.encryption.unwrap();
        let subject = chosen.certificate().unwrap().subject();
        assert_eq!(subject, "CN=sp.example.org (test fixture)");
        assert!(matches!(findings[..], [Finding::EncryptionKey { .. }]));
    }
}

#[test]
fn r92_neither_the_time_nor_the_signature_of_a_certificate_keeps_its_key_out() {
    let found = [
        certificates!("valid/certificate-expired"),
        certificates!("valid/certificate-not-yet-valid"),
        certificates!("valid/certificate-of-sha1"),
        certificates!("valid/certificate-of-md5"),
    ]
    .concat();
    let descriptors: Vec<_> = found.iter().map(|it| descriptor("", &x509(it))).collect();
    let (keys, findings) = read_all(&descriptors, Encrypt::Never);
    assert_eq!(keys.signing.len(), 4);
    assert!(matches!(
        findings[..],
        [
            Finding::CertificateExpired { .. },
            Finding::CertificateNotYet { .. },
            Finding::CertificateWeakDigest {
                digest: WeakDigest::Sha1,
                ..
            },
            Finding::CertificateWeakDigest {
                digest: WeakDigest::Md5,
                ..
            },
        ]
    ));
}

#[test]
fn r07_r92_a_weak_or_broken_certificate_does_not_count_and_stops_no_other() {
    let weak = certificates!("invalid/key-of-1024-bits").remove(0);
    let cut: String = plain().chars().take(100).collect();
    for bad in [&weak, "AAAA", "not base64 at all", "", &cut] {
        let bad = descriptor("use='signing'", &x509(bad));
        let good = descriptor("use='signing'", &x509(&plain()));
        for descriptors in [[bad.clone(), good.clone()], [good, bad.clone()]] {
            let (keys, findings) = read_all(&descriptors, Encrypt::Never);
            assert_eq!(keys.signing.len(), 1);
            assert!(matches!(findings[..], [Finding::SigningKeyIgnored { .. }]));
        }
        // Alone it is a fault: its provider would be one whose requests nobody can verify.
        let (keys, findings) = read_all(&[bad], Encrypt::Never);
        assert!(keys.signing.is_empty());
        assert!(matches!(findings[..], [Finding::SigningKey { .. }]));
        assert!(findings[0].is_fault());
    }
}

#[test]
fn a_certificate_is_read_however_its_base64_is_broken_into_lines() {
    let whole = plain();
    let lines: Vec<String> = whole
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    for separator in ["\n", "\r\n", "\n\t\t", "&#13;\n", " ", "&#32;"] {
        let text = format!("{separator}{}{separator}", lines.join(separator));
        let descriptors = [descriptor("", &x509(&text))];
        let (keys, findings) = read_all(&descriptors, Encrypt::WhenPossible);
        assert_eq!(keys.signing.len(), 1, "{separator:?}: {findings:?}");
        assert!(keys.encryption.is_some(), "{separator:?}");
    }
}

#[test]
fn r92_a_descriptor_that_only_names_a_key_is_told_and_passed_over() {
    for bare in [
        "<ds:KeyName>sp.example.org</ds:KeyName>",
        "<ds:KeyName/><ds:X509Data><ds:X509SubjectName>CN=sp</ds:X509SubjectName></ds:X509Data>",
        "<ds:MgmtData>x</ds:MgmtData>",
        "",
    ] {
        let good = descriptor("use='signing'", &x509(&plain()));
        let descriptors = [descriptor("use='signing'", bare), good];
        let (keys, findings) = read_all(&descriptors, Encrypt::Never);
        assert_eq!(keys.signing.len(), 1, "{bare}");
        assert!(matches!(findings[..], [Finding::NoKey(1)]), "{bare}");
    }
}

#[test]
fn a_name_beside_a_certificate_changes_nothing() {
    let key_info = format!(
        "<ds:KeyName>other</ds:KeyName><ds:KeyValue/>{}",
        x509(&plain())
    );
    let (keys, findings) = read_all(&[descriptor("", &key_info)], Encrypt::WhenPossible);
    assert_eq!((keys.signing.len(), findings.len()), (1, 0));
}

#[test]
fn r45_iip_alg08_a_refusal_of_ours_never_sends_in_clear_what_could_be_encrypted() {
    let both_transports = [KeyTransport::RSA_OAEP_MGF1P, KeyTransport::RSA_OAEP];
    let [rsa, _, ec] = three();
    for key_use in ["", "use='encryption'"] {
        let descriptors = [descriptor(key_use, &x509(&rsa))];
        let of = |refused, encrypt| read_without(refused, &descriptors, encrypt);

        let (keys, findings) = of(&both_transports[..1], Encrypt::WhenPossible);
        let methods = keys.encryption.unwrap().methods();
        assert_eq!(methods.transport.uri(), KeyTransport::RSA_OAEP, "{key_use}");
        assert!(findings.is_empty(), "{key_use}: {findings:?}");

        let (keys, findings) = of(&both_transports, Encrypt::WhenPossible);
        assert!(keys.encryption.is_none(), "{key_use}");
        assert!(
            matches!(
                findings[..],
                [
                    Finding::EncryptionMethodsRefused(1),
                    Finding::InClearByRefusal
                ]
            ),
            "{key_use}: {findings:?}"
        );
        assert!(findings[1].is_fault());
        // Who says never has said so, and of always another finding is told.
        let (_, findings) = of(&both_transports, Encrypt::Never);
        assert!(findings.is_empty(), "{key_use}: {findings:?}");
        let (_, findings) = of(&both_transports, Encrypt::Always);
        assert!(
            matches!(findings[..], [Finding::EncryptionMethodsRefused(1)]),
            "{key_use}: {findings:?}"
        );
    }
    // A key that nothing can be encrypted to goes in clear as before.
    let descriptors = [descriptor("", &x509(&ec))];
    let (_, findings) = read_without(&both_transports, &descriptors, Encrypt::WhenPossible);
    assert!(
        matches!(findings[..], [Finding::EncryptionMethodsRefused(1)]),
        "{findings:?}"
    );
}

#[test]
fn r92_iip_md12_a_bare_key_counts_for_what_its_use_says_as_one_in_a_certificate_does() {
    for (key_use, signs, encrypts) in [
        ("", true, true),
        ("use='signing'", true, false),
        ("use='encryption'", false, true),
    ] {
        let bare = descriptor(key_use, &three_bare()[0]);
        let (keys, findings) = read_all(&[bare], Encrypt::WhenPossible);
        assert_eq!(keys.signing.len(), usize::from(signs), "{key_use}");
        assert_eq!(keys.encryption.is_some(), encrypts, "{key_use}");
        assert!(findings.is_empty(), "{key_use}: {findings:?}");
    }
}

#[test]
fn r92_a_bare_key_is_the_one_of_the_certificate_that_it_was_taken_from() {
    for (certificate, bare) in three().iter().zip(three_bare()) {
        let bare = descriptor("use='signing'", &bare);
        let (bare, _) = read_all(&[bare.clone(), bare], Encrypt::Never);
        let whole = descriptor("use='signing'", &x509(certificate));
        let (whole, _) = read_all(&[whole], Encrypt::Never);
        // Twice counts once.
        let [bare] = &bare.signing[..] else {
            panic!("one key")
        };
        assert!(bare.is_same_key(&whole.signing[0]));
        assert!(bare.certificate().is_none());
    }
}

#[test]
fn r07_r92_breach_of_iip_md12_a_bare_key_that_is_weak_or_broken_does_not_count() {
    let weak = include_str!("../../tests/fixtures/metadata/invalid/bare-key-of-1024-bits.xml");
    let sound = &three_bare()[0];
    let tail = "</ds:RSAKeyValue></ds:KeyValue>";
    for bad in [
        key_values_of(weak).remove(0),
        "<ds:KeyValue/>".to_owned(),
        "<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>".to_owned(),
        sound.replace(
            tail,
            "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        ),
    ] {
        let good = descriptor("use='signing'", sound);
        let descriptors = [descriptor("use='signing'", &bad), good];
        let (keys, findings) = read_all(&descriptors, Encrypt::Never);
        assert_eq!(keys.signing.len(), 1, "{bad}");
        assert!(
            matches!(findings[..], [Finding::SigningKeyIgnored { .. }]),
            "{bad}"
        );
        let (keys, findings) = read_all(&descriptors[..1], Encrypt::Never);
        assert!(keys.signing.is_empty(), "{bad}");
        assert!(
            matches!(findings[..], [Finding::SigningKey { .. }]),
            "{bad}"
        );
        let encrypts = [descriptor("use='encryption'", &bad)];
        let (keys, findings) = read_all(&encrypts, Encrypt::Always);
        assert!(keys.encryption.is_none(), "{bad}");
        assert!(
            matches!(findings[..], [Finding::EncryptionKey { .. }]),
            "{bad}"
        );
    }
}

#[test]
fn r92_beside_a_certificate_a_bare_key_is_only_compared() {
    let [one, ..] = three();
    let bare = three_bare();
    for (values, is_told) in [
        (bare[0].clone(), false),
        (bare[1].clone(), true),
        (bare[..2].concat(), true),
        (
            "<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>".to_owned(),
            false,
        ),
    ] {
        for key_info in [format!("{values}{}", x509(&one)), x509(&one) + &values] {
            let (keys, findings) = read_all(&[descriptor("", &key_info)], Encrypt::WhenPossible);
            assert_eq!(subjects(&keys), ["CN=sp.example.org (test fixture)"]);
            assert_eq!(
                keys.encryption.unwrap().certificate(),
                keys.signing[0].certificate()
            );
            let told = matches!(findings[..], [Finding::KeyValueIgnored(1)]);
            assert_eq!(
                (told, findings.len()),
                (is_told, usize::from(is_told)),
                "{values}"
            );
        }
    }
    // Of a certificate that cannot be read nobody can say that its key is another one.
    let key_info = format!("{}{}", bare[0], x509("AAAA"));
    let (keys, findings) = read_all(&[descriptor("", &key_info)], Encrypt::Never);
    assert!(keys.signing.is_empty());
    assert!(matches!(findings[..], [Finding::SigningKey { .. }]));
}

#[test]
fn r06_iip_md07_a_role_has_as_many_keys_as_anybody_needs_and_no_more() {
    let one = descriptor("use='signing'", &x509(&plain()));
    let (keys, findings) = read_all(&vec![one.clone(); MAX_KEYS], Encrypt::Never);
    assert_eq!((keys.signing.len(), findings.len()), (1, 0));
    let many = x509(&plain()).repeat(MAX_KEYS) + &three_bare()[0];
    for descriptors in [vec![one; MAX_KEYS + 1], vec![descriptor("", &many)]] {
        let (_, findings) = read_all(&descriptors, Encrypt::Never);
        let is_told = matches!(findings[..], [Finding::TooManyKeys(MAX_KEYS)]);
        assert!(is_told && findings[0].is_fault(), "{findings:?}");
    }
}
