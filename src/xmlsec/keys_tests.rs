use openssl::pkey::Public;

use super::super::test_support::{TestKey, certify, foreign_key, sp_key};
use super::super::{Sha1, verify_detached};
use super::*;

fn read(key: &TestKey) -> Result<VerifyingKey, KeyFault> {
    VerifyingKey::from_certificate_der(&key.der())
}

fn request(common_name: &str) -> KeyRequest<'_> {
    KeyRequest {
        common_name,
        key: NewKey::Rsa2048,
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2056-01-01T00:00:00Z".parse().unwrap(),
    }
}

#[test]
fn a_certificate_shows_what_it_says() {
    let key = read(sp_key()).unwrap();
    let facts = key.certificate().unwrap();
    assert_eq!(facts.subject(), "CN=sp.example, O=Université");
    assert_eq!(facts.not_before().to_string(), "2001-09-09T01:46:40Z");
    assert_eq!(facts.not_after().to_string(), "2033-05-18T03:33:20Z");
    assert_eq!(facts.key(), "RSA 2048");
    assert_eq!(facts.sha256(), hex(&openssl::sha::sha256(&sp_key().der())));
    assert_eq!(facts.sha256().len(), 64);
}

#[test]
fn r07_a_certificate_that_sha1_signed_says_so_and_no_other_does() {
    for (digest, weak) in [
        (MessageDigest::sha1(), Some(WeakDigest::Sha1)),
        (MessageDigest::sha256(), None),
        (MessageDigest::sha384(), None),
    ] {
        let mut builder = X509::builder().unwrap();
        builder.set_pubkey(&sp_key().key).unwrap();
        let [first, last] = ["20260101000000Z", "20560101000000Z"];
        builder
            .set_not_before(&Asn1Time::from_str(first).unwrap())
            .unwrap();
        builder
            .set_not_after(&Asn1Time::from_str(last).unwrap())
            .unwrap();
        builder.sign(&sp_key().key, digest).unwrap();
        let der = builder.build().to_der().unwrap();
        let key = VerifyingKey::from_certificate_der(&der).unwrap();
        assert_eq!(key.certificate().unwrap().weak_digest(), weak);
    }
}

#[test]
fn a_key_is_told_by_itself_and_not_by_its_certificate() {
    let key = read(sp_key()).unwrap();
    let info = sp_key().key.public_key_to_der().unwrap();
    let sha256 = hex(&openssl::sha::sha256(&info));
    assert_eq!(key.key_sha256().unwrap(), sha256);
    let again = certify(&sp_key().key, &foreign_key().key);
    let again = VerifyingKey::from_certificate_der(&again.to_der().unwrap()).unwrap();
    assert_eq!(again.key_sha256().unwrap(), sha256);
    let foreign = read(foreign_key()).unwrap();
    assert_ne!(foreign.key_sha256().unwrap(), sha256);
}

#[test]
fn a_certificate_is_read_from_wrapped_and_unwrapped_base64() {
    let base64 = STANDARD.encode(sp_key().der());
    let (head, tail) = base64.split_at(64);
    let wrapped = format!("\r\n\t  {head}\n{tail} ");
    for text in [&base64, &wrapped] {
        assert!(VerifyingKey::from_certificate_base64(text).is_ok());
    }
    for bad in ["", "*", "AAAA", base64.trim_end_matches('=').split_at(10).0] {
        assert!(VerifyingKey::from_certificate_base64(bad).is_err(), "{bad}");
    }
}

#[test]
fn iip_md12_a_certificate_that_says_that_it_never_ends_is_read() {
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(&sp_key().key).unwrap();
    let first_day = Asn1Time::from_str("00000101000000Z").unwrap();
    builder.set_not_before(&first_day).unwrap();
    // RFC 5280 §4.1.2.5.
    let never = Asn1Time::from_str("99991231235959Z").unwrap();
    builder.set_not_after(&never).unwrap();
    builder
        .sign(&sp_key().key, MessageDigest::sha256())
        .unwrap();
    let der = builder.build().to_der().unwrap();
    let key = VerifyingKey::from_certificate_der(&der).unwrap();
    let end = key.certificate().unwrap().not_after();
    assert_eq!(end.as_second(), Timestamp::MAX.as_second());
}

#[test]
fn a_subject_reads_as_it_is_written() {
    let mut name = X509NameBuilder::new().unwrap();
    let text = "a\u{202e}b\u{61c}c\u{1b}d";
    name.append_entry_by_nid(Nid::COMMONNAME, text).unwrap();
    assert_eq!(describe(&name.build()), "CN=abcd");
}

