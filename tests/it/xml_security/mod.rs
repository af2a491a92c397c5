//! Requests that are signed by others in every way that is taken, and in some that are not: by
//! xmlsec1, by OpenSSL, by a service provider's library.

mod algorithms;
mod field;
mod refused;
mod sha1;

use std::path::Path;

use tempfile::TempDir;

use crate::{
    bridge::request::{DS, SAMLP},
    lab::process::run,
};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A signature that xmlsec1 is to fill in. Each part can be made another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unfilled<'a> {
    id: &'a str,
    c14n: &'a str,
    transforms: &'a [&'a str],
    method: &'a str,
    digest: &'a str,
}

impl<'a> Unfilled<'a> {
    /// What most sign with, over the root with `id`.
    pub(crate) const fn of(id: &'a str) -> Self {
        Self {
            id,
            c14n: EXCLUSIVE,
            transforms: &[ENVELOPED, EXCLUSIVE],
            method: crate::bridge::request::RSA_SHA256,
            digest: SHA256,
        }
    }

    pub(crate) fn xml(self) -> String {
        let Self {
            id,
            c14n,
            transforms,
            method,
            digest,
        } = self;
        let transforms: Vec<_> = transforms
            .iter()
            .map(|uri| format!("<ds:Transform Algorithm=\"{uri}\"/>"))
            .collect();
        let transforms = transforms.concat();
        format!(
            "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo>\
             <ds:CanonicalizationMethod Algorithm=\"{c14n}\"/>\
             <ds:SignatureMethod Algorithm=\"{method}\"/>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms>{transforms}</ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{digest}\"/><ds:DigestValue/></ds:Reference>\
             </ds:SignedInfo><ds:SignatureValue/></ds:Signature>"
        )
    }
}

/// Has xmlsec1 fill in the signature in `xml` with the key in `key`, a file of its option `kind`.
fn xmlsec1_sign(xml: &str, kind: &str, key: &[u8]) -> String {
    let root = format!("{SAMLP}:AuthnRequest");
    xmlsec1_sign_root(xml, &root, (kind, key))
}

/// The same of a document with another root, which is named `NAMESPACE:ELEMENT`.
pub(crate) fn xmlsec1_sign_root(xml: &str, root: &str, (kind, key): (&str, &[u8])) -> String {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("unsigned.xml"), xml).unwrap();
    std::fs::write(at("key"), key).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (is_signed, said) = run(
        "xmlsec1",
        &[
            "--sign",
            "--id-attr:ID",
            root,
            kind,
            &text(&at("key")),
            "--output",
            &text(&at("signed.xml")),
            &text(&at("unsigned.xml")),
        ],
        &[],
    );
    assert!(is_signed, "{said}\n{xml}");
    std::fs::read_to_string(at("signed.xml")).unwrap()
}

/// The same with an RSA key, as PEM.
fn sign(xml: &str, pem: &str) -> String {
    xmlsec1_sign(xml, "--privkey-pem", pem.as_bytes())
}
