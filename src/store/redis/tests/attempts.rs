//! Attempts that several nodes count in one server.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use redis::Commands as _;
use tokio::task::JoinSet;

use super::{
    Connection, LIMITS, Lab, Limits, OsEntropy, PATIENCE_MS, Places, RedisStore, at,
    conformance::attempts::RULE, names, scripts_run, values::MAX_SMALL,
};
use crate::model::store::{Attempts as _, Verdict};

/// Until when the next one waits once the free ones have been made at second 0.
const SHUT: Verdict = Verdict::WaitUntil(Timestamp::constant(1, 0));

#[tokio::test]
async fn r74_what_one_node_has_counted_makes_the_others_wait() {
    let lab = Lab::start().await;
    let (one, other) = (lab.store(), lab.store());
    for _ in 0..RULE.free {
        assert_eq!(one.attempt([1; 32], RULE, at(0)).await, Ok(Verdict::Go));
    }
    let shut = Ok(Verdict::WaitUntil(at(1)));
    assert_eq!(other.attempt([1; 32], RULE, at(0)).await, shut);
    // What was not let through is counted by nobody.
    assert_eq!(other.attempt([1; 32], RULE, at(1)).await, Ok(Verdict::Go));
    other.forgive([1; 32]).await.unwrap();
    assert_eq!(other.attempt([1; 32], RULE, at(1)).await, Ok(Verdict::Go));
}

#[tokio::test]
async fn r74_a_node_whose_clock_is_behind_refuses_no_free_attempt() {
    let lab = Lab::start().await;
    let (ahead, behind) = (lab.store(), lab.store());
    assert_eq!(ahead.attempt([1; 32], RULE, at(120)).await, Ok(Verdict::Go));
    assert_eq!(behind.attempt([1; 32], RULE, at(0)).await, Ok(Verdict::Go));
    for _ in 2..RULE.free {
        assert_eq!(ahead.attempt([1; 32], RULE, at(120)).await, Ok(Verdict::Go));
    }
    let shut = Ok(Verdict::WaitUntil(at(1)));
    assert_eq!(behind.attempt([1; 32], RULE, at(0)).await, shut);
    let shut = Ok(Verdict::WaitUntil(at(121)));
    assert_eq!(ahead.attempt([1; 32], RULE, at(120)).await, shut);
}

/// Has so many attempts made, each of which may be.
async fn make(store: &RedisStore, key: [u8; 32], number: u32) {
    for _ in 0..number {
        assert_eq!(store.attempt(key, RULE, at(0)).await, Ok(Verdict::Go));
    }
}

fn held(stranger: &mut Connection, key: [u8; 32]) -> Vec<u8> {
    let places = Places::new("passerelle:");
    stranger.hget(places.counters.as_str(), &key[..]).unwrap()
}

fn put(stranger: &mut Connection, key: [u8; 32], value: &[u8]) {
    let places = Places::new("passerelle:");
    let () = { stranger }
        .hset(places.counters.as_str(), &key[..], value)
        .unwrap();
}

#[tokio::test]
async fn r74_r126_a_counter_that_is_not_ours_or_not_there_counts_nothing_and_gives_its_place_to_ours()
 {
    let lab = Lab::start().await;
    let mut stranger = lab.stranger();
    let (here, elsewhere) = ([1; 32], [2; 32]);
    make(&lab.store(), here, RULE.free).await;
    make(&lab.store(), elsewhere, RULE.free).await;
    let (ours, of_another) = (held(&mut stranger, here), held(&mut stranger, elsewhere));
    assert!(ours.len() <= MAX_SMALL, "{}", ours.len());
    let mut edited = ours.clone();
    *edited.last_mut().unwrap() ^= 1;
    let of_another_form = [&[2], &ours[1..]].concat();
    let large = vec![b'x'; 1024 * 1024];
    for value in [
        &of_another[..],
        &edited,
        &of_another_form,
        b"5 0 60000 0",
        &large,
    ] {
        put(&mut stranger, here, value);
        // A node that has seen none of it.
        let store = lab.store();
        make(&store, here, RULE.free).await;
        assert_eq!(store.record().refused, 1, "{:?}", &value[..8]);
        let other = lab.store();
        assert_eq!(other.attempt(here, RULE, at(0)).await, Ok(SHUT));
        assert_eq!(other.record().refused, 0);
        assert_eq!(held(&mut stranger, here).len(), ours.len());
    }
    // Of another one it says what it says.
    assert_eq!(lab.store().attempt(elsewhere, RULE, at(0)).await, Ok(SHUT));
}

