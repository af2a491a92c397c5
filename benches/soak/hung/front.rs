//! What stands before a server and passes everything on, until it is told to hang.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use openssl::ssl::{SslAcceptor, SslStream};

/// How a server hangs: both accept connections, and neither ever answers.
#[derive(Clone)]
pub(crate) enum Manner {
    /// It says nothing at all.
    Silent,
    /// It speaks TLS first.
    AfterTls(Arc<SslAcceptor>),
}

/// The front of a server.
pub(crate) struct Front {
    /// Where it listens.
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    behind: SocketAddr,
    manner: Manner,
    hangs: AtomicBool,
    held: Mutex<Vec<Held>>,
}

/// A connection that is kept open, and on which nothing comes.
enum Held {
    Plain { _stream: TcpStream },
    Tls { _stream: SslStream<TcpStream> },
}

impl Front {
    /// Starts one before the server that listens at this port, for as long as the program runs.
    ///
    /// # Errors
    ///
    /// There is no port for it.
    pub(crate) fn before(port: u16, manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let front = Self {
            port: listener.local_addr()?.port(),
            shared: Arc::new(Shared {
                behind: SocketAddr::from(([127, 0, 0, 1], port)),
                manner,
                hangs: AtomicBool::new(false),
                held: Mutex::default(),
            }),
        };
        let shared = Arc::clone(&front.shared);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.take(connection));
            }
        });
        Ok(front)
    }

    /// Hangs from now on, on the connections that there are, too.
    pub(crate) fn hang(&self) {
        self.shared.hangs.store(true, Ordering::SeqCst);
    }

    /// Is back: what hung is closed.
    pub(crate) fn go_on(&self) {
        self.shared.hangs.store(false, Ordering::SeqCst);
        self.shared.held().clear();
    }
}

impl Shared {
    fn take(self: Arc<Self>, connection: TcpStream) -> Option<()> {
        if self.hangs.load(Ordering::SeqCst) {
            let held = match &self.manner {
                Manner::Silent => Held::Plain {
                    _stream: connection,
                },
                Manner::AfterTls(acceptor) => Held::Tls {
                    _stream: acceptor.accept(connection).ok()?,
                },
            };
            self.held().push(held);
            return Some(());
        }
        let behind = TcpStream::connect(self.behind).ok()?;
        for stream in [&connection, &behind] {
            stream.set_nodelay(true).ok()?;
        }
        let (there, back) = (connection.try_clone().ok()?, behind.try_clone().ok()?);
        let shared = Arc::clone(&self);
        thread::spawn(move || shared.pass_on(there, behind));
        self.pass_on(back, connection)
    }

    /// Passes on what comes from one side to the other, until that is closed, or it hangs.
    fn pass_on(&self, mut from: TcpStream, mut to: TcpStream) -> Option<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let count = from.read(&mut buffer).unwrap_or_default();
            if self.hangs.load(Ordering::SeqCst) {
                let both = [from, to].map(|stream| Held::Plain { _stream: stream });
                self.held().extend(both);
                return None;
            }
            if count == 0 {
                return to.shutdown(Shutdown::Both).ok();
            }
            to.write_all(buffer.get(..count)?).ok()?;
        }
    }

    /// A thread that panicked left the list whole.
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
