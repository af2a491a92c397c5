//! Several nodes, and whom they are believed by.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::{
    Login, asked, at_cas, bridge, bridge_before, new_ticket, records, there_and_back, zoe,
};
use crate::{
    bridge::{Bridge, Setup, ZOOM},
    lab::{
        cas_script::{CasScript, Said},
        keys::{Authority, ServerKey},
        port::free_port,
        promise::changes_in_time,
    },
};

fn university() -> (Authority, ServerKey) {
    let authority = Authority::new("University");
    let key = authority.vouch_for("localhost");
    (authority, key)
}

/// Somebody who has never been here signs in.
async fn somebody_signs_in(bridge: &Bridge) {
    let request = bridge.request();
    let page = there_and_back(&mut bridge.browser(), &request).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
}

async fn nobody_signs_in(bridge: &Bridge) {
    let page = there_and_back(&mut bridge.browser(), &bridge.request()).await;
    page.stops(503, "sign-in-unavailable");
}

#[tokio::test]
async fn r64_a_node_is_believed_by_its_name_and_the_configured_authority_alone() {
    let (ours, key) = university();
    let other = Authority::new("University");
    let of_other = other.vouch_for("localhost");
    let of_other_name = ours.vouch_for("cas.example.org");
    for (key, authority, is_believed) in [
        (&key, Some(&ours), true),
        (&of_other, Some(&ours), false),
        (&of_other_name, Some(&ours), false),
        // The system knows neither of them.
        (&key, None, false),
    ] {
        let cas = CasScript::start(key, zoe(&[]));
        // People are sent to another one, which is believed where any is.
        let login = CasScript::start(&ours.vouch_for("localhost"), Said::Page);
        let lines = format!("validate-at = ['{}']", cas.url());
        let bridge = bridge(&Setup::new(), &login.url(), &lines, authority);
        if is_believed {
            somebody_signs_in(&bridge).await;
        } else if authority.is_some() {
            nobody_signs_in(&bridge).await;
        } else {
            let request = bridge.request().redirect(None);
            let page = bridge.browser().arrive(&request).await;
            page.stops(503, "sign-in-unavailable");
        }
        // Whoever is not believed is not told the ticket.
        assert_eq!(asked(&[&cas]), [usize::from(is_believed)]);
    }
}

#[tokio::test]
async fn a_node_that_hangs_costs_less_than_a_second_once_and_nobody_their_sign_in() {
    changes_in_time("a node that hangs", change_from_a_node_that_hangs).await;
}

async fn change_from_a_node_that_hangs() -> Duration {
    let (authority, key) = university();
    // It takes connections and never says a word.
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let first = format!(
        "https://localhost:{}/cas",
        hung.local_addr().unwrap().port()
    );
    let second = CasScript::start(&key, zoe(&[]));
    let nodes = [&*first, &second.url()];
    let bridge = bridge_before(&nodes, &authority, "timeout-seconds = 30");
    let taken = tokio::spawn(async move {
        let taken = hung.accept().await.unwrap();
        (Instant::now(), taken, hung)
    });
    somebody_signs_in(&bridge).await;
    let (at, taken, hung) = taken.await.unwrap();
    let change = second.asked()[0].at - at;
    assert_eq!(records(&bridge), [(0, 1, true), (1, 0, false)]);
    // The next person does not wait for it: it rests.
    somebody_signs_in(&bridge).await;
    assert_eq!(records(&bridge), [(0, 1, true), (2, 0, false)]);
    drop((taken, hung));
    change
}

