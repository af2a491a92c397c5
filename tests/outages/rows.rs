//! The rows of the table of outages: what happens, and how everybody comes to know of it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::{
    balancer::Balancer,
    count::{Counter, Pair},
    disk::Disk,
    kit::server::rest,
    lab::{redis_server::Redis, redis_topology::role, until::until},
    leavers::Leavers,
    scene::{Node, STORE_PASSWORD, Scene},
    store::{Store, Topology, bound},
};

/// How long a node believes what it has heard of a CAS server, and a second.
const HEARD_OF_CAS_FOR: Duration = Duration::from_secs(11);
/// How often a node is killed at most until somebody is hung up on.
const KILLS: usize = 20;

/// What happens: to other servers, or to the machine that a node runs on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outage {
    /// A node of each pair is killed.
    NodeKilled,
    /// A node of each pair is stopped as `systemctl stop` does.
    NodeStopped,
    StoreRestartsEmpty,
    StoreDown,
    StoreHangs,
    StoreFull,
    StoreSlow,
    StoreRefusesThePassword,
    /// The master that every sign-in asks is killed, and comes back as a replica.
    MasterKilled,
    /// The same one hangs, with its connections open.
    MasterHangs,
    CasDown,
    /// Browsers reach it, and the nodes do not: nobody can say what a ticket is worth.
    CasUnreachable,
    DirectoryDown,
    /// The clock of one node goes otherwise than all others.
    ClockOff(Off),
    /// No file of a node can grow: neither its log nor what else it writes.
    DiskFull,
    /// Nobody takes what a node logs.
    LogClosed,
    /// Other clients ask, and are gone before the answer comes.
    ClientsHangUp,
}

/// How far the clock of a node is off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Off {
    TwoMinutesAhead,
    TwoMinutesBehind,
    TenMinutesAhead,
    TenMinutesBehind,
}

impl Off {
    /// By so many seconds, below zero where it is behind.
    const fn seconds(self) -> i64 {
        match self {
            Self::TwoMinutesAhead => 120,
            Self::TwoMinutesBehind => -120,
            Self::TenMinutesAhead => 600,
            Self::TenMinutesBehind => -600,
        }
    }

    /// Whether that is too much for the node to let anybody in.
    pub(crate) const fn is_too_much(self) -> bool {
        match self {
            Self::TwoMinutesAhead | Self::TwoMinutesBehind => false,
            Self::TenMinutesAhead | Self::TenMinutesBehind => true,
        }
    }
}

/// Those of every topology but the ones of several servers, in their order.
const OF_EACH: [Outage; 18] = [
    Outage::NodeKilled,
    Outage::NodeStopped,
    Outage::StoreRestartsEmpty,
    Outage::StoreDown,
    Outage::StoreHangs,
    Outage::StoreFull,
    Outage::StoreSlow,
    Outage::StoreRefusesThePassword,
    Outage::CasDown,
    Outage::CasUnreachable,
    Outage::DirectoryDown,
    Outage::ClockOff(Off::TwoMinutesAhead),
    Outage::ClockOff(Off::TwoMinutesBehind),
    Outage::ClockOff(Off::TenMinutesAhead),
    Outage::ClockOff(Off::TenMinutesBehind),
    Outage::DiskFull,
    Outage::LogClosed,
    Outage::ClientsHangUp,
];
/// Those of several servers.
const OF_SEVERAL: [Outage; 2] = [Outage::MasterKilled, Outage::MasterHangs];

/// The median of what a sign-in may take, and the 99th percentile where a time is promised, in milliseconds.
pub(crate) const MOST_MS: f64 = 1_000.0;

/// What an outage does to sessions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ToSessions {
    Nothing,
    /// Those that were made meanwhile may not have been kept.
    NoneKept,
    /// Those that were kept are lost.
    Lost,
    LostAndNoneKept,
}

/// What the store and the nodes had counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) unguarded: f64,
    pub(crate) unkept: f64,
    pub(crate) unmarked: f64,
    /// Of each node.
    pub(crate) unanswered: Vec<f64>,
    pub(crate) cas_failed: f64,
    pub(crate) directory_failed: f64,
    /// How often a client hung up before anything of an answer had come.
    pub(crate) left: usize,
}

