//! The CAS server: its page, what it does with `gateway` and `renew`, and what each node says of a
//! ticket that nobody ever had.

use std::time::Duration;

use url::Url;

use super::{
    Ask, Finding, PATIENCE, Verdict,
    clock::Date,
    fresh_login::FreshLogin,
    network::{Place, Way},
};
use crate::{
    authn::cas::{
        Asking, Ticket,
        probe::{Probe, Question, Said},
    },
    config::{
        named::Named,
        sections::{Cas, CasProtocol},
    },
    model::{
        chain::Chain,
        endpoint::{EndpointUrl, Schemes},
    },
    sys::{
        clock::Clock,
        entropy::{self, Entropy},
        http::{HttpAnswer, HttpClient, HttpFault},
        reach::Opening,
    },
};

const LOGIN: &str = "cas.login";
const GATEWAY: &str = "cas.gateway";
const RENEW: &str = "cas.renew";
const VALIDATE: &str = "cas.validate";
const VERSIONS: &str = "cas.versions";
/// Where people come back to from the CAS server, below our address.
const RETURN: &str = "/cas/";

/// The CAS server, and who asks it.
pub(super) struct CasSubject<'a> {
    pub(super) named: Named<'a>,
    /// None where nobody is sent there.
    pub(super) config: Option<&'a Cas>,
    pub(super) entropy: &'a dyn Entropy,
    /// How somebody is asked to sign in; none where nobody is there.
    pub(super) ask: Option<Ask>,
}

/// What a browser was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shown<'a> {
    /// A page with a field for a password.
    Form,
    /// Another page.
    Page,
    /// It was sent away.
    SentTo(&'a str),
    /// An error of HTTP.
    Status(u16),
}

