//! The French words of how it stands with a provider's metadata, for its sheet.
//!
//! The English ones are those of the remark itself, which the log and the commands say; so the texts here are French alone
//! (`locales/administration.fr.ftl`).

use std::io;

use fluent_bundle::FluentArgs;

use super::{
    finding,
    template::key,
    words::{Words, WordsError},
};
use crate::{
    metadata::{
        registry::Clash,
        remark::{InItsPlace, Remark},
        signature_methods::SignatureMethodFault,
    },
    model::short_name::ShortName,
};

/// What is wrong, as the end of a sentence whose subject is the provider called `sp`, and what to do about it where that
/// can be said. `words` are the French ones.
pub(super) fn in_french(
    words: &Words,
    remark: &Remark,
    sp: &ShortName,
) -> Result<(String, Option<String>), WordsError> {
    let of_provider = [("name", sp.as_str())].into_iter().collect();
    let plain = |key| words.text(key, &of_provider);
    let told = |key, hint: Option<&'static str>| Ok((plain(key)?, hint.map(plain).transpose()?));
    match remark {
        Remark::Clash(clash) => Ok((clash_in_french(words, clash)?, None)),
        Remark::Finding(finding) => {
            let [what, hint] = finding::in_french(words, finding, sp)?;
            Ok((what, Some(hint)))
        }
        Remark::FindingInCopy(finding) => {
            let [what, _] = finding::in_french(words, finding, sp)?;
            Ok((what, None))
        }
        Remark::Held => told(key("remark-held"), Some(key("hint-held"))),
        Remark::LastGood(in_its_place) => {
            let what = last_good_in_french(words, in_its_place)?;
            Ok((what, Some(plain(key("hint-last-good"))?)))
        }
        Remark::NextKeyUnfit(fault) => {
            let fault = plain(unverifiable(*fault))?;
            let arguments = [("fault", fault)].into_iter().collect();
            let what = words.text(key("remark-next-key-unfit"), &arguments)?;
            Ok((what, Some(plain(key("hint-next-key-of-its-kind"))?)))
        }
        Remark::NobodyGetsIn => told(key("remark-nobody-gets-in"), None),
        Remark::NotFetched => told(key("remark-not-fetched"), None),
        Remark::Old(since) => {
            let arguments = [("since", since.to_string())].into_iter().collect();
            Ok((words.text(key("remark-old"), &arguments)?, None))
        }
        Remark::Refused => told(key("remark-refused"), Some(key("hint-refused"))),
        Remark::Unreadable { kind, said } => {
            let cause = if *kind == io::ErrorKind::NotFound {
                plain(key("fault-file-not-there"))?
            } else if *kind == io::ErrorKind::PermissionDenied {
                plain(key("fault-file-forbidden"))?
            } else {
                // What else a system may say is more than there are words for: it says it in its own.
                said.clone()
            };
            let arguments = [("fault", cause)].into_iter().collect();
            Ok((words.text(key("remark-unreadable"), &arguments)?, None))
        }
        Remark::Unverifiable(fault) => {
            told(unverifiable(*fault), Some(key("hint-key-that-it-verifies")))
        }
    }
}

fn clash_in_french(words: &Words, clash: &Clash) -> Result<String, WordsError> {
    let mut arguments = FluentArgs::new();
    let key = match clash {
        Clash::SameName { one, other, name } => {
            arguments.set("one", one.as_str());
            arguments.set("other", other.as_str());
            arguments.set("name", name.as_str());
            key("remark-same-name")
        }
        Clash::SameShortName(name) => {
            arguments.set("name", name.as_str());
            key("remark-same-short-name")
        }
        Clash::SimilarName { one, other, name } => {
            arguments.set("one", one.as_str());
            arguments.set("other", other.as_str());
            arguments.set("name", name.as_str());
            key("remark-similar-name")
        }
    };
    words.text(key, &arguments)
}

fn last_good_in_french(words: &Words, in_its_place: &InItsPlace) -> Result<String, WordsError> {
    let InItsPlace {
        entity_id,
        kept_on,
        copy,
    } = in_its_place;
    let mut arguments = FluentArgs::new();
    arguments.set("entity", entity_id.as_str());
    arguments.set("copy", copy.display().to_string());
    let key = match kept_on {
        Some(at) => {
            arguments.set("at", format!("{at:.0}"));
            key("remark-last-good-kept")
        }
        None => key("remark-last-good"),
    };
    words.text(key, &arguments)
}

const fn unverifiable(fault: SignatureMethodFault) -> &'static str {
    match fault {
        SignatureMethodFault::Digest => key("fault-method-digest"),
        SignatureMethodFault::NoSuchKey => key("fault-method-no-such-key"),
        SignatureMethodFault::Refused => key("fault-method-refused"),
        SignatureMethodFault::Signature => key("fault-method-signature"),
    }
}

#[cfg(test)]
#[path = "remark_tests.rs"]
mod tests;
