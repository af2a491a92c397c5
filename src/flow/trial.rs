//! `/test`: a sign-in that goes the way of every other one, and whose answer is shown to the person in the
//! place of being sent.
//!
//! Only the end is another one. The same code makes the Response, signed with a key that is made for that
//! and believed by nobody, and the strict reader says whether the provider would take it. The provider is
//! told nothing, and the session does not note it. Whether there are trials, and for whom, is asked again
//! whenever the seal of one is opened and when the person has proven who they are.

use std::{collections::HashSet, fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::Mutex,
    task::{JoinError, spawn_blocking},
};

use super::{
    Reply, Visit,
    answer::Prepared,
    bridge::{Bridge, Provider},
    stop::{HereFault, Stopped},
    story::Story,
    way::UnderWay,
};
use crate::{
    attributes::{asked::Asked, catalog, release::Sent},
    audit,
    authn::account_name::{AccountName, InvalidAccountName},
    config::{
        sections::{Service, Values},
        trial,
    },
    model::{
        attribute::{Attributes, MAX_VALUE_CHARS, ReleasedAttribute},
        language::Localized,
        name_id::{NameId, NameIdFormat},
        proof::{AuthnMethod, Proof},
        short_name::ShortName,
        support_code::SupportCode,
        text::visible,
        trace::{Organ, Trace, Verdict},
    },
    saml::{
        acs::ReturnAddress,
        response::{Issuing, Subject},
    },
    setup::accounts::{self, ShutOut},
    sp_check::{self, Expected, Profile, Reading, Rule},
    sys::entropy::saml_id,
    xml::laid_out,
    xmlsec::{
        KeyFault, Signer, SigningKey, VerifyingKey,
        keys::{KeyRequest, NewKey, generate},
    },
};

/// The name in the certificate of a throw-away key.
const NAME_OF_KEY: &str = "passerelle /test: opens nothing";
/// How many values of one attribute are shown where a trial stops: a source may give any number.
const MOST_VALUES: usize = 20;
/// How long that certificate says to be valid: nobody asks.
const LIFE_OF_KEY: SignedDuration = SignedDuration::from_hours(24 * 365);

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

/// The keys that sign what is shown: made by this process when they are first needed, one of each kind and
/// size, written nowhere and published nowhere.
#[derive(Debug, Default)]
pub struct ThrowAwayKeys(Arc<Mutex<Vec<(NewKey, SigningKey)>>>);

/// Why there is no throw-away key. The fault is ours.
#[derive(Debug, thiserror::Error)]
pub enum ThrowAwayError {
    /// The thread that made it ended without it.
    #[error("no throw-away key was made")]
    GivenUp(#[from] JoinError),
    /// It could not be made, or ours could not be read.
    #[error("no throw-away key can be made")]
    Key(#[from] KeyFault),
}

impl ThrowAwayKeys {
    /// The key in the place of `ours`: of its kind and size, and signing as it does.
    async fn in_place_of(
        &self,
        ours: &dyn Signer,
        now: Timestamp,
    ) -> Result<SigningKey, ThrowAwayError> {
        let like = NewKey::like(&VerifyingKey::from_certificate_base64(
            ours.certificate_base64(),
        )?);
        // Whoever comes while it is made waits for it, and makes no second one: the lock goes along to where it
        // is made, which goes on where the browser that asked first goes away.
        let mut made = Arc::clone(&self.0).lock_owned().await;
        let known = made.iter().find(|(kind, _)| *kind == like);
        let key = if let Some((_, key)) = known {
            key.clone()
        } else {
            // A large RSA key takes seconds to find.
            let making = spawn_blocking(move || {
                let key = make(like, now)?;
                made.push((like, key.clone()));
                Ok::<_, KeyFault>(key)
            });
            making.await??
        };
        let key = key.signing_by(ours.algorithm());
        let key = key.ok_or(KeyFault::UnsupportedKind)?;
        Ok(key.digesting_by(ours.digest()))
    }
}

fn make(key: NewKey, now: Timestamp) -> Result<SigningKey, KeyFault> {
    let made = generate(&KeyRequest {
        common_name: NAME_OF_KEY,
        key,
        not_before: now,
        not_after: now.saturating_add(LIFE_OF_KEY).unwrap_or(now),
    })?;
    SigningKey::from_pem(made.pem().as_bytes())
}

/// What becomes of an answer when all of it is known: a closed list, and what began a journey decides.
#[derive(Debug)]
pub(super) enum End {
    /// It is posted to the provider.
    Sent,
    /// It is signed with this key and shown to the person.
    Shown(Box<SigningKey>),
}

/// What a trial shows. Its `Debug` is blank: it is all about one person.
#[derive(Clone)]
pub struct Trial {
    /// The provider's name for people.
    pub provider: Localized,
    /// Whether the rules of the strict reader are this provider's own.
    pub has_own_rules: bool,
    /// The name by which the person signs in.
    pub person: String,
    /// By which authenticator they proved it.
    pub method: AuthnMethod,
    /// When.
    pub proven_at: Timestamp,
    /// Whether a session of theirs answered.
    pub is_from_session: bool,
    /// Under which the log has the whole story.
    pub support_code: SupportCode,
    /// The name by which the provider would know them; none where it is told none.
    pub name: Option<(NameId, Origin)>,
    /// What it would be told of them.
    pub attributes: Vec<Told>,
    /// Whether the assertion, which is shown in clear, would be encrypted.
    pub would_be_encrypted: bool,
    /// How the provider's own form keeps the person out, although the Response is taken.
    pub shut_out_by: Option<ShutOut>,
    /// What the strict reader makes of the Response.
    pub reading: Reading,
    /// The Response, laid out.
    pub xml: String,
    /// What is behind it; none where the person is not to read that: where everyone may try, it is for the log alone
    /// . The rules in each [`Origin`] made the person's own values, and are theirs to read.
    pub behind: Option<Behind>,
}

/// What is behind a Response, or behind a stop in its place, for people who are on the list of those who try.
#[derive(Clone, Debug)]
pub struct Behind {
    /// What the source says of them that goes into none of it: names, and no values.
    pub withheld: Vec<String>,
    /// The decisions that led to it.
    pub decisions: Trace,
}

/// What is shown of a trial that stops although the person has proven who they are and may try: out of what the answer
/// would have been made. Its `Debug` is blank.
#[derive(Clone)]
pub struct StoppedTrial {
    /// The name by which the person signs in.
    pub person: String,
    /// Our attributes that the name and what is told are made of, with values or without.
    pub made_of: Vec<Ingredient>,
    /// What is behind it; none where everyone may try.
    pub behind: Option<Behind>,
}

impl fmt::Debug for StoppedTrial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoppedTrial(…)")
    }
}

