//! What waits until somebody has looked at it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use passerelle::{
    app::{
        alerts::Watch,
        follow::{Decision, DecisionFault, refresh},
    },
    config::edit,
    model::fingerprint::Fingerprint,
    xmlsec::keys::NewKey,
};

use super::{ACS, OTHER_ACS, Says, WIKI, Wiki, gives, restarted, version, version_with};
use crate::{
    alerts::Teller,
    bridge::{
        Bridge, Setup,
        keys::{intranet_key, library_key, zoom_key},
        log::Log,
        make_own_folder, write,
    },
    lab::{
        process::{Server, run},
        real_bridge::PROGRAM,
        xml_tools::{SignedElement, xmlsec1_verify},
    },
    signatures::write_made_key,
    sp::House,
};

/// A server that follows the wiki and holds this other version of its metadata.
async fn holding(text: &str) -> (Wiki, Bridge) {
    let wiki = Wiki::start(gives(&version(&[zoom_key()]), "\"1\""));
    let bridge = wiki.followed("").await;
    wiki.says(gives(text, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    (wiki, bridge)
}

#[tokio::test]
async fn r91_what_would_give_all_sign_ins_to_somebody_else_is_held_until_somebody_has_looked() {
    let (old, new) = (zoom_key(), intranet_key());
    let good = version(&[old]);
    for (number, changed) in [
        version(&[new]),
        // A key more: the other one could go at the next question.
        version(&[old, new]),
        version_with("", &[old], &[OTHER_ACS]),
        version_with("", &[old], &[ACS, OTHER_ACS]),
        good.replace(WIKI, "https://other.example.net/sp"),
        good.replace("AuthnRequestsSigned=\"true\"", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let wiki = Wiki::start(gives(&good, "\"1\""));
        let bridge = wiki.followed("").await;
        assert_ne!(changed, good, "{number}");
        wiki.says(gives(&changed, "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        assert!(
            bridge.takes(old).await && !bridge.takes(new).await,
            "{number}"
        );
        bridge.others_go_on().await;
        // It stays held while the source says nothing else, or nothing at all, and after a restart.
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        wiki.says(Says::Status(500));
        bridge.refresh_after(360).await;
        bridge.is_at("status", true).await;
        let bridge = restarted(bridge);
        bridge.is_at("waiting", true).await;
        assert!(bridge.takes(old).await, "{number}");
        // A source that goes back has nothing held any more.
        wiki.says(gives(&good, "\"1\""));
        refresh(&bridge.live).await;
        bridge.is_at("good", false).await;
    }
}

#[tokio::test]
async fn r91_what_is_held_counts_once_it_is_accepted_and_is_not_brought_up_again_once_refused() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    let two = version(&[new]);
    assert!(bridge.decide("wiki", &two, Decision::Accept).is_err());
    wiki.says(gives(&two, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.decide("wiki", &two, Decision::Refuse).unwrap();
    bridge.is_at("refused", false).await;
    bridge.refresh_after(360).await;
    bridge.is_at("refused", false).await;
    assert!(bridge.takes(old).await && !bridge.takes(new).await);
    assert!(bridge.decide("wiki", &two, Decision::Accept).is_err());
    // After a restart neither.
    let bridge = restarted(bridge);
    refresh(&bridge.live).await;
    bridge.is_at("refused", false).await;
    // Another one is held again, and accepted.
    let three = version(&[library_key()]);
    wiki.says(gives(&three, "\"3\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    bridge.decide("wiki", &three, Decision::Accept).unwrap();
    bridge.is_at("good", false).await;
    assert!(bridge.takes(library_key()).await && !bridge.takes(old).await);
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    let bridge = restarted(bridge);
    assert!(bridge.takes(library_key()).await);
}

#[tokio::test]
async fn r91_what_was_refused_is_not_brought_up_again_by_a_source_that_writes_it_anew_each_day() {
    let (old, new) = (zoom_key(), intranet_key());
    let (wiki, bridge) = holding(&version_with("ID=\"_1\"", &[new], &[ACS])).await;
    let first = version_with("ID=\"_1\"", &[new], &[ACS]);
    bridge.decide("wiki", &first, Decision::Refuse).unwrap();
    for (tag, end) in [("\"_2\"", "2027-01-01"), ("\"_3\"", "2027-01-02")] {
        let attributes = format!("ID={tag} validUntil=\"{end}T00:00:00Z\"");
        let again = version_with(&attributes, &[new], &[ACS]);
        wiki.says(gives(&again, tag));
        bridge.refresh_after(360).await;
        bridge.is_at("refused", false).await;
        // That nothing changed since is said of this one.
        bridge.refresh_after(360).await;
        assert_eq!(wiki.asked().last().unwrap().as_deref(), Some(tag));
        bridge.is_at("refused", false).await;
    }
    assert!(bridge.takes(old).await && !bridge.takes(new).await);
    let bridge = restarted(bridge);
    refresh(&bridge.live).await;
    bridge.is_at("refused", false).await;
    // Something else beside it is looked at.
    let other = version_with("", &[new], &[ACS, OTHER_ACS]);
    wiki.says(gives(&other, "\"4\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
}

#[tokio::test]
async fn r91_that_nothing_changed_is_said_of_the_version_that_was_given_and_of_no_other_that_is_at_hand()
 {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    let two = version(&[new]);
    wiki.says(gives(&two, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    // The source answers 304 to that, and what is at hand is the one before.
    fs::remove_file(bridge.folder.path().join("state/held/wiki.xml")).unwrap();
    bridge.refresh_after(360).await;
    assert_eq!(wiki.asked().last().unwrap().as_deref(), Some("\"2\""));
    bridge.is_at("waiting", true).await;
    assert!(bridge.takes(old).await && !bridge.takes(new).await);
    // It is asked for once more, without a condition.
    bridge.refresh_after(1).await;
    assert_eq!(wiki.asked().last().unwrap().as_deref(), None);
    bridge.is_at("held", true).await;
    bridge.decide("wiki", &two, Decision::Accept).unwrap();
    // What was accepted meanwhile is what it speaks of, wherever that lies now.
    bridge.refresh_after(360).await;
    assert_eq!(wiki.asked().last().unwrap().as_deref(), Some("\"2\""));
    bridge.is_at("good", false).await;
    assert!(bridge.takes(new).await && !bridge.takes(old).await);
}

#[tokio::test]
async fn r90_a_version_that_ends_before_its_source_is_asked_again_is_told_in_the_log() {
    let (old, new) = (zoom_key(), intranet_key());
    for (end, is_told) in [
        ("2026-11-26T17:00:00Z", true),
        ("2026-11-30T14:00:00Z", false),
    ] {
        let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
        let bridge = wiki.followed("").await;
        let end = format!("validUntil=\"{end}\"");
        let two = version_with(&end, &[new], &[ACS]);
        wiki.says(gives(&two, "\"2\""));
        bridge.refresh_after(360).await;
        let log = Log::start();
        bridge.decide("wiki", &two, Decision::Accept).unwrap();
        let is_told_now = log.text().contains("ends before its source is asked again");
        assert_eq!(is_told_now, is_told, "{}", log.text());
    }
}

#[tokio::test]
async fn r91_what_came_since_somebody_looked_is_neither_accepted_nor_refused_unseen() {
    let (old, new) = (zoom_key(), intranet_key());
    let harmless = version(&[new]);
    let (wiki, bridge) = holding(&harmless).await;
    let evil = version_with("", &[new], &[OTHER_ACS]);
    wiki.says(gives(&evil, "\"3\""));
    bridge.refresh_after(360).await;
    for decision in [Decision::Accept, Decision::Refuse] {
        let fault = bridge.decide("wiki", &harmless, decision).unwrap_err();
        let told = fault.to_string();
        let other = Fingerprint::of(evil.as_bytes()).to_string();
        assert!(
            told.contains("another version is held") && told.contains(&other),
            "{told}"
        );
        bridge.is_at("held", true).await;
        assert!(bridge.takes(old).await && !bridge.takes(new).await);
    }
    // With the server down neither.
    let Bridge { folder, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let looked_at = Fingerprint::of(harmless.as_bytes()).to_string();
    for word in ["accept", "refuse"] {
        let told = house.sp(&[word, "wiki", &looked_at], "").await;
        told.fails("another version is held");
        // A short beginning of it can be had of two documents by whoever makes both.
        let told = house
            .sp(&[word, "wiki", looked_at.get(..12).unwrap()], "")
            .await;
        assert_eq!(told.status, 2, "{told:?}");
        assert!(told.errors.contains("is not a SHA-256"), "{told:?}");
    }
    let copy = fs::read_to_string(house.file("state/metadata/wiki.xml")).unwrap();
    assert_eq!(copy, version(&[old]));
}

#[tokio::test]
async fn r91_with_the_server_down_the_commands_show_what_is_held_and_take_it() {
    let (old, new) = (zoom_key(), intranet_key());
    let (_wiki, bridge) = holding(&version(&[new])).await;
    let Bridge { folder, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let config = house.path.to_str().unwrap();
    let (is_good, told) = run(PROGRAM, &["status", "--config", config], &[]);
    assert!(!is_good, "{told}");
    assert!(
        told.contains("sp.wiki: a version of its metadata is held"),
        "{told}"
    );
    let told = house.sp(&["diff", "wiki", "--held"], "").await;
    told.is_good();
    assert!(told.out.contains("HELD  ALL keys for signing"), "{told:?}");
    let sha256 = Fingerprint::of(version(&[new]).as_bytes()).to_string();
    assert!(told.out.contains(&sha256), "{told:?}");
    house.sp(&["accept", "wiki", &sha256], "").await.is_good();
    let told = house.sp(&["diff", "wiki", "--held"], "").await;
    told.fails("no version of the metadata of wiki is held");
    let told = house.sp(&["refuse", "wiki", &sha256], "").await;
    told.fails("no version of its metadata is held");
    let told = house
        .sp(&["add", "wiki", "--replace", "--metadata", "-"], "")
        .await;
    told.fails("comes from its metadata-url");
    let Setup { start, .. } = Setup::new();
    let House { folder, path } = house;
    let bridge = Bridge::load(folder, &path, 3, start);
    assert!(bridge.takes(new).await && !bridge.takes(old).await);
}

#[tokio::test]
async fn r91_a_provider_that_is_added_to_be_followed_counts_as_somebody_saw_it_and_is_asked_from_then_on()
 {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let house = House::of(&Setup {
        server: Wiki::setup(1, "").server,
        ..Setup::new()
    });
    let state = house.file("state");
    let ca = house.brings("ca.pem", &String::from_utf8(wiki.authority.pem()).unwrap());
    let url = format!("https://localhost:{}/metadata", wiki.port);
    let words = [
        "add",
        "wiki",
        "--metadata",
        &url,
        "--ca",
        &ca,
        "--allow-private",
        "--follow",
        "--yes",
    ];
    let before = house.files();
    // What was taken is kept in the folder of the service: without one, nothing is written.
    house.sp(&words, "").await.fails("state");
    assert_eq!(house.files(), before);
    make_own_folder(&state);
    let file = house.brings("wiki.xml", &version(&[key]));
    let of_a_file = ["add", "wiki", "--metadata", &file, "--follow", "--yes"];
    house
        .sp(&of_a_file, "")
        .await
        .fails("--follow takes an https address");
    house.sp(&words, "").await.is_good();
    let text = house.text();
    for line in [
        &*format!("metadata-url = \"{url}\"\n"),
        &format!("metadata-ca = \"{ca}\"\n"),
        "metadata-private = true\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("wiki.xml"), "{text}");
    let copy = state.join("metadata/wiki.xml");
    assert_eq!(
        fs::metadata(copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // What it gives by the time at which the server starts is compared with what somebody saw.
    wiki.says(gives(&version(&[library_key()]), "\"2\""));
    let House { folder, path } = house;
    let Setup { seed, start, .. } = Setup::new();
    let bridge = Bridge::load(folder, &path, seed, start);
    assert!(bridge.takes(key).await);
    refresh(&bridge.live).await;
    bridge.is_at("held", true).await;
    assert!(bridge.takes(key).await);
}

#[tokio::test]
async fn r91_a_copy_that_is_gone_or_cannot_be_read_makes_no_version_the_first_one() {
    let (old, new) = (zoom_key(), intranet_key());
    for is_gone in [true, false] {
        let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
        let bridge = wiki.followed("").await;
        let copy = bridge.folder.path().join("state/metadata/wiki.xml");
        fs::remove_file(&copy).unwrap();
        if !is_gone {
            fs::create_dir(&copy).unwrap();
        }
        wiki.says(gives(&version(&[new]), "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        assert!(bridge.takes(old).await && !bridge.takes(new).await);
        // After a start nothing counts, and nothing is taken unseen: neither that version nor another one.
        let bridge = restarted(bridge);
        refresh(&bridge.live).await;
        bridge.is_at("held", true).await;
        assert!(!bridge.takes(new).await);
        let three = version_with("", &[new], &[ACS, OTHER_ACS]);
        wiki.says(gives(&three, "\"3\""));
        bridge.refresh_after(360).await;
        bridge.is_at("held", true).await;
        assert!(!bridge.takes(new).await);
        // Nor where what waited can be read no more, or was turned down.
        bridge.decide("wiki", &three, Decision::Refuse).unwrap();
        wiki.says(gives(&version(&[new]), "\"2\""));
        let bridge = restarted(bridge);
        refresh(&bridge.live).await;
        bridge.is_at("held", true).await;
        assert!(!bridge.takes(new).await);
    }
}

#[tokio::test]
async fn r91_what_is_held_is_told_at_once_and_each_day_until_somebody_has_decided() {
    const DAY: i64 = 24 * 60;
    let teller = Teller::new();
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let lines = format!("[alerts]\ncommand = ['{}']", teller.path("tell").display());
    let bridge = wiki.followed(&lines).await;
    let mut watch = Watch::begin(Arc::clone(&bridge.live));
    watch.look_when_due().await;
    teller.take();
    let two = version(&[new]);
    wiki.says(gives(&two, "\"2\""));
    bridge.refresh_after(360).await;
    let config = bridge.folder.path().join("passerelle.toml");
    let command = format!(
        "passerelle --config {} sp diff wiki --held",
        config.display()
    );
    let is_told = async |watch: &mut Watch| {
        watch.look_when_due().await;
        let told = teller.take().concat();
        // Until when the one before it counts: 30 days after the source gave it last.
        let what = "sp.wiki: a version of its metadata is held, and the one before it counts until 2026-12-26T";
        assert_eq!(told.contains(what), told.contains(&command), "{told}");
        told.contains(what)
    };
    let log = Log::start();
    assert!(is_told(&mut watch).await);
    assert!(log.text().contains(&command), "{}", log.text());
    assert!(!is_told(&mut watch).await);
    bridge.wait(DAY - 361);
    assert!(!is_told(&mut watch).await);
    bridge.wait(1);
    assert!(is_told(&mut watch).await);
    bridge.decide("wiki", &two, Decision::Accept).unwrap();
    bridge.wait(DAY);
    assert!(!is_told(&mut watch).await);
}

#[tokio::test]
async fn r91_what_could_not_be_kept_waiting_is_asked_for_again_until_it_can_be_decided_on() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    let folder = bridge.folder.path().join("state/held");
    fs::write(&folder, "").unwrap();
    let two = version(&[new]);
    wiki.says(gives(&two, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    assert!(bridge.decide("wiki", &two, Decision::Accept).is_err());
    fs::remove_file(&folder).unwrap();
    bridge.refresh_after(360).await;
    assert_eq!(wiki.asked().last().unwrap().as_deref(), None);
    bridge.is_at("held", true).await;
    bridge.decide("wiki", &two, Decision::Accept).unwrap();
    assert!(bridge.takes(new).await && !bridge.takes(old).await);
}

#[tokio::test]
async fn r91_what_is_accepted_and_cannot_be_kept_goes_on_waiting() {
    let (old, new) = (zoom_key(), intranet_key());
    let two = version(&[new]);
    let (_wiki, bridge) = holding(&two).await;
    let copy = bridge.folder.path().join("state/metadata/wiki.xml");
    let kept = fs::read(&copy).unwrap();
    fs::remove_file(&copy).unwrap();
    fs::create_dir(&copy).unwrap();
    let fault = bridge.decide("wiki", &two, Decision::Accept).unwrap_err();
    assert!(matches!(fault, DecisionFault::Io(_)), "{fault}");
    bridge.is_at("held", true).await;
    assert!(bridge.takes(old).await && !bridge.takes(new).await);
    fs::remove_dir(&copy).unwrap();
    fs::write(&copy, kept).unwrap();
    bridge.decide("wiki", &two, Decision::Accept).unwrap();
    assert!(bridge.takes(new).await && !bridge.takes(old).await);
}

#[tokio::test]
async fn r91_a_version_that_counts_is_told_to_count_although_what_was_held_cannot_be_removed() {
    let (old, new) = (zoom_key(), intranet_key());
    let two = version(&[new]);
    let (wiki, bridge) = holding(&two).await;
    let refused = bridge.folder.path().join("state/held/wiki.refused");
    fs::create_dir(&refused).unwrap();
    let log = Log::start();
    bridge.decide("wiki", &two, Decision::Accept).unwrap();
    bridge.is_at("good", false).await;
    assert!(bridge.takes(new).await && !bridge.takes(old).await);
    let what = "what was held before it cannot be removed";
    assert!(log.text().contains(what), "{}", log.text());
    // Nor does a version that needs nobody's look.
    let three = version_with("validUntil=\"9999-01-01T00:00:00Z\"", &[new], &[ACS]);
    wiki.says(gives(&three, "\"3\""));
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    let copy = bridge.folder.path().join("state/metadata/wiki.xml");
    assert_eq!(fs::read_to_string(copy).unwrap(), three);
    // Nor where no server runs.
    let four = version(&[old]);
    wiki.says(gives(&four, "\"4\""));
    bridge.refresh_after(24 * 60).await;
    bridge.is_at("held", true).await;
    let Bridge { folder, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let sha256 = Fingerprint::of(four.as_bytes()).to_string();
    let told = house.sp(&["accept", "wiki", &sha256], "").await;
    told.is_good();
    let warning = format!("warning: wiki: this version counts, and {what}: ");
    assert!(told.errors.contains(&warning), "{told:?}");
    let copy = fs::read_to_string(house.file("state/metadata/wiki.xml")).unwrap();
    assert_eq!(copy, four);
}

#[tokio::test]
async fn r91_what_waits_is_told_again_after_an_hour_by_the_way_that_works_while_the_other_one_fails()
 {
    let (good, bad) = (Teller::new(), Teller::new());
    let refuses = write(&bad.path("."), "refuse", "");
    let wiki = Wiki::start(gives(&version(&[zoom_key()]), "\"1\""));
    let lines = format!(
        "[alerts]\ncommand = ['{}']\n[alerts.mail]\nto = ['sso@univ.example']\nfrom = 'p@univ.example'\n\
         sendmail = ['{}']",
        good.path("tell").display(),
        bad.path("tell").display()
    );
    let bridge = wiki.followed(&lines).await;
    let mut watch = Watch::begin(Arc::clone(&bridge.live));
    watch.look_when_due().await;
    wiki.says(gives(&version(&[intranet_key()]), "\"2\""));
    bridge.refresh_after(360).await;
    good.take();
    let told = async |watch: &mut Watch, minutes| {
        bridge.wait(minutes);
        watch.look_when_due().await;
        good.take()
            .concat()
            .contains("a version of its metadata is held")
    };
    assert!(told(&mut watch, 0).await);
    assert!(!told(&mut watch, 1).await);
    assert!(!told(&mut watch, 58).await);
    assert!(told(&mut watch, 1).await);
    assert!(!told(&mut watch, 1).await);
    // A clock that goes back makes nobody wait until it shows that time again.
    assert!(told(&mut watch, -300).await);
    assert!(!told(&mut watch, 1).await);
    fs::remove_file(refuses).unwrap();
    assert!(told(&mut watch, 59).await && !bad.take().is_empty());
    assert!(!told(&mut watch, 60).await);
}

#[tokio::test]
async fn r91_the_running_server_says_what_is_held_and_takes_it_when_it_is_told_to() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[new]), "\"2\""));
    let house = wiki.house("");
    let copies = house.file("state/metadata");
    fs::create_dir(&copies).unwrap();
    write(&copies, "wiki.xml", &version(&[old]));
    let program = Path::new(PROGRAM);
    let server = Server::start("passerelle", program, house.folder.path(), |command| {
        command.arg("serve").arg("--config").arg(&house.path);
    });
    let of_wiki = "\"sp.short_name\":\"wiki\"";
    server
        .says(&["a version of metadata is held", of_wiki])
        .await;
    let status = || {
        let config = house.path.to_str().unwrap();
        run(PROGRAM, &["status", "--config", config], &[]).1
    };
    let told = status();
    assert!(told.contains("sp.wiki: its source is held"), "{told}");
    assert!(
        told.contains("sp.wiki: a version of its metadata is held"),
        "{told}"
    );
    let sha256 = Fingerprint::of(version(&[new]).as_bytes()).to_string();
    assert!(told.contains(&sha256), "{told}");
    let before = Fingerprint::of(version(&[old]).as_bytes()).to_string();
    let other = Fingerprint::of(b"another").to_string();
    let told = house.sp(&["accept", "wiki", &other], "").await;
    told.fails("another version is held");
    house.sp(&["accept", "wiki", &sha256], "").await.is_good();
    server
        .says(&["was decided on", of_wiki, &sha256, "\"asked.by\":\"user "])
        .await;
    let (before, after) = (
        format!("\"before.sha256\":\"{before}"),
        format!("\"version.sha256\":\"{sha256}"),
    );
    server
        .says(&[
            "\"event\":\"metadata-taken\"",
            &before,
            &after,
            "ALL keys for signing",
            "\"asked.by\":\"user ",
        ])
        .await;
    let told = status();
    assert!(told.contains("sp.wiki: its source is good"), "{told}");
    assert!(!told.contains("held"), "{told}");
    let copy = fs::read_to_string(copies.join("wiki.xml")).unwrap();
    assert_eq!(copy, version(&[new]));
    let told = house.sp(&["refuse", "wiki", &sha256], "").await;
    told.fails("no version of its metadata is held");
}

#[tokio::test]
async fn r90_r96_a_version_that_our_next_key_cannot_sign_for_does_not_take_a_provider_back_to_the_key_before()
 {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let house = wiki.house("next-key-from = 2020-01-01T00:00:00Z");
    write_made_key(house.folder.path(), "next", NewKey::EcP256);
    let next = edit::set_next_key(&house.text(), "next.pem".as_ref()).unwrap();
    fs::write(&house.path, next).unwrap();
    let House { folder, path } = house;
    let Setup { seed, start, .. } = Setup::new();
    let bridge = Bridge::load(folder, &path, seed, start);
    refresh(&bridge.live).await;
    let is_signed_by_the_next_key = async || {
        let mut browser = bridge.live_browser();
        let request = bridge.request_of(WIKI).redirect_signed(key, None);
        let page = browser.arrive(&request).await;
        let answer = browser.sign_in(&page, "anne.dupont").await.answer();
        let certificate = bridge.folder.path().join("next.crt");
        let verdict = xmlsec1_verify(&answer.xml, &certificate, SignedElement::Response);
        assert!(verdict.is_ok(), "{verdict:?}");
    };
    is_signed_by_the_next_key().await;
    let declared = "<md:Extensions><alg:SigningMethod \
                    xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\" \
                    Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/></md:Extensions>";
    let role = "<md:KeyDescriptor";
    let rsa_alone = version(&[key]).replacen(role, &format!("{declared}{role}"), 1);
    wiki.says(gives(&rsa_alone, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    is_signed_by_the_next_key().await;
    let fault = bridge.decide("wiki", &rsa_alone, Decision::Accept);
    assert!(fault.unwrap_err().to_string().contains("unfit"));
    is_signed_by_the_next_key().await;
}
