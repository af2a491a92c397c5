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

pub(super) fn is_open(xml: &str) -> bool {
    open(xml.as_bytes(), &Limits::MESSAGE).is_ok()
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
fn r02_an_instruction_whose_target_is_no_name_is_refused() {
    // The first was found by the fuzz target `xml`.
    for xml in ["<a><?a>b <!c?></a>", "<a><?a:b?></a>", "<a><?1?></a>"] {
        assert!(
            matches!(metadata_fault(xml), DoorFault::NotWellFormed { .. }),
            "{xml}"
        );
    }
}

#[test]
fn r04_breach_of_iip_g03_sdp_g03_a_document_type_declaration_is_refused_in_every_form() {
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

/// Bounds that a document of a line breaks.
const SMALL: Limits = Limits {
    bytes: 2_000,
    depth: 3,
    elements: 5,
    attributes: 3,
    attributes_in_document: 5,
    namespace_declarations: 2,
    namespaces_in_scope: 3,
    name_bytes: 8,
    text_bytes: 20,
    references: 3,
    only_elements_and_text: false,
};

/// Holds one document to be within [`SMALL`], and another one not to be.
fn check(inside: &str, outside: &str, bound: Bound) {
    assert!(
        open(inside.as_bytes(), &SMALL).is_ok(),
        "{bound:?}: {inside}"
    );
    let fault = open(outside.as_bytes(), &SMALL).unwrap_err();
    assert_eq!(fault, DoorFault::TooLarge(bound), "{outside}");
}

#[test]
fn r06_each_bound_is_held_exactly() {
    let padded = |size: usize| format!("<a/>{}", " ".repeat(size - 4));
    assert!(
        open(
            padded(2_000).as_bytes(),
            &Limits {
                text_bytes: 2_000,
                ..SMALL
            }
        )
        .is_ok()
    );
    let fault = open(padded(2_001).as_bytes(), &SMALL).unwrap_err();
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
        "<a b='&lt;'>&#65;<!--&--></a>",
        "<a b='&lt;'>&#65;<!--&--><b>&amp;</b></a>",
        Bound::References,
    );
    check(
        "<a>0123456789<b/>0123456789</a>",
        "<a>0123456<!--c-->789<![CDATA[01234]]>1&#65;</a>",
        Bound::TextBytes,
    );
}

#[test]
fn r06_comments_and_instructions_count_as_elements_and_are_as_long_as_text_and_hide_nothing() {
    for beside in ["<!---->", "<?c?>"] {
        check(
            &format!("{beside}<a><b/>{beside}<b/></a>"),
            &format!("{beside}<a><b/>{beside}<b/></a>{beside}"),
            Bound::Elements,
        );
    }
    // Fifteen of each, wherever they stand.
    let written = |what: &str, count| format!("<a><b/><!--{}--></a>", what.repeat(count));
    check(&written("<", 11), &written("<", 12), Bound::Elements);
    let bound = Bound::AttributesInDocument;
    check(&written("=", 15), &written("=", 16), bound);
    check(
        "<a><!--01234567890123456789--></a>",
        "<a><!--012345678901234567890--></a>",
        Bound::TextBytes,
    );
    check(
        "<a><?b 012345678901234567?></a>",
        "<a><?b 0123456789012345678?></a>",
        Bound::TextBytes,
    );
}

#[test]
fn r06_a_namespace_has_a_name_as_short_as_other_names() {
    for declares in ["xmlns", "xmlns:b"] {
        let read = |length: usize| {
            let xml = format!("<a {declares}='{:n<length$}'/>", "urn:");
            open(xml.as_bytes(), &Limits::MESSAGE).map(|_| ())
        };
        assert_eq!(read(256), Ok(()));
        assert_eq!(read(257), Err(DoorFault::TooLarge(Bound::NameBytes)));
    }
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
        references: _,
        only_elements_and_text,
    } = Limits::MESSAGE;
    assert_eq!((bytes, depth, elements), (262_144, 32, 2_000));
    assert_eq!((attributes, namespace_declarations), (64, 16));
    assert_eq!((name_bytes, text_bytes), (256, 65_536));
    assert!(only_elements_and_text);
    assert_eq!(Limits::METADATA.bytes, 4_194_304);
}

#[test]
fn a_larger_file_of_metadata_may_hold_more_entities_and_no_costlier_ones() {
    assert_eq!(Limits::metadata_of(4), Limits::METADATA);
    let large = Limits::metadata_of(128);
    assert_eq!((large.bytes, large.elements), (134_217_728, 1_600_000));
    assert_eq!(large.attributes_in_document, 6_400_000);
    let as_usual = Limits {
        bytes: Limits::METADATA.bytes,
        elements: Limits::METADATA.elements,
        attributes_in_document: Limits::METADATA.attributes_in_document,
        references: Limits::METADATA.references,
        ..large
    };
    assert_eq!(as_usual, Limits::METADATA);
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
                began.elapsed() < Duration::from_secs(10),
                "anything but linear takes minutes"
            );
        }
    }
}

