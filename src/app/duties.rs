//! What an administrator must see to, and until when.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};

use super::{rollover::Standing, typed::typed};
use crate::{
    config::{sections::Service, sp::SpConfig},
    control::{Duty, days_left},
    flow::bridge::{Bridge, Provider},
    metadata::{
        registry::{Registered, Registry, SpState},
        sources::{SourceRecord, SourceState},
    },
    model::{
        matter::{Matter, Supplied, Used},
        short_name::ShortName,
    },
    xmlsec::CertificateFacts,
};

/// How many days before an end it is told, and told again.
const STEPS: [u16; 5] = [1, 7, 14, 30, LONGEST_STEP];
const LONGEST_STEP: u16 = 60;

/// For how long a source of metadata may fail before somebody has to see to it: it comes back by itself as a rule.
const SOURCE_PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// A certificate of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OurCertificate {
    /// The file that it is in.
    pub file: PathBuf,
    /// When it ends.
    pub ends_at: Timestamp,
    /// What it is for.
    pub used: Used,
}

/// One of them, and what it is about, for whoever says it in another language.
pub type Due = (Duty, Matter);

/// All of it at `now`, the most urgent first: what is wrong already, then by date.
pub fn of(bridge: &Bridge, ours: &[OurCertificate], now: Timestamp) -> Vec<Duty> {
    let due = due(bridge, ours, now).into_iter();
    due.map(|(duty, _)| duty).collect()
}

/// The same, with what each is about.
pub fn due(bridge: &Bridge, ours: &[OurCertificate], now: Timestamp) -> Vec<Due> {
    let sources = bridge.sources.records();
    listed(
        &bridge.registry,
        (bridge.providers.values(), &sources),
        ours,
        now,
    )
}

fn listed<'p>(
    registry: &Registry,
    (providers, sources): (
        impl IntoIterator<Item = &'p Provider>,
        &[(ShortName, SourceRecord)],
    ),
    ours: &[OurCertificate],
    now: Timestamp,
) -> Vec<Due> {
    let mut duties = Duties {
        now,
        found: Vec::new(),
    };
    for one in ours {
        let certificate = Matter::OurCertificate {
            file: one.file.display().to_string(),
            used: one.used,
        };
        duties.ends("ours", one.ends_at, certificate);
    }
    for (config, state) in registry.standings(now) {
        duties.of_state(config, state);
    }
    for registered in registry.all().filter(|one| one.config.enabled) {
        duties.of_provider(registered);
    }
    duties.of_roll_over(providers);
    for (name, record) in sources {
        let registered = registry.registered(name);
        let end = registered.and_then(|it| it.sp.valid_until);
        duties.of_source(name, record, end);
    }
    let mut found = duties.found;
    found.sort_by(|(one, _), (other, _)| (one.until, &one.whom).cmp(&(other.until, &other.whom)));
    found
}

/// What of one provider's metadata ends soon, or has, at `now`, the nearest first. That it is a placeholder or older than it
/// allows itself, and that SHA-1 is taken, is told as a warning by whoever loads it.
pub(super) fn of_metadata(provider: &Registered, now: Timestamp) -> Vec<Due> {
    let mut duties = Duties {
        now,
        found: Vec::new(),
    };
    duties.of_provider(provider);
    let mut found = duties.found;
    found.retain(|(_, matter)| {
        !matches!(
            matter,
            Matter::Placeholder { .. } | Matter::Sha1 { .. } | Matter::Stale(_)
        )
    });
    found.sort_by_key(|(duty, _)| duty.until);
    found
}

/// Until when, and how many days that leaves at `now`; none of those where it is over.
pub(super) fn end_and_days_left(duty: &Duty, now: Timestamp) -> Option<(Timestamp, Option<i64>)> {
    let end = duty.until?;
    Some((end, (end > now).then(|| days_left(end, now))))
}

/// One of them with its commands as they are typed for the configuration at `path`.
pub fn as_typed(duty: &Duty, path: &Path) -> Duty {
    Duty {
        what: typed(&duty.what, path),
        hint: duty.hint.as_ref().map(|hint| typed(hint, path)),
        ..duty.clone()
    }
}

/// One of them, for somebody who reads it at `now`: for whom, what, and until when.
pub fn told(duty: &Duty, now: Timestamp) -> String {
    format!("{}: {}", duty.whom, ended(duty, now))
}

