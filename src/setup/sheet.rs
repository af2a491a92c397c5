//! The sheet: a provider's form, field by field, as data.
//!
//! What people read of it besides labels and values are texts of two languages: [`Heading`] and [`Note`] only say
//! which one, and `edge::page::sheet` has the words.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::{
    config::{fault::ConfigFault, sections::FieldLine},
    model::short_name::ShortName,
};

/// All that is to be typed for one provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sheet {
    /// Our own name for the provider.
    pub short_name: ShortName,
    /// Whether anybody is let go to the provider.
    pub is_enabled: bool,
    /// What `passerelle check` says of the provider: what is to be mended first, as people are shut out by it or get
    /// what they should not, and what is not wrong yet.
    pub told: [Vec<Told>; 2],
    /// In the order of the form.
    pub parts: Vec<Part>,
}

/// What `passerelle check` says of the provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// As it says it.
    pub english: ConfigFault,
    /// The same in French.
    pub french: ConfigFault,
}

/// A part of the form, or what is to be done beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// What it is about.
    pub heading: Heading,
    /// Its fields, in the order of the form.
    pub rows: Vec<Row>,
}

/// What a part is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heading {
    /// Mapping of values to what they mean there.
    AdvancedMapping,
    /// Mapping of attributes to the fields of an account.
    BasicMapping,
    /// The mail domains to approve.
    Domains,
    /// The boxes to tick.
    Security,
    /// Who we are, and what we speak.
    SignOn,
    /// What becomes of accounts that people had before.
    Transfer,
    /// What is sent and has no field.
    Unplaced,
}

impl Heading {
    /// A name for machines.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::AdvancedMapping => "advanced-mapping",
            Self::BasicMapping => "basic-mapping",
            Self::Domains => "domains",
            Self::Security => "security",
            Self::SignOn => "sign-on",
            Self::Transfer => "transfer",
            Self::Unplaced => "unplaced",
        }
    }
}

/// One field of the form, or one step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The provider's own label.
    pub field: Cow<'static, str>,
    /// What to do with it.
    pub entry: Entry,
    /// Why, or what to know of it.
    pub note: Option<Note>,
}

/// What to do with a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Entry {
    /// Choose this one of a list.
    Choose(String),
    /// Type a line for each value of an attribute, in this order.
    Lines {
        /// The `Name` of the attribute.
        attribute: String,
        /// What to type; none where that is for whoever fills in the form.
        lines: Vec<FieldLine>,
    },
    /// The provider needs it, and nothing that it is told is for it.
    Missing,
    /// Paste this, exactly.
    Paste(String),
    /// Something to do beside the form.
    Step,
    /// Tick the box.
    Tick,
    /// Leave the box empty.
    Untick,
    /// Leave it as it is: nothing is sent for it.
    Unused,
}

impl Entry {
    /// A name for machines.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Choose(_) => "choose",
            Self::Lines { .. } => "lines",
            Self::Missing => "missing",
            Self::Paste(_) => "paste",
            Self::Step => "step",
            Self::Tick => "tick",
            Self::Untick => "untick",
            Self::Unused => "unused",
        }
    }
}

/// Why a field is filled in as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Note {
    /// How long the provider may keep people signed in.
    AutomaticLogout {
        /// As long as a session of ours, in hours.
        hours: u64,
    },
    /// The provider takes this binding, and another one.
    Binding,
    /// Until when the certificate counts, and how to recognize it.
    Certificate {
        /// The last day, in UTC.
        until: Date,
        /// SHA-256 of the certificate.
        sha256: String,
    },
    /// Whoever fits no line gets no account.
    DefaultIsNone,
    /// No licence is sent: this one goes to everybody.
    DefaultIsBasic,
    /// An address of this domain that is not approved has to be confirmed by mail.
    Domain,
    /// One address, of our domains.
    Email,
    /// The name of the person is their address.
    EmailIsNameId,
    /// No address is sent.
    EmailMissing,
    /// The key of an account, which outlives an address.
    EmployeeId,
    /// Nothing is sent that outlives an address.
    EmployeeIdMissing,
    /// Assertions are not encrypted.
    EncryptionOff,
    /// Assertions are encrypted.
    EncryptionOn,
    /// The lines count from the top, and by what a value contains.
    LinesInOrder,
    /// The lines are for whoever fills in the form.
    LinesOfYourOwn,
    /// The certificate of the provider changes.
    ManagedCertificate {
        /// Whether its metadata is fetched here again and again; else it is a file.
        is_followed: bool,
    },
    /// The provider's own certificate is shown; nothing is entered.
    SpCertificate {
        /// Our own name for the provider.
        sp: String,
    },
    /// Nothing is sent for a name.
    NameMissing,
    /// A box is to be ticked: without it, it is taken at the first sign-in only.
    NameRefresh,
    /// How accounts are made.
    ProvisionUser,
    /// What the provider read.
    ResponseLogs,
    /// The hash of its form is not the one that we sign with.
    SignatureHashDiffers {
        /// The URI of the algorithm.
        algorithm: String,
    },
    /// Logout requests that are not signed prove nothing.
    SignLogout,
    /// The provider's own metadata must be here first.
    SignRequestsLater,
    /// Requests that are not signed are refused here.
    SignRequestsNeeded,
    /// No key is here that could verify the signature.
    SignRequestsUnverified {
        /// Our own name for the provider.
        sp: String,
    },
    /// Requests that are signed can be told from others.
    SignRequestsWise,
    /// What the address does.
    SignOut,
    /// Which name to choose, where only one is known here.
    SpNameAlone {
        /// The other one that the provider offers.
        other: String,
    },
    /// Both names are known here.
    SpNameEither {
        /// The other one.
        other: String,
    },
    /// The domain has to be the organization's, and managed.
    TransferDomain,
    /// What people see who had an account before.
    TransferPeople,
    /// What goes over, and what does not.
    TransferWhat,
    /// No field is named for what is sent.
    Unplaced,
    /// Nothing is sent for it.
    Unsent,
    /// Nothing is sent for any of these, of which a form may have some only.
    UnsentOthers,
    /// Asked for only where the account has several.
    VanityUrl,
}
