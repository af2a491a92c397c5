//! Reads `[keys]`: the files made by `passerelle keys`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    document::{Report, Table},
    files::Surroundings,
};
use crate::sys::{seal::KeyRing, secret::Secret};

/// `[keys]`, with what is in the files.
#[derive(Debug)]
pub struct Keys {
    /// The signing keys. The first signs, all are published; never empty.
    pub signing: Vec<SigningKeyFile>,
    /// In a roll-over, the key that takes the place of one of them: published beside them, and signing for
    /// each provider from its `next-key-from` on.
    pub next: Option<SigningKeyFile>,
    /// The keys that seal journeys; the first seals.
    pub seal: Arc<KeyRing>,
    /// The secret from which persistent `NameID`s are made, at least 32 bytes. Losing it changes
    /// every person's name at every provider that uses them.
    pub pairwise: Secret,
}

/// A PEM file with a private key and its certificate.
#[derive(Debug)]
pub struct SigningKeyFile {
    /// Where it is, for messages.
    pub path: PathBuf,
    /// What is in it. `xmlsec::keys` parses it: that the two belong together is said there.
    pub pem: Secret,
    /// What an encrypted private key is opened with.
    pub passphrase: Option<Secret>,
}

/// The longest passphrase, in bytes: that of OpenSSL.
const MAX_PASSPHRASE_BYTES: usize = 1024;

/// The shortest pairwise secret.
const MIN_PAIRWISE_BYTES: usize = 32;

/// The signing keys, and the next one, as far as they could be read.
pub(super) type Signing = (Vec<SigningKeyFile>, Option<SigningKeyFile>);

/// Reads the section and every file that it names; the signing keys alone where others are missing.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Result<Keys, Signing> {
    let passphrase: Option<PathBuf> = table.optional("passphrase", report);
    let passphrase =
        passphrase.and_then(|path| read_passphrase(&table.at("passphrase"), &path, around, report));
    let locked_by = |file: SigningKeyFile| SigningKeyFile {
        passphrase: passphrase.clone(),
        ..file
    };
    let written: Option<Vec<PathBuf>> = table.required("signing", report);
    let signing = written.and_then(|paths| read_signing(&table, &paths, around, report));
    let signing = signing.map(|files| files.into_iter().map(locked_by).collect());
    let next: Option<PathBuf> = table.optional("next", report);
    let next = next.and_then(|path| read_signing_file(&table.at("next"), &path, around, report));
    let next = next.map(locked_by);
    let seal: Option<PathBuf> = table.required("seal", report);
    let seal = seal.and_then(|path| read_seal(&table.at("seal"), &path, around, report));
    let pairwise: Option<PathBuf> = table.required("pairwise", report);
    let pairwise =
        pairwise.and_then(|path| read_pairwise(&table.at("pairwise"), &path, around, report));
    table.finish(report);
    match (signing, seal, pairwise) {
        (Some(signing), Some(seal), Some(pairwise)) => Ok(Keys {
            signing,
            next,
            seal: Arc::new(seal),
            pairwise,
        }),
        (signing, _, _) => Err((signing.unwrap_or_default(), next)),
    }
}

fn read_signing(
    table: &Table<'_>,
    paths: &[PathBuf],
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Vec<SigningKeyFile>> {
    if paths.is_empty() {
        report
            .fault(&table.at("signing"), "names no key")
            .hint("`passerelle keys` makes one");
        return None;
    }
    let mut files = Vec::new();
    for (number, path) in (1_usize..).zip(paths) {
        let key = table.entry("signing", number);
        files.extend(read_signing_file(&key, path, around, report));
    }
    (files.len() == paths.len()).then_some(files)
}

fn read_signing_file(
    key: &str,
    path: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<SigningKeyFile> {
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
    Some(SigningKeyFile {
        path,
        pem,
        passphrase: None,
    })
}

/// The first line of a file: an editor's newline is no part of it.
fn read_passphrase(
    key: &str,
    path: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Secret> {
    let (path, content) = around.secret(key, path, report)?;
    let line = content
        .expose()
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next();
    let line = line.unwrap_or_default();
    if line.is_empty() || line.len() > MAX_PASSPHRASE_BYTES {
        let what = format!(
            "{} holds no line of 1 to {MAX_PASSPHRASE_BYTES} bytes",
            path.display()
        );
        report.fault(key, what);
        return None;
    }
    Some(Secret::new(line.to_vec()))
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
