//! The name of a SAML entity.

use serde::{Deserialize, Serialize};

/// The name of a SAML entity, as written in its metadata and in `Issuer`.
///
/// Holds 1 to [`Self::MAX_CHARS`] characters, none of them white space or a control character. Two
/// names are equal only byte for byte: a trailing slash makes another entity. A bare host name is
/// taken, since Zoom uses one.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String")]
pub struct EntityId(Box<str>);

/// Why a text is not the name of an entity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidEntityId {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It holds white space or a control character.
    #[error("holds white space or a control character")]
    Space,
    /// It is longer than the standard allows.
    #[error("is longer than 1024 characters")]
    TooLong,
}

impl EntityId {
    /// The longest name the standard allows (saml-core-2.0 §8.3.6).
    pub const MAX_CHARS: usize = 1024;

    /// Reads a name that a peer sent or an administrator wrote.
    ///
    /// # Errors
    ///
    /// Says which bound was broken. The text is not echoed: it is unproven.
    pub fn parse(text: &str) -> Result<Self, InvalidEntityId> {
        if text.is_empty() {
            return Err(InvalidEntityId::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(InvalidEntityId::TooLong);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidEntityId::Space);
        }
        Ok(Self(text.into()))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for EntityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EntityId {
    type Error = InvalidEntityId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_zooms_name_are_names_and_differ() {
        let bare = EntityId::parse("univ-montp3-fr.zoom.us").unwrap();
        let url = EntityId::parse("https://univ-montp3-fr.zoom.us").unwrap();
        assert_ne!(bare, url);
    }

    #[test]
    fn a_name_has_1_to_1024_characters_and_none_of_them_is_white_space() {
        assert_eq!(EntityId::parse(""), Err(InvalidEntityId::Empty));
        for spaced in [" ", "a b", "a\n", "\u{a0}x", "x\0"] {
            assert_eq!(
                EntityId::parse(spaced),
                Err(InvalidEntityId::Space),
                "{spaced:?}"
            );
        }
        assert!(EntityId::parse(&"é".repeat(1024)).is_ok());
        assert_eq!(
            EntityId::parse(&"é".repeat(1025)),
            Err(InvalidEntityId::TooLong)
        );
    }
}
