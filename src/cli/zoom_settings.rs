//! `passerelle zoom-settings`.

use std::path::Path;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::{Spoken, complain_of_those_in, say, say_exactly, typed::typed};
use crate::{
    app::{
        setup::{self, SetUp, SetUpError, WhichKey},
        typed::PROGRAM,
    },
    config::environment::Environment,
    edge::page::sheet::{self as page, SheetWords},
    model::language::Language,
    setup::sheet::{Entry, Part, Row, Told},
    sys::clock::{Clock as _, SystemClock},
};

/// How wide a line of explanation is, without its indentation.
const WIDTH: usize = 90;
/// What stands for a space within a command while lines are filled: no text holds it.
const JOINT: &str = "\0";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The service provider, by its short name. Default: the only one that is Zoom.
    #[arg(long, value_name = "NAME")]
    sp: Option<String>,
    /// With the certificate of the next key, in a roll-over (`passerelle keys rollover`).
    #[arg(long)]
    next: bool,
    /// Prints JSON, for scripts.
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// Prints one HTML file in French and English, with buttons that copy.
    #[arg(long)]
    html: bool,
    /// The language of the explanations in text. Default: that of $LANG, or English.
    #[arg(long, value_enum, conflicts_with_all = ["html", "json"])]
    lang: Option<Spoken>,
}

/// Prints the sheet, and fails where something is to be mended before anybody goes by it.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    let which = if options.next {
        WhichKey::Next
    } else {
        WhichKey::Present
    };
    let asked = (options.sp.as_deref(), which);
    let set_up = match setup::zoom_sheet(path, &environment, asked, SystemClock.now()) {
        Ok(set_up) => set_up,
        Err(SetUpError::Faults(faults)) => {
            complain_of_those_in(path, &faults, "error");
            bail!("no sheet: {} fault(s) stand in the way", faults.len());
        }
        Err(error) => return Err(error.into()),
    };
    if options.html {
        // A policy in it counts for these very bytes.
        say_exactly(page::write(&set_up.sheet, &set_up.origin)?.trim_end());
    } else if options.json {
        say(&serde_json::to_string_pretty(&as_json(path, &set_up)?)?);
    } else {
        let spoken = options.lang.map(Language::from);
        let language = spoken.or(environment.language).unwrap_or(Language::En);
        say(&as_text(path, &set_up, &SheetWords::load(language)?)?);
    }
    let [faults, _] = &set_up.sheet.told;
    if !faults.is_empty() {
        bail!(
            "{} fault(s) stand at the top of the sheet: mend them first",
            faults.len()
        );
    }
    Ok(())
}

fn as_json(path: &Path, set_up: &SetUp) -> anyhow::Result<Value> {
    let words = [
        SheetWords::load(Language::Fr)?,
        SheetWords::load(Language::En)?,
    ];
    let mut parts = Vec::new();
    for Part { heading, rows } in &set_up.sheet.parts {
        let rows: anyhow::Result<Vec<_>> = { rows.iter() }
            .map(|row| row_as_json(path, row, &words))
            .collect();
        parts.push(json!({ "part": heading.slug(), "rows": rows? }));
    }
    let [mend_first, look_at] = &set_up.sheet.told;
    let as_told = |told: &[Told]| {
        let told = { told.iter() }.map(|told| typed(&told.english.to_string(), path));
        told.collect::<Value>()
    };
    Ok(json!({
        "sp": set_up.sheet.short_name.as_str(),
        "origin": set_up.origin,
        "enabled": set_up.sheet.is_enabled,
        "mend-first": as_told(mend_first),
        "look-at": as_told(look_at),
        "parts": parts,
    }))
}

fn row_as_json(
    path: &Path,
    row: &Row,
    [french, english]: &[SheetWords; 2],
) -> anyhow::Result<Value> {
    let note = match &row.note {
        Some(note) => {
            let [french, english] =
                [french.note(note)?, english.note(note)?].map(|note| typed(&note, path));
            json!({ "fr": french, "en": english })
        }
        None => Value::Null,
    };
    let (value, lines) = match &row.entry {
        Entry::Choose(value) | Entry::Paste(value) => (Some(value), Value::Null),
        Entry::Lines { attribute, lines } => {
            let lines = lines
                .iter()
                .map(|line| json!({ "contains": line.contains, "gives": line.gives }));
            (Some(attribute), lines.collect())
        }
        Entry::Missing | Entry::Step | Entry::Tick | Entry::Untick | Entry::Unused => {
            (None, Value::Null)
        }
    };
    Ok(json!({
        "field": row.field,
        "do": row.entry.slug(),
        "value": value,
        "lines": lines,
        "note": note,
    }))
}

