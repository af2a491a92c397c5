//! Whom a question goes to: the one server, the master that Sentinels name, or that one of a Cluster which has the keys.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::FromRedisValue;
use tokio::time::Instant;

use super::{
    call::Call,
    cluster::Cluster,
    dial::Dialer,
    link::{Asked, Guide, Link, Miss},
    sentinel::Sentinels,
};
use crate::{
    config::store::{RedisServer, Topology},
    model::store::StoreError,
};

/// For how long one that was full is said to be: some questions are answered all the while, and nobody may ask another one.
const FULL_FOR: Duration = Duration::from_mins(1);

/// All that there are.
#[derive(Debug)]
pub(super) struct Servers {
    reached: Reached,
    unanswered: AtomicU64,
    /// When one had no more room last.
    full_at: Mutex<Option<Instant>>,
}

#[derive(Debug)]
enum Reached {
    ByLink(Link),
    InCluster(Cluster),
}

impl Servers {
    /// Those of which nobody has asked any yet.
    pub(super) fn new(server: RedisServer) -> Self {
        let patience = server.timeout();
        let dialer = Arc::new(Dialer::new(server.account));
        let reached = match server.topology {
            Topology::Cluster(seeds) => Reached::InCluster(Cluster::new(seeds, dialer, patience)),
            Topology::One(address) => {
                Reached::ByLink(Link::new(Guide::Known(address), dialer, patience))
            }
            Topology::Sentinel {
                master,
                sentinels,
                account,
            } => {
                let sentinels = Sentinels::new(master, sentinels, account);
                Reached::ByLink(Link::new(Guide::Named(sentinels), dialer, patience))
            }
        };
        Self {
            reached,
            unanswered: AtomicU64::new(0),
            full_at: Mutex::default(),
        }
    }

    /// Runs a script.
    ///
    /// # Errors
    ///
    /// The server did not answer in time, is full, or holds something of somebody else's under the key.
    pub(super) async fn run<T: FromRedisValue>(&self, call: &Call) -> Result<T, StoreError> {
        let answer = match &self.reached {
            Reached::ByLink(link) => {
                let answer = link.ask(call, Asked::Plainly).await;
                answer.map_err(Miss::told)
            }
            Reached::InCluster(cluster) => cluster.run(call).await,
        };
        if let Err(fault) = &answer {
            self.note_unanswered();
            if matches!(fault, StoreError::Full) {
                *self.full_at() = Some(Instant::now());
            }
        }
        answer
    }

    /// Whether one had no room for what it was given within the last minute.
    pub(super) fn is_full(&self) -> bool {
        self.full_at().is_some_and(|at| at.elapsed() < FULL_FOR)
    }

    fn full_at(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether each that is asked answers, as far as is known.
    pub(super) fn answers(&self) -> bool {
        match &self.reached {
            Reached::ByLink(link) => link.answers(),
            Reached::InCluster(cluster) => cluster.answers(),
        }
    }

    /// Counts a question whose answer nobody waits for any more.
    pub(super) fn note_unanswered(&self) {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many questions got no answer, or one that was no use.
    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// Has the connections opened, if that has not begun.
    pub(super) fn begin(&self) {
        match &self.reached {
            Reached::ByLink(link) => link.begin(),
            Reached::InCluster(cluster) => cluster.begin(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::config::store::RedisAddress;

    #[tokio::test(start_paused = true)]
    async fn one_that_was_full_is_said_to_be_for_a_minute_and_no_longer() {
        let servers = Servers::new(RedisServer {
            topology: Topology::One(RedisAddress::Socket("/nowhere".into())),
            account: None,
            prefix: String::new(),
            timeout_ms: 100,
        });
        assert!(!servers.is_full());
        for _ in 0..2 {
            *servers.full_at() = Some(Instant::now());
            advance(Duration::from_secs(59)).await;
            assert!(servers.is_full());
        }
        advance(Duration::from_secs(1)).await;
        assert!(!servers.is_full());
    }
}
