//! The real binary on a port, under Zoom's entity ID for service providers that none of us wrote.

use std::path::{Path, PathBuf};

use passerelle::xmlsec::{SigningKey, VerifyingKey};
use tempfile::TempDir;

use super::{
    metadata::{self, ZOOM_ENTITY_ID},
    port::free_port,
    process::{Server, repository, run},
    service_provider::SpSite,
    xml_tools::{Schema, xmllint_schema},
};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_passerelle");

/// The bridge as an administrator would set it up, with the people of the demo.
#[derive(Debug)]
pub(crate) struct RealBridge {
    folder: TempDir,
    /// Its origin, on a site of its own.
    pub(crate) base: String,
    /// The authorities of its system, instead of those of this one.
    pub(crate) system_authorities: Option<PathBuf>,
    /// The configuration of the `SoftHSM` that it signs by.
    pub(crate) soft_hsm: Option<PathBuf>,
    /// Where it listens.
    pub(crate) port: u16,
}

impl RealBridge {
    /// Writes all that it needs; Zoom's metadata names the addresses and keys of `sites`.
    pub(crate) fn prepare(sites: &[SpSite]) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let (made, said) = run(PROGRAM, &["keys", at(&folder, "keys").as_str()], &[]);
        assert!(made, "{said}");
        let people = repository().join("config/demo/people.toml");
        std::fs::copy(people, folder.path().join("people.toml")).unwrap();
        let endpoints: Vec<_> = sites.iter().map(SpSite::endpoint).collect();
        let base = format!("http://idp.localhost:{port}");
        let bridge = Self {
            folder,
            base,
            system_authorities: None,
            soft_hsm: None,
            port,
        };
        let zoom = metadata::service_provider(ZOOM_ENTITY_ID, &endpoints);
        bridge.take_metadata("zoom", &zoom);
        bridge
    }

    /// Writes a provider's metadata to NAME.xml beside the configuration; the next start reads it.
    pub(crate) fn take_metadata(&self, name: &str, metadata: &str) {
        assert_eq!(xmllint_schema(metadata, Schema::Metadata), Ok(()), "{name}");
        let file = self.folder.path().join(name).with_extension("xml");
        std::fs::write(file, metadata).unwrap();
    }

    /// Takes over the keys of another one, to be one more node of it.
    pub(crate) fn take_keys(&self, other: &Self) {
        for file in std::fs::read_dir(other.folder.path().join("keys")).unwrap() {
            let file = file.unwrap();
            let own = self.folder.path().join("keys").join(file.file_name());
            std::fs::remove_file(&own).unwrap();
            std::fs::copy(file.path(), own).unwrap();
        }
    }

    /// Makes a second signing key, on P-256: gives what to replace in the configuration, for
    /// [`Self::start_with`].
    pub(crate) fn add_ec_key(&self) -> (&'static str, &'static str) {
        let folder = at(&self.folder, "keys");
        let arguments = ["keys", folder.as_str(), "--algorithm", "ec-p256"];
        let (made, said) = run(PROGRAM, &arguments, &[]);
        assert!(made, "{said}");
        (
            r#"["keys/signing.pem"]"#,
            r#"["keys/signing.pem", "keys/signing-ec-p256.pem"]"#,
        )
    }

    /// Starts the real binary, which signs as `sign` says.
    pub(crate) async fn start(&self, sign: &str) -> Server {
        let zoom = format!("[sp.zoom]\nsign = \"{sign}\"");
        self.start_with(&[("[sp.zoom]", &zoom)]).await
    }

    /// Starts the real binary with the configuration of the demo, in which texts are replaced.
    pub(crate) async fn start_with(&self, replaced: &[(&str, &str)]) -> Server {
        self.configure(replaced);
        self.start_as_it_is().await
    }

    /// Starts the real binary with the configuration that is there.
    pub(crate) async fn start_as_it_is(&self) -> Server {
        let file = self.file();
        let server = Server::start(
            "bridge",
            Path::new(PROGRAM),
            self.folder.path(),
            |command| {
                command.arg("serve").arg("--config").arg(&file);
                if let Some(authorities) = &self.system_authorities {
                    command.env("SSL_CERT_FILE", authorities);
                }
                if let Some(soft_hsm) = &self.soft_hsm {
                    command.env("SOFTHSM2_CONF", soft_hsm);
                }
            },
        );
        server.listens_on(self.port).await
    }

    /// The configuration.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("passerelle.toml")
    }

    /// Writes the configuration of the demo, in which texts are replaced.
    pub(crate) fn configure(&self, replaced: &[(&str, &str)]) -> PathBuf {
        let template = repository().join("config/demo/passerelle.toml");
        let mut configuration = std::fs::read_to_string(template)
            .unwrap()
            .replace("@IDP_URL@", &self.base)
            .replace("@IDP_PORT@", &self.port.to_string())
            .replace("@ZOOM_URL@", "http://zoom.localhost:1");
        for (old, new) in replaced {
            assert!(configuration.contains(old), "{old}");
            configuration = configuration.replace(old, new);
        }
        let file = self.file();
        std::fs::write(&file, configuration).unwrap();
        file
    }

    /// The certificate alone, as `keys/signing.pem` holds it behind the key.
    pub(crate) fn certificate(&self) -> (PathBuf, VerifyingKey) {
        self.certificate_of("signing")
    }

    /// The same of the key that [`Self::add_ec_key`] made.
    pub(crate) fn ec_certificate(&self) -> PathBuf {
        self.certificate_of("signing-ec-p256").0
    }

    fn certificate_of(&self, name: &str) -> (PathBuf, VerifyingKey) {
        let file = self.folder.path().join("keys").join(name);
        let pem = std::fs::read(file.with_extension("pem")).unwrap();
        let key = SigningKey::from_pem(&pem).unwrap();
        let text = String::from_utf8(pem).unwrap();
        let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap();
        let file = file.with_extension("crt");
        std::fs::write(&file, text.split_at(begin).1).unwrap();
        let der = key.certificate_der();
        (file, VerifyingKey::from_certificate_der(der).unwrap())
    }
}

fn at(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}
