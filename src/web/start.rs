//! `/start/<short name>`: our own page for a provider, from which people go to it without a request of
//! its, where the administrator allows that. Where it is not allowed, nothing is here.
//!
//! The form has no key of its own: a journey begins with it, and belongs to no browser yet. What is
//! proven is that somebody pressed the button on our page.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::Uri,
    response::Response as HttpResponse,
};

use super::{Front, cas::parameter, journey, reply, stops::HttpFault, visitor};
use crate::{edge::location::RELAY_STATE, model::short_name::ShortName};

/// A `RelayState` of the greatest length, percent-encoded, and the language.
const MAX_QUERY_BYTES: usize = 4 * 1024;

/// `GET /start/…`: shows the page. Begins nothing.
pub(super) async fn show(
    State(front): State<Arc<Front>>,
    sp: Result<Path<String>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let headers = request.headers();
    let Some(sp) = offered(&front, sp) else {
        return reply::plain_stop(&front, headers, HttpFault::NotFound);
    };
    match named(request.uri()) {
        Ok(named) => {
            let end = front.bridge.ask_start(&sp, named.as_deref());
            reply::to_start(&front, headers, visitor::chosen_language(&request), end)
        }
        Err(fault) => reply::plain_stop(&front, headers, fault),
    }
}

/// `POST /start/…`: takes the click on that page, at the same address.
pub(super) async fn begin(
    State(front): State<Arc<Front>>,
    sp: Result<Path<String>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let headers = request.headers();
    let Some(sp) = offered(&front, sp) else {
        return reply::plain_stop(&front, headers, HttpFault::NotFound);
    };
    if !journey::is_ours(&front, headers) {
        return reply::plain_stop(&front, headers, HttpFault::ForgedForm);
    }
    match named(request.uri()) {
        Ok(named) => {
            let visit = visitor::visit(&front, &request);
            let end = front.bridge.start(&sp, named.as_deref(), &visit).await;
            reply::to_step(&front, headers, end)
        }
        Err(fault) => reply::plain_stop(&front, headers, fault),
    }
}

fn offered(front: &Front, sp: Result<Path<String>, PathRejection>) -> Option<ShortName> {
    let Ok(Path(sp)) = sp else {
        return None;
    };
    front.bridge.starts_here(&sp)
}

/// The `RelayState` that an address names; none where no parameter bears its name, in whatever spelling.
fn named(address: &Uri) -> Result<Option<String>, HttpFault> {
    let query = address.query().unwrap_or_default();
    if query.len() > MAX_QUERY_BYTES {
        return Err(HttpFault::QueryTooLong);
    }
    parameter(query, RELAY_STATE).map_err(|_not_one| HttpFault::ForgedAddress)
}
