//! Reads `[sessions]` and `[requests]`.

use super::{
    document::{Report, Table},
    sections::{Requests, Sessions},
};

/// Reads `[sessions]`; where it is not there, its defaults hold.
pub(super) fn read_sessions(table: Option<Table<'_>>, report: &mut Report) -> Sessions {
    let default = Sessions::default();
    let Some(mut table) = table else {
        return default;
    };
    let sessions = Sessions {
        lifetime_minutes: table.positive("lifetime-minutes", default.lifetime_minutes, report),
        idle_minutes: table.positive("idle-minutes", default.idle_minutes, report),
        max: table.positive("max", default.max, report),
    };
    if sessions.idle_minutes > sessions.lifetime_minutes {
        report.fault(&table.at("idle-minutes"), "is longer than lifetime-minutes");
    }
    table.finish(report);
    sessions
}

/// The longest window: a used request ID must be remembered for as long.
const MAX_WINDOW_SECONDS: u32 = 3600;

/// Reads `[requests]`; where it is not there, its defaults hold.
pub(super) fn read_requests(table: Option<Table<'_>>, report: &mut Report) -> Requests {
    let default = Requests::default();
    let Some(mut table) = table else {
        return default;
    };
    let requests = Requests {
        max_age_seconds: table.positive("max-age-seconds", default.max_age_seconds, report),
        max_ahead_seconds: table.positive("max-ahead-seconds", default.max_ahead_seconds, report),
        max_replay_marks: table.positive("max-replay-marks", default.max_replay_marks, report),
        max_answers_per_person: table.positive(
            "max-answers-per-person",
            default.max_answers_per_person,
            report,
        ),
    };
    for (key, seconds) in [
        ("max-age-seconds", requests.max_age_seconds),
        ("max-ahead-seconds", requests.max_ahead_seconds),
    ] {
        if seconds > MAX_WINDOW_SECONDS {
            report.fault(&table.at(key), "is longer than 3600 seconds");
        }
    }
    table.finish(report);
    requests
}
