//! The French words of what may be wrong in a provider's metadata, for its sheet; its one caller is `remark`.
//!
//! The English ones are those of the finding itself, which the log and the commands say; so the texts here are French
//! alone (`locales/administration.fr.ftl`).

use fluent_bundle::FluentArgs;

use super::{
    template::key,
    words::{Words, WordsError},
};
use crate::{
    metadata::finding::{Finding, Hint},
    model::{endpoint::InvalidEndpoint, entity_id::InvalidEntityId, short_name::ShortName},
    xml::door::DoorFault,
    xmlsec::{KeyFault, SignatureFault, keys::WeakDigest},
};

/// What is wrong, as the end of a sentence whose subject is the provider called `sp`, and what to do about it. `words` are
/// the French ones.
pub(super) fn in_french(
    words: &Words,
    finding: &Finding,
    sp: &ShortName,
) -> Result<[String; 2], WordsError> {
    let what = words.text(found_key(finding), &arguments(words, finding)?)?;
    let of_provider = [("name", sp.as_str())].into_iter().collect();
    let hint = words.text(hint_key(finding.hint()), &of_provider)?;
    Ok([what, hint])
}

const fn found_key(finding: &Finding) -> &'static str {
    match finding {
        Finding::AcsLocation { .. } => key("finding-acs-location"),
        Finding::AcsIndex(_) => key("finding-acs-index"),
        Finding::AcsIndexRepeated(_) => key("finding-acs-index-repeated"),
        Finding::AttributeConsumingServiceRepeated(_) => key("finding-attribute-list-repeated"),
        Finding::Boolean(_) => key("finding-boolean"),
        Finding::CacheDuration => key("finding-cache-duration"),
        Finding::CertificateExpired { .. } => key("finding-certificate-expired"),
        Finding::CertificateEndsSoon { .. } => key("finding-certificate-ends-soon"),
        Finding::CertificateNotYet { .. } => key("finding-certificate-not-yet"),
        Finding::CertificatePlaceholder => key("finding-certificate-placeholder"),
        Finding::CertificateWeakDigest { .. } => key("finding-certificate-weak-digest"),
        Finding::CertificatesInOne(_) => key("finding-certificates-in-one"),
        Finding::Door(_) => key("finding-door"),
        Finding::Empty => key("finding-empty"),
        Finding::EncryptionCertificateExpired { .. } => key("finding-encryption-expired"),
        Finding::EncryptionKey { .. } => key("finding-encryption-key"),
        Finding::EncryptionMethods(_) => key("finding-encryption-methods"),
        Finding::EncryptionMethodsRefused(_) => key("finding-encryption-methods-refused"),
        Finding::EncryptedInUnsignedResponse => key("finding-encrypted-in-unsigned"),
        Finding::EntityId(_) => key("finding-entity-id"),
        Finding::EntityRepeated => key("finding-entity-repeated"),
        Finding::Expired(_) => key("finding-expired"),
        Finding::ExpiresSoon(_) => key("finding-expires-soon"),
        Finding::Http(_) => key("finding-http"),
        Finding::KeyUse(_) => key("finding-key-use"),
        Finding::KeyValueIgnored(_) => key("finding-key-value-ignored"),
        Finding::NameIdFormat => key("finding-name-id-format"),
        Finding::InClear => key("finding-in-clear"),
        Finding::InClearByRefusal => key("finding-in-clear-by-refusal"),
        Finding::NoEncryptionKey => key("finding-no-encryption-key"),
        Finding::NoKeyForEncryption => key("finding-no-key-for-encryption"),
        Finding::NoLogout => key("finding-no-logout"),
        Finding::NoKey(_) => key("finding-no-key"),
        Finding::NoPost => key("finding-no-post"),
        Finding::NoServiceProvider => key("finding-no-service-provider"),
        Finding::NoSigningKey => key("finding-no-signing-key"),
        Finding::NoSigningKeyToRequire => key("finding-no-signing-key-to-require"),
        Finding::NoSuchEntity => key("finding-no-such-entity"),
        Finding::NotEntities => key("finding-not-entities"),
        Finding::OtherBindingIgnored(_) => key("finding-other-binding-ignored"),
        Finding::PromisesSignatures => key("finding-promises-signatures"),
        Finding::PromiseWaived => key("finding-promise-waived"),
        Finding::SeveralAcs(_) => key("finding-several-acs"),
        Finding::Signature(_) => key("finding-signature"),
        Finding::SignedBy(_) => key("finding-signed-by"),
        Finding::SignedAssertionWanted => key("finding-signed-assertion-wanted"),
        Finding::SeveralEntities(_) => key("finding-several-entities"),
        Finding::SeveralServiceProviders => key("finding-several-service-providers"),
        Finding::SigningKey { .. } => key("finding-signing-key"),
        Finding::SigningKeyIgnored { .. } => key("finding-signing-key-ignored"),
        Finding::SeveralDefaults => key("finding-several-defaults"),
        Finding::Shape(_) => key("finding-shape"),
        Finding::TooManyKeys(_) => key("finding-too-many-keys"),
        Finding::UiLinkIgnored(_) => key("finding-ui-link-ignored"),
        Finding::ValidUntil => key("finding-valid-until"),
        Finding::ValidForEver => key("finding-valid-for-ever"),
        Finding::ValidTooLong(_) => key("finding-valid-too-long"),
    }
}

