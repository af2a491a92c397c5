//! Asks servers that the configuration names, over HTTP.
//!
//! Follows no redirect, knows no proxy of the environment, reads no more than it was told to: what
//! is asked is the configured host and nobody else. Connections are kept for the next question.

use std::{error::Error as _, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client,
    header::{DATE, HeaderMap, LOCATION},
    redirect::Policy,
};

use super::{
    open_files,
    tls::{self, ConnectorError},
};

/// How long it may take to reach a server.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How long a connection is kept for the next question.
const IDLE: Duration = Duration::from_secs(30);
/// How many are kept.
const MOST_IDLE: usize = 16;

/// Asks servers.
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

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

    /// What time it is for the server (`Date`).
    pub fn date(&self) -> Option<Timestamp> {
        let date = self.headers.get(DATE)?.to_str().ok()?;
        // The form that everybody writes (RFC 9110 §5.6.7) is one of those of mail.
        let date = rfc2822::DateTimeParser::new().parse_timestamp(date);
        date.ok()
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

impl HttpFault {
    /// In one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoAnswer(error) if error.is_timeout() => "timeout",
            Self::NoAnswer(error) if is_of_tls(error) => "untrusted",
            Self::NoAnswer(error) if error.is_connect() => "unreachable",
            Self::NoAnswer(_) => "broken",
            Self::NoFile(_) => "no-file",
            Self::TooLong => "unusable",
            Self::Tls(_) | Self::Unusable(_) => "untrusted",
        }
    }
}

/// Whether TLS did not come about: the library calls that a connection that did not.
fn is_of_tls(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<native_tls::Error>() {
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
        Client::builder()
            .tls_backend_preconfigured(tls::connector(authorities)?)
            .redirect(Policy::none())
            .no_proxy()
            .https_only(!allows_http)
            .connect_timeout(CONNECT_TIME)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(HttpFault::Unusable)
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
        let no_answer = |error: reqwest::Error| {
            let error = error.without_url();
            if error.is_connect() && open_files::are_exhausted(&error) {
                HttpFault::NoFile(error)
            } else {
                HttpFault::NoAnswer(error)
            }
        };
        let question = self.0.get(url).timeout(patience);
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
