//! Notices that come while the directory is asked, or after it did not answer.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;

use super::{
    super::{Login, MAIL, at_cas, bridge, new_ticket, zoe},
    House, notice, overtaken, posted,
};
use crate::{
    bridge::{LIBRARY, Setup, ZOOM, browser::SESSION_COOKIE, log::Log},
    lab::{
        cas_script::CasScript,
        keys::Authority,
        ldap_script::{Act, BASE, Kind, LdapScript},
    },
};

/// The bridge before a CAS server and a directory that says what is known of people.
async fn house(lines: &str) -> (House, LdapScript) {
    let authority = Authority::new("University");
    let key = authority.vouch_for("localhost");
    let cas = CasScript::start(&key, zoe(&[]));
    let script = LdapScript::start(&key).await;
    let authn =
        "[authn]\nmethods = ['local']\nattributes = 'ldap'\n[authn.local]\npeople = 'people.toml'";
    let setup = Setup {
        authn: Some(authn.to_owned()),
        ..Setup::new()
    };
    let ldap = format!(
        "[authn.ldap]\nurl = ['{}']\nca = 'ca.pem'\nbase = '{BASE}'\n{lines}",
        script.url()
    );
    let bridge = bridge(&setup, &cas.url(), &ldap, Some(&authority));
    (House { cas, bridge }, script)
}

#[tokio::test]
async fn r66_a_notice_while_a_session_is_about_to_answer_lets_the_provider_not_be_told() {
    let (house, directory) = house("").await;
    let mut browser = house.bridge.browser();
    let login = at_cas(&mut browser, &house.bridge.request_of(LIBRARY)).await;
    let ticket = new_ticket();
    let callback = login.callback(&ticket);
    browser.arrive(&callback).await.answer();
    // Zoom knows people by their mail, which nobody else may have.
    let answer = directory.holds_its_answer(Kind::Search, 0);
    let request = house.bridge.request();
    let path = request.redirect(None);
    let log = Log::start();
    let ((), page) = tokio::join!(
        biased;
        async {
            answer.is_waited_for().await;
            let told = posted(&house.bridge, &callback, &notice(&ticket)).await;
            assert_eq!(told.status, 200);
            answer.is_let_go();
        },
        browser.arrive(&path)
    );
    // The library alone is told of the end, and Zoom of nothing.
    let login = Login::of(&page);
    assert!(!log.text().contains("\"asserted\""), "{}", log.text());
    let ends = log.ended();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0]["sp.names"], "library");
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

/// Whether a provider that knows the person already is told of them where a notice ends their session so many milliseconds
/// after the store was asked; nothing where the directory was waited for no longer before the notice came, as on a
/// machine that others use.
async fn is_told_after(ms: i64, (house, directory): &(House, LdapScript)) -> Option<bool> {
    let mut browser = house.bridge.browser();
    let login = at_cas(&mut browser, &house.bridge.request()).await;
    let ticket = new_ticket();
    let callback = login.callback(&ticket);
    browser.arrive(&callback).await.answer();
    let answer = directory.holds_its_answer(Kind::Search, 0);
    let request = house.bridge.request();
    let path = request.redirect(None);
    let (is_over, log) = (AtomicBool::new(false), Log::start());
    let (is_in_between, page) = tokio::join!(
        biased;
        async {
            answer.is_waited_for().await;
            house.bridge.clock.advance(SignedDuration::from_millis(ms));
            let told = posted(&house.bridge, &callback, &notice(&ticket)).await;
            assert_eq!(told.status, 200);
            answer.is_let_go();
            !is_over.load(Ordering::Relaxed)
        },
        async {
            let page = browser.arrive(&path).await;
            is_over.store(true, Ordering::Relaxed);
            page
        }
    );
    if !is_in_between {
        return None;
    }
    let is_told = log.text().contains("\"asserted\"");
    if is_told {
        house.bridge.identity(&page.answer(), ZOOM, request.id());
    } else {
        // To CAS again, with the same journey.
        let page = browser
            .arrive(&Login::of(&page).callback(&new_ticket()))
            .await;
        house.bridge.identity(&page.answer(), ZOOM, request.id());
    }
    Some(is_told)
}

#[tokio::test]
async fn r66_what_the_store_said_10_ms_ago_of_a_session_is_asked_again_before_a_provider_that_is_known_is_told()
 {
    let lab = house("").await;
    for (ms, is_told) in [(9, true), (10, false), (250, false)] {
        let mut told = None;
        while told.is_none() {
            told = is_told_after(ms, &lab).await;
        }
        assert_eq!(told, Some(is_told), "{ms}");
    }
}

#[tokio::test]
async fn r66_a_notice_that_overtakes_a_sign_in_for_which_no_session_is_kept_lets_nobody_be_told() {
    let (house, directory) = house("without-directory = 'use-cas'").await;
    directory.when(Kind::Search, |_| vec![Act::Hangup]);
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    let log = Log::start();
    let tell = async |address: &str, notice: &str| posted(&house.bridge, address, notice).await;
    let page = overtaken(&house, &mut browser, &login, tell).await;
    let again = Login::of(&page);
    assert!(!page.body.contains(MAIL) && !log.text().contains("\"asserted\""));
    // There they sign in, and go on with what CAS says.
    let page = browser.arrive(&again.callback(&new_ticket())).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
}
