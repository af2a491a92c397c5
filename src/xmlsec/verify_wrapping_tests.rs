//! Signature wrapping: a true signature in a document that says something else.
//!
//! The eight shapes of Somorovsky et al. 2012, carried over from a `Response`
//! to what an identity provider reads, and their later kin. In each the
//! original is signed by the registered key; the forged part is the attacker's.

use super::super::signature_fault::Part;
use super::super::test_support::*;
use super::*;
use crate::xml::{Limits, open};

fn verify(xml: &str) -> Result<(), SignatureFault> {
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    verify_enveloped(document.root(), &[sp_key().verifying()], Allowed::default()).map(|_| ())
}

/// The signed original, its signature, and the original without it.
fn parts() -> (String, String, String) {
    let signed = signed_request();
    let signature = cut(&signed, "<ds:Signature", "</ds:Signature>").to_owned();
    let bare = signed.replace(&signature, "");
    (signed, signature, bare)
}

fn forged(id: &str, inside: &str) -> String {
    request(id, inside).replace("https://sp.example", "https://evil.example")
}

fn with_object(signature: &str, inside: &str) -> String {
    let object = format!("<ds:Object>{inside}</ds:Object></ds:Signature>");
    signature.replace("</ds:Signature>", &object)
}

#[test]
fn r01_the_eight_wrappings_are_refused() {
    let (signed, signature, bare) = parts();
    let extensions = |inside: &str| format!("<samlp:Extensions>{inside}</samlp:Extensions>");
    let shapes = [
        (
            "1: original inside the signature of the forged",
            forged("_evil", &with_object(&signature, &bare)),
            SignatureFault::Shape(Part::Signature),
        ),
        (
            "2: detached beside the original",
            forged("_evil", &format!("{signature}{bare}")),
            SignatureFault::OtherReference,
        ),
        (
            "3: forged around the signed original",
            forged("_evil", &signed),
            SignatureFault::Misplaced,
        ),
        (
            "4: forged around, original in Extensions",
            forged("_evil", &extensions(&signed)),
            SignatureFault::Misplaced,
        ),
        (
            "5: forged takes the place, original after it",
            forged("_evil", &format!("{signature}{}", extensions(&bare))),
            SignatureFault::OtherReference,
        ),
        (
            "6: original in an Object of the forged",
            forged(
                "_evil",
                &with_object(&signature, &with_object(&signature, &bare)),
            ),
            SignatureFault::Several,
        ),
        (
            "7: original in Extensions with its signature",
            forged("_evil", &extensions(&extensions(&signed))),
            SignatureFault::Misplaced,
        ),
        (
            "8: original without signature in an Object",
            forged("_req", &with_object(&signature, &bare)),
            SignatureFault::DuplicateId,
        ),
    ];
    for (name, xml, fault) in shapes {
        assert_eq!(verify(&xml), Err(fault), "{name}");
    }
}

#[test]
fn r01_the_same_with_the_id_of_the_original_is_refused() {
    let (signed, signature, bare) = parts();
    for xml in [
        forged("_req", &with_object(&signature, &bare)),
        forged("_req", &format!("{signature}{bare}")),
        forged("_req", &signed),
        forged(
            "_req",
            &format!("<samlp:Extensions>{bare}</samlp:Extensions>{signature}"),
        ),
    ] {
        let fault = verify(&xml).unwrap_err();
        assert!(
            matches!(
                fault,
                SignatureFault::DuplicateId | SignatureFault::Misplaced
            ),
            "{fault}"
        );
    }
    let moved = forged("_req", &signature);
    assert_eq!(verify(&moved), Err(SignatureFault::Digest));
}

#[test]
fn r01_a_signature_stands_directly_in_the_root_and_alone() {
    let (_, signature, _) = parts();
    for place in [
        format!("<samlp:Extensions>{signature}</samlp:Extensions>"),
        format!("<ds:KeyInfo xmlns:ds=\"{DSIG}\">{signature}</ds:KeyInfo>"),
        format!("<x>{signature}</x>"),
    ] {
        assert_eq!(
            verify(&request("_req", &place)),
            Err(SignatureFault::Misplaced)
        );
    }
    let twice = request("_req", &format!("{signature}{signature}"));
    assert_eq!(verify(&twice), Err(SignatureFault::Several));
    let deeper = request("_req", &format!("{signature}<x>{signature}</x>"));
    assert_eq!(verify(&deeper), Err(SignatureFault::Several));
    let empty = format!("<ds:Signature xmlns:ds=\"{DSIG}\"/>");
    let decoy = request("_req", &format!("{signature}{empty}"));
    assert_eq!(verify(&decoy), Err(SignatureFault::Several));
}

