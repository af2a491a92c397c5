//! Facts as a real configuration gives them: the shipped preset and metadata, with lines of a test.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::OnceLock};

use jiff::Timestamp;

use super::Facts;
use crate::{
    attributes::{map::Mapping, name_id::NameIdRule, release::ReleasePolicy},
    config::{self, Config, environment::Environment},
    metadata::source,
    xmlsec::{
        SigningKey,
        keys::{KeyRequest, NewKey, generate},
    },
};

const CONFIGURATION: &str = r#"
base-url = "https://idp.univ.example"
[server]
listen = "127.0.0.1:8080"
trusted-proxies = ["127.0.0.1"]
[keys]
signing = ["signing.pem"]
seal = "seal.keys"
pairwise = "pairwise.key"
[organization]
name.fr = "Université"
url.fr = "https://univ.example"
technical-contact = "sso@univ.example"
mail-domains = ["univ.example", "etu.univ.example"]
scopes = ["univ.example"]
[support]
text.fr = "Aide"
[authn]
methods = ["local"]
[authn.local]
people = "people.toml"
"#;

/// The provider's table, as most universities write it.
pub(crate) const ZOOM: &str = r#"
[sp.zoom]
metadata = "zoom.xml"
preset = "zoom"
aliases = ["https://univ-montp3-fr.zoom.us"]
"#;

/// A key of each kind, with certificates until 2036.
pub(crate) fn keys() -> &'static [SigningKey; 2] {
    static KEYS: OnceLock<[SigningKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        [NewKey::Rsa2048, NewKey::EcP256].map(|key| {
            let made = generate(&KeyRequest {
                common_name: "idp.univ.example",
                key,
                not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
                not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
            });
            SigningKey::from_pem(made.unwrap().pem().as_bytes()).unwrap()
        })
    })
}

/// What a look at a provider goes by.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The tables of the provider and whatever else, behind those that every configuration has.
    pub(crate) tables: &'a str,
    /// Its metadata; what is shipped where none is given.
    pub(crate) metadata: Option<&'a str>,
    /// The key that signs.
    pub(crate) signer: &'a SigningKey,
    /// The time.
    pub(crate) now: &'a str,
}

impl Case<'_> {
    /// The shipped metadata and an RSA key, in 2026.
    pub(crate) fn of(tables: &str) -> Case<'_> {
        Case {
            tables,
            metadata: None,
            signer: &keys()[0],
            now: "2026-11-28T08:00:00Z",
        }
    }

    /// Looks at the only provider.
    pub(crate) fn look<T>(self, look: impl FnOnce(&Facts<'_>, &Config) -> T) -> T {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| write(place.path(), name, content);
        write(
            "signing.pem",
            "-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n",
        );
        write("seal.keys", &"A".repeat(43));
        write("pairwise.key", &"p".repeat(43));
        write("people.toml", "");
        let shipped = include_str!("../../metadata/zoom.xml");
        write("zoom.xml", self.metadata.unwrap_or(shipped));
        write("x.toml", &format!("{CONFIGURATION}{}", self.tables));
        let config = config::load(&place.path().join("x.toml"), &Environment::default());
        let config = config.unwrap_or_else(|faulty| panic!("{:#?}", faulty.faults));
        let now: Timestamp = self.now.parse().unwrap();
        let loaded = source::load(&config.service_providers, None, config.schemes, None, now);
        let registered = loaded.registry.all().next();
        let registered = registered.unwrap_or_else(|| panic!("{:#?}", loaded.faults));
        let mapping = Mapping::compile(&config.attributes).unwrap();
        let is_ours = |name: &str| mapping.gives(name);
        let organization = &config.organization;
        let (domains, scopes) = (&organization.mail_domains, &organization.scopes);
        let sp = &registered.config;
        let release = ReleasePolicy::compile(&sp.release, domains, scopes, &is_ours).unwrap();
        let is_of_mail = |name: &str| mapping.is_of_mail(name);
        let name_id = NameIdRule::compile(&sp.name_id, domains, &is_ours, &is_of_mail).unwrap();
        look(
            &Facts {
                registered,
                signer: self.signer,
                certificate: self.signer.certificate(),
                release: &release,
                name_id: &name_id,
                mapping: &mapping,
                session_lifetime: config.sessions.lifetime(),
                now,
            },
            &config,
        )
    }
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
}
