//! Service providers on other people's SAML libraries, playing Zoom or themselves.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::Deserialize;
use tokio::net::TcpStream;
use url::Url;

use super::{
    browser::Page,
    keys::KeyPair,
    metadata::{Endpoint, ZOOM_ENTITY_ID},
    port::free_port,
    process::{Server, repository},
    real_bridge::PROGRAM,
};

/// Which library stands behind a service provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SpKind {
    /// `OneLogin`'s python3-saml on libxmlsec1.
    Python3Saml,
    /// pysaml2 on the xmlsec1 program.
    Pysaml2,
    /// Apache's `mod_auth_mellon` on lasso.
    Mellon,
    /// node-saml, the core of passport-saml, on xml-crypto.
    NodeSaml,
    /// samlify on xml-crypto.
    Samlify,
    /// Clever's saml2-js on xml-crypto.
    Saml2Js,
    /// samael on libxmlsec1, without what else makes the stand-in Zoom.
    Samael,
}

/// How an AuthnRequest travels; every service provider here signs its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RequestBinding {
    /// HTTP-POST from another site, with the signature in the XML.
    Post,
    /// HTTP-Redirect, with the signature in the query.
    Redirect,
}

impl RequestBinding {
    /// The word for it in the arguments of the service providers.
    const fn word(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Redirect => "redirect",
        }
    }
}

impl SpKind {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Python3Saml,
        Self::Pysaml2,
        Self::Mellon,
        Self::NodeSaml,
        Self::Samlify,
        Self::Saml2Js,
        Self::Samael,
    ];

    /// The name of its files, and of its host below `localhost`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Python3Saml => "python3-saml",
            Self::Pysaml2 => "pysaml2",
            Self::Mellon => "mellon",
            Self::NodeSaml => "node-saml",
            Self::Samlify => "samlify",
            Self::Saml2Js => "saml2-js",
            Self::Samael => "samael",
        }
    }

    /// How it can send its AuthnRequest; the first one is what it does when it is not told.
    pub(crate) const fn bindings(self) -> &'static [RequestBinding] {
        match self {
            Self::Python3Saml => &[RequestBinding::Redirect],
            Self::Pysaml2 => &[RequestBinding::Post, RequestBinding::Redirect],
            Self::Mellon | Self::NodeSaml | Self::Samlify | Self::Saml2Js | Self::Samael => {
                &[RequestBinding::Redirect, RequestBinding::Post]
            }
        }
    }

    /// Whether it tells the application which Format a `NameID` has.
    pub(crate) const fn tells_name_id_format(self) -> bool {
        match self {
            Self::Python3Saml | Self::Pysaml2 | Self::Mellon | Self::NodeSaml | Self::Samael => {
                true
            }
            Self::Samlify | Self::Saml2Js => false,
        }
    }

    const fn is_mellon(self) -> bool {
        matches!(self, Self::Mellon)
    }

    const fn acs_path(self) -> &'static str {
        match self {
            Self::Mellon => "/mellon/postResponse",
            Self::Samael => "/saml/SSO",
            Self::Python3Saml | Self::Pysaml2 | Self::NodeSaml | Self::Samlify | Self::Saml2Js => {
                "/acs"
            }
        }
    }

    const fn login_path(self) -> &'static str {
        if self.is_mellon() {
            // The address that mellon sends as RelayState, and returns to.
            "/secret/after"
        } else {
            "/login"
        }
    }

    const fn metadata_path(self) -> &'static str {
        if self.is_mellon() {
            "/mellon/metadata"
        } else {
            "/metadata"
        }
    }
}

/// A service provider that has an address and a key but does not run yet: the bridge must know
/// both before it starts, and the service provider reads the bridge's metadata when it starts.
#[derive(Debug)]
pub(crate) struct SpSite {
    kind: SpKind,
    /// Its name below `localhost`.
    name: String,
    entity_id: String,
    /// Whether it is to refuse an assertion in clear, where its library can.
    demands_encryption: bool,
    port: u16,
    folder: PathBuf,
    keys: KeyPair,
}