#[test]
fn r01_a_signed_element_inside_another_document_is_not_the_message() {
    let (signed, ..) = parts();
    for envelope in [
        format!("<a>{signed}</a>"),
        format!("<s:Envelope xmlns:s=\"urn:s\"><s:Body>{signed}</s:Body></s:Envelope>"),
    ] {
        assert!(verify(&envelope).is_err());
        let document = open(envelope.as_bytes(), &Limits::MESSAGE).unwrap();
        let inner = document
            .root()
            .descendants()
            .find(|e| e.local_name() == "AuthnRequest");
        let result = verify_enveloped(inner.unwrap(), &[sp_key().verifying()], Allowed::default());
        assert_eq!(result, Err(SignatureFault::Misplaced));
    }
}

#[test]
fn r02_an_id_is_unique_under_every_name_for_it() {
    let template = Template::to("_req").xml();
    for attribute in [
        "ID=\"_req\"",
        "Id=\"_req\"",
        "id=\"_req\"",
        "iD=\"_req\"",
        "xml:id=\"_req\"",
        "samlp:ID=\"_req\"",
        "saml:Id=\"_req\"",
        "ID=\" _req \"",
        "Id=\"&#9;_req\"",
        "ID=\"&#95;req\"",
    ] {
        let other = format!("{template}<samlp:Extensions {attribute}/>");
        let xml = fill(&request("_req", &other), "_req", sp_key());
        assert_eq!(
            verify(&xml),
            Err(SignatureFault::DuplicateId),
            "{attribute}"
        );
    }
    for attribute in ["Id=\"_req\"", "xml:id=\"_req\"", "saml:ID=\"_req\""] {
        let unsigned =
            request("_req", &template).replacen("Version", &format!("{attribute} Version"), 1);
        let xml = fill(&unsigned, "_req", sp_key());
        assert_eq!(
            verify(&xml),
            Err(SignatureFault::DuplicateId),
            "{attribute} on the root"
        );
    }
    let in_signature = template.replacen("<ds:Signature ", "<ds:Signature Id=\"_req\" ", 1);
    let xml = fill(&request("_req", &in_signature), "_req", sp_key());
    assert_eq!(verify(&xml), Err(SignatureFault::DuplicateId));
    let other = template.replacen("<ds:Signature ", "<ds:Signature Id=\"_sig\" ", 1);
    let xml = fill(&request("_req", &other), "_req", sp_key());
    assert_eq!(verify(&xml), Ok(()));
}

#[test]
fn r02_only_a_plain_id_attribute_names_the_root() {
    let signed = signed_request();
    for attribute in ["Id=", "id=", "xml:id=", "samlp:ID="] {
        let xml = signed.replacen(" ID=", &format!(" {attribute}"), 1);
        assert_eq!(verify(&xml), Err(SignatureFault::NoId), "{attribute}");
    }
    for id in ["", " _req", "1", "a:b", "a b"] {
        let xml = signed.replacen("ID=\"_req\"", &format!("ID=\"{id}\""), 1);
        assert_eq!(verify(&xml), Err(SignatureFault::NoId), "{id}");
    }
}

fn response(outer: &str, assertion: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r\">\
         <samlp:Status/>{outer}{assertion}</samlp:Response>"
    )
}

fn assertion(id: &str, name: &str, signature: &str) -> String {
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\">\
         {signature}<saml:NameID>{name}</saml:NameID></saml:Assertion>"
    )
}

fn signed_assertion() -> String {
    let template = Template::to("_a").xml();
    fill(&assertion("_a", "alice", &template), "_a", sp_key())
}

/// Verifies the root and each of its children, as whoever reads them would.
fn verify_parts(xml: &str) -> Vec<(String, Result<(), SignatureFault>)> {
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    let keys = [sp_key().verifying()];
    std::iter::once(root)
        .chain(root.children())
        .map(|element| {
            let result = verify_enveloped_element(root, element, &keys).map(|_| ());
            (element.local_name().to_owned(), result)
        })
        .collect()
}

