//! The sources of metadata that are asked again and again: how it stands with each, and when it is asked next.
//!
//! Lasts as long as the process, whatever configuration counts. Asks nobody itself: `app::follow` does.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::held::HeldVersions;
use crate::{
    config::{followed::LONGEST_REFRESH, sp::SpConfig},
    model::{fingerprint::Fingerprint, service_provider::ServiceProvider, short_name::ShortName},
    sys::{
        entropy::{self, Entropy},
        fetch::FetchFault,
        http::{HttpKind, Validators},
    },
};

/// How soon a source may be asked again, whatever its metadata says; and after a first failure.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(1);
/// How late it is asked again at the latest where the administrator does not say it.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How often it is looked whether a file that is watched is another one.
const GLANCE: SignedDuration = SignedDuration::from_secs(5);
/// When it is where nobody says anything.
const USUAL: SignedDuration = SignedDuration::from_hours(6);

/// How it stands with a source, by what came of the last question to it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SourceState {
    /// It was not asked yet.
    Waiting,
    /// The version that it gives counts.
    Good,
    /// Somebody has to look at the version that it gives.
    Held,
    /// The administrator turned down the version that it gives.
    Refused,
    /// It is at an address that may not be connected to.
    Address,
    /// Its answer broke off.
    Broken,
    /// It was not asked: no more files may be open here. Nothing is said of the source.
    NoFile,
    /// It sends us to another host, or on and on.
    Redirected,
    /// It answers with another status than 200.
    Status,
    /// It does not answer in time.
    TimeOut,
    /// Its answer is too long.
    TooLong,
    /// It cannot be reached.
    Unreachable,
    /// The file cannot be read.
    Unreadable,
    /// No authority vouches for it.
    Untrusted,
    /// The version that it gives is not read: broken, or not right for the configuration.
    Unusable,
    /// That version describes other entities than the one that is meant.
    OtherEntity,
    /// That version has another provider's name, or asks for signatures that our keys do not make.
    Unfit,
    /// That version's time is over.
    Expired,
    /// That version is not signed by a key that it must be signed by.
    Unsigned,
}

impl SourceState {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Good => "good",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Address => "address",
            Self::Broken => "broken",
            Self::NoFile => "no-file",
            Self::Redirected => "redirected",
            Self::Status => "status",
            Self::TimeOut => "timeout",
            Self::TooLong => "too-long",
            Self::Unreachable => "unreachable",
            Self::Unreadable => "unreadable",
            Self::Untrusted => "untrusted",
            Self::Unusable => "unusable",
            Self::OtherEntity => "other-entity",
            Self::Unfit => "unfit",
            Self::Expired => "expired",
            Self::Unsigned => "unsigned",
        }
    }

    /// Whether the source gave a version that could be read.
    pub const fn is_sound(self) -> bool {
        match self {
            Self::Good | Self::Held | Self::Refused => true,
            Self::Waiting
            | Self::Address
            | Self::Broken
            | Self::NoFile
            | Self::Redirected
            | Self::Status
            | Self::TimeOut
            | Self::TooLong
            | Self::Unreachable
            | Self::Unreadable
            | Self::Untrusted
            | Self::Unusable
            | Self::OtherEntity
            | Self::Unfit
            | Self::Expired
            | Self::Unsigned => false,
        }
    }
}

impl From<&FetchFault> for SourceState {
    fn from(fault: &FetchFault) -> Self {
        match fault {
            FetchFault::Address(_) | FetchFault::Scheme | FetchFault::UserInformation => {
                Self::Address
            }
            FetchFault::Elsewhere(_) | FetchFault::Location | FetchFault::TooManyRedirects => {
                Self::Redirected
            }
            FetchFault::File(_) => Self::Unreadable,
            FetchFault::Status(_) => Self::Status,
            FetchFault::TimeOut => Self::TimeOut,
            FetchFault::Http(fault) => match fault.kind() {
                HttpKind::TimeOut => Self::TimeOut,
                HttpKind::Untrusted => Self::Untrusted,
                HttpKind::Unreachable => Self::Unreachable,
                HttpKind::NoFile => Self::NoFile,
                HttpKind::TooLong => Self::TooLong,
                HttpKind::Broken => Self::Broken,
            },
        }
    }
}

/// How it stands with one source.
#[derive(Clone, Debug)]
pub struct SourceRecord {
    /// By what came of the last question.
    pub state: SourceState,
    /// Since when that is so.
    pub since: Timestamp,
    /// The version that waits for the administrator; it goes on waiting while the source does not answer.
    pub held: Option<Fingerprint>,
    /// When it last gave the version that counts, as far as this process knows.
    pub confirmed_at: Option<Timestamp>,
    /// When it is asked next.
    pub next: Timestamp,
    /// How often came what.
    pub counts: BTreeMap<SourceState, u64>,
}

