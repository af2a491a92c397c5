//! What an administrator must see to, and until when.

use std::path::PathBuf;

use jiff::{Timestamp, civil::Date, tz::Offset};

use crate::{
    control::{Duty, days_left},
    metadata::registry::{Registered, Registry, SpState},
    model::short_name::ShortName,
    xmlsec::CertificateFacts,
};

/// How many days before an end it is told, and told again.
const STEPS: [u16; 5] = [1, 7, 14, 30, 60];

/// All of it at `now`, the most urgent first: what is wrong already, then by date.
pub fn of(registry: &Registry, ours: &[(PathBuf, Timestamp)], now: Timestamp) -> Vec<Duty> {
    let mut duties = Duties {
        now,
        found: Vec::new(),
    };
    for (file, end) in ours {
        let what = format!("the certificate {} ends", file.display());
        duties.ends("ours", *end, what);
    }
    for (name, state) in registry.states(now) {
        duties.of_state(name, state);
    }
    for registered in registry.all().filter(|one| one.config.enabled) {
        duties.of_provider(registered);
    }
    let mut found = duties.found;
    found.sort_by(|one, other| (one.until, &one.whom).cmp(&(other.until, &other.whom)));
    found
}

/// One of them in a sentence, for somebody who reads it at `now`.
pub fn sentence(duty: &Duty, now: Timestamp) -> String {
    let Duty {
        until, whom, what, ..
    } = duty;
    match until {
        None => format!("{whom}: {what}"),
        Some(end) => {
            let when = if *end <= now {
                "over".to_owned()
            } else {
                format!("in {} days", days_left(*end, now))
            };
            format!("{whom}: {what}: {}, {when}", end.strftime("%Y-%m-%d"))
        }
    }
}

struct Duties {
    now: Timestamp,
    found: Vec<Duty>,
}

impl Duties {
    /// Notes an end that is near, or over.
    fn ends(&mut self, whom: &str, end: Timestamp, what: String) {
        let left = end.duration_since(self.now);
        let within_days = if left.is_positive() {
            let is_within = |days: &u16| left.as_hours() < 24 * i64::from(*days);
            match STEPS.into_iter().find(is_within) {
                Some(days) => days,
                None => return,
            }
        } else {
            0
        };
        self.found.push(Duty {
            until: Some(end),
            within_days,
            whom: whom.to_owned(),
            what,
        });
    }

    fn of_state(&mut self, name: &ShortName, state: SpState) {
        let what = match state {
            SpState::Broken => "broken: its metadata cannot be used, and nobody can sign in to it",
            SpState::LastGood => "last-good: its file is broken, and an earlier version counts",
            // An end that is over is told with its date.
            SpState::Disabled | SpState::Expired | SpState::Good | SpState::Stale => return,
        };
        self.found.push(Duty {
            until: None,
            within_days: 0,
            whom: whom(name),
            what: what.to_owned(),
        });
    }

    fn of_provider(&mut self, provider: &Registered) {
        let (now, whom) = (self.now, &whom(&provider.config.short_name));
        let certificates = provider.keys.iter().filter_map(|key| key.certificate());
        let ends: Vec<_> = certificates.map(CertificateFacts::not_after).collect();
        let has_one_without_end = ends.len() < provider.keys.len();
        let one_lasts = has_one_without_end || ends.iter().any(|end| *end > now);
        // Where another one lasts, one that is over is only one that nobody took out.
        for end in ends.into_iter().filter(|end| *end > now || !one_lasts) {
            self.ends(
                whom,
                end,
                "a certificate that it signs with ends".to_owned(),
            );
        }
        let encryption = provider.encryption_key.as_ref();
        if let Some(facts) = encryption.and_then(|key| key.certificate()) {
            let what = "the certificate that its assertions are encrypted to ends";
            self.ends(whom, facts.not_after(), what.to_owned());
        }
        if let Some(end) = provider.sp.valid_until {
            let what = "its metadata ends (validUntil), and with it every sign-in";
            self.ends(whom, end, what.to_owned());
        }
        if let Some(end) = provider.look_again_at {
            let what = "stale: its metadata is older than it allows itself (cacheDuration), and counts all the same";
            if end <= now {
                self.ends(whom, end, what.to_owned());
            }
        }
        if let Some(end) = provider.config.sha1_until.and_then(end_of_day) {
            let what = "SHA-1 in its requests is taken no longer (sha1-until)";
            self.ends(whom, end, what.to_owned());
        }
    }
}

fn whom(name: &ShortName) -> String {
    format!("sp.{name}")
}

/// When a day is over, in UTC.
fn end_of_day(day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?.at(0, 0, 0, 0);
    Offset::UTC.to_timestamp(next).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_steps_from_sixty_days_on_and_is_overdue_when_it_has_come() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        for (end, step) in [
            ("2027-01-25T08:00:00Z", None),
            ("2027-01-25T07:00:00Z", Some(60)),
            ("2026-12-26T08:00:00Z", Some(60)),
            ("2026-12-26T07:00:00Z", Some(30)),
            ("2026-12-10T07:00:00Z", Some(14)),
            ("2026-12-03T07:00:00Z", Some(7)),
            ("2026-11-27T07:00:00Z", Some(1)),
            ("2026-11-26T08:00:01Z", Some(1)),
            ("2026-11-26T08:00:00Z", Some(0)),
            ("2020-01-01T00:00:00Z", Some(0)),
        ] {
            let ours = [(PathBuf::from("a.pem"), end.parse().unwrap())];
            let duties = of(&Registry::default(), &ours, now);
            let steps: Vec<_> = duties.iter().map(|duty| duty.within_days).collect();
            assert_eq!(steps, Vec::from_iter(step), "{end}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second_in_utc() {
        let end = end_of_day("2026-11-30".parse().unwrap());
        assert_eq!(end.unwrap().to_string(), "2026-12-01T00:00:00Z");
    }
}
