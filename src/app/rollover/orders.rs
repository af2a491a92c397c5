//! Begins a roll-over, switches a provider, ends it: what `passerelle keys rollover` changes in the configuration.
//!
//! As with providers ([`registrar`](crate::app::registrar)), nothing is written before the whole configuration,
//! as it would then be, was loaded and found right, and what is written takes its place at once.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::Offset};
use serde::Serialize;

use super::{Standing, place_of};
use crate::{
    app::{
        build::Built,
        registrar::{FileToPut, Registrar, RegistrarFault},
    },
    config::{
        edit::{self, EditFault},
        fault::ConfigFault,
        keys::{Kept, SigningKeySource, names_no_file},
        sections::Service,
        sp::SpConfig,
    },
    model::short_name::ShortName,
    sys::file::{InMemory, Rights},
    xmlsec::{
        SigningKey, VerifyingKey,
        keys::{GeneratedKey, KeyFault, NewKey},
    },
};

/// A sound configuration, and the keys that it names.
#[derive(Debug)]
pub struct RollOver {
    registrar: Registrar,
    built: Built,
    keys: Vec<SigningKey>,
    next: Option<SigningKey>,
}

/// The key that is to come.
#[derive(Clone, Copy, Debug)]
pub enum NextKey<'a> {
    /// In a file that somebody brings, a credential or a key in a token: as the configuration would name it.
    Brought(&'a Path),
    /// A new one; its file comes to where the first one's is.
    Made(&'a GeneratedKey),
}

/// How it stands with a roll-over.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The key that is replaced; the first one where no roll-over is on.
    pub present: ShownKey,
    /// The key that takes its place; none where no roll-over is on.
    pub next: Option<ShownKey>,
    /// How it stands with each provider, in the order of the names.
    pub providers: Vec<ShownProvider>,
    /// Key files beside the present key, where that is a file, that the configuration does not name: that of a roll-over that is over, or
    /// of a beginning that was stopped in its midst.
    pub unnamed: Vec<PathBuf>,
}

/// What anybody may know of a key.
#[derive(Clone, Debug, Serialize)]
pub struct ShownKey {
    /// Its file, or what names it in a token.
    pub file: PathBuf,
    /// Its kind and size.
    pub key: String,
    /// When its certificate ends.
    pub ends_at: Timestamp,
    /// SHA-256 of its certificate.
    pub sha256: String,
}

/// A provider in a roll-over.
#[derive(Clone, Debug, Serialize)]
pub struct ShownProvider {
    /// Our name for it.
    pub name: ShortName,
    /// How it stands with it.
    pub standing: Standing,
    /// Whether its certificate of ours is typed into a form, which has one place for it.
    pub is_by_hand: bool,
}

/// Why nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum RollOverFault {
    /// There is a next key.
    #[error("a roll-over is on already, to {0}: finish it first")]
    AlreadyOn(PathBuf),
    /// The configuration cannot be changed so.
    #[error(transparent)]
    Edit(#[from] EditFault),
    /// The key cannot be used.
    #[error("the key cannot be used")]
    Key(#[from] KeyFault),
    /// The present key still signs for somebody.
    #[error("the present key is still needed for {}: first {}, or the time that is planned", listed(.0), switching(.0))]
    Left(Vec<ShortName>),
    /// The first key is a credential or in a token, beside which no file can come.
    #[error(
        "the first key of keys.signing is no file beside which a new one could come: make the next key where it is to be, \
         and name it with --key"
    )]
    NoFile,
    /// There is no next key.
    #[error("no roll-over is on: `passerelle keys rollover start` begins one")]
    NotOn,
    /// The service could not read the key that is brought.
    #[error(
        "{0} belongs to another user than {1}, which the service reads: chown --reference={1} {0}",
        brought.display(),
        present.display()
    )]
    OtherOwner {
        /// The key that is brought.
        brought: PathBuf,
        /// The present one.
        present: PathBuf,
    },
    /// The time to switch at has passed.
    #[error("{0:.0} is in the past")]
    Over(Timestamp),
    /// What the configuration is, or would be, cannot be used, or could not be written.
    #[error(transparent)]
    Registrar(#[from] RegistrarFault),
    /// The next key makes no signature that the provider verifies.
    #[error("sp.{0} verifies nothing that the next key signs")]
    Unable(ShortName),
    /// Another key signs for the provider, before and after.
    #[error("another key signs for sp.{0}, before and after this roll-over")]
    Unconcerned(ShortName),
    /// There is no such provider.
    #[error("there is no provider {0}; there are: {1}")]
    Unknown(ShortName, String),
}

fn listed(names: &[ShortName]) -> String {
    let names: Vec<_> = names.iter().map(ShortName::as_str).collect();
    names.join(", ")
}

/// What has the next key sign for each of them.
fn switching(names: &[ShortName]) -> String {
    let commands = { names.iter() }.map(|name| format!("`passerelle keys rollover switch {name}`"));
    commands.collect::<Vec<_>>().join(", ")
}

