//! The promises, against a real server; and what others may do to it.

use std::{
    collections::{BTreeMap, HashSet},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use redis::{Client, Commands as _, Connection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc::UnboundedReceiver,
};

use super::*;
use crate::{
    config::store::{RedisAccount, RedisAddress, Topology},
    model::{
        entity_id::EntityId,
        name_id::NameId,
        session::{Participant, Session, SessionKey},
        store::{AttemptRule, Attempts, Seen, Sessions, Standing, Stories, Verdict},
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    store::{
        conformance::{self, LIMITS, at, key, session},
        shelf::{MAX_STORY, OVERHEAD},
    },
    sys::{
        clock::ManualClock,
        entropy::{self, OsEntropy, SeededEntropy},
        secret::Secret,
    },
};

mod attempts;
mod earlier;
mod forged;
mod nodes;
#[path = "../../../tests/it/lab/port.rs"]
mod port;
#[path = "../../../tests/it/lab/redis_server.rs"]
mod redis_server;
#[path = "../../../tests/it/lab/redis_topology.rs"]
mod redis_topology;
mod stories;
mod topologies;
#[path = "../../../tests/it/lab/until.rs"]
mod until;

use nodes::Nodes;
use redis_server::Redis;

/// A store, and the server that it is in.
struct Lab {
    redis: Redis,
    keys: Arc<KeyRing>,
}

/// The account that administrators are told to make, which may do what is needed and no more.
fn account() -> Vec<&'static str> {
    let accounts = include_str!("../../../deploy/redis/users.acl");
    let line = accounts
        .lines()
        .find(|line| line.starts_with("user passerelle "));
    let words = line.unwrap().split(' ').skip(1);
    // Another service of the tests has another prefix.
    ["--user"]
        .into_iter()
        .chain(words)
        .chain(["~other:*"])
        .collect()
}

fn account_with(user: &str, password: &str) -> RedisAccount {
    RedisAccount {
        user: Some(user.to_owned()),
        password: Secret::from(password.to_owned()),
    }
}

/// What stories are named under.
fn names() -> Secret {
    Secret::new(vec![8; 32])
}

/// Generous where no test measures it: CI builds on the same two cores.
const PATIENCE_MS: u32 = 20_000;

impl Lab {
    async fn start() -> Self {
        Self {
            redis: Redis::start(&account()).await,
            keys: Arc::new(KeyRing::parse(&KeyRing::new_line(&OsEntropy)).unwrap()),
        }
    }

    /// What another node has.
    fn store(&self) -> RedisStore {
        self.store_with("passerelle:", PATIENCE_MS)
    }

    fn server(&self, prefix: &str, timeout_ms: u32) -> RedisServer {
        RedisServer {
            topology: Topology::One(RedisAddress::Socket(self.redis.socket())),
            account: Some(account_with("passerelle", "PASSWORD-OF-PASSERELLE")),
            prefix: prefix.to_owned(),
            timeout_ms,
        }
    }

    fn store_with(&self, prefix: &str, timeout_ms: u32) -> RedisStore {
        let server = self.server(prefix, timeout_ms);
        RedisStore::new(
            server,
            LIMITS,
            (Arc::clone(&self.keys), names()),
            Arc::new(OsEntropy),
        )
    }

    /// Somebody else who may write to the server.
    fn stranger(&self) -> Connection {
        let url = format!("unix://{}", self.redis.socket().display());
        Client::open(url).unwrap().get_connection().unwrap()
    }
}

mod one_node {
    use super::{Lab, conformance};

    conformance::every_promise_is_kept_by!(async {
        let lab = Lab::start().await;
        (lab.store(), lab)
    });
}

mod three_nodes {
    use super::{Lab, Nodes, conformance};

    conformance::every_promise_is_kept_by!(async {
        let lab = Lab::start().await;
        (Nodes::of(&lab), lab)
    });
}

/// A session of somebody, with a ticket of the same number.
async fn begin(store: &RedisStore, number: u32, login: &str) -> Session {
    let mut session = session(login, 9_000);
    session.proof.ticket = Some(key(number).0);
    let standing = store.create(key(number), session.clone(), at(0)).await;
    assert_eq!(standing, Ok(Standing::Lives));
    session
}

/// Under which key of the server a session is.
fn place(number: u32) -> String {
    let places = Places::new("passerelle:");
    places.session(key(number)).as_str().to_owned()
}

fn sealed(stranger: &mut Connection, number: u32) -> Vec<u8> {
    stranger.hget(place(number), "sealed").unwrap()
}

fn put(stranger: &mut Connection, number: u32, value: &[u8]) {
    let () = stranger.hset(place(number), "sealed", value).unwrap();
}

const FORGED: Result<Option<Session>, StoreError> = Err(StoreError::Forged);

/// Somebody who took part, as stands in what version 0.1.0 has stored.
fn participant(sp: &str, value: &str) -> Participant {
    let theirs = conformance::participant(sp, value);
    Participant {
        name_id: theirs.name_id.map(|name_id| NameId {
            sp_name_qualifier: None,
            ..name_id
        }),
        session_index: "_1".to_owned(),
        ..theirs
    }
}

/// A session as version 0.1.0 has stored it, under the key ring of 32 octets 7.
const OF_FORM_1: &str = "\
    AQFLsG-OAAAAAAAAIyh4OCWCKm-eYtohkOgo5MnSV25Zd-Ogs2JJaMA5Yp5mQdSlT9_3PX24hr9JxHbLhvGSDp3V\
    U8LuNtT15wDN_UL06Cqat9YGKg4TuWEpeSlNjP2WXyCWq8WLHIn79rwuolh-JORzJdFOx_0HzgTmitR024JG5kyZ\
    W-c82yp6VXykRhTKTtY3rR01G-z26NFOZBqQ1z3qquRNQZ_9lBhNrXDkPWNuer3WcyVK-v8EtIaXLX5jnE4KmjZa\
    QWv2Cp4lHchVr0cRP4oVTL0LgAdEkAxiijxkjPK2oOWiyWBCngF3HS13zw-iesoRrg9qJ7eWXUu82JPNiQBUVPbH\
    Mw";

#[tokio::test]
async fn r126_what_an_earlier_version_has_stored_is_read_and_what_is_stored_now_is_the_same() {
    let mut lab = Lab::start().await;
    let line = URL_SAFE_NO_PAD.encode([7; 32]);
    lab.keys = Arc::new(KeyRing::parse(&line).unwrap());
    let drawn = Arc::new(SeededEntropy::new(1));
    let server = lab.server("passerelle:", PATIENCE_MS);
    let store = RedisStore::new(server, LIMITS, (Arc::clone(&lab.keys), names()), drawn);
    let mut kept = session("zoe", 9_000);
    kept.proof.ticket = Some([9; 32]);
    kept.join(participant("zoom", "zoe@univ.example"));
    kept.join(participant("library", "5b0e3c7a91d24f68"));
    store.create(key(1), kept.clone(), at(0)).await.unwrap();
    let mut stranger = lab.stranger();
    let stored = URL_SAFE_NO_PAD.encode(sealed(&mut stranger, 1));
    assert_eq!(stored, OF_FORM_1);
    let earlier = URL_SAFE_NO_PAD.decode(OF_FORM_1).unwrap();
    put(&mut stranger, 1, &earlier);
    assert_eq!(store.find(key(1), at(1)).await, Ok(Some(kept)));
}

#[test]
fn r126_an_earlier_version_reads_a_session_that_has_a_code() {
    let before = session("zoe", 9_000);
    let with_code = Session {
        support_code: Some(SupportCode::of([7; 5])),
        ..before.clone()
    };
    let packed = crate::store::pack(&with_code).unwrap();
    // That version reads what it knows, and leaves alone what is behind it.
    let read: Session = postcard::from_bytes(&packed).unwrap();
    assert_eq!(read, before);
    let packed = crate::store::pack(&before).unwrap();
    assert_eq!(crate::store::unpack(&packed), Some(before));
}

#[tokio::test]
async fn r50_r121_nothing_that_is_in_the_server_says_who_was_there_or_opens_a_session() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    // Text as it is written is otherwise compressed.
    let () = redis::cmd("CONFIG")
        .arg(&["SET", "rdbcompression", "no"])
        .query(&mut stranger)
        .unwrap();
    begin(&store, 1, "canary.martin").await;
    begin(&store, 2, "canary.martin").await;
    let joining = participant("canary-sp", "canary.name");
    store.join(key(1), joining, at(1)).await.unwrap();
    store.replace(key(1), Some(key(2)), at(1)).await.unwrap();
    let zoom = EntityId::parse("https://canary.example/").unwrap();
    let used = conformance::marks::used(&zoom, "_canary", at(300));
    store.mark(used, at(0)).await.unwrap();
    let brought = store.bring_ticket([9; 32], at(300), at(0)).await;
    assert_eq!(brought, Ok(Sight::First));
    assert_eq!(store.end_by_ticket([9; 32], at(1)).await, Ok(None));
    let attempt = store
        .attempt([1; 32], conformance::attempts::RULE, at(0))
        .await;
    assert_eq!(attempt, Ok(Verdict::Go));
    let step = StoryStep {
        person: Some("canary.martin".to_owned()),
        ..conformance::stories::step("canary")
    };
    let kept = conformance::stories::keeping(9_000);
    let code = conformance::stories::code(1);
    store.add_to_story(code, &step, kept, at(0)).await.unwrap();
    let (other, begun) = (
        conformance::stories::code(2),
        conformance::stories::begun(9),
    );
    let added = store.add_to_story(other, &step, begun, at(0)).await;
    assert_eq!(added, Ok(()));
    store.compare_clocks(&ManualClock::starting_at(at(0))).await;
    let mut keys: Vec<String> = stranger.keys("*").unwrap();
    keys.sort_unstable();
    let places = Places::new("passerelle:");
    // One session, and where the other one leads.
    let (session, heir) = (places.session(key(2)), places.heir(key(1)));
    let mut all = [
        &places.listed,
        &places.by_ticket,
        &places.brought,
        &places.signed_out,
        &places.marked,
        &places.marks,
        &places.counted,
        &places.counters,
        &places.heard,
        &places.clocks,
        &places.stories_end,
        &places.other_stories_end,
        &places.stories,
        &session,
        &heir,
    ]
    .map(values::Place::as_str);
    all.sort_unstable();
    assert_eq!(keys, all);
    for key in keys {
        let ends_in: i64 = stranger.pttl(&key).unwrap();
        assert!(ends_in > 0, "{key} stays for ever");
        let value: Vec<u8> = redis::cmd("DUMP").arg(&key).query(&mut stranger).unwrap();
        let whole = [key.as_bytes(), &value].concat();
        assert!(whole.windows(6).all(|part| part != b"canary"), "{key}");
    }
}

