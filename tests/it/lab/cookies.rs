//! A cookie jar that keeps to the rules of a browser.
//!
//! The rules are those of RFC 6265bis as Chromium keeps them, measured with Chromium 156 over
//! plain HTTP on two hosts below `localhost`: `Secure` and `__Host-` cookies are taken and sent
//! back there, each such host is a site of its own, and a cross-site POST brings no `Lax` cookie
//! while the GET after its redirect does.

use jiff::{Timestamp, fmt::rfc2822};
use url::{Host, Url};

/// How a request stands to the page that caused it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// Typed by the person, or caused by a page of the same site.
    SameSite,
    /// Caused by another site, by a top-level GET.
    CrossSiteSafe,
    /// Caused by another site, by a POST.
    CrossSiteUnsafe,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SameSite {
    Strict,
    /// Also without the attribute. Chromium lets those through by POST in their first two minutes;
    /// a test must not lean on that.
    Lax,
    None,
}

#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    same_site: SameSite,
    is_secure: bool,
}

/// The cookies of one browser.
#[derive(Clone, Debug, Default)]
pub(crate) struct CookieJar(Vec<Cookie>);

impl CookieJar {
    /// Takes a `Set-Cookie` header of an answer from `url`, or drops it as a browser would.
    pub(crate) fn take(&mut self, url: &Url, header: &str) {
        let Some((cookie, is_dead)) = Cookie::parse(url, header) else {
            return;
        };
        self.0.retain(|kept| !kept.is_replaced_by(&cookie));
        if !is_dead {
            self.0.push(cookie);
        }
    }

    /// The `Cookie` header for a request to `url`; `None` when no cookie goes with it.
    pub(crate) fn header(&self, url: &Url, standing: Standing) -> Option<String> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|cookie| cookie.goes_to(url, standing))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of the cookie `name` kept for `host`.
    pub(crate) fn find(&self, host: &str, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|cookie| cookie.host == host && cookie.name == name)
            .map(|cookie| cookie.value.as_str())
    }
}

impl Cookie {
    /// The cookie, and whether it asks to be forgotten.
    fn parse(url: &Url, header: &str) -> Option<(Self, bool)> {
        let mut parts = header.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            host: url.host_str()?.to_owned(),
            path: default_path(url),
            name: name.to_owned(),
            value: value.to_owned(),
            same_site: SameSite::Lax,
            is_secure: false,
        };
        let mut has_domain = false;
        let mut is_dead = false;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.to_ascii_lowercase().as_str() {
                // No host of the tests has hosts below it, and none may speak for another:
                // `localhost` is a public suffix.
                "domain" if value.eq_ignore_ascii_case(&cookie.host) => has_domain = true,
                "domain" => return None,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.is_secure = true,
                "samesite" => cookie.same_site = same_site(value),
                "max-age" => is_dead = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "expires" => is_dead |= is_past(value),
                _ => {}
            }
        }
        let is_host_bound = cookie.is_secure && cookie.path == "/" && !has_domain;
        let breaks_its_prefix = cookie.name.starts_with("__Host-") && !is_host_bound
            || cookie.name.starts_with("__Secure-") && !cookie.is_secure
            || cookie.same_site == SameSite::None && !cookie.is_secure
            || cookie.is_secure && !is_trustworthy(url);
        (!breaks_its_prefix).then_some((cookie, is_dead))
    }

    fn is_replaced_by(&self, other: &Self) -> bool {
        (&self.host, &self.path, &self.name) == (&other.host, &other.path, &other.name)
    }

    fn goes_to(&self, url: &Url, standing: Standing) -> bool {
        let may_cross = match self.same_site {
            SameSite::Strict => standing == Standing::SameSite,
            SameSite::Lax => standing != Standing::CrossSiteUnsafe,
            SameSite::None => true,
        };
        // Ports do not keep cookies apart.
        may_cross
            && url.host_str() == Some(self.host.as_str())
            && (!self.is_secure || is_trustworthy(url))
            && path_matches(&self.path, url.path())
    }
}

fn same_site(value: &str) -> SameSite {
    match value.to_ascii_lowercase().as_str() {
        "strict" => SameSite::Strict,
        "none" => SameSite::None,
        _ => SameSite::Lax,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a browser has a clock of its own, which is not the bridge's"
)]
fn is_past(expires: &str) -> bool {
    rfc2822::parse(expires).is_ok_and(|at| at.timestamp() <= Timestamp::now())
}

/// RFC 6265 §5.1.4: the folder of the page.
fn default_path(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

fn path_matches(cookie: &str, request: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// Whether a browser counts two addresses as one site. Each host of the tests is its own.
pub(crate) fn is_same_site(one: &Url, other: &Url) -> bool {
    (one.scheme(), one.host()) == (other.scheme(), other.host())
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn a_cross_site_post_brings_no_lax_cookie_but_the_get_after_it_does() {
    let idp = url("http://idp.localhost:8480/saml/sso");
    let mut jar = CookieJar::default();
    jar.take(&idp, "__Host-a=1; Secure; HttpOnly; SameSite=Lax; Path=/");
    jar.take(&idp, "b=2; SameSite=Strict; Path=/");
    jar.take(&idp, "c=3; SameSite=None; Secure; Path=/");
    let sent = |standing| jar.header(&idp, standing).unwrap();
    assert_eq!(sent(Standing::SameSite), "__Host-a=1; b=2; c=3");
    assert_eq!(sent(Standing::CrossSiteSafe), "__Host-a=1; c=3");
    assert_eq!(sent(Standing::CrossSiteUnsafe), "c=3");
}

#[test]
fn a_cookie_that_breaks_its_prefix_is_dropped() {
    let idp = url("http://idp.localhost:8480/");
    let mut jar = CookieJar::default();
    for header in [
        "__Host-a=1; Path=/",
        "__Host-a=1; Secure; Path=/saml",
        "__Host-a=1; Secure; Path=/; Domain=idp.localhost",
        "__Secure-a=1; Path=/",
        "a=1; Path=/; Domain=localhost",
        "a=1; SameSite=None; Path=/",
    ] {
        jar.take(&idp, header);
        assert_eq!(jar.header(&idp, Standing::SameSite), None, "{header}");
    }
    jar.take(&url("http://idp.example/"), "a=1; Secure; Path=/");
    assert_eq!(jar.find("idp.example", "a"), None);
}

#[test]
fn a_cookie_stays_with_its_host_and_path_and_can_be_forgotten() {
    let page = url("http://idp.localhost:8480/cas/zoom");
    let mut jar = CookieJar::default();
    jar.take(&page, "a=1");
    assert_eq!(jar.find("idp.localhost", "a"), Some("1"));
    let sent = |jar: &CookieJar, to: &str| jar.header(&url(to), Standing::SameSite);
    assert!(sent(&jar, "http://idp.localhost:9/cas/other").is_some());
    assert!(sent(&jar, "http://idp.localhost:8480/cas2").is_none());
    assert!(sent(&jar, "http://zoom.localhost:8480/cas/zoom").is_none());
    let mut by_date = jar.clone();
    by_date.take(&page, "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    jar.take(&page, "a=; Max-Age=0");
    for jar in [jar, by_date] {
        assert!(sent(&jar, "http://idp.localhost:8480/cas/zoom").is_none());
    }
}
