//! The one view on XML that was read: what `saml`, `metadata` and `xmlsec` see.
//!
//! An [`Element`] only looks down from an *apex* and may hide one subtree. So
//! what the signature verifier hands back shows exactly what was signed: no way
//! up to what surrounds it, and no way into the signature itself (R-01).

use roxmltree::{Node, NodeId};

/// One XML document that passed the door. `Debug` shows no content.
pub struct Document<'i> {
    tree: roxmltree::Document<'i>,
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({:?})", self.root())
    }
}

impl<'i> Document<'i> {
    pub(super) const fn new(tree: roxmltree::Document<'i>) -> Self {
        Self { tree }
    }

    /// The root element.
    pub fn root(&self) -> Element<'_, 'i> {
        let node = self.tree.root_element();
        Element {
            node,
            apex: node.id(),
            hidden: None,
        }
    }
}

/// Why an element does not have the shape that was asked of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ShapeFault {
    /// Two children where the standard allows one. Readers that take the first
    /// and readers that take the last would disagree.
    #[error("a child element that may occur once occurs again")]
    Repeated,
    /// An element stands where only text may.
    #[error("an element where only text may stand")]
    NotText,
}

/// An element of a [`Document`], as far as it may be seen.
///
/// Two are equal when they are the same place in the same document. `Debug`
/// shows names, never content: an `AuthnRequest` or a `NameID` is not for logs.
#[derive(Clone, Copy)]
pub struct Element<'t, 'i> {
    node: Node<'t, 'i>,
    apex: NodeId,
    hidden: Option<NodeId>,
}

impl Eq for Element<'_, '_> {}

impl PartialEq for Element<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl std::fmt::Debug for Element<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Element({{{}}}{})", self.namespace(), self.local_name())
    }
}

impl<'t, 'i> Element<'t, 'i> {
    /// Whether this is the element `local_name` of `namespace`.
    pub fn is(&self, namespace: &str, local_name: &str) -> bool {
        self.local_name() == local_name && self.namespace() == namespace
    }

