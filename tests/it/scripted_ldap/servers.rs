//! Several servers: the next one takes over in less than a second, and the preferred one is gone
//! back to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{Failing, University, newcomer, page_of, records, signs_in};
use crate::lab::{
    keys::Authority,
    ldap_script::{Kind, LdapScript},
    port::free_port,
    promise::changes_in_time,
};

const PATIENT: &str = "timeout-seconds = 30\n[authn.throttle]\nfree-per-network = 5000";

#[tokio::test]
async fn a_password_that_one_server_cannot_judge_is_judged_by_the_next_one_and_rests_neither() {
    let university = University::new();
    let (first, second) = (university.script().await, university.script().await);
    let bridge = university.bridge(&[first.url(), second.url()], PATIENT);
    for code in [1, 51, 52, 80] {
        first.fails(Failing::Refuses(Kind::Bind, code));
        for _ in 0..2 {
            let login = newcomer();
            signs_in(&bridge, &login).await;
            first.is_asked(Kind::Bind, &login).await;
            second.is_asked(Kind::Bind, &login).await;
        }
    }
    for (_, failed, is_resting) in records(&bridge) {
        assert_eq!((failed, is_resting), (0, false));
    }
}

#[tokio::test]
async fn a_server_of_no_use_costs_less_than_a_second_once_and_nobody_their_sign_in() {
    let ways = [
        Failing::WithoutTls,
        Failing::Slow(Duration::from_millis(300)),
        Failing::ByOctets(Kind::Search),
        Failing::HangsUp(Kind::Search),
        // Unavailable, and busy.
        Failing::Refuses(Kind::Search, 52),
        Failing::Refuses(Kind::Search, 51),
    ];
    for way in [&ways[..], &Kind::ALL.map(Failing::Without)].concat() {
        let change = async || change_from_a_server_that_fails(way).await;
        changes_in_time(&format!("{way:?}"), change).await;
    }
}

async fn change_from_a_server_that_fails(way: Failing) -> Duration {
    let university = University::new();
    let (first, second) = (university.script().await, university.script().await);
    let bridge = university.bridge(&[first.url(), second.url()], PATIENT);
    first.fails(way);
    let start = Instant::now();
    let login = newcomer();
    signs_in(&bridge, &login).await;
    let change = second.is_asked(Kind::Search, &login).await.at - start;
    let (_, failed, is_resting) = records(&bridge)[0];
    assert_eq!((failed, is_resting), (1, true), "{way:?}");

    // It rests: the next ones do not wait for it.
    let (connections, asked) = (first.connections(), first.asked().len());
    for _ in 0..3 {
        signs_in(&bridge, &newcomer()).await;
    }
    assert_eq!(
        (first.connections(), first.asked().len()),
        (connections, asked),
        "{way:?}"
    );
    // After its rest one person tries it; it still fails, and rests for longer.
    bridge.wait_seconds(1);
    signs_in(&bridge, &newcomer()).await;
    assert_eq!(records(&bridge)[0].1, 2, "{way:?}");
    bridge.wait_seconds(1);
    assert!(records(&bridge)[0].2, "{way:?}");

    // Everybody is back with it as soon as it answers.
    first.is_back();
    bridge.wait_seconds(1);
    let answered = records(&bridge)[1].0;
    for _ in 0..2 {
        let login = newcomer();
        signs_in(&bridge, &login).await;
        first.is_asked(Kind::WhoAmI, &login).await;
    }
    assert_eq!(records(&bridge)[1], (answered, 0, false), "{way:?}");
    change
}

#[tokio::test]
async fn servers_that_are_down_or_not_believed_are_passed_over() {
    let university = University::new();
    let nobody = format!("ldaps://localhost:{}", free_port());
    let other = Authority::new("University").vouch_for("localhost");
    let other = LdapScript::start(&other).await;
    let good = university.script().await;
    let bridge = university.bridge(&[nobody, other.url(), good.url()], PATIENT);
    for round in 1..=3 {
        signs_in(&bridge, &newcomer()).await;
        assert_eq!(good.count(Kind::Bind), round);
    }
    assert_eq!(other.connections(), 1);
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_crowd_before_a_server_that_hangs_is_with_the_next_one_in_less_than_a_second() {
    changes_in_time("a crowd", longest_change_of_a_crowd).await;
}

async fn longest_change_of_a_crowd() -> Duration {
    let university = University::new();
    let (first, second) = (university.script().await, university.script().await);
    let lines = format!("connections = 2\n{PATIENT}");
    let bridge = Arc::new(university.bridge(&[first.url(), second.url()], &lines));
    first.hangs();
    let mut people = JoinSet::new();
    for _ in 0..4 {
        let (bridge, second) = (Arc::clone(&bridge), second.clone());
        people.spawn(async move {
            let login = newcomer();
            let start = Instant::now();
            let page = page_of(&bridge, &login).await;
            assert_eq!(page.kind(), "post");
            second.is_asked(Kind::Search, &login).await.at - start
        });
    }
    let changes = people.join_all().await;
    // Those who waited for a place did not ask it.
    assert_eq!(first.connections(), 2);
    changes.into_iter().max().unwrap()
}
