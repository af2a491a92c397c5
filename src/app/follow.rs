//! Follows the metadata of providers that are registered by an address, or whose file lies in the folder that is
//! watched.
//!
//! Each source is asked by itself when its time has come. Another version of a provider's metadata is kept and
//! takes the place of the one that counts, in one step and with nothing else changed; one that somebody has to
//! look at first is held; one that cannot be used changes nothing.

use std::{io, sync::Arc};

use jiff::Timestamp;
use tokio::{
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
    time::{Duration, MissedTickBehavior, interval, timeout},
};

use super::{
    live::{Live, Snapshot, answered},
    look::{self, Look},
    typed::{from_anywhere, typed},
};
use crate::{
    audit::{Event, TakenMetadata},
    config::{
        followed::{Followed, USUAL_MIB},
        sp::SpConfig,
    },
    metadata::{
        held::HeldVersions,
        intake::{self, There, Verdict},
        last_good::LastGood,
        registry::SpState,
        source::read_version,
        sources::{self, Came, Known, SourceState, Sources},
    },
    model::{endpoint::Schemes, fingerprint::Fingerprint, short_name::ShortName},
    sys::{
        fetch::{Allowed, FetchFault, Fetched, Fetcher, PATIENCE, read_unless},
        http::Validators,
    },
    web::Front,
    xml::Limits,
};

/// How often it is looked whether a source's time has come.
const TICK: Duration = Duration::from_secs(1);
/// How many sources are asked at one time: each answer is held in memory as a whole.
const MOST_AT_ONCE: usize = 8;
/// How many of those besides whose metadata may be larger than is usual, such as a federation's.
const LARGE_AT_ONCE: usize = 1;

/// Asks each source when its time has come, until the process ends. One that does not answer keeps no other one
/// waiting.
pub async fn follow(live: Arc<Live>) {
    let mut questions = Questions::default();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        questions.ask_due(&live);
        while questions.under_way.try_join_next().is_some() {}
    }
}

/// Asks all sources whose time has come, and waits for all answers. What one of them answers counts before the others
/// have answered.
pub async fn refresh(live: &Arc<Live>) {
    let mut questions = Questions::default();
    questions.ask_due(live);
    while questions.under_way.join_next().await.is_some() {}
}

/// The questions that are under way.
struct Questions {
    places: Arc<Semaphore>,
    large: Arc<Semaphore>,
    under_way: JoinSet<()>,
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            under_way: JoinSet::new(),
        }
    }
}

impl Questions {
    /// Asks whose time has come and who is not being asked already.
    fn ask_due(&mut self, live: &Arc<Live>) {
        let current = live.current();
        for due in current.lasting.sources.due(current.lasting.clock.now()) {
            let (live, current) = (Arc::clone(live), Arc::clone(&current));
            let (places, large) = (Arc::clone(&self.places), Arc::clone(&self.large));
            let asking = Arc::new(Asking {
                sources: Arc::clone(&current.lasting.sources),
                name: due.name,
            });
            self.under_way.spawn(async move {
                let Some(config) = config(&current, &asking.name) else {
                    return;
                };
                let mib = config.metadata_max_mib;
                let places = if mib > USUAL_MIB { large } else { places };
                let _place = places.acquire_owned().await;
                let asked_for = (mib, current.basis.config.schemes);
                let answer = if let Some(followed) = &config.followed {
                    ask(followed, &due.known.validators, asked_for).await
                } else {
                    let (path, known) = (config.metadata_path.clone(), due.known.clone());
                    let asking = Arc::clone(&asking);
                    let read = move || {
                        // As long as a file system hangs, nobody else is sent to wait for it.
                        let _asking = asking;
                        read_unless(&path, &known.validators, Limits::metadata_of(mib).bytes)
                    };
                    read_within(patience(mib), read).await
                };
                let asked_of = config.clone();
                let _ = spawn_blocking(move || live.receive(&asked_of, &due.known, answer)).await;
            });
        }
    }
}

