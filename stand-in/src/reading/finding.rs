//! What the reader says about a `Response`, point by point.

use std::fmt;

/// One point that the reader looks at. Zoom's stack is taken to be as strict
/// as the Spring Security SAML extension 1.0, whose paths Zoom's URLs follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Check {
    /// The message is base64 of UTF-8.
    Encoding,
    /// The message is well-formed XML without a DOCTYPE, with a `Response` as root.
    Xml,
    /// `Version` is 2.0 and an `ID` is there.
    Version,
    /// The top status code is Success.
    Status,
    /// `Destination` is the ACS, to the letter.
    Destination,
    /// The `Response`'s `Issuer`, and its format.
    Issuer,
    /// `IssueInstant` within 60 s.
    IssueInstant,
    /// `InResponseTo` names an open request of this session.
    InResponseTo,
    /// The `Response`'s `ID` was not seen before.
    Replay,
    /// Exactly one assertion, plain or encrypted, below the root.
    OneAssertion,
    /// Each signature covers its own parent, by exclusive C14N.
    SignatureForm,
    /// The identity provider's metadata is still valid.
    IdpMetadata,
    /// samael verified the signature and its own points.
    Witness,
    /// The assertion that samael verified is the one in the message.
    SameAssertion,
    /// The assertion's `Issuer`.
    AssertionIssuer,
    /// `NameID` is there.
    NameId,
    /// A bearer confirmation with `Recipient`, `InResponseTo`, `NotOnOrAfter`.
    Confirmation,
    /// No `NotBefore` in `SubjectConfirmationData`.
    ConfirmationNotBefore,
    /// `AudienceRestriction` names this service provider.
    Audience,
    /// The window of `Conditions`.
    Conditions,
    /// No `OneTimeUse`.
    OneTimeUse,
    /// `AuthnInstant` is not older than two hours.
    AuthnInstant,
    /// `SessionIndex` is there.
    SessionIndex,
    /// `SessionNotOnOrAfter`, if any, lies ahead.
    SessionEnd,
    /// No attribute name twice.
    AttributeNames,
    /// `RelayState` is what was sent, to the byte.
    RelayState,
}

impl Check {
    /// The stable name, for tests and logs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Encoding => "encoding",
            Self::Xml => "xml",
            Self::Version => "version",
            Self::Status => "status",
            Self::Destination => "destination",
            Self::Issuer => "issuer",
            Self::IssueInstant => "issue-instant",
            Self::InResponseTo => "in-response-to",
            Self::Replay => "replay",
            Self::OneAssertion => "one-assertion",
            Self::SignatureForm => "signature-form",
            Self::IdpMetadata => "idp-metadata",
            Self::Witness => "witness",
            Self::SameAssertion => "same-assertion",
            Self::AssertionIssuer => "assertion-issuer",
            Self::NameId => "name-id",
            Self::Confirmation => "confirmation",
            Self::ConfirmationNotBefore => "confirmation-not-before",
            Self::Audience => "audience",
            Self::Conditions => "conditions",
            Self::OneTimeUse => "one-time-use",
            Self::AuthnInstant => "authn-instant",
            Self::SessionIndex => "session-index",
            Self::SessionEnd => "session-end",
            Self::AttributeNames => "attribute-names",
            Self::RelayState => "relay-state",
        }
    }
}

/// How a point came out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Good,
    Bad,
    /// Nothing to hold against the message, or nothing to compare it with.
    Unchecked,
}

/// One point with its verdict.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) check: Check,
    pub(crate) verdict: Verdict,
    pub(crate) says: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => "ok ",
            Verdict::Bad => "BAD",
            Verdict::Unchecked => "-  ",
        };
        write!(to, "{mark} {}: {}", self.check.name(), self.says)
    }
}

/// All that was found, in the order of the looking.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a point; `says` is what was seen, `fault` why that is wrong.
    pub(crate) fn put(&mut self, check: Check, says: impl Into<String>, fault: Option<&str>) {
        let says = says.into();
        self.0.push(match fault {
            None => Finding {
                check,
                verdict: Verdict::Good,
                says,
            },
            Some(fault) => Finding {
                check,
                verdict: Verdict::Bad,
                says: format!("{says}: {fault}"),
            },
        });
    }

    /// Adds a point that holds if `is_good`.
    pub(crate) fn hold(&mut self, check: Check, is_good: bool, says: String, fault: &str) {
        self.put(check, says, if is_good { None } else { Some(fault) });
    }

    /// Adds a point that could not be compared with anything.
    pub(crate) fn skip(&mut self, check: Check, says: impl Into<String>) {
        self.0.push(Finding {
            check,
            verdict: Verdict::Unchecked,
            says: says.into(),
        });
    }

    /// Puts `noted` points before these, in place of those that came out good
    /// by comparing the message with itself.
    pub(crate) fn put_first(&mut self, noted: Self) {
        let later = std::mem::replace(&mut self.0, noted.0);
        let skipped: Vec<_> = self.0.iter().map(|finding| finding.check).collect();
        self.0.extend(later.into_iter().filter(|finding| {
            finding.verdict == Verdict::Bad || !skipped.contains(&finding.check)
        }));
    }

    /// All points.
    pub(crate) fn all(&self) -> &[Finding] {
        &self.0
    }

    /// The points that came out wrong.
    pub(crate) fn bad(&self) -> impl Iterator<Item = &Finding> {
        self.0
            .iter()
            .filter(|finding| finding.verdict == Verdict::Bad)
    }
}