impl SpSite {
    /// One that plays Zoom: chooses the port and makes the key, in a folder of its own below `lab`.
    pub(crate) fn prepare(kind: SpKind, lab: &Path) -> Self {
        let names = (kind.name().to_owned(), ZOOM_ENTITY_ID.to_owned());
        Self::at(kind, lab, names, KeyPair::generate)
    }

    /// One that plays nobody but itself, beside others of its kind.
    pub(crate) fn prepare_its_own(kind: SpKind, lab: &Path, demands_encryption: bool) -> Self {
        let kept = if demands_encryption {
            "encrypted"
        } else {
            "clear"
        };
        let name = format!("{}-{kept}", kind.name());
        let entity_id = format!("https://{name}.example/sp");
        Self {
            demands_encryption,
            ..Self::at(kind, lab, (name, entity_id), KeyPair::generate)
        }
    }

    /// Another one that plays itself, and whose key is on P-256.
    pub(crate) fn prepare_on_p256(kind: SpKind, lab: &Path) -> Self {
        let name = format!("{}-p256", kind.name());
        let entity_id = format!("https://{name}.example/sp");
        Self::at(kind, lab, (name, entity_id), KeyPair::generate_on_p256)
    }

    fn at(
        kind: SpKind,
        lab: &Path,
        (name, entity_id): (String, String),
        generate: fn(&Path, &str) -> KeyPair,
    ) -> Self {
        let folder = lab.join(&name);
        std::fs::create_dir(&folder).unwrap();
        Self {
            kind,
            port: free_port(),
            keys: generate(&folder, &name),
            name,
            entity_id,
            demands_encryption: false,
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
            SpKind::NodeSaml => self.start_node("node_saml_sp.mjs", idp_metadata),
            SpKind::Samlify => self.start_node("samlify_sp.mjs", idp_metadata),
            SpKind::Saml2Js => self.start_node("saml2_js_sp.mjs", idp_metadata),
            SpKind::Samael => self.start_samael(idp_metadata),
        };
        RunningSp {
            server: server.listens_on(self.port).await,
            site: self,
        }
    }

    fn start_python(&self, script: &str, idp_metadata: &Path) -> Server {
        let home = format!("lab/venv-{}", self.kind.name());
        let python = repository().join(home).join("bin/python");
        Server::start(self.kind.name(), &python, &self.folder, |command| {
            // No __pycache__ in the repository.
            command.arg("-B");
            self.tell(command, script, idp_metadata);
        })
    }

    fn start_node(&self, script: &str, idp_metadata: &Path) -> Server {
        let packages = repository().join("lab/npm-peers/node_modules");
        assert!(
            packages.exists(),
            "{} is missing: run scripts/install test",
            packages.display()
        );
        let env = Path::new("/usr/bin/env");
        Server::start(self.kind.name(), env, &self.folder, |command| {
            command.arg("node");
            self.tell(command, script, idp_metadata);
        })
    }

    /// The script of `tests/peers`, and its arguments.
    fn tell(&self, command: &mut Command, script: &str, idp_metadata: &Path) {
        let encryption = if self.demands_encryption { "yes" } else { "no" };
        command
            .arg(repository().join("tests/peers").join(script))
            .args(["--port", &self.port.to_string()])
            .args(["--base-url", &self.base_url()])
            .args(["--entity-id", &self.entity_id])
            .args(["--encryption", encryption])
            .arg("--idp-metadata")
            .arg(idp_metadata)
            .arg("--key")
            .arg(&self.keys.key_file)
            .arg("--cert")
            .arg(&self.keys.certificate_file);
    }