#[test]
fn a_response_may_be_signed_outside_inside_or_both() {
    let inside = signed_assertion();
    let faults = |xml: &str| {
        verify_parts(xml)
            .into_iter()
            .map(|(_, r)| r)
            .collect::<Vec<_>>()
    };
    let unsigned = Err(SignatureFault::Unsigned);
    assert_eq!(faults(&response("", &inside)), [unsigned, unsigned, Ok(())]);
    // The outer template comes first in the document, so it is the one filled.
    let both = fill(
        &response(&Template::to("_r").xml(), &inside),
        "_r",
        sp_key(),
    );
    assert_eq!(faults(&both), [Ok(()), unsigned, unsigned, Ok(())]);
    let plain = assertion("_a", "alice", "");
    let outside = fill(&response(&Template::to("_r").xml(), &plain), "_r", sp_key());
    assert_eq!(faults(&outside), [Ok(()), unsigned, unsigned, unsigned]);
    let document = open(both.as_bytes(), &Limits::MESSAGE).unwrap();
    let strict = verify_enveloped(document.root(), &[sp_key().verifying()], Allowed::default());
    assert_eq!(
        strict,
        Err(SignatureFault::Several),
        "a message has one signature"
    );
}

#[test]
fn r01_a_verified_assertion_shows_no_way_to_its_response() {
    let xml = response("", &signed_assertion());
    let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    let part = root.children().nth(1).unwrap();
    let verified = verify_enveloped_element(root, part, &[sp_key().verifying()]).unwrap();
    assert_eq!(verified.get().parent(), None);
    assert_eq!(signatures_below(verified.into_inner()).count(), 0);
}

#[test]
fn r01_the_eight_wrappings_of_a_response_never_verify_the_forged_assertion() {
    let signed = signed_assertion();
    let signature = cut(&signed, "<ds:Signature", "</ds:Signature>");
    let bare = signed.replace(signature, "");
    let evil = |inside: &str| assertion("_evil", "admin", inside);
    let shapes = [
        response("", &evil(&with_object(signature, &bare))),
        response("", &format!("{signature}{}{bare}", evil(""))),
        response("", &format!("{}{signed}", evil(""))),
        response("", &evil(&signed)),
        response("", &format!("{}{bare}", evil(signature))),
        response("", &evil(&with_object(signature, &signed))),
        response(
            &format!("<samlp:Extensions>{signed}</samlp:Extensions>"),
            &evil(""),
        ),
        response(
            "",
            &assertion("_a", "admin", &with_object(signature, &bare)),
        ),
    ];
    for (number, xml) in shapes.iter().enumerate() {
        let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
        let root = document.root();
        let keys = [sp_key().verifying()];
        for element in std::iter::once(root).chain(root.children()) {
            if let Ok(verified) = verify_enveloped_element(root, element, &keys) {
                let names: Vec<_> = verified
                    .get()
                    .descendants()
                    .filter_map(|e| e.text().ok())
                    .collect();
                assert!(
                    !names.iter().any(|name| name == "admin"),
                    "shape {}",
                    number + 1
                );
            }
        }
    }
}

#[test]
fn r01_signatures_deeper_than_a_child_or_twice_in_one_spoil_the_whole() {
    let signed = signed_assertion();
    let deeper = response(
        "",
        &format!(
            "{signed}<samlp:Extensions><x>{}</x></samlp:Extensions>",
            Template::to("_x").xml()
        ),
    );
    assert!(
        verify_parts(&deeper)
            .iter()
            .all(|(_, r)| *r == Err(SignatureFault::Misplaced))
    );
    let twice = Template::to("_r").xml().repeat(2);
    let results = verify_parts(&response(&twice, &signed));
    assert!(
        results
            .iter()
            .all(|(_, r)| *r == Err(SignatureFault::Several))
    );
    let document = open(signed.as_bytes(), &Limits::MESSAGE).unwrap();
    let foreign = open(signed.as_bytes(), &Limits::MESSAGE).unwrap();
    let keys = [sp_key().verifying()];
    let result = verify_enveloped_element(document.root(), foreign.root(), &keys);
    assert_eq!(result, Err(SignatureFault::Misplaced));
}
