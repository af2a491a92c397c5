//! Loads the metadata that the configuration names.
//!
//! What is wrong with one provider's file stops nobody else: that provider goes on with the last good
//! version of its metadata where one was kept, and otherwise is not answered until the file is
//! mended. A start calls [`load`], and so can whatever reads the files again later.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    intake::{self, There, Verdict},
    last_good::{LastGood, ToKeep},
    read::{self, Described, Reading},
    registry::{Broken, Candidate, Clash, Origin, Registered, Registry},
    remark::{InItsPlace, Remark, Told},
    signature_methods::SignatureMethodFault,
};
use crate::{
    config::sp::SpConfig,
    model::{endpoint::Schemes, entity_id::EntityId, short_name::ShortName},
    sys::file::open_file,
    xml::door::Limits,
    xmlsec::SigningKey,
};

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Every provider of the configuration, those that are broken too.
    pub registry: Registry,
    /// Why some of them are broken, or go on with an earlier version; nothing of those that are switched off.
    pub faults: Vec<Told>,
    /// What an administrator should see to before it becomes a fault.
    pub warnings: Vec<Told>,
    /// The files that can be used: kept by whoever goes on with them, and by nobody who only looks.
    pub to_keep: ToKeep,
}

/// Loads the metadata of `providers`, as it stands at `now`. One that declares to verify nothing that
/// the `keys` that sign can do is broken, too; where the keys could not be read, nothing is said of that.
pub fn load(
    providers: &[SpConfig],
    keys: Option<&[SigningKey]>,
    schemes: Schemes,
    last_good: Option<LastGood>,
    now: Timestamp,
) -> Loaded {
    let mut loading = Loading {
        keys,
        schemes,
        last_good,
        now,
        faults: Vec::new(),
        warnings: Vec::new(),
        files: Vec::new(),
    };
    let candidates = providers
        .iter()
        .map(|config| loading.candidate(config))
        .collect();
    let registry = Registry::build(candidates);
    let told = |clash: &Clash| {
        let path = providers
            .iter()
            .find(|config| config.short_name == *clash.short_name())
            .map_or_else(PathBuf::new, |config| config.metadata_path.clone());
        Remark::Clash(clash.clone()).of(&path, clash.short_name())
    };
    let Loading {
        last_good,
        mut faults,
        mut warnings,
        mut files,
        ..
    } = loading;
    faults.extend(registry.clashes().iter().map(told));
    warnings.extend(registry.warnings().iter().map(told));
    // What is wrong with one that is switched off stops nobody: it is told, and nobody has to mend it.
    let is_of_one_that_is_off = |told: &Told| {
        let mut off = providers.iter().filter(|config| !config.enabled);
        off.any(|config| told.fault.is_under(&format!("sp.{}", config.short_name)))
    };
    let (of_those_off, faults): (Vec<_>, _) = faults.into_iter().partition(is_of_one_that_is_off);
    warnings.splice(..0, of_those_off);
    // What goes by another's name was no good reading.
    let clashes = registry.clashes();
    files.retain(|(name, _)| !clashes.iter().any(|clash| clash.short_name() == name));
    Loaded {
        registry,
        faults,
        warnings,
        to_keep: ToKeep { last_good, files },
    }
}

struct Loading<'k> {
    keys: Option<&'k [SigningKey]>,
    schemes: Schemes,
    last_good: Option<LastGood>,
    now: Timestamp,
    faults: Vec<Told>,
    warnings: Vec<Told>,
    files: Vec<(ShortName, Vec<u8>)>,
}

/// A file as it was read, and when it was written.
struct Read {
    bytes: Vec<u8>,
    written_at: Option<Timestamp>,
    reading: Reading,
}

