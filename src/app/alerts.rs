//! Tells the administrators of what ends, once for each step by which it has come nearer.
//!
//! What somebody has to decide is told as soon as it is known, and each day until they have.
//! What must be done is known to [`duties`](super::duties) alone; here it is remembered who was told of what. Each of several
//! nodes tells for itself.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::interval;

use super::{
    duties::{Due, as_typed, end_and_days_left, sentence},
    live::{Live, Snapshot},
    typed::{from_anywhere, typed},
};
use crate::{
    config::sections::{AlertMail, Alerts},
    control::Duty,
    edge::page::{PageError, matter::FrenchMatters},
    sys::{
        file::{Draft, Rights},
        program::{self, ProgramError},
    },
};

/// How long from one look to the next.
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_hours(24);
/// How often the clock is asked whether it is time, so that a machine that slept is not a day late; and whether
/// something waits for a decision.
const BEAT: Duration = Duration::from_mins(1);
/// How long something that waits for a decision is not told again after one of the ways failed: the other one works,
/// and would tell it at each beat.
const BETWEEN_TRIES: SignedDuration = SignedDuration::from_hours(1);
/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest part of a subject that is one encoded word: with the name of the header it fits a line of 76 characters.
const LONGEST_WORD: usize = 39;
/// The version of what a program reads.
const VERSION: u32 = 1;
/// What was told, in the state folder.
const FILE: &str = "alerts.json";
/// The largest such file: some hundred bytes for each of ten thousand things.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What a program reads, as JSON.
#[derive(Debug, Serialize)]
struct Message<'a> {
    version: u32,
    /// Our own origin.
    server: &'a str,
    /// Whether nothing ends: somebody tries whether this arrives.
    is_trial: bool,
    /// All of it, a line for each.
    text: String,
    duties: Vec<Duty>,
}

/// Which of the two ways failed, and why.
#[derive(Debug, thiserror::Error)]
#[error("alerts.{by}: {fault}")]
pub struct AlertError {
    by: &'static str,
    fault: ProgramError,
}

/// Whoever looks, and what they have told.
#[derive(Debug)]
pub struct Watch {
    live: Arc<Live>,
    /// The configuration, for commands.
    path: PathBuf,
    told: Vec<Duty>,
    looked_at: Option<Timestamp>,
    /// When something could last not be told in every way, and what.
    tried: Option<(Timestamp, Vec<Duty>)>,
}

/// Looks at the start and once a day, until the process ends.
pub async fn watch(live: Arc<Live>) {
    let mut watch = Watch::begin(live);
    let mut beats = interval(BEAT);
    loop {
        beats.tick().await;
        watch.look_when_due().await;
    }
}

impl Watch {
    /// Begins with what the state folder remembers.
    pub fn begin(live: Arc<Live>) -> Self {
        let told = match file(&live.current()).map(|path| remembered(&path)) {
            None => Vec::new(),
            Some(Ok(told)) => told,
            Some(Err(error)) => {
                tracing::error!(error.cause = %error, "what was told of what ends cannot be read, and is told again");
                Vec::new()
            }
        };
        Self {
            path: from_anywhere(&live.path),
            live,
            told,
            looked_at: None,
            tried: None,
        }
    }

    /// Looks, unless a look was less than a day ago and nothing waits for a decision since, or it could not be told
    /// less than an hour ago.
    pub async fn look_when_due(&mut self) {
        let current = self.live.current();
        let now = current.now();
        let is_due = self
            .looked_at
            .is_none_or(|before| !is_within(BETWEEN_LOOKS, before, now));
        if is_due {
            self.looked_at = Some(now);
            self.told.retain(|duty| !duty.is_daily);
        }
        let waits =
            |duty: &Duty| duty.is_daily && !self.was_told(duty) && !self.was_just_tried(duty, now);
        let due = current.due(now);
        if is_due || due.iter().any(|(duty, _)| waits(duty)) {
            self.look(&current, due, now).await;
        }
    }

