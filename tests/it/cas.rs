//! Whole sign-ins through a CAS server that none of us wrote, by the real binary: from a service
//! provider to CAS, back with a ticket, and on with the answer.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use passerelle::sys::clock::{Clock as _, SystemClock};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use crate::{
    bridge::request::{AuthnRequest, SAMLP},
    lab::{
        browser::{BrowserSim, Page},
        cas_script::tls_before,
        cas_server::{CasPerson, CasServer, filled, ticket},
        form::Form,
        keys::Authority,
        metadata::ZOOM_ENTITY_ID,
        process::Server,
        real_bridge::RealBridge,
        service_provider::{SpKind, SpSite, read_verdict},
    },
};

const LOGIN: &str = "zoe.martin";
const PASSWORD: &str = "wonderland";
const MAIL: &str = "zoe.martin@etu.univ-montp3.example";
const ZOE: CasPerson<'_> = CasPerson {
    login: LOGIN,
    password: PASSWORD,
    attributes: &[
        ("mail", &[MAIL]),
        ("givenName", &["Zo\u{e9}"]),
        ("sn", &["Martin"]),
        ("displayName", &["Zo\u{e9} Martin"]),
        ("eduPersonAffiliation", &["member", "student"]),
        ("eduPersonPrimaryAffiliation", &["student"]),
        (
            "eduPersonUniqueId",
            &["5b0e3c7a91d24f68@univ-montp3.example"],
        ),
        ("department", &["D\u{e9}partement de lettres modernes"]),
    ],
};

const NO_MAIL: CasPerson<'_> = CasPerson {
    login: "sans.mail",
    password: PASSWORD,
    attributes: &[("sn", &["Mail"]), ("displayName", &["Sans Mail"])],
};

static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// The bridge that sends people to a CAS server.
struct House {
    cas: CasServer,
    bridge: RealBridge,
    server: Option<Server>,
    /// What the providers keep there.
    lab: TempDir,
}

impl House {
    async fn start(more: &str) -> Self {
        let lab = TempDir::new().unwrap();
        let site = SpSite::prepare(SpKind::Python3Saml, lab.path());
        Self::with_sites(&[site], lab, more).await
    }

    async fn with_sites(sites: &[SpSite], lab: TempDir, more: &str) -> Self {
        let cas = CasServer::start(&[ZOE, NO_MAIL]).await;
        let bridge = RealBridge::prepare(sites);
        let server = start(&bridge, cas.url().as_str(), more).await;
        Self {
            cas,
            bridge,
            server: Some(server),
            lab,
        }
    }

    fn request(&self, attributes: &[(&str, &str)]) -> Url {
        request(&self.bridge, attributes)
    }

    fn is_cas(&self, page: &Page) -> bool {
        page.url.as_str().starts_with(self.cas.url().as_str())
    }

    /// Fills in the form of CAS.
    async fn sign_in(&self, browser: &mut BrowserSim, page: &Page) -> Page {
        assert!(self.is_cas(page), "{}", page.url);
        browser.submit(page, &filled(page, LOGIN, PASSWORD)).await
    }

    /// A page of CAS that would send the browser back here.
    async fn at_cas(&self, browser: &mut BrowserSim, attributes: &[(&str, &str)]) -> Page {
        let page = browser.open(&self.request(attributes)).await;
        assert!(self.is_cas(&page), "{}\n{}", page.url, page.body);
        page
    }
}

async fn start(bridge: &RealBridge, cas: &str, more: &str) -> Server {
    let tables = format!("[authn.cas]\nurl = \"{cas}\"\n{more}\n\n[authn.local]");
    bridge
        .start_with(&[
            ("methods = [\"local\"]", "methods = [\"cas\"]"),
            ("[authn.local]", &tables),
            ("[sp.zoom]", "[sp.zoom]\nrequire-signed-requests = false"),
        ])
        .await
}

/// An AuthnRequest by Redirect, with `attributes`.
fn request(bridge: &RealBridge, attributes: &[(&str, &str)]) -> Url {
    let mut request = new_request(bridge);
    for (name, value) in attributes {
        request = request.with(name, value);
    }
    to_url(bridge, &request)
}

fn new_request(bridge: &RealBridge) -> AuthnRequest {
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let destination = format!("{}/saml/sso", bridge.base);
    let id = format!("_request-{number}");
    AuthnRequest::new(&id, ZOOM_ENTITY_ID, &destination, SystemClock.now())
}

