//! What a signature may refer to, and what it may have done to it: each other thing.

use passerelle::xmlsec::{Part, SignatureFault as Fault};

use super::super::{
    case::{Case, harmless, signature},
    genuine::{ENVELOPED, EXCLUSIVE, Genuine, ID, Template},
};

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = uris(genuine);
    cases.extend(transforms_that_hold(genuine));
    cases.extend(transforms_that_are_named(genuine));
    cases.extend(prefix_lists(genuine));
    cases.extend(inclusive_c14n(genuine));
    cases
}

/// `URI`s that are no `#ID` of the element around the signature.
fn uris(genuine: &Genuine) -> Vec<Case> {
    let holds = |name: &str, uri: &str| {
        let xml = genuine.signed_by(&Template::uri(uri));
        signature(format!("{name}, holds"), xml, Fault::OtherReference)
    };
    let own = format!("URI=\"#{ID}\"");
    let edited = |uri: &str| {
        let xml = genuine.edited(&own, &format!("URI=\"{uri}\""));
        signature(format!("reference to {uri:?}"), xml, Fault::OtherReference)
    };
    let nested = genuine.kind.extensions(&genuine.forged("_other", ""));
    let template = Template::uri("URI=\"#_other\"").text();
    let around_another = genuine.ending_with(&genuine.around(&template), &nested);
    let typed = format!("{own} Type=\"http://www.w3.org/2000/09/xmldsig#Object\"");
    vec![
        holds("reference to the whole document", "URI=\"\""),
        holds("reference by xpointer to the root", "URI=\"#xpointer(/)\""),
        holds(
            "reference by xpointer to the ID",
            &format!("URI=\"#xpointer(id('{ID}'))\""),
        ),
        signature(
            "reference to another message inside, holds",
            genuine.sign(&around_another),
            Fault::OtherReference,
        ),
        signature(
            "reference without URI",
            genuine.edited(&format!(" {own}"), ""),
            Fault::OtherReference,
        ),
        signature(
            "reference with a Type, holds",
            genuine.signed_by(&Template::uri(&typed)),
            Fault::Shape(Part::Reference),
        ),
        edited("#"),
        edited("file:///etc/hostname"),
        edited("https://evil.example/x.xml"),
        edited("#_evil"),
        edited("#_GENUINE"),
        edited("#%5Fgenuine"),
        edited(" #_genuine"),
        edited("#_genuine "),
        edited("#_genuine#_genuine"),
        edited("?#_genuine"),
        edited("cid:_genuine"),
    ]
}

/// Chains of transforms over which xmlsec1 signs.
fn transforms_that_hold(genuine: &Genuine) -> Vec<Case> {
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">\
                 <ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>";
    let filter = "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\">\
                  <f:XPath xmlns:f=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">\
                  //ds:Signature</f:XPath></ds:Transform>";
    let stylesheet = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\">\
                      <x:stylesheet xmlns:x=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">\
                      <x:template match=\"/\"><same/></x:template></x:stylesheet></ds:Transform>";
    let shape = Fault::Shape(Part::Transforms);
    let other = Fault::Algorithm(Part::Transforms);
    let mut cases: Vec<_> = [
        ("no transforms", &[][..], Fault::Shape(Part::Reference)),
        ("the canonical form alone", &[EXCLUSIVE], other),
        ("three", &[ENVELOPED, EXCLUSIVE, EXCLUSIVE], shape),
        (
            "the enveloped signature twice",
            &[ENVELOPED, ENVELOPED],
            other,
        ),
        ("XPath in the second place", &[ENVELOPED, xpath], other),
        ("XPath in the first place", &[xpath, EXCLUSIVE], shape),
        (
            "XPath in a third place",
            &[ENVELOPED, xpath, EXCLUSIVE],
            shape,
        ),
        ("an XPath filter", &[ENVELOPED, filter], other),
        (
            "an XPath filter in the first place",
            &[filter, EXCLUSIVE],
            shape,
        ),
        ("XSLT", &[ENVELOPED, stylesheet], other),
    ]
    .map(|(name, transforms, fault)| {
        let xml = genuine.signed_by(&Template::transforms(transforms));
        signature(format!("transforms: {name}, holds"), xml, fault)
    })
    .into();
    let alone = genuine.signed_by(&Template::transforms(&[ENVELOPED]));
    cases.push(harmless(
        "transforms: the enveloped signature alone, holds",
        alone,
        "it means inclusive canonical form, which is taken of a whole document",
    ));
    cases
}

