//! Builds everything from a checked configuration, and runs it.

pub mod build;
mod connection;
pub mod doctor;
mod look;
pub mod registrar;
pub mod serve;
pub mod setup;
