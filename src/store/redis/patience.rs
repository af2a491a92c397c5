//! How long one request waits for the server in all.
//!
//! Each question has a time limit of its own. A server that is slow answers each of them just before that is over, and a
//! sign-in asks up to thirteen, one after the other. So the waits of one request count together: past the bound
//! the store is one that does not answer, for this request alone, and the caller goes on by the same rules.

use std::{cell::Cell, time::Duration};

use tokio::{
    task_local,
    time::{Instant, timeout},
};

/// How long one request waits, where two late answers take no longer: what is left of a second is for everything else
/// that a sign-in does. A server that takes 60 ms for each answer is waited for to the end.
const IN_ALL: Duration = Duration::from_millis(800);

task_local! {
    /// How much longer this request waits.
    static LEFT: Cell<Duration>;
}

/// Does `request`, which waits for [`IN_ALL`], or for two answers that take as long as `patience`. What it leaves to
/// a task of its own is not bounded by it.
pub(super) async fn bounded<F: Future>(patience: Duration, request: F) -> F::Output {
    let in_all = IN_ALL.max(patience * 2);
    LEFT.scope(Cell::new(in_all), request).await
}

/// Waits for an answer as long as this request may, and for as long as it takes where there is no request; nothing where
/// the time was over before.
pub(super) async fn wait<F: Future>(answer: F) -> Option<F::Output> {
    let left = LEFT.try_with(Cell::get).unwrap_or(Duration::MAX);
    if left.is_zero() {
        return None;
    }
    let begun = Instant::now();
    let answer = timeout(left, answer).await;
    // Others of the same request may have waited meanwhile.
    let spent = |left: &Cell<Duration>| left.set(left.get().saturating_sub(begun.elapsed()));
    let _no_request = LEFT.try_with(spent);
    answer.ok()
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    async fn is_answered_after(ms: u64) -> bool {
        wait(sleep(Duration::from_millis(ms))).await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn r33_one_request_waits_for_so_many_late_answers_and_no_more_and_the_next_one_anew() {
        for (patience, each, answered) in [(100, 90, 8), (250, 200, 4), (2_000, 1_900, 2)] {
            let in_all = u64::max(800, 2 * patience);
            for _request in 0..2 {
                let begun = Instant::now();
                bounded(Duration::from_millis(patience), async {
                    for question in 0..20 {
                        assert_eq!(is_answered_after(each).await, question < answered);
                    }
                })
                .await;
                let waited = begun.elapsed();
                let most = Duration::from_millis(in_all + 5);
                assert!(waited <= most, "{waited:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_answers_in_time_is_asked_as_often_as_is_needed() {
        bounded(Duration::from_millis(100), async {
            for _question in 0..100 {
                assert!(is_answered_after(1).await);
            }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn r33_a_request_waits_no_longer_for_what_it_left_to_a_task_which_goes_on() {
        let begun = Instant::now();
        let (first, task) = bounded(Duration::from_millis(100), async {
            let first = is_answered_after(700).await;
            let mut task = tokio::spawn(sleep(Duration::from_millis(400)));
            assert!(wait(&mut task).await.is_none());
            (first, task)
        })
        .await;
        assert!(first);
        assert!(begun.elapsed() < Duration::from_millis(810));
        task.await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(1_100));
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_request_waits_for_is_not_bounded() {
        let asked = async { tokio::spawn(is_answered_after(2_000)).await };
        assert!(bounded(Duration::from_millis(100), asked).await.unwrap());
        assert!(is_answered_after(2_000).await);
    }
}
