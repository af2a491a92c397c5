//! What the servers of `[store]` say of themselves to whoever tries them before people come: each is asked as the running
//! server would ask it, on connections of their own.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redis::{RedisError, RedisResult};
use tokio::time::{Instant, timeout};

use super::{
    call::{Call, SLOTS, slot},
    cluster::{self, Range},
    dial::{Dialer, Fault, Line, Round},
    link::said_of,
    scripts,
    sentinel::Sentinels,
};
use crate::{
    config::store::{RedisAddress, RedisServer, Topology},
    model::chain::Chain,
    sys::clock::Clock,
};

/// How many names of keys are tried to find one in a slot of a server: more than one slot of a server needs.
const MOST_TAGS: u32 = 200_000;

/// What somebody said who was asked, by their address; or why they said nothing, in words.
pub type Said<T> = (String, Result<T, String>);

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// What each Sentinel said that the master is, or each server of a Cluster that it could tell.
    pub guides: Vec<Said<String>>,
    /// What each server said that holds anything.
    pub servers: Vec<Said<Probed>>,
    /// Whether a Cluster has no server for some of its slots.
    pub lacks_slots: bool,
}

/// What a server says of itself.
#[derive(Debug)]
pub struct Probed {
    /// None where our account may not ask.
    pub about: Option<About>,
    /// What time it is there, and here at that moment; none where our account may not ask.
    pub time: Option<(Timestamp, Timestamp)>,
    /// How long one question took.
    pub round_trip: Duration,
    /// The commands that our account needs and may not use.
    pub refused: Vec<String>,
    /// Whether there is no more room for what would be written.
    pub is_full: bool,
    /// The words for whatever else it has against our commands, whoever brings them.
    pub refuses: Vec<String>,
}

/// What it tells of its kind.
#[derive(Debug)]
pub struct About {
    /// Which Redis it is.
    pub version: String,
    /// Whether it takes writes.
    pub is_master: bool,
    /// What it forgets where room is short: `maxmemory-policy`.
    pub policy: String,
    /// How many bytes it may hold; none where it holds as much as there is room for.
    pub max_memory: Option<u64>,
    /// How many replicas it has.
    pub replicas: u32,
    /// Whether it refuses writes where too few of them follow (`min-replicas-to-write`).
    pub needs_replicas: bool,
}

/// Asks all servers, each for as long as `patience` at most.
pub async fn survey(server: &RedisServer, clock: &dyn Clock, patience: Duration) -> Survey {
    let prober = Prober {
        dialer: Dialer::new(server.account.clone()),
        prefix: &server.prefix,
        clock,
        patience,
    };
    let mut survey = Survey::default();
    match &server.topology {
        Topology::One(address) => {
            survey
                .servers
                .push(prober.probe(address, 0..=SLOTS - 1).await);
        }
        Topology::Sentinel {
            master,
            sentinels,
            account,
        } => {
            let mut named = None;
            for address in sentinels {
                let one = vec![address.clone()];
                let sentinel = Sentinels::new(master.clone(), one, account.clone());
                let said = sentinel.watch().master().await;
                named = named.or_else(|| said.as_ref().ok().cloned());
                let said = said.map(|named| named.to_string());
                let told = said.map_err(|(fault, _by)| Chain(&fault).to_string());
                survey.guides.push((address.to_string(), told));
            }
            if let Some(master) = named {
                survey
                    .servers
                    .push(prober.probe(&master, 0..=SLOTS - 1).await);
            }
        }
        Topology::Cluster(seeds) => {
            let mut known: Option<Vec<Range>> = None;
            for address in seeds {
                let mut round = Round::of(std::slice::from_ref(address), &prober.dialer);
                let said = round.ask(&cluster::questions(), cluster::ranges).await;
                let told = match said {
                    Ok(ranges) => {
                        let told = format!("{} ranges of slots", ranges.len());
                        known.get_or_insert(ranges);
                        Ok(told)
                    }
                    Err((fault, _by)) => Err(Chain(&fault).to_string()),
                };
                survey.guides.push((address.to_string(), told));
            }
            let ranges = known.unwrap_or_default();
            survey.lacks_slots = !ranges.is_empty() && !cluster::cover(&ranges);
            let mut asked: Vec<&RedisAddress> = Vec::new();
            for range in &ranges {
                if !asked.contains(&&range.master) {
                    asked.push(&range.master);
                    let slots = range.first..=range.last;
                    survey
                        .servers
                        .push(prober.probe(&range.master, slots).await);
                }
            }
        }
    }
    survey
}

