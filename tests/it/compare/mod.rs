//! `passerelle compare`, by the real program: what it reads, and what it says of old accounts, against the embedded
//! directory.

mod directory;

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bridge::{PASSWORD, Setup},
    lab::{process::repository, real_bridge::PROGRAM},
    trial::zoom_of_guests,
};

/// What the program said.
#[derive(Debug)]
struct Told {
    status: i32,
    out: String,
    errors: String,
}

/// What it says of one account: the verdict, the reason, and who it is.
type Said = (String, String, String);

/// A configuration, and files to compare with.
struct House {
    folder: TempDir,
    path: PathBuf,
}

impl House {
    fn of(setup: &Setup) -> Self {
        let (folder, path) = setup.write();
        Self { folder, path }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.folder.path().join(name);
        fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn compare(&self, words: &[&str], typed: &[u8]) -> Told {
        compare(&self.path, words, typed)
    }

    /// What is said of each account of a list.
    fn said(&self, list: &str) -> (Told, Vec<Said>) {
        let told = self.compare(&["--json", "--old", "-"], list.as_bytes());
        let said = told.accounts();
        (told, said)
    }
}

fn compare(path: &Path, words: &[&str], typed: &[u8]) -> Told {
    ended(begin(path, words, typed))
}

/// The program, which is being given what is typed.
fn begin(path: &Path, words: &[&str], typed: &[u8]) -> Child {
    let mut child = Command::new(PROGRAM)
        .arg("compare")
        .arg("--config")
        .arg(path)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let typed = typed.to_owned();
    // Beside whoever reads what it says: else each could wait for the other to empty a pipe. Where it is not asked for,
    // nobody reads it.
    thread::spawn(move || input.write_all(&typed));
    child
}

fn ended(child: Child) -> Told {
    let done = child.wait_with_output().unwrap();
    Told {
        status: done.status.code().unwrap(),
        out: String::from_utf8(done.stdout).unwrap(),
        errors: String::from_utf8(done.stderr).unwrap(),
    }
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn accounts(&self) -> Vec<Said> {
        let json = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let accounts = json["accounts"].as_array().unwrap().iter();
        accounts
            .map(|one| {
                (
                    text(&one["verdict"]),
                    text(&one["reason"]),
                    text(&one["login"]),
                )
            })
            .collect()
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        let json = self.json();
        let counts = json["counts"].as_object().unwrap().iter();
        counts
            .map(|(kind, count)| (kind.clone(), count.as_u64().unwrap()))
            .collect()
    }
}

fn said(verdict: &str, reason: &str, login: &str) -> Said {
    [verdict, reason, login].map(str::to_owned).into()
}

const ANNE_ID: &str = "c41f08d26e7b4a95@univ-montp3.example";

/// A list of users as Zoom exports it, with every kind of account.
fn list() -> String {
    let rows = [
        ("anne.dupont@univ-montp3.example", ANNE_ID),
        ("anne.martin@univ-montp3.example", ANNE_ID),
        ("anne.dupont@univ-montp3.example", "another"),
        ("zoe.martin@etu.univ-montp3.example", ""),
        ("LUC.Bernard@univ-montp3.example", ""),
        ("luc.bernard@courriel.example", ""),
        ("luc.bernard@courriel.example", "another"),
        // The address is given to somebody else than the ID.
        ("luc.bernard@univ-montp3.example", ANNE_ID),
        ("", "a07c5e9f14b8436d@univ-montp3.example"),
        ("fx.legoff@univ-montp3.example", ""),
        ("agnes.noel@univ-montp3.example", ""),
        ("left@univ-montp3.example", "left"),
    ];
    let rows = rows
        .map(|(email, id)| format!("Ms,{email},{id}\n"))
        .concat();
    format!("\u{feff}First Name,Email,Employee ID\n{rows}")
}

#[test]
fn each_account_of_a_list_is_judged_by_what_zoom_would_be_told_of_its_owner() {
    let house = House::of(&Setup::new());
    let (told, all) = house.said(&list());
    let expected = [
        said("same-account", "same-id", "anne.dupont"),
        said("second-account", "other-account", "anne.dupont"),
        said("same-account", "same-address-new-id", "anne.dupont"),
        said("same-account", "same-address", "zoe.martin"),
        said("second-account", "case-differs", "luc.bernard"),
        said("second-account", "address-differs", "luc.bernard"),
        said("second-account", "address-and-id-differ", "luc.bernard"),
        said("another-person", "address-of-another", "luc.bernard"),
        said("stopped", "stopped", "sans.mail"),
        said("stopped", "stopped", "deux.mails"),
        said("stopped", "account-shut", "compte.ferme"),
        said("not-found", "not-found", ""),
    ];
    assert_eq!(all, expected, "{told:?}");
    assert_eq!(told.status, 3);
    assert_eq!(
        told.errors,
        "passerelle: 8 account(s) to see to before the switch\n"
    );
    let second = &told.json()["accounts"][1];
    assert_eq!(
        second["because"],
        "Zoom would take anne.dupont to the one of -, line 2: merge this one into it at Zoom, or delete it, before the \
         switch"
    );
    let new = &second["new"];
    assert_eq!(new["email"], "anne.dupont@univ-montp3.example");
    assert_eq!(new["employee-id"], ANNE_ID);
}

#[test]
fn the_text_says_it_in_one_line_each_and_nothing_of_anybody_goes_elsewhere() {
    let house = House::of(&Setup::new());
    let file = house.file("users.csv", list());
    let told = house.compare(&["--old", &file], b"");
    let lines: Vec<_> = told.out.lines().collect();
    assert_eq!(lines.len(), 13, "{told:?}");
    let place = |line: u32| format!("({file}, line {line})");
    for (line, text) in [
        (
            0,
            format!(
                "anne.dupont@univ-montp3.example {}: same account: its Employee Unique ID is the same",
                place(2)
            ),
        ),
        (
            5,
            format!(
                "luc.bernard@courriel.example {}: a second account would be made: the address differs, and no Employee \
                 Unique ID that Zoom has says who it is (luc.bernard@courriel.example -> \
                 luc.bernard@univ-montp3.example)",
                place(7)
            ),
        ),
        (
            8,
            format!(
                "a07c5e9f14b8436d@univ-montp3.example {}: would not get in: sans.mail: the person has no name for this \
                 provider: no mail address in our domains",
                place(10)
            ),
        ),
        (
            12,
            "12 account(s): 3 same account, 4 second account, 1 another person would come into this \
             account, 3 would not get in, 1 not found"
                .to_owned(),
        ),
    ] {
        assert_eq!(lines[line], text);
    }
    assert!(!told.errors.contains('@'), "{told:?}");
    // Whoever keeps their account is no trouble, and alone none makes it fail.
    let told = house.compare(&["--only-trouble", "--old", &file], b"");
    assert_eq!(told.out.lines().count(), 10, "{told:?}");
    assert!(!told.out.contains("): same account"), "{told:?}");
    let good = "Email\nanne.dupont@univ-montp3.example\n";
    let told = house.compare(&["--only-trouble", "--old", "-"], good.as_bytes());
    assert_eq!((told.status, told.errors.as_str()), (0, ""));
    assert_eq!(told.out, "1 account(s): 1 same account\n");
}

#[test]
fn of_several_accounts_of_one_person_the_one_that_has_the_id_stays_theirs_and_each_other_is_told() {
    let house = House::of(&Setup::new());
    let (address, id) = ("anne.dupont@univ-montp3.example", ANNE_ID);
    let left = || said("second-account", "other-account", "anne.dupont");
    let same = |reason| said("same-account", reason, "anne.dupont");
    for (rows, all, status) in [
        // Zoom finds the second by its ID, and cannot give it the address of the first.
        (
            format!("{address},\nanne@gmail.example,{id}\n"),
            vec![left(), same("same-id-new-address")],
            3,
        ),
        (
            format!("anne@gmail.example,{id}\n{address},\n"),
            vec![same("same-id-new-address"), left()],
            3,
        ),
        // Of two that have it, the one that has the address, too.
        (
            format!("anne@gmail.example,{id}\n{address},{id}\n"),
            vec![left(), same("same-id")],
            3,
        ),
        // One account that is shown twice is one.
        (
            format!("{address},\n{address},\n"),
            vec![same("same-address"), same("same-address")],
            0,
        ),
        (
            format!("{address},{id}\n{address},\n"),
            vec![same("same-id"), same("same-address")],
            0,
        ),
        // An account of somebody else is nobody's second one.
        (
            format!("{address},\nzoe.martin@etu.univ-montp3.example,\n"),
            vec![
                same("same-address"),
                said("same-account", "same-address", "zoe.martin"),
            ],
            0,
        ),
    ] {
        let (told, accounts) = house.said(&format!("Email,Employee ID\n{rows}"));
        assert_eq!((accounts, told.status), (all, status), "{rows}");
    }
    // No second account would be made for somebody who has one that stays theirs: it is there.
    let list = "Email\nluc.bernard@univ-montp3.example\nLUC.bernard@univ-montp3.example\n";
    let told = house.compare(&["--old", "-"], list.as_bytes());
    let line = "LUC.bernard@univ-montp3.example (-, line 3): another account of the same person: Zoom would take \
                luc.bernard to the one of -, line 2: merge this one into it at Zoom, or delete it, before the switch";
    assert!(told.out.lines().any(|it| it == line), "{told:?}");
    assert!(
        told.out
            .ends_with("2 account(s): 1 same account, 1 second account\n"),
        "{told:?}"
    );
}

#[test]
fn where_nothing_is_to_be_compared_it_is_said_why() {
    let house = House::of(&Setup::new());
    let folder = house.folder.path().join("none");
    fs::create_dir(&folder).unwrap();
    for (old, typed, why) in [
        ("-", "", "-: it is empty"),
        ("-", "\n \n", "-: it is empty"),
        (
            "-",
            "Email,Employee ID\n",
            "-: there is no account below its first line",
        ),
        (
            folder.to_str().unwrap(),
            "",
            &format!("{}: there is no file in it", folder.display()),
        ),
    ] {
        let told = house.compare(&["--old", old], typed.as_bytes());
        let errors = format!("{why}\npasserelle: nothing was compared\n");
        assert_eq!((told.status, told.errors.as_str()), (1, &*errors));
    }
}

#[tokio::test]
async fn responses_that_a_browser_brought_to_zoom_are_compared_in_every_form_and_from_a_folder() {
    let house = House::of(&Setup::new());
    let bridge = Setup::new().build();
    fs::create_dir(house.folder.path().join("old")).unwrap();
    for login in ["anne.dupont", "zoe.martin"] {
        let mut browser = bridge.browser();
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        let page = browser.submit(&page, &page.filled(login, PASSWORD)).await;
        let answer = page.answer();
        house.file(&format!("old/{login}.xml"), &answer.xml);
        house.file(&format!("old/{login}.txt"), &answer.base64);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLResponse", &answer.base64)
            .append_pair("RelayState", "https://univ.zoom.us")
            .finish();
        house.file(&format!("old/{login}.form"), body);
    }
    let file = house.folder.path().join("old");
    let words = ["--json", "--old", file.to_str().unwrap()];
    let told = house.compare(&words, b"");
    assert_eq!((told.status, told.errors.as_str()), (0, ""), "{told:?}");
    let one = |login| said("same-account", "same-address", login);
    let expected: Vec<_> = ["anne.dupont"; 3]
        .into_iter()
        .chain(["zoe.martin"; 3])
        .map(one)
        .collect();
    assert_eq!(told.accounts(), expected);
    // Zoom's form maps the ID today, as somebody says.
    let id = ["--old-employee-id", "eduPersonUniqueId"];
    let told = house.compare(&[&words[..], &id].concat(), b"");
    let reasons: Vec<_> = told
        .accounts()
        .into_iter()
        .map(|(_, reason, _)| reason)
        .collect();
    assert_eq!(reasons, ["same-id"; 6]);
}

#[test]
fn responses_of_an_identity_provider_that_none_of_us_wrote_are_compared() {
    let house = House::of(&Setup::new());
    let at = |name: &str| house.folder.path().join(name).display().to_string();
    let (key, certificate) = (at("signing.pem"), at("idp.crt"));
    let script = repository().join("tests/peers/pysaml2_idp.py");
    let python = repository().join("lab/venv-pysaml2/bin/python");
    let sent = |mail: &str, uid: &str, more: &[&str]| {
        let done = Command::new(&python)
            .arg(&script)
            .args([
                "--key",
                &key,
                "--cert",
                &certificate,
                "--mail",
                mail,
                "--uid",
                uid,
            ])
            .args(more)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        done.stdout
    };
    let files = [
        sent("zoe.martin@etu.univ-montp3.example", "zoe.martin", &[]),
        // Known by another address there: the login says who it is.
        sent("luc@univ-montp3.example", "luc.bernard", &[]),
        sent(
            "zoe.martin@etu.univ-montp3.example",
            "zoe.martin",
            &["--encrypt"],
        ),
    ];
    let files: Vec<_> = (1..)
        .zip(files)
        .map(|(number, sent): (u32, _)| house.file(&format!("old-{number}.xml"), sent))
        .collect();
    let mut words = vec!["--json", "--old"];
    words.extend(files.iter().map(String::as_str));
    let told = house.compare(&words, b"");
    let expected = [
        said("same-account", "same-address", "zoe.martin"),
        said("second-account", "address-differs", "luc.bernard"),
        said("cannot-be-said", "unreadable", ""),
    ];
    assert_eq!(
        (told.status, told.accounts()),
        (3, expected.to_vec()),
        "{told:?}"
    );
    assert!(told.out.contains("has an encrypted assertion"), "{told:?}");
}

#[test]
fn what_cannot_be_read_is_told_by_its_place_and_keeps_nothing_else_back() {
    let house = House::of(&Setup::new());
    let saml = "urn:oasis:names:tc:SAML:2.0:assertion";
    let samlp = "urn:oasis:names:tc:SAML:2.0:protocol";
    let response =
        |inner: &str| format!("<p:Response xmlns:p='{samlp}' xmlns='{saml}'>{inner}</p:Response>");
    let mut words = vec!["--json", "--old"];
    let files = [
        ("1", response("<EncryptedAssertion/>")),
        ("2", format!("<!DOCTYPE a>{}", response("<Assertion/>"))),
        ("3", response(&"<Assertion>".repeat(5_000))),
        ("4", "SAMLResponse=%41%4".to_owned()),
        ("5", format!("Email,{}\n", "x".repeat(1024 * 1024))),
        ("6", format!("Email\n{}@univ.example\n", "x".repeat(1024))),
        ("7", "Name,Phone\nAnne,1\n".to_owned()),
        ("8", response("<Assertion/>")),
        ("9", "Email\nanne.dupont@univ-montp3.example\n".to_owned()),
    ];
    let files = files.map(|(name, content)| house.file(name, content));
    words.extend(files.iter().map(String::as_str));
    let told = house.compare(&words, b"");
    assert_eq!(told.status, 4, "{told:?}");
    let json = told.json();
    let because: Vec<_> = (0..9)
        .map(|number| json["accounts"][number]["because"].as_str().unwrap())
        .collect();
    assert_eq!(
        because[0],
        "the Response has an encrypted assertion, which cannot be read"
    );
    for (number, word) in [
        (1, "document type"),
        (2, "XML"),
        (3, "base64"),
        (4, "64 KiB"),
        (5, "256 characters"),
        (6, "no column called Email"),
        (7, "no address"),
        (8, "its address is the same"),
    ] {
        assert!(
            because[number].contains(word),
            "{number}: {}",
            because[number]
        );
    }
    assert_eq!(json["accounts"][5]["from"], format!("{}, line 2", files[5]));
    // Nothing that could be compared is no success.
    let told = house.compare(&["--old", &files[0]], b"");
    assert_eq!(told.status, 1);
    assert!(told.errors.contains("nothing was compared"), "{told:?}");
    // And what is larger than all of it, or not there, stops it.
    let large = house.folder.path().join("large");
    fs::File::create(&large)
        .unwrap()
        .set_len(33 * 1024 * 1024)
        .unwrap();
    for (file, why) in [
        (large.to_str().unwrap(), "32 MiB"),
        ("/nowhere", "cannot be read"),
    ] {
        let told = house.compare(&["--old", file], b"");
        assert_eq!((told.status, told.out.as_str()), (1, ""), "{told:?}");
        assert!(told.errors.contains(why), "{told:?}");
    }
}

#[test]
fn the_whole_university_is_compared_with_the_embedded_directory_within_bounded_memory() {
    const PEOPLE: usize = 25_000;
    let mut setup = Setup::new();
    let hash = setup.people.split_once("password = ").unwrap().1;
    let hash = hash.lines().next().unwrap().to_owned();
    let person = |number: usize| {
        format!(
            "[person.p{number}]\npassword = {hash}\nmail = 'p{number}@univ-montp3.example'\n\
             eduPersonUniqueId = 'id{number}@univ-montp3.example'\neduPersonAffiliation = ['member', 'student']\n"
        )
    };
    setup.people = (0..PEOPLE).map(person).collect::<Vec<_>>().concat();
    let house = House::of(&setup);
    let rows = (0..PEOPLE).map(|number| format!("p{number}@univ-montp3.example\n"));
    let list = format!("Email\n{}", rows.collect::<Vec<_>>().concat());
    let mut child = begin(&house.path, &["--json", "--old", "-"], list.as_bytes());
    let mut out = child.stdout.take().unwrap();
    let mut first = [0];
    out.read_exact(&mut first).unwrap();
    // The whole report stands in memory when its first octet comes, and more of it is left than a pipe holds: the process
    // is there, and will need no more.
    let memory = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.stdout = Some(out);
    let mut told = ended(child);
    told.out.insert(0, first[0].into());
    assert!(told.out.len() > 1024 * 1024, "{}", told.out.len());
    assert!(
        told.errors.ends_with("25000 of 25000 compared\n"),
        "{}",
        told.errors
    );
    assert_eq!(told.status, 0, "{:?}", told.counts());
    assert_eq!(told.counts()["same-account"], 25_000);
    let most = memory.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most: usize = most
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(most < 400 * 1024, "{most} KiB");
}

#[test]
fn an_account_that_nobody_has_here_is_no_success() {
    let house = House::of(&Setup::new());
    let list = "Email\nanne.dupont@univ-montp3.example\nnobody@univ-montp3.example\n";
    let told = house.compare(&["--old", "-"], list.as_bytes());
    assert_eq!(
        (told.status, told.errors.as_str()),
        (
            4,
            "passerelle: 1 account(s) of which it is not known what becomes\n"
        ),
        "{told:?}"
    );
}

#[test]
fn whom_the_form_of_zoom_gives_the_licence_none_is_shut_out() {
    for (line, verdict, reason, status) in [
        (("guest", "None"), "stopped", "licence-none", 3),
        (("guest", "Licensed"), "same-account", "same-address", 0),
        // Whom no line takes keeps the account that they have, and its licence.
        (("staff", "Licensed"), "same-account", "same-address", 0),
    ] {
        let mut setup = Setup::new();
        setup.zoom = zoom_of_guests(line);
        let house = House::of(&setup);
        let (told, all) = house.said("Email\nanne.dupont@univ-montp3.example\n");
        assert_eq!(all, [said(verdict, reason, "anne.dupont")], "{told:?}");
        assert_eq!(told.status, status, "{told:?}");
    }
}

#[test]
fn whom_no_line_of_zooms_form_takes_gets_no_second_account_either() {
    for (line, verdict, reason) in [
        (("guest", "Licensed"), "second-account", "address-differs"),
        (("staff", "Licensed"), "stopped", "licence-no-line"),
    ] {
        let mut setup = Setup::new();
        setup.zoom = zoom_of_guests(line);
        let house = House::of(&setup);
        let (told, all) = house.said("Email\nluc.bernard@courriel.example\n");
        assert_eq!(all, [said(verdict, reason, "luc.bernard")], "{told:?}");
    }
}

#[test]
fn r94_what_a_file_says_moves_no_cursor_and_makes_no_line() {
    let house = House::of(&Setup::new());
    let list = "Email\n\"a\u{1b}[2J\nb@u\"\n";
    let told = house.compare(&["--old", "-"], list.as_bytes());
    assert_eq!(told.out.lines().count(), 2, "{told:?}");
    assert!(told.out.starts_with("a\\u001b[2J\\u000ab@u ("), "{told:?}");
}

#[test]
fn of_people_whom_only_the_cas_server_knows_it_is_said_so() {
    // A directory that stands in for it says nothing of what that says.
    let directory =
        "[authn.ldap]\nurl = ['ldaps://nowhere.example']\nbase = 'dc=univ,dc=example'\n";
    for (methods, directory) in [("['cas']", ""), ("['cas', 'ldap']", directory)] {
        let cas = "[authn.cas]\nurl = 'https://cas.example.org/cas'";
        let authn = format!("[authn]\nmethods = {methods}\n{cas}\n{directory}");
        let house = House::of(&Setup {
            authn: Some(authn),
            ..Setup::new()
        });
        let told = house.compare(&["--old", "-"], list().as_bytes());
        let unsaid = "cannot be said: only the CAS server knows who it is";
        let unsaid = told.out.matches(unsaid).count();
        assert_eq!((told.status, unsaid), (4, 12), "{told:?}");
    }
}

#[test]
fn which_provider_is_meant_is_asked_where_it_is_not_clear() {
    let house = House::of(&Setup::new());
    for (sp, why) in [
        ("library", "sp.library is not Zoom"),
        ("none", "there is no sp.none"),
    ] {
        let told = house.compare(&["--sp", sp, "--old", "-"], list().as_bytes());
        assert_eq!((told.status, told.out.as_str()), (1, ""), "{told:?}");
        assert!(told.errors.contains(why), "{told:?}");
    }
}
