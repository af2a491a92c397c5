//! Whole sign-ins through a CAS server that none of us wrote, by the real binary: from a service
//! provider to CAS, back with a ticket, and on with the answer.

mod notices_and_faults;
mod sign_ins;
mod trial;

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use passerelle::sys::clock::{Clock as _, SystemClock};
use tempfile::TempDir;
use url::Url;

use crate::{
    bridge::request::AuthnRequest,
    lab::{
        browser::{BrowserSim, Page},
        cas_server::{CasPerson, CasServer, filled},
        metadata::ZOOM_ENTITY_ID,
        process::Server,
        real_bridge::RealBridge,
        service_provider::{SpKind, SpSite},
    },
};

pub(crate) const LOGIN: &str = "zoe.martin";
pub(crate) const PASSWORD: &str = "wonderland";
pub(crate) const MAIL: &str = "zoe.martin@etu.univ-montp3.example";
pub(crate) const ZOE: CasPerson<'_> = CasPerson {
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

/// Both is what all the service providers take as signed.
async fn start(bridge: &RealBridge, cas: &str, more: &str) -> Server {
    let tables = format!("[authn.cas]\nurl = \"{cas}\"\n{more}\n\n[authn.local]");
    bridge
        .start_with(&[
            ("methods = [\"local\"]", "methods = [\"cas\"]"),
            ("[authn.local]", &tables),
            (
                "[sp.zoom]",
                "[sp.zoom]\nrequire-signed-requests = false\nsign = \"both\"",
            ),
        ])
        .await
}

/// An AuthnRequest by Redirect, with `attributes`.
pub(crate) fn request(bridge: &RealBridge, attributes: &[(&str, &str)]) -> Url {
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

pub(crate) fn assert_is_zoe(page: &Page) {
    let xml = told(page);
    assert!(
        xml.contains("status:Success") && xml.contains(MAIL),
        "{xml}"
    );
}

/// The service, as the login page of CAS was given it.
pub(crate) fn service(page: &Page) -> Url {
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
