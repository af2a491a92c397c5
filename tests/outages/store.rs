//! The store, as one server or as several of which one takes another's place, and what happens to it.

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    process::Command,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    kit::server::rest,
    lab::{
        redis_server::Redis,
        redis_topology::{self as topology, Cluster, MASTER, Sentinels, Words},
        slow_way::SlowWay,
    },
    scene::STORE_PASSWORD,
};

/// How much later an answer of a slow server comes.
const LATER: Duration = Duration::from_millis(200);

/// For how long servers wait for each other, in milliseconds.
#[derive(Clone, Copy)]
struct Patience {
    of_sentinels: u32,
    of_cluster: u32,
}

const USUAL: Patience = Patience {
    of_sentinels: topology::DOWN_AFTER_MS,
    of_cluster: topology::NODE_TIMEOUT_MS,
};
/// While each answers late: half a minute.
const SLOW: Patience = Patience {
    of_sentinels: 30_000,
    of_cluster: 30_000,
};

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
    Sentinels(Several<Sentinels>),
    Cluster(Several<Cluster>),
}

/// One server.
pub(crate) struct One {
    redis: Redis,
    slow: Option<SlowWay>,
}

/// Several servers.
pub(crate) struct Several<Lab> {
    lab: Lab,
    sleepers: Vec<Sleeper>,
}

impl Store {
    /// Starts them.
    pub(crate) async fn start(topology: Topology) -> Self {
        // The servers know the nodes by a password, and each other by none.
        let account = format!("passerelle on >{STORE_PASSWORD} ~passerelle:* +@all");
        let words = ["--enable-debug-command", "local", "--user"];
        let server: Vec<_> = words.into_iter().chain(account.split(' ')).collect();
        let words = Words {
            server: &server,
            ..Words::default()
        };
        match topology {
            Topology::OneServer => Self::One(One {
                redis: Redis::start(&server).await,
                slow: None,
            }),
            Topology::Sentinel => Self::Sentinels(Several::of(Sentinels::start(words).await)),
            Topology::Cluster => Self::Cluster(Several::of(Cluster::start(words).await)),
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
            Self::Sentinels(Several { lab, .. }) => {
                format!(
                    "sentinels = [{}]\nmaster = '{MASTER}'",
                    urls(&lab.sentinels)
                )
            }
            Self::Cluster(Several { lab, .. }) => format!("cluster = [{}]", urls(&lab.servers)),
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
            Self::Sentinels(_) | Self::Cluster(_) => { self.servers().iter_mut() }
                .map(|node| &mut node.redis)
                .collect(),
        }
    }

    /// The servers of which one takes another's place.
    pub(crate) fn servers(&mut self) -> &mut [topology::Node] {
        match self {
            Self::One(_) => &mut [],
            Self::Sentinels(several) => &mut several.lab.servers,
            Self::Cluster(several) => &mut several.lab.servers,
        }
    }

    /// Has each answer come later, by [`LATER`] at least; of several servers, by several times as much, and none of them is to
    /// count as dead.
    ///
    /// # Errors
    ///
    /// There is nothing that could have them sleep.
    pub(crate) fn slow_down(&mut self) -> anyhow::Result<()> {
        let sleepers = |servers: &[topology::Node]| {
            let each = servers.iter().map(|node| &node.redis);
            each.flat_map(|redis| (0..Sleeper::FOR_EACH).map(|_| Sleeper::keep_asleep(redis)))
                .collect::<anyhow::Result<Vec<_>>>()
        };
        self.watch_each_other_for(SLOW);
        match self {
            Self::One(one) => one.slow_down(),
            Self::Sentinels(several) => several.sleepers = sleepers(&several.lab.servers)?,
            Self::Cluster(several) => several.sleepers = sleepers(&several.lab.servers)?,
        }
        Ok(())
    }

    /// Whether each server is slow by now.
    pub(crate) fn is_slow(&mut self) -> bool {
        match self {
            Self::One(one) => one.is_slow(),
            // The nodes say that the store does not answer as soon as one server of it is late. Another one may still answer at
            // once: sleepers that have yet to begin, or whose orders it refused, keep nobody waiting.
            Self::Sentinels(Several { sleepers, .. }) | Self::Cluster(Several { sleepers, .. }) => {
                sleepers.iter().all(Sleeper::goes_on)
                    && are_late(self.servers().iter().map(|node| &node.redis))
            }
        }
    }

    /// Has each answer come at once.
    pub(crate) fn speed_up(&mut self) {
        match self {
            Self::One(one) => one.speed_up(),
            Self::Sentinels(Several { sleepers, .. }) | Self::Cluster(Several { sleepers, .. }) => {
                sleepers.clear();
            }
        }
        self.watch_each_other_for(USUAL);
    }

