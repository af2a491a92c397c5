//! What one service provider is told, and nothing else.
//!
//! Only what a rule names is sent. Of that, a value goes out whole or not at all; where a person
//! lacks what the provider requires they are stopped on our page, since the provider would make a
//! bad account of the rest.

use crate::{
    config::sections::{FieldLine, NameFormat, Release, Values},
    expression::{Expression, ExpressionError, ExpressionFault},
    model::{
        attribute::{Attributes, ReleasedAttribute},
        trace::{Organ, Trace, Verdict},
        vocab,
    },
};

use super::{
    asked::{Asked, Condition},
    catalog::{self, Cardinality, KnownAttribute},
    mail::{MailDomains, MailFault},
    value::{self, BadValue},
};

/// The rules for one service provider.
#[derive(Debug)]
pub struct ReleasePolicy {
    rules: Box<[Rule]>,
    mail_domains: MailDomains,
    scopes: Box<[Box<str>]>,
}

#[derive(Debug)]
struct Rule {
    /// How the trace and a stop call it: our attribute, or the `Name`.
    about: Box<str>,
    origin: Origin,
    name: Box<str>,
    name_format: &'static str,
    friendly_name: Option<Box<str>>,
    values: Values,
    is_required: bool,
    cardinality: Cardinality,
    is_scoped: bool,
    condition: Condition,
    field: Option<Box<str>>,
    lines: Box<[FieldLine]>,
}

/// What one rule sends, for whoever sets the provider up.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a>(&'a Rule);

#[derive(Debug)]
enum Origin {
    Attribute(Box<str>),
    Expression(Expression),
}

/// What is wrong with one `[[release]]`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("release {number}: {fault}")]
pub struct ReleaseFault {
    /// Which one, counted from 1.
    pub number: usize,
    /// What is wrong.
    pub fault: ReleaseRuleFault,
}

/// Why a `[[release]]` is not a rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReleaseRuleFault {
    /// It has both `attribute` and `value`.
    #[error("has \"attribute\" and \"value\": one of them")]
    Both,
    /// The expression is faulty.
    #[error("its value {0}")]
    Expression(ExpressionFault),
    /// It names a format or a friendly name, and no `name` that they belong to.
    #[error("has \"name-format\" or \"friendly-name\" without \"name\"")]
    FormatAlone,
    /// The friendly name is empty, too long or holds a control character.
    #[error("its friendly-name is empty, too long or holds a control character")]
    FriendlyName,
    /// The `Name` is empty, too long, holds white space, or is no URI where one is announced.
    #[error("its name is empty, too long, holds white space, or is no URI where one is announced")]
    Name,
    /// The same `Name` is sent by an earlier rule.
    #[error("sends a name that an earlier rule sends")]
    NameTwice,
    /// It has neither `attribute` nor `value`.
    #[error("has neither \"attribute\" nor \"value\"")]
    Neither,
    /// It asks for an address in our domains, and there are none.
    #[error("needs organization.mail-domains")]
    NoMailDomains,
    /// The attribute has no standard `Name`, or there is only a `value`, so `name` must be given.
    #[error("needs a \"name\"")]
    NoName,
    /// It sends a scoped attribute, and we have no scope: nothing could ever be sent.
    #[error("needs organization.scopes")]
    NoScopes,
    /// It names an attribute that is not one of ours.
    #[error("names an unknown attribute, {0:?}")]
    UnknownAttribute(String),
}

/// Why a person cannot be signed in to this provider. They are stopped on our page.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReleaseStop {
    /// They lack what the provider requires.
    #[error("a required attribute has no value")]
    Missing {
        /// Our attribute, or the `Name` of a computed one.
        attribute: String,
    },
    /// They have no mail address in our domains.
    #[error("no mail address in our domains")]
    NoMail,
    /// They have several mail addresses in our domains.
    #[error("several mail addresses in our domains")]
    SeveralMails,
}

/// Two values of one computed attribute, of which the provider could take one for the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OverlappingValues {
    /// The `Name`.
    pub name: String,
    /// The value that is found too often.
    pub inner: String,
    /// The value in which it is found.
    pub outer: String,
}

