//! Reads `[stories]`: what is kept of sign-ins for the help desk, and for how long.

use jiff::SignedDuration;
use serde::Deserialize;

use super::document::{Report, Table};

/// `[stories]`: what `passerelle story` can look up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stories {
    /// For how many days; nothing is kept where it is 0.
    pub keep_days: u32,
    /// How many megabytes they may take; past that the story whose end is nearest is forgotten.
    pub max_megabytes: u32,
    /// How the person stands in them.
    pub person: PersonInStory,
}

/// How the person stands in a story.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum PersonInStory {
    /// By the name they sign in with.
    Clear,
    /// By what stands for that name, the same in each of their stories.
    Hashed,
    /// Not at all.
    None,
}

/// The longest time: who signed in when is known of people for as long.
const MAX_DAYS: u32 = 366;
/// The most megabytes: one slot of a Cluster, or this process, holds them all.
const MAX_MEGABYTES: u32 = 4096;

impl Default for Stories {
    fn default() -> Self {
        Self {
            keep_days: 7,
            max_megabytes: 64,
            person: PersonInStory::Clear,
        }
    }
}

impl Stories {
    /// For how long they are kept.
    pub fn kept_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.keep_days))
    }

    /// How many bytes they may take.
    pub fn max_bytes(&self) -> u64 {
        u64::from(self.max_megabytes) * 1024 * 1024
    }
}

/// Reads the section; where it is not there, its defaults hold.
pub(super) fn read(table: Option<Table<'_>>, report: &mut Report) -> Stories {
    let default = Stories::default();
    let Some(mut table) = table else {
        return default;
    };
    let stories = Stories {
        keep_days: table.or("keep-days", default.keep_days, report),
        max_megabytes: table.positive("max-megabytes", default.max_megabytes, report),
        person: table.or("person", default.person, report),
    };
    if stories.keep_days > MAX_DAYS {
        report.fault(&table.at("keep-days"), "is longer than 366 days");
    }
    if stories.max_megabytes > MAX_MEGABYTES {
        report.fault(&table.at("max-megabytes"), "is more than 4096");
    }
    table.finish(report);
    stories
}