fn to_url(bridge: &RealBridge, request: &AuthnRequest) -> Url {
    let url = format!("{}{}", bridge.base, request.redirect(Some("state")));
    Url::parse(&url).unwrap()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

/// What the provider is told.
fn told(page: &Page) -> String {
    assert_eq!(
        page.kind().as_deref(),
        Some("post"),
        "{}\n{}",
        page.url,
        page.body
    );
    let response = page.form().value("SAMLResponse").unwrap().to_owned();
    String::from_utf8(BASE64_STANDARD.decode(response).unwrap()).unwrap()
}

fn assert_is_zoe(page: &Page) {
    let xml = told(page);
    assert!(
        xml.contains("status:Success") && xml.contains(MAIL),
        "{xml}"
    );
}

/// The service, as the login page of CAS was given it.
fn service(page: &Page) -> Url {
    let (_, service) = page
        .url
        .query_pairs()
        .find(|(name, _)| name == "service")
        .unwrap();
    Url::parse(&service).unwrap()
}

fn asks(page: &Page, parameter: &str) -> bool {
    page.url.query_pairs().any(|(name, _)| name == parameter)
}

#[tokio::test]
async fn foreign_service_providers_read_who_signed_in_at_cas() {
    let lab = TempDir::new().unwrap();
    let sites = SpKind::ALL.map(|kind| SpSite::prepare(kind, lab.path()));
    let house = House::with_sites(&sites, lab, "").await;
    let address = format!("{}/saml/metadata", house.bridge.base);
    let ours = BrowserSim::new().open(&address.parse().unwrap()).await;
    let idp_metadata = house.lab.path().join("idp.xml");
    std::fs::write(&idp_metadata, &ours.body).unwrap();
    for site in sites {
        let sp = site.start(&idp_metadata).await;
        let mut browser = BrowserSim::new();
        let mut page = browser.open(&sp.login()).await;
        if !house.is_cas(&page) {
            // HTTP-POST: the page of the service provider that sends itself on.
            page = browser.submit(&page, &page.form()).await;
        }
        let page = house.sign_in(&mut browser, &page).await;
        let end = browser.submit(&page, &page.form()).await;
        let identity = read_verdict(&end).unwrap_or_else(|words| panic!("{words}"));
        assert_eq!(identity.name_id, MAIL);
        let values = |name: &str| identity.attributes[name].as_slice();
        assert_eq!(
            values("urn_oid_1_3_6_1_4_1_5923_1_1_1_1"),
            ["member", "student"]
        );
        assert_eq!(values("urn_oid_2_5_4_42"), ["Zo\u{e9}"]);
    }
}

#[tokio::test]
async fn the_second_sign_in_is_answered_by_our_own_session() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    assert_is_zoe(&house.sign_in(&mut browser, &page).await);
    let page = browser.open(&house.request(&[])).await;
    assert_is_zoe(&page);
    assert!(
        page.redirected_from.is_empty(),
        "{:?}",
        page.redirected_from
    );
}

#[tokio::test]
async fn a_restart_between_the_login_at_cas_and_the_return_loses_nobody() {
    let mut house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    drop(house.server.take());
    let again = start(&house.bridge, house.cas.url().as_str(), "").await;
    house.server = Some(again);
    assert_is_zoe(&house.sign_in(&mut browser, &page).await);
}

#[tokio::test]
async fn two_tabs_of_one_browser_are_two_journeys() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let first = house.at_cas(&mut browser, &[]).await;
    let second = house.at_cas(&mut browser, &[]).await;
    let one = told(&house.sign_in(&mut browser, &second).await);
    // CAS knows them by now: its form of the first tab is gone through all the same.
    let other = told(&house.sign_in(&mut browser, &first).await);
    let answers = |xml: &str| between(xml, "InResponseTo=\"", "\"").to_owned();
    assert!(one.contains(MAIL) && other.contains(MAIL));
    assert_ne!(answers(&one), answers(&other));
}

#[tokio::test]
async fn a_session_at_cas_that_outlives_ours_signs_in_without_a_word_and_ours_outlives_theirs() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    assert_is_zoe(&house.sign_in(&mut browser, &page).await);
    // Ours ends.
    let logout = Url::parse(&format!("{}/logout", house.bridge.base)).unwrap();
    let page = browser.open(&logout).await;
    let page = browser.submit(&page, &page.form()).await;
    assert_eq!(page.kind().as_deref(), Some("logged-out"));
    let page = browser.open(&house.request(&[])).await;
    assert_is_zoe(&page);
    let was_at_cas = |url: &Url| url.as_str().starts_with(house.cas.url().as_str());
    assert!(page.redirected_from.iter().any(was_at_cas));
    // CAS is gone, and whoever has a session here goes on.
    drop(house.cas);
    assert_is_zoe(&browser.open(&request(&house.bridge, &[])).await);
}

