//! Registers a service provider, takes another version of its metadata, switches it off:
//! `passerelle sp`.
//!
//! Nothing is written before all of the configuration, as it would then be, was loaded and found right:
//! the new metadata is only in memory until then. What is written takes its place at once, the metadata
//! first and the configuration that names it behind it, so that there is no moment at which a start would
//! find the one without the other.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    build::{self, Built},
    follow::{Decision, DecisionFault, looked_at},
    look::{held, last_good},
};
use crate::{
    config::{
        self, Config,
        edit::{self, EditFault, Follow, NewProvider},
        environment::Environment,
        fault::ConfigFault,
        followed,
        named::{Faulty, Named},
        proposal::{self, Proposal},
        sp::SpConfig,
    },
    metadata::{
        difference::{self, Change, Voucher},
        intake::{self, There, Verdict},
        outline::{self, Look},
        placeholder,
        source::read_bounded,
    },
    model::{entity_id::EntityId, fingerprint::Fingerprint, short_name::ShortName},
    sys::{
        clock::Clock,
        entropy::Entropy,
        file::{Draft, InMemory, Lock, Rights, make_folder, open_file},
    },
};

mod listed;

pub use listed::{Listed, Shown};

/// Where new metadata comes to where no other provider's is, and that folder is there: the layout of
/// docs/going-live.md. Otherwise it comes to [`OWN_FOLDER`].
const USUAL_FOLDER: &str = "../metadata";
/// The folder beside the configuration.
const OWN_FOLDER: &str = "metadata";

/// A configuration, and all that can be done to the providers in it.
#[derive(Debug)]
pub struct Registrar {
    path: PathBuf,
    environment: Environment,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    text: String,
    read: Result<Config, Box<Faulty>>,
}

/// What somebody says of a new provider.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Which entity of the file is meant.
    pub entity_id: Option<EntityId>,
    /// The preset; the one that is for it where nobody says it.
    pub preset: Option<ShortName>,
    /// Where its metadata is to be asked for again and again; nowhere where nobody says it.
    pub follow: Option<Follow>,
}

/// What would become of metadata that somebody brings.
#[derive(Debug)]
pub struct Proposed {
    /// What it says.
    pub look: Look,
    /// What is different from what is there now; nothing for a new provider.
    pub changes: Vec<Change>,
    /// Whether what is there now cannot be read, nor the last good copy of it: nobody can say what would
    /// be different, and so all of it is for somebody to look at.
    pub is_incomparable: bool,
    /// Whether it takes the place of the file that came with the program: nobody trusted that, and nothing is held.
    pub replaces_placeholder: bool,
    /// What would be written; nothing where there is a fault.
    pub plan: Option<Plan>,
    /// What is wrong with presets, which may not be meant.
    pub warnings: Vec<ConfigFault>,
}

impl Proposed {
    /// Whether somebody has to look at it before it counts.
    pub fn is_held(&self) -> bool {
        self.is_incomparable || self.changes.iter().any(|change| change.is_held)
    }
}

/// What would be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The provider.
    pub name: ShortName,
    /// The file of its metadata, and what comes into it.
    pub metadata: Option<(PathBuf, Vec<u8>)>,
    /// Whether that file is new.
    pub is_new: bool,
    /// What was in that file when it was looked at; nothing where it could not be read.
    seen: Option<Vec<u8>>,
    /// The folder of the service whose copy it is, of what is followed: whose that is, its copy is too.
    of_service: Option<PathBuf>,
    /// What comes into the configuration, for people to look at.
    pub table: Option<String>,
    /// The configuration as it will be; the one that is there where nothing changes in it.
    text: Option<String>,
}

/// A file that the configuration names.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileToPut<'p> {
    pub(super) path: &'p Path,
    /// What comes into it.
    pub(super) bytes: &'p [u8],
    /// Whether nothing may be there.
    pub(super) is_new: bool,
    /// What was in it when it was looked at; nothing where it could not be read.
    pub(super) seen: Option<&'p [u8]>,
    /// What a folder that is made for it is like; the configuration's, where nothing is said.
    pub(super) folder_like: Option<&'p Path>,
    pub(super) rights: Rights<'p>,
}

