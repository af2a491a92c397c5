//! The rows of the table of outages: what happens, how everybody comes to know of it, and what is promised.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    count::Tally,
    lab::{redis_server::Redis, redis_topology::role},
    scene::{STORE_PASSWORD, Scene},
    store::{One, Store, Topology, bound},
};

/// What happens. What is not about other servers (a disk that is full, a log that nobody reads) has its place here, too: a
/// variant, and an arm of each function below.
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
    DirectoryDown,
}

/// What the store and the nodes had counted before.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    unguarded: f64,
    unkept: f64,
    unmarked: f64,
    unanswered: Vec<f64>,
    directory_failed: f64,
}

/// All that runs, and what is known of the outage that is on.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) store: Store,
    pub(crate) marks: Marks,
    /// The number of the master that is away.
    gone: Option<usize>,
}

impl Outage {
    /// Those of a topology, in the order in which they are played: each finds everything as the ones before it leave it.
    pub(crate) const fn of(topology: Topology) -> &'static [Self] {
        match topology {
            Topology::OneServer => &[
                Self::NodeKilled,
                Self::NodeStopped,
                Self::StoreRestartsEmpty,
                Self::StoreDown,
                Self::StoreHangs,
                Self::StoreFull,
                Self::StoreSlow,
                Self::StoreRefusesThePassword,
                Self::CasDown,
                Self::DirectoryDown,
            ],
            Topology::Sentinel | Topology::Cluster => &[
                Self::MasterKilled,
                Self::MasterHangs,
                Self::NodeKilled,
                Self::NodeStopped,
                Self::StoreHangs,
                Self::StoreFull,
                Self::StoreDown,
                Self::CasDown,
                Self::DirectoryDown,
            ],
        }
    }

    /// Whether it is played in CI as well: of several servers what one server has not, as time is short there.
    pub(crate) fn is_played_in_ci(self, topology: Topology) -> bool {
        topology == Topology::OneServer || self == Self::MasterKilled
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
            Self::DirectoryDown => {
                "sessions_go_on_while_the_directory_is_down_and_whoever_waits_is_let_in_after_it"
            }
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
            Self::DirectoryDown => "the directory is down",
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
            | Self::DirectoryDown => false,
        }
    }

    /// Whether people who have no session have to wait until it is over.
    pub(crate) const fn has_people_wait(self) -> bool {
        match self {
            Self::CasDown | Self::DirectoryDown => true,
            Self::NodeKilled
            | Self::NodeStopped
            | Self::StoreRestartsEmpty
            | Self::StoreDown
            | Self::StoreHangs
            | Self::StoreFull
            | Self::StoreSlow
            | Self::StoreRefusesThePassword
            | Self::MasterKilled
            | Self::MasterHangs => false,
        }
    }

    /// Has it happen.
    pub(crate) async fn begin(self, stage: &mut Stage) -> anyhow::Result<()> {
        stage.marks = Marks::of(&stage.scene)?;
        match self {
            Self::NodeKilled => {
                for node in stage.scene.nodes.iter_mut().step_by(2) {
                    // Which kills it.
                    node.server = None;
                }
            }
            Self::NodeStopped => {
                for node in stage.scene.nodes.iter_mut().step_by(2) {
                    let mut server = node.server.take().context("no node")?;
                    server.terminate();
                    let status = server.ends().await;
                    ensure!(status.success(), "the node ended with {status}");
                }
            }
            Self::StoreRestartsEmpty => start_again(&mut stage.store).await,
            Self::StoreDown => stage.store.each().into_iter().for_each(Redis::kill),
            Self::StoreHangs => stage.store.each().iter().for_each(|redis| redis.pause()),
            Self::StoreFull => stage.store.each().iter().for_each(|redis| bound(redis, 1)),
            Self::StoreSlow => stage.one()?.slow_down(),
            Self::StoreRefusesThePassword => stage.one()?.believe("ANOTHER-PASSWORD"),
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
            Self::DirectoryDown => stage.scene.directory.stop(),
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
            // Nothing but that people sign in anew tells of the first. Of the second the nodes are not told: they ask CAS of
            // nobody who has no ticket, and nobody gets one.
            Self::StoreRestartsEmpty | Self::CasDown => Ok(true),
            Self::StoreDown | Self::StoreHangs | Self::StoreRefusesThePassword => {
                stage.each_says_of_the_store(false)
            }
            Self::StoreFull => {
                let now = Marks::of(&stage.scene)?;
                Ok(now.unkept > stage.marks.unkept && now.unguarded > stage.marks.unguarded)
            }
            Self::StoreSlow => Ok(stage.one()?.is_slow() && stage.each_says_of_the_store(false)?),
            Self::MasterKilled | Self::MasterHangs => {
                let now = Marks::of(&stage.scene)?.unanswered;
                Ok(now
                    .iter()
                    .zip(&stage.marks.unanswered)
                    .all(|(now, before)| now > before))
            }
            Self::DirectoryDown => {
                let failed = directory_failed(&stage.scene.told()?);
                Ok(failed > stage.marks.directory_failed)
            }
        }
    }

    /// Has it end.
    pub(crate) async fn end(self, stage: &mut Stage) -> anyhow::Result<()> {
        match self {
            Self::NodeKilled | Self::NodeStopped => {
                for node in stage.scene.nodes.iter_mut().step_by(2) {
                    node.start().await;
                }
            }
            Self::StoreRestartsEmpty => {}
            Self::StoreDown => start_again(&mut stage.store).await,
            Self::StoreHangs => stage.store.each().iter().for_each(|redis| redis.go_on()),
            Self::StoreFull => stage.store.each().iter().for_each(|redis| bound(redis, 0)),
            Self::StoreSlow => stage.one()?.speed_up(),
            Self::StoreRefusesThePassword => stage.one()?.believe(STORE_PASSWORD),
            Self::MasterKilled => stage.master()?.redis.start_again().await,
            Self::MasterHangs => stage.master()?.redis.go_on(),
            Self::CasDown => stage.scene.cas.start_again().await,
            Self::DirectoryDown => stage.scene.directory.start_again().await,
        }
        Ok(())
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
            | Self::DirectoryDown => stage.each_says_of_the_store(true),
        }
    }

    /// What is promised whatever happens: whether it is so, and what is not otherwise.
    fn of_all(self, tallies: &[Tally; 5]) -> [(bool, &'static str); 10] {
        let [before, onset, during, returns, after] = tallies;
        let all = Tally::of_all(tallies);
        let met_it = onset.signed_in + during.signed_in + returns.signed_in;
        [
            (all.failed == 0, "a sign-in failed"),
            (all.mixed == 0, "somebody was told to be somebody else"),
            (
                all.anew == 0 || self == Self::NodeKilled,
                "an answer was lost",
            ),
            (
                all.retried == 0 || matches!(self, Self::NodeKilled | Self::NodeStopped),
                "a node hung up on a request, and nobody had stopped it",
            ),
            (all.typed_at_cas == 0, "somebody had to type at CAS again"),
            (before.signed_in > 0, "nobody signed in before it"),
            (before.reused > 0, "no session was of use before it"),
            (met_it > 0, "nobody signed in while it lasted"),
            (after.signed_in > 0, "nobody signed in after it"),
            (returns.reused > 0, "no session was of use after it"),
        ]
    }

    /// What was not as it is promised; [`Tally`] by [`crate::count::Phase`].
    pub(crate) fn broken_promises(
        self,
        stage: &Stage,
        tallies: &[Tally; 5],
    ) -> anyhow::Result<Vec<&'static str>> {
        let now = Marks::of(&stage.scene)?;
        let [_, onset, during, returns, _] = tallies;
        let all = Tally::of_all(tallies);
        let nobody_waits = (all.waited == 0, "somebody had to wait");
        let unguarded = (
            now.unguarded > stage.marks.unguarded,
            "no request without a mark was counted",
        );
        let unkept = (
            now.unkept > stage.marks.unkept,
            "no session that was not kept was counted",
        );
        let of_it = match self {
            Self::NodeKilled | Self::NodeStopped => vec![
                nobody_waits,
                (all.retried > 0, "no request was put to another node"),
                (during.reused > 0, "no session was of use at the other node"),
            ],
            Self::StoreRestartsEmpty => {
                let through_cas = onset.through_cas + during.through_cas + returns.through_cas;
                vec![nobody_waits, (through_cas > 0, "nobody came through CAS")]
            }
            Self::StoreDown
            | Self::StoreHangs
            | Self::StoreSlow
            | Self::StoreRefusesThePassword => vec![
                nobody_waits,
                (
                    during.reused == 0,
                    "a session was known that nobody could look up",
                ),
                (
                    during.typed > 0,
                    "nobody signed in at the directory meanwhile",
                ),
                (during.through_cas > 0, "nobody signed in at CAS meanwhile"),
                unguarded,
                unkept,
                (
                    now.unmarked > stage.marks.unmarked,
                    "no ticket without a mark was counted",
                ),
            ],
            // Who has a session that was kept before is still known.
            Self::StoreFull => vec![
                nobody_waits,
                (during.reused > 0, "no session was of use meanwhile"),
                (
                    during.typed > 0,
                    "nobody signed in at the directory meanwhile",
                ),
                unguarded,
                unkept,
            ],
            Self::MasterKilled | Self::MasterHangs => vec![
                nobody_waits,
                (
                    during.signed_in > 0,
                    "nobody signed in while another one was promoted",
                ),
            ],
            Self::CasDown | Self::DirectoryDown => vec![
                (during.reused > 0, "no session was of use meanwhile"),
                (all.waited > 0, "nobody had to wait"),
            ],
        };
        let broken = { self.of_all(tallies).into_iter().chain(of_it) }.filter(|(is_so, _)| !is_so);
        Ok(broken.map(|(_, what)| what).collect())
    }
}

