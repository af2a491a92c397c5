//! `/test` by way of the CAS server: the same way, the same end, and nothing sent.

use super::{Login, bridge, new_ticket, zoe};
use crate::{
    bridge::{Bridge, Setup, ZOOM, browser::Browser, page::Page},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
    },
    trial::{alike, click, shown},
};

/// A bridge before a CAS server at which everybody may try a sign-in.
fn house(lines: &str) -> (CasScript, Bridge) {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), Said::Nothing);
    let setup = Setup {
        more: "[test]\npeople = ['zoe.martin']".to_owned(),
        ..Setup::new()
    };
    let bridge = bridge(&setup, &cas.url(), lines, Some(&authority));
    (cas, bridge)
}

async fn back(browser: &mut Browser, login: &Login) -> Page {
    browser.arrive(&login.callback(&new_ticket())).await
}

#[tokio::test]
async fn r50_a_test_leads_to_cas_and_back_and_shows_what_a_sign_in_sends() {
    let (cas, bridge) = house("");
    cas.now_says(zoe(&[("sn", "Martin")]));
    let mut browser = bridge.browser();
    let login = Login::of(&click(&mut browser, "zoom").await);
    let callback = login.callback("ST-0");
    assert!(callback.starts_with("/cas/zoom/test."), "{callback}");
    let page = back(&mut browser, &login).await;
    let tried = shown(&page);
    assert!(page.body.contains("le serveur CAS"), "{}", page.body);
    let request = bridge.request();
    let mut browser = bridge.browser();
    let login = super::at_cas(&mut browser, &request).await;
    let sent = back(&mut browser, &login).await.answer();
    bridge.identity(&sent, ZOOM, request.id());
    assert_eq!(alike(&tried.xml), alike(&sent.xml));
}

#[tokio::test]
async fn r51_the_ticket_of_a_test_is_no_ticket_for_a_sign_in() {
    let (cas, bridge) = house("");
    cas.now_says(zoe(&[]));
    let mut browser = bridge.browser();
    let login = Login::of(&click(&mut browser, "zoom").await);
    let callback = login.callback(&new_ticket());
    let as_sign_in = callback.replace("/cas/zoom/test.", "/cas/zoom/");
    let page = browser.arrive(&as_sign_in).await;
    page.stops(400, "journey-forged");
    assert!(cas.asked().is_empty());
    shown(&browser.arrive(&callback).await);
}

#[tokio::test]
async fn whoever_cas_signs_in_and_is_not_on_the_list_sees_nothing() {
    let (cas, bridge) = house("");
    let mail = ("mail", "max@univ-montp3.example".to_owned());
    cas.now_says(Said::Person("max.weber", vec![mail]));
    let mut browser = bridge.browser();
    let login = Login::of(&click(&mut browser, "zoom").await);
    let page = back(&mut browser, &login).await;
    page.stops(403, "not-a-tester");
    assert!(page.cookies_set().is_empty() && !page.body.contains("max"));
    assert_eq!(page.link("way-out").as_deref(), Some("/test"));
}

#[tokio::test]
async fn r39_a_test_that_proves_nothing_newer_is_told_to_nobody_but_the_person() {
    let (cas, bridge) = house("authn-instant = 'authentication-date'");
    let at = bridge.now() - jiff::SignedDuration::from_mins(200);
    cas.now_says(zoe(&[("authenticationDate", &at.to_string())]));
    let mut browser = bridge.browser();
    let login = Login::of(&click(&mut browser, "zoom").await);
    let again = Login::of(&back(&mut browser, &login).await);
    assert!(again.parameter("renew").is_some());
    let page = back(&mut browser, &again).await;
    page.stops(403, "sign-in-too-old");
    assert!(!page.body.contains("SAMLResponse"));
    assert_eq!(page.link("way-out").as_deref(), Some("/test"));
}
