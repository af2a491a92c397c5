//! A provider that is registered by an address: a real server over TLS rotates its metadata, breaks, hangs,
//! sends us elsewhere, and comes back, while people sign in to it and to others.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use passerelle::{
    app::follow::{Decision, DecisionFault, refresh},
    config::edit,
    control::Answers,
    model::{fingerprint::Fingerprint, short_name::ShortName},
    xmlsec::keys::NewKey,
};
use serde_json::Value;

use crate::{
    bridge::{
        Bridge, LIBRARY, LIBRARY_ACS, Setup,
        keys::{Key, idp_key, intranet_key, library_key, zoom_key},
        metadata, write,
    },
    lab::{
        cas_script::serve,
        keys::Authority,
        process::{Server, run},
        real_bridge::PROGRAM,
        xml_tools::{SignedElement, xmlsec1_verify},
    },
    signatures::write_made_key,
    sp::House,
    xml_security::{Unfilled, xmlsec1_sign_root},
};

const WIKI: &str = "https://wiki.example.net/sp";
const ACS: &str = "https://wiki.example.net/acs";
const OTHER_ACS: &str = "https://wiki.example.net/acs2";
/// What no log, page or error may tell.
const SECRET: &str = "xyzzy";

/// What the server says.
#[derive(Clone, Debug)]
enum Says {
    /// A version, and its `ETag`.
    Gives(String, &'static str),
    /// Nothing, for ever.
    Nothing,
    /// A status.
    Status(u16),
    /// That it is elsewhere.
    To(&'static str),
}

/// The server that gives the metadata of the wiki.
struct Wiki {
    authority: Authority,
    port: u16,
    script: Arc<Script>,
}

struct Script {
    says: Mutex<Says>,
    /// The `If-None-Match` of each question.
    asked: Mutex<Vec<Option<String>>>,
}

async fn answer(State(script): State<Arc<Script>>, headers: HeaderMap) -> Response {
    let condition = headers.get(header::IF_NONE_MATCH);
    let condition = condition.map(|value| value.to_str().unwrap().to_owned());
    script.asked.lock().unwrap().push(condition.clone());
    let says = script.says.lock().unwrap().clone();
    match says {
        Says::Gives(_, etag) if condition.as_deref() == Some(etag) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        Says::Gives(text, etag) => ([(header::ETAG, etag)], text).into_response(),
        Says::Nothing => std::future::pending().await,
        Says::Status(status) => (StatusCode::from_u16(status).unwrap(), SECRET).into_response(),
        Says::To(location) => {
            (StatusCode::FOUND, [(header::LOCATION, location)], SECRET).into_response()
        }
    }
}

impl Wiki {
    fn start(says: Says) -> Self {
        let authority = Authority::new("Wiki");
        let script = Arc::new(Script {
            says: Mutex::new(says),
            asked: Mutex::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&script));
        Self {
            port: serve(&authority.vouch_for("localhost"), router),
            authority,
            script,
        }
    }

    fn says(&self, says: Says) {
        *self.script.says.lock().unwrap() = says;
    }

    fn asked(&self) -> Vec<Option<String>> {
        self.script.asked.lock().unwrap().clone()
    }

    /// A configuration that follows it, with more lines of its table.
    fn setup(port: u16, lines: &str) -> Setup {
        Setup {
            server:
                "listen = '127.0.0.1:0'\ntrusted-proxies = ['127.0.0.1']\nstate-folder = 'state'"
                    .to_owned(),
            more: format!(
                "[sp.wiki]\nmetadata-url = 'https://localhost:{port}/metadata'\nmetadata-ca = 'ca.pem'\n\
                 metadata-private = true\npreset = 'generic'\nsign-in-link = 'https://wiki.example.net/'\n\
                 {lines}\n"
            ),
            ..Setup::new()
        }
    }

    /// The same, written down.
    fn house(&self, lines: &str) -> House {
        let house = House::of(&Self::setup(self.port, lines));
        let ca = String::from_utf8(self.authority.pem()).unwrap();
        house.brings("ca.pem", &ca);
        let state = house.file("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        house
    }

    /// A server that follows it, and has asked it once.
    async fn followed(&self, lines: &str) -> Bridge {
        let bridge = self.started(lines);
        refresh(&bridge.live).await;
        bridge
    }

    fn started(&self, lines: &str) -> Bridge {
        let House { folder, path } = self.house(lines);
        let Setup { seed, start, .. } = Setup::new();
        Bridge::load(folder, &path, seed, start)
    }
}

/// The same server, stopped and started again.
fn restarted(bridge: Bridge) -> Bridge {
    let Bridge { folder, clock, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let now = passerelle::sys::clock::Clock::now(&*clock);
    Bridge::load(folder, &path, 2, now)
}

/// A version of the wiki's metadata with these keys, and more attributes on its root.
fn version_with(attributes: &str, keys: &[&Key], services: &[&str]) -> String {
    let promises = "AuthnRequestsSigned=\"true\" ";
    let (first, others) = keys.split_first().unwrap();
    let others: Vec<_> = others
        .iter()
        .map(|key| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                key.certificate_base64()
            )
        })
        .collect();
    metadata(WIKI, promises, first, services)
        .replacen(
            "<md:AssertionConsumerService",
            &format!("{}<md:AssertionConsumerService", others.concat()),
            1,
        )
        .replacen(
            "<md:EntityDescriptor ",
            &format!("<md:EntityDescriptor {attributes} "),
            1,
        )
}

fn version(keys: &[&Key]) -> String {
    version_with("", keys, &[ACS])
}

fn gives(text: &str, etag: &'static str) -> Says {
    Says::Gives(text.to_owned(), etag)
}

impl Bridge {
    /// Moves the clock and asks whose time has come.
    async fn refresh_after(&self, minutes: i64) {
        self.wait(minutes);
        refresh(&self.live).await;
    }

    /// Whether a request that is signed with `key` leads to a sign-in at the wiki, with the answer there.
    async fn takes(&self, key: &Key) -> bool {
        let mut browser = self.live_browser();
        let request = self.request_of(WIKI).redirect_signed(key, None);
        let page = browser.arrive(&request).await;
        if page.kind() != "login" {
            assert_eq!(page.kind(), "stop", "{}", page.body);
            return false;
        }
        let answer = browser.sign_in(&page, "anne.dupont").await.answer();
        assert_eq!(answer.to, ACS);
        true
    }

    /// That people sign in to a provider with a good source, whatever is the matter with the wiki's.
    async fn others_go_on(&self) {
        let mut browser = self.live_browser();
        let request = self.request_of(LIBRARY).redirect(None);
        let page = browser.arrive(&request).await;
        let answer = browser.sign_in(&page, "anne.dupont").await.answer();
        assert_eq!(answer.to, LIBRARY_ACS);
    }

    /// How `/readyz` says that it stands with the source: ready, its state, whether a version is held.
    async fn source(&self) -> (bool, String, bool) {
        let body = self.live_browser().open("/readyz").await.body;
        let told: Value = serde_json::from_str(&body).unwrap();
        let source = &told["metadata_sources"]["wiki"];
        (
            told["ready"].as_bool().unwrap(),
            source["state"].as_str().unwrap().to_owned(),
            source["held"].as_bool().unwrap(),
        )
    }

    /// Decides on a version of `name`, as somebody who has looked at it.
    fn decide(&self, name: &str, version: &str, decision: Decision) -> Result<(), DecisionFault> {
        let name = ShortName::parse(name).unwrap();
        let version = Fingerprint::of(version.as_bytes());
        self.live.decide(&name, version, decision, "a test")
    }

    async fn is_at(&self, state: &str, is_held: bool) {
        assert_eq!(self.source().await, (true, state.to_owned(), is_held));
    }
}

#[tokio::test]
async fn iip_md02_r90_sdp_md01_new_keys_are_taken_over_by_themselves_and_old_ones_go() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.started("");
    // Nothing was fetched yet: this provider alone is out, with a page that says so.
    assert!(!bridge.takes(old).await);
    bridge.others_go_on().await;
    bridge.is_at("waiting", false).await;
    refresh(&bridge.live).await;
    assert!(bridge.takes(old).await);
    bridge.is_at("good", false).await;
    // Nobody asks before the time has come.
    bridge.refresh_after(60).await;
    assert_eq!(wiki.asked(), [None]);
    wiki.says(gives(&version(&[old, new]), "\"2\""));
    bridge.refresh_after(300).await;
    assert!(bridge.takes(old).await && bridge.takes(new).await);
    wiki.says(gives(&version(&[new]), "\"3\""));
    bridge.refresh_after(360).await;
    assert!(!bridge.takes(old).await && bridge.takes(new).await);
    bridge.is_at("good", false).await;
    // The same once more costs no body, and its age counts from then.
    bridge.refresh_after(360).await;
    let one = |etag: &str| Some(etag.to_owned());
    assert_eq!(
        wiki.asked(),
        [None, one("\"1\""), one("\"2\""), one("\"3\"")]
    );
    assert!(bridge.takes(new).await);
}

#[tokio::test]
async fn r38_r90_who_is_on_the_way_goes_on_while_another_version_takes_over() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("metadata-refresh-minutes = 10").await;
    let mut browser = bridge.live_browser();
    let request = bridge.request_of(WIKI).redirect_signed(old, None);
    let login = browser.arrive(&request).await;
    wiki.says(gives(&version(&[new, old]), "\"2\""));
    bridge.refresh_after(10).await;
    assert!(bridge.takes(new).await);
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(answer.to, ACS);
    // The configuration is the one of before, and so is everything else.
    let request = bridge.request_of(WIKI).redirect_signed(new, None);
    browser.arrive(&request).await.answer();
}

