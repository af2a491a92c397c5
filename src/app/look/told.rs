//! What is told of what was seen: faults, and what stops nothing.
//!
//! What is told of one provider is data first ([`Cause`]), since it stands on that provider's sheet in French as well:
//! there is no other way to tell of one, so that nothing is told there in one language alone.

use std::fmt;

use super::Look;
use crate::{
    config::fault::ConfigFault,
    edge::page::{PageError, sheet::SheetWords},
    metadata::remark::{self, Remark},
    model::{language::Language, short_name::ShortName},
    setup::said::Said,
};

/// Which of our keys something is told of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WhichKey {
    /// The one that is to sign for the provider, in a roll-over.
    Next,
    /// The one that signs for it now.
    Present,
}

/// What is told of a provider, as data: its words are texts of two languages.
pub(in crate::app) enum Cause {
    /// How it stands with the metadata of the one that is called so.
    Remark(Remark, ShortName),
    /// What the configuration says of it, or one of its own rules, by what this key signs.
    Said(Said, WhichKey),
}

impl Cause {
    /// What is wrong, and what to do about it where that can be said.
    pub(in crate::app) fn in_words(
        &self,
        words: &SheetWords,
    ) -> Result<(String, Option<String>), PageError> {
        match self {
            Self::Remark(remark, sp) => words.remark(remark, sp),
            Self::Said(said, which) => {
                let (what, hint) = words.said(said)?;
                let what = match which {
                    WhichKey::Next => words.once_next(&what)?,
                    WhichKey::Present => what,
                };
                Ok((what, Some(hint)))
            }
        }
    }
}

/// What is told of one provider.
pub(in crate::app) struct OfProvider {
    /// As the commands say it.
    pub(in crate::app) fault: ConfigFault,
    pub(in crate::app) cause: Cause,
}

impl From<remark::Told> for OfProvider {
    fn from(told: remark::Told) -> Self {
        Self {
            fault: told.fault,
            cause: Cause::Remark(told.remark, told.sp),
        }
    }
}

/// What stops nothing, and should be otherwise.
pub(in crate::app) enum Warning {
    /// Of no provider.
    General(ConfigFault),
    /// Of this one.
    OfProvider(OfProvider),
}

impl Warning {
    /// What it tells of a provider, where it does.
    pub(in crate::app) const fn of_provider(&self) -> Option<&OfProvider> {
        match self {
            Self::General(_) => None,
            Self::OfProvider(told) => Some(told),
        }
    }

    /// As the commands say it.
    pub(in crate::app) fn into_fault(self) -> ConfigFault {
        match self {
            Self::General(fault) => fault,
            Self::OfProvider(told) => told.fault,
        }
    }
}

impl Look<'_> {
    /// Notes a fault of `key` of the configuration.
    pub(in crate::app) fn fault(&mut self, key: &str, what: &dyn fmt::Display) -> &mut ConfigFault {
        self.faults.push(self.told(key, what));
        let last = self.faults.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the line above pushed it")]
        &mut self.faults[last]
    }

    /// Tells of what stops nothing, and should be otherwise. The key is a word of ours and so none of a provider, of
    /// which nothing is told without a [`Cause`].
    pub(in crate::app) fn warn(&mut self, key: &'static str, what: &dyn fmt::Display, hint: &str) {
        let mut told = self.told(key, what);
        told.hint(hint);
        self.warnings.push(Warning::General(told));
    }

    /// The same of `key` in the table of a provider.
    pub(super) fn warn_of(&mut self, sp: &ShortName, key: &str, said: Said) {
        let told = self.of_provider(sp, key, (said, WhichKey::Present));
        self.warnings.push(Warning::OfProvider(told));
    }

    pub(super) fn of_provider(
        &mut self,
        sp: &ShortName,
        key: &str,
        (said, which): (Said, WhichKey),
    ) -> OfProvider {
        let key = format!("sp.{sp}.{key}");
        let cause = Cause::Said(said, which);
        let fault = match self.in_english(&cause) {
            Ok((what, hint)) => ConfigFault {
                hint,
                ..self.told(&key, &what)
            },
            // The texts are built in, and a test reads all of them; one that has lost its words stops no server.
            Err(error) => self.told(&key, &error),
        };
        OfProvider { fault, cause }
    }

    fn in_english(&mut self, cause: &Cause) -> Result<(String, Option<String>), PageError> {
        let words = match self.english.take() {
            Some(words) => words,
            None => SheetWords::load(Language::En)?,
        };
        cause.in_words(self.english.insert(words))
    }

    pub(super) fn told(&self, key: &str, what: &dyn fmt::Display) -> ConfigFault {
        ConfigFault {
            key: key.to_owned(),
            line: self.named.lines.of(key),
            ..ConfigFault::of_file(self.path, what.to_string())
        }
    }
}
