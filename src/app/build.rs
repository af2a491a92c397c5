//! From a checked configuration to the routes.

use std::{collections::HashMap, path::Path, sync::Arc};

use jiff::Timestamp;

use crate::{
    attributes::{map::Mapping, name_id::NameIdRule, pairwise::Pairwise, release::ReleasePolicy},
    authn::{
        Authenticator,
        local::{Directory, Local, pool::HashPool},
        throttle::Throttle,
    },
    config::{Config, fault::ConfigFault, sections::Organization},
    edge::page::{Pages, Site},
    flow::bridge::{Bridge, Health, Provider, Settings},
    metadata::{registry::Registered, source},
    model::{authn_context::AuthnContextClass, entity_id::EntityId},
    saml::idp_metadata::IdpMetadata,
    store::{Limits, Store, memory::MemoryStore},
    sys::{clock::Clock, entropy::Entropy},
    web::Front,
    xmlsec::SigningKey,
};

/// How many accounts and networks are remembered whose guesses are slowed down.
const MAX_ATTEMPTS: u32 = 100_000;

/// What was built, and what an administrator should see to.
#[derive(Debug)]
pub struct Built {
    /// What the routes work with.
    pub front: Front,
    /// What is not wrong yet.
    pub warnings: Vec<ConfigFault>,
}