/// What the nodes and the store had counted when a row began, when everything was back, and when it had ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) before: Marks,
    pub(crate) back: Marks,
    pub(crate) now: Marks,
    /// The node whose clock is the one that is off.
    pub(crate) first: Option<SocketAddr>,
    /// For how long it went on once it was known.
    pub(crate) lasted: Duration,
    /// Whether it was still seen right before it ended.
    pub(crate) was_held: bool,
}

/// All that runs, and what is known of the outage that is on.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) store: Store,
    marks: Marks,
    /// What was counted when something new would say that the outage is seen.
    since: Marks,
    /// When it began.
    began: Instant,
    /// Which lives of the servers that store it was then.
    lives: Vec<String>,
    /// What was counted when everything was back.
    back: Marks,
    /// For how long it went on once it was known.
    pub(crate) lasted: Duration,
    /// Whether it was still seen right before it ended.
    pub(crate) was_held: bool,
    /// The number of the master that is away.
    gone: Option<usize>,
    /// Who hangs up, and how often that was.
    leavers: Option<Leavers>,
    left: Arc<AtomicUsize>,
    /// Who asks the nodes whether they are ready.
    balancer: Option<Balancer>,
    /// Who counts what the nodes do.
    counter: Arc<Counter>,
}

impl Outage {
    /// Those of a topology, in the order in which they are played: each finds everything as the ones before it leave it.
    pub(crate) fn of(topology: Topology) -> Vec<Self> {
        let of_several: &[Self] = match topology {
            Topology::OneServer => &[],
            Topology::Sentinel | Topology::Cluster => &OF_SEVERAL,
        };
        [of_several, &OF_EACH].concat()
    }

    /// Whether it is played in CI as well: of several servers what one server has not, and of clocks those that are ahead, as
    /// time is short there.
    pub(crate) fn is_played_in_ci(self, topology: Topology) -> bool {
        let behind = [Off::TwoMinutesBehind, Off::TenMinutesBehind].map(Self::ClockOff);
        self == Self::MasterKilled || topology == Topology::OneServer && !behind.contains(&self)
    }

