//! Keys and certificates, made anew for every run and never committed.

use std::path::{Path, PathBuf};

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509Name, X509NameBuilder, X509NameRef,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};
use passerelle::sys::clock::{Clock as _, SystemClock};

/// A private key with its self-signed certificate, in memory and as files.
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
    /// Makes a pair of RSA of 2,048 bits and writes `name.key` and `name.crt` into `folder`.
    pub(crate) fn generate(folder: &Path, name: &str) -> Self {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        Self::of(&key, folder, name)
    }

    /// The same on P-256.
    pub(crate) fn generate_on_p256(folder: &Path, name: &str) -> Self {
        Self::of(&ec_key(), folder, name)
    }

    fn of(key: &PKey<Private>, folder: &Path, name: &str) -> Self {
        let certificate = self_signed(key, name);
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

/// Somebody who vouches for servers.
#[derive(Debug)]
pub(crate) struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

/// A key of a server, with the certificate that it is believed by; both PEM.
#[derive(Clone, Debug)]
pub(crate) struct ServerKey {
    /// The certificate.
    pub(crate) certificate: Vec<u8>,
    /// The private key.
    pub(crate) key: Vec<u8>,
}

impl Authority {
    /// A new one.
    pub(crate) fn new(name: &str) -> Self {
        let key = ec_key();
        let subject = subject(name);
        let mut builder = certificate(&subject, &subject, &key);
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(constraints).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self {
            certificate: builder.build(),
            key,
        }
    }

    /// Its own certificate, PEM.
    pub(crate) fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }

    /// Vouches for a server of that name.
    pub(crate) fn vouch_for(&self, host: &str) -> ServerKey {
        let key = ec_key();
        let issuer = self.certificate.subject_name();
        let mut builder = certificate(&subject(host), issuer, &key);
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let names = SubjectAlternativeName::new().dns(host).build(&context);
        builder.append_extension(names.unwrap()).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        ServerKey {
            certificate: builder.build().to_pem().unwrap(),
            key: key.private_key_to_pem_pkcs8().unwrap(),
        }
    }
}

fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn self_signed(key: &PKey<Private>, name: &str) -> X509 {
    let subject = subject(name);
    let mut builder = certificate(&subject, &subject, key);
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// A certificate since yesterday and for 30 days, not yet signed: whoever reads it may have a clock that is behind.
fn certificate(subject: &X509NameRef, issuer: &X509NameRef, key: &PKey<Private>) -> X509Builder {
    let mut serial = BigNum::new().unwrap();
    serial.rand(159, MsbOption::MAYBE_ZERO, false).unwrap();
    let yesterday = SystemClock.now().as_second() - 24 * 60 * 60;
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(yesterday).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(30).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}

fn subject(name: &str) -> X509Name {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    subject.build()
}
