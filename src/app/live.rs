//! The configuration that counts, and how another one takes its place while the server runs.
//!
//! A request is answered from beginning to end by the configuration that counted when it came. What takes
//! the place of another one was built and checked whole before; what cannot be used changes nothing.

use std::{
    collections::HashSet,
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::{
    BoxError, Router,
    body::{Bytes, HttpBody},
    http::Request,
    routing::future::RouteFuture,
};
use axum_server::tls_openssl::OpenSSLConfig;
use jiff::Timestamp;
use tokio::signal::unix::Signal;
use tower::Service;

use super::{
    build::{self, Basis, Built},
    duties::{self, Due, OurCertificate},
    in_time::{InTime, NotInTime},
    lasting::Lasting,
    look::held,
    typed::{from_anywhere, typed},
};
use crate::{
    audit::Event,
    config::{
        Config,
        environment::Environment,
        fault::ConfigFault,
        sections::{Alerts, Server},
    },
    control::Duty,
    metadata::registry::{Registry, SpState},
    model::{chain::Chain, short_name::ShortName},
    telemetry::metrics,
    web::{self, Front},
};

/// How long a reload may read, in which the slowest start has done it: whoever asks for one over the control socket waits
/// for longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// The server that runs.
#[derive(Debug)]
pub struct Live {
    pub(super) path: PathBuf,
    environment: Environment,
    /// When the process began.
    pub(super) begun_at: Timestamp,
    current: ArcSwap<Snapshot>,
    /// One after the other.
    reloading: Mutex<()>,
    /// What reads for them.
    reader: InTime,
    /// What our listener shows, where it speaks TLS.
    tls: OnceLock<OpenSSLConfig>,
}

/// One configuration, as it is served.
#[derive(Debug)]
pub struct Snapshot {
    /// What the routes work with.
    pub front: Arc<Front>,
    /// `[server]`, as far as it can change.
    pub server: Server,
    /// When it took over.
    pub since: Timestamp,
    /// `[alerts]`
    pub(super) alerts: Option<Alerts>,
    /// Our own certificates, and when each ends.
    certificates: Arc<[OurCertificate]>,
    routes: Router,
    metrics: Router,
    pub(super) lasting: Lasting,
    pub(super) basis: Arc<Basis>,
}

impl Snapshot {
    /// The same with another front: other providers, and all else as it was.
    pub(super) fn with(&self, front: Front) -> Self {
        let front = Arc::new(front);
        Self {
            routes: web::router(Arc::clone(&front)),
            metrics: metrics_of(&front, &self.certificates),
            front,
            server: self.server.clone(),
            since: self.since,
            alerts: self.alerts.clone(),
            certificates: Arc::clone(&self.certificates),
            lasting: self.lasting.clone(),
            basis: Arc::clone(&self.basis),
        }
    }

    /// What time it is.
    pub(super) fn now(&self) -> Timestamp {
        self.lasting.clock.now()
    }

    /// What must be done for whom, at `now`.
    pub(super) fn duties(&self, now: Timestamp) -> Vec<Duty> {
        duties::of(&self.front.bridge, &self.certificates, now)
    }

    /// The same, with what each is about.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Due> {
        duties::due(&self.front.bridge, &self.certificates, now)
    }
}

/// A configuration that took over, and what an administrator should know of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Taken {
    /// What is wrong with single providers, in their metadata or by their own rules: the others are served
    /// all the same.
    pub faults_of_providers: Vec<ConfigFault>,
    /// What counts after a restart only.
    pub needs_restart: Vec<ConfigFault>,
    /// What is not wrong yet.
    pub warnings: Vec<ConfigFault>,
}

impl Live {
    /// Begins with what was built from the file at `path`, and tells the log what is wrong with it.
    pub fn begin(path: &Path, environment: Environment, built: Built) -> Arc<Self> {
        let (snapshot, _told) = settle(built, path);
        Arc::new(Self {
            path: path.to_owned(),
            environment,
            begun_at: snapshot.since,
            current: ArcSwap::from_pointee(snapshot),
            reloading: Mutex::default(),
            reader: InTime::default(),
            tls: OnceLock::new(),
        })
    }

    /// What counts now.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Reads the configuration and all that it names again. It takes over as a whole, or not at all; log and
    /// audit say which.
    ///
    /// Takes as long as a start: not for a thread that serves requests.
    ///
    /// # Errors
    ///
    /// Every fault, as a start would tell them; and the metadata of a provider that people can sign in to now
    /// and could not afterwards. What counted before goes on.
    pub fn reload(&self, asked_by: &str) -> Result<Taken, Vec<ConfigFault>> {
        let _one_at_a_time = self.one_at_a_time();
        let taken = self.replace();
        match &taken {
            Ok(_) => {
                let current = self.current.load();
                let now = current.lasting.clock.now();
                let answered: Vec<_> = answered(&current.front.bridge.registry, now).collect();
                let answered = &*answered;
                Event::Reloaded { asked_by, answered }.write();
            }
            Err(faults) => {
                for fault in faults {
                    tracing::error!(
                        config.fault = %typed(&fault.to_string(), &from_anywhere(&self.path)),
                        asked.by = asked_by,
                        "a configuration was not taken, and the one before it goes on"
                    );
                }
            }
        }
        taken
    }

