//! Search filters: the administrator's text, with what people typed put in escaped (R-70).

use ldap3::{ldap_escape, parse_filter};

/// A search filter (RFC 4515) with one place for a value, like `(uid={login})`.
///
/// The value is escaped wherever it is put, so that no one can write a part of the filter.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    text: Box<str>,
    place: &'static str,
}

/// Why a text is not a filter.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FilterFault {
    /// The place for the value is missing: everybody would be found.
    #[error("does not hold {0}")]
    NoPlace(&'static str),
    /// It is no search filter.
    #[error("is not a search filter, like (uid={{login}})")]
    NotAFilter,
}

impl Filter {
    /// Reads a filter in which `place` stands for the value.
    ///
    /// # Errors
    ///
    /// It is none, or would find everybody.
    pub(super) fn parse(text: &str, place: &'static str) -> Result<Self, FilterFault> {
        if !text.contains(place) {
            return Err(FilterFault::NoPlace(place));
        }
        let filter = Self {
            text: text.into(),
            place,
        };
        if parse_filter(filter.with("x")).is_err() {
            return Err(FilterFault::NotAFilter);
        }
        Ok(filter)
    }

    /// The filter for `value`.
    pub(super) fn with(&self, value: &str) -> String {
        self.text.replace(self.place, &ldap_escape(value))
    }

    /// The filter for any value at all.
    pub(super) fn with_any(&self) -> String {
        self.text.replace(self.place, "*")
    }
}

/// A filter that finds what has one of `values` in `attribute`.
pub(super) fn any_of<'a>(attribute: &str, values: impl Iterator<Item = &'a str>) -> String {
    let mut filter = "(|".to_owned();
    for value in values {
        for part in ["(", attribute, "=", &ldap_escape(value), ")"] {
            filter.push_str(part);
        }
    }
    filter.push(')');
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r70_what_people_type_is_never_a_part_of_the_filter() {
        let filter = Filter::parse("(&(objectClass=person)(uid={login}))", "{login}").unwrap();
        for (typed, written) in [
            ("alice", "alice"),
            ("*", r"\2a"),
            ("a*", r"a\2a"),
            (")(uid=*", r"\29\28uid=\2a"),
            ("a\0", r"a\00"),
            (r"\2a", r"\5c2a"),
            ("bob*(", r"bob\2a\28"),
            ("zoé", "zoé"),
            ("{login}", "{login}"),
        ] {
            let made = filter.with(typed);
            assert_eq!(made, format!("(&(objectClass=person)(uid={written}))"));
            assert!(parse_filter(&made).is_ok(), "{made}");
        }
        let either = Filter::parse("(|(uid={login})(mail={login}))", "{login}").unwrap();
        assert_eq!(either.with("a)"), r"(|(uid=a\29)(mail=a\29))");
        let codes = any_of("supannCodeEntite", ["a*", "b"].into_iter());
        assert_eq!(codes, r"(|(supannCodeEntite=a\2a)(supannCodeEntite=b))");
    }

    #[test]
    fn a_filter_that_finds_everybody_or_is_none_is_refused() {
        for (text, fault) in [
            ("(objectClass=*)", FilterFault::NoPlace("{login}")),
            ("", FilterFault::NoPlace("{login}")),
            ("(uid={login}", FilterFault::NotAFilter),
            ("(uid={login}))", FilterFault::NotAFilter),
            ("{login}", FilterFault::NotAFilter),
            ("(&(uid={login})", FilterFault::NotAFilter),
        ] {
            assert_eq!(Filter::parse(text, "{login}").unwrap_err(), fault, "{text}");
        }
    }
}
