//! The genuine messages that every shape is made from, signed by xmlsec1 and by nothing of ours.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::{
    bridge::{SSO, ZOOM, ZOOM_ACS, keys::zoom_key, zoom_metadata},
    lab::{process::run, xml_tools::SignedElement},
};

/// The ID of every genuine message.
pub(super) const ID: &str = "_genuine";
/// Where an attacker wants things to go.
pub(super) const EVIL: &str = "https://evil.example/acs";
/// When the genuine messages were issued: what the clock of a new bridge shows.
pub(super) const ISSUED: &str = "2026-11-26T08:00:00Z";

/// The messages that are signed and read here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// `samlp:AuthnRequest`.
    AuthnRequest,
    /// `samlp:LogoutRequest`.
    LogoutRequest,
    /// `md:EntityDescriptor`.
    EntityDescriptor,
}

impl Kind {
    /// Its name with the prefix that it is written with.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AuthnRequest => "samlp:AuthnRequest",
            Self::LogoutRequest => "samlp:LogoutRequest",
            Self::EntityDescriptor => "md:EntityDescriptor",
        }
    }

    /// The `Extensions` that it may have, around `inside`.
    pub(super) fn extensions(self, inside: &str) -> String {
        let (prefix, _) = self.name().split_once(':').unwrap();
        format!("<{prefix}:Extensions>{inside}</{prefix}:Extensions>")
    }

    /// What it says, with a signature in its place.
    fn around(self, signature: &str) -> String {
        let namespaces = "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
                          xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
        let facts =
            format!("ID=\"{ID}\" Version=\"2.0\" IssueInstant=\"{ISSUED}\" Destination=\"{SSO}\"");
        let issuer = format!("<saml:Issuer>{ZOOM}</saml:Issuer>{signature}");
        match self {
            Self::AuthnRequest => format!(
                "<samlp:AuthnRequest {namespaces} {facts} AssertionConsumerServiceURL=\"{ZOOM_ACS}\">\
                 {issuer}<samlp:NameIDPolicy AllowCreate=\"true\"/></samlp:AuthnRequest>"
            ),
            Self::LogoutRequest => format!(
                "<samlp:LogoutRequest {namespaces} {facts}>{issuer}<saml:NameID>{ZOOM_ACS}</saml:NameID>\
                 <samlp:SessionIndex>1</samlp:SessionIndex></samlp:LogoutRequest>"
            ),
            Self::EntityDescriptor => {
                let text = zoom_metadata(&format!("ID=\"{ID}\""));
                text.replacen("<md:SPSSO", &format!("{signature}<md:SPSSO"), 1)
            }
        }
    }

    /// What xmlsec1 has to know of the element.
    fn id_attribute(self) -> String {
        let element = match self {
            Self::AuthnRequest => SignedElement::AuthnRequest,
            Self::LogoutRequest => SignedElement::LogoutRequest,
            Self::EntityDescriptor => SignedElement::EntityDescriptor,
        };
        let (namespace, local_name) = element.name();
        format!("{namespace}:{local_name}")
    }
}

/// A genuine message, and what shapes are made of.
#[derive(Clone, Debug)]
pub(super) struct Genuine {
    /// What it is.
    pub(super) kind: Kind,
    /// The whole, signed.
    pub(super) xml: String,
    /// Its signature.
    pub(super) signature: String,
}

impl Genuine {
    /// Has xmlsec1 sign one with Zoom's key.
    pub(super) fn new(kind: Kind) -> Self {
        let xml = sign(
            kind,
            &kind.around(&Template::default().text()),
            zoom_key().private_pem(),
        );
        Self {
            kind,
            signature: signature_of(&xml),
            xml,
        }
    }

    /// The same without the signature.
    pub(super) fn bare(&self) -> String {
        self.xml.replace(&self.signature, "")
    }

    /// What an attacker would have it say, under an ID, around what stands in the signature's place.
    pub(super) fn forged(&self, id: &str, inside: &str) -> String {
        self.kind
            .around(inside)
            .replacen(&format!("\"{ID}\""), &format!("\"{id}\""), 1)
            .replacen(ZOOM_ACS, EVIL, 1)
    }

    /// What it says, around another signature or what stands in its place.
    pub(super) fn around(&self, inside: &str) -> String {
        self.kind.around(inside)
    }

    /// The same with more elements at its end.
    pub(super) fn ending_with(&self, xml: &str, inside: &str) -> String {
        let end = format!("</{}>", self.kind.name());
        let (before, after) = xml.rsplit_once(&end).unwrap();
        format!("{before}{inside}{end}{after}")
    }

    /// The signature with more inside, at its end.
    pub(super) fn signature_with(&self, inside: &str) -> String {
        self.signature
            .replace("</ds:Signature>", &format!("{inside}</ds:Signature>"))
    }

    /// The message with something replaced that stands there once.
    pub(super) fn edited(&self, old: &str, new: &str) -> String {
        assert_eq!(self.xml.matches(old).count(), 1, "{old} in {}", self.xml);
        self.xml.replace(old, new)
    }

