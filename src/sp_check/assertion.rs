//! The assertion: who says it, when, for whom and for how long.

use jiff::Timestamp;

use super::{
    Check, Identity, Rule,
    bounds::parse_instant,
    common::{check_id, check_issuer, first, read_not_on_or_after},
    statements::{self, Statements},
    subject::{self, Subject},
};
use crate::{model::vocab, xml::Element};

/// What an assertion says, as far as every part of it could be read.
pub(super) struct Facts {
    id: String,
    subject: Subject,
    not_on_or_after: Timestamp,
    statements: Statements,
}

impl Facts {
    /// The identity, in a Response of that ID.
    pub(super) fn identity(self, response_id: &str) -> Identity {
        Identity {
            name_id: self.subject.name_id,
            session_index: self.statements.session_index,
            authn_instant: self.statements.authn_instant,
            context_class: self.statements.context_class,
            not_on_or_after: self.subject.not_on_or_after.min(self.not_on_or_after),
            attributes: self.statements.attributes,
            assertion_id: self.id,
            response_id: response_id.to_owned(),
        }
    }
}

/// Reads one assertion and reports every fault of it.
pub(super) fn read(assertion: Element<'_, '_>, check: &mut Check<'_>) -> Option<Facts> {
    let now = check.expected.now;
    let bounds = check.expected.strictness.bounds();
    check.hold(
        assertion.attribute("Version") == Some("2.0"),
        Rule::AssertionVersion,
    );
    check_id(assertion, Rule::AssertionId, check);
    let issued_at = assertion.attribute("IssueInstant").and_then(parse_instant);
    let is_recent = issued_at.is_some_and(|at| bounds.allow(at, now, bounds.assertion_age));
    check.hold(is_recent, Rule::AssertionIssueInstant);
    // The lifetime is counted from now where the issue is too long ago or not stated.
    let lives_from = match issued_at {
        Some(at) if is_recent => at,
        Some(at) => at.max(now),
        None => now,
    };
    check_issuer(assertion, Rule::AssertionIssuer, check);
    let subject = subject::read(assertion, lives_from, check);
    let conditions = first(assertion, vocab::SAML, "Conditions");
    check_not_before(conditions, issued_at.filter(|_| is_recent), check);
    let not_on_or_after = read_not_on_or_after(conditions, lives_from, Rule::NotOnOrAfter, check);
    check_conditions(conditions, check);
    let statements = statements::read(assertion, check);
    Some(Facts {
        id: assertion.attribute("ID")?.to_owned(),
        subject: subject?,
        not_on_or_after: not_on_or_after?,
        statements: statements?,
    })
}

/// Holds the `Conditions` to one audience and no other condition.
fn check_conditions(conditions: Option<Element<'_, '_>>, check: &mut Check<'_>) {
    let mut restrictions = Vec::new();
    for condition in conditions.iter().flat_map(Element::children) {
        if condition.is(vocab::SAML, "AudienceRestriction") {
            restrictions.push(condition);
        } else if condition.is(vocab::SAML, "OneTimeUse") {
            check.found(Rule::OneTimeUse);
        } else {
            check.found(Rule::UnknownCondition);
        }
    }
    let audiences: Vec<_> = restrictions
        .iter()
        .flat_map(Element::children)
        .filter(|child| child.is(vocab::SAML, "Audience"))
        .collect();
    let is_one = restrictions.len() == 1 && audiences.len() == 1;
    check.hold(is_one, Rule::AudienceRestriction);
    let are_ours = audiences.iter().all(|audience| {
        audience
            .text()
            .is_ok_and(|name| name == check.expected.sp_entity_id)
    });
    check.hold(are_ours, Rule::Audience);
}

/// Holds `NotBefore` to the past, and to a margin before `issued_at` where that can be believed.
fn check_not_before(
    conditions: Option<Element<'_, '_>>,
    issued_at: Option<Timestamp>,
    check: &mut Check<'_>,
) {
    let bounds = check.expected.strictness.bounds();
    let Some(written) = conditions.and_then(|conditions| conditions.attribute("NotBefore")) else {
        return check.found(Rule::NotBeforeMargin);
    };
    let Some(begins_at) = parse_instant(written)
        .filter(|begins_at| begins_at.duration_since(check.expected.now) <= bounds.skew)
    else {
        return check.found(Rule::NotBefore);
    };
    let (least, most) = bounds.backdated;
    let has_margin = issued_at
        .map(|issued_at| issued_at.duration_since(begins_at))
        .is_none_or(|back| least <= back && back <= most);
    check.hold(has_margin, Rule::NotBeforeMargin);
}
