//! Builds everything from a checked configuration, and runs it.

pub mod build;
pub mod doctor;
mod look;
pub mod serve;
