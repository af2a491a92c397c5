//! A CAS server that says what a test tells it to: for what no real one here does, such as
//! `authn_method`, dates of one's choice, errors, or silence. And TLS before a real one.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{StatusCode, Uri, header},
    response::{Html, IntoResponse as _, Response},
};
use axum_server::tls_openssl::{OpenSSLAcceptor, OpenSSLConfig};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use url::{Url, form_urlencoded};

use super::{browser::BrowserSim, cas_server::CasServer, held_answer::HeldAnswer, keys::ServerKey};

/// What the server says to every question.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// That it vouches for somebody, of whom it states this.
    Person(&'static str, Vec<(&'static str, String)>),
    /// That it does not, with this word.
    Refusal(&'static str),
    /// An error of HTTP.
    Status(u16),
    /// A page for people.
    Page,
    /// Nothing, ever.
    Nothing,
    /// That somebody is to be found elsewhere.
    Elsewhere(String),
    /// The head of an answer, these octets of its body, and then this.
    Part(Vec<u8>, Then),
}

/// What comes after a part of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Then {
    /// The end of the connection.
    End,
    /// Nothing, ever.
    Silence,
    /// White space without end.
    Spaces,
}

/// A question that was put to the server.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The path.
    pub(crate) path: String,
    /// The parameters, as they were written.
    pub(crate) parameters: Vec<(String, String)>,
    /// From which end of a connection.
    pub(crate) from: SocketAddr,
    /// When.
    pub(crate) at: Instant,
}

/// A server on a port of `localhost`, over TLS, for as long as the test runs.
#[derive(Clone, Debug)]
pub(crate) struct CasScript {
    port: u16,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug)]
struct Script {
    says: Said,
    asked: Vec<Asked>,
    looked: usize,
    held: Option<Arc<HeldAnswer>>,
}

impl CasScript {
    /// Starts it.
    pub(crate) fn start(key: &ServerKey, says: Said) -> Self {
        let script = Arc::new(Mutex::new(Script {
            says,
            asked: Vec::new(),
            looked: 0,
            held: None,
        }));
        let of_server = Arc::clone(&script);
        let router = Router::new().fallback(
            async move |ConnectInfo(from): ConnectInfo<SocketAddr>, request: Request| {
                let asked = Asked::read(request.uri(), from);
                let (says, held) = {
                    let mut script = of_server.lock().unwrap();
                    let says = script.says.clone();
                    if asked.path.ends_with("/login") {
                        script.looked += 1;
                        (says.on_login(), None)
                    } else if asked.parameters.is_empty() {
                        script.looked += 1;
                        (says, None)
                    } else {
                        script.asked.push(asked);
                        (says, script.held.take())
                    }
                };
                if let Some(held) = held {
                    held.waits().await;
                }
                says.answer().await
            },
        );
        Self {
            port: serve(key, router),
            script,
        }
    }

    /// Its base address, `https://localhost:PORT/cas`.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/cas", self.port)
    }

    /// Says something else from now on.
    pub(crate) fn now_says(&self, says: Said) {
        self.script.lock().unwrap().says = says;
    }

    /// Holds back what it says to the next question.
    pub(crate) fn holds_its_answer(&self) -> Arc<HeldAnswer> {
        let held = Arc::<HeldAnswer>::default();
        self.script.lock().unwrap().held = Some(Arc::clone(&held));
        held
    }

    /// How often somebody has looked whether it is there.
    pub(crate) fn looked(&self) -> usize {
        self.script.lock().unwrap().looked
    }

    /// What it was asked so far of tickets.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }
}

impl Asked {
    fn read(uri: &Uri, from: SocketAddr) -> Self {
        let query = uri.query().unwrap_or_default();
        Self {
            path: uri.path().to_owned(),
            parameters: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            from,
            at: Instant::now(),
        }
    }
}

impl Said {
    /// What its login page is while it says this of tickets.
    fn on_login(self) -> Self {
        match self {
            Self::Person(..) | Self::Refusal(_) | Self::Part(..) => Self::Page,
            other @ (Self::Status(_) | Self::Page | Self::Nothing | Self::Elsewhere(_)) => other,
        }
    }

    async fn answer(self) -> Response {
        match self {
            Self::Person(login, attributes) => xml(success(login, &attributes)),
            Self::Refusal(code) => xml(document(&format!(
                "<cas:authenticationFailure code=\"{code}\">no</cas:authenticationFailure>"
            ))),
            Self::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
            Self::Page => Html("<p>Request rejected</p>").into_response(),
            Self::Nothing => std::future::pending().await,
            Self::Elsewhere(location) => {
                (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
            }
            Self::Part(octets, then) => {
                let part = stream::iter([Ok(octets)]);
                let rest: BoxStream<'_, io::Result<Vec<u8>>> = match then {
                    Then::End => stream::iter([Err(io::ErrorKind::BrokenPipe.into())]).boxed(),
                    Then::Silence => stream::pending().boxed(),
                    Then::Spaces => stream::repeat_with(|| Ok(vec![b' '; 4096])).boxed(),
                };
                xml(Body::from_stream(part.chain(rest)))
            }
        }
    }
}

/// The document that vouches for somebody.
pub(crate) fn success(login: &str, attributes: &[(&'static str, String)]) -> String {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| format!("<cas:{name}>{value}</cas:{name}>"))
        .collect();
    let attributes = attributes.concat();
    document(&format!(
        "<cas:authenticationSuccess><cas:user>{login}</cas:user>\
         <cas:attributes>{attributes}</cas:attributes></cas:authenticationSuccess>"
    ))
}

fn document(inside: &str) -> String {
    format!(
        "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">{inside}</cas:serviceResponse>"
    )
}

fn xml(body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], body.into()).into_response()
}

/// Puts TLS before a real server; gives its base address there, `https://localhost:PORT/cas`.
pub(crate) fn tls_before(server: &CasServer, key: &ServerKey) -> String {
    let behind = server.url();
    let router = Router::new().fallback(async move |request: Request| {
        let url: Url = behind.join(&request.uri().to_string()).unwrap();
        let page = BrowserSim::new().open(&url).await;
        (StatusCode::from_u16(page.status).unwrap(), page.body)
    });
    format!("https://localhost:{}/cas", serve(key, router))
}

/// Serves over TLS on a port of `localhost`, for as long as the test runs.
pub(crate) fn serve(key: &ServerKey, router: Router) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = OpenSSLConfig::from_pem(&key.certificate, &key.key).unwrap();
    let server = axum_server::from_tcp(listener).unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(server.acceptor(OpenSSLAcceptor::new(tls)).serve(service));
    port
}
