//! How a provider, a finding and a change are told in words.

use std::fmt::Display;

use serde::Serialize;

use crate::{
    metadata::{
        difference::Change,
        finding::{Finding, Weight},
        outline::{ListedService, Outline},
    },
    model::{short_name::ShortName, text::visible},
};

/// The longest text of a provider that is shown; no name and no address that is used is longer.
const MAX_CHARS: usize = 2048;

/// Whose metadata something is found in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'n> {
    /// That of a provider that is not there yet, and is to be called so where somebody says it.
    New(Option<&'n ShortName>),
    /// That of one that is there.
    Registered(&'n ShortName),
}

impl Whose<'_> {
    fn hint(self, finding: &Finding) -> String {
        match self {
            Self::New(name) => finding.hint().words_before(name),
            Self::Registered(name) => finding.hint().words_of(name),
        }
    }
}

/// A finding, for JSON.
#[derive(Debug, Serialize)]
pub(super) struct JsonFinding {
    weight: Weight,
    what: String,
    hint: String,
}

impl JsonFinding {
    pub(super) fn of(finding: &Finding, whose: Whose<'_>) -> Self {
        Self {
            weight: finding.weight(),
            what: finding.to_string(),
            hint: whose.hint(finding),
        }
    }
}

/// What a metadata file says, a line for each thing.
pub(super) fn outline(outline: &Outline) -> String {
    let mut lines = Vec::new();
    let mut line = |what: &str, value: &dyn Display| {
        lines.push(format!("  {what:<16}  {}", bounded(value)));
    };
    line("entityID", &outline.entity_id);
    if let Some(name) = &outline.display_name {
        line("name", &name.fr);
        if let Some(en) = name.en.as_ref().filter(|en| **en != name.fr) {
            line("name in English", en);
        }
    }
    if outline.entities > 1 {
        line("one of", &format!("{} entities", outline.entities));
    }
    for attribute in &outline.entity_attributes {
        line("is said to be", attribute);
    }
    each(
        &mut line,
        "takes answers at",
        &outline.assertion_consumer_services,
    );
    each(&mut line, "logout at", &outline.single_logout_services);
    for key in &outline.keys {
        let key_use = key.key_use.word();
        match key.not_after {
            Some(end) => line("key", &format!("{key_use}: {}, until {end:.0}", key.key)),
            None => line(
                "key",
                &format!("{key_use}: {}, without a certificate", key.key),
            ),
        }
        if let Some(subject) = &key.subject {
            line("", subject);
        }
        line("", &format!("SHA-256 {}", key.sha256));
    }
    for format in &outline.name_id_formats {
        line("NameID format", format);
    }
    for attribute in &outline.requested_attributes {
        line("asks for", attribute);
    }
    line(
        "requests",
        &if outline.authn_requests_signed {
            "are said to be signed"
        } else {
            "need not be signed"
        },
    );
    line(
        "assertions",
        &if outline.want_assertions_signed {
            "are to be signed"
        } else {
            "need not be signed themselves"
        },
    );
    match outline.valid_until {
        Some(end) => line("counts until", &format!("{end:.0}")),
        None => line(
            "counts until",
            &"somebody takes it away: there is no validUntil",
        ),
    }
    if let Some(duration) = outline.cache_duration {
        line("fetch again after", &duration);
    }
    lines.join("\n")
}

fn each(line: &mut impl FnMut(&str, &dyn Display), what: &str, services: &[ListedService]) {
    for service in services {
        line(what, service);
    }
}

/// One line, whatever a peer wrote, and no longer than it has to be.
fn bounded(value: &dyn Display) -> String {
    let text = visible(&value.to_string(), &[]);
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A finding, with what to do about it.
pub(super) fn finding(finding: &Finding, whose: Whose<'_>) -> String {
    let (weight, what) = (finding.weight().word(), bounded(finding));
    format!("{weight}: {what}\n    hint: {}", whose.hint(finding))
}

/// What is different, a line for each.
pub(super) fn change(change: &Change) -> String {
    let held = if change.is_held { "HELD" } else { "    " };
    let what = change.what.words();
    let value = match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} -> {}", bounded(old), bounded(new)),
        (Some(old), None) => format!("- {}", bounded(old)),
        (None, Some(new)) => format!("+ {}", bounded(new)),
        (None, None) => String::new(),
    };
    format!("{held}  {what}: {value}")
}

/// Said before [`HELD`] where there is nothing to compare with.
pub(super) const INCOMPARABLE: &str =
    "HELD  what is there now cannot be read: nothing can be compared";

/// Said in the place of [`HELD`] and of what changes, where nobody ever trusted what is there now.
pub(super) const REPLACES_PLACEHOLDER: &str = "\
This takes the place of the placeholder that came with Passerelle. Nothing of it is held: look at all that stands above.";

/// What is held, said loudly.
pub(super) const HELD: &str = "\
HELD: with these changes, whoever made this metadata could receive the answers of everybody, read them, or sign
in the name of the provider; or shut everybody out; or much of the file is gone. Ask the provider, by a way that you know, whether it
made them.";
