//! Marked secrets, carried through whole sign-ins of each kind, through refusals and through faults:
//! none is found in a log line, in what is measured, in what is kept for the help desk, in what the server shows of
//! itself, in what nodes share, or on a page where it has no business.

mod store;

use std::{
    collections::{BTreeSet, HashSet},
    fs,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::{
    authn::local::hash_password,
    model::support_code::SupportCode,
    sys::{entropy::SeededEntropy, secret::Secret},
};
use percent_encoding::percent_decode_str;

use crate::{
    bridge::{
        Bridge, Setup, ZOOM,
        browser::{BROWSER_COOKIE, Browser, SESSION_COOKIE},
        keys::{idp_key, strange_key},
        log::Log,
        page::Page,
        request::{encode, post, redirect},
    },
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
        ldap_script::{Act, Kind, password_of},
        until::until,
    },
    scripted_cas, scripted_ldap,
};

/// The RelayState of every request.
const STATE: &str = "canary/relay state/5e1f07";
/// A password that is wrong.
const WRONG: &str = "canary-wrong-password-77ab";

/// Where a secret may be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Business {
    /// Nowhere.
    Nowhere,
    /// On a page of ours, which has to carry it on.
    AnyPage,
    /// On the page that posts the answer.
    AnswerPage,
}

/// What is not to be found, and all that people saw.
#[derive(Debug)]
struct Canary {
    log: Log,
    secrets: Vec<(&'static str, Business, String)>,
    pages: Vec<Page>,
}

impl Canary {
    /// Starts with what every bridge has.
    fn start() -> Self {
        let mut canary = Self {
            log: Log::start(),
            secrets: Vec::new(),
            pages: Vec::new(),
        };
        canary.mark("RelayState", Business::AnswerPage, STATE);
        canary.mark("a wrong password", Business::Nowhere, WRONG);
        let pem = idp_key().private_pem();
        for line in pem.lines().filter(|line| !line.starts_with('-')) {
            canary.mark("the signing key", Business::Nowhere, line);
        }
        canary.mark("the seal's key", Business::Nowhere, "S".repeat(42));
        canary.mark("the pairwise key", Business::Nowhere, "p".repeat(43));
        canary
    }

    fn mark(&mut self, what: &'static str, business: Business, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(
            secret.len() >= 12,
            "{what}: too short to be told from other text"
        );
        self.secrets.push((what, business, secret));
    }

    fn sees(&mut self, page: &Page) {
        self.pages.push(page.clone());
    }

    /// The page with the form, and what it carries on.
    fn sees_form(&mut self, login: &Page) {
        self.sees(login);
        let form = login.form();
        let seal = form.action.rsplit_once('/').unwrap().1.to_owned();
        self.mark("a journey", Business::AnyPage, seal);
        self.mark(
            "a form's key",
            Business::AnyPage,
            form.value("csrf").unwrap(),
        );
    }

    /// The answer, and what the browser keeps.
    fn sees_answer(&mut self, browser: &Browser, page: &Page) {
        self.sees(page);
        let answer = page.answer();
        self.mark("a Response", Business::AnswerPage, answer.base64);
        let (_, assertion) = answer.xml.split_once("<saml:Assertion ").unwrap();
        self.mark("an assertion", Business::AnswerPage, assertion);
        let (_, signature) = answer.xml.split_once("SignatureValue>").unwrap();
        let (signature, _) = signature.split_once('<').unwrap();
        self.mark("a signature", Business::AnswerPage, signature);
        for name in [BROWSER_COOKIE, SESSION_COOKIE] {
            let value = browser.cookie(name).unwrap();
            self.mark("a cookie", Business::Nowhere, value);
        }
    }

