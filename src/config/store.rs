//! `[store]`: the server that several nodes share, or the servers of which one takes another's place.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use url::Url;

use super::{
    document::{Report, Table},
    files::Surroundings,
};
use crate::{model::endpoint::Schemes, sys::secret::Secret};

/// The port of Redis.
const PORT: u16 = 6379;
/// The port of a Sentinel.
const SENTINEL_PORT: u16 = 26379;
/// The most Sentinels, or servers of a Cluster, that are named: the others are asked for.
const MOST_ADDRESSES: usize = 32;
/// How long it may take to answer, unless it is said, in milliseconds. Somebody who types a password waits for up to
/// thirteen answers, one after the other: a server that is slower than this is done without, or that took seconds.
const TIMEOUT_MS: u32 = 100;
/// The longest prefix, in bytes.
const MAX_PREFIX: usize = 64;

/// `[store]`: what several nodes share.
#[derive(Clone, Debug)]
pub struct RedisServer {
    /// Where it is.
    pub topology: Topology,
    /// Our account there.
    pub account: Option<RedisAccount>,
    /// What stands before every key of ours.
    pub prefix: String,
    /// How long it may take to answer, in milliseconds.
    pub timeout_ms: u32,
}

impl RedisServer {
    /// How long it may take to answer.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}

/// How many servers there are, and who says which of them is asked.
#[derive(Clone, Debug)]
pub enum Topology {
    /// Each holds a share, and says which; these of them are asked first.
    Cluster(Vec<RedisAddress>),
    /// One, which is there or not.
    One(RedisAddress),
    /// The one that Sentinels name.
    Sentinel {
        /// The name of the master, as the Sentinels know it.
        master: String,
        /// Where they are.
        sentinels: Vec<RedisAddress>,
        /// Our account with them.
        account: Option<RedisAccount>,
    },
}

impl Topology {
    /// Our account with those who only say which server is asked.
    pub fn account(&self) -> Option<&RedisAccount> {
        match self {
            Self::Sentinel { account, .. } => account.as_ref(),
            Self::Cluster(_) | Self::One(_) => None,
        }
    }

    /// The addresses that the configuration names.
    fn addresses(&self) -> &[RedisAddress] {
        match self {
            Self::Cluster(addresses)
            | Self::Sentinel {
                sentinels: addresses,
                ..
            } => addresses,
            Self::One(address) => std::slice::from_ref(address),
        }
    }

    /// Whether the servers are reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.addresses().iter().all(RedisAddress::is_tls)
    }

    /// Whether any of them is reached across a network in clear, as a lab may.
    pub fn crosses_in_clear(&self) -> bool {
        self.addresses().iter().any(|address| match address {
            RedisAddress::Plain { host, .. } => !is_this_machine(host),
            RedisAddress::Socket(_) | RedisAddress::Tls { .. } => false,
        })
    }

    /// The authorities of which one must vouch for each server, PEM; those of the system otherwise.
    pub fn authorities(&self) -> Option<&[u8]> {
        match self.addresses().first()? {
            RedisAddress::Tls { authorities, .. } => authorities.as_deref(),
            RedisAddress::Plain { .. } | RedisAddress::Socket(_) => None,
        }
    }
}

impl std::fmt::Display for Topology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |addresses: &[RedisAddress]| {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            addresses.join(" ")
        };
        match self {
            Self::Cluster(addresses) => write!(f, "Cluster {}", list(addresses)),
            Self::One(address) => address.fmt(f),
            Self::Sentinel {
                master,
                sentinels,
                account,
            } => write!(
                f,
                "{master} of Sentinel {} asked as {}",
                list(sentinels),
                RedisAccount::told(account.as_ref())
            ),
        }
    }
}

/// An account of Redis (ACL).
#[derive(Clone, Debug)]
pub struct RedisAccount {
    /// Its name; the default one otherwise.
    pub user: Option<String>,
    /// Its password.
    pub password: Secret,
}

impl RedisAccount {
    /// Its name for a person, or that there is none.
    pub fn told(account: Option<&Self>) -> &str {
        let user = account.and_then(|account| account.user.as_deref());
        user.unwrap_or("anybody")
    }
}

/// Where a Redis server is. In clear on this machine only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RedisAddress {
    /// A Unix socket.
    Socket(PathBuf),
    /// A port of this machine.
    Plain {
        /// `localhost` or an address of the loopback.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A server over TLS.
    Tls {
        /// Its name, which its certificate must have.
        host: String,
        /// Its port.
        port: u16,
        /// The authorities of which one must vouch for it, PEM; those of the system otherwise.
        authorities: Option<Arc<[u8]>>,
    },
}

