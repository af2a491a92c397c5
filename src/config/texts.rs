//! Reads `[texts]`: what the administrator writes for people, and in which files.
//!
//! A text is Markdown below a few lines of TOML, between two lines of `+++`. What the Markdown says is read where
//! pages are made; here it is only brought in, in bounds.

use std::path::{Path, PathBuf};

use super::{
    document::{Report, Table},
    files::{Surroundings, read_text},
    rules::read_date,
    sections::{HomeText, Texts},
};
use crate::model::language::Language;

/// The largest file of a text: some thirty printed pages.
const MAX_BYTES: u64 = 64 * 1024;

/// The line before and behind what a text says of itself.
const FENCE: &str = "+++\n";

/// Reads the section, and the files that it names.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Texts> {
    let key = table.at("folder");
    let folder: Option<PathBuf> = table.required("folder", report);
    table.finish(report);
    let folder = folder?;
    // Every language is looked at before anything is given up.
    let home = Language::ALL.map(|language| {
        let written = folder.join(format!("home.{}.md", language.tag()));
        let path = around.existing(&key, &written, report)?;
        match read_text(&path, MAX_BYTES) {
            Ok(text) => read_home(language, &path, &text, report),
            Err(what) => {
                report.fault(&key, format!("{} {what}", path.display()));
                None
            }
        }
    });
    let home: Option<Vec<_>> = home.into_iter().collect();
    Some(Texts { home: home? })
}

fn read_home(language: Language, path: &Path, text: &str, report: &mut Report) -> Option<HomeText> {
    // As some editors write them.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let Some((front, markdown)) = split(&text) else {
        let mut own = Report::new(path, &text);
        own.fault("", "does not begin with what it says of itself")
            .hint("begin with a line +++, then title, lead and last-change, then a line +++");
        report.absorb(own);
        return None;
    };
    // Lines count from the beginning of the file.
    let front_text = format!("\n{front}");
    let mut own = Report::new(path, &front_text);
    let home = Table::parse(&front_text, &mut own).and_then(|mut table| {
        for key in ["title", "lead", "last-change"] {
            table.must_be_there(key, &mut own);
        }
        let title = table.text("title", &mut own);
        let lead = table.text("lead", &mut own);
        let last_change = read_date(&mut table, "last-change", &mut own);
        table.finish(&mut own);
        Some(HomeText {
            language,
            path: path.to_owned(),
            title: title?,
            lead: lead?,
            last_change: last_change?,
            markdown: markdown.to_owned(),
            first_line: u32::try_from(front.lines().count() + 3).ok()?,
        })
    });
    report.absorb(own);
    home
}

/// What the text says of itself, and the text.
fn split(text: &str) -> Option<(&str, &str)> {
    let (front, markdown) = text.strip_prefix(FENCE)?.split_once(FENCE)?;
    // Behind the last line of TOML, and nowhere within one.
    (front.is_empty() || front.ends_with('\n')).then_some((front, markdown))
}