impl ReleasePolicy {
    /// Reads the rules for one provider. `is_ours` says which attributes exist.
    ///
    /// # Errors
    ///
    /// The first fault of every faulty rule.
    pub fn compile(
        rules: &[Release],
        mail_domains: &[String],
        scopes: &[String],
        is_ours: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Vec<ReleaseFault>> {
        let mut policy = Self {
            rules: Box::default(),
            mail_domains: MailDomains::new(mail_domains),
            scopes: scopes.iter().map(|scope| scope.as_str().into()).collect(),
        };
        let mut faults = Vec::new();
        let mut compiled: Vec<Rule> = Vec::new();
        for (rule, number) in rules.iter().zip(1..) {
            match policy.rule(rule, is_ours) {
                // Without regard to case: a provider may compare names either way.
                Ok(rule)
                    if compiled
                        .iter()
                        .any(|it| it.name.eq_ignore_ascii_case(&rule.name)) =>
                {
                    faults.push(ReleaseFault {
                        number,
                        fault: ReleaseRuleFault::NameTwice,
                    });
                }
                Ok(rule) => compiled.push(rule),
                Err(fault) => faults.push(ReleaseFault { number, fault }),
            }
        }
        policy.rules = compiled.into();
        if faults.is_empty() {
            Ok(policy)
        } else {
            Err(faults)
        }
    }

    /// Our attributes that the rules look at.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| rule.origin.names())
    }

    /// What a provider that asks for `asked` is told of people who have all of it, in the order of the
    /// rules.
    pub fn sent<'a>(&'a self, asked: Asked<'a>) -> impl Iterator<Item = Sent<'a>> {
        self.rules.iter().map(Sent).filter(move |Sent(rule)| {
            let name = (&*rule.name, rule.name_format);
            asked.check(&rule.condition, name).is_ok()
        })
    }

    /// What in the rules is allowed and still likely to go wrong at the provider.
    pub fn warnings(&self) -> Vec<OverlappingValues> {
        let mut warnings = Vec::new();
        for rule in &self.rules {
            let values = Sent(rule).closed_values().unwrap_or_default();
            warnings.extend(overlapping(&values).into_iter().map(|(inner, outer)| {
                OverlappingValues {
                    name: rule.name.to_string(),
                    inner: inner.to_owned(),
                    outer: outer.to_owned(),
                }
            }));
        }
        warnings
    }

