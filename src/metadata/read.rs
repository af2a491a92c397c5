//! Reads the metadata of one service provider (saml-metadata-2.0 §2.4.4).
//!
//! Owns what is taken from a file. Everything that is wrong is told, not the first thing only. What
//! is not used here is survived: other roles, other bindings, extensions.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{
    attribute_consuming_service,
    encryption_method::Wish,
    entities, entity_attributes,
    finding::Finding,
    key_descriptor::{self, Keys},
    refused_algorithms,
    signature_methods::SignatureMethods,
    ui_info, validity,
    values::{read_boolean, read_index},
};
use crate::{
    config::{
        sections::{Encrypt, Sign},
        sp::SpConfig,
    },
    model::{
        endpoint::{EndpointUrl, Schemes},
        entity_id::{EntityId, InvalidEntityId},
        service_provider::{AssertionConsumerService, ServiceProvider},
        vocab,
    },
    xml::door::{self, Document, Element, Limits},
    xmlsec::{Allowed, EncryptionKey, Sha1, VerifyingKey, verify_enveloped_whole},
};

/// What was found in a metadata file.
#[derive(Debug)]
pub struct Reading {
    /// The provider; none where there is a fault.
    pub provider: Option<Described>,
    /// The entityID that the file gives itself, be there a fault or not.
    pub claimed: Option<EntityId>,
    /// Everything that is wrong in it, or will be.
    pub findings: Vec<Finding>,
}

/// A provider as its metadata describes it, with its keys.
#[derive(Debug)]
pub struct Described {
    /// What the metadata says.
    pub sp: ServiceProvider,
    /// The keys that verify its requests.
    pub keys: Vec<VerifyingKey>,
    /// The key that its assertions are encrypted to; there is one where they must be.
    pub encryption_key: Option<EncryptionKey>,
    /// The signatures that it declares to verify.
    pub signature_methods: SignatureMethods,
    /// The URIs of the algorithms that are refused of it and not used for it.
    pub refused: Vec<&'static str>,
}

/// Reads the metadata of the provider that `config` describes, as it stands at `now`.
pub fn read(bytes: &[u8], config: &SpConfig, schemes: Schemes, now: Timestamp) -> Reading {
    let mut findings = Vec::new();
    let mut claimed = None;
    let provider = match open(bytes, &Limits::metadata_of(config.metadata_max_mib)) {
        Ok(document) => match vouched(document.root(), config)
            .and_then(|root| entities::find(root, config.entity_id.as_ref()))
        {
            Ok(entity) => {
                claimed = parse_entity_id(entity).ok();
                read_entity(entity, config, schemes, now, &mut findings)
            }
            Err(fault) => {
                findings.push(fault);
                None
            }
        },
        Err(fault) => {
            findings.push(fault);
            None
        }
    };
    let is_sound = !findings.iter().any(Finding::is_fault);
    Reading {
        provider: provider.filter(|_| is_sound),
        claimed,
        findings,
    }
}

/// Opens the document.
pub(super) fn open<'i>(bytes: &'i [u8], limits: &Limits) -> Result<Document<'i>, Finding> {
    if bytes.trim_ascii().is_empty() {
        return Err(Finding::Empty);
    }
    door::open(bytes, limits).map_err(Finding::Door)
}

/// What of a document counts: where keys are configured that sign it, what one of them signed, and nothing
/// else is read (R-90, IIP-MD03).
fn vouched<'t, 'i>(root: Element<'t, 'i>, config: &SpConfig) -> Result<Element<'t, 'i>, Finding> {
    let Some(pem) = &config.metadata_signed_by else {
        return Ok(root);
    };
    let keys = VerifyingKey::all_from_pem(pem).map_err(Finding::SignedBy)?;
    let allowed = Allowed {
        sha1: Sha1::Refused,
        refused: &refused_algorithms::uris(&config.refused_algorithms),
    };
    let verified = verify_enveloped_whole(root, &keys, allowed).map_err(Finding::Signature)?;
    Ok(verified.into_inner())
}

pub(super) fn parse_entity_id(entity: Element<'_, '_>) -> Result<EntityId, InvalidEntityId> {
    EntityId::parse(entity.attribute("entityID").unwrap_or_default())
}

