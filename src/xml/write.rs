//! Writes our XML so that it already is its own exclusive canonical form.
//!
//! What is written can then be digested as it stands: no parse, no second tree
//! and no canonicalisation between building a message and signing it. Names are
//! `'static` and text is always escaped, so a value cannot become markup;
//! no comment, processing instruction or document type can be written.

use super::c14n::{escape_attribute, escape_text};
use super::text::{is_ncname, is_xml_text};

/// Why nothing was written. The first fault sticks; the caller's code or a
/// value it should have checked with [`is_xml_text`] is the cause.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WriteFault {
    /// A character that XML 1.0 cannot hold, not even escaped.
    #[error("a character outside XML 1.0")]
    Character,
    /// The embedded part would declare a namespace that is already declared
    /// where it is put: the whole would not be canonical.
    #[error("the embedded part is not canonical at this place")]
    Embedding,
    /// Something is no `NCName`.
    #[error("not an XML name")]
    Name,
    /// An attribute was given twice.
    #[error("an attribute given twice")]
    RepeatedAttribute,
    /// A second signature slot, or one outside the root element.
    #[error("a misplaced signature slot")]
    Slot,
    /// Not exactly one root element, opened and closed.
    #[error("elements opened and closed do not make one document")]
    Unbalanced,
    /// A prefix that is not in the table.
    #[error("an unknown namespace prefix")]
    UnknownPrefix,
}

/// A self-contained element in exclusive canonical form.
///
/// Only [`Writer`] and the signer make one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Canonical {
    xml: String,
    slot: Option<Slot>,
    root_id: Option<String>,
    /// Prefixes that are declared somewhere inside.
    prefixes: Vec<&'static str>,
}

/// Where the signature goes, and which prefixes are declared there.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Slot {
    at: usize,
    declared: Vec<&'static str>,
}

impl Canonical {
    /// The XML, without XML declaration.
    pub fn as_str(&self) -> &str {
        &self.xml
    }

    /// The XML, without XML declaration.
    pub fn into_string(self) -> String {
        self.xml
    }

    /// The XML before and after the signature slot, if there is one.
    pub(crate) fn around_slot(&self) -> Option<(&str, &str)> {
        self.xml.split_at_checked(self.slot.as_ref()?.at)
    }

    /// The `ID` attribute of the root element.
    pub(crate) fn root_id(&self) -> Option<&str> {
        self.root_id.as_deref()
    }

    /// The same with its slot filled by `element`, which declares the namespace
    /// of `prefix` itself. None when there is no slot or it would not be canonical.
    pub(crate) fn with_slot_filled(&self, element: &str, prefix: &'static str) -> Option<Self> {
        let (before, after) = self.around_slot()?;
        if self.slot.as_ref()?.declared.contains(&prefix) {
            return None;
        }
        let mut prefixes = self.prefixes.clone();
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
        let mut xml = String::with_capacity(before.len() + element.len() + after.len());
        xml.push_str(before);
        xml.push_str(element);
        xml.push_str(after);
        Some(Self {
            xml,
            slot: None,
            root_id: self.root_id.clone(),
            prefixes,
        })
    }
}

/// Writes one document.
///
/// A namespace is declared exactly where exclusive canonicalisation would
/// declare it: on the first element of a path that visibly uses its prefix.
#[derive(Debug)]
pub struct Writer {
    table: &'static [(&'static str, &'static str)],
    xml: String,
    open: Vec<OpenElement>,
    declared: Vec<&'static str>,
    ever_declared: Vec<&'static str>,
    slot: Option<Slot>,
    root_id: Option<String>,
    fault: Option<WriteFault>,
}

#[derive(Debug)]
struct OpenElement {
    prefix: &'static str,
    name: &'static str,
    declared_before: usize,
}

