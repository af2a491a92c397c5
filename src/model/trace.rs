//! The decisions of one step, written down as they are made.
//!
//! A decision names rules, attributes and counts, never a value: what a person's attributes hold
//! is not in it, so that it may be kept and shown to the help desk.

use std::borrow::Cow;

/// One decision: which part of the house decided, about what, and what came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// The organ that decided.
    pub by: Organ,
    /// What was decided about: an attribute, an address, a rule.
    pub about: Cow<'static, str>,
    /// What came of it, in the house's own words.
    pub verdict: Cow<'static, str>,
}

/// The parts of the house that decide.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Organ {
    /// The request itself: issuer, signature, age, destination.
    Request,
    /// Where the answer may go.
    Acs,
    /// Whether a session can answer.
    Session,
    /// Whether the person proved who they are.
    Authn,
    /// From the source's attributes to ours.
    Map,
    /// From ours to what this provider is told.
    Release,
    /// The name the provider knows the person by.
    NameId,
    /// What was sent.
    Response,
}

impl Organ {
    /// The word for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Acs => "Acs",
            Self::Session => "Session",
            Self::Authn => "Authn",
            Self::Map => "Map",
            Self::Release => "Release",
            Self::NameId => "NameId",
            Self::Response => "Response",
        }
    }
}

/// The decisions of one step, in the order in which they were made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(Vec<Decision>);

impl Trace {
    /// The most decisions that one step may write; later ones are dropped.
    pub const MAX: usize = 256;

    /// An empty trace.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Writes a decision down.
    pub fn note(
        &mut self,
        by: Organ,
        about: impl Into<Cow<'static, str>>,
        verdict: impl Into<Cow<'static, str>>,
    ) {
        if self.0.len() < Self::MAX {
            self.0.push(Decision {
                by,
                about: about.into(),
                verdict: verdict.into(),
            });
        }
    }

    /// The decisions, first one first.
    pub fn decisions(&self) -> &[Decision] {
        &self.0
    }
}

impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Word by word: this is in a line of the log at every sign-in.
        for (index, Decision { by, about, verdict }) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            for word in [gap, by.as_str(), " ", about, ": ", verdict] {
                f.write_str(word)?;
            }
        }
        Ok(())
    }
}
