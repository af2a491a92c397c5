//! The sheet for a provider's own form, from a checked configuration: `passerelle zoom-settings`.

use std::path::Path;

use jiff::Timestamp;

pub use super::look::WhichKey;
use super::{
    duties::{self, Due, end_and_days_left},
    look::{Cause, Look, OfProvider, Seen, Warning, with_facts},
};
use crate::{
    config::{
        self, Config, environment::Environment, fault::ConfigFault, sections::Service, sp::SpConfig,
    },
    edge::{
        location::TRIALS,
        page::{PageError, matter::FrenchMatters, sheet::SheetWords},
    },
    flow::bridge::Provider,
    metadata::registry::Registered,
    model::{language::Language, short_name::ShortName},
    setup::{
        said::Said,
        sheet::{Sheet, Told},
        zoom,
    },
    xmlsec::Signer,
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
    /// No other key is to sign for this provider.
    #[error(
        "no other key is to sign for sp.{0}: `passerelle keys rollover status` says how it stands"
    )]
    NoNextKey(String),
    /// The texts are broken, which tests exclude.
    #[error("the sheet cannot be written")]
    Page(#[from] PageError),
    /// The provider that was named is not Zoom.
    #[error("sp.{0} is not Zoom: its table wants preset = \"zoom\", or service = \"zoom\"")]
    Other(String),
    /// Several providers are Zoom.
    #[error("several service providers are Zoom: name one with --sp, of {0}")]
    Several(String),
    /// The only ones that are Zoom are there for a try.
    #[error(
        "the only service provider that is Zoom is there to be tried at /test: `passerelle sp add NAME --metadata URL` \
         registers Zoom's own metadata; --sp takes the one for a try all the same: {0}"
    )]
    OnlyTried(String),
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
    (sp, which): (Option<&str>, WhichKey),
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
    let words = SheetWords::load(Language::Fr)?;
    let in_both = |told: &OfProvider| {
        let OfProvider { fault, cause } = told;
        Ok(Told {
            english: fault.clone(),
            french: at_place(fault, cause, &words)?,
        })
    };
    let is_of_it = |told: &&OfProvider| told.fault.is_under(&table);
    let grave = of_providers.iter().filter(is_of_it).map(in_both);
    let light = warnings.iter().filter_map(Warning::of_provider);
    let light = light.filter(is_of_it).map(in_both);
    let mut told = [
        grave.collect::<Result<Vec<_>, PageError>>()?,
        light.collect::<Result<Vec<_>, PageError>>()?,
    ];
    let unusable = || {
        let of_providers = of_providers.iter().map(|told| told.fault.clone());
        let told = warnings.iter().filter_map(Warning::of_provider);
        let warnings = told.map(|told| told.fault.clone()).collect();
        let faults = faults.iter().cloned().chain(of_providers).collect();
        SetUpError::Faults(standing_in_the_way(short_name, faults, warnings))
    };
    let provider = seen.providers.get(short_name).ok_or_else(unusable)?;
    let [_, look_at] = &mut told;
    look_at.extend(due_in_both_languages(&provider.registered, now)?);
    let next = provider.next.as_ref();
    let signer = match (which, next.and_then(|next| next.signer.as_deref())) {
        (WhichKey::Present, _) => {
            let until = next.filter(|it| it.signer.is_some() && !it.has_come(now));
            if let Some(until) = until.and_then(|next| next.from) {
                // Whoever pastes the present certificate while its end is planned must know until when it counts.
                let [_, look_at] = &mut told;
                let until = format!("{until:.0}");
                let said = Said::PresentKey { until };
                let place = of_next_key_from(path, &config, short_name);
                look_at.push(in_both_languages(&place, said, &words)?);
            }
            provider.signer_at(now)
        }
        (WhichKey::Next, None) => return Err(SetUpError::NoNextKey(short_name.to_string())),
        (WhichKey::Next, Some(signer)) => {
            let [_, look_at] = &mut told;
            // Zoom has one place for a certificate: whoever pastes this one must know when.
            let sp = short_name.to_string();
            let said = Said::NextKey { sp };
            let place = of_next_key_from(path, &config, short_name);
            look_at.push(in_both_languages(&place, said, &words)?);
            signer
        }
    };
    let sheet = sheet_of(&config, &seen, (provider, signer), (told, now)).ok_or_else(unusable)?;
    Ok(SetUp {
        sheet,
        origin: config.base_url.as_str().to_owned(),
    })
}