#[test]
fn breach_of_sdp_md05_a_certificate_with_bytes_behind_it_is_refused() {
    let mut der = sp_key().der();
    der.push(0);
    let fault = VerifyingKey::from_certificate_der(&der).unwrap_err();
    assert!(matches!(fault, KeyFault::Certificate));
}

#[test]
fn r07_breach_of_sdp_md06_sdp_md07_weak_keys_are_refused() {
    for weak in [
        TestKey::rsa(1024),
        TestKey::rsa(2046),
        TestKey::ec(Nid::SECP224R1),
        TestKey::ec(Nid::SECP256K1),
    ] {
        assert!(matches!(read(&weak), Err(KeyFault::UnsupportedSize)));
    }
    let ed25519 = TestKey::new(PKey::generate_ed25519().unwrap());
    assert!(matches!(read(&ed25519), Err(KeyFault::UnsupportedKind)));
    for strong in [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1] {
        assert!(read(&TestKey::ec(strong)).is_ok());
    }
}

#[test]
fn r07_an_rsa_key_with_a_useless_exponent_is_refused() {
    // The last one has 65 bits.
    for exponent in ["1", "2", "10000", "10000000000000001"] {
        let modulus = sp_key().key.rsa().unwrap().n().to_owned().unwrap();
        let exponent = BigNum::from_hex_str(exponent).unwrap();
        let rsa = Rsa::from_public_components(modulus, exponent).unwrap();
        let public: PKey<Public> = PKey::from_rsa(rsa).unwrap();
        let der = certify(&public, &sp_key().key).to_der().unwrap();
        let fault = VerifyingKey::from_certificate_der(&der).unwrap_err();
        assert!(matches!(fault, KeyFault::UnsupportedSize));
    }
}

#[test]
fn sdp_md06_a_generated_key_is_read_again_and_is_long_lived() {
    let made = generate(&request("idp.example")).unwrap();
    let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
    assert!(made.pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(key.certificate(), made.certificate());
    assert_eq!(key.certificate().subject(), "CN=idp.example");
    assert_eq!(
        key.certificate().not_before().to_string(),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(
        key.certificate().not_after().to_string(),
        "2056-01-01T00:00:00Z"
    );
    assert_eq!(key.certificate().key(), "RSA 2048");
    let public = VerifyingKey::from_certificate_der(key.certificate_der()).unwrap();
    assert_eq!(public.certificate(), Some(key.certificate()));
    assert!(VerifyingKey::from_certificate_base64(key.certificate_base64()).is_ok());
    let certificate = X509::from_der(key.certificate_der()).unwrap();
    assert!(
        certificate
            .verify(&certificate.public_key().unwrap())
            .unwrap()
    );
    assert!(certificate.serial_number().to_bn().unwrap().num_bits() > 64);
}

#[test]
fn keys_of_other_kinds_and_sizes_are_made_on_request() {
    for (key, kind) in [
        (NewKey::Rsa3072, "RSA 3072"),
        (NewKey::EcP256, "EC 256"),
        (NewKey::EcP384, "EC 384"),
    ] {
        let made = generate(&KeyRequest {
            key,
            ..request("idp.example")
        })
        .unwrap();
        assert_eq!(made.certificate().key(), kind);
        let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
        assert_eq!(key.certificate().key(), kind);
        assert_eq!(key.is_elliptic(), kind.starts_with("EC"));
        assert!(kind.ends_with(&key.bits().to_string()));
        assert_eq!(key.digest(), DigestAlgorithm::Sha256);
    }
}

#[test]
fn r07_a_key_signs_by_every_algorithm_of_its_kind_and_by_no_other() {
    let keys = [NewKey::Rsa2048, NewKey::EcP256, NewKey::EcP384].map(|key| {
        let made = generate(&KeyRequest {
            key,
            ..request("idp.example")
        });
        SigningKey::from_pem(made.unwrap().pem().as_bytes()).unwrap()
    });
    for key in keys {
        for algorithm in SignatureAlgorithm::ALL {
            let signing = key.signing_by(algorithm);
            let fits = algorithm.key_kind() == key.algorithm().key_kind();
            assert_eq!(signing.is_some(), fits, "{algorithm:?}");
            if let Some(signing) = signing {
                assert_eq!(signing.algorithm(), algorithm);
                assert_eq!(signing.digest(), algorithm.digest_algorithm());
                let other = signing.digesting_by(DigestAlgorithm::Sha512);
                assert_eq!(other.algorithm(), algorithm);
                assert_eq!(other.digest(), DigestAlgorithm::Sha512);
            }
        }
    }
}

#[test]
fn a_key_that_has_signed_signs_the_next_message_and_several_at_one_time() {
    for key in [NewKey::Rsa2048, NewKey::EcP256] {
        let made = generate(&KeyRequest {
            key,
            ..request("idp.example")
        });
        let key = SigningKey::from_pem(made.unwrap().pem().as_bytes()).unwrap();
        let public = [VerifyingKey::from_certificate_der(key.certificate_der()).unwrap()];
        let sign = |message: &str| {
            let signature = key.sign(message.as_bytes()).unwrap();
            let verify = |octets: &str| {
                let algorithm = key.algorithm().uri();
                verify_detached(
                    algorithm,
                    octets.as_bytes(),
                    &signature,
                    &public,
                    Sha1::Refused.into(),
                )
            };
            verify(message).unwrap();
            verify("another").unwrap_err();
        };
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let sign = &sign;
                scope.spawn(move || {
                    for number in 0..5 {
                        sign(&format!("message {number} of {thread}"));
                    }
                });
            }
        });
    }
}

