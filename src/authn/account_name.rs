//! The name under which an account is looked up, counted and found once only.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// The name of an account as it is compared: NFKC, in lower case, one space between words.
///
/// Directories compare so (RFC 4518 §2): a spelling that finds the account there is the account here,
/// and has its counters.
///
/// What people type for one account (`Zoé`, `zoé `, `ZOE` with a combining accent) is one name.
/// Upper and lower case are Unicode's, character by character.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountName(Box<str>);

/// Why a text cannot name an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAccountName {
    /// It holds a control character.
    #[error("holds a control character")]
    Control,
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It is longer than [`AccountName::MAX_CHARS`].
    #[error("is longer than 256 characters")]
    TooLong,
}

impl AccountName {
    /// The longest name that is looked up.
    pub const MAX_CHARS: usize = 256;

    /// Reads what a person typed or an administrator wrote.
    ///
    /// # Errors
    ///
    /// No account can have this name.
    pub fn parse(text: &str) -> Result<Self, InvalidAccountName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidAccountName::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(InvalidAccountName::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidAccountName::Control);
        }
        let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let words: Vec<_> = folded.split_whitespace().collect();
        Ok(Self(words.join(" ").into()))
    }

    /// The name as it is compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that somebody else gave, in one spelling: two would be two people. What can name no account stays as it is.
pub fn one_spelling(text: &str) -> Cow<'_, str> {
    AccountName::parse(text).map_or(Cow::Borrowed(text), |name| Cow::Owned(name.0.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_somebody_else_has_one_spelling_and_what_names_no_account_stays_as_it_is() {
        assert_eq!(one_spelling(" Anne.DUPONT"), "anne.dupont");
        for text in ["", " ", "Zoe\0", "Zoe\nMax"] {
            assert_eq!(one_spelling(text), text);
        }
    }

    #[test]
    fn what_people_type_for_one_account_is_one_name() {
        let name = AccountName::parse("zo\u{e9}.martin").unwrap();
        for typed in [
            " Zo\u{e9}.Martin ",
            "ZO\u{c9}.MARTIN",
            "zoe\u{301}.martin",
            "ZOE\u{301}.martin\t",
        ] {
            assert_eq!(AccountName::parse(typed).as_ref(), Ok(&name), "{typed}");
        }
        for other in ["zoe.martin", "zo\u{e9}.martin2", "zo\u{e9}. martin"] {
            assert_ne!(AccountName::parse(other).as_ref(), Ok(&name), "{other}");
        }
    }

    #[test]
    fn a_name_is_the_same_when_it_is_read_again() {
        for typed in [
            "\u{130}STANBUL",
            "STRASSE",
            "stra\u{df}e",
            "\u{3a3}\u{391}\u{3a3}",
            "\u{1e9b}\u{323}",
        ] {
            let once = AccountName::parse(typed).unwrap();
            assert_eq!(
                AccountName::parse(once.as_str()).as_ref(),
                Ok(&once),
                "{typed}"
            );
        }
    }

    #[test]
    fn r70_a_text_that_no_account_can_have_is_refused() {
        let long = "é".repeat(256);
        assert!(AccountName::parse(&long).is_ok());
        assert_eq!(
            AccountName::parse(&format!("{long}é")),
            Err(InvalidAccountName::TooLong)
        );
        assert_eq!(AccountName::parse(" \t"), Err(InvalidAccountName::Empty));
        assert_eq!(
            AccountName::parse("zoe\0"),
            Err(InvalidAccountName::Control)
        );
        assert_eq!(
            AccountName::parse("zoe\nmax"),
            Err(InvalidAccountName::Control)
        );
    }
}
