//! Whole sign-ins: every service provider asks in each way that it can, and is answered in each way that
//! the configuration knows, in clear and encrypted.
//!
//! It must take the Response where it is signed as it demands, and read the same person in it. xmlsec1
//! verifies every signature and decrypts with the service provider's key, xmllint holds what was sent and
//! what was encrypted against the OASIS schemas, and our own Zoom-strict reader finds nothing.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::{
    model::name_id::NameIdFormat,
    sp_check::{Expected, Profile, Rule, read},
    sys::clock::{Clock as _, SystemClock},
    xmlsec::VerifyingKey,
};

use super::{
    field::{Field, do_all},
    words,
};
use crate::{
    independent_readers::{expected, formats, to_the_answer},
    lab::{
        browser::{BrowserSim, Page},
        service_provider::{RequestBinding, RunningSp, SpKind, read_verdict},
        xml_tools::{
            Schema, SignedElement, libxmlsec1_decrypt, xmllint_schema, xmlsec1_decrypt,
            xmlsec1_verify,
        },
    },
};

/// What of a Response is signed, in the words of the configuration.
pub(super) const SIGNED: [&str; 3] = ["assertion", "response", "both"];

/// One line of the table: what a service provider says to Responses that are signed in each way.
#[derive(Debug)]
pub(super) struct SignIns<'f> {
    pub(super) sp: &'f RunningSp,
    pub(super) binding: RequestBinding,
    /// None where the service provider is told no name.
    pub(super) format: Option<NameIdFormat>,
    /// What the assertion was encrypted by, in every one of them.
    pub(super) cipher: Option<&'static str>,
    /// In the order of [`SIGNED`]; None where it is taken.
    pub(super) refusals: Vec<Option<String>>,
}

/// The line of the configuration that gives a `NameID` of that format.
const fn name_id(format: Option<NameIdFormat>) -> &'static str {
    match format {
        None => r#"name-id = { format = "none" }"#,
        Some(NameIdFormat::EmailAddress) => {
            r#"name-id = { format = "email-address", from = "mail" }"#
        }
        Some(NameIdFormat::Persistent) => {
            r#"name-id = { format = "persistent", from = "eduPersonUniqueId" }"#
        }
        Some(NameIdFormat::Transient) => r#"name-id = { format = "transient" }"#,
        Some(NameIdFormat::Unspecified) => r#"name-id = { format = "unspecified", from = "uid" }"#,
    }
}

/// Whether a Response of that kind has what this service provider demands.
fn satisfies(sp: &RunningSp, format: Option<NameIdFormat>, sign: &str) -> bool {
    if format.is_none() && !takes_no_name(sp.kind()) {
        return false;
    }
    match sp.kind() {
        SpKind::Python3Saml | SpKind::Pysaml2 => sign != "response",
        SpKind::NodeSaml => sign == "both",
        SpKind::Mellon | SpKind::Samlify | SpKind::Saml2Js => true,
        // It looks for a signature before it decrypts, and not after.
        SpKind::Samael => sign != "assertion" || !sp.demands_encryption(),
    }
}

/// Whether this service provider takes somebody who has no name.
const fn takes_no_name(kind: SpKind) -> bool {
    match kind {
        SpKind::Pysaml2 | SpKind::NodeSaml | SpKind::Samlify | SpKind::Saml2Js => true,
        SpKind::Python3Saml | SpKind::Mellon | SpKind::Samael => false,
    }
}

/// An answer of the bridge, in the browser of somebody who has signed in.
#[derive(Debug)]
pub(super) struct Answer {
    browser: BrowserSim,
    page: Page,
    /// The Response.
    pub(super) xml: String,
}

impl Answer {
    /// Has somebody ask at `sp`, in a browser like that one.
    pub(super) async fn get(sp: &RunningSp, binding: RequestBinding, browser: &BrowserSim) -> Self {
        let mut browser = browser.clone();
        let page = to_the_answer(&mut browser, &sp.login_by(binding)).await;
        let form = page.form();
        assert_eq!(form.value("RelayState"), Some(sp.relay_state().as_str()));
        let base64 = form.value("SAMLResponse").unwrap();
        let xml = String::from_utf8(BASE64_STANDARD.decode(base64).unwrap()).unwrap();
        Self { browser, page, xml }
    }