/// Transforms that xmlsec1 knows or does not, put in the place of the second one.
fn transforms_that_are_named(genuine: &Genuine) -> Vec<Case> {
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let mut cases: Vec<_> = [
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2002/07/decrypt#XML",
        "http://www.w3.org/2002/07/decrypt#Binary",
        "http://www.w3.org/2010/xml-c14n2",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
        "urn:unknown",
        "",
    ]
    .iter()
    .map(|uri| {
        let other = format!("<ds:Transform Algorithm=\"{uri}\"/>");
        let xml = genuine.edited(exclusive, &other);
        signature(format!("transform {uri:?}"), xml, Fault::Algorithm(Part::Transforms))
    })
    .collect();
    let swapped = genuine.edited(
        &format!("{ENVELOPED}{exclusive}"),
        &format!("{exclusive}{ENVELOPED}"),
    );
    let unnamed = genuine.edited(exclusive, "<ds:Transform/>");
    let filled = genuine.edited(ENVELOPED, &ENVELOPED.replace("/>", "><x/></ds:Transform>"));
    cases.extend([
        signature(
            "the two transforms swapped",
            swapped,
            Fault::Algorithm(Part::Transforms),
        ),
        signature(
            "a transform without Algorithm",
            unnamed,
            Fault::Shape(Part::Transforms),
        ),
        signature(
            "a transform with something inside",
            filled,
            Fault::Shape(Part::Transforms),
        ),
    ]);
    cases
}

/// `InclusiveNamespaces`: short and of names, or not at all.
fn prefix_lists(genuine: &Genuine) -> Vec<Case> {
    let with = |list: &str| {
        let exclusive = EXCLUSIVE.replace(
            "/>",
            &format!(
                "><e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{list}\"/></ds:Transform>"
            ),
        );
        genuine.signed_by(&Template::transforms(&[ENVELOPED, &exclusive]))
    };
    let long: Vec<_> = (0..33).map(|number| format!("p{number}")).collect();
    vec![
        harmless(
            "a list of prefixes, holds",
            with("saml ds #default"),
            "more is signed, not less",
        ),
        signature(
            "a list of 33 prefixes, holds",
            with(&long.join(" ")),
            Fault::Shape(Part::Transforms),
        ),
        signature(
            "a list of no names, holds",
            with("1 2"),
            Fault::Shape(Part::Transforms),
        ),
    ]
}

/// Inclusive canonicalisation: of the document's root, and of a message inside it, with the signature in
/// that message or in the root.
fn inclusive_c14n(genuine: &Genuine) -> Vec<Case> {
    let of = |(c14n, transform): (&'static str, &str), id: &str| {
        let transforms = [ENVELOPED, transform].concat();
        Template {
            c14n,
            uri: format!("URI=\"#{id}\""),
            transforms,
            ..Template::default()
        }
        .text()
    };
    let nested = |inside: &str| genuine.kind.extensions(&genuine.forged("_other", inside));
    let mut cases = Vec::new();
    for c14n in [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    ] {
        let inclusive = format!("<ds:Transform Algorithm=\"{c14n}\"/>");
        cases.push(harmless(
            format!("{c14n} of the root, holds"),
            genuine.sign(&genuine.around(&of((c14n, &inclusive), ID))),
            "it is taken of a whole document",
        ));
        let exclusive = Template::default().c14n;
        for (what, methods) in [
            ("all", (c14n, inclusive.as_str())),
            ("SignedInfo", (c14n, EXCLUSIVE)),
            ("the content", (exclusive, inclusive.as_str())),
        ] {
            // What is signed inherits the namespaces of the forged root around it.
            let inside = genuine.ending_with(&genuine.around(""), &nested(&of(methods, "_other")));
            cases.push(signature(
                format!("{c14n} of {what} in a message inside, holds"),
                genuine.sign(&inside),
                Fault::Misplaced,
            ));
            let from_root = genuine.around(&of(methods, "_other"));
            cases.push(signature(
                format!("{c14n} of {what}, from the root of a message inside, holds"),
                genuine.sign(&genuine.ending_with(&from_root, &nested(""))),
                Fault::OtherReference,
            ));
        }
    }
    cases
}
