//! The real server in process: built from a real configuration, asked through its own router,
//! with a clock that the test moves and randomness that repeats.
//!
//! [`Browser`] keeps to the cookie rules and looks at every response it gets: whatever a test is
//! about, no response may lack what protects it, and no form may lead to an address that is not
//! registered.

pub(crate) mod answer;
pub(crate) mod browser;
pub(crate) mod exchange;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod page;
pub(crate) mod request;
pub(crate) mod watch;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::{
        build,
        live::{Live, Taken},
    },
    config::{environment::Environment, fault::ConfigFault, sections::Server},
    metadata::registry::Registered,
    sys::{
        clock::{Clock, ManualClock},
        entropy::SeededEntropy,
    },
    web::{Front, router},
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use browser::Browser;
use keys::{Key, idp_key, intranet_key, library_key, zoom_key};
use request::AuthnRequest;

/// Where the server is reached.
pub(crate) const ORIGIN: &str = "https://idp.example.org";
/// Its entity ID.
pub(crate) const IDP: &str = "https://idp.example.org/saml/metadata";
/// Where requests go.
pub(crate) const SSO: &str = "https://idp.example.org/saml/sso";

/// Zoom, by the name of its metadata.
pub(crate) const ZOOM: &str = "univ-montp3-fr.zoom.us";
/// Zoom, by its other name.
pub(crate) const ZOOM_ALIAS: &str = "https://univ-montp3-fr.zoom.us";
/// Where Zoom takes answers by default: index 0.
pub(crate) const ZOOM_ACS: &str = "https://univ-montp3-fr.zoom.us/saml/SSO";
/// Where Zoom also takes answers: index 1.
pub(crate) const ZOOM_SECOND_ACS: &str = "https://univ-montp3-fr.zoom.us/saml/SSO/second";
/// Where a sign-in to Zoom starts.
pub(crate) const ZOOM_SIGN_IN: &str = "https://univ-montp3-fr.zoom.us/saml/login";
/// A provider that promises signed requests, has both signed, and knows people by persistent names.
pub(crate) const INTRANET: &str = "https://intranet.example.org/saml";
/// Where it takes answers.
pub(crate) const INTRANET_ACS: &str = "https://intranet.example.org/acs";
/// A provider whose Responses are signed and whose assertions are not, with persistent names.
pub(crate) const LIBRARY: &str = "https://library.example.net/sp";
/// Where it takes answers.
pub(crate) const LIBRARY_ACS: &str = "https://library.example.net/acs";
/// A provider that is switched off.
pub(crate) const CLOSED: &str = "https://closed.example.net/sp";

/// The password of everybody in the demo, and so of everybody here.
pub(crate) const PASSWORD: &str = "bienvenue";

/// What a server is built from.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Lines of `[server]`.
    pub(crate) server: String,
    /// More lines of `[authn.local]`.
    pub(crate) local: String,
    /// What stands in the place of `[authn]` and `[authn.local]`.
    pub(crate) authn: Option<String>,
    /// More lines of `[sp.zoom]`.
    pub(crate) zoom: String,
    /// Zoom's metadata.
    pub(crate) zoom_metadata: String,
    /// The file of people.
    pub(crate) people: String,
    /// More tables.
    pub(crate) more: String,
    /// The file of the keys that seal: the same in every server, so that a second one opens what the first one sealed.
    pub(crate) seal: String,
    /// The seed of all randomness.
    pub(crate) seed: u64,
    /// What the clock shows first.
    pub(crate) start: Timestamp,
}

impl Setup {
    /// Zoom as its preset has it, and three other providers.
    pub(crate) fn new() -> Self {
        Self {
            server: "listen = '127.0.0.1:0'\ntrusted-proxies = ['127.0.0.1']".to_owned(),
            local: String::new(),
            authn: None,
            zoom: String::new(),
            zoom_metadata: zoom_metadata(""),
            people: include_str!("../../../config/demo/people.toml").to_owned(),
            more: String::new(),
            seal: format!("{}A", "S".repeat(42)),
            seed: 1,
            start: "2026-11-26T08:00:00Z".parse().unwrap(),
        }
    }

    /// With more lines in `[sp.zoom]`.
    pub(crate) fn zoom(lines: &str) -> Self {
        Self {
            zoom: lines.to_owned(),
            ..Self::new()
        }
    }

    /// Builds the server.
    pub(crate) fn build(self) -> Bridge {
        self.build_changed(|_| ())
    }

    /// The same, after `change` of what its routes will work with: for what no configuration brings about.
    pub(crate) fn build_changed(self, change: impl FnOnce(&mut Front)) -> Bridge {
        let (folder, path) = self.write();
        Bridge::load_changed(folder, (&path, change), self.seed, self.start)
    }

