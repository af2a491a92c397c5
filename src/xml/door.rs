//! The only reader of peers' XML.
//!
//! First a counting pass that can only refuse: it bounds what the tree may
//! cost, stops at a document type declaration, at foreign
//! encodings, and in protocol messages at comments and processing instructions
//! . Then one tree is built, and everything that is verified or read
//! comes from that tree.
//!
//! The pass also refuses the few things that the tree builder reads otherwise
//! than XML 1.0 says; each check names its case.

use memchr::{memchr, memchr_iter, memchr3};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

pub use super::element::{Document, Element, ShapeFault};
use super::text::{is_ncname, is_xml_char, is_xml_space};

/// In documents of more bytes, a start tag is looked at before the reader looks for its end: over a tag
/// that is all attributes it takes more than a nanosecond for each byte.
const SMALL_BYTES: usize = 256 * 1024;

/// What a document may cost, and whether it may hold more than elements and text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Size of the whole document.
    pub bytes: usize,
    /// Elements inside one another; the root is at depth 1.
    pub depth: usize,
    /// Elements in the document, its comments and processing instructions among them.
    pub elements: usize,
    /// Attributes of one element, namespace declarations not counted.
    pub attributes: usize,
    /// Attributes in the document, namespace declarations not counted. The cost
    /// of an element in the tree grows with the square of its attributes, so a
    /// document of elements that are each within bounds would still be dear.
    pub attributes_in_document: usize,
    /// Namespace declarations on one element.
    pub namespace_declarations: usize,
    /// Namespace declarations on one element and all those around it. The cost
    /// of an element in the tree grows with the square of this number.
    pub namespaces_in_scope: usize,
    /// Length of an element's or attribute's name, prefix included, and of a
    /// namespace's name: exclusive canonicalisation writes that again wherever it
    /// is used, and would make hundreds of megabytes of one message.
    pub name_bytes: usize,
    /// Length of one stretch of text, attribute value, comment or processing instruction, as written.
    pub text_bytes: usize,
    /// Each `&`, wherever it stands. The reader stops at each reference as at a tag, and a text may be all references.
    pub references: usize,
    /// Whether comments and processing instructions are refused.
    pub only_elements_and_text: bool,
}

impl Limits {
    /// For `AuthnRequest`, `LogoutRequest` and the other protocol messages.
    pub const MESSAGE: Self = Self {
        bytes: 256 * 1024,
        depth: 32,
        elements: 2_000,
        attributes: 64,
        attributes_in_document: 4_000,
        namespace_declarations: 16,
        namespaces_in_scope: 32,
        name_bytes: 256,
        text_bytes: 64 * 1024,
        references: 4_000,
        only_elements_and_text: true,
    };

    /// For one metadata file, which people write by hand and comment.
    ///
    /// Text is longer than in messages: `mdui:Logo` may hold a picture. References are more than a file has that ends
    /// each line of its certificates with `&#13;`, which is one in 70 bytes.
    pub const METADATA: Self = Self {
        bytes: 4 * 1024 * 1024,
        depth: 32,
        elements: 50_000,
        attributes: 64,
        attributes_in_document: 200_000,
        namespace_declarations: 32,
        namespaces_in_scope: 64,
        name_bytes: 256,
        text_bytes: 1024 * 1024,
        references: 100_000,
        only_elements_and_text: false,
    };

    /// For one metadata file of up to `mib` mebibytes, such as a federation's: more of all that grows with the
    /// number of its entities, and no more of what a single one may cost.
    #[must_use]
    pub fn metadata_of(mib: u8) -> Self {
        let mib = usize::from(mib);
        Self {
            bytes: mib * 1024 * 1024,
            elements: mib * 12_500,
            attributes_in_document: mib * 50_000,
            references: mib * 25_000,
            ..Self::METADATA
        }
    }
}

