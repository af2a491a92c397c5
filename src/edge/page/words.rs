//! The texts of the pages in one language, from `locales/*.ftl` (Fluent).
//!
//! A text that is missing, or that lacks an argument, is an error and never a half-written
//! sentence. The tests below see to it that no page can meet that error.

use std::{borrow::Cow, sync::Arc};

use fluent_bundle::{FluentArgs, FluentError, FluentResource, concurrent::FluentBundle};
use jiff::civil::Date;
use unic_langid::LanguageIdentifier;

use crate::model::language::Language;

/// Why a text could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// The file of texts breaks the grammar of Fluent, or names one text twice.
    #[error("the texts of language {language} are not written as Fluent asks")]
    Unreadable {
        /// Tag of the language.
        language: &'static str,
    },
    /// The file has no such text.
    #[error("no text is called {key}")]
    UnknownKey {
        /// The name that was asked for.
        key: String,
    },
    /// The text asks for something that it was not given.
    #[error("text {key} was not given what it asks for")]
    Unfilled {
        /// The name of the text.
        key: String,
        /// The first fault found.
        #[source]
        fault: Option<FluentError>,
    },
}

/// The texts of one language.
pub(super) struct Words {
    bundle: FluentBundle<Arc<FluentResource>>,
}

/// What is done to the parts of a text that are its own.
pub(super) type Transform = fn(&str) -> Cow<'_, str>;

impl Words {
    /// Reads the texts of the pages in `language` out of the program itself.
    ///
    /// # Errors
    ///
    /// The file does not follow the grammar; a test reads both files, so no release does this.
    pub(super) fn load(language: Language) -> Result<Self, WordsError> {
        Self::of(language, &[read(language, source(language))?], None)
    }

    /// The same with what administrators are told: no page of the server carries that.
    ///
    /// # Errors
    ///
    /// As above.
    pub(super) fn for_administrators(language: Language) -> Result<Self, WordsError> {
        Self::of(language, &all_of(language)?, None)
    }

    /// Those twice: as they are, and with `typed` done to what is their own, and to nothing that a text is filled with.
    ///
    /// # Errors
    ///
    /// As above.
    pub(super) fn as_they_are_and_typed(
        language: Language,
        typed: Transform,
    ) -> Result<[Self; 2], WordsError> {
        let texts = all_of(language)?;
        Ok([
            Self::of(language, &texts, None)?,
            Self::of(language, &texts, Some(typed))?,
        ])
    }

    fn of(
        language: Language,
        texts: &[Arc<FluentResource>],
        transform: Option<Transform>,
    ) -> Result<Self, WordsError> {
        let unreadable = || unreadable(language);
        let tag: LanguageIdentifier = language.tag().parse().map_err(|_fault| unreadable())?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Both languages run from left to right: the isolating marks would only end up in what
        // people copy from the page.
        bundle.set_use_isolating(false);
        bundle.set_transform(transform);
        for resource in texts {
            bundle
                .add_resource(Arc::clone(resource))
                .map_err(|_faults| unreadable())?;
        }
        Ok(Self { bundle })
    }

    /// Writes the text called `key` (`message` or `message.attribute`). The result is plain text:
    /// whoever puts it on a page escapes it.
    ///
    /// # Errors
    ///
    /// There is no such text, or it asks for an argument that it was not given.
    pub(super) fn text(&self, key: &str, arguments: &FluentArgs<'_>) -> Result<String, WordsError> {
        let (name, attribute) = match key.split_once('.') {
            Some((name, attribute)) => (name, Some(attribute)),
            None => (key, None),
        };
        let pattern = self
            .bundle
            .get_message(name)
            .and_then(|message| match attribute {
                Some(attribute) => message.get_attribute(attribute).map(|found| found.value()),
                None => message.value(),
            })
            .ok_or_else(|| WordsError::UnknownKey {
                key: key.to_owned(),
            })?;
        let mut faults = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(arguments), &mut faults)
            .into_owned();
        if faults.is_empty() {
            Ok(text)
        } else {
            Err(WordsError::Unfilled {
                key: key.to_owned(),
                fault: faults.into_iter().next(),
            })
        }
    }
}

/// What a text is filled with in which a day stands (`date`).
pub(super) fn of_day(date: Date) -> FluentArgs<'static> {
    let mut arguments = FluentArgs::new();
    arguments.set("day", date.day());
    arguments.set("month", date.month());
    // A number would be grouped by thousands, or may be one day.
    arguments.set("year", date.year().to_string());
    arguments
}

const fn unreadable(language: Language) -> WordsError {
    WordsError::Unreadable {
        language: language.tag(),
    }
}

