//! The service providers we answer to.
