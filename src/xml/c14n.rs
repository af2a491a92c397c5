//! Canonicalisation: the bytes that a signature covers. Exclusive XML
//! Canonicalization 1.0, and Canonical XML 1.0 and 1.1 where the two are one.
//!
//! Works on the one tree that the door built, so that what is digested and
//! what is read cannot differ. It fails rather than guess: an empty or partial
//! output that passes for a result has been a way around signatures
//! (CVE-2025-66568), so there is none.

use std::borrow::Cow;

use roxmltree::Node;

use super::element::Element;
use super::text::is_xml_space;

/// How to canonicalise.
///
/// The default is plain `http://www.w3.org/2001/10/xml-exc-c14n#`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExclusiveC14n {
    /// Whether comments are part of the output (`…#WithComments`).
    pub with_comments: bool,
    /// The prefixes of `InclusiveNamespaces PrefixList`, with the empty string
    /// for `#default`: they are written as if every element used them.
    pub inclusive_prefixes: Vec<String>,
}

/// The inclusive way: Canonical XML 1.0 and 1.1, as far as they say the same.
///
/// They differ in the attributes `xml:…` that an element takes over from what is
/// around it and not part of the output (1.1 §2.4), and in nothing else. An
/// element with such surroundings has no form here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct InclusiveC14n {
    /// Whether comments are part of the output (`…#WithComments`).
    pub with_comments: bool,
}

/// Why an element has no canonical form here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum C14nFault {
    /// Nothing came out.
    #[error("the canonical form is empty")]
    Empty,
    /// An attribute `xml:…` on an element around the one that is canonicalised:
    /// Canonical XML 1.0 and 1.1 do not agree on which of them it takes over.
    #[error("an attribute xml:… around what inclusive canonicalisation is asked of")]
    InheritedXmlAttribute,
    /// The source does not show the prefix that the tree was built from.
    #[error("a name in the tree does not match its source")]
    LostName,
    /// A namespace name without scheme. Canonical XML 1.0 §1.3 has
    /// implementations fail on it, and they differ in whether they do.
    #[error("a relative namespace name")]
    RelativeNamespace,
    /// A namespace name with characters that implementations escape differently
    /// or refuse: markup, white space, anything beyond ASCII.
    #[error("a namespace name with characters that are not those of a URI")]
    UnsafeNamespace,
}

impl ExclusiveC14n {
    /// The canonical form of `apex` and what is in it.
    ///
    /// `left_out` and what is in it are treated as absent: the enveloped
    /// signature transform. What the view on `apex` hides is absent as well.
    ///
    /// # Errors
    ///
    /// When there is no canonical form; nothing was proven then.
    pub fn canonicalize(
        &self,
        apex: Element<'_, '_>,
        left_out: Option<Element<'_, '_>>,
    ) -> Result<String, C14nFault> {
        let declared = Declared::Used {
            and: &self.inclusive_prefixes,
        };
        canonicalize(apex, left_out, self.with_comments, declared)
    }
}

impl InclusiveC14n {
    /// The canonical form of `apex` and what is in it, with every namespace that is in scope;
    /// otherwise as [`ExclusiveC14n::canonicalize`].
    ///
    /// # Errors
    ///
    /// When there is no canonical form; nothing was proven then.
    pub fn canonicalize(
        self,
        apex: Element<'_, '_>,
        left_out: Option<Element<'_, '_>>,
    ) -> Result<String, C14nFault> {
        let mut around = apex.node().ancestors().skip(1).flat_map(|n| n.attributes());
        if around.any(|attribute| attribute.namespace() == Some(roxmltree::NS_XML_URI)) {
            return Err(C14nFault::InheritedXmlAttribute);
        }
        canonicalize(apex, left_out, self.with_comments, Declared::InScope)
    }
}

fn canonicalize(
    apex: Element<'_, '_>,
    left_out: Option<Element<'_, '_>>,
    with_comments: bool,
    declared: Declared<'_>,
) -> Result<String, C14nFault> {
    let mut pass = Pass {
        declared,
        with_comments,
        left_out: [left_out.map(|element| element.node().id()), apex.hidden()],
        // What is in scope but not yet written; innermost last.
        written: Vec::new(),
        out: String::with_capacity(apex.node().range().len()),
    };
    pass.element(apex.node())?;
    if pass.out.is_empty() {
        return Err(C14nFault::Empty);
    }
    Ok(pass.out)
}