/// Where a version comes from.
#[derive(Debug, Eq, PartialEq)]
enum Place {
    Address(Url),
    File(PathBuf),
}

impl Place {
    /// That of a provider that is followed or watched.
    fn of(config: &SpConfig) -> Option<Self> {
        match &config.followed {
            Some(followed) => Some(Self::Address(followed.url.clone())),
            None => { config.is_watched }.then(|| Self::File(config.metadata_path.clone())),
        }
    }
}

#[derive(Debug)]
struct Source {
    place: Place,
    record: SourceRecord,
    /// The last version that could be read; of a file the last one, be it one that can be used or not.
    known: Known,
    failures: u32,
    /// When a file that could not be used is read once more although it is the one of before: it may be large, and
    /// is read as a whole.
    again_at: Timestamp,
    /// Whether it is being asked: whoever waits for an answer may wait for long.
    is_asked: bool,
}

/// A version that a source gave, as far as it is told from others.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Known {
    /// By what the source tells it from others.
    pub validators: Validators,
    /// Which one it is.
    pub version: Option<Fingerprint>,
}

/// A source whose time has come.
#[derive(Debug)]
pub struct Due {
    /// The provider.
    pub name: ShortName,
    /// The version that it gave last.
    pub known: Known,
}

/// All of them, by the provider.
#[derive(Debug, Default)]
pub struct Sources(Mutex<BTreeMap<ShortName, Source>>);

/// What came of a question.
#[derive(Debug)]
pub struct Came<'a> {
    /// What it is.
    pub state: SourceState,
    /// The version that came, if one did.
    pub known: Known,
    /// What counts of the provider now.
    pub sp: Option<&'a ServiceProvider>,
}

impl Sources {
    /// Has those of the configuration asked from `now` on, and no others. What is known of one whose address
    /// is the same stays known. `held` are the versions that wait already.
    pub fn follow(&self, providers: &[SpConfig], held: Option<&HeldVersions>, now: Timestamp) {
        let mut sources = self.lock();
        let mut known = std::mem::take(&mut *sources);
        for config in providers.iter().filter(|config| config.enabled) {
            let (name, Some(place)) = (&config.short_name, Place::of(config)) else {
                continue;
            };
            let same = known.remove(name).filter(|it| it.place == place);
            let mut source = same.unwrap_or_else(|| Source {
                place,
                record: SourceRecord {
                    state: SourceState::Waiting,
                    since: now,
                    held: { held.and_then(|held| held.waiting(name)) }
                        .map(|waits| Fingerprint::of(&waits)),
                    confirmed_at: None,
                    next: now,
                    counts: BTreeMap::new(),
                },
                known: Known::default(),
                failures: 0,
                again_at: now,
                is_asked: false,
            });
            // Another configuration may be what was missing.
            source.again_at = now;
            sources.insert(name.clone(), source);
        }
    }

    /// Whom to ask at `now`, also where the clock has gone back since the time was set: nobody who is being asked. Each is due again after a while,
    /// also where nothing is noted of what came: a fault of ours must not become a flood at somebody's door.
    pub fn due(&self, now: Timestamp) -> Vec<Due> {
        let mut sources = self.lock();
        let furthest = now
            .saturating_add(LONGEST_REFRESH)
            .unwrap_or(Timestamp::MAX);
        let has_come = |next: Timestamp| next <= now || next > furthest;
        let is_due = |source: &Source| has_come(source.record.next) && !source.is_asked;
        let due = { sources.iter_mut() }.filter(|(_, source)| is_due(source));
        due.map(|(name, source)| {
            source.record.next = now.saturating_add(AFTER_FAILURE).unwrap_or(Timestamp::MAX);
            source.is_asked = true;
            let is_read_anyway = source.failures > 0 && has_come(source.again_at);
            Due {
                name: name.clone(),
                known: if is_read_anyway {
                    Known::default()
                } else {
                    source.known.clone()
                },
            }
        })
        .collect()
    }

    /// Notes that nobody waits for an answer of the source of `name` any more.
    pub fn is_asked_no_more(&self, name: &ShortName) {
        if let Some(source) = self.lock().get_mut(name) {
            source.is_asked = false;
        }
    }

