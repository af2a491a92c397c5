//! Finds the entity that is meant in a file of one or of many (saml-metadata-2.0 §2.3).
//!
//! Of the others in the file nothing is read, so that what is wrong with them keeps nobody out. A
//! file is taken whole, within the bounds of [`Limits::METADATA`](crate::xml::Limits::METADATA): that
//! is some hundred entities, and a federation where the administrator raises them.

use std::iter;

use super::finding::Finding;
use crate::{
    model::{entity_id::EntityId, vocab},
    xml::door::Element,
};

/// Finds the `EntityDescriptor` of `wanted` below `root` or in it; where nobody says which one is
/// meant, the only one that describes a service provider of SAML 2.0.
pub(super) fn find<'t, 'i>(
    root: Element<'t, 'i>,
    wanted: Option<&EntityId>,
) -> Result<Element<'t, 'i>, Finding> {
    let is_alone = root.is(vocab::MD, "EntityDescriptor");
    if !is_alone && !root.is(vocab::MD, "EntitiesDescriptor") {
        return Err(Finding::NotEntities);
    }
    let mut candidates: Vec<_> = entities(root)
        .into_iter()
        .filter(|entity| match wanted {
            Some(name) => entity.attribute("entityID") == Some(name.as_str()),
            // What is odd about a single one is told where it is read.
            None => is_alone || sp_descriptors(*entity).next().is_some(),
        })
        .collect();
    match (candidates.pop(), candidates.len(), wanted) {
        (Some(entity), 0, _) => Ok(entity),
        // A reader that takes the first and one that takes the last would believe different keys.
        (Some(_), _, Some(_)) => Err(Finding::EntityRepeated),
        (Some(_), others, None) => Err(Finding::SeveralEntities(others.saturating_add(1))),
        (None, _, Some(_)) => Err(Finding::NoSuchEntity),
        (None, _, None) => Err(Finding::NoServiceProvider),
    }
}

/// How many entities the file that `inside` stands in describes, whatever they are.
pub(super) fn count(inside: Element<'_, '_>) -> usize {
    let root = iter::successors(Some(inside), Element::parent).last();
    root.map_or(0, |root| entities(root).len())
}

/// The roles of `entity` that are used here; it may have others beside them.
pub(super) fn sp_descriptors<'t, 'i>(
    entity: Element<'t, 'i>,
) -> impl Iterator<Item = Element<'t, 'i>> {
    entity.children().filter(|child| {
        let protocols = child
            .attribute("protocolSupportEnumeration")
            .unwrap_or_default();
        child.is(vocab::MD, "SPSSODescriptor")
            && protocols
                .split_ascii_whitespace()
                .any(|protocol| protocol == vocab::SAMLP)
    })
}

/// Every `EntityDescriptor` of the document. One that stands anywhere but in groups, in an extension
/// for example, is none of it. How deep groups nest is bounded at the door.
fn entities<'t, 'i>(root: Element<'t, 'i>) -> Vec<Element<'t, 'i>> {
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(element) = open.pop() {
        if element.is(vocab::MD, "EntityDescriptor") {
            found.push(element);
        } else if element.is(vocab::MD, "EntitiesDescriptor") {
            open.extend(element.children());
        }
    }
    found
}

#[cfg(test)]
#[path = "entities_tests.rs"]
mod tests;