    async fn look(&mut self, current: &Snapshot, due: Vec<Due>, now: Timestamp) {
        let (before, news): (Vec<_>, Vec<_>) =
            { due.into_iter() }.partition(|(duty, _)| self.was_told(duty));
        for (duty, _) in &news {
            log(duty, &self.path, now);
        }
        let is_told = news.is_empty() || self.hand_over(current, &news, now).await;
        self.tried = (!is_told).then(|| {
            let news = news.iter().map(|(duty, _)| duty.clone());
            (now, news.collect())
        });
        // What has been seen to is forgotten with this, and told again if it should come back. What could not be
        // told is news at the next look, too.
        let news = if is_told { news } else { Vec::new() };
        let told = before.into_iter().chain(news);
        let told: Vec<_> = told.map(|(duty, _)| duty).collect();
        if told == self.told {
            return;
        }
        self.told = told;
        if let Some(path) = file(current)
            && let Err(error) = remember(&path, &self.told)
        {
            tracing::error!(error.cause = %error, "what was told of what ends cannot be kept: a restart tells it again");
        }
    }

    fn was_told(&self, duty: &Duty) -> bool {
        is_among(&self.told, duty)
    }

    fn was_just_tried(&self, duty: &Duty, now: Timestamp) -> bool {
        let tried = self.tried.as_ref();
        tried.is_some_and(|(at, tried)| is_within(BETWEEN_TRIES, *at, now) && is_among(tried, duty))
    }

    async fn hand_over(&self, current: &Snapshot, news: &[Due], now: Timestamp) -> bool {
        let Some(alerts) = &current.alerts else {
            return true;
        };
        let whose = (&*current.front.origin, &*self.path);
        let faults = tell(alerts, whose, news, now).await;
        for fault in &faults {
            tracing::error!(error.cause = %fault, "nobody could be told of what ends; the next look tries again");
        }
        faults.is_empty()
    }
}

/// Whether less than `pause` has gone by since `before`; not where the clock has gone back behind it.
fn is_within(pause: SignedDuration, before: Timestamp, now: Timestamp) -> bool {
    (SignedDuration::ZERO..pause).contains(&now.duration_since(before))
}

/// Whether `duty` is one of these, at the step that it has come to or a nearer one.
fn is_among(duties: &[Duty], duty: &Duty) -> bool {
    let is_it = |known: &Duty| {
        (known.until, &known.whom, &known.what) == (duty.until, &duty.whom, &duty.what)
            && known.within_days <= duty.within_days
    };
    duties.iter().any(is_it)
}

/// What to do where nobody is told: the lines of a smallest `[alerts]`, which stand behind all others of the configuration at
/// `path`, with mail to the technical contact.
pub fn smallest(path: &Path, contact: &str) -> String {
    format!(
        "write these lines at the end of {}, and have a trial sent by `passerelle alerts try`; mail goes through \
         /usr/sbin/sendmail, unless sendmail names another program\n[alerts.mail]\nto = [\"{contact}\"]\nfrom = \"{contact}\"",
        path.display()
    )
}

