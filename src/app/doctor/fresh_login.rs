//! Which proof of a new login the CAS server gives: what takes somebody who signs in at its page.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Ask, Finding, cas::no_answer};
use crate::{
    authn::cas::{
        Ticket,
        answer::Success,
        probe::{Probe, Question, Said},
    },
    config::sections::{Cas, FreshLoginProof},
    sys::{clock::Clock, http::HttpFault},
};

const CHECK: &str = "cas.fresh-login";
/// How far the server's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// The server, where somebody signs in and where tickets are asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreshLogin<'a> {
    pub(super) login: Probe<'a>,
    pub(super) node: Probe<'a>,
    pub(super) config: &'a Cas,
}

/// What the server did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Evidence {
    /// Whether it states that a login was new.
    states_new_login: bool,
    /// Whether it states so of one that was not.
    states_it_wrongly: bool,
    /// Whether it refuses the ticket of an older login where it is asked with `renew`.
    refuses_older: Option<bool>,
}

impl FreshLogin<'_> {
    /// Finds it out with somebody's help; says how where nobody is there.
    pub(super) async fn examine(&self, ask: Option<Ask>, clock: &dyn Clock) -> Finding {
        let set = self.set();
        let Some(ask) = ask else {
            return Finding::not_tried(
                CHECK,
                format!(
                    "which proof of a new login the server gives (\"{set}\" is set): it takes \
                     somebody who signs in at its page"
                ),
                "run `passerelle doctor cas --sign-in`, with a browser at hand",
            );
        };
        let since = clock.now();
        let url = self.login.login_url();
        let first = ask(&format!(
            "Open this address in a new private window, and sign in:\n\n    {url}\n\n\
             The browser ends at an address of ours with a ticket in it, and shows an error there. \
             Copy that address,\npaste it here and press Enter, at once: a ticket holds for some \
             seconds."
        ));
        let success = match self.redeem(first, false).await {
            Ok(success) => success,
            Err(finding) => return finding,
        };
        let mut evidence = Evidence {
            states_new_login: states_new_login(&success, since, clock.now()),
            states_it_wrongly: false,
            refuses_older: None,
        };
        let second = ask(
            "Open the same address again in the same window: no password should be asked for now. \
             Paste what it ends at,\nor press Enter alone if a password is asked for.",
        );
        if let Some(ticket) = second.as_deref().and_then(ticket_in) {
            match self.validate(&ticket, true).await {
                Ok(Said::Refused(_)) => evidence.refuses_older = Some(true),
                Ok(Said::Vouches(again)) => {
                    evidence.refuses_older = Some(false);
                    evidence.states_it_wrongly = again.is_from_new_login == Some(true);
                }
                Ok(Said::NoAnswer(_) | Said::Status(_)) | Err(_) => {}
            }
        }
        judge(self.config.fresh_login_proof, evidence)
    }

    async fn redeem(&self, typed: Option<String>, with_renew: bool) -> Result<Success, Finding> {
        let Some(ticket) = typed.as_deref().and_then(ticket_in) else {
            return Err(Finding::not_tried(
                CHECK,
                "no ticket was given",
                "paste the whole address: it ends with ticket=ST-…",
            ));
        };
        let said = self.validate(&ticket, with_renew).await;
        let why = match said {
            Ok(Said::Vouches(success)) => return Ok(success),
            Ok(Said::Refused(code)) => format!("the ticket was refused ({code})"),
            Ok(Said::NoAnswer(fault)) => format!("the answer about the ticket is none: {fault}"),
            Ok(Said::Status(status)) => format!("the answer is HTTP status {status}"),
            Err(fault) => return Err(no_answer(CHECK, self.node.url, &fault)),
        };
        Err(Finding::not_tried(
            CHECK,
            why,
            "a ticket holds for some seconds, and once only: try again, and be quick; is our \
             address registered there as a service?",
        ))
    }

    async fn validate(&self, ticket: &Ticket, with_renew: bool) -> Result<Said, HttpFault> {
        let question = Question {
            ticket,
            protocol: self.config.protocol,
            with_renew,
        };
        self.node.validate(question).await
    }

    const fn set(&self) -> &'static str {
        word(self.config.fresh_login_proof)
    }
}

const fn word(proof: FreshLoginProof) -> &'static str {
    match proof {
        FreshLoginProof::Attributes => "attributes",
        FreshLoginProof::Renew => "renew",
    }
}

/// Whether the answer about somebody who has just signed in says so, as it is judged at a sign-in.
fn states_new_login(success: &Success, since: Timestamp, now: Timestamp) -> bool {
    let is_recent =
        |at: Timestamp| since.duration_since(at) <= SKEW && at.duration_since(now) <= SKEW;
    let by_date = success.authenticated_at.is_some_and(is_recent);
    success.is_from_new_login.unwrap_or(by_date)
}

