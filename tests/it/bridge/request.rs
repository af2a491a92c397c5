//! AuthnRequests as a service provider sends them, written and signed by hand: nothing of the
//! server's own writing or signing is in them.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::keys::Key;

pub(crate) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const POST_BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// A request to be. Its text is its own exclusive canonical form, so that it can be signed as it
/// stands: attributes in order, no empty-element tags, namespaces where they are used.
#[derive(Clone, Debug)]
pub(crate) struct AuthnRequest {
    attributes: BTreeMap<String, String>,
    issuer: String,
    children: String,
}

impl AuthnRequest {
    /// The request of `issuer` that asks for nothing special.
    pub(crate) fn new(id: &str, issuer: &str, destination: &str, at: Timestamp) -> Self {
        let attributes = [
            ("Destination", destination.to_owned()),
            ("ID", id.to_owned()),
            ("IssueInstant", format!("{at:.3}")),
            ("ProtocolBinding", POST_BINDING.to_owned()),
            ("Version", "2.0".to_owned()),
        ];
        Self {
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            issuer: leaf("saml:Issuer", &format!(" xmlns:saml=\"{SAML}\""), issuer),
            children: String::new(),
        }
    }

    /// Its `ID`.
    pub(crate) fn id(&self) -> &str {
        &self.attributes["ID"]
    }

    /// With an attribute of its root.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without an attribute of its root.
    pub(crate) fn without(mut self, name: &str) -> Self {
        assert!(self.attributes.remove(name).is_some(), "{name}");
        self
    }

    /// Issued at another time.
    pub(crate) fn issued_at(self, at: Timestamp) -> Self {
        self.with("IssueInstant", &format!("{at:.3}"))
    }

    /// With its `Issuer` element, or what stands there, as given.
    pub(crate) fn with_issuer(mut self, element: &str) -> Self {
        element.clone_into(&mut self.issuer);
        self
    }

    /// With elements behind the `Issuer`, in canonical form.
    pub(crate) fn holding(mut self, elements: &str) -> Self {
        self.children.push_str(elements);
        self
    }

    /// With a `NameIDPolicy`.
    pub(crate) fn name_id_policy(self, attributes: &str) -> Self {
        self.holding(&leaf("samlp:NameIDPolicy", &format!(" {attributes}"), ""))
    }

    /// With a `RequestedAuthnContext` that names `class`.
    pub(crate) fn authn_context(self, comparison: &str, class: &str) -> Self {
        self.authn_contexts(comparison, &[class])
    }

    /// With a `RequestedAuthnContext` that names `classes`, the preferred one first.
    pub(crate) fn authn_contexts(self, comparison: &str, classes: &[&str]) -> Self {
        let namespace = format!(" xmlns:saml=\"{SAML}\"");
        let classes = classes.iter();
        let classes: Vec<_> = classes
            .map(|class| leaf("saml:AuthnContextClassRef", &namespace, class))
            .collect();
        let classes = classes.concat();
        self.holding(&format!(
            "<samlp:RequestedAuthnContext{comparison}>{classes}</samlp:RequestedAuthnContext>"
        ))
    }

    /// The text, not signed.
    pub(crate) fn xml(&self) -> String {
        self.around("")
    }

    /// The text, signed with `key`.
    pub(crate) fn signed_xml(&self, key: &Key) -> String {
        self.around(&signature(&self.xml(), self.id(), key))
    }

    /// The text around a signature.
    pub(crate) fn around(&self, signature: &str) -> String {
        let attributes = self.attributes.iter();
        let attributes: Vec<_> = attributes
            .map(|(name, value)| format!(" {name}=\"{}\"", escape(value)))
            .collect();
        let attributes = attributes.concat();
        let Self {
            issuer, children, ..
        } = self;
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{SAMLP}\"{attributes}>\
             {issuer}{signature}{children}</samlp:AuthnRequest>"
        )
    }

    /// Path and query of HTTP-Redirect, not signed.
    pub(crate) fn redirect(&self, relay_state: Option<&str>) -> String {
        redirect(self.xml().as_bytes(), relay_state)
    }

    /// Path and query of HTTP-Redirect, signed.
    pub(crate) fn redirect_signed(&self, key: &Key, relay_state: Option<&str>) -> String {
        let unsigned = redirect(self.xml().as_bytes(), relay_state);
        let (path, query) = unsigned.split_once('?').unwrap();
        format!("{path}?{}", sign_query(query, key))
    }

    /// The form of HTTP-POST, not signed.
    pub(crate) fn post(&self, relay_state: Option<&str>) -> String {
        post(self.xml().as_bytes(), relay_state)
    }

    /// The form of HTTP-POST, signed.
    pub(crate) fn post_signed(&self, key: &Key, relay_state: Option<&str>) -> String {
        post(self.signed_xml(key).as_bytes(), relay_state)
    }
}

/// The `ds:Signature` of the canonical text `xml` whose root has the given `ID`.
pub(crate) fn signature(xml: &str, id: &str, key: &Key) -> String {
    let digest = STANDARD.encode(openssl::sha::sha256(xml.as_bytes()));
    let signed_info = format!(
        "><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">\
         </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{RSA_SHA256}\">\
         </ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\">\
         </ds:Transform><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">\
         </ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">\
         </ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>\
         </ds:SignedInfo>"
    );
    let value = key.sign(format!("<ds:SignedInfo xmlns:ds=\"{DS}\"{signed_info}").as_bytes());
    let value = STANDARD.encode(value);
    format!(
        "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo{signed_info}\
         <ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
    )
}

/// Signs a query as HTTP-Redirect does (saml-bindings-2.0 §3.4.4.1).
pub(crate) fn sign_query(query: &str, key: &Key) -> String {
    let signed = format!("{query}&SigAlg={}", encode(RSA_SHA256));
    let value = STANDARD.encode(key.sign(signed.as_bytes()));
    format!("{signed}&Signature={}", encode(&value))
}

/// Path and query that carry `message` over HTTP-Redirect.
pub(crate) fn redirect(message: &[u8], relay_state: Option<&str>) -> String {
    redirect_deflated(&deflate(message), relay_state)
}

/// As [`redirect`], with what is deflated already.
pub(crate) fn redirect_deflated(deflated: &[u8], relay_state: Option<&str>) -> String {
    let message = encode(&STANDARD.encode(deflated));
    let relay_state =
        relay_state.map_or_else(String::new, |text| format!("&RelayState={}", encode(text)));
    format!("/saml/sso?SAMLRequest={message}{relay_state}")
}

/// The form that carries `message` over HTTP-POST.
pub(crate) fn post(message: &[u8], relay_state: Option<&str>) -> String {
    let relay_state =
        relay_state.map_or_else(String::new, |text| format!("&RelayState={}", encode(text)));
    format!(
        "SAMLRequest={}{relay_state}",
        encode(&STANDARD.encode(message))
    )
}

/// Raw DEFLATE.
pub(crate) fn deflate(message: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(message).unwrap();
    let deflated = encoder.finish().unwrap();
    let mut back = Vec::new();
    if message.len() < 1 << 20 {
        DeflateDecoder::new(deflated.as_slice())
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, message);
    }
    deflated
}

/// Percent-encodes everything that is not a letter or a digit.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn leaf(name: &str, attributes: &str, text: &str) -> String {
    format!("<{name}{attributes}>{}</{name}>", escape(text))
}

/// Escapes as canonical XML does, for both text and attributes of the tests.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;")
}
