//! `passerelle check`.

use std::{path::Path, time::Duration};

use anyhow::bail;

use super::{
    complain,
    running::{load, warn_of_other_keys},
    say,
    typed::typed,
};
use crate::{
    app::{
        doctor::{Verdict, clock_against_cas},
        duties,
    },
    config::{self, environment::Environment, fault::ConfigFault, sections::Method},
    control::Duty,
    model::matter,
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::OsEntropy,
    },
};

/// How long the CAS server may take to say what time it is. Whether it answers at all is for the doctor.
const PATIENCE: Duration = Duration::from_secs(2);

/// Builds everything from the configuration and says all that is wrong with it.
pub(super) fn run(path: &Path) -> anyhow::Result<()> {
    let built = load(path)?;
    let complain = |text: &str| complain(&typed(text, path));
    let complain_of = |faults: &[ConfigFault], kind| {
        for fault in faults {
            complain(&format!("{kind}: {fault}"));
        }
    };
    complain_of(&built.warnings, "warning");
    let broken = &built.faults_of_providers;
    // The same that `status` lists and that a server tells of, but for what errors and warnings say by themselves.
    let now = SystemClock.now();
    let mut ends = duties::of(&built.front.bridge, &built.certificates, now);
    ends.retain(|duty| !is_told_as_an_error(duty, broken) && duty.kind != matter::PLACEHOLDER);
    for duty in &ends {
        complain(&format!("warning: {}", duties::told(duty, now)));
        if let Some(hint) = &duty.hint {
            complain(&format!("    hint: {hint}"));
        }
    }
    let other_keys = warn_of_other_keys(path, &built);
    let other_time = look_at_time(path);
    if !broken.is_empty() {
        complain_of(broken, "error");
        bail!(
            "{} fault(s) of single providers; a server would start all the same",
            broken.len()
        );
    }
    if built.is_lab {
        say("lab = true: plain http is allowed. Not for people.");
    }
    let count = built.front.bridge.providers.len();
    say(&format!(
        "{}: nothing wrong; {count} service provider(s), {} warning(s)",
        path.display(),
        built.warnings.len() + ends.len() + other_keys + other_time
    ));
    if count == 0 {
        say(&typed(
            "There is nothing to sign in to yet: `passerelle sp add NAME --metadata URL` registers a service provider.",
            path,
        ));
    }
    Ok(())
}

/// Whether a provider's metadata cannot be used, which each of its faults says.
fn is_told_as_an_error(duty: &Duty, faults: &[ConfigFault]) -> bool {
    duty.kind == matter::BROKEN && faults.iter().any(|fault| fault.is_under(&duty.whom))
}

/// Warns where the CAS server has another time than we: Zoom takes no answer with a wrong one. How often. Where no CAS server
/// is there to ask, it says so.
fn look_at_time(path: &Path) -> usize {
    let Ok(config) = config::load(path, &Environment::of_process()) else {
        return 0;
    };
    if !config.authn.uses(Method::Cas) {
        say(&typed(
            "clock: not tried, as people do not sign in at a CAS server, which would say what time it is; `timedatectl` \
             says whether this machine follows a time server, and `passerelle doctor` asks what else tells the time",
            path,
        ));
        return 0;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return 0;
    };
    let asked = clock_against_cas(config.named(), (&SystemClock, &OsEntropy), PATIENCE);
    let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await });
    // A name that is still being looked up holds nobody back.
    runtime.shutdown_background();
    let Some(found) = found.ok().flatten() else {
        return 0;
    };
    if found.verdict == Verdict::Good {
        return 0;
    }
    let hint = found.hint.unwrap_or_default();
    complain(&format!("warning: {}\n    hint: {hint}", found.what));
    1
}
