//! Zoom's own rules, and which of them the configuration breaks.
//!
//! Zoom publishes some of them (KB0060306, KB0061497); the others are those of the Spring Security SAML extension, to
//! which its addresses point, and were measured there. `passerelle check` tells what is found, and no server keeps
//! from starting for it: other providers are served by it, too.

use jiff::SignedDuration;

use super::{
    Facts,
    zoom::{EMAIL, EMPLOYEE_ID, other_form},
};
use crate::{
    attributes::release::{Sent, overlapping},
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
    /// What is wrong, as the end of a sentence whose subject is the key.
    pub what: String,
    /// What to do about it.
    pub hint: &'static str,
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
        what: format!(
            "{} is not registered, and Zoom asks under it where its administrator chooses that",
            other.as_str()
        ),
        hint: "add it to `aliases`: Zoom's form offers the host alone and the host with https://",
    })
}

fn name_id(facts: &Facts<'_>) -> Option<Broken> {
    facts.name_id.format().is_none().then(|| Broken {
        rule: Rule::NameId,
        key: "name-id",
        what: "sends no NameID, and Zoom refuses an answer without one".to_owned(),
        hint: "write name-id = { format = \"email-address\", from = \"mail\" }, as the preset has it",
    })
}

fn email(facts: &Facts<'_>) -> Option<Broken> {
    let of_ours = |key, what: &str| Broken {
        rule: Rule::EmailOfOurs,
        key,
        what: what.to_owned(),
        hint: "values = \"one-in-mail-domain\" sends the one address that is in organization.mail-domains, and stops \
               whoever has none or several",
    };
    match facts.filling(EMAIL).map(Sent::values) {
        Some(Values::OneInMailDomain) => None,
        Some(Values::All) => Some(of_ours(
            "release",
            "may send several addresses, and some outside of our domains: each would be an account of its own at Zoom",
        )),
        Some(Values::First) => Some(of_ours(
            "release",
            "may send an address outside of our domains, with which Zoom makes an account that is not the university's",
        )),
        None if facts.name_id.format() == Some(NameIdFormat::EmailAddress) => None,
        None if facts.name_id.gives_addresses() => Some(of_ours(
            "name-id",
            "may name people by an address outside of our domains, with which Zoom makes their account",
        )),
        None => Some(Broken {
            rule: Rule::EmailMissing,
            key: "release",
            what: "sends nothing for Zoom's field \"Email address\", and the NameID is no address either: Zoom makes \
                   accounts under what is none"
                .to_owned(),
            hint: "release mail with field = \"Email address\" and values = \"one-in-mail-domain\"",
        }),
    }
}

fn employee_id(facts: &Facts<'_>) -> Option<Broken> {
    let what = match facts.filling(EMPLOYEE_ID) {
        Some(sent) => {
            let mut sources = sent.reads().flat_map(|name| facts.mapping.sources_of(name));
            let is_changing =
                |name: &&str| CHANGING.iter().any(|known| known.eq_ignore_ascii_case(name));
            let name = sources.find(is_changing)?;
            format!(
                "makes Zoom's field \"Employee Unique ID\" of {name}, which changes: a second account would be made \
                 on that day"
            )
        }
        None if facts.name_id.format() == Some(NameIdFormat::Persistent) => return None,
        None => "sends nothing for Zoom's field \"Employee Unique ID\": a changed address makes a second account, \
                 which takes a licence"
            .to_owned(),
    };
    Some(Broken {
        rule: Rule::EmployeeId,
        key: "release",
        what,
        hint: "release something that a person keeps for life with field = \"Employee Unique ID\", as \
               eduPersonUniqueId",
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
        what: format!(
            "lets somebody go to Zoom who signed in {} minutes ago, and Zoom refuses a sign-in of 120 minutes",
            oldest.as_secs() / 60
        ),
        hint: "write max-authn-age-minutes = 115, as the preset has it: a slow click needs some minutes",
    })
}

fn session(facts: &Facts<'_>) -> Option<Broken> {
    let session = facts.registered.config.session?;
    (session < SHORTEST_SESSION).then(|| Broken {
        rule: Rule::Session,
        key: "session-minutes",
        what: format!(
            "ends Zoom's session {} minutes after somebody signed in; Zoom refuses an end that is over by its clock",
            session.as_secs() / 60
        ),
        hint: "leave it out, and have Zoom's form enforce the logout",
    })
}