#[tokio::test]
async fn r91_what_would_give_all_sign_ins_to_somebody_else_is_held_until_somebody_has_looked() {
    let (old, new) = (zoom_key(), intranet_key());
    let good = version(&[old]);
    for (number, changed) in [
        version(&[new]),
        version_with("", &[old], &[OTHER_ACS]),
        version_with("", &[old], &[ACS, OTHER_ACS]),
        good.replace(WIKI, "https://other.example.net/sp"),
        good.replace("AuthnRequestsSigned=\"true\"", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let wiki = Wiki::start(gives(&good, "\"1\""));
        let bridge = wiki.followed("").await;
        assert_ne!(changed, good, "{number}");
        wiki.says(gives(&changed, "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        assert!(
            bridge.takes(old).await && !bridge.takes(new).await,
            "{number}"
        );
        bridge.others_go_on().await;
        // It stays held while the source says nothing else, or nothing at all, and after a restart.
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        wiki.says(Says::Status(500));
        bridge.refresh_after(360).await;
        bridge.is_at("status", true).await;
        let bridge = restarted(bridge);
        bridge.is_at("waiting", true).await;
        assert!(bridge.takes(old).await, "{number}");
        // A source that goes back has nothing held any more.
        wiki.says(gives(&good, "\"1\""));
        refresh(&bridge.live).await;
        bridge.is_at("good", false).await;
    }
}

#[tokio::test]
async fn r91_what_is_held_counts_once_it_is_accepted_and_is_not_brought_up_again_once_refused() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    let two = version(&[new]);
    assert!(bridge.decide("wiki", &two, Decision::Accept).is_err());
    wiki.says(gives(&two, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.decide("wiki", &two, Decision::Refuse).unwrap();
    bridge.is_at("refused", false).await;
    bridge.refresh_after(360).await;
    bridge.is_at("refused", false).await;
    assert!(bridge.takes(old).await && !bridge.takes(new).await);
    assert!(bridge.decide("wiki", &two, Decision::Accept).is_err());
    // After a restart neither.
    let bridge = restarted(bridge);
    refresh(&bridge.live).await;
    bridge.is_at("refused", false).await;
    // Another one is held again, and accepted.
    let three = version(&[library_key()]);
    wiki.says(gives(&three, "\"3\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    bridge.decide("wiki", &three, Decision::Accept).unwrap();
    bridge.is_at("good", false).await;
    assert!(bridge.takes(library_key()).await && !bridge.takes(old).await);
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    let bridge = restarted(bridge);
    assert!(bridge.takes(library_key()).await);
}

#[tokio::test]
async fn r91_what_came_since_somebody_looked_is_neither_accepted_nor_refused_unseen() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    let harmless = version(&[new]);
    wiki.says(gives(&harmless, "\"2\""));
    bridge.refresh_after(360).await;
    let evil = version_with("", &[new], &[OTHER_ACS]);
    wiki.says(gives(&evil, "\"3\""));
    bridge.refresh_after(360).await;
    for decision in [Decision::Accept, Decision::Refuse] {
        let fault = bridge.decide("wiki", &harmless, decision).unwrap_err();
        let told = fault.to_string();
        let other = Fingerprint::of(evil.as_bytes()).to_string();
        assert!(
            told.contains("another version is held") && told.contains(&other),
            "{told}"
        );
        bridge.is_at("held", true).await;
        assert!(bridge.takes(old).await && !bridge.takes(new).await);
    }
    // With the server down neither.
    let Bridge { folder, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let looked_at = Fingerprint::of(harmless.as_bytes()).to_string();
    for word in ["accept", "refuse"] {
        let told = house.sp(&[word, "wiki", &looked_at], "").await;
        told.fails("another version is held");
        // A short beginning of it can be had of two documents by whoever makes both.
        let told = house
            .sp(&[word, "wiki", looked_at.get(..12).unwrap()], "")
            .await;
        assert_eq!(told.status, 2, "{told:?}");
        assert!(told.errors.contains("is not a SHA-256"), "{told:?}");
    }
    let copy = fs::read_to_string(house.file("state/metadata/wiki.xml")).unwrap();
    assert_eq!(copy, version(&[old]));
}

#[tokio::test]
async fn r91_with_the_server_down_the_commands_show_what_is_held_and_take_it() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    wiki.says(gives(&version(&[new]), "\"2\""));
    bridge.refresh_after(360).await;
    let Bridge { folder, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let config = house.path.to_str().unwrap();
    let (is_good, told) = run(PROGRAM, &["status", "--config", config], &[]);
    assert!(!is_good, "{told}");
    assert!(
        told.contains("sp.wiki: a version of its metadata is held"),
        "{told}"
    );
    let told = house.sp(&["diff", "wiki", "--held"], "").await;
    told.is_good();
    assert!(told.out.contains("HELD  ALL keys for signing"), "{told:?}");
    let sha256 = Fingerprint::of(version(&[new]).as_bytes()).to_string();
    assert!(told.out.contains(&sha256), "{told:?}");
    house.sp(&["accept", "wiki", &sha256], "").await.is_good();
    let told = house.sp(&["diff", "wiki", "--held"], "").await;
    told.fails("no version of the metadata of wiki is held");
    let told = house.sp(&["refuse", "wiki", &sha256], "").await;
    told.fails("no version of its metadata is held");
    let told = house
        .sp(&["add", "wiki", "--replace", "--metadata", "-"], "")
        .await;
    told.fails("comes from its metadata-url");
    let Setup { start, .. } = Setup::new();
    let House { folder, path } = house;
    let bridge = Bridge::load(folder, &path, 3, start);
    assert!(bridge.takes(new).await && !bridge.takes(old).await);
}

#[tokio::test]
async fn breach_of_iip_md02_sdp_md01_r90_r93_what_cannot_be_taken_changes_nothing_and_is_told() {
    let key = zoom_key();
    let good = version(&[key]);
    let wiki = Wiki::start(gives(&good, "\"1\""));
    let bridge = wiki.followed("").await;
    let ended = version_with("validUntil=\"2026-11-26T07:00:00Z\"", &[key], &[ACS]);
    let truncated = good.replace("</md:EntityDescriptor>", "");
    let too_long = format!("{good}{}", " ".repeat(4 * 1024 * 1024));
    let as_library = good.replace(WIKI, LIBRARY);
    for (says, state) in [
        (gives(&truncated, "\"a\""), "unusable"),
        (gives("", "\"b\""), "unusable"),
        (gives("<!DOCTYPE html><p>xyzzy</p>", "\"c\""), "unusable"),
        (gives(&ended, "\"d\""), "expired"),
        (gives(&too_long, "\"e\""), "too-long"),
        (Says::Status(500), "status"),
        (Says::Status(404), "status"),
        // To a condition that nobody made.
        (Says::Status(304), "status"),
        (Says::To("https://evil.example/metadata"), "redirected"),
        (Says::To("https://10.0.0.1/metadata"), "redirected"),
        (Says::To("http://169.254.169.254/latest"), "redirected"),
        (Says::To("http://localhost/"), "redirected"),
        (Says::To("https://["), "redirected"),
        // Of another provider's name: held, and not to be had even so.
        (gives(&as_library, "\"f\""), "held"),
    ] {
        wiki.says(says);
        // Long enough for whatever pause there is after failures.
        bridge.refresh_after(24 * 60).await;
        let is_held = state == "held";
        bridge.is_at(state, is_held).await;
        assert!(bridge.takes(key).await, "{state}");
        bridge.others_go_on().await;
    }
    let fault = bridge.decide("wiki", &as_library, Decision::Accept);
    assert!(fault.unwrap_err().to_string().contains("unfit"));
    bridge.others_go_on().await;
    let told = Router::new().fallback_service(bridge.live.metrics());
    let told = read(told, "/metrics").await;
    for line in [
        "passerelle_metadata_source_state{sp=\"wiki\",state=\"held\"} 1",
        "passerelle_metadata_source_held{sp=\"wiki\"} 1",
        "passerelle_metadata_source_answers_total{sp=\"wiki\",state=\"unusable\"} 3",
        "passerelle_metadata_source_answers_total{sp=\"wiki\",state=\"redirected\"} 5",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains(SECRET) && !told.contains("evil.example"));
    // It comes back.
    wiki.says(gives(&good, "\"1\""));
    bridge.refresh_after(24 * 60).await;
    bridge.is_at("good", false).await;
}

async fn read(router: Router, path: &str) -> String {
    use tower::ServiceExt as _;
    let request = axum::http::Request::get(path).body(axum::body::Body::empty());
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1024 * 1024).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn r93_a_source_that_hangs_keeps_neither_sign_ins_nor_another_source_waiting() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let bridge = Arc::new(wiki.followed("").await);
    wiki.says(Says::Nothing);
    bridge.wait(360);
    let asking = Arc::clone(&bridge);
    let asked = tokio::spawn(async move { refresh(&asking.live).await });
    while wiki.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(bridge.takes(key).await && !asked.is_finished());
    bridge.others_go_on().await;
    asked.await.unwrap();
    bridge.is_at("timeout", false).await;
    assert!(bridge.takes(key).await);
}

#[tokio::test]
async fn r90_at_a_start_without_an_answer_the_last_good_copy_counts_until_it_is_too_old() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let bridge = wiki.followed("metadata-max-age-days = 2").await;
    // Asked again, it counts from then.
    bridge.refresh_after(24 * 60).await;
    let folder = bridge.folder.path().to_owned();
    // Nobody is there any more.
    Wiki::setup(1, "metadata-max-age-days = 2").write_to(&folder);
    let bridge = restarted(bridge);
    bridge.refresh_after(1).await;
    bridge.is_at("unreachable", false).await;
    assert!(bridge.takes(key).await);
    bridge.refresh_after(47 * 60).await;
    assert!(bridge.takes(key).await);
    bridge.refresh_after(60).await;
    let page = { bridge.live_browser() }
        .arrive(&bridge.request_of(WIKI).redirect_signed(key, None))
        .await;
    page.stops(403, "provider-ended");
    bridge.others_go_on().await;
    // It comes back under its own address, and with it the provider.
    Wiki::setup(wiki.port, "metadata-max-age-days = 2").write_to(&folder);
    bridge.live.reload("a test").unwrap();
    refresh(&bridge.live).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(key).await);
}

#[tokio::test]
async fn r90_the_end_of_what_is_fetched_is_to_be_seen_to_once_half_of_its_age_went_by_unanswered() {
    let wiki = Wiki::start(gives(
        &version_with("validUntil=\"9999-01-01T00:00:00Z\"", &[zoom_key()], &[ACS]),
        "\"1\"",
    ));
    let bridge = wiki.followed("").await;
    let ends = || {
        let duties = Answers::status(&*bridge.live).duties;
        let mut of_wiki = duties.iter().filter(|duty| duty.whom == "sp.wiki");
        of_wiki.any(|duty| duty.what.contains("its metadata ends"))
    };
    assert!(!ends());
    bridge.wait(16 * 24 * 60);
    assert!(ends());
    bridge.refresh_after(0).await;
    assert!(!ends());
}

#[tokio::test]
async fn iip_md02_r90_a_source_is_asked_again_as_often_as_its_metadata_or_the_administrator_says() {
    let key = zoom_key();
    for (attributes, lines, not_yet, then) in [
        ("cacheDuration=\"PT1H\"", "", 53, 8),
        ("cacheDuration=\"PT0S\"", "", 4, 2),
        ("cacheDuration=\"P1Y\"", "", 21 * 60, 4 * 60),
        ("", "", 5 * 60, 61),
        (
            "cacheDuration=\"PT1H\"",
            "metadata-refresh-minutes = 10",
            8,
            3,
        ),
        ("validUntil=\"2026-11-26T10:00:00Z\"", "", 53, 8),
    ] {
        let text = version_with(attributes, &[key], &[ACS]);
        let wiki = Wiki::start(gives(&text, "\"1\""));
        let bridge = wiki.followed(lines).await;
        bridge.refresh_after(not_yet).await;
        assert_eq!(wiki.asked().len(), 1, "{attributes} {lines}");
        bridge.refresh_after(then).await;
        assert_eq!(wiki.asked().len(), 2, "{attributes} {lines}");
        bridge.is_at("good", false).await;
    }
    // One that fails is asked again soon, and then less and less often.
    let wiki = Wiki::start(Says::Status(500));
    let bridge = wiki.followed("").await;
    for minutes in [1, 2, 4, 8, 16] {
        let before = wiki.asked().len();
        bridge.refresh_after(minutes).await;
        assert_eq!(wiki.asked().len(), before + 1, "{minutes}");
        refresh(&bridge.live).await;
        assert_eq!(wiki.asked().len(), before + 1, "{minutes}");
    }
}

/// The text, signed by xmlsec1 with `key`.
fn signed(text: &str, key: &Key) -> String {
    let unfilled = Unfilled::of("_m").xml();
    let with_id = text.replacen(
        "<md:EntityDescriptor ",
        "<md:EntityDescriptor ID=\"_m\" ",
        1,
    );
    let unsigned = with_id.replacen("<md:SPSSO", &format!("{unfilled}<md:SPSSO"), 1);
    let root = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
    let pem = key.private_pem();
    xmlsec1_sign_root(&unsigned, root, ("--privkey-pem", pem.as_bytes()))
}

fn pinned(bridge: &Bridge, key: &Key) -> PathBuf {
    write(bridge.folder.path(), "signer.pem", &key.certificate_pem())
}

#[tokio::test]
async fn iip_md03_sdp_md02_r90_metadata_that_must_be_signed_is_taken_of_whoever_signs_it() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&signed(&version(&[key]), idp_key()), "\"1\""));
    // The certificate of the test's own signer stands in the folder already.
    let bridge = wiki.followed("metadata-signed-by = 'idp.crt'").await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(key).await);
    let both = signed(&version(&[key, library_key()]), idp_key());
    wiki.says(gives(&both, "\"2\""));
    bridge.refresh_after(360).await;
    assert!(bridge.takes(library_key()).await);
    assert!(restarted(bridge).takes(key).await);
}

