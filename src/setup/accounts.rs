//! Which account Zoom takes somebody to after the switch from another identity provider, and why.
//!
//! What Zoom goes by, and how sure that is:
//!
//! - By default the key is the e-mail address: the attribute that the form maps to "Email address", or the `NameID`
//!   where it maps none. Another address is another person: a second account is made, and takes a licence. Zoom's own
//!   pages say so, and many universities have met it.
//! - With "Employee Unique ID" mapped, the first sign-in links the ID to the account that has the address. From then on the
//!   ID is the key, and a new address becomes that of the account. Where the ID itself changes, the person must come with
//!   the known address once, to be linked again. One of Zoom's own people wrote that in its forum in 2022; its pages do not.
//! - That an account takes a new address wants the domain among the "Associated Domains", and happens once in twelve hours
//!   at most. One university has seen that in 2020, and nobody has confirmed it.
//! - Whether two addresses that differ in upper and lower case alone are one is not published, and second accounts have been
//!   put down to it. It is told as a second account, by its name.
//!
//! All of it holds where the form is filled in as [`zoom`](super::zoom) says.

use super::zoom::{EMAIL, EMPLOYEE_ID, LICENSE, NO_LICENSE, takes_name_id};
use crate::{
    attributes::{
        asked::Asked,
        name_id::NameIdRule,
        release::{ReleasePolicy, Sent},
    },
    model::{attribute::ReleasedAttribute, name_id::NameId, service_provider::ServiceProvider},
};

/// What an account is known by.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Account {
    /// The e-mail address, as it is written.
    pub email: Option<String>,
    /// The Employee Unique ID.
    pub employee_id: Option<String>,
}

impl Account {
    /// Whether both are certainly two accounts: Zoom has an address only once, upper and lower case told apart, and an ID. Where
    /// they are not known by the same field, both may be one account, shown twice.
    pub fn is_certainly_another(&self, other: &Self) -> bool {
        match (&self.email, &other.email) {
            (Some(email), Some(other)) => email != other,
            (None, _) | (_, None) => match (&self.employee_id, &other.employee_id) {
                (Some(id), Some(other)) => id != other,
                (None, _) | (_, None) => false,
            },
        }
    }
}

/// What fills the two fields that an account is known by.
#[derive(Clone, Debug)]
pub struct Keys {
    email: Option<Filling>,
    employee_id: Option<Filling>,
}

#[derive(Clone, Debug)]
enum Filling {
    Attribute {
        name: Box<str>,
        /// Our attributes that it is made of.
        reads: Box<[Box<str>]>,
    },
    NameId,
}

/// What becomes of an account, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The ID is the one that Zoom has.
    SameById,
    /// The same, and the account takes a new address.
    SameByIdWithNewAddress,
    /// The address is the one that Zoom has.
    SameByAddress,
    /// The same, although the ID is another one: it is linked again.
    SameByAddressWithNewId,
    /// The address is another one, and no ID holds the account.
    SecondByAddress,
    /// The address is written in other upper and lower case, and no ID holds the account.
    SecondByCase,
    /// The address and the ID are others.
    SecondByAddressAndId,
    /// Zoom is told no address, and takes nobody in without one.
    NoAddress,
    /// The address of the account is not known, and no ID that both sides have says more.
    Unknown,
}

impl Verdict {
    /// Whether it is certain that the account is not found, and a second one would be made.
    pub const fn makes_another(self) -> bool {
        match self {
            Self::SecondByAddress | Self::SecondByAddressAndId => true,
            Self::SecondByCase
            | Self::SameById
            | Self::SameByIdWithNewAddress
            | Self::SameByAddress
            | Self::SameByAddressWithNewId
            | Self::NoAddress
            | Self::Unknown => false,
        }
    }
}

