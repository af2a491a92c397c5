//! What is XML and what is not.

#[path = "door_malformed_documents.rs"]
mod documents;

use super::tests::is_open;
use super::*;
use documents::{MALFORMED, MALFORMED_MARKUP};

#[test]
fn malformed_documents_are_refused_as_message_and_as_metadata() {
    for (xml, why) in MALFORMED {
        assert!(
            open(xml.as_bytes(), &Limits::MESSAGE).is_err(),
            "{why}: {xml}"
        );
        assert!(
            open(xml.as_bytes(), &Limits::METADATA).is_err(),
            "{why}: {xml}"
        );
    }
    for (xml, why) in MALFORMED_MARKUP {
        assert!(
            open(xml.as_bytes(), &Limits::METADATA).is_err(),
            "{why}: {xml}"
        );
    }
}

#[test]
fn well_formed_documents_are_let_in() {
    for xml in [
        "<a/>",
        "\u{FEFF}<a/>",
        "<?xml version=\"1.0\"?>\n<a/>\n",
        "<?xml version = '1.0' encoding='utf-8' standalone='yes' ?><a/>",
        "<a b='&#9;&#x10FFFF;&lt;'>&#xD;\r\n&amp;\n<![CDATA[<b>]]></a>",
        "<p:a xmlns:p='urn:p' xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='fr'/>",
        "<a xmlns='urn:a'><b xmlns=''/></a >",
    ] {
        assert!(is_open(xml), "{xml}");
    }
}
