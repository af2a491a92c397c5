//! What is kept of a sign-in, so that the help desk can look it up by its support code.
//!
//! A step names rules, attributes and counts, never a value, as the [`trace`](super::trace) does. Its words are those of the
//! version that wrote it: whoever reads it later needs no more than to print them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{decision_lines::DecisionLines, short_name::ShortName, support_code::SupportCode};

/// One step of a sign-in: what came in at once, and what came of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoryStep {
    /// When it ended.
    pub at: Timestamp,
    /// The node that took it.
    pub node: String,
    /// The provider, where it is known.
    pub sp: Option<ShortName>,
    /// Whether it is a trial, of which nothing is sent.
    pub is_trial: bool,
    /// The person, as the configuration has it: by name, by what stands for the name, or not at all.
    pub person: Option<String>,
    /// The handle of the session that it began, or that answered.
    pub session: Option<String>,
    /// What came of it, in a word.
    pub end: String,
    /// Why it stopped on our page.
    pub stop: Option<String>,
    /// The decisions, first one first.
    pub decisions: DecisionLines,
    /// The code under which what came before is, where that is another one: others may know it. The store keeps it behind all
    /// else, so that a version of the program that does not know of it reads the step as well.
    #[serde(skip)]
    pub began_under: Option<SupportCode>,
}

impl StoryStep {
    /// The most bytes of the decisions of one step; what follows is counted.
    pub const MAX_DECISION_BYTES: usize = 6 * 1024;
    /// The most bytes of the reason for a stop.
    pub const MAX_STOP_BYTES: usize = 1024;
}

/// How a step is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Keeping {
    /// Until when.
    pub until: Timestamp,
    /// Whether somebody has proven who they are. Anybody can bring about as many of the others as they like, and those push
    /// out no more than half of these.
    pub is_proven: bool,
    /// Whether this step is an end, which has its place in a story that is full.
    pub is_end: bool,
}
