//! What is told of how it stands with a provider's metadata, as data: what is wrong in it, and what becomes of that.
//!
//! The English words are here, as the log and the commands say them, and `edge::page::remark` has the French ones.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    finding::{Finding, with_name},
    registry::Clash,
    signature_methods::SignatureMethodFault,
};
use crate::{
    config::fault::ConfigFault,
    model::{entity_id::EntityId, short_name::ShortName},
};

/// One thing that is told of a provider's metadata.
#[derive(Debug)]
pub enum Remark {
    /// It cannot, or should not, stand beside another one.
    Clash(Clash),
    /// Something is wrong in its file.
    Finding(Finding),
    /// The same in the copy that is used in its place.
    FindingInCopy(Finding),
    /// Another version of its file waits for somebody to look at it.
    Held,
    /// A copy of its file is used.
    LastGood(InItsPlace),
    /// By what it declares, nothing can be signed for it once the next key is in the place of the present one.
    NextKeyUnfit(SignatureMethodFault),
    /// It cannot be answered.
    NobodyGetsIn,
    /// Its source has given nothing yet.
    NotFetched,
    /// It is older than its `cacheDuration` allows, since then.
    Old(Timestamp),
    /// An administrator turned this version of its file down.
    Refused,
    /// Its file cannot be read.
    Unreadable {
        /// In words of ours, where there are some.
        kind: io::ErrorKind,
        /// In those of the system.
        said: String,
    },
    /// By what it declares, nothing can be signed for it.
    Unverifiable(SignatureMethodFault),
}

/// The copy of an earlier file, which is used in the place of the present one.
#[derive(Debug)]
pub struct InItsPlace {
    /// Whose metadata it is.
    pub entity_id: EntityId,
    /// Since when it is kept, where the file system says that.
    pub kept_on: Option<Timestamp>,
    /// Where it is.
    pub copy: PathBuf,
}

/// A remark, and the file and the provider of which it is made.
#[derive(Debug)]
pub struct Told {
    /// As the log and the commands say it.
    pub fault: ConfigFault,
    /// What it says.
    pub remark: Remark,
    /// Of which provider.
    pub sp: ShortName,
}

impl Remark {
    /// Makes it of `file`, of the provider called `sp`.
    pub fn of(self, file: &Path, sp: &ShortName) -> Told {
        Told {
            fault: ConfigFault {
                key: format!("sp.{sp}"),
                hint: self.hint(sp),
                ..ConfigFault::of_file(file, self.to_string())
            },
            remark: self,
            sp: sp.clone(),
        }
    }

    /// What to do about it for the provider called `sp`, where that can be said.
    pub fn hint(&self, sp: &ShortName) -> Option<String> {
        let words = match self {
            Self::Finding(finding) => return Some(finding.hint().words_of(sp)),
            Self::Held => {
                "passerelle sp diff NAME --held shows what it would change, and its SHA-256; passerelle sp accept NAME \
                 SHA256 takes it"
            }
            Self::LastGood(_) => {
                "mend the file; if the version before it must not count, remove that copy and start again"
            }
            Self::NextKeyUnfit(_) => "roll over to a key of the present one's kind",
            Self::Refused => {
                "to take it after all, remove held/NAME.refused below the state folder: the running server holds it \
                 again, for sp accept"
            }
            Self::Unverifiable(_) => {
                "name a key that it can verify in keys.signing, or ask the provider what it verifies and \
                 write it as `signature`"
            }
            Self::Clash(_)
            | Self::FindingInCopy(_)
            | Self::NobodyGetsIn
            | Self::NotFetched
            | Self::Old(_)
            | Self::Unreadable { .. } => return None,
        };
        Some(with_name(words, sp))
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clash(clash) => clash.fmt(f),
            Self::Finding(finding) | Self::FindingInCopy(finding) => finding.fmt(f),
            Self::Held => f.write_str("is held until somebody has looked at what changes in it"),
            Self::LastGood(in_its_place) => in_its_place.fmt(f),
            Self::NextKeyUnfit(fault) => {
                write!(f, "with keys.next in the place of the present key: {fault}")
            }
            Self::NobodyGetsIn => {
                f.write_str("nobody can sign in to this provider until it is mended")
            }
            Self::NotFetched => f.write_str(
                "nothing was fetched yet: the running server does it, and goes on trying",
            ),
            Self::Old(since) => write!(
                f,
                "is older than its cacheDuration allows (since {since}): fetch it again"
            ),
            Self::Refused => f.write_str("was refused by an administrator"),
            Self::Unreadable { kind: _, said } => write!(f, "cannot be read: {said}"),
            Self::Unverifiable(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for InItsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the last good version is used in its place, with all keys and addresses in it: that of {}",
            self.entity_id.as_str()
        )?;
        if let Some(kept_on) = self.kept_on {
            write!(f, ", kept on {kept_on:.0}")?;
        }
        write!(f, ", {}", self.copy.display())
    }
}

impl From<io::Error> for Remark {
    fn from(error: io::Error) -> Self {
        Self::Unreadable {
            kind: error.kind(),
            said: error.to_string(),
        }
    }
}
