//! An AuthnRequest: what is believed of it is believed of its canonical form, and is the same.

#![no_main]

use std::sync::LazyLock;

use jiff::SignedDuration;
use libfuzzer_sys::fuzz_target;
use passerelle::{
    metadata::read::{Described, read},
    model::endpoint::Schemes,
    saml::{
        authn_request::claimed_issuer,
        binding::ReceivedMessage,
        trust::{Expectations, TrustedAuthnRequest, trust},
    },
    xml::{self, Element, Limits, c14n::ExclusiveC14n, is_ncname},
    xmlsec::Sha1,
};
use passerelle_fuzz::{config, now};

/// The provider whose requests these are.
static PROVIDER: LazyLock<Described> = LazyLock::new(|| {
    let metadata = include_bytes!("../sp.xml");
    let reading = read(metadata, &config(), Schemes::HttpsOnly, now());
    reading.provider.expect("metadata without a fault")
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = xml::open(bytes, &Limits::MESSAGE) else {
        return;
    };
    let root = document.root();
    let Some(trusted) = believe(root) else {
        return;
    };
    let request = trusted.request();
    // Whoever signs is the business of the target `signature`.
    assert!(!trusted.is_signed());
    // The keys are looked up by what is claimed before anything is proven: it is the same name.
    assert_eq!(claimed_issuer(root).as_ref(), Ok(&request.issuer));
    // It is written into the answer.
    assert!(is_ncname(&request.id) && request.id.chars().count() <= 256);

    let Ok(canonical) = ExclusiveC14n::default().canonicalize(root, None) else {
        return;
    };
    let limits = Limits {
        bytes: usize::MAX,
        text_bytes: usize::MAX,
        ..Limits::MESSAGE
    };
    let document = xml::open(canonical.as_bytes(), &limits).expect("it was written by us");
    let again = believe(document.root()).expect("it says the same");
    assert_eq!(format!("{:?}", again.request()), format!("{request:?}"));
});

fn believe(root: Element<'_, '_>) -> Option<TrustedAuthnRequest> {
    let received = ReceivedMessage {
        xml: Vec::new(),
        relay_state: None,
        signature: None,
    };
    let expected = Expectations {
        sp: &PROVIDER.sp,
        keys: &PROVIDER.keys,
        sha1: Sha1::Refused,
        must_be_signed: false,
        destination: "https://idp.example.org/saml/sso",
        now: now(),
        max_age: SignedDuration::MAX,
        max_ahead: SignedDuration::MAX,
    };
    trust(&received, root, &expected).ok()
}
