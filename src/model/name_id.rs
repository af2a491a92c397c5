//! The name by which a service provider knows a person.

use serde::{Deserialize, Serialize};

use super::vocab;

/// The formats of `NameID` that we issue.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameIdFormat {
    /// An e-mail address.
    EmailAddress,
    /// Opaque, stable, different at every service provider.
    Persistent,
    /// Opaque, and another one in every answer.
    Transient,
    /// Whatever the two sides have agreed on.
    Unspecified,
}

impl NameIdFormat {
    /// Every format we issue, the first one first in our metadata.
    pub const ALL: [Self; 4] = [
        Self::EmailAddress,
        Self::Persistent,
        Self::Transient,
        Self::Unspecified,
    ];

    /// The URN of the standard.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::EmailAddress => vocab::NAME_ID_EMAIL,
            Self::Persistent => vocab::NAME_ID_PERSISTENT,
            Self::Transient => vocab::NAME_ID_TRANSIENT,
            Self::Unspecified => vocab::NAME_ID_UNSPECIFIED,
        }
    }

    /// Finds the format of a URN.
    pub fn from_urn(urn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.urn() == urn)
    }
}

/// A `NameID` as it is issued (saml-core-2.0 §2.2.3).
///
/// `NameQualifier` and `SPNameQualifier` are stated for the persistent and the transient format only,
/// where they have a meaning (saml-core-2.0 §8.3.7, §8.3.8).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NameId {
    /// The name itself, 1 to 256 characters.
    pub value: String,
    /// What kind of name it is.
    pub format: NameIdFormat,
    /// The identity provider that made the name.
    pub name_qualifier: Option<String>,
    /// The service provider it was made for.
    pub sp_name_qualifier: Option<String>,
}
