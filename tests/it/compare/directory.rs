//! What `passerelle compare` says of people whom OpenLDAP's directory knows.

use std::{
    fs,
    io::{BufRead as _, BufReader},
};

use super::{House, begin, ended, said};
use crate::{
    lab::slapd::{Kind, Slapd, synthetic_people},
    ldap::Asking,
};

/// A configuration with OpenLDAP's directory, whose scope is one of ours, and where an earlier address finds people, too.
fn at_directory(slapd: &Slapd, more: &str) -> House {
    let url = [slapd.ldaps_url()];
    let filter = "mail-filter = '(|(mail={mail})(supannAutreMail={mail}))'";
    let asking = Asking {
        urls: &url,
        ca: slapd.ca(),
        password_file: Some(slapd.reader_password_file()),
        more: &format!("{filter}\n{more}"),
    };
    let house = House::of(&asking.setup());
    let text = fs::read_to_string(&house.path).unwrap();
    let scopes = "scopes = ['univ-montp3.example'";
    assert!(text.contains(scopes));
    fs::write(
        &house.path,
        text.replace(scopes, &format!("{scopes}, 'univ.example'")),
    )
    .unwrap();
    house
}

/// Somebody whom Zoom's form gives no licence.
const BLA: &str = "dn: uid=bla,ou=people,dc=univ,dc=example\nobjectClass: inetOrgPerson\n\
    objectClass: eduPerson\nobjectClass: supannPerson\nuid: bla\ncn: Bla\nsn: Bla\nmail: bla@univ.example\n\
    eduPersonUniqueId: b1a@univ.example\nsupannAutreMail: bla.before@univ.example\n";

/// A Response that names Alice by another address than hers, and by her login.
const OF_ALICE: &str = "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' \
    xmlns='urn:oasis:names:tc:SAML:2.0:assertion'><Assertion><Subject><NameID>alice@before.example</NameID></Subject>\
    <AttributeStatement><Attribute Name='uid'><AttributeValue>ALICE</AttributeValue></Attribute></AttributeStatement>\
    </Assertion></p:Response>";

