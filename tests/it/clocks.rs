//! Nodes whose clocks are not the same: two minutes harm nobody, and a node that is ten minutes off says so.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use passerelle::{
    model::{
        entity_id::EntityId,
        store::{ReplayGuard as _, Sight, Use},
    },
    store::redis::clocks::COMPARED_EVERY,
    sys::clock::{Clock as _, CorrectedClock, ManualClock, SystemClock},
};
use serde_json::{Value, json};

use crate::{
    bridge::{Bridge, LIBRARY, Setup, ZOOM, log::Log},
    lab::{redis_server::Redis, until::until},
    shared_store::{at, signs_in, table, visit},
};

/// A node whose clock is so many minutes ahead of that of everybody else, the store's included.
fn node(redis: &Redis, seed: u64, minutes: i64) -> Bridge {
    let setup = Setup {
        seed,
        more: table(redis),
        start: SystemClock.now() + SignedDuration::from_mins(minutes),
        ..Setup::new()
    };
    setup.build()
}

/// Each compares its clock so many times. How soon the last one is to do so again.
async fn compare(nodes: &[&Bridge], times: usize) -> Duration {
    let mut again_after = Duration::ZERO;
    for _ in 0..times {
        for node in nodes {
            let current = node.live.current();
            let bridge = &current.front.bridge;
            again_after = bridge.store.compare_clocks(&*bridge.clock).await;
        }
    }
    again_after
}

#[tokio::test]
async fn r33_a_request_whose_answer_was_lost_is_answered_by_a_node_whose_clock_is_another() {
    for seconds in [10, -10] {
        let redis = Redis::start(&[]).await;
        let one = node(&redis, 1, 0);
        let setup = Setup {
            seed: 2,
            more: table(&redis),
            start: one.now() + SignedDuration::from_secs(seconds),
            ..Setup::new()
        };
        let other = setup.build();
        let mut browser = signs_in(&one, "anne.dupont").await;
        let mut moved = at(&other, &browser);
        for (is_compared, end) in [(false, "stop"), (true, "post")] {
            if is_compared {
                compare(&[&one, &other], 1).await;
            }
            let request = one.request().redirect(None);
            browser.arrive(&request).await.answer();
            let page = moved.arrive(&request).await;
            assert_eq!(page.kind(), end, "{seconds}: {}", page.reason());
        }
    }
}

/// Its `/readyz`: the status, why it is not ready, and how it stands with its clock.
async fn told(node: &Bridge) -> (u16, Value, Value) {
    let page = node.browser().open("/readyz").await;
    let told: Value = serde_json::from_str(&page.body).unwrap();
    (
        page.status,
        told["not_ready_because_of"].clone(),
        told["clock"]["state"].clone(),
    )
}

