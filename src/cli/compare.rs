//! `passerelle compare`.
//!
//! What it prints is about people, for whoever runs it: it goes to standard output, and nowhere else.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{EndedWith, complain, complain_of_those_in, say};
use crate::{
    app::{
        compare::{Compared, Comparison, Fate, Kind},
        setup::SetUpError,
    },
    config::environment::Environment,
    flow::stop::HereFault,
    model::{chain::Chain, text::visible},
    setup::{
        accounts::{Account, Keys, ShutOut},
        export::MOST_ROWS,
        old::{self, Mapped, Old, OldFault, Shown},
    },
    sys::{clock::SystemClock, entropy::OsEntropy},
};

/// The largest file that is read; a list of 25,000 users has some 3 MiB.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// The most files of one folder.
const MOST_FILES: usize = 10_000;
/// After how many people it is told how far it is.
const TOLD_EVERY: usize = 1_000;

/// The status where somebody has to see to an account.
const TO_SEE_TO: u8 = 3;
/// The status where nobody has to, and yet it is not known of every account what becomes of it.
const IN_DOUBT: u8 = 4;
/// The status where the directory does not answer, from the start or at some time, and the rest was not compared.
const BROKEN_OFF: u8 = 5;

#[derive(Args, Debug)]
#[command(
    after_help = "Status: 0 all keep their account; 3 somebody has to see to one; 4 some were not found, or nothing \
                        can be said of them; 5 the directory does not answer, and the rest was not compared, or all of \
                        it; 1 nothing was compared for another reason."
)]
pub(super) struct Options {
    /// What Zoom knows today: a list of users that Zoom exported (CSV), or Responses of the present identity provider, as
    /// XML, base64 or the body of a form; a folder of such files; - for standard input. Nothing in them is verified.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|FOLDER|-")]
    old: Vec<PathBuf>,
    /// The attribute of those Responses that Zoom's form maps to "Email address" today, by its name;
    /// NameID for the NameID. Default: whatever holds an address.
    #[arg(long, value_name = "NAME")]
    old_email: Option<String>,
    /// The same for "Employee Unique ID". Default: that is not mapped today.
    #[arg(long, value_name = "NAME")]
    old_employee_id: Option<String>,
    /// The service provider, by its short name. Default: the only one that is Zoom.
    #[arg(long, value_name = "NAME")]
    sp: Option<String>,
    /// Leaves out whoever keeps their account.
    #[arg(long)]
    only_trouble: bool,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// One line of the report.
struct Line<'a> {
    place: &'a str,
    end: End<'a>,
}

enum End<'a> {
    Compared(&'a Old, Compared),
    Unread(OldFault),
}

/// Prints what becomes of each account, and fails where somebody has to see to one of them.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    let tools: (Arc<_>, Arc<_>) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread to ask servers with")?;
    let sp = options.sp.as_deref();
    let comparison = match Comparison::load(path, &environment, sp, (tools.0, tools.1)) {
        Ok(comparison) => comparison,
        Err(SetUpError::Faults(faults)) => {
            complain_of_those_in(path, &faults, "error");
            bail!(
                "nothing compared: {} fault(s) stand in the way",
                faults.len()
            );
        }
        Err(error) => return Err(error.into()),
    };
    let shown = read(options, comparison.keys())?;
    let olds: Vec<Old> = shown
        .iter()
        .filter_map(|(_, old)| old.as_ref().ok().cloned())
        .collect();
    let progress = |done: usize| {
        if done.is_multiple_of(TOLD_EVERY) {
            complain(&format!("{done} of {} compared", olds.len()));
        }
    };
    let (done, end) = runtime.block_on(comparison.compare(&olds, progress));
    // A name that is still being looked up holds nobody back.
    runtime.shutdown_background();
    let compared = done.len();
    let lines = lines(&shown, done);
    report(&lines, olds.len() - compared, options)?;
    let (status, what) = if let Some(fault) = end {
        let what = format!(
            "{}; {compared} of {} were compared",
            Chain(&fault),
            olds.len()
        );
        (BROKEN_OFF, what)
    } else if compared == 0 {
        bail!("nothing was compared");
    } else {
        let count = |is_one: fn(Kind) -> bool| {
            let kinds = lines.iter().map(Line::kind);
            kinds.filter(|kind| is_one(*kind)).count()
        };
        match (count(Kind::is_grave), count(Kind::is_open)) {
            (0, 0) => return Ok(()),
            (0, open) => {
                let what = format!("{open} account(s) of which it is not known what becomes");
                (IN_DOUBT, what)
            }
            (grave, _) => {
                let what = format!("{grave} account(s) to see to before the switch");
                (TO_SEE_TO, what)
            }
        }
    };
    Err(EndedWith { status, what }.into())
}