/// One attribute of ours, as this person has it. Its `Debug` is blank as well.
#[derive(Clone)]
pub struct Ingredient {
    /// Which one.
    pub attribute: String,
    /// Its values, written so that they are seen for what they are; none where it is not sent as it stands, and the person
    /// is on no list of those who try.
    pub values: Option<Vec<String>>,
    /// The expression that makes it; none where it is the source's of that name.
    pub rule: Option<String>,
    /// The source's attributes, each with its values where an expression makes something else of them and the person is
    /// on the list of those who try.
    pub sources: Vec<(String, Vec<String>)>,
}

impl fmt::Debug for Ingredient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ingredient(…)")
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trial(…)")
    }
}

impl Trial {
    /// Whether the strict reader takes the Response.
    pub fn is_taken(&self) -> bool {
        self.reading.refusals().next().is_none()
    }
}

/// One attribute as the provider would be told, and where it comes from. Its `Debug` is blank as well.
#[derive(Clone)]
pub struct Told {
    /// What is sent.
    pub attribute: ReleasedAttribute,
    /// What the provider calls the field that it fills, where the configuration says so.
    pub field: Option<String>,
    /// What the provider makes of it, by the first line of its form that finds its text in a value, where the
    /// configuration says what is typed there.
    pub gives: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told(…)")
    }
}

/// What something is made of.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The source's attributes.
    pub sources: Vec<String>,
    /// The expressions on the way, the last one first, each with what it gives.
    pub rules: Vec<String>,
    /// What is taken of their values.
    pub taken: Taken,
}

/// What is taken of values to be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// The one address in our domains.
    Address,
    /// All of them, as they stand.
    All,
    /// None: a name that is derived from them for this provider.
    Derived,
    /// None: a name that is drawn for this answer.
    Drawn,
    /// The first one.
    First,
}

impl From<Values> for Taken {
    fn from(values: Values) -> Self {
        match values {
            Values::All => Self::All,
            Values::First => Self::First,
            Values::OneInMailDomain => Self::Address,
        }
    }
}

impl From<NameIdFormat> for Taken {
    fn from(format: NameIdFormat) -> Self {
        match format {
            NameIdFormat::EmailAddress => Self::Address,
            NameIdFormat::Persistent => Self::Derived,
            NameIdFormat::Transient => Self::Drawn,
            NameIdFormat::Unspecified => Self::All,
        }
    }
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
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
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