/// Why nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarFault {
    /// Somebody else changed the configuration, or the metadata in it, meanwhile.
    #[error("{0} was changed meanwhile: nothing was written; look at it and try again")]
    ChangedMeanwhile(PathBuf),
    /// The configuration cannot be changed so.
    #[error("[sp.{1}]: {0}")]
    Edit(EditFault, ShortName),
    /// The configuration would be wrong.
    #[error("the configuration would have {} fault(s)", .0.len())]
    Faults(Vec<ConfigFault>),
    /// There is a file where the metadata would come to.
    #[error(
        "{0} is there already, and belongs to no provider of this name: remove it, or choose another \
         name"
    )]
    FileThere(PathBuf),
    /// A file cannot be read.
    #[error("{0} cannot be read")]
    Read(PathBuf, #[source] io::Error),
    /// A file cannot be written.
    #[error("{0} cannot be written")]
    Write(PathBuf, #[source] io::Error),
}

impl Registrar {
    /// Opens the configuration at `path`, be there faults in it or not.
    ///
    /// # Errors
    ///
    /// It cannot be read at all.
    pub fn open(
        path: &Path,
        environment: Environment,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConfigFault> {
        let text = config::read(path)?;
        let read = config::parse(path, &text, &environment);
        Ok(Self {
            path: path.to_owned(),
            environment,
            clock,
            entropy,
            text,
            read,
        })
    }

    /// What the configuration names.
    pub fn named(&self) -> Named<'_> {
        named(&self.read)
    }

    /// What is wrong in the configuration itself.
    pub fn faults(&self) -> &[ConfigFault] {
        match &self.read {
            Ok(_) => &[],
            Err(faulty) => &faulty.faults,
        }
    }

    /// The provider of this name.
    pub fn provider(&self, name: &ShortName) -> Option<&SpConfig> {
        provider(self.named(), name)
    }

    /// The text of the configuration.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The server of this configuration, as it is now.
    pub(super) fn built(&self) -> Result<Built, RegistrarFault> {
        self.load(&self.text).map_err(RegistrarFault::Faults)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What would become of `bytes` as the metadata of a new provider.
    ///
    /// # Errors
    ///
    /// There is one of this name already, or a file in its place, or no table could be made of it.
    pub fn newcomer(
        &self,
        name: &ShortName,
        bytes: &[u8],
        choice: &Choice,
    ) -> Result<Proposed, RegistrarFault> {
        let entity_id = match outline::name_in(bytes, choice.entity_id.as_ref()) {
            Ok(entity_id) => entity_id,
            Err(finding) => {
                return Ok(Proposed {
                    look: Look {
                        outline: None,
                        claimed: None,
                        findings: vec![finding],
                    },
                    changes: Vec::new(),
                    is_incomparable: false,
                    replaces_placeholder: false,
                    plan: None,
                    warnings: Vec::new(),
                });
            }
        };
        let (proposal, warnings) =
            proposal::propose(&self.path, &entity_id, choice.preset.as_ref());
        let written = self.metadata_folder().join(format!("{name}.xml"));
        let (table, text) = self.with_table(name, &written, choice, &proposal)?;
        let parsed = config::parse(&self.path, &text, &self.environment);
        let Some(config) = provider(named(&parsed), name) else {
            let faults = parsed.err().map_or_else(Vec::new, |faulty| faulty.faults);
            return Err(RegistrarFault::Faults(faults));
        };
        let look = outline::look(bytes, config, self.named().schemes, self.now());
        let plan = look.outline.is_some().then(|| Plan {
            name: name.clone(),
            metadata: Some((config.metadata_path.clone(), bytes.to_vec())),
            is_new: true,
            seen: None,
            of_service: { named(&parsed).server }
                .filter(|_| config.followed.is_some())
                .and_then(|server| server.state_folder.clone()),
            table: Some(table),
            text: Some(text),
        });
        Ok(Proposed {
            look,
            changes: Vec::new(),
            is_incomparable: false,
            replaces_placeholder: false,
            plan,
            warnings,
        })
    }

    fn with_table(
        &self,
        name: &ShortName,
        metadata: &Path,
        choice: &Choice,
        proposal: &Proposal,
    ) -> Result<(String, String), RegistrarFault> {
        let new = NewProvider {
            metadata,
            follow: choice.follow.as_ref(),
            entity_id: choice.entity_id.as_ref(),
            proposal,
        };
        let table = new.table(name);
        let text = edit::add(&self.text, name, &table)
            .map_err(|fault| RegistrarFault::Edit(fault, name.clone()))?;
        Ok((table, text))
    }

    /// Where the files of the others are, and otherwise where they are as a rule.
    fn metadata_folder(&self) -> PathBuf {
        edit::metadata_folder(&self.text).unwrap_or_else(|| {
            let beside = self.path.with_file_name(USUAL_FOLDER);
            PathBuf::from(if beside.is_dir() {
                USUAL_FOLDER
            } else {
                OWN_FOLDER
            })
        })
    }

    /// What would become of `bytes` as another version of the metadata of a provider that is there.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn successor(&self, name: &ShortName, bytes: &[u8]) -> Result<Proposed, RegistrarFault> {
        let config = self.provider(name).ok_or_else(|| unknown(name))?;
        let look = self.outlined(config, bytes);
        let file = config.metadata_path.clone();
        let seen = read(&file).ok();
        // A server goes on with the last good copy where the file itself is broken or gone.
        let kept = || read(&last_good(self.named())?.path(name)).ok();
        let outlined = |bytes: &[u8]| self.outlined(config, bytes).outline;
        let of_file = || seen.as_deref().and_then(outlined);
        // Of a file that is watched the copy counts: the file itself may be what is held, and would be compared with
        // itself where the copy is gone.
        let watched = last_good(self.named()).filter(|_| config.is_watched);
        let old = match watched.map(|copies| copies.counting(name)) {
            Some(Ok(Some(counting))) => outlined(&counting),
            Some(Err(_lost)) => None,
            Some(Ok(None)) => of_file(),
            None => of_file().or_else(|| kept().as_deref().and_then(outlined)),
        };
        let mut changes = match (&old, &look.outline) {
            (Some(old), Some(new)) => {
                difference::between(old, new, Voucher::of(config), self.now())
            }
            (None, _) | (_, None) => Vec::new(),
        };
        let is_incomparable = old.is_none();
        let replaces_placeholder = !is_incomparable
            && seen.as_deref().is_some_and(placeholder::is_shipped)
            && self.is_first_version(config);
        if replaces_placeholder {
            for change in &mut changes {
                change.is_held = false;
            }
        }
        let plan = look.outline.is_some().then(|| Plan {
            name: name.clone(),
            is_new: !file.exists(),
            metadata: Some((file, bytes.to_vec())),
            seen,
            of_service: None,
            table: None,
            text: None,
        });
        Ok(Proposed {
            look,
            changes,
            is_incomparable,
            replaces_placeholder,
            plan,
            warnings: Vec::new(),
        })
    }

    /// Whether the file that is there is all that ever counted of a provider, as far as is known: it comes from no source
    /// and is not watched, so that somebody brings each version, and no copy is of another one than the placeholder.
    fn is_first_version(&self, config: &SpConfig) -> bool {
        let copies = last_good(self.named());
        let copy = copies.map(|copies| read(&copies.path(&config.short_name)));
        let is_none_other = match copy {
            None => true,
            Some(Ok(copy)) => placeholder::is_shipped(&copy),
            Some(Err(error)) => error.kind() == io::ErrorKind::NotFound,
        };
        config.followed.is_none() && !config.is_watched && is_none_other
    }

    /// Waits until nobody is deciding in the state folder, and no server is reading it to start; held as long as the
    /// value. Nothing where there is no such folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be looked at.
    pub fn turn(&self) -> io::Result<Option<Lock>> {
        let server = self.named().server;
        let folder = server.and_then(|server| server.state_folder.as_deref());
        folder.map(state_turn).transpose()
    }

    /// The version of a provider's metadata that is held; nothing where none is.
    pub fn held(&self, name: &ShortName) -> Option<Vec<u8>> {
        held(self.named())?.waiting(name)
    }

    /// Carries out what the administrator decided of that version, where no server runs: the next one goes
    /// by it. Gives why what was held before cannot be removed, where that is so: the version counts all the same.
    ///
    /// # Errors
    ///
    /// None is held, or another one, or it cannot be used, or not be written.
    pub fn decide(
        &self,
        name: &ShortName,
        version: Fingerprint,
        decision: Decision,
    ) -> Result<Option<io::Error>, DecisionFault> {
        let named = self.named();
        let there = held(named).zip(last_good(named)).zip(self.provider(name));
        let ((held, copies), config) = there.ok_or(DecisionFault::NothingHeld)?;
        let bytes = looked_at(&held, name, version)?;
        if decision == Decision::Refuse {
            held.refuse(name)?;
            return Ok(None);
        }
        let there = There::default();
        let verdict = intake::judge(&bytes, config, named.schemes, there, self.now());
        if let Verdict::Unusable(state) = verdict {
            return Err(DecisionFault::Unusable(state));
        }
        copies.take(name, &bytes, self.now())?;
        Ok(held.forget(name).err())
    }

    /// What it takes to switch the provider off; none where it is off already.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn retirement(&self, name: &ShortName) -> Result<Option<Plan>, RegistrarFault> {
        let config = self.provider(name).ok_or_else(|| unknown(name))?;
        if !config.enabled {
            return Ok(None);
        }
        let text = edit::retire(&self.text, name)
            .map_err(|fault| RegistrarFault::Edit(fault, name.clone()))?;
        Ok(Some(Plan {
            name: name.clone(),
            metadata: None,
            is_new: false,
            seen: None,
            of_service: None,
            table: Some(format!("[sp.{name}]\nenabled = false\n")),
            text: Some(text),
        }))
    }

    /// What the metadata of a provider says now.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn look(&self, config: &SpConfig) -> Result<Look, RegistrarFault> {
        let path = &config.metadata_path;
        let bytes = read(path).map_err(|error| RegistrarFault::Read(path.clone(), error))?;
        Ok(self.outlined(config, &bytes))
    }

    fn outlined(&self, config: &SpConfig, bytes: &[u8]) -> Look {
        outline::look(bytes, config, self.named().schemes, self.now())
    }

    /// Loads all of the configuration as it would be, and gives what an administrator should see to then
    /// and not now.
    ///
    /// # Errors
    ///
    /// Every fault that it would have and does not have now, or all of it where it cannot be used.
    pub fn check(&self, plan: &Plan) -> Result<Vec<ConfigFault>, RegistrarFault> {
        if let Some((file, _)) = plan.metadata.as_ref().filter(|_| plan.is_new)
            && file.exists()
        {
            return Err(RegistrarFault::FileThere(file.clone()));
        }
        let mut text = plan.text.clone().unwrap_or_else(|| self.text.clone());
        let mut trial = None;
        if let Some((file, bytes)) = &plan.metadata {
            let memory = InMemory::holding(bytes)
                .map_err(|error| RegistrarFault::Write(file.clone(), error))?;
            text = edit::set_metadata(&text, &plan.name, &memory.path())
                .map_err(|fault| RegistrarFault::Edit(fault, plan.name.clone()))?;
            trial = Some((memory, file));
        }
        let known = match self.told(&self.text) {
            Ok(known) => known,
            // To switch a provider off waits for nobody to mend what has nothing to do with it.
            Err(faults) if plan.metadata.is_none() => (faults, Vec::new()),
            Err(_) => (Vec::new(), Vec::new()),
        };
        let trial = trial.as_ref().map(|(memory, file)| (memory, &***file));
        self.news(&text, trial, &known)
    }

    /// Loads all of a configuration that reads `text`, and gives what an administrator should see to then and
    /// not now. Of `trial`, the first is in the place of the second in it.
    ///
    /// # Errors
    ///
    /// Every fault that it would have and this one does not.
    pub(super) fn check_text(
        &self,
        text: &str,
        trial: Option<(&InMemory, &Path)>,
    ) -> Result<Vec<ConfigFault>, RegistrarFault> {
        let known = self.told(&self.text).unwrap_or_default();
        self.news(text, trial, &known)
    }

    fn news(
        &self,
        text: &str,
        trial: Option<(&InMemory, &Path)>,
        known: &(Vec<ConfigFault>, Vec<ConfigFault>),
    ) -> Result<Vec<ConfigFault>, RegistrarFault> {
        let (mut faults, mut warnings) = match self.told(text) {
            Ok(told) => told,
            Err(faults) => (faults, Vec::new()),
        };
        if let Some((memory, file)) = trial {
            for fault in faults.iter_mut().chain(&mut warnings) {
                if fault.file == memory.path() {
                    file.clone_into(&mut fault.file);
                }
            }
        }
        faults.retain(|fault| !is_among(fault, &known.0));
        warnings.retain(|warning| !is_among(warning, &known.1));
        if !faults.is_empty() {
            return Err(RegistrarFault::Faults(faults));
        }
        Ok(warnings)
    }

    /// The faults of single providers and the warnings of a configuration that can be used.
    fn told(&self, text: &str) -> Result<(Vec<ConfigFault>, Vec<ConfigFault>), Vec<ConfigFault>> {
        let built = self.load(text)?;
        Ok((built.faults_of_providers, built.warnings))
    }

    fn load(&self, text: &str) -> Result<Built, Vec<ConfigFault>> {
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        build::load_text(&self.path, text, &self.environment, clock, entropy)
    }

    /// Writes what was planned and [checked](Self::check).
    ///
    /// # Errors
    ///
    /// It could not be written, and then nothing was, or the configuration is another one by now.
    pub fn carry_out(&self, plan: &Plan) -> Result<(), RegistrarFault> {
        let file = { plan.metadata.as_ref() }.map(|(path, bytes)| FileToPut {
            path,
            bytes,
            is_new: plan.is_new,
            seen: plan.seen.as_deref(),
            folder_like: plan.of_service.as_deref(),
            rights: match &plan.of_service {
                Some(folder) => Rights::Of(folder, 0o600),
                // A new one is for whoever may read the configuration.
                None if plan.is_new => Rights::Like(&self.path),
                None => Rights::Like(path),
            },
        });
        self.put(file, plan.text.as_deref())
    }

    /// Writes a file that the configuration names, and its own text, in this order.
    ///
    /// # Errors
    ///
    /// As [`carry_out`](Self::carry_out).
    pub(super) fn put(
        &self,
        file: Option<FileToPut<'_>>,
        text: Option<&str>,
    ) -> Result<(), RegistrarFault> {
        // A link stays one: what it leads to is replaced.
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_new| path.to_owned());
        let configuration = real(&self.path);
        let written = |path: &Path, done: io::Result<()>| {
            done.map_err(|error| RegistrarFault::Write(path.to_owned(), error))
        };
        let real_file = file.map(|file| real(file.path));
        if let Some(folder) = real_file.as_deref().and_then(Path::parent)
            && let Some(file) = file.filter(|file| file.is_new)
        {
            let like = configuration.parent().unwrap_or_else(|| Path::new("."));
            let like = file.folder_like.unwrap_or(like);
            written(folder, make_folder(folder, like))?;
        }
        // Until all is written: what is compared here is then still what gets replaced. Another configuration
        // may have its metadata in the same folder.
        let _lock = Lock::beside({ real_file.as_deref().into_iter() }.chain([&*configuration]))
            .map_err(|error| RegistrarFault::Write(configuration.clone(), error))?;
        let is_same = config::read(&self.path).is_ok_and(|text| text == self.text);
        if !is_same {
            return Err(RegistrarFault::ChangedMeanwhile(self.path.clone()));
        }
        if let Some(FileToPut { path, seen, .. }) = file
            && read(path).ok().as_deref() != seen
        {
            return Err(RegistrarFault::ChangedMeanwhile(path.to_owned()));
        }
        let draft = |path: &Path, bytes: &[u8], rights: Rights<'_>| {
            Draft::write(path, bytes, rights)
                .map_err(|error| RegistrarFault::Write(path.to_owned(), error))
        };
        let new_file = match (file, &real_file) {
            (Some(file), Some(path)) => Some(draft(path, file.bytes, file.rights)?),
            (None, _) | (_, None) => None,
        };
        let new_configuration = text
            .map(|text| {
                draft(
                    &configuration,
                    text.as_bytes(),
                    Rights::Like(&configuration),
                )
            })
            .transpose()?;
        let mut made = None;
        if let (Some(FileToPut { is_new, .. }), Some(draft), Some(path)) =
            (file, new_file, real_file)
        {
            let put = if is_new { draft.put_new() } else { draft.put() };
            written(&path, put)?;
            made = is_new.then_some(path);
        }
        let Some(draft) = new_configuration else {
            return Ok(());
        };
        written(&configuration, draft.put()).inspect_err(|_| {
            // Where the configuration is still the old one, nobody names the new file.
            let is_same = config::read(&self.path).is_ok_and(|text| text == self.text);
            if let Some(file) = made.filter(|_| is_same) {
                let _ = fs::remove_file(file);
            }
        })
    }
}

