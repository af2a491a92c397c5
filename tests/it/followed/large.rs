//! A federation's aggregate, larger than metadata is as a rule: taken where the administrator asks for it.

use std::{fmt::Write as _, fs};

use super::{WIKI, Wiki, gives, restarted, version};
use crate::{
    bridge::{
        Bridge,
        keys::{Key, idp_key, intranet_key, library_key, zoom_key},
    },
    xml_security::{Unfilled, xmlsec1_sign_root},
};

/// So many providers, each of whom says about two thousand bytes of itself, that all of it is some five megabytes.
const ENTITIES: usize = 2_600;

/// An aggregate of the wiki with these keys, and of thousands of other providers, signed by xmlsec1.
fn aggregate(keys: &[&Key]) -> String {
    let wiki = version(keys);
    let other = version(&[library_key()]);
    let mut text = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_g\">{}",
        Unfilled::of("_g").xml()
    );
    for number in 0..ENTITIES {
        if number == ENTITIES / 2 {
            text.push_str(&wiki);
        }
        let name = format!("https://{number}.example/sp");
        write!(text, "{}", other.replace(WIKI, &name)).unwrap();
    }
    text.push_str("</md:EntitiesDescriptor>");
    let root = "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor";
    let pem = idp_key().private_pem();
    xmlsec1_sign_root(&text, root, ("--privkey-pem", pem.as_bytes()))
}

fn lines(mib: &str) -> String {
    format!("metadata-signed-by = 'idp.crt'\nentity-id = '{WIKI}'\n{mib}")
}

async fn is_never_taken(bridge: &Bridge, state: &str) {
    bridge.is_at(state, false).await;
    assert!(!bridge.takes(zoom_key()).await);
    bridge.others_go_on().await;
}

#[tokio::test]
async fn iip_md02_iip_md06_a_federation_of_thousands_of_entities_is_taken_where_the_administrator_asks_for_that()
 {
    let (old, new) = (zoom_key(), intranet_key());
    let whole = aggregate(&[old]);
    let (usual, allowed) = (4 * 1024 * 1024, 8 * 1024 * 1024);
    assert!((usual..allowed).contains(&whole.len()), "{}", whole.len());
    let wiki = Wiki::start(gives(&whole, "\"1\""));
    let bridge = wiki.followed(&lines("metadata-max-mib = 8")).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(old).await);
    // Another version of it takes over, and its copy counts at the next start, of which nobody asks for it.
    wiki.says(gives(&aggregate(&[old, new]), "\"2\""));
    bridge.refresh_after(360).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(new).await);
    assert!(restarted(bridge).takes(new).await);
}

#[tokio::test]
async fn breach_of_iip_md02_what_is_larger_than_the_administrator_allows_is_never_taken() {
    let whole = aggregate(&[zoom_key()]);
    let wiki = Wiki::start(gives(&whole, "\"1\""));
    for mib in ["", "metadata-max-mib = 4"] {
        is_never_taken(&wiki.followed(&lines(mib)).await, "too-long").await;
    }
    // Nor is one with more elements than a file of that size has.
    let many = version(&[zoom_key()]).replace(
        "</md:SPSSODescriptor>",
        &format!(
            "</md:SPSSODescriptor><md:Extensions>{}</md:Extensions>",
            "<a/>".repeat(100_000)
        ),
    );
    wiki.says(gives(&many, "\"2\""));
    let more = "metadata-max-mib = 5";
    is_never_taken(&wiki.followed(more).await, "unusable").await;
    // A copy that was taken under a larger bound counts no more under a smaller one.
    wiki.says(gives(&whole, "\"1\""));
    let bridge = wiki.followed(&lines("metadata-max-mib = 8")).await;
    assert!(bridge.takes(zoom_key()).await);
    let path = bridge.folder.path().join("passerelle.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("max-mib = 8", "max-mib = 4")).unwrap();
    let bridge = restarted(bridge);
    assert!(!bridge.takes(zoom_key()).await);
    bridge.others_go_on().await;
}
