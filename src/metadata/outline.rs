//! Makes of a metadata file the plain list that a person is shown, and all that there is to say of it.
//!
//! What is wrong is what the strict reader finds ([`read`]), and a few notes that only
//! whoever registers a provider needs. Texts are as they stand in the file: whoever shows them writes
//! out what would mislead (`model::text`).

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    encryption_method::Wish,
    entities,
    finding::Finding,
    key_descriptor::{self, EncryptsTo, KeyUse, ListedKey},
    read::{self, Described},
};
use crate::{
    config::{sections::Encrypt, sp::SpConfig},
    model::{
        endpoint::{EndpointUrl, Schemes},
        entity_id::EntityId,
        language::Localized,
        vocab,
    },
    xml::door::{self, Element, Limits},
    xmlsec::VerifyingKey,
};

/// How long before the end of a certificate it is noted.
const SOON: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What a file says, and what is to be said of it.
#[derive(Debug)]
pub struct Look {
    /// What it says; none where there is a fault.
    pub outline: Option<Outline>,
    /// The entityID that it gives itself, be there a fault or not.
    pub claimed: Option<EntityId>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

/// What a metadata file says of a provider.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Outline {
    /// Its `entityID`.
    pub entity_id: EntityId,
    /// How many entities the file describes.
    pub entities: usize,
    /// Its name for people.
    pub display_name: Option<Localized>,
    /// What it says of itself to people.
    pub description: Option<Localized>,
    /// Where it says what it is.
    pub information_url: Option<Localized>,
    /// Where it says what becomes of people's data.
    pub privacy_statement_url: Option<Localized>,
    /// What is said of it to others, by itself or its federation.
    pub entity_attributes: Vec<ListedEntityAttribute>,
    /// Where it takes answers.
    pub assertion_consumer_services: Vec<ListedService>,
    /// Where it hears of sign-outs.
    pub single_logout_services: Vec<ListedService>,
    /// Its keys, in the order of the file.
    pub keys: Vec<ListedKey>,
    /// The key that its assertions would be encrypted to, and how, whether they are or not; none where there is
    /// no such key.
    pub encrypts_to: Option<EncryptsTo>,
    /// The signatures and digests that it declares to verify, of those that are used here; none where it declares
    /// nothing.
    pub verifies: Option<String>,
    /// Which names it knows people by, as written.
    pub name_id_formats: Vec<String>,
    /// Whether it promises that its requests are signed.
    pub authn_requests_signed: bool,
    /// Whether it wants the assertion itself signed.
    pub want_assertions_signed: bool,
    /// What it asks for.
    pub requested_attributes: Vec<ListedAttribute>,
    /// When this description ends.
    pub valid_until: Option<Timestamp>,
    /// After how long it ought to be fetched again.
    pub cache_duration: Option<SignedDuration>,
}

/// An address of a provider.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ListedService {
    /// Its `index`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u16>,
    /// Its `Binding`, as written.
    pub binding: String,
    /// Its `Location`.
    pub location: String,
    /// Whether it says that it is the default.
    pub is_default: bool,
}

/// An attribute that a provider asks for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ListedAttribute {
    /// The index of the list in which it stands.
    pub service: u16,
    /// Its `Name`, as written.
    pub name: String,
    /// Whether the provider cannot do without.
    pub is_required: bool,
}

/// What a provider, or its federation, says of it to others (`mdattr:EntityAttributes`).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ListedEntityAttribute {
    /// Its `Name`, as written.
    pub name: String,
    /// Its values, as written.
    pub values: Vec<String>,
}

impl fmt::Display for ListedEntityAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.values.join(", "))
    }
}

impl fmt::Display for ListedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index {
            write!(f, "{index} ")?;
        }
        // The last word of a binding's URN says it all.
        let binding = self.binding.rsplit(':').next().unwrap_or_default();
        write!(f, "{binding} {}", self.location)?;
        f.write_str(if self.is_default { " (default)" } else { "" })
    }
}

impl fmt::Display for ListedAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let required = if self.is_required { " (required)" } else { "" };
        write!(f, "{}{required}, in list {}", self.name, self.service)
    }
}

/// Something that ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// A certificate of the provider.
    Certificate,
    /// The description itself: nobody can sign in after that.
    Metadata,
}

/// The name of the entity in `bytes` that is meant, where nothing hinders reading it.
///
/// # Errors
///
/// The first thing that hinders it.
pub fn name_in(bytes: &[u8], wanted: Option<&EntityId>) -> Result<EntityId, Finding> {
    let document = read::open(bytes, &Limits::METADATA)?;
    let entity = entities::find(document.root(), wanted)?;
    read::parse_entity_id(entity).map_err(Finding::EntityId)
}

/// Looks at the metadata of the provider that `config` describes, as it stands at `now`.
pub fn look(bytes: &[u8], config: &SpConfig, schemes: Schemes, now: Timestamp) -> Look {
    let reading = read::read(bytes, config, schemes, now);
    let mut findings = reading.findings;
    // What cannot be used may be large: it is not read once more.
    let outline = reading.provider.and_then(|described| {
        let document = door::open(bytes, &Limits::metadata_of(config.metadata_max_mib)).ok()?;
        let entity = entities::find(document.root(), config.entity_id.as_ref()).ok()?;
        let role = entities::sp_descriptors(entity).next()?;
        let outline = Outline::of(&described, role, (config, schemes), now);
        note(&outline, &described, config, now, &mut findings);
        Some(outline)
    });
    findings.sort_by_key(Finding::weight);
    Look {
        outline,
        claimed: reading.claimed,
        findings,
    }
}

