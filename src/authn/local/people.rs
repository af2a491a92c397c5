//! The file of people, as it is written: everything is checked, and every fault is told at once.

use std::{
    collections::{HashMap, hash_map},
    path::Path,
    sync::Arc,
};

use toml::de::{DeTable, DeValue};

use super::password::{InvalidHash, StoredHash};
use crate::{
    authn::account_name::{AccountName, InvalidAccountName},
    config::fault::ConfigFault,
    model::attribute::Attributes,
};

/// The longest attribute value that is taken. What a provider is told is shorter still.
const MAX_VALUE_CHARS: usize = 1024;
/// The longest attribute name.
const MAX_NAME_BYTES: usize = 64;

/// A person of the file.
#[derive(Debug)]
pub(super) struct Person {
    /// The name they sign in with, as written.
    pub(super) login: String,
    pub(super) password: Arc<StoredHash>,
    pub(super) is_disabled: bool,
    pub(super) attributes: Attributes,
}

/// What is wrong in one place. Values are not echoed: one in the wrong place may be a password.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
enum Problem {
    #[error("is not an attribute name: a letter, then letters, digits and hyphens, at most 64")]
    AttributeName,
    #[error("holds a control character, or white space at its start or end")]
    Blank,
    #[error("is an empty list")]
    EmptyList,
    #[error("is empty")]
    EmptyValue,
    #[error("{0}")]
    Hash(InvalidHash),
    #[error("as the name of a person {0}")]
    Login(InvalidAccountName),
    #[error("holds nobody")]
    Nobody,
    #[error("is missing")]
    NoPassword,
    #[error("is not true or false")]
    NotBoolean,
    #[error("is not written in lower case")]
    NotLowerCase,
    #[error("is not a table")]
    NotTable,
    #[error("is not a text or a list of texts, but {0}")]
    NotText(&'static str),
    #[error("is the same person as on line {0}")]
    SamePerson(u32),
    #[error("is written twice")]
    SameAttribute,
    #[error("{0}")]
    Syntax(String),
    #[error("is a table")]
    TableInPerson,
    #[error("is longer than 1024 characters")]
    TooLong,
    #[error("is not known")]
    Unknown,
}

impl Problem {
    const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::EmptyList | Self::EmptyValue => Some("leave the attribute out"),
            Self::Hash(InvalidHash::TooCostly) => {
                Some("a few sign-ins would eat the server; `passerelle hash-password` makes a hash")
            }
            Self::Hash(InvalidHash::NotArgon2id | InvalidHash::Short | InvalidHash::TooWeak)
            | Self::NoPassword => Some("make one with `passerelle hash-password`"),
            Self::NotTable | Self::Nobody | Self::Unknown => {
                Some("the file holds a table [person.<login>] for each person, and nothing else")
            }
            Self::NotBoolean => Some("write true or false, without quotes"),
            Self::NotText(_) => Some("write values in quotes"),
            Self::SamePerson(_) | Self::SameAttribute => {
                Some("upper and lower case make no difference")
            }
            Self::TableInPerson => {
                Some("write a login with dots in quotes: [person.\"zoe.martin\"]")
            }
            Self::AttributeName
            | Self::Blank
            | Self::Login(_)
            | Self::NotLowerCase
            | Self::Syntax(_)
            | Self::TooLong => None,
        }
    }
}

/// Reads the people of `text`, by name. `file` is its name for the faults.
///
/// # Errors
///
/// Every fault of the file, line by line; when it is not TOML, only those that make it so.
pub(super) fn parse(
    text: &str,
    file: &Path,
) -> Result<HashMap<AccountName, Arc<Person>>, Vec<ConfigFault>> {
    let mut reader = Reader {
        file,
        lines: Lines::of(text),
        faults: Vec::new(),
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let start = error.span().map_or(0, |span| span.start);
        let problem = Problem::Syntax(error.message().to_owned());
        reader.fault(start, String::new(), &problem);
    }
    let people = if errors.is_empty() {
        reader.people(document.get_ref())
    } else {
        HashMap::new()
    };
    if reader.faults.is_empty() {
        return Ok(people);
    }
    reader.faults.sort_by_key(|fault| fault.line);
    Err(reader.faults)
}

/// Reads on after a fault, to find them all.
struct Reader<'a> {
    file: &'a Path,
    lines: Lines,
    faults: Vec<ConfigFault>,
}

