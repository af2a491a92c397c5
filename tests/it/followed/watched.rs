//! Files of the folder that is watched.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use passerelle::{
    app::follow::{Decision, follow, refresh},
    config::fault::ConfigFault,
    sys::fetch::PATIENCE,
};
use serde_json::Value;
use tokio::time::timeout;

use super::{Says, Wiki, gives, restarted, version};
use crate::{
    bridge::{
        Bridge, LIBRARY, LIBRARY_ACS, Setup,
        keys::{Key, intranet_key, library_key, zoom_key},
        make_own_folder, metadata, write,
    },
    lab::{process::run, until::until},
    sp::House,
};

/// Generous: CI builds on the same two cores.
const LIMIT: Duration = Duration::from_mins(1);

/// A server that watches the folder of all its files.
fn watching() -> Bridge {
    let house = House::of(&Setup {
        server: "listen = '127.0.0.1:0'\ntrusted-proxies = ['127.0.0.1']\nstate-folder = 'state'"
            .to_owned(),
        more: "[metadata]\nfolder = '.'\n".to_owned(),
        ..Setup::new()
    });
    let state = house.file("state");
    make_own_folder(&state);
    let Setup { seed, start, .. } = Setup::new();
    let House { folder, path } = house;
    Bridge::load(folder, &path, seed, start)
}

impl Bridge {
    /// Puts another version in the place of the library's file, and waits until it is looked at.
    async fn library_becomes(&self, text: &str) {
        let folder = self.folder.path();
        write(folder, "new.xml", text);
        fs::rename(folder.join("new.xml"), folder.join("library.xml")).unwrap();
        self.wait_seconds(5);
        refresh(&self.live).await;
    }

    /// How it stands with the library: its source, whether a version is held, and whether a request that is
    /// signed with `key` is taken.
    async fn library(&self, key: &Key) -> (String, bool, bool) {
        let mut browser = self.live_browser();
        let told: Value = serde_json::from_str(&browser.open("/readyz").await.body).unwrap();
        let source = &told["metadata_sources"]["library"];
        let request = self.request_of(LIBRARY).redirect_signed(key, None);
        let page = browser.arrive(&request).await;
        (
            source["state"].as_str().unwrap().to_owned(),
            source["held"].as_bool().unwrap(),
            page.kind() == "login",
        )
    }
}

#[tokio::test]
async fn r90_r91_a_file_of_the_watched_folder_is_read_anew_by_itself_and_held_likewise() {
    let (old, new) = (library_key(), intranet_key());
    let bridge = watching();
    refresh(&bridge.live).await;
    let good = |is_held| ("good".to_owned(), is_held, true);
    assert_eq!(bridge.library(old).await, good(false));
    let one = metadata(LIBRARY, "", old, &[LIBRARY_ACS]);
    let two = metadata(LIBRARY, "", new, &[LIBRARY_ACS]);
    // Beside the old key, as it is rolled over.
    let descriptor = two.split_once("<md:KeyDescriptor").unwrap().1;
    let descriptor = descriptor.split_once("</md:KeyDescriptor>").unwrap().0;
    let both = one.replacen(
        "<md:AssertionConsumerService",
        &format!("<md:KeyDescriptor{descriptor}</md:KeyDescriptor><md:AssertionConsumerService"),
        1,
    );
    bridge.library_becomes(&both).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    bridge.decide("library", &both, Decision::Accept).unwrap();
    assert_eq!(bridge.library(new).await, good(false));
    for broken in [&*both.replace("</md:EntityDescriptor>", ""), ""] {
        bridge.library_becomes(broken).await;
        let told = ("unusable".to_owned(), false, true);
        assert_eq!(bridge.library(new).await, told);
    }
    fs::remove_file(bridge.folder.path().join("library.xml")).unwrap();
    bridge.wait_seconds(5);
    refresh(&bridge.live).await;
    let told = ("unreadable".to_owned(), false, true);
    assert_eq!(bridge.library(old).await, told);
    bridge.library_becomes(&one).await;
    assert_eq!(bridge.library(old).await, good(false));
    // All keys at once are held, and stay so after a start.
    bridge.library_becomes(&two).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    let bridge = restarted(bridge);
    assert_eq!(
        bridge.library(old).await,
        ("waiting".to_owned(), true, true)
    );
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    // It is compared with what counts, and not with itself.
    let Bridge { folder, clock, .. } = bridge;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let told = house.sp(&["diff", "library", "--held"], "").await;
    assert!(told.out.contains("HELD  ALL keys for signing"), "{told:?}");
    let House { folder, path } = house;
    let bridge = Bridge::load(
        folder,
        &path,
        4,
        passerelle::sys::clock::Clock::now(&*clock),
    );
    refresh(&bridge.live).await;
    bridge.decide("library", &two, Decision::Accept).unwrap();
    assert_eq!(bridge.library(new).await, good(false));
    let bridge = restarted(bridge);
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(new).await, good(false));
    assert!(!bridge.library(old).await.2);
}

