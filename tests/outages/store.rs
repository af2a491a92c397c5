//! The store, as one server or as several of which one takes another's place, and what happens to it.

use std::time::Duration;

use crate::{
    lab::{
        redis_server::Redis,
        redis_topology::{self as topology, Cluster, MASTER, Sentinels, Words},
        slow_way::SlowWay,
    },
    scene::STORE_PASSWORD,
};

/// How much later an answer of a slow server comes.
const LATER: Duration = Duration::from_millis(200);

/// How many servers there are, and who says which of them is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Topology {
    OneServer,
    Sentinel,
    Cluster,
}

impl Topology {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::OneServer, Self::Sentinel, Self::Cluster];

    /// Its name, as part of the name of a test.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::OneServer => "one_server",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        }
    }

    /// What it is, for a reader.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::OneServer => "One Redis server",
            Self::Sentinel => "Sentinel: a master, two replicas, three Sentinels",
            Self::Cluster => "Cluster: three masters, three replicas",
        }
    }
}

/// The servers.
pub(crate) enum Store {
    One(One),
    Sentinels(Sentinels),
    Cluster(Cluster),
}

/// One server.
pub(crate) struct One {
    pub(crate) redis: Redis,
    slow: Option<SlowWay>,
}

impl Store {
    /// Starts them.
    pub(crate) async fn start(topology: Topology) -> Self {
        // The servers know the nodes by a password, and each other by none.
        let account = format!("passerelle on >{STORE_PASSWORD} ~passerelle:* +@all");
        let server: Vec<_> = ["--user"].into_iter().chain(account.split(' ')).collect();
        let words = Words {
            server: &server,
            ..Words::default()
        };
        match topology {
            Topology::OneServer => Self::One(One {
                redis: Redis::start(&server).await,
                slow: None,
            }),
            Topology::Sentinel => Self::Sentinels(Sentinels::start(words).await),
            Topology::Cluster => Self::Cluster(Cluster::start(words).await),
        }
    }

    /// The lines of `[store]` that name them; the password is in this file.
    pub(crate) fn lines(&self, password_file: &str) -> String {
        let urls = |nodes: &[topology::Node]| {
            let urls = nodes
                .iter()
                .map(|node| format!("'redis://localhost:{}'", node.port));
            urls.collect::<Vec<_>>().join(", ")
        };
        let servers = match self {
            Self::One(one) => format!("redis = 'unix://{}'", one.redis.socket().display()),
            Self::Sentinels(lab) => {
                format!(
                    "sentinels = [{}]\nmaster = '{MASTER}'",
                    urls(&lab.sentinels)
                )
            }
            Self::Cluster(lab) => format!("cluster = [{}]", urls(&lab.servers)),
        };
        format!("{servers}\nuser = 'passerelle'\npassword-file = '{password_file}'")
    }

    /// Has each server know the nodes by this password alone.
    pub(crate) fn believe(&mut self, password: &str) {
        let password = format!(">{password}");
        let words = ["ACL", "SETUSER", "passerelle", "resetpass", &password];
        for redis in self.each() {
            tell(redis, &words);
            tell(redis, &HANG_UP);
        }
    }

    /// All servers that store.
    pub(crate) fn each(&mut self) -> Vec<&mut Redis> {
        match self {
            Self::One(one) => vec![&mut one.redis],
            Self::Sentinels(lab) => of_each(&mut lab.servers),
            Self::Cluster(lab) => of_each(&mut lab.servers),
        }
    }

    /// The servers of which one takes another's place.
    pub(crate) fn servers(&mut self) -> &mut [topology::Node] {
        match self {
            Self::One(_) => &mut [],
            Self::Sentinels(lab) => &mut lab.servers,
            Self::Cluster(lab) => &mut lab.servers,
        }
    }

    /// The number of the master that every sign-in asks.
    pub(crate) fn master(&self) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Sentinels(lab) => {
                { lab.servers.iter() }.position(|server| topology::role(server) == "master")
            }
            Self::Cluster(lab) => Some(lab.master_of("passerelle:{sessions}:ends")),
        }
    }
}

fn of_each(nodes: &mut [topology::Node]) -> Vec<&mut Redis> {
    nodes.iter_mut().map(|node| &mut node.redis).collect()
}

/// Tells a server something as its administrator, who is believed.
fn tell(redis: &Redis, words: &[&str]) {
    let told = redis.told(words);
    assert!(!told.contains("ERR"), "{words:?}: {told}");
}

/// Has a server hold no more than this many bytes, or as many as it likes (0).
pub(crate) fn bound(redis: &Redis, bytes: u8) {
    tell(redis, &["CONFIG", "SET", "maxmemory", &bytes.to_string()]);
}

impl One {
    /// Has each answer of it take a while.
    pub(crate) fn slow_down(&mut self) {
        let socket = self.redis.socket();
        let moved = socket.with_extension("real");
        std::fs::rename(&socket, &moved).unwrap();
        self.slow = Some(SlowWay::before(&moved, &socket, LATER));
        // Through the real one: by now the socket is that of the slow way.
        let cli = std::process::Command::new("redis-cli")
            .arg("-s")
            .arg(&moved)
            .args(HANG_UP)
            .output();
        assert!(cli.unwrap().status.success());
    }

    /// Whether any answer was held up.
    pub(crate) fn is_slow(&self) -> bool {
        self.slow.as_ref().is_some_and(|slow| slow.held_up() > 0)
    }

    /// Has it answer at once.
    pub(crate) fn speed_up(&mut self) {
        drop(self.slow.take());
        let socket = self.redis.socket();
        std::fs::rename(socket.with_extension("real"), &socket).unwrap();
    }
}

/// The connections of the nodes.
const HANG_UP: [&str; 4] = ["CLIENT", "KILL", "USER", "passerelle"];