/// The same without whom it is for.
pub(super) fn ended(duty: &Duty, now: Timestamp) -> String {
    match duty.end_in_words(now) {
        None => duty.what.clone(),
        Some([end, far]) => format!("{}: {end}, {far}", duty.what),
    }
}

/// The same in one sentence with what to do about it.
pub fn sentence(duty: &Duty, now: Timestamp) -> String {
    let told = told(duty, now);
    match &duty.hint {
        None => told,
        Some(hint) => format!("{told}; {hint}"),
    }
}

/// The step of the warning that an end has come to at `now`: within so many days, 0 where it is over; none where
/// it is far away.
pub(super) fn step(end: Timestamp, now: Timestamp) -> Option<u16> {
    let left = end.duration_since(now);
    if !left.is_positive() {
        return Some(0);
    }
    let is_within = |days: &u16| left.as_hours() < 24 * i64::from(*days);
    STEPS.into_iter().find(is_within)
}

struct Duties {
    now: Timestamp,
    found: Vec<Due>,
}

impl Duties {
    /// Notes an end that is near, or over.
    fn ends(&mut self, whom: &str, end: Timestamp, matter: Matter) {
        if let Some(within_days) = step(end, self.now) {
            self.note(Some(end), within_days, whom, matter);
        }
    }

    fn note(&mut self, until: Option<Timestamp>, within_days: u16, whom: &str, matter: Matter) {
        let duty = Duty {
            until,
            within_days,
            whom: whom.to_owned(),
            what: matter.to_string(),
            hint: matter.advice().map(|advice| advice.to_string()),
            kind: matter.kind().to_owned(),
            // Somebody has to decide on it.
            is_daily: matches!(matter, Matter::Held { .. }),
        };
        self.found.push((duty, matter));
    }

    fn of_state(&mut self, config: &SpConfig, state: SpState) {
        let matter = match state {
            SpState::Broken => Matter::Broken(supplied(config)),
            SpState::LastGood => Matter::LastGood(supplied(config)),
            // An end that is over is told with its date.
            SpState::Disabled | SpState::Expired | SpState::Good | SpState::Stale => return,
        };
        self.now(&config.short_name, matter);
    }

    /// Notes what is the matter with a source; `end` is that of the version which counts.
    fn of_source(&mut self, name: &ShortName, record: &SourceRecord, end: Option<Timestamp>) {
        if let Some(version) = record.held {
            let held = Matter::Held {
                name: name.clone(),
                version,
                until: end,
            };
            self.now(name, held);
        }
        let state = record.state;
        let is_failing = !state.is_sound() && state != SourceState::Waiting;
        if is_failing && self.now.duration_since(record.since) >= SOURCE_PATIENCE {
            let (state, since) = (state.word(), record.since);
            self.now(name, Matter::Source { state, since });
        }
    }

    /// Notes what is wrong now.
    fn now(&mut self, name: &ShortName, matter: Matter) {
        self.note(None, 0, &whom(name), matter);
    }

