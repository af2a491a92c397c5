//! Builds everything from a checked configuration, and runs it.

pub mod build;
mod connection;
pub mod doctor;
pub mod lasting;
pub mod live;
mod look;
pub mod serve;
