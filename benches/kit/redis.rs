//! A Redis server on a port of this machine, as nodes of one service share it.

use std::net::SocketAddr;

use anyhow::Context as _;
use redis::{Client, Connection};

use crate::kit::server::free_address;

#[path = "../../tests/it/lab/redis_server.rs"]
#[expect(
    clippy::unwrap_used,
    dead_code,
    reason = "the laboratory of the tests, which has what each of them needs"
)]
mod redis_server;

/// The server; it is stopped when this is dropped.
pub(crate) struct Redis {
    _server: redis_server::Redis,
    address: SocketAddr,
}

impl Redis {
    /// Starts it, empty.
    ///
    /// # Errors
    ///
    /// Nothing can wait for it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let address = free_address()?;
        let port = address.port().to_string();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build()?;
        let words = ["--bind", "127.0.0.1", "--port", &port];
        Ok(Self {
            _server: runtime.block_on(redis_server::Redis::start(&words)),
            address,
        })
    }

    /// The lines of a configuration that have a node keep what it remembers there.
    pub(crate) fn lines(&self) -> String {
        format!("\n[store]\nredis = \"redis://{}\"\n", self.address)
    }

    /// How many keys it holds, and how much memory that takes, in MiB.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub(crate) fn holds(&self) -> anyhow::Result<(u64, f64)> {
        let mut connection = self.connect()?;
        let keys = redis::cmd("DBSIZE").query(&mut connection)?;
        let mut ask = redis::cmd("INFO");
        let info: String = ask.arg("memory").query(&mut connection)?;
        let used = info
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        let octets: f64 = used.context("no used_memory")?.trim().parse()?;
        Ok((keys, octets / 1024.0 / 1024.0))
    }

    fn connect(&self) -> anyhow::Result<Connection> {
        let client = Client::open(format!("redis://{}", self.address))?;
        Ok(client.get_connection()?)
    }
}
