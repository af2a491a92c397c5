//! What is promised of a server that runs for a long time among others that misbehave, measured on
//! the release binary: `make soak`.
//!
//! Each part is a file and starts what it needs: [`hung`] (servers that accept and never answer),
//! [`guesses`] (whether the time of a refusal tells who exists, R-73), [`kept`] (what a hundred thousand sessions, a
//! million abandoned requests and a hundred thousand forged notices leave behind), [`load`] (a steady load) and [`slow`]
//! (clients that hardly send anything, R-123).
//! All of them run, or those that are named: `cargo bench --locked --bench soak -- hung load`.
//! `SOAK_SECONDS` says for how long the steady load lasts. Ends with a failure where a limit is
//! exceeded.
//!
//! The limits are times on a clock, unlike those of the other benchmarks: who waits for a page does
//! not wait for CPU time. On a machine that others use, what is measured is their work as well.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod guesses;
mod hung;
mod kept;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "it holds what the other benchmarks need, too")]
mod kit;
mod load;
#[path = "../kit/redis.rs"]
mod redis;
mod slow;
mod table;
mod visit;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::{kit::people::People, table::Table};

/// A part: its name, and what measures it.
type Part = (&'static str, fn(&People, &mut Table) -> anyhow::Result<()>);

/// All of them, in the order in which they run.
const PARTS: [Part; 5] = [
    ("hung", hung::measure),
    ("guesses", guesses::measure),
    ("kept", kept::measure),
    ("load", load::measure),
    ("slow", slow::measure),
];
/// How many people there are.
const PEOPLE: usize = 25_000;
/// How many of them the directory has locked.
const LOCKED: usize = 1_000;
/// For how long the steady load lasts, unless it is said.
const SECONDS: u64 = 60;

fn main() -> anyhow::Result<ExitCode> {
    let named = named_parts()?;
    // A browser is a connection, and there are a thousand of them.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )?;
    let people = People::invent(PEOPLE, LOCKED)?;
    let mut table = Table::new(seconds()?);
    for (name, measure) in PARTS {
        if named.is_empty() || named.iter().any(|named| named == name) {
            measure(&people, &mut table).with_context(|| format!("the part `{name}`"))?;
        }
    }
    Ok(table.verdict())
}

/// The parts that the command line names; cargo adds words that begin with `--`.
fn named_parts() -> anyhow::Result<Vec<String>> {
    let words = std::env::args().skip(1);
    let named: Vec<_> = words.filter(|word| !word.starts_with("--")).collect();
    for name in &named {
        if !PARTS.iter().any(|(part, _)| part == name) {
            bail!("there is no part `{name}`");
        }
    }
    Ok(named)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark has no configuration, and cargo's command line is taken by the names of parts"
)]
fn seconds() -> anyhow::Result<Duration> {
    let seconds = match std::env::var("SOAK_SECONDS") {
        Ok(seconds) => seconds.parse().context("SOAK_SECONDS is no number")?,
        Err(_) => SECONDS,
    };
    Ok(Duration::from_secs(seconds))
}
