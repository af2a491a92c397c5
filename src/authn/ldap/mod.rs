//! The university's directory (LDAP version 3, RFC 4511): people prove who they are by a bind in
//! their own name, and their record says what is known of them.
//!
//! The record is found first, by a search in our own name, or the name to bind by is made of what
//! was typed ([`Find`]). What a server says is believed only after it was asked, on the same
//! connection, for whom it takes the person. Unknown, wrong, locked and expired are one
//! refusal; that an account is shut is told to nobody but who has its password.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::Semaphore,
    task::yield_now,
    time::{Instant, sleep, timeout},
};

use self::{
    connection::{Address, Entry, Way, name_of},
    dn::DnTemplate,
    echo::Echo,
    filter::Filter,
    holders::Holders,
    message::Search,
    more::{Groups, UnitRules, Units},
    questions::{Attempt, Denied, Lookup, Question, Why},
    reach::Place,
    server::{ANYTHING, Account, Server},
};
use super::{
    Barrier, Outcome, PasswordAttempt, RefusalReason,
    account_name::AccountName,
    servers::{ServerRecord, Servers},
    typed_password::TypedPassword,
};
use crate::{
    config::sections::Ldap as Config,
    model::{
        attribute::Attributes,
        proof::{AuthnMethod, Proof},
    },
    sys::{
        clock::Clock,
        entropy::{self, Entropy},
        network::Network,
        tls::{self, ConnectorError},
    },
};

mod ber;
mod connection;
mod dn;
mod echo;
mod filter;
mod holders;
mod message;
mod more;
mod policy;
mod pool;
pub mod probe;
mod questions;
mod reach;
mod server;
mod state;

pub use self::{connection::LdapFault, dn::DnFault, filter::FilterFault, policy::PasswordWarning};

/// How many people are waited for at one time; the next one is told to come back.
const MOST_UNDER_WAY: usize = 1024;
/// How many questions nobody waits for to their end.
const MOST_GLANCES: usize = 64;
/// How long they are waited for.
const GLANCE: Duration = Duration::from_millis(200);
/// What stands for the name that a person typed, in a filter.
const LOGIN: &str = "{login}";
/// What stands for a mail address, in a filter.
const MAIL: &str = "{mail}";
/// A second entry shows that the first one is not the only one.
const ONE_AND_MORE: u16 = 2;

