//! Requests that nobody may be answered for: each ends on our own page, nothing is sent anywhere,
//! and the next person signs in as if nothing had been.
//!
//! That no form leads to an address which is not registered is looked at by the browser itself.

mod addresses;
mod generated;
mod octets;
mod signatures;

use crate::bridge::{Bridge, browser::Browser, page::Page, request::post};

/// A browser in which a person is signed in: whatever it brings is answered, if it is taken.
async fn signed_in(bridge: &Bridge) -> Browser {
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    browser.sign_in(&login, "anne.dupont").await.answer();
    browser
}

/// Brings `xml` by POST, and gives the page on which the person is stopped.
async fn bring(browser: &mut Browser, xml: &str) -> Page {
    let page = browser
        .arrive_by_post("/saml/sso", &post(xml.as_bytes(), Some("r")))
        .await;
    assert!(page.hops.is_empty(), "{xml}");
    assert_eq!(page.kind(), "stop", "{xml}");
    page
}