/// What the text is filled with. Numbers are texts: they name things, and nothing is counted by them.
fn arguments(words: &Words, finding: &Finding) -> Result<FluentArgs<'static>, WordsError> {
    let mut arguments = FluentArgs::new();
    let cause = |key| words.text(key, &FluentArgs::new());
    match finding {
        Finding::AcsLocation { place, fault } => {
            arguments.set("place", place.to_string());
            arguments.set("fault", cause(endpoint_key(*fault))?);
        }
        Finding::AcsIndexRepeated(index) | Finding::AttributeConsumingServiceRepeated(index) => {
            arguments.set("index", index.to_string());
        }
        Finding::Boolean(name) | Finding::Shape(name) | Finding::UiLinkIgnored(name) => {
            arguments.set("name", *name);
        }
        Finding::CertificateExpired { subject, at }
        | Finding::CertificateEndsSoon { subject, at }
        | Finding::CertificateNotYet { subject, at }
        | Finding::EncryptionCertificateExpired { subject, at } => {
            arguments.set("subject", subject.clone());
            arguments.set("at", at.to_string());
        }
        Finding::CertificateWeakDigest { subject, digest } => {
            arguments.set("subject", subject.clone());
            arguments.set("digest", weak(words, *digest)?);
        }
        Finding::AcsIndex(place)
        | Finding::CertificatesInOne(place)
        | Finding::EncryptionMethods(place)
        | Finding::EncryptionMethodsRefused(place)
        | Finding::Http(place)
        | Finding::KeyUse(place)
        | Finding::KeyValueIgnored(place)
        | Finding::NoKey(place)
        | Finding::OtherBindingIgnored(place) => arguments.set("place", place.to_string()),
        Finding::Door(fault) => arguments.set("fault", door(words, *fault)?),
        Finding::EncryptionKey { place, fault }
        | Finding::SigningKey { place, fault }
        | Finding::SigningKeyIgnored { place, fault } => {
            arguments.set("place", place.to_string());
            arguments.set("fault", cause(unusable_key(fault))?);
        }
        Finding::EntityId(fault) => arguments.set("fault", cause(entity_id_key(*fault))?),
        Finding::Expired(at) | Finding::ExpiresSoon(at) | Finding::ValidTooLong(at) => {
            arguments.set("at", at.to_string());
        }
        Finding::SeveralAcs(count)
        | Finding::SeveralEntities(count)
        | Finding::TooManyKeys(count) => arguments.set("count", count.to_string()),
        Finding::Signature(fault) => arguments.set("fault", signature(words, *fault)?),
        Finding::SignedBy(fault) => {
            arguments.set("fault", cause(unusable_key(fault))?);
        }
        Finding::CacheDuration
        | Finding::CertificatePlaceholder
        | Finding::Empty
        | Finding::EncryptedInUnsignedResponse
        | Finding::EntityRepeated
        | Finding::InClear
        | Finding::InClearByRefusal
        | Finding::NameIdFormat
        | Finding::NoEncryptionKey
        | Finding::NoKeyForEncryption
        | Finding::NoLogout
        | Finding::NoPost
        | Finding::NoServiceProvider
        | Finding::NoSigningKey
        | Finding::NoSigningKeyToRequire
        | Finding::NoSuchEntity
        | Finding::NotEntities
        | Finding::PromiseWaived
        | Finding::PromisesSignatures
        | Finding::SeveralDefaults
        | Finding::SeveralServiceProviders
        | Finding::SignedAssertionWanted
        | Finding::ValidForEver
        | Finding::ValidUntil => {}
    }
    Ok(arguments)
}

