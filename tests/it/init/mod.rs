//! `passerelle init`: the real program, asked as a script asks it and as a person does.

mod answers;
mod fifteen_minutes;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{
    lab::real_bridge::PROGRAM,
    sp::{Told, told_by},
};

/// All that is to be said for a server of people whom a CAS server signs in.
const SAID: [&str; 14] = [
    "--base-url",
    "https://idp.univ.example",
    "--cas",
    "https://cas.univ.example/cas",
    "--contact",
    "sso@univ.example",
    "--languages",
    "fr,en",
    "--support-text",
    "Dans l'ENT : « Assistance »",
    "--support-text-en",
    "In the portal: \"Help\"",
    "--mail-domains",
    "univ.example,etu.univ.example",
];

/// A folder that a server is to be set up in.
#[derive(Debug)]
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// The configuration, whether it is there or not.
    fn configuration(&self) -> PathBuf {
        self.0.path().join("house/config/passerelle.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.configuration()).unwrap()
    }

    /// Where the commands are typed, by a relative path.
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `passerelle init` where nobody sits at a terminal.
    async fn init(&self, words: &[&str]) -> Told {
        let mut command = self.command();
        command.args(words);
        told_by(command, Vec::new()).await
    }

    /// That command, without what is said.
    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path());
        command.args(["init", "house", "--lang", "en"]);
        command
    }

    /// The same at a terminal, where somebody types these lines.
    async fn typed(&self, words: &str, locale: &str, lines: &str) -> Told {
        let mut command = Command::new("script");
        command.current_dir(self.0.path());
        command.env_remove("LC_ALL").env_remove("LC_MESSAGES");
        command.env("LANG", locale);
        let asked = format!("{PROGRAM} init house {words}");
        command.args(["--quiet", "--return", "--command", &asked, "/dev/null"]);
        told_by(command, lines.into()).await
    }

    /// Runs another command on what was written.
    async fn run(&self, words: &[&str]) -> Told {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path());
        command.args(words);
        command.args(["--config", "house/config/passerelle.toml"]);
        // Whoever runs this may have another language.
        command.env("LC_ALL", "C.UTF-8");
        told_by(command, Vec::new()).await
    }

    /// That there is nothing.
    #[track_caller]
    fn is_untouched(&self) {
        assert!(!self.file("house").exists());
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
