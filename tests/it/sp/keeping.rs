//! `sp check`, `diff`, `list`, `show` and `retire`.

use std::fs;

use serde_json::json;

use super::House;
use crate::bridge::{
    Bridge, CLOSED, INTRANET, LIBRARY, LIBRARY_ACS, Setup, ZOOM, ZOOM_ACS, ZOOM_SECOND_ACS,
    keys::{intranet_key, library_key},
    metadata, zoom_metadata,
};

#[tokio::test]
async fn each_provider_is_checked_with_a_hint_for_each_finding_and_a_fault_ends_in_1() {
    let house = House::new();
    let told = house.sp(&["check"], "").await;
    told.is_good();
    for name in [ZOOM, INTRANET, LIBRARY, CLOSED] {
        assert!(told.out.contains(name), "{name}: {told:?}");
    }
    let found = house.json(&["check", "intranet"], "").await;
    let [intranet] = &found["providers"].as_array().unwrap()[..] else {
        panic!("{found}");
    };
    assert_eq!(
        (&intranet["name"], &intranet["entity_id"]),
        (&json!("intranet"), &json!(INTRANET))
    );
    let findings = intranet["findings"].as_array().unwrap();
    let whats: Vec<_> = findings
        .iter()
        .map(|it| it["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        whats,
        [
            "it promises that its requests are signed: unsigned ones are refused",
            "it holds no certificate for encryption: its assertions go in clear through the browser",
            "it names no address for logout (SingleLogoutService)",
        ]
    );
    for finding in findings {
        assert_eq!(finding["weight"], "note");
        assert!(finding["hint"].as_str().unwrap().len() > 10, "{finding}");
    }
    fs::write(house.file("library.xml"), "<broken").unwrap();
    house
        .sp(&["check", "library"], "")
        .await
        .fails("1 fault(s)");
    house.sp(&["check"], "").await.fails("1 fault(s)");
    house.sp(&["check", "zoom"], "").await.is_good();
    house
        .sp(&["check", "nobody"], "")
        .await
        .fails("there are: closed, intranet, library, zoom");
}

#[tokio::test]
async fn metadata_is_checked_before_it_is_added_as_it_would_be_added() {
    let house = House::new();
    let before = house.files();
    let new = metadata(
        "https://wiki.example.net/sp",
        "",
        library_key(),
        &[LIBRARY_ACS],
    );
    let words = ["check", "--metadata", "-"];
    house.sp(&words, new.as_str()).await.is_good();
    let found = house.json(&words, new.as_str()).await;
    assert_eq!(found["providers"][0]["name"], json!(null));
    assert_eq!(
        found["providers"][0]["entity_id"],
        "https://wiki.example.net/sp"
    );
    let bad = new.replace(LIBRARY_ACS, "javascript:alert(1)");
    let told = house.sp(&words, bad).await;
    told.fails("1 fault(s)");
    assert!(
        told.out
            .contains("hint: ask the provider for an https address"),
        "{told:?}"
    );
    // As another version of one that is there, by what is written of it.
    let words = ["check", "zoom", "--metadata", "-"];
    let none = zoom_metadata("").replace("use=\"signing\"", "use=\"neither\"");
    house.sp(&words, none).await.fails("1 fault(s)");
    assert_eq!(house.files(), before);
}

#[tokio::test]
async fn a_file_that_is_gone_keeps_no_other_provider_from_being_looked_at() {
    let house = House::new();
    fs::remove_file(house.file("library.xml")).unwrap();
    let told = house.sp(&["check"], "").await;
    told.fails("1 fault(s)");
    for name in ["library:\nerror: ", "intranet (", "zoom ("] {
        assert!(told.out.contains(name), "{name}: {told:?}");
    }
}

#[tokio::test]
async fn r91_a_diff_says_what_is_new_and_loudly_what_would_be_held() {
    let house = House::new();
    let before = house.files();
    let words = ["diff", "zoom", "--metadata", "-"];
    let told = house.sp(&words, zoom_metadata("")).await;
    told.is_good();
    assert!(
        told.out
            .contains("Nothing of what is used here is different")
    );
    let found = house
        .json(&words, zoom_metadata("cacheDuration=\"PT1H\""))
        .await;
    let change = json!({ "what": "cache-duration", "old": null, "new": "PT1H", "is_held": false });
    let sha256 = &found["sha256"];
    assert_eq!(sha256.as_str().unwrap().len(), 64);
    assert_eq!(
        found,
        json!({ "is_held": false, "sha256": sha256, "changes": [change] })
    );
    let moved = metadata(
        ZOOM,
        "",
        intranet_key(),
        &[ZOOM_ACS, "https://evil.example/acs"],
    );
    let told = house.sp(&words, moved.as_str()).await;
    told.fails("this version would be held");
    for line in [
        format!("HELD  address for answers: - 1 HTTP-POST {ZOOM_SECOND_ACS}\n"),
        "HELD  address for answers: + 1 HTTP-POST https://evil.example/acs\n".to_owned(),
        "HELD  ALL keys for signing: 1 -> 1\n".to_owned(),
        "HELD  key for signing: + RSA 2048, until 2036-01-01T00:00:00Z, SHA-256 ".to_owned(),
        "HELD: with these changes".to_owned(),
    ] {
        assert!(told.out.contains(&line), "{line}: {told:?}");
    }
    let found = house.json(&words, moved.as_str()).await;
    assert_eq!(found["is_held"], true);
    let json = [&words[..], &["--json"]].concat();
    let told = house.sp(&json, moved.as_str()).await;
    told.fails("this version would be held");
    house
        .sp(&words, "<broken")
        .await
        .fails("nothing is compared");
    assert_eq!(house.files(), before);
}

#[tokio::test]
async fn the_list_says_how_it_stands_with_each_and_what_ends_next() {
    let house = House::of(&Setup {
        zoom_metadata: zoom_metadata("validUntil=\"2035-05-06T00:00:00Z\""),
        ..Setup::new()
    });
    fs::write(house.file("library.xml"), "<broken").unwrap();
    let found = house.json(&["list"], "").await;
    let rows: Vec<_> = found["providers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            ["name", "state", "preset", "ends", "ends_at", "entity_id"]
                .map(|key| row[key].clone())
                .to_vec()
        })
        .collect();
    let certificate_end = json!("2036-01-01T00:00:00Z");
    assert_eq!(
        rows,
        [
            ["closed", "disabled", "generic", "certificate"]
                .map(|it| json!(it))
                .into_iter()
                .chain([certificate_end.clone(), json!(CLOSED)])
                .collect::<Vec<_>>(),
            ["intranet", "good", "generic", "certificate"]
                .map(|it| json!(it))
                .into_iter()
                .chain([certificate_end, json!(INTRANET)])
                .collect(),
            vec![
                json!("library"),
                json!("broken"),
                json!("generic"),
                json!(null),
                json!(null),
                json!(null)
            ],
            [
                "zoom",
                "good",
                "zoom",
                "metadata",
                "2035-05-06T00:00:00Z",
                ZOOM
            ]
            .map(|it| json!(it))
            .to_vec(),
        ]
    );
    let told = house.sp(&["list"], "").await;
    told.is_good();
    let lines: Vec<_> = told.out.lines().collect();
    assert_eq!(lines.len(), 5, "{told:?}");
    let zoom = "zoom      good      zoom     metadata 2035-05-06     univ-montp3-fr.zoom.us";
    assert_eq!(lines[4], zoom);
}

