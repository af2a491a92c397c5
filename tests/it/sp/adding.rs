//! `sp add`: what is written, and when nothing is.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use super::{House, told_by};
use crate::{
    bridge::{
        Bridge, LIBRARY, Setup, ZOOM, ZOOM_ACS, ZOOM_SECOND_ACS,
        keys::{intranet_key, library_key, zoom_key},
        make_own_folder, metadata, zoom_metadata,
    },
    lab::real_bridge::PROGRAM,
};

const LYON: &str = "univ-lyon-fr.zoom.us";
const LYON_ACS: &str = "https://univ-lyon-fr.zoom.us/saml/SSO";
const WIKI: &str = "https://wiki.example.net/sp";

#[tokio::test]
async fn of_several_that_add_at_once_each_that_says_written_is_in() {
    let house = House::new();
    let before = house.files().len();
    let adding = (0..8).map(|number| {
        let new = wiki().replace("wiki.example.net", &format!("wiki-{number}.example.net"));
        let mut command = Command::new(PROGRAM);
        command.args(["sp", "add", &format!("wiki-{number}"), "--metadata", "-"]);
        command.arg("--yes").arg("--config").arg(&house.path);
        tokio::spawn(told_by(command, new.into_bytes()))
    });
    let mut written = 0;
    for (number, told) in adding.collect::<Vec<_>>().into_iter().enumerate() {
        let told = told.await.unwrap();
        let table = format!("[sp.wiki-{number}]");
        assert_eq!(house.text().contains(&table), told.status == 0, "{told:?}");
        if told.status == 0 {
            written += 1;
        } else {
            told.fails("nothing was written");
        }
    }
    assert!(written > 0);
    assert_eq!(house.files().len(), before + written);
    house.sp(&["list"], "").await.is_good();
}

