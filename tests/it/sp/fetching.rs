//! Metadata that is fetched from an address: a real server over TLS, that rotates, breaks, hangs,
//! sends too much, and sends us elsewhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream::{self, StreamExt as _};
use passerelle::sys::fetch::{Allowed, FetchFault, Fetcher};

use super::House;
use crate::{
    bridge::{
        keys::{Key, library_key, zoom_key},
        metadata,
    },
    lab::{cas_script::serve, keys::Authority},
};

const WIKI: &str = "https://wiki.example.net/sp";
/// What no error may tell.
const SECRET: &str = "xyzzy";

/// A server that does at each path what its name says.
struct Rogue {
    authority: Authority,
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Rogue {
    fn start() -> Self {
        let authority = Authority::new("Wiki");
        let asked = Arc::<AtomicUsize>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&asked));
        let port = serve(&authority.vouch_for("localhost"), router);
        Self {
            authority,
            port,
            asked,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.port)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Fetches in this process, and waits for so long.
    async fn fetch(&self, path: &str, seconds: u64) -> Result<Vec<u8>, FetchFault> {
        let fetcher = Fetcher {
            authorities: Some(self.authority.pem()),
            allowed: Allowed {
                lab: true,
                private: false,
            },
            patience: Duration::from_secs(seconds),
        };
        fetcher
            .fetch(&self.url(path).parse().unwrap(), 10_000)
            .await
    }
}

fn wiki(key: &Key) -> String {
    metadata(WIKI, "", key, &["https://wiki.example.net/acs"])
}

async fn answer(State(asked): State<Arc<AtomicUsize>>, headers: HeaderMap, uri: Uri) -> Response {
    asked.fetch_add(1, Ordering::SeqCst);
    assert!(headers.get(header::COOKIE).is_none());
    let to = |location: &str| {
        let headers = [(header::LOCATION, location.to_owned())];
        let cookie = [(header::SET_COOKIE, "a=b")];
        (StatusCode::FOUND, headers, cookie, SECRET).into_response()
    };
    let part = || stream::iter([Ok::<_, std::io::Error>(SECRET.as_bytes().to_vec())]);
    match uri.path() {
        "/metadata" => wiki(library_key()).into_response(),
        "/rotated" => wiki(zoom_key()).into_response(),
        "/moved" => to("/further"),
        "/further" => to("metadata"),
        "/round-and-round" => to("/round-and-round"),
        "/elsewhere" => to("https://wiki.example.net/metadata"),
        "/other-port" => to("https://localhost:1/metadata"),
        "/downgrade" => to(&format!("http://localhost{}/metadata", uri.path())),
        "/private" => to("https://10.0.0.1/metadata"),
        "/cloud" => to("http://169.254.169.254/latest/meta-data"),
        "/file" => to("file:///etc/passwd"),
        "/nowhere" => to("https://["),
        "/hang" => std::future::pending().await,
        "/stall" => Body::from_stream(part().chain(stream::pending())).into_response(),
        "/break" => {
            let broken = stream::iter([Err(std::io::ErrorKind::BrokenPipe.into())]);
            Body::from_stream(part().chain(broken)).into_response()
        }
        "/endless" => {
            let spaces = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 4096]));
            Body::from_stream(spaces).into_response()
        }
        "/page" => format!("<!DOCTYPE html><p>{SECRET}</p>").into_response(),
        _ => (StatusCode::NOT_FOUND, SECRET).into_response(),
    }
}

#[tokio::test]
async fn r90_r93_metadata_is_fetched_from_a_server_that_is_believed_and_from_no_other() {
    let server = Rogue::start();
    let house = House::lab();
    let pem = String::from_utf8(server.authority.pem()).unwrap();
    let ca = house.brings("ca.pem", &pem);
    let url = server.url("moved");
    let words = ["add", "wiki", "--metadata", &url, "--yes"];
    let before = house.files();
    let told = house.sp(&words, "").await;
    told.fails("no authority vouches for its certificate");
    assert!(told.errors.contains("hint: --ca"), "{told:?}");
    assert_eq!((house.files(), server.asked()), (before, 0));
    let words = [&words[..], &["--ca", &ca]].concat();
    house.sp(&words, "").await.is_good();
    assert_eq!(server.asked(), 3);
    // It has another key by now.
    let url = server.url("rotated");
    let words = ["diff", "wiki", "--metadata", &url, "--ca", &ca];
    let told = house.sp(&words, "").await;
    told.fails("this version would be held");
    assert!(told.out.contains("HELD  ALL keys for signing"), "{told:?}");
    // Nobody is there.
    let words = ["check", "--metadata", "https://localhost:1/", "--ca", &ca];
    let told = house.sp(&words, "").await;
    told.fails("the server cannot be reached");
    assert!(told.errors.contains("hint: no proxy is used"), "{told:?}");
}