    /// A sentence, as the name of a test.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::NodeKilled => "no_sign_in_is_lost_when_a_node_is_killed",
            Self::NodeStopped => "no_sign_in_is_lost_when_a_node_is_stopped",
            Self::StoreRestartsEmpty => "nobody_is_stopped_when_redis_restarts_empty",
            Self::StoreDown => "r33_people_sign_in_while_redis_is_down",
            Self::StoreHangs => "r33_people_sign_in_while_redis_hangs",
            Self::StoreFull => "r33_people_sign_in_while_redis_is_full",
            Self::StoreSlow => "r33_people_sign_in_while_redis_is_slow",
            Self::StoreRefusesThePassword => "r33_people_sign_in_while_redis_refuses_the_password",
            Self::MasterKilled => "no_sign_in_fails_when_the_master_is_killed",
            Self::MasterHangs => "no_sign_in_fails_when_the_master_hangs",
            Self::CasDown => {
                "sessions_go_on_while_cas_is_down_and_whoever_waits_is_let_in_after_it"
            }
            Self::CasUnreachable => {
                "sessions_go_on_while_no_ticket_can_be_checked_and_whoever_waits_is_let_in_after_it"
            }
            Self::DirectoryDown => {
                "sessions_go_on_while_the_directory_is_down_and_whoever_waits_is_let_in_after_it"
            }
            Self::ClockOff(Off::TwoMinutesAhead) => {
                "a_node_whose_clock_is_two_minutes_ahead_lets_people_in_who_are_believed"
            }
            Self::ClockOff(Off::TwoMinutesBehind) => {
                "a_node_whose_clock_is_two_minutes_behind_lets_people_in_who_are_believed"
            }
            Self::ClockOff(Off::TenMinutesAhead) => {
                "a_node_whose_clock_is_ten_minutes_ahead_says_so"
            }
            Self::ClockOff(Off::TenMinutesBehind) => {
                "a_node_whose_clock_is_ten_minutes_behind_says_so"
            }
            Self::DiskFull => "people_sign_in_while_the_disk_is_full",
            Self::LogClosed => "people_sign_in_while_nobody_takes_the_log",
            Self::ClientsHangUp => "r48_nobody_gets_the_answer_of_a_client_that_hangs_up",
        }
    }

    /// What happens, for a reader.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::NodeKilled => "a node is killed (SIGKILL)",
            Self::NodeStopped => "a node is stopped (SIGTERM)",
            Self::StoreRestartsEmpty => "Redis restarts empty",
            Self::StoreDown => "Redis is down",
            Self::StoreHangs => "Redis hangs (SIGSTOP)",
            Self::StoreFull => "Redis is full",
            Self::StoreSlow => "Redis answers 200 ms later",
            Self::StoreRefusesThePassword => "Redis refuses the password",
            Self::MasterKilled => "the master is killed (SIGKILL), another one is promoted",
            Self::MasterHangs => "the master hangs (SIGSTOP), another one is promoted",
            Self::CasDown => "the CAS server is down",
            Self::CasUnreachable => "the nodes cannot reach the CAS server, and browsers can",
            Self::DirectoryDown => "the directory is down",
            Self::ClockOff(Off::TwoMinutesAhead) => "the clock of a node is 2 minutes ahead",
            Self::ClockOff(Off::TwoMinutesBehind) => "the clock of a node is 2 minutes behind",
            Self::ClockOff(Off::TenMinutesAhead) => "the clock of a node is 10 minutes ahead",
            Self::ClockOff(Off::TenMinutesBehind) => "the clock of a node is 10 minutes behind",
            Self::DiskFull => "the disk is full",
            Self::LogClosed => "nobody takes the log (its pipe is closed)",
            Self::ClientsHangUp => "other clients hang up in mid-request",
        }
    }

    /// Whether the 99th percentile of a sign-in is promised while it lasts.
    pub(crate) const fn has_promised_time(self) -> bool {
        match self {
            Self::StoreDown
            | Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword => true,
            Self::NodeKilled
            | Self::NodeStopped
            | Self::StoreRestartsEmpty
            | Self::MasterKilled
            | Self::MasterHangs
            | Self::CasDown
            | Self::CasUnreachable
            | Self::DirectoryDown
            | Self::ClockOff(_)
            | Self::DiskFull
            | Self::LogClosed
            | Self::ClientsHangUp => false,
        }
    }

    /// Where people who have no session have to wait until it is over.
    pub(crate) const fn has_people_wait_at(self) -> Option<Pair> {
        match self {
            Self::CasDown | Self::CasUnreachable => Some(Pair::AtCas),
            Self::DirectoryDown => Some(Pair::AtDirectory),
            Self::NodeKilled
            | Self::NodeStopped
            | Self::StoreRestartsEmpty
            | Self::StoreDown
            | Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword
            | Self::MasterKilled
            | Self::MasterHangs
            | Self::ClockOff(_)
            | Self::DiskFull
            | Self::LogClosed
            | Self::ClientsHangUp => None,
        }
    }

    /// Whether a node is stopped for it, or started again.
    pub(crate) const fn stops_a_node(self) -> bool {
        match self {
            Self::NodeKilled | Self::NodeStopped | Self::ClockOff(_) | Self::LogClosed => true,
            Self::StoreRestartsEmpty
            | Self::StoreDown
            | Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword
            | Self::MasterKilled
            | Self::MasterHangs
            | Self::CasDown
            | Self::CasUnreachable
            | Self::DirectoryDown
            | Self::DiskFull
            | Self::ClientsHangUp => false,
        }
    }

    /// What becomes of sessions in the store.
    pub(crate) const fn to_sessions(self) -> ToSessions {
        match self {
            Self::NodeKilled
            | Self::NodeStopped
            | Self::CasDown
            | Self::CasUnreachable
            | Self::DirectoryDown
            | Self::ClockOff(_)
            | Self::DiskFull
            | Self::LogClosed
            | Self::ClientsHangUp => ToSessions::Nothing,
            Self::StoreRestartsEmpty => ToSessions::Lost,
            Self::StoreDown => ToSessions::LostAndNoneKept,
            Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword
            | Self::MasterKilled
            | Self::MasterHangs => ToSessions::NoneKept,
        }
    }

    /// Has it happen.
    pub(crate) async fn begin(self, stage: &mut Stage) -> anyhow::Result<()> {
        stage.marks = Marks::of(stage)?;
        stage.since = stage.marks.clone();
        stage.began = Instant::now();
        stage.lives = stage.lives();
        match self {
            Self::NodeKilled => {
                for node in stage.scene.nodes.iter_mut().step_by(2) {
                    kill_at_work(node, &stage.counter).await?;
                }
            }
            Self::NodeStopped => {
                for node in stage.scene.nodes.iter_mut().step_by(2) {
                    stop(node).await?;
                }
            }
            Self::StoreRestartsEmpty => start_again(&mut stage.store).await,
            Self::StoreDown => stage.store.each().into_iter().for_each(Redis::kill),
            Self::StoreHangs => stage.store.each().iter().for_each(|redis| redis.pause()),
            Self::StoreFull => stage.store.each().iter().for_each(|redis| bound(redis, 1)),
            Self::StoreSlow => stage.store.slow_down()?,
            Self::StoreRefusesThePassword => stage.store.believe("ANOTHER-PASSWORD"),
            Self::MasterKilled | Self::MasterHangs => {
                stage.gone = stage.store.master();
                let master = stage.master()?;
                if self == Self::MasterKilled {
                    master.redis.kill();
                } else {
                    master.redis.pause();
                }
            }
            Self::CasDown => stage.scene.cas.stop(),
            Self::CasUnreachable => stage.scene.way_to_cas.cut(),
            Self::DirectoryDown => stage.scene.directory.stop(),
            Self::ClockOff(off) => {
                if off.is_too_much() {
                    stage.balancer = Some(stage.scene.balancer());
                }
                stop(stage.first_mut()?).await?;
                if off.is_too_much() {
                    // A machine takes longer to start than a balancer to see that it is away.
                    let (scene, first) = (&stage.scene, stage.first()?.address);
                    until("the balancer sees that the node is away", async || {
                        scene.leaves_out(first)
                    })
                    .await;
                }
                stage.first_mut()?.start_off(off.seconds()).await?;
            }
            Self::DiskFull => {
                let mut disks = stage.scene.nodes.iter().filter_map(Node::disk);
                disks.try_for_each(Disk::fill)?;
            }
            Self::LogClosed => {
                let closed = stage.scene.nodes.iter().filter(|node| node.close_log());
                ensure!(closed.count() > 0, "no node logs into a pipe");
            }
            Self::ClientsHangUp => {
                stage.leavers = Some(stage.scene.leavers(&stage.left)?);
            }
        }
        Ok(())
    }

    /// Whether it is known wherever it should be.
    pub(crate) fn is_known(self, stage: &mut Stage) -> anyhow::Result<bool> {
        match self {
            Self::NodeKilled | Self::NodeStopped => {
                let mut gone = stage.scene.nodes.iter().step_by(2);
                Ok(gone.all(|node| node.told().is_none()))
            }
            // Nothing but that people sign in anew tells of it.
            Self::StoreRestartsEmpty => {
                let (now, before) = (stage.lives(), &stage.lives);
                Ok(now.len() == before.len() && now.iter().zip(before).all(|(now, it)| now != it))
            }
            // They look where they have heard nothing of it for ten seconds.
            Self::CasDown => Ok(stage.began.elapsed() > HEARD_OF_CAS_FOR),
            Self::StoreDown | Self::StoreHangs | Self::StoreRefusesThePassword => {
                stage.each_says_of_the_store(false)
            }
            Self::StoreFull => {
                let now = Marks::of(stage)?;
                let full = stage.scene.counted("store_full")?;
                let says = |told: &Value| told.pointer("/store/is_full") == Some(&true.into());
                Ok((full - 4.0).abs() < 0.5
                    && stage.scene.told()?.iter().all(says)
                    && now.unkept > stage.since.unkept
                    && now.unguarded > stage.since.unguarded)
            }
            Self::StoreSlow => Ok(stage.store.is_slow() && stage.each_says_of_the_store(false)?),
            Self::MasterKilled | Self::MasterHangs => {
                let now = Marks::of(stage)?.unanswered;
                Ok(now
                    .iter()
                    .zip(&stage.since.unanswered)
                    .all(|(now, before)| now > before))
            }
            Self::CasUnreachable => {
                let failed = failed(&stage.scene.told()?, CAS);
                Ok(failed > stage.since.cas_failed)
            }
            Self::DirectoryDown => {
                let failed = failed(&stage.scene.told()?, DIRECTORY);
                Ok(failed > stage.since.directory_failed)
            }
            Self::ClockOff(off) if off.is_too_much() => {
                let is_left_out = stage.scene.leaves_out(stage.first()?.address);
                Ok(is_left_out && stage.clock_of_first()? == (503, "wrong".to_owned()))
            }
            Self::ClockOff(_) => Ok(stage.clock_of_first()? == (200, "corrected".to_owned())),
            Self::DiskFull => Ok(stage.logs_fail(Node::has_log_file)),
            Self::LogClosed => Ok(stage.logs_fail(|node| !node.has_log_file())),
            Self::ClientsHangUp => Ok(Marks::of(stage)?.left > stage.since.left),
        }
    }

    /// Notes that it is known, so that [`Self::is_known`] says from now on whether it is seen still.
    ///
    /// # Errors
    ///
    /// A node does not say.
    pub(crate) fn note_known(self, stage: &mut Stage) -> anyhow::Result<()> {
        match self {
            // Another one is asked as soon as there is one: then nobody meets it any more.
            Self::MasterKilled | Self::MasterHangs => {}
            Self::NodeKilled
            | Self::NodeStopped
            | Self::StoreRestartsEmpty
            | Self::StoreDown
            | Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword
            | Self::CasDown
            | Self::CasUnreachable
            | Self::DirectoryDown
            | Self::ClockOff(_)
            | Self::DiskFull
            | Self::LogClosed
            | Self::ClientsHangUp => stage.since = Marks::of(stage)?,
        }
        Ok(())
    }

    /// Has it end.
    pub(crate) async fn end(self, stage: &mut Stage) -> anyhow::Result<()> {
        match self {
            Self::NodeKilled | Self::NodeStopped => {
                for node in stage.scene.nodes.iter_mut().step_by(2) {
                    node.start().await?;
                }
            }
            Self::StoreRestartsEmpty => {}
            Self::StoreDown => start_again(&mut stage.store).await,
            Self::StoreHangs => stage.store.each().iter().for_each(|redis| redis.go_on()),
            Self::StoreFull => stage.store.each().iter().for_each(|redis| bound(redis, 0)),
            Self::StoreSlow => stage.store.speed_up(),
            Self::StoreRefusesThePassword => stage.store.believe(STORE_PASSWORD),
            Self::MasterKilled => stage.master()?.redis.start_again().await,
            Self::MasterHangs => stage.master()?.redis.go_on(),
            Self::CasDown => stage.scene.cas.start_again().await,
            Self::CasUnreachable => stage.scene.way_to_cas.mend(),
            Self::DirectoryDown => stage.scene.directory.start_again().await,
            Self::ClockOff(_) => {
                stop(stage.first_mut()?).await?;
                stage.first_mut()?.start().await?;
            }
            Self::DiskFull => {
                let mut disks = stage.scene.nodes.iter().filter_map(Node::disk);
                disks.try_for_each(Disk::make_room)?;
            }
            Self::LogClosed => {
                // As whoever mends it does: one after the other.
                for node in stage.scene.nodes.iter_mut().filter(|it| !it.has_log_file()) {
                    stop(node).await?;
                    node.start().await?;
                }
            }
            Self::ClientsHangUp => stage.leavers = None,
        }
        Ok(())
    }

    /// Whether what is away may come back. A master that does before another one was promoted goes on as the master, with nothing
    /// in it: an election that nobody has won is held again some seconds later, and the shortest outages are no longer.
    pub(crate) fn may_end(self, stage: &mut Stage) -> anyhow::Result<bool> {
        if !matches!(self, Self::MasterKilled | Self::MasterHangs) {
            return Ok(true);
        }
        let gone = stage.gone.context("no master is away")?;
        Ok(stage.store.has_all_masters_without(gone))
    }

    /// Whether all says that it is over.
    pub(crate) fn is_over(self, stage: &mut Stage) -> anyhow::Result<bool> {
        match self {
            Self::MasterKilled | Self::MasterHangs => {
                // Another one was promoted, or it would still be the master; and it has all that that one has, or it could
                // not take the place of it in the next row.
                let gone = stage.master()?;
                let follows = gone.redis.told(&["INFO", "replication"]);
                Ok(role(gone) == "slave"
                    && follows.contains("master_link_status:up")
                    && stage.each_says_of_the_store(true)?)
            }
            Self::NodeKilled
            | Self::NodeStopped
            | Self::StoreRestartsEmpty
            | Self::StoreDown
            | Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword
            | Self::CasDown
            | Self::CasUnreachable
            | Self::DirectoryDown
            | Self::ClientsHangUp => stage.each_says_of_the_store(true),
            Self::ClockOff(_) => {
                let first = stage.first()?.address;
                let is_over = stage.each_says_of_the_store(true)? && !stage.scene.leaves_out(first);
                if is_over {
                    stage.balancer = None;
                }
                Ok(is_over)
            }
            Self::DiskFull | Self::LogClosed => {
                Ok(stage.logs_fail(|_node| false) && stage.each_says_of_the_store(true)?)
            }
        }
    }
}