    /// Has xmllint and xmlsec1 read it, which is to be signed as `sign` says with the key of the PEM file
    /// `certificate`: gives the XML in which the assertion can be read.
    pub(super) async fn check(&self, sp: &RunningSp, sign: &str, certificate: &Path) -> String {
        let (xml, sign, certificate) = (self.xml.clone(), sign.to_owned(), certificate.to_owned());
        let key = sp.demands_encryption().then(|| sp.keys().key_file.clone());
        // Aside, so that the others go on meanwhile.
        let check = move || check_message(&xml, &sign, &certificate, key.as_deref());
        tokio::task::spawn_blocking(check).await.unwrap()
    }

    /// Gives it to the service provider, which is to read in it what stands in `plain`; or to refuse it,
    /// in its own words.
    pub(super) async fn send(
        mut self,
        sp: &RunningSp,
        format: Option<NameIdFormat>,
        plain: &str,
    ) -> Result<(), String> {
        let form = self.page.form();
        let form = form.with("SAMLResponse", &BASE64_STANDARD.encode(&self.xml));
        let end = self.browser.submit(&self.page, &form).await;
        let kind = sp.kind();
        let identity = read_verdict(&end).map_err(|said| {
            let ours = self.page.url.origin().ascii_serialization();
            words::own(kind, &said, &[(&ours, "IDP"), (&sp.origin(), "SP")])
        })?;
        expected(&identity, kind, format);
        let (back, sent) = (identity.relay_state.unwrap(), sp.relay_state());
        assert!(sent.ends_with(&back), "{kind:?}: {back}");
        assert_eq!(identity.name_id, name_id_in(plain), "{kind:?}");
        let request = attribute(&self.xml, "InResponseTo");
        assert_eq!(identity.in_response_to, Some(request), "{kind:?}");
        Ok(())
    }
}

fn check_message(xml: &str, sign: &str, certificate: &Path, key: Option<&Path>) -> String {
    assert_eq!(xmllint_schema(xml, Schema::Protocol), Ok(()), "{xml}");
    let plain = key.map(|key| {
        // The program knows RSA-OAEP with SHA-1 alone, and not that of XML Encryption 1.1. SHA-1 is used
        // for nothing else.
        let decrypt = if xml.contains("rsa-oaep-mgf1p\"") && xml.contains("xmldsig#sha1\"") {
            xmlsec1_decrypt
        } else {
            libxmlsec1_decrypt
        };
        let plain = decrypt(xml, key).unwrap();
        assert_eq!(xmllint_schema(&plain, Schema::Protocol), Ok(()), "{plain}");
        plain
    });
    let plain = plain.unwrap_or_else(|| xml.to_owned());
    for (element, document, is_signed) in [
        (SignedElement::Assertion, plain.as_str(), sign != "response"),
        (SignedElement::Response, xml, sign != "assertion"),
    ] {
        let verdict = xmlsec1_verify(document, certificate, element);
        assert_eq!(
            verdict.is_ok(),
            is_signed,
            "{verdict:?}, {element:?} in {document}"
        );
    }
    plain
}

/// The cipher of an encrypted assertion, as a column of the table.
fn cipher(xml: &str) -> Option<&'static str> {
    let known = [
        ("xmlenc11#aes256-gcm\"", "AES-256-GCM"),
        ("xmlenc11#aes128-gcm\"", "AES-128-GCM"),
    ];
    let named = known.into_iter().find(|(uri, _)| xml.contains(uri));
    assert_eq!(named.is_some(), xml.contains("EncryptedAssertion"), "{xml}");
    named.map(|(_, name)| name)
}

/// What all answers in clear are held against.
struct OwnReader {
    entity_id: String,
    keys: [VerifyingKey; 1],
}

