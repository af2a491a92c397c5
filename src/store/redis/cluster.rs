//! A Cluster: which server has which slot, and a [`Link`] to each of them.
//!
//! One task asks any of the servers who has which slot: once a second, and at once when a server sends a question
//! elsewhere or does not answer. What one says that is itself in no whole Cluster does not count. A question that is
//! sent elsewhere is asked there, a few times at most; one that was not answered is not asked again, since the server
//! may have done what it asked: the caller is told, as with one server.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{FromRedisValue, Pipeline, Value, from_redis_value};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    call::{Call, SLOTS},
    dial::{Dialer, Fault, Round},
    link::{Asked, FIRST_PAUSE, Guide, Link, Miss},
};
use crate::{config::store::RedisAddress, model::store::StoreError};

/// How often it is asked who has which slot, where nothing asks for it.
const ASKED_AGAIN: Duration = Duration::from_secs(1);
/// How often one question is asked, where servers send it elsewhere or ask for a moment; and no longer than an answer is
/// waited for.
const MOST_ASKED: usize = 32;
/// How long a question waits for keys that are on their way from one server to another, before it is asked again.
const MOMENT: Duration = Duration::from_millis(10);
/// The most servers that are known: as many as a Cluster should have at most, by its specification.
const MOST_SERVERS: usize = 1_000;

/// A server of the Cluster.
#[derive(Debug)]
struct Server {
    address: RedisAddress,
    link: Link,
}

/// Who has which slot: the last one of each range, with its first one and the server.
type Slots = BTreeMap<u16, (u16, Arc<Server>)>;

/// What is known of the Cluster.
#[derive(Clone, Default)]
enum Known {
    /// It is being asked, and nothing is known against it.
    #[default]
    Asked,
    /// This is what was said last.
    Said(Arc<Slots>),
    /// None of its servers has said anything that is of use.
    Nothing,
}

/// The Cluster.
pub(super) struct Cluster {
    shared: Arc<Shared>,
    /// Begun by the first caller: where the store is made there may be nothing yet that runs tasks.
    task: OnceLock<JoinHandle<()>>,
}

struct Shared {
    seeds: Vec<RedisAddress>,
    dialer: Arc<Dialer>,
    patience: Duration,
    known: watch::Sender<Known>,
    /// The servers, by their addresses: a server that gets another slot keeps its connection.
    servers: Mutex<HashMap<String, Arc<Server>>>,
    ask_now: Notify,
    /// Whether all slots were served when it was last asked.
    is_whole: AtomicBool,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("seeds", &self.shared.seeds)
            .finish_non_exhaustive()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Cluster {
    /// One of which these servers are asked first.
    pub(super) fn new(seeds: Vec<RedisAddress>, dialer: Arc<Dialer>, patience: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                seeds,
                dialer,
                patience,
                known: watch::Sender::default(),
                servers: Mutex::default(),
                ask_now: Notify::new(),
                is_whole: AtomicBool::new(false),
            }),
            task: OnceLock::new(),
        }
    }

    /// Has the Cluster asked who has which slot, if that has not begun.
    pub(super) fn begin(&self) {
        self.task
            .get_or_init(|| tokio::spawn(keep_asking(Arc::clone(&self.shared))));
    }

    /// Whether there is a server for every slot that answers, as far as is known.
    pub(super) fn answers(&self) -> bool {
        self.begin();
        match &*self.shared.known.borrow() {
            Known::Said(slots) => {
                self.shared.is_whole.load(Ordering::Relaxed)
                    && slots.values().all(|(_, server)| server.link.answers())
            }
            Known::Asked | Known::Nothing => false,
        }
    }

    /// Runs a script where its keys are.
    ///
    /// # Errors
    ///
    /// As `Servers::run`.
    pub(super) async fn run<T: FromRedisValue>(&self, call: &Call) -> Result<T, StoreError> {
        self.begin();
        let shared = &*self.shared;
        let asked_at = Instant::now();
        let mut server = shared.server_of(call.slot()).await?;
        let mut how = Asked::Plainly;
        for _ in 0..MOST_ASKED {
            match server.link.ask(call, how).await {
                Ok(answer) => return Ok(answer),
                Err(Miss::Store(fault)) => {
                    if fault == StoreError::Unavailable {
                        shared.ask_now.notify_one();
                    }
                    return Err(fault);
                }
                Err(Miss::ClusterDown) => {
                    shared.ask_now.notify_one();
                    return Err(StoreError::Unavailable);
                }
                Err(Miss::Elsewhere { named, is_moved }) => {
                    if is_moved {
                        shared.ask_now.notify_one();
                    }
                    how = if is_moved {
                        Asked::Plainly
                    } else {
                        Asked::Ahead
                    };
                    let named = beside(&server.address, &named);
                    let named = named.and_then(|address| shared.server(address));
                    server = named.ok_or(StoreError::Unavailable)?;
                }
                Err(Miss::OnTheWay) => sleep(MOMENT).await,
            }
            if asked_at.elapsed() >= shared.patience {
                break;
            }
        }
        Err(StoreError::Unavailable)
    }
}

