//! The headers that protect, on every response whatever its route and status.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response as HttpResponse,
};

use super::page::Page;

/// What a page's own policy is, where it differs from the strictest.
#[derive(Clone, Debug)]
pub enum PagePolicy {
    /// A page without script, whose forms go to us.
    Plain,
    /// A page without script, whose form goes to us and may from there lead to the CAS server, and on to
    /// wherever that has people sign in: no `form-action`, for the same reason as below.
    LeadsOn,
    /// The page that posts the answer: one script by nonce, and no `form-action`, since Chromium
    /// applies it to the redirect that the provider answers with (measured).
    Post {
        /// The nonce of the script, fresh for each response.
        nonce: String,
    },
    /// A page without script and without form.
    LeadsNowhere,
    /// The one page that another site may frame: it has no form and no script.
    Framed,
}

impl PagePolicy {
    /// The policy of a page. The form for name and password may lead to the CAS server where people sign in at one
    /// (`asks_cas`); `nonce` is the one that the page was written with.
    pub fn of(page: &Page<'_>, asks_cas: bool, nonce: &str) -> Self {
        match page {
            Page::Post { .. } | Page::PostFault { .. } => Self::Post {
                nonce: nonce.to_owned(),
            },
            Page::Start { .. } | Page::Trials { .. } => Self::LeadsOn,
            // CAS may be back when the form is sent, and is gone to then.
            Page::Login { .. } if asks_cas => Self::LeadsOn,
            Page::Trial(_) => Self::LeadsNowhere,
            Page::Framed => Self::Framed,
            Page::Login { .. }
            | Page::PasswordEnds(_)
            | Page::Stop(_)
            | Page::LogoutConfirm { .. }
            | Page::LoggedOut
            | Page::NothingToLogOut
            | Page::NotFound { .. }
            | Page::Home { .. } => Self::Plain,
        }
    }

    /// The `Content-Security-Policy`.
    pub fn header(&self) -> Option<HeaderValue> {
        let common =
            "style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";
        let framed = "default-src 'none'; form-action 'none'; \
                      style-src 'self'; img-src 'self'; base-uri 'none'";
        match self {
            Self::Plain => {
                HeaderValue::try_from(format!("default-src 'none'; form-action 'self'; {common}"))
            }
            Self::LeadsNowhere => {
                HeaderValue::try_from(format!("default-src 'none'; form-action 'none'; {common}"))
            }
            Self::LeadsOn => HeaderValue::try_from(format!("default-src 'none'; {common}")),
            Self::Post { nonce } => HeaderValue::try_from(format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; {common}"
            )),
            Self::Framed => HeaderValue::try_from(framed),
        }
        .ok()
    }
}

/// Whether a page of another site may show a response in a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// The page that says so ([`PagePolicy::Framed`]).
    Allowed,
    /// Every other one.
    Refused,
}

/// Whether the browser asks for a page to be shown in a frame, by its own word (W3C Fetch Metadata, §2.1).
/// One that does not say it shows no framed page of ours, and its own error in the place.
pub fn is_for_a_frame(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-dest")
        .and_then(|dest| dest.to_str().ok())
        .is_some_and(|dest| {
            matches!(
                dest,
                "embed" | "fencedframe" | "frame" | "iframe" | "object"
            )
        })
}

/// Puts on what protects, where a response does not have its own.
///
/// No `Cross-Origin-Opener-Policy`: a provider that has people sign in in a window which it opens would lose
/// hold of that window. No `Cross-Origin-Resource-Policy`: what another site can load without a frame comes
/// without our cookies, and pages of the CAS server load our answer to a notice as a script.
pub fn protect(mut response: HttpResponse, is_https: bool, framing: Framing) -> HttpResponse {
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    let policy = match framing {
        Framing::Allowed => PagePolicy::Framed,
        Framing::Refused => {
            put(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
            PagePolicy::Plain
        }
    };
    if let Some(policy) = policy.header() {
        put(header::CONTENT_SECURITY_POLICY, policy);
    }
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
