//! Our own metadata (saml-metadata-2.0 §2.4.3), as providers read it.
//!
//! Tells what is built and nothing else (saml2int SDP-MD04): no logout endpoint while there is none.
//! Not signed: a signed document of ours is material for attacks on weak providers, and
//! Zoom's form takes values, not files.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::PREFIXES;
use crate::{
    model::{
        language::{Language, Localized},
        name_id::NameIdFormat,
        vocab,
    },
    xml::{Canonical, WriteFault, Writer},
    xmlsec::{DigestAlgorithm, SignatureAlgorithm},
};

/// The signatures that we verify, the one to sign by first (sstc-saml-metadata-algsupport-v1.0 §2.4).
const SIGNING_METHODS: [SignatureAlgorithm; 6] = [
    SignatureAlgorithm::RsaSha256,
    SignatureAlgorithm::RsaSha384,
    SignatureAlgorithm::RsaSha512,
    SignatureAlgorithm::EcdsaSha256,
    SignatureAlgorithm::EcdsaSha384,
    SignatureAlgorithm::EcdsaSha512,
];

/// What our metadata says.
#[derive(Debug)]
pub struct IdpMetadata<'a> {
    /// Our entityID.
    pub entity_id: &'a str,
    /// The address of single sign-on, for both bindings.
    pub sso: &'a str,
    /// The page that a provider may send people to when something went wrong.
    pub error_url: &'a str,
    /// The address of our mark, and its size in pixels.
    pub logo: (&'a str, u16),
    /// The certificates of the keys that sign, now or soon, DER.
    pub signing_certificates: &'a [&'a [u8]],
    /// The name people know.
    pub organization: &'a Localized,
    /// The home page.
    pub organization_url: &'a Localized,
    /// The mail address of the people who run this server.
    pub technical_contact: &'a str,
    /// The scopes of scoped attributes.
    pub scopes: &'a [String],
    /// The URIs of the algorithms that are not verified although they could be.
    pub refused: &'a [&'static str],
}

impl IdpMetadata<'_> {
    /// Writes the `EntityDescriptor`.
    ///
    /// # Errors
    ///
    /// A configured text cannot be written as XML.
    pub fn write(&self) -> Result<Canonical, WriteFault> {
        let mut out = Writer::new(PREFIXES);
        out.start("md", "EntityDescriptor", &[("entityID", self.entity_id)]);
        out.start(
            "md",
            "IDPSSODescriptor",
            &[
                ("WantAuthnRequestsSigned", "false"),
                ("errorURL", self.error_url),
                ("protocolSupportEnumeration", vocab::SAMLP),
            ],
        );
        self.write_extensions(&mut out);
        for certificate in self.signing_certificates {
            out.start("md", "KeyDescriptor", &[("use", "signing")]);
            out.start("ds", "KeyInfo", &[]);
            out.start("ds", "X509Data", &[]);
            out.leaf("ds", "X509Certificate", &[], &STANDARD.encode(certificate));
            out.end();
            out.end();
            out.end();
        }
        for format in NameIdFormat::ALL {
            out.leaf("md", "NameIDFormat", &[], format.urn());
        }
        for binding in [vocab::BINDING_REDIRECT, vocab::BINDING_POST] {
            let attributes = [("Binding", binding), ("Location", self.sso)];
            out.leaf("md", "SingleSignOnService", &attributes, "");
        }
        out.end();
        out.start("md", "Organization", &[]);
        write_localized(&mut out, ("md", "OrganizationName"), self.organization);
        write_localized(
            &mut out,
            ("md", "OrganizationDisplayName"),
            self.organization,
        );
        write_localized(&mut out, ("md", "OrganizationURL"), self.organization_url);
        out.end();
        out.start("md", "ContactPerson", &[("contactType", "technical")]);
        let address = format!("mailto:{}", self.technical_contact);
        out.leaf("md", "EmailAddress", &[], &address);
        out.end();
        out.end();
        out.finish()
    }

    fn write_extensions(&self, out: &mut Writer) {
        out.start("md", "Extensions", &[]);
        let digests = DigestAlgorithm::ALL.map(|digest| ("DigestMethod", digest.uri()));
        let methods = SIGNING_METHODS.map(|method| ("SigningMethod", method.uri()));
        for (name, uri) in digests.into_iter().chain(methods) {
            if !self.refused.contains(&uri) {
                out.leaf("alg", name, &[("Algorithm", uri)], "");
            }
        }
        for scope in self.scopes {
            out.leaf("shibmd", "Scope", &[("regexp", "false")], scope);
        }
        out.start("mdui", "UIInfo", &[]);
        write_localized(out, ("mdui", "DisplayName"), self.organization);
        write_localized(out, ("mdui", "InformationURL"), self.organization_url);
        let (logo, size) = self.logo;
        let size = size.to_string();
        out.leaf(
            "mdui",
            "Logo",
            &[("height", size.as_str()), ("width", size.as_str())],
            logo,
        );
        out.end();
        out.end();
    }
}

fn write_localized(
    out: &mut Writer,
    (prefix, name): (&'static str, &'static str),
    text: &Localized,
) {
    for language in Language::ALL {
        if language == Language::Fr || text.en.is_some() {
            out.leaf(
                prefix,
                name,
                &[("xml:lang", language.tag())],
                text.text(language),
            );
        }
    }
}
