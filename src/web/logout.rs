//! `/logout`, and a plain visit to `/saml/slo`: the end of our own session.
//!
//! What a provider sends to `/saml/slo` is not taken yet: it is told so on a page, and nothing of it is read.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response as HttpResponse,
};

use super::{
    Front,
    cas::{parameter, query_of},
    journey, reply,
    stops::HttpFault,
    visitor,
};
use crate::{flow::logout::Farewell, sys::secret::Secret};

const MAX_FORM_BYTES: usize = 1024;

/// `GET`: asks whether the session shall end. Ends nothing.
pub(super) async fn ask(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let visit = visitor::visit(&front, &request);
    let chosen = visitor::chosen_language(&request);
    let end = front.bridge.ask_logout(&visit).await;
    reply::to_farewell(&front, request.headers(), chosen, end)
}

/// `GET /saml/slo`: a plain visit asks, as `/logout` does.
pub(super) async fn visit_slo(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let query = query_of(request.uri());
    let is_plain = ["SAMLRequest", "SAMLResponse"]
        .iter()
        .all(|name| matches!(parameter(query, name), Ok(None)));
    if is_plain {
        ask(State(front), request).await
    } else {
        not_taken(State(front), request).await
    }
}

/// `POST /saml/slo`, and a `GET` with a message.
pub(super) async fn not_taken(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    reply::plain_stop(&front, request.headers(), HttpFault::LogoutNotTaken)
}

/// `POST`: ends the session, after one click on our own page.
pub(super) async fn end(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    let visit = visitor::visit(&front, &request);
    let (parts, body) = request.into_parts();
    if !journey::is_ours(&front, &parts.headers) {
        return reply::plain_stop(&front, &parts.headers, HttpFault::ForgedForm);
    }
    let form = match front.bodies.read_text(body, MAX_FORM_BYTES).await {
        Ok(form) => Secret::from(form),
        Err(fault) => return reply::body_stop(&front, &parts.headers, fault),
    };
    let form_key = journey::field(&form, "csrf").unwrap_or_default();
    let end = front.bridge.log_out(&form_key, &visit).await;
    let is_nothing = matches!(end, Ok(Farewell::Nothing));
    let mut response = reply::to_farewell(&front, &parts.headers, None, end);
    if is_nothing {
        // Of two cookies neither was believed, and the one of a session would go on to be used.
        reply::forget_session(&mut response);
    }
    response
}
