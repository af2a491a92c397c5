//! Encrypted assertions: what leaves the house, and what xmlsec1 reads of it with the key of
//! the provider.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    bridge::{
        Bridge, Setup, ZOOM, ZOOM_ALIAS,
        answer::Answer,
        keys::{Key, strange_key, zoom_key},
        write, zoom_metadata,
    },
    lab::{
        encryption::Encryption,
        metadata::with_encryption_key,
        xml_tools::{
            Schema, SignedElement, libxmlsec1_decrypt, xmllint_schema, xmlsec1_decrypt,
            xmlsec1_verify,
        },
    },
};

/// Zoom with a key for encryption, and more lines in its table.
fn encrypting(lines: &str) -> Bridge {
    encrypting_by("", lines)
}

/// The same, with `methods` as the `md:EncryptionMethod` elements of the key.
fn encrypting_by(methods: &str, lines: &str) -> Bridge {
    let key = zoom_key().certificate_base64();
    let setup = Setup {
        zoom_metadata: with_encryption_key(&zoom_metadata(""), &key, methods),
        ..Setup::zoom(lines)
    };
    setup.build()
}

/// What Zoom gets, which asks as `issuer`, and the ID of its request.
async fn answer(bridge: &Bridge, issuer: &str) -> (Answer, String) {
    let request = bridge.request_of(issuer);
    let mut browser = bridge.browser();
    let page = browser.arrive(&request.redirect(None)).await;
    let page = browser.sign_in(&page, "anne.dupont").await;
    (page.answer(), request.id().to_owned())
}

/// What xmlsec1 reads with `key`.
fn decrypt(bridge: &Bridge, answer: &Answer, key: &Key) -> Result<String, String> {
    xmlsec1_decrypt(&answer.xml, &private_key(bridge, key))
}

fn private_key(bridge: &Bridge, key: &Key) -> PathBuf {
    write(bridge.folder.path(), "sp.key", &key.private_pem())
}

/// The answer with `assertion`, a document, in the place of the encrypted one.
fn in_clear(answer: &Answer, assertion: &str) -> Answer {
    let end = "</saml:EncryptedAssertion>";
    let (before, rest) = answer.xml.split_once("<saml:EncryptedAssertion").unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let (_, assertion) = assertion.split_once("?>").unwrap();
    let xml = format!("{before}{}{after}", assertion.trim());
    Answer {
        base64: STANDARD.encode(&xml),
        xml,
        ..answer.clone()
    }
}

#[tokio::test]
async fn r45_iip_idp09_sdp_idp11_the_assertion_is_signed_then_encrypted_and_the_response_is_signed_around_it()
 {
    use SignedElement::{Assertion, Response};
    for (sign, inside, outside) in [
        ("assertion", true, &[][..]),
        ("response", false, &[Response]),
        ("both", true, &[Response]),
    ] {
        let bridge = encrypting(&format!("sign = '{sign}'\nencrypt = 'always'"));
        let (answer, id) = answer(&bridge, ZOOM).await;
        bridge.prove(&answer, outside);
        assert_eq!(answer.count("EncryptedAssertion"), 1);
        for secret in [
            "<saml:Assertion",
            "NameID",
            "anne.dupont",
            "Dupont",
            "licensed",
        ] {
            assert!(!answer.xml.contains(secret), "{secret} in {}", answer.xml);
        }

        let plain = decrypt(&bridge, &answer, zoom_key()).unwrap();
        assert_eq!(xmllint_schema(&plain, Schema::Protocol), Ok(()));
        let certificate = bridge.folder.path().join("idp.crt");
        let verdict = xmlsec1_verify(&plain, &certificate, Assertion);
        assert_eq!(verdict.is_ok(), inside, "{sign}: {verdict:?}");
        if outside.is_empty() {
            // Our own reader, which reads no ciphertext, finds nothing to say of the rest.
            let identity = bridge.identity(&in_clear(&answer, &plain), ZOOM, &id);
            assert_eq!(identity.name_id.value, "anne.dupont@univ-montp3.example");
        }
    }
}

