//! Redis servers of which one takes another's place: under Sentinels, and in a Cluster.

use std::process::{Command, Stdio};

use super::{port::free_port, redis_server::Redis, until::until};

/// The name of the master, as the Sentinels know it.
pub(crate) const MASTER: &str = "sign-in";
/// For how long the Sentinels wait for a server until it counts as down to them, and those of a Cluster for each other, in
/// milliseconds; and both where no server is ever away: on a machine that has much else to do, another one would be promoted
/// without what was written last.
pub(crate) const DOWN_AFTER_MS: u32 = 500;
pub(crate) const NODE_TIMEOUT_MS: u32 = 1_000;
const PATIENT_MS: u32 = 60_000;

/// A server that others are told of.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) redis: Redis,
    pub(crate) port: u16,
}

/// What the servers of a test have beside a port.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Words<'a> {
    /// Words of the configuration of each server that stores.
    pub(crate) server: &'a [&'a str],
    /// Words of that of each Sentinel.
    pub(crate) sentinel: &'a [&'a str],
    /// Words of both, for TLS; without any they speak in clear.
    pub(crate) tls: &'a [&'a str],
    /// Whether none of them is to take another's place.
    pub(crate) are_patient: bool,
}

impl Words<'_> {
    const fn or_patient(&self, milliseconds: u32) -> u32 {
        if self.are_patient {
            PATIENT_MS
        } else {
            milliseconds
        }
    }

    async fn start(&self, lines: &str, more: &[&str]) -> Node {
        let port = free_port();
        let text = port.to_string();
        let listens: &[&str] = if self.tls.is_empty() {
            &["--port", &text]
        } else {
            &["--tls-port", &text, "--tls-replication", "yes"]
        };
        let here = ["--bind", "127.0.0.1"];
        let words = [listens, &here, self.tls, more].concat();
        Node {
            redis: Redis::start_with(lines, &words).await,
            port,
        }
    }
}

/// A master, two replicas and three Sentinels.
#[derive(Debug)]
pub(crate) struct Sentinels {
    pub(crate) servers: Vec<Node>,
    pub(crate) sentinels: Vec<Node>,
}

impl Sentinels {
    /// Starts them, and waits until they know of each other. The first server is the master.
    pub(crate) async fn start(words: Words<'_>) -> Self {
        let more = [&["--repl-diskless-sync-delay", "0"], words.server].concat();
        // The master, too: once it follows another one the Sentinels would know it by two names, take those for two servers,
        // and where they promote it by one name have it follow itself by the other.
        let named = "replica-announce-ip localhost\n";
        let master = words.start(named, &more).await;
        let port = master.port;
        let mut servers = vec![master];
        for _ in 0..2 {
            let lines = format!("replicaof localhost {port}\n{named}");
            servers.push(words.start(&lines, &more).await);
        }
        let has_replicas = async || {
            let told = servers[0].redis.told(&["INFO", "replication"]);
            told.matches("state=online").count() == 2
        };
        until("the replicas follow", has_replicas).await;
        let down_after = words.or_patient(DOWN_AFTER_MS);
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let lines = format!(
                "sentinel resolve-hostnames yes\n\
                 sentinel announce-hostnames yes\n\
                 sentinel monitor {MASTER} localhost {port} 2\n\
                 sentinel down-after-milliseconds {MASTER} {down_after}\n\
                 sentinel failover-timeout {MASTER} 5000\n\
                 sentinel parallel-syncs {MASTER} 2\n"
            );
            let more = [&["--sentinel"], words.sentinel].concat();
            sentinels.push(words.start(&lines, &more).await);
        }
        let lab = Self { servers, sentinels };
        let know_all = async || {
            lab.sentinels.iter().all(|sentinel| {
                let told = sentinel.redis.told(&["SENTINEL", "MASTER", MASTER]);
                ["num-slaves", "num-other-sentinels"]
                    .iter()
                    .all(|number| told.contains(&format!("{number}\n2\n")))
            })
        };
        until("the Sentinels know of each other", know_all).await;
        lab
    }
}

/// Three masters, and a replica of each.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) servers: Vec<Node>,
}

impl Cluster {
    /// Starts them, and waits until each knows that all slots are served.
    pub(crate) async fn start(words: Words<'_>) -> Self {
        let mut servers = Vec::new();
        for _ in 0..6 {
            let bus = free_port().to_string();
            let cluster = [
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--cluster-announce-hostname",
                "localhost",
                "--cluster-preferred-endpoint-type",
                "hostname",
                "--repl-diskless-sync-delay",
                "0",
            ];
            let tls: &[&str] = if words.tls.is_empty() {
                &[]
            } else {
                &["--tls-cluster", "yes"]
            };
            let more = [&cluster, tls, words.server].concat();
            servers.push(words.start("", &more).await);
        }
        let asks: &[&str] = if words.tls.is_empty() {
            &[]
        } else {
            &["--tls", "--insecure"]
        };
        create_cluster(&servers, asks);
        let lab = Self { servers };
        let is_whole = async || {
            lab.servers.iter().all(|server| {
                let info = server.redis.told(&["CLUSTER", "INFO"]);
                let slots = server.redis.told(&["CLUSTER", "SLOTS"]);
                info.contains("cluster_state:ok") && slots.matches("localhost").count() >= 6
            })
        };
        until("the Cluster serves all slots", is_whole).await;
        // Not before: a server that is not met within that time is forgotten.
        let timeout = words.or_patient(NODE_TIMEOUT_MS).to_string();
        for server in &lab.servers {
            let set = ["CONFIG", "SET", "cluster-node-timeout", &timeout];
            assert_eq!(server.redis.told(&set), "OK\n");
        }
        until_replicated(&lab.servers).await;
        lab
    }

    /// The number of the server that has the slot of `key`.
    pub(crate) fn master_of(&self, key: &str) -> usize {
        let has_it = |server: &Node| !server.redis.told(&["EXISTS", key]).starts_with("MOVED");
        self.servers.iter().position(has_it).unwrap()
    }
}

/// Makes one Cluster of servers, the second half of them replicas of the first. `asks` are more words for redis-cli.
pub(crate) fn create_cluster(servers: &[Node], asks: &[&str]) {
    // Where a server was too late to be met, redis-cli waits for it for ever.
    let mut create = Command::new("timeout");
    create.args(["60", "redis-cli"]).args(asks);
    create.args(["--cluster", "create"]);
    create.args(servers.iter().map(|it| format!("127.0.0.1:{}", it.port)));
    create.args(["--cluster-replicas", "1", "--cluster-yes"]);
    let created = create.stdin(Stdio::null()).output().unwrap();
    assert!(created.status.success(), "{created:?}");
}

/// What a server says that it is.
pub(crate) fn role(server: &Node) -> String {
    let told = server.redis.told(&["ROLE"]);
    told.lines().next().unwrap_or_default().to_owned()
}

/// Waits until each replica has all that its master has now.
pub(crate) async fn until_replicated(servers: &[Node]) {
    for server in servers {
        let told = server.redis.told(&["INFO", "replication"]);
        if told.contains("role:slave") {
            continue;
        }
        let now = number_after(&told, "master_repl_offset:");
        let have_all = async || {
            let told = server.redis.told(&["INFO", "replication"]);
            let mut replicas = told.split("offset=").skip(1).peekable();
            replicas.peek().is_some() && replicas.all(|of_it| number_after(of_it, "") >= now)
        };
        until("the replicas have all", have_all).await;
    }
}

/// The number that stands after the first `key`.
fn number_after(text: &str, key: &str) -> u64 {
    let (_, after) = text.split_once(key).unwrap();
    let digits = after.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap()
}
