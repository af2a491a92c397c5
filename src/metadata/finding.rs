//! What may be wrong in the metadata of a service provider.

use jiff::Timestamp;

use crate::{
    model::{endpoint::InvalidEndpoint, entity_id::InvalidEntityId},
    xml::door::DoorFault,
    xmlsec::keys::KeyFault,
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
    #[error("the certificate for signing of {subject} is itself signed with a weak digest")]
    CertificateWeakDigest {
        /// Whose it is.
        subject: String,
    },
    /// A warning: of several certificates in one `X509Data` only the first counts, as the rest may be
    /// those of an authority, which must not speak for the provider.
    #[error("KeyDescriptor {0} holds several certificates in one X509Data: only the first counts")]
    CertificatesInOne(usize),
    /// A fault: the file is no XML that is read here.
    #[error("it is not taken as XML: {0}")]
    Door(DoorFault),
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

impl Finding {
    /// Whether the provider cannot be registered with it; otherwise it is a warning.
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::AcsLocation { .. }
            | Self::AcsIndex(_)
            | Self::AcsIndexRepeated(_)
            | Self::Boolean(_)
            | Self::CacheDuration
            | Self::Door(_)
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
            | Self::SigningKey { .. }
            | Self::TooManyKeys(_)
            | Self::ValidUntil
            | Self::ValidForEver
            | Self::ValidTooLong(_) => true,
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
            | Self::UiLinkIgnored(_) => false,
        }
    }
}
