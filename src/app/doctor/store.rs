//! The Redis servers that several nodes share: each as the running server would ask it.

use super::{Finding, PATIENCE, clock::Date};
use crate::{
    config::store::RedisServer,
    store::redis::probe::{About, Probed, Said, Survey, survey},
    sys::clock::Clock,
};

const GUIDE: &str = "store.guide";
const SERVER: &str = "store.server";
const MEMORY: &str = "store.memory";
const RIGHTS: &str = "store.rights";
const REPLICAS: &str = "store.replicas";
const TIME: &str = "store.time";

/// What a session takes in the server that keeps it, in bytes: 100,000 take 200 MB.
const SESSION: u64 = 2_000;

/// How much of what may be kept, where the configuration could be read: sessions, and bytes of stories.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub(super) sessions: u32,
    pub(super) stories: u64,
}

/// Tries all of them; nothing is said where there are none. What time it is there goes to `dates`.
pub(super) async fn findings(
    config: Option<&RedisServer>,
    kept: Option<Kept>,
    clock: &dyn Clock,
    dates: &mut Vec<Date>,
) -> Vec<Finding> {
    let Some(config) = config else {
        return Vec::new();
    };
    let seen = survey(config, clock, PATIENCE).await;
    let mut findings = of_guides(&seen);
    if seen.servers.is_empty() {
        let hint = "mend the way to those that say where it is first";
        findings.push(Finding::not_tried(SERVER, "the server itself", hint));
    }
    let masters = u64::try_from(seen.servers.len()).unwrap_or(u64::MAX);
    // Sessions are spread over the masters of a Cluster; stories are at one of them.
    let needs = kept.map(|kept| u64::from(kept.sessions) * SESSION / masters.max(1) + kept.stories);
    for (address, said) in &seen.servers {
        match said {
            Err(fault) => findings.push(Finding::bad(SERVER, format!("{address}: {fault}"), REACH)),
            Ok(probed) => {
                let of_server = Server {
                    address,
                    config,
                    needs,
                    probed,
                };
                findings.extend(of_server.findings());
                let at = probed.time.map(|(theirs, ours)| Date {
                    server: format!("the machine of {address}"),
                    theirs,
                    ours,
                });
                dates.extend(at);
            }
        }
    }
    findings
}

const REACH: &str = "is it started, is the port right, does a firewall stand between? with rediss: store.ca must name the \
                     authority of its certificate, which has the name that stands in the address; where it refuses us: \
                     store.user and the file of its password";

/// The Sentinels, or the servers of a Cluster that are asked for the others.
fn of_guides(seen: &Survey) -> Vec<Finding> {
    let mut first: Option<&str> = None;
    let mut findings: Vec<_> = { seen.guides.iter() }
        .map(|(address, said): &Said<String>| match said {
            Err(fault) => Finding::bad(GUIDE, format!("{address}: {fault}"), REACH),
            Ok(named) if first.is_some_and(|first| first != named) => Finding::warning(
                GUIDE,
                format!("{address} says {named}, and another one said something else"),
                "if it stays so: they do not all watch the same, see their logs",
            ),
            Ok(named) => {
                first = Some(named);
                Finding::good(GUIDE, format!("{address} says {named}"))
            }
        })
        .collect();
    if seen.lacks_slots {
        findings.push(Finding::bad(
            GUIDE,
            "the Cluster has no server for some of its slots",
            "what is kept there is lost to people: `redis-cli --cluster check` says which, `--cluster fix` mends it",
        ));
    }
    findings
}

/// One that answered.
struct Server<'a> {
    address: &'a str,
    config: &'a RedisServer,
    /// How many bytes what it keeps may take.
    needs: Option<u64>,
    probed: &'a Probed,
}

