//! Keeps a copy of each provider's last good metadata, for the day on which its file is broken.
//!
//! A copy is a file of `metadata` in the state folder. It is no more believed than the file that it
//! was made of: the same reader reads it again, and its `validUntil` counts.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use jiff::Timestamp;

use super::{held::HeldVersions, registry::Registry, source::read_bounded};
use crate::{
    config::{followed, sp::SpConfig},
    model::short_name::ShortName,
    sys::file::{Draft, Rights, make_folder, open_file},
};

/// Where the copies are.
#[derive(Clone, Debug)]
pub struct LastGood {
    state_folder: PathBuf,
    running: Option<Arc<Registry>>,
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
            state_folder: state_folder.to_owned(),
            running: None,
        }
    }

    /// The same beside the providers of a server that runs, if one does: what counts there is known whatever became
    /// of its copy.
    #[must_use]
    pub fn beside(self, running: Option<Arc<Registry>>) -> Self {
        Self { running, ..self }
    }

    /// The file of the copy for the provider; a short name is one plain word.
    pub fn path(&self, provider: &ShortName) -> PathBuf {
        followed::copy_of(&self.state_folder, provider)
    }

    /// The version of the provider that counts, or its copy: what another version is compared with. None where there
    /// never was one.
    ///
    /// # Errors
    ///
    /// It cannot be read, which says nothing of whether there is one; or it is gone, and what waits in its place, or
    /// was turned down, tells that there was one.
    pub fn counting(&self, provider: &ShortName) -> io::Result<Option<Vec<u8>>> {
        let running = self.running.as_ref();
        if let Some(document) = running.and_then(|running| running.document(provider)) {
            return Ok(Some(document.to_vec()));
        }
        match self.copy(provider) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.held().is_any_there(provider) {
                    Err(error)
                } else {
                    Ok(None)
                }
            }
            Err(error) => Err(error),
        }
    }

    fn copy(&self, provider: &ShortName) -> io::Result<Vec<u8>> {
        // Nobody asks here how large it may be: it was no larger when it was taken, and its reader looks again.
        open_file(&self.path(provider)).and_then(|file| read_bounded(file, followed::MOST_MIB))
    }

    /// The copies of providers that are not among `known`, in order. They are told and not removed: a
    /// provider may have been taken out for a day, and the folder may serve two configurations.
    pub fn left_over(&self, known: &[SpConfig]) -> Vec<PathBuf> {
        left_over(&self.state_folder.join(followed::COPIES), &["xml"], known)
    }

    /// The versions that wait beside the copies, or were turned down.
    pub(super) fn held(&self) -> HeldVersions {
        HeldVersions::below(&self.state_folder)
    }

    /// Puts a copy of a followed provider, which its source gave at `now`, in the place of the one before it: its age
    /// counts from then.
    ///
    /// # Errors
    ///
    /// It cannot be written, and the one before it stays; or its age cannot be noted.
    pub fn take(&self, provider: &ShortName, bytes: &[u8], now: Timestamp) -> io::Result<()> {
        self.keep(provider, bytes)?;
        let path = self.path(provider);
        let now = SystemTime::try_from(now).map_err(io::Error::other)?;
        let set = || File::open(&path)?.set_modified(now);
        // One that root wrote is not ours to date: it is written anew.
        set().or_else(|_not_ours| {
            put(&self.state_folder, &path, bytes)?;
            set()
        })
    }

    /// Puts a copy in the place of the one before it.
    fn keep(&self, provider: &ShortName, bytes: &[u8]) -> io::Result<()> {
        if self.copy(provider).is_ok_and(|known| known == bytes) {
            return Ok(());
        }
        put(&self.state_folder, &self.path(provider), bytes)
    }
}

/// The files of a folder that are named after providers which are not among `known`, with one of these extensions.
pub(super) fn left_over(folder: &Path, extensions: &[&str], known: &[SpConfig]) -> Vec<PathBuf> {
    let is_left_over = |path: &PathBuf| {
        // Whatever else lies there is none of ours.
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
            && path
                .file_stem()
                .and_then(|stem| ShortName::parse(stem.to_str()?).ok())
                .is_some_and(|name| !known.iter().any(|config| config.short_name == name))
    };
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = paths.filter(is_left_over).collect();
    found.sort();
    found
}

/// Puts a file in its place in a folder below `state_folder`, for the service alone, whoever writes it.
pub(super) fn put(state_folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(state_folder);
    make_folder(folder, state_folder)?;
    Draft::write(path, bytes, Rights::Of(state_folder, 0o600))?.put()
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
    use crate::metadata::read::tests::config;

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

    #[test]
    fn copies_of_providers_that_are_gone_are_found_and_nothing_else_is() {
        let state = tempfile::tempdir().unwrap();
        let known = [config()];
        let last_good = LastGood::below(state.path());
        assert!(last_good.left_over(&known).is_empty());
        let folder = state.path().join("metadata");
        fs::create_dir(&folder).unwrap();
        let own = format!("{}.xml", known[0].short_name);
        for name in [
            &*own,
            "b.xml",
            "a.xml",
            ".a.new",
            "notes.txt",
            "No Name.xml",
            "xml",
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
        let expected = ["a.xml", "b.xml"].map(|name| folder.join(name));
        assert_eq!(last_good.left_over(&known), expected);
    }
}
