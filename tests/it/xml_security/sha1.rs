//! SHA-1, which one provider may sign with until a day.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::hash::MessageDigest;

use super::{RSA_SHA1, SHA1, SHA256, Unfilled, sign};
use crate::bridge::{
    Bridge, INTRANET, Setup, ZOOM,
    keys::{Key, intranet_key, zoom_key},
    log::Log,
    request::{AuthnRequest, RSA_SHA256, encode, post},
};

/// The request, signed in its XML by xmlsec1.
fn by_post(request: &AuthnRequest, method: &str, digest: &str, key: &Key) -> String {
    let unfilled = Unfilled {
        method,
        digest,
        ..Unfilled::of(request.id())
    };
    post(
        sign(&request.around(&unfilled.xml()), &key.private_pem()).as_bytes(),
        None,
    )
}

/// The request, its query signed with RSA and SHA-1 by OpenSSL.
fn by_redirect(request: &AuthnRequest, key: &Key) -> String {
    let unsigned = format!("{}&SigAlg={}", request.redirect(None), encode(RSA_SHA1));
    let (_, query) = unsigned.split_once('?').unwrap();
    let value = key.sign_with(MessageDigest::sha1(), query.as_bytes());
    format!("{unsigned}&Signature={}", encode(&STANDARD.encode(value)))
}

/// Brings a request of Zoom in each of the ways that use SHA-1, and signs in.
async fn is_taken(bridge: &Bridge) {
    for (method, digest) in [(RSA_SHA1, SHA1), (RSA_SHA1, SHA256), (RSA_SHA256, SHA1)] {
        let request = bridge.request();
        let mut browser = bridge.browser();
        let form = by_post(&request, method, digest, zoom_key());
        let login = browser.arrive_by_post("/saml/sso", &form).await;
        let answer = browser.sign_in(&login, "anne.dupont").await.answer();
        bridge.identity(&answer, ZOOM, request.id());
    }
    let request = bridge.request();
    let mut browser = bridge.browser();
    let login = browser.arrive(&by_redirect(&request, zoom_key())).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    bridge.identity(&answer, ZOOM, request.id());
}

/// Brings the same requests of `issuer`, and is stopped with `fault` in the log each time.
async fn is_refused(bridge: &Bridge, issuer: &str, key: &Key, fault: &str) {
    for (method, digest) in [(RSA_SHA1, SHA1), (RSA_SHA1, SHA256), (RSA_SHA256, SHA1)] {
        let log = Log::start();
        let form = by_post(&bridge.request_of(issuer), method, digest, key);
        let page = bridge.browser().arrive_by_post("/saml/sso", &form).await;
        page.stops(400, "request-signature");
        assert!(log.text().contains(fault), "{}", log.text());
    }
    let log = Log::start();
    let path = by_redirect(&bridge.request_of(issuer), key);
    let page = bridge.browser().arrive(&path).await;
    page.stops(400, "request-signature");
    assert!(log.text().contains(fault), "{}", log.text());
}

const NEVER: &str = "an algorithm that is not allowed";
const OVER: &str = "SHA-1 was taken of this provider until a day that is over";

#[tokio::test]
async fn r07_sha1_is_taken_of_one_provider_until_the_end_of_the_last_day_and_then_refused() {
    let bridge = Setup::zoom("sha1-until = 2026-11-27").build();
    is_taken(&bridge).await;
    is_refused(&bridge, INTRANET, intranet_key(), NEVER).await;
    // A weak digest makes no other key one of theirs.
    let form = by_post(&bridge.request(), RSA_SHA1, SHA1, intranet_key());
    let page = bridge.browser().arrive_by_post("/saml/sso", &form).await;
    page.stops(400, "request-signature");
    // 2026-11-26T08:00:00Z when it was built: the last second of the day that is named.
    bridge.wait_seconds((40 * 60 * 60) - 1);
    assert_eq!(bridge.now().to_string(), "2026-11-27T23:59:59Z");
    is_taken(&bridge).await;
    bridge.wait_seconds(1);
    is_refused(&bridge, ZOOM, zoom_key(), OVER).await;
    is_refused(&bridge, INTRANET, intranet_key(), NEVER).await;
    // What is signed with SHA-256 never minded.
    let request = bridge.request();
    let form = by_post(&request, RSA_SHA256, SHA256, zoom_key());
    let login = bridge.browser().arrive_by_post("/saml/sso", &form).await;
    assert_eq!(login.kind(), "login");
    bridge.still_works().await;
}

#[tokio::test]
async fn r07_breach_of_iip_md09_without_the_switch_sha1_is_never_taken() {
    let bridge = Bridge::new();
    is_refused(&bridge, ZOOM, zoom_key(), NEVER).await;
    bridge.still_works().await;
}
