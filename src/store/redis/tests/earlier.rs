//! What an earlier version has left in the server, all of it: names of keys and fields, and what is sealed in them.

use std::sync::Arc;

use base64::Engine as _;
use jiff::Timestamp;
use redis::Commands as _;

use super::{
    Connection, KeyRing, LIMITS, Lab, ManualClock, PATIENCE_MS, Places, RedisStore, Sealer,
    SeededEntropy, URL_SAFE_NO_PAD, at,
    clocks::ClockStanding,
    conformance::{
        attempts::RULE,
        key,
        marks::used,
        session,
        stories::{self, code, keeping, step},
    },
    names, participant,
};
use crate::{
    model::{
        entity_id::EntityId,
        session::Session,
        store::{
            Attempts as _, ReplayGuard as _, Sessions as _, Sight, Standing, Stories as _, Use,
            Verdict,
        },
    },
    sys::{entropy::Entropy, hmac::base32_lower},
};

/// As version 0.1.0 has stored it, under the key ring of 32 octets 7. Once that version is released the file stays as it is:
/// what a later one stores otherwise has a file of its own beside it, and both are read.
const OF_VERSION_0_1_0: &str = include_str!("of_version_0_1_0.txt");

/// What stands in the keys of that which nodes say of their clocks: the time is in it.
const OF_CLOCKS: &str = "{clocks}";

/// The lines of the file that are of clocks, or all others.
fn of_version_0_1_0(is_of_clocks: bool) -> String {
    let lines = OF_VERSION_0_1_0.split_inclusive('\n');
    let lines = lines.filter(|line| line.contains(OF_CLOCKS) == is_of_clocks);
    lines.collect()
}

/// How the attempts are counted.
const COUNTED: [u8; 32] = [4; 32];

/// The ends of a story.
const ENDS: [&str; 2] = ["asked", "answered"];

fn with_code() -> Session {
    Session {
        support_code: Some(code(7)),
        ..session("max", 9_000)
    }
}

/// The ticket of the session that has been replaced, of the one that lives, and one that was signed out before it had any.
const TICKETS: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

fn with_ticket(ticket: [u8; 32], told: &str) -> Session {
    let mut session = session("zoe", 9_000);
    session.proof.ticket = Some(ticket);
    session.join(participant(told, "zoe@univ.example"));
    session
}

/// Leaves something of each kind, but of clocks.
async fn leave(store: &RedisStore) {
    for (number, ticket, told) in [(1, TICKETS[0], "zoom"), (2, TICKETS[1], "library")] {
        store.bring_ticket(ticket, at(600), at(0)).await.unwrap();
        let begun = store.create(key(number), with_ticket(ticket, told), at(0));
        assert_eq!(begun.await, Ok(Standing::Lives));
    }
    let replaced = store.replace(key(1), Some(key(2)), at(1)).await;
    assert_eq!(replaced, Ok(None));
    store
        .bring_ticket(TICKETS[2], at(600), at(0))
        .await
        .unwrap();
    let ended = store.end_by_ticket(TICKETS[2], at(1)).await;
    assert_eq!(ended, Ok(None));
    let zoom = zoom();
    let marked = store.mark(mark(&zoom, 1), at(2)).await;
    assert_eq!(marked, Ok(Sight::First));
    let begun = store.create(key(5), with_code(), at(2)).await;
    assert_eq!(begun, Ok(Standing::Lives));
    for end in ENDS {
        let (step, kept) = (step(end), keeping(9_000));
        let added = store.add_to_story(code(7), &step, kept, at(2));
        assert_eq!(added.await, Ok(()));
    }
    for _ in 0..RULE.free {
        let verdict = store.attempt(COUNTED, RULE, at(2)).await;
        assert_eq!(verdict, Ok(Verdict::Go));
    }
    let (begun, step) = (stories::begun(9_000), step("asked"));
    let added = store.add_to_story(code(8), &step, begun, at(2));
    assert_eq!(added.await, Ok(()));
}

fn zoom() -> EntityId {
    EntityId::parse("https://zoom.example").unwrap()
}

fn mark(issuer: &EntityId, by: u8) -> Use<'_> {
    Use {
        by: [by; 32],
        ..used(issuer, "_1", at(600))
    }
}

/// All that is in the server, a line for each value: its kind, its key, its field or member, and the value.
fn dump(stranger: &mut Connection) -> String {
    let mut lines = Vec::new();
    let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let keys: Vec<String> = stranger.keys("*").unwrap();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query(stranger).unwrap();
        let values: Vec<(Vec<u8>, Vec<u8>)> = match kind.as_str() {
            "hash" => stranger.hgetall(&key).unwrap(),
            "zset" => stranger.zrange_withscores(&key, 0, -1).unwrap(),
            _ => vec![(Vec::new(), stranger.get(&key).unwrap())],
        };
        let of_key = values.iter().map(|(field, value)| {
            format!("{kind} {key} field={} value={}", text(field), text(value))
        });
        lines.extend(of_key);
    }
    lines.sort();
    lines.join("\n") + "\n"
}

