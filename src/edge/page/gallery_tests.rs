use std::collections::BTreeSet;

use super::*;
use crate::edge::page::{sheet, specimens::STOP_REASONS, test_support};

/// The names of the variants of an enum in a file of ours.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    test_support::variants(source, name).into_iter().collect()
}

/// The name of a variant, from how it is printed.
fn variant(value: &impl std::fmt::Debug) -> String {
    let printed = format!("{value:?}");
    let name = printed.split(|c: char| !c.is_ascii_alphanumeric()).next();
    name.unwrap().to_owned()
}

/// What of each page, and of what it shows, is in the gallery: the names of variants.
#[derive(Default)]
struct Shown {
    pages: BTreeSet<String>,
    refusals: BTreeSet<String>,
    ends: BTreeSet<String>,
    real: BTreeSet<String>,
    taken: BTreeSet<String>,
    methods: BTreeSet<String>,
}

impl Shown {
    fn look(&mut self, page: &Page<'_>) {
        self.pages.insert(variant(page));
        match page {
            Page::Login { refused, .. } => self.refusals.extend(refused.iter().map(variant)),
            Page::PasswordEnds(ending) => {
                self.ends.insert(variant(&ending.ends));
            }
            Page::Stop(stop) => self.real.extend(stop.trial.iter().map(variant)),
            Page::Trial(trial) => {
                let origins = trial.attributes.iter().map(|told| &told.origin);
                let origins = origins.chain(trial.name.iter().map(|(_, origin)| origin));
                self.taken
                    .extend(origins.map(|origin| variant(&origin.taken)));
                self.methods.insert(variant(&trial.method));
            }
            Page::Start { .. }
            | Page::Post { .. }
            | Page::PostFault { .. }
            | Page::LogoutConfirm { .. }
            | Page::LoggedOut
            | Page::NothingToLogOut
            | Page::NotFound { .. }
            | Page::Framed
            | Page::Trials { .. }
            | Page::Home { .. } => {}
        }
    }
}

#[test]
fn every_page_is_shown_in_every_state_that_has_words_of_its_own() {
    let gallery = Gallery::default();
    let mut shown = Shown::default();
    for (_, page) in &gallery.pages() {
        shown.look(page);
    }
    let of_pages = include_str!("../page.rs");
    let of_trials = include_str!("../../flow/trial/answered.rs");
    for (found, source, name) in [
        (shown.pages, of_pages, "Page"),
        (shown.refusals, of_pages, "Refusal"),
        (shown.ends, of_pages, "PasswordEnd"),
        (shown.real, include_str!("stop.rs"), "RealSignIn"),
        (shown.taken, of_trials, "Taken"),
        (
            shown.methods,
            include_str!("../../model/proof.rs"),
            "AuthnMethod",
        ),
    ] {
        assert_eq!(found, variants(source, name), "{name}");
    }
}

#[test]
fn every_reason_for_a_stop_is_shown_under_a_name_of_its_own() {
    let gallery = Gallery::default();
    let pages = gallery.pages();
    let names: BTreeSet<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), pages.len(), "two pages of one name");
    for reason in &STOP_REASONS {
        let name = format!("stop-{}", reason.slug());
        assert!(names.contains(&*name), "{name}");
    }
    let long: BTreeSet<_> = names
        .iter()
        .filter_map(|it| it.strip_prefix("long-"))
        .collect();
    for name in LONG_PAGES {
        assert!(long.contains(name), "{name}");
    }
}

#[test]
fn both_verdicts_on_both_kinds_of_rules_are_shown_and_all_that_may_be_said_beside_them() {
    let trials = trials();
    let has = |wanted: fn(&Trial) -> bool| trials.iter().any(|(_, trial)| wanted(trial));
    for has_own_rules in [true, false] {
        for is_taken in [true, false] {
            let is_shown = trials.iter().any(|(_, trial)| {
                trial.has_own_rules == has_own_rules && trial.is_taken() == is_taken
            });
            assert!(is_shown, "own rules: {has_own_rules}, taken: {is_taken}");
        }
    }
    let taken = trials.iter().filter(|(_, trial)| trial.is_taken());
    let shut_out = taken.filter_map(|(_, trial)| trial.shut_out_by);
    let shut_out: BTreeSet<_> = shut_out.map(|how| variant(&how)).collect();
    let ways = variants(include_str!("../../setup/accounts.rs"), "ShutOut");
    assert_eq!(shut_out, ways);
    assert!(has(|trial| trial.is_taken() && trial.would_be_encrypted));
    assert!(has(
        |trial| trial.is_taken() && trial.reading.advice().next().is_some()
    ));
    assert!(has(
        |trial| trial.name.is_none() && trial.attributes.is_empty()
    ));
    assert!(has(|trial| trial.behind.is_none() && trial.is_from_session));
    assert!(has(|trial| trial.reading.findings.len() == Rule::ALL.len()));
}

#[test]
fn a_trial_that_stops_is_shown_with_and_without_values_rules_and_what_is_behind_it() {
    let trials = stopped_trials();
    for is_listed in [true, false] {
        for has_rule in [true, false] {
            let is_shown = trials.iter().any(|(_, trial)| {
                let mut made_of = trial.made_of.iter();
                trial.behind.is_some() == is_listed
                    && made_of.any(|one| {
                        let is_empty = one.values.as_ref().map(Vec::is_empty);
                        one.rule.is_some() == has_rule && is_empty == Some(has_rule)
                    })
            });
            assert!(is_shown, "listed: {is_listed}, rule: {has_rule}");
        }
    }
    let gallery = Gallery::default();
    let pages = gallery.pages();
    let shown = pages
        .iter()
        .filter(|(_, page)| matches!(page, Page::Stop(stop) if stop.shown.is_some()));
    assert_eq!(shown.count(), trials.len());
}

#[test]
fn the_sheet_has_every_kind_of_entry_every_heading_and_every_note_and_says_what_to_mend_first() {
    let sheet = sheet_to_mend().unwrap();
    let rows = || sheet.parts.iter().flat_map(|part| &part.rows);
    let source = include_str!("../../setup/sheet.rs");
    for (found, name) in [
        (
            sheet.parts.iter().map(|it| variant(&it.heading)).collect(),
            "Heading",
        ),
        (rows().map(|row| variant(&row.entry)).collect(), "Entry"),
        (
            rows()
                .filter_map(|row| row.note.as_ref().map(variant))
                .collect(),
            "Note",
        ),
    ] {
        let found: BTreeSet<String> = found;
        assert_eq!(found, variants(source, name), "{name}");
    }
    assert!(sheet.parts.iter().all(|part| !part.rows.is_empty()));
    let html = sheet::write(&sheet, "https://idp.example.org").unwrap();
    assert!(html.contains("id=\"mend-first\"") && html.contains("id=\"look-at\""));
    assert!(html.contains("<p class=\"switched-off\">"));
}