impl CasSubject<'_> {
    /// Tries everything, and notes what time it is for each server.
    pub(super) async fn examine(&self, clock: &dyn Clock, dates: &mut Vec<Date>) -> Vec<Finding> {
        let Some(config) = self.config else {
            return vec![Finding::not_tried(
                LOGIN,
                "the configuration sends nobody to a CAS server",
                "methods = [\"cas\"] and [authn.cas] would",
            )];
        };
        let origin = self
            .named
            .base_url
            .map_or("https://idp.invalid", |url| url.as_str());
        let of_ours = self.named.service_providers.first();
        let sp = of_ours.map_or("doctor", |sp| sp.short_name.as_str());
        let service = format!("{origin}{RETURN}{sp}/doctor");
        let mut findings = Vec::new();
        let url = config.url.as_str();
        let login = self.way(url, config, &mut findings).await;
        if let Some(client) = &login {
            let probe = at(client, url, &service);
            findings.extend(Login { probe, origin }.examine(clock, dates).await);
        } else {
            let hint = "mend the way to it first (name, tls)";
            findings.push(Finding::not_tried(LOGIN, "the login page", hint));
        }
        let mut fresh_login = None;
        for node in config.validate_at.iter().map(EndpointUrl::as_str) {
            let client = if node == url {
                login.clone()
            } else {
                self.way(node, config, &mut findings).await
            };
            let Some(client) = client else {
                continue;
            };
            findings.extend(
                self.of_node(at(&client, node, &service), config.protocol)
                    .await,
            );
            if fresh_login.is_none() {
                let fresh = FreshLogin {
                    login: at(&client, url, &service),
                    node: at(&client, node, &service),
                    config,
                };
                fresh_login = Some(fresh.examine(self.ask, clock).await);
            }
        }
        findings.extend(fresh_login);
        findings
    }

    /// What time it is for the CAS server; none where it does not say so at once, for whatever reason.
    pub(super) async fn date(&self, clock: &dyn Clock, patience: Duration) -> Option<Date> {
        let config = self.config?;
        let url = config.url.as_str();
        let is_a_node = config.validate_at.iter().any(|node| node.as_str() == url);
        // Another authority than that of the nodes may have signed for the address of browsers.
        let authorities = [config.ca.as_deref(), None];
        let tried = if is_a_node { 1 } else { authorities.len() };
        for authorities in authorities.into_iter().take(tried) {
            let Ok(client) = self.client(authorities) else {
                continue;
            };
            let probe = Probe {
                patience,
                ..at(&client, url, "")
            };
            if let Ok(answer) = probe.login_for_nothing().await {
                return Date::of(&answer, url, clock);
            }
        }
        None
    }

    /// What one node says of a ticket that nobody ever had.
    async fn of_node(&self, probe: Probe<'_>, protocol: CasProtocol) -> Vec<Finding> {
        let url = probe.url;
        let ticket = format!("ST-doctor-{}", entropy::saml_id(self.entropy));
        let Ok(ticket) = Ticket::parse(&ticket) else {
            return Vec::new();
        };
        let ask = async |protocol| {
            let question = Question {
                ticket: &ticket,
                protocol,
                with_renew: false,
            };
            probe.validate(question).await
        };
        let of_ticket = match ask(protocol).await {
            Ok(said) => of_no_ticket(&said, &format!("{url}/{}", protocol.path())),
            // It is not waited for again.
            Err(fault) => return vec![no_answer(VALIDATE, url, &fault)],
        };
        let mut others = Vec::new();
        for other in [CasProtocol::Three, CasProtocol::Two, CasProtocol::One] {
            if other != protocol && matches!(ask(other).await, Ok(Said::Refused(_))) {
                others.push(other.path());
            }
        }
        let is_cas = of_ticket.verdict != Verdict::Bad || !others.is_empty();
        let mut findings = vec![of_ticket];
        if is_cas {
            findings.push(of_versions(url, protocol, &others));
        }
        findings
    }

    /// Goes the way to a server; gives what asks it, where it can be asked.
    ///
    /// Browsers go to the login page, and may believe another authority than we do for the nodes.
    async fn way(
        &self,
        url: &str,
        config: &Cas,
        findings: &mut Vec<Finding>,
    ) -> Option<HttpClient> {
        let place = |authorities| Place {
            url,
            opening: url.starts_with("https:").then_some(Opening::AtOnce),
            authorities,
            key: "authn.cas.ca",
        };
        let is_a_node = config.validate_at.iter().any(|node| node.as_str() == url);
        let mut authorities = config.ca.as_deref();
        let mut way = place(authorities).reach().await;
        if !way.is_open && !is_a_node && authorities.is_some() {
            let by_system = place(None).reach().await;
            if by_system.is_open {
                (way, authorities) = (by_system, None);
            }
        }
        let Way {
            findings: found,
            is_open,
        } = way;
        findings.extend(found);
        if !is_open {
            return None;
        }
        self.client(authorities)
            .map_err(|fault| {
                let hint = "authn.cas.ca must name PEM certificates";
                findings.push(Finding::bad(LOGIN, Chain(&fault).to_string(), hint));
            })
            .ok()
    }

    fn client(&self, authorities: Option<&[u8]>) -> Result<HttpClient, HttpFault> {
        HttpClient::new(authorities, self.named.schemes == Schemes::Lab)
    }
}

const fn at<'a>(client: &'a HttpClient, url: &'a str, service: &'a str) -> Probe<'a> {
    Probe {
        client,
        url,
        service,
        patience: PATIENCE,
    }
}

/// The page where people sign in.
struct Login<'a> {
    probe: Probe<'a>,
    /// Our own origin.
    origin: &'a str,
}