/// Kills a node that has a request. Where it was quicker, and nobody was hung up on, it is started and killed once more.
async fn kill_at_work(node: &mut Node, counter: &Counter) -> anyhow::Result<()> {
    let address = node.address;
    for _ in 0..KILLS {
        let before = counter.hung_up_by(address);
        let asked_by = Instant::now() + Duration::from_mins(1);
        while !counter.is_at_work(address) {
            ensure!(Instant::now() < asked_by, "nobody asks the node anything");
            // It has a request for some milliseconds, which a beat would miss.
            rest(Duration::from_micros(100));
        }
        // Which kills it.
        node.server = None;
        until("nobody waits for it", async || !counter.is_at_work(address)).await;
        if counter.hung_up_by(address) > before {
            return Ok(());
        }
        node.start().await?;
    }
    bail!("the node was killed {KILLS} times, and never had a request")
}

/// Stops a node as `systemctl stop` does.
async fn stop(node: &mut Node) -> anyhow::Result<()> {
    let mut server = node.server.take().context("no node")?;
    server.terminate();
    let status = server.ends().await;
    ensure!(status.success(), "the node ended with {status}");
    Ok(())
}

/// Starts all servers that store once more, empty: none of them before all are away, or one would have of another what that
/// was to lose.
async fn start_again(store: &mut Store) {
    store.each().into_iter().for_each(Redis::kill);
    for redis in store.each() {
        redis.start_again().await;
    }
}

