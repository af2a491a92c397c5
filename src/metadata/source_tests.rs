use super::*;
use crate::{
    metadata::read::tests::{config, now},
    model::{entity_id::EntityId, short_name::ShortName},
};

fn from(short_name: &str, file: &str) -> SpConfig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metadata");
    SpConfig {
        short_name: ShortName::parse(short_name).unwrap(),
        metadata_path: folder.join(file),
        ..config()
    }
}

fn keys_of(faults: &[ConfigFault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.key.as_str()).collect()
}

#[test]
fn sound_files_make_a_registry_and_warnings_are_told() {
    let loaded = load(&[from("a", "valid/no-key.xml")], Schemes::HttpsOnly, now()).unwrap();
    let name = EntityId::parse("https://sp.example.org/metadata").unwrap();
    assert!(loaded.registry.sp_for(&name, now()).is_ok());
    assert_eq!(keys_of(&loaded.warnings), ["sp.a"]);
}

#[test]
fn one_broken_file_does_not_hide_the_findings_of_another() {
    let providers = [
        from("a", "valid/plain.xml"),
        from("b", "valid/plain.xml"),
        from("c", "invalid/acs-http.xml"),
        from("d", "none.xml"),
        from("e", "invalid/document-type.xml"),
    ];
    let not_loaded = load(&providers, Schemes::HttpsOnly, now()).unwrap_err();
    let mut keys = keys_of(&not_loaded.faults);
    keys.dedup();
    assert_eq!(keys, ["sp.c", "sp.d", "sp.e", "sp.b"]);
    let last = not_loaded.faults.last().unwrap();
    assert_eq!(
        last.what,
        "a and b both go by the name https://sp.example.org/metadata"
    );
    assert!(last.file.ends_with("valid/plain.xml"));
}
