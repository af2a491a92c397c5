//! What xmlsec1 signs with each key and algorithm, verified or refused.

use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{X509, X509NameBuilder},
};
use passerelle::{
    xml::{Limits, open},
    xmlsec::{Allowed, Part, Sha1, SignatureFault, VerifyingKey, verify_enveloped},
};

use super::{ENVELOPED, EXCLUSIVE, RSA_SHA1, SHA1, SHA256, Unfilled, xmlsec1_sign};
use crate::bridge::request::AuthnRequest;

const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";

/// A self-signed certificate.
fn certificate(key: &PKey<Private>) -> X509 {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, "sp.example.org")
        .unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(key).unwrap();
    for (end, days) in [(false, 0), (true, 1)] {
        let at = Asn1Time::from_unix(1_790_000_000 + days * 86_400).unwrap();
        if end {
            builder.set_not_after(&at).unwrap();
        } else {
            builder.set_not_before(&at).unwrap();
        }
    }
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn request() -> AuthnRequest {
    let at = "2026-11-26T08:00:00Z".parse().unwrap();
    AuthnRequest::new(
        "_1",
        "https://sp.example.org",
        "https://idp.example.org",
        at,
    )
}

fn verify(xml: &str, key: &VerifyingKey, sha1: Sha1) -> Result<(), SignatureFault> {
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    let allowed = Allowed {
        sha1,
        ..Allowed::default()
    };
    verify_enveloped(document.root(), std::slice::from_ref(key), allowed).map(|_| ())
}

#[test]
fn r07_what_xmlsec1_signs_with_each_algorithm_and_each_key_of_its_kind_verifies() {
    let keys = [
        ("rsa", rsa(2048)),
        ("rsa", rsa(3072)),
        ("ecdsa", ec(Nid::X9_62_PRIME256V1)),
        ("ecdsa", ec(Nid::SECP384R1)),
        ("ecdsa", ec(Nid::SECP521R1)),
    ];
    let keys = keys.map(|(kind, key)| {
        let der = certificate(&key).to_der().unwrap();
        let verifying = VerifyingKey::from_certificate_der(&der).unwrap();
        (kind, key.private_key_to_pem_pkcs8().unwrap(), verifying)
    });
    let signed = |method: &str, digest: &str, pem: &[u8]| {
        let unfilled = Unfilled {
            method,
            digest,
            ..Unfilled::of("_1")
        };
        xmlsec1_sign(&request().around(&unfilled.xml()), "--privkey-pem", pem)
    };
    for (kind, pem, own) in &keys {
        for size in ["sha256", "sha384", "sha512"] {
            for digest in [
                SHA256,
                "http://www.w3.org/2001/04/xmldsig-more#sha384",
                "http://www.w3.org/2001/04/xmlenc#sha512",
            ] {
                let xml = signed(&format!("{MORE}{kind}-{size}"), digest, pem);
                for (other_kind, _, other) in &keys {
                    let expected = if std::ptr::eq(other, own) {
                        Ok(())
                    } else {
                        Err(SignatureFault::NotByTheseKeys)
                    };
                    let found = verify(&xml, other, Sha1::Refused);
                    assert_eq!(found, expected, "{kind} {size} {other_kind}");
                }
            }
        }
        // And those off the list that it signs with the same keys.
        let off = SignatureFault::Algorithm(Part::SignatureMethod);
        for uri in ["sha1", "sha224"].map(|digest| match (*kind, digest) {
            ("rsa", "sha1") => RSA_SHA1.to_owned(),
            _ => format!("{MORE}{kind}-{digest}"),
        }) {
            let xml = signed(&uri, SHA256, pem);
            assert_eq!(verify(&xml, own, Sha1::Refused), Err(off), "{uri}");
            let taken = if uri == RSA_SHA1 { Ok(()) } else { Err(off) };
            assert_eq!(verify(&xml, own, Sha1::Taken), taken, "{uri}");
        }
        let xml = signed(&format!("{MORE}{kind}-sha256"), SHA1, pem);
        let off = Err(SignatureFault::Algorithm(Part::DigestMethod));
        assert_eq!(verify(&xml, own, Sha1::Refused), off);
        let taken = if *kind == "rsa" { Ok(()) } else { off };
        assert_eq!(verify(&xml, own, Sha1::Taken), taken);
    }
}

#[test]
fn r07_what_xmlsec1_signs_with_the_certificate_as_a_secret_is_refused() {
    let key = rsa(2048);
    let certificate = certificate(&key);
    let (der, pem) = (certificate.to_der().unwrap(), certificate.to_pem().unwrap());
    let verifying = VerifyingKey::from_certificate_der(&der).unwrap();
    for secret in [der, pem] {
        for size in ["sha256", "sha384", "sha512"] {
            let method = format!("{MORE}hmac-{size}");
            let unfilled = Unfilled {
                method: &method,
                ..Unfilled::of("_1")
            };
            let xml = request().around(&unfilled.xml());
            let signed = xmlsec1_sign(&xml, "--hmackey", &secret);
            let off = Err(SignatureFault::Algorithm(Part::SignatureMethod));
            assert_eq!(verify(&signed, &verifying, Sha1::Taken), off);
            // Said to be of RSA, it is of nobody.
            let renamed = signed.replace(&method, &format!("{MORE}rsa-{size}"));
            let nobody = Err(SignatureFault::NotByTheseKeys);
            assert_eq!(verify(&renamed, &verifying, Sha1::Taken), nobody);
            // A signature may be cut to nothing where its length is given (CVE-2009-0217).
            let open = format!("<ds:SignatureMethod Algorithm=\"{method}\"/>");
            let cut = open.replace(
                "/>",
                "><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>",
            );
            let signed = signed.replace(&open, &cut);
            let shape = Err(SignatureFault::Shape(Part::SignatureMethod));
            assert_eq!(verify(&signed, &verifying, Sha1::Taken), shape);
        }
    }
}

#[test]
fn r05_what_xmlsec1_signs_around_a_comment_verifies_in_each_form() {
    let key = rsa(2048);
    let der = certificate(&key).to_der().unwrap();
    let verifying = [VerifyingKey::from_certificate_der(&der).unwrap()];
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    for form in [
        EXCLUSIVE,
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    ] {
        let unfilled = Unfilled {
            c14n: form,
            transforms: &[ENVELOPED, form],
            ..Unfilled::of("_1")
        };
        let commented = request().holding("<!-- a file of metadata may have such -->");
        let xml = xmlsec1_sign(&commented.around(&unfilled.xml()), "--privkey-pem", &pem);
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let found = verify_enveloped(document.root(), &verifying, Allowed::default());
        assert_eq!(found.map(|_| ()), Ok(()), "{form}");
    }
}
