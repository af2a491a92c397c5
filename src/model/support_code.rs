//! The code that a person reads to the help desk.

use serde::{Deserialize, Serialize};

use crate::sys::entropy::{self, Entropy};

/// Crockford's base 32: no letter that is read as a digit or as another letter.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Names one journey on every page and in every log line: `7K3M-9QPD`, 40 random bits.
#[derive(Clone, Copy, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct SupportCode([u8; 5]);

impl SupportCode {
    /// Draws a new code.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(entropy::bytes(entropy))
    }

    /// Reads a code as somebody writes down what they were told on the phone: small letters, without the hyphen or with
    /// spaces, `O` for a zero, `I` or `L` for a one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, InvalidSupportCode> {
        let mut bits = 0_u64;
        let mut letters = 0;
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let meant = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = { ALPHABET.iter() }.position(|letter| char::from(*letter) == meant);
            let value = value.and_then(|value| u64::try_from(value).ok());
            letters += 1;
            if letters > 8 {
                return Err(InvalidSupportCode);
            }
            bits = bits << 5 | value.ok_or(InvalidSupportCode)?;
        }
        let [_, _, _, code @ ..] = bits.to_be_bytes();
        (letters == 8)
            .then_some(Self(code))
            .ok_or(InvalidSupportCode)
    }

    /// The code of these octets.
    pub const fn of(octets: [u8; 5]) -> Self {
        Self(octets)
    }

    /// Its octets.
    pub const fn octets(&self) -> &[u8; 5] {
        &self.0
    }
}

/// A text that is no support code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("is no support code: eight letters and digits, as in 7K3M-9QPD")]
pub struct InvalidSupportCode;

impl std::fmt::Display for SupportCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bits = self
            .0
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            if place == 3 {
                f.write_str("-")?;
            }
            let letter = ALPHABET.get(usize::try_from(bits >> (place * 5) & 31).unwrap_or(0));
            write!(f, "{}", char::from(letter.copied().unwrap_or(b'0')))?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for SupportCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_two_groups_of_four_unmistakable_characters() {
        assert_eq!(SupportCode([0; 5]).to_string(), "0000-0000");
        assert_eq!(SupportCode([255; 5]).to_string(), "ZZZZ-ZZZZ");
        assert_eq!(SupportCode([0, 0, 0, 0, 33]).to_string(), "0000-0011");
        assert_eq!(SupportCode([8, 0, 0, 0, 0]).to_string(), "1000-0000");
    }

    #[test]
    fn a_code_is_read_as_it_was_heard_and_nothing_else_is_one() {
        let code = SupportCode([1, 2, 3, 254, 255]);
        let told = code.to_string();
        for heard in [
            &told,
            &told.to_lowercase(),
            &told.replace('-', " "),
            &told.replace('-', ""),
        ] {
            assert_eq!(SupportCode::parse(heard), Ok(code), "{heard}");
        }
        assert_eq!(
            SupportCode::parse("oOil-L000"),
            Ok(SupportCode::parse("0011-1000").unwrap())
        );
        for none in [
            "",
            "-",
            "0000-000",
            "0000-00000",
            "U000-0000",
            "é000-0000",
            &"0".repeat(1_000),
        ] {
            assert_eq!(SupportCode::parse(none), Err(InvalidSupportCode), "{none}");
        }
    }
}
