//! Our own nodes: the real router of a real configuration, each by a clock of its own.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, response::Parts},
};
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::build::{self, Built},
    authn::{
        Authenticator, PasswordAuthenticator, People,
        cas::Cas,
        ldap::{self, Ldap},
        throttle::{Remembered, Throttle},
    },
    config::{environment::Environment, sections::Method as ByMethod},
    flow::keep::StoryKeeper,
    store::{Store, given::GivenStore},
    sys::{
        clock::{Clock, ManualClock},
        entropy::{Entropy, SeededEntropy},
        http::{HttpClient, HttpKind},
        network::{Coming, Network, Stream},
        secret::Secret,
    },
    web::{Front, router},
};
use tempfile::TempDir;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::{
    bridge::{Setup, exchange::read, write},
    cas::{CAS, NODES},
    directory::{self, BASE, READER, READER_PASSWORD, SERVERS},
    store::NodeStore,
    world::{BEGINNING, Lie, Method, Person, World},
};

/// The proxy before the nodes.
pub(crate) const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);

/// The longest that a node may let anybody wait: more than all its own bounds together.
const LONGEST_ANSWER: Duration = Duration::from_secs(65);

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

    fn passed(&self) -> Duration {
        self.began.elapsed()
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
        let drawn = if world.lie == Some(Lie::NodesDrawAlike) {
            world.seed
        } else {
            world.seed ^ (life << 40) ^ (u64::try_from(node).unwrap() << 56)
        };
        let around = Around {
            clock: Arc::<NodeClock>::clone(&self.clock),
            entropy: Arc::new(SeededEntropy::new(drawn)),
            network: Arc::new(NodeNetwork {
                world: Arc::clone(world),
                node,
                life,
            }),
            store: Arc::new(NodeStore {
                world: Arc::clone(world),
                node,
                life,
            }),
        };
        let front = House::of(world.method).front(around);
        *self.router.lock().unwrap() = Some(router(Arc::new(front)));
    }

    /// Ends it at once, with all that is under way there.
    pub(crate) fn crash(&self) {
        *self.router.lock().unwrap() = None;
        self.life.send_modify(|life| *life += 1);
    }

    /// Returns as long as this is the life of that time, and else never.
    pub(crate) async fn must_live(&self, life: u64) {
        if *self.life.borrow() != life {
            std::future::pending::<()>().await;
        }
    }

    /// Whether it is there.
    pub(crate) fn is_up(&self) -> bool {
        self.router.lock().unwrap().is_some()
    }

    /// Asks it; none where it is not there, or ends meanwhile. One that lives and says nothing is a fault: whoever
    /// asks would wait for ever, and so would the run.
    pub(crate) async fn ask(
        &self,
        world: &World,
        request: Request<Body>,
    ) -> Option<(Parts, String)> {
        world.travel().await;
        let router = self.router.lock().unwrap().clone()?;
        let mut life = self.life.subscribe();
        let asking = async {
            if world.lie == Some(Lie::NeverAnswers) && world.dice.falls(20) {
                std::future::pending::<()>().await;
            }
            let response = router.oneshot(request).await.unwrap();
            read(response).await
        };
        let answer = async {
            tokio::select! {
                biased;
                _ = life.changed() => None,
                answer = asking => Some(answer),
            }
        };
        let answer = timeout(LONGEST_ANSWER, answer).await;
        answer.unwrap_or_else(|_| {
            let what = format!("node {} lives and does not answer", self.number);
            world.judge.finds(world, &what);
            None
        })
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

    fn connect<'a>(&'a self, host: &'a str, _port: u16) -> Coming<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            self.world.travel().await;
            directory::connect(&self.world, host)
        })
    }
}

/// What all nodes of a method are built from.
struct House {
    method: Method,
    _folder: TempDir,
    built: Built,
}

/// What a node is put into.
struct Around {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    network: Arc<dyn Network>,
    store: Arc<dyn GivenStore>,
}

impl House {
    /// That of a method: its configuration is written and read once.
    fn of(method: Method) -> &'static Self {
        static ALL: OnceLock<[House; 3]> = OnceLock::new();
        let all = ALL.get_or_init(|| Method::ALL.map(Self::build));
        all.iter().find(|house| house.method == method).unwrap()
    }

    fn build(method: Method) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "reader.password", READER_PASSWORD);
        let path = setup(method).write_to(folder.path());
        let clock = Arc::new(ManualClock::starting_at(BEGINNING.parse().unwrap()));
        let entropy = Arc::new(SeededEntropy::new(0));
        let built = build::load(&path, &Environment::default(), clock, entropy)
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
        Self {
            method,
            _folder: folder,
            built,
        }
    }

    /// What a node of this house works with that has just begun: all that it knows and whom it asks is its own. What
    /// never changes was read before, or reading it would take most of a run.
    fn front(&self, around: Around) -> Front {
        let mut front = self.built.front.clone();
        let authn = &self.built.basis.config.authn;
        let bridge = &mut front.bridge;
        let directory = authn.ldap.as_ref().map(|config| {
            let asking = ldap::Around {
                clock: Arc::clone(&around.clock),
                entropy: Arc::clone(&around.entropy),
                network: Some(Arc::clone(&around.network)),
            };
            let rules = ldap::Rules::compile(config).unwrap();
            let names = Person::of(0).record();
            let names = names.iter().map(|(name, _)| *name).chain(["uid"]);
            Arc::new(Ldap::new(config, rules, names, asking).unwrap())
        });
        let cas = authn.cas.as_ref().map(|config| {
            let client = HttpClient::over(around.network);
            let context = bridge.settings.password_context.clone();
            Cas::new(config, context, client, Arc::clone(&around.clock))
        });
        let password = directory
            .clone()
            .filter(|_| authn.uses(ByMethod::Ldap))
            .map(|directory| {
                // As all nodes that share a store have it.
                let salt = Remembered::salted(Secret::new(vec![7; 32]));
                PasswordAuthenticator::new(
                    Throttle::new(&authn.throttle, salt),
                    People::Ldap(directory),
                )
            });
        bridge.authenticator = Arc::new(Authenticator { cas, password });
        bridge.directory = directory;
        bridge.store = Arc::new(Store::Given(around.store));
        bridge.clock = around.clock;
        bridge.entropy = around.entropy;
        bridge.health = Arc::default();
        bridge.pace = Arc::default();
        bridge.stories = Arc::new(StoryKeeper::new(String::new()));
        bridge.endings = TaskTracker::new();
        front
    }
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