    fn start_samael(&self, idp_metadata: &Path) -> Server {
        // Cargo puts the programs of a workspace into one folder, but tells tests of their own only.
        let program = Path::new(PROGRAM).with_file_name("passerelle-stand-in");
        assert!(
            program.exists(),
            "{} is missing: run cargo build --locked --workspace --bins",
            program.display()
        );
        Server::start(self.kind.name(), &program, &self.folder, |command| {
            command
                .arg("witness")
                .args(["--listen", &format!("127.0.0.1:{}", self.port)])
                .args(["--base-url", &self.base_url()])
                .args(["--entity-id", &self.entity_id])
                .arg("--idp-metadata")
                .arg(idp_metadata)
                .arg("--sign-requests")
                .arg("--key")
                .arg(&self.keys.key_file)
                .arg("--certificate")
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
                .env("PEER_ENTITY_ID", &self.entity_id)
                .env("PEER_IDP_METADATA", idp_metadata)
                .env("PEER_KEY", &self.keys.key_file)
                .env("PEER_CERT", &self.keys.certificate_file);
        })
    }

    fn base_url(&self) -> String {
        format!("http://{}.localhost:{}", self.name, self.port)
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
    /// The same one, which takes the identity provider's metadata again: from that file.
    pub(crate) async fn again(self, idp_metadata: &Path) -> Self {
        let Self { site, server } = self;
        drop(server);
        let is_open = async || {
            let address = (Ipv4Addr::LOCALHOST, site.port);
            TcpStream::connect(address).await.is_ok()
        };
        // The kernel takes a moment to close what a killed process held.
        tokio::time::timeout(Duration::from_secs(10), async {
            while is_open().await {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the one before it is gone");
        site.start(idp_metadata).await
    }

    /// Where a person's sign-in begins.
    pub(crate) fn login(&self) -> Url {
        self.site.url(self.site.kind.login_path())
    }

    /// Where a sign-in begins whose AuthnRequest is to travel so.
    pub(crate) fn login_by(&self, binding: RequestBinding) -> Url {
        let mut url = self.login();
        if self.site.kind.is_mellon() {
            return match binding {
                RequestBinding::Post => self.login_at_mellon(binding, "rsa-sha256"),
                RequestBinding::Redirect => url,
            };
        }
        url.query_pairs_mut().append_pair("binding", binding.word());
        url
    }

    /// Where mellon is told how its AuthnRequest is to travel and to be signed: an address for each.
    fn login_at_mellon(&self, binding: RequestBinding, signature: &str) -> Url {
        let before = match binding {
            RequestBinding::Post => "post-",
            RequestBinding::Redirect => "",
        };
        let mut url = self.site.url(&format!("/{before}{signature}/login"));
        url.query_pairs_mut()
            .append_pair("ReturnTo", &self.relay_state());
        url
    }

    /// Where one begins whose AuthnRequest is to travel so, and to be signed by the algorithms of these
    /// URIs; the digest counts in the XML alone.
    pub(crate) fn login_signed_by(
        &self,
        binding: RequestBinding,
        (signature, digest): (&str, Option<&str>),
    ) -> Url {
        if self.site.kind.is_mellon() {
            let (_, word) = signature.rsplit_once('#').unwrap();
            return self.login_at_mellon(binding, word);
        }
        let mut url = self.login_by(binding);
        let mut query = url.query_pairs_mut();
        query.append_pair("signature", signature);
        if let Some(digest) = digest {
            query.append_pair("digest", digest);
        }
        drop(query);
        url
    }

    /// Its origin.
    pub(crate) fn origin(&self) -> String {
        self.site.base_url()
    }

    /// Which library it is.
    pub(crate) fn kind(&self) -> SpKind {
        self.site.kind
    }

    /// Its name below `localhost`, which no other one has.
    pub(crate) fn name(&self) -> &str {
        &self.site.name
    }

    /// Under which entity ID it runs.
    pub(crate) fn entity_id(&self) -> &str {
        &self.site.entity_id
    }

    /// Whether it was told to refuse an assertion in clear.
    pub(crate) fn demands_encryption(&self) -> bool {
        self.site.demands_encryption
    }

    /// What the bridge has to know of it.
    pub(crate) fn endpoint(&self) -> Endpoint<'_> {
        self.site.endpoint()
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
        if self.site.kind.is_mellon() {
            self.login().into()
        } else {
            "/after".to_owned()
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
    pub(crate) name_id: Option<String>,
    /// Its Format, of those that [tell it](SpKind::tells_name_id_format).
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