#[tokio::test(flavor = "multi_thread")]
async fn r70_people_of_a_directory_are_found_by_address_id_and_login_and_by_nothing_else() {
    let kind = Kind {
        more: BLA,
        ..Kind::default()
    };
    let slapd = Slapd::start(kind).await;
    let house = at_directory(&slapd, "");
    let rows = [
        (
            "alice@univ.example",
            "",
            said("same-account", "same-address", "alice"),
        ),
        (
            "alice@univ.example",
            "0a11ce@univ.example",
            said("same-account", "same-id", "alice"),
        ),
        (
            "alice@before.example",
            "0a11ce@univ.example",
            said("same-account", "same-id-new-address", "alice"),
        ),
        // Found by an earlier address of hers, and the account is of whoever has the ID.
        (
            "alice.liddell@univ.example",
            "b1a@univ.example",
            said("stopped", "licence-none", "bla"),
        ),
        // The other way round: whom the form of Zoom shuts out has the address, and the account is of whoever has the ID.
        (
            "bla@univ.example",
            "0a11ce@univ.example",
            said("another-person", "address-of-another", "bla"),
        ),
        (
            "bla.before@univ.example",
            "0a11ce@univ.example",
            said("same-account", "same-id-new-address", "alice"),
        ),
        (
            "alice.liddell@univ.example",
            "",
            said("second-account", "address-differs", "alice"),
        ),
        (
            "suspended@univ.example",
            "",
            said("stopped", "account-shut", "suspended"),
        ),
        ("twin1@univ.example", "", said("stopped", "stopped", "twin")),
        (
            "twomails@univ.example",
            "",
            said("stopped", "stopped", "twomails"),
        ),
        (
            "clash@univ.example",
            "",
            said("stopped", "several-people", ""),
        ),
        (
            "left@univ.example",
            "left@univ.example",
            said("not-found", "not-found", ""),
        ),
        ("*", "", said("not-found", "not-found", "")),
        ("alice*", "*", said("not-found", "not-found", "")),
        (
            "x)(uid=alice",
            "x)(uid=alice",
            said("not-found", "not-found", ""),
        ),
    ];
    let list = rows
        .each_ref()
        .map(|(email, id, _)| format!("{email};{id}\n"))
        .concat();
    let (told, all) = house.said(&format!("Email;Employee Unique ID\n{list}"));
    assert_eq!(all, rows.map(|(.., said)| said), "{told:?}");

    // By the login, where an address is another one and a Response says it.
    let (_, all) = house.said(OF_ALICE);
    assert_eq!(all, [said("second-account", "address-differs", "ALICE")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_cas_gives_the_name_that_finds_people_they_are_read_by_the_one_that_we_know() {
    let slapd = Slapd::start(Kind::default()).await;
    let cas = "user = '(supannEtuId={login})'\ncas-attribute = 'studentNumber'\n\
               [authn.cas]\nurl = 'https://cas.example.org/cas'";
    let house = at_directory(&slapd, cas);
    let text = fs::read_to_string(&house.path).unwrap();
    let methods = "methods = ['ldap']";
    assert!(text.contains(methods));
    let text = text.replace(methods, "methods = ['cas']\nattributes = 'ldap'");
    fs::write(&house.path, text).unwrap();
    let (told, all) = house.said("Email\nalice@univ.example\nsuspended@univ.example\n");
    let expected = [
        said("same-account", "same-address", "alice"),
        said("stopped", "account-shut", "suspended"),
    ];
    assert_eq!(all, expected, "{told:?}");
}

/// The first value of an attribute of an entry in LDIF; empty where it has none.
fn value<'l>(entry: &'l str, attribute: &str) -> &'l str {
    let mut values = entry
        .lines()
        .filter_map(|line| line.strip_prefix(attribute));
    values
        .find_map(|rest| rest.strip_prefix(": "))
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_people_are_compared_and_a_directory_that_does_not_answer_is_told_once() {
    let people = synthetic_people(1_000);
    let mut slapd = Slapd::start(Kind {
        more: &people,
        ..Kind::default()
    })
    .await;
    let house = at_directory(&slapd, "");
    let entries: Vec<_> = people
        .split("\n\n")
        .filter(|entry| !value(entry, "uid").is_empty())
        .collect();
    assert_eq!(entries.len(), 1_000);
    let row = |entry: &&str| {
        format!(
            "{},{}\n",
            value(entry, "mail"),
            value(entry, "eduPersonUniqueId")
        )
    };
    let list = entries.iter().map(row).collect::<Vec<_>>().concat();
    let list = format!("Email,Employee Unique ID\n{list}");
    let (told, all) = house.said(&list);
    assert_eq!(all.len(), 1_000);
    for (entry, (verdict, reason, login)) in entries.iter().zip(&all) {
        // Whoever is let in keeps their account; nobody is taken for somebody else.
        assert!(
            ["same-account", "stopped"].contains(&verdict.as_str()),
            "{entry}: {reason}"
        );
        assert!(
            login.is_empty() || login == value(entry, "uid"),
            "{entry}: {login}"
        );
    }
    let counts = told.counts();
    assert!(counts["same-account"] > 850, "{counts:?}");
    assert!(counts["stopped"] > 0, "{counts:?}");
    assert!(
        told.errors.starts_with("1000 of 1000 compared\n"),
        "{}",
        told.errors
    );

    // It dies while it is asked: what was compared is told, and how much is left.
    let rows = list.split_once('\n').unwrap().1;
    let long = format!("Email,Employee Unique ID\n{}", rows.repeat(8));
    let mut child = begin(&house.path, &["--json", "--old", "-"], long.as_bytes());
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    errors.read_line(&mut first).unwrap();
    assert_eq!(first, "1000 of 8000 compared\n");
    slapd.stop();
    let told = ended(child);
    assert_eq!(told.status, 5, "{told:?}");
    let compared = told.accounts().len();
    assert!((1_000..8_000).contains(&compared), "{compared}");
    assert_eq!(told.json()["not-compared"], 8_000 - compared);
    let told = house.compare(&["--old", "-"], list.as_bytes());
    assert_eq!(
        (told.status, told.out.as_str()),
        (5, "0 account(s)\n1000 account(s) not compared\n"),
        "{told:?}"
    );
    assert!(
        told.errors.ends_with("; 0 of 1000 were compared\n"),
        "{told:?}"
    );
    assert_eq!(told.errors.lines().count(), 1, "{told:?}");
    let (told, _) = house.said(&list);
    assert_eq!(told.json()["not-compared"], 1_000);
}
