//! How other servers are reached where it is not by the network of the machine.
//!
//! Without one of these, questions over HTTP go by the client of [`super::http`] and connections by TLS of
//! [`super::tls`]. Whoever builds a server in a world that is made up, such as a simulation, gives one: the same
//! readers, bounds, time limits and rests then work on what comes out of it.

use std::{fmt::Debug, io, pin::Pin, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

use super::http::HttpKind;

/// What takes its time.
pub type Coming<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection on which nothing can be heard or said by others.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Reaches other servers.
pub trait Network: Debug + Send + Sync {
    /// Asks for `url`: the status, and the body, whatever its length. Who waits no longer drops the future, after
    /// `patience` at the latest.
    ///
    /// # Errors
    ///
    /// There is no answer, for this reason.
    fn get<'a>(
        &'a self,
        url: &'a str,
        patience: Duration,
    ) -> Coming<'a, Result<(u16, Vec<u8>), HttpKind>>;

    /// Opens a connection to a port of `host` that is as good as TLS.
    ///
    /// # Errors
    ///
    /// Nobody is there.
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> Coming<'a, io::Result<Box<dyn Stream>>>;
}
