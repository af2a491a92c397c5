//! Our own keys: each signing key, and the certificate of our listener, with the days left.

use std::path::Path;

use jiff::Timestamp;

use super::{DAYS_OF_A_SERVER, Finding};
use crate::{
    config::{keys::SigningKeyFile, named::Named},
    sys::reach,
    xmlsec::SigningKey,
};

const CHECK: &str = "keys";
/// How many days before its end a signing certificate is told: service providers have to be told of
/// the next one.
const DAYS_OF_A_SIGNER: i64 = 60;

/// Everything that signs or speaks TLS in our name.
pub(super) fn findings(named: Named<'_>, now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<_> = named
        .signing
        .iter()
        .chain(named.next)
        .map(|file| of_signing_key(file, now))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::not_tried(
            CHECK,
            "no signing key could be read",
            "`passerelle keys FOLDER` makes the keys; [keys] in the configuration names them",
        ));
    }
    if let Some(tls) = named.server.and_then(|server| server.tls.as_ref()) {
        findings.push(of_listener(&tls.certificate, now));
    }
    findings
}

/// How many whole days are left until `end`.
pub(super) fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    end.duration_since(now).as_hours().div_euclid(24)
}

fn of_signing_key(file: &SigningKeyFile, now: Timestamp) -> Finding {
    let path = file.path.display();
    let key = match SigningKey::from_locked_pem(file.pem.expose(), file.passphrase.as_ref()) {
        Ok(key) => key,
        Err(fault) => {
            return Finding::bad(
                CHECK,
                format!("{path}: {fault}"),
                "one PEM file holds a private key, RSA or EC, and its certificate; keys.passphrase opens an encrypted one",
            );
        }
    };
    let facts = key.certificate();
    let days = days_until(facts.not_after(), now);
    let (kind, subject) = (facts.key(), facts.subject());
    if days >= DAYS_OF_A_SIGNER {
        let what = format!("{path}: {kind}, {subject}; its certificate ends in {days} days");
        return Finding::good(CHECK, what);
    }
    // A provider that took it keeps it: it stops nobody by itself.
    let end = if days < 0 {
        "has ended".to_owned()
    } else {
        format!("ends in {days} days")
    };
    Finding::warning(
        CHECK,
        format!("{path}: {kind}, {subject}; its certificate {end}"),
        "`passerelle keys rollover start` makes the next one, which each service provider takes in its own time",
    )
}

fn of_listener(certificate: &Path, now: Timestamp) -> Finding {
    let path = certificate.display();
    let end = std::fs::read(certificate)
        .ok()
        .and_then(|pem| reach::end_of_certificate(&pem).ok());
    let Some(end) = end else {
        return Finding::bad(
            CHECK,
            format!("{path}: no certificate can be read from it"),
            "PEM: our certificate and then its chain, readable for the user of the service",
        );
    };
    match days_until(end, now) {
        days if days < 0 => Finding::bad(
            CHECK,
            format!("{path}: the certificate of our listener has ended"),
            "renew it and reload the service: until then no browser comes in",
        ),
        days if days < DAYS_OF_A_SERVER => Finding::warning(
            CHECK,
            format!("{path}: the certificate of our listener ends in {days} days"),
            "renew it and reload the service",
        ),
        days => {
            let what = format!("{path}: the certificate of our listener ends in {days} days");
            Finding::good(CHECK, what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_has_begun_does_not_count_and_the_past_is_below_zero() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        for (end, days) in [
            ("2026-11-26T08:00:00Z", 0),
            ("2026-11-27T07:59:59Z", 0),
            ("2026-11-27T08:00:00Z", 1),
            ("2026-11-26T06:59:59Z", -1),
        ] {
            assert_eq!(days_until(end.parse().unwrap(), now), days, "{end}");
        }
    }
}
