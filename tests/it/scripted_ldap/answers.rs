//! Answers in good order that mean something else than was asked, or nothing.

use std::{io::ErrorKind, net::TcpListener, sync::OnceLock, time::Duration};

use super::{Failing, QUICK, house, is_unanswered, newcomer, page_of, records, signs_in, tag_of};
use crate::{
    bridge::{LIBRARY, SSO, request::AuthnRequest},
    lab::{
        ldap_script::{
            Act, Asked, Kind, NOBODY, dn_of, entry, identity, message, password_of, person, result,
            result_with, tag, tlv,
        },
        port::free_port,
    },
    ldap::attempt,
};

/// The notice that a server is about to end the connection (RFC 4511 §4.4.1): unavailable.
fn notice_of_disconnection() -> Vec<u8> {
    let name = tlv(0x8a, b"1.3.6.1.4.1.1466.20036");
    message(0, &result_with(tag::EXTENDED, 52, &name))
}

#[tokio::test]
async fn r72_nobody_goes_to_the_place_that_a_referral_names() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = elsewhere.local_addr().unwrap();
    let house = house(QUICK).await;
    for scheme in ["ldap", "ldaps"] {
        let url = format!("{scheme}://{address}/ou=people,dc=univ,dc=example??sub");
        let url = tlv(0x04, url.as_bytes());
        for kind in [Kind::OwnBind, Kind::Search, Kind::Bind] {
            // Our own account binds on new connections alone.
            house.script.ends_all(Vec::new()).await;
            let referral = result_with(tag_of(kind), 10, &tlv(0xa3, &url));
            house.script.answers(kind, referral);
            let before = house.script.count(kind);
            is_unanswered(&house.bridge, &newcomer()).await;
            assert_eq!(house.script.count(kind), before + 1, "{kind:?}");
            house.goes_on().await;
        }
        // The server does not know who somebody is, so their own record says it.
        let referral = result_with(tag::EXTENDED, 10, &tlv(0xa3, &url));
        house.script.answers(Kind::WhoAmI, referral);
        signs_in(&house.bridge, &newcomer()).await;
        // Among entries: more of them are elsewhere, and stay there.
        house.script.when(Kind::Search, move |asked| {
            let reference = asked.answer(&tlv(tag::REFERENCE, &url));
            let honest = Act::Write(asked.honest.clone());
            vec![reference.clone(), honest, reference]
        });
        signs_in(&house.bridge, &newcomer()).await;
        page_of(&house.bridge, NOBODY).await.is_refused(NOBODY);
        house.goes_on().await;
    }
    assert_eq!(
        elsewhere.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

/// What would do harm if it were taken for an answer to the question: somebody else's.
fn of_mallory(asked: &Asked, id: i64) -> Vec<u8> {
    let answers = match asked.kind {
        Kind::OwnBind | Kind::Bind => vec![result(tag::BIND, 0)],
        Kind::Search => vec![person("mallory"), result(tag::DONE, 0)],
        Kind::WhoAmI => vec![identity(&format!("dn:{}", dn_of("mallory")))],
    };
    let answers = answers.iter().map(|answer| message(id, answer));
    answers.collect::<Vec<_>>().concat()
}

/// Message IDs that are not the question's: the next, the last, none, the largest, below zero, and
/// one that is the same to whoever reads four octets of it.
fn other_ids(id: u32) -> [i64; 7] {
    let id = i64::from(id);
    [id + 1, id - 1, 0, i32::MAX.into(), -1, -id, id + (1 << 32)]
}

#[tokio::test]
async fn r48_an_answer_under_another_message_id_is_no_answer_and_ends_the_connection() {
    let house = house(QUICK).await;
    for kind in Kind::ALL {
        for place in 0..other_ids(0).len() {
            house.script.ends_all(Vec::new()).await;
            // Before the right one: a server that mixes up answers is believed in nothing.
            house.script.when(kind, move |asked| {
                let stray = of_mallory(asked, other_ids(asked.id)[place]);
                vec![Act::Write(stray), Act::Write(asked.honest.clone())]
            });
            is_unanswered(&house.bridge, &newcomer()).await;
            house.goes_on().await;
        }
    }
}

#[tokio::test]
async fn r48_a_second_answer_to_the_same_question_is_nobodys() {
    let house = house(QUICK).await;
    for kind in Kind::ALL {
        house.script.ends_all(Vec::new()).await;
        house.script.when(kind, |asked| {
            let second = of_mallory(asked, asked.id.into());
            vec![Act::Write([asked.honest.clone(), second].concat())]
        });
        match kind {
            // More is asked on the same connection at once, and this comes for it.
            Kind::OwnBind | Kind::Bind => is_unanswered(&house.bridge, &newcomer()).await,
            // The connection is not taken again.
            Kind::Search | Kind::WhoAmI => {
                for _ in 0..3 {
                    signs_in(&house.bridge, &newcomer()).await;
                }
                let login = newcomer();
                attempt(&house.bridge, &login, "wrong")
                    .await
                    .is_refused(&login);
            }
        }
        house.goes_on().await;
    }
}

#[tokio::test]
async fn r48_an_answer_that_comes_too_late_reaches_nobody_else() {
    let house = house(QUICK).await;
    for kind in Kind::ALL {
        let (first, second) = (newcomer(), newcomer());
        house.script.ends_all(Vec::new()).await;
        let before = house.script.asked().len();
        // What the first one asks is answered when the second one asks, where that can be done.
        let unanswered = OnceLock::<Asked>::new();
        house
            .script
            .when(kind, move |asked| match unanswered.get() {
                None => {
                    unanswered.set(asked.clone()).unwrap();
                    Vec::new()
                }
                Some(late) if late.connection == asked.connection => {
                    let late = Act::Write(late.honest.clone());
                    vec![late, Act::Write(asked.honest.clone())]
                }
                Some(_) => vec![Act::Write(asked.honest.clone())],
            });
        is_unanswered(&house.bridge, &first).await;
        signs_in(&house.bridge, &second).await;
        let all = house.script.asked().split_off(before);
        let mut of_kind = all.iter().filter(|asked| asked.kind == kind);
        let unanswered = of_kind.next().unwrap();
        let is_elsewhere = |asked: &Asked| asked.connection != unanswered.connection;
        assert!(of_kind.all(is_elsewhere), "{kind:?}");
        house.script.is_back();
    }
}

#[tokio::test]
async fn r48_the_connection_of_whoever_went_away_in_the_middle_serves_nobody_else() {
    let house = house("timeout-seconds = 30").await;
    for kind in [Kind::Search, Kind::Bind, Kind::WhoAmI] {
        let (first, second) = (newcomer(), newcomer());
        signs_in(&house.bridge, &newcomer()).await;
        house.script.when(kind, |_| Vec::new());
        let gone = tokio::select! {
            page = page_of(&house.bridge, &first) => panic!("{}", page.body),
            asked = house.script.is_asked(kind, &first) => asked,
        };
        house.script.is_back();
        signs_in(&house.bridge, &second).await;
        let of_second = house.script.is_asked(kind, &second).await;
        assert_ne!(gone.connection, of_second.connection, "{kind:?}");
    }
}

#[tokio::test]
async fn r71_an_answer_of_another_operation_lets_nobody_in() {
    let house = house(QUICK).await;
    for (kind, other) in [
        (Kind::OwnBind, identity("dn:")),
        (Kind::OwnBind, result(tag::DONE, 0)),
        (Kind::Bind, identity("dn:")),
        (Kind::Bind, result(tag::ENTRY, 0)),
        (Kind::Bind, result(tag::DONE, 0)),
        (Kind::Search, result(tag::BIND, 0)),
        (Kind::Search, identity("dn:")),
        (Kind::WhoAmI, result(tag::BIND, 0)),
        (Kind::WhoAmI, result(tag::DONE, 0)),
        (Kind::WhoAmI, person("mallory")),
    ] {
        house.script.ends_all(Vec::new()).await;
        house.script.answers(kind, other);
        is_unanswered(&house.bridge, &newcomer()).await;
        house.goes_on().await;
    }
}

#[tokio::test]
async fn r71_a_bind_counts_for_the_person_whom_the_server_then_names_and_for_nobody_else() {
    let house = house(QUICK).await;
    let script = &house.script;
    // It takes whoever bound for nobody, says nothing that can be read, or names somebody else.
    script.answers(Kind::WhoAmI, identity(""));
    is_unanswered(&house.bridge, &newcomer()).await;
    let garbage = result_with(tag::EXTENDED, 0, &tlv(0x8b, b"dn:\xff\xfe"));
    script.answers(Kind::WhoAmI, garbage);
    is_unanswered(&house.bridge, &newcomer()).await;
    for other in [
        "",
        "\u{0}",
        "uid=mallory,ou=people,dc=univ,dc=example",
        "DN,dc=more",
        "DN,",
        "xDN",
    ] {
        let login = newcomer();
        let other = other.replace("DN", &dn_of(&login));
        script.answers(Kind::WhoAmI, identity(&format!("dn:{other}")));
        page_of(&house.bridge, &login).await.is_refused(&login);
    }
    house.goes_on().await;
}

#[tokio::test]
async fn r71_where_the_server_cannot_name_the_person_their_own_record_does() {
    let house = house(QUICK).await;
    let unknown = [2, 12, 50, 53].map(|code| result(tag::EXTENDED, code));
    for no_name in [&unknown[..], &[identity("u:somebody")]].concat() {
        house.script.answers(Kind::WhoAmI, no_name);
        let login = newcomer();
        signs_in(&house.bridge, &login).await;
        let asked = house.script.asked();
        let own = |asked: &&Asked| asked.kind == Kind::Search && asked.in_name_of == login;
        assert_eq!(asked.iter().filter(own).count(), 1);
        // It is somebody else's, or there is none.
        for record in [person("mallory"), Vec::new()] {
            let login = newcomer();
            house.script.when(Kind::Search, move |asked| {
                if asked.in_name_of.is_empty() {
                    return vec![Act::Write(asked.honest.clone())];
                }
                let done = asked.answer(&result(tag::DONE, 0));
                if record.is_empty() {
                    vec![done]
                } else {
                    vec![asked.answer(&record), done]
                }
            });
            page_of(&house.bridge, &login).await.is_refused(&login);
        }
        house.script.is_back();
    }
}

#[tokio::test]
async fn result_codes_are_the_servers_the_persons_or_the_records() {
    let house = house(QUICK).await;
    let failed = || records(&house.bridge)[0].1;
    for kind in [Kind::Search, Kind::Bind] {
        let of_the_server = [1, 51, 52, 80].map(|code| (code, true));
        let of_something_else = [2, 3, 7, 8, 10, 11, 13, 14, 36, 123].map(|code| (code, false));
        for (code, is_of_the_server) in [&of_the_server[..], &of_something_else].concat() {
            house.script.fails(Failing::Refuses(kind, code));
            let before = failed();
            is_unanswered(&house.bridge, &newcomer()).await;
            // What is said of a person's bind may be about them, and others are in order.
            let counts = u64::from(is_of_the_server && kind == Kind::Search);
            assert_eq!(failed() - before, counts, "{kind:?} {code}");
            house.goes_on().await;
        }
    }
    // Fewer entries than matter, and yet more than the server gives.
    house.script.fails(Failing::Refuses(Kind::Search, 4));
    is_unanswered(&house.bridge, &newcomer()).await;
    for code in [19, 32, 34, 48, 49, 50, 53] {
        house.script.is_back();
        house.script.fails(Failing::Refuses(Kind::Bind, code));
        let login = newcomer();
        page_of(&house.bridge, &login).await.is_refused(&login);
    }
    // Our own account: nobody is judged by it.
    for code in [49, 53, 51] {
        house.script.ends_all(Vec::new()).await;
        house.script.fails(Failing::Refuses(Kind::OwnBind, code));
        is_unanswered(&house.bridge, &newcomer()).await;
        house.goes_on().await;
    }
}

#[tokio::test]
async fn records_of_odd_shape_let_nobody_in_and_rest_no_server() {
    let house = house(QUICK).await;
    let large = "x".repeat(4096);
    let many = vec![&*large; 70];
    for (odd, is_refused) in [
        // Without a name to sign in by; with two; with one that is not theirs.
        (vec![("mail", vec!["a@univ.example"])], false),
        (vec![("uid", vec![])], false),
        (vec![("uid", vec!["one", "two"])], true),
        // Larger than any person's.
        (vec![("uid", vec!["LOGIN"]), ("description", many)], false),
    ] {
        let login = newcomer();
        let attributes: Vec<_> = odd
            .iter()
            .map(|(name, values)| (*name, &**values))
            .collect();
        let record = entry(&dn_of(&login), &attributes);
        house.script.when(Kind::Search, move |asked| {
            vec![asked.answer(&record), asked.answer(&result(tag::DONE, 0))]
        });
        let page = page_of(&house.bridge, &login).await;
        if is_refused {
            page.is_refused(&login);
        } else {
            page.stops(503, "sign-in-unavailable");
        }
        house.script.is_back();
        signs_in(&house.bridge, &newcomer()).await;
    }
    assert_eq!(records(&house.bridge)[0].1, 0);
    // Nobody's name is a name to bind by.
    house.script.when(Kind::Search, |asked| {
        let nameless = entry("", &[("uid", &[&asked.login])]);
        vec![asked.answer(&nameless), asked.answer(&result(tag::DONE, 0))]
    });
    let binds = house.script.count(Kind::Bind);
    is_unanswered(&house.bridge, &newcomer()).await;
    assert_eq!(house.script.count(Kind::Bind), binds);
    house.goes_on().await;
}

#[tokio::test]
async fn r70_more_entries_than_were_asked_for_are_several_people_and_no_more_is_read_of_them() {
    let house = house(QUICK).await;
    for count in [2, 3, 500] {
        house.script.when(Kind::Search, move |asked| {
            let entries: Vec<_> = (0..count)
                .map(|n| message(asked.id.into(), &person(&format!("{}{n}", asked.login))))
                .collect();
            let done = asked.answer(&result(tag::DONE, 0));
            vec![Act::Write(entries.concat()), done]
        });
        let login = newcomer();
        let page = attempt(&house.bridge, &login, &password_of(&login)).await;
        page.is_refused(&login);
        // What was left unread is nobody's.
        house.script.is_back();
        signs_in(&house.bridge, &newcomer()).await;
    }
    assert_eq!(records(&house.bridge)[0].1, 0);
}

#[tokio::test]
async fn a_notice_of_disconnection_on_a_kept_connection_is_noticed_by_nobody() {
    let house = house(QUICK).await;
    for last in [notice_of_disconnection(), Vec::new()] {
        signs_in(&house.bridge, &newcomer()).await;
        let before = house.script.connections();
        house.script.ends_all(last).await;
        signs_in(&house.bridge, &newcomer()).await;
        assert_eq!(house.script.connections(), before + 2);
    }
    assert_eq!(records(&house.bridge)[0].1, 0);
    // In the place of an answer: told within the time limit, whether the end follows or not.
    for end in [&[Act::Hangup][..], &[]] {
        for kind in Kind::ALL {
            house.script.ends_all(Vec::new()).await;
            let end = end.to_vec();
            house.script.when(kind, move |_| {
                let notice = Act::Write(notice_of_disconnection());
                [&[notice], &*end].concat()
            });
            is_unanswered(&house.bridge, &newcomer()).await;
            house.goes_on().await;
        }
    }
}

#[tokio::test]
async fn r73_an_account_that_389_directory_server_has_locked_reads_like_any_other_refusal() {
    let house = house(QUICK).await;
    let value = tlv(0x04, b"\x30\x03\x81\x01\x01");
    let control = [tlv(0x04, b"1.3.6.1.4.1.42.2.27.8.5.1"), value].concat();
    let control = tlv(0xa0, &tlv(0x30, &control));
    for control in [control, Vec::new()] {
        let locked = [result(tag::BIND, 19), control].concat();
        house.script.answers(Kind::Bind, locked);
        let login = newcomer();
        page_of(&house.bridge, &login).await.is_refused(&login);
    }
}

#[tokio::test]
async fn one_persons_record_or_password_that_the_server_stumbles_over_shuts_nobody_else_out() {
    let house = house(QUICK).await;
    let nameless = [tlv(0x04, b"uid=\xe9ric,ou=people"), tlv(0x30, &[])].concat();
    house.script.when(Kind::Search, move |asked| {
        let done = asked.answer(&result(tag::DONE, 0));
        match &*asked.login {
            "eric" => vec![asked.answer(&tlv(tag::ENTRY, &nameless)), done],
            _ => vec![Act::Write(asked.honest.clone())],
        }
    });
    house.script.when(Kind::Bind, |asked| {
        let honest = Act::Write(asked.honest.clone());
        match &*asked.login {
            // The realm behind her account is down, and hers alone.
            "realm" => vec![asked.answer(&result(tag::BIND, 52))],
            _ => vec![honest],
        }
    });
    for login in ["eric", "realm"] {
        for _ in 0..4 {
            let page = attempt(&house.bridge, login, "x").await;
            page.stops(503, "sign-in-unavailable");
        }
        signs_in(&house.bridge, &newcomer()).await;
    }
    assert_eq!(records(&house.bridge)[0].1, 0);
}

#[tokio::test]
async fn r74_an_attempt_that_a_server_may_have_judged_counts_whatever_the_next_server_says() {
    let university = super::University::new();
    let first = university.script().await;
    let nobody = format!("ldaps://localhost:{}", free_port());
    for urls in [vec![first.url()], vec![first.url(), nobody]] {
        let bridge = university.bridge(&urls, QUICK);
        first.when(Kind::Bind, |_| Vec::new());
        let login = newcomer();
        let mut throttled = false;
        for _ in 0..14 {
            throttled |= attempt(&bridge, &login, "wrong").await.status == 429;
            bridge.wait_seconds(11);
        }
        assert!(throttled, "{urls:?}");
        first.is_back();
    }
}

#[tokio::test]
async fn r113_a_session_tells_no_address_that_it_was_not_asked_about_however_slow_the_directory() {
    let house = house(QUICK).await;
    // Her record bears the address of somebody else. The second provider knows people by another name.
    let of_mallory = |slow: u64| {
        move |asked: &Asked| {
            let record = entry(
                &dn_of("mallory"),
                &[
                    ("uid", &["mallory"]),
                    ("mail", &["victim@univ.example"]),
                    ("sn", &["M"]),
                    ("givenName", &["M"]),
                    ("displayName", &["M"]),
                    ("eduPersonUniqueId", &["m1@univ.example"]),
                ],
            );
            let answer = match &*asked.login {
                "mallory" => vec![asked.answer(&record), asked.answer(&result(tag::DONE, 0))],
                _ => vec![Act::Write(asked.honest.clone())],
            };
            let dawdle = Act::Dawdle(Duration::from_millis(slow));
            [vec![dawdle], answer].concat()
        }
    };
    house.script.when(Kind::Search, of_mallory(0));
    let mut browser = house.bridge.browser();
    let request = AuthnRequest::new("_library1", LIBRARY, SSO, house.bridge.now());
    let page = browser.arrive(&request.redirect(None)).await;
    let filled = page.filled("mallory", &password_of("mallory"));
    browser.submit(&page, &filled).await.answer();
    // Longer than a session waits where it may go on without.
    for slow in [0, 300] {
        house.script.when(Kind::Search, of_mallory(slow));
        let request = house.bridge.request();
        let page = browser.arrive(&request.redirect(None)).await;
        page.stops(403, "mail-of-another");
    }
}
