//! The statements: how and when the person signed in, and what is said about them.

use jiff::Timestamp;

use super::{Check, ReadAttribute, Rule, bounds::parse_instant, common::first};
use crate::{model::vocab, xml::Element};

/// The longest value (saml2int SDP-G02).
pub(super) const MAX_VALUE_CHARS: usize = 256;

/// What the statements of an assertion say.
pub(super) struct Statements {
    pub(super) session_index: String,
    pub(super) authn_instant: Timestamp,
    pub(super) context_class: String,
    pub(super) attributes: Vec<ReadAttribute>,
}

/// Reads the statements and reports every fault of them.
pub(super) fn read(assertion: Element<'_, '_>, check: &mut Check<'_>) -> Option<Statements> {
    let named = |name: &'static str| {
        assertion
            .children()
            .filter(move |child| child.is(vocab::SAML, name))
    };
    check.hold(named("AuthnStatement").count() == 1, Rule::AuthnStatement);
    check.hold(
        named("AttributeStatement").count() <= 1,
        Rule::AttributeStatement,
    );
    let attributes: Vec<_> = named("AttributeStatement")
        .flat_map(|statement| statement.children())
        .filter(|child| child.is(vocab::SAML, "Attribute"))
        .collect();
    let attributes = read_attributes(&attributes, check);
    let mut facts = None;
    for statement in named("AuthnStatement") {
        facts = read_authn(statement, check);
    }
    let (session_index, authn_instant, context_class) = facts?;
    Some(Statements {
        session_index,
        authn_instant,
        context_class,
        attributes,
    })
}

fn read_authn(
    statement: Element<'_, '_>,
    check: &mut Check<'_>,
) -> Option<(String, Timestamp, String)> {
    let now = check.expected.now;
    let bounds = check.expected.strictness.bounds();
    let authn_instant = statement.attribute("AuthnInstant").and_then(parse_instant);
    let is_recent = authn_instant.is_some_and(|at| bounds.allow(at, now, bounds.authn_age));
    check.hold(is_recent, Rule::AuthnInstant);
    if let Some(ends_at) = statement.attribute("SessionNotOnOrAfter") {
        let is_alive = parse_instant(ends_at).is_some_and(|ends_at| now < ends_at);
        check.hold(is_alive, Rule::SessionNotOnOrAfter);
    }
    let session_index = statement
        .attribute("SessionIndex")
        .filter(|index| !index.trim().is_empty());
    check.hold(session_index.is_some(), Rule::SessionIndex);
    let classes: Vec<_> = first(statement, vocab::SAML, "AuthnContext")
        .iter()
        .flat_map(Element::children)
        .filter(|child| child.is(vocab::SAML, "AuthnContextClassRef"))
        .collect();
    let class = match &*classes {
        [class] => class
            .text()
            .ok()
            .filter(|class| !class.is_empty() && !class.contains(char::is_whitespace)),
        [] | [_, _, ..] => None,
    };
    check.hold(class.is_some(), Rule::AuthnContext);
    Some((session_index?.to_owned(), authn_instant?, class?))
}

fn read_attributes(attributes: &[Element<'_, '_>], check: &mut Check<'_>) -> Vec<ReadAttribute> {
    let mut read: Vec<ReadAttribute> = Vec::new();
    for child in attributes {
        let attribute = |name| child.attribute(name).map(str::to_owned);
        let name = attribute("Name").unwrap_or_default();
        let values = read_values(*child, check);
        let is_whole = !name.trim().is_empty()
            && child
                .children()
                .any(|value| value.is(vocab::SAML, "AttributeValue"));
        check.hold(is_whole, Rule::Attribute);
        let is_new = read.iter().all(|known| known.name != name);
        check.hold(is_new, Rule::RepeatedAttribute);
        read.push(ReadAttribute {
            name,
            name_format: attribute("NameFormat"),
            friendly_name: attribute("FriendlyName"),
            values,
        });
    }
    read
}

fn read_values(attribute: Element<'_, '_>, check: &mut Check<'_>) -> Vec<String> {
    let mut values = Vec::new();
    for value in attribute
        .children()
        .filter(|child| child.is(vocab::SAML, "AttributeValue"))
    {
        match value.text() {
            Ok(text) if text.chars().count() <= MAX_VALUE_CHARS => values.push(text),
            Ok(_) | Err(_) => check.found(Rule::AttributeValue),
        }
    }
    values
}