impl Login<'_> {
    async fn examine(&self, clock: &dyn Clock, dates: &mut Vec<Date>) -> Vec<Finding> {
        let answer = match self.probe.login(Asking::AsNeeded).await {
            Ok(answer) => answer,
            Err(fault) => return vec![self.no_answer(LOGIN, &fault)],
        };
        dates.extend(Date::of(&answer, self.probe.url, clock));
        let shown = Shown::read(&answer);
        let mut findings = vec![self.of_page(shown).await];
        if shown == Shown::Form {
            findings.push(self.of_gateway().await);
            findings.push(self.of_renew().await);
        } else {
            for check in [GATEWAY, RENEW] {
                let hint = "see to the login page first";
                findings.push(Finding::not_tried(
                    check,
                    "there is no form to sign in",
                    hint,
                ));
            }
        }
        findings
    }

    async fn of_page(&self, shown: Shown<'_>) -> Finding {
        let url = self.probe.url;
        match shown {
            Shown::Form => Finding::good(LOGIN, format!("{url}/login shows a form to sign in")),
            Shown::Page | Shown::Status(401 | 403) => {
                let without_us = self.probe.login_for_nothing().await;
                if without_us.is_ok_and(|answer| Shown::read(&answer) == Shown::Form) {
                    return Finding::bad(
                        LOGIN,
                        format!("{url}/login shows a form, but not to whoever comes from us"),
                        self.register(),
                    );
                }
                Finding::warning(
                    LOGIN,
                    format!("{url}/login shows a page without a field for a password"),
                    "look at it in a browser: is it CAS, and does a script build its form?",
                )
            }
            Shown::SentTo(place) => Finding::warning(
                LOGIN,
                format!("{url}/login sends people on to {}", host_of(place)),
                "look at it in a browser: they may be asked at another server, or the address is \
                 not quite that of CAS",
            ),
            Shown::Status(status) => Finding::bad(
                LOGIN,
                format!("{url}/login answers with HTTP status {status}"),
                "authn.cas.url is what stands before /login, like https://cas.example.org/cas",
            ),
        }
    }

    /// Nobody is signed in here: the browser must come straight back, and without a ticket.
    async fn of_gateway(&self) -> Finding {
        let answer = match self.probe.login(Asking::Never).await {
            Ok(answer) => answer,
            Err(fault) => return self.no_answer(GATEWAY, &fault),
        };
        match Shown::read(&answer) {
            Shown::SentTo(place) if place == self.probe.service => Finding::good(
                GATEWAY,
                "gateway=true without a session comes straight back, without a ticket",
            ),
            Shown::SentTo(place) if place.starts_with(self.probe.service) => Finding::bad(
                GATEWAY,
                "gateway=true without a session comes back, with something added to our address",
                "the server must vouch for nobody whom it does not know: report it there",
            ),
            Shown::SentTo(place) => Finding::bad(
                GATEWAY,
                format!("gateway=true sends people on to {}", host_of(place)),
                IS_PASSIVE,
            ),
            Shown::Form | Shown::Page => Finding::bad(
                GATEWAY,
                "gateway=true without a session shows a page instead of coming back",
                IS_PASSIVE,
            ),
            Shown::Status(status) => Finding::bad(
                GATEWAY,
                format!("gateway=true is answered with HTTP status {status}"),
                IS_PASSIVE,
            ),
        }
    }

    async fn of_renew(&self) -> Finding {
        let answer = match self.probe.login(Asking::Anew).await {
            Ok(answer) => answer,
            Err(fault) => return self.no_answer(RENEW, &fault),
        };
        match Shown::read(&answer) {
            Shown::Form => Finding::good(RENEW, "renew=true shows the form to sign in"),
            Shown::Page | Shown::SentTo(_) | Shown::Status(_) => Finding::bad(
                RENEW,
                "renew=true does not show the form to sign in",
                "a provider that demands a new login (ForceAuthn) cannot be served: the server, or \
                 a filter before it, must let the parameter renew through",
            ),
        }
    }

    fn no_answer(&self, check: &'static str, fault: &HttpFault) -> Finding {
        no_answer(check, self.probe.url, fault)
    }

    fn register(&self) -> String {
        let origin = self.origin;
        format!("register the addresses that begin with {origin}{RETURN} as a service there")
    }
}

const IS_PASSIVE: &str = "a provider that asks without showing anything (IsPassive) would leave \
                          people at this page: see to it that the server, or a filter before it, \
                          lets the parameter gateway through";

/// The versions of the protocol that are there beside the one that is used.
fn of_versions(url: &str, protocol: CasProtocol, others: &[&str]) -> Finding {
    if others.is_empty() {
        let what = format!("{url} has no other version of the protocol beside it");
        return Finding::good(VERSIONS, what);
    }
    let what = format!("{url} has this beside it: /{}", others.join(", /"));
    // The answers of version 3 alone hold attributes on every server.
    if protocol != CasProtocol::Three && others.contains(&CasProtocol::Three.path()) {
        let hint = "`protocol = 3` gives attributes: remove the line `protocol`";
        return Finding::warning(VERSIONS, what, hint);
    }
    Finding::good(VERSIONS, what)
}

