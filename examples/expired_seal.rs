//! Prints a genuine seal whose time is over, for the tests in a browser: a page that was left open
//! for more than an hour.
//!
//! `cargo run --example expired_seal -- FILE`, where FILE is the key ring of a running server.

use std::process::ExitCode;

use jiff::Timestamp;
use passerelle::sys::{
    entropy::OsEntropy,
    seal::{KeyRing, Purpose},
};

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example speaks to the terminal"
)]
fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("name the file of the key ring");
        return ExitCode::FAILURE;
    };
    let sealed = std::fs::read_to_string(file)
        .map_err(|error| error.to_string())
        .and_then(|text| {
            let ring = KeyRing::parse(&text).map_err(|fault| fault.to_string())?;
            ring.at(Timestamp::UNIX_EPOCH)
                .seal(
                    Purpose::Journey,
                    b"long ago",
                    Timestamp::UNIX_EPOCH,
                    &OsEntropy,
                )
                .map_err(|error| error.to_string())
        });
    match sealed {
        Ok(seal) => {
            println!("{seal}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}