/// A source that is being asked: it is not asked once more before this is gone, wherever it waits.
struct Asking {
    sources: Arc<Sources>,
    name: ShortName,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.sources.is_asked_no_more(&self.name);
    }
}

/// What `read` gives, on a thread of its own. A file system that hangs keeps that thread, and nobody else.
async fn read_within(
    patience: Duration,
    read: impl FnOnce() -> Result<Fetched, FetchFault> + Send + 'static,
) -> Result<Fetched, FetchFault> {
    match timeout(patience, spawn_blocking(read)).await {
        Ok(Ok(answer)) => answer,
        // The log has been told of a fault of ours.
        Ok(Err(fault)) => Err(FetchFault::File(io::Error::other(fault))),
        Err(_elapsed) => Err(FetchFault::TimeOut),
    }
}

/// How long it may take to get metadata of up to `mib` mebibytes: a second longer for each that is more than usual.
pub fn patience(mib: u8) -> Duration {
    PATIENCE + Duration::from_secs(u64::from(mib.saturating_sub(USUAL_MIB)))
}

async fn ask(
    followed: &Followed,
    known: &Validators,
    (mib, schemes): (u8, Schemes),
) -> Result<Fetched, FetchFault> {
    let fetcher = Fetcher {
        authorities: followed.authorities.clone(),
        allowed: Allowed {
            lab: schemes == Schemes::Lab,
            private: followed.allows_private,
        },
        patience: patience(mib),
    };
    fetcher
        .fetch_unless(&followed.url, known, Limits::metadata_of(mib).bytes)
        .await
}

fn config<'s>(current: &'s Snapshot, name: &ShortName) -> Option<&'s SpConfig> {
    let mut providers = current.basis.config.service_providers.iter();
    providers.find(|config| config.short_name == *name)
}

/// What the administrator may decide of a version that is held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// It counts.
    Accept,
    /// It does not, and is not brought up again.
    Refuse,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecisionFault {
    /// What was decided cannot be noted.
    #[error("it cannot be written")]
    Io(#[from] io::Error),
    /// No version of this provider waits.
    #[error("no version of its metadata is held")]
    NothingHeld,
    /// Another version waits than the one that somebody decided on: the source may have given it since they
    /// looked.
    #[error("another version is held by now (SHA-256 {0}): nothing was changed; look at it first")]
    OtherHeld(Fingerprint),
    /// The version cannot be used any more.
    #[error("the version that is held cannot be used ({}): nothing was changed", .0.word())]
    Unusable(SourceState),
}

/// The version of `name` that waits, where it is the one that somebody looked at.
pub(super) fn looked_at(
    held: &HeldVersions,
    name: &ShortName,
    version: Fingerprint,
) -> Result<Vec<u8>, DecisionFault> {
    let bytes = held.waiting(name).ok_or(DecisionFault::NothingHeld)?;
    match Fingerprint::of(&bytes) {
        waits if waits == version => Ok(bytes),
        other => Err(DecisionFault::OtherHeld(other)),
    }
}

/// Forgets what waited, once another version counts. That version counts whatever becomes of this: nobody is told that
/// nothing has changed.
fn forget(held: &HeldVersions, name: &ShortName) {
    if let Err(error) = held.forget(name) {
        tracing::error!(
            sp.short_name = %name,
            error.cause = %error,
            "a version of metadata counts, and what was held before it cannot be removed"
        );
    }
}

/// One provider that is followed, as it stands while it is somebody's turn.
struct Turn<'l> {
    live: &'l Live,
    current: Arc<Snapshot>,
    copies: LastGood,
    held: HeldVersions,
}