/// What keeps a provider from being known: the faults there are, and what is told of it otherwise, as it is of one that
/// is switched off.
pub(super) fn standing_in_the_way(
    short_name: &ShortName,
    faults: Vec<ConfigFault>,
    warnings: Vec<ConfigFault>,
) -> Vec<ConfigFault> {
    let table = format!("sp.{short_name}");
    let told = warnings.into_iter().filter(|told| told.is_under(&table));
    faults.into_iter().chain(told).collect()
}

/// The place of what is told of the key whose certificate is on the sheet.
fn of_next_key_from(path: &Path, config: &Config, short_name: &ShortName) -> ConfigFault {
    let key = format!("sp.{short_name}.next-key-from");
    ConfigFault {
        line: config.lines.of(&key),
        key,
        ..ConfigFault::of_file(path, "")
    }
}

/// What must be seen to of the provider's metadata, as `check` and `status` have it.
fn due_in_both_languages(provider: &Registered, now: Timestamp) -> Result<Vec<Told>, PageError> {
    let french = FrenchMatters::load()?;
    let in_both = |(duty, matter): Due| {
        let config = &provider.config;
        let place = ConfigFault {
            key: duty.whom.clone(),
            ..ConfigFault::of_file(&config.metadata_path, "")
        };
        Ok(Told {
            french: ConfigFault {
                what: french.ended(&matter, end_and_days_left(&duty, now))?,
                hint: french.hint(&matter)?,
                ..place.clone()
            },
            english: ConfigFault {
                what: duties::ended(&duty, now),
                hint: duty.hint,
                ..place
            },
        })
    };
    let due = duties::of_metadata(provider, now).into_iter();
    due.map(in_both).collect()
}

/// What is said at `place`, in English and in these `french` words.
fn in_both_languages(
    place: &ConfigFault,
    said: Said,
    french: &SheetWords,
) -> Result<Told, PageError> {
    let cause = Cause::Said(said, WhichKey::Present);
    Ok(Told {
        english: at_place(place, &cause, &SheetWords::load(Language::En)?)?,
        french: at_place(place, &cause, french)?,
    })
}

/// The same place with what `cause` tells in these words.
fn at_place(
    place: &ConfigFault,
    cause: &Cause,
    words: &SheetWords,
) -> Result<ConfigFault, PageError> {
    let (what, hint) = cause.in_words(words)?;
    Ok(ConfigFault {
        what,
        hint,
        ..place.clone()
    })
}

/// The provider called `sp`, or the only one that is Zoom: of those that are switched on, where any are. One whose
/// sign-in begins at our own `/test` is made up for a try (`passerelle init --try`), and has to be named.
pub(super) fn chosen<'c>(config: &'c Config, sp: Option<&str>) -> Result<&'c SpConfig, SetUpError> {
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
    let trials = config.url(TRIALS);
    let is_tried =
        |sp: &&SpConfig| { sp.sign_in_link.as_ref() }.is_some_and(|it| it.as_str() == trials);
    let (tried, zooms): (Vec<_>, Vec<_>) = all.iter().filter(|sp| is_zoom(sp)).partition(is_tried);
    let (enabled, disabled): (Vec<_>, Vec<_>) = zooms.into_iter().partition(|sp| sp.enabled);
    let zooms = if enabled.is_empty() {
        disabled
    } else {
        enabled
    };
    match zooms.as_slice() {
        [] if !tried.is_empty() => Err(SetUpError::OnlyTried(listed(&tried))),
        [] => Err(SetUpError::NoneOfIt),
        [only] => Ok(only),
        several => Err(SetUpError::Several(listed(several))),
    }
}

fn sheet_of(
    config: &Config,
    seen: &Seen,
    signing_for: (&Provider, &dyn Signer),
    (told, now): ([Vec<Told>; 2], Timestamp),
) -> Option<Sheet> {
    let how = (seen.mapping.as_ref()?, config.sessions.lifetime());
    with_facts(signing_for, how, now, |facts| {
        let domains = &config.organization.mail_domains;
        zoom::sheet(facts, &config.base_url, domains, told)
    })
}
