//! `passerelle status`.

use std::{fs, path::Path};

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{complain, reload::socket, say};
use crate::{
    app::{
        build::Built,
        duties,
        rollover::{self, Unlike},
    },
    control::{
        Answer, Command, Duty, Status,
        ask::{AskFault, ask},
        days_left,
    },
    sys::clock::{Clock as _, SystemClock},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Says what must be done for whom, and fails where something is overdue. The running server says it, or
/// else its files do.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let (server, why) = match socket(path) {
        Some(socket) => match asked(&socket) {
            Ok(status) => (Some(status), String::new()),
            Err(fault) => (None, format!("{}: {fault:#}", socket.display())),
        },
        None => (None, "the configuration names no control-socket".to_owned()),
    };
    let duties = if let Some(status) = &server {
        status.duties.clone()
    } else {
        complain(&format!("{why}; what follows is what the files alone tell"));
        let built = super::check::load(path)?;
        let now = SystemClock.now();
        duties::of(&built.front.bridge, &built.certificates, now)
    };
    if options.json {
        let told = json!({ "server": server, "duties": duties });
        say(&serde_json::to_string_pretty(&told)?);
    } else {
        if let Some(status) = &server {
            tell(status);
        }
        tell_duties(&duties, SystemClock.now());
    }
    match duties.iter().filter(|duty| duty.is_overdue()).count() {
        0 => Ok(()),
        overdue => bail!("{overdue} thing(s) overdue"),
    }
}

/// Warns of what the running server, where one answers, has otherwise of our keys than what was built from the file at
/// `path`; how often. A server that has another configuration than this one is to have other keys.
pub(super) fn warn_of_other_keys(path: &Path, built: &Built) -> usize {
    let socket = built.server.control_socket.as_deref();
    let server = socket.and_then(|socket| asked(socket).ok());
    let Some(server) = server.filter(|server| is_one_file(path, &server.configuration)) else {
        return 0;
    };
    let Unlike { told, is_refused } = rollover::unlike(built, &server, SystemClock.now());
    let hint = if is_refused {
        "`passerelle reload` refuses this: publish the new key first, behind the others in keys.signing; only a restart \
         takes it at once"
    } else {
        "`passerelle reload` has it take them, or says why it cannot"
    };
    for what in &told {
        complain(&format!("warning: {what}\n    hint: {hint}"));
    }
    told.len()
}

/// Whether both paths lead to one file.
fn is_one_file(one: &Path, other: &Path) -> bool {
    let real = |path| fs::canonicalize(path).ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// What the server says that listens at `socket`.
pub(super) fn asked(socket: &Path) -> anyhow::Result<Status> {
    match ask(socket, Command::Status)? {
        Answer::Status(status) => Ok(status),
        Answer::Refused(why) => bail!(why),
        Answer::Decided(_) | Answer::Reload(_) => Err(AskFault::NotUnderstood.into()),
    }
}

fn tell(status: &Status) {
    say(&format!(
        "passerelle {}, running since {:.0}, with {} of {:.0}",
        status.version,
        status.running_since,
        status.configuration.display(),
        status.loaded_at
    ));
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
    for Duty {
        until,
        whom,
        what,
        within_days: _,
        is_daily: _,
        kind: _,
    } in duties
    {
        let (date, when) = match until {
            None => ("now".to_owned(), String::new()),
            Some(end) => {
                let days = days_left(*end, now);
                let when = if *end <= now {
                    "over".to_owned()
                } else {
                    format!("in {days} days")
                };
                (end.strftime("%Y-%m-%d").to_string(), when)
            }
        };
        say(&format!("{date:<10}  {when:<10}  {whom}: {what}"));
    }
}
