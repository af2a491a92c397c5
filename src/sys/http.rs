//! Asks servers over HTTP: those that the configuration names, and, at addresses of a certain kind
//! only, others.
//!
//! Follows no redirect, knows no proxy of the environment, keeps no cookie, reads no more than it was
//! told to: what is asked is the named host and nobody else. Connections are kept for the next
//! question.

use std::{
    error::Error as _, fs::Metadata, io, net::IpAddr, os::unix::fs::MetadataExt as _, sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client, ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{
        ACCEPT, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
        LAST_MODIFIED, LOCATION,
    },
    redirect::Policy,
};
use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};

use super::{
    network::Network,
    open_files,
    tls::{self, ConnectorError},
};

/// What is asked for at an address that somebody names: a server that has a document in several forms, such as one of
/// the Metadata Query protocol, gives the one that is read here.
const ACCEPTED: &str = "application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1";
/// How long it may take to reach a server.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How many addresses of one name are tried at once.
const MOST_ADDRESSES: usize = 16;
/// How long a connection is kept for the next question.
const IDLE: Duration = Duration::from_secs(30);
/// How many are kept.
const MOST_IDLE: usize = 16;

/// Asks servers.
#[derive(Clone, Debug)]
pub struct HttpClient(Way);

/// How they are reached.
#[derive(Clone, Debug)]
enum Way {
    /// By the network of the machine.
    Machine(Client),
    /// By what was given in its place.
    Given(Arc<dyn Network>),
}

/// What a server answered.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

impl HttpAnswer {
    /// Where the server sends us (`Location`), as it is written.
    pub fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }

    /// By what it is told from other versions.
    pub fn validators(&self) -> Validators {
        let header = |name: HeaderName| {
            let value = self.headers.get(name)?;
            (value.len() <= Validators::MAX_BYTES).then(|| value.clone())
        };
        Validators {
            etag: header(ETAG),
            last_modified: header(LAST_MODIFIED),
        }
    }

    /// What time it is for the server (`Date`).
    pub fn date(&self) -> Option<Timestamp> {
        let date = self.headers.get(DATE)?.to_str().ok()?;
        // The form that everybody writes (RFC 9110 §5.6.7) is one of those of mail.
        let date = rfc2822::DateTimeParser::new().parse_timestamp(date);
        date.ok()
    }
}