fn of_no_ticket(said: &Said, address: &str) -> Finding {
    match said {
        Said::Refused(code) if &**code == "INVALID_TICKET" => {
            let what = format!("{address} refuses a made-up ticket as it should ({code})");
            Finding::good(VALIDATE, what)
        }
        Said::Refused(code) => Finding::warning(
            VALIDATE,
            format!("{address} refuses a made-up ticket with the word {code}"),
            "INVALID_TICKET was expected; UNAUTHORIZED_SERVICE or INVALID_SERVICE say that our \
             addresses below /cas/ are not registered there",
        ),
        Said::Vouches(_) => Finding::bad(
            VALIDATE,
            format!("{address} takes a ticket that nobody ever had"),
            "whoever answers there vouches for everybody: do not use it",
        ),
        Said::NoAnswer(fault) => Finding::bad(
            VALIDATE,
            format!("{address} gives no answer of CAS: {fault}"),
            "is it a CAS server? authn.cas.url, or validate-at, is what stands before /login",
        ),
        Said::Status(404) => Finding::bad(
            VALIDATE,
            format!("{address} is not there (HTTP status 404)"),
            "an older server may need `protocol = 2` or `protocol = 1` (cas.versions tells which are \
             there); is authn.cas.url what stands before /login?",
        ),
        Said::Status(status) => Finding::bad(
            VALIDATE,
            format!("{address} answers with HTTP status {status}"),
            "the log of the CAS server, and of a filter before it, say why; our addresses below \
             /cas/ must be registered there",
        ),
    }
}

pub(super) fn no_answer(check: &'static str, url: &str, fault: &HttpFault) -> Finding {
    Finding::bad(
        check,
        format!("{url}: {}", Chain(fault)),
        "is this the port of a web server? its log may say more",
    )
}

/// The host that an address names; a path or a query could hold anything.
fn host_of(place: &str) -> String {
    let url = Url::parse(place).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or("another page of its own").to_owned()
}

impl<'a> Shown<'a> {
    fn read(answer: &'a HttpAnswer) -> Self {
        match (answer.status, answer.location()) {
            (200, _) if holds_password_field(&answer.body) => Self::Form,
            (200, _) => Self::Page,
            (300..400, Some(place)) => Self::SentTo(place),
            (status, _) => Self::Status(status),
        }
    }
}

/// Whether this is a page with a field that hides what is typed.
fn holds_password_field(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    text.split("<input").skip(1).any(|input| {
        let element = input.split('>').next().unwrap_or_default();
        let bare = element.replace(['"', '\'', ' '], "");
        bare.contains("type=password")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_by_its_field_for_a_password() {
        for (page, is_form) in [
            (
                "<form><input type=\"password\" name=\"password\"></form>",
                true,
            ),
            ("<INPUT name='p' TYPE = 'password' />", true),
            ("<p>type=password</p><input name=\"x\">", false),
            ("It works!", false),
        ] {
            assert_eq!(holds_password_field(page.as_bytes()), is_form, "{page}");
        }
    }

    #[test]
    fn what_is_said_of_no_ticket_is_judged() {
        let refused = |code: &str| Said::Refused(code.into());
        for (said, verdict) in [
            (refused("INVALID_TICKET"), Verdict::Good),
            (refused("UNAUTHORIZED_SERVICE"), Verdict::Warning),
            (Said::Status(404), Verdict::Bad),
            (Said::Status(500), Verdict::Bad),
        ] {
            let finding = of_no_ticket(&said, "https://cas.example/serviceValidate");
            assert_eq!(finding.verdict, verdict, "{said:?}");
            assert_eq!(finding.hint.is_some(), verdict != Verdict::Good);
        }
    }

    #[test]
    fn where_people_are_sent_is_told_by_its_host_alone() {
        assert_eq!(host_of("https://a.example/x?ticket=ST-1"), "a.example");
        assert_eq!(host_of("/login;jsessionid=1"), "another page of its own");
    }
}
