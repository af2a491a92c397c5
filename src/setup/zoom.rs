//! Zoom's form for single sign-on, under Zoom's own labels (Zoom Support KB0067680, KB0060306, KB0061497).
//!
//! On Zoom's web portal, *Advanced > Single Sign-On*: the tabs "SAML" and "SAML Response Mapping". Whoever reads it
//! is led through it from top to bottom.

use std::borrow::Cow;

use super::{
    Facts,
    sheet::{Entry, Heading, Note, Part, Row, Sheet, Told},
};
use crate::{
    attributes::release::Sent,
    config::base_url::BaseUrl,
    model::{entity_id::EntityId, name_id::NameIdFormat},
    xmlsec::SignatureAlgorithm,
};

/// The address: what Zoom finds an account by.
pub(super) const EMAIL: &str = "Email address";
/// What Zoom finds an account by once it is mapped.
pub(super) const EMPLOYEE_ID: &str = "Employee Unique ID";
/// Which licence somebody gets.
pub(super) const LICENSE: &str = "License Type";
/// The licence that shuts people out.
pub const NO_LICENSE: &str = "None";
/// What stands in the place of an attribute's name to have Zoom take the `NameID`.
const NAME_ID: &str = "<NameID>";

/// How much Zoom needs what fills a field.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Need {
    /// There is no account without it.
    Account,
    /// There is one without a name.
    Name,
    /// It is told apart by that: an account is kept when the address changes.
    Key,
    /// Nothing is missed.
    None,
    /// Nothing is missed, and it is not told where nothing is sent for it.
    Silent,
}

/// The fields of the basic mapping, in the order of the form. What is on neither list is of the advanced one.
const BASIC: [(&str, Need); 13] = [
    (EMAIL, Need::Account),
    ("First name", Need::Name),
    ("Last name", Need::Name),
    ("Display name", Need::None),
    ("Pronouns", Need::Silent),
    ("Phone number", Need::None),
    ("Department", Need::None),
    ("Job title", Need::Silent),
    ("Location", Need::Silent),
    ("Company", Need::Silent),
    ("Manager", Need::Silent),
    ("Cost center", Need::Silent),
    (EMPLOYEE_ID, Need::Key),
];

/// What to type for the provider of these facts, of which `check` has told so much. `mail_domains` are the
/// organization's.
pub fn sheet(
    facts: &Facts<'_>,
    base_url: &BaseUrl,
    mail_domains: &[String],
    told: [Vec<Told>; 2],
) -> Sheet {
    // What holds for all of them is said once.
    let notes = std::iter::once(Note::Domain)
        .map(Some)
        .chain(std::iter::repeat(None));
    let domains = mail_domains
        .iter()
        .zip(notes)
        .map(|(domain, note)| row("Associated Domains", paste(domain), note));
    let transfer = [
        Note::TransferDomain,
        Note::TransferPeople,
        Note::TransferWhat,
    ]
    .map(|note| row("", Entry::Step, Some(note)));
    let parts = [
        (Heading::SignOn, sign_on(facts, base_url)),
        (Heading::Security, security(facts)),
        (Heading::BasicMapping, basic_mapping(facts)),
        (Heading::AdvancedMapping, advanced_mapping(facts)),
        (Heading::Unplaced, unplaced(facts)),
        (Heading::Domains, domains.collect()),
        (Heading::Transfer, transfer.into()),
    ];
    Sheet {
        short_name: facts.registered.config.short_name.clone(),
        is_enabled: facts.registered.config.enabled,
        told,
        parts: parts
            .into_iter()
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(heading, rows)| Part { heading, rows })
            .collect(),
    }
}

/// The other name that Zoom's form offers for the same account: with `https://` or without. None where it offers
/// only one, as for an account with several addresses of its own (`https://zoom.us/sp/…`).
pub(super) fn other_form(name: &EntityId) -> Option<EntityId> {
    let (host, other) = match name.as_str().strip_prefix("https://") {
        Some(host) => (host, host.to_owned()),
        None => (name.as_str(), format!("https://{}", name.as_str())),
    };
    let is_host = !host.contains(['/', ':']) && host.contains('.');
    EntityId::parse(&other).ok().filter(|_| is_host)
}

/// Whether a `NameID` of that format can fill the field where no attribute does.
pub(super) fn takes_name_id(field: &str, format: Option<NameIdFormat>) -> bool {
    match field {
        EMAIL => format == Some(NameIdFormat::EmailAddress),
        EMPLOYEE_ID => format == Some(NameIdFormat::Persistent),
        _ => false,
    }
}

fn sign_on(facts: &Facts<'_>, base_url: &BaseUrl) -> Vec<Row> {
    let sp = &facts.registered.sp;
    let sp_name = other_form(&sp.entity_id).map(|other| {
        let is_known = sp.is_named(&other);
        let other = other.as_str().to_owned();
        if is_known {
            Note::SpNameEither { other }
        } else {
            Note::SpNameAlone { other }
        }
    });
    let algorithm = facts.signer.algorithm();
    let differs = algorithm != SignatureAlgorithm::RsaSha256;
    let hash = differs.then(|| Note::SignatureHashDiffers {
        algorithm: algorithm.uri().to_owned(),
    });
    let certificate = Note::Certificate {
        until: facts.certificate.not_after().strftime("%F").to_string(),
        sha256: facts.certificate.sha256().to_owned(),
    };
    vec![
        row("Sign-in page URL", paste(base_url.sso_url()), None),
        row(
            "Sign-out page URL",
            paste(base_url.slo_url()),
            Some(Note::SignOut),
        ),
        row(
            "Identity provider certificate",
            paste(facts.signer.certificate_base64()),
            Some(certificate),
        ),
        row(
            "Service Provider (SP) Entity ID",
            choose(sp.entity_id.as_str()),
            sp_name,
        ),
        row("Issuer (IDP Entity ID)", paste(base_url.entity_id()), None),
        row("Binding", choose("HTTP-Redirect"), Some(Note::Binding)),
        row("Signature Hash Algorithm", choose("SHA-256"), hash),
    ]
}

