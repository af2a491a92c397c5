//! What the directory of the lab answers, by OpenLDAP's own clients: the tests of sign-in by LDAP
//! stand on this.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use crate::lab::slapd::{Kind, READER_DN, Slapd, synthetic_people};

const NOMAIL: &str = "uid=nomail,ou=people,dc=univ,dc=example";

/// Who the directory says that somebody is, with what it says of their password.
fn who_am_i(slapd: &Slapd, uid: &str, password: &str) -> (bool, String) {
    let dn = format!("uid={uid},ou=people,dc=univ,dc=example");
    bind(slapd, &slapd.ldaps_url(), &dn, &["-w", password])
}

fn bind(slapd: &Slapd, url: &str, dn: &str, password: &[&str]) -> (bool, String) {
    let words = [&["-e", "ppolicy", "-D", dn], password].concat();
    slapd.client("ldapwhoami", url, &words)
}

/// What the directory says of somebody who is refused.
fn refusal(slapd: &Slapd, uid: &str, password: &str) -> String {
    let (accepted, said) = who_am_i(slapd, uid, password);
    assert!(!accepted, "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_let_in_as_the_fixtures_say() {
    let slapd = Slapd::start(Kind::default()).await;
    for (uid, password) in [
        ("alice", "wonderland"),
        ("bob*(", "builder"),
        ("zo\u{e9}", "p\u{e4}ssw\u{f6}rd"),
        (r"o'neill\, anne", "comma"),
        ("binary", "binary"),
        ("suspended", "suspended"),
        ("nslocked", "nslocked"),
    ] {
        let (accepted, said) = who_am_i(&slapd, uid, password);
        assert!(accepted, "{uid}: {said}");
    }
    let (_, said) = who_am_i(&slapd, "mustchange", "mustchange");
    assert!(said.contains("Password must be changed"), "{said}");
    let (_, said) = who_am_i(&slapd, "grace", "grace");
    assert!(said.contains("2 grace logins remain"), "{said}");
    let (_, said) = who_am_i(&slapd, "soon", "soon");
    assert!(said.contains("Password expires in"), "{said}");

    assert!(refusal(&slapd, "alice", "").contains("(53)"));
    assert!(refusal(&slapd, "nobody", "guess").contains("(49)"));
    assert!(refusal(&slapd, "expired", "expired").contains("Password expired"));
    assert!(refusal(&slapd, "locked", "locked").contains("Account locked"));
    for _ in 0..3 {
        assert!(!refusal(&slapd, "units", "guess").contains("locked"));
    }
    assert!(refusal(&slapd, "units", "units").contains("Account locked"));

    // What was asked for stands in the log; no password does.
    let log = slapd.server().log();
    assert!(log.contains("BIND dn=\"uid=alice,"), "{log}");
    assert!(!log.contains("wonderland"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synthetic_person_has_a_password_of_their_own() {
    let people = synthetic_people(40);
    let slapd = Slapd::start(Kind {
        more: &people,
        ..Kind::default()
    })
    .await;
    let uids: Vec<_> = people
        .lines()
        .filter_map(|line| line.strip_prefix("uid: "))
        .collect();
    assert_eq!(uids.len(), 40);
    for uid in [uids[0], uids[39]] {
        let (accepted, said) = who_am_i(&slapd, uid, &format!("{uid}-secret"));
        assert!(accepted, "{uid}: {said}");
    }
    assert!(refusal(&slapd, uids[0], &format!("{}-secret", uids[1])).contains("(49)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lax_directory_takes_an_empty_password_for_nobody_s() {
    let slapd = Slapd::start(Kind {
        lax: true,
        ..Kind::default()
    })
    .await;
    for uid in ["alice", "nobody"] {
        let (accepted, said) = who_am_i(&slapd, uid, "");
        assert!(accepted && said.contains("anonymous"), "{said}");
    }
    assert!(refusal(&slapd, "alice", "guess").contains("(49)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_machine_is_noticed() {
    let slapd = Slapd::start(Kind {
        wrong_name: true,
        ..Kind::default()
    })
    .await;
    assert!(refusal(&slapd, "alice", "wonderland").contains("(-1)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_can_be_changed_stopped_started_again_and_paused() {
    let mut slapd = Slapd::start(Kind::default()).await;
    slapd.modify(&format!(
        "dn: {NOMAIL}\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n-\n\
         replace: pwdChangedTime\npwdChangedTime: 20200101000000Z\n"
    ));
    slapd.stop();
    assert!(refusal(&slapd, "alice", "wonderland").contains("(-1)"));
    slapd.start_again().await;
    let (_, said) = who_am_i(&slapd, "nomail", "nomail");
    assert!(said.contains("Password must be changed"), "{said}");

    let password = slapd.reader_password_file().display().to_string();
    let (accepted, said) = bind(
        &slapd,
        &slapd.start_tls_url(),
        READER_DN,
        &["-ZZ", "-y", &password],
    );
    assert!(accepted, "{said}");

    slapd.pause();
    let slapd = Arc::new(slapd);
    let mut asking = tokio::task::spawn_blocking({
        let slapd = Arc::clone(&slapd);
        move || who_am_i(&slapd, "alice", "wonderland")
    });
    let answer = timeout(Duration::from_millis(300), &mut asking).await;
    assert!(answer.is_err(), "{answer:?}");
    slapd.go_on();
    let (accepted, said) = asking.await.unwrap();
    assert!(accepted, "{said}");
}
