//! Algorithms and kinds of key, in XML and over octets.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;

use super::super::algorithm::{DigestAlgorithm, KeyKind, Sha1, SignatureAlgorithm};
use super::super::keys::KeyFault;
use super::super::signature_fault::Part;
use super::super::test_support::*;
use super::tests::{verify_template, verify_with};
use super::*;
use crate::xml::c14n::ExclusiveC14n;
use crate::xml::{Limits, open};

/// Names of algorithms that nobody may use here. Case and white space count.
const OFF_THE_LIST: [&str; 27] = [
    "",
    "rsa-sha256",
    "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
    "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    "http://www.w3.org/2000/09/xmldsig#RSA-SHA1",
    "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-ripemd160",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-md5",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2007/05/xmldsig-more#ecdsa-sha3-256",
    "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
    "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    "https://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "urn:x",
];
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// A key of each kind and size that can be registered.
fn registered() -> [(KeyKind, TestKey); 5] {
    [
        (KeyKind::Rsa, TestKey::rsa(2048)),
        (KeyKind::Rsa, TestKey::rsa(3072)),
        (KeyKind::Ec, TestKey::ec(Nid::X9_62_PRIME256V1)),
        (KeyKind::Ec, TestKey::ec(Nid::SECP384R1)),
        (KeyKind::Ec, TestKey::ec(Nid::SECP521R1)),
    ]
}

/// Signs with `key`, claims to have done it by `uri`, and has it verified: in a request, and over
/// octets.
fn verify_both<'a>(
    uri: &str,
    key: &TestKey,
    digest: MessageDigest,
    allowed: impl Into<Allowed<'a>>,
) -> [Result<(), SignatureFault>; 2] {
    let keys = [key.verifying()];
    let mut template = Template::to("_req");
    template.method = format!("<ds:SignatureMethod Algorithm=\"{uri}\"/>");
    let c14n = ExclusiveC14n::default();
    let xml = request("_req", &template.xml());
    let xml = fill_digest(&xml, "_req", MessageDigest::sha256(), &c14n);
    let xml = fill_value(&xml, key, digest, &c14n);
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    let octets = b"SAMLRequest=x&SigAlg=y";
    let value = key.sign(digest, octets);
    let allowed = allowed.into();
    [
        verify_enveloped(document.root(), &keys, allowed).map(|_| ()),
        verify_detached(uri, octets, &value, &keys, allowed).map(|_| ()),
    ]
}

#[test]
fn r07_breach_of_iip_alg02_each_algorithm_goes_with_each_key_of_its_kind_and_with_no_other() {
    let rsa_sha1 = (RSA_SHA1, KeyKind::Rsa, MessageDigest::sha1());
    for (kind, key) in &registered() {
        for algorithm in SignatureAlgorithm::ALL {
            let expected = if *kind == algorithm.key_kind() {
                Ok(())
            } else {
                Err(SignatureFault::NotByTheseKeys)
            };
            for sha1 in [Sha1::Refused, Sha1::Ended, Sha1::Taken] {
                let found = verify_both(algorithm.uri(), key, algorithm.digest(), sha1);
                assert_eq!(found, [expected; 2], "{algorithm:?} {kind:?}");
            }
            // It is verified by what it claims, not by what would fit.
            let others = SignatureAlgorithm::ALL.into_iter();
            for other in others.filter(|other| other.digest() != algorithm.digest()) {
                let found = verify_both(algorithm.uri(), key, other.digest(), Sha1::Taken);
                let fault = Err(SignatureFault::NotByTheseKeys);
                assert_eq!(found, [fault; 2], "{other:?} as {algorithm:?}");
            }
        }
        for uri in OFF_THE_LIST {
            for digest in [MessageDigest::sha1(), MessageDigest::sha256()] {
                let fault = Err(SignatureFault::Algorithm(Part::SignatureMethod));
                let found = verify_both(uri, key, digest, Sha1::Taken);
                assert_eq!(found, [fault; 2], "{uri}");
            }
        }
        let (uri, of, digest) = rsa_sha1;
        let taken = if *kind == of {
            Ok(())
        } else {
            Err(SignatureFault::NotByTheseKeys)
        };
        for (sha1, expected) in [
            (
                Sha1::Refused,
                Err(SignatureFault::Algorithm(Part::SignatureMethod)),
            ),
            (Sha1::Ended, Err(SignatureFault::Sha1Ended)),
            (Sha1::Taken, taken),
        ] {
            let found = verify_both(uri, key, digest, sha1);
            assert_eq!(found, [expected; 2], "{sha1:?} {kind:?}");
        }
    }
}

