//! `passerelle check`.

use std::{path::Path, time::Duration};

use anyhow::bail;

use super::{
    complain, complain_of,
    running::{load, warn_of_other_keys},
    say,
};
use crate::{
    app::{
        doctor::{Verdict, clock_against_cas},
        duties,
    },
    config::{self, environment::Environment},
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
    complain_of(&built.warnings, "warning");
    // The same that `status` lists and that a server tells of.
    let now = SystemClock.now();
    let ends = duties::of(&built.front.bridge, &built.certificates, now);
    for duty in &ends {
        complain(&format!("warning: {}", duties::sentence(duty, now)));
    }
    let other_keys = warn_of_other_keys(path, &built);
    let other_time = warn_of_other_time(path);
    let broken = &built.faults_of_providers;
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
    say(&format!(
        "{}: nothing wrong; {} service provider(s), {} warning(s)",
        path.display(),
        built.front.bridge.providers.len(),
        built.warnings.len() + ends.len() + other_keys + other_time
    ));
    Ok(())
}

/// Warns where the CAS server has another time than we: Zoom takes no answer with a wrong one. How often.
fn warn_of_other_time(path: &Path) -> usize {
    let Ok(config) = config::load(path, &Environment::of_process()) else {
        return 0;
    };
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
