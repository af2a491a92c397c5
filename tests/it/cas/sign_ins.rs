//! Sign-ins, and what a request asks for.

use jiff::Timestamp;
use tempfile::TempDir;
use url::Url;

use super::{
    House, LOGIN, MAIL, NO_MAIL, PASSWORD, asks, assert_is_zoe, between, new_request, request,
    service, start, to_url, told,
};
use crate::lab::{
    browser::{BrowserSim, Page},
    cas_server::{filled, ticket},
    service_provider::{SpKind, SpSite, read_verdict},
};

#[tokio::test]
async fn foreign_service_providers_read_who_signed_in_at_cas() {
    let lab = TempDir::new().unwrap();
    let sites = SpKind::ALL.map(|kind| SpSite::prepare(kind, lab.path()));
    let house = House::with_sites(&sites, lab, "").await;
    let address = format!("{}/saml/metadata", house.bridge.base);
    let ours = BrowserSim::new().open(&address.parse().unwrap()).await;
    let idp_metadata = house.lab.path().join("idp.xml");
    std::fs::write(&idp_metadata, &ours.body).unwrap();
    for site in sites {
        let sp = site.start(&idp_metadata).await;
        let mut browser = BrowserSim::new();
        let mut page = browser.open(&sp.login()).await;
        if !house.is_cas(&page) {
            // HTTP-POST: the page of the service provider that sends itself on.
            page = browser.submit(&page, &page.form()).await;
        }
        let page = house.sign_in(&mut browser, &page).await;
        let end = browser.submit(&page, &page.form()).await;
        let identity = read_verdict(&end).unwrap_or_else(|words| panic!("{words}"));
        assert_eq!(identity.name_id.as_deref(), Some(MAIL));
        let values = |name: &str| identity.attributes[name].as_slice();
        assert_eq!(
            values("urn_oid_1_3_6_1_4_1_5923_1_1_1_1"),
            ["member", "student"]
        );
        assert_eq!(values("urn_oid_2_5_4_42"), ["Zo\u{e9}"]);
    }
}

#[tokio::test]
async fn the_second_sign_in_is_answered_by_our_own_session() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    assert_is_zoe(&house.sign_in(&mut browser, &page).await);
    let page = browser.open(&house.request(&[])).await;
    assert_is_zoe(&page);
    assert!(
        page.redirected_from.is_empty(),
        "{:?}",
        page.redirected_from
    );
}

#[tokio::test]
async fn a_restart_between_the_login_at_cas_and_the_return_loses_nobody() {
    let mut house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    drop(house.server.take());
    let again = start(&house.bridge, house.cas.url().as_str(), "").await;
    house.server = Some(again);
    assert_is_zoe(&house.sign_in(&mut browser, &page).await);
}

#[tokio::test]
async fn two_tabs_of_one_browser_are_two_journeys() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let first = house.at_cas(&mut browser, &[]).await;
    let second = house.at_cas(&mut browser, &[]).await;
    let one = told(&house.sign_in(&mut browser, &second).await);
    // CAS knows them by now: its form of the first tab is gone through all the same.
    let other = told(&house.sign_in(&mut browser, &first).await);
    let answers = |xml: &str| between(xml, "InResponseTo=\"", "\"").to_owned();
    assert!(one.contains(MAIL) && other.contains(MAIL));
    assert_ne!(answers(&one), answers(&other));
}

#[tokio::test]
async fn a_session_at_cas_that_outlives_ours_signs_in_without_a_word_and_ours_outlives_theirs() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    assert_is_zoe(&house.sign_in(&mut browser, &page).await);
    // Ours ends.
    let logout = Url::parse(&format!("{}/logout", house.bridge.base)).unwrap();
    let page = browser.open(&logout).await;
    let page = browser.submit(&page, &page.form()).await;
    assert_eq!(page.kind().as_deref(), Some("logged-out"));
    let page = browser.open(&house.request(&[])).await;
    assert_is_zoe(&page);
    let was_at_cas = |url: &Url| url.as_str().starts_with(house.cas.url().as_str());
    assert!(page.redirected_from.iter().any(was_at_cas));
    // CAS is gone, and whoever has a session here goes on.
    drop(house.cas);
    assert_is_zoe(&browser.open(&request(&house.bridge, &[])).await);
}

