//! The metadata of each service provider.

use std::slice;

use jiff::Timestamp;

use super::{Finding, Verdict, its_end};
use crate::app::{duties, look::last_good};
use crate::{
    config::{fault::ConfigFault, named::Named, sp::SpConfig},
    metadata::{registry::Registered, source},
    xmlsec::{CertificateFacts, VerifyingKey},
};

const CHECK: &str = "metadata";
const MEND: &str = "fetch the provider's own metadata again, and put it in the place of this file";
const SEE_TO: &str =
    "ask whoever runs the provider, and fetch its metadata again once it is mended";

/// What is wrong with each file; of one with which nothing is, who it is.
pub(super) fn findings(named: Named<'_>, faults: &[ConfigFault], now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sp in named.service_providers {
        findings.extend(of_provider(sp, named, now));
    }
    // What two of them have in common is seen only where all are loaded together.
    for fault in faults {
        let is_of_file = fault.line.is_none() && fault.key.starts_with("sp.");
        let finding = told(fault, Verdict::Bad);
        if is_of_file && !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if findings.is_empty() {
        findings.push(Finding::warning(
            CHECK,
            "no service provider is configured",
            "write [sp.NAME] with its metadata: until then there is nothing to sign in to",
        ));
    }
    findings
}

fn of_provider(sp: &SpConfig, named: Named<'_>, now: Timestamp) -> Vec<Finding> {
    let loaded = source::load(
        slice::from_ref(sp),
        None,
        named.schemes,
        last_good(named),
        now,
    );
    let faults = loaded.faults.iter();
    let mut findings: Vec<_> = faults.map(|it| told(&it.fault, Verdict::Bad)).collect();
    findings.extend(loaded.registry.all().map(|it| describe(it, now)));
    let warnings = loaded.warnings.iter();
    findings.extend(warnings.map(|it| told(&it.fault, Verdict::Warning)));
    findings
}

fn describe(provider: &Registered, now: Timestamp) -> Finding {
    let keys = describe_keys(&provider.keys, now);
    let encryption = match &provider.encryption_key {
        Some(_) => "encrypted assertions",
        None => "assertions in clear",
    };
    let what = format!(
        "sp.{}: {}, {} address(es) for answers, {keys}, {encryption}",
        provider.config.short_name,
        provider.sp.entity_id.as_str(),
        provider.post_services().count(),
    );
    if !provider.config.enabled {
        return Finding::good(CHECK, format!("{what}; switched off"));
    }
    let due = duties::of_metadata(provider, now);
    let Some((first, _)) = due.first() else {
        return Finding::good(CHECK, what);
    };
    let hint = first.hint.clone().unwrap_or_else(|| SEE_TO.to_owned());
    let ends = due.iter().map(|(duty, _)| duties::ended(duty, now));
    let ends = ends.collect::<Vec<_>>().join("; ");
    Finding::warning(CHECK, format!("{what}; {ends}"), hint)
}

fn describe_keys(keys: &[VerifyingKey], now: Timestamp) -> String {
    let ends = keys.iter().filter_map(VerifyingKey::certificate);
    let ends: Vec<_> = ends.map(CertificateFacts::not_after).collect();
    let bare = keys.len().saturating_sub(ends.len());
    let certificates = match ends.iter().min() {
        Some(first) => format!(
            "{} certificate(s), the first one {}",
            ends.len(),
            its_end(*first, now)
        ),
        None => "no certificate".to_owned(),
    };
    match bare {
        0 => certificates,
        _ => format!("{certificates}, {bare} key(s) without one"),
    }
}

fn told(fault: &ConfigFault, verdict: Verdict) -> Finding {
    let general = if verdict == Verdict::Bad {
        MEND
    } else {
        SEE_TO
    };
    let hint = fault.hint.clone().unwrap_or_else(|| general.to_owned());
    let bare = ConfigFault {
        hint: None,
        ..fault.clone()
    };
    Finding {
        check: CHECK,
        verdict,
        what: bare.to_string(),
        hint: Some(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::test_support::{Case, ZOOM};

    #[test]
    fn a_provider_whose_certificate_ends_soon_is_told_from_the_day_on_which_that_is_a_duty() {
        let off = format!("{ZOOM}enabled = false\n");
        // That of the file ends on 2036-11-25.
        for (tables, now, verdict, words) in [
            (ZOOM, "2036-09-25T23:00:00Z", Verdict::Good, "in 60 days"),
            (ZOOM, "2036-09-26T01:00:00Z", Verdict::Warning, "in 59 days"),
            (
                ZOOM,
                "2036-11-24T12:00:00Z",
                Verdict::Warning,
                "within a day",
            ),
            (ZOOM, "2036-11-26T12:00:00Z", Verdict::Warning, "has ended"),
            (&off, "2036-11-24T12:00:00Z", Verdict::Good, "switched off"),
        ] {
            let case = Case {
                now,
                ..Case::of(tables)
            };
            let found = case.look(|facts, _| describe(facts.registered, facts.now));
            assert_eq!(found.verdict, verdict, "{found:?}");
            assert!(found.what.contains(words), "{found:?}");
            let hint = found.hint.unwrap_or_default();
            let take_again = "passerelle sp add zoom --replace --metadata URL";
            assert_eq!(hint.contains(take_again), verdict == Verdict::Warning);
        }
    }
}
