//! What a browser keeps for us, and how we know that a form is from our page.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{model::language::Language, sys::token::Token};

/// The value that journeys are bound to.
pub const BROWSER_COOKIE: &str = "__Host-passerelle-browser";
/// The value of the session.
pub const SESSION_COOKIE: &str = "__Host-passerelle-session";
/// The language that was chosen.
pub const LANGUAGE_COOKIE: &str = "__Host-passerelle-language";

/// The cookies of a request, as far as they are ours and well formed.
#[derive(Debug, Default)]
pub struct Cookies {
    /// The value that journeys are bound to.
    pub browser: Option<Token>,
    /// The value of the session.
    pub session: Option<Token>,
    /// The language that was chosen.
    pub language: Option<Language>,
}

impl Cookies {
    /// Reads the cookies. Of two with one name, neither is believed: a browser sends one, and
    /// which of them is the planted one cannot be told.
    pub fn read(headers: &HeaderMap) -> Self {
        Self {
            browser: only(headers, BROWSER_COOKIE).and_then(Token::parse),
            session: only(headers, SESSION_COOKIE).and_then(Token::parse),
            language: only(headers, LANGUAGE_COOKIE).and_then(Language::from_tag),
        }
    }
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim_matches(' ').split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

/// Makes the `Set-Cookie` of a value: `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`, until the
/// browser is closed. Lax, since Strict would not survive the way back from CAS (measured).
pub fn keep(name: &'static str, value: &str) -> Option<HeaderValue> {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")
        .try_into()
        .ok()
}

/// Makes the `Set-Cookie` that forgets a value.
pub fn forget(name: &'static str) -> Option<HeaderValue> {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
        .try_into()
        .ok()
}

/// Whether a POST comes from a page of ours, by the browser's own word: `Sec-Fetch-Site`
/// where it says it, `Origin` otherwise. A browser that says neither is not believed.
pub fn is_from_our_page(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let from = text(header::ORIGIN);
    match (site, from) {
        (Some("same-origin"), None) => true,
        (Some("same-origin") | None, Some(from)) => from == origin,
        (Some(_) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::OsEntropy;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn r51_of_two_cookies_with_one_name_neither_is_believed() {
        let text = Token::draw(&OsEntropy).text();
        let one = format!("a=b; {SESSION_COOKIE}={text}; x");
        assert!(
            Cookies::read(&headers(&[("cookie", &one)]))
                .session
                .is_some()
        );
        let other = Token::draw(&OsEntropy).text();
        for two in [
            headers(&[("cookie", &format!("{one}; {SESSION_COOKIE}={other}"))]),
            headers(&[
                ("cookie", &one),
                ("cookie", &format!("{SESSION_COOKIE}={other}")),
            ]),
            headers(&[("cookie", &format!("{one}; {SESSION_COOKIE}="))]),
        ] {
            assert!(Cookies::read(&two).session.is_none(), "{two:?}");
        }
    }

    #[test]
    fn a_cookie_of_another_name_or_form_is_not_ours() {
        let text = Token::draw(&OsEntropy).text();
        for other in [
            format!("passerelle-session={text}"),
            format!("__host-passerelle-session={text}"),
            format!("{SESSION_COOKIE}=\"{text}\""),
            format!("{SESSION_COOKIE}=short"),
        ] {
            let read = Cookies::read(&headers(&[("cookie", &other)]));
            assert!(read.session.is_none() && read.browser.is_none(), "{other}");
        }
    }

    #[test]
    fn r51_every_cookie_is_of_this_host_secure_and_lax() {
        let value = keep(SESSION_COOKIE, "x").unwrap();
        assert_eq!(
            value,
            "__Host-passerelle-session=x; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        for name in [BROWSER_COOKIE, SESSION_COOKIE, LANGUAGE_COOKIE] {
            assert!(name.starts_with("__Host-"));
        }
    }

    #[test]
    fn r52_only_a_page_of_ours_may_post_a_form() {
        let ours = "https://idp.example.org";
        for good in [
            &[("origin", ours)] as &[_],
            &[("origin", ours), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-origin")],
        ] {
            assert!(is_from_our_page(&headers(good), ours), "{good:?}");
        }
        for bad in [
            &[] as &[_],
            &[("origin", "null")],
            &[("origin", "https://idp.example.org.evil.example")],
            &[("origin", "https://IDP.example.org")],
            &[("origin", "http://idp.example.org")],
            &[("origin", ours), ("sec-fetch-site", "cross-site")],
            &[("origin", ours), ("sec-fetch-site", "same-site")],
            &[
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!is_from_our_page(&headers(bad), ours), "{bad:?}");
        }
    }

    #[test]
    fn r51_a_cookie_is_kept_and_forgotten_with_the_same_attributes() {
        let kept = keep(SESSION_COOKIE, "value").unwrap();
        let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(kept, *format!("{SESSION_COOKIE}=value{attributes}"));
        let forgotten = forget(SESSION_COOKIE).unwrap();
        let attributes = format!("{attributes}; Max-Age=0");
        assert_eq!(forgotten, *format!("{SESSION_COOKIE}={attributes}"));
    }
}
