//! Our own keys: each signing key, and the certificate of our listener, with the days left.

use std::path::Path;

use jiff::Timestamp;

use super::{Finding, its_end};
use crate::{
    app::duties,
    config::{keys::SigningKeySource, named::Named},
    model::chain::Chain,
    sys::reach,
    xmlsec::SigningKey,
};

const CHECK: &str = "keys";

/// Everything that signs or speaks TLS in our name.
pub(super) fn findings(named: Named<'_>, now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<_> = named
        .signing
        .iter()
        .chain(named.next)
        .map(|source| of_signing_key(source, now))
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

fn of_signing_key(source: &SigningKeySource, now: Timestamp) -> Finding {
    let path = source.path.display();
    let key = match SigningKey::open(source) {
        Ok(key) => key,
        Err(fault) => {
            let usual = "one PEM file holds a private key, RSA or EC, and its certificate; keys.passphrase opens an encrypted one";
            let hint = fault.hint().unwrap_or(usual);
            return Finding::bad(CHECK, format!("{path}: {}", Chain(&fault)), hint);
        }
    };
    let facts = key.certificate();
    let (kind, subject) = (facts.key(), facts.subject());
    let (step, end) = how_long(facts.not_after(), now);
    let what = format!("{path}: {kind}, {subject}; its certificate {end}");
    if step.is_none() {
        return Finding::good(CHECK, what);
    }
    // A provider that took it keeps it: it stops nobody by itself.
    Finding::warning(
        CHECK,
        what,
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
    let (step, end) = how_long(end, now);
    let what = format!("{path}: the certificate of our listener {end}");
    match step {
        None => Finding::good(CHECK, what),
        Some(0) => Finding::bad(
            CHECK,
            what,
            "renew it and reload the service: until then no browser comes in",
        ),
        Some(_) => Finding::warning(CHECK, what, "renew it and reload the service"),
    }
}

/// How near the end of a certificate of ours is, by the rule of all that is told of ends, and in words.
fn how_long(end: Timestamp, now: Timestamp) -> (Option<u16>, String) {
    (duties::step(end, now), its_end(end, now))
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};
    use crate::{
        config::keys::Kept,
        sys::secret::Secret,
        xmlsec::keys::{KeyRequest, NewKey, generate},
    };

    #[test]
    fn our_certificates_are_told_from_the_day_on_which_they_are_a_duty_and_not_by_another_rule() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (end, of_signer, of_shown) in [
            ("2027-01-25T09:00:00Z", Verdict::Good, Verdict::Good),
            ("2027-01-25T07:00:00Z", Verdict::Warning, Verdict::Warning),
            ("2026-11-26T09:00:00Z", Verdict::Warning, Verdict::Warning),
            ("2026-11-26T08:00:00Z", Verdict::Warning, Verdict::Bad),
        ] {
            let end = end.parse().unwrap();
            let made = generate(&KeyRequest {
                common_name: "idp.example.org",
                key: NewKey::EcP256,
                not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
                not_after: end,
            });
            let path = folder.path().join("key.pem");
            std::fs::write(&path, made.unwrap().pem()).unwrap();
            let file = SigningKeySource {
                kept: Kept::File {
                    pem: Secret::new(std::fs::read(&path).unwrap()),
                    passphrase: None,
                },
                path: path.clone(),
            };
            let told = [of_signing_key(&file, now), of_listener(&path, now)];
            let verdicts = told.map(|finding| finding.verdict);
            assert_eq!(verdicts, [of_signer, of_shown], "{end}");
            let is_duty = duties::step(end, now).is_some();
            assert_eq!(is_duty, of_signer != Verdict::Good, "{end}");
        }
    }
}
