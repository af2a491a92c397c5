//! Looks at what the configuration names: keys, metadata, rules, people.
//!
//! Everything is loaded and compiled before anything is given up, also where the configuration
//! itself has faults: one `passerelle check` shows all there is to mend.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    path::Path,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::rollover;
use crate::{
    attributes::{
        catalog,
        map::Mapping,
        name_id::{NameIdRule, Parties},
        release::{ReleaseFault, ReleasePolicy},
    },
    authn::{ldap, local::Directory},
    config::{
        fault::ConfigFault,
        keys::SigningKeySource,
        named::Named,
        sections::{Alerts, Metrics, Service},
        sp::SpConfig,
    },
    edge::page::{PageError, sheet::SheetWords},
    flow::bridge::{NextSigner, Provider},
    metadata::{
        finding::Finding,
        held::HeldVersions,
        last_good::{LastGood, ToKeep},
        registry::{Registered, Registry},
        source::{self, Loaded},
    },
    model::{
        chain::Chain, endpoint::Schemes, language::Language, short_name::ShortName, trace::Trace,
    },
    setup::{
        Facts,
        said::Said,
        zoom_rules::{self, Broken},
    },
    sys::file::cannot_be_run,
    xmlsec::{Signer, SigningKey, VerifyingKey},
};

/// How far ahead the end of SHA-1 may be, in days: once a year somebody looks at it again.
const LONGEST_SHA1_DAYS: i64 = 366;

/// A look at what the configuration names, and all that was found wrong on the way.
pub(super) struct Look<'a> {
    named: Named<'a>,
    path: &'a Path,
    /// The providers of a server that runs already.
    running: Option<Arc<Registry>>,
    pub(super) faults: Vec<ConfigFault>,
    /// What is wrong with single providers, in their metadata or by their own rules; it stops none of the
    /// others.
    pub(super) of_providers: Vec<ConfigFault>,
    pub(super) warnings: Vec<ConfigFault>,
    /// Those of both that have words in French as well, each with what it tells of: for whoever asks for them.
    pub(super) causes: Vec<(ConfigFault, Cause)>,
    /// The words of the providers' own rules: read for the first that is broken, and for none where none is.
    english: Option<SheetWords>,
}

/// What is told of a provider, as data: its words are texts of two languages.
pub(super) enum Cause {
    /// Something is wrong with its metadata.
    Finding(Finding),
    /// One of its own rules is broken, by what this key signs.
    Said(Said, WhichKey),
}

impl Cause {
    /// The same as `told` says, in the words of another language.
    pub(super) fn in_words(
        &self,
        told: &ConfigFault,
        words: &SheetWords,
    ) -> Result<ConfigFault, PageError> {
        let (what, hint) = match self {
            Self::Finding(finding) => words.finding(finding)?.into(),
            Self::Said(said, which) => in_words(said, *which, words)?,
        };
        Ok(ConfigFault {
            what,
            hint: told.hint.is_some().then_some(hint),
            ..told.clone()
        })
    }
}

/// What was seen, each where nothing is wrong with it.
pub(super) struct Seen {
    pub(super) keys: Option<Vec<SigningKey>>,
    /// The one that takes over, in a roll-over.
    pub(super) next: Option<SigningKey>,
    pub(super) mapping: Option<Mapping>,
    pub(super) registry: Registry,
    /// The metadata that can be used, for a server that goes on with it.
    pub(super) to_keep: ToKeep,
    pub(super) providers: HashMap<ShortName, Provider>,
    pub(super) directory: Option<Directory>,
    pub(super) ldap: Option<ldap::Rules>,
}

/// What one provider is told, and by which name it knows people.
type Rules = (ReleasePolicy, NameIdRule);

/// Where earlier versions of metadata are kept, if anywhere.
pub(super) fn last_good(named: Named<'_>) -> Option<LastGood> {
    let state_folder = named.server?.state_folder.as_deref()?;
    Some(LastGood::below(state_folder))
}

/// Where versions of metadata wait for somebody to look at them, if anywhere.
pub(super) fn held(named: Named<'_>) -> Option<HeldVersions> {
    let state_folder = named.server?.state_folder.as_deref()?;
    Some(HeldVersions::below(state_folder))
}

/// Which of our keys something is told of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WhichKey {
    /// The one that is to sign for the provider, in a roll-over.
    Next,
    /// The one that signs for it now.
    Present,
}

