//! What is known of a person and stands in other entries than theirs: the groups that name them as a
//! member, and the names of the units whose codes they bear.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    RuleFault,
    connection::{Entry, LdapFault, name_of},
    dn,
    filter::{Filter, any_of},
    message::Search,
    server::Server,
};
use crate::config::sections::{Groups as GroupsConfig, Units as UnitsConfig};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// What stands for the name of a person's entry in a filter.
const DN: &str = "{dn}";
/// The attribute, as rules know it, that holds the names of a person's groups.
const GROUPS: &str = "groups";
/// What the name of an attribute of codes ends in where its values are names.
const LABEL: &str = "_label";
/// The most groups of one person: of more, not all would be seen.
const MOST_GROUPS: u16 = 400;
/// The most units of one person.
const MOST_UNITS: usize = 100;
/// How long the name of a unit is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);
/// How many are.
const MOST_REMEMBERED: usize = 10_000;

/// Where the groups are.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    base: Box<str>,
    filter: Filter,
    name: [Box<str>; 1],
}

/// Where the units are, and what is remembered of them.
#[derive(Debug)]
pub(super) struct Units {
    rules: UnitRules,
    known: Mutex<HashMap<String, Known>>,
}

/// Where the units are.
#[derive(Clone, Debug)]
pub(super) struct UnitRules {
    base: Box<str>,
    /// The attribute that holds the code, and then those that may hold the name.
    attributes: Box<[Box<str>]>,
    of: Box<[Box<str>]>,
}

#[derive(Clone, Debug)]
struct Known {
    /// None for a code that no unit has.
    name: Option<String>,
    until: Timestamp,
}

impl Groups {
    /// Checks the section.
    pub(super) fn compile(config: &GroupsConfig) -> Result<Self, (&'static str, RuleFault)> {
        dn::check(&config.base).map_err(|fault| ("groups.base", fault.into()))?;
        let filter = Filter::parse(&config.filter, DN);
        Ok(Self {
            base: config.base.as_str().into(),
            filter: filter.map_err(|fault| ("groups.filter", fault.into()))?,
            name: [config.name.as_str().into()],
        })
    }

    /// Adds the names of the person's groups.
    pub(super) async fn add(
        &self,
        server: &Server,
        person: &mut Entry,
        deadline: Instant,
    ) -> Result<(), LdapFault> {
        let filter = self.filter.with(&person.dn);
        let search = Search {
            base: &self.base,
            whole_tree: true,
            filter: &filter,
            attributes: &self.name,
            most: MOST_GROUPS,
        };
        let found = server.search(search, deadline).await?;
        if found.len() >= MOST_GROUPS.into() {
            return Err(LdapFault::TooLarge);
        }
        let [name] = &self.name;
        let names = found
            .iter()
            .flat_map(|group| group.attributes.values(&name_of(name)).iter().cloned());
        person.attributes.add(GROUPS, names);
        Ok(())
    }
}

impl UnitRules {
    /// Checks the section.
    pub(super) fn compile(config: &UnitsConfig) -> Result<Self, (&'static str, RuleFault)> {
        dn::check(&config.base).map_err(|fault| ("units.base", fault.into()))?;
        let names = std::iter::once(&config.code).chain(&config.names);
        Ok(Self {
            base: config.base.as_str().into(),
            attributes: names.map(|name| name.as_str().into()).collect(),
            of: config.of.iter().map(|name| name.as_str().into()).collect(),
        })
    }
}

impl Units {
    pub(super) fn new(rules: UnitRules) -> Self {
        Self {
            rules,
            known: Mutex::default(),
        }
    }

    /// Adds the names of the person's units, in the order of their codes.
    pub(super) async fn add(
        &self,
        server: &Server,
        person: &mut Entry,
        (now, deadline): (Timestamp, Instant),
    ) -> Result<(), LdapFault> {
        let codes = |attribute: &str| {
            let values = person.attributes.values(&name_of(attribute));
            let codes: Vec<_> = values.iter().take(MOST_UNITS).map(|c| key(c)).collect();
            codes
        };
        let of: Vec<_> = self
            .rules
            .of
            .iter()
            .map(|name| (name, codes(name)))
            .collect();
        let unknown = self.unknown(of.iter().flat_map(|(_, codes)| codes), now);
        if !unknown.is_empty() {
            self.learn(server, &unknown, (now, deadline)).await?;
        }
        for (attribute, codes) in of {
            let known = self.lock();
            let names: Vec<_> = codes
                .iter()
                .filter_map(|code| known.get(code)?.name.clone())
                .collect();
            drop(known);
            person
                .attributes
                .add(&format!("{}{LABEL}", name_of(attribute)), names);
        }
        Ok(())
    }

    fn unknown<'c>(&self, codes: impl Iterator<Item = &'c String>, now: Timestamp) -> Vec<String> {
        let known = self.lock();
        let is_unknown = |code: &&String| known.get(*code).is_none_or(|known| known.until <= now);
        let mut unknown: Vec<_> = codes.filter(is_unknown).cloned().collect();
        drop(known);
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    async fn learn(
        &self,
        server: &Server,
        codes: &[String],
        (now, deadline): (Timestamp, Instant),
    ) -> Result<(), LdapFault> {
        let [code, names @ ..] = &*self.rules.attributes else {
            return Ok(());
        };
        let filter = any_of(code, codes.iter().map(String::as_str));
        let search = Search {
            base: &self.rules.base,
            whole_tree: true,
            filter: &filter,
            attributes: &self.rules.attributes,
            most: MOST_GROUPS,
        };
        let found = server.search(search, deadline).await?;
        let until = now.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX);
        let mut known = self.lock();
        if known.len() + codes.len() > MOST_REMEMBERED {
            known.clear();
        }
        for code in codes {
            known.insert(code.clone(), Known { name: None, until });
        }
        for unit in found {
            let name = names
                .iter()
                .find_map(|name| unit.attributes.values(&name_of(name)).first().cloned());
            for code in unit.attributes.values(&name_of(code)) {
                if let Some(known) = known.get_mut(&key(code)) {
                    known.name.clone_from(&name);
                }
            }
        }
        drop(known);
        Ok(())
    }

    /// A thread that panicked left the map whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Codes compare without regard to case (`caseIgnoreIA5Match`).
fn key(code: &str) -> String {
    code.trim().to_ascii_lowercase()
}
