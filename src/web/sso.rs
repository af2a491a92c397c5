//! `/saml/sso`: takes AuthnRequests by both bindings.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response as HttpResponse,
};

use super::{Front, reply, stops::HttpFault, visitor};
use crate::{flow::sso::Message, saml::binding::post::MAX_FORM_BYTES};

/// `GET /saml/sso`: HTTP-Redirect.
///
/// Hands over the raw query: a signature covers the bytes as they were sent.
pub(super) async fn redirect(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let visit = visitor::visit(&front, &request);
    let query = request.uri().query().unwrap_or_default();
    let end = front.bridge.begin(Message::Redirect(query), &visit).await;
    reply::to_step(&front, request.headers(), end)
}

/// `POST /saml/sso`: HTTP-POST, from another site as a rule. Parameters of the query do not count.
pub(super) async fn post(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let visit = visitor::visit(&front, &request);
    let (parts, body) = request.into_parts();
    if !reply::is_form(&parts.headers) {
        return reply::plain_stop(&front, &parts.headers, HttpFault::NotAForm);
    }
    let form = match front.bodies.read_text(body, MAX_FORM_BYTES).await {
        Ok(form) => form,
        Err(fault) => return reply::body_stop(&front, &parts.headers, fault),
    };
    let end = front.bridge.begin(Message::Post(&form), &visit).await;
    reply::to_step(&front, &parts.headers, end)
}
