//! What outlives a configuration, and what of a configuration only a restart changes.

use std::{path::Path, sync::Arc};

use tokio_util::task::TaskTracker;

use super::look::held;
use crate::{
    authn::{local::pool::HashPool, throttle::Remembered},
    config::{
        Config,
        fault::ConfigFault,
        sections,
        store::{RedisAccount, RedisServer},
    },
    edge::{connections::Connections, limits::Bodies},
    flow::{bridge::Health, keep::StoryKeeper, pace::Pace, trial::ThrowAwayKeys},
    metadata::sources::Sources,
    store::{Limits, Store, memory::MemoryStore, redis::RedisStore},
    sys::{
        clock::Clock,
        entropy::Entropy,
        hmac::{hmac_sha256, sha256},
        host,
        secret::Secret,
    },
};

/// How many accounts and networks are remembered whose guesses are slowed down.
const MAX_ATTEMPTS: u32 = 100_000;

/// What the running server has and knows, whatever its configuration.
#[derive(Clone, Debug)]
pub struct Lasting {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) store: Arc<Store>,
    pub(super) health: Arc<Health>,
    pub(super) stories: Arc<StoryKeeper>,
    pub(super) throw_away_keys: Arc<ThrowAwayKeys>,
    pub(super) sources: Arc<Sources>,
    pub(super) connections: Arc<Connections>,
    pub(super) bodies: Arc<Bodies>,
    pub(super) attempts: Remembered,
    pub(super) pace: Arc<Pace>,
    pub(super) endings: TaskTracker,
    hashing: Option<Hashing>,
    /// What counts until the process ends.
    fixed: Vec<Fixed>,
}

/// A value of the configuration.
#[derive(Clone, Debug)]
struct Fixed {
    key: &'static str,
    /// The value in words.
    told: String,
    /// A fingerprint of what belongs to it and is told to nobody; empty where there is nothing.
    untold: Secret,
    /// What of that goes on, in words.
    goes_on_untold: &'static str,
}

impl Fixed {
    fn new(key: &'static str, told: String) -> Self {
        Self {
            key,
            told,
            untold: nothing(),
            goes_on_untold: "",
        }
    }

    /// What goes on in the place of `wanted`; none where they are the same.
    fn goes_on(&self, wanted: &Self) -> Option<&str> {
        let (before, after) = (self.untold.expose(), wanted.untold.expose());
        if self.told != wanted.told {
            Some(&self.told)
        } else if before.is_empty() || after.is_empty() || self.untold.matches(after) {
            None
        } else {
            Some(self.goes_on_untold)
        }
    }
}

/// The threads that hash passwords: as many hashes at one time, whichever configuration asks for them.
#[derive(Clone, Debug)]
struct Hashing {
    threads: u16,
    queue: u16,
    pool: Arc<HashPool>,
}

impl Lasting {
    /// What a server that starts with this configuration has: nothing is known yet.
    pub(super) fn new(config: &Config, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let attempts = remembered(config, &*entropy);
        let store = Arc::new(build_store(config, &entropy));
        let sources = Sources::default();
        let held = held(config.named());
        sources.follow(&config.service_providers, held.as_ref(), clock.now());
        let connections = usize::try_from(config.server.max_connections).unwrap_or(usize::MAX);
        Self {
            clock,
            entropy,
            store,
            health: Arc::default(),
            stories: Arc::new(StoryKeeper::new(host::name())),
            throw_away_keys: Arc::default(),
            sources: Arc::new(sources),
            connections: Arc::new(Connections::at_most(connections)),
            bodies: Arc::default(),
            attempts,
            pace: Arc::default(),
            endings: TaskTracker::new(),
            hashing: None,
            fixed: fixed(config),
        }
    }

    /// The threads that hash for the embedded directory: those that are there, where they are as many as it
    /// has them.
    pub(super) fn hash_pool(&mut self, local: &sections::Local) -> std::io::Result<Arc<HashPool>> {
        let (threads, queue) = (local.hashing_threads, local.hashing_queue);
        if let Some(hashing) = &self.hashing
            && (hashing.threads, hashing.queue) == (threads, queue)
        {
            return Ok(Arc::clone(&hashing.pool));
        }
        let pool = Arc::new(HashPool::start(threads, queue)?);
        self.hashing = Some(Hashing {
            threads,
            queue,
            pool: Arc::clone(&pool),
        });
        Ok(pool)
    }

