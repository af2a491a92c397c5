//! `passerelle sp`: registers service providers and looks after them, one file each.

mod add;
mod check;
mod decide;
mod diff;
mod list;
mod retire;
mod show;
mod source;
mod told;

use std::{path::Path, sync::Arc};

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};

use super::{complain_of_those_in, confirm_at_terminal, say_json, short_name};
use crate::{
    app::{
        follow::Decision,
        registrar::{Plan, Registrar, RegistrarFault},
    },
    config::{environment::Environment, fault::ConfigFault, sp::SpConfig},
    model::{entity_id::EntityId, short_name::ShortName},
    sys::{clock::SystemClock, entropy::OsEntropy},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Has a version of a provider's metadata count that is held for somebody to look at.
    Accept(decide::Options),
    /// Registers a provider from its metadata, or takes another version of it (--replace).
    Add(add::Options),
    /// Says what is wrong with a provider's metadata, and what to do about it.
    Check(check::Options),
    /// Says what another version of a provider's metadata would change.
    Diff(diff::Options),
    /// Lists the providers, how it stands with each, and what of it ends next.
    List(list::Options),
    /// Turns down a version of a provider's metadata that is held: it is not brought up again.
    Refuse(decide::Options),
    /// Shows all of one provider.
    Show(show::Options),
    /// Switches a provider off: nobody signs in to it any more.
    Retire(retire::Options),
}

/// Runs the command that the command line names.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    match &options.command {
        Command::Accept(options) => decide::run(path, options, Decision::Accept),
        Command::Add(options) => add::run(path, options),
        Command::Check(options) => check::run(path, options),
        Command::Diff(options) => diff::run(path, options),
        Command::List(options) => list::run(path, options),
        Command::Refuse(options) => decide::run(path, options, Decision::Refuse),
        Command::Show(options) => show::run(path, options),
        Command::Retire(options) => retire::run(path, options),
    }
}

/// Opens the configuration, be there faults in it or not.
fn open(path: &Path) -> anyhow::Result<Registrar> {
    let environment = Environment::of_process();
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    Registrar::open(path, environment, clock, entropy).map_err(|fault| anyhow!("{fault}"))
}

/// Opens the configuration to change it: there must be no fault in it.
pub(super) fn open_sound(path: &Path) -> anyhow::Result<Registrar> {
    let registrar = open(path)?;
    match registrar.faults() {
        [] => Ok(registrar),
        faults => {
            complain_of_those_in(path, faults, "error");
            bail!(
                "{} fault(s) in the configuration: mend them first",
                faults.len()
            );
        }
    }
}

/// Reads the name of an entity from the command line.
fn entity_id(text: &str) -> Result<EntityId, String> {
    EntityId::parse(text).map_err(|fault| fault.to_string())
}

fn find<'r>(registrar: &'r Registrar, name: &ShortName) -> anyhow::Result<&'r SpConfig> {
    registrar.provider(name).ok_or_else(|| {
        let providers = registrar.named().service_providers.iter();
        let names: Vec<_> = providers.map(|config| config.short_name.as_str()).collect();
        anyhow!(
            "there is no provider {name}; there are: {}",
            names.join(", ")
        )
    })
}

/// Tells what would become of the configuration with `plan`; fails where that would be wrong.
fn check_plan(path: &Path, registrar: &Registrar, plan: &Plan) -> anyhow::Result<Vec<ConfigFault>> {
    let checked = registrar.check(plan);
    checked.map_err(|fault| tell(path, fault))
}

/// Tells each fault by itself.
fn tell(path: &Path, fault: RegistrarFault) -> anyhow::Error {
    if let RegistrarFault::Faults(faults) = &fault {
        complain_of_those_in(path, faults, "error");
    }
    anyhow::Error::new(fault).context("nothing was written")
}
