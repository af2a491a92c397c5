//! The university's CAS server: people prove there who they are, and come back with a ticket.
//!
//! [`Cas::login_url`] is where they are sent, [`Cas::validate`] asks the server about the ticket
//! they bring back (CAS Protocol 3.0 §2.1, §2.5, §2.8); [`notice`] reads that they have signed out
//! there. Knows nothing of journeys: which service
//! a ticket must be for, and whether it was used before, its caller says.

use std::{net::IpAddr, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::{
    answer::{Answer, AnswerFault, Success},
    notice::SignOutState,
    presence::{Addresses, Presence},
};
use super::{
    account_name::one_spelling,
    servers::{ServerFault, Servers},
    throttle::network_of,
    under_way::{self, UnderWay},
};
use crate::{
    config::sections::{AuthnInstant, Cas as Config, CasProtocol, FreshLoginProof},
    model::{
        authn_context::AuthnContextClass,
        proof::{AuthnMethod, Proof},
    },
    sys::{
        clock::Clock,
        http::{HttpClient, HttpFault},
    },
};

pub mod answer;
pub mod notice;
mod presence;
pub mod probe;
mod seen;
pub mod ticket;

pub use ticket::Ticket;

pub use super::servers::ServerRecord;

/// The longest answer that is read.
const MAX_ANSWER: usize = 256 * 1024;
/// How many tickets are asked about at one time; nobody waits behind a server that does not answer.
const MOST_UNDER_WAY: usize = 128;
/// How many of them from one network: whoever brings made-up tickets leaves room for others.
const MOST_OF_A_NETWORK: u8 = 48;
/// How far the server's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// The oldest sign-in that a server can still know of: what is older is a fault of its clock.
const OLDEST_SIGN_IN: SignedDuration = SignedDuration::from_hours(31 * 24);

/// What stands for itself in a parameter of a query.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A CAS server, of one node or several.
#[derive(Debug)]
pub struct Cas {
    url: Box<str>,
    /// By what stands before `/serviceValidate`.
    nodes: Arc<Servers<Box<str>>>,
    protocol: CasProtocol,
    fresh_login_proof: FreshLoginProof,
    authn_instant: AuthnInstant,
    /// What a sign-in there proves that states no method.
    context: AuthnContextClass,
    methods: Methods,
    client: HttpClient,
    places: Semaphore,
    /// By network.
    under_way: UnderWay,
    presence: Presence,
    clock: Arc<dyn Clock>,
}

/// The methods that the server has names for.
#[derive(Debug)]
struct Methods {
    /// The attribute in which it says by which of them somebody signed in.
    attribute: Box<str>,
    /// By the class that each of them proves.
    by_class: Vec<(AuthnContextClass, String)>,
}

/// A place to ask the server from, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Place<'c> {
    _of_network: under_way::Place,
    _of_all: SemaphorePermit<'c>,
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
}

/// Why nothing is known about a ticket.
#[derive(Debug, thiserror::Error)]
pub enum CasFault {
    /// No node is asked for the moment: none of them answered just now.
    #[error("every CAS server rests after its faults")]
    AllRest,
    /// Nobody was there at the server a moment ago, neither where people are sent nor where tickets are asked about.
    #[error("nobody is there at the CAS server")]
    Gone,
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

impl CasFault {
    /// Whether the node itself is out of order. What a filter before it may say to an odd ticket, or
    /// the server to an odd question, rests no node: with made-up tickets somebody would shut all
    /// others out.
    pub const fn is_of_the_node(&self) -> bool {
        match self {
            Self::Http(HttpFault::NoAnswer(_) | HttpFault::NotReached(_)) => true,
            Self::Status(status) => *status >= 500,
            Self::AllRest
            | Self::Gone
            | Self::Answer(_)
            | Self::Http(
                HttpFault::NoFile(_)
                | HttpFault::TooLong
                | HttpFault::Tls(_)
                | HttpFault::Unusable(_),
            ) => false,
        }
    }

    /// Whether no server was asked, for want of a file: a fault of ours, and of no server.
    pub const fn is_want_of_a_file(&self) -> bool {
        matches!(self, Self::Http(HttpFault::NoFile(_)))
    }
}

impl ServerFault for CasFault {
    const KINDS: &'static [&'static str] =
        &["broken", "refused", "timeout", "unreachable", "untrusted"];

    fn kind(&self) -> &'static str {
        match self {
            Self::AllRest => "resting",
            Self::Gone => "gone",
            Self::Answer(_) => "unusable",
            Self::Http(fault) => fault.kind().word(),
            Self::Status(_) => "refused",
        }
    }
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
    /// The classes of which one must be what happened, the preferred one first; any will do when
    /// there are none.
    pub acceptable: &'a [AuthnContextClass],
}

