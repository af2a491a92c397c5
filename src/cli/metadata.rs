//! `passerelle metadata`.

use std::path::Path;

use super::{check, say_exactly};

/// Prints our metadata, exactly as it is served.
pub(super) fn run(path: &Path) -> anyhow::Result<()> {
    say_exactly(&check::load(path)?.front.metadata);
    Ok(())
}
