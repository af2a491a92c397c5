//! What `passerelle doctor` says of servers that work, and of each that does not.

mod store;

use std::{
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    process::{Command, Stdio},
};

use axum::{Router, http::header::DATE, response::Html};
use serde_json::Value;

use crate::lab::{
    cas_script::{CasScript, Said},
    cas_server::{CasPerson, CasServer},
    cookies::CookieJar,
    keys::Authority,
    port::free_port,
    real_bridge::{PROGRAM, RealBridge},
    service_provider::{SpKind, SpSite},
    slapd::{Kind, READER_DN, Slapd},
};

const BASE: &str = "ou=people,dc=univ,dc=example";

const ALICE: CasPerson<'_> = CasPerson {
    login: "alice",
    password: "wonderland",
    attributes: &[],
};

/// A configuration, and the program that looks at it.
struct House {
    bridge: RealBridge,
    authn: String,
    /// What is not as the demo has it.
    replaced: Vec<(&'static str, String)>,
    _folder: tempfile::TempDir,
}

/// What the doctor said.
struct Told {
    status: i32,
    out: String,
    errors: String,
}

/// One of its findings.
#[derive(Clone)]
struct Finding {
    verdict: String,
    what: String,
    hint: String,
}

impl House {
    fn new(authn: &str) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let site = SpSite::prepare(SpKind::Python3Saml, folder.path());
        Self {
            bridge: RealBridge::prepare(&[site]),
            authn: authn.to_owned(),
            replaced: Vec::new(),
            _folder: folder,
        }
    }

    /// Runs `passerelle doctor` with these words, and this on standard input.
    async fn doctor(&self, words: &[&str], typed: &str) -> Told {
        self.run(&[&["doctor"], words].concat(), typed).await
    }

    /// The program, with these words and its configuration.
    fn command(&self, words: &[&str]) -> Command {
        let mut replaced = vec![
            ("[authn]\nmethods = [\"local\"]\n", self.authn.as_str()),
            ("[authn.local]\npeople = \"people.toml\"\n", ""),
        ];
        replaced.extend(self.replaced.iter().map(|(old, new)| (*old, new.as_str())));
        let file = self.bridge.configure(&replaced);
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--config").arg(file);
        command
    }

    async fn run(&self, words: &[&str], typed: &str) -> Told {
        let mut command = self.command(words);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let typed = typed.to_owned();
        // Servers of the test go on meanwhile.
        let done = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut input = child.stdin.take().unwrap();
            // Where no password is asked for, nobody reads it.
            let _ = input.write_all(typed.as_bytes());
            drop(input);
            child.wait_with_output().unwrap()
        });
        let done = done.await.unwrap();
        Told {
            status: done.status.code().unwrap(),
            out: String::from_utf8(done.stdout).unwrap(),
            errors: String::from_utf8(done.stderr).unwrap(),
        }
    }
}

impl Told {
    /// The findings of a check, from JSON.
    fn of(&self, check: &str) -> Vec<Finding> {
        let json: Value = serde_json::from_str(&self.out).unwrap();
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("").to_owned();
        let all = json["findings"].as_array().unwrap().iter();
        all.filter(|finding| finding["check"] == check)
            .map(|finding| Finding {
                verdict: text(finding, "verdict"),
                what: text(finding, "what"),
                hint: text(finding, "hint"),
            })
            .collect()
    }

    /// The one finding of a check that is bad, with these words in it and in its hint.
    fn is_bad(&self, check: &str, what: &str, hint: &str) {
        assert_eq!(self.status, 1, "{}", self.out);
        let found = self.of(check);
        let bad: Vec<_> = found.iter().filter(|one| one.verdict == "bad").collect();
        let [bad] = bad.as_slice() else {
            panic!("{} of {check}: {}", bad.len(), self.out);
        };
        assert!(bad.what.contains(what), "{}", bad.what);
        assert!(bad.hint.contains(hint), "{}", bad.hint);
    }

    /// How each finding of a check is.
    fn verdicts(&self, check: &str) -> Vec<String> {
        let found = self.of(check).into_iter();
        found.map(|finding| finding.verdict).collect()
    }
}

