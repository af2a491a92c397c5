//! A provider that is registered by an address: a real server over TLS rotates its metadata, breaks, hangs,
//! sends us elsewhere, and comes back, while people sign in to it and to others.

#[cfg(test)]
mod held;
#[cfg(test)]
mod large;
#[cfg(test)]
mod query;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod taking;
#[cfg(test)]
mod validity;
#[cfg(test)]
mod watched;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use passerelle::{
    app::follow::{Decision, DecisionFault, refresh},
    model::{fingerprint::Fingerprint, short_name::ShortName},
};
use serde_json::Value;

use crate::{
    bridge::{Bridge, LIBRARY, LIBRARY_ACS, Setup, keys::Key, make_own_folder, metadata},
    lab::{cas_script::serve, keys::Authority},
    sp::House,
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
    /// Its path, and what it accepts.
    questions: Mutex<Vec<(String, String)>>,
}

async fn answer(State(script): State<Arc<Script>>, uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers[header::ACCEPT].to_str().unwrap().to_owned();
    let question = (uri.path().to_owned(), accepted);
    script.questions.lock().unwrap().push(question);
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
            questions: Mutex::default(),
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

    /// The path of each question.
    fn paths(&self) -> Vec<String> {
        let questions = self.script.questions.lock().unwrap();
        questions.iter().map(|(path, _)| path.clone()).collect()
    }

    /// What the last question accepts.
    fn accepted(&self) -> String {
        let questions = self.script.questions.lock().unwrap();
        questions.last().unwrap().1.clone()
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
        make_own_folder(&state);
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
