//! `/saml/metadata`: our own metadata.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response as HttpResponse},
};

use super::Front;

/// `GET /saml/metadata`.
pub(super) async fn show(State(front): State<Arc<Front>>) -> HttpResponse {
    let kind = "application/samlmetadata+xml";
    ([(header::CONTENT_TYPE, kind)], front.metadata.clone()).into_response()
}
