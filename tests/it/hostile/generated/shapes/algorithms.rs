//! Algorithms off the list. Those that xmlsec1 knows hold.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::xmlsec::{Part, SignatureFault as Fault};

use super::super::{
    case::{Case, harmless, signature},
    genuine::{Genuine, RSA_SHA256, Template},
};
use crate::bridge::keys::zoom_key;

const HMAC_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
const HMAC_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = of_digests_and_methods(genuine);
    cases.extend(of_hmac(genuine));
    cases.extend(named(genuine));
    cases
}

fn of_digests_and_methods(genuine: &Genuine) -> Vec<Case> {
    let method = Fault::Algorithm(Part::SignatureMethod);
    let by_method = |uri: &'static str| {
        let xml = genuine.signed_by(&Template::method(uri, ""));
        signature(format!("signed by {uri}, holds"), xml, method)
    };
    let by_digest = |digest: &'static str| {
        let template = Template {
            digest,
            ..Template::default()
        };
        let fault = Fault::Algorithm(Part::DigestMethod);
        signature(
            format!("digest by {digest}, holds"),
            genuine.signed_by(&template),
            fault,
        )
    };
    let stronger = genuine.signed_by(&Template::method(
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "",
    ));
    vec![
        by_method("http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        by_method("http://www.w3.org/2001/04/xmldsig-more#rsa-sha224"),
        by_method("http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        by_method("http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160"),
        by_digest("http://www.w3.org/2000/09/xmldsig#sha1"),
        by_digest("http://www.w3.org/2001/04/xmldsig-more#sha224"),
        by_digest("http://www.w3.org/2001/04/xmldsig-more#md5"),
        by_digest("http://www.w3.org/2001/04/xmlenc#ripemd160"),
        harmless("signed by rsa-sha512", stronger, "it is on the list"),
    ]
}

/// An HMAC keyed with what everybody has: the certificate, as PEM, as base64 and as DER.
fn of_hmac(genuine: &Genuine) -> Vec<Case> {
    let method = Fault::Algorithm(Part::SignatureMethod);
    let base64 = zoom_key().certificate_base64();
    let der = STANDARD.decode(&base64).unwrap();
    let pem = zoom_key().certificate_pem().into_bytes();
    let by = |uri, key: &[u8]| genuine.signed_with(&Template::method(uri, ""), key);
    let shape = Fault::Shape(Part::SignatureMethod);
    let short = "<ds:HMACOutputLength>8</ds:HMACOutputLength>";
    let shortened = genuine.edited(
        &format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"/>"),
        &format!("<ds:SignatureMethod Algorithm=\"{HMAC_SHA1}\">{short}</ds:SignatureMethod>"),
    );
    let beside_rsa = genuine.edited(
        &format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"/>"),
        &format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\">{short}</ds:SignatureMethod>"),
    );
    vec![
        signature(
            "HMAC-SHA256 keyed with the PEM, holds",
            by(HMAC_SHA256, &pem),
            method,
        ),
        signature(
            "HMAC-SHA256 keyed with the DER, holds",
            by(HMAC_SHA256, &der),
            method,
        ),
        signature(
            "HMAC-SHA256 keyed with the base64, holds",
            by(HMAC_SHA256, base64.as_bytes()),
            method,
        ),
        signature(
            "HMAC-SHA1 keyed with the DER, holds",
            by(HMAC_SHA1, &der),
            method,
        ),
        signature("HMAC-SHA1 of eight bits", shortened, shape),
        signature("HMACOutputLength beside RSA", beside_rsa, shape),
    ]
}

/// Names alone.
fn named(genuine: &Genuine) -> Vec<Case> {
    let put = |element: &str, old: &str, new: &str| {
        let attribute = |uri: &str| format!("<ds:{element} Algorithm=\"{uri}\"/>");
        genuine.edited(&attribute(old), &attribute(new))
    };
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let methods = [
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
        "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        " http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "none",
        "",
    ];
    let mut cases: Vec<_> = methods
        .iter()
        .map(|uri| {
            let xml = put("SignatureMethod", RSA_SHA256, uri);
            signature(
                format!("SignatureMethod {uri:?}"),
                xml,
                Fault::Algorithm(Part::SignatureMethod),
            )
        })
        .collect();
    let of_another_key = put(
        "SignatureMethod",
        RSA_SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    );
    let c14n2 = put(
        "CanonicalizationMethod",
        exclusive,
        "http://www.w3.org/2010/xml-c14n2",
    );
    let signed_by_nothing = genuine.edited(
        &format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"/>"),
        "<ds:SignatureMethod/>",
    );
    cases.extend([
        signature(
            "the method of another kind of key",
            of_another_key,
            Fault::NotByTheseKeys,
        ),
        signature(
            "DigestMethod of nobody's",
            put("DigestMethod", digest, "urn:x"),
            Fault::Algorithm(Part::DigestMethod),
        ),
        signature(
            "canonical form 2.0",
            c14n2,
            Fault::Algorithm(Part::CanonicalizationMethod),
        ),
        signature(
            "SignatureMethod without Algorithm",
            signed_by_nothing,
            Fault::Shape(Part::SignatureMethod),
        ),
    ]);
    cases
}
