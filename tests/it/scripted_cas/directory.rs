//! CAS for the sign-in, and a directory (slapd) for what is known of people, or in the place of a CAS
//! that does not answer.

use std::{fs, time::Duration};

use tempfile::TempDir;
use tokio::time::timeout;

use super::{Login, at_cas, new_ticket, there_and_back};
use crate::{
    bridge::{Bridge, LIBRARY, Setup, ZOOM, browser::SESSION_COOKIE, log::Log, watch::text_of},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
        slapd::{Kind, READER_DN, Slapd},
    },
};

const ALICE: &str = "alice@univ.example";

struct House {
    cas: CasScript,
    slapd: Slapd,
    bridge: Bridge,
    _folder: TempDir,
}

/// `authn` are lines of `[authn]`, `ldap` more of `[authn.ldap]`.
async fn house(authn: &str, ldap: &str) -> House {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), person("alice", &[]));
    let slapd = Slapd::start(Kind::default()).await;
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, authority.pem()).unwrap();
    let authn = format!(
        "[authn]\n{authn}\n[authn.cas]\nurl = '{}'\nca = '{}'\n[authn.ldap]\nurl = ['{}']\nca = '{}'
base = 'ou=people,dc=univ,dc=example'\nbind-dn = '{READER_DN}'\nbind-password-file = '{}'\n{ldap}",
        cas.url(),
        ca.display(),
        slapd.ldaps_url(),
        slapd.ca().display(),
        slapd.reader_password_file().display(),
    );
    let setup = Setup {
        authn: Some(authn),
        ..Setup::new()
    };
    House {
        cas,
        slapd,
        bridge: setup.build(),
        _folder: folder,
    }
}

fn person(login: &'static str, attributes: &[(&'static str, &str)]) -> Said {
    let attributes = attributes.iter();
    Said::Person(
        login,
        attributes
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
    )
}

const FOR_ATTRIBUTES: &str = "methods = ['cas']\nattributes = 'ldap'";
const OR_LDAP: &str = "methods = ['cas', 'ldap']";

#[tokio::test]
async fn the_directory_says_what_is_known_of_whom_cas_signs_in() {
    let house = house(FOR_ATTRIBUTES, "").await;
    // What CAS says of them besides counts for nothing.
    house
        .cas
        .now_says(person("Alice", &[("mail", "mallory@univ.example")]));
    let request = house.bridge.request();
    let mut browser = house.bridge.browser();
    let page = there_and_back(&mut browser, &request).await;
    let identity = house.bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.name_id.value, ALICE);
    assert!(browser.cookie(SESSION_COOKIE).is_some());

    for (login, status, reason) in [
        ("nobody", 403, "record-not-found"),
        ("twin", 403, "record-not-found"),
        ("*", 403, "record-not-found"),
        ("suspended", 403, "account-shut"),
        ("nslocked", 403, "account-shut"),
        ("nomail", 403, "no-mail"),
        ("clash1", 403, "mail-of-another"),
    ] {
        house.cas.now_says(person(login, &[("mail", ALICE)]));
        let mut browser = house.bridge.browser();
        let page = there_and_back(&mut browser, &house.bridge.request()).await;
        page.stops(status, reason);
        assert_eq!(browser.cookie(SESSION_COOKIE), None, "{login}");
    }
}

#[tokio::test]
async fn a_person_is_found_by_an_attribute_of_cas() {
    let lines = "user = '(eduPersonUniqueId={login})'\ncas-attribute = 'key'";
    let house = house(FOR_ATTRIBUTES, lines).await;
    house
        .cas
        .now_says(person("x", &[("key", "0a11ce@univ.example")]));
    let request = house.bridge.request();
    let page = there_and_back(&mut house.bridge.browser(), &request).await;
    // Known to CAS as x, and to the directory as alice: the address is hers.
    let identity = house.bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.name_id.value, ALICE);
    for attributes in [&[][..], &[("key", "a"), ("key", "b")]] {
        house.cas.now_says(person("x", attributes));
        there_and_back(&mut house.bridge.browser(), &house.bridge.request())
            .await
            .stops(403, "record-not-found");
    }
}