/// Puts what was dumped into the server.
fn put_back(stranger: &mut Connection, dumped: &str) {
    let octets = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    for line in dumped.lines() {
        let (place, value) = line.split_once(" value=").unwrap();
        let (place, field) = place.split_once(" field=").unwrap();
        let (kind, key) = place.split_once(' ').unwrap();
        let (field, value) = (octets(field), octets(value));
        match kind {
            "hash" => stranger.hset::<_, _, _, ()>(key, field, value).unwrap(),
            "zset" => {
                let score: f64 = str::from_utf8(&value).unwrap().parse().unwrap();
                stranger.zadd::<_, _, _, ()>(key, field, score).unwrap();
            }
            _ => stranger.set::<_, _, ()>(key, value).unwrap(),
        }
    }
}

/// A server, and nodes that have the key ring of the file.
async fn lab() -> Lab {
    let mut lab = Lab::start().await;
    let line = URL_SAFE_NO_PAD.encode([7; 32]);
    lab.keys = Arc::new(KeyRing::parse(&line).unwrap());
    lab
}

/// A node that draws what this seed gives.
fn store(lab: &Lab, seed: u64) -> RedisStore {
    let drawn: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
    let server = lab.server("passerelle:", PATIENCE_MS);
    RedisStore::new(server, LIMITS, (Arc::clone(&lab.keys), names()), drawn)
}

#[tokio::test]
async fn r126_marks_tickets_and_where_replaced_keys_lead_are_read_as_an_earlier_version_left_them()
{
    let lab = lab().await;
    let before = of_version_0_1_0(false);
    leave(&store(&lab, 1)).await;
    let mut stranger = lab.stranger();
    assert_eq!(dump(&mut stranger), before, "what is stored now");
    let () = redis::cmd("FLUSHALL").query(&mut stranger).unwrap();
    put_back(&mut stranger, &before);
    let store = store(&lab, 2);
    let zoom = zoom();
    for (by, by_same_at) in [(1, Some(at(2))), (2, None)] {
        let seen = store.mark(mark(&zoom, by), at(3)).await;
        assert_eq!(seen, Ok(Sight::Again { by_same_at }));
    }
    for ticket in TICKETS {
        let seen = store.bring_ticket(ticket, at(600), at(3)).await;
        assert_eq!(seen, Ok(Sight::Again { by_same_at: None }));
    }
    let late = store.create(key(3), with_ticket(TICKETS[2], "zoom"), at(3));
    assert_eq!(late.await, Ok(Standing::Ended));
    // The key of the first session leads to the second, and whoever follows it has all who took part in the two.
    let begun = store.create(key(4), session("zoe", 9_000), at(3)).await;
    assert_eq!(begun, Ok(Standing::Lives));
    let mut both = with_ticket(TICKETS[0], "zoom");
    both.join(participant("library", "zoe@univ.example"));
    let unled = store.find(key(2), at(3)).await.unwrap().unwrap();
    assert_eq!(unled.participants, both.participants);
    let replaced = store.replace(key(1), Some(key(4)), at(3)).await;
    assert_eq!(replaced, Ok(None));
    let heir = store.find(key(4), at(4)).await.unwrap().unwrap();
    assert_eq!(heir.participants, both.participants);
    // And a ticket to its session.
    put_back(&mut stranger, &before);
    let ended = store.end_by_ticket(TICKETS[1], at(5)).await.unwrap();
    assert_eq!(ended.unwrap().participants, both.participants);
}

#[tokio::test]
async fn r126_stories_attempts_and_codes_are_read_as_an_earlier_version_left_them() {
    let lab = lab().await;
    put_back(&mut lab.stranger(), &of_version_0_1_0(false));
    let store = store(&lab, 2);
    let steps = store.story(code(7), at(3)).await;
    assert_eq!(steps, Ok(ENDS.map(step).to_vec()));
    let steps = store.story(code(8), at(3)).await;
    assert_eq!(steps, Ok(vec![step("asked")]));
    let found = store.find(key(5), at(3)).await;
    assert_eq!(found, Ok(Some(with_code())));
    // This node itself has counted none of them.
    let verdict = store.attempt(COUNTED, RULE, at(2)).await;
    assert_eq!(verdict, Ok(Verdict::WaitUntil(at(3))));
    assert_eq!(store.record().refused, 0);
}

/// What a node says of its clock, as all versions write it: how far it is ahead, and what time it was at the server, in
/// milliseconds.
fn statement(ahead: i64, theirs: i64) -> Vec<u8> {
    [ahead.to_be_bytes(), theirs.to_be_bytes()].concat()
}

