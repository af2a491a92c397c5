//! What is told of a provider's table in the configuration, of its own rules and of its sheet, as data: what is wrong, and
//! what to do about it.
//!
//! The words are texts of two languages, and `edge::page::sheet` has them; the commands print the English ones.

use jiff::civil::Date;

/// One thing that an administrator is told of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said {
    /// Somebody may come who signed in too long ago.
    AuthnAge {
        /// How long ago, in minutes.
        minutes: i64,
    },
    /// The certificate ends soon.
    CertificateEnds {
        /// On which day, in UTC.
        until: Date,
    },
    /// Whether it verifies what our first key signs is not known.
    EllipticKey,
    /// The same of the key that follows.
    EllipticNextKey,
    /// The first address may be one of another domain.
    EmailFirst,
    /// No address is sent.
    EmailMissing,
    /// The `NameID` may be an address of another domain.
    EmailNameId,
    /// Several addresses may be sent.
    EmailSeveral,
    /// What an account is known by changes.
    EmployeeIdChanges {
        /// The source's attribute that does.
        name: String,
    },
    /// An account is known by its address alone.
    EmployeeIdMissing,
    /// The assertions are encrypted.
    Encryption,
    /// The assertions will be encrypted.
    EncryptionToCome,
    /// Another name of the provider is not known here.
    EntityIds {
        /// Which one.
        other: String,
    },
    /// No value meets a line.
    LineWithoutValue {
        /// The `Name` of the attribute.
        name: String,
        /// The text of the line.
        text: String,
    },
    /// A line takes the value of another one.
    LinesApart {
        /// The `Name` of the attribute.
        name: String,
        /// The text that is a part of the other one.
        inner: String,
        /// The text that contains it.
        outer: String,
    },
    /// Its metadata is signed and lasts for as long as it says itself.
    MetadataWithoutEnd,
    /// No `NameID` is sent.
    NameId,
    /// Two people may get one `NameID`.
    NameOfTwo,
    /// The sheet has the certificate of the next key.
    NextKey {
        /// Our own name for the provider.
        sp: String,
    },
    /// The sheet has the certificate of the present key, whose end is planned.
    PresentKey {
        /// Until when it signs.
        until: String,
    },
    /// The provider's session is ended too soon.
    Session {
        /// How long after the sign-in, in minutes.
        minutes: i64,
    },
    /// Requests that are signed with SHA-1 were taken.
    Sha1Over {
        /// Until the end of this day.
        last: String,
    },
    /// They are taken.
    Sha1Taken {
        /// Until the end of this day.
        last: String,
    },
    /// The signature is none that the form has.
    Signature {
        /// Its algorithm.
        algorithm: &'static str,
        /// Its digest.
        digest: &'static str,
    },
    /// The assertion itself is not signed.
    SignedAssertion,
    /// A value meets the line of another one first.
    TakenByAnother {
        /// The `Name` of the attribute.
        name: String,
        /// The value.
        value: String,
        /// The text of the line that takes it.
        text: String,
    },
    /// A value is a part of another one, and both may be sent.
    ValuesOverlap {
        /// The `Name` of the attribute.
        name: String,
        /// The value that is a part of the other one.
        inner: String,
        /// The value that contains it.
        outer: String,
    },
    /// A value has no line.
    ValueWithoutLine {
        /// The `Name` of the attribute.
        name: String,
        /// The value.
        value: String,
    },
}
