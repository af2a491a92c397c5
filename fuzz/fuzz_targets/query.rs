//! The query of HTTP-Redirect: split once, and what is signed is what is read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::saml::binding::{
    ReceivedMessage,
    redirect::{MAX_MESSAGE_BYTES, MAX_QUERY_BYTES, decode_request},
};

fuzz_target!(|query: &str| {
    let Ok(received) = decode_request(query) else {
        return;
    };
    assert!(query.len() <= MAX_QUERY_BYTES);
    assert!(received.xml.len() <= MAX_MESSAGE_BYTES);

    // In another order it says the same.
    let mut pieces: Vec<_> = query.split('&').collect();
    pieces.reverse();
    assert_same(&received, &pieces.join("&"));

    // What others may add changes nothing, and none of ours can be added.
    if query.len() + 32 < MAX_QUERY_BYTES {
        assert_same(&received, &format!("lang=fr&{query}"));
        for more in [
            "SAMLRequest=x",
            "samlrequest=x",
            "%53AMLRequest=x",
            "x;SAMLRequest=x",
            "SAMLRequest;x=x",
            "SAMLRequest%00x=x",
            "SAMLRequest[]=x",
            "SAMLResponse=x",
        ] {
            assert!(
                decode_request(&format!("{query}&{more}")).is_err(),
                "{more}"
            );
        }
    }

    let Some(signature) = &received.signature else {
        return;
    };
    // What the signature covers is made of the query's own bytes, in the order of the standard, and
    // holds the whole message.
    let signed = std::str::from_utf8(&signature.octets).expect("a part of the query");
    for piece in signed.split('&') {
        // A name alone is one with an empty value.
        let is_sent = |sent: &str| sent == piece || Some(sent) == piece.strip_suffix('=');
        assert!(query.split('&').any(is_sent), "{piece}");
    }
    let value = query
        .split('&')
        .find(|piece| piece.split('=').next() == Some("Signature"))
        .expect("a signature is there");
    assert_same(&received, &format!("{signed}&{value}"));
});

fn assert_same(received: &ReceivedMessage, query: &str) {
    let again = decode_request(query).expect("the same parameters");
    assert_eq!(format!("{again:?}"), format!("{received:?}"));
}
