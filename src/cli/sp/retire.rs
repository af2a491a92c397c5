//! `passerelle sp retire`.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;

use super::{check_plan, confirm_at_terminal, find, open, short_name, tell};
use crate::{
    cli::{
        complain_of_those_in,
        reload::have_it_read_again,
        running::{reload, server_of},
        say,
    },
    metadata::registry::SpState,
    model::short_name::ShortName,
};

/// What becomes of those who want to sign in to a provider that is switched off.
const TOLD: &str = "From then on whoever comes from it, or is on the way to it, is told that it is not open here, and whom to ask.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The provider.
    #[arg(value_parser = short_name)]
    name: ShortName,
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Writes without asking.
    #[arg(long, short)]
    yes: bool,
}

/// Switches the provider off in the configuration, everything else of which stays as it is, and has the running
/// server take it in.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    // Whatever else is wrong in the configuration does not keep a provider open.
    let registrar = open(path)?;
    complain_of_those_in(path, registrar.faults(), "warning");
    let name = &options.name;
    find(&registrar, name)?;
    let Some(plan) = registrar
        .retirement(name)
        .map_err(|fault| tell(path, fault))?
    else {
        say(&format!("{name} is switched off already."));
        return if options.dry_run {
            Ok(())
        } else {
            close(path, name)
        };
    };
    complain_of_those_in(path, &check_plan(path, &registrar, &plan)?, "warning");
    if options.dry_run {
        say(&format!(
            "{name} would be switched off. Nothing was written (--dry-run)."
        ));
        return Ok(());
    }
    if !options.yes {
        let question = format!(
            "Nobody will sign in to {name} any more. A running server takes in whatever else {} says by now, too. Switch it off?",
            path.display()
        );
        confirm_at_terminal(&question, "nothing was written")?;
    }
    registrar.carry_out(&plan)?;
    say(&format!(
        "{name} is switched off (enabled = false in {}). To open it again, write enabled = true.",
        path.display()
    ));
    close(path, name)
}

/// Has the running server take in that the provider is switched off: whoever closes one does not want it open until they
/// read the last line.
fn close(path: &Path, name: &ShortName) -> anyhow::Result<()> {
    let reload = reload(path);
    let still_open = || format!("people still sign in to {name}, until {reload} works");
    let Some((socket, status)) = server_of(path).with_context(still_open)? else {
        say(&format!(
            "No server that runs by this file answers here. One that runs all the same takes it in by {reload}, or at \
             its next start:\nuntil then people still sign in to it. {TOLD}"
        ));
        return Ok(());
    };
    let state = status.providers.get(name.as_str());
    if state.is_none_or(|state| state == SpState::Disabled.word()) {
        say("The running server knows: nobody signs in to it.");
        return Ok(());
    }
    // What else it tells was told, and keeps nobody from being shut out.
    have_it_read_again(path, &socket).with_context(still_open)?;
    say(&format!("The running server has taken it in. {TOLD}"));
    Ok(())
}
