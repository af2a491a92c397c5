//! Which time counts as that of a sign-in, and what a provider that takes no old one gets.

use jiff::{SignedDuration, Timestamp};

use super::{Login, asked, at_cas, bridge, new_ticket, there_and_back, zoe};
use crate::{
    bridge::{Bridge, LIBRARY, Setup, ZOOM, browser::Browser, page::Page, request::AuthnRequest},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
    },
};

const BY_DATE: &str = "authn-instant = 'authentication-date'";

struct House {
    cas: CasScript,
    bridge: Bridge,
}

impl House {
    fn new(lines: &str) -> Self {
        let authority = Authority::new("University");
        let cas = CasScript::start(&authority.vouch_for("localhost"), Said::Nothing);
        // The library knows people by another name than Zoom.
        let person =
            "[attributes]\neduPersonUniqueId = '[\"5b0e@univ-montp3.example\"]'".to_owned();
        let setup = Setup {
            more: person,
            ..Setup::new()
        };
        let bridge = bridge(&setup, &cas.url(), lines, Some(&authority));
        Self { cas, bridge }
    }

    /// The time so many minutes before now.
    fn ago(&self, minutes: i64) -> Timestamp {
        self.bridge.now() - SignedDuration::from_mins(minutes)
    }

    /// Says of Zoé that she signed in then, and `more`.
    fn signed_in_at(&self, at: Timestamp, more: &[(&'static str, &str)]) {
        let at = at.to_string();
        let stated = [&[("authenticationDate", &*at)], more].concat();
        self.cas.now_says(zoe(&stated));
    }

    #[track_caller]
    fn instant(&self, page: &Page, request: &AuthnRequest, sp: &str) -> Timestamp {
        let identity = self.bridge.identity(&page.answer(), sp, request.id());
        identity.authn_instant
    }

    #[track_caller]
    fn refusal(&self, page: &Page, request: &AuthnRequest) -> String {
        self.bridge.refusal(&page.answer(), ZOOM, request.id()).1
    }
}

/// Comes back from CAS with a ticket.
async fn back(browser: &mut Browser, login: &Login) -> Page {
    browser.arrive(&login.callback(&new_ticket())).await
}

fn asks_anew(login: &Login) -> bool {
    login.parameter("renew").is_some()
}

#[tokio::test]
async fn a_sign_in_counts_from_its_validation_however_long_cas_knew_the_person() {
    let house = House::new("");
    house.signed_in_at(house.ago(600), &[]);
    let (mut browser, request) = (house.bridge.browser(), house.bridge.request());
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.instant(&page, &request, ZOOM), house.bridge.now());
    // Zoom takes no older one than 115 minutes: CAS is asked again, without a page.
    house.bridge.wait(115);
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    assert!(!asks_anew(&login));
    let page = back(&mut browser, &login).await;
    assert_eq!(house.instant(&page, &request, ZOOM), house.bridge.now());
}

#[tokio::test]
async fn by_the_other_rule_a_provider_is_told_the_date_that_cas_states() {
    let house = House::new(BY_DATE);
    let at = house.ago(90);
    house.signed_in_at(at, &[]);
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.instant(&page, &request, ZOOM), at);
    // The session answers with the same.
    house.bridge.wait(20);
    let request = house.bridge.request_of(LIBRARY);
    let page = browser.arrive(&request.redirect(None)).await;
    assert_eq!(house.instant(&page, &request, LIBRARY), at);
    assert_eq!(asked(&[&house.cas]), [1]);
}

#[tokio::test]
async fn a_date_that_is_absent_unclear_or_absurd_leaves_the_time_of_validation() {
    let house = House::new(BY_DATE);
    let now = house.bridge.now();
    let (ahead, ancient) = (
        house.ago(-5).to_string(),
        house.ago(32 * 24 * 60).to_string(),
    );
    for stated in [
        &[][..],
        &[("authenticationDate", "yesterday")],
        &[("authenticationDate", &ahead)],
        &[("authenticationDate", &ancient)],
    ] {
        house.cas.now_says(zoe(stated));
        let request = house.bridge.request();
        let page = there_and_back(&mut house.bridge.browser(), &request).await;
        assert_eq!(house.instant(&page, &request, ZOOM), now, "{stated:?}");
    }
}

#[tokio::test]
async fn a_provider_that_takes_no_such_old_sign_in_has_the_password_typed_again() {
    let house = House::new(BY_DATE);
    house.signed_in_at(house.ago(115), &[]);
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    assert!(!asks_anew(&login));
    let again = Login::of(&back(&mut browser, &login).await);
    assert!(asks_anew(&again));
    house.bridge.wait(1);
    let now = house.bridge.now();
    house.signed_in_at(now, &[("isFromNewLogin", "true")]);
    let page = back(&mut browser, &again).await;
    assert_eq!(house.instant(&page, &request, ZOOM), now);
    // Nobody else sets such a bound.
    house.signed_in_at(house.ago(118), &[]);
    let request = house.bridge.request_of(LIBRARY);
    let page = there_and_back(&mut house.bridge.browser(), &request).await;
    assert_eq!(house.instant(&page, &request, LIBRARY), house.ago(118));
}

#[tokio::test]
async fn r34_a_server_that_proves_nothing_newer_is_asked_once_more_and_not_for_ever() {
    let house = House::new(BY_DATE);
    for more in [
        &[][..],
        &[("isFromNewLogin", "false")],
        // It says both.
        &[("isFromNewLogin", "true")],
    ] {
        house.signed_in_at(house.ago(200), more);
        let mut browser = house.bridge.browser();
        let request = house.bridge.request();
        let page = there_and_back(&mut browser, &request).await;
        let again = Login::of(&page);
        assert!(asks_anew(&again));
        let page = back(&mut browser, &again).await;
        assert_eq!(house.refusal(&page, &request), "AuthnFailed", "{more:?}");
    }
}

#[tokio::test]
async fn r35_is_passive_gets_no_such_old_sign_in_and_no_page() {
    let house = House::new(BY_DATE);
    house.signed_in_at(house.ago(200), &[]);
    let request = house.bridge.request().with("IsPassive", "true");
    let page = there_and_back(&mut house.bridge.browser(), &request).await;
    assert_eq!(house.refusal(&page, &request), "NoPassive");
}

#[tokio::test]
async fn a_session_that_grew_too_old_asks_cas_silently_first_and_then_the_person() {
    let house = House::new(BY_DATE);
    let at = house.bridge.now();
    house.signed_in_at(at, &[]);
    let mut browser = house.bridge.browser();
    let page = there_and_back(&mut browser, &house.bridge.request()).await;
    page.answer();
    house.bridge.wait(115);
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    assert!(!asks_anew(&login));
    // In another tab the person has signed in anew in between.
    house.signed_in_at(house.ago(3), &[]);
    let page = back(&mut browser, &login).await;
    assert_eq!(house.instant(&page, &request, ZOOM), house.ago(3));
    house.bridge.wait(115);
    let login = at_cas(&mut browser, &house.bridge.request()).await;
    let again = Login::of(&back(&mut browser, &login).await);
    assert!(!asks_anew(&login) && asks_anew(&again));
}