impl std::fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Plain { host, port } => write!(f, "redis://{host}:{port}"),
            Self::Tls { host, port, .. } => write!(f, "rediss://{host}:{port}"),
        }
    }
}

impl RedisAddress {
    /// The server that this one names by `host` and `port`: it is spoken to in the same way. No host, or `?`, is its
    /// own. None where that would cross a network in clear which the configuration did not have us cross.
    pub fn beside(&self, named: &str, port: u16) -> Option<Self> {
        let host = |own: &str| match named {
            "" | "?" => own.to_owned(),
            named => named.to_owned(),
        };
        match self {
            Self::Socket(_) => None,
            Self::Plain { host: own, .. } => {
                let host = host(own);
                (is_this_machine(&host) || !is_this_machine(own))
                    .then_some(Self::Plain { host, port })
            }
            Self::Tls {
                host: own,
                authorities,
                ..
            } => Some(Self::Tls {
                host: host(own),
                port,
                authorities: authorities.clone(),
            }),
        }
    }

    fn is_tls(&self) -> bool {
        match self {
            Self::Tls { .. } => true,
            Self::Plain { .. } | Self::Socket(_) => false,
        }
    }

    /// The same, vouched for by these authorities.
    fn vouched_for(self, by: Option<&Arc<[u8]>>) -> Self {
        match self {
            Self::Tls { host, port, .. } => Self::Tls {
                host,
                port,
                authorities: by.cloned(),
            },
            other @ (Self::Plain { .. } | Self::Socket(_)) => other,
        }
    }
}

/// Reads the section.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<RedisServer> {
    let topology = read_topology(&mut table, around, report);
    let account = read_account(&mut table, ("user", "password-file"), around, report);
    let prefix = table.or("prefix", "passerelle:".to_owned(), report);
    let timeout_ms = table.or("timeout-milliseconds", TIMEOUT_MS, report);
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b":._-".contains(&c);
    if !(1..=MAX_PREFIX).contains(&prefix.len()) || !prefix.bytes().all(is_plain) {
        report
            .fault(
                &table.at("prefix"),
                "is not 1 to 64 letters, digits, or of : . _ -",
            )
            .hint("every node of one service has the same");
    }
    // Longer, and whoever signs in while the server hangs waits for seconds.
    if !(20..=2_000).contains(&timeout_ms) {
        report.fault(&table.at("timeout-milliseconds"), "is not 20 to 2000");
    }
    table.finish(report);
    Some(RedisServer {
        topology: topology?,
        account,
        prefix,
        timeout_ms,
    })
}

