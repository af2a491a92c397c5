//! The `Response` around the assertion, read from the message as it came.
//!
//! samael reduces a message to its verified bytes: when only the assertion is
//! signed, `Status`, `Destination` and the rest of the `Response` are gone
//! before it could look at them. This is the second reading, by a strict parser
//! that knows no DOCTYPE. What it yields is unproven.

use chrono::{DateTime, Utc};
use roxmltree::{Document, Node};

use crate::vocab;

/// The unproven parts of a `Response`.
#[derive(Debug, Default)]
pub(crate) struct Shell {
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) issue_instant: Option<DateTime<Utc>>,
    pub(crate) destination: Option<String>,
    pub(crate) in_response_to: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) issuer_format: Option<String>,
    pub(crate) status: Option<Status>,
    /// The `ID` of each plain assertion anywhere in the message.
    pub(crate) assertion_ids: Vec<String>,
    /// Encrypted assertions anywhere in the message.
    pub(crate) encrypted: usize,
    /// Assertions, plain or encrypted, that are children of the root.
    pub(crate) direct: usize,
    pub(crate) first_audience: Option<String>,
    pub(crate) signatures: Vec<SignatureShape>,
}

/// The two status codes, as they came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Status {
    pub(crate) top: String,
    pub(crate) second: Option<String>,
    pub(crate) message: Option<String>,
}

/// What one `Signature` says of itself.
#[derive(Debug)]
pub(crate) struct SignatureShape {
    /// The element that holds it.
    pub(crate) parent: String,
    /// Whether its only `Reference` names that element's `ID`.
    pub(crate) covers_parent: bool,
    /// Whether exclusive C14N is used throughout, with no other transform.
    pub(crate) is_exclusive: bool,
}

impl Shell {
    /// Reads the message.
    ///
    /// # Errors
    ///
    /// The text is not well-formed, holds a DOCTYPE, or its root is not a
    /// `Response` of the protocol name space.
    pub(crate) fn read(xml: &str) -> Result<Self, String> {
        let tree = Document::parse(xml).map_err(|error| error.to_string())?;
        let root = tree.root_element();
        if !root.has_tag_name((vocab::PROTOCOL, "Response")) {
            return Err(format!(
                "the root is {{{}}}{}, not a Response",
                root.tag_name().namespace().unwrap_or_default(),
                root.tag_name().name()
            ));
        }
        let owned = |name: &str| root.attribute(name).map(str::to_owned);
        let issuer = child(root, vocab::ASSERTION, "Issuer");
        let all = |name: &'static str| {
            root.descendants()
                .filter(move |node| node.has_tag_name((vocab::ASSERTION, name)))
        };
        Ok(Self {
            id: owned("ID"),
            version: owned("Version"),
            issue_instant: root.attribute("IssueInstant").and_then(instant),
            destination: owned("Destination"),
            in_response_to: owned("InResponseTo"),
            issuer: issuer.and_then(|node| node.text()).map(str::to_owned),
            issuer_format: issuer
                .and_then(|node| node.attribute("Format"))
                .map(str::to_owned),
            status: child(root, vocab::PROTOCOL, "Status").and_then(status),
            assertion_ids: all("Assertion")
                .map(|node| node.attribute("ID").unwrap_or_default().to_owned())
                .collect(),
            encrypted: all("EncryptedAssertion").count(),
            direct: all("Assertion")
                .chain(all("EncryptedAssertion"))
                .filter(|node| node.parent() == Some(root))
                .count(),
            first_audience: all("Audience")
                .find_map(|node| node.text())
                .map(str::to_owned),
            signatures: root
                .descendants()
                .filter(|node| node.has_tag_name((vocab::DSIG, "Signature")))
                .map(signature)
                .collect(),
        })
    }
}

/// Reads a point in time; saml-core-2.0 §1.3.3 wants UTC.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|time| time.offset().local_minus_utc() == 0)
        .map(|time| time.to_utc())
}

fn child<'tree>(
    node: Node<'tree, 'tree>,
    space: &'static str,
    name: &'static str,
) -> Option<Node<'tree, 'tree>> {
    node.children()
        .find(|child| child.has_tag_name((space, name)))
}

fn status(node: Node<'_, '_>) -> Option<Status> {
    let code = |node: Node<'_, '_>| node.attribute("Value").map(str::to_owned);
    let find = |node: Node<'_, '_>, name: &'static str| {
        node.children()
            .find(|child| child.has_tag_name((vocab::PROTOCOL, name)))
            .map(|child| child.id())
    };
    let tree = node.document();
    let top = tree.get_node(find(node, "StatusCode")?)?;
    Some(Status {
        top: code(top)?,
        second: find(top, "StatusCode")
            .and_then(|id| tree.get_node(id))
            .and_then(code),
        message: find(node, "StatusMessage")
            .and_then(|id| tree.get_node(id))
            .and_then(|node| node.text())
            .map(str::to_owned),
    })
}

fn signature(node: Node<'_, '_>) -> SignatureShape {
    let parent = node.parent_element();
    let parent_id = parent.and_then(|parent| parent.attribute("ID"));
    let named = |name: &'static str| {
        node.descendants()
            .filter(move |node| node.has_tag_name((vocab::DSIG, name)))
    };
    let references: Vec<_> = named("Reference")
        .map(|reference| reference.attribute("URI").unwrap_or_default())
        .collect();
    let expected = parent_id.map(|id| format!("#{id}"));
    let algorithms_are = |name, allowed: &[&str]| {
        named(name).all(|node| {
            node.attribute("Algorithm")
                .is_some_and(|algorithm| allowed.contains(&algorithm))
        })
    };
    SignatureShape {
        parent: parent.map_or_else(String::new, |parent| parent.tag_name().name().to_owned()),
        covers_parent: expected.is_some_and(|expected| references == [expected.as_str()]),
        is_exclusive: algorithms_are("CanonicalizationMethod", &[vocab::EXCLUSIVE_C14N])
            && algorithms_are("Transform", &[vocab::EXCLUSIVE_C14N, vocab::ENVELOPED]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doctype_is_refused_before_anything_is_read() {
        let xml = format!(
            "<!DOCTYPE x [<!ENTITY e 'v'>]><p:Response xmlns:p=\"{}\"/>",
            vocab::PROTOCOL
        );
        assert!(Shell::read(&xml).is_err());
    }

    #[test]
    fn a_response_of_another_name_space_is_no_response() {
        assert!(Shell::read("<Response/>").is_err());
        assert!(Shell::read("<p:Response xmlns:p=\"urn:other\"/>").is_err());
    }

    #[test]
    fn both_status_codes_and_the_message_are_read() {
        let xml = format!(
            "<p:Response xmlns:p=\"{}\"><p:Status><p:StatusCode Value=\"a\"><p:StatusCode \
             Value=\"b\"/></p:StatusCode><p:StatusMessage>m</p:StatusMessage></p:Status>\
             </p:Response>",
            vocab::PROTOCOL
        );
        let status = Shell::read(&xml).unwrap().status.unwrap();
        assert_eq!(status.top, "a");
        assert_eq!(status.second.as_deref(), Some("b"));
        assert_eq!(status.message.as_deref(), Some("m"));
    }

    #[test]
    fn a_time_without_a_zone_or_of_another_zone_is_none() {
        assert!(instant("2026-11-23T10:00:00").is_none());
        assert!(instant("2026-11-23T10:00:00+01:00").is_none());
        assert!(instant("2026-11-23T10:00:00.5Z").is_some());
    }
}
