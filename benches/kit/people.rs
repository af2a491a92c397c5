//! The people of an invented university, and a directory that they are in.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use super::{directory::Directory, place::PASSWORD};

/// Somebody, with what a provider is told of them alone.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// What they type.
    pub(crate) login: String,
    /// Their address, first, and what else is told of them.
    pub(crate) own: [String; 5],
}

/// Everybody; all have the same password.
pub(crate) struct People {
    /// All of them, for a directory.
    pub(crate) ldif: String,
    /// How many the directory locks.
    locks: usize,
    /// Who may sign in.
    pub(crate) open: Vec<Person>,
    /// Whose account is shut.
    pub(crate) shut: Vec<String>,
    /// Whom the directory has locked.
    pub(crate) locked: Vec<String>,
    logins: HashSet<String>,
}

impl People {
    /// Invents `count` of them, of whom the directory locks so many as `locks`; always the same.
    ///
    /// # Errors
    ///
    /// There is no Python, or it wrote something else.
    pub(crate) fn invent(count: usize, locks: usize) -> anyhow::Result<Self> {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/directory/generate.py");
        let done = Command::new(program)
            .args([
                "--people",
                &count.to_string(),
                "--seed",
                "1",
                "--domain",
                "example.org",
            ])
            .args(["--password", PASSWORD])
            .output()
            .context("python3: scripts/install test")?;
        ensure!(done.status.success(), "{:?}", done.stderr);
        let mut people = Self {
            ldif: String::new(),
            locks,
            open: Vec::new(),
            shut: Vec::new(),
            locked: Vec::new(),
            logins: HashSet::new(),
        };
        let written = String::from_utf8(done.stdout)?;
        for text in written.split_terminator("\n\n") {
            let is_locked = people.add(&Record::of(text)?);
            people.ldif.push_str(text);
            people.ldif.push('\n');
            if is_locked {
                // For ever.
                people
                    .ldif
                    .push_str("pwdAccountLockedTime: 000001010000Z\n");
            }
            people.ldif.push('\n');
        }
        people.without_shared_addresses();
        Ok(people)
    }

    /// A name that nobody has, and that looks like that of person `number`.
    pub(crate) fn absent(&self, number: usize) -> Option<String> {
        let person = self.open.get(number % self.open.len())?;
        let name = format!(
            "{}{number}",
            person.login.trim_end_matches(char::is_numeric)
        );
        Some(name).filter(|name| !self.logins.contains(name))
    }

    /// Starts their directory in a folder of its own. With `hash`, that is how it keeps each of
    /// their passwords; otherwise by a hash that costs nothing.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) fn directory(&self, hash: Option<&str>) -> anyhow::Result<(Directory, TempDir)> {
        let folder = tempfile::tempdir()?;
        let with_hash = hash.map(|hash| {
            let lines = self.ldif.lines();
            let lines = lines.map(|line| match line.split_once(':') {
                Some(("userPassword", _)) => format!("userPassword: {{ARGON2}}{hash}\n"),
                _ => format!("{line}\n"),
            });
            lines.collect::<String>()
        });
        let entries = with_hash.as_deref().unwrap_or(&self.ldif);
        Ok((Directory::start(folder.path(), entries)?, folder))
    }

    /// Adds a person; whether the directory is to lock them.
    fn add(&mut self, record: &Record<'_>) -> bool {
        let Some([login]) = record.all("uid") else {
            return false;
        };
        self.logins.insert(login.clone());
        let states = record.all("supannRessourceEtat").unwrap_or_default();
        let is_shut = |state: &String| ["{COMPTE}I", "{COMPTE}S"].iter().any(|it| state == it);
        if states.iter().any(is_shut) {
            self.shut.push(login.clone());
            return false;
        }
        let Some(person) = record.person(login) else {
            return false;
        };
        if self.locked.len() < self.locks {
            self.locked.push(login.clone());
            return true;
        }
        self.open.push(person);
        false
    }

    /// Who shares an address is let in nowhere, which is another test's business.
    fn without_shared_addresses(&mut self) {
        let mut holders: HashMap<String, usize> = HashMap::new();
        for line in self.ldif.lines() {
            if let Some(mail) = line.strip_prefix("mail: ") {
                *holders.entry(mail.to_lowercase()).or_default() += 1;
            }
        }
        let is_alone = |person: &Person| {
            let [mail, ..] = &person.own;
            holders.get(&mail.to_lowercase()) == Some(&1)
        };
        self.open.retain(is_alone);
    }
}

/// One record of LDIF.
struct Record<'t>(HashMap<&'t str, Vec<String>>);

impl<'t> Record<'t> {
    fn of(text: &'t str) -> anyhow::Result<Self> {
        let mut values: HashMap<_, Vec<_>> = HashMap::new();
        for line in text.lines() {
            let (name, value) = line.split_once(':').context("no line of LDIF")?;
            let value = match value.strip_prefix(": ") {
                Some(coded) => String::from_utf8(STANDARD.decode(coded)?)?,
                None => value.trim_start().to_owned(),
            };
            values.entry(name).or_default().push(value);
        }
        Ok(Self(values))
    }

    fn all(&self, name: &str) -> Option<&[String]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Somebody who has one of everything that is told of a person alone.
    fn person(&self, login: &str) -> Option<Person> {
        let one = |name| match self.all(name) {
            Some([value]) => Some(value.clone()),
            _ => None,
        };
        Some(Person {
            login: login.to_owned(),
            own: [
                one("mail")?,
                one("givenName")?,
                one("sn")?,
                one("displayName")?,
                one("eduPersonUniqueId")?,
            ],
        })
    }
}
