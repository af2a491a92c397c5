//! Notices that the person's browser brings: front channel.

use std::io::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{
    Compression,
    write::{DeflateEncoder, ZlibEncoder},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{House, nothing_begins, notice, posted, seen};
use crate::bridge::{Bridge, LIBRARY, log::Log, page::Page, request::SAMLP};

/// The longest notice.
const LONGEST: usize = 16 * 1024;

/// As Apereo CAS packs it.
fn packed(notice: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(notice).unwrap();
    in_query(&encoder.finish().unwrap())
}

/// As HTTP-Redirect packs it.
fn packed_raw(notice: &[u8]) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(notice).unwrap();
    in_query(&encoder.finish().unwrap())
}

fn in_query(octets: &[u8]) -> String {
    utf8_percent_encode(&BASE64_STANDARD.encode(octets), NON_ALPHANUMERIC).to_string()
}

/// What a browser without any cookie of ours is told at an address.
async fn brought(bridge: &Bridge, address: &str) -> Page {
    bridge.browser().arrive(address).await
}

/// What it is told where it goes there in an unseen frame of a page of the CAS server.
async fn brought_in_a_frame(bridge: &Bridge, address: &str) -> Page {
    let mut browser = bridge.browser();
    browser.shown_in = "iframe";
    browser.arrive(address).await
}

#[tokio::test]
async fn r53_r66_a_notice_in_a_frame_ends_the_session_and_a_ticket_in_one_is_left_for_a_window() {
    let house = House::start();
    let mut signed = house.signed_in().await;
    for parameter in ["?logoutRequest", "logoutRequest"] {
        let text = packed(notice(&signed.ticket).as_bytes());
        let at = format!("{}{parameter}={text}", signed.address);
        let page = brought_in_a_frame(&house.bridge, &at).await;
        assert_eq!(seen(&page), (200, "", None));
        assert!(!house.answers(&mut signed).await);
        signed = house.signed_in().await;
    }
    for no_notice in ["", "?ticket=ST-1", "?logoutRequest=x&logoutRequest=y"] {
        let at = format!("{}{no_notice}", signed.address);
        let page = brought_in_a_frame(&house.bridge, &at).await;
        assert_eq!((page.status, page.kind().as_str()), (403, "framed"), "{at}");
    }
    // A name in the query makes no notice of a page.
    let text = packed(notice(&signed.ticket).as_bytes());
    let page = brought_in_a_frame(&house.bridge, &format!("/logout?logoutRequest={text}")).await;
    assert_eq!(page.kind(), "framed");
    assert!(house.answers(&mut signed).await);
}

#[tokio::test]
async fn r66_a_notice_that_a_browser_brings_ends_the_session_of_its_ticket_and_no_other() {
    let house = House::start();
    let mut bystander = house.signed_in().await;
    for (parameter, pack) in [
        ("?logoutRequest", packed as fn(&[u8]) -> String),
        ("?SAMLRequest", packed),
        ("?logoutRequest", packed_raw),
        // Right behind the seal, for an unseen frame.
        ("logoutRequest", packed),
    ] {
        let mut signed = house.signed_in().await;
        assert!(house.answers(&mut signed).await);
        let text = pack(notice(&signed.ticket).as_bytes());
        let at = format!("{}{parameter}={text}", signed.address);
        let log = Log::start();
        // A second one ends nothing, and shows nothing else.
        for _ in 0..2 {
            assert_eq!(seen(&brought(&house.bridge, &at).await), (200, "", None));
        }
        let ends = log.ended();
        assert_eq!(ends.len(), 1, "{}", log.text());
        assert_eq!(ends[0]["cause"], "cas-front-channel");
        assert_eq!(ends[0]["person"], "zoe.martin");
        assert_eq!(ends[0]["sp.names"], "zoom");
        assert!(!log.text().contains(&signed.ticket));
        assert!(!house.answers(&mut signed).await);
        assert!(house.answers(&mut bystander).await);
    }
    let made_up = packed(notice("ST-made-up").as_bytes());
    let at = format!("{}?logoutRequest={made_up}", bystander.address);
    assert_eq!(seen(&brought(&house.bridge, &at).await), (200, "", None));
    assert!(house.answers(&mut bystander).await);
}

#[tokio::test]
async fn r66_a_notice_is_taken_hours_later_at_an_address_whose_seal_is_dead() {
    let house = House::start();
    for hours in [0, 1, 3] {
        let mut signed = house.signed_in().await;
        for _ in 0..hours {
            house.bridge.wait(60);
            // In use, by a provider that sets no bound on its age.
            let request = house.bridge.request_of(LIBRARY);
            signed
                .browser
                .arrive(&request.redirect(None))
                .await
                .answer();
        }
        let text = packed(notice(&signed.ticket).as_bytes());
        let address = if hours == 3 {
            "/cas/no-provider-of-ours/%ff"
        } else {
            &signed.address
        };
        let log = Log::start();
        let page = brought(&house.bridge, &format!("{address}?logoutRequest={text}")).await;
        assert_eq!(seen(&page), (200, "", None));
        assert_eq!(log.ended().len(), 1);
        assert!(!house.answers(&mut signed).await);
    }
}

