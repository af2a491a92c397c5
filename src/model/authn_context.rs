//! How a person proved who they are, in the words of the standard.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use url::Url;

use super::vocab;

/// What really happened when a person proved who they are.
///
/// Two are equal where their URIs are: [`Self::parse`] is the only way to a class by its URI.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum AuthnContextClass {
    /// A password, over TLS.
    PasswordProtectedTransport,
    /// A password, over a bare connection: the lab only.
    Password,
    /// Something of which nothing is claimed.
    Unspecified,
    /// What the configuration has a name for.
    Named(ClassUri),
}

/// The URI of a class that has no name of its own here: an absolute URI of at most
/// [`AuthnContextClass::MAX_BYTES`].
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct ClassUri(Box<str>);

/// Why a text is not the URI of a class.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidClass {
    /// It is no absolute URI in visible ASCII.
    #[error("is not an absolute URI")]
    NotAbsolute,
    /// It is longer than [`AuthnContextClass::MAX_BYTES`].
    #[error("is longer than 256 bytes")]
    TooLong,
}

impl AuthnContextClass {
    /// The longest URI: a journey carries those that its request takes.
    pub const MAX_BYTES: usize = 256;

    /// The classes whose strength we deem to know, the weakest first (saml-core-2.0 §3.3.2.2.1 leaves
    /// it to the responder). Any other class is compared with itself only: a guess would let somebody
    /// in with less than was asked for.
    pub const BY_STRENGTH: [&str; 5] = [
        vocab::AC_UNSPECIFIED,
        vocab::AC_PASSWORD,
        vocab::AC_PASSWORD_PROTECTED_TRANSPORT,
        vocab::AC_REFEDS_SFA,
        vocab::AC_REFEDS_MFA,
    ];

    /// Whether this class is weaker or stronger than that of `uri`; none where nobody can say.
    pub fn compare(&self, uri: &str) -> Option<Ordering> {
        if self.uri() == uri {
            return Some(Ordering::Equal);
        }
        Some(strength(self.uri())?.cmp(&strength(uri)?))
    }

    /// Its place in [`Self::BY_STRENGTH`]; none sorts before all others.
    pub fn strength(&self) -> Option<usize> {
        strength(self.uri())
    }

    /// Reads a class of the configuration by its URI.
    ///
    /// # Errors
    ///
    /// Says which rule was broken.
    pub fn parse(uri: &str) -> Result<Self, InvalidClass> {
        if uri.len() > Self::MAX_BYTES {
            return Err(InvalidClass::TooLong);
        }
        if !uri.bytes().all(|b| b.is_ascii_graphic()) || Url::parse(uri).is_err() {
            return Err(InvalidClass::NotAbsolute);
        }
        Ok(match uri {
            vocab::AC_PASSWORD_PROTECTED_TRANSPORT => Self::PasswordProtectedTransport,
            vocab::AC_PASSWORD => Self::Password,
            vocab::AC_UNSPECIFIED => Self::Unspecified,
            _ => Self::Named(ClassUri(uri.into())),
        })
    }

    /// The `AuthnContextClassRef`.
    pub fn uri(&self) -> &str {
        match self {
            Self::PasswordProtectedTransport => vocab::AC_PASSWORD_PROTECTED_TRANSPORT,
            Self::Password => vocab::AC_PASSWORD,
            Self::Unspecified => vocab::AC_UNSPECIFIED,
            Self::Named(uri) => &uri.0,
        }
    }
}

fn strength(uri: &str) -> Option<usize> {
    AuthnContextClass::BY_STRENGTH
        .iter()
        .position(|known| *known == uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r36_five_classes_have_an_order_and_any_other_one_is_only_itself() {
        let class = |uri| AuthnContextClass::parse(uri).unwrap();
        for (place, uri) in AuthnContextClass::BY_STRENGTH.into_iter().enumerate() {
            for (other_place, other) in AuthnContextClass::BY_STRENGTH.into_iter().enumerate() {
                let order = class(uri).compare(other);
                assert_eq!(order, Some(place.cmp(&other_place)), "{uri} {other}");
            }
            for unknown in ["urn:x", "", "https://refeds.org/profile/MFA"] {
                assert_eq!(class(uri).compare(unknown), None, "{uri} {unknown}");
            }
            assert_eq!(class("urn:x").compare(uri), None, "{uri}");
        }
        assert_eq!(class("urn:x").compare("urn:x"), Some(Ordering::Equal));
    }

    #[test]
    fn a_class_is_one_value_by_its_uri() {
        for (uri, class) in [
            (
                vocab::AC_PASSWORD_PROTECTED_TRANSPORT,
                AuthnContextClass::PasswordProtectedTransport,
            ),
            (vocab::AC_PASSWORD, AuthnContextClass::Password),
            (vocab::AC_UNSPECIFIED, AuthnContextClass::Unspecified),
        ] {
            assert_eq!(AuthnContextClass::parse(uri), Ok(class.clone()));
            assert_eq!(class.uri(), uri);
        }
        let mfa = AuthnContextClass::parse("https://refeds.org/profile/mfa").unwrap();
        assert_eq!(mfa.uri(), "https://refeds.org/profile/mfa");
        // Byte for byte, as the standard compares URIs.
        assert_ne!(
            AuthnContextClass::parse("https://refeds.org/profile/MFA"),
            Ok(mfa)
        );
    }

    #[test]
    fn what_is_no_absolute_uri_is_no_class() {
        for bad in ["", "mfa", "/mfa", "urn:a b", "urn:\u{e9}", "urn:a\n"] {
            let fault = AuthnContextClass::parse(bad);
            assert_eq!(fault, Err(InvalidClass::NotAbsolute), "{bad:?}");
        }
        let long = format!("urn:{}", "x".repeat(253));
        assert_eq!(AuthnContextClass::parse(&long), Err(InvalidClass::TooLong));
    }
}
