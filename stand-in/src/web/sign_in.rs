//! The SAML endpoints: `/saml/login`, `/saml/SSO`, metadata, logout.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response as HttpResponse};
use minijinja::context;

use super::Site;
use super::pages::{Page, broken, send_to, show, tracking_id};
use super::visit::Visit;
use crate::accounts::{Outcome, Refusal};
use crate::reading::{self, Check, Expected, Reading, Received};
use crate::sessions::{OpenRequest, Origin, SignedIn};
use crate::sp::{self, Algorithms, Carrier, RequestBinding};
use crate::vocab;

/// `GET /saml/login`: starts a sign-in. `from` and `next` stay in the session; `binding=post` sends this one
/// request over HTTP-POST, whatever the others go by.
pub(super) async fn login(State(site): State<Arc<Site>>, mut visit: Visit) -> HttpResponse {
    begin(&site, &mut visit).unwrap_or_else(|error| broken(&site, &visit, &error))
}

fn begin(site: &Site, visit: &mut Visit) -> anyhow::Result<HttpResponse> {
    let settings = &site.settings;
    let relay_state = settings.relay_state.as_deref();
    let request = sp::request(
        &settings.identity,
        &site.witness,
        match visit.query("binding") {
            Some("post") => RequestBinding::Post,
            Some(_) | None => settings.binding,
        },
        relay_state,
        Algorithms::default(),
    )?;
    let open = OpenRequest {
        id: request.id,
        origin: match visit.query("from") {
            Some("desktop") => Origin::Desktop,
            Some("mobile") => Origin::Mobile,
            Some(_) | None => Origin::Web,
        },
        next: visit.query("next").and_then(local_page),
    };
    visit.with_session(site, |session| session.expect(open))?;
    Ok(match request.carrier {
        Carrier::Redirect(url) => send_to(site, visit, &url),
        Carrier::Form {
            action,
            saml_request,
        } => {
            let values = context! { action, saml_request, relay_state };
            show(site, visit, Page::ok("post", values))
        }
    })
}

/// Lets pass only a page of this site: another host would be an open redirect.
fn local_page(path: &str) -> Option<String> {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    is_local.then(|| path.to_owned())
}

/// `GET /saml/SSO`: nothing to see, as no binding brings a `Response` by GET.
pub(super) async fn acs_by_get(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    refuse(
        &site,
        &visit,
        StatusCode::METHOD_NOT_ALLOWED,
        &["this address takes a POST with a SAMLResponse".to_owned()],
    )
}

/// `POST /saml/SSO`: the `AssertionConsumerService`.
pub(super) async fn acs(
    State(site): State<Arc<Site>>,
    mut visit: Visit,
    body: Bytes,
) -> HttpResponse {
    take(&site, &mut visit, &body).unwrap_or_else(|error| broken(&site, &visit, &error))
}

fn take(site: &Site, visit: &mut Visit, body: &[u8]) -> anyhow::Result<HttpResponse> {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let all = |name: &str| -> Vec<String> {
        fields
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .collect()
    };
    let mut reading = match all("SAMLResponse").as_slice() {
        [message] => read(site, visit, message),
        others => {
            let says = format!("{} SAMLResponse fields", others.len());
            let mut reading = Reading::default();
            reading
                .findings
                .put(Check::Encoding, says, Some("exactly one is wanted"));
            reading
        }
    };
    let (sent, back) = (site.settings.relay_state.iter(), all("RelayState"));
    let is_same = sent.eq(back.iter());
    let fault = "not what was sent, to the byte";
    let says = format!("{back:?}");
    reading
        .findings
        .hold(Check::RelayState, is_same, says, fault);

    let open = answered(site, visit, &mut reading)?;
    if reading.failure().is_some() {
        return Ok(show_status(site, visit, &reading));
    }
    match (reading.is_accepted(), reading.received.take(), open) {
        (true, Some(received), Some(open)) => enter(site, visit, received, &open),
        _refused => {
            let reasons: Vec<_> = reading.findings.bad().map(ToString::to_string).collect();
            Ok(refuse(site, visit, StatusCode::BAD_REQUEST, &reasons))
        }
    }
}

fn read(site: &Site, visit: &Visit, message: &str) -> Reading {
    let xml = match reading::decode(message) {
        Ok(xml) => xml,
        Err(fault) => {
            let mut reading = Reading::default();
            reading
                .findings
                .put(Check::Encoding, "SAMLResponse", Some(&fault));
            return reading;
        }
    };
    let open_ids = visit
        .session
        .as_ref()
        .map(crate::sessions::Session::open_ids)
        .unwrap_or_default();
    let expected = Expected {
        idp: &site.settings.idp,
        witness: &site.witness,
        request_ids: &open_ids.iter().map(String::as_str).collect::<Vec<_>>(),
        now: crate::clock::now(),
        is_seen: &|id| site.memory().sessions.is_seen(id),
        times_count: true,
        has_keys: true,
    };
    reading::read(&xml, &expected)
}

