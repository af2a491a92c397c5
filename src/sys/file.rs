//! Files that are put in place at once: whoever reads at that moment, or after a power cut, finds the
//! old one or the new one, and never a part of one. And files that are none, for trying what a new one
//! would do. And who can change a file.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::fs::{
            DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
        },
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{Access, AtFlags, CWD, FlockOperation, MemfdFlags, OFlags, accessat, flock, memfd_create},
    io::Errno,
};

/// Who may do what with a new file.
#[derive(Clone, Copy, Debug)]
pub enum Rights<'a> {
    /// As with this other file: its mode, its owner and its group.
    Like(&'a Path),
    /// The mode; it belongs to whoever writes it.
    Mode(u32),
    /// The owner and the group of this folder, and the mode: for a service whose files root writes too.
    Of(&'a Path, u32),
}

/// Held while somebody looks at files and then writes them: of several processes that do so in one
/// folder, one at a time. It goes with this value, and with the process.
#[derive(Debug)]
pub struct Lock {
    _folders: Vec<File>,
}

impl Lock {
    /// Waits for its turn with the folders of the files at `paths`.
    ///
    /// # Errors
    ///
    /// A folder cannot be opened, or its file system knows no locks.
    pub fn beside<'p>(paths: impl IntoIterator<Item = &'p Path>) -> io::Result<Self> {
        let real = |path| fs::canonicalize(folder_of(path));
        // Each once, or it would wait for itself; in one order for all, or two would wait for each other.
        let folders: BTreeSet<PathBuf> =
            { paths.into_iter() }.map(real).collect::<io::Result<_>>()?;
        let locked = |path: &PathBuf| {
            let folder = File::open(path)?;
            flock(&folder, FlockOperation::LockExclusive)?;
            Ok(folder)
        };
        let locked = folders.iter().map(locked);
        Ok(Self {
            _folders: locked.collect::<io::Result<_>>()?,
        })
    }
}

/// Makes the folder at `path`, and those above it that are missing, with the rights of the folder `like`:
/// whoever may look into that may look into them.
///
/// # Errors
///
/// It cannot be made, or not with these rights.
pub fn make_folder(path: &Path, like: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| *above != Path::new("")) {
        make_folder(above, like)?;
    }
    let like = fs::metadata(like)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        // Somebody else was faster, and saw to its rights.
        Err(_) if path.is_dir() => return Ok(()),
        Err(error) => return Err(error),
    }
    let folder = File::open(path)?;
    give(&folder, &like, like.mode() & 0o777)
}

/// `path` without each `..` that only takes back the folder before it. One behind a link stays: it leads to where the
/// link leads.
pub fn shortened(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        let is_behind_folder = matches!(short.components().next_back(), Some(Component::Normal(_)))
            && fs::symlink_metadata(&short).is_ok_and(|found| found.is_dir());
        if part == Component::ParentDir && is_behind_folder {
            short.pop();
        } else {
            short.push(part);
        }
    }
    if short.as_os_str().is_empty() {
        short.push(Component::CurDir);
    }
    short
}

/// Whether the file at `path` has no right to be run by this process. Nobody knows where the system does not answer that:
/// the filter of an older container refuses the question itself.
pub fn cannot_be_run(path: &Path) -> bool {
    accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS) == Err(Errno::ACCESS)
}

/// The first thing in the folder or file at `path`, itself included, that others than its owner can change;
/// of a folder, `depth` folders down.
///
/// # Errors
///
/// Something in it cannot be looked at.
pub fn shared_in(path: &Path, found: &Metadata, depth: usize) -> io::Result<Option<PathBuf>> {
    if found.permissions().mode() & 0o022 != 0 {
        return Ok(Some(path.to_owned()));
    }
    if !found.is_dir() || depth == 0 {
        return Ok(None);
    }
    for entry in path.read_dir()? {
        let entry = entry?.path();
        // Where a link leads counts, as it is followed when a copy is read. What is gone by now, or was
        // never there, is read by nobody.
        let shared = match entry
            .metadata()
            .and_then(|found| shared_in(&entry, &found, depth.saturating_sub(1)))
        {
            Ok(shared) => shared,
            // What we may not look into (`lost+found` of a volume) we take nothing from either.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
            {
                None
            }
            Err(error) => return Err(error),
        };
        if shared.is_some() {
            return Ok(shared);
        }
    }
    Ok(None)
}

