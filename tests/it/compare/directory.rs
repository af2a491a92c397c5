//! What `passerelle compare` says of people whom a directory knows: OpenLDAP's, and one that goes away in the midst of it.

use std::fs;

use super::{House, begin, ended, said};
use crate::{
    bridge::write,
    lab::{
        keys::Authority,
        ldap_script::{Act, Kind as Question, LdapScript},
        slapd::{Kind, Slapd, synthetic_people},
    },
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
    // Each by itself: of several that are one person's, one alone stays theirs.
    for (email, id, expected) in rows {
        let (told, all) = house.said(&format!("Email;Employee Unique ID\n{email};{id}\n"));
        assert_eq!(all, [expected], "{told:?}");
    }

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

    slapd.stop();
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

#[tokio::test(flavor = "multi_thread")]
async fn of_a_directory_that_goes_away_in_the_midst_what_was_compared_is_told_and_how_much_is_left()
{
    const COMPARED: usize = 20;
    const ROWS: usize = 40;
    // As many people are looked up at one time: whoever is the last of them is looked up when all before them are told.
    const AT_ONCE: usize = 8;
    let authority = Authority::new("University");
    let script = LdapScript::start(&authority.vouch_for("localhost")).await;
    let files = tempfile::tempdir().unwrap();
    let pem = String::from_utf8(authority.pem()).unwrap();
    write(files.path(), "ca.pem", &pem);
    write(files.path(), "reader.password", "reader-secret");
    let asking = Asking {
        urls: &[script.url()],
        ca: files.path().join("ca.pem"),
        password_file: Some(files.path().join("reader.password")),
        more: "timeout-seconds = 30",
    };
    let house = House::of(&asking.setup());
    let login = |number: usize| format!("p{number}");
    let unanswered: Vec<_> = (COMPARED..ROWS).map(login).collect();
    script.when(Question::Search, move |asked| {
        if unanswered.contains(&asked.login) {
            Vec::new()
        } else {
            vec![Act::Write(asked.honest.clone())]
        }
    });
    let rows = (0..ROWS).map(|number| format!("{}@univ.example\n", login(number)));
    let list = format!("Email\n{}", rows.collect::<String>());
    let child = begin(&house.path, &["--json", "--old", "-"], list.as_bytes());
    let held = login(COMPARED + AT_ONCE - 1);
    script.is_asked(Question::Search, &held).await;
    script.when(Question::OwnBind, |_| vec![Act::Hangup]);
    script.ends_all(Vec::new()).await;
    let told = ended(child);
    // Whoever is in that directory has no affiliation, and for those the line of Zoom's form is that of the licence None.
    let expected = (0..COMPARED).map(|it| said("stopped", "licence-none", &login(it)));
    assert_eq!(told.accounts(), expected.collect::<Vec<_>>(), "{told:?}");
    assert_eq!(told.status, 5, "{told:?}");
    assert_eq!(told.json()["not-compared"], ROWS - COMPARED);
    assert!(
        told.errors.ends_with("; 20 of 40 were compared\n"),
        "{told:?}"
    );
    assert_eq!(told.errors.lines().count(), 1, "{told:?}");
}
