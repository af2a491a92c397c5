//! What an earlier version has left in the server, all of it: names of keys and fields, and what is sealed in them.

use std::sync::Arc;

use base64::Engine as _;
use redis::Commands as _;

use super::{
    Connection, KeyRing, LIMITS, Lab, PATIENCE_MS, RedisStore, SeededEntropy, URL_SAFE_NO_PAD, at,
    conformance::{key, participant, session, used},
};
use crate::{
    model::{
        entity_id::EntityId,
        session::Session,
        store::{ReplayGuard as _, Sessions as _, Sight, Standing, Use},
    },
    sys::entropy::Entropy,
};

/// As version 0.1.0 has stored it, under the key ring of 32 octets 7.
const OF_VERSION_0_1_0: &str = include_str!("of_version_0_1_0.txt");

/// The ticket of the session that has been replaced, of the one that lives, and one that was signed out before it had any.
const TICKETS: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

fn with_ticket(ticket: [u8; 32], told: &str) -> Session {
    let mut session = session("zoe", 9_000);
    session.proof.ticket = Some(ticket);
    session.join(participant(told, "zoe@univ.example"));
    session
}

/// Leaves something of each kind that is sealed, or stands for something that is.
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

#[tokio::test]
async fn r126_marks_tickets_and_where_replaced_keys_lead_are_read_as_an_earlier_version_left_them()
{
    let mut lab = Lab::start().await;
    let line = URL_SAFE_NO_PAD.encode([7; 32]);
    lab.keys = Arc::new(KeyRing::parse(&line).unwrap());
    let store = |seed| {
        let drawn: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
        let server = lab.server("passerelle:", PATIENCE_MS);
        RedisStore::new(server, LIMITS, Arc::clone(&lab.keys), drawn)
    };
    leave(&store(1)).await;
    let mut stranger = lab.stranger();
    assert_eq!(dump(&mut stranger), OF_VERSION_0_1_0, "what is stored now");
    let () = redis::cmd("FLUSHALL").query(&mut stranger).unwrap();
    put_back(&mut stranger, OF_VERSION_0_1_0);
    let store = store(2);
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
    put_back(&mut stranger, OF_VERSION_0_1_0);
    let ended = store.end_by_ticket(TICKETS[1], at(5)).await.unwrap();
    assert_eq!(ended.unwrap().participants, both.participants);
}
