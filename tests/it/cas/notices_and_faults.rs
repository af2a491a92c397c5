//! Logout notices, and a server that is gone, hangs, or is not the one that is meant.

use std::net::Ipv4Addr;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use url::{Position, Url};

use super::{House, LOGIN, NO_MAIL, PASSWORD, ZOE, assert_is_zoe, request, service, start};
use crate::{
    bridge::request::SAMLP,
    lab::{
        browser::BrowserSim,
        cas_script::tls_before,
        cas_server::{CasServer, filled},
        cookies::Standing,
        form::{self, Form},
        keys::Authority,
        real_bridge::RealBridge,
        service_provider::{SpKind, SpSite},
    },
};

#[tokio::test]
async fn r66_who_signs_out_at_cas_is_signed_out_here_and_nobody_else_is() {
    let house = House::start("").await;
    let sign_in = async || {
        let mut browser = BrowserSim::new();
        let page = house.at_cas(&mut browser, &[]).await;
        assert_is_zoe(&house.sign_in(&mut browser, &page).await);
        browser
    };
    let (mut here, mut elsewhere) = (sign_in().await, sign_in().await);
    let logout = format!("{}/logout", house.cas.url());
    // The server posts its notices before it answers.
    let page = here.open(&logout.parse().unwrap()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    house.at_cas(&mut here, &[]).await;
    assert_is_zoe(&elsewhere.open(&house.request(&[])).await);
}

#[tokio::test]
async fn r66_a_notice_from_elsewhere_ends_nothing() {
    for (from, status) in [("192.0.2.1", 403), ("127.0.0.0/8", 400)] {
        let house = House::start(&format!("notices-from = [\"{from}\"]")).await;
        let mut browser = BrowserSim::new();
        let page = house.at_cas(&mut browser, &[]).await;
        let form = Form::post(service(&page).as_str(), &[("logoutRequest", "<x/>")]);
        let answer = browser.submit(&page, &form).await;
        assert_eq!(answer.status, status, "{from}");
    }
}

#[tokio::test]
async fn r66_a_made_up_notice_ends_nothing_and_is_refused_by_its_shape() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    browser.stays_at = Some(house.cas.url().origin());
    let sent = house.sign_in(&mut browser, &page).await;
    let callback = Url::parse(sent.header("location").unwrap()).unwrap();
    browser.stays_at = None;
    let page = browser.open(&callback).await;
    assert_is_zoe(&page);
    let (_, ticket) = callback.query_pairs().next().unwrap();
    let notice = |inside: &str| {
        format!(
            "<p:LogoutRequest xmlns:p=\"{SAMLP}\" ID=\"_1\" Version=\"2.0\">{inside}</p:LogoutRequest>"
        )
    };
    let of = |ticket: &str| format!("<p:SessionIndex>{ticket}</p:SessionIndex>");
    let right = of(&ticket);
    let mut address = callback.clone();
    address.set_query(None);
    let mut server = BrowserSim::new();
    for (field, text, status) in [
        ("logoutRequest", notice(&of("ST-made-up")), 200),
        ("logoutRequest", notice(&format!("{right}{right}")), 400),
        ("logoutRequest", notice(""), 400),
        ("logoutRequest", notice(&of(&format!("<b/>{ticket}"))), 400),
        ("logoutRequest", right.clone(), 400),
        (
            "logoutRequest",
            format!("<!DOCTYPE x>{}", notice(&right)),
            400,
        ),
        ("logoutRequest", notice(&right).replace(SAMLP, "urn:x"), 400),
        ("logoutrequest", notice(&right), 400),
        (
            "logoutRequest",
            notice(&format!("{right}{}", " ".repeat(16 * 1024))),
            413,
        ),
    ] {
        let form = Form::post(address.as_str(), &[(field, &text)]);
        let answer = server.submit(&page, &form).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, ""),
            "{text}"
        );
        // Our own session answers still, and not the one at CAS.
        let page = browser.open(&house.request(&[])).await;
        assert_is_zoe(&page);
        assert!(page.redirected_from.is_empty(), "{text}");
    }
    // The same by another address of ours: the ticket alone counts.
    let elsewhere = format!("{}/cas/zoom/dead", house.bridge.base);
    let form = Form::post(&elsewhere, &[("logoutRequest", &notice(&right))]);
    for _ in 0..2 {
        assert_eq!(server.submit(&page, &form).await.status, 200);
    }
    let page = browser.open(&house.request(&[])).await;
    assert_is_zoe(&page);
    assert!(
        !page.redirected_from.is_empty(),
        "by way of CAS, which knows the person"
    );
}

#[tokio::test]
async fn a_cas_server_that_does_not_answer_is_told_and_the_next_try_goes_through() {
    let mut house = House::start("timeout-seconds = 1").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    browser.stays_at = Some(house.cas.url().origin());
    let sent = house.sign_in(&mut browser, &page).await;
    let callback = Url::parse(sent.header("location").unwrap()).unwrap();
    browser.stays_at = None;
    let address = house.cas.url();
    // It is gone in between.
    drop(std::mem::replace(
        &mut house.cas,
        CasServer::start(&[ZOE, NO_MAIL]).await,
    ));
    let page = browser.open(&callback).await;
    assert_eq!(
        (page.status, page.kind().as_deref()),
        (503, Some("stop")),
        "{address}"
    );
    assert!(
        page.body.contains("data-reason=\"sign-in-unavailable\""),
        "{}",
        page.body
    );
    // Others are served.
    let health = browser
        .open(&format!("{}/readyz", house.bridge.base).parse().unwrap())
        .await;
    assert_eq!(health.status, 200);
}

