//! The profile, part by part. Every document here but the broken ones is signed
//! honestly by the registered key, so that only the check in question refuses.
//! Wrapping is in `verify_wrapping_tests.rs`, algorithms in
//! `verify_algorithm_tests.rs`.

use super::super::algorithm::{
    DigestAlgorithm, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, EXCLUSIVE_C14N_WITH_COMMENTS,
    INCLUSIVE_C14N, INCLUSIVE_C14N_11, INCLUSIVE_C14N_11_WITH_COMMENTS,
    INCLUSIVE_C14N_WITH_COMMENTS, Sha1, SignatureAlgorithm,
};
use super::super::signature_fault::Part;
use super::super::test_support::*;
use super::*;
use crate::xml::c14n::{C14nFault, ExclusiveC14n};
use crate::xml::{DoorFault, Limits, open};

pub(super) fn verify_with(xml: &str, keys: &[VerifyingKey]) -> Result<(), SignatureFault> {
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    verify_enveloped(document.root(), keys, Allowed::default()).map(|_| ())
}

fn verify(xml: &str) -> Result<(), SignatureFault> {
    verify_with(xml, &[sp_key().verifying()])
}

/// Signs a request with a changed template and verifies it.
pub(super) fn verify_template(change: impl FnOnce(&mut Template)) -> Result<(), SignatureFault> {
    let mut template = Template::to("_req");
    change(&mut template);
    verify(&fill(&request("_req", &template.xml()), "_req", sp_key()))
}

#[test]
fn a_signed_request_verifies_and_is_seen_without_its_signature() {
    let xml = signed_request();
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    let verified = verify_enveloped(root, &[sp_key().verifying()], Allowed::default()).unwrap();
    assert_eq!(verified.get(), &root);
    let checked = verify_if_signed(root, &[sp_key().verifying()], Sha1::Refused.into()).unwrap();
    assert!(checked.is_signed());
    let bare = request("_req", "");
    let document = open(bare.as_bytes(), &Limits::MESSAGE).unwrap();
    let checked = verify_if_signed(document.root(), &[], Sha1::Refused.into()).unwrap();
    assert!(!checked.is_signed());
    let seen: Vec<_> = verified
        .into_inner()
        .children()
        .map(|e| e.local_name())
        .collect();
    assert_eq!(seen, ["Issuer", "NameIDPolicy"]);
    assert_eq!(signatures_below(root).count(), 1);
    assert_eq!(signatures_below(verified.into_inner()).count(), 0);
}

#[test]
fn any_of_several_keys_may_have_signed() {
    let keys = [foreign_key().verifying(), sp_key().verifying()];
    assert_eq!(verify_with(&signed_request(), &keys), Ok(()));
}

#[test]
fn r08_without_keys_nothing_verifies() {
    assert_eq!(
        verify_with(&signed_request(), &[]),
        Err(SignatureFault::NoKeys)
    );
    let document = open(b"<a/>", &Limits::MESSAGE).unwrap();
    let root = document.root();
    assert_eq!(
        verify_enveloped(root, &[], Allowed::default()),
        Err(SignatureFault::NoKeys)
    );
    assert_eq!(
        verify_enveloped_element(root, root, &[]),
        Err(SignatureFault::NoKeys)
    );
    let uri = SignatureAlgorithm::RsaSha256.uri();
    assert_eq!(
        verify_detached(uri, b"", b"", &[], Allowed::default()),
        Err(SignatureFault::NoKeys)
    );
}

#[test]
fn r08_breach_of_iip_md07_sdp_idp32_a_foreign_or_broken_signature_is_refused() {
    let foreign = fill(
        &request("_req", &Template::to("_req").xml()),
        "_req",
        foreign_key(),
    );
    assert_eq!(verify(&foreign), Err(SignatureFault::NotByTheseKeys));
    let with_value = |value: &str| {
        let xml = request("_req", &Template::to("_req").xml());
        let xml = xml.replace("[DIGEST]", "AAAA").replace("[VALUE]", value);
        verify(&xml)
    };
    for garbage in ["", "AAAA", &"A".repeat(344)] {
        assert_eq!(
            with_value(garbage),
            Err(SignatureFault::NotByTheseKeys),
            "{garbage}"
        );
    }
    for no_base64 in ["A", "====", "AA=A", "*", "AAA"] {
        let fault = SignatureFault::Shape(Part::SignatureValue);
        assert_eq!(with_value(no_base64), Err(fault), "{no_base64}");
    }
}