/// Tells of something that does not end, to see whether it arrives, for the server of this origin whose configuration is at
/// `path`.
///
/// # Errors
///
/// Each of the ways that failed.
pub async fn try_out(
    alerts: &Alerts,
    (origin, path): (&str, &Path),
    now: Timestamp,
) -> Result<(), Vec<AlertError>> {
    let faults = tell(alerts, (origin, &from_anywhere(path)), &[], now).await;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// Tells of `duties`, each way that there is; no duties are a trial.
async fn tell(
    alerts: &Alerts,
    (origin, path): (&str, &Path),
    due: &[Due],
    now: Timestamp,
) -> Vec<AlertError> {
    let duties: Vec<_> = { due.iter() }
        .map(|(duty, _)| as_typed(duty, path))
        .collect();
    let lines: Vec<_> = duties.iter().map(|duty| sentence(duty, now)).collect();
    let message = Message {
        version: VERSION,
        server: origin,
        is_trial: duties.is_empty(),
        text: if duties.is_empty() {
            "This is a trial: nothing ends.".to_owned()
        } else {
            lines.join("\n")
        },
        duties,
    };
    let mut faults = Vec::new();
    if let Some(command) = &alerts.command {
        // Names, numbers and texts: there is always JSON of them.
        let json = serde_json::to_vec(&message).unwrap_or_default();
        if let Err(fault) = program::run(command, &json, LIMIT).await {
            let by = "command";
            faults.push(AlertError { by, fault });
        }
    }
    if let Some(mail) = &alerts.mail {
        let letter = typed(&letter(mail, &message, due, now), path);
        if let Err(fault) = program::run(&mail.sendmail, letter.as_bytes(), LIMIT).await {
            let by = "mail";
            faults.push(AlertError { by, fault });
        }
    }
    faults
}

/// The message as mail (RFC 5322), in French and English, with the end of lines that programs here have.
fn letter(mail: &AlertMail, message: &Message<'_>, due: &[Due], now: Timestamp) -> String {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let subject = if message.is_trial {
        "a trial"
    } else {
        "something ends"
    };
    let subject = format!("Passerelle at {}: {subject}", message.server);
    let text = format!(
        "{}\n\n`passerelle status` shows all that must be done.\n",
        message.text
    );
    let (subject, text) = match in_french(message, due, now) {
        Ok([french, lines]) => (
            encoded(&format!("{french} / {subject}")),
            format!("{lines}\n\nIn English:\n\n{text}"),
        ),
        // The texts are built in, and a test reads all of them. Half of it is better than nothing.
        Err(error) => {
            tracing::error!(error.cause = %error, "the mail on what ends has no French");
            (subject, text)
        }
    };
    format!(
        "From: {}\nTo: {}\nDate: {date}\nSubject: {subject}\nAuto-Submitted: auto-generated\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}",
        mail.from,
        mail.to.join(", "),
    )
}

/// The subject and the text of a mail in French.
fn in_french(message: &Message<'_>, due: &[Due], now: Timestamp) -> Result<[String; 2], PageError> {
    let french = FrenchMatters::load()?;
    let mut lines = Vec::new();
    for (duty, matter) in due {
        let end = end_and_days_left(duty, now);
        lines.push(french.sentence(&duty.whom, matter, end)?);
    }
    if message.is_trial {
        lines.push(french.trial()?);
    }
    lines.extend([String::new(), french.closing()?]);
    let subject = french.subject(message.server, message.is_trial)?;
    Ok([subject, lines.join("\n")])
}

/// A text in a header, which holds ASCII alone (RFC 2047 §2): in words of 75 characters at most, each on a line of its own.
fn encoded(text: &str) -> String {
    let mut words = vec![String::new()];
    for letter in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + letter.len_utf8() <= LONGEST_WORD => word.push(letter),
            Some(_) | None => words.push(letter.into()),
        }
    }
    let words: Vec<_> = { words.iter() }
        .map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)))
        .collect();
    words.join("\n ")
}

fn log(duty: &Duty, path: &Path, now: Timestamp) {
    let line = sentence(&as_typed(duty, path), now);
    if duty.is_overdue() {
        tracing::error!(
            duty.whom = duty.whom,
            duty = line,
            "something has ended, or is wrong"
        );
    } else {
        tracing::warn!(
            duty.whom = duty.whom,
            duty.within_days = duty.within_days,
            duty = line,
            "something ends"
        );
    }
}

fn file(current: &Snapshot) -> Option<PathBuf> {
    let folder = current.server.state_folder.as_ref()?;
    Some(folder.join(FILE))
}

fn remembered(path: &Path) -> io::Result<Vec<Duty>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_BYTES).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(serde_json::from_slice(&bytes)?)
}

fn remember(path: &Path, told: &[Duty]) -> io::Result<()> {
    let bytes = serde_json::to_vec(told)?;
    Draft::write(path, &bytes, Rights::Mode(0o600))?.put()
}
