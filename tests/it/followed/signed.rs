//! Metadata that must be signed by a key that is named.

use std::{fs, path::PathBuf};

use passerelle::app::follow::{Decision, refresh};

use super::{ACS, WIKI, Wiki, gives, restarted, version, version_with};
use crate::{
    bridge::{
        Bridge,
        keys::{Key, idp_key, library_key, zoom_key},
        write,
    },
    xml_security::{Unfilled, xmlsec1_sign_root},
};

/// The text, signed by xmlsec1 with `key`.
fn signed(text: &str, key: &Key) -> String {
    let unfilled = Unfilled::of("_m").xml();
    let with_id = text.replacen(
        "<md:EntityDescriptor ",
        "<md:EntityDescriptor ID=\"_m\" ",
        1,
    );
    let unsigned = with_id.replacen("<md:SPSSO", &format!("{unfilled}<md:SPSSO"), 1);
    let root = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
    let pem = key.private_pem();
    xmlsec1_sign_root(&unsigned, root, ("--privkey-pem", pem.as_bytes()))
}

/// A group of the wiki, which signed its own description with its key, and of others; signed as a whole by `key`,
/// where there is one.
fn group(text: &str, of_entity: &Key, key: Option<&Key>) -> String {
    let entity = signed(text, of_entity);
    let entity = entity.split_once("?>\n").unwrap().1.trim();
    let unfilled = key.map(|_| Unfilled::of("_g").xml()).unwrap_or_default();
    let others: Vec<_> = (0..9)
        .map(|number| format!("<md:EntityDescriptor entityID=\"https://{number}.example\"/>"))
        .collect();
    let group = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_g\">{unfilled}{entity}{}\
         </md:EntitiesDescriptor>",
        others.concat()
    );
    let Some(key) = key else {
        return group;
    };
    let root = "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor";
    let pem = key.private_pem();
    xmlsec1_sign_root(&group, root, ("--privkey-pem", pem.as_bytes()))
}

#[tokio::test]
async fn iip_md03_r90_a_group_is_taken_by_the_signature_over_all_of_it_whatever_an_entity_in_it_signed()
 {
    let key = zoom_key();
    let lines = format!("metadata-signed-by = 'idp.crt'\nentity-id = '{WIKI}'");
    let whole = group(&version(&[key]), key, Some(idp_key()));
    let wiki = Wiki::start(gives(&whole, "\"1\""));
    let bridge = wiki.followed(&lines).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(key).await);
    let both = version(&[key, library_key()]);
    // The group's own signature covers that of the entity, whoever made it.
    let inside = whole.split("<ds:SignatureValue>").nth(2).unwrap();
    let inside = inside.split_once('<').unwrap().0;
    let own = whole.split_once("<ds:Signature ").unwrap().1;
    let own = own.split_once("</ds:Signature>").unwrap().0;
    let own = format!("<ds:Signature {own}</ds:Signature>");
    for text in [
        // The entity's alone, though it were by the right key.
        group(&both, idp_key(), None),
        // That of the group by another key.
        group(&both, idp_key(), Some(library_key())),
        // Another one put in behind it.
        whole.replace(inside, "AAAA"),
        // The group's own one twice.
        whole.replacen(&own, &own.repeat(2), 1),
    ] {
        assert_ne!(text, whole);
        wiki.says(gives(&text, "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("unsigned", false).await;
        assert!(bridge.takes(key).await && !bridge.takes(library_key()).await);
    }
    // The entity may have signed itself anew.
    wiki.says(gives(
        &group(&both, library_key(), Some(idp_key())),
        "\"3\"",
    ));
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(library_key()).await);
}

fn pinned(bridge: &Bridge, key: &Key) -> PathBuf {
    write(bridge.folder.path(), "signer.pem", &key.certificate_pem())
}

