//! Reads the keys of a provider out of its `KeyDescriptor` elements (saml-metadata-2.0 §2.4.1.1).
//!
//! A key is trusted because it stands in the metadata: no path is built, nothing is fetched, and a
//! certificate whose time is over still counts (R-92, IIP-MD12).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Serialize;

use super::{encryption_method, finding::Finding};
use crate::{
    config::sections::Encrypt,
    model::vocab,
    xml::door::Element,
    xmlsec::{
        EncryptionKey,
        keys::{KeyFault, VerifyingKey},
    },
};

/// The keys of a provider.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The certificates of those that verify signatures, in DER form.
    pub(super) signing_certificates: Vec<Vec<u8>>,
    /// The keys that verify signatures.
    pub(super) signing: Vec<VerifyingKey>,
    /// The first one that can be encrypted to: whoever lists several reads with each (IIP-MD08).
    pub(super) encryption: Option<EncryptionKey>,
    /// The certificates for signing that cannot be used, by the place of their `KeyDescriptor`.
    unusable: Vec<(usize, KeyFault)>,
}

/// What a key is for, as its `KeyDescriptor` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUse {
    /// It says nothing: for both.
    Both,
    /// To encrypt to the provider.
    Encryption,
    /// To verify what the provider signed.
    Signing,
}

/// A key for people to look at, whether it is used here or not.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ListedKey {
    /// What it is for.
    #[serde(rename = "use")]
    pub key_use: KeyUse,
    /// Kind and size, as `RSA 2048`.
    pub key: String,
    /// The subject of its certificate.
    pub subject: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// From when the certificate says to be valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

impl ListedKey {
    /// Whether it is used so.
    pub fn is_for(&self, key_use: KeyUse) -> bool {
        self.key_use == KeyUse::Both || self.key_use == key_use
    }
}

impl fmt::Display for ListedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            subject,
            sha256,
            not_after,
            ..
        } = self;
        write!(
            f,
            "{key}, until {not_after:.0}, SHA-256 {sha256}, {subject}"
        )
    }
}