#[tokio::test]
async fn breach_of_iip_md03_sdp_md02_r90_metadata_that_is_not_signed_by_that_key_is_not_taken() {
    let key = zoom_key();
    let good = signed(&version(&[key]), idp_key());
    let wiki = Wiki::start(gives(&good, "\"1\""));
    let bridge = wiki.followed("metadata-signed-by = 'idp.crt'").await;
    let more = version(&[key, library_key()]);
    for text in [
        more.clone(),
        signed(&more, library_key()),
        good.replace(
            "Location=\"https://artifact.example.net/",
            "Location=\"https://evil.example/",
        ),
        // The signed one, wrapped: what counts is what was signed.
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}</md:EntitiesDescriptor>",
            good.split_once("?>\n").unwrap().1
        ),
    ] {
        wiki.says(gives(&text, "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("unsigned", false).await;
        assert!(bridge.takes(key).await && !bridge.takes(library_key()).await);
    }
    // Another key is pinned: the copy from before does not count, and nothing takes its place.
    pinned(&bridge, library_key());
    let path = bridge.folder.path().join("passerelle.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("'idp.crt'", "'signer.pem'")).unwrap();
    let bridge = restarted(bridge);
    assert!(!bridge.takes(key).await);
    bridge.others_go_on().await;
}

#[tokio::test]
async fn r91_a_provider_that_is_added_to_be_followed_counts_as_somebody_saw_it_and_is_asked_from_then_on()
 {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let house = House::of(&Setup {
        server: Wiki::setup(1, "").server,
        ..Setup::new()
    });
    let state = house.file("state");
    let ca = house.brings("ca.pem", &String::from_utf8(wiki.authority.pem()).unwrap());
    let url = format!("https://localhost:{}/metadata", wiki.port);
    let words = [
        "add",
        "wiki",
        "--metadata",
        &url,
        "--ca",
        &ca,
        "--allow-private",
        "--follow",
        "--yes",
    ];
    let before = house.files();
    // What was taken is kept in the folder of the service: without one, nothing is written.
    house.sp(&words, "").await.fails("state");
    assert_eq!(house.files(), before);
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let file = house.brings("wiki.xml", &version(&[key]));
    let of_a_file = ["add", "wiki", "--metadata", &file, "--follow", "--yes"];
    house
        .sp(&of_a_file, "")
        .await
        .fails("--follow takes an https address");
    house.sp(&words, "").await.is_good();
    let text = house.text();
    for line in [
        &*format!("metadata-url = \"{url}\"\n"),
        &format!("metadata-ca = \"{ca}\"\n"),
        "metadata-private = true\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("wiki.xml"), "{text}");
    let copy = state.join("metadata/wiki.xml");
    assert_eq!(
        fs::metadata(copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // What it gives by the time at which the server starts is compared with what somebody saw.
    wiki.says(gives(&version(&[library_key()]), "\"2\""));
    let House { folder, path } = house;
    let Setup { seed, start, .. } = Setup::new();
    let bridge = Bridge::load(folder, &path, seed, start);
    assert!(bridge.takes(key).await);
    refresh(&bridge.live).await;
    bridge.is_at("held", true).await;
    assert!(bridge.takes(key).await);
}

/// A server that watches the folder of all its files.
fn watching() -> Bridge {
    let house = House::of(&Setup {
        server: "listen = '127.0.0.1:0'\ntrusted-proxies = ['127.0.0.1']\nstate-folder = 'state'"
            .to_owned(),
        more: "[metadata]\nfolder = '.'\n".to_owned(),
        ..Setup::new()
    });
    let state = house.file("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let Setup { seed, start, .. } = Setup::new();
    let House { folder, path } = house;
    Bridge::load(folder, &path, seed, start)
}

impl Bridge {
    /// Puts another version in the place of the library's file, and waits until it is looked at.
    async fn library_becomes(&self, text: &str) {
        let folder = self.folder.path();
        write(folder, "new.xml", text);
        fs::rename(folder.join("new.xml"), folder.join("library.xml")).unwrap();
        self.wait_seconds(5);
        refresh(&self.live).await;
    }

    /// How it stands with the library: its source, whether a version is held, and whether a request that is
    /// signed with `key` is taken.
    async fn library(&self, key: &Key) -> (String, bool, bool) {
        let mut browser = self.live_browser();
        let told: Value = serde_json::from_str(&browser.open("/readyz").await.body).unwrap();
        let source = &told["metadata_sources"]["library"];
        let request = self.request_of(LIBRARY).redirect_signed(key, None);
        let page = browser.arrive(&request).await;
        (
            source["state"].as_str().unwrap().to_owned(),
            source["held"].as_bool().unwrap(),
            page.kind() == "login",
        )
    }
}

#[tokio::test]
async fn r90_r91_a_file_of_the_watched_folder_is_read_anew_by_itself_and_held_likewise() {
    let (old, new) = (library_key(), intranet_key());
    let bridge = watching();
    refresh(&bridge.live).await;
    let good = |is_held| ("good".to_owned(), is_held, true);
    assert_eq!(bridge.library(old).await, good(false));
    let one = metadata(LIBRARY, "", old, &[LIBRARY_ACS]);
    let two = metadata(LIBRARY, "", new, &[LIBRARY_ACS]);
    // Beside the old key, as it is rolled over.
    let descriptor = two.split_once("<md:KeyDescriptor").unwrap().1;
    let descriptor = descriptor.split_once("</md:KeyDescriptor>").unwrap().0;
    let both = one.replacen(
        "<md:AssertionConsumerService",
        &format!("<md:KeyDescriptor{descriptor}</md:KeyDescriptor><md:AssertionConsumerService"),
        1,
    );
    bridge.library_becomes(&both).await;
    assert_eq!(bridge.library(new).await, good(false));
    for broken in [&*both.replace("</md:EntityDescriptor>", ""), ""] {
        bridge.library_becomes(broken).await;
        let told = ("unusable".to_owned(), false, true);
        assert_eq!(bridge.library(new).await, told);
    }
    fs::remove_file(bridge.folder.path().join("library.xml")).unwrap();
    bridge.wait_seconds(5);
    refresh(&bridge.live).await;
    let told = ("unreadable".to_owned(), false, true);
    assert_eq!(bridge.library(old).await, told);
    bridge.library_becomes(&one).await;
    assert_eq!(bridge.library(old).await, good(false));
    // All keys at once are held, and stay so after a start.
    bridge.library_becomes(&two).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    let bridge = restarted(bridge);
    assert_eq!(
        bridge.library(old).await,
        ("waiting".to_owned(), true, true)
    );
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    // It is compared with what counts, and not with itself.
    let Bridge { folder, clock, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let told = house.sp(&["diff", "library", "--held"], "").await;
    assert!(told.out.contains("HELD  ALL keys for signing"), "{told:?}");
    let House { folder, path } = house;
    let bridge = Bridge::load(
        folder,
        &path,
        4,
        passerelle::sys::clock::Clock::now(&*clock),
    );
    refresh(&bridge.live).await;
    bridge.decide("library", &two, Decision::Accept).unwrap();
    assert_eq!(bridge.library(new).await, good(false));
    let bridge = restarted(bridge);
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(new).await, good(false));
    assert!(!bridge.library(old).await.2);
}

#[tokio::test]
async fn r91_a_watched_file_that_is_held_is_not_taken_at_a_reload_or_a_start_once_a_byte_of_it_changed()
 {
    let (old, new) = (library_key(), intranet_key());
    let bridge = watching();
    refresh(&bridge.live).await;
    let two = metadata(LIBRARY, "", new, &[LIBRARY_ACS]);
    bridge.library_becomes(&two).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    let folder = bridge.folder.path().to_owned();
    // Before anybody glances at it.
    write(&folder, "library.xml", &format!("{two}\n"));
    bridge.live.reload("a test").unwrap();
    assert!(bridge.library(old).await.2 && !bridge.library(new).await.2);
    bridge.wait_seconds(5);
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    // While no server runs, and although what waits is not to be found any more.
    fs::remove_file(folder.join("state/held/library.xml")).unwrap();
    write(&folder, "library.xml", &format!("{two}\n\n"));
    let bridge = restarted(bridge);
    assert!(bridge.library(old).await.2 && !bridge.library(new).await.2);
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    // What counts is as it was, and goes on once the file does.
    let one = metadata(LIBRARY, "", old, &[LIBRARY_ACS]);
    bridge.library_becomes(&one).await;
    assert_eq!(bridge.library(old).await, ("good".to_owned(), false, true));
}

#[tokio::test]
async fn r91_a_copy_that_is_gone_or_cannot_be_read_makes_no_version_the_first_one() {
    let (old, new) = (zoom_key(), intranet_key());
    for is_gone in [true, false] {
        let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
        let bridge = wiki.followed("").await;
        let copy = bridge.folder.path().join("state/metadata/wiki.xml");
        fs::remove_file(&copy).unwrap();
        if !is_gone {
            fs::create_dir(&copy).unwrap();
        }
        wiki.says(gives(&version(&[new]), "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        assert!(bridge.takes(old).await && !bridge.takes(new).await);
        if !is_gone {
            // After a start nothing counts, and nothing is taken unseen.
            let bridge = restarted(bridge);
            refresh(&bridge.live).await;
            bridge.is_at("held", true).await;
            assert!(!bridge.takes(new).await);
        }
    }
}

/// A pipe in the place of a file: nobody writes to it.
fn pipe_at(path: &Path) {
    fs::remove_file(path).unwrap();
    let (is_good, told) = run("mkfifo", &[path.to_str().unwrap()], &[]);
    assert!(is_good, "{told}");
}

#[tokio::test]
async fn r90_a_pipe_in_the_watched_folder_keeps_neither_a_glance_nor_a_reload_waiting() {
    let key = library_key();
    let bridge = watching();
    refresh(&bridge.live).await;
    pipe_at(&bridge.folder.path().join("library.xml"));
    bridge.wait_seconds(5);
    refresh(&bridge.live).await;
    let told = ("unreadable".to_owned(), false, true);
    assert_eq!(bridge.library(key).await, told);
    let faults = bridge.live.reload("a test").unwrap_err();
    assert!(faults[0].what.contains("is not a file"), "{faults:?}");
    assert!(bridge.library(key).await.2);
}

#[tokio::test]
async fn r91_the_running_server_says_what_is_held_and_takes_it_when_it_is_told_to() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[new]), "\"2\""));
    let house = wiki.house("");
    let copies = house.file("state/metadata");
    fs::create_dir(&copies).unwrap();
    write(&copies, "wiki.xml", &version(&[old]));
    let program = Path::new(PROGRAM);
    let server = Server::start("passerelle", program, house.folder.path(), |command| {
        command.arg("serve").arg("--config").arg(&house.path);
    });
    let of_wiki = "\"sp.short_name\":\"wiki\"";
    server
        .says(&["a version of metadata is held", of_wiki])
        .await;
    let status = || {
        let config = house.path.to_str().unwrap();
        run(PROGRAM, &["status", "--config", config], &[]).1
    };
    let told = status();
    assert!(told.contains("sp.wiki: its source is held"), "{told}");
    assert!(
        told.contains("sp.wiki: a version of its metadata is held"),
        "{told}"
    );
    let sha256 = Fingerprint::of(version(&[new]).as_bytes()).to_string();
    assert!(told.contains(&sha256), "{told}");
    let before = Fingerprint::of(version(&[old]).as_bytes()).to_string();
    let other = Fingerprint::of(b"another").to_string();
    let told = house.sp(&["accept", "wiki", &other], "").await;
    told.fails("another version is held");
    house.sp(&["accept", "wiki", &sha256], "").await.is_good();
    server
        .says(&["was decided on", of_wiki, &sha256, "\"asked.by\":\"user "])
        .await;
    let (before, after) = (
        format!("\"before.sha256\":\"{before}"),
        format!("\"version.sha256\":\"{sha256}"),
    );
    server
        .says(&[
            "\"event\":\"metadata-taken\"",
            &before,
            &after,
            "ALL keys for signing",
            "\"asked.by\":\"user ",
        ])
        .await;
    let told = status();
    assert!(told.contains("sp.wiki: its source is good"), "{told}");
    assert!(!told.contains("held"), "{told}");
    let copy = fs::read_to_string(copies.join("wiki.xml")).unwrap();
    assert_eq!(copy, version(&[new]));
    let told = house.sp(&["refuse", "wiki", &sha256], "").await;
    told.fails("no version of its metadata is held");
}

#[tokio::test]
async fn r90_r96_a_version_that_our_next_key_cannot_sign_for_does_not_take_a_provider_back_to_the_key_before()
 {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let house = wiki.house("next-key-from = 2020-01-01T00:00:00Z");
    write_made_key(house.folder.path(), "next", NewKey::EcP256);
    let next = edit::set_next_key(&house.text(), "next.pem".as_ref()).unwrap();
    fs::write(&house.path, next).unwrap();
    let House { folder, path } = house;
    let Setup { seed, start, .. } = Setup::new();
    let bridge = Bridge::load(folder, &path, seed, start);
    refresh(&bridge.live).await;
    let is_signed_by_the_next_key = async || {
        let mut browser = bridge.live_browser();
        let request = bridge.request_of(WIKI).redirect_signed(key, None);
        let page = browser.arrive(&request).await;
        let answer = browser.sign_in(&page, "anne.dupont").await.answer();
        let certificate = bridge.folder.path().join("next.crt");
        let verdict = xmlsec1_verify(&answer.xml, &certificate, SignedElement::Response);
        assert!(verdict.is_ok(), "{verdict:?}");
    };
    is_signed_by_the_next_key().await;
    let declared = "<md:Extensions><alg:SigningMethod \
                    xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\" \
                    Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/></md:Extensions>";
    let role = "<md:KeyDescriptor";
    let rsa_alone = version(&[key]).replacen(role, &format!("{declared}{role}"), 1);
    wiki.says(gives(&rsa_alone, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.is_at("unfit", false).await;
    is_signed_by_the_next_key().await;
}