impl Reader<'_> {
    fn fault(&mut self, start: usize, key: String, problem: &Problem) {
        self.faults.push(ConfigFault {
            line: Some(self.lines.line_at(start)),
            key,
            hint: problem.hint().map(str::to_owned),
            ..ConfigFault::of_file(self.file, problem.to_string())
        });
    }

    fn people(&mut self, document: &DeTable<'_>) -> HashMap<AccountName, Arc<Person>> {
        let mut people = HashMap::new();
        let mut seen = HashMap::new();
        for (key, start, value) in in_order(document) {
            if key != "person" {
                self.fault(start, quoted(key), &Problem::Unknown);
                continue;
            }
            let Some(table) = value.as_table() else {
                self.fault(start, key.to_owned(), &Problem::NotTable);
                continue;
            };
            for (login, start, person) in in_order(table) {
                let name = self.name(login, start, &mut seen);
                let person = self.person(login, start, person);
                if let (Some(name), Some(person)) = (name, person) {
                    people.insert(name, Arc::new(person));
                }
            }
        }
        if people.is_empty() && self.faults.is_empty() {
            self.fault(0, String::new(), &Problem::Nobody);
        }
        people
    }

    /// The name under which a login is found, unless it is nobody's or another's.
    fn name(
        &mut self,
        login: &str,
        start: usize,
        seen: &mut HashMap<AccountName, u32>,
    ) -> Option<AccountName> {
        let problem = match AccountName::parse(login) {
            Ok(_) if login.trim() != login => Problem::Blank,
            Ok(name) => match seen.entry(name) {
                hash_map::Entry::Occupied(other) => Problem::SamePerson(*other.get()),
                hash_map::Entry::Vacant(free) => {
                    let name = free.key().clone();
                    free.insert(self.lines.line_at(start));
                    return Some(name);
                }
            },
            Err(fault) => Problem::Login(fault),
        };
        self.fault(start, format!("person.{}", quoted(login)), &problem);
        None
    }

    /// The person that `value` describes; none when anything in it is wrong.
    fn person(&mut self, login: &str, start: usize, value: &DeValue<'_>) -> Option<Person> {
        let place = format!("person.{}", quoted(login));
        let Some(table) = value.as_table() else {
            self.fault(start, place, &Problem::NotTable);
            return None;
        };
        let faults_before = self.faults.len();
        let mut password = None;
        let mut is_disabled = false;
        let mut attributes = Attributes::new();
        for (key, key_start, value) in in_order(table) {
            let read = match (key, value) {
                (_, DeValue::Table(_)) => Err(Problem::TableInPerson),
                ("password", DeValue::String(hash)) => StoredHash::parse(hash)
                    .map(|hash| password = Some(Arc::new(hash)))
                    .map_err(Problem::Hash),
                ("password", other) => Err(Problem::NotText(other.type_str())),
                ("disabled", DeValue::Boolean(written)) => {
                    is_disabled = *written;
                    Ok(())
                }
                ("disabled", _) => Err(Problem::NotBoolean),
                (name, value) => read_attribute(name, value, &mut attributes),
            };
            if let Err(problem) = read {
                self.fault(key_start, format!("{place}.{}", quoted(key)), &problem);
            }
        }
        if faults_before != self.faults.len() {
            return None;
        }
        let Some(password) = password else {
            self.fault(start, format!("{place}.password"), &Problem::NoPassword);
            return None;
        };
        if attributes.values("uid").is_empty() {
            attributes.add("uid", [login.to_owned()]);
        }
        Some(Person {
            login: login.to_owned(),
            password,
            is_disabled,
            attributes,
        })
    }
}

fn read_attribute(
    name: &str,
    value: &DeValue<'_>,
    attributes: &mut Attributes,
) -> Result<(), Problem> {
    let is_name = name.len() <= MAX_NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_name {
        return Err(Problem::AttributeName);
    }
    // As an attribute, the hash would be given to providers.
    if ["password", "disabled"]
        .iter()
        .any(|key| name.eq_ignore_ascii_case(key))
    {
        return Err(Problem::NotLowerCase);
    }
    if !attributes.values(name).is_empty() {
        return Err(Problem::SameAttribute);
    }
    let values = match value {
        DeValue::Array(list) if list.is_empty() => return Err(Problem::EmptyList),
        DeValue::Array(list) => list
            .iter()
            .map(|item| read_text(item.get_ref()))
            .collect::<Result<Vec<_>, _>>()?,
        DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Float(_)
        | DeValue::Integer(_)
        | DeValue::String(_)
        | DeValue::Table(_) => vec![read_text(value)?],
    };
    attributes.add(name, values);
    Ok(())
}

fn read_text(value: &DeValue<'_>) -> Result<String, Problem> {
    let Some(text) = value.as_str() else {
        return Err(Problem::NotText(value.type_str()));
    };
    if text.is_empty() {
        return Err(Problem::EmptyValue);
    }
    if text.chars().count() > MAX_VALUE_CHARS {
        return Err(Problem::TooLong);
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(Problem::Blank);
    }
    Ok(text.to_owned())
}

/// The keys of a table in the order in which they are written, with where each begins.
fn in_order<'t>(table: &'t DeTable<'_>) -> Vec<(&'t str, usize, &'t DeValue<'t>)> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value.get_ref()))
        .collect();
    entries.sort_by_key(|(_, start, _)| *start);
    entries
}