/// How servers are asked.
struct Prober<'a> {
    dialer: Dialer,
    prefix: &'a str,
    clock: &'a dyn Clock,
    patience: Duration,
}

impl Prober<'_> {
    /// Asks the server that has these slots.
    async fn probe(
        &self,
        address: &RedisAddress,
        slots: std::ops::RangeInclusive<u16>,
    ) -> Said<Probed> {
        let tag = (0..MOST_TAGS)
            .map(|number| format!("{}{{probe-{number}}}", self.prefix))
            .find(|tag| slots.contains(&slot(tag.as_bytes())))
            .unwrap_or_default();
        let probed = timeout(self.patience, self.ask(address, &tag)).await;
        let probed = probed.unwrap_or(Err(Fault::Late));
        let told = probed.map_err(|fault| Chain(&fault).to_string());
        (address.to_string(), told)
    }

    async fn ask(&self, address: &RedisAddress, tag: &str) -> Result<Probed, Fault> {
        let mut line = self.dialer.dial(address).await?;
        let mut connection = line.connection.clone();
        let info = redis::cmd("INFO");
        let info = allowed(&mut line, info.query_async::<String>(&mut connection)).await?;
        let (asked_at, now) = (Instant::now(), self.clock.now());
        let time = redis::cmd("TIME");
        let time = time.query_async::<(i64, i64)>(&mut connection);
        let time = allowed(&mut line, time).await?;
        let round_trip = asked_at.elapsed();
        let half = SignedDuration::try_from(round_trip / 2).unwrap_or_default();
        let ours = now.saturating_add(half).unwrap_or(now);
        let theirs = time.and_then(|(second, _)| Timestamp::from_second(second).ok());
        let mut call = Call::of(&scripts::RIGHTS);
        for name in [":hash", ":text", ":set"] {
            call.key(&[tag, name].concat());
        }
        let said = call.ask::<Vec<String>>(&mut connection);
        let said = allowed(&mut line, said).await?;
        let said = said.unwrap_or_else(|| vec!["evalsha".to_owned(), "script|load".to_owned()]);
        let is_fault = |word: &String| word.starts_with(|first: char| first.is_ascii_uppercase());
        let (faults, mut refused): (Vec<_>, Vec<_>) = said.into_iter().partition(is_fault);
        let (full, words): (Vec<_>, Vec<_>) = faults.into_iter().partition(|word| word == "OOM");
        if info.is_none() {
            refused.push("info".to_owned());
        }
        Ok(Probed {
            about: info.as_deref().map(About::of),
            time: theirs.map(|theirs| (theirs, ours)),
            round_trip,
            refused,
            is_full: !full.is_empty(),
            refuses: words,
        })
    }
}

/// What is answered, and nothing where our account may not ask.
async fn allowed<T>(
    line: &mut Line,
    answer: impl Future<Output = RedisResult<T>>,
) -> Result<Option<T>, Fault> {
    let may_not = |fault: &RedisError| fault.code() == Some("NOPERM");
    match line.until(answer).await {
        Ok(answer) => Ok(Some(answer)),
        Err(Fault::Refused(fault)) if may_not(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

impl About {
    fn of(info: &str) -> Self {
        let said = |key: &str| said_of(info, key).unwrap_or("unknown").to_owned();
        Self {
            version: said("redis_version:"),
            is_master: said_of(info, "role:") == Some("master"),
            policy: said("maxmemory_policy:"),
            max_memory: said("maxmemory:").parse().ok().filter(|bytes| *bytes > 0),
            replicas: said("connected_slaves:").parse().unwrap_or(0),
            // It is told only where the setting is there.
            needs_replicas: said_of(info, "min_slaves_good_slaves:").is_some(),
        }
    }
}
