//! What becomes of a journey when the provider changes under it.

use crate::bridge::{
    Bridge, CLOSED, PASSWORD, Setup, ZOOM_ACS, ZOOM_SECOND_ACS, keys::zoom_key, metadata,
    zoom_metadata,
};

/// Begins a journey at one server, and sends the form to another one with the same keys.
async fn finished_at(other: &Bridge, acs: &str) -> crate::bridge::page::Page {
    let one = Bridge::new();
    let mut browser = one.browser();
    let request = one.request().with("AssertionConsumerServiceURL", acs);
    let login = browser.arrive(&request.redirect(None)).await;
    let form = login.filled("anne.dupont", PASSWORD);
    let mut there = other.browser();
    there.jar = browser.jar.clone();
    let shown = there.open(login.url.path()).await;
    let page = there.submit(&login, &form).await;
    assert_eq!(shown.reason(), page.reason(), "both doors are shut or open");
    assert_eq!(page.cookies_set().is_empty(), page.kind() == "stop");
    page
}

#[tokio::test]
async fn r38_a_provider_that_is_switched_off_meanwhile_gets_nothing() {
    let same = Setup {
        seed: 2,
        ..Setup::new()
    }
    .build();
    assert_eq!(finished_at(&same, ZOOM_ACS).await.answer().to, ZOOM_ACS);
    let off = Setup {
        seed: 2,
        ..Setup::zoom("enabled = false")
    }
    .build();
    let page = finished_at(&off, ZOOM_ACS).await;
    page.stops(403, "provider-disabled");
    // Its own sign-in would only lead back here.
    assert_eq!(page.link("way-out"), None);
    assert_eq!(page.link("home").as_deref(), Some("/"));
}

#[tokio::test]
async fn r38_the_page_of_a_provider_that_is_switched_off_says_so_in_both_languages_and_whom_to_ask()
{
    let bridge = Bridge::new();
    for (language, title, sentence, whom) in [
        (
            "fr",
            "Service non ouvert ici",
            "n’est plus, ouverte ici",
            "Écrivez à l",
        ),
        (
            "en",
            "Service not open here",
            "or no longer, open here",
            "Write to the help desk",
        ),
    ] {
        let mut browser = bridge.browser();
        browser.language = language;
        let request = || bridge.request_of(CLOSED);
        let pages = [
            browser.arrive(&request().redirect(None)).await,
            browser
                .arrive(&request().with("IsPassive", "true").redirect(None))
                .await,
            browser
                .arrive_by_post("/saml/sso", &request().post_signed(zoom_key(), None))
                .await,
        ];
        for page in pages {
            page.stops(403, "provider-disabled");
            for text in [title, sentence, whom] {
                assert!(page.body.contains(text), "{text}: {}", page.body);
            }
            let help = crate::lab::form::link(&page.body, "class", "more");
            assert_eq!(help.as_deref(), Some("https://help.example.org"));
            assert!(!page.support_code().is_empty());
        }
        // Nor does our own page lead there.
        assert!(!browser.open("/").await.body.contains("closed.example.net"));
    }
}

#[tokio::test]
async fn r38_an_address_that_is_withdrawn_meanwhile_gets_nothing() {
    let withdrawn = Setup {
        seed: 2,
        zoom_metadata: metadata(crate::bridge::ZOOM, "", zoom_key(), &[ZOOM_ACS]),
        ..Setup::new()
    }
    .build();
    let page = finished_at(&withdrawn, ZOOM_SECOND_ACS).await;
    page.stops(400, "acs-unknown");
    // It does not fall back on the default, and the default itself still works.
    assert_eq!(
        finished_at(&withdrawn, ZOOM_ACS).await.answer().to,
        ZOOM_ACS
    );
}

#[tokio::test]
async fn r38_a_provider_that_goes_by_another_name_meanwhile_gets_nothing() {
    let renamed = Setup {
        seed: 2,
        zoom_metadata: metadata("https://other.example.net/", "", zoom_key(), &[ZOOM_ACS]),
        ..Setup::new()
    }
    .build();
    let page = finished_at(&renamed, ZOOM_ACS).await;
    page.stops(400, "acs-unknown");
}

#[tokio::test]
async fn r38_a_provider_whose_metadata_ends_meanwhile_gets_nothing() {
    let bridge = Setup {
        zoom_metadata: zoom_metadata("validUntil=\"2026-11-26T08:30:00Z\""),
        ..Setup::new()
    }
    .build();
    let mut browser = bridge.browser();
    let first = browser.arrive(&bridge.request().redirect(None)).await;
    let second = browser.arrive(&bridge.request().redirect(None)).await;
    bridge.wait(29);
    browser.sign_in(&first, "anne.dupont").await.answer();
    let waiting = bridge.request();
    bridge.wait(1);
    browser
        .open(second.url.path())
        .await
        .stops(403, "provider-ended");
    let page = browser.sign_in(&second, "anne.dupont").await;
    page.stops(403, "provider-ended");
    // A session helps nobody to a provider that is gone, nor does a request without a page.
    for request in [
        waiting.clone(),
        bridge.request(),
        bridge.request().with("IsPassive", "true"),
    ] {
        for path in [
            request.redirect(None),
            request.redirect_signed(zoom_key(), None),
        ] {
            browser.arrive(&path).await.stops(403, "provider-ended");
        }
        let page = browser
            .arrive_by_post("/saml/sso", &request.post_signed(zoom_key(), None))
            .await;
        page.stops(403, "provider-ended");
    }
}
