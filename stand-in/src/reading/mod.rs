//! Reads a `Response` as a foreign service provider would.
//!
//! samael verifies the signature and hands back the assertion; what it does not
//! look at and Zoom's stack does is checked here. Nothing of the identity
//! provider's own code takes part: that is what makes the word worth something.

mod assertion;
mod finding;
mod shell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use samael::service_provider::ServiceProvider;

#[cfg(test)]
pub(crate) use self::assertion::ReadAttribute;
pub(crate) use self::assertion::Received;
pub(crate) use self::finding::{Check, Findings};
pub(crate) use self::shell::{Shell, Status};
use crate::idp::Idp;
use crate::vocab;

/// How far a `Response`'s `IssueInstant` may lie from now.
const RESPONSE_SKEW: Duration = Duration::seconds(60);

/// What the message is held against.
pub(crate) struct Expected<'a> {
    pub(crate) idp: &'a Idp,
    pub(crate) witness: &'a ServiceProvider,
    /// The IDs of the open requests.
    pub(crate) request_ids: &'a [&'a str],
    pub(crate) now: DateTime<Utc>,
    /// Whether this `Response` ID was used before.
    pub(crate) is_seen: &'a dyn Fn(&str) -> bool,
    /// Whether times are looked at; off only for a recorded message.
    pub(crate) times_count: bool,
    /// Whether the identity provider's keys are known. Without them nothing is
    /// verified and nothing accepted: samael would let anything pass.
    pub(crate) has_keys: bool,
}

/// What came out of the reading.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) findings: Findings,
    pub(crate) shell: Option<Shell>,
    /// What samael verified; to be used only if [`Self::is_accepted`].
    pub(crate) received: Option<Received>,
}

impl Reading {
    /// Whether the message passes on every point.
    pub(crate) fn is_accepted(&self) -> bool {
        self.received.is_some() && self.findings.bad().next().is_none()
    }

    /// The status, if it is another than Success.
    pub(crate) fn failure(&self) -> Option<&Status> {
        self.shell
            .as_ref()?
            .status
            .as_ref()
            .filter(|status| status.top != vocab::SUCCESS)
    }
}

/// Takes the base64 off the form's value; white space is let pass, as Java's
/// decoder does.
///
/// # Errors
///
/// Says what is wrong with the text.
pub(crate) fn decode(form_value: &str) -> Result<String, String> {
    let dense: String = form_value
        .chars()
        .filter(|character| !character.is_ascii_whitespace())
        .collect();
    let bytes = STANDARD
        .decode(dense)
        .map_err(|error| format!("not base64: {error}"))?;
    String::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))
}

/// Reads the XML of a message, status first.
pub(crate) fn read(xml: &str, expected: &Expected<'_>) -> Reading {
    let mut reading = Reading::default();
    let shell = match Shell::read(xml) {
        Ok(shell) => shell,
        Err(fault) => {
            reading.findings.put(Check::Xml, "refused", Some(&fault));
            return reading;
        }
    };
    let findings = &mut reading.findings;
    findings.put(Check::Xml, "one well-formed Response, no DOCTYPE", None);
    let is_success = check_status(&shell, findings);
    check_shell(&shell, expected, findings);
    if is_success {
        check_structure(&shell, findings);
        reading.received = verify(xml, &shell, expected, findings);
    }
    reading.shell = Some(shell);
    reading
}

fn check_status(shell: &Shell, findings: &mut Findings) -> bool {
    let Some(status) = &shell.status else {
        findings.put(Check::Status, "no status code", Some("one is required"));
        return false;
    };
    let is_success = status.top == vocab::SUCCESS;
    let second = status.second.as_deref().unwrap_or("no second code");
    let says = format!("{} ({second})", status.top);
    findings.hold(Check::Status, is_success, says, "not a success");
    is_success
}

