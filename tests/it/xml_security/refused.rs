//! Algorithms that the administrator refuses (`[algorithms] refuse`): in requests, in answers, in
//! encryption and in our metadata (IIP-ALG08).

use super::{SHA256, Unfilled, sign};
use crate::{
    bridge::{
        Bridge, Setup, ZOOM,
        answer::Answer,
        keys::zoom_key,
        log::Log,
        request::{AuthnRequest, RSA_SHA256, post},
        write, zoom_metadata,
    },
    lab::{
        metadata::with_encryption_key,
        xml_tools::{SignedElement, libxmlsec1_decrypt, xmlsec1_verify},
    },
};

const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const RSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";

/// What a server is built from that refuses what is in `words`, with more lines for Zoom.
fn refusing(words: &str, zoom: &str) -> Setup {
    Setup {
        more: format!("[algorithms]\nrefuse = [{words}]"),
        ..Setup::zoom(zoom)
    }
}

/// The request over HTTP-POST, signed in its XML by xmlsec1.
fn signed(request: &AuthnRequest, method: &str, digest: &str) -> String {
    let unfilled = Unfilled {
        method,
        digest,
        ..Unfilled::of(request.id())
    };
    let xml = sign(&request.around(&unfilled.xml()), &zoom_key().private_pem());
    post(xml.as_bytes(), None)
}

/// Signs in by a request that is signed so.
async fn sign_in_by(bridge: &Bridge, method: &str, digest: &str) -> Answer {
    let request = bridge.request();
    let mut browser = bridge.browser();
    let form = signed(&request, method, digest);
    let login = browser.arrive_by_post("/saml/sso", &form).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    bridge.identity(&answer, ZOOM, request.id());
    answer
}

/// Brings what is on `path`, or a form, and is stopped for its algorithm.
async fn is_stopped(bridge: &Bridge, path: &str, form: Option<&str>) {
    let log = Log::start();
    let mut browser = bridge.browser();
    let page = match form {
        Some(form) => browser.arrive_by_post(path, form).await,
        None => browser.arrive(path).await,
    };
    page.stops(400, "request-signature");
    let told = log.text();
    assert!(told.contains("an algorithm that is not allowed"), "{told}");
}