#[tokio::test]
async fn r45_another_key_than_the_providers_reads_nothing() {
    let bridge = encrypting("encrypt = 'always'");
    let (answer, _) = answer(&bridge, ZOOM).await;
    assert!(decrypt(&bridge, &answer, zoom_key()).is_ok());
    assert!(decrypt(&bridge, &answer, strange_key()).is_err());
}

#[tokio::test]
async fn r45_the_key_is_addressed_to_the_provider_by_the_name_that_it_asked_under() {
    let bridge = encrypting("encrypt = 'always'");
    for name in [ZOOM, ZOOM_ALIAS] {
        let (answer, _) = answer(&bridge, name).await;
        let recipient = format!("<xenc:EncryptedKey Recipient=\"{name}\">");
        assert!(answer.xml.contains(&recipient), "{}", answer.xml);
    }
}

#[tokio::test]
async fn r45_where_it_is_wished_for_the_presence_of_a_key_decides() {
    let wish = "encrypt = 'when-possible'";
    for (bridge, encrypted) in [
        (encrypting(wish), 1),
        (Setup::zoom(wish).build(), 0),
        // Zoom's preset: what it reads is not safe, and what is safe it does not read.
        (encrypting(""), 0),
    ] {
        let (answer, id) = answer(&bridge, ZOOM).await;
        assert_eq!(answer.count("EncryptedAssertion"), encrypted);
        assert_eq!(answer.count("Assertion"), 1 - encrypted);
        if encrypted == 0 {
            bridge.identity(&answer, ZOOM, &id);
        }
    }
}

#[tokio::test]
async fn r45_iip_alg06_what_metadata_lists_of_rsa_oaep_an_independent_reader_decrypts() {
    for encryption in Encryption::ALL.iter().chain([&Encryption::OAEP_SHA_512]) {
        let bridge = encrypting_by(&encryption.methods(), "encrypt = 'always'");
        let (answer, id) = answer(&bridge, ZOOM).await;
        encryption.is_that_of(&answer.xml);
        let key = private_key(&bridge, zoom_key());
        let plain = libxmlsec1_decrypt(&answer.xml, &key).unwrap();
        bridge.identity(&in_clear(&answer, &plain), ZOOM, &id);
        let other = private_key(&bridge, strange_key());
        let words = encryption.words;
        assert!(libxmlsec1_decrypt(&answer.xml, &other).is_err(), "{words}");
    }
}

#[tokio::test]
async fn r45_what_the_administrator_asks_for_is_encrypted_by_whatever_metadata_lists() {
    const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
    let [oaep_mgf1p, .., oaep_sha_256] = &Encryption::ALL;
    let method = |name: &str| format!("<md:EncryptionMethod Algorithm=\"{name}\"/>");
    let unusable = method(CBC) + &method(RSA_1_5);
    for (encryption, listed, cipher, transport) in [
        (oaep_sha_256, &unusable, "aes128-gcm", "rsa-oaep-sha256"),
        (
            oaep_sha_256,
            &oaep_mgf1p.methods(),
            "aes128-gcm",
            "rsa-oaep-sha256",
        ),
        (
            oaep_mgf1p,
            &oaep_sha_256.methods(),
            "aes256-gcm",
            "rsa-oaep-mgf1p",
        ),
    ] {
        let lines =
            format!("encrypt = 'always'\ncipher = '{cipher}'\nkey-transport = '{transport}'");
        let bridge = encrypting_by(listed, &lines);
        let (answer, id) = answer(&bridge, ZOOM).await;
        encryption.is_that_of(&answer.xml);
        let key = private_key(&bridge, zoom_key());
        let plain = libxmlsec1_decrypt(&answer.xml, &key).unwrap();
        bridge.identity(&in_clear(&answer, &plain), ZOOM, &id);
    }
}
