//! Where each key of a file stands.

use std::collections::BTreeMap;

/// The line of each key and table of one file.
#[derive(Clone, Debug, Default)]
pub struct Lines(BTreeMap<String, u32>);

impl Lines {
    /// Notes where `key` stands.
    pub(super) fn note(&mut self, key: String, line: u32) {
        self.0.insert(key, line);
    }

    /// The line where `key` is written, or else where the nearest table around it begins.
    pub fn of(&self, key: &str) -> Option<u32> {
        let mut around = key;
        loop {
            match (self.0.get(around), around.rfind(['.', '['])) {
                (Some(line), _) => return Some(*line),
                (None, Some(end)) => around = around.get(..end).unwrap_or_default(),
                (None, None) => return None,
            }
        }
    }

    /// Whether the file itself holds `key`.
    pub fn hold(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}