#[tokio::test]
async fn r122_no_more_sessions_and_tickets_are_kept_than_the_limit_and_the_used_one_stays() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let with_ticket = |login: &str, number: u32| {
        let mut session = session(login, 90_000);
        session.proof.ticket = Some(key(number).0);
        session
    };
    let used = with_ticket("used", 0);
    store.create(key(0), used, at(0)).await.unwrap();
    let held = |stranger: &mut Connection| {
        let sessions: Vec<String> = stranger.keys("passerelle:{s:*").unwrap();
        let by_ticket: usize = stranger.hlen(BY_TICKET).unwrap();
        (sessions.len(), by_ticket)
    };
    for n in 1..=LIMITS.sessions * 3 {
        let now = i64::from(n);
        let session = with_ticket("one of many", n);
        store.create(key(n), session, at(now)).await.unwrap();
        assert!(store.find(key(0), at(now)).await.unwrap().is_some(), "{n}");
        let (sessions, by_ticket) = held(&mut stranger);
        assert!(
            sessions <= 64 && by_ticket == sessions,
            "{sessions} {by_ticket}"
        );
    }
    // One that is ended, and one that its ticket ends, take theirs along.
    let newest = LIMITS.sessions * 3;
    let now = at(newest.into());
    assert!(store.end(key(newest), now).await.unwrap().is_some());
    let ended = store.end_by_ticket(key(newest - 1).0, now).await;
    assert!(ended.unwrap().is_some());
    assert_eq!(held(&mut stranger), (62, 62));
}

