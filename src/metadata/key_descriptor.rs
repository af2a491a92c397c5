//! Reads the keys of a provider out of its `KeyDescriptor` elements (saml-metadata-2.0 §2.4.1.1).
//!
//! A key is trusted because it stands in the metadata, in a certificate or bare: no path is built, nothing
//! is fetched, and a certificate whose time is over still counts (R-92, IIP-MD12).

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    encryption_method::{self, Wish},
    finding::Finding,
};
use crate::{
    config::sections::Encrypt,
    model::vocab,
    xml::door::Element,
    xmlsec::{
        CertificateFacts, EncryptionKey, EncryptionMethods,
        keys::{KeyFault, VerifyingKey},
    },
};

/// How many keys a role may have. Each of them is tried on a signature that none of them made, and reading
/// some costs a millisecond; a provider that changes keys has two or three.
const MAX_KEYS: usize = 64;

/// The keys of a provider.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The keys that verify signatures.
    pub(super) signing: Vec<VerifyingKey>,
    /// The first one that can be encrypted to: whoever lists several reads with each (IIP-MD08).
    pub(super) encryption: Option<EncryptionKey>,
    /// Those for signing that cannot be used, by the place of their `KeyDescriptor`.
    unusable: Vec<(usize, KeyFault)>,
    /// Whether the refusals of the administrator alone kept a key from being encrypted to.
    is_one_refused: bool,
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

impl KeyUse {
    /// In one word, as JSON has it too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Encryption => "encryption",
            Self::Signing => "signing",
        }
    }
}

/// Which public key it is: by its `SubjectPublicKeyInfo`, whatever else a certificate says.
///
/// One written anew around the same key gives nobody anything: whoever makes it, and has the source as well, can still
/// sign nothing that verifies and read nothing that is encrypted, as both take the private key. What it says beside the key
/// is shown and reminded of, and decides nothing.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyIdentity(String);

/// A key for people to look at, whether it is used here or not.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ListedKey {
    /// What it is for.
    #[serde(rename = "use")]
    pub key_use: KeyUse,
    /// Kind and size, as `RSA 2048`.
    pub key: String,
    /// The subject of its certificate; none where it stands bare.
    pub subject: Option<String>,
    /// SHA-256 of the certificate, or of the bare key, in hexadecimal.
    pub sha256: String,
    /// The key itself, whatever certificate is around it: for comparing, and not for people.
    #[serde(skip)]
    pub identity: KeyIdentity,
    /// From when the certificate says to be valid.
    pub not_before: Option<Timestamp>,
    /// Until when.
    pub not_after: Option<Timestamp>,
}

impl ListedKey {
    fn of(key: &VerifyingKey, key_use: KeyUse) -> Option<Self> {
        let facts = key.certificate();
        let identity = KeyIdentity(key.key_sha256().ok()?);
        Some(Self {
            key_use,
            key: key.kind_and_size(),
            subject: facts.map(|facts| facts.subject().to_owned()),
            sha256: match facts {
                Some(facts) => facts.sha256().to_owned(),
                None => identity.0.clone(),
            },
            identity,
            not_before: facts.map(CertificateFacts::not_before),
            not_after: facts.map(CertificateFacts::not_after),
        })
    }

    /// Whether it is used so.
    pub fn is_for(&self, key_use: KeyUse) -> bool {
        self.key_use == KeyUse::Both || self.key_use == key_use
    }
}

impl fmt::Display for ListedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        if let Some(end) = self.not_after {
            write!(f, ", until {end:.0}")?;
        }
        write!(f, ", SHA-256 {}", self.sha256)?;
        match &self.subject {
            Some(subject) => write!(f, ", {subject}"),
            None => f.write_str(", without a certificate"),
        }
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
        let descriptor = Descriptor {
            element,
            place,
            key_use,
        };
        // What cannot be read was told where it counts.
        let written = descriptor.written(&mut Vec::new()).keys();
        let listed = written.into_iter().flatten();
        for key in listed.filter_map(|key| ListedKey::of(&key, key_use)) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// The key that would be encrypted to, and how: for people, and to compare two versions with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct EncryptsTo {
    /// The key, as a [`ListedKey`] is told.
    pub key: String,
    /// The key itself.
    #[serde(skip)]
    pub identity: KeyIdentity,
    /// The URIs of cipher, key transport, digest and mask.
    pub methods: String,
}

impl fmt::Display for EncryptsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, by {}", self.key, self.methods)
    }
}