/// What is wrong, and what to do about it.
pub(super) fn in_words(
    said: &Said,
    which: WhichKey,
    words: &SheetWords,
) -> Result<(String, String), PageError> {
    let (what, hint) = words.said(said)?;
    let what = match which {
        WhichKey::Next => words.once_next(&what)?,
        WhichKey::Present => what,
    };
    Ok((what, hint))
}

impl Seen {
    /// All keys that sign, now or soon: those in use first.
    pub(super) fn published(&self) -> impl Iterator<Item = &SigningKey> {
        rollover::published(self.keys.as_deref().unwrap_or_default(), self.next.as_ref())
    }
}

/// Has `look` look at what is known of a provider for which `signer` signs; none where its certificate cannot
/// be read.
pub(super) fn with_facts<T>(
    (provider, signer): (&Provider, &dyn Signer),
    (mapping, session_lifetime): (&Mapping, SignedDuration),
    now: Timestamp,
    look: impl FnOnce(&Facts<'_>) -> T,
) -> Option<T> {
    let key = VerifyingKey::from_certificate_base64(signer.certificate_base64()).ok()?;
    Some(look(&Facts {
        registered: &provider.registered,
        signer,
        certificate: key.certificate()?,
        release: &provider.release,
        name_id: &provider.name_id,
        mapping,
        session_lifetime,
        now,
    }))
}

impl<'a> Look<'a> {
    /// At what the configuration file at `path` names.
    pub(super) const fn at(named: Named<'a>, path: &'a Path) -> Self {
        Self {
            named,
            path,
            running: None,
            faults: Vec::new(),
            of_providers: Vec::new(),
            warnings: Vec::new(),
            causes: Vec::new(),
            english: None,
        }
    }

    /// The same for a server that runs already, with these providers.
    pub(super) fn beside(self, running: Option<Arc<Registry>>) -> Self {
        Self { running, ..self }
    }

    pub(super) fn look(&mut self, now: Timestamp) -> Seen {
        let keys = self.signing_keys();
        let next = self.next_key(keys.as_deref());
        let mapping = self.mapping();
        let (registry, to_keep) = self.registry(keys.as_deref(), now);
        let mut rules = HashMap::new();
        for sp in self.named.service_providers {
            self.look_at_sha1(sp, now);
            if sp.metadata_signed_by.is_some() && sp.max_validity_days.is_none() {
                let what = "stands without max-validity-days: whoever has an older version that was signed once can have \
                            it count again";
                let hint = "write for how many days at most the signer lets its metadata count";
                self.warn(
                    &format!("sp.{}.metadata-signed-by", sp.short_name),
                    &what,
                    hint,
                );
            }
            if let Some(compiled) = self.rules(sp, mapping.as_ref()) {
                rules.insert(&sp.short_name, compiled);
            }
        }
        let providers = registry
            .all()
            .filter_map(|registered| {
                let short_name = &registered.config.short_name;
                let compiled = rules.remove(short_name);
                let provider =
                    self.provider(registered, compiled, (keys.as_deref()?, next.as_ref()))?;
                Some((short_name.clone(), provider))
            })
            .collect();
        self.look_at_services(&providers, mapping.as_ref(), now);
        self.look_at_store();
        let directory = self.directory();
        if let (Some(directory), Some(mapping)) = (&directory, &mapping) {
            self.warn_of_unknown_attributes(directory, mapping);
        }
        let ldap = self.ldap_rules();
        Seen {
            keys,
            next,
            mapping,
            registry,
            to_keep,
            providers,
            directory,
            ldap,
        }
    }

    /// Whom the password of the store is told.
    fn look_at_store(&mut self) {
        let Some(store) = self.named.store else {
            return;
        };
        let has_account = store.account.is_some() || store.topology.account().is_some();
        if store.topology.crosses_in_clear() {
            let what = "is reached across a network in clear: whoever listens reads what is asked, and the password";
            let hint = "write rediss:// and have the server speak TLS; a lab alone may do without";
            self.warn("store", &what, hint);
        } else if has_account && store.topology.is_tls() && store.topology.authorities().is_none() {
            let what = "has an account and no ca: its password is given to any server with a certificate of a public authority \
                        for the name that it was named by";
            let hint = "name the authority of these servers alone with ca";
            self.warn("store", &what, hint);
        }
    }

    /// How a provider is answered of whose metadata another version came; none where its rules are wrong.
    pub(super) fn of_version(
        &mut self,
        registered: &Arc<Registered>,
        keys: (&[SigningKey], Option<&SigningKey>),
        mapping: &Mapping,
    ) -> Option<Provider> {
        let compiled = self.rules(&registered.config, Some(mapping));
        self.provider(registered, compiled, keys)
    }

    fn provider(
        &mut self,
        registered: &Arc<Registered>,
        rules: Option<Rules>,
        (keys, next): (&[SigningKey], Option<&SigningKey>),
    ) -> Option<Provider> {
        // What is wrong with either is told.
        let signer = self.signer(registered, keys);
        let (release, name_id) = rules?;
        let signer = signer?;
        Some(Provider {
            display_name: registered.display_name(),
            next: self.next_signer(registered, &signer, (keys, next)),
            signer: Arc::new(signer),
            registered: Arc::clone(registered),
            name_id,
            release: Arc::new(release),
        })
    }

    /// Notes a fault of `key` of the configuration.
    pub(super) fn fault(&mut self, key: &str, what: &dyn std::fmt::Display) -> &mut ConfigFault {
        self.faults.push(self.told(key, what));
        let last = self.faults.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the line above pushed it")]
        &mut self.faults[last]
    }

    /// The provider's own rules, where they are known.
    fn look_at_services(
        &mut self,
        providers: &HashMap<ShortName, Provider>,
        mapping: Option<&Mapping>,
        now: Timestamp,
    ) {
        let lifetime = self.named.sessions.lifetime();
        for (sp, provider) in self
            .named
            .service_providers
            .iter()
            .filter_map(|sp| Some((sp, providers.get(&sp.short_name)?)))
        {
            let (Some(Service::Zoom), Some(mapping)) = (sp.service, mapping) else {
                continue;
            };
            let broken = |signer| {
                let facts = (mapping, lifetime);
                with_facts((provider, signer), facts, now, zoom_rules::broken).unwrap_or_default()
            };
            let present = broken(provider.signer_at(now));
            for broken in &present {
                self.tell_broken(sp, broken, WhichKey::Present);
            }
            let next = provider.next.as_ref();
            let next = next.and_then(|next| next.signer.as_deref().map(broken));
            for broken in next.unwrap_or_default() {
                if !present.contains(&broken) {
                    self.tell_broken(sp, &broken, WhichKey::Next);
                }
            }
        }
    }

    fn tell_broken(&mut self, sp: &SpConfig, broken: &Broken, which: WhichKey) {
        let key = format!("sp.{}.{}", sp.short_name, broken.key);
        let told = match self.in_english(&broken.said, which) {
            Ok((what, hint)) => {
                let mut told = self.told(&key, &what);
                told.hint(hint);
                let cause = Cause::Said(broken.said.clone(), which);
                self.causes.push((told.clone(), cause));
                told
            }
            // The texts are built in, and a test reads all of them; a rule that has lost its words stops no server.
            Err(error) => self.told(&key, &error),
        };
        if broken.rule.is_grave() {
            self.of_providers.push(told);
        } else {
            self.warnings.push(told);
        }
    }

    fn in_english(&mut self, said: &Said, which: WhichKey) -> Result<(String, String), PageError> {
        let words = match self.english.take() {
            Some(words) => words,
            None => SheetWords::load(Language::En)?,
        };
        in_words(said, which, self.english.insert(words))
    }

    /// Tells of what stops nothing, and should be otherwise.
    pub(super) fn warn(&mut self, key: &str, what: &dyn std::fmt::Display, hint: &str) {
        let mut told = self.told(key, what);
        told.hint(hint);
        self.warnings.push(told);
    }

    fn told(&self, key: &str, what: &dyn std::fmt::Display) -> ConfigFault {
        ConfigFault {
            key: key.to_owned(),
            line: self.named.lines.of(key),
            ..ConfigFault::of_file(self.path, what.to_string())
        }
    }

    fn people_file(&self) -> &Path {
        self.named.people.unwrap_or(self.path)
    }

    fn signing_keys(&mut self) -> Option<Vec<SigningKey>> {
        let files = self.named.signing.iter();
        let keys: Vec<_> = files.filter_map(|file| self.signing_key(file)).collect();
        // None are named where one of their files cannot be read, which is told with the configuration.
        let are_known = !keys.is_empty() && keys.len() == self.named.signing.len();
        are_known.then_some(keys)
    }

    fn signing_key(&mut self, source: &SigningKeySource) -> Option<SigningKey> {
        let opened = SigningKey::open(source).map_err(|fault| {
            let mut told = ConfigFault::of_file(&source.path, Chain(&fault).to_string());
            if let Some(hint) = fault.hint() {
                told.hint(hint);
            }
            told.forbids_another_try = fault.forbids_another_try();
            self.faults.push(told);
        });
        let key = opened.ok()?;
        if key.is_failing() {
            self.warn_of_key(
                source,
                "the token does not sign now; the key that was found before goes on",
                "see to the device; the server finds out by itself when it is back, and does not start without it",
            );
        }
        if key.has_untried_pin() {
            self.warn_of_key(
                source,
                "the PIN may be another one than the one that is logged in, and could not be tried",
                "a wrong one shows at the next start: try it by hand, `pkcs11-tool --module MODULE -O -l`",
            );
        }
        Some(key)
    }

    fn warn_of_key(&mut self, source: &SigningKeySource, what: &str, hint: &str) {
        let mut told = ConfigFault::of_file(&source.path, what);
        told.hint(hint);
        self.warnings.push(told);
    }

    fn next_key(&mut self, keys: Option<&[SigningKey]>) -> Option<SigningKey> {
        let file = self.named.next?;
        let next = self.signing_key(file)?;
        let is_same = |key: &SigningKey| key.certificate_der() == next.certificate_der();
        if keys.unwrap_or_default().iter().any(is_same) {
            self.fault("keys.next", &"is one of keys.signing")
                .hint("`passerelle keys rollover start` makes another one");
            return None;
        }
        Some(next)
    }

    /// What signs for a provider once it is switched to the `next` key; none where that changes nothing for it.
    fn next_signer(
        &mut self,
        registered: &Registered,
        present: &SigningKey,
        (keys, next): (&[SigningKey], Option<&SigningKey>),
    ) -> Option<NextSigner> {
        let (config, methods) = (&registered.config, &registered.signature_methods);
        let following = rollover::following(keys, next?);
        let signer = match methods.choose(config.signature, &following, &registered.refused) {
            Ok(signer) if signer.certificate_der() == present.certificate_der() => return None,
            Ok(signer) => {
                self.warn_of_an_elliptic_key(registered, &signer, "keys.next");
                Some(Arc::new(signer) as Arc<dyn Signer>)
            }
            Err(fault) => {
                // It stops nobody: the present key goes on signing for this provider, and cannot be taken away.
                let key = format!("sp.{}.signature", config.short_name);
                let what = format!("with keys.next in the place of the present key: {fault}");
                let mut told = self.told(&key, &what);
                told.hint("roll over to a key of the present one's kind");
                self.of_providers.push(told);
                None
            }
        };
        Some(NextSigner {
            signer,
            from: config.next_key_from,
        })
    }

    /// The key that signs for a provider. Where the administrator asks for a signature that no key makes,
    /// nothing starts: it would be sent what nobody asked for.
    fn signer(&mut self, registered: &Registered, keys: &[SigningKey]) -> Option<SigningKey> {
        let (config, methods) = (&registered.config, &registered.signature_methods);
        let key = format!("sp.{}.signature", config.short_name);
        let signer = methods
            .choose(config.signature, keys, &registered.refused)
            .map_err(|fault| {
                self.fault(&key, &fault)
                    .hint("`passerelle keys --algorithm` makes one");
            })
            .ok()?;
        self.warn_of_an_elliptic_key(registered, &signer, "the first of keys.signing");
        Some(signer)
    }

    fn warn_of_an_elliptic_key(&mut self, registered: &Registered, signer: &SigningKey, it: &str) {
        let (config, methods) = (&registered.config, &registered.signature_methods);
        let key = format!("sp.{}.signature", config.short_name);
        let is_settled = config.signature.is_some() || methods.declares_signatures();
        if signer.is_elliptic() && !is_settled {
            let what = format!(
                "nobody says whether this provider verifies ECDSA, as {it} is an elliptic curve; many do not"
            );
            let mut warning = self.told(&key, &what);
            warning.hint(
                "\"ecdsa-sha256\" if it does; otherwise \"rsa-sha256\", with an RSA key in keys.signing",
            );
            self.warnings.push(warning);
        }
    }

    /// SHA-1 is taken for a while, and nobody may forget that it is.
    fn look_at_sha1(&mut self, sp: &SpConfig, now: Timestamp) {
        let Some(last) = sp.sha1_until else {
            return;
        };
        let key = format!("sp.{}.sha1-until", sp.short_name);
        let today = Offset::UTC.to_datetime(now).date();
        let days = last.duration_since(today).as_hours() / 24;
        if days > LONGEST_SHA1_DAYS {
            let what = format!("is more than {LONGEST_SHA1_DAYS} days ahead");
            self.fault(&key, &what)
                .hint("write a nearer day, and put it off when it has come, if it must be");
            return;
        }
        let (what, hint) = if days < 0 {
            (
                format!("{last} is over: requests signed with SHA-1 are refused"),
                "take the line out once the provider signs with SHA-256",
            )
        } else {
            (
                format!("requests signed with SHA-1 are taken until the end of {last} (UTC)"),
                "have the provider sign with RSA-SHA256",
            )
        };
        let mut warning = self.told(&key, &what);
        warning.hint(hint);
        self.warnings.push(warning);
    }

    fn mapping(&mut self) -> Option<Mapping> {
        Mapping::compile(self.named.attributes)
            .map_err(|found| {
                for fault in found {
                    self.fault(&format!("attributes.{}", fault.attribute()), &fault);
                }
            })
            .ok()
    }

    fn registry(&mut self, keys: Option<&[SigningKey]>, now: Timestamp) -> (Registry, ToKeep) {
        let Loaded {
            registry,
            faults,
            warnings,
            findings,
            to_keep,
        } = source::load(
            self.named.service_providers,
            keys,
            self.named.schemes,
            last_good(self.named).map(|it| it.beside(self.running.clone())),
            now,
        );
        self.of_providers.extend(faults);
        self.warnings.extend(warnings);
        let found = findings.into_iter();
        self.causes
            .extend(found.map(|(told, finding)| (told, Cause::Finding(finding))));
        self.warn_of_left_over_copies();
        (registry, to_keep)
    }

    fn warn_of_left_over_copies(&mut self) {
        let known = self.named.service_providers;
        let copies = last_good(self.named).map(|it| it.left_over(known));
        let held = held(self.named).map(|it| it.left_over(known));
        for copy in copies.into_iter().chain(held).flatten() {
            let mut told = ConfigFault {
                key: "server.state-folder".to_owned(),
                ..ConfigFault::of_file(
                    &copy,
                    "is kept for a provider that the configuration does not name",
                )
            };
            told.hint("remove it where the provider is gone for good: a later one of this name could go on with it");
            self.warnings.push(told);
        }
    }

    /// Compiles the rules of one provider, where every one of them can work.
    fn rules(&mut self, sp: &SpConfig, mapping: Option<&Mapping>) -> Option<Rules> {
        // Where no rule of [attributes] could be read, that is told, and not what follows from it.
        let is_ours = |name: &str| mapping.is_none_or(|mapping| mapping.gives(name));
        // Where [organization] is faulty, that is told, and not that a rule needs it.
        let stand_in = ["university.example".to_owned()];
        let (mail_domains, scopes): (&[String], &[String]) = match self.named.organization {
            Some(organization) => (&organization.mail_domains, &organization.scopes),
            None => (&stand_in, &stand_in),
        };
        let key = format!("sp.{}.release", sp.short_name);
        let release = ReleasePolicy::compile(&sp.release, mail_domains, scopes, &is_ours)
            .map_err(|found| {
                for ReleaseFault { number, fault } in found {
                    self.fault_of_a_rule(&key, &format!("{key}[{number}]"), &fault);
                }
            })
            .ok();
        let name_id_key = format!("sp.{}.name-id", sp.short_name);
        let is_of_mail = |name: &str| mapping.is_some_and(|mapping| mapping.is_of_mail(name));
        let name_id = NameIdRule::compile(&sp.name_id, mail_domains, &is_ours, &is_of_mail)
            .map_err(|fault| self.fault_of_a_rule(&name_id_key, &name_id_key, &fault))
            .ok();
        let (release, name_id) = (release?, name_id?);
        if name_id.may_be_of_two() {
            let mut warning = self.told(
                &name_id_key,
                &"is made of mail addresses, and there are several mail-domains: a rule that leaves the \
                  domain out gives two people one name",
            );
            warning.hint(
                "make it of something that is one person's alone: eduPersonUniqueId, for example",
            );
            self.warnings.push(warning);
        }
        for warning in release.warnings() {
            self.warnings.push(self.told(&key, &warning));
        }
        Some((release, name_id))
    }

    /// A fault of a rule that stands under `list` of the configuration, or else in the preset.
    fn fault_of_a_rule(&mut self, list: &str, key: &str, what: &dyn std::fmt::Display) {
        let is_of_preset = !self.named.lines.hold(list);
        let fault = self.fault(key, what);
        if is_of_preset {
            fault.hint("this rule stands in the provider's preset");
        }
    }

    fn directory(&mut self) -> Option<Directory> {
        Directory::load(self.named.people?, self.named.schemes == Schemes::Lab)
            .map_err(|found| self.faults.extend(found))
            .ok()
    }

    /// What is told there is told to whoever reaches it, and in clear.
    pub(super) fn look_at_metrics(&mut self, metrics: Metrics) {
        let address = metrics.listen.ip();
        let is_ours = match address {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        };
        if !is_ours && !address.is_loopback() {
            let what = "is neither loopback nor an address of a private network";
            let mut warning = self.told("metrics.listen", &what);
            warning.hint("it names your servers: let none but your own machines reach it");
            self.warnings.push(warning);
        }
    }

    /// A program that lost its right to be run tells nobody anything; that is no reason to let nobody sign in.
    pub(super) fn look_at_alerts(&mut self, alerts: &Alerts) {
        let mail = alerts.mail.as_ref().map(|mail| &mail.sendmail);
        for (key, words) in [
            ("alerts.command", alerts.command.as_ref()),
            ("alerts.mail.sendmail", mail),
        ] {
            let program = words.and_then(|words| words.first());
            if let Some(program) = program.filter(|program| cannot_be_run(Path::new(program))) {
                self.warn(
                    key,
                    &format!("{program} cannot be run"),
                    &format!("chmod a+x {program}"),
                );
            }
        }
    }

    fn ldap_rules(&mut self) -> Option<ldap::Rules> {
        let rules = ldap::Rules::compile(self.named.ldap?)
            .map_err(|found| {
                for (key, fault) in found {
                    self.fault(&format!("authn.ldap.{key}"), &fault);
                }
            })
            .ok()?;
        if !rules.may_search() {
            let what = "needs no search, and there is no bind-dn: nobody sees when two people have one mail address";
            let mut warning = self.told("authn.ldap.user", &what);
            warning.hint("give bind-dn and bind-password-file");
            self.warnings.push(warning);
        }
        Some(rules)
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
        for (name, login) in unknown {
            let what = format!("{name}, which {login} has, is known to no rule");
            let mut warning = ConfigFault::of_file(self.people_file(), what);
            warning.hint("a slip in the name? otherwise use it in a rule of [attributes]");
            self.warnings.push(warning);
        }
    }

    /// Two people whom a provider would know by one name: each could be taken for the other
    ///
    pub(super) fn refuse_shared_names(
        &mut self,
        directory: &Directory,
        mapping: &Mapping,
        provider: &Provider,
        parties: Parties<'_>,
    ) {
        let mut holders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let is_address = provider.name_id.gives_addresses();
        for (login, attributes) in directory.everybody() {
            let mut unread = Trace::new();
            let ours = mapping.apply(attributes, &mut unread);
            // Somebody who has no name there is told so at the sign-in.
            if let Ok(Some(name_id)) = provider.name_id.build(&ours, parties, &mut unread) {
                // An address is one person's in whatever case it is written.
                let name = match name_id.value {
                    address if is_address => address.to_lowercase(),
                    other => other,
                };
                holders.entry(name).or_default().push(login);
            }
        }
        let sp = &provider.registered.config.short_name;
        for mut holders in holders.into_values().filter(|holders| holders.len() > 1) {
            holders.sort_unstable();
            let what = format!("{} would be one person for sp.{sp}", holders.join(" and "));
            let mut fault = ConfigFault::of_file(self.people_file(), what);
            fault.hint("give each of them an address, or an identifier, of their own");
            self.faults.push(fault);
        }
    }
}
