//! What is told of the running server: log lines, and counts.

pub mod log;
pub mod metrics;
pub mod writer;
