//! What becomes of a session while the directory is asked about its person: they sign out, or their
//! browser goes away.

use super::{House, house, newcomer};
use crate::{
    bridge::{
        LIBRARY, ZOOM,
        browser::{Browser, SESSION_COOKIE},
        log::Log,
        page::Page,
    },
    lab::ldap_script::{Kind, password_of},
};

impl House {
    /// Somebody who has signed in to the library.
    async fn at_library(&self, login: &str) -> Browser {
        let mut browser = self.bridge.browser();
        let page = self.library(&mut browser).await;
        let filled = page.filled(login, &password_of(login));
        browser.submit(&page, &filled).await.answer();
        browser
    }

    async fn library(&self, browser: &mut Browser) -> Page {
        let request = self.bridge.request_of(LIBRARY);
        browser.arrive(&request.redirect(None)).await
    }
}

#[tokio::test]
async fn r66_who_signs_out_while_their_session_is_about_to_answer_is_told_of_to_nobody() {
    let house = house("").await;
    let login = newcomer();
    let mut browser = house.at_library(&login).await;
    // Zoom knows people by their mail, which nobody else may have.
    let answer = house.script.holds_its_answer(Kind::Search, 0);
    let request = house.bridge.request();
    let path = request.redirect(None);
    let mut other_tab = browser.clone();
    let log = Log::start();
    let ((), page) = tokio::join!(
        biased;
        async {
            answer.is_waited_for().await;
            other_tab.sign_out().await;
            answer.is_let_go();
        },
        browser.arrive(&path)
    );
    assert_eq!(page.kind(), "login", "{}", page.body);
    assert!(!log.text().contains("\"asserted\""), "{}", log.text());
    let ends = log.ended();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0]["sp.names"], "library");
    let filled = page.filled(&login, &password_of(&login));
    let answer = browser.submit(&page, &filled).await.answer();
    house.bridge.identity(&answer, ZOOM, request.id());
}

#[tokio::test]
async fn r66_a_browser_that_goes_away_in_the_midst_of_a_sign_in_leaves_no_end_untold() {
    let house = house("").await;
    for is_same in [true, false] {
        let before = newcomer();
        let login = if is_same { before.clone() } else { newcomer() };
        let mut browser = house.at_library(&before).await;
        let session = browser.cookie(SESSION_COOKIE);
        let request = house.bridge.request().with("ForceAuthn", "true");
        let page = browser.arrive(&request.redirect(None)).await;
        let filled = page.filled(&login, &password_of(&login));
        let log = Log::start();
        // The record is found, and whether others have its address is not said.
        let answer = house.script.holds_its_answer(Kind::Search, 1);
        tokio::select! {
            page = browser.submit(&page, &filled) => panic!("{} {}", page.status, page.body),
            () = answer.is_waited_for() => {}
        }
        house.script.is_back();
        assert_eq!(browser.cookie(SESSION_COOKIE), session);
        if is_same {
            assert_eq!(log.ended().len(), 0, "{}", log.text());
            assert_eq!(house.library(&mut browser).await.kind(), "post");
            let answer = browser.submit(&page, &filled).await.answer();
            house.bridge.identity(&answer, ZOOM, request.id());
            browser.sign_out().await;
        } else {
            assert_eq!(house.library(&mut browser).await.kind(), "login");
        }
        let ends = log.ended();
        assert_eq!(ends.len(), 1, "{}", log.text());
        assert_eq!(ends[0]["person"], before);
        let (cause, names) = if is_same {
            ("person", "library zoom")
        } else {
            ("replaced", "library")
        };
        assert_eq!(ends[0]["cause"], cause);
        assert_eq!(ends[0]["sp.names"], names);
    }
}
