//! Whole sign-ins at a directory that none of us wrote: OpenLDAP's slapd, over TLS.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::sp_check::Identity;
use serde_json::json;
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};

use crate::{
    bridge::{
        Bridge, LIBRARY, Setup, ZOOM,
        browser::{BROWSER_COOKIE, Browser, SESSION_COOKIE},
        log::Log,
        page::Page,
        watch::text_of,
    },
    lab::slapd::{Kind, READER_DN, Slapd, synthetic_people},
    trial::{alike, click, shown},
};

const BASE: &str = "ou=people,dc=univ,dc=example";

/// How a bridge asks a directory.
pub(crate) struct Asking<'a> {
    /// The addresses of its servers.
    pub(crate) urls: &'a [String],
    /// The authority that vouches for them.
    pub(crate) ca: PathBuf,
    /// The account of ours, where there is one.
    pub(crate) password_file: Option<PathBuf>,
    /// More lines of `[authn.ldap]`, and tables after it.
    pub(crate) more: &'a str,
}

impl<'a> Asking<'a> {
    fn of(slapd: &Slapd, urls: &'a [String], more: &'a str) -> Self {
        Self {
            urls,
            ca: slapd.ca(),
            password_file: Some(slapd.reader_password_file()),
            more,
        }
    }

    /// What to build the bridge from.
    pub(crate) fn setup(&self) -> Setup {
        let account = match &self.password_file {
            Some(file) => format!(
                "bind-dn = '{READER_DN}'\nbind-password-file = '{}'",
                file.display()
            ),
            None => String::new(),
        };
        let authn = format!(
            "[authn]\nmethods = ['ldap']\n[authn.ldap]\nurl = {:?}\nca = '{}'\nbase = '{BASE}'\n{account}\n{}",
            self.urls,
            self.ca.display(),
            self.more,
        );
        Setup {
            authn: Some(authn),
            ..Setup::new()
        }
    }
}

/// A bridge on one directory, asked over ldaps.
async fn house(more: &str) -> (Slapd, Bridge) {
    house_of(Kind::default(), more).await
}

async fn house_of(kind: Kind<'_>, more: &str) -> (Slapd, Bridge) {
    let slapd = Slapd::start(kind).await;
    let bridge = Asking::of(&slapd, &[slapd.ldaps_url()], more)
        .setup()
        .build();
    (slapd, bridge)
}

/// The form of a new sign-in.
async fn form(bridge: &Bridge, browser: &mut Browser) -> Page {
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    assert_eq!(page.kind(), "login");
    page
}

/// The page after one attempt in a new browser.
pub(crate) async fn attempt(bridge: &Bridge, login: &str, password: &str) -> Page {
    let mut browser = bridge.browser();
    let page = form(bridge, &mut browser).await;
    browser.submit(&page, &page.filled(login, password)).await
}

/// What the provider is told of somebody who is let in.
pub(crate) async fn told(bridge: &Bridge, login: &str, password: &str) -> Identity {
    let mut browser = bridge.browser();
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    let page = browser.submit(&page, &page.filled(login, password)).await;
    assert_eq!(page.kind(), "post", "{login}: {}", text_of(&page.body));
    bridge.identity(&page.answer(), ZOOM, request.id())
}

async fn mail_of(bridge: &Bridge, login: &str, password: &str) -> String {
    told(bridge, login, password).await.name_id.value
}

#[tokio::test]
async fn r71_people_sign_in_by_each_way_to_find_them_over_each_kind_of_tls() {
    let slapd = Slapd::start(Kind::default()).await;
    let template = format!("user = 'uid={{login}},{BASE}'");
    for url in [slapd.ldaps_url(), slapd.start_tls_url()] {
        for (more, has_account) in [("", true), (&template, true), (&template, false)] {
            let mut asking = Asking::of(&slapd, std::slice::from_ref(&url), more);
            if !has_account {
                asking.password_file = None;
            }
            let bridge = asking.setup().build();
            // Twice: the second one finds connections that the first one has left.
            for _ in 0..2 {
                let identity = told(&bridge, " ALICE ", "wonderland").await;
                assert_eq!(identity.name_id.value, "alice@univ.example");
                let attribute = |name: &str| {
                    let found = identity.attributes.iter().find(|one| one.name == name);
                    found.map(|one| one.values.clone()).unwrap_or_default()
                };
                assert_eq!(attribute("urn:oid:2.5.4.42"), ["Alice"]);
                assert_eq!(
                    attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.1"),
                    ["member", "student"]
                );
                assert_eq!(attribute("zoomLicense"), ["basic"]);
            }
            attempt(&bridge, "alice", "Wonderland")
                .await
                .is_refused("alice");
        }
    }
}

