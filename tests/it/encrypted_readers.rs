//! Encrypted assertions (R-45) and the independent readers: each of them stands alone under Zoom's
//! entity ID, and the real binary encrypts to its key.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::model::name_id::NameIdFormat;
use tempfile::TempDir;

use crate::{
    independent_readers::{expected, our_metadata, to_the_answer},
    lab::{
        browser::{BrowserSim, Page},
        keys::KeyPair,
        metadata::{Endpoint, ZOOM_ENTITY_ID, service_provider, with_encryption_key},
        real_bridge::RealBridge,
        service_provider::{Identity, RunningSp, SpKind, SpSite, read_verdict},
        xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_decrypt, xmlsec1_verify},
    },
};

const AES_128: &str =
    r#"<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>"#;
/// What a service provider lists that reads nothing but XML Encryption 1.1 of its best.
const OAEP_SHA_256: &str = r#"<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></md:EncryptionMethod>"#;

/// Those that are asked to decrypt.
const KINDS: [SpKind; 3] = [SpKind::Python3Saml, SpKind::Pysaml2, SpKind::Mellon];

/// One service provider, and the bridge that encrypts to it.
struct Pair {
    kind: SpKind,
    bridge: RealBridge,
    sp: RunningSp,
    lab: TempDir,
}

impl Pair {
    async fn start(kind: SpKind) -> Self {
        let lab = TempDir::new().unwrap();
        let sites = [SpSite::prepare(kind, lab.path())];
        let bridge = RealBridge::prepare(&sites);
        let idp_metadata = our_metadata(&bridge, lab.path()).await;
        let [site] = sites;
        Self {
            kind,
            bridge,
            sp: site.start(&idp_metadata).await,
            lab,
        }
    }

    /// Signs in with what is encrypted to `key`, which lists `methods`; the service provider gets what
    /// `change` makes of the Response.
    async fn sign_in(
        &self,
        sign: &str,
        (key, methods): (&KeyPair, &str),
        change: impl Fn(&str) -> String,
    ) -> Result<Identity, String> {
        let endpoint = Endpoint {
            acs: self.sp.acs().into(),
            keys: self.sp.keys(),
        };
        let plain = service_provider(ZOOM_ENTITY_ID, &[endpoint]);
        let certificate = key.certificate_base64();
        self.bridge
            .take_metadata(&with_encryption_key(&plain, &certificate, methods));
        let table = format!("[sp.zoom]\nsign = \"{sign}\"\nencrypt = \"always\"");
        let _server = self.bridge.start_with(&[("[sp.zoom]", &table)]).await;
        let mut browser = BrowserSim::new();
        let page = to_the_answer(&mut browser, &self.sp.login()).await;
        let form = page.form();
        let xml = response(&page);
        let form = form.with("SAMLResponse", &BASE64_STANDARD.encode(change(&xml)));
        read_verdict(&browser.submit(&page, &form).await)
    }

    /// Has xmllint, and xmlsec1 with the service provider's key, read the Response; gives it back.
    fn check(&self, sign: &str, xml: &str) -> String {
        assert_eq!(xmllint_schema(xml, Schema::Protocol), Ok(()), "{xml}");
        let (certificate, _) = self.bridge.certificate();
        if sign != "assertion" {
            let verdict = xmlsec1_verify(xml, &certificate, SignedElement::Response);
            assert_eq!(verdict, Ok(()), "{xml}");
        }
        let assertion = xmlsec1_decrypt(xml, &self.sp.keys().key_file).unwrap();
        if sign != "response" {
            let verdict = xmlsec1_verify(&assertion, &certificate, SignedElement::Assertion);
            assert_eq!(verdict, Ok(()), "{assertion}");
        }
        xml.to_owned()
    }
}

fn response(page: &Page) -> String {
    let form = page.form();
    let base64 = form.value("SAMLResponse").unwrap();
    String::from_utf8(BASE64_STANDARD.decode(base64).unwrap()).unwrap()
}

#[tokio::test]
async fn r45_iip_alg04_iip_idp09_every_foreign_service_provider_reads_the_person_in_an_encrypted_assertion()
 {
    for kind in KINDS {
        let pair = Pair::start(kind).await;
        for (sign, methods) in [
            ("assertion", ""),
            ("response", ""),
            ("both", ""),
            ("both", AES_128),
        ] {
            let key = (pair.sp.keys(), methods);
            let check = |xml: &str| {
                assert_eq!(xml.contains("aes128-gcm"), methods == AES_128, "{xml}");
                pair.check(sign, xml)
            };
            let verdict = pair.sign_in(sign, key, check).await;
            if sign == "response" && kind != SpKind::Mellon {
                // They demand what their metadata says, WantAssertionsSigned, of what they decrypted.
                let words = verdict.unwrap_err();
                let unsigned = ["is not signed", "Signature missing for assertion"];
                assert!(unsigned.iter().any(|said| words.contains(said)), "{words}");
                continue;
            }
            let identity = verdict.unwrap_or_else(|words| {
                let log = pair.sp.server().log();
                panic!("{kind:?} refuses {sign}, {methods}: {words}\n{log}")
            });
            expected(&identity, kind, Some(NameIdFormat::EmailAddress));
        }
    }
}

#[tokio::test]
async fn r45_iip_alg06_a_service_provider_that_lists_rsa_oaep_of_xml_encryption_1_1_alone_reads_it()
{
    // xmlsec1 1.2, on which the others stand, does not know it.
    let pair = Pair::start(SpKind::Python3Saml).await;
    let key = (pair.sp.keys(), OAEP_SHA_256);
    let listed = |xml: &str| {
        assert!(xml.contains("xmlenc11#rsa-oaep\""), "{xml}");
        xml.to_owned()
    };
    let identity = pair.sign_in("both", key, listed).await.unwrap();
    expected(&identity, pair.kind, Some(NameIdFormat::EmailAddress));
}

#[tokio::test]
async fn r45_every_foreign_service_provider_refuses_a_changed_ciphertext_and_another_ones_key() {
    for kind in KINDS {
        let pair = Pair::start(kind).await;
        let own = (pair.sp.keys(), "");
        // No signature covers the ciphertext: the authentication tag alone shows the change.
        for place in [0, 12, 400] {
            let verdict = pair
                .sign_in("assertion", own, |xml| change_octet(xml, place))
                .await;
            assert!(verdict.is_err(), "{kind:?} takes a change of octet {place}");
        }
        let strange = KeyPair::generate(pair.lab.path(), "strange");
        let foreign = (&strange, "");
        let verdict = pair.sign_in("both", foreign, str::to_owned).await;
        assert!(verdict.is_err(), "{kind:?} takes what it cannot read");
        let honest = pair.sign_in("assertion", own, str::to_owned).await;
        let identity = honest.unwrap_or_else(|words| panic!("{kind:?}: {words}"));
        expected(&identity, kind, Some(NameIdFormat::EmailAddress));
    }
}

/// The Response with one bit of the octet `place` of the encrypted assertion changed.
fn change_octet(xml: &str, place: usize) -> String {
    let (before, rest) = xml.rsplit_once("<xenc:CipherValue>").unwrap();
    let (value, after) = rest.split_once("</xenc:CipherValue>").unwrap();
    let mut octets = BASE64_STANDARD.decode(value).unwrap();
    octets[place] ^= 1;
    let value = BASE64_STANDARD.encode(octets);
    format!("{before}<xenc:CipherValue>{value}</xenc:CipherValue>{after}")
}
