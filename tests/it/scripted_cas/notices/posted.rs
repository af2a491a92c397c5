//! Notices that the server posts: back channel.

use axum::{body::Body, http::header};
use serde_json::Value;

use super::{
    super::{Login, MAIL, at_cas, bridge, new_ticket, there_and_back, zoe},
    House, nothing_begins, notice, overtaken, posted, seen,
};
use crate::{
    bridge::{
        Bridge, INTRANET, LIBRARY, Setup, ZOOM,
        browser::{Browser, SESSION_COOKIE},
        keys::intranet_key,
        log::Log,
    },
    lab::{
        cas_script::{CasScript, Said},
        form::Form,
        keys::Authority,
        until::until,
    },
};

#[tokio::test]
async fn r66_the_server_may_post_hours_later_too_with_what_servers_write_around_it() {
    let house = House::start();
    let declared = |ticket: &str| format!("<?xml version=\"1.0\"?>\n{}\n", notice(ticket));
    for (write, kind) in [
        (
            notice as fn(&str) -> String,
            "application/x-www-form-urlencoded",
        ),
        (declared, "application/x-www-form-urlencoded; charset=UTF-8"),
        (
            notice,
            "Application/X-WWW-Form-URLencoded;charset=ISO-8859-1",
        ),
    ] {
        let mut signed = house.signed_in().await;
        house.bridge.wait(110);
        let xml = write(&signed.ticket);
        let form = Form::post(&signed.address, &[("logoutRequest", &xml)]);
        let mut server = house.bridge.browser();
        let request = server
            .plain(&signed.address)
            .method("POST")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(form.encode()))
            .unwrap();
        let log = Log::start();
        let page = server.exchange(request).await;
        assert_eq!(seen(&page), (200, "", None));
        let ends = log.ended();
        assert_eq!(ends[0]["cause"], "cas-back-channel");
        assert!(!house.answers(&mut signed).await);
    }
}

#[tokio::test]
async fn r66_forged_notices_ask_nobody_anything_and_say_nothing() {
    let house = House::start();
    let mut signed = house.signed_in().await;
    let asked = || (house.cas.asked().len(), house.cas.looked());
    let before = asked();
    let log = Log::start();
    for number in 0..500 {
        let ticket = format!("ST-{number}-made-up");
        let page = posted(&house.bridge, &signed.address, &notice(&ticket)).await;
        assert_eq!(seen(&page), (200, "", None));
    }
    assert_eq!(asked(), before);
    assert_eq!(log.lines(), [] as [Value; 0]);
    assert!(house.answers(&mut signed).await);
}

#[tokio::test]
async fn r66_a_notice_that_overtakes_the_sign_in_lets_no_session_begin_and_nobody_be_told() {
    let house = House::start();
    nothing_begins(&house, async |address, notice| {
        posted(&house.bridge, address, notice).await
    })
    .await;
}

#[tokio::test]
async fn r66_who_signs_out_as_often_as_they_come_back_is_not_sent_round_for_ever() {
    let house = House::start();
    let tell = async |address: &str, notice: &str| posted(&house.bridge, address, notice).await;
    let mut browser = house.bridge.browser();
    let mut login = at_cas(&mut browser, &house.bridge.request()).await;
    for _ in 0..2 {
        let page = overtaken(&house, &mut browser, &login, tell).await;
        login = Login::of(&page);
    }
    let page = overtaken(&house, &mut browser, &login, tell).await;
    page.stops(503, "sign-in-unavailable");
    // And where no page may be shown, the provider is told.
    let mut browser = house.bridge.browser();
    let request = house.bridge.request().with("IsPassive", "true");
    let login = at_cas(&mut browser, &request).await;
    let page = overtaken(&house, &mut browser, &login, tell).await;
    assert!(page.answer().xml.contains("status:NoPassive"));
}