/// The key below `descriptor` that would be encrypted to. That nothing is encrypted to the provider today says nothing
/// of tomorrow.
pub(super) fn encrypts_to(
    descriptor: Element<'_, '_>,
    wish: Wish<'_>,
    now: Timestamp,
) -> Option<EncryptsTo> {
    let encrypt = (Encrypt::WhenPossible, wish);
    let key = read(descriptor, encrypt, now, &mut Vec::new()).encryption?;
    let EncryptionMethods { block, transport } = key.methods();
    let listed = ListedKey::of(key.public(), KeyUse::Encryption)?;
    let uris = [
        block.uri(),
        transport.uri(),
        transport.digest().uri(),
        transport.mask().mgf_uri(),
    ];
    Some(EncryptsTo {
        key: listed.to_string(),
        identity: listed.identity,
        methods: uris.join(" "),
    })
}

/// One `KeyDescriptor`.
struct Descriptor<'t, 'i> {
    element: Element<'t, 'i>,
    /// Which one, counted from 1.
    place: usize,
    key_use: KeyUse,
}

/// The elements of a `ds:KeyInfo` that hold a key. They are meant to be ways to write one key
/// (xmldsig-core1 §4.5), and some write several certificates.
#[derive(Default)]
struct Written<'t, 'i> {
    /// The first `ds:X509Certificate` of each `ds:X509Data`.
    certificates: Vec<Element<'t, 'i>>,
    /// Each `ds:KeyValue`: read as the key where there is no certificate, and only compared where there
    /// is one.
    key_values: Vec<Element<'t, 'i>>,
}

/// Reads every key below `descriptor`. Of those for encryption nothing is read, nor told, where
/// nothing is encrypted to the provider.
pub(super) fn read(
    descriptor: Element<'_, '_>,
    (encrypt, wish): (Encrypt, Wish<'_>),
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Keys {
    let mut keys = Keys::default();
    let mut asks_for_it = false;
    let mut count = 0_usize;
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
        };
        let written = descriptor.written(findings);
        count = count.saturating_add(written.len());
        if count > MAX_KEYS {
            findings.push(Finding::TooManyKeys(MAX_KEYS));
            break;
        }
        let usable = keys.read(&descriptor, &written, findings);
        if key_use != KeyUse::Encryption {
            keys.take_for_signing(&usable, now, findings);
        }
        if key_use != KeyUse::Signing {
            keys.take_for_encryption(&descriptor, usable, (wish, now), findings);
        }
        asks_for_it |= key_use == KeyUse::Encryption;
    }
    keys.tell_of_unusable(findings);
    if keys.encryption.is_none() && encrypt == Encrypt::WhenPossible {
        if keys.is_one_refused {
            findings.push(Finding::InClearByRefusal);
        } else if asks_for_it {
            findings.push(Finding::InClear);
        }
    }
    keys
}

impl Keys {
    /// Reads what is `written`: the keys that can be used.
    fn read(
        &mut self,
        descriptor: &Descriptor<'_, '_>,
        written: &Written<'_, '_>,
        findings: &mut Vec<Finding>,
    ) -> Vec<VerifyingKey> {
        let mut usable = Vec::new();
        for key in written.keys() {
            match key {
                Ok(key) => usable.push(key),
                Err(fault) => match descriptor.key_use {
                    KeyUse::Both | KeyUse::Signing => {
                        self.unusable.push((descriptor.place, fault));
                    }
                    KeyUse::Encryption => findings.push(descriptor.unused(fault)),
                },
            }
        }
        if written.contradicts(&usable) {
            findings.push(Finding::KeyValueIgnored(descriptor.place));
        }
        usable
    }

    /// What stands there twice counts once.
    fn take_for_signing(
        &mut self,
        usable: &[VerifyingKey],
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) {
        for key in usable {
            let is_known = self
                .signing
                .iter()
                .any(|known| known.is_same_key(key) && known.certificate() == key.certificate());
            if !is_known {
                tell_of(key, now, findings);
                self.signing.push(key.clone());
            }
        }
    }

    /// A key that cannot be used keeps no other one from counting. Where none is left, the provider is
    /// not taken: it would be one whose requests nobody can verify, by accident.
    fn tell_of_unusable(&mut self, findings: &mut Vec<Finding>) {
        let is_none_left = self.signing.is_empty();
        let unusable = self.unusable.drain(..).map(|(place, fault)| {
            if is_none_left {
                Finding::SigningKey { place, fault }
            } else {
                Finding::SigningKeyIgnored { place, fault }
            }
        });
        findings.extend(unusable);
    }

