//! What could not be written, counted where it is lost and told where somebody looks.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// How long one write may take before nobody seems to take it: a pipe that nobody reads is full long before the lines
/// that wait for it are lost.
const HANGS_AFTER: Duration = Duration::from_secs(10);

/// Lines of the log that nobody will read.
#[derive(Debug, Default)]
pub struct Losses {
    lost: AtomicU64,
    fails: AtomicBool,
    /// Since when something is being written.
    since: Mutex<Option<Instant>>,
}

impl Losses {
    /// So many more are lost.
    pub fn add(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    /// Something begins to be written now.
    pub fn begin(&self) {
        self.set_since(Some(Instant::now()));
    }

    /// Whether what was begun was taken.
    pub fn note(&self, is_written: bool) {
        self.set_since(None);
        self.fails.store(!is_written, Ordering::Relaxed);
    }

    /// How many are lost, since the start.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the last that was to be written was not taken, or has not been for long.
    pub fn fails(&self) -> bool {
        self.fails_at(Instant::now())
    }

    /// Whether it does at that time.
    pub fn fails_at(&self, now: Instant) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let hangs = since.is_some_and(|since| now.duration_since(since) >= HANGS_AFTER);
        hangs || self.fails.load(Ordering::Relaxed)
    }

    fn set_since(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_has_been_written_for_ten_seconds_is_taken_by_nobody_until_it_is() {
        let losses = Losses::default();
        losses.begin();
        for (more, fails) in [(9, false), (1, true), (60, true)] {
            tokio::time::advance(Duration::from_secs(more)).await;
            assert_eq!(losses.fails(), fails, "{more}");
        }
        losses.note(true);
        assert!(!losses.fails());
        losses.begin();
        losses.note(false);
        assert!(losses.fails(), "it was refused at once");
        losses.begin();
        assert!(losses.fails(), "nothing has been taken since");
    }
}
