//! Whether people keep their account at Zoom after the switch from another identity provider: `passerelle compare`.
//!
//! Each old account is looked for among the people who can sign in here; what Zoom would be told of whoever is found is
//! made as a sign-in makes it ([`Bridge::foresee`]); [`accounts`] judges the two. Nobody signs in, and nothing of it is
//! logged: who is who goes to whoever asked, and to nobody else.

use std::{collections::HashMap, path::Path, sync::Arc};

use futures_util::{StreamExt as _, stream};

use self::people::{Found, People};
use super::{
    build::{self, Built},
    setup::{SetUpError, chosen, standing_in_the_way},
};
use crate::{
    attributes::asked::Asked,
    authn::{
        AuthnError,
        account_name::AccountName,
        ldap::{LdapFault, Record},
    },
    config::{self, environment::Environment},
    flow::{
        bridge::{Bridge, Provider},
        stop::{HereFault, Stop},
    },
    model::{attribute::ReleasedAttribute, authn_context::AuthnContextClass, proof::Proof},
    setup::{
        accounts::{self, Account, Keys, ShutOut, Verdict},
        old::Old,
    },
    sys::{clock::Clock, entropy::Entropy},
};

mod people;

/// How many people are looked up at one time: half of the connections that are opened by default, so that a server
/// that people sign in at meanwhile has places left.
const AT_ONCE: usize = 8;

/// What old accounts are compared with.
#[derive(Debug)]
pub struct Comparison {
    bridge: Bridge,
    provider: Provider,
    keys: Keys,
    people: People,
}

/// What was found of one old account.
#[derive(Debug)]
pub struct Compared {
    /// Who it is here, by the name that they sign in with.
    pub login: Option<String>,
    /// What Zoom would know them by.
    pub new: Option<Account>,
    /// What becomes of the account.
    pub fate: Fate,
}

/// What becomes of an old account.
#[derive(Debug)]
pub enum Fate {
    /// They get in at Zoom.
    Judged(Verdict),
    /// The person has several at Zoom, which goes by the one of this place.
    Another(String),
    /// The address is one person's here and the ID another one's, by these names.
    Crossed(String),
    /// Zoom's own form shuts them out, by the licence "None".
    NoLicense(ShutOut),
    /// Their account here is shut.
    Shut,
    /// They would be stopped on a page of ours.
    Stopped(HereFault),
    /// Several people here have what it is known by.
    Several,
    /// Nobody here has what it is known by, which is all of this.
    NotFound(Vec<&'static str>),
    /// Who they are is known to the CAS server alone.
    OnlyCas,
    /// Their record is one that says nothing.
    Odd(LdapFault),
}

/// Of which kind that is, for whoever counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The same account.
    Same,
    /// A second account: one would be made, or there is one.
    Second,
    /// Another person would come into the account.
    Crossed,
    /// Nobody gets in.
    Stopped,
    /// Nobody is found.
    NotFound,
    /// It cannot be said.
    Unsaid,
}