/// Builds the server.
///
/// # Errors
///
/// Every fault of metadata, keys, people, rules and texts together.
pub fn build(
    config: Config,
    path: &Path,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Built, Vec<ConfigFault>> {
    let mut faults = Vec::new();
    let now = clock.now();
    let keys = read_signing_keys(&config, &mut faults);
    let mapping = Mapping::compile(&config.attributes)
        .map_err(|found| {
            faults.extend(found.iter().map(|fault| at(path, "attributes", &fault)));
        })
        .ok();
    let (registry, mut warnings) =
        match source::load(&config.service_providers, config.schemes, now) {
            Ok(loaded) => (Some(loaded.registry), loaded.warnings),
            Err(not_loaded) => {
                faults.extend(not_loaded.faults);
                (None, not_loaded.warnings)
            }
        };
    let mut providers = HashMap::new();
    if let (Some(registry), Some(mapping)) = (&registry, &mapping) {
        for registered in registry.all() {
            match compile(registered, mapping, &config.organization, path) {
                Ok((provider, found)) => {
                    providers.insert(registered.config.short_name.clone(), provider);
                    warnings.extend(found);
                }
                Err(found) => faults.extend(found),
            }
        }
    }
    let authenticator = build_authenticator(&config, &*entropy, &mut faults);
    let pages = build_pages(&config, path, &mut faults);
    let metadata = keys
        .as_ref()
        .and_then(|keys| write_metadata(&config, keys, path, &mut faults));
    let entity_id = EntityId::parse(&config.entity_id())
        .map_err(|fault| faults.push(at(path, "base-url", &fault)))
        .ok();
    let pairwise = Pairwise::new(config.keys.pairwise.clone())
        .map_err(|fault| faults.push(at(path, "keys.pairwise", &fault)))
        .ok();
    let (Some(keys), Some(registry), Some(mapping), Some(authenticator)) =
        (keys, registry, mapping, authenticator)
    else {
        return Err(faults);
    };
    let (Some(pages), Some(metadata), Some(entity_id), Some(pairwise)) =
        (pages, metadata, entity_id, pairwise)
    else {
        return Err(faults);
    };
    let Some(signer) = keys.into_iter().next().filter(|_| faults.is_empty()) else {
        return Err(faults);
    };
    warnings.extend(expiring(&signer, now, &config));
    let front = Front {
        bridge: Bridge {
            settings: settings(&config, entity_id),
            clock,
            entropy,
            store: build_store(&config),
            seal: config.keys.seal,
            signer: Arc::new(signer),
            registry,
            providers,
            mapping,
            pairwise,
            authenticator,
            health: Health::default(),
        },
        pages,
        origin: config.base_url.as_str().to_owned(),
        trusted_proxies: config.server.trusted_proxies,
        metadata,
    };
    Ok(Built { front, warnings })
}

fn at(path: &Path, key: &str, what: &dyn std::fmt::Display) -> ConfigFault {
    ConfigFault {
        key: key.to_owned(),
        ..ConfigFault::of_file(path, what.to_string())
    }
}

fn read_signing_keys(config: &Config, faults: &mut Vec<ConfigFault>) -> Option<Vec<SigningKey>> {
    let mut keys = Vec::new();
    for file in &config.keys.signing {
        match SigningKey::from_pem(file.pem.expose()) {
            Ok(key) => keys.push(key),
            Err(fault) => faults.push(at(&file.path, "", &fault)),
        }
    }
    (keys.len() == config.keys.signing.len()).then_some(keys)
}

/// Compiles the rules of one provider, where every one of them can work.
fn compile(
    registered: &Arc<Registered>,
    mapping: &Mapping,
    organization: &Organization,
    path: &Path,
) -> Result<(Provider, Vec<ConfigFault>), Vec<ConfigFault>> {
    let sp = &registered.config;
    let is_ours = |name: &str| mapping.gives(name);
    let domains = &organization.mail_domains;
    let key = |part: &str| format!("sp.{}.{part}", sp.short_name);
    let release = ReleasePolicy::compile(&sp.release, domains, &organization.scopes, &is_ours)
        .map_err(|found| {
            found
                .iter()
                .map(|fault| at(path, &key("release"), fault))
                .collect()
        });
    let name_id = NameIdRule::compile(&sp.name_id, domains, &is_ours)
        .map_err(|fault| vec![at(path, &key("name-id"), &fault)]);
    let (release, name_id) = match (release, name_id) {
        (Ok(release), Ok(name_id)) => (release, name_id),
        (release, name_id) => {
            let faults: [Vec<_>; 2] = [
                release.err().unwrap_or_default(),
                name_id.err().unwrap_or_default(),
            ];
            return Err(faults.concat());
        }
    };
    let warnings = release.warnings();
    let warnings = warnings
        .iter()
        .map(|warning| at(path, &key("release"), warning))
        .collect();
    let provider = Provider {
        display_name: registered.display_name(),
        registered: Arc::clone(registered),
        name_id,
        release,
    };
    Ok((provider, warnings))
}

fn build_authenticator(
    config: &Config,
    entropy: &dyn Entropy,
    faults: &mut Vec<ConfigFault>,
) -> Option<Authenticator> {
    let local = config.authn.local.as_ref()?;
    let directory = Directory::load(&local.people, config.is_lab())
        .map_err(|found| faults.extend(found))
        .ok();
    let pool = HashPool::start(local.hashing_threads, local.hashing_queue)
        .map_err(|error| faults.push(at(&local.people, "authn.local", &error)))
        .ok();
    let throttle = Throttle::new(&config.authn.throttle, entropy);
    Some(Authenticator::new(throttle, Local::new(directory?, pool?)))
}

fn build_pages(config: &Config, path: &Path, faults: &mut Vec<ConfigFault>) -> Option<Pages> {
    let site = Site {
        organization: config.organization.name.clone(),
        organization_url: config.organization.url.clone(),
        support_text: config.support.text.clone(),
        support_link: config.support.link.clone(),
        lab: config.is_lab(),
    };
    Pages::new(site)
        .map_err(|error| faults.push(at(path, "organization", &error)))
        .ok()
}

fn write_metadata(
    config: &Config,
    keys: &[SigningKey],
    path: &Path,
    faults: &mut Vec<ConfigFault>,
) -> Option<String> {
    let certificates: Vec<_> = keys.iter().map(SigningKey::certificate_der).collect();
    let metadata = IdpMetadata {
        entity_id: &config.entity_id(),
        sso: &config.sso_url(),
        error_url: &config.url("/"),
        logo: (&config.url("/assets/icon.svg"), 64),
        signing_certificates: &certificates,
        organization: &config.organization.name,
        organization_url: &config.organization.url,
        technical_contact: &config.organization.technical_contact,
        scopes: &config.organization.scopes,
    };
    metadata
        .write()
        .map(crate::xml::Canonical::into_string)
        .map_err(|fault| faults.push(at(path, "organization", &fault)))
        .ok()
}

/// A certificate that ends warns and stops nobody: providers that took it keep the key.
fn expiring(signer: &SigningKey, now: Timestamp, config: &Config) -> Option<ConfigFault> {
    let ends = signer.certificate().not_after();
    let days = ends.duration_since(now).as_hours() / 24;
    let file = config.keys.signing.first()?;
    (days < 60).then(|| {
        at(
            &file.path,
            "keys.signing",
            &format!("the certificate ends in {days} days"),
        )
    })
}

fn settings(config: &Config, entity_id: EntityId) -> Settings {
    Settings {
        entity_id,
        sso_url: config.sso_url(),
        max_request_age: config.requests.max_age(),
        max_request_ahead: config.requests.max_ahead(),
        session_lifetime: config.sessions.lifetime(),
        password_context: if config.base_url.is_https() {
            AuthnContextClass::PasswordProtectedTransport
        } else {
            AuthnContextClass::Password
        },
    }
}

fn build_store(config: &Config) -> Store {
    Store::Memory(MemoryStore::new(Limits {
        sessions: config.sessions.max,
        idle: config.sessions.idle(),
        replay_marks: config.requests.max_replay_marks,
        attempts: MAX_ATTEMPTS,
    }))
}
