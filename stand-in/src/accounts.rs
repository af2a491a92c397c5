//! Zoom's accounts: made at the first sign-in, transferred, kept up to date.
//!
//! Keeps everything in memory, at most [`MAX_ENTRIES`] of each. Takes the time
//! as an argument.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::rules::{Licence, Rules, Wish};

/// The largest number of entries in any table.
pub(crate) const MAX_ENTRIES: usize = 10_000;

/// One person, as Zoom would have made them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) number: u64,
    pub(crate) email: String,
    pub(crate) employee_id: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) licence: Licence,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) signed_in_at: DateTime<Utc>,
    pub(crate) sign_ins: u64,
    #[serde(skip)]
    email_changed_at: Option<DateTime<Utc>>,
}

/// How an exchange of a sign-in ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Into the account of this number.
    SignedIn(u64),
    /// On the page that asks to move or to confirm this address.
    Pending(String),
    Refused(Refusal),
}

/// Why an account was not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The licence came out as None.
    NoLicence,
    /// The new address belongs to another account, here or a free one.
    AddressTaken,
    /// The new address is of no associated domain.
    ForeignAddress,
    /// The address changed a short while ago.
    ChangedTooSoon,
    /// The table is full.
    Full,
}

impl Refusal {
    /// The reason, for the log and for the details below the page.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::NoLicence => "licence None: no account is made and entry is refused",
            Self::AddressTaken => "the new e-mail address belongs to another account",
            Self::ForeignAddress => "the new e-mail address is of no associated domain",
            Self::ChangedTooSoon => "the e-mail address changed too short a while ago",
            Self::Full => "the stand-in holds no more accounts",
        }
    }
}

/// Why an address waits for its owner.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// It has a free account that must be moved.
    Transfer,
    /// Its domain is not associated: the owner must confirm.
    Confirmation,
}

impl Reason {
    /// The name that the templates know.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Confirmation => "confirmation",
        }
    }
}

/// Where the owner of a waiting address is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub(crate) enum Stage {
    /// The page was shown.
    Offered,
    /// The owner agreed, and a link went out.
    Mailed {
        #[serde(skip)]
        token: String,
    },
    /// The link was followed: the next sign-in goes through.
    Done,
}

/// An address that waits.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pending {
    pub(crate) reason: Reason,
    #[serde(flatten)]
    pub(crate) stage: Stage,
}

/// All accounts, and the addresses that wait for one.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_number: BTreeMap<u64, Account>,
    pending: BTreeMap<String, Pending>,
    last_number: u64,
}

/// Two addresses are one when they differ in case only.
fn key(email: &str) -> String {
    email.to_lowercase()
}

