//! One request's session, language and cookies.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawQuery, State};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

use super::Site;
use crate::sessions::Session;

/// The cookie for browsers that do without a `SameSite` attribute.
const PLAIN_COOKIE: &str = "stand_in_session";
/// The cookie that comes along with a form posted from another site. Browsers
/// take `Secure` on a `localhost` name without TLS; other clients may not, so
/// both are set.
const CROSS_SITE_COOKIE: &str = "stand_in_session_cross_site";

/// What a request tells of its sender.
pub(crate) struct Visit {
    /// The session's ID, if it is alive.
    pub(super) session_id: Option<String>,
    /// The session as it was when the request came.
    pub(super) session: Option<Session>,
    /// `fr` or `en`.
    pub(super) language: &'static str,
    pub(super) path: String,
    query: Vec<(String, String)>,
}

impl Visit {
    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Changes the session, opening one if there is none, and remembers the
    /// language that was asked for.
    ///
    /// # Errors
    ///
    /// There is no entropy for a session ID.
    pub(super) fn with_session<Out>(
        &mut self,
        site: &Site,
        change: impl FnOnce(&mut Session) -> Out,
    ) -> anyhow::Result<Out> {
        let id = match self.session_id.take() {
            Some(id) => id,
            None => crate::entropy::token()?,
        };
        let mut memory = site.memory();
        let session = memory.sessions.open(id.clone(), crate::clock::now());
        let out = change(session);
        self.session = Some(session.clone());
        drop(memory);
        self.session_id = Some(id);
        Ok(out)
    }

    /// Gives the session a new ID (after a sign-in).
    ///
    /// # Errors
    ///
    /// There is no entropy.
    pub(super) fn renew(&mut self, site: &Site) -> anyhow::Result<()> {
        if let Some(old) = self.session_id.take() {
            let new = crate::entropy::token()?;
            site.memory().sessions.rename(&old, new.clone());
            self.session_id = Some(new);
        }
        Ok(())
    }

    /// The `Set-Cookie` values that keep the session.
    pub(super) fn cookies(&self, site: &Site) -> Vec<HeaderValue> {
        let Some(id) = &self.session_id else {
            return Vec::new();
        };
        let is_tls = site.settings.identity.base_url.starts_with("https:");
        let secure = if is_tls { "; Secure" } else { "" };
        [
            format!("{PLAIN_COOKIE}={id}; Path=/; HttpOnly{secure}"),
            format!("{CROSS_SITE_COOKIE}={id}; Path=/; HttpOnly; Secure; SameSite=None"),
        ]
        .iter()
        .filter_map(|cookie| HeaderValue::from_str(cookie).ok())
        .collect()
    }

    /// The `Set-Cookie` values that end the session.
    pub(super) fn no_cookies() -> Vec<HeaderValue> {
        [
            format!("{PLAIN_COOKIE}=; Path=/; HttpOnly; Max-Age=0"),
            format!("{CROSS_SITE_COOKIE}=; Path=/; HttpOnly; Secure; SameSite=None; Max-Age=0"),
        ]
        .iter()
        .filter_map(|cookie| HeaderValue::from_str(cookie).ok())
        .collect()
    }
}

impl FromRequestParts<Arc<Site>> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        site: &Arc<Site>,
    ) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, site).await?;
        let State(site) = State::<Arc<Site>>::from_request_parts(parts, site).await?;
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let now = crate::clock::now();
        let mut memory = site.memory();
        let found = session_ids(&parts.headers).find_map(|id| {
            let session = memory.sessions.find(&id, now)?.clone();
            Some((id, session))
        });
        drop(memory);
        let (session_id, session) = found.unzip();
        let mut visit = Self {
            session_id,
            session,
            language: "fr",
            path: parts.uri.path().to_owned(),
            query,
        };
        let asked = match visit.query("lang") {
            Some("en") => Some("en"),
            Some("fr") => Some("fr"),
            Some(_) | None => None,
        };
        visit.language = asked
            .or_else(|| visit.session.as_ref().and_then(|session| session.language))
            .unwrap_or_else(|| preferred(&parts.headers));
        if let Some(language) = asked {
            // Without entropy the choice holds for this page only.
            let _forgotten = visit.with_session(&site, |s| s.language = Some(language));
        }
        Ok(visit)
    }
}

fn session_ids(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == PLAIN_COOKIE || *name == CROSS_SITE_COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// English only for a browser that puts it before French (RFC 9110 §12.5.4).
fn preferred(headers: &HeaderMap) -> &'static str {
    let header = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let weight = |language: &str| {
        header
            .split(',')
            .filter_map(|range| {
                let (tag, rest) = range.split_once(';').unwrap_or((range, ""));
                let primary = tag.trim().split('-').next()?;
                let q = rest.trim().strip_prefix("q=").unwrap_or("1");
                primary
                    .eq_ignore_ascii_case(language)
                    .then(|| q.parse::<f32>().unwrap_or(0.0))
            })
            .fold(0.0_f32, f32::max)
    };
    if weight("en") > weight("fr") {
        "en"
    } else {
        "fr"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(header: &'static str) -> &'static str {
        let headers = [(ACCEPT_LANGUAGE, HeaderValue::from_static(header))];
        preferred(&headers.into_iter().collect())
    }

    #[test]
    fn french_comes_first_unless_english_is_preferred() {
        assert_eq!(language(""), "fr");
        assert_eq!(language("de"), "fr");
        assert_eq!(language("fr-FR,en;q=0.8"), "fr");
        assert_eq!(language("en-GB,en;q=0.9,fr;q=0.5"), "en");
        assert_eq!(language("fr;q=0.3, en;q=0.4"), "en");
    }
}
