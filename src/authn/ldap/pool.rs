//! Connections that are kept for the next question.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::connection::Connection;

/// How long a connection may be silent and be used again: what stands between forgets it later.
const IDLE: Duration = Duration::from_secs(30);
/// How long one is used in all: a server that has joined or moved is found after it.
const LIFE: Duration = Duration::from_mins(10);

/// Connections of one kind to one server.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Connection>>);

impl Pool {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