#[test]
fn r08_a_stripped_signature_is_no_signature() {
    let xml = request("_req", "");
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    assert_eq!(signatures_below(document.root()).count(), 0);
    assert_eq!(verify(&xml), Err(SignatureFault::Unsigned));
    let emptied = request("_req", &format!("<ds:Signature xmlns:ds=\"{DSIG}\"/>"));
    assert_eq!(
        verify(&emptied),
        Err(SignatureFault::Shape(Part::Signature))
    );
    let renamed = signed_request().replace(DSIG, "urn:not:dsig");
    assert_eq!(verify(&renamed), Err(SignatureFault::Unsigned));
}

#[test]
fn r08_changed_content_is_refused_wherever_it_is_changed() {
    let xml = signed_request();
    for (was, is) in [
        ("https://sp.example", "https://sp.example2"),
        ("Version=\"2.0\"", "Version=\"2.1\""),
        ("AllowCreate=\"true\"", "AllowCreate=\"true\" x=\"\""),
        ("</saml:Issuer>", "</saml:Issuer> "),
        ("</samlp:AuthnRequest>", "<samlp:X/></samlp:AuthnRequest>"),
    ] {
        let changed = xml.replacen(was, is, 1);
        assert_ne!(changed, xml);
        assert_eq!(verify(&changed), Err(SignatureFault::Digest), "{is}");
    }
    let uncanonical = xml.replacen(
        "/></samlp:AuthnRequest>",
        "\n></samlp:NameIDPolicy></samlp:AuthnRequest>",
        1,
    );
    assert_ne!(uncanonical, xml);
    assert_eq!(
        verify(&uncanonical),
        Ok(()),
        "only what XML calls the same may change"
    );
}

#[test]
fn r08_a_changed_signed_info_is_refused() {
    let xml = signed_request();
    let digest = xml
        .split("DigestValue>")
        .nth(1)
        .unwrap()
        .trim_end_matches("</ds:");
    let changed = xml.replace(digest, "AAAA");
    assert_eq!(verify(&changed), Err(SignatureFault::NotByTheseKeys));
    let changed = xml.replace("xmlenc#sha256", "xmlenc#sha512");
    assert_eq!(verify(&changed), Err(SignatureFault::NotByTheseKeys));
}

#[test]
fn r05_the_reference_is_the_id_of_the_element_around_it() {
    for uri in [
        "",
        "URI=\"\"",
        "URI=\"#\"",
        "URI=\"#_other\"",
        "URI=\"_req\"",
        "URI=\"# _req\"",
        "URI=\"#xpointer(id('_req'))\"",
        "URI=\"#xpointer(/)\"",
        "URI=\"http://evil.example/#_req\"",
        "URI=\"file:///etc/passwd\"",
        "URI=\"#_REQ\"",
        "URI=\"##_req\"",
    ] {
        let fault = verify_template(|t| uri.clone_into(&mut t.uri));
        assert_eq!(fault, Err(SignatureFault::OtherReference), "{uri}");
    }
}

#[test]
fn r05_there_is_exactly_one_reference() {
    let template = Template::to("_req");
    let one = template.reference();
    for references in [String::new(), format!("{one}{one}")] {
        let xml = request("_req", &template.xml().replace(&one, &references));
        let fault = verify(&fill(&xml, "_req", sp_key()));
        assert_eq!(fault, Err(SignatureFault::Shape(Part::SignedInfo)));
    }
}

#[test]
fn r05_transforms_are_enveloped_signature_and_a_canonical_form_in_this_order() {
    let transform = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"/>");
    let (enveloped, c14n) = (transform(ENVELOPED_SIGNATURE), transform(EXCLUSIVE_C14N));
    let shape = SignatureFault::Shape(Part::Transforms);
    let other = SignatureFault::Algorithm(Part::Transforms);
    for (transforms, fault) in [
        (String::new(), shape),
        (c14n.clone(), other),
        (format!("{enveloped}{c14n}{c14n}"), shape),
        (format!("{c14n}{enveloped}"), other),
        (format!("{enveloped}{enveloped}"), other),
        (format!("{c14n}{c14n}"), other),
        (format!("{enveloped}<ds:Transform/>"), shape),
        (format!("{enveloped}text{c14n}"), shape),
        (
            format!("<ds:Transform Algorithm=\"{ENVELOPED_SIGNATURE}\"><a/></ds:Transform>{c14n}"),
            shape,
        ),
        (
            format!("{enveloped}{}", c14n.replace("ds:Transform", "ds:Other")),
            shape,
        ),
        (
            format!("{enveloped}<Transform Algorithm=\"{EXCLUSIVE_C14N}\"/>"),
            shape,
        ),
    ] {
        let result = verify_template(|t| transforms.clone_into(&mut t.transforms));
        assert_eq!(result, Err(fault), "{transforms}");
    }
    for uri in [
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2010/xml-c14n2",
        "http://www.w3.org/2002/07/decrypt#XML",
        "",
    ] {
        let transforms = format!("{enveloped}{}", transform(uri));
        assert_eq!(
            verify_template(|t| t.transforms = transforms),
            Err(other),
            "{uri}"
        );
        let c14n = format!("<ds:CanonicalizationMethod Algorithm=\"{uri}\"/>");
        let fault = SignatureFault::Algorithm(Part::CanonicalizationMethod);
        assert_eq!(verify_template(|t| t.c14n = c14n), Err(fault), "{uri}");
    }
}

