//! A browser of a few lines: HTTP/1.1 over a real socket, cookies, no script.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) struct Browser {
    server: SocketAddr,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) language: &'static str,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// What stands behind `before` and in front of `after`.
    pub(super) fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self
            .body
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before} in {}", self.body));
        rest.split_once(after).unwrap().0
    }

    pub(super) fn page(&self) -> &str {
        self.between("data-page=\"", "\"")
    }

    /// The text of the element with that `data-testid`.
    pub(super) fn field(&self, id: &str) -> &str {
        self.between(&format!("data-testid=\"{id}\">"), "<")
    }
}

impl Browser {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
            language: "fr",
        }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send("POST", path, &body).await
    }

    pub(super) async fn send(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut stream = TcpStream::connect(self.server).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: zoom.localhost\r\nConnection: close\r\n\
             Cookie: {}\r\nAccept-Language: {}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            cookies.join("; "),
            self.language,
            body.len()
        );
        // A server may answer and close before it has read all of a body.
        let _early_end = stream.write_all(request.as_bytes()).await;
        let mut bytes = Vec::new();
        let _reset = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        for line in head.lines() {
            if let Some(cookie) = line.to_lowercase().strip_prefix("set-cookie:") {
                let (name, rest) = cookie.trim().split_once('=').unwrap();
                let value = rest.split(';').next().unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}