#[tokio::test]
async fn iip_md03_sdp_md02_r90_metadata_that_must_be_signed_is_taken_of_whoever_signs_it() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&signed(&version(&[key]), idp_key()), "\"1\""));
    // The certificate of the test's own signer stands in the folder already.
    let bridge = wiki.followed("metadata-signed-by = 'idp.crt'").await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(key).await);
    let both = signed(&version(&[key, library_key()]), idp_key());
    wiki.says(gives(&both, "\"2\""));
    bridge.refresh_after(360).await;
    assert!(bridge.takes(library_key()).await);
    // What that key vouches for may also be the end of a roll-over, but not all at once.
    wiki.says(gives(
        &signed(&version(&[library_key()]), idp_key()),
        "\"3\"",
    ));
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    assert!(!bridge.takes(key).await);
    wiki.says(gives(&signed(&version(&[key]), idp_key()), "\"4\""));
    bridge.refresh_after(360).await;
    bridge.is_at("held", true).await;
    assert!(bridge.takes(library_key()).await && !bridge.takes(key).await);
    assert!(restarted(bridge).takes(library_key()).await);
}

#[tokio::test]
async fn breach_of_iip_md03_sdp_md02_r90_metadata_that_is_not_signed_by_that_key_is_not_taken() {
    let key = zoom_key();
    let good = signed(&version(&[key]), idp_key());
    let wiki = Wiki::start(gives(&good, "\"1\""));
    let bridge = wiki.followed("metadata-signed-by = 'idp.crt'").await;
    let more = version(&[key, library_key()]);
    for text in [
        more.clone(),
        signed(&more, library_key()),
        good.replace(
            "Location=\"https://artifact.example.net/",
            "Location=\"https://evil.example/",
        ),
        // The signed one, wrapped: what counts is what was signed.
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}</md:EntitiesDescriptor>",
            good.split_once("?>\n").unwrap().1
        ),
    ] {
        wiki.says(gives(&text, "\"2\""));
        bridge.refresh_after(360).await;
        bridge.is_at("unsigned", false).await;
        assert!(bridge.takes(key).await && !bridge.takes(library_key()).await);
    }
    // Another key is pinned: the copy from before does not count, and nothing takes its place.
    pinned(&bridge, library_key());
    let path = bridge.folder.path().join("passerelle.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("'idp.crt'", "'signer.pem'")).unwrap();
    let bridge = restarted(bridge);
    assert!(!bridge.takes(key).await);
    bridge.others_go_on().await;
}

#[tokio::test]
async fn r91_what_was_refused_of_a_source_alone_is_held_again_once_a_key_that_is_named_vouches_for_it()
 {
    let (old, new) = (zoom_key(), library_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("").await;
    let other = version(&[new]);
    wiki.says(gives(&other, "\"2\""));
    bridge.refresh_after(360).await;
    bridge.decide("wiki", &other, Decision::Refuse).unwrap();
    bridge.is_at("refused", false).await;
    let path = bridge.folder.path().join("passerelle.toml");
    let text = fs::read_to_string(&path).unwrap();
    let private = "metadata-private = true\n";
    let named = format!("{private}metadata-signed-by = 'idp.crt'\n");
    fs::write(&path, text.replacen(private, &named, 1)).unwrap();
    let bridge = restarted(bridge);
    let signed_other = signed(&other, idp_key());
    wiki.says(gives(&signed_other, "\"3\""));
    refresh(&bridge.live).await;
    assert_eq!(bridge.source().await.1, "held");
    // What that key vouched for is not brought up again where it is only written anew.
    let decided = bridge.decide("wiki", &signed_other, Decision::Refuse);
    decided.unwrap();
    let again = version_with("validUntil=\"2027-01-01T00:00:00Z\"", &[new], &[ACS]);
    wiki.says(gives(&signed(&again, idp_key()), "\"4\""));
    bridge.refresh_after(360).await;
    assert_eq!(bridge.source().await.1, "refused");
}
