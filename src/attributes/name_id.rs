//! Makes the `NameID` by which one provider knows the person.

use crate::{
    config::sections,
    model::{
        attribute::Attributes,
        entity_id::EntityId,
        name_id::{NameId, NameIdFormat},
        trace::{Organ, Trace, Verdict},
    },
    sys::entropy::{Entropy, saml_id},
};

use super::{
    mail::{MailDomains, MailFault},
    pairwise::Pairwise,
    value,
};

/// Our attribute that holds mail addresses.
pub(super) const MAIL: &str = "mail";

/// How a provider's `NameID` is made: `name-id` of its table or preset.
#[derive(Clone, Debug)]
pub struct NameIdRule {
    how: sections::NameId,
    mail_domains: MailDomains,
    gives_addresses: bool,
}

/// Why a `name-id` is not a rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameIdRuleFault {
    /// An address is asked for, and no domain of ours is configured: nobody could sign in.
    #[error("needs organization.mail-domains")]
    NoMailDomains,
    /// It is made from an attribute that is not one of ours.
    #[error("is made from an unknown attribute, {0:?}")]
    UnknownAttribute(String),
}

/// Why a person has no name for this provider. They are stopped on our page.
#[derive(Debug, thiserror::Error)]
pub enum NameIdStop {
    /// No mail address in our domains.
    #[error("no mail address in our domains")]
    NoMail,
    /// Several mail addresses in our domains.
    #[error("several mail addresses in our domains")]
    SeveralMails,
    /// The attribute that the name is made from has no usable value.
    #[error("the attribute that the NameID is made from has no usable value")]
    Missing {
        /// Our attribute.
        attribute: String,
    },
    /// The attribute that the name is made from has several values.
    #[error("the attribute that the NameID is made from has several values")]
    Several {
        /// Our attribute.
        attribute: String,
    },
}

impl NameIdStop {
    /// What the trace says of it.
    const fn verdict(&self) -> Verdict {
        match self {
            Self::NoMail => Verdict::NoAddress,
            Self::SeveralMails => Verdict::SeveralAddresses,
            Self::Missing { .. } => Verdict::NameHasNoValue,
            Self::Several { .. } => Verdict::NameHasSeveralValues,
        }
    }
}

/// Between whom a name is made.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// Our entityID.
    pub idp: &'a EntityId,
    /// The provider's main entityID, whichever alias it used, so that the person stays the same.
    pub sp: &'a EntityId,
    /// What pairwise names are made with.
    pub pairwise: &'a Pairwise,
    /// What transient names are drawn from.
    pub entropy: &'a dyn Entropy,
}

impl NameIdRule {
    /// Checks a `name-id`. `is_ours` says which attributes exist, `is_of_mail` which of them are made of
    /// mail addresses.
    ///
    /// # Errors
    ///
    /// Nobody could ever be given a name by it.
    pub fn compile(
        name_id: &sections::NameId,
        mail_domains: &[String],
        is_ours: &dyn Fn(&str) -> bool,
        is_of_mail: &dyn Fn(&str) -> bool,
    ) -> Result<Self, NameIdRuleFault> {
        let mail_domains = MailDomains::new(mail_domains);
        if let Some(from) = name_id.from()
            && !is_ours(from)
        {
            return Err(NameIdRuleFault::UnknownAttribute(from.to_owned()));
        }
        if name_id.format() == Some(NameIdFormat::EmailAddress) && mail_domains.is_empty() {
            return Err(NameIdRuleFault::NoMailDomains);
        }
        Ok(Self {
            how: name_id.clone(),
            mail_domains,
            gives_addresses: match name_id {
                sections::NameId::EmailAddress { .. } => true,
                sections::NameId::Unspecified { from } => is_of_mail(from),
                sections::NameId::None
                | sections::NameId::Persistent { .. }
                | sections::NameId::Transient => false,
            },
        })
    }

    /// The format of the names it makes; none where the provider is told no name.
    pub const fn format(&self) -> Option<NameIdFormat> {
        self.how.format()
    }

    /// Our attribute that they are made from; none where they are made from nothing.
    pub fn from(&self) -> Option<&str> {
        self.how.from()
    }

    /// Whether the names are mail addresses, or made of them.
    pub const fn gives_addresses(&self) -> bool {
        self.gives_addresses
    }

