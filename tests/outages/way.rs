//! A way to a server of this machine that can be cut, for those who go it, while the server runs and others reach it.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::count::lock;

/// The way, until it is dropped.
pub(crate) struct Way {
    shared: Arc<Shared>,
    port: u16,
}

struct Shared {
    /// Where the server listens.
    to: u16,
    line: Mutex<Line>,
}

/// Who is on the way.
#[derive(Default)]
struct Line {
    is_cut: bool,
    is_over: bool,
    came: u64,
    /// Both ends of each connection.
    open: BTreeMap<u64, [TcpStream; 2]>,
}

impl Way {
    /// Begins one to the server that listens at this port.
    ///
    /// # Errors
    ///
    /// There is no port for it.
    pub(crate) fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let here = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            to: port,
            line: Mutex::default(),
        });
        let taking = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if lock(&taking.line).is_over {
                    return;
                }
                let taking = Arc::clone(&taking);
                // Whoever cannot be connected is hung up on.
                thread::spawn(move || taking.take(&client));
            }
        });
        Ok(Self { shared, port: here })
    }

    /// Where it begins.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Hangs up on all who are on it, and on all who come, until [`Self::mend`].
    pub(crate) fn cut(&self) {
        let mut line = lock(&self.shared.line);
        line.is_cut = true;
        line.open.values().flatten().for_each(hang_up);
    }

    /// Lets everybody through again.
    pub(crate) fn mend(&self) {
        lock(&self.shared.line).is_cut = false;
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.cut();
        lock(&self.shared.line).is_over = true;
        // Wakes the thread that takes connections.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn take(&self, client: &TcpStream) -> io::Result<()> {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.to))?;
        let number = {
            let mut line = lock(&self.line);
            if line.is_cut {
                return Ok(());
            }
            line.came += 1;
            let number = line.came;
            line.open
                .insert(number, [client.try_clone()?, server.try_clone()?]);
            number
        };
        let (asks, asked) = (client.try_clone(), server.try_clone());
        thread::scope(|scope| {
            scope.spawn(|| pass(asks, asked));
            pass(server.try_clone(), client.try_clone());
        });
        lock(&self.line).open.remove(&number);
        Ok(())
    }
}

/// Passes all on that comes, to its end.
fn pass(from: io::Result<TcpStream>, to: io::Result<TcpStream>) {
    if let (Ok(mut from), Ok(mut to)) = (from, to) {
        let _ended = io::copy(&mut from, &mut to);
        // No more comes from there. The other direction may go on.
        let _ended = to.shutdown(Shutdown::Write);
    }
}

fn hang_up(end: &TcpStream) {
    // It may be gone by itself.
    let _gone = end.shutdown(Shutdown::Both);
}