fn encryption(facts: &Facts<'_>) -> Option<Broken> {
    let registered = facts.registered;
    let (rule, what) = match (&registered.encryption_key, registered.config.encrypt) {
        (Some(_), _) => (
            Rule::Encryption,
            "encrypts the assertions, and the library that Zoom is taken to use reads no AES-GCM: nobody would get in",
        ),
        (None, Encrypt::Never) => return None,
        (None, Encrypt::WhenPossible | Encrypt::Always) => (
            Rule::EncryptionToCome,
            "encrypts the assertions from the day on which Zoom's metadata holds a key for it, and the library that \
             Zoom is taken to use reads no AES-GCM",
        ),
    };
    Some(Broken {
        rule,
        key: "encrypt",
        what: what.to_owned(),
        hint: "write encrypt = \"never\", as the preset has it: the browser carries the answer over TLS in any case",
    })
}

fn signed_part(facts: &Facts<'_>) -> Option<Broken> {
    (facts.registered.config.sign == Sign::Response).then(|| Broken {
        rule: Rule::SignedAssertion,
        key: "sign",
        what: "leaves the assertion unsigned, and that is what Zoom's own instructions have signed"
            .to_owned(),
        hint: "write sign = \"assertion\", as the preset has it, or \"both\"",
    })
}

fn signature(facts: &Facts<'_>) -> Option<Broken> {
    let (algorithm, digest) = (facts.signer.algorithm(), facts.signer.digest());
    let is_on_the_form =
        algorithm == SignatureAlgorithm::RsaSha256 && digest == DigestAlgorithm::Sha256;
    (!is_on_the_form).then(|| Broken {
        rule: Rule::Signature,
        key: "signature",
        what: format!(
            "signs with {} over {}, and Zoom's form knows SHA-1 and SHA-256 alone; only RSA keys were seen there",
            algorithm.uri(),
            digest.uri()
        ),
        hint: "write signature = \"rsa-sha256\", with an RSA key in keys.signing",
    })
}

fn certificate(facts: &Facts<'_>) -> Option<Broken> {
    let end = facts.certificate.not_after();
    let days = end.duration_since(facts.now).as_hours().div_euclid(24);
    (days < DAYS_OF_A_CERTIFICATE).then(|| Broken {
        rule: Rule::CertificateEnds,
        key: "signature",
        what: format!(
            "signs with the key whose certificate ends on {}; Zoom has one place for it, and from the change here to \
             the change there nobody gets in",
            end.strftime("%F")
        ),
        hint: "`passerelle keys rollover start` makes the next one; agree on an hour with whoever fills in Zoom's form, \
               and change both then",
    })
}

/// What is wrong with the lines for the values of one attribute. Without regard to case: Zoom does not say whether
/// it has any.
fn lines(sent: Sent<'_>) -> Vec<Broken> {
    let about = |rule, what, hint| Broken {
        rule,
        key: "release",
        what,
        hint,
    };
    let name = sent.name();
    let texts: Vec<&str> = sent.lines().iter().map(|line| &*line.contains).collect();
    let apart = overlapping(&texts).into_iter().map(|(inner, outer)| {
        about(
            Rule::LinesApart,
            format!(
                "{name}: the line for {inner:?} at Zoom also takes {outer:?}, which contains it"
            ),
            "choose texts of which none is a part of another one",
        )
    });
    let mut found: Vec<_> = apart.collect();
    let Some(values) = sent.closed_values().filter(|_| !texts.is_empty()) else {
        return found;
    };
    let is_taken = |value: &str, text: &str| value.to_lowercase().contains(&text.to_lowercase());
    for value in &values {
        match texts.iter().find(|text| is_taken(value, text)) {
            None => found.push(about(
                Rule::ValueWithoutLine,
                format!("{name}: no line takes {value:?}, and Zoom leaves such a person's licence as it is"),
                "add a line for it to `lines`",
            )),
            Some(first) if texts.contains(value) && first != value => found.push(about(
                Rule::TakenByAnother,
                format!("{name}: {value:?} meets the line for {first:?} before its own"),
                "put the line with the longer text first, or choose other texts",
            )),
            Some(_) => {}
        }
    }
    let idle = texts
        .iter()
        .filter(|text| !values.iter().any(|value| is_taken(value, text)));
    found.extend(idle.map(|text| {
        about(
            Rule::LineWithoutValue,
            format!("{name}: no value ever meets the line for {text:?}"),
            "a slip in one of the two?",
        )
    }));
    found
}

#[cfg(test)]
#[path = "zoom_rules_tests.rs"]
mod tests;