#[test]
fn iip_alg08_what_is_refused_verifies_nothing_and_the_rest_as_before() {
    for (kind, key) in &registered() {
        let own = SignatureAlgorithm::ALL.into_iter();
        for algorithm in own.filter(|algorithm| algorithm.key_kind() == *kind) {
            let verified = |refused: &[&'static str]| {
                let sha1 = Sha1::Taken;
                let allowed = Allowed { sha1, refused };
                verify_both(algorithm.uri(), key, algorithm.digest(), allowed)
            };
            let off = |part| Err(SignatureFault::Algorithm(part));
            let of_method = off(Part::SignatureMethod);
            assert_eq!(verified(&[algorithm.uri()]), [of_method; 2]);
            let others = SignatureAlgorithm::ALL.map(SignatureAlgorithm::uri);
            let others: Vec<_> = others
                .into_iter()
                .filter(|uri| *uri != algorithm.uri())
                .collect();
            assert_eq!(verified(&others), [Ok(()); 2]);
            // What is signed is digested with SHA-256, whatever signs it; a query is not digested.
            let found = verified(&[DigestAlgorithm::Sha256.uri()]);
            assert_eq!(found, [off(Part::DigestMethod), Ok(())]);
            assert_eq!(verified(&[DigestAlgorithm::Sha512.uri()]), [Ok(()); 2]);
        }
    }
}

#[test]
fn r07_a_key_that_is_too_weak_or_of_another_kind_is_no_key_at_all() {
    let ed25519 = TestKey::new(PKey::generate_ed25519().unwrap());
    let dsa = openssl::dsa::Dsa::generate(2048).unwrap();
    let dsa = TestKey::new(PKey::from_dsa(dsa).unwrap());
    for (key, is_of_a_size) in [
        (TestKey::rsa(1024), true),
        (TestKey::ec(Nid::SECP256K1), true),
        (TestKey::ec(Nid::X9_62_PRIME192V1), true),
        (ed25519, false),
        (dsa, false),
    ] {
        let fault = VerifyingKey::from_certificate_der(&key.der()).unwrap_err();
        let is_refused_for_it = if is_of_a_size {
            matches!(fault, KeyFault::UnsupportedSize)
        } else {
            matches!(fault, KeyFault::UnsupportedKind)
        };
        assert!(is_refused_for_it, "{fault}");
    }
}

#[test]
fn r07_sha1_as_a_digest_is_taken_where_sha1_is_and_of_rsa_keys_only() {
    let c14n = ExclusiveC14n::default();
    for (kind, key) in &registered() {
        for algorithm in SignatureAlgorithm::ALL {
            let mut template = Template::to("_req");
            template.method = format!("<ds:SignatureMethod Algorithm=\"{}\"/>", algorithm.uri());
            template.digest_method = format!("<ds:DigestMethod Algorithm=\"{SHA1}\"/>");
            let xml = request("_req", &template.xml());
            let xml = fill_digest(&xml, "_req", MessageDigest::sha1(), &c14n);
            let xml = fill_value(&xml, key, algorithm.digest(), &c14n);
            let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
            let verify = |sha1| {
                verify_enveloped(document.root(), &[key.verifying()], Allowed::from(sha1))
                    .map(|_| ())
            };
            let off = Err(SignatureFault::Algorithm(Part::DigestMethod));
            assert_eq!(verify(Sha1::Refused), off);
            assert_eq!(verify(Sha1::Ended), Err(SignatureFault::Sha1Ended));
            let expected = match (algorithm.key_kind(), kind) {
                (KeyKind::Ec, _) => off,
                (KeyKind::Rsa, KeyKind::Rsa) => Ok(()),
                (KeyKind::Rsa, KeyKind::Ec) => Err(SignatureFault::NotByTheseKeys),
            };
            assert_eq!(verify(Sha1::Taken), expected, "{algorithm:?} {kind:?}");
        }
    }
    // An element of a Response is what an identity provider signs, and SHA-1 is never for that.
    let mut template = Template::to("_req");
    template.digest_method = format!("<ds:DigestMethod Algorithm=\"{SHA1}\"/>");
    let xml = request("_req", &template.xml());
    let xml = fill_digest(&xml, "_req", MessageDigest::sha1(), &c14n);
    let xml = fill_value(&xml, sp_key(), MessageDigest::sha256(), &c14n);
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    assert_eq!(
        verify_enveloped_element(root, root, &[sp_key().verifying()]),
        Err(SignatureFault::Algorithm(Part::DigestMethod))
    );
}

