//! Our clock, against that of every server that was asked anyway.

use jiff::{SignedDuration, Timestamp};

use super::Finding;
use crate::sys::{clock::Clock, http::HttpAnswer};

const CHECK: &str = "clock";
/// How far the clocks may be from one another: proofs of a new login allow for as much.
const MOST: SignedDuration = SignedDuration::from_secs(30);
const HINT: &str = "see `timedatectl` on both machines: each should follow a time server; answers \
                    with a wrong time are refused by service providers";

/// What a server said the time was, and what it was for us when its answer had come.
#[derive(Clone, Debug)]
pub(super) struct Date {
    pub(super) server: String,
    pub(super) theirs: Timestamp,
    pub(super) ours: Timestamp,
}

impl Date {
    /// That of an answer which came now from the server at `url`; none where it has none.
    pub(super) fn of(answer: &HttpAnswer, url: &str, clock: &dyn Clock) -> Option<Self> {
        Some(Self {
            server: url.to_owned(),
            theirs: answer.date()?,
            ours: clock.now(),
        })
    }
}

/// One for each server.
pub(super) fn findings(dates: &[Date]) -> Vec<Finding> {
    if dates.is_empty() {
        return vec![Finding::not_tried(
            CHECK,
            "no server was reached that says what time it is",
            "`timedatectl` says whether this machine follows a time server",
        )];
    }
    dates.iter().map(of_server).collect()
}

pub(super) fn of_server(date: &Date) -> Finding {
    let difference = date.ours.duration_since(date.theirs);
    let seconds = difference.abs().as_secs();
    let server = &date.server;
    if difference.abs() <= MOST {
        let what = format!("our clock and that of {server} differ by {seconds} s");
        return Finding::good(CHECK, what);
    }
    let side = if difference.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    Finding::bad(
        CHECK,
        format!("our clock is {seconds} s {side} that of {server}"),
        HINT,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::doctor::Verdict;

    #[test]
    fn more_than_thirty_seconds_are_told_with_the_side_they_are_on() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (ours, verdict, word) in [
            (1000, Verdict::Good, "differ by 0 s"),
            (1030, Verdict::Good, "differ by 30 s"),
            (1031, Verdict::Bad, "31 s ahead of"),
            (969, Verdict::Bad, "31 s behind"),
        ] {
            let date = Date {
                server: "cas.example".to_owned(),
                theirs: at(1000),
                ours: at(ours),
            };
            let found = of_server(&date);
            assert_eq!(found.verdict, verdict, "{ours}");
            assert!(found.what.contains(word), "{}", found.what);
        }
    }
}
