//! Logout notices of the CAS server, at the address that it sent the person back to: posted by the
//! server (back channel), or brought by the person's browser (front channel).
//!
//! A page of any site can have a browser bring one. It proves nothing but that its sender knows a ticket,
//! no cookie is looked at, and the answer is the same whether a session has ended or not.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse as _, Response as HttpResponse},
};

use super::{
    Front,
    cas::{NotOne, parameter, query_of},
    journey::field,
    reply, visitor,
};
use crate::{
    authn::cas::notice::{self, MAX_NOTICE_BYTES, SignOutState},
    edge::{limits::BodyFault, location::go_to_cas},
    flow::logout::LogoutNotice,
    model::{chain::Chain, session::SessionEnd},
    sys::secret::Secret,
};

/// `POST /cas/…`: a logout notice, from the server itself. Nobody reads the answer, and so it is
/// none but a status.
pub(super) async fn take_posted(State(front): State<Arc<Front>>, request: Request) -> StatusCode {
    let visit = visitor::visit(&front, &request);
    let from = &front.notices_from;
    if !from.is_empty() && !from.iter().any(|network| network.contains(&visit.address)) {
        tracing::warn!(peer.address = %visit.address, "a logout notice from elsewhere");
        return StatusCode::FORBIDDEN;
    }
    let (parts, body) = request.into_parts();
    if !reply::is_form(&parts.headers) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    let form = match front.bodies.read_text(body, MAX_NOTICE_BYTES).await {
        Ok(form) => Secret::from(form),
        Err(BodyFault::TooLarge) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(BodyFault::TooMany) => return StatusCode::SERVICE_UNAVAILABLE,
        Err(BodyFault::Late) => return StatusCode::REQUEST_TIMEOUT,
        Err(BodyFault::NotText | BodyFault::NotThere) => return StatusCode::BAD_REQUEST,
    };
    let Some(xml) = field(&form, "logoutRequest") else {
        return StatusCode::BAD_REQUEST;
    };
    let ticket = notice::read_posted(&xml);
    let read = ticket.map(|ticket| LogoutNotice {
        ticket,
        cause: SessionEnd::CasBackChannel,
        state: None,
        address: visit.address,
    });
    match take(&front, read).await {
        Ok(_) => StatusCode::OK,
        Err(status) => status,
    }
}

/// Whether a browser brings a notice with this address.
pub(super) fn is_brought_with(address: &Uri) -> bool {
    address.path().starts_with("/cas/")
        && Brought::of(query_of(address)).is_ok_and(|brought| brought.is_some())
}

/// What a browser brings of a logout.
#[derive(Debug)]
pub(super) struct Brought {
    /// The notice, deflated and in base64.
    packed: Secret,
    /// Where in its sign-out the server wants the browser back.
    state: Option<SignOutState>,
    /// What the script of its page waits for.
    callback: Option<Callback>,
}

impl Brought {
    /// Reads a query; none where it holds no notice. `SAMLRequest` is the name of Apereo CAS 4,
    /// `logoutRequest` that of later ones.
    pub(super) fn of(query: &str) -> Result<Option<Self>, NotOne> {
        let (new, old) = (
            parameter(query, "logoutRequest")?,
            parameter(query, "SAMLRequest")?,
        );
        let packed = match (new, old) {
            (Some(packed), None) | (None, Some(packed)) => Secret::from(packed),
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(NotOne),
        };
        let state = parameter(query, "RelayState")?.and_then(|text| {
            let state = SignOutState::parse(&text);
            if state.is_none() {
                // Nobody has proven where it comes from: not a word of it is written down.
                tracing::warn!(
                    relay_state.length = text.len(),
                    "a logout notice came with a RelayState that no CAS server writes"
                );
            }
            state
        });
        let callback = parameter(query, "callback")?;
        Ok(Some(Self {
            packed,
            state,
            callback: callback.and_then(|text| Callback::parse(&text)),
        }))
    }
}

/// The function that a page of the CAS server defines to learn that its script was loaded (JSONP).
///
/// The name that jQuery makes, which that page is written with, and no other: whoever includes our answer
/// as a script runs it in their own page, but nothing that they choose may stand in an answer of ours.
#[derive(Debug)]
struct Callback(String);

impl Callback {
    /// More digits than jQuery writes.
    const MAX_DIGITS: usize = 40;

