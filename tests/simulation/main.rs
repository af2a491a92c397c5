//! A whole university in one thread: nodes with the store that they share, the CAS server, the directory, browsers, and
//! whatever may go wrong between them, all by one seed.
//!
//! The nodes are the real router of a real configuration. Time stands still until nobody can go on ([`tokio::time`],
//! paused), which task goes on is thrown for (`crowd`), and so is every fault. A seed that fails fails again, and
//! prints all that happened:
//!
//! ```text
//! make simulate SEED=123
//! ```
//!
//! `judge` holds every answer to what people have really proven; `world::Lie` plants faults, of which each must be seen.

#[cfg(test)]
#[path = "../it/bridge/mod.rs"]
#[expect(dead_code, reason = "the tests of the bridge use the rest")]
mod bridge;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the bridge use the rest")]
mod lab;

#[cfg(test)]
mod browsers;
#[cfg(test)]
mod cas;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod people;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod store;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod world;
