//! What a sign-in on a live session costs where several nodes share what they remember: one node with Redis, and two that
//! people come to in turn.

use std::time::Duration;

use crate::{
    Crowd, PEOPLE, ROUNDS, Request, SIGNATURES, SLICES,
    awake::Awake,
    kit::{
        measure::{RsaSignature, Samples, judge},
        place::{AT_HOME, Place},
        server::{Server, free_address},
    },
    redis::Redis,
};

/// The most that it may cost with Redis, in RSA-2048 signatures.
const MOST_WITH_REDIS: f64 = 1.9;
/// The most that it may cost with two nodes, of what it costs with one.
const MOST_WITH_TWO: f64 = 1.05;

/// A node, and everybody's browser, connected to it.
struct Node<'a> {
    server: Server,
    crowd: Crowd<'a>,
}

/// Measures both, and notes in `all_within` whether a limit is exceeded.
///
/// # Errors
///
/// A server does not start, or somebody is not let in.
pub(crate) fn measure(rsa: &RsaSignature, all_within: &mut bool) -> anyhow::Result<()> {
    let redis = Redis::start()?;
    let addresses = [free_address()?, free_address()?];
    let [first, second] = addresses;
    let place = Place::make(first, PEOPLE, &redis.lines())?;
    // For its control socket.
    std::fs::create_dir(place.path("other"))?;
    let other = place.another("other", second, &format!("{AT_HOME}{}", redis.lines()))?;
    let mut one = Node {
        server: Server::start(&place, first)?,
        crowd: Crowd::new(&place)?,
    };
    for person in 0..PEOPLE {
        one.crowd.let_in(first, person)?;
    }
    let mut two = Node {
        server: Server::start_by(&other, second)?,
        crowd: one.crowd.also_at(second, &place)?,
    };
    let awake = Awake::keep()?;
    let (mut alone, mut together, mut ratio) =
        (Samples::default(), Samples::default(), Samples::default());
    let visits = u32::try_from(PEOPLE)?;
    for _ in 0..ROUNDS {
        let (mut by_one, mut signature) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..SLICES {
            signature += rsa.time(SIGNATURES)?;
            by_one += cost(&mut [&mut one])?;
        }
        alone.add((by_one / visits).div_duration_f64(signature));
    }
    // Nodes run on a machine each. On one, each finds the other's data in the caches in the place of its own: measured so,
    // two cost 1.08 of one in every run.
    one.server.keep_to(0)?;
    two.server.keep_to(1)?;
    for _ in 0..ROUNDS {
        let (mut by_one, mut by_two, mut signature) =
            (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for _ in 0..SLICES {
            signature += rsa.time(SIGNATURES)?;
            by_one += cost(&mut [&mut one])?;
            by_two += cost(&mut [&mut one, &mut two])?;
        }
        together.add((by_two / visits).div_duration_f64(signature));
        ratio.add(by_two.div_duration_f64(by_one));
    }
    drop(awake);
    println!(
        "\nCPU time of all nodes for a sign-in on a live session that is in Redis, in RSA-2048 signatures"
    );
    let verdict = judge(alone.median(), MOST_WITH_REDIS, all_within);
    println!(
        "{:52}{alone}   limit {MOST_WITH_REDIS}: {verdict}",
        "one node"
    );
    println!(
        "{:52}{together}",
        "two nodes in turn, each on its processor"
    );
    let verdict = judge(ratio.median(), MOST_WITH_TWO, all_within);
    println!(
        "{:52}{ratio}   limit {MOST_WITH_TWO}: {verdict}",
        "the same, as a multiple of one on its processor"
    );
    Ok(())
}

/// The CPU time of all nodes while everybody comes back once, to one node after the other.
fn cost(nodes: &mut [&mut Node<'_>]) -> anyhow::Result<Duration> {
    let used = |nodes: &[&mut Node<'_>]| -> anyhow::Result<Duration> {
        nodes.iter().map(|node| node.server.cpu_time()).sum()
    };
    let mut requests: Vec<Request> = Vec::new();
    if let Some(node) = nodes.first() {
        requests = node.crowd.requests(PEOPLE, false)?;
    }
    let before = used(nodes)?;
    let mut answers = Vec::with_capacity(requests.len());
    let count = nodes.len();
    for (number, one) in requests.chunks(1).enumerate() {
        if let Some(node) = nodes.get_mut(number % count) {
            answers.extend(node.crowd.come_back(one, 1)?);
        }
    }
    let cost = used(nodes)?.saturating_sub(before);
    if let Some(node) = nodes.first() {
        node.crowd.check_all(&requests, &answers)?;
    }
    Ok(cost)
}
