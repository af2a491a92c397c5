//! The university's CAS server: people prove there who they are, and come back with a ticket.
//!
//! [`Cas::login_url`] is where they are sent, [`Cas::validate`] asks the server about the ticket
//! they bring back (CAS Protocol 3.0 §2.1, §2.5, §2.8). Knows nothing of journeys: which service
//! a ticket must be for, and whether it was used before, its caller says.

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

use self::answer::{Answer, AnswerFault, Success};
use crate::{
    config::sections::{Cas as Config, CasProtocol, FreshLoginProof},
    model::{
        authn_context::AuthnContextClass,
        proof::{AuthnMethod, Proof},
    },
    sys::http::{HttpClient, HttpFault},
};

pub mod answer;
pub mod ticket;

pub use ticket::Ticket;

/// The longest answer that is read.
const MAX_ANSWER: usize = 256 * 1024;
/// How many tickets are asked about at one time; nobody waits behind a server that does not answer.
const MOST_UNDER_WAY: usize = 128;
/// How far the server's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// What stands for itself in a parameter of a query.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A CAS server.
#[derive(Debug)]
pub struct Cas {
    url: Box<str>,
    protocol: CasProtocol,
    fresh_login_proof: FreshLoginProof,
    context: AuthnContextClass,
    client: HttpClient,
    places: Semaphore,
}

/// How the server shall ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asking {
    /// Only where it does not know the person.
    AsNeeded,
    /// In any case (`renew`).
    Anew,
    /// Not at all (`gateway`).
    Never,
}

/// What came of a ticket.
#[derive(Debug)]
pub enum Validated {
    /// The server vouches for the person.
    Proven {
        /// Who it is.
        proof: Proof,
        /// Whether the server proves that they typed their password for this ticket.
        is_fresh: bool,
    },
    /// The server does not, for a reason that it has a word for.
    Refused(Box<str>),
    /// Too many tickets are being asked about.
    Busy,
}

/// Why nothing is known about a ticket.
#[derive(Debug, thiserror::Error)]
pub enum CasFault {
    /// What the server said is no answer.
    #[error("the CAS server's answer is not one")]
    Answer(#[from] AnswerFault),
    /// The server did not answer.
    #[error("the CAS server does not answer")]
    Http(#[from] HttpFault),
    /// The server answered with an error of HTTP.
    #[error("the CAS server answered with HTTP status {0}")]
    Status(u16),
}

/// What a ticket is asked about with.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The address that the person was sent back to, byte for byte as it was given at the login.
    pub service: &'a str,
    /// The ticket that they brought.
    pub ticket: &'a Ticket,
    /// Whether the person had to type their password, and since when.
    pub forced_since: Option<Timestamp>,
}

impl Cas {
    /// The server that the configuration names.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub fn new(
        config: &Config,
        context: AuthnContextClass,
        allows_http: bool,
    ) -> Result<Self, HttpFault> {
        Ok(Self {
            url: config.url.as_str().trim_end_matches('/').into(),
            protocol: config.protocol,
            fresh_login_proof: config.fresh_login_proof,
            context,
            client: HttpClient::new(config.patience(), allows_http)?,
            places: Semaphore::new(MOST_UNDER_WAY),
        })
    }

    /// Where a person is sent, to come back to `service`.
    ///
    /// `renew` and `gateway` count by their presence for some servers: a false one is never sent,
    /// and never both.
    pub fn login_url(&self, service: &str, asking: Asking) -> String {
        let service = utf8_percent_encode(service, PARAMETER);
        let asking = match asking {
            Asking::AsNeeded => "",
            Asking::Anew => "&renew=true",
            Asking::Never => "&gateway=true",
        };
        format!("{}/login?service={service}{asking}", self.url)
    }

    /// Asks the server about a ticket.
    ///
    /// # Errors
    ///
    /// Nothing is known about the ticket, and nobody is signed in.
    pub async fn validate(
        &self,
        question: Question<'_>,
        now: Timestamp,
    ) -> Result<Validated, CasFault> {
        let Ok(_place) = self.places.try_acquire() else {
            return Ok(Validated::Busy);
        };
        let url = self.validation_url(question);
        let said = self.client.get(&url, MAX_ANSWER).await?;
        // Apereo CAS 6 says 403 for a service that it does not know, with an answer all the same.
        let answer = match (said.status, answer::read(&said.body, self.protocol)) {
            (200, answer) => answer?,
            (400..500, Ok(answer @ Answer::Failure { .. })) => answer,
            (status, _) => return Err(CasFault::Status(status)),
        };
        Ok(match answer {
            Answer::Failure { code } => Validated::Refused(code),
            Answer::Success(success) => Validated::Proven {
                is_fresh: self.is_fresh(&success, question.forced_since),
                proof: self.proof(success, now),
            },
        })
    }

    fn validation_url(&self, question: Question<'_>) -> String {
        let Question {
            service,
            ticket,
            forced_since,
        } = question;
        let path = match self.protocol {
            CasProtocol::One => "validate",
            CasProtocol::Two => "serviceValidate",
            CasProtocol::Three => "p3/serviceValidate",
        };
        let asks_for_proof =
            forced_since.is_some() && self.fresh_login_proof == FreshLoginProof::Renew;
        format!(
            "{}/{path}?service={}&ticket={}{}",
            self.url,
            utf8_percent_encode(service, PARAMETER),
            utf8_percent_encode(ticket.as_str(), PARAMETER),
            if asks_for_proof { "&renew=true" } else { "" }
        )
    }

    /// Whether a login of now is proven, and not only claimed: `renew` at the login says what we
    /// wished.
    fn is_fresh(&self, success: &Success, forced_since: Option<Timestamp>) -> bool {
        let Some(since) = forced_since else {
            return false;
        };
        match self.fresh_login_proof {
            // The server was asked with `renew` and would have refused any other ticket.
            FreshLoginProof::Renew => true,
            FreshLoginProof::Attributes => success.is_from_new_login.unwrap_or_else(|| {
                success
                    .authenticated_at
                    .is_some_and(|at| since.duration_since(at) <= SKEW)
            }),
        }
    }

    fn proof(&self, success: Success, now: Timestamp) -> Proof {
        let mut attributes = success.attributes;
        // As with the other sources: without a `uid` the login is the uid.
        if attributes.values("uid").is_empty() {
            attributes.add("uid", [success.user.to_string()]);
        }
        Proof {
            login: success.user.into(),
            method: AuthnMethod::Cas,
            context: self.context,
            // When the server vouched for them. It may have known them for hours, but a provider
            // that takes no older sign-in (Zoom) would turn them away for it.
            at: now,
            attributes,
        }
    }
}
