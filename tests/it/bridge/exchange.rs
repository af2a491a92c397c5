//! A request of a browser's, and the reading of what comes.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, Response, header, request, response::Parts},
};
use url::Url;

use super::{ORIGIN, ZOOM_SIGN_IN};
use crate::lab::cookies::Standing;

/// What a form is sent as.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// The longest body that is read.
const LONGEST_BODY: usize = 1 << 20;

/// What caused a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cause {
    /// A page of another site.
    Elsewhere,
    /// A page of ours.
    Ours,
    /// The person typed the address, or loads the page anew.
    Typed,
}

impl Cause {
    /// How a request stands to the page that caused it, for cookies and in the browser's own words.
    pub(crate) const fn stands(self, is_post: bool) -> (Standing, &'static str) {
        match (self, is_post) {
            (Self::Typed, _) => (Standing::SameSite, "none"),
            (Self::Ours, _) => (Standing::SameSite, "same-origin"),
            (Self::Elsewhere, false) => (Standing::CrossSiteSafe, "cross-site"),
            (Self::Elsewhere, true) => (Standing::CrossSiteUnsafe, "cross-site"),
        }
    }
}

/// Completes a request by what caused it, with its cookies and the form that it brings.
pub(crate) fn caused(
    mut request: request::Builder,
    cause: Cause,
    cookies: Option<String>,
    form: Option<&str>,
) -> Request<Body> {
    let (_, site) = cause.stands(form.is_some());
    request = request.header("sec-fetch-site", site);
    if let Some(cookies) = cookies {
        request = request.header(header::COOKIE, cookies);
    }
    let Some(form) = form else {
        return request.body(Body::empty()).unwrap();
    };
    let zoom = Url::parse(ZOOM_SIGN_IN).unwrap();
    let origin = match cause {
        Cause::Elsewhere => zoom.origin().ascii_serialization(),
        Cause::Ours | Cause::Typed => ORIGIN.to_owned(),
    };
    request
        .method(Method::POST)
        .header(header::ORIGIN, origin)
        .header(header::CONTENT_TYPE, FORM)
        .body(Body::from(form.to_owned()))
        .unwrap()
}

/// Reads a response to its end.
pub(crate) async fn read(response: Response<Body>) -> (Parts, String) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_BODY).await.unwrap();
    (parts, String::from_utf8(body.into()).unwrap())
}
