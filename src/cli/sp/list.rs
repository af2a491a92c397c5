//! `passerelle sp list`.

use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{open, say_json};
use crate::{
    app::registrar::Listed,
    cli::say_table,
    sys::clock::{Clock as _, SystemClock},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Prints a line for each provider.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let providers = open(path)?.list();
    if options.json {
        return say_json(&json!({ "providers": providers }));
    }
    let mut rows = vec![["NAME", "STATE", "PRESET", "ENDS NEXT", "ENTITY ID"].map(str::to_owned)];
    let now = SystemClock.now();
    rows.extend(providers.iter().map(|listed| row(listed, now)));
    say_table(&rows);
    Ok(())
}

fn row(listed: &Listed, now: Timestamp) -> [String; 5] {
    let Listed {
        name,
        entity_id,
        preset,
        state: _,
        is_placeholder: _,
        ends,
        ends_at,
    } = listed;
    let end = ends.zip(*ends_at);
    let told = |(what, at): (&str, Timestamp)| {
        let ended = if at > now { "" } else { "ended " };
        format!("{what} {ended}{}", at.strftime("%F"))
    };
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        name.to_string(),
        listed.state_in_words().to_owned(),
        or_none(preset.as_ref().map(ToString::to_string)),
        or_none(end.map(told)),
        or_none(entity_id.as_ref().map(ToString::to_string)),
    ]
}
