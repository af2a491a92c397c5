//! Builds everything from a checked configuration, and runs it.

pub mod build;
pub mod serve;
