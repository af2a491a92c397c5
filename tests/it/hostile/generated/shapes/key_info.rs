//! What a signature says of its own key: nobody listens.

use passerelle::xmlsec::{Part, SignatureFault as Fault};

use super::super::{
    case::{Case, harmless, signature},
    genuine::{Genuine, Template},
};
use crate::bridge::{
    ZOOM,
    keys::{strange_key, zoom_key},
};

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let foreign = genuine.signed_with(&Template::default(), strange_key().private_pem());
    let children = children();
    let with = |xml: &str, inside: &str| {
        xml.replace(
            "</ds:Signature>",
            &format!("<ds:KeyInfo>{inside}</ds:KeyInfo></ds:Signature>"),
        )
    };
    let mut cases: Vec<_> = children
        .iter()
        .map(|(name, child)| {
            let xml = with(&foreign, child);
            signature(
                format!("a foreign signature with {name}"),
                xml,
                Fault::NotByTheseKeys,
            )
        })
        .collect();
    let all: String = children.into_iter().map(|(_, child)| child).collect();
    let own = with(&genuine.xml, &all);
    let twice = with(&with(&genuine.xml, &all), &all);
    let first = genuine.xml.replace(
        "<ds:SignedInfo>",
        &format!("<ds:KeyInfo>{all}</ds:KeyInfo><ds:SignedInfo>"),
    );
    cases.extend([
        signature("a foreign signature", foreign, Fault::NotByTheseKeys),
        harmless(
            "the genuine with all that KeyInfo may hold",
            own,
            "KeyInfo is not read",
        ),
        signature("KeyInfo twice", twice, Fault::Shape(Part::Signature)),
        signature(
            "KeyInfo before SignedInfo",
            first,
            Fault::Shape(Part::Signature),
        ),
    ]);
    cases
}

/// Each child of `KeyInfo` that xmldsig-core has, and those of its 1.1.
fn children() -> Vec<(&'static str, String)> {
    let certificate = |base64: &str| {
        format!("<ds:X509Data><ds:X509Certificate>{base64}</ds:X509Certificate></ds:X509Data>")
    };
    let n11 = "xmlns:n11=\"http://www.w3.org/2009/xmldsig11#\"";
    vec![
        ("the certificate of the provider", certificate(&zoom_key().certificate_base64())),
        ("its own certificate", certificate(&strange_key().certificate_base64())),
        (
            "both certificates",
            format!("{}{}", certificate(&zoom_key().certificate_base64()), certificate(&strange_key().certificate_base64())),
        ),
        ("KeyName", format!("<ds:KeyName>{ZOOM}</ds:KeyName>")),
        ("KeyValue", "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>".to_owned()),
        ("RetrievalMethod", "<ds:RetrievalMethod URI=\"https://evil.example/key\" Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"/>".to_owned()),
        ("RetrievalMethod of a file", "<ds:RetrievalMethod URI=\"file:///etc/hostname\"/>".to_owned()),
        ("KeyInfoReference", format!("<n11:KeyInfoReference {n11} URI=\"https://evil.example/key\"/>")),
        ("DEREncodedKeyValue", format!("<n11:DEREncodedKeyValue {n11}>AQAB</n11:DEREncodedKeyValue>")),
        ("X509IssuerSerial", "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>".to_owned()),
        ("X509SKI", "<ds:X509Data><ds:X509SKI>AQAB</ds:X509SKI></ds:X509Data>".to_owned()),
        ("PGPData", "<ds:PGPData><ds:PGPKeyID>AQAB</ds:PGPKeyID></ds:PGPData>".to_owned()),
        ("SPKIData", "<ds:SPKIData><ds:SPKISexp>AQAB</ds:SPKISexp></ds:SPKIData>".to_owned()),
        ("MgmtData", "<ds:MgmtData>x</ds:MgmtData>".to_owned()),
        ("EncryptedKey", "<x:EncryptedKey xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"><x:CipherData><x:CipherValue>AQAB</x:CipherValue></x:CipherData></x:EncryptedKey>".to_owned()),
        ("AgreementMethod", "<x:AgreementMethod xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\" Algorithm=\"urn:x\"/>".to_owned()),
    ]
}
