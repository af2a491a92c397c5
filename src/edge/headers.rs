//! The headers that protect, on every response whatever its route and status.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response as HttpResponse,
};

/// What a page's own policy is, where it differs from the strictest.
#[derive(Clone, Debug)]
pub enum PagePolicy {
    /// A page without script, whose forms go to us.
    Plain,
    /// The page that posts the answer: one script by nonce, and no `form-action`, since Chromium
    /// applies it to the redirect that the provider answers with (measured).
    Post {
        /// The nonce of the script, fresh for each response.
        nonce: String,
    },
}

impl PagePolicy {
    /// The `Content-Security-Policy`.
    pub fn header(&self) -> Option<HeaderValue> {
        let common =
            "style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";
        match self {
            Self::Plain => {
                HeaderValue::try_from(format!("default-src 'none'; form-action 'self'; {common}"))
            }
            Self::Post { nonce } => HeaderValue::try_from(format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; {common}"
            )),
        }
        .ok()
    }
}

/// Puts on what protects, where a response does not have its own.
pub fn protect(mut response: HttpResponse, is_https: bool) -> HttpResponse {
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    if let Some(policy) = PagePolicy::Plain.header() {
        put(header::CONTENT_SECURITY_POLICY, policy);
    }
    put(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    put(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // Not `no-referrer`: a provider would then see `Origin: null`, and some check it (measured).
    put(
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin"),
    );
    put(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    );
    put(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    put(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if is_https {
        put(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    response
}