#[tokio::test]
async fn r91_a_watched_file_that_is_held_is_not_taken_at_a_reload_or_a_start_once_a_byte_of_it_changed()
 {
    let (old, new) = (library_key(), intranet_key());
    let bridge = watching();
    refresh(&bridge.live).await;
    let two = metadata(LIBRARY, "", new, &[LIBRARY_ACS]);
    bridge.library_becomes(&two).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    let folder = bridge.folder.path().to_owned();
    // Before anybody glances at it.
    write(&folder, "library.xml", &format!("{two}\n"));
    bridge.live.reload("a test").unwrap();
    assert!(bridge.library(old).await.2 && !bridge.library(new).await.2);
    bridge.wait_seconds(5);
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    // What waits is put there anew where it is not to be found any more, or nobody could decide on it.
    let waits = folder.join("state/held/library.xml");
    fs::remove_file(&waits).unwrap();
    for _ in 0..2 {
        bridge.wait_seconds(5);
        refresh(&bridge.live).await;
    }
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert_eq!(fs::read_to_string(&waits).unwrap(), format!("{two}\n"));
    // While no server runs, and although it is gone once more.
    fs::remove_file(&waits).unwrap();
    write(&folder, "library.xml", &format!("{two}\n\n"));
    let bridge = restarted(bridge);
    assert!(bridge.library(old).await.2 && !bridge.library(new).await.2);
    refresh(&bridge.live).await;
    assert_eq!(bridge.library(old).await, ("held".to_owned(), true, true));
    assert!(!bridge.library(new).await.2);
    // What counts is as it was, and goes on once the file does.
    let one = metadata(LIBRARY, "", old, &[LIBRARY_ACS]);
    bridge.library_becomes(&one).await;
    assert_eq!(bridge.library(old).await, ("good".to_owned(), false, true));
}

#[tokio::test]
async fn r91_a_watched_file_that_was_refused_is_held_again_once_somebody_takes_that_back() {
    let (old, new) = (library_key(), intranet_key());
    let bridge = watching();
    refresh(&bridge.live).await;
    let two = metadata(LIBRARY, "", new, &[LIBRARY_ACS]);
    bridge.library_becomes(&two).await;
    bridge.decide("library", &two, Decision::Refuse).unwrap();
    let glance = async || {
        for _ in 0..2 {
            bridge.wait_seconds(5);
            refresh(&bridge.live).await;
        }
        bridge.library(old).await
    };
    assert_eq!(glance().await, ("refused".to_owned(), false, true));
    let refused = bridge.folder.path().join("state/held/library.refused");
    fs::remove_file(refused).unwrap();
    assert_eq!(glance().await, ("held".to_owned(), true, true));
    bridge.decide("library", &two, Decision::Accept).unwrap();
    assert!(bridge.library(new).await.2);
}

#[tokio::test]
async fn r91_a_reload_compares_a_watched_file_with_what_runs_whatever_became_of_its_copy() {
    let (old, new) = (library_key(), intranet_key());
    let bridge = watching();
    refresh(&bridge.live).await;
    let folder = bridge.folder.path();
    fs::remove_file(folder.join("state/metadata/library.xml")).unwrap();
    // Before anybody glances at it.
    let two = metadata(LIBRARY, "", new, &[LIBRARY_ACS]);
    write(folder, "library.xml", &two);
    let faults = bridge.live.reload("a test").unwrap_err();
    let is_told = |fault: &ConfigFault| fault.what.contains("is held until somebody has looked");
    assert!(faults.iter().any(is_told), "{faults:?}");
    assert!(bridge.library(old).await.2 && !bridge.library(new).await.2);
}

#[tokio::test]
async fn r91_what_is_held_is_compared_with_nothing_rather_than_with_itself_where_the_copy_is_gone()
{
    let bridge = watching();
    refresh(&bridge.live).await;
    let two = metadata(LIBRARY, "", intranet_key(), &[LIBRARY_ACS]);
    bridge.library_becomes(&two).await;
    let Bridge { folder, .. } = bridge;
    fs::remove_file(folder.path().join("state/metadata/library.xml")).unwrap();
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let told = house.sp(&["diff", "library", "--held"], "").await;
    told.fails("the metadata that is there cannot be used");
    assert!(!told.out.contains("is different"), "{told:?}");
}

