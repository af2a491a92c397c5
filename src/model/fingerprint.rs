//! Which version of a document is meant: by its SHA-256.

use serde::{Deserialize, Serialize};

use crate::sys::hmac::sha256;

/// The SHA-256 (FIPS 180-4) of a document, written as 64 hexadecimal digits.
///
/// All of them: whoever makes two documents can make two that share a short beginning.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("is not a SHA-256: 64 hexadecimal digits, of which none may be left out")]
pub struct InvalidFingerprint;

impl Fingerprint {
    /// That of `document`.
    pub fn of(document: &[u8]) -> Self {
        Self(sha256(&[document]))
    }

    /// Reads one, in small or in capital letters.
    ///
    /// # Errors
    ///
    /// The text is something else, or a part of one.
    pub fn parse(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits: Vec<_> = { text.chars() }
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            })
            .collect::<Option<_>>()
            .ok_or(InvalidFingerprint)?;
        let (pairs, []) = digits.as_chunks::<2>() else {
            return Err(InvalidFingerprint);
        };
        let octets: Vec<_> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        octets
            .try_into()
            .map(Self)
            .map_err(|_of_another_length| InvalidFingerprint)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidFingerprint;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written_and_no_part_of_one_is() {
        let one = Fingerprint::of(b"abc");
        let text = one.to_string();
        // FIPS 180-4, the first example.
        assert!(
            text.starts_with("ba7816bf") && text.ends_with("f20015ad"),
            "{text}"
        );
        assert_eq!(Fingerprint::parse(&text), Ok(one));
        assert_eq!(Fingerprint::parse(&text.to_uppercase()), Ok(one));
        let long = format!("{text}00");
        let odd = text.replacen('b', "é", 1);
        let parts = [0, 12, 62, 63].map(|end| text.get(..end).unwrap());
        for other in parts.into_iter().chain([&*long, &odd]) {
            assert_eq!(
                Fingerprint::parse(other),
                Err(InvalidFingerprint),
                "{other}"
            );
        }
    }
}
