//! Makes the `NameID` by which one provider knows the person.

use crate::{
    config::sections,
    model::{
        attribute::Attributes,
        entity_id::EntityId,
        name_id::{NameId, NameIdFormat},
        trace::{Organ, Trace},
    },
    sys::hmac::HmacError,
};

use super::{
    mail::{MailDomains, MailFault},
    pairwise::Pairwise,
    value,
};

/// How a provider's `NameID` is made: `name-id` of its table or preset.
#[derive(Clone, Debug)]
pub struct NameIdRule {
    format: NameIdFormat,
    from: Box<str>,
    mail_domains: MailDomains,
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
    /// The name could not be derived: a fault of ours.
    #[error("the NameID could not be derived")]
    NotDerived(#[from] HmacError),
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
}

impl NameIdRule {
    /// Checks a `name-id`. `is_ours` says which attributes exist.
    ///
    /// # Errors
    ///
    /// Nobody could ever be given a name by it.
    pub fn compile(
        name_id: &sections::NameId,
        mail_domains: &[String],
        is_ours: &dyn Fn(&str) -> bool,
    ) -> Result<Self, NameIdRuleFault> {
        let mail_domains = MailDomains::new(mail_domains);
        if !is_ours(&name_id.from) {
            return Err(NameIdRuleFault::UnknownAttribute(name_id.from.clone()));
        }
        if name_id.format == NameIdFormat::EmailAddress && mail_domains.is_empty() {
            return Err(NameIdRuleFault::NoMailDomains);
        }
        Ok(Self {
            format: name_id.format,
            from: name_id.from.as_str().into(),
            mail_domains,
        })
    }

    /// The format of the names it makes.
    pub const fn format(&self) -> NameIdFormat {
        self.format
    }

    /// Our attribute that they are made from.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Makes the name of the person with our attributes `ours`.
    ///
    /// An address is the one that R-113 allows, and never another. A persistent name is derived
    /// from exactly one value: of two, the order in which the source gave them would decide who
    /// the person is.
    ///
    /// # Errors
    ///
    /// The person has no name for this provider, and none is made up.
    pub fn build(
        &self,
        ours: &Attributes,
        parties: Parties<'_>,
        trace: &mut Trace,
    ) -> Result<NameId, NameIdStop> {
        let made = match self.format {
            NameIdFormat::EmailAddress => self.email_address(ours),
            NameIdFormat::Persistent => self.persistent(ours, parties),
        };
        match &made {
            Ok(_) => trace.note(
                Organ::NameId,
                self.from.to_string(),
                match self.format {
                    NameIdFormat::EmailAddress => "the address in our domains",
                    NameIdFormat::Persistent => "derived for this provider",
                },
            ),
            Err(stop) => trace.note(Organ::NameId, self.from.to_string(), stop.to_string()),
        }
        made
    }

    fn email_address(&self, ours: &Attributes) -> Result<NameId, NameIdStop> {
        let value = self
            .mail_domains
            .one_address(ours.values(&self.from))
            .map_err(|fault| match fault {
                MailFault::None => NameIdStop::NoMail,
                MailFault::Several => NameIdStop::SeveralMails,
            })?;
        Ok(NameId {
            value,
            format: self.format,
            name_qualifier: None,
            sp_name_qualifier: None,
        })
    }

    fn persistent(&self, ours: &Attributes, parties: Parties<'_>) -> Result<NameId, NameIdStop> {
        let attribute = || self.from.to_string();
        let source_id = match ours.values(&self.from) {
            [] => {
                return Err(NameIdStop::Missing {
                    attribute: attribute(),
                });
            }
            [only] => only,
            [_, ..] => {
                return Err(NameIdStop::Several {
                    attribute: attribute(),
                });
            }
        };
        if value::check(source_id).is_err() {
            return Err(NameIdStop::Missing {
                attribute: attribute(),
            });
        }
        Ok(NameId {
            value: parties.pairwise.name(source_id, parties.sp)?,
            format: self.format,
            name_qualifier: Some(parties.idp.as_str().to_owned()),
            sp_name_qualifier: Some(parties.sp.as_str().to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sys::secret::Secret;

    use super::*;

    fn rule(format: NameIdFormat, from: &str) -> Result<NameIdRule, NameIdRuleFault> {
        let name_id = sections::NameId {
            format,
            from: from.to_owned(),
        };
        NameIdRule::compile(&name_id, &["univ.test".to_owned()], &|name| name != "badge")
    }

    fn build(
        rule: &NameIdRule,
        name: &str,
        values: &[&str],
    ) -> (Result<NameId, NameIdStop>, Trace) {
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
        };
        (rule.build(&ours, parties, &mut trace), trace)
    }

    #[test]
    fn r113_an_address_is_the_one_in_our_domains_and_never_another() {
        let rule = rule(NameIdFormat::EmailAddress, "mail").unwrap();
        let (made, trace) = build(&rule, "mail", &["a@home.test", "Alice@univ.test"]);
        let made = made.unwrap();
        assert_eq!(made.value, "alice@univ.test");
        assert_eq!((made.name_qualifier, made.sp_name_qualifier), (None, None));
        assert_eq!(trace.to_string(), "NameId mail: the address in our domains");
        let (stop, trace) = build(&rule, "mail", &["a@home.test"]);
        assert!(matches!(stop, Err(NameIdStop::NoMail)));
        assert_eq!(
            trace.to_string(),
            "NameId mail: no mail address in our domains"
        );
        let (stop, _) = build(&rule, "mail", &["a@univ.test", "b@univ.test"]);
        assert!(matches!(stop, Err(NameIdStop::SeveralMails)));
    }

    #[test]
    fn r110_a_persistent_name_is_derived_and_names_both_parties() {
        let rule = rule(NameIdFormat::Persistent, "supannRefId").unwrap();
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
            trace.to_string(),
            "NameId supannRefId: derived for this provider"
        );
    }

    #[test]
    fn r110_a_persistent_name_needs_exactly_one_value() {
        let rule = rule(NameIdFormat::Persistent, "uid").unwrap();
        for unusable in [&[][..], &[""], &[" "], &["a\0b"]] {
            let (stop, _) = build(&rule, "uid", unusable);
            assert!(
                matches!(stop, Err(NameIdStop::Missing { .. })),
                "{unusable:?}"
            );
        }
        for several in [["alice", "al"], ["alice", "alice"], ["alice", ""]] {
            let (stop, _) = build(&rule, "uid", &several);
            assert!(
                matches!(stop, Err(NameIdStop::Several { .. })),
                "{several:?}"
            );
        }
    }

    #[test]
    fn a_rule_by_which_nobody_has_a_name_is_refused() {
        assert_eq!(
            rule(NameIdFormat::Persistent, "badge").err(),
            Some(NameIdRuleFault::UnknownAttribute("badge".to_owned()))
        );
        let name_id = sections::NameId {
            format: NameIdFormat::EmailAddress,
            from: "mail".to_owned(),
        };
        let fault = NameIdRule::compile(&name_id, &[], &|_| true).err();
        assert_eq!(fault, Some(NameIdRuleFault::NoMailDomains));
    }
}