#[tokio::test]
async fn r93_a_source_that_hangs_keeps_no_later_question_to_another_one_waiting() {
    let key = library_key();
    let wiki = Wiki::start(gives(&version(&[zoom_key()]), "\"1\""));
    let bridge = wiki.followed("[metadata]\nfolder = '.'").await;
    bridge.is_at("good", false).await;
    wiki.says(Says::Nothing);
    bridge.wait(360);
    let begun = Instant::now();
    let following = tokio::spawn(follow(Arc::clone(&bridge.live)));
    until("the second question", async || wiki.asked().len() == 2).await;
    // The file of another one changes while that question is open.
    let promises = "cacheDuration=\"PT1H\" entityID=";
    let text = metadata(LIBRARY, "", key, &[LIBRARY_ACS]).replacen("entityID=", promises, 1);
    let folder = bridge.folder.path();
    write(folder, "new.xml", &text);
    fs::rename(folder.join("new.xml"), folder.join("library.xml")).unwrap();
    let copy = folder.join("state/metadata/library.xml");
    until("the copy of the file that changed", async || {
        // A glance that began before the change shows the file of before; the next one is five seconds later.
        bridge.wait_seconds(5);
        fs::read_to_string(&copy).unwrap() == text
    })
    .await;
    // It has not been given up yet, unless this machine was slow.
    let (source, asked) = (bridge.source().await, wiki.asked().len());
    if begun.elapsed() < PATIENCE {
        assert_eq!((source, asked), ((true, "good".to_owned(), false), 2));
    }
    following.abort();
}

#[tokio::test]
async fn r90_a_watched_file_that_cannot_be_used_is_read_again_by_and_by_and_at_once_where_it_changed()
 {
    let key = library_key();
    let bridge = watching();
    refresh(&bridge.live).await;
    let read = async |state: &str| {
        let told = bridge.metrics().await;
        let line = format!(
            "passerelle_metadata_source_answers_total{{sp=\"library\",state=\"{state}\"}} "
        );
        let count = told.split_once(&line).map(|(_, rest)| rest);
        let count = count.and_then(|rest| rest.lines().next()).unwrap_or("0");
        count.parse::<u64>().unwrap()
    };
    let glance = async |times| {
        for _ in 0..times {
            bridge.wait_seconds(5);
            refresh(&bridge.live).await;
        }
    };
    bridge.library_becomes("<broken").await;
    assert_eq!(read("unusable").await, 1);
    glance(10).await;
    assert_eq!(read("unusable").await, 1);
    glance(3).await;
    assert_eq!(read("unusable").await, 2);
    glance(20).await;
    assert_eq!(read("unusable").await, 2);
    // Another one is read at the next glance, be it one that can be used or not.
    bridge.library_becomes("<broken too").await;
    assert_eq!(read("unusable").await, 3);
    let one = metadata(LIBRARY, "", key, &[LIBRARY_ACS]);
    bridge.library_becomes(&one).await;
    assert_eq!(bridge.library(key).await, ("good".to_owned(), false, true));
}

/// A pipe in the place of a file: nobody writes to it.
fn pipe_at(path: &Path) {
    fs::remove_file(path).unwrap();
    let (is_good, told) = run("mkfifo", &[path.to_str().unwrap()], &[]);
    assert!(is_good, "{told}");
}

#[tokio::test]
async fn r90_a_pipe_in_the_place_of_metadata_keeps_no_command_waiting() {
    let text = version(&[zoom_key()]);
    let wiki = Wiki::start(gives(&text, "\"1\""));
    let Bridge { folder, .. } = wiki.followed("").await;
    let path = folder.path().join("passerelle.toml");
    let house = House { folder, path };
    let brought = house.brings("brought.xml", &text);
    // Nobody looks at this file before they read it: it is ours.
    let pipe = house.file("state/metadata/wiki.xml");
    pipe_at(&pipe);
    let asked = async {
        let told = house.sp(&["show", "wiki"], "").await;
        told.is_good();
        assert!(told.out.contains("The metadata cannot be used"), "{told:?}");
        let words = ["diff", "wiki", "--metadata", &brought];
        let told = house.sp(&words, "").await;
        told.fails("the metadata that is there cannot be used");
    };
    let is_told = timeout(LIMIT, asked).await.is_ok();
    // Whoever waits at it goes on.
    drop(fs::File::options().read(true).write(true).open(&pipe));
    assert!(is_told, "a command waits for somebody to write");
}

#[tokio::test]
async fn r90_a_pipe_in_the_watched_folder_keeps_neither_a_glance_nor_a_reload_waiting() {
    let key = library_key();
    let bridge = watching();
    refresh(&bridge.live).await;
    pipe_at(&bridge.folder.path().join("library.xml"));
    bridge.wait_seconds(5);
    refresh(&bridge.live).await;
    let told = ("unreadable".to_owned(), false, true);
    assert_eq!(bridge.library(key).await, told);
    let faults = bridge.live.reload("a test").unwrap_err();
    assert!(faults[0].what.contains("is not a file"), "{faults:?}");
    assert!(bridge.library(key).await.2);
}