impl OwnReader {
    /// Our own reader finds nothing, but that there is no name where none is told.
    fn check(&self, xml: &str, sp: &RunningSp, format: Option<NameIdFormat>) {
        let (request, acs) = (attribute(xml, "InResponseTo"), sp.acs());
        let wanted = Expected {
            idp_entity_id: &self.entity_id,
            idp_keys: &self.keys,
            sp_entity_id: sp.entity_id(),
            acs: acs.as_str(),
            request_id: Some(&request),
            now: SystemClock.now(),
            strictness: Profile::Zoom,
        };
        // Zoom knows nobody who has no name.
        let nameless = format.is_none().then_some(Rule::NameId);
        let reading = read(&BASE64_STANDARD.encode(xml), &wanted);
        let found = reading.findings.iter().map(|finding| finding.rule);
        assert!(
            found.eq(nameless),
            "{:?}, {format:?}: {reading:?}",
            sp.kind()
        );
    }
}

impl SignIns<'_> {
    /// Has somebody sign in once more, and be answered as `sign` says.
    async fn go_on(
        &mut self,
        (sign, certificate): (&str, &Path),
        own: &OwnReader,
        browser: &BrowserSim,
    ) {
        let (sp, format) = (self.sp, self.format);
        let answer = Answer::get(sp, self.binding, browser).await;
        let cipher = cipher(&answer.xml);
        assert!(
            self.refusals.is_empty() || self.cipher == cipher,
            "{self:?}"
        );
        self.cipher = cipher;
        let plain = answer.check(sp, sign, certificate).await;
        if cipher.is_none() {
            own.check(&answer.xml, sp, format);
        }
        self.refusals
            .push(answer.send(sp, format, &plain).await.err());
    }

    /// What is not as it was found to be.
    pub(super) fn surprises(&self) -> Vec<String> {
        let (sp, format) = (self.sp, self.format);
        let verdicts = SIGNED.iter().zip(&self.refusals);
        let surprising =
            verdicts.filter(|(sign, refusal)| refusal.is_none() != satisfies(sp, format, sign));
        surprising
            .map(|(sign, refusal)| format!("{}, {sign}, {format:?}: {refusal:?}", sp.name()))
            .collect()
    }
}

/// Has somebody sign in at every service provider in every way.
pub(super) async fn run(field: &Field) -> Vec<SignIns<'_>> {
    let (certificate, key) = field.bridge.certificate();
    let own = OwnReader {
        entity_id: format!("{}/saml/metadata", field.bridge.base),
        keys: [key],
    };
    let mut lines: Vec<SignIns<'_>> = Vec::new();
    for sp in &field.peers {
        for binding in sp.kind().bindings() {
            lines.extend(formats().map(|format| SignIns {
                sp,
                binding: *binding,
                format,
                cipher: None,
                refusals: Vec::new(),
            }));
        }
    }
    for format in formats() {
        for sign in SIGNED {
            // Said here, since pysaml2's own metadata wishes for ECDSA first.
            let settings = format!(
                "sign = \"{sign}\"\nsignature = \"rsa-sha256\"\n{}",
                name_id(format)
            );
            let (_server, browser) = field.start(|_| settings.clone()).await;
            let asked = lines.iter_mut().filter(|line| line.format == format);
            do_all(asked.map(|line| line.go_on((sign, &certificate), &own, &browser))).await;
        }
    }
    lines
}

/// An attribute of the Response.
fn attribute(xml: &str, name: &str) -> String {
    let tree = roxmltree::Document::parse(xml).unwrap();
    tree.root_element().attribute(name).unwrap().to_owned()
}

/// The `NameID` in a Response or an Assertion.
fn name_id_in(xml: &str) -> Option<String> {
    let tree = roxmltree::Document::parse(xml).unwrap();
    let mut nodes = tree.descendants();
    let name_id = nodes.find(|node| node.tag_name().name() == "NameID");
    name_id.map(|name_id| name_id.text().unwrap().to_owned())
}
