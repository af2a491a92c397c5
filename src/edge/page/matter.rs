//! The French words of what an administrator must see to, for the mail that tells of it.
//!
//! The English ones are those of [`Matter`] itself, which the log and the commands say; so the texts here are French alone.

use fluent_bundle::FluentArgs;
use jiff::Timestamp;

use super::{PageError, template::key, words::Words};
use crate::model::{language::Language, matter::Matter};

/// The words of a mail in French.
pub struct FrenchMail(Words);

impl std::fmt::Debug for FrenchMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrenchMail(…)")
    }
}

impl FrenchMail {
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

    /// A matter in a sentence: for whom (`ours`, or `sp.<short name>`), and its end, with the days that are left; none where
    /// it is over.
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
        let none = FluentArgs::new();
        let whom = if whom == "ours" {
            self.0.text(key("mail-ours"), &none)?
        } else {
            whom.to_owned()
        };
        let mut arguments = FluentArgs::new();
        arguments.set("whom", whom);
        arguments.set("what", self.what(matter)?);
        let key = match end {
            None => key("mail-now"),
            Some((end, left)) => {
                arguments.set("date", end.strftime("%Y-%m-%d").to_string());
                match left {
                    None => key("mail-over"),
                    Some(days) => {
                        arguments.set("days", days);
                        key("mail-ends")
                    }
                }
            }
        };
        Ok(self.0.text(key, &arguments)?)
    }

    fn what(&self, matter: &Matter) -> Result<String, PageError> {
        let mut arguments = FluentArgs::new();
        let key = match matter {
            Matter::Broken => key("matter-broken"),
            Matter::EncryptionCertificate => key("matter-encryption-certificate"),
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
            Matter::LastGood => key("matter-last-good"),
            Matter::Metadata => key("matter-metadata"),
            Matter::NextKey => key("matter-next-key"),
            Matter::OurCertificate { file } => {
                arguments.set("file", file.as_str());
                key("matter-our-certificate")
            }
            Matter::Sha1 => key("matter-sha"),
            Matter::SigningCertificate => key("matter-signing-certificate"),
            Matter::Source { state, since } => {
                arguments.set("state", *state);
                arguments.set("since", format!("{since:.0}"));
                key("matter-source")
            }
            Matter::Stale => key("matter-stale"),
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
        model::{fingerprint::Fingerprint, short_name::ShortName},
    };

    /// One of each; a match without "whatever else" sees to it that each has words.
    fn all() -> Vec<Matter> {
        let name = || ShortName::parse("wiki").unwrap();
        vec![
            Matter::Broken,
            Matter::EncryptionCertificate,
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
            Matter::LastGood,
            Matter::Metadata,
            Matter::NextKey,
            Matter::OurCertificate {
                file: "⌘.pem".to_owned(),
            },
            Matter::Sha1,
            Matter::SigningCertificate,
            Matter::Source {
                state: "time-out",
                since: Timestamp::UNIX_EPOCH,
            },
            Matter::Stale,
            Matter::TakesNext { name: name() },
            Matter::Unable,
        ]
    }

    #[test]
    fn every_matter_is_told_in_french_with_all_that_the_english_tells_and_has_a_word_of_its_own() {
        let variants = variants(include_str!("../../model/matter.rs"), "Matter");
        let kinds: BTreeSet<_> = all().iter().map(Matter::kind).collect();
        assert_eq!(kinds.len(), variants.len(), "the list is whole");
        let french = FrenchMail::load().unwrap();
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
    fn a_matter_is_told_with_its_day_and_how_far_that_is() {
        let french = FrenchMail::load().unwrap();
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
