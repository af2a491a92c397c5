//! The assertion that samael verified: what Zoom's stack also looks at, and
//! what the account is made of.

use std::collections::BTreeSet;

use chrono::Duration;
use samael::schema::{Assertion, AuthnStatement, SubjectConfirmationData};

use super::{Check, Expected, Findings};
use crate::vocab;

/// How old `AuthnInstant` may be: `maxAuthenticationAge` of Spring's extension.
const MAX_AUTHN_AGE: Duration = Duration::seconds(7200);
/// How far clocks may differ.
const SKEW: Duration = Duration::seconds(60);

/// What an accepted assertion says.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct Received {
    pub(crate) name_id: String,
    pub(crate) name_id_format: Option<String>,
    pub(crate) session_index: String,
    pub(crate) authn_instant: String,
    pub(crate) attributes: Vec<ReadAttribute>,
}

/// One attribute, as it came.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct ReadAttribute {
    pub(crate) name: String,
    pub(crate) friendly_name: Option<String>,
    pub(crate) values: Vec<String>,
}

impl Received {
    /// Takes over what samael verified; `None` when a part is missing, which
    /// [`check`] has then said.
    pub(crate) fn take(assertion: &Assertion) -> Option<Self> {
        let name_id = assertion.subject.as_ref()?.name_id.as_ref()?;
        let statement = statements(assertion).next()?;
        let attributes = attributes(assertion).map(|attribute| ReadAttribute {
            name: attribute.name.clone().unwrap_or_default(),
            friendly_name: attribute.friendly_name.clone(),
            values: attribute
                .values
                .iter()
                .filter_map(|value| value.value.clone())
                .collect(),
        });
        Some(Self {
            name_id: name_id.value.clone(),
            name_id_format: name_id.format.clone(),
            session_index: statement.session_index.clone()?,
            authn_instant: statement.authn_instant?.to_rfc3339(),
            attributes: attributes.collect(),
        })
    }

    /// The values of the attribute `name`, compared to the letter, as Zoom does:
    /// only `Name` counts, neither `FriendlyName` nor `NameFormat`.
    /// `<NameID>` stands for the `NameID`.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        if name == "<NameID>" {
            return vec![&self.name_id];
        }
        self.attributes
            .iter()
            .filter(|attribute| attribute.name == name)
            .flat_map(|attribute| attribute.values.iter().map(String::as_str))
            .collect()
    }
}

/// Looks at everything below the assertion that samael leaves alone.
pub(super) fn check(assertion: &Assertion, expected: &Expected<'_>, findings: &mut Findings) {
    let issuer = assertion.issuer.value.as_deref();
    let is_good = issuer == Some(&expected.idp.entity_id)
        && assertion
            .issuer
            .format
            .as_deref()
            .is_none_or(|format| format == vocab::ENTITY);
    let says = issuer.unwrap_or("none").to_owned();
    findings.hold(Check::AssertionIssuer, is_good, says, "another issuer");
    check_subject(assertion, expected, findings);
    check_conditions(assertion, expected, findings);
    check_statements(assertion, expected, findings);
    let mut names = BTreeSet::new();
    let doubled: Vec<_> = attributes(assertion)
        .map(|attribute| attribute.name.clone().unwrap_or_default())
        .filter(|name| name.is_empty() || !names.insert(name.clone()))
        .collect();
    let says = format!("{} attributes", names.len());
    let fault = format!("without a name, or twice: {doubled:?}");
    findings.hold(Check::AttributeNames, doubled.is_empty(), says, &fault);
}

fn check_subject(assertion: &Assertion, expected: &Expected<'_>, findings: &mut Findings) {
    let subject = assertion.subject.as_ref();
    match subject.and_then(|subject| subject.name_id.as_ref()) {
        Some(name_id) if !name_id.value.trim().is_empty() => {
            let format = name_id.format.as_deref().unwrap_or("no format");
            findings.put(Check::NameId, format!("{} ({format})", name_id.value), None);
        }
        Some(_) | None => findings.put(Check::NameId, "absent", Some("it is required")),
    }
    let bearer: Vec<_> = subject
        .and_then(|subject| subject.subject_confirmations.as_ref())
        .into_iter()
        .flatten()
        .filter(|confirmation| confirmation.method.as_deref() == Some(vocab::BEARER))
        .filter_map(|confirmation| confirmation.subject_confirmation_data.as_ref())
        .collect();
    let is_confirmed = bearer.iter().any(|data| confirms(data, expected));
    let says = format!("{} bearer confirmations", bearer.len());
    let fault = "none has this Recipient, an open InResponseTo and a NotOnOrAfter ahead";
    findings.hold(Check::Confirmation, is_confirmed, says, fault);
    let is_good = bearer.iter().all(|data| data.not_before.is_none());
    findings.hold(
        Check::ConfirmationNotBefore,
        is_good,
        "NotBefore in SubjectConfirmationData".to_owned() + if is_good { ": none" } else { "" },
        "forbidden (saml-profiles-2.0 §4.1.4.2)",
    );
}

