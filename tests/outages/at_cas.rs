//! A browser's visits to the CAS server: one connection for each, as that server speaks HTTP/1.0.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::kit::{
    browser::{between, value_of},
    request::escape,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is read.
const MOST: u64 = 1024 * 1024;

/// The cookies that a browser has of the CAS server.
#[derive(Debug)]
pub(crate) struct AtCas {
    /// Where the server is, as the bridge names it, and where it is in clear: what is measured is not how many browsers
    /// speak TLS.
    named: String,
    reached: String,
    cookies: BTreeMap<String, String>,
}

/// What the CAS server did.
#[derive(Debug)]
pub(crate) enum Led {
    /// It sends the browser back to the bridge, with a ticket.
    Back(String),
    /// It shows the form for name and password.
    Form(String),
}

/// The CAS server did not answer: the browser shows a page of its own, to be loaded again.
#[derive(Debug, thiserror::Error)]
#[error("the CAS server does not answer")]
pub(crate) struct NobodyThere;

impl AtCas {
    /// Nothing yet, of the server that is `named` so and `reached` there.
    pub(crate) const fn new(named: String, reached: String) -> Self {
        Self {
            named,
            reached,
            cookies: BTreeMap::new(),
        }
    }

    /// Goes to the page at `url`.
    ///
    /// # Errors
    ///
    /// [`NobodyThere`], or the answer is none of a CAS server's.
    pub(crate) fn open(&mut self, url: &str) -> anyhow::Result<Led> {
        self.ask("GET", url, "")
    }

    /// Fills in the form that was shown at `url`.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub(crate) fn sign_in(
        &mut self,
        (url, page): (&str, &str),
        login: &str,
        password: &str,
    ) -> anyhow::Result<Led> {
        let mut sent = format!("username={}&password={}", escape(login), escape(password));
        // What else the form holds is sent back as it is.
        for input in page.split("<input").skip(1) {
            let (tag, _) = input.split_once('>').context("no form")?;
            let name = between(tag, "name=\"", "\"").unwrap_or_default();
            if tag.contains("type=\"hidden\"") {
                let value = between(tag, "value=\"", "\"").unwrap_or_default();
                let value = value.replace("&amp;", "&").replace("&#x27;", "'");
                let _infallible = write!(sent, "&{}={}", escape(name), escape(&value));
            }
        }
        ensure!(
            value_of(page, "csrfmiddlewaretoken").is_some(),
            "no key in the form of CAS"
        );
        self.ask("POST", url, &sent)
    }

    fn ask(&mut self, method: &str, url: &str, sent: &str) -> anyhow::Result<Led> {
        let rest = url.strip_prefix(&self.named).context("not to CAS")?;
        let url = format!("{}{rest}", self.reached);
        let rest = url.strip_prefix("http://").context("not in clear")?;
        let (host, path) = rest.split_once('/').context("no path")?;
        let answer = self
            .exchange(method, (host, path), sent)
            .map_err(|cause| cause.context(NobodyThere))?;
        let (head, page) = answer.split_once("\r\n\r\n").context(NobodyThere)?;
        let mut location = None;
        for line in head.lines() {
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("set-cookie") => {
                    let pair = value.split(';').next().unwrap_or_default();
                    let (name, value) = pair.split_once('=').context("no cookie")?;
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
                Some((name, value)) if name.eq_ignore_ascii_case("location") => {
                    location = Some(value.to_owned());
                }
                Some(_) | None => {}
            }
        }
        match location {
            Some(location) => Ok(Led::Back(location)),
            None if page.contains("name=\"password\"") => Ok(Led::Form(page.to_owned())),
            None => anyhow::bail!("CAS: {}", head.lines().next().unwrap_or_default()),
        }
    }

    fn exchange(
        &self,
        method: &str,
        (host, path): (&str, &str),
        sent: &str,
    ) -> anyhow::Result<String> {
        let mut connection = TcpStream::connect(host)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let message = format!(
            "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{sent}",
            cookies.join("; "),
            sent.len()
        );
        connection.write_all(message.as_bytes())?;
        let mut answer = String::new();
        connection.take(MOST).read_to_string(&mut answer)?;
        Ok(answer)
    }
}
