//! Expectations are those of Exclusive XML Canonicalization 1.0 and Canonical
//! XML 1.0; `tests/it/xml_oracles.rs` compares with libxml2 besides.

use super::super::door::{Bound, DoorFault, Limits, open};
use super::*;

fn canonical(xml: &str, options: &ExclusiveC14n) -> Result<String, C14nFault> {
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    options.canonicalize(document.root(), None)
}

fn plain(xml: &str) -> String {
    canonical(xml, &ExclusiveC14n::default()).unwrap()
}

#[test]
fn namespaces_are_declared_where_they_are_visibly_used() {
    assert_eq!(
        plain(r#"<a:a xmlns:b="urn:b" xmlns:a="urn:a" xmlns:c="urn:c"><b:b/><a:c b:x="1"/></a:a>"#),
        concat!(
            r#"<a:a xmlns:a="urn:a"><b:b xmlns:b="urn:b"></b:b>"#,
            r#"<a:c xmlns:b="urn:b" b:x="1"></a:c></a:a>"#
        )
    );
}

#[test]
fn the_default_namespace_is_undeclared_only_where_it_was_declared() {
    assert_eq!(plain(r#"<a xmlns=""><b/></a>"#), "<a><b></b></a>");
    assert_eq!(
        plain(r#"<a xmlns="urn:a"><b xmlns=""><c xmlns="urn:a"/></b></a>"#),
        r#"<a xmlns="urn:a"><b xmlns=""><c xmlns="urn:a"></c></b></a>"#
    );
    assert_eq!(
        plain(r#"<p:a xmlns="urn:a" xmlns:p="urn:p"><b xmlns=""/></p:a>"#),
        r#"<p:a xmlns:p="urn:p"><b></b></p:a>"#
    );
}

#[test]
fn a_prefix_bound_anew_is_declared_anew() {
    assert_eq!(
        plain(
            r#"<p:a xmlns:p="urn:1"><p:b xmlns:p="urn:2"><p:c xmlns:p="urn:1"/></p:b><p:d/></p:a>"#
        ),
        concat!(
            r#"<p:a xmlns:p="urn:1"><p:b xmlns:p="urn:2"><p:c xmlns:p="urn:1"></p:c></p:b>"#,
            r#"<p:d></p:d></p:a>"#
        )
    );
}

#[test]
fn attributes_are_ordered_by_namespace_and_name_and_declarations_by_prefix() {
    assert_eq!(
        plain(concat!(
            r#"<e xmlns:a="urn:z" xmlns:z="urn:a" a:q="1" z:q="2" q="3" b="4" "#,
            r#"xml:lang="fr"/>"#
        )),
        concat!(
            r#"<e xmlns:a="urn:z" xmlns:z="urn:a" b="4" q="3" xml:lang="fr" "#,
            r#"z:q="2" a:q="1"></e>"#
        )
    );
}

#[test]
fn characters_are_written_as_the_canonical_form_writes_them() {
    assert_eq!(
        plain(
            "<a b='&#9;&#10;&#13;&quot;&apos;&lt;&gt;&amp;\t\r\n x'>&#13;&lt;&gt;&amp;\"'\r\nb<![CDATA[<&\r>]]></a>"
        ),
        "<a b=\"&#x9;&#xA;&#xD;&quot;'&lt;>&amp;   x\">&#xD;&lt;&gt;&amp;\"'\nb&lt;&amp;\n&gt;</a>"
    );
}

#[test]
fn comments_are_left_out_unless_asked_for_and_instructions_never() {
    let xml = "<!--o--><?o o?><a><!-- c\r\nd --><?p q\r?><?r?>x</a><!--o-->";
    assert_eq!(plain(xml), "<a><?p q\n?><?r?>x</a>");
    let options = ExclusiveC14n {
        with_comments: true,
        ..ExclusiveC14n::default()
    };
    assert_eq!(
        canonical(xml, &options).unwrap(),
        "<a><!-- c\nd --><?p q\n?><?r?>x</a>"
    );
}

#[test]
fn listed_prefixes_are_declared_although_unused() {
    let xml = concat!(
        r#"<p:a xmlns="urn:d" xmlns:p="urn:p" xmlns:xs="urn:xs"><p:b/>"#,
        r#"<p:c xmlns="" xmlns:xs="urn:other"/></p:a>"#
    );
    let listing = |prefixes: &[&str]| ExclusiveC14n {
        with_comments: false,
        inclusive_prefixes: prefixes.iter().map(|p| (*p).to_owned()).collect(),
    };
    assert_eq!(
        canonical(xml, &listing(&["xs", "absent", "xml"])).unwrap(),
        concat!(
            r#"<p:a xmlns:p="urn:p" xmlns:xs="urn:xs"><p:b></p:b>"#,
            r#"<p:c xmlns:xs="urn:other"></p:c></p:a>"#
        )
    );
    assert_eq!(
        canonical(xml, &listing(&[""])).unwrap(),
        r#"<p:a xmlns="urn:d" xmlns:p="urn:p"><p:b></p:b><p:c xmlns=""></p:c></p:a>"#
    );
}

#[test]
fn an_inner_element_takes_along_what_it_uses_and_leaves_out_what_is_to_be_left_out() {
    let xml =
        r#"<a:a xmlns:a="urn:a" xml:lang="fr"><a:b ID="1"><a:s><a:t/></a:s>x<a:s/></a:b></a:a>"#;
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    let b = document.root().children().next().unwrap();
    let s = b.children().next();
    let canonical = ExclusiveC14n::default().canonicalize(b, s).unwrap();
    assert_eq!(
        canonical,
        r#"<a:b xmlns:a="urn:a" ID="1">x<a:s></a:s></a:b>"#
    );
    let seen = b.alone_without(s.unwrap());
    let canonical = ExclusiveC14n::default().canonicalize(seen, None).unwrap();
    assert_eq!(
        canonical,
        r#"<a:b xmlns:a="urn:a" ID="1">x<a:s></a:s></a:b>"#
    );
}

#[test]
fn r02_an_empty_canonical_form_is_a_fault() {
    let document = open(b"<a/>", &Limits::METADATA).unwrap();
    let result = ExclusiveC14n::default().canonicalize(document.root(), Some(document.root()));
    assert_eq!(result, Err(C14nFault::Empty));
}

#[test]
fn r02_a_relative_namespace_name_is_refused() {
    for uri in ["a", "../a", "./urn:a", "//host/a", "#a", "1:a", "a b:c"] {
        let xml = format!(r#"<a xmlns="{uri}"/>"#);
        assert!(canonical(&xml, &ExclusiveC14n::default()).is_err(), "{uri}");
        let xml = format!(r#"<a xmlns:p="{uri}" p:b=""/>"#);
        assert!(canonical(&xml, &ExclusiveC14n::default()).is_err(), "{uri}");
    }
}

#[test]
fn r02_a_namespace_name_that_canonicalisers_escape_differently_is_refused() {
    for uri in [
        "urn:a&amp;b",
        "urn:a b",
        "urn:&lt;",
        "urn:&quot;",
        "urn:&#13;",
        "urn:é",
    ] {
        let xml = format!("<a xmlns='{uri}'/>");
        assert_eq!(
            canonical(&xml, &ExclusiveC14n::default()),
            Err(C14nFault::UnsafeNamespace),
            "{uri}"
        );
    }
}

#[test]
fn the_prefix_is_read_from_the_source_whatever_follows_the_name() {
    assert_eq!(plain("<a\n/>"), "<a></a>");
    assert_eq!(
        plain("<p:a\txmlns:p='urn:x:a'/>"),
        "<p:a xmlns:p=\"urn:x:a\"></p:a>"
    );
    assert_eq!(
        plain("<a:a xmlns:a='urn:a'/>"),
        "<a:a xmlns:a=\"urn:a\"></a:a>"
    );
    assert_eq!(
        plain("<é:à xmlns:é='urn:a' é:ü=''/>"),
        "<é:à xmlns:é=\"urn:a\" é:ü=\"\"></é:à>"
    );
}

#[test]
fn r05_the_inclusive_form_declares_all_that_is_in_scope_and_takes_over_no_xml_attribute() {
    let inclusive = InclusiveC14n::default();
    let xml = "<a xmlns='urn:1' xmlns:p='urn:2'><b xmlns=''><c/></b><d xml:lang='fr'><e/></d></a>";
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    let root = document.root();
    assert_eq!(
        inclusive.canonicalize(root, None).unwrap(),
        "<a xmlns=\"urn:1\" xmlns:p=\"urn:2\"><b xmlns=\"\"><c></c></b>\
         <d xml:lang=\"fr\"><e></e></d></a>"
    );
    let [b, d] = &*root.children().collect::<Vec<_>>() else {
        panic!("two children");
    };
    let c = b.children().next().unwrap();
    let canonical = inclusive.canonicalize(c, None).unwrap();
    assert_eq!(canonical, "<c xmlns:p=\"urn:2\"></c>");
    let canonical = inclusive.canonicalize(*d, None).unwrap();
    let declared = "xmlns=\"urn:1\" xmlns:p=\"urn:2\"";
    assert_eq!(
        canonical,
        format!("<d {declared} xml:lang=\"fr\"><e></e></d>")
    );
    let e = d.children().next().unwrap();
    assert_eq!(
        inclusive.canonicalize(e, None),
        Err(C14nFault::InheritedXmlAttribute)
    );
    // A view that shows the element alone changes nothing of what it inherits.
    let alone = e.alone_without(e.children().next().unwrap_or(e));
    assert_eq!(
        inclusive.canonicalize(alone, None),
        Err(C14nFault::InheritedXmlAttribute)
    );
}

#[test]
fn r06_the_longest_canonical_form_of_a_message_is_a_few_times_as_long() {
    let long = "n".repeat(245);
    let namespaces = (0..16).map(|n| format!(" xmlns:p{n:x}='urn:{n:x}{long}'"));
    let namespaces = namespaces.collect::<Vec<_>>().concat();
    let used = "<p0:a p1:b='' p2:b=''/>".repeat(1_990);
    let xml = format!("<a{namespaces}>{used}</a>");
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    for canonical in [
        ExclusiveC14n::default().canonicalize(document.root(), None),
        InclusiveC14n::default().canonicalize(document.root(), None),
    ] {
        let length = canonical.unwrap().len();
        assert!(length < 8 * Limits::MESSAGE.bytes, "{length}");
    }
    // Of names as long as other values, one message would be written in 380 megabytes.
    let longer = xml.replace(&long, &long.repeat(20));
    assert!(longer.len() < Limits::MESSAGE.bytes);
    let fault = open(longer.as_bytes(), &Limits::MESSAGE).unwrap_err();
    assert_eq!(fault, DoorFault::TooLarge(Bound::NameBytes));
}
