//! `passerelle sp`: the real program, on a configuration that a server of these tests is built from.

mod adding;
mod fetching;
mod keeping;
mod real_providers;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bridge::{ORIGIN, Setup, write},
    lab::real_bridge::PROGRAM,
};

/// A configuration, and the program that changes it.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl House {
    /// The one of [`Setup::new`].
    pub(crate) fn new() -> Self {
        Self::of(&Setup::new())
    }

    pub(crate) fn of(setup: &Setup) -> Self {
        let (folder, path) = setup.write();
        Self { folder, path }
    }

    /// One that lets plain http through.
    pub(crate) fn lab() -> Self {
        let house = Self::new();
        let (ours, lab) = (
            format!("'{ORIGIN}'"),
            "'http://idp.localhost:1'\nlab = true",
        );
        let text = house.text();
        assert!(text.contains(&ours), "{text}");
        fs::write(&house.path, text.replacen(&ours, lab, 1)).unwrap();
        house
    }

    /// Runs `passerelle` with these words.
    pub(crate) async fn passerelle(&self, words: &[&str]) -> Told {
        self.told(words, Vec::new()).await
    }

    /// Runs `passerelle sp` with these words, and this on standard input.
    pub(crate) async fn sp(&self, words: &[&str], typed: impl Into<Vec<u8>>) -> Told {
        self.told(&[&["sp"], words].concat(), typed.into()).await
    }

    async fn told(&self, words: &[&str], typed: Vec<u8>) -> Told {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--config").arg(&self.path);
        // Whoever runs this may have another language.
        command.env("LC_ALL", "C.UTF-8");
        told_by(command, typed).await
    }

    /// The same, read as JSON.
    pub(crate) async fn json(&self, words: &[&str], typed: impl Into<Vec<u8>>) -> Value {
        let words = [words, &["--json"]].concat();
        let told = self.sp(&words, typed).await;
        serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{told:?}"))
    }

    /// The configuration.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that is none of the configuration's; gives its path.
    pub(crate) fn brings(&self, name: &str, content: &str) -> String {
        write(self.folder.path(), name, content)
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Every file, and what is in it.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_in(self.folder.path())
    }
}

fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

/// Runs a command to its end. Servers of the test go on meanwhile.
pub(crate) async fn told_by(mut command: Command, typed: Vec<u8>) -> Told {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // Where nothing is asked for, nobody reads it.
        let _ = input.write_all(&typed);
        drop(input);
        child.wait_with_output().unwrap()
    });
    let done = done.await.unwrap();
    let told = Told {
        status: done.status.code().unwrap(),
        out: String::from_utf8(done.stdout).unwrap(),
        errors: String::from_utf8(done.stderr).unwrap(),
    };
    assert!(!told.errors.contains("panicked"), "{told:?}");
    told
}

impl Told {
    /// That all went well.
    #[track_caller]
    pub(crate) fn is_good(&self) {
        assert_eq!(self.status, 0, "{self:?}");
    }

    /// That it did not, and said so.
    #[track_caller]
    pub(crate) fn fails(&self, saying: &str) {
        assert_eq!(self.status, 1, "{self:?}");
        assert!(self.errors.contains(saying), "{saying}: {self:?}");
    }
}
