//! The file of people, as it is written: everything is checked, and every fault is told at once.

use std::{
    collections::{HashMap, hash_map},
    fmt,
    sync::Arc,
};

use toml::de::{DeTable, DeValue};

use super::password::{InvalidHash, StoredHash};
use crate::{
    authn::account_name::{AccountName, InvalidAccountName},
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

/// Everything that is wrong with a file of people: one line each, `file:line: where: what`.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub struct PeopleFaults {
    file: String,
    faults: Vec<Fault>,
}

#[derive(Debug, Eq, PartialEq)]
struct Fault {
    line: usize,
    /// `person."zoe.martin".mail`, or empty.
    place: String,
    problem: Problem,
}

/// What is wrong in one place, and what to do about it. Values are not echoed: one in the wrong
/// place may be a password.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
enum Problem {
    #[error("is not an attribute name: a letter, then letters, digits and hyphens, at most 64")]
    AttributeName,
    #[error("holds a control character, or white space at its start or end")]
    Blank,
    #[error("is an empty list: leave the attribute out")]
    EmptyList,
    #[error("is empty: leave the attribute out")]
    EmptyValue,
    #[error("{0}")]
    Hash(InvalidHash),
    #[error("as the name of a person {0}")]
    Login(InvalidAccountName),
    #[error("holds nobody: write a table [person.<login>] for each person")]
    Nobody,
    #[error("is missing: make one with `passerelle hash-password`")]
    NoPassword,
    #[error("must be true or false, without quotes")]
    NotBoolean,
    #[error("must be written in lower case")]
    NotLowerCase,
    #[error("must be a table: [person.<login>]")]
    NotTable,
    #[error("must be a text in quotes, or a list of such, not {0}")]
    NotText(&'static str),
    #[error("is the same person as on line {0}: upper and lower case make no difference")]
    SamePerson(usize),
    #[error("is written twice: upper and lower case make no difference")]
    SameAttribute,
    #[error("{0}")]
    Syntax(String),
    #[error("is a table: write a login with dots in quotes, as in [person.\"zoe.martin\"]")]
    TableInPerson,
    #[error("is longer than 1024 characters")]
    TooLong,
    #[error("is not known: the file holds tables [person.<login>] and nothing else")]
    Unknown,
}

impl fmt::Display for PeopleFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let Fault {
                line,
                place,
                problem,
            } = fault;
            let separator = if place.is_empty() { "" } else { ": " };
            write!(f, "{}:{line}: {place}{separator}{problem}", self.file)?;
        }
        Ok(())
    }
}

/// Reads the people of `text`, by name. `file` is its name for the faults.
///
/// # Errors
///
/// Every fault of the file; when it is not TOML, only those that make it so.
pub(super) fn parse(
    text: &str,
    file: &str,
) -> Result<HashMap<AccountName, Arc<Person>>, PeopleFaults> {
    let mut reader = Reader {
        lines: Lines::of(text),
        faults: Vec::new(),
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let start = error.span().map_or(0, |span| span.start);
        reader.fault(
            start,
            String::new(),
            Problem::Syntax(error.message().to_owned()),
        );
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
    Err(PeopleFaults {
        file: file.to_owned(),
        faults: reader.faults,
    })
}

/// Reads on after a fault, to find them all.
struct Reader {
    lines: Lines,
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, start: usize, place: String, problem: Problem) {
        self.faults.push(Fault {
            line: self.lines.line_at(start),
            place,
            problem,
        });
    }

    fn people(&mut self, document: &DeTable<'_>) -> HashMap<AccountName, Arc<Person>> {
        let mut people = HashMap::new();
        let mut seen = HashMap::new();
        for (key, start, value) in in_order(document) {
            if key != "person" {
                self.fault(start, quoted(key), Problem::Unknown);
                continue;
            }
            let Some(table) = value.as_table() else {
                self.fault(start, key.to_owned(), Problem::NotTable);
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
            self.fault(0, String::new(), Problem::Nobody);
        }
        people
    }

    /// The name under which a login is found, unless it is nobody's or another's.
    fn name(
        &mut self,
        login: &str,
        start: usize,
        seen: &mut HashMap<AccountName, usize>,
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
        self.fault(start, format!("person.{}", quoted(login)), problem);
        None
    }

    /// The person that `value` describes; none when anything in it is wrong.
    fn person(&mut self, login: &str, start: usize, value: &DeValue<'_>) -> Option<Person> {
        let place = format!("person.{}", quoted(login));
        let Some(table) = value.as_table() else {
            self.fault(start, place, Problem::NotTable);
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
                self.fault(key_start, format!("{place}.{}", quoted(key)), problem);
            }
        }
        if faults_before != self.faults.len() {
            return None;
        }
        let Some(password) = password else {
            self.fault(start, format!("{place}.password"), Problem::NoPassword);
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
    fn line_at(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$xBhdjUbcYAAGLzsNfm8SIJVWCtbUyXkwUBCSpn2PDZ8";

    fn faults(text: &str) -> Vec<String> {
        let faults = parse(&text.replace("HASH", HASH), "people.toml").unwrap_err();
        faults.to_string().lines().map(str::to_owned).collect()
    }

    fn person(text: &str, name: &str) -> Arc<Person> {
        let people = parse(&text.replace("HASH", HASH), "people.toml").unwrap();
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
        let starts: Vec<_> = told
            .iter()
            .map(|fault| fault.split(": ").take(2).collect::<Vec<_>>().join(": "))
            .collect();
        assert_eq!(
            starts,
            [
                "people.toml:2: people",
                "people.toml:4: person.alice.password",
                "people.toml:5: person.alice.mail",
                "people.toml:6: person.alice.disabeld",
                "people.toml:7: person.alice.eduPersonAffiliation",
                "people.toml:8: person.Alice",
                "people.toml:10: person.ALICE",
                "people.toml:13: person.zoe.martin",
                "people.toml:16: person.bob.disabled",
                "people.toml:17: person.bob.sn",
                "people.toml:18: person.bob.2nd",
                "people.toml:19: person.bob.cn",
                "people.toml:20: person.bob.PASSWORD",
                "people.toml:23: person.carl.SN",
                "people.toml:24: person.dora.password",
                "people.toml:25: person.\" eve\"",
                "people.toml:28: person.frank",
            ],
            "{}",
            told.join("\n")
        );
    }

    #[test]
    fn two_spellings_of_one_person_are_refused() {
        let told = faults("[person.Zoe]\npassword = 'HASH'\n[person.zoe]\npassword = 'HASH'\n");
        assert_eq!(
            told,
            [
                "people.toml:3: person.zoe: is the same person as on line 1: upper and lower case \
              make no difference"
            ]
        );
    }

    #[test]
    fn a_login_with_dots_and_without_quotes_gets_the_hint() {
        let told = faults("[person.zoe.martin]\npassword = 'HASH'\n");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("[person.\"zoe.martin\"]"), "{told:?}");
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_line_and_an_empty_file_is_not_taken() {
        assert!(faults("[person.zoe]\npassword = \n")[0].starts_with("people.toml:2: "));
        assert_eq!(faults("").len(), 1);
        assert_eq!(faults("[person]\n").len(), 1);
        assert!(
            faults("[person.a]\npassword='HASH'\n[person.a]\n")[0].starts_with("people.toml:3")
        );
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
            let told = parse(text, "people.toml").unwrap_err();
            assert!(!told.to_string().contains("canary"), "{told}");
            assert!(!format!("{told:?}").contains("canary"), "{told:?}");
        }
    }
}