#[test]
fn r05_inclusive_c14n_is_not_for_an_element_inside_a_document() {
    let enveloped = format!("<ds:Transform Algorithm=\"{ENVELOPED_SIGNATURE}\"/>");
    let verify = |template: &Template| {
        let signed = fill(&request("_req", &template.xml()), "_req", sp_key());
        let keys = [sp_key().verifying()];
        let around = format!("<r ID=\"_r\">{signed}</r>");
        let [inside, alone] = [&around, &signed].map(|xml| open(xml.as_bytes(), &Limits::MESSAGE));
        let (inside, alone) = (inside.unwrap(), alone.unwrap());
        let (inside, alone) = (inside.root(), alone.root());
        let element = inside.children().next().unwrap();
        [
            verify_enveloped_element(inside, element, &keys).map(|_| ()),
            // Nor for a Response, which we only ever read as it is written: exclusively.
            verify_enveloped_element(alone, alone, &keys).map(|_| ()),
        ]
    };
    assert_eq!(verify(&Template::to("_req")), [Ok(()); 2]);
    for uri in [
        INCLUSIVE_C14N,
        INCLUSIVE_C14N_WITH_COMMENTS,
        INCLUSIVE_C14N_11,
        INCLUSIVE_C14N_11_WITH_COMMENTS,
    ] {
        let mut template = Template::to("_req");
        template.transforms = format!("{enveloped}<ds:Transform Algorithm=\"{uri}\"/>");
        let fault = Err(SignatureFault::Algorithm(Part::Transforms));
        assert_eq!(verify(&template), [fault; 2], "{uri}");
        let mut template = Template::to("_req");
        template.c14n = format!("<ds:CanonicalizationMethod Algorithm=\"{uri}\"/>");
        let fault = Err(SignatureFault::Algorithm(Part::CanonicalizationMethod));
        assert_eq!(verify(&template), [fault; 2], "{uri}");
        // A list of prefixes belongs to the exclusive form.
        let list =
            format!("<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE_C14N}\" PrefixList=\"x\"/>");
        let with_list = format!("<ds:Transform Algorithm=\"{uri}\">{list}</ds:Transform>");
        let result = verify_template(|t| t.transforms = format!("{enveloped}{with_list}"));
        assert_eq!(result, Err(SignatureFault::Shape(Part::Transforms)));
    }
    let mut template = Template::to("_req");
    template.transforms = enveloped;
    let fault = Err(SignatureFault::Shape(Part::Transforms));
    assert_eq!(verify(&template), [fault; 2]);
}

