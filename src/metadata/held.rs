//! Versions of a followed provider's metadata that wait for the administrator.
//!
//! Each is a file of `held` in the state folder, so that a restart forgets none. What the administrator turned
//! down stays beside it, or the next question would bring it up again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    last_good::{left_over, put},
    source::read_bounded,
};
use crate::{
    config::{followed::MOST_MIB, sp::SpConfig},
    model::short_name::ShortName,
    sys::file::open_file,
};

/// Where they are.
#[derive(Clone, Debug)]
pub struct HeldVersions {
    state_folder: PathBuf,
}

impl HeldVersions {
    /// Those in `state_folder`.
    pub fn below(state_folder: &Path) -> Self {
        Self {
            state_folder: state_folder.to_owned(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.state_folder.join("held")
    }

    fn file(&self, provider: &ShortName, kind: &str) -> PathBuf {
        self.folder().join(format!("{provider}.{kind}"))
    }

    /// Those of providers that are not among `known`, in order: told and not removed, as copies are.
    pub fn left_over(&self, known: &[SpConfig]) -> Vec<PathBuf> {
        left_over(&self.folder(), &["xml", "refused"], known)
    }

    fn waiting_file(&self, provider: &ShortName) -> PathBuf {
        self.file(provider, "xml")
    }

    fn refused_file(&self, provider: &ShortName) -> PathBuf {
        self.file(provider, "refused")
    }

    /// The version that waits.
    pub fn waiting(&self, provider: &ShortName) -> Option<Vec<u8>> {
        read(&self.waiting_file(provider))
    }

    /// Whether a version waits, without reading it: whoever asks does so every few seconds.
    pub fn is_waiting(&self, provider: &ShortName) -> bool {
        open_file(&self.waiting_file(provider)).is_ok()
    }

    /// The version that was turned down.
    pub fn refused(&self, provider: &ShortName) -> Option<Vec<u8>> {
        read(&self.refused_file(provider))
    }

    /// Whether one was turned down, likewise.
    pub fn is_refused(&self, provider: &ShortName) -> bool {
        open_file(&self.refused_file(provider)).is_ok()
    }

    /// Whether a version waits or was turned down, be it one that can be read or not: another one counts, or did.
    pub(super) fn is_any_there(&self, provider: &ShortName) -> bool {
        let files = [self.waiting_file(provider), self.refused_file(provider)];
        let is_there = |file: &PathBuf| match fs::symlink_metadata(file) {
            Ok(_) => true,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        files.iter().any(is_there)
    }

    /// Has a version wait, in the place of one before it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn hold(&self, provider: &ShortName, bytes: &[u8]) -> io::Result<()> {
        put(&self.state_folder, &self.waiting_file(provider), bytes)
    }

    /// Turns down the version that waits: it is not held again.
    ///
    /// # Errors
    ///
    /// None waits, or it cannot be noted.
    pub fn refuse(&self, provider: &ShortName) -> io::Result<()> {
        fs::rename(self.waiting_file(provider), self.refused_file(provider))
    }

    /// Keeps another writing of what was turned down in its place: where its source says next that nothing has changed
    /// since, it is of this one that it speaks.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn keep_refused(&self, provider: &ShortName, bytes: &[u8]) -> io::Result<()> {
        if self.refused(provider).is_some_and(|known| known == bytes) {
            return Ok(());
        }
        put(&self.state_folder, &self.refused_file(provider), bytes)
    }

    /// Forgets what waits and what was turned down: another version counts now.
    ///
    /// # Errors
    ///
    /// It cannot be removed.
    pub fn forget(&self, provider: &ShortName) -> io::Result<()> {
        for file in [self.waiting_file(provider), self.refused_file(provider)] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    // As of a copy: its reader looks again at how large it is.
    { open_file(path).and_then(|file| read_bounded(file, MOST_MIB)) }.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::read::tests::config;

    #[test]
    fn what_waits_or_was_turned_down_of_providers_that_are_gone_is_found_and_nothing_else_is() {
        let state = tempfile::tempdir().unwrap();
        let held = HeldVersions::below(state.path());
        let known = [config()];
        assert!(held.left_over(&known).is_empty());
        let [a, b] = ["a", "b"].map(|name| ShortName::parse(name).unwrap());
        for name in [&a, &b, &known[0].short_name] {
            held.hold(name, b"one").unwrap();
        }
        held.refuse(&a).unwrap();
        let folder = state.path().join("held");
        fs::write(folder.join("notes.txt"), "").unwrap();
        let expected = ["a.refused", "b.xml"].map(|name| folder.join(name));
        assert_eq!(held.left_over(&known), expected);
    }

    #[test]
    fn r91_what_waits_or_was_turned_down_is_found_again_until_another_version_counts() {
        let state = tempfile::tempdir().unwrap();
        let held = HeldVersions::below(state.path());
        let zoom = ShortName::parse("zoom").unwrap();
        assert!(held.refuse(&zoom).is_err() && !held.is_waiting(&zoom));
        held.hold(&zoom, b"one").unwrap();
        held.hold(&zoom, b"two").unwrap();
        assert!(held.is_waiting(&zoom));
        let again = HeldVersions::below(state.path());
        assert_eq!(again.waiting(&zoom).unwrap(), b"two");
        again.refuse(&zoom).unwrap();
        assert_eq!(held.waiting(&zoom), None);
        assert!(!held.is_waiting(&zoom) && held.is_refused(&zoom));
        assert_eq!(held.refused(&zoom).unwrap(), b"two");
        held.hold(&zoom, b"three").unwrap();
        held.forget(&zoom).unwrap();
        held.forget(&zoom).unwrap();
        assert_eq!((held.waiting(&zoom), held.refused(&zoom)), (None, None));
        assert!(!held.is_refused(&zoom));
    }
}
