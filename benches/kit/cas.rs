//! A CAS server that vouches for whomever a ticket names, over TLS: what is measured is what asking
//! it costs us.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Context as _;
use openssl::ssl::SslAcceptor;
use passerelle::sys::tls;
use percent_encoding::percent_decode_str;

use super::browser::Answer;

/// How many requests came to all of them: those about tickets, and those that look whether one is there.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// How many requests came so far.
pub(crate) fn asked() -> usize {
    ASKED.load(Ordering::SeqCst)
}

/// Starts it, for as long as the benchmark runs, with this certificate; gives the port.
///
/// # Errors
///
/// The certificate cannot be used, or there is no port.
pub(crate) fn start(certificate: &Path, key: &Path) -> anyhow::Result<u16> {
    let acceptor = tls::acceptor(certificate, key)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let acceptor = Arc::clone(&acceptor);
            thread::spawn(move || serve(&acceptor, connection));
        }
    });
    Ok(port)
}

/// The lines of `[authn]` that have people sign in there, by way of this port.
pub(crate) fn lines(port: u16, ca: &Path) -> String {
    format!(
        "methods = [\"cas\"]\n[authn.cas]\nurl = \"https://localhost:{port}/cas\"\nca = \"{}\"\n",
        ca.display()
    )
}

/// Where somebody who was sent to CAS comes back to with ticket `number`, as `login`.
///
/// # Errors
///
/// They were not sent there.
pub(crate) fn way_back(sent: &Answer, login: &str, number: usize) -> anyhow::Result<String> {
    let (_, service) = sent.location.split_once("service=").context("not to CAS")?;
    let service = service.split('&').next().unwrap_or_default();
    let service = percent_decode_str(service).decode_utf8()?;
    let (_, path) = service.split_once("/cas/").context("no service")?;
    Ok(format!("/cas/{path}?ticket=ST-{login}-{number}"))
}

/// Answers what comes on one connection, until it is closed.
fn serve(acceptor: &SslAcceptor, connection: std::net::TcpStream) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(acceptor.accept(connection).ok()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        ASKED.fetch_add(1, Ordering::SeqCst);
        // The ticket is `ST-` and the name; without one somebody looks whether the server is there.
        let body = match head.lines().next()?.split_once("ticket=ST-") {
            Some((_, ticket)) => success(ticket.split([' ', '&']).next()?),
            None => "name and password".to_owned(),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// What it says of somebody that it says of nobody else.
pub(crate) fn own(login: &str) -> [(&'static str, String); 4] {
    [
        ("mail", format!("{login}@example.org")),
        ("sn", format!("Martin {login}")),
        ("displayName", format!("Zo\u{e9} Martin {login}")),
        (
            "eduPersonUniqueId",
            format!("c41f08d26e7b4a95{login}@example.org"),
        ),
    ]
}

fn success(ticket: &str) -> String {
    let login = ticket.rsplit_once('-').map_or(ticket, |(login, _)| login);
    let shared = [
        ("givenName", "Zo\u{e9}"),
        ("eduPersonAffiliation", "member"),
        ("eduPersonAffiliation", "faculty"),
        ("eduPersonPrimaryAffiliation", "faculty"),
        ("ou", "D\u{e9}partement d'histoire"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let attributes: Vec<_> = own(login)
        .iter()
        .chain(&shared)
        .map(|(name, value)| format!("      <cas:{name}>{value}</cas:{name}>\n"))
        .collect();
    let attributes = attributes.concat();
    format!(
        "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">
  <cas:authenticationSuccess>
    <cas:user>{login}</cas:user>
    <cas:attributes>
{attributes}    </cas:attributes>
  </cas:authenticationSuccess>
</cas:serviceResponse>"
    )
}
