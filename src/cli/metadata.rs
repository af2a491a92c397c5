//! `passerelle metadata`.

use std::path::Path;

use super::{check, say};

/// Prints our metadata, exactly as it is served.
pub(super) fn run(path: &Path) -> anyhow::Result<()> {
    say(&check::load(path)?.front.metadata);
    Ok(())
}
