//! Zoom's own rules, and which of them the configuration breaks.
//!
//! Zoom publishes some of them (KB0060306, KB0061497); the others are those of the Spring Security SAML extension, to
//! which its addresses point, and were measured there. `passerelle check` tells what is found, and no server keeps
//! from starting for it: other providers are served by it, too.

use jiff::SignedDuration;

use super::{
    Facts, day_of,
    said::Said,
    zoom::{EMAIL, EMPLOYEE_ID, other_form},
};
use crate::{
    attributes::release::{Sent, is_taken_by, overlapping},
    config::sections::{Encrypt, Sign, Values},
    model::name_id::NameIdFormat,
    xmlsec::{DigestAlgorithm, SignatureAlgorithm},
};

/// How old a sign-in is that Zoom refuses.
const OLDEST_SIGN_IN: SignedDuration = SignedDuration::from_mins(120);
/// How near the end of Zoom's own session may be told: its library refuses one that is over, without any skew.
const SHORTEST_SESSION: SignedDuration = SignedDuration::from_hours(8);
/// How many days before its end the certificate is told: it is changed by hand at Zoom.
const DAYS_OF_A_CERTIFICATE: i64 = 60;
/// Our attributes that change when somebody's name or address does.
const CHANGING: [&str; 7] = [
    "mail",
    "supannAutreMail",
    "displayName",
    "givenName",
    "sn",
    "cn",
    "eduPersonNickname",
];

/// A rule of Zoom's that is broken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// Which one.
    pub rule: Rule,
    /// The key to mend, below the provider's table.
    pub key: &'static str,
    /// What is wrong, and what to do about it.
    pub said: Said,
}

/// A rule of Zoom's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// A sign-in of two hours is too old.
    AuthnAge,
    /// The certificate has one place, and is changed there by hand.
    CertificateEnds,
    /// The address makes the account.
    EmailMissing,
    /// There is one address, of our own domains.
    EmailOfOurs,
    /// What an account is known by does not change with the address.
    EmployeeId,
    /// Nothing is encrypted.
    Encryption,
    /// Nothing will be encrypted.
    EncryptionToCome,
    /// The administrator may choose either of two names.
    EntityIds,
    /// Every line is for a value that can come.
    LineWithoutValue,
    /// No line takes the value of another one.
    LinesApart,
    /// An answer names the person.
    NameId,
    /// The end of the session is not near.
    Session,
    /// The signature is one that the form has.
    Signature,
    /// The assertion itself is signed.
    SignedAssertion,
    /// The first line that fits a value is the one for it.
    TakenByAnother,
    /// Every value that can come has a line.
    ValueWithoutLine,
}

impl Rule {
    /// Whether people are shut out, or get another account or licence than they should, where it is broken.
    pub const fn is_grave(self) -> bool {
        match self {
            Self::AuthnAge
            | Self::EmailMissing
            | Self::EmailOfOurs
            | Self::Encryption
            | Self::NameId
            | Self::TakenByAnother => true,
            Self::CertificateEnds
            | Self::EmployeeId
            | Self::EncryptionToCome
            | Self::EntityIds
            | Self::LineWithoutValue
            | Self::LinesApart
            | Self::Session
            | Self::Signature
            | Self::SignedAssertion
            | Self::ValueWithoutLine => false,
        }
    }
}

/// Every rule that is broken.
pub fn broken(facts: &Facts<'_>) -> Vec<Broken> {
    let one = [
        names(facts),
        name_id(facts),
        email(facts),
        employee_id(facts),
        authn_age(facts),
        session(facts),
        encryption(facts),
        signed_part(facts),
        signature(facts),
        certificate(facts),
    ];
    one.into_iter()
        .flatten()
        .chain(facts.sent().flat_map(lines))
        .collect()
}

fn names(facts: &Facts<'_>) -> Option<Broken> {
    let sp = &facts.registered.sp;
    let other = other_form(&sp.entity_id).filter(|other| !sp.is_named(other))?;
    Some(Broken {
        rule: Rule::EntityIds,
        key: "aliases",
        said: Said::EntityIds {
            other: other.as_str().to_owned(),
        },
    })
}

fn name_id(facts: &Facts<'_>) -> Option<Broken> {
    facts.name_id.format().is_none().then_some(Broken {
        rule: Rule::NameId,
        key: "name-id",
        said: Said::NameId,
    })
}

fn email(facts: &Facts<'_>) -> Option<Broken> {
    let of_ours = |key, said| Broken {
        rule: Rule::EmailOfOurs,
        key,
        said,
    };
    match facts.filling(EMAIL).map(Sent::values) {
        Some(Values::OneInMailDomain) => None,
        Some(Values::All) => Some(of_ours("release", Said::EmailSeveral)),
        Some(Values::First) => Some(of_ours("release", Said::EmailFirst)),
        None if facts.name_id.format() == Some(NameIdFormat::EmailAddress) => None,
        None if facts.name_id.gives_addresses() => Some(of_ours("name-id", Said::EmailNameId)),
        None => Some(Broken {
            rule: Rule::EmailMissing,
            key: "release",
            said: Said::EmailMissing,
        }),
    }
}