/// The bound of [`Limits`] that a document broke.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bound {
    /// [`Limits::attributes`].
    Attributes,
    /// [`Limits::attributes_in_document`].
    AttributesInDocument,
    /// [`Limits::bytes`].
    Bytes,
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::elements`].
    Elements,
    /// [`Limits::name_bytes`].
    NameBytes,
    /// [`Limits::namespace_declarations`].
    NamespaceDeclarations,
    /// [`Limits::namespaces_in_scope`].
    NamespacesInScope,
    /// [`Limits::references`].
    References,
    /// [`Limits::text_bytes`].
    TextBytes,
}

/// Why a document was not let in. The peer is at fault; nothing is echoed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DoorFault {
    /// A reference to a character that XML does not have, such as `&#0;`.
    #[error("a reference to a character outside XML 1.0")]
    CharacterReference,
    /// A comment in a protocol message.
    #[error("a comment in a protocol message")]
    Comment,
    /// The XML declaration is not one of XML 1.0, or not at the start.
    #[error("the XML declaration is malformed, misplaced or not of version 1.0")]
    Declaration,
    /// `<!DOCTYPE`. Entities are read from nowhere, so none are declared.
    #[error("a document type declaration")]
    Doctype,
    /// A namespace prefix bound to nothing, which XML 1.0 does not allow.
    #[error("a namespace prefix bound to the empty name")]
    EmptyNamespace,
    /// Not UTF-8, or it says so of itself.
    #[error("the encoding is not UTF-8")]
    Encoding,
    /// A bare carriage return beside a reference, which readers take for
    /// different characters.
    #[error("a bare carriage return beside a reference")]
    LoneCarriageReturn,
    /// Not well-formed, or not namespace-well-formed.
    #[error("not well-formed XML at line {line}, column {column}")]
    NotWellFormed {
        /// Line where it was noticed, counted from 1.
        line: u32,
        /// Character of the line, counted from 1.
        column: u32,
    },
    /// A processing instruction in a protocol message.
    #[error("a processing instruction in a protocol message")]
    ProcessingInstruction,
    /// It would cost more than it may.
    #[error("too large: {0:?}")]
    TooLarge(Bound),
}

/// Reads one document.
///
/// One UTF-8 byte order mark at the start is allowed (XML 1.0 §4.3.3); some
/// peers' libraries write it.
///
/// # Errors
///
/// The first reason not to let it in. The peer is at fault.
pub fn open<'i>(bytes: &'i [u8], limits: &Limits) -> Result<Document<'i>, DoorFault> {
    if bytes.len() > limits.bytes {
        return Err(DoorFault::TooLarge(Bound::Bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(DoorFault::Encoding);
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    // UTF-16 without a byte order mark is valid UTF-8 full of U+0000. A second
    // mark would be skipped by the tree builder.
    if text.starts_with('\u{FEFF}') || text.contains('\0') {
        return Err(DoorFault::Encoding);
    }
    check_declaration(text)?;
    let references = memchr_iter(b'&', text.as_bytes()).count();
    hold(references, limits.references, Bound::References)?;
    Count::new(limits, text).run()?;
    hold_room(text, limits)?;
    let tree = roxmltree::Document::parse(text).map_err(|error| {
        let at = error.pos();
        DoorFault::NotWellFormed {
            line: at.row,
            column: at.col,
        }
    })?;
    // Again, of the tree: should the two parsers disagree on what is markup,
    // the stricter one wins.
    if limits.only_elements_and_text {
        for node in tree.descendants() {
            if node.is_comment() {
                return Err(DoorFault::Comment);
            }
            if node.is_pi() {
                return Err(DoorFault::ProcessingInstruction);
            }
        }
    }
    Ok(Document::new(tree))
}

/// Holds the XML declaration, if there is one, to XML 1.0 §2.8.
///
/// The tree builder looks at none of the values, and takes `<?xml` before a tab
/// for a processing instruction.
fn check_declaration(text: &str) -> Result<(), DoorFault> {
    let Some(rest) = text.strip_prefix("<?xml") else {
        return Ok(());
    };
    // `<?xml-stylesheet` and the like are other instructions.
    if !rest.starts_with(|c| is_xml_space(c) || c == '?') {
        return Ok(());
    }
    let (mut rest, _) = rest.split_once("?>").ok_or(DoorFault::Declaration)?;
    if !rest.starts_with(' ') {
        return Err(DoorFault::Declaration);
    }
    let (version, after) = pseudo_attribute(rest, "version")?.ok_or(DoorFault::Declaration)?;
    if version != "1.0" {
        return Err(DoorFault::Declaration);
    }
    rest = after;
    if let Some((encoding, after)) = pseudo_attribute(rest, "encoding")? {
        if !encoding.eq_ignore_ascii_case("UTF-8") {
            return Err(DoorFault::Encoding);
        }
        rest = after;
    }
    if let Some((standalone, after)) = pseudo_attribute(rest, "standalone")? {
        if !matches!(standalone, "yes" | "no") {
            return Err(DoorFault::Declaration);
        }
        rest = after;
    }
    if rest.chars().all(is_xml_space) {
        Ok(())
    } else {
        Err(DoorFault::Declaration)
    }
}

/// Takes ` name = "value"` off the front, if `name` comes next.
fn pseudo_attribute<'a>(
    text: &'a str,
    name: &str,
) -> Result<Option<(&'a str, &'a str)>, DoorFault> {
    let trimmed = text.trim_start_matches(is_xml_space);
    let Some(rest) = trimmed.strip_prefix(name) else {
        return Ok(None);
    };
    let value = rest
        .trim_start_matches(is_xml_space)
        .strip_prefix('=')
        .map(|rest| rest.trim_start_matches(is_xml_space))
        .and_then(|rest| {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            rest.strip_prefix(quote)?.split_once(quote)
        });
    match value {
        Some(value) if trimmed.len() < text.len() => Ok(Some(value)),
        Some(_) | None => Err(DoorFault::Declaration),
    }
}

/// The pass that counts and refuses.
struct Count<'l> {
    limits: &'l Limits,
    document: &'l str,
    /// Where the event that is looked at ends, in bytes.
    offset: u64,
    elements: usize,
    attributes: usize,
    /// Namespace declarations of each open element.
    open: Vec<usize>,
    in_scope: usize,
    text_bytes: usize,
    before: Before,
}

