//! A response, as a browser has it in front of it.

use axum::http::{HeaderMap, response::Parts};
use url::Url;

use super::answer::Answer;
use crate::lab::form::{self, Form};

/// A response on the way to a page: a redirect.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    /// Whether it was asked for by POST.
    pub(crate) is_post: bool,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
}

/// A response at which a browser stopped.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Its address.
    pub(crate) url: Url,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: String,
    /// The redirects on the way here.
    pub(crate) hops: Vec<Hop>,
}

impl Page {
    /// What a browser has in front of it that went to `url` and was redirected nowhere.
    pub(crate) fn of(url: Url, parts: Parts, body: String) -> Self {
        Self {
            url,
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            hops: Vec::new(),
        }
    }

    /// A header, as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// What kind of page it is: `login`, `post`, `stop`, …
    pub(crate) fn kind(&self) -> String {
        form::attribute(&self.body, "body", "data-page").unwrap_or_default()
    }

    /// Why a person is stopped: `stop` pages say it in a word.
    pub(crate) fn reason(&self) -> String {
        form::attribute(&self.body, "body", "data-reason").unwrap_or_default()
    }

    /// Its only form.
    pub(crate) fn form(&self) -> Form {
        let mut forms = form::forms(&self.body);
        match (forms.pop(), forms.is_empty()) {
            (Some(form), true) => form,
            (_, _) => panic!("not exactly one form: {} {}", self.status, self.body),
        }
    }

    /// The form for name and password, filled in.
    pub(crate) fn filled(&self, login: &str, password: &str) -> Form {
        assert_eq!(self.kind(), "login", "{} {}", self.status, self.body);
        self.form()
            .with("username", login)
            .with("password", password)
    }

    /// The answer that it carries to a provider.
    pub(crate) fn answer(&self) -> Answer {
        assert_eq!(self.kind(), "post", "{} {}", self.status, self.body);
        assert_eq!(self.status, 200);
        Answer::of(&self.form())
    }

    /// Checks that it stops the person, with an HTTP status and a reason.
    #[track_caller]
    pub(crate) fn stops(&self, status: u16, reason: &str) {
        assert_eq!(
            (self.status, self.kind().as_str(), self.reason().as_str()),
            (status, "stop", reason),
            "{}",
            self.body
        );
    }

    /// Where the link with a mark leads.
    pub(crate) fn link(&self, test_id: &str) -> Option<String> {
        form::link(&self.body, "data-testid", test_id)
    }

    /// The code that the person reads to the help desk.
    pub(crate) fn support_code(&self) -> String {
        self.marked("support-code")
    }

    /// The stable code of the fault; none where a page tells of none.
    pub(crate) fn stop_code(&self) -> Option<String> {
        let is_there = self.body.contains("data-testid=\"stop-code\"");
        is_there.then(|| self.marked("stop-code"))
    }

    fn marked(&self, test_id: &str) -> String {
        let mark = format!("data-testid=\"{test_id}\">");
        let after = self
            .body
            .split_once(&mark)
            .unwrap_or_else(|| panic!("{}", self.body))
            .1;
        after.split_once('<').unwrap().0.to_owned()
    }

    /// The names of the cookies that it sets, redirects on the way included.
    pub(crate) fn cookies_set(&self) -> Vec<String> {
        let hops = self.hops.iter().map(|hop| &hop.headers);
        hops.chain([&self.headers])
            .flat_map(|headers| headers.get_all("set-cookie"))
            .map(|cookie| cookie.to_str().unwrap())
            .filter(|cookie| !cookie.contains("Max-Age=0"))
            .map(|cookie| cookie.split_once('=').unwrap().0.to_owned())
            .collect()
    }
}
