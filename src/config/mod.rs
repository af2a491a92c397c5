//! Loads the configuration, checks everything, and reports every fault at once.
//!
//! [`Config`] is what the rest of the house gets: checked, with every file read and every preset
//! applied. What stands in it is right as far as it can be told without other peers' files;
//! expressions and attribute names are checked where they are compiled.

use std::{collections::BTreeMap, io, path::Path};

pub mod base_url;
pub mod draft;
pub mod edit;
pub mod environment;
pub mod fault;
pub mod followed;
pub mod keys;
pub mod lines;
pub mod named;
pub mod proposal;
pub mod sections;
pub mod sp;
pub mod store;
pub mod stories;
pub mod token_uri;
pub mod trial;

mod alerts;
mod algorithms;
mod authn;
mod document;
mod files;
mod ldap;
mod organization;
mod preset;
mod rules;
mod server;
mod sessions;
mod texts;
mod words;

use base_url::BaseUrl;
use document::{Report, Table};
use environment::Environment;
use fault::ConfigFault;
use files::Surroundings;
use keys::{Keys, Known};
use lines::Lines;
use named::Faulty;
use sections::{
    Alerts, Algorithm, Authn, Metrics, Organization, Requests, Server, Sessions, Support, Texts,
};
use sp::SpConfig;
use store::RedisServer;
use stories::Stories;
use trial::Testers;

use crate::{model::endpoint::Schemes, sys::shell::one_word};

/// The largest configuration file that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where `passerelle init` writes one, in the folder that it is told.
const WRITTEN_BY_INIT: &str = "config/passerelle.toml";

/// The whole configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// Where people and providers reach us.
    pub base_url: BaseUrl,
    /// Which schemes addresses may have: [`Schemes::Lab`] where the file says `lab = true`, which
    /// pages and log then say.
    pub schemes: Schemes,
    /// `[server]`
    pub server: Server,
    /// `[keys]`, with what is in the files.
    pub keys: Keys,
    /// `[organization]`
    pub organization: Organization,
    /// `[support]`
    pub support: Support,
    /// `[texts]`
    pub texts: Option<Texts>,
    /// `[metrics]`
    pub metrics: Option<Metrics>,
    /// `[alerts]`
    pub alerts: Option<Alerts>,
    /// `[authn]`
    pub authn: Authn,
    /// `[test]`: who may try a sign-in; nobody where it is not there.
    pub testers: Option<Testers>,
    /// `[sessions]`
    pub sessions: Sessions,
    /// `[store]`: the server that several nodes share; this process remembers where it is not there.
    pub store: Option<RedisServer>,
    /// `[stories]`
    pub stories: Stories,
    /// `[requests]`
    pub requests: Requests,
    /// `[algorithms] refuse`: what is neither taken of any provider nor used for one (IIP-ALG08).
    pub refused_algorithms: Vec<Algorithm>,
    /// `[attributes]`: for each of our attributes, the expression over the source's attributes that
    /// gives its values. An attribute that is not listed is the source's of the same name.
    pub attributes: BTreeMap<String, String>,
    /// `[sp.<short name>]`, in the order of the names.
    pub service_providers: Vec<SpConfig>,
    /// Where the keys of the file stand.
    pub lines: Lines,
}

impl Config {
    /// Whether this is a lab, where plain `http` is let through.
    pub fn is_lab(&self) -> bool {
        self.schemes == Schemes::Lab
    }

    /// Our entityID, which is also where our metadata is served.
    pub fn entity_id(&self) -> String {
        self.base_url.entity_id()
    }

    /// Where an AuthnRequest is taken.
    pub fn sso_url(&self) -> String {
        self.base_url.sso_url()
    }

    /// The address of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        self.base_url.url(path)
    }
}