    /// The mail addresses that `name`, which it made of `ours`, stands for. Each must be one person's alone
    /// . That is the name itself, or where only a part of an address is told, those of the person's
    /// that it is a part of; all of them where it is a part of none as it stands.
    ///
    /// It says nothing of two people of different domains with one part: see [`Self::may_be_of_two`].
    pub fn addresses<'a>(&self, name: &'a NameId, ours: &'a Attributes) -> Vec<&'a str> {
        if !self.gives_addresses {
            return Vec::new();
        }
        if name.value.contains('@') {
            return vec![&name.value];
        }
        let all = ours.values(MAIL).iter().map(String::as_str);
        let told = name.value.to_lowercase();
        let parts: Vec<_> = all
            .clone()
            .filter(|address| address.to_lowercase().contains(&told))
            .collect();
        if parts.is_empty() {
            all.collect()
        } else {
            parts
        }
    }

    /// Whether it makes names of mail addresses by a rule that may leave the domain out, where there are
    /// several domains: two people would get one name.
    pub fn may_be_of_two(&self) -> bool {
        self.gives_addresses
            && self.format() == Some(NameIdFormat::Unspecified)
            && !self
                .from()
                .is_some_and(|from| from.eq_ignore_ascii_case(MAIL))
            && self.mail_domains.are_several()
    }

    /// Makes the name of the person with our attributes `ours`; none where the provider is told none.
    ///
    /// An address is the one that R-113 allows, and never another. What else comes from the person
    /// comes from exactly one value: of two, the order in which the source gave them would decide
    /// who the person is. A transient name comes from nothing, and is new each time.
    ///
    /// # Errors
    ///
    /// The person has no name for this provider, and none is made up.
    pub fn build(
        &self,
        ours: &Attributes,
        parties: Parties<'_>,
        trace: &mut Trace,
    ) -> Result<Option<NameId>, NameIdStop> {
        let (made, how) = match &self.how {
            sections::NameId::EmailAddress { from } => (
                self.email_address(ours.values(from)),
                Verdict::NameIsAddress,
            ),
            sections::NameId::None => {
                trace.note(Organ::NameId, "none", Verdict::NameNone);
                return Ok(None);
            }
            sections::NameId::Persistent { from } => {
                (persistent(ours, from, parties), Verdict::NameDerived)
            }
            sections::NameId::Transient => {
                trace.note(Organ::NameId, "transient", Verdict::NameDrawn);
                return Ok(Some(between(
                    parties,
                    NameIdFormat::Transient,
                    saml_id(parties.entropy),
                )));
            }
            sections::NameId::Unspecified { from } => {
                (unspecified(ours, from), Verdict::NameAsItStands)
            }
        };
        let from = self.how.from().unwrap_or_default().to_owned();
        let verdict = made.as_ref().map_or_else(NameIdStop::verdict, |_| how);
        trace.note(Organ::NameId, from, verdict);
        made.map(Some)
    }

    fn email_address(&self, values: &[String]) -> Result<NameId, NameIdStop> {
        let value = self
            .mail_domains
            .one_address(values)
            .map_err(|fault| match fault {
                MailFault::None => NameIdStop::NoMail,
                MailFault::Several => NameIdStop::SeveralMails,
            })?;
        Ok(unqualified(NameIdFormat::EmailAddress, value))
    }
}

fn persistent(ours: &Attributes, from: &str, parties: Parties<'_>) -> Result<NameId, NameIdStop> {
    let value = parties.pairwise.name(one_value(ours, from)?, parties.sp);
    Ok(between(parties, NameIdFormat::Persistent, value))
}

fn unspecified(ours: &Attributes, from: &str) -> Result<NameId, NameIdStop> {
    let value = one_value(ours, from)?.to_owned();
    Ok(unqualified(NameIdFormat::Unspecified, value))
}

/// The only value of an attribute, where it can stand in an Assertion.
fn one_value<'a>(ours: &'a Attributes, from: &str) -> Result<&'a str, NameIdStop> {
    match ours.values(from) {
        [only] if value::check(only).is_ok() => Ok(only),
        [] | [_] => Err(NameIdStop::Missing {
            attribute: from.to_owned(),
        }),
        [_, ..] => Err(NameIdStop::Several {
            attribute: from.to_owned(),
        }),
    }
}

/// A name that holds between these two parties and nowhere else.
fn between(parties: Parties<'_>, format: NameIdFormat, value: String) -> NameId {
    NameId {
        value,
        format,
        name_qualifier: Some(parties.idp.as_str().to_owned()),
        sp_name_qualifier: Some(parties.sp.as_str().to_owned()),
    }
}

const fn unqualified(format: NameIdFormat, value: String) -> NameId {
    NameId {
        value,
        format,
        name_qualifier: None,
        sp_name_qualifier: None,
    }
}

#[cfg(test)]
mod tests {
    use crate::sys::{entropy::SeededEntropy, secret::Secret};

    use super::*;

    fn rule(name_id: &sections::NameId) -> Result<NameIdRule, NameIdRuleFault> {
        rule_for(name_id, &["univ.test"])
    }