fn as_text(path: &Path, set_up: &SetUp, words: &SheetWords) -> anyhow::Result<String> {
    let subject = words.subject(&set_up.sheet, &set_up.origin)?;
    let mut lines = vec![words.title()?];
    lines.extend(filled(&words.lead()?).chain(filled(&subject)));
    if !set_up.sheet.is_enabled {
        let off = words.switched_off(&set_up.sheet)?;
        lines.extend(std::iter::once(String::new()).chain(filled(&off)));
    }
    for (heading, told) in words.told()?.iter().zip(&set_up.sheet.told) {
        if !told.is_empty() {
            lines.extend([String::new(), format!("== {heading} ==")]);
        }
        for told in told {
            let told = typed(&words.warning(told)?, path);
            lines.push(format!("\n{told}"));
        }
    }
    for Part { heading, rows } in &set_up.sheet.parts {
        let heading = words.heading(*heading)?;
        lines.extend([String::new(), format!("== {heading} ==")]);
        for row in rows {
            lines.push(String::new());
            lines.extend(row_as_text(path, row, words)?);
        }
    }
    Ok(lines.join("\n"))
}

fn row_as_text(path: &Path, row: &Row, words: &SheetWords) -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    if !row.field.is_empty() {
        lines.push(row.field.to_string());
    }
    if let Some(doing) = words.doing_with_value(&row.entry)? {
        lines.push(format!("    {doing}"));
    }
    if let Entry::Lines {
        lines: of_field, ..
    } = &row.entry
    {
        let widest = of_field
            .iter()
            .map(|line| line.contains.chars().count())
            .max();
        let widest = widest.unwrap_or_default();
        let of_field = of_field
            .iter()
            .map(|line| format!("        {:<widest$} -> {}", line.contains, line.gives));
        lines.extend(of_field);
    }
    if let Some(note) = &row.note {
        let note = typed(&words.note(note)?, path);
        lines.extend(filled(&note).map(|line| format!("    {line}")));
    }
    Ok(lines)
}

/// The words of a text, in lines that are not wider than a terminal. A command is one of them: nobody could paste it out of
/// two lines.
fn filled(text: &str) -> impl Iterator<Item = String> {
    let mut lines: Vec<String> = Vec::new();
    for word in with_whole_commands(text).split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.replace(JOINT, " "))
}

/// `text` with a joint for each space of its commands, which stand in quotation marks or parentheses.
fn with_whole_commands(text: &str) -> String {
    let mut parts = text.split(PROGRAM);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['”', '»', ')']);
        let command = end.and_then(|end| part.split_at_checked(end));
        if let Some((command, rest)) = command {
            whole.push_str(&[PROGRAM, command].concat().replace(' ', JOINT));
            whole.push_str(rest);
        } else {
            whole.push_str(PROGRAM);
            whole.push_str(part);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_broken_over_no_two_lines_and_everything_else_is() {
        let (long, command) = (
            "word ".repeat(14),
            "passerelle --config 'a b.toml' sp show zoom",
        );
        for text in [
            format!("{long}(“{command}”). {long}"),
            format!("{long}«\u{a0}{command}\u{a0}» {long}"),
            format!("{long}({command}): {long}"),
        ] {
            let lines: Vec<_> = filled(text.trim_end()).collect();
            assert!(lines.len() > 2, "{lines:?}");
            assert!(lines.iter().any(|line| line.contains(command)), "{lines:?}");
            assert_eq!(lines.join(" "), text.trim_end());
            let width = lines.iter().map(|line| line.chars().count()).max();
            assert!(width <= Some(WIDTH), "{lines:?}");
        }
        // What nothing closes is no command.
        let text = format!("passerelle {long}{long}");
        assert_eq!(filled(text.trim_end()).count(), 2);
    }
}