    /// Chooses what of our attributes `ours` a provider is told that asks for `asked`, in the order of
    /// the rules.
    ///
    /// # Errors
    ///
    /// The person is stopped; nothing is sent.
    pub fn release(
        &self,
        ours: &Attributes,
        asked: &Asked<'_>,
        trace: &mut Trace,
    ) -> Result<Vec<ReleasedAttribute>, ReleaseStop> {
        let mut released = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let about = rule.about.to_string();
            let only = match asked.check(&rule.condition, (&rule.name, rule.name_format)) {
                Ok(only) => only,
                Err(unmet) => {
                    trace.note(Organ::Release, about, unmet.verdict());
                    continue;
                }
            };
            let mut values = self.values(rule, ours, trace)?;
            if !only.is_empty() {
                values.retain(|value| only.contains(value));
            }
            match values.len() {
                0 if rule.is_required => {
                    trace.note(Organ::Release, about.clone(), Verdict::RequiredIsMissing);
                    return Err(ReleaseStop::Missing { attribute: about });
                }
                0 => {
                    trace.note(Organ::Release, about, Verdict::NotSent);
                    continue;
                }
                count => trace.note(Organ::Release, about, Verdict::Sent(count)),
            }
            released.push(ReleasedAttribute {
                name: rule.name.to_string(),
                name_format: rule.name_format,
                friendly_name: rule.friendly_name.as_deref().map(str::to_owned),
                values,
            });
        }
        Ok(released)
    }

    fn rule(
        &self,
        rule: &Release,
        is_ours: &dyn Fn(&str) -> bool,
    ) -> Result<Rule, ReleaseRuleFault> {
        let (origin, attribute) = origin(rule, is_ours)?;
        let (name, name_format, friendly_name) = naming(rule, attribute)?;
        let is_scoped = attribute.is_some_and(|known| known.is_scoped)
            || [vocab::ATTR_SUBJECT_ID, vocab::ATTR_PAIRWISE_ID].contains(&name)
            || catalog::find_by_uri(name).is_some_and(|known| known.is_scoped);
        if is_scoped && self.scopes.is_empty() {
            return Err(ReleaseRuleFault::NoScopes);
        }
        if rule.values == Values::OneInMailDomain && self.mail_domains.is_empty() {
            return Err(ReleaseRuleFault::NoMailDomains);
        }
        Ok(Rule {
            about: rule.attribute.as_deref().unwrap_or(name).into(),
            origin,
            name: name.into(),
            name_format,
            friendly_name: friendly_name.map(Into::into),
            values: rule.values,
            is_required: rule.required,
            cardinality: attribute.map_or(Cardinality::Many, |known| known.cardinality),
            is_scoped,
            condition: Condition {
                when: rule.when,
                entity_attribute: rule.entity_attribute.clone(),
            },
            field: rule.field.as_deref().map(Into::into),
            lines: rule.lines.as_slice().into(),
        })
    }

    /// The values that the rule sends; none where there is nothing to send.
    fn values(
        &self,
        rule: &Rule,
        ours: &Attributes,
        trace: &mut Trace,
    ) -> Result<Vec<String>, ReleaseStop> {
        let mut values = match rule.origin.values(ours) {
            Ok(values) => values,
            Err(error) => {
                trace.note(Organ::Release, rule.about.to_string(), error.verdict());
                Vec::new()
            }
        };
        self.drop_bad(rule, &mut values, trace);
        match rule.values {
            Values::All if rule.cardinality == Cardinality::One && values.len() > 1 => {
                trace.note(
                    Organ::Release,
                    rule.about.to_string(),
                    Verdict::SeveralOfOne,
                );
                values.clear();
            }
            Values::All => {}
            Values::First => values.truncate(1),
            Values::OneInMailDomain => match self.mail_domains.one_address(&values) {
                Ok(address) => values = vec![address],
                Err(fault) => {
                    let (verdict, stop) = match fault {
                        MailFault::None => (Verdict::NoAddress, ReleaseStop::NoMail),
                        MailFault::Several => {
                            (Verdict::SeveralAddresses, ReleaseStop::SeveralMails)
                        }
                    };
                    trace.note(Organ::Release, rule.about.to_string(), verdict);
                    return Err(stop);
                }
            },
        }
        Ok(values)
    }

    /// Drops the values that cannot be sent, and those that are there twice.
    fn drop_bad(&self, rule: &Rule, values: &mut Vec<String>, trace: &mut Trace) {
        let mut dropped: Vec<(BadValue, usize)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let is_alone = values.len() == 1;
        values.retain(|value| {
            let checked = value::check(value).and_then(|()| {
                if rule.is_scoped {
                    value::check_scope(value, &self.scopes)
                } else {
                    Ok(())
                }
            });
            let Err(why) = checked else {
                return is_alone || seen.insert(value.clone());
            };
            match dropped.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => dropped.push((why, 1)),
            }
            false
        });
        for (why, count) in dropped {
            trace.note(Organ::Release, rule.about.to_string(), why.verdict(count));
        }
    }
}

impl<'a> Sent<'a> {
    /// The `Name`.
    pub fn name(self) -> &'a str {
        &self.0.name
    }

    /// What the provider calls the field that it fills, where the configuration says so.
    pub fn field(self) -> Option<&'a str> {
        self.0.field.as_deref()
    }

    /// What is typed there for its values, in this order.
    pub fn lines(self) -> &'a [FieldLine] {
        &self.0.lines
    }

    /// What the provider makes of `values`: by the first line that takes one of them.
    pub fn gives(self, values: &[String]) -> Option<&'a str> {
        let takes_one = |line: &&FieldLine| {
            let mut values = values.iter();
            values.any(|value| is_taken_by(value, &line.contains))
        };
        let found = self.lines().iter().find(takes_one);
        found.map(|line| line.gives.as_str())
    }

    /// Which of the values are sent.
    pub const fn values(self) -> Values {
        self.0.values
    }

    /// Our attributes that it is made of.
    pub fn reads(self) -> impl Iterator<Item = &'a str> {
        self.0.origin.names()
    }

    /// The expression that makes its values of our attributes; none where it is one of them as it stands.
    pub fn rule(self) -> Option<&'a str> {
        match &self.0.origin {
            Origin::Attribute(_) => None,
            Origin::Expression(expression) => Some(expression.source()),
        }
    }

    /// The values that it can have, where it is a plain choice between texts.
    pub fn closed_values(self) -> Option<Vec<&'a str>> {
        match &self.0.origin {
            Origin::Attribute(_) => None,
            Origin::Expression(expression) => expression.closed_values(),
        }
    }
}

