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
}

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
}
