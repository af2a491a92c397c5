//! What a configuration names, for whoever loads it.

use std::{collections::BTreeMap, path::Path};

use jiff::SignedDuration;

use super::{
    Config,
    base_url::BaseUrl,
    fault::ConfigFault,
    keys::{SealPlace, SigningKeySource},
    lines::Lines,
    sections::{Authn, Ldap, Method, Organization, Server, Sessions},
    sp::SpConfig,
    store::RedisServer,
    stories::Stories,
};
use crate::model::endpoint::Schemes;

/// The files and rules that are only checked where they are loaded and compiled.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Where the keys of the configuration file stand.
    pub lines: &'a Lines,
    /// Where people and providers reach us.
    pub base_url: Option<&'a BaseUrl>,
    /// `[server]`
    pub server: Option<&'a Server>,
    /// `[authn]`
    pub authn: Option<&'a Authn>,
    /// Which schemes addresses may have.
    pub schemes: Schemes,
    /// The signing keys.
    pub signing: &'a [SigningKeySource],
    /// The one that takes over.
    pub next: Option<&'a SigningKeySource>,
    /// Where the keys are that seal.
    pub seal_place: Option<&'a SealPlace>,
    /// The file of people.
    pub people: Option<&'a Path>,
    /// `[authn.ldap]`
    pub ldap: Option<&'a Ldap>,
    /// `[attributes]`
    pub attributes: &'a BTreeMap<String, String>,
    /// `[organization]`
    pub organization: Option<&'a Organization>,
    /// `[sessions]`
    pub sessions: &'a Sessions,
    /// `[store]`
    pub store: Option<&'a RedisServer>,
    /// `[stories]`
    pub stories: &'a Stories,
    /// `[sp.<short name>]`
    pub service_providers: &'a [SpConfig],
}

impl Named<'_> {
    /// How long the seal on what is stored may have to open.
    pub fn longest_sealed(&self) -> SignedDuration {
        let sessions = self.sessions.lifetime();
        // In memory stories are not sealed.
        if self.store.is_some() {
            sessions.max(self.stories.kept_for())
        } else {
            sessions
        }
    }
}

/// A configuration that cannot be used, and what of it could be read all the same: what that names
/// is still looked at, so that every fault is told at once.
#[derive(Debug)]
pub struct Faulty {
    /// Every fault that was found, in the order of the lines.
    pub faults: Vec<ConfigFault>,
    /// Whether the file could be read as TOML; nothing of it is known otherwise.
    pub is_read: bool,
    pub(super) lines: Lines,
    pub(super) base_url: Option<BaseUrl>,
    pub(super) server: Option<Server>,
    pub(super) schemes: Schemes,
    pub(super) signing: Vec<SigningKeySource>,
    pub(super) next: Option<SigningKeySource>,
    pub(super) seal_place: Option<SealPlace>,
    pub(super) authn: Option<Authn>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) organization: Option<Organization>,
    pub(super) sessions: Sessions,
    pub(super) store: Option<RedisServer>,
    pub(super) stories: Stories,
    pub(super) service_providers: Vec<SpConfig>,
}

impl Faulty {
    /// What it names.
    pub fn named(&self) -> Named<'_> {
        Named {
            lines: &self.lines,
            base_url: self.base_url.as_ref(),
            server: self.server.as_ref(),
            authn: self.authn.as_ref(),
            schemes: self.schemes,
            signing: &self.signing,
            next: self.next.as_ref(),
            seal_place: self.seal_place.as_ref(),
            people: self.authn.as_ref().and_then(people),
            ldap: self.authn.as_ref().and_then(|authn| authn.ldap.as_ref()),
            attributes: &self.attributes,
            organization: self.organization.as_ref(),
            sessions: &self.sessions,
            store: self.store.as_ref(),
            stories: &self.stories,
            service_providers: &self.service_providers,
        }
    }
}

impl Config {
    /// What it names.
    pub fn named(&self) -> Named<'_> {
        Named {
            lines: &self.lines,
            base_url: Some(&self.base_url),
            server: Some(&self.server),
            authn: Some(&self.authn),
            schemes: self.schemes,
            signing: &self.keys.signing,
            next: self.keys.next.as_ref(),
            seal_place: Some(&self.keys.seal_place),
            people: people(&self.authn),
            ldap: self.authn.ldap.as_ref(),
            attributes: &self.attributes,
            organization: Some(&self.organization),
            sessions: &self.sessions,
            store: self.store.as_ref(),
            stories: &self.stories,
            service_providers: &self.service_providers,
        }
    }
}

fn people(authn: &Authn) -> Option<&Path> {
    // Where it is not said who is asked, the people are looked at all the same.
    if !authn.methods.is_empty() && !authn.uses(Method::Local) {
        return None;
    }
    Some(&authn.local.as_ref()?.people)
}