fn judge(set: FreshLoginProof, evidence: Evidence) -> Finding {
    let Evidence {
        states_new_login,
        states_it_wrongly,
        refuses_older,
    } = evidence;
    let by_attributes = states_new_login && !states_it_wrongly;
    let is_proven = |proof| match proof {
        FreshLoginProof::Attributes => by_attributes,
        FreshLoginProof::Renew => refuses_older == Some(true),
    };
    let told = format!(
        "the server {} that a login is new, and {}; \"{}\" is set",
        match (states_new_login, states_it_wrongly) {
            (true, false) => "states",
            (true, true) => "states, also where it is not,",
            (false, _) => "does not state",
        },
        match refuses_older {
            Some(true) => "refuses an older one where it is asked with renew",
            Some(false) => "takes an older one although it is asked with renew",
            None => "it is not known whether renew has it refuse an older one",
        },
        word(set)
    );
    if is_proven(set) {
        return Finding::good(CHECK, told);
    }
    let other = match set {
        FreshLoginProof::Attributes => FreshLoginProof::Renew,
        FreshLoginProof::Renew => FreshLoginProof::Attributes,
    };
    if is_proven(other) {
        let hint = format!(
            "write fresh-login-proof = \"{}\" in [authn.cas]",
            word(other)
        );
        return Finding::bad(CHECK, told, hint);
    }
    let nothing = "the server proves no new login: a provider that demands one (ForceAuthn) is \
                   answered with an error";
    match (set, refuses_older) {
        (FreshLoginProof::Renew, Some(false)) => Finding::bad(
            CHECK,
            told,
            "with \"renew\" an old login would pass for a new one: remove the line \
             fresh-login-proof. The server proves none, and providers that demand one are told so",
        ),
        (FreshLoginProof::Attributes, _) if states_it_wrongly => Finding::bad(
            CHECK,
            told,
            "an old login would pass for a new one: have the server mended, or let no provider \
             demand one (ForceAuthn)",
        ),
        (FreshLoginProof::Attributes | FreshLoginProof::Renew, _) => {
            Finding::warning(CHECK, told, nothing)
        }
    }
}

/// The ticket in what somebody pasted: the ticket itself, or the address that ends with it.
fn ticket_in(typed: &str) -> Option<Ticket> {
    let in_address = Url::parse(typed).ok().and_then(|url| {
        let mut parameters = url.query_pairs();
        let found = parameters.find(|(name, _)| name == "ticket");
        found.map(|(_, ticket)| ticket.into_owned())
    });
    Ticket::parse(in_address.as_deref().unwrap_or(typed)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::doctor::Verdict;

    #[test]
    fn the_switch_is_compared_with_what_the_server_did() {
        use FreshLoginProof::{Attributes, Renew};
        for (set, states, wrongly, refuses, verdict, hint) in [
            (Attributes, true, false, Some(false), Verdict::Good, ""),
            (Attributes, true, false, None, Verdict::Good, ""),
            (
                Attributes,
                false,
                false,
                Some(true),
                Verdict::Bad,
                "\"renew\"",
            ),
            (
                Attributes,
                false,
                false,
                Some(false),
                Verdict::Warning,
                "ForceAuthn",
            ),
            (
                Attributes,
                true,
                true,
                Some(false),
                Verdict::Bad,
                "pass for a new one",
            ),
            (Renew, false, false, Some(true), Verdict::Good, ""),
            (
                Renew,
                true,
                false,
                Some(false),
                Verdict::Bad,
                "\"attributes\"",
            ),
            (
                Renew,
                false,
                false,
                Some(false),
                Verdict::Bad,
                "remove the line",
            ),
            (Renew, false, false, None, Verdict::Warning, "ForceAuthn"),
        ] {
            let evidence = Evidence {
                states_new_login: states,
                states_it_wrongly: wrongly,
                refuses_older: refuses,
            };
            let finding = judge(set, evidence);
            assert_eq!(finding.verdict, verdict, "{evidence:?}");
            assert!(finding.hint.unwrap_or_default().contains(hint));
        }
    }

    #[test]
    fn a_ticket_is_found_in_an_address_or_alone() {
        for typed in [
            "https://idp.example/cas/zoom/doctor?ticket=ST-1-a",
            "https://idp.example/cas/zoom/doctor?x=1&ticket=ST%2D1%2Da",
            "ST-1-a",
        ] {
            assert_eq!(ticket_in(typed).unwrap().as_str(), "ST-1-a", "{typed}");
        }
        for typed in ["", "https://idp.example/cas/zoom/doctor", "PT-1", "ticket"] {
            assert!(ticket_in(typed).is_none(), "{typed}");
        }
    }
}
