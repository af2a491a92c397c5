//! The order of the house, as a test.
//!
//! A room uses its own files and rooms of lower rows; rooms of one row do not know each other; a
//! library stays in the rooms that own it. `ARCHITECTURE.md` explains the rows; the tables in
//! `law` are what holds. Code for tests is held to it like all other code.
//!
//! The sources are read with `syn`, the paths by their tokens, so that a path counts wherever it
//! stands: in a `use`, a body, a re-export, a macro or a `#[serde(with = "…")]`. Ways around it
//! are faults themselves: importing the crate's root under another name or by glob, items in
//! `lib.rs`, `include!`, and files that no module declares.

#[cfg(test)]
mod law;

#[cfg(test)]
mod paths;

#[cfg(test)]
mod sources;
