//! Clients that send the start of a message and hardly anything more: more heads than there are places
//! for connections, and bodies besides, while people sign in for the first time.
//!
//! The server has its default settings. Each slow client sends one byte a second, looks as often whether it
//! was closed, and then comes back: so places are short all the time, and heads and bodies run out of time
//! as well. Who signs in comes on one connection, types, and sends the form on another one: the first has
//! given way by then, as any that waits for its client.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use passerelle::sys::clock::{Clock as _, SystemClock};
use rustix::process::{Resource, getrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime::{self, Runtime},
    time::{interval, sleep, timeout},
};

use crate::{
    kit::{
        browser::Browser,
        measure::Samples,
        people::People,
        place::{PASSWORD, Place, login},
        reading::Reader,
        request::AuthnRequest,
        server::{Server, free_address, rest},
    },
    table::{Table, note, title},
};

/// How many send half a head: a fourth more than there are places by default (`max-connections`).
const HEADS: usize = 5_000;
/// How many send half a body.
const BODIES: usize = 200;
/// From so many addresses they come: the ports of one would be used up within a minute.
const ADDRESSES: usize = 20;
/// How often each of them sends a byte, and comes back once it was closed.
const EVERY: Duration = Duration::from_secs(1);
/// For how long people sign in meanwhile: twice as long as a body may take, so that all ends occur.
const LASTS: Duration = Duration::from_secs(30);
/// How many accounts there are.
const ACCOUNTS: usize = 200;
/// After this long without being full something is broken.
const PATIENCE: Duration = Duration::from_mins(1);
/// The 99th percentile that the form may take, in milliseconds.
const MOST_FORM_MS: f64 = 250.0;
/// The same of the answer to a password, which is hashed.
const MOST_ANSWER_MS: f64 = 500.0;

/// Measures it.
///
/// # Errors
///
/// Something does not start, or the server is never full.
pub(crate) fn measure(_: &People, table: &mut Table) -> anyhow::Result<()> {
    title(&format!(
        "{HEADS} slow heads and {BODIES} slow bodies, while people sign in for {} s",
        LASTS.as_secs()
    ));
    let files = getrlimit(Resource::Nofile).current;
    let needed = u64::try_from(HEADS + BODIES + 100)?;
    ensure!(
        files.is_none_or(|files| files >= needed),
        "{needed} files have to be open at one time: raise the hard limit (ulimit -H -n)"
    );
    let address = free_address()?;
    let place = Place::make(address, ACCOUNTS, "")?;
    let server = Server::start(&place, address)?;
    let reader = Reader::of(&place)?;
    let slow = Slow::gather(address)?;
    let (mut forms, mut answers) = (Vec::new(), Vec::new());
    let mut failed = 0;
    let begun = Instant::now();
    for number in 0.. {
        if begun.elapsed() > LASTS {
            break;
        }
        match sign_in(&server, &reader, number % ACCOUNTS) {
            Ok((form, answer)) => {
                forms.push(form);
                answers.push(answer);
            }
            Err(error) => {
                failed += 1;
                note("a sign-in that failed", &format!("{error:#}"));
            }
        }
    }
    let closed = slow.count.closed.load(Ordering::SeqCst);
    ensure!(closed > 0, "nobody gave way: the server was never full");
    note("slow clients that were closed", &closed.to_string());
    table.never("a sign-in that failed", failed);
    let form = Samples::from_iter(forms);
    table.times("the form, ms", &form, MOST_FORM_MS);
    let answer = Samples::from_iter(answers);
    table.times("the answer to a password, ms", &answer, MOST_ANSWER_MS);
    let memory = format!("{:.1}", server.memory("VmHWM")?);
    note("the most memory, MiB", &memory);
    Ok(())
}

/// Somebody signs in who was never here: how long the form took, and how long the answer.
fn sign_in(server: &Server, reader: &Reader, person: usize) -> anyhow::Result<(f64, f64)> {
    let request = AuthnRequest::new(SystemClock.now())?;
    let begun = Instant::now();
    let mut browser = Browser::open(server.address, person)?;
    let form = browser.form(&request.query()?).context("the form")?;
    let form_took = begun.elapsed();
    let typed = Instant::now();
    browser.reconnect(server.address)?;
    browser.fill_in(&form, &login(person), PASSWORD)?;
    let answer = browser.receive().context("the answer")?;
    let answer_took = typed.elapsed();
    reader.read(&request, &answer)?;
    Ok((
        form_took.as_secs_f64() * 1e3,
        answer_took.as_secs_f64() * 1e3,
    ))
}

/// All the slow clients; they go when this is dropped.
struct Slow {
    count: Arc<Count>,
    _runtime: Runtime,
}

#[derive(Default)]
struct Count {
    /// How many have come, those that come back too.
    came: AtomicUsize,
    /// How often one was closed by the server.
    closed: AtomicUsize,
}

impl Slow {
    /// Starts them, and waits until the server has more of them than it has places.
    fn gather(server: SocketAddr) -> anyhow::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let count = Arc::<Count>::default();
        for number in 0..HEADS + BODIES {
            let client = Client {
                number,
                server,
                count: Arc::clone(&count),
            };
            runtime.spawn(client.stay());
        }
        let begun = Instant::now();
        while count.came.load(Ordering::SeqCst) < HEADS + BODIES
            || count.closed.load(Ordering::SeqCst) == 0
        {
            ensure!(begun.elapsed() < PATIENCE, "they do not come");
            rest(Duration::from_millis(10));
        }
        Ok(Self {
            count,
            _runtime: runtime,
        })
    }
}

struct Client {
    number: usize,
    server: SocketAddr,
    count: Arc<Count>,
}

impl Client {
    /// Comes, and comes back, until nobody runs it any more.
    async fn stay(self) {
        loop {
            if let Ok(mut stream) = self.come().await {
                self.count.came.fetch_add(1, Ordering::SeqCst);
                self.hang_on(&mut stream).await;
                self.count.closed.fetch_add(1, Ordering::SeqCst);
            }
            sleep(EVERY).await;
        }
    }

    async fn come(&self) -> anyhow::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        let last = u8::try_from(2 + self.number % ADDRESSES)?;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        let mut stream = socket.connect(self.server).await?;
        let start = if self.number < HEADS {
            "GET / HTTP/1.1\r\nHost: idp.example.org\r\nX-A: a"
        } else {
            "POST /saml/sso HTTP/1.1\r\nHost: idp.example.org\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\nS"
        };
        stream.write_all(start.as_bytes()).await?;
        Ok(stream)
    }

    /// Sends a byte a second, until the server closes or says something.
    async fn hang_on(&self, stream: &mut TcpStream) {
        let mut read = [0; 1024];
        let mut due = interval(EVERY);
        loop {
            due.tick().await;
            if stream.write_all(b"a").await.is_err()
                || timeout(EVERY / 2, stream.read(&mut read)).await.is_ok()
            {
                return;
            }
        }
    }
}
