//! The one connection to a server, which all callers share, and what is known of it.
//!
//! Answers come in the order of the questions. Whoever stops waiting for one leaves its place in that order
//! taken: the answer is thrown away and reaches nobody else. One task opens the connection, and opens
//! another one when it breaks. When an answer is late the connection is given up, and until the server has
//! answered a question on another one every caller is told at once that the store does not answer: nobody
//! waits for a server that hangs, but those who were waiting when it began to.
//!
//! Which server it is may be what Sentinels say. Then it is one that says itself that it is the master, and the
//! connection is given up as well where it refuses to write, or where they name another one.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{ErrorKind, FromRedisValue, RedisError, ServerErrorKind, aio::MultiplexedConnection};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    call::Call,
    dial::{Dialer, Driver, Fault},
    sentinel::{Sentinels, Watch},
};
use crate::{config::store::RedisAddress, model::store::StoreError};

/// How long the first attempt to open another connection waits after one that failed; each next one twice as
/// long, up to [`LONGEST_PAUSE`]. After one that broke, as long has passed since that was opened.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long it may take to open one, TLS and the first answers included. Nobody waits for all of it.
const OPENED_WITHIN: Duration = Duration::from_secs(5);

/// Why an answer is none that the caller can use.
#[derive(Debug)]
pub(super) enum Miss {
    /// The Cluster as a whole serves nobody now.
    ClusterDown,
    /// Another server of the Cluster has the keys: from now on, or for this question.
    Elsewhere {
        /// Which one, as the server has named it.
        named: String,
        /// Whether it has them from now on.
        is_moved: bool,
    },
    /// The keys are on their way from one server to another, and not all of them at one yet.
    OnTheWay,
    /// There was none, or the store cannot do what was asked.
    Store(StoreError),
}

impl Miss {
    /// What it is to a caller of the store, where nobody else can be asked.
    pub(super) fn told(self) -> StoreError {
        match self {
            Self::Store(fault) => fault,
            Self::ClusterDown => StoreError::Unavailable,
            Self::Elsewhere { .. } | Self::OnTheWay => {
                tracing::warn!("Redis did not do what was asked: it is one server of a Cluster");
                StoreError::Unavailable
            }
        }
    }

    fn of(fault: &RedisError) -> Self {
        let is = |kind| fault.kind() == ErrorKind::Server(kind);
        if is(ServerErrorKind::Moved) || is(ServerErrorKind::Ask) {
            let named = fault.redirect_node().map(|(named, _slot)| named.to_owned());
            return Self::Elsewhere {
                named: named.unwrap_or_default(),
                is_moved: is(ServerErrorKind::Moved),
            };
        }
        if is(ServerErrorKind::TryAgain) {
            return Self::OnTheWay;
        }
        // The code alone: what else the server says may hold what it was asked about.
        let code = fault.code().unwrap_or("none");
        tracing::warn!(error.code = code, "Redis did not do what was asked");
        if is(ServerErrorKind::ClusterDown) {
            return Self::ClusterDown;
        }
        Self::Store(match fault.code() {
            Some("OOM") => StoreError::Full,
            Some("WRONGTYPE") => StoreError::Forged,
            Some(_) | None => StoreError::Unavailable,
        })
    }
}

/// Why a server refuses whatever it is asked to write, and not this question alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refusal {
    /// It is a replica.
    Replica,
    /// It has lost its replicas, or its master.
    CutOff,
    /// It cannot, or may not for us.
    Whatever,
}

impl Refusal {
    fn of(fault: &RedisError) -> Option<Self> {
        match fault.code()? {
            "READONLY" => Some(Self::Replica),
            "NOREPLICAS" | "MASTERDOWN" => Some(Self::CutOff),
            "MISCONF" | "LOADING" | "NOPERM" | "NOAUTH" => Some(Self::Whatever),
            _ => None,
        }
    }
}

/// How a question is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    /// Of the server that has the keys.
    Plainly,
    /// Of the one where they are on their way to.
    Ahead,
}

/// Who says where the server is.
pub(super) enum Guide {
    /// The configuration, or the Cluster.
    Known(RedisAddress),
    /// Sentinels.
    Named(Sentinels),
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
    give_up: mpsc::Sender<Why>,
}