    /// The text between the first `before` and the `after` that follows it.
    pub(super) fn part(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.xml.split_once(before).unwrap();
        rest.split_once(after).unwrap().0
    }

    /// Has xmlsec1 sign it by another template, with Zoom's key: the signature holds.
    pub(super) fn signed_by(&self, template: &Template) -> String {
        self.signed_with(template, zoom_key().private_pem())
    }

    /// The same with any key: a private one, or the octets of an HMAC key.
    pub(super) fn signed_with(&self, template: &Template, key: impl AsRef<[u8]>) -> String {
        sign(self.kind, &self.around(&template.text()), key)
    }

    /// Has xmlsec1 sign another text of this kind with Zoom's key; the signature's place is marked
    /// by the text of a [`Template`].
    pub(super) fn sign(&self, unsigned: &str) -> String {
        sign(self.kind, unsigned, zoom_key().private_pem())
    }
}

/// The one signature of a message.
pub(super) fn signature_of(xml: &str) -> String {
    let (_, rest) = xml.split_once("<ds:Signature ").unwrap();
    let (inside, _) = rest.split_once("</ds:Signature>").unwrap();
    format!("<ds:Signature {inside}</ds:Signature>")
}

/// The form of a signature, which xmlsec1 fills in.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// The URI of the `CanonicalizationMethod`.
    pub(super) c14n: &'static str,
    /// The attribute of the `SignatureMethod`, and what is in it.
    pub(super) method: (&'static str, &'static str),
    /// The `URI` of the `Reference`, as an attribute.
    pub(super) uri: String,
    /// The `Transforms`.
    pub(super) transforms: String,
    /// The URI of the `DigestMethod`.
    pub(super) digest: &'static str,
    /// How many times the `Reference` stands there.
    pub(super) references: usize,
}

/// The transform that takes the signature out.
pub(super) const ENVELOPED: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";
/// The transform to exclusive canonical form.
pub(super) const EXCLUSIVE: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
/// RSA with SHA-256.
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

impl Default for Template {
    fn default() -> Self {
        Self {
            c14n: "http://www.w3.org/2001/10/xml-exc-c14n#",
            method: (RSA_SHA256, ""),
            uri: format!("URI=\"#{ID}\""),
            transforms: format!("{ENVELOPED}{EXCLUSIVE}"),
            digest: "http://www.w3.org/2001/04/xmlenc#sha256",
            references: 1,
        }
    }
}

impl Template {
    /// With another reference.
    pub(super) fn uri(attribute: &str) -> Self {
        Self {
            uri: attribute.to_owned(),
            ..Self::default()
        }
    }

    /// With other transforms.
    pub(super) fn transforms(transforms: &[&str]) -> Self {
        Self {
            transforms: transforms.concat(),
            ..Self::default()
        }
    }

    /// With another signature method.
    pub(super) fn method(uri: &'static str, inside: &'static str) -> Self {
        Self {
            method: (uri, inside),
            ..Self::default()
        }
    }

    /// The text.
    pub(super) fn text(&self) -> String {
        let Self {
            c14n,
            method: (method, inside),
            uri,
            transforms,
            digest,
            references,
        } = self;
        let transforms = if transforms.is_empty() {
            String::new()
        } else {
            format!("<ds:Transforms>{transforms}</ds:Transforms>")
        };
        let reference = format!(
            "<ds:Reference {uri}>{transforms}<ds:DigestMethod Algorithm=\"{digest}\"/>\
             <ds:DigestValue/></ds:Reference>"
        );
        format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
             <ds:CanonicalizationMethod Algorithm=\"{c14n}\"/>\
             <ds:SignatureMethod Algorithm=\"{method}\">{inside}</ds:SignatureMethod>{}\
             </ds:SignedInfo><ds:SignatureValue/></ds:Signature>",
            reference.repeat(*references)
        )
    }
}

/// Has xmlsec1 fill in the first signature of the document.
fn sign(kind: Kind, unsigned: &str, key: impl AsRef<[u8]>) -> String {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (document, key_file) = (at("document.xml"), at("key"));
    fs::write(&document, unsigned).unwrap();
    fs::write(&key_file, key.as_ref()).unwrap();
    let key_option = if key.as_ref().starts_with(b"-----BEGIN PRIVATE KEY") {
        "--privkey-pem"
    } else {
        "--hmackey"
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let signature = "(//*[local-name()='Signature'])[1]".to_owned();
    let arguments = [
        "--sign".to_owned(),
        "--id-attr:ID".to_owned(),
        kind.id_attribute(),
        "--node-xpath".to_owned(),
        signature,
        key_option.to_owned(),
        text(&key_file),
        "--output".to_owned(),
        text(&document),
        text(&document),
    ];
    let (is_done, words) = run("xmlsec1", &arguments, &[]);
    assert!(is_done, "{words}\n{unsigned}");
    let signed = fs::read_to_string(document).unwrap();
    // It writes a declaration and line ends, which shapes put text before and behind.
    let (_, signed) = signed.split_once("?>").unwrap();
    signed.trim().to_owned()
}
