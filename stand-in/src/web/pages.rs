//! The pages: templates, security headers, redirects.

use std::sync::Arc;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response as HttpResponse};
use minijinja::{Environment, Output, State, Value, context, escape_formatter};

use super::Site;
use super::visit::Visit;

/// The templates, built in.
pub(super) struct Pages(Environment<'static>);

const TEMPLATES: [(&str, &str); 13] = [
    ("base", include_str!("../../templates/base.html")),
    ("confirm", include_str!("../../templates/confirm.html")),
    ("confirmed", include_str!("../../templates/confirmed.html")),
    ("error", include_str!("../../templates/error.html")),
    ("home", include_str!("../../templates/home.html")),
    ("launch", include_str!("../../templates/launch.html")),
    ("message", include_str!("../../templates/message.html")),
    ("post", include_str!("../../templates/post.html")),
    ("profile", include_str!("../../templates/profile.html")),
    (
        "signed-out",
        include_str!("../../templates/signed-out.html"),
    ),
    ("status", include_str!("../../templates/status.html")),
    ("transfer", include_str!("../../templates/transfer.html")),
    ("wished", include_str!("../../templates/wished.html")),
];

impl Pages {
    /// Reads all templates, so that a broken one stops the start.
    ///
    /// # Errors
    ///
    /// A template is broken.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        environment.set_formatter(write_value);
        environment.add_function("t", translated);
        for (name, text) in TEMPLATES {
            environment.add_template(name, text)?;
        }
        Ok(Self(environment))
    }
}

/// Escapes what HTML needs escaped and no more: the template engine's own way
/// spells out each slash, and tests read addresses in the pages.
fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    if value.is_safe() || value.is_undefined() {
        return escape_formatter(out, state, value);
    }
    let text = crate::sp_metadata::escape(&value.to_string()).replace('\'', "&#39;");
    out.write_str(&text).map_err(minijinja::Error::from)
}

/// `t(french, english)`: the text in the page's language.
fn translated(state: &State<'_, '_>, french: String, english: String) -> String {
    let is_english = state
        .lookup("lang")
        .is_some_and(|lang| lang.as_str() == Some("en"));
    if is_english { english } else { french }
}

/// A page with its status.
pub(super) struct Page {
    pub(super) template: &'static str,
    /// The kind of page, which tests find as `data-page`.
    pub(super) kind: &'static str,
    pub(super) status: StatusCode,
    pub(super) values: Value,
}

impl Page {
    /// A page that went well.
    pub(super) const fn ok(kind: &'static str, values: Value) -> Self {
        Self {
            template: kind,
            kind,
            status: StatusCode::OK,
            values,
        }
    }
}

/// Writes a page.
///
/// The policy names no `form-action`: browsers apply it to the redirects that
/// follow a post as well, and would stop a sign-in half-way.
pub(super) fn show(site: &Site, visit: &Visit, page: Page) -> HttpResponse {
    let Ok(nonce) = crate::entropy::token() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let is_signed_in = visit
        .session
        .as_ref()
        .is_some_and(|session| session.signed_in.is_some());
    let frame = context! {
        lang => visit.language,
        kind => page.kind,
        path => visit.path.as_str(),
        nonce => nonce.as_str(),
        is_signed_in => is_signed_in,
    };
    let text = site
        .pages
        .0
        .get_template(page.template)
        .and_then(|template| template.render(context! { ..page.values, ..frame }));
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            crate::journal::note(&format!("page={} error={error:#}", page.kind));
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'self'; script-src 'nonce-{nonce}'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let mut response = (page.status, text).into_response();
    let headers = response.headers_mut();
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(CONTENT_TYPE, "text/html; charset=utf-8");
    put(CONTENT_SECURITY_POLICY, &policy);
    put(CACHE_CONTROL, "no-store");
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(REFERRER_POLICY, "strict-origin");
    with_cookies(site, visit, response)
}

/// Sends the browser on to `location`.
pub(super) fn send_to(site: &Site, visit: &Visit, location: &str) -> HttpResponse {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    with_cookies(site, visit, (StatusCode::FOUND, headers).into_response())
}

fn with_cookies(site: &Site, visit: &Visit, mut response: HttpResponse) -> HttpResponse {
    for cookie in visit.cookies(site) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A page for a fault of the stand-in itself; the cause goes to the log.
pub(super) fn broken(site: &Site, visit: &Visit, error: &anyhow::Error) -> HttpResponse {
    let tracking = tracking_id();
    crate::journal::note(&format!("tracking={tracking} error={error:#}"));
    let page = Page {
        template: "error",
        kind: "error",
        status: StatusCode::INTERNAL_SERVER_ERROR,
        values: context! { tracking, reasons => [format!("{error:#}")] },
    };
    show(site, visit, page)
}

/// What a person quotes to the help desk and the log line starts with.
pub(super) fn tracking_id() -> String {
    let token = crate::entropy::token().unwrap_or_default();
    let short: String = token.chars().take(12).collect();
    format!("STANDIN_{}", short.to_uppercase())
}

/// `GET /style.css`.
pub(super) async fn style(_: axum::extract::State<Arc<Site>>) -> HttpResponse {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, include_str!("../../templates/style.css")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_sound() {
        Pages::new().unwrap();
    }

    #[test]
    fn what_a_message_brings_cannot_become_markup() {
        let Pages(mut environment) = Pages::new().unwrap();
        environment
            .add_template("x", "<a title=\"{{ v }}\">{{ v }}</a>")
            .unwrap();
        let page = environment.get_template("x").unwrap();
        let text = page.render(context! { v => "</a>'\"&/" }).unwrap();
        let safe = "&lt;/a&gt;&#39;&quot;&amp;/";
        assert_eq!(text, format!("<a title=\"{safe}\">{safe}</a>"));
    }
}
