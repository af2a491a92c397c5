//! The commands: one file each.
//!
//! What a person reads goes to standard output, what went wrong to standard error; 0 means that all
//! is well, 1 that something is wrong, 2 that the command line was not understood, 3 to 5 what `compare` says of the
//! accounts, 77 that a token refuses the PIN.

mod alerts;
mod check;
mod compare;
mod doctor;
mod hash_password;
mod init;
mod keys;
mod metadata;
mod password;
mod reload;
mod running;
mod serve;
mod session;
mod sp;
mod status;
mod story;
mod typed;
mod zoom_settings;

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::bail;
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::{
    app::typed::USUAL_CONFIGURATION,
    config::fault::ConfigFault,
    model::{language::Language, short_name::ShortName, text::visible},
    sys::tls,
};

/// A SAML 2.0 identity provider between a university's sign-in and its cloud services.
#[derive(Debug, Parser)]
#[command(name = "passerelle", version, about, max_term_width = 100)]
struct CommandLine {
    /// The configuration file. Default: passerelle.toml.
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// The status of a command line that was not understood, as clap has it.
const NOT_UNDERSTOOD: u8 = 2;
/// The status where a token refuses the PIN, has locked it, or is about to: whoever starts it again by itself would
/// spend the tries that are left (`EX_NOPERM` of sysexits, `RestartPreventExitStatus=` of systemd).
const REFUSED_PIN: u8 = 77;

#[derive(Debug, Subcommand)]
enum Command {
    /// Asks five questions, and writes a configuration with its keys and folders.
    Init(Box<init::Options>),
    /// Serves sign-ins until it is told to stop.
    Serve(serve::Options),
    /// Has the running server read its configuration, keys and metadata again.
    Reload,
    /// Says what must be done for whom, and until when.
    Status(status::Options),
    /// Says who is signed in, and ends sessions.
    Session(session::Options),
    /// Prints what became of a sign-in, by the support code that somebody reads to you.
    Story(story::Options),
    /// Tries how somebody is told of what ends.
    Alerts(alerts::Options),
    /// Checks the configuration and everything that it names, and says all that is wrong.
    Check,
    /// Tries all that a sign-in needs, servers included, and says what to do about what is bad.
    Doctor(doctor::Options),
    /// Makes the keys that are missing in a folder, and shows those that are there; rolls the signing key over.
    Keys(keys::Options),
    /// Registers service providers, and looks after them.
    Sp(sp::Options),
    /// Prints our own metadata, for service providers.
    Metadata,
    /// Prints what to type into Zoom's form for single sign-on, field by field.
    ZoomSettings(zoom_settings::Options),
    /// Says person by person whether they keep their account at Zoom when we take the place of another identity provider.
    Compare(compare::Options),
    /// Hashes a password for the embedded directory: asks for it twice at a terminal, else reads a line of standard input.
    HashPassword,
}

/// The language of what is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Spoken {
    En,
    Fr,
}

impl From<Spoken> for Language {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::En => Self::En,
            Spoken::Fr => Self::Fr,
        }
    }
}

impl Command {
    /// Why it has no use for a configuration that somebody names, and what to type instead; nothing where it reads
    /// one.
    const fn reads_none(&self) -> Option<&'static str> {
        match self {
            Self::Init(_) => {
                Some("init writes config/passerelle.toml in a folder: passerelle init FOLDER")
            }
            Self::Keys(options) if options.makes_keys() => Some(
                "keys are made in a folder, whatever a configuration names: passerelle keys FOLDER",
            ),
            Self::HashPassword => Some("a password is hashed without a configuration"),
            Self::Serve(_)
            | Self::Reload
            | Self::Status(_)
            | Self::Session(_)
            | Self::Story(_)
            | Self::Alerts(_)
            | Self::Check
            | Self::Doctor(_)
            | Self::Keys(_)
            | Self::Sp(_)
            | Self::Metadata
            | Self::ZoomSettings(_)
            | Self::Compare(_) => None,
        }
    }
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    tls::keep_up();
    let CommandLine { config, command } = CommandLine::parse();
    if let Some(why) = command.reads_none().filter(|_| config.is_some()) {
        complain(&format!("passerelle: --config is not read here: {why}"));
        return ExitCode::from(NOT_UNDERSTOOD);
    }
    let config = config.unwrap_or_else(|| USUAL_CONFIGURATION.into());
    let end = match command {
        Command::Init(options) => init::run(&options),
        Command::Serve(options) => serve::run(&config, &options),
        Command::Reload => reload::run(&config),
        Command::Status(options) => status::run(&config, &options),
        Command::Session(options) => session::run(&config, options),
        Command::Story(options) => story::run(&config, &options),
        Command::Alerts(options) => alerts::run(&config, &options),
        Command::Check => check::run(&config),
        Command::Doctor(options) => doctor::run(&config, &options),
        Command::Keys(options) => keys::run(&config, &options),
        Command::Sp(options) => sp::run(&config, &options),
        Command::Metadata => metadata::run(&config),
        Command::ZoomSettings(options) => zoom_settings::run(&config, &options),
        Command::Compare(options) => compare::run(&config, &options),
        Command::HashPassword => hash_password::run(),
    };
    match end {
        Ok(()) if IS_CUT_SHORT.load(Ordering::Relaxed) => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let what = typed::typed(&format!("{error:#}"), &config);
            complain(&format!("passerelle: {what}"));
            let end = error.downcast_ref::<EndedWith>();
            end.map_or(ExitCode::FAILURE, |end| ExitCode::from(end.status))
        }
    }
}

