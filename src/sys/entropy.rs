//! Randomness, and the identifiers made of it.

use std::sync::atomic::{AtomicU64, Ordering};

use openssl::sha::Sha256;

/// Gives random bytes.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// Fills `out` with bytes that nobody can guess.
    fn fill(&self, out: &mut [u8]);
}

/// The generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that draws randomness"
    )]
    #[expect(
        clippy::expect_used,
        reason = "without randomness no identifier is safe: stop at once"
    )]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system gives random bytes");
    }
}

/// Bytes that follow from a seed, for tests: the same seed gives the same run.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// Starts the sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: AtomicU64::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.drawn.fetch_add(1, Ordering::Relaxed);
            let mut hash = Sha256::new();
            hash.update(&self.seed.to_be_bytes());
            hash.update(&block.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(hash.finish()) {
                *to = from;
            }
        }
    }
}

/// Draws `N` random bytes.
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut out = [0; N];
    entropy.fill(&mut out);
    out
}

/// Draws a SAML identifier: `_` and 160 random bits in lower-case hexadecimal.
///
/// An `xs:NCName` with collision odds far below the 2^-128 that saml-core-2.0
/// §1.3.4 demands.
pub fn saml_id(entropy: &dyn Entropy) -> String {
    saml_id_of(bytes(entropy))
}

/// A SAML identifier of bits that nobody can guess, in the form of those that [`saml_id`] draws.
pub fn saml_id_of(bits: [u8; 20]) -> String {
    let mut id = String::with_capacity(41);
    id.push('_');
    for byte in bits {
        id.push(hex_digit(byte >> 4));
        id.push(hex_digit(byte & 15));
    }
    id
}

/// The lower-case hexadecimal digit of a number below 16.
pub(super) const fn hex_digit(number: u8) -> char {
    (if number < 10 {
        b'0' + number
    } else {
        b'a' + (number - 10)
    }) as char
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saml_identifier_is_a_new_ncname_of_160_bits() {
        let entropy = OsEntropy;
        let (one, other) = (saml_id(&entropy), saml_id(&entropy));
        assert_ne!(one, other);
        assert_eq!(one.len(), 41);
        assert!(one.starts_with('_'));
        assert!(
            one.strip_prefix('_')
                .unwrap()
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );
    }

    #[test]
    fn a_saml_identifier_holds_every_bit_that_was_drawn() {
        #[derive(Debug)]
        struct Steps;
        impl Entropy for Steps {
            fn fill(&self, out: &mut [u8]) {
                for (byte, number) in out.iter_mut().zip(0_u8..) {
                    *byte = number.wrapping_mul(13).wrapping_add(5);
                }
            }
        }
        let expected = "_05121f2c394653606d7a8794a1aebbc8d5e2effc";
        assert_eq!(saml_id(&Steps), expected);
    }

    #[test]
    fn a_seed_repeats_its_run_and_another_seed_does_not() {
        let run = |seed| bytes::<48>(&SeededEntropy::new(seed));
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let bytes = run(7);
        assert_ne!(bytes[..16], bytes[32..]);
    }
}