/// What a server said of a version of something, by which it can be asked whether there is another one
/// (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    /// The longest of them that is kept, in bytes: whatever is sent back is a stranger's.
    const MAX_BYTES: usize = 512;

    /// Those of a file: by what the system says of it.
    pub(super) fn of_file(found: &Metadata) -> Self {
        let written = (found.mtime(), found.mtime_nsec());
        // Whoever writes a file may date it as they like, and not this.
        let changed = (found.ctime(), found.ctime_nsec());
        let stamp = format!("{written:?} {changed:?} {} {}", found.len(), found.ino());
        Self {
            etag: HeaderValue::try_from(stamp).ok(),
            last_modified: None,
        }
    }

    /// The condition under which it is sent again, for a question; none where the server said nothing.
    fn condition(&self) -> HeaderMap {
        // Who gives both is asked by the one that says more (RFC 9110 §13.1.3).
        let condition = match self {
            Self {
                etag: Some(etag), ..
            } => Some((IF_NONE_MATCH, etag)),
            Self {
                etag: None,
                last_modified: Some(date),
            } => Some((IF_MODIFIED_SINCE, date)),
            Self {
                etag: None,
                last_modified: None,
            } => None,
        };
        let condition = condition.map(|(name, value)| (name, value.clone()));
        condition.into_iter().collect()
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpFault {
    /// It did not come, not in time, or not from whom it should; without the address, which may hold
    /// a secret.
    #[error("the server did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// Nobody was asked: no more files may be open here. The server may be in order.
    #[error("the server was not asked: no more files may be open here")]
    NoFile(#[source] reqwest::Error),
    /// The same as [`Self::NoAnswer`], of a network that was given: it says no more than this.
    #[error("the server did not answer ({})", .0.word())]
    NotReached(HttpKind),
    /// It is longer than was asked for.
    #[error("the server's answer is too long")]
    TooLong,
    /// No TLS can be spoken.
    #[error("HTTPS cannot be spoken")]
    Tls(#[from] ConnectorError),
    /// The client cannot be made.
    #[error("HTTP cannot be spoken")]
    Unusable(#[source] reqwest::Error),
}

#[cfg(test)]
impl HttpFault {
    /// What is told where no file was left to ask with.
    pub(crate) fn no_file() -> Self {
        let no_question = Client::new().get("no address").build();
        Self::NoFile(no_question.unwrap_err())
    }
}

/// No address of a name is of the kind that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("no address of the name is of a kind that may be connected to")]
struct AddressFault;

/// A name leads to no address at all.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address")]
struct NameFault(#[source] io::Error);

/// Looks names up, and gives only those of their addresses that may be connected to: there is no second
/// look, whose answer could be another one (DNS rebinding, R-93).
struct Guarded(fn(IpAddr) -> bool);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let is_allowed = self.0;
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0));
            let found = found.await.map_err(NameFault)?;
            let allowed: Vec<_> = found.filter(|found| is_allowed(found.ip())).collect();
            if allowed.is_empty() {
                return Err(AddressFault.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

impl HttpFault {
    /// Whether the name leads to no address that may be connected to.
    pub(super) fn is_of_address(&self) -> bool {
        match self {
            Self::NoAnswer(error) => is_caused_by::<AddressFault>(error),
            Self::NoFile(_)
            | Self::NotReached(_)
            | Self::TooLong
            | Self::Tls(_)
            | Self::Unusable(_) => false,
        }
    }

    /// Whether nobody knows the name.
    pub fn is_of_name(&self) -> bool {
        match self {
            Self::NoAnswer(error) => is_caused_by::<NameFault>(error),
            Self::NoFile(_)
            | Self::NotReached(_)
            | Self::TooLong
            | Self::Tls(_)
            | Self::Unusable(_) => false,
        }
    }

    /// Whether no connection came about on which anything can be asked, whether at once or in time.
    pub fn is_of_connection(&self) -> bool {
        match self {
            Self::NoAnswer(error) => error.is_connect(),
            Self::NotReached(kind) => *kind == HttpKind::Unreachable,
            Self::NoFile(_) | Self::TooLong | Self::Tls(_) | Self::Unusable(_) => false,
        }
    }

    /// What it comes to.
    pub fn kind(&self) -> HttpKind {
        match self {
            Self::NoAnswer(error) if error.is_timeout() => HttpKind::TimeOut,
            Self::NoAnswer(error) if is_of_tls(error) => HttpKind::Untrusted,
            Self::NoAnswer(error) if error.is_connect() => HttpKind::Unreachable,
            Self::NoAnswer(_) => HttpKind::Broken,
            Self::NoFile(_) => HttpKind::NoFile,
            Self::NotReached(kind) => *kind,
            Self::TooLong => HttpKind::TooLong,
            Self::Tls(_) | Self::Unusable(_) => HttpKind::Untrusted,
        }
    }
}

/// What an [`HttpFault`] comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HttpKind {
    /// The answer broke off.
    Broken,
    /// Nobody was asked: the want is ours.
    NoFile,
    /// It did not come in time.
    TimeOut,
    /// It is too long.
    TooLong,
    /// No connection came about.
    Unreachable,
    /// No authority vouches for the server.
    Untrusted,
}

impl HttpKind {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::NoFile => "no-file",
            Self::TimeOut => "timeout",
            Self::TooLong => "unusable",
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
        }
    }
}

/// Whether TLS did not come about: the library calls that a connection that did not.
fn is_of_tls(error: &reqwest::Error) -> bool {
    is_caused_by::<native_tls::Error>(error)
}

fn is_caused_by<E: std::error::Error + 'static>(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl HttpClient {
    /// A client that believes `authorities`, as [`tls::connector`] does. `allows_http` is for a lab.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub fn new(authorities: Option<&[u8]>, allows_http: bool) -> Result<Self, HttpFault> {
        Self::built(Self::builder(authorities, allows_http)?)
    }

    /// A client that asks by `network`.
    pub const fn over(network: Arc<dyn Network>) -> Self {
        Self(Way::Given(network))
    }

    /// The same, which connects a name only to those of its addresses that `is_allowed` takes. What
    /// stands in an address as a number is looked up by nobody, and is for the caller to look at.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub(super) fn guarded(
        authorities: Option<&[u8]>,
        allows_http: bool,
        is_allowed: fn(IpAddr) -> bool,
    ) -> Result<Self, HttpFault> {
        let builder = Self::builder(authorities, allows_http)?;
        let builder = builder.default_headers(HeaderMap::from_iter([(
            ACCEPT,
            HeaderValue::from_static(ACCEPTED),
        )]));
        Self::built(builder.dns_resolver(Guarded(is_allowed)))
    }

    fn built(builder: ClientBuilder) -> Result<Self, HttpFault> {
        let client = builder.build().map_err(HttpFault::Unusable)?;
        Ok(Self(Way::Machine(client)))
    }

    fn builder(authorities: Option<&[u8]>, allows_http: bool) -> Result<ClientBuilder, HttpFault> {
        let builder = Client::builder()
            .tls_backend_preconfigured(tls::connector(authorities)?)
            .redirect(Policy::none())
            .no_proxy()
            .https_only(!allows_http)
            .connect_timeout(CONNECT_TIME)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")));
        Ok(builder)
    }

    /// Whether a connection to the server of `url` comes about in time, whatever is then said on it; none where no file was left
    /// for one. One does where the network was given.
    pub async fn connects_to(&self, url: &str) -> Option<bool> {
        match &self.0 {
            Way::Machine(_) => {}
            Way::Given(_) => return Some(true),
        }
        let url = Url::parse(url).ok();
        let address = url.as_ref().and_then(|url| {
            let host = url.host_str()?.trim_matches(['[', ']']);
            Some((host, url.port_or_known_default()?))
        });
        let Some(address) = address else {
            return Some(false);
        };
        let any_connects = async {
            // To all addresses at once: one of them may be of a machine that is switched off.
            let mut connecting: JoinSet<_> = lookup_host(address)
                .await?
                .take(MOST_ADDRESSES)
                .map(TcpStream::connect)
                .collect();
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            while let Some(connected) = connecting.join_next().await {
                match connected.unwrap_or_else(|fault| Err(fault.into())) {
                    Ok(_) => return Ok(()),
                    Err(fault) if open_files::are_exhausted(&fault) => return Err(fault),
                    Err(fault) => last = fault,
                }
            }
            Err(last)
        };
        match timeout(CONNECT_TIME, any_connects).await {
            Ok(Ok(())) => Some(true),
            Ok(Err(fault)) => (!open_files::are_exhausted(&fault)).then_some(false),
            Err(_) => Some(false),
        }
    }

    /// Asks for `url`: reads at most `max` bytes, and waits `patience` for the last of them.
    ///
    /// # Errors
    ///
    /// There is no answer, not in time, or it is longer.
    pub async fn get(
        &self,
        url: &str,
        max: usize,
        patience: Duration,
    ) -> Result<HttpAnswer, HttpFault> {
        let any = Validators::default();
        self.get_unless(url, &any, max, patience).await
    }

    /// The same, unless it still is the version of `known`: the answer is then 304, without a body.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn get_unless(
        &self,
        url: &str,
        known: &Validators,
        max: usize,
        patience: Duration,
    ) -> Result<HttpAnswer, HttpFault> {
        let no_answer = |error: reqwest::Error| {
            let error = error.without_url();
            if error.is_connect() && open_files::are_exhausted(&error) {
                HttpFault::NoFile(error)
            } else {
                HttpFault::NoAnswer(error)
            }
        };
        let client = match &self.0 {
            Way::Machine(client) => client,
            Way::Given(network) => return get_by(&**network, url, max, patience).await,
        };
        let question = client.get(url).headers(known.condition());
        let question = question.timeout(patience);
        let mut response = question.send().await.map_err(no_answer)?;
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(no_answer)? {
            if body.len() + part.len() > max {
                return Err(HttpFault::TooLong);
            }
            body.extend_from_slice(&part);
        }
        Ok(HttpAnswer {
            status: response.status().as_u16(),
            body,
            headers: response.headers().clone(),
        })
    }
}

/// Asks by a network that was given, which knows of no versions: it answers whole, or not at all.
async fn get_by(
    network: &dyn Network,
    url: &str,
    max: usize,
    patience: Duration,
) -> Result<HttpAnswer, HttpFault> {
    let asked = timeout(patience, network.get(url, patience)).await;
    let asked = asked.unwrap_or(Err(HttpKind::TimeOut));
    let (status, body) = asked.map_err(HttpFault::NotReached)?;
    if body.len() > max {
        return Err(HttpFault::TooLong);
    }
    Ok(HttpAnswer {
        status,
        body,
        headers: HeaderMap::new(),
    })
}
