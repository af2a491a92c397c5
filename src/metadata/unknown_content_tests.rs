//! What metadata may hold that means nothing here: it is survived, and changes nothing.

use std::fmt::Write as _;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::read::{
    read,
    tests::{config, now},
};
use crate::model::{endpoint::Schemes, vocab};

const PLAIN: &str = include_str!("../../tests/fixtures/metadata/valid/plain.xml");

/// Names of the standard too: in another namespace they are somebody else's.
const NAMES: [&str; 8] = [
    "EntityDescriptor",
    "SPSSODescriptor",
    "KeyDescriptor",
    "Extensions",
    "AssertionConsumerService",
    "UIInfo",
    "x",
    "\u{e9}l\u{e9}ment",
];
const NAMESPACES: [&str; 4] = [
    "urn:other",
    "urn:oasis:names:tc:SAML:2.0:metadata:",
    "http://www.w3.org/2001/XMLSchema-instance",
    "https://\u{e9}.example/",
];
const ATTRIBUTES: [&str; 6] = [
    "validUntil",
    "cacheDuration",
    "entityID",
    "use",
    "isDefault",
    "ID",
];
const TEXTS: [&str; 6] = [
    "",
    " \n ",
    "&lt;md:EntityDescriptor/&gt;",
    "<![CDATA[</md:Extensions>]]>",
    "<!-- <md:x> --><?p q?>",
    "\u{1d4b3}\u{202e}\u{e9}",
];

fn pick<'a>(random: &mut StdRng, of: &[&'a str]) -> &'a str {
    of.choose(random).unwrap()
}

/// Some attributes of other namespaces, as `anyAttribute` allows them.
fn attributes(random: &mut StdRng) -> String {
    let mut text = String::new();
    for number in 0..random.random_range(0..3) {
        let (namespace, name) = (pick(random, &NAMESPACES), pick(random, &ATTRIBUTES));
        write!(
            text,
            " xmlns:q{number}='{namespace}#{number}' q{number}:{name}='never'"
        )
        .unwrap();
    }
    text
}

/// Some elements of other namespaces, as `any` allows them.
fn elements(random: &mut StdRng, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..random.random_range(0..3) {
        let (namespace, name) = (pick(random, &NAMESPACES), pick(random, &NAMES));
        let (own, inner) = (attributes(random), pick(random, &TEXTS));
        let plain = pick(random, &ATTRIBUTES);
        let below = if depth == 0 {
            String::new()
        } else {
            elements(random, depth - 1)
        };
        write!(
            text,
            "<u:{name} xmlns:u='{namespace}' {plain}='never'{own}>{inner}{below}</u:{name}>"
        )
        .unwrap();
    }
    text
}

fn extensions(random: &mut StdRng) -> String {
    let (own, inner) = (attributes(random), elements(random, 4));
    format!("<md:Extensions{own}>{inner}</md:Extensions>")
}

/// The plain file, with something unknown at every point at which the schema lets it stand.
fn with_unknown(random: &mut StdRng) -> String {
    let samlp = vocab::SAMLP;
    let other_roles = format!(
        "<md:IDPSSODescriptor protocolSupportEnumeration='{samlp}'{}>{}</md:IDPSSODescriptor>\
         <md:RoleDescriptor xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
         xmlns:t='urn:t' xsi:type='t:Role' validUntil='2001-01-01T00:00:00Z' \
         protocolSupportEnumeration='{samlp}'{}>{}</md:RoleDescriptor>\
         <md:AttributeAuthorityDescriptor protocolSupportEnumeration='{samlp}'>{}\
         </md:AttributeAuthorityDescriptor>",
        attributes(random),
        extensions(random),
        attributes(random),
        extensions(random),
        elements(random, 2),
    );
    let behind = format!(
        "<md:Organization{}>{}<md:OrganizationName xml:lang='x'>o</md:OrganizationName>\
         </md:Organization><md:ContactPerson contactType='technical'{}>{}</md:ContactPerson>\
         <md:ContactPerson contactType='other'/>\
         <md:AdditionalMetadataLocation namespace='urn:a'>http://a</md:AdditionalMetadataLocation>\
         </md:EntityDescriptor>",
        attributes(random),
        extensions(random),
        attributes(random),
        extensions(random),
    );
    let before = format!("{}{other_roles}", extensions(random));
    let in_role = format!(
        "{}<md:KeyDescriptor use=\"signing\"{}>",
        extensions(random),
        attributes(random)
    );
    let in_endpoint = format!("index=\"0\"{}>{}", attributes(random), elements(random, 3));
    let after = format!(
        "<md:SingleLogoutService{} Binding='urn:b' Location='nowhere'>{}</md:SingleLogoutService>\
         </md:SPSSODescriptor>",
        attributes(random),
        elements(random, 2)
    );
    PLAIN
        .replacen(
            "<md:SPSSODescriptor",
            &format!("{before}<md:SPSSODescriptor{}", attributes(random)),
            1,
        )
        .replacen("<md:KeyDescriptor use=\"signing\">", &in_role, 1)
        .replacen(
            "index=\"0\"/>",
            &format!("{in_endpoint}</md:AssertionConsumerService>"),
            1,
        )
        .replacen("</md:SPSSODescriptor>", &after, 1)
        .replacen("</md:EntityDescriptor>", &behind, 1)
}

