//! Reads the TOML of one file key by key, and keeps going after a fault.
//!
//! Serde stops at the first fault; an administrator wants to see them all. So a section asks its
//! [`Table`] for each of its keys by name, every fault goes into the [`Report`] with its line, and
//! what nobody asked for is an unknown key.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{fault::ConfigFault, lines::Lines};
use crate::model::language::Localized;

/// What was found in one file so far.
#[derive(Debug)]
pub(super) struct Report {
    file: PathBuf,
    line_starts: Vec<usize>,
    pub(super) lines: Lines,
    faults: Vec<ConfigFault>,
    /// Every key that a section knows, with `*` for what the administrator names.
    pub(super) known: BTreeSet<String>,
    /// Those of them that the file holds.
    pub(super) given: BTreeSet<String>,
}

impl Report {
    pub(super) fn new(file: &Path, text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(index, _)| index + 1);
        Self {
            file: file.to_owned(),
            line_starts: std::iter::once(0).chain(starts).collect(),
            lines: Lines::default(),
            faults: Vec::new(),
            known: BTreeSet::new(),
            given: BTreeSet::new(),
        }
    }

    /// Adds a fault of `key`, which stands where the key is written, or else where the nearest table
    /// around it begins.
    pub(super) fn fault(&mut self, key: &str, what: impl Into<String>) -> &mut ConfigFault {
        self.push(self.lines.of(key), key, what.into())
    }

    fn push(&mut self, line: Option<u32>, key: &str, what: String) -> &mut ConfigFault {
        self.faults.push(ConfigFault {
            line,
            key: key.to_owned(),
            ..ConfigFault::of_file(&self.file, what)
        });
        let last = self.faults.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the line above pushed it")]
        &mut self.faults[last]
    }

    fn line_at(&self, offset: usize) -> u32 {
        u32::try_from(self.line_starts.partition_point(|start| *start <= offset))
            .unwrap_or(u32::MAX)
    }

    /// Takes over the faults of another file.
    pub(super) fn absorb(&mut self, other: Self) {
        self.faults.extend(other.faults);
    }

    pub(super) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether nothing was found at `key` or below it, so that a follow-up would be news.
    pub(super) fn is_clean_under(&self, key: &str) -> bool {
        !self.faults.iter().any(|fault| fault.is_under(key))
    }

    /// Every fault once, in the order of the files and their lines.
    pub(super) fn into_faults(mut self) -> Vec<ConfigFault> {
        self.faults.sort();
        self.faults.dedup();
        self.faults
    }
}

/// A table of which keys are taken one by one.
#[derive(Debug)]
pub(super) struct Table<'text> {
    path: String,
    pattern: String,
    entries: BTreeMap<String, Spanned<DeValue<'text>>>,
    known: Vec<&'static str>,
}

