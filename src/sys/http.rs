//! Asks servers that the configuration names, over HTTP.
//!
//! Follows no redirect, knows no proxy of the environment, reads no more than it was told to: what
//! is asked is the configured host and nobody else.

use std::time::Duration;

use reqwest::{Client, redirect::Policy};

/// How long it may take to reach a server.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How long a connection is kept for the next question.
const IDLE: Duration = Duration::from_secs(30);
/// How many are kept.
const MOST_IDLE: usize = 16;

/// Asks one server.
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

/// What a server answered.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpFault {
    /// It did not come, not in time, or not from whom it should; without the address, which may hold
    /// a secret.
    #[error("the server did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// It is longer than was asked for.
    #[error("the server's answer is too long")]
    TooLong,
    /// The client cannot be made.
    #[error("HTTP cannot be spoken")]
    Unusable(#[source] reqwest::Error),
}

impl HttpClient {
    /// A client that waits `patience` for a whole answer. `allows_http` is for a lab.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub fn new(patience: Duration, allows_http: bool) -> Result<Self, HttpFault> {
        Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .https_only(!allows_http)
            .connect_timeout(CONNECT_TIME.min(patience))
            .timeout(patience)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(HttpFault::Unusable)
    }

    /// Asks for `url`, and reads at most `max` bytes.
    ///
    /// # Errors
    ///
    /// There is no answer, or it is longer.
    pub async fn get(&self, url: &str, max: usize) -> Result<HttpAnswer, HttpFault> {
        let no_answer = |error: reqwest::Error| HttpFault::NoAnswer(error.without_url());
        let mut response = self.0.get(url).send().await.map_err(no_answer)?;
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
        })
    }
}
