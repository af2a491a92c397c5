//! Reads what a federation or the provider itself says of an entity: categories, signals
//! (sstc-metadata-attr-v1.0, `mdattr:EntityAttributes`).
//!
//! They stand in the `Extensions` of the entity, or of a group around it, whose entities all have them
//! (§2.3). What cannot be read is not there, which only ever takes away: see `attributes::asked`.

use std::iter;

use super::attribute_consuming_service::read_values;
use crate::{
    model::{service_provider::EntityAttribute, vocab},
    xml::door::Element,
};

/// Reads those of `entity` and of all groups around it. An `Assertion` among them, which another party
/// would vouch for, is none.
pub(super) fn read(entity: Element<'_, '_>) -> Vec<EntityAttribute> {
    let levels = iter::successors(Some(entity), Element::parent);
    levels.flat_map(read_level).collect()
}

fn read_level(level: Element<'_, '_>) -> impl Iterator<Item = EntityAttribute> {
    let extensions = level.only(vocab::MD, "Extensions").ok().flatten();
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

    #[test]
    fn iip_idp03_what_a_group_says_is_said_of_every_entity_in_it() {
        let of = |name: &str| CATEGORY.replace("urn:category", name);
        let xml = format!(
            "<md:EntitiesDescriptor xmlns:md='{}' xmlns:mdattr='{}' xmlns:saml='{}'>{}\
             <md:EntitiesDescriptor>{}<md:EntityDescriptor>{}</md:EntityDescriptor>\
             <md:EntityDescriptor/></md:EntitiesDescriptor><md:EntitiesDescriptor>{}\
             </md:EntitiesDescriptor></md:EntitiesDescriptor>",
            vocab::MD,
            vocab::MDATTR,
            vocab::SAML,
            in_extensions(&of("urn:outer")),
            in_extensions(&of("urn:inner")),
            in_extensions(&of("urn:own")),
            in_extensions(&of("urn:beside")),
        );
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let is_entity = |element: &Element<'_, '_>| element.is(vocab::MD, "EntityDescriptor");
        let names: Vec<Vec<_>> = document
            .root()
            .descendants()
            .filter(is_entity)
            .map(|entity| read(entity).into_iter().map(|it| it.name).collect())
            .collect();
        let expected = [
            vec!["urn:own", "urn:inner", "urn:outer"],
            vec!["urn:inner", "urn:outer"],
        ];
        assert_eq!(names, expected);
    }
}
