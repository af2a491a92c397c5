//! Our key in a token (PKCS#11): the real binary signs people in by `SoftHSM`, and readers that none of us wrote
//! verify what it made.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::xmlsec::keys::{KeyRequest, NewKey, generate};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bridge::{make_own_folder, write},
    independent_readers::{our_metadata_with, to_the_answer},
    lab::{
        browser::{BrowserSim, Page},
        process::{Server, run},
        real_bridge::{PROGRAM, RealBridge},
        service_provider::{RunningSp, SpKind, SpSite, read_verdict},
        soft_hsm::SoftHsm,
        until::until,
        xml_tools::{SignedElement, xmlsec1_verify},
    },
};

/// What the configuration of the demo says of its key.
const FILE: &str = r#"["keys/signing.pem"]"#;

/// A key with its certificate, PEM.
fn made(key: NewKey) -> String {
    let made = generate(&KeyRequest {
        common_name: "idp.example.org",
        key,
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
    });
    made.unwrap().pem().to_owned()
}

/// The certificate of `pem` in a file of its own.
fn certificate(folder: &Path, pem: &str) -> PathBuf {
    let begin = pem.find("-----BEGIN CERTIFICATE-----").unwrap();
    write(folder, "signer.crt", pem.split_at(begin).1)
}

/// The bridge with a token, and a service provider that has its metadata.
struct House {
    hsm: SoftHsm,
    bridge: RealBridge,
    lab: TempDir,
    sp: RunningSp,
}

impl House {
    /// One whose service provider knows the keys of `signing`, as the configuration would name them.
    async fn of(hsm: SoftHsm, signing: &str) -> Self {
        let lab = TempDir::new().unwrap();
        let site = SpSite::prepare(SpKind::Python3Saml, lab.path());
        let mut bridge = RealBridge::prepare(std::slice::from_ref(&site));
        bridge.soft_hsm = Some(hsm.configuration.clone());
        let ours = our_metadata_with(&bridge, lab.path(), &[(FILE, signing)]).await;
        let sp = site.start(&ours).await;
        Self {
            hsm,
            bridge,
            lab,
            sp,
        }
    }

    fn command(&self, words: &[&str]) -> (bool, String) {
        let file = self.bridge.file();
        let config = ["--config", file.to_str().unwrap()];
        run(
            PROGRAM,
            &[words, &config].concat(),
            &[self.hsm.environment()],
        )
    }

    /// The certificate of `pem` in a file of its own.
    fn certificate(&self, pem: &str) -> PathBuf {
        certificate(self.lab.path(), pem)
    }

    /// Somebody signs in, by the form, and the service provider says what it thinks of the answer.
    async fn signs_in(&self) -> (String, Result<(), String>) {
        let mut browser = BrowserSim::new();
        let page = to_the_answer(&mut browser, &self.sp.login()).await;
        let form = page.form();
        let xml = BASE64_STANDARD.decode(form.value("SAMLResponse").unwrap());
        let xml = String::from_utf8(xml.unwrap()).unwrap();
        let verdict = read_verdict(&browser.submit(&page, &form).await);
        (xml, verdict.map(|_identity| ()))
    }

    async fn asked(&self, path: &str) -> Page {
        let address = format!("{}{path}", self.bridge.base).parse().unwrap();
        BrowserSim::new().open(&address).await
    }

