//! What an administrator must see to, as data.

use std::fmt;

use jiff::Timestamp;

use super::{fingerprint::Fingerprint, short_name::ShortName};

/// The word for metadata that cannot be used.
pub const BROKEN: &str = "broken";
/// The word for metadata that came with the program.
pub const PLACEHOLDER: &str = "placeholder";
/// The word for a roll-over that can be ended.
pub const FINISH: &str = "finish";
/// The word for a key that signs from a moment on.
pub const NEXT_KEY: &str = "next-key";
/// The word for a provider that our next key waits for.
pub const TAKES_NEXT: &str = "takes-next";
/// The word for a provider for which our next key cannot sign.
pub const UNABLE: &str = "unable";

/// One thing that ends, or is wrong.
///
/// Its `Display` says it in English, as the end of a sentence whose subject is whom it is for; the French is in
/// `edge::page::matter`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Matter {
    /// The metadata of a provider cannot be used.
    Broken(Supplied),
    /// The certificate that assertions are encrypted to ends.
    EncryptionCertificate(Supplied),
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
    LastGood(Supplied),
    /// Its metadata ends.
    Metadata(Supplied),
    /// Our next key signs for it at a time that is planned.
    NextKey {
        /// Our own name for the provider.
        name: ShortName,
        /// Whether somebody pastes our certificate there, into the only place that there is.
        is_by_hand: bool,
    },
    /// A certificate of ours ends.
    OurCertificate {
        /// The file that it is in.
        file: String,
        /// What it is for.
        used: Used,
    },
    /// Its metadata is what came with the program, and not its own.
    Placeholder {
        /// Our own name for the provider.
        name: ShortName,
    },
    /// SHA-1 is taken no longer.
    Sha1 {
        /// Our own name for the provider.
        name: ShortName,
    },
    /// A certificate that it signs with ends.
    SigningCertificate(Supplied),
    /// The source of its metadata fails.
    Source {
        /// How, in a word.
        state: &'static str,
        /// Since when.
        since: Timestamp,
    },
    /// Its metadata is older than it allows itself.
    Stale(Supplied),
    /// Our next key waits for it.
    TakesNext {
        /// Our own name for the provider.
        name: ShortName,
    },
    /// It verifies nothing of our next key.
    Unable,
}

/// A provider, and how its metadata comes here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Supplied {
    /// Our own name for it.
    pub name: ShortName,
    /// Whether whatever its source gives is taken by itself: an address that is asked again and again, or a file that is
    /// watched. If not, an administrator brings it.
    pub is_followed: bool,
}

/// What a certificate of ours is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Used {
    /// Browsers believe our listener by it.
    Listener,
    /// Providers verify by it what we sign.
    Signing,
    /// The same while a roll-over is on.
    SigningInRollOver,
}

