//! A notice comes to another node than the sign-in did: behind a plain load balancer, every second one.

use super::{
    CasScript, House, Setup, Signed, at_cas, bridge, new_ticket, notice, overtaken, posted, zoe,
};
use crate::{
    bridge::Bridge,
    lab::{keys::Authority, redis_server::Redis},
    shared_store::{at, table},
};

/// Two nodes before one CAS server and one store.
struct Nodes {
    one: House,
    other: Bridge,
    _redis: Redis,
}

impl Nodes {
    async fn start() -> Self {
        Self::minutes_apart(0).await
    }

    /// The second one's clock is so many minutes ahead.
    async fn minutes_apart(minutes: i64) -> Self {
        let redis = Redis::start(&[]).await;
        let authority = Authority::new("University");
        let known = [("eduPersonUniqueId", "5b0e3c7a91d24f68@univ-montp3.example")];
        let cas = CasScript::start(&authority.vouch_for("localhost"), zoe(&known));
        let node = |seed| {
            let setup = Setup {
                seed,
                more: table(&redis),
                ..Setup::new()
            };
            bridge(&setup, &cas.url(), "", Some(&authority))
        };
        let (bridge, other) = (node(1), node(2));
        other.wait(minutes);
        Self {
            one: House { cas, bridge },
            other,
            _redis: redis,
        }
    }

    /// Whether the session answers by itself at each of the two.
    async fn answer(&self, signed: &mut Signed) -> (bool, bool) {
        let here = self.one.answers(signed).await;
        let mut browser = at(&self.other, &signed.browser);
        let page = browser.arrive(&self.other.request().redirect(None)).await;
        (here, page.status == 200)
    }
}

#[tokio::test]
async fn r66_a_notice_ends_the_session_that_another_node_has_begun() {
    let nodes = Nodes::start().await;
    let mut signed = nodes.one.signed_in().await;
    let mut stays = nodes.one.signed_in().await;
    assert_eq!(nodes.answer(&mut signed).await, (true, true));
    posted(&nodes.other, &signed.address, &notice(&signed.ticket)).await;
    assert_eq!(nodes.answer(&mut signed).await, (false, false));
    assert_eq!(nodes.answer(&mut stays).await, (true, true));
}

#[tokio::test]
async fn r66_a_notice_that_overtakes_the_sign_in_at_another_node_lets_no_session_begin() {
    let nodes = Nodes::start().await;
    let mut browser = nodes.one.bridge.browser();
    let login = at_cas(&mut browser, &nodes.one.bridge.request()).await;
    let page = overtaken(&nodes.one, &mut browser, &login, async |address, notice| {
        posted(&nodes.other, address, notice).await
    })
    .await;
    // To CAS once more.
    assert_eq!(page.status, 303);
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    page.answer();
}

#[tokio::test]
async fn r63_r66_a_sign_in_by_cas_and_its_end_cross_nodes_whose_clocks_are_two_minutes_apart() {
    for minutes in [2, -2] {
        let nodes = Nodes::minutes_apart(minutes).await;
        let one = &nodes.one.bridge;
        for (begins, ends) in [(one, &nodes.other), (&nodes.other, one)] {
            let mut browser = begins.browser();
            let login = at_cas(&mut browser, &begins.request()).await;
            let (mut browser, ticket) = (at(ends, &browser), new_ticket());
            let callback = login.callback(&ticket);
            browser.arrive(&callback).await.answer();
            let (address, _) = callback.split_once('?').unwrap();
            let mut signed = Signed {
                address: address.to_owned(),
                browser: at(one, &browser),
                ticket,
            };
            assert_eq!(nodes.answer(&mut signed).await, (true, true), "{minutes}");
            posted(begins, &signed.address, &notice(&signed.ticket)).await;
            assert_eq!(nodes.answer(&mut signed).await, (false, false), "{minutes}");
        }
    }
}
