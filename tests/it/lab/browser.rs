//! A browser without a screen: it goes where it is sent, keeps cookies as a real one does, and
//! submits forms. Every host below `localhost` is this machine.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use openssl::{
    ssl::{SslConnector, SslMethod},
    x509::X509,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use url::{Host, Origin, Url};

use super::{
    cookies::{CookieJar, Standing, is_same_site},
    form::{self, Form},
};

/// As many redirects as Chromium follows.
const REDIRECT_LIMIT: usize = 20;
/// The longest that one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// What a server answered, at the address where the browser ended up.
///
/// One is a tab: pages of the same [`BrowserSim`] can be gone on from in any order.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Its address.
    pub(crate) url: Url,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
    /// The addresses that redirected here, the first one first.
    pub(crate) redirected_from: Vec<Url>,
}

impl Page {
    /// The first header of that name, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The only form of the page; fails the test when there is none or a choice.
    pub(crate) fn form(&self) -> Form {
        let mut forms = form::forms(&self.body);
        match (forms.pop(), forms.is_empty()) {
            (Some(form), true) => form,
            (_, _) => panic!("not exactly one form at {}:\n{}", self.url, self.body),
        }
    }

    /// The page's kind, from `<body data-page="…">`.
    pub(crate) fn kind(&self) -> Option<String> {
        form::attribute(&self.body, "body", "data-page")
    }

    /// Where the link with that `data-testid` leads.
    pub(crate) fn link(&self, test_id: &str) -> Url {
        let href = form::link(&self.body, "data-testid", test_id)
            .unwrap_or_else(|| panic!("no link {test_id} at {}:\n{}", self.url, self.body));
        self.url.join(&href).unwrap()
    }
}

/// One request, before cookies.
#[derive(Clone, Debug)]
struct Request {
    url: Url,
    /// A form, for a POST.
    form: Option<String>,
    /// The page that caused it, unless the person typed the address.
    initiator: Option<Url>,
    origin: Option<String>,
    /// Whether this or an earlier address of the same redirect chain was of another site.
    has_left_site: bool,
}

/// A person's browser.
#[derive(Clone, Debug)]
pub(crate) struct BrowserSim {
    /// Its cookies.
    pub(crate) jar: CookieJar,
    /// What it says in `Accept-Language`.
    pub(crate) language: &'static str,
    /// Where it stays: it does not follow a redirect to elsewhere, of which the test is the far
    /// side. Without one it goes wherever it is sent.
    pub(crate) stays_at: Option<Origin>,
    /// Whom it believes about servers that speak TLS; without one it goes to none.
    pub(crate) authority: Option<Arc<[u8]>>,
    /// The address of its own machine, where it is another one.
    pub(crate) from: Option<Ipv4Addr>,
    /// The port of the node that a proxy hands all of its requests to; without a proxy they go where their addresses say.
    pub(crate) asks: Option<u16>,
}

impl BrowserSim {
    /// A browser that has never been anywhere, of a French person.
    pub(crate) fn new() -> Self {
        Self {
            jar: CookieJar::default(),
            language: "fr",
            stays_at: None,
            authority: None,
            from: None,
            asks: None,
        }
    }

    /// Sends just these bytes to the server of an address; none where it closes the connection without an answer, as one
    /// does that does not want to read all.
    pub(crate) async fn send_as_it_is(&self, url: &Url, message: &str) -> Option<Page> {
        let answer = self.exchange(url, message).await;
        (!answer.is_empty()).then(|| parse(url, &answer))
    }

    /// Goes to an address that the person typed.
    pub(crate) async fn open(&mut self, url: &Url) -> Page {
        self.navigate(Request {
            url: url.clone(),
            form: None,
            initiator: None,
            origin: None,
            has_left_site: false,
        })
        .await
    }

    /// Follows a link of `page`.
    pub(crate) async fn follow(&mut self, page: &Page, url: &Url) -> Page {
        self.navigate(Request {
            url: url.clone(),
            form: None,
            initiator: Some(page.url.clone()),
            origin: None,
            has_left_site: false,
        })
        .await
    }

    /// Submits a form of `page`, by the person's hand or by a script of the page.
    pub(crate) async fn submit(&mut self, page: &Page, form: &Form) -> Page {
        let mut url = page.url.join(&form.action).unwrap();
        let (body, origin) = if form.is_post {
            (Some(form.encode()), Some(origin_of(page)))
        } else {
            url.set_query(Some(&form.encode()));
            (None, None)
        };
        self.navigate(Request {
            url,
            form: body,
            initiator: Some(page.url.clone()),
            origin,
            has_left_site: false,
        })
        .await
    }

    async fn navigate(&mut self, mut request: Request) -> Page {
        let mut redirected_from = Vec::new();
        while redirected_from.len() <= REDIRECT_LIMIT {
            let mut page = self.send(&mut request).await;
            let is_redirect = matches!(page.status, 301 | 302 | 303 | 307 | 308);
            let Some(location) = page.header("location").filter(|_| is_redirect) else {
                page.redirected_from = redirected_from;
                return page;
            };
            let next = page.url.join(location).unwrap();
            if self
                .stays_at
                .as_ref()
                .is_some_and(|here| *here != next.origin())
            {
                page.redirected_from = redirected_from;
                return page;
            }
            if matches!(page.status, 301..=303) {
                request.form = None;
                request.origin = None;
            } else if request.origin.is_some() && next.origin() != page.url.origin() {
                request.origin = Some("null".to_owned());
            }
            redirected_from.push(page.url);
            request.url = next;
        }
        panic!("redirected for ever: {redirected_from:#?}");
    }