#[tokio::test]
async fn r126_what_an_earlier_version_says_of_its_clock_is_believed_and_what_is_said_now_is_the_same()
 {
    let lab = lab().await;
    let mut stranger = lab.stranger();
    let places = Places::new("passerelle:");
    let (said, heard) = (places.clocks.as_str(), places.heard.as_str());
    let sealer = Sealer::new(Arc::clone(&lab.keys), Arc::new(SeededEntropy::new(3)));
    let node = base32_lower(&[5; 16]);
    let of_node = (&places.clocks, node.as_bytes());
    let kept = (at(0), Timestamp::MAX);
    let seal = |statement: &[u8]| sealer.seal(of_node, statement, kept).unwrap();
    let put = |stranger: &mut Connection, statement: &[u8], ends: i64| {
        let () = stranger.zadd(heard, &node, ends).unwrap();
        let () = stranger.hset(said, &node, seal(statement)).unwrap();
    };
    put(&mut stranger, &statement(120_000, 1_000_000), 1_060_000);
    let before = of_version_0_1_0(true);
    assert_eq!(dump(&mut stranger), before, "what is stored now");
    let () = redis::cmd("FLUSHALL").query(&mut stranger).unwrap();
    put_back(&mut stranger, &before);
    let left: Vec<u8> = stranger.hget(said, &node).unwrap();
    let opened = sealer.open(of_node, &left, at(0));
    assert_eq!(opened, Ok(Some(statement(120_000, 1_000_000))));
    // What a node says now, whose clock is where time begins.
    let () = redis::cmd("FLUSHALL").query(&mut stranger).unwrap();
    let clock = ManualClock::starting_at(at(0));
    store(&lab, 1).compare_clocks(&clock).await;
    let told: Vec<(Vec<u8>, Vec<u8>)> = stranger.hgetall(said).unwrap();
    let [(name, left)] = &told[..] else {
        panic!("{}", told.len())
    };
    assert_eq!(name.len(), node.len());
    let ends: f64 = stranger.zscore(heard, name).unwrap();
    let opened = sealer.open((&places.clocks, name), left, at(0));
    let opened = opened.unwrap().unwrap();
    let (ahead, theirs) = opened.split_first_chunk().unwrap();
    let ahead = i64::from_be_bytes(*ahead);
    let theirs = i64::from_be_bytes(theirs.try_into().unwrap());
    #[expect(clippy::cast_precision_loss, reason = "a double holds it exactly")]
    let until = (theirs + 60_000) as f64;
    assert!((ends - until).abs() < 0.5, "{ends} {theirs}");
    // But for what the question took.
    assert!((ahead + theirs).abs() < 60_000, "{ahead} {theirs}");
    // A node of before that agrees with the server, and what anybody else could say.
    for (last, standing) in [(0, ClockStanding::Wrong), (1, ClockStanding::Disputed)] {
        let () = redis::cmd("FLUSHALL").query(&mut stranger).unwrap();
        put(&mut stranger, &statement(0, theirs), theirs + 60_000);
        let mut left: Vec<u8> = stranger.hget(said, &node).unwrap();
        *left.last_mut().unwrap() ^= last;
        let () = stranger.hset(said, &node, left).unwrap();
        let store = store(&lab, 2);
        store.compare_clocks(&clock).await;
        let known = store.record().clock.unwrap();
        assert_eq!(known.standing, standing);
    }
}

#[tokio::test]
async fn r126_a_story_that_a_node_of_before_has_put_with_those_of_people_too_is_there_alone() {
    let lab = lab().await;
    let (store, mut stranger) = (store(&lab, 1), lab.stranger());
    let places = Places::new("passerelle:");
    let (of_people, of_others) = (&places.stories_end, &places.other_stories_end);
    let (begun, asked) = (stories::begun(9_000), step(ENDS[0]));
    let added = store.add_to_story(code(7), &asked, begun, at(2));
    assert_eq!(added.await, Ok(()));
    // A version that knew of one pile of stories knew that one.
    let held: Vec<Vec<u8>> = stranger.zrange(of_others.as_str(), 0, -1).unwrap();
    let () = stranger
        .zadd(of_people.as_str(), &held[0], 9_000_000)
        .unwrap();
    let answered = step(ENDS[1]);
    let added = store.add_to_story(code(7), &answered, keeping(9_000), at(3));
    assert_eq!(added.await, Ok(()));
    let counts: [usize; 2] =
        [of_people, of_others].map(|pile| stranger.zcard(pile.as_str()).unwrap());
    assert_eq!(counts, [1, 0]);
    let steps = store.story(code(7), at(4)).await;
    assert_eq!(steps, Ok(vec![asked, answered]));
}
