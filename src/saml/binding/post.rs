//! HTTP-POST (saml-bindings-2.0 §3.5): base64 in a form.

use std::sync::LazyLock;

use base64::{
    Engine as _,
    engine::{
        Simd,
        general_purpose::{PAD, STANDARD},
    },
};

use super::{BindingFault, Parameters, ReceivedMessage, decode};

/// The longest form that is looked at: a message of 256 KiB in base64, percent-encoded where
/// it must be, and a `RelayState`.
pub const MAX_FORM_BYTES: usize = 400 * 1024;
/// The longest message.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// Takes the request out of a raw form body.
///
/// # Errors
///
/// The first rule that was broken. No address is proven: our own page says it.
pub fn decode_request(form: &str) -> Result<ReceivedMessage, BindingFault> {
    if form.len() > MAX_FORM_BYTES {
        return Err(BindingFault::TooLarge);
    }
    let found = Parameters::split(form)?;
    let request = found.request()?;
    // They belong to the other binding: beside a form they are ignored by some and believed by
    // others, so they are believed by nobody.
    if found.algorithm.is_some() || found.signature.is_some() || found.encoding.is_some() {
        return Err(BindingFault::Parameters);
    }
    let relay_state = found.relay_state()?;
    let text = decode(request)?;
    // Base64 in a form may be broken into lines (RFC 2045).
    let text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let xml = STANDARD
        .decode(text)
        .map_err(|_not_base64| BindingFault::Base64)?;
    if xml.len() > MAX_MESSAGE_BYTES {
        return Err(BindingFault::TooLarge);
    }
    Ok(ReceivedMessage {
        xml,
        relay_state,
        signature: None,
    })
}

/// Encodes a Response for the form that carries it.
pub fn encode_response(xml: &str) -> String {
    // By vector code, where the machine has it. For our own words only: what others send is read
    // by the plain decoder.
    static ENCODER: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));
    ENCODER.encode(xml)
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::{prelude::any, proptest};

    use super::*;

    fn form(xml: &[u8]) -> String {
        format!(
            "SAMLRequest={}",
            utf8_percent_encode(&STANDARD.encode(xml), NON_ALPHANUMERIC)
        )
    }

    #[test]
    fn a_message_in_lines_is_read() {
        let text = STANDARD.encode("<a>long enough for two lines</a>");
        let (one, other) = text.split_at(20);
        let lines = format!("{one}\r\n{other}");
        let lines = utf8_percent_encode(&lines, NON_ALPHANUMERIC);
        let raw = format!("SAMLRequest={lines}&RelayState=x");
        let received = decode_request(&raw).unwrap();
        assert_eq!(received.xml, b"<a>long enough for two lines</a>");
        assert_eq!(received.relay_state.unwrap().as_str(), "x");
    }

    #[test]
    fn r06_a_larger_message_is_refused() {
        let large = vec![b' '; MAX_MESSAGE_BYTES + 1];
        assert_eq!(
            decode_request(&form(&large)).unwrap_err(),
            BindingFault::TooLarge
        );
        assert!(decode_request(&form(&vec![b' '; MAX_MESSAGE_BYTES])).is_ok());
        let name = "SAMLRequest=";
        for (more, fault) in [(0, BindingFault::Base64), (1, BindingFault::TooLarge)] {
            let raw = format!("{name}{}", "!".repeat(MAX_FORM_BYTES - name.len() + more));
            assert_eq!(decode_request(&raw).unwrap_err(), fault);
        }
    }

    #[test]
    fn r11_parameters_of_the_other_binding_do_not_mix_in() {
        for other in ["SigAlg=a&Signature=b", "Signature=b", "SAMLEncoding=x"] {
            let raw = format!("{}&{other}", form(b"<a/>"));
            assert_eq!(
                decode_request(&raw).unwrap_err(),
                BindingFault::Parameters,
                "{other}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_response_is_encoded_as_the_standard_says(xml in ".{0,600}") {
            assert_eq!(encode_response(&xml), STANDARD.encode(&xml));
        }

        #[test]
        fn any_message_survives_the_journey(xml in proptest::collection::vec(any::<u8>(), 0..4096)) {
            assert_eq!(decode_request(&form(&xml)).unwrap().xml, xml);
        }

        #[test]
        fn r128_no_form_makes_the_reader_fall(form in ".{0,300}") {
            let _ = decode_request(&form);
        }
    }
}