impl Cas {
    /// The server that the configuration names, asked by `client`.
    pub fn new(
        config: &Config,
        context: AuthnContextClass,
        client: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let nodes = config.validate_at.iter().map(|node| {
            let url: Box<str> = node.as_str().trim_end_matches('/').into();
            (url.clone(), url)
        });
        let nodes = Arc::new(Servers::new::<CasFault>(nodes, config.patience()));
        let url = config.url.as_str().trim_end_matches('/');
        let addresses = Addresses {
            client: client.clone(),
            login: format!("{url}/login").into(),
            nodes: Arc::clone(&nodes),
            validation: config.protocol.path(),
        };
        Self {
            url: url.into(),
            nodes,
            protocol: config.protocol,
            fresh_login_proof: config.fresh_login_proof,
            authn_instant: config.authn_instant,
            context,
            methods: Methods {
                attribute: config.authn_method_attribute.as_str().into(),
                by_class: config.authn_methods.clone(),
            },
            client,
            places: Semaphore::new(MOST_UNDER_WAY),
            under_way: UnderWay::default(),
            presence: Presence::new(addresses, Arc::clone(&clock)),
            clock,
        }
    }

    /// Where a person is sent, to come back to `service` with a sign-in of a class that is
    /// `acceptable`: the method of the first one is asked for (`authn_method`).
    ///
    /// `renew` and `gateway` count by their presence for some servers: a false one is never sent,
    /// and never both. With `gateway` no method is asked for: the server could show its page.
    pub fn login_url(
        &self,
        service: &str,
        asking: Asking,
        acceptable: &[AuthnContextClass],
    ) -> String {
        let service = utf8_percent_encode(service, PARAMETER);
        let mut url = format!("{}/login?service={service}", self.url);
        url.push_str(match asking {
            Asking::AsNeeded => "",
            Asking::Anew => "&renew=true",
            Asking::Never => "&gateway=true",
        });
        let preferred = acceptable.first().filter(|_| asking != Asking::Never);
        if let Some(method) = preferred.and_then(|class| self.methods.proving(class)) {
            url.push_str("&authn_method=");
            url.extend(utf8_percent_encode(method, PARAMETER));
        }
        url
    }

    /// Where a browser goes back to that was sent away with a logout notice in the middle of a sign-out:
    /// the next step of Apereo CAS 4 and 5, as its Java client makes it.
    pub fn sign_out_url(&self, state: &SignOutState) -> String {
        let state = utf8_percent_encode(state.as_str(), PARAMETER);
        format!("{}/logout?_eventId=next&RelayState={state}", self.url)
    }

