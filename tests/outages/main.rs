//! The table of outages: each row of it kills, stops or breaks the real thing under a steady load of whole sign-ins, and
//! counts. Nobody fails and nobody is told to be somebody else, the outage is seen, and everything comes back by itself.
//!
//! `cargo test --test outages` plays each row for some seconds, one after the other on one set of running servers for each
//! topology of the store; words are parts of the names of rows that are to be played alone. With `OUTAGE_SECONDS` each
//! lasts for so long. `make soak` does that with the release binary, and judges times as well, which say nothing of a
//! machine that others use.
//!
//! It is a program of its own and no list of `#[test]`: the rows share what runs, and must not run at one time.

#![expect(
    clippy::print_stdout,
    reason = "it prints what cargo's own tests print"
)]

#[cfg(test)]
mod at_cas;
#[cfg(test)]
mod balancer;
#[cfg(test)]
mod count;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod document;
#[cfg(test)]
#[path = "../../benches/kit/mod.rs"]
#[expect(dead_code, reason = "it holds what the benchmarks need, too")]
mod kit;
#[cfg(test)]
#[expect(dead_code, reason = "it holds what the other tests need, too")]
mod lab;
#[cfg(test)]
mod leavers;
#[cfg(test)]
mod load;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod play;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod store;
#[cfg(test)]
mod visitor;
#[cfg(test)]
mod way;

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    disk::go_inside()?;
    play::all()
}
