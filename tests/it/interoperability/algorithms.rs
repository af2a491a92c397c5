//! By which algorithms an answer may be signed and encrypted (R-45, IIP-ALG06) so that a service
//! provider reads it, and what it says to the others.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::model::name_id::NameIdFormat;

use super::{
    field::{Field, do_all},
    sign_ins::Answer,
};
use crate::lab::{
    browser::BrowserSim,
    encryption::Encryption,
    keys::KeyPair,
    metadata::{service_provider, with_encryption_key},
    service_provider::{RunningSp, SpKind},
};

/// What a service provider says to Responses that are protected by each algorithm; None where it takes it.
#[derive(Debug)]
pub(super) struct Verdicts {
    pub(super) kind: SpKind,
    /// In the order in which they were asked about.
    pub(super) refusals: Vec<Option<String>>,
    /// What is not as it was found to be.
    pub(super) surprises: Vec<String>,
}

/// The signatures, in the words of the configuration.
pub(super) const SIGNATURES: [&str; 5] = [
    "rsa-sha256",
    "rsa-sha384",
    "rsa-sha512",
    "ecdsa-sha256",
    "ecdsa-sha384",
];

/// Whether a service provider verifies what is signed so, as it was found to.
fn verifies(kind: SpKind, signature: &str) -> bool {
    match kind {
        SpKind::Python3Saml | SpKind::Pysaml2 => true,
        SpKind::Mellon => signature.starts_with("rsa-"),
        // xml-crypto knows neither ECDSA nor the digest SHA-384.
        SpKind::NodeSaml | SpKind::Samlify | SpKind::Saml2Js => {
            ["rsa-sha256", "rsa-sha512"].contains(&signature)
        }
        // It is told to take RSA-SHA256 and nothing else.
        SpKind::Samael => signature == "rsa-sha256",
    }
}

/// Has every service provider read both signatures by each algorithm.
pub(super) async fn sign(field: &Field) -> Vec<Verdicts> {
    let mut verdicts: Vec<_> = SpKind::ALL.map(Verdicts::none_of).into();
    for signature in SIGNATURES {
        let certificate = if signature.starts_with("ecdsa-") {
            field.bridge.ec_certificate()
        } else {
            field.bridge.certificate().0
        };
        let settings = format!("sign = \"both\"\nsignature = \"{signature}\"");
        let (_server, browser) = field.start(|_| settings.clone()).await;
        let all = verdicts.iter_mut().zip(field.peers(false));
        let asked = all.map(async |(verdicts, sp)| {
            let answer = get(sp, &browser).await;
            let plain = answer.check(sp, "both", &certificate).await;
            let is_read = verifies(sp.kind(), signature);
            verdicts.take(send(answer, sp, &plain).await, (is_read, signature));
        });
        do_all(asked).await;
    }
    verdicts
}

/// Whether a service provider decrypts that, as it was found to.
fn decrypts(kind: SpKind, encryption: &Encryption) -> bool {
    let is_of_1_0 = encryption.is_that_of_xml_encryption_1_0();
    match kind {
        // libxmlsec1 1.3, behind schemas of XML Encryption 1.0.
        SpKind::Python3Saml => !encryption.names_a_mask(),
        // xmlsec1 1.2, the program and the library; and xml-encryption.
        SpKind::Pysaml2 | SpKind::Mellon | SpKind::NodeSaml | SpKind::Samlify | SpKind::Saml2Js => {
            is_of_1_0
        }
        SpKind::Samael => is_of_1_0 && encryption.is_by_aes_128(),
    }
}

/// Has every service provider read what is encrypted in each way.
pub(super) async fn encrypt(field: &Field) -> Vec<Verdicts> {
    let mut verdicts: Vec<_> = SpKind::ALL.map(Verdicts::none_of).into();
    let certificate = field.bridge.certificate().0;
    for encryption in &Encryption::ALL {
        let methods = encryption.methods();
        for sp in field.peers(true) {
            encrypt_to(field, sp, sp.keys(), &methods);
        }
        let (_server, browser) = field.start(|_| BOTH.to_owned()).await;
        let all = verdicts.iter_mut().zip(field.peers(true));
        let asked = all.map(async |(verdicts, sp)| {
            let answer = get(sp, &browser).await;
            encryption.is_that_of(&answer.xml);
            let plain = answer.check(sp, "both", &certificate).await;
            let is_read = decrypts(sp.kind(), encryption);
            verdicts.take(send(answer, sp, &plain).await, (is_read, encryption.words));
        });
        do_all(asked).await;
    }
    verdicts
}

