//! `passerelle check`.

use std::{path::Path, sync::Arc};

use anyhow::bail;

use super::{EndedWith, REFUSED_PIN, complain, complain_of, say, status::warn_of_other_keys};
use crate::{
    app::{
        build::{self, Built},
        duties,
    },
    config::environment::Environment,
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::OsEntropy,
    },
};

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
        built.warnings.len() + ends.len() + other_keys
    ));
    Ok(())
}

/// Loads the configuration and builds the server from it; every fault is told before it gives up.
pub(super) fn load(path: &Path) -> anyhow::Result<Built> {
    let environment = Environment::of_process();
    match build::load(
        path,
        &environment,
        Arc::new(SystemClock),
        Arc::new(OsEntropy),
    ) {
        Ok(built) => Ok(built),
        Err(faults) => {
            complain_of(&faults, "error");
            let what = format!("{} fault(s) in the configuration", faults.len());
            if faults.iter().any(|fault| fault.forbids_another_try) {
                let status = REFUSED_PIN;
                return Err(EndedWith { status, what }.into());
            }
            bail!(what);
        }
    }
}