fn read(language: Language, source: &str) -> Result<Arc<FluentResource>, WordsError> {
    FluentResource::try_new(source.to_owned())
        .map(Arc::new)
        .map_err(|(_kept, _faults)| unreadable(language))
}

fn all_of(language: Language) -> Result<[Arc<FluentResource>; 2], WordsError> {
    Ok([
        read(language, source(language))?,
        read(language, administration(language))?,
    ])
}

/// The file of texts of `language`.
const fn source(language: Language) -> &'static str {
    match language {
        Language::Fr => include_str!("../../../locales/fr.ftl"),
        Language::En => include_str!("../../../locales/en.ftl"),
    }
}

/// What administrators are told in `language` of what says itself in English: findings, and what they must see to.
const fn administration(language: Language) -> &'static str {
    match language {
        Language::Fr => include_str!("../../../locales/administration.fr.ftl"),
        Language::En => "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        edge::page::{sheet, specimens, template::SOURCES, trial},
        model::trace::Verdict,
        sp_check::Rule,
    };

    /// Every `message` and `message.attribute` that a file defines, and what each of them asks for.
    fn defined(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
        let mut message = "";
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let is_key = |key: &str| {
                !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            };
            match line.split_once(" =") {
                Some((key, _)) if is_key(key) => {
                    message = key;
                    found.push((key.to_owned(), BTreeSet::new()));
                }
                Some((key, _)) if key.trim().strip_prefix('.').is_some_and(is_key) => {
                    found.push((format!("{message}{}", key.trim()), BTreeSet::new()));
                }
                Some(_) | None => {}
            }
            for argument in line.split('$').skip(1) {
                let name = argument
                    .split(|c: char| !c.is_ascii_lowercase())
                    .next()
                    .unwrap();
                found.last_mut().unwrap().1.insert(name.to_owned());
            }
        }
        assert!(found.len() > 100, "the test must see the keys");
        let count = found.len();
        let found: BTreeSet<_> = found.into_iter().collect();
        assert_eq!(found.len(), count);
        found
    }

    /// Every key that a template, or the code beside the templates, names.
    fn used() -> BTreeSet<String> {
        let in_templates = SOURCES
            .iter()
            .chain(&sheet::SOURCES)
            .flat_map(|(_, text)| text.split("t(\"").skip(1));
        let code = concat!(
            include_str!("finding.rs"),
            include_str!("interview.rs"),
            include_str!("matter.rs"),
            include_str!("remark.rs"),
            include_str!("sheet.rs"),
            include_str!("stop.rs"),
            include_str!("template.rs"),
            include_str!("trial.rs")
        );
        let in_code = code.split("key(\"").skip(1);
        let stops = specimens::STOP_REASONS.iter().flat_map(|reason| {
            let key = format!("stop-{}", reason.slug());
            [
                key.clone(),
                format!("{key}.sentence"),
                format!("{key}.advice"),
            ]
        });
        let hints = in_code.clone().filter_map(|rest| {
            let key = rest.split('"').next()?;
            let has_a_hint = key.starts_with("zoom-rule-")
                || key.starts_with("provider-")
                || ["sheet-told-next-key", "sheet-told-present-key"].contains(&key);
            has_a_hint.then(|| format!("{key}.hint"))
        });
        let rules = Rule::ALL.iter().map(|rule| trial::rule_key(*rule));
        let verdicts = Verdict::every(1, "").into_iter();
        let verdicts = verdicts.map(|verdict| trial::verdict_key(&verdict));
        in_templates
            .chain(in_code)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .chain(hints)
            .chain(stops)
            .chain(rules)
            .chain(verdicts)
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_texts_and_the_same_gaps_to_fill() {
        let [french, english] = [Language::Fr, Language::En].map(|it| defined(source(it)));
        let one_sided: Vec<_> = french.symmetric_difference(&english).collect();
        assert!(one_sided.is_empty(), "{one_sided:?}");
    }

    #[test]
    fn every_text_that_is_used_exists_and_every_text_that_exists_is_used() {
        let defined: BTreeSet<String> = [source, administration]
            .into_iter()
            .flat_map(|file| defined(file(Language::Fr)))
            .map(|(key, _)| key)
            .collect();
        let used = used();
        let unknown: Vec<_> = used.difference(&defined).collect();
        let unused: Vec<_> = defined.difference(&used).collect();
        assert!(
            unknown.is_empty() && unused.is_empty(),
            "unknown {unknown:?}, unused {unused:?}"
        );
    }

    #[test]
    fn a_broken_rule_is_told_in_one_sentence_of_its_own() {
        for language in Language::ALL {
            let words = Words::load(language).unwrap();
            let figures = trial::figures();
            let mut sentences: Vec<String> = Rule::ALL
                .iter()
                .map(|rule| words.text(&trial::rule_key(*rule), &figures).unwrap())
                .collect();
            for sentence in &sentences {
                assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase));
                assert!(!sentence.trim_end_matches('.').contains(". "), "{sentence}");
            }
            sentences.sort_unstable();
            sentences.dedup();
            assert_eq!(sentences.len(), Rule::ALL.len());
        }
    }

    #[test]
    fn an_unknown_key_and_a_missing_argument_are_errors() {
        let words = Words::load(Language::Fr).unwrap();
        let none = FluentArgs::new();
        for key in ["no-such-text", "stop-busy.no-such-part", "stop-busy.", ""] {
            assert!(
                matches!(words.text(key, &none), Err(WordsError::UnknownKey { .. })),
                "{key}"
            );
        }
        let unfilled = words.text("login-title", &none);
        assert!(matches!(
            unfilled,
            Err(WordsError::Unfilled { fault: Some(_), .. })
        ));
    }

    #[test]
    fn the_pages_of_the_server_carry_nothing_that_is_for_administrators_alone() {
        let none = FluentArgs::new();
        let [public, whole] =
            [Words::load, Words::for_administrators].map(|read| read(Language::Fr).unwrap());
        for (key, _) in defined(administration(Language::Fr)) {
            let unknown = |words: &Words| {
                let said = words.text(&key, &none);
                matches!(said, Err(WordsError::UnknownKey { .. }))
            };
            assert!(unknown(&public) && !unknown(&whole), "{key}");
        }
    }

    #[test]
    fn numbers_are_said_as_each_language_says_them() {
        for (language, seconds, said) in [
            (Language::Fr, 1_u64, "dans une seconde."),
            (Language::Fr, 30, "dans 30 secondes."),
            (Language::En, 1, "in one second."),
            (Language::En, 30, "in 30 seconds."),
        ] {
            let mut arguments = FluentArgs::new();
            arguments.set("seconds", seconds);
            let text = Words::load(language)
                .unwrap()
                .text("login-refused-wait-seconds", &arguments)
                .unwrap();
            assert!(text.ends_with(said), "{text}");
        }
    }

    #[test]
    fn french_is_set_as_french_typography_asks() {
        for line in [source, administration]
            .iter()
            .flat_map(|file| file(Language::Fr).lines())
            .filter(|line| !line.starts_with('#'))
        {
            // A key, a selector: what is left is what people read.
            let text = line.split_once(['=', ']']).map_or(line, |(_, text)| text);
            if text.trim_end().ends_with("->") {
                continue;
            }
            assert_is_set_as_french(text);
        }
    }

    fn assert_is_set_as_french(text: &str) {
        assert!(!text.contains(['\'', '"']), "straight quote: {text}");
        assert!(!text.contains("..."), "three full stops: {text}");
        let characters: Vec<char> = text.chars().collect();
        for pair in characters.windows(2) {
            match pair {
                [before, ';' | '!' | '?'] => assert_eq!(*before, '\u{202f}', "{text}"),
                [before, ':' | '»'] => assert_eq!(*before, '\u{a0}', "{text}"),
                ['«', after] => assert_eq!(*after, '\u{a0}', "{text}"),
                _ => {}
            }
        }
    }

    /// The text of the university's start page, without its links.
    fn home(text: &str) -> String {
        let links = text
            .split("](")
            .map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
        let front = |line: &str| {
            line.split_once(" = ")
                .map_or("", |(_, value)| value)
                .trim_matches('"')
                .to_owned()
        };
        let text: String = links.collect();
        let (before, body) = text.split_once("\n+++\n").unwrap();
        let said: Vec<_> = before
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(front)
            .collect();
        format!("{}\n{body}", said.join("\n"))
    }

    #[test]
    fn the_start_page_of_the_university_is_set_as_each_language_asks() {
        let french = home(include_str!("../../../config/texts/home.fr.md"));
        let english = home(include_str!("../../../config/texts/home.en.md"));
        assert!(french.contains("45\u{202f}000\u{a0}euros") && french.contains("226-1"));
        assert!(english.contains("45,000 euros") && english.contains("226-1"));
        french.lines().for_each(assert_is_set_as_french);
        assert!(!english.contains(['\'', '"']), "{english}");
        // What the one says, the other says.
        let parts = |text: &str| text.lines().filter(|line| line.starts_with("## ")).count();
        assert_eq!(
            (parts(&french), french.lines().count()),
            (parts(&english), english.lines().count())
        );
        assert_eq!(parts(&french), 6);
    }

    #[test]
    fn english_has_no_straight_quotes() {
        for line in source(Language::En)
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            assert!(!line.contains(['\'', '"']), "{line}");
        }
    }
}
