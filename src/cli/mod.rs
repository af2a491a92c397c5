//! The commands: one file each.
//!
//! What a person reads goes to standard output, what went wrong to standard error; 0 means that all
//! is well, 1 that something is wrong, 2 that the command line was not understood.

mod check;
mod doctor;
mod hash_password;
mod keys;
mod metadata;
mod password;
mod reload;
mod serve;
mod status;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::config::fault::ConfigFault;

/// A SAML 2.0 identity provider between a university's sign-in and its cloud services.
#[derive(Debug, Parser)]
#[command(name = "passerelle", version, about, max_term_width = 100)]
struct CommandLine {
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = "passerelle.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves sign-ins until it is told to stop.
    Serve(serve::Options),
    /// Has the running server read its configuration, keys and metadata again.
    Reload,
    /// Says what must be done for whom, and until when.
    Status(status::Options),
    /// Checks the configuration and everything that it names, and says all that is wrong.
    Check,
    /// Tries all that a sign-in needs, servers included, and says what to do about what is bad.
    Doctor(doctor::Options),
    /// Makes the keys that are missing in a folder, and shows those that are there.
    Keys(keys::Options),
    /// Prints our own metadata, for service providers.
    Metadata,
    /// Hashes a password for the embedded directory; reads it from standard input.
    HashPassword,
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    let CommandLine { config, command } = CommandLine::parse();
    let end = match command {
        Command::Serve(options) => serve::run(&config, &options),
        Command::Reload => reload::run(&config),
        Command::Status(options) => status::run(&config, &options),
        Command::Check => check::run(&config),
        Command::Doctor(options) => doctor::run(&config, &options),
        Command::Keys(options) => keys::run(&options),
        Command::Metadata => metadata::run(&config),
        Command::HashPassword => hash_password::run(),
    };
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("passerelle: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command speaks to the terminal")]
fn say(text: &str) {
    println!("{text}");
}

/// Writes a line about what is wrong.
#[expect(clippy::print_stderr, reason = "a command speaks to the terminal")]
fn complain(text: &str) {
    eprintln!("{text}");
}

fn complain_of(faults: &[ConfigFault], kind: &str) {
    for fault in faults {
        complain(&format!("{kind}: {fault}"));
    }
}