impl Shared {
    /// The server that has a slot, waited for where the Cluster is being asked for the first time.
    async fn server_of(&self, slot: u16) -> Result<Arc<Server>, StoreError> {
        let mut known = self.known.subscribe();
        let said = known.wait_for(|known| match known {
            Known::Asked => false,
            Known::Nothing | Known::Said(_) => true,
        });
        let Ok(said) = timeout(self.patience, said).await else {
            // Whoever asks next does not wait for the same.
            self.known.send_if_modified(|known| match known {
                Known::Asked => {
                    *known = Known::Nothing;
                    true
                }
                Known::Nothing | Known::Said(_) => false,
            });
            return Err(StoreError::Unavailable);
        };
        let said = said.map_err(|_never_closed| StoreError::Unavailable)?;
        let server = match &*said {
            Known::Said(slots) => slots
                .range(slot..)
                .next()
                .filter(|(_, (first, _))| *first <= slot)
                .map(|(_, (_, server))| Arc::clone(server)),
            Known::Asked | Known::Nothing => None,
        };
        server.ok_or(StoreError::Unavailable)
    }

    /// The server at `address`, from now on one of those that are known. None where there are too many.
    fn server(&self, address: RedisAddress) -> Option<Arc<Server>> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let name = address.to_string();
        if let Some(known) = servers.get(&name) {
            return Some(Arc::clone(known));
        }
        if servers.len() >= MOST_SERVERS {
            return None;
        }
        let guide = Guide::Known(address.clone());
        let link = Link::new(guide, Arc::clone(&self.dialer), self.patience);
        let server = Arc::new(Server { address, link });
        servers.insert(name, Arc::clone(&server));
        Some(server)
    }

    /// Goes by what one of them says; gives all that can be asked the next time.
    fn learn(&self, said: Vec<Range>) -> Vec<RedisAddress> {
        let mut addresses = self.seeds.clone();
        let mut slots = Slots::new();
        for Range {
            first,
            last,
            master,
            replicas,
        } in said
        {
            for address in [&master].into_iter().chain(&replicas) {
                if addresses.len() < MOST_SERVERS && !addresses.contains(address) {
                    addresses.push(address.clone());
                }
            }
            if let Some(server) = self.server(master) {
                server.link.begin();
                slots.insert(last, (first, server));
            }
        }
        let slots = Arc::new(slots);
        self.known.send_replace(Known::Said(Arc::clone(&slots)));
        // The others have no slot any more, or are on their way to get one: then they are named again.
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let has_slots = |held: &Arc<Server>| slots.values().any(|(_, it)| Arc::ptr_eq(it, held));
        servers.retain(|_, held| has_slots(held));
        addresses
    }
}

/// What is asked of a server to know who has which slot.
pub(super) fn questions() -> Pipeline {
    let mut questions = redis::pipe();
    questions.cmd("CLUSTER").arg("INFO");
    questions.cmd("CLUSTER").arg("SLOTS");
    questions
}

/// Whether every slot is one of these: a Cluster may go on without some (`cluster-require-full-coverage no`), and what
/// is kept there is not to be had.
pub(super) fn cover(ranges: &[Range]) -> bool {
    let mut bounds: Vec<_> = ranges.iter().map(|it| (it.first, it.last)).collect();
    bounds.sort_unstable();
    let reached = bounds.into_iter().try_fold(0_u16, |next, (first, last)| {
        (first <= next).then(|| next.max(last.saturating_add(1)))
    });
    reached == Some(SLOTS)
}