impl Server<'_> {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let about = self.probed.about.as_ref();
        findings.extend(self.kind(about));
        findings.extend(self.memory(about));
        findings.extend(about.and_then(|about| self.replicas(about)));
        findings.push(self.rights());
        findings.push(self.round_trip());
        findings
    }

    fn kind(&self, about: Option<&About>) -> Option<Finding> {
        let (address, refuses) = (self.address, &self.probed.refuses);
        let version = about.map_or("", |about| about.version.as_str());
        if about.is_some_and(|about| !about.is_master) {
            return Some(Finding::bad(
                SERVER,
                format!("{address}: Redis {version}, a replica, which takes no writes"),
                "name the master; so that the one that takes its place is found by itself, name the Sentinels \
                 (store.sentinels)",
            ));
        }
        if !refuses.is_empty() {
            return Some(Finding::bad(
                SERVER,
                format!(
                    "{address}: Redis {version} refuses writes: {}",
                    refuses.join(", ")
                ),
                "MISCONF: it cannot write to its disk; NOREPLICAS: fewer replicas follow it than min-replicas-to-write; \
                 READONLY: it is a replica; otherwise see its log",
            ));
        }
        let takes = if self.probed.is_full {
            "takes no writes until there is room"
        } else {
            "takes writes"
        };
        about.map(|_| Finding::good(SERVER, format!("{address}: Redis {version}, {takes}")))
    }

    fn memory(&self, about: Option<&About>) -> Option<Finding> {
        let address = self.address;
        if self.probed.is_full {
            let what = format!("{address}: there is no more room");
            return Some(Finding::bad(
                MEMORY,
                what,
                "give it more (maxmemory), or others less",
            ));
        }
        about.map(|about| {
            self.has_room(about)
                .unwrap_or_else(|| self.forgets(&about.policy))
        })
    }

    /// That it has less than may come to be kept there: stories would then leave sessions no room.
    fn has_room(&self, about: &About) -> Option<Finding> {
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        let (has, needs) = (about.max_memory?, self.needs?);
        (about.policy == "noeviction" && has < needs).then(|| {
            Finding::warning(
                MEMORY,
                format!(
                    "{}: has {} MB of room, and sessions and stories may take {} MB: once it is full no new sign-in is \
                     remembered, and whether a request was answered before is not known",
                    self.address,
                    megabytes(has),
                    megabytes(needs),
                ),
                "raise its maxmemory, or lower stories.max-megabytes or sessions.max",
            )
        })
    }

    /// What it does where room is short.
    fn forgets(&self, policy: &str) -> Finding {
        let address = self.address;
        if policy == "noeviction" {
            return Finding::good(
                MEMORY,
                format!("{address}: forgets nothing for want of room"),
            );
        }
        Finding::warning(
            MEMORY,
            format!(
                "{address}: where room is short it removes values (maxmemory-policy {policy}): sessions, so that people \
                 sign in again, and marks of requests and tickets, which could then be used twice"
            ),
            "maxmemory-policy noeviction",
        )
    }

    fn replicas(&self, about: &About) -> Option<Finding> {
        let (address, count) = (self.address, about.replicas);
        match (about.needs_replicas, count) {
            (false, _) => None,
            (true, 0 | 1) => Some(Finding::warning(
                REPLICAS,
                format!(
                    "{address}: has {count} replica(s), and refuses writes without one (min-replicas-to-write)"
                ),
                "with one replica the promoted server would refuse every write: leave min-replicas-to-write out, or have \
                 two replicas",
            )),
            (true, _) => Some(Finding::good(
                REPLICAS,
                format!("{address}: has {count} replicas, and refuses writes where too few follow"),
            )),
        }
    }

    fn rights(&self) -> Finding {
        let refused = &self.probed.refused;
        if refused.is_empty() {
            let what = format!("{}: our account may do all that is needed", self.address);
            return Finding::good(RIGHTS, what);
        }
        let rights: Vec<_> = refused.iter().map(|name| format!("+{name}")).collect();
        let what = format!(
            "{}: our account may not {}",
            self.address,
            refused.join(", ")
        );
        let hint = format!(
            "ACL SETUSER with {}, on keys ~{}*",
            rights.join(" "),
            self.config.prefix
        );
        // Without these two people are still remembered.
        if refused
            .iter()
            .all(|name| ["info", "time"].contains(&name.as_str()))
        {
            return Finding::warning(RIGHTS, what, hint);
        }
        Finding::bad(RIGHTS, what, hint)
    }

    fn round_trip(&self) -> Finding {
        let taken = self.probed.round_trip;
        let what = format!("{}: answers within {} ms", self.address, taken.as_millis());
        if taken * 2 < self.config.timeout() {
            return Finding::good(TIME, what);
        }
        let hint =
            "more than half of store.timeout-milliseconds: raise that, or have the server nearer";
        Finding::warning(TIME, what, hint)
    }
}