/// A directory.
#[derive(Debug)]
pub struct Ldap {
    servers: Servers<Server>,
    rules: Rules,
    attributes: Box<[Box<str>]>,
    units: Option<Units>,
    under_way: Semaphore,
    glances: Arc<Semaphore>,
    echo: Echo,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What a directory is asked with.
#[derive(Clone, Debug)]
pub struct Around {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What reaches its servers; TLS over the network of the machine where there is none.
    pub network: Option<Arc<dyn Network>>,
}

/// What the configuration says of the directory's records, checked.
#[derive(Clone, Debug)]
pub struct Rules {
    base: Box<str>,
    find: Find,
    same_mail: Filter,
    login_attribute: Box<str>,
    /// The same, as it is called in a record that was read.
    login_name: Box<str>,
    warn_before: SignedDuration,
    may_search: bool,
    groups: Option<Groups>,
    units: Option<UnitRules>,
}

/// How the record of a person is found.
#[derive(Clone, Debug)]
enum Find {
    /// By a search in our own name.
    Search(Filter),
    /// By its name, which is made of what was typed.
    Template(DnTemplate),
}

/// What is wrong with a key of `[authn.ldap]`.
#[derive(Debug, thiserror::Error)]
pub enum RuleFault {
    /// A distinguished name.
    #[error("{0}")]
    Dn(#[from] DnFault),
    /// A search filter.
    #[error("{0}")]
    Filter(#[from] FilterFault),
}

/// What a directory knows of a person who has proven elsewhere who they are.
#[derive(Debug)]
pub enum Record {
    /// This.
    Known(Attributes),
    /// That their account is shut.
    Shut,
    /// Nothing, or several people.
    Unknown,
}

impl Rules {
    /// Checks the filters and names of the configuration.
    ///
    /// # Errors
    ///
    /// Every key that is wrong, and how.
    pub fn compile(config: &Config) -> Result<Self, Vec<(&'static str, RuleFault)>> {
        let mut faults = Vec::new();
        if let Err(fault) = dn::check(&config.base) {
            faults.push(("base", fault.into()));
        }
        if let Some((name, _)) = &config.account
            && let Err(fault) = dn::check(name)
        {
            faults.push(("bind-dn", fault.into()));
        }
        let is_filter = config.user.trim_start().starts_with('(');
        let find = if is_filter {
            let filter = Filter::parse(&config.user, LOGIN).map_err(RuleFault::from);
            filter.map(Find::Search)
        } else {
            let template = DnTemplate::parse(&config.user).map_err(RuleFault::from);
            template.map(Find::Template)
        };
        let find = find.map_err(|fault| faults.push(("user", fault)));
        let same_mail = Filter::parse(&config.mail_filter, MAIL)
            .map_err(|fault| faults.push(("mail-filter", fault.into())));
        let groups = config.groups.as_ref().map(Groups::compile).transpose();
        let groups = groups.map_err(|fault| faults.push(fault));
        let units = config.units.as_ref().map(UnitRules::compile).transpose();
        let units = units.map_err(|fault| faults.push(fault));
        match (find, same_mail, groups, units) {
            (Ok(find), Ok(same_mail), Ok(groups), Ok(units)) if faults.is_empty() => Ok(Self {
                base: config.base.as_str().into(),
                find,
                same_mail,
                login_attribute: config.login_attribute.as_str().into(),
                login_name: name_of(&config.login_attribute).into(),
                warn_before: config.warn_before(),
                may_search: config.account.is_some() || is_filter,
                groups,
                units,
            }),
            _ => Err(faults),
        }
    }
}

impl Record {
    /// Of all that was found; of several, none is who is meant.
    fn of(mut found: Vec<Entry>) -> Self {
        match (found.pop(), found.is_empty()) {
            (Some(entry), true) if state::is_open(&entry.attributes) => {
                Self::Known(entry.attributes)
            }
            (Some(_), true) => Self::Shut,
            _ => Self::Unknown,
        }
    }
}

impl Rules {
    /// Whether the directory lets us search at all, as far as the configuration says.
    pub const fn may_search(&self) -> bool {
        self.may_search
    }
}

impl Ldap {
    /// The directory that the configuration names. Of each record is read what rules know as one of
    /// `attributes`, what the configuration lists, and what says whether the account is open.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up with the authorities that the configuration names.
    pub fn new<'a>(
        config: &Config,
        rules: Rules,
        attributes: impl Iterator<Item = &'a str>,
        Around {
            clock,
            entropy,
            network,
        }: Around,
    ) -> Result<Self, ConnectorError> {
        let way = match network {
            Some(network) => Way::Given(network),
            None => Way::Tls(tls::connector(config.authorities.as_deref())?),
        };
        let account = config.account.as_ref().map(|(name, password)| Account {
            dn: name.as_str().into(),
            password: password.clone(),
        });
        let servers = config.urls.iter().filter_map(|url| {
            // The configuration has taken no other.
            let place = Place::of(url)?;
            let address = Address {
                place,
                way: way.clone(),
            };
            let server = Server::new(address, account.clone(), config.connections.into());
            Some((url.as_str().into(), server))
        });
        let servers = Servers::new::<LdapFault>(servers, config.patience());
        // No attribute has `_` in its name: what stands after it names options, which come with it.
        let read = attributes.map(|name| name.split('_').next().unwrap_or(name));
        let mut names: Vec<Box<str>> = read
            .chain([&*rules.login_attribute])
            .chain(config.attributes.iter().map(String::as_str))
            .chain(state::NAMES)
            .map(Into::into)
            .collect();
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        Ok(Self {
            servers,
            units: rules.units.clone().map(Units::new),
            rules,
            attributes: names.into(),
            under_way: Semaphore::new(MOST_UNDER_WAY),
            glances: Arc::new(Semaphore::new(MOST_GLANCES)),
            echo: Echo::default(),
            clock,
            entropy,
        })
    }

    /// What has come of each server so far.
    pub fn records(&self) -> Vec<ServerRecord> {
        self.servers.records(self.clock.passed())
    }

    /// Checks one password. Does not slow guessing down: that is
    /// [`PasswordAuthenticator`](super::PasswordAuthenticator)'s.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used: nothing is known about the password.
    pub(super) async fn authenticate(
        &self,
        attempt: PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<Outcome, LdapFault> {
        // Before anything is sent: some servers take an empty password for nobody's. That
        // says nothing of the account: the answer is the same for all of them.
        let Ok(password) = TypedPassword::parse(attempt.password) else {
            return Ok(Outcome::Refused(RefusalReason::UnacceptablePassword));
        };
        let Ok(password) = str::from_utf8(password.expose()) else {
            return Ok(Outcome::Refused(RefusalReason::UnacceptablePassword));
        };
        let Ok(login) = AccountName::parse(attempt.username) else {
            return Ok(Outcome::Refused(RefusalReason::UnknownAccount));
        };
        let Ok(place) = self.under_way.try_acquire() else {
            return Ok(Outcome::Busy);
        };
        let question = Attempt {
            login: &login,
            password,
            now,
        };
        let found = match self.on_a_server(question).await {
            Ok(found) => found,
            Err(LdapFault::Busy) => return Ok(Outcome::Busy),
            Err(fault) => return Err(fault),
        };
        Ok(match found {
            Ok(found) => self.outcome(&login, found, attempt, now)?,
            Err(Denied { why, hold_back }) => {
                // Who is held back keeps nobody out.
                drop(place);
                sleep(hold_back).await;
                match why {
                    Why::Refused(reason) => Outcome::Refused(reason),
                    Why::MustChange => Outcome::Barred(Barrier::PasswordMustChange),
                }
            }
        })
    }

    /// Looks up the person whom another authenticator knows as `login`.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used.
    pub async fn look_up(&self, login: &str, now: Timestamp) -> Result<Record, LdapFault> {
        let Ok(login) = AccountName::parse(login) else {
            return Ok(Record::Unknown);
        };
        let Ok(_place) = self.under_way.try_acquire() else {
            return Err(LdapFault::Busy);
        };
        let found = self.on_a_server(Lookup(&login, now)).await?;
        Ok(Record::of(found))
    }

    /// Whether somebody else than the person of whom `known` is known, or who else signs in as
    /// `login`, has this mail address.
    /// Nobody is known to where we may not search: `check` warns of that.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used.
    pub async fn is_mail_of_another(
        &self,
        mail: &str,
        (login, known): (&str, &Attributes),
    ) -> Result<bool, LdapFault> {
        if !self.rules.may_search {
            return Ok(false);
        }
        let filter = self.rules.same_mail.with(mail);
        let holders = self.on_a_server(Holders(&filter)).await?;
        let login = [login.to_owned()];
        let attribute = &self.rules.login_name;
        let theirs = match known.values(attribute) {
            [] => &login,
            names => names,
        };
        let is_theirs = |entry: &Entry| {
            let names = entry.attributes.values(attribute);
            names.iter().any(|name| {
                let name = AccountName::parse(name);
                name.is_ok() && theirs.iter().any(|their| AccountName::parse(their) == name)
            })
        };
        if holders.is_empty() {
            // Not even the person: the address is made by a rule, or hidden from us.
            tracing::warn!("mail-filter finds nobody with an address that a provider is told");
        }
        Ok(holders.len() > 1 || !holders.iter().all(is_theirs))
    }

    /// The same, for somebody who can do without: an answer that does not come soon is not waited for.
    /// The question is asked to its end all the same. It may be the one that finds out whether a server
    /// is back, and whoever goes away in the middle has a connection closed.
    ///
    /// # Errors
    ///
    /// No server gave an answer that can be used, or not soon, or many such questions are under way.
    pub async fn glance_for_another(
        self: Arc<Self>,
        mail: String,
        (login, known): (String, Attributes),
    ) -> Result<bool, LdapFault> {
        let Ok(place) = Arc::clone(&self.glances).try_acquire_owned() else {
            return Err(LdapFault::Busy);
        };
        let asking = tokio::spawn(async move {
            let asking = self.is_mail_of_another(&mail, (&login, &known));
            let found = asking.await;
            drop(place);
            found
        });
        match timeout(GLANCE, asking).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => Err(LdapFault::TimeOut),
        }
    }

    /// Asks the servers in order, until one answers.
    async fn on_a_server<Q: Question>(&self, question: Q) -> Result<Q::Answer, LdapFault> {
        let mut last = LdapFault::Resting;
        for mut turn in self.servers.turns(self.clock.passed()) {
            let deadline = Instant::now() + turn.patience;
            let Ok(_place) = turn.server().place(deadline).await else {
                last = last.or(LdapFault::Busy);
                continue;
            };
            // Whoever waited for a place does not ask a server that was found dead meanwhile.
            if !turn.begin(self.clock.passed()) {
                // A crowd that waited is told at one time. Whoever wants something else gets it in between.
                yield_now().await;
                continue;
            }
            match question.ask(self, turn.server(), deadline).await {
                Ok(answer) => {
                    turn.answered();
                    return Ok(answer);
                }
                Err(fault) => {
                    let is_busy = matches!(fault, LdapFault::TimeOut) && turn.has_answered_others();
                    if matches!(fault, LdapFault::Busy) || is_busy {
                        // Nothing is known of it.
                    } else if fault.is_want_of_a_file() {
                        turn.was_not_asked(&fault);
                    } else if fault.is_of_the_server() {
                        turn.failed(&fault, self.clock.passed());
                    } else {
                        turn.answered();
                    }
                    last = last.or(fault);
                }
            }
        }
        Err(last)
    }

    /// What is recorded under the name that was typed.
    async fn find(
        &self,
        server: &Server,
        login: &AccountName,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        match &self.rules.find {
            Find::Search(filter) => {
                let filter = filter.with(login.as_str());
                self.search(server, &self.rules.base, Some(&filter), deadline)
                    .await
            }
            Find::Template(template) => {
                let name = template.with(login.as_str());
                match self.search(server, &name, None, deadline).await {
                    // There is no such entry.
                    Err(LdapFault::Code { code: 32, .. }) => Ok(Vec::new()),
                    found => found,
                }
            }
        }
    }

    /// Searches below `base` by a filter, or reads the entry that it names.
    async fn search(
        &self,
        server: &Server,
        base: &str,
        filter: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        let search = Search {
            base,
            whole_tree: filter.is_some(),
            filter: filter.unwrap_or(ANYTHING),
            attributes: &self.attributes,
            most: ONE_AND_MORE,
        };
        server.search(search, deadline).await
    }

    /// Adds to a person's record what stands in other entries.
    async fn complete(
        &self,
        server: &Server,
        person: &mut Entry,
        (now, deadline): (Timestamp, Instant),
    ) -> Result<(), LdapFault> {
        if let Some(groups) = &self.rules.groups {
            groups.add(server, person, deadline).await?;
        }
        if let Some(units) = &self.units {
            units.add(server, person, (now, deadline)).await?;
        }
        Ok(())
    }

    /// The same of what was found, where that is one person. Of several, none is who is meant; and of an account
    /// that is shut, no more is asked.
    async fn complete_one(
        &self,
        server: &Server,
        mut found: Vec<Entry>,
        when: (Timestamp, Instant),
    ) -> Result<Vec<Entry>, LdapFault> {
        if let [person] = found.as_mut_slice()
            && state::is_open(&person.attributes)
        {
            self.complete(server, person, when).await?;
        }
        Ok(found)
    }

    /// A name that nobody has, and nobody can guess.
    fn nobody(&self) -> String {
        let id = entropy::saml_id(&*self.entropy);
        format!("cn={id},{}", self.rules.base)
    }

    /// Somebody's password is right, and this is their record.
    fn outcome(
        &self,
        login: &AccountName,
        (mut record, warning): (Attributes, Option<PasswordWarning>),
        attempt: PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<Outcome, LdapFault> {
        if !state::is_open(&record) {
            return Ok(Outcome::Barred(Barrier::AccountShut));
        }
        let names = record.values(&self.rules.login_name);
        let typed = |name: &&String| AccountName::parse(name).is_ok_and(|name| name == *login);
        let login = match names {
            // Not what was typed: a filter may look at attributes that people write themselves.
            [] => return Err(LdapFault::NoLogin),
            [only] => only.clone(),
            several => match several.iter().find(typed) {
                Some(one) => one.clone(),
                // Which of them they are would depend on the order of the server.
                None => return Ok(Outcome::Refused(RefusalReason::SeveralAccounts)),
            },
        };
        // As with the other sources: without a `uid` the login is the uid.
        if record.values("uid").is_empty() {
            record.add("uid", [login.clone()]);
        }
        let proof = Proof {
            login,
            method: AuthnMethod::Ldap,
            context: attempt.context,
            at: now,
            ticket: None,
            attributes: record,
        };
        Ok(match warning {
            Some(warning) if self.is_worth_saying(warning) => {
                Outcome::ProvenWithWarning(proof, warning)
            }
            Some(_) | None => Outcome::Proven(proof),
        })
    }

    fn is_worth_saying(&self, warning: PasswordWarning) -> bool {
        match warning {
            PasswordWarning::GraceLogins(_) => true,
            PasswordWarning::ExpiresIn(time) => time <= self.rules.warn_before,
        }
    }
}
