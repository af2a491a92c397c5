//! Reads a public key that stands in XML as its bare numbers (xmldsig-core1 §4.5.2, `ds:KeyValue`).

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::algorithm::DSIG;
use super::keys::{KeyFault, VerifyingKey};
use super::signature;
use crate::xml::Element;

/// Namespace of XML Signature 1.1 (xmldsig-core1 §1.3), which has the keys of elliptic curves.
const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";

/// The longest number, in base64 with its white space: one of 8192 bits takes some 1,400 characters.
const MAX_CHARS: usize = 4096;

/// The first octet of a point that is written with both its coordinates (SEC 1 §2.3.3), the one form
/// that every reader has to know (xmldsig-core1 §4.5.2.3.3).
const UNCOMPRESSED: u8 = 0x04;

impl VerifyingKey {
    /// Reads a `ds:KeyValue`: an `RSAKeyValue`, or an `ECKeyValue` of XML Signature 1.1 on a named
    /// curve.
    ///
    /// # Errors
    ///
    /// It is none, or the key is too weak or of a kind that is not used.
    pub fn from_key_value(key_value: Element<'_, '_>) -> Result<Self, KeyFault> {
        let mut children = key_value.children();
        let (Some(value), None) = (children.next(), children.next()) else {
            return Err(KeyFault::KeyValue);
        };
        if value.is(DSIG, "RSAKeyValue") {
            let modulus = BigNum::from_slice(&octets(value, DSIG, "Modulus")?)?;
            let exponent = BigNum::from_slice(&octets(value, DSIG, "Exponent")?)?;
            let key = Rsa::from_public_components(modulus, exponent)?;
            Self::bare(PKey::from_rsa(key)?)
        } else if value.is(DSIG11, "ECKeyValue") {
            Self::bare(PKey::from_ec_key(read_ec(value)?)?)
        } else {
            Err(KeyFault::UnsupportedKind)
        }
    }
}

fn read_ec(value: Element<'_, '_>) -> Result<EcKey<openssl::pkey::Public>, KeyFault> {
    let curve = value.only(DSIG11, "NamedCurve").ok().flatten();
    let curve = match curve.and_then(|curve| curve.attribute("URI")) {
        Some("urn:oid:1.2.840.10045.3.1.7") => Nid::X9_62_PRIME256V1,
        Some("urn:oid:1.3.132.0.34") => Nid::SECP384R1,
        Some("urn:oid:1.3.132.0.35") => Nid::SECP521R1,
        Some(_) => return Err(KeyFault::UnsupportedSize),
        // A curve that is written out may be one on which anybody signs (CVE-2020-0601).
        None => return Err(KeyFault::KeyValue),
    };
    let octets = octets(value, DSIG11, "PublicKey")?;
    if octets.first() != Some(&UNCOMPRESSED) {
        return Err(KeyFault::KeyValue);
    }
    let group = EcGroup::from_curve_name(curve)?;
    let point = EcPoint::from_bytes(&group, &octets, &mut *BigNumContext::new()?)?;
    let key = EcKey::from_public_key(&group, &point)?;
    key.check_key()?;
    Ok(key)
}

/// What the one child of that name holds, decoded.
fn octets(value: Element<'_, '_>, namespace: &str, name: &str) -> Result<Vec<u8>, KeyFault> {
    let child = value.only(namespace, name).ok().flatten();
    child
        .and_then(|child| child.text().ok())
        .filter(|text| text.len() <= MAX_CHARS)
        .and_then(|text| signature::decode_base64(&text))
        .ok_or(KeyFault::KeyValue)
}

#[cfg(test)]
#[path = "key_value_tests.rs"]
mod tests;