#[tokio::test]
async fn r66_r122_notices_of_made_up_tickets_leave_nothing_behind() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    for n in 0..1_000 {
        assert_eq!(store.end_by_ticket(key(n).0, at(1)).await, Ok(None));
    }
    let keys: Vec<String> = stranger.keys("*").unwrap();
    assert_eq!(keys, [""; 0]);
}

#[tokio::test]
async fn r33_a_full_server_refuses_what_is_new_and_still_finds_and_ends() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let kept = begin(&store, 1, "zoe").await;
    // One that is signed out once it has begun, and one before.
    for number in [3, 4] {
        let brought = store.bring_ticket(key(number).0, at(300), at(0)).await;
        assert_eq!(brought, Ok(Sight::First));
    }
    let signed_out = begin(&store, 3, "zoe").await;
    let () = redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory", "1"])
        .query(&mut stranger)
        .unwrap();
    let created = store.create(key(2), session("max", 500), at(1)).await;
    assert_eq!(created, Err(StoreError::Full));
    let zoom = EntityId::parse("https://zoom.example/").unwrap();
    let used = conformance::marks::used(&zoom, "_1", at(300));
    assert_eq!(store.mark(used, at(1)).await, Err(StoreError::Full));
    // Guesses are counted by the node.
    for _ in 0..conformance::attempts::RULE.free {
        let verdict = store
            .attempt([1; 32], conformance::attempts::RULE, at(1))
            .await;
        assert_eq!(verdict, Ok(Verdict::Go));
    }
    let verdict = store
        .attempt([1; 32], conformance::attempts::RULE, at(1))
        .await;
    assert_eq!(verdict, Ok(Verdict::WaitUntil(at(2))));
    assert_eq!(store.find(key(1), at(2)).await, Ok(Some(kept.clone())));
    assert_eq!(store.end(key(1), at(3)).await, Ok(Some(kept)));
    let ended = store.end_by_ticket(key(3).0, at(3)).await;
    assert_eq!(ended, Ok(Some(signed_out)));
    assert_eq!(store.find(key(3), at(3)).await, Ok(None));
    // What could not be noted is told, where that was all there was to do.
    let not_noted = store.end_by_ticket(key(4).0, at(3)).await;
    assert_eq!(not_noted, Err(StoreError::Full));
}

