use std::fs::File;

use super::*;
use crate::{
    metadata::{
        read::tests::{config, now},
        registry::SpFault,
    },
    model::entity_id::EntityId,
};

fn from(short_name: &str, file: &str) -> SpConfig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metadata");
    SpConfig {
        short_name: ShortName::parse(short_name).unwrap(),
        metadata_path: folder.join(file),
        ..config()
    }
}

fn keys_of(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.fault.key.as_str()).collect()
}

fn load_all(providers: &[SpConfig], state_folder: Option<&Path>) -> Loaded {
    let last_good = state_folder.map(LastGood::below);
    load(providers, None, Schemes::HttpsOnly, last_good, now())
}

fn name() -> EntityId {
    EntityId::parse("https://sp.example.org/metadata").unwrap()
}

/// A provider whose file is in `folder`, written as the fixture `file` is.
fn copied(folder: &Path, file: &str) -> SpConfig {
    let config = from("a", file);
    let path = folder.join("a.xml");
    std::fs::copy(&config.metadata_path, &path).unwrap();
    SpConfig {
        metadata_path: path,
        ..config
    }
}

#[test]
fn sound_files_make_a_registry_and_warnings_are_told() {
    let loaded = load_all(&[from("a", "valid/no-key.xml")], None);
    assert!(loaded.registry.sp_for(&name(), now()).is_ok());
    assert!(loaded.faults.is_empty());
    assert_eq!(keys_of(&loaded.warnings), ["sp.a"]);
}

#[test]
fn r32_what_is_wrong_with_one_provider_stops_and_hides_no_other() {
    let providers = [
        from("a", "valid/plain.xml"),
        from("b", "valid/plain.xml"),
        from("c", "invalid/acs-http.xml"),
        from("d", "none.xml"),
        from("e", "invalid/document-type.xml"),
    ];
    let loaded = load_all(&providers, None);
    let mut keys = keys_of(&loaded.faults);
    keys.dedup();
    assert_eq!(keys, ["sp.c", "sp.d", "sp.e", "sp.b"]);
    let last = &loaded.faults.last().unwrap().fault;
    assert_eq!(
        last.what,
        "a and b both go by the name https://sp.example.org/metadata"
    );
    assert!(last.file.ends_with("valid/plain.xml"));
    let found = loaded.registry.sp_for(&name(), now()).unwrap();
    assert_eq!(found.config.short_name.as_str(), "a");
    let states: Vec<_> = loaded
        .registry
        .states(now())
        .map(|(_, it)| it.word())
        .collect();
    assert_eq!(states, ["good", "broken", "broken", "broken", "broken"]);
}

#[test]
fn what_is_wrong_with_a_provider_that_is_switched_off_is_a_warning() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let good = copied(files.path(), "valid/plain.xml");
    let loaded = load_all(std::slice::from_ref(&good), Some(state.path()));
    assert!(loaded.to_keep.keep().is_empty());
    std::fs::remove_file(&good.metadata_path).unwrap();
    // Gone, with a copy of it and without, and broken.
    for (file, state) in [
        ("none.xml", Some(state.path())),
        ("none.xml", None),
        ("invalid/acs-http.xml", None),
    ] {
        let mut config = from("a", file);
        let counts = |loaded: &Loaded| (loaded.faults.len(), loaded.warnings.len());
        let of_one_on = load_all(std::slice::from_ref(&config), state);
        assert!(!of_one_on.faults.is_empty(), "{file}");
        config.enabled = false;
        let loaded = load_all(&[config], state);
        assert_eq!(counts(&loaded).0, 0, "{file}");
        assert_eq!(keys_of(&loaded.warnings)[0], "sp.a", "{file}");
        // That nobody can sign in to it is what somebody wanted.
        let nobody = |it: &Told| matches!(it.remark, Remark::NobodyGetsIn);
        assert!(!loaded.warnings.iter().any(nobody), "{file}");
        let states = loaded.registry.states(now()).map(|(_, it)| it.word());
        assert_eq!(states.collect::<Vec<_>>(), ["disabled"], "{file}");
    }
}