    /// What nobody may be answered for, with the RelayState and other marks in every part of it.
    async fn is_refused(&mut self, bridge: &Bridge, browser: &mut Browser) {
        let outdated = bridge
            .request()
            .with("IssueInstant", "2020-01-01T00:00:00Z");
        let evil = bridge.request().with(
            "AssertionConsumerServiceURL",
            &format!("https://evil.example/{STATE}"),
        );
        let state = encode(STATE);
        let signed = bridge.request().redirect_signed(strange_key(), Some(STATE));
        let (_, signature) = signed.split_once("&Signature=").unwrap();
        let signature = percent_decode_str(signature).decode_utf8().unwrap();
        self.mark("a request's signature", Business::Nowhere, signature);
        for path in [
            outdated.redirect(Some(STATE)),
            signed,
            bridge
                .request_of(&format!("https://x/{state}"))
                .redirect(Some(STATE)),
            evil.redirect(Some(STATE)),
            redirect(format!("<{STATE}").as_bytes(), None),
            format!("/saml/sso?SAMLRequest={state}&RelayState={state}"),
            format!("/j/zoom/{state}"),
            format!("/cas/zoom/{state}?ticket={state}"),
            format!("/{state}?{state}"),
        ] {
            let page = browser.arrive(&path).await;
            assert!(page.status >= 400, "{path}");
            self.sees(&page);
        }
        let page = browser
            .arrive_by_post("/saml/sso", &post(STATE.as_bytes(), Some(STATE)))
            .await;
        page.stops(400, "request-unreadable");
        self.sees(&page);
        // What the provider is told of, and is no error of anybody's.
        let passive = bridge.request().with("IsPassive", "true");
        let page = bridge
            .browser()
            .arrive(&passive.redirect(Some(STATE)))
            .await;
        self.sees(&page);
    }

    /// Signs out: the page for it, and the one after it.
    async fn signs_out(&mut self, browser: &mut Browser) {
        let page = browser.open("/logout").await;
        self.sees(&page);
        self.mark(
            "a form's key",
            Business::AnyPage,
            page.form().value("csrf").unwrap(),
        );
        let done = browser.submit(&page, &page.form()).await;
        assert_eq!(done.kind(), "logged-out");
        self.sees(&done);
    }

    /// What is kept of all sign-ins, as it is stored and as the command prints it for scripts.
    async fn stories(&self, bridge: &Bridge) -> String {
        let lines = self.log.lines();
        // But those that this has asked for before.
        let codes: Vec<_> = { lines.iter() }
            .filter(|line| line["event"] != "story-shown")
            .filter_map(|line| SupportCode::parse(line["support.code"].as_str()?).ok())
            .collect();
        let (bridge, mut stories) = (&bridge.front.bridge, String::new());
        let read = async |code| bridge.story(code, "a test").await.unwrap();
        if let Some(last) = codes.last() {
            // They are kept one after the other.
            until("the last step is kept", async || {
                !read(*last).await.is_empty()
            })
            .await;
        }
        let once: HashSet<_> = codes.into_iter().collect();
        for code in once {
            let steps = read(code).await;
            for text in [serde_json::to_string(&steps).unwrap(), format!("{steps:?}")] {
                stories.push_str(&text);
            }
        }
        assert_eq!(bridge.stories.dropped(), 0);
        stories
    }

    /// Looks for every secret in everything; tells which was found where.
    async fn found(&self, bridge: &Bridge) -> Vec<String> {
        let logged = self.log.text();
        let metrics = bridge.metrics().await;
        let shown = format!("{:?}", bridge.front);
        let stories = self.stories(bridge).await;
        let places = [
            ("log", &logged),
            ("metrics", &metrics),
            ("Debug", &shown),
            ("a story", &stories),
        ];
        let mut found = Vec::new();
        for (what, business, secret) in &self.secrets {
            for spelling in spellings(secret) {
                let is_in = |(_, text): &&(&str, &String)| text.contains(&spelling);
                found.extend(
                    places
                        .iter()
                        .filter(is_in)
                        .map(|(place, _)| format!("{what} in {place}")),
                );
                let has_none =
                    |page: &&Page| page.body.contains(&spelling) && !business.is_on(page);
                let pages = self.pages.iter().filter(has_none);
                found.extend(pages.map(|page| format!("{what} on {}", page.kind())));
            }
        }
        for word in ["<samlp:", "<saml:", "-----BEGIN", "$argon2"] {
            let is_in = |(_, text): &&(&str, &String)| text.contains(word);
            found.extend(
                places
                    .iter()
                    .filter(is_in)
                    .map(|(place, _)| format!("{word} in {place}")),
            );
        }
        found
    }

