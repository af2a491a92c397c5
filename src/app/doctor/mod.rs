//! Tries all that a sign-in needs, one thing after the other, and says in plain words what it found
//! and what to do about it: `passerelle doctor`.
//!
//! One file for each subject. Whatever is faulty, the rest is tried as far as it can be, unless the configuration
//! cannot be read at all. What is said
//! holds no secret, no ticket, and nothing that a record says of a person.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use self::{cas::CasSubject, ldap::LdapSubject};
use super::{
    build::{self, names_read},
    look::{Look, Warning},
};
use crate::{
    config::{
        self,
        environment::Environment,
        fault::ConfigFault,
        named::Named,
        sections::{Cas, Method},
    },
    control::how_far,
    sys::{clock::Clock, entropy::Entropy, secret::Secret},
};

mod alerts;
mod cas;
mod clock;
mod configuration;
mod fresh_login;
mod keys;
mod ldap;
mod network;
mod providers;
mod store;

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many days before the end of a server's certificate it is told: who renews by machine does it
/// earlier.
const DAYS_OF_A_SERVER: i64 = 15;

/// One thing that was tried.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// What was tried, as `cas.gateway`: the subject, and the part of it.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// To be seen to.
    Warning,
    /// To be mended.
    Bad,
    /// Not known.
    NotTried,
}

/// What is to be tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Everything.
    All,
    /// The CAS server.
    Cas,
    /// The directory.
    Ldap,
}

/// Somebody to try the directory with.
#[derive(Clone, Debug)]
pub struct SamplePerson {
    /// The name, as they would type it.
    pub login: String,
    /// The password; without one nobody is signed in.
    pub password: Option<Secret>,
}

/// What is tried, and with what.
#[derive(Debug)]
pub struct Doctor<'a> {
    /// The configuration file.
    pub path: &'a Path,
    /// The environment that it may name.
    pub environment: &'a Environment,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// For made-up tickets.
    pub entropy: Arc<dyn Entropy>,
    /// What is to be tried.
    pub scope: Scope,
    /// Somebody to try the directory with.
    pub person: Option<SamplePerson>,
    /// Asks somebody at the terminal to sign in at the CAS server; none where nobody is there.
    pub ask: Option<Ask>,
}

/// Tells somebody what to do, and waits for the line that they type; none where they type nothing.
pub type Ask = fn(&str) -> Option<String>;

/// The subjects, in the order in which they are told.
const ORDER: [&str; 10] = [
    "configuration",
    "keys",
    "clock",
    "name",
    "tls",
    "cas",
    "ldap",
    "store",
    "metadata",
    "alerts",
];

impl Doctor<'_> {
    /// Tries everything of the scope, and tells it in an order that is always the same.
    pub async fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let read = config::load(self.path, self.environment);
        let named = match &read {
            Ok(config) => config.named(),
            // Nothing is known of what is to be tried: what is missing is no fault of its own.
            Err(faulty) if !faulty.is_read => {
                return configuration::findings(self.path, &faulty.faults, &[], faulty.named());
            }
            Err(faulty) => faulty.named(),
        };
        let now = self.clock.now();
        let mut look = Look::at(named, self.path);
        let seen = look.look(now);
        let (faults, warnings) = self.faults(look.warnings);
        if self.scope == Scope::All {
            findings.extend(configuration::findings(
                self.path, &faults, &warnings, named,
            ));
            findings.extend(keys::findings(named, now));
            findings.extend(providers::findings(named, &faults, now));
            findings.extend(network::of_ourselves(named).await);
            let whole = read.as_ref().ok();
            findings.extend(whole.and_then(|config| alerts::finding(self.path, config)));
        } else {
            let of_file = configuration::findings(self.path, &faults, &[], named);
            let is_bad = |finding: &Finding| finding.verdict == Verdict::Bad;
            findings.extend(of_file.into_iter().filter(is_bad));
        }
        let mut dates = Vec::new();
        if self.scope == Scope::All {
            let kept = read.as_ref().ok().map(|config| store::Kept {
                sessions: config.sessions.max,
                stories: match config.stories.keep_days {
                    0 => 0,
                    _ => config.stories.max_bytes(),
                },
            });
            let of_store = store::findings(named.store, kept, &*self.clock, &mut dates);
            findings.extend(of_store.await);
        }
        if self.scope != Scope::Ldap {
            let subject = CasSubject {
                named,
                config: self.cas(named),
                entropy: &*self.entropy,
                ask: self.ask,
            };
            findings.extend(subject.examine(&*self.clock, &mut dates).await);
        }
        if self.scope != Scope::Cas {
            let read_by_rules = names_read(seen.mapping.as_ref(), &seen.providers);
            let subject = LdapSubject {
                config: self.ldap(named),
                rules: seen.ldap,
                names: read_by_rules,
                doctor: self,
            };
            findings.extend(subject.examine().await);
        }
        if self.scope != Scope::Ldap {
            findings.extend(clock::findings(&dates));
        }
        findings.sort_by_key(|finding| {
            let subject = finding.check.split('.').next();
            ORDER.iter().position(|known| Some(*known) == subject)
        });
        findings
    }

    /// What `passerelle check` would say; where that gives up, `warnings` are what was seen before.
    fn faults(&self, warnings: Vec<Warning>) -> (Vec<ConfigFault>, Vec<ConfigFault>) {
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        match build::load(self.path, self.environment, clock, entropy) {
            Ok(built) => (built.faults_of_providers, built.warnings),
            Err(faults) => {
                let warnings = warnings.into_iter().map(Warning::into_fault);
                (faults, warnings.collect())
            }
        }
    }

    /// The CAS server, where people are sent there or it was asked for by name.
    fn cas<'n>(&self, named: Named<'n>) -> Option<&'n Cas> {
        let authn = named.authn?;
        let is_meant = self.scope == Scope::Cas || authn.uses(Method::Cas);
        authn.cas.as_ref().filter(|_| is_meant)
    }

    fn ldap<'n>(&self, named: Named<'n>) -> Option<&'n config::sections::Ldap> {
        let authn = named.authn?;
        if self.scope == Scope::Ldap {
            return authn.ldap.as_ref();
        }
        authn.directory()
    }
}

/// Our clock against that of the CAS server that people are sent to: none where nobody is sent there, or where it does
/// not answer within `patience`, which is for the doctor to say.
pub async fn clock_against_cas(
    named: Named<'_>,
    (clock, entropy): (&dyn Clock, &dyn Entropy),
    patience: Duration,
) -> Option<Finding> {
    let authn = named.authn.filter(|authn| authn.uses(Method::Cas));
    let subject = CasSubject {
        named,
        config: authn.and_then(|authn| authn.cas.as_ref()),
        entropy,
        ask: None,
    };
    let date = subject.date(clock, patience).await?;
    Some(clock::of_server(&date))
}

/// What a certificate does, and when.
fn its_end(end: Timestamp, now: Timestamp) -> String {
    if end <= now {
        "has ended".to_owned()
    } else {
        format!("ends {}", how_far(end, now))
    }
}

impl Finding {
    fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Good,
            what: what.into(),
            hint: None,
        }
    }

    fn warning(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warning,
            hint: Some(hint.into()),
            ..Self::good(check, what)
        }
    }

    fn bad(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::warning(check, what, hint)
        }
    }

    fn not_tried(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::NotTried,
            ..Self::warning(check, what, hint)
        }
    }
}

impl Verdict {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::NotTried => "not tried",
        }
    }
}