impl Keys {
    /// What fills them where `sp` asks in its usual way.
    pub fn of(release: &ReleasePolicy, name_id: &NameIdRule, sp: &ServiceProvider) -> Self {
        let filling = |field| {
            let sent = release
                .sent(Asked::of(sp, None))
                .find(|sent| sent.field() == Some(field));
            match sent {
                Some(sent) => Some(Filling::Attribute {
                    name: sent.name().into(),
                    reads: sent.reads().map(Into::into).collect(),
                }),
                None => takes_name_id(field, name_id.format()).then_some(Filling::NameId),
            }
        };
        Self {
            email: filling(EMAIL),
            employee_id: filling(EMPLOYEE_ID),
        }
    }

    /// The account of whoever is told of by this name and these attributes. Of several values the first one counts.
    pub fn account(&self, name_id: Option<&NameId>, attributes: &[ReleasedAttribute]) -> Account {
        let value = |filling: &Option<Filling>| match filling.as_ref()? {
            Filling::Attribute { name, .. } => {
                let sent = attributes.iter().find(|sent| *sent.name == **name)?;
                sent.values.first().cloned()
            }
            Filling::NameId => name_id.map(|name_id| name_id.value.clone()),
        };
        Account {
            email: value(&self.email),
            employee_id: value(&self.employee_id),
        }
    }

    /// The `Name` of the attribute that the address is sent as; none where it is the `NameID`.
    pub fn email_name(&self) -> Option<&str> {
        match self.email.as_ref()? {
            Filling::Attribute { name, .. } => Some(name),
            Filling::NameId => None,
        }
    }

    /// Our attributes that the address is made of.
    pub fn email_reads(&self) -> impl Iterator<Item = &str> {
        reads(self.email.as_ref())
    }

    /// Our attributes that the ID is made of.
    pub fn employee_id_reads(&self) -> impl Iterator<Item = &str> {
        reads(self.employee_id.as_ref())
    }
}

fn reads(filling: Option<&Filling>) -> impl Iterator<Item = &str> {
    let reads: &[Box<str>] = match filling {
        Some(Filling::Attribute { reads, .. }) => reads,
        Some(Filling::NameId) | None => &[],
    };
    reads.iter().map(|name| &**name)
}

/// How the lines of Zoom's form for the licence keep somebody out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ShutOut {
    /// A line gives them the licence "None", and they are not let in (Zoom's own pages).
    Line,
    /// No line takes what is sent. The sheet has "None" typed for whoever fits none: Zoom makes no account for them, and an
    /// account that they have keeps its licence.
    NoLine,
}

/// Of what is sent, what Zoom gives a licence by, where the configuration says what is typed on the form for it.
pub fn licenses<'a>(sent: impl Iterator<Item = Sent<'a>>) -> impl Iterator<Item = Sent<'a>> {
    sent.filter(|sent| sent.field() == Some(LICENSE) && !sent.lines().is_empty())
}

/// Whether somebody is kept out to whom Zoom's form gives so much by each of [`licenses`].
pub fn shut_out_by<'a>(given: impl IntoIterator<Item = Option<&'a str>>) -> Option<ShutOut> {
    let given: Vec<_> = given.into_iter().collect();
    let shuts_out = |license: &&str| license.eq_ignore_ascii_case(NO_LICENSE);
    if given.iter().flatten().any(shuts_out) {
        Some(ShutOut::Line)
    } else if !given.is_empty() && given.iter().all(Option::is_none) {
        Some(ShutOut::NoLine)
    } else {
        None
    }
}

/// How two values of one key compare.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Alike {
    Same,
    InOtherCase,
    Not,
    /// Zoom has none that we know of.
    NoneBefore,
    /// Zoom is told none.
    NoneNow,
}

fn compare(old: Option<&str>, new: Option<&str>) -> Alike {
    match (old, new) {
        (_, None) => Alike::NoneNow,
        (None, Some(_)) => Alike::NoneBefore,
        (Some(old), Some(new)) if old == new => Alike::Same,
        (Some(old), Some(new)) if old.to_lowercase() == new.to_lowercase() => Alike::InOtherCase,
        (Some(_), Some(_)) => Alike::Not,
    }
}