    /// Whoever would have something else count waits here for its turn.
    pub(super) fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `snapshot` count, for whoever has [its turn](Self::one_at_a_time).
    pub(super) fn put(&self, snapshot: Snapshot) {
        self.current.store(Arc::new(snapshot));
    }

    fn replace(&self) -> Result<Taken, Vec<ConfigFault>> {
        let before = self.current();
        let running = Arc::clone(&before.front.bridge.registry);
        let (path, environment) = (self.path.clone(), self.environment.clone());
        let lasting = before.lasting.clone();
        let built = self.reader.read(PATIENCE, move || {
            build::load_again(&path, &environment, &lasting, running)
        });
        // A file system that hangs keeps a thread, and not the turn of whoever comes next: a version of metadata that is
        // given meanwhile, or decided on, counts.
        let built = built.map_err(|fault| vec![self.not_in_time(&fault)])??;
        let now = before.lasting.clock.now();
        let broken: HashSet<_> = built
            .front
            .bridge
            .registry
            .states(now)
            .filter_map(|(name, state)| (state == SpState::Broken).then_some(name))
            .collect();
        if answered(&before.front.bridge.registry, now).any(|name| broken.contains(name)) {
            return Err(built.faults_of_providers);
        }
        if built.basis.config.base_url != before.basis.config.base_url {
            return Err(vec![
                self.another_server(&before.basis.config, &built.basis.config),
            ]);
        }
        let strange = self.strange_keys(&before.front, &built.front, now);
        if !strange.is_empty() {
            return Err(strange);
        }
        if let (Some(shown), Some(tls)) = (self.tls.get(), &built.tls) {
            shown.reload_from_acceptor(tls.get_inner());
        }
        let (snapshot, taken) = settle(built, &self.path);
        self.put(snapshot);
        Ok(taken)
    }

    fn not_in_time(&self, fault: &NotInTime) -> ConfigFault {
        let mut told = ConfigFault::of_file(&self.path, Chain(fault).to_string());
        told.hint("look whether each file that it names can be read, and reload once more");
        told
    }

    /// Another address makes other names of ours, which no provider knows.
    fn another_server(&self, before: &Config, after: &Config) -> ConfigFault {
        let known = before.entity_id();
        let mut fault = ConfigFault {
            key: "base-url".to_owned(),
            line: after.lines.of("base-url"),
            ..ConfigFault::of_file(
                &self.path,
                format!("is another one: service providers know this server as {known}"),
            )
        };
        fault.hint(
            "a restart takes it; first give every provider the metadata with the new address",
        );
        fault
    }

    /// The providers for which `after` would sign with a key that they cannot have: one that `before` does not
    /// publish, or in a roll-over the one before theirs, where they were switched and nobody has switched them back
    /// . Without a roll-over a provider that comes with its key is none.
    pub(super) fn strange_keys(
        &self,
        before: &Front,
        after: &Front,
        now: Timestamp,
    ) -> Vec<ConfigFault> {
        let has_next =
            |front: &Front| { front.bridge.providers.values() }.any(|it| it.next.is_some());
        let (was_on, is_on) = (has_next(before), has_next(after));
        let mut strange = Vec::new();
        for (name, provider) in &after.bridge.providers {
            let known = before.bridge.providers.get(name);
            if !was_on && !is_on && known.is_none() {
                continue;
            }
            let certificate = provider.signer_at(now).certificate_base64();
            let goes_back = known.is_some_and(|known| {
                known.signer_at(now).certificate_base64() != certificate
                    && known.signer.certificate_base64() == certificate
            });
            let next = provider.next.as_ref();
            // Otherwise it is still to be switched, and to a key that cannot sign for it any more.
            let is_meant = next.is_some_and(|next| !next.has_come(now));
            let (what, hint) = if !before.metadata.contains(certificate) {
                if was_on {
                    (
                        "a third key, that nobody was told of",
                        "end it first: `passerelle keys rollover finish`",
                    )
                } else if !is_on {
                    (
                        "a key that our metadata does not hold yet",
                        "list it in keys.signing behind the others and reload, and have it sign once providers have \
                         our metadata; to replace a key: `passerelle keys rollover start`",
                    )
                } else {
                    (
                        "a key that our metadata does not hold yet",
                        "switch it back: `passerelle keys rollover switch NAME --back`; then reload, and switch it \
                         once it has taken our metadata",
                    )
                }
            } else if goes_back && !is_meant {
                (
                    "the key before the one that it has",
                    "have the next key sign for it as before, or switch it back first: `passerelle keys rollover \
                     switch NAME --back`",
                )
            } else {
                continue;
            };
            if provider.registered.config.enabled {
                let on = if was_on || is_on {
                    "a roll-over is on, and "
                } else {
                    ""
                };
                let what = format!("{on}sp.{name} would be answered with {what}");
                let mut told = ConfigFault {
                    key: "keys".to_owned(),
                    ..ConfigFault::of_file(&self.path, what)
                };
                let hint = hint.replace("NAME", name.as_str());
                told.hint(format!("{hint}; only a restart changes keys at once"));
                strange.push(told);
            }
        }
        strange.sort();
        strange
    }

