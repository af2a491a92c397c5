//! What it says of the Redis servers that several nodes share.

use std::fmt::Write as _;

use super::House;
use crate::lab::{
    redis_server::Redis,
    redis_topology::{Cluster, MASTER, Sentinels, Words},
};

/// A configuration with these lines of `[store]`.
fn house(lines: &str) -> House {
    let local = "[authn]\nmethods = ['local']\n[authn.local]\npeople = 'people.toml'\n";
    let mut house = House::new(local);
    let tables = format!("[store]\ntimeout-milliseconds = 2000\n{lines}\n\n[sp.zoom]");
    house.replaced.push(("[sp.zoom]", tables));
    house
}

fn of(redis: &Redis) -> House {
    house(&format!("redis = 'unix://{}'", redis.socket().display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_the_store_is_forgets_refuses_and_what_time_it_is_there() {
    let redis = Redis::start(&[]).await;
    let said = of(&redis).doctor(&["--json"], "").await;
    assert_eq!(said.status, 0, "{}{}", said.out, said.errors);
    for check in [
        "store.server",
        "store.memory",
        "store.rights",
        "store.time",
        "clock",
    ] {
        assert_eq!(said.verdicts(check), ["good"], "{check}: {}", said.out);
    }
    let what = &said.of("store.server")[0].what;
    assert!(
        what.contains("Redis ") && what.contains("takes writes"),
        "{what}"
    );
    // What was tried left nothing there.
    assert_eq!(redis.told(&["DBSIZE"]).trim(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_each_right_that_is_missing_and_what_is_forgotten() {
    let rights = [
        "--user", "default", "on", "nopass", "~*", "+@all", "-zadd", "-zpopmin",
    ];
    let policy = ["--maxmemory-policy", "allkeys-lru"];
    let replicas = ["--min-replicas-to-write", "1"];
    let redis = Redis::start(&[&rights[..], &policy].concat()).await;
    let said = of(&redis).doctor(&["--json"], "").await;
    said.is_bad(
        "store.rights",
        "may not zadd, zpopmin",
        "+zadd +zpopmin, on keys ~passerelle:*",
    );
    let memory = &said.of("store.memory")[0];
    assert_eq!(memory.verdict, "warning");
    assert!(memory.what.contains("allkeys-lru") && memory.hint.contains("noeviction"));
    // The defaults want 200 MB for sessions and 67 for stories.
    for (megabytes, verdict) in [(266, "warning"), (268, "good")] {
        let redis = Redis::start(&["--maxmemory", &format!("{megabytes}000000")]).await;
        let said = of(&redis).doctor(&["--json"], "").await;
        assert_eq!(said.verdicts("store.memory"), [verdict], "{}", said.out);
        let memory = &said.of("store.memory")[0];
        assert_eq!(
            memory.hint.contains("stories.max-megabytes"),
            verdict == "warning"
        );
    }
    // People are remembered without this one.
    let rights = ["--user", "default", "on", "nopass", "~*", "+@all", "-time"];
    let redis = Redis::start(&rights).await;
    let said = of(&redis).doctor(&["--json"], "").await;
    assert_eq!(
        (said.status, said.verdicts("store.rights")),
        (0, vec!["warning".to_owned()])
    );
    // A server without room, of which our account may not ask how it is.
    let rights = ["--user", "default", "on", "nopass", "~*", "+@all", "-info"];
    let redis = Redis::start(&[&rights[..], &["--maxmemory", "1"]].concat()).await;
    let said = of(&redis).doctor(&["--json"], "").await;
    said.is_bad("store.memory", "no more room", "maxmemory");
    // A server that takes no write of anybody, and one that is gone.
    let mut redis = Redis::start(&replicas).await;
    let said = of(&redis).doctor(&["--json"], "").await;
    assert_eq!(said.verdicts("store.replicas"), ["warning"], "{}", said.out);
    said.is_bad(
        "store.server",
        "refuses writes: NOREPLICAS",
        "min-replicas-to-write",
    );
    assert_eq!(said.verdicts("store.rights"), ["good"], "{}", said.out);
    redis.kill();
    let said = of(&redis).doctor(&["--json"], "").await;
    said.is_bad("store.server", "cannot be reached", "is it started");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_each_sentinel_and_the_master_that_they_name() {
    let mut lab = Sentinels::start(Words::default()).await;
    let mut sentinels = String::new();
    for node in &lab.sentinels {
        write!(sentinels, "'redis://localhost:{}', ", node.port).unwrap();
    }
    let house_of_all = house(&format!("sentinels = [{sentinels}]\nmaster = '{MASTER}'"));
    lab.sentinels[1].redis.kill();
    let said = house_of_all.doctor(&["--json"], "").await;
    let gone = format!("localhost:{}", lab.sentinels[1].port);
    said.is_bad("store.guide", &gone, "is it started");
    assert_eq!(said.verdicts("store.guide"), ["good", "bad", "good"]);
    let server = &said.of("store.server")[0];
    let master = format!("localhost:{}", lab.servers[0].port);
    assert!(
        server.verdict == "good" && server.what.contains(&master),
        "{}",
        server.what
    );
    // A replica is no place for anything.
    let replica = house(&format!(
        "redis = 'redis://localhost:{}'",
        lab.servers[1].port
    ));
    let said = replica.doctor(&["--json"], "").await;
    said.is_bad("store.server", "a replica", "name the master");
    assert_eq!(said.verdicts("store.rights"), ["good"], "{}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_each_master_of_a_cluster_and_tells_of_slots_without_one() {
    let full = ["--cluster-require-full-coverage", "no"];
    let lab = Cluster::start(Words {
        server: &full,
        ..Words::default()
    })
    .await;
    let house = house(&format!(
        "cluster = ['redis://localhost:{}']",
        lab.servers[0].port
    ));
    let said = house.doctor(&["--json"], "").await;
    assert_eq!(said.status, 0, "{}{}", said.out, said.errors);
    for check in ["store.server", "store.memory", "store.rights"] {
        assert_eq!(said.verdicts(check), ["good"; 3], "{check}: {}", said.out);
    }
    for server in &lab.servers {
        server.redis.told(&["CLUSTER", "DELSLOTS", "0"]);
    }
    let said = house.doctor(&["--json"], "").await;
    said.is_bad("store.guide", "no server for some", "--cluster fix");
}
