//! The stand-in's own key pair: made, loaded, never shown.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

/// What the certificate calls its owner, so that nobody takes it for Zoom's.
const COMMON_NAME: &str = "Passerelle stand-in, self-made, not Zoom";
const KEY_BITS: u32 = 2048;
const VALID_DAYS: u32 = 365;

/// A private key with the certificate that belongs to it.
#[derive(Clone)]
pub(crate) struct KeyPair {
    pub(crate) key: PKey<Private>,
    pub(crate) certificate: X509,
}

impl KeyPair {
    /// Makes a new pair.
    ///
    /// # Errors
    ///
    /// OpenSSL failed.
    pub(crate) fn make() -> anyhow::Result<Self> {
        let key = PKey::from_rsa(Rsa::generate(KEY_BITS)?)?;
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_text("CN", COMMON_NAME)?;
        let name = name.build();
        let mut serial = BigNum::new()?;
        serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
        let (serial, begin) = (serial.to_asn1_integer()?, Asn1Time::days_from_now(0)?);
        let end = Asn1Time::days_from_now(VALID_DAYS)?;
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_serial_number(&serial)?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.set_not_before(&begin)?;
        builder.set_not_after(&end)?;
        builder.set_pubkey(&key)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let certificate = builder.build();
        Ok(Self { key, certificate })
    }

    /// Loads a pair from two PEM files.
    ///
    /// # Errors
    ///
    /// A file cannot be read, is not PEM, is neither RSA nor on an elliptic curve, or
    /// the two do not belong together.
    pub(crate) fn load(key: &Path, certificate: &Path) -> anyhow::Result<Self> {
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let pair = Self {
            key: PKey::private_key_from_pem(&read(key)?)
                .with_context(|| format!("{} holds no private key in PEM", key.display()))?,
            certificate: X509::from_pem(&read(certificate)?).with_context(|| {
                format!("{} holds no certificate in PEM", certificate.display())
            })?,
        };
        ensure!(
            pair.key.rsa().is_ok() || pair.key.ec_key().is_ok(),
            "the key must be RSA or on an elliptic curve"
        );
        ensure!(
            pair.certificate.public_key()?.public_eq(&pair.key),
            "the certificate does not belong to the key"
        );
        Ok(pair)
    }

    /// Writes the pair into two new PEM files; the key is readable by its owner
    /// only.
    ///
    /// # Errors
    ///
    /// A file exists already (a key is never overwritten) or cannot be written.
    pub(crate) fn save(&self, key: &Path, certificate: &Path) -> anyhow::Result<()> {
        let write = |path: &Path, mode: u32, bytes: &[u8]| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(path)
                .and_then(|mut file| file.write_all(bytes))
                .with_context(|| format!("cannot write {}", path.display()))
        };
        write(key, 0o600, &self.key.private_key_to_pem_pkcs8()?)?;
        write(certificate, 0o644, &self.certificate.to_pem()?)
    }

    /// The certificate in base64 of its DER form, as metadata wants it.
    ///
    /// # Errors
    ///
    /// OpenSSL failed.
    pub(crate) fn certificate_base64(&self) -> anyhow::Result<String> {
        use base64::Engine as _;
        Ok(base64::engine::general_purpose::STANDARD.encode(self.certificate.to_der()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_pair_can_be_saved_and_loaded_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (key, certificate) = (folder.path().join("k.pem"), folder.path().join("c.pem"));
        let pair = KeyPair::make().unwrap();
        pair.save(&key, &certificate).unwrap();
        let loaded = KeyPair::load(&key, &certificate).unwrap();
        assert!(loaded.key.public_eq(&pair.key));
        let subject = format!("{:?}", loaded.certificate.subject_name());
        assert!(subject.contains("not Zoom"), "{subject}");
        assert!(KeyPair::make().unwrap().save(&key, &certificate).is_err());
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&key).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_certificate_of_another_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        KeyPair::make()
            .unwrap()
            .save(&path("k1"), &path("c1"))
            .unwrap();
        KeyPair::make()
            .unwrap()
            .save(&path("k2"), &path("c2"))
            .unwrap();
        assert!(KeyPair::load(&path("k1"), &path("c2")).is_err());
    }
}
