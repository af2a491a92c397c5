//! What a source gives is taken or not, and when it is asked: everything else goes on.

use std::sync::Arc;

use axum::Router;
use passerelle::{
    app::follow::{Decision, refresh},
    control::Answers,
};

use super::{ACS, SECRET, Says, WIKI, Wiki, gives, restarted, version, version_with};
use crate::{
    bridge::{
        LIBRARY,
        keys::{intranet_key, zoom_key},
    },
    lab::until::until,
};

#[tokio::test]
async fn iip_md02_r90_sdp_md01_what_changes_is_taken_over_by_itself_and_old_keys_go_once_new_ones_were_accepted()
 {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.started("");
    // Nothing was fetched yet: this provider alone is out, with a page that says so.
    assert!(!bridge.takes(old).await);
    bridge.others_go_on().await;
    bridge.is_at("waiting", false).await;
    refresh(&bridge.live).await;
    assert!(bridge.takes(old).await);
    bridge.is_at("good", false).await;
    // Nobody asks before the time has come.
    bridge.refresh_after(60).await;
    assert_eq!(wiki.asked(), [None]);
    let both = version(&[old, new]);
    wiki.says(gives(&both, "\"2\""));
    bridge.refresh_after(300).await;
    bridge.is_at("held", true).await;
    assert!(bridge.takes(old).await && !bridge.takes(new).await);
    bridge.decide("wiki", &both, Decision::Accept).unwrap();
    assert!(bridge.takes(old).await && bridge.takes(new).await);
    wiki.says(gives(&version(&[new]), "\"3\""));
    bridge.refresh_after(360).await;
    assert!(!bridge.takes(old).await && bridge.takes(new).await);
    bridge.is_at("good", false).await;
    // The same once more costs no body, and its age counts from then.
    bridge.refresh_after(360).await;
    let one = |etag: &str| Some(etag.to_owned());
    assert_eq!(
        wiki.asked(),
        [None, one("\"1\""), one("\"2\""), one("\"3\"")]
    );
    assert!(bridge.takes(new).await);
}

#[tokio::test]
async fn r38_r90_who_is_on_the_way_goes_on_while_another_version_takes_over() {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version(&[old]), "\"1\""));
    let bridge = wiki.followed("metadata-refresh-minutes = 10").await;
    let mut browser = bridge.live_browser();
    let request = bridge.request_of(WIKI).redirect_signed(old, None);
    let login = browser.arrive(&request).await;
    let both = version(&[new, old]);
    wiki.says(gives(&both, "\"2\""));
    bridge.refresh_after(10).await;
    bridge.decide("wiki", &both, Decision::Accept).unwrap();
    assert!(bridge.takes(new).await);
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    assert_eq!(answer.to, ACS);
    // The configuration is the one of before, and so is everything else.
    let request = bridge.request_of(WIKI).redirect_signed(new, None);
    browser.arrive(&request).await.answer();
}

#[tokio::test]
async fn breach_of_iip_md02_sdp_md01_r90_r93_what_cannot_be_taken_changes_nothing_and_is_told() {
    let key = zoom_key();
    let good = version(&[key]);
    let wiki = Wiki::start(gives(&good, "\"1\""));
    let bridge = wiki.followed("").await;
    let ended = version_with("validUntil=\"2026-11-26T07:00:00Z\"", &[key], &[ACS]);
    let truncated = good.replace("</md:EntityDescriptor>", "");
    let too_long = format!("{good}{}", " ".repeat(4 * 1024 * 1024));
    let as_library = good.replace(WIKI, LIBRARY);
    for (says, state) in [
        (gives(&truncated, "\"a\""), "unusable"),
        (gives("", "\"b\""), "unusable"),
        (gives("<!DOCTYPE html><p>xyzzy</p>", "\"c\""), "unusable"),
        (gives(&ended, "\"d\""), "expired"),
        (gives(&too_long, "\"e\""), "too-long"),
        (Says::Status(500), "status"),
        (Says::Status(404), "status"),
        // To a condition that nobody made.
        (Says::Status(304), "status"),
        (Says::To("https://evil.example/metadata"), "redirected"),
        (Says::To("https://10.0.0.1/metadata"), "redirected"),
        (Says::To("http://169.254.169.254/latest"), "redirected"),
        (Says::To("http://localhost/"), "redirected"),
        (Says::To("https://["), "redirected"),
        // Of another provider's name: held, and not to be had even so.
        (gives(&as_library, "\"f\""), "held"),
    ] {
        wiki.says(says);
        // Long enough for whatever pause there is after failures.
        bridge.refresh_after(24 * 60).await;
        let is_held = state == "held";
        bridge.is_at(state, is_held).await;
        assert!(bridge.takes(key).await, "{state}");
        bridge.others_go_on().await;
    }
    let fault = bridge.decide("wiki", &as_library, Decision::Accept);
    assert!(fault.unwrap_err().to_string().contains("unfit"));
    bridge.others_go_on().await;
    let told = Router::new().fallback_service(bridge.live.metrics());
    let told = read(told, "/metrics").await;
    for line in [
        "passerelle_metadata_source_state{sp=\"wiki\",state=\"held\"} 1",
        "passerelle_metadata_source_held{sp=\"wiki\"} 1",
        "passerelle_metadata_source_answers_total{sp=\"wiki\",state=\"unusable\"} 3",
        "passerelle_metadata_source_answers_total{sp=\"wiki\",state=\"redirected\"} 5",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains(SECRET) && !told.contains("evil.example"));
    // It comes back.
    wiki.says(gives(&good, "\"1\""));
    bridge.refresh_after(24 * 60).await;
    bridge.is_at("good", false).await;
}

