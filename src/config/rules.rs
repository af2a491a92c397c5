//! Reads the rules by which one provider is answered: in `[sp.<short name>]` and in a preset.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;
use toml::value::Datetime;

use super::{
    document::{Report, Table},
    sections::{FieldLine, NameFormat, NameId, NamedValue, Release, Rules, Values, When},
};

/// Takes every key of the rules out of `table`.
pub(super) fn read(table: &mut Table<'_>, report: &mut Report) -> Rules {
    let max_authn_age_minutes = read_minutes(table, "max-authn-age-minutes", report);
    let session_minutes = read_minutes(table, "session-minutes", report);
    Rules {
        display_name: table.localized("display-name", report),
        require_signed_requests: table.optional("require-signed-requests", report),
        sha1_until: read_date(table, "sha1-until", report),
        sign: table.optional("sign", report),
        signature: table.optional("signature", report),
        encrypt: table.optional("encrypt", report),
        cipher: table.optional("cipher", report),
        key_transport: table.optional("key-transport", report),
        max_authn_age_minutes,
        session_minutes,
        name_id: table
            .table("name-id", report)
            .and_then(|name_id| read_name_id(name_id, report)),
        release: table
            .tables("release", report)
            .map(|tables| read_releases(tables, report)),
        service: table.optional("service", report),
    }
}

/// A day, as TOML writes it: `2027-06-30`, without quotes.
pub(super) fn read_date(
    table: &mut Table<'_>,
    key: &'static str,
    report: &mut Report,
) -> Option<Date> {
    let written: Datetime = table.optional(key, report)?;
    let date = match written {
        Datetime {
            date: Some(date),
            time: None,
            offset: None,
        } => {
            let [month, day] = [date.month, date.day].map(i8::try_from);
            let year = i16::try_from(date.year);
            year.ok()
                .zip(month.ok().zip(day.ok()))
                .and_then(|(year, (month, day))| Date::new(year, month, day).ok())
        }
        Datetime { .. } => None,
    };
    if date.is_none() {
        report
            .fault(&table.at(key), "is not a day")
            .hint("write a day alone, without quotes: 2027-06-30");
    }
    date
}

fn read_minutes(table: &mut Table<'_>, key: &'static str, report: &mut Report) -> Option<u32> {
    let minutes = table.optional(key, report);
    if minutes == Some(0) {
        report.fault(&table.at(key), "must not be 0");
    }
    minutes
}

/// The words of `name-id.format`.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NameIdWord {
    EmailAddress,
    None,
    Persistent,
    Transient,
    Unspecified,
}

fn read_name_id(mut table: Table<'_>, report: &mut Report) -> Option<NameId> {
    let format: Option<NameIdWord> = table.required("format", report);
    let from = read_attribute(&mut table, "from", report);
    let place = table.at("from");
    let is_clean = report.is_clean_under(&place);
    table.finish(report);
    match (format?, from) {
        (NameIdWord::EmailAddress, Some(from)) => Some(NameId::EmailAddress { from }),
        (NameIdWord::Persistent, Some(from)) => Some(NameId::Persistent { from }),
        (NameIdWord::Unspecified, Some(from)) => Some(NameId::Unspecified { from }),
        (NameIdWord::EmailAddress | NameIdWord::Persistent | NameIdWord::Unspecified, None) => {
            if is_clean {
                report.fault(&place, "is missing");
            }
            None
        }
        (NameIdWord::None, None) => Some(NameId::None),
        (NameIdWord::Transient, None) => Some(NameId::Transient),
        // It would look as if the name depended on the person.
        (NameIdWord::None | NameIdWord::Transient, Some(_)) => {
            report
                .fault(&place, "stands beside a format that is made from nothing")
                .hint("leave it out, or choose another format");
            None
        }
    }
}

fn read_releases(tables: Vec<Table<'_>>, report: &mut Report) -> Vec<Release> {
    let mut told = BTreeSet::new();
    let mut releases = Vec::new();
    for table in tables {
        let path = table.path();
        let Some(release) = read_release(table, report) else {
            continue;
        };
        // An attribute under one Name twice is read in different ways by different providers.
        let name = match (&release.name, &release.attribute) {
            (Some(name), _) => format!("name {name}"),
            (None, Some(attribute)) => format!("attribute {}", attribute.to_ascii_lowercase()),
            (None, None) => continue,
        };
        if told.insert(name) {
            releases.push(release);
        } else {
            report.fault(&path, "releases the same attribute as an entry before it");
        }
    }
    releases
}

