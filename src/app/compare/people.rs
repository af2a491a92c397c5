//! Who an old account belongs to, among the people who can sign in here.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    attributes::map::Mapping,
    authn::{
        People as SignedIn,
        ldap::{Ldap, LdapFault, Record},
        local::Directory,
    },
    flow::bridge::Bridge,
    model::proof::AuthnMethod,
    setup::{
        accounts::{Account, Keys},
        old::Old,
    },
};

/// The people who can sign in here.
#[derive(Debug)]
pub(super) struct People {
    source: Source,
    /// The source's attributes that the ID is made of.
    id_sources: Vec<String>,
}

#[derive(Debug)]
enum Source {
    /// Those of the CAS server, of whom nothing can be asked.
    Cas,
    Ldap {
        ldap: Arc<Ldap>,
        /// Whether a sign-in finds people by an attribute of the CAS server's, which nobody knows here.
        by_cas_attribute: bool,
    },
    Local(Index),
}

/// By which names those of the embedded directory sign in who have an address, in lower case, or an ID.
#[derive(Debug, Default)]
struct Index {
    by_mail: HashMap<String, Vec<String>>,
    by_id: HashMap<String, Vec<String>>,
}

/// Who was found.
#[derive(Debug)]
pub(super) enum Found {
    /// One person: the name that they sign in with, and what is known of them.
    One(String, Record),
    /// Nobody, by all that was looked for.
    Nobody(Vec<&'static str>),
    /// Several people.
    Several,
    /// The CAS server does not say who its people are.
    OnlyCas,
}

impl People {
    /// Those whom the bridge lets in.
    pub(super) fn of(bridge: &Bridge, keys: &Keys) -> Self {
        let id_sources = sources_of(&bridge.mapping, keys.employee_id_reads());
        let uses = bridge.settings.directory.as_ref();
        let gives_attributes = uses.is_some_and(|uses| uses.gives_attributes);
        let source = match (&bridge.directory, directory(bridge)) {
            // A directory that stands in for the CAS server says nothing of what that says.
            _ if bridge.authenticator.cas.is_some() && !gives_attributes => Source::Cas,
            (Some(ldap), _) => Source::Ldap {
                ldap: Arc::clone(ldap),
                by_cas_attribute: bridge.authenticator.cas.is_some()
                    && uses.is_some_and(|uses| uses.cas_attribute.is_some()),
            },
            (None, Some(directory)) => {
                let mail_sources = sources_of(&bridge.mapping, keys.email_reads().chain(["mail"]));
                Source::Local(Index::of(directory, &mail_sources, &id_sources))
            }
            (None, None) => Source::Cas,
        };
        Self { source, id_sources }
    }

    /// How they sign in.
    pub(super) const fn method(&self) -> AuthnMethod {
        match self.source {
            Source::Cas => AuthnMethod::Cas,
            Source::Ldap { .. } => AuthnMethod::Ldap,
            Source::Local(_) => AuthnMethod::Local,
        }
    }

    /// Looks for the owner of an account: by its address, then by its ID, then by the name that they sign in with.
    pub(super) async fn find(
        &self,
        bridge: &Bridge,
        old: &Old,
        now: Timestamp,
    ) -> Result<Found, LdapFault> {
        if matches!(self.source, Source::Cas) {
            return Ok(Found::OnlyCas);
        }
        let mut looked_by = Vec::new();
        if let Some(email) = &old.account.email {
            looked_by.push("its address");
            let logins = self.logins_by_mail(email).await?;
            if let Some(found) = self.one_of(bridge, &logins, now).await? {
                return Ok(found);
            }
        }
        if let Some(id) = &old.account.employee_id {
            looked_by.push("its Employee Unique ID");
            let logins = self.logins_by_id(id).await?;
            if let Some(found) = self.one_of(bridge, &logins, now).await? {
                return Ok(found);
            }
        }
        if let Some(login) = &old.login {
            looked_by.push("the login");
            match self.look_up(bridge, login, now).await? {
                Record::Unknown => {}
                record @ (Record::Known(_) | Record::Shut) => {
                    return Ok(Found::One(login.clone(), record));
                }
            }
        }
        Ok(Found::Nobody(looked_by))
    }