#[test]
fn r06_no_bytes_of_a_large_file_have_the_tree_make_room_for_more_than_it_may_hold() {
    let size = Limits::METADATA.bytes;
    let filled = |piece: &str| {
        let comment = format!("<!--{}-->", piece.repeat(1_000 / piece.len()));
        comment.repeat(size / comment.len() - 1)
    };
    let elements = DoorFault::TooLarge(Bound::Elements);
    let attributes = DoorFault::TooLarge(Bound::AttributesInDocument);
    for mib in [4, 128] {
        let limits = Limits::metadata_of(mib);
        let read = |xml: &str| open(xml.as_bytes(), &limits).map(|_| ());
        let times = limits.bytes / size;
        for (piece, fault) in [("=", attributes), ("<", elements)] {
            let xml = format!("<a>{}</a>", filled(piece).repeat(times));
            assert!(xml.len() <= limits.bytes);
            assert_eq!(read(&xml), Err(fault), "{mib} {piece}");
        }
        // The same in one piece.
        let long = format!("<!--{}--><a/>", "=".repeat(limits.bytes - 11));
        assert_eq!(read(&long), Err(DoorFault::TooLarge(Bound::TextBytes)));
        let instructions = format!("{}<a/>", "<?a?>".repeat(limits.elements));
        assert_eq!(read(&instructions), Err(elements), "{mib}");
    }
    // In a message they may stand in text and in attributes alone.
    let text = format!("<a>{}</a>", "=".repeat(60_000));
    assert_eq!(fault(&text), attributes);
    let text = format!("<a><![CDATA[{}]]></a>", "<".repeat(60_000));
    assert_eq!(fault(&text), elements);
    // As many as genuine documents hold of them, and far more.
    let signed = "<ds:X509Certificate Id='_a' xmlns:ds='urn:d'>MIIB==</ds:X509Certificate>";
    let whole = format!("<a>{}</a>", signed.repeat(Limits::MESSAGE.elements - 1));
    assert_eq!(open(whole.as_bytes(), &Limits::MESSAGE).map(|_| ()), Ok(()));
}

#[test]
fn r06_a_tag_of_a_large_document_is_held_to_its_bounds_before_it_is_read() {
    let filler = format!("<!--{}-->", " ".repeat(SMALL_BYTES));
    let tag = |attributes: usize, namespaces: usize| {
        let attributes = many(attributes, |n| format!(" a{n} = '>\"'"));
        let namespaces = many(namespaces, |n| format!(" xmlns:a{n}=\"urn:'>{n}\""));
        // What stands behind the tag counts for nothing.
        format!(
            "{filler}<a{namespaces}{attributes}>{}</a>",
            "='a'".repeat(100)
        )
    };
    let read = |xml: &str| open(xml.as_bytes(), &Limits::METADATA).map(|_| ());
    assert_eq!(read(&tag(64, 32)), Ok(()));
    let too_many = Err(DoorFault::TooLarge(Bound::Attributes));
    assert_eq!(read(&tag(65, 32)), too_many);
    assert_eq!(read(&tag(65, 0)), too_many);
    let too_many = Err(DoorFault::TooLarge(Bound::NamespaceDeclarations));
    assert_eq!(read(&tag(0, 33)), too_many);
    // The reader would say of these that they do not end, if it came to them.
    let unended = |values: &str| read(&format!("{filler}<xmlns {values}"));
    let too_many = DoorFault::TooLarge(Bound::Attributes);
    assert_eq!(unended(&many(97, |n| format!(" a{n}=''"))), Err(too_many));
    let too_many = DoorFault::TooLarge(Bound::NamespaceDeclarations);
    let declared = many(33, |n| format!(" xmlns:a{n}=''"));
    let values = declared + &many(64, |n| format!(" a{n}=''"));
    assert_eq!(unended(&values), Err(too_many));
    let longest = "a".repeat(256);
    for whole in [
        format!("<{longest}/>"),
        format!("<{longest}></{longest}>"),
        format!("<{longest} b=''/>"),
    ] {
        assert_eq!(read(&format!("{filler}{whole}")), Ok(()));
    }
    let too_long = DoorFault::TooLarge(Bound::NameBytes);
    assert_eq!(read(&format!("{filler}<{longest}aa")), Err(too_long));
    let unended = ["<a b='", "<a b='\">", "<a b", "<a b=''", "<a"];
    for unended in unended.into_iter().chain([&*format!("<{longest}")]) {
        let fault = read(&format!("{filler}{unended}")).unwrap_err();
        assert!(
            matches!(fault, DoorFault::NotWellFormed { .. }),
            "{unended}"
        );
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
        began.elapsed() < Duration::from_secs(10),
        "anything but linear takes minutes"
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

/// Pieces that make up XML, and near misses of it.
const PIECES: &[&str] = &[
    "<a>",
    "</a>",
    "<a/>",
    "<p:b xmlns:p='urn:p'>",
    "</p:b>",
    "<a b='",
    "'",
    "\"",
    "<",
    ">",
    "/",
    "&amp;",
    "&#13;",
    "&",
    ";",
    "&#x",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?p",
    "?>",
    "<!DOCTYPE a>",
    " ",
    "\r",
    "\n",
    "x",
    "é",
    ":",
    "=",
    "xmlns",
    " xmlns=''",
    "\u{FEFF}",
    "\u{1}",
];

proptest::proptest! {
    #[test]
    fn r02_what_is_let_in_is_read_alike_after_canonicalisation(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..12),
        wrap in proptest::bool::ANY,
    ) {
        let inside = pieces.concat();
        let xml = if wrap { format!("<r>{inside}</r>") } else { inside };
        let Ok(document) = open(xml.as_bytes(), &Limits::METADATA) else {
            return Ok(());
        };
        let c14n = super::super::c14n::ExclusiveC14n::default();
        let once = c14n.canonicalize(document.root(), None).unwrap();
        let again = open(once.as_bytes(), &Limits::METADATA).unwrap();
        proptest::prop_assert_eq!(&c14n.canonicalize(again.root(), None).unwrap(), &once);
        let texts = |document: &Document<'_>| {
            let all = document.root().descendants();
            all.map(|e| (e.local_name().to_owned(), e.text())).collect::<Vec<_>>()
        };
        proptest::prop_assert_eq!(texts(&document), texts(&again));
    }

    #[test]
    fn r06_no_bytes_bring_the_door_down(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = open(&bytes, &Limits::METADATA);
    }
}
