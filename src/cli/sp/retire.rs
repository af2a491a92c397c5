//! `passerelle sp retire`.

use std::path::Path;

use clap::Args;

use super::{check_plan, confirm_at_terminal, find, open, short_name, tell};
use crate::{
    cli::{complain_of, say},
    model::short_name::ShortName,
};

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

/// Switches the provider off in the configuration; everything else of it stays as it is.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    // Whatever else is wrong in the configuration does not keep a provider open.
    let registrar = open(path)?;
    complain_of(registrar.faults(), "warning");
    let name = &options.name;
    find(&registrar, name)?;
    let Some(plan) = registrar.retirement(name).map_err(tell)? else {
        say(&format!(
            "{name} is switched off already: there is nothing to do."
        ));
        return Ok(());
    };
    complain_of(&check_plan(&registrar, &plan)?, "warning");
    if options.dry_run {
        say(&format!(
            "{name} would be switched off. Nothing was written (--dry-run)."
        ));
        return Ok(());
    }
    if !options.yes {
        confirm_at_terminal(&format!(
            "Nobody will sign in to {name} any more. Switch it off?"
        ))?;
    }
    registrar.carry_out(&plan)?;
    say(&format!(
        "{name} is switched off (enabled = false in {}).\n\
         A running server takes it in by `passerelle reload`, or at its next start: until then people still\n\
         sign in to it. From then on whoever comes from it, or is on the way to it, is told that it is\n\
         not open here, and whom to ask.\n\
         To open it again, write enabled = true.",
        path.display()
    ));
    Ok(())
}