    /// The one who has the ID of the account and is somebody else than `login`.
    pub(super) async fn other_by_id(
        &self,
        bridge: &Bridge,
        (account, login): (&Account, &str),
        now: Timestamp,
    ) -> Result<Option<(String, Record)>, LdapFault> {
        let Some(id) = &account.employee_id else {
            return Ok(None);
        };
        match self.logins_by_id(id).await?.as_slice() {
            [other] if other != login => {
                let record = self.look_up(bridge, other, now).await?;
                Ok(Some((other.clone(), record)))
            }
            [] | [_] | [_, _, ..] => Ok(None),
        }
    }

    /// Whoever is the only one; none where there is nobody.
    async fn one_of(
        &self,
        bridge: &Bridge,
        logins: &[String],
        now: Timestamp,
    ) -> Result<Option<Found>, LdapFault> {
        Ok(match logins {
            [] => None,
            [login] => {
                let record = self.look_up(bridge, login, now).await?;
                Some(Found::One(login.clone(), record))
            }
            [_, _, ..] => Some(Found::Several),
        })
    }

    /// What is known of whoever signs in by this name, as at a sign-in.
    async fn look_up(
        &self,
        bridge: &Bridge,
        login: &str,
        now: Timestamp,
    ) -> Result<Record, LdapFault> {
        let record = match (&self.source, directory(bridge)) {
            (
                Source::Ldap {
                    ldap,
                    by_cas_attribute,
                },
                _,
            ) => {
                if *by_cas_attribute {
                    ldap.look_up_by_login_attribute(login, now).await?
                } else {
                    ldap.look_up(login, now).await?
                }
            }
            (Source::Local(_), Some(directory)) => directory.look_up(login),
            (Source::Cas | Source::Local(_), _) => Record::Unknown,
        };
        Ok(match record {
            Record::Known(mut attributes) => {
                // Without a `uid` the login is the uid.
                if attributes.values("uid").is_empty() {
                    attributes.add("uid", [login.to_owned()]);
                }
                Record::Known(attributes)
            }
            other @ (Record::Shut | Record::Unknown) => other,
        })
    }

    async fn logins_by_mail(&self, email: &str) -> Result<Vec<String>, LdapFault> {
        match &self.source {
            Source::Cas => Ok(Vec::new()),
            Source::Ldap { ldap, .. } => ldap.logins_by_mail(email).await,
            Source::Local(index) => Ok(held(&index.by_mail, &email.to_lowercase())),
        }
    }

    async fn logins_by_id(&self, id: &str) -> Result<Vec<String>, LdapFault> {
        match &self.source {
            Source::Cas => Ok(Vec::new()),
            Source::Ldap { ldap, .. } => {
                let sources = self.id_sources.iter().map(String::as_str);
                ldap.logins_by_value(sources, id).await
            }
            Source::Local(index) => Ok(held(&index.by_id, id)),
        }
    }
}

impl Index {
    fn of(directory: &Directory, mail_sources: &[String], id_sources: &[String]) -> Self {
        let mut index = Self::default();
        for (login, attributes, _) in directory.everybody_and_shut() {
            let values = |sources: &[String]| {
                let values = sources.iter().flat_map(|name| attributes.values(name));
                values.cloned().collect::<Vec<_>>()
            };
            for mail in values(mail_sources) {
                note(&mut index.by_mail, mail.to_lowercase(), login);
            }
            for id in values(id_sources) {
                note(&mut index.by_id, id, login);
            }
        }
        index
    }
}

fn note(holders: &mut HashMap<String, Vec<String>>, value: String, login: &str) {
    let logins = holders.entry(value).or_default();
    if !logins.iter().any(|known| known == login) {
        logins.push(login.to_owned());
    }
}

fn held(holders: &HashMap<String, Vec<String>>, value: &str) -> Vec<String> {
    holders.get(value).cloned().unwrap_or_default()
}

/// The source's attributes that ours are made of.
fn sources_of<'a>(mapping: &'a Mapping, ours: impl Iterator<Item = &'a str>) -> Vec<String> {
    let sources = ours.flat_map(|name| mapping.sources_of(name));
    sources.map(str::to_owned).collect()
}

fn directory(bridge: &Bridge) -> Option<&Directory> {
    match bridge.authenticator.password.as_ref()?.people() {
        SignedIn::Ldap(_) => None,
        SignedIn::Local(local) => Some(local.directory()),
    }
}
