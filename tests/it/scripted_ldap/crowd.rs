//! Many people before a directory that hangs: so many wait, and nothing queues behind them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{house, newcomer, page_of, records};
use crate::{
    bridge::{Bridge, page::Page},
    lab::ldap_script::{Kind, password_of},
};

/// How many people are waited for at one time.
const PLACES: usize = 1024;

/// So many people have the form before them, and then send it at one time.
async fn crowd(bridge: &Arc<Bridge>, count: usize) -> JoinSet<Page> {
    let mut forms = Vec::new();
    for _ in 0..count {
        let mut browser = bridge.browser();
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        forms.push((browser, page));
    }
    let mut people = JoinSet::new();
    for (mut browser, page) in forms {
        let login = newcomer();
        let filled = page.filled(&login, &password_of(&login));
        people.spawn(async move { browser.submit(&page, &filled).await });
    }
    people
}

#[tokio::test]
async fn a_directory_that_hangs_keeps_so_many_people_and_no_more() {
    const MORE: usize = 20;
    let lines = "timeout-seconds = 30\nconnections = 3\n[authn.throttle]\nfree-per-network = 5000";
    let house = house(lines).await;
    house.script.hangs();
    let bridge = Arc::new(house.bridge);
    let mut people = crowd(&bridge, PLACES + MORE).await;
    // Those who came too late are told so at once, and with them everybody has been here.
    for _ in 0..MORE {
        let page = people.join_next().await.unwrap().unwrap();
        assert_eq!(
            (page.status, page.kind().as_str()),
            (503, "login"),
            "{}",
            page.body
        );
        assert_eq!(page.header("retry-after"), Some("2"));
    }
    house.script.is_connected(3).await;
    // Everything else answers meanwhile.
    for path in ["/healthz", "/readyz", "/saml/metadata"] {
        let page = bridge.browser().open(path).await;
        assert_eq!(page.status, 200, "{path}");
    }
    assert!(people.try_join_next().is_none(), "the others still wait");
    assert_eq!(people.len(), PLACES);
    // So many connections as it may be kept, and nothing was said on them.
    assert_eq!(
        (
            house.script.connections(),
            house.script.count(Kind::OwnBind)
        ),
        (3, 0)
    );
    // Three faults show that it is dead: nobody who waited behind them is kept any longer.
    house.script.ends_all(Vec::new()).await;
    for page in people.join_all().await {
        page.stops(503, "sign-in-unavailable");
    }
    assert_eq!(house.script.connections(), 3);
    assert_eq!(records(&bridge), [(0, 3, true)]);
    let page = page_of(&bridge, &newcomer()).await;
    page.stops(503, "sign-in-unavailable");
    assert_eq!(house.script.connections(), 3, "it rests");
}
