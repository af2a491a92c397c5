//! `/j/<short name>/<seal>`: our own steps.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response as HttpResponse,
};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::{Front, reply, stops::HttpFault, visitor};
use crate::{
    edge::browser::is_from_our_page,
    flow::{SentForm, SentNotice},
    sys::secret::Secret,
};

/// A name and a password, percent-encoded, and the form key; or a sealed proof.
const MAX_FORM_BYTES: usize = 32 * 1024;

/// `GET /j/…`: goes on with a journey.
pub(super) async fn resume(
    State(front): State<Arc<Front>>,
    step: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let Ok(Path((sp, seal))) = step else {
        return reply::plain_stop(&front, request.headers(), HttpFault::ForgedAddress);
    };
    let visit = visitor::visit(&front, &request);
    let chosen = visitor::chosen_language(&request);
    let end = front.bridge.resume(&sp, &seal, &visit).await;
    reply::to_step_in(&front, request.headers(), chosen, end)
}

/// `POST /j/…`: the form for name and password, or that of a page after it.
pub(super) async fn take_form(
    State(front): State<Arc<Front>>,
    step: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let Ok(Path((sp, seal))) = step else {
        return reply::plain_stop(&front, request.headers(), HttpFault::ForgedAddress);
    };
    let visit = visitor::visit(&front, &request);
    let (parts, body) = request.into_parts();
    if !is_ours(&front, &parts.headers) {
        return reply::plain_stop(&front, &parts.headers, HttpFault::ForgedForm);
    }
    let form = match front.bodies.read_text(body, MAX_FORM_BYTES).await {
        Ok(form) => Secret::from(form),
        Err(fault) => return reply::body_stop(&front, &parts.headers, fault),
    };
    let form_key = field(&form, "csrf").unwrap_or_default();
    if let Some(proof) = field(&form, "proof") {
        let sent = SentNotice {
            sp,
            seal,
            form_key,
            proof,
        };
        let end = front.bridge.take_notice(sent, &visit).await;
        return reply::to_step(&front, &parts.headers, end);
    }
    let sent = SentForm {
        sp,
        seal,
        form_key,
        login: field(&form, "username").unwrap_or_default(),
        password: Secret::from(field(&form, "password").unwrap_or_default()),
    };
    let end = front.bridge.take_password(sent, &visit).await;
    reply::to_step(&front, &parts.headers, end)
}

/// Whether a form was sent by a page of ours.
pub(super) fn is_ours(front: &Front, headers: &HeaderMap) -> bool {
    reply::is_form(headers) && is_from_our_page(headers, &front.origin)
}

/// Reads one field of a form. A field that comes twice, or is no text, is none.
pub(super) fn field(form: &Secret, name: &str) -> Option<String> {
    let form = std::str::from_utf8(form.expose()).ok()?;
    let mut found = form
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name);
    let (_, raw) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let spaced = Zeroizing::new(raw.replace('+', " "));
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_decoded_once_and_believed_when_it_comes_once() {
        let form = Secret::from("a=1+%2B%C3%A9&b=&c=1&c=2&d=%ff".to_owned());
        assert_eq!(field(&form, "a").as_deref(), Some("1 +é"));
        assert_eq!(field(&form, "b").as_deref(), Some(""));
        for name in ["c", "d", "e"] {
            assert_eq!(field(&form, name), None, "{name}");
        }
    }
}
