//! How commands reach the server that runs: a Unix socket that only its owner and root may speak to.
//!
//! One connection, one question, one answer, each one line of JSON. What the answers are made of is known
//! to whoever implements [`Answers`].

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    fingerprint::Fingerprint,
    matter,
    oversight::{Overview, Revoked, Which},
    short_name::ShortName,
    story::StoryStep,
    support_code::SupportCode,
};

pub mod ask;
pub mod socket;

/// The version of what is spoken here: another one is refused.
const VERSION: u32 = 2;
/// The longest question, in bytes.
const MAX_QUESTION: u64 = 64 * 1024;
/// The longest answer that is read, in bytes: some hundred for each of ten thousand providers.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// A question, as it is sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Question {
    version: u32,
    command: Command,
}

/// What can be asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Have this version of a provider's metadata, which is held, count from now on.
    Accept(ShortName, Fingerprint),
    /// Turn that version down.
    Refuse(ShortName, Fingerprint),
    /// Have the configuration read again.
    Reload,
    /// End these sessions.
    Revoke(Which),
    /// Show these sessions, so many at most.
    Sessions(Which, u32),
    /// Say how it stands.
    Status,
    /// Say what is kept of the sign-in of this code.
    Story(SupportCode),
}

/// An answer, as it is sent.
#[derive(Debug, Deserialize, Serialize)]
struct Reply {
    version: u32,
    answer: Answer,
}

/// What is said to a question.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The question was none; why.
    Refused(String),
    /// To [`Command::Accept`] and [`Command::Refuse`]: nothing where it was done, and otherwise why not.
    Decided(Option<String>),
    /// To [`Command::Reload`].
    Reload(Reload),
    /// To [`Command::Revoke`].
    Revoked(Revoked),
    /// To [`Command::Sessions`].
    Sessions(Overview),
    /// To [`Command::Status`].
    Status(Status),
    /// To [`Command::Story`]; no step where nothing is kept.
    Story(Vec<StoryStep>),
    /// What was asked for is not known at present; why.
    Unknown(String),
}

/// What became of a reload. Faults are told as `check` tells them: file, line, key, what, hint.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reload {
    /// Whether the configuration took over; where it did not, the one before goes on.
    pub is_taken: bool,
    /// What is wrong; of one that took over, with single providers.
    pub faults: Vec<String>,
    /// What counts after a restart only.
    pub needs_restart: Vec<String>,
    /// What is not wrong yet.
    pub warnings: Vec<String>,
}

/// How it stands with the server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// The configuration file.
    pub configuration: PathBuf,
    /// When the process began.
    pub running_since: Timestamp,
    /// When the configuration took over.
    pub loaded_at: Timestamp,
    /// SHA-256 of each certificate that our metadata holds, those of the keys that sign first.
    pub certificates: Vec<String>,
    /// SHA-256 of the certificate of the key that signs for each provider now, by short name.
    #[serde(default)]
    pub signed_with: BTreeMap<String, String>,
    /// What each key does that seals, by its ID: `seals`, `waits` or `opens`.
    #[serde(default)]
    pub seal_keys: BTreeMap<String, String>,
    /// How it stands with the store that nodes share: [`Self::STORE_ANSWERS`], or `is full` or `does not answer`; none
    /// where this process keeps everything itself.
    #[serde(default)]
    pub store: Option<String>,
    /// How it stands with each provider, in the words of `/readyz`, by short name.
    pub providers: BTreeMap<String, String>,
    /// How it stands with each source of metadata that is asked again and again, by the provider.
    pub sources: BTreeMap<String, Source>,
    /// What went wrong without stopping anybody, and how often since the process began.
    pub counts: BTreeMap<String, u64>,
    /// What must be done for whom, the most urgent first.
    pub duties: Vec<Duty>,
}

impl Status {
    /// The store is as it should be.
    pub const STORE_ANSWERS: &'static str = "answers";
}

/// How it stands with a source of metadata.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Source {
    /// In a word, that of `/readyz`.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether a version waits for the administrator.
    pub is_held: bool,
    /// When it last gave the version that counts, as far as the server knows that runs.
    pub confirmed_at: Option<Timestamp>,
    /// When it is asked next.
    pub next: Timestamp,
}