const fn hint_key(hint: Hint) -> &'static str {
    match hint {
        Hint::AsInTheFile => key("hint-as-in-the-file"),
        Hint::Certificate => key("hint-certificate"),
        Hint::Clear => key("hint-clear"),
        Hint::Clock => key("hint-clock"),
        Hint::EndsSooner => key("hint-ends-sooner"),
        Hint::HowItKnowsPeople => key("hint-how-it-knows-people"),
        Hint::Https => key("hint-https"),
        Hint::KeyCounts => key("hint-key-counts"),
        Hint::KeyToEncryptTo => key("hint-key-to-encrypt-to"),
        Hint::LargerOrAlone => key("hint-larger-or-alone"),
        Hint::Mend => key("hint-mend"),
        Hint::NextCertificate => key("hint-next-certificate"),
        Hint::NotAPage => key("hint-not-a-page"),
        Hint::OtherSigner => key("hint-other-signer"),
        Hint::PresentMetadata => key("hint-present-metadata"),
        Hint::Promise => key("hint-promise"),
        Hint::RefuseLess => key("hint-refuse-less"),
        Hint::Replace => key("hint-replace"),
        Hint::RequireOnceSigned => key("hint-require-once-signed"),
        Hint::ServiceProvider => key("hint-service-provider"),
        Hint::SignAssertion => key("hint-sign-assertion"),
        Hint::SignBoth => key("hint-sign-both"),
        Hint::SignersAsPem => key("hint-signers-as-pem"),
        Hint::StaysSignedIn => key("hint-stays-signed-in"),
        Hint::StrongerKey => key("hint-stronger-key"),
        Hint::TakeAgain => key("hint-take-again"),
        Hint::TellThem => key("hint-tell-them"),
        Hint::Unsigned => key("hint-unsigned"),
        Hint::WhetherAllAreUsed => key("hint-whether-all-are-used"),
        Hint::WhetherTheFirst => key("hint-whether-the-first"),
        Hint::WhichOne => key("hint-which-one"),
    }
}

const fn endpoint_key(fault: InvalidEndpoint) -> &'static str {
    match fault {
        InvalidEndpoint::Character => key("fault-endpoint-character"),
        InvalidEndpoint::Fragment => key("fault-endpoint-fragment"),
        InvalidEndpoint::NotAbsolute => key("fault-endpoint-not-absolute"),
        InvalidEndpoint::SamlParameter => key("fault-endpoint-saml-parameter"),
        InvalidEndpoint::Scheme => key("fault-endpoint-scheme"),
        InvalidEndpoint::TooLong => key("fault-endpoint-too-long"),
        InvalidEndpoint::UserInformation => key("fault-endpoint-user-information"),
    }
}

