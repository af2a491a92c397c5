//! Asks a CAS server what it does, without anybody's password, for `passerelle doctor`.

use std::time::Duration;

use percent_encoding::utf8_percent_encode;

use super::{
    Asking, MAX_ANSWER, PARAMETER,
    answer::{self, Answer, AnswerFault, Success},
    ticket::Ticket,
};
use crate::{
    config::sections::CasProtocol,
    sys::http::{HttpAnswer, HttpClient, HttpFault},
};

/// A node of a CAS server, or the address where people sign in, and a service of ours.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// Asks it.
    pub client: &'a HttpClient,
    /// What stands before `/login`.
    pub url: &'a str,
    /// The address that a person would come back to.
    pub service: &'a str,
    /// How long an answer may take.
    pub patience: Duration,
}

/// What the server says of a ticket.
#[derive(Debug)]
pub enum Said {
    /// It vouches for somebody.
    Vouches(Success),
    /// It refuses it, with this word for it.
    Refused(Box<str>),
    /// What it says is no answer of CAS.
    NoAnswer(AnswerFault),
    /// It answers with an error of HTTP.
    Status(u16),
}

/// A question about a ticket.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// By which version of the protocol it is asked.
    pub protocol: CasProtocol,
    /// Whether only the ticket of a new login is to be taken (`renew`).
    pub with_renew: bool,
}

impl Probe<'_> {
    /// Where a person signs in, to come back to the service.
    pub fn login_url(&self) -> String {
        let service = utf8_percent_encode(self.service, PARAMETER);
        format!("{}/login?service={service}", self.bare())
    }

    /// What a browser without a session is shown.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn login(&self, asking: Asking) -> Result<HttpAnswer, HttpFault> {
        let mut url = self.login_url();
        url.push_str(match asking {
            Asking::AsNeeded => "",
            Asking::Anew => "&renew=true",
            Asking::Never => "&gateway=true",
        });
        self.client.get(&url, MAX_ANSWER, self.patience).await
    }

    /// What a browser without a session is shown that comes from nowhere.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn login_for_nothing(&self) -> Result<HttpAnswer, HttpFault> {
        let url = format!("{}/login", self.bare());
        self.client.get(&url, MAX_ANSWER, self.patience).await
    }

    /// What is said of a ticket.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn validate(&self, question: Question<'_>) -> Result<Said, HttpFault> {
        let protocol = question.protocol;
        let url = format!(
            "{}/{}?service={}&ticket={}{}",
            self.bare(),
            protocol.path(),
            utf8_percent_encode(self.service, PARAMETER),
            utf8_percent_encode(question.ticket.as_str(), PARAMETER),
            if question.with_renew {
                "&renew=true"
            } else {
                ""
            },
        );
        let said = self.client.get(&url, MAX_ANSWER, self.patience).await?;
        Ok(match (said.status, answer::read(&said.body, protocol)) {
            (200..500, Ok(Answer::Failure { code })) => Said::Refused(code),
            (200, Ok(Answer::Success(success))) => Said::Vouches(success),
            (200, Err(fault)) => Said::NoAnswer(fault),
            (status, _) => Said::Status(status),
        })
    }

    fn bare(&self) -> &str {
        self.url.trim_end_matches('/')
    }
}
