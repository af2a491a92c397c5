//! The Response itself: everything outside of the assertion.

use super::{
    Check, Expected, Reading, Rule, Severity, assertion,
    bounds::parse_instant,
    common::{check_id, check_issuer, first},
    shape,
    signature::{self, Proofs},
};
use crate::{model::vocab, xml::Element};

/// The top codes of saml-core-2.0 §3.2.2.2.
const TOP_CODES: [&str; 4] = [
    vocab::STATUS_SUCCESS,
    vocab::STATUS_REQUESTER,
    vocab::STATUS_RESPONDER,
    vocab::STATUS_VERSION_MISMATCH,
];

/// Reads a Response, from its root to its last attribute.
pub(super) fn read(root: Element<'_, '_>, expected: &Expected<'_>) -> Reading {
    let mut check = Check::new(expected);
    if !root.is(vocab::SAMLP, "Response") {
        check.found(Rule::NotAResponse);
        return Reading {
            findings: check.findings,
            status: None,
            identity: None,
        };
    }
    shape::check(root, &mut check);
    check_envelope(root, &mut check);
    let status = read_status(root, &mut check);
    let is_success = status
        .as_ref()
        .is_some_and(|(top, _)| top == vocab::STATUS_SUCCESS);
    let is_error = status
        .as_ref()
        .is_some_and(|(top, _)| top != vocab::STATUS_SUCCESS && TOP_CODES.contains(&top.as_str()));

    // Wherever one hides: an assertion that only some reader sees is one too many.
    let assertions: Vec<_> = root
        .descendants()
        .filter(|element| element.is(vocab::SAML, "Assertion"))
        .collect();
    let is_encrypted = check_encrypted(root, &mut check);
    if is_error {
        let has_none = assertions.is_empty() && !is_encrypted;
        check.hold(has_none, Rule::AssertionBesideError);
    } else {
        let is_one = assertions.len() == 1 || (assertions.is_empty() && is_encrypted);
        check.hold(is_one, Rule::OneAssertion);
    }
    check_ids_differ(root, &mut check);
    let Proofs { assertions: proven } = signature::prove(root, &assertions, &mut check);

    let mut identity = None;
    for (assertion, proven) in assertions.iter().zip(proven) {
        // Without proof it is read for its faults, and for nothing else.
        let facts = assertion::read(proven.unwrap_or(*assertion), &mut check);
        if proven.is_some() && is_success {
            identity = root
                .attribute("ID")
                .zip(facts)
                .map(|(id, facts)| facts.identity(id));
        }
    }
    let is_refused = check
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Refuses);
    Reading {
        findings: check.findings,
        status,
        identity: identity.filter(|_| !is_refused),
    }
}

/// The attributes of the Response, and its Issuer.
fn check_envelope(root: Element<'_, '_>, check: &mut Check<'_>) {
    let expected = check.expected;
    let bounds = expected.strictness.bounds();
    check.hold(
        root.attribute("Version") == Some("2.0"),
        Rule::ResponseVersion,
    );
    check_id(root, Rule::ResponseId, check);
    let is_recent = root
        .attribute("IssueInstant")
        .and_then(parse_instant)
        .is_some_and(|at| bounds.allow(at, expected.now, bounds.skew));
    check.hold(is_recent, Rule::ResponseIssueInstant);
    check.hold(
        root.attribute("Destination") == Some(expected.acs),
        Rule::Destination,
    );
    check_issuer(root, Rule::ResponseIssuer, check);
    let answers = root.attribute("InResponseTo");
    check.hold(answers == expected.request_id, Rule::ResponseInResponseTo);
    if answers.is_none() && expected.request_id.is_none() {
        check.found(Rule::Unsolicited);
    }
}

/// Holds all that some reader takes for an ID to be different.
fn check_ids_differ(root: Element<'_, '_>, check: &mut Check<'_>) {
    let mut ids: Vec<&str> = root
        .descendants()
        .flat_map(|element| element.attributes())
        .filter(|(_, name, _)| name.eq_ignore_ascii_case("id"))
        .map(|(_, _, value)| value.trim())
        .collect();
    ids.sort_unstable();
    let differ = ids.array_windows().all(|[one, next]| one != next);
    check.hold(differ, Rule::SameId);
}

/// Reports what is encrypted; says whether an assertion is.
fn check_encrypted(root: Element<'_, '_>, check: &mut Check<'_>) -> bool {
    let names = ["EncryptedAssertion", "EncryptedID", "EncryptedAttribute"];
    let is_encrypted = |names: &[&str]| {
        root.descendants().any(|element| {
            element.namespace() == vocab::SAML && names.contains(&element.local_name())
        })
    };
    check.hold(!is_encrypted(&names), Rule::Encrypted);
    is_encrypted(&["EncryptedAssertion"])
}

fn read_status(root: Element<'_, '_>, check: &mut Check<'_>) -> Option<(String, Option<String>)> {
    let status = first(root, vocab::SAMLP, "Status");
    let code = status.and_then(|status| first(status, vocab::SAMLP, "StatusCode"));
    let top = code.and_then(|code| code.attribute("Value"));
    let is_known = top.is_some_and(|top| TOP_CODES.contains(&top));
    check.hold(is_known, Rule::StatusTop);
    if let Some(status) = status {
        let is_bare = ["StatusMessage", "StatusDetail"]
            .iter()
            .all(|name| first(status, vocab::SAMLP, name).is_none());
        check.hold(is_bare, Rule::StatusMessage);
    }
    let below: Vec<_> = code
        .iter()
        .flat_map(Element::children)
        .filter(|child| child.is(vocab::SAMLP, "StatusCode"))
        .collect();
    let second = below.first().and_then(|code| code.attribute("Value"));
    if let Some(top) = top.filter(|_| is_known) {
        let has_its_levels = match &*below {
            [] => top == vocab::STATUS_SUCCESS,
            [second] => {
                top != vocab::STATUS_SUCCESS
                    && second.children().next().is_none()
                    && second
                        .attribute("Value")
                        .is_some_and(|value| !value.is_empty())
            }
            [_, _, ..] => false,
        };
        check.hold(has_its_levels, Rule::StatusSecond);
    }
    top.map(|top| (top.to_owned(), second.map(str::to_owned)))
}
