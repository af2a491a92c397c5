use openssl::encrypt::Decrypter;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::symm::decrypt_aead;

use super::super::test_support::{TestKey, certify, foreign_key, sp_key};
use super::*;
use crate::sys::entropy::{OsEntropy, SeededEntropy};
use crate::xml::c14n::ExclusiveC14n;
use crate::xml::{Document, Limits, open};

const RECIPIENT: &str = "https://sp.example?a&b";

fn plain() -> Canonical {
    let mut w = Writer::new(&[("saml", "urn:oasis:names:tc:SAML:2.0:assertion")]);
    w.start("saml", "Assertion", &[("ID", "_a")]);
    w.leaf("saml", "Subject", &[], "Zoé & <co>");
    w.end();
    w.finish().unwrap()
}

fn key_of(key: &TestKey, methods: EncryptionMethods) -> EncryptionKey {
    EncryptionKey::new(key.verifying(), methods).unwrap()
}

fn encrypted(methods: EncryptionMethods) -> Canonical {
    let to = key_of(sp_key(), methods);
    encrypt(&plain(), &to, RECIPIENT, &OsEntropy).unwrap()
}

fn opened(xml: &Canonical) -> Document<'_> {
    open(xml.as_str().as_bytes(), &Limits::MESSAGE).unwrap()
}

/// The two `CipherValue` elements: the key, then the text.
fn values(xml: &Canonical) -> (Vec<u8>, Vec<u8>) {
    let document = opened(xml);
    let values: Vec<_> = document
        .root()
        .descendants()
        .filter(|element| element.is(XMLENC, "CipherValue"))
        .map(|element| STANDARD.decode(element.text().unwrap()).unwrap())
        .collect();
    let [key, text]: [Vec<u8>; 2] = values.try_into().unwrap();
    (key, text)
}

/// Decrypts the key as its owner would, by OpenSSL and nothing of ours.
fn decrypt_key(key: &[u8], with: &PKey<Private>, transport: KeyTransport) -> Option<Vec<u8>> {
    let mut decrypter = Decrypter::new(with).unwrap();
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    let (digest, mask) = match transport {
        KeyTransport::RsaOaepMgf1p { digest } => (digest, OaepDigest::Sha1),
        KeyTransport::RsaOaep { digest, mask } => (digest, mask),
    };
    let [digest, mask] = [digest, mask].map(|digest| match digest {
        OaepDigest::Sha1 => MessageDigest::sha1(),
        OaepDigest::Sha256 => MessageDigest::sha256(),
        OaepDigest::Sha384 => MessageDigest::sha384(),
        OaepDigest::Sha512 => MessageDigest::sha512(),
    });
    decrypter.set_rsa_oaep_md(digest).unwrap();
    decrypter.set_rsa_mgf1_md(mask).unwrap();
    let mut out = vec![0; decrypter.decrypt_len(key).unwrap()];
    let length = decrypter.decrypt(key, &mut out).ok()?;
    out.truncate(length);
    Some(out)
}

/// Decrypts the text: the vector of 12 octets first, the tag of 16 last.
fn decrypt_text(text: &[u8], key: &[u8], block: BlockEncryption) -> Option<Vec<u8>> {
    let (iv, rest) = text.split_at(12);
    let (text, tag) = rest.split_at(rest.len() - 16);
    decrypt_aead(block.cipher(), key, Some(iv), &[], text, tag).ok()
}

fn ways() -> Vec<EncryptionMethods> {
    let mut transports: Vec<_> = OaepDigest::ALL
        .into_iter()
        .map(|digest| KeyTransport::RsaOaepMgf1p { digest })
        .collect();
    for digest in OaepDigest::ALL {
        for mask in OaepDigest::ALL {
            transports.push(KeyTransport::RsaOaep { digest, mask });
        }
    }
    let blocks = BlockEncryption::ALL.into_iter();
    blocks
        .flat_map(|block| {
            transports
                .iter()
                .map(move |&transport| EncryptionMethods { block, transport })
        })
        .collect()
}

#[test]
fn a_key_to_encrypt_to_shows_what_its_certificate_says() {
    let key = key_of(sp_key(), EncryptionMethods::default());
    let facts = key.certificate().unwrap();
    assert_eq!(facts.subject(), "CN=sp.example, O=Université");
}

#[test]
fn r45_iip_alg04_iip_alg06_whoever_has_the_key_reads_what_was_written_in_every_way_of_encrypting() {
    for way in ways() {
        let (key, text) = values(&encrypted(way));
        let key = decrypt_key(&key, &sp_key().key, way.transport).unwrap();
        assert_eq!(key.len(), way.block.cipher().key_len(), "{way:?}");
        let text = decrypt_text(&text, &key, way.block).unwrap();
        assert_eq!(text, plain().as_str().as_bytes(), "{way:?}");
    }
}

#[test]
fn r45_nobody_else_reads_it() {
    let way = EncryptionMethods::default();
    let (key, _) = values(&encrypted(way));
    assert_eq!(
        decrypt_key(&key, &foreign_key().key, way.transport),
        None,
        "another key"
    );
    let other = KeyTransport::RsaOaepMgf1p {
        digest: OaepDigest::Sha256,
    };
    assert_eq!(decrypt_key(&key, &sp_key().key, other), None, "SHA-256");
    for text in ["Subject>", "Zoé", "saml:"] {
        assert!(!encrypted(way).as_str().contains(text), "{text}");
    }
}