    /// The URI of its namespace, empty when it has none.
    pub fn namespace(&self) -> &'t str {
        self.node.tag_name().namespace().unwrap_or_default()
    }

    /// Its name without prefix.
    pub fn local_name(&self) -> &'t str {
        self.node.tag_name().name()
    }

    /// The value of an attribute without namespace.
    ///
    /// `saml:ID` is not `ID`: SAML's attributes are unqualified.
    pub fn attribute(&self, local_name: &str) -> Option<&'t str> {
        self.attribute_ns("", local_name)
    }

    /// The value of an attribute of `namespace`.
    pub fn attribute_ns(&self, namespace: &str, local_name: &str) -> Option<&'t str> {
        self.attributes()
            // The name first: few are equal, and nearly all namespaces are.
            .find(|(ns, name, _)| *name == local_name && *ns == namespace)
            .map(|(_, _, value)| value)
    }

    /// All attributes but namespace declarations: namespace, local name, value.
    pub fn attributes(&self) -> impl Iterator<Item = (&'t str, &'t str, &'t str)> + use<'t, 'i> {
        self.node.attributes().map(|attribute| {
            let namespace = attribute.namespace().unwrap_or_default();
            (namespace, attribute.name(), attribute.value())
        })
    }

    /// The child elements, in order.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'t, 'i> {
        let parent = *self;
        self.node
            .children()
            .filter(move |node| node.is_element() && Some(node.id()) != parent.hidden)
            .map(move |node| parent.beside(node))
    }

    /// The one child of that name, or none.
    ///
    /// # Errors
    ///
    /// [`ShapeFault::Repeated`] when there are two.
    pub fn only(&self, namespace: &str, local_name: &str) -> Result<Option<Self>, ShapeFault> {
        let mut found = self
            .children()
            .filter(|child| child.is(namespace, local_name));
        let first = found.next();
        if found.next().is_some() {
            return Err(ShapeFault::Repeated);
        }
        Ok(first)
    }

    /// The whole text inside, with references resolved.
    ///
    /// Comments and processing instructions, where the door let them pass, cut
    /// nothing off: `admin<!---->@evil` is one text (CVE-2017-11427 and others).
    ///
    /// # Errors
    ///
    /// [`ShapeFault::NotText`] when an element is inside.
    pub fn text(&self) -> Result<String, ShapeFault> {
        let mut whole = String::new();
        for node in self.node.children() {
            if node.is_element() {
                return Err(ShapeFault::NotText);
            }
            if node.is_text() {
                whole.push_str(node.text().unwrap_or_default());
            }
        }
        Ok(whole)
    }

    /// The element around this one; none at the apex of what may be seen.
    pub fn parent(&self) -> Option<Self> {
        if self.node.id() == self.apex {
            return None;
        }
        self.node.parent_element().map(|node| self.beside(node))
    }

    /// This element and all below it, in document order.
    pub fn descendants(&self) -> impl Iterator<Item = Self> + use<'t, 'i> {
        let top = *self;
        let hidden = self
            .hidden
            .and_then(|id| self.node.document().get_node(id))
            .map(|node| node.range());
        self.node
            .descendants()
            .filter(Node::is_element)
            .filter(move |node| {
                !hidden
                    .as_ref()
                    .is_some_and(|range| range.contains(&node.range().start))
            })
            .map(move |node| top.beside(node))
    }

    /// The same element with nothing above it, and without `hidden`.
    pub(crate) fn alone_without(&self, hidden: Self) -> Self {
        Self {
            node: self.node,
            apex: self.node.id(),
            hidden: Some(hidden.node.id()),
        }
    }

    /// Whether anything but elements and white space is directly inside.
    pub(crate) fn has_own_text(&self) -> bool {
        self.node.children().any(|node| {
            node.is_text()
                && !node
                    .text()
                    .unwrap_or_default()
                    .chars()
                    .all(super::text::is_xml_space)
        })
    }

    /// Whether a comment, processing instruction or CDATA section is anywhere
    /// inside. The tree shows CDATA as plain text, so the source is asked.
    pub(crate) fn has_interruptions(&self) -> bool {
        self.node
            .descendants()
            .any(|node| node.is_comment() || node.is_pi())
            || self
                .node
                .document()
                .input_text()
                .get(self.node.range())
                .is_none_or(|source| source.contains("<![CDATA["))
    }

    pub(super) const fn node(&self) -> Node<'t, 'i> {
        self.node
    }

    pub(super) const fn hidden(&self) -> Option<NodeId> {
        self.hidden
    }

    const fn beside(&self, node: Node<'t, 'i>) -> Self {
        Self {
            node,
            apex: self.apex,
            hidden: self.hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::door::{Limits, open};
    use super::*;

    fn read(xml: &str) -> Document<'_> {
        open(xml.as_bytes(), &Limits::METADATA).unwrap()
    }

    #[test]
    fn a_qualified_attribute_is_not_taken_for_the_plain_one() {
        let document = read(r#"<a xmlns:p="urn:p" p:ID="1" ID="2"/>"#);
        assert_eq!(document.root().attribute("ID"), Some("2"));
        assert_eq!(document.root().attribute_ns("urn:p", "ID"), Some("1"));
        let document = read(r#"<a xmlns:p="urn:p" p:ID="1"/>"#);
        assert_eq!(document.root().attribute("ID"), None);
    }

    #[test]
    fn names_are_namespace_and_local_name_whatever_the_prefix() {
        let document = read(r#"<x:a xmlns:x="urn:1"><a xmlns="urn:1"/><a/></x:a>"#);
        let root = document.root();
        assert!(root.is("urn:1", "a"));
        let children: Vec<_> = root.children().collect();
        assert!(children[0].is("urn:1", "a"));
        assert!(children[1].is("", "a"));
        assert_eq!(format!("{root:?}"), "Element({urn:1}a)");
    }

    #[test]
    fn a_second_child_of_the_same_name_is_a_fault() {
        let document = read("<a><b/><c/><b/></a>");
        let root = document.root();
        assert_eq!(root.only("", "b"), Err(ShapeFault::Repeated));
        assert!(root.only("", "c").unwrap().is_some());
        assert_eq!(root.only("", "d"), Ok(None));
    }

    #[test]
    fn r03_a_comment_does_not_cut_the_text() {
        let document = read("<a>admin<!-- -->@evil<?p q?>.example<![CDATA[&]]>&amp;</a>");
        assert_eq!(document.root().text().unwrap(), "admin@evil.example&&");
    }

    #[test]
    fn text_with_an_element_inside_is_a_fault() {
        let document = read("<a>b<c/>d</a>");
        assert_eq!(document.root().text(), Err(ShapeFault::NotText));
    }

    #[test]
    fn r01_an_element_that_stands_alone_shows_neither_its_surroundings_nor_the_hidden_part() {
        let document = read("<a><b><c><d/></c><e/></b><f/></a>");
        let b = document.root().children().next().unwrap();
        let c = b.children().next().unwrap();
        assert!(b.parent().is_some());
        let alone = b.alone_without(c);
        assert_eq!(alone.parent(), None);
        let seen: Vec<_> = alone.descendants().map(|e| e.local_name()).collect();
        assert_eq!(seen, ["b", "e"]);
        let e = alone.children().next().unwrap();
        assert_eq!(e.local_name(), "e");
        assert_eq!(e.parent(), Some(b));
        assert_eq!(e.parent().unwrap().parent(), None);
    }
}
