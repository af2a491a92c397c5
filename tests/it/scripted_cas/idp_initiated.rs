//! From our own page to a provider by way of the CAS server.

use super::{Login, bridge, new_ticket, zoe};
use crate::{
    bridge::{Bridge, Setup, ZOOM, ZOOM_ACS, ZOOM_SIGN_IN, browser::Browser, log::Log, page::Page},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
        xml_tools::SignedElement,
    },
    stories::last_code,
};

/// A bridge before a CAS server that lets people come to Zoom from its own page.
fn house(lines: &str) -> (CasScript, Bridge) {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), Said::Nothing);
    let setup = Setup::zoom("idp-initiated = true\nrelay-states = ['home']");
    let bridge = bridge(&setup, &cas.url(), lines, Some(&authority));
    (cas, bridge)
}

async fn click(browser: &mut Browser) -> Page {
    let page = browser.arrive("/start/zoom").await;
    browser.submit(&page, &page.form()).await
}

async fn back(browser: &mut Browser, login: &Login) -> Page {
    browser.arrive(&login.callback(&new_ticket())).await
}

#[tokio::test]
async fn r39_a_click_leads_to_cas_and_back_and_the_answer_names_no_request() {
    let (cas, bridge) = house("");
    cas.now_says(zoe(&[]));
    let mut browser = bridge.browser();
    let login = Login::of(&click(&mut browser).await);
    assert!(login.parameter("renew").is_none() && login.parameter("gateway").is_none());
    let answer = back(&mut browser, &login).await.answer();
    assert_eq!(
        (answer.to.as_str(), answer.relay_state.as_deref()),
        (ZOOM_ACS, Some("home"))
    );
    assert!(!answer.xml.contains("InResponseTo"), "{}", answer.xml);
    bridge.unsolicited_identity(&answer, ZOOM);
    bridge.prove(&answer, &[SignedElement::Assertion]);
    // With the session CAS is not asked again; the ticket's address is spent.
    click(&mut browser).await.answer();
    assert_eq!(cas.asked().len(), 1);
    bridge.wait_seconds(3);
    back(&mut browser, &login).await.stops(400, "request-used");
    // A provider that asks goes the same way, and is told what it asked.
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn r39_a_provider_that_did_not_ask_is_told_of_no_fault() {
    let (cas, bridge) = house("authn-instant = 'authentication-date'");
    let at = bridge.now() - jiff::SignedDuration::from_mins(200);
    cas.now_says(zoe(&[("authenticationDate", &at.to_string())]));
    let mut browser = bridge.browser();
    let login = Login::of(&click(&mut browser).await);
    // Older than Zoom takes: CAS is asked once more, and proves nothing newer.
    let again = Login::of(&back(&mut browser, &login).await);
    assert!(again.parameter("renew").is_some());
    let page = back(&mut browser, &again).await;
    page.stops(403, "sign-in-too-old");
    assert!(!page.body.contains("SAMLResponse") && page.cookies_set().is_empty());
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    // One that asks is told.
    let request = bridge.request();
    let login = Login::of(&browser.arrive(&request.redirect(None)).await);
    let again = Login::of(&back(&mut browser, &login).await);
    let page = back(&mut browser, &again).await;
    assert_eq!(
        bridge.refusal(&page.answer(), ZOOM, request.id()).1,
        "AuthnFailed"
    );
}

#[tokio::test]
async fn r39_r51_a_journey_that_a_click_began_takes_no_ticket_in_another_browser() {
    let (cas, bridge) = house("");
    cas.now_says(zoe(&[]));
    let log = Log::start();
    let mut attacker = bridge.browser();
    let login = Login::of(&click(&mut attacker).await);
    let theirs = last_code(&log);
    let mut victim = bridge.browser();
    click(&mut victim).await;
    let page = back(&mut victim, &login).await;
    page.stops(400, "other-browser");
    assert_ne!(page.support_code(), theirs.to_string());
    assert!(cas.asked().is_empty());
}
