//! The ways to encrypt that the metadata of a service provider may list (IIP-ALG06).

/// A cipher and a way to encrypt its key, as metadata lists them.
#[derive(Debug)]
pub(crate) struct Encryption {
    /// What the document calls it.
    pub(crate) words: &'static str,
    cipher: &'static str,
    transport: &'static str,
    digest: &'static str,
    /// Where it is not what holds unsaid.
    mask: Option<&'static str>,
}

const AES_128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const AES_256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const SHA_1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const SHA_256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const MGF_SHA_256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";

impl Encryption {
    /// Behind the first one it is always the cipher that every reader knows.
    pub(crate) const ALL: [Self; 7] = [
        Self::new("AES-256-GCM, rsa-oaep-mgf1p", AES_256, MGF1P),
        Self::new("AES-128-GCM, rsa-oaep-mgf1p", AES_128, MGF1P),
        Self {
            digest: SHA_256,
            ..Self::new("rsa-oaep-mgf1p with SHA-256", AES_128, MGF1P)
        },
        Self::new("rsa-oaep with SHA-1", AES_128, OAEP),
        Self {
            digest: SHA_256,
            ..Self::new("rsa-oaep with SHA-256", AES_128, OAEP)
        },
        Self {
            mask: Some(MGF_SHA_256),
            ..Self::new("rsa-oaep with SHA-1, MGF1 with SHA-256", AES_128, OAEP)
        },
        Self {
            digest: SHA_256,
            mask: Some(MGF_SHA_256),
            ..Self::new("rsa-oaep with SHA-256, MGF1 with SHA-256", AES_128, OAEP)
        },
    ];

    /// Beyond what the standard demands of everybody.
    pub(crate) const OAEP_SHA_512: Self = Self {
        digest: "http://www.w3.org/2001/04/xmlenc#sha512",
        ..Self::new("rsa-oaep with SHA-512", AES_128, OAEP)
    };

    /// Both digests are SHA-1.
    const fn new(words: &'static str, cipher: &'static str, transport: &'static str) -> Self {
        Self {
            words,
            cipher,
            transport,
            digest: SHA_1,
            mask: None,
        }
    }

    /// The `md:EncryptionMethod` elements.
    pub(crate) fn methods(&self) -> String {
        let method = |name: &str, settings: &str| {
            format!("<md:EncryptionMethod Algorithm=\"{name}\">{settings}</md:EncryptionMethod>")
        };
        let mask = self.mask.map_or_else(String::new, |mask| {
            format!("<x:MGF xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"{mask}\"/>")
        });
        let settings = format!("<ds:DigestMethod Algorithm=\"{}\"/>{mask}", self.digest);
        method(self.cipher, "") + &method(self.transport, &settings)
    }

    /// Fails the test where the Response is encrypted by anything else.
    pub(crate) fn is_that_of(&self, xml: &str) {
        let parts = [self.cipher, self.transport, self.digest].into_iter();
        for name in parts.chain(self.mask) {
            assert!(
                xml.contains(&format!("Algorithm=\"{name}\"")),
                "{name} in {xml}"
            );
        }
        assert_eq!(xml.contains(":MGF "), self.mask.is_some(), "{xml}");
    }

    /// Whether whoever knows no more than XML Encryption 1.0 and what it has to know knows that.
    pub(crate) fn is_that_of_xml_encryption_1_0(&self) -> bool {
        self.transport == MGF1P && self.digest == SHA_1
    }

    /// Whether it says with which digest MGF1 is.
    pub(crate) fn names_a_mask(&self) -> bool {
        self.mask.is_some()
    }

    /// Whether the cipher is AES-128-GCM.
    pub(crate) fn is_by_aes_128(&self) -> bool {
        self.cipher == AES_128
    }
}
