use super::super::algorithm::Allowed;
use super::super::test_support::{cut, sp_key};
use super::super::verify::{verify_enveloped, verify_enveloped_element};
use super::super::{SigningKey, VerifyingKey};
use super::*;
use crate::xml::c14n::ExclusiveC14n;
use crate::xml::{Limits, Writer, open};

const TABLE: &[(&str, &str)] = &[
    ("samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
    ("saml", "urn:oasis:names:tc:SAML:2.0:assertion"),
];

fn signing_key() -> SigningKey {
    SigningKey::from_pem(&sp_key().pem()).unwrap()
}

fn keys() -> [VerifyingKey; 1] {
    [sp_key().verifying()]
}

fn assertion(id: &str) -> Canonical {
    let mut w = Writer::new(TABLE);
    w.start("saml", "Assertion", &[("ID", id), ("Version", "2.0")]);
    w.leaf("saml", "Issuer", &[], "https://idp.example?a&b");
    w.signature_slot();
    w.leaf("saml", "Subject", &[], "é");
    w.end();
    w.finish().unwrap()
}

fn response(id: &str, part: &Canonical) -> Canonical {
    let mut w = Writer::new(TABLE);
    w.start("samlp", "Response", &[("ID", id), ("Version", "2.0")]);
    w.leaf("saml", "Issuer", &[], "https://idp.example");
    w.signature_slot();
    w.embed(part);
    w.end();
    w.finish().unwrap()
}

#[test]
fn what_is_signed_verifies_and_is_canonical_still() {
    let signed = sign(&assertion("_a"), "_a", &signing_key()).unwrap();
    let document = open(signed.as_str().as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    assert_eq!(
        verify_enveloped(root, &keys(), Allowed::default())
            .unwrap()
            .get(),
        &root
    );
    let canonical = ExclusiveC14n::default().canonicalize(root, None).unwrap();
    assert_eq!(canonical, signed.as_str());
    assert!(
        signed
            .as_str()
            .contains("</saml:Issuer><ds:Signature xmlns:ds=")
    );
}

#[test]
fn response_and_assertion_can_both_be_signed() {
    let inner = sign(&assertion("_a"), "_a", &signing_key()).unwrap();
    let outer = sign(&response("_r", &inner), "_r", &signing_key()).unwrap();
    let document = open(outer.as_str().as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    let part = root
        .children()
        .find(|e| e.local_name() == "Assertion")
        .unwrap();
    assert!(verify_enveloped_element(root, root, &keys()).is_ok());
    assert!(verify_enveloped_element(root, part, &keys()).is_ok());
}

#[test]
fn r41_a_signed_part_stands_alone() {
    let inner = sign(&assertion("_a"), "_a", &signing_key()).unwrap();
    let outer = response("_r", &inner);
    let alone = cut(outer.as_str(), "<saml:Assertion", "</saml:Assertion>");
    let document = open(alone.as_bytes(), &Limits::MESSAGE).unwrap();
    assert!(verify_enveloped(document.root(), &keys(), Allowed::default()).is_ok());
}

#[test]
fn only_a_slot_in_a_root_of_that_id_is_signed() {
    let mut w = Writer::new(TABLE);
    w.leaf("saml", "Assertion", &[("ID", "_a")], "");
    let without_slot = w.finish().unwrap();
    let key = signing_key();
    assert!(matches!(
        sign(&without_slot, "_a", &key),
        Err(SignError::NoSlot)
    ));
    assert!(matches!(
        sign(&assertion("_a"), "_b", &key),
        Err(SignError::OtherId)
    ));
    assert!(matches!(
        sign(&assertion("a b"), "a b", &key),
        Err(SignError::OtherId)
    ));
    let signed = sign(&assertion("_a"), "_a", &key).unwrap();
    assert!(matches!(sign(&signed, "_a", &key), Err(SignError::NoSlot)));
}

#[derive(Debug)]
struct OddSigner(&'static str);

impl Signer for OddSigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RsaSha256
    }

    fn is_failing(&self) -> bool {
        false
    }

    fn certificate_base64(&self) -> &str {
        self.0
    }

    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(b"</ds:SignatureValue>".to_vec())
    }
}

#[test]
fn r40_a_signer_cannot_write_markup() {
    for odd in ["", "AA A", "</ds:X509Certificate>"] {
        let result = sign(&assertion("_a"), "_a", &OddSigner(odd));
        assert!(matches!(result, Err(SignError::Certificate)), "{odd}");
    }
    let signed = sign(&assertion("_a"), "_a", &OddSigner("AAAA")).unwrap();
    let value = STANDARD.encode("</ds:SignatureValue>");
    assert!(
        signed
            .as_str()
            .contains(&format!("<ds:SignatureValue>{value}</ds:SignatureValue>"))
    );
}