impl Page {
    /// Checks that it is the form once more, with the text that lets nobody in.
    #[track_caller]
    pub(crate) fn is_refused(&self, login: &str) {
        assert_eq!(
            (self.status, self.kind().as_str()),
            (200, "login"),
            "{login}"
        );
        assert!(
            self.body.contains("id=\"refused\""),
            "{login}: {}",
            self.body
        );
    }
}

#[tokio::test]
async fn a_test_in_the_directory_shows_what_a_sign_in_sends() {
    let (_slapd, bridge) = house("[test]\npeople = ['alice']").await;
    let mut browser = bridge.browser();
    let page = click(&mut browser, "zoom").await;
    let form = page.filled(" ALICE ", "wonderland");
    let page = browser.submit(&page, &form).await;
    let tried = shown(&page);
    assert!(page.body.contains(">l’annuaire<"), "{}", page.body);
    let request = bridge.request();
    let mut browser = bridge.browser();
    let page = browser.arrive(&request.redirect(None)).await;
    let form = page.filled("alice", "wonderland");
    let sent = browser.submit(&page, &form).await.answer();
    assert_eq!(alike(&tried.xml), alike(&sent.xml));
    let page = click(&mut browser, "zoom").await;
    assert_eq!(alike(&shown(&page).xml), alike(&sent.xml));
}