#[test]
fn two_generated_certificates_differ_in_their_serial_number() {
    let serial = || {
        let made = generate(&request("idp.example")).unwrap();
        let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
        let certificate = X509::from_der(key.certificate_der()).unwrap();
        certificate.serial_number().to_bn().unwrap().to_vec()
    };
    assert_ne!(serial(), serial());
}

#[test]
fn a_common_name_that_does_not_fit_is_a_fault() {
    assert!(generate(&request("")).is_err());
    assert!(generate(&request(&"a".repeat(65))).is_err());
}

#[test]
fn debug_shows_no_key() {
    let made = generate(&request("idp.example")).unwrap();
    let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
    assert_eq!(format!("{made:?} {key:?}"), "GeneratedKey(…) SigningKey(…)");
}

#[test]
fn breach_of_sdp_md05_sdp_md08_a_file_that_is_not_one_key_with_its_certificate_is_refused() {
    let key = sp_key().key.private_key_to_pem_pkcs8().unwrap();
    let own = sp_key().certificate.to_pem().unwrap();
    let other = foreign_key().certificate.to_pem().unwrap();
    assert!(SigningKey::from_pem(&[own.clone(), key.clone()].concat()).is_ok());
    let fault = |parts: &[&[u8]]| SigningKey::from_pem(&parts.concat()).unwrap_err();
    assert!(matches!(fault(&[]), KeyFault::PrivateKey(_)));
    assert!(matches!(fault(&[&own]), KeyFault::PrivateKey(_)));
    assert!(matches!(fault(&[&key]), KeyFault::Certificate));
    assert!(matches!(
        fault(&[&key, &own, &other]),
        KeyFault::Certificate
    ));
    assert!(matches!(fault(&[&key, &other]), KeyFault::OtherKey));
    let cipher = Cipher::aes_256_cbc();
    let locked = sp_key()
        .key
        .private_key_to_pem_pkcs8_passphrase(cipher, b"open")
        .unwrap();
    assert!(matches!(fault(&[&locked, &own]), KeyFault::Locked));
    let locked = [locked, own.clone()].concat();
    let opened = |passphrase: &str| {
        let passphrase = Secret::from(passphrase.to_owned());
        SigningKey::from_locked_pem(&locked, Some(&passphrase))
    };
    let der = sp_key().certificate.to_der().unwrap();
    assert_eq!(opened("open").unwrap().certificate_der(), der);
    for wrong in ["", "Open", "open ", &"o".repeat(1025)] {
        let fault = opened(wrong).unwrap_err();
        assert!(matches!(fault, KeyFault::WrongPassphrase), "{wrong}");
    }
    let weak = SigningKey::from_pem(&TestKey::rsa(1024).pem());
    assert!(matches!(weak, Err(KeyFault::UnsupportedSize)));
    let ed25519 = TestKey::new(PKey::generate_ed25519().unwrap());
    let unknown = SigningKey::from_pem(&ed25519.pem());
    assert!(matches!(unknown, Err(KeyFault::UnsupportedKind)));
    for curve in [Nid::SECP521R1, Nid::SECP224R1] {
        let unread = SigningKey::from_pem(&TestKey::ec(curve).pem());
        assert!(matches!(unread, Err(KeyFault::UnsupportedSize)));
    }
}

