use std::{collections::BTreeSet, path::Path};

use jiff::civil::date;

use super::*;
use crate::{
    config::{fault::ConfigFault, sections::FieldLine},
    edge::page::{gallery::notes, test_support::variants},
    metadata::finding::Finding,
    model::short_name::ShortName,
    xmlsec::keys::WeakDigest,
};

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
        told: [(); 2].map(|()| {
            let [english, french] = [(); 2].map(|()| ConfigFault::of_file(Path::new(text), text));
            vec![Told { english, french }]
        }),
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
            let words = words.note(&note).unwrap();
            assert!(!words.contains("= “"), "a line to be typed: {words}");
            assert!(seen.insert(words), "{note:?}");
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
    let variants = variants(include_str!("../../setup/sheet.rs"), "Note");
    // The certificate is told of in two ways.
    assert_eq!(notes("x").len(), variants.len() + 1, "the list is whole");
}

/// All that is told of the provider's table and of its own rules; a match without "whatever else" sees to it that each has words.
fn all_said() -> Vec<Said> {
    let own = || "\u{2318}".to_owned();
    vec![
        Said::AuthnAge { minutes: 480 },
        Said::CertificateEnds {
            until: date(2036, 12, 1),
        },
        Said::EllipticKey,
        Said::EllipticNextKey,
        Said::EmailFirst,
        Said::EmailMissing,
        Said::EmailNameId,
        Said::EmailSeveral,
        Said::EmployeeIdChanges { name: own() },
        Said::EmployeeIdMissing,
        Said::Encryption,
        Said::EncryptionToCome,
        Said::EntityIds { other: own() },
        Said::LineWithoutValue {
            name: own(),
            text: own(),
        },
        Said::LinesApart {
            name: own(),
            inner: own(),
            outer: own(),
        },
        Said::MetadataWithoutEnd,
        Said::NameId,
        Said::NameOfTwo,
        Said::NextKey { sp: own() },
        Said::PresentKey { until: own() },
        Said::Session { minutes: 60 },
        Said::Sha1Over { last: own() },
        Said::Sha1Taken { last: own() },
        Said::Signature {
            algorithm: "\u{2318}",
            digest: "\u{2318}",
        },
        Said::SignedAssertion,
        Said::TakenByAnother {
            name: own(),
            value: own(),
            text: own(),
        },
        Said::ValuesOverlap {
            name: own(),
            inner: own(),
            outer: own(),
        },
        Said::ValueWithoutLine {
            name: own(),
            value: own(),
        },
    ]
}

#[test]
fn every_rule_of_the_provider_is_told_in_french_and_english_and_its_lines_can_be_typed_as_they_stand()
 {
    let all = all_said();
    let variants = variants(include_str!("../../setup/said.rs"), "Said");
    assert_eq!(all.len(), variants.len());
    let [french, english] =
        [Language::Fr, Language::En].map(|language| SheetWords::load(language).unwrap());
    let mut seen = BTreeSet::new();
    for said in all {
        let both = [french.said(&said).unwrap(), english.said(&said).unwrap()];
        let [(in_french, its_hint), (in_english, hint)] = &both;
        assert!(in_french != in_english && its_hint != hint, "{said:?}");
        assert!(seen.insert(in_french.clone()) && seen.insert(in_english.clone()));
        for text in [in_french, its_hint, in_english, hint] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            assert!(!text.contains(['“', '”']), "a line to be typed: {text}");
        }
    }
}

#[test]
fn a_value_and_a_day_stand_in_a_sentence_as_each_language_has_them() {
    let sheet = full("\u{2318}");
    let note = Note::Certificate {
        until: date(2036, 12, 1),
        sha256: String::new(),
    };
    let said = Said::CertificateEnds {
        until: date(2036, 12, 1),
    };
    for (language, colon, until, ends) in [
        (
            Language::Fr,
            "\u{a0}: ",
            "au 1er décembre 2036",
            "le 1er décembre 2036",
        ),
        (Language::En, ": ", "until 2036-12-01", "on 2036-12-01"),
    ] {
        let words = SheetWords::load(language).unwrap();
        for row in &sheet.parts[0].rows[..9] {
            let told = words.doing_with_value(&row.entry).unwrap();
            let doing = words.doing(&row.entry).unwrap();
            let told_alone = matches!(
                row.entry,
                Entry::Missing | Entry::Step | Entry::Tick | Entry::Untick | Entry::Unused
            );
            let value = if told_alone {
                String::new()
            } else {
                format!("{colon}\u{2318}")
            };
            assert_eq!(told, doing.map(|doing| doing + &value), "{:?}", row.entry);
        }
        let note = words.note(&note).unwrap();
        assert!(note.contains(until), "{note}");
        let (what, _) = words.said(&said).unwrap();
        assert!(what.contains(ends), "{what}");
    }
}

#[test]
fn a_value_of_the_configuration_stands_on_the_sheet_with_the_very_characters_that_it_has() {
    let value = "\"personnel de l’UPV, dit “titulaire”\"";
    let said = Said::ValueWithoutLine {
        name: "l’attribut “licence”".to_owned(),
        value: value.to_owned(),
    };
    let remark = Remark::Finding(Finding::CertificateWeakDigest {
        subject: "CN=l’UPV “Zoom”".to_owned(),
        digest: WeakDigest::Md5,
    });
    let sp = ShortName::parse("zoom").unwrap();
    for language in Language::ALL {
        let words = SheetWords::load(language).unwrap();
        let (what, _) = words.said(&said).unwrap();
        assert!(what.contains(value), "{what}");
        assert!(what.contains("l’attribut “licence”"), "{what}");
        let (what, _) = words.remark(&remark, &sp).unwrap();
        assert!(what.contains("CN=l’UPV “Zoom”"), "{what}");
        assert!(what.contains("MD5"), "{what}");
    }
}

#[test]
fn what_is_told_of_the_provider_is_said_in_the_language_that_is_chosen() {
    let told = |what: &str, hint: &str| {
        let mut fault = ConfigFault::of_file(Path::new("zoom.toml"), what);
        fault.line = Some(7);
        fault.key = "sp.zoom.sign".to_owned();
        fault.hint(hint);
        fault
    };
    let both = Told {
        english: told("is wrong", "mend it"),
        french: told("ne va pas", "à corriger"),
    };
    let english = "zoom.toml:7: sp.zoom.sign: is wrong\n    hint: mend it";
    let french = "zoom.toml:7: sp.zoom.sign\u{a0}: ne va pas\n    conseil\u{a0}: à corriger";
    for (language, text) in [(Language::Fr, french), (Language::En, english)] {
        let words = SheetWords::load(language).unwrap();
        assert_eq!(words.warning(&both).unwrap(), text);
    }
    let sheet = Sheet {
        told: [vec![both.clone()], vec![both]],
        ..full("x")
    };
    let html = write(&sheet, "https://idp.example.org").unwrap();
    assert_eq!(html.matches("ne va pas").count(), 2);
    assert_eq!(html.matches("is wrong").count(), 2);
    assert!(!html.contains("<li lang="), "each is said in both");
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
