//! From a checked configuration to the routes.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::Arc,
};

use axum_server::tls_openssl::OpenSSLConfig;

use super::{
    duties::OurCertificate,
    lasting::Lasting,
    look::{Look, Seen, Warning},
    rollover, texts,
};
use crate::{
    attributes::{map::Mapping, name_id::Parties, pairwise::Pairwise},
    authn::{
        Authenticator, PasswordAuthenticator, People,
        cas::Cas,
        ldap::{self, Ldap},
        local::{Directory, Local},
        throttle::Throttle,
    },
    config::{
        self, Config,
        environment::Environment,
        fault::ConfigFault,
        sections::{Alerts, AttributeSource, Method, Metrics, Server},
    },
    edge::page::{Pages, Site},
    flow::{
        bridge::{Bridge, DirectoryUse, Provider, Settings},
        pace,
        trial::{NoSuchTester, Testers},
    },
    metadata::{last_good::ToKeep, refused_algorithms, registry::Registry},
    model::{
        authn_context::AuthnContextClass, entity_id::EntityId, matter::Used, short_name::ShortName,
    },
    saml::idp_metadata::IdpMetadata,
    sys::{clock::Clock, entropy::Entropy, http::HttpClient, reach, tls},
    web::Front,
    xml::Canonical,
    xmlsec::SigningKey,
};

/// What was built, and what an administrator should see to.
#[derive(Debug)]
pub struct Built {
    /// What the routes work with.
    pub front: Front,
    /// `[server]`
    pub server: Server,
    /// What our listener shows after a reload, where it speaks TLS.
    pub tls: Option<OpenSSLConfig>,
    /// What outlives this configuration.
    pub lasting: Lasting,
    /// `[metrics]`
    pub metrics: Option<Metrics>,
    /// Whether plain `http` is let through, which log and pages then say.
    pub is_lab: bool,
    /// What is wrong with single providers, in their metadata or by their own rules: the others are served
    /// all the same.
    pub faults_of_providers: Vec<ConfigFault>,
    /// `[alerts]`
    pub alerts: Option<Alerts>,
    /// Our own certificates, and when each ends.
    pub certificates: Vec<OurCertificate>,
    /// What a server that runs already goes on with as it began.
    pub needs_restart: Vec<ConfigFault>,
    /// What is not wrong yet.
    pub warnings: Vec<ConfigFault>,
    /// The metadata that can be used, for a server that goes on with it.
    pub to_keep: ToKeep,
    /// What it was built from: another version of one provider's metadata is taken in by the rules of then.
    pub basis: Arc<Basis>,
}

/// What a provider is answered by, besides its own metadata: it stays while that changes.
#[derive(Debug)]
pub struct Basis {
    /// The configuration.
    pub config: Config,
    /// The keys that sign.
    pub keys: Vec<SigningKey>,
    /// In a roll-over, the key that takes the place of one of them.
    pub next: Option<SigningKey>,
}

impl Basis {
    /// The keys whose certificates our metadata holds, those that sign first.
    pub(super) fn published(&self) -> impl Iterator<Item = &SigningKey> {
        rollover::published(&self.keys, self.next.as_ref())
    }
}