/// What stood directly before, inside one stretch of text.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Before {
    CarriageReturn,
    Other,
    Reference,
}

impl<'l> Count<'l> {
    const fn new(limits: &'l Limits, document: &'l str) -> Self {
        Self {
            limits,
            document,
            offset: 0,
            elements: 0,
            attributes: 0,
            open: Vec::new(),
            in_scope: 0,
            text_bytes: 0,
            before: Before::Other,
        }
    }

    fn run(&mut self) -> Result<(), DoorFault> {
        let mut reader = Reader::from_str(self.document);
        loop {
            let is_at_start = self.offset == 0;
            if self.document.len() > SMALL_BYTES {
                self.tag_ahead()?;
            }
            let Ok(event) = reader.read_event() else {
                return Err(not_well_formed(self.document, reader.error_position()));
            };
            self.offset = reader.buffer_position();
            let is_reference = matches!(event, Event::GeneralRef(_));
            let is_text = matches!(event, Event::Text(_));
            match event {
                Event::Start(start) => {
                    let declared = self.element(&start)?;
                    self.open.push(declared);
                    self.in_scope += declared;
                    self.text_bytes = 0;
                }
                Event::Empty(start) => {
                    self.element(&start)?;
                    self.text_bytes = 0;
                }
                Event::End(_) => {
                    self.in_scope -= self.open.pop().unwrap_or_default();
                    self.text_bytes = 0;
                }
                Event::Text(run) => self.text(&run)?,
                Event::CData(run) => self.count_text(run.len())?,
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::Comment(_) if self.limits.only_elements_and_text => {
                    return Err(DoorFault::Comment);
                }
                Event::PI(pi) if pi.target().eq_ignore_ascii_case("xml") => {
                    return Err(DoorFault::Declaration);
                }
                Event::PI(_) if self.limits.only_elements_and_text => {
                    return Err(DoorFault::ProcessingInstruction);
                }
                // Namespaces in XML 1.0 §7; the tree builder takes `<?a>b?>`.
                Event::PI(pi) if !is_ncname(pi.target()) => {
                    return Err(not_well_formed(self.document, self.offset));
                }
                Event::Comment(inside) => self.beside(inside.len())?,
                Event::PI(inside) => self.beside(inside.len())?,
                Event::Decl(_) if is_at_start => {}
                Event::Decl(_) => return Err(DoorFault::Declaration),
                Event::DocType(_) => return Err(DoorFault::Doctype),
                Event::Eof => return Ok(()),
            }
            if is_reference {
                self.before = Before::Reference;
            } else if !is_text {
                self.before = Before::Other;
            }
        }
    }

