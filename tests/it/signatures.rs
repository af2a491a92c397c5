//! By which algorithm a provider's answers are signed: by its rule, or by what its metadata declares
//! (IIP-MD10); verified by xmlsec1.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use openssl::x509::X509;
use passerelle::{
    app::build,
    config::environment::Environment,
    sys::{clock::ManualClock, entropy::SeededEntropy},
    xmlsec::keys::{KeyRequest, NewKey, generate},
};

use crate::{
    bridge::{Bridge, Setup, ZOOM, answer::Answer, write, zoom_metadata},
    lab::xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
};

const ALG: &str = "urn:oasis:names:tc:SAML:metadata:algsupport";
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";

/// What a server is built from that has a key on P-256 and one on P-384 beside its RSA key.
struct Keyring {
    folder: tempfile::TempDir,
    path: PathBuf,
    setup: Setup,
}

/// Writes a key of this kind that nobody has had before, and beside it its certificate alone.
pub(crate) fn write_made_key(folder: &Path, name: &str, key: NewKey) {
    let made = generate(&KeyRequest {
        common_name: "idp.example.org",
        key,
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
    })
    .unwrap();
    write(folder, &format!("{name}.pem"), made.pem());
    let certificate = X509::from_pem(made.pem().as_bytes()).unwrap();
    let pem = String::from_utf8(certificate.to_pem().unwrap()).unwrap();
    write(folder, &format!("{name}.crt"), &pem);
}

fn with_ec_keys(setup: Setup) -> Keyring {
    let (folder, path) = setup.write();
    for (name, key) in [("p256", NewKey::EcP256), ("p384", NewKey::EcP384)] {
        write_made_key(folder.path(), name, key);
    }
    let text = fs::read_to_string(&path).unwrap();
    let all = "signing = ['signing.pem', 'p256.pem', 'p384.pem']";
    fs::write(&path, text.replace("signing = ['signing.pem']", all)).unwrap();
    Keyring {
        folder,
        path,
        setup,
    }
}

impl Keyring {
    fn build(self) -> Bridge {
        Bridge::load(self.folder, &self.path, self.setup.seed, self.setup.start)
    }
}

/// Zoom, with `declared` in the Extensions of its role.
fn declaring(declared: &str) -> String {
    if declared.is_empty() {
        return zoom_metadata("");
    }
    let declared = format!("<md:Extensions xmlns:alg=\"{ALG}\">{declared}</md:Extensions>");
    let metadata = zoom_metadata("");
    let key = "<md:KeyDescriptor";
    assert!(metadata.contains(key));
    let metadata = metadata.replacen(key, &format!("{declared}{key}"), 1);
    assert_eq!(xmllint_schema(&metadata, Schema::Metadata), Ok(()));
    metadata
}

fn signing(uri: &str) -> String {
    format!("<alg:SigningMethod Algorithm=\"{uri}\"/>")
}

async fn answer(bridge: &Bridge) -> (Answer, String) {
    let request = bridge.request();
    let mut browser = bridge.browser();
    let page = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&page, "anne.dupont").await.answer();
    (answer, request.id().to_owned())
}

/// What the signatures of an answer name: each pair of `SignatureMethod` and `DigestMethod`.
fn named(answer: &Answer) -> Vec<(String, String)> {
    let tree = roxmltree::Document::parse(&answer.xml).unwrap();
    let all = |name: &str| -> Vec<String> {
        tree.descendants()
            .filter(|node| node.tag_name().name() == name)
            .map(|node| node.attribute("Algorithm").unwrap().to_owned())
            .collect()
    };
    let methods = all("SignatureMethod").into_iter();
    methods.zip(all("DigestMethod")).collect()
}

