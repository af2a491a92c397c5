//! Looks at one server of the directory step by step, for `passerelle doctor`.
//!
//! Nothing that it gives holds what a record says of a person: names of attributes, and how many.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    ANYTHING, Find, Ldap, ONE_AND_MORE,
    connection::{Connection, Entry, LdapFault},
    message::Search,
    reach, state,
};
use crate::{
    authn::{Outcome, PasswordAttempt, account_name::AccountName},
    model::{attribute::Attributes, authn_context::AuthnContextClass},
    sys::{reach::Opening, secret::Secret},
};

/// How TLS begins at `ldap://`.
pub const START_TLS: Opening = Opening::After {
    ask: reach::START_TLS,
    accepts: reach::takes_start_tls,
};

/// A connection in our own name.
#[derive(Debug)]
pub struct Probe<'l> {
    ldap: &'l Ldap,
    connection: Connection,
    patience: Duration,
}

/// What the server says of itself.
#[derive(Debug)]
pub struct RootDse {
    /// The names below which its entries are.
    pub bases: Vec<String>,
    /// Where it describes what it knows.
    pub schema: Option<String>,
}

/// Somebody's record, without what it says.
#[derive(Debug)]
pub struct Sample {
    /// The names of its attributes, in lower case, and how many values each has.
    pub attributes: Vec<(String, usize)>,
    /// Whether the account is open.
    pub is_open: bool,
}

/// What is found under a name.
#[derive(Debug)]
pub enum Found {
    /// Nobody.
    Nobody,
    /// One person.
    One(Sample),
    /// Several people: none of them is let in.
    Several,
}

impl Ldap {
    /// Connects to the first server, and binds in our own name where we have one. Each step may take
    /// as long as `patience`.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, is not believed, or does not let us in.
    pub async fn probe(&self, patience: Duration) -> Result<Probe<'_>, LdapFault> {
        let turns = self.servers.turns(self.clock.passed());
        let server = turns.first().ok_or(LdapFault::Resting)?.server();
        let connection = server.open_ours(Instant::now() + patience).await?;
        Ok(Probe {
            ldap: self,
            connection,
            patience,
        })
    }

    /// Signs somebody in, and tells what came of it and no more.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used.
    pub async fn try_password(
        &self,
        login: &str,
        password: &Secret,
        now: Timestamp,
    ) -> Result<Outcome, LdapFault> {
        let attempt = PasswordAttempt {
            username: login,
            password,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            context: AuthnContextClass::Unspecified,
        };
        Box::pin(self.authenticate(attempt, now)).await
    }

    /// The attributes that are read of each record.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|name| &**name)
    }
}