    /// Has `shown`, what our listener shows of TLS, follow the configuration.
    pub(super) fn keeps_tls(&self, shown: &OpenSSLConfig) {
        // A second listener of one server there is none.
        let _ = self.tls.set(shown.clone());
    }

    /// The routes for people and providers.
    pub fn routes(self: &Arc<Self>) -> Current {
        Current {
            live: Arc::clone(self),
            routes: |snapshot| &snapshot.routes,
        }
    }

    /// The routes of `[metrics]`.
    pub fn metrics(self: &Arc<Self>) -> Current {
        Current {
            live: Arc::clone(self),
            routes: |snapshot| &snapshot.metrics,
        }
    }
}

/// The providers that people can sign in to at `now`.
pub(super) fn answered(registry: &Registry, now: Timestamp) -> impl Iterator<Item = &ShortName> {
    registry
        .states(now)
        .filter_map(|(name, state)| match state {
            SpState::Good | SpState::LastGood | SpState::Stale => Some(name),
            SpState::Broken | SpState::Disabled | SpState::Expired => None,
        })
}

/// Makes what is served of what was built: the log hears what an administrator should see to, and what can
/// be used of the metadata is kept.
fn settle(built: Built, path: &Path) -> (Snapshot, Taken) {
    let Built {
        front,
        server,
        tls: _,
        lasting,
        metrics: _,
        is_lab,
        faults_of_providers,
        alerts,
        certificates,
        needs_restart,
        warnings,
        to_keep,
        basis,
    } = built;
    let path = from_anywhere(path);
    let told = |fault: &ConfigFault| typed(&fault.to_string(), &path);
    for fault in &faults_of_providers {
        tracing::error!(config.fault = %told(fault), "something is wrong with a provider");
    }
    for (provider, error) in to_keep.keep() {
        tracing::error!(
            sp.short_name = %provider,
            error.cause = %error,
            "no copy of the metadata of a provider could be kept"
        );
    }
    for warning in warnings.iter().chain(&needs_restart) {
        tracing::warn!(config.warning = %told(warning), "an administrator should see to this");
    }
    if is_lab {
        tracing::warn!("lab = true: plain http is allowed; not for people");
    }
    let config = &basis.config;
    lasting.store.renew_keys(&config.keys.seal);
    let held = held(config.named());
    let sources = &lasting.sources;
    sources.follow(
        &config.service_providers,
        held.as_ref(),
        lasting.clock.now(),
    );
    let front = Arc::new(front);
    let certificates: Arc<[_]> = certificates.into();
    let snapshot = Snapshot {
        routes: web::router(Arc::clone(&front)),
        metrics: metrics_of(&front, &certificates),
        since: lasting.clock.now(),
        alerts,
        certificates,
        front,
        server,
        lasting,
        basis,
    };
    let taken = Taken {
        faults_of_providers,
        needs_restart,
        warnings,
    };
    (snapshot, taken)
}

/// The metrics of what is served with `front` and our own certificates.
fn metrics_of(front: &Arc<Front>, certificates: &Arc<[OurCertificate]>) -> Router {
    let ends = {
        let (front, certificates) = (Arc::clone(front), Arc::clone(certificates));
        move |now| duties::of(&front.bridge, &certificates, now)
    };
    metrics::router(Arc::clone(front), ends)
}

/// Reads the configuration again at each SIGHUP.
pub async fn reload_at(mut hangup: Signal, live: Arc<Live>) {
    while hangup.recv().await.is_some() {
        let live = Arc::clone(&live);
        let asked = tokio::task::spawn_blocking(move || live.reload("signal"));
        // The log has been told, of a fault of ours too.
        let _ = asked.await;
    }
}

/// Routes of whatever configuration counts when a request comes.
#[derive(Clone, Debug)]
pub struct Current {
    live: Arc<Live>,
    routes: fn(&Snapshot) -> &Router,
}

impl<B> Service<Request<B>> for Current
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        (self.routes)(&self.live.current.load())
            .clone()
            .call(request)
    }
}