/// A key as TOML writes it: bare where it may be, in quotes and escaped else.
fn quoted(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at + 1).collect())
    }

    /// The number of the line, from 1, in which the byte `at` stands.
    fn line_at(&self, at: usize) -> u32 {
        let before = self.0.partition_point(|start| *start <= at);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = crate::authn::local::tests::WONDERLAND;

    fn faults(text: &str) -> Vec<ConfigFault> {
        parse(&text.replace("HASH", HASH), Path::new("people.toml")).unwrap_err()
    }

    fn places(faults: &[ConfigFault]) -> Vec<(u32, &str)> {
        faults
            .iter()
            .map(|fault| (fault.line.unwrap(), fault.key.as_str()))
            .collect()
    }

    fn person(text: &str, name: &str) -> Arc<Person> {
        let people = parse(&text.replace("HASH", HASH), Path::new("people.toml")).unwrap();
        Arc::clone(&people[&AccountName::parse(name).unwrap()])
    }

    #[test]
    fn a_person_has_the_attributes_that_are_written_and_a_uid() {
        let alice = person(
            r#"
            [person."Alice.L"]
            password = "HASH"
            mail = "alice@univ.example"
            eduPersonAffiliation = ["member", "student"]
            "#,
            "alice.l",
        );
        assert_eq!(alice.login, "Alice.L");
        assert!(!alice.is_disabled);
        let attributes: Vec<_> = alice.attributes.iter().collect();
        assert_eq!(
            attributes,
            [
                (
                    "edupersonaffiliation",
                    &["member".to_owned(), "student".to_owned()][..]
                ),
                ("mail", &["alice@univ.example".to_owned()]),
                ("uid", &["Alice.L".to_owned()]),
            ]
        );
    }

    #[test]
    fn a_written_uid_stays_and_an_account_can_be_shut() {
        let text = "[person.max]\npassword = 'HASH'\nuid = 'm1'\ndisabled = true\n";
        let max = person(text, "max");
        assert_eq!(max.attributes.values("uid"), ["m1"]);
        assert!(max.is_disabled);
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_line_and_its_place() {
        let text = r#"
[people.max]
[person.alice]
password = "wonderland"
mail = ""
disabeld = true
eduPersonAffiliation = []
[person.Alice]
password = "HASH"
[person.ALICE]
password = "HASH"

[person.zoe.martin]
password = "HASH"
[person.bob]
disabled = "yes"
sn = ["Bob", 7]
"2nd" = "x"
cn = " Bob"
PASSWORD = "HASH"
[person.carl]
sn = "Carl"
SN = "Carl"
[person.dora]
[person." eve"]
password = "HASH"
[person]
frank = 1
"#;
        let told = faults(text);
        let expected = [
            (2, "people"),
            (4, "person.alice.password"),
            (5, "person.alice.mail"),
            (6, "person.alice.disabeld"),
            (7, "person.alice.eduPersonAffiliation"),
            (8, "person.Alice"),
            (10, "person.ALICE"),
            (13, "person.zoe.martin"),
            (16, "person.bob.disabled"),
            (17, "person.bob.sn"),
            (18, "person.bob.2nd"),
            (19, "person.bob.cn"),
            (20, "person.bob.PASSWORD"),
            (23, "person.carl.SN"),
            (24, "person.dora.password"),
            (25, "person.\" eve\""),
            (28, "person.frank"),
        ];
        assert_eq!(places(&told), expected, "{told:#?}");
    }

    #[test]
    fn a_fault_says_where_it_is_what_it_is_and_what_to_do() {
        let told = faults("[person.Zoe]\npassword = 'HASH'\n[person.zoe]\npassword = 'HASH'\n");
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "people.toml:3: person.zoe: is the same person as on line 1\n    \
              hint: upper and lower case make no difference"
            ]
        );
    }

    #[test]
    fn a_login_with_dots_and_without_quotes_gets_the_hint() {
        let told = faults("[person.zoe.martin]\npassword = 'HASH'\n");
        assert_eq!(places(&told), [(1, "person.zoe.martin")]);
        assert!(
            told[0]
                .hint
                .as_ref()
                .unwrap()
                .contains("[person.\"zoe.martin\"]")
        );
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_line_and_an_empty_file_is_not_taken() {
        assert_eq!(places(&faults("[person.zoe]\npassword = \n")), [(2, "")]);
        assert_eq!(places(&faults("")), [(1, "")]);
        assert_eq!(places(&faults("[person]\n")), [(1, "")]);
        let twice = faults("[person.a]\npassword='HASH'\n[person.a]\n");
        assert_eq!(places(&twice), [(3, "")]);
    }

    #[test]
    fn r121_a_password_in_the_wrong_place_is_not_echoed() {
        for text in [
            "[person.zoe]\npassword = 'canary'\n",
            "[person.zoe]\npassword = ['canary']\n",
            "[person.zoe]\npassword = 'canary\n",
            "[person.zoe]\npassword = canary\n",
            "[person.zoe]\nmail = ' canary'\n",
            "person = 'canary'\n",
        ] {
            let told = faults(text);
            assert!(!told.is_empty());
            assert!(!format!("{told:?}").contains("canary"), "{told:?}");
        }
    }
}
