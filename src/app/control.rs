//! What the running server says to commands.

use std::collections::BTreeMap;

use tokio::runtime::Handle;

use super::{
    follow::Decision,
    live::{Live, Taken},
    rollover,
};
use crate::{
    config::fault::ConfigFault,
    control::{Answers, Reload, Source, Status},
    metadata::sources::SourceRecord,
    model::{
        fingerprint::Fingerprint,
        oversight::{Overview, Revoked, Which},
        short_name::ShortName,
        story::StoryStep,
        support_code::SupportCode,
    },
    store::redis::clocks::ClockStanding,
    sys::losses::Losses,
};

/// The most sessions of one answer, and the most bytes that they take in it: one may have many providers.
const MOST_SESSIONS: usize = 1_000;
const MAX_SESSIONS_BYTES: usize = 3 * 1024 * 1024;

impl Answers for Live {
    fn decide(
        &self,
        provider: &ShortName,
        version: Fingerprint,
        is_accepted: bool,
        asked_by: &str,
    ) -> Option<String> {
        let decision = if is_accepted {
            Decision::Accept
        } else {
            Decision::Refuse
        };
        let decided = self.decide(provider, version, decision, asked_by);
        decided.err().map(|fault| fault.to_string())
    }

    fn reload(&self, asked_by: &str) -> Reload {
        let (is_taken, faults, taken) = match self.reload(asked_by) {
            Ok(taken) => (true, told(&taken.faults_of_providers), taken),
            Err(faults) => (false, told(&faults), Taken::default()),
        };
        Reload {
            is_taken,
            faults,
            needs_restart: told(&taken.needs_restart),
            warnings: told(&taken.warnings),
        }
    }

    fn revoke(&self, which: &Which, asked_by: &str) -> Revoked {
        let current = self.current();
        let revoking = current.front.bridge.revoke(which, asked_by);
        Handle::current().block_on(revoking)
    }

    fn sessions(&self, which: &Which, most: u32, asked_by: &str) -> Result<Overview, String> {
        let current = self.current();
        let most = usize::try_from(most).unwrap_or(MOST_SESSIONS);
        let overview = { &current.front.bridge }.oversee(which, most.min(MOST_SESSIONS), asked_by);
        let mut overview =
            { Handle::current().block_on(overview) }.map_err(|fault| fault.to_string())?;
        let mut bytes = 0_usize;
        overview.sessions.retain(|session| {
            let length = serde_json::to_vec(session).map_or(MAX_SESSIONS_BYTES, |json| json.len());
            bytes = bytes.saturating_add(length);
            bytes <= MAX_SESSIONS_BYTES
        });
        Ok(overview)
    }

    fn story(&self, code: SupportCode, asked_by: &str) -> Result<Vec<StoryStep>, String> {
        let current = self.current();
        let story = current.front.bridge.story(code, asked_by);
        Handle::current()
            .block_on(story)
            .map_err(|fault| fault.to_string())
    }

    fn status(&self) -> Status {
        let current = self.current();
        let bridge = &current.front.bridge;
        let (now, health) = (bridge.clock.now(), &bridge.health);
        let connections = &current.front.connections;
        let store = bridge.store.record();
        let clock = store.and_then(|store| store.clock);
        let states = bridge.registry.states(now);
        let counts = [
            ("connections_closed_for_others", connections.closed()),
            ("connections_refused", connections.refused()),
            ("requests_without_replay_mark", health.replay_unguarded()),
            ("cas_tickets_without_mark", health.tickets_unmarked()),
            ("sessions_unkept", health.sessions_unkept()),
            ("log_lines_lost", health.log().map_or(0, Losses::lost)),
            (
                "state_folder_not_written",
                (health.is_state_folder_written() == Some(false)).into(),
            ),
            ("story_steps_dropped", bridge.stories.dropped()),
            (
                "store_does_not_answer",
                store.is_some_and(|store| !store.answers).into(),
            ),
            ("store_is_full", store.is_some_and(|it| it.is_full).into()),
            ("store_unanswered", store.map_or(0, |it| it.unanswered)),
            ("store_values_refused", store.map_or(0, |it| it.refused)),
            (
                "clock_is_wrong",
                clock
                    .is_some_and(|it| it.standing == ClockStanding::Wrong)
                    .into(),
            ),
            (
                "clock_seconds_off",
                clock.map_or(0, |it| it.ahead.as_secs().unsigned_abs()),
            ),
        ];
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // Whoever asks may be in another folder.
            configuration: std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone()),
            running_since: self.begun_at,
            loaded_at: current.since,
            certificates: { current.basis.published() }
                .map(|key| key.certificate().sha256().to_owned())
                .collect(),
            signed_with: rollover::signed_with(bridge, &current.basis, now),
            seal_keys: { bridge.seal.uses(now) }
                .map(|(id, does)| (id.to_string(), does.word().to_owned()))
                .collect(),
            store: store.map(|store| {
                let how = match (store.answers, store.is_full) {
                    (false, _) => "does not answer",
                    (true, true) => "is full",
                    (true, false) => Status::STORE_ANSWERS,
                };
                how.to_owned()
            }),
            providers: states
                .map(|(name, state)| (name.to_string(), state.word().to_owned()))
                .collect(),
            sources: { bridge.sources.records().into_iter() }
                .map(|(name, record)| (name.to_string(), source(&record)))
                .collect(),
            counts: BTreeMap::from(counts.map(|(name, count)| (name.to_owned(), count))),
            duties: current.duties(now),
        }
    }
}

fn source(record: &SourceRecord) -> Source {
    Source {
        state: record.state.word().to_owned(),
        since: record.since,
        is_held: record.held.is_some(),
        confirmed_at: record.confirmed_at,
        next: record.next,
    }
}

fn told(faults: &[ConfigFault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}
