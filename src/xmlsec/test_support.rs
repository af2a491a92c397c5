//! Keys and honest signatures over dishonest documents.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

use super::algorithm::{DSIG, DigestAlgorithm, SignatureAlgorithm};
use super::keys::VerifyingKey;
use crate::xml::c14n::ExclusiveC14n;
use crate::xml::{Limits, open};

/// A key pair with its certificate.
pub(super) struct TestKey {
    pub(super) key: PKey<Private>,
    pub(super) certificate: X509,
}

impl TestKey {
    pub(super) fn new(key: PKey<Private>) -> Self {
        let certificate = certify(&key, &key);
        Self { key, certificate }
    }

    pub(super) fn rsa(bits: u32) -> Self {
        Self::new(PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap())
    }

    pub(super) fn ec(curve: Nid) -> Self {
        let group = EcGroup::from_curve_name(curve).unwrap();
        Self::new(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    pub(super) fn der(&self) -> Vec<u8> {
        self.certificate.to_der().unwrap()
    }

    pub(super) fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_certificate_der(&self.der()).unwrap()
    }

    pub(super) fn pem(&self) -> Vec<u8> {
        let mut pem = self.key.private_key_to_pem_pkcs8().unwrap();
        pem.extend(self.certificate.to_pem().unwrap());
        pem
    }

    /// Signs in the form that XML signatures have.
    pub(super) fn sign(&self, digest: MessageDigest, octets: &[u8]) -> Vec<u8> {
        let signature = self.sign_der(digest, octets);
        if self.key.id() != Id::EC {
            return signature;
        }
        let width = i32::try_from(self.key.bits().div_ceil(8)).unwrap();
        let pair = EcdsaSig::from_der(&signature).unwrap();
        let mut raw = pair.r().to_vec_padded(width).unwrap();
        raw.extend(pair.s().to_vec_padded(width).unwrap());
        raw
    }

    pub(super) fn sign_der(&self, digest: MessageDigest, octets: &[u8]) -> Vec<u8> {
        let mut signer = openssl::sign::Signer::new(digest, &self.key).unwrap();
        signer.sign_oneshot_to_vec(octets).unwrap()
    }
}

/// A certificate of `key`, signed by `issuer`.
pub(super) fn certify<T: HasPublic>(key: &PKeyRef<T>, issuer: &PKeyRef<Private>) -> X509 {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, "sp.example")
        .unwrap();
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Université")
        .unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(1_000_000_000).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::from_unix(2_000_000_000).unwrap())
        .unwrap();
    let digest = match issuer.id() {
        Id::ED25519 => MessageDigest::null(),
        _ => MessageDigest::sha256(),
    };
    builder.sign(issuer, digest).unwrap();
    builder.build()
}

/// Another certificate, in base64, of the key that stands in `pem`.
pub(crate) fn certified_anew(pem: &str) -> String {
    let key = PKey::private_key_from_pem(pem.as_bytes()).unwrap();
    STANDARD.encode(certify(&key, &key).to_der().unwrap())
}

/// The key of the service provider in these tests.
pub(super) fn sp_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::rsa(2048))
}

/// A key that nobody registered.
pub(super) fn foreign_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::rsa(2048))
}

/// A `ds:Signature` to be filled by [`fill`]. Each part can be made another.
#[derive(Clone)]
pub(super) struct Template {
    pub(super) uri: String,
    pub(super) c14n: String,
    pub(super) method: String,
    pub(super) transforms: String,
    pub(super) digest_method: String,
    /// What comes after `SignatureValue`.
    pub(super) rest: String,
}

impl Template {
    pub(super) fn to(id: &str) -> Self {
        Self {
            uri: format!("URI=\"#{id}\""),
            c14n: "<ds:CanonicalizationMethod \
                   Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>"
                .to_owned(),
            method: format!(
                "<ds:SignatureMethod Algorithm=\"{}\"/>",
                SignatureAlgorithm::RsaSha256.uri()
            ),
            transforms: "<ds:Transform \
                 Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
                 <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>"
                .to_owned(),
            digest_method: format!(
                "<ds:DigestMethod Algorithm=\"{}\"/>",
                DigestAlgorithm::Sha256.uri()
            ),
            rest: String::new(),
        }
    }