#[test]
fn exclusive_c14n_with_comments_and_prefix_lists_are_taken() {
    let c14n = |uri: &str, list: &str| {
        let list =
            format!("<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE_C14N}\" PrefixList=\"{list}\"/>");
        (
            format!(
                "<ds:CanonicalizationMethod Algorithm=\"{uri}\">{list}</ds:CanonicalizationMethod>"
            ),
            format!(
                "<ds:Transform Algorithm=\"{ENVELOPED_SIGNATURE}\"/>\
                     <ds:Transform Algorithm=\"{uri}\">{list}</ds:Transform>"
            ),
        )
    };
    for (uri, with_comments) in [
        (EXCLUSIVE_C14N, false),
        (EXCLUSIVE_C14N_WITH_COMMENTS, true),
    ] {
        let mut template = Template::to("_req");
        (template.c14n, template.transforms) = c14n(uri, "saml\t #default  xs");
        // A comment that is signed in SignedInfo, and one that no reference to an ID covers.
        let signature = template.xml().replacen("<ds:Ref", "<!-- s --><ds:Ref", 1);
        let xml = request("_req", &format!("<!-- c -->{signature}"));
        let options = ExclusiveC14n {
            with_comments: false,
            inclusive_prefixes: ["saml", "", "xs"].map(str::to_owned).to_vec(),
        };
        let sha256 = openssl::hash::MessageDigest::sha256();
        let xml = fill_digest(&xml, "_req", sha256, &options);
        let options = ExclusiveC14n {
            with_comments,
            ..options
        };
        let signed = fill_value(&xml, sp_key(), sha256, &options);
        assert_eq!(verify(&signed), Ok(()));
        assert_eq!(verify(&signed.replace("<!-- c -->", "")), Ok(()));
        let expected = if with_comments {
            Err(SignatureFault::NotByTheseKeys)
        } else {
            Ok(())
        };
        assert_eq!(verify(&signed.replace("<!-- s -->", "")), expected);
    }
    let most = "p ".repeat(32);
    let (method, transforms) = c14n(EXCLUSIVE_C14N, &most);
    assert_eq!(verify_template(|t| t.c14n = method), Ok(()));
    assert_eq!(verify_template(|t| t.transforms = transforms), Ok(()));
    // What stands in their place under another name, or in another namespace, says nothing.
    for (name, namespace) in [
        ("InclusiveNamespace", EXCLUSIVE_C14N),
        ("InclusiveNamespaces", "urn:x"),
    ] {
        let other = c14n(EXCLUSIVE_C14N, "xs").1;
        let other = other.replace("InclusiveNamespaces", name);
        let other = other.replace(
            &format!(":e=\"{EXCLUSIVE_C14N}\""),
            &format!(":e=\"{namespace}\""),
        );
        let fault = Err(SignatureFault::Shape(Part::Transforms));
        assert_eq!(verify_template(|t| t.transforms = other), fault, "{name}");
    }
    let many = "p ".repeat(33);
    for bad in ["a:b", "#other", "1", many.as_str()] {
        let (method, transforms) = c14n(EXCLUSIVE_C14N, bad);
        let fault = Err(SignatureFault::Shape(Part::CanonicalizationMethod));
        assert_eq!(verify_template(|t| t.c14n = method), fault, "{bad}");
        let fault = Err(SignatureFault::Shape(Part::Transforms));
        assert_eq!(
            verify_template(|t| t.transforms = transforms),
            fault,
            "{bad}"
        );
    }
}

#[test]
fn r05_key_info_is_not_read() {
    let certificate =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sp_key().der());
    for inside in [
        format!(
            "<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"
        ),
        "<ds:X509Data><ds:X509Certificate>garbage</ds:X509Certificate></ds:X509Data>".to_owned(),
        "<ds:KeyName>other</ds:KeyName>".to_owned(),
        "<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>".to_owned(),
        "<ds:RetrievalMethod URI=\"http://evil.example/key\"/>".to_owned(),
        "<KeyInfoReference xmlns=\"http://www.w3.org/2009/xmldsig11#\" URI=\"file:///\"/>"
            .to_owned(),
        "<ds:MgmtData/><ds:PGPData/><ds:SPKIData/>".to_owned(),
        String::new(),
    ] {
        let mut template = Template::to("_req");
        template.rest = format!("<ds:KeyInfo>{inside}</ds:KeyInfo>");
        let xml = request("_req", &template.xml());
        assert_eq!(verify(&fill(&xml, "_req", sp_key())), Ok(()), "{inside}");
        // Our peer's certificate in there does not make the signer our peer.
        let foreign = fill(&xml, "_req", foreign_key());
        assert_eq!(
            verify(&foreign),
            Err(SignatureFault::NotByTheseKeys),
            "{inside}"
        );
    }
}

#[test]
fn r05_nothing_else_stands_in_a_signature() {
    for rest in [
        "<ds:Object/>",
        "<ds:KeyInfo/><ds:Object><ds:Manifest/></ds:Object>",
        "<ds:KeyInfo/><ds:KeyInfo/>",
        "<KeyInfo/>",
        "text",
        "<ds:SignatureValue>AAAA</ds:SignatureValue>",
        "<ds:SignedInfo/>",
    ] {
        let fault = verify_template(|t| rest.clone_into(&mut t.rest));
        assert_eq!(fault, Err(SignatureFault::Shape(Part::Signature)), "{rest}");
    }
}

#[test]
fn r02_a_second_signed_info_is_refused_before_and_after_the_first() {
    let template = Template::to("_req");
    let signed = fill(&request("_req", &template.xml()), "_req", sp_key());
    let forged = "<ds:SignedInfo><ds:Reference URI=\"#_req\"/></ds:SignedInfo>";
    for place in ["<ds:SignedInfo>", "<ds:SignatureValue>", "</ds:Signature>"] {
        let xml = signed.replacen(place, &format!("{forged}{place}"), 1);
        assert_eq!(
            verify(&xml),
            Err(SignatureFault::Shape(Part::Signature)),
            "{place}"
        );
    }
}

