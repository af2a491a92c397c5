//! Waits for what comes by itself, and not for ever.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

/// Generous: CI builds on the same two cores.
const LIMIT: Duration = Duration::from_mins(1);
/// How often it is looked.
const BEAT: Duration = Duration::from_millis(10);

/// Waits until it is so; fails the test, with `what` is waited for, where that takes too long.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let mut beat = interval(BEAT);
    // A look that takes longer than a beat would otherwise leave the others of its thread no time.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let waiting = async {
        while !is_so().await {
            beat.tick().await;
        }
    };
    assert!(timeout(LIMIT, waiting).await.is_ok(), "{what}: not in time");
}
