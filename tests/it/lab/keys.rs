//! Keys and certificates, made anew for every run and never committed.

use std::path::{Path, PathBuf};

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{X509, X509Name, X509NameBuilder},
};

/// An RSA key with its self-signed certificate, in memory and as files.
#[derive(Debug)]
pub(crate) struct KeyPair {
    /// The certificate.
    pub(crate) certificate: X509,
    /// The private key as a PEM file.
    pub(crate) key_file: PathBuf,
    /// The certificate as a PEM file.
    pub(crate) certificate_file: PathBuf,
}

impl KeyPair {
    /// Makes a pair of 2,048 bits and writes `name.key` and `name.crt` into `folder`.
    pub(crate) fn generate(folder: &Path, name: &str) -> Self {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let certificate = self_signed(&key, name);
        let key_file = folder.join(format!("{name}.key"));
        let certificate_file = folder.join(format!("{name}.crt"));
        std::fs::write(&key_file, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        std::fs::write(&certificate_file, certificate.to_pem().unwrap()).unwrap();
        Self {
            certificate,
            key_file,
            certificate_file,
        }
    }

    /// The certificate as metadata carries it: DER in base64, without white space.
    pub(crate) fn certificate_base64(&self) -> String {
        openssl::base64::encode_block(&self.certificate.to_der().unwrap())
    }
}

fn self_signed(key: &PKey<Private>, name: &str) -> X509 {
    let subject = subject(name);
    let mut serial = BigNum::new().unwrap();
    serial.rand(159, MsbOption::MAYBE_ZERO, false).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(30).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn subject(name: &str) -> X509Name {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    subject.build()
}
