//! Reads `[test]`: who may try a sign-in at `/test`, where nothing is sent.

use serde::Deserialize;

use super::document::{Report, Table};

/// `[test]`: who may try a sign-in. Without that table nobody may, and nothing is at `/test`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Testers {
    /// Whoever can sign in.
    Everyone,
    /// Those whom CAS or the directory knows by these names; never nobody.
    People(Vec<String>),
}

/// What may stand behind `people =`.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "is neither a list of names nor the word \"everyone\""
)]
enum Written {
    Word(Word),
    Names(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Everyone,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, report: &mut Report) -> Option<Testers> {
    let written: Option<Written> = table.required("people", report);
    let testers = match written {
        Some(Written::Word(Word::Everyone)) => Some(Testers::Everyone),
        Some(Written::Names(names)) if names.is_empty() => {
            report
                .fault(&table.at("people"), "names nobody")
                .hint("write the names people sign in with, or remove [test] to switch it off");
            None
        }
        Some(Written::Names(names)) => Some(Testers::People(names)),
        None => None,
    };
    table.finish(report);
    testers
}
