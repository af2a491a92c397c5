//! From an HTTP request to what `flow` and the pages need to know of its sender.

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, header},
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Front;
use crate::{
    edge::{
        browser::{Cookies, SESSION_COOKIE},
        limits::caller,
    },
    flow::Visit,
    model::language::Language,
};

/// The languages in which a page can be asked for in the query, beside everything else in it.
const LANGUAGE_PARAMETER: &str = "lang";

/// Reads what the browser brought.
pub(super) fn visit(front: &Front, request: &Request) -> Visit {
    let cookies = Cookies::read(request.headers());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| {
        caller(*peer, request.headers(), &front.trusted_proxies)
    });
    Visit {
        browser: cookies.browser,
        is_session_doubted: cookies.session.is_none() && names_session(request.headers()),
        session: cookies.session,
        address,
    }
}

/// Whether a cookie for a session came, in whatever form and however often.
pub(super) fn names_session(headers: &HeaderMap) -> bool {
    let name = SESSION_COOKIE.as_bytes();
    let mut cookies = headers.get_all(header::COOKIE).iter();
    cookies.any(|cookie| {
        let mut parts = cookie.as_bytes().windows(name.len());
        parts.any(|part| part == name)
    })
}

/// The language of a page: as chosen before, or as the browser prefers.
pub(super) fn language(headers: &HeaderMap) -> Language {
    Cookies::read(headers).language.unwrap_or_else(|| {
        headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .map_or_else(Language::default, Language::from_accept_language)
    })
}

/// The language that is chosen with this very request.
pub(super) fn chosen_language(request: &Request) -> Option<Language> {
    let query = request.uri().query()?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == LANGUAGE_PARAMETER)
        .and_then(|(_, tag)| Language::from_tag(tag))
}
