//! `/healthz` and `/readyz`: for machines.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response as HttpResponse},
};
use serde_json::json;

use super::Front;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    "ok\n".into_response()
}

/// `GET /readyz`: this node can sign people in, and what has gone wrong without stopping anybody.
pub(super) async fn ready(State(front): State<Arc<Front>>) -> HttpResponse {
    let health = &front.bridge.health;
    Json(json!({
        "ready": true,
        "service_providers": front.bridge.providers.len(),
        "requests_answered_without_replay_mark": health.replay_unguarded(),
        "sessions_not_kept_or_found": health.sessions_unkept(),
    }))
    .into_response()
}
