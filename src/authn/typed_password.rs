//! Passwords as people type them.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use zeroize::Zeroizing;

use crate::sys::secret::Secret;

/// A password as it is hashed or sent to a directory: RFC 8265 `OpaqueString`, so NFC with every kind of space as the
/// plain one; case and outer spaces are kept.
///
/// One keyboard sends `é` as one character, another as two: both are one password.
pub(in crate::authn) struct TypedPassword(Zeroizing<Vec<u8>>);

/// A password that nobody can have: empty, longer than [`TypedPassword::MAX_BYTES`], not UTF-8, or
/// with a NUL.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the password is empty, longer than 1024 bytes, not UTF-8 or has a NUL in it")]
pub struct UnacceptablePassword;

impl TypedPassword {
    /// The longest password, as typed. Longer ones would make the server work for nothing.
    pub(super) const MAX_BYTES: usize = 1024;

    pub(super) fn parse(typed: &Secret) -> Result<Self, UnacceptablePassword> {
        let bytes = typed.expose();
        if bytes.is_empty() || bytes.len() > Self::MAX_BYTES || bytes.contains(&0) {
            return Err(UnacceptablePassword);
        }
        let text = str::from_utf8(bytes).or(Err(UnacceptablePassword))?;
        let is_opaque = is_nfc(text) && !text.chars().any(is_other_space);
        let opaque = if is_opaque {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(to_opaque(text))
        };
        Ok(Self(Zeroizing::new(opaque.into_owned().into_bytes())))
    }

    /// What is hashed in the place of a password that nobody can have: its answer is never
    /// looked at.
    pub(super) fn stand_in() -> Self {
        Self(Zeroizing::new(b"nobody has this".to_vec()))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// A space of Unicode's category Zs that is not U+0020 (RFC 8265 §4.2.2).
const fn is_other_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn to_opaque(text: &str) -> String {
    // Room for the longest result (NFC at most triples UTF-8, UAX #15): a string that grew would
    // leave pieces of the password behind.
    let mut opaque = String::with_capacity(text.len() * 3);
    opaque.extend(
        text.chars()
            .map(|c| if is_other_space(c) { ' ' } else { c })
            .nfc(),
    );
    opaque
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> TypedPassword {
        TypedPassword::parse(&Secret::from(text.to_owned())).unwrap()
    }

    #[test]
    fn one_password_is_typed_in_more_than_one_way() {
        for same in [
            "\u{e9}t\u{e9} 2026",
            "e\u{301}te\u{301} 2026",
            "\u{e9}t\u{e9}\u{a0}2026",
        ] {
            assert_eq!(typed(same).expose(), "\u{e9}t\u{e9} 2026".as_bytes());
        }
        assert_eq!(typed(" A\tb ").expose(), b" A\tb ");
        // The longest growth stays within the room that was taken for it.
        let long = "\u{1d160}".repeat(256);
        let opaque = to_opaque(&long);
        assert_eq!(opaque.capacity(), long.len() * 3);
        assert!(opaque.len() > long.len());
    }

    #[test]
    fn r71_a_password_that_nobody_can_have_is_refused() {
        let refused = |bytes: &[u8]| TypedPassword::parse(&Secret::new(bytes.to_vec())).is_err();
        for bytes in [
            &b""[..],
            b"\0",
            b"\0\0\0",
            b"wonder\0land",
            b"wonderland\0",
            b"\xff\xfe",
        ] {
            assert!(refused(bytes), "{bytes:?}");
        }
        assert!(!refused(&[b'a'; 1024]));
        assert!(refused(&[b'a'; 1025]));
    }
}