/// Reads all files, in the order in which they are named, and says where there is nothing.
fn read(options: &Options, keys: &Keys) -> anyhow::Result<Vec<Shown>> {
    let mapped = Mapped {
        email: options.old_email.clone(),
        employee_id: options.old_employee_id.clone(),
    };
    let mut shown = Vec::new();
    for named in &options.old {
        let files = files(named)?;
        if files.is_empty() {
            complain(&format!("{}: there is no file in it", named.display()));
        }
        for path in files {
            let bytes = if path.as_os_str() == "-" {
                bounded(io::stdin().lock())
            } else {
                File::open(&path).and_then(bounded)
            };
            let name = path.display().to_string();
            let bytes = bytes.with_context(|| format!("{name} cannot be read"))?;
            let found = old::read(&name, &bytes, &mapped, keys);
            if found.is_empty() {
                let why = if bytes.trim_ascii().is_empty() {
                    "it is empty"
                } else {
                    "there is no account below its first line"
                };
                complain(&format!("{name}: {why}"));
            }
            shown.extend(found);
            if shown.len() > MOST_ROWS {
                bail!("there are more than {MOST_ROWS} accounts: compare them in parts");
            }
        }
    }
    Ok(shown)
}

/// The file itself, or those of a folder by their names.
fn files(named: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !named.is_dir() {
        return Ok(vec![named.to_owned()]);
    }
    let unreadable = || format!("{} cannot be read", named.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(named).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
        if files.len() > MOST_FILES {
            bail!("{} holds more than {MOST_FILES} files", named.display());
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn bounded(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(io::Error::other("it is larger than 32 MiB"));
    }
    Ok(bytes)
}

/// What was compared, and what could not be read, as it was shown. What comes after the end of a comparison that was
/// broken off is in it only where it could not be read.
fn lines(shown: &[Shown], done: Vec<Compared>) -> Vec<Line<'_>> {
    let mut done = done.into_iter();
    shown
        .iter()
        .filter_map(|(place, old)| {
            let end = match old {
                Ok(old) => End::Compared(old, done.next()?),
                Err(fault) => End::Unread(*fault),
            };
            Some(Line { place, end })
        })
        .collect()
}

fn report(lines: &[Line<'_>], left: usize, options: &Options) -> anyhow::Result<()> {
    let told = lines
        .iter()
        .filter(|line| !options.only_trouble || line.kind() != Kind::Same);
    let counts = Kind::ALL.map(|kind| {
        let alike = lines.iter().filter(|line| line.kind() == kind);
        (kind, alike.count())
    });
    if options.json {
        let people: Vec<_> = told.map(Line::as_json).collect();
        let counts: serde_json::Map<_, _> = counts
            .iter()
            .map(|(kind, count)| (kind.slug().to_owned(), json!(count)))
            .collect();
        say(&serde_json::to_string_pretty(
            &json!({ "accounts": people, "counts": counts, "not-compared": left }),
        )?);
        return Ok(());
    }
    for line in told {
        // A value with a line's end in it is no line of ours.
        say(&visible(&line.as_text(), &[]));
    }
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(kind, count)| format!("{count} {}", kind.words()))
        .collect();
    let gap = if counts.is_empty() { "" } else { ": " };
    let counts = counts.join(", ");
    say(&format!("{} account(s){gap}{counts}", lines.len()));
    if left > 0 {
        say(&format!("{left} account(s) not compared"));
    }
    Ok(())
}

impl Line<'_> {
    fn kind(&self) -> Kind {
        match &self.end {
            End::Compared(_, compared) => compared.fate.kind(),
            End::Unread(_) => Kind::Unsaid,
        }
    }

    fn as_text(&self) -> String {
        let Self { place, end } = self;
        let (old, compared) = match end {
            End::Compared(old, compared) => (old, compared),
            End::Unread(fault) => return format!("{place}: {}: {fault}", self.kind().words()),
        };
        let words = compared.fate.words();
        let account = &old.account;
        let known_by = account.email.as_ref().or(account.employee_id.as_ref());
        let known_by = known_by.or(old.login.as_ref());
        let who = known_by.map_or("", String::as_str);
        format!("{who} ({place}): {words}: {}", because(old, compared))
    }

    fn as_json(&self) -> Value {
        let account = |account: &Account| json!({ "email": account.email, "employee-id": account.employee_id });
        let (old, new, login, reason, because) = match &self.end {
            End::Compared(old, compared) => (
                account(&old.account),
                compared.new.as_ref().map(account),
                compared.login.as_deref(),
                compared.fate.slug(),
                because(old, compared),
            ),
            End::Unread(fault) => (Value::Null, None, None, "unreadable", fault.to_string()),
        };
        json!({
            "from": self.place,
            "verdict": self.kind().slug(),
            "reason": reason,
            "because": because,
            "old": old,
            "new": new,
            "login": login,
        })
    }
}

