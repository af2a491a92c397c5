//! Attributes of a person: as a source gave them, as we name them, as a provider is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The longest attribute value that is released (saml2int SDP-G02).
pub const MAX_VALUE_CHARS: usize = 256;

/// Attribute values by name, in the order in which the source gave them.
///
/// Names are compared without regard to case, as LDAP does: they are kept in lower case.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attributes(BTreeMap<String, Vec<String>>);

impl Attributes {
    /// No attributes.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds values to those of `name`.
    pub fn add(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        self.0
            .entry(name.to_ascii_lowercase())
            .or_default()
            .extend(values);
    }

    /// The values of `name`; none when there are none.
    pub fn values(&self, name: &str) -> &[String] {
        let found = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            self.0.get(&name.to_ascii_lowercase())
        } else {
            self.0.get(name)
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// Every name, in lower case, with its values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

/// An attribute as one service provider is told (saml-core-2.0 §2.7.3.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReleasedAttribute {
    /// The `Name`: a URI or a simple word.
    pub name: String,
    /// The `NameFormat`, a URN of [`super::vocab`].
    pub name_format: &'static str,
    /// The `FriendlyName`, where there is one.
    pub friendly_name: Option<String>,
    /// The values, at least one, none of them longer than [`MAX_VALUE_CHARS`].
    pub values: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_without_regard_to_case_and_values_keep_their_order() {
        let mut attributes = Attributes::new();
        attributes.add("eduPersonAffiliation", ["member".to_owned()]);
        attributes.add("edupersonaffiliation", ["student".to_owned()]);
        assert_eq!(
            attributes.values("EDUPERSONAFFILIATION"),
            ["member", "student"]
        );
        assert!(attributes.values("mail").is_empty());
    }
}
