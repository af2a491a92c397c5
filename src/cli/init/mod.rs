//! `passerelle init`: from five answers to a configuration that a server starts with.
//!
//! Each answer is tried in the configuration that would come of it, by what loads every configuration. Nothing
//! is made before all are right, nothing that is there is replaced, and the configuration comes last: where it
//! stands, all that it names does.

mod interview;
mod options;

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustix::process::geteuid;
use url::Url;

pub(super) use options::Options;

use super::{complain_of, keys, say};
use crate::{
    app::build,
    authn::local,
    config::{
        draft::{Answers, PEOPLE, Question},
        environment::Environment,
        fault::ConfigFault,
    },
    edge::page::interview::InterviewWords,
    model::language::Language,
    sys::{
        clock::SystemClock,
        entropy::{self, OsEntropy},
        file::{Draft, Rights},
        secret::Secret,
    },
};

/// The account of a try.
const LOGIN: &str = "test";
/// How many random bytes its password is made of.
const PASSWORD_BYTES: usize = 12;

/// What the answers are tried with, and where the configuration comes to.
#[derive(Debug)]
struct Trial {
    configuration: PathBuf,
    environment: Environment,
}

impl Trial {
    /// Every fault of the configuration that these answers make.
    fn faults(&self, answers: &Answers) -> Vec<ConfigFault> {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let (path, text) = (&self.configuration, answers.text());
        let built = build::load_text(path, &text, &self.environment, clock, entropy);
        built.err().unwrap_or_default()
    }

    /// Those that are of this answer.
    fn faults_of(&self, answers: &Answers, question: Question) -> Vec<ConfigFault> {
        let mut faults = self.faults(answers);
        faults.retain(|fault| question.keys().iter().any(|key| fault.is_under(key)));
        faults
    }
}

/// Asks what is not said, and makes everything.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = &options.folder;
    let trial = Trial {
        configuration: folder.join("config/passerelle.toml"),
        environment: Environment::of_process(),
    };
    let people = trial.configuration.with_file_name(PEOPLE);
    for path in [
        Some(&trial.configuration),
        options.is_try.then_some(&people),
    ] {
        if let Some(path) = path.filter(|path| path.exists()) {
            bail!("{} is there already, and stays as it is", path.display());
        }
    }
    let spoken = options.lang.map(Language::from);
    let language = spoken.or(trial.environment.language);
    let words = InterviewWords::load(language.unwrap_or(Language::En))?;
    let mut answers = options.answers()?;
    interview::complete(&mut answers, &trial, &words)?;
    let mut faults = trial.faults(&answers);
    // These files are made in a moment.
    faults.retain(|fault| !fault.is_under("keys") && !fault.is_under("authn.local.people"));
    tell(&faults)?;

    make_folder(&folder.join("config"), 0o750)?;
    make_folder(&folder.join("metadata"), 0o750)?;
    let certs = folder.join("certs");
    make_folder(&certs, 0o700)?;
    keys::make(&certs, &host(&answers))?;
    if options.is_try {
        let mut faults = trial.faults(&answers);
        faults.retain(|fault| !fault.is_under("authn.local.people"));
        tell(&faults)?;
        let password = make_people(&people, &answers)?;
        // At once: whatever goes wrong from here on, it is never said again.
        say(&words.account(LOGIN, &password)?);
    }
    tell(&trial.faults(&answers))?;
    put(&trial.configuration, &answers.text(), 0o640)?;
    say_the_end(&trial, &certs, &words, &answers)
}

fn tell(faults: &[ConfigFault]) -> anyhow::Result<()> {
    complain_of(faults, "error");
    if !faults.is_empty() {
        bail!(
            "no configuration was written: it would have {} fault(s)",
            faults.len()
        );
    }
    Ok(())
}

/// A folder that others than the owner and the group have nothing to do with; one that is there stays.
fn make_folder(path: &Path, mode: u32) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .with_context(|| format!("{} cannot be made", path.display()))
}

/// Puts a file where none is.
fn put(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    Draft::write(path, text.as_bytes(), Rights::Mode(mode))
        .and_then(Draft::put_new)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    say(&format!("{}: made", path.display()));
    Ok(())
}

/// The name that stands in our certificate.
fn host(answers: &Answers) -> String {
    let base_url = answers.to(Question::BaseUrl).map(Url::parse);
    let host = base_url.and_then(|url| Some(url.ok()?.host_str()?.to_owned()));
    host.unwrap_or_else(|| "passerelle".to_owned())
}

/// Makes the file of people with one account; gives its password.
fn make_people(path: &Path, answers: &Answers) -> anyhow::Result<String> {
    let password = URL_SAFE_NO_PAD.encode(entropy::bytes::<PASSWORD_BYTES>(&OsEntropy));
    let secret = Secret::new(password.clone().into_bytes());
    let hash =
        local::hash_password(&secret, &OsEntropy).context("the password cannot be hashed")?;
    put(path, &answers.people(LOGIN, &hash), 0o600)?;
    Ok(password)
}

fn say_the_end(
    trial: &Trial,
    certs: &Path,
    words: &InterviewWords,
    answers: &Answers,
) -> anyhow::Result<()> {
    let file = trial.configuration.display().to_string();
    say("");
    say(&words.look(&file)?);
    for line in answers.organization().lines() {
        if !line.starts_with('#') {
            say(&format!("  {line}"));
        }
    }
    if geteuid().is_root() {
        say(&words.as_root(&quoted(&certs.display().to_string()))?);
    }
    say(&words.next()?);
    let file = quoted(&file);
    say(&format!("  passerelle check --config {file}"));
    say(&format!(
        "  passerelle sp add zoom --metadata URL --config {file}"
    ));
    say(&format!("  passerelle serve --config {file}"));
    Ok(())
}

/// As one word for a shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(is_plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