/// Loads the configuration file and every file that it names, except metadata and people.
///
/// # Errors
///
/// Every fault that was found, in the order of the lines; the server must not start.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, Box<Faulty>> {
    match read(path) {
        Ok(text) => parse(path, &text, environment),
        Err(fault) => Sections::default().into_config(vec![fault]),
    }
}

/// Reads the text of the configuration file, and nothing in it.
///
/// # Errors
///
/// It cannot be read, is too large, or is no text.
pub fn read(path: &Path) -> Result<String, ConfigFault> {
    files::read_text(path, MAX_BYTES).map_err(|what| {
        let mut fault = ConfigFault::of_file(path, what);
        match path.metadata() {
            Ok(found) if found.is_dir() => {
                fault.hint("name the file in it: --config FILE");
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                fault.hint(files::hint_of(path, &error));
            }
            Err(_) => {
                let written = folder_of(path).join(WRITTEN_BY_INIT);
                if written.is_file() {
                    fault.hint(format!(
                        "name the configuration file: --config {}",
                        one_word(&written.display().to_string())
                    ));
                } else {
                    fault.hint("name the configuration file: --config FILE");
                }
            }
        }
        fault
    })
}

/// Loads `text` as if it were in the configuration file at `path`.
///
/// # Errors
///
/// As [`load`].
pub fn parse(path: &Path, text: &str, environment: &Environment) -> Result<Config, Box<Faulty>> {
    let mut sections = Sections::default();
    let mut report = Report::new(path, text);
    sections.read(text, folder_of(path), environment, &mut report);
    sections.lines = report.lines.clone();
    sections.into_config(report.into_faults())
}

/// The folder of the configuration file, from which relative paths start.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}

/// The parts of a configuration, each as far as it could be read.
#[derive(Debug, Default)]
struct Sections {
    base_url: Option<BaseUrl>,
    schemes: Schemes,
    server: Option<Server>,
    keys: Option<Keys>,
    /// What is known of the keys, where some are missing.
    known: Known,
    organization: Option<Organization>,
    support: Option<Support>,
    texts: Option<Texts>,
    metrics: Option<Metrics>,
    alerts: Option<Alerts>,
    authn: Option<Authn>,
    testers: Option<Testers>,
    sessions: Sessions,
    store: Option<RedisServer>,
    stories: Stories,
    requests: Requests,
    refused_algorithms: Vec<Algorithm>,
    attributes: BTreeMap<String, String>,
    service_providers: Vec<SpConfig>,
    lines: Lines,
    /// Whether there is any TOML.
    is_read: bool,
}

impl Sections {
    fn read(&mut self, text: &str, folder: &Path, environment: &Environment, report: &mut Report) {
        let Some(mut file) = Table::parse(text, report) else {
            return;
        };
        self.is_read = true;
        (self.base_url, self.schemes) = base_url::read(&mut file, report);
        let algorithms = file.table("algorithms", report);
        self.refused_algorithms = algorithms::read(algorithms, report);
        let around = Surroundings {
            folder,
            environment,
            schemes: self.schemes,
            state_folder: None,
            watched: None,
            refused_algorithms: &self.refused_algorithms,
        };
        let server = file.required_table("server", report);
        self.server = server.and_then(|table| server::read(table, &around, report));
        let metrics = file.table("metrics", report);
        self.metrics =
            metrics.and_then(|table| server::read_metrics(table, self.server.as_ref(), report));
        match file
            .required_table("keys", report)
            .map(|table| keys::read(table, &around, report))
        {
            Some(Ok(keys)) => self.keys = Some(keys),
            Some(Err(known)) => self.known = known,
            None => {}
        }
        let organization = file.required_table("organization", report);
        self.organization =
            organization.and_then(|table| organization::read_organization(table, &around, report));
        let support = file.required_table("support", report);
        self.support = support.and_then(|table| organization::read_support(table, &around, report));
        let texts = file.table("texts", report);
        self.texts = texts.and_then(|table| texts::read(table, &around, report));
        let alerts = file.table("alerts", report);
        self.alerts = alerts.map(|table| alerts::read(table, &around, report));
        let authn = file.required_table("authn", report);
        self.authn = authn.map(|table| authn::read(table, &around, report));
        let trial = file.table("test", report);
        self.testers = trial.and_then(|table| trial::read(table, report));
        let sessions = file.table("sessions", report);
        self.sessions = sessions::read_sessions(sessions, report);
        let store = file.table("store", report);
        self.store = store.and_then(|table| store::read(table, &around, report));
        self.stories = stories::read(file.table("stories", report), report);
        let requests = file.table("requests", report);
        self.requests = sessions::read_requests(requests, report);
        let attributes = file.table("attributes", report);
        self.attributes = read_attributes(attributes, report);
        let service_providers = file.table("sp", report);
        let server = self.server.as_ref();
        let around = Surroundings {
            state_folder: server.and_then(|server| server.state_folder.as_deref()),
            ..around
        };
        let watched = followed::read_watched(file.table("metadata", report), &around, report);
        let around = Surroundings {
            watched: watched.as_deref(),
            ..around
        };
        self.service_providers = sp::read_all(service_providers, &around, report);
        sp::refuse_times_without_a_key(&self.service_providers, report);
        file.finish(report);
        if !report.is_clean_under("organization") {
            // Rules that need it would be found wrong for what is missing there.
            self.organization = None;
        }
    }

