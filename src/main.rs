//! The `passerelle` program: see `passerelle --help`.

use std::process::ExitCode;

/// Gives back to the system what is freed, soon after: the memory of a password hash is 19 MiB, and
/// must not stay with an idle server (see `authn::local::pool`). Without huge pages, which would
/// double what an idle server holds.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    passerelle::cli::run()
}