/// What to do about a matter that does not say it itself, where something can be done here.
///
/// Its `Display` says it in English; the French is in `edge::page::matter`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Advice<'m> {
    /// See what is wrong, and take metadata again that is sound.
    Mend(&'m ShortName),
    /// Have the source give metadata that is sound.
    MendAtSource(&'m ShortName),
    /// Have its administrator do without SHA-1.
    NoSha1(&'m ShortName),
    /// Paste our next certificate at that moment.
    Paste(&'m ShortName),
    /// Have the provider publish later metadata, which is taken by itself.
    Publish,
    /// Renew what our listener shows.
    Renew,
    /// Take its own metadata.
    Replace(&'m ShortName),
    /// Begin a roll-over.
    RollOver,
    /// Go on with the roll-over that is on.
    RollOverIsOn,
    /// See what keeps the source from answering.
    Source,
    /// Take metadata again.
    TakeAgain(&'m ShortName),
    /// Have the provider take ours again.
    TakesOurs,
}

impl Supplied {
    const fn advice(&self, followed: Advice<'static>) -> Advice<'_> {
        if self.is_followed {
            followed
        } else {
            Advice::TakeAgain(&self.name)
        }
    }

    const fn mend(&self) -> Advice<'_> {
        if self.is_followed {
            Advice::MendAtSource(&self.name)
        } else {
            Advice::Mend(&self.name)
        }
    }
}

impl Matter {
    /// What to do about it, where its own sentence does not say that.
    pub const fn advice(&self) -> Option<Advice<'_>> {
        Some(match self {
            Self::Broken(of) | Self::LastGood(of) => of.mend(),
            Self::EncryptionCertificate(of)
            | Self::Metadata(of)
            | Self::SigningCertificate(of)
            | Self::Stale(of) => of.advice(Advice::Publish),
            Self::NextKey {
                name,
                is_by_hand: true,
            } => Advice::Paste(name),
            Self::NextKey { .. } => Advice::TakesOurs,
            Self::OurCertificate { file: _, used } => match used {
                Used::Listener => Advice::Renew,
                Used::Signing => Advice::RollOver,
                Used::SigningInRollOver => Advice::RollOverIsOn,
            },
            Self::Placeholder { name } => Advice::Replace(name),
            Self::Sha1 { name } => Advice::NoSha1(name),
            Self::Source { .. } => Advice::Source,
            Self::Finish | Self::Held { .. } | Self::TakesNext { .. } | Self::Unable => {
                return None;
            }
        })
    }

    /// Its end as it is written: the day, or the moment where something happens at it.
    pub fn written(&self, end: Timestamp) -> String {
        written(self.kind(), end)
    }

    /// A word for programs, which stays.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Broken(_) => BROKEN,
            Self::EncryptionCertificate(_) => "encryption-certificate",
            Self::Finish => FINISH,
            Self::Held { .. } => "held",
            Self::LastGood(_) => "last-good",
            Self::Metadata(_) => "metadata",
            Self::NextKey { .. } => NEXT_KEY,
            Self::OurCertificate { .. } => "our-certificate",
            Self::Placeholder { .. } => PLACEHOLDER,
            Self::Sha1 { .. } => "sha1",
            Self::SigningCertificate(_) => "signing-certificate",
            Self::Source { .. } => "source",
            Self::Stale(_) => "stale",
            Self::TakesNext { .. } => TAKES_NEXT,
            Self::Unable => UNABLE,
        }
    }
}

/// How the end of a matter of this [kind](Matter::kind) is written.
pub fn written(kind: &str, end: Timestamp) -> String {
    if kind == NEXT_KEY {
        // Whoever must do something at that moment wants to know it, and not the day alone.
        format!("{end:.0}")
    } else {
        end.strftime("%Y-%m-%d").to_string()
    }
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mend(name) => {
                return write!(
                    f,
                    "see what is wrong by passerelle sp check {name}, and take its metadata again: passerelle sp add {name} \
                     --replace --metadata URL, where URL is its own address or file"
                );
            }
            Self::MendAtSource(name) => {
                return write!(
                    f,
                    "see what is wrong by passerelle sp check {name}: as soon as its source gives a sound version, that is \
                     taken by itself"
                );
            }
            Self::NoSha1(name) => {
                return write!(
                    f,
                    "have its administrator sign with SHA-256; as long as that must wait, put sha1-until of the table sp.{name} off"
                );
            }
            Self::Paste(name) => {
                return write!(
                    f,
                    "at that moment, paste what passerelle zoom-settings --sp {name} --next prints"
                );
            }
            Self::Publish => {
                "its administrator has to publish a later one: what its source gives is taken by itself"
            }
            Self::Renew => "renew it, and have it taken: passerelle reload",
            Self::Replace(name) => {
                return write!(
                    f,
                    "put its own in the place of it: passerelle sp add {name} --replace --metadata URL, where URL is its own \
                     address or file"
                );
            }
            Self::RollOver => {
                "passerelle keys rollover start makes the next key, which each provider takes in its own time"
            }
            Self::RollOverIsOn => {
                "a roll-over is on: passerelle keys rollover status says what is left of it"
            }
            Self::Source => {
                "see whether it answers this machine, and otherwise ask its administrator"
            }
            Self::TakeAgain(name) => {
                return write!(
                    f,
                    "take its metadata again: passerelle sp add {name} --replace --metadata URL, where URL is its own address \
                     or file"
                );
            }
            Self::TakesOurs => "have it take our metadata again before then",
        })
    }
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken(_) => "broken: its metadata cannot be used, and nobody can sign in to it",
            Self::EncryptionCertificate(_) => {
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
                     passerelle sp diff {name} --held, then passerelle sp accept {name} {version} or passerelle sp \
                     refuse {name} {version}"
                );
            }
            Self::LastGood(_) => {
                "last-good: its file is broken or held, and an earlier version counts"
            }
            Self::Metadata(_) => "its metadata ends (validUntil), and with it every sign-in",
            Self::NextKey { .. } => {
                "our next key signs for it from then on: by then it must know the certificate"
            }
            Self::OurCertificate { file, used: _ } => return write!(f, "the certificate {file} ends"),
            Self::Placeholder { .. } => {
                "its metadata is the placeholder that came with Passerelle, and nothing that it signs can be verified"
            }
            Self::Sha1 { .. } => "SHA-1 in its requests is taken no longer (sha1-until)",
            Self::SigningCertificate(_) => "a certificate that it signs with ends",
            Self::Source { state, since } => {
                return write!(
                    f,
                    "the source of its metadata gives nothing that can be taken ({state}, since {since:.0})"
                );
            }
            Self::Stale(_) => {
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