fn check_shell(shell: &Shell, expected: &Expected<'_>, findings: &mut Findings) {
    let version_is_good = shell.version.as_deref() == Some("2.0")
        && shell.id.as_ref().is_some_and(|id| !id.is_empty());
    let says = format!(
        "Version {}, ID {}",
        or_none(shell.version.as_ref()),
        or_none(shell.id.as_ref())
    );
    findings.hold(
        Check::Version,
        version_is_good,
        says,
        "2.0 and an ID wanted",
    );

    let acs = expected.witness.acs_url.as_deref().unwrap_or_default();
    match shell.destination.as_deref() {
        None => findings.put(Check::Destination, "absent", Some("it is required")),
        Some(there) => {
            let fault = format!("the ACS is {acs}");
            findings.hold(Check::Destination, there == acs, there.to_owned(), &fault);
        }
    }
    let issuer_is_good = shell.issuer.as_deref() == Some(&expected.idp.entity_id)
        && shell
            .issuer_format
            .as_deref()
            .is_none_or(|format| format == vocab::ENTITY);
    let format = or_none(shell.issuer_format.as_ref());
    let says = format!("{}, format {format}", or_none(shell.issuer.as_ref()));
    let fault = format!("expected {}", expected.idp.entity_id);
    findings.hold(Check::Issuer, issuer_is_good, says, &fault);

    match shell.issue_instant {
        None => findings.put(Check::IssueInstant, "no UTC time", Some("required")),
        Some(time) if expected.times_count => {
            let is_good = (expected.now - time).abs() <= RESPONSE_SKEW;
            let fault = "more than 60 s away";
            findings.hold(Check::IssueInstant, is_good, time.to_string(), fault);
        }
        Some(time) => findings.skip(Check::IssueInstant, time.to_string()),
    }
    match shell.in_response_to.as_deref() {
        None => findings.put(
            Check::InResponseTo,
            "absent",
            Some("unsolicited messages are refused"),
        ),
        Some(id) => {
            let is_open = expected.request_ids.contains(&id);
            let fault = "no open request of this session has that ID";
            findings.hold(Check::InResponseTo, is_open, id.to_owned(), fault);
        }
    }
    let id = shell.id.as_deref().unwrap_or_default();
    let is_new = !(expected.is_seen)(id);
    findings.hold(Check::Replay, is_new, id.to_owned(), "came before");
    let is_current = !expected.idp.is_out_of_date(expected.now);
    let says = "validUntil of the identity provider's metadata".to_owned();
    findings.hold(Check::IdpMetadata, is_current, says, "has passed");
}

/// The text, or the word for its absence.
fn or_none(text: Option<&String>) -> &str {
    text.map_or("none", String::as_str)
}

fn check_structure(shell: &Shell, findings: &mut Findings) {
    let (plain, encrypted) = (shell.assertion_ids.len(), shell.encrypted);
    findings.hold(
        Check::OneAssertion,
        plain + encrypted == 1 && shell.direct == 1,
        format!(
            "{plain} plain, {encrypted} encrypted, {} below the root",
            shell.direct
        ),
        "exactly one is wanted",
    );
    for signature in &shell.signatures {
        findings.hold(
            Check::SignatureForm,
            signature.covers_parent
                && signature.is_exclusive
                && matches!(signature.parent.as_str(), "Response" | "Assertion"),
            format!("Signature in {}", signature.parent),
            "it must cover its parent, by exclusive C14N",
        );
    }
}

/// Has samael verify the message, then looks at what it does not look at.
fn verify(
    xml: &str,
    shell: &Shell,
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> Option<Received> {
    if !expected.has_keys {
        let fault = "without the identity provider's metadata nothing can be verified";
        findings.put(Check::Witness, "no signing key", Some(fault));
        return None;
    }
    // samael slices what it decrypts without looking at its length.
    let (witness, ids) = (expected.witness, Some(expected.request_ids));
    let asked = std::panic::catch_unwind(|| witness.parse_xml_response(xml, ids));
    let verified = match asked {
        Ok(Ok(verified)) => verified,
        Err(_panic) => {
            findings.put(Check::Witness, "samael gave up", Some("it panicked"));
            return None;
        }
        Ok(Err(error)) => {
            findings.put(Check::Witness, "samael refuses", Some(&error.to_string()));
            return None;
        }
    };
    let signed = match shell.signatures.as_slice() {
        [] => "no signature outside the encrypted assertion".to_owned(),
        some => some
            .iter()
            .map(|signature| signature.parent.as_str())
            .collect::<Vec<_>>()
            .join(" and "),
    };
    let says = format!("samael accepts; signed: {signed}");
    findings.put(Check::Witness, says, None);
    let is_same = match shell.assertion_ids.as_slice() {
        [id] => *id == verified.id,
        [] => shell.encrypted == 1,
        _several => false,
    };
    let fault = "samael verified another assertion than the message shows";
    findings.hold(Check::SameAssertion, is_same, verified.id.clone(), fault);
    assertion::check(&verified, expected, findings);
    Received::take(&verified)
}