impl Marks {
    fn of(stage: &Stage) -> anyhow::Result<Self> {
        let scene = &stage.scene;
        // Of each node at one time: a question that was not answered explains what is counted right after it.
        let running = scene.nodes.iter().filter(|node| node.server.is_some());
        let counts: Vec<_> = running.map(Node::counts).collect::<anyhow::Result<_>>()?;
        // A node that was started again counts from none: such are compared over all.
        let each = |name| -> anyhow::Result<Vec<f64>> {
            counts.iter().map(|counts| counts.of(name)).collect()
        };
        let sum = |name| Ok::<f64, anyhow::Error>(each(name)?.iter().sum());
        let told: Vec<_> = scene.nodes.iter().filter_map(Node::told).collect();
        Ok(Self {
            unguarded: sum("requests_without_replay_mark_total")?,
            unkept: sum("sessions_unkept_total")?,
            unmarked: sum("cas_tickets_without_mark_total")?,
            unanswered: each("store_unanswered_total")?,
            cas_failed: failed(&told, CAS),
            directory_failed: failed(&told, DIRECTORY),
            left: stage.left.load(Ordering::SeqCst),
        })
    }
}

/// Where `/readyz` says how often the CAS server has failed, and the directory.
const CAS: &str = "/cas_servers/0/failed";
const DIRECTORY: &str = "/directory_servers/0/failed";

