//! Which key signs what, on a clock that the test moves; and what a reload may change of it.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::live::Taken,
    config::{edit, fault::ConfigFault},
    model::short_name::ShortName,
    xmlsec::keys::NewKey,
};

use crate::{
    bridge::{
        Bridge, LIBRARY, Setup, ZOOM,
        answer::Answer,
        keys::{Key, idp_key, library_key, strange_key},
        write,
    },
    lab::xml_tools::{SignedElement, xmlsec1_verify},
    signatures::write_made_key,
};

/// A roll-over from the key of all these tests to another one.
struct Rolling {
    bridge: Bridge,
}

impl Rolling {
    /// One that has begun, and in which nobody is switched.
    fn begun() -> Self {
        let rolling = Self {
            bridge: Setup::zoom("idp-initiated = true").build(),
        };
        let folder = rolling.bridge.folder.path();
        for (name, key) in [("next", strange_key()), ("third", library_key())] {
            write(folder, &format!("{name}.pem"), &key.pem);
            write(folder, &format!("{name}.crt"), &key.certificate_pem());
        }
        rolling.change(|text| edit::set_next_key(text, "next.pem".as_ref()).unwrap());
        rolling
    }

    /// Changes the configuration, which then takes over.
    fn change(&self, change: impl Fn(&str) -> String) {
        self.try_change(change)
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
    }

    fn try_change(&self, change: impl Fn(&str) -> String) -> Result<Taken, Vec<ConfigFault>> {
        let path = self.bridge.folder.path().join("passerelle.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(&text)).unwrap();
        self.bridge.live.reload("a test")
    }

    fn switch(&self, provider: &str, from: Option<Timestamp>) {
        let name = ShortName::parse(provider).unwrap();
        self.change(|text| edit::set_next_key_from(text, &name, from).unwrap());
    }

    fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.bridge.now() + SignedDuration::from_secs(seconds)
    }

    /// Signs somebody in at `sp`.
    async fn signs_in(&self, sp: &str) -> Answer {
        let mut browser = self.bridge.live_browser();
        let request = self.bridge.request_of(sp).redirect(None);
        let login = browser.arrive(&request).await;
        browser.sign_in(&login, "anne.dupont").await.answer()
    }

    /// That xmlsec1 verifies it by the certificate of the one key, and by that of no other one.
    #[track_caller]
    fn is_signed(&self, answer: &Answer, element: SignedElement, by: &str) {
        for file in ["idp", "next", "third"] {
            let file = format!("{file}.crt");
            let certificate = self.bridge.folder.path().join(&file);
            let verdict = xmlsec1_verify(&answer.xml, &certificate, element);
            assert_eq!(verdict.is_ok(), file == by, "{file}: {verdict:?}");
        }
    }

    async fn published(&self) -> String {
        self.bridge.live_browser().open("/saml/metadata").await.body
    }
}

/// What a reload was refused for, that is one thing.
#[track_caller]
fn only(refused: Result<Taken, Vec<ConfigFault>>) -> String {
    let faults = refused.unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults[0].to_string()
}

/// The certificates of `metadata`, in their order.
fn certificates(metadata: &str) -> Vec<String> {
    let tree = roxmltree::Document::parse(metadata).unwrap();
    let keys = tree
        .descendants()
        .filter(|node| node.tag_name().name() == "KeyDescriptor");
    keys.map(|key| {
        assert_eq!(key.attribute("use"), Some("signing"));
        key.descendants()
            .find_map(|node| node.text())
            .unwrap()
            .to_owned()
    })
    .collect()
}

