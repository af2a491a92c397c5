//! The metadata that real service providers write, and all fixtures of metadata, through `sp add`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::json;
use tempfile::TempDir;

use super::House;
use crate::lab::{
    keys::KeyPair,
    metadata,
    process::repository,
    service_provider::{SpKind, SpSite},
};

/// The files of a folder of fixtures, by their names without `.xml`, each with what is told of it.
fn fixtures(folder: &str) -> Vec<(String, String, Option<&'static str>)> {
    let lines = include_str!("../../fixtures/metadata/told.txt").lines();
    let of_it = lines.filter_map(|line| line.strip_prefix(folder)?.strip_prefix('/'));
    let told: BTreeMap<_, _> = of_it.map(|line| line.split_once(": ").unwrap()).collect();
    let files = repository().join("tests/fixtures/metadata").join(folder);
    let files = fs::read_dir(files).unwrap();
    let paths: BTreeSet<_> = files.map(|file| file.unwrap().path()).collect();
    let read = paths.into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        (name.to_owned(), text, told.get(name).copied())
    });
    read.collect()
}

#[tokio::test]
async fn what_real_service_providers_say_of_themselves_is_fetched_and_added() {
    let lab = TempDir::new().unwrap();
    let idp = lab.path().join("idp.xml");
    let idp_keys = KeyPair::generate(lab.path(), "idp");
    let of_idp = metadata::identity_provider("http://idp.localhost:1", &idp_keys);
    fs::write(&idp, of_idp).unwrap();
    // They are reached over http, on this machine.
    let house = House::lab();
    for kind in SpKind::ALL {
        let name = kind.name();
        let site = SpSite::prepare_its_own(kind, lab.path(), false);
        let sp = site.start(&idp).await;
        let mut url = sp.metadata();
        url.set_host(Some("127.0.0.1")).unwrap();
        let words = ["add", name, "--metadata", url.as_str(), "--yes"];
        let told = house.sp(&words, "").await;
        told.is_good();
        for shown in [sp.entity_id(), sp.acs().as_str()] {
            assert!(told.out.contains(shown), "{shown}: {told:?}");
        }
        // Asked once more, it says nothing that somebody would have to look at.
        let again = house.sp(&[&words[..], &["--replace"]].concat(), "").await;
        again.is_good();
        let found = house.json(&["show", name], "").await;
        assert_eq!(found["state"], "good", "{found}");
        assert_eq!(found["preset"], "generic", "{found}");
        let keys = found["outline"]["keys"].as_array().unwrap();
        assert!(!keys.is_empty(), "{found}");
    }
    let checked = house.sp(&["check"], "").await;
    checked.is_good();
}

#[tokio::test]
async fn the_file_that_is_shipped_for_zoom_is_told_to_be_a_placeholder_with_what_to_do() {
    let house = House::new();
    let shipped = include_str!("../../../metadata/zoom.xml").replace("univ-montp3", "univ-lyon");
    let words = ["add", "lyon", "--metadata", "-", "--yes"];
    let told = house.sp(&words, shipped).await;
    told.is_good();
    assert!(told.errors.contains("this is the placeholder"), "{told:?}");
    // It is not registered yet: what to do is another thing before and after.
    let command = format!("passerelle --config {} sp add lyon", house.path.display());
    let before = format!(
        "hint: name the provider's own address or file; or begin with this one, and put its own in the place of it later: \
         {command} --replace --metadata URL\n"
    );
    assert!(told.errors.contains(&before), "{told:?}");
    let told = house.sp(&["check", "lyon"], "").await;
    let after =
        format!("hint: {command} --replace --metadata URL, where URL is the provider's own");
    assert!(told.out.contains(&after), "{told:?}");
    // Whoever looks whether something is to be done finds it.
    let status = house.passerelle(&["status"]).await;
    status.is_good();
    let (now, what) = (
        format!("{:<10}  {:<12}  ", "now", ""),
        "its metadata is the placeholder that came with Passerelle",
    );
    assert!(
        status.out.contains(&format!("{now}sp.lyon: {what}")),
        "{status:?}"
    );
    let hint =
        format!("    hint: put its own in the place of it: {command} --replace --metadata URL, ");
    assert!(status.out.contains(&hint), "{status:?}");
    let check = house.passerelle(&["check"]).await;
    assert_eq!(check.errors.matches("placeholder").count(), 1, "{check:?}");
    let list = house.sp(&["list"], "").await;
    let listed = |name: &str| {
        { list.out.lines() }
            .find(|line| line.starts_with(name))
            .unwrap()
    };
    assert!(listed("lyon ").contains(" placeholder "), "{list:?}");
    assert!(listed("zoom ").contains(" good "), "{list:?}");
    let show = house.sp(&["show", "lyon"], "").await;
    assert!(
        show.out.contains("  state             placeholder\n"),
        "{show:?}"
    );
    let found = house.json(&["show", "lyon"], "").await;
    assert_eq!(
        (&found["state"], &found["is_placeholder"]),
        (&json!("good"), &json!(true))
    );
    // Of one that is switched off nothing is to be done.
    let text = house.text();
    let off = text.replace("[sp.lyon]\n", "[sp.lyon]\nenabled = false\n");
    assert_ne!(off, text);
    fs::write(&house.path, off).unwrap();
    let status = house.passerelle(&["status"]).await;
    assert!(!status.out.contains("placeholder"), "{status:?}");
    let list = house.sp(&["list"], "").await;
    assert!(!list.out.contains("placeholder"), "{list:?}");
}

#[tokio::test]
async fn every_sound_fixture_is_added_with_its_warning_and_the_generic_preset() {
    let all = fixtures("valid");
    assert!(all.len() >= 16, "{}", all.len());
    for (name, text, warning) in all {
        let house = House::new();
        let knows_people_by_mail_alone =
            text.contains("nameid-format:emailAddress<") && !text.contains(":persistent<");
        let told = house
            .sp(&["add", "new", "--metadata", "-", "--yes"], text)
            .await;
        told.is_good();
        let mut warnings: Vec<_> = { told.errors.lines() }
            .filter(|line| line.starts_with("warning: "))
            .collect();
        // What ends soon there is over by the clock of this machine.
        let warning = warning.map(|it| it.split_once(" soon (").map_or(it, |(before, _)| before));
        if knows_people_by_mail_alone {
            // The preset does not, which is told as well.
            let before = warnings.len();
            warnings.retain(|line| !line.contains("name-id has a format that"));
            assert_eq!(warnings.len(), before - 1, "{name}: {told:?}");
        }
        assert_eq!(warnings.len(), warning.iter().count(), "{name}: {told:?}");
        for (line, warning) in warnings.iter().zip(warning) {
            assert!(line.contains(warning), "{name}: {told:?}");
        }
        let found = house.json(&["show", "new"], "").await;
        assert_eq!(found["preset"], "generic", "{name}: {found}");
    }
}

#[tokio::test]
async fn every_fixture_with_one_fault_is_told_by_it_and_nothing_is_written() {
    let house = House::new();
    let before = house.files();
    let all = fixtures("invalid");
    assert!(all.len() >= 35, "{}", all.len());
    for (name, text, fault) in all {
        let told = house
            .sp(&["add", "new", "--metadata", "-", "--yes"], text)
            .await;
        assert_eq!(told.status, 1, "{name}: {told:?}");
        assert!(told.errors.contains(fault.unwrap()), "{name}: {told:?}");
        assert!(house.files() == before, "{name}");
    }
}