/// How often one of the two has failed, as the nodes tell it.
fn failed(told: &[Value], which: &str) -> f64 {
    let failed = told.iter().filter_map(|told| told.pointer(which)?.as_f64());
    failed.sum()
}

impl Stage {
    /// All that runs, with nothing away.
    pub(crate) fn of(scene: Scene, store: Store, counter: Arc<Counter>) -> Self {
        Self {
            scene,
            store,
            marks: Marks::default(),
            since: Marks::default(),
            began: Instant::now(),
            lives: Vec::new(),
            back: Marks::default(),
            lasted: Duration::ZERO,
            was_held: false,
            gone: None,
            leavers: None,
            left: Arc::default(),
            balancer: None,
            counter,
        }
    }

    /// Notes what is counted now that everything is back.
    ///
    /// # Errors
    ///
    /// A node does not say.
    pub(crate) fn note_what_is_back(&mut self) -> anyhow::Result<()> {
        self.back = Marks::of(self)?;
        Ok(())
    }

    /// What was counted in a row that has ended.
    ///
    /// # Errors
    ///
    /// A node does not say.
    pub(crate) fn counted(&self) -> anyhow::Result<Counted> {
        Ok(Counted {
            now: Marks::of(self)?,
            before: self.marks.clone(),
            back: self.back.clone(),
            first: Some(self.first()?.address),
            lasted: self.lasted,
            was_held: self.was_held,
        })
    }