async fn read(router: Router, path: &str) -> String {
    use tower::ServiceExt as _;
    let request = axum::http::Request::get(path).body(axum::body::Body::empty());
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1024 * 1024).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn r93_a_source_that_hangs_keeps_neither_sign_ins_nor_another_source_waiting() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let bridge = Arc::new(wiki.followed("").await);
    wiki.says(Says::Nothing);
    bridge.wait(360);
    let asking = Arc::clone(&bridge);
    let asked = tokio::spawn(async move { refresh(&asking.live).await });
    until("the second question", async || wiki.asked().len() == 2).await;
    assert!(bridge.takes(key).await && !asked.is_finished());
    bridge.others_go_on().await;
    asked.await.unwrap();
    bridge.is_at("timeout", false).await;
    assert!(bridge.takes(key).await);
}

#[tokio::test]
async fn r90_at_a_start_without_an_answer_the_last_good_copy_counts_until_it_is_too_old() {
    let key = zoom_key();
    let wiki = Wiki::start(gives(&version(&[key]), "\"1\""));
    let bridge = wiki.followed("metadata-max-age-days = 2").await;
    // Asked again, it counts from then.
    bridge.refresh_after(24 * 60).await;
    let folder = bridge.folder.path().to_owned();
    // Nobody is there any more.
    Wiki::setup(1, "metadata-max-age-days = 2").write_to(&folder);
    let bridge = restarted(bridge);
    bridge.refresh_after(1).await;
    bridge.is_at("unreachable", false).await;
    assert!(bridge.takes(key).await);
    bridge.refresh_after(47 * 60).await;
    assert!(bridge.takes(key).await);
    bridge.refresh_after(60).await;
    let page = { bridge.live_browser() }
        .arrive(&bridge.request_of(WIKI).redirect_signed(key, None))
        .await;
    page.stops(403, "provider-ended");
    bridge.others_go_on().await;
    // It comes back under its own address, and with it the provider.
    Wiki::setup(wiki.port, "metadata-max-age-days = 2").write_to(&folder);
    bridge.live.reload("a test").unwrap();
    refresh(&bridge.live).await;
    bridge.is_at("good", false).await;
    assert!(bridge.takes(key).await);
}

#[tokio::test]
async fn r90_the_end_of_what_is_fetched_is_to_be_seen_to_once_half_of_its_age_went_by_unanswered() {
    let wiki = Wiki::start(gives(
        &version_with("validUntil=\"9999-01-01T00:00:00Z\"", &[zoom_key()], &[ACS]),
        "\"1\"",
    ));
    let bridge = wiki.followed("").await;
    let ends = || {
        let duties = Answers::status(&*bridge.live).duties;
        let mut of_wiki = duties.iter().filter(|duty| duty.whom == "sp.wiki");
        of_wiki.any(|duty| duty.what.contains("its metadata ends"))
    };
    assert!(!ends());
    bridge.wait(16 * 24 * 60);
    assert!(ends());
    bridge.refresh_after(0).await;
    assert!(!ends());
}

#[tokio::test]
async fn iip_md02_r90_a_source_is_asked_again_as_often_as_its_metadata_or_the_administrator_says() {
    let key = zoom_key();
    for (attributes, lines, not_yet, then) in [
        ("cacheDuration=\"PT1H\"", "", 53, 8),
        ("cacheDuration=\"PT0S\"", "", 4, 2),
        ("cacheDuration=\"P1Y\"", "", 21 * 60, 4 * 60),
        ("", "", 5 * 60, 61),
        (
            "cacheDuration=\"PT1H\"",
            "metadata-refresh-minutes = 10",
            8,
            3,
        ),
        ("validUntil=\"2026-11-26T10:00:00Z\"", "", 53, 8),
    ] {
        let text = version_with(attributes, &[key], &[ACS]);
        let wiki = Wiki::start(gives(&text, "\"1\""));
        let bridge = wiki.followed(lines).await;
        bridge.refresh_after(not_yet).await;
        assert_eq!(wiki.asked().len(), 1, "{attributes} {lines}");
        bridge.refresh_after(then).await;
        assert_eq!(wiki.asked().len(), 2, "{attributes} {lines}");
        bridge.is_at("good", false).await;
    }
    // One that fails is asked again soon, and then less and less often.
    let wiki = Wiki::start(Says::Status(500));
    let bridge = wiki.followed("").await;
    for minutes in [1, 2, 4, 8, 16] {
        let before = wiki.asked().len();
        bridge.refresh_after(minutes).await;
        assert_eq!(wiki.asked().len(), before + 1, "{minutes}");
        refresh(&bridge.live).await;
        assert_eq!(wiki.asked().len(), before + 1, "{minutes}");
    }
}