const BY_TICKET: &str = "passerelle:{sessions}:by-ticket";

#[tokio::test]
async fn r66_a_node_whose_clock_is_ahead_takes_no_ticket_from_a_session_that_lives() {
    let lab = Lab::start().await;
    let (one, ahead) = (lab.store(), lab.store());
    let kept = begin(&one, 1, "zoe").await;
    assert!(one.find(key(1), at(36)).await.unwrap().is_some());
    // It lives until 636.
    let another = session("max", 9_000);
    ahead.create(key(2), another, at(635 + 120)).await.unwrap();
    let ended = one.end_by_ticket(key(1).0, at(635)).await;
    assert_eq!(ended, Ok(Some(kept)));
}

#[tokio::test]
async fn r66_a_session_that_the_list_has_lost_is_listed_with_its_ticket_when_it_is_used() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let kept = begin(&store, 1, "zoe").await;
    let () = stranger.del(BY_TICKET).unwrap();
    let () = stranger.del("passerelle:{sessions}:ends").unwrap();
    assert!(store.find(key(1), at(38)).await.unwrap().is_some());
    let ended = store.end_by_ticket(key(1).0, at(39)).await;
    assert_eq!(ended, Ok(Some(kept)));
}

#[tokio::test]
async fn r66_a_node_whose_clock_is_a_little_behind_lets_a_session_stand_where_it_does_in_the_list()
{
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    begin(&store, 1, "zoe").await;
    let ends = "passerelle:{sessions}:ends";
    let mut stands_at = async |now: i64| {
        assert!(store.find(key(1), at(now)).await.unwrap().is_some());
        let listed: Vec<(Vec<u8>, i64)> = stranger.zrange_withscores(ends, 0, -1).unwrap();
        let [(_, at)] = listed.as_slice() else {
            panic!("{listed:?}");
        };
        *at
    };
    let ahead = stands_at(100 + 15).await;
    assert_eq!(stands_at(100).await, ahead);
    // The same where it is not known when the list learned of it last.
    let () = lab.stranger().hdel(place(1), "listed").unwrap();
    assert_eq!(stands_at(100).await, ahead);
    // What stands there as if it lived much longer was put there by somebody else.
    let member: Vec<Vec<u8>> = lab.stranger().zrange(ends, 0, -1).unwrap();
    let () = lab.stranger().zadd(ends, &member[0], 1e15).unwrap();
    let () = lab.stranger().hdel(place(1), "listed").unwrap();
    assert_eq!(stands_at(100).await, ahead - 15_000);
}

