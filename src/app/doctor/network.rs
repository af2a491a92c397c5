//! The way to a server: its name, the connection, TLS.

use jiff::Timestamp;
use url::Url;

use super::{DAYS_OF_A_SERVER, Finding, PATIENCE, Verdict, its_end};
use crate::{
    config::named::Named,
    control::days_left,
    model::chain::Chain,
    sys::{
        clock::{Clock as _, SystemClock},
        reach::{self, Opening, ReachFault},
    },
};

const NAME: &str = "name";
const TLS: &str = "tls";

/// A server, and who must vouch for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Its address as the configuration has it.
    pub(super) url: &'a str,
    /// How TLS begins there; none where plain `http` is spoken.
    pub(super) opening: Option<Opening>,
    /// PEM certificates; the authorities of the system otherwise.
    pub(super) authorities: Option<&'a [u8]>,
    /// The key of the configuration that names the authorities.
    pub(super) key: &'static str,
}

/// What was found on the way to a server.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) findings: Vec<Finding>,
    /// Whether it can be asked something.
    pub(super) is_open: bool,
}

impl Place<'_> {
    /// Goes the way to the server.
    pub(super) async fn reach(self) -> Way {
        let mut way = Way {
            findings: Vec::new(),
            is_open: false,
        };
        let Some((host, port)) = host_and_port(self.url) else {
            let hint = "write scheme, host and perhaps a port";
            let what = format!("{}: no host can be read from it", self.url);
            way.findings.push(Finding::bad(NAME, what, hint));
            return way;
        };
        let addresses = match reach::resolve(&host, port, PATIENCE).await {
            Ok(addresses) => addresses,
            Err(fault) => {
                let what = format!("{host}: {}", Chain(&fault));
                let hint = "a slip in the name? otherwise ask the name servers of this machine: \
                            `getent hosts` and the name";
                way.findings.push(Finding::bad(NAME, what, hint));
                return way;
            }
        };
        let known = match addresses.as_slice() {
            [one] => one.ip().to_string(),
            several => format!("{} addresses", several.len()),
        };
        let what = format!("{host}: {known}");
        way.findings.push(Finding::good(NAME, what));
        let connection = match reach::connect(&addresses, PATIENCE).await {
            Ok(connection) => connection,
            Err(fault) => {
                way.findings.push(self.fault(&fault));
                return way;
            }
        };
        let Some(opening) = self.opening else {
            let what = format!("{}: plain http, as a lab may speak", self.url);
            let hint = "https, wherever people sign in";
            way.findings.push(Finding::not_tried(TLS, what, hint));
            way.is_open = true;
            return way;
        };
        let how = (opening, self.authorities);
        match reach::begin_tls(connection, &host, how, PATIENCE).await {
            Ok(end) => {
                way.findings.push(self.of_certificate(end));
                way.is_open = true;
            }
            Err(fault) => way.findings.push(self.fault(&fault)),
        }
        way
    }

    fn of_certificate(self, end: Timestamp) -> Finding {
        let now = SystemClock.now();
        let what = format!(
            "{}: believed; its certificate {}",
            self.url,
            its_end(end, now)
        );
        if days_left(end, now) < DAYS_OF_A_SERVER {
            return Finding::warning(TLS, what, "have it renewed: after that nobody is signed in");
        }
        Finding::good(TLS, what)
    }

    fn fault(self, fault: &ReachFault) -> Finding {
        let hint = match fault {
            ReachFault::Untrusted(_) | ReachFault::Authorities(_) => {
                let key = self.key;
                if self.authorities.is_some() {
                    format!(
                        "{key} must name a PEM file of the authority that signed its certificate; have the server send its whole chain"
                    )
                } else {
                    format!(
                        "its authority is none of this machine's: name it with {key}, or add it to the system; have the server send its whole chain"
                    )
                }
            }
            ReachFault::WrongName => {
                "use the name that stands in its certificate, or have it made anew for this one"
                    .to_owned()
            }
            ReachFault::Ended => "have it renewed; is the clock of this machine right?".to_owned(),
            ReachFault::NotYet => "is the clock of this machine right?".to_owned(),
            ReachFault::NoTls => {
                "is this the port of TLS? for a directory ldaps:// is 636 by custom, and ldap:// \
                 needs StartTLS on the server"
                    .to_owned()
            }
            ReachFault::NoConnection(_) | ReachFault::TimeOut => {
                "is the server started, is the port right, does a firewall stand between?"
                    .to_owned()
            }
            ReachFault::NoAddress(_) => "a slip in the name?".to_owned(),
        };
        Finding::bad(TLS, format!("{}: {}", self.url, Chain(fault)), hint)
    }
}

/// How browsers come to us. Warnings only: what answers there may be a proxy that this machine does
/// not see.
pub(super) async fn of_ourselves(named: Named<'_>) -> Vec<Finding> {
    let Some(base_url) = named.base_url else {
        return Vec::new();
    };
    let place = Place {
        url: base_url.as_str(),
        opening: Some(Opening::AtOnce),
        authorities: None,
        key: "the proxy's certificate",
    };
    if !base_url.is_https() {
        // A lab of this machine, which may not have been started.
        return Vec::new();
    }
    let mut findings = place.reach().await.findings;
    for finding in &mut findings {
        if finding.verdict == Verdict::Bad {
            finding.verdict = Verdict::Warning;
            finding.hint = Some(
                "this is how browsers come to us (base-url): see to it where it is served, perhaps \
                 at a proxy; from here it may look different"
                    .to_owned(),
            );
        }
    }
    findings
}

fn host_and_port(url: &str) -> Option<(String, u16)> {
    let url = Url::parse(url).ok()?;
    let host = url
        .host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']');
    let by_scheme = match url.scheme() {
        "ldap" => Some(389),
        "ldaps" => Some(636),
        _ => url.port_or_known_default(),
    };
    Some((host.to_owned(), url.port().or(by_scheme)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_written_is_that_of_the_scheme() {
        for (url, host, port) in [
            ("https://cas.example.org/cas", "cas.example.org", 443),
            ("http://127.0.0.1:8000/cas", "127.0.0.1", 8000),
            ("ldaps://ldap.example.org", "ldap.example.org", 636),
            ("ldap://ldap.example.org", "ldap.example.org", 389),
            ("ldaps://[2001:db8::1]:1636", "2001:db8::1", 1636),
        ] {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        }
    }
}
