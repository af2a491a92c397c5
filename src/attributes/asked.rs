//! What a provider asks for in its metadata, and whether the condition of a release rule is met.
//!
//! A condition only takes away: what no rule of the administrator allows is not sent, whatever the
//! metadata asks for.

use crate::{
    config::sections::{NamedValue, When},
    model::{
        service_provider::{
            AttributeConsumingService, EntityAttribute, RequestedAttribute, ServiceProvider,
        },
        trace::Verdict,
        vocab,
    },
};

/// What one request of a provider asks for, by its metadata.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    service: Option<&'a AttributeConsumingService>,
    entity_attributes: &'a [EntityAttribute],
}

/// What a provider's metadata must say before an attribute is sent to it.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Whether the provider must ask for it.
    pub(super) when: When,
    /// What the metadata must say of the provider as a whole.
    pub(super) entity_attribute: Option<NamedValue>,
}

/// Why a rule does not apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unmet {
    /// The metadata lacks the entity attribute that the rule names.
    EntityAttribute,
    /// The provider does not ask for the attribute.
    NotRequested,
    /// It asks for it, and could do without.
    NotRequired,
}

impl Unmet {
    /// What the trace says of it.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::EntityAttribute => Verdict::NotOfTheFederation,
            Self::NotRequested => Verdict::NotRequested,
            Self::NotRequired => Verdict::NotRequired,
        }
    }
}

impl<'a> Asked<'a> {
    /// What `sp` asks for in the `AttributeConsumingService` that its request names by `index`, or
    /// else in its default one.
    pub fn of(sp: &'a ServiceProvider, index: Option<u16>) -> Self {
        let services = &sp.attribute_consuming_services;
        let service = match index {
            // An index that is not there means nothing, and never another one.
            Some(index) => services.iter().find(|service| service.index == index),
            None => default_of(services),
        };
        Self {
            service,
            entity_attributes: &sp.entity_attributes,
        }
    }

    /// Whether an attribute of that name and format may be sent under `condition`: the values to which
    /// the provider limits itself, where it does.
    pub(super) fn check(
        &self,
        condition: &Condition,
        (name, name_format): (&str, &str),
    ) -> Result<&'a [String], Unmet> {
        let has_entity_attribute = condition.entity_attribute.as_ref().is_none_or(|wanted| {
            self.values_of(&wanted.name)
                .any(|value| *value == wanted.value)
        });
        if !has_entity_attribute {
            return Err(Unmet::EntityAttribute);
        }
        if condition.when == When::Always {
            return Ok(&[]);
        }
        if self.signals(name) {
            return Ok(&[]);
        }
        let requested = self
            .requested(name, name_format)
            .ok_or(Unmet::NotRequested)?;
        if condition.when == When::Required && !requested.is_required {
            return Err(Unmet::NotRequired);
        }
        Ok(&requested.values)
    }

    fn requested(&self, name: &str, name_format: &str) -> Option<&'a RequestedAttribute> {
        let is_meant = |asked: &&RequestedAttribute| {
            let format = asked.name_format.as_deref();
            asked.name == name
                && format.is_none_or(|it| [name_format, vocab::ATTRNAME_UNSPECIFIED].contains(&it))
        };
        self.service?.requested.iter().find(is_meant)
    }

    /// Whether the entity attribute for it requires this subject identifier
    /// (saml-subject-id-attr-v1.0 §2.3). Where either would do, each that the administrator allows is
    /// one. Several signals contradict one another, and are none.
    fn signals(&self, name: &str) -> bool {
        let mut signals = self.values_of(vocab::ENTITY_ATTR_SUBJECT_ID_REQ);
        let signal = match (signals.next(), signals.next()) {
            (Some(signal), None) => signal.as_str(),
            (Some(_) | None, _) => return false,
        };
        match name {
            vocab::ATTR_SUBJECT_ID => ["subject-id", "any"].contains(&signal),
            vocab::ATTR_PAIRWISE_ID => ["pairwise-id", "any"].contains(&signal),
            _ => false,
        }
    }

    /// The values of an entity attribute, whose name is a URI.
    fn values_of(&self, name: &str) -> impl Iterator<Item = &'a String> {
        self.entity_attributes
            .iter()
            .filter(move |it| it.name == name && it.name_format == vocab::ATTRNAME_URI)
            .flat_map(|it| &it.values)
    }
}

