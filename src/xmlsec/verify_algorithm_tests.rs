//! Algorithms and kinds of key, in XML and over octets.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;

use super::super::test_support::*;
use super::tests::{verify_template, verify_with};
use super::*;

#[test]
fn r07_each_algorithm_goes_with_its_kind_of_key_only() {
    let ec = [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1].map(TestKey::ec);
    let signers = [sp_key(), &ec[0], &ec[1], &ec[2]];
    for algorithm in SignatureAlgorithm::ALL {
        for signer in signers {
            let mut template = Template::to("_req");
            template.method = format!("<ds:SignatureMethod Algorithm=\"{}\"/>", algorithm.uri());
            let digest = match algorithm {
                SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::RsaSha256 => {
                    DigestAlgorithm::Sha256
                }
                SignatureAlgorithm::EcdsaSha384 | SignatureAlgorithm::RsaSha384 => {
                    DigestAlgorithm::Sha384
                }
                SignatureAlgorithm::EcdsaSha512 | SignatureAlgorithm::RsaSha512 => {
                    DigestAlgorithm::Sha512
                }
            };
            template.digest_method = format!("<ds:DigestMethod Algorithm=\"{}\"/>", digest.uri());
            let xml = request("_req", &template.xml());
            let xml = fill_with(&xml, "_req", signer, algorithm, &ExclusiveC14n::default());
            let fits = signer.verifying().fits(algorithm);
            let expected = if fits {
                Ok(())
            } else {
                Err(SignatureFault::NotByTheseKeys)
            };
            assert_eq!(
                verify_with(&xml, &[signer.verifying()]),
                expected,
                "{algorithm:?}"
            );
            let others: Vec<_> = signers
                .iter()
                .filter(|s| !std::ptr::eq(**s, signer))
                .collect();
            for other in others {
                let result = verify_with(&xml, &[other.verifying()]);
                assert_eq!(result, Err(SignatureFault::NotByTheseKeys), "{algorithm:?}");
            }
        }
    }
}

#[test]
fn r07_algorithms_off_the_list_are_refused_by_name() {
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "",
    ] {
        let method = format!("<ds:SignatureMethod Algorithm=\"{uri}\"/>");
        let fault = SignatureFault::Algorithm(Part::SignatureMethod);
        assert_eq!(verify_template(|t| t.method = method), Err(fault), "{uri}");
        let keys = [sp_key().verifying()];
        assert_eq!(verify_detached(uri, b"x", b"y", &keys), Err(fault), "{uri}");
    }
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/2001/04/xmldsig-more#sha224",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
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
        let hmac_key = openssl::pkey::PKey::hmac(&secret).unwrap();
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
            assert_eq!(
                verify_detached(uri, b"query", &hmac(b"query"), &keys),
                Err(fault)
            );
        }
    }
    let length = "<ds:HMACOutputLength>0</ds:HMACOutputLength>";
    let method = format!(
        "<ds:SignatureMethod Algorithm=\"{}\">{length}</ds:SignatureMethod>",
        SignatureAlgorithm::RsaSha256.uri()
    );
    let fault = Err(SignatureFault::Shape(Part::SignatureMethod));
    assert_eq!(verify_template(|t| t.method = method), fault);
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
        assert!(verify_detached(uri, octets, &signature, &keys).is_ok());
        assert!(verify_detached(uri, b"SAMLRequest=b&SigAlg=b", &signature, &keys).is_err());
        assert!(verify_detached(uri, octets, &signature[1..], &keys).is_err());
        assert!(verify_detached(uri, octets, b"", &keys).is_err());
    }
    let by_ec = ec.sign_der(sha256(), octets);
    assert!(verify_detached(rsa_uri, octets, &by_ec, &keys).is_err());
    // A pair of zeros once verified everywhere (CVE-2022-21449).
    assert!(verify_detached(ec_uri, octets, &[0; 64], &keys).is_err());
}
