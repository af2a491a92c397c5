//! What is kept of those whom CAS proves and who are led on for all that.

use jiff::SignedDuration;

use super::{Login, at_cas, bridge, new_ticket, there_and_back, zoe};
use crate::{
    bridge::{Setup, ZOOM, log::Log},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
        until::until,
    },
    stories::{fill, is_kept, last_code, story},
};

/// Nobody is answered more often in ten minutes than twice, and there is little room for what is kept.
const LIMITS: &str = "[requests]\nmax-answers-per-person = 2\n\n[stories]\nmax-megabytes = 1";

#[tokio::test]
async fn r122_whoever_is_led_on_without_end_pushes_nobody_s_story_out_and_is_let_in_after_it() {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), Said::Nothing);
    let setup = Setup {
        more: LIMITS.to_owned(),
        ..Setup::new()
    };
    let lines = "authn-instant = 'authentication-date'";
    let bridge = bridge(&setup, &cas.url(), lines, Some(&authority));
    let log = Log::start();
    let says_signed_in = |minutes_ago| {
        let at = bridge.now() - SignedDuration::from_mins(minutes_ago);
        cas.now_says(zoe(&[("authenticationDate", &at.to_string())]));
    };
    says_signed_in(0);
    let request = bridge.request();
    let page = there_and_back(&mut bridge.browser(), &request).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    let hers = last_code(&log);
    story(&bridge, hers, "answered").await;
    // Zoom takes no sign-in as old as this one, and so CAS is to ask for a password; nobody types one.
    let be_led_on = async || {
        bridge.wait(11);
        says_signed_in(300);
        let mut browser = bridge.browser();
        for _ in 0..100 {
            let page = there_and_back(&mut browser, &bridge.request()).await;
            assert!(Login::of(&page).parameter("renew").is_some());
        }
        bridge.front.bridge.stories.rest().await;
        last_code(&log)
    };
    fill(&bridge, be_led_on).await;
    // Hers came before all of them.
    assert!(is_kept(&bridge, hers).await);
    // None of them was an answer.
    says_signed_in(0);
    for _ in 0..2 {
        let request = bridge.request();
        let page = there_and_back(&mut bridge.browser(), &request).await;
        bridge.identity(&page.answer(), ZOOM, request.id());
    }
}

#[tokio::test]
async fn of_whoever_does_not_wait_for_a_server_that_hangs_it_is_kept_how_far_they_came() {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), Said::Nothing);
    let bridge = bridge(&Setup::new(), &cas.url(), "", Some(&authority));
    let log = Log::start();
    let mut browser = bridge.browser();
    let login = at_cas(&mut browser, &bridge.request()).await;
    let code = last_code(&log);
    story(&bridge, code, "sent to CAS").await;
    let callback = login.callback(&new_ticket());
    tokio::select! {
        page = browser.arrive(&callback) => panic!("{}", page.body),
        () = until("the server is asked", async || cas.asked().len() == 1) => {}
    }
    let steps = story(&bridge, code, "broken off").await;
    let [.., broken_off] = &steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!(broken_off.sp.as_ref().unwrap().as_str(), "zoom");
    assert_eq!(broken_off.stop, None);
    assert!(log.text().contains("broken off before its end"));
    // And they go on where they were.
    cas.now_says(zoe(&[]));
    browser
        .arrive(&login.callback(&new_ticket()))
        .await
        .answer();
    assert_eq!(
        story(&bridge, code, "answered").await.len(),
        steps.len() + 1
    );
}
