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
/// The most that it may cost with two nodes that share it, of what it costs with two that share nothing.
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
    let addresses = [free_address()?, free_address()?, free_address()?];
    let [first, second, third] = addresses;
    let place = Place::make(first, PEOPLE, &redis.lines())?;
    let other = place.another("other", second, &format!("{AT_HOME}{}", redis.lines()))?;
    let elsewhere = format!("{}prefix = \"elsewhere:\"\n", redis.lines());
    let elsewhere = Place::make(third, PEOPLE, &elsewhere)?;
    let mut one = Node::new(&place, first)?;
    let mut two = Node {
        server: Server::start_by(&other, second)?,
        crowd: one.crowd.also_at(second, &place)?,
    };
    let mut stranger = Node::new(&elsewhere, third)?;
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
    // Nodes run on a machine each. On one, each finds the other's data in the caches in the place of its own, and that
    // costs the same whether they share anything. So one node is measured where another one works as well that it
    // shares nothing with: what is left is what the sharing costs.
    one.server.keep_to(0)?;
    two.server.keep_to(1)?;
    stranger.server.keep_to(1)?;
    let (mut of_strangers, mut of_one) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let (mut by_one, mut by_strangers, mut by_two) =
            (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for _ in 0..SLICES {
            by_one += (cost(&mut [&mut one], 0)? + cost(&mut [&mut two], 0)?) / 2;
        }
        for slice in 0..SLICES {
            // Who is measured first finds colder caches. Everybody comes to each node in turn.
            let turn = slice / 2;
            if slice % 2 == 0 {
                by_strangers += cost(&mut [&mut one, &mut stranger], turn)?;
                by_two += cost(&mut [&mut one, &mut two], turn)?;
            } else {
                by_two += cost(&mut [&mut one, &mut two], turn)?;
                by_strangers += cost(&mut [&mut one, &mut stranger], turn)?;
            }
        }
        of_strangers.add(by_two.div_duration_f64(by_strangers));
        of_one.add(by_two.div_duration_f64(by_one));
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
        "\nThe same with two nodes that people come to in turn, each on a processor of this machine"
    );
    let verdict = judge(of_strangers.median(), MOST_WITH_TWO, all_within);
    println!(
        "{:52}{of_strangers}   limit {MOST_WITH_TWO}: {verdict}",
        "of what it costs where they share nothing"
    );
    println!(
        "{:52}{of_one}",
        "of what it costs where the other one rests"
    );
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