#[test]
fn a_broken_file_gives_way_to_the_last_good_one_and_is_told() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = state.path().join("metadata/a.xml");
    let good = copied(files.path(), "valid/plain.xml");
    let loaded = load_all(std::slice::from_ref(&good), Some(state.path()));
    assert!(loaded.to_keep.keep().is_empty());
    for broken in ["invalid/acs-http.xml", "invalid/not-well-formed.xml"] {
        let config = copied(files.path(), broken);
        let loaded = load_all(&[config], Some(state.path()));
        assert_eq!(keys_of(&loaded.faults)[0], "sp.a", "{broken}");
        // As a fault, with the day and the place of what counts.
        let told = &loaded.faults.last().unwrap().fault;
        for part in [
            "last good",
            "keys",
            name().as_str(),
            &*copy.to_string_lossy(),
        ] {
            assert!(told.what.contains(part), "{part}: {told}");
        }
        assert!(told.hint.is_some());
        let found = loaded.registry.sp_for(&name(), now()).unwrap();
        assert_eq!(found.origin, Origin::LastGood);
        assert_eq!(found.keys.len(), 1);
        // It is kept on, and not replaced by what is broken.
        assert!(loaded.to_keep.keep().is_empty());
    }
    std::fs::remove_file(&good.metadata_path).unwrap();
    let loaded = load_all(std::slice::from_ref(&good), Some(state.path()));
    assert!(loaded.registry.sp_for(&name(), now()).is_ok());
    // Mended, the file itself counts again.
    let mended = copied(files.path(), "valid/no-key.xml");
    let loaded = load_all(&[mended], Some(state.path()));
    let found = loaded.registry.sp_for(&name(), now()).unwrap();
    assert_eq!((found.origin, found.keys.len()), (Origin::File, 0));
}

#[test]
fn r90_a_last_good_version_is_read_as_strictly_and_ends_as_it_says() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = state.path().join("metadata");
    std::fs::create_dir(&folder).unwrap();
    let broken = copied(files.path(), "invalid/acs-http.xml");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metadata");
    for (copy, expected) in [
        ("valid/valid-until-past.xml", SpFault::Expired),
        ("invalid/acs-javascript.xml", SpFault::Broken),
    ] {
        std::fs::copy(fixtures.join(copy), folder.join("a.xml")).unwrap();
        let loaded = load_all(std::slice::from_ref(&broken), Some(state.path()));
        let name = broken.short_name.clone();
        let found = loaded.registry.sp_by_short_name(&name, now());
        assert_eq!(found.unwrap_err(), expected);
    }
    // By what the configuration says now, and not by what it said when the copy was made.
    std::fs::copy(fixtures.join("valid/plain.xml"), folder.join("a.xml")).unwrap();
    let other = SpConfig {
        entity_id: Some(EntityId::parse("urn:other").unwrap()),
        ..broken
    };
    let loaded = load_all(&[other], Some(state.path()));
    let found = loaded.registry.sp_for(&name(), now());
    assert_eq!(found.unwrap_err(), SpFault::Unknown);
}

#[test]
fn what_will_end_or_is_odd_in_a_last_good_version_is_told() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let good = copied(files.path(), "valid/valid-until-past.xml");
    let loaded = load_all(std::slice::from_ref(&good), Some(state.path()));
    assert!(loaded.to_keep.keep().is_empty());
    std::fs::write(&good.metadata_path, "<").unwrap();
    let loaded = load_all(&[good], Some(state.path()));
    let copy = state.path().join("metadata/a.xml");
    let mut warnings = loaded.warnings.iter().map(|told| &told.fault);
    let told = warnings.find(|it| it.file == copy).unwrap();
    assert!(told.what.contains("validUntil is past"), "{told}");
}

#[test]
fn r32_a_last_good_version_of_another_entity_counts_for_nothing() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = copied(files.path(), "valid/plain.xml");
    let loaded = load_all(std::slice::from_ref(&before), Some(state.path()));
    assert!(loaded.to_keep.keep().is_empty());
    // Another provider has the short name now, and its first file is broken.
    let config = copied(files.path(), "invalid/acs-http.xml");
    let text = std::fs::read_to_string(&config.metadata_path).unwrap();
    let text = text.replace(name().as_str(), "urn:another");
    std::fs::write(&config.metadata_path, text).unwrap();
    let loaded = load_all(&[config], Some(state.path()));
    let found = loaded.registry.sp_for(&name(), now());
    assert_eq!(found.unwrap_err(), SpFault::Unknown);
    let another = EntityId::parse("urn:another").unwrap();
    let found = loaded.registry.sp_for(&another, now());
    assert_eq!(found.unwrap_err(), SpFault::Broken);
}

#[test]
fn r32_a_last_good_version_takes_no_name_from_a_sound_file() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = copied(files.path(), "valid/plain.xml");
    let loaded = load_all(std::slice::from_ref(&before), Some(state.path()));
    assert!(loaded.to_keep.keep().is_empty());
    // The provider goes by another short name now, and what is written for the one of before is broken.
    std::fs::write(&before.metadata_path, "<").unwrap();
    let loaded = load_all(&[before, from("b", "valid/plain.xml")], Some(state.path()));
    let found = loaded.registry.sp_for(&name(), now()).unwrap();
    assert_eq!(found.config.short_name.as_str(), "b");
    let states = loaded.registry.states(now()).map(|(_, it)| it.word());
    assert_eq!(states.collect::<Vec<_>>(), ["broken", "good"]);
}