/// Lists every key below `descriptor` that can be read.
pub(super) fn list(descriptor: Element<'_, '_>) -> Vec<ListedKey> {
    let mut keys: Vec<ListedKey> = Vec::new();
    let elements = descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "KeyDescriptor"));
    for (place, element) in (1_usize..).zip(elements) {
        let key_use = match element.attribute("use") {
            None => KeyUse::Both,
            Some("encryption") => KeyUse::Encryption,
            // What is neither is a fault, and nothing is listed of such a file.
            Some(_) => KeyUse::Signing,
        };
        // What cannot be read was told where it counts.
        let certificates = read_certificates(element, (place, key_use), &mut Vec::new());
        for (_, key) in certificates
            .iter()
            .filter_map(|it| decode_certificate(it).ok())
        {
            let facts = key.certificate();
            let key = ListedKey {
                key_use,
                key: facts.key().to_owned(),
                subject: facts.subject().to_owned(),
                sha256: facts.sha256().to_owned(),
                not_before: facts.not_before(),
                not_after: facts.not_after(),
            };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// One `KeyDescriptor`.
struct Descriptor<'t, 'i> {
    element: Element<'t, 'i>,
    /// Which one, counted from 1.
    place: usize,
    key_use: KeyUse,
    /// The certificates that count, in base64.
    certificates: Vec<String>,
}

/// Reads every key below `descriptor`. Of those for encryption nothing is read, nor told, where
/// nothing is encrypted to the provider; none is encrypted to by an algorithm of `refused`.
pub(super) fn read(
    descriptor: Element<'_, '_>,
    (encrypt, refused): (Encrypt, &[&'static str]),
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Keys {
    let mut keys = Keys::default();
    let mut asks_for_it = false;
    let elements = descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "KeyDescriptor"));
    for (place, element) in (1_usize..).zip(elements) {
        let key_use = match (element.attribute("use"), encrypt) {
            (Some("encryption"), Encrypt::Never) => continue,
            (Some("encryption"), Encrypt::WhenPossible | Encrypt::Always) => KeyUse::Encryption,
            (None, Encrypt::WhenPossible | Encrypt::Always) => KeyUse::Both,
            (None, Encrypt::Never) | (Some("signing"), _) => KeyUse::Signing,
            (Some(_), _) => {
                findings.push(Finding::KeyUse(place));
                continue;
            }
        };
        let descriptor = Descriptor {
            element,
            place,
            key_use,
            certificates: read_certificates(element, (place, key_use), findings),
        };
        if key_use != KeyUse::Encryption {
            keys.take_for_signing(&descriptor, now, findings);
        }
        if key_use != KeyUse::Signing {
            keys.take_for_encryption(&descriptor, refused, now, findings);
        }
        asks_for_it |= key_use == KeyUse::Encryption;
    }
    keys.tell_of_unusable(findings);
    if asks_for_it && keys.encryption.is_none() && encrypt == Encrypt::WhenPossible {
        findings.push(Finding::InClear);
    }
    keys
}

impl Keys {
    fn take_for_signing(
        &mut self,
        descriptor: &Descriptor<'_, '_>,
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) {
        let place = descriptor.place;
        for text in &descriptor.certificates {
            match decode_certificate(text) {
                Ok((der, key)) if !self.signing_certificates.contains(&der) => {
                    tell_of(&key, now, findings);
                    self.signing_certificates.push(der);
                    self.signing.push(key);
                }
                Ok(_known) => {}
                Err(fault) => self.unusable.push((place, fault)),
            }
        }
    }

    /// A key that cannot be used keeps no other one from counting. Where none is left, the provider is
    /// not taken: it would be one whose requests nobody can verify, by accident.
    fn tell_of_unusable(&mut self, findings: &mut Vec<Finding>) {
        let is_none_left = self.signing.is_empty();
        let unusable = self.unusable.drain(..).map(|(place, fault)| {
            if is_none_left {
                Finding::Certificate { place, fault }
            } else {
                Finding::CertificateIgnored { place, fault }
            }
        });
        findings.extend(unusable);
    }

    /// A key that cannot be used is only told: a provider with another one, or with none, is signed
    /// in to all the same, unless its assertions must be encrypted.
    fn take_for_encryption(
        &mut self,
        descriptor: &Descriptor<'_, '_>,
        refused: &[&'static str],
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) {
        let place = descriptor.place;
        let Some(methods) = encryption_method::choose(descriptor.element, refused) else {
            findings.push(Finding::EncryptionMethods(place));
            return;
        };
        for text in &descriptor.certificates {
            match EncryptionKey::from_certificate_base64(text, methods) {
                Ok(_another) if self.encryption.is_some() => {}
                Ok(key) => {
                    let (end, key_use) = (key.certificate().not_after(), descriptor.key_use);
                    // Of a key for both it was told above.
                    if end < now && key_use == KeyUse::Encryption {
                        findings.push(Finding::EncryptionCertificateExpired {
                            subject: key.certificate().subject().to_owned(),
                            at: end,
                        });
                    }
                    self.encryption = Some(key);
                }
                Err(fault) if descriptor.key_use == KeyUse::Encryption => {
                    findings.push(Finding::EncryptionCertificate { place, fault });
                }
                // As a key for signing it was told of above, or is a good one: EC, for example.
                Err(_of_both) => {}
            }
        }
    }
}

/// The text of each certificate of a `KeyDescriptor`, the first one of each `X509Data`.
fn read_certificates(
    element: Element<'_, '_>,
    (place, key_use): (usize, KeyUse),
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    // What is odd about a key that only encrypts lets nobody out of the provider.
    let odd = |shape| match key_use {
        KeyUse::Both | KeyUse::Signing => Finding::Shape(shape),
        KeyUse::Encryption => Finding::EncryptionCertificate {
            place,
            fault: KeyFault::Certificate,
        },
    };
    let Ok(key_info) = element.only(vocab::DS, "KeyInfo") else {
        findings.push(odd("KeyDescriptor"));
        return Vec::new();
    };
    let data = key_info
        .into_iter()
        .flat_map(|key_info| key_info.children());
    let mut texts = Vec::new();
    let mut has_certificate = false;
    for data in data.filter(|child| child.is(vocab::DS, "X509Data")) {
        let mut certificates = data
            .children()
            .filter(|child| child.is(vocab::DS, "X509Certificate"));
        let Some(first) = certificates.next() else {
            continue;
        };
        has_certificate = true;
        if certificates.next().is_some() {
            findings.push(Finding::CertificatesInOne(place));
        }
        match first.text() {
            Ok(text) => texts.push(text),
            Err(_) => findings.push(odd("X509Certificate")),
        }
    }
    if !has_certificate {
        findings.push(Finding::KeyWithoutCertificate(place));
    }
    texts
}

fn decode_certificate(text: &str) -> Result<(Vec<u8>, VerifyingKey), KeyFault> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD
        .decode(packed)
        .map_err(|_not_base64| KeyFault::Certificate)?;
    let key = VerifyingKey::from_certificate_der(&der)?;
    Ok((der, key))
}

/// Stands in the name of every certificate that we ship, and in no other.
const PLACEHOLDER: &str = "self-made placeholder";

fn tell_of(key: &VerifyingKey, now: Timestamp, findings: &mut Vec<Finding>) {
    let facts = key.certificate();
    let subject = facts.subject().to_owned();
    if subject.contains(PLACEHOLDER) {
        findings.push(Finding::CertificatePlaceholder);
    }
    if facts.not_after() < now {
        findings.push(Finding::CertificateExpired {
            subject,
            at: facts.not_after(),
        });
    } else if facts.not_before() > now {
        findings.push(Finding::CertificateNotYet {
            subject,
            at: facts.not_before(),
        });
    }
    if facts.has_weak_digest() {
        let subject = facts.subject().to_owned();
        findings.push(Finding::CertificateWeakDigest { subject });
    }
}

#[cfg(test)]
#[path = "key_descriptor_tests.rs"]
mod tests;
