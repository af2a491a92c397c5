//! The only redirects there are: to a step of our own, and to the configured CAS server.
//!
//! No target is ever read from a request.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    config::sp::WayIn,
    flow::Step,
    model::{journey::RelayState, short_name::ShortName},
};

/// The name by which a link to [`start_path`] names a `RelayState`.
pub const RELAY_STATE: &str = "RelayState";

/// Where trials begin.
pub const TRIALS: &str = "/test";

/// The path at which the trial of a provider begins: `/test/<short name>`.
pub fn trial_path(sp: &ShortName) -> String {
    format!("{TRIALS}/{sp}")
}

/// The path of a step: `/j/<short name>/<seal>`.
pub fn path_of(step: &Step) -> String {
    format!("/j/{}", step.path())
}

/// The path of our own page for a provider: `/start/<short name>`, with the `RelayState` that a link
/// names.
pub fn start_path(sp: &ShortName, named: Option<&RelayState>) -> String {
    let query = named.map_or_else(String::new, |named| {
        let encoded = utf8_percent_encode(named.as_str(), NON_ALPHANUMERIC);
        format!("?{RELAY_STATE}={encoded}")
    });
    format!("/start/{sp}{query}")
}

/// Where a sign-in to a provider starts: an address of its own, or a path of ours.
pub fn way_in(way_in: &WayIn) -> String {
    match way_in {
        WayIn::Theirs(link) => link.as_str().to_owned(),
        WayIn::Ours(sp) => start_path(sp, None),
    }
}

/// Sends the browser on to a step, by GET whatever it used (303).
pub fn go_on(step: &Step) -> HttpResponse {
    // A short name and base64url: always a header value.
    HeaderValue::try_from(path_of(step)).map_or_else(
        |_unheard_of| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |path| (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response(),
    )
}

/// Sends the browser to the CAS server, by GET whatever it used (303).
pub fn go_to_cas(address: &str) -> HttpResponse {
    // Printable ASCII: the configured address and an encoded one of ours.
    HeaderValue::try_from(address).map_or_else(
        |_unheard_of| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |address| (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::short_name::ShortName;

    #[test]
    fn r54_a_redirect_leads_to_a_path_of_ours() {
        let step = Step {
            sp: ShortName::parse("zoom").unwrap(),
            seal: "AbC_-9".to_owned(),
        };
        let response = go_on(&step);
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[header::LOCATION], "/j/zoom/AbC_-9");
    }
}
