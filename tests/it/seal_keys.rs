//! A new key that seals takes the place of the one before, at nodes that learn of it minutes apart, and
//! `passerelle keys rotate-seal`, by the real program.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use jiff::{SignedDuration, Timestamp};
use passerelle::sys::{
    clock::{Clock as _, SystemClock},
    entropy::OsEntropy,
    seal::{Rotation, rotated},
};

use crate::{
    bridge::{Bridge, Setup, browser::Browser},
    lab::{process::run, real_bridge::PROGRAM, redis_server::Redis},
    shared_store::table,
    sp::House,
};

/// The node's file after a rotation in which the new key seals in `minutes`.
fn rotated_in(node: &Bridge, seal: &str, minutes: i64) -> String {
    let now = node.now();
    let rotation = Rotation {
        now,
        from: now + SignedDuration::from_mins(minutes),
        opens_for: SignedDuration::from_hours(32),
        is_alone: false,
    };
    let done = rotated(seal, &rotation, &OsEntropy).unwrap();
    String::from_utf8(done.text.expose().to_vec()).unwrap()
}

/// The same browser, which the proxy has asked another node from now on.
fn at(node: &Bridge, browser: &Browser) -> Browser {
    let mut moved = node.live_browser();
    moved.jar = browser.jar.clone();
    moved
}

#[tokio::test]
async fn r103_nodes_that_learn_of_a_new_seal_key_minutes_apart_lose_no_journey_and_no_session() {
    let redis = Redis::start(&[]).await;
    let setup = |seal: &str, seed| Setup {
        seal: seal.to_owned(),
        more: table(&redis),
        seed,
        ..Setup::new()
    };
    let old = Setup::new().seal;
    let nodes = [setup(&old, 1).build(), setup(&old, 2).build()];
    let new = rotated_in(&nodes[0], &old, 60);
    // Each round leaves a form and a session at each node, which the next one takes up at the other.
    let mut left: Vec<(Browser, _, Browser)> = Vec::new();
    for minute in [0, 5, 10, 50, 55, 59, 60, 61, 65, 110, 115] {
        for node in &nodes {
            let passed = node.now().duration_since(Setup::new().start).as_mins();
            node.wait(minute - passed);
        }
        // One learns of it at once, the other ten minutes before the new key seals.
        for (learns, node, seed) in [(5, &nodes[0], 1), (50, &nodes[1], 2)] {
            if learns == minute {
                node.reload(&setup(&new, seed)).unwrap();
            }
        }
        for ((under_way, form, signed_in), node) in left.drain(..).zip(nodes.iter().rev()) {
            let answer = at(node, &under_way).sign_in(&form, "anne.dupont").await;
            answer.answer();
            let request = node.request();
            let answer = at(node, &signed_in).arrive(&request.redirect(None)).await;
            assert_eq!(answer.kind(), "post", "a session of before minute {minute}");
        }
        for node in &nodes {
            let mut under_way = node.live_browser();
            let form = under_way.arrive(&node.request().redirect(None)).await;
            let mut signed_in = node.live_browser();
            let page = signed_in.arrive(&node.request().redirect(None)).await;
            signed_in.sign_in(&page, "zoe.martin").await.answer();
            left.push((under_way, form, signed_in));
        }
    }
}