/// Loads the configuration at `path` and builds the server from it.
///
/// # Errors
///
/// Every fault of the configuration and of all that it names, together. Faults of metadata alone are
/// none: they are told beside what was built.
pub fn load(
    path: &Path,
    environment: &Environment,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Built, Vec<ConfigFault>> {
    let text = config::read(path).map_err(|fault| vec![fault])?;
    load_text(path, &text, environment, clock, entropy)
}

/// The same, as if `text` were in the configuration file at `path`.
///
/// # Errors
///
/// As [`load`].
pub fn load_text(
    path: &Path,
    text: &str,
    environment: &Environment,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Built, Vec<ConfigFault>> {
    let config = parse(path, text, environment, &*clock)?;
    let lasting = Lasting::new(&config, clock, entropy);
    build(config, (path, None), lasting)
}

/// The same of the file at `path`, for a server that runs already, with these providers, and goes on with what it has.
///
/// # Errors
///
/// As [`load`].
pub fn load_again(
    path: &Path,
    environment: &Environment,
    lasting: &Lasting,
    running: Arc<Registry>,
) -> Result<Built, Vec<ConfigFault>> {
    let text = config::read(path).map_err(|fault| vec![fault])?;
    let config = parse(path, &text, environment, &*lasting.clock)?;
    build(config, (path, Some(running)), lasting.clone())
}

fn parse(
    path: &Path,
    text: &str,
    environment: &Environment,
    clock: &dyn Clock,
) -> Result<Config, Vec<ConfigFault>> {
    match config::parse(path, text, environment) {
        Ok(config) => Ok(config),
        Err(mut unusable) => {
            let mut look = Look::at(unusable.named(), path);
            look.look(clock.now());
            let of_providers = look.of_providers.into_iter().map(|told| told.fault);
            let of_files: Vec<_> = look.faults.into_iter().chain(of_providers).collect();
            unusable.faults.extend(of_files);
            Err(unusable.faults)
        }
    }
}

/// Builds the server.
///
/// # Errors
///
/// Every fault of keys, people, rules, texts and metadata together; none where all are of metadata.
fn build(
    config: Config,
    (path, running): (&Path, Option<Arc<Registry>>),
    lasting: Lasting,
) -> Result<Built, Vec<ConfigFault>> {
    let mut site = Building {
        config: &config,
        look: Look::at(config.named(), path).beside(running),
        lasting,
    };
    if let Some(metrics) = config.metrics {
        site.look.look_at_metrics(metrics);
    }
    if let Some(alerts) = &config.alerts {
        site.look.look_at_alerts(alerts);
    }
    let parts = site.parts();
    let Building { look, lasting, .. } = site;
    let Look {
        faults,
        of_providers,
        warnings,
        ..
    } = look;
    let of_providers = of_providers.into_iter();
    let faults_of_providers: Vec<_> = of_providers.map(|told| told.fault).collect();
    let Some(parts) = parts.filter(|_| faults.is_empty()) else {
        return Err([faults, faults_of_providers].concat());
    };
    let is_lab = config.is_lab();
    let needs_restart = lasting.needs_restart(&config, path);
    let cas = config.authn.cas.as_ref();
    let front = Front {
        bridge: Bridge {
            settings: settings(&config, parts.entity_id, parts.testers),
            clock: Arc::clone(&lasting.clock),
            entropy: Arc::clone(&lasting.entropy),
            store: Arc::clone(&lasting.store),
            seal: Arc::clone(&config.keys.seal),
            registry: Arc::new(parts.registry),
            providers: parts.providers,
            mapping: Arc::new(parts.mapping),
            pairwise: Arc::new(parts.pairwise),
            authenticator: Arc::new(parts.authenticator),
            directory: parts.directory,
            throw_away_keys: Arc::clone(&lasting.throw_away_keys),
            sources: Arc::clone(&lasting.sources),
            health: Arc::clone(&lasting.health),
            stories: Arc::clone(&lasting.stories),
            pace: Arc::clone(&lasting.pace),
            endings: lasting.endings.clone(),
        },
        pages: Arc::new(parts.pages),
        origin: config.base_url.as_str().to_owned(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        notices_from: cas.map_or_else(Vec::new, |cas| cas.notices_from.clone()),
        takes_brought_notices: cas.is_some_and(|cas| cas.front_channel),
        metadata: parts.metadata,
        connections: Arc::clone(&lasting.connections),
        bodies: Arc::clone(&lasting.bodies),
    };
    Ok(Built {
        front,
        server: config.server.clone(),
        tls: parts.tls,
        lasting,
        metrics: config.metrics,
        is_lab,
        faults_of_providers,
        alerts: config.alerts.clone(),
        certificates: parts.certificates,
        needs_restart,
        warnings: warnings.into_iter().map(Warning::into_fault).collect(),
        to_keep: parts.to_keep,
        basis: Arc::new(Basis {
            config,
            keys: parts.keys,
            next: parts.next,
        }),
    })
}

/// What is built.
struct Building<'a> {
    config: &'a Config,
    look: Look<'a>,
    lasting: Lasting,
}

/// All that can fail to be built.
struct Parts {
    keys: Vec<SigningKey>,
    next: Option<SigningKey>,
    entity_id: EntityId,
    registry: Registry,
    to_keep: ToKeep,
    providers: HashMap<ShortName, Provider>,
    mapping: Mapping,
    pairwise: Pairwise,
    authenticator: Authenticator,
    testers: Option<Testers>,
    directory: Option<Arc<Ldap>>,
    pages: Pages,
    metadata: String,
    certificates: Vec<OurCertificate>,
    tls: Option<OpenSSLConfig>,
}

impl Building<'_> {
    /// Builds every part before it gives up, so that one start shows all faults.
    fn parts(&mut self) -> Option<Parts> {
        let clock = &Arc::clone(&self.lasting.clock);
        let entropy = &Arc::clone(&self.lasting.entropy);
        let seen = self.look.look(clock.now());
        let certificates = self.certificates(&seen);
        let metadata = self.metadata(&seen);
        let entity_id = EntityId::parse(&self.config.entity_id())
            .map_err(|fault| self.fault("base-url", &fault))
            .ok();
        let pairwise = Pairwise::new(self.config.keys.pairwise.clone())
            .map_err(|fault| self.fault("keys.pairwise", &fault))
            .ok();
        if let (Some(directory), Some(mapping), Some(idp), Some(pairwise)) =
            (&seen.directory, &seen.mapping, &entity_id, &pairwise)
        {
            for provider in seen.providers.values() {
                let sp = &provider.registered.sp.entity_id;
                let parties = Parties {
                    idp,
                    sp,
                    pairwise,
                    entropy: &**entropy,
                };
                self.look
                    .refuse_shared_names(directory, mapping, provider, parties);
            }
        }
        let names = names_read(seen.mapping.as_ref(), &seen.providers);
        let directory = self.ldap(seen.ldap, &names, (clock, entropy));
        let people = if self.config.authn.uses(Method::Ldap) {
            directory.clone().map(People::Ldap)
        } else {
            let local = seen.directory.and_then(|people| self.local(people));
            local.map(People::Local)
        };
        let authenticator = self.authenticator(people, clock);
        let testers = self.testers();
        let pages = self.pages();
        let tls = self.tls();
        Some(Parts {
            keys: seen.keys?,
            next: seen.next,
            entity_id: entity_id?,
            registry: seen.registry,
            to_keep: seen.to_keep,
            providers: seen.providers,
            mapping: seen.mapping?,
            pairwise: pairwise?,
            authenticator: authenticator?,
            testers,
            directory,
            pages: pages?,
            metadata: metadata?,
            certificates,
            tls,
        })
    }

    fn fault(&mut self, key: &str, what: &dyn std::fmt::Display) {
        self.look.fault(key, what);
    }

    /// When those of signing end, and the one that the listener shows.
    fn certificates(&self, seen: &Seen) -> Vec<OurCertificate> {
        let keys = &self.config.keys;
        let files = { keys.signing.iter().chain(&keys.next) }.map(|file| file.path.clone());
        let ends = seen.published().map(|key| key.certificate().not_after());
        let used = match keys.next {
            None => Used::Signing,
            Some(_) => Used::SigningInRollOver,
        };
        let signing = files.zip(ends).map(|(file, ends_at)| OurCertificate {
            file,
            ends_at,
            used,
        });
        let shown = self.config.server.tls.as_ref().and_then(|tls| {
            let pem = std::fs::read(&tls.certificate).ok()?;
            Some(OurCertificate {
                file: tls.certificate.clone(),
                ends_at: reach::end_of_certificate(&pem).ok()?,
                used: Used::Listener,
            })
        });
        signing.chain(shown).collect()
    }

    /// At a start the listener makes its own, and this one only shows that it can.
    fn tls(&mut self) -> Option<OpenSSLConfig> {
        let files = self.config.server.tls.as_ref()?;
        tls::acceptor(&files.certificate, &files.key)
            .map_err(|error| {
                let (certificate, key) = (files.certificate.display(), files.key.display());
                let what = format!("{error}: {certificate}, {key}");
                self.look.fault("server.tls", &what).hint(
                    "PEM both: our certificate and then its chain; its own key, without a passphrase",
                );
            })
            .map(OpenSSLConfig::from_acceptor)
            .ok()
    }

    fn metadata(&mut self, seen: &Seen) -> Option<String> {
        let config = self.config;
        let certificates: Vec<_> = seen.published().map(SigningKey::certificate_der).collect();
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
            refused: &refused_algorithms::uris(&config.refused_algorithms),
        };
        metadata
            .write()
            .map(Canonical::into_string)
            .map_err(|fault| self.fault("organization", &fault))
            .ok()
    }

    fn authenticator(
        &mut self,
        people: Option<People>,
        clock: &Arc<dyn Clock>,
    ) -> Option<Authenticator> {
        let authn = &self.config.authn;
        for (is_idle, table, hint) in [
            (
                authn.cas.is_some() && !authn.uses(Method::Cas),
                "authn.cas",
                "methods = [\"cas\"] of [authn] has people sign in there",
            ),
            (
                authn.ldap.is_some() && authn.directory().is_none(),
                "authn.ldap",
                "attributes = \"ldap\" of [authn] asks it for what is known of people who sign in at CAS; \
                 methods = [\"ldap\"] has them sign in there",
            ),
        ] {
            if is_idle {
                self.look.warn(table, &"is used for nothing", hint);
            }
        }
        let cas = match authn.cas.as_ref().filter(|_| authn.uses(Method::Cas)) {
            Some(cas) => {
                let context = password_context(self.config);
                let client = HttpClient::new(cas.ca.as_deref(), self.config.is_lab())
                    .map_err(|error| self.fault("authn.cas", &error));
                Some(Cas::new(cas, context, client.ok()?, Arc::clone(clock)))
            }
            None => None,
        };
        let password = people.map(|people| {
            let throttle = Throttle::new(&authn.throttle, self.lasting.attempts.clone());
            PasswordAuthenticator::new(throttle, people)
        });
        if cas.is_none() && password.is_none() {
            return None;
        }
        Some(Authenticator { cas, password })
    }

    /// The directory: none where nobody is asked for there.
    fn ldap(
        &mut self,
        rules: Option<ldap::Rules>,
        names: &BTreeSet<String>,
        (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    ) -> Option<Arc<Ldap>> {
        let config = self.config.authn.directory()?;
        let names = names.iter().map(String::as_str);
        let around = ldap::Around {
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            network: None,
        };
        Ldap::new(config, rules?, names, around)
            .map_err(|error| self.fault("authn.ldap.ca", &error))
            .map(Arc::new)
            .ok()
    }

    /// Who may try a sign-in. Where a name is faulty nothing is built, and so it matters to nobody.
    fn testers(&mut self) -> Option<Testers> {
        let testers = self.config.testers.as_ref()?;
        let testers = Testers::compile(testers)
            .map_err(|NoSuchTester { number, fault }| {
                self.fault(&format!("test.people[{number}]"), &fault);
            })
            .ok()?;
        if !testers.are_named() && !self.config.is_lab() {
            let what = "lets whoever can sign in see at /test what providers are told of them, and by which rules: \
                        each is shown whole, with whomever it names";
            let hint = "write the names of those who try it, who then see what stays here and every decision as well; \
                        or name nobody in a rule";
            self.look.warn("test.people", &what, hint);
        }
        Some(testers)
    }

    fn local(&mut self, directory: Directory) -> Option<Local> {
        let local = self.config.authn.local.as_ref()?;
        let pool = self.lasting.hash_pool(local);
        let pool = pool
            .map_err(|error| self.fault("authn.local", &error))
            .ok()?;
        Some(Local::new(directory, pool))
    }

    fn pages(&mut self) -> Option<Pages> {
        let config = self.config;
        let welcome = texts::welcome(config)
            .map_err(|faults| self.look.faults.extend(faults))
            .ok()?;
        let site = Site {
            organization: config.organization.name.clone(),
            organization_url: config.organization.url.clone(),
            support_text: config.support.text.clone(),
            support_link: config.support.link.clone(),
            password_link: config.support.password_link.clone(),
            lab: config.is_lab(),
            welcome,
        };
        Pages::new(site)
            .map_err(|error| self.fault("organization", &error))
            .ok()
    }
}

/// The source's attributes that a rule reads: whatever is asked for beyond them nobody needs to know.
pub(super) fn names_read(
    mapping: Option<&Mapping>,
    providers: &HashMap<ShortName, Provider>,
) -> BTreeSet<String> {
    let Some(mapping) = mapping else {
        return BTreeSet::new();
    };
    let of_providers = providers
        .values()
        .flat_map(|provider| provider.release.names().chain(provider.name_id.from()));
    mapping
        .names()
        // An attribute of ours that has no rule is the source's of the same name.
        .chain(of_providers.filter(|name| !mapping.has_rule_for(name)))
        .map(str::to_owned)
        .collect()
}

fn settings(config: &Config, entity_id: EntityId, testers: Option<Testers>) -> Settings {
    Settings {
        entity_id,
        sso_url: config.sso_url(),
        cas_return: config.url("/cas"),
        directory: config.authn.ldap.as_ref().map(|ldap| DirectoryUse {
            gives_attributes: config.authn.attributes == AttributeSource::Ldap,
            cas_attribute: ldap.cas_attribute.clone(),
            when_down: ldap.without_directory,
        }),
        testers,
        max_request_age: config.requests.max_age(),
        max_request_ahead: config.requests.max_ahead(),
        answers: pace::rule(config.requests.max_answers_per_person),
        session_lifetime: config.sessions.lifetime(),
        password_context: password_context(config),
        contexts: contexts(config),
        stories: config.stories,
    }
}

/// All that can be proven: with a password, and by the methods of the CAS server.
fn contexts(config: &Config) -> Vec<AuthnContextClass> {
    let mut contexts = vec![password_context(config)];
    if let Some(cas) = &config.authn.cas
        && config.authn.uses(Method::Cas)
    {
        for (class, _) in &cas.authn_methods {
            if !contexts.contains(class) {
                contexts.push(class.clone());
            }
        }
    }
    contexts
}

/// What a password proves here. A CAS server of a university asks for one as well, over TLS.
fn password_context(config: &Config) -> AuthnContextClass {
    if config.base_url.is_https() {
        AuthnContextClass::PasswordProtectedTransport
    } else {
        AuthnContextClass::Password
    }
}