impl Live {
    fn turn(&self) -> Option<Turn<'_>> {
        let current = self.current();
        let named = current.basis.config.named();
        let registry = Arc::clone(&current.front.bridge.registry);
        Some(Turn {
            live: self,
            copies: look::last_good(named)?.beside(Some(registry)),
            held: look::held(named)?,
            current,
        })
    }

    /// Takes in what the source of a provider answered; `known` is what it was asked with.
    fn receive(&self, asked_of: &SpConfig, known: &Known, answer: Result<Fetched, FetchFault>) {
        let name = &asked_of.short_name;
        let _one_at_a_time = self.one_at_a_time();
        let Some(turn) = self.turn() else {
            return;
        };
        // The configuration may be another one by now, and whom it names as the source another one as well.
        let place = |config: &SpConfig| (config.followed.clone(), config.metadata_path.clone());
        let is_same = |config: &&SpConfig| place(config) == place(asked_of);
        let Some(config) = config(&turn.current, name).filter(is_same) else {
            return;
        };
        let sources = &turn.current.lasting.sources;
        if config.is_watched && matches!(answer, Ok(Fetched::Known)) && turn.is_settled(name) {
            return turn.current.lasting.sources.is_same(name, turn.now());
        }
        let given = match answer {
            Err(fault) => Err(SourceState::from(&fault)),
            Ok(Fetched::New {
                bytes,
                validators,
                written_at,
            }) => Ok((bytes, validators, written_at)),
            // Where somebody removed it, it is asked for without a condition the next time.
            Ok(Fetched::Known) => { turn.given(name, known.version) }
                .map(|bytes| (bytes, known.validators.clone(), None))
                .ok_or(SourceState::Waiting),
        };
        let (state, known) = match given {
            Err(state) => (state, Known::default()),
            Ok((bytes, validators, written_at)) => {
                let version = Some(Fingerprint::of(&bytes));
                let given_at = written_at.unwrap_or_else(|| turn.now());
                let taken = turn.take_in(config, (&bytes, given_at));
                let (state, validators) = match taken {
                    Ok(state) => (state, validators),
                    // It is asked for without a condition the next time.
                    Err(error) => {
                        // Said once: a file is looked at every few seconds.
                        if sources.state(name) != Some(SourceState::Held) {
                            tracing::error!(
                                sp.short_name = %name,
                                error.cause = %error,
                                "what becomes of a version of metadata cannot be noted"
                            );
                        }
                        (SourceState::Held, Validators::default())
                    }
                };
                let known = Known {
                    validators,
                    version,
                };
                (state, known)
            }
        };
        turn.note(config, state, known);
    }

    /// Carries out what the administrator decided of the version of a provider that is held.
    ///
    /// # Errors
    ///
    /// None is, or another one, or it cannot be used, or not be noted. Nothing has changed then.
    pub fn decide(
        &self,
        name: &ShortName,
        version: Fingerprint,
        decision: Decision,
        asked_by: &str,
    ) -> Result<(), DecisionFault> {
        let _one_at_a_time = self.one_at_a_time();
        let turn = self.turn().ok_or(DecisionFault::NothingHeld)?;
        let config = config(&turn.current, name).ok_or(DecisionFault::NothingHeld)?;
        let bytes = looked_at(&turn.held, name, version)?;
        let state = match decision {
            Decision::Accept => {
                turn.accept(config, &bytes, asked_by)?;
                forget(&turn.held, name);
                SourceState::Good
            }
            Decision::Refuse => {
                turn.held.refuse(name)?;
                SourceState::Refused
            }
        };
        turn.current.lasting.sources.decide(name, state, turn.now());
        tracing::info!(
            sp.short_name = %name,
            source.state = state.word(),
            version.sha256 = %version,
            asked.by = asked_by,
            "a version of metadata that was held was decided on"
        );
        Ok(())
    }
}