#[tokio::test]
async fn r103_a_rotation_keeps_the_rights_of_the_file_and_the_configuration_stays_sound() {
    let house = House::new();
    let file = house.file("seal.keys");
    let before = fs::read_to_string(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let asked_at = SystemClock.now();
    let told = house.passerelle(&["keys", "rotate-seal"]).await;
    told.is_good();
    assert!(told.out.contains(" seals from 20"), "{told:?}");
    assert!(told.out.contains("Still open: "), "{told:?}");
    assert!(!told.out.contains(&before), "{told:?}");
    let after = fs::read_to_string(&file).unwrap();
    assert_eq!(after.lines().count(), 2);
    assert!(
        after.ends_with(&format!("\n{before}\n")),
        "the one before is kept"
    );
    // Each node has an hour to learn of it.
    let (_, from) = after.lines().next().unwrap().split_once(" from ").unwrap();
    let notice = from.parse::<Timestamp>().unwrap().duration_since(asked_at);
    assert!((59..=62).contains(&notice.as_mins()), "{notice}");
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o400);
    house.passerelle(&["check"]).await.is_good();
    let over = ["keys", "rotate-seal", "--at", "2020-01-01T00:00:00Z"];
    let told = House::new().passerelle(&over).await;
    told.fails("is over");
    // While that one waits there is no other, but for an alarm.
    let again = house.passerelle(&["keys", "rotate-seal"]).await;
    again.fails("a new key waits in it already");
    assert_eq!(fs::read_to_string(&file).unwrap(), after);
    let alone = house.passerelle(&["keys", "rotate-seal", "--alone"]).await;
    alone.is_good();
    assert!(alone.out.contains("Gone: "), "{alone:?}");
    let last = fs::read_to_string(&file).unwrap();
    assert_eq!(last.lines().count(), 1);
    assert!(!last.contains(&before));
    house.passerelle(&["check"]).await.is_good();
}

#[tokio::test]
async fn a_rotation_follows_a_link_refuses_a_credential_and_minds_no_fault_elsewhere() {
    let house = House::new();
    let (file, elsewhere) = (house.file("seal.keys"), house.file("elsewhere.keys"));
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    let at = ["keys", "rotate-seal", "--at", "2099-01-01T00:00:00Z"];
    house.passerelle(&at).await.is_good();
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    let text = fs::read_to_string(&elsewhere).unwrap();
    assert!(
        text.contains(" from 2099-01-01T00:00:00Z\n"),
        "in a link's place"
    );
    let text = house.text();
    let folder = house.path.parent().unwrap();
    let rotate = |more: &[&str]| {
        let config = ["--config", house.path.to_str().unwrap()];
        let words = [&["keys", "rotate-seal"], more, &config].concat();
        run(PROGRAM, &words, &[("CREDENTIALS_DIRECTORY", folder)])
    };
    // Whatever else is wrong keeps no key in its place that somebody else may know.
    let before = fs::read_to_string(&elsewhere).unwrap();
    let faulty = text.replace("['signing.pem']", "['no.pem']");
    fs::write(&house.path, faulty).unwrap();
    let (done, said) = rotate(&["--alone"]);
    assert!(done && said.contains("no.pem"), "{said}");
    assert_ne!(fs::read_to_string(&elsewhere).unwrap(), before);
    fs::write(
        &house.path,
        text.replace("'seal.keys'", "'credential:seal.keys'"),
    )
    .unwrap();
    let before = house.files();
    let (done, said) = rotate(&["--alone"]);
    assert!(
        !done && said.contains("are a credential of systemd"),
        "{said}"
    );
    assert!(house.files() == before, "it wrote something");
}

#[tokio::test]
async fn r103_each_node_tells_which_key_seals_and_which_waits_and_no_key() {
    let old = Setup::new().seal;
    let before = Setup::new().build();
    let new = rotated_in(&before, &old, 60);
    let node = Setup {
        seal: new.clone(),
        ..Setup::new()
    };
    let node = node.build();
    let used = |metrics: &str| {
        let lines = metrics.lines();
        let told = lines.filter(|line| line.starts_with("passerelle_seal_key{"));
        let uses = told.map(|line| line.split('"').nth(3).unwrap().to_owned());
        uses.collect::<Vec<_>>()
    };
    let metrics = node.metrics().await;
    assert_eq!(used(&metrics), ["waits", "seals"], "{metrics}");
    for line in new.lines() {
        assert!(!metrics.contains(line.split(' ').next().unwrap()));
    }
    node.wait(60);
    assert_eq!(used(&node.metrics().await), ["seals", "opens"]);
}
