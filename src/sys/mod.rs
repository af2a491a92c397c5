//! What every room may use: time, randomness, secrets, sealing, TLS.
//!
//! Knows nothing of SAML, HTTP or people. Time and randomness come from here and
//! from nowhere else, so that a test can move the one and fix the other.

pub mod clock;
pub mod entropy;
pub mod hmac;
pub mod http;
pub mod open_files;
pub mod reach;
pub mod seal;
pub mod secret;
pub mod tls;
pub mod token;