#[tokio::test]
async fn r60_r61_the_service_is_our_configured_address_and_nothing_of_it_is_believed_but_the_seal()
{
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    let service = service(&page);
    assert!(
        service
            .as_str()
            .starts_with(&format!("{}/cas/zoom/", house.bridge.base))
    );
    assert!(service.query().is_none() && service.as_str().is_ascii());
    assert!(!asks(&page, "renew") && !asks(&page, "gateway"));
    for query in [
        "ticket=ST-1&ticket=ST-2",
        "ticket=PT-1-x",
        "ticket=",
        "ticket=ST-%0a",
    ] {
        let mut odd = service.clone();
        odd.set_query(Some(query));
        let page = browser.open(&odd).await;
        assert_eq!(
            (page.status, page.kind().as_deref()),
            (400, Some("stop")),
            "{query}"
        );
    }
    // The journey is as it was.
    let page = house.sign_in(&mut browser, &page).await;
    assert_is_zoe(&page);
}

#[tokio::test]
async fn r63_a_callback_that_comes_again_is_an_end_and_no_second_sign_in() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    let page = house.sign_in(&mut browser, &page).await;
    assert_is_zoe(&page);
    let again = browser.open(&page.url).await;
    assert_eq!(again.kind().as_deref(), Some("stop"), "{}", again.body);
    assert!(
        again.body.contains("data-reason=\"ticket-used\""),
        "{}",
        again.body
    );
    // Whoever goes on from there is told that they are done, but in the first second, when the answer may have been lost.
    let end = browser.follow(&again, &again.link("again")).await;
    if end.kind().as_deref() == Some("post") {
        assert_is_zoe(&end);
    } else {
        assert!(
            end.body.contains("data-reason=\"request-used\""),
            "{}",
            end.body
        );
    }
}

#[tokio::test]
async fn r51_a_ticket_is_worth_nothing_in_another_browser() {
    let house = House::start("").await;
    let mut attacker = BrowserSim::new();
    let page = house.at_cas(&mut attacker, &[]).await;
    attacker.stays_at = Some(house.cas.url().origin());
    let sent = house.sign_in(&mut attacker, &page).await;
    let callback = Url::parse(sent.header("location").unwrap()).unwrap();
    let victim = BrowserSim::new().open(&callback).await;
    assert!(
        victim.body.contains("data-reason=\"other-browser\""),
        "{}",
        victim.body
    );
    // And it was not used up by that: its own browser may still bring it.
    attacker.stays_at = None;
    assert_is_zoe(&attacker.open(&callback).await);
}

#[tokio::test]
async fn r34_breach_of_iip_idp06_sdp_idp07_no_ticket_of_an_older_login_is_believed() {
    for proof in ["attributes", "renew"] {
        let house = House::start(&format!("fresh-login-proof = \"{proof}\"")).await;
        let mut browser = BrowserSim::new();
        let page = house.at_cas(&mut browser, &[]).await;
        assert_is_zoe(&house.sign_in(&mut browser, &page).await);
        // There is a session here and one at CAS: both are passed over.
        let force = [("ForceAuthn", "true")];
        let page = house.at_cas(&mut browser, &force).await;
        assert!(
            asks(&page, "renew") && !asks(&page, "gateway"),
            "{}",
            page.url
        );
        assert_is_zoe(&house.sign_in(&mut browser, &page).await);
        // Somebody takes `renew` out of the address.
        let page = house.at_cas(&mut browser, &force).await;
        let service = service(&page);
        let page = browser.open(&house.cas.login(service.as_str(), &[])).await;
        if proof == "attributes" {
            let xml = told(&page);
            assert!(
                xml.contains("status:AuthnFailed") && !xml.contains(MAIL),
                "{xml}"
            );
        } else {
            // The server refuses the ticket, and the person is sent there again.
            assert!(house.is_cas(&page) && asks(&page, "renew"), "{}", page.url);
        }
    }
}

