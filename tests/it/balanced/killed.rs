//! Nodes that are killed, or stopped, and come back while people sign in all the while, behind the real balancers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{join, join_all};

use super::{House, node};
use crate::{
    cas::assert_is_zoe,
    lab::{balancer::Program, browser::BrowserSim, process::Server, until::until},
};

/// How many people come at one time, each as soon as they are answered: a node is rarely without a request of somebody's.
const AT_ONCE: usize = 6;
/// How many sign-ins there are before, between and after what happens.
const STEADY: usize = 60;

/// What came of them.
#[derive(Debug, Default)]
struct Count {
    signed_in: AtomicUsize,
    is_over: AtomicBool,
}

impl Count {
    /// Waits until so many more are let in.
    async fn until_steady(&self) {
        let before = self.signed_in.load(Ordering::Relaxed);
        until("people are let in", async || {
            self.signed_in.load(Ordering::Relaxed) >= before + STEADY
        })
        .await;
    }
}

/// Signs in again and again, by a session.
async fn comes_back(house: &House, mut browser: BrowserSim, count: &Count) {
    browser.stays_at = Some(house.balancer.url("/").origin());
    while !count.is_over.load(Ordering::Relaxed) {
        let page = house.visit(&mut browser).await;
        // Also where a node was killed after it had marked the request as answered: it is asked for again at once.
        let is_let_in = page.kind().as_deref() == Some("post");
        assert!(is_let_in, "{page:?}\n{}", house.balancer.log());
        assert_is_zoe(&page);
        count.signed_in.fetch_add(1, Ordering::Relaxed);
    }
}

/// How a node goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Goes {
    /// By SIGKILL, with all that it is asked.
    Killed,
    /// By SIGTERM, as `systemctl stop` has it.
    Stopped,
}

/// Has each node go in its turn, and starts it again.
async fn gone(house: &House, nodes: &mut [Option<Server>; 2], (goes, count): (Goes, &Count)) {
    for (bridge, server) in house.bridges.iter().zip(nodes) {
        count.until_steady().await;
        // Which kills it where it has not ended.
        let mut last = server.take().unwrap();
        if goes == Goes::Stopped {
            last.terminate();
            assert!(last.ends().await.success());
        }
        drop(last);
        count.until_steady().await;
        *server = Some(node(bridge, &house.authority, (&house.cas, &house.redis)).await);
        until("it is given people again", async || {
            let took = house.took("/saml");
            // One that was asked in vain stands before the other.
            let mut last = took.iter().rev().take(20).filter(|it| !it.ends_with(','));
            let first = last.next();
            last.any(|other| Some(other) != first)
        })
        .await;
    }
    count.until_steady().await;
    count.is_over.store(true, Ordering::Relaxed);
}

#[tokio::test]
async fn nobody_fails_behind_a_balancer_while_each_node_is_stopped_and_comes_back() {
    for program in Program::ALL {
        while_each(Goes::Stopped, program).await;
    }
}

#[tokio::test]
async fn nobody_fails_behind_a_balancer_while_each_node_is_killed_and_comes_back() {
    for program in Program::ALL {
        let log = while_each(Goes::Killed, program).await;
        // And the balancer did have to ask the other one.
        let asked_again = match program {
            Program::Haproxy => ["retries=1", "retries=+1"],
            Program::Nginx => ["node_status=502, 200", "node_status=-, 200"],
        };
        let is_met = asked_again.iter().any(|it| log.contains(it));
        assert!(is_met, "{program:?}: {log}");
    }
}

/// Has each node go and come back while people sign in; what the balancer has logged.
async fn while_each(goes: Goes, program: Program) -> String {
    let mut house = House::start(program).await;
    let mut nodes = std::mem::take(&mut house.nodes);
    let (browser, ..) = house.signed_in().await;
    let count = Count::default();
    let come = (0..AT_ONCE).map(|_| comes_back(&house, browser.clone(), &count));
    join(join_all(come), gone(&house, &mut nodes, (goes, &count))).await;
    house.balancer.log()
}
