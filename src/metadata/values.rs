//! Values of attributes that several elements of metadata have.

use super::finding::Finding;
use crate::xml::door::Element;

/// Reads an `xs:boolean`; one that is neither true nor false is a fault.
pub(super) fn read_boolean(
    element: Element<'_, '_>,
    name: &'static str,
    findings: &mut Vec<Finding>,
) -> Option<bool> {
    match element.attribute(name)?.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => {
            findings.push(Finding::Boolean(name));
            None
        }
    }
}

/// Reads an `xs:unsignedShort` without the forms that nobody writes, such as `+1`.
pub(super) fn read_index(text: &str) -> Option<u16> {
    let text = text.trim();
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}
