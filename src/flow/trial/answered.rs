//! A trial that comes to its answer, and what it shows.

use std::fmt;

use jiff::Timestamp;

use super::{Behind, ThrowAwayError, spelled, withheld};
use crate::{
    attributes::{asked::Asked, release::Sent},
    audit,
    config::sections::{Service, Values},
    flow::{answer::Prepared, bridge::Bridge, stop::HereFault, story::Story, way::UnderWay},
    model::{
        attribute::ReleasedAttribute,
        language::Localized,
        name_id::{NameId, NameIdFormat},
        proof::{AuthnMethod, Proof},
        support_code::SupportCode,
        trace::{Organ, Verdict},
    },
    saml::response::{Issuing, Subject},
    setup::accounts::{self, ShutOut},
    sp_check::{self, Expected, Profile, Reading, Rule},
    xml::laid_out,
    xmlsec::{SigningKey, VerifyingKey},
};

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
    /// Makes the answer that a sign-in would have sent, but for who signs it, and has it read.
    pub(in crate::flow) fn show(
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