fn read_entity(
    entity: Element<'_, '_>,
    config: &SpConfig,
    schemes: Schemes,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Option<Described> {
    let entity_id = parse_entity_id(entity)
        .map_err(|fault| findings.push(Finding::EntityId(fault)))
        .ok();
    let descriptor = sp_descriptor(entity, findings)?;
    let validity = validity::read(descriptor, findings);
    validity.judge(config.max_validity_days, now, findings);
    let authn_requests_signed = read_boolean(descriptor, "AuthnRequestsSigned", findings);
    let want_assertions_signed = read_boolean(descriptor, "WantAssertionsSigned", findings);
    let assertion_consumer_services = read_acs(descriptor, schemes, findings);
    let refused = refused_algorithms::uris(&config.refused_algorithms);
    let wish = Wish::of(config, &refused);
    let Keys {
        signing,
        encryption,
        ..
    } = key_descriptor::read(descriptor, (config.encrypt, wish), now, findings);
    if config.encrypt == Encrypt::Always && encryption.is_none() {
        findings.push(Finding::NoEncryptionKey);
    }
    let sp = ServiceProvider {
        short_name: config.short_name.clone(),
        entity_id: entity_id?,
        aliases: config.aliases.clone(),
        assertion_consumer_services,
        attribute_consuming_services: attribute_consuming_service::read_all(descriptor, findings),
        entity_attributes: entity_attributes::read(entity),
        name_id_formats: read_name_id_formats(descriptor, findings),
        authn_requests_signed: authn_requests_signed.unwrap_or(false),
        want_assertions_signed: want_assertions_signed.unwrap_or(false),
        ui_info: ui_info::read(descriptor, schemes, findings),
        valid_until: validity.valid_until,
        cache_duration: validity.cache_duration,
    };
    if signing.is_empty() {
        let must = config
            .require_signed_requests
            .unwrap_or(sp.authn_requests_signed);
        findings.push(if must {
            Finding::NoSigningKeyToRequire
        } else {
            Finding::NoSigningKey
        });
    }
    compare(&sp, config, findings);
    if encryption.is_some() && config.sign == Sign::Assertion {
        findings.push(Finding::EncryptedInUnsignedResponse);
    }
    Some(Described {
        sp,
        keys: signing,
        encryption_key: encryption,
        signature_methods: SignatureMethods::read(entity, descriptor),
        refused,
    })
}

/// Finds the one role that is used here; an entity may have others beside it.
fn sp_descriptor<'t, 'i>(
    entity: Element<'t, 'i>,
    findings: &mut Vec<Finding>,
) -> Option<Element<'t, 'i>> {
    let mut descriptors = entities::sp_descriptors(entity);
    let first = descriptors.next();
    if first.is_none() {
        findings.push(Finding::NoServiceProvider);
    }
    if descriptors.next().is_some() {
        findings.push(Finding::SeveralServiceProviders);
    }
    first
}

fn read_acs(
    descriptor: Element<'_, '_>,
    schemes: Schemes,
    findings: &mut Vec<Finding>,
) -> Vec<AssertionConsumerService> {
    let elements = descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "AssertionConsumerService"));
    let mut services: Vec<AssertionConsumerService> = Vec::new();
    let mut indexes = HashSet::new();
    let mut takes_post = false;
    for (place, element) in (1_usize..).zip(elements) {
        takes_post |= element.attribute("Binding") == Some(vocab::BINDING_POST);
        let Some(service) = read_one_acs(element, place, schemes, findings) else {
            continue;
        };
        if !indexes.insert(service.index) {
            findings.push(Finding::AcsIndexRepeated(service.index));
        }
        services.push(service);
    }
    // What is wrong with one that would is a fault of its own, and told.
    if !takes_post {
        findings.push(Finding::NoPost);
    }
    if services
        .iter()
        .filter(|service| service.is_default == Some(true))
        .count()
        > 1
    {
        findings.push(Finding::SeveralDefaults);
    }
    services
}

fn read_one_acs(
    element: Element<'_, '_>,
    place: usize,
    schemes: Schemes,
    findings: &mut Vec<Finding>,
) -> Option<AssertionConsumerService> {
    let binding = element.attribute("Binding").unwrap_or_default().to_owned();
    let index = element.attribute("index").and_then(read_index);
    let location = EndpointUrl::parse(element.attribute("Location").unwrap_or_default(), schemes);
    // An address that never gets an answer must not keep the provider out; one that does get them is
    // right in every point.
    if binding != vocab::BINDING_POST && (index.is_none() || location.is_err()) {
        findings.push(Finding::OtherBindingIgnored(place));
        return None;
    }
    let is_default = read_boolean(element, "isDefault", findings);
    if index.is_none() {
        findings.push(Finding::AcsIndex(place));
    }
    let location = location
        .map_err(|fault| findings.push(Finding::AcsLocation { place, fault }))
        .ok();
    if location
        .as_ref()
        .is_some_and(|location| location.as_str().starts_with("http:"))
    {
        findings.push(Finding::Http(place));
    }
    Some(AssertionConsumerService {
        index: index?,
        location: location?,
        binding,
        is_default,
    })
}

fn read_name_id_formats(descriptor: Element<'_, '_>, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut formats = Vec::new();
    for element in descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "NameIDFormat"))
    {
        match element.text() {
            Ok(text) => formats.push(text.trim().to_owned()),
            Err(_) => findings.push(Finding::Shape("NameIDFormat")),
        }
    }
    formats
}

/// Tells where the provider and what the administrator wrote about it do not fit together.
fn compare(provider: &ServiceProvider, config: &SpConfig, findings: &mut Vec<Finding>) {
    if provider.want_assertions_signed && config.sign == Sign::Response {
        findings.push(Finding::SignedAssertionWanted);
    }
    let formats = &provider.name_id_formats;
    let any = formats.is_empty()
        || formats
            .iter()
            .any(|listed| listed == vocab::NAME_ID_UNSPECIFIED);
    if let Some(ours) = config.name_id.format()
        && !any
        && !formats.iter().any(|listed| listed == ours.urn())
    {
        findings.push(Finding::NameIdFormat);
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
pub(super) mod tests;