#[tokio::test]
async fn r73_whoever_is_not_let_in_reads_the_same_whatever_the_reason() {
    let (_slapd, bridge) = house("").await;
    let mut seen = BTreeSet::new();
    for (login, password) in [
        ("alice", "Wonderland"),
        ("nobody", "wonderland"),
        ("locked", "locked"),
        ("locked", "wrong"),
        ("expired", "expired"),
        ("expired", "wrong"),
        ("twin", "twin1"),
        ("suspended", "wrong"),
        ("mustchange", "wrong"),
        ("alice", "\u{1}"),
    ] {
        let page = attempt(&bridge, login, password).await;
        page.is_refused(login);
        let help = page.link("change-password");
        assert_eq!(help.as_deref(), Some("https://password.example.org"));
        let mut body = page.body.replace(&format!("value=\"{login}\""), "");
        let form = page.form();
        let action = form.action.replace('/', "&#x2f;");
        for part in [action.as_str(), form.value("csrf").unwrap()] {
            assert!(body.contains(part));
            body = body.replace(part, "");
        }
        // The names are not of one length.
        let mut headers = page.headers;
        headers.remove("content-length");
        seen.insert(format!("{headers:#?}{body}"));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn r75_a_state_is_told_to_whoever_has_the_password() {
    let (_slapd, bridge) = house("").await;
    for (login, reason) in [
        ("mustchange", "password-must-change"),
        ("nslocked", "account-shut"),
        ("suspended", "account-shut"),
        ("inactive", "account-shut"),
        ("verrouille", "account-shut"),
    ] {
        let mut browser = bridge.browser();
        let page = form(&bridge, &mut browser).await;
        let page = browser.submit(&page, &page.filled(login, login)).await;
        page.stops(403, reason);
        assert_eq!(browser.cookie(SESSION_COOKIE), None, "{login}");
    }
    // The state of another resource is none of ours.
    assert_eq!(
        mail_of(&bridge, "mailclosed", "mailclosed").await,
        "mailclosed@univ.example"
    );
}

#[tokio::test]
async fn r38_a_provider_that_is_retired_behind_the_page_of_a_password_gets_nothing() {
    let (_slapd, bridge) = house("warn-days = 30000").await;
    let mut browser = bridge.browser();
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    let notice = browser.submit(&page, &page.filled("soon", "soon")).await;
    assert_eq!(notice.kind(), "password-ends", "{}", notice.body);
    let retired = Setup {
        seed: 2,
        ..Setup::zoom("enabled = false")
    }
    .build();
    let mut there = retired.browser();
    there.jar = browser.jar.clone();
    let page = there.submit(&notice, &notice.form()).await;
    page.stops(403, "provider-disabled");
    assert_eq!(there.cookie(SESSION_COOKIE), None);
}

#[tokio::test]
async fn r75_a_password_that_ends_soon_is_told_before_the_person_goes_on() {
    let (_slapd, bridge) = house("warn-days = 30000").await;
    for (login, kind) in [("soon", "expire"), ("grace", "encore")] {
        let mut browser = bridge.browser();
        let request = bridge.request();
        let page = browser.arrive(&request.redirect(Some("state"))).await;
        let notice = browser.submit(&page, &page.filled(login, login)).await;
        assert_eq!(notice.kind(), "password-ends", "{}", notice.body);
        assert!(notice.body.contains(kind), "{}", notice.body);
        assert_eq!(
            notice.link("change-password").as_deref(),
            Some("https://password.example.org")
        );
        // Nobody is signed in by reading.
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
        bridge.wait(5);
        let proven_at = bridge.now() - jiff::SignedDuration::from_mins(5);
        let page = browser.submit(&notice, &notice.form()).await;
        let answer = page.answer();
        assert_eq!(answer.relay_state.as_deref(), Some("state"));
        let identity = bridge.identity(&answer, ZOOM, request.id());
        assert_eq!(identity.name_id.value, format!("{login}@univ.example"));
        assert_eq!(identity.authn_instant, proven_at);
        assert!(browser.cookie(SESSION_COOKIE).is_some());
        // Sent once more it ends nothing: the person stays signed in.
        bridge.wait_seconds(10);
        let page = browser.submit(&notice, &notice.form()).await;
        page.stops(400, "request-used");
        let request = bridge.request();
        let page = browser.arrive(&request.redirect(None)).await;
        bridge.identity(&page.answer(), ZOOM, request.id());
    }
}

#[tokio::test]
async fn r50_whoever_has_the_right_password_ends_the_session_of_another_before_they_read_a_page() {
    let (_slapd, bridge) = house("warn-days = 30000").await;
    for (login, kind) in [
        ("soon", "password-ends"),
        ("mustchange", "stop"),
        ("suspended", "stop"),
    ] {
        let mut browser = bridge.browser();
        let page = form(&bridge, &mut browser).await;
        let page = browser
            .submit(&page, &page.filled("alice", "wonderland"))
            .await;
        page.answer();
        bridge.wait(116);
        let page = form(&bridge, &mut browser).await;
        let log = Log::start();
        // Who mistypes ends nothing.
        let page = browser.submit(&page, &page.filled(login, "wrong")).await;
        assert_eq!(log.ended().len(), 0, "{login}: {}", log.text());
        let page = browser.submit(&page, &page.filled(login, login)).await;
        assert_eq!(page.kind(), kind, "{login}: {}", page.body);
        let ends = log.ended();
        assert_eq!(ends.len(), 1, "{login}: {}", log.text());
        assert_eq!(ends[0]["person"], "alice");
        assert_eq!(ends[0]["cause"], "replaced");
        let request = bridge.request_of(LIBRARY);
        let elsewhere = browser.clone().arrive(&request.redirect(None)).await;
        assert_eq!(elsewhere.kind(), "login", "{login}");
        if kind == "password-ends" {
            browser.submit(&page, &page.form()).await.answer();
            let again = bridge.request();
            let page = browser.arrive(&again.redirect(None)).await;
            let identity = bridge.identity(&page.answer(), ZOOM, again.id());
            assert_eq!(identity.name_id.value, "soon@univ.example");
        }
    }
}

#[tokio::test]
async fn r39_a_proof_of_a_click_on_our_page_signs_nobody_in_after_they_have_signed_out() {
    let slapd = Slapd::start(Kind::default()).await;
    let setup = Asking::of(&slapd, &[slapd.ldaps_url()], "warn-days = 30000").setup();
    let bridge = Setup {
        zoom: "idp-initiated = true".to_owned(),
        ..setup
    }
    .build();
    let mut browser = bridge.browser();
    let start = browser.arrive("/start/zoom").await;
    let page = browser.submit(&start, &start.form()).await;
    let notice = browser.submit(&page, &page.filled("soon", "soon")).await;
    assert_eq!(notice.kind(), "password-ends", "{}", notice.body);
    let answer = browser.submit(&notice, &notice.form()).await.answer();
    bridge.unsolicited_identity(&answer, ZOOM);
    browser.sign_out().await;
    bridge.wait_seconds(10);
    let page = browser.submit(&notice, &notice.form()).await;
    page.stops(400, "request-used");
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
}

#[tokio::test]
async fn r75_a_proof_goes_on_in_its_own_journey_and_browser_and_time_only() {
    let (_slapd, bridge) = house("warn-days = 30000").await;
    let mut browser = bridge.browser();
    let page = form(&bridge, &mut browser).await;
    let notice = browser.submit(&page, &page.filled("soon", "soon")).await;
    let sealed = notice.form().value("proof").unwrap().to_owned();

    // In another journey of the same browser.
    let page = form(&bridge, &mut browser).await;
    let other = browser.submit(&page, &page.filled("soon", "soon")).await;
    let forged = other.form().with("proof", &sealed);
    browser
        .submit(&other, &forged)
        .await
        .stops(400, "form-forged");
    // Changed on its way.
    let forged = notice.form().with("proof", &format!("{sealed}A"));
    browser
        .submit(&notice, &forged)
        .await
        .stops(400, "form-forged");
    // In another browser.
    let mut stranger = bridge.browser();
    form(&bridge, &mut stranger).await;
    stranger
        .submit(&notice, &notice.form())
        .await
        .stops(400, "other-browser");
    // Too late.
    bridge.wait(11);
    browser
        .submit(&notice, &notice.form())
        .await
        .stops(400, "journey-expired");
}

#[tokio::test]
async fn r70_what_is_typed_finds_the_person_of_that_name_and_nobody_else() {
    let (slapd, bridge) = house("").await;
    for (login, password, mail) in [
        ("bob*(", "builder", "bob@univ.example"),
        ("zo\u{e9}", "p\u{e4}ssw\u{f6}rd", "zoe@univ.example"),
        ("zoe\u{301}", "pa\u{308}sswo\u{308}rd", "zoe@univ.example"),
    ] {
        assert_eq!(mail_of(&bridge, login, password).await, mail, "{login}");
    }
    for login in [
        "*",
        "a*",
        "bob*",
        "bob\\2a\\28",
        "alice)(uid=*",
        ")(uid=*",
        "*)(objectClass=*",
        "alice\u{0}",
        "\u{0}",
        "twin",
        "uid=alice",
        "alice,ou=people",
        &"a".repeat(257),
    ] {
        attempt(&bridge, login, "wonderland")
            .await
            .is_refused(login);
        attempt(&bridge, login, "builder").await.is_refused(login);
    }
    let log = slapd.server().log();
    assert!(!log.contains("filter=\"(uid=*)\""), "{log}");
}

#[tokio::test]
async fn r74_every_spelling_that_the_directory_takes_is_one_account_and_rests_no_server() {
    let slapd = Slapd::start(Kind::default()).await;
    let template = format!("user = 'uid={{login}},{BASE}'");
    for more in ["", &template] {
        let bridge = Asking::of(&slapd, &[slapd.ldaps_url()], more)
            .setup()
            .build();
        for spelling in ["\u{ff41}lice", "\u{1d41a}lice", "ALICE", " alice "] {
            let mail = mail_of(&bridge, spelling, "wonderland").await;
            assert_eq!(mail, "alice@univ.example", "{more} {spelling}");
        }
        let mut waits = 0;
        for n in 0..12_u32 {
            let letter = char::from_u32(0x1d41a + 52 * (n % 3)).unwrap();
            let page = attempt(&bridge, &format!("{letter}nne.nobody"), "wrong").await;
            waits += usize::from(page.status == 429);
        }
        assert!(waits > 4, "{waits}");
    }
}

#[tokio::test]
async fn who_somebody_is_stands_in_the_record_and_is_never_what_was_typed() {
    let mallory = "dn: cn=mallory,ou=people,dc=univ,dc=example\nobjectClass: inetOrgPerson\n\
                   cn: mallory\nsn: Mallory\ndisplayName: dean\nmail: mallory@univ.example\n\
                   userPassword: mallory\n";
    let kind = Kind {
        more: mallory,
        ..Kind::default()
    };
    let more = "user = '(|(cn={login})(displayName={login}))'";
    let (_slapd, bridge) = house_of(kind, more).await;
    attempt(&bridge, "dean", "mallory")
        .await
        .stops(503, "sign-in-unavailable");
    attempt(&bridge, "dean", "wrong").await.is_refused("dean");
}

#[tokio::test]
async fn r70_names_that_need_escapes_are_bound_by() {
    let slapd = Slapd::start(Kind::default()).await;
    let template = format!("user = 'uid={{login}},{BASE}'");
    for more in ["", &template] {
        let bridge = Asking::of(&slapd, &[slapd.ldaps_url()], more)
            .setup()
            .build();
        let page = attempt(&bridge, "o'neill, anne", "comma").await;
        assert_eq!(page.kind(), "post", "{more}: {}", page.body);
        attempt(&bridge, "alice,ou=people", "wonderland")
            .await
            .is_refused("alice,ou=people");
    }
    let bridge = Asking::of(&slapd, &[slapd.ldaps_url()], "").setup().build();
    for (login, password) in [("quoter", "quotes"), ("spacer", "spaces")] {
        let page = attempt(&bridge, login, password).await;
        assert_eq!(page.kind(), "post", "{login}: {}", page.body);
    }
}

#[tokio::test]
async fn r71_no_empty_password_is_sent_and_a_server_that_lets_everybody_in_lets_nobody_in_here() {
    let lax = Kind {
        lax: true,
        ..Kind::default()
    };
    let slapd = Slapd::start(lax).await;
    let template = format!("user = 'uid={{login}},{BASE}'");
    for (more, has_account) in [("", true), (&template, true), (&template, false)] {
        let urls = [slapd.ldaps_url()];
        let mut asking = Asking::of(&slapd, &urls, more);
        if !has_account {
            asking.password_file = None;
        }
        let bridge = asking.setup().build();
        for password in ["", "\u{0}", "\u{0}\u{0}"] {
            let before = slapd.server().log().len();
            attempt(&bridge, "alice", password)
                .await
                .is_refused(password);
            attempt(&bridge, "nobody", password)
                .await
                .is_refused(password);
            assert_eq!(slapd.server().log().len(), before, "nothing was asked");
        }
        assert_eq!(
            mail_of(&bridge, "alice", "wonderland").await,
            "alice@univ.example"
        );
    }
}

#[tokio::test]
async fn r72_a_server_that_cannot_prove_its_name_gets_no_password() {
    let right = Slapd::start(Kind::default()).await;
    let wrong = Slapd::start(Kind {
        wrong_name: true,
        ..Kind::default()
    })
    .await;
    // Of the right authority and for another name; and of an authority that is not ours.
    for (slapd, ca) in [(&wrong, wrong.ca()), (&right, wrong.ca())] {
        for url in [slapd.ldaps_url(), slapd.start_tls_url()] {
            let urls = [url];
            let mut asking = Asking::of(slapd, &urls, "timeout-seconds = 2");
            asking.ca = ca.clone();
            let bridge = asking.setup().build();
            let page = attempt(&bridge, "alice", "wonderland").await;
            page.stops(503, "sign-in-unavailable");
        }
        assert!(!slapd.server().log().contains(" BIND "));
    }
}

#[tokio::test]
async fn a_directory_that_was_restarted_is_asked_on_new_connections_at_once() {
    let (mut slapd, bridge) = house("").await;
    mail_of(&bridge, "alice", "wonderland").await;
    slapd.start_again().await;
    mail_of(&bridge, "alice", "wonderland").await;
}

#[tokio::test]
async fn while_no_directory_answers_people_read_so_and_their_journey_goes_on_afterwards() {
    let (mut slapd, bridge) = house("").await;
    let mut browser = bridge.browser();
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(Some("state"))).await;
    slapd.stop();
    for _ in 0..4 {
        let stopped = browser
            .submit(&page, &page.filled("alice", "wonderland"))
            .await;
        stopped.stops(503, "sign-in-unavailable");
        let again = stopped.link("again").unwrap();
        let form = browser.open(&again).await;
        assert_eq!(form.kind(), "login");
    }
    slapd.start_again().await;
    // The rest of the only server is over.
    bridge.wait_seconds(11);
    let answer = browser
        .submit(&page, &page.filled("alice", "wonderland"))
        .await
        .answer();
    assert_eq!(answer.relay_state.as_deref(), Some("state"));
    bridge.identity(&answer, ZOOM, request.id());
}

#[tokio::test]
async fn the_next_server_takes_over_and_the_preferred_one_is_gone_back_to() {
    let mut first = Slapd::start(Kind::default()).await;
    let second = Slapd::start(Kind::default()).await;
    // One authority for both.
    let both = tempfile::tempdir().unwrap();
    let ca = both.path().join("both.crt");
    let pem = [first.ca(), second.ca()].map(|file| fs::read_to_string(file).unwrap());
    fs::write(&ca, pem.concat()).unwrap();
    // One password for the reader of both: the second directory is asked by a template.
    let more = format!("user = 'uid={{login}},{BASE}'");
    let urls = [first.ldaps_url(), second.ldaps_url()];
    let bridge = Asking {
        urls: &urls,
        ca,
        password_file: None,
        more: &more,
    }
    .setup()
    .build();
    let binds = |slapd: &Slapd| slapd.server().log().matches(" BIND dn=\"uid=alice").count();
    mail_of(&bridge, "alice", "wonderland").await;
    assert_eq!(binds(&second), 0);

    // It accepts, and never answers.
    first.pause();
    mail_of(&bridge, "alice", "wonderland").await;
    let after_pause = binds(&second);
    assert!(after_pause > 0);
    // It rests, and nobody waits for it.
    mail_of(&bridge, "alice", "wonderland").await;
    first.go_on();
    // Nobody waits long for one that is not the last: on a busy machine one trial may not be enough.
    let mut trials_in_vain = 0;
    let second_before = loop {
        bridge.wait_seconds(11);
        mail_of(&bridge, "alice", "wonderland").await;
        let second_before = binds(&second);
        mail_of(&bridge, "alice", "wonderland").await;
        if binds(&second) == second_before {
            break second_before;
        }
        trials_in_vain += 1;
        assert!(trials_in_vain < 10, "back with the first one");
    };

    // It is gone.
    first.stop();
    mail_of(&bridge, "alice", "wonderland").await;
    assert!(binds(&second) > second_before);

    // And each of them has its count, without its name.
    let ready = bridge.browser().open("/readyz").await.body;
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let [one, other] = &ready["directory_servers"].as_array().unwrap()[..] else {
        panic!("{ready}")
    };
    let failed = 2 + trials_in_vain;
    assert_eq!(
        (&one["failed"], &one["resting"]),
        (&json!(failed), &json!(true))
    );
    assert_eq!(
        (&other["failed"], &other["resting"]),
        (&json!(0), &json!(false))
    );
    assert!(!ready.to_string().contains("127.0.0.1"), "{ready}");

    // With its name, and by the kind of fault, where only machines of our own ask.
    let told = bridge.metrics().await;
    let [one, other] = urls.map(|url| format!("{{kind=\"ldap\",server=\"{url}\""));
    for line in [
        format!(
            "passerelle_server_faults_total{one},fault=\"timeout\"}} {}\n",
            failed - 1
        ),
        format!("passerelle_server_resting{one}}} 1\n"),
        format!("passerelle_server_resting{other}}} 0\n"),
        "passerelle_sessions_unkept_total 0\n".to_owned(),
    ] {
        assert!(told.contains(&line), "{line}{told}");
    }
    let answers = format!("passerelle_server_answers_total{other}}} ");
    assert!(told.contains(&answers) && !told.contains(&format!("{answers}0\n")));
    // What has not been yet is told, too: a watcher sees the first fault of a kind as one more.
    let none = format!("_faults_total{other},fault=\"timeout\"}} 0\n");
    assert!(told.contains(&none), "{none}{told}");
    assert!(told.ends_with("# EOF\n"), "{told}");
}

#[tokio::test]
async fn r113_an_address_that_somebody_else_has_lets_neither_of_them_in() {
    let (_slapd, bridge) = house("").await;
    for login in ["clash1", "clash2"] {
        let mut browser = bridge.browser();
        let page = form(&bridge, &mut browser).await;
        let page = browser.submit(&page, &page.filled(login, login)).await;
        page.stops(403, "mail-of-another");
        assert_eq!(browser.cookie(SESSION_COOKIE), None, "{login}");
    }
    attempt(&bridge, "nomail", "nomail")
        .await
        .stops(403, "no-mail");
    attempt(&bridge, "twomails", "twomails")
        .await
        .stops(403, "several-mails");
}

#[tokio::test]
async fn r113_so_does_an_address_that_is_told_as_an_unspecified_name() {
    let slapd = Slapd::start(Kind::default()).await;
    // As it stands, or made of an address or a part of one by a rule.
    for (from, rule) in [
        ("mail", ""),
        ("nick", "[attributes]\nnick = \"mail|first|upper\""),
        (
            "nick",
            "[attributes]\nnick = \"mail|first|split('@')|first\"",
        ),
    ] {
        let bridge = Setup {
            zoom: format!("name-id = {{ format = 'unspecified', from = '{from}' }}\nrelease = []"),
            more: rule.to_owned(),
            ..Asking::of(&slapd, &[slapd.ldaps_url()], "").setup()
        }
        .build();
        attempt(&bridge, "clash1", "clash1")
            .await
            .stops(403, "mail-of-another");
        attempt(&bridge, "alice", "wonderland").await.answer();
    }
}

#[tokio::test]
async fn rules_read_options_binary_values_and_operational_attributes() {
    let slapd = Slapd::start(Kind::default()).await;
    let rules = "[attributes]
department = 'displayName_lang_fr'
title = 'memberOf'
employeeNumber = 'entryUUID'
eduPersonNickname = 'jpegPhoto'
";
    let urls = [slapd.ldaps_url()];
    let setup = Setup {
        zoom: "release = [
            { attribute = 'mail', values = 'one-in-mail-domain', required = true },
            { attribute = 'department' },
            { attribute = 'title' },
            { attribute = 'employeeNumber' },
            { attribute = 'eduPersonNickname' },
        ]"
        .to_owned(),
        more: rules.to_owned(),
        ..Asking::of(&slapd, &urls, "").setup()
    };
    let bridge = setup.build();
    let all = |identity: Identity| {
        let values = identity.attributes.into_iter().flat_map(|one| one.values);
        values.collect::<Vec<_>>().join(" | ")
    };
    let of_binary = all(told(&bridge, "binary", "binary").await);
    assert!(of_binary.contains('-'), "entryUUID: {of_binary}");
    assert!(of_binary.contains("/9j/"), "{of_binary}");
    let of_grouped = all(told(&bridge, "grouped", "grouped").await);
    assert!(of_grouped.contains("cn=teachers,"), "{of_grouped}");
}