#[tokio::test]
async fn a_certificate_that_has_ended_and_is_the_only_one_is_listed_with_its_day() {
    let house = House::new();
    let expired = include_str!("../../fixtures/metadata/valid/certificate-expired.xml");
    let words = ["add", "old", "--metadata", "-", "--yes"];
    house.sp(&words, expired).await.is_good();
    let told = house.sp(&["list"], "").await;
    let old = told.out.lines().find(|line| line.starts_with("old "));
    let ended = " certificate ended 2021-01-";
    assert!(old.is_some_and(|line| line.contains(ended)), "{told:?}");
}

#[tokio::test]
async fn one_provider_is_shown_with_all_that_is_known_of_it() {
    let house = House::new();
    let told = house.sp(&["show", "zoom"], "").await;
    told.is_good();
    for line in [
        "[sp.zoom]",
        "  state             good",
        "  preset            zoom",
        "  alias             https://univ-montp3-fr.zoom.us",
        "  sign-in-link      https://univ-montp3-fr.zoom.us/saml/login",
        "  entityID          univ-montp3-fr.zoom.us",
        "  takes answers at  0 HTTP-POST https://univ-montp3-fr.zoom.us/saml/SSO",
    ] {
        assert!(told.out.lines().any(|it| it == line), "{line}: {told:?}");
    }
    let found = house.json(&["show", "zoom"], "").await;
    assert_eq!(found["outline"]["keys"][0]["use"], "signing");
    assert_eq!(found["state"], "good");
    fs::write(house.file("zoom.xml"), "<broken").unwrap();
    let told = house.sp(&["show", "zoom"], "").await;
    told.is_good();
    let typed = format!("passerelle --config {} sp check zoom", house.path.display());
    assert!(told.out.contains(&typed), "{told:?}");
}

