//! Reads the keys of a provider out of its `KeyDescriptor` elements (saml-metadata-2.0 §2.4.1.1).
//!
//! A key is trusted because it stands in the metadata: no path is built, nothing is fetched, and a
//! certificate whose time is over still counts (R-92, IIP-MD12).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;

use super::finding::Finding;
use crate::{
    model::vocab,
    xml::door::Element,
    xmlsec::keys::{KeyFault, VerifyingKey},
};

/// The keys that verify signatures, each with its certificate in DER form.
#[derive(Debug, Default)]
pub(super) struct SigningKeys {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) keys: Vec<VerifyingKey>,
}

/// Reads every key for signing below `descriptor`: those with that `use`, and those without one.
pub(super) fn read(
    descriptor: Element<'_, '_>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> SigningKeys {
    let mut found = SigningKeys::default();
    let elements = descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "KeyDescriptor"));
    for (place, element) in (1_usize..).zip(elements) {
        match element.attribute("use") {
            None | Some("signing") => read_one(element, place, now, &mut found, findings),
            Some("encryption") => {}
            Some(_) => findings.push(Finding::KeyUse(place)),
        }
    }
    found
}

fn read_one(
    element: Element<'_, '_>,
    place: usize,
    now: Timestamp,
    found: &mut SigningKeys,
    findings: &mut Vec<Finding>,
) {
    let Ok(key_info) = element.only(vocab::DS, "KeyInfo") else {
        findings.push(Finding::Shape("KeyDescriptor"));
        return;
    };
    let data = key_info
        .into_iter()
        .flat_map(|key_info| key_info.children());
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
        let Ok(text) = first.text() else {
            findings.push(Finding::Shape("X509Certificate"));
            continue;
        };
        match read_certificate(&text) {
            Ok((der, key)) if !found.certificates.contains(&der) => {
                tell_of(&key, now, findings);
                found.certificates.push(der);
                found.keys.push(key);
            }
            Ok(_known) => {}
            Err(fault) => findings.push(Finding::Certificate { place, fault }),
        }
    }
    if !has_certificate {
        findings.push(Finding::KeyWithoutCertificate(place));
    }
}

fn read_certificate(text: &str) -> Result<(Vec<u8>, VerifyingKey), KeyFault> {
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