#[tokio::test]
async fn rules_read_the_groups_that_name_a_person_and_the_names_of_their_units() {
    let slapd = Slapd::start(Kind::default()).await;
    let more = "[authn.ldap.groups]\nbase = 'ou=groups,dc=univ,dc=example'\n\
                [authn.ldap.units]\nbase = 'ou=structures,dc=univ,dc=example'";
    let rules = "[attributes]\ntitle = 'groups'\n\
                 department = 'supannEntiteAffectationPrincipale_label'\n\
                 ou = 'supannEntiteAffectation_label'\n";
    let urls = [slapd.ldaps_url()];
    let setup = Setup {
        zoom: "release = [
            { attribute = 'mail', values = 'one-in-mail-domain', required = true },
            { attribute = 'title' },
            { attribute = 'department', name = 'main', name-format = 'basic' },
            { attribute = 'ou', name = 'all', name-format = 'basic' },
        ]"
        .to_owned(),
        more: rules.to_owned(),
        ..Asking::of(&slapd, &urls, more).setup()
    };
    let bridge = setup.build();
    let values = |identity: &Identity, name: &str| {
        let found = identity.attributes.iter().find(|one| one.name == name);
        found.map(|one| one.values.clone()).unwrap_or_default()
    };
    let grouped = told(&bridge, "grouped", "grouped").await;
    let mut groups = values(&grouped, "urn:oid:2.5.4.12");
    groups.sort();
    assert_eq!(groups, ["teachers", "zoom, licensed"]);
    for _ in 0..2 {
        let units = told(&bridge, "units", "units").await;
        assert_eq!(
            values(&units, "main"),
            ["Direction des syst\u{e8}mes d'information"]
        );
        // One has no description, and one no entry.
        assert_eq!(
            values(&units, "all"),
            [
                "Direction des syst\u{e8}mes d'information",
                "D\u{e9}partement de litt\u{e9}rature compar\u{e9}e",
                "Biblioth\u{e8}que universitaire"
            ]
        );
    }
    let searches = slapd
        .server()
        .log()
        .matches("(supannCodeEntite=dsi)")
        .count();
    assert_eq!(searches, 1, "remembered");
}

