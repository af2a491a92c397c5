//! A way to a server on which each answer takes a while: what no real server does when it is told to.

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// The way; dropping it closes all connections that are on it, and its socket.
#[derive(Debug)]
pub(crate) struct SlowWay {
    shared: Arc<Shared>,
    socket: PathBuf,
}

#[derive(Debug)]
struct Shared {
    behind: PathBuf,
    later: Duration,
    is_closed: AtomicBool,
    held_up: AtomicUsize,
    open: Mutex<Vec<UnixStream>>,
}

impl SlowWay {
    /// Begins one from `socket` to the server that listens at `behind`, whose answers come so much later.
    pub(crate) fn before(behind: &Path, socket: &Path, later: Duration) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let shared = Arc::new(Shared {
            behind: behind.to_owned(),
            later,
            is_closed: AtomicBool::new(false),
            held_up: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let taking = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if taking.is_closed.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever cannot be connected is hung up on.
                let _ = taking.take(client);
            }
        });
        Self {
            shared,
            socket: socket.to_owned(),
        }
    }

    /// How many pieces of answers it has held up.
    pub(crate) fn held_up(&self) -> usize {
        self.shared.held_up.load(Ordering::SeqCst)
    }
}

impl Drop for SlowWay {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::SeqCst);
        // Wakes the thread that takes connections.
        let _ = UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
        for open in self.shared.open().drain(..) {
            let _ = open.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn take(self: &Arc<Self>, client: UnixStream) -> std::io::Result<()> {
        let server = UnixStream::connect(&self.behind)?;
        self.open()
            .extend([client.try_clone()?, server.try_clone()?]);
        let (mut asks, mut asked) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || {
            let _ended = std::io::copy(&mut asks, &mut asked);
            asked.shutdown(Shutdown::Both)
        });
        let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
        let (shared, later) = (Arc::clone(self), self.later);
        let mut server = server;
        thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while let Ok(count @ 1..) = server.read(&mut bytes) {
                let piece = bytes.get(..count).unwrap_or_default().to_vec();
                if sender.send((Instant::now() + later, piece)).is_err() {
                    return;
                }
            }
        });
        let mut client = client;
        thread::spawn(move || {
            for (due, piece) in receiver {
                rest(due.saturating_duration_since(Instant::now()));
                shared.held_up.fetch_add(1, Ordering::SeqCst);
                if client.write_all(&piece).is_err() {
                    break;
                }
            }
            client.shutdown(Shutdown::Both)
        });
        Ok(())
    }

    /// A thread that panicked left the list whole.
    fn open(&self) -> MutexGuard<'_, Vec<UnixStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "holds an answer of another process up, which has no clock that could be moved"
)]
fn rest(time: Duration) {
    thread::sleep(time);
}