#[test]
fn r07_breach_of_iip_alg01_sdp_alg01_digests_off_the_list_are_refused_by_name() {
    for uri in [
        SHA1,
        "",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/2001/04/xmldsig-more#sha224",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha256",
        "http://www.w3.org/2001/04/xmlenc#ripemd160",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
    ] {
        let method = format!("<ds:DigestMethod Algorithm=\"{uri}\"/>");
        let fault = SignatureFault::Algorithm(Part::DigestMethod);
        assert_eq!(
            verify_template(|t| t.digest_method = method),
            Err(fault),
            "{uri}"
        );
    }
}

#[test]
fn r07_an_hmac_keyed_with_the_certificate_is_refused() {
    let (der, pem) = (sp_key().der(), sp_key().certificate.to_pem().unwrap());
    for secret in [der, pem] {
        let hmac_key = PKey::hmac(&secret).unwrap();
        let hmac = |octets: &[u8]| {
            let mut signer =
                openssl::sign::Signer::new(MessageDigest::sha256(), &hmac_key).unwrap();
            signer.sign_oneshot_to_vec(octets).unwrap()
        };
        for (uri, fault) in [
            (
                "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
                SignatureFault::Algorithm(Part::SignatureMethod),
            ),
            (
                SignatureAlgorithm::RsaSha256.uri(),
                SignatureFault::NotByTheseKeys,
            ),
        ] {
            let keys = [sp_key().verifying()];
            let found = verify_detached(uri, b"query", &hmac(b"query"), &keys, Sha1::Taken.into());
            assert_eq!(found, Err(fault), "{uri}");
            let mut template = Template::to("_req");
            template.method = format!("<ds:SignatureMethod Algorithm=\"{uri}\"/>");
            let c14n = ExclusiveC14n::default();
            let xml = request("_req", &template.xml());
            let xml = fill_digest(&xml, "_req", MessageDigest::sha256(), &c14n);
            let value = hmac(signed_info(&xml, &c14n).as_bytes());
            let xml = xml.replace("[VALUE]", &openssl::base64::encode_block(&value));
            assert_eq!(verify_with(&xml, &keys), Err(fault), "{uri}");
        }
    }
    let length = "<ds:HMACOutputLength>0</ds:HMACOutputLength>";
    for uri in [
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        SignatureAlgorithm::RsaSha256.uri(),
    ] {
        let method =
            format!("<ds:SignatureMethod Algorithm=\"{uri}\">{length}</ds:SignatureMethod>");
        let fault = Err(SignatureFault::Shape(Part::SignatureMethod));
        assert_eq!(verify_template(|t| t.method = method), fault);
    }
}

#[test]
fn a_query_signature_is_verified_over_its_octets() {
    let ec = TestKey::ec(Nid::X9_62_PRIME256V1);
    let octets = b"SAMLRequest=a&SigAlg=b";
    let (rsa_uri, ec_uri) = (
        SignatureAlgorithm::RsaSha256.uri(),
        SignatureAlgorithm::EcdsaSha256.uri(),
    );
    let keys = [sp_key().verifying(), ec.verifying()];
    let sha256 = MessageDigest::sha256;
    for (uri, signature) in [
        (rsa_uri, sp_key().sign(sha256(), octets)),
        (ec_uri, ec.sign(sha256(), octets)),
        (ec_uri, ec.sign_der(sha256(), octets)),
    ] {
        assert!(verify_detached(uri, octets, &signature, &keys, Allowed::default()).is_ok());
        assert!(
            verify_detached(
                uri,
                b"SAMLRequest=b&SigAlg=b",
                &signature,
                &keys,
                Allowed::default()
            )
            .is_err()
        );
        assert!(verify_detached(uri, octets, &signature[1..], &keys, Allowed::default()).is_err());
        assert!(verify_detached(uri, octets, b"", &keys, Allowed::default()).is_err());
    }
    let by_ec = ec.sign_der(sha256(), octets);
    assert!(verify_detached(rsa_uri, octets, &by_ec, &keys, Allowed::default()).is_err());
    // A pair of zeros once verified everywhere (CVE-2022-21449).
    assert!(verify_detached(ec_uri, octets, &[0; 64], &keys, Allowed::default()).is_err());
}