    /// A key that cannot be used is only told: a provider with another one, or with none, is signed
    /// in to all the same, unless its assertions must be encrypted.
    fn take_for_encryption(
        &mut self,
        descriptor: &Descriptor<'_, '_>,
        usable: Vec<VerifyingKey>,
        (wish, now): (Wish<'_>, Timestamp),
        findings: &mut Vec<Finding>,
    ) {
        let Some(methods) = encryption_method::choose(descriptor.element, wish) else {
            let unrefused = encryption_method::choose(descriptor.element, wish.unrefused());
            findings.push(match unrefused {
                None => Finding::EncryptionMethods(descriptor.place),
                Some(_) => Finding::EncryptionMethodsRefused(descriptor.place),
            });
            self.is_one_refused |= unrefused.is_some_and(|methods| {
                let mut usable = usable.into_iter();
                usable.any(|key| EncryptionKey::new(key, methods).is_ok())
            });
            return;
        };
        for key in usable {
            match EncryptionKey::new(key, methods) {
                Ok(_another) if self.encryption.is_some() => {}
                Ok(key) => {
                    // Of a key for both it was told above.
                    if descriptor.key_use == KeyUse::Encryption
                        && let Some(facts) = key.certificate()
                        && facts.not_after() < now
                    {
                        findings.push(Finding::EncryptionCertificateExpired {
                            subject: facts.subject().to_owned(),
                            at: facts.not_after(),
                        });
                    }
                    self.encryption = Some(key);
                }
                Err(fault) if descriptor.key_use == KeyUse::Encryption => {
                    findings.push(descriptor.unused(fault));
                }
                // As a key for signing it is a good one: EC, for example.
                Err(_of_both) => {}
            }
        }
    }
}

impl<'t, 'i> Descriptor<'t, 'i> {
    /// Finds the keys that are written in it.
    fn written(&self, findings: &mut Vec<Finding>) -> Written<'t, 'i> {
        let mut written = Written::default();
        let Ok(key_info) = self.element.only(vocab::DS, "KeyInfo") else {
            findings.push(match self.key_use {
                KeyUse::Both | KeyUse::Signing => Finding::Shape("KeyDescriptor"),
                // What is odd about a key that only encrypts lets nobody out of the provider.
                KeyUse::Encryption => self.unused(KeyFault::Certificate),
            });
            return written;
        };
        for child in key_info.into_iter().flat_map(|it| it.children()) {
            if child.is(vocab::DS, "KeyValue") {
                written.key_values.push(child);
            } else if child.is(vocab::DS, "X509Data") {
                let mut certificates = child
                    .children()
                    .filter(|child| child.is(vocab::DS, "X509Certificate"));
                written.certificates.extend(certificates.next());
                if certificates.next().is_some() {
                    findings.push(Finding::CertificatesInOne(self.place));
                }
            }
        }
        if written.len() == 0 {
            findings.push(Finding::NoKey(self.place));
        }
        written
    }

    const fn unused(&self, fault: KeyFault) -> Finding {
        Finding::EncryptionKey {
            place: self.place,
            fault,
        }
    }
}

impl Written<'_, '_> {
    const fn len(&self) -> usize {
        self.certificates
            .len()
            .saturating_add(self.key_values.len())
    }

    /// Reads the keys that count.
    fn keys(&self) -> Vec<Result<VerifyingKey, KeyFault>> {
        if self.certificates.is_empty() {
            let values = self.key_values.iter().copied();
            return values.map(VerifyingKey::from_key_value).collect();
        }
        let certificates = self.certificates.iter().map(|certificate| {
            let text = certificate
                .text()
                .map_err(|_element| KeyFault::Certificate)?;
            VerifyingKey::from_certificate_base64(&text)
        });
        certificates.collect()
    }

    /// Whether a `ds:KeyValue` is another key than those of the `certificates` beside it: somebody
    /// changed the one and forgot the other.
    fn contradicts(&self, certificates: &[VerifyingKey]) -> bool {
        !self.certificates.is_empty()
            && !certificates.is_empty()
            && self.key_values.iter().any(|value| {
                VerifyingKey::from_key_value(*value)
                    .is_ok_and(|stated| !certificates.iter().any(|key| key.is_same_key(&stated)))
            })
    }
}

/// Stands in the name of every certificate that we ship, and in no other.
const PLACEHOLDER: &str = "self-made placeholder";

/// Whether a certificate is one that we ship, whose key nobody has.
pub(super) fn is_placeholder(certificate: &CertificateFacts) -> bool {
    certificate.subject().contains(PLACEHOLDER)
}

fn tell_of(key: &VerifyingKey, now: Timestamp, findings: &mut Vec<Finding>) {
    let Some(facts) = key.certificate() else {
        return;
    };
    let subject = facts.subject().to_owned();
    if is_placeholder(facts) {
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
    if let Some(digest) = facts.weak_digest() {
        let subject = facts.subject().to_owned();
        findings.push(Finding::CertificateWeakDigest { subject, digest });
    }
}

#[cfg(test)]
#[path = "key_descriptor_tests.rs"]
mod tests;
