//! What both benchmarks need: a folder to run in, requests, and a measure.

pub(crate) mod measure;
pub(crate) mod place;
pub(crate) mod request;
