//! Zoom's form for single sign-on, under Zoom's own labels (Zoom Support KB0067680, KB0060306, KB0061497).
//!
//! On Zoom's web portal, *Advanced > Single Sign-On*: the tabs "SAML" and "SAML Response Mapping". Whoever reads it
//! is led through it from top to bottom.

use std::borrow::Cow;

use url::Url;

use super::{
    Facts, day_of,
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
    /// Nothing is missed, and those for which nothing is sent are told together: forms do not have all of them.
    Seldom,
}

/// The fields of the basic mapping, in the order of the form. What is on neither list is of the advanced one.
const BASIC: [(&str, Need); 13] = [
    (EMAIL, Need::Account),
    ("First name", Need::Name),
    ("Last name", Need::Name),
    ("Display name", Need::None),
    ("Pronouns", Need::Seldom),
    ("Phone number", Need::None),
    ("Department", Need::None),
    ("Job title", Need::Seldom),
    ("Location", Need::Seldom),
    ("Company", Need::Seldom),
    ("Manager", Need::Seldom),
    ("Cost center", Need::Seldom),
    (EMPLOYEE_ID, Need::Key),
];

/// The sections of the advanced mapping, in the order of the form; which ones it has depends on the account's licences.
const ADVANCED: [&str; 17] = [
    LICENSE,
    "Add-on",
    "Concurrent Meeting",
    "Zoom Events",
    "Whiteboard",
    "Translated Captions",
    "Revenue Accelerator",
    "Sign in to Sub Account",
    "User Role",
    "User Group",
    "User Group Admin",
    "IM Group",
    "Zoom Phone Calling Plan",
    "Zoom Phone Site",
    "Zoom Rooms Admin",
    "Recording Location",
    "Auto Mapping",
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

/// The account's own name in an address of its; none in that of an account with several (`https://zoom.us/saml2/sso/…`).
fn vanity_of(address: &str) -> Option<String> {
    let address = Url::parse(address).ok()?;
    let host = address.host_str()?;
    host.ends_with(".zoom.us").then(|| host.to_owned())
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
        until: day_of(facts.certificate.not_after()),
        sha256: facts.certificate.sha256().to_owned(),
    };
    let vanity = facts
        .registered
        .post_services()
        .find_map(|service| vanity_of(service.location.as_str()))
        .map(|host| row("Vanity URL", choose(host), Some(Note::VanityUrl)));
    let rest = [
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
    ];
    vanity.into_iter().chain(rest).collect()
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
            "Service Provider (SP) Certificate",
            Entry::Unused,
            Some(Note::SpCertificate {
                sp: registered.config.short_name.as_str().to_owned(),
            }),
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
    let seldom = BASIC
        .into_iter()
        .filter(|(field, need)| *need == Need::Seldom && facts.filling(field).is_none());
    let rest = unused(seldom.map(|(field, _)| field));
    std::iter::once(default).chain(fields).chain(rest).collect()
}

/// One row for all these fields, which nothing is sent for.
fn unused(fields: impl Iterator<Item = &'static str>) -> Option<Row> {
    let fields: Vec<_> = fields.collect();
    let row = row(fields.join(", "), Entry::Unused, Some(Note::UnsentOthers));
    (!fields.is_empty()).then_some(row)
}

fn basic_field(facts: &Facts<'_>, field: &'static str, need: Need) -> Option<Row> {
    if let Some(sent) = facts.filling(field) {
        let note = match need {
            Need::Account => Some(Note::Email),
            Need::Key => Some(Note::EmployeeId),
            Need::Name => Some(Note::NameRefresh),
            Need::None | Need::Seldom => None,
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
        Need::Seldom => return None,
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
    let is_filled = |field: &&str| rows.iter().any(|row| row.field == *field);
    let rest = unused(ADVANCED.into_iter().filter(|field| !is_filled(field)));
    rows.extend(rest);
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