/// Has `file` belong to whom `like` does, with this mode.
fn give(file: &File, like: &Metadata, mode: u32) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
        fchown(file, Some(like.uid()), Some(like.gid()))?;
    }
    // What the mask of the process took away is given back, to the new owner only.
    file.set_permissions(Permissions::from_mode(mode))
}

/// Opens the file at `path` to read it, and nothing else than a file: whoever reads from a pipe waits for somebody
/// to write.
///
/// # Errors
///
/// It cannot be opened, or is none.
pub fn open_file(path: &Path) -> io::Result<File> {
    let file = open_at_once(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "is no file"))
    }
}

/// Opens whatever is at `path` to read it, and waits for nobody: to open a pipe would wait for its other end.
///
/// # Errors
///
/// It cannot be opened.
pub fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

/// A whole new file beside the one whose place it is to take. It goes with this value where it does not
/// take it.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    new: PathBuf,
    is_put: bool,
}

impl Draft {
    /// Writes `bytes` beside `path`, down to the disk.
    ///
    /// # Errors
    ///
    /// It cannot be written, or not with these rights. Nothing is left of it.
    pub fn write(path: &Path, bytes: &[u8], rights: Rights<'_>) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let new = path.with_file_name(format!(".{}.new", name.to_string_lossy()));
        // Whoever was stopped in the midst of it left this one.
        match fs::remove_file(&new) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let like = match rights {
            Rights::Like(other) | Rights::Of(other, _) => Some(fs::metadata(other)?),
            Rights::Mode(_) => None,
        };
        let mode = match (rights, &like) {
            (Rights::Mode(mode) | Rights::Of(_, mode), _) => mode,
            (Rights::Like(_), Some(like)) => like.mode() & 0o777,
            (Rights::Like(_), None) => 0o600,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode & 0o700)
            .open(&new)?;
        let draft = Self {
            path: path.to_owned(),
            new,
            is_put: false,
        };
        file.write_all(bytes)?;
        match like {
            Some(like) => give(&file, &like, mode)?,
            None => file.set_permissions(Permissions::from_mode(mode))?,
        }
        file.sync_all()?;
        Ok(draft)
    }

    /// Takes the place of what was there.
    ///
    /// # Errors
    ///
    /// It does not; what was there still is.
    pub fn put(mut self) -> io::Result<()> {
        fs::rename(&self.new, &self.path)?;
        self.is_put = true;
        File::open(folder_of(&self.path))?.sync_all()
    }

    /// Comes to where nothing is.
    ///
    /// # Errors
    ///
    /// It does not, as where something is there by now, which then stays.
    pub fn put_new(self) -> io::Result<()> {
        // Unlike a rename, a second name takes no other file's place; the first one goes with the draft.
        fs::hard_link(&self.new, &self.path)?;
        File::open(folder_of(&self.path))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_put {
            // It may be gone, and whoever comes next takes it away.
            let _ = fs::remove_file(&self.new);
        }
    }
}

/// A file that is only in memory, and goes with this value.
#[derive(Debug)]
pub struct InMemory(File);

impl InMemory {
    /// Holds `bytes`, for nobody else to read or to change.
    ///
    /// # Errors
    ///
    /// The system gives none.
    pub fn holding(bytes: &[u8]) -> io::Result<Self> {
        let mut file = File::from(memfd_create("passerelle", MemfdFlags::CLOEXEC)?);
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        Ok(Self(file))
    }

    /// Where this process, and no other, can open it.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

/// Makes a named pipe that nobody opens.
#[cfg(test)]
pub(crate) fn make_pipe(path: &Path) {
    use rustix::fs::{FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn r90_a_pipe_and_a_folder_are_no_files_and_nobody_waits_for_either() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        make_pipe(&pipe);
        for path in [&*pipe, folder.path()] {
            let refused = open_file(path).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        }
        fs::write(folder.path().join("a"), "one").unwrap();
        let file = open_file(&folder.path().join("a")).unwrap();
        assert_eq!(io::read_to_string(file).unwrap(), "one");
    }

    #[test]
    fn a_file_without_the_right_cannot_be_run_and_of_one_that_nobody_can_ask_about_nothing_is_said()
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tell");
        fs::write(&path, "").unwrap();
        for (mode, is_told) in [(0o700, false), (0o644, true)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(cannot_be_run(&path), is_told, "{mode:o}");
        }
        // Any other error says nothing of the right.
        assert!(!cannot_be_run(&folder.path().join("absent")));
    }

