//! Reads `[keys]`: the files made by `passerelle keys`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use super::files::MAX_SECRET_BYTES;
use super::{
    document::{Report, Table},
    files::{CREDENTIAL, MAX_CERTIFICATE_BYTES, Surroundings, read_text},
    token_uri::{self, TokenName},
};
use crate::sys::{seal::KeyRing, secret::Secret};

/// `[keys]`, with what is in the files.
#[derive(Debug)]
pub struct Keys {
    /// The signing keys. The first signs, all are published; never empty.
    pub signing: Vec<SigningKeySource>,
    /// In a roll-over, the key that takes the place of one of them: published beside them, and signing for
    /// each provider from its `next-key-from` on.
    pub next: Option<SigningKeySource>,
    /// The keys that seal journeys, and values in a store elsewhere.
    pub seal: Arc<KeyRing>,
    /// Where they are.
    pub seal_place: SealPlace,
    /// The secret from which persistent `NameID`s are made, at least 32 bytes. Losing it changes
    /// every person's name at every provider that uses them.
    pub pairwise: Secret,
}

/// Where the keys that seal are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SealPlace {
    /// A file.
    File(PathBuf),
    /// A credential of systemd, which is not written from here.
    Credential,
}

/// One of our signing keys, as the configuration names it.
#[derive(Debug)]
pub struct SigningKeySource {
    /// What it is called in messages: its file, or the part of its PKCS#11 URI that names it.
    pub path: PathBuf,
    /// Where it is kept, and what opens it.
    pub kept: Kept,
}

/// Where a private key and its certificate are kept. `xmlsec::keys` opens it: that the two belong together is
/// said there.
#[derive(Debug)]
pub enum Kept {
    /// In one PEM file.
    File {
        /// What is in it.
        pem: Secret,
        /// What an encrypted private key is opened with.
        passphrase: Option<Secret>,
    },
    /// In a token, which signs by it and does not give it away (PKCS#11).
    Token(Arc<TokenKey>),
}

/// A private key in a token, and what is needed to have the token sign by it.
#[derive(Debug)]
pub struct TokenKey {
    /// The library that speaks to the token.
    pub module: PathBuf,
    /// The token.
    pub token: TokenName,
    /// The label of the private key (`CKA_LABEL`).
    pub label: Option<String>,
    /// The `CKA_ID` of the private key.
    pub id: Option<Vec<u8>>,
    /// The PIN of the token's user; none where none is needed.
    pub pin: Option<Secret>,
    /// The certificate in PEM form, where it is not taken from the token.
    pub certificate: Option<Vec<u8>>,
}

impl TokenKey {
    /// Whether `other` names the same key in the same way, by the same PIN and with the same certificate.
    pub fn is_as(&self, other: &Self) -> bool {
        let Self {
            module,
            token,
            label,
            id,
            pin,
            certificate,
        } = self;
        let is_same_pin = match (pin, &other.pin) {
            (Some(one), Some(another)) => one.matches(another.expose()),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let named = (module, token, label, id, certificate);
        is_same_pin
            && named
                == (
                    &other.module,
                    &other.token,
                    &other.label,
                    &other.id,
                    &other.certificate,
                )
    }
}

/// The longest passphrase or PIN, in bytes: that of OpenSSL.
const MAX_LINE_BYTES: usize = 1024;

/// The shortest pairwise secret.
const MIN_PAIRWISE_BYTES: usize = 32;

/// Whether `written`, in the place of a key file, names none: a credential, or a key in a token.
pub fn names_no_file(written: &Path) -> bool {
    let is_one = |text: &str| text.starts_with(CREDENTIAL) || token_uri::is_one(text);
    written.to_str().is_some_and(is_one)
}

/// What could be read where not all could.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The signing keys.
    pub(super) signing: Vec<SigningKeySource>,
    /// The next one.
    pub(super) next: Option<SigningKeySource>,
    /// Where those are that seal.
    pub(super) seal_place: Option<SealPlace>,
}

/// Reads the section and every file that it names; the signing keys alone where others are missing.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Result<Keys, Known> {
    let passphrase: Option<PathBuf> = table.optional("passphrase", report);
    let passphrase =
        passphrase.and_then(|path| read_line(&table.at("passphrase"), &path, around, report));
    let locked_by = |mut source: SigningKeySource| {
        if let Kept::File {
            passphrase: place, ..
        } = &mut source.kept
        {
            place.clone_from(&passphrase);
        }
        source
    };
    let written: Option<Vec<PathBuf>> = table.required("signing", report);
    let signing = written.and_then(|paths| read_signing(&table, &paths, around, report));
    let signing = signing.map(|sources| sources.into_iter().map(locked_by).collect());
    let next: Option<PathBuf> = table.optional("next", report);
    let next = next.and_then(|path| read_signing_key(&table.at("next"), &path, around, report));
    let next = next.map(locked_by);
    let seal_at: Option<PathBuf> = table.required("seal", report);
    let seal_place = seal_at.as_ref().map(|path| {
        if names_no_file(path) {
            SealPlace::Credential
        } else {
            SealPlace::File(around.path(path))
        }
    });
    let seal =
        { seal_at.as_ref() }.and_then(|path| read_seal(&table.at("seal"), path, around, report));
    let pairwise: Option<PathBuf> = table.required("pairwise", report);
    let pairwise =
        pairwise.and_then(|path| read_pairwise(&table.at("pairwise"), &path, around, report));
    table.finish(report);
    let seal = seal.zip(seal_place.clone());
    match (signing, seal, pairwise) {
        (Some(signing), Some((seal, seal_place)), Some(pairwise)) => Ok(Keys {
            signing,
            next,
            seal: Arc::new(seal),
            seal_place,
            pairwise,
        }),
        (signing, _, _) => Err(Known {
            signing: signing.unwrap_or_default(),
            next,
            seal_place,
        }),
    }
}

