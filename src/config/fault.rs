//! What is wrong in the configuration, said so that it can be mended without a manual.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One thing that is wrong in the configuration, or in a file that it names.
///
/// Shown as `config/x.toml:12: sp.zoom.metadata: …`, with the hint on a line of its own.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ConfigFault {
    /// The file to mend.
    pub file: PathBuf,
    /// The line in it, from 1; none where the file as a whole is meant.
    pub line: Option<u32>,
    /// The key as one would write it with dots, `sp.zoom.release[2].value`; entries of a list count
    /// from 1. Empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong, as the end of a sentence whose subject is the key.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether a start that is tried again makes it worse, as with a PIN that locks.
    pub forbids_another_try: bool,
}

impl ConfigFault {
    /// A fault of a file as a whole.
    pub fn of_file(file: &Path, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            key: String::new(),
            what: what.into(),
            hint: None,
            forbids_another_try: false,
        }
    }

    /// Whether it is one of `key`, or of something in it.
    pub fn is_under(&self, key: &str) -> bool {
        let rest = self.key.strip_prefix(key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Where it is: the file, the line and the key.
    pub fn place(&self) -> String {
        let line = self
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let gap = if self.key.is_empty() { "" } else { ": " };
        format!("{}{line}{gap}{}", self.file.display(), self.key)
    }

    /// Says what to do about it.
    pub fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n    hint: {hint}")?;
        }
        Ok(())
    }
}
