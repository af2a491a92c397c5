//! The French words of what an administrator must see to, for the mail that tells of it and for the sheet of a provider's
//! form.
//!
//! The English ones are those of [`Matter`] itself, which the log and the commands say; so the texts here are French alone.

use fluent_bundle::FluentArgs;
use jiff::Timestamp;

use super::{PageError, template::key, words::Words};
use crate::model::{
    language::Language,
    matter::{Advice, Matter},
};

/// The words of it in French, and those of the mail.
pub struct FrenchMatters(Words);

impl std::fmt::Debug for FrenchMatters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrenchMatters(…)")
    }
}

impl FrenchMatters {
    /// Reads the words.
    ///
    /// # Errors
    ///
    /// The file of texts is broken, which tests exclude.
    pub fn load() -> Result<Self, PageError> {
        Ok(Self(Words::for_administrators(Language::Fr)?))
    }

    /// The subject, for the server of this origin.
    ///
    /// # Errors
    ///
    /// A text is missing, which tests exclude; so below.
    pub fn subject(&self, server: &str, is_trial: bool) -> Result<String, PageError> {
        let key = if is_trial {
            key("mail-subject-trial")
        } else {
            key("mail-subject")
        };
        let arguments = [("server", server)].into_iter().collect();
        Ok(self.0.text(key, &arguments)?)
    }