/// What is wrong with an encrypted assertion that nobody may take.
pub(super) const UNREADABLE: [&str; 2] = [
    "one bit of the ciphertext changed",
    "encrypted to somebody else's key",
];

/// Has every service provider read what it must not, in the order of [`UNREADABLE`]. The signature is
/// that of the assertion alone, where a service provider is content with it: nothing but the
/// authentication tag then shows a change of the ciphertext.
pub(super) async fn spoil(field: &Field) -> Vec<Verdicts> {
    let mut verdicts: Vec<_> = SpKind::ALL.map(Verdicts::none_of).into();
    let methods = Encryption::ALL[1].methods();
    let stranger = KeyPair::generate(field.folder(), "stranger");
    for (place, what) in UNREADABLE.into_iter().enumerate() {
        for sp in field.peers(true) {
            let key = if place == 1 { &stranger } else { sp.keys() };
            encrypt_to(field, sp, key, &methods);
        }
        let (_server, browser) = field.start(|kind| content_with(kind).to_owned()).await;
        let all = verdicts.iter_mut().zip(field.peers(true));
        let asked = all.map(async |(verdicts, sp)| {
            let mut answer = get(sp, &browser).await;
            if place == 0 {
                answer.xml = change_a_bit(&answer.xml);
            }
            verdicts.take(send(answer, sp, "").await, (false, what));
        });
        do_all(asked).await;
    }
    verdicts
}

const BOTH: &str = "sign = \"both\"";

/// The least that is signed for a service provider that decrypts.
const fn content_with(kind: SpKind) -> &'static str {
    match kind {
        SpKind::NodeSaml => BOTH,
        SpKind::Samael => "sign = \"response\"",
        SpKind::Python3Saml
        | SpKind::Pysaml2
        | SpKind::Mellon
        | SpKind::Samlify
        | SpKind::Saml2Js => "sign = \"assertion\"",
    }
}

/// Has the bridge know `sp` by metadata in which that key lists `methods`.
fn encrypt_to(field: &Field, sp: &RunningSp, key: &KeyPair, methods: &str) {
    let plain = service_provider(sp.entity_id(), &[sp.endpoint()]);
    let metadata = with_encryption_key(&plain, &key.certificate_base64(), methods);
    field.bridge.take_metadata(sp.name(), &metadata);
}

async fn get(sp: &RunningSp, browser: &BrowserSim) -> Answer {
    Answer::get(sp, sp.kind().bindings()[0], browser).await
}

async fn send(answer: Answer, sp: &RunningSp, plain: &str) -> Option<String> {
    let format = Some(NameIdFormat::EmailAddress);
    answer.send(sp, format, plain).await.err()
}

/// The Response with one bit of the encrypted assertion changed, well behind its vector.
fn change_a_bit(xml: &str) -> String {
    let (before, rest) = xml.rsplit_once("<xenc:CipherValue>").unwrap();
    let (value, after) = rest.split_once("</xenc:CipherValue>").unwrap();
    let mut octets = BASE64_STANDARD.decode(value).unwrap();
    octets[400] ^= 1;
    let value = BASE64_STANDARD.encode(octets);
    format!("{before}<xenc:CipherValue>{value}</xenc:CipherValue>{after}")
}

impl Verdicts {
    const fn none_of(kind: SpKind) -> Self {
        Self {
            kind,
            refusals: Vec::new(),
            surprises: Vec::new(),
        }
    }

    /// Takes note of one, which is to be as it was found to be.
    fn take(&mut self, refusal: Option<String>, (is_read, what): (bool, &str)) {
        if refusal.is_none() != is_read {
            let kind = self.kind;
            self.surprises
                .push(format!("{kind:?}, {what}: {refusal:?}"));
        }
        self.refusals.push(refusal);
    }
}
