//! `/`: what this address is, and the way to each service.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response as HttpResponse,
};

use super::{Front, reply, visitor};

/// `GET /`.
pub(super) async fn show(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let chosen = visitor::chosen_language(&request);
    reply::home(&front, request.headers(), chosen)
}
