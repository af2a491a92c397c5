//! Times that are promised, on a machine that does other things as well.

use std::time::Duration;

/// How soon the next server is asked where one does not answer.
const CHANGE: Duration = Duration::from_secs(1);
/// How often it is tried.
const TRIES: usize = 5;

/// Holds the change from one server to the next to what is promised, less than a second. `change` has it happen, and
/// says how long it took. A machine that is busy is late now and then, and a limit that is too long always is: one
/// try has to be in time.
pub(crate) async fn changes_in_time(what: &str, mut change: impl AsyncFnMut() -> Duration) {
    let mut took = Vec::new();
    for _ in 0..TRIES {
        let this = change().await;
        if this < CHANGE {
            return;
        }
        took.push(this);
    }
    panic!("{what}: {took:?}");
}
