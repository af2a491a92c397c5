//! The `passerelle` program: see `passerelle --help`.

use std::process::ExitCode;

/// Gives large blocks back to the system when they are freed: the memory of a password hash is
/// 19 MiB, and must not stay with an idle server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    passerelle::cli::run()
}