/// Which namespaces an element declares, where none around it in the output did.
#[derive(Clone, Copy)]
enum Declared<'o> {
    /// All that are in scope.
    InScope,
    /// Those whose prefixes it visibly uses, and those of these prefixes.
    Used { and: &'o [String] },
}

struct Pass<'t, 'o> {
    declared: Declared<'o>,
    with_comments: bool,
    left_out: [Option<roxmltree::NodeId>; 2],
    written: Vec<(&'t str, &'t str)>,
    out: String,
}

impl<'t> Pass<'t, '_> {
    /// Writes one element. Recursion goes as deep as [`Limits::depth`] allows.
    ///
    /// [`Limits::depth`]: super::door::Limits::depth
    fn element(&mut self, node: Node<'t, '_>) -> Result<(), C14nFault> {
        if self.left_out.contains(&Some(node.id())) {
            return Ok(());
        }
        let prefix = prefix_of(node)?;
        let mut attributes: Vec<CanonicalAttribute<'t>> = Vec::with_capacity(8);
        for attribute in node.attributes() {
            let name = source(node, attribute.range_qname())?;
            attributes.push(CanonicalAttribute {
                namespace: attribute.namespace().unwrap_or_default(),
                local_name: attribute.name(),
                name,
                value: attribute.value(),
            });
        }
        attributes.sort_unstable_by_key(|a| (a.namespace, a.local_name));

        let in_scope = self.written.len();
        self.out.push('<');
        push_name(&mut self.out, prefix, node.tag_name().name());
        self.namespaces(node, prefix, &attributes)?;
        for attribute in &attributes {
            self.out.push(' ');
            self.out.push_str(attribute.name);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, attribute.value);
            self.out.push('"');
        }
        self.out.push('>');
        for child in node.children() {
            self.child(child)?;
        }
        self.out.push_str("</");
        push_name(&mut self.out, prefix, node.tag_name().name());
        self.out.push('>');
        self.written.truncate(in_scope);
        Ok(())
    }

    fn child(&mut self, node: Node<'t, '_>) -> Result<(), C14nFault> {
        match node.node_type() {
            roxmltree::NodeType::Element => self.element(node)?,
            roxmltree::NodeType::Text => {
                escape_text(&mut self.out, node.text().unwrap_or_default());
            }
            roxmltree::NodeType::Comment if self.with_comments => {
                self.out.push_str("<!--");
                self.out
                    .push_str(&line_ends(node.text().unwrap_or_default()));
                self.out.push_str("-->");
            }
            roxmltree::NodeType::PI => {
                if let Some(pi) = node.pi() {
                    self.out.push_str("<?");
                    self.out.push_str(pi.target);
                    if let Some(value) = pi.value {
                        self.out.push(' ');
                        self.out.push_str(&line_ends(value));
                    }
                    self.out.push_str("?>");
                }
            }
            roxmltree::NodeType::Comment | roxmltree::NodeType::Root => {}
        }
        Ok(())
    }

    /// Writes the declarations that this element needs and none around it made:
    /// those of prefixes it visibly uses or that are asked for (exclusive §3), or all
    /// that are in scope (Canonical XML §2.3).
    fn namespaces(
        &mut self,
        node: Node<'t, '_>,
        prefix: &'t str,
        attributes: &[CanonicalAttribute<'t>],
    ) -> Result<(), C14nFault> {
        let mut needed: Vec<(&'t str, &'t str)> = Vec::with_capacity(4);
        needed.push((prefix, uri_of(node, prefix)));
        for attribute in attributes {
            if let Some((prefix, _)) = attribute.name.split_once(':')
                && prefix != "xml"
            {
                needed.push((prefix, attribute.namespace));
            }
        }
        let in_scope = || {
            node.namespaces()
                .map(|ns| (ns.name().unwrap_or_default(), ns.uri()))
                .filter(|(prefix, _)| *prefix != "xml")
        };
        match self.declared {
            Declared::InScope => {
                needed.push(("", uri_of(node, "")));
                needed.extend(in_scope());
            }
            Declared::Used { and } => {
                for asked in and {
                    match in_scope().find(|(prefix, _)| prefix == asked) {
                        Some(found) => needed.push(found),
                        None if asked.is_empty() => needed.push(("", "")),
                        None => {}
                    }
                }
            }
        }
        needed.sort_unstable();
        for (prefix, uri) in needed {
            let around = self.written.iter().rev().find(|(name, _)| *name == prefix);
            if around.map_or("", |(_, uri)| uri) == uri {
                continue;
            }
            check_namespace(uri)?;
            self.out.push_str(" xmlns");
            if !prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(prefix);
            }
            self.out.push_str("=\"");
            self.out.push_str(uri);
            self.out.push('"');
            self.written.push((prefix, uri));
        }
        Ok(())
    }
}

