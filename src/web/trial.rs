//! `/test`: where a sign-in is tried, and nothing is sent. Where `[test]` is not configured, nothing is
//! here: the routes are not made.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response as HttpResponse,
};

use super::{Front, journey, reply, stops::HttpFault, visitor};
use crate::model::short_name::ShortName;

/// `GET /test`: the providers, each with a button. Begins nothing.
pub(super) async fn show(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let chosen = visitor::chosen_language(&request);
    reply::trials(&front, request.headers(), chosen)
}

/// `POST /test/…`: takes the click on one of them. As on the page of `/start/…`, the form has no key of its
/// own: what is proven is that somebody pressed the button on our page.
pub(super) async fn begin(
    State(front): State<Arc<Front>>,
    sp: Result<Path<String>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let headers = request.headers();
    let name = sp.map(|Path(sp)| ShortName::parse(&sp));
    let Ok(Ok(sp)) = name else {
        return reply::plain_stop(&front, headers, HttpFault::NotFound);
    };
    if !journey::is_ours(&front, headers) {
        return reply::plain_stop(&front, headers, HttpFault::ForgedForm);
    }
    let visit = visitor::visit(&front, &request);
    let end = front.bridge.begin_trial(&sp, &visit).await;
    reply::to_step(&front, headers, end)
}
