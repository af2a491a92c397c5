//! What becomes of a version of metadata that a followed source gives.
//!
//! Pure: reads no file and asks nobody. Whoever calls it (`app::follow`) carries out the verdict.

use std::{collections::BTreeSet, io};

use jiff::Timestamp;

use super::{
    difference::{self, Change, Subject, Voucher},
    finding::Finding,
    outline::{self, Outline},
    read,
    sources::SourceState,
};
use crate::{
    config::sp::SpConfig,
    model::{endpoint::Schemes, service_provider::ServiceProvider},
};

/// What becomes of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Somebody has to look at it before it counts.
    Held,
    /// It is the version that counts already.
    Known,
    /// It counts from now on.
    New,
    /// The administrator turned it down.
    Refused,
    /// It cannot be used; why.
    Unusable(SourceState),
}

/// The versions that are there already.
#[derive(Clone, Copy, Debug, Default)]
pub struct There<'a> {
    /// The one that counts; none before the first.
    counting: Option<&'a [u8]>,
    /// Whether there is one that counts, or was, and nobody can read it.
    is_lost: bool,
    /// One that was turned down.
    refused: Option<&'a [u8]>,
}

impl<'a> There<'a> {
    /// What counts, where it could be read, and what was turned down.
    pub fn of(counting: &'a io::Result<Option<Vec<u8>>>, refused: Option<&'a [u8]>) -> Self {
        let read = counting.as_ref().map(Option::as_deref);
        Self {
            is_lost: read.is_err(),
            counting: read.unwrap_or_default(),
            refused,
        }
    }

    /// The version that counts; none before the first, or where nobody can read it.
    pub const fn counting(self) -> Option<&'a [u8]> {
        self.counting
    }
}

/// Judges `bytes` as another version of the provider of `config`.
///
/// The first version of all is taken: what vouches for it is TLS, or the key that signed it. One in the place of
/// one that cannot be read any more is held: with nothing to compare with, any change could be in it.
pub fn judge(
    bytes: &[u8],
    config: &SpConfig,
    schemes: Schemes,
    there: There<'_>,
    now: Timestamp,
) -> Verdict {
    let look = outline::look(bytes, config, schemes, now);
    let faults = look.findings.iter();
    if let Some(state) = faults.filter_map(state_by).max() {
        return Verdict::Unusable(state);
    }
    let Some(new) = look.outline else {
        return Verdict::Unusable(SourceState::Unusable);
    };
    if there.counting == Some(bytes) {
        return Verdict::Known;
    }
    if there.refused == Some(bytes) {
        return Verdict::Refused;
    }
    let changes = match there.counting {
        Some(counting) => changes(counting, &new, config, schemes, now),
        None => (!there.is_lost).then(Vec::new),
    };
    let is_held = |change: &Change| change.is_held;
    if changes.as_ref().is_some_and(|it| !it.iter().any(is_held)) {
        return Verdict::New;
    }
    let mut held = changes.iter().flatten().filter(|it| it.is_held);
    let is_smaller = held.any(|change| change.what == Subject::Entities);
    let said = |bytes| {
        let (sp, outline) = said_by(bytes, config, schemes, now)?;
        // Of a group that has lost others, how many there are is what somebody has to look at.
        let entities = if is_smaller { outline.entities } else { 1 };
        Some((
            sp,
            Outline {
                entities,
                ..outline
            },
        ))
    };
    let refused = there.refused.and_then(said);
    if refused.is_some() && refused == said(bytes) {
        Verdict::Refused
    } else {
        Verdict::Held
    }
}

/// All that a version says of the provider, whenever it ends and is to be asked for again, whatever its `ID`, and by
/// whatever signature: a source that is written anew each day brings up in none of these what was turned down. Of a file
/// of many entities it is what is said of the one that is meant, and how many there are. None where that cannot be read
/// any more, or no key vouches for it that has to by now: what a stranger said may be true where the provider says it.
///
/// Both are compared, as each has something that the other one has not.
fn said_by(
    bytes: &[u8],
    config: &SpConfig,
    schemes: Schemes,
    now: Timestamp,
) -> Option<(ServiceProvider, Outline)> {
    let endless = SpConfig {
        max_validity_days: None,
        ..config.clone()
    };
    let described = read::read(bytes, &endless, schemes, now).provider?;
    let outline = outline::look(bytes, &endless, schemes, now).outline?;
    let sp = ServiceProvider {
        valid_until: None,
        cache_duration: None,
        ..described.sp
    };
    let outline = Outline {
        valid_until: None,
        cache_duration: None,
        ..outline
    };
    Some((sp, outline))
}

/// The same provider, of which any version can be read that ever was: an end that is over, or a signature by a key that is
/// no more configured, makes it no less comparable.
fn unsigned(config: &SpConfig) -> SpConfig {
    SpConfig {
        metadata_signed_by: None,
        max_validity_days: None,
        ..config.clone()
    }
}

/// What is different in `new` from the version that counts; none where that cannot be read any more.
fn changes(
    counting: &[u8],
    new: &Outline,
    config: &SpConfig,
    schemes: Schemes,
    now: Timestamp,
) -> Option<Vec<Change>> {
    let old = outline::look(counting, &unsigned(config), schemes, now).outline?;
    Some(difference::between(&old, new, Voucher::of(config), now))
}

/// What `bytes` changes, in our words alone, for the audit: `first` where nothing counted before it, and
/// `unknown` where nobody can say it any more.
pub fn told_changes(
    bytes: &[u8],
    counting: Option<&[u8]>,
    config: &SpConfig,
    schemes: Schemes,
    now: Timestamp,
) -> String {
    let Some(counting) = counting else {
        return "first".to_owned();
    };
    let new = outline::look(bytes, config, schemes, now).outline;
    let Some(changes) = new.and_then(|new| changes(counting, &new, config, schemes, now)) else {
        return "unknown".to_owned();
    };
    let words: BTreeSet<_> = { changes.iter() }.map(|it| it.what.words()).collect();
    Vec::from_iter(words).join(", ")
}

/// The state of a source whose version has this in it; none where it does not keep it out.
fn state_by(finding: &Finding) -> Option<SourceState> {
    if matches!(finding, Finding::Expired(_)) {
        Some(SourceState::Expired)
    } else if matches!(finding, Finding::Signature(_) | Finding::SignedBy(_)) {
        Some(SourceState::Unsigned)
    } else if matches!(finding, Finding::NoSuchEntity) {
        Some(SourceState::OtherEntity)
    } else {
        finding.is_fault().then_some(SourceState::Unusable)
    }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
