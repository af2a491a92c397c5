//! What stands before several nodes: the real haproxy and the real nginx, by the examples of `deploy/` themselves.

use std::{fs, path::Path};

use tempfile::TempDir;
use url::Url;

use super::{
    keys::{Authority, ServerKey},
    process::{Server, repository},
};

/// The name that people know, and that the certificates of the nodes have.
pub(crate) const HOST: &str = "idp.localhost";

/// Which program it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Program {
    /// haproxy.
    Haproxy,
    /// nginx.
    Nginx,
}

impl Program {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Haproxy, Self::Nginx];
}

/// One that runs before two nodes, until it is dropped.
#[derive(Debug)]
pub(crate) struct Balancer {
    program: Program,
    /// Where people reach it.
    pub(crate) port: u16,
    server: Server,
    folder: TempDir,
}

impl Balancer {
    /// Starts it at `port` before the nodes that listen at these ports of 127.0.0.1, with a certificate that
    /// `authority` vouches for; it believes the nodes for whom `authority` vouches.
    pub(crate) async fn start(
        program: Program,
        port: u16,
        authority: &Authority,
        nodes: [u16; 2],
    ) -> Self {
        Self::start_with(program, port, authority, nodes, &[]).await
    }

    /// The same, with these texts of the example replaced as well.
    pub(crate) async fn start_with(
        program: Program,
        port: u16,
        authority: &Authority,
        nodes: [u16; 2],
        replaced: &[(&str, &str)],
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let ServerKey { certificate, key } = authority.vouch_for(HOST);
        let at = folder.path();
        fs::write(at.join("nodes-ca.pem"), authority.pem()).unwrap();
        fs::write(at.join("idp.key"), &key).unwrap();
        let name = match program {
            Program::Haproxy => {
                fs::write(at.join("idp.pem"), [certificate, key].concat()).unwrap();
                "haproxy"
            }
            Program::Nginx => {
                fs::write(at.join("idp.pem"), certificate).unwrap();
                "nginx"
            }
        };
        let program_file = Path::new("/usr/sbin").join(name);
        let file = write(program, at, (port, nodes), replaced);
        let server = Server::start(name, &program_file, at, |command| {
            match program {
                Program::Haproxy => command.arg("-db").arg("-f").arg(file),
                Program::Nginx => command.arg("-p").arg(at).arg("-c").arg(file),
            };
        });
        let server = server.listens_on(port).await;
        Self {
            program,
            port,
            server,
            folder,
        }
    }

    /// Its origin.
    pub(crate) fn base(&self) -> String {
        base(self.port)
    }

    /// An address there.
    pub(crate) fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.base()).parse().unwrap()
    }

    /// All that it has written of itself and of requests.
    pub(crate) fn log(&self) -> String {
        let mut log = self.server.log();
        if self.program == Program::Nginx {
            log += &fs::read_to_string(self.folder.path().join("passerelle.log")).unwrap();
        }
        log
    }
}

/// The origin of one that will be at that port.
pub(crate) fn base(port: u16) -> String {
    format!("https://{HOST}:{port}")
}

/// Writes the example with the ports, addresses and files of the test in it, what it replaces and nothing else changed;
/// gives the file.
fn write(
    program: Program,
    folder: &Path,
    (port, nodes): (u16, [u16; 2]),
    replaced: &[(&str, &str)],
) -> std::path::PathBuf {
    let at = folder.display();
    let node = nodes.map(|port| format!("127.0.0.1:{port}"));
    let (example, own) = match program {
        Program::Haproxy => (
            "deploy/haproxy/haproxy.cfg",
            vec![
                // Whoever runs the tests stays who they are, and may open fewer files.
                ("    user haproxy\n    group haproxy\n", String::new()),
                ("maxconn 20000", "maxconn 200".to_owned()),
                (
                    "log /dev/log local0",
                    "log stdout format raw local0".to_owned(),
                ),
                ("bind :443", format!("bind 127.0.0.1:{port}")),
                ("/etc/haproxy", at.to_string()),
            ],
        ),
        Program::Nginx => (
            "deploy/nginx/passerelle.conf",
            vec![
                ("listen 443", format!("listen 127.0.0.1:{port}")),
                ("/var/log/nginx", at.to_string()),
                ("/etc/nginx", at.to_string()),
            ],
        ),
    };
    let [one, other] = node;
    let nodes = [("10.0.0.11:8443", one), ("10.0.0.12:8443", other)];
    let host = [("idp.example.org", HOST.to_owned())];
    let replaced = replaced.iter().map(|(old, new)| (*old, (*new).to_owned()));
    let mut text = fs::read_to_string(repository().join(example)).unwrap();
    for (old, new) in own.into_iter().chain(nodes).chain(host).chain(replaced) {
        assert!(text.contains(old), "{example} has no {old}");
        text = text.replace(old, &new);
    }
    let file = folder.join("balancer.conf");
    fs::write(&file, text).unwrap();
    if program == Program::Haproxy {
        return file;
    }
    let around = folder.join("nginx.conf");
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|of| format!("{of}_temp_path {at}/{of};\n"));
    let text = format!(
        "daemon off;\npid {at}/nginx.pid;\nerror_log stderr warn;\nevents {{}}\nhttp {{\n{}include {};\n}}\n",
        temporary.concat(),
        file.display()
    );
    fs::write(&around, text).unwrap();
    around
}
