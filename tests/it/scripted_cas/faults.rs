//! Answers that do not come whole, or from where they should; and addresses of return that somebody
//! has written more into.

use std::{io::ErrorKind, net::TcpListener};

use super::{Login, MAIL, at_cas, bridge, new_ticket, records, there_and_back, zoe};
use crate::{
    bridge::{
        Bridge, ORIGIN, Setup, ZOOM,
        browser::{Browser, SESSION_COOKIE},
    },
    lab::{
        cas_script::{CasScript, Said, Then, success},
        keys::Authority,
        port::free_port,
    },
};

/// The bridge before one server, which says this.
fn house(says: Said) -> (Authority, CasScript, Bridge) {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), says);
    let lines = "timeout-seconds = 1";
    let bridge = bridge(&Setup::new(), &cas.url(), lines, Some(&authority));
    (authority, cas, bridge)
}

async fn is_let_in(bridge: &Bridge) {
    let request = bridge.request();
    let page = there_and_back(&mut bridge.browser(), &request).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn r62_an_answer_that_is_cut_or_never_ends_vouches_for_nobody_and_the_journey_goes_on() {
    let (_authority, cas, bridge) = house(zoe(&[]));
    let whole = success("zoe.martin", &[("mail", MAIL.to_owned())]);
    let attributes = whole.find("<cas:attributes>").unwrap();
    let mut failed = 0;
    for (length, then) in [
        (0, Then::End),
        (1, Then::End),
        (attributes, Then::End),
        (whole.len() - 1, Then::End),
        // All of the document has come, and not the end of the answer.
        (whole.len(), Then::End),
        (0, Then::Silence),
        (attributes, Then::Silence),
        (whole.len(), Then::Silence),
        (0, Then::Spaces),
        (whole.len(), Then::Spaces),
    ] {
        let part = whole.as_bytes()[..length].to_vec();
        cas.now_says(Said::Part(part, then));
        let mut browser = bridge.browser();
        let request = bridge.request();
        let login = at_cas(&mut browser, &request).await;
        let page = browser.arrive(&login.callback(&new_ticket())).await;
        page.stops(503, "sign-in-unavailable");
        // What is too long is one odd answer, and says nothing of the server.
        failed += u64::from(then != Then::Spaces);
        let (_, counted, _) = records(&bridge)[0];
        assert_eq!(counted, failed, "{length} {then:?}");
        // The button of that page leads back to CAS, and from there on.
        cas.now_says(zoe(&[]));
        bridge.wait_seconds(11);
        let login = Login::of(&browser.open(&page.link("again").unwrap()).await);
        let page = browser.arrive(&login.callback(&new_ticket())).await;
        bridge.identity(&page.answer(), ZOOM, request.id());
    }
}

#[tokio::test]
async fn r63_who_reloads_a_page_that_stopped_them_is_led_to_cas_again_and_to_the_same_stop() {
    let (_authority, cas, bridge) = house(Said::Person("zoe.martin", Vec::new()));
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = at_cas(&mut browser, &request).await;
    let callback = login.callback(&new_ticket());
    browser.arrive(&callback).await.stops(403, "no-mail");
    let asked = cas.asked().len();
    for _ in 0..2 {
        let page = browser.open(&callback).await;
        page.stops(400, "ticket-used");
        assert!(page.link("way-out").is_some());
        // The ticket is not asked about again.
        assert_eq!(cas.asked().len(), asked);
    }
    let page = browser.open(&callback).await;
    let login = Login::of(&browser.open(&page.link("again").unwrap()).await);
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    page.stops(403, "no-mail");
    // Meanwhile they were given an address.
    cas.now_says(zoe(&[]));
    let page = browser.open(&callback).await;
    let login = Login::of(&browser.open(&page.link("again").unwrap()).await);
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // It is done, and stays so.
    bridge.wait_seconds(3);
    let page = browser.open(&callback).await;
    let page = browser.open(&page.link("again").unwrap()).await;
    page.stops(400, "request-used");
}

#[tokio::test]
async fn r33_a_request_is_answered_by_another_ticket_at_once_and_to_the_same_person_alone() {
    let (_authority, cas, bridge) = house(zoe(&[]));
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = at_cas(&mut browser, &request).await;
    let bring = async |browser: &mut Browser| {
        // The answer was lost with its node, and with it the session.
        let url = url::Url::parse(ORIGIN).unwrap();
        let gone = format!("{SESSION_COOKIE}=; Path=/; Secure; Max-Age=0");
        browser.jar.take(&url, &gone);
        browser.arrive(&login.callback(&new_ticket())).await
    };
    bring(&mut browser).await.answer();
    let page = bring(&mut browser).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    cas.now_says(Said::Person("max.dupont", vec![("mail", MAIL.to_owned())]));
    bring(&mut browser).await.stops(400, "request-used");
    cas.now_says(zoe(&[]));
    bridge.wait_seconds(1);
    bring(&mut browser).await.stops(400, "request-used");
}

#[tokio::test]
async fn nobody_is_sent_to_a_server_that_is_certainly_away_and_everybody_to_one_that_may_be_there()
{
    let authority = Authority::new("University");
    let url = format!("https://localhost:{}/cas", free_port());
    let bridge = bridge(&Setup::new(), &url, "", Some(&authority));
    let page = bridge
        .browser()
        .arrive(&bridge.request().redirect(None))
        .await;
    page.stops(503, "sign-in-unavailable");
    // Nobody may be shown a page.
    let passive = bridge.request().with("IsPassive", "true");
    let mut known = bridge.browser();
    known.arrive(&bridge.request().redirect(None)).await;
    let answer = known.arrive(&passive.redirect(None)).await.answer();
    let (_, second) = bridge.refusal(&answer, ZOOM, passive.id());
    assert_eq!(second, "NoPassive");

    // No ticket of a server could be believed that nobody vouches for.
    let strange = CasScript::start(&Authority::new("Other").vouch_for("localhost"), zoe(&[]));
    let untrusting = super::bridge(&Setup::new(), &strange.url(), "", Some(&authority));
    let request = untrusting.request().redirect(None);
    let page = untrusting.browser().arrive(&request).await;
    page.stops(503, "sign-in-unavailable");

    let (_authority, cas, bridge) = house(Said::Status(503));
    let mut browser = bridge.browser();
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    page.stops(503, "sign-in-unavailable");
    let again = page.link("again").unwrap();
    // What was seen a moment ago is not looked for again.
    let looked = cas.looked();
    browser.open(&again).await.stops(503, "sign-in-unavailable");
    assert_eq!(cas.looked(), looked);
    // Two seconds later it is back, and the journey goes on.
    cas.now_says(zoe(&[]));
    bridge.wait_seconds(2);
    let login = Login::of(&browser.open(&again).await);
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // A page that is none, and one that does not come, are no reason to stop anybody.
    for says in [Said::Status(404), Said::Page, Said::Nothing] {
        cas.now_says(says);
        bridge.wait_seconds(10);
        at_cas(&mut bridge.browser(), &bridge.request()).await;
    }
}

#[tokio::test]
async fn r64_nobody_is_asked_in_the_place_that_the_server_points_to() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = elsewhere.local_addr().unwrap();
    let (_authority, cas, bridge) = house(zoe(&[]));
    for scheme in ["http", "https"] {
        cas.now_says(Said::Elsewhere(format!("{scheme}://{address}/cas")));
        let page = there_and_back(&mut bridge.browser(), &bridge.request()).await;
        page.stops(503, "sign-in-unavailable");
    }
    assert_eq!(
        elsewhere.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    cas.now_says(zoe(&[]));
    is_let_in(&bridge).await;
}

#[tokio::test]
async fn r65_what_the_provider_asked_for_comes_from_the_seal_and_from_nothing_else_of_the_address()
{
    let old = [("authenticationDate", "2026-11-26T07:00:00Z")];
    let (_authority, cas, bridge) = house(zoe(&old));
    let forced = || bridge.request().with("ForceAuthn", "true");
    for more in [
        "",
        "&renew=false&gateway=true",
        "&ForceAuthn=false&IsPassive=true&sp=intranet",
    ] {
        let mut browser = bridge.browser();
        let request = forced();
        let login = at_cas(&mut browser, &request).await;
        let back = format!("{}{more}", login.callback(&new_ticket()));
        let answer = browser.arrive(&back).await.answer();
        let (_, status) = bridge.refusal(&answer, ZOOM, request.id());
        assert_eq!(status, "AuthnFailed", "{more}");
    }
    // The seal is for one provider: under another one's name it opens nothing, and CAS is not asked.
    let before = cas.asked().len();
    for other in ["intranet", "library", "closed", "nobody"] {
        let mut browser = bridge.browser();
        let login = at_cas(&mut browser, &forced()).await;
        let back = login.callback(&new_ticket());
        let back = back.replace("/cas/zoom/", &format!("/cas/{other}/"));
        let page = browser.arrive(&back).await;
        assert_eq!(page.status, 400, "{other}: {}", page.body);
    }
    assert_eq!(cas.asked().len(), before);
}