    /// Makes the answer that a sign-in would have sent, but for who signs it, and has it read.
    pub(super) fn show(
        &self,
        way: &UnderWay<'_>,
        (prepared, key): (&Prepared, &SigningKey),
        (proof, subject): (&Proof, &Subject<'_>),
        story: &mut Story,
    ) -> Result<Trial, HereFault> {
        let provider = way.provider;
        let encrypted = Issuing {
            signer: key,
            ..self.issuing(provider)
        };
        if encrypted.encrypt_to.is_some() {
            // Thrown away: a key that cannot be used stops a trial as it stops a sign-in.
            encrypted.success(&way.to, subject)?;
        }
        let in_clear = Issuing {
            encrypt_to: None,
            ..encrypted
        };
        let xml = in_clear.success(&way.to, subject)?.xml;
        let is_zooms = provider.registered.config.service == Some(Service::Zoom);
        let would_be_encrypted = provider.registered.encryption_key.is_some();
        let mut reading = self.read_strictly(way, &xml, key)?;
        if is_zooms && would_be_encrypted {
            // What is shown is not: the reader could not see it.
            reading.findings.push(Rule::Encrypted.into());
        }
        audit::Event::Tried {
            person: &proof.login,
            method: proof.method,
            is_from_session: prepared.is_from_session,
            sp: &way.journey.sp,
            address: way.address,
            support_code: story.support_code,
        }
        .write();
        story.trace.note(Organ::Response, "trial", Verdict::Shown);
        let asked = Asked::of(
            &provider.registered.sp,
            way.journey.attribute_consuming_service,
        );
        let sent: Vec<_> = provider.release.sent(asked).collect();
        let attributes = self.told(&sent, &prepared.attributes);
        let shut_out_by = is_zooms.then(|| shut_out_by(&sent, &attributes)).flatten();
        let name = prepared.name_id.clone().map(|name| {
            let from: Vec<_> = provider.name_id.from().into_iter().collect();
            let taken = name.format.into();
            (name, self.origin(&from, None, taken))
        });
        let behind = self.are_testers_named().then(|| {
            let origins = { attributes.iter() }.map(|told| &told.origin);
            let origins = origins.chain(name.iter().map(|(_, origin)| origin));
            let used: Vec<_> = origins.flat_map(|origin| &origin.sources).collect();
            Behind {
                withheld: withheld(proof, &used),
                decisions: story.trace.clone(),
            }
        });
        Ok(Trial {
            provider: provider.display_name.clone(),
            has_own_rules: is_zooms,
            person: proof.login.clone(),
            method: proof.method,
            proven_at: proof.at,
            is_from_session: prepared.is_from_session,
            support_code: story.support_code,
            name,
            attributes,
            would_be_encrypted,
            shut_out_by,
            reading,
            xml: laid_out(&xml),
            behind,
        })
    }

    /// Whether each of those who may try stands on a list: only they read what is behind an answer.
    fn are_testers_named(&self) -> bool {
        let testers = self.settings.testers.as_ref();
        testers.is_some_and(Testers::are_named)
    }

    /// What is shown where a trial stops after `decisions`: out of which of our attributes `ours` the answer would have
    /// been made.
    pub(super) fn stopped_trial(
        &self,
        way: &UnderWay<'_>,
        proof: &Proof,
        ours: &Attributes,
        decisions: &Trace,
    ) -> StoppedTrial {
        let provider = way.provider;
        let asked = Asked::of(
            &provider.registered.sp,
            way.journey.attribute_consuming_service,
        );
        let of_name = provider.name_id.from().into_iter();
        let of_attributes = provider.release.sent(asked).flat_map(Sent::reads);
        let mut names: Vec<&str> = Vec::new();
        for name in of_name.chain(of_attributes) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        let as_they_stand: Vec<_> = { provider.release.sent(asked) }
            .filter(|sent| sent.rule().is_none())
            .flat_map(Sent::reads)
            .collect();
        let is_on_a_list = self.are_testers_named();
        let made_of: Vec<_> = { names.into_iter() }
            .map(|name| {
                let mut sent = as_they_stand.iter();
                let is_sent = sent.any(|sent| sent.eq_ignore_ascii_case(name));
                let values = (is_on_a_list || is_sent).then(|| ours.values(name));
                self.ingredient(name, values, proof, is_on_a_list)
            })
            .collect();
        let behind = is_on_a_list.then(|| {
            let used = made_of.iter().flat_map(|one| &one.sources);
            let used: Vec<_> = used.map(|(source, _)| source).collect();
            Behind {
                withheld: withheld(proof, &used),
                decisions: decisions.clone(),
            }
        });
        StoppedTrial {
            person: proof.login.clone(),
            made_of,
            behind,
        }
    }

    /// Our attribute `name` with these `values` where they are shown, and with those of its sources where those are shown
    /// and are others.
    fn ingredient(
        &self,
        name: &str,
        values: Option<&[String]>,
        proof: &Proof,
        shows_sources: bool,
    ) -> Ingredient {
        let rule = self.mapping.rule_of(name);
        let sources = self.mapping.sources_of(name).into_iter();
        Ingredient {
            attribute: spelled(name).to_owned(),
            values: values.map(legible),
            rule: rule.map(str::to_owned),
            sources: sources
                .map(|source| {
                    let values = (shows_sources && rule.is_some())
                        .then(|| legible(proof.attributes.values(source)));
                    (spelled(source).to_owned(), values.unwrap_or_default())
                })
                .collect(),
        }
    }

    fn read_strictly(
        &self,
        way: &UnderWay<'_>,
        xml: &str,
        key: &SigningKey,
    ) -> Result<Reading, HereFault> {
        let key = VerifyingKey::from_certificate_der(key.certificate_der())
            .map_err(ThrowAwayError::from)?;
        let expected = Expected {
            idp_entity_id: self.settings.entity_id.as_str(),
            idp_keys: &[key],
            sp_entity_id: way.to.audience().as_str(),
            acs: way.to.location().as_str(),
            request_id: way.to.in_response_to(),
            now: self.clock.now(),
            strictness: Profile::Zoom,
        };
        Ok(sp_check::read_xml(xml.as_bytes(), &expected))
    }

    fn told(&self, sent: &[Sent<'_>], released: &[ReleasedAttribute]) -> Vec<Told> {
        let mut told = Vec::with_capacity(released.len());
        for sent in sent {
            let Some(attribute) = released.iter().find(|one| one.name == sent.name()) else {
                continue;
            };
            let reads: Vec<_> = sent.reads().collect();
            told.push(Told {
                attribute: attribute.clone(),
                field: sent.field().map(str::to_owned),
                gives: sent.gives(&attribute.values).map(str::to_owned),
                origin: self.origin(&reads, sent.rule(), sent.values().into()),
            });
        }
        told
    }

    /// Where something comes from that `rule` makes of `ours`, or that is one of them as it stands.
    fn origin(&self, ours: &[&str], rule: Option<&str>, taken: Taken) -> Origin {
        let mut origin = Origin {
            sources: Vec::new(),
            rules: rule.map(str::to_owned).into_iter().collect(),
            taken,
        };
        for name in ours {
            if let Some(rule) = self.mapping.rule_of(name) {
                origin.rules.push(format!("{} = {rule}", spelled(name)));
            }
            for source in self.mapping.sources_of(name) {
                let source = spelled(source).to_owned();
                if !origin.sources.contains(&source) {
                    origin.sources.push(source);
                }
            }
        }
        origin
    }
}

/// How Zoom's own form keeps somebody out of whom so much of what can be sent is `told`.
fn shut_out_by(sent: &[Sent<'_>], told: &[Told]) -> Option<ShutOut> {
    let licenses = accounts::licenses(sent.iter().copied());
    accounts::shut_out_by(licenses.map(|sent| {
        let told = told
            .iter()
            .find(|told| told.attribute.name == sent.name())?;
        told.gives.as_deref()
    }))
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

/// Values for a page, in bounds: none of them was looked at yet, as what is sent is.
fn legible(values: &[String]) -> Vec<String> {
    let shown = values.iter().take(MOST_VALUES).map(|value| {
        let mut chars = value.chars();
        let mut shown = visible(
            &chars.by_ref().take(MAX_VALUE_CHARS).collect::<String>(),
            &[],
        );
        if chars.next().is_some() {
            shown.push('…');
        }
        shown
    });
    let are_more = values.len() > MOST_VALUES;
    shown.chain(are_more.then(|| "…".to_owned())).collect()
}

/// The name of an attribute as its standard writes it.
fn spelled(name: &str) -> &str {
    catalog::find(name).map_or(name, |known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_nobody_looked_at_are_shown_in_bounds_and_as_what_they_are() {
        let long = "é".repeat(MAX_VALUE_CHARS);
        let values = ["a\u{202e}b".to_owned(), long.clone(), format!("{long}é")];
        let shown = ["a\\u202eb".to_owned(), long.clone(), format!("{long}…")];
        assert_eq!(legible(&values), shown);
        let many = vec!["a".to_owned(); MOST_VALUES + 1];
        let shown = legible(&many);
        assert_eq!((shown.len(), &*shown[MOST_VALUES]), (MOST_VALUES + 1, "…"));
        assert_eq!(legible(&many[1..]), &many[1..]);
    }

    #[tokio::test]
    async fn a_browser_that_goes_away_while_the_throw_away_key_is_made_costs_no_second_one() {
        let began = Timestamp::UNIX_EPOCH;
        let ours = make(NewKey::Rsa(2048), began).unwrap();
        let keys = ThrowAwayKeys::default();
        tokio::select! {
            biased;
            _made = keys.in_place_of(&ours, began) => {}
            // It was asked for, and the browser is gone.
            () = std::future::ready(()) => {}
        }
        let later = began + SignedDuration::from_hours(1);
        let key = keys.in_place_of(&ours, later).await.unwrap();
        assert_eq!(key.certificate().not_before(), began);
        assert_eq!(keys.0.lock().await.len(), 1);
    }
}