#[tokio::test]
async fn r66_what_is_no_notice_ends_nothing_and_is_refused() {
    let house = House::start();
    let mut signed = house.signed_in().await;
    let right = notice(&signed.ticket);
    let two = right.replace(
        "</samlp:LogoutRequest>",
        "<samlp:SessionIndex>ST-2</samlp:SessionIndex></samlp:LogoutRequest>",
    );
    let filled = |length: usize| {
        let spaces = " ".repeat(length - right.len());
        format!("{right}{spaces}")
    };
    let bomb = packed(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < LONGEST, "{}", bomb.len());
    for text in [
        bomb,
        packed(filled(LONGEST + 1).as_bytes()),
        packed(two.as_bytes()),
        packed(format!("<!DOCTYPE x>{right}").as_bytes()),
        packed(right.replace(&signed.ticket, "").as_bytes()),
        packed(right.replace(SAMLP, "urn:x").as_bytes()),
        packed(b""),
        packed(b"\xff\xfe"),
        in_query(right.as_bytes()),
        utf8_percent_encode(&right, NON_ALPHANUMERIC).to_string(),
        format!("{}!", packed(right.as_bytes())),
        format!("{}%3D", packed(right.as_bytes())),
        in_query(b"x\x9c"),
        signed.ticket.clone(),
        String::new(),
    ] {
        for more in ["", "&callback=jQuery1_2", "&RelayState=e1s2"] {
            let at = format!("{}?logoutRequest={text}{more}", signed.address);
            assert_eq!(
                seen(&brought(&house.bridge, &at).await),
                (400, "", None),
                "{text}"
            );
        }
    }
    let good = packed(right.as_bytes());
    for query in [
        format!("logoutRequest={good}&logoutRequest={good}"),
        format!("logoutRequest={good}&SAMLRequest={good}"),
        format!("logoutRequest={good}&ticket={}", signed.ticket),
        format!("logoutRequest={good}&ticket=ST-2&ticket=ST-3"),
        format!("logoutRequest={good}&callback=jQuery1_2&callback=alert"),
    ] {
        let page = brought(&house.bridge, &format!("{}?{query}", signed.address)).await;
        page.stops(400, "journey-forged");
    }
    let long = "a".repeat(LONGEST);
    for query in [
        format!("logoutRequest={good}&x={long}"),
        format!("ticket={}&x={long}{long}{long}", signed.ticket),
    ] {
        let page = brought(&house.bridge, &format!("{}?{query}", signed.address)).await;
        page.stops(413, "request-too-large");
    }
    let megabyte = format!("logoutRequest={}", "a".repeat(1 << 20));
    let page = house
        .bridge
        .browser()
        .arrive_by_post(&signed.address, &megabyte)
        .await;
    assert_eq!(seen(&page), (413, "", None));
    assert!(house.answers(&mut signed).await);
    // The longest that is taken.
    let good = packed(filled(LONGEST).as_bytes());
    let at = format!("{}?logoutRequest={good}", signed.address);
    assert_eq!(seen(&brought(&house.bridge, &at).await), (200, "", None));
    assert!(!house.answers(&mut signed).await);
}

#[tokio::test]
async fn r66_a_script_is_told_by_a_name_of_jquery_and_by_nothing_else() {
    let house = House::start();
    let signed = house.signed_in().await;
    // With a ticket of somebody, and of nobody.
    for ticket in [&*signed.ticket, "ST-made-up"] {
        let text = packed(notice(ticket).as_bytes());
        let told = async |callback: &str| {
            let at = format!(
                "{}?callback={callback}&logoutRequest={text}&_=1",
                signed.address
            );
            brought(&house.bridge, &at).await
        };
        let page = told("jQuery35101234567890_1700000000000").await;
        assert_eq!(
            seen(&page),
            (200, "jQuery35101234567890_1700000000000();", None)
        );
        assert_eq!(
            page.header("content-type"),
            Some("text/javascript; charset=utf-8")
        );
        for odd in [
            "alert(1)",
            "alert",
            "jQuery1_1;alert(1)//",
            "%3Cscript%3E",
            "CWSMIKI0hCD0Up0IZUnnnnnnnn",
            "",
        ] {
            let page = told(odd).await;
            assert_eq!(seen(&page), (200, "", None), "{odd}");
            assert_eq!(page.header("content-type"), None);
        }
    }
}

