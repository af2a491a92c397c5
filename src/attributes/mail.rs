//! Which of a person's mail addresses is theirs here.

use crate::model::attribute::MAX_VALUE_CHARS;

/// The longest part before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_OCTETS: usize = 64;

/// The domains of the organization's own mail addresses, in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailDomains(Box<[Box<str>]>);

/// Why there is no one address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MailFault {
    /// No address is in one of our domains.
    #[error("no address in our domains")]
    None,
    /// Several different ones are: choosing would be guessing who the person is.
    #[error("several addresses in our domains")]
    Several,
}

impl MailDomains {
    /// Takes the domains as the configuration writes them.
    pub fn new(domains: &[String]) -> Self {
        Self(
            domains
                .iter()
                .map(|domain| domain.to_ascii_lowercase().into())
                .collect(),
        )
    }

    /// Whether there is no domain, so that no address can ever be found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there are several.
    pub const fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// The one address of `values` in one of our domains, in lower case.
    ///
    /// A domain is compared whole: a subdomain is another domain. The part before the `@` is a
    /// dot-atom of ASCII (RFC 5322 §3.2.3): a quoted one, or one whose letters only look like
    /// ASCII or become ASCII in lower case (`K`, the sign of the kelvin), could be the address of
    /// somebody else to the provider.
    ///
    /// # Errors
    ///
    /// There is none, or there are several: the person is stopped on our page.
    pub fn one_address<'a>(
        &self,
        values: impl IntoIterator<Item = &'a String>,
    ) -> Result<String, MailFault> {
        let mut found: Option<String> = None;
        for address in values.into_iter().filter_map(|value| self.address(value)) {
            match &found {
                Some(other) if *other != address => return Err(MailFault::Several),
                Some(_) => {}
                None => found = Some(address),
            }
        }
        found.ok_or(MailFault::None)
    }

    /// The address in lower case, where it is one in our domains.
    fn address(&self, value: &str) -> Option<String> {
        let (local, domain) = value.rsplit_once('@')?;
        let is_sane = value.len() <= MAX_VALUE_CHARS
            && local.len() <= MAX_LOCAL_OCTETS
            && local.split('.').all(is_atom);
        let is_ours = self.0.iter().any(|ours| ours.eq_ignore_ascii_case(domain));
        (is_sane && is_ours).then(|| value.to_ascii_lowercase())
    }
}

fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(values: &[&str]) -> Result<String, MailFault> {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        MailDomains::new(&["Univ.test".to_owned(), "etu.univ.test".to_owned()]).one_address(&values)
    }

    #[test]
    fn r113_the_one_address_in_our_domains_is_taken_in_lower_case() {
        assert_eq!(one(&["Alice.L@UNIV.test"]).unwrap(), "alice.l@univ.test");
        assert_eq!(
            one(&["a@home.test", "a+b@etu.univ.test"]).unwrap(),
            "a+b@etu.univ.test"
        );
        assert_eq!(one(&["a@univ.test", "A@Univ.Test"]).unwrap(), "a@univ.test");
    }

    #[test]
    fn r113_none_and_several_are_told_apart() {
        assert_eq!(one(&[]), Err(MailFault::None));
        assert_eq!(one(&["a@home.test"]), Err(MailFault::None));
        assert_eq!(
            one(&["a@univ.test", "b@univ.test"]),
            Err(MailFault::Several)
        );
        assert_eq!(
            one(&["a@univ.test", "a@etu.univ.test"]),
            Err(MailFault::Several)
        );
    }

    #[test]
    fn r113_what_only_looks_like_an_address_of_ours_is_none() {
        let long = format!("{}@univ.test", "a".repeat(65));
        for value in [
            "univ.test",
            "@univ.test",
            "a@",
            "a@sub.univ.test",
            "a@eviluniv.test",
            "a@univ.test.evil.test",
            "a@univ.test@evil.test",
            "a@evil.test@univ.test",
            "a@univ.test.",
            "a b@univ.test",
            " a@univ.test",
            "a@univ.test ",
            "a@univ.test\n",
            "\"a b\"@univ.test",
            "a\0@univ.test",
            ".a@univ.test",
            "a..b@univ.test",
            "a.@univ.test",
            "<a@univ.test",
            "a,b@univ.test",
            "\u{212a}@univ.test",
            "é@univ.test",
            &long,
        ] {
            assert_eq!(one(&[value]), Err(MailFault::None), "{value:?}");
        }
    }
}
