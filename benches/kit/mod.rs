//! What both benchmarks need: a folder to run in, requests, and a measure.

pub mod measure;
pub mod place;
pub mod request;