#[test]
fn r45_no_octet_of_the_ciphertext_can_be_changed_or_left_out() {
    let way = EncryptionMethods::default();
    let (key, text) = values(&encrypted(way));
    let key = decrypt_key(&key, &sp_key().key, way.transport).unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 1;
        assert_eq!(decrypt_text(&changed, &key, way.block), None, "{at}");
    }
    for length in [text.len() - 1, text.len() - 16, 28] {
        let cut = &text[..length];
        assert_eq!(decrypt_text(cut, &key, way.block), None, "{length}");
    }
}

#[test]
fn r45_every_text_has_a_key_and_a_vector_of_its_own_as_they_are_drawn() {
    let way = EncryptionMethods::default();
    let to = key_of(sp_key(), way);
    let entropy = SeededEntropy::new(7);
    let drawn = SeededEntropy::new(7);
    let mut seen = Vec::new();
    for _ in 0..50 {
        let (key, text) = values(&encrypt(&plain(), &to, RECIPIENT, &entropy).unwrap());
        let key = decrypt_key(&key, &sp_key().key, way.transport).unwrap();
        assert_eq!(key, entropy::bytes::<32>(&drawn));
        assert_eq!(text[..12], entropy::bytes::<12>(&drawn));
        let iv = text[..12].to_vec();
        assert!(!seen.contains(&key) && !seen.contains(&iv));
        seen.extend([key, iv]);
    }
}

#[test]
fn r45_it_is_written_as_the_standard_has_it_and_in_canonical_form() {
    let oaep = |mask| EncryptionMethods {
        block: BlockEncryption::Aes128Gcm,
        transport: KeyTransport::RsaOaep {
            digest: OaepDigest::Sha256,
            mask,
        },
    };
    for (way, cipher, transport) in [
        (
            EncryptionMethods::default(),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\">\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\">\
             </ds:DigestMethod></xenc:EncryptionMethod>",
        ),
        (
            oaep(OaepDigest::Sha1),
            "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\">\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">\
             </ds:DigestMethod></xenc:EncryptionMethod>",
        ),
        (
            oaep(OaepDigest::Sha384),
            "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\">\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">\
             </ds:DigestMethod><xenc11:MGF xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\" \
             Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha384\"></xenc11:MGF>\
             </xenc:EncryptionMethod>",
        ),
    ] {
        let xml = encrypted(way);
        let (key, text) = values(&xml);
        let value = |octets: &[u8]| {
            let base64 = STANDARD.encode(octets);
            format!(
                "<xenc:CipherData><xenc:CipherValue>{base64}</xenc:CipherValue></xenc:CipherData>"
            )
        };
        let (key, text) = (value(&key), value(&text));
        let expected = format!(
            "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
             Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
             <xenc:EncryptionMethod Algorithm=\"{cipher}\"></xenc:EncryptionMethod>\
             <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <xenc:EncryptedKey Recipient=\"https://sp.example?a&amp;b\">{transport}{key}\
             </xenc:EncryptedKey></ds:KeyInfo>{text}</xenc:EncryptedData>"
        );
        assert_eq!(xml.as_str(), expected);
        let canonical = ExclusiveC14n::default().canonicalize(opened(&xml).root(), None);
        assert_eq!(canonical.unwrap(), expected);
    }
}

#[test]
fn r45_a_key_that_cannot_be_encrypted_to_is_refused() {
    let curve = TestKey::ec(Nid::X9_62_PRIME256V1).verifying();
    let fault = EncryptionKey::new(curve, EncryptionMethods::default()).unwrap_err();
    assert!(matches!(fault, KeyFault::UnsupportedKind));
}

#[test]
fn a_recipient_that_xml_cannot_hold_is_refused() {
    let to = key_of(sp_key(), EncryptionMethods::default());
    let fault = encrypt(&plain(), &to, "\u{0}", &OsEntropy).unwrap_err();
    assert!(matches!(fault, EncryptError::Write(WriteFault::Character)));
}

/// The certificate of a key with which OpenSSL does not encrypt.
fn unusable_certificate() -> Vec<u8> {
    // OpenSSL does not reckon with an even modulus.
    let mut modulus = vec![0xff; 256];
    modulus[255] = 0xfe;
    let exponent = [1, 0, 1];
    let rsa = openssl::rsa::Rsa::from_public_components(
        openssl::bn::BigNum::from_slice(&modulus).unwrap(),
        openssl::bn::BigNum::from_slice(&exponent).unwrap(),
    );
    let public: PKey<Public> = PKey::from_rsa(rsa.unwrap()).unwrap();
    certify(&public, &sp_key().key).to_der().unwrap()
}

impl EncryptionKey {
    /// One that metadata cannot bring, for what happens all the same: OpenSSL does not encrypt with it.
    pub(crate) fn unusable() -> Self {
        Self {
            public: VerifyingKey::from_certificate_der(&unusable_certificate()).unwrap(),
            methods: EncryptionMethods::default(),
        }
    }
}

#[test]
fn r45_a_key_that_openssl_does_not_encrypt_with_is_told_when_it_is_read() {
    let key = VerifyingKey::from_certificate_der(&unusable_certificate()).unwrap();
    let fault = EncryptionKey::new(key, EncryptionMethods::default()).unwrap_err();
    assert!(matches!(fault, KeyFault::Crypto(_)));
    let fault = encrypt(&plain(), &EncryptionKey::unusable(), RECIPIENT, &OsEntropy).unwrap_err();
    assert!(matches!(fault, EncryptError::Crypto(_)));
}
