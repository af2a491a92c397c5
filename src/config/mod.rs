//! Loads the configuration, checks everything, and reports every fault at once.
//!
//! [`sections`] is the file as written; [`Config`] is what the rest of the house gets: checked,
//! with every file read and every preset applied.

pub mod sections;
