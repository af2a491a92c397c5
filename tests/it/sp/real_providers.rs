//! The metadata that real service providers write, through `sp add`.

use std::fs;

use tempfile::TempDir;

use super::House;
use crate::lab::{
    keys::KeyPair,
    metadata,
    service_provider::{SpKind, SpSite},
};

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
    assert!(
        told.errors
            .contains("hint: passerelle sp add NAME --replace"),
        "{told:?}"
    );
}
