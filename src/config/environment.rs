//! What we take from the environment: the only place that reads it.

use std::{env::var_os, path::PathBuf};

use crate::model::language::Language;

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Where systemd put the credentials of our unit (`$CREDENTIALS_DIRECTORY`).
    pub credentials_directory: Option<PathBuf>,
    /// The language of whoever typed the command, if it is one of ours: the first of `$LC_ALL`, `$LC_MESSAGES`
    /// and `$LANG` that says something (POSIX.1-2024, XBD 8.2).
    pub language: Option<Language>,
}

impl Environment {
    /// Reads the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    pub fn of_process() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(var_os)
            .find(|locale| !locale.is_empty());
        Self {
            credentials_directory: var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            language: locale.and_then(|locale| Language::from_locale(&locale.to_string_lossy())),
        }
    }
}
