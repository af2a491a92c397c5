//! `passerelle sp diff`.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};
use serde_json::json;

use super::{
    find, open, say_json, short_name,
    source::{Fetching, Source, max_mib},
    tell,
    told::{self, Whose},
};
use crate::{
    cli::{complain, say, typed::typed},
    model::{fingerprint::Fingerprint, short_name::ShortName},
};

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("version").required(true))]
pub(super) struct Options {
    /// The provider.
    #[arg(value_parser = short_name)]
    name: ShortName,
    /// The other version: a file, an https address, or - for standard input.
    #[arg(long, value_name = "URL|FILE|-", group = "version")]
    metadata: Option<Source>,
    /// The version that its own address gave and that is held for somebody to look at.
    #[arg(long, group = "version")]
    held: bool,
    #[command(flatten)]
    fetching: Fetching,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Says what is different; fails where the other version has a fault, or would be held.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let registrar = open(path)?;
    let name = &options.name;
    let known = find(&registrar, name)?;
    let bytes = match &options.metadata {
        Some(source) => {
            let asked = (registrar.named().schemes, max_mib(Some(known)));
            source.read(&options.fetching, asked)?
        }
        None => registrar
            .held(name)
            .with_context(|| format!("no version of the metadata of {name} is held"))?,
    };
    let version = Fingerprint::of(&bytes);
    if options.held && !options.json {
        // Said also of one that cannot be compared: without it nobody could turn it down.
        say(&format!(
            "SHA-256 of this version, for sp accept and sp refuse: {version}"
        ));
    }
    let proposed = registrar.successor(name, &bytes);
    let proposed = proposed.map_err(|fault| tell(path, fault))?;
    let (changes, is_held) = (&proposed.changes, proposed.is_held());
    if proposed.plan.is_none() {
        for finding in &proposed.look.findings {
            let told = told::finding(finding, Whose::Registered(name));
            complain(&typed(&told, path));
        }
        bail!("the other version cannot be used: nothing is compared");
    }
    if proposed.is_incomparable {
        bail!("the metadata that is there cannot be used: see passerelle sp check {name}");
    }
    if options.json {
        say_json(&json!({ "is_held": is_held, "sha256": version, "changes": changes }))?;
    } else {
        for change in changes {
            say(&told::change(change));
        }
        if is_held {
            say(told::HELD);
        }
        if proposed.replaces_placeholder {
            say(told::REPLACES_PLACEHOLDER);
        }
        if changes.is_empty() {
            say("Nothing of what is used here is different.");
        }
    }
    // Who asks for one that is held knows that it is.
    if is_held && !options.held {
        bail!("this version would be held");
    }
    Ok(())
}