    /// Writes the configuration and all that it names.
    pub(crate) fn write(&self) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = self.write_to(folder.path());
        (folder, path)
    }

    /// The same, in a folder that is there, over what stands there.
    pub(crate) fn write_to(&self, at: &Path) -> PathBuf {
        let write = |name: &str, content: &str| write(at, name, content);
        write("signing.pem", &idp_key().pem);
        write("idp.crt", &idp_key().certificate_pem());
        write("seal.keys", &self.seal);
        write("pairwise.key", &"p".repeat(43));
        write("people.toml", &self.people);
        write("zoom.xml", &self.zoom_metadata);
        let promises = r#"AuthnRequestsSigned="true" "#;
        write(
            "intranet.xml",
            &metadata(INTRANET, promises, intranet_key(), &[INTRANET_ACS]),
        );
        write(
            "library.xml",
            &metadata(LIBRARY, "", library_key(), &[LIBRARY_ACS]),
        );
        write(
            "closed.xml",
            &metadata(
                CLOSED,
                "",
                library_key(),
                &["https://closed.example.net/acs"],
            ),
        );
        write("passerelle.toml", &self.configuration())
    }

    /// Whether a start is stopped, and each fault that is told: its key, and what it is.
    pub(crate) fn faults(&self) -> (bool, Vec<String>) {
        let (_folder, path) = self.write();
        let clock = Arc::new(ManualClock::starting_at(self.start));
        let entropy = Arc::new(SeededEntropy::new(self.seed));
        let told = |ConfigFault { key, what, .. }: &ConfigFault| format!("{key}: {what}");
        let (stops, faults) = match build::load(&path, &Environment::default(), clock, entropy) {
            Ok(built) => (false, built.faults_of_providers),
            Err(faults) => (true, faults),
        };
        (stops, faults.iter().map(told).collect())
    }

    fn configuration(&self) -> String {
        let Self {
            server,
            local,
            zoom,
            more,
            ..
        } = self;
        let authn = self.authn.clone().unwrap_or_else(|| {
            format!("[authn]\nmethods = ['local']\n[authn.local]\npeople = 'people.toml'\n{local}")
        });
        format!(
            "base-url = '{ORIGIN}'
[server]
{server}
[keys]
signing = ['signing.pem']
seal = 'seal.keys'
pairwise = 'pairwise.key'
[organization]
name.fr = \"Université d'exemple\"
name.en = 'Example University'
url.fr = 'https://www.example.org'
technical-contact = 'sso@example.org'
mail-domains = ['univ-montp3.example', 'etu.univ-montp3.example', 'univ.example']
scopes = ['univ-montp3.example']
[support]
text.fr = \"Écrivez à l'assistance\"
text.en = 'Write to the help desk'
link = 'https://help.example.org'
password-link = 'https://password.example.org'
{authn}
[sp.zoom]
metadata = 'zoom.xml'
preset = 'zoom'
aliases = ['{ZOOM_ALIAS}']
sign-in-link = '{ZOOM_SIGN_IN}'
{zoom}
[sp.intranet]
metadata = 'intranet.xml'
preset = 'generic'
aliases = ['https://intranet.example.org/alias']
[sp.library]
metadata = 'library.xml'
preset = 'generic'
sign = 'response'
[sp.closed]
metadata = 'closed.xml'
preset = 'generic'
enabled = false
sign-in-link = 'https://closed.example.net/login'
{more}
"
        )
    }
}

/// Writes a file that nobody else may read.
pub(crate) fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Makes a folder that nobody else may look into, as the service wants that of its state to be.
pub(crate) fn make_own_folder(path: &Path) {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

/// Zoom's metadata, with more attributes on its `EntityDescriptor`.
pub(crate) fn zoom_metadata(attributes: &str) -> String {
    metadata(ZOOM, "", zoom_key(), &[ZOOM_ACS, ZOOM_SECOND_ACS]).replace(
        "<md:EntityDescriptor ",
        &format!("<md:EntityDescriptor {attributes} "),
    )
}

/// Metadata of a provider that takes answers at `services`, and artifacts at an address of its own.
pub(crate) fn metadata(entity_id: &str, promises: &str, key: &Key, services: &[&str]) -> String {
    let services: Vec<_> = services
        .iter()
        .enumerate()
        .map(|(index, location)| {
            format!(
                r#"<md:AssertionConsumerService index="{index}" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{location}"/>"#
            )
        })
        .collect();
    let services = services.concat();
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{entity_id}"><md:SPSSODescriptor {promises}protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{services}<md:AssertionConsumerService index="7" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://artifact.example.net/"/></md:SPSSODescriptor></md:EntityDescriptor>"#,
        key.certificate_base64()
    )
}

impl Bridge {
    /// What is told at the address of `[metrics]`.
    pub(crate) async fn metrics(&self) -> String {
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let router = Router::new().fallback_service(self.live.metrics());
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let body = to_bytes(answer.into_body(), 1024 * 1024).await.unwrap();
        let told = String::from_utf8(body.to_vec()).unwrap();
        let names =
            { told.lines() }.filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        for name in names {
            let manual = include_str!("../../../docs/watching.md");
            assert!(manual.contains(&format!("`{name}`")), "{name}");
        }
        told
    }
}

