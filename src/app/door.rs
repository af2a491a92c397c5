//! The door: takes connections until it is shut, and turns away nobody who stands in the line.
//!
//! What waits at a listener when that is closed is hung up on by the kernel, after its client has seen a connection and may
//! have sent a password on it: a balancer never sends that again. So the line is emptied before it is.

use std::{
    future::pending,
    io,
    net::{self, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::connect_info::Connected;
use axum_server::{AddrListener, Address};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Where connections come in.
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    state: Mutex<State>,
    standing: watch::Sender<Standing>,
}

/// Shuts a door.
#[derive(Clone, Debug)]
pub(super) struct Key(watch::Sender<Standing>);

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller(SocketAddr);

#[derive(Debug)]
enum State {
    Open(Arc<TcpListener>),
    /// Those in the line are taken, and it is shut.
    Closing(net::TcpListener),
    Shut,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    Open,
    ToBeShut,
    Shut,
}

impl Door {
    /// The one at which `listener` listens, and its key.
    ///
    /// # Errors
    ///
    /// The listener cannot be used.
    pub(super) fn at(listener: net::TcpListener) -> io::Result<(Self, Key)> {
        listener.set_nonblocking(true)?;
        let (standing, _) = watch::channel(Standing::Open);
        let door = Self {
            address: listener.local_addr()?,
            state: Mutex::new(State::Open(Arc::new(TcpListener::from_std(listener)?))),
            standing: standing.clone(),
        };
        Ok((door, Key(standing)))
    }

    fn open(&self) -> Option<Arc<TcpListener>> {
        match &*self.lock() {
            State::Open(listener) => Some(Arc::clone(listener)),
            State::Closing(_) | State::Shut => None,
        }
    }

    /// Takes the listener away from those who wait to be told of the next connection: what has come in the
    /// meantime they do not know of.
    fn close(&self) {
        let mut state = self.lock();
        let before = std::mem::replace(&mut *state, State::Shut);
        *state = match before {
            State::Open(listener) => Arc::into_inner(listener)
                .and_then(|listener| listener.into_std().ok())
                .map_or(State::Shut, State::Closing),
            State::Closing(_) | State::Shut => before,
        };
    }

    /// The next one in the line, and where nobody is there any more, the end of it.
    fn last(&self) -> Option<(net::TcpStream, SocketAddr)> {
        let mut state = self.lock();
        if let State::Closing(listener) = &*state {
            loop {
                match listener.accept() {
                    Ok(taken) => return Some(taken),
                    Err(error) if has_gone(&error) => {}
                    Err(_nobody) => break,
                }
            }
        }
        *state = State::Shut;
        drop(state);
        self.standing.send_replace(Standing::Shut);
        None
    }

    /// A thread that panicked left the state whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody has left the line, or the question was interrupted: neither is the end of it.
fn has_gone(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::ConnectionAborted, io::ErrorKind::Interrupted];
    kinds.contains(&error.kind())
}

impl Key {
    /// Shuts the door, and waits until it is.
    pub(super) async fn shut(&self) {
        let mut standing = self.0.subscribe();
        self.0.send_if_modified(|standing| {
            let is_open = *standing == Standing::Open;
            if is_open {
                *standing = Standing::ToBeShut;
            }
            is_open
        });
        // The sender is here: there is always an end to wait for.
        let _ = standing.wait_for(|it| *it == Standing::Shut).await;
    }
}

impl AddrListener<TcpStream, Caller> for Door {
    async fn bind_to(Caller(address): Caller) -> io::Result<Self> {
        let (door, _) = Self::at(net::TcpListener::bind(address)?)?;
        Ok(door)
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, Caller)> {
        let mut standing = self.standing.subscribe();
        if let Some(listener) = self.open() {
            tokio::select! {
                taken = listener.accept() => {
                    let (stream, address) = taken?;
                    return Ok((stream, Caller(address)));
                }
                _ = standing.wait_for(|it| *it != Standing::Open) => {}
            }
            drop(listener);
            self.close();
        }
        match self.last() {
            Some((stream, address)) => {
                stream.set_nonblocking(true)?;
                Ok((TcpStream::from_std(stream)?, Caller(address)))
            }
            None => pending().await,
        }
    }

    fn get_local_addr(&self) -> io::Result<Caller> {
        Ok(Caller(self.address))
    }
}

impl Address for Caller {
    type Stream = TcpStream;
    type Listener = Door;
}

impl Connected<Caller> for SocketAddr {
    fn connect_info(Caller(address): Caller) -> Self {
        address
    }
}
