//! One server of the directory: searches in our own name, binds in people's.
//!
//! A bind changes in whose name a whole connection speaks. People's binds have connections of their
//! own, and our searches never run on one of them.

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use super::{
    connection::{Address, BindAnswer, Connection, Entry, LdapFault},
    dn,
    message::Search,
    policy::PolicyError,
    pool::Pool,
};
use crate::sys::secret::Secret;

/// The result code of a success.
const SUCCESS: u32 = 0;
/// What every entry matches.
pub(super) const ANYTHING: &str = "(objectClass=*)";

/// Our own account, for searches.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) dn: Box<str>,
    pub(super) password: Secret,
}

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    address: Address,
    /// None where everybody may search.
    account: Option<Account>,
    /// How many questions may be asked at one time.
    places: Semaphore,
    ours: Pool,
    peoples: Pool,
}

/// A bind in a person's name. It cannot be shown: there is a password in it.
#[derive(Clone, Copy)]
pub(super) struct PersonBind<'a> {
    pub(super) dn: &'a str,
    pub(super) password: &'a str,
    /// What to read of their own record, in their name.
    pub(super) read: Option<&'a [Box<str>]>,
}

/// What came of one.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) answer: BindAnswer,
    /// Their own record, where it was to be read and the bind succeeded.
    pub(super) entry: Option<Entry>,
    /// Whether the server means the one by whose name was bound; said of a bind that succeeded.
    pub(super) is_them: bool,
}

impl Server {
    /// A server to which at most `connections` of each kind are opened.
    pub(super) fn new(address: Address, account: Option<Account>, connections: usize) -> Self {
        Self {
            address,
            account,
            places: Semaphore::new(connections),
            ours: Pool::default(),
            peoples: Pool::default(),
        }
    }

    /// Whether searches are made in the name of an account of ours.
    pub(super) const fn has_account(&self) -> bool {
        self.account.is_some()
    }

    /// A place to ask from, for all of one question: it takes one connection of each kind at most.
    ///
    /// # Errors
    ///
    /// None became free in time.
    pub(super) async fn place(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, LdapFault> {
        match timeout_at(deadline, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(LdapFault::Busy),
        }
    }

    /// Searches in our own name.
    pub(super) async fn search(
        &self,
        search: Search<'_>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        if let Some(mut kept) = self.ours.take() {
            match kept.search(search, deadline).await {
                // The server closed it meanwhile; a fresh one shows how it is.
                Err(LdapFault::Broken(_)) => self.ours.clear(),
                found => return keep_and_give(&self.ours, kept, found),
            }
        }
        let mut fresh = self.open_ours(deadline).await?;
        let found = fresh.search(search, deadline).await;
        keep_and_give(&self.ours, fresh, found)
    }

    /// Binds in a person's name, and sees to it that the server means this person.
    pub(super) async fn bind(
        &self,
        person: PersonBind<'_>,
        deadline: Instant,
    ) -> Result<Bound, LdapFault> {
        // The password may have been judged although no answer came.
        let mut sent = LdapFault::Resting;
        if let Some(mut kept) = self.peoples.take() {
            match bind_on(&mut kept, person, deadline).await {
                Err(broken @ LdapFault::Broken(_)) => {
                    self.peoples.clear();
                    sent = broken;
                }
                bound => return keep_and_give(&self.peoples, kept, bound),
            }
        }
        let opened = Connection::open(&self.address, deadline).await;
        let mut fresh = opened.map_err(|fault| sent.or(fault))?;
        let bound = bind_on(&mut fresh, person, deadline).await;
        keep_and_give(&self.peoples, fresh, bound)
    }

    /// A fresh connection in our own name.
    pub(super) async fn open_ours(&self, deadline: Instant) -> Result<Connection, LdapFault> {
        let mut connection = Connection::open(&self.address, deadline).await?;
        let Some(Account { dn, password }) = &self.account else {
            return Ok(connection);
        };
        let password = str::from_utf8(password.expose()).map_err(|_not_text| LdapFault::Nobody)?;
        let answer = connection.bind(dn, password, deadline).await?;
        if answer.code != SUCCESS || answer.policy.error.is_some() {
            return Err(LdapFault::Service { code: answer.code });
        }
        Ok(connection)
    }
}

/// Keeps the connection where its answer is whole; any other is dropped.
fn keep_and_give<T>(
    pool: &Pool,
    connection: Connection,
    given: Result<T, LdapFault>,
) -> Result<T, LdapFault> {
    if given.is_ok() {
        pool.keep(connection);
    }
    given
}

async fn bind_on(
    connection: &mut Connection,
    person: PersonBind<'_>,
    deadline: Instant,
) -> Result<Bound, LdapFault> {
    let answer = connection
        .bind(person.dn, person.password, deadline)
        .await?;
    let must_change = answer.policy.error == Some(PolicyError::MustChange);
    if answer.code != SUCCESS || must_change {
        // Nobody is signed in; a server that wants a new password answers nothing else, either.
        return Ok(Bound {
            answer,
            entry: None,
            is_them: true,
        });
    }
    let named = match connection.who_am_i(deadline).await? {
        // Nobody, whatever the result code said.
        Some(identity) if identity.is_empty() => return Err(LdapFault::Nobody),
        // A name that is not written as a DN (`u:`) says nothing that can be compared.
        Some(identity) => identity
            .strip_prefix("dn:")
            .map(|name| dn::is_same(name, person.dn)),
        None => None,
    };
    let mut bound = Bound {
        answer,
        entry: None,
        is_them: named.unwrap_or_default(),
    };
    if named == Some(false) {
        return Ok(bound);
    }
    if person.read.is_some() || named.is_none() {
        let own = Search {
            base: person.dn,
            whole_tree: false,
            filter: ANYTHING,
            attributes: person.read.unwrap_or_default(),
            most: 1,
        };
        bound.entry = connection.search(own, deadline).await?.pop();
        let found = bound.entry.as_ref();
        bound.is_them = found.is_some_and(|entry| dn::is_same(&entry.dn, person.dn));
    }
    Ok(bound)
}
