//! Signatures by other algorithms than RSA-SHA256, and the independent readers: whole sign-ins
//! through the real binary, which has an RSA key and one on P-256.

use futures_util::future::join_all;
use passerelle::model::name_id::NameIdFormat;
use tempfile::TempDir;

use crate::{
    independent_readers::{expected, our_metadata_with, to_the_answer},
    lab::{
        browser::BrowserSim,
        real_bridge::RealBridge,
        service_provider::{SpKind, SpSite, read_verdict},
    },
};

/// Whether a service provider verifies what is signed so, as it was found to.
fn reads(kind: SpKind, signature: &str) -> bool {
    match kind {
        SpKind::Python3Saml | SpKind::Pysaml2 => true,
        SpKind::Mellon => signature.starts_with("rsa-"),
        // xml-crypto knows neither ECDSA nor the digest SHA-384.
        SpKind::NodeSaml | SpKind::Samlify | SpKind::Saml2Js => signature == "rsa-sha512",
        // RSA-SHA256 and nothing else.
        SpKind::Samael => false,
    }
}

#[tokio::test]
async fn r07_foreign_service_providers_read_the_other_algorithms_as_far_as_they_know_them() {
    let lab = TempDir::new().unwrap();
    let sites = SpKind::ALL.map(|kind| SpSite::prepare(kind, lab.path()));
    let bridge = RealBridge::prepare(&sites);
    let keys = bridge.add_ec_key();
    let metadata = our_metadata_with(&bridge, lab.path(), &[keys]).await;
    let peers = join_all(sites.map(|site| site.start(&metadata))).await;
    let mut wrong = Vec::new();
    for signature in ["rsa-sha384", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384"] {
        let zoom = format!("[sp.zoom]\nsign = \"both\"\nsignature = \"{signature}\"");
        let replaced = [("[sp.zoom]", zoom.as_str()), keys];
        let _server = bridge.start_with(&replaced).await;
        for sp in &peers {
            let mut browser = BrowserSim::new();
            let page = to_the_answer(&mut browser, &sp.login()).await;
            let form = page.form();
            let verdict = read_verdict(&browser.submit(&page, &form).await);
            if let Ok(identity) = &verdict {
                expected(identity, sp.kind(), Some(NameIdFormat::EmailAddress));
            }
            if verdict.is_ok() != reads(sp.kind(), signature) {
                wrong.push((sp.kind(), signature, verdict.err()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