#[tokio::test]
async fn r60_r61_the_service_is_our_configured_address_and_nothing_of_it_is_believed_but_the_seal()
{
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    let service = service(&page);
    assert!(
        service
            .as_str()
            .starts_with(&format!("{}/cas/zoom/", house.bridge.base))
    );
    assert!(service.query().is_none() && service.as_str().is_ascii());
    assert!(!asks(&page, "renew") && !asks(&page, "gateway"));
    for query in [
        "ticket=ST-1&ticket=ST-2",
        "ticket=PT-1-x",
        "ticket=",
        "ticket=ST-%0a",
    ] {
        let mut odd = service.clone();
        odd.set_query(Some(query));
        let page = browser.open(&odd).await;
        assert_eq!(
            (page.status, page.kind().as_deref()),
            (400, Some("stop")),
            "{query}"
        );
    }
    // The journey is as it was.
    let page = house.sign_in(&mut browser, &page).await;
    assert_is_zoe(&page);
}

#[tokio::test]
async fn r63_a_callback_that_comes_again_is_an_end_and_no_second_sign_in() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    let page = house.sign_in(&mut browser, &page).await;
    assert_is_zoe(&page);
    let again = browser.open(&page.url).await;
    assert_eq!(again.kind().as_deref(), Some("stop"), "{}", again.body);
    assert!(
        again.body.contains("data-reason=\"request-used\""),
        "{}",
        again.body
    );
}

#[tokio::test]
async fn r51_a_ticket_is_worth_nothing_in_another_browser() {
    let house = House::start("").await;
    let mut attacker = BrowserSim::new();
    let page = house.at_cas(&mut attacker, &[]).await;
    attacker.stays_at = Some(house.cas.url().origin());
    let sent = house.sign_in(&mut attacker, &page).await;
    let callback = Url::parse(sent.header("location").unwrap()).unwrap();
    let victim = BrowserSim::new().open(&callback).await;
    assert!(
        victim.body.contains("data-reason=\"other-browser\""),
        "{}",
        victim.body
    );
    // And it was not used up by that: its own browser may still bring it.
    attacker.stays_at = None;
    assert_is_zoe(&attacker.open(&callback).await);
}

#[tokio::test]
async fn r34_force_authn_asks_cas_anew_and_believes_no_ticket_of_an_older_login() {
    for proof in ["attributes", "renew"] {
        let house = House::start(&format!("fresh-login-proof = \"{proof}\"")).await;
        let mut browser = BrowserSim::new();
        let page = house.at_cas(&mut browser, &[]).await;
        assert_is_zoe(&house.sign_in(&mut browser, &page).await);
        // There is a session here and one at CAS: both are passed over.
        let force = [("ForceAuthn", "true")];
        let page = house.at_cas(&mut browser, &force).await;
        assert!(
            asks(&page, "renew") && !asks(&page, "gateway"),
            "{}",
            page.url
        );
        assert_is_zoe(&house.sign_in(&mut browser, &page).await);
        // Somebody takes `renew` out of the address.
        let page = house.at_cas(&mut browser, &force).await;
        let service = service(&page);
        let page = browser.open(&house.cas.login(service.as_str(), &[])).await;
        if proof == "attributes" {
            let xml = told(&page);
            assert!(
                xml.contains("status:AuthnFailed") && !xml.contains(MAIL),
                "{xml}"
            );
        } else {
            // The server refuses the ticket, and the person is sent there again.
            assert!(house.is_cas(&page) && asks(&page, "renew"), "{}", page.url);
        }
    }
}

