//! The languages we speak to people in.

use serde::{Deserialize, Serialize};

/// A language of our pages; French comes first.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Language {
    /// Every language, in the order in which a page offers them.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The tag of BCP 47.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// Finds the language of a tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Finds the language of a POSIX locale, like `fr_FR.UTF-8`.
    pub fn from_locale(locale: &str) -> Option<Self> {
        Self::from_tag(locale.split(['_', '.', '@']).next()?)
    }

    /// Picks the language that an `Accept-Language` header ranks highest among ours (RFC 9110
    /// §12.5.4); French when it names neither.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = None;
        for range in header.split(',').take(32) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |q| q.parse::<f32>().ok())
                .filter(|weight| (0.0..=1.0).contains(weight))
                .unwrap_or(0.0);
            let primary = tag
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            if let Some(language) = Self::from_tag(&primary)
                && weight > best.map_or(0.0, |(_, best)| best)
            {
                best = Some((language, weight));
            }
        }
        best.map_or_else(Self::default, |(language, _)| language)
    }
}

/// A text in French and, where it was written, in English.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    /// The French text.
    pub fr: String,
    /// The English text; the French one is shown where there is none.
    #[serde(default)]
    pub en: Option<String>,
}

impl Localized {
    /// The text in `language`, or in French.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Fr => &self.fr,
            Language::En => self.en.as_deref().unwrap_or(&self.fr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_begins_with_its_language() {
        for (locale, language) in [
            ("fr_FR.UTF-8", Some(Language::Fr)),
            ("fr@euro", Some(Language::Fr)),
            ("en.UTF-8", Some(Language::En)),
            ("fro_FR", None),
            ("C", None),
            ("", None),
        ] {
            assert_eq!(Language::from_locale(locale), language, "{locale}");
        }
    }

    #[test]
    fn the_highest_ranked_of_our_languages_is_picked_and_french_otherwise() {
        for (header, language) in [
            ("", Language::Fr),
            ("de", Language::Fr),
            ("en", Language::En),
            ("en-GB,en;q=0.9,fr;q=0.8", Language::En),
            ("fr;q=0.3, en;q=0.7", Language::En),
            ("de, fr-FR;q=0.5, en;q=0.4", Language::Fr),
            ("en;q=0", Language::Fr),
            ("en;q=NaN", Language::Fr),
            ("en;q=7", Language::Fr),
        ] {
            assert_eq!(Language::from_accept_language(header), language, "{header}");
        }
    }
}
