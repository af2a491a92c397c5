//! `passerelle sp diff`.

use std::path::Path;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{
    find, open, say_json, short_name,
    source::{Fetching, Source},
    tell, told,
};
use crate::{
    cli::{complain, say},
    model::short_name::ShortName,
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The provider.
    #[arg(value_parser = short_name)]
    name: ShortName,
    /// The other version: a file, an https address, or - for standard input.
    #[arg(long, value_name = "URL|FILE|-")]
    metadata: Source,
    #[command(flatten)]
    fetching: Fetching,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Says what is different; fails where the other version has a fault.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let registrar = open(path)?;
    let config = find(&registrar, &options.name)?;
    if registrar.look(config)?.outline.is_none() {
        bail!(
            "the metadata that is there cannot be used: see passerelle sp check {}",
            options.name
        );
    }
    let schemes = registrar.named().schemes;
    let bytes = options.metadata.read(&options.fetching, schemes)?;
    let proposed = registrar.successor(&options.name, &bytes).map_err(tell)?;
    let changes = &proposed.changes;
    let is_held = changes.iter().any(|change| change.is_held);
    if proposed.plan.is_none() {
        for finding in &proposed.look.findings {
            complain(&told::finding(finding));
        }
        bail!("the other version cannot be used: nothing is compared");
    }
    if options.json {
        return say_json(&json!({ "is_held": is_held, "changes": changes }));
    }
    for change in changes {
        say(&told::change(change));
    }
    if is_held {
        say(told::HELD);
    }
    if changes.is_empty() {
        say("Nothing of what is used here is different.");
    }
    Ok(())
}
