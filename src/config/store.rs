//! `[store]`: the server that several nodes share.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
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
/// The longest prefix, in bytes.
const MAX_PREFIX: usize = 64;

/// `[store]`: the server that several nodes share.
#[derive(Clone, Debug)]
pub struct RedisServer {
    /// Where it is.
    pub address: RedisAddress,
    /// Our account there: its name, or the default one, and its password.
    pub account: Option<(Option<String>, Secret)>,
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
        authorities: Option<Vec<u8>>,
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

/// Reads the section.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<RedisServer> {
    let url: Option<String> = table.required("redis", report);
    let url = url.and_then(|url| match read_address(&url, around.schemes) {
        Ok(address) => Some(address),
        Err(what) => {
            report.fault(&table.at("redis"), what).hint(
                "write rediss://host, perhaps with :port; on this machine redis://127.0.0.1 or unix:///path of its socket",
            );
            None
        }
    });
    let ca: Option<PathBuf> = table.optional("ca", report);
    let authorities = match &ca {
        Some(written) => around
            .authorities(&table.at("ca"), written, report)
            .map(Some),
        None => Some(None),
    };
    let address = match (url, authorities) {
        (Some(RedisAddress::Tls { host, port, .. }), Some(authorities)) => {
            Some(RedisAddress::Tls {
                host,
                port,
                authorities,
            })
        }
        (Some(RedisAddress::Plain { .. } | RedisAddress::Socket(_)), _) if ca.is_some() => {
            report.fault(&table.at("ca"), "stands without a rediss address");
            None
        }
        (address, _) => address,
    };
    let account = read_account(&mut table, around, report);
    let prefix = table.or("prefix", "passerelle:".to_owned(), report);
    let timeout_ms = table.or("timeout-milliseconds", 250, report);
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
        address: address?,
        account,
        prefix,
        timeout_ms,
    })
}

fn read_address(text: &str, schemes: Schemes) -> Result<RedisAddress, &'static str> {
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
    let port = url.port().unwrap_or(PORT);
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
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<(Option<String>, Secret)> {
    let user = table.text("user", report);
    let file: Option<PathBuf> = table.optional("password-file", report);
    let Some(file) = file else {
        if user.is_some() && report.is_clean_under(&table.at("password-file")) {
            report
                .fault(&table.at("user"), "stands without password-file")
                .hint("the password is in a file of its own, which nobody else can read");
        }
        return None;
    };
    Some((
        user,
        around.password(&table.at("password-file"), &file, report)?,
    ))
}