/// A clock that may fall to pieces.
#[derive(Debug)]
struct Breakable {
    clock: Arc<ManualClock>,
    is_broken: Arc<AtomicBool>,
}

impl Clock for Breakable {
    fn now(&self) -> Timestamp {
        assert!(
            !self.is_broken.load(Ordering::Relaxed),
            "the clock is broken"
        );
        self.clock.now()
    }

    fn passed(&self) -> Duration {
        self.clock.passed()
    }
}

/// A server, and the clock it goes by.
#[derive(Debug)]
pub(crate) struct Bridge {
    /// Its files.
    pub(crate) folder: TempDir,
    /// Its clock.
    pub(crate) clock: Arc<ManualClock>,
    /// Whether that is broken.
    is_clock_broken: Arc<AtomicBool>,
    /// What counts there, and can be replaced.
    pub(crate) live: Arc<Live>,
    /// What its routes work with at first.
    pub(crate) front: Arc<Front>,
    /// Its `[server]`.
    pub(crate) server: Server,
    requests: AtomicU64,
}

impl Bridge {
    /// The server of [`Setup::new`].
    pub(crate) fn new() -> Self {
        Setup::new().build()
    }

    /// Builds the server of the configuration at `path`.
    pub(crate) fn load(folder: TempDir, path: &Path, seed: u64, start: Timestamp) -> Self {
        Self::load_changed(folder, (path, |_: &mut Front| ()), seed, start)
    }

    fn load_changed(
        folder: TempDir,
        (path, change): (&Path, impl FnOnce(&mut Front)),
        seed: u64,
        start: Timestamp,
    ) -> Self {
        let clock = Arc::new(ManualClock::starting_at(start));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let is_clock_broken = Arc::default();
        let of_bridge = Arc::new(Breakable {
            clock: Arc::clone(&clock),
            is_broken: Arc::clone(&is_clock_broken),
        });
        let environment = Environment::default();
        let mut built = build::load(path, &environment, of_bridge, entropy)
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
        change(&mut built.front);
        let live = Live::begin(path, environment, built);
        let first = live.current();
        Self {
            folder,
            clock,
            is_clock_broken,
            front: Arc::clone(&first.front),
            server: first.server.clone(),
            live,
            // No two nodes of one service see one ID by chance.
            requests: AtomicU64::new(seed.saturating_sub(1) * 1_000_000),
        }
    }

    /// Its routes.
    pub(crate) fn router(&self) -> Router {
        router(Arc::clone(&self.front))
    }

    /// A browser that has never been here.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.router(), self.registered())
    }

    /// A browser that has never been here, and is answered by what counts when it asks.
    pub(crate) fn live_browser(&self) -> Browser {
        let routes = Router::new().fallback_service(self.live.routes());
        Browser::new(routes, self.registered())
    }

    /// Has a fault of ours throw off the way whoever comes from now on, wherever the time is asked for.
    pub(crate) fn break_clock(&self) {
        self.is_clock_broken.store(true, Ordering::Relaxed);
    }

    /// Has the configuration of `setup` take over.
    pub(crate) fn reload(&self, setup: &Setup) -> Result<Taken, Vec<ConfigFault>> {
        setup.write_to(self.folder.path());
        self.live.reload("a test")
    }

    /// Every address at which a provider takes answers.
    fn registered(&self) -> Vec<String> {
        let current = self.live.current();
        let providers = current.front.bridge.providers.values();
        providers
            .flat_map(|provider| provider.registered.post_services())
            .map(|service| service.location.as_str().to_owned())
            .collect()
    }

    /// Zoom, as it is registered.
    pub(crate) fn zoom(&self) -> &Registered {
        let providers = self.front.bridge.providers.values();
        let mut registered = providers.map(|provider| &provider.registered);
        registered
            .find(|one| one.sp.entity_id.as_str() == ZOOM)
            .unwrap()
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// Moves the clock.
    pub(crate) fn wait_seconds(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A new request of Zoom, as Zoom's library makes it.
    pub(crate) fn request(&self) -> AuthnRequest {
        self.request_of(ZOOM)
    }

    /// A new request of `issuer`.
    pub(crate) fn request_of(&self, issuer: &str) -> AuthnRequest {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        AuthnRequest::new(&format!("a{number:07}"), issuer, SSO, self.now())
    }

    /// A good sign-in of a browser that has never been here: nothing that came before may have
    /// broken anything for the next person.
    pub(crate) async fn still_works(&self) {
        let request = self.request();
        let mut browser = self.browser();
        let page = browser.arrive(&request.redirect(Some("home"))).await;
        let page = browser.sign_in(&page, "anne.dupont").await;
        let answer = page.answer();
        self.identity(&answer, ZOOM, request.id());
    }
}