    async fn ready(&self) -> (u16, Value) {
        let page = self.asked("/readyz").await;
        (page.status, serde_json::from_str(&page.body).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r100_by_a_key_in_a_token_people_sign_in_and_foreign_readers_verify_it() {
    for (kind, zoom, algorithm) in [
        (NewKey::Rsa2048, "", "rsa-sha256"),
        (NewKey::Rsa3072, "signature = 'rsa-sha512'", "rsa-sha512"),
        (NewKey::EcP256, "signature = 'ecdsa-sha256'", "ecdsa-sha256"),
        // The digest is longer than the curve, and so cut off.
        (NewKey::EcP256, "signature = 'ecdsa-sha384'", "ecdsa-sha384"),
        (NewKey::EcP384, "signature = 'ecdsa-sha384'", "ecdsa-sha384"),
    ] {
        let hsm = SoftHsm::new();
        let pem = made(kind);
        hsm.take(("idp", "01"), pem.as_bytes(), true);
        let signing = format!("[\"{}\"]", hsm.uri("idp"));
        let house = House::of(hsm, &signing).await;
        let zoom = format!("[sp.zoom]\nsign = 'both'\n{zoom}");
        let replaced = [(FILE, &*signing), ("[sp.zoom]", &zoom)];
        let _server = house.bridge.start_with(&replaced).await;
        let (xml, verdict) = house.signs_in().await;
        assert!(xml.contains(&format!("#{algorithm}\"")), "{xml}");
        let certificate = house.certificate(&pem);
        for element in [SignedElement::Assertion, SignedElement::Response] {
            assert_eq!(
                xmlsec1_verify(&xml, &certificate, element),
                Ok(()),
                "{kind:?}"
            );
        }
        assert_eq!(verdict, Ok(()), "{kind:?}");
        let (code, said) = house.ready().await;
        assert_eq!(
            (code, &said["service_providers_not_signed_for"]),
            (200, &0.into())
        );
        let (done, said) = house.command(&["doctor"]);
        assert!(
            said.contains("pkcs11:token=Passerelle%20HSM;object=idp: "),
            "{done}: {said}"
        );
    }
}

/// The longest that a token which is back may be waited for: the server looks every five seconds, and CI builds beside it.
const PATIENCE: Duration = Duration::from_mins(1);

impl House {
    /// Waits until `/readyz` answers `code`.
    async fn becomes(&self, code: u16) {
        let wait = async {
            while self.ready().await.0 != code {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "/readyz never answers {code}");
    }

    /// Somebody types their password while nothing can be signed, and what they see then.
    async fn is_stopped(&self) -> Page {
        let mut browser = BrowserSim::new();
        let page = browser.open(&self.sp.login()).await;
        let form = page.form();
        let form = form
            .with("username", "zoe.martin")
            .with("password", "bienvenue");
        browser.submit(&page, &form).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r100_while_the_token_is_away_nothing_goes_out_and_when_it_is_back_all_goes_on() {
    let hsm = SoftHsm::new();
    let pem = made(NewKey::Rsa2048);
    hsm.take(("idp", "01"), pem.as_bytes(), true);
    let signing = format!("[\"{}\"]", hsm.uri("idp"));
    let house = House::of(hsm, &signing).await;
    let server = house.bridge.start_with(&[(FILE, &signing)]).await;
    assert_eq!(house.signs_in().await.1, Ok(()));
    for is_tried in [false, true] {
        house.hsm.remove();
        let page = house.is_stopped().await;
        assert_eq!((page.status, page.kind().as_deref()), (503, Some("stop")));
        assert!(page.body.contains("B-KEY-01"), "{}", page.body);
        assert!(!page.body.contains("SAMLResponse"), "{}", page.body);
        // What is wrong is told to those who can mend it, and to nobody else.
        assert!(!page.body.contains("token"), "{}", page.body);
        let (code, said) = house.ready().await;
        assert_eq!((code, &said["ready"]), (503, &false.into()), "{said}");
        assert_eq!(said["service_providers_not_signed_for"], 1);
        house.hsm.put_back();
        if is_tried {
            // People who try again and again do not keep it from coming back.
            let tries = async { while house.is_stopped().await.status == 503 {} };
            let waited = tokio::time::timeout(PATIENCE, tries).await;
            assert!(waited.is_ok(), "nobody ever signs in again");
        }
        // Nobody needs to try: the server finds out by itself.
        house.becomes(200).await;
        let (xml, verdict) = house.signs_in().await;
        assert_eq!(verdict, Ok(()));
        let certificate = house.certificate(&pem);
        assert_eq!(
            xmlsec1_verify(&xml, &certificate, SignedElement::Assertion),
            Ok(())
        );
    }
    // Each is told once, however many people try meanwhile.
    for told in ["the token does not sign", "the token signs again"] {
        let count = || server.log().matches(told).count();
        until("it is told twice", async || count() >= 2).await;
        assert_eq!(count(), 2, "{told}: {}", server.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r96_r100_the_key_rolls_over_from_a_file_into_a_token_and_back_without_a_restart() {
    let hsm = SoftHsm::new();
    let pem = made(NewKey::Rsa2048);
    hsm.take(("idp", "01"), pem.as_bytes(), true);
    let uri = hsm.uri("idp");
    let house = House::of(hsm, &format!("[\"keys/signing.pem\", \"{uri}\"]")).await;
    let (file, _) = house.bridge.certificate();
    let state = house.bridge.file().with_file_name("state");
    make_own_folder(&state);
    let server = [("[server]", "[server]\nstate-folder = 'state'")];
    let _server = house.bridge.start_with(&server).await;
    let token = house.certificate(&pem);
    let is_by = async |certificate: &PathBuf| {
        let (xml, verdict) = house.signs_in().await;
        assert_eq!(verdict, Ok(()));
        xmlsec1_verify(&xml, certificate, SignedElement::Assertion)
    };
    let rolls = |words: &[&str]| {
        let (done, said) = house.command(&[&["keys", "rollover"], words].concat());
        assert!(done, "{words:?}: {said}");
        let (done, said) = house.command(&["reload"]);
        assert!(done, "{words:?}: {said}");
    };
    rolls(&["start", "--key", &uri]);
    assert_eq!(is_by(&file).await, Ok(()));
    let published = house.asked("/saml/metadata").await.body;
    assert_eq!(published.matches("<ds:X509Certificate>").count(), 2);
    rolls(&["switch", "zoom"]);
    assert_eq!(is_by(&token).await, Ok(()));
    rolls(&["finish"]);
    assert_eq!(is_by(&token).await, Ok(()));
    let (done, said) = house.command(&["status"]);
    assert!(done, "{said}");
    // A file that is made would have no place beside it.
    let (done, said) = house.command(&["keys", "rollover", "start"]);
    assert!(!done && said.contains("name it with --key"), "{said}");
    rolls(&[
        "start",
        "--key",
        house
            .bridge
            .file()
            .with_file_name("keys/signing.pem")
            .to_str()
            .unwrap(),
    ]);
    rolls(&["switch", "zoom"]);
    rolls(&["finish"]);
    assert_eq!(is_by(&file).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn r33_r100_a_request_that_the_token_did_not_sign_for_is_answered_when_it_is_back() {
    let hsm = SoftHsm::new();
    hsm.take(("idp", "01"), made(NewKey::Rsa2048).as_bytes(), true);
    let signing = format!("[\"{}\"]", hsm.uri("idp"));
    let house = House::of(hsm, &signing).await;
    let _server = house.bridge.start_with(&[(FILE, &signing)]).await;
    let mut browser = BrowserSim::new();
    to_the_answer(&mut browser, &house.sp.login()).await;
    house.hsm.remove();
    let stopped = browser.open(&house.sp.login()).await;
    assert!(stopped.body.contains("B-KEY-01"), "{}", stopped.body);
    house.hsm.put_back();
    house.becomes(200).await;
    let page = browser.open(&stopped.url).await;
    assert!(page.body.contains("SAMLResponse"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn r100_a_reload_goes_on_with_the_same_key_while_the_token_is_away_and_tells_of_a_pin_that_was_not_tried()
 {
    let hsm = SoftHsm::new();
    let pem = made(NewKey::Rsa2048);
    hsm.take(("idp", "01"), pem.as_bytes(), true);
    let uri = hsm.uri("idp");
    let signing = format!("[\"{uri}\"]");
    let house = House::of(hsm, &signing).await;
    let state = house.bridge.file().with_file_name("state");
    make_own_folder(&state);
    let server = ("[server]", "[server]\nstate-folder = 'state'");
    let _server = house.bridge.start_with(&[(FILE, &signing), server]).await;
    let reloads = |uri: &str, sign: &str| {
        let (signing, zoom) = (
            format!("[\"{uri}\"]"),
            format!("[sp.zoom]\nsign = '{sign}'"),
        );
        let replaced = [(FILE, &*signing), server, ("[sp.zoom]", &zoom)];
        house.bridge.configure(&replaced);
        house.command(&["reload"])
    };
    house.hsm.remove();
    assert_eq!(house.is_stopped().await.status, 503);
    let wrong = write(house.lab.path(), "wrong-pin", WRONG_PIN);
    let right = house.hsm.pin.to_str().unwrap();
    let with_wrong_pin = uri.replace(right, wrong.to_str().unwrap());
    let goes_on = "the token does not sign now; the key that was found before goes on";
    // Another name of the key, or another PIN, is another key until the token has said otherwise.
    for other in [&uri.replace('?', ";id=%01?"), &with_wrong_pin] {
        let (done, said) = reloads(other, "both");
        assert!(!done && !said.contains(goes_on), "{other}: {said}");
    }
    let (done, said) = reloads(&uri, "both");
    assert!(done && said.contains(goes_on), "{said}");
    assert_eq!(house.is_stopped().await.status, 503);
    house.hsm.put_back();
    house.becomes(200).await;
    let (xml, _) = house.signs_in().await;
    let certificate = house.certificate(&pem);
    // The Response is signed since the reload.
    for element in [SignedElement::Assertion, SignedElement::Response] {
        assert_eq!(xmlsec1_verify(&xml, &certificate, element), Ok(()));
    }
    let untried = "the PIN may be another one than the one that is logged in";
    let (done, said) = reloads(&with_wrong_pin, "both");
    assert!(done && said.contains(untried), "{said}");
    let (done, said) = reloads(&uri, "both");
    assert!(done && !said.contains(untried), "{said}");
}

/// A configuration that is only looked at, and a token with keys of all sorts.
struct Looked {
    hsm: SoftHsm,
    bridge: RealBridge,
    lab: TempDir,
    /// The key in the token and its certificate, PEM.
    pem: String,
}

impl Looked {
    fn new() -> Self {
        let (hsm, pem) = (SoftHsm::new(), made(NewKey::Rsa2048));
        hsm.take(("idp", "01"), pem.as_bytes(), true);
        hsm.take(("bare", "02"), pem.as_bytes(), false);
        let lab = TempDir::new().unwrap();
        let site = SpSite::prepare(SpKind::Python3Saml, lab.path());
        let bridge = RealBridge::prepare(&[site]);
        Self {
            hsm,
            bridge,
            lab,
            pem,
        }
    }

    /// What `command` says with `keys` as the signing keys.
    fn says(&self, command: &str, keys: &[&str], more: &[(&str, &Path)]) -> (bool, String) {
        let signing = format!("['{}']", keys.join("', '"));
        let file = self.bridge.configure(&[(FILE, &signing)]);
        let words = [command, "--config", file.to_str().unwrap()];
        run(PROGRAM, &words, &[&[self.hsm.environment()], more].concat())
    }

    #[track_caller]
    fn refuses(&self, key: &str, told: &str) {
        let (done, said) = self.says("check", &[key], &[]);
        let is_told = said.contains(told) && said.contains("hint: ");
        assert!(!done && is_told, "{key}: {said}");
        assert!(!said.contains(WRONG_PIN), "{said}");
    }

    /// A file with the certificate of `pem`.
    fn certificate(&self, pem: &str) -> PathBuf {
        certificate(self.lab.path(), pem)
    }

    /// The key `label` behind a PIN that is wrong.
    fn with_wrong_pin(&self, label: &str) -> String {
        let wrong = write(self.lab.path(), "wrong-pin", WRONG_PIN);
        let right = self.hsm.pin.to_str().unwrap();
        self.hsm.uri(label).replace(right, wrong.to_str().unwrap())
    }

    /// Puts an RSA key of 1024 bits into the token.
    fn take_weak_key(&self) {
        let weak = self.lab.path().join("weak.pem").display().to_string();
        let certificate = weak.replace(".pem", ".crt");
        let words = "req -x509 -newkey rsa:1024 -noenc -subj /CN=weak -keyout";
        let words = words.split(' ').chain([&*weak, "-out", &*certificate]);
        let (is_made, said) = run("openssl", &words.collect::<Vec<_>>(), &[]);
        assert!(is_made, "{said}");
        let pem = [weak, certificate].map(|file| std::fs::read(file).unwrap());
        self.hsm.take(("weak", "05"), &pem.concat(), true);
    }
}

const WRONG_PIN: &str = "0000-wrong";

#[test]
fn r100_what_is_wrong_with_a_key_in_a_token_is_told_in_one_sentence_with_a_hint() {
    let looked = Looked::new();
    let hsm = &looked.hsm;
    hsm.take(("twice", "03"), looked.pem.as_bytes(), true);
    hsm.take(("twice", "04"), made(NewKey::Rsa2048).as_bytes(), true);
    looked.take_weak_key();
    hsm.take_as(("asks", "06"), looked.pem.as_bytes(), "--always-auth");
    hsm.take_without_signing(("opens", "07"), looked.pem.as_bytes());
    let good = hsm.uri("idp");
    let no_library = write(looked.lab.path(), "module.so", "no library");
    let no_library = format!(
        "pkcs11:token=a;object=b?module-path={}",
        no_library.display()
    );
    for (uri, told) in [
        (
            &good.replace("libsofthsm2", "nowhere"),
            "cannot be read: No such file",
        ),
        (&no_library, "the module cannot be loaded"),
        (
            &good.replace("%20HSM", "%20HSN"),
            "the module shows no such token",
        ),
        (&hsm.uri("nobody"), "the token shows no such private key"),
        (
            &hsm.uri("twice"),
            "several private keys in the token go by this name",
        ),
        (
            &hsm.uri("bare"),
            "the token holds no certificate with the ID (CKA_ID) of the key",
        ),
        (
            &hsm.uri("asks"),
            "the key wants the PIN anew for each signature (CKA_ALWAYS_AUTHENTICATE)",
        ),
        (
            &hsm.uri("opens"),
            "the key in the token may not sign (CKA_SIGN)",
        ),
        (
            &hsm.uri("weak"),
            "a key of a size or curve that is not used here",
        ),
        (
            &good.split('&').next().unwrap().to_owned(),
            "the token wants a PIN, and none is named",
        ),
        (
            &looked.with_wrong_pin("idp"),
            "the token refuses the PIN, which this process does not try again",
        ),
        (
            &format!(" PKCS11:token=a;object=b?pin-value={WRONG_PIN}"),
            "is a PKCS#11 URI with a PIN in it",
        ),
        (
            &format!("{good}&pin-value={WRONG_PIN}"),
            "is a PKCS#11 URI with a PIN in it",
        ),
    ] {
        looked.refuses(uri, told);
    }
    // Once it is said which of the two, it is one.
    let (done, said) = looked.says("check", &[&hsm.uri("twice").replace('?', ";id=%03?")], &[]);
    assert!(done, "{said}");
}

#[test]
fn r100_a_certificate_beside_the_token_must_be_that_of_the_key() {
    let looked = Looked::new();
    let with = |pem: &str| {
        let file = looked.certificate(pem);
        format!(
            "{}&x-certificate=file:{}",
            looked.hsm.uri("bare"),
            file.display()
        )
    };
    let told = "what the key in the token signs is not verified by its certificate";
    looked.refuses(&with(&made(NewKey::Rsa2048)), told);
    // An RSA key does not sign by ECDSA.
    looked.refuses(&with(&made(NewKey::EcP256)), "the token failed");
    let (done, said) = looked.says("check", &[&with(&looked.pem)], &[]);
    assert!(done, "{said}");
}

#[tokio::test]
async fn r100_a_start_that_would_spend_the_tries_of_the_pin_ends_with_a_status_of_its_own() {
    let looked = Looked::new();
    for (uri, status) in [
        (&looked.with_wrong_pin("idp"), 77),
        (&looked.hsm.uri("nobody"), 1),
    ] {
        let signing = format!("['{uri}']");
        let file = looked.bridge.configure(&[(FILE, &signing)]);
        let (name, value) = looked.hsm.environment();
        let program = Path::new(PROGRAM);
        let mut serve = Server::start("refused", program, looked.lab.path(), |serve| {
            serve.args(["serve", "--config"]).arg(file).env(name, value);
        });
        assert_eq!(serve.ends().await.code(), Some(status), "{uri}");
    }
}

/// What `command` says of these keys, and what it asks of the module meanwhile.
fn spied(looked: &Looked, command: &str, keys: &[&str]) -> (bool, String, String) {
    let module = looked.hsm.module.to_str().unwrap();
    let spy = SoftHsm::spy();
    let keys: Vec<_> = { keys.iter() }
        .map(|uri| uri.replace(module, spy.to_str().unwrap()))
        .collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let log = looked.lab.path().join("spied");
    let more = [
        ("PKCS11SPY", &*looked.hsm.module),
        ("PKCS11SPY_OUTPUT", &*log),
    ];
    let (done, said) = looked.says(command, &keys, &more);
    let calls = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(log).unwrap();
    (done, said, calls)
}

#[test]
fn r100_a_pin_that_the_token_refused_is_not_tried_again_and_another_one_is() {
    let looked = Looked::new();
    let logins = |calls: &str| calls.matches(": C_Login\n").count();
    // Two keys, and a command that opens each of them twice.
    let wrong = ["idp", "bare"].map(|label| looked.with_wrong_pin(label));
    let (done, said, calls) = spied(&looked, "doctor", &[&wrong[0], &wrong[1]]);
    let is_told = said.contains("the token refuses the PIN");
    assert!(!done && is_told, "{said}");
    assert_eq!(logins(&calls), 1, "{calls}");
    let right = looked.hsm.uri("idp");
    let (_, said, calls) = spied(&looked, "doctor", &[&wrong[0], &right]);
    assert!(said.contains("the token refuses the PIN"), "{said}");
    assert!(logins(&calls) > 1, "{calls}");
}

#[test]
fn r100_the_session_with_a_key_that_is_not_taken_is_closed() {
    let looked = Looked::new();
    // What it signs is not by the key of this certificate; or it does not sign so.
    for key in [NewKey::Rsa2048, NewKey::EcP256] {
        let other = looked.certificate(&made(key));
        let uri = looked.hsm.uri("idp");
        let uri = format!("{uri}&x-certificate=file:{}", other.display());
        let (done, said, calls) = spied(&looked, "check", &[&uri]);
        assert!(!done, "{said}");
        let count = |call: &str| calls.matches(&format!(": {call}\n")).count();
        assert!(count("C_SignInit") > 0, "{calls}");
        // The one in which it was found may be that of another thread, and stays.
        assert!(count("C_CloseSession") > 0, "{calls}");
    }
}
