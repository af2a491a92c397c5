//! The directory that people sign in at: OpenLDAP's slapd, as the tests start it.

use std::{
    fmt::Write as _,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::{
    kit::place::{PASSWORD, login},
    server::rest,
};

/// How often it is looked whether it listens, ten milliseconds apart.
const LOOKS: usize = 3_000;

/// A directory that runs, until it is dropped.
pub(crate) struct Directory {
    child: Child,
    folder: PathBuf,
    tls_port: u16,
}

impl Directory {
    /// Starts it in `folder`, with `people` accounts.
    ///
    /// # Errors
    ///
    /// It does not start: `scripts/install test` installs it.
    pub(crate) fn start(folder: &Path, people: usize) -> anyhow::Result<Self> {
        let (port, tls_port) = (free_port()?, free_port()?);
        let ldif = folder.join("people.ldif");
        fs::write(&ldif, entries(people)?)?;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/slapd.py");
        let child = Command::new(program)
            .arg("--folder")
            .arg(folder)
            .args(["--port", &port.to_string()])
            .args(["--tls-port", &tls_port.to_string()])
            .arg("--ldif")
            .arg(&ldif)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("slapd does not start: scripts/install test")?;
        let mut directory = Self {
            child,
            folder: folder.to_owned(),
            tls_port,
        };
        for _ in 0..LOOKS {
            if TcpStream::connect(("127.0.0.1", tls_port)).is_ok() {
                return Ok(directory);
            }
            if directory.child.try_wait()?.is_some() {
                break;
            }
            rest(Duration::from_millis(10));
        }
        bail!("slapd does not start: scripts/install test");
    }

    /// A file of its own: `ca.crt`, `server.crt`, `server.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The lines of `[authn]` that have people sign in there.
    pub(crate) fn lines(&self) -> String {
        format!(
            "methods = [\"ldap\"]\n[authn.ldap]\nurl = [\"ldaps://127.0.0.1:{}\"]\nca = \"{}\"\n\
             base = \"ou=people,dc=univ,dc=example\"\nbind-dn = \"cn=reader,dc=univ,dc=example\"\n\
             bind-password-file = \"{}\"\n",
            self.tls_port,
            self.file("ca.crt").display(),
            self.file("reader.password").display()
        )
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be stopped has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The people of the other benchmark, as a directory has them.
fn entries(people: usize) -> anyhow::Result<String> {
    let mut ldif = String::new();
    for number in 0..people {
        let login = login(number);
        write!(
            ldif,
            "dn: uid={login},ou=people,dc=univ,dc=example
objectClass: inetOrgPerson
objectClass: eduPerson
objectClass: supannPerson
uid: {login}
cn: Martin
sn: Martin
givenName: Zo\u{e9}
displayName: Zo\u{e9} Martin
mail: {login}@example.org
userPassword: {PASSWORD}
eduPersonAffiliation: member
eduPersonAffiliation: faculty
eduPersonAffiliation: teacher
eduPersonPrimaryAffiliation: faculty
eduPersonUniqueId: c41f08d26e7b4a95{number}@example.org
supannRessourceEtat: {{COMPTE}}A
supannEntiteAffectationPrincipale: UFR3-HIST
ou: D\u{e9}partement d'histoire

"
        )?;
    }
    Ok(ldif)
}