#[test]
fn r32_what_goes_by_the_name_of_another_is_not_kept() {
    let state = tempfile::tempdir().unwrap();
    let providers = [from("a", "valid/plain.xml"), from("b", "valid/plain.xml")];
    assert!(
        load_all(&providers, Some(state.path()))
            .to_keep
            .keep()
            .is_empty()
    );
    let folder = state.path().join("metadata");
    assert!(folder.join("a.xml").exists() && !folder.join("b.xml").exists());
}

#[test]
fn a_file_that_is_older_than_its_cache_duration_is_told_and_shuts_nobody_out() {
    let files = tempfile::tempdir().unwrap();
    let config = copied(files.path(), "valid/plain.xml");
    let text = std::fs::read_to_string(&config.metadata_path).unwrap();
    let text = text.replace("entityID=", "cacheDuration=\"PT6H\" entityID=");
    std::fs::write(&config.metadata_path, text).unwrap();
    let written = |hours_ago: u64| {
        let file = File::options()
            .write(true)
            .open(&config.metadata_path)
            .unwrap();
        let now = u64::try_from(now().as_second()).unwrap();
        let age = std::time::Duration::from_secs(now - hours_ago * 3600);
        let at = std::time::SystemTime::UNIX_EPOCH + age;
        file.set_modified(at).unwrap();
        load_all(std::slice::from_ref(&config), None)
    };
    assert!(written(5).warnings.is_empty());
    let loaded = written(6);
    assert!(loaded.faults.is_empty());
    let what = &loaded.warnings[0].fault.what;
    assert!(what.contains("since 2026-11-26T02:00:00Z"), "{what}");
    assert!(loaded.registry.sp_for(&name(), now()).is_ok());
    let (_, state) = loaded.registry.states(now()).next().unwrap();
    assert_eq!(state.word(), "stale");
}

#[test]
fn r90_what_is_fetched_ends_with_its_age_or_its_own_end_whichever_comes_first() {
    let plain = std::fs::read_to_string(from("a", "valid/plain.xml").metadata_path).unwrap();
    let config = SpConfig {
        followed: Some(crate::config::followed::Followed {
            url: "https://sp.example.org/".parse().unwrap(),
            authorities: None,
            allows_private: false,
            refresh: None,
            max_age: SignedDuration::from_hours(48),
        }),
        ..config()
    };
    let soon = now() + SignedDuration::from_hours(1);
    let oldest = now() + SignedDuration::from_hours(48);
    for (own, end) in [
        (None, oldest),
        (Some("9999-01-01T00:00:00Z".to_owned()), oldest),
        (Some(soon.to_string()), soon),
    ] {
        let own = own.map_or_else(String::new, |own| format!("validUntil=\"{own}\" "));
        let text = plain.replace("entityID=", &format!("{own}entityID="));
        let version = (text.into_bytes(), now());
        let read = read_version(version, &config, &[], Schemes::HttpsOnly, now()).unwrap();
        assert_eq!(read.sp.valid_until, Some(end), "{own}");
    }
}

#[test]
fn a_file_that_is_not_to_be_cached_is_read_at_each_reading_and_never_too_old() {
    let files = tempfile::tempdir().unwrap();
    let config = copied(files.path(), "valid/plain.xml");
    let plain = std::fs::read_to_string(&config.metadata_path).unwrap();
    // Of two levels the shorter one counts.
    let text = plain
        .replace("entityID=", "cacheDuration=\"PT0S\" entityID=")
        .replace(
            "<md:SPSSODescriptor ",
            "<md:SPSSODescriptor cacheDuration=\"PT1H\" ",
        );
    std::fs::write(&config.metadata_path, text).unwrap();
    let loaded = load_all(std::slice::from_ref(&config), None);
    assert!(loaded.faults.is_empty() && loaded.warnings.is_empty());
    let found = loaded.registry.sp_for(&name(), now()).unwrap();
    assert_eq!(found.sp.cache_duration, Some(SignedDuration::ZERO));
    let later = "2036-11-26T08:00:00Z".parse().unwrap();
    let (_, state) = loaded.registry.states(later).next().unwrap();
    assert_eq!(state.word(), "good");
    std::fs::write(
        &config.metadata_path,
        plain.replace("index=\"0\"", "index=\"7\""),
    )
    .unwrap();
    let loaded = load_all(std::slice::from_ref(&config), None);
    let found = loaded.registry.sp_for(&name(), now()).unwrap();
    assert_eq!(found.sp.assertion_consumer_services[0].index, 7);
}
