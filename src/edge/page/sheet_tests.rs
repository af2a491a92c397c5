use std::{collections::BTreeSet, path::Path};

use super::*;
use crate::{
    config::{fault::ConfigFault, sections::FieldLine},
    model::short_name::ShortName,
};

/// Every note there is; a match without "whatever else" in `note_key` sees to it that each has words.
fn notes(text: &str) -> Vec<Note> {
    let own = || text.to_owned();
    vec![
        Note::AutomaticLogout { hours: 8 },
        Note::Binding,
        Note::Certificate {
            until: own(),
            sha256: own(),
        },
        Note::DefaultIsBasic,
        Note::DefaultIsNone,
        Note::Domain,
        Note::Email,
        Note::EmailIsNameId,
        Note::EmailMissing,
        Note::EmployeeId,
        Note::EmployeeIdMissing,
        Note::EncryptionOff,
        Note::EncryptionOn,
        Note::LinesInOrder,
        Note::LinesOfYourOwn,
        Note::ManagedCertificate,
        Note::NameMissing,
        Note::NameRefresh,
        Note::ProvisionUser,
        Note::ResponseLogs,
        Note::SignLogout,
        Note::SignOut,
        Note::SignRequestsLater,
        Note::SignRequestsNeeded,
        Note::SignRequestsUnverified { sp: own() },
        Note::SignRequestsWise,
        Note::SignatureHashDiffers { algorithm: own() },
        Note::SpNameAlone { other: own() },
        Note::SpNameEither { other: own() },
        Note::TransferDomain,
        Note::TransferPeople,
        Note::TransferWhat,
        Note::Unplaced,
        Note::Unsent,
    ]
}

/// A sheet that holds `text` wherever a text can stand.
fn full(text: &str) -> Sheet {
    let entries = [
        Entry::Choose(text.to_owned()),
        Entry::Lines {
            attribute: text.to_owned(),
            lines: vec![FieldLine {
                contains: text.to_owned(),
                gives: text.to_owned(),
            }],
        },
        Entry::Lines {
            attribute: text.to_owned(),
            lines: Vec::new(),
        },
        Entry::Missing,
        Entry::Paste(text.to_owned()),
        Entry::Step,
        Entry::Tick,
        Entry::Untick,
        Entry::Unused,
    ];
    let row = |field: &str, entry: &Entry, note| Row {
        field: field.to_owned().into(),
        entry: entry.clone(),
        note,
    };
    let of_entries = entries.iter().map(|entry| row(text, entry, None));
    let of_notes = notes(text)
        .into_iter()
        .map(|note| row("", &Entry::Step, Some(note)));
    let headings = [
        Heading::AdvancedMapping,
        Heading::BasicMapping,
        Heading::Domains,
        Heading::Security,
        Heading::SignOn,
        Heading::Transfer,
        Heading::Unplaced,
    ];
    let rows: Vec<_> = of_entries.chain(of_notes).collect();
    Sheet {
        short_name: ShortName::parse("zoom").unwrap(),
        is_enabled: false,
        told: [(); 2].map(|()| vec![ConfigFault::of_file(Path::new(text), text)]),
        parts: headings
            .map(|heading| Part {
                heading,
                rows: rows.clone(),
            })
            .into(),
    }
}

#[test]
fn every_note_heading_and_entry_has_words_of_its_own_in_both_languages() {
    let sheet = full("x");
    for language in Language::ALL {
        let words = SheetWords::load(language).unwrap();
        let mut seen = BTreeSet::new();
        for note in notes("x") {
            assert!(seen.insert(words.note(&note).unwrap()), "{note:?}");
        }
        for part in &sheet.parts {
            let heading = words.heading(part.heading).unwrap();
            assert!(seen.insert(heading), "{:?}", part.heading);
        }
        for row in &sheet.parts[0].rows[..9] {
            let doing = words.doing(&row.entry).unwrap();
            assert_eq!(doing.is_none(), row.entry == Entry::Step);
        }
    }
    let source = include_str!("../../setup/sheet.rs");
    let listed = source.split_once("pub enum Note {").unwrap().1;
    let variants = listed.lines().filter(|line| {
        let line = line.trim_end_matches([',', '{', ' ']);
        line.starts_with("    ")
            && !line.starts_with("     ")
            && line
                .trim()
                .starts_with(|first: char| first.is_ascii_uppercase())
    });
    assert_eq!(
        notes("x").len(),
        variants.count(),
        "the list of the test is whole"
    );
}

#[test]
fn the_file_asks_nobody_for_anything_and_lets_through_what_it_holds_alone() {
    let html = write(&full("x"), "https://idp.example.org").unwrap();
    let lower = html.to_ascii_lowercase();
    for foreign in [
        " src=",
        "<link",
        "@import",
        "url(",
        "<img",
        "<iframe",
        "<form",
        " style=",
        "javascript:",
        "href=",
    ] {
        assert!(!lower.contains(foreign), "{foreign}");
    }
    assert_eq!(lower.matches("<script").count(), 1);
    assert_eq!(lower.matches("<style").count(), 1);
    let between = |open: &str, close: &str| {
        let after = html.split_once(open).unwrap().1;
        after.split_once(close).unwrap().0.to_owned()
    };
    let policy = between(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"",
        "\">",
    );
    let policy = policy.replace("&#x27;", "'").replace("&#x2f;", "/");
    for (directive, content) in [
        ("default-src", "'none'".to_owned()),
        ("base-uri", "'none'".to_owned()),
        ("form-action", "'none'".to_owned()),
        (
            "style-src",
            format!("'{}'", digest(&between("<style>", "</style>"))),
        ),
        (
            "script-src",
            format!("'{}'", digest(&between("<script>", "</script>"))),
        ),
    ] {
        let stated = policy.split("; ").find_map(|it| it.strip_prefix(directive));
        assert_eq!(stated.map(str::trim), Some(&*content), "{policy}");
    }
    assert!(!html.contains("unsafe"));
}

#[test]
fn r95_markup_in_any_value_is_shown_and_never_obeyed() {
    for hostile in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
    ] {
        let html = write(&full(hostile), hostile).unwrap();
        assert!(!html.contains(hostile));
        assert_eq!(html.matches("<script").count(), 1);
        assert!(!html.contains("<img"));
    }
}

#[test]
fn every_value_to_paste_can_be_copied_and_stands_in_one_place() {
    let html = write(&full("\u{2318}"), "https://idp.example.org").unwrap();
    let pasted = html.matches("data-copy=\"").count();
    // One of its own, two attributes and one line, in each of seven parts.
    assert_eq!(pasted, 7 * 4);
    for piece in html.split("data-copy=\"").skip(1) {
        let id = piece.split('"').next().unwrap();
        let value = format!("<code id=\"{id}\" translate=\"no\">\u{2318}</code>");
        assert_eq!(html.matches(&value).count(), 1, "{id}");
    }
}
