//! Octets that are no answer, or not all of one.

use super::{QUICK, house, is_unanswered, newcomer, page_of, records, signs_in, tag_of};
use crate::lab::ldap_script::{Act, Kind, dn_of, message, result, tag, tlv};

#[tokio::test]
async fn an_answer_that_is_cut_at_any_octet_lets_nobody_in() {
    let house = house(QUICK).await;
    let mut cuts = 0;
    for kind in Kind::ALL {
        for length in 0.. {
            let login = newcomer();
            house.script.ends_all(Vec::new()).await;
            house.script.when(kind, move |asked| {
                let part = asked.honest.iter().take(length).copied().collect();
                vec![Act::Write(part), Act::Hangup]
            });
            let page = page_of(&house.bridge, &login).await;
            let asked = house.script.asked();
            let honest = &asked
                .iter()
                .rfind(|asked| asked.kind == kind)
                .unwrap()
                .honest;
            house.script.is_back();
            house.bridge.wait_seconds(11);
            if length == honest.len() {
                // The whole of it: what is asked next is asked on another connection.
                break;
            }
            page.stops(503, "sign-in-unavailable");
            cuts += 1;
        }
    }
    assert!(cuts > 200, "{cuts}");
    house.goes_on().await;
}

#[tokio::test]
async fn octets_that_are_no_ldap_message_let_nobody_in() {
    let house = house(QUICK).await;
    let whole = |id: u32, operation: &[u8]| message(id.into(), operation);
    for kind in Kind::ALL {
        let good_tag = tag_of(kind);
        let success = result(good_tag, 0);
        for number in 0..14 {
            let success = success.clone();
            house.script.ends_all(Vec::new()).await;
            house.script.when(kind, move |asked| {
                let id = asked.id;
                let octets = match number {
                    0 => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
                    1 => vec![0; 64],
                    2 => vec![0xff; 64],
                    // A sequence of nothing, and one without an operation.
                    3 => b"\x30\x00".to_vec(),
                    4 => whole(id, &[]),
                    // A message ID that is no number, or none at all.
                    5 => tlv(0x30, &[&tlv(0x04, b"1"), &*success].concat()),
                    6 => tlv(0x30, &success),
                    7 => tlv(0x30, &[&tlv(0x02, &[]), &*success].concat()),
                    // Lengths: without end, and longer than any memory.
                    8 => [b"\x30\x80", &*success, b"\x00\x00"].concat(),
                    9 => [b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", &*success].concat(),
                    // An operation without its elements, with some, and of the wrong kind.
                    10 => whole(id, &tlv(good_tag, &[])),
                    11 => whole(id, &tlv(good_tag, b"\x0a\x01\x00")),
                    12 => whole(id, &tlv(good_tag, b"\x02\x01\x00\x04\x00\x04\x00")),
                    _ => whole(id, &tlv(good_tag & !0x20, b"\x0a\x01\x00\x04\x00\x04\x00")),
                };
                vec![Act::Write(octets), Act::Hangup]
            });
            let login = newcomer();
            let page = page_of(&house.bridge, &login).await;
            assert_eq!(page.reason(), "sign-in-unavailable", "{kind:?} {number}");
            house.script.is_back();
            house.bridge.wait_seconds(11);
        }
        house.goes_on().await;
    }
}

#[tokio::test]
async fn entries_that_are_none_let_nobody_in() {
    let house = house(QUICK).await;
    let name = tlv(0x04, dn_of("LOGIN").as_bytes());
    let list = |content: &[u8]| tlv(0x30, content);
    let text = |text: &[u8]| tlv(0x04, text);
    for broken in [
        Vec::new(),
        name.clone(),
        [text(b"\xff\xfe"), list(&[])].concat(),
        [list(&[]), list(&[])].concat(),
        [name.clone(), text(b"uid")].concat(),
        [name.clone(), list(&text(b"uid"))].concat(),
        [name.clone(), list(&list(&text(b"uid")))].concat(),
        [
            name.clone(),
            list(&list(&[text(b"uid"), text(b"LOGIN")].concat())),
        ]
        .concat(),
        [
            name.clone(),
            list(&list(&[text(b"\xff"), tlv(0x31, &text(b"a"))].concat())),
        ]
        .concat(),
        [name.clone(), list(&[]), list(&[])].concat(),
    ] {
        house.script.when(Kind::Search, move |asked| {
            let entry = asked.answer(&tlv(tag::ENTRY, &broken));
            vec![entry, asked.answer(&result(tag::DONE, 0))]
        });
        is_unanswered(&house.bridge, &newcomer()).await;
        house.goes_on().await;
    }
    // A value that is no text is one all the same; of it, nobody's name is made.
    house.script.when(Kind::Search, |asked| {
        let values = tlv(0x31, &tlv(0x04, b"\xff\xd8"));
        let photo = tlv(0x30, &[tlv(0x04, b"jpegPhoto"), values].concat());
        let values = tlv(0x31, &tlv(0x04, asked.login.as_bytes()));
        let uid = tlv(0x30, &[tlv(0x04, b"uid"), values].concat());
        let mail = format!("{}@univ.example", asked.login);
        let values = tlv(0x31, &tlv(0x04, mail.as_bytes()));
        let mail = tlv(0x30, &[tlv(0x04, b"mail"), values].concat());
        let name = tlv(0x04, dn_of(&asked.login).as_bytes());
        let entry = [name, tlv(0x30, &[photo, uid, mail].concat())].concat();
        let entry = asked.answer(&tlv(tag::ENTRY, &entry));
        vec![entry, asked.answer(&result(tag::DONE, 0))]
    });
    signs_in(&house.bridge, &newcomer()).await;
    assert!(!records(&house.bridge)[0].2);
}

#[tokio::test]
async fn what_is_too_long_or_nested_too_deep_is_refused_and_not_waited_for() {
    let house = house("timeout-seconds = 30").await;
    let deep = (0..10_000).fold(Vec::new(), |inner, _| tlv(0x30, &inner));
    let name = tlv(0x04, dn_of("LOGIN").as_bytes());
    let deep = tlv(tag::ENTRY, &[name, deep].concat());
    // Of 40 MiB, and of 2 GiB, nothing has come yet, and none of it is waited for.
    let long = |length: &[u8]| [b"\x30\x84", length].concat();
    for octets in [
        long(b"\x02\x80\x00\x00"),
        long(b"\x7f\xff\xff\xff"),
        long(b"\xff\xff\xff\xff"),
        message(1, &deep),
        message(2, &deep),
    ] {
        for kind in [Kind::Search, Kind::Bind, Kind::WhoAmI] {
            let octets = octets.clone();
            house.script.ends_all(Vec::new()).await;
            house
                .script
                .when(kind, move |_| vec![Act::Write(octets.clone())]);
            is_unanswered(&house.bridge, &newcomer()).await;
            house.goes_on().await;
        }
    }
    let told = house.bridge.metrics().await;
    assert!(told.contains(",fault=\"timeout\"} 0\n"), "{told}");
    // A record that is none is one person's; another answer that is none is the server's.
    let unusable = told
        .lines()
        .find(|line| line.contains("\"unusable\""))
        .unwrap();
    assert!(!unusable.ends_with(" 0"), "{unusable}");
}