/// The default of a list of indexed elements (saml-metadata-2.0 §2.2.3).
fn default_of(services: &[AttributeConsumingService]) -> Option<&AttributeConsumingService> {
    let stated = |wanted| {
        services
            .iter()
            .find(move |service| service.is_default == wanted)
    };
    stated(Some(true))
        .or_else(|| stated(None))
        .or_else(|| services.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    fn requested(name: &str, format: Option<&str>, is_required: bool) -> RequestedAttribute {
        RequestedAttribute {
            name: name.to_owned(),
            name_format: format.map(str::to_owned),
            is_required,
            values: Vec::new(),
        }
    }

    fn service(
        index: u16,
        is_default: Option<bool>,
        requested: Vec<RequestedAttribute>,
    ) -> AttributeConsumingService {
        AttributeConsumingService {
            index,
            is_default,
            requested,
        }
    }

    fn when(when: When) -> Condition {
        Condition {
            when,
            entity_attribute: None,
        }
    }

    fn signal(values: &[&str]) -> Vec<EntityAttribute> {
        vec![EntityAttribute {
            name: vocab::ENTITY_ATTR_SUBJECT_ID_REQ.to_owned(),
            name_format: vocab::ATTRNAME_URI.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }]
    }

    #[test]
    fn the_default_is_the_one_that_says_so_then_one_that_says_nothing_then_the_first() {
        let (yes, no) = (Some(true), Some(false));
        for (stated, expected) in [
            (&[no, None, yes][..], Some(2)),
            (&[no, None, None], Some(1)),
            (&[no, no], Some(0)),
            (&[yes, yes], Some(0)),
            (&[], None),
        ] {
            let services: Vec<_> = (0_u16..)
                .zip(stated)
                .map(|(index, is_default)| service(index, *is_default, Vec::new()))
                .collect();
            let found = default_of(&services).map(|service| service.index);
            assert_eq!(found, expected, "{stated:?}");
        }
    }

    #[test]
    fn breach_of_iip_idp04_what_is_asked_for_is_asked_for_by_name_and_format() {
        let (uri, basic) = (vocab::ATTRNAME_URI, vocab::ATTRNAME_BASIC);
        for (format, is_met) in [
            (None, true),
            (Some(uri), true),
            (Some(vocab::ATTRNAME_UNSPECIFIED), true),
            (Some(basic), false),
            (Some(""), false),
        ] {
            let service = service(0, None, vec![requested("urn:x", format, false)]);
            let asked = Asked {
                service: Some(&service),
                entity_attributes: &[],
            };
            let check = |condition, name| asked.check(&when(condition), (name, uri));
            let found = check(When::Requested, "urn:x");
            assert_eq!(found.is_ok(), is_met, "{format:?}");
            assert_eq!(check(When::Requested, "urn:X"), Err(Unmet::NotRequested));
            let not_required = check(When::Required, "urn:x");
            assert!(not_required.is_err());
            assert!(check(When::Always, "urn:other").is_ok());
        }
        let nothing = Asked::default();
        let found = nothing.check(&when(When::Requested), ("urn:x", uri));
        assert_eq!(found, Err(Unmet::NotRequested));
    }

    #[test]
    fn sdp_the_signal_for_subject_identifiers_asks_for_the_one_that_it_names() {
        let names = [vocab::ATTR_SUBJECT_ID, vocab::ATTR_PAIRWISE_ID, "urn:x"];
        for (values, expected) in [
            (&["subject-id"][..], [true, false, false]),
            (&["pairwise-id"], [false, true, false]),
            (&["any"], [true, true, false]),
            (&["none"], [false; 3]),
            (&["Any"], [false; 3]),
            (&["subject-id", "pairwise-id"], [false; 3]),
            (&[], [false; 3]),
        ] {
            let entity_attributes = signal(values);
            let asked = Asked {
                service: None,
                entity_attributes: &entity_attributes,
            };
            let found = names.map(|name| {
                let condition = when(When::Required);
                asked.check(&condition, (name, vocab::ATTRNAME_URI)).is_ok()
            });
            assert_eq!(found, expected, "{values:?}");
        }
    }

    #[test]
    fn breach_of_iip_idp03_an_entity_attribute_is_met_by_name_format_and_value_exactly() {
        let condition = |name: &str, value: &str| Condition {
            when: When::Always,
            entity_attribute: Some(NamedValue {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
        };
        let mut entity_attributes = signal(&["a", "b"]);
        entity_attributes[0].name = "urn:category".to_owned();
        let name = ("urn:x", vocab::ATTRNAME_URI);
        for (wanted, is_met) in [
            (condition("urn:category", "a"), true),
            (condition("urn:category", "b"), true),
            (condition("urn:category", "c"), false),
            (condition("urn:category", "A"), false),
            (condition("urn:Category", "a"), false),
            (condition("urn:category", ""), false),
        ] {
            let asked = Asked {
                service: None,
                entity_attributes: &entity_attributes,
            };
            assert_eq!(asked.check(&wanted, name).is_ok(), is_met, "{wanted:?}");
        }
        entity_attributes[0].name_format = vocab::ATTRNAME_BASIC.to_owned();
        let asked = Asked {
            service: None,
            entity_attributes: &entity_attributes,
        };
        let found = asked.check(&condition("urn:category", "a"), name);
        assert_eq!(found, Err(Unmet::EntityAttribute));
    }
}
