//! `passerelle sp show`.

use std::path::Path;

use clap::Args;

use super::{find, open, say_json, short_name, told};
use crate::{
    app::registrar::Shown,
    cli::{say, typed::typed},
    model::short_name::ShortName,
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The provider.
    #[arg(value_parser = short_name)]
    name: ShortName,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Prints what the configuration and the metadata say of a provider.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let registrar = open(path)?;
    let shown = registrar.show(find(&registrar, &options.name)?);
    if options.json {
        return say_json(&shown);
    }
    let Shown {
        listed,
        metadata,
        aliases,
        sign_in_link,
        require_signed_requests,
        outline,
    } = &shown;
    let mut lines = vec![
        ("state", listed.state_in_words().to_owned()),
        ("metadata", metadata.display().to_string()),
    ];
    lines.extend(listed.preset.iter().map(|it| ("preset", it.to_string())));
    lines.extend(aliases.iter().map(|it| ("alias", it.to_string())));
    lines.extend(sign_in_link.iter().map(|it| ("sign-in-link", it.clone())));
    let must = require_signed_requests.map(|must| {
        let required = if must {
            "are required"
        } else {
            "are not required"
        };
        ("signed requests", required.to_owned())
    });
    lines.extend(must);
    say(&format!("[sp.{}]", listed.name));
    for (what, value) in lines {
        say(&format!("  {what:<16}  {value}"));
    }
    if let Some(outline) = outline {
        say("The metadata says:");
        say(&told::outline(outline));
    } else {
        let see = format!("see passerelle sp check {}", listed.name);
        let see = typed(&see, path);
        say(&format!("The metadata cannot be used: {see}"));
    }
    Ok(())
}