/// What is named in the answer, or in our metadata, by elements of that name.
fn algorithms(xml: &str, name: &str) -> Vec<String> {
    let tree = roxmltree::Document::parse(xml).unwrap();
    tree.descendants()
        .filter(|node| node.tag_name().name() == name)
        .map(|node| node.attribute("Algorithm").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn iip_alg08_what_is_not_refused_signs_requests_and_answers_beside_what_is() {
    let bridge = refusing("'rsa-sha256', 'sha256', 'ecdsa-sha256'", "").build();
    let answer = sign_in_by(&bridge, RSA_SHA384, SHA384).await;
    // Nothing is declared: the next algorithm of our key comes in the place of what is refused.
    let certificate = bridge.folder.path().join("idp.crt");
    let verdict = xmlsec1_verify(&answer.xml, &certificate, SignedElement::Assertion);
    assert_eq!(verdict, Ok(()));
    assert_eq!(algorithms(&answer.xml, "SignatureMethod"), [RSA_SHA384]);
    assert_eq!(algorithms(&answer.xml, "DigestMethod"), [SHA384]);

    let metadata = bridge.browser().open("/saml/metadata").await.body;
    let left = ["rsa-sha384", "rsa-sha512", "ecdsa-sha384", "ecdsa-sha512"];
    let left = left.map(|word| format!("{MORE}{word}"));
    assert_eq!(algorithms(&metadata, "SigningMethod"), left);
    assert!(!algorithms(&metadata, "DigestMethod").contains(&SHA256.to_owned()));
    assert_eq!(algorithms(&metadata, "DigestMethod").len(), 2);
}

#[tokio::test]
async fn iip_alg08_a_refused_digest_is_passed_over_under_an_allowed_signature() {
    let bridge = refusing("'sha256'", "").build();
    let answer = sign_in_by(&bridge, RSA_SHA256, SHA384).await;
    assert_eq!(algorithms(&answer.xml, "SignatureMethod"), [RSA_SHA256]);
    assert_eq!(algorithms(&answer.xml, "DigestMethod"), [SHA384]);
    is_stopped(
        &bridge,
        "/saml/sso",
        Some(&signed(&bridge.request(), RSA_SHA256, SHA256)),
    )
    .await;
}

#[tokio::test]
async fn breach_of_iip_alg08_a_request_that_is_signed_by_a_refused_algorithm_is_refused() {
    // The same requests are taken where nothing is refused.
    let open = Setup::new().build();
    sign_in_by(&open, RSA_SHA256, SHA256).await;
    let by_redirect = open.request().redirect_signed(zoom_key(), None);
    assert_eq!(open.browser().arrive(&by_redirect).await.kind(), "login");

    let bridge = refusing("'rsa-sha256'", "").build();
    let request = bridge.request();
    for (method, digest) in [(RSA_SHA256, SHA256), (RSA_SHA256, SHA384)] {
        let form = signed(&request, method, digest);
        is_stopped(&bridge, "/saml/sso", Some(&form)).await;
    }
    is_stopped(&bridge, &request.redirect_signed(zoom_key(), None), None).await;
    bridge.still_works().await;
}

#[test]
fn breach_of_iip_alg08_nothing_is_signed_by_what_is_refused_though_it_be_asked_for() {
    let asked = refusing("'rsa-sha384'", "signature = 'rsa-sha384'");
    let refused = "all that could sign is refused by algorithms.refuse";
    assert_eq!(
        asked.faults(),
        (true, vec![format!("sp.zoom.signature: {refused}")])
    );
    let digest = refusing("'sha384'", "signature = 'rsa-sha384'");
    assert_eq!(
        digest.faults(),
        (true, vec![format!("sp.zoom.signature: {refused}")])
    );

    let mut declared = refusing("'rsa-sha384'", "");
    let extensions = format!(
        "<md:Extensions xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\">\
         <alg:SigningMethod Algorithm=\"{RSA_SHA384}\"/></md:Extensions><md:KeyDescriptor"
    );
    declared.zoom_metadata = declared
        .zoom_metadata
        .replacen("<md:KeyDescriptor", &extensions, 1);
    let nothing =
        "the provider's metadata declares no signature that a key of keys.signing can make";
    assert_eq!(
        declared.faults(),
        (false, vec![format!("sp.zoom: {nothing}")])
    );
}

/// The same, whose assertions to Zoom must be encrypted, to a key of which `methods` say how.
fn encrypting(words: &str, methods: &str) -> Setup {
    let key = zoom_key().certificate_base64();
    Setup {
        zoom_metadata: with_encryption_key(&zoom_metadata(""), &key, methods),
        ..refusing(words, "encrypt = 'always'")
    }
}

/// Zoom's assertions are encrypted by what is left beside the refused `words`: which block cipher and
/// which way to encrypt its key xmlsec1 read.
async fn encrypts_by(words: &str, methods: &str) -> Vec<String> {
    let bridge = encrypting(words, methods).build();
    let request = bridge.request();
    let mut browser = bridge.browser();
    let login = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    let key = write(bridge.folder.path(), "sp.key", &zoom_key().private_pem());
    let plain = libxmlsec1_decrypt(&answer.xml, &key).unwrap();
    assert!(plain.contains("anne.dupont@univ-montp3.example"), "{plain}");
    algorithms(&answer.xml, "EncryptionMethod")
}

const GCM_256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const GCM_128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

#[tokio::test]
async fn iip_alg08_assertions_are_encrypted_by_what_is_not_refused() {
    assert_eq!(encrypts_by("", "").await, [GCM_256, OAEP_MGF1P]);
    assert_eq!(encrypts_by("'aes256-gcm'", "").await, [GCM_128, OAEP_MGF1P]);
    // Where the metadata says nothing of it, the other one takes its place.
    let found = encrypts_by("'rsa-oaep-mgf1p'", "").await;
    assert_eq!(found, [GCM_256, OAEP]);
    let both = [OAEP_MGF1P, OAEP].map(|uri| format!("<md:EncryptionMethod Algorithm=\"{uri}\"/>"));
    let found = encrypts_by("'rsa-oaep-mgf1p'", &both.concat()).await;
    assert_eq!(found, [GCM_256, OAEP]);
}

#[test]
fn breach_of_iip_alg08_nothing_is_encrypted_by_what_is_refused_though_all_must_be_encrypted() {
    for words in ["'aes256-gcm', 'aes128-gcm'", "'rsa-oaep-mgf1p', 'rsa-oaep'"] {
        let (stops, told) = encrypting(words, "").faults();
        assert!(!stops && told.len() == 1, "{told:?}");
        assert!(
            told[0].contains("no key that can be encrypted to"),
            "{told:?}"
        );
    }
}
