//! The subject: the name of a person, and by what the bearer is taken for that person.

use jiff::Timestamp;

use super::{
    Check, ReadNameId, Rule,
    common::{first, read_not_on_or_after},
};
use crate::{model::vocab, xml::Element};

/// The longest name (saml-core-2.0 §8.3.7 for persistent ones; we issue no longer one of any kind).
pub(super) const MAX_NAME_CHARS: usize = 256;

/// What a `Subject` says.
pub(super) struct Subject {
    pub(super) name_id: ReadNameId,
    /// When the confirmation ends.
    pub(super) not_on_or_after: Timestamp,
}

/// Reads the `Subject` and reports every fault of it.
pub(super) fn read(
    assertion: Element<'_, '_>,
    lives_from: Timestamp,
    check: &mut Check<'_>,
) -> Option<Subject> {
    let subject = first(assertion, vocab::SAML, "Subject");
    let name_id = read_name_id(subject, check);
    let not_on_or_after = read_confirmation(subject, lives_from, check);
    Some(Subject {
        name_id: name_id?,
        not_on_or_after: not_on_or_after?,
    })
}

fn read_name_id(subject: Option<Element<'_, '_>>, check: &mut Check<'_>) -> Option<ReadNameId> {
    let element = subject.and_then(|subject| first(subject, vocab::SAML, "NameID"));
    let is_encrypted =
        subject.is_some_and(|subject| first(subject, vocab::SAML, "EncryptedID").is_some());
    if element.is_none() && is_encrypted {
        // That it is encrypted was said.
        return None;
    }
    let value = element.and_then(|name_id| name_id.text().ok());
    let is_name = value.as_ref().is_some_and(|value| {
        !value.is_empty() && value.trim() == value && value.chars().count() <= MAX_NAME_CHARS
    });
    check.hold(is_name, Rule::NameId);
    let (element, value) = element.zip(value)?;
    let format = element.attribute("Format");
    if is_name && format == Some(vocab::NAME_ID_EMAIL) {
        check.hold(looks_like_an_address(&value), Rule::NameIdAddress);
    }
    let attribute = |name| element.attribute(name).map(str::to_owned);
    Some(ReadNameId {
        format: format.map(str::to_owned),
        name_qualifier: attribute("NameQualifier"),
        sp_name_qualifier: attribute("SPNameQualifier"),
        value,
    })
}

/// Whether a text has the outline of an `addr-spec` of RFC 2822 §3.4.1: a local part without
/// quotes, and a domain of at least two labels.
fn looks_like_an_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_odd = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '@' | '"' | '<' | '>' | '(' | ')' | ',' | ';' | ':' | '[' | ']' | '\\'
            )
    };
    !local.is_empty()
        && !text.replacen('@', "", 1).contains(is_odd)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

/// Holds the confirmation to saml-profiles-2.0 §4.1.4.2; returns when it ends.
fn read_confirmation(
    subject: Option<Element<'_, '_>>,
    lives_from: Timestamp,
    check: &mut Check<'_>,
) -> Option<Timestamp> {
    let expected = check.expected;
    let confirmations: Vec<_> = subject
        .iter()
        .flat_map(Element::children)
        .filter(|child| child.is(vocab::SAML, "SubjectConfirmation"))
        .collect();
    let is_bearer =
        |confirmation: &Element<'_, '_>| confirmation.attribute("Method") == Some(vocab::BEARER);
    let data = confirmations
        .first()
        .and_then(|one| first(*one, vocab::SAML, "SubjectConfirmationData"));
    let is_one_bearer = confirmations.len() == 1 && confirmations.iter().all(is_bearer);
    check.hold(is_one_bearer && data.is_some(), Rule::Bearer);
    // What it lacks is said; that what is not there has no Recipient need not be.
    let data = data?;
    check.hold(
        data.attribute("NotBefore").is_none(),
        Rule::SubjectNotBefore,
    );
    check.hold(
        data.attribute("Recipient") == Some(expected.acs),
        Rule::Recipient,
    );
    check.hold(
        data.attribute("InResponseTo") == expected.request_id,
        Rule::SubjectInResponseTo,
    );
    read_not_on_or_after(Some(data), lives_from, Rule::SubjectNotOnOrAfter, check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_by_its_outline() {
        for good in [
            "a@b.fr",
            "marie.curie+zoom@etu.univ-montp3.fr",
            "é@université.fr",
        ] {
            assert!(looks_like_an_address(good), "{good}");
        }
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@b.fr",
            "a@b",
            "a@b.",
            "a@.b",
            "a@b..fr",
            "a b@c.fr",
            "a@b@c.fr",
            "a@b.fr,c@d.fr",
            "<a@b.fr>",
            "a@b.fr\n",
            "a\u{a0}@b.fr",
        ] {
            assert!(!looks_like_an_address(bad), "{bad:?}");
        }
    }
}
