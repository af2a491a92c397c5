//! `passerelle status`.

use std::path::Path;

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{
    complain,
    running::{asked, is_one_file, load, server},
    say,
};
use crate::{
    app::{duties, rollover},
    config::{self, environment::Environment},
    control::{Duty, Status},
    sys::clock::{Clock as _, SystemClock},
};

/// Whom a duty of our own server is for.
const OURS: &str = "ours";
/// What is to be done where the configuration is further in a roll-over than the server.
const TAKE_IN: &str = "the configuration has gone on with the roll-over, and the running server has not taken that in: passerelle reload";
/// The word for it, for programs.
const RELOAD: &str = "reload";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Says what must be done for whom, and fails where something is overdue, or where the store that nodes share is not as it
/// should be. The running server says it, or else its files do.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    // Of a file that says nothing of a server, not even that it names no socket is known: what is wrong with it is told.
    let (server, why) = match server(path).map(|server| server.control_socket) {
        Some(Some(socket)) => match asked(&socket) {
            Ok(status) => (Some(status), None),
            Err(fault) => (None, Some(format!("{}: {fault:#}", socket.display()))),
        },
        Some(None) => (
            None,
            Some("the configuration names no control-socket".to_owned()),
        ),
        None => (None, None),
    };
    let duties = if let Some(status) = &server {
        without_those_done(status, path)
    } else {
        if let Some(why) = why {
            complain(&format!("{why}; what follows is what the files alone tell"));
        }
        let built = load(path)?;
        let now = SystemClock.now();
        duties::of(&built.front.bridge, &built.certificates, now)
    };
    let duties: Vec<_> = { duties.iter() }
        .map(|duty| duties::as_typed(duty, path))
        .collect();
    if options.json {
        let told = json!({ "server": server, "duties": duties });
        say(&serde_json::to_string_pretty(&told)?);
    } else {
        if let Some(status) = &server {
            tell(status);
        }
        tell_duties(&duties, SystemClock.now());
    }
    let overdue = duties.iter().filter(|duty| duty.is_overdue()).count();
    let overdue = (overdue > 0).then(|| format!("{overdue} thing(s) overdue"));
    let store = server.and_then(|status| status.store);
    let store = store.filter(|it| it != Status::STORE_ANSWERS).map(|store| {
        format!("the store {store}: people sign in without a session; passerelle doctor says what is wrong")
    });
    let wrong: Vec<_> = [overdue, store].into_iter().flatten().collect();
    if !wrong.is_empty() {
        bail!(wrong.join("; "));
    }
    Ok(())
}

/// What the running server tells of, and in the place of what its configuration has done by now, that it has to take it.
fn without_those_done(status: &Status, path: &Path) -> Vec<Duty> {
    let duties = status.duties.clone();
    if !is_one_file(path, &status.configuration) {
        return duties;
    }
    // Of what cannot be read nobody knows what it does.
    let Ok(config) = config::load(path, &Environment::of_process()) else {
        return duties;
    };
    let named = config.named();
    let (done, mut left): (Vec<_>, Vec<_>) =
        { duties.into_iter() }.partition(|duty| rollover::is_done(duty, named));
    if !done.is_empty() {
        let take_in = Duty {
            until: None,
            within_days: 1,
            whom: OURS.to_owned(),
            what: TAKE_IN.to_owned(),
            hint: None,
            is_daily: false,
            kind: RELOAD.to_owned(),
        };
        left.insert(0, take_in);
    }
    left
}

fn tell(status: &Status) {
    say(&format!(
        "passerelle {}, running since {:.0}, with {} of {:.0}",
        status.version,
        status.running_since,
        status.configuration.display(),
        status.loaded_at
    ));
    if let Some(store) = &status.store {
        say(&format!("store: {store}"));
        for (key, does) in &status.seal_keys {
            say(&format!("seal key {key}: {does}"));
        }
    }
    for (name, state) in &status.providers {
        say(&format!("sp.{name}: {state}"));
    }
    for (name, source) in &status.sources {
        let confirmed = source.confirmed_at.map_or_else(
            || "not yet since the start".to_owned(),
            |at| format!("last on {at:.0}"),
        );
        say(&format!(
            "sp.{name}: its source is {}, since {:.0}; it confirmed what counts {confirmed}; asked next on {:.0}",
            source.state, source.since, source.next
        ));
    }
    for (name, count) in status.counts.iter().filter(|(_, count)| **count > 0) {
        say(&format!("{name}: {count}"));
    }
}

fn tell_duties(duties: &[Duty], now: Timestamp) {
    if duties.is_empty() {
        say("nothing to do within 60 days");
    }
    for duty in duties {
        let [date, far] =
            { duty.end_in_words(now) }.unwrap_or_else(|| ["now".to_owned(), String::new()]);
        let Duty { whom, what, .. } = duty;
        say(&format!("{date:<10}  {far:<12}  {whom}: {what}"));
        if let Some(hint) = &duty.hint {
            say(&format!("    hint: {hint}"));
        }
    }
}