    /// What is left to do before our next key is the only one.
    fn of_roll_over<'p>(&mut self, providers: impl IntoIterator<Item = &'p Provider>) {
        let standing = |provider: &'p Provider| {
            let config = &provider.registered.config;
            let standing = Standing::of(config, Some(provider), self.now);
            (config, standing)
        };
        let standings: Vec<_> = providers.into_iter().map(standing).collect();
        for (config, standing) in &standings {
            let (name, whom) = (config.short_name.clone(), whom(&config.short_name));
            match standing {
                Standing::Left => self.can_wait(&whom, Matter::TakesNext { name }),
                Standing::Unable => self.can_wait(&whom, Matter::Unable),
                Standing::Planned(from) => {
                    let is_by_hand = config.service == Some(Service::Zoom);
                    self.ends(&whom, *from, Matter::NextKey { name, is_by_hand });
                }
                Standing::Off | Standing::Switched(_) | Standing::Unconcerned => {}
            }
        }
        let has = |wanted: fn(Standing) -> bool| standings.iter().any(|(_, it)| wanted(*it));
        if has(|it| matches!(it, Standing::Switched(_))) && !has(Standing::is_left) {
            self.can_wait("ours", Matter::Finish);
        }
    }

    /// Notes what is to be done, and hurts nobody while it is not.
    fn can_wait(&mut self, whom: &str, matter: Matter) {
        self.note(None, LONGEST_STEP, whom, matter);
    }

    fn of_provider(&mut self, provider: &Registered) {
        let (now, name) = (self.now, &provider.config.short_name);
        let (whom, supplied) = (&whom(name), || supplied(&provider.config));
        let certificates = provider.keys.iter().filter_map(|key| key.certificate());
        let ends: Vec<_> = certificates.map(CertificateFacts::not_after).collect();
        let has_one_without_end = ends.len() < provider.keys.len();
        let one_lasts = has_one_without_end || ends.iter().any(|end| *end > now);
        // Where another one lasts, one that is over is only one that nobody took out.
        for end in ends.into_iter().filter(|end| *end > now || !one_lasts) {
            self.ends(whom, end, Matter::SigningCertificate(supplied()));
        }
        let encryption = provider.encryption_key.as_ref();
        if let Some(facts) = encryption.and_then(|key| key.certificate()) {
            self.ends(
                whom,
                facts.not_after(),
                Matter::EncryptionCertificate(supplied()),
            );
        }
        // Of what is fetched again and again the end moves on with each answer, and is none to see to meanwhile.
        let followed = provider.config.followed.as_ref();
        let is_near =
            |end: &Timestamp| followed.is_none_or(|it| end.duration_since(now) < it.max_age / 2);
        if let Some(end) = provider.sp.valid_until.filter(is_near) {
            self.ends(whom, end, Matter::Metadata(supplied()));
        }
        if let Some(end) = provider.look_again_at.filter(|end| *end <= now) {
            self.ends(whom, end, Matter::Stale(supplied()));
        }
        if let Some(end) = provider.config.sha1_until.and_then(end_of_day) {
            self.ends(whom, end, Matter::Sha1 { name: name.clone() });
        }
        if provider.is_placeholder() {
            // Whoever has it there for a try gets in with it.
            self.can_wait(whom, Matter::Placeholder { name: name.clone() });
        }
    }
}

fn whom(name: &ShortName) -> String {
    format!("sp.{name}")
}

fn supplied(config: &SpConfig) -> Supplied {
    Supplied {
        name: config.short_name.clone(),
        is_followed: config.followed.is_some() || config.is_watched,
    }
}

/// When a day is over, in UTC.
fn end_of_day(day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?.at(0, 0, 0, 0);
    Offset::UTC.to_timestamp(next).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fingerprint::Fingerprint;

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
            let ours = [OurCertificate {
                file: PathBuf::from("a.pem"),
                ends_at: end.parse().unwrap(),
                used: Used::Signing,
            }];
            let duties = listed(&Registry::default(), ([], &[]), &ours, now);
            let steps: Vec<_> = duties.iter().map(|(duty, _)| duty.within_days).collect();
            assert_eq!(steps, Vec::from_iter(step), "{end}");
            for (duty, _) in duties {
                let hint = duty.hint.unwrap();
                assert!(hint.contains("keys rollover start"), "{hint}");
            }
        }
    }

    #[test]
    fn r91_what_is_held_is_to_be_seen_to_at_once_and_a_source_that_fails_after_a_day() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let name = ShortName::parse("zoom").unwrap();
        let day = SignedDuration::from_hours(24);
        let told = |state, is_held: bool, age: SignedDuration| {
            let record = SourceRecord {
                state,
                since: now - age,
                held: is_held.then(|| Fingerprint::of(b"one")),
                confirmed_at: None,
                next: now,
                counts: std::collections::BTreeMap::new(),
            };
            let sources = [(name.clone(), record)];
            listed(&Registry::default(), ([], &sources), &[], now).len()
        };
        let hour = SignedDuration::from_hours(1);
        assert_eq!(told(SourceState::Held, true, hour), 1);
        assert_eq!(told(SourceState::TimeOut, false, day - hour), 0);
        assert_eq!(told(SourceState::TimeOut, false, day), 1);
        assert_eq!(told(SourceState::TimeOut, true, day), 2);
        for state in [
            SourceState::Good,
            SourceState::Refused,
            SourceState::Waiting,
        ] {
            assert_eq!(told(state, false, day), 0, "{state:?}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second_in_utc() {
        let end = end_of_day("2026-11-30".parse().unwrap());
        assert_eq!(end.unwrap().to_string(), "2026-12-01T00:00:00Z");
    }
}
