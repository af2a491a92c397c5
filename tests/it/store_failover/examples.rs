//! The files of `deploy/redis`, as they stand there: a master, two replicas and three Sentinels, and a Cluster of six, over TLS
//! and with an account for each who asks.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{
    addresses, node, people_sign_in_until_it_answers, sessions_are_known, signs_in,
    until_it_answers, write,
};
use crate::lab::{
    keys::Authority,
    port::free_port,
    redis_server::Redis,
    redis_topology::{MASTER, Node, create_cluster},
    until::until,
};

const REDIS: &str = include_str!("../../../deploy/redis/redis.conf");
const SENTINEL: &str = include_str!("../../../deploy/redis/sentinel.conf");
const CLUSTER: &str = include_str!("../../../deploy/redis/cluster.conf");
const USERS: &str = include_str!("../../../deploy/redis/users.acl");

/// The accounts of the Sentinels at the servers, of whoever looks after them, and of the Sentinels among themselves.
const AT_SERVERS: [&str; 5] = [
    "--no-auth-warning",
    "--user",
    "sentinel",
    "--pass",
    "PASSWORD-OF-SENTINELS",
];
const ADMIN: [&str; 5] = [
    "--no-auth-warning",
    "--user",
    "admin",
    "--pass",
    "PASSWORD-OF-ADMIN",
];
const AMONG_SENTINELS: [&str; 5] = [
    "--no-auth-warning",
    "--user",
    "sentinel",
    "--pass",
    "PASSWORD-AMONG-SENTINELS",
];

/// The file with other names, ports and files; each of these must be in it.
fn changed(file: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(file.to_owned(), |file, (from, to)| {
        assert!(file.contains(from), "{from}");
        file.replace(from, to)
    })
}

/// What it says to a question of this account.
fn said(node: &Node, account: [&str; 5], question: &[&str]) -> String {
    node.redis.told(&[&account, question].concat())
}

/// A server with what stands in the place of the last line of its file.
async fn server(folder: &Path, last: &str) -> Node {
    let (port, bus) = (free_port(), free_port().to_string());
    let (listens, folder) = (format!("tls-port {port}"), folder.to_str().unwrap());
    let file = changed(
        REDIS,
        &[
            ("bind *", "bind 127.0.0.1"),
            ("tls-port 6379", &listens),
            ("/etc/redis", folder),
            (
                "replica-announce-ip redis-1.example.org",
                "replica-announce-ip localhost",
            ),
            ("#replicaof redis-1.example.org 6379", last),
        ],
    );
    let more = ["--repl-diskless-sync-delay", "0", "--cluster-port", &bus];
    Node {
        redis: Redis::start_with(&file, &more).await,
        port,
    }
}

async fn sentinel(folder: &Path, master: u16) -> Node {
    let port = free_port();
    let (listens, watches) = (
        format!("tls-port {port}"),
        format!("monitor sign-in localhost {master} 2"),
    );
    let file = changed(
        SENTINEL,
        &[
            ("tls-port 26379", &listens),
            ("/etc/redis", folder.to_str().unwrap()),
            ("sentinel-1.example.org", "localhost"),
            ("monitor sign-in redis-1.example.org 6379 2", &watches),
            (
                "down-after-milliseconds sign-in 5000",
                "down-after-milliseconds sign-in 500",
            ),
        ],
    );
    Node {
        redis: Redis::start_with(&file, &["--bind", "127.0.0.1", "--sentinel"]).await,
        port,
    }
}

/// What all of them have beside their own file, and the nodes' own passwords.
fn keys_and_accounts() -> TempDir {
    let authority = Authority::new("University");
    let key = authority.vouch_for("localhost");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "redis-ca.pem", &authority.pem());
    write(folder.path(), "redis.crt", &key.certificate);
    write(folder.path(), "redis.key", &key.key);
    write(folder.path(), "users.acl", USERS.as_bytes());
    for (name, password) in [
        ("store", "PASSWORD-OF-PASSERELLE"),
        ("sentinel", "PASSWORD-WITH-SENTINELS"),
    ] {
        let file = write(folder.path(), name, password.as_bytes());
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o400);
        fs::set_permissions(file, mode).unwrap();
    }
    folder
}

