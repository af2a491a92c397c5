//! The keys of a run: made once, and shared by all tests.

use std::sync::OnceLock;

use openssl::{
    bn::BigNumRef,
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Signer,
    x509::X509,
};
use passerelle::xmlsec::{
    VerifyingKey,
    keys::{KeyRequest, NewKey, generate},
};

/// A key with its certificate.
#[derive(Debug)]
pub(crate) struct Key {
    /// Both, as PEM.
    pub(crate) pem: String,
    private: PKey<Private>,
    certificate: X509,
    /// Read once: of thousands of hostile messages, reading it again for each took half the time.
    verifying: VerifyingKey,
}

impl Key {
    fn generate(name: &str) -> Self {
        let made = generate(&KeyRequest {
            common_name: name,
            key: NewKey::Rsa2048,
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
        })
        .unwrap();
        let pem = made.pem().to_owned();
        let certificate = X509::from_pem(pem.as_bytes()).unwrap();
        let der = certificate.to_der().unwrap();
        Self {
            private: PKey::private_key_from_pem(pem.as_bytes()).unwrap(),
            verifying: VerifyingKey::from_certificate_der(&der).unwrap(),
            certificate,
            pem,
        }
    }

    /// RSA with SHA-256 over `octets`, by OpenSSL and nothing of ours.
    pub(crate) fn sign(&self, octets: &[u8]) -> Vec<u8> {
        self.sign_with(MessageDigest::sha256(), octets)
    }

    /// The same with another digest.
    pub(crate) fn sign_with(&self, digest: MessageDigest, octets: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(digest, &self.private).unwrap();
        signer.sign_oneshot_to_vec(octets).unwrap()
    }

    /// The certificate, as metadata carries it.
    pub(crate) fn certificate_base64(&self) -> String {
        openssl::base64::encode_block(&self.certificate.to_der().unwrap())
    }

    /// The public key alone, as metadata may carry it.
    pub(crate) fn key_value(&self) -> String {
        let encode = |number: &BigNumRef| openssl::base64::encode_block(&number.to_vec());
        let rsa = self.private.rsa().unwrap();
        format!(
            "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent>\
             </ds:RSAKeyValue></ds:KeyValue>",
            encode(rsa.n()),
            encode(rsa.e())
        )
    }

    /// The certificate, as PEM.
    pub(crate) fn certificate_pem(&self) -> String {
        String::from_utf8(self.certificate.to_pem().unwrap()).unwrap()
    }

    /// The private key, as PEM.
    pub(crate) fn private_pem(&self) -> String {
        String::from_utf8(self.private.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    /// The key that verifies what this one signs.
    pub(crate) fn verifying(&self) -> VerifyingKey {
        self.verifying.clone()
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])+ $name:ident: $cn:literal;)+) => {$(
        $(#[$doc])+
        pub(crate) fn $name() -> &'static Key {
            static KEY: OnceLock<Key> = OnceLock::new();
            KEY.get_or_init(|| Key::generate($cn))
        }
    )+};
}

keys! {
    /// The identity provider's.
    idp_key: "idp.example.org";
    /// Zoom's.
    zoom_key: "univ-montp3-fr.zoom.us";
    /// The intranet's.
    intranet_key: "intranet.example.org";
    /// The library's.
    library_key: "library.example.net";
    /// Nobody's: no metadata holds it.
    strange_key: "stranger.example.net";
}