impl RollOver {
    /// Loads all that the configuration of `registrar` names.
    ///
    /// # Errors
    ///
    /// Something of it is wrong.
    pub fn open(registrar: Registrar) -> Result<Self, RollOverFault> {
        let built = registrar.built()?;
        let named = registrar.named();
        let keys = named.signing.iter().map(SigningKey::open);
        let keys = keys.collect::<Result<_, _>>()?;
        let next = named.next.map(SigningKey::open).transpose()?;
        Ok(Self {
            registrar,
            built,
            keys,
            next,
        })
    }

    /// Which kind of key is made where nobody says it: that of the first key.
    pub fn usual_kind(&self) -> Option<NewKey> {
        let first = self.keys.first()?.certificate_der();
        let first = VerifyingKey::from_certificate_der(first).ok()?;
        Some(NewKey::like(&first))
    }

    /// Where people and providers reach us, which the certificate of a new key names.
    pub fn origin(&self) -> &str {
        &self.built.front.origin
    }

    /// The server as these files would have it.
    pub const fn built(&self) -> &Built {
        &self.built
    }

    /// What an administrator should see to already.
    pub fn warnings(&self) -> &[ConfigFault] {
        &self.built.warnings
    }

    /// How it stands; none where the configuration names no key.
    pub fn status(&self) -> Option<Status> {
        let place = self.place();
        let named = self.registrar.named();
        let present = shown(named.signing.get(place)?, self.keys.get(place)?);
        let next = named.next.zip(self.next.as_ref());
        let next = next.map(|(file, key)| shown(file, key));
        let providers = match next {
            Some(_) => named.service_providers.iter(),
            None => [].iter(),
        };
        let providers = providers.map(|config| ShownProvider {
            name: config.short_name.clone(),
            standing: self.standing(config),
            is_by_hand: config.service == Some(Service::Zoom),
        });
        Some(Status {
            unnamed: match named.signing.get(place)?.kept {
                Kept::File { .. } => self.unnamed(&present.file),
                Kept::Token(_) => Vec::new(),
            },
            present,
            providers: providers.collect(),
            next,
        })
    }