#[tokio::test]
async fn r126_the_example_files_of_redis_and_its_sentinels_do_as_they_stand() {
    let files = keys_and_accounts();
    let folder = files.path();
    let mut servers = vec![server(folder, "").await];
    let port = servers[0].port;
    for _ in 0..2 {
        servers.push(server(folder, &format!("replicaof localhost {port}")).await);
    }
    until("the replicas follow", async || {
        let told = said(&servers[0], AT_SERVERS, &["INFO", "replication"]);
        told.matches("state=online").count() == 2
    })
    .await;
    let mut sentinels = Vec::new();
    for _ in 0..3 {
        sentinels.push(sentinel(folder, port).await);
    }
    until("the Sentinels know of each other", async || {
        sentinels.iter().all(|sentinel| {
            let told = said(sentinel, AMONG_SENTINELS, &["SENTINEL", "MASTER", MASTER]);
            ["num-slaves", "num-other-sentinels"]
                .iter()
                .all(|number| told.contains(&format!("{number}\n2\n")))
        })
    })
    .await;
    let lines = format!(
        "sentinels = {}\nmaster = '{MASTER}'\nca = '{folder}/redis-ca.pem'\n\
         user = 'passerelle'\npassword-file = '{folder}/store'\n\
         sentinel-user = 'passerelle'\nsentinel-password-file = '{folder}/sentinel'",
        addresses("rediss", &sentinels),
        folder = folder.display(),
    );
    let (one, other) = (node(&lines, 1), node(&lines, 2));
    for node in [&one, &other] {
        signs_in(node, "luc.bernard").await;
        until_it_answers(node).await;
    }
    let before = signs_in(&one, "anne.dupont").await;
    sessions_are_known(&one, &other, &before).await;
    // Nobody else is let in, and nothing came to the disk, not even by replication.
    for node in servers.iter().chain(&sentinels) {
        assert!(node.redis.told(&["PING"]).contains("NOAUTH"));
        assert!(!node.redis.socket().with_file_name("dump.rdb").exists());
    }
    let now = said(&servers[0], AT_SERVERS, &["INFO", "replication"]);
    let now = now
        .lines()
        .find_map(|line| line.strip_prefix("master_repl_offset:"));
    let now: u64 = now.unwrap().trim().parse().unwrap();
    until("the replicas have all", async || {
        servers[1..].iter().all(|replica| {
            let told = said(replica, AT_SERVERS, &["INFO", "replication"]);
            let offset = { told.lines() }.find_map(|line| line.strip_prefix("slave_repl_offset:"));
            offset.is_some_and(|it| it.trim().parse::<u64>().unwrap() >= now)
        })
    })
    .await;
    // As when the machine dies that both are on: the two Sentinels that are left must agree.
    servers[0].redis.kill();
    sentinels[0].redis.kill();
    people_sign_in_until_it_answers(&one, &other).await;
    // One that has no replica takes nothing that would be lost with it (`min-replicas-to-write`).
    until("the other replica follows the new master", async || {
        servers[1..].iter().any(|server| {
            let told = said(server, AT_SERVERS, &["INFO", "replication"]);
            told.contains("role:master") && told.contains("state=online")
        })
    })
    .await;
    sessions_are_known(&one, &other, &before).await;
}

#[tokio::test]
async fn r126_the_example_files_of_a_cluster_do_as_they_stand() {
    let files = keys_and_accounts();
    let folder = files.path();
    let file = changed(CLUSTER, &[("redis-1.example.org", "localhost")]);
    let file = write(folder, "cluster.conf", file.as_bytes());
    let mut servers = Vec::new();
    for _ in 0..6 {
        servers.push(server(folder, &format!("include {file}")).await);
    }
    let ca = format!("{}/redis-ca.pem", folder.display());
    create_cluster(
        &servers,
        &[&["--tls", "--cacert", &ca][..], &ADMIN].concat(),
    );
    until("all slots are served, and by name", async || {
        servers.iter().all(|server| {
            let info = said(server, ADMIN, &["CLUSTER", "INFO"]);
            let slots = said(server, ADMIN, &["CLUSTER", "SLOTS"]);
            info.contains("cluster_state:ok") && slots.matches("localhost").count() >= 6
        })
    })
    .await;
    let lines = format!(
        "cluster = {}\nca = '{ca}'\nuser = 'passerelle'\npassword-file = '{}/store'",
        addresses("rediss", &servers[..3]),
        folder.display(),
    );
    let (one, other) = (node(&lines, 1), node(&lines, 2));
    for node in [&one, &other] {
        signs_in(node, "luc.bernard").await;
        until_it_answers(node).await;
    }
    let before = signs_in(&one, "anne.dupont").await;
    sessions_are_known(&one, &other, &before).await;
    for server in &servers {
        assert!(server.redis.told(&["PING"]).contains("NOAUTH"));
        assert!(!server.redis.socket().with_file_name("dump.rdb").exists());
    }
    let are_replicated = async || {
        servers[3..].iter().all(|replica| {
            let told = said(replica, ADMIN, &["INFO", "replication"]);
            told.contains("master_link_status:up")
        })
    };
    until("each replica follows", are_replicated).await;
    for gone in 0..2 {
        servers[gone].redis.kill();
        let promoted = async || {
            let told = { servers[3..].iter() }
                .filter(|replica| said(replica, ADMIN, &["ROLE"]).starts_with("master"));
            told.count() == gone + 1
        };
        until("its replica takes its place", promoted).await;
        // It has no replica, and takes what is written all the same.
        until_it_answers(&one).await;
        until_it_answers(&other).await;
        sessions_are_known(&one, &other, &signs_in(&one, "ines.benali").await).await;
    }
}
