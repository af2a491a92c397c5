//! What becomes of people where the metadata of one provider, or of all, is broken.

use std::{fs, path::Path, sync::Arc};

use passerelle::{
    app::build::{self, Built},
    config::environment::Environment,
    sys::{clock::ManualClock, entropy::SeededEntropy},
};

use crate::{
    bridge::{
        Bridge, INTRANET, LIBRARY, Setup, ZOOM_ACS, ZOOM_ALIAS, ZOOM_SIGN_IN, keys::zoom_key,
        metadata, zoom_metadata,
    },
    sp::House,
};

/// Metadata that is sound but for the address where answers would go.
fn broken_zoom() -> String {
    zoom_metadata("").replace(ZOOM_ACS, "http://univ-montp3-fr.zoom.us/saml/SSO")
}

fn with_metadata(zoom_metadata: String) -> Setup {
    Setup {
        zoom_metadata,
        ..Setup::new()
    }
}

/// What a server would say and keep that starts from the configuration at `path`.
fn start(path: &Path) -> Built {
    let setup = Setup::new();
    let clock = Arc::new(ManualClock::starting_at(setup.start));
    let entropy = Arc::new(SeededEntropy::new(setup.seed));
    build::load(path, &Environment::default(), clock, entropy)
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
}

async fn ready(bridge: &Bridge) -> (u16, serde_json::Value) {
    let page = bridge.browser().open("/readyz").await;
    (page.status, serde_json::from_str(&page.body).unwrap())
}

#[tokio::test]
async fn a_broken_provider_is_told_so_by_each_of_its_names_and_the_others_go_on() {
    let bridge = with_metadata(broken_zoom()).build();
    let mut browser = bridge.browser();
    // By the name that the broken file gives, and by the one of the configuration.
    for request in [bridge.request(), bridge.request_of(ZOOM_ALIAS)] {
        for path in [
            request.redirect(None),
            request.redirect_signed(zoom_key(), None),
        ] {
            let page = browser.arrive(&path).await;
            page.stops(503, "provider-broken");
            assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
        }
    }
    let request = bridge.request_of(LIBRARY);
    let page = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&page, "anne.dupont").await.answer();
    let (status, said) = ready(&bridge).await;
    assert_eq!((status, &said["ready"]), (200, &true.into()));
    assert_eq!(said["metadata"]["zoom"], "broken");
    assert_eq!(said["metadata"]["library"], "good");
    let line = "passerelle_service_provider_state{sp=\"zoom\",state=\"broken\"} 1";
    assert!(bridge.metrics().await.contains(line));
}

#[tokio::test]
async fn r38_the_start_page_leads_to_no_provider_that_is_not_answered() {
    let links = async |bridge: &Bridge| {
        let body = bridge.browser().open("/").await.body;
        assert!(
            body.contains("intranet") && !body.contains("closed"),
            "{body}"
        );
        let link = crate::lab::form::link(&body, "class", "button");
        link.as_deref() == Some(ZOOM_SIGN_IN)
    };
    let ends = with_metadata(zoom_metadata("validUntil=\"2026-11-26T08:30:00Z\"")).build();
    assert!(links(&ends).await);
    ends.wait(30);
    assert!(!links(&ends).await);
    assert!(!links(&with_metadata(broken_zoom()).build()).await);
}

#[tokio::test]
async fn r38_a_journey_to_a_provider_that_broke_meanwhile_ends_on_our_page() {
    let one = Bridge::new();
    let mut browser = one.browser();
    let login = browser.arrive(&one.request().redirect(None)).await;
    let other = Setup {
        seed: 2,
        ..with_metadata("<nothing".to_owned())
    }
    .build();
    let mut there = other.browser();
    there.jar = browser.jar.clone();
    let page = there.open(login.url.path()).await;
    page.stops(503, "provider-broken");
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    let page = there.sign_in(&login, "anne.dupont").await;
    page.stops(503, "provider-broken");
}

#[tokio::test]
async fn a_broken_file_gives_way_to_the_last_good_one_over_a_restart() {
    let mut setup = Setup::new();
    setup.server.push_str("\nstate-folder = 'state'");
    let (folder, path) = setup.write();
    fs::create_dir(folder.path().join("state")).unwrap();
    let built = start(&path);
    assert!(built.faults_of_providers.is_empty());
    assert!(built.to_keep.keep().is_empty());
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    // Nothing of a provider that is gone stays there unsaid.
    fs::write(folder.path().join("state/metadata/gone.xml"), "x").unwrap();
    let [told] = &start(&path).warnings[..] else {
        panic!("one warning")
    };
    assert_eq!(told.key, "server.state-folder");
    assert!(told.file.ends_with("state/metadata/gone.xml") && told.hint.is_some());
    fs::write(folder.path().join("zoom.xml"), broken_zoom()).unwrap();
    let told = start(&path).faults_of_providers;
    assert!(told.iter().all(|fault| fault.key == "sp.zoom") && !told.is_empty());
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    bridge.still_works().await;
    let (status, said) = ready(&bridge).await;
    assert_eq!(
        (status, &said["metadata"]["zoom"]),
        (200, &"last-good".into())
    );
}