#[tokio::test]
async fn r35_is_passive_never_shows_a_page() {
    let house = House::start("").await;
    let passive = [("IsPassive", "true")];
    // Nobody at CAS: one trip there and back.
    let mut browser = BrowserSim::new();
    let page = browser.open(&house.request(&passive)).await;
    let xml = told(&page);
    assert!(
        xml.contains("status:NoPassive") && !xml.contains(MAIL),
        "{xml}"
    );
    let trips = |page: &Page| {
        let at_cas = page
            .redirected_from
            .iter()
            .filter(|url| url.path() == "/cas/login");
        at_cas
            .map(|url| url.query().unwrap().contains("gateway=true"))
            .collect::<Vec<_>>()
    };
    assert_eq!(trips(&page), [true]);
    // Somebody who is signed in at CAS, and not here.
    let login = house.cas.login("http://127.0.0.1:1/other", &[]);
    browser.stays_at = Some(house.cas.url().origin());
    let page = browser.open(&login).await;
    browser.submit(&page, &filled(&page, LOGIN, PASSWORD)).await;
    browser.stays_at = None;
    let page = browser.open(&house.request(&passive)).await;
    assert_is_zoe(&page);
    assert_eq!(trips(&page), [true]);
    // Somebody without a mail address, of whom our page would have to tell.
    let mut nameless = BrowserSim::new();
    nameless.stays_at = Some(house.cas.url().origin());
    let page = nameless.open(&login).await;
    nameless
        .submit(&page, &filled(&page, NO_MAIL.login, PASSWORD))
        .await;
    nameless.stays_at = None;
    let page = nameless.open(&house.request(&passive)).await;
    assert!(told(&page).contains("status:NoPassive"), "{}", told(&page));
    // ForceAuthn cannot be had without a page.
    let both = [("ForceAuthn", "true"), ("IsPassive", "true")];
    let page = browser.open(&house.request(&both)).await;
    assert!(told(&page).contains("status:NoPassive"));
}

#[tokio::test]
async fn three_refused_tickets_in_a_row_end_on_our_page() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let mut page = house.at_cas(&mut browser, &[]).await;
    for refused in 1..=3 {
        let mut made_up = service(&page);
        made_up.set_query(Some(&format!("ticket=ST-{refused}-made-up")));
        page = browser.open(&made_up).await;
        assert_eq!(house.is_cas(&page), refused < 3, "{}", page.url);
    }
    assert_eq!((page.status, page.kind().as_deref()), (503, Some("stop")));
    assert!(page.body.contains("B-CAS-02"), "{}", page.body);
}

#[tokio::test]
async fn a_way_back_that_loses_the_ticket_ends_on_our_page() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let mut page = house.at_cas(&mut browser, &[]).await;
    for lost in 1..=3 {
        page = browser.open(&service(&page)).await;
        assert_eq!(house.is_cas(&page), lost < 3, "{}", page.url);
    }
    assert!(page.body.contains("B-CAS-02"), "{}", page.body);
}

#[tokio::test]
async fn r36_a_server_that_does_not_know_of_methods_proves_none() {
    const MFA: &str = "https://refeds.org/profile/mfa";
    let house = House::start(&format!(
        "[authn.cas.authn-methods]\n\"{MFA}\" = \"mfa-duo\""
    ))
    .await;
    let mut browser = BrowserSim::new();
    let wish = new_request(&house.bridge).authn_context("", MFA);
    let page = browser.open(&to_url(&house.bridge, &wish)).await;
    assert!(asks(&page, "authn_method"), "{}", page.url);
    let xml = told(&house.sign_in(&mut browser, &page).await);
    assert!(
        xml.contains("status:NoAuthnContext") && !xml.contains(MFA),
        "{xml}"
    );
}

#[tokio::test]
async fn the_date_that_the_server_states_is_told_where_the_configuration_says_so() {
    let house = House::start("authn-instant = \"authentication-date\"").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    let xml = told(&house.sign_in(&mut browser, &page).await);
    let told = between(&xml, "AuthnInstant=\"", "\"");
    // What it tells others.
    let service = "http://127.0.0.1:1/other";
    browser.stays_at = Some(house.cas.url().origin());
    let page = browser.open(&house.cas.login(service, &[])).await;
    let callback = Url::parse(page.header("location").unwrap()).unwrap();
    let stated = house
        .cas
        .validate(service, &ticket(&callback).unwrap())
        .await;
    let stated = between(&stated, "<cas:authenticationDate>", "<");
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(instant(told), instant(stated), "{told} {stated}");
}
