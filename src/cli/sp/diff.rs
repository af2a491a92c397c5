//! `passerelle sp diff`.

use std::path::Path;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{find, open, say_json, source::Brought, tell, told};
use crate::cli::{complain, say};

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(flatten)]
    brought: Brought,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Says what is different; fails where the other version has a fault.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let registrar = open(path)?;
    let name = &options.brought.name;
    find(&registrar, name)?;
    let bytes = options.brought.read(registrar.named().schemes)?;
    let proposed = registrar.successor(name, &bytes).map_err(tell)?;
    let (changes, is_held) = (&proposed.changes, proposed.is_held());
    if proposed.plan.is_none() {
        for finding in &proposed.look.findings {
            complain(&told::finding(finding));
        }
        bail!("the other version cannot be used: nothing is compared");
    }
    if proposed.is_incomparable {
        bail!("the metadata that is there cannot be used: see passerelle sp check {name}");
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