fn confirms(data: &SubjectConfirmationData, expected: &Expected<'_>) -> bool {
    data.recipient == expected.witness.acs_url
        && data
            .in_response_to
            .as_deref()
            .is_some_and(|id| expected.request_ids.contains(&id))
        && data
            .not_on_or_after
            .is_some_and(|end| !expected.times_count || expected.now < end + SKEW)
}

fn check_conditions(assertion: &Assertion, expected: &Expected<'_>, findings: &mut Findings) {
    let us = expected.witness.entity_id.as_deref().unwrap_or_default();
    let Some(conditions) = &assertion.conditions else {
        findings.put(
            Check::Audience,
            "no Conditions",
            Some("an AudienceRestriction is required"),
        );
        return;
    };
    // Several restrictions are ANDed (saml-core-2.0 §2.5.1.4).
    let restrictions = conditions.audience_restrictions.as_deref().unwrap_or(&[]);
    let is_for_us = !restrictions.is_empty()
        && restrictions
            .iter()
            .all(|restriction| restriction.audience.iter().any(|audience| audience == us));
    let audiences: Vec<_> = restrictions
        .iter()
        .flat_map(|restriction| &restriction.audience)
        .collect();
    let (says, fault) = (format!("{audiences:?}"), format!("this is {us}"));
    findings.hold(Check::Audience, is_for_us, says, &fault);
    let (begin, end) = (conditions.not_before, conditions.not_on_or_after);
    let says = format!(
        "{} to {}",
        begin.map_or_else(|| "any time".to_owned(), |time| time.to_rfc3339()),
        end.map_or_else(|| "any time".to_owned(), |time| time.to_rfc3339()),
    );
    if expected.times_count {
        let is_now = begin.is_none_or(|begin| begin - SKEW <= expected.now)
            && end.is_none_or(|end| expected.now < end + SKEW);
        findings.hold(Check::Conditions, is_now, says, "now is outside");
    } else {
        findings.skip(Check::Conditions, says);
    }
    let has_one_time_use = conditions.one_time_use.is_some();
    findings.put(
        Check::OneTimeUse,
        if has_one_time_use { "present" } else { "none" },
        has_one_time_use.then_some("Zoom's stack refuses this condition"),
    );
}

fn check_statements(assertion: &Assertion, expected: &Expected<'_>, findings: &mut Findings) {
    let statements: Vec<_> = statements(assertion).collect();
    let [statement] = statements.as_slice() else {
        let says = format!("{} AuthnStatements", statements.len());
        findings.put(Check::AuthnInstant, says, Some("exactly one is wanted"));
        return;
    };
    match statement.authn_instant {
        None => findings.put(Check::AuthnInstant, "absent", Some("it is required")),
        Some(time) if expected.times_count => {
            let age = expected.now - time;
            let is_good = age <= MAX_AUTHN_AGE + SKEW && age >= -SKEW;
            let fault = "ahead, or older than 7200 s";
            findings.hold(Check::AuthnInstant, is_good, time.to_rfc3339(), fault);
        }
        Some(time) => findings.skip(Check::AuthnInstant, time.to_rfc3339()),
    }
    match statement.session_index.as_deref() {
        Some(index) if !index.is_empty() => {
            findings.put(Check::SessionIndex, index, None);
        }
        Some(_) | None => {
            let fault = "without one Zoom's LogoutRequest carries an empty SessionIndex";
            findings.put(Check::SessionIndex, "absent", Some(fault));
        }
    }
    match statement.session_not_on_or_after {
        None => findings.put(Check::SessionEnd, "none", None),
        Some(end) if expected.times_count => {
            let says = end.to_rfc3339();
            findings.hold(Check::SessionEnd, end > expected.now, says, "has passed");
        }
        Some(end) => findings.skip(Check::SessionEnd, end.to_rfc3339()),
    }
}

fn statements(assertion: &Assertion) -> impl Iterator<Item = &AuthnStatement> {
    assertion.authn_statements.iter().flatten()
}

fn attributes(assertion: &Assertion) -> impl Iterator<Item = &samael::attribute::Attribute> {
    assertion
        .attribute_statements
        .iter()
        .flatten()
        .flat_map(|statement| &statement.attributes)
}
