//! What may be wrong in the metadata of a service provider, and what to do about it.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    model::{endpoint::InvalidEndpoint, entity_id::InvalidEntityId, short_name::ShortName},
    xml::door::{Bound, DoorFault},
    xmlsec::{
        SignatureFault,
        keys::{KeyFault, WeakDigest},
    },
};

/// One thing in a metadata file that an administrator should know.
///
/// Places are counted from 1, in the order of the file.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// A fault: an address that takes answers must not be used.
    #[error("the address of AssertionConsumerService {place} {fault}")]
    AcsLocation {
        /// Which one.
        place: usize,
        /// What is wrong with it.
        fault: InvalidEndpoint,
    },
    /// A fault: an `index` is missing or is no number of 0 to 65535.
    #[error("AssertionConsumerService {0} has no `index` from 0 to 65535")]
    AcsIndex(usize),
    /// A fault: two addresses have one `index`, so that a request for it could mean either.
    #[error("two AssertionConsumerService elements have the index {0}")]
    AcsIndexRepeated(u16),
    /// A warning: two lists of attributes have one index.
    #[error("two AttributeConsumingService elements have the index {0}: the first one counts")]
    AttributeConsumingServiceRepeated(u16),
    /// A fault: an attribute that is true or false is neither.
    #[error("`{0}` is neither true nor false")]
    Boolean(&'static str),
    /// A fault: a `cacheDuration` is no `xs:duration`, or less than nothing.
    #[error("a cacheDuration is not a duration")]
    CacheDuration,
    /// A warning: a certificate's time is over. It counts all the same.
    #[error("the certificate for signing of {subject} has expired on {at}")]
    CertificateExpired {
        /// Whose it is.
        subject: String,
        /// When its time was over.
        at: Timestamp,
    },
    /// A note: a certificate's time is over soon. It counts all the same.
    #[error("the certificate for signing of {subject} ends soon, on {at}")]
    CertificateEndsSoon {
        /// Whose it is.
        subject: String,
        /// When its time is over.
        at: Timestamp,
    },
    /// A warning: a certificate's time has not begun. It counts all the same.
    #[error("the certificate for signing of {subject} is not valid before {at}")]
    CertificateNotYet {
        /// Whose it is.
        subject: String,
        /// When its time begins.
        at: Timestamp,
    },
    /// A warning: the file is the one that came with the program, and verifies nobody's requests.
    #[error(
        "this is the placeholder that came with Passerelle: put the provider's own file in its place"
    )]
    CertificatePlaceholder,
    /// A warning: a certificate is signed with MD5 or SHA-1.
    #[error(
        "the certificate for signing of {subject} is itself signed with {}",
        weak(*.digest)
    )]
    CertificateWeakDigest {
        /// Whose it is.
        subject: String,
        /// With what it is signed.
        digest: WeakDigest,
    },
    /// A warning: of several certificates in one `X509Data` only the first counts, as the rest may be
    /// those of an authority, which must not speak for the provider.
    #[error("KeyDescriptor {0} holds several certificates in one X509Data: only the first counts")]
    CertificatesInOne(usize),
    /// A fault: the file is no XML that is read here.
    #[error("it is not taken as XML: {0}")]
    Door(DoorFault),
    /// A fault: there is nothing in it.
    #[error("it is empty")]
    Empty,
    /// A warning: a certificate's time is over. Its key is encrypted to all the same, as SAML trusts the
    /// key (IIP-MD12).
    #[error("the certificate for encryption of {subject} has expired on {at}")]
    EncryptionCertificateExpired {
        /// Whose it is.
        subject: String,
        /// When its time was over.
        at: Timestamp,
    },
    /// A warning: a key for encryption cannot be used.
    #[error(
        "the key for encryption in KeyDescriptor {place} cannot be used, and nothing is encrypted to it: \
         {fault}"
    )]
    EncryptionKey {
        /// Which `KeyDescriptor`.
        place: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A warning: a key asks for ciphers, or for an encryption of their keys, of which none is allowed
    /// here.
    #[error(
        "KeyDescriptor {0} lists no way of encrypting that is used here, AES-GCM with RSA-OAEP, and \
         nothing is encrypted to it"
    )]
    EncryptionMethods(usize),
    /// A warning: a key leaves no way of encrypting that the administrator does not refuse (IIP-ALG08).
    #[error(
        "`refuse` of [algorithms] leaves no way of encrypting to KeyDescriptor {0}, and nothing is \
         encrypted to it"
    )]
    EncryptionMethodsRefused(usize),
    /// A warning: of the readers that were tried, one decrypts nothing in a Response that is not signed
    /// itself.
    #[error(
        "its assertions are encrypted, and `sign` is \"assertion\": some providers read that only with \"both\""
    )]
    EncryptedInUnsignedResponse,
    /// A fault: the entity ID is missing or out of bounds.
    #[error("the entityID {0}")]
    EntityId(InvalidEntityId),
    /// A fault: two entities of the file have the name that is meant.
    #[error("it describes the entity that is meant twice")]
    EntityRepeated,
    /// A warning that shuts the provider out: the file's time is over.
    #[error("its validUntil is past ({0}): nobody can sign in to this provider")]
    Expired(Timestamp),
    /// A warning: the time of the file ends soon.
    #[error("its validUntil is soon ({0}): nobody can sign in to this provider after it")]
    ExpiresSoon(Timestamp),
    /// A warning: the address is plain `http`, which only a lab takes.
    #[error("the address of AssertionConsumerService {0} is plain http, which only a lab takes")]
    Http(usize),
    /// A fault: the `use` of a key is neither signing nor encryption.
    #[error("the `use` of KeyDescriptor {0} is neither signing nor encryption")]
    KeyUse(usize),
    /// A warning: a certificate and a `ds:KeyValue` that stand side by side hold two keys.
    #[error(
        "KeyDescriptor {0} holds a certificate and the KeyValue of another key: the certificate counts"
    )]
    KeyValueIgnored(usize),
    /// A warning: the configured format of `NameID` is none of those that the provider lists.
    #[error("name-id has a format that the provider does not list")]
    NameIdFormat,
    /// A warning: it holds keys for encryption, and none that can be used.
    #[error("it asks for encryption by a key that cannot be used: its assertions go in clear")]
    InClear,
    /// A fault: it holds keys that could be encrypted to, if the administrator did not refuse it. To
    /// refuse an algorithm is to ask for more protection, and may not end in none (IIP-ALG08).
    #[error(
        "its assertions would go in clear because of `refuse` of [algorithms]: if they may, set \
         `encrypt` to \"never\""
    )]
    InClearByRefusal,
    /// A fault: assertions must be encrypted, and there is no key to do it with.
    #[error("`encrypt` is \"always\", and it holds no key that can be encrypted to")]
    NoEncryptionKey,
    /// A note: it gives no key to encrypt with.
    #[error(
        "it holds no certificate for encryption: its assertions go in clear through the browser"
    )]
    NoKeyForEncryption,
    /// A note: nobody can tell it that somebody signs out.
    #[error("it names no address for logout (SingleLogoutService)")]
    NoLogout,
    /// A warning: a `KeyDescriptor` holds no key, perhaps only the name of one.
    #[error("KeyDescriptor {0} holds neither a certificate nor a KeyValue and does not count")]
    NoKey(usize),
    /// A fault: no address takes answers over HTTP-POST.
    #[error("no AssertionConsumerService takes HTTP-POST")]
    NoPost,
    /// A fault: there is no `SPSSODescriptor` for SAML 2.0.
    #[error("it describes no service provider of SAML 2.0")]
    NoServiceProvider,
    /// A warning: no key verifies requests, so all of them count as unsigned.
    #[error("it holds no key for signing: every request counts as unsigned")]
    NoSigningKey,
    /// A fault: requests must be signed, and no key verifies one.
    #[error("requests must be signed, and it holds no key for signing")]
    NoSigningKeyToRequire,
    /// A fault: no entity of the file has the name that is meant.
    #[error("it describes no entity of the name that `entity-id` gives")]
    NoSuchEntity,
    /// A fault: the root is neither an `EntityDescriptor` nor an `EntitiesDescriptor`.
    #[error("it is neither an EntityDescriptor nor an EntitiesDescriptor")]
    NotEntities,
    /// A warning: an address of another binding cannot be read and does not count.
    #[error("AssertionConsumerService {0}, of a binding that is not used here, does not count")]
    OtherBindingIgnored(usize),
    /// A note: it says that its requests are signed, and so those that are not are refused.
    #[error("it promises that its requests are signed: unsigned ones are refused")]
    PromisesSignatures,
    /// A note: it says that its requests are signed, and the administrator has others taken.
    #[error("it promises that its requests are signed, and unsigned ones are taken all the same")]
    PromiseWaived,
    /// A note: there are several addresses that take answers.
    #[error("it takes answers at {0} addresses, and a request may name any of them")]
    SeveralAcs(usize),
    /// A fault: the keys that should have signed it did not (R-90, IIP-MD03).
    #[error("it is not signed as `metadata-signed-by` asks for: {0}")]
    Signature(SignatureFault),
    /// A fault: the certificates of those that should have signed it are none, which nobody else is to
    /// blame for.
    #[error("a certificate of `metadata-signed-by` cannot be used: {0}")]
    SignedBy(KeyFault),
    /// A warning: a signed Response alone is configured, and the provider wants signed assertions.
    #[error("the provider wants signed assertions, and `sign` is \"response\"")]
    SignedAssertionWanted,
    /// A fault: the file holds several entities, and nobody says which one is meant.
    #[error("it describes {0} service providers, and no `entity-id` says which one is meant")]
    SeveralEntities(usize),
    /// A fault: there are several `SPSSODescriptor` elements for SAML 2.0.
    #[error("it describes several service providers of SAML 2.0")]
    SeveralServiceProviders,
    /// A fault: a key for signing cannot be used, and there is no other one. RSA below 2048 bits is such a
    /// case.
    #[error("the key for signing in KeyDescriptor {place} cannot be used: {fault}")]
    SigningKey {
        /// Which `KeyDescriptor`.
        place: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A warning: a key for signing cannot be used, and another one can.
    #[error(
        "the key for signing in KeyDescriptor {place} cannot be used and does not count: {fault}"
    )]
    SigningKeyIgnored {
        /// Which `KeyDescriptor`.
        place: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A warning: several addresses say that they are the default; the first one is.
    #[error("several AssertionConsumerService elements are the default: the first one counts")]
    SeveralDefaults,
    /// A fault: an element is there twice, or holds elements where text belongs.
    #[error("{0} does not have the shape of the standard")]
    Shape(&'static str),
    /// A fault: there are more keys than are read.
    #[error("its KeyDescriptor elements hold more than {0} keys")]
    TooManyKeys(usize),
    /// A warning: an address for people is none that a page of ours leads to.
    #[error("{0} holds no plain address on the web and is not shown")]
    UiLinkIgnored(&'static str),
    /// A fault: a `validUntil` is no instant.
    #[error("a validUntil is not an instant")]
    ValidUntil,
    /// A fault: it has no end, and must have one (R-90, IIP-MD04).
    #[error("it has no validUntil, and `max-validity-days` asks for one")]
    ValidForEver,
    /// A fault: it ends later than it may (R-90, IIP-MD04).
    #[error("its validUntil is further ahead ({0}) than `max-validity-days` allows")]
    ValidTooLong(Timestamp),
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The provider cannot be registered with it.
    Fault,
    /// Somebody should see to it.
    Warning,
    /// Worth knowing for whoever registers the provider, and told to nobody else.
    Note,
}

impl Weight {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    /// Whether the provider cannot be registered with it.
    pub fn is_fault(&self) -> bool {
        self.weight() == Weight::Fault
    }

    /// How much it weighs.
    pub const fn weight(&self) -> Weight {
        match self {
            Self::AcsLocation { .. }
            | Self::AcsIndex(_)
            | Self::AcsIndexRepeated(_)
            | Self::Boolean(_)
            | Self::CacheDuration
            | Self::Door(_)
            | Self::Empty
            | Self::EntityId(_)
            | Self::EntityRepeated
            | Self::InClearByRefusal
            | Self::KeyUse(_)
            | Self::NoEncryptionKey
            | Self::NoPost
            | Self::NoServiceProvider
            | Self::NoSigningKeyToRequire
            | Self::NoSuchEntity
            | Self::NotEntities
            | Self::SeveralEntities(_)
            | Self::SeveralServiceProviders
            | Self::Shape(_)
            | Self::Signature(_)
            | Self::SignedBy(_)
            | Self::SigningKey { .. }
            | Self::TooManyKeys(_)
            | Self::ValidUntil
            | Self::ValidForEver
            | Self::ValidTooLong(_) => Weight::Fault,
            Self::AttributeConsumingServiceRepeated(_)
            | Self::CertificatePlaceholder
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYet { .. }
            | Self::CertificateWeakDigest { .. }
            | Self::CertificatesInOne(_)
            | Self::EncryptedInUnsignedResponse
            | Self::EncryptionCertificateExpired { .. }
            | Self::EncryptionKey { .. }
            | Self::EncryptionMethods(_)
            | Self::EncryptionMethodsRefused(_)
            | Self::Expired(_)
            | Self::ExpiresSoon(_)
            | Self::Http(_)
            | Self::InClear
            | Self::KeyValueIgnored(_)
            | Self::NameIdFormat
            | Self::NoKey(_)
            | Self::NoSigningKey
            | Self::OtherBindingIgnored(_)
            | Self::SeveralDefaults
            | Self::SignedAssertionWanted
            | Self::SigningKeyIgnored { .. }
            | Self::UiLinkIgnored(_) => Weight::Warning,
            Self::CertificateEndsSoon { .. }
            | Self::NoKeyForEncryption
            | Self::NoLogout
            | Self::PromiseWaived
            | Self::PromisesSignatures
            | Self::SeveralAcs(_) => Weight::Note,
        }
    }

    /// What to do about it.
    pub const fn hint(&self) -> Hint {
        match self {
            Self::AcsLocation { .. } | Self::Http(_) => Hint::Https,
            Self::AcsIndex(_)
            | Self::AcsIndexRepeated(_)
            | Self::Boolean(_)
            | Self::CacheDuration
            | Self::EntityId(_)
            | Self::EntityRepeated
            | Self::KeyUse(_)
            | Self::NoPost
            | Self::Shape(_)
            | Self::SeveralServiceProviders
            | Self::TooManyKeys(_)
            | Self::ValidUntil => Hint::Mend,
            Self::AttributeConsumingServiceRepeated(_)
            | Self::KeyValueIgnored(_)
            | Self::NoKey(_)
            | Self::SigningKeyIgnored { .. }
            | Self::UiLinkIgnored(_)
            | Self::OtherBindingIgnored(_)
            | Self::SeveralDefaults => Hint::TellThem,
            Self::Signature(_) => Hint::OtherSigner,
            Self::SignedBy(_) => Hint::SignersAsPem,
            Self::SigningKey { .. } => Hint::StrongerKey,
            Self::CertificateEndsSoon { .. } => Hint::NextCertificate,
            Self::CertificateExpired { .. } | Self::EncryptionCertificateExpired { .. } => {
                Hint::PresentMetadata
            }
            Self::CertificateNotYet { .. } => Hint::Clock,
            Self::CertificatePlaceholder => Hint::Replace,
            Self::CertificateWeakDigest { .. } => Hint::KeyCounts,
            Self::CertificatesInOne(_) => Hint::WhetherTheFirst,
            Self::Door(DoorFault::TooLarge(
                Bound::AttributesInDocument | Bound::Bytes | Bound::Elements | Bound::References,
            )) => Hint::LargerOrAlone,
            Self::Door(_) | Self::Empty => Hint::NotAPage,
            Self::EncryptionMethodsRefused(_) | Self::InClearByRefusal => Hint::RefuseLess,
            Self::EncryptedInUnsignedResponse => Hint::SignBoth,
            Self::EncryptionKey { .. }
            | Self::EncryptionMethods(_)
            | Self::InClear
            | Self::NoKeyForEncryption => Hint::Clear,
            Self::Expired(_) | Self::ExpiresSoon(_) => Hint::TakeAgain,
            Self::NameIdFormat => Hint::HowItKnowsPeople,
            Self::NoEncryptionKey => Hint::KeyToEncryptTo,
            Self::NoLogout => Hint::StaysSignedIn,
            Self::NoServiceProvider | Self::NotEntities => Hint::ServiceProvider,
            Self::NoSigningKey => Hint::Unsigned,
            Self::NoSigningKeyToRequire => Hint::Certificate,
            Self::NoSuchEntity => Hint::AsInTheFile,
            Self::PromiseWaived => Hint::RequireOnceSigned,
            Self::PromisesSignatures => Hint::Promise,
            Self::SeveralAcs(_) => Hint::WhetherAllAreUsed,
            Self::SeveralEntities(_) => Hint::WhichOne,
            Self::SignedAssertionWanted => Hint::SignAssertion,
            Self::ValidForEver | Self::ValidTooLong(_) => Hint::EndsSooner,
        }
    }
}

/// What stands in a hint for the name of the provider.
const NAME: &str = "NAME";

/// A hint of the provider that is called `name`.
pub(super) fn with_name(words: &str, name: &ShortName) -> String {
    words.replace(NAME, name.as_str())
}

/// What to do about a finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hint {
    /// The name has a slip.
    AsInTheFile,
    /// The key is missing.
    Certificate,
    /// Assertions go in clear, which may do.
    Clear,
    /// A clock may be wrong.
    Clock,
    /// The description lasts too long.
    EndsSooner,
    /// The `NameID` may be another one.
    HowItKnowsPeople,
    /// An address must be one of TLS.
    Https,
    /// A weak digest harms no key.
    KeyCounts,
    /// The key to encrypt to is missing.
    KeyToEncryptTo,
    /// It may be a federation's, of which one entity is meant.
    LargerOrAlone,
    /// Only the provider can mend it.
    Mend,
    /// The next certificate is to come.
    NextCertificate,
    /// It may be a page that shows the metadata.
    NotAPage,
    /// Whoever signs it may have another key.
    OtherSigner,
    /// There is a newer description.
    PresentMetadata,
    /// The provider may not keep what it promises.
    Promise,
    /// Our own rules are too strict.
    RefuseLess,
    /// The placeholder is to go.
    Replace,
    /// The provider may sign one day.
    RequireOnceSigned,
    /// It may be the metadata of an identity provider.
    ServiceProvider,
    /// The assertion is to be signed.
    SignAssertion,
    /// Assertion and Response are to be signed.
    SignBoth,
    /// The certificates are no PEM.
    SignersAsPem,
    /// That is how it is.
    StaysSignedIn,
    /// The key is too weak, or of another kind.
    StrongerKey,
    /// There is a newer description, which counts longer.
    TakeAgain,
    /// It harms nobody.
    TellThem,
    /// Nobody signs requests.
    Unsigned,
    /// Not all addresses may be in use.
    WhetherAllAreUsed,
    /// Another certificate may be the one that signs.
    WhetherTheFirst,
    /// There are several.
    WhichOne,
}

/// A weak digest, in words.
fn weak(digest: WeakDigest) -> String {
    match digest.name() {
        Some(name) => format!("{name}, which is weak"),
        None => "a digest that is not known here".to_owned(),
    }
}

impl Hint {
    /// In words, as commands and logs say it of the provider that is called `name` here.
    pub fn words_of(self, name: &ShortName) -> String {
        with_name(self.words(), name)
    }

    /// The same of one that is not there yet, and is perhaps to be called so.
    pub fn words_before(self, name: Option<&ShortName>) -> String {
        let words = if self == Self::Replace {
            "name the provider's own address or file; or begin with this one, and put its own in the place of it later: \
             passerelle sp add NAME --replace --metadata URL"
        } else {
            self.words()
        };
        name.map_or_else(|| words.to_owned(), |name| with_name(words, name))
    }

    /// In words, in which [`NAME`] stands for the provider.
    const fn words(self) -> &'static str {
        match self {
            Self::AsInTheFile => "write `entity-id` as it stands in the file",
            Self::Certificate => {
                "ask the provider for its certificate, or write require-signed-requests = false"
            }
            Self::Clear => {
                "nothing to do where clear assertions will do, as only the person's own browser sees \
                 them; else ask the provider for an RSA key that takes AES-GCM, or write `cipher` and \
                 `key-transport` where it takes more than it lists"
            }
            Self::Clock => "it counts already; is the clock of this machine right?",
            Self::EndsSooner => "ask for metadata that ends sooner, or raise `max-validity-days`",
            Self::HowItKnowsPeople => {
                "ask the provider how it knows people, and write that as `name-id`"
            }
            Self::Https => "ask the provider for an https address: answers go to no other one",
            Self::KeyCounts => "the key counts all the same; tell the provider",
            Self::KeyToEncryptTo => {
                "ask the provider for one, or write encrypt = \"when-possible\""
            }
            Self::LargerOrAlone => {
                "if it is a whole federation, ask its Metadata Query service for the one provider \
                 (`metadata-query`), or write `metadata-max-mib`"
            }
            Self::Mend => {
                "ask the provider to mend its metadata: whoever guesses here answers a stranger"
            }
            Self::NextCertificate => {
                "it still counts after that day; ask the provider when the next one comes, and take its \
                 metadata again then"
            }
            Self::NotAPage => {
                "take the metadata as the provider serves it, not a page that shows it"
            }
            Self::OtherSigner => {
                "if whoever signs it has another key by now, ask them for its certificate by a way that \
                 you know"
            }
            Self::PresentMetadata => {
                "it counts all the same; ask the provider for its present metadata"
            }
            Self::Promise => {
                "if sign-ins end at a page that says that the request is not signed, have them signed \
                 there, or write require-signed-requests = false"
            }
            Self::RefuseLess => {
                "take the algorithm off `refuse`, or write encrypt = \"never\" where clear assertions will do"
            }
            Self::Replace => {
                "passerelle sp add NAME --replace --metadata URL, where URL is the provider's own address or file"
            }
            Self::RequireOnceSigned => {
                "write require-signed-requests = true once it does sign them"
            }
            Self::ServiceProvider => {
                "take the metadata of the service provider, and not that of an identity provider"
            }
            Self::SignAssertion => "write sign = \"assertion\", or \"both\"",
            Self::SignBoth => "write sign = \"both\" in its table",
            Self::SignersAsPem => {
                "PEM: the certificate of each key that may sign, one after the other"
            }
            Self::StaysSignedIn => "nothing to do: whoever signs out here stays signed in there",
            Self::StrongerKey => {
                "ask the provider for a certificate of RSA 2048 bits or more, or of EC P-256, P-384 or P-521"
            }
            Self::TakeAgain => "take the provider's metadata again",
            Self::TellThem => "tell the provider; sign-ins work all the same",
            Self::Unsigned => {
                "answers go to the addresses of its metadata alone; to have requests signed, ask the \
                 provider for its certificate"
            }
            Self::WhetherAllAreUsed => {
                "ask the provider whether all are in use: each may get answers"
            }
            Self::WhetherTheFirst => "ask the provider whether it is the first one that signs",
            Self::WhichOne => "say which one is meant: --entity-id, or `entity-id`",
        }
    }
}
