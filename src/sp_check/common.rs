//! What stands in a Response and in its assertion alike.

use jiff::Timestamp;

use super::{Check, Rule, bounds::parse_instant};
use crate::{
    model::vocab,
    xml::{Element, is_ncname},
};

/// The longest ID that we answer or issue.
const MAX_ID_CHARS: usize = 256;

/// The first child of that name. That there is no second one is for another rule to say.
pub(super) fn first<'t, 'i>(
    element: Element<'t, 'i>,
    namespace: &str,
    name: &str,
) -> Option<Element<'t, 'i>> {
    element.children().find(|child| child.is(namespace, name))
}

/// Holds the `Issuer` of a Response or an assertion to the identity provider's name.
pub(super) fn check_issuer(element: Element<'_, '_>, rule: Rule, check: &mut Check<'_>) {
    let issuer = first(element, vocab::SAML, "Issuer");
    let is_idp = issuer
        .and_then(|issuer| issuer.text().ok())
        .is_some_and(|name| name == check.expected.idp_entity_id);
    check.hold(is_idp, rule);
    if let Some(issuer) = issuer {
        let is_entity = issuer
            .attributes()
            .all(|(_, name, value)| name == "Format" && value == vocab::NAME_ID_ENTITY);
        check.hold(is_entity, Rule::IssuerFormat);
    }
}

/// Holds the `ID` of a Response or an assertion to its form.
pub(super) fn check_id(element: Element<'_, '_>, rule: Rule, check: &mut Check<'_>) {
    let Some(id) = element
        .attribute("ID")
        .filter(|id| is_ncname(id) && id.chars().count() <= MAX_ID_CHARS)
    else {
        return check.found(rule);
    };
    check.hold(looks_random(id), Rule::WeakId);
}

/// Whether an ID looks like `_` and at least 128 random bits: 32 hexadecimal digits or 22
/// characters of a larger alphabet, and not a few of them over and over.
fn looks_random(id: &str) -> bool {
    let Some(random) = id.strip_prefix('_') else {
        return false;
    };
    let is_hex = random
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let digits = random.bytes().filter(u8::is_ascii_alphanumeric);
    let mut kinds: Vec<u8> = digits.clone().collect();
    kinds.sort_unstable();
    kinds.dedup();
    digits.count() >= if is_hex { 32 } else { 22 } && kinds.len() >= 8
}

/// Reads a `NotOnOrAfter`, which must be there, ahead of now, and near.
pub(super) fn read_not_on_or_after(
    element: Option<Element<'_, '_>>,
    lives_from: Timestamp,
    rule: Rule,
    check: &mut Check<'_>,
) -> Option<Timestamp> {
    let ends_at = element
        .and_then(|element| element.attribute("NotOnOrAfter"))
        .and_then(parse_instant);
    let now = check.expected.now;
    check.hold(ends_at.is_some_and(|ends_at| now < ends_at), rule);
    if let Some(ends_at) = ends_at {
        let lifetime = check.expected.strictness.bounds().lifetime;
        let is_short = ends_at.duration_since(lives_from) <= lifetime;
        check.hold(is_short, Rule::Lifetime);
    }
    ends_at
}