    /// Has servers, and those that watch them, wait so many milliseconds for each other before they promote another one.
    fn watch_each_other_for(&self, milliseconds: Patience) {
        match self {
            Self::One(_) => {}
            Self::Sentinels(Several { lab, .. }) => {
                let patience = milliseconds.of_sentinels.to_string();
                let words = [
                    "SENTINEL",
                    "SET",
                    MASTER,
                    "down-after-milliseconds",
                    &patience,
                ];
                lab.sentinels.iter().for_each(|it| tell(&it.redis, &words));
            }
            Self::Cluster(Several { lab, .. }) => {
                let patience = milliseconds.of_cluster.to_string();
                let words = ["CONFIG", "SET", "cluster-node-timeout", &patience];
                lab.servers.iter().for_each(|it| tell(&it.redis, &words));
            }
        }
    }

    /// The number of the master that every sign-in asks.
    pub(crate) fn master(&self) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Sentinels(Several { lab, .. }) => {
                { lab.servers.iter() }.position(|server| topology::role(server) == "master")
            }
            Self::Cluster(Several { lab, .. }) => Some(lab.master_of("passerelle:{sessions}:ends")),
        }
    }

    /// Whether there are as many masters as there are to be, and the server of this number, which is away, is none of them.
    pub(crate) fn has_all_masters_without(&self, gone: usize) -> bool {
        let (servers, wanted) = match self {
            Self::One(_) => return false,
            Self::Sentinels(several) => (&several.lab.servers, 1),
            Self::Cluster(several) => (&several.lab.servers, several.lab.servers.len() / 2),
        };
        let others = servers
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != gone);
        others
            .filter(|(_, server)| topology::role(server) == "master")
            .count()
            == wanted
    }
}

impl<Lab> Several<Lab> {
    const fn of(lab: Lab) -> Self {
        Self {
            lab,
            sleepers: Vec::new(),
        }
    }
}

/// Has a server sleep again and again, until it is dropped.
struct Sleeper {
    server: UnixStream,
    orders: JoinHandle<std::io::Result<()>>,
}

impl Sleeper {
    /// So many at one server, each of which is enough while it is in time.
    const FOR_EACH: u32 = 2;

    /// Begins.
    fn keep_asleep(redis: &Redis) -> anyhow::Result<Self> {
        let server = UnixStream::connect(redis.socket())?;
        let mut asked = server.try_clone()?;
        let orders = thread::spawn(move || order(&mut asked));
        Ok(Self { server, orders })
    }

    fn goes_on(&self) -> bool {
        !self.orders.is_finished()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // One that has ended keeps nobody asleep.
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

/// Has a server always have its next order by the time that it wakes: what it was asked meanwhile it answers only when it has
/// obeyed that, too. It reads all that there is and answers all of it together; so an order is sent while it sleeps, and not
/// when it has just woken: it might read two at one time then, and nothing the next time.
fn order(server: &mut UnixStream) -> std::io::Result<()> {
    const DONE: &[u8] = b"+OK\r\n";
    let order = format!("DEBUG SLEEP {}\r\n", LATER.as_secs_f64());
    server.write_all(order.as_bytes())?;
    loop {
        rest(LATER / 2);
        server.write_all(order.as_bytes())?;
        let mut said = [0; DONE.len()];
        server.read_exact(&mut said)?;
        if said != DONE {
            return Err(std::io::Error::other("it does not sleep"));
        }
    }
}

/// Whether the answer of each of these servers, all asked at one time, comes later by [`LATER`] at least.
fn are_late<'a>(servers: impl Iterator<Item = &'a Redis>) -> bool {
    let is_late = |redis: &Redis| {
        let mut server = UnixStream::connect(redis.socket())?;
        let asked = Instant::now();
        server.write_all(b"PING\r\n")?;
        server.read_exact(&mut [0])?;
        std::io::Result::Ok(asked.elapsed() >= LATER)
    };
    thread::scope(|scope| {
        let asking: Vec<_> = { servers.map(|redis| scope.spawn(move || is_late(redis))) }.collect();
        asking
            .into_iter()
            .all(|asking| matches!(asking.join(), Ok(Ok(true))))
    })
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
    fn slow_down(&mut self) {
        let socket = self.redis.socket();
        let moved = socket.with_extension("real");
        std::fs::rename(&socket, &moved).unwrap();
        self.slow = Some(SlowWay::before(&moved, &socket, LATER));
        // Through the real one: by now the socket is that of the slow way.
        let cli = Command::new("redis-cli")
            .arg("-s")
            .arg(&moved)
            .args(HANG_UP)
            .output();
        assert!(cli.unwrap().status.success());
    }

    /// Whether any answer was held up.
    fn is_slow(&self) -> bool {
        self.slow.as_ref().is_some_and(|slow| slow.held_up() > 0)
    }

    /// Has it answer at once.
    fn speed_up(&mut self) {
        drop(self.slow.take());
        let socket = self.redis.socket();
        std::fs::rename(socket.with_extension("real"), &socket).unwrap();
    }
}

/// The connections of the nodes.
const HANG_UP: [&str; 4] = ["CLIENT", "KILL", "USER", "passerelle"];