struct CanonicalAttribute<'t> {
    namespace: &'t str,
    local_name: &'t str,
    name: &'t str,
    value: &'t str,
}

fn push_name(out: &mut String, prefix: &str, local_name: &str) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local_name);
}

fn uri_of<'t>(node: Node<'t, '_>, prefix: &str) -> &'t str {
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
    node.lookup_namespace_uri(prefix).unwrap_or_default()
}

/// The prefix as written: the tree keeps only what it means.
fn prefix_of<'t>(node: Node<'t, '_>) -> Result<&'t str, C14nFault> {
    let local_name = node.tag_name().name();
    let tag = source(node, node.range())?
        .strip_prefix('<')
        .ok_or(C14nFault::LostName)?;
    let end = |c: char| is_xml_space(c) || matches!(c, '/' | '>');
    let name = tag.split(end).next().unwrap_or_default();
    match name.rsplit_once(':') {
        Some((prefix, name)) if name == local_name => Ok(prefix),
        None if name == local_name => Ok(""),
        Some(_) | None => Err(C14nFault::LostName),
    }
}

fn source<'t>(node: Node<'t, '_>, range: std::ops::Range<usize>) -> Result<&'t str, C14nFault> {
    node.document()
        .input_text()
        .get(range)
        .ok_or(C14nFault::LostName)
}

/// Refuses what canonicalisers do not agree on.
fn check_namespace(uri: &str) -> Result<(), C14nFault> {
    if uri.is_empty() {
        return Ok(());
    }
    let is_unsafe = |c: char| !c.is_ascii_graphic() || matches!(c, '&' | '<' | '>' | '"' | '\'');
    if uri.contains(is_unsafe) {
        return Err(C14nFault::UnsafeNamespace);
    }
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    if scheme.is_some_and(is_scheme) {
        Ok(())
    } else {
        Err(C14nFault::RelativeNamespace)
    }
}

/// Line ends as a parser must hand them over (XML 1.0 §2.11); the tree builder
/// leaves comments and processing instructions as they are.
fn line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes character data in canonical form (Canonical XML 1.0 §2.3).
pub(super) fn escape_text(out: &mut String, text: &str) {
    escape(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        0..=u8::MAX => None,
    });
}

/// Writes an attribute value in canonical form, to stand between double quotes.
pub(super) fn escape_attribute(out: &mut String, value: &str) {
    escape(out, value, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        0..=u8::MAX => None,
    });
}

fn escape(out: &mut String, text: &str, replacement: impl Fn(u8) -> Option<&'static str>) {
    // Most texts need none, which is told without a branch a byte.
    let is_plain = text
        .bytes()
        .fold(true, |all, byte| all & replacement(byte).is_none());
    if is_plain {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some((at, escaped)) = rest
        .bytes()
        .enumerate()
        .find_map(|(at, byte)| Some((at, replacement(byte)?)))
    {
        // All that is replaced is ASCII, so both cuts are between characters.
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(escaped);
        rest = tail.split_at(1).1;
    }
    out.push_str(rest);
}

#[cfg(test)]
#[path = "c14n_tests.rs"]
mod tests;