    #[test]
    fn a_path_is_shortened_by_what_leads_back_and_never_to_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("config/deep")).unwrap();
        std::os::unix::fs::symlink("config/deep", root.join("link")).unwrap();
        for (long, short) in [
            ("config/../metadata/zoom.xml", "metadata/zoom.xml"),
            ("config/deep/../../x", "x"),
            ("config/./x", "config/x"),
            // The folder above what it leads to is another one, and so may be that of what is not there.
            ("link/../x", "link/../x"),
            ("absent/../x", "absent/../x"),
        ] {
            assert_eq!(shortened(&root.join(long)), root.join(short), "{long}");
        }
        // From where this test runs.
        for (long, short) in [("src/../a", "a"), ("src/..", "."), ("../a", "../a")] {
            assert_eq!(shortened(Path::new(long)), Path::new(short), "{long}");
        }
    }

    #[test]
    fn a_draft_takes_the_place_of_a_file_with_its_mode_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, "old").unwrap();
        for mode in [0o640, 0o444, 0o600] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            // As somebody leaves it who was stopped in the midst.
            fs::write(folder.path().join(".a.toml.new"), "ne").unwrap();
            let draft = Draft::write(&path, b"new", Rights::Like(&path)).unwrap();
            assert_eq!(names(folder.path()), [".a.toml.new", "a.toml"]);
            draft.put().unwrap();
            assert_eq!(names(folder.path()), ["a.toml"]);
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
        }
    }

    #[test]
    fn a_new_draft_comes_to_where_nothing_is_and_takes_no_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let draft = |bytes| Draft::write(&path, bytes, Rights::Mode(0o600)).unwrap();
        draft(b"one").put_new().unwrap();
        let refused = draft(b"two").put_new().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_folder_is_made_with_those_above_it_for_whom_another_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let like = folder.path().join("like");
        fs::create_dir(&like).unwrap();
        fs::set_permissions(&like, Permissions::from_mode(0o2775)).unwrap();
        let path = folder.path().join("a/b");
        for _ in 0..2 {
            make_folder(&path, &like).unwrap();
        }
        for made in [path.parent().unwrap(), &path] {
            assert_eq!(fs::metadata(made).unwrap().mode() & 0o777, 0o775);
        }
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(make_folder(&folder.path().join("file/c"), &like).is_err());
    }

    #[test]
    fn a_lock_on_one_folder_by_several_names_does_not_wait_for_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("./b"));
        drop(Lock::beside([&*a, &*b]).unwrap());
        let held = Lock::beside([&*a]).unwrap();
        let other = File::open(folder.path()).unwrap();
        flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap_err();
        drop(held);
        flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(Lock::beside([Path::new("/absent/x")]).is_err());
    }

    #[test]
    fn a_draft_that_is_not_put_goes_and_what_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        drop(Draft::write(&path, b"new", Rights::Mode(0o600)).unwrap());
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let absent = folder.path().join("absent");
        assert!(Draft::write(&path, b"new", Rights::Like(&absent)).is_err());
        assert!(Draft::write(Path::new("/"), b"new", Rights::Mode(0o600)).is_err());
        assert_eq!(names(folder.path()), ["a"]);
        // What cannot take the place, as a file cannot that of a folder, leaves nothing either.
        let blocked = folder.path().join("folder");
        fs::create_dir(&blocked).unwrap();
        let draft = Draft::write(&blocked, b"new", Rights::Mode(0o600)).unwrap();
        assert!(draft.put().is_err());
        assert_eq!(names(folder.path()), ["a", "folder"]);
    }

    #[test]
    fn a_file_in_memory_is_read_as_often_as_it_is_opened_and_is_nobody_elses() {
        let file = InMemory::holding(b"content").unwrap();
        for _ in 0..2 {
            assert_eq!(fs::read(file.path()).unwrap(), b"content");
        }
        let found = fs::metadata(file.path()).unwrap();
        assert!(found.is_file());
        assert_eq!(found.mode() & 0o777, 0o600);
    }
}
