//! A browser that asks the router itself.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, header},
};
use tower::ServiceExt as _;
use url::Url;

use super::{
    ORIGIN, PASSWORD,
    exchange::{Cause, FORM, caused, read},
    page::{Hop, Page},
    watch::watch,
};
use crate::lab::{
    cookies::{CookieJar, Standing},
    form::Form,
};

/// The name of the cookie that journeys are bound to.
pub(crate) const BROWSER_COOKIE: &str = "__Host-passerelle-browser";
/// The name of the cookie of the session.
pub(crate) const SESSION_COOKIE: &str = "__Host-passerelle-session";

/// What a browser says of a form of our own page.
pub(crate) const OUR_FORM: [(&str, &str); 3] = [
    ("content-type", FORM),
    ("origin", ORIGIN),
    ("sec-fetch-site", "same-origin"),
];

/// A person's browser.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    router: Router,
    registered: Vec<String>,
    /// Its cookies.
    pub(crate) jar: CookieJar,
    /// Whether it keeps cookies at all.
    pub(crate) keeps_cookies: bool,
    /// What it says in `Accept-Language`.
    pub(crate) language: &'static str,
    /// Its `User-Agent`.
    pub(crate) agent: String,
    /// Where it calls from, as the proxy says.
    pub(crate) address: &'static str,
    /// What it says in `Sec-Fetch-Dest`: what a page is to be shown in.
    pub(crate) shown_in: &'static str,
}

#[derive(Debug)]
struct Call {
    url: Url,
    body: Option<String>,
    cause: Cause,
}

impl Browser {
    /// A browser that has never been here, of a French person.
    pub(crate) fn new(router: Router, registered: Vec<String>) -> Self {
        Self {
            router,
            registered,
            jar: CookieJar::default(),
            keeps_cookies: true,
            language: "fr",
            agent: "Browser/1.0".to_owned(),
            address: "192.0.2.7",
            shown_in: "document",
        }
    }

    /// Follows a link of another site, as Zoom's redirect is.
    pub(crate) async fn arrive(&mut self, path: &str) -> Page {
        self.go(path, None, Cause::Elsewhere).await
    }

    /// Goes to an address that the person typed, or that is a bookmark.
    pub(crate) async fn open(&mut self, path: &str) -> Page {
        self.go(path, None, Cause::Typed).await
    }

    /// Is made to post a form by another site.
    pub(crate) async fn arrive_by_post(&mut self, path: &str, body: &str) -> Page {
        self.go(path, Some(body.to_owned()), Cause::Elsewhere).await
    }

    /// Submits a form of a page of ours.
    pub(crate) async fn submit(&mut self, page: &Page, form: &Form) -> Page {
        assert!(form.is_post);
        let url = page.url.join(&form.action).unwrap();
        assert_eq!(url.origin().ascii_serialization(), ORIGIN);
        self.follow(Call {
            url,
            body: Some(form.encode()),
            cause: Cause::Ours,
        })
        .await
    }

    /// Fills in the form for name and password, as somebody of the demo, and submits it.
    pub(crate) async fn sign_in(&mut self, page: &Page, login: &str) -> Page {
        self.submit(page, &page.filled(login, PASSWORD)).await
    }

    /// Signs out, by the page for it.
    pub(crate) async fn sign_out(&mut self) {
        let page = self.open("/logout").await;
        let done = self.submit(&page, &page.form()).await;
        assert_eq!((done.status, done.kind().as_str()), (200, "logged-out"));
    }

    /// The value of a cookie of ours.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.find("idp.example.org", name).map(str::to_owned)
    }

    async fn go(&mut self, path: &str, body: Option<String>, cause: Cause) -> Page {
        assert!(path.starts_with('/'), "{path}");
        let url = Url::parse(&format!("{ORIGIN}{path}")).unwrap();
        self.follow(Call { url, body, cause }).await
    }

    async fn follow(&mut self, mut call: Call) -> Page {
        let mut hops = Vec::new();
        while hops.len() < 6 {
            let is_post = call.body.is_some();
            let mut page = self.exchange(self.request(&call)).await;
            let Some(location) = page.header("location").map(str::to_owned) else {
                page.hops = hops;
                return page;
            };
            let url = call.url.join(&location).unwrap();
            // The test is the far side.
            if url.origin().ascii_serialization() != ORIGIN {
                page.hops = hops;
                return page;
            }
            call = Call {
                url,
                body: None,
                cause: call.cause,
            };
            hops.push(Hop {
                is_post,
                status: page.status,
                headers: page.headers,
            });
        }
        panic!("redirected for ever: {hops:#?}");
    }

    fn request(&self, call: &Call) -> Request<Body> {
        let (standing, _) = call.cause.stands(call.body.is_some());
        let path = &call.url[url::Position::BeforePath..url::Position::AfterQuery];
        let request = self.plain(path).header("sec-fetch-dest", self.shown_in);
        let cookies = self.jar.header(&call.url, standing);
        caused(request, call.cause, cookies, call.body.as_deref())
    }

    /// A request as this browser makes it, without cookies and without a word of its cause.
    pub(crate) fn plain(&self, path: &str) -> axum::http::request::Builder {
        let peer: SocketAddr = "127.0.0.1:40000".parse().unwrap();
        Request::builder()
            .uri(path)
            .extension(ConnectInfo(peer))
            .header(header::HOST, "idp.example.org")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header(header::USER_AGENT, self.agent.as_bytes())
            .header("x-forwarded-for", self.address)
    }

    /// A POST to `path` with these headers and the cookies of our own pages.
    pub(crate) fn post(&self, path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
        let mut request = self
            .plain(path)
            .method(Method::POST)
            .header(header::COOKIE, self.cookies())
            .body(Body::empty())
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    /// The cookies that go with a request of our own pages.
    pub(crate) fn cookies(&self) -> String {
        let url = Url::parse(ORIGIN).unwrap();
        self.jar
            .header(&url, Standing::SameSite)
            .unwrap_or_default()
    }

    /// Sends one request as it is, follows nothing, and looks at the response.
    pub(crate) async fn exchange(&mut self, request: Request<Body>) -> Page {
        let url = Url::parse(ORIGIN).unwrap();
        let url = url.join(&request.uri().to_string()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = read(response).await;
        watch(
            url.path(),
            parts.status,
            &parts.headers,
            &body,
            &self.registered,
        );
        if self.keeps_cookies {
            for cookie in parts.headers.get_all(header::SET_COOKIE) {
                self.jar.take(&url, cookie.to_str().unwrap());
            }
        }
        Page::of(url, parts, body)
    }
}