    async fn send(&mut self, request: &mut Request) -> Page {
        let is_same_site = request
            .initiator
            .as_ref()
            .is_none_or(|page| is_same_site(page, &request.url));
        request.has_left_site |= !is_same_site;
        let standing = match (is_same_site, &request.form) {
            (true, _) => Standing::SameSite,
            (false, None) => Standing::CrossSiteSafe,
            (false, Some(_)) => Standing::CrossSiteUnsafe,
        };
        let mut head = head(request, self.language);
        if let Some(cookies) = self.jar.header(&request.url, standing) {
            write!(head, "Cookie: {cookies}\r\n").unwrap();
        }
        let body = request.form.clone().unwrap_or_default();
        let message = format!("{head}\r\n{body}");
        let answer = self.exchange(&request.url, &message).await;
        let page = parse(&request.url, &answer);
        for (name, value) in &page.headers {
            if name == "set-cookie" {
                self.jar.take(&page.url, value);
            }
        }
        page
    }

    async fn exchange(&self, url: &Url, message: &str) -> Vec<u8> {
        tokio::time::timeout(ANSWER_LIMIT, self.exchange_ever(url, message))
            .await
            .unwrap_or_else(|_| panic!("no answer from {url}"))
    }

    async fn exchange_ever(&self, url: &Url, message: &str) -> Vec<u8> {
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(_)) | None => false,
        };
        assert!(is_here, "the tests leave this machine: {url}");
        let mut stream = self.connect(url).await;
        match (url.scheme(), self.authority.clone()) {
            ("http", _) => {
                stream.write_all(message.as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.unwrap();
                answer
            }
            ("https", Some(authority)) => {
                let (stream, message) = (stream.into_std().unwrap(), message.to_owned());
                let host = url.host_str().unwrap().to_owned();
                let ask = move || exchange_in_tls(stream, &host, (&authority, &message));
                tokio::task::spawn_blocking(ask).await.unwrap()
            }
            (_, _) => panic!("the browser does not go there: {url}"),
        }
    }

    async fn connect(&self, url: &Url) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(from) = self.from {
            socket.bind(SocketAddr::from((from, 0))).unwrap();
        }
        let port = self.asks.or(url.port_or_known_default()).unwrap();
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let connected = socket.connect(server).await;
        connected.unwrap_or_else(|fault| panic!("nobody at {url}: {fault}"))
    }
}

/// The `Origin` of a POST from `page`.
fn origin_of(page: &Page) -> String {
    match page.header("referrer-policy") {
        Some("no-referrer") => "null".to_owned(),
        Some(_) | None => page.url.origin().ascii_serialization(),
    }
}

fn head(request: &Request, language: &str) -> String {
    let url = &request.url;
    let host = url.host_str().unwrap();
    let port = url.port_or_known_default().unwrap();
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let method = if request.form.is_some() {
        "POST"
    } else {
        "GET"
    };
    let relation = match &request.initiator {
        None => "none",
        Some(_) if request.has_left_site => "cross-site",
        Some(page) if page.origin() == url.origin() => "same-origin",
        Some(_) => "same-site",
    };
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\
         Accept: text/html\r\nAccept-Language: {language}\r\nSec-Fetch-Site: {relation}\r\n\
         Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
    );
    if let Some(origin) = &request.origin {
        write!(head, "Origin: {origin}\r\n").unwrap();
    }
    if let Some(form) = &request.form {
        write!(
            head,
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            form.len()
        )
        .unwrap();
    }
    head
}

/// Asks over TLS; the answer, up to its end.
fn exchange_in_tls(
    stream: std::net::TcpStream,
    host: &str,
    (authority, message): (&[u8], &str),
) -> Vec<u8> {
    stream.set_nonblocking(false).unwrap();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    let authority = X509::from_pem(authority).unwrap();
    connector.cert_store_mut().add_cert(authority).unwrap();
    let mut stream = connector.build().connect(host, stream).unwrap();
    let mut answer = Vec::new();
    // Who refuses a message closes before its end, and what came before that counts.
    let _ = stream.write_all(message.as_bytes());
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn parse(url: &Url, answer: &[u8]) -> Page {
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no HTTP from {url}: {answer:?}"));
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8(head.to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("no status from {url}: {head}"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if is_chunked {
        dechunk(body)
    } else {
        body.to_vec()
    };
    Page {
        url: url.clone(),
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        redirected_from: Vec::new(),
    }
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest
            .windows(2)
            .position(|window| window == b"\r\n")
            .expect("a chunk has a size");
        let (size, after) = rest.split_at(end);
        let size = std::str::from_utf8(size).unwrap();
        let size = size.split(';').next().unwrap().trim();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        let (chunk, after) = after[2..].split_at(size);
        body.extend_from_slice(chunk);
        rest = &after[2..];
    }
}