/// The configuration without a word of a roll-over.
fn forgotten(text: &str) -> String {
    let is_of_it = |line: &&str| line.starts_with("next = ") || line.starts_with("next-key-from");
    let lines = text.lines().filter(|line| !is_of_it(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn of(keys: &[&Key]) -> Vec<String> {
    keys.iter().map(|key| key.certificate_base64()).collect()
}

#[tokio::test]
async fn r96_each_provider_is_answered_with_the_key_that_is_its_own_to_the_second() {
    use SignedElement::{Assertion, Response};
    let rolling = Rolling::begun();
    let both = of(&[idp_key(), strange_key()]);
    assert_eq!(certificates(&rolling.published().await), both);
    rolling.is_signed(&rolling.signs_in(ZOOM).await, Assertion, "idp.crt");
    rolling.switch("zoom", Some(rolling.in_seconds(10)));
    rolling.bridge.wait_seconds(9);
    rolling.is_signed(&rolling.signs_in(ZOOM).await, Assertion, "idp.crt");
    rolling.bridge.wait_seconds(1);
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, Assertion, "next.crt");
    // From our own page too.
    let mut browser = rolling.bridge.live_browser();
    let start = browser.arrive("/start/zoom").await;
    let login = browser.submit(&start, &start.form()).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    rolling.is_signed(&answer, Assertion, "next.crt");
    // Another provider has its own time, and both certificates stay published.
    rolling.is_signed(&rolling.signs_in(LIBRARY).await, Response, "idp.crt");
    assert_eq!(certificates(&rolling.published().await), both);
    // What is told to a provider that went wrong is signed as all that it gets.
    let refused = async || {
        let request = rolling.bridge.request_of(LIBRARY).with("IsPassive", "true");
        let mut browser = rolling.bridge.live_browser();
        let page = browser.arrive(&request.redirect(None)).await;
        let answer = page.answer();
        assert!(answer.xml.contains("status:NoPassive"), "{}", answer.xml);
        answer
    };
    rolling.is_signed(&refused().await, Response, "idp.crt");
    rolling.switch("library", Some(rolling.bridge.now()));
    rolling.is_signed(&refused().await, Response, "next.crt");
    rolling.is_signed(&rolling.signs_in(LIBRARY).await, Response, "next.crt");
    // Back, and there again.
    rolling.switch("library", None);
    rolling.is_signed(&rolling.signs_in(LIBRARY).await, Response, "idp.crt");
    rolling.is_signed(&rolling.signs_in(ZOOM).await, Assertion, "next.crt");
}

#[tokio::test]
async fn r96_a_start_knows_how_far_a_roll_over_is() {
    let rolling = Rolling::begun();
    rolling.switch("zoom", Some(rolling.bridge.now()));
    rolling.switch("library", Some(rolling.in_seconds(60)));
    let Bridge { folder, clock, .. } = rolling.bridge;
    let path = folder.path().join("passerelle.toml");
    let now = passerelle::sys::clock::Clock::now(&*clock);
    let again = Rolling {
        bridge: Bridge::load(folder, &path, 2, now),
    };
    again.is_signed(
        &again.signs_in(ZOOM).await,
        SignedElement::Assertion,
        "next.crt",
    );
    again.is_signed(
        &again.signs_in(LIBRARY).await,
        SignedElement::Response,
        "idp.crt",
    );
    again.bridge.wait_seconds(60);
    again.is_signed(
        &again.signs_in(LIBRARY).await,
        SignedElement::Response,
        "next.crt",
    );
}

#[tokio::test]
async fn r96_while_a_roll_over_is_on_no_reload_brings_a_third_key() {
    let rolling = Rolling::begun();
    rolling.switch("zoom", Some(rolling.bridge.now()));
    // In the place of the next one, which Zoom has; or of the present one, which the others have.
    for (old, other) in [
        ("next = \"next.pem\"", "next = \"third.pem\""),
        ("['signing.pem']", "['third.pem']"),
    ] {
        let faults = rolling
            .try_change(|text| {
                assert!(text.contains(old), "{text}");
                text.replace(old, other)
            })
            .unwrap_err();
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("a third key"), "{told:?}");
        let zoom = told.iter().any(|told| told.contains("sp.zoom "));
        let library = told.iter().any(|told| told.contains("sp.library "));
        assert_eq!(
            (zoom, library),
            (old.starts_with("next"), !zoom),
            "{told:?}"
        );
        assert!(
            !told.iter().any(|told| told.contains("sp.closed")),
            "{told:?}"
        );
        rolling.is_signed(
            &rolling.signs_in(ZOOM).await,
            SignedElement::Assertion,
            "next.crt",
        );
        rolling.change(|text| text.replace(other, old));
    }
    // Nor does one forget it: Zoom has the next key.
    let path = rolling.bridge.folder.path().join("passerelle.toml");
    let text = fs::read_to_string(&path).unwrap();
    let faults = rolling.try_change(forgotten).unwrap_err();
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("sp.zoom would be answered with the key before"));
    fs::write(&path, text).unwrap();
    rolling.switch("zoom", None);
    rolling.change(forgotten);
    rolling.change(|text| edit::set_next_key(text, "next.pem".as_ref()).unwrap());
    rolling.switch("zoom", Some(rolling.bridge.now()));
    // The end of it is none.
    rolling.switch("library", Some(rolling.bridge.now()));
    rolling.switch("intranet", Some(rolling.bridge.now()));
    rolling.change(|text| edit::take_next_key(text, 0).unwrap());
    assert_eq!(
        certificates(&rolling.published().await),
        of(&[strange_key()])
    );
    rolling.is_signed(
        &rolling.signs_in(LIBRARY).await,
        SignedElement::Response,
        "next.crt",
    );
}

