//! The words of the house: types that two rooms share.
//!
//! A value that exists is valid. Nothing here reads a clock, a file or a socket.

pub mod attribute;
pub mod authn_context;
pub mod chain;
pub mod decision_lines;
pub mod endpoint;
pub mod entity_id;
pub mod fingerprint;
pub(crate) mod instant;
pub mod journey;
pub mod language;
pub mod matter;
pub mod name_id;
pub mod oversight;
pub mod proof;
pub mod service_provider;
pub mod session;
pub mod short_name;
pub mod store;
pub mod story;
pub mod support_code;
pub mod text;
pub mod trace;
pub mod vocab;
