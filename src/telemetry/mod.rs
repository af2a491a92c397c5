//! Log lines.

pub mod log;
pub mod writer;
