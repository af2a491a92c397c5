//! Who has something in their record: a mail address, or an identifier.

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Ldap, LdapFault, ONE_AND_MORE, Record, connection::Entry, filter::any_of, message::Search,
    questions::Question, server::Server,
};

/// Who matches this filter: the first two, and no more of them than the names that they sign in with.
pub(super) struct Holders<'a>(pub(super) &'a str);

impl Question for Holders<'_> {
    type Answer = Vec<Entry>;

    async fn ask(
        &self,
        ldap: &Ldap,
        server: &Server,
        deadline: Instant,
    ) -> Result<Self::Answer, LdapFault> {
        let names = [ldap.rules.login_attribute.clone()];
        let search = Search {
            base: &ldap.rules.base,
            whole_tree: true,
            filter: self.0,
            attributes: &names,
            most: ONE_AND_MORE,
        };
        server.search(search, deadline).await
    }
}

/// Who has this name in the attribute by whose value people sign in.
struct Named<'a>(&'a str, Timestamp);

impl Question for Named<'_> {
    type Answer = Vec<Entry>;

    async fn ask(
        &self,
        ldap: &Ldap,
        server: &Server,
        deadline: Instant,
    ) -> Result<Self::Answer, LdapFault> {
        let filter = any_of(&ldap.rules.login_attribute, std::iter::once(self.0));
        let base = &ldap.rules.base;
        let found = ldap.search(server, base, Some(&filter), deadline).await?;
        ldap.complete_one(server, found, (self.1, deadline)).await
    }
}

impl Ldap {
    /// Whether we may search at all; otherwise nobody is found but by the name that they sign in with.
    pub const fn may_search(&self) -> bool {
        self.rules.may_search
    }

    /// By which names those sign in who have this mail address; of more than two of them, two.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used.
    pub async fn logins_by_mail(&self, mail: &str) -> Result<Vec<String>, LdapFault> {
        self.logins(&self.rules.same_mail.with(mail)).await
    }

    /// The same of those who have `value` in one of `attributes`, under the names that rules have for them.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used.
    pub async fn logins_by_value(
        &self,
        attributes: impl Iterator<Item = &str>,
        value: &str,
    ) -> Result<Vec<String>, LdapFault> {
        // What stands after `_` names options: the attribute without them has those values, too.
        let names = attributes.map(|name| name.split('_').next().unwrap_or(name));
        let parts: String = names
            .filter(|name| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
            .map(|name| any_of(name, std::iter::once(value)))
            .collect();
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        self.logins(&format!("(|{parts})")).await
    }

    /// Looks up whoever has `login` in the login-attribute, where the name that finds people at a sign-in is another
    /// one, which the CAS server gives.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used.
    pub async fn look_up_by_login_attribute(
        &self,
        login: &str,
        now: Timestamp,
    ) -> Result<Record, LdapFault> {
        let found = self.on_a_server(Named(login, now)).await?;
        Ok(Record::of(found))
    }

    async fn logins(&self, filter: &str) -> Result<Vec<String>, LdapFault> {
        if !self.rules.may_search {
            return Ok(Vec::new());
        }
        let found = self.on_a_server(Holders(filter)).await?;
        let login = |entry: &Entry| {
            entry
                .attributes
                .values(&self.rules.login_name)
                .first()
                .cloned()
        };
        found
            .iter()
            .map(|entry| login(entry).ok_or(LdapFault::NoLogin))
            .collect()
    }
}