impl<'text> Table<'text> {
    /// Parses a whole file; none where it is not TOML, which the report then says.
    pub(super) fn parse(text: &'text str, report: &mut Report) -> Option<Self> {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let line = error.span().map(|span| report.line_at(span.start));
            report.push(line, "", format!("is not TOML: {}", error.message()));
        }
        errors
            .is_empty()
            .then(|| Self::open(String::new(), String::new(), root.into_inner(), report))
    }

    fn open(path: String, pattern: String, table: DeTable<'text>, report: &mut Report) -> Self {
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            let line = report.line_at(key.span().start);
            let key = key.into_inner().into_owned();
            report.lines.note(joined(&path, &key), line);
            entries.insert(key, value);
        }
        Self {
            path,
            pattern,
            entries,
            known: Vec::new(),
        }
    }

    /// Its own full path.
    pub(super) fn path(&self) -> String {
        self.path.clone()
    }

    /// The full path of one of its keys.
    pub(super) fn at(&self, key: &str) -> String {
        joined(&self.path, key)
    }

    /// The full path of an entry of one of its lists; entries count from 1.
    pub(super) fn entry(&self, key: &str, number: usize) -> String {
        format!("{}[{number}]", self.at(key))
    }

    /// Whether the file holds `key`, which is still to be taken.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    fn take(&mut self, key: &'static str, report: &mut Report) -> Option<Spanned<DeValue<'text>>> {
        self.known.push(key);
        let pattern = joined(&self.pattern, key);
        report.known.insert(pattern.clone());
        let value = self.entries.remove(key)?;
        report.given.insert(pattern);
        Some(value)
    }

    /// The value of `key`; none where it is absent or bad.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<T> {
        let value = self.take(key, report)?;
        typed(&self.at(key), value, report)
    }

    /// The value of `key`; its absence is a fault.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<T> {
        self.must_be_there(key, report);
        self.optional(key, report)
    }

    /// The value of `key`, or `default` where it is absent.
    pub(super) fn or<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        default: T,
        report: &mut Report,
    ) -> T {
        self.optional(key, report).unwrap_or(default)
    }

    /// A number that is not zero, or `default`.
    pub(super) fn positive(&mut self, key: &'static str, default: u32, report: &mut Report) -> u32 {
        match self.or(key, default, report) {
            0 => {
                report.fault(&self.at(key), "must not be 0");
                default
            }
            number => number,
        }
    }

    /// A text that says something, of any number of lines.
    pub(super) fn long_text(&mut self, key: &'static str, report: &mut Report) -> Option<String> {
        let text: String = self.optional(key, report)?;
        if text.trim().is_empty() {
            report.fault(&self.at(key), "is empty");
            return None;
        }
        Some(text)
    }

    /// A text that says something and holds no control character.
    pub(super) fn text(&mut self, key: &'static str, report: &mut Report) -> Option<String> {
        let text = self.long_text(key, report)?;
        let path = self.at(key);
        if text.chars().any(char::is_control) {
            report.fault(&path, "holds a control character");
            return None;
        }
        Some(text)
    }

    /// The table of `key`; none where it is absent or no table.
    pub(super) fn table(&mut self, key: &'static str, report: &mut Report) -> Option<Self> {
        let value = self.take(key, report)?;
        as_table(self.at(key), joined(&self.pattern, key), value, report)
    }

    /// The table of `key`; its absence is a fault.
    pub(super) fn required_table(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<Self> {
        self.must_be_there(key, report);
        self.table(key, report)
    }

    /// The tables of the list `key`; none where it is absent or bad.
    pub(super) fn tables(&mut self, key: &'static str, report: &mut Report) -> Option<Vec<Self>> {
        let value = self.take(key, report)?;
        let (path, pattern) = (self.at(key), joined(&self.pattern, key));
        let DeValue::Array(list) = value.into_inner() else {
            report.fault(&path, "is not a list of tables");
            return None;
        };
        let mut tables = Vec::new();
        for (number, entry) in (1_usize..).zip(list) {
            let entry_path = format!("{path}[{number}]");
            let line = report.line_at(entry.span().start);
            report.lines.note(entry_path.clone(), line);
            tables.push(as_table(entry_path, pattern.clone(), entry, report));
        }
        tables.into_iter().collect()
    }

    /// A text in French and perhaps in English.
    pub(super) fn localized(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<Localized> {
        let mut table = self.table(key, report)?;
        if !table.holds("fr") {
            report
                .fault(&table.at("fr"), "is missing")
                .hint("French (fr) is always there, and English (en) may be");
        }
        let (fr, en) = (table.text("fr", report), table.text("en", report));
        table.finish(report);
        Some(Localized { fr: fr?, en })
    }

    /// The same; its absence is a fault.
    pub(super) fn required_localized(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<Localized> {
        self.must_be_there(key, report);
        self.localized(key, report)
    }

    /// Every entry of a table whose keys the administrator chooses, as tables.
    pub(super) fn named_tables(self, report: &mut Report) -> Vec<(String, Self)> {
        let (path, pattern) = (self.path, joined(&self.pattern, "*"));
        let named = self.entries.into_iter().filter_map(|(name, value)| {
            as_table(joined(&path, &name), pattern.clone(), value, report)
                .map(|table| (name, table))
        });
        named.collect()
    }

    /// Every entry of a table whose keys the administrator chooses, as values of one type.
    pub(super) fn named_values<T: DeserializeOwned>(
        self,
        report: &mut Report,
    ) -> BTreeMap<String, T> {
        let path = self.path;
        report.known.insert(joined(&self.pattern, "*"));
        if !self.entries.is_empty() {
            report.given.insert(joined(&self.pattern, "*"));
        }
        let named = self.entries.into_iter().filter_map(|(name, value)| {
            typed(&joined(&path, &name), value, report).map(|value| (name, value))
        });
        named.collect()
    }

    /// Reports every key that nobody asked for: a typing slip must not turn a rule off.
    pub(super) fn finish(self, report: &mut Report) {
        for key in self.entries.keys() {
            let nearest = self
                .known
                .iter()
                .map(|known| (distance(key, known), *known))
                .min()
                .filter(|(distance, known)| *distance <= 1 + known.chars().count() / 4);
            let hint = match nearest {
                Some((_, known)) => format!("did you mean `{known}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            report
                .fault(&joined(&self.path, key), "is not a key that is known here")
                .hint(hint);
        }
    }

    pub(super) fn must_be_there(&self, key: &'static str, report: &mut Report) {
        if !self.entries.contains_key(key) {
            report.fault(&self.at(key), "is missing");
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn as_table<'text>(
    path: String,
    pattern: String,
    value: Spanned<DeValue<'text>>,
    report: &mut Report,
) -> Option<Table<'text>> {
    if let DeValue::Table(table) = value.into_inner() {
        return Some(Table::open(path, pattern, table, report));
    }
    report.fault(&path, "is not a table");
    None
}

fn typed<T: DeserializeOwned>(
    path: &str,
    value: Spanned<DeValue<'_>>,
    report: &mut Report,
) -> Option<T> {
    match T::deserialize(ValueDeserializer::from(value)) {
        Ok(value) => Some(value),
        Err(error) => {
            // The fault may be one entry of a list of many lines.
            let line = error.span().map(|span| report.line_at(span.start));
            let what = error.message();
            let hint = hint_of(what);
            let fault = report.push(line, path, what.to_owned());
            if let Some(hint) = hint {
                fault.hint(hint);
            }
            None
        }
    }
}

/// What to write where a value has the wrong type, in the words of TOML and not of Rust.
fn hint_of(what: &str) -> Option<&'static str> {
    [
        ("expected a boolean", "write true or false, without quotes"),
        ("expected a sequence", "write a list, even of one: [\"…\"]"),
        ("expected a string", "write it in quotes"),
        ("expected u32", "write a whole number, without quotes"),
        (
            "expected a TOML datetime",
            "write a day, without quotes: 2027-06-30; or a moment: 2027-06-30T08:00:00+02:00",
        ),
        (
            "socket address",
            "write an IP address and a port in quotes, like \"127.0.0.1:8080\"",
        ),
    ]
    .into_iter()
    .find_map(|(end, hint)| what.contains(end).then_some(hint))
}

/// How many letters must change to make `one` from `other` (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (done, letter) in one.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = done + 1;
        next.push(left);
        for (pair, theirs) in row.windows(2).zip(other.chars()) {
            if let [diagonal, above] = pair {
                left = (left + 1)
                    .min(above + 1)
                    .min(diagonal + usize::from(letter != theirs));
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_two_words_counts_changed_letters() {
        for (one, other, letters) in [
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }

    #[test]
    fn a_file_that_is_not_toml_is_reported_by_line() {
        let text = "a = 1\nb = \nc = [\n";
        let mut report = Report::new(Path::new("x.toml"), text);
        assert!(Table::parse(text, &mut report).is_none());
        let faults = report.into_faults();
        assert_eq!(faults[0].line, Some(2), "{faults:?}");
        assert!(faults.len() >= 2, "{faults:?}");
    }
}
