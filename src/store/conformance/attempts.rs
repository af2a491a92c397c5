//! Attempts, and how they are slowed down.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{LIMITS, at, key, together};
use crate::model::store::{AttemptRule, Attempts, Verdict};

/// How the attempts of these tests are slowed down.
pub(crate) const RULE: AttemptRule = AttemptRule {
    free: 5,
    first_wait: SignedDuration::from_secs(1),
    longest_wait: SignedDuration::from_secs(60),
    forget_after: SignedDuration::from_secs(1_000),
};

const ALICE: [u8; 32] = [1; 32];
const BOB: [u8; 32] = [2; 32];

/// Makes attempts until one has to wait; says how many went and until when the last one waits.
async fn exhaust(store: &impl Attempts, key: [u8; 32], now: i64) -> (u32, i64) {
    for gone in 0..1_000 {
        match store.attempt(key, RULE, at(now)).await.unwrap() {
            Verdict::Go => {}
            Verdict::WaitUntil(until) => return (gone, until.as_second()),
        }
    }
    panic!("a thousand attempts went through");
}

pub(crate) async fn r74_of_200_parallel_attempts_the_free_ones_go(
    store: Arc<impl Attempts + 'static>,
) {
    let mut gone = 0;
    for _ in 0..4 {
        let verdicts = together(&store, |store, _| async move {
            store.attempt(ALICE, RULE, at(0)).await.unwrap()
        })
        .await;
        gone += verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::Go)
            .count();
        assert!(verdicts.contains(&Verdict::WaitUntil(at(1))));
    }
    assert_eq!(gone, 5);
}

pub(crate) async fn r74_waits_grow_and_a_wait_is_not_an_attempt(store: Arc<impl Attempts>) {
    assert_eq!(exhaust(&*store, ALICE, 0).await, (5, 1));
    let mut now = 1;
    for wait in [2, 4, 8, 16, 32, 60, 60, 60] {
        assert_eq!(exhaust(&*store, ALICE, now).await, (1, now + wait));
        assert_eq!(
            exhaust(&*store, ALICE, now + wait - 1).await,
            (0, now + wait)
        );
        now += wait;
    }
}

pub(crate) async fn r74_a_clock_that_is_behind_waits_for_what_was_earned_and_no_longer(
    store: Arc<impl Attempts>,
) {
    let (ahead, behind) = (at(120), at(0));
    for number in 0..RULE.free {
        let now = if number % 2 == 0 { ahead } else { behind };
        let verdict = store.attempt(ALICE, RULE, now).await;
        assert_eq!(verdict, Ok(Verdict::Go), "{number}");
    }
    let verdict = store.attempt(ALICE, RULE, behind).await;
    assert_eq!(verdict, Ok(Verdict::WaitUntil(at(1))));
}

pub(crate) async fn r74_a_wait_that_is_over_lets_one_of_many_go(
    store: Arc<impl Attempts + 'static>,
) {
    exhaust(&*store, ALICE, 0).await;
    let verdicts = together(&store, |store, _| async move {
        store.attempt(ALICE, RULE, at(1)).await.unwrap()
    })
    .await;
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::Go)
            .count(),
        1
    );
}

pub(crate) async fn r74_attempts_are_forgotten_one_by_one_and_then_all(store: Arc<impl Attempts>) {
    // 1,000 seconds for five: one in 200 seconds.
    assert_eq!(exhaust(&*store, ALICE, 0).await, (5, 1));
    assert_eq!(exhaust(&*store, ALICE, 199).await, (1, 201));
    assert_eq!(exhaust(&*store, ALICE, 399).await, (1, 401));
    assert_eq!(exhaust(&*store, ALICE, 1_000).await, (3, 1_001));
    assert_eq!(exhaust(&*store, ALICE, 2_000).await, (5, 2_001));
    // All of a longer row are forgotten in the same time.
    for now in [2_001, 2_003, 2_007] {
        assert_eq!(
            exhaust(&*store, BOB, now).await.0,
            if now == 2_001 { 5 } else { 1 }
        );
    }
    assert_eq!(exhaust(&*store, BOB, 3_006).await.0, 3);
    assert_eq!(exhaust(&*store, BOB, 4_006).await.0, 5);
}

pub(crate) async fn r74_a_forgiven_account_starts_anew_and_another_does_not(
    store: Arc<impl Attempts>,
) {
    exhaust(&*store, ALICE, 0).await;
    exhaust(&*store, BOB, 0).await;
    store.forgive(ALICE).await.unwrap();
    assert_eq!(exhaust(&*store, ALICE, 0).await, (5, 1));
    assert_eq!(exhaust(&*store, BOB, 0).await, (0, 1));
}

pub(crate) async fn r74_an_attempt_that_is_taken_back_takes_its_wait_along_and_no_other(
    store: Arc<impl Attempts>,
) {
    exhaust(&*store, ALICE, 0).await;
    // The sixth goes after its wait and is a success: the next need not wait for it.
    assert_eq!(store.attempt(ALICE, RULE, at(1)).await, Ok(Verdict::Go));
    assert_eq!(
        store.attempt(ALICE, RULE, at(2)).await,
        Ok(Verdict::WaitUntil(at(3)))
    );
    store.take_back(ALICE, RULE, at(1)).await.unwrap();
    // The seventh is wrong: it waits as the sixth would have.
    assert_eq!(exhaust(&*store, ALICE, 2).await, (1, 4));
    // A success of long ago does not lift the wait of the wrong one after it.
    store.take_back(ALICE, RULE, at(0)).await.unwrap();
    assert_eq!(
        store.attempt(ALICE, RULE, at(2)).await,
        Ok(Verdict::WaitUntil(at(3)))
    );
    // Nothing is taken back where nothing was counted.
    store.take_back(BOB, RULE, at(0)).await.unwrap();
    assert_eq!(exhaust(&*store, BOB, 2).await, (5, 3));
}

pub(crate) async fn r74_successes_of_a_network_use_nothing_up(store: Arc<impl Attempts>) {
    for _ in 0..4 {
        assert_eq!(store.attempt(ALICE, RULE, at(0)).await, Ok(Verdict::Go));
    }
    for _ in 0..500 {
        assert_eq!(store.attempt(ALICE, RULE, at(0)).await, Ok(Verdict::Go));
        store.take_back(ALICE, RULE, at(0)).await.unwrap();
    }
    assert_eq!(exhaust(&*store, ALICE, 0).await, (1, 1));
}

pub(crate) async fn r74_r122_a_full_store_still_counts_the_newest_name_and_forgets_the_oldest(
    store: Arc<impl Attempts>,
) {
    for n in 0..LIMITS.attempts * 4 {
        let now = i64::from(n);
        assert_eq!(exhaust(&*store, key(n).0, now).await, (5, now + 1), "{n}");
        assert_eq!(exhaust(&*store, key(n).0, now).await, (0, now + 1), "{n}");
    }
    // No more are counted than it may hold: of the others nothing is known, long before they would be forgotten.
    for n in 0..LIMITS.attempts * 3 {
        let now = i64::from(LIMITS.attempts * 4 + n);
        assert_eq!(exhaust(&*store, key(n).0, now).await, (5, now + 1), "{n}");
    }
}