    fn into_config(self, faults: Vec<ConfigFault>) -> Result<Config, Box<Faulty>> {
        match self {
            Self {
                base_url: Some(base_url),
                schemes,
                server: Some(server),
                keys: Some(keys),
                known: _,
                organization: Some(organization),
                support: Some(support),
                texts,
                metrics,
                alerts,
                authn: Some(authn),
                testers,
                sessions,
                store,
                stories,
                requests,
                refused_algorithms,
                attributes,
                service_providers,
                lines,
                is_read: _,
            } if faults.is_empty() => Ok(Config {
                base_url,
                schemes,
                server,
                keys,
                organization,
                support,
                texts,
                metrics,
                alerts,
                authn,
                testers,
                sessions,
                store,
                stories,
                requests,
                refused_algorithms,
                attributes,
                service_providers,
                lines,
            }),
            unusable => Err(Box::new(unusable.into_faulty(faults))),
        }
    }

    fn into_faulty(self, faults: Vec<ConfigFault>) -> Faulty {
        let Known {
            signing,
            next,
            seal_place,
        } = match self.keys {
            Some(keys) => Known {
                signing: keys.signing,
                next: keys.next,
                seal_place: Some(keys.seal_place),
            },
            None => self.known,
        };
        Faulty {
            faults,
            is_read: self.is_read,
            lines: self.lines,
            base_url: self.base_url,
            server: self.server,
            schemes: self.schemes,
            signing,
            next,
            seal_place,
            authn: self.authn,
            attributes: self.attributes,
            organization: self.organization,
            sessions: self.sessions,
            store: self.store,
            stories: self.stories,
            service_providers: self.service_providers,
        }
    }
}

fn read_attributes(table: Option<Table<'_>>, report: &mut Report) -> BTreeMap<String, String> {
    let Some(table) = table else {
        return BTreeMap::new();
    };
    let attributes: BTreeMap<String, String> = table.named_values(report);
    let mut seen = std::collections::BTreeSet::new();
    for (name, expression) in &attributes {
        let key = format!("attributes.{name}");
        if !rules::is_attribute_name(name) {
            report.fault(&key, "is not the name of an attribute");
        }
        // Names meet without regard to case.
        if !seen.insert(name.to_ascii_lowercase()) {
            report.fault(&key, "is given twice");
        }
        if expression.trim().is_empty() {
            report.fault(&key, "is empty");
        }
    }
    attributes
}

#[cfg(test)]
mod tests;
