//! Nodes before Redis servers of which one takes another's place: people sign in all the while, and who has signed in
//! before is still known.

mod examples;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bridge::{Bridge, LIBRARY, Setup, ZOOM, browser::Browser, log::Log},
    lab::{
        keys::Authority,
        redis_topology::{self as topology, Cluster, MASTER, Sentinels, Words},
        until::until,
    },
    shared_store::{at, signs_in, told, until_it_answers, visit},
};

/// The lines of `[store]` that name these servers.
fn addresses(scheme: &str, nodes: &[topology::Node]) -> String {
    let urls: Vec<_> = nodes
        .iter()
        .map(|node| format!("'{scheme}://localhost:{}'", node.port))
        .collect();
    format!("[{}]", urls.join(", "))
}

fn under(lab: &Sentinels) -> String {
    let sentinels = addresses("redis", &lab.sentinels);
    format!("sentinels = {sentinels}\nmaster = '{MASTER}'")
}

fn within(lab: &Cluster) -> String {
    format!("cluster = {}", addresses("redis", &lab.servers))
}

fn node(lines: &str, seed: u64) -> Bridge {
    let setup = Setup {
        seed,
        more: format!("[store]\ntimeout-milliseconds = 2000\n{lines}"),
        ..Setup::new()
    };
    setup.build()
}

/// Two nodes, and a browser that somebody has signed in with at the first one, with all of it replicated.
async fn two_nodes(lines: &str, servers: &[topology::Node]) -> (Bridge, Bridge, Browser) {
    let (one, other) = (node(lines, 1), node(lines, 2));
    for node in [&one, &other] {
        signs_in(node, "luc.bernard").await;
        until_it_answers(node).await;
    }
    let browser = signs_in(&one, "anne.dupont").await;
    topology::until_replicated(servers).await;
    (one, other, browser)
}

/// Who signs in all the while, each at one place at a time: where the server goes away between a guess and its being
/// right, the guess stays counted there, and five of them are free.
const PEOPLE: [&str; 4] = [
    "anne.dupont",
    "luc.bernard",
    "ines.benali",
    "compte.gratuit",
];

/// Has people sign in at both nodes, several at one time, until both say that the servers answer, and that they did not
/// before.
async fn people_sign_in_until_it_answers(one: &Bridge, other: &Bridge) {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let nodes = [one, other].into_iter().cycle();
        join_all(nodes.zip(PEOPLE).map(|(node, login)| signs_in(node, login))).await;
        let told = [told(one).await, told(other).await];
        let is_back = |told: &Value| told["answers"] == true && told["unanswered"] != 0;
        if told.iter().all(is_back) {
            return;
        }
        assert!(Instant::now() < deadline, "{told:?}");
    }
}

/// Whoever has signed in before, and whoever does so now at one node, is known at the other one.
async fn sessions_are_known(one: &Bridge, other: &Bridge, before: &Browser) {
    for browser in [before.clone(), signs_in(one, "luc.bernard").await] {
        for node in [one, other] {
            let page = visit(node, &mut at(node, &browser), LIBRARY).await;
            assert_eq!(page.kind(), "post");
        }
    }
}

/// How a server goes away.
#[derive(Clone, Copy)]
enum Goes {
    /// At once, with what it held.
    Killed,
    /// With its connections open, as one that hangs.
    Stopped,
}

impl Goes {
    fn away(self, node: &mut topology::Node) {
        match self {
            Self::Killed => node.redis.kill(),
            Self::Stopped => node.redis.pause(),
        }
    }

    async fn comes_back(self, node: &mut topology::Node) {
        match self {
            Self::Killed => node.redis.start_again().await,
            Self::Stopped => node.redis.go_on(),
        }
    }
}

async fn a_master_of_sentinels_goes(goes: Goes) {
    let mut lab = Sentinels::start(Words::default()).await;
    let (one, other, before) = two_nodes(&under(&lab), &lab.servers).await;
    goes.away(&mut lab.servers[0]);
    people_sign_in_until_it_answers(&one, &other).await;
    sessions_are_known(&one, &other, &before).await;
    goes.comes_back(&mut lab.servers[0]).await;
    // It takes connections, and takes itself for the master at first.
    sessions_are_known(&one, &other, &before).await;
    until("it follows the new one", async || {
        topology::role(&lab.servers[0]) == "slave"
    })
    .await;
    sessions_are_known(&one, &other, &before).await;
}

async fn a_master_of_a_cluster_goes(goes: Goes) {
    let mut lab = Cluster::start(Words::default()).await;
    let (one, other, before) = two_nodes(&within(&lab), &lab.servers).await;
    // The one that every sign-in asks.
    let gone = lab.master_of("passerelle:{sessions}:ends");
    goes.away(&mut lab.servers[gone]);
    people_sign_in_until_it_answers(&one, &other).await;
    sessions_are_known(&one, &other, &before).await;
    goes.comes_back(&mut lab.servers[gone]).await;
    sessions_are_known(&one, &other, &before).await;
    until("it follows the new one", async || {
        topology::role(&lab.servers[gone]) == "slave"
    })
    .await;
    sessions_are_known(&one, &other, &before).await;
}

#[tokio::test]
async fn r33_when_the_master_is_killed_people_sign_in_and_the_one_that_sentinels_promote_is_used() {
    a_master_of_sentinels_goes(Goes::Killed).await;
}