    /// Which lives of the servers that store it is; one that does not take a connection has none. One that hangs would be
    /// waited for.
    fn lives(&mut self) -> Vec<String> {
        let servers = self.store.each();
        let lives = servers.iter().filter_map(|redis| {
            let told = redis.told(&["INFO", "server"]);
            let line = told.lines().find(|line| line.starts_with("run_id:"))?;
            Some(line.to_owned())
        });
        lives.collect()
    }

    fn first(&self) -> anyhow::Result<&Node> {
        self.scene.nodes.first().context("no node")
    }

    fn first_mut(&mut self) -> anyhow::Result<&mut Node> {
        self.scene.nodes.first_mut().context("no node")
    }

    /// The status of `/readyz` of the first node, and how it stands with its clock.
    fn clock_of_first(&self) -> anyhow::Result<(u16, String)> {
        let (status, told) = self.first()?.says().context("no answer")?;
        let standing = told.pointer("/clock/state").and_then(Value::as_str);
        Ok((status, standing.context("nothing of its clock")?.to_owned()))
    }

    /// Whether `/readyz` says of the logs of these nodes that they fail, and of those of all others that they do not.
    fn logs_fail(&self, fail: impl Fn(&Node) -> bool) -> bool {
        let mut nodes = self.scene.nodes.iter();
        nodes.all(|node| node.says_that_the_log_fails() == Some(fail(node)))
    }

    fn master(&mut self) -> anyhow::Result<&mut crate::lab::redis_topology::Node> {
        let number = self.gone.context("no master is away")?;
        self.store
            .servers()
            .get_mut(number)
            .context("no such server")
    }

    /// Whether `/readyz` and `/metrics` of every node and `passerelle status` say this of the store, and a notice of CAS is answered by it: where
    /// no ticket can be looked up CAS is told to try again.
    fn each_says_of_the_store(&self, answers: bool) -> anyhow::Result<bool> {
        let says = |told: &Value| told.pointer("/store/answers") == Some(&answers.into());
        let counted = self.scene.counted("store_answers")?;
        let (wanted, status) = if answers { (4.0, 200) } else { (0.0, 503) };
        Ok(self.scene.told()?.iter().all(says)
            && (counted - wanted).abs() < 0.5
            && self.scene.take_logout_notice()? == status
            && self.scene.nodes.iter().all(|node| {
                let says = node.says_that_the_store_answers();
                says.is_ok_and(|it| it == answers)
            }))
    }
}