impl Accounts {
    /// All accounts, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Account> {
        self.by_number.values()
    }

    /// The addresses that wait or waited.
    pub(crate) const fn waiting(&self) -> &BTreeMap<String, Pending> {
        &self.pending
    }

    /// One account.
    pub(crate) fn find(&self, number: u64) -> Option<&Account> {
        self.by_number.get(&number)
    }

    /// Forgets all of them. Numbers go on: a session of before belongs to nobody.
    pub(crate) fn clear(&mut self) {
        self.by_number.clear();
        self.pending.clear();
    }

    /// Signs somebody in: finds the account or makes it.
    pub(crate) fn sign_in(&mut self, rules: &Rules, wish: Wish, now: DateTime<Utc>) -> Outcome {
        if wish.licence == Some(Licence::None) {
            return Outcome::Refused(Refusal::NoLicence);
        }
        match self.find_for(&wish) {
            Some(number) => match self.refresh(number, rules, wish, now) {
                Ok(()) => Outcome::SignedIn(number),
                Err(refusal) => Outcome::Refused(refusal),
            },
            None => self.create(rules, wish, now),
        }
    }

    /// The employee unique ID is the key if it is known, else the address.
    fn find_for(&self, wish: &Wish) -> Option<u64> {
        let by_id = wish.employee_id.as_ref().and_then(|id| {
            self.all()
                .find(|account| account.employee_id.as_ref() == Some(id))
        });
        by_id
            .or_else(|| self.owner_of(&wish.email))
            .map(|account| account.number)
    }

    fn owner_of(&self, email: &str) -> Option<&Account> {
        self.all().find(|account| key(&account.email) == key(email))
    }

    fn create(&mut self, rules: &Rules, wish: Wish, now: DateTime<Utc>) -> Outcome {
        let licence = wish.licence.unwrap_or(rules.default_licence);
        if licence == Licence::None {
            return Outcome::Refused(Refusal::NoLicence);
        }
        if let Some(outcome) = self.must_wait(rules, &wish.email) {
            return outcome;
        }
        if self.by_number.len() >= MAX_ENTRIES {
            return Outcome::Refused(Refusal::Full);
        }
        self.last_number += 1;
        let account = Account {
            number: self.last_number,
            email: wish.email,
            employee_id: wish.employee_id,
            first_name: wish.first_name,
            last_name: wish.last_name,
            display_name: wish.display_name,
            department: wish.department,
            groups: wish.groups,
            licence,
            created_at: now,
            signed_in_at: now,
            sign_ins: 1,
            email_changed_at: None,
        };
        self.by_number.insert(account.number, account);
        Outcome::SignedIn(self.last_number)
    }

    /// Whether the address has a free account that was not moved yet.
    fn is_free_account(&self, rules: &Rules, email: &str) -> bool {
        let is_listed = rules
            .free_accounts
            .addresses
            .iter()
            .any(|free| key(free) == key(email));
        let is_moved = self
            .waiting_for(email)
            .is_some_and(|pending| pending.stage == Stage::Done);
        is_listed && !is_moved
    }

    /// Whether the owner of `email` must act first.
    fn must_wait(&mut self, rules: &Rules, email: &str) -> Option<Outcome> {
        let reason = if self.is_free_account(rules, email) {
            Reason::Transfer
        } else if rules.knows_domain_of(email) {
            return None;
        } else {
            Reason::Confirmation
        };
        let is_full = self.pending.len() >= MAX_ENTRIES;
        match self.pending.get(&key(email)).map(|found| &found.stage) {
            Some(Stage::Done) => None,
            Some(Stage::Offered | Stage::Mailed { .. }) => Some(Outcome::Pending(email.to_owned())),
            None if is_full => Some(Outcome::Refused(Refusal::Full)),
            None => {
                let offered = Pending {
                    reason,
                    stage: Stage::Offered,
                };
                self.pending.insert(key(email), offered);
                Some(Outcome::Pending(email.to_owned()))
            }
        }
    }

    /// Brings a known account up to date.
    fn refresh(
        &mut self,
        number: u64,
        rules: &Rules,
        wish: Wish,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let is_taken =
            self.owner_of(&wish.email).is_some() || self.is_free_account(rules, &wish.email);
        let Some(account) = self.by_number.get_mut(&number) else {
            return Ok(());
        };
        if key(&account.email) != key(&wish.email) {
            if is_taken {
                return Err(Refusal::AddressTaken);
            }
            if !rules.knows_domain_of(&wish.email) {
                return Err(Refusal::ForeignAddress);
            }
            let pause = Duration::hours(rules.hours_between_email_changes.into());
            if account.email_changed_at.is_some_and(|at| now < at + pause) {
                return Err(Refusal::ChangedTooSoon);
            }
            account.email = wish.email;
            account.email_changed_at = Some(now);
        }
        let put = |field: &mut Option<String>, value: Option<String>| {
            if value.is_some() {
                *field = value;
            }
        };
        if rules.refresh_names {
            put(&mut account.first_name, wish.first_name);
            put(&mut account.last_name, wish.last_name);
        }
        put(&mut account.display_name, wish.display_name);
        put(&mut account.department, wish.department);
        put(&mut account.employee_id, wish.employee_id);
        account.groups = wish.groups;
        account.licence = wish.licence.unwrap_or(account.licence);
        account.signed_in_at = now;
        account.sign_ins += 1;
        Ok(())
    }

    /// What is known of a waiting address.
    pub(crate) fn waiting_for(&self, email: &str) -> Option<&Pending> {
        self.pending.get(&key(email))
    }

    /// The owner agrees: `token` is the secret of the link that "goes out".
    /// Returns whether there was something to agree to.
    pub(crate) fn acknowledge(&mut self, email: &str, token: String) -> bool {
        match self.pending.get_mut(&key(email)) {
            Some(pending) if pending.stage != Stage::Done => {
                pending.stage = Stage::Mailed { token };
                true
            }
            Some(_) | None => false,
        }
    }

    /// Whom a link's `token` belongs to.
    pub(crate) fn holder_of(&self, token: &str) -> Option<(&str, &Pending)> {
        self.pending
            .iter()
            .find(|(_, pending)| match &pending.stage {
                Stage::Mailed { token: sent } => sent == token,
                Stage::Offered | Stage::Done => false,
            })
            .map(|(email, pending)| (email.as_str(), pending))
    }

    /// The link was followed and confirmed; it works once.
    pub(crate) fn confirm(&mut self, token: &str) -> Option<Reason> {
        let email = self.holder_of(token).map(|(email, _)| email.to_owned())?;
        let pending = self.pending.get_mut(&email)?;
        pending.stage = Stage::Done;
        Some(pending.reason)
    }
}

#[cfg(test)]
#[path = "tests/accounts.rs"]
mod tests;
