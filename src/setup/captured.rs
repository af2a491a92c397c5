//! Reads Responses that an administrator shows us: what the present identity provider sends today.
//!
//! NOTHING in them is verified: no signature, no time, no name of who sent it. They are evidence of what a form field
//! holds, shown by the person who asks, and say nothing of anybody to anybody else. No sign-in comes here; one that did
//! would have to go by [`xmlsec`](crate::xmlsec).
//!
//! As people come by them: the XML, the base64 of a form field, or a form's body as a browser's developer tools copy
//! it; one or several in a file.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;

use crate::{
    model::{attribute::MAX_VALUE_CHARS, vocab},
    xml::{self, DoorFault, Element, Limits, ShapeFault},
};

/// The name of the field, as it stands in a form's body.
const FIELD: &str = "SAMLResponse=";
/// How many Responses of one file are read.
const MOST: usize = 10_000;
/// The longest text of one: base64 of the largest message, each octet percent-encoded.
const MAX_TEXT_BYTES: usize = 4 * Limits::MESSAGE.bytes;
/// What is copied by hand may have lost its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a Response says that somebody shows us. Unproven, all of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnprovenResponse {
    /// The `NameID`.
    pub name_id: Option<UnprovenNameId>,
    attributes: Vec<UnprovenAttribute>,
}

/// The `NameID` of such a Response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnprovenNameId {
    /// The name itself.
    pub value: String,
    /// Its `Format`, where stated.
    pub format: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct UnprovenAttribute {
    name: String,
    friendly_name: Option<String>,
    values: Vec<String>,
}

/// Why nothing can be told of a Response.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CapturedFault {
    /// It is no base64.
    #[error("is neither XML nor base64 nor a form with SAMLResponse")]
    Base64,
    /// Its assertion is encrypted for the provider.
    #[error("has an encrypted assertion, which cannot be read")]
    Encrypted,
    /// There is no assertion in it, as where nobody was signed in.
    #[error("has no assertion")]
    NoAssertion,
    /// It is some other document.
    #[error("is no SAML 2.0 Response")]
    NotAResponse,
    /// It is no UTF-8.
    #[error("is no text in UTF-8")]
    NotText,
    /// There is more than one assertion in it.
    #[error("has several assertions")]
    SeveralAssertions,
    /// An element does not have its shape.
    #[error("is malformed: {0}")]
    Shape(#[from] ShapeFault),
    /// It is larger than a message may be.
    #[error("is larger than a Response may be")]
    TooLarge,
    /// There are too many in one file.
    #[error("is one of more than 10000 in a file: it and those after it were not read")]
    TooMany,
    /// It is what a browser shows, saved.
    #[error(
        "is a web page, and no Response: take what the page sends, which is the field SAMLResponse of its form"
    )]
    WebPage,
    /// The XML is refused.
    #[error("is XML that is refused: {0}")]
    Xml(#[from] DoorFault),
}

impl UnprovenResponse {
    /// The values of the attribute that `name` is the `Name` or the `FriendlyName` of, without regard to case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_it = move |attribute: &&UnprovenAttribute| {
            let friendly_name = attribute.friendly_name.as_deref().unwrap_or_default();
            attribute.name.eq_ignore_ascii_case(name) || friendly_name.eq_ignore_ascii_case(name)
        };
        let attributes = self.attributes.iter().filter(is_it);
        attributes.flat_map(|attribute| attribute.values.iter().map(String::as_str))
    }
}

