//! What an administrator must see to, as data.

use std::fmt;

use jiff::Timestamp;

use super::{fingerprint::Fingerprint, short_name::ShortName};

/// One thing that ends, or is wrong.
///
/// Its `Display` says it in English, as the end of a sentence whose subject is whom it is for; the French is in
/// `edge::page::matter`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Matter {
    /// The metadata of a provider cannot be used.
    Broken,
    /// The certificate that assertions are encrypted to ends.
    EncryptionCertificate,
    /// Every provider has our next key.
    Finish,
    /// A version of its metadata waits for somebody to look at it.
    Held {
        /// Our own name for the provider.
        name: ShortName,
        /// Which version.
        version: Fingerprint,
        /// Until when the one before it counts.
        until: Option<Timestamp>,
    },
    /// An earlier version of its metadata counts.
    LastGood,
    /// Its metadata ends.
    Metadata,
    /// Our next key signs for it at a time that is planned.
    NextKey,
    /// A certificate of ours ends.
    OurCertificate {
        /// The file that it is in.
        file: String,
    },
    /// SHA-1 is taken no longer.
    Sha1,
    /// A certificate that it signs with ends.
    SigningCertificate,
    /// The source of its metadata fails.
    Source {
        /// How, in a word.
        state: &'static str,
        /// Since when.
        since: Timestamp,
    },
    /// Its metadata is older than it allows itself.
    Stale,
    /// Our next key waits for it.
    TakesNext {
        /// Our own name for the provider.
        name: ShortName,
    },
    /// It verifies nothing of our next key.
    Unable,
}

impl Matter {
    /// A word for programs, which stays.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::EncryptionCertificate => "encryption-certificate",
            Self::Finish => "finish",
            Self::Held { .. } => "held",
            Self::LastGood => "last-good",
            Self::Metadata => "metadata",
            Self::NextKey => "next-key",
            Self::OurCertificate { .. } => "our-certificate",
            Self::Sha1 => "sha1",
            Self::SigningCertificate => "signing-certificate",
            Self::Source { .. } => "source",
            Self::Stale => "stale",
            Self::TakesNext { .. } => "takes-next",
            Self::Unable => "unable",
        }
    }
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "broken: its metadata cannot be used, and nobody can sign in to it",
            Self::EncryptionCertificate => {
                "the certificate that its assertions are encrypted to ends"
            }
            Self::Finish => "every provider has the next key: passerelle keys rollover finish",
            Self::Held {
                name,
                version,
                until,
            } => {
                let until = until.map_or_else(String::new, |end| format!(" until {end:.0}"));
                return write!(
                    f,
                    "a version of its metadata is held, and the one before it counts{until}, with no key that is new: \
                     passerelle sp diff {name} --held, then sp accept or sp refuse (SHA-256 {version})"
                );
            }
            Self::LastGood => {
                "last-good: its file is broken or held, and an earlier version counts"
            }
            Self::Metadata => "its metadata ends (validUntil), and with it every sign-in",
            Self::NextKey => {
                "our next key signs for it from then on: by then it must know the certificate"
            }
            Self::OurCertificate { file } => return write!(f, "the certificate {file} ends"),
            Self::Sha1 => "SHA-1 in its requests is taken no longer (sha1-until)",
            Self::SigningCertificate => "a certificate that it signs with ends",
            Self::Source { state, since } => {
                return write!(
                    f,
                    "the source of its metadata gives nothing that can be taken ({state}, since {since:.0})"
                );
            }
            Self::Stale => {
                "stale: its metadata is older than it allows itself (cacheDuration), and counts all the same"
            }
            Self::TakesNext { name } => {
                return write!(
                    f,
                    "takes our next certificate, and then: passerelle keys rollover switch {name}"
                );
            }
            Self::Unable => "verifies nothing that our next key signs: see passerelle check",
        })
    }
}
