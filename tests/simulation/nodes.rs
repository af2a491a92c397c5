//! Our own nodes: the real router of a real configuration, each by a clock of its own.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, response::Parts},
};
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::{build, lasting::World as Around},
    config::environment::Environment,
    sys::{
        clock::Clock,
        entropy::SeededEntropy,
        http::HttpKind,
        network::{Coming, Network, Stream},
    },
    web::router,
};
use tempfile::TempDir;
use tokio::{sync::watch, time::Instant};
use tower::ServiceExt as _;

use crate::{
    bridge::{Setup, write},
    cas::{CAS, NODES},
    directory::{self, BASE, READER, READER_PASSWORD, SERVERS},
    store::NodeStore,
    world::{BEGINNING, Method, World},
};

/// The proxy before the nodes.
pub(crate) const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);

/// The clock of a node.
#[derive(Debug)]
pub(crate) struct NodeClock {
    began: Instant,
    beginning: Timestamp,
    offset_ms: AtomicI64,
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.began.elapsed()).unwrap();
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        self.beginning + since + offset
    }
}

impl NodeClock {
    /// Has it go wrong by so much, in milliseconds.
    pub(crate) fn is_off(&self, by: i64) {
        self.offset_ms.store(by, Ordering::Relaxed);
    }
}

/// A node.
pub(crate) struct Node {
    number: usize,
    pub(crate) clock: Arc<NodeClock>,
    /// How often it has begun or ended.
    life: watch::Sender<u64>,
    router: Mutex<Option<Router>>,
}

impl Node {
    /// One that is still to start.
    pub(crate) fn new(number: usize, began: Instant) -> Self {
        Self {
            number,
            clock: Arc::new(NodeClock {
                began,
                beginning: BEGINNING.parse().unwrap(),
                offset_ms: AtomicI64::new(0),
            }),
            life: watch::Sender::new(0),
            router: Mutex::new(None),
        }
    }

    /// Starts it: it knows nothing but its configuration.
    pub(crate) fn start(&self, world: &Arc<World>) {
        self.life.send_modify(|life| *life += 1);
        let (life, node) = (*self.life.borrow(), self.number);
        let drawn = world.seed ^ (life << 40) ^ (u64::try_from(node).unwrap() << 56);
        let around = Around {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(drawn)),
            network: Some(Arc::new(NodeNetwork {
                world: Arc::clone(world),
                node,
                life,
            })),
            store: Some(Arc::new(NodeStore {
                world: Arc::clone(world),
                node,
                life,
            })),
        };
        let path = configuration(world.method);
        let built = build::load_in(path, &Environment::default(), around)
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
        *self.router.lock().unwrap() = Some(router(Arc::new(built.front)));
    }

    /// Ends it at once, with all that is under way there.
    pub(crate) fn crash(&self) {
        *self.router.lock().unwrap() = None;
        self.life.send_modify(|life| *life += 1);
    }

    /// Returns as long as this is the life of that time, and else never.
    pub(crate) async fn must_live(&self, life: u64) {
        if *self.life.borrow() != life {
            std::future::pending().await
        }
    }

    /// Whether it is there.
    pub(crate) fn is_up(&self) -> bool {
        self.router.lock().unwrap().is_some()
    }

    /// Asks it; none where it is not there, or ends meanwhile.
    pub(crate) async fn ask(
        &self,
        world: &World,
        request: Request<Body>,
    ) -> Option<(Parts, String)> {
        world.travel().await;
        let router = self.router.lock().unwrap().clone()?;
        let mut life = self.life.subscribe();
        let asking = async {
            let response = router.oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            (parts, String::from_utf8(body.into()).unwrap())
        };
        tokio::select! {
            biased;
            _ = life.changed() => None,
            answer = asking => Some(answer),
        }
    }
}

/// What a node reaches others by, for as long as it lives.
struct NodeNetwork {
    world: Arc<World>,
    node: usize,
    life: u64,
}

impl std::fmt::Debug for NodeNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeNetwork").finish_non_exhaustive()
    }
}

impl Network for NodeNetwork {
    fn get<'a>(
        &'a self,
        url: &'a str,
        _patience: Duration,
    ) -> Coming<'a, Result<(u16, Vec<u8>), HttpKind>> {
        Box::pin(async move {
            self.world.travel().await;
            let answer = self.world.cas.asked(&self.world, url).await;
            self.world.travel().await;
            self.world.nodes[self.node].must_live(self.life).await;
            answer
        })
    }

    fn connect<'a>(
        &'a self,
        host: &'a str,
        _port: u16,
    ) -> Coming<'a, std::io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            self.world.travel().await;
            directory::connect(&self.world, host)
        })
    }
}

/// The configuration of all nodes of a run.
fn configuration(method: Method) -> &'static PathBuf {
    static FILES: OnceLock<Vec<(Method, TempDir, PathBuf)>> = OnceLock::new();
    let all = FILES.get_or_init(|| {
        let written = Method::ALL.map(|method| {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), "reader.password", READER_PASSWORD);
            let path = setup(method).write_to(folder.path());
            (method, folder, path)
        });
        written.into()
    });
    all.iter()
        .find(|(of, ..)| *of == method)
        .map(|(.., path)| path)
        .unwrap()
}

fn setup(method: Method) -> Setup {
    let cas = format!("[authn.cas]\nurl = '{CAS}'\nvalidate-at = {NODES:?}\n");
    let urls = SERVERS.map(|server| format!("ldaps://{server}"));
    let ldap = format!(
        "[authn.ldap]\nurl = {urls:?}\nbase = '{BASE}'\nbind-dn = '{READER}'\n\
         bind-password-file = 'reader.password'\n"
    );
    let authn = match method {
        Method::Cas => format!("[authn]\nmethods = ['cas']\n{cas}"),
        Method::CasOrLdap => {
            format!("[authn]\nmethods = ['cas', 'ldap']\nattributes = 'ldap'\n{cas}{ldap}")
        }
        Method::Ldap => format!("[authn]\nmethods = ['ldap']\n{ldap}"),
    };
    let more = ["intranet", "library"]
        .map(|sp| format!("[[sp.{sp}.release]]\nattribute = 'displayName'\n"));
    Setup {
        authn: Some(authn),
        more: more.concat(),
        ..Setup::new()
    }
}