impl Turn<'_> {
    fn now(&self) -> Timestamp {
        self.current.lasting.clock.now()
    }

    /// Whether nothing is to be done about the version that a source gave last. What is held and is not there any more is
    /// read once more, or nobody could decide on it; and so is what was refused, where somebody took that back.
    fn is_settled(&self, name: &ShortName) -> bool {
        let state = self.current.lasting.sources.state(name);
        if state == Some(SourceState::Held) {
            self.held.is_waiting(name)
        } else if state == Some(SourceState::Refused) {
            self.held.is_refused(name)
        } else {
            true
        }
    }

    /// The version that a source gave last, and says to be the present one still. What is at hand may be another one:
    /// files come and go.
    fn given(&self, name: &ShortName, version: Option<Fingerprint>) -> Option<Vec<u8>> {
        let counting = || self.copies.counting(name).ok().flatten();
        let is_given = |bytes: &Vec<u8>| Some(Fingerprint::of(bytes)) == version;
        { self.held.waiting(name).filter(is_given) }
            .or_else(|| self.held.refused(name).filter(is_given))
            .or_else(|| counting().filter(is_given))
    }

    /// Has a version count that somebody looked at, if it can be used as it stands now, and kept: without its copy
    /// the next start would go by the one before it.
    fn accept(&self, config: &SpConfig, bytes: &[u8], asked_by: &str) -> Result<(), DecisionFault> {
        let schemes = self.current.basis.config.schemes;
        let verdict = intake::judge(bytes, config, schemes, There::default(), self.now());
        if let Verdict::Unusable(state) = verdict {
            return Err(DecisionFault::Unusable(state));
        }
        let ready = { self.ready(config, (bytes, self.now())) }.map_err(DecisionFault::Unusable)?;
        let before = self.copies.counting(&config.short_name).ok().flatten();
        self.copies.take(&config.short_name, bytes, self.now())?;
        let versions = (before.as_deref(), bytes);
        self.put(config, versions, ready, asked_by);
        Ok(())
    }

    /// Judges a version that was given at some time, and has it count or be held; a fault where that cannot be noted.
    fn take_in(
        &self,
        config: &SpConfig,
        (bytes, given_at): (&[u8], Timestamp),
    ) -> io::Result<SourceState> {
        let name = &config.short_name;
        let refused = self.held.refused(name);
        let schemes = self.current.basis.config.schemes;
        let counting = self.copies.counting(name);
        let there = There::of(&counting, refused.as_deref());
        match intake::judge(bytes, config, schemes, there, self.now()) {
            Verdict::Known | Verdict::New => match self.ready(config, (bytes, given_at)) {
                Ok(ready) => {
                    if let Err(error) = self.copies.take(name, bytes, self.now()) {
                        // It counts all the same, until the process ends.
                        tracing::error!(
                            sp.short_name = %name,
                            error.cause = %error,
                            "no copy of the metadata of a provider could be kept"
                        );
                    }
                    let before = there.counting();
                    self.put(config, (before, bytes), ready, "source");
                    forget(&self.held, name);
                    Ok(SourceState::Good)
                }
                Err(state) => Ok(state),
            },
            Verdict::Held => { self.held.hold(name, bytes) }.map(|()| SourceState::Held),
            Verdict::Refused => {
                if let Err(error) = self.held.keep_refused(name, bytes) {
                    // It does not count all the same; its source is asked for all of it once more.
                    tracing::error!(
                        sp.short_name = %name,
                        error.cause = %error,
                        "a version of metadata that was refused cannot be kept as its source writes it now"
                    );
                }
                Ok(SourceState::Refused)
            }
            Verdict::Unusable(state) => Ok(state),
        }
    }

    /// Sees what would be served with a version, and changes nothing.
    fn ready(
        &self,
        config: &SpConfig,
        (bytes, given_at): (&[u8], Timestamp),
    ) -> Result<Front, SourceState> {
        let (now, basis) = (self.now(), &self.current.basis);
        let front = &self.current.front;
        let (named, keys) = (basis.config.named(), &basis.keys);
        let version = (bytes.to_vec(), given_at);
        let version = read_version(version, config, keys, named.schemes, now);
        let registry = front
            .bridge
            .registry
            .with(version.ok_or(SourceState::Unfit)?);
        let is_broken = |name: &ShortName| {
            let mut states = registry.states(now);
            states.any(|(of, state)| of == name && state == SpState::Broken)
        };
        let mut answered = answered(&front.bridge.registry, now);
        if is_broken(&config.short_name) || answered.any(is_broken) {
            return Err(SourceState::Unfit);
        }
        let mut providers = front.bridge.providers.clone();
        let mut look = Look::at(named, &self.live.path);
        let provider = { registry.registered(&config.short_name) }
            .and_then(|it| look.of_version(it, (keys, basis.next.as_ref()), &front.bridge.mapping));
        providers.insert(
            config.short_name.clone(),
            provider.ok_or(SourceState::Unfit)?,
        );
        let mut changed = (**front).clone();
        changed.bridge.registry = Arc::new(registry);
        changed.bridge.providers = providers;
        let strange = self.live.strange_keys(front, &changed, now);
        for fault in &strange {
            tracing::error!(config.fault = %fault, "a version of metadata was not taken");
        }
        if !strange.is_empty() {
            return Err(SourceState::Unfit);
        }
        Ok(changed)
    }

    /// Has a version count, that is [ready](Self::ready); the one before it is there where it can be read.
    fn put(
        &self,
        config: &SpConfig,
        (before, bytes): (Option<&[u8]>, &[u8]),
        front: Front,
        asked_by: &str,
    ) {
        let taken = front.bridge.registry.registered(&config.short_name);
        if let Some(end) =
            taken.and_then(|taken| sources::ends_early(config, &taken.sp, self.now()))
            && before != Some(bytes)
        {
            tracing::warn!(
                sp.short_name = %config.short_name,
                metadata.valid_until = %end,
                "this version of metadata ends before its source is asked again as a rule: it is asked sooner, and \
                 nobody signs in to the provider after that if it gives no other one"
            );
        }
        self.live.put(self.current.with(front));
        self.audit(config, before, bytes, asked_by);
    }

    /// Tells the audit of a version that counts, where another one counted before.
    fn audit(&self, config: &SpConfig, before: Option<&[u8]>, bytes: &[u8], asked_by: &str) {
        if before == Some(bytes) {
            return;
        }
        let schemes = self.current.basis.config.schemes;
        let changes = intake::told_changes(bytes, before, config, schemes, self.now());
        Event::MetadataTaken(TakenMetadata {
            sp: &config.short_name,
            before: before.map(Fingerprint::of),
            after: Fingerprint::of(bytes),
            changes: &changes,
            asked_by,
        })
        .write();
    }

    /// Notes what came, and tells the log where it is something else than before.
    fn note(&self, config: &SpConfig, state: SourceState, known: Known) {
        let (lasting, now) = (&self.current.lasting, self.now());
        let current = self.live.current();
        let registry = &current.front.bridge.registry;
        let registered = registry.registered(&config.short_name);
        let version = known.version;
        let came = Came {
            state,
            known,
            sp: registered.map(|registered| &registered.sp),
        };
        if !lasting.sources.note(config, came, &*lasting.entropy, now) {
            return;
        }
        let (name, word) = (&config.short_name, state.word());
        let sha256 = version.map(String::from);
        if state == SourceState::Held {
            let command = format!("`passerelle sp diff {name} --held`");
            let command = typed(&command, &from_anywhere(&self.live.path));
            tracing::error!(
                sp.short_name = %name,
                source.state = word,
                version.sha256 = sha256,
                "a version of metadata is held: look at it with {command}"
            );
        } else if state.is_sound() {
            tracing::info!(
                sp.short_name = %name,
                source.state = word,
                version.sha256 = sha256,
                "metadata is followed"
            );
        } else {
            tracing::warn!(
                sp.short_name = %name,
                source.state = word,
                version.sha256 = sha256,
                "a source of metadata gives nothing that can be taken: what was taken before goes on"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_file_system_that_hangs_keeps_a_thread_and_nobody_who_waits_for_it() {
        let (goes_on, hangs) = mpsc::channel::<()>();
        let read = move || {
            let _ = hangs.recv();
            Ok(Fetched::Known)
        };
        let answer = read_within(Duration::from_millis(10), read).await;
        assert!(matches!(answer, Err(FetchFault::TimeOut)), "{answer:?}");
        drop(goes_on);
        let answer = read_within(PATIENCE, || Ok(Fetched::Known)).await;
        assert!(matches!(answer, Ok(Fetched::Known)), "{answer:?}");
    }
}
