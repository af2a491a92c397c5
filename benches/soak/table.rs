//! What is printed, and whether all of it is within its limits.

use std::{process::ExitCode, time::Duration};

use crate::kit::measure::{Samples, judge};

/// The table; whoever measures adds rows.
pub(crate) struct Table {
    /// For how long a steady load lasts.
    pub(crate) load_lasts: Duration,
    all_within: bool,
}

impl Table {
    /// An empty one.
    pub(crate) const fn new(load_lasts: Duration) -> Self {
        Self {
            load_lasts,
            all_within: true,
        }
    }

    /// A row with one value and the most that it may be.
    pub(crate) fn row(&mut self, name: &str, value: f64, limit: f64, unit: &str) {
        let verdict = judge(value, limit, &mut self.all_within);
        println!("{name:52}{value:>8.2} {unit}   limit {limit}: {verdict}");
    }

    /// A row of what must not happen.
    pub(crate) fn never(&mut self, name: &str, times: usize) {
        let verdict = if times == 0 {
            "as it should be"
        } else {
            self.all_within = false;
            "SHOULD NOT BE"
        };
        println!("{name:52}{times:>8} times: {verdict}");
    }

    /// A row of times in milliseconds, of which the 99th percentile may be so much.
    pub(crate) fn times(&mut self, name: &str, times: &Samples, limit_p99: f64) {
        let [p50, p99, most] = [50, 99, 100].map(|percent| times.percentile(percent));
        let verdict = judge(p99, limit_p99, &mut self.all_within);
        println!(
            "{name:52}p50 {p50:.2}, p99 {p99:.2}, most {most:.1} of {}   limit of p99 {limit_p99}: {verdict}",
            times.count()
        );
    }

    /// Whether all was within its limits.
    pub(crate) fn verdict(&self) -> ExitCode {
        if self.all_within {
            ExitCode::SUCCESS
        } else {
            println!("\nA limit is exceeded.");
            ExitCode::FAILURE
        }
    }
}

/// Begins a part of the table.
pub(crate) fn title(title: &str) {
    println!("\n{title}");
}

/// A row that has no limit.
pub(crate) fn note(name: &str, text: &str) {
    println!("{name:52}{text}");
}