/// Something that an administrator must see to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Duty {
    /// Until when; none where it is wrong now, or can be done now.
    pub until: Option<Timestamp>,
    /// The step of the warning that is reached: within so many days. 0 is overdue.
    pub within_days: u16,
    /// For whom: `ours`, or `sp.<short name>`.
    pub whom: String,
    /// What ends, or is wrong.
    pub what: String,
    /// What to do about it, where that does not say it; nothing of a server before.
    #[serde(default)]
    pub hint: Option<String>,
    /// Whether it is told at once, and each day until somebody has decided.
    #[serde(default)]
    pub is_daily: bool,
    /// The same in a word that stays ([`Matter::kind`](crate::model::matter::Matter::kind)); nothing of a server before.
    #[serde(default)]
    pub kind: String,
}

impl Duty {
    /// Whether it should have been done.
    pub const fn is_overdue(&self) -> bool {
        self.within_days == 0
    }

    /// Until when, and how far that is at `now`; none where it is wrong now, or can be done now.
    pub fn end_in_words(&self, now: Timestamp) -> Option<[String; 2]> {
        let end = self.until?;
        Some([matter::written(&self.kind, end), how_far(end, now)])
    }
}

/// How far an end is, in words.
pub fn how_far(end: Timestamp, now: Timestamp) -> String {
    if end <= now {
        return "over".to_owned();
    }
    match days_left(end, now) {
        0 => "within a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

/// How many whole days are left; below 0 after the end.
pub fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    end.duration_since(now).as_hours().div_euclid(24)
}

/// Whoever knows the answers. Called on a thread that may wait.
pub trait Answers: std::fmt::Debug + Send + Sync + 'static {
    /// Has this version of a provider's metadata, which is held, count (`true`) or turns it down; why it could not.
    fn decide(
        &self,
        provider: &ShortName,
        version: Fingerprint,
        is_accepted: bool,
        asked_by: &str,
    ) -> Option<String>;
    /// Reads the configuration again.
    fn reload(&self, asked_by: &str) -> Reload;
    /// Ends these sessions.
    fn revoke(&self, which: &Which, asked_by: &str) -> Revoked;
    /// The sessions that are asked for, `most` at most.
    ///
    /// # Errors
    ///
    /// Why they are not known.
    fn sessions(&self, which: &Which, most: u32, asked_by: &str) -> Result<Overview, String>;
    /// Says how it stands.
    fn status(&self) -> Status;
    /// The steps that are kept of the sign-in of this code.
    ///
    /// # Errors
    ///
    /// Why they are not known.
    fn story(&self, code: SupportCode, asked_by: &str) -> Result<Vec<StoryStep>, String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_has_begun_does_not_count_and_the_past_is_below_zero() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        for (end, days) in [
            ("2026-11-26T08:00:00Z", 0),
            ("2026-11-27T07:59:59Z", 0),
            ("2026-11-27T08:00:00Z", 1),
            ("2026-11-26T06:59:59Z", -1),
        ] {
            assert_eq!(days_left(end.parse().unwrap(), now), days, "{end}");
        }
    }

    #[test]
    fn how_far_an_end_is_is_told_as_people_say_it() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        for (end, told) in [
            ("2026-11-26T07:59:59Z", "over"),
            ("2026-11-26T08:00:00Z", "over"),
            ("2026-11-26T08:00:01Z", "within a day"),
            ("2026-11-27T07:59:59Z", "within a day"),
            ("2026-11-27T08:00:00Z", "in 1 day"),
            ("2026-11-28T07:59:59Z", "in 1 day"),
            ("2026-11-28T08:00:00Z", "in 2 days"),
        ] {
            assert_eq!(how_far(end.parse().unwrap(), now), told, "{end}");
        }
    }

    #[test]
    fn a_key_that_signs_from_a_moment_on_is_told_with_that_moment() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        for (kind, told) in [
            ("next-key", "2026-11-26T22:50:00Z"),
            ("metadata", "2026-11-26"),
        ] {
            let duty = Duty {
                until: Some("2026-11-26T22:50:00Z".parse().unwrap()),
                within_days: 1,
                whom: "sp.zoom".to_owned(),
                what: String::new(),
                hint: None,
                is_daily: false,
                kind: kind.to_owned(),
            };
            let [end, far] = duty.end_in_words(now).unwrap();
            assert_eq!((&*end, &*far), (told, "within a day"));
        }
    }
}