/// Has xmlsec1 verify each of `elements` by the certificate in that file, and by no other one.
fn verified(bridge: &Bridge, answer: &Answer, file: &str, elements: &[SignedElement]) {
    assert_eq!(xmllint_schema(&answer.xml, Schema::Protocol), Ok(()));
    assert_eq!(answer.count("Signature"), elements.len());
    for element in elements {
        for other in ["idp.crt", "p256.crt", "p384.crt"] {
            let certificate = bridge.folder.path().join(other);
            let verdict = xmlsec1_verify(&answer.xml, &certificate, *element);
            assert_eq!(verdict.is_ok(), other == file, "{other}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn r07_xmlsec1_verifies_every_algorithm_that_a_provider_may_be_given_in_every_way_of_signing()
{
    use SignedElement::{Assertion, Response};
    for (word, digest, file) in [
        ("rsa-sha256", SHA256, "idp.crt"),
        ("rsa-sha384", SHA384, "idp.crt"),
        ("rsa-sha512", SHA512, "idp.crt"),
        ("ecdsa-sha256", SHA256, "p256.crt"),
        ("ecdsa-sha384", SHA384, "p256.crt"),
    ] {
        for (sign, elements) in [
            ("assertion", &[Assertion][..]),
            ("response", &[Response]),
            ("both", &[Response, Assertion]),
        ] {
            let rules = format!("signature = '{word}'\nsign = '{sign}'");
            let bridge = with_ec_keys(Setup::zoom(&rules)).build();
            let (answer, _) = answer(&bridge).await;
            verified(&bridge, &answer, file, elements);
            let expected = (format!("{MORE}{word}"), digest.to_owned());
            assert_eq!(named(&answer), vec![expected; elements.len()]);
        }
    }
}

#[tokio::test]
async fn r07_iip_md10_what_the_metadata_declares_is_what_everything_is_signed_by() {
    let digest = format!("<alg:DigestMethod Algorithm=\"{SHA512}\"/>");
    let p384 = format!("<alg:SigningMethod Algorithm=\"{MORE}ecdsa-sha384\" MinKeySize=\"384\"/>");
    let rsa_512 = signing(&format!("{MORE}rsa-sha512"));
    for (declared, rules, word, digest, file) in [
        (&*rsa_512, "", "rsa-sha512", SHA512, "idp.crt"),
        (&*p384, "", "ecdsa-sha384", SHA384, "p384.crt"),
        // What is not used here is passed over.
        (
            &*format!("{}{rsa_512}", signing(RSA_SHA1)),
            "",
            "rsa-sha512",
            SHA512,
            "idp.crt",
        ),
        (&*digest, "", "rsa-sha256", SHA512, "idp.crt"),
        // The administrator's word wins.
        (
            &*signing(RSA_SHA1),
            "signature = 'ecdsa-sha256'",
            "ecdsa-sha256",
            SHA256,
            "p256.crt",
        ),
    ] {
        let setup = Setup {
            zoom_metadata: declaring(declared),
            ..Setup::zoom(rules)
        };
        let bridge = with_ec_keys(setup).build();
        let (answer, _) = answer(&bridge).await;
        verified(&bridge, &answer, file, &[SignedElement::Assertion]);
        let expected = (format!("{MORE}{word}"), digest.to_owned());
        assert_eq!(named(&answer), [expected], "{declared}");
    }
    // A refusal, too, where it is signed at all.
    let setup = Setup {
        zoom_metadata: declaring(&rsa_512),
        ..Setup::zoom("sign = 'response'")
    };
    let bridge = with_ec_keys(setup).build();
    let request = bridge.request().with("IsPassive", "true");
    let page = bridge.browser().arrive(&request.redirect(None)).await;
    let refusal = page.answer();
    assert_eq!(bridge.refusal(&refusal, ZOOM, request.id()).1, "NoPassive");
    verified(&bridge, &refusal, "idp.crt", &[SignedElement::Response]);
    assert_eq!(named(&refusal)[0].0, format!("{MORE}rsa-sha512"));
}

#[tokio::test]
async fn r07_breach_of_iip_md10_a_provider_that_nothing_can_be_signed_for_is_told_and_never_signed_for_otherwise()
 {
    let faults = |declared: &str, rules: &str| {
        let setup = Setup {
            zoom_metadata: declaring(declared),
            ..Setup::zoom(rules)
        };
        // What the administrator asks for stops the start; what a provider declares breaks that provider.
        setup.faults()
    };
    let breaks = |what: &str| {
        (
            false,
            vec![format!(
                "sp.zoom: the provider's metadata declares no {what}"
            )],
        )
    };
    let none_to_be_had = breaks("signature that a key of keys.signing can make");
    let ec = signing(&format!("{MORE}ecdsa-sha256"));
    for declared in [signing(RSA_SHA1), ec] {
        assert_eq!(faults(&declared, ""), none_to_be_had, "{declared}");
    }
    assert_eq!(
        faults("", "signature = 'ecdsa-sha384'"),
        (
            true,
            vec![
                "sp.zoom.signature: no key of keys.signing is of the kind that it needs".to_owned()
            ]
        )
    );
    let sha1 = "<alg:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>";
    assert_eq!(faults(sha1, ""), breaks("digest that is used here"));
}

#[test]
fn r07_an_elliptic_curve_that_signs_first_is_told_for_each_provider_that_declares_nothing() {
    let warnings = |declared: &str, rules: &str, first: &str| {
        let keyring = with_ec_keys(Setup {
            zoom_metadata: declaring(declared),
            ..Setup::zoom(rules)
        });
        let text = fs::read_to_string(&keyring.path).unwrap();
        let text = text.replace("['signing.pem', 'p256.pem'", first);
        fs::write(&keyring.path, text).unwrap();
        let clock = Arc::new(ManualClock::starting_at(keyring.setup.start));
        let entropy = Arc::new(SeededEntropy::new(keyring.setup.seed));
        let built = build::load(&keyring.path, &Environment::default(), clock, entropy);
        // Zoom's own rule about them is another matter.
        let told = built.unwrap().warnings.into_iter();
        told.filter(|it| it.key == "sp.zoom.signature" && it.what.contains("many do not"))
            .count()
    };
    let ec_first = "['p256.pem', 'signing.pem'";
    assert_eq!(warnings("", "", ec_first), 1);
    assert_eq!(warnings("", "", "['signing.pem', 'p256.pem'"), 0);
    for word in ["rsa-sha256", "ecdsa-sha256"] {
        assert_eq!(warnings("", &format!("signature = '{word}'"), ec_first), 0);
        let declared = signing(&format!("{MORE}{word}"));
        assert_eq!(warnings(&declared, "", ec_first), 0);
    }
}

#[tokio::test]
async fn iip_md09_sdp_md08_our_metadata_names_every_key_that_signs_and_every_algorithm_that_is_verified()
 {
    let bridge = with_ec_keys(Setup::new()).build();
    let page = bridge.browser().open("/saml/metadata").await;
    xmllint_schema(&page.body, Schema::Metadata).unwrap();
    let tree = roxmltree::Document::parse(&page.body).unwrap();
    let algorithms = |name: &str| -> Vec<_> {
        tree.descendants()
            .filter(|node| node.has_tag_name((ALG, name)))
            .map(|node| node.attribute("Algorithm").unwrap())
            .collect()
    };
    assert_eq!(algorithms("DigestMethod"), [SHA256, SHA384, SHA512]);
    let words = [
        "rsa-sha256",
        "rsa-sha384",
        "rsa-sha512",
        "ecdsa-sha256",
        "ecdsa-sha384",
        "ecdsa-sha512",
    ];
    let named = words.map(|word| format!("{MORE}{word}"));
    assert_eq!(algorithms("SigningMethod"), named);
    let certificates: Vec<_> = tree
        .descendants()
        .filter(|node| node.tag_name().name() == "X509Certificate")
        .map(|node| node.text().unwrap().to_owned())
        .collect();
    let own = ["idp.crt", "p256.crt", "p384.crt"].map(|file| {
        let pem = fs::read(bridge.folder.path().join(file)).unwrap();
        let der = X509::from_pem(&pem).unwrap().to_der().unwrap();
        openssl::base64::encode_block(&der)
    });
    assert_eq!(certificates, own);
}

/// The certificates of our metadata, each in a `KeyDescriptor` that holds nothing else, as PEM.
fn published(metadata: &str) -> Vec<X509> {
    let tree = roxmltree::Document::parse(metadata).unwrap();
    let descriptors =
        { tree.descendants() }.filter(|node| node.tag_name().name() == "KeyDescriptor");
    let certificates = descriptors.map(|descriptor| {
        assert_eq!(descriptor.attribute("use"), Some("signing"));
        let names: Vec<_> = { descriptor.descendants() }
            .filter(roxmltree::Node::is_element)
            .map(|node| node.tag_name().name())
            .collect();
        let whole = ["KeyDescriptor", "KeyInfo", "X509Data", "X509Certificate"];
        assert_eq!(names, whole);
        let text = descriptor
            .descendants()
            .filter_map(|node| node.text())
            .next_back();
        let der = openssl::base64::decode_block(text.unwrap()).unwrap();
        X509::from_der(&der).unwrap()
    });
    certificates.collect()
}

#[tokio::test]
async fn sdp_md05_sdp_md06_sdp_md07_each_key_stands_in_our_metadata_as_a_certificate_that_verifies_what_it_signs()
 {
    for (at, word) in [(0, "rsa-sha256"), (1, "ecdsa-sha256")] {
        let setup = Setup::zoom(&format!("sign = 'both'\nsignature = '{word}'"));
        let bridge = with_ec_keys(setup).build();
        let page = bridge.browser().open("/saml/metadata").await;
        let certificates = published(&page.body);
        assert_eq!(certificates.len(), 3);
        for (certificate, least) in certificates.iter().zip([2048, 256, 256]) {
            assert!(certificate.public_key().unwrap().bits() >= least);
        }
        let (answer, _) = answer(&bridge).await;
        // By what the metadata gives, and nothing else that lies here.
        for (number, certificate) in certificates.iter().enumerate() {
            let pem = String::from_utf8(certificate.to_pem().unwrap()).unwrap();
            let file = write(bridge.folder.path(), "published.crt", &pem);
            for element in [SignedElement::Response, SignedElement::Assertion] {
                let verdict = xmlsec1_verify(&answer.xml, &file, element);
                assert_eq!(verdict.is_ok(), number == at, "{word}: {verdict:?}");
            }
        }
    }
}