#[tokio::test]
async fn r66_who_took_part_goes_over_to_the_next_session_of_the_same_person_and_is_told_at_its_end()
{
    let house = House::start();
    let mut signed = house.signed_in().await;
    let request = house.bridge.request_of(LIBRARY);
    signed
        .browser
        .arrive(&request.redirect(None))
        .await
        .answer();
    // Zoom takes none of two hours: CAS is asked again.
    house.bridge.wait(115);
    let log = Log::start();
    let login = at_cas(&mut signed.browser, &house.bridge.request()).await;
    let ticket = new_ticket();
    signed
        .browser
        .arrive(&login.callback(&ticket))
        .await
        .answer();
    assert_eq!(log.ended().len(), 0);
    posted(&house.bridge, &signed.address, &notice(&ticket)).await;
    let ends = log.ended();
    assert_eq!(ends[0]["sp.names"], "library zoom");
    // Another person in the same browser ends it.
    let mut signed = house.signed_in().await;
    let mail = ("mail", "max.dupont@univ.example".to_owned());
    let new = ("isFromNewLogin", "true".to_owned());
    house
        .cas
        .now_says(Said::Person("max.dupont", vec![mail, new]));
    let request = house.bridge.request().with("ForceAuthn", "true");
    let login = at_cas(&mut signed.browser, &request).await;
    let log = Log::start();
    let page = signed.browser.arrive(&login.callback(&new_ticket())).await;
    let identity = house.bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(identity.name_id.value, "max.dupont@univ.example");
    let ends = log.ended();
    assert_eq!(ends.len(), 1, "{}", log.text());
    assert_eq!(ends[0]["person"], "zoe.martin");
    assert_eq!(ends[0]["cause"], "replaced");
}

#[tokio::test]
async fn r50_a_ticket_that_is_brought_to_a_request_which_was_answered_ends_no_session() {
    let house = House::start();
    let mut signed = house.signed_in().await;
    let cookie = signed.browser.cookie(SESSION_COOKIE);
    house.bridge.wait_seconds(11);
    let log = Log::start();
    // Back to the form of CAS, which is sent once more.
    let again = format!("{}?ticket={}", signed.address, new_ticket());
    let page = signed.browser.arrive(&again).await;
    page.stops(400, "request-used");
    assert_eq!(log.ended().len(), 0, "{}", log.text());
    assert_eq!(signed.browser.cookie(SESSION_COOKIE), cookie);
    assert!(house.answers(&mut signed).await);
    // It is the first ticket's still.
    posted(&house.bridge, &signed.address, &notice(&signed.ticket)).await;
    assert_eq!(log.ended()[0]["sp.names"], "zoom");
}

#[tokio::test]
async fn r66_two_tabs_that_come_back_at_once_lose_no_provider_whichever_answer_the_browser_keeps() {
    let house = House::start();
    let mail = ("mail", MAIL.to_owned());
    let unique = (
        "eduPersonUniqueId",
        "5b0e3c7a@univ-montp3.example".to_owned(),
    );
    let new = ("isFromNewLogin", "true".to_owned());
    house
        .cas
        .now_says(Said::Person("zoe.martin", vec![mail, unique, new]));
    for keeps_the_first in [false, true] {
        let mut signed = house.signed_in().await;
        let visit = async |browser: &mut Browser, sp: &str| {
            let request = house.bridge.request_of(sp).with("ForceAuthn", "true");
            let signed_request = request.redirect_signed(intranet_key(), None);
            let path = if sp == INTRANET {
                signed_request
            } else {
                request.redirect(None)
            };
            let login = Login::of(&browser.arrive(&path).await);
            let ticket = new_ticket();
            (login.callback(&ticket), ticket)
        };
        let (library, at_library) = visit(&mut signed.browser, LIBRARY).await;
        let (intranet, at_intranet) = visit(&mut signed.browser, INTRANET).await;
        let log = Log::start();
        // Both have left with the cookie of the old session before either is answered.
        let mut other_tab = signed.browser.clone();
        let held = house.cas.holds_its_answer();
        let ((), first) = tokio::join!(
            async {
                held.is_waited_for().await;
                other_tab.arrive(&intranet).await.answer();
                held.is_let_go();
            },
            signed.browser.arrive(&library)
        );
        first.answer();
        assert_eq!(log.ended().len(), 0, "{}", log.text());
        // The library came last, and its session is the one that lives.
        if keeps_the_first {
            signed.browser.jar = other_tab.jar;
        }
        assert_eq!(house.answers(&mut signed).await, !keeps_the_first);
        let ticket = if keeps_the_first {
            // Zoom has CAS asked, which says the same, and the dead session leads on.
            let login = at_cas(&mut signed.browser, &house.bridge.request()).await;
            let ticket = new_ticket();
            let page = signed.browser.arrive(&login.callback(&ticket)).await;
            page.answer();
            ticket
        } else {
            at_library
        };
        for ticket in [&*at_intranet, &ticket] {
            posted(&house.bridge, &signed.address, &notice(ticket)).await;
        }
        let ends = log.ended();
        assert_eq!(ends.len(), 1, "{}", log.text());
        let mut names: Vec<_> = ends[0]["sp.names"].as_str().unwrap().split(' ').collect();
        names.sort_unstable();
        assert_eq!(names, ["intranet", "library", "zoom"]);
    }
}