impl Probe<'_> {
    /// What the server says of itself (RFC 4512 §5.1).
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub async fn root_dse(&mut self) -> Result<RootDse, LdapFault> {
        let names = ["namingContexts".into(), "subschemaSubentry".into()];
        let entry = self.read("", ANYTHING, &names).await?;
        let root = entry.map(|entry| entry.attributes).unwrap_or_default();
        Ok(RootDse {
            bases: root.values("namingContexts").to_vec(),
            schema: root.values("subschemaSubentry").first().cloned(),
        })
    }

    /// Whether the entry `base`, below which others are searched, is there and shown to us.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub async fn sees(&mut self, base: &str) -> Result<bool, LdapFault> {
        match self.read(base, ANYTHING, &[]).await {
            Ok(entry) => Ok(entry.is_some()),
            // noSuchObject, and how servers say it that hide what may not be seen.
            Err(LdapFault::Code { code: 32 | 50, .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The names of all attributes that the server knows, in lower case; none where it does not tell
    /// us.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub async fn schema(&mut self, root: &RootDse) -> Result<BTreeSet<String>, LdapFault> {
        let Some(base) = &root.schema else {
            return Ok(BTreeSet::new());
        };
        let names = ["attributeTypes".into()];
        let search = Search {
            base,
            whole_tree: false,
            filter: "(objectClass=subschema)",
            attributes: &names,
            most: 1,
        };
        let deadline = Instant::now() + self.patience;
        let mut known = BTreeSet::new();
        match self.connection.read_large(search, deadline).await {
            Ok(entries) => {
                for entry in entries {
                    for description in entry.attributes.values("attributeTypes") {
                        known.extend(names_in(description));
                    }
                }
            }
            Err(LdapFault::Code { code: 32 | 50, .. }) => {}
            Err(fault) => return Err(fault),
        }
        Ok(known)
    }

    /// Somebody, whoever it is; nobody where none is found, or where we may not search.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub async fn anybody(&mut self) -> Result<Option<Sample>, LdapFault> {
        let rules = &self.ldap.rules;
        let filter = match &rules.find {
            Find::Search(filter) => filter.with_any(),
            Find::Template(_) => format!("({}=*)", rules.login_attribute),
        };
        let found = self.search(&filter, 1).await?;
        Ok(found.first().map(Sample::of))
    }

    /// The person who signs in as `login`.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub async fn person(&mut self, login: &str) -> Result<Found, LdapFault> {
        let Ok(login) = AccountName::parse(login) else {
            return Ok(Found::Nobody);
        };
        let found = match &self.ldap.rules.find {
            Find::Search(filter) => {
                let filter = filter.with(login.as_str());
                self.search(&filter, ONE_AND_MORE).await?
            }
            Find::Template(template) => {
                let name = template.with(login.as_str());
                match self.read(&name, ANYTHING, &self.ldap.attributes).await {
                    Ok(entry) => entry.into_iter().collect(),
                    Err(LdapFault::Code { code: 32, .. }) => Vec::new(),
                    Err(fault) => return Err(fault),
                }
            }
        };
        Ok(match found.as_slice() {
            [] => Found::Nobody,
            [one] => Found::One(Sample::of(one)),
            _ => Found::Several,
        })
    }

    async fn read(
        &mut self,
        base: &str,
        filter: &str,
        attributes: &[Box<str>],
    ) -> Result<Option<Entry>, LdapFault> {
        let search = Search {
            base,
            whole_tree: false,
            filter,
            attributes,
            most: 1,
        };
        let deadline = Instant::now() + self.patience;
        Ok(self.connection.search(search, deadline).await?.pop())
    }

    async fn search(&mut self, filter: &str, most: u16) -> Result<Vec<Entry>, LdapFault> {
        let search = Search {
            base: &self.ldap.rules.base,
            whole_tree: true,
            filter,
            attributes: &self.ldap.attributes,
            most,
        };
        let deadline = Instant::now() + self.patience;
        self.connection.search(search, deadline).await
    }
}

impl Sample {
    fn of(entry: &Entry) -> Self {
        let count = |(name, values): (&str, &[String])| (name.to_owned(), values.len());
        let record: &Attributes = &entry.attributes;
        Self {
            attributes: record.iter().map(count).collect(),
            is_open: state::is_open(record),
        }
    }
}

/// The names in the description of an attribute, `( 1.2 NAME 'x' …` or `( 1.2 NAME ( 'x' 'y' ) …`
/// (RFC 4512 §4.1.2), in lower case.
fn names_in(description: &str) -> Vec<String> {
    let Some((_, rest)) = description.split_once(" NAME ") else {
        return Vec::new();
    };
    let rest = rest.trim_start();
    let quoted = match rest.strip_prefix('(') {
        Some(several) => several.split(')').next().unwrap_or_default(),
        None => first_quoted(rest),
    };
    quoted
        .split('\'')
        .skip(1)
        .step_by(2)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The beginning of a text up to its second quotation mark.
fn first_quoted(text: &str) -> &str {
    let second = text.match_indices('\'').nth(1);
    second.and_then(|(at, _)| text.get(..=at)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_an_attribute_is_read_from_its_description() {
        for (description, names) in [
            (
                "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'x' SUP name )",
                &["cn", "commonname"][..],
            ),
            (
                "( 1.2 NAME 'eduPersonAffiliation' DESC 'an \\27e\\27' )",
                &["edupersonaffiliation"],
            ),
            ("( 1.2 DESC 'without' )", &[]),
            ("( 1.2 NAME ", &[]),
        ] {
            assert_eq!(names_in(description), names, "{description}");
        }
    }
}
