//! What the pages are made of besides themselves.

use axum::{
    http::header,
    response::{IntoResponse, Response as HttpResponse},
};

use crate::edge::page::Pages;

/// An hour: a new version is seen soon, and a sign-in needs one request less.
const CACHE: &str = "public, max-age=3600";

/// `GET /assets/style.css`.
pub(super) async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", Pages::style())
}

/// `GET /assets/icon.svg`.
pub(super) async fn icon() -> HttpResponse {
    asset("image/svg+xml", Pages::icon())
}

fn asset(kind: &'static str, content: &'static str) -> HttpResponse {
    (
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHE)],
        content,
    )
        .into_response()
}
