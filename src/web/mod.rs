//! The public routes: one file per page or endpoint.
//!
//! A handler unpacks, calls `flow` once, and lets [`reply`] make the page. What protects every
//! response whatever its route is put on here, outermost.

mod assets;
mod cas;
mod cas_notice;
mod health;
mod home;
mod journey;
mod logout;
mod metadata;
mod reply;
mod sso;
mod start;
mod stops;
mod trial;
mod visitor;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::{self, Next},
    response::Response as HttpResponse,
    routing::{get, post},
};
use ipnet::IpNet;
use tower_http::catch_panic::CatchPanicLayer;

use stops::HttpFault;

use crate::{
    edge::{
        connections::Connections,
        headers::{Framing, is_for_a_frame, protect},
        limits::Bodies,
        location::TRIALS,
        page::Pages,
    },
    flow::bridge::Bridge,
};
/// What the routes work with.
#[derive(Clone, Debug)]
pub struct Front {
    /// The sign-on.
    pub bridge: Bridge,
    /// The pages.
    pub pages: Arc<Pages>,
    /// Our scheme, host and port, from the configuration: never from a request.
    pub origin: String,
    /// The networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The networks that the CAS server posts logout notices from; any where there are none.
    pub notices_from: Vec<IpNet>,
    /// Whether logout notices that browsers bring end sessions.
    pub takes_brought_notices: bool,
    /// Our metadata, as it is served.
    pub metadata: String,
    /// Who is connected.
    pub connections: Arc<Connections>,
    /// What is being sent to us.
    pub bodies: Arc<Bodies>,
}

impl Front {
    fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Host and port as a browser sends them.
    fn authority(&self) -> &str {
        self.origin
            .split_once("://")
            .map_or("", |(_scheme, rest)| rest)
    }
}

/// Makes the routes. Every request must carry the address of its peer as
/// [`ConnectInfo`](axum::extract::ConnectInfo).
pub fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/", get(home::show))
        .route("/saml/sso", get(sso::redirect).post(sso::post))
        .route("/saml/metadata", get(metadata::show))
        .route("/saml/slo", get(logout::visit_slo).post(logout::not_taken))
        .route("/start/{sp}", get(start::show).post(start::begin))
        .route(
            "/j/{sp}/{seal}",
            get(journey::resume).post(journey::take_form),
        )
        .route(
            "/cas/{sp}/{seal}",
            get(cas::come_back).post(cas_notice::take_posted),
        )
        .route("/logout", get(logout::ask).post(logout::end))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route(Pages::STYLE_PATH, get(assets::style))
        .route(Pages::ICON_PATH, get(assets::icon))
        .merge(trials(&front))
        .method_not_allowed_fallback(other_method)
        .fallback(nothing_here)
        .layer(CatchPanicLayer::custom(net(Arc::clone(&front))))
        .layer(middleware::from_fn_with_state(Arc::clone(&front), guard))
        .with_state(front)
}

/// Where sign-ins are tried: nothing is there unless somebody may.
fn trials(front: &Front) -> Router<Arc<Front>> {
    if front.bridge.settings.testers.is_none() {
        return Router::new();
    }
    Router::new()
        .route(TRIALS, get(trial::show))
        .route("/test/{sp}", post(trial::begin))
}

/// The outermost layer: what is not for this host is turned away, what would be shown in a frame is done
/// nothing for, no request waits for the store for long, and every response is protected. What a browser of the CAS server's brings in an unseen
/// frame is no page, and taken.
async fn guard(State(front): State<Arc<Front>>, request: Request, next: Next) -> HttpResponse {
    let mut framing = Framing::Refused;
    let response = if !is_for_us(&front, &request) {
        reply::wrong_host(&front, &request)
    } else if is_for_a_frame(request.headers()) && !cas_notice::is_brought_with(request.uri()) {
        framing = Framing::Allowed;
        reply::plain_stop(&front, request.headers(), HttpFault::Framed)
    } else if request.method() == Method::HEAD && is_step(request.uri().path()) {
        // It would use a request up, and show the answer to nobody.
        let mut response = other_method(State(Arc::clone(&front)), request).await;
        let allowed = HeaderValue::from_static("GET,POST");
        response.headers_mut().insert(header::ALLOW, allowed);
        response
    } else {
        let store = &front.bridge.store;
        store.for_one_request(next.run(request)).await
    };
    protect(response, front.is_https(), framing)
}

/// Whether a GET of this path moves a sign-in on.
fn is_step(path: &str) -> bool {
    let is_journey = |rest: &str| rest.split('/').count() == 2;
    let rest = path.strip_prefix("/j/").or(path.strip_prefix("/cas/"));
    path == "/saml/sso" || rest.is_some_and(is_journey)
}

/// Whether the request names our host. Health is asked by machines, at whatever address
/// they know the node by. How a page looks is the same for everybody, and is asked for by the page that turns away.
fn is_for_us(front: &Front, request: &Request) -> bool {
    let for_all = ["/healthz", "/readyz", Pages::STYLE_PATH, Pages::ICON_PATH];
    if for_all.contains(&request.uri().path()) {
        return true;
    }
    let named = |authority: &str| authority.eq_ignore_ascii_case(front.authority());
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_named = hosts
        .next()
        .and_then(|host| host.to_str().ok())
        .is_some_and(named);
    let is_alone = hosts.next().is_none();
    let in_line = request
        .uri()
        .authority()
        .is_none_or(|authority| named(authority.as_str()));
    is_named && is_alone && in_line
}

/// A net and not a plan: whoever a fault of ours throws off the way reads a page and not a dead
/// connection. What was thrown is not looked at: it may hold anything.
fn net(
    front: Arc<Front>,
) -> impl Fn(Box<dyn std::any::Any + Send>) -> HttpResponse + Clone + Send + Sync + 'static {
    move |_thrown| reply::plain_stop(&front, &HeaderMap::new(), HttpFault::Thrown)
}

async fn nothing_here(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    reply::plain_stop(&front, request.headers(), HttpFault::NotFound)
}

async fn other_method(State(front): State<Arc<Front>>, request: Request) -> HttpResponse {
    reply::plain_stop(&front, request.headers(), HttpFault::MethodNotAllowed)
}
