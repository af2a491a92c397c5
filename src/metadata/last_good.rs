//! Keeps a copy of each provider's last good metadata, for the day on which its file is broken.
//!
//! A copy is a file of `metadata` in the state folder. It is no more believed than the file that it
//! was made of: the same reader reads it again, and its `validUntil` counts.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::{
    model::short_name::ShortName,
    sys::file::{Draft, Rights},
};

/// Where the copies are.
#[derive(Clone, Debug)]
pub struct LastGood {
    folder: PathBuf,
}

/// What was read and can be used: to be kept once a server goes on with it.
#[derive(Debug, Default)]
pub struct ToKeep {
    pub(super) last_good: Option<LastGood>,
    pub(super) files: Vec<(ShortName, Vec<u8>)>,
}

impl LastGood {
    /// The copies in `state_folder`.
    pub fn below(state_folder: &Path) -> Self {
        Self {
            folder: state_folder.join("metadata"),
        }
    }

    /// The file of the copy for the provider; a short name is one plain word.
    pub(super) fn path(&self, provider: &ShortName) -> PathBuf {
        self.folder.join(format!("{provider}.xml"))
    }

    /// Puts a copy in the place of the one before it.
    fn keep(&self, provider: &ShortName, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(provider);
        if fs::read(&path).is_ok_and(|known| known == bytes) {
            return Ok(());
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        Draft::write(&path, bytes, Rights::Mode(0o600))?.put()
    }
}

impl ToKeep {
    /// Keeps all of it. Tells of each that could not be kept: such a provider has its earlier copy, or
    /// none, and is answered all the same.
    pub fn keep(&self) -> Vec<(ShortName, io::Error)> {
        let Some(last_good) = &self.last_good else {
            return Vec::new();
        };
        let kept = self.files.iter().map(|(provider, bytes)| {
            let failed = last_good.keep(provider, bytes).err()?;
            Some((provider.clone(), failed))
        });
        kept.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn to_keep(folder: &Path, bytes: &[u8]) -> ToKeep {
        ToKeep {
            last_good: Some(LastGood::below(folder)),
            files: vec![(ShortName::parse("zoom").unwrap(), bytes.to_vec())],
        }
    }

    #[test]
    fn a_copy_takes_the_place_of_the_one_before_and_leaves_nothing_else() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("metadata");
        for bytes in [&b"one"[..], b"two", b"two"] {
            assert!(to_keep(state.path(), bytes).keep().is_empty());
            assert_eq!(fs::read(folder.join("zoom.xml")).unwrap(), bytes);
            let mode = folder.join("zoom.xml").metadata().unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
            // As a server leaves it that was stopped in the midst.
            fs::write(folder.join(".zoom.xml.new"), "tw").unwrap();
        }
        fs::remove_file(folder.join(".zoom.xml.new")).unwrap();
        assert!(to_keep(state.path(), b"three").keep().is_empty());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_kept_is_told_and_the_copy_before_it_stays() {
        let state = tempfile::tempdir().unwrap();
        assert!(to_keep(state.path(), b"one").keep().is_empty());
        let blocked = state.path().join("metadata/.zoom.xml.new");
        fs::create_dir(&blocked).unwrap();
        let failed = to_keep(state.path(), b"two").keep();
        assert_eq!(failed.len(), 1);
        let copy = state.path().join("metadata/zoom.xml");
        assert_eq!(fs::read(copy).unwrap(), b"one");
    }
}