#[tokio::test]
async fn r94_what_a_peer_wrote_moves_no_cursor_turns_no_writing_and_makes_no_line() {
    let house = House::new();
    let hostile = metadata(
        "https://wiki\u{202e}.example/sp",
        "",
        library_key(),
        &[LIBRARY_ACS],
    )
    .replace(
        "<md:AssertionConsumerService index=\"0\"",
        "<md:NameIDFormat>a\u{202e}b\u{9b}31mc&#10;  requests          are said to be signed\
             </md:NameIDFormat><md:AssertionConsumerService index=\"0\"",
    );
    let add = ["add", "wiki", "--metadata", "-", "--yes"];
    let mut all = vec![house.sp(&add, hostile.as_str()).await];
    for words in [
        &["list"][..],
        &["list", "--json"],
        &["show", "wiki"],
        &["show", "wiki", "--json"],
        &["check", "wiki"],
        &["check", "--json"],
    ] {
        all.push(house.sp(words, "").await);
    }
    let changed = hostile
        .replace("wiki\u{202e}", "\u{202e}wiki")
        .replace("31mc", "32mc");
    for more in [&[][..], &["--json"]] {
        let words = [&["diff", "wiki", "--metadata", "-"], more].concat();
        all.push(house.sp(&words, changed.as_str()).await);
    }
    for (number, told) in all.iter().enumerate() {
        // The last two are held, as the entityID is another one.
        assert_eq!(told.status, i32::from(number >= all.len() - 2), "{told:?}");
        for text in [&told.out, &told.errors] {
            let odd = |c: &char| *c != '\n' && passerelle::model::text::is_misleading(*c);
            assert_eq!(text.chars().find(odd), None, "{text}");
            assert!(!text.contains("\n  requests          are said"), "{text}");
        }
    }
    assert!(all[0].out.contains("wiki\\u202e.example"), "{:?}", all[0]);
    let shown: serde_json::Value = serde_json::from_str(&all[4].out).unwrap();
    assert_eq!(shown["entity_id"], "https://wiki\u{202e}.example/sp");
}

#[tokio::test]
async fn r38_whoever_is_retired_is_switched_off_in_one_line_and_said_so_on_the_page() {
    let house = House::new();
    let before = house.text();
    let dry = house.sp(&["retire", "library", "--dry-run"], "").await;
    dry.is_good();
    assert_eq!(house.text(), before);
    // Nobody is there to ask, whatever comes on standard input.
    let asked = house.sp(&["retire", "library"], "yes\n").await;
    asked.fails("nothing was written: nobody is there to ask");
    assert!(asked.errors.contains("hint: --yes"), "{asked:?}");
    assert_eq!(house.text(), before);
    let told = house.sp(&["retire", "library", "--yes"], "").await;
    told.is_good();
    assert!(told.out.contains("at its next start"), "{told:?}");
    let expected = before.replace(
        "sign = 'response'\n",
        "sign = 'response'\nenabled = false\n",
    );
    assert_eq!(house.text(), expected);
    let again = house.sp(&["retire", "closed"], "").await;
    again.is_good();
    assert!(again.out.contains("switched off already"), "{again:?}");
    house
        .sp(&["retire", "nobody"], "")
        .await
        .fails("there is no provider nobody");
    assert_eq!(house.text(), expected);
    let setup = Setup::new();
    let bridge = Bridge::load(house.folder, &house.path, setup.seed, setup.start);
    let mut browser = bridge.browser();
    let page = browser
        .arrive(&bridge.request_of(LIBRARY).redirect(None))
        .await;
    page.stops(403, "provider-disabled");
    bridge.still_works().await;
}

#[tokio::test]
async fn r38_what_else_is_wrong_does_not_keep_a_provider_open() {
    let house = House::new();
    fs::write(house.file("library.xml"), "<broken").unwrap();
    house
        .sp(&["retire", "intranet", "--yes"], "")
        .await
        .is_good();
    // A fault further down, with its line, moves by one.
    let house = House::new();
    let second = metadata("https://second.zoom.us", "", library_key(), &[LIBRARY_ACS]);
    fs::write(house.file("second.xml"), second).unwrap();
    let text = house.text()
        + "\n[sp.second]\nmetadata = 'second.xml'\npreset = 'zoom'\nmax-authn-age-minutes = 240\n";
    fs::write(&house.path, text).unwrap();
    house
        .sp(&["retire", "intranet", "--yes"], "")
        .await
        .is_good();
    assert_eq!(house.text().matches("enabled = false").count(), 2);
    // A configuration that no server starts with.
    let house = House::new();
    fs::remove_file(house.file("seal.keys")).unwrap();
    let told = house.sp(&["retire", "library", "--yes"], "").await;
    told.is_good();
    assert!(told.errors.contains("seal.keys"), "{told:?}");
    assert_eq!(house.text().matches("enabled = false").count(), 2);
}

#[tokio::test]
async fn another_version_is_named_in_one_of_two_ways_and_the_usage_says_so() {
    let house = House::new();
    let told = house.sp(&["diff", "zoom"], "").await;
    assert_eq!(told.status, 2, "{told:?}");
    let either = "<--metadata <URL|FILE|->|--held>";
    assert!(told.errors.contains(either), "{told:?}");
    let both = ["diff", "zoom", "--held", "--metadata", "-"];
    assert_eq!(house.sp(&both, "").await.status, 2);
    let held = house.sp(&["diff", "zoom", "--held"], "").await;
    held.fails("no version of the metadata of zoom is held");
}
