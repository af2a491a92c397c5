//! The short name of a service provider, in our URLs, logs and commands.

use serde::{Deserialize, Serialize};

/// The short name of a service provider: the `zoom` of `[sp.zoom]`.
///
/// 1 to [`Self::MAX_BYTES`] of `a`-`z`, `0`-`9` and inner `-`, so that it can stand in a path, a log
/// field and a shell word as it is.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String")]
pub struct ShortName(Box<str>);

/// A text that cannot be a short name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("is not 1 to 32 of a-z, 0-9 and inner hyphens")]
pub struct InvalidShortName;

impl ShortName {
    /// The longest short name.
    pub const MAX_BYTES: usize = 32;

    /// Reads a short name.
    ///
    /// # Errors
    ///
    /// The text holds something else than the allowed characters, or too many.
    pub fn parse(text: &str) -> Result<Self, InvalidShortName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(allowed);
        if fits && !text.starts_with('-') && !text.ends_with('-') {
            Ok(Self(text.into()))
        } else {
            Err(InvalidShortName)
        }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ShortName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ShortName {
    type Error = InvalidShortName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_that_is_safe_in_a_path_is_a_short_name() {
        for good in ["zoom", "bbb-2", "a", &"z".repeat(32)] {
            assert_eq!(ShortName::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "Zoom",
            "-zoom",
            "zoom-",
            "zo om",
            "zo/om",
            "zoom.",
            "é",
            &"z".repeat(33),
        ] {
            assert_eq!(ShortName::parse(bad), Err(InvalidShortName), "{bad}");
        }
    }
}