    /// Refuses a tag that comes next whose name is longer than it may be, or that has more quoted values
    /// than it may have attributes and namespace declarations. One that does not end is left to the reader.
    fn tag_ahead(&self) -> Result<(), DoorFault> {
        let most = self.limits.attributes + self.limits.namespace_declarations;
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let rest = self.document.as_bytes().get(offset..);
        let mut rest = match rest {
            Some([b'<', after @ ..]) if !after.starts_with(b"!") && !after.starts_with(b"?") => {
                after
            }
            Some(_) | None => return Ok(()),
        };
        // The name of the element, which may begin as a declaration does, and the solidus of an end tag or an
        // empty one.
        let longest = self.limits.name_bytes + 1;
        let name = rest
            .iter()
            .take(longest + 1)
            .position(|byte| byte.is_ascii_whitespace() || *byte == b'>');
        let Some(end) = name else {
            return hold(rest.len(), longest, Bound::NameBytes);
        };
        rest = rest.get(end..).unwrap_or_default();
        let mut declared = 0_usize;
        for _value in 0..=most {
            declared += usize::from(rest.trim_ascii_start().starts_with(b"xmlns"));
            let end = memchr3(b'"', b'\'', b'>', rest);
            let Some((quote @ (b'"' | b'\''), inside)) =
                end.and_then(|end| rest.get(end..)?.split_first())
            else {
                return Ok(());
            };
            let Some(after) = memchr(*quote, inside).and_then(|end| inside.get(end + 1..)) else {
                return Ok(());
            };
            rest = after;
        }
        let bound = if declared > self.limits.namespace_declarations {
            Bound::NamespaceDeclarations
        } else {
            Bound::Attributes
        };
        Err(DoorFault::TooLarge(bound))
    }

    /// Counts a comment or a processing instruction, of which the tree makes a node as of an element.
    fn beside(&mut self, bytes: usize) -> Result<(), DoorFault> {
        self.elements += 1;
        hold(self.elements, self.limits.elements, Bound::Elements)?;
        hold(bytes, self.limits.text_bytes, Bound::TextBytes)
    }