#[tokio::test]
async fn r66_a_session_that_its_notice_did_not_find_ends_when_the_list_learns_of_it() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let brought = store.bring_ticket(key(1).0, at(300), at(0)).await;
    assert_eq!(brought, Ok(Sight::First));
    begin(&store, 1, "zoe").await;
    let () = stranger.del(BY_TICKET).unwrap();
    assert_eq!(store.end_by_ticket(key(1).0, at(1)).await, Ok(None));
    assert_eq!(store.find(key(1), at(38)).await, Ok(None));
    let left: bool = stranger.exists(place(1)).unwrap();
    assert!(!left);
}

#[tokio::test]
async fn r66_the_list_learns_of_a_use_whose_caller_goes_away() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    begin(&store, 1, "zoe").await;
    let () = stranger.del(BY_TICKET).unwrap();
    lab.redis.pause();
    let using = store.find(key(1), at(38));
    let left = tokio::time::timeout(Duration::from_millis(20), using).await;
    assert!(left.is_err());
    lab.redis.go_on();
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    let is_listed = async {
        while !stranger.exists::<_, bool>(BY_TICKET).unwrap() {
            beat.tick().await;
        }
    };
    let listed = tokio::time::timeout(Duration::from_mins(1), is_listed).await;
    listed.expect("the list learns of it");
}

/// Asks until the server answers, or fails.
async fn until_it_answers(store: &RedisStore) {
    until::until("it comes back by itself", async || {
        store.find(key(0), at(0)).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn r33_while_the_server_hangs_one_question_waits_and_the_others_are_told_at_once() {
    let lab = Lab::start().await;
    let store = lab.store_with("passerelle:", 2_000);
    until_it_answers(&store).await;
    begin(&store, 1, "zoe").await;
    assert!(store.record().answers);
    lab.redis.pause();
    let started = tokio::time::Instant::now();
    let found = store.find(key(1), at(1)).await;
    assert_eq!(found, Err(StoreError::Unavailable));
    for _ in 0..1_000 {
        let found = store.find(key(1), at(1)).await;
        assert_eq!(found, Err(StoreError::Unavailable));
    }
    // Were each to wait, it would be more than half an hour.
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(!store.record().answers);
    assert!(store.record().unanswered > 1_000);
    lab.redis.go_on();
    until_it_answers(&store).await;
    assert!(store.find(key(1), at(1)).await.unwrap().is_some());
    assert!(store.record().answers);
}

#[tokio::test]
async fn r33_a_server_that_refuses_every_write_does_not_answer_until_it_does_what_it_is_asked() {
    let lab = Lab::start().await;
    let store = lab.store();
    let mut stranger = lab.stranger();
    let mut set = |key: &str, value: &str| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg(key).arg(value);
        set.query::<()>(&mut stranger).unwrap();
    };
    begin(&store, 1, "zoe").await;
    assert!(store.record().answers);
    // As a master does that has lost its replicas, where it is told not to go on alone.
    set("min-replicas-to-write", "1");
    let created = store.create(key(2), session("luc", 9_000), at(0)).await;
    assert_eq!(created, Err(StoreError::Unavailable));
    assert!(!store.record().answers);
    set("min-replicas-to-write", "0");
    begin(&store, 3, "anne").await;
    assert!(store.record().answers);
}

/// A store whose server answers the first question of each connection with nothing that is known against it, the second
/// one with `answer`, and hangs up then; and what tells of each that came so far.
fn scripted(answer: &'static [u8]) -> (RedisStore, UnboundedReceiver<()>) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("server.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (came, arrivals) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let _stays = folder;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 4_096];
            let _ = stream.read(&mut question).await;
            let _ = stream.write_all(b"$0\r\n\r\n").await;
            let _ = stream.read(&mut question).await;
            let _ = stream.write_all(answer).await;
            let _ = came.send(());
        }
    });
    let server = RedisServer {
        topology: Topology::One(RedisAddress::Socket(path)),
        account: None,
        prefix: "passerelle:".to_owned(),
        timeout_ms: PATIENCE_MS,
    };
    let keys = Arc::new(KeyRing::parse(&KeyRing::new_line(&OsEntropy)).unwrap());
    let store = RedisStore::new(server, LIMITS, (keys, names()), Arc::new(OsEntropy));
    (store, arrivals)
}

