//! What must hold for every response, whatever a test is about.

use axum::http::{HeaderMap, StatusCode};

use crate::lab::form;

/// Words of causes: none may be read on a page.
const CAUSES: [&str; 30] = [
    "saml",
    "xml",
    "base64",
    "deflate",
    "issueinstant",
    "authnrequest",
    "destination",
    "issuer",
    "nameid",
    "assertion",
    "metadata",
    "métadonnées",
    "digest",
    "seal",
    "sceau",
    "token",
    "jeton",
    "csrf",
    "canonical",
    "namespace",
    "doctype",
    "argon",
    "panicked",
    "thread '",
    "src/",
    "127.0.0.1",
    "relaystate",
    "sigalg",
    "people.toml",
    "redis",
];

/// Looks at a response. `registered` are the addresses at which providers take answers.
pub(crate) fn watch(
    path: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    registered: &[String],
) {
    let at = format!("{status} at {path}");
    stays_here(&at, status, headers);
    let page = form::attribute(body, "body", "data-page").unwrap_or_default();
    protects(&at, path, headers, page == "framed");
    if page == "framed" {
        may_be_framed(&at, headers, body);
    }
    for form in form::forms(body) {
        let is_answer = form.value("SAMLResponse").is_some();
        if is_answer {
            assert_eq!(page, "post", "{at}");
            assert!(registered.contains(&form.action), "{at}: {}", form.action);
        } else {
            assert!(
                form.action == "/logout"
                    || ["/j/", "/start/", "/test/"]
                        .iter()
                        .any(|ours| form.action.starts_with(ours)),
                "{at}: {}",
                form.action
            );
        }
    }
    assert_eq!(
        body.matches("<form").count(),
        form::forms(body).len(),
        "{at}"
    );
    if matches!(
        page.as_str(),
        "stop" | "not-found" | "login" | "framed" | "start" | "trials"
    ) {
        let text = text_of(body).to_lowercase();
        for word in CAUSES {
            assert!(!text.contains(word), "{at}: {word:?} in {text}");
        }
    }
}

/// The one page that another site may frame holds nothing that is worth a click of the person.
fn may_be_framed(at: &str, headers: &HeaderMap, body: &str) {
    assert!(headers.get("set-cookie").is_none(), "{at}");
    for other in ["<form", "<input", "<button", "<script"] {
        assert!(!body.contains(other), "{at}: {other}");
    }
    assert_eq!(body.matches("<a ").count(), 1, "{at}");
}

/// What protects a response.
fn protects(at: &str, path: &str, headers: &HeaderMap, is_framed: bool) {
    let header = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("{at}: no {name}"));
        assert!(values.next().is_none(), "{at}: several {name}");
        value.to_str().unwrap()
    };
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "base-uri 'none'", "style-src 'self'"] {
        assert!(policy.contains(part), "{at}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{at}: {policy}");
    if is_framed {
        assert!(policy.contains("form-action 'none'"), "{at}: {policy}");
        assert!(!policy.contains("frame-ancestors"), "{at}: {policy}");
        assert!(headers.get("x-frame-options").is_none(), "{at}");
    } else {
        assert!(policy.contains("frame-ancestors 'none'"), "{at}: {policy}");
        assert_eq!(header("x-frame-options"), "DENY", "{at}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff", "{at}");
    assert_eq!(header("referrer-policy"), "strict-origin", "{at}");
    assert!(
        header("strict-transport-security").contains("max-age="),
        "{at}"
    );
    if !path.starts_with("/assets/") {
        assert_eq!(header("cache-control"), "no-store", "{at}");
        assert_eq!(header("pragma"), "no-cache", "{at}");
    }
    for cookie in headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-"), "{at}: {cookie}");
        for part in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(part), "{at}: {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{at}: {cookie}");
    }
}

/// No redirect leads elsewhere but to the CAS server of a test, which sends people back here.
fn stays_here(at: &str, status: StatusCode, headers: &HeaderMap) {
    let location = headers.get("location").map(|value| value.to_str().unwrap());
    assert_eq!(status.is_redirection(), location.is_some(), "{at}");
    if let Some(location) = location {
        assert_eq!(status, StatusCode::SEE_OTHER, "{at}");
        if let Some(rest) = location.strip_prefix("https://localhost:") {
            if let Some((_, state)) = rest.split_once("/cas/logout?_eventId=next&RelayState=") {
                let is_encoded = |c: char| c.is_ascii_alphanumeric() || "-_.~%".contains(c);
                assert!(state.chars().all(is_encoded), "{at}: {location}");
                return;
            }
            let (_, service) = rest.split_once("/cas/login?service=").unwrap();
            let ours = "https%3A%2F%2Fidp.example.org%2Fcas%2F";
            assert!(service.starts_with(ours), "{at}: {location}");
            return;
        }
        let rest = location
            .strip_prefix("/j/")
            .unwrap_or_else(|| panic!("{at}: {location}"));
        let (sp, seal) = rest.split_once('/').unwrap();
        let seal = seal.strip_prefix("test.").unwrap_or(seal);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        for part in [sp, seal] {
            assert!(part.chars().all(is_plain), "{at}: {location}");
        }
    }
}

/// What a person reads: no tags, and none of the codes.
pub(crate) fn text_of(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let after = if after.starts_with("code") {
            after.split_once("</code").unwrap().1
        } else {
            after
        };
        text.push(' ');
        rest = after.split_once('>').unwrap().1;
    }
    text.push_str(rest);
    text
}
