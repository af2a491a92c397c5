//! Signatures: what verifies is what was signed, whatever stands around it.
//!
//! The key of the corpus was thrown away when its two requests were signed, by xmlsec1. So whatever
//! else verifies here is a hole.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use passerelle::{
    xml::{self, Element, Limits, c14n::ExclusiveC14n},
    xmlsec::{
        VerifyingKey, carries_signature, verify_detached, verify_enveloped,
        verify_enveloped_element,
    },
};

static KEYS: LazyLock<[VerifyingKey; 2]> = LazyLock::new(|| {
    [
        include_str!("../keys/rsa.txt"),
        include_str!("../keys/ec.txt"),
    ]
    .map(|text| VerifyingKey::from_certificate_base64(text).expect("a certificate"))
});

/// What was signed, in canonical form without the signature.
static GENUINE: LazyLock<[String; 2]> = LazyLock::new(|| {
    [
        &include_bytes!("../corpus/signature/genuine-rsa.xml")[..],
        &include_bytes!("../corpus/signature/genuine-ec.xml")[..],
    ]
    .map(|bytes| {
        let document = xml::open(bytes, &Limits::MESSAGE).expect("XML");
        let verified = verify_enveloped(document.root(), &*KEYS).expect("it is genuine");
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
        assert!(verify_detached(algorithm, octets, value, &*KEYS).is_err());
    }

    let Ok(document) = xml::open(bytes, &Limits::METADATA) else {
        return;
    };
    let root = document.root();
    let whole = verify_enveloped(root, &*KEYS);
    if let Ok(verified) = whole {
        // Whoever asks first whether there is a signature is told so.
        assert!(carries_signature(root));
        assert_genuine(verified.into_inner());
    }
    for element in root.children() {
        if let Ok(verified) = verify_enveloped_element(root, element, &*KEYS) {
            assert_genuine(verified.into_inner());
        }
    }
});

fn assert_genuine(verified: Element<'_, '_>) {
    assert!(!carries_signature(verified));
    let canonical = canonical(verified);
    assert!(GENUINE.contains(&canonical), "{canonical}");
}

fn canonical(element: Element<'_, '_>) -> String {
    ExclusiveC14n::default()
        .canonicalize(element, None)
        .expect("it was digested in this form")
}
