//! Two real servers of one service before one real Redis server: what a command has one of them end is over at both.

use std::fs;

use serde_json::Value;

use crate::{
    bridge::PASSWORD,
    cas::request,
    control::{House, STATE},
    lab::{browser::BrowserSim, process::Server, redis_server::Redis, until::until},
    shared_store::table,
};

/// What runs, until it is dropped. People know both servers by the address of the first one.
struct Nodes {
    houses: [House; 2],
    _servers: [Server; 2],
    _redis: Redis,
}

impl Nodes {
    async fn start() -> Self {
        let redis = Redis::start(&[]).await;
        let (one, mut other) = (House::new(), House::new());
        other.bridge.take_keys(&one.bridge);
        other.bridge.base.clone_from(&one.bridge.base);
        let zoom = fs::read_to_string(one.file.with_file_name("zoom.xml")).unwrap();
        other.bridge.take_metadata("zoom", &zoom);
        let servers = [serves(&one, &redis).await, serves(&other, &redis).await];
        let nodes = Self {
            houses: [one, other],
            _servers: servers,
            _redis: redis,
        };
        for house in &nodes.houses {
            let url = format!("{}/readyz", house.bridge.base).parse().unwrap();
            until("it has found the store", async || {
                let page = at(house, &BrowserSim::new()).open(&url).await;
                let told: Value = serde_json::from_str(&page.body).unwrap();
                told["store"]["answers"] == true
            })
            .await;
        }
        nodes
    }
}

/// Starts a server, which keeps its socket to itself and shares its store.
async fn serves(house: &House, redis: &Redis) -> Server {
    let store = format!("{}\n\n[authn.local]", table(redis));
    let unsigned = "[sp.zoom]\nrequire-signed-requests = false";
    house
        .bridge
        .start_with(&[STATE, ("[authn.local]", &store), ("[sp.zoom]", unsigned)])
        .await
}

/// The same browser, for which the proxy asks this server from now on.
fn at(house: &House, browser: &BrowserSim) -> BrowserSim {
    BrowserSim {
        asks: Some(house.bridge.port),
        ..browser.clone()
    }
}

async fn signs_in(house: &House, login: &str) -> BrowserSim {
    let mut browser = at(house, &BrowserSim::new());
    let page = browser.open(&request(&house.bridge, &[])).await;
    let form = page.form().with("username", login);
    let page = browser
        .submit(&page, &form.with("password", PASSWORD))
        .await;
    assert_eq!(page.kind().as_deref(), Some("post"), "{}", page.body);
    browser
}

/// Whether the session of that browser answers by itself, or else a password is asked for.
async fn is_signed_in(house: &House, browser: &BrowserSim) -> bool {
    let page = at(house, browser).open(&request(&house.bridge, &[])).await;
    let kind = page.kind();
    assert!(
        matches!(kind.as_deref(), Some("post" | "login")),
        "{page:?}"
    );
    kind.as_deref() == Some("post")
}

/// Who of these two is listed there.
fn listed(house: &House) -> [bool; 2] {
    let (done, said) = house.command(&["session", "list"]);
    assert!(done, "{said}");
    ["anne.dupont", "luc.bernard"].map(|login| said.contains(login))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_revoked_at_one_real_server_is_over_at_the_other_when_the_command_ends() {
    let nodes = Nodes::start().await;
    let [one, other] = &nodes.houses;
    let anne = signs_in(one, "anne.dupont").await;
    let luc = signs_in(other, "luc.bernard").await;
    for node in [other, one] {
        assert!(is_signed_in(node, &anne).await && is_signed_in(node, &luc).await);
        assert_eq!(listed(node), [true, true]);
    }
    let (done, said) = one.command(&["session", "revoke", "--person", "anne.dupont"]);
    assert!(
        done && said.contains("1 session(s) ended, on all nodes"),
        "{said}"
    );
    for node in [other, one] {
        assert!(!is_signed_in(node, &anne).await);
        assert!(is_signed_in(node, &luc).await);
        assert_eq!(listed(node), [false, true]);
    }
}
