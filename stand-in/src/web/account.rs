//! The portal's pages: home, profile, transfer, sign-out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::response::{IntoResponse as _, Response as HttpResponse};
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::Site;
use super::pages::{Page, broken, send_to, show};
use super::visit::Visit;
use crate::accounts::{Account, Stage};
use crate::sessions::SignedIn;

/// The account of the session, if it is signed in.
fn signed_in(site: &Site, visit: &Visit) -> Option<(SignedIn, Account)> {
    let signed_in = visit.session.as_ref()?.signed_in.clone()?;
    let account = site.memory().accounts.find(signed_in.account)?.clone();
    Some((signed_in, account))
}

/// `GET /`.
pub(super) async fn home(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let account = signed_in(&site, &visit).map(|(_, account)| Value::from(Serde(&account)));
    let values = context! { account, entity_id => site.settings.identity.entity_id.as_str() };
    show(&site, &visit, Page::ok("home", values))
}

/// `GET /profile`: the account, and what it was made of.
pub(super) async fn profile(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let Some((signed_in, account)) = signed_in(&site, &visit) else {
        return send_to(&site, &visit, "/saml/login?next=/profile");
    };
    let values = context! {
        account => Value::from(Serde(&account)),
        received => Value::from(Serde(&signed_in.received)),
    };
    show(&site, &visit, Page::ok("profile", values))
}

/// A page that needs an account: `/start`, as « Démarrer » does, and whatever
/// lies below `/wished/`.
pub(super) async fn wished(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    if let Some((_, account)) = signed_in(&site, &visit) {
        let values = context! { account => Value::from(Serde(&account)) };
        return show(&site, &visit, Page::ok("wished", values));
    }
    let next: String = url::form_urlencoded::byte_serialize(visit.path.as_bytes()).collect();
    send_to(&site, &visit, &format!("/saml/login?next={next}"))
}

/// `/signout`: ends the session here and nowhere else.
pub(super) async fn sign_out(State(site): State<Arc<Site>>, mut visit: Visit) -> HttpResponse {
    if let Some(id) = visit.session_id.take() {
        site.memory().sessions.close(&id);
    }
    visit.session = None;
    let mut response = show(&site, &visit, Page::ok("signed-out", Value::UNDEFINED));
    for cookie in Visit::no_cookies() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// `GET /accounts.json`: everything, for tests. There is nothing to protect in
/// a lab that listens on the loopback.
pub(super) async fn list(State(site): State<Arc<Site>>, _visit: Visit) -> HttpResponse {
    let text = {
        let memory = site.memory();
        serde_json::json!({
            "accounts": memory.accounts.all().collect::<Vec<_>>(),
            "waiting": memory.accounts.waiting(),
        })
        .to_string()
    };
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}

/// `DELETE /accounts.json`: forgets every account and every address that waits, for tests that
/// begin anew.
pub(super) async fn forget(State(site): State<Arc<Site>>) -> HttpResponse {
    site.memory().accounts.clear();
    StatusCode::NO_CONTENT.into_response()
}

/// `GET /transfer`: what the address of this session waits for.
pub(super) async fn transfer(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let email = visit.session.as_ref().and_then(|s| s.pending.clone());
    let waiting = email
        .as_deref()
        .and_then(|email| site.memory().accounts.waiting_for(email).cloned());
    let (Some(email), Some(waiting)) = (email, waiting) else {
        return send_to(&site, &visit, "/");
    };
    let (kind, link) = match &waiting.stage {
        Stage::Offered => ("transfer-offered", None),
        Stage::Mailed { token } => {
            let path = format!("/transfer/confirm?token={token}");
            ("transfer-mailed", Some(site.settings.identity.url(&path)))
        }
        Stage::Done => ("transfer-done", None),
    };
    let page = Page {
        template: "transfer",
        kind,
        status: StatusCode::OK,
        values: context! { email, reason => waiting.reason.name(), link },
    };
    show(&site, &visit, page)
}

/// `POST /transfer/acknowledge`: the owner agrees, and the link goes out.
pub(super) async fn acknowledge(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let Some(email) = visit.session.as_ref().and_then(|s| s.pending.clone()) else {
        return send_to(&site, &visit, "/");
    };
    match crate::entropy::token() {
        Ok(token) => {
            site.memory().accounts.acknowledge(&email, token);
            send_to(&site, &visit, "/transfer")
        }
        Err(error) => broken(&site, &visit, &error.into()),
    }
}

/// `GET /transfer/confirm`: where the link of the e-mail leads. Changes
/// nothing: mail scanners follow links.
pub(super) async fn link_page(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let token = visit.query("token").unwrap_or_default().to_owned();
    let holder = {
        let memory = site.memory();
        let holder = memory.accounts.holder_of(&token);
        holder.map(|(email, pending)| (email.to_owned(), pending.reason))
    };
    match holder {
        Some((email, reason)) => {
            let values = context! { email, reason => reason.name(), token };
            show(&site, &visit, Page::ok("confirm", values))
        }
        None => dead_link(&site, &visit),
    }
}

/// `POST /transfer/confirm`: the account is moved.
pub(super) async fn confirm(
    State(site): State<Arc<Site>>,
    visit: Visit,
    body: Bytes,
) -> HttpResponse {
    let token = url::form_urlencoded::parse(&body)
        .find(|(name, _)| name == "token")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let reason = site.memory().accounts.confirm(&token);
    match reason {
        Some(reason) => show(
            &site,
            &visit,
            Page::ok("confirmed", context! { reason => reason.name() }),
        ),
        None => dead_link(&site, &visit),
    }
}

fn dead_link(site: &Site, visit: &Visit) -> HttpResponse {
    let page = Page {
        template: "message",
        kind: "dead-link",
        status: StatusCode::GONE,
        values: context! { message => "dead-link" },
    };
    show(site, visit, page)
}

/// Any other address.
pub(super) async fn not_found(State(site): State<Arc<Site>>, visit: Visit) -> HttpResponse {
    let page = Page {
        template: "message",
        kind: "not-found",
        status: StatusCode::NOT_FOUND,
        values: context! { message => "not-found" },
    };
    show(&site, &visit, page)
}
