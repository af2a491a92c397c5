//! Connections that are kept for the next question, and how many there are at one time.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::connection::{Connection, LdapFault};

/// How long a connection may be silent and be used again: what stands between forgets it later.
const IDLE: Duration = Duration::from_secs(30);
/// How long one is used in all: a server that has joined or moved is found after it.
const LIFE: Duration = Duration::from_mins(10);

/// Connections of one kind to one server.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Pool {
    /// A pool of at most `most` connections.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
            places: Semaphore::const_new(most),
        }
    }

    /// A place to ask from; connections are opened and taken within it.
    ///
    /// # Errors
    ///
    /// None became free in time.
    pub(super) async fn place(&self, patience: Duration) -> Result<SemaphorePermit<'_>, LdapFault> {
        match timeout(patience, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(LdapFault::Busy),
        }
    }

    /// The connection that was used last; those that are too old, or on which the server has said
    /// something since, are closed.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.lock();
        idle.retain(|connection| connection.is_young(IDLE, LIFE));
        while let Some(mut connection) = idle.pop() {
            if connection.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection of which no answer is outstanding.
    pub(super) fn keep(&self, connection: Connection) {
        self.lock().push(connection);
    }

    /// Closes all that are kept: one of them was found broken.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// A thread that panicked left the list whole.
    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
