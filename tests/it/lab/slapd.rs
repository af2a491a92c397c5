//! An LDAP directory on somebody else's code: OpenLDAP's slapd.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{
    port::free_port,
    process::{Server, repository, run},
};

/// Who may read everything but passwords.
pub(crate) const READER_DN: &str = "cn=reader,dc=univ,dc=example";
const ADMIN_DN: &str = "cn=admin,dc=univ,dc=example";

/// What kind of directory it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind<'a> {
    /// Whether a name with an empty password is let in as nobody, as servers of some makes do, and
    /// nobody in particular may read people.
    pub(crate) lax: bool,
    /// Whether its certificate, of the right authority, is for another machine.
    pub(crate) wrong_name: bool,
    /// Entries besides those of `tests/fixtures/directory/people.ldif`, in LDIF.
    pub(crate) more: &'a str,
}

/// A directory that runs, until it is dropped.
///
/// Who is in it, with their passwords, stands in `tests/fixtures/directory/people.ldif`. After three
/// wrong passwords an account is locked.
#[derive(Debug)]
pub(crate) struct Slapd {
    /// None while it is stopped.
    server: Option<Server>,
    port: u16,
    tls_port: u16,
    lax: bool,
    wrong_name: bool,
    files: Vec<PathBuf>,
    folder: TempDir,
}

impl Slapd {
    /// Starts it, and waits until it listens.
    pub(crate) async fn start(kind: Kind<'_>) -> Self {
        let folder = TempDir::new().unwrap();
        let more = folder.path().join("more.ldif");
        std::fs::write(&more, kind.more).unwrap();
        let people = repository().join("tests/fixtures/directory/people.ldif");
        let mut slapd = Self {
            server: None,
            port: free_port(),
            tls_port: free_port(),
            lax: kind.lax,
            wrong_name: kind.wrong_name,
            files: vec![people, more],
            folder,
        };
        slapd.start_again().await;
        slapd
    }

    /// Ends it; whoever asks is refused the connection.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it once more, at the same ports and with what it held when it was stopped.
    pub(crate) async fn start_again(&mut self) {
        self.stop();
        let program = repository().join("tests/peers/slapd.py");
        let server = Server::start("slapd", &program, self.folder.path(), |command| {
            command.arg("--folder").arg(self.files_of_its_own());
            command.args(["--port", &self.port.to_string()]);
            command.args(["--tls-port", &self.tls_port.to_string()]);
            if self.lax {
                command.arg("--lax");
            }
            if self.wrong_name {
                command.args(["--certificate", "wrong-name"]);
            }
            command.arg("--ldif").args(&self.files);
        });
        let server = server.listens_on(self.port).await;
        self.server = Some(server.listens_on(self.tls_port).await);
    }

    /// Its address with TLS at once; the certificate names 127.0.0.1.
    pub(crate) fn ldaps_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// Its address in the clear, where `StartTLS` is to be had.
    pub(crate) fn start_tls_url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// The certificate of its authority, as a PEM file.
    pub(crate) fn ca(&self) -> PathBuf {
        self.files_of_its_own().join("ca.crt")
    }

    /// The file with the password of [`READER_DN`].
    pub(crate) fn reader_password_file(&self) -> PathBuf {
        self.files_of_its_own().join("reader.password")
    }

    /// The process behind it; its log has a line for each operation that was asked for.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Has it do nothing, with its ports and connections open, until [`Self::go_on`].
    pub(crate) fn pause(&self) {
        self.server().pause();
    }

    /// Has it go on after [`Self::pause`].
    pub(crate) fn go_on(&self) {
        self.server().go_on();
    }

    /// Changes entries, by records of LDIF with their `changetype`; operational attributes too.
    ///
    /// Somebody whose password is set like this must change it first (`pwdReset`).
    pub(crate) fn modify(&self, ldif: &str) {
        let file = self.folder.path().join("change.ldif");
        std::fs::write(&file, ldif).unwrap();
        let password = self.files_of_its_own().join("admin.password");
        let (file, password) = (path(&file), path(&password));
        // `relax` lets it set what only the server sets else, such as the time of a password.
        let words = ["-e", "relax", "-D", ADMIN_DN, "-y", password, "-f", file];
        let (done, said) = self.client("ldapmodify", &self.ldaps_url(), &words);
        assert!(done, "{said}");
    }

    /// Runs one of OpenLDAP's own clients; gives whether it said yes, and all it printed.
    pub(crate) fn client(&self, program: &str, url: &str, more: &[&str]) -> (bool, String) {
        let words = [&["-x", "-H", url], more].concat();
        run(program, &words, &[("LDAPTLS_CACERT", &self.ca())])
    }

    fn files_of_its_own(&self) -> PathBuf {
        self.folder.path().join("slapd")
    }
}

/// `count` invented people and the places where they work and study, as LDIF.
///
/// Each has a password of their own, `<uid>-secret`.
pub(crate) fn synthetic_people(count: u32) -> String {
    let generator = repository().join("tests/fixtures/directory/generate.py");
    let count = count.to_string();
    let words = ["--people", &count, "--seed", "1", "--password-is-login"];
    let (done, said) = run(path(&generator), &words, &[]);
    assert!(done, "{said}");
    said
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