    fn parse(text: &str) -> Option<Self> {
        let (expando, count) = text.strip_prefix("jQuery")?.split_once('_')?;
        let is_number = |part: &str| {
            (1..=Self::MAX_DIGITS).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        (is_number(expando) && is_number(count)).then(|| Self(text.to_owned()))
    }
}

/// `GET /cas/…` with a notice. The networks that notices are taken from are the server's, and not those
/// of people's browsers: they are not asked about here. Where notices of browsers do not count, they are
/// answered all the same: the sign-out at the CAS server goes on.
pub(super) async fn take_brought(
    front: &Front,
    brought: &Brought,
    address: IpAddr,
) -> HttpResponse {
    let packed = std::str::from_utf8(brought.packed.expose()).unwrap_or_default();
    let ticket = notice::read_brought(packed);
    let read = ticket.map(|ticket| LogoutNotice {
        ticket,
        cause: SessionEnd::CasFrontChannel,
        state: brought.state.clone(),
        address,
    });
    match (take(front, read).await, &brought.callback) {
        (Ok(_), Some(Callback(name))) => {
            let kind = "text/javascript; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], format!("{name}();")).into_response()
        }
        (Ok(Some(next)), None) => go_to_cas(&next),
        (Ok(None), None) => StatusCode::OK.into_response(),
        (Err(status), _) => status.into_response(),
    }
}

/// Has what was read end the session; says where the browser goes on.
async fn take(
    front: &Front,
    read: Result<LogoutNotice, notice::NoticeFault>,
) -> Result<Option<String>, StatusCode> {
    let notice = read.map_err(|fault| {
        tracing::warn!(error.chain = %Chain(&fault), "a logout notice ended nothing");
        StatusCode::BAD_REQUEST
    })?;
    if notice.cause == SessionEnd::CasFrontChannel && !front.takes_brought_notices {
        tracing::warn!(peer.address = %notice.address, "a logout notice by a browser was passed over");
        return Ok(front.bridge.way_back(notice.state.as_ref()));
    }
    front
        .bridge
        .take_logout_notice(notice)
        .await
        .map_err(|cause| {
            tracing::warn!(error.cause = %cause, "a logout notice may have ended nothing");
            // The server tries once more after a second (Apereo CAS).
            StatusCode::SERVICE_UNAVAILABLE
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_a_name_that_jquery_makes() {
        for good in ["jQuery351012345678901234567_1700000000000", "jQuery1_1"] {
            assert_eq!(Callback::parse(good).unwrap().0, good);
        }
        let long = format!("jQuery{}_1", "1".repeat(41));
        for bad in [
            "",
            "alert(1)",
            "alert",
            "jQuery",
            "jQuery_",
            "jQuery1_",
            "jQuery_1",
            "jQuery1_1.x",
            "jQuery1_1;alert(1)",
            "jQuery1_1_1",
            "jQuery1_\u{661}",
            "jquery1_1",
            " jQuery1_1",
            "jQuery1_1\n",
            &long,
        ] {
            assert!(Callback::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn r66_one_notice_or_none_and_nothing_in_between() {
        for none in [
            "",
            "ticket=ST-1",
            "logoutrequest=x",
            "RelayState=e1s1&callback=jQuery1_1",
        ] {
            assert!(Brought::of(none).unwrap().is_none(), "{none}");
        }
        for name in ["logoutRequest", "SAMLRequest", "%6cogoutRequest"] {
            let query = format!("callback=jQuery1_2&{name}=a%2Bb%3D&_=3&RelayState=e1s2");
            let brought = Brought::of(&query).unwrap().unwrap();
            assert_eq!(brought.packed.expose(), b"a+b=");
            assert_eq!(brought.state.unwrap().as_str(), "e1s2");
            assert_eq!(brought.callback.unwrap().0, "jQuery1_2");
        }
        for bad in [
            "logoutRequest=x&logoutRequest=x",
            "logoutRequest=x&SAMLRequest=x",
            "logoutRequest=x&%6cogoutRequest=y",
            "logoutRequest=%ff",
            "logoutRequest=x&RelayState=a&RelayState=b",
            "logoutRequest=x&callback=a&callback=b",
        ] {
            assert!(Brought::of(bad).is_err(), "{bad}");
        }
    }
}
