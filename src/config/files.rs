//! The files that the configuration names, and who may read them.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{document::Report, environment::Environment, sections::Algorithm};
use crate::{
    model::endpoint::Schemes,
    sys::{
        file::{open_at_once, shared_in, shortened},
        secret::Secret,
        tls,
    },
};

/// What the sections need besides their own text.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    /// The folder of the configuration file, from which relative paths start.
    pub(super) folder: &'a Path,
    pub(super) environment: &'a Environment,
    pub(super) schemes: Schemes,
    /// What the service keeps is there, where it keeps anything.
    pub(super) state_folder: Option<&'a Path>,
    /// The folder of metadata that is watched, if any is, as the system knows it.
    pub(super) watched: Option<&'a Path>,
    /// Those of all providers.
    pub(super) refused_algorithms: &'a [Algorithm],
}

/// The largest key file that is read; a key with its certificate takes some 4 KiB.
pub const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The largest file of certificates of peers or of our own that is read.
pub(super) const MAX_CERTIFICATE_BYTES: u64 = 64 * 1024;

/// The largest file of authorities that is read; all those of a system take some 250 KiB.
const MAX_AUTHORITIES_BYTES: u64 = 1024 * 1024;

/// How deep a folder of the service's own is looked into: a folder for each kind, and its files.
const OWN_FOLDER_DEPTH: usize = 2;

/// How a key file in systemd's credentials folder is named.
pub(super) const CREDENTIAL: &str = "credential:";

/// What to do about a file or folder that is named by `written` and cannot be opened.
pub(super) fn hint_of(written: &Path, error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::PermissionDenied {
        "run this as the user of the service (sudo -u passerelle …), or let that user read it"
    } else if written.is_relative() {
        "relative paths start at the folder of the configuration file"
    } else {
        "is it there, and spelt so?"
    }
}