    fn rule_for(
        name_id: &sections::NameId,
        domains: &[&str],
    ) -> Result<NameIdRule, NameIdRuleFault> {
        let is_of_mail = |name: &str| name.eq_ignore_ascii_case("mail") || name == "nick";
        let domains: Vec<_> = domains.iter().copied().map(str::to_owned).collect();
        NameIdRule::compile(name_id, &domains, &|name| name != "badge", &is_of_mail)
    }

    fn email_address(from: &str) -> sections::NameId {
        let from = from.to_owned();
        sections::NameId::EmailAddress { from }
    }

    fn persistent(from: &str) -> sections::NameId {
        let from = from.to_owned();
        sections::NameId::Persistent { from }
    }

    fn unspecified(from: &str) -> sections::NameId {
        let from = from.to_owned();
        sections::NameId::Unspecified { from }
    }

    fn build(
        rule: &NameIdRule,
        name: &str,
        values: &[&str],
    ) -> (Result<NameId, NameIdStop>, Trace) {
        let (made, trace) = build_any(rule, name, values, &SeededEntropy::new(1));
        (made.map(Option::unwrap), trace)
    }

    fn build_any(
        rule: &NameIdRule,
        name: &str,
        values: &[&str],
        entropy: &dyn Entropy,
    ) -> (Result<Option<NameId>, NameIdStop>, Trace) {
        let mut ours = Attributes::new();
        ours.add(name, values.iter().map(|value| (*value).to_owned()));
        let pairwise = Pairwise::new(Secret::new(vec![7; 32])).unwrap();
        let idp = EntityId::parse("https://idp.univ.test/saml/metadata").unwrap();
        let sp = EntityId::parse("https://univ.zoom.test").unwrap();
        let mut trace = Trace::new();
        let parties = Parties {
            idp: &idp,
            sp: &sp,
            pairwise: &pairwise,
            entropy,
        };
        (rule.build(&ours, parties, &mut trace), trace)
    }

    #[test]
    fn r113_an_address_is_the_one_in_our_domains_and_never_another() {
        let rule = rule(&email_address("mail")).unwrap();
        let (made, trace) = build(&rule, "mail", &["a@home.test", "Alice@univ.test"]);
        let made = made.unwrap();
        assert_eq!(made.value, "alice@univ.test");
        assert_eq!((made.name_qualifier, made.sp_name_qualifier), (None, None));
        assert_eq!(
            trace.lines().as_str(),
            "NameId mail: the address in our domains"
        );
        let (stop, trace) = build(&rule, "mail", &["a@home.test"]);
        assert!(matches!(stop, Err(NameIdStop::NoMail)));
        assert_eq!(
            trace.lines().as_str(),
            "NameId mail: no address in our domains: stopped"
        );
        let (stop, _) = build(&rule, "mail", &["a@univ.test", "b@univ.test"]);
        assert!(matches!(stop, Err(NameIdStop::SeveralMails)));
    }

    #[test]
    fn r110_a_persistent_name_is_derived_and_names_both_parties() {
        let rule = rule(&persistent("supannRefId")).unwrap();
        let (made, trace) = build(&rule, "supannrefid", &["alice"]);
        let made = made.unwrap();
        assert_eq!(
            made.value,
            "hvrvezjuhcjceqp6avzwg4vwio3r346kp4kovmwk6oyhivfr7sda"
        );
        assert_eq!(made.format, NameIdFormat::Persistent);
        assert_eq!(
            made.name_qualifier.as_deref(),
            Some("https://idp.univ.test/saml/metadata")
        );
        assert_eq!(
            made.sp_name_qualifier.as_deref(),
            Some("https://univ.zoom.test")
        );
        assert_eq!(
            trace.lines().as_str(),
            "NameId supannRefId: derived for this provider"
        );
    }

    #[test]
    fn r110_a_name_of_a_person_needs_exactly_one_value() {
        for how in [persistent("uid"), unspecified("uid")] {
            needs_exactly_one_value(&rule(&how).unwrap());
        }
    }

    fn needs_exactly_one_value(rule: &NameIdRule) {
        for unusable in [&[][..], &[""], &[" "], &["a\0b"]] {
            let (stop, _) = build(rule, "uid", unusable);
            assert!(
                matches!(stop, Err(NameIdStop::Missing { .. })),
                "{unusable:?}"
            );
        }
        for several in [["alice", "al"], ["alice", "alice"], ["alice", ""]] {
            let (stop, _) = build(rule, "uid", &several);
            assert!(
                matches!(stop, Err(NameIdStop::Several { .. })),
                "{several:?}"
            );
        }
    }