/// Why a connection is given up that has not broken.
#[derive(Clone, Copy)]
enum Why {
    /// An answer did not come in time.
    Late,
    /// The server takes no writes.
    Replica,
}

/// The connection.
pub(super) struct Link {
    shared: Arc<Shared>,
    /// Opened by the first caller: where the store is made there may be nothing yet that runs tasks.
    task: OnceLock<JoinHandle<()>>,
}

struct Shared {
    guide: Guide,
    dialer: Arc<Dialer>,
    patience: Duration,
    state: watch::Sender<State>,
    /// Whether it refused the last question as it would any other.
    refuses: AtomicBool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
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
    /// To a server that nobody has asked yet, each of whose answers is waited for as long as `patience`.
    pub(super) fn new(guide: Guide, dialer: Arc<Dialer>, patience: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                guide,
                dialer,
                patience,
                state: watch::Sender::default(),
                refuses: AtomicBool::new(false),
            }),
            task: OnceLock::new(),
        }
    }

    /// Whether the server answers, and does what it is asked, as far as is known.
    pub(super) fn answers(&self) -> bool {
        self.begin();
        let is_open = matches!(*self.shared.state.borrow(), State::Open(_));
        is_open && !self.shared.refuses.load(Ordering::Relaxed)
    }

    /// Has a connection opened, if that has not begun.
    pub(super) fn begin(&self) {
        self.task
            .get_or_init(|| tokio::spawn(keep_open(Arc::clone(&self.shared))));
    }

    /// Asks the server.
    ///
    /// # Errors
    ///
    /// It did not answer in time, or not with what was asked for.
    pub(super) async fn ask<T: FromRedisValue>(&self, call: &Call, how: Asked) -> Result<T, Miss> {
        const UNAVAILABLE: Miss = Miss::Store(StoreError::Unavailable);
        self.begin();
        let patience = self.shared.patience;
        let Ok(open) = timeout(patience, self.shared.open()).await else {
            // Whoever asks next does not wait for the same.
            self.shared.state.send_if_modified(|state| match state {
                State::Opening => {
                    *state = State::Lost;
                    true
                }
                State::Open(_) | State::Lost => false,
            });
            return Err(UNAVAILABLE);
        };
        let Some(mut open) = open else {
            return Err(UNAVAILABLE);
        };
        let answer = async {
            match how {
                Asked::Plainly => call.ask(&mut open.connection).await,
                Asked::Ahead => call.ask_ahead(&mut open.connection).await,
            }
        };
        let Ok(answer) = timeout(patience, answer).await else {
            open.give_up(Why::Late);
            return Err(UNAVAILABLE);
        };
        let refusal = answer.as_ref().err().and_then(Refusal::of);
        let refuses = refusal.is_some();
        self.shared.refuses.store(refuses, Ordering::Relaxed);
        match (refusal, &self.shared.guide) {
            // Another one may have the same name by now, and the connection would outlive that.
            (Some(Refusal::Replica), _)
            // A master that is cut off from its replicas may not be the master any more.
            | (Some(Refusal::CutOff), Guide::Named(_)) => open.give_up(Why::Replica),
            (Some(Refusal::CutOff | Refusal::Whatever) | None, _) => {}
        }
        answer.map_err(|fault: RedisError| Miss::of(&fault))
    }
}

impl Open {
    fn give_up(&self, why: Why) {
        // Where there is no room it is given up already.
        let _ = self.give_up.try_send(why);
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
    let mut keeper = Keeper {
        shared: &shared,
        pause: FIRST_PAUSE,
        was_told: false,
    };
    match &shared.guide {
        Guide::Known(address) => loop {
            keeper.serve(address).await;
        },
        Guide::Named(sentinels) => {
            let mut watch = sentinels.watch();
            loop {
                keeper.serve_named(&mut watch).await;
            }
        }
    }
}

/// What the task knows from one connection to the next.
struct Keeper<'a> {
    shared: &'a Shared,
    pause: Duration,
    /// Whether it was logged that the server does not answer.
    was_told: bool,
}

