//! What goes wrong around people: nodes end and begin again, clocks jump, the store and the servers are away.

use std::sync::Arc;

use crate::{cas::Health, world::World};

/// For how long it storms.
const LENGTHS: [u64; 5] = [600_000, 1_800_000, 3_600_000, 12_000_000, A_DAY];
/// A day at work: longer than a session lives.
pub(crate) const A_DAY: u64 = 40_000_000;
/// The longest that something is away.
const LONGEST: u64 = 25_000;

/// For how long it storms in a run.
pub(crate) fn lasts(world: &World) -> u64 {
    world.dice.pick(&LENGTHS)
}

/// Has things go wrong until `end`.
pub(crate) async fn rages(world: &Arc<World>, end: u64) {
    if world.dice.falls(250) {
        // One whose clock nobody sets.
        let by = if world.dice.falls(500) {
            600_000
        } else {
            -600_000
        };
        jumps(world, world.dice.below(world.nodes.len()), by);
    }
    while world.now() < end {
        // Over a day as often in all as over an hour or two, or no session would live to its end.
        let most = match end {
            A_DAY => world.dice.pick(&[600_000, 3_600_000, 7_200_000]),
            _ => world.dice.pick(&[20_000, 120_000, 600_000]),
        };
        world.wait(1000, most).await;
        strikes(world).await;
    }
}

/// The clock of one node is ahead, and none of the servers that are asked is there, when somebody sets all right.
pub(crate) async fn ends_badly(world: &Arc<World>) {
    jumps(world, world.dice.below(world.nodes.len()), 600_000);
    for server in 0..2 {
        world.cas.changes(server, Health::Gone);
        world.directory.changes(server, Health::Gone);
    }
    world.note("storm", "nobody is there to be asked");
    world.wait(20_000, 40_000).await;
}

/// All is calm, and every clock right.
pub(crate) fn is_over(world: &Arc<World>) {
    for (number, node) in world.nodes.iter().enumerate() {
        jumps(world, number, 0);
        if !node.is_up() {
            node.start(world);
        }
    }
    world.calm();
}

fn jumps(world: &World, node: usize, by: i64) {
    if !world.has_odd_clocks {
        return;
    }
    world.note(
        "storm",
        &format!("the clock of node {node} is off by {by} ms"),
    );
    world.judge.is_off(world.now(), node, by);
    world.nodes[node].clock.is_off(by);
}

/// Has something be other than it was for a while.
fn for_a_while(world: &Arc<World>, back: impl FnOnce(&Arc<World>) + Send + 'static) {
    let of_task = Arc::clone(world);
    world.crowd.join(async move {
        of_task.wait(200, LONGEST).await;
        back(&of_task);
    });
}

async fn strikes(world: &Arc<World>) {
    let node = world.dice.below(world.nodes.len());
    match world.dice.below(8) {
        0 | 1 => {
            world.note("storm", &format!("node {node} ends"));
            world.nodes[node].crash();
            for_a_while(world, move |world| {
                if !world.nodes[node].is_up() {
                    world.note("storm", &format!("node {node} begins"));
                    world.nodes[node].start(world);
                }
            });
        }
        2 => {
            let most = world.dice.pick(&[2000, 90_000]);
            let by = world.dice.between(0, 2 * most).cast_signed() - most.cast_signed();
            jumps(world, node, by);
        }
        3 => {
            world.note("storm", "the store is away");
            world.store.goes_away();
            for_a_while(world, |world| {
                world.note("storm", "the store is back");
                world.store.is_back();
            });
        }
        4 => {
            let lacks = world.dice.pick(&[500, 5000, u64::MAX]);
            world.note(
                "storm",
                &format!("the store is followed, and lacks {lacks} ms"),
            );
            let moment = world.now().saturating_sub(lacks);
            world.store.is_followed(world, moment).await;
        }
        5 | 6 => {
            let (part, health) = (world.dice.below(3), world.dice.pick(&Health::ALL));
            world.note("storm", &format!("part {part} of CAS is {health:?}"));
            world.cas.changes(part, health);
            for_a_while(world, move |world| world.cas.changes(part, Health::Well));
        }
        _ => {
            let (server, health) = (world.dice.below(2), world.dice.pick(&Health::ALL));
            world.note(
                "storm",
                &format!("server {server} of the directory is {health:?}"),
            );
            world.directory.changes(server, health);
            for_a_while(world, move |world| {
                world.directory.changes(server, Health::Well);
            });
        }
    }
}