const fn entity_id_key(fault: InvalidEntityId) -> &'static str {
    match fault {
        InvalidEntityId::Empty => key("fault-entity-id-empty"),
        InvalidEntityId::Space => key("fault-entity-id-space"),
        InvalidEntityId::TooLong => key("fault-entity-id-too-long"),
    }
}

const fn unusable_key(fault: &KeyFault) -> &'static str {
    match fault {
        KeyFault::Certificate => key("fault-key-certificate"),
        KeyFault::KeyValue => key("fault-key-value"),
        KeyFault::UnsupportedKind => key("fault-key-kind"),
        KeyFault::UnsupportedSize => key("fault-key-size"),
        // Only the first of these can be told of metadata: the others are of private keys.
        KeyFault::Crypto(_)
        | KeyFault::Locked
        | KeyFault::OtherKey
        | KeyFault::PrivateKey(_)
        | KeyFault::Token(_)
        | KeyFault::WrongPassphrase => key("fault-key-unusable"),
    }
}

fn weak(words: &Words, digest: WeakDigest) -> Result<String, WordsError> {
    let Some(name) = digest.name() else {
        return words.text(key("fault-digest-unknown"), &FluentArgs::new());
    };
    let arguments = [("name", name)].into_iter().collect();
    words.text(key("fault-digest-weak"), &arguments)
}

fn door(words: &Words, fault: DoorFault) -> Result<String, WordsError> {
    let mut arguments = FluentArgs::new();
    let key = match fault {
        DoorFault::CharacterReference => key("fault-xml-character-reference"),
        DoorFault::Comment => key("fault-xml-comment"),
        DoorFault::Declaration => key("fault-xml-declaration"),
        DoorFault::Doctype => key("fault-xml-doctype"),
        DoorFault::EmptyNamespace => key("fault-xml-empty-namespace"),
        DoorFault::Encoding => key("fault-xml-encoding"),
        DoorFault::LoneCarriageReturn => key("fault-xml-lone-carriage-return"),
        DoorFault::NotWellFormed { line, column } => {
            arguments.set("line", line.to_string());
            arguments.set("column", column.to_string());
            key("fault-xml-not-well-formed")
        }
        DoorFault::ProcessingInstruction => key("fault-xml-processing-instruction"),
        DoorFault::TooLarge(bound) => {
            arguments.set("part", format!("{bound:?}"));
            key("fault-xml-too-large")
        }
    };
    words.text(key, &arguments)
}

fn signature(words: &Words, fault: SignatureFault) -> Result<String, WordsError> {
    let mut arguments = FluentArgs::new();
    let key = match fault {
        SignatureFault::Algorithm(part) => {
            arguments.set("part", format!("{part:?}"));
            key("fault-signature-algorithm")
        }
        SignatureFault::Canonicalization(_) => key("fault-signature-canonicalization"),
        SignatureFault::Digest => key("fault-signature-digest"),
        SignatureFault::DuplicateId => key("fault-signature-duplicate-id"),
        SignatureFault::NoId => key("fault-signature-no-id"),
        SignatureFault::NoKeys => key("fault-signature-no-keys"),
        SignatureFault::NotByTheseKeys => key("fault-signature-not-by-these-keys"),
        SignatureFault::Misplaced => key("fault-signature-misplaced"),
        SignatureFault::OtherReference => key("fault-signature-other-reference"),
        SignatureFault::Several => key("fault-signature-several"),
        SignatureFault::Sha1Ended => key("fault-signature-sha-ended"),
        SignatureFault::Shape(part) => {
            arguments.set("part", format!("{part:?}"));
            key("fault-signature-shape")
        }
        SignatureFault::Unsigned => key("fault-signature-unsigned"),
    };
    words.text(key, &arguments)
}

#[cfg(test)]
#[path = "finding_tests.rs"]
mod tests;