/// Why, as the end of a sentence.
fn because(old: &Old, compared: &Compared) -> String {
    let login = compared.login.as_deref().unwrap_or_default();
    match &compared.fate {
        Fate::Judged(verdict) => {
            let mut said = verdict.because().to_owned();
            let Some(new) = &compared.new else {
                return said;
            };
            for (old, new) in [
                (&old.account.email, &new.email),
                (&old.account.employee_id, &new.employee_id),
            ] {
                if let (Some(old), Some(new)) = (old, new)
                    && old != new
                {
                    // Writing to a String cannot fail.
                    let _ = write!(said, " ({old} -> {new})");
                }
            }
            said
        }
        Fate::Another(place) => format!(
            "Zoom would take {login} to the one of {place}: merge this one into it at Zoom, or delete it, before the switch"
        ),
        Fate::Crossed(other) => format!(
            "its address is that of {login} here, and its Employee Unique ID that of {other}"
        ),
        Fate::NoLicense(ShutOut::NoLine) => format!(
            "{login} meets no line for a licence in Zoom's form: they do not come to the account that is there, and no other one is made"
        ),
        Fate::NoLicense(ShutOut::Line) => {
            format!(
                "{login} meets the line for the licence None in Zoom's form, which shuts people out"
            )
        }
        Fate::Shut => format!("the account of {login} here is shut"),
        Fate::Stopped(fault) => stopped(login, fault),
        Fate::Several => "several people here have the address, or the ID".to_owned(),
        Fate::NotFound(looked_by) => format!(
            "nobody here by {}: they have left, or have another one here, and that would make a second account",
            looked_by.join(" or ")
        ),
        Fate::OnlyCas => {
            "only the CAS server knows who it is: let them sign in at /test, which shows it"
                .to_owned()
        }
        Fate::Odd(fault) => Chain(fault).to_string(),
    }
}

fn stopped(login: &str, fault: &HereFault) -> String {
    let attribute = fault.attribute();
    let attribute = attribute.map_or_else(String::new, |name| format!(" ({name})"));
    format!("{login}: {}{attribute}", Chain(fault))
}
