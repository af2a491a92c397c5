//! The one place where the stand-in reads the wall clock.
//!
//! samael reads the clock by itself and cannot be given another; all our own
//! rules take the time as an argument.

use chrono::{DateTime, Utc};

/// The time it is now.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
