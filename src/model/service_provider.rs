//! A service provider, as its metadata describes it.

use jiff::{SignedDuration, Timestamp};

use super::{
    endpoint::EndpointUrl, entity_id::EntityId, language::Localized, short_name::ShortName,
};

/// A service provider, as its metadata describes it (saml-metadata-2.0 §2.4.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceProvider {
    /// Our own name for it.
    pub short_name: ShortName,
    /// The `entityID` of its metadata.
    pub entity_id: EntityId,
    /// Other names by which the same provider calls itself.
    pub aliases: Vec<EntityId>,
    /// Where it takes Responses, in the order of the metadata; never empty.
    pub assertion_consumer_services: Vec<AssertionConsumerService>,
    /// The lists of attributes that it asks for; each has an index of its own.
    pub attribute_consuming_services: Vec<AttributeConsumingService>,
    /// What its metadata says of it as a whole.
    pub entity_attributes: Vec<EntityAttribute>,
    /// The `NameIDFormat` elements, as written.
    pub name_id_formats: Vec<String>,
    /// Whether its metadata promises that its requests are signed.
    pub authn_requests_signed: bool,
    /// Whether its metadata wants the assertion itself signed.
    pub want_assertions_signed: bool,
    /// What it says of itself to people.
    pub ui_info: UiInfo,
    /// When this description ends.
    pub valid_until: Option<Timestamp>,
    /// After how long it ought to be fetched again (`cacheDuration`).
    pub cache_duration: Option<SignedDuration>,
}

impl ServiceProvider {
    /// Whether the provider calls itself `name`, byte for byte.
    pub fn is_named(&self, name: &EntityId) -> bool {
        self.entity_id == *name || self.aliases.contains(name)
    }
}

/// What a provider says of itself to people (sstc-saml-metadata-ui-v1.0 §2.1, `mdui:UIInfo`), as far as our
/// pages show it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UiInfo {
    /// Its name.
    pub display_name: Option<Localized>,
    /// A sentence or two on what it is.
    pub description: Option<Localized>,
    /// Where it tells more: an address on the web.
    pub information_url: Option<Localized>,
    /// Where it says what it does with what it is told of people: an address on the web.
    pub privacy_statement_url: Option<Localized>,
}

/// One endpoint that takes Responses (saml-metadata-2.0 §2.4.4, `AssertionConsumerService`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssertionConsumerService {
    /// Its `index`.
    pub index: u16,
    /// Its `Location`.
    pub location: EndpointUrl,
    /// Its `Binding`, as written.
    pub binding: String,
    /// Its `isDefault`, where stated.
    pub is_default: Option<bool>,
}

/// A list of attributes that a provider asks for, and that a request may name
/// (saml-metadata-2.0 §2.4.4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttributeConsumingService {
    /// Its `index`.
    pub index: u16,
    /// Its `isDefault`, where stated.
    pub is_default: Option<bool>,
    /// What it asks for.
    pub requested: Vec<RequestedAttribute>,
}

/// One attribute that a provider asks for (saml-metadata-2.0 §2.4.4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAttribute {
    /// Its `Name`.
    pub name: String,
    /// Its `NameFormat`, where stated.
    pub name_format: Option<String>,
    /// Whether the provider cannot do without.
    pub is_required: bool,
    /// The only values that it asks for; any where there are none.
    pub values: Vec<String>,
}

/// What metadata says of an entity (sstc-metadata-attr-v1.0): a category, a signal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntityAttribute {
    /// Its `Name`.
    pub name: String,
    /// Its `NameFormat`.
    pub name_format: String,
    /// Its values.
    pub values: Vec<String>,
}
