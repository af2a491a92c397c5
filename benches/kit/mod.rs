//! What several benchmarks need: a server that runs, those whom it asks, browsers, requests, and a
//! measure.

pub(crate) mod browser;
pub(crate) mod cas;
pub(crate) mod directory;
pub(crate) mod hostile;
pub(crate) mod measure;
pub(crate) mod people;
pub(crate) mod place;
pub(crate) mod reading;
pub(crate) mod request;
pub(crate) mod server;