#[tokio::test]
async fn r33_r50_r74_nodes_whose_clocks_are_two_minutes_apart_take_each_others_steps() {
    for minutes in [2, -2] {
        let redis = Redis::start(&[]).await;
        let (one, other) = (node(&redis, 1, 0), node(&redis, 2, minutes));
        for (begins, ends, guessed) in [
            (&one, &other, "ines.benali"),
            (&other, &one, "compte.gratuit"),
        ] {
            // Each step of the sign-in at another node.
            let mut browser = begins.browser();
            let request = begins.request();
            let form = browser.arrive(&request.redirect(None)).await;
            let mut browser = at(ends, &browser);
            let page = browser.sign_in(&form, "anne.dupont").await;
            ends.identity(&page.answer(), ZOOM, request.id());
            // Its session at both, and its end at both.
            for node in [begins, ends, begins] {
                browser = at(node, &browser);
                assert_eq!(visit(node, &mut browser, LIBRARY).await.kind(), "post");
            }
            let kept = browser.clone();
            browser.sign_out().await;
            for node in [begins, ends] {
                let page = visit(node, &mut at(node, &kept), ZOOM).await;
                assert_eq!(page.kind(), "login", "{minutes}");
            }
            // The request is used at both.
            let mut thief = begins.browser();
            let form = thief.arrive(&request.redirect(None)).await;
            let page = thief.sign_in(&form, "luc.bernard").await;
            page.stops(400, "request-used");
            // Guesses at one count at the other, which has the account wait; and not for long.
            let mut browser = begins.browser();
            let form = browser.arrive(&begins.request().redirect(None)).await;
            for _ in 0..5 {
                let wrong = form.filled(guessed, "wrong");
                browser.submit(&form, &wrong).await;
            }
            let mut browser = ends.browser();
            let form = browser.arrive(&ends.request().redirect(None)).await;
            let page = browser.sign_in(&form, guessed).await;
            if ends.now() > begins.now() {
                // It has waited already.
                page.answer();
            } else {
                assert_eq!(page.status, 429, "{minutes}");
                ends.wait(3);
                browser.sign_in(&form, guessed).await.answer();
                ends.wait(-3);
            }
        }
        compare(&[&one, &other], 3).await;
        // The clock of the test cannot be corrected, and nobody is stopped for that.
        for (node, state) in [(&one, "right"), (&other, "corrected")] {
            assert_eq!(told(node).await, (200, json!([]), json!(state)));
        }
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_ten_minutes_off_is_not_ready_until_it_is_set() {
    for minutes in [10, -10] {
        let redis = Redis::start(&[]).await;
        let (one, other) = (node(&redis, 1, 0), node(&redis, 2, minutes));
        let log = Log::start();
        assert_eq!(told(&other).await, (200, json!([]), Value::Null));
        // One that begins is not ready from the first answer on, and looks again soon.
        let again_after = compare(&[&one, &other], 1).await;
        assert!(again_after < COMPARED_EVERY / 5, "{again_after:?}");
        let wrong = (503, json!(["clock"]), json!("wrong"));
        assert_eq!(told(&other).await, wrong, "{minutes}");
        assert_eq!(compare(&[&other], 1).await, COMPARED_EVERY);
        assert_eq!(told(&one).await, (200, json!([]), json!("right")));
        assert_eq!(told(&other).await, wrong, "{minutes}");
        let metrics = other.metrics().await;
        assert!(
            metrics.contains("\npasserelle_clock_wrong 1\n"),
            "{metrics}"
        );
        let (_, ahead) = metrics
            .split_once("\npasserelle_clock_ahead_seconds ")
            .unwrap();
        let ahead: i64 = ahead.lines().next().unwrap().parse().unwrap();
        // The clock of the test stands still.
        assert!((ahead - minutes * 60).abs() < 60, "{ahead}");
        compare(&[&one, &other], 2).await;
        assert_eq!(log.text().matches("our clock is wrong").count(), 1);
        other.wait(-minutes);
        compare(&[&other], 1).await;
        assert_eq!(told(&other).await, (200, json!([]), json!("right")));
        let text = log.text();
        assert_eq!(text.matches("agree again").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn r33_a_clock_that_is_two_minutes_off_goes_by_redis_and_another_node() {
    for minutes in [2, -2] {
        let redis = Redis::start(&[]).await;
        let (one, other) = (node(&redis, 1, 0), node(&redis, 2, minutes));
        compare(&[&one], 1).await;
        let shown = SystemClock.now() + SignedDuration::from_mins(minutes);
        let clock = CorrectedClock::new(Arc::new(ManualClock::starting_at(shown)));
        let store = &other.front.bridge.store;
        // Whatever it is corrected by, what it shows itself is compared.
        for _ in 0..3 {
            store.compare_clocks(&clock).await;
            let off = clock.now().duration_since(SystemClock.now());
            assert!(off.abs() < SignedDuration::from_secs(9), "{minutes} {off}");
            assert_eq!(clock.uncorrected(), shown);
        }
        assert_eq!(told(&other).await, (200, json!([]), json!("corrected")));
        // By that time each knows when the other one has marked a request as used.
        let issuer = EntityId::parse("https://zoom.example/").unwrap();
        let of_one = (&one.front.bridge.store, one.now());
        let of_other = (store, clock.now());
        for (first, then) in [(of_one, of_other), (of_other, of_one)] {
            let id = format!("_{}", first.1);
            let used = Use {
                issuer: &issuer,
                id: &id,
                by: [1; 32],
                expires_at: first.1 + SignedDuration::from_mins(10),
            };
            assert_eq!(first.0.mark(used, first.1).await, Ok(Sight::First));
            let seen = then.0.mark(used, then.1).await.unwrap();
            let Sight::Again {
                by_same_at: Some(at),
            } = seen
            else {
                panic!("{seen:?}");
            };
            let off = then.1.duration_since(at);
            assert!(off.abs() < SignedDuration::from_secs(9), "{minutes} {off}");
        }
    }
}

#[tokio::test]
async fn where_the_clock_of_redis_is_wrong_every_node_says_so_and_stays_ready() {
    let redis = Redis::start(&[]).await;
    let nodes = [node(&redis, 1, 60), node(&redis, 2, 60)];
    compare(&[&nodes[0], &nodes[1]], 4).await;
    for node in &nodes {
        assert_eq!(told(node).await, (200, json!([]), json!("disputed")));
    }
}

#[tokio::test]
async fn where_the_clock_of_redis_is_wrong_a_node_on_its_machine_takes_no_other_one_out() {
    let redis = Redis::start(&[]).await;
    let nodes = [node(&redis, 1, 0), node(&redis, 2, 10), node(&redis, 3, 10)];
    compare(&nodes.each_ref(), 4).await;
    for (node, state) in nodes.iter().zip(["right", "disputed", "disputed"]) {
        assert_eq!(told(node).await, (200, json!([]), json!(state)));
    }
}

#[tokio::test]
async fn r103_who_only_writes_to_redis_cannot_say_for_a_node_that_a_clock_is_wrong() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1, 0), node(&redis, 2, 10));
    compare(&[&one], 1).await;
    let (ends, said) = ("passerelle:{clocks}:ends", "passerelle:{clocks}:said");
    let name = redis.told(&["ZRANGE", ends, "0", "0"]);
    // What it has said, from another one; and a word that nobody has sealed.
    let copied = "redis.call('HSET', KEYS[1], 'forged', redis.call('HGET', KEYS[1], ARGV[1])) \
                  return redis.call('HDEL', KEYS[1], ARGV[1])";
    assert_eq!(
        redis.told(&["EVAL", copied, "1", said, name.trim()]).trim(),
        "1"
    );
    redis.told(&[
        "ZADD",
        ends,
        "9000000000000",
        "forged",
        "9000000000000",
        "plain",
    ]);
    redis.told(&["HSET", said, "plain", "0"]);
    compare(&[&other], 3).await;
    assert_eq!(told(&other).await, (200, json!([]), json!("disputed")));
    let metrics = other.metrics().await;
    let refused = "\npasserelle_store_values_refused_total 6\n";
    assert!(metrics.contains(refused), "{metrics}");
    // Said by the node itself it counts.
    compare(&[&one, &other], 2).await;
    assert_eq!(told(&other).await, (503, json!(["clock"]), json!("wrong")));
}

#[tokio::test]
async fn a_node_that_could_not_compare_its_clock_yet_tries_again_soon() {
    const SOON: Duration = Duration::from_secs(2);
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1, 0);
    redis.pause();
    assert_eq!(compare(&[&node], 1).await, SOON);
    assert_eq!(compare(&[&node], 1).await, SOON);
    redis.go_on();
    let is_compared = async || {
        compare(&[&node], 1).await;
        told(&node).await == (200, json!([]), json!("right"))
    };
    until("the clocks are compared", is_compared).await;
    redis.pause();
    assert!(compare(&[&node], 1).await > SOON);
    redis.go_on();
}

#[tokio::test]
async fn a_redis_that_is_full_still_takes_what_a_node_says_of_its_clock() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1, 0), node(&redis, 2, 10));
    for bytes in ["0", "1"] {
        let full = redis.told(&["CONFIG", "SET", "maxmemory", bytes]);
        assert_eq!(full.trim(), "OK");
        redis.told(&["FLUSHALL"]);
        compare(&[&one, &other], 2).await;
        let wrong = (503, json!(["clock"]), json!("wrong"));
        assert_eq!(told(&other).await, wrong, "{bytes}");
        assert_eq!(told(&one).await.0, 200);
    }
}

#[tokio::test]
async fn a_node_that_may_not_ask_redis_for_the_time_says_so_once_and_keeps_sessions() {
    let redis = Redis::start(&["--user", "default", "on", "nopass", "~*", "+@all", "-time"]).await;
    let node = node(&redis, 1, 0);
    let log = Log::start();
    compare(&[&node], 3).await;
    assert_eq!(log.text().matches("+time").count(), 1);
    let mut browser = signs_in(&node, "anne.dupont").await;
    assert_eq!(visit(&node, &mut browser, ZOOM).await.kind(), "post");
    assert_eq!(told(&node).await, (200, json!([]), Value::Null));
}