/// Starts all servers that store once more, empty.
async fn start_again(store: &mut Store) {
    for redis in store.each() {
        redis.start_again().await;
    }
}

impl Marks {
    fn of(scene: &Scene) -> anyhow::Result<Self> {
        // A node that was started again counts from none: such are compared over all.
        let each = |name| -> anyhow::Result<Vec<f64>> {
            let running = scene.nodes.iter().filter(|node| node.server.is_some());
            running.map(|node| node.counted(name)).collect()
        };
        let sum = |name| Ok::<f64, anyhow::Error>(each(name)?.iter().sum());
        let told: Vec<_> = scene
            .nodes
            .iter()
            .filter_map(crate::scene::Node::told)
            .collect();
        Ok(Self {
            unguarded: sum("requests_without_replay_mark_total")?,
            unkept: sum("sessions_unkept_total")?,
            unmarked: sum("cas_tickets_without_mark_total")?,
            unanswered: each("store_unanswered_total")?,
            directory_failed: directory_failed(&told),
        })
    }
}

/// How often the directory has failed, as the nodes tell it.
fn directory_failed(told: &[Value]) -> f64 {
    let failed = told
        .iter()
        .filter_map(|told| told.pointer("/directory_servers/0/failed")?.as_f64());
    failed.sum()
}

impl Stage {
    /// All that runs, with nothing away.
    pub(crate) fn of(scene: Scene, store: Store) -> Self {
        Self {
            scene,
            store,
            marks: Marks::default(),
            gone: None,
        }
    }

    fn one(&mut self) -> anyhow::Result<&mut One> {
        match &mut self.store {
            Store::One(one) => Ok(one),
            Store::Sentinels(_) | Store::Cluster(_) => anyhow::bail!("there are several servers"),
        }
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