/// `[authn]` with a directory at `url`.
fn of_directory(slapd: &Slapd, url: &str) -> String {
    format!(
        "[authn]\nmethods = ['ldap']\n[authn.ldap]\nurl = ['{url}']\nca = '{}'\nbase = '{BASE}'\n\
         bind-dn = '{READER_DN}'\nbind-password-file = '{}'\n",
        slapd.ca().display(),
        slapd.reader_password_file().display(),
    )
}

fn of_cas(url: &str) -> String {
    format!("[authn]\nmethods = ['cas']\n[authn.cas]\nurl = '{url}'\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_the_doctor_says_so_and_ends_with_0() {
    let cas = CasServer::start(&[ALICE]).await;
    let slapd = Slapd::start(Kind::default()).await;
    let mut authn = of_directory(&slapd, &slapd.ldaps_url());
    authn = authn.replace("['ldap']", "['cas', 'ldap']\nattributes = 'ldap'");
    authn = format!("{authn}[authn.cas]\nurl = '{}'\n", cas.url());
    let house = House::new(&authn);
    let person = ["--login", "alice"];
    let said = house
        .doctor(&[&["--json"], &person[..]].concat(), "wonderland\n")
        .await;
    assert_eq!(said.status, 0, "{}{}", said.out, said.errors);
    for check in [
        "configuration",
        "keys",
        "clock",
        "cas.login",
        "cas.gateway",
        "cas.renew",
        "cas.validate",
        "cas.versions",
        "ldap.bind",
        "ldap.base",
        "ldap.person",
        "ldap.password",
    ] {
        assert_eq!(said.verdicts(check), ["good"], "{check}: {}", said.out);
    }
    // The provider of this lab has a certificate of 30 days, and an address of plain http.
    assert_eq!(said.verdicts("metadata"), ["warning", "warning"]);
    let provider = &said.of("metadata")[0];
    assert!(provider.what.contains(", in 29 days"), "{}", provider.what);
    assert!(provider.hint.contains("sp add zoom --replace"));
    assert_eq!(said.verdicts("name"), ["good", "good"]);
    // Plain http, and a directory over TLS.
    assert_eq!(said.verdicts("tls"), ["not-tried", "good"]);
    let versions = &said.of("cas.versions")[0].what;
    assert!(
        versions.contains("/serviceValidate, /validate"),
        "{versions}"
    );
    // What takes somebody who signs in is not made out to be known.
    assert_eq!(said.verdicts("cas.fresh-login"), ["not-tried"]);
    let schema: Vec<_> = said
        .of("ldap.schema")
        .into_iter()
        .map(|one| one.what)
        .collect();
    for family in ["eduPerson", "SupAnn"] {
        let found = schema.iter().any(|what| what.contains(family));
        assert!(found, "{schema:?}");
    }
    // Names and counts of attributes, and none of their values.
    let person = &said.of("ldap.person")[0].what;
    assert!(person.contains("mail (1)"), "{person}");
    for value in ["alice@", "Alice", "wonderland", "ST-"] {
        assert!(!said.out.contains(value), "{value}: {}", said.out);
    }
    let text = house.doctor(&[], "").await;
    assert_eq!(text.status, 0, "{}{}", text.out, text.errors);
    let order: Vec<_> = text
        .out
        .lines()
        .filter(|line| !line.starts_with("    hint: "))
        .filter_map(|line| line.get(11..)?.split([' ', '.']).next())
        .collect();
    let mut subjects = order.clone();
    subjects.dedup();
    let (_, subjects) = subjects.split_last().unwrap();
    assert_eq!(
        subjects,
        [
            "configuration",
            "keys",
            "clock",
            "name",
            "tls",
            "cas",
            "ldap",
            "metadata"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_read_is_the_only_thing_that_is_told() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("passerelle.toml");
    for (text, what) in [(None, "cannot be read"), (Some("[keys"), "is not TOML")] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut command = Command::new(PROGRAM);
        command
            .arg("doctor")
            .arg("--json")
            .arg("--config")
            .arg(&file);
        let done = command.output().unwrap();
        let said = Told {
            status: done.status.code().unwrap(),
            out: String::from_utf8(done.stdout).unwrap(),
            errors: String::from_utf8(done.stderr).unwrap(),
        };
        said.is_bad("configuration", what, "");
        let json: Value = serde_json::from_str(&said.out).unwrap();
        let findings = json["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_directory_is_told_with_what_to_do() {
    let mut slapd = Slapd::start(Kind::default()).await;
    let (tls, start_tls) = (slapd.ldaps_url(), slapd.start_tls_url());
    let json = ["ldap", "--json"];

    let mut house = House::new(&of_directory(&slapd, &start_tls));
    let said = house.doctor(&json, "").await;
    assert_eq!((said.status, said.errors.as_str()), (0, ""), "{}", said.out);
    assert_eq!(said.verdicts("tls"), ["good"]);
    assert!(said.of("cas.login").is_empty() && said.of("keys").is_empty());

    let good = of_directory(&slapd, &tls);
    house.authn = good.replace(BASE, "ou=persons,dc=univ,dc=example");
    let said = house.doctor(&json, "").await;
    said.is_bad("ldap.base", "no entry ou=persons", "dc=univ,dc=example");
    assert_eq!(said.verdicts("ldap.person"), ["not-tried"]);

    let other = tempfile::TempDir::new().unwrap();
    let password = other.path().join("password");
    std::fs::write(&password, "wrong").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&password, mode).unwrap();
    let file = slapd.reader_password_file().display().to_string();
    house.authn = good.replace(&file, password.to_str().unwrap());
    let said = house.doctor(&json, "").await;
    said.is_bad("ldap.bind", "cn=reader", "bind-password-file");
    assert!(!said.out.contains("wrong\""));

    let authority = other.path().join("ca.pem");
    std::fs::write(&authority, Authority::new("other").pem()).unwrap();
    let file = slapd.ca().display().to_string();
    house.authn = good.replace(&file, authority.to_str().unwrap());
    let said = house.doctor(&json, "").await;
    said.is_bad("tls", "no authority that is believed", "authn.ldap.ca");
    assert_eq!(said.verdicts("ldap.bind"), ["not-tried"]);

    house.authn = good.clone();
    for (login, typed, check, what) in [
        ("nobody", "", "ldap.person", "finds nobody"),
        ("alice", "Wonderland\n", "ldap.password", "wrong-password"),
    ] {
        let said = house
            .doctor(&[&json[..], &["--login", login]].concat(), typed)
            .await;
        said.is_bad(check, what, "");
        assert!(!said.out.contains("onderland"));
    }

    house.authn = good.replace("127.0.0.1", "ldap.invalid");
    let said = house.doctor(&json, "").await;
    said.is_bad("name", "ldap.invalid", "getent");

    house.authn = good;
    slapd.pause();
    let said = house.doctor(&json, "").await;
    said.is_bad("tls", "does not answer in time", "firewall");
    slapd.go_on();
    slapd.stop();
    let said = house.doctor(&json, "").await;
    said.is_bad("tls", "nobody can be reached", "firewall");
}

/// Whoever does not answer keeps a thread in the midst of TLS, and the program ends meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_library_of_tls_is_not_taken_down_under_a_thread_that_waits() {
    let folder = tempfile::TempDir::new().unwrap();
    let spy = folder.path().join("spy.so");
    let source = folder.path().join("spy.c");
    let text = r#"
#include <stdio.h>
__attribute__((constructor)) static void begin(void) { fputs("looking\n", stderr); }
void OPENSSL_cleanup(void) { fputs("taken down\n", stderr); }
"#;
    std::fs::write(&source, text).unwrap();
    // The compiler is there, as the toolchain links by it.
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&spy, &source])
        .status();
    assert!(compiled.unwrap().success());
    let seen_by_the_spy = |command: &mut Command| {
        let done = command.env("LD_PRELOAD", &spy).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success() && said.contains("looking"), "{said}");
        said.contains("taken down")
    };
    assert!(seen_by_the_spy(Command::new("openssl").arg("version")));

    let slapd = Slapd::start(Kind::default()).await;
    let house = House::new(&of_directory(&slapd, &slapd.ldaps_url()));
    assert!(!seen_by_the_spy(&mut house.command(&["doctor", "ldap"])));
    assert!(!seen_by_the_spy(&mut house.command(&["check"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_machine_is_told_as_that() {
    let slapd = Slapd::start(Kind {
        wrong_name: true,
        ..Kind::default()
    })
    .await;
    let house = House::new(&of_directory(&slapd, &slapd.ldaps_url()));
    let said = house.doctor(&["ldap", "--json"], "").await;
    said.is_bad("tls", "for another name", "use the name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_cas_server_or_none_at_all_is_told_with_what_to_do() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let router = Router::new().fallback(async || Html("<h1>It works!</h1>"));
    tokio::spawn(axum::serve(listener, router).into_future());
    let mut house = House::new(&of_cas(&format!("http://127.0.0.1:{port}")));
    let said = house.doctor(&["cas", "--json"], "").await;
    said.is_bad(
        "cas.validate",
        "no answer of CAS",
        "what stands before /login",
    );
    assert_eq!(said.verdicts("cas.login"), ["warning"]);
    assert_eq!(said.verdicts("cas.gateway"), ["not-tried"]);

    house.authn = of_cas(&format!("http://127.0.0.1:{}/cas", free_port()));
    let said = house.doctor(&["cas", "--json"], "").await;
    said.is_bad("tls", "nobody can be reached", "is the server started");
    assert_eq!(said.verdicts("clock"), ["not-tried"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_warns_where_the_cas_server_has_another_time_and_says_nothing_where_none_is_to_be_had()
 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.unwrap();
    let url = format!("http://{}/cas", listener.local_addr().unwrap());
    let router = Router::new().fallback(async || {
        let date = [(DATE, "Thu, 26 Nov 2026 08:00:00 GMT")];
        (date, Html("<form></form>"))
    });
    tokio::spawn(axum::serve(listener, router).into_future());
    let mut house = House::new(&of_cas(&url));
    let said = house.run(&["check"], "").await;
    assert_eq!(said.status, 0, "{}", said.errors);
    let warning = format!("s ahead of that of {url}");
    assert!(said.errors.contains(&warning), "{}", said.errors);
    assert!(said.errors.contains("hint: see `timedatectl`"));
    let warnings = |said: &Told| {
        let (before, _) = said.out.rsplit_once(" warning(s)").unwrap();
        let number = before.rsplit(' ').next().unwrap();
        number.parse::<u32>().unwrap()
    };
    let counted = warnings(&said);
    // Nobody is there who tells the time, and one whose time is ours.
    let cas = CasServer::start(&[ALICE]).await;
    for url in [
        format!("http://127.0.0.1:{}/cas", free_port()),
        cas.url().to_string(),
    ] {
        house.authn = of_cas(&url);
        let said = house.run(&["check"], "").await;
        assert_eq!(said.status, 0, "{}", said.errors);
        assert!(!said.errors.contains("clock"), "{}", said.errors);
        assert_eq!(warnings(&said) + 1, counted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_of_a_new_login_is_found_out_by_signing_in_twice() {
    let cas = CasServer::start(&[ALICE]).await;
    let mut house = House::new(&of_cas(cas.url().as_str()));
    let service = format!("{}/cas/zoom/doctor", house.bridge.base);
    let login = cas.login(&service, &[]);
    for (set, verdict) in [("attributes", "good"), ("renew", "good")] {
        let of_cas = of_cas(cas.url().as_str());
        house.authn = format!("{of_cas}fresh-login-proof = '{set}'\n");
        let mut jar = CookieJar::default();
        let who = (ALICE.login, ALICE.password);
        let first = cas.sign_in(&mut jar, &login, who).await.sent_to();
        let second = cas.visit(&mut jar, &login).await.sent_to();
        let typed = format!("{first}\n{second}\n");
        let said = house.doctor(&["cas", "--json", "--sign-in"], &typed).await;
        assert_eq!(said.verdicts("cas.fresh-login"), [verdict], "{}", said.out);
        let what = &said.of("cas.fresh-login")[0].what;
        assert!(what.contains("states that a login is new"), "{what}");
        assert!(what.contains("refuses an older one"), "{what}");
        assert!(said.errors.contains("Open this address"), "{}", said.errors);
        for text in [&said.out, &said.errors] {
            assert!(!text.contains("ticket=") && !text.contains("ST-"), "{text}");
        }
    }
    // What was used once is used up.
    let said = house.doctor(&["cas", "--json", "--sign-in"], "\n").await;
    assert_eq!(said.verdicts("cas.fresh-login"), ["not-tried"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_believed_by_the_authority_of_the_configuration_alone() {
    let authority = Authority::new("university");
    let node = CasScript::start(
        &authority.vouch_for("localhost"),
        Said::Refusal("INVALID_SERVICE"),
    );
    let folder = tempfile::TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    let with_ca = format!("{}ca = '{}'\n", of_cas(&node.url()), ca.display());
    std::fs::write(&ca, authority.pem()).unwrap();
    let mut house = House::new(&with_ca);
    let json = ["cas", "--json"];
    let said = house.doctor(&json, "").await;
    assert_eq!(said.verdicts("tls"), ["good"], "{}", said.out);
    assert_eq!(said.verdicts("cas.validate"), ["warning"], "{}", said.out);
    assert!(said.of("cas.validate")[0].hint.contains("registered"));

    node.now_says(Said::Person("anybody", Vec::new()));
    let said = house.doctor(&json, "").await;
    said.is_bad("cas.validate", "nobody ever had", "do not use it");
    node.now_says(Said::Nothing);
    let said = house.doctor(&json, "").await;
    said.is_bad("cas.validate", "did not answer", "its log");
    node.now_says(Said::Status(404));
    let said = house.doctor(&json, "").await;
    said.is_bad("cas.validate", "404", "protocol = 2");
    said.is_bad("cas.login", "404", "before /login");

    std::fs::write(&ca, Authority::new("other").pem()).unwrap();
    let said = house.doctor(&json, "").await;
    said.is_bad("tls", "no authority that is believed", "authn.cas.ca");
    house.authn = of_cas(&node.url());
    let said = house.doctor(&json, "").await;
    said.is_bad(
        "tls",
        "no authority that is believed",
        "name it with authn.cas.ca",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_seen_of_our_own_address_from_here_is_a_warning() {
    let mut house =
        House::new("[authn]\nmethods = ['local']\n[authn.local]\npeople = 'people.toml'\n");
    let listens = "http://idp.localhost:";
    house.replaced = vec![(listens, "https://nobody.localhost:".to_owned())];
    let said = house.doctor(&["--json"], "").await;
    assert_eq!(said.status, 0, "{}", said.out);
    let own = [said.of("name"), said.of("tls")].concat();
    let warnings: Vec<_> = own.iter().filter(|one| one.verdict == "warning").collect();
    assert_eq!(warnings.len(), 1, "{}", said.out);
    assert!(warnings[0].hint.contains("proxy"), "{}", said.out);
    // Who is not asked is not tried.
    for check in ["clock", "cas.login", "ldap.bind"] {
        assert_eq!(said.verdicts(check), ["not-tried"], "{check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_configuration_is_told_and_the_rest_is_tried_all_the_same() {
    let slapd = Slapd::start(Kind::default()).await;
    let mut house = House::new(&of_directory(&slapd, &slapd.ldaps_url()));
    house.replaced = vec![("lab = true", "lab = true\nlissen = 1".to_owned())];
    let said = house.doctor(&["--json"], "").await;
    said.is_bad("configuration", "lissen", "");
    assert_eq!(said.verdicts("ldap.bind"), ["good"]);
    assert_eq!(said.verdicts("metadata"), ["warning", "warning"]);
    let wrong = house.doctor(&["people"], "").await;
    assert_eq!(wrong.status, 2, "{}", wrong.errors);
}