#[tokio::test]
async fn without_the_directory_people_are_told_and_their_journey_goes_on_when_it_is_back() {
    let mut house = house(FOR_ATTRIBUTES, "").await;
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    house.slapd.stop();
    let stopped = browser.arrive(&login.callback(&new_ticket())).await;
    stopped.stops(503, "sign-in-unavailable");
    house.slapd.start_again().await;
    let login = Login::of(&browser.open(&stopped.link("again").unwrap()).await);
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn without_the_directory_people_go_on_with_what_cas_says_where_that_is_enough() {
    let mut house = house(FOR_ATTRIBUTES, "without-directory = 'use-cas'").await;
    house.slapd.stop();
    // The address that the provider requires is not there.
    let mut browser = house.bridge.browser();
    there_and_back(&mut browser, &house.bridge.request())
        .await
        .stops(503, "sign-in-unavailable");
    house.cas.now_says(person("alice", &[("mail", ALICE)]));
    let request = house.bridge.request();
    let page = there_and_back(&mut browser, &request).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
    // Who was let in by half a record is asked again next time.
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
}

#[tokio::test]
async fn r50_whom_cas_vouches_for_ends_the_session_of_another_whatever_becomes_of_the_sign_in() {
    let mut house = house(FOR_ATTRIBUTES, "").await;
    for (login, end) in [
        ("nobody", "record-not-found"),
        ("suspended", "account-shut"),
        ("anne", "not-fresh"),
        ("anne", "sign-in-unavailable"),
    ] {
        house.cas.now_says(person("alice", &[]));
        let mut browser = house.bridge.browser();
        there_and_back(&mut browser, &house.bridge.request())
            .await
            .answer();
        house.bridge.wait(116);
        house
            .cas
            .now_says(person(login, &[("isFromNewLogin", "false")]));
        let log = Log::start();
        let mut request = house.bridge.request();
        match end {
            "not-fresh" => request = request.with("ForceAuthn", "true"),
            "sign-in-unavailable" => house.slapd.stop(),
            _ => {}
        }
        let page = there_and_back(&mut browser, &request).await;
        match end {
            "not-fresh" => _ = page.answer(),
            "sign-in-unavailable" => page.stops(503, end),
            _ => page.stops(403, end),
        }
        let ends = log.ended();
        assert_eq!(ends.len(), 1, "{end}: {}", log.text());
        assert_eq!(ends[0]["person"], "alice", "{end}");
        assert_eq!(ends[0]["cause"], "replaced", "{end}");
        let request = house.bridge.request_of(LIBRARY);
        at_cas(&mut browser, &request).await;
    }
}

#[tokio::test]
async fn a_session_lives_on_without_the_directory() {
    let mut house = house(FOR_ATTRIBUTES, "").await;
    let mut browser = house.bridge.browser();
    there_and_back(&mut browser, &house.bridge.request())
        .await
        .answer();
    house.slapd.stop();
    let request = house.bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn a_session_does_not_wait_for_a_directory_that_hangs() {
    let house = house(FOR_ATTRIBUTES, "timeout-seconds = 30").await;
    let mut browser = house.bridge.browser();
    there_and_back(&mut browser, &house.bridge.request())
        .await
        .answer();
    house.slapd.pause();
    let request = house.bridge.request();
    // Of the thirty seconds that somebody new would wait.
    let page = timeout(Duration::from_secs(10), async {
        browser.arrive(&request.redirect(None)).await
    });
    let page = page.await.unwrap();
    house.slapd.go_on();
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn while_cas_does_not_answer_people_are_asked_for_their_password() {
    let house = house(OR_LDAP, "").await;
    for says in [Said::Status(503), Said::Nothing] {
        house.cas.now_says(says);
        // What was seen of it holds for ten seconds.
        house.bridge.wait_seconds(11);
        let mut browser = house.bridge.browser();
        let request = house.bridge.request();
        let form = browser.arrive(&request.redirect(None)).await;
        assert_eq!(form.kind(), "login");
        let page = browser
            .submit(&form, &form.filled("alice", "wonderland"))
            .await;
        let identity = house.bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.name_id.value, ALICE);
        // No page may be shown: nobody is asked.
        let passive = house.bridge.request().with("IsPassive", "true");
        let answer = house.bridge.browser().arrive(&passive.redirect(None)).await;
        let refusal = house.bridge.refusal(&answer.answer(), ZOOM, passive.id());
        assert_eq!(refusal, ("Responder".to_owned(), "NoPassive".to_owned()));
    }
    house.cas.now_says(person("alice", &[("mail", ALICE)]));
    house.bridge.wait_seconds(11);
    let request = house.bridge.request();
    let page = there_and_back(&mut house.bridge.browser(), &request).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn who_comes_back_from_a_cas_that_dies_meanwhile_is_asked_for_their_password() {
    let house = house(OR_LDAP, "").await;
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    house.cas.now_says(Said::Status(500));
    let form = browser.arrive(&login.callback(&new_ticket())).await;
    assert_eq!(form.kind(), "login");
    let page = browser
        .submit(&form, &form.filled("alice", "wonderland"))
        .await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn r36_the_form_is_no_way_round_a_cas_that_answers() {
    let house = house(OR_LDAP, "").await;
    // A form that was shown while CAS was down, of another journey.
    house.cas.now_says(Said::Status(503));
    let mut browser = house.bridge.browser();
    let form = browser.arrive(&house.bridge.request().redirect(None)).await;
    let filled = form.filled("alice", "wonderland");
    house.cas.now_says(person("alice", &[("mail", ALICE)]));
    house.bridge.wait_seconds(11);
    let login = at_cas(&mut browser, &house.bridge.request()).await;
    let seal = login.callback("ST-1");
    let path = seal.split_once('?').unwrap().0.replace("/cas/", "/j/");
    let mut forged = filled;
    forged.action = path;
    browser
        .submit(&form, &forged)
        .await
        .stops(400, "form-forged");
}

#[tokio::test]
async fn r36_an_odd_ticket_opens_no_form_and_the_form_is_gone_when_cas_is_back() {
    let house = house(OR_LDAP, "").await;
    // A filter before the server turns a ticket away; the server itself is there.
    for says in [
        Said::Status(403),
        Said::Page,
        Said::Refusal("INVALID_REQUEST"),
    ] {
        let mut browser = house.bridge.browser();
        let login = at_cas(&mut browser, &house.bridge.request()).await;
        house.cas.now_says(says);
        let page = browser.arrive(&login.callback(&new_ticket())).await;
        assert!(!page.body.contains("data-page=\"login\""), "{}", page.body);
        house.cas.now_says(person("alice", &[("mail", ALICE)]));
        house.bridge.wait_seconds(11);
    }
    // Shown while CAS was down, sent when it is back.
    house.cas.now_says(Said::Status(503));
    let mut browser = house.bridge.browser();
    let form = browser.arrive(&house.bridge.request().redirect(None)).await;
    assert_eq!(form.kind(), "login");
    // Chromium applies it to where the form is sent on to.
    let policy = form.header("content-security-policy").unwrap();
    assert!(!policy.contains("form-action"), "{policy}");
    house.cas.now_says(person("alice", &[("mail", ALICE)]));
    house.bridge.wait_seconds(11);
    let page = browser
        .submit(&form, &form.filled("alice", "wonderland"))
        .await;
    assert_eq!(page.status, 303, "{}", text_of(&page.body));
    assert!(Login::of(&page).parameter("service").is_some());
}

#[tokio::test]
async fn r35_where_no_page_may_be_shown_the_provider_is_told() {
    let house = house(FOR_ATTRIBUTES, "").await;
    for login in ["nobody", "suspended", "clash1", "nomail"] {
        house.cas.now_says(person(login, &[]));
        let request = house.bridge.request().with("IsPassive", "true");
        let page = there_and_back(&mut house.bridge.browser(), &request).await;
        let refusal = house.bridge.refusal(&page.answer(), ZOOM, request.id());
        assert_eq!(refusal, ("Responder".to_owned(), "NoPassive".to_owned()));
    }
}

#[tokio::test]
async fn nobody_waits_once_more_for_a_cas_that_is_known_to_be_down() {
    let house = house(OR_LDAP, "").await;
    let mut returns = Vec::new();
    for _ in 0..4 {
        let mut browser = house.bridge.browser();
        let login = at_cas(&mut browser, &house.bridge.request()).await;
        returns.push((browser, login.callback(&new_ticket())));
    }
    house.cas.now_says(Said::Status(500));
    let mut asked = Vec::new();
    for (mut browser, callback) in returns {
        let page = browser.arrive(&callback).await;
        assert_eq!(page.kind(), "login", "{}", text_of(&page.body));
        asked.push(house.cas.asked().len());
    }
    // Three faults rest it: the fourth person costs it no question at all.
    assert!(asked[1] < asked[2] && asked[2] == asked[3], "{asked:?}");
}
