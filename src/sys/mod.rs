//! What every room may use: time, randomness, secrets, sealing, TLS, HTTP, files that are put in place
//! at once, programs of the administrator's, words for a shell, the name of this machine.
//!
//! Knows nothing of SAML, HTTP or people. Time and randomness come from here and
//! from nowhere else, so that a test can move the one and fix the other.

pub mod clock;
pub mod entropy;
pub mod fetch;
pub mod file;
pub mod hmac;
pub mod host;
pub mod http;
pub mod losses;
pub mod network;
pub mod open_files;
pub mod program;
pub mod reach;
pub mod seal;
pub mod secret;
pub mod shell;
pub mod tls;
pub mod token;

#[cfg(test)]
pub(crate) mod test_support;