fn employee_id(facts: &Facts<'_>) -> Option<Broken> {
    let said = match facts.filling(EMPLOYEE_ID) {
        Some(sent) => {
            let mut sources = sent.reads().flat_map(|name| facts.mapping.sources_of(name));
            let is_changing = |name: &&str| {
                CHANGING
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
            };
            let name = sources.find(is_changing)?.to_owned();
            Said::EmployeeIdChanges { name }
        }
        None if facts.name_id.format() == Some(NameIdFormat::Persistent) => return None,
        None => Said::EmployeeIdMissing,
    };
    Some(Broken {
        rule: Rule::EmployeeId,
        key: "release",
        said,
    })
}

fn authn_age(facts: &Facts<'_>) -> Option<Broken> {
    let (asked, lifetime) = (
        facts.registered.config.max_authn_age,
        facts.session_lifetime,
    );
    let oldest = asked.map_or(lifetime, |asked| asked.min(lifetime));
    (oldest >= OLDEST_SIGN_IN).then(|| Broken {
        rule: Rule::AuthnAge,
        key: "max-authn-age-minutes",
        said: Said::AuthnAge {
            minutes: oldest.as_secs() / 60,
        },
    })
}

fn session(facts: &Facts<'_>) -> Option<Broken> {
    let session = facts.registered.config.session?;
    (session < SHORTEST_SESSION).then(|| Broken {
        rule: Rule::Session,
        key: "session-minutes",
        said: Said::Session {
            minutes: session.as_secs() / 60,
        },
    })
}

fn encryption(facts: &Facts<'_>) -> Option<Broken> {
    let registered = facts.registered;
    let (rule, said) = match (&registered.encryption_key, registered.config.encrypt) {
        (Some(_), _) => (Rule::Encryption, Said::Encryption),
        (None, Encrypt::Never) => return None,
        (None, Encrypt::WhenPossible | Encrypt::Always) => {
            (Rule::EncryptionToCome, Said::EncryptionToCome)
        }
    };
    Some(Broken {
        rule,
        key: "encrypt",
        said,
    })
}

fn signed_part(facts: &Facts<'_>) -> Option<Broken> {
    (facts.registered.config.sign == Sign::Response).then_some(Broken {
        rule: Rule::SignedAssertion,
        key: "sign",
        said: Said::SignedAssertion,
    })
}

fn signature(facts: &Facts<'_>) -> Option<Broken> {
    let (algorithm, digest) = (facts.signer.algorithm(), facts.signer.digest());
    let is_on_the_form =
        algorithm == SignatureAlgorithm::RsaSha256 && digest == DigestAlgorithm::Sha256;
    (!is_on_the_form).then(|| Broken {
        rule: Rule::Signature,
        key: "signature",
        said: Said::Signature {
            algorithm: algorithm.uri(),
            digest: digest.uri(),
        },
    })
}

fn certificate(facts: &Facts<'_>) -> Option<Broken> {
    let end = facts.certificate.not_after();
    let days = end.duration_since(facts.now).as_hours().div_euclid(24);
    (days < DAYS_OF_A_CERTIFICATE).then(|| Broken {
        rule: Rule::CertificateEnds,
        key: "signature",
        said: Said::CertificateEnds { until: day_of(end) },
    })
}

/// What is wrong with the lines for the values of one attribute.
fn lines(sent: Sent<'_>) -> Vec<Broken> {
    let about = |rule, said| Broken {
        rule,
        key: "release",
        said,
    };
    let name = || sent.name().to_owned();
    let quoted = |text: &str| format!("{text:?}");
    let texts: Vec<&str> = sent.lines().iter().map(|line| &*line.contains).collect();
    let apart = overlapping(&texts).into_iter().map(|(inner, outer)| {
        let said = Said::LinesApart {
            name: name(),
            inner: quoted(inner),
            outer: quoted(outer),
        };
        about(Rule::LinesApart, said)
    });
    let mut found: Vec<_> = apart.collect();
    let Some(values) = sent.closed_values().filter(|_| !texts.is_empty()) else {
        return found;
    };
    for value in &values {
        match texts.iter().find(|text| is_taken_by(value, text)) {
            None => {
                let said = Said::ValueWithoutLine {
                    name: name(),
                    value: quoted(value),
                };
                found.push(about(Rule::ValueWithoutLine, said));
            }
            Some(first) if texts.contains(value) && first != value => {
                let said = Said::TakenByAnother {
                    name: name(),
                    value: quoted(value),
                    text: quoted(first),
                };
                found.push(about(Rule::TakenByAnother, said));
            }
            Some(_) => {}
        }
    }
    let idle = texts
        .iter()
        .filter(|text| !values.iter().any(|value| is_taken_by(value, text)));
    found.extend(idle.map(|text| {
        let said = Said::LineWithoutValue {
            name: name(),
            text: quoted(text),
        };
        about(Rule::LineWithoutValue, said)
    }));
    found
}

#[cfg(test)]
#[path = "zoom_rules_tests.rs"]
mod tests;