#[tokio::test]
async fn that_no_file_is_left_is_told_as_our_own_fault_and_the_next_try_goes_through() {
    let house = House::start("").await;
    let server = house.server.as_ref().unwrap();
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    browser.stays_at = Some(house.cas.url().origin());
    let sent = house.sign_in(&mut browser, &page).await;
    let callback = Url::parse(sent.header("location").unwrap()).unwrap();
    browser.stays_at = None;
    // A connection that is there already, since no other one can be taken.
    let address = (Ipv4Addr::LOCALHOST, callback.port().unwrap());
    let mut kept = TcpStream::connect(address).await.unwrap();
    let host = &callback[Position::BeforeHost..Position::AfterPort];
    let first = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    kept.write_all(first.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("ok\n") {
        answer.push(char::from(kept.read_u8().await.unwrap()));
    }
    let cookies = browser.jar.header(&callback, Standing::CrossSiteSafe);
    let before = server.forbid_files();
    let question = format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
        &callback[Position::BeforePath..],
        cookies.unwrap()
    );
    kept.write_all(question.as_bytes()).await.unwrap();
    answer.clear();
    kept.read_to_string(&mut answer).await.unwrap();
    server.allow_files(before);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("data-reason=\"busy\""), "{answer}");
    let raise = "a server could not be asked: raise LimitNOFILE";
    server.says(&[raise, "Too many open files"]).await;
    let log = server.log();
    assert!(!log.contains("a server does not answer"), "{log}");
    // Nothing rests: the button of that page leads to CAS, which knows the person, and back.
    let again = form::link(&answer, "data-testid", "again").unwrap();
    let page = browser.open(&callback.join(&again).unwrap()).await;
    assert_is_zoe(&page);
}

#[tokio::test]
async fn r64_tickets_are_validated_over_tls_with_whom_the_university_vouches_for() {
    let cas = CasServer::start(&[ZOE]).await;
    let lab = TempDir::new().unwrap();
    let sites = [SpSite::prepare(SpKind::Python3Saml, lab.path())];
    let (ours, other) = (Authority::new("University"), Authority::new("World"));
    let write = |name: &str, authority: &Authority| {
        let file = lab.path().join(name);
        std::fs::write(&file, authority.pem()).unwrap();
        file
    };
    let (ca, of_system) = (write("ca.pem", &ours), write("system.pem", &other));
    let ca = format!("ca = \"{}\"", ca.display());
    let (here, elsewhere) = ("localhost", "cas.example.org");
    for (key, ca, is_believed) in [
        (ours.vouch_for(here), &*ca, true),
        (ours.vouch_for(elsewhere), &ca, false),
        // The system believes it, and the configuration does not.
        (other.vouch_for(here), &ca, false),
        (other.vouch_for(here), "", true),
        (ours.vouch_for(here), "", false),
    ] {
        let node = tls_before(&cas, &key);
        let mut bridge = RealBridge::prepare(&sites);
        bridge.system_authorities = Some(of_system.clone());
        let more = format!("validate-at = [\"{node}\"]\n{ca}");
        let _server = start(&bridge, cas.url().as_str(), &more).await;
        let mut browser = BrowserSim::new();
        let page = browser.open(&request(&bridge, &[])).await;
        let form = filled(&page, LOGIN, PASSWORD);
        let page = browser.submit(&page, &form).await;
        if is_believed {
            assert_is_zoe(&page);
        } else {
            assert_eq!((page.status, page.kind().as_deref()), (503, Some("stop")));
        }
    }
}

#[tokio::test]
async fn a_cas_server_that_hangs_keeps_nobody_but_those_who_come_back_from_it() {
    // Of 128 in all, as many as one network may have.
    const PLACES: usize = 48;
    // It accepts, and never answers.
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cas = format!("http://{}/cas", hung.local_addr().unwrap());
    let lab = TempDir::new().unwrap();
    let site = SpSite::prepare(SpKind::Python3Saml, lab.path());
    let bridge = RealBridge::prepare(&[site]);
    let _server = start(&bridge, &cas, "timeout-seconds = 30").await;
    let ours = Url::parse(&bridge.base).unwrap();
    let mut people = Vec::new();
    for number in 0..=PLACES {
        let mut browser = BrowserSim::new();
        browser.stays_at = Some(ours.origin());
        let page = browser.open(&request(&bridge, &[])).await;
        let login = Url::parse(page.header("location").unwrap()).unwrap();
        let (_, callback) = login
            .query_pairs()
            .find(|(name, _)| name == "service")
            .unwrap();
        let callback = format!("{callback}?ticket=ST-{number}");
        people.push((browser, Url::parse(&callback).unwrap()));
    }
    let (mut last, callback) = people.pop().unwrap();
    let mut waiting = JoinSet::new();
    for (mut browser, callback) in people {
        waiting.spawn(async move { browser.open(&callback).await });
    }
    // It is looked for as well, by as many as that takes.
    let (mut held, mut looks) = (Vec::new(), Vec::new());
    while held.len() < PLACES {
        let (mut asked, _) = hung.accept().await.unwrap();
        let mut question = [0; 8192];
        let length = asked.read(&mut question).await.unwrap();
        let is_of_ticket = String::from_utf8_lossy(&question[..length]).contains("ticket=");
        if is_of_ticket { &mut held } else { &mut looks }.push(asked);
    }
    let page = last.open(&callback).await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("B-CAS-01"), "{}", page.body);
    let health = last.open(&ours.join("/readyz").unwrap()).await;
    assert_eq!(health.status, 200);
    assert!(waiting.try_join_next().is_none(), "the others still wait");
    // It dies.
    drop((hung, held, looks));
    for page in waiting.join_all().await {
        assert_eq!(page.status, 503);
        assert!(
            page.body.contains("data-reason=\"sign-in-unavailable\""),
            "{}",
            page.body
        );
    }
}
