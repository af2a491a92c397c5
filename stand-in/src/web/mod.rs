//! The site: routes, what they share, and how a visit is recognised.

mod account;
mod pages;
mod sign_in;
mod visit;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use samael::service_provider::ServiceProvider;
use tokio::net::TcpListener;

use crate::accounts::Accounts;
use crate::idp::Idp;
use crate::rules::Rules;
use crate::sessions::Sessions;
use crate::sp::{self, Identity, RequestBinding};

/// The largest body that is read.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What the site is and does; nothing here changes while it runs.
pub(crate) struct Settings {
    pub(crate) identity: Identity,
    pub(crate) idp: Idp,
    pub(crate) binding: RequestBinding,
    /// Sent with each request, and must come back to the byte.
    pub(crate) relay_state: Option<String>,
    pub(crate) rules: Rules,
}

/// The site with its memory.
pub(crate) struct Site {
    settings: Settings,
    witness: ServiceProvider,
    pages: pages::Pages,
    memory: Mutex<Memory>,
}

/// What changes.
#[derive(Default)]
struct Memory {
    sessions: Sessions,
    accounts: Accounts,
}

impl Site {
    /// Puts the site together.
    ///
    /// # Errors
    ///
    /// A template or the certificate cannot be read.
    pub(crate) fn new(settings: Settings) -> anyhow::Result<Self> {
        let identity = &settings.identity;
        Ok(Self {
            witness: sp::witness(
                &identity.entity_id,
                &identity.acs_url(),
                identity.pair.as_ref(),
                &settings.idp,
            )?,
            pages: pages::Pages::new()?,
            memory: Mutex::default(),
            settings,
        })
    }

    /// The memory, for as short as possible. A panic elsewhere does not shut the
    /// lab down.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of the site.
pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(account::home))
        .route("/profile", get(account::profile))
        .route("/start", get(account::wished))
        .route("/wished/{*rest}", get(account::wished))
        .route("/signout", get(account::sign_out).post(account::sign_out))
        .route("/accounts.json", get(account::list).delete(account::forget))
        .route("/transfer", get(account::transfer))
        .route("/transfer/acknowledge", post(account::acknowledge))
        .route(
            "/transfer/confirm",
            get(account::link_page).post(account::confirm),
        )
        .route("/saml/login", get(sign_in::login))
        .route("/saml/SSO", post(sign_in::acs).get(sign_in::acs_by_get))
        .route(
            "/saml/SingleLogout",
            get(sign_in::single_logout).post(sign_in::single_logout),
        )
        .route("/saml/metadata/sp", get(sign_in::metadata))
        .route("/style.css", get(pages::style))
        .fallback(account::not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(site))
}

/// Serves those routes until `stop` ends, then lets running requests finish.
///
/// # Errors
///
/// The listener failed.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop)
        .await
}