#[tokio::test]
async fn r91_another_version_of_what_cannot_be_read_is_held() {
    let house = House::new();
    let file = house.file("zoom.xml");
    let words = ["add", "zoom", "--metadata", "-", "--replace", "--yes"];
    for spoil in [true, false] {
        if spoil {
            fs::write(&file, "<broken").unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        let told = house.sp(&words, zoom_metadata("")).await;
        told.fails("--yes alone does not take what is held");
        assert!(told.errors.contains("nothing can be compared"), "{told:?}");
        assert_eq!(file.exists(), spoil);
    }
    let words = [&words[..], &["--even-if-held"]].concat();
    house.sp(&words, zoom_metadata("")).await.is_good();
    assert_eq!(fs::read_to_string(&file).unwrap(), zoom_metadata(""));
}

#[tokio::test]
async fn r91_another_version_of_a_broken_file_is_compared_with_the_last_good_copy_of_it() {
    let house = House::of(&Setup {
        server: "listen = '127.0.0.1:0'\ntrusted-proxies = ['127.0.0.1']\nstate-folder = 'state'"
            .to_owned(),
        ..Setup::new()
    });
    let copies = house.file("state/metadata");
    make_own_folder(&house.file("state"));
    fs::create_dir(&copies).unwrap();
    let (file, copy) = (house.file("zoom.xml"), copies.join("zoom.xml"));
    let ends = zoom_metadata("validUntil=\"2036-01-01T00:00:00Z\"");
    let all_keys = metadata(ZOOM, "", intranet_key(), &[ZOOM_ACS, ZOOM_SECOND_ACS]);
    let words = ["add", "zoom", "--metadata", "-", "--replace", "--yes"];
    for broken in [Some("<broken"), None] {
        match broken {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        fs::write(&copy, zoom_metadata("")).unwrap();
        let told = house.sp(&words, all_keys.as_str()).await;
        told.fails("--yes alone does not take what is held");
        assert!(told.out.contains("HELD  ALL keys for signing"), "{told:?}");
        assert!(!told.errors.contains("nothing can be compared"), "{told:?}");
        let told = house.sp(&words, ends.as_str()).await;
        told.is_good();
        let config = house.path.display();
        let reload = format!("takes it in by `passerelle --config {config} reload`");
        assert!(told.out.contains(&reload), "{reload}: {told:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), ends);
    }
    // A file that can be read counts before a copy that says something else.
    fs::write(&copy, &all_keys).unwrap();
    house.sp(&words, zoom_metadata("")).await.is_good();
    // Where neither can be read, all of it is for somebody to look at.
    fs::write(&file, "<broken").unwrap();
    fs::write(&copy, "<broken").unwrap();
    let told = house.sp(&words, ends.as_str()).await;
    told.fails("--yes alone does not take what is held");
    assert!(told.errors.contains("nothing can be compared"), "{told:?}");
}

/// The file that stands in for Zoom's own.
const PLACEHOLDER: &str = include_str!("../../../metadata/zoom.xml");

#[tokio::test]
async fn r91_a_providers_own_file_takes_the_place_of_the_placeholder_by_yes_alone_and_is_shown_whole()
 {
    for state in ["", "state-folder = 'state'"] {
        let house = House::of(&Setup {
            server: format!("listen = '127.0.0.1:0'\ntrusted-proxies = ['127.0.0.1']\n{state}"),
            zoom_metadata: PLACEHOLDER.to_owned(),
            ..Setup::new()
        });
        if !state.is_empty() {
            // A server ran by it already.
            let copies = house.file("state/metadata");
            make_own_folder(&house.file("state"));
            fs::create_dir(&copies).unwrap();
            fs::write(copies.join("zoom.xml"), PLACEHOLDER).unwrap();
        }
        let file = house.file("zoom.xml");
        // Another name, other addresses and other keys: each of it would be held.
        let own = metadata(LYON, "", intranet_key(), &[LYON_ACS]);
        let words = ["diff", "zoom", "--metadata", "-"];
        let told = house.sp(&words, own.as_str()).await;
        told.is_good();
        assert!(
            told.out.contains("the place of the placeholder"),
            "{told:?}"
        );
        assert_eq!(house.json(&words, own.as_str()).await["is_held"], false);
        let words = ["add", "zoom", "--metadata", "-", "--replace", "--yes"];
        let told = house.sp(&words, own.as_str()).await;
        told.is_good();
        for shown in [
            LYON,
            LYON_ACS,
            "signing: RSA 2048",
            "the place of the placeholder",
        ] {
            assert!(told.out.contains(shown), "{shown}: {told:?}");
        }
        assert!(
            !told.out.contains("HELD") && !told.errors.contains("HELD"),
            "{told:?}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), own);
        // From then on somebody trusts what is there.
        let told = house.sp(&words, zoom_metadata("")).await;
        told.fails("--yes alone does not take what is held");
        assert_eq!(fs::read_to_string(&file).unwrap(), own);
    }
}

#[tokio::test]
async fn r91_only_the_very_placeholder_that_nothing_else_ever_counted_beside_is_replaced_unheld() {
    let with_copy = |copy: &str| {
        let house = House::of(&Setup {
            server: "listen = '127.0.0.1:0'\ntrusted-proxies = []\nstate-folder = 'state'"
                .to_owned(),
            zoom_metadata: PLACEHOLDER.to_owned(),
            ..Setup::new()
        });
        let copies = house.file("state/metadata");
        make_own_folder(&house.file("state"));
        fs::create_dir(&copies).unwrap();
        fs::write(copies.join("zoom.xml"), copy).unwrap();
        house
    };
    let of = |zoom_metadata: String| {
        House::of(&Setup {
            zoom_metadata,
            ..Setup::new()
        })
    };
    let watched = with_copy(PLACEHOLDER);
    let text = watched.text();
    fs::write(&watched.path, format!("{text}\n[metadata]\nfolder = '.'\n")).unwrap();
    for (case, house) in [
        // Its certificate says so of itself, as any provider's may.
        (
            "another address",
            of(PLACEHOLDER.replace("saml/SSO", "saml/own")),
        ),
        ("one octet more", of(format!("{PLACEHOLDER}\n"))),
        ("another one counted", with_copy(&zoom_metadata(""))),
        ("nobody knows what counted", with_copy("<broken")),
        // A server judges what comes into that folder, and holds it.
        ("watched", watched),
    ] {
        let before = fs::read(house.file("zoom.xml")).unwrap();
        let own = metadata(ZOOM, "", intranet_key(), &[ZOOM_ACS]);
        let words = ["add", "zoom", "--metadata", "-", "--replace", "--yes"];
        let told = house.sp(&words, own.as_str()).await;
        told.fails("--yes alone does not take what is held");
        assert!(
            told.out.contains("HELD  ALL keys for signing"),
            "{case}: {told:?}"
        );
        let told = house
            .sp(&["diff", "zoom", "--metadata", "-"], own.as_str())
            .await;
        told.fails("this version would be held");
        assert_eq!(fs::read(house.file("zoom.xml")).unwrap(), before, "{case}");
    }
}

/// Metadata of another university's Zoom.
fn lyon() -> String {
    let promises = r#"AuthnRequestsSigned="true" "#;
    metadata(LYON, promises, zoom_key(), &[LYON_ACS])
}

fn wiki() -> String {
    metadata(WIKI, "", library_key(), &["https://wiki.example.net/acs"])
}

#[tokio::test]
async fn a_provider_is_added_at_the_end_with_what_its_preset_knows_and_people_sign_in_to_it() {
    let house = House::new();
    let before = house.text();
    let file = house.brings("download", &lyon());
    fs::set_permissions(&house.path, fs::Permissions::from_mode(0o640)).unwrap();
    let words = ["add", "lyon", "--metadata", &file, "--yes"];
    let told = house.sp(&words, "").await;
    told.is_good();
    for shown in [LYON, LYON_ACS, "SHA-256 ", "RSA 2048", "[sp.lyon]"] {
        assert!(told.out.contains(shown), "{shown}: {told:?}");
    }
    // No command reaches a server that has no socket.
    let by_hand =
        "takes it in by SIGHUP (`systemctl kill --signal=HUP passerelle`), or at its next start.";
    assert!(told.out.contains(by_hand), "{told:?}");
    let next = format!(
        "Zoom's form: passerelle --config {} zoom-settings --sp lyon\n",
        house.path.display()
    );
    assert!(told.out.ends_with(&next), "{next}: {told:?}");
    let table = "[sp.lyon]\nmetadata = \"lyon.xml\"\npreset = \"zoom\"\n\
                 aliases = [\"https://univ-lyon-fr.zoom.us\"]\n\
                 sign-in-link = \"https://univ-lyon-fr.zoom.us/saml/login\"\n\
                 require-signed-requests = false\n";
    assert_eq!(house.text(), format!("{before}\n{table}"));
    let written = house.file("lyon.xml");
    assert_eq!(fs::read_to_string(&written).unwrap(), lyon());
    for path in [&house.path, &written] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{path:?}");
    }
    let names: Vec<_> = house.files().into_keys().collect();
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
    // Again, and under its other name, nobody else can have it.
    house
        .sp(&words, "")
        .await
        .fails("there is a provider lyon already");
    let setup = Setup::new();
    let bridge = Bridge::load(house.folder, &house.path, setup.seed, setup.start);
    let mut browser = bridge.browser();
    let request = bridge.request_of("https://univ-lyon-fr.zoom.us");
    let request = request.with("AssertionConsumerServiceURL", LYON_ACS);
    let login = browser.arrive(&request.redirect(None)).await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    assert_eq!(page.answer().to, LYON_ACS);
}

#[tokio::test]
async fn what_comes_in_on_standard_input_is_added_as_a_file_is() {
    let house = House::new();
    let words = ["add", "wiki", "--metadata", "-", "--yes"];
    let told = house.sp(&words, wiki()).await;
    told.is_good();
    assert!(!told.out.contains("zoom-settings"), "{told:?}");
    assert_eq!(fs::read_to_string(house.file("wiki.xml")).unwrap(), wiki());
    let table = "\n[sp.wiki]\nmetadata = \"wiki.xml\"\npreset = \"generic\"\n";
    assert!(house.text().ends_with(table), "{}", house.text());
}

#[tokio::test]
async fn a_dry_run_shows_all_of_it_and_nothing_is_written_by_it_or_unasked() {
    let house = House::new();
    let file = house.brings("download", &wiki());
    let before = house.files();
    let words = ["add", "wiki", "--metadata", &file];
    let told = house.sp(&[&words[..], &["--dry-run"]].concat(), "").await;
    told.is_good();
    assert!(told.out.contains("[sp.wiki]\nmetadata"), "{told:?}");
    assert!(told.out.contains("Nothing was written"), "{told:?}");
    house
        .sp(&words, "yes\n")
        .await
        .fails("nobody is there to ask");
    assert_eq!(house.files(), before);
}

#[tokio::test]
async fn whoever_sits_at_a_terminal_is_asked_and_nothing_is_written_before_they_say_yes() {
    let house = House::new();
    let file = house.brings("download", &wiki());
    let config = house.path.to_str().unwrap();
    let add = format!("add wiki --metadata {file}");
    for (words, question, yes) in [
        (&*add, "Write this?", "yes\n"),
        (
            "retire wiki",
            "Nobody will sign in to wiki any more.",
            "oui\n",
        ),
    ] {
        let line = format!("{PROGRAM} sp {words} --config {config}");
        let before = house.files();
        for (typed, is_written) in [
            ("\n", false),
            ("no\n", false),
            ("y\n", false),
            ("o\n", false),
            (yes, true),
        ] {
            let mut command = Command::new("script");
            command.args(["-qec", &line, "/dev/null"]);
            let told = told_by(command, typed.into()).await;
            assert!(told.out.contains(question), "{told:?}");
            assert!(told.out.contains("Type yes or oui:"), "{told:?}");
            assert_eq!(told.status == 0, is_written, "{told:?}");
            let why = "nothing was written: whoever wants it types yes or oui, in full";
            let says_why = ["y\n", "o\n"].contains(&typed);
            assert_eq!(told.out.contains(why), says_why, "{told:?}");
            assert_eq!(house.files() != before, is_written, "{told:?}");
        }
    }
}

#[tokio::test]
async fn r94_nothing_is_written_of_what_has_a_fault_or_would_take_anothers_place() {
    let house = House::new();
    let brought = [
        (
            "broken",
            wiki().replace(
                "https://wiki.example.net/acs",
                "http://wiki.example.net/acs",
            ),
        ),
        ("no-xml", "<!DOCTYPE html><html></html>".to_owned()),
        ("empty", String::new()),
        ("large", format!("<!--{}-->", "x".repeat(4 * 1024 * 1024))),
        // The library goes by this name, and comes behind it in the order of the names.
        (
            "same-name",
            metadata(LIBRARY, "", zoom_key(), &["https://evil.example/acs"]),
        ),
        ("good", wiki()),
        ("there.xml", "somebody's".to_owned()),
    ];
    let brought = brought.map(|(name, xml)| (name, house.brings(name, &xml)));
    let file = |name: &str| {
        let found = brought.iter().find(|(known, _)| *known == name);
        found.unwrap().1.as_str()
    };
    let before = house.files();
    for (name, source, more, saying) in [
        ("wiki", file("broken"), &[][..], "is not an https URL"),
        ("wiki", file("no-xml"), &[], "a document type declaration"),
        ("wiki", file("empty"), &[], "fault: it is empty\n"),
        ("wiki", file("large"), &[], "too large"),
        ("wiki", "absent", &[], "absent cannot be read"),
        (
            "aaa",
            file("same-name"),
            &[],
            "both go by the name https://library.example.net/sp",
        ),
        (
            "zzz",
            file("same-name"),
            &[],
            "both go by the name https://library.example.net/sp",
        ),
        ("there", file("good"), &[], "there.xml is there already"),
        (
            "zoom",
            file("good"),
            &[],
            "there is a provider zoom already",
        ),
        (
            "wiki",
            file("good"),
            &["--replace"],
            "there is no provider wiki",
        ),
        (
            "wiki",
            file("good"),
            &["--preset", "unheard-of"],
            "there is no preset unheard-of",
        ),
        (
            "wiki",
            file("good"),
            &["--entity-id", "other"],
            "no entity of the name",
        ),
    ] {
        let words = ["add", name, "--metadata", source, "--yes"];
        let told = house.sp(&[&words[..], more].concat(), "").await;
        told.fails(saying);
        assert_eq!(house.files(), before, "{name} {source} {more:?}");
    }
    let told = house
        .sp(&["add", "a/b", "--metadata", file("good")], "")
        .await;
    assert_eq!(told.status, 2, "{told:?}");
}

#[tokio::test]
async fn nothing_is_added_to_a_configuration_that_has_a_fault() {
    let house = House::of(&Setup::zoom("colour = 'red'"));
    let file = house.brings("download", &wiki());
    let before = house.files();
    let words = ["add", "wiki", "--metadata", &file, "--yes"];
    let told = house.sp(&words, "").await;
    told.fails("mend them first");
    assert!(told.errors.contains("sp.zoom.colour"), "{told:?}");
    assert_eq!(house.files(), before);
    // Another provider that is broken by itself keeps no newcomer out.
    let house = House::of(&Setup {
        zoom_metadata: "<broken".to_owned(),
        ..Setup::new()
    });
    let file = house.brings("download", &wiki());
    let words = ["add", "wiki", "--metadata", &file, "--yes"];
    house.sp(&words, "").await.is_good();
}

#[tokio::test]
async fn one_entity_of_several_is_added_by_its_name() {
    let house = House::new();
    let group = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}\
         </md:EntitiesDescriptor>",
        wiki(),
        lyon()
    );
    let words = ["add", "wiki", "--metadata", "-", "--yes"];
    let told = house.sp(&words, group.as_str()).await;
    told.fails("describes 2 service providers");
    assert!(
        told.errors
            .contains("hint: say which one is meant: --entity-id"),
        "{told:?}"
    );
    // Whoever only looks can say it, too.
    let check = ["check", "--metadata", "-"];
    let checked = house.sp(&check, group.as_str()).await;
    assert!(
        checked.out.contains("which one is meant: --entity-id"),
        "{checked:?}"
    );
    let checked = house
        .sp(
            &[&check[..], &["--entity-id", WIKI]].concat(),
            group.as_str(),
        )
        .await;
    checked.is_good();
    assert!(checked.out.starts_with(WIKI), "{checked:?}");
    let words = [&words[..], &["--entity-id", WIKI]].concat();
    house.sp(&words, group.as_str()).await.is_good();
    let line = format!("entity-id = \"{WIKI}\"\n");
    assert!(house.text().contains(&line), "{}", house.text());
}

#[tokio::test]
async fn the_file_goes_to_where_the_others_are_and_a_folder_is_made_where_there_is_none() {
    let house = House::new();
    let alone: String = house.text().split("[sp.zoom]").next().unwrap().to_owned();
    fs::write(&house.path, &alone).unwrap();
    let words = ["add", "wiki", "--metadata", "-", "--yes"];
    house.sp(&words, wiki()).await.is_good();
    assert!(house.text().contains("metadata = \"metadata/wiki.xml\""));
    assert_eq!(
        fs::read_to_string(house.file("metadata/wiki.xml")).unwrap(),
        wiki()
    );
    // The next one comes to it.
    let words = ["add", "lyon", "--metadata", "-", "--yes"];
    house.sp(&words, lyon()).await.is_good();
    assert!(house.text().contains("metadata = \"metadata/lyon.xml\""));
}

#[tokio::test]
async fn a_link_to_the_configuration_stays_one() {
    let house = House::new();
    let real = house.file("real.toml");
    fs::rename(&house.path, &real).unwrap();
    std::os::unix::fs::symlink("real.toml", &house.path).unwrap();
    let words = ["add", "wiki", "--metadata", "-", "--yes"];
    house.sp(&words, wiki()).await.is_good();
    assert!(fs::symlink_metadata(&house.path).unwrap().is_symlink());
    assert!(fs::read_to_string(real).unwrap().contains("[sp.wiki]"));
}

#[tokio::test]
async fn r91_another_version_takes_the_place_of_the_file_and_what_is_held_needs_a_word_more() {
    let house = House::new();
    let file = house.file("zoom.xml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).unwrap();
    let text = house.text();
    let words = ["add", "zoom", "--metadata", "-", "--replace", "--yes"];
    // The same once more.
    let told = house.sp(&words, zoom_metadata("")).await;
    told.is_good();
    assert!(told.out.contains("there is nothing to do"), "{told:?}");
    // Until when it counts.
    let ends = zoom_metadata("validUntil=\"2036-01-01T00:00:00Z\"");
    let told = house.sp(&words, ends.as_str()).await;
    told.is_good();
    assert!(
        told.out.contains("validUntil: + 2036-01-01T00:00:00Z"),
        "{told:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), ends);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o440
    );
    // An address, a name, or all keys.
    for held in [
        zoom_metadata("").replace(ZOOM_SECOND_ACS, "https://evil.example/acs"),
        zoom_metadata("").replace("entityID=\"univ", "entityID=\"other"),
        metadata(
            "univ-montp3-fr.zoom.us",
            "",
            intranet_key(),
            &[ZOOM_ACS, ZOOM_SECOND_ACS],
        ),
    ] {
        let told = house.sp(&words, held.as_str()).await;
        told.fails("--yes alone does not take what is held");
        assert!(told.errors.contains("HELD: with these changes"), "{told:?}");
        assert!(told.out.contains("HELD  "), "{told:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), ends);
        let words = [&words[..], &["--even-if-held"]].concat();
        house.sp(&words, held.as_str()).await.is_good();
        assert_eq!(fs::read_to_string(&file).unwrap(), held);
        house.sp(&words, ends.as_str()).await.is_good();
    }
    // What has a fault takes nobody's place.
    house
        .sp(&words, "<broken")
        .await
        .fails("fault(s) in the metadata");
    assert_eq!(fs::read_to_string(&file).unwrap(), ends);
    assert_eq!(house.text(), text);
}