    /// Counts one start tag; returns the number of its namespace declarations.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<usize, DoorFault> {
        self.elements += 1;
        hold(self.elements, self.limits.elements, Bound::Elements)?;
        hold(self.open.len() + 1, self.limits.depth, Bound::Depth)?;
        self.name(start.name().into_inner())?;
        let mut plain = 0;
        let mut declared: Vec<&str> = Vec::new();
        // The library's own check for repeated attributes compares each with
        // each (RUSTSEC-2026-0194); the tree builder checks after the bound.
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                return Err(not_well_formed(self.document, self.offset));
            };
            let name = attribute.key.into_inner();
            let value: &str = &attribute.value;
            self.name(name)?;
            hold(value.len(), self.limits.text_bytes, Bound::TextBytes)?;
            check_references(value)?;
            if name == "xmlns" || name.starts_with("xmlns:") {
                // The tree builder lets a second default namespace pass and
                // reads the first; it also lets `xmlns` itself be declared.
                if declared.contains(&name) || name == "xmlns:xmlns" {
                    return Err(not_well_formed(self.document, self.offset));
                }
                declared.push(name);
                hold(value.len(), self.limits.name_bytes, Bound::NameBytes)?;
                hold(
                    declared.len(),
                    self.limits.namespace_declarations,
                    Bound::NamespaceDeclarations,
                )?;
                // Namespaces in XML 1.0 §2.2; the tree builder lets it pass.
                if name != "xmlns" && value.is_empty() {
                    return Err(DoorFault::EmptyNamespace);
                }
            } else {
                plain += 1;
                hold(plain, self.limits.attributes, Bound::Attributes)?;
            }
        }
        self.attributes += plain;
        hold(
            self.attributes,
            self.limits.attributes_in_document,
            Bound::AttributesInDocument,
        )?;
        hold(
            self.in_scope + declared.len(),
            self.limits.namespaces_in_scope,
            Bound::NamespacesInScope,
        )?;
        Ok(declared.len())
    }

    /// Holds a name to `QName` of Namespaces in XML 1.0 §4.
    ///
    /// The tree builder takes `:a` for `a`.
    fn name(&self, name: &str) -> Result<(), DoorFault> {
        hold(name.len(), self.limits.name_bytes, Bound::NameBytes)?;
        let (prefix, local_name) = name.split_once(':').unwrap_or(("_", name));
        if is_ncname(prefix) && is_ncname(local_name) {
            Ok(())
        } else {
            Err(not_well_formed(self.document, self.offset))
        }
    }

    fn text(&mut self, run: &str) -> Result<(), DoorFault> {
        self.count_text(run.len())?;
        let ends_bare = run.ends_with('\r');
        // Beside a reference the tree builder keeps a bare carriage return
        // that XML 1.0 §2.11 turns into a line feed.
        if ends_bare && self.before == Before::Reference {
            return Err(DoorFault::LoneCarriageReturn);
        }
        self.before = if ends_bare {
            Before::CarriageReturn
        } else {
            Before::Other
        };
        Ok(())
    }

    fn reference(&mut self, body: &str) -> Result<(), DoorFault> {
        self.count_text(body.len() + 2)?;
        if self.before == Before::CarriageReturn {
            return Err(DoorFault::LoneCarriageReturn);
        }
        check_reference(body)
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), DoorFault> {
        self.text_bytes += bytes;
        hold(self.text_bytes, self.limits.text_bytes, Bound::TextBytes)
    }
}

/// Bounds what the tree builder makes room for before it reads anything: a node for each `<` and an attribute for
/// each `=`, wherever they stand.
///
/// An element has two `<`, and a third of them may stand in comments and CDATA. Besides the attributes each element
/// may have two `=`, which are namespace declarations or the end of base64.
fn hold_room(text: &str, limits: &Limits) -> Result<(), DoorFault> {
    let count = |byte: u8| memchr_iter(byte, text.as_bytes()).count();
    let nodes = limits.elements.saturating_mul(3);
    hold(count(b'<'), nodes, Bound::Elements)?;
    let besides = limits.elements.saturating_mul(2);
    let attributes = limits.attributes_in_document.saturating_add(besides);
    hold(count(b'='), attributes, Bound::AttributesInDocument)
}

const fn hold(count: usize, limit: usize, bound: Bound) -> Result<(), DoorFault> {
    if count > limit {
        return Err(DoorFault::TooLarge(bound));
    }
    Ok(())
}

fn check_references(value: &str) -> Result<(), DoorFault> {
    for tail in value.split('&').skip(1) {
        let body = tail.split(';').next().unwrap_or_default();
        check_reference(body)?;
    }
    Ok(())
}

/// Refuses `&#…;` for what is no character of XML 1.0 (§4.1, Legal Character).
///
/// The tree builder reads a surrogate or a number past U+10FFFF as U+FFFD.
/// Named references are left to it: it knows the five of XML and no others.
fn check_reference(body: &str) -> Result<(), DoorFault> {
    let Some(number) = body.strip_prefix('#') else {
        return Ok(());
    };
    let (digits, radix) = number
        .strip_prefix('x')
        .map_or((number, 10), |digits| (digits, 16));
    let is_legal = digits.chars().all(|c| c.is_digit(radix))
        && u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
            .is_some_and(is_xml_char);
    if is_legal {
        Ok(())
    } else {
        Err(DoorFault::CharacterReference)
    }
}

fn not_well_formed(text: &str, offset: u64) -> DoorFault {
    let before = usize::try_from(offset)
        .ok()
        .and_then(|offset| text.get(..offset))
        .unwrap_or(text);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    DoorFault::NotWellFormed {
        line: number(before.matches('\n').count() + 1),
        column: number(last_line.chars().count() + 1),
    }
}

#[cfg(test)]
#[path = "door_malformed_tests.rs"]
mod malformed_tests;

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