#[tokio::test]
async fn where_every_provider_is_broken_there_are_pages_and_the_server_is_not_ready() {
    let setup = Setup::new();
    let (folder, path) = setup.write();
    for file in ["zoom.xml", "intranet.xml", "library.xml"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    fs::remove_file(folder.path().join("closed.xml")).unwrap();
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    let (status, said) = ready(&bridge).await;
    assert_eq!((status, &said["ready"]), (503, &false.into()));
    let mut browser = bridge.browser();
    assert_eq!(browser.open("/").await.status, 200);
    assert_eq!(browser.open("/healthz").await.status, 200);
    // Nobody knows any more who goes by this name.
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    page.stops(400, "provider-unknown");
}

#[tokio::test]
async fn r38_a_provider_that_is_retired_asks_for_nothing_more_when_its_file_is_gone_and_stays_shut()
{
    let setup = Setup {
        zoom: "entity-id = 'univ-montp3-fr.zoom.us'".to_owned(),
        ..Setup::new()
    };
    let house = House::of(&setup);
    house.sp(&["retire", "zoom", "--yes"], "").await.is_good();
    for broken in [None, Some("<broken")] {
        let file = house.file("zoom.xml");
        fs::remove_file(&file).unwrap();
        if let Some(broken) = broken {
            fs::write(&file, broken).unwrap();
        }
        for words in [&["check"][..], &["status"]] {
            let told = house.passerelle(words).await;
            told.is_good();
            assert!(!told.out.contains("sp.zoom: broken"), "{told:?}");
        }
        let told = house.passerelle(&["check"]).await;
        assert!(told.errors.contains("zoom.xml"), "{told:?}");
        let list = house.json(&["list"], "").await;
        let zoom = list["providers"].as_array().unwrap().iter();
        let mut zoom = zoom.filter(|it| it["name"] == "zoom");
        assert_eq!(zoom.next().unwrap()["state"], "disabled", "{list}");
        fs::write(&file, "").unwrap();
    }
    // The only one that is switched on is what a server is ready by.
    let (folder, path) = (house.folder, house.path);
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    let (status, said) = ready(&bridge).await;
    assert_eq!((status, &said["ready"]), (200, &true.into()));
    assert_eq!(said["metadata"]["zoom"], "disabled");
    let mut browser = bridge.browser();
    for request in [bridge.request(), bridge.request_of(ZOOM_ALIAS)] {
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(403, "provider-disabled");
    }
    let line = "passerelle_service_provider_state{sp=\"zoom\",state=\"disabled\"} 1";
    assert!(bridge.metrics().await.contains(line));
}

#[tokio::test]
async fn a_server_is_not_ready_where_all_that_are_switched_on_are_broken() {
    let (folder, path) = Setup::zoom("enabled = false").write();
    for file in ["intranet.xml", "library.xml"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    let setup = Setup::new();
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    let (status, said) = ready(&bridge).await;
    assert_eq!((status, &said["ready"]), (503, &false.into()));
}

#[tokio::test]
async fn r32_of_two_providers_of_one_name_the_later_one_is_broken_and_its_key_counts_for_nothing() {
    let setup = Setup {
        // It comes after `intranet`, whose name its metadata takes.
        zoom_metadata: metadata(INTRANET, "", zoom_key(), &[ZOOM_ACS]),
        ..Setup::new()
    };
    let bridge = setup.build();
    let mut browser = bridge.browser();
    let request = bridge.request_of(INTRANET);
    let page = browser
        .arrive(&request.redirect_signed(zoom_key(), None))
        .await;
    page.stops(400, "request-signature");
    let to_zoom = request.with("AssertionConsumerServiceURL", ZOOM_ACS);
    let signed = to_zoom.redirect_signed(crate::bridge::keys::intranet_key(), None);
    browser.arrive(&signed).await.stops(400, "acs-unknown");
    let (_, said) = ready(&bridge).await;
    assert_eq!(said["metadata"]["zoom"], "broken");
    assert_eq!(said["metadata"]["intranet"], "good");
}
