//! `passerelle init`: from five answers to a configuration that a server starts with.
//!
//! Each answer is tried in the configuration that would come of it, by what loads every configuration. Nothing
//! is made before all are right, nothing that is there is replaced, and the configuration comes last: where it
//! stands, all that it names does.

mod interview;
mod options;

use std::{
    collections::HashSet,
    fs::{self, DirBuilder},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
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
        draft::{
            Answers, EXPLAINED, EXPLANATION, HOME, PEOPLE, Question, STATE, TRY_LOGIN,
            TRY_METADATA, TRY_SERVICE, TRY_TABLE,
        },
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
        shell::one_word,
    },
};

/// What is made once the answers are right.
const MADE: [&str; 2] = ["keys", "server.state-folder"];
/// What is made for a try once all else is right.
const MADE_LAST: [&str; 2] = ["authn.local.people", TRY_TABLE];
/// How many random bytes its password is made of.
const PASSWORD_BYTES: usize = 12;

/// What the answers are tried with, and where the configuration comes to.
#[derive(Debug)]
struct Trial {
    configuration: PathBuf,
    environment: Environment,
}

impl Trial {
    /// Where every key is explained.
    fn explained(&self) -> PathBuf {
        self.configuration.with_file_name(EXPLAINED)
    }

    /// Every fault of the configuration that these answers make.
    fn faults(&self, answers: &Answers) -> Vec<ConfigFault> {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let (path, text) = (&self.configuration, answers.text());
        let built = build::load_text(path, &text, &self.environment, clock, entropy);
        built.err().unwrap_or_default()
    }

    /// The same, but for those of `keys`.
    fn faults_but(&self, answers: &Answers, keys: &[&str]) -> Vec<ConfigFault> {
        let mut faults = self.faults(answers);
        faults.retain(|fault| !keys.iter().any(|key| fault.is_under(key)));
        faults
    }

    /// Those that are of this answer: each once, though it may come to several keys.
    fn faults_of(&self, answers: &Answers, question: Question) -> Vec<ConfigFault> {
        let mut faults = self.faults(answers);
        let mut told = HashSet::new();
        faults.retain(|fault| {
            let key = question.keys().iter().find(|key| fault.is_under(key));
            key.is_some_and(|key| {
                let part = fault.key.strip_prefix(key).unwrap_or_default();
                told.insert((part.to_owned(), fault.what.clone()))
            })
        });
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
    let service = folder.join(TRY_SERVICE);
    for path in [
        Some(&trial.configuration),
        options.is_try.then_some(&people),
        options.is_try.then_some(&service),
    ] {
        if let Some(path) = path.filter(|path| path.exists()) {
            bail!(
                "{} is there already, and stays as it is: change it, or name another folder",
                path.display()
            );
        }
    }
    let spoken = options.lang.map(Language::from);
    let language = spoken.or(trial.environment.language);
    let words = InterviewWords::load(language.unwrap_or(Language::En))?;
    let mut answers = options.answers()?;
    interview::complete(&mut answers, &trial, &words)?;
    tell(&trial.faults_but(&answers, &[MADE, MADE_LAST].concat()))?;

    let made = Made::below(folder, &answers);
    for above in &made.above {
        make_folder(above, 0o750)?;
    }
    make_folder(&made.config, 0o750)?;
    make_folder(&made.metadata, 0o750)?;
    make_folder(&made.certs, 0o700)?;
    if let Some(state) = &made.state {
        make_folder(state, 0o700)?;
    }
    keys::make(&made.certs, &host(&answers))?;
    if options.is_try {
        tell(&trial.faults_but(&answers, &MADE_LAST))?;
        let password = make_people(&people, &answers)?;
        // At once: whatever goes wrong from here on, it is never said again.
        say(&words.account(TRY_LOGIN, &password)?);
        put(&service, TRY_METADATA, 0o640)?;
    } else {
        make_folder(&made.config.join("texts"), 0o750)?;
        for (name, text) in HOME {
            put_to_read(&made.config.join(name), text)?;
        }
    }
    tell(&trial.faults(&answers))?;
    put_to_read(&trial.explained(), EXPLANATION)?;
    put(&trial.configuration, &answers.text(), 0o640)?;
    say_the_end(&trial, &made, &words, &answers)
}

/// The folders that are made where they are not there.
#[derive(Debug)]
struct Made {
    /// What they are in, as far as that is made too, from the outermost on.
    above: Vec<PathBuf>,
    config: PathBuf,
    metadata: PathBuf,
    certs: PathBuf,
    /// Unless another one is named.
    state: Option<PathBuf>,
}

impl Made {
    fn below(folder: &Path, answers: &Answers) -> Self {
        let is_named = answers.to(Question::StateFolder).is_some();
        let above = folder.ancestors();
        let above = above.take_while(|it| *it != Path::new("") && !it.exists());
        let mut above: Vec<_> = above.map(Path::to_owned).collect();
        above.reverse();
        Self {
            above,
            config: folder.join("config"),
            metadata: folder.join("metadata"),
            certs: folder.join("certs"),
            state: (!is_named).then(|| folder.join(STATE)),
        }
    }

