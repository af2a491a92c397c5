//! An AuthnRequest: what is read of it is read again of its canonical form, and is what it says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::{
    saml::authn_request::{ReceivedAuthnRequest, claimed_issuer},
    xml::{self, Limits, c14n::ExclusiveC14n, is_ncname},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = xml::open(bytes, &Limits::MESSAGE) else {
        return;
    };
    let root = document.root();
    let claimed = claimed_issuer(root);
    let Ok(request) = ReceivedAuthnRequest::parse(root) else {
        return;
    };
    // The keys are looked up by what is claimed before anything is proven: it is the same name.
    assert_eq!(claimed.as_ref(), Ok(&request.issuer));
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
    let again = ReceivedAuthnRequest::parse(document.root()).expect("it says the same");
    assert_eq!(format!("{again:?}"), format!("{request:?}"));
});
