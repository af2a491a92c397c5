//! Service providers on other people's SAML libraries, all of them playing Zoom.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use url::Url;

use super::{
    browser::Page,
    keys::KeyPair,
    metadata::{Endpoint, ZOOM_ENTITY_ID},
    port::free_port,
    process::{Server, repository},
};

/// Which library stands behind a service provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SpKind {
    /// `OneLogin`'s python3-saml on libxmlsec1; signed Redirect.
    Python3Saml,
    /// pysaml2 on the xmlsec1 program; signed POST.
    Pysaml2,
    /// Apache's `mod_auth_mellon` on lasso; signed Redirect.
    Mellon,
}

impl SpKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Python3Saml, Self::Pysaml2, Self::Mellon];

    /// The name of its files, and of its host below `localhost`.
    const fn name(self) -> &'static str {
        match self {
            Self::Python3Saml => "python3-saml",
            Self::Pysaml2 => "pysaml2",
            Self::Mellon => "mellon",
        }
    }

    const fn acs_path(self) -> &'static str {
        match self {
            Self::Python3Saml | Self::Pysaml2 => "/acs",
            Self::Mellon => "/mellon/postResponse",
        }
    }

    const fn login_path(self) -> &'static str {
        match self {
            Self::Python3Saml | Self::Pysaml2 => "/login",
            // The address that mellon sends as RelayState, and returns to.
            Self::Mellon => "/secret/after",
        }
    }

    const fn metadata_path(self) -> &'static str {
        match self {
            Self::Python3Saml | Self::Pysaml2 => "/metadata",
            Self::Mellon => "/mellon/metadata",
        }
    }
}

/// A service provider that has an address and a key but does not run yet: the bridge must know
/// both before it starts, and the service provider reads the bridge's metadata when it starts.
#[derive(Debug)]
pub(crate) struct SpSite {
    kind: SpKind,
    port: u16,
    folder: PathBuf,
    keys: KeyPair,
}

impl SpSite {
    /// Chooses the port and makes the key, in a folder of its own below `lab`.
    pub(crate) fn prepare(kind: SpKind, lab: &Path) -> Self {
        let folder = lab.join(kind.name());
        std::fs::create_dir(&folder).unwrap();
        Self {
            kind,
            port: free_port(),
            keys: KeyPair::generate(&folder, kind.name()),
            folder,
        }
    }

    /// What the bridge has to know of it.
    pub(crate) fn endpoint(&self) -> Endpoint<'_> {
        Endpoint {
            acs: self.url(self.kind.acs_path()).into(),
            keys: &self.keys,
        }
    }

    /// Starts it against the identity provider of that metadata file, and waits until it listens.
    pub(crate) async fn start(self, idp_metadata: &Path) -> RunningSp {
        let server = match self.kind {
            SpKind::Python3Saml => self.start_python("python3_saml_sp.py", idp_metadata),
            SpKind::Pysaml2 => self.start_python("pysaml2_sp.py", idp_metadata),
            SpKind::Mellon => self.start_mellon(idp_metadata),
        };
        RunningSp {
            server: server.listens_on(self.port).await,
            site: self,
        }
    }

    fn start_python(&self, script: &str, idp_metadata: &Path) -> Server {
        let python = repository()
            .join("lab")
            .join(format!("venv-{}", self.kind.name()))
            .join("bin/python");
        Server::start(self.kind.name(), &python, &self.folder, |command| {
            command
                // No __pycache__ in the repository.
                .arg("-B")
                .arg(repository().join("tests/peers").join(script))
                .args(["--port", &self.port.to_string()])
                .args(["--base-url", &self.base_url()])
                .args(["--entity-id", ZOOM_ENTITY_ID])
                .arg("--idp-metadata")
                .arg(idp_metadata)
                .arg("--key")
                .arg(&self.keys.key_file)
                .arg("--cert")
                .arg(&self.keys.certificate_file);
        })
    }

    fn start_mellon(&self, idp_metadata: &Path) -> Server {
        let start = repository().join("tests/peers/mellon/start");
        Server::start(self.kind.name(), &start, &self.folder, |command| {
            command
                .env("PEER_RUN", &self.folder)
                .env("PEER_PORT", self.port.to_string())
                .env("PEER_BASE_URL", self.base_url())
                .env("PEER_ENTITY_ID", ZOOM_ENTITY_ID)
                .env("PEER_IDP_METADATA", idp_metadata)
                .env("PEER_KEY", &self.keys.key_file)
                .env("PEER_CERT", &self.keys.certificate_file);
        })
    }

    fn base_url(&self) -> String {
        format!("http://{}.localhost:{}", self.kind.name(), self.port)
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&self.base_url()).unwrap().join(path).unwrap()
    }
}

/// A service provider that runs, until it is dropped.
#[derive(Debug)]
pub(crate) struct RunningSp {
    site: SpSite,
    server: Server,
}

impl RunningSp {
    /// Where a person's sign-in begins.
    pub(crate) fn login(&self) -> Url {
        self.site.url(self.site.kind.login_path())
    }

    /// Its own metadata.
    pub(crate) fn metadata(&self) -> Url {
        self.site.url(self.site.kind.metadata_path())
    }

    /// Where it takes Responses.
    pub(crate) fn acs(&self) -> Url {
        self.site.url(self.site.kind.acs_path())
    }

    /// The RelayState that it sends, and wants back.
    pub(crate) fn relay_state(&self) -> String {
        match self.site.kind {
            SpKind::Python3Saml | SpKind::Pysaml2 => "/after".to_owned(),
            SpKind::Mellon => self.login().into(),
        }
    }

    /// The key that it signs with.
    pub(crate) fn keys(&self) -> &KeyPair {
        &self.site.keys
    }

    /// The process behind it.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }
}

/// What a service provider read from a Response that it took.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Identity {
    /// The `NameID`.
    pub(crate) name_id: String,
    /// Its Format.
    pub(crate) name_id_format: Option<String>,
    /// By name, in which everything but ASCII letters and digits is `_`: Apache hands them on so.
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
    /// The `SessionIndex`.
    pub(crate) session_index: Option<String>,
    /// The ID of the request that was answered.
    pub(crate) in_response_to: Option<String>,
    /// The RelayState that came along; of mellon, the path to which it returned.
    pub(crate) relay_state: Option<String>,
}

/// Reads a service provider's last page: the identity, or its own words of refusal.
pub(crate) fn read_verdict(page: &Page) -> Result<Identity, String> {
    #[derive(Deserialize)]
    struct Verdict {
        ok: bool,
        error: Option<String>,
    }
    let verdict: Verdict = serde_json::from_str(&page.body)
        .unwrap_or_else(|fault| panic!("no verdict at {}: {fault}\n{}", page.url, page.body));
    if !verdict.ok {
        return Err(verdict.error.expect("a refusal has words"));
    }
    assert_eq!(page.status, 200);
    let mut identity: Identity = serde_json::from_str(&page.body).unwrap();
    identity.attributes = std::mem::take(&mut identity.attributes)
        .into_iter()
        .map(|(name, values)| (environment_name(&name), values))
        .collect();
    Ok(identity)
}

fn environment_name(name: &str) -> String {
    name.chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '_'
            }
        })
        .collect()
}
