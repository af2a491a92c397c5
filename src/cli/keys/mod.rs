//! `passerelle keys`: makes the keys of a server, rolls the signing key over, and replaces the key that seals.

mod rollover;
mod rotate_seal;

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use rustix::process::geteuid;

use super::say;
use crate::{
    config::keys::first_line,
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::{self, OsEntropy},
        file::shared_in,
        seal::KeyRing,
        secret::Secret,
    },
    xmlsec::{
        SigningKey,
        keys::{GeneratedKey, KeyFault, KeyRequest, NewKey, generate},
    },
};

/// How long a new certificate lasts. Long, because Zoom has one slot for it and changing it stops
/// everybody for a moment: nobody checks its end, and trust is that it is the registered one.
const CERTIFICATE_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 365 * 10);
/// The file of the keys that seal.
const SEAL: &str = "seal.keys";
/// The file of the key by which persistent names are derived.
const PAIRWISE: &str = "pairwise.key";
/// Certificates begin a little before they are made, for clocks that are behind.
const BACKDATED: SignedDuration = SignedDuration::from_hours(1);

/// The kind of the signing key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Algorithm {
    /// RSA of 2048 bits, which every service provider reads.
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// An elliptic curve, P-256.
    #[value(name = "ec-p256")]
    EcP256,
    /// An elliptic curve, P-384.
    #[value(name = "ec-p384")]
    EcP384,
}

impl Algorithm {
    /// What to make, and the file that it is kept in: one for each kind, as a server may sign with several.
    const fn made_in(self) -> (NewKey, &'static str) {
        match self {
            Self::Rsa2048 => (NewKey::Rsa2048, "signing.pem"),
            Self::Rsa3072 => (NewKey::Rsa3072, "signing-rsa-3072.pem"),
            Self::EcP256 => (NewKey::EcP256, "signing-ec-p256.pem"),
            Self::EcP384 => (NewKey::EcP384, "signing-ec-p384.pem"),
        }
    }
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    missing: Missing,
}

impl Options {
    /// Whether it makes keys, and rolls none over.
    pub(super) const fn makes_keys(&self) -> bool {
        self.command.is_none()
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Has another key take the place of the signing key, one service provider after the other.
    Rollover(rollover::Options),
    /// Has a new key seal from a given time on, and those before go on to open: nothing is lost by it.
    RotateSeal(rotate_seal::Options),
}

#[derive(Args, Debug)]
struct Missing {
    /// The folder of the keys.
    #[arg(default_value = "certs")]
    folder: PathBuf,
    /// The name in the certificate: the host name of this server.
    #[arg(long, value_name = "NAME", default_value = "passerelle")]
    name: String,
    /// The kind of the signing key. All but the default one get a file named after it.
    #[arg(long, value_enum, default_value_t = Algorithm::Rsa2048)]
    algorithm: Algorithm,
    /// Has the signing key encrypted with the first line of this file, which `passphrase` in `[keys]` then names. It is made
    /// where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase: Option<PathBuf>,
}

/// Runs the command that the command line names.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    match &options.command {
        Some(Command::Rollover(options)) => rollover::run(path, options),
        Some(Command::RotateSeal(options)) => rotate_seal::run(path, options),
        None => make_missing(&options.missing),
    }
}

