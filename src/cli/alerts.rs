//! `passerelle alerts`.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::{complain, say};
use crate::{
    app::alerts::{smallest, try_out},
    config::{self, environment::Environment},
    sys::clock::{Clock as _, SystemClock},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Tells of something that does not end, the way `[alerts]` says, to see whether it arrives.
    Try,
}

pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    match options.action {
        Action::Try => try_it(path),
    }
}

fn try_it(path: &Path) -> anyhow::Result<()> {
    let built = super::running::load(path)?;
    let Some(alerts) = built.alerts else {
        let hint = config::load(path, &Environment::of_process())
            .map(|config| smallest(path, &config.organization.technical_contact))
            .unwrap_or_default();
        bail!("the configuration has no [alerts]: nobody is told\n    hint: {hint}");
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread to wait with")?;
    let whose = (&*built.front.origin, path);
    let told = try_out(&alerts, whose, SystemClock.now());
    match runtime.block_on(told) {
        Ok(()) => {
            say("handed over; look whether it has arrived");
            Ok(())
        }
        Err(faults) => {
            for fault in &faults {
                complain(&format!("error: {fault}"));
            }
            bail!("{} way(s) of [alerts] failed", faults.len())
        }
    }
}