#[tokio::test]
async fn r63_a_store_full_of_tickets_stops_nobody_and_says_so_of_tickets_and_not_of_requests() {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), zoe(&[]));
    let setup = Setup {
        more: "[requests]\nmax-replay-marks = 1".to_owned(),
        ..Setup::new()
    };
    let bridge = bridge(&setup, &cas.url(), "", Some(&authority));
    // The request was answered before: its mark is there, and the ticket's is not.
    let request = bridge.request();
    there_and_back(&mut bridge.browser(), &request)
        .await
        .answer();
    let log = Log::start();
    let page = there_and_back(&mut bridge.browser(), &request).await;
    page.stops(400, "request-used");
    let page = bridge.browser().open("/readyz").await;
    let said: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(said["requests_answered_without_replay_mark"], 0);
    assert_eq!(said["cas_tickets_asked_about_without_mark"], 1);
    let told = bridge.metrics().await;
    assert!(
        told.contains("\npasserelle_cas_tickets_without_mark_total 1\n"),
        "{told}"
    );
    assert!(
        log.text()
            .contains("a CAS ticket was asked about without a mark")
    );
    assert!(!log.text().contains("without a replay mark"));
}

#[tokio::test]
async fn r63_r122_tickets_that_cas_refuses_take_no_room_from_those_that_people_bring() {
    let authority = Authority::new("University");
    let refused = Said::Refusal("INVALID_TICKET");
    let cas = CasScript::start(&authority.vouch_for("localhost"), refused);
    let setup = Setup {
        more: "[requests]\nmax-replay-marks = 1".to_owned(),
        ..Setup::new()
    };
    let bridge = bridge(&setup, &cas.url(), "", Some(&authority));
    let (mut browser, request) = (bridge.browser(), bridge.request());
    let login = at_cas(&mut browser, &request).await;
    // Whoever brings a refused one again is refused again, and sent for another one.
    let ticket = new_ticket();
    for asked in 1..=2 {
        let page = browser.arrive(&login.callback(&ticket)).await;
        Login::of(&page);
        assert_eq!(cas.asked().len(), asked);
        // It is forgotten by a task of its own.
        tokio::task::yield_now().await;
    }
    assert_eq!(unmarked(&bridge).await, 0);
    // Whoever goes away before the server has said anything leaves nothing behind, either.
    cas.now_says(Said::Nothing);
    let callback = login.callback(&new_ticket());
    tokio::select! {
        page = browser.arrive(&callback) => panic!("{}", page.body),
        () = until("the server is asked", async || cas.asked().len() == 3) => {}
    }
    tokio::task::yield_now().await;
    cas.now_says(zoe(&[]));
    let (mut other, request) = (bridge.browser(), bridge.request());
    let page = there_and_back(&mut other, &request).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(unmarked(&bridge).await, 0);
}

/// How many tickets were asked about without a mark.
async fn unmarked(bridge: &Bridge) -> u64 {
    let page = bridge.browser().open("/readyz").await;
    let said: Value = serde_json::from_str(&page.body).unwrap();
    said["cas_tickets_asked_about_without_mark"]
        .as_u64()
        .unwrap()
}
