//! What could not be written, counted where it is lost and told where somebody looks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Lines of the log that nobody will read.
#[derive(Debug, Default)]
pub struct Losses {
    lost: AtomicU64,
    fails: AtomicBool,
}

impl Losses {
    /// So many more are lost.
    pub fn add(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    /// Whether the last that was written was taken.
    pub fn note(&self, is_written: bool) {
        self.fails.store(!is_written, Ordering::Relaxed);
    }

    /// How many are lost, since the start.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the last that was to be written was not taken.
    pub fn fails(&self) -> bool {
        self.fails.load(Ordering::Relaxed)
    }
}