/// Uses the request and the `Response` ID up, in one step each: of two posts of
/// one message only the first goes on.
fn answered(
    site: &Site,
    visit: &mut Visit,
    reading: &mut Reading,
) -> anyhow::Result<Option<OpenRequest>> {
    let may_go_on = reading.is_accepted() || reading.failure().is_some();
    let Some(shell) = reading.shell.as_ref().filter(|_| may_go_on) else {
        return Ok(None);
    };
    let (Some(id), Some(request)) = (shell.id.clone(), shell.in_response_to.clone()) else {
        return Ok(None);
    };
    if visit.session_id.is_none() {
        return Ok(None);
    }
    let open = visit.with_session(site, |session| session.answer(&request))?;
    let is_success = reading.failure().is_none();
    if is_success && open.is_none() {
        let fault = "answered a moment ago";
        reading
            .findings
            .put(Check::InResponseTo, request, Some(fault));
    }
    if is_success && !site.memory().sessions.mark_seen(&id, crate::clock::now()) {
        reading.findings.put(Check::Replay, id, Some("came before"));
    }
    Ok(open)
}

/// Lets the owner of the assertion into their account.
fn enter(
    site: &Site,
    visit: &mut Visit,
    received: Received,
    open: &OpenRequest,
) -> anyhow::Result<HttpResponse> {
    let rules = &site.settings.rules;
    let Some(wish) = rules.map(&received) else {
        let reason = "no e-mail address: neither the mapped attribute nor the NameID is one";
        return Ok(refuse(site, visit, StatusCode::FORBIDDEN, &[reason.into()]));
    };
    let outcome = site
        .memory()
        .accounts
        .sign_in(rules, wish, crate::clock::now());
    match outcome {
        Outcome::Refused(refusal) => Ok(refuse_account(site, visit, refusal)),
        Outcome::Pending(email) => {
            crate::journal::note("an address waits for its owner");
            visit.renew(site)?;
            visit.with_session(site, |session| {
                session.signed_in = None;
                session.pending = Some(email);
            })?;
            Ok(send_to(site, visit, "/transfer"))
        }
        Outcome::SignedIn(account) => {
            visit.renew(site)?;
            visit.with_session(site, |session| {
                session.pending = None;
                session.signed_in = Some(SignedIn { account, received });
            })?;
            crate::journal::note(&format!("signed-in account={account}"));
            match open.origin {
                Origin::Web => {
                    let next = open.next.as_deref().unwrap_or("/profile");
                    Ok(send_to(site, visit, next))
                }
                Origin::Desktop => launch(site, visit, "desktop"),
                Origin::Mobile => launch(site, visit, "mobile"),
            }
        }
    }
}

/// The page that gives the app its one-time token by a link.
fn launch(site: &Site, visit: &Visit, app: &str) -> anyhow::Result<HttpResponse> {
    let token = crate::entropy::token()?;
    let link = format!("passerelle-stand-in://sso/{app}?token={token}");
    Ok(show(
        site,
        visit,
        Page::ok("launch", context! { app, link }),
    ))
}

fn refuse_account(site: &Site, visit: &Visit, refusal: Refusal) -> HttpResponse {
    let reasons = [format!("account: {}", refusal.says())];
    refuse(site, visit, StatusCode::FORBIDDEN, &reasons)
}

/// The generic page: a tracking ID for the person, the reasons for the log.
fn refuse(site: &Site, visit: &Visit, status: StatusCode, reasons: &[String]) -> HttpResponse {
    let tracking = tracking_id();
    let line = format!("tracking={tracking} refused {}", reasons.join(" | "));
    crate::journal::note(&line);
    let page = Page {
        template: "error",
        kind: "error",
        status,
        values: context! { tracking, reasons => reasons.to_vec() },
    };
    show(site, visit, page)
}

/// The page for an answer that is not a success.
fn show_status(site: &Site, visit: &Visit, reading: &Reading) -> HttpResponse {
    let tracking = tracking_id();
    let short = |code: &str| {
        code.strip_prefix(vocab::STATUS_PREFIX)
            .unwrap_or(code)
            .to_owned()
    };
    let status = reading.failure();
    let top = status.map(|status| short(&status.top)).unwrap_or_default();
    let second = status.and_then(|status| status.second.as_deref().map(short));
    let message = status.and_then(|status| status.message.clone());
    let reasons: Vec<_> = reading
        .findings
        .bad()
        .filter(|finding| finding.check != Check::Status)
        .map(ToString::to_string)
        .collect();
    let line = format!("tracking={tracking} status top={top} second={second:?} {reasons:?}");
    crate::journal::note(&line);
    let page = Page {
        template: "status",
        kind: "status",
        status: StatusCode::FORBIDDEN,
        values: context! { tracking, top, second, message, reasons },
    };
    show(site, visit, page)
}

/// `/saml/SingleLogout`: says that it does nothing.
pub(super) async fn single_logout(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let page = Page {
        template: "message",
        kind: "single-logout",
        status: StatusCode::NOT_IMPLEMENTED,
        values: context! { message => "single-logout" },
    };
    show(&site, &visit, page)
}

/// `GET /saml/metadata/sp`.
pub(super) async fn metadata(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    match crate::sp_metadata::write(&site.settings.identity) {
        Ok(xml) => ([(CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response(),
        Err(error) => broken(&site, &visit, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::local_page;

    #[test]
    fn only_a_page_of_this_site_is_a_wished_page() {
        assert_eq!(local_page("/start?id=1").as_deref(), Some("/start?id=1"));
        for other in [
            "//evil.test",
            "/\\evil.test",
            "https://evil.test",
            "start",
            "",
            "/a\r\nb",
            "/a\tb",
        ] {
            assert_eq!(local_page(other), None, "{other:?}");
        }
    }
}
