//! Loads the metadata that the configuration names.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    read::{self, Described},
    registry::{Clash, Registered, Registry},
};
use crate::{
    config::{fault::ConfigFault, sp::SpConfig},
    model::endpoint::Schemes,
    xml::door::Limits,
};

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Every provider of the configuration.
    pub registry: Registry,
    /// What an administrator should see to before it becomes a fault.
    pub warnings: Vec<ConfigFault>,
}

/// Why nothing was loaded.
#[derive(Debug)]
pub struct NotLoaded {
    /// Every fault of every file.
    pub faults: Vec<ConfigFault>,
    /// What else was found on the way.
    pub warnings: Vec<ConfigFault>,
}

/// Loads the metadata of `providers`, as it stands at `now`.
///
/// # Errors
///
/// The faults of all files together; the server must not start, or keeps the registry it has.
pub fn load(providers: &[SpConfig], schemes: Schemes, now: Timestamp) -> Result<Loaded, NotLoaded> {
    let mut registered = Vec::new();
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    for config in providers {
        let path = &config.metadata_path;
        let tell = |what: String| ConfigFault {
            key: format!("sp.{}", config.short_name),
            ..ConfigFault::of_file(path, what)
        };
        let bytes = match read_bounded(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                faults.push(tell(format!("cannot be read: {error}")));
                continue;
            }
        };
        let reading = read::read(&bytes, config, schemes, now);
        for finding in &reading.findings {
            let list = if finding.is_fault() {
                &mut faults
            } else {
                &mut warnings
            };
            list.push(tell(finding.to_string()));
        }
        if let Some(Described {
            sp,
            keys,
            encryption_key,
            signature_methods,
        }) = reading.provider
        {
            registered.push(Registered {
                sp,
                keys,
                encryption_key,
                signature_methods,
                config: config.clone(),
            });
        }
    }
    let clash = |clash: &Clash| {
        let path = providers
            .iter()
            .find(|config| config.short_name == *clash.short_name())
            .map_or_else(PathBuf::new, |config| config.metadata_path.clone());
        ConfigFault {
            key: format!("sp.{}", clash.short_name()),
            ..ConfigFault::of_file(&path, clash.to_string())
        }
    };
    match Registry::build(registered) {
        Ok(registry) => {
            warnings.extend(registry.warnings().iter().map(clash));
            if faults.is_empty() {
                return Ok(Loaded { registry, warnings });
            }
        }
        Err(clashes) => faults.extend(clashes.iter().map(clash)),
    }
    Err(NotLoaded { faults, warnings })
}

/// Reads a file up to the size that the door refuses, and never more.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(Limits::METADATA.bytes).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