impl Loading<'_> {
    fn candidate(&mut self, config: &SpConfig) -> Candidate {
        let path = &config.metadata_path;
        let tell = |remark: Remark| remark.of(path, &config.short_name);
        let claimed = match self.read(path, config) {
            Ok(mut read) => {
                for finding in std::mem::take(&mut read.reading.findings) {
                    let list = if finding.is_fault() {
                        &mut self.faults
                    } else {
                        &mut self.warnings
                    };
                    list.push(tell(Remark::Finding(finding)));
                }
                let claimed = read.reading.claimed.clone();
                if let Some(remark) = self.awaits(config, &read.bytes) {
                    self.faults.push(tell(remark));
                    read.reading.provider = None;
                }
                if let Some(registered) = registered(config, Origin::File, &mut read)
                    && self
                        .verifies(&registered)
                        .map_err(|fault| self.faults.push(tell(Remark::Unverifiable(fault))))
                        .is_ok()
                {
                    if let Some(at) = registered.look_again_at.filter(|at| *at <= self.now) {
                        self.warnings.push(tell(Remark::Old(at)));
                    }
                    self.files.push((config.short_name.clone(), read.bytes));
                    return Candidate::Registered(Arc::new(registered));
                }
                claimed
            }
            Err(error) if config.followed.is_some() && error.kind() == io::ErrorKind::NotFound => {
                self.warnings.push(tell(Remark::NotFetched));
                None
            }
            Err(error) => {
                self.faults.push(tell(error.into()));
                None
            }
        };
        // Of what is followed, that was the copy.
        if config.followed.is_none()
            && let Some(registered) = self.last_good(config, claimed.as_ref())
        {
            return Candidate::Registered(Arc::new(registered));
        }
        if config.enabled {
            self.warnings.push(tell(Remark::NobodyGetsIn));
        }
        Candidate::Broken(Box::new(Broken {
            config: config.clone(),
            claimed,
        }))
    }

    /// Why a file that is watched does not count as it stands now; nothing where it does. A start and a
    /// reload judge it as the server does that runs: it may have changed since, or while none did.
    fn awaits(&self, config: &SpConfig, bytes: &[u8]) -> Option<Remark> {
        let last_good = self.last_good.as_ref().filter(|_| config.is_watched)?;
        let name = &config.short_name;
        let refused = last_good.held().refused(name);
        let verdict = match last_good.counting(name) {
            Ok(Some(counting)) if counting == bytes => Verdict::Known,
            counting => {
                let there = There::of(&counting, refused.as_deref());
                intake::judge(bytes, config, self.schemes, there, self.now)
            }
        };
        match verdict {
            Verdict::Held => Some(Remark::Held),
            Verdict::Refused => Some(Remark::Refused),
            // What cannot be used is told by its findings.
            Verdict::Known | Verdict::New | Verdict::Unusable(_) => None,
        }
    }

    /// What the copy of an earlier file says, read as strictly, by what the configuration says now. Where
    /// the broken file names its entity, `claimed`, the copy must be of the same one: the short name may
    /// have been another provider's before.
    fn last_good(&mut self, config: &SpConfig, claimed: Option<&EntityId>) -> Option<Registered> {
        let path = self.last_good.as_ref()?.path(&config.short_name);
        let mut read = self.read(&path, config).ok()?;
        let registered = registered(config, Origin::LastGood, &mut read)
            .filter(|registered| claimed.is_none_or(|name| *name == registered.sp.entity_id))
            .filter(|registered| self.verifies(registered).is_ok())?;
        let short_name = &config.short_name;
        let in_its_place = InItsPlace {
            entity_id: registered.sp.entity_id.clone(),
            kept_on: read.written_at,
            copy: path.clone(),
        };
        // Told as loudly as what is wrong: who wanted to take a key away must see that it still counts.
        let told = Remark::LastGood(in_its_place).of(&config.metadata_path, short_name);
        self.faults.push(told);
        let found = read.reading.findings.into_iter();
        let found = found.map(|finding| Remark::FindingInCopy(finding).of(&path, short_name));
        self.warnings.extend(found);
        Some(registered)
    }

    fn verifies(&self, registered: &Registered) -> Result<(), SignatureMethodFault> {
        self.keys.map_or(Ok(()), |keys| verifies(registered, keys))
    }

    fn read(&self, path: &Path, config: &SpConfig) -> io::Result<Read> {
        let (bytes, written_at) = read_file(path, config)?;
        // A clock that was ahead when it was written makes it no younger than it is.
        let written_at = written_at.map(|at| at.min(self.now));
        let reading = read::read(&bytes, config, self.schemes, self.now);
        Ok(Read {
            bytes,
            written_at,
            reading,
        })
    }
}