    #[test]
    fn an_unspecified_name_is_the_value_as_it_stands() {
        let rule = rule(&unspecified("uid")).unwrap();
        let (made, trace) = build(&rule, "uid", &[" Zoé+Martin "]);
        let made = made.unwrap();
        assert_eq!(made.value, " Zoé+Martin ");
        assert_eq!(made.format, NameIdFormat::Unspecified);
        assert_eq!((made.name_qualifier, made.sp_name_qualifier), (None, None));
        assert_eq!(trace.lines().as_str(), "NameId uid: the value as it stands");
    }

    #[test]
    fn r113_an_unspecified_name_that_is_an_address_is_told_as_one() {
        let gives = |how| rule(&how).unwrap().gives_addresses();
        assert!(gives(email_address("uid")));
        assert!(gives(unspecified("Mail")));
        assert!(gives(unspecified("nick")));
        for no_address in [
            unspecified("uid"),
            persistent("mail"),
            sections::NameId::Transient,
            sections::NameId::None,
        ] {
            assert!(!gives(no_address));
        }
    }

    #[test]
    fn r113_of_several_domains_a_part_of_an_address_may_be_two_peoples() {
        let may = |how, domains: &[&str]| rule_for(&how, domains).unwrap().may_be_of_two();
        let two = ["univ.test", "etu.univ.test"];
        assert!(may(unspecified("nick"), &two));
        assert!(!may(unspecified("nick"), &two[..1]));
        for whole in [
            unspecified("Mail"),
            unspecified("uid"),
            email_address("mail"),
        ] {
            assert!(!may(whole, &two));
        }
    }

    #[test]
    fn r113_a_part_of_an_address_stands_for_the_whole_one() {
        let mut ours = Attributes::new();
        // The other one is shared, and told of to nobody.
        let all = ["al@univ.test", "office@univ.test"];
        ours.add("mail", all.map(str::to_owned));
        let addresses = |how, name: &str| {
            let name = unqualified(NameIdFormat::Unspecified, name.to_owned());
            rule(&how)
                .unwrap()
                .addresses(&name, &ours)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(addresses(unspecified("nick"), "al"), ["al@univ.test"]);
        assert_eq!(
            addresses(unspecified("nick"), "AL@univ.test"),
            ["AL@univ.test"]
        );
        assert!(addresses(unspecified("uid"), "al@univ.test").is_empty());
        assert_eq!(addresses(unspecified("nick"), "0815"), all);
    }

    #[test]
    fn a_transient_name_is_new_each_time_and_comes_from_nothing() {
        let rule = rule(&sections::NameId::Transient).unwrap();
        let entropy = SeededEntropy::new(1);
        let names = [["alice"], ["alice"], ["bob"]].map(|uid| {
            let (made, trace) = build_any(&rule, "uid", &uid, &entropy);
            assert_eq!(
                trace.lines().as_str(),
                "NameId transient: drawn for this answer"
            );
            made.unwrap().unwrap()
        });
        for (place, name) in names.iter().enumerate() {
            assert_eq!(name.format, NameIdFormat::Transient);
            // An NCName of 160 bits (saml-core-2.0 §1.3.4, §8.3.8).
            let (first, digits) = name.value.split_at(1);
            assert_eq!((first, digits.len()), ("_", 40));
            assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            assert!(names[..place].iter().all(|other| other.value != name.value));
        }
        // The same person, other randomness: nothing of the person is in it.
        let (other, _) = build_any(&rule, "uid", &["alice"], &SeededEntropy::new(2));
        assert_ne!(other.unwrap().unwrap().value, names[0].value);
        // Another person, the same randomness.
        let (same, _) = build_any(&rule, "uid", &["bob"], &SeededEntropy::new(1));
        assert_eq!(same.unwrap().as_ref(), Some(&names[0]));
    }

    #[test]
    fn breach_of_iip_idp11_a_provider_that_is_told_no_name_gets_none_for_anybody() {
        let rule = rule(&sections::NameId::None).unwrap();
        let (made, trace) = build_any(&rule, "uid", &["alice"], &SeededEntropy::new(1));
        assert_eq!(made.unwrap(), None);
        assert_eq!(
            trace.lines().as_str(),
            "NameId none: this provider is told none"
        );
    }

    #[test]
    fn a_rule_by_which_nobody_has_a_name_is_refused() {
        assert_eq!(
            rule(&persistent("badge")).err(),
            Some(NameIdRuleFault::UnknownAttribute("badge".to_owned()))
        );
        let fault = NameIdRule::compile(&email_address("mail"), &[], &|_| true, &|_| true).err();
        assert_eq!(fault, Some(NameIdRuleFault::NoMailDomains));
    }
}