/// An end that a script can tell from a command that could not do its work (1) and from a wrong command line (2).
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct EndedWith {
    status: u8,
    what: String,
}

/// Writes a line for the person at the terminal. What a peer wrote into it moves no cursor and turns no
/// writing.
fn say(text: &str) {
    say_exactly(&visible(text, &['\n']));
}

/// Whether some of what was said is lost, as on a full disk: then not all is well.
static IS_CUT_SHORT: AtomicBool = AtomicBool::new(false);

/// Writes what is for a file and not for a terminal. A reader that has had enough (`| head`) stops nothing: the
/// command does what it is there for, and its status says how that went.
fn say_exactly(text: &str) {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            IS_CUT_SHORT.store(true, Ordering::Relaxed);
            complain(&format!("passerelle: standard output: {error}"));
        }
        Ok(()) | Err(_) => {}
    }
}

/// Writes a line about what is wrong. There is nobody to tell where that cannot be written.
fn complain(text: &str) {
    let line = visible(text, &['\n']);
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// The longest line that is read; a terminal gives no longer one (termios(3)).
const MAX_LINE: u64 = 4096;

/// Asks whoever sits at the terminal, and reads the line that they type; none where they are gone.
fn ask_line(text: &str) -> Option<String> {
    complain(text);
    let mut line = String::new();
    let mut input = io::stdin().lock().take(MAX_LINE);
    let bytes = input.read_line(&mut line).ok()?;
    (bytes > 0).then(|| line.trim().to_owned())
}

/// The same; none where they say nothing.
fn ask(text: &str) -> Option<String> {
    ask_line(text).filter(|line| !line.is_empty())
}

/// Has somebody at the terminal say yes to `question`; fails where nobody is there, or says something else: then `left`,
/// what was not done, is told.
fn confirm_at_terminal(question: &str, left: &str) -> anyhow::Result<()> {
    if !io::stdin().is_terminal() {
        bail!("{left}: nobody is there to ask\n    hint: --yes");
    }
    // A letter is too soon typed, for what cannot be taken back.
    match ask(&format!("{question} Type yes or oui:")).as_deref() {
        Some("yes" | "oui") => Ok(()),
        Some("n" | "no" | "non") | None => bail!("{left}"),
        Some(_) => bail!("{left}: whoever wants it types yes or oui, in full"),
    }
}

fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Writes rows whose cells stand one under the other. A cell begins no line of its own, whoever wrote it.
fn say_table<const CELLS: usize>(rows: &[[String; CELLS]]) {
    let rows = { rows.iter() }.map(|row| row.each_ref().map(|cell| visible(cell, &[])));
    let rows: Vec<_> = rows.collect();
    let mut widths = [0; CELLS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        say(cells.join("  ").trim_end());
    }
}

/// Reads the short name of a provider from the command line.
fn short_name(text: &str) -> Result<ShortName, String> {
    ShortName::parse(text).map_err(|fault| fault.to_string())
}

/// Tells faults of the configuration at `path`, the commands in their hints as they are typed for it.
fn complain_of_those_in(path: &Path, faults: &[ConfigFault], kind: &str) {
    for fault in faults {
        complain(&typed::typed(&format!("{kind}: {fault}"), path));
    }
}

/// The same of one that nobody has named yet.
fn complain_of(faults: &[ConfigFault], kind: &str) {
    complain_of_those_in(Path::new(USUAL_CONFIGURATION), faults, kind);
}
