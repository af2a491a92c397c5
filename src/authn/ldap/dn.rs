//! Distinguished names (RFC 4514): made of what people typed, and compared.

use ldap3::dn_escape;
use unicode_normalization::UnicodeNormalization as _;

/// What stands for the name that a person typed.
const PLACE: &str = "{login}";

/// A distinguished name with one place for a value, like `uid={login},ou=people,dc=example,dc=org`.
#[derive(Clone, Debug)]
pub(super) struct DnTemplate(Box<str>);

/// Why a text is not a distinguished name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnFault {
    /// The place for the name is missing, or is not one whole value.
    #[error("does not hold {{login}} as the value of one attribute")]
    NoPlace,
    /// It is no distinguished name.
    #[error("is not a distinguished name, like ou=people,dc=example,dc=org")]
    NotADn,
}

impl DnTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// It is no name, or has no place.
    pub(super) fn parse(text: &str) -> Result<Self, DnFault> {
        let parts = parse(text).ok_or(DnFault::NotADn)?;
        let places = parts.iter().flatten().filter(|(_, value)| value == PLACE);
        if places.count() != 1 || text.matches(PLACE).count() != 1 {
            return Err(DnFault::NoPlace);
        }
        Ok(Self(text.into()))
    }

    /// The name of whoever typed `value`.
    pub(super) fn with(&self, value: &str) -> String {
        self.0.replace(PLACE, &dn_escape(value))
    }
}

/// Checks that a text is a distinguished name.
///
/// # Errors
///
/// It is none.
pub(super) fn check(text: &str) -> Result<(), DnFault> {
    parse(text).map(drop).ok_or(DnFault::NotADn)
}

/// Whether two texts are one name: types and values without regard to case, values without regard to
/// outer and repeated spaces and to how they are escaped, the parts of one RDN in any order.
///
/// This is how nearly all attributes that names are made of compare (`caseIgnoreMatch`, prepared as
/// RFC 4518 §2 asks: NFKC). A text
/// that is no name is the same as none.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    // Most servers write a name back as it was written to them.
    let is_written_alike = one == other;
    parse(one).is_some_and(|one| is_written_alike || parse(other).is_some_and(|other| one == other))
}

/// Types and values in comparable form.
type Rdn = Vec<(String, String)>;

fn parse(text: &str) -> Option<Vec<Rdn>> {
    let mut name = Vec::new();
    for rdn in split(text, b",;") {
        let mut parts = Rdn::new();
        for part in split(rdn, b"+") {
            let (kind, value) = part.split_once('=')?;
            let kind = kind.trim();
            let is_kind = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
            if kind.is_empty() || !kind.bytes().all(is_kind) {
                return None;
            }
            parts.push((kind.to_ascii_lowercase(), unescape(value)?));
        }
        parts.sort_unstable();
        name.push(parts);
    }
    Some(name)
}

/// The pieces between separators that are neither escaped nor between quotes.
fn split<'t>(text: &'t str, separators: &[u8]) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    let (mut start, mut is_escaped, mut is_quoted) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if byte == b'\\' {
            is_escaped = true;
        } else if byte == b'"' {
            is_quoted = !is_quoted;
        } else if separators.contains(&byte) && !is_quoted {
            pieces.extend(text.get(start..at));
            start = at + 1;
        }
    }
    pieces.extend(text.get(start..));
    pieces
}

/// A value as it is meant, in the form in which it is compared.
fn unescape(value: &str) -> Option<String> {
    let value = value.trim_start();
    let value = match value.strip_prefix('"') {
        Some(rest) => rest.trim_end().strip_suffix('"')?,
        None => value,
    };
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    // Spaces at the end count where they are escaped.
    let mut kept = 0;
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            if byte != b' ' {
                kept = bytes.len();
            }
            continue;
        }
        let next = rest.next()?;
        let digit = |b: u8| {
            char::from(b)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        match digit(next) {
            Some(high) => bytes.push(high * 16 + digit(rest.next()?)?),
            None => bytes.push(next),
        }
        kept = bytes.len();
    }
    bytes.truncate(kept);
    let text = String::from_utf8(bytes).ok()?;
    let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    Some(folded.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r70_what_people_type_is_one_value_of_the_name() {
        let template = DnTemplate::parse("uid={login},ou=people,dc=univ,dc=example").unwrap();
        for (typed, written) in [
            ("alice", "alice"),
            ("alice,ou=admins", r"alice\2cou\3dadmins"),
            ("a+b\"<>;", r"a\2bb\22\3c\3e\3b"),
            (r"a\", r"a\5c"),
            ("#1 ", r"\231\20"),
            ("zoé", "zoé"),
            ("a\0", r"a\00"),
        ] {
            let made = template.with(typed);
            assert_eq!(made, format!("uid={written},ou=people,dc=univ,dc=example"));
            let parsed = parse(&made).unwrap();
            assert_eq!(parsed.len(), 4, "{made}");
        }
    }

    #[test]
    fn a_template_has_one_place_and_is_a_name() {
        for (text, fault) in [
            ("uid=alice,dc=example", DnFault::NoPlace),
            ("uid=x{login},dc=example", DnFault::NoPlace),
            ("uid={login},cn={login}", DnFault::NoPlace),
            ("{login}", DnFault::NotADn),
            ("", DnFault::NotADn),
        ] {
            assert_eq!(DnTemplate::parse(text).unwrap_err(), fault, "{text}");
        }
    }

    #[test]
    fn r71_one_name_is_written_in_many_ways() {
        let name = "uid=o\\27neill\\, anne,ou=people,dc=univ,dc=example";
        for same in [
            "UID=O'Neill\\2C Anne,OU=People,DC=univ,DC=example",
            "uid = o'neill\\,  anne , ou=people, dc=univ,dc=example",
            "uid=\"o'neill, anne\",ou=people,dc=univ,dc=example",
        ] {
            assert!(is_same(name, same), "{same}");
        }
        assert!(is_same("cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x"));
        assert!(is_same("uid=zo\\c3\\a9,dc=x", "uid=zoe\u{301},dc=x"));
        assert!(is_same("uid=\u{ff41}lice,dc=x", "uid=alice,dc=x"));
        for other in [
            "",
            "uid=o'neill anne,ou=people,dc=univ,dc=example",
            "uid=o'neill\\, anne,ou=people,dc=univ",
            "ou=people,dc=univ,dc=example",
        ] {
            assert!(!is_same(name, other), "{other}");
        }
        assert!(!is_same("", ""), "no name is nobody's");
    }
}
