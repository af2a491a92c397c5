//! The bindings: how a message travels in HTTP (saml-bindings-2.0).
//!
//! What comes out is bytes and what was said about them, believed by nobody yet.

pub mod inflate;
pub mod post;
pub mod redirect;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::model::journey::{RelayState, RelayStateFault};

/// A message as it was received.
#[derive(Debug)]
pub struct ReceivedMessage {
    /// The XML, undecoded otherwise.
    pub xml: Vec<u8>,
    /// The `RelayState` that came with it; none where the parameter was absent.
    pub relay_state: Option<RelayState>,
    /// The signature of HTTP-Redirect, which stands beside the message.
    pub signature: Option<DetachedSignature>,
}

/// A signature that stands beside the message (saml-bindings-2.0 §3.4.4.1).
#[derive(Debug)]
pub struct DetachedSignature {
    /// The URI in `SigAlg`.
    pub algorithm: String,
    /// The octets that it covers, exactly as they were received.
    pub octets: Vec<u8>,
    /// The signature itself.
    pub value: Vec<u8>,
}

/// Why no message could be taken out of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BindingFault {
    /// A value is not base64.
    #[error("a value is not base64")]
    Base64,
    /// The message is not DEFLATE, or something follows it.
    #[error("the message is not DEFLATE")]
    Deflate,
    /// The encoding named by `SAMLEncoding` is not the one of the standard.
    #[error("SAMLEncoding is not DEFLATE")]
    Encoding,
    /// There is no `SAMLRequest`.
    #[error("there is no SAMLRequest")]
    NoRequest,
    /// One of SAML's parameters comes twice, or in a spelling that other readers may read as one.
    #[error("a SAML parameter comes twice or in another spelling")]
    Parameters,
    /// A percent sign that begins no octet, or octets that are no UTF-8.
    #[error("a value is not percent-encoded UTF-8")]
    PercentEncoding,
    /// `RelayState` cannot be carried.
    #[error(transparent)]
    RelayState(#[from] RelayStateFault),
    /// `SAMLResponse` came, alone or together with a request.
    #[error("a SAMLResponse came where a request is taken")]
    Response,
    /// `SigAlg` without `Signature`, or the other way round.
    #[error("SigAlg and Signature do not come together")]
    SignatureParts,
    /// The request or the message in it is longer than allowed.
    #[error("the message is too large")]
    TooLarge,
}

/// SAML's own parameters, raw: each at most once, in its own spelling.
#[derive(Debug, Default)]
struct Parameters<'a> {
    request: Option<&'a str>,
    response: Option<&'a str>,
    relay_state: Option<&'a str>,
    algorithm: Option<&'a str>,
    signature: Option<&'a str>,
    encoding: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Splits `name=value&…` once. Unknown parameters are passed over.
    ///
    /// A name that becomes one of ours when it is decoded, in another case, beside a `;`, or cut where
    /// some reader cuts it is refused: another reader on the way (a proxy, a log, a filter) could take it
    /// for the real one and see another message than we do.
    fn split(raw: &'a str) -> Result<Self, BindingFault> {
        let mut found = Self::default();
        for piece in raw.split('&') {
            if piece
                .split(';')
                .skip(1)
                .any(|part| is_ours_in_any_spelling(name_of(part)))
            {
                return Err(BindingFault::Parameters);
            }
            let name = name_of(piece);
            let value = piece.get(name.len() + 1..).unwrap_or_default();
            let place = match name {
                "SAMLRequest" => &mut found.request,
                "SAMLResponse" => &mut found.response,
                "RelayState" => &mut found.relay_state,
                "SigAlg" => &mut found.algorithm,
                "Signature" => &mut found.signature,
                "SAMLEncoding" => &mut found.encoding,
                // What is before a `;` in it; what is behind one was looked at above.
                other if is_ours_in_any_spelling(before_semicolon(other)) => {
                    return Err(BindingFault::Parameters);
                }
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(BindingFault::Parameters);
            }
        }
        Ok(found)
    }

    /// The raw `SAMLRequest`, which must have come alone.
    fn request(&self) -> Result<&'a str, BindingFault> {
        match (self.request, self.response) {
            (_, Some(_)) => Err(BindingFault::Response),
            (Some(request), None) => Ok(request),
            (None, None) => Err(BindingFault::NoRequest),
        }
    }

    fn relay_state(&self) -> Result<Option<RelayState>, BindingFault> {
        let Some(raw) = self.relay_state else {
            return Ok(None);
        };
        // Three raw bytes may make one: longer than this cannot fit, and is not decoded.
        if raw.len() > RelayState::MAX_BYTES * 3 {
            return Err(RelayStateFault::TooLong.into());
        }
        Ok(Some(RelayState::parse(&decode(raw)?)?))
    }
}

fn name_of(piece: &str) -> &str {
    piece.split_once('=').map_or(piece, |(name, _)| name)
}

fn before_semicolon(name: &str) -> &str {
    name.split_once(';').map_or(name, |(before, _)| before)
}

/// Whether some reader takes it for one of ours: some leave out what stands around a name, some end it at a NUL, and some
/// have brackets name an entry of a list.
fn is_ours_in_any_spelling(name: &str) -> bool {
    let plain = percent_decode_str(name).decode_utf8_lossy();
    let is_blank = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    let plain = plain.trim_start_matches(is_blank);
    let plain = { plain.split(|c: char| c == '[' || c.is_control()) }.next();
    let plain = plain.unwrap_or_default().trim_end_matches(is_blank);
    [
        "SAMLRequest",
        "SAMLResponse",
        "RelayState",
        "SigAlg",
        "Signature",
        "SAMLEncoding",
    ]
    .iter()
    .any(|ours| ours.eq_ignore_ascii_case(plain))
}