#[tokio::test]
async fn r74_what_was_taken_away_or_put_back_since_it_was_seen_counts_as_it_is_now() {
    let lab = Lab::start().await;
    let (store, other, mut stranger) = (lab.store(), lab.store(), lab.stranger());
    let key = [1; 32];
    make(&store, key, RULE.free).await;
    let shut = held(&mut stranger, key);
    // The own counter of the first node says so still; what all count together does not.
    other.together().forgive(key).await.unwrap();
    let together = store.together();
    assert_eq!(together.attempt(key, RULE, at(0)).await, Ok(Verdict::Go));
    put(&mut stranger, key, &shut);
    assert_eq!(together.attempt(key, RULE, at(0)).await, Ok(SHUT));
    let () = redis::cmd("FLUSHALL").query(&mut stranger).unwrap();
    for _ in 0..RULE.free {
        assert_eq!(together.attempt(key, RULE, at(0)).await, Ok(Verdict::Go));
    }
    assert_eq!(together.attempt(key, RULE, at(0)).await, Ok(SHUT));
}

#[tokio::test]
async fn r74_a_hundred_attempts_from_one_network_at_one_time_are_a_few_questions() {
    let lab = Lab::start().await;
    let store = lab.store();
    let key = [1; 32];
    // From here on the server knows the scripts.
    store.together().forgive(key).await.unwrap();
    make(&store, key, 1).await;
    let before = scripts_run(&lab.redis);
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        all.spawn(async move {
            let verdict = store.together().attempt(key, RULE, at(0)).await;
            verdict == Ok(Verdict::Go)
        });
    }
    let gone = all.join_all().await.into_iter().filter(|gone| *gone);
    assert_eq!(gone.count(), 4);
    let asked = scripts_run(&lab.redis) - before;
    assert!(asked <= 4, "{asked}");
    // And one is one question, where nobody else has changed it.
    let before = scripts_run(&lab.redis);
    let together = store.together();
    together.take_back(key, RULE, at(0)).await.unwrap();
    together.attempt(key, RULE, at(1)).await.unwrap();
    together.attempt([2; 32], RULE, at(1)).await.unwrap();
    together.forgive([2; 32]).await.unwrap();
    assert_eq!(scripts_run(&lab.redis) - before, 4);
}

/// A node that counts for more accounts than others of these tests.
fn store_for_many(lab: &Lab) -> RedisStore {
    let limits = Limits {
        attempts: 1_000,
        ..LIMITS
    };
    let server = lab.server("passerelle:", PATIENCE_MS);
    RedisStore::new(
        server,
        limits,
        (Arc::clone(&lab.keys), names()),
        Arc::new(OsEntropy),
    )
}

#[tokio::test]
async fn r48_r74_whoever_goes_away_is_counted_and_everybody_is_told_of_their_own_account() {
    let lab = Lab::start().await;
    let store = store_for_many(&lab);
    // Every other account has no free attempt left.
    let account = |number: u8| [number; 32];
    for number in (0..60).step_by(2) {
        make(&store, account(number), RULE.free).await;
    }
    lab.redis.pause();
    let (mut leaving, mut waiting) = (JoinSet::new(), JoinSet::new());
    for number in 0..60 {
        let of_it = store.clone();
        leaving.spawn(async move {
            let together = of_it.together();
            let attempt = together.attempt(account(number), RULE, at(0));
            tokio::time::timeout(Duration::from_millis(1), attempt)
                .await
                .is_err()
        });
    }
    assert_eq!(leaving.join_all().await, [true; 60]);
    for number in 0..60 {
        let of_it = store.clone();
        waiting.spawn(async move {
            let verdict = of_it.together().attempt(account(number), RULE, at(0)).await;
            (number, verdict)
        });
    }
    lab.redis.go_on();
    for (number, verdict) in waiting.join_all().await {
        let told = if number.is_multiple_of(2) {
            SHUT
        } else {
            Verdict::Go
        };
        assert_eq!(verdict, Ok(told), "{number}");
    }
    let other = store_for_many(&lab);
    for number in (1..60).step_by(2) {
        make(&other, account(number), RULE.free - 2).await;
        let verdict = other.attempt(account(number), RULE, at(0)).await;
        assert_eq!(verdict, Ok(SHUT), "{number}");
    }
}
