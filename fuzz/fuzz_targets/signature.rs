//! Signatures: what verifies is what was signed, whatever stands around it.
//!
//! The key of the corpus was thrown away when its two requests were signed, by xmlsec1. So whatever
//! else verifies here is a hole.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use passerelle::{
    model::vocab,
    xml::{self, Element, Limits, c14n::ExclusiveC14n},
    xmlsec::{
        Allowed, Sha1, VerifyingKey, verify_detached, verify_enveloped, verify_enveloped_element,
        verify_if_signed,
    },
};

static KEYS: LazyLock<[VerifyingKey; 2]> = LazyLock::new(|| {
    [
        include_str!("../keys/rsa.txt"),
        include_str!("../keys/ec.txt"),
    ]
    .map(|text| VerifyingKey::from_certificate_base64(text).expect("a certificate"))
});

/// The most that may be taken: SHA-1 was used by nobody either.
const WITH_SHA1: Allowed<'_> = Allowed {
    sha1: Sha1::Taken,
    refused: &[],
};

/// What was signed, in canonical form without the signature.
static GENUINE: LazyLock<[String; 2]> = LazyLock::new(|| {
    [
        &include_bytes!("../corpus/signature/genuine-rsa.xml")[..],
        &include_bytes!("../corpus/signature/genuine-ec.xml")[..],
    ]
    .map(|bytes| {
        let document = xml::open(bytes, &Limits::MESSAGE).expect("XML");
        let verified = verify_enveloped(document.root(), &*KEYS, WITH_SHA1).expect("it is genuine");
        canonical(verified.into_inner())
    })
});

fuzz_target!(|bytes: &[u8]| {
    // As a signature that stands beside octets: nobody made one.
    let (value, octets) = bytes.split_at(bytes.len().min(256));
    for algorithm in [
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    ] {
        assert!(verify_detached(algorithm, octets, value, &*KEYS, WITH_SHA1).is_err());
    }

    let Ok(document) = xml::open(bytes, &Limits::METADATA) else {
        return;
    };
    let root = document.root();
    if let Ok(checked) = verify_if_signed(root, &*KEYS, WITH_SHA1) {
        assert_eq!(checked.is_signed(), has_signature(root));
        if checked.is_signed() {
            assert_genuine(*checked.get());
        }
    }
    for element in root.children() {
        if let Ok(verified) = verify_enveloped_element(root, element, &*KEYS) {
            assert_genuine(verified.into_inner());
        }
    }
});

fn assert_genuine(verified: Element<'_, '_>) {
    assert!(!has_signature(verified));
    let canonical = canonical(verified);
    assert!(GENUINE.contains(&canonical), "{canonical}");
}

fn has_signature(element: Element<'_, '_>) -> bool {
    let mut inside = element.descendants();
    inside.any(|element| element.is(vocab::DS, "Signature"))
}

fn canonical(element: Element<'_, '_>) -> String {
    ExclusiveC14n::default()
        .canonicalize(element, None)
        .expect("it was digested in this form")
}
