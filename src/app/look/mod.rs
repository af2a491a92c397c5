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

use jiff::Timestamp;

pub use self::told::WhichKey;
pub(super) use self::{
    providers::with_facts,
    told::{Cause, OfProvider, Warning},
};
use super::rollover;
use crate::{
    attributes::{catalog, map::Mapping, name_id::NameIdRule, release::ReleasePolicy},
    authn::{ldap, local::Directory},
    config::{
        fault::ConfigFault,
        named::Named,
        sections::{Alerts, Metrics},
    },
    edge::page::sheet::SheetWords,
    flow::bridge::Provider,
    metadata::{
        held::HeldVersions,
        last_good::{LastGood, ToKeep},
        registry::Registry,
    },
    model::{endpoint::Schemes, short_name::ShortName},
    sys::file::cannot_be_run,
    xmlsec::SigningKey,
};

mod keys;
mod providers;
mod told;

/// A look at what the configuration names, and all that was found wrong on the way.
pub(super) struct Look<'a> {
    named: Named<'a>,
    path: &'a Path,
    /// The providers of a server that runs already.
    running: Option<Arc<Registry>>,
    pub(super) faults: Vec<ConfigFault>,
    /// What is wrong with single providers, in their metadata or by their own rules; it stops none of the
    /// others.
    pub(super) of_providers: Vec<OfProvider>,
    pub(super) warnings: Vec<Warning>,
    /// The words of what is told of providers: read for the first thing that is, and for none where none is.
    english: Option<SheetWords>,
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

impl Seen {
    /// All keys that sign, now or soon: those in use first.
    pub(super) fn published(&self) -> impl Iterator<Item = &SigningKey> {
        rollover::published(self.keys.as_deref().unwrap_or_default(), self.next.as_ref())
    }
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
            self.look_at_signer_of_metadata(sp);
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

    fn people_file(&self) -> &Path {
        self.named.people.unwrap_or(self.path)
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
            self.warnings.push(Warning::General(warning));
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
            self.warnings.push(Warning::General(warning));
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
            self.warnings.push(Warning::General(warning));
        }
    }
}