fn security(facts: &Facts<'_>) -> Vec<Row> {
    let registered = facts.registered;
    let (requests, why) = if registered.is_placeholder() {
        (Entry::Untick, Note::SignRequestsLater)
    } else if registered.keys.is_empty() {
        let sp = registered.config.short_name.as_str().to_owned();
        (Entry::Tick, Note::SignRequestsUnverified { sp })
    } else if registered.must_sign_requests() {
        (Entry::Tick, Note::SignRequestsNeeded)
    } else {
        (Entry::Tick, Note::SignRequestsWise)
    };
    let (encryption, whether) = match registered.encryption_key {
        Some(_) => (Entry::Tick, Note::EncryptionOn),
        None => (Entry::Untick, Note::EncryptionOff),
    };
    let hours = facts.session_lifetime.as_hours().unsigned_abs().max(1);
    vec![
        row("Sign SAML request", requests, Some(why)),
        row(
            "Sign SAML Logout request",
            Entry::Tick,
            Some(Note::SignLogout),
        ),
        row("Support encrypted assertions", encryption, Some(whether)),
        row(
            "Enforce automatic logout after user has been logged in for",
            Entry::Tick,
            Some(Note::AutomaticLogout { hours }),
        ),
        row(
            "Save SAML response logs on user sign-in",
            Entry::Tick,
            Some(Note::ResponseLogs),
        ),
        row(
            "Automatically manage the certificate",
            Entry::Untick,
            Some(Note::ManagedCertificate {
                is_followed: facts.registered.config.followed.is_some(),
            }),
        ),
        row(
            "Provision User",
            choose("At Sign-In"),
            Some(Note::ProvisionUser),
        ),
    ]
}

fn basic_mapping(facts: &Facts<'_>) -> Vec<Row> {
    let (licence, why) = match facts.filling(LICENSE) {
        Some(_) => ("None", Note::DefaultIsNone),
        None => ("Basic", Note::DefaultIsBasic),
    };
    let default = row("Default License Type", choose(licence), Some(why));
    let fields = BASIC
        .into_iter()
        .filter_map(|(field, need)| basic_field(facts, field, need));
    std::iter::once(default).chain(fields).collect()
}

fn basic_field(facts: &Facts<'_>, field: &'static str, need: Need) -> Option<Row> {
    if let Some(sent) = facts.filling(field) {
        let note = match need {
            Need::Account => Some(Note::Email),
            Need::Key => Some(Note::EmployeeId),
            Need::Name => Some(Note::NameRefresh),
            Need::None | Need::Silent => None,
        };
        return Some(row(field, paste(sent.name()), note));
    }
    let is_name_id = takes_name_id(field, facts.name_id.format());
    let (entry, note) = match need {
        Need::Account if is_name_id => (paste(NAME_ID), Note::EmailIsNameId),
        Need::Key if is_name_id => (paste(NAME_ID), Note::EmployeeId),
        Need::Account => (Entry::Missing, Note::EmailMissing),
        Need::Key => (Entry::Missing, Note::EmployeeIdMissing),
        Need::Name => (Entry::Missing, Note::NameMissing),
        Need::None => (Entry::Unused, Note::Unsent),
        Need::Silent => return None,
    };
    Some(row(field, entry, Some(note)))
}

fn advanced_mapping(facts: &Facts<'_>) -> Vec<Row> {
    let is_basic = |field: &str| BASIC.iter().any(|(known, _)| *known == field);
    let rows = facts.sent().filter_map(|sent: Sent<'_>| {
        let field = sent.field().filter(|field| !is_basic(field))?;
        let note = if sent.lines().is_empty() {
            Note::LinesOfYourOwn
        } else {
            Note::LinesInOrder
        };
        let entry = Entry::Lines {
            attribute: sent.name().to_owned(),
            lines: sent.lines().to_vec(),
        };
        Some(row(field.to_owned(), entry, Some(note)))
    });
    let mut rows: Vec<_> = rows.collect();
    // Who gets which licence comes first on the form.
    rows.sort_by_key(|row| row.field != LICENSE);
    rows
}

fn unplaced(facts: &Facts<'_>) -> Vec<Row> {
    let without = facts.sent().filter(|sent| sent.field().is_none());
    without
        .map(|sent| row("", paste(sent.name()), Some(Note::Unplaced)))
        .collect()
}

fn row(field: impl Into<Cow<'static, str>>, entry: Entry, note: Option<Note>) -> Row {
    Row {
        field: field.into(),
        entry,
        note,
    }
}

fn paste(text: impl Into<String>) -> Entry {
    Entry::Paste(text.into())
}

fn choose(text: impl Into<String>) -> Entry {
    Entry::Choose(text.into())
}

#[cfg(test)]
#[path = "zoom_tests.rs"]
mod tests;
