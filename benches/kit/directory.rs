//! The directory that people sign in at: OpenLDAP's slapd, as the tests start it.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};

use super::server::{free_address, rest};

/// How often it is looked whether it listens, ten milliseconds apart.
const LOOKS: usize = 3_000;

/// A directory that runs, until it is dropped.
pub(crate) struct Directory {
    child: Child,
    folder: PathBuf,
    /// Where it listens for TLS at once.
    pub(crate) tls_port: u16,
}

impl Directory {
    /// Starts it in `folder`, with these entries besides its own, in LDIF.
    ///
    /// # Errors
    ///
    /// It does not start: `scripts/install test` installs it.
    pub(crate) fn start(folder: &Path, entries: &str) -> anyhow::Result<Self> {
        let (port, tls_port) = (free_address()?.port(), free_address()?.port());
        let ldif = folder.join("people.ldif");
        fs::write(&ldif, entries)?;
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

    /// The lines of `[authn]` that have people sign in there, by way of this port.
    pub(crate) fn lines(&self, port: u16) -> String {
        format!(
            "methods = [\"ldap\"]\n[authn.ldap]\nurl = [\"ldaps://127.0.0.1:{port}\"]\nca = \"{}\"\n\
             base = \"ou=people,dc=univ,dc=example\"\nbind-dn = \"cn=reader,dc=univ,dc=example\"\n\
             bind-password-file = \"{}\"\n",
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
