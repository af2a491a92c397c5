//! From a checked configuration to the routes.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    attributes::{
        catalog,
        map::Mapping,
        name_id::{NameIdRule, Parties},
        pairwise::Pairwise,
        release::ReleasePolicy,
    },
    authn::{
        Authenticator,
        local::{Directory, Local, pool::HashPool},
        throttle::Throttle,
    },
    config::{Config, fault::ConfigFault, sections::Organization},
    edge::{
        limits::Bodies,
        page::{Pages, Site},
    },
    flow::bridge::{Bridge, Health, Provider, Settings},
    metadata::{
        registry::{Registered, Registry},
        source,
    },
    model::{
        authn_context::AuthnContextClass, entity_id::EntityId, short_name::ShortName, trace::Trace,
    },
    saml::idp_metadata::IdpMetadata,
    store::{Limits, Store, memory::MemoryStore},
    sys::{clock::Clock, entropy::Entropy, tls},
    web::Front,
    xml::Canonical,
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
    let mut site = Building {
        config: &config,
        path,
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let now = clock.now();
    let parts = site.parts(now, &*entropy);
    let Building {
        faults, warnings, ..
    } = site;
    let Some(parts) = parts.filter(|_| faults.is_empty()) else {
        return Err(faults);
    };
    let front = Front {
        bridge: Bridge {
            settings: settings(&config, parts.entity_id),
            clock,
            entropy,
            store: build_store(&config),
            seal: config.keys.seal,
            signer: Arc::new(parts.signer),
            registry: parts.registry,
            providers: parts.providers,
            mapping: parts.mapping,
            pairwise: parts.pairwise,
            authenticator: parts.authenticator,
            health: Health::default(),
        },
        pages: parts.pages,
        origin: config.base_url.as_str().to_owned(),
        trusted_proxies: config.server.trusted_proxies,
        metadata: parts.metadata,
        bodies: Bodies::default(),
    };
    Ok(Built { front, warnings })
}

/// What is built, and all that is found wrong on the way.
struct Building<'a> {
    config: &'a Config,
    path: &'a Path,
    faults: Vec<ConfigFault>,
    warnings: Vec<ConfigFault>,
}

/// All that can fail to be built.
struct Parts {
    entity_id: EntityId,
    signer: SigningKey,
    registry: Registry,
    providers: HashMap<ShortName, Provider>,
    mapping: Mapping,
    pairwise: Pairwise,
    authenticator: Authenticator,
    pages: Pages,
    metadata: String,
}

