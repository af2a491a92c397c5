//! An identity provider of a few lines: text in canonical form, and OpenSSL.
//!
//! It uses neither libxmlsec1 nor samael, so that what signs and what verifies
//! have no code in common.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use openssl::hash::{MessageDigest, hash};
use openssl::rsa::Padding;
use openssl::sign::Signer;
use openssl::symm::{Cipher, encrypt_aead};
use openssl::x509::X509;

use crate::keys::KeyPair;
use crate::vocab;

pub(super) const ENTITY_ID: &str = "https://idp.univ.test/saml";
pub(super) const SSO: &str = "https://idp.univ.test/sso";

/// The identity provider's key.
pub(super) struct TestIdp {
    pub(super) pair: KeyPair,
}

/// What signs, and over which elements.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Signed {
    Nothing,
    Assertion,
    Response,
    Both,
}

/// A message before it is signed. Its parts are text, so that a test can break
/// any of them.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) response_attributes: String,
    /// From the Response's `Issuer` to its `Status`.
    pub(super) response_head: String,
    pub(super) status: String,
    pub(super) assertion_id: String,
    pub(super) assertion_instant: String,
    pub(super) assertion_issuer: String,
    /// Everything behind the assertion's `Issuer`.
    pub(super) assertion_body: String,
    /// What comes behind the assertion.
    pub(super) response_tail: String,
    pub(super) signed: Signed,
    pub(super) signature_method: &'static str,
    pub(super) c14n: &'static str,
    /// Whom the assertion is encrypted to.
    pub(super) encrypted_to: Option<X509>,
}

pub(super) fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A sound message for Alice.
pub(super) fn draft(request_id: &str, acs: &str, audience: &str, now: DateTime<Utc>) -> Draft {
    let (begin, end) = (
        at(now - Duration::minutes(2)),
        at(now + Duration::minutes(5)),
    );
    let attribute = |name: &str, values: &[&str]| {
        let values = values.join("</saml:AttributeValue><saml:AttributeValue>");
        let values = format!("<saml:AttributeValue>{values}</saml:AttributeValue>");
        format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
    };
    let id = crate::entropy::token().unwrap();
    Draft {
        response_attributes: format!(
            "Destination=\"{acs}\" ID=\"_r{id}\" InResponseTo=\"{request_id}\" \
             IssueInstant=\"{}\" Version=\"2.0\"",
            at(now)
        ),
        response_head: format!("<saml:Issuer>{ENTITY_ID}</saml:Issuer>"),
        status: format!(
            "<samlp:Status><samlp:StatusCode Value=\"{}\"></samlp:StatusCode></samlp:Status>",
            vocab::SUCCESS
        ),
        assertion_id: format!("_a{id}"),
        assertion_instant: at(now),
        assertion_issuer: format!("<saml:Issuer>{ENTITY_ID}</saml:Issuer>"),
        assertion_body: format!(
            "<saml:Subject><saml:NameID Format=\"{email}\">alice@univ.test</saml:NameID>\
             <saml:SubjectConfirmation Method=\"{bearer}\"><saml:SubjectConfirmationData \
             InResponseTo=\"{request_id}\" NotOnOrAfter=\"{end}\" Recipient=\"{acs}\">\
             </saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>\
             <saml:Conditions NotBefore=\"{begin}\" NotOnOrAfter=\"{end}\">\
             <saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>\
             </saml:AudienceRestriction></saml:Conditions>\
             <saml:AuthnStatement AuthnInstant=\"{instant}\" SessionIndex=\"_s1\">\
             <saml:AuthnContext><saml:AuthnContextClassRef>\
             urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
             </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement>{mail}{first}{last}{licence}</saml:AttributeStatement>",
            email = vocab::EMAIL_ADDRESS,
            bearer = vocab::BEARER,
            instant = at(now),
            mail = attribute("urn:oid:0.9.2342.19200300.100.1.3", &["alice@univ.test"]),
            first = attribute("urn:oid:2.5.4.42", &["Alice &amp; Zoé"]),
            last = attribute("urn:oid:2.5.4.4", &["Liddell"]),
            licence = attribute("zoomLicense", &["licensed"]),
        ),
        response_tail: String::new(),
        signed: Signed::Assertion,
        signature_method: vocab::RSA_SHA256,
        c14n: vocab::EXCLUSIVE_C14N,
        encrypted_to: None,
    }
}

/// AES-128-GCM under RSA-OAEP, written in canonical form.
fn encrypt(assertion: &str, to: &X509) -> String {
    let (key, iv) = ([7_u8; 16], [9_u8; 12]);
    let mut tag = [0_u8; 16];
    let text = assertion.as_bytes();
    let cipher = encrypt_aead(Cipher::aes_128_gcm(), &key, Some(&iv), &[], text, &mut tag);
    let data = STANDARD.encode([iv.as_slice(), &cipher.unwrap(), &tag].concat());
    let rsa = to.public_key().unwrap().rsa().unwrap();
    let mut wrapped = vec![0; rsa.size() as usize];
    rsa.public_encrypt(&key, &mut wrapped, Padding::PKCS1_OAEP)
        .unwrap();
    let method = |name: &str| {
        format!("<xenc:EncryptionMethod Algorithm=\"{name}\"></xenc:EncryptionMethod>")
    };
    let value = |base64: &str| {
        format!("<xenc:CipherData><xenc:CipherValue>{base64}</xenc:CipherValue></xenc:CipherData>")
    };
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"{saml}\"><xenc:EncryptedData \
         xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\">{gcm}<ds:KeyInfo xmlns:ds=\"{dsig}\">\
         <xenc:EncryptedKey>{oaep}{wrapped}</xenc:EncryptedKey></ds:KeyInfo>{data}\
         </xenc:EncryptedData></saml:EncryptedAssertion>",
        saml = vocab::ASSERTION,
        dsig = vocab::DSIG,
        gcm = method("http://www.w3.org/2009/xmlenc11#aes128-gcm"),
        oaep = method("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"),
        wrapped = value(&STANDARD.encode(wrapped)),
        data = value(&data),
    )
}