/// Decodes one value of `application/x-www-form-urlencoded`, strictly.
fn decode(raw: &str) -> Result<Cow<'_, str>, BindingFault> {
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        let is_escape = byte == b'%';
        if is_escape && !(0..2).all(|_| rest.next().is_some_and(|b| b.is_ascii_hexdigit())) {
            return Err(BindingFault::PercentEncoding);
        }
    }
    let spaced = if raw.contains('+') {
        Cow::Owned(raw.replace('+', " "))
    } else {
        Cow::Borrowed(raw)
    };
    let decoded = match spaced {
        Cow::Borrowed(text) => percent_decode_str(text).decode_utf8(),
        Cow::Owned(text) => percent_decode_str(&text)
            .decode_utf8()
            .map(|decoded| Cow::Owned(decoded.into_owned())),
    };
    decoded.map_err(|_not_utf8| BindingFault::PercentEncoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r11_every_spelling_of_a_parameter_beside_the_real_one_is_refused() {
        for other in [
            "SAMLRequest=b",
            "%53AMLRequest=b",
            "samlrequest=b",
            "SAMLREQUEST=b",
            "+SAMLRequest=b",
            "SAMLRequest%20=b",
            "SAMLRequest%00=b",
            "x;SAMLRequest=b",
            "x=1;SAMLRequest=b",
            "SAMLRequest",
            "RelayState=1;SigAlg=2",
            "signature=1",
            "%52elayState=1",
        ] {
            for raw in [
                format!("SAMLRequest=a&{other}"),
                format!("{other}&SAMLRequest=a"),
            ] {
                assert!(
                    matches!(Parameters::split(&raw), Err(BindingFault::Parameters)),
                    "{raw}"
                );
            }
        }
    }

    #[test]
    fn r11_each_parameter_counts_once() {
        for name in [
            "RelayState",
            "SigAlg",
            "Signature",
            "SAMLEncoding",
            "SAMLResponse",
        ] {
            let raw = format!("SAMLRequest=a&{name}=1&{name}=1");
            assert!(Parameters::split(&raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn unknown_parameters_are_passed_over_and_values_stay_raw() {
        let found = Parameters::split("utm=1&SAMLRequest=a%2Fb%2f&&x&RelayState=").unwrap();
        assert_eq!(found.request().unwrap(), "a%2Fb%2f");
        assert_eq!(found.relay_state, Some(""));
        assert_eq!(found.relay_state().unwrap().unwrap().as_str(), "");
        assert_eq!(
            Parameters::split("SAMLRequest=a")
                .unwrap()
                .relay_state()
                .unwrap(),
            None
        );
    }

    #[test]
    fn r11_a_request_together_with_a_response_is_refused() {
        let found = Parameters::split("SAMLRequest=a&SAMLResponse=b").unwrap();
        assert_eq!(found.request(), Err(BindingFault::Response));
        let found = Parameters::split("SAMLResponse=b").unwrap();
        assert_eq!(found.request(), Err(BindingFault::Response));
        assert_eq!(
            Parameters::split("").unwrap().request(),
            Err(BindingFault::NoRequest)
        );
    }

    #[test]
    fn r44_a_relay_state_is_decoded_once_and_bounded() {
        let relay = |raw: &str| Parameters::split(raw).unwrap().relay_state();
        let found = relay("RelayState=%22%3E%3Cscript%3E+%2525%0D%0A%F0%9F%98%80")
            .unwrap()
            .unwrap();
        assert_eq!(found.as_str(), "\"><script> %25\r\n😀");
        let fits = format!("RelayState={}", "%41".repeat(1024));
        assert_eq!(relay(&fits).unwrap().unwrap().as_str().len(), 1024);
        for long in ["a".repeat(1025), "%41".repeat(1025), "a".repeat(1 << 20)] {
            let fault = relay(&format!("RelayState={long}")).unwrap_err();
            assert_eq!(fault, BindingFault::RelayState(RelayStateFault::TooLong));
        }
        for bad in [
            "RelayState=%",
            "RelayState=%4",
            "RelayState=%zz",
            "RelayState=%ff",
        ] {
            assert_eq!(
                relay(bad).unwrap_err(),
                BindingFault::PercentEncoding,
                "{bad}"
            );
        }
    }

    #[test]
    fn r11_a_name_is_one_of_ours_whatever_some_reader_cuts_off_of_it_and_however_long_that_is() {
        let long = "+".repeat(200);
        for name in [
            &format!("{long}SAMLRequest{long}"),
            "%0a+%20SAMLRequest",
            "SAMLRequest%00x",
            "%00SAMLRequest%00%00x[",
            "SAMLRequest[",
            "samlrequest%5B0%5D",
            "SAMLRequest+[]",
            "SAMLRequest%09",
        ] {
            assert!(is_ours_in_any_spelling(name), "{name}");
        }
        for name in [
            "",
            "+",
            "[SAMLRequest]",
            "x%00SAMLRequest",
            "SAMLRequestx",
            "SAMLRequest.x",
        ] {
            assert!(!is_ours_in_any_spelling(name), "{name}");
        }
        for query in [
            "SAMLRequest;x=1",
            "%53AMLRequest;=1",
            "samlrequest;",
            "x;SAMLRequest",
            "x=;SAMLRequest;",
        ] {
            let beside = format!("SAMLRequest=a&{query}");
            let fault = Parameters::split(&beside).unwrap_err();
            assert_eq!(fault, BindingFault::Parameters, "{query}");
        }
    }
}