    /// Checks that none is found, in logs and on pages that are there.
    async fn is_found_nowhere(&self, bridge: &Bridge) {
        assert!(self.log.lines().len() > 10 && self.pages.len() > 10);
        assert!(self.stories(bridge).await.matches("\"end\"").count() > 10);
        assert_eq!(self.found(bridge).await, [""; 0], "{}", self.log.text());
    }
}

impl Business {
    /// Whether a secret belongs on a page.
    fn is_on(self, page: &Page) -> bool {
        match self {
            Self::Nowhere => false,
            Self::AnyPage => true,
            Self::AnswerPage => page.kind() == "post",
        }
    }
}

/// A secret as it may be written: as it is, encoded for addresses, in base64, and in part, since the
/// beginning of a token is a hint.
fn spellings(secret: &str) -> [String; 4] {
    [
        secret.to_owned(),
        encode(secret),
        STANDARD.encode(secret),
        secret.chars().skip(1).take(24).collect(),
    ]
}

/// A first answer by way of the form, a second one on the session.
async fn signs_in_by_form(
    canary: &mut Canary,
    bridge: &Bridge,
    login: &str,
    password: &str,
) -> Browser {
    let mut browser = bridge.browser();
    let request = bridge.request();
    let form = browser.arrive(&request.redirect(Some(STATE))).await;
    canary.sees_form(&form);
    // A wrong password, one that was typed where the name belongs, and the right one.
    for (name, typed) in [(login, WRONG), (WRONG, WRONG)] {
        let again = browser.submit(&form, &form.filled(name, typed)).await;
        assert_eq!(again.kind(), "login");
        // The name that was typed comes back to whoever typed it.
        if name != WRONG {
            canary.sees(&again);
        }
    }
    let page = browser.submit(&form, &form.filled(login, password)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    canary.sees_answer(&browser, &page);
    let page = browser
        .arrive(&bridge.request().redirect(Some(STATE)))
        .await;
    canary.sees_answer(&browser, &page);
    bridge.wait_seconds(3);
    let used = browser.open(form.url.path()).await;
    used.stops(400, "request-used");
    canary.sees(&used);
    browser
}

#[tokio::test]
async fn r121_no_secret_of_a_sign_in_by_the_embedded_directory_is_found_anywhere() {
    const PASSWORD: &str = "canary-right-password-19c4";
    let hash = hash_password(&Secret::from(PASSWORD.to_owned()), &SeededEntropy::new(121)).unwrap();
    let setup = Setup {
        people: format!("[person.canary]\npassword = '{hash}'\nmail = 'canary@univ.example'\n"),
        ..Setup::new()
    };
    let bridge = setup.build();
    let mut canary = Canary::start();
    canary.mark("the password", Business::Nowhere, PASSWORD);
    let (_, of_hash) = hash.rsplit_once('$').unwrap();
    canary.mark("the password's hash", Business::Nowhere, of_hash);
    let mut browser = signs_in_by_form(&mut canary, &bridge, "canary", PASSWORD).await;
    canary.is_refused(&bridge, &mut browser).await;
    canary.signs_out(&mut browser).await;
    canary.is_found_nowhere(&bridge).await;
}

#[tokio::test]
async fn r121_no_secret_of_a_sign_in_by_a_directory_server_is_found_anywhere() {
    let house = scripted_ldap::house("timeout-seconds = 1").await;
    let bridge = &house.bridge;
    let mut canary = Canary::start();
    let login = "canary-of-the-directory";
    canary.mark("the password", Business::Nowhere, password_of(login));
    canary.mark("our own password", Business::Nowhere, "reader-secret");
    let mut browser = signs_in_by_form(&mut canary, bridge, login, &password_of(login)).await;
    canary.is_refused(bridge, &mut browser).await;
    canary.signs_out(&mut browser).await;
    // The directory hangs up on whoever has the right password.
    house.script.when(Kind::Bind, |_| vec![Act::Hangup]);
    let mut other = bridge.browser();
    let form = other.arrive(&bridge.request().redirect(Some(STATE))).await;
    let filled = form.filled(login, &password_of(login));
    let page = other.submit(&form, &filled).await;
    page.stops(503, "sign-in-unavailable");
    canary.sees(&page);
    canary.is_found_nowhere(bridge).await;
}

#[tokio::test]
async fn r121_no_secret_of_a_sign_in_by_cas_is_found_anywhere() {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), scripted_cas::zoe(&[]));
    let bridge = scripted_cas::bridge_before(&[&cas.url()], &authority, "");
    let mut canary = Canary::start();
    let mut browser = bridge.browser();
    let ticket = "ST-1-canary-of-the-ticket-20bd";
    canary.mark("a ticket", Business::Nowhere, ticket);
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(Some(STATE))).await;
    let login = scripted_cas::Login::of(&page);
    let callback = login.callback(ticket);
    let (seal, _) = callback.split_once('?').unwrap();
    let (_, seal) = seal.rsplit_once('/').unwrap();
    // The page of a ticket that comes again has a button that leads on with it.
    canary.mark("a journey", Business::AnyPage, seal);
    let page = browser.arrive(&callback).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    canary.sees_answer(&browser, &page);
    let page = browser
        .arrive(&bridge.request().redirect(Some(STATE)))
        .await;
    canary.sees_answer(&browser, &page);
    // The same ticket once more, in the same browser and in another one.
    for mut browser in [browser.clone(), bridge.browser()] {
        let page = browser.arrive(&callback).await;
        assert!(page.status >= 400, "{}", page.status);
        canary.sees(&page);
    }
    canary.is_refused(&bridge, &mut browser).await;
    // Tickets that the server refuses, and of which it says nothing.
    for says in [
        Said::Refusal("INVALID_TICKET"),
        Said::Status(500),
        Said::Page,
    ] {
        cas.now_says(says);
        let mut other = bridge.browser();
        let page = other.arrive(&bridge.request().redirect(Some(STATE))).await;
        let callback = scripted_cas::Login::of(&page).callback("ST-2-canary-of-another-ticket-6e");
        let page = other.arrive(&callback).await;
        canary.sees(&page);
    }
    canary.mark(
        "another ticket",
        Business::Nowhere,
        "ST-2-canary-of-another-ticket-6e",
    );
    canary.signs_out(&mut browser).await;
    canary.is_found_nowhere(&bridge).await;
}

#[tokio::test]
async fn a_secret_that_is_given_away_is_found_where_it_is() {
    let bridge = Bridge::new();
    let mut canary = Canary::start();
    assert_eq!(canary.found(&bridge).await, [""; 0]);
    let base64 = STANDARD.encode(WRONG);
    tracing::warn!(
        state = STATE,
        password = base64,
        "a line that gives two away"
    );
    let told = "the university's own page";
    let mut page = bridge.browser().open("/").await;
    page.body.push_str(told);
    canary.sees(&page);
    canary.mark("a page", Business::AnswerPage, told);
    let found: BTreeSet<_> = canary.found(&bridge).await.into_iter().collect();
    let expected = [
        "RelayState in log",
        "a page on home",
        "a wrong password in log",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
    // What is marked of keys is what the server has.
    let file = |name: &str| fs::read_to_string(bridge.folder.path().join(name)).unwrap();
    assert!(file("seal.keys").contains(&"S".repeat(42)));
    assert_eq!(file("pairwise.key"), "p".repeat(43));
    assert!(file("signing.pem").contains(&idp_key().private_pem()));
}