    /// Notes what came of a question to the source of `config`, and when to ask the next one. Whether the
    /// state is another one than before, or another version is held.
    pub fn note(
        &self,
        config: &SpConfig,
        came: Came<'_>,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> bool {
        let Came { state, known, sp } = came;
        let version = known.version;
        let mut sources = self.lock();
        let Some(source) = sources.get_mut(&config.short_name) else {
            return false;
        };
        let refresh = config.followed.as_ref().and_then(|it| it.refresh);
        let is_file = matches!(source.place, Place::File(_));
        source.known = if state.is_sound() || is_file {
            known
        } else {
            Known::default()
        };
        source.failures = if state.is_sound() {
            0
        } else {
            source.failures.saturating_add(1)
        };
        let usual = pause(refresh, sp, now);
        let pause = match source.failures {
            0 => usual,
            // Twice as long each time.
            failures => usual.min(AFTER_FAILURE * (1_i32 << failures.min(16).saturating_sub(1))),
        };
        let after = |pause| {
            now.saturating_add(earlier(pause, entropy))
                .unwrap_or(Timestamp::MAX)
        };
        source.again_at = after(pause);
        let record = &mut source.record;
        let count = record.counts.entry(state).or_default();
        *count = count.saturating_add(1);
        // Another file is seen at once, whatever the one before it was.
        record.next = if is_file {
            after(GLANCE)
        } else {
            source.again_at
        };
        record.set(state, version, now)
    }

    /// Notes that a file that is watched is the one of before.
    pub fn is_same(&self, name: &ShortName, now: Timestamp) {
        if let Some(source) = self.lock().get_mut(name) {
            source.record.next = now.saturating_add(GLANCE).unwrap_or(Timestamp::MAX);
        }
    }

    /// By what came of the last question to the source of `name`; none where nobody asks it.
    pub fn state(&self, name: &ShortName) -> Option<SourceState> {
        self.lock().get(name).map(|source| source.record.state)
    }

    /// Notes what the administrator decided of the version that waits.
    pub fn decide(&self, name: &ShortName, state: SourceState, now: Timestamp) {
        if let Some(source) = self.lock().get_mut(name) {
            source.record.set(state, None, now);
        }
    }

    /// How it stands with each.
    pub fn records(&self) -> Vec<(ShortName, SourceRecord)> {
        let sources = self.lock();
        let told = sources
            .iter()
            .map(|(name, source)| (name.clone(), source.record.clone()));
        told.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ShortName, Source>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SourceRecord {
    /// Whether it is another state than before, or another version of the source's waits.
    fn set(&mut self, state: SourceState, version: Option<Fingerprint>, now: Timestamp) -> bool {
        let before = (self.state, self.held);
        // Where the source gives nothing, what waits goes on waiting.
        if state.is_sound() {
            self.held = version.filter(|_| state == SourceState::Held);
        }
        if state == SourceState::Good {
            self.confirmed_at = Some(now);
        }
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
        before != (self.state, self.held)
    }
}

/// How long a source is left alone that gave what it should: as long as the administrator says, or else as the
/// metadata does (`cacheDuration`), within bounds; and never for more than half of what is left until the
/// metadata ends, so that there is time to try again.
fn pause(
    refresh: Option<SignedDuration>,
    sp: Option<&ServiceProvider>,
    now: Timestamp,
) -> SignedDuration {
    let end = sp.and_then(|sp| sp.valid_until);
    let left = end.map_or(SignedDuration::MAX, |end| end.duration_since(now) / 2);
    usual(refresh, sp).min(left).max(SHORTEST)
}

/// The same, if the metadata did not end.
fn usual(refresh: Option<SignedDuration>, sp: Option<&ServiceProvider>) -> SignedDuration {
    refresh.unwrap_or_else(|| {
        let cached = sp.and_then(|sp| sp.cache_duration);
        cached.unwrap_or(USUAL).min(LONGEST)
    })
}

/// When the metadata of a provider that is followed ends, where that is before its source would be asked again as a
/// rule: one answer that does not come is then enough to shut everybody out.
pub fn ends_early(config: &SpConfig, sp: &ServiceProvider, now: Timestamp) -> Option<Timestamp> {
    let refresh = config.followed.as_ref()?.refresh;
    let next = usual(refresh, Some(sp)).max(SHORTEST);
    sp.valid_until.filter(|end| end.duration_since(now) < next)
}

/// A little less, by chance: sources that were asked together are not asked together for ever.
fn earlier(pause: SignedDuration, entropy: &dyn Entropy) -> SignedDuration {
    let [drawn] = entropy::bytes::<1>(entropy);
    // Up to a tenth.
    pause - pause / 10 * i32::from(drawn) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metadata::{
            outline::tests::with,
            read::{
                read,
                tests::{config, now},
            },
        },
        model::endpoint::Schemes,
        sys::{entropy::SeededEntropy, http::HttpFault},
    };

    fn minutes(count: i64) -> SignedDuration {
        SignedDuration::from_mins(count)
    }

    /// A provider that is followed.
    fn followed() -> SpConfig {
        SpConfig {
            followed: Some(crate::config::followed::Followed {
                url: Url::parse("https://sp.example.org/").unwrap(),
                authorities: None,
                allows_private: false,
                refresh: Some(minutes(60)),
                max_age: minutes(60),
            }),
            ..config()
        }
    }

    fn came(state: SourceState) -> Came<'static> {
        Came {
            state,
            known: Known {
                version: Some(Fingerprint::of(b"one")),
                ..Known::default()
            },
            sp: None,
        }
    }