/// Makes the signing key, `seal.keys` and `pairwise.key` where they are missing. Overwrites nothing:
/// a lost signing key stops every sign-in, a lost pairwise key makes everybody a stranger.
fn make_missing(options: &Missing) -> anyhow::Result<()> {
    let folder = &options.folder;
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above).with_context(|| format!("{} cannot be made", above.display()))?;
    }
    // Others than the owner have nothing to do with it; one that is there stays.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let (key, file) = options.algorithm.made_in();
    let signing = folder.join(file);
    let passphrase = options.passphrase.as_deref().map(made_passphrase);
    let passphrase = passphrase.transpose()?;
    create(&signing, || {
        let made = new_key(&options.name, key)?;
        let Some(passphrase) = &passphrase else {
            return Ok(made.pem().to_owned());
        };
        Ok(String::from_utf8(made.locked_pem(passphrase)?.to_vec())?)
    })?;
    create(&folder.join(SEAL), || {
        Ok(format!(
            "# Seals sign-ins under way. One key a line; the first whose time has come seals, all open.\n{}\n",
            KeyRing::new_line(&OsEntropy)
        ))
    })?;
    create(&folder.join(PAIRWISE), || {
        Ok(format!(
            "{}\n",
            URL_SAFE_NO_PAD.encode(entropy::bytes::<32>(&OsEntropy))
        ))
    })?;
    let pem = fs::read(&signing).with_context(|| format!("{}", signing.display()))?;
    if passphrase.is_some() && SigningKey::from_pem(&pem).is_ok() {
        bail!(
            "{} was there already, and is not encrypted: docs/keys.md says how to encrypt it",
            signing.display()
        );
    }
    let key = SigningKey::from_locked_pem(&pem, passphrase.as_ref())
        .with_context(|| format!("{}", signing.display()))?;
    let facts = key.certificate();
    say(&format!(
        "{}: {}, certificate of {} until {:.0}, SHA-256 {}",
        signing.display(),
        facts.key(),
        facts.subject(),
        facts.not_after(),
        facts.sha256()
    ));
    Ok(())
}

/// The passphrase in a file, which is made where it is missing.
fn made_passphrase(path: &Path) -> anyhow::Result<Secret> {
    create(path, || {
        let drawn = entropy::bytes::<32>(&OsEntropy);
        Ok(format!("{}\n", URL_SAFE_NO_PAD.encode(drawn)))
    })?;
    let content = fs::read(path).with_context(|| format!("{}", path.display()))?;
    let line = first_line(&content);
    line.with_context(|| format!("{}: its first line is empty or too long", path.display()))
}

/// The same for a new server of this name, with a signing key of the usual kind, in a folder that is there.
pub(super) fn make(folder: &Path, name: &str) -> anyhow::Result<()> {
    let algorithm = Algorithm::Rsa2048;
    refuse_those_of_others(folder, algorithm)?;
    make_missing(&Missing {
        folder: folder.to_owned(),
        name: name.to_owned(),
        algorithm,
        passphrase: None,
    })
}

/// Keys that lie there already are taken over only where nobody but us can have put them there: whoever
/// knows the signing key can say to be anybody.
fn refuse_those_of_others(folder: &Path, algorithm: Algorithm) -> anyhow::Result<()> {
    let looked_at = |path: &Path| format!("{} cannot be looked at", path.display());
    let (_, signing) = algorithm.made_in();
    let files = [signing, SEAL, PAIRWISE].map(|file| folder.join(file));
    let user = geteuid().as_raw();
    for path in [folder]
        .into_iter()
        .chain(files.iter().map(PathBuf::as_path))
    {
        match path.metadata() {
            Ok(found) if found.uid() != user => bail!(
                "{} belongs to another user: their keys are not taken over",
                path.display()
            ),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| looked_at(path)),
        }
    }
    let shared = folder
        .metadata()
        .and_then(|found| shared_in(folder, &found, 1));
    if let Some(shared) = shared.with_context(|| looked_at(folder))? {
        bail!(
            "{} can be changed by others than its owner: keys in {} are not taken over",
            shared.display(),
            folder.display()
        );
    }
    Ok(())
}

/// Makes a signing key whose certificate begins now.
fn new_key(name: &str, key: NewKey) -> Result<GeneratedKey, KeyFault> {
    let now = SystemClock.now();
    generate(&KeyRequest {
        common_name: name,
        key,
        not_before: now
            .saturating_sub(BACKDATED)
            .unwrap_or(Timestamp::UNIX_EPOCH),
        not_after: now
            .saturating_add(CERTIFICATE_LIFETIME)
            .unwrap_or(Timestamp::MAX),
    })
}

/// Makes a file that only its owner can read, unless it is there.
fn create(path: &Path, content: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<()> {
    if path
        .try_exists()
        .with_context(|| format!("{}", path.display()))?
    {
        say(&format!("{}: is there, and stays as it is", path.display()));
        return Ok(());
    }
    let content = content()?;
    let new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(path);
    new.and_then(|mut file| {
        file.write_all(content.as_bytes())
            .and_then(|()| file.sync_all())
    })
    .with_context(|| format!("{} cannot be written", path.display()))?;
    say(&format!("{}: made", path.display()));
    Ok(())
}
