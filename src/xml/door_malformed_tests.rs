//! What is XML and what is not.

use super::tests::is_open;
use super::*;

/// Documents with one fault each, and why XML 1.0 or Namespaces in XML 1.0
/// refuses them. Each has been taken for XML by some parser.
const MALFORMED: &[(&str, &str)] = &[
    ("", "no root element"),
    ("   ", "no root element, only white space"),
    ("<a>", "unclosed root"),
    ("<a></b>", "end tag of another name"),
    ("<a></A>", "names differ in case"),
    (
        "<p:a xmlns:p='urn:p' xmlns:q='urn:p'></q:a>",
        "end tag with another prefix",
    ),
    ("<a><b></a></b>", "crossed elements"),
    ("<a/><b/>", "two roots"),
    ("<a/>x", "text after the root"),
    ("x<a/>", "text before the root"),
    ("<a/>&amp;", "reference after the root"),
    ("<![CDATA[]]><a/>", "CDATA before the root"),
    ("<a b='1' b='2'/>", "attribute twice"),
    (
        "<a xmlns:p='urn:1' xmlns:q='urn:1' p:b='' q:b=''/>",
        "attribute twice by namespace",
    ),
    (
        "<a xmlns='urn:1' xmlns='urn:1'/>",
        "default namespace declared twice",
    ),
    (
        "<a xmlns='urn:1' xmlns='urn:2'/>",
        "default namespace declared twice",
    ),
    (
        "<a xmlns:p='urn:1' xmlns:p='urn:2'/>",
        "prefix declared twice",
    ),
    ("<a b=1/>", "unquoted value"),
    ("<a b/>", "attribute without value"),
    ("<a b='1'c='2'/>", "no space between attributes"),
    ("<a b='<'/>", "less-than in a value"),
    ("<a b='&'/>", "bare ampersand in a value"),
    ("<a>&</a>", "bare ampersand in text"),
    ("<a>&amp</a>", "reference without semicolon"),
    ("<a>&nbsp;</a>", "undeclared entity in text"),
    ("<a b='&nbsp;'/>", "undeclared entity in a value"),
    ("<a>&#0;</a>", "reference to U+0000"),
    ("<a>&#x1F;</a>", "reference to a control character"),
    ("<a>&#xD800;</a>", "reference to a surrogate"),
    ("<a b='&#xDFFF;'/>", "reference to a surrogate in a value"),
    ("<a>&#x110000;</a>", "reference past U+10FFFF"),
    ("<a b='&#99999999999;'/>", "reference past any integer"),
    ("<a>&#xFFFE;</a>", "reference to U+FFFE"),
    ("<a>&#;</a>", "reference to no number"),
    ("<a>&#X41;</a>", "reference with capital X"),
    ("<a>&#+65;</a>", "reference with a sign"),
    ("<a>]]></a>", "CDATA end in text"),
    ("<a>\u{1}</a>", "control character"),
    ("<a>\u{FFFF}</a>", "U+FFFF"),
    ("<a b='\u{8}'/>", "control character in a value"),
    ("<a\u{0}/>", "U+0000"),
    ("<1a/>", "name that starts with a digit"),
    ("<-a/>", "name that starts with a hyphen"),
    ("< a/>", "space before the name"),
    ("<a / >", "space inside the empty tag's end"),
    ("<a></ a>", "space before the end tag's name"),
    ("<a></a b='c'>", "attribute in an end tag"),
    ("<a:b:c xmlns:a='urn:a'/>", "two colons"),
    ("<:a/>", "empty prefix"),
    ("<a :b=''/>", "empty attribute prefix"),
    ("<a xmlns:=''/>", "empty prefix declared"),
    ("<:/>", "only a colon"),
    ("<a:/>", "empty local name"),
    (
        "<a xmlns:p='urn:p' p:1='x'/>",
        "local name that starts with a digit",
    ),
    ("<p:a/>", "prefix never declared"),
    ("<a p:b=''/>", "attribute prefix never declared"),
    ("<a xmlns:p=''/>", "prefix bound to nothing"),
    ("<a xmlns:xml='urn:x'/>", "xml bound anew"),
    (
        "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
        "another prefix for xml",
    ),
    (
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "xml as default namespace",
    ),
    ("<a xmlns:xmlns='urn:x'/>", "xmlns declared"),
    (
        "<a xmlns:x='http://www.w3.org/2000/xmlns/'/>",
        "the namespace of xmlns bound",
    ),
    ("<xmlns:a/>", "xmlns as element prefix"),
    ("<a><![CDATA[</a>", "unclosed CDATA"),
    ("<a><![cdata[]]></a>", "CDATA in small letters"),
    ("<a/><!", "unfinished markup"),
    ("<a/><?xml version='1.0'?>", "declaration after the root"),
    (" <?xml version='1.0'?><a/>", "declaration after a space"),
    (
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "two declarations",
    ),
    ("<?xml?><a/>", "declaration without version"),
    ("<?xml version='1.0' ><a/>", "declaration without end"),
    (
        "<?xml encoding='UTF-8' version='1.0'?><a/>",
        "declaration out of order",
    ),
    (
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "declaration without space",
    ),
    (
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "standalone neither yes nor no",
    ),
    (
        "<?xml version='1.0' foo='bar'?><a/>",
        "unknown word in the declaration",
    ),
    ("<?xml version='2.0'?><a/>", "another version"),
    ("<?xml versionx='1.0'?><a/>", "another word for version"),
    ("<?XML version='1.0'?><a/>", "reserved target in capitals"),
];

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
    for (xml, why) in [
        ("<a><!-- -- --></a>", "two hyphens in a comment"),
        ("<a><!-- ---></a>", "comment that ends in three hyphens"),
        ("<a><!-- </a>", "unclosed comment"),
        ("<a><?xml?></a>", "reserved target"),
        ("<a><? p?></a>", "space before the target"),
        ("<a><?p </a>", "unclosed instruction"),
    ] {
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