    /// What has a name beside `present` such as `passerelle keys` gives to signing keys, and is no key of the
    /// configuration.
    fn unnamed(&self, present: &Path) -> Vec<PathBuf> {
        let named = self.registrar.named();
        // By whatever names and links they are reached.
        let real = |path: &Path| fs::canonicalize(path).ok();
        let known = { named.signing.iter().chain(named.next) }.map(|file| real(&file.path));
        let known: Vec<_> = known.collect();
        let is_key = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("signing") && path.extension() == Some("pem".as_ref())
        };
        let here = Path::new(".");
        let folder = present.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(here);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(is_key);
        let mut unnamed: Vec<_> = files.filter(|path| !known.contains(&real(path))).collect();
        unnamed.sort();
        unnamed
    }

    fn standing(&self, config: &SpConfig) -> Standing {
        let provider = self.built.front.bridge.providers.get(&config.short_name);
        Standing::of(config, provider, self.registrar.now())
    }

    fn place(&self) -> usize {
        let place = self.next.as_ref().map(|next| place_of(&self.keys, next));
        place.unwrap_or_default()
    }

    /// Begins a roll-over to `key`: it is published from the next reload on, and signs for nobody. Gives the
    /// file that it is in, and what an administrator should see to.
    ///
    /// # Errors
    ///
    /// One is on, or the configuration could not be used with this key. Nothing was written then.
    pub fn start(&self, key: NextKey<'_>) -> Result<(PathBuf, Vec<ConfigFault>), RollOverFault> {
        if let Some(next) = self.registrar.named().next {
            return Err(RollOverFault::AlreadyOn(next.path.clone()));
        }
        let text = self.registrar.text();
        let made = match key {
            NextKey::Brought(path) => {
                self.check_owner(path)?;
                let text = edit::set_next_key(text, path)?;
                let warnings = self.registrar.check_text(&text, None)?;
                self.registrar.put(None, Some(&text))?;
                return Ok((path.to_owned(), warnings));
            }
            NextKey::Made(made) => made,
        };
        let first = self.registrar.named().signing.first();
        let written = edit::first_signing_key(text);
        let (like, written) = first.zip(written).ok_or(EditFault::NoKeys)?;
        let passphrase = match &like.kept {
            Kept::File { passphrase, .. } if !names_no_file(&written) => passphrase,
            Kept::File { .. } | Kept::Token(_) => return Err(RollOverFault::NoFile),
        };
        let locked = passphrase.as_ref().map(|it| made.locked_pem(it));
        let locked = locked.transpose()?;
        let pem = locked
            .as_deref()
            .map_or(made.pem().as_bytes(), Vec::as_slice);
        let path = self.new_file(&like.path);
        let name = path.file_name().unwrap_or_default();
        let unwritten = |error| RegistrarFault::Write(path.clone(), error);
        let memory = InMemory::holding(pem).map_err(unwritten)?;
        let trial = edit::set_next_key(text, &memory.path())?;
        let warnings = self.registrar.check_text(&trial, Some((&memory, &path)))?;
        let file = FileToPut {
            path: &path,
            bytes: pem,
            is_new: true,
            seen: None,
            folder_like: None,
            rights: Rights::Like(&like.path),
        };
        let text = edit::set_next_key(text, &written.with_file_name(name))?;
        self.registrar.put(Some(file), Some(&text))?;
        Ok((path, warnings))
    }

    /// Sees to it that whoever reads the present key can read the one that is brought: root, who may give this
    /// order, reads them all. A credential has no owner here, and what is not there is told with all the rest.
    fn check_owner(&self, brought: &Path) -> Result<(), RollOverFault> {
        let owner = |path: &Path| Some(fs::metadata(path).ok()?.uid());
        let Some(present) = self.registrar.named().signing.first() else {
            return Ok(());
        };
        let is_other = owner(&present.path).zip(owner(brought));
        if is_other.is_some_and(|(present, brought)| present != brought) {
            return Err(RollOverFault::OtherOwner {
                brought: brought.to_owned(),
                present: present.path.clone(),
            });
        }
        Ok(())
    }

    /// A name with the day that no file has, beside `like`.
    fn new_file(&self, like: &Path) -> PathBuf {
        let day = Offset::UTC.to_datetime(self.registrar.now()).date();
        let mut path = like.with_file_name(format!("signing-{day}.pem"));
        let mut number = 1_u32;
        while path.exists() {
            number = number.saturating_add(1);
            path = like.with_file_name(format!("signing-{day}-{number}.pem"));
        }
        path
    }

    /// Has the next key sign for the provider `name` from then on, to the second and at the earliest now; or the
    /// present one, where `from` is none. Gives when it is switched.
    ///
    /// # Errors
    ///
    /// No roll-over is on, or it does not concern that provider, or the time is over. Nothing was written then.
    pub fn switch(
        &self,
        name: &ShortName,
        switch: Switch,
    ) -> Result<Option<Timestamp>, RollOverFault> {
        let all = self.registrar.named().service_providers;
        if self.next.is_none() {
            return Err(RollOverFault::NotOn);
        }
        let config = self.registrar.provider(name).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|config| config.short_name.clone()).collect();
            RollOverFault::Unknown(name.clone(), listed(&names))
        })?;
        let now = self.registrar.now();
        let from = match (switch, self.standing(config)) {
            (Switch::Back, _) => None,
            (_, Standing::Unable) => return Err(RollOverFault::Unable(name.clone())),
            (_, Standing::Unconcerned) => return Err(RollOverFault::Unconcerned(name.clone())),
            (Switch::At(at), _) if at < now => return Err(RollOverFault::Over(at)),
            (Switch::At(at), _) => Some(at),
            // In whole seconds, the one that has begun: it counts as soon as it is read.
            (Switch::Now, _) => Some(Timestamp::from_second(now.as_second()).unwrap_or(now)),
        };
        let text = edit::set_next_key_from(self.registrar.text(), name, from)?;
        self.registrar.check_text(&text, None)?;
        self.registrar.put(None, Some(&text))?;
        Ok(from)
    }

    /// Ends the roll-over: the next key has the place of the one that it replaces. Gives the file of that one, which
    /// stays as it is: a server that has not read the new configuration, on another machine perhaps, starts with it.
    ///
    /// # Errors
    ///
    /// No roll-over is on, or a provider is left. Nothing was written then.
    pub fn finish(&self) -> Result<PathBuf, RollOverFault> {
        if self.next.is_none() {
            return Err(RollOverFault::NotOn);
        }
        let named = self.registrar.named();
        let left = { named.service_providers.iter() }
            .filter(|config| self.standing(config).is_left())
            .map(|config| config.short_name.clone());
        let left: Vec<_> = left.collect();
        if !left.is_empty() {
            return Err(RollOverFault::Left(left));
        }
        let place = self.place();
        let file = named.signing.get(place).ok_or(EditFault::NoKeys)?;
        let file = file.path.clone();
        let text = edit::take_next_key(self.registrar.text(), place)?;
        self.registrar.check_text(&text, None)?;
        self.registrar.put(None, Some(&text))?;
        Ok(file)
    }
}

/// When a provider is switched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Switch {
    /// At that time.
    At(Timestamp),
    /// Not at all: the present key signs for it.
    Back,
    /// At once.
    Now,
}

fn shown(file: &SigningKeySource, key: &SigningKey) -> ShownKey {
    let facts = key.certificate();
    ShownKey {
        file: file.path.clone(),
        key: facts.key().to_owned(),
        ends_at: facts.not_after(),
        sha256: facts.sha256().to_owned(),
    }
}
