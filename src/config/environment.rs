//! What we take from the environment: the only place that reads it.

use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Where systemd put the credentials of our unit (`$CREDENTIALS_DIRECTORY`).
    pub credentials_directory: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    pub fn of_process() -> Self {
        Self {
            credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        }
    }
}
