//! `passerelle check`.

use std::path::Path;

use anyhow::bail;

use super::{
    complain, complain_of,
    running::{load, warn_of_other_keys},
    say,
};
use crate::{
    app::duties,
    sys::clock::{Clock as _, SystemClock},
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
