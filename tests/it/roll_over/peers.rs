//! A roll-over played with service providers that none of us wrote: python3-saml and `mod_auth_mellon`. Nobody's
//! sign-in fails at any step of it.

use std::{fs, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use passerelle::sys::clock::{Clock as _, SystemClock};
use tempfile::TempDir;

use crate::{
    bridge::make_own_folder,
    independent_readers::{our_metadata, to_the_answer},
    lab::{
        browser::BrowserSim,
        process::{Server, run},
        real_bridge::{PROGRAM, RealBridge},
        service_provider::{RunningSp, SpKind, SpSite, read_verdict},
        xml_tools::{SignedElement, xmlsec1_verify},
    },
};

/// The longest that a switch may be waited for.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

/// The bridge, whose configuration is only ever changed by its own commands.
struct House {
    bridge: RealBridge,
    file: PathBuf,
    lab: TempDir,
}

/// What a service provider took.
struct Taken {
    /// When the Response was issued.
    at: Timestamp,
    /// Whether the next key signed it; otherwise the present one did.
    by_next: bool,
}

impl House {
    fn command(&self, words: &[&str]) -> (bool, String) {
        let config = ["--config", self.file.to_str().unwrap()];
        run(PROGRAM, &[words, &config].concat(), &[])
    }

    #[track_caller]
    fn does(&self, words: &[&str]) {
        let (done, said) = self.command(words);
        assert!(done, "{words:?}: {said}");
    }

    /// The same, which then takes over in the running server.
    #[track_caller]
    fn rolls(&self, words: &[&str]) {
        self.does(&[&["keys", "rollover"], words].concat());
        self.does(&["reload"]);
    }

    /// What the running server publishes, as a file.
    async fn metadata(&self, name: &str) -> PathBuf {
        let address = format!("{}/saml/metadata", self.bridge.base)
            .parse()
            .unwrap();
        let ours = BrowserSim::new().open(&address).await;
        let file = self.lab.path().join(name);
        fs::write(&file, &ours.body).unwrap();
        file
    }

    /// A certificate of ours, as it is now, by the name of its key's file; kept for the time when that is gone.
    fn keep_certificate(&self, key: &str, name: &str) -> PathBuf {
        let pem = fs::read_to_string(self.file.with_file_name("keys").join(key)).unwrap();
        let begin = pem.find("-----BEGIN CERTIFICATE-----").unwrap();
        let file = self.lab.path().join(name);
        fs::write(&file, pem.split_at(begin).1).unwrap();
        file
    }

    /// Somebody signs in at `sp`: what it says.
    async fn tries(&self, sp: &RunningSp) -> Result<String, String> {
        let mut browser = BrowserSim::new();
        let page = to_the_answer(&mut browser, &sp.login()).await;
        let form = page.form();
        let xml = BASE64_STANDARD.decode(form.value("SAMLResponse").unwrap());
        read_verdict(&browser.submit(&page, &form).await)?;
        Ok(String::from_utf8(xml.unwrap()).unwrap())
    }

    /// Somebody signs in at `sp`, which must take it.
    async fn signs_in(&self, sp: &RunningSp, [present, next]: &[PathBuf; 2]) -> Taken {
        let xml = self.tries(sp).await;
        let xml = xml.unwrap_or_else(|words| panic!("{}: {words}", sp.name()));
        let is_by = |file| xmlsec1_verify(&xml, file, SignedElement::Assertion).is_ok();
        let by_next = is_by(next);
        assert_eq!(is_by(present), !by_next, "{xml}");
        let tree = roxmltree::Document::parse(&xml).unwrap();
        let at = tree.root_element().attribute("IssueInstant").unwrap();
        Taken {
            at: at.parse().unwrap(),
            by_next,
        }
    }
}

/// The bridge, and both service providers as they are before: they know the present certificate.
async fn begin() -> (House, Server, RunningSp, RunningSp, PathBuf) {
    let lab = TempDir::new().unwrap();
    let kinds = [SpKind::Python3Saml, SpKind::Mellon];
    let sites = kinds.map(|kind| SpSite::prepare_its_own(kind, lab.path(), false));
    let bridge = RealBridge::prepare(&sites);
    let before = our_metadata(&bridge, lab.path()).await;
    let [python, mellon] = sites;
    let (python, mellon) = (python.start(&before).await, mellon.start(&before).await);
    for sp in [&python, &mellon] {
        let theirs = BrowserSim::new().open(&sp.metadata()).await;
        bridge.take_metadata(sp.name(), &theirs.body);
    }
    let table = |name| {
        format!("[sp.{name}]\nmetadata = \"{name}.xml\"\npreset = \"zoom\"\nencrypt = \"never\"\n")
    };
    let tables = [python.name(), mellon.name()].map(table).concat();
    let zoom = format!("{tables}[sp.zoom]\nenabled = false");
    let server = ("[server]", "[server]\nstate-folder = \"state\"");
    let file = bridge.configure(&[server, ("[sp.zoom]", &zoom)]);
    let state = file.with_file_name("state");
    make_own_folder(&state);
    let running = bridge.start_as_it_is().await;
    let house = House { bridge, file, lab };
    (house, running, python, mellon, before)
}

#[tokio::test(flavor = "multi_thread")]
async fn r96_no_sign_in_fails_at_any_step_of_a_roll_over_with_python3_saml_and_mod_auth_mellon() {
    let (house, server, python, mellon, before) = begin().await;
    house.does(&["keys", "rollover", "start"]);
    let keys = fs::read_dir(house.file.with_file_name("keys")).unwrap();
    let names = keys.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let next = names.into_iter().find(|name| name.starts_with("signing-"));
    let certificates = [
        house.keep_certificate("signing.pem", "present.crt"),
        house.keep_certificate(&next.unwrap(), "next.crt"),
    ];
    let by_next = async |sp: &RunningSp| house.signs_in(sp, &certificates).await.by_next;
    let each = async |python: &RunningSp, mellon: &RunningSp| {
        [by_next(python).await, by_next(mellon).await]
    };
    // Written, and not yet taken in; then published, and not yet known to anybody.
    assert_eq!(each(&python, &mellon).await, [false, false]);
    house.does(&["reload"]);
    assert_eq!(each(&python, &mellon).await, [false, false]);

    // Each takes both certificates, the one after the other, and is switched after that.
    let both = house.metadata("both.xml").await;
    let python = python.again(&both).await;
    assert_eq!(each(&python, &mellon).await, [false, false]);
    house.rolls(&["switch", "python3-saml-clear"]);
    assert_eq!(each(&python, &mellon).await, [true, false]);
    let (done, said) = house.command(&["keys", "rollover", "finish"]);
    assert!(!done && said.contains("needed for mellon-clear"), "{said}");

    // Whoever has not taken the next one would not read it: what this test sees would be seen.
    house.rolls(&["switch", "mellon-clear"]);
    let words = house.tries(&mellon).await.unwrap_err();
    assert!(!words.is_empty());
    house.rolls(&["switch", "mellon-clear", "--back"]);
    assert_eq!(each(&python, &mellon).await, [true, false]);

    // A server that is killed and started again knows how far it is.
    drop(server);
    let _server = house.bridge.start_as_it_is().await;
    let mellon = mellon.again(&both).await;
    assert_eq!(each(&python, &mellon).await, [true, false]);

    // At a given time, to the second, while people sign in all the time.
    let switch_at = SystemClock.now() + SignedDuration::from_secs(5);
    let switch_at = Timestamp::from_second(switch_at.as_second()).unwrap();
    house.rolls(&["switch", "mellon-clear", "--at", &switch_at.to_string()]);
    loop {
        let taken = house.signs_in(&mellon, &certificates).await;
        assert_eq!(taken.by_next, taken.at >= switch_at, "{}", taken.at);
        if taken.by_next {
            break;
        }
        assert!(SystemClock.now() < switch_at + PATIENCE);
    }
    assert_eq!(each(&python, &mellon).await, [true, true]);

    house.rolls(&["finish"]);
    assert_eq!(each(&python, &mellon).await, [true, true]);
    let after = house.metadata("after.xml").await;
    let holds = |file: &PathBuf| {
        let metadata = fs::read_to_string(file).unwrap();
        metadata.matches("<ds:X509Certificate>").count()
    };
    assert_eq!([&before, &both, &after].map(holds), [1, 2, 1]);
    let (python, mellon) = (python.again(&after).await, mellon.again(&after).await);
    assert_eq!(each(&python, &mellon).await, [true, true]);
    // The key that is gone is read by nobody who knows that one alone, and the other way about.
    let python = python.again(&before).await;
    let words = house.tries(&python).await.unwrap_err();
    assert!(words.contains("Signature validation failed"), "{words}");
}
