//! The same promises where one server takes another's place, and who is asked when it does.

use std::sync::{Mutex, OnceLock, PoisonError, mpsc};

use tokio::net::TcpListener;

use super::{
    redis_topology::{Cluster, MASTER, Node, Sentinels, Words, role},
    until::until,
    *,
};

/// Servers that all tests of a topology share, each with a prefix of its own: to start them takes seconds.
struct Shared<T> {
    lab: OnceLock<T>,
}

static CLUSTER: Shared<Cluster> = Shared::new();
static SENTINELS: Shared<Sentinels> = Shared::new();

impl<T: Send + Sync + 'static> Shared<T> {
    const fn new() -> Self {
        Self {
            lab: OnceLock::new(),
        }
    }

    fn get<F>(
        &'static self,
        start: fn(Words<'static>) -> F,
        folders: fn(&T) -> Vec<&Node>,
    ) -> &'static T
    where
        F: Future<Output = T> + 'static,
    {
        self.lab.get_or_init(|| {
            let (send, receive) = mpsc::channel();
            // Servers end with the thread that has started them: this one does with the process.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let lab = runtime.block_on(start(patient(Vec::leak(account()))));
                let _brooms: Vec<_> = folders(&lab).into_iter().map(broom).collect();
                send.send(lab).unwrap();
                loop {
                    std::thread::park();
                }
            });
            receive.recv().unwrap()
        })
    }
}

/// Servers of which none takes another's place, with these words of their configuration.
fn patient<'a>(server: &'a [&str]) -> Words<'a> {
    Words {
        server,
        are_patient: true,
        ..Words::default()
    }
}

/// Sweeps the folder of a server away when this process is over: nothing else is left then that could.
fn broom(node: &Node) -> std::process::Child {
    std::process::Command::new("sh")
        .args(["-c", "read -r _; rm -rf \"$0\""])
        .arg(node.redis.socket().parent().unwrap())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

fn plain(node: &Node) -> RedisAddress {
    at_port(node.port)
}

fn at_port(port: u16) -> RedisAddress {
    RedisAddress::Plain {
        host: "localhost".to_owned(),
        port,
    }
}

/// Stores with one prefix that no other test has.
fn stores<const N: usize>(topology: &Topology) -> [RedisStore; N] {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let prefix = format!("passerelle:{}:", NEXT.fetch_add(1, Ordering::Relaxed));
    let keys = Arc::new(KeyRing::parse(&KeyRing::new_line(&OsEntropy)).unwrap());
    [(); N].map(|()| {
        let server = RedisServer {
            topology: topology.clone(),
            account: Some(account_with("passerelle", "PASSWORD-OF-PASSERELLE")),
            prefix: prefix.clone(),
            timeout_ms: PATIENCE_MS,
        };
        RedisStore::new(
            server,
            LIMITS,
            (Arc::clone(&keys), names()),
            Arc::new(OsEntropy),
        )
    })
}

fn shared_cluster() -> &'static Cluster {
    CLUSTER.get(Cluster::start, |lab| lab.servers.iter().collect())
}

fn cluster_topology() -> Topology {
    topology_of(shared_cluster())
}

fn topology_of(cluster: &Cluster) -> Topology {
    Topology::Cluster(cluster.servers.iter().take(2).map(plain).collect())
}

fn sentinel_topology() -> Topology {
    let all: fn(&Sentinels) -> Vec<&Node> =
        |lab| lab.servers.iter().chain(&lab.sentinels).collect();
    let lab = SENTINELS.get(Sentinels::start, all);
    Topology::Sentinel {
        master: MASTER.to_owned(),
        sentinels: lab.sentinels.iter().map(plain).collect(),
        account: None,
    }
}

mod three_nodes_under_sentinels {
    use super::{Nodes, conformance, sentinel_topology, stores};

    conformance::every_promise_is_kept_by!(async {
        (Nodes::from(stores(&sentinel_topology())), ())
    });
}

mod three_nodes_in_a_cluster {
    use super::{Nodes, cluster_topology, conformance, stores};

    conformance::every_promise_is_kept_by!(async {
        (Nodes::from(stores(&cluster_topology())), ())
    });
}

/// A Sentinel that says that the master is at a port, whatever is so.
struct Says {
    address: RedisAddress,
    port: Arc<Mutex<u16>>,
}

