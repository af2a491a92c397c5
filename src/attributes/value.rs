//! What a single value may be. A value that breaks a rule is dropped whole, never cut.

use crate::model::{attribute::MAX_VALUE_CHARS, trace::Verdict};

/// Why a value is not sent. Says nothing of the value itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadValue {
    /// It is empty.
    Empty,
    /// It is longer than [`MAX_VALUE_CHARS`].
    TooLong,
    /// It has a control character, or one that XML cannot hold.
    Character,
    /// It is without one of our scopes.
    Scope,
}

impl BadValue {
    /// What the trace says of `count` values that were dropped for it.
    pub(super) const fn verdict(self, count: usize) -> Verdict {
        match self {
            Self::Empty => Verdict::DroppedEmpty(count),
            Self::TooLong => Verdict::DroppedTooLong(count),
            Self::Character => Verdict::DroppedCharacter(count),
            Self::Scope => Verdict::DroppedScope(count),
        }
    }
}

/// Checks that a value can stand in an Assertion.
///
/// Control characters are refused beyond what XML 1.0 refuses: a line break or an escape sequence
/// in a name is an attack on whoever shows or logs it.
pub(super) fn check(value: &str) -> Result<(), BadValue> {
    if value.trim().is_empty() {
        return Err(BadValue::Empty);
    }
    // A character has one to four octets: most values need no count.
    if value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS {
        return Err(BadValue::TooLong);
    }
    // Of what `char` can hold, XML 1.0 (§2.2, Char) leaves out controls and these two.
    if value
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
    {
        return Err(BadValue::Character);
    }
    Ok(())
}

/// Checks that a value of a scoped attribute is `something@scope`, with exactly one `@` and one of
/// our scopes, compared whole and without regard to case (SAML V2.0 Deployment Profile, SDP-IDP14).
pub(super) fn check_scope(value: &str, scopes: &[Box<str>]) -> Result<(), BadValue> {
    match value.split_once('@') {
        Some((local, scope))
            if !local.is_empty()
                && !value.contains(char::is_whitespace)
                && scopes.iter().any(|ours| ours.eq_ignore_ascii_case(scope)) =>
        {
            Ok(())
        }
        Some(_) | None => Err(BadValue::Scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r40_r111_breach_of_sdp_g02_a_value_that_an_assertion_cannot_hold_is_told() {
        for good in [
            "a",
            " a ",
            "Zoé Ñandú",
            "日本",
            "\u{1f600}",
            "<&>\"'",
            "{UAI}0751717J",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check(&"é".repeat(256)), Ok(()));
        assert_eq!(check(&"é".repeat(257)), Err(BadValue::TooLong));
        for empty in ["", " ", "\t\n", "\u{a0}"] {
            assert_eq!(check(empty), Err(BadValue::Empty), "{empty:?}");
        }
        for bad in [
            "a\0",
            "a\nb",
            "a\tb",
            "a\rb",
            "\u{1b}[2J",
            "a\u{7f}",
            "a\u{85}",
            "a\u{fffe}",
        ] {
            assert_eq!(check(bad), Err(BadValue::Character), "{bad:?}");
        }
    }

    #[test]
    fn r111_breach_of_sdp_idp14_a_scope_is_one_of_ours_as_a_whole() {
        let scopes = ["univ.test".into(), "x.univ.test".into()];
        for good in [
            "a@univ.test",
            "a@UNIV.test",
            "a@x.univ.test",
            "staff@univ.test",
        ] {
            assert_eq!(check_scope(good, &scopes), Ok(()), "{good}");
        }
        for bad in [
            "a",
            "a@",
            "@univ.test",
            "a@b@univ.test",
            "a@univ.test@univ.test",
            "a@univ.test.evil.test",
            "a@eviluniv.test",
            "a@y.univ.test",
            "a@univXtest",
            "a @univ.test",
            "a@univ.test ",
        ] {
            assert_eq!(check_scope(bad, &scopes), Err(BadValue::Scope), "{bad}");
        }
        assert_eq!(check_scope("a@univ.test", &[]), Err(BadValue::Scope));
    }
}