/// Judges what becomes of the account `old` where its owner comes as `new`.
pub fn judge(old: &Account, new: &Account) -> Verdict {
    let id = compare(old.employee_id.as_deref(), new.employee_id.as_deref());
    // An ID that is written otherwise is another one: nothing says that it is not.
    let is_other_id = matches!(id, Alike::InOtherCase | Alike::Not);
    match compare(old.email.as_deref(), new.email.as_deref()) {
        Alike::NoneNow => Verdict::NoAddress,
        Alike::Not if id == Alike::Same => Verdict::SameByIdWithNewAddress,
        Alike::Same | Alike::InOtherCase | Alike::NoneBefore if id == Alike::Same => {
            Verdict::SameById
        }
        Alike::Same if is_other_id => Verdict::SameByAddressWithNewId,
        Alike::Same => Verdict::SameByAddress,
        Alike::InOtherCase => Verdict::SecondByCase,
        Alike::Not if is_other_id => Verdict::SecondByAddressAndId,
        Alike::Not => Verdict::SecondByAddress,
        Alike::NoneBefore => Verdict::Unknown,
    }
}

impl Verdict {
    /// Why, as the end of a sentence whose beginning says what becomes of the account.
    pub const fn because(self) -> &'static str {
        match self {
            Self::SameById => "its Employee Unique ID is the same",
            Self::SameByIdWithNewAddress => {
                "its Employee Unique ID is the same; it takes the new address, if that is of an associated domain"
            }
            Self::SameByAddress => "its address is the same",
            Self::SameByAddressWithNewId => {
                "its address is the same; its Employee Unique ID is another one, and is linked again"
            }
            Self::SecondByAddress => {
                "the address differs, and no Employee Unique ID that Zoom has says who it is"
            }
            Self::SecondByCase => {
                "the address differs in upper and lower case, which Zoom may take for another one: try one such \
                 person first"
            }
            Self::SecondByAddressAndId => "the address differs, and so does the Employee Unique ID",
            Self::NoAddress => "Zoom would be told no address",
            Self::Unknown => {
                "the address that Zoom has is not known, and no Employee Unique ID of both sides says more"
            }
        }
    }

    /// The word for it, for scripts.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::SameById => "same-id",
            Self::SameByIdWithNewAddress => "same-id-new-address",
            Self::SameByAddress => "same-address",
            Self::SameByAddressWithNewId => "same-address-new-id",
            Self::SecondByAddress => "address-differs",
            Self::SecondByCase => "case-differs",
            Self::SecondByAddressAndId => "address-and-id-differ",
            Self::NoAddress => "no-address",
            Self::Unknown => "old-address-unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::test_support::{Case, ZOOM};

    fn account(email: &str, employee_id: &str) -> Account {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Account {
            email: some(email),
            employee_id: some(employee_id),
        }
    }

    #[test]
    fn the_id_holds_an_account_and_the_address_does_where_no_id_does() {
        for (old, new, verdict) in [
            (("a@u", "1"), ("a@u", "1"), Verdict::SameById),
            (("A@U", "1"), ("a@u", "1"), Verdict::SameById),
            (("", "1"), ("a@u", "1"), Verdict::SameById),
            (("b@u", "1"), ("a@u", "1"), Verdict::SameByIdWithNewAddress),
            (("a@u", ""), ("a@u", ""), Verdict::SameByAddress),
            (("a@u", ""), ("a@u", "1"), Verdict::SameByAddress),
            (("a@u", "1"), ("a@u", ""), Verdict::SameByAddress),
            (("a@u", "1"), ("a@u", "2"), Verdict::SameByAddressWithNewId),
            (("b@u", ""), ("a@u", ""), Verdict::SecondByAddress),
            (("b@u", ""), ("a@u", "1"), Verdict::SecondByAddress),
            (("b@u", "1"), ("a@u", ""), Verdict::SecondByAddress),
            (("b@u", "1"), ("a@u", "2"), Verdict::SecondByAddressAndId),
            (("b@u", "x"), ("a@u", "X"), Verdict::SecondByAddressAndId),
            (("A@u", ""), ("a@u", "1"), Verdict::SecondByCase),
            (("É@u", "1"), ("é@u", "2"), Verdict::SecondByCase),
            (("a@u", "1"), ("", "1"), Verdict::NoAddress),
            (("a@u", ""), ("", ""), Verdict::NoAddress),
            (("", "1"), ("a@u", "2"), Verdict::Unknown),
            (("", ""), ("a@u", "1"), Verdict::Unknown),
        ] {
            let judged = judge(&account(old.0, old.1), &account(new.0, new.1));
            assert_eq!(judged, verdict, "{old:?} {new:?}");
        }
    }

    #[test]
    fn two_captures_of_one_account_are_one_and_two_addresses_are_two() {
        for (one, other, are_two) in [
            (("a@u", ""), ("a@u", ""), false),
            (("a@u", "1"), ("a@u", ""), false),
            (("a@u", "1"), ("a@u", "2"), false),
            (("a@u", "1"), ("", "1"), false),
            (("a@u", "1"), ("", "2"), true),
            (("a@u", "1"), ("b@u", "1"), true),
            (("a@u", ""), ("A@u", ""), true),
            // Nobody knows.
            (("a@u", ""), ("", "1"), false),
            (("", ""), ("", ""), false),
        ] {
            let (a, b) = (account(one.0, one.1), account(other.0, other.1));
            let told = [a.is_certainly_another(&b), b.is_certainly_another(&a)];
            assert_eq!(told, [are_two; 2], "{one:?} {other:?}");
        }
    }

    #[test]
    fn whom_a_line_gives_no_licence_is_shut_out_and_whom_no_line_takes_gets_no_account() {
        for (gives, shut_out) in [
            (&[][..], None),
            (&[Some("Licensed")], None),
            (&[Some("None")], Some(ShutOut::Line)),
            (&[Some("none"), Some("Licensed")], Some(ShutOut::Line)),
            (&[None], Some(ShutOut::NoLine)),
            (&[None, Some("Basic")], None),
            (&[None, Some("None")], Some(ShutOut::Line)),
        ] {
            assert_eq!(shut_out_by(gives.iter().copied()), shut_out, "{gives:?}");
        }
    }

    fn keys(tables: &str) -> Keys {
        Case::of(tables)
            .look(|facts, _| Keys::of(facts.release, facts.name_id, &facts.registered.sp))
    }

    #[test]
    fn what_fills_the_two_fields_is_what_the_sheet_has_typed_there() {
        let preset = keys(ZOOM);
        assert_eq!(
            preset.email_name(),
            Some("urn:oid:0.9.2342.19200300.100.1.3")
        );
        assert_eq!(
            preset.employee_id_reads().collect::<Vec<_>>(),
            ["edupersonuniqueid"]
        );
        let name_id = NameId {
            value: "n@univ.example".to_owned(),
            format: crate::model::name_id::NameIdFormat::EmailAddress,
            name_qualifier: None,
            sp_name_qualifier: None,
        };
        let sent = |name: &str, values: &[&str]| ReleasedAttribute {
            name: name.to_owned(),
            name_format: "",
            friendly_name: None,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let attributes = [
            sent("urn:oid:0.9.2342.19200300.100.1.3", &["a@univ.example"]),
            sent(
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.13",
                &["1@univ.example", "2"],
            ),
        ];
        assert_eq!(
            preset.account(Some(&name_id), &attributes),
            account("a@univ.example", "1@univ.example")
        );
        // Without a release for the address Zoom takes the NameID, and a mail address is no ID.
        let bare = keys(&format!("{ZOOM}[[sp.zoom.release]]\nattribute = 'sn'\n"));
        assert_eq!(bare.email_name(), None);
        assert_eq!(
            bare.account(Some(&name_id), &[]),
            account("n@univ.example", "")
        );
        let persistent = "name-id = { format = 'persistent', from = 'uid' }\n";
        let persistent = keys(&format!(
            "{ZOOM}{persistent}[[sp.zoom.release]]\nattribute = 'sn'\n"
        ));
        assert_eq!(
            persistent.account(Some(&name_id), &[]),
            account("", "n@univ.example")
        );
    }
}