#[tokio::test]
async fn r96_no_reload_takes_away_the_only_key_that_providers_know() {
    let rolling = Rolling::begun();
    rolling.change(forgotten);
    // Begun and finished by hand, and nobody has reloaded between the two.
    let old = "signing = ['signing.pem']";
    let third = |text: &str| {
        assert!(text.contains(old), "{text}");
        text.replace(old, "signing = ['third.pem']")
    };
    let faults = rolling.try_change(third).unwrap_err();
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    // Not for the one that is switched off.
    assert_eq!(told.len(), 3, "{told:?}");
    for (told, provider) in told.iter().zip(["intranet", "library", "zoom"]) {
        let what = format!(
            "keys: sp.{provider} would be answered with a key that our metadata does not hold yet"
        );
        assert!(told.contains(&what), "{told}");
        assert!(
            told.contains("only a restart changes keys at once"),
            "{told}"
        );
    }
    assert_eq!(certificates(&rolling.published().await), of(&[idp_key()]));
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "idp.crt");
    // Published beside the one that they know, it may have its place.
    let both = "signing = ['signing.pem', 'third.pem']";
    rolling.change(|text| text.replace("signing = ['third.pem']", both));
    rolling.change(|text| text.replace(both, "signing = ['third.pem']"));
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "third.crt");
}

#[tokio::test]
async fn r96_a_key_that_is_not_published_yet_signs_for_nobody_after_a_reload() {
    let rolling = Rolling::begun();
    rolling.change(forgotten);
    let zoom = ShortName::parse("zoom").unwrap();
    let at_once = |from| {
        rolling.try_change(|text| {
            let text = edit::set_next_key(text, "next.pem".as_ref()).unwrap();
            edit::set_next_key_from(&text, &zoom, Some(from)).unwrap()
        })
    };
    // Begun and switched, and nobody has reloaded between the two.
    let told = only(at_once(rolling.bridge.now()));
    assert!(
        told.contains("sp.zoom would be answered with a key that our metadata does not hold yet"),
        "{told}"
    );
    assert_eq!(certificates(&rolling.published().await), of(&[idp_key()]));
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "idp.crt");
    // What is to come is published meanwhile.
    rolling.switch("zoom", None);
    rolling.switch("zoom", Some(rolling.in_seconds(10)));
    assert_eq!(
        certificates(&rolling.published().await),
        of(&[idp_key(), strange_key()])
    );
    rolling.bridge.wait_seconds(10);
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "next.crt");
}

#[tokio::test]
async fn r96_a_provider_that_was_switched_does_not_fall_back_where_the_next_key_cannot_sign_for_it()
{
    let rolling = Rolling::begun();
    rolling.change(forgotten);
    write_made_key(rolling.bridge.folder.path(), "next", NewKey::EcP256);
    rolling.change(|text| edit::set_next_key(text, "next.pem".as_ref()).unwrap());
    rolling.switch("zoom", Some(rolling.bridge.now()));
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "next.crt");
    let [open, rsa] = ["[sp.zoom]\n", "[sp.zoom]\nsignature = 'rsa-sha256'\n"];
    let told = only(rolling.try_change(|text| text.replace(open, rsa)));
    assert!(
        told.contains("sp.zoom would be answered with the key before"),
        "{told}"
    );
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "next.crt");
    // Switched back, it is what somebody wants.
    rolling.switch("zoom", None);
    let answer = rolling.signs_in(ZOOM).await;
    rolling.is_signed(&answer, SignedElement::Assertion, "idp.crt");
}
