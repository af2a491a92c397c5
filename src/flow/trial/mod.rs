//! `/test`: a sign-in that goes the way of every other one, and whose answer is shown to the person in the
//! place of being sent.
//!
//! Only the end is another one. The same code makes the Response, signed with a key that is made for that
//! and believed by nobody, and the strict reader says whether the provider would take it. The provider is
//! told nothing, and the session does not note it. Whether there are trials, and for whom, is asked again
//! whenever the seal of one is opened and when the person has proven who they are.

use std::collections::HashSet;

use super::{
    Reply, Visit,
    bridge::{Bridge, Provider},
    stop::{HereFault, Stopped},
    story::Story,
    way::UnderWay,
};
use crate::{
    attributes::catalog,
    audit,
    authn::account_name::{AccountName, InvalidAccountName},
    config::trial,
    model::{
        language::Localized,
        proof::Proof,
        short_name::ShortName,
        trace::{Trace, Verdict},
    },
    saml::acs::ReturnAddress,
    sys::entropy::saml_id,
    xmlsec::SigningKey,
};

mod answered;
mod keys;
mod stopped;

pub use answered::{Origin, Taken, Told, Trial};
pub use keys::{ThrowAwayError, ThrowAwayKeys};
pub use stopped::{Ingredient, StoppedTrial};

/// Who may try a sign-in.
#[derive(Clone, Debug)]
pub enum Testers {
    /// Whoever can sign in.
    Everyone,
    /// The accounts of these names.
    People(HashSet<AccountName>),
}

/// A name in `[test] people` that no account can have.
#[derive(Clone, Copy, Debug)]
pub struct NoSuchTester {
    /// Which one, counted from 1.
    pub number: usize,
    /// Why.
    pub fault: InvalidAccountName,
}

impl Testers {
    /// Reads the names.
    ///
    /// # Errors
    ///
    /// The first one that no account can have.
    pub fn compile(testers: &trial::Testers) -> Result<Self, NoSuchTester> {
        let names = match testers {
            trial::Testers::Everyone => return Ok(Self::Everyone),
            trial::Testers::People(names) => names,
        };
        let people = names.iter().zip(1..).map(|(name, number)| {
            AccountName::parse(name).map_err(|fault| NoSuchTester { number, fault })
        });
        people.collect::<Result<_, _>>().map(Self::People)
    }

    /// Whether each of them stands on a list.
    pub const fn are_named(&self) -> bool {
        match self {
            Self::Everyone => false,
            Self::People(_) => true,
        }
    }

    fn include(&self, login: &str) -> bool {
        match self {
            Self::Everyone => true,
            Self::People(people) => {
                AccountName::parse(login).is_ok_and(|login| people.contains(&login))
            }
        }
    }
}

/// What becomes of an answer when all of it is known: a closed list, and what began a journey decides.
#[derive(Debug)]
pub(super) enum End {
    /// It is posted to the provider.
    Sent,
    /// It is signed with this key and shown to the person.
    Shown(Box<SigningKey>),
}

/// What is behind a Response, or behind a stop in its place, for people who are on the list of those who try.
#[derive(Clone, Debug)]
pub struct Behind {
    /// What the source says of them that goes into none of it: names, and no values.
    pub withheld: Vec<String>,
    /// The decisions that led to it.
    pub decisions: Trace,
}

impl Bridge {
    /// The providers at which a sign-in can be tried, each with its name for people.
    pub fn trials(&self) -> Vec<(ShortName, Localized)> {
        let listing = self.registry.listing(self.clock.now());
        let answered = listing.filter(|listed| listed.is_answered);
        answered
            .map(|listed| (listed.short_name.clone(), listed.display_name))
            .collect()
    }

    /// Takes the click that begins a trial.
    ///
    /// # Errors
    ///
    /// What the person is told on our page. The provider is told nothing.
    pub async fn begin_trial(&self, sp: &ShortName, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        story.is_trial = true;
        let found = self.trial_address(sp, &mut story);
        self.set_out(found, Verdict::ClickForATrial, visit, story)
            .await
    }

    fn trial_address(
        &self,
        sp: &ShortName,
        story: &mut Story,
    ) -> Result<(&Provider, ReturnAddress), HereFault> {
        story.sp = Some(sp.clone());
        self.may_be_tried()?;
        let served = self.registry.sp_by_short_name(sp, self.clock.now());
        let provider = self.served(served, story)?;
        let id = saml_id(&*self.entropy).into();
        let to = ReturnAddress::of_trial(id, &provider.registered.sp)?;
        Ok((provider, to))
    }

    /// Whether there are trials at all.
    pub(super) fn may_be_tried(&self) -> Result<&Testers, HereFault> {
        let testers = self.settings.testers.as_ref();
        testers.ok_or(HereFault::NotATester)
    }

    /// Says what becomes of the answer that is about to be prepared, and sees to it that a trial is one of
    /// somebody who may try.
    pub(super) async fn end_of(
        &self,
        way: &UnderWay<'_>,
        proof: &Proof,
        story: &mut Story,
    ) -> Result<End, HereFault> {
        if !way.journey.beginning.is_trial() {
            return Ok(End::Sent);
        }
        if !self.may_be_tried()?.include(&proof.login) {
            audit::Event::Refused {
                reason: "no-tester",
                sp: &way.journey.sp,
                address: way.address,
                support_code: story.support_code,
            }
            .write();
            return Err(HereFault::NotATester);
        }
        let now = self.clock.now();
        let ours = way.provider.signer_at(now);
        let key = self.throw_away_keys.in_place_of(ours, now);
        Ok(End::Shown(Box::new(key.await?)))
    }

    /// Whether each of those who may try stands on a list: only they read what is behind an answer.
    fn are_testers_named(&self) -> bool {
        let testers = self.settings.testers.as_ref();
        testers.is_some_and(Testers::are_named)
    }
}

/// The source's attributes with values, but for those that are `used`.
fn withheld(proof: &Proof, used: &[&String]) -> Vec<String> {
    let all = proof.attributes.iter();
    all.filter(|(name, values)| {
        !values.is_empty() && !used.iter().any(|source| source.eq_ignore_ascii_case(name))
    })
    .map(|(name, _)| spelled(name).to_owned())
    .collect()
}

/// The name of an attribute as its standard writes it.
fn spelled(name: &str) -> &str {
    catalog::find(name).map_or(name, |known| known.name)
}