impl Writer {
    /// A writer that knows the prefixes of `table`: pairs of prefix and URI.
    ///
    /// URIs are taken as they are: absolute, and free of markup.
    pub fn new(table: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            table,
            xml: String::with_capacity(8 * 1024),
            open: Vec::with_capacity(8),
            declared: Vec::with_capacity(4),
            ever_declared: Vec::with_capacity(4),
            slot: None,
            root_id: None,
            fault: None,
        }
    }

    /// Opens an element. Attributes may come in any order; a name is
    /// unqualified, of a prefix of the table, or `xml:lang`.
    pub fn start(
        &mut self,
        prefix: &'static str,
        name: &'static str,
        attributes: &[(&'static str, &str)],
    ) {
        if self.open.is_empty() {
            if !self.xml.is_empty() {
                self.fail(WriteFault::Unbalanced);
            }
            self.root_id = attributes
                .iter()
                .find(|(name, _)| *name == "ID")
                .map(|(_, value)| (*value).to_owned());
        }
        let declared_before = self.declared.len();
        if !is_ncname(name) {
            self.fail(WriteFault::Name);
        }
        self.xml.push('<');
        self.push_qname(prefix, name);
        let is_plain = attributes.iter().all(|(name, _)| !is_prefixed(name));
        if is_plain {
            self.declare_one(prefix);
        } else {
            self.declare(prefix, attributes);
        }
        let is_sorted = is_plain
            && attributes
                .windows(2)
                // By octet, and at once: names are short and mostly differ in the first one.
                .all(|pair| matches!(pair, [(a, _), (b, _)] if a.bytes().lt(b.bytes())));
        if is_sorted {
            for (name, value) in attributes {
                self.attribute(name, name, value);
            }
        } else {
            let mut sorted: Vec<_> = attributes
                .iter()
                .map(|(name, value)| (self.expanded(name), *name, *value))
                .collect();
            sorted.sort_unstable();
            for (at, (expanded, name, value)) in sorted.iter().enumerate() {
                if sorted.get(at + 1).is_some_and(|next| next.0 == *expanded) {
                    self.fail(WriteFault::RepeatedAttribute);
                }
                let local_name = name.split_once(':').map_or(*name, |(_, name)| name);
                self.attribute(name, local_name, value);
            }
        }
        self.xml.push('>');
        self.open.push(OpenElement {
            prefix,
            name,
            declared_before,
        });
    }

    /// Writes character data into the open element.
    pub fn text(&mut self, text: &str) {
        if self.open.is_empty() {
            self.fail(WriteFault::Unbalanced);
        }
        if !is_xml_text(text) {
            self.fail(WriteFault::Character);
        }
        escape_text(&mut self.xml, text);
    }

    /// Closes the element that was opened last.
    pub fn end(&mut self) {
        let Some(element) = self.open.pop() else {
            return self.fail(WriteFault::Unbalanced);
        };
        self.xml.push_str("</");
        self.push_qname(element.prefix, element.name);
        self.xml.push('>');
        self.declared.truncate(element.declared_before);
    }

    /// Writes an element that holds text and nothing else.
    pub fn leaf(
        &mut self,
        prefix: &'static str,
        name: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) {
        self.start(prefix, name, attributes);
        self.text(text);
        self.end();
    }

    /// Marks where the root's signature goes: in SAML, right after `Issuer`.
    pub fn signature_slot(&mut self) {
        if self.open.len() != 1 || self.slot.is_some() {
            self.fail(WriteFault::Slot);
        }
        self.slot = Some(Slot {
            at: self.xml.len(),
            declared: self.declared.clone(),
        });
    }

    /// Puts a finished part in: a signed `Assertion` into its `Response`.
    ///
    /// It stays self-contained, so that it can also be read or encrypted alone.
    pub fn embed(&mut self, part: &Canonical) {
        if self.open.is_empty() {
            self.fail(WriteFault::Unbalanced);
        }
        let is_declared = |prefix| self.declared.contains(prefix);
        if part.prefixes.iter().any(is_declared) {
            self.fail(WriteFault::Embedding);
        }
        for prefix in &part.prefixes {
            if !self.ever_declared.contains(prefix) {
                self.ever_declared.push(prefix);
            }
        }
        self.xml.push_str(&part.xml);
    }

    /// Ends the document.
    ///
    /// # Errors
    ///
    /// The first fault of any call before, or an element still open.
    pub fn finish(mut self) -> Result<Canonical, WriteFault> {
        if !self.open.is_empty() || self.xml.is_empty() {
            self.fail(WriteFault::Unbalanced);
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        Ok(Canonical {
            xml: self.xml,
            slot: self.slot,
            root_id: self.root_id,
            prefixes: self.ever_declared,
        })
    }

    const fn fail(&mut self, fault: WriteFault) {
        if self.fault.is_none() {
            self.fault = Some(fault);
        }
    }

    fn uri(&self, prefix: &str) -> Option<&'static str> {
        let known = self.table.iter().find(|(name, _)| *name == prefix);
        known.map(|(_, uri)| *uri)
    }

    /// What attributes are sorted by: namespace, then local name.
    fn expanded(&self, name: &'static str) -> (&'static str, &'static str) {
        match name.split_once(':') {
            Some(("xml", name)) => ("http://www.w3.org/XML/1998/namespace", name),
            Some((prefix, name)) => (self.uri(prefix).unwrap_or_default(), name),
            None => ("", name),
        }
    }

    /// Declares what the element visibly uses and nothing around it declared.
    fn declare(&mut self, prefix: &'static str, attributes: &[(&'static str, &str)]) {
        let of_attributes = attributes
            .iter()
            .filter_map(|(name, _)| name.split_once(':'))
            .map(|(prefix, _)| prefix)
            .filter(|prefix| *prefix != "xml");
        let mut needed: Vec<_> = of_attributes.chain([prefix]).collect();
        needed.sort_unstable();
        for prefix in needed {
            self.declare_one(prefix);
        }
    }

    fn declare_one(&mut self, prefix: &'static str) {
        // Mostly it is the very same word of the program, which needs no comparison of octets.
        let is_it = |known: &&str| std::ptr::eq(*known, prefix) || *known == prefix;
        if self.declared.iter().any(is_it) {
            return;
        }
        let Some(uri) = self.uri(prefix) else {
            return self.fail(WriteFault::UnknownPrefix);
        };
        if !is_ncname(prefix) {
            self.fail(WriteFault::Name);
        }
        self.xml.push_str(" xmlns:");
        self.xml.push_str(prefix);
        self.xml.push_str("=\"");
        self.xml.push_str(uri);
        self.xml.push('"');
        self.declared.push(prefix);
        if !self.ever_declared.contains(&prefix) {
            self.ever_declared.push(prefix);
        }
    }

    fn attribute(&mut self, name: &'static str, local_name: &'static str, value: &str) {
        // Declarations are ours alone to write.
        if !is_ncname(local_name) || name == "xmlns" {
            self.fail(WriteFault::Name);
        }
        if !is_xml_text(value) {
            self.fail(WriteFault::Character);
        }
        self.xml.push(' ');
        self.xml.push_str(name);
        self.xml.push_str("=\"");
        escape_attribute(&mut self.xml, value);
        self.xml.push('"');
    }

    fn push_qname(&mut self, prefix: &'static str, name: &'static str) {
        self.xml.push_str(prefix);
        self.xml.push(':');
        self.xml.push_str(name);
    }
}

fn is_prefixed(name: &str) -> bool {
    name.bytes().any(|byte| byte == b':')
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
