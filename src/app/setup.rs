//! The sheet for a provider's own form, from a checked configuration: `passerelle zoom-settings`.

use std::path::Path;

use jiff::Timestamp;

use super::look::{Look, Seen, with_facts};
use crate::{
    config::{
        self, Config, environment::Environment, fault::ConfigFault, sections::Service, sp::SpConfig,
    },
    setup::{sheet::Sheet, zoom},
};

/// The sheet, and what else is known of the provider.
#[derive(Debug)]
pub struct SetUp {
    /// What to type.
    pub sheet: Sheet,
    /// Our own origin.
    pub origin: String,
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The configuration cannot be used, or what it names of this provider.
    #[error("{} fault(s) stand in the way", .0.len())]
    Faults(Vec<ConfigFault>),
    /// No provider is Zoom.
    #[error(
        "no service provider is Zoom: its table wants preset = \"zoom\", or service = \"zoom\""
    )]
    NoneOfIt,
    /// The provider that was named is not Zoom.
    #[error("sp.{0} is not Zoom: its table wants preset = \"zoom\", or service = \"zoom\"")]
    Other(String),
    /// Several providers are Zoom.
    #[error("several service providers are Zoom: name one with --sp, of {0}")]
    Several(String),
    /// There is no such provider.
    #[error("there is no sp.{0}; the service providers are: {1}")]
    Unknown(String, String),
}

/// Makes the sheet for Zoom's form, for the provider called `sp`, or for the only one that is Zoom. What the
/// configuration names besides providers and keys need not be there.
///
/// # Errors
///
/// There is no such provider, or what the sheet is made of is faulty.
pub fn zoom_sheet(
    path: &Path,
    environment: &Environment,
    sp: Option<&str>,
    now: Timestamp,
) -> Result<SetUp, SetUpError> {
    let config =
        config::load(path, environment).map_err(|faulty| SetUpError::Faults(faulty.faults))?;
    let short_name = &chosen(&config, sp)?.short_name;
    let mut look = Look::at(config.named(), path);
    let seen = look.look(now);
    let Look {
        faults,
        of_providers,
        warnings,
        ..
    } = look;
    let table = format!("sp.{short_name}");
    let is_of_it = |fault: &&ConfigFault| {
        let rest = fault.key.strip_prefix(&table);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let told =
        [&of_providers, &warnings].map(|told| told.iter().filter(is_of_it).cloned().collect());
    let sheet = sheet_of(&config, &seen, short_name.as_str(), (told, now))
        .ok_or_else(|| SetUpError::Faults([faults, of_providers].concat()))?;
    Ok(SetUp {
        sheet,
        origin: config.base_url.as_str().to_owned(),
    })
}

fn chosen<'c>(config: &'c Config, sp: Option<&str>) -> Result<&'c SpConfig, SetUpError> {
    let all = &config.service_providers;
    let listed = |some: &[&SpConfig]| {
        let names: Vec<_> = some.iter().map(|sp| sp.short_name.as_str()).collect();
        names.join(", ")
    };
    let is_zoom = |sp: &SpConfig| sp.service == Some(Service::Zoom);
    if let Some(name) = sp {
        let found = all.iter().find(|sp| sp.short_name.as_str() == name);
        let all: Vec<_> = all.iter().collect();
        let found = found.ok_or_else(|| SetUpError::Unknown(name.to_owned(), listed(&all)))?;
        return is_zoom(found)
            .then_some(found)
            .ok_or_else(|| SetUpError::Other(name.to_owned()));
    }
    let zooms: Vec<_> = all.iter().filter(|sp| is_zoom(sp)).collect();
    match zooms.as_slice() {
        [] => Err(SetUpError::NoneOfIt),
        [only] => Ok(only),
        several => Err(SetUpError::Several(listed(several))),
    }
}

fn sheet_of(
    config: &Config,
    seen: &Seen,
    short_name: &str,
    (told, now): ([Vec<ConfigFault>; 2], Timestamp),
) -> Option<Sheet> {
    let mut providers = seen.providers.iter();
    let (_, provider) = providers.find(|(name, _)| name.as_str() == short_name)?;
    let how = (seen.mapping.as_ref()?, config.sessions.lifetime());
    with_facts(provider, how, now, |facts| {
        let domains = &config.organization.mail_domains;
        zoom::sheet(facts, &config.base_url, domains, told)
    })
}