    /// What gives them from root to the service's user: to read, and what is secret or kept as its own.
    fn commands_of_root(&self) -> String {
        let line = |command: &str, folders: Vec<&PathBuf>| {
            let folders = folders.into_iter();
            let folders: Vec<_> = folders
                .map(|folder| one_word(&folder.display().to_string()))
                .collect();
            (!folders.is_empty()).then(|| format!("{command} passerelle {}", folders.join(" ")))
        };
        let own = [Some(&self.certs), self.state.as_ref()];
        let lines = [
            line("chown -R", own.into_iter().flatten().collect()),
            line("chgrp -R", vec![&self.config, &self.metadata]),
            line("chgrp", self.above.iter().collect()),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join(" && ")
    }
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

/// A folder with these rights, whatever is taken away from what others make; one that is there stays.
fn make_folder(path: &Path, mode: u32) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let folder = DirBuilder::new().mode(mode).create(path);
    folder
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
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

/// Puts what people are to read where nothing is. Nothing goes by it so far: whatever is there, a changed one too, stays.
fn put_to_read(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.is_symlink() || path.exists() {
        say(&format!("{}: is there, and stays as it is", path.display()));
        return Ok(());
    }
    put(path, text, 0o640)
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
    put(path, &answers.people(&hash), 0o600)?;
    Ok(password)
}

fn say_the_end(
    trial: &Trial,
    made: &Made,
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
    say(&words.explained(&trial.explained().display().to_string())?);
    // A try is run by whoever made it.
    if geteuid().is_root() && !answers.are_people_in_a_file {
        say(&words.as_root()?);
        say(&format!("  {}", made.commands_of_root()));
    }
    say(&words.next()?);
    let named = one_word(&file);
    let say_command = |words: &str| say(&format!("  passerelle {words} --config {named}"));
    let base_url = answers.to(Question::BaseUrl).unwrap_or_default();
    let of_zoom = ["sp add zoom --metadata URL", "zoom-settings"];
    say_command("check");
    if answers.are_people_in_a_file {
        // There is something to try before anybody has metadata of a provider's.
        say_command("serve");
        say(&words.try_it(base_url, TRY_LOGIN)?);
        of_zoom.into_iter().for_each(say_command);
    } else {
        // Whether the server of the answers is reached, and believed, is told before anybody is sent there.
        say_command("doctor");
        of_zoom.into_iter().for_each(say_command);
        say_command("serve");
        say(&words.try_first(&file, base_url)?);
        let texts = made.config.join(HOME[0].0);
        say(&words.later(&file, &texts.display().to_string())?);
    }
    Ok(())
}
