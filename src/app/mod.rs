//! Builds everything from a checked configuration, and runs it.

pub mod build;
mod look;
pub mod serve;