#[tokio::test]
async fn r93_the_own_network_is_asked_only_where_somebody_allows_it() {
    let server = Rogue::start();
    let house = House::new();
    let pem = String::from_utf8(server.authority.pem()).unwrap();
    let ca = house.brings("ca.pem", &pem);
    let url = server.url("metadata");
    let words = ["add", "wiki", "--metadata", &url, "--ca", &ca, "--yes"];
    let before = house.files();
    let told = house.sp(&words, "").await;
    told.fails("localhost is not at a public address");
    assert!(told.errors.contains("hint: --allow-private"), "{told:?}");
    assert_eq!((house.files(), server.asked()), (before, 0));
    let http = url.replace("https:", "http:");
    let words_http = ["check", "--metadata", &http, "--allow-private"];
    house
        .sp(&words_http, "")
        .await
        .fails("does not begin with https://");
    // A lab takes http of this machine, which is told neither of another one nor of one that nobody knows.
    let lab = House::lab();
    for address in ["http://10.0.0.1/metadata", "http://sp.invalid/metadata"] {
        let told = lab.sp(&["check", "--metadata", address], "").await;
        told.fails(
            "hint: name its https address, or a file that you downloaded: over plain http anybody",
        );
        assert!(!told.errors.contains("--allow-private"), "{told:?}");
        let is_of_scheme = told.errors.contains("does not begin with https://");
        assert_eq!(is_of_scheme, address.contains("10.0.0.1"), "{told:?}");
    }
    // This machine is asked, and its own fault is told.
    for address in [
        "http://zoom.localhost:1/metadata",
        "http://127.0.0.1:1/metadata",
    ] {
        let told = lab.sp(&["check", "--metadata", address], "").await;
        told.fails("the server cannot be reached");
        assert!(!told.errors.contains("over plain http"), "{told:?}");
    }
    assert_eq!(server.asked(), 0);
    let words = [&words[..], &["--allow-private"]].concat();
    house.sp(&words, "").await.is_good();
}

#[tokio::test]
async fn r93_no_redirect_leads_to_another_host_and_no_answer_is_told_of() {
    let server = Rogue::start();
    for (path, saying, asked) in [
        (
            "elsewhere",
            "the server says that it is at https://wiki.example.net/metadata",
            1,
        ),
        ("other-port", "it is at https://localhost:1/metadata", 1),
        (
            "downgrade",
            "it is at http://localhost/downgrade/metadata",
            1,
        ),
        ("private", "it is at https://10.0.0.1/metadata", 1),
        (
            "cloud",
            "it is at http://169.254.169.254/latest/meta-data",
            1,
        ),
        ("file", "it is at file:///etc/passwd", 1),
        ("nowhere", "sends us on to what is no address", 1),
        ("round-and-round", "sends us on too often", 6),
        ("hang", "does not answer in time", 1),
        ("stall", "does not answer in time", 1),
        ("break", "the server's answer broke off", 1),
        ("endless", "the server's answer is too long", 1),
        ("absent", "answers with status 404", 1),
    ] {
        let before = server.asked();
        // Those that say nothing more are waited for, the others are not.
        let seconds = if saying.contains("in time") { 10 } else { 60 };
        let fault = server.fetch(path, seconds).await.unwrap_err();
        assert!(fault.to_string().contains(saying), "{path}: {fault}");
        assert!(!fault.to_string().contains(SECRET), "{path}: {fault}");
        assert_eq!(server.asked() - before, asked, "{path}");
    }
    // And it comes back.
    assert!(server.fetch("metadata", 60).await.is_ok());
}

#[tokio::test]
async fn r93_what_is_fetched_and_is_no_metadata_is_not_told_and_nothing_is_written() {
    let server = Rogue::start();
    let house = House::lab();
    let pem = String::from_utf8(server.authority.pem()).unwrap();
    let ca = house.brings("ca.pem", &pem);
    let before = house.files();
    for (path, saying) in [
        ("page", "a document type declaration"),
        ("absent", "answers with status 404"),
        (
            "elsewhere",
            "if that is the provider's own address, name it as --metadata",
        ),
        ("endless", "the server's answer is too long"),
    ] {
        let url = server.url(path);
        let words = ["add", "wiki", "--metadata", &url, "--ca", &ca, "--yes"];
        let told = house.sp(&words, "").await;
        told.fails(saying);
        assert!(!format!("{told:?}").contains(SECRET), "{told:?}");
        assert_eq!(house.files(), before, "{path}");
    }
}
