//! `passerelle metadata`.

use std::path::Path;

use super::{running, say_exactly};

/// Prints our metadata, exactly as it is served.
pub(super) fn run(path: &Path) -> anyhow::Result<()> {
    say_exactly(&running::load(path)?.front.metadata);
    Ok(())
}