impl Keeper<'_> {
    /// Finds the master, opens a connection to it, and has it used until it is of no use or another one is named.
    async fn serve_named(&mut self, watch: &mut Watch<'_>) {
        let master = match watch.master().await {
            Ok(master) => master,
            Err((fault, by)) => return self.lose(&fault, by.as_ref()).await,
        };
        tokio::select! {
            () = self.serve(&master) => watch.pass_on(),
            () = watch.until_another(&master) => {
                // Nobody gets the connection from here on, and those who wait on it are told.
                self.shared.state.send_replace(State::Opening);
                tracing::info!(redis.server = %master, "Sentinel names another master of Redis");
            }
        }
    }

    /// Opens a connection, and has it used until it is of no use.
    async fn serve(&mut self, address: &RedisAddress) {
        let opened = timeout(OPENED_WITHIN, self.connect(address)).await;
        let (connection, mut driver) = match opened.unwrap_or(Err(Fault::Late)) {
            Ok(opened) => opened,
            Err(fault) => return self.lose(&fault, Some(address)).await,
        };
        if self.was_told {
            tracing::info!(redis.server = %address, "Redis answers again");
        }
        (self.pause, self.was_told) = (FIRST_PAUSE, false);
        let opened_at = Instant::now();
        let (give_up, mut reasons) = mpsc::channel(1);
        self.shared.state.send_replace(State::Open(Open {
            connection,
            give_up,
        }));
        let left = tokio::select! {
            () = &mut driver => State::Opening,
            why = reasons.recv() => match why {
                Some(Why::Replica) => State::Opening,
                Some(Why::Late) | None => {
                    Fault::Late.tell(Some(address));
                    self.was_told = true;
                    State::Lost
                }
            }
        };
        // Nobody gets the connection from here on, and those who wait on it are told.
        self.shared.state.send_replace(left);
        drop(driver);
        // What answers the first question and hangs up then is not asked without a pause.
        sleep_until(opened_at + FIRST_PAUSE).await;
    }

    /// Tells that there is no connection, and waits before the next attempt.
    async fn lose(&mut self, fault: &Fault, address: Option<&RedisAddress>) {
        self.shared.state.send_replace(State::Lost);
        if !self.was_told {
            fault.tell(address);
        }
        self.was_told = true;
        sleep(self.pause).await;
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
    }

    /// Has the server answer a first question, and in time: one that hangs takes connections all the same, and one that is
    /// slow would be given up with the next question.
    async fn connect(
        &self,
        address: &RedisAddress,
    ) -> Result<(MultiplexedConnection, Driver), Fault> {
        let mut line = self.shared.dialer.dial(address).await?;
        let mut connection = line.connection.clone();
        let mut info = async |section: &str| {
            let mut question = redis::cmd("INFO");
            question.arg(section);
            line.until(question.query_async::<String>(&mut connection))
                .await
        };
        let said = timeout(self.shared.patience, info("memory")).await;
        match said.unwrap_or(Err(Fault::Late)) {
            Ok(memory) if says(&memory, "maxmemory_policy:", "noeviction") == Some(false) => {
                tracing::warn!(
                    redis.server = %address,
                    "Redis may forget what it was told to keep: set maxmemory-policy to noeviction"
                );
            }
            Ok(_) => {}
            // An account that may not ask this gets an answer, too.
            Err(Fault::Refused(fault)) if fault.code() == Some("NOPERM") => {}
            Err(fault) => return Err(fault),
        }
        match self.shared.guide {
            Guide::Known(_) => {}
            // By `INFO` and not by `ROLE`: an account that may ask no more than one server needs may ask this.
            Guide::Named(_) => {
                let replication = info("replication").await?;
                if says(&replication, "role:", "master") != Some(true) {
                    return Err(Fault::Replica);
                }
            }
        }
        Ok((line.connection, line.driver))
    }
}

/// Whether a server that says this of itself says `value` under `key`. With another policy than to evict nothing it
/// removes values for want of room: a used message would be new.
fn says(info: &str, key: &str, value: &str) -> Option<bool> {
    said_of(info, key).map(|said| said == value)
}

/// What a server that says this of itself says under `key`.
pub(super) fn said_of<'i>(info: &'i str, key: &str) -> Option<&'i str> {
    let mut lines = info.lines();
    lines.find_map(|line| line.trim().strip_prefix(key))
}
