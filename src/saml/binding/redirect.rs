//! HTTP-Redirect (saml-bindings-2.0 §3.4): DEFLATE, base64, a query.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    BindingFault, DetachedSignature, Parameters, ReceivedMessage, decode,
    inflate::{Wrapping, inflate},
};

/// The longest query that is looked at.
pub const MAX_QUERY_BYTES: usize = 32 * 1024;
/// The longest message that a query may hold.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Takes the request out of a raw query.
///
/// The query must be as it was received: a signature covers its bytes, and the message is decoded
/// from the same bytes that the signature covers.
///
/// # Errors
///
/// The first rule that was broken. No address is proven: our own page says it.
pub fn decode_request(query: &str) -> Result<ReceivedMessage, BindingFault> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(BindingFault::TooLarge);
    }
    let found = Parameters::split(query)?;
    let request = found.request()?;
    if let Some(encoding) = found.encoding
        && decode(encoding)? != DEFLATE
    {
        return Err(BindingFault::Encoding);
    }
    let relay_state = found.relay_state()?;
    let signature = match (found.algorithm, found.signature) {
        (None, None) => None,
        (Some(algorithm), Some(signature)) => Some(DetachedSignature {
            algorithm: decode(algorithm)?.into_owned(),
            octets: signed_octets(request, found.relay_state, algorithm),
            value: base64(signature)?,
        }),
        (Some(_), None) | (None, Some(_)) => return Err(BindingFault::SignatureParts),
    };
    Ok(ReceivedMessage {
        xml: inflate(&base64(request)?, Wrapping::None, MAX_MESSAGE_BYTES)?,
        relay_state,
        signature,
    })
}

/// What a signature covers: the raw values in the order of the standard, whatever order they came
/// in (saml-bindings-2.0 §3.4.4.1).
fn signed_octets(request: &str, relay_state: Option<&str>, algorithm: &str) -> Vec<u8> {
    let relay_state = relay_state
        .map(|raw| format!("&RelayState={raw}"))
        .unwrap_or_default();
    format!("SAMLRequest={request}{relay_state}&SigAlg={algorithm}").into_bytes()
}

fn base64(raw: &str) -> Result<Vec<u8>, BindingFault> {
    STANDARD
        .decode(decode(raw)?.as_bytes())
        .map_err(|_not_base64| BindingFault::Base64)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::{prelude::any, proptest};

    use super::*;

    fn deflate(xml: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(xml).unwrap();
        encoder.finish().unwrap()
    }

    fn query(deflated: &[u8]) -> String {
        let text = STANDARD.encode(deflated);
        format!(
            "SAMLRequest={}",
            utf8_percent_encode(&text, NON_ALPHANUMERIC)
        )
    }

    #[test]
    fn r10_a_bomb_stops_at_the_limit() {
        let bomb = deflate(&vec![b' '; 20 << 20]);
        assert!(bomb.len() < 24 * 1024, "{}", bomb.len());
        assert_eq!(
            decode_request(&query(&bomb)).unwrap_err(),
            BindingFault::TooLarge
        );
        let largest = deflate(&vec![b' '; MAX_MESSAGE_BYTES]);
        assert_eq!(
            decode_request(&query(&largest)).unwrap().xml.len(),
            MAX_MESSAGE_BYTES
        );
        let larger = deflate(&vec![b' '; MAX_MESSAGE_BYTES + 1]);
        assert_eq!(
            decode_request(&query(&larger)).unwrap_err(),
            BindingFault::TooLarge
        );
    }

    #[test]
    fn r10_a_longer_query_is_not_looked_at() {
        let long = format!("SAMLRequest={}", "a".repeat(MAX_QUERY_BYTES));
        assert_eq!(decode_request(&long).unwrap_err(), BindingFault::TooLarge);
    }

    #[test]
    fn r10_only_raw_deflate_with_nothing_behind_it_is_taken() {
        let xml = b"<a/>";
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(xml).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(xml).unwrap();
        let trailing = [deflate(xml), b"x".to_vec()].concat();
        let two = [deflate(xml), deflate(xml)].concat();
        let cut = deflate(&b"<a/>".repeat(100))[..8].to_vec();
        for odd in [
            zlib.finish().unwrap(),
            gzip.finish().unwrap(),
            trailing,
            two,
            cut,
            vec![],
            xml.into(),
        ] {
            assert_eq!(
                decode_request(&query(&odd)).unwrap_err(),
                BindingFault::Deflate,
                "{odd:?}"
            );
        }
    }

    #[test]
    fn r11_the_signature_covers_the_raw_values_in_the_order_of_the_standard() {
        let request = query(&deflate(b"<a/>"));
        for raw in [
            format!("{request}&RelayState=%2fx&SigAlg=urn%3a1&Signature=AAAA"),
            format!("Signature=AAAA&SigAlg=urn%3a1&RelayState=%2fx&x=y&{request}"),
        ] {
            let signature = decode_request(&raw).unwrap().signature.unwrap();
            assert_eq!(signature.algorithm, "urn:1");
            assert_eq!(
                String::from_utf8(signature.octets).unwrap(),
                format!("{request}&RelayState=%2fx&SigAlg=urn%3a1")
            );
        }
        let raw = format!("{request}&RelayState=&SigAlg=urn%3a1&Signature=AAAA");
        let octets = decode_request(&raw).unwrap().signature.unwrap().octets;
        assert!(String::from_utf8(octets).unwrap().contains("&RelayState=&"));
    }

    #[test]
    fn r08_half_a_signature_is_refused() {
        let request = query(&deflate(b"<a/>"));
        for half in ["SigAlg=urn%3a1", "Signature=AAAA"] {
            let fault = decode_request(&format!("{request}&{half}")).unwrap_err();
            assert_eq!(fault, BindingFault::SignatureParts, "{half}");
        }
    }

    /// Found by the fuzz target for queries.
    #[test]
    fn r08_names_without_values_are_a_signature_that_nothing_verifies() {
        let request = query(&deflate(b"<a/>"));
        let received = decode_request(&format!("{request}&SigAlg&Signature")).unwrap();
        let signature = received.signature.unwrap();
        assert_eq!(&*signature.algorithm, "");
        assert!(signature.value.is_empty());
        assert!(signature.octets.ends_with(b"&SigAlg="));
    }

    #[test]
    fn only_the_encoding_of_the_standard_is_known() {
        let request = query(&deflate(b"<a/>"));
        let deflate = utf8_percent_encode(DEFLATE, NON_ALPHANUMERIC);
        assert!(decode_request(&format!("{request}&SAMLEncoding={deflate}")).is_ok());
        let fault = decode_request(&format!("{request}&SAMLEncoding=gzip")).unwrap_err();
        assert_eq!(fault, BindingFault::Encoding);
    }

    #[test]
    fn a_plus_sign_in_base64_is_a_space_and_refused() {
        let text = STANDARD.encode(deflate(b"<a>\xfb\xef</a>"));
        let raw = format!("SAMLRequest={}+", text.replace('+', "%2B"));
        assert_eq!(decode_request(&raw).unwrap_err(), BindingFault::Base64);
    }

    proptest! {
        #[test]
        fn any_message_survives_the_journey(xml in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let received = decode_request(&query(&deflate(&xml))).unwrap();
            assert_eq!(received.xml, xml);
        }

        #[test]
        fn r128_no_query_makes_the_reader_fall(query in ".{0,300}") {
            let _ = decode_request(&query);
        }
    }
}