#[tokio::test]
async fn r33_when_the_master_hangs_people_sign_in_and_the_one_that_sentinels_promote_is_used() {
    a_master_of_sentinels_goes(Goes::Stopped).await;
}

#[tokio::test]
async fn r33_when_a_master_of_a_cluster_is_killed_people_sign_in_and_its_replica_is_used() {
    a_master_of_a_cluster_goes(Goes::Killed).await;
}

#[tokio::test]
async fn r33_when_a_master_of_a_cluster_hangs_people_sign_in_and_its_replica_is_used() {
    a_master_of_a_cluster_goes(Goes::Stopped).await;
}

/// Keys and passwords of servers that speak TLS, and that know us by an account.
struct Secured {
    folder: TempDir,
    tls: Vec<String>,
}

const STORES: &str =
    "passerelle on >STORE-PASSWORD ~passerelle:* +@all -@admin +cluster|info +cluster|slots";
const NAMES: &str =
    "passerelle on >SENTINEL-PASSWORD resetchannels +sentinel|get-master-addr-by-name";

impl Secured {
    fn new() -> Self {
        let authority = Authority::new("University");
        let key = authority.vouch_for("localhost");
        let folder = tempfile::tempdir().unwrap();
        let tls = [
            ("--tls-ca-cert-file", "ca.pem", &authority.pem()),
            ("--tls-cert-file", "redis.crt", &key.certificate),
            ("--tls-key-file", "redis.key", &key.key),
        ];
        let tls =
            tls.map(|(word, name, content)| [word.to_owned(), write(folder.path(), name, content)]);
        let mut tls = tls.concat();
        tls.extend(["--tls-auth-clients", "no"].map(str::to_owned));
        for (name, password) in [
            ("store", "STORE-PASSWORD"),
            ("sentinel", "SENTINEL-PASSWORD"),
        ] {
            let file = write(folder.path(), name, password.as_bytes());
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o400);
            fs::set_permissions(file, mode).unwrap();
        }
        Self { folder, tls }
    }

    fn lines(&self, lines: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "{lines}\nca = '{folder}/ca.pem'\nuser = 'passerelle'\npassword-file = '{folder}/store'"
        )
    }
}

fn write(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn words(text: &str) -> Vec<&str> {
    ["--user"].into_iter().chain(text.split(' ')).collect()
}

#[tokio::test]
async fn r126_sentinels_and_the_master_that_they_name_are_asked_over_tls_each_by_its_own_account() {
    let secured = Secured::new();
    let tls: Vec<_> = secured.tls.iter().map(String::as_str).collect();
    let lab = Sentinels::start(Words {
        server: &words(STORES),
        sentinel: &words(NAMES),
        tls: &tls,
        ..Words::default()
    })
    .await;
    let sentinels = addresses("rediss", &lab.sentinels);
    let folder = secured.folder.path().display();
    let lines = secured.lines(&format!("sentinels = {sentinels}\nmaster = '{MASTER}'"));
    let account =
        format!("sentinel-user = 'passerelle'\nsentinel-password-file = '{folder}/sentinel'");
    let one = node(&format!("{lines}\n{account}"), 1);
    let mut browser = signs_in(&one, "anne.dupont").await;
    until_it_answers(&one).await;
    let mut browser_after = signs_in(&one, "anne.dupont").await;
    assert_eq!(visit(&one, &mut browser_after, ZOOM).await.kind(), "post");
    // Whom the Sentinels do not know has no store.
    let account = account.replace("/sentinel'", "/store'");
    let log = Log::start();
    let refused = node(&format!("{lines}\n{account}"), 2);
    browser = at(&refused, &browser);
    assert_eq!(visit(&refused, &mut browser, ZOOM).await.kind(), "login");
    assert_eq!(told(&refused).await["answers"], false);
    until("it is told which of them it was", async || {
        let text = log.text();
        let mut ports = lab.sentinels.iter().map(|it| it.port);
        ports.any(|port| text.contains(&format!("\"rediss://localhost:{port}\"")))
    })
    .await;
}

#[tokio::test]
async fn r33_a_cluster_without_a_server_for_some_slot_is_said_not_to_answer() {
    let lab = Cluster::start(Words {
        server: &["--cluster-require-full-coverage", "no"],
        ..Words::default()
    })
    .await;
    let node = node(&within(&lab), 1);
    signs_in(&node, "anne.dupont").await;
    until_it_answers(&node).await;
    let log = Log::start();
    for server in &lab.servers {
        server.redis.told(&["CLUSTER", "DELSLOTS", "0"]);
    }
    until("it is seen", async || told(&node).await["answers"] == false).await;
    assert_eq!(log.text().matches("no server for some slots").count(), 1);
    signs_in(&node, "anne.dupont").await;
}

#[tokio::test]
async fn r126_each_server_of_a_cluster_is_asked_over_tls_by_our_account() {
    let secured = Secured::new();
    let tls: Vec<_> = secured.tls.iter().map(String::as_str).collect();
    let lab = Cluster::start(Words {
        server: &words(STORES),
        tls: &tls,
        ..Words::default()
    })
    .await;
    let lines = secured.lines(&format!(
        "cluster = {}",
        addresses("rediss", &lab.servers[..1])
    ));
    let (one, other) = (node(&lines, 1), node(&lines, 2));
    for node in [&one, &other] {
        signs_in(node, "luc.bernard").await;
        until_it_answers(node).await;
    }
    let browser = signs_in(&one, "anne.dupont").await;
    sessions_are_known(&one, &other, &browser).await;
}
