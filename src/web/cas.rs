//! `/cas/<short name>/<seal>`: where the CAS server sends people back to. Its logout notices come to
//! the same address ([`cas_notice`]).

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::Uri,
    response::Response as HttpResponse,
};
use percent_encoding::percent_decode_str;

use super::{
    Front,
    cas_notice::{self, Brought},
    reply,
    stops::HttpFault,
    visitor,
};
use crate::{
    authn::cas::{Ticket, notice::MAX_NOTICE_BYTES},
    flow::CasReturn,
};

/// `GET /cas/…`: takes the ticket that a person brings, or the logout notice that their browser does.
pub(super) async fn come_back(
    State(front): State<Arc<Front>>,
    step: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> HttpResponse {
    let headers = request.headers();
    let query = query_of(request.uri());
    if query.len() > MAX_NOTICE_BYTES {
        return reply::plain_stop(&front, headers, HttpFault::QueryTooLong);
    }
    let visit = visitor::visit(&front, &request);
    let (Ok(ticket), Ok(notice)) = (ticket_of(query), Brought::of(query)) else {
        return reply::plain_stop(&front, headers, HttpFault::ForgedAddress);
    };
    match (step, ticket, notice) {
        // By its content, whatever the address is.
        (_, None, Some(notice)) => cas_notice::take_brought(&front, &notice, visit.address).await,
        (Ok(Path((sp, seal))), ticket, None) => {
            let back = CasReturn { sp, seal, ticket };
            let end = front.bridge.take_ticket(back, &visit).await;
            reply::to_step(&front, headers, end)
        }
        (Ok(_) | Err(_), _, _) => reply::plain_stop(&front, headers, HttpFault::ForgedAddress),
    }
}

/// What comes with an address of ours: its query, as a rule.
pub(super) fn query_of(address: &Uri) -> &str {
    let query = address.query().or_else(|| behind_the_seal(address.path()));
    query.unwrap_or_default()
}

/// A notice that stands right behind the seal, without a question mark: so Apereo CAS 7 writes the
/// address of an unseen frame (`IFRAME`). No seal has an equals sign.
fn behind_the_seal(path: &str) -> Option<&str> {
    path.get(path.find("logoutRequest=")?..)
}

/// A parameter comes twice, or its value is none of its kind.
#[derive(Debug)]
pub(super) struct NotOne;

/// Reads the ticket; none where no parameter bears its name, in whatever spelling.
fn ticket_of(query: &str) -> Result<Option<Ticket>, NotOne> {
    let text = parameter(query, "ticket")?;
    let ticket = text.map(|text| Ticket::parse(&text).map_err(|_fault| NotOne));
    ticket.transpose()
}

/// The value of the one parameter that bears a name, in whatever spelling.
pub(super) fn parameter(query: &str, wanted: &str) -> Result<Option<String>, NotOne> {
    let mut found = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        percent_decode_str(name).eq(wanted.bytes()).then_some(value)
    });
    let Some(raw) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(NotOne);
    }
    let text = percent_decode_str(raw).decode_utf8();
    text.map(|text| Some(text.into_owned()))
        .map_err(|_not_utf8| NotOne)
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
