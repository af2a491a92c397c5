//! What a sign-in on a live session costs where several nodes share what they remember: one node with Redis, and two that
//! people come to in turn.

use std::{net::SocketAddr, time::Duration};

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

impl<'a> Node<'a> {
    /// Starts one where nobody has a session, and lets everybody in.
    fn new(place: &'a Place, address: SocketAddr) -> anyhow::Result<Self> {
        let mut node = Self {
            server: Server::start(place, address)?,
            crowd: Crowd::new(place)?,
        };
        for person in 0..PEOPLE {
            node.crowd.let_in(address, person)?;
        }
        Ok(node)
    }
}

/// Measures both, and notes in `all_within` whether a limit is exceeded.
///
/// # Errors
///
/// A server does not start, or somebody is not let in.
pub(crate) fn measure(rsa: &RsaSignature, all_within: &mut bool) -> anyhow::Result<()> {
    let redis = Redis::start()?;
    let (first, second) = (free_address()?, free_address()?);
    let place = Place::make(first, PEOPLE, &redis.lines())?;
    let other = place.another("other", second, &format!("{AT_HOME}{}", redis.lines()))?;
    let mut one = Node::new(&place, first)?;
    let mut two = Node {
        server: Server::start_by(&other, second)?,
        crowd: one.crowd.also_at(second, &place)?,
    };
    let awake = Awake::keep()?;
    let visits = u32::try_from(PEOPLE)?;
    let mut alone = Samples::default();
    for _ in 0..ROUNDS {
        let (mut by_one, mut signature) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..SLICES {
            signature += rsa.time(SIGNATURES)?;
            by_one += cost(&mut [&mut one], 0)?;
        }
        alone.add((by_one / visits).div_duration_f64(signature));
    }
    // Nodes run on a machine each, and work there without a pause. On one machine each finds in the caches what others put
    // in the place of its own while it waits, the more of it the longer it does. So everybody comes to the one node and then
    // to the other one, as many as come to one that is alone; and by turns of a single visit, to say what that costs.
    one.server.keep_to(0)?;
    two.server.keep_to(1)?;
    let (mut of_one, mut by_turns) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let (mut by_one, mut by_two, mut in_turn) =
            (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for slice in 0..SLICES {
            let node = if slice < SLICES / 2 {
                &mut one
            } else {
                &mut two
            };
            by_one += cost(&mut [node], 0)?;
        }
        for slice in 0..SLICES {
            let node = if slice % 2 == 0 { &mut one } else { &mut two };
            by_two += cost(&mut [node], 0)?;
        }
        for slice in 0..SLICES {
            in_turn += cost(&mut [&mut one, &mut two], slice)?;
        }
        of_one.add(by_two.div_duration_f64(by_one));
        by_turns.add(in_turn.div_duration_f64(by_one));
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
        "\nThe same with two nodes, each on a processor of this machine, of what it costs with one"
    );
    let verdict = judge(of_one.median(), MOST_WITH_TWO, all_within);
    println!(
        "{:52}{of_one}   limit {MOST_WITH_TWO}: {verdict}",
        format!("everybody ({PEOPLE}) to the one, then to the other")
    );
    println!("{:52}{by_turns}", "each visit to the other one");
    Ok(())
}

/// The CPU time of all nodes while everybody comes back once, to one node after the other, the first one to that whose `turn`
/// it is.
fn cost(nodes: &mut [&mut Node<'_>], turn: usize) -> anyhow::Result<Duration> {
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
    for (person, request) in requests.iter().enumerate() {
        if let Some(node) = nodes.get_mut((person + turn) % count) {
            answers.push(node.crowd.comes_back(person, request)?);
        }
    }
    let cost = used(nodes)?.saturating_sub(before);
    for (person, (request, answer)) in requests.iter().zip(&answers).enumerate() {
        if let Some(node) = nodes.get((person + turn) % count) {
            node.crowd.check(&request.request, answer)?;
        }
    }
    Ok(cost)
}
