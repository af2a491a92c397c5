//! A CAS server on somebody else's code: django-cas-server.

use std::{mem, path::PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::Url;

use super::{
    browser::{BrowserSim, Page},
    cookies::CookieJar,
    form::Form,
    port::free_port,
    process::{Server, repository},
};

/// The file of people in its folder.
const PEOPLE: &str = "people.json";

/// Somebody whom the CAS server knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CasPerson<'a> {
    /// What the person signs in with, and `cas:user`.
    pub(crate) login: &'a str,
    /// The password.
    pub(crate) password: &'a str,
    /// What applications are told, in `cas:attributes`.
    pub(crate) attributes: &'a [(&'a str, &'a [&'a str])],
}

/// Where a CAS server speaks TLS, and by which certificate.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) port: u16,
    /// PEM.
    pub(crate) certificate: PathBuf,
    /// PEM.
    pub(crate) key: PathBuf,
}

/// A CAS server that runs, until it is dropped.
///
/// Applications at any port of 127.0.0.1 and of idp.localhost may ask it for tickets, and are told
/// of a logout by POST at the address that they gave as their service.
#[derive(Debug)]
pub(crate) struct CasServer {
    port: u16,
    /// None while it is stopped. Goes before the folder that it writes to.
    server: Option<Server>,
    tls: Option<Tls>,
    folder: TempDir,
}

impl CasServer {
    /// Starts it for these people, and waits until it listens.
    pub(crate) async fn start(people: &[CasPerson<'_>]) -> Self {
        Self::start_with(people, None).await
    }

    /// The same with a second port where it speaks TLS.
    pub(crate) async fn start_with(people: &[CasPerson<'_>], tls: Option<Tls>) -> Self {
        let folder = TempDir::new().unwrap();
        let known = folder.path().join(PEOPLE);
        std::fs::write(&known, people_json(people).to_string()).unwrap();
        let mut server = Self {
            port: free_port(),
            server: None,
            tls,
            folder,
        };
        server.start_again().await;
        server
    }

    /// Ends it; whoever asks is refused the connection.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it once more, at the same port, for the same people, and with the sessions and tickets that it had.
    pub(crate) async fn start_again(&mut self) {
        self.stop();
        let python = repository().join("lab/venv-django-cas-server/bin/python");
        let folder = self.folder.path();
        let server = Server::start("django-cas-server", &python, folder, |command| {
            command
                // No __pycache__ in the repository.
                .arg("-B")
                .arg(repository().join("tests/peers/django_cas_server.py"))
                .args(["--port", &self.port.to_string()])
                .arg("--folder")
                .arg(folder)
                .arg("--people")
                .arg(folder.join(PEOPLE));
            if let Some(tls) = &self.tls {
                command.args(["--tls-port", &tls.port.to_string()]);
                command.arg("--certificate").arg(&tls.certificate);
                command.arg("--key").arg(&tls.key);
            }
        });
        self.server = Some(server.listens_on(self.port).await);
    }

    /// Its base address, `http://127.0.0.1:PORT/cas`.
    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}/cas", self.port)).unwrap()
    }

    /// Where a person signs in for an application, with `more` such as `("renew", "true")`.
    pub(crate) fn login(&self, service: &str, more: &[(&str, &str)]) -> Url {
        self.page("login", &[&[("service", service)], more].concat())
    }

    /// Visits the server, as the browser with these cookies would.
    pub(crate) async fn visit(&self, jar: &mut CookieJar, url: &Url) -> Answer {
        let mut browser = self.browser(jar);
        let page = browser.open(url).await;
        *jar = browser.jar;
        Answer::read(page)
    }

    /// Visits the server and fills in the form with which it must answer.
    ///
    /// Needs nobody at the application: the redirect there is not followed. A form shown again,
    /// for a wrong password, is an answer too.
    pub(crate) async fn sign_in(
        &self,
        jar: &mut CookieJar,
        url: &Url,
        (login, password): (&str, &str),
    ) -> Answer {
        let page = self.visit(jar, url).await.shown();
        let mut browser = self.browser(jar);
        let page = browser.submit(&page, &filled(&page, login, password)).await;
        *jar = browser.jar;
        Answer::read(page)
    }

    /// Has a ticket validated as an application does; gives the XML.
    pub(crate) async fn validate(&self, service: &str, ticket: &str) -> String {
        let url = self.page(
            "p3/serviceValidate",
            &[("service", service), ("ticket", ticket)],
        );
        let page = BrowserSim::new().open(&url).await;
        assert_eq!(page.status, 200, "{}", self.server().log());
        page.body
    }

    /// The process behind it.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn page(&self, name: &str, query: &[(&str, &str)]) -> Url {
        let base = format!("{}/{name}", self.url());
        Url::parse_with_params(&base, query).unwrap()
    }

    /// The browser with these cookies, which it takes.
    fn browser(&self, jar: &mut CookieJar) -> BrowserSim {
        BrowserSim {
            jar: mem::take(jar),
            stays_at: Some(self.url().origin()),
            ..BrowserSim::new()
        }
    }
}

/// What the CAS server answered a browser.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A page of its own, such as the login form.
    Shown(Page),
    /// A redirect to the application.
    SentTo(Url),
}

impl Answer {
    fn read(page: Page) -> Self {
        match page.header("location") {
            Some(location) => Self::SentTo(page.url.join(location).unwrap()),
            None => Self::Shown(page),
        }
    }

    /// The page; fails the test when the browser was sent away.
    pub(crate) fn shown(self) -> Page {
        match self {
            Self::Shown(page) => page,
            Self::SentTo(url) => panic!("sent to {url}"),
        }
    }

    /// Where the browser was sent; fails the test when it was not.
    pub(crate) fn sent_to(self) -> Url {
        match self {
            Self::SentTo(url) => url,
            Self::Shown(page) => panic!("{} shows a page:\n{}", page.url, page.body),
        }
    }
}

/// The login form of that page, filled in; for a browser that goes on to the application.
pub(crate) fn filled(page: &Page, login: &str, password: &str) -> Form {
    page.form()
        .with("username", login)
        .with("password", password)
}

/// The ticket in an address of the application.
pub(crate) fn ticket(url: &Url) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| name == "ticket")
        .map(|(_, value)| value.into_owned())
}

fn people_json(people: &[CasPerson<'_>]) -> Value {
    let known: Map<String, Value> = people
        .iter()
        .map(|person| {
            let attributes: Map<String, Value> = person
                .attributes
                .iter()
                .map(|(name, values)| ((*name).to_owned(), json!(values)))
                .collect();
            (
                person.login.to_owned(),
                json!({ "password": person.password, "attributes": attributes }),
            )
        })
        .collect();
    known.into()
}
