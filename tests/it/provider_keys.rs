//! Sign-ins by each key that a provider's metadata holds.

use crate::bridge::{
    Setup, ZOOM, ZOOM_ACS, ZOOM_SECOND_ACS,
    keys::{Key, intranet_key, library_key, strange_key, zoom_key},
    metadata,
};

const SIGNING: &str = "<md:KeyDescriptor use=\"signing\">";

fn descriptor(key_use: &str, content: &str) -> String {
    format!("<md:KeyDescriptor {key_use}><ds:KeyInfo>{content}</ds:KeyInfo></md:KeyDescriptor>")
}

fn x509(certificate: &str) -> String {
    format!("<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>")
}

/// Zoom with requests that must be signed, and these keys in its metadata.
fn zoom_with(descriptors: &[String]) -> Setup {
    let plain = metadata(ZOOM, "", zoom_key(), &[ZOOM_ACS, ZOOM_SECOND_ACS]);
    let (before, rest) = plain.split_once(SIGNING).unwrap();
    let (_, after) = rest.split_once("</md:KeyDescriptor>").unwrap();
    Setup {
        zoom_metadata: format!("{before}{}{after}", descriptors.concat()),
        ..Setup::zoom("require-signed-requests = true")
    }
}

/// Signs in by a request that `key` signed, by GET and by POST.
async fn signs_in(setup: &Setup, key: &Key) -> bool {
    let bridge = setup.clone().build();
    let mut taken = Vec::new();
    let mut browser = bridge.browser();
    let page = browser
        .arrive(&bridge.request().redirect_signed(key, None))
        .await;
    taken.push(page.kind() != "stop");
    if page.kind() == "stop" {
        page.stops(400, "request-signature");
    } else {
        browser.sign_in(&page, "anne.dupont").await.answer();
    }
    let mut browser = bridge.browser();
    let page = browser
        .arrive_by_post("/saml/sso", &bridge.request().post_signed(key, None))
        .await;
    taken.push(page.kind() != "stop");
    assert_eq!(taken[0], taken[1]);
    taken[0]
}

#[tokio::test]
async fn r92_each_of_three_keys_signs_in_and_no_other_does() {
    let keys = [zoom_key(), intranet_key(), library_key()];
    let setup =
        zoom_with(&keys.map(|key| descriptor("use=\"signing\"", &x509(&key.certificate_base64()))));
    for key in keys {
        assert!(signs_in(&setup, key).await);
    }
    assert!(!signs_in(&setup, strange_key()).await);
}

#[tokio::test]
async fn r92_a_key_without_a_use_signs_in_and_one_for_encryption_does_not() {
    let certificate = x509(&zoom_key().certificate_base64());
    assert!(signs_in(&zoom_with(&[descriptor("", &certificate)]), zoom_key()).await);
    let setup = zoom_with(&[
        descriptor("use=\"encryption\"", &certificate),
        descriptor(
            "use=\"signing\"",
            &x509(&library_key().certificate_base64()),
        ),
    ]);
    assert!(signs_in(&setup, library_key()).await);
    assert!(!signs_in(&setup, zoom_key()).await);
}

#[tokio::test]
async fn r92_a_key_signs_in_whatever_stands_beside_it() {
    let setup = zoom_with(&[
        descriptor("use=\"signing\"", "<ds:KeyName>of old</ds:KeyName>"),
        descriptor("use=\"signing\"", &x509("AAAA")),
        descriptor(
            "",
            &format!(
                "<ds:KeyName>now</ds:KeyName>{}{}",
                x509(&library_key().certificate_base64()),
                x509(&zoom_key().certificate_base64())
            ),
        ),
    ]);
    for key in [library_key(), zoom_key()] {
        assert!(signs_in(&setup, key).await);
    }
    assert!(!signs_in(&setup, strange_key()).await);
}

#[tokio::test]
async fn r92_a_key_signs_in_after_its_certificate_has_expired() {
    let mut setup = zoom_with(&[descriptor(
        "use=\"signing\"",
        &x509(&zoom_key().certificate_base64()),
    )]);
    for start in ["2036-01-02T00:00:00Z", "2025-12-31T00:00:00Z"] {
        setup.start = start.parse().unwrap();
        assert!(signs_in(&setup, zoom_key()).await, "{start}");
    }
}

#[tokio::test]
async fn r92_iip_md12_a_key_without_a_certificate_signs_in_and_is_encrypted_to() {
    let bare = descriptor("", &zoom_key().key_value());
    let setup = zoom_with(std::slice::from_ref(&bare));
    assert!(signs_in(&setup, zoom_key()).await);
    assert!(!signs_in(&setup, strange_key()).await);
    let mut setup = zoom_with(&[bare]);
    setup.zoom.push_str("\nencrypt = 'always'");
    let bridge = setup.build();
    let mut browser = bridge.browser();
    let request = bridge.request().redirect_signed(zoom_key(), None);
    let page = browser.arrive(&request).await;
    let answer = browser.sign_in(&page, "anne.dupont").await.answer();
    let counts = ["EncryptedAssertion", "Assertion"].map(|name| answer.count(name));
    assert_eq!(counts, [1, 0]);
}
