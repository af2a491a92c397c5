//! An identity provider in the bridge's place, whose Responses xmlsec1 signs: it is asked by the
//! service providers, and may answer them with whatever a test wants them to refuse.

use std::{io::Read as _, net::Ipv4Addr, path::PathBuf};

use axum::{Router, http::StatusCode};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::SignedDuration;
use tempfile::TempDir;
use url::Url;

use super::{
    browser::{BrowserSim, Page},
    form::Form,
    keys::KeyPair,
    metadata::{self, ZOOM_ENTITY_ID},
    mint::Minted,
    service_provider::{Identity, RunningSp, SpKind, SpSite, read_verdict},
};

/// A folder, a key and metadata, and something that listens at the address they name.
#[derive(Debug)]
pub(crate) struct Impostor {
    /// Where the service providers keep what they have, and the keys.
    pub(crate) folder: TempDir,
    /// Its key, which the metadata names.
    pub(crate) keys: KeyPair,
    /// Its origin.
    pub(crate) base: String,
    /// Its entity ID.
    pub(crate) entity_id: String,
    metadata: PathBuf,
}

impl Impostor {
    /// A new one, with a new key.
    pub(crate) async fn set_up() -> Self {
        let folder = TempDir::new().unwrap();
        let keys = KeyPair::generate(folder.path(), "idp");
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = format!("http://idp.localhost:{port}");
        let silence = Router::new().fallback(|| async { StatusCode::OK });
        tokio::spawn(async move { axum::serve(listener, silence).await });
        let metadata = folder.path().join("idp.xml");
        std::fs::write(&metadata, metadata::identity_provider(&base, &keys)).unwrap();
        Self {
            folder,
            keys,
            entity_id: format!("{base}/saml/metadata"),
            base,
            metadata,
        }
    }

    /// Starts a service provider that trusts it.
    pub(crate) async fn start(&self, kind: SpKind) -> RunningSp {
        SpSite::prepare(kind, self.folder.path())
            .start(&self.metadata)
            .await
    }

    /// Begins a sign-in at `sp`, in a browser of its own.
    pub(crate) async fn ask(&self, sp: &RunningSp) -> Asked {
        let mut browser = BrowserSim::new();
        let mut page = browser.open(&sp.login()).await;
        let (xml, relay_state) = authn_request(&page);
        // The answer is sent from our own page.
        page.url = Url::parse(&self.base).unwrap();
        let tree = roxmltree::Document::parse(&xml).unwrap();
        Asked {
            browser,
            page,
            id: tree.root_element().attribute("ID").unwrap().to_owned(),
            acs: sp.acs().into(),
            relay_state,
        }
    }

    /// A good answer, to be changed.
    pub(crate) fn answer<'lab>(&'lab self, asked: &'lab Asked) -> Minted<'lab> {
        Minted {
            issuer: &self.entity_id,
            keys: &self.keys,
            audience: ZOOM_ENTITY_ID,
            acs: &asked.acs,
            in_response_to: &asked.id,
            name_id: "zoé@univ.example",
            attributes: &[
                ("urn:oid:2.5.4.42", &["Zoé"]),
                ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["member", "staff"]),
            ],
            age: SignedDuration::ZERO,
        }
    }
}

/// A sign-in that a service provider has begun and that waits for an answer.
#[derive(Debug)]
pub(crate) struct Asked {
    browser: BrowserSim,
    page: Page,
    /// The ID of the `AuthnRequest`.
    pub(crate) id: String,
    acs: String,
    relay_state: String,
}

impl Asked {
    /// Sends the service provider that Response, and gives what it read or why it refuses.
    pub(crate) async fn send(&mut self, response: &str) -> Result<Identity, String> {
        let message = BASE64_STANDARD.encode(response);
        let fields = [
            ("SAMLResponse", message.as_str()),
            ("RelayState", self.relay_state.as_str()),
        ];
        let form = Form::post(&self.acs, &fields);
        read_verdict(&self.browser.submit(&self.page, &form).await)
    }
}

/// The `AuthnRequest` in what a service provider sent: by Redirect in the address, by POST in a
/// form.
pub(crate) fn authn_request(page: &Page) -> (String, String) {
    if page.body.contains("SAMLRequest") {
        let form = page.form();
        let xml = BASE64_STANDARD.decode(form.value("SAMLRequest").unwrap());
        let relay_state = form.value("RelayState").unwrap().to_owned();
        return (String::from_utf8(xml.unwrap()).unwrap(), relay_state);
    }
    let find = |name: &str| {
        let mut pairs = page.url.query_pairs();
        let pair = pairs.find(|(key, _)| key == name);
        pair.unwrap_or_else(|| panic!("no {name} in {}", page.url))
            .1
            .into_owned()
    };
    let deflated = BASE64_STANDARD.decode(find("SAMLRequest")).unwrap();
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(deflated.as_slice())
        .read_to_string(&mut xml)
        .unwrap();
    (xml, find("RelayState"))
}
