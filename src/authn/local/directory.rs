//! The people of one file, found by the name they sign in with.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::Arc,
};

use super::{
    password::StoredHash,
    people::{self, Person},
};
use crate::{
    authn::{account_name::AccountName, ldap::Record},
    config::fault::ConfigFault,
    model::attribute::Attributes,
    sys::hmac::sha256,
};

/// The largest file of people, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The people of one file; at least one.
#[derive(Debug)]
pub struct Directory {
    people: HashMap<AccountName, Arc<Person>>,
    /// For each person, in the order of their names, a hash of the same cost. They stand in for
    /// people who do not exist.
    decoys: Vec<Arc<StoredHash>>,
}

impl Directory {
    /// Reads the file at `path`. Outside of a lab it must not be open to every user of the machine.
    ///
    /// # Errors
    ///
    /// That the file cannot be used, or everything that is wrong in it.
    pub fn load(path: &Path, is_lab: bool) -> Result<Self, Vec<ConfigFault>> {
        let text = read(path, is_lab).map_err(|fault| vec![fault])?;
        Self::parse(&text, path)
    }

    /// Reads the people of `text`. `file` is its name for the faults.
    ///
    /// # Errors
    ///
    /// Every fault of the text, with its line.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Vec<ConfigFault>> {
        let people = people::parse(text, file)?;
        let mut by_name: Vec<_> = people.iter().collect();
        by_name.sort_by_key(|(name, _)| *name);
        let decoys = by_name
            .into_iter()
            .map(|(_, person)| Arc::new(person.password.decoy()))
            .collect();
        Ok(Self { people, decoys })
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody; a file without people is refused.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Everybody who is not shut out: their login and attributes, in no order.
    pub fn everybody(&self) -> impl Iterator<Item = (&str, &Attributes)> {
        let all = self.everybody_and_shut().filter(|(.., is_shut)| !is_shut);
        all.map(|(login, attributes, _)| (login, attributes))
    }

    /// Everybody: their login and attributes, and whether they are shut out, in no order.
    pub fn everybody_and_shut(&self) -> impl Iterator<Item = (&str, &Attributes, bool)> {
        self.people.values().map(|person| {
            let login = person.login.as_str();
            (login, &person.attributes, person.is_disabled)
        })
    }

    /// Looks up the person who signs in as `login`.
    pub fn look_up(&self, login: &str) -> Record {
        match self.find(login) {
            Some(person) if person.is_disabled => Record::Shut,
            Some(person) => Record::Known(person.attributes.clone()),
            None => Record::Unknown,
        }
    }

    pub(super) fn find(&self, username: &str) -> Option<&Arc<Person>> {
        self.people.get(&AccountName::parse(username).ok()?)
    }

    /// The decoy for a name that nobody has: always the same one, so that asking twice tells
    /// nothing, and as costly as often as the hashes of those who exist.
    pub(super) fn decoy(&self, username: &str) -> Option<&Arc<StoredHash>> {
        let name = AccountName::parse(username);
        let name = name.as_ref().map_or(username, AccountName::as_str);
        let hash = sha256(&[name.as_bytes()]);
        let number = hash.iter().take(4).fold(0, |number: usize, byte| {
            number.wrapping_shl(8) | usize::from(*byte)
        });
        self.decoys.get(number.checked_rem(self.decoys.len())?)
    }
}

fn read(path: &Path, is_lab: bool) -> Result<String, ConfigFault> {
    let unreadable =
        |error: io::Error| ConfigFault::of_file(path, format!("cannot be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file: the name could lead to another file a moment later.
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o027 != 0 && !is_lab {
        let what = format!("can be read by everybody, or changed by a group (mode {mode:03o})");
        let mut fault = ConfigFault::of_file(path, what);
        fault.hint(format!("chmod g-w,o= {}", path.display()));
        return Err(fault);
    }
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(ConfigFault::of_file(path, "is larger than 16 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    const PEOPLE: &str = "
        [person.alice]
        password = 'HASH'
        [person.bob]
        password = 'HASH'
    ";

    fn people(text: &str) -> String {
        text.replace("HASH", crate::authn::local::tests::WONDERLAND)
    }

    #[test]
    fn r73_a_decoy_costs_what_the_hashes_of_people_cost() {
        let costly = people(PEOPLE).replacen("m=19456", "m=20480", 1);
        let directory = Directory::parse(&costly, Path::new("people.toml")).unwrap();
        let decoys: Vec<_> = (0..64)
            .map(|number| Arc::as_ptr(directory.decoy(&format!("nobody{number}")).unwrap()))
            .collect();
        for decoy in &directory.decoys {
            assert!(decoys.contains(&Arc::as_ptr(decoy)), "both costs are met");
        }
        let [one, same] = ["Nobody", " nobody"].map(|name| directory.decoy(name).unwrap());
        assert!(Arc::ptr_eq(one, same));
    }

    #[test]
    fn a_file_that_every_user_may_read_or_change_is_refused_outside_of_a_lab() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.toml");
        fs::write(&path, people(PEOPLE)).unwrap();
        let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o644, 0o646, 0o641] {
            set(mode);
            let faults = Directory::load(&path, false).unwrap_err();
            assert!(
                faults[0].what.contains(&format!("mode {mode:o}")),
                "{faults:?}"
            );
            assert_eq!(Directory::load(&path, true).unwrap().len(), 2, "{mode:o}");
        }
        for mode in [0o640, 0o600] {
            set(mode);
            assert_eq!(Directory::load(&path, false).unwrap().len(), 2, "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_is_missing_too_large_or_wrong_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.toml");
        let load = || {
            let faults = Directory::load(&path, true).unwrap_err();
            assert_eq!((faults.len(), &faults[0].file), (1, &path));
            faults[0].what.clone()
        };
        assert!(load().starts_with("cannot be read: "));
        File::create(&path)
            .unwrap()
            .set_len(MAX_FILE_BYTES + 1)
            .unwrap();
        assert_eq!(load(), "is larger than 16 MiB");
        fs::write(&path, b"\xff").unwrap();
        assert!(load().starts_with("cannot be read: "));
        fs::write(&path, "[person.zoe]\n").unwrap();
        assert_eq!(load(), "is missing");
    }
}