#[tokio::test]
async fn r121_no_password_and_no_name_of_who_was_refused_reaches_the_log() {
    let log = Log::start();
    let (_slapd, bridge) = house("").await;
    attempt(&bridge, "alice", "wonderland").await;
    attempt(&bridge, "zo\u{e9}", "geheim123").await;
    attempt(&bridge, "locked", "geheim456").await;
    attempt(&bridge, "suspended", "suspended").await;
    let text = log.text();
    for secret in [
        "wonderland",
        "geheim",
        "zo\u{e9}",
        "suspended@",
        "uid=locked",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    for reason in ["wrong-password", "locked", "account-shut"] {
        assert!(text.contains(reason), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r48_a_thousand_people_sign_in_at_one_time_and_each_is_told_of_as_themselves() {
    const PEOPLE: usize = 1000;
    let more = synthetic_people(25_000);
    let slapd = Slapd::start(Kind {
        more: &more,
        ..Kind::default()
    })
    .await;
    // From one network, as behind a proxy of a campus: the throttle is another test's business.
    let throttle = "timeout-seconds = 30\n[authn.throttle]\nfree-per-network = 5000";
    let urls = [slapd.ldaps_url()];
    let bridge = Arc::new(Asking::of(&slapd, &urls, throttle).setup().build());
    let mut people: Vec<(String, String, String)> = Vec::new();
    let mut holders = std::collections::HashMap::new();
    for entry in more.split("\n\n") {
        let values = |name: &str| -> Vec<&str> {
            let prefix = format!("{name}: ");
            entry
                .lines()
                .filter_map(|line| line.strip_prefix(prefix.as_str()))
                .collect()
        };
        for mail in values("mail") {
            *holders.entry(mail.to_lowercase()).or_insert(0) += 1;
        }
        let is_open = values("supannRessourceEtat")
            .iter()
            .all(|state| !state.starts_with("{COMPTE}I") && !state.starts_with("{COMPTE}S"));
        if let ([uid], [mail]) = (&*values("uid"), &*values("mail"))
            && is_open
            && mail.ends_with("@univ.example")
        {
            people.push(((*uid).to_owned(), mail.to_lowercase(), entry.to_owned()));
        }
    }
    // Those who share an address are refused, which is another test's business.
    people.retain(|(_, mail, _)| holders[mail] == 1);
    assert!(people.len() >= PEOPLE, "{}", people.len());
    // From all over the directory.
    let among = people.len() / PEOPLE;
    let people = people.into_iter().step_by(among).take(PEOPLE);

    let mut tasks = JoinSet::new();
    let crowd = Arc::new(Crowd {
        at_the_form: Barrier::new(PEOPLE),
        at_the_directory: Semaphore::new(8 * CONNECTIONS),
    });
    for (uid, mail, entry) in people {
        let (bridge, crowd) = (Arc::clone(&bridge), Arc::clone(&crowd));
        tasks.spawn(async move { twice(&bridge, &crowd, [&uid, &mail, &entry]).await });
    }
    // Nobody's cookie is anybody else's, and none is another cookie's either.
    let done = tasks.join_all().await;
    assert_eq!(done.len(), PEOPLE);
    let cookies: BTreeSet<String> = done.into_iter().flatten().collect();
    assert_eq!(cookies.len(), 2 * PEOPLE);
}

/// How many questions a directory is asked at one time, where nothing else is said.
const CONNECTIONS: usize = 16;

/// People who all sign in at one time.
struct Crowd {
    /// All of them are in the middle of it before the first one goes on.
    at_the_form: Barrier,
    /// Then as many send their passwords as keep all connections busy and a queue before each: how long
    /// the last of a thousand waits for one directory says how fast the machine is, and who waits for
    /// longer than `timeout-seconds` is rightly told to come back.
    at_the_directory: Semaphore,
}

/// Somebody signs in, and once more on the session, and both times is told of as themselves, with
/// nothing that is not in their own entry; gives their cookies.
async fn twice(bridge: &Bridge, crowd: &Crowd, [uid, mail, entry]: [&str; 3]) -> [String; 2] {
    let mut browser = bridge.browser();
    let mut cookies = None;
    for round in 0..2 {
        let request = bridge.request();
        let state = format!("{uid} {round}");
        let mut page = browser.arrive(&request.redirect(Some(&state))).await;
        if round == 0 {
            let form = page.filled(uid, &format!("{uid}-secret"));
            crowd.at_the_form.wait().await;
            let _place = crowd.at_the_directory.acquire().await.unwrap();
            page = browser.submit(&page, &form).await;
        }
        let answer = page.answer();
        assert_eq!(answer.relay_state, Some(state));
        let identity = bridge.identity(&answer, ZOOM, request.id());
        assert_eq!(identity.name_id.value, mail, "{uid}");
        let mut released = identity.attributes.iter();
        let released = released.find(|one| one.name.ends_with(".100.1.3"));
        assert_eq!(released.unwrap().values, [mail], "{uid}");
        let values = identity.attributes.iter().flat_map(|one| &one.values);
        // The licence is a word of the rules, not of the entry.
        let is_of_entry =
            |value: &&String| !["none", "basic", "licensed"].contains(&value.as_str());
        for value in values.filter(is_of_entry) {
            let base64 = STANDARD.encode(value);
            let is_own = |line: &str| {
                let value_of = line.split_once(": ").map(|(_, value)| value);
                value_of.is_some_and(|own| own.eq_ignore_ascii_case(value) || own == base64)
            };
            assert!(
                entry.lines().any(is_own),
                "{uid}: {value} is not in {entry}"
            );
        }
        let kept = [BROWSER_COOKIE, SESSION_COOKIE].map(|name| browser.cookie(name).unwrap());
        assert_eq!(cookies.get_or_insert_with(|| kept.clone()), &kept, "{uid}");
    }
    cookies.unwrap()
}
