//! Responses made by xmlsec1 and not by the bridge, so that the service providers can be shown to
//! take a good one and to refuse a bad one before they are asked about ours.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU32, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{keys::KeyPair, process::run};

/// What goes into a minted Response.
#[derive(Clone, Debug)]
pub(crate) struct Minted<'lab> {
    /// The identity provider's entity ID.
    pub(crate) issuer: &'lab str,
    /// The identity provider's key.
    pub(crate) keys: &'lab KeyPair,
    /// The service provider's entity ID.
    pub(crate) audience: &'lab str,
    /// The service provider's address.
    pub(crate) acs: &'lab str,
    /// The ID of the request.
    pub(crate) in_response_to: &'lab str,
    /// The `NameID`, in the format "unspecified".
    pub(crate) name_id: &'lab str,
    /// Attribute name and values.
    pub(crate) attributes: &'lab [(&'lab str, &'lab [&'lab str])],
    /// How long ago it was made; below zero for one of a clock that is ahead.
    pub(crate) age: SignedDuration,
}

impl Minted<'_> {
    /// The `SessionIndex` of every minted Response.
    pub(crate) const SESSION_INDEX: &'static str = "_lab-session";

    /// The Response, signed by RSA-SHA256 over exclusive C14N, and so is the Assertion in it: all
    /// service providers take that.
    pub(crate) fn response(&self) -> String {
        self.response_with(|unsigned| unsigned)
    }

    /// The same with a fault that was there before it was signed.
    pub(crate) fn response_with(&self, fault: impl FnOnce(String) -> String) -> String {
        let folder = TempDir::new().unwrap();
        let document = folder.path().join("document.xml");
        std::fs::write(&document, fault(self.unsigned())).unwrap();
        let [file, key] = [&document, &self.keys.key_file].map(|path| path.to_str().unwrap());
        // The outer signature covers the inner one.
        for path in ["/*/*[local-name()='Assertion']/*", "/*/*"] {
            let signature = format!("{path}[local-name()='Signature']");
            let arguments = [
                "--sign",
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:protocol:Response",
                "--node-xpath",
                &signature,
                "--privkey-pem",
                key,
                "--output",
                file,
                file,
            ];
            let (is_done, words) = run("xmlsec1", &arguments, &[]);
            assert!(is_done, "{words}");
        }
        std::fs::read_to_string(document).unwrap()
    }

    fn unsigned(&self) -> String {
        // A service provider may remember whom it saw: no two have one ID.
        static MINTED: AtomicU32 = AtomicU32::new(0);
        let Self {
            issuer,
            keys: _,
            audience,
            acs,
            in_response_to,
            name_id,
            attributes: _,
            age,
        } = self;
        let now = now() - *age;
        let before = now - SignedDuration::from_mins(2);
        let after = now + SignedDuration::from_mins(5);
        let session_index = Self::SESSION_INDEX;
        let attributes = self.attributes();
        let id = format!(
            "{}-{}",
            now.as_second(),
            MINTED.fetch_add(1, Ordering::Relaxed)
        );
        let [response_signature, assertion_signature] =
            [format!("_r{id}"), format!("_a{id}")].map(|id| signature_of(&id));
        format!(
            r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{id}" Version="2.0" IssueInstant="{now}" Destination="{acs}" InResponseTo="{in_response_to}"><saml:Issuer>{issuer}</saml:Issuer>{response_signature}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_a{id}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer>{assertion_signature}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">{name_id}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{after}" Recipient="{acs}" InResponseTo="{in_response_to}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{before}" NotOnOrAfter="{after}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}" SessionIndex="{session_index}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"#
        )
    }

    fn attributes(&self) -> String {
        let mut xml = String::new();
        for (name, values) in self.attributes {
            write!(
                xml,
                r#"<saml:Attribute Name="{name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">"#
            )
            .unwrap();
            for value in *values {
                write!(xml, "<saml:AttributeValue>{value}</saml:AttributeValue>").unwrap();
            }
            xml.push_str("</saml:Attribute>");
        }
        xml
    }
}

/// The form of a signature over the element of that ID, which xmlsec1 fills in.
fn signature_of(id: &str) -> String {
    format!(
        r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##
    )
}

/// The service providers go by the machine's clock, so their Responses must too.
#[expect(
    clippy::disallowed_methods,
    reason = "a foreign program compares with the real time"
)]
fn now() -> Timestamp {
    Timestamp::now().round(jiff::Unit::Second).unwrap()
}
