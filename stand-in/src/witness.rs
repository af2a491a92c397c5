//! samael's word alone, as JSON, for the test that compares service providers.
//!
//! The site that behaves like Zoom adds rules of its own (`reading`). Here samael's are the only ones;
//! which requests are open is what it asks its user to keep. A message that names no request is one that
//! nobody asked for, and is taken, as samael can be told to. What is served is what
//! `tests/peers/peer.py` says, with the `AssertionConsumerService` at the site's address.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{Html, IntoResponse as _, Response as HttpResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::ValueEnum as _;
use samael::service_provider::ServiceProvider;
use serde_json::{Value, json};

use crate::idp::Idp;
use crate::reading::{self, Received, Shell};
use crate::sp::{self, Algorithms, Carrier, Identity, RequestBinding};
use crate::sp_metadata::{self, escape};

const MAX_BODY_BYTES: usize = 1 << 20;
const RELAY_STATE: &str = "/after";

/// A service provider that is nothing but samael.
pub(crate) struct Witness {
    identity: Identity,
    samael: ServiceProvider,
    /// The IDs of the requests that nobody has answered.
    open: Mutex<BTreeSet<String>>,
}

impl Witness {
    /// Puts it together.
    ///
    /// # Errors
    ///
    /// The certificate cannot be read.
    pub(crate) fn new(identity: Identity, idp: &Idp) -> anyhow::Result<Self> {
        let pair = identity.pair.as_ref();
        Ok(Self {
            samael: sp::witness(&identity.entity_id, &identity.acs_url(), pair, idp)?,
            identity,
            open: Mutex::default(),
        })
    }

    fn request(
        &self,
        binding: RequestBinding,
        algorithms: Algorithms<'_>,
    ) -> anyhow::Result<HttpResponse> {
        let (identity, relay_state) = (&self.identity, Some(RELAY_STATE));
        let request = sp::request(identity, &self.samael, binding, relay_state, algorithms)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(request.id);
        Ok(match request.carrier {
            Carrier::Redirect(url) => (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
            Carrier::Form {
                action,
                saml_request,
            } => Html(format!(
                "<!doctype html><form method=\"post\" action=\"{}\">\
                 <input type=\"hidden\" name=\"SAMLRequest\" value=\"{saml_request}\">\
                 <input type=\"hidden\" name=\"RelayState\" value=\"{RELAY_STATE}\">\
                 <button>Go on</button></form>",
                escape(&action)
            ))
            .into_response(),
        })
    }

    /// What samael read in the message, or why it refuses.
    fn read(&self, message: &str, relay_state: Option<&str>) -> Result<Value, String> {
        let ours = |fault: String| format!("application: {fault}");
        let xml = reading::decode(message).map_err(ours)?;
        let shell = Shell::read(&xml).map_err(ours)?;
        let unasked = shell.in_response_to.is_none();
        let claimed = shell.in_response_to.clone().unwrap_or_default();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<&str> = open.get(&claimed).into_iter().map(String::as_str).collect();
        let samael = ServiceProvider {
            allow_idp_initiated: unasked,
            ..self.samael.clone()
        };
        let assertion = samael
            .parse_xml_response(&xml, Some(&ids))
            .map_err(|error| error.to_string())?;
        let received = Received::take(&assertion).ok_or("application: no NameID or no session")?;
        open.remove(&claimed);
        let attributes: BTreeMap<_, _> = received
            .attributes
            .iter()
            .map(|attribute| (&attribute.name, &attribute.values))
            .collect();
        Ok(json!({
            "ok": true,
            "name_id": received.name_id,
            "name_id_format": received.name_id_format,
            "attributes": attributes,
            "session_index": received.session_index,
            "in_response_to": shell.in_response_to,
            "relay_state": relay_state,
        }))
    }
}

/// The site.
pub(crate) fn router(witness: Witness) -> Router {
    Router::new()
        .route("/metadata", get(metadata))
        .route("/login", get(login))
        .route("/saml/SSO", post(acs))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(witness))
}

async fn metadata(State(witness): State<Arc<Witness>>) -> HttpResponse {
    let kind = [(CONTENT_TYPE, "application/samlmetadata+xml")];
    sp_metadata::write(&witness.identity).map_or_else(
        |error| broken(&error),
        |metadata| (kind, metadata).into_response(),
    )
}

/// `GET /login?binding=…&signature=…&digest=…`, the last two as URIs.
async fn login(
    State(witness): State<Arc<Witness>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> HttpResponse {
    let default = Algorithms::default();
    let or = |name, default| query.get(name).map_or(default, String::as_str);
    let algorithms = Algorithms {
        signature: or("signature", default.signature),
        digest: or("digest", default.digest),
    };
    let binding = query
        .get("binding")
        .map_or(Ok(RequestBinding::default()), |word| {
            RequestBinding::from_str(word, false).map_err(anyhow::Error::msg)
        });
    binding
        .and_then(|binding| witness.request(binding, algorithms))
        .unwrap_or_else(|error| broken(&error))
}

/// `POST /saml/SSO`: the `AssertionConsumerService`.
async fn acs(State(witness): State<Arc<Witness>>, body: Bytes) -> HttpResponse {
    let form: BTreeMap<_, _> = url::form_urlencoded::parse(&body).collect();
    let field = |name: &str| form.get(name).map(AsRef::as_ref);
    match witness.read(
        field("SAMLResponse").unwrap_or_default(),
        field("RelayState"),
    ) {
        Ok(read) => Json(read).into_response(),
        Err(error) => {
            let said = json!({ "ok": false, "error": error });
            (StatusCode::FORBIDDEN, Json(said)).into_response()
        }
    }
}

fn broken(error: &anyhow::Error) -> HttpResponse {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response()
}