    /// What `config`, the file at `path`, says otherwise than what counts until a restart.
    pub(super) fn needs_restart(&self, config: &Config, path: &Path) -> Vec<ConfigFault> {
        let wanted = fixed(config);
        let both = self.fixed.iter().zip(&wanted);
        let told = both.filter_map(|(running, wanted)| {
            let goes_on = running.goes_on(wanted)?;
            Some(ConfigFault {
                key: running.key.to_owned(),
                line: config.lines.of(running.key),
                ..ConfigFault::of_file(
                    path,
                    format!("needs a restart: until then {goes_on} counts"),
                )
            })
        });
        told.collect()
    }
}

/// The values that were taken when sockets were opened and rooms were made, in one order.
fn fixed(config: &Config) -> Vec<Fixed> {
    let server = &config.server;
    let tls = if server.tls.is_some() {
        "TLS"
    } else {
        "plain HTTP"
    };
    let control = server.control_socket.as_ref();
    let control = control.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let metrics = config.metrics.map(|metrics| metrics.listen.to_string());
    let metrics = metrics.unwrap_or_else(|| "none".to_owned());
    let store = Fixed {
        untold: config.store.as_ref().map_or_else(nothing, untold),
        goes_on_untold: "what it began with of its password files and ca",
        ..Fixed::new("store", told(config.store.as_ref()))
    };
    // Without a store that nodes share nothing lasts that is named by it.
    let names = { config.store.as_ref() }.map(|_| of_all_nodes(config, "fingerprint"));
    let pairwise = Fixed {
        untold: names.unwrap_or_else(nothing),
        goes_on_untold: "the one that it began with, for the names of stories and counters in the store,",
        ..Fixed::new("keys.pairwise", String::new())
    };
    let idle = config.sessions.idle_minutes.to_string();
    let marks = config.requests.max_replay_marks.to_string();
    vec![
        Fixed::new("server.listen", server.listen.to_string()),
        Fixed::new("server.tls", tls.to_owned()),
        Fixed::new("server.max-connections", server.max_connections.to_string()),
        Fixed::new("server.control-socket", control),
        Fixed::new("metrics.listen", metrics),
        Fixed::new("sessions.max", config.sessions.max.to_string()),
        store,
        pairwise,
        Fixed::new("sessions.idle-minutes", idle),
        Fixed::new("requests.max-replay-marks", marks),
        Fixed::new(
            "stories.max-megabytes",
            config.stories.max_megabytes.to_string(),
        ),
    ]
}

fn nothing() -> Secret {
    Secret::new(Vec::new())
}

/// A fingerprint of what a server is not told with: the passwords, and the authorities of which one must vouch for it.
/// A secret itself, as whoever guesses a password knows it by this.
fn untold(server: &RedisServer) -> Secret {
    let password = |account: Option<&RedisAccount>| {
        let password = account.map(|account| account.password.expose());
        part(password)
    };
    let parts = [
        password(server.account.as_ref()),
        password(server.topology.account()),
        part(server.topology.authorities()),
    ];
    Secret::new(parts.concat())
}

/// Of each on its own: the end of the one is not the beginning of the other, and none is not an empty one.
fn part(bytes: Option<&[u8]>) -> [u8; 32] {
    bytes.map_or([0; 32], |bytes| sha256(&[bytes]))
}

/// A server in words, without the password.
fn told(server: Option<&RedisServer>) -> String {
    server.map_or_else(
        || "none".to_owned(),
        |server| {
            format!(
                "{} as {}, {}, {} ms",
                server.topology,
                RedisAccount::told(server.account.as_ref()),
                server.prefix,
                server.timeout_ms
            )
        },
    )
}

fn build_store(config: &Config, entropy: &Arc<dyn Entropy>) -> Store {
    let limits = Limits {
        sessions: config.sessions.max,
        idle: config.sessions.idle(),
        replay_marks: config.requests.max_replay_marks,
        attempts: MAX_ATTEMPTS,
        story_bytes: config.stories.max_bytes(),
    };
    match &config.store {
        None => Store::Memory(MemoryStore::new(limits)),
        Some(server) => Store::Redis(RedisStore::new(
            server.clone(),
            limits,
            (
                Arc::clone(&config.keys.seal),
                of_all_nodes(config, "stories"),
            ),
            Arc::clone(entropy),
        )),
    }
}

/// Nobody's attempts yet. Nodes that share a store count under one salt.
fn remembered(config: &Config, entropy: &dyn Entropy) -> Remembered {
    match &config.store {
        Some(_) => Remembered::salted(of_all_nodes(config, "attempts")),
        None => Remembered::new(entropy),
    }
}

/// A secret for what nodes share, made of the one that all of them have and that no rotation changes: a name for people
/// begins with no NUL.
fn of_all_nodes(config: &Config, what: &str) -> Secret {
    let secret = hmac_sha256(&config.keys.pairwise, &[b"\0", what.as_bytes()]);
    Secret::new(secret.to_vec())
}
