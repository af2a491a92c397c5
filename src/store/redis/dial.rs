//! Opens connections, and says who we are there; and asks several servers in turn what one of them must know.

use std::{io, pin::Pin, sync::OnceLock, time::Duration};

use redis::{
    AsyncConnectionConfig, FromRedisValue, Pipeline, RedisConnectionInfo, RedisError, RedisResult,
    aio::MultiplexedConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::{
    config::store::{RedisAccount, RedisAddress},
    sys::tls::{self, TlsConnector},
};

/// How long one of several servers may take to say what another one may know as well, with a connection to it opened
/// for that. No caller waits for it.
const SAID_WITHIN: Duration = Duration::from_secs(1);

/// Why there is no connection, or no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the authorities that should vouch for it cannot be used")]
    Authorities(#[source] tls::ConnectorError),
    #[error("it names a server that would be reached across a network in clear")]
    InClear,
    #[error("it does not answer in time")]
    Late,
    #[error("it serves no whole Cluster")]
    NoCluster,
    #[error("it knows no master of that name")]
    NoMaster,
    #[error("it refuses us")]
    Refused(#[source] RedisError),
    #[error("it is a replica, and no master")]
    Replica,
    #[error("it cannot be reached")]
    Unreached(#[source] io::Error),
}

impl Fault {
    /// Logs that the server of `address`, or none of those that are asked in turn, is of use.
    pub(super) fn tell(&self, address: Option<&RedisAddress>) {
        let cause: &dyn std::error::Error = self;
        let below = cause.source().map(ToString::to_string);
        let server = address.map(ToString::to_string);
        tracing::warn!(
            redis.server = server,
            error.cause = %self,
            error.source = below,
            "Redis does not answer"
        );
    }
}

/// What moves questions and answers over a connection, until that breaks.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection, and what drives it.
pub(super) struct Line {
    pub(super) connection: MultiplexedConnection,
    pub(super) driver: Driver,
}

impl Line {
    /// Drives the connection until `answer` is there. After a fault it is of no use any more.
    pub(super) async fn until<T>(
        &mut self,
        answer: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Fault> {
        tokio::select! {
            answer = answer => answer.map_err(Fault::Refused),
            () = &mut self.driver => Err(Fault::Unreached(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

/// Opens connections to servers that know us by one account.
#[derive(Debug)]
pub(super) struct Dialer {
    account: Option<RedisAccount>,
    /// What speaks TLS, made once: it reads the authorities of the system from the disk, which holds up a thread of the
    /// runtime. Others of them count after a start, as all of `[store]` does.
    connector: OnceLock<TlsConnector>,
}

impl Dialer {
    pub(super) fn new(account: Option<RedisAccount>) -> Self {
        Self {
            account,
            connector: OnceLock::new(),
        }
    }

    /// Opens a connection, without a bound of time.
    pub(super) async fn dial(&self, address: &RedisAddress) -> Result<Line, Fault> {
        match address {
            RedisAddress::Socket(path) => {
                let stream = UnixStream::connect(path).await;
                self.greet(stream.map_err(Fault::Unreached)?).await
            }
            RedisAddress::Plain { host, port } => self.greet(reach(host, *port).await?).await,
            RedisAddress::Tls {
                host,
                port,
                authorities,
            } => {
                let connector = if let Some(made) = self.connector.get() {
                    made
                } else {
                    let made = tls::connector(authorities.as_deref());
                    let made = made.map_err(Fault::Authorities)?;
                    self.connector.get_or_init(|| made)
                };
                let stream = reach(host, *port).await?;
                let stream = tls::begin(connector, host, stream).await;
                self.greet(stream.map_err(Fault::Unreached)?).await
            }
        }
    }

    async fn greet<S>(&self, stream: S) -> Result<Line, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut who = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(RedisAccount { user, password }) = &self.account {
            who = who.set_password(String::from_utf8_lossy(password.expose()));
            if let Some(user) = user {
                who = who.set_username(user);
            }
        }
        // Time is bounded by whoever asks.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) = MultiplexedConnection::new_with_config(&who, stream, config)
            .await
            .map_err(Fault::Refused)?;
        Ok(Line {
            connection,
            driver: Box::pin(driver),
        })
    }
}

async fn reach(host: &str, port: u16) -> Result<TcpStream, Fault> {
    let stream = TcpStream::connect((host, port)).await;
    let stream = stream.map_err(Fault::Unreached)?;
    stream.set_nodelay(true).map_err(Fault::Unreached)?;
    Ok(stream)
}

/// Why none of several servers said anything of use: what is wrong with the last one, and which one that is.
pub(super) type Unsaid = (Fault, Option<RedisAddress>);

/// Servers of which any one can be asked: one at a time, until it is of no use.
pub(super) struct Round<'a> {
    dialer: &'a Dialer,
    /// Who is asked: the first one.
    addresses: Vec<RedisAddress>,
    line: Option<Line>,
}

impl<'a> Round<'a> {
    pub(super) fn of(addresses: &[RedisAddress], dialer: &'a Dialer) -> Self {
        Self {
            dialer,
            addresses: addresses.to_vec(),
            line: None,
        }
    }

    /// Has others asked from now on, once the one that is asked is of no use.
    pub(super) fn renew(&mut self, addresses: Vec<RedisAddress>) {
        let first = self.addresses.drain(..).next();
        let others = addresses
            .into_iter()
            .filter(|it| Some(it) != first.as_ref());
        self.addresses = first.iter().cloned().chain(others).collect();
    }

    /// Has the next one asked.
    pub(super) fn pass_on(&mut self) {
        self.line = None;
        if !self.addresses.is_empty() {
            self.addresses.rotate_left(1);
        }
    }

    /// What the first one says that says anything that `read` can use, and the last one's fault otherwise.
    pub(super) async fn ask<T: FromRedisValue, U>(
        &mut self,
        questions: &Pipeline,
        read: impl Fn(&RedisAddress, T) -> Result<U, Fault>,
    ) -> Result<U, Unsaid> {
        let mut last = (Fault::Late, None);
        for _ in 0..self.addresses.len() {
            let said = timeout(SAID_WITHIN, self.ask_one(questions)).await;
            let said = said.unwrap_or(Err(Fault::Late));
            match said.and_then(|(address, said)| read(&address, said)) {
                Ok(read) => return Ok(read),
                Err(fault) => last = (fault, self.addresses.first().cloned()),
            }
            self.pass_on();
        }
        Err(last)
    }

    async fn ask_one<T: FromRedisValue>(
        &mut self,
        questions: &Pipeline,
    ) -> Result<(RedisAddress, T), Fault> {
        let address = self.addresses.first().ok_or(Fault::Late)?;
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.dialer.dial(address).await?,
        };
        let mut connection = line.connection.clone();
        let said = line.until(questions.query_async(&mut connection)).await?;
        self.line = Some(line);
        Ok((address.clone(), said))
    }
}