#[tokio::test]
async fn a_node_that_is_down_or_out_of_order_is_passed_over_and_asked_again_later() {
    let (authority, key) = university();
    let nobody = format!("https://localhost:{}/cas", free_port());
    let first = CasScript::start(&key, Said::Status(502));
    let second = CasScript::start(&key, zoe(&[]));
    let nodes = [&*nobody, &first.url(), &second.url()];
    let bridge = bridge_before(&nodes, &authority, "");
    for _ in 0..3 {
        somebody_signs_in(&bridge).await;
    }
    assert_eq!(asked(&[&first, &second]), [1, 3]);
    // It is back.
    first.now_says(zoe(&[]));
    bridge.wait_seconds(1);
    somebody_signs_in(&bridge).await;
    assert_eq!(asked(&[&first, &second]), [2, 3]);
    assert_eq!(records(&bridge)[1..], [(1, 1, false), (3, 0, false)]);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_the_next_node_is_not_asked() {
    let (authority, key) = university();
    let first = CasScript::start(&key, Said::Refusal("INVALID_TICKET"));
    let second = CasScript::start(&key, zoe(&[]));
    let bridge = bridge_before(&[&first.url(), &second.url()], &authority, "");
    let page = there_and_back(&mut bridge.browser(), &bridge.request()).await;
    Login::of(&page);
    assert_eq!(asked(&[&first, &second]), [1, 0]);
    assert_eq!(records(&bridge)[0], (1, 0, false));
}

#[tokio::test]
async fn who_brings_a_ticket_that_a_hanging_node_used_up_gets_another_one() {
    let (authority, key) = university();
    let first = CasScript::start(&key, Said::Nothing);
    let second = CasScript::start(&key, Said::Refusal("INVALID_TICKET"));
    let bridge = bridge_before(&[&first.url(), &second.url()], &authority, "");
    let (mut browser, request) = (bridge.browser(), bridge.request());
    let again = Login::of(&there_and_back(&mut browser, &request).await);
    assert_eq!(asked(&[&first, &second]), [1, 1]);
    second.now_says(zoe(&[]));
    let page = browser.arrive(&again.callback(&new_ticket())).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(asked(&[&first, &second]), [1, 2]);
}

#[tokio::test]
async fn while_every_node_rests_it_is_told_at_once_and_the_ticket_is_kept() {
    let (authority, key) = university();
    let [first, second] = [(); 2].map(|()| CasScript::start(&key, zoe(&[])));
    let nodes = [&first, &second];
    let bridge = bridge_before(&[&first.url(), &second.url()], &authority, "");
    // A moment ago it was there.
    at_cas(&mut bridge.browser(), &bridge.request()).await;
    first.now_says(Said::Status(500));
    second.now_says(Said::Status(503));
    nobody_signs_in(&bridge).await;
    assert_eq!(asked(&nodes), [1, 1]);
    let (mut browser, request) = (bridge.browser(), bridge.request());
    let login = at_cas(&mut browser, &request).await;
    let callback = login.callback(&new_ticket());
    let page = browser.arrive(&callback).await;
    page.stops(503, "sign-in-unavailable");
    assert_eq!(asked(&nodes), [1, 1]);
    first.now_says(zoe(&[]));
    bridge.wait_seconds(1);
    let page = browser.arrive(&callback).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(asked(&nodes), [2, 1]);
}

#[tokio::test]
async fn with_made_up_tickets_nobody_makes_a_node_rest() {
    let (authority, key) = university();
    // What a filter before a server says to an odd ticket.
    for odd in [Said::Status(403), Said::Status(404), Said::Page] {
        let first = CasScript::start(&key, odd);
        let second = CasScript::start(&key, Said::Refusal("INVALID_TICKET"));
        let bridge = bridge_before(&[&first.url(), &second.url()], &authority, "");
        for _ in 0..4 {
            let page = there_and_back(&mut bridge.browser(), &bridge.request()).await;
            Login::of(&page);
        }
        assert_eq!(asked(&[&first, &second]), [4, 4]);
        assert_eq!(records(&bridge), [(0, 0, false), (4, 0, false)]);
        first.now_says(zoe(&[]));
        somebody_signs_in(&bridge).await;
        assert_eq!(asked(&[&first, &second]), [5, 4]);
    }
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_person() {
    let (authority, key) = university();
    let cas = CasScript::start(&key, zoe(&[]));
    let bridge = bridge(&Setup::new(), &cas.url(), "", Some(&authority));
    for _ in 0..3 {
        somebody_signs_in(&bridge).await;
    }
    let asked = cas.asked();
    assert!(asked.iter().all(|question| question.from == asked[0].from));
    assert_eq!(asked[0].path, "/cas/p3/serviceValidate");
    let names: Vec<_> = asked[0].parameters.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["service", "ticket"]);
}