/// Waits for whoever reads or decides in the folder of the state, a server that starts or a command while none runs:
/// each would go by what the other is just changing.
///
/// # Errors
///
/// The folder cannot be looked at.
pub fn state_turn(state_folder: &Path) -> io::Result<Lock> {
    Lock::beside([&*state_folder.join("held")])
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // How large it may be is for its reader.
    open_file(path).and_then(|file| read_bounded(file, followed::MOST_MIB))
}

/// Whether `fault` is one of these, wherever it stands: lines move when a table comes or changes.
fn is_among(fault: &ConfigFault, known: &[ConfigFault]) -> bool {
    known
        .iter()
        .any(|it| (&it.file, &it.key, &it.what) == (&fault.file, &fault.key, &fault.what))
}

fn unknown(name: &ShortName) -> RegistrarFault {
    RegistrarFault::Edit(EditFault::NotThere, name.clone())
}

fn named(read: &Result<Config, Box<Faulty>>) -> Named<'_> {
    match read {
        Ok(config) => config.named(),
        Err(faulty) => faulty.named(),
    }
}

fn provider<'n>(named: Named<'n>, name: &ShortName) -> Option<&'n SpConfig> {
    let mut providers = named.service_providers.iter();
    providers.find(|config| config.short_name == *name)
}