impl Comparison {
    /// Builds all of it from the configuration at `path`, for the provider called `sp`, or for the only one that is Zoom.
    ///
    /// # Errors
    ///
    /// The configuration is faulty, or does not say which provider is meant.
    pub fn load(
        path: &Path,
        environment: &Environment,
        sp: Option<&str>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Result<Self, SetUpError> {
        let config =
            config::load(path, environment).map_err(|faulty| SetUpError::Faults(faulty.faults))?;
        let short_name = &chosen(&config, sp)?.short_name;
        let built = build::load(path, environment, clock, entropy);
        let Built {
            front,
            faults_of_providers,
            warnings,
            ..
        } = built.map_err(SetUpError::Faults)?;
        let mut bridge = front.bridge;
        let provider = bridge.providers.remove(short_name);
        let provider = provider.ok_or_else(|| {
            SetUpError::Faults(standing_in_the_way(
                short_name,
                faults_of_providers,
                warnings,
            ))
        })?;
        let sp = &provider.registered.sp;
        let keys = Keys::of(&provider.release, &provider.name_id, sp);
        let people = People::of(&bridge, &keys);
        Ok(Self {
            bridge,
            provider,
            keys,
            people,
        })
    }

    /// What fills the fields that Zoom knows an account by.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Compares each of `olds`, in their order, and tells `progress` of each one. Where the directory does not answer,
    /// that ends it: what was compared until then is given, and why there is no more.
    pub async fn compare(
        &self,
        olds: &[Old],
        progress: impl Fn(usize),
    ) -> (Vec<Compared>, Option<LdapFault>) {
        let mut comparing = stream::iter(olds)
            .map(|old| Box::pin(self.one(old)))
            .buffered(AT_ONCE);
        let mut done = Vec::with_capacity(olds.len());
        while let Some(compared) = comparing.next().await {
            match compared {
                Ok(compared) => done.push(compared),
                Err(fault) => {
                    tell_one_of_each_person(olds, &mut done);
                    return (done, Some(fault));
                }
            }
            progress(done.len());
        }
        tell_one_of_each_person(olds, &mut done);
        (done, None)
    }

    /// Compares one; an error ends it all.
    async fn one(&self, old: &Old) -> Result<Compared, LdapFault> {
        match self.try_one(old).await {
            Err(fault) if !ends_it(&fault) => Ok(Fate::Odd(fault).of_nobody()),
            compared => compared,
        }
    }

    async fn try_one(&self, old: &Old) -> Result<Compared, LdapFault> {
        let now = self.bridge.clock.now();
        let (login, record) = match self.people.find(&self.bridge, old, now).await? {
            Found::One(login, record) => (login, record),
            Found::Nobody(looked_by) => return Ok(Fate::NotFound(looked_by).of_nobody()),
            Found::OnlyCas => return Ok(Fate::OnlyCas.of_nobody()),
            Found::Several => return Ok(Fate::Several.of_nobody()),
        };
        let one = self.of_person(old, (login.clone(), record)).await?;
        let Fate::Judged(verdict) = one.compared.fate else {
            return Ok(one.compared);
        };
        let is_of_another_address = match verdict {
            Verdict::SecondByAddressAndId => true,
            Verdict::SameByAddressWithNewId | Verdict::SecondByCase => false,
            Verdict::SameById
            | Verdict::SameByIdWithNewAddress
            | Verdict::SameByAddress
            | Verdict::SecondByAddress
            | Verdict::NoAddress
            | Verdict::Unknown => return Ok(one.settled()),
        };
        // Whoever has the ID that Zoom knows owns the account, whoever else the directory finds by the address, and
        // whatever licence those would have.
        let whom = (&old.account, &*login);
        match self.people.other_by_id(&self.bridge, whom, now).await? {
            Some(owner) if is_of_another_address => Ok(self.of_person(old, owner).await?.settled()),
            Some((owner, _)) => Ok(Compared {
                fate: Fate::Crossed(owner),
                ..one.compared
            }),
            None => Ok(one.settled()),
        }
    }

    /// What becomes of an account where this is its owner.
    async fn of_person(
        &self,
        old: &Old,
        (login, record): (String, Record),
    ) -> Result<Supposed, LdapFault> {
        let attributes = match record {
            Record::Known(attributes) => attributes,
            Record::Shut => return Ok(Fate::Shut.of(login).into()),
            // Of a record that the rules for signing in do not find.
            Record::Unknown => {
                return Ok(Fate::Stopped(HereFault::NotInDirectory).of(login).into());
            }
        };
        let proof = Proof {
            login: login.clone(),
            method: self.people.method(),
            context: AuthnContextClass::Unspecified,
            at: self.bridge.clock.now(),
            ticket: None,
            attributes,
        };
        let foreseen = match self.bridge.foresee(&self.provider, &proof).await {
            Ok(foreseen) => foreseen,
            Err(stop) => return Ok(Fate::Stopped(cause(stop)?).of(login).into()),
        };
        let name_id = foreseen.name_id.as_ref();
        let new = self.keys.account(name_id, &foreseen.attributes);
        let verdict = accounts::judge(&old.account, &new);
        let shut_out = self.shut_out_by(&foreseen.attributes);
        Ok(Supposed {
            // Whom no line takes keeps an account that they have, and gets none otherwise.
            shut_out: shut_out.filter(|how| *how == ShutOut::Line || verdict.makes_another()),
            compared: Compared {
                login: Some(login),
                fate: Fate::Judged(verdict),
                new: Some(new),
            },
        })
    }

    /// How Zoom's own form keeps somebody out who is told of so.
    fn shut_out_by(&self, attributes: &[ReleasedAttribute]) -> Option<ShutOut> {
        let asked = Asked::of(&self.provider.registered.sp, None);
        let licenses = accounts::licenses(self.provider.release.sent(asked));
        accounts::shut_out_by(licenses.map(|sent| {
            let told = attributes.iter().find(|told| told.name == sent.name())?;
            sent.gives(&told.values)
        }))
    }
}

/// What becomes of an account where somebody is its owner, which is still to be settled.
struct Supposed {
    compared: Compared,
    /// How Zoom's own form shuts them out.
    shut_out: Option<ShutOut>,
}

impl From<Compared> for Supposed {
    /// Of somebody who does not come as far as Zoom's form.
    fn from(compared: Compared) -> Self {
        Self {
            compared,
            shut_out: None,
        }
    }
}

impl Supposed {
    /// What becomes of it where they are.
    fn settled(self) -> Compared {
        match self.shut_out {
            Some(how) => Compared {
                fate: Fate::NoLicense(how),
                ..self.compared
            },
            None => self.compared,
        }
    }
}

/// Where somebody has several accounts, one stays theirs: the one that has the ID, by which Zoom looks first, or else the
/// address. Each other one is left behind, and the address that it holds is not to be had.
fn tell_one_of_each_person(olds: &[Old], done: &mut [Compared]) {
    let mut kept: HashMap<AccountName, (u8, usize)> = HashMap::new();
    let known = |one: &Compared| AccountName::parse(one.login.as_deref()?).ok();
    for (number, one) in done.iter().enumerate() {
        if let (Some(how), Some(who)) = (one.fate.how_it_is_kept(), known(one)) {
            let first = kept.entry(who).or_insert((how, number));
            *first = (*first).min((how, number));
        }
    }
    for (number, one) in done.iter_mut().enumerate() {
        let is_found = match one.fate.kind() {
            Kind::Same => true,
            // None is made for somebody who has one that stays theirs.
            Kind::Second => matches!(one.fate, Fate::Judged(_)),
            Kind::Crossed | Kind::Stopped | Kind::NotFound | Kind::Unsaid => false,
        };
        let Some((_, first)) = known(one).filter(|_| is_found).and_then(|it| kept.get(&it)) else {
            continue;
        };
        if let (Some(own), Some(theirs)) = (olds.get(number), olds.get(*first))
            && own.account.is_certainly_another(&theirs.account)
        {
            one.fate = Fate::Another(theirs.place.clone());
        }
    }
}

/// Why somebody is stopped; an error where the directory did not say.
fn cause(stop: Stop) -> Result<HereFault, LdapFault> {
    match stop {
        Stop::Here(
            HereFault::SignIn(AuthnError::Directory(fault))
            | HereFault::NoFile(AuthnError::Directory(fault)),
        ) => Err(fault),
        Stop::Here(fault) => Ok(fault),
        // No request is answered here, and so no provider is told of a fault.
        Stop::Answer { fault, .. } => Ok(HereFault::Unasked(fault)),
    }
}

/// Whether the next person would meet the same fault.
const fn ends_it(fault: &LdapFault) -> bool {
    fault.is_down()
        || fault.is_want_of_a_file()
        || matches!(fault, LdapFault::Busy | LdapFault::Service { .. })
}

impl Fate {
    fn of_nobody(self) -> Compared {
        Compared {
            login: None,
            new: None,
            fate: self,
        }
    }