    /// That nothing ends.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn trial(&self) -> Result<String, PageError> {
        Ok(self.0.text(key("mail-trial"), &FluentArgs::new())?)
    }

    /// Where all of it can be seen.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn closing(&self) -> Result<String, PageError> {
        Ok(self.0.text(key("mail-closing"), &FluentArgs::new())?)
    }

    /// A matter in one sentence, with what to do about it: as it is [told](Self::told).
    ///
    /// # Errors
    ///
    /// As above.
    pub fn sentence(
        &self,
        whom: &str,
        matter: &Matter,
        end: Option<(Timestamp, Option<i64>)>,
    ) -> Result<String, PageError> {
        let told = self.told(whom, matter, end)?;
        let Some(hint) = self.hint(matter)? else {
            return Ok(told);
        };
        let arguments = [("told", told), ("hint", hint)].into_iter().collect();
        Ok(self.0.text(key("mail-with-hint"), &arguments)?)
    }

    /// What to do about a matter, where it does not say that itself.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn hint(&self, matter: &Matter) -> Result<Option<String>, PageError> {
        let Some(advice) = matter.advice() else {
            return Ok(None);
        };
        let (key, name) = match advice {
            Advice::Mend(name) => (key("matter-hint-mend"), Some(name)),
            Advice::MendAtSource(name) => (key("matter-hint-mend-at-source"), Some(name)),
            Advice::NoSha1(name) => (key("matter-hint-no-sha"), Some(name)),
            Advice::Paste(name) => (key("matter-hint-paste"), Some(name)),
            Advice::Publish => (key("matter-hint-publish"), None),
            Advice::Renew => (key("matter-hint-renew"), None),
            Advice::Replace(name) => (key("matter-hint-replace"), Some(name)),
            Advice::RollOver => (key("matter-hint-roll-over"), None),
            Advice::RollOverIsOn => (key("matter-hint-roll-over-is-on"), None),
            Advice::Source => (key("matter-hint-source"), None),
            Advice::TakeAgain(name) => (key("matter-hint-take-again"), Some(name)),
            Advice::TakesOurs => (key("matter-hint-takes-ours"), None),
        };
        let name = name.map(|name| ("name", name.to_string()));
        Ok(Some(self.0.text(key, &name.into_iter().collect())?))
    }

    /// A matter: for whom (`ours`, or `sp.<short name>`), and its end, with the days that are left; none where
    /// it is over.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn told(
        &self,
        whom: &str,
        matter: &Matter,
        end: Option<(Timestamp, Option<i64>)>,
    ) -> Result<String, PageError> {
        let whom = if whom == "ours" {
            self.0.text(key("mail-ours"), &FluentArgs::new())?
        } else {
            whom.to_owned()
        };
        let what = self.ended(matter, end)?;
        let arguments = [("whom", whom), ("what", what)].into_iter().collect();
        Ok(self.0.text(key("mail-now"), &arguments)?)
    }

    /// The same without whom it is for.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn ended(
        &self,
        matter: &Matter,
        end: Option<(Timestamp, Option<i64>)>,
    ) -> Result<String, PageError> {
        let what = self.what(matter)?;
        let Some((end, left)) = end else {
            return Ok(what);
        };
        let mut arguments = FluentArgs::new();
        arguments.set("what", what);
        arguments.set("date", matter.written(end));
        let key = match left {
            None => key("mail-over"),
            Some(days) => {
                arguments.set("days", days);
                key("mail-ends")
            }
        };
        Ok(self.0.text(key, &arguments)?)
    }

    fn what(&self, matter: &Matter) -> Result<String, PageError> {
        let mut arguments = FluentArgs::new();
        let key = match matter {
            Matter::Broken(_) => key("matter-broken"),
            Matter::EncryptionCertificate(_) => key("matter-encryption-certificate"),
            Matter::Finish => key("matter-finish"),
            Matter::Held {
                name,
                version,
                until,
            } => {
                arguments.set("name", name.to_string());
                arguments.set("version", version.to_string());
                if let Some(end) = until {
                    arguments.set("until", format!("{end:.0}"));
                    key("matter-held-until")
                } else {
                    key("matter-held")
                }
            }
            Matter::LastGood(_) => key("matter-last-good"),
            Matter::Metadata(_) => key("matter-metadata"),
            Matter::NextKey { .. } => key("matter-next-key"),
            Matter::OurCertificate { file, used: _ } => {
                arguments.set("file", file.as_str());
                key("matter-our-certificate")
            }
            Matter::Placeholder { .. } => key("matter-placeholder"),
            Matter::Sha1 { .. } => key("matter-sha"),
            Matter::SigningCertificate(_) => key("matter-signing-certificate"),
            Matter::Source { state, since } => {
                arguments.set("state", *state);
                arguments.set("since", format!("{since:.0}"));
                key("matter-source")
            }
            Matter::Stale(_) => key("matter-stale"),
            Matter::TakesNext { name } => {
                arguments.set("name", name.to_string());
                key("matter-takes-next")
            }
            Matter::Unable => key("matter-unable"),
        };
        Ok(self.0.text(key, &arguments)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        edge::page::test_support::variants,
        model::{
            fingerprint::Fingerprint,
            matter::{Supplied, Used},
            short_name::ShortName,
        },
    };

    fn name() -> ShortName {
        ShortName::parse("wiki").unwrap()
    }

    fn supplied(is_followed: bool) -> Supplied {
        Supplied {
            name: name(),
            is_followed,
        }
    }

    /// One of each; a match without "whatever else" sees to it that each has words.
    fn all() -> Vec<Matter> {
        vec![
            Matter::Broken(supplied(false)),
            Matter::EncryptionCertificate(supplied(false)),
            Matter::Finish,
            Matter::Held {
                name: name(),
                version: Fingerprint::of(b"one"),
                until: None,
            },
            Matter::Held {
                name: name(),
                version: Fingerprint::of(b"one"),
                until: Some(Timestamp::UNIX_EPOCH),
            },
            Matter::LastGood(supplied(false)),
            Matter::Metadata(supplied(false)),
            Matter::NextKey {
                name: name(),
                is_by_hand: false,
            },
            Matter::OurCertificate {
                file: "⌘.pem".to_owned(),
                used: Used::Signing,
            },
            Matter::Placeholder { name: name() },
            Matter::Sha1 { name: name() },
            Matter::SigningCertificate(supplied(false)),
            Matter::Source {
                state: "time-out",
                since: Timestamp::UNIX_EPOCH,
            },
            Matter::Stale(supplied(false)),
            Matter::TakesNext { name: name() },
            Matter::Unable,
        ]
    }

    #[test]
    fn every_matter_is_told_in_french_with_all_that_the_english_tells_and_has_a_word_of_its_own() {
        let variants = variants(include_str!("../../model/matter.rs"), "Matter");
        let kinds: BTreeSet<_> = all().iter().map(Matter::kind).collect();
        assert_eq!(kinds.len(), variants.len(), "the list is whole");
        let french = FrenchMatters::load().unwrap();
        let mut seen = BTreeSet::new();
        for matter in all() {
            let (what, english) = (french.what(&matter).unwrap(), matter.to_string());
            assert!(what != english && seen.insert(what.clone()), "{what}");
            let version = Fingerprint::of(b"one").to_string();
            for part in [
                "wiki",
                &version,
                "⌘.pem",
                "time-out",
                "1970-01-01T00:00:00Z",
                "passerelle ",
                "validUntil",
                "cacheDuration",
                "sha1-until",
                "SHA-1",
            ] {
                assert_eq!(
                    what.contains(part),
                    english.contains(part),
                    "{part}: {what}"
                );
            }
        }
    }

    #[test]
    fn what_to_do_about_each_matter_is_told_in_french_with_the_same_commands_and_names() {
        let ours = |used| Matter::OurCertificate {
            file: String::new(),
            used,
        };
        let advised = [
            Matter::Broken(supplied(false)),
            Matter::Broken(supplied(true)),
            Matter::Placeholder { name: name() },
            Matter::Sha1 { name: name() },
            Matter::NextKey {
                name: name(),
                is_by_hand: true,
            },
            Matter::Stale(supplied(true)),
            ours(Used::Listener),
            ours(Used::Signing),
            ours(Used::SigningInRollOver),
            Matter::Source {
                state: "time-out",
                since: Timestamp::UNIX_EPOCH,
            },
            Matter::SigningCertificate(supplied(false)),
            Matter::NextKey {
                name: name(),
                is_by_hand: false,
            },
        ];
        let variants = variants(include_str!("../../model/matter.rs"), "Advice");
        let french = FrenchMatters::load().unwrap();
        let mut seen = BTreeSet::new();
        for matter in &advised {
            let (said, english) = (french.hint(matter).unwrap().unwrap(), matter.advice());
            let english = english.unwrap().to_string();
            assert!(said != english && seen.insert(said.clone()), "{said}");
            for part in [
                "wiki",
                "passerelle keys rollover start",
                "passerelle keys rollover status",
                "passerelle reload",
                "passerelle sp add wiki --replace --metadata URL,",
                "passerelle sp check wiki",
                "passerelle zoom-settings --sp wiki --next",
                "sha1-until",
                "SHA-256",
            ] {
                assert_eq!(said.contains(part), english.contains(part), "{said}");
            }
        }
        assert_eq!(seen.len(), variants.len(), "the list is whole");
        // Whoever says nothing more says what to type by itself.
        for matter in all() {
            let says = matter.to_string().contains("passerelle ");
            assert_eq!(matter.advice().is_none(), says, "{matter}");
        }
    }

    #[test]
    fn what_to_do_ends_the_sentence_and_the_moment_of_a_key_is_told() {
        let french = FrenchMatters::load().unwrap();
        let matter = Matter::NextKey {
            name: name(),
            is_by_hand: true,
        };
        let end = Some((Timestamp::UNIX_EPOCH, Some(0)));
        let said = french.sentence("sp.wiki", &matter, end).unwrap();
        let end = "1970-01-01T00:00:00Z, dans moins d’un jour\u{202f}; à ce moment-là, y coller ce qu’affiche passerelle \
                   zoom-settings --sp wiki --next";
        assert!(said.ends_with(end), "{said}");
    }

    #[test]
    fn a_matter_is_told_with_its_day_and_how_far_that_is() {
        let french = FrenchMatters::load().unwrap();
        let said = |whom, end| french.sentence(whom, &Matter::Finish, end).unwrap();
        let what = "tous les services ont la prochaine clé\u{a0}: passerelle keys rollover finish";
        assert_eq!(said("ours", None), format!("chez nous\u{a0}: {what}"));
        for (left, told) in [
            (None, "passé"),
            (Some(0), "dans moins d’un jour"),
            (Some(1), "dans un jour"),
            (Some(54), "dans 54 jours"),
        ] {
            let told = format!("sp.wiki\u{a0}: {what}\u{a0}: 1970-01-01, {told}");
            assert_eq!(said("sp.wiki", Some((Timestamp::UNIX_EPOCH, left))), told);
        }
    }
}
