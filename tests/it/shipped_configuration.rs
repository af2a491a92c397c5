//! The configuration and the metadata that come with the sources, through every room that reads
//! them: what an administrator copies must work as it is.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use jiff::Timestamp;
use passerelle::{
    attributes::{asked::Asked, map::Mapping, name_id::NameIdRule, release::ReleasePolicy},
    config::{self, Config, environment::Environment, sp::SpConfig},
    metadata::source,
    model::{attribute::Attributes, entity_id::EntityId, trace::Trace},
};
use tempfile::TempDir;

const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// Copies what is shipped beside keys of its own, and loads `file`.
fn load(file: &str) -> (TempDir, Config) {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        path
    };
    let shipped = |name: &str| fs::read(Path::new(SOURCES).join(name)).unwrap();
    write(
        "certs/signing.pem",
        b"-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n",
    );
    write("certs/seal.keys", "A".repeat(43).as_bytes());
    write("certs/pairwise.key", "p".repeat(43).as_bytes());
    write("config/people.toml", b"");
    write("certs/directory.password", b"reader");
    write("metadata/zoom.xml", &shipped("metadata/zoom.xml"));
    write(
        "metadata/intranet.xml",
        &shipped("tests/fixtures/metadata/valid/plain.xml"),
    );
    for text in ["config/texts/home.fr.md", "config/texts/home.en.md"] {
        write(text, &shipped(text));
    }
    let path = write(file, &shipped(file));
    let config = config::load(&path, &Environment::default())
        .unwrap_or_else(|faults| panic!("{file}: {faults:#?}"));
    (place, config)
}

fn now() -> Timestamp {
    "2026-11-26T02:00:00Z".parse().unwrap()
}

fn release_policy(config: &Config, sp: &SpConfig) -> ReleasePolicy {
    let mapping = Mapping::compile(&config.attributes).unwrap();
    let is_ours = |name: &str| mapping.gives(name);
    let organization = &config.organization;
    let (domains, scopes) = (&organization.mail_domains, &organization.scopes);
    let is_of_mail = |name: &str| mapping.is_of_mail(name);
    NameIdRule::compile(&sp.name_id, domains, &is_ours, &is_of_mail).unwrap();
    ReleasePolicy::compile(&sp.release, domains, scopes, &is_ours)
        .unwrap_or_else(|faults| panic!("{}: {faults:#?}", sp.short_name))
}

#[test]
fn both_files_load_with_their_metadata_and_their_rules() {
    for file in ["config/passerelle.example.toml", "config/univ-montp3.toml"] {
        let (_place, config) = load(file);
        let loaded = source::load(&config.service_providers, None, config.schemes, None, now());
        assert!(loaded.faults.is_empty(), "{file}: {:#?}", loaded.faults);
        // The file that is shipped for Zoom says of itself that it is to be replaced.
        let warnings = loaded.warnings.iter();
        let told: Vec<_> = warnings.map(|told| told.fault.to_string()).collect();
        assert_eq!(told.len(), 1, "{file}: {told:?}");
        assert!(
            told.concat().contains("is the placeholder"),
            "{file}: {told:?}"
        );
        for sp in &config.service_providers {
            assert!(
                release_policy(&config, sp).warnings().is_empty(),
                "{}",
                sp.short_name
            );
        }
    }
}

#[test]
fn zoom_is_known_by_both_names_and_its_requests_may_be_unsigned() {
    let (_place, config) = load("config/univ-montp3.toml");
    let loaded = source::load(&config.service_providers, None, config.schemes, None, now());
    for name in ["univ-montp3-fr.zoom.us", "https://univ-montp3-fr.zoom.us"] {
        let zoom = loaded
            .registry
            .sp_for(&EntityId::parse(name).unwrap(), now())
            .unwrap();
        assert!(
            zoom.sp.authn_requests_signed && !zoom.must_sign_requests(),
            "{name}"
        );
        assert_eq!(zoom.display_name().fr, "Zoom");
    }
}