impl Origin {
    /// Our attributes that it looks at.
    fn names(&self) -> impl Iterator<Item = &str> {
        let (attribute, expression) = match self {
            Self::Attribute(name) => (Some(&**name), None),
            Self::Expression(expression) => (None, Some(expression)),
        };
        attribute
            .into_iter()
            .chain(expression.into_iter().flat_map(Expression::names))
    }

    fn values(&self, ours: &Attributes) -> Result<Vec<String>, ExpressionError> {
        match self {
            Self::Attribute(key) => Ok(ours.values(key).to_vec()),
            Self::Expression(expression) => expression.evaluate(ours),
        }
    }
}

/// Whether the line of the provider's form for this text takes a value, as Zoom's mapping does: it asks whether the value
/// *contains* the text, so that `staff` also finds `non-staff`. Without regard to case: Zoom does not say whether it has any.
pub fn is_taken_by(value: &str, text: &str) -> bool {
    value.to_lowercase().contains(&text.to_lowercase())
}

/// The pairs of different values of which the line for one also takes the other.
pub fn overlapping<'a>(values: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for inner in values {
        for outer in values {
            if inner != outer && is_taken_by(outer, inner) && !found.contains(&(*inner, *outer)) {
                found.push((*inner, *outer));
            }
        }
    }
    found
}

fn origin(
    rule: &Release,
    is_ours: &dyn Fn(&str) -> bool,
) -> Result<(Origin, Option<&'static KnownAttribute>), ReleaseRuleFault> {
    match (&rule.attribute, &rule.value) {
        (Some(_), Some(_)) => Err(ReleaseRuleFault::Both),
        (None, None) => Err(ReleaseRuleFault::Neither),
        (Some(attribute), None) if !is_ours(attribute) => {
            Err(ReleaseRuleFault::UnknownAttribute(attribute.clone()))
        }
        (Some(attribute), None) => {
            let key = attribute.to_ascii_lowercase().into();
            Ok((Origin::Attribute(key), catalog::find(attribute)))
        }
        (None, Some(source)) => {
            let expression =
                Expression::compile(source, is_ours).map_err(ReleaseRuleFault::Expression)?;
            Ok((Origin::Expression(expression), None))
        }
    }
}

type Naming<'a> = (&'a str, &'static str, Option<&'a str>);

/// The `Name`, `NameFormat` and `FriendlyName` that are sent.
fn naming<'a>(
    rule: &'a Release,
    attribute: Option<&'static KnownAttribute>,
) -> Result<Naming<'a>, ReleaseRuleFault> {
    let Some(name) = rule.name.as_deref() else {
        if rule.name_format.is_some() || rule.friendly_name.is_some() {
            return Err(ReleaseRuleFault::FormatAlone);
        }
        let known = attribute.ok_or(ReleaseRuleFault::NoName)?;
        return Ok((known.uri, vocab::ATTRNAME_URI, Some(known.friendly_name)));
    };
    let is_uri = match rule.name_format {
        Some(NameFormat::Basic) => false,
        Some(NameFormat::Uri) if !name.contains(':') => return Err(ReleaseRuleFault::Name),
        Some(NameFormat::Uri) => true,
        None => name.contains(':'),
    };
    if value::check(name).is_err() || name.contains(char::is_whitespace) {
        return Err(ReleaseRuleFault::Name);
    }
    let friendly_name = rule.friendly_name.as_deref();
    if friendly_name.is_some_and(|friendly_name| value::check(friendly_name).is_err()) {
        return Err(ReleaseRuleFault::FriendlyName);
    }
    let format = if is_uri {
        vocab::ATTRNAME_URI
    } else {
        vocab::ATTRNAME_BASIC
    };
    Ok((name, format, friendly_name))
}

#[cfg(test)]
mod tests;
