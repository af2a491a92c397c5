//! `/healthz` and `/readyz`: for machines.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response as HttpResponse},
};
use serde_json::json;

use super::Front;
use crate::{
    authn::ServerRecord, metadata::registry::SpState, store::redis::clocks::ClockStanding,
};

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    "ok\n".into_response()
}

/// `GET /readyz`: whether this node can sign people in, and what has gone wrong without stopping
/// everybody. It cannot where the metadata of every provider that is switched on is broken, where a token that holds our
/// key signs for none of them, or where its clock is wrong.
pub(super) async fn ready(State(front): State<Arc<Front>>) -> HttpResponse {
    let bridge = &front.bridge;
    let (health, now) = (&bridge.health, bridge.clock.now());
    let cas = bridge.authenticator.cas.as_ref();
    let directory = bridge.directory.as_ref();
    let states: Vec<_> = bridge.registry.states(now).collect();
    let mut switched_on = { states.iter() }
        .filter(|(_, state)| *state != SpState::Disabled)
        .peekable();
    let (signed_for, unsigned) = (bridge.providers.len(), bridge.unsigned(now));
    let store = bridge.store.record();
    let clock = store.and_then(|store| store.clock);
    let reasons = [
        (
            "metadata",
            switched_on.peek().is_some() && switched_on.all(|(_, it)| *it == SpState::Broken),
        ),
        ("keys", unsigned != 0 && unsigned >= signed_for),
        (
            "clock",
            clock.is_some_and(|clock| clock.standing == ClockStanding::Wrong),
        ),
    ];
    let reasons: Vec<_> = { reasons.into_iter() }
        .filter_map(|(reason, is_so)| is_so.then_some(reason))
        .collect();
    let is_ready = reasons.is_empty();
    let shown_states: serde_json::Map<_, _> = states
        .iter()
        .map(|(name, state)| (name.to_string(), state.word().into()))
        .collect();
    let sources: serde_json::Map<_, _> = { bridge.sources.records().into_iter() }
        .map(|(name, record)| {
            let told = json!({ "state": record.state.word(), "held": record.held.is_some() });
            (name.to_string(), told)
        })
        .collect();
    let code = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Json(json!({
        "ready": is_ready,
        "not_ready_because_of": reasons,
        "cas_servers": cas.map(|cas| shown(&cas.records())),
        "directory_servers": directory.map(|directory| shown(&directory.records())),
        "service_providers": states.len(),
        "service_providers_not_signed_for": unsigned,
        "metadata": shown_states,
        "metadata_sources": sources,
        "log": health.log().map(|log| json!({ "fails": log.fails(), "lines_lost": log.lost() })),
        "state_folder_is_written": health.is_state_folder_written(),
        "clock": clock.map(|clock| json!({
            "state": clock.standing.word(),
            "ahead_seconds": clock.ahead.as_secs(),
        })),
        "store": store.map(|store| json!({
            "answers": store.answers,
            "is_full": store.is_full,
            "unanswered": store.unanswered,
            "refused": store.refused,
        })),
        "requests_answered_without_replay_mark": health.replay_unguarded(),
        "cas_tickets_asked_about_without_mark": health.tickets_unmarked(),
        "sessions_not_kept_or_found": health.sessions_unkept(),
    }));
    (code, body).into_response()
}

/// What came of each server of a list, in the order of the configuration. Everybody may ask: no name
/// of a machine is told.
fn shown(records: &[ServerRecord]) -> Vec<serde_json::Value> {
    let shown = records.iter().map(|record| {
        json!({
            "answered": record.answered,
            "failed": record.faults(),
            "resting": record.is_resting,
        })
    });
    shown.collect()
}
