//! The configuration file: what `passerelle check` says of it.

use std::path::Path;

use super::{Finding, Verdict};
use crate::config::{fault::ConfigFault, named::Named};

const CHECK: &str = "configuration";

/// Every fault and every warning, except what is told of the keys and of each provider.
pub(super) fn findings(
    path: &Path,
    faults: &[ConfigFault],
    warnings: &[ConfigFault],
    named: Named<'_>,
) -> Vec<Finding> {
    let told_elsewhere = |fault: &&ConfigFault| {
        let keys = { named.signing.iter().chain(named.next) }.map(|file| &file.path);
        let of_providers = named.service_providers.iter().map(|sp| &sp.metadata_path);
        fault.line.is_none() && keys.chain(of_providers).any(|file| *file == fault.file)
    };
    let tell = |verdict| {
        move |fault: &ConfigFault| {
            let bare = ConfigFault {
                hint: None,
                ..fault.clone()
            };
            Finding {
                check: CHECK,
                verdict,
                what: bare.to_string(),
                hint: fault.hint.clone(),
            }
        }
    };
    let own = faults.iter().filter(|fault| !told_elsewhere(fault));
    let of_warnings = warnings.iter().filter(|fault| !told_elsewhere(fault));
    let mut findings: Vec<_> = own
        .map(tell(Verdict::Bad))
        .chain(of_warnings.map(tell(Verdict::Warning)))
        .collect();
    if findings.is_empty() {
        let what = format!("{}: nothing wrong in it", path.display());
        findings.push(Finding::good(CHECK, what));
    }
    findings
}