#[test]
fn a_key_is_the_same_one_whatever_certificate_it_stands_in() {
    let one = read(sp_key()).unwrap();
    let der = certify(&sp_key().key, &foreign_key().key).to_der().unwrap();
    let renewed = VerifyingKey::from_certificate_der(&der).unwrap();
    assert!(one.is_same_key(&renewed) && one.certificate() != renewed.certificate());
    assert!(!one.is_same_key(&read(foreign_key()).unwrap()));
}

#[test]
fn r90_each_certificate_of_a_file_is_a_key_and_a_file_without_one_is_none() {
    let pem = |key: &TestKey| key.certificate.to_pem().unwrap();
    let both = [pem(sp_key()), pem(foreign_key())].concat();
    let keys = VerifyingKey::all_from_pem(&both).unwrap();
    let [first, second] = keys.as_slice() else {
        panic!("{} keys", keys.len());
    };
    assert!(first.is_same_key(&read(sp_key()).unwrap()));
    assert!(second.is_same_key(&read(foreign_key()).unwrap()));
    assert_eq!(first.kind_and_size(), "RSA 2048");
    let p384 = read(&TestKey::ec(Nid::SECP384R1)).unwrap();
    assert_eq!(p384.kind_and_size(), "EC 384");
    for nothing in [&b""[..], b"no PEM"] {
        let fault = VerifyingKey::all_from_pem(nothing).unwrap_err();
        assert!(matches!(fault, KeyFault::Certificate));
    }
    let weak = [pem(sp_key()), pem(&TestKey::rsa(1024))].concat();
    assert!(VerifyingKey::all_from_pem(&weak).is_err());
}

#[test]
fn a_new_key_is_like_another_in_kind_and_size() {
    for (key, like) in [
        (TestKey::rsa(3072), NewKey::Rsa(3072)),
        (TestKey::ec(Nid::X9_62_PRIME256V1), NewKey::EcP256),
        (TestKey::ec(Nid::SECP384R1), NewKey::EcP384),
    ] {
        assert_eq!(NewKey::like(&read(&key).unwrap()), like);
    }
}

#[test]
fn r100_an_encrypted_new_key_opens_with_its_passphrase_alone() {
    let made = generate(&request("idp.example")).unwrap();
    let [passphrase, other] = ["open", "other"].map(|it| Secret::from(it.to_owned()));
    let locked = made.locked_pem(&passphrase).unwrap();
    let text = std::str::from_utf8(&locked).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let open = |with| SigningKey::from_locked_pem(&locked, with);
    let der = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
    assert_eq!(
        open(Some(&passphrase)).unwrap().certificate_der(),
        der.certificate_der()
    );
    assert!(matches!(open(Some(&other)), Err(KeyFault::WrongPassphrase)));
    assert!(matches!(open(None), Err(KeyFault::Locked)));
}

#[test]
fn r100_only_what_a_token_says_of_its_pin_forbids_another_try() {
    for (fault, forbids) in [
        (KeyFault::Token(TokenFault::Pin), true),
        (KeyFault::Token(TokenFault::LastTry), true),
        (KeyFault::Token(TokenFault::Locked), true),
        (KeyFault::Token(TokenFault::Silent), false),
        (KeyFault::Token(TokenFault::NoToken), false),
        (KeyFault::WrongPassphrase, false),
    ] {
        assert_eq!(fault.forbids_another_try(), forbids, "{fault}");
    }
    // A key in a file has no PIN.
    let made = generate(&request("idp.example")).unwrap();
    let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
    assert!(!key.has_untried_pin());
}

#[test]
fn what_to_do_about_a_key_is_said_where_it_is_known() {
    let kinds = "RSA of 2048 to 8192 bits, or EC on P-256 or P-384";
    for (fault, hint) in [
        (
            KeyFault::Token(TokenFault::NoPin),
            Some(TokenFault::NoPin.hint()),
        ),
        (KeyFault::UnsupportedKind, Some(kinds)),
        (KeyFault::UnsupportedSize, Some(kinds)),
        (KeyFault::OtherKey, None),
        (KeyFault::Certificate, None),
    ] {
        assert_eq!(fault.hint(), hint, "{fault}");
    }
}
