//! `passerelle-stand-in`: a service provider that behaves like Zoom.
//!
//! Stands on samael's `ServiceProvider`, so that what the identity provider
//! issues is read by code that is not its own. None of the code of the crate
//! `passerelle` is used here, and this crate never runs in the sign-in server.

mod accounts;
mod check;
mod cli;
mod clock;
mod entropy;
mod idp;
mod journal;
mod keys;
mod reading;
mod rules;
mod sessions;
mod sp;
mod sp_metadata;
#[cfg(test)]
mod tests;
mod vocab;
mod web;
mod witness;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            journal::note(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}
