//! Reads the lists of attributes that a provider asks for (saml-metadata-2.0 §2.4.4.1).

use std::collections::HashSet;

use super::{
    finding::Finding,
    values::{read_boolean, read_index},
};
use crate::{
    model::{
        service_provider::{AttributeConsumingService, RequestedAttribute},
        vocab,
    },
    xml::door::Element,
};

/// Reads every `AttributeConsumingService` of a role. One without an index is one that no request can
/// name, and of two with one index the first counts: a request must not mean either.
pub(super) fn read_all(
    descriptor: Element<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Vec<AttributeConsumingService> {
    let mut services: Vec<AttributeConsumingService> = Vec::new();
    let mut indexes = HashSet::new();
    let elements = descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "AttributeConsumingService"));
    for element in elements {
        let Some(index) = element.attribute("index").and_then(read_index) else {
            continue;
        };
        if !indexes.insert(index) {
            findings.push(Finding::AttributeConsumingServiceRepeated(index));
            continue;
        }
        let is_default = read_boolean(element, "isDefault", findings);
        let requested = element
            .children()
            .filter(|child| child.is(vocab::MD, "RequestedAttribute"))
            .filter_map(|child| read_requested(child, findings))
            .collect();
        services.push(AttributeConsumingService {
            index,
            is_default,
            requested,
        });
    }
    services
}

/// One that cannot be read in full asks for nothing: of values that are unknown, any might be told.
fn read_requested(
    element: Element<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Option<RequestedAttribute> {
    let is_required = read_boolean(element, "isRequired", findings);
    Some(RequestedAttribute {
        name: element.attribute("Name")?.trim().to_owned(),
        name_format: element
            .attribute("NameFormat")
            .map(|it| it.trim().to_owned()),
        is_required: is_required.unwrap_or(false),
        values: read_values(element)?,
    })
}

/// The text of every `saml:AttributeValue` in `attribute`; none where one is more than text.
pub(super) fn read_values(attribute: Element<'_, '_>) -> Option<Vec<String>> {
    attribute
        .children()
        .filter(|child| child.is(vocab::SAML, "AttributeValue"))
        .map(|value| value.text().ok().map(|text| text.trim().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, open};

    fn read(content: &str) -> (Vec<AttributeConsumingService>, Vec<Finding>) {
        let xml = format!(
            "<md:SPSSODescriptor xmlns:md='{}' xmlns:saml='{}'>{content}</md:SPSSODescriptor>",
            vocab::MD,
            vocab::SAML
        );
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let mut findings = Vec::new();
        let services = read_all(document.root(), &mut findings);
        (services, findings)
    }

    #[test]
    fn iip_idp04_a_list_is_read_with_its_names_formats_and_values() {
        let (services, findings) = read(
            "<md:AttributeConsumingService index='1' isDefault='1'>\
             <md:ServiceName xml:lang='en'>Reading room</md:ServiceName>\
             <md:RequestedAttribute Name=' urn:a ' NameFormat='urn:f' isRequired='true'>\
             <saml:AttributeValue> x </saml:AttributeValue><saml:AttributeValue/>\
             </md:RequestedAttribute><md:RequestedAttribute Name='urn:b'/>\
             <md:RequestedAttribute NameFormat='urn:f'/><x xmlns='urn:other' Name='urn:c'/>\
             <md:RequestedAttribute Name='urn:d'><saml:AttributeValue><x/>\
             </saml:AttributeValue></md:RequestedAttribute></md:AttributeConsumingService>",
        );
        assert!(findings.is_empty(), "{findings:?}");
        let requested = |name: &str| RequestedAttribute {
            name: name.to_owned(),
            name_format: None,
            is_required: false,
            values: Vec::new(),
        };
        let expected = AttributeConsumingService {
            index: 1,
            is_default: Some(true),
            requested: vec![
                RequestedAttribute {
                    name_format: Some("urn:f".to_owned()),
                    is_required: true,
                    values: vec!["x".to_owned(), String::new()],
                    ..requested("urn:a")
                },
                requested("urn:b"),
            ],
        };
        assert_eq!(services, [expected]);
    }

    #[test]
    fn of_two_lists_of_one_index_the_first_counts_and_it_is_told() {
        let (services, findings) = read(
            "<md:AttributeConsumingService index='1'><md:RequestedAttribute Name='urn:a'/>\
             </md:AttributeConsumingService><md:AttributeConsumingService index='1'>\
             <md:RequestedAttribute Name='urn:b'/></md:AttributeConsumingService>",
        );
        assert_eq!(services.len(), 1);
        assert_eq!(services[0].requested[0].name, "urn:a");
        let is_told = matches!(
            findings[..],
            [Finding::AttributeConsumingServiceRepeated(1)]
        );
        assert!(is_told, "{findings:?}");
    }

    #[test]
    fn what_decides_and_is_neither_true_nor_false_is_a_fault() {
        for bad in [
            "<md:AttributeConsumingService index='1' isDefault='yes'/>",
            "<md:AttributeConsumingService index='1'>\
             <md:RequestedAttribute Name='a' isRequired=''/></md:AttributeConsumingService>",
        ] {
            let (_, findings) = read(bad);
            assert!(matches!(findings[..], [Finding::Boolean(_)]), "{bad}");
        }
    }
}
