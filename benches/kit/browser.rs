//! A browser of one person, behind a reverse proxy: one connection that stays, and cookies.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

use super::{
    place::{BASE_URL, PASSWORD, login},
    request::escape,
};

/// What a browser of these years sends with each page it asks for, and what a proxy adds.
pub(crate) const HEADERS: &str = "Host: idp.example.org\r\n\
    X-Forwarded-Proto: https\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/142.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Dest: document\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7\r\n";

/// The browser of one person.
pub(crate) struct Browser {
    connection: BufReader<TcpStream>,
    person: usize,
    cookies: BTreeMap<String, String>,
}

/// The form for name and password, as it was shown.
#[derive(Debug)]
pub(crate) struct Form {
    /// Where it is sent to.
    pub(crate) action: String,
    key: String,
}

impl Form {
    /// The one on a page.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn on(page: &str) -> anyhow::Result<Self> {
        let action = between(page, "action=\"", "\"").context("no form")?;
        let key = value_of(page, "csrf").context("no key in the form")?;
        Ok(Self {
            action: action.replace("&#x2f;", "/"),
            key: key.to_owned(),
        })
    }

    /// What is sent by somebody who has filled it in.
    pub(crate) fn filled(&self, login: &str, password: &str) -> String {
        format!(
            "csrf={}&username={}&password={}",
            escape(&self.key),
            escape(login),
            escape(password)
        )
    }
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Where it sends the browser.
    pub(crate) location: String,
    /// The page.
    pub(crate) page: String,
}

impl Browser {
    /// Opens the browser of account `person`, who is in a network of their own.
    ///
    /// # Errors
    ///
    /// There is no connection.
    pub(crate) fn open(address: SocketAddr, person: usize) -> anyhow::Result<Self> {
        let connection = TcpStream::connect(address)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            connection: BufReader::new(connection),
            person,
            cookies: BTreeMap::new(),
        })
    }

    /// Connects anew, as the same browser: a connection that rests is closed by the server.
    ///
    /// # Errors
    ///
    /// There is no connection.
    pub(crate) fn reconnect(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.connection = Self::open(address, self.person)?.connection;
        Ok(())
    }

    /// Another connection of the same browser, to another node.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn also_at(&self, address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            cookies: self.cookies.clone(),
            ..Self::open(address, self.person)?
        })
    }

    /// Signs the person in through the form, for the request in `query`: the page with the answer.
    ///
    /// # Errors
    ///
    /// A step was not answered as it should be.
    pub(crate) fn sign_in(&mut self, query: &str) -> anyhow::Result<Answer> {
        let form = self.form(query)?;
        self.fill_in(&form, &login(self.person), PASSWORD)?;
        self.receive()
    }

    /// Comes with the request in `query`, and is shown the form.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn form(&mut self, query: &str) -> anyhow::Result<Form> {
        Form::on(&self.arrive(query)?.page)
    }

    /// Sends a name and a password, and does not wait for what comes of it.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub(crate) fn fill_in(
        &mut self,
        form: &Form,
        login: &str,
        password: &str,
    ) -> anyhow::Result<()> {
        self.post(&form.action, &form.filled(login, password))
    }

    /// Comes with the request in `query`, and goes on as long as it is sent about within the server.
    ///
    /// # Errors
    ///
    /// A step was not answered as it should be.
    pub(crate) fn arrive(&mut self, query: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/saml/sso?{query}"))?;
        let mut answer = self.receive()?;
        while answer.status == 303 && answer.location.starts_with('/') {
            self.get(&answer.location)?;
            answer = self.receive()?;
        }
        Ok(answer)
    }

    /// Is the browser of somebody else from now on, on the connection that the proxy keeps.
    pub(crate) fn becomes(&mut self, person: usize) {
        self.person = person;
        self.cookies.clear();
    }

    /// Asks for a page, and does not wait for it.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<()> {
        let head = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers());
        Ok(self.connection.get_mut().write_all(head.as_bytes())?)
    }

    /// Sends a form, and does not wait for what comes of it.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub(crate) fn post(&mut self, path: &str, form: &str) -> anyhow::Result<()> {
        let message = format!(
            "POST {path} HTTP/1.1\r\n{}Origin: {BASE_URL}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.headers(),
            form.len()
        );
        Ok(self.connection.get_mut().write_all(message.as_bytes())?)
    }

    fn headers(&self) -> String {
        // Of the networks that the throttle and the limits count by, one for each person.
        let [.., high, low] = self.person.to_be_bytes();
        let mut headers = format!("{HEADERS}X-Forwarded-For: 10.{high}.{low}.7\r\n");
        for (number, (name, value)) in self.cookies.iter().enumerate() {
            let before = if number == 0 { "Cookie: " } else { "; " };
            // Writing to a String cannot fail.
            let _ = write!(headers, "{before}{name}={value}");
        }
        if !self.cookies.is_empty() {
            headers.push_str("\r\n");
        }
        headers
    }

    /// Waits until an answer begins to come; whether one does before the server hangs up.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub(crate) fn is_answered(&mut self) -> io::Result<bool> {
        loop {
            match self.connection.fill_buf() {
                Ok(begun) => return Ok(!begun.is_empty()),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Hangs up; whether that was before anything of an answer had come.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub(crate) fn hang_up(self) -> io::Result<bool> {
        let connection = self.connection.into_inner();
        connection.set_nonblocking(true)?;
        match connection.peek(&mut [0]) {
            Ok(_) => Ok(false),
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(cause) => Err(cause),
        }
    }

    /// Waits for what was asked for, and keeps the cookies that come with it.
    ///
    /// # Errors
    ///
    /// What comes is no answer.
    pub(crate) fn receive(&mut self) -> anyhow::Result<Answer> {
        let mut answer = Answer::default();
        let mut length = 0;
        let mut line = String::new();
        self.connection.read_line(&mut line)?;
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|it| it.get(..3));
        answer.status = status.context("no answer")?.parse()?;
        loop {
            line.clear();
            if self.connection.read_line(&mut line)? == 0 {
                bail!("the answer ends in its head");
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name {
                "content-length" => length = value.parse()?,
                "location" => value.clone_into(&mut answer.location),
                "set-cookie" => self.keep(value)?,
                _ => {}
            }
        }
        let mut page = vec![0; length];
        self.connection.read_exact(&mut page)?;
        answer.page = String::from_utf8(page)?;
        Ok(answer)
    }

    fn keep(&mut self, cookie: &str) -> anyhow::Result<()> {
        let (pair, attributes) = cookie.split_once(';').context("a cookie for every host")?;
        ensure!(attributes.contains("Secure"), "a cookie in clear");
        let (name, value) = pair.split_once('=').context("no cookie")?;
        self.cookies.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

/// The value of the field `name` of the form on a page.
pub(crate) fn value_of<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    between(page, &format!("name=\"{name}\" value=\""), "\"")
}

/// What stands between `start` and `end`, the first time.
pub(crate) fn between<'p>(page: &'p str, start: &str, end: &str) -> Option<&'p str> {
    Some(page.split_once(start)?.1.split_once(end)?.0)
}