    fn of(self, login: String) -> Compared {
        Compared {
            login: Some(login),
            ..self.of_nobody()
        }
    }

    /// Of which kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Judged(verdict) => match verdict {
                Verdict::SameById
                | Verdict::SameByIdWithNewAddress
                | Verdict::SameByAddress
                | Verdict::SameByAddressWithNewId => Kind::Same,
                Verdict::SecondByAddress
                | Verdict::SecondByCase
                | Verdict::SecondByAddressAndId => Kind::Second,
                Verdict::NoAddress => Kind::Stopped,
                Verdict::Unknown => Kind::Unsaid,
            },
            Self::Another(_) => Kind::Second,
            Self::Crossed(_) => Kind::Crossed,
            Self::NoLicense(_) | Self::Several | Self::Shut | Self::Stopped(_) => Kind::Stopped,
            Self::NotFound(_) => Kind::NotFound,
            Self::Odd(_) | Self::OnlyCas => Kind::Unsaid,
        }
    }

    /// By what the account stays that of its owner, the surest first; none where it does not.
    const fn how_it_is_kept(&self) -> Option<u8> {
        let Self::Judged(verdict) = self else {
            return None;
        };
        match verdict {
            Verdict::SameById => Some(0),
            Verdict::SameByIdWithNewAddress => Some(1),
            Verdict::SameByAddress | Verdict::SameByAddressWithNewId => Some(2),
            Verdict::SecondByAddress
            | Verdict::SecondByCase
            | Verdict::SecondByAddressAndId
            | Verdict::NoAddress
            | Verdict::Unknown => None,
        }
    }

    /// The words for what becomes of it.
    pub const fn words(&self) -> &'static str {
        if matches!(self, Self::Another(_)) {
            return "another account of the same person";
        }
        match self.kind() {
            Kind::Second => "a second account would be made",
            kind @ (Kind::Same | Kind::Crossed | Kind::Stopped | Kind::NotFound | Kind::Unsaid) => {
                kind.words()
            }
        }
    }

    /// The word for the reason, for scripts.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Judged(verdict) => verdict.slug(),
            Self::Another(_) => "other-account",
            Self::Crossed(_) => "address-of-another",
            Self::NoLicense(ShutOut::Line) => "licence-none",
            Self::NoLicense(ShutOut::NoLine) => "licence-no-line",
            Self::Shut => "account-shut",
            Self::Stopped(_) => "stopped",
            Self::Several => "several-people",
            Self::NotFound(_) => "not-found",
            Self::OnlyCas => "only-cas-knows",
            Self::Odd(_) => "record-unusable",
        }
    }
}

impl Kind {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 6] = [
        Self::Same,
        Self::Second,
        Self::Crossed,
        Self::Stopped,
        Self::NotFound,
        Self::Unsaid,
    ];

    /// Whether somebody has to see to it before the switch.
    pub const fn is_grave(self) -> bool {
        match self {
            Self::Second | Self::Crossed | Self::Stopped => true,
            Self::Same | Self::NotFound | Self::Unsaid => false,
        }
    }

    /// Whether it is not known what becomes of the account.
    pub const fn is_open(self) -> bool {
        match self {
            Self::NotFound | Self::Unsaid => true,
            Self::Same | Self::Second | Self::Crossed | Self::Stopped => false,
        }
    }

    /// The words for it, behind a number.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Same => "same account",
            Self::Second => "second account",
            Self::Crossed => "another person would come into this account",
            Self::Stopped => "would not get in",
            Self::NotFound => "not found",
            Self::Unsaid => "cannot be said",
        }
    }

    /// The word for it, for scripts.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Same => "same-account",
            Self::Second => "second-account",
            Self::Crossed => "another-person",
            Self::Stopped => "stopped",
            Self::NotFound => "not-found",
            Self::Unsaid => "cannot-be-said",
        }
    }
}
