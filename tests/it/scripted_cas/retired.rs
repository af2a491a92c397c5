//! A provider that is retired while somebody is at the CAS server.

use super::{at_cas, bridge, new_ticket, zoe};
use crate::{
    bridge::{Setup, browser::SESSION_COOKIE},
    lab::{cas_script::CasScript, keys::Authority},
};

#[tokio::test]
async fn r38_whoever_comes_back_from_cas_to_a_retired_provider_is_told_so_and_no_ticket_is_spent() {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), zoe(&[]));
    let before = |setup: &Setup| bridge(setup, &cas.url(), "", Some(&authority));
    let one = before(&Setup::new());
    let retired = before(&Setup {
        seed: 2,
        ..Setup::zoom("enabled = false")
    });
    let mut browser = one.browser();
    let login = at_cas(&mut browser, &one.request()).await;
    let back = login.callback(&new_ticket());
    let mut there = retired.browser();
    there.jar = browser.jar.clone();
    let page = there.arrive(&back).await;
    page.stops(403, "provider-disabled");
    assert_eq!(page.link("home").as_deref(), Some("/"));
    assert_eq!(there.cookie(SESSION_COOKIE), None);
    assert!(cas.asked().is_empty());
    // Where it is open the same ticket signs in.
    browser.arrive(&back).await.answer();
}