#[test]
fn r02_digest_and_signature_value_are_plain_text() {
    let signed = signed_request();
    for name in ["DigestValue", "SignatureValue"] {
        let open_tag = format!("<ds:{name}>");
        let part = if name == "DigestValue" {
            Part::DigestValue
        } else {
            Part::SignatureValue
        };
        for inside in ["<!---->", "<!--AAAA-->", "<?p?>", "<![CDATA[]]>", "<a/>"] {
            let xml = signed.replacen(&open_tag, &format!("{open_tag}{inside}"), 1);
            assert_eq!(
                verify(&xml),
                Err(SignatureFault::Shape(part)),
                "{name} {inside}"
            );
            if inside.starts_with("<!--") {
                let fault = open(xml.as_bytes(), &Limits::MESSAGE).unwrap_err();
                assert_eq!(fault, DoorFault::Comment);
            }
        }
        let xml = signed.replacen(&open_tag, &format!("{open_tag}&#65;"), 1);
        assert!(verify(&xml).is_err());
    }
    let spaced = signed.replacen("<ds:SignatureValue>", "<ds:SignatureValue>\r\n  ", 1);
    assert_eq!(verify(&spaced), Ok(()));
}

#[test]
fn r02_each_part_of_a_signature_has_its_own_name_and_namespace() {
    let signed = signed_request();
    for name in [
        "SignedInfo",
        "CanonicalizationMethod",
        "SignatureMethod",
        "Reference",
        "Transforms",
        "Transform ",
        "DigestMethod",
        "DigestValue",
        "SignatureValue",
    ] {
        for other in ["saml:", "ds:X"] {
            let end = name.trim_end();
            let xml = signed
                .replace(&format!("<ds:{name}"), &format!("<{other}{name}"))
                .replace(&format!("</ds:{end}>"), &format!("</{other}{end}>"));
            assert_ne!(xml, signed);
            let fault = verify(&xml).unwrap_err();
            assert!(matches!(fault, SignatureFault::Shape(_)), "{name}: {fault}");
        }
    }
}

#[test]
fn r02_a_digest_method_holds_nothing() {
    let method = format!(
        "<ds:DigestMethod Algorithm=\"{}\"><x/></ds:DigestMethod>",
        DigestAlgorithm::Sha256.uri()
    );
    let fault = verify_template(|t| t.digest_method = method);
    assert_eq!(fault, Err(SignatureFault::Shape(Part::DigestMethod)));
}

#[test]
fn r02_unknown_attributes_of_a_signature_are_refused() {
    let signed = signed_request();
    for (name, part) in [
        ("Signature", Part::Signature),
        ("SignedInfo", Part::SignedInfo),
        ("CanonicalizationMethod", Part::CanonicalizationMethod),
        ("SignatureMethod", Part::SignatureMethod),
        ("Reference", Part::Reference),
        ("Transforms", Part::Transforms),
        ("Transform", Part::Transforms),
        ("DigestMethod", Part::DigestMethod),
        ("DigestValue", Part::DigestValue),
        ("SignatureValue", Part::SignatureValue),
    ] {
        for attribute in ["x=\"\"", "saml:Algorithm=\"\"", "Type=\"\""] {
            let tag = [" ", ">"].map(|end| format!("<ds:{name}{end}"));
            let tag = tag.iter().find(|tag| signed.contains(*tag)).unwrap();
            let (start, end) = tag.split_at(tag.len() - 1);
            let xml = signed.replacen(tag, &format!("{start} {attribute}{end}"), 1);
            assert_eq!(
                verify(&xml),
                Err(SignatureFault::Shape(part)),
                "{name} {attribute}"
            );
        }
    }
}

#[test]
fn r02_an_element_without_canonical_form_is_refused() {
    let xml = request("_req", &Template::to("_req").xml()).replace(
        "<samlp:NameIDPolicy",
        "<x xmlns=\"relative\"/><samlp:NameIDPolicy",
    );
    let xml = xml.replace("[DIGEST]", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let xml = fill_value(
        &xml,
        sp_key(),
        SignatureAlgorithm::RsaSha256.digest(),
        &ExclusiveC14n::default(),
    );
    let fault = SignatureFault::Canonicalization(C14nFault::RelativeNamespace);
    assert_eq!(verify(&xml), Err(fault), "the digest is that of nothing");
}