/// Asks who has which slot, for as long as anybody holds the [`Cluster`].
async fn keep_asking(shared: Arc<Shared>) {
    let questions = questions();
    let mut round = Round::of(&shared.seeds, &shared.dialer);
    let (mut was_told, mut lacked_slots) = (false, false);
    // As long as questions go astray: each time twice as long, up to where it is asked anyway.
    let mut pause = FIRST_PAUSE;
    loop {
        let asked_at = Instant::now();
        let said = round.ask(&questions, ranges).await;
        let is_whole = said.as_ref().is_ok_and(|said| cover(said));
        shared.is_whole.store(is_whole, Ordering::Relaxed);
        let lacks_slots = said.is_ok() && !is_whole;
        if lacks_slots && !lacked_slots {
            tracing::warn!(
                "Redis has no server for some slots of the Cluster: what is kept there is not to be had"
            );
        }
        lacked_slots = lacks_slots;
        match said {
            Ok(said) => {
                round.renew(shared.learn(said));
                if was_told {
                    tracing::info!("Redis answers again: who has which slot is known");
                }
                was_told = false;
            }
            Err((fault, by)) => {
                // What was known before may be so still.
                shared.known.send_if_modified(|known| match known {
                    Known::Asked => {
                        *known = Known::Nothing;
                        true
                    }
                    Known::Nothing | Known::Said(_) => false,
                });
                if !was_told {
                    fault.tell(by.as_ref());
                }
                was_told = true;
            }
        }
        sleep(pause).await;
        let asked_for = timeout_at(asked_at + ASKED_AGAIN, shared.ask_now.notified()).await;
        pause = if asked_for.is_ok() {
            // Whoever was asked so far may not know yet.
            round.pass_on();
            pause.saturating_mul(2).min(ASKED_AGAIN)
        } else {
            FIRST_PAUSE
        };
    }
}

/// How many servers of one range are taken note of: its master, and those that may take its place.
const MOST_OF_A_RANGE: usize = 16;

/// Slots in a row, and who has them.
pub(super) struct Range {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) master: RedisAddress,
    replicas: Vec<RedisAddress>,
}

/// What `asked` says of its Cluster and of who has which slot.
pub(super) fn ranges(
    asked: &RedisAddress,
    (info, said): (String, Vec<Vec<Value>>),
) -> Result<Vec<Range>, Fault> {
    if !info.lines().any(|line| line.trim() == "cluster_state:ok") {
        return Err(Fault::NoCluster);
    }
    if said.len() > usize::from(SLOTS) {
        return Err(Fault::NoCluster);
    }
    let mut ranges = Vec::new();
    for entry in said {
        ranges.push(range(asked, entry)?);
    }
    if ranges.is_empty() {
        return Err(Fault::NoCluster);
    }
    Ok(ranges)
}

fn range(asked: &RedisAddress, entry: Vec<Value>) -> Result<Range, Fault> {
    let mut entry = entry.into_iter();
    let mut bound = || {
        let bound: Option<u16> = entry.next().and_then(|bound| from_redis_value(bound).ok());
        bound.filter(|bound| *bound < SLOTS).ok_or(Fault::NoCluster)
    };
    let (first, last) = (bound()?, bound()?);
    let mut servers = Vec::new();
    for named in entry.take(MOST_OF_A_RANGE) {
        let Value::Array(named) = named else {
            return Err(Fault::NoCluster);
        };
        let mut named = named.into_iter();
        let host: Option<Option<String>> = named.next().and_then(|it| from_redis_value(it).ok());
        let port: Option<u16> = named.next().and_then(|it| from_redis_value(it).ok());
        let (Some(host), Some(port)) = (host, port) else {
            return Err(Fault::NoCluster);
        };
        let address = asked.beside(&host.unwrap_or_default(), port);
        servers.push(address.ok_or(Fault::InClear)?);
    }
    let mut servers = servers.into_iter();
    Ok(Range {
        first,
        last,
        master: servers.next().ok_or(Fault::NoCluster)?,
        replicas: servers.collect(),
    })
}

/// The address that `asked` names as `host:port`, where a question is to go.
fn beside(asked: &RedisAddress, named: &str) -> Option<RedisAddress> {
    let (host, port) = named.rsplit_once(':')?;
    asked.beside(host.trim_matches(['[', ']']), port.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_whole_where_every_slot_is_in_a_range_in_whatever_order_they_are_said() {
        let whole = |bounds: &[(u16, u16)]| {
            let ranges: Vec<_> = { bounds.iter() }
                .map(|(first, last)| Range {
                    first: *first,
                    last: *last,
                    master: RedisAddress::Socket("/redis".into()),
                    replicas: Vec::new(),
                })
                .collect();
            cover(&ranges)
        };
        assert!(whole(&[(0, 16_383)]));
        assert!(whole(&[(8_000, 16_383), (0, 5_000), (5_001, 7_999)]));
        assert!(whole(&[(0, 9_000), (5_000, 16_383)]));
        for lacking in [
            &[][..],
            &[(0, 16_382)],
            &[(1, 16_383)],
            &[(0, 5_000), (5_002, 16_383)],
        ] {
            assert!(!whole(lacking), "{lacking:?}");
        }
    }
}