impl Outline {
    fn of(
        described: &Described,
        role: Element<'_, '_>,
        (config, schemes): (&SpConfig, Schemes),
        now: Timestamp,
    ) -> Self {
        let sp = &described.sp;
        let answers = sp.assertion_consumer_services.iter();
        let requested = sp.attribute_consuming_services.iter().flat_map(|service| {
            service.requested.iter().map(|attribute| ListedAttribute {
                service: service.index,
                name: attribute.name.clone(),
                is_required: attribute.is_required,
            })
        });
        let said = sp.entity_attributes.iter();
        let ui_info = sp.ui_info.clone();
        Self {
            entity_id: sp.entity_id.clone(),
            entities: entities::count(role),
            display_name: ui_info.display_name,
            description: ui_info.description,
            information_url: ui_info.information_url,
            privacy_statement_url: ui_info.privacy_statement_url,
            entity_attributes: said
                .map(|attribute| ListedEntityAttribute {
                    name: attribute.name.clone(),
                    values: attribute.values.clone(),
                })
                .collect(),
            encrypts_to: key_descriptor::encrypts_to(
                role,
                Wish::of(config, &described.refused),
                now,
            ),
            verifies: described.signature_methods.told(),
            assertion_consumer_services: answers
                .map(|service| ListedService {
                    index: Some(service.index),
                    binding: service.binding.clone(),
                    location: service.location.to_string(),
                    is_default: service.is_default == Some(true),
                })
                .collect(),
            single_logout_services: read_logout(role, schemes),
            keys: key_descriptor::list(role),
            name_id_formats: sp.name_id_formats.clone(),
            authn_requests_signed: sp.authn_requests_signed,
            want_assertions_signed: sp.want_assertions_signed,
            requested_attributes: requested.collect(),
            valid_until: sp.valid_until,
            cache_duration: sp.cache_duration,
        }
    }

    /// What of it ends next; or has ended by `now`, where nothing else lasts in its place.
    pub fn ends_next(&self, now: Timestamp) -> Option<(Ending, Timestamp)> {
        let keys = self.keys.iter().filter(|key| !self.is_replaced(key, now));
        let ends = keys.filter_map(|key| Some((Ending::Certificate, key.not_after?)));
        let own = self.valid_until.map(|end| (Ending::Metadata, end));
        own.into_iter().chain(ends).min_by_key(|(_, end)| *end)
    }

    /// Whether the time of this certificate is over, and another key lasts for all that it is for: then it is only one that
    /// nobody took out.
    fn is_replaced(&self, key: &ListedKey, now: Timestamp) -> bool {
        let lasts = |key: &ListedKey| key.not_after.is_none_or(|end| end > now);
        let is_for = |key: &ListedKey, wanted| [wanted, KeyUse::Both].contains(&key.key_use);
        let has_another = |wanted| {
            let mut others = self.keys.iter();
            others.any(|other| lasts(other) && is_for(other, wanted))
        };
        let mut uses = [KeyUse::Encryption, KeyUse::Signing].into_iter();
        !lasts(key) && uses.all(|wanted| !is_for(key, wanted) || has_another(wanted))
    }
}

/// The addresses for logout (saml-metadata-2.0 §2.4.2) that may be used at all.
fn read_logout(role: Element<'_, '_>, schemes: Schemes) -> Vec<ListedService> {
    role.children()
        .filter(|child| child.is(vocab::MD, "SingleLogoutService"))
        .filter_map(|service| {
            let location = service.attribute("Location")?;
            Some(ListedService {
                index: None,
                binding: service.attribute("Binding")?.to_owned(),
                location: EndpointUrl::parse(location, schemes).ok()?.to_string(),
                is_default: false,
            })
        })
        .collect()
}

/// Notes what only whoever registers the provider needs to know.
fn note(
    outline: &Outline,
    described: &Described,
    config: &SpConfig,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let posts = outline.assertion_consumer_services.iter();
    let posts = posts.filter(|service| service.binding == vocab::BINDING_POST);
    match posts.count() {
        0 | 1 => {}
        several => findings.push(Finding::SeveralAcs(several)),
    }
    if outline.authn_requests_signed {
        match config.require_signed_requests {
            Some(false) => findings.push(Finding::PromiseWaived),
            Some(true) | None => findings.push(Finding::PromisesSignatures),
        }
    }
    for facts in described.keys.iter().filter_map(VerifyingKey::certificate) {
        let (subject, at) = (facts.subject().to_owned(), facts.not_after());
        if now < at && at.duration_since(now) < SOON {
            findings.push(Finding::CertificateEndsSoon { subject, at });
        }
    }
    let is_told = |finding: &Finding| matches!(finding, Finding::InClear);
    if config.encrypt != Encrypt::Never
        && described.encryption_key.is_none()
        && !findings.iter().any(is_told)
    {
        findings.push(Finding::NoKeyForEncryption);
    }
    if outline.single_logout_services.is_empty() {
        findings.push(Finding::NoLogout);
    }
}

#[cfg(test)]
#[path = "outline_tests.rs"]
pub(super) mod tests;