#[test]
fn both_names_of_zoom_stay_known_when_its_own_file_has_the_other_one_than_the_placeholder() {
    let (_place, config) = load("config/univ-montp3.toml");
    let path = &config.service_providers[0].metadata_path;
    let placeholder = fs::read_to_string(path).unwrap();
    let own = placeholder.replace("entityID=\"univ", "entityID=\"https://univ");
    assert_ne!(own, placeholder);
    fs::remove_file(path).unwrap();
    fs::write(path, own).unwrap();
    let loaded = source::load(&config.service_providers, None, config.schemes, None, now());
    for name in ["univ-montp3-fr.zoom.us", "https://univ-montp3-fr.zoom.us"] {
        let name = EntityId::parse(name).unwrap();
        assert!(loaded.registry.sp_for(&name, now()).is_ok(), "{name:?}");
    }
}

#[test]
fn r112_zoom_is_told_what_its_preset_lists_and_nothing_else() {
    let (_place, config) = load("config/univ-montp3.toml");
    let policy = release_policy(&config, &config.service_providers[0]);
    let mut person = Attributes::new();
    for (name, values) in [
        ("uid", &["mdurand"][..]),
        (
            "mail",
            &["marie@example.org", "Marie.Durand@univ-montp3.fr"],
        ),
        ("givenName", &["Marie", "Anne"]),
        ("sn", &["Durand"]),
        ("displayName", &["Marie Durand"]),
        ("eduPersonAffiliation", &["member", "teacher"]),
        ("department", &["Lettres"]),
        ("eduPersonUniqueId", &["a1b2@univ-montp3.fr"]),
        ("telephoneNumber", &["+33 4 00 00 00 00"]),
    ] {
        person.add(name, values.iter().map(|value| (*value).to_owned()));
    }
    let released = policy
        .release(&person, &Asked::default(), &mut Trace::new())
        .unwrap();
    let told: Vec<_> = released
        .iter()
        .map(|attribute| {
            let format = attribute.name_format.rsplit(':').next().unwrap();
            let friendly = attribute.friendly_name.as_deref().unwrap_or("-");
            format!(
                "{} {format} {friendly} {}",
                attribute.name,
                attribute.values.join("|")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "urn:oid:0.9.2342.19200300.100.1.3 uri mail marie.durand@univ-montp3.fr",
            "urn:oid:2.5.4.42 uri givenName Marie",
            "urn:oid:2.5.4.4 uri sn Durand",
            "urn:oid:2.16.840.1.113730.3.1.241 uri displayName Marie Durand",
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.1 uri eduPersonAffiliation member|teacher",
            "urn:oid:2.5.4.11 uri ou Lettres",
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.13 uri eduPersonUniqueId a1b2@univ-montp3.fr",
            "zoomLicense basic - licensed",
        ]
    );
}

#[test]
fn each_population_gets_its_licence_of_zoom() {
    let (_place, config) = load("config/univ-montp3.toml");
    let policy = release_policy(&config, &config.service_providers[0]);
    for (affiliations, licence) in [
        (&["faculty", "member"][..], "licensed"),
        (&["teacher"], "licensed"),
        (&["researcher"], "licensed"),
        (&["staff"], "licensed"),
        (&["employee"], "licensed"),
        (&["student", "employee"], "licensed"),
        (&["student", "member"], "basic"),
        (&["member"], "basic"),
        (&["alum"], "none"),
        (&["affiliate", "library-walk-in"], "none"),
        (&[], "none"),
    ] {
        let mut person = Attributes::new();
        person.add("mail", ["a@univ-montp3.fr".to_owned()]);
        person.add(
            "eduPersonAffiliation",
            affiliations.iter().map(|&value| value.to_owned()),
        );
        let released = policy
            .release(&person, &Asked::default(), &mut Trace::new())
            .unwrap();
        let zoom_license = released
            .iter()
            .find(|attribute| attribute.name == "zoomLicense");
        assert_eq!(zoom_license.unwrap().values, [licence], "{affiliations:?}");
    }
}