impl Surroundings<'_> {
    /// The path of a file that the configuration names, whether it exists or not.
    pub(super) fn path(&self, written: &Path) -> PathBuf {
        shortened(&self.folder.join(written))
    }

    /// The password that is in a file which nobody else may read.
    pub(super) fn password(
        &self,
        key: &str,
        written: &Path,
        report: &mut Report,
    ) -> Option<Secret> {
        let (path, content) = self.secret(key, written, report)?;
        // An editor's newline at the end is not a part of it.
        let content = content.expose();
        let end = content.strip_suffix(b"\n").unwrap_or(content);
        let password = end.strip_suffix(b"\r").unwrap_or(end);
        if password.is_empty() || str::from_utf8(password).is_err() || password.contains(&0) {
            report.fault(key, format!("{} holds no password", path.display()));
            return None;
        }
        Some(Secret::new(password.to_vec()))
    }

    /// The path of a file that must be there.
    pub(super) fn existing(
        &self,
        key: &str,
        written: &Path,
        report: &mut Report,
    ) -> Option<PathBuf> {
        let path = self.path(written);
        match path.metadata() {
            // Whoever changes what is in it decides where answers go, or who people are.
            Ok(found)
                if found.permissions().mode() & 0o002 != 0 && self.schemes != Schemes::Lab =>
            {
                report
                    .fault(
                        key,
                        format!("{} can be changed by everybody", path.display()),
                    )
                    .hint(format!("chmod o-w {}", path.display()));
                None
            }
            Ok(found) if found.is_file() => Some(path),
            Ok(_) => {
                report.fault(key, format!("{} is not a file", path.display()));
                None
            }
            Err(error) => {
                report
                    .fault(key, format!("{} cannot be read: {error}", path.display()))
                    .hint(hint_of(written, &error));
                None
            }
        }
    }

    /// The path of a metadata file, which is loaded later and may be missing then: what is wrong with
    /// one provider stops none of the others.
    pub(super) fn metadata(
        &self,
        key: &str,
        written: &Path,
        report: &mut Report,
    ) -> Option<PathBuf> {
        let path = self.path(written);
        if path.exists() {
            return self.existing(key, written, report);
        }
        Some(path)
    }

    /// The path of a folder that nobody but its owner may write to, nor to anything in it: what the
    /// service keeps there, it believes later.
    pub(super) fn own_folder(
        &self,
        key: &str,
        written: &Path,
        report: &mut Report,
    ) -> Option<PathBuf> {
        let path = self.path(written);
        let found = path.metadata().and_then(|found| {
            let shared = shared_in(&path, &found, OWN_FOLDER_DEPTH)?;
            Ok((found.is_dir(), shared))
        });
        match found {
            Ok((true, None)) => return Some(path),
            Ok((false, _)) => {
                report.fault(key, format!("{} is not a folder", path.display()));
            }
            Ok((true, Some(shared))) => {
                let what = "can be changed by others than its owner";
                report
                    .fault(key, format!("{} {what}", shared.display()))
                    .hint(format!("chmod -R go-w {}", path.display()));
            }
            Err(error) => {
                report
                    .fault(key, format!("{} cannot be read: {error}", path.display()))
                    .hint(hint_of(written, &error));
            }
        }
        None
    }

    /// The content of a file of authorities, PEM certificates, that TLS can be spoken with (R-64).
    pub(super) fn authorities(
        &self,
        key: &str,
        written: &Path,
        report: &mut Report,
    ) -> Option<Vec<u8>> {
        let path = self.existing(key, written, report)?;
        let what = match read_text(&path, MAX_AUTHORITIES_BYTES) {
            Ok(pem) => match tls::check_authorities(pem.as_bytes()) {
                Ok(()) => return Some(pem.into_bytes()),
                Err(error) => error.to_string(),
            },
            Err(what) => what,
        };
        report
            .fault(key, format!("{}: {what}", path.display()))
            .hint("PEM: the certificate of each authority that is believed, one after the other");
        None
    }

    /// The path and the content of a key file that nobody but its owner may read (R-100).
    pub(super) fn secret(
        &self,
        key: &str,
        written: &Path,
        report: &mut Report,
    ) -> Option<(PathBuf, Secret)> {
        match self.read_secret(written) {
            Ok(found) => Some(found),
            Err(SecretFault { what, hint }) => {
                report.fault(key, what).hint(hint);
                None
            }
        }
    }

    fn read_secret(&self, written: &Path) -> Result<(PathBuf, Secret), SecretFault> {
        let credential = written
            .to_str()
            .and_then(|text| text.strip_prefix(CREDENTIAL));
        let path = match credential {
            Some(name) => self.credential(name)?,
            None => self.path(written),
        };
        let unreadable = |error: io::Error| {
            SecretFault {
            what: format!("{} cannot be read: {error}", path.display()),
            hint: "the user of the service must own it; `passerelle keys` makes those of [keys], `install -m 400 \
                   /dev/stdin FILE` that of a password"
                .into(),
        }
        };
        let file = open_at_once(&path).map_err(unreadable)?;
        // Asked of the open file: a name could lead to another file a moment later.
        let found = file.metadata().map_err(unreadable)?;
        if !found.is_file() {
            return Err(SecretFault {
                what: format!("{} is not a file", path.display()),
                hint: "name the key file itself".into(),
            });
        }
        // systemd guards its credentials folder by other means than the mode of each file.
        if credential.is_none() && found.permissions().mode() & 0o077 != 0 {
            return Err(SecretFault {
                what: format!("{} can be read by others than its owner", path.display()),
                hint: format!("chmod 0400 {}", path.display()),
            });
        }
        if found.len() > MAX_SECRET_BYTES {
            return Err(SecretFault {
                what: format!("{} is larger than 64 KiB", path.display()),
                hint: "name the key file itself".into(),
            });
        }
        let mut bytes = Vec::new();
        file.take(MAX_SECRET_BYTES)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        Ok((path, Secret::new(bytes)))
    }

    fn credential(&self, name: &str) -> Result<PathBuf, SecretFault> {
        let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
        if !is_plain {
            return Err(SecretFault {
                what: "does not name a credential".into(),
                hint: "write credential:NAME with the NAME of a LoadCredential= line".into(),
            });
        }
        let Some(folder) = &self.environment.credentials_directory else {
            return Err(SecretFault {
                what: "names a credential, and systemd gave none".into(),
                hint: format!(
                    "add LoadCredential={name}:/path/to/the/file to the unit; at a shell, set CREDENTIALS_DIRECTORY to \
                     the folder of the running service, /run/credentials/NAME-OF-THE-UNIT.service"
                ),
            });
        };
        Ok(folder.join(name))
    }
}

struct SecretFault {
    what: String,
    hint: String,
}

/// Reads a text file of at most `limit` bytes.
pub(super) fn read_text(path: &Path, limit: u64) -> Result<String, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(format!("is larger than {limit} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_for_what_cannot_be_opened_fits_the_reason() {
        for (written, kind, hint) in [
            ("zoom.xml", io::ErrorKind::NotFound, "relative paths start"),
            ("/etc/zoom.xml", io::ErrorKind::NotFound, "is it there"),
            (
                "zoom.xml",
                io::ErrorKind::PermissionDenied,
                "sudo -u passerelle",
            ),
            (
                "/etc/zoom.xml",
                io::ErrorKind::PermissionDenied,
                "sudo -u passerelle",
            ),
        ] {
            let told = hint_of(Path::new(written), &kind.into());
            assert!(told.contains(hint), "{written}: {told}");
        }
    }
}
