//! A folder with all that a server needs: keys, configuration, metadata, people.

use std::{
    fmt::Write as _,
    fs::{self, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::{
    authn::local::hash_password,
    sys::{entropy::OsEntropy, secret::Secret},
    xmlsec::SigningKey,
};
use tempfile::TempDir;

/// The program that is measured.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_passerelle");
/// Where browsers reach it, by way of a reverse proxy.
pub(crate) const BASE_URL: &str = "https://idp.example.org";
/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The entityID of the provider.
pub(crate) const SP: &str = "example-org.zoom.us";
/// Where the provider takes answers.
pub(crate) const SP_ACS: &str = "https://example-org.zoom.us/saml/SSO";

/// The lines of `[authn]` of people whose accounts are in the folder itself.
pub(crate) const AT_HOME: &str = "methods = [\"local\"]\nlocal = { people = \"people.toml\" }\n";

/// How much is kept of stories: so little that what is still there of those that are over would show.
const STORIES: &str = "max-megabytes = 1\n";

/// The folder; it goes when this is dropped.
pub(crate) struct Place {
    folder: TempDir,
    /// The key that the provider signs its requests with.
    pub(crate) sp_key: SigningKey,
}

impl Place {
    /// Makes the folder, with `people` accounts, for a server that listens at `listen`; `more` are tables of its
    /// configuration.
    ///
    /// # Errors
    ///
    /// A file or a key could not be made.
    pub(crate) fn make(listen: SocketAddr, people: usize, more: &str) -> anyhow::Result<Self> {
        let place = Self::make_with(listen, &format!("{AT_HOME}{more}"))?;
        fs::write(place.path("people.toml"), directory(people)?)?;
        fs::set_permissions(place.path("people.toml"), Permissions::from_mode(0o600))?;
        Ok(place)
    }

    /// Makes the folder, for a server with these lines of `[authn]`.
    ///
    /// # Errors
    ///
    /// A file or a key could not be made.
    pub(crate) fn make_with(listen: SocketAddr, authn: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        make_keys(&at("idp"))?;
        make_keys(&at("sp"))?;
        let sp_key = SigningKey::from_pem(&fs::read(at("sp").join("signing.pem"))?)?;
        fs::write(at("sp.xml"), metadata(&sp_key))?;
        fs::write(at("passerelle.toml"), configuration("node", listen, authn))?;
        Ok(Self { folder, sp_key })
    }

    /// Has as many megabytes of stories kept.
    ///
    /// # Errors
    ///
    /// The configuration could not be written.
    pub(crate) fn keeps_stories(&self, megabytes: u32) -> anyhow::Result<()> {
        let file = self.configuration();
        let before = fs::read_to_string(&file)?;
        let after = before.replace(STORIES, &format!("max-megabytes = {megabytes}\n"));
        ensure!(before != after, "the configuration says nothing of stories");
        Ok(fs::write(file, after)?)
    }

    /// Writes one more configuration into it, for a server that listens at `listen`, with these lines of `[authn]`, the
    /// same keys and another control socket: its file.
    ///
    /// # Errors
    ///
    /// The file could not be made.
    pub(crate) fn another(
        &self,
        name: &str,
        listen: SocketAddr,
        authn: &str,
    ) -> anyhow::Result<PathBuf> {
        let file = self.path(&format!("{name}.toml"));
        fs::write(&file, configuration(name, listen, authn))?;
        Ok(file)
    }

    /// A file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.path("passerelle.toml")
    }
}

/// The name that account `number` signs in with.
pub(crate) fn login(number: usize) -> String {
    format!("person{number}")
}

fn make_keys(folder: &Path) -> anyhow::Result<()> {
    let status = Command::new(PROGRAM)
        .arg("keys")
        .arg(folder)
        .stdout(Stdio::null())
        .status()
        .context("the program does not start")?;
    ensure!(status.success(), "no keys were made: {status}");
    Ok(())
}

/// What `config/passerelle.example.toml` recommends, behind a proxy on the same machine; and with a control socket of
/// this name.
fn configuration(name: &str, listen: SocketAddr, authn: &str) -> String {
    format!(
        r#"
base-url = "{BASE_URL}"
server = {{ control-socket = "{name}.control", listen = "{listen}", trusted-proxies = ["127.0.0.1"] }}
keys = {{ signing = ["idp/signing.pem"], seal = "idp/seal.keys", pairwise = "idp/pairwise.key" }}

[organization]
name = {{ fr = "Université d'exemple", en = "Example University" }}
url = {{ fr = "https://www.example.org" }}
technical-contact = "sso@example.org"
mail-domains = ["example.org"]
scopes = ["example.org"]

[support]
text = {{ fr = "Écrivez à l'assistance.", en = "Write to the help desk." }}

[stories]
{STORIES}
# A few people come as often as thousands.
[requests]
max-answers-per-person = 4000000000

[authn]
{authn}

[sp.zoom]
preset = "zoom"
metadata = "sp.xml"
sign-in-link = "https://example-org.zoom.us/saml/login"
"#
    )
}

/// Metadata in the shape of Zoom's.
fn metadata(key: &SigningKey) -> String {
    let certificate = STANDARD.encode(key.certificate_der());
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{SP}">
  <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data>
      <ds:X509Certificate>{certificate}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:AssertionConsumerService index="0" isDefault="true" Location="{SP_ACS}"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
"#
    )
}

/// People who have everything that Zoom is told.
fn directory(people: usize) -> anyhow::Result<String> {
    let hash = hash_password(&Secret::from(PASSWORD.to_owned()), &OsEntropy)?;
    let mut text = String::new();
    for number in 0..people {
        let login = login(number);
        write!(
            text,
            r#"
[person.{login}]
password = "{hash}"
givenName = "Zoé"
sn = "Martin"
displayName = "Zoé Martin"
mail = "{login}@example.org"
eduPersonAffiliation = ["member", "faculty", "teacher", "employee"]
eduPersonPrimaryAffiliation = "faculty"
eduPersonUniqueId = "c41f08d26e7b4a95{number}@example.org"
supannEmpId = "40217"
supannEntiteAffectationPrincipale = "UFR3-HIST"
department = "Département d'histoire"
"#
        )?;
    }
    Ok(text)
}
