//! Values that no log, page or panic can show.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A value that no log, page or panic can show.
///
/// Has no `Display`, no `Serialize` and no `PartialEq`; its `Debug` is blank;
/// its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Compares without telling, by its time, where the first difference is.
    pub fn matches(&self, offered: &[u8]) -> bool {
        self.0.ct_eq(offered).into()
    }

    /// The bytes themselves, for the cryptography that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Compares two public-length values in a time that does not depend on where they differ.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r121_a_secret_shows_nothing_of_itself() {
        let secret = Secret::from("wonderland".to_owned());
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "Secret Some(Secret)"
        );
    }

    #[test]
    fn r102_a_secret_matches_itself_only() {
        let secret = Secret::from("wonderland".to_owned());
        assert!(secret.matches(b"wonderland"));
        for other in ["wonderlanD", "wonderlan", "wonderlands", ""] {
            assert!(!secret.matches(other.as_bytes()), "{other}");
        }
    }
}
