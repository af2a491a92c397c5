use super::super::c14n::ExclusiveC14n;
use super::super::door::{Limits, open};
use super::*;

const TABLE: &[(&str, &str)] = &[
    ("samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
    ("saml", "urn:oasis:names:tc:SAML:2.0:assertion"),
    ("ds", "http://www.w3.org/2000/09/xmldsig#"),
    ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ("a", "urn:z"),
];

fn assert_canonical(written: &Canonical) {
    let document = open(written.as_str().as_bytes(), &Limits::MESSAGE).unwrap();
    let canonical = ExclusiveC14n::default().canonicalize(document.root(), None);
    assert_eq!(canonical.unwrap(), written.as_str());
}

fn fault_of(write: impl FnOnce(&mut Writer)) -> WriteFault {
    let mut w = Writer::new(TABLE);
    write(&mut w);
    w.finish().unwrap_err()
}

fn assertion() -> Canonical {
    let mut w = Writer::new(TABLE);
    w.start("saml", "Assertion", &[("Version", "2.0"), ("ID", "_a")]);
    w.leaf("saml", "Issuer", &[], "https://idp.example");
    w.signature_slot();
    w.end();
    w.finish().unwrap()
}

#[test]
fn what_is_written_is_its_own_canonical_form() {
    let mut w = Writer::new(TABLE);
    w.start("samlp", "Response", &[("Version", "2.0"), ("ID", "_1")]);
    w.leaf("saml", "Issuer", &[("Format", "a\"b<>&'\t\r\n")], "x");
    w.signature_slot();
    w.start("samlp", "Status", &[]);
    w.leaf("samlp", "StatusCode", &[("Value", "v")], "");
    w.end();
    w.embed(&assertion());
    w.start(
        "a",
        "e",
        &[
            ("xsi:type", "t"),
            ("plain", "1"),
            ("xml:lang", "fr"),
            ("a:z", "2"),
        ],
    );
    w.text("]]> & < > \r\n\t é \u{10FFFF}");
    w.end();
    w.end();
    let written = w.finish().unwrap();
    assert_canonical(&written);
    assert!(written.as_str().starts_with(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" Version=\"2.0\">"
    ));
    assert_eq!(written.root_id(), Some("_1"));
    let (before, after) = written.around_slot().unwrap();
    assert!(before.ends_with("</saml:Issuer>") && after.starts_with("<samlp:Status>"));
}

#[test]
fn r40_a_value_cannot_become_markup() {
    let hostile = "\"/><saml:NameID>admin</saml:NameID><!--]]>&lt;?x?>";
    let mut w = Writer::new(TABLE);
    w.start("samlp", "Response", &[("InResponseTo", hostile)]);
    w.leaf("saml", "NameID", &[], hostile);
    w.end();
    let written = w.finish().unwrap();
    assert_canonical(&written);
    assert!(!written.as_str().contains("<!--") && !written.as_str().contains("<?"));
    let document = open(written.as_str().as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    assert_eq!(root.attribute("InResponseTo"), Some(hostile));
    assert_eq!(root.descendants().count(), 2);
    assert_eq!(root.children().next().unwrap().text().unwrap(), hostile);
}

#[test]
fn r40_a_character_outside_xml_stops_the_document() {
    for bad in ["\0", "\u{b}", "\u{FFFE}"] {
        assert_eq!(
            fault_of(|w| w.leaf("saml", "A", &[], bad)),
            WriteFault::Character
        );
        assert_eq!(
            fault_of(|w| w.leaf("saml", "A", &[("B", bad)], "")),
            WriteFault::Character
        );
    }
}

#[test]
fn the_first_fault_sticks_and_nothing_comes_out() {
    let fault = fault_of(|w| {
        w.start("nope", "A", &[]);
        w.text("\0");
    });
    assert_eq!(fault, WriteFault::UnknownPrefix);
}

#[test]
fn misuse_is_a_fault() {
    use WriteFault::{Embedding, Name, RepeatedAttribute, Slot, Unbalanced, UnknownPrefix};
    assert_eq!(fault_of(|_| ()), Unbalanced);
    assert_eq!(fault_of(|w| w.start("saml", "A", &[])), Unbalanced);
    assert_eq!(fault_of(Writer::end), Unbalanced);
    assert_eq!(fault_of(|w| w.text("a")), Unbalanced);
    assert_eq!(fault_of(|w| w.embed(&assertion())), Unbalanced);
    let two_roots = |w: &mut Writer| {
        w.leaf("saml", "A", &[], "");
        w.leaf("saml", "A", &[], "");
    };
    assert_eq!(fault_of(two_roots), Unbalanced);
    assert_eq!(fault_of(|w| w.leaf("saml", "A B", &[], "")), Name);
    assert_eq!(fault_of(|w| w.leaf("saml", "A", &[("b c", "")], "")), Name);
    assert_eq!(
        fault_of(|w| w.leaf("saml", "A", &[("xmlns", "")], "")),
        Name
    );
    assert_eq!(
        fault_of(|w| w.leaf("saml", "A", &[("xmlns:b", "")], "")),
        UnknownPrefix
    );
    assert_eq!(
        fault_of(|w| w.leaf("saml", "A", &[("b:c", "")], "")),
        UnknownPrefix
    );
    assert_eq!(
        fault_of(|w| w.leaf("saml", "A", &[("b", ""), ("b", "")], "")),
        RepeatedAttribute
    );
    assert_eq!(fault_of(Writer::signature_slot), Slot);
    let two_slots = |w: &mut Writer| {
        w.start("saml", "A", &[]);
        w.signature_slot();
        w.signature_slot();
        w.end();
    };
    assert_eq!(fault_of(two_slots), Slot);
    let redeclared = |w: &mut Writer| {
        w.start("saml", "Advice", &[]);
        w.embed(&assertion());
        w.end();
    };
    assert_eq!(fault_of(redeclared), Embedding);
}

#[test]
fn a_filled_slot_keeps_the_whole_canonical() {
    let signature = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>";
    let signed = assertion().with_slot_filled(signature, "ds").unwrap();
    assert_canonical(&signed);
    assert_eq!(signed.around_slot(), None);

    let mut w = Writer::new(TABLE);
    w.start("samlp", "Response", &[("ID", "_r")]);
    w.signature_slot();
    w.embed(&signed);
    w.end();
    assert_canonical(
        &w.finish()
            .unwrap()
            .with_slot_filled(signature, "ds")
            .unwrap(),
    );

    let mut w = Writer::new(TABLE);
    w.start("ds", "Object", &[]);
    w.signature_slot();
    w.end();
    let uses_ds = w.finish().unwrap();
    assert_eq!(uses_ds.with_slot_filled(signature, "ds"), None);
}

proptest::proptest! {
    #[test]
    fn r03_r40_iip_g03_sdp_g03_whatever_is_written_is_read_again_as_it_was(
        attribute in ".{0,40}",
        text in "(?s)[\\PC\\x00-\\x1f<>&\"'-]{0,60}",
    ) {
        let mut w = Writer::new(TABLE);
        w.start("saml", "A", &[("B", &attribute)]);
        w.leaf("samlp", "C", &[], &text);
        w.end();
        let is_writable = is_xml_text(&attribute) && is_xml_text(&text);
        match w.finish() {
            Ok(written) => {
                proptest::prop_assert!(is_writable);
                assert_canonical(&written);
                let xml = written.as_str();
                proptest::prop_assert!(!xml.contains("<!") && !xml.contains("<?"));
                let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
                let root = document.root();
                proptest::prop_assert_eq!(root.attribute("B"), Some(attribute.as_str()));
                let child = root.children().next().unwrap();
                proptest::prop_assert_eq!(child.text().unwrap(), text);
            }
            Err(fault) => {
                proptest::prop_assert_eq!(fault, WriteFault::Character);
                proptest::prop_assert!(!is_writable);
            }
        }
    }
}
