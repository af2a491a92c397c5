//! Log lines.

pub mod log;