    /// A place to ask from, for somebody at `address`; none where too many are asking.
    pub fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        let mut network = [0; 32];
        network
            .iter_mut()
            .zip(network_of(address))
            .for_each(|(to, from)| *to = from);
        Some(Place {
            _of_network: self.under_way.enter(network, MOST_OF_A_NETWORK)?,
            _of_all: self.places.try_acquire().ok()?,
        })
    }

    /// What has come of each of the nodes that are asked about tickets, in order. Each of them rests while nobody is sent
    /// to the server.
    pub fn records(&self) -> Vec<ServerRecord> {
        let mut records = self.nodes.records(self.clock.passed());
        if self.presence.was_gone() {
            for record in &mut records {
                record.is_resting = true;
            }
        }
        records
    }

    /// Whether the address that people are sent to answers: as it was found at most ten seconds ago,
    /// and else by asking now.
    pub async fn is_up(&self) -> bool {
        self.presence.is_up().await
    }

    /// The same, by asking now.
    pub async fn look(&self) -> bool {
        self.presence.look().await
    }

    /// Whether nobody can sign in there, where that is certain: no connection that can be believed comes about, it breaks off,
    /// or what answers is an error of the server's own (5xx), both where people are sent and wherever tickets are asked about. What
    /// takes long may come yet. As it was found at most ten seconds ago, or by the last ticket, and else by asking now; two seconds
    /// where it was not there.
    pub async fn is_gone(&self) -> bool {
        self.presence.is_gone().await
    }

    /// Whether no node is asked for the moment.
    pub fn all_rest(&self) -> bool {
        self.nodes.all_rest(self.clock.passed())
    }

    /// Asks about a ticket: one node after the other, until one of them says something of it.
    ///
    /// A node that did not answer in time may have used the ticket up. The next one then refuses it,
    /// and the person gets another one.
    ///
    /// # Errors
    ///
    /// Nothing is known about the ticket, and nobody is signed in.
    pub async fn validate(
        &self,
        _place: Place<'_>,
        question: Question<'_>,
        now: Timestamp,
    ) -> Result<Validated, CasFault> {
        let answer = self.ask(question).await?;
        Ok(match answer {
            Answer::Failure { code } => Validated::Refused(code),
            Answer::Success(success) => Validated::Proven {
                is_fresh: self.is_fresh(&success, question.forced_since, now),
                proof: self.proof(success, question, now),
            },
        })
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, CasFault> {
        let mut last = CasFault::AllRest;
        for mut turn in self.nodes.turns(self.clock.passed()) {
            if !turn.begin(self.clock.passed()) {
                continue;
            }
            let url = self.validation_url(turn.server(), question);
            match self.ask_node(&url, turn.patience).await {
                Ok(answer) => {
                    turn.answered();
                    self.presence.was_heard();
                    return Ok(answer);
                }
                Err(fault) => {
                    if fault.is_want_of_a_file() {
                        turn.was_not_asked(&fault);
                    } else if fault.is_of_the_node() {
                        turn.failed(&fault, self.clock.passed());
                    }
                    last = fault;
                }
            }
        }
        Err(last)
    }

    async fn ask_node(&self, url: &str, patience: Duration) -> Result<Answer, CasFault> {
        let said = self.client.get(url, MAX_ANSWER, patience).await?;
        // Apereo CAS 6 says 403 for a service that it does not know, with an answer all the same.
        match (said.status, answer::read(&said.body, self.protocol)) {
            (200, answer) => Ok(answer?),
            (400..500, Ok(answer @ Answer::Failure { .. })) => Ok(answer),
            (status, _) => Err(CasFault::Status(status)),
        }
    }

    fn validation_url(&self, node: &str, question: Question<'_>) -> String {
        let Question {
            service,
            ticket,
            forced_since,
            acceptable: _,
        } = question;
        let path = self.protocol.path();
        let asks_for_proof =
            forced_since.is_some() && self.fresh_login_proof == FreshLoginProof::Renew;
        format!(
            "{node}/{path}?service={}&ticket={}{}",
            utf8_percent_encode(service, PARAMETER),
            utf8_percent_encode(ticket.as_str(), PARAMETER),
            if asks_for_proof { "&renew=true" } else { "" }
        )
    }

    /// Whether a login of now is proven, and not only claimed: `renew` at the login says what we
    /// wished.
    fn is_fresh(&self, success: &Success, forced_since: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(since) = forced_since else {
            return false;
        };
        match self.fresh_login_proof {
            // The server was asked with `renew` and would have refused any other ticket.
            FreshLoginProof::Renew => true,
            FreshLoginProof::Attributes => success.is_from_new_login.unwrap_or_else(|| {
                success
                    .authenticated_at
                    // A date that is still to come proves nothing, either.
                    .is_some_and(|at| {
                        since.duration_since(at) <= SKEW && at.duration_since(now) <= SKEW
                    })
            }),
        }
    }

    /// What really happened: of the acceptable classes the first one that is proven, and otherwise
    /// no more than what a sign-in there proves in any case. What was asked for proves nothing: the
    /// person may have taken it out of the address.
    fn context(&self, success: &Success, acceptable: &[AuthnContextClass]) -> AuthnContextClass {
        let stated = success.attributes.values(&self.methods.attribute);
        let is_proven = |class: &AuthnContextClass| match self.methods.proving(class) {
            Some(method) => stated.iter().any(|stated| stated == method),
            None => *class == self.context,
        };
        let mut candidates = acceptable.iter().chain([&self.context]);
        candidates
            .find(|class| is_proven(class))
            .cloned()
            .unwrap_or(AuthnContextClass::Unspecified)
    }

    /// When the sign-in happened, by the rule of the configuration; never later than now.
    fn instant(&self, success: &Success, now: Timestamp) -> Timestamp {
        let stated = match self.authn_instant {
            AuthnInstant::Validation => None,
            AuthnInstant::AuthenticationDate => success.authenticated_at,
        };
        let is_sound = |at: &Timestamp| {
            at.duration_since(now) <= SKEW && now.duration_since(*at) <= OLDEST_SIGN_IN
        };
        stated.filter(is_sound).map_or(now, |at| at.min(now))
    }

    fn proof(&self, success: Success, question: Question<'_>, now: Timestamp) -> Proof {
        let at = self.instant(&success, now);
        let context = self.context(&success, question.acceptable);
        let mut attributes = success.attributes;
        // As with the other sources: without a `uid` the login is the uid.
        if attributes.values("uid").is_empty() {
            // Whatever was typed at the server.
            attributes.add("uid", [one_spelling(&success.user).into_owned()]);
        }
        Proof {
            login: success.user.into(),
            method: AuthnMethod::Cas,
            context,
            at,
            ticket: Some(question.ticket.hash()),
            attributes,
        }
    }
}

impl Methods {
    /// The method that proves `class`; none where a sign-in needs none for it, or where it cannot be
    /// had here.
    fn proving(&self, class: &AuthnContextClass) -> Option<&str> {
        let mut methods = self.by_class.iter();
        let (_, method) = methods.find(|(proven, _)| proven == class)?;
        Some(method)
    }
}

impl CasProtocol {
    /// What stands behind the server's address where a ticket is asked about.
    pub const fn path(self) -> &'static str {
        match self {
            Self::One => "validate",
            Self::Two => "serviceValidate",
            Self::Three => "p3/serviceValidate",
        }
    }
}

#[cfg(test)]
mod tests;
