//! Reads what a federation or the provider itself says of an entity: categories, signals
//! (sstc-metadata-attr-v1.0, `mdattr:EntityAttributes`).
//!
//! They stand in the entity's own `Extensions`. What cannot be read is not there, which only ever
//! takes away: see `attributes::asked`.

use super::attribute_consuming_service::read_values;
use crate::{
    model::{service_provider::EntityAttribute, vocab},
    xml::door::Element,
};

/// Reads those of `entity`. An `Assertion` among them, which another party would vouch for, is none.
pub(super) fn read(entity: Element<'_, '_>) -> Vec<EntityAttribute> {
    let extensions = entity.only(vocab::MD, "Extensions").ok().flatten();
    let attributes = extensions.and_then(|extensions| {
        let found = extensions.only(vocab::MDATTR, "EntityAttributes");
        found.ok().flatten()
    });
    attributes
        .into_iter()
        .flat_map(|attributes| attributes.children())
        .filter(|child| child.is(vocab::SAML, "Attribute"))
        .filter_map(|attribute| {
            Some(EntityAttribute {
                name: attribute.attribute("Name")?.trim().to_owned(),
                name_format: attribute.attribute("NameFormat")?.trim().to_owned(),
                values: read_values(attribute)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, open};

    const CATEGORY: &str = "<saml:Attribute Name='urn:category' NameFormat='urn:f'>\
        <saml:AttributeValue>\n a \n</saml:AttributeValue><saml:AttributeValue>b</saml:AttributeValue>\
        </saml:Attribute>";

    fn read_of(content: &str) -> Vec<EntityAttribute> {
        let xml = format!(
            "<md:EntityDescriptor xmlns:md='{}' xmlns:mdattr='{}' xmlns:saml='{}'>{content}\
             </md:EntityDescriptor>",
            vocab::MD,
            vocab::MDATTR,
            vocab::SAML
        );
        read(open(xml.as_bytes(), &Limits::METADATA).unwrap().root())
    }

    fn in_extensions(content: &str) -> String {
        format!(
            "<md:Extensions><mdattr:EntityAttributes>{content}</mdattr:EntityAttributes>\
             </md:Extensions>"
        )
    }

    #[test]
    fn iip_idp03_an_entity_attribute_is_read_with_all_its_values() {
        let expected = EntityAttribute {
            name: "urn:category".to_owned(),
            name_format: "urn:f".to_owned(),
            values: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(read_of(&in_extensions(CATEGORY)), [expected]);
    }

    #[test]
    fn what_stands_elsewhere_or_cannot_be_read_is_none() {
        let in_assertion = format!(
            "<saml:Assertion><saml:AttributeStatement>{CATEGORY}</saml:AttributeStatement>\
             </saml:Assertion>"
        );
        let in_role = format!(
            "<md:SPSSODescriptor>{}</md:SPSSODescriptor>",
            in_extensions(CATEGORY)
        );
        for content in [
            in_extensions(&in_assertion),
            in_role,
            in_extensions(CATEGORY).repeat(2),
            in_extensions(&CATEGORY.replace("Name='urn:category'", "")),
            in_extensions(&CATEGORY.replace("NameFormat='urn:f'", "")),
            in_extensions(&CATEGORY.replace(">b<", "><x/><")),
            CATEGORY.to_owned(),
        ] {
            assert_eq!(read_of(&content), [], "{content}");
        }
    }
}