impl Building<'_> {
    /// Builds every part before it gives up, so that one start shows all faults.
    fn parts(&mut self, now: Timestamp, entropy: &dyn Entropy) -> Option<Parts> {
        let keys = self.signing_keys();
        let metadata = keys.as_ref().and_then(|keys| self.metadata(keys));
        let signer = keys.and_then(|keys| keys.into_iter().next());
        if let Some(signer) = &signer {
            self.warn_of_the_end(signer, now);
        }
        let mapping = self.mapping();
        let registry = self.registry(now);
        let providers = match (&registry, &mapping) {
            (Some(registry), Some(mapping)) => self.providers(registry, mapping),
            _ => HashMap::new(),
        };
        let entity_id = EntityId::parse(&self.config.entity_id())
            .map_err(|fault| self.fault("base-url", &fault))
            .ok();
        let pairwise = Pairwise::new(self.config.keys.pairwise.clone())
            .map_err(|fault| self.fault("keys.pairwise", &fault))
            .ok();
        let directory = self.directory();
        if let (Some(directory), Some(mapping), Some(idp), Some(pairwise)) =
            (&directory, &mapping, &entity_id, &pairwise)
        {
            self.warn_of_unknown_attributes(directory, mapping);
            for provider in providers.values() {
                let sp = &provider.registered.sp.entity_id;
                let parties = Parties { idp, sp, pairwise };
                self.refuse_shared_names(directory, mapping, provider, parties);
            }
        }
        let authenticator = directory.and_then(|people| self.authenticator(people, entropy));
        let pages = self.pages();
        self.try_tls();
        Some(Parts {
            entity_id: entity_id?,
            signer: signer?,
            registry: registry?,
            providers,
            mapping: mapping?,
            pairwise: pairwise?,
            authenticator: authenticator?,
            pages: pages?,
            metadata: metadata?,
        })
    }

    fn fault(&mut self, key: &str, what: &dyn std::fmt::Display) {
        self.faults.push(at(self.path, key, what));
    }

    /// The listener makes its own; this one only shows that it can.
    fn try_tls(&mut self) {
        let Some(files) = &self.config.server.tls else {
            return;
        };
        if let Err(error) = tls::acceptor(&files.certificate, &files.key) {
            let (certificate, key) = (files.certificate.display(), files.key.display());
            let mut fault = at(
                self.path,
                "server.tls",
                &format!("{error}: {certificate}, {key}"),
            );
            fault.hint(
                "PEM both: our certificate and then its chain; its own key, without a passphrase",
            );
            self.faults.push(fault);
        }
    }

    fn signing_keys(&mut self) -> Option<Vec<SigningKey>> {
        let mut keys = Vec::new();
        for file in &self.config.keys.signing {
            match SigningKey::from_pem(file.pem.expose()) {
                Ok(key) => keys.push(key),
                Err(fault) => self.faults.push(at(&file.path, "", &fault)),
            }
        }
        (keys.len() == self.config.keys.signing.len()).then_some(keys)
    }

    /// A certificate that ends warns and stops nobody: providers that took it keep the key.
    fn warn_of_the_end(&mut self, signer: &SigningKey, now: Timestamp) {
        let days = signer
            .certificate()
            .not_after()
            .duration_since(now)
            .as_hours()
            / 24;
        if let Some(file) = self.config.keys.signing.first()
            && days < 60
        {
            let what = format!("the certificate ends in {days} days");
            self.warnings.push(at(&file.path, "keys.signing", &what));
        }
    }

    fn metadata(&mut self, keys: &[SigningKey]) -> Option<String> {
        let config = self.config;
        let certificates: Vec<_> = keys.iter().map(SigningKey::certificate_der).collect();
        let metadata = IdpMetadata {
            entity_id: &config.entity_id(),
            sso: &config.sso_url(),
            error_url: &config.url("/"),
            logo: (&config.url(Pages::ICON_PATH), 64),
            signing_certificates: &certificates,
            organization: &config.organization.name,
            organization_url: &config.organization.url,
            technical_contact: &config.organization.technical_contact,
            scopes: &config.organization.scopes,
        };
        metadata
            .write()
            .map(Canonical::into_string)
            .map_err(|fault| self.fault("organization", &fault))
            .ok()
    }

    fn mapping(&mut self) -> Option<Mapping> {
        Mapping::compile(&self.config.attributes)
            .map_err(|found| {
                for fault in found {
                    self.fault("attributes", &fault);
                }
            })
            .ok()
    }

    fn registry(&mut self, now: Timestamp) -> Option<Registry> {
        match source::load(&self.config.service_providers, self.config.schemes, now) {
            Ok(loaded) => {
                self.warnings.extend(loaded.warnings);
                Some(loaded.registry)
            }
            Err(not_loaded) => {
                self.faults.extend(not_loaded.faults);
                self.warnings.extend(not_loaded.warnings);
                None
            }
        }
    }

    fn providers(
        &mut self,
        registry: &Registry,
        mapping: &Mapping,
    ) -> HashMap<ShortName, Provider> {
        let mut providers = HashMap::new();
        for registered in registry.all() {
            if let Some(provider) = self.provider(registered, mapping) {
                providers.insert(registered.config.short_name.clone(), provider);
            }
        }
        providers
    }

    /// Compiles the rules of one provider, where every one of them can work.
    fn provider(&mut self, registered: &Arc<Registered>, mapping: &Mapping) -> Option<Provider> {
        let sp = &registered.config;
        let is_ours = |name: &str| mapping.gives(name);
        let Organization {
            mail_domains,
            scopes,
            ..
        } = &self.config.organization;
        let key = format!("sp.{}.release", sp.short_name);
        let release = ReleasePolicy::compile(&sp.release, mail_domains, scopes, &is_ours)
            .map_err(|found| {
                for fault in found {
                    self.fault(&key, &fault);
                }
            })
            .ok();
        let name_id = NameIdRule::compile(&sp.name_id, mail_domains, &is_ours)
            .map_err(|fault| self.fault(&format!("sp.{}.name-id", sp.short_name), &fault))
            .ok();
        let (release, name_id) = (release?, name_id?);
        for warning in release.warnings() {
            self.warnings.push(at(self.path, &key, &warning));
        }
        Some(Provider {
            display_name: registered.display_name(),
            registered: Arc::clone(registered),
            name_id,
            release,
        })
    }

    fn directory(&mut self) -> Option<Directory> {
        let local = self.config.authn.local.as_ref()?;
        Directory::load(&local.people, self.config.is_lab())
            .map_err(|found| self.faults.extend(found))
            .ok()
    }

    /// Attributes of people that no rule and no provider will ever look at: most likely a slip.
    fn warn_of_unknown_attributes(&mut self, directory: &Directory, mapping: &Mapping) {
        let mut unknown = BTreeMap::new();
        for (login, attributes) in directory.everybody() {
            for (name, _) in attributes.iter() {
                if catalog::find(name).is_none() && !mapping.reads(name) {
                    unknown.entry(name).or_insert(login);
                }
            }
        }
        let file = self.config.authn.local.as_ref();
        let file = file.map_or(self.path, |local| &local.people);
        for (name, login) in unknown {
            let what = format!("{name}, which {login} has, is known to no rule");
            let mut warning = ConfigFault::of_file(file, what);
            warning.hint("a slip in the name? otherwise use it in a rule of [attributes]");
            self.warnings.push(warning);
        }
    }

    /// Two people whom a provider would know by one name: each could be taken for the other
    ///
    fn refuse_shared_names(
        &mut self,
        directory: &Directory,
        mapping: &Mapping,
        provider: &Provider,
        parties: Parties<'_>,
    ) {
        let mut holders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (login, attributes) in directory.everybody() {
            let mut unread = Trace::new();
            let ours = mapping.apply(attributes, &mut unread);
            // Somebody who has no name there is told so at the sign-in.
            if let Ok(name_id) = provider.name_id.build(&ours, parties, &mut unread) {
                holders.entry(name_id.value).or_default().push(login);
            }
        }
        let file = self
            .config
            .authn
            .local
            .as_ref()
            .map_or(self.path, |local| &local.people);
        let sp = &provider.registered.config.short_name;
        for mut holders in holders.into_values().filter(|holders| holders.len() > 1) {
            holders.sort_unstable();
            let what = format!("{} would be one person for sp.{sp}", holders.join(" and "));
            let mut fault = ConfigFault::of_file(file, what);
            fault.hint("give each of them an address, or an identifier, of their own");
            self.faults.push(fault);
        }
    }

    fn authenticator(
        &mut self,
        directory: Directory,
        entropy: &dyn Entropy,
    ) -> Option<Authenticator> {
        let local = self.config.authn.local.as_ref()?;
        let pool = HashPool::start(local.hashing_threads, local.hashing_queue)
            .map_err(|error| self.fault("authn.local", &error))
            .ok();
        let throttle = Throttle::new(&self.config.authn.throttle, entropy);
        Some(Authenticator::new(throttle, Local::new(directory, pool?)))
    }

    fn pages(&mut self) -> Option<Pages> {
        let config = self.config;
        let site = Site {
            organization: config.organization.name.clone(),
            organization_url: config.organization.url.clone(),
            support_text: config.support.text.clone(),
            support_link: config.support.link.clone(),
            lab: config.is_lab(),
        };
        Pages::new(site)
            .map_err(|error| self.fault("organization", &error))
            .ok()
    }
}

fn at(path: &Path, key: &str, what: &dyn std::fmt::Display) -> ConfigFault {
    ConfigFault {
        key: key.to_owned(),
        ..ConfigFault::of_file(path, what.to_string())
    }
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
