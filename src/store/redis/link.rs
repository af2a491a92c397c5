//! The one connection to the server, which all callers share, and what is known of it.
//!
//! Answers come in the order of the questions. Whoever stops waiting for one leaves its place in that order
//! taken: the answer is thrown away and reaches nobody else. One task opens the connection, and opens
//! another one when it breaks. When an answer is late the connection is given up, and until the server has
//! answered a question on another one every caller is told at once that the store does not answer: nobody
//! waits for a server that hangs, but those who were waiting when it began to.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, FromRedisValue, RedisConnectionInfo, RedisError, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    config::store::{RedisAddress, RedisServer},
    model::store::StoreError,
    sys::tls::{self, TlsConnector},
};

/// How long the first attempt to open another connection waits after one that failed; each next one twice as
/// long, up to [`LONGEST_PAUSE`]. After one that broke, as long has passed since that was opened.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long it may take to open one, TLS and the first answer included. Nobody waits for all of it.
const OPENED_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no connection, or no answer.
#[derive(Debug, thiserror::Error)]
enum LinkFault {
    #[error("the authorities that should vouch for it cannot be used")]
    Authorities(#[source] tls::ConnectorError),
    #[error("it cannot be reached")]
    Unreached(#[source] io::Error),
    #[error("it does not answer in time")]
    Late,
    #[error("it refuses us")]
    Refused(#[source] RedisError),
}

/// What is known of the server.
#[derive(Clone, Default)]
enum State {
    /// A connection is being opened, and nothing is known against it.
    #[default]
    Opening,
    /// There is one.
    Open(Open),
    /// It did not answer when it was last asked.
    Lost,
}

/// A connection, and how it is told that it is to be given up.
#[derive(Clone)]
struct Open {
    connection: MultiplexedConnection,
    is_late: Arc<Notify>,
}

/// The connection.
pub(super) struct Link {
    shared: Arc<Shared>,
    /// Opened by the first caller: where the store is made there may be nothing yet that runs tasks.
    task: OnceLock<JoinHandle<()>>,
}

struct Shared {
    server: RedisServer,
    state: watch::Sender<State>,
    unanswered: AtomicU64,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("server", &self.shared.server)
            .finish_non_exhaustive()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Link {
    /// Of a server that nobody has asked yet.
    pub(super) fn new(server: RedisServer) -> Self {
        Self {
            shared: Arc::new(Shared {
                server,
                state: watch::Sender::default(),
                unanswered: AtomicU64::new(0),
            }),
            task: OnceLock::new(),
        }
    }

    /// Runs a script.
    ///
    /// # Errors
    ///
    /// The server did not answer in time, is full, or holds something of somebody else's under the key.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let answer = self.ask(script).await;
        if answer.is_err() {
            self.shared.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// Whether the server answers, as far as is known.
    pub(super) fn answers(&self) -> bool {
        self.begin();
        matches!(*self.shared.state.borrow(), State::Open(_))
    }

    /// How many questions got no answer, or one that was no use.
    pub(super) fn unanswered(&self) -> u64 {
        self.shared.unanswered.load(Ordering::Relaxed)
    }

    /// Has a connection opened, if that has not begun.
    pub(super) fn begin(&self) {
        self.task
            .get_or_init(|| tokio::spawn(keep_open(Arc::clone(&self.shared))));
    }

    async fn ask<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, StoreError> {
        self.begin();
        let patience = self.shared.server.timeout();
        let Ok(open) = timeout(patience, self.shared.open()).await else {
            // Whoever asks next does not wait for the same.
            self.shared.state.send_if_modified(|state| match state {
                State::Opening => {
                    *state = State::Lost;
                    true
                }
                State::Open(_) | State::Lost => false,
            });
            return Err(StoreError::Unavailable);
        };
        let Some(mut open) = open else {
            return Err(StoreError::Unavailable);
        };
        let Ok(answer) = timeout(patience, script.invoke_async(&mut open.connection)).await else {
            open.is_late.notify_one();
            return Err(StoreError::Unavailable);
        };
        answer.map_err(|fault: RedisError| {
            let told = match fault.code() {
                Some("OOM") => StoreError::Full,
                Some("WRONGTYPE") => StoreError::Forged,
                Some(_) | None => StoreError::Unavailable,
            };
            // The code alone: what else the server says may hold what it was asked about.
            let code = fault.code().unwrap_or("none");
            tracing::warn!(error.code = code, "Redis did not do what was asked");
            told
        })
    }
}

impl Shared {
    /// The connection, or none where the server is known not to answer.
    async fn open(&self) -> Option<Open> {
        let mut state = self.state.subscribe();
        let known = state.wait_for(|state| match state {
            State::Opening => false,
            State::Open(_) | State::Lost => true,
        });
        match &*known.await.ok()? {
            State::Open(open) => Some(open.clone()),
            State::Opening | State::Lost => None,
        }
    }
}

/// Keeps a connection open for as long as anybody holds the [`Link`].
async fn keep_open(shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    let mut was_told = false;
    let mut connector = None;
    loop {
        let opened = timeout(OPENED_WITHIN, connect(&shared.server, &mut connector)).await;
        match opened.unwrap_or(Err(LinkFault::Late)) {
            Ok((connection, mut driver)) => {
                if was_told {
                    tracing::info!("Redis answers again");
                }
                (pause, was_told) = (FIRST_PAUSE, false);
                let opened_at = Instant::now();
                let is_late = Arc::new(Notify::new());
                shared.state.send_replace(State::Open(Open {
                    connection,
                    is_late: Arc::clone(&is_late),
                }));
                let left = tokio::select! {
                    () = &mut driver => State::Opening,
                    () = is_late.notified() => {
                        tell(&LinkFault::Late);
                        was_told = true;
                        State::Lost
                    }
                };
                // Nobody gets the connection from here on, and those who wait on it are told.
                shared.state.send_replace(left);
                drop(driver);
                // What answers the first question and hangs up then is not asked without a pause.
                sleep_until(opened_at + FIRST_PAUSE).await;
            }
            Err(fault) => {
                shared.state.send_replace(State::Lost);
                if !was_told {
                    tell(&fault);
                }
                was_told = true;
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn tell(fault: &LinkFault) {
    let cause: &dyn std::error::Error = fault;
    let below = cause.source().map(ToString::to_string);
    tracing::warn!(error.cause = %fault, error.source = below, "Redis does not answer");
}

/// What moves questions and answers over a connection, until that breaks.
type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens a connection. What speaks TLS is made once: it reads the authorities of the system from the disk, which holds
/// up a thread of the runtime. Others of them count after a start, as all of `[store]` does.
async fn connect(
    server: &RedisServer,
    connector: &mut Option<TlsConnector>,
) -> Result<(MultiplexedConnection, Driver), LinkFault> {
    match &server.address {
        RedisAddress::Socket(path) => {
            let stream = UnixStream::connect(path).await;
            greet(server, stream.map_err(LinkFault::Unreached)?).await
        }
        RedisAddress::Plain { host, port } => greet(server, reach(host, *port).await?).await,
        RedisAddress::Tls {
            host,
            port,
            authorities,
        } => {
            let connector: &TlsConnector = match connector {
                Some(made) => made,
                None => connector.insert(
                    tls::connector(authorities.as_deref()).map_err(LinkFault::Authorities)?,
                ),
            };
            let stream = reach(host, *port).await?;
            let stream = tls::begin(connector, host, stream).await;
            greet(server, stream.map_err(LinkFault::Unreached)?).await
        }
    }
}

async fn reach(host: &str, port: u16) -> Result<TcpStream, LinkFault> {
    let stream = TcpStream::connect((host, port)).await;
    let stream = stream.map_err(LinkFault::Unreached)?;
    stream.set_nodelay(true).map_err(LinkFault::Unreached)?;
    Ok(stream)
}

/// Says who we are, and has the server answer a first question: one that hangs takes connections all the
/// same.
async fn greet<S>(
    server: &RedisServer,
    stream: S,
) -> Result<(MultiplexedConnection, Driver), LinkFault>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut who = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some((user, password)) = &server.account {
        who = who.set_password(String::from_utf8_lossy(password.expose()));
        if let Some(user) = user {
            who = who.set_username(user);
        }
    }
    // Time is bounded by whoever asks.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let (mut connection, driver) = MultiplexedConnection::new_with_config(&who, stream, config)
        .await
        .map_err(LinkFault::Refused)?;
    let mut driver: Driver = Box::pin(driver);
    let mut question = redis::cmd("INFO");
    question.arg("memory");
    let answer = tokio::select! {
        answer = question.query_async::<String>(&mut connection) => answer,
        () = &mut driver => return Err(LinkFault::Unreached(io::ErrorKind::BrokenPipe.into())),
    };
    match answer {
        Ok(memory) if forgets(&memory) => {
            tracing::warn!(
                "Redis may forget what it was told to keep: set maxmemory-policy to noeviction"
            );
        }
        Ok(_) => {}
        // An account that may not ask this gets an answer, too.
        Err(fault) if fault.code() == Some("NOPERM") => {}
        Err(fault) => return Err(LinkFault::Refused(fault)),
    }
    Ok((connection, driver))
}

/// Whether a server that says this of its memory removes values for want of room: a used message would be new.
fn forgets(memory: &str) -> bool {
    let mut lines = memory.lines();
    let policy = lines.find_map(|line| line.trim().strip_prefix("maxmemory_policy:"));
    policy.is_some_and(|policy| policy != "noeviction")
}