    pub(super) fn reference(&self) -> String {
        format!(
            "<ds:Reference {}><ds:Transforms>{}</ds:Transforms>{}\
             <ds:DigestValue>[DIGEST]</ds:DigestValue></ds:Reference>",
            self.uri, self.transforms, self.digest_method
        )
    }

    pub(super) fn signed_info(&self) -> String {
        let (c14n, method, reference) = (&self.c14n, &self.method, self.reference());
        format!("<ds:SignedInfo>{c14n}{method}{reference}</ds:SignedInfo>")
    }

    pub(super) fn xml(&self) -> String {
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{}<ds:SignatureValue>[VALUE]</ds:SignatureValue>{}\
             </ds:Signature>",
            self.signed_info(),
            self.rest
        )
    }
}

/// An `AuthnRequest` with `signature` where it belongs.
pub(super) fn request(id: &str, signature: &str) -> String {
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
         IssueInstant=\"2026-01-01T00:00:00Z\"><saml:Issuer>https://sp.example</saml:Issuer>\
         {signature}<samlp:NameIDPolicy AllowCreate=\"true\"/></samlp:AuthnRequest>"
    )
}

/// Fills `[DIGEST]` and `[VALUE]` of the first signature in `xml`, as the owner
/// of `key` would who means the element with `id`.
pub(super) fn fill(xml: &str, id: &str, key: &TestKey) -> String {
    fill_with(
        xml,
        id,
        key,
        SignatureAlgorithm::RsaSha256,
        &ExclusiveC14n::default(),
    )
}

pub(super) fn fill_with(
    xml: &str,
    id: &str,
    key: &TestKey,
    algorithm: SignatureAlgorithm,
    c14n: &ExclusiveC14n,
) -> String {
    let xml = fill_digest(xml, id, algorithm.digest(), c14n);
    fill_value(&xml, key, algorithm.digest(), c14n)
}

pub(super) fn fill_digest(
    xml: &str,
    id: &str,
    digest: MessageDigest,
    c14n: &ExclusiveC14n,
) -> String {
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    let all = || document.root().descendants();
    let target = all().find(|e| e.attribute("ID") == Some(id)).unwrap();
    let signature = all().find(|e| e.is(DSIG, "Signature"));
    let octets = c14n.canonicalize(target, signature).unwrap();
    let digest = openssl::hash::hash(digest, octets.as_bytes()).unwrap();
    xml.replace("[DIGEST]", &STANDARD.encode(digest))
}

pub(super) fn fill_value(
    xml: &str,
    key: &TestKey,
    digest: MessageDigest,
    c14n: &ExclusiveC14n,
) -> String {
    xml.replace(
        "[VALUE]",
        &STANDARD.encode(key.sign(digest, signed_info(xml, c14n).as_bytes())),
    )
}

/// The octets that the signature in `xml` covers.
pub(super) fn signed_info(xml: &str, c14n: &ExclusiveC14n) -> String {
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    let mut all = document.root().descendants();
    let signed_info = all.find(|e| e.is(DSIG, "SignedInfo")).unwrap();
    c14n.canonicalize(signed_info, None).unwrap()
}

/// An honestly signed `AuthnRequest` with the ID `_req`.
pub(super) fn signed_request() -> String {
    fill(
        &request("_req", &Template::to("_req").xml()),
        "_req",
        sp_key(),
    )
}

/// The first stretch of `xml` from `first` to the end of `last`.
pub(super) fn cut<'x>(xml: &'x str, first: &str, last: &str) -> &'x str {
    let start = xml.find(first).unwrap();
    let end = start + xml.split_at(start).1.find(last).unwrap() + last.len();
    xml.get(start..end).unwrap()
}