#[tokio::test]
async fn r54_r66_a_browser_goes_back_to_the_sign_out_of_the_configured_server_and_nowhere_else() {
    let house = House::start();
    let signed = house.signed_in().await;
    let cas = house.cas.url();
    for ticket in [&*signed.ticket, "ST-made-up"] {
        let text = packed(notice(ticket).as_bytes());
        let sent = async |state: &str| {
            let at = format!("{}?SAMLRequest={text}&RelayState={state}", signed.address);
            brought(&house.bridge, &at).await
        };
        for (state, back) in [("e1s2", "e1s2"), ("a_b%2Bc%2Fd%3D%3D", "a_b%2Bc%2Fd%3D%3D")] {
            let page = sent(state).await;
            let next = format!("{cas}/logout?_eventId=next&RelayState={back}");
            assert_eq!(seen(&page), (303, "", Some(&*next)));
        }
        let long = "a".repeat(4097);
        for elsewhere in [
            "https%3A%2F%2Fevil.example%2F",
            "e1s2%26service%3Dhttps%3A%2F%2Fevil.example",
            "e1s2%0d%0aLocation:%20https:%2f%2fevil.example",
            "%2f%5cevil.example",
            "",
            &long,
        ] {
            assert_eq!(seen(&sent(elsewhere).await), (200, "", None), "{elsewhere}");
        }
    }
}

#[tokio::test]
async fn r66_the_networks_of_the_server_do_not_bound_where_browsers_are() {
    let house = House::with("notices-from = ['198.51.100.0/24']\nfront-channel = true");
    let mut signed = house.signed_in().await;
    let xml = notice(&signed.ticket);
    let page = posted(&house.bridge, &signed.address, &xml).await;
    assert_eq!(seen(&page), (403, "", None));
    assert!(house.answers(&mut signed).await);
    let at = format!(
        "{}?logoutRequest={}",
        signed.address,
        packed(xml.as_bytes())
    );
    assert_eq!(seen(&brought(&house.bridge, &at).await), (200, "", None));
    assert!(!house.answers(&mut signed).await);
}

#[tokio::test]
async fn r66_where_notices_of_browsers_do_not_count_they_are_answered_and_end_nothing() {
    for lines in [
        "front-channel = false",
        // Who bounds where notices come from means all of them.
        "notices-from = ['127.0.0.1', '192.0.2.0/24']",
    ] {
        let house = House::with(lines);
        let mut signed = house.signed_in().await;
        let xml = notice(&signed.ticket);
        let text = packed(xml.as_bytes());
        let log = Log::start();
        let next = format!("{}/logout?_eventId=next&RelayState=e1s2", house.cas.url());
        for (more, seen_by_it) in [
            ("", (200, "", None)),
            ("&callback=jQuery1_2", (200, "jQuery1_2();", None)),
            ("&RelayState=e1s2", (303, "", Some(&*next))),
        ] {
            let at = format!("{}?logoutRequest={text}{more}", signed.address);
            assert_eq!(seen(&brought(&house.bridge, &at).await), seen_by_it);
        }
        let at = format!("{}?logoutRequest=x", signed.address);
        assert_eq!(seen(&brought(&house.bridge, &at).await), (400, "", None));
        assert_eq!(log.ended().len(), 0);
        assert!(house.answers(&mut signed).await, "{lines}");
        let text = log.text();
        assert!(text.contains("a logout notice by a browser was passed over"));
        assert!(!text.contains(&signed.ticket));
        // The server's own still count.
        let page = posted(&house.bridge, &signed.address, &xml).await;
        assert_eq!(seen(&page), (200, "", None));
        assert_eq!(log.ended().len(), 1);
        assert!(!house.answers(&mut signed).await);
    }
}

#[tokio::test]
async fn r121_a_state_that_no_server_writes_is_told_of_by_its_length() {
    let house = House::start();
    let signed = house.signed_in().await;
    let text = packed(notice(&signed.ticket).as_bytes());
    let log = Log::start();
    let state = "https%3A%2F%2Fevil.example%2Fcanary";
    let at = format!("{}?SAMLRequest={text}&RelayState={state}", signed.address);
    assert_eq!(seen(&brought(&house.bridge, &at).await), (200, "", None));
    let lines = log.lines();
    let told = lines
        .iter()
        .filter(|line| !line["relay_state.length"].is_null());
    let told: Vec<_> = told.map(|line| &line["relay_state.length"]).collect();
    assert_eq!(told, [27], "{}", log.text());
    assert!(!log.text().contains("canary"));
}

#[tokio::test]
async fn r66_a_notice_that_overtakes_the_sign_in_by_a_browser_lets_no_session_begin() {
    let house = House::start();
    nothing_begins(&house, async |address, notice| {
        let at = format!("{address}?logoutRequest={}", packed(notice.as_bytes()));
        brought(&house.bridge, &at).await
    })
    .await;
}
