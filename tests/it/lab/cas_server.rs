//! A CAS server on somebody else's code: django-cas-server.

use std::mem;

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

/// A CAS server that runs, until it is dropped.
///
/// Applications at any port of 127.0.0.1 and of idp.localhost may ask it for tickets, and are told
/// of a logout by POST at the address that they gave as their service.
#[derive(Debug)]
pub(crate) struct CasServer {
    port: u16,
    // Goes before the folder that it writes to.
    server: Server,
    _folder: TempDir,
}

impl CasServer {
    /// Starts it for these people, and waits until it listens.
    pub(crate) async fn start(people: &[CasPerson<'_>]) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let known = folder.path().join("people.json");
        std::fs::write(&known, people_json(people).to_string()).unwrap();
        let python = repository().join("lab/venv-django-cas-server/bin/python");
        let server = Server::start("django-cas-server", &python, folder.path(), |command| {
            command
                // No __pycache__ in the repository.
                .arg("-B")
                .arg(repository().join("tests/peers/django_cas_server.py"))
                .args(["--port", &port.to_string()])
                .arg("--folder")
                .arg(folder.path())
                .arg("--people")
                .arg(&known);
        })
        .listens_on(port)
        .await;
        Self {
            port,
            server,
            _folder: folder,
        }
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
        assert_eq!(page.status, 200, "{}", self.server.log());
        page.body
    }

    /// The process behind it.
    pub(crate) fn server(&self) -> &Server {
        &self.server
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