    #[test]
    fn r90_a_pause_is_within_bounds_and_less_by_a_tenth_at_most() {
        let entropy = SeededEntropy::new(1);
        for hours in [1, 24, 168] {
            let pause = SignedDuration::from_hours(hours);
            for _ in 0..100 {
                let drawn = earlier(pause, &entropy);
                assert!(drawn <= pause && drawn >= pause - pause / 10, "{drawn}");
            }
        }
        assert_eq!(pause(None, None, now()), USUAL);
        assert_eq!(pause(Some(minutes(7)), None, now()), minutes(7));
        assert_eq!(pause(Some(minutes(1)), None, now()), SHORTEST);
    }

    #[test]
    fn a_source_that_fails_is_asked_soon_and_then_less_often_up_to_its_usual_pause() {
        let (sources, entropy, config) = (Sources::default(), SeededEntropy::new(1), followed());
        sources.follow(std::slice::from_ref(&config), None, now());
        let mut pauses = Vec::new();
        for _ in 0..40 {
            sources.note(&config, came(SourceState::Status), &entropy, now());
            let (_, record) = sources.records().remove(0);
            pauses.push(record.next.duration_since(now()));
        }
        for (pause, most) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
            let most = minutes(most);
            assert!(
                *pause <= most && *pause >= most - most / 10,
                "{pause} {most}"
            );
        }
        let last = pauses.last().unwrap();
        assert!(*last <= minutes(60) && *last >= minutes(54), "{last}");
    }

    #[test]
    fn r90_a_file_that_cannot_be_used_is_glanced_at_and_read_again_less_and_less_often() {
        let (sources, entropy) = (Sources::default(), SeededEntropy::new(1));
        let config = SpConfig {
            is_watched: true,
            ..config()
        };
        let follow = |now| sources.follow(std::slice::from_ref(&config), None, now);
        follow(now());
        let second = SignedDuration::from_secs(1);
        // Seconds from one time that it is read to the next; in between it is the file of before.
        let read_from = |start: Timestamp, glances: usize| {
            let (mut pauses, mut read_at, mut at) = (Vec::new(), start, start);
            while pauses.len() < glances {
                at += second;
                for due in sources.due(at) {
                    if due.known == Known::default() {
                        sources.note(&config, came(SourceState::Unusable), &entropy, at);
                        pauses.push(at.duration_since(read_at).as_secs());
                        read_at = at;
                    } else {
                        sources.is_same(&due.name, at);
                    }
                    let (_, record) = sources.records().remove(0);
                    assert!(record.next <= at + GLANCE);
                    sources.is_asked_no_more(&due.name);
                }
            }
            (pauses, at)
        };
        let (pauses, end) = read_from(now(), 6);
        let most = [1, 60, 120, 240, 480, 960];
        for (pause, most) in pauses.iter().zip(most) {
            // A tenth less by chance, and up to a glance more.
            assert!(*pause >= most * 9 / 10 && *pause <= most + 5, "{pauses:?}");
        }
        // Another configuration may be able to use it.
        follow(end);
        let (pauses, end) = read_from(end, 1);
        assert!(pauses[0] <= 5, "{pauses:?}");
        // The clock went far back.
        let ahead = end + SignedDuration::from_hours(10 * 365 * 24);
        sources.note(&config, came(SourceState::Unusable), &entropy, ahead);
        assert_eq!(sources.due(now())[0].known, Known::default());
        sources.is_asked_no_more(&config.short_name);
        // One that counts is not read again.
        sources.note(&config, came(SourceState::Good), &entropy, now());
        let later = now() + SignedDuration::from_hours(7);
        assert_ne!(sources.due(later)[0].known, Known::default());
    }

    #[test]
    fn that_no_file_was_left_to_ask_with_is_told_of_us_and_not_of_the_source() {
        let fault = FetchFault::Http(HttpFault::no_file());
        assert_eq!(SourceState::from(&fault), SourceState::NoFile);
        assert!(!SourceState::NoFile.is_sound());
    }

    #[test]
    fn r90_a_clock_that_went_far_ahead_and_back_keeps_no_source_from_being_asked() {
        let (sources, entropy, config) = (Sources::default(), SeededEntropy::new(1), followed());
        sources.follow(std::slice::from_ref(&config), None, now());
        let ahead = now() + SignedDuration::from_hours(10 * 365 * 24);
        sources.note(&config, came(SourceState::Good), &entropy, ahead);
        assert_eq!(sources.due(now()).len(), 1);
        // The longest pause that may be configured is waited for.
        let mut weekly = config;
        weekly.followed.as_mut().unwrap().refresh = Some(minutes(7 * 24 * 60));
        sources.is_asked_no_more(&weekly.short_name);
        sources.note(&weekly, came(SourceState::Good), &entropy, now());
        assert!(sources.due(now()).is_empty());
    }

    #[test]
    fn who_is_being_asked_is_not_asked_once_more_however_long_the_answer_takes() {
        let (sources, entropy, config) = (Sources::default(), SeededEntropy::new(1), followed());
        let later = now() + SignedDuration::from_hours(24);
        sources.follow(std::slice::from_ref(&config), None, now());
        let [due] = &sources.due(now())[..] else {
            panic!("it was never asked");
        };
        assert!(sources.due(later).is_empty());
        // Also where it was given up, and where another configuration took over meanwhile.
        sources.note(&config, came(SourceState::TimeOut), &entropy, now());
        sources.follow(std::slice::from_ref(&config), None, now());
        assert!(sources.due(later).is_empty());
        sources.is_asked_no_more(&due.name);
        assert_eq!(sources.due(later).len(), 1);
    }

    #[test]
    fn an_end_that_comes_before_the_next_question_is_early_and_no_other_one_is() {
        let mut config = followed();
        let ends_in = |config: &SpConfig, minutes_left, cache_duration| {
            let text = with("", &["a"], &["one"]);
            let reading = read(text.as_bytes(), config, Schemes::HttpsOnly, now());
            let mut sp = reading.provider.unwrap().sp;
            sp.valid_until = Some(now() + minutes(minutes_left));
            sp.cache_duration = cache_duration;
            ends_early(config, &sp, now()).is_some()
        };
        assert!(ends_in(&config, 59, None) && !ends_in(&config, 60, None));
        config.followed.as_mut().unwrap().refresh = None;
        assert!(ends_in(&config, 359, None) && !ends_in(&config, 360, None));
        let cached = Some(minutes(30));
        assert!(ends_in(&config, 29, cached) && !ends_in(&config, 30, cached));
        // A file is looked at every few seconds.
        config.followed = None;
        assert!(!ends_in(&config, 1, None));
    }

    #[test]
    fn r91_what_is_held_stays_so_while_the_source_gives_nothing_and_another_address_is_another_source()
     {
        let (sources, entropy, config) = (Sources::default(), SeededEntropy::new(1), followed());
        sources.follow(std::slice::from_ref(&config), None, now());
        let told = |state| {
            let is_other = sources.note(&config, came(state), &entropy, now());
            let (_, record) = sources.records().remove(0);
            assert_eq!(record.state, state);
            (is_other, record.held.is_some())
        };
        assert_eq!(told(SourceState::Held), (true, true));
        assert_eq!(told(SourceState::Held), (false, true));
        // Another version is told, or nobody would hear that it is not the one that they looked at.
        let other = Came {
            known: Known {
                version: Some(Fingerprint::of(b"two")),
                ..Known::default()
            },
            ..came(SourceState::Held)
        };
        assert!(sources.note(&config, other, &entropy, now()));
        assert_eq!(sources.records()[0].1.held, Some(Fingerprint::of(b"two")));
        assert_eq!(told(SourceState::TimeOut), (true, true));
        assert_eq!(told(SourceState::Good), (true, false));
        // Known still after a reload, and not where it is another one, or none.
        sources.follow(std::slice::from_ref(&config), None, now());
        assert_eq!(sources.records()[0].1.state, SourceState::Good);
        let mut other = config.clone();
        other.followed.as_mut().unwrap().url = Url::parse("https://x.example/").unwrap();
        sources.follow(std::slice::from_ref(&other), None, now());
        assert_eq!(sources.records()[0].1.state, SourceState::Waiting);
        other.enabled = false;
        sources.follow(&[other], None, now());
        assert!(sources.records().is_empty());
    }
}
