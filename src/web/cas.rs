//! `/cas/<short name>/<seal>`: where the CAS server sends people back to.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response as HttpResponse,
};
use percent_encoding::percent_decode_str;

use super::{Front, journey::field, reply, visitor};
use crate::{
    authn::cas::{
        Ticket,
        notice::{self, MAX_NOTICE_BYTES},
    },
    edge::{limits::BodyFault, page::StopReason},
    flow::{CasReturn, logout::LogoutNotice},
    model::{chain::Chain, session::SessionEnd},
    sys::secret::Secret,
};

/// `GET /cas/…`: takes the ticket that a person brings.
pub(super) async fn take_ticket(
    State(front): State<Arc<Front>>,
    step: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let headers = request.headers();
    let (Ok(Path((sp, seal))), Ok(ticket)) =
        (step, ticket_of(request.uri().query().unwrap_or_default()))
    else {
        return reply::plain_stop(&front, headers, StopReason::JourneyForged);
    };
    let visit = visitor::visit(&front, &request);
    let back = CasReturn { sp, seal, ticket };
    let end = front.bridge.take_ticket(back, &visit).await;
    reply::to_step(&front, headers, end)
}

/// `POST /cas/…`: a logout notice, from the server itself. Nobody reads the answer, and so it is
/// none but a status.
pub(super) async fn take_logout_notice(
    State(front): State<Arc<Front>>,
    request: Request,
) -> StatusCode {
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
        Err(BodyFault::NotText | BodyFault::NotThere) => return StatusCode::BAD_REQUEST,
    };
    let Some(xml) = field(&form, "logoutRequest") else {
        return StatusCode::BAD_REQUEST;
    };
    let notice = match notice::read_posted(&xml) {
        Ok(ticket) => LogoutNotice {
            ticket,
            cause: SessionEnd::CasBackChannel,
            address: visit.address,
        },
        Err(fault) => {
            tracing::warn!(error.chain = %Chain(&fault), "a logout notice ended nothing");
            return StatusCode::BAD_REQUEST;
        }
    };
    match front.bridge.take_logout_notice(notice).await {
        Ok(()) => StatusCode::OK,
        Err(cause) => {
            tracing::warn!(error.cause = %cause, "a logout notice may have ended nothing");
            // The server tries once more after a second (Apereo CAS).
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Two tickets, or one that is none.
#[derive(Debug)]
struct NotOneTicket;

/// Reads the ticket; none where no parameter bears its name, in whatever spelling.
fn ticket_of(query: &str) -> Result<Option<Ticket>, NotOneTicket> {
    let mut tickets = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_ticket = percent_decode_str(name).eq(*b"ticket");
        is_ticket.then_some(value)
    });
    let Some(raw) = tickets.next() else {
        return Ok(None);
    };
    if tickets.next().is_some() {
        return Err(NotOneTicket);
    }
    let text = percent_decode_str(raw).decode_utf8();
    let text = text.map_err(|_not_utf8| NotOneTicket)?;
    Ticket::parse(&text)
        .map(Some)
        .map_err(|_fault| NotOneTicket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r61_one_ticket_or_none_and_nothing_in_between() {
        for none in ["", "a=1", "Ticket=ST-1", "lang=fr&x"] {
            assert!(ticket_of(none).unwrap().is_none(), "{none}");
        }
        let one = ticket_of("lang=fr&ticket=ST-1-abc%2Dcas.example.org");
        assert_eq!(one.unwrap().unwrap().as_str(), "ST-1-abc-cas.example.org");
        for bad in [
            "ticket=ST-1&ticket=ST-1",
            "ticket=ST-1&%74icket=ST-2",
            "ticket=",
            "ticket",
            "ticket=PT-1",
            "ticket=ST-%00",
            "ticket=ST-%ff",
            "ticket=ST-1%26service=x",
        ] {
            assert!(ticket_of(bad).is_err(), "{bad}");
        }
    }
}