/// One provider by a version of its metadata that was given at `given_at`; none where that cannot be used.
pub fn read_version(
    (bytes, given_at): (Vec<u8>, Timestamp),
    config: &SpConfig,
    keys: &[SigningKey],
    schemes: Schemes,
    now: Timestamp,
) -> Option<Registered> {
    let mut read = Read {
        reading: read::read(&bytes, config, schemes, now),
        bytes,
        written_at: Some(given_at.min(now)),
    };
    registered(config, Origin::File, &mut read)
        .filter(|registered| verifies(registered, keys).is_ok())
}

/// Whether the provider verifies what one of our keys can sign, by what its metadata declares. That
/// no key does what the administrator asks for is a fault of the configuration, and told there.
fn verifies(registered: &Registered, keys: &[SigningKey]) -> Result<(), SignatureMethodFault> {
    let (asked, methods) = (registered.config.signature, &registered.signature_methods);
    match methods.choose(asked, keys, &registered.refused) {
        Ok(_) | Err(SignatureMethodFault::NoSuchKey | SignatureMethodFault::Refused) => Ok(()),
        Err(fault @ (SignatureMethodFault::Digest | SignatureMethodFault::Signature)) => Err(fault),
    }
}

/// The provider as it was read, where nothing is wrong with it.
fn registered(config: &SpConfig, origin: Origin, read: &mut Read) -> Option<Registered> {
    let Described {
        mut sp,
        keys,
        encryption_key,
        signature_methods,
        refused,
    } = read.reading.provider.take()?;
    if let (Some(followed), Some(written_at)) = (&config.followed, read.written_at) {
        // What is fetched ends however far its own end is.
        let oldest = written_at.checked_add(followed.max_age).ok();
        sp.valid_until = sp.valid_until.into_iter().chain(oldest).min();
    }
    // "PT0S" asks for no copy to be gone on with, and none is: the file is read anew whenever anything is.
    let cache_duration = sp.cache_duration.filter(SignedDuration::is_positive);
    let look_again_at = read
        .written_at
        .zip(cache_duration)
        .and_then(|(written_at, duration)| written_at.checked_add(duration).ok());
    Some(Registered {
        sp,
        keys,
        encryption_key,
        signature_methods,
        refused,
        document: { config.is_watched || config.followed.is_some() }
            .then(|| Arc::from(&*read.bytes)),
        config: config.clone(),
        origin,
        look_again_at,
    })
}

/// Reads a file up to the size that the door refuses, and never more, and when it was last changed.
fn read_file(path: &Path, config: &SpConfig) -> io::Result<(Vec<u8>, Option<Timestamp>)> {
    let file = open_file(path)?;
    // Where the file system does not say it, no date is made up.
    let written_at = file
        .metadata()?
        .modified()
        .ok()
        .and_then(|at| Timestamp::try_from(at).ok());
    Ok((read_bounded(file, config.metadata_max_mib)?, written_at))
}

/// Reads metadata of up to `mib` mebibytes, and the one byte more for which the door refuses it.
///
/// # Errors
///
/// It cannot be read.
pub fn read_bounded(input: impl io::Read, mib: u8) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(Limits::metadata_of(mib).bytes).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    input
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