fn read_release(mut table: Table<'_>, report: &mut Report) -> Option<Release> {
    let path = table.path();
    let release = Release {
        attribute: read_attribute(&mut table, "attribute", report),
        name: table.text("name", report),
        name_format: table.optional("name-format", report),
        friendly_name: table.text("friendly-name", report),
        value: table.long_text("value", report),
        values: table.or("values", Values::default(), report),
        required: table.or("required", false, report),
        when: table.or("when", When::default(), report),
        entity_attribute: table
            .table("entity-attribute", report)
            .and_then(|table| read_named_value(table, report)),
        field: table.text("field", report),
        lines: read_lines(&mut table, report),
    };
    table.finish(report);
    if !report.is_clean_under(&path) {
        return None;
    }
    if let Some((what, hint)) = shape_fault(&release) {
        report.fault(&path, what).hint(hint);
        return None;
    }
    Some(release)
}

fn read_lines(table: &mut Table<'_>, report: &mut Report) -> Vec<FieldLine> {
    let tables = table.tables("lines", report).unwrap_or_default();
    let lines = tables.into_iter().filter_map(|mut line| {
        for key in ["contains", "gives"] {
            line.must_be_there(key, report);
        }
        let (contains, gives) = (line.text("contains", report), line.text("gives", report));
        line.finish(report);
        Some(FieldLine {
            contains: contains?,
            gives: gives?,
        })
    });
    lines.collect()
}

fn read_named_value(mut table: Table<'_>, report: &mut Report) -> Option<NamedValue> {
    let name: Option<String> = table.required("name", report);
    let value = table.required("value", report);
    if name.as_ref().is_some_and(|name| !name.contains(':')) {
        report.fault(&table.at("name"), "is no URI");
    }
    table.finish(report);
    Some(NamedValue {
        name: name?,
        value: value?,
    })
}

fn shape_fault(release: &Release) -> Option<(&'static str, &'static str)> {
    const HINT: &str = "write attribute = \"…\" alone, or name = \"…\" with value = \"…\"";
    let (has_name, has_value) = (release.name.is_some(), release.value.is_some());
    match (&release.attribute, has_value) {
        (Some(_), true) => return Some(("has both `attribute` and `value`", HINT)),
        (None, false) => return Some(("has neither `attribute` nor `value`", HINT)),
        (None, true) if !has_name => return Some(("has a `value` without a `name`", HINT)),
        (Some(_), false) | (None, true) => {}
    }
    if !has_name && (release.name_format.is_some() || release.friendly_name.is_some()) {
        return Some((
            "has `name-format` or `friendly-name` without a `name`",
            "they belong to the name; the standard names bring their own",
        ));
    }
    if has_name && release.name_format.is_none() {
        return Some((
            "has a `name` without a `name-format`",
            "write \"basic\" or \"uri\"",
        ));
    }
    if release.field.is_none() && !release.lines.is_empty() {
        return Some((
            "has `lines` without a `field`",
            "write what the provider calls the field on its form",
        ));
    }
    let is_uri = release.name.as_ref().is_some_and(|name| name.contains(':'));
    if release.name_format == Some(NameFormat::Uri) && !is_uri {
        return Some((
            "has name-format \"uri\", and its `name` is no URI",
            "write \"basic\"",
        ));
    }
    None
}

/// The name of one of our attributes.
fn read_attribute(table: &mut Table<'_>, key: &'static str, report: &mut Report) -> Option<String> {
    let name = table.text(key, report)?;
    if is_attribute_name(&name) {
        return Some(name);
    }
    report
        .fault(&table.at(key), "is not the name of an attribute")
        .hint("our own names are words like mail or eduPersonAffiliation, no OIDs");
    None
}

/// Whether `text` can be the name of one of our attributes.
pub(super) fn is_attribute_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