impl Says {
    async fn the_master_is(node: &Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = at_port(listener.local_addr().unwrap().port());
        let port = Arc::new(Mutex::new(node.port));
        let said = Arc::clone(&port);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let said = Arc::clone(&said);
                tokio::spawn(async move {
                    let mut question = [0; 4_096];
                    while stream.read(&mut question).await.is_ok_and(|read| read > 0) {
                        let port = said
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .to_string();
                        let answer =
                            format!("*2\r\n$9\r\nlocalhost\r\n${}\r\n{port}\r\n", port.len());
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Self { address, port }
    }

    fn now_it_is(&self, node: &Node) {
        *self.port.lock().unwrap() = node.port;
    }
}

/// A server by itself, which takes connections by a port.
async fn alone() -> Node {
    alone_with(&[]).await
}

/// The same with more words of its configuration.
async fn alone_with(more: &[&str]) -> Node {
    let port = port::free_port();
    let text = port.to_string();
    let listens = ["--port", &text, "--bind", "127.0.0.1"];
    let words = [&account()[..], &listens, more].concat();
    Node {
        redis: Redis::start(&words).await,
        port,
    }
}

fn told_by<const N: usize>(sentinels: [&Says; N]) -> RedisStore {
    let topology = Topology::Sentinel {
        master: MASTER.to_owned(),
        sentinels: sentinels.map(|says| says.address.clone()).to_vec(),
        account: None,
    };
    let [store] = stores(&topology);
    store
}

fn follow(node: &Node, master: &Node) {
    let port = master.port.to_string();
    node.redis.told(&["REPLICAOF", "localhost", &port]);
}

fn sessions_in(node: &Node) -> usize {
    let keys = node.redis.told(&["KEYS", "passerelle:*{s:*"]);
    keys.split_whitespace().count()
}

#[tokio::test]
async fn r33_a_replica_that_a_sentinel_takes_for_the_master_is_not_asked_and_another_sentinel_is() {
    let (master, replica) = (alone().await, alone().await);
    follow(&replica, &master);
    let wrong = Says::the_master_is(&replica).await;
    let right = Says::the_master_is(&master).await;
    let store = told_by([&wrong, &right]);
    until_it_answers(&store).await;
    begin(&store, 1, "zoe").await;
    assert_eq!(sessions_in(&master), 1);
    // Where nobody knows better there is no store, and nobody waits for one.
    let store = told_by([&wrong]);
    let found = store.find(key(1), at(1)).await;
    assert_eq!(found, Err(StoreError::Unavailable));
    assert!(!store.record().answers);
}

#[tokio::test]
async fn r33_a_master_that_refuses_to_write_is_left_for_the_one_that_is_named() {
    let (old, new) = (alone().await, alone().await);
    let says = Says::the_master_is(&old).await;
    let store = told_by([&says]);
    begin(&store, 1, "zoe").await;
    // The connections of others than replicas stay open.
    follow(&old, &new);
    assert_eq!(role(&old), "slave");
    let created = store.create(key(2), session("zoe", 9_000), at(0)).await;
    assert_eq!(created, Err(StoreError::Unavailable));
    until("it is not asked any more", async || !store.record().answers).await;
    says.now_it_is(&new);
    until_it_answers(&store).await;
    begin(&store, 3, "zoe").await;
    assert_eq!(sessions_in(&new), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_an_old_master_that_does_not_know_that_it_is_one_is_left_though_nobody_asks() {
    let (old, new) = (alone().await, alone().await);
    let says = Says::the_master_is(&old).await;
    let store = told_by([&says]);
    begin(&store, 1, "zoe").await;
    says.now_it_is(&new);
    let is_asked = async || new.redis.told(&["CLIENT", "LIST"]).lines().count() >= 2;
    until("the one that is named is asked", is_asked).await;
    begin(&store, 2, "zoe").await;
    assert_eq!((sessions_in(&old), sessions_in(&new)), (1, 1));
}

#[tokio::test]
async fn r126_whoever_asks_in_clear_is_led_to_no_other_machine() {
    let here = at_port(6_379);
    assert_eq!(here.beside("redis.example.org", 6_379), None);
    assert_eq!(here.beside("192.0.2.1", 6_379), None);
    assert_eq!(here.beside("", 6_380), Some(at_port(6_380)));
    let beside = here.beside("127.0.0.1", 6_380).unwrap();
    assert_eq!(beside.to_string(), "redis://127.0.0.1:6380");
}

#[tokio::test]
async fn r33_a_cluster_that_lacks_a_slot_does_not_answer_until_it_has_it_again() {
    let bus = port::free_port().to_string();
    let whole = ["CLUSTER", "ADDSLOTSRANGE", "0", "16383"];
    let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let node = alone_with(&cluster).await;
    let [store] = stores(&Topology::Cluster(vec![plain(&node)]));
    let found = store.find(key(1), at(1)).await;
    assert_eq!(found, Err(StoreError::Unavailable));
    node.redis.told(&whole);
    until("all slots are served", async || store.record().answers).await;
    let kept = begin(&store, 1, "zoe").await;
    // None of our keys is in that one.
    assert_eq!(node.redis.told(&["CLUSTER", "COUNTKEYSINSLOT", "0"]), "0\n");
    node.redis.told(&["CLUSTER", "DELSLOTS", "0"]);
    until("that one is missed", async || !store.record().answers).await;
    let found = store.find(key(1), at(1)).await;
    assert_eq!(found, Err(StoreError::Unavailable));
    node.redis.told(&["CLUSTER", "ADDSLOTS", "0"]);
    until("all slots are served again", async || {
        store.record().answers
    })
    .await;
    assert_eq!(store.find(key(1), at(1)).await, Ok(Some(kept)));
}

/// The name of a session's slot, and the numbers of the server that has it and of another master.
fn slot_of(place: &str, cluster: &Cluster) -> (String, usize, usize) {
    let slot = cluster.servers[0]
        .redis
        .told(&["CLUSTER", "KEYSLOT", place]);
    let from = cluster.master_of(place);
    let to = (0..3).find(|to| *to != from).unwrap();
    (slot.trim().to_owned(), from, to)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_found_while_its_slot_goes_to_another_server_and_once_it_is_there() {
    // Of this test alone: what others have under the same slot would be lost, since it does not go along.
    let cluster = Cluster::start(patient(&account())).await;
    let [store] = stores(&topology_of(&cluster));
    let kept = begin(&store, 1, "zoe").await;
    let prefix = store.0.places.listed.as_str().split('{').next().unwrap();
    let place = Places::new(prefix).session(key(1)).as_str().to_owned();
    let (slot, from, to) = slot_of(&place, &cluster);
    let servers = &cluster.servers;
    let [from_id, to_id] = [from, to].map(|it| {
        let id = servers[it].redis.told(&["CLUSTER", "MYID"]);
        id.trim().to_owned()
    });
    let ask = |server: usize, words: &[&str]| {
        let told = servers[server].redis.told(words);
        assert_eq!(told.trim(), "OK", "{words:?}");
    };
    let setslot = |server, words: [&str; 2]| {
        let all = [&["CLUSTER", "SETSLOT", &slot], &words[..]].concat();
        ask(server, &all);
    };
    setslot(to, ["IMPORTING", &from_id]);
    setslot(from, ["MIGRATING", &to_id]);
    assert_eq!(store.find(key(1), at(1)).await, Ok(Some(kept.clone())));
    let port = servers[to].port.to_string();
    ask(from, &["MIGRATE", "localhost", &port, &place, "0", "10000"]);
    assert_eq!(store.find(key(1), at(2)).await, Ok(Some(kept.clone())));
    // What needs two keys, of which one is there and the other nowhere, is done once all of them are there.
    let joining = store.join(key(1), participant("zoom", "zoe"), at(3));
    let arriving = async {
        setslot(to, ["NODE", &to_id]);
        setslot(from, ["NODE", &to_id]);
    };
    let (joined, ()) = tokio::join!(joining, arriving);
    assert_eq!(joined, Ok(Standing::Lives));
    let found = store.find(key(1), at(4)).await.unwrap().unwrap();
    assert_eq!(found.participants, [participant("zoom", "zoe")]);
    assert_eq!(store.record().unanswered, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r48_at_a_cluster_nobody_hears_what_was_said_to_somebody_who_has_gone_away() {
    let servers = &shared_cluster().servers;
    let [store] = stores(&cluster_topology());
    for number in 0..KNOWN {
        begin(&store, number.into(), &format!("person{number}")).await;
    }
    let is_found = |number: u8| {
        let store = store.clone();
        async move {
            let found = store.find(key(number.into()), at(1)).await;
            found.unwrap().unwrap().proof.login == format!("person{number}")
        }
    };
    let draws = SeededEntropy::new(49);
    let mut given_up = 0;
    for round in 0..20 {
        // In every other round the answers come while some go away, and none comes before they all have gone.
        let hangs = round % 2 == 0;
        if hangs {
            for server in servers {
                server.redis.pause();
            }
        }
        let mut leaving = tokio::task::JoinSet::new();
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..KNOWN {
            let [turns] = entropy::bytes(&draws);
            leaving.spawn(within(turns % 16, is_found(number)));
            waiting.spawn(is_found(KNOWN - 1 - number));
        }
        let left = leaving.join_all().await;
        given_up += left.iter().filter(|said| said.is_none()).count();
        assert!(!left.contains(&Some(false)), "{round}");
        assert!(!(hangs && left.contains(&Some(true))), "{round}");
        for server in servers {
            server.redis.go_on();
        }
        let said = waiting.join_all().await;
        assert!(said.iter().all(|is_of_them| *is_of_them), "{round}");
    }
    assert!(given_up >= 600, "{given_up}");
    assert_eq!(store.record().unanswered, 0);
}
