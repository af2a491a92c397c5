//! The decisions of one step, written down as they are made.
//!
//! A decision names rules, attributes and counts, never a value: what a person's attributes hold
//! is not in it, so that it may be kept and shown to the help desk. The log has it in short English words; what
//! people read of it are texts of two languages, and `edge::page::trial` has those.

use std::borrow::Cow;

use super::{attribute::MAX_VALUE_CHARS, decision_lines::DecisionLines, support_code::SupportCode};

/// One decision: which part of the house decided, about what, and what came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// The organ that decided.
    pub by: Organ,
    /// What was decided about: an attribute, an address, a rule.
    pub about: Cow<'static, str>,
    /// What came of it.
    pub verdict: Verdict,
}

impl Decision {
    /// That what came before is under another code.
    pub fn began_under(code: SupportCode) -> Self {
        Self {
            by: Organ::Request,
            about: "code".into(),
            verdict: Verdict::BeganUnder(code.to_string().into()),
        }
    }
}

/// What belongs to a verdict besides its own words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail<'a> {
    /// Nothing.
    None,
    /// Of how many values it is.
    Values(usize),
    /// A word that nobody translates: a time, or somebody's own code.
    Word(&'a str),
}

/// Makes [`Verdict`] and the words of each in the log.
macro_rules! verdicts {
    (
        plain { $(#[doc = $plain_doc:literal] $plain:ident: $plain_words:literal;)+ }
        of_values { $(#[doc = $values_doc:literal] $values:ident: $values_words:literal;)+ }
        with_a_word { $(#[doc = $word_doc:literal] $word:ident: $word_words:literal;)+ }
    ) => {
        /// What came of a decision: a closed list. Some are of a number of values, and some come with a word that nobody
        /// translates.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum Verdict {
            $(#[doc = $plain_doc] $plain,)+
            $(#[doc = $values_doc] $values(usize),)+
            $(#[doc = $word_doc] $word(Cow<'static, str>),)+
        }

        impl Verdict {
            /// Every verdict, of so many values and with this word: to look at all that people can read.
            pub fn every(values: usize, word: &'static str) -> Vec<Self> {
                vec![
                    $(Self::$plain,)+
                    $(Self::$values(values),)+
                    $(Self::$word(word.into()),)+
                ]
            }

            /// Its name, as it stands here.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$plain => stringify!($plain),)+
                    $(Self::$values(_) => stringify!($values),)+
                    $(Self::$word(_) => stringify!($word),)+
                }
            }

            /// What belongs to it.
            pub fn detail(&self) -> Detail<'_> {
                match self {
                    $(Self::$plain => Detail::None,)+
                    $(Self::$values(count) => Detail::Values(*count),)+
                    $(Self::$word(word) => Detail::Word(word),)+
                }
            }

            /// The words for the log, without what belongs to it.
            const fn words(&self) -> &'static str {
                match self {
                    $(Self::$plain => $plain_words,)+
                    $(Self::$values(_) => $values_words,)+
                    $(Self::$word(_) => $word_words,)+
                }
            }
        }
    };
}

verdicts! {
    plain {
        /// Every signature of the request verifies.
        SignatureVerified: "verified";
        /// The request has no signature and needs none.
        SignatureNotDemanded: "none, and none is demanded";
        /// Our own page began it, for a provider that allows that.
        ClickOnOurPage: "none: a click on our own page";
        /// Our own page began it, and nothing is sent.
        ClickForATrial: "none: a trial, nothing is sent";
        /// The address for the answer is one of the metadata.
        AddressOfTheMetadata: "stands in the metadata";
        /// Nobody named an address for the answer.
        AddressByDefault: "the default of the metadata";
        /// The session answers.
        SessionUsed: "used";
        /// The browser has no session that lives.
        SessionNone: "none that lives";
        /// Somebody ended it while it was looked at.
        SessionJustEnded: "just ended";
        /// Nobody knows whether there is one.
        SessionUnknown: "the store did not answer";
        /// The request wants a new sign-in.
        SessionNotForced: "not used: the request forces a new sign-in";
        /// The sign-in that began it is too old.
        SessionTooOld: "not used: older than this provider takes";
        /// The sign-in that began it is of another class.
        SessionOfAnotherClass: "not used: not what the request takes";
        /// It is not the session of whom the request names.
        SessionOfAnother: "not used: the request names somebody else";
        /// Somebody proved who they are.
        Proven: "proven";
        /// CAS does not say that the sign-in is a new one.
        SignInNotNew: "no proof of a new sign-in";
        /// The sign-in at CAS is too old.
        SignInTooOld: "older than this provider takes";
        /// CAS does not answer, and the password is asked for here.
        CasSilent: "no answer: asked for a password";
        /// The directory knows the person.
        RecordFound: "record found";
        /// The directory does not answer, and what CAS says is used.
        RecordOfCas: "no answer: CAS's word is used";
        /// The password is right, and ends soon.
        PasswordEndsSoon: "ends soon";
        /// The sign-in is of a class that the request does not take.
        ContextNotTaken: "not what the request takes";
        /// Somebody else signed in than the request names.
        SubjectIsAnother: "not whom the request names";
        /// The request names somebody by a name that was drawn once.
        SubjectOfNobody: "nobody here bears that transient name";
        /// A rule used a value that the person does not have.
        RuleMissesAValue: "no value, its rule failed: a value is missing";
        /// A rule did more work than it may.
        RuleWorkedTooMuch: "no value, its rule failed: the rule did more work than it may";
        /// A rule gave too much.
        RuleGaveTooMuch: "no value, its rule failed: the result is too large";
        /// A rule gave no text.
        RuleGaveNoText: "no value, its rule failed: the result is not a text";
        /// A rule took a list for a text.
        RuleTookAListForText: "no value, its rule failed: a list was used as a text";
        /// A rule asked for what its values do not have.
        RuleIsUnsuitable: "no value, its rule failed: the rule does not suit the values";
        /// It has no value.
        NotSent: "not sent, no value";
        /// The metadata of the provider lacks the entity attribute that the rule wants.
        NotOfTheFederation: "not sent, the provider has not the entity attribute";
        /// The provider does not ask for it.
        NotRequested: "not sent, the provider does not ask for it";
        /// The provider asks for it, and could do without.
        NotRequired: "not sent, the provider does not require it";
        /// The provider requires it, and it has no value.
        RequiredIsMissing: "required, no value: stopped";
        /// It has several values where there can be one.
        SeveralOfOne: "none taken: several values of what has one only";
        /// No address is in our domains.
        NoAddress: "no address in our domains: stopped";
        /// Several addresses are in our domains.
        SeveralAddresses: "several addresses in our domains: stopped";
        /// The provider knows the person by the address.
        NameIsAddress: "the address in our domains";
        /// By a name that is made for it.
        NameDerived: "derived for this provider";
        /// By a name of this answer alone.
        NameDrawn: "drawn for this answer";
        /// By the value itself.
        NameAsItStands: "the value as it stands";
        /// By none.
        NameNone: "this provider is told none";
        /// What the name is made of has no value.
        NameHasNoValue: "no usable value: stopped";
        /// What the name is made of has several values.
        NameHasSeveralValues: "several values: stopped";
        /// Another person has the address.
        AddressOfAnother: "somebody else has it, too";
        /// Nobody knows whether another person has the address.
        AddressUnchecked: "the directory did not answer";
        /// The Response was made.
        Issued: "issued";
        /// The Response was made, and is shown.
        Shown: "shown, and not sent";
    }
    of_values {
        /// The source's attribute is ours.
        AsTheSourceHasIt: "as the source has it";
        /// A rule made it.
        ByItsRule: "by its rule";
        /// The attribute is sent.
        Sent: "sent";
        /// Values that are empty are not sent.
        DroppedEmpty: "dropped: empty";
        /// Values that are too long are not sent.
        DroppedTooLong: "dropped: longer than 256 characters";
        /// Values with a character that cannot be sent.
        DroppedCharacter: "dropped: with a control character or one that XML cannot hold";
        /// Values of somebody else's domain.
        DroppedScope: "dropped: without one of our scopes";
    }
    with_a_word {
        /// What came before is under another code.
        BeganUnder: "another one so far, which others may know";
        /// CAS says who it is, and when they came.
        SignedIn: "at";
        /// CAS refuses the ticket.
        TicketRefused: "refused";
        /// The password lets nobody in.
        PasswordRefused: "refused";
        /// The password was not looked at.
        PasswordDelayed: "not looked at";
        /// The Response says that there is no sign-in.
        IssuedAsFault: "issued";
    }
}

// The words of `DroppedTooLong` say how long that is.
const _: () = assert!(MAX_VALUE_CHARS == 256);

/// The parts of the house that decide.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Organ {
    /// The request itself: issuer, signature, age, destination.
    Request,
    /// Where the answer may go.
    Acs,
    /// Whether a session can answer.
    Session,
    /// Whether the person proved who they are.
    Authn,
    /// From the source's attributes to ours.
    Map,
    /// From ours to what this provider is told.
    Release,
    /// The name the provider knows the person by.
    NameId,
    /// What was sent.
    Response,
}

impl Organ {
    /// The word for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Acs => "Acs",
            Self::Session => "Session",
            Self::Authn => "Authn",
            Self::Map => "Map",
            Self::Release => "Release",
            Self::NameId => "NameId",
            Self::Response => "Response",
        }
    }
}

/// The decisions of one step, in the order in which they were made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(Vec<Decision>);

impl Trace {
    /// The most decisions that one step may write; later ones are dropped.
    pub const MAX: usize = 256;

    /// An empty trace.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Writes a decision down.
    pub fn note(&mut self, by: Organ, about: impl Into<Cow<'static, str>>, verdict: Verdict) {
        self.add(Decision {
            by,
            about: about.into(),
            verdict,
        });
    }

    /// Writes it down.
    pub fn add(&mut self, decision: Decision) {
        if self.0.len() < Self::MAX {
            self.0.push(decision);
        }
    }

    /// The decisions, first one first.
    pub fn decisions(&self) -> &[Decision] {
        &self.0
    }

    /// The same in words.
    pub fn lines(&self) -> DecisionLines {
        self.0.iter().collect()
    }
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { by, about, verdict } = self;
        for word in [by.as_str(), " ", about, ": ", verdict.words()] {
            f.write_str(word)?;
        }
        match verdict.detail() {
            Detail::None => Ok(()),
            Detail::Values(1) => f.write_str(", 1 value"),
            Detail::Values(count) => write!(f, ", {count} values"),
            Detail::Word(word) => {
                f.write_str(": ")?;
                f.write_str(word)
            }
        }
    }
}