/// Reads which of the three it is, and with the authorities how it is reached.
fn read_topology(
    table: &mut Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Topology> {
    let kinds = ["redis", "sentinels", "cluster"];
    let given: Vec<_> = kinds.into_iter().filter(|key| table.holds(key)).collect();
    if let [_, other, ..] = given[..] {
        report
            .fault(
                &table.at(other),
                "stands beside another one of redis, sentinels and cluster",
            )
            .hint("redis is one server; sentinels say which one; a cluster has several");
    }
    let mut one = None;
    if given.is_empty() || table.holds("redis") {
        let url: Option<String> = table.required("redis", report);
        one = url.and_then(|url| address(&url, &table.at("redis"), (PORT, around), report));
    }
    let sentinels = read_addresses(table, ("sentinels", SENTINEL_PORT), around, report);
    let cluster = read_addresses(table, ("cluster", PORT), around, report);
    let has_sentinels = given.contains(&"sentinels");
    if has_sentinels {
        table.must_be_there("master", report);
    }
    let master = read_master(table, report);
    let names = ("sentinel-user", "sentinel-password-file");
    let account = read_account(table, names, around, report);
    let along = [
        ("master", master.is_some()),
        ("sentinel-password-file", account.is_some()),
    ];
    for (key, _) in along
        .into_iter()
        .filter(|(_, is_there)| *is_there && !has_sentinels)
    {
        report.fault(&table.at(key), "stands without sentinels");
    }
    let ca: Option<PathBuf> = table.optional("ca", report);
    let authorities = match &ca {
        Some(written) => Some(around.authorities(&table.at("ca"), written, report)?),
        None => None,
    };
    let authorities = authorities.map(Arc::from);
    let by = authorities.as_ref();
    let all = |addresses: Vec<RedisAddress>| {
        let addresses = addresses.into_iter();
        addresses.map(|address| address.vouched_for(by)).collect()
    };
    let is_tls = one.iter().chain(sentinels.iter().flatten());
    let is_tls = is_tls
        .chain(cluster.iter().flatten())
        .all(RedisAddress::is_tls);
    if ca.is_some() && !is_tls {
        report.fault(&table.at("ca"), "stands without a rediss address");
        return None;
    }
    match (one, sentinels, cluster) {
        (Some(address), None, None) => Some(Topology::One(address.vouched_for(by))),
        (None, Some(sentinels), None) => Some(Topology::Sentinel {
            master: master?,
            sentinels: all(sentinels),
            account,
        }),
        (None, None, Some(addresses)) => Some(Topology::Cluster(all(addresses))),
        (_, _, _) => None,
    }
}

/// Reads a list of addresses. All of them are reached over TLS or none is: whoever is named by one of them is
/// spoken to in the same way.
fn read_addresses(
    table: &mut Table<'_>,
    (key, port): (&'static str, u16),
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Vec<RedisAddress>> {
    let urls: Vec<String> = table.optional(key, report)?;
    if !(1..=MOST_ADDRESSES).contains(&urls.len()) {
        report
            .fault(&table.at(key), "is not 1 to 32 addresses")
            .hint("name some of them: what they know of the others is asked for");
        return None;
    }
    let mut addresses = Vec::new();
    for (number, url) in (1..).zip(&urls) {
        let at = table.entry(key, number);
        let address = address(url, &at, (port, around), report)?;
        if let RedisAddress::Socket(_) = address {
            report
                .fault(
                    &at,
                    "is the path of a socket, which no other machine can be told of",
                )
                .hint("write redis://127.0.0.1, perhaps with :port");
            return None;
        }
        addresses.push(address);
    }
    let first_is_tls = addresses.first().is_some_and(RedisAddress::is_tls);
    if addresses.iter().any(|it| it.is_tls() != first_is_tls) {
        report.fault(&table.at(key), "has rediss and redis addresses");
        return None;
    }
    Some(addresses)
}

/// As Sentinel itself has it.
fn read_master(table: &mut Table<'_>, report: &mut Report) -> Option<String> {
    let master = table.text("master", report)?;
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b".-_".contains(&c);
    if !(1..=MAX_PREFIX).contains(&master.len()) || !master.bytes().all(is_plain) {
        report
            .fault(
                &table.at("master"),
                "is not 1 to 64 letters, digits, or of . - _",
            )
            .hint("it is the name after `sentinel monitor` in the configuration of the Sentinels");
        return None;
    }
    Some(master)
}

fn address(
    url: &str,
    key: &str,
    (port, around): (u16, &Surroundings<'_>),
    report: &mut Report,
) -> Option<RedisAddress> {
    let read = read_address(url, port, around.schemes);
    read.map_err(|what| {
        report.fault(key, what).hint(
            "write rediss://host, perhaps with :port; on this machine redis://127.0.0.1 or unix:///path of its socket",
        );
    })
    .ok()
}

fn read_address(
    text: &str,
    default_port: u16,
    schemes: Schemes,
) -> Result<RedisAddress, &'static str> {
    let url = Url::parse(text).map_err(|_not_one| "is not an address")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds an account: user and password-file are keys of their own");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has more than a host and a port");
    }
    if url.scheme() == "unix" {
        // As it is written: in an address it would be percent-encoded.
        let path = text.strip_prefix("unix://").map(Path::new);
        let path = path.filter(|path| path.is_absolute() && path.file_name().is_some());
        return path
            .map(|path| RedisAddress::Socket(path.to_owned()))
            .ok_or("is not the path of a socket");
    }
    if !url.path().trim_start_matches('/').is_empty() {
        return Err("has more than a host and a port");
    }
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or("names no host")?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let port = url.port().unwrap_or(default_port);
    match url.scheme() {
        "rediss" => Ok(RedisAddress::Tls {
            host,
            port,
            authorities: None,
        }),
        "redis" if schemes == Schemes::Lab || is_this_machine(&host) => {
            Ok(RedisAddress::Plain { host, port })
        }
        "redis" => Err("crosses a network in clear"),
        _ => Err("is not a rediss, redis or unix address"),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// A name without a password would be an account that anybody can use.
fn read_account(
    table: &mut Table<'_>,
    (user_key, password_key): (&'static str, &'static str),
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<RedisAccount> {
    let user = table.text(user_key, report);
    let file: Option<PathBuf> = table.optional(password_key, report);
    let Some(file) = file else {
        if user.is_some() && report.is_clean_under(&table.at(password_key)) {
            report
                .fault(
                    &table.at(user_key),
                    format!("stands without {password_key}"),
                )
                .hint("the password is in a file of its own, which nobody else can read");
        }
        return None;
    };
    Some(RedisAccount {
        user,
        password: around.password(&table.at(password_key), &file, report)?,
    })
}
