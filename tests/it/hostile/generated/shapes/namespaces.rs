//! Prefixes and the names that they are bound to.

use passerelle::{
    xml::{DoorFault, c14n::C14nFault},
    xmlsec::{Part, SignatureFault as Fault},
};

use super::super::{
    case::{Case, Verdict, door, harmless, malformed, signature},
    genuine::{Genuine, Kind},
};

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let kind = genuine.kind;
    let inside = |element: &str| {
        let element = kind.extensions(element);
        genuine.ending_with(&genuine.xml, &element)
    };
    let root = format!("<{} ", kind.name());
    let on_root = |declaration: &str| genuine.edited(&root, &format!("{root}{declaration} "));
    let canonical = Fault::Canonicalization;
    let of_signature = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">";
    let elsewhere = genuine.edited(of_signature, "<ds:Signature xmlns:ds=\"urn:x\">");
    let mut cases = vec![
        signature(
            "a relative namespace",
            inside("<r:x xmlns:r=\"relative\"/>"),
            canonical(C14nFault::RelativeNamespace),
        ),
        signature(
            "a relative default namespace",
            inside("<x xmlns=\"../x\"/>"),
            canonical(C14nFault::RelativeNamespace),
        ),
        signature(
            "a namespace beyond ASCII",
            inside("<r:x xmlns:r=\"urn:\u{e9}\"/>"),
            canonical(C14nFault::UnsafeNamespace),
        ),
        signature(
            "a namespace with markup",
            inside("<r:x xmlns:r=\"urn:&lt;x&gt;\"/>"),
            canonical(C14nFault::UnsafeNamespace),
        ),
        malformed("xml bound to another name", on_root("xmlns:xml=\"urn:x\"")),
        malformed(
            "another prefix for xml",
            on_root("xmlns:x=\"http://www.w3.org/XML/1998/namespace\""),
        ),
        malformed("xmlns declared", on_root("xmlns:xmlns=\"urn:x\"")),
        malformed(
            "xmlns bound",
            on_root("xmlns:x=\"http://www.w3.org/2000/xmlns/\""),
        ),
        malformed(
            "a prefix declared twice",
            on_root("xmlns:x=\"urn:x\" xmlns:x=\"urn:y\""),
        ),
        malformed("a prefix that is not declared", inside("<r:x/>")),
        door(
            "a prefix bound to nothing",
            on_root("xmlns:x=\"\""),
            DoorFault::EmptyNamespace,
        ),
        signature(
            "ds bound to another name in SignedInfo",
            genuine.edited("<ds:SignedInfo>", "<ds:SignedInfo xmlns:ds=\"urn:x\">"),
            Fault::Shape(Part::Signature),
        ),
        signature(
            "a signature of another namespace",
            elsewhere,
            Fault::Unsigned,
        )
        .routed(Verdict::Refused(
            "B-REQ-04",
            "there is an element that an AuthnRequest does not have",
        )),
        harmless(
            "a prefix that nothing uses",
            on_root("xmlns:unused=\"urn:unused\""),
            "it is part of no name",
        ),
    ];
    cases.extend(of_the_issuer(genuine));
    cases
}

/// A prefix of the message itself, bound to another name.
fn of_the_issuer(genuine: &Genuine) -> Option<Case> {
    let has_issuer = matches!(genuine.kind, Kind::AuthnRequest | Kind::LogoutRequest);
    has_issuer.then(|| {
        signature(
            "saml bound to another name at the Issuer",
            genuine.edited("<saml:Issuer>", "<saml:Issuer xmlns:saml=\"urn:x\">"),
            Fault::Digest,
        )
        .routed(Verdict::Refused("B-REQ-01", "there is no Issuer"))
    })
}