fn read_text(text: &str) -> String {
    let reading = read(text.as_bytes(), &config(), Schemes::HttpsOnly, now());
    assert!(
        reading.findings.is_empty(),
        "{:?}\n{text}",
        reading.findings
    );
    format!("{:?}", reading.provider.unwrap().sp)
}

#[test]
fn iip_ext01_iip_md05_what_is_unknown_is_survived_at_every_point_and_changes_nothing() {
    let expected = read_text(PLAIN);
    let mut random = StdRng::seed_from_u64(5);
    let mut lengths = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let text = with_unknown(&mut random);
        assert_eq!(read_text(&text), expected, "{text}");
        lengths.insert(text.len());
    }
    assert!(lengths.len() > 300, "the files are of many kinds");
}

#[test]
fn iip_g02_names_of_256_characters_of_four_bytes_are_taken_whole() {
    let name = format!("urn:{}", "\u{1d4b3}".repeat(252));
    assert_eq!(name.chars().count(), 256);
    let list = format!(
        "<md:AttributeConsumingService index='1'><md:RequestedAttribute Name='{name}' \
         NameFormat='{name}'/></md:AttributeConsumingService></md:SPSSODescriptor>"
    );
    let text = PLAIN
        .replace("https://sp.example.org/metadata", &name)
        .replace("</md:SPSSODescriptor>", &list);
    let reading = read(text.as_bytes(), &config(), Schemes::HttpsOnly, now());
    let sp = reading.provider.unwrap().sp;
    assert_eq!(sp.entity_id.as_str(), name);
    let requested = &sp.attribute_consuming_services[0].requested[0];
    assert_eq!(requested.name, name);
    assert_eq!(requested.name_format.as_deref(), Some(&*name));
}

#[test]
fn a_name_for_people_that_is_none_is_passed_over() {
    let named = |names: &str| {
        let extensions = format!(
            "<md:SPSSODescriptor protocolSupportEnumeration=\"{}\"><md:Extensions>\
             <mdui:UIInfo xmlns:mdui='{}'>{names}</mdui:UIInfo></md:Extensions>",
            vocab::SAMLP,
            vocab::MDUI
        );
        let role = format!(
            "<md:SPSSODescriptor protocolSupportEnumeration=\"{}\">",
            vocab::SAMLP
        );
        assert!(PLAIN.contains(&role));
        let text = PLAIN.replace(&role, &extensions);
        let reading = read(text.as_bytes(), &config(), Schemes::HttpsOnly, now());
        reading
            .provider
            .unwrap()
            .sp
            .ui_info
            .display_name
            .map(|it| it.fr)
    };
    let name = |text: &str| format!("<mdui:DisplayName xml:lang='fr'>{text}</mdui:DisplayName>");
    let good = name(" Zoom\n  du midi ");
    assert_eq!(named(&good).as_deref(), Some("Zoom du midi"));
    assert!(named(&name(&"x".repeat(80))).is_some());
    for none in [
        "",
        " \t ",
        &"x".repeat(81),
        "a<b/>",
        "a&#134;b",
        "a\u{7f}b",
        // What reads as "zoom" and is not.
        "\u{202e}mooz",
        "a\u{2067}b",
        "a\u{200f}b",
        "a\u{61c}b",
        "<mdui:DisplayName>x</mdui:DisplayName>",
    ] {
        assert_eq!(named(&name(none)), None, "{none:?}");
        // The good one beside it is found.
        let both = format!("{}{good}", name(none));
        assert_eq!(named(&both).as_deref(), Some("Zoom du midi"), "{none:?}");
    }
}
