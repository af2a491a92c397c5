//! Looks at the service providers: their metadata, what they are told, and their own rules.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::{
    Look, Rules, held, last_good,
    told::{OfProvider, Warning, WhichKey},
};
use crate::{
    attributes::{
        map::Mapping,
        name_id::{NameIdRule, Parties},
        release::{OverlappingValues, ReleaseFault, ReleasePolicy},
    },
    authn::local::Directory,
    config::{fault::ConfigFault, sections::Service, sp::SpConfig},
    flow::bridge::Provider,
    metadata::{
        last_good::ToKeep,
        registry::{Registered, Registry},
        source::{self, Loaded},
    },
    model::{short_name::ShortName, trace::Trace},
    setup::{
        Facts,
        said::Said,
        zoom_rules::{self, Broken},
    },
    xmlsec::{Signer, SigningKey, VerifyingKey},
};

/// How far ahead the end of SHA-1 may be, in days: once a year somebody looks at it again.
const LONGEST_SHA1_DAYS: i64 = 366;

/// Has `look` look at what is known of a provider for which `signer` signs; none where its certificate cannot
/// be read.
pub(in crate::app) fn with_facts<T>(
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

impl Look<'_> {
    pub(super) fn registry(
        &mut self,
        keys: Option<&[SigningKey]>,
        now: Timestamp,
    ) -> (Registry, ToKeep) {
        let Loaded {
            registry,
            faults,
            warnings,
            to_keep,
        } = source::load(
            self.named.service_providers,
            keys,
            self.named.schemes,
            last_good(self.named).map(|it| it.beside(self.running.clone())),
            now,
        );
        self.of_providers
            .extend(faults.into_iter().map(OfProvider::from));
        let warnings = warnings.into_iter().map(OfProvider::from);
        self.warnings.extend(warnings.map(Warning::OfProvider));
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
            self.warnings.push(Warning::General(told));
        }
    }

    /// SHA-1 is taken for a while, and nobody may forget that it is.
    pub(super) fn look_at_sha1(&mut self, sp: &SpConfig, now: Timestamp) {
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
        let last = last.to_string();
        let said = if days < 0 {
            Said::Sha1Over { last }
        } else {
            Said::Sha1Taken { last }
        };
        self.warn_of(&sp.short_name, "sha1-until", said);
    }

    /// Whose signature vouches for its metadata without saying for how long.
    pub(super) fn look_at_signer_of_metadata(&mut self, sp: &SpConfig) {
        if sp.metadata_signed_by.is_some() && sp.max_validity_days.is_none() {
            self.warn_of(
                &sp.short_name,
                "metadata-signed-by",
                Said::MetadataWithoutEnd,
            );
        }
    }

    /// Compiles the rules of one provider, where every one of them can work.
    pub(super) fn rules(&mut self, sp: &SpConfig, mapping: Option<&Mapping>) -> Option<Rules> {
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
            self.warn_of(&sp.short_name, "name-id", Said::NameOfTwo);
        }
        for OverlappingValues { name, inner, outer } in release.warnings() {
            let said = Said::ValuesOverlap { name, inner, outer };
            self.warn_of(&sp.short_name, "release", said);
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

    /// How a provider is answered of whose metadata another version came; none where its rules are wrong.
    pub(in crate::app) fn of_version(
        &mut self,
        registered: &Arc<Registered>,
        keys: (&[SigningKey], Option<&SigningKey>),
        mapping: &Mapping,
    ) -> Option<Provider> {
        let compiled = self.rules(&registered.config, Some(mapping));
        self.provider(registered, compiled, keys)
    }

    pub(super) fn provider(
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

    /// The provider's own rules, where they are known.
    pub(super) fn look_at_services(
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
        let said = (broken.said.clone(), which);
        let told = self.of_provider(&sp.short_name, broken.key, said);
        if broken.rule.is_grave() {
            self.of_providers.push(told);
        } else {
            self.warnings.push(Warning::OfProvider(told));
        }
    }

    /// Two people whom a provider would know by one name: each could be taken for the other
    ///
    pub(in crate::app) fn refuse_shared_names(
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