impl TestIdp {
    /// The identity provider; all tests share its key, which is slow to make.
    pub(super) fn new() -> Self {
        static PAIR: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::make().unwrap());
        Self { pair: PAIR.clone() }
    }

    /// One of the same name with another key.
    pub(super) fn with_another_key() -> Self {
        Self {
            pair: KeyPair::make().unwrap(),
        }
    }

    pub(super) fn metadata(&self, more: &str) -> String {
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             entityID=\"{ENTITY_ID}\"{more}><md:IDPSSODescriptor \
             protocolSupportEnumeration=\"{protocol}\"><md:KeyDescriptor use=\"signing\">\
             <ds:KeyInfo xmlns:ds=\"{dsig}\"><ds:X509Data><ds:X509Certificate>{certificate}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
             <md:SingleSignOnService Binding=\"{redirect}\" Location=\"{SSO}\"/>\
             <md:SingleSignOnService Binding=\"{post}\" Location=\"{SSO}\"/>\
             </md:IDPSSODescriptor></md:EntityDescriptor>",
            protocol = vocab::PROTOCOL,
            dsig = vocab::DSIG,
            certificate = self.pair.certificate_base64().unwrap(),
            redirect = vocab::REDIRECT,
            post = vocab::POST,
        )
    }

    /// Writes and signs the message.
    pub(super) fn issue(&self, draft: &Draft) -> String {
        self.issue_with(draft, |response| response)
    }

    /// As [`Self::issue`]; `change` is done before the `Response` is signed.
    pub(super) fn issue_with(&self, draft: &Draft, change: impl Fn(String) -> String) -> String {
        let assertion = format!(
            "<saml:Assertion xmlns:saml=\"{}\" ID=\"{}\" IssueInstant=\"{}\" Version=\"2.0\">\
             {}{}</saml:Assertion>",
            vocab::ASSERTION,
            draft.assertion_id,
            draft.assertion_instant,
            draft.assertion_issuer,
            draft.assertion_body
        );
        let assertion = match draft.signed {
            Signed::Assertion | Signed::Both => self.sign(
                &assertion,
                &draft.assertion_id,
                &draft.assertion_issuer,
                draft,
            ),
            Signed::Nothing | Signed::Response => assertion,
        };
        let assertion = match &draft.encrypted_to {
            Some(to) => encrypt(&assertion, to),
            None => assertion,
        };
        // In exclusive canonical form the prefix is declared where it is used.
        let head = draft.response_head.replace(
            "<saml:Issuer>",
            &format!("<saml:Issuer xmlns:saml=\"{}\">", vocab::ASSERTION),
        );
        let response = format!(
            "<samlp:Response xmlns:samlp=\"{}\" {}>{head}{}{assertion}{}</samlp:Response>",
            vocab::PROTOCOL,
            draft.response_attributes,
            draft.status,
            draft.response_tail
        );
        let response = change(response);
        match draft.signed {
            Signed::Response | Signed::Both => {
                let id = roxmltree::Document::parse(&response).unwrap();
                let id = id.root_element().attribute("ID").unwrap().to_owned();
                self.sign(&response, &id, &head, draft)
            }
            Signed::Nothing | Signed::Assertion => response,
        }
    }

    /// Signs `element`, which is canonical already, and puts the signature
    /// behind the first `after`.
    fn sign(&self, element: &str, id: &str, after: &str, draft: &Draft) -> String {
        let digest = STANDARD.encode(hash(MessageDigest::sha256(), element.as_bytes()).unwrap());
        let c14n = draft.c14n;
        let signed_info = format!(
            "<ds:SignedInfo xmlns:ds=\"{dsig}\"><ds:CanonicalizationMethod \
             Algorithm=\"{c14n}\"></ds:CanonicalizationMethod><ds:SignatureMethod \
             Algorithm=\"{method}\"></ds:SignatureMethod><ds:Reference URI=\"#{id}\">\
             <ds:Transforms><ds:Transform Algorithm=\"{enveloped}\"></ds:Transform>\
             <ds:Transform Algorithm=\"{c14n}\"></ds:Transform></ds:Transforms><ds:DigestMethod \
             Algorithm=\"{sha}\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo>",
            dsig = vocab::DSIG,
            method = draft.signature_method,
            enveloped = vocab::ENVELOPED,
            sha = vocab::SHA256,
        );
        let algorithm = if draft.signature_method == vocab::RSA_SHA256 {
            MessageDigest::sha256()
        } else {
            MessageDigest::sha1()
        };
        let mut signer = Signer::new(algorithm, &self.pair.key).unwrap();
        signer.update(signed_info.as_bytes()).unwrap();
        let value = STANDARD.encode(signer.sign_to_vec().unwrap());
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{dsig}\">{signed_info}<ds:SignatureValue>{value}\
             </ds:SignatureValue></ds:Signature>",
            dsig = vocab::DSIG,
            signed_info = signed_info.replacen(&format!(" xmlns:ds=\"{}\"", vocab::DSIG), "", 1),
        );
        element.replacen(after, &format!("{after}{signature}"), 1)
    }
}