#[tokio::test]
async fn r35_is_passive_never_shows_a_page() {
    let house = House::start("").await;
    let passive = [("IsPassive", "true")];
    // Nobody at CAS: one trip there and back.
    let mut browser = BrowserSim::new();
    let page = browser.open(&house.request(&passive)).await;
    let xml = told(&page);
    assert!(
        xml.contains("status:NoPassive") && !xml.contains(MAIL),
        "{xml}"
    );
    let trips = |page: &Page| {
        let at_cas = page
            .redirected_from
            .iter()
            .filter(|url| url.path() == "/cas/login");
        at_cas
            .map(|url| url.query().unwrap().contains("gateway=true"))
            .collect::<Vec<_>>()
    };
    assert_eq!(trips(&page), [true]);
    // Somebody who is signed in at CAS, and not here.
    let login = house.cas.login("http://127.0.0.1:1/other", &[]);
    browser.stays_at = Some(house.cas.url().origin());
    let page = browser.open(&login).await;
    browser.submit(&page, &filled(&page, LOGIN, PASSWORD)).await;
    browser.stays_at = None;
    let page = browser.open(&house.request(&passive)).await;
    assert_is_zoe(&page);
    assert_eq!(trips(&page), [true]);
    // Somebody without a mail address, of whom our page would have to tell.
    let mut nameless = BrowserSim::new();
    nameless.stays_at = Some(house.cas.url().origin());
    let page = nameless.open(&login).await;
    nameless
        .submit(&page, &filled(&page, NO_MAIL.login, PASSWORD))
        .await;
    nameless.stays_at = None;
    let page = nameless.open(&house.request(&passive)).await;
    assert!(told(&page).contains("status:NoPassive"), "{}", told(&page));
    // ForceAuthn cannot be had without a page.
    let both = [("ForceAuthn", "true"), ("IsPassive", "true")];
    let page = browser.open(&house.request(&both)).await;
    assert!(told(&page).contains("status:NoPassive"));
}

#[tokio::test]
async fn three_refused_tickets_in_a_row_end_on_our_page() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let mut page = house.at_cas(&mut browser, &[]).await;
    for refused in 1..=3 {
        let mut made_up = service(&page);
        made_up.set_query(Some(&format!("ticket=ST-{refused}-made-up")));
        page = browser.open(&made_up).await;
        assert_eq!(house.is_cas(&page), refused < 3, "{}", page.url);
    }
    assert_eq!((page.status, page.kind().as_deref()), (503, Some("stop")));
    assert!(page.body.contains("B-CAS-02"), "{}", page.body);
}

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
async fn a_way_back_that_loses_the_ticket_ends_on_our_page() {
    let house = House::start("").await;
    let mut browser = BrowserSim::new();
    let mut page = house.at_cas(&mut browser, &[]).await;
    for lost in 1..=3 {
        page = browser.open(&service(&page)).await;
        assert_eq!(house.is_cas(&page), lost < 3, "{}", page.url);
    }
    assert!(page.body.contains("B-CAS-02"), "{}", page.body);
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
async fn r36_a_server_that_does_not_know_of_methods_proves_none() {
    const MFA: &str = "https://refeds.org/profile/mfa";
    let house = House::start(&format!(
        "[authn.cas.authn-methods]\n\"{MFA}\" = \"mfa-duo\""
    ))
    .await;
    let mut browser = BrowserSim::new();
    let wish = new_request(&house.bridge).authn_context("", MFA);
    let page = browser.open(&to_url(&house.bridge, &wish)).await;
    assert!(asks(&page, "authn_method"), "{}", page.url);
    let xml = told(&house.sign_in(&mut browser, &page).await);
    assert!(
        xml.contains("status:NoAuthnContext") && !xml.contains(MFA),
        "{xml}"
    );
}

#[tokio::test]
async fn the_date_that_the_server_states_is_told_where_the_configuration_says_so() {
    let house = House::start("authn-instant = \"authentication-date\"").await;
    let mut browser = BrowserSim::new();
    let page = house.at_cas(&mut browser, &[]).await;
    let xml = told(&house.sign_in(&mut browser, &page).await);
    let told = between(&xml, "AuthnInstant=\"", "\"");
    // What it tells others.
    let service = "http://127.0.0.1:1/other";
    browser.stays_at = Some(house.cas.url().origin());
    let page = browser.open(&house.cas.login(service, &[])).await;
    let callback = Url::parse(page.header("location").unwrap()).unwrap();
    let stated = house
        .cas
        .validate(service, &ticket(&callback).unwrap())
        .await;
    let stated = between(&stated, "<cas:authenticationDate>", "<");
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(instant(told), instant(stated), "{told} {stated}");
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
    let mut held = Vec::new();
    while held.len() < PLACES {
        held.push(hung.accept().await.unwrap());
    }
    let page = last.open(&callback).await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("B-CAS-01"), "{}", page.body);
    let health = last.open(&ours.join("/readyz").unwrap()).await;
    assert_eq!(health.status, 200);
    assert!(waiting.try_join_next().is_none(), "the others still wait");
    // It dies.
    drop((hung, held));
    for page in waiting.join_all().await {
        assert_eq!(page.status, 503);
        assert!(
            page.body.contains("data-reason=\"sign-in-unavailable\""),
            "{}",
            page.body
        );
    }
}