fn read_signing(
    table: &Table<'_>,
    paths: &[PathBuf],
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Vec<SigningKeySource>> {
    if paths.is_empty() {
        report
            .fault(&table.at("signing"), "names no key")
            .hint("`passerelle keys` makes one");
        return None;
    }
    let mut sources = Vec::new();
    for (number, path) in (1_usize..).zip(paths) {
        let key = table.entry("signing", number);
        sources.extend(read_signing_key(&key, path, around, report));
    }
    (sources.len() == paths.len()).then_some(sources)
}

fn read_signing_key(
    key: &str,
    path: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<SigningKeySource> {
    if let Some(uri) = path.to_str().filter(|text| token_uri::is_one(text)) {
        return read_token_key(key, uri.trim(), around, report);
    }
    let (path, pem) = around.secret(key, path, report)?;
    let holds = |word: &[u8]| pem.expose().windows(word.len()).any(|at| at == word);
    if !holds(b"PRIVATE KEY-----") || !holds(b"BEGIN CERTIFICATE-----") {
        let what = format!(
            "{} is not a private key with its certificate",
            path.display()
        );
        report
            .fault(key, what)
            .hint("one PEM file holds both, the key first");
        return None;
    }
    Some(SigningKeySource {
        path,
        kept: Kept::File {
            pem,
            passphrase: None,
        },
    })
}

fn read_token_key(
    key: &str,
    uri: &str,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<SigningKeySource> {
    let parsed = token_uri::parse(uri).map_err(|fault| {
        report.fault(key, fault.to_string()).hint(fault.hint());
    });
    let parsed = parsed.ok()?;
    // Its code runs as ours: whoever may change it has the key sign.
    let module = around.existing(key, &parsed.module, report);
    let pin = { parsed.pin.as_deref() }.map(|path| read_line(key, path, around, report));
    let certificate = parsed.certificate.as_deref().map(|path| {
        let path = around.existing(key, path, report)?;
        let read = read_text(&path, MAX_CERTIFICATE_BYTES).map_err(|what| {
            report.fault(key, format!("{} {what}", path.display()));
        });
        read.ok()
    });
    Some(SigningKeySource {
        path: token_uri::shown(uri),
        kept: Kept::Token(Arc::new(TokenKey {
            module: module?,
            token: parsed.token,
            label: parsed.object,
            id: parsed.id,
            // None where none is named; what is named and cannot be read is a fault.
            pin: pin.map_or(Some(None), |read| read.map(Some))?,
            certificate: certificate
                .map_or(Some(None), |read| read.map(String::into_bytes).map(Some))?,
        })),
    })
}

/// What opens a key: the first line of what is in a file, as an editor's newline is no part of it. None where it is
/// empty or too long.
pub fn first_line(content: &[u8]) -> Option<Secret> {
    let mut lines = content.split(|byte| matches!(byte, b'\n' | b'\r'));
    let line = lines.next().unwrap_or_default();
    let fits = (1..=MAX_LINE_BYTES).contains(&line.len());
    fits.then(|| Secret::new(line.to_vec()))
}

fn read_line(
    key: &str,
    path: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Secret> {
    let (path, content) = around.secret(key, path, report)?;
    let line = first_line(content.expose());
    if line.is_none() {
        let what = format!(
            "{} holds no line of 1 to {MAX_LINE_BYTES} bytes",
            path.display()
        );
        report.fault(key, what);
    }
    line
}

fn read_seal(
    key: &str,
    path: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<KeyRing> {
    let (path, content) = around.secret(key, path, report)?;
    let Ok(text) = std::str::from_utf8(content.expose()) else {
        report.fault(key, format!("{} is not text", path.display()));
        return None;
    };
    match KeyRing::parse(text) {
        Ok(ring) => Some(ring),
        Err(fault) => {
            report
                .fault(key, format!("{}: {fault}", path.display()))
                .hint("`passerelle keys` makes a key ring; each line of it is one key");
            None
        }
    }
}

fn read_pairwise(
    key: &str,
    path: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Secret> {
    let (path, content) = around.secret(key, path, report)?;
    // An editor's newline at the end must not change every person's name.
    let secret = Secret::new(content.expose().trim_ascii_end().to_vec());
    if secret.expose().len() < MIN_PAIRWISE_BYTES {
        report
            .fault(key, format!("{} holds less than 32 bytes", path.display()))
            .hint("`passerelle keys` makes one; never change it once persons have signed in");
        return None;
    }
    Some(secret)
}
