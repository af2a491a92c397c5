//! Every shape of an `EntityDescriptor`, every kind of change of one, and every document that is no XML, brought to `passerelle sp add` as the
//! metadata of a new provider: what the strict reader refuses leaves no trace, and what it reads is written as it came.

use passerelle::{
    config::sp::SpConfig,
    metadata::{finding::Finding, read::read},
    model::endpoint::Schemes,
    sys::clock::{Clock as _, SystemClock},
};

use super::{changed::changes, genuine::Kind, malformed, shapes};
use crate::{
    bridge::{Bridge, Setup, ZOOM, ZOOM_ALIAS, zoom_metadata},
    sp::House,
};

/// A configuration in which nobody has the name of the genuine one.
fn house() -> House {
    let house = House::of(&Setup {
        zoom_metadata: zoom_metadata("").replace(ZOOM, "other.zoom.us"),
        ..Setup::new()
    });
    let text = house.text();
    let alias = format!("aliases = ['{ZOOM_ALIAS}']");
    assert!(
        !text.contains(ZOOM_ALIAS) || text.contains(&alias),
        "{text}"
    );
    std::fs::write(&house.path, text.replace(&alias, "aliases = []")).unwrap();
    house
}

/// The faults that the strict reader finds in a document, in words.
fn faults(octets: &[u8], config: &SpConfig) -> Vec<String> {
    let reading = read(octets, config, Schemes::HttpsOnly, SystemClock.now());
    let faults = reading.findings.iter().filter(|finding| finding.is_fault());
    faults.map(Finding::to_string).collect()
}

#[tokio::test]
async fn r04_r06_r94_every_hostile_document_is_refused_by_sp_add_with_nothing_written_and_every_harmless_one_taken()
 {
    let (genuine, cases) = shapes::of(Kind::EntityDescriptor);
    let malformed = [malformed::MALFORMED, malformed::MALFORMED_MARKUP].concat();
    // Of each kind of change one, as each takes a run of the program.
    let changed = changes(&genuine.xml, 1);
    assert!(changed.len() > 10, "{}", changed.len());
    let documents = { cases.iter() }
        .map(|case| (case.name.as_str(), case.octets.as_slice()))
        .chain(malformed.iter().map(|(xml, why)| (*why, xml.as_bytes())))
        .chain(
            changed
                .iter()
                .map(|change| (change.what, change.text.as_bytes())),
        )
        .chain([("the genuine", genuine.xml.as_bytes())]);
    let bridge = Bridge::new();
    let config = SpConfig {
        entity_id: None,
        ..bridge.zoom().config.clone()
    };
    let house = house();
    let before = house.files();
    let words = [
        "add",
        "new",
        "--preset",
        "generic",
        "--metadata",
        "-",
        "--yes",
    ];
    let [mut refused, mut taken] = [0, 0];
    for (name, octets) in documents {
        let told = house.sp(&words, octets).await;
        let faults = faults(octets, &config);
        if faults.is_empty() {
            assert_eq!(told.status, 0, "{name}: {told:?}");
            assert_eq!(
                std::fs::read(house.file("new.xml")).unwrap(),
                octets,
                "{name}"
            );
            assert!(house.text().contains("[sp.new]"), "{name}");
            std::fs::remove_file(house.file("new.xml")).unwrap();
            std::fs::write(&house.path, &before["passerelle.toml"]).unwrap();
            taken += 1;
        } else {
            assert_eq!(told.status, 1, "{name}: {told:?}");
            assert!(
                told.errors.contains("nothing was written"),
                "{name}: {told:?}"
            );
            for fault in faults {
                assert!(told.errors.contains(&fault), "{name}: {fault}: {told:?}");
            }
            refused += 1;
        }
        assert_eq!(house.files(), before, "{name}");
    }
    // Neither kind came to nothing.
    assert!(
        refused >= malformed.len() + 60 && taken > 1,
        "{refused} {taken}"
    );
}
