//! Metadata that a federation's Metadata Query service gives, entity by entity (IIP-MD01).

use std::fs;

use passerelle::app::follow::refresh;

use super::{Says, WIKI, Wiki, gives, version};
use crate::{
    bridge::{Bridge, LIBRARY, Setup, keys::zoom_key},
    sp::House,
};

/// A server that asks the service at `wiki` for the entity of the wiki, and has done so once.
async fn querying(wiki: &Wiki) -> Bridge {
    let House { folder, path } = wiki.house(&format!("entity-id = '{WIKI}'"));
    let text = fs::read_to_string(&path).unwrap();
    let (own, service) = ("metadata-url = ", "/metadata'");
    assert!(text.contains(own) && text.contains(service), "{text}");
    let text = text
        .replace(own, "metadata-query = ")
        .replace(service, "/mdq/'");
    fs::write(&path, text).unwrap();
    let Setup { seed, start, .. } = Setup::new();
    let bridge = Bridge::load(folder, &path, seed, start);
    refresh(&bridge.live).await;
    bridge
}

#[tokio::test]
async fn iip_md01_r90_metadata_is_asked_for_by_the_name_of_the_entity_and_followed_like_any_other()
{
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let bridge = querying(&wiki).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(key).await);
    // As the protocol writes it: each sign of the name that has a meaning in an address is encoded.
    let path = "/mdq/entities/https%3A%2F%2Fwiki.example.net%2Fsp";
    assert_eq!(wiki.paths(), [path]);
    let accepted = wiki.accepted();
    assert!(
        accepted.starts_with("application/samlmetadata+xml,"),
        "{accepted}"
    );
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    assert_eq!(wiki.asked(), [None, Some("\"1\"".to_owned())]);
}

#[tokio::test]
async fn breach_of_iip_md01_r90_an_answer_that_is_not_of_that_entity_is_not_taken() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let bridge = querying(&wiki).await;
    for (says, state) in [
        (
            gives(&version(&[key]).replace(WIKI, LIBRARY), "\"2\""),
            "other-entity",
        ),
        (Says::Status(404), "status"),
    ] {
        wiki.says(says);
        bridge.refresh_after(24 * 60).await;
        bridge.is_at(state, false).await;
        assert!(bridge.takes(key).await, "{state}");
        bridge.others_go_on().await;
    }
}