/// Reads all that a file holds, in order.
pub fn read_all(file: &[u8]) -> Vec<Result<UnprovenResponse, CapturedFault>> {
    let Ok(text) = str::from_utf8(file) else {
        return vec![Err(CapturedFault::NotText)];
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut all = Vec::new();
    if is_web_page(text) {
        all.push(Err(CapturedFault::WebPage));
    } else if text.starts_with('<') {
        read_documents(text, &mut all);
    } else if text.contains(FIELD) {
        for body in text.split(FIELD).skip(1) {
            // Up to the next parameter, or to whatever the tool has put around it.
            let end = body.find(|c: char| !c.is_ascii_alphanumeric() && !"+/=%".contains(c));
            let value = end.and_then(|end| body.get(..end)).unwrap_or(body);
            read_base64(value, &mut all);
        }
    } else {
        for block in text.split("\n\n").flat_map(|block| block.split("\n\r\n")) {
            read_block(block, &mut all);
        }
    }
    if all.len() > MOST {
        all.truncate(MOST);
        all.push(Err(CapturedFault::TooMany));
    }
    all
}

/// Whether a text begins as HTML does, which is read no further.
fn is_web_page(text: &str) -> bool {
    ["<!doctype html", "<html"].iter().any(|begin| {
        let found = text.split_at_checked(begin.len());
        found.is_some_and(|(found, rest)| {
            let is_whole = rest.starts_with(|c: char| c == '>' || c.is_ascii_whitespace());
            found.eq_ignore_ascii_case(begin) && is_whole
        })
    })
}

/// Lines without an empty one between them: one text that is broken into lines, or a text on each line.
fn read_block(block: &str, all: &mut Vec<Result<UnprovenResponse, CapturedFault>>) {
    if block.trim().is_empty() || all.len() > MOST {
        return;
    }
    let lines: Vec<_> = block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() > 1 && decode(block).is_err() {
        for line in lines {
            read_base64(line, all);
        }
    } else {
        read_base64(block, all);
    }
}

fn read_base64(text: &str, all: &mut Vec<Result<UnprovenResponse, CapturedFault>>) {
    if all.len() > MOST {
        return;
    }
    match decode(text) {
        Ok(xml) if xml.trim().is_empty() => all.push(Err(CapturedFault::Base64)),
        Ok(xml) => read_documents(xml.trim(), all),
        Err(fault) => all.push(Err(fault)),
    }
}

fn decode(text: &str) -> Result<String, CapturedFault> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(CapturedFault::TooLarge);
    }
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_not_text| CapturedFault::Base64)?;
    let compact: String = decoded.split_ascii_whitespace().collect();
    let xml = BASE64.decode(compact);
    let xml = xml.map_err(|_not_base64| CapturedFault::Base64)?;
    String::from_utf8(xml).map_err(|_not_text| CapturedFault::NotText)
}

/// Reads XML documents that stand one after the other: each ends with the end of its first element's name.
fn read_documents(text: &str, all: &mut Vec<Result<UnprovenResponse, CapturedFault>>) {
    let mut rest = text;
    while !rest.is_empty() && all.len() <= MOST {
        let end = root_name(rest).and_then(|name| {
            let close = format!("</{name}>");
            Some(rest.find(&close)? + close.len())
        });
        let (document, more) = end
            .and_then(|end| rest.split_at_checked(end))
            .unwrap_or((rest, ""));
        all.push(read_xml(document));
        rest = more.trim_start();
    }
}

fn root_name(text: &str) -> Option<&str> {
    let is_name = |c: char| c.is_alphabetic() || c == '_';
    let tag = text.split('<').find(|tag| tag.starts_with(is_name))?;
    tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/')
        .next()
}

fn read_xml(text: &str) -> Result<UnprovenResponse, CapturedFault> {
    let document = xml::open(text.as_bytes(), &Limits::MESSAGE)?;
    let root = document.root();
    if !root.is(vocab::SAMLP, "Response") {
        return Err(CapturedFault::NotAResponse);
    }
    let named = |name: &'static str| {
        root.children()
            .filter(move |child| child.is(vocab::SAML, name))
    };
    let assertions: Vec<_> = named("Assertion").collect();
    let assertion = match assertions.as_slice() {
        [only] => *only,
        [] if named("EncryptedAssertion").next().is_some() => return Err(CapturedFault::Encrypted),
        [] => return Err(CapturedFault::NoAssertion),
        [_, _, ..] => return Err(CapturedFault::SeveralAssertions),
    };
    let subject = assertion.only(vocab::SAML, "Subject")?;
    let name_id = match subject {
        Some(subject) => subject.only(vocab::SAML, "NameID")?,
        None => None,
    };
    let attributes = assertion
        .children()
        .filter(|child| child.is(vocab::SAML, "AttributeStatement"))
        .flat_map(|statement| statement.children())
        .filter(|child| child.is(vocab::SAML, "Attribute"));
    Ok(UnprovenResponse {
        name_id: name_id.and_then(read_name_id),
        attributes: attributes.map(read_attribute).collect(),
    })
}

fn read_name_id(name_id: Element<'_, '_>) -> Option<UnprovenNameId> {
    Some(UnprovenNameId {
        value: value_of(name_id)?,
        format: name_id.attribute("Format").map(str::to_owned),
    })
}

fn read_attribute(attribute: Element<'_, '_>) -> UnprovenAttribute {
    let owned = |name| attribute.attribute(name).map(str::to_owned);
    let values = attribute
        .children()
        .filter(|child| child.is(vocab::SAML, "AttributeValue"));
    UnprovenAttribute {
        name: owned("Name").unwrap_or_default(),
        friendly_name: owned("FriendlyName"),
        values: values.filter_map(value_of).collect(),
    }
}

/// A text that can be an address or an ID; what is an element, as in `eduPersonTargetedID`, is neither.
fn value_of(element: Element<'_, '_>) -> Option<String> {
    let text = element.text().ok()?;
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_VALUE_CHARS;
    fits.then(|| text.to_owned())
}

#[cfg(test)]
#[path = "captured_tests.rs"]
mod tests;