#[tokio::test]
async fn what_answers_the_first_question_and_hangs_up_at_the_next_is_not_asked_without_a_pause() {
    let (store, mut arrivals) = scripted(b"");
    let started = tokio::time::Instant::now();
    for _ in 0..5 {
        let found = store.find(key(1), at(1)).await;
        assert_eq!(found, Err(StoreError::Unavailable));
        arrivals.recv().await.unwrap();
    }
    assert!(started.elapsed() >= 4 * link::FIRST_PAUSE);
}

#[tokio::test]
async fn r33_a_server_that_is_late_with_its_first_answer_is_asked_anew_and_not_used_until_it_is_fast()
 {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("server.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let server = RedisServer {
        topology: Topology::One(RedisAddress::Socket(path)),
        account: None,
        prefix: "passerelle:".to_owned(),
        timeout_ms: 20,
    };
    let keys = Arc::new(KeyRing::parse(&KeyRing::new_line(&OsEntropy)).unwrap());
    let store = RedisStore::new(server, LIMITS, (keys, names()), Arc::new(OsEntropy));
    let started = tokio::time::Instant::now();
    let mut held = Vec::new();
    for _ in 0..3 {
        let found = store.find(key(1), at(1)).await;
        assert_eq!(found, Err(StoreError::Unavailable));
        assert!(!store.record().answers);
        held.push(listener.accept().await.unwrap());
    }
    // Another connection may take five seconds to open; the answer on it may not.
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_no_script_answers_is_neither_no_session_nor_a_full_store() {
    let (store, mut arrivals) = scripted(b"*2\r\n:4\r\n$0\r\n\r\n");
    let ended = store.end(key(1), at(1)).await;
    assert_eq!(ended, Err(StoreError::Unavailable));
    arrivals.recv().await.unwrap();
    let brought = store.bring_ticket([1; 32], at(60), at(1)).await;
    assert_eq!(brought, Err(StoreError::Unavailable));
    arrivals.recv().await.unwrap();
}

#[tokio::test]
async fn r66_a_sign_out_that_is_known_is_told_though_the_session_cannot_be_taken_away() {
    let lab = Lab::start().await;
    let store = lab.store();
    let mut zoe = session("zoe", 500);
    zoe.proof.ticket = Some(key(1).0);
    let brought = store.bring_ticket(key(1).0, at(300), at(0)).await;
    assert_eq!(brought, Ok(Sight::First));
    assert_eq!(store.end_by_ticket(key(1).0, at(0)).await, Ok(None));
    let () = redis::cmd("ACL")
        .arg(&["SETUSER", "passerelle", "-del"])
        .query(&mut lab.stranger())
        .unwrap();
    let sessions = |lab: &Lab| {
        let keys: Vec<String> = lab.stranger().keys("passerelle:{*}").unwrap();
        keys.len()
    };
    let before = sessions(&lab);
    let standing = store.create(key(1), zoe, at(1)).await;
    assert_eq!(standing, Ok(Standing::Ended));
    // It was written, and stays.
    assert_eq!(sessions(&lab), before + 1);
}

#[tokio::test]
async fn a_server_that_is_started_again_empty_is_used_again() {
    let mut lab = Lab::start().await;
    let store = lab.store();
    begin(&store, 1, "zoe").await;
    lab.redis.kill();
    let found = store.find(key(1), at(1)).await;
    assert_eq!(found, Err(StoreError::Unavailable));
    lab.redis.start_again().await;
    until_it_answers(&store).await;
    assert_eq!(store.find(key(1), at(1)).await, Ok(None));
    begin(&store, 2, "zoe").await;
    assert!(store.find(key(2), at(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn r126_an_account_without_the_right_password_has_no_store() {
    let lab = Lab::start().await;
    let with = |account: Option<(&str, &str)>| {
        let account = account.map(|(user, password)| account_with(user, password));
        let server = RedisServer {
            account,
            ..lab.server("passerelle:", PATIENCE_MS)
        };
        RedisStore::new(
            server,
            LIMITS,
            (Arc::clone(&lab.keys), names()),
            Arc::new(OsEntropy),
        )
    };
    let right = with(Some(("passerelle", "PASSWORD-OF-PASSERELLE")));
    begin(&right, 1, "zoe").await;
    let () = redis::cmd("ACL")
        .arg(&["SETUSER", "default", "off"])
        .query(&mut lab.stranger())
        .unwrap();
    for account in [
        Some(("passerelle", "wrong")),
        Some(("stranger", "PASSWORD-OF-PASSERELLE")),
        None,
    ] {
        let refused = with(account);
        let found = refused.find(key(1), at(1)).await;
        assert_eq!(found, Err(StoreError::Unavailable), "{account:?}");
        assert!(!refused.record().answers);
    }
    assert!(right.find(key(1), at(1)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r48_whoever_goes_away_has_a_step_taken_to_the_end_whose_answer_reaches_nobody_else() {
    let lab = Lab::start().await;
    let store = lab.store();
    for number in 0..60 {
        begin(&store, number, &format!("person{number}")).await;
    }
    let mut given_up = HashSet::new();
    for round in 0..10 {
        lab.redis.pause();
        let mut waiting = tokio::task::JoinSet::new();
        let mut leaving = tokio::task::JoinSet::new();
        for number in 0..60 {
            let of_it = store.clone();
            leaving.spawn(async move {
                let found = of_it.find(key(number), at(1));
                let moment = Duration::from_millis(u64::from(number % 7));
                let found = tokio::time::timeout(moment, found).await;
                found.is_err().then_some((round, number))
            });
            let of_it = store.clone();
            waiting.spawn(async move {
                let found = of_it.find(key(59 - number), at(1)).await;
                (59 - number, found.unwrap().unwrap().proof.login)
            });
        }
        given_up.extend(leaving.join_all().await.into_iter().flatten());
        lab.redis.go_on();
        for (number, login) in waiting.join_all().await {
            assert_eq!(login, format!("person{number}"));
        }
    }
    assert_eq!(given_up.len(), 600);
}

/// As many messages, and as many tickets, are known.
const KNOWN: u8 = 60;

/// Whether what is said of a message that was marked, or else of a ticket, is what is known of that very one.
async fn is_said_of_it(store: RedisStore, is_message: bool, number: u8) -> bool {
    if is_message {
        let (zoom, id) = (zoom(), format!("_{number}"));
        let seen = store.mark(message(&zoom, &id), at(100)).await;
        let by_same_at = Some(at(number.into()));
        seen == Ok(Sight::Again { by_same_at })
    } else {
        let standing = if number.is_multiple_of(2) {
            Standing::Ended
        } else {
            Standing::Lives
        };
        store.sign_in_of([number; 32], at(100)).await == Ok(standing)
    }
}

fn zoom() -> EntityId {
    EntityId::parse("https://zoom.example/").unwrap()
}

fn message<'a>(issuer: &'a EntityId, id: &'a str) -> Use<'a> {
    Use {
        by: [1; 32],
        ..conformance::marks::used(issuer, id, at(9_000))
    }
}

/// What is said before so many turns of the other tasks are over; none to whoever has gone away then.
async fn within(turns: u8, said: impl Future<Output = bool>) -> Option<bool> {
    let patience = async {
        for _ in 0..=turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        is_of_it = said => Some(is_of_it),
        () = patience => None,
    }
}

/// How many scripts the server was asked for.
fn scripts_run(redis: &Redis) -> usize {
    let told = redis.told(&["INFO", "commandstats"]);
    let (_, rest) = told.split_once("cmdstat_evalsha:calls=").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn r48_the_answer_to_a_call_that_was_dropped_in_mid_flight_reaches_nobody_else() {
    let lab = Lab::start().await;
    let limits = Limits {
        replay_marks: 1_000,
        ..LIMITS
    };
    let server = lab.server("passerelle:", PATIENCE_MS);
    let store = RedisStore::new(
        server,
        limits,
        (Arc::clone(&lab.keys), names()),
        Arc::new(OsEntropy),
    );
    for number in 0..KNOWN {
        let (id, now) = (format!("_{number}"), at(number.into()));
        let marked = store.mark(message(&zoom(), &id), now).await;
        assert_eq!(marked, Ok(Sight::First));
        let brought = store.bring_ticket([number; 32], at(9_000), now).await;
        assert_eq!(brought, Ok(Sight::First));
        if number.is_multiple_of(2) {
            assert_eq!(store.end_by_ticket([number; 32], now).await, Ok(None));
        }
        assert!(is_said_of_it(store.clone(), false, number).await);
    }
    let run_before = scripts_run(&lab.redis);
    let draws = SeededEntropy::new(48);
    let (mut given_up, mut answered) = (0, 0);
    for round in 0..20 {
        // In every other round the answers come while some go away, and none comes before they all have gone.
        let hangs = round % 2 == 0;
        if hangs {
            lab.redis.pause();
        }
        let mut leaving = tokio::task::JoinSet::new();
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..KNOWN {
            let [about, about_other, turns, _] = entropy::bytes(&draws);
            let said = is_said_of_it(store.clone(), about % 2 == 0, number);
            leaving.spawn(within(turns % 16, said));
            let other = KNOWN - 1 - number;
            waiting.spawn(is_said_of_it(store.clone(), about_other % 2 == 0, other));
        }
        for is_of_it in leaving.join_all().await {
            given_up += usize::from(is_of_it.is_none());
            answered += usize::from(is_of_it.is_some());
            assert!(is_of_it != Some(false) && !(hangs && is_of_it.is_some()));
        }
        lab.redis.go_on();
        let said = waiting.join_all().await;
        answered += said.len();
        assert!(said.iter().all(|is_of_it| *is_of_it), "{round}");
    }
    // Most of what was given up had left, and the server has done it.
    let in_flight = scripts_run(&lab.redis) - run_before - answered;
    assert!(given_up >= 600, "{given_up}");
    assert!(in_flight >= given_up / 2, "{in_flight} of {given_up}");
    assert_eq!(store.record().refused, 0);
}

#[tokio::test]
async fn r66_a_replacement_whose_caller_goes_away_loses_nobody() {
    let lab = Lab::start().await;
    let store = lab.store();
    begin(&store, 1, "zoe").await;
    let told = participant("library", "zoe");
    store.join(key(1), told.clone(), at(1)).await.unwrap();
    begin(&store, 2, "zoe").await;
    lab.redis.pause();
    let replacing = store.replace(key(1), Some(key(2)), at(1));
    let left = tokio::time::timeout(Duration::from_millis(20), replacing).await;
    assert!(left.is_err());
    lab.redis.go_on();
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    let goes_over = async {
        while store
            .find(key(2), at(1))
            .await
            .unwrap()
            .unwrap()
            .participants
            != [told.clone()]
        {
            beat.tick().await;
        }
    };
    let gone_over = tokio::time::timeout(Duration::from_mins(1), goes_over).await;
    gone_over.expect("who took part goes over");
    assert_eq!(store.find(key(1), at(1)).await, Ok(None));
}

#[tokio::test]
async fn r63_r122_a_ticket_whose_browser_goes_away_is_forgotten_whether_it_was_answered_or_not() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    // The scripts are there from here on.
    let brought = store.bring_ticket([0; 32], at(100), at(1)).await;
    assert_eq!(brought, Ok(Sight::First));
    store.forget_ticket([0; 32]).await.unwrap();
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    let mut until_run = async |scripts| {
        while scripts_run(&lab.redis) < scripts {
            beat.tick().await;
        }
    };
    for is_answered in [false, true] {
        let before = scripts_run(&lab.redis);
        if !is_answered {
            lab.redis.pause();
        }
        {
            let mut bringing = pin!(store.bring_ticket([1; 32], at(100), at(1)));
            tokio::select! {
                biased;
                _ = &mut bringing => unreachable!("nothing is answered at once"),
                () = tokio::task::yield_now() => {}
            }
            if is_answered {
                until_run(before + 1).await;
            }
        }
        lab.redis.go_on();
        let forgotten = tokio::time::timeout(Duration::from_mins(1), until_run(before + 2)).await;
        forgotten.expect("it is forgotten");
        let keys: Vec<String> = stranger.keys("*").unwrap();
        assert_eq!(keys, [""; 0], "{is_answered}");
    }
    // One that is heard of stays.
    for sight in [Sight::First, Sight::Again { by_same_at: None }] {
        let brought = store.bring_ticket([1; 32], at(100), at(1)).await;
        assert_eq!(brought, Ok(sight));
    }
}
