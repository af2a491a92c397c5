//! A CAS server that vouches for whomever a ticket names, over TLS: what is measured is what asking
//! it costs us.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    sync::Arc,
    thread,
};

use openssl::ssl::SslAcceptor;
use passerelle::sys::tls;

/// Starts it, for as long as the benchmark runs, with this certificate; gives its base address.
///
/// # Errors
///
/// The certificate cannot be used, or there is no port.
pub(crate) fn start(certificate: &Path, key: &Path) -> anyhow::Result<String> {
    let acceptor = tls::acceptor(certificate, key)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("https://localhost:{}/cas", listener.local_addr()?.port());
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let acceptor = Arc::clone(&acceptor);
            thread::spawn(move || serve(&acceptor, connection));
        }
    });
    Ok(url)
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
        // The ticket is `ST-` and the name.
        let (_, ticket) = head.lines().next()?.split_once("ticket=ST-")?;
        let body = success(ticket.split([' ', '&']).next()?);
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

fn success(login: &str) -> String {
    let number = login.split_once('-').map_or(login, |(login, _)| login);
    let attributes = [
        ("mail", format!("{number}@example.org")),
        ("givenName", "Zo\u{e9}".to_owned()),
        ("sn", "Martin".to_owned()),
        ("displayName", "Zo\u{e9} Martin".to_owned()),
        ("eduPersonAffiliation", "member".to_owned()),
        ("eduPersonAffiliation", "faculty".to_owned()),
        ("eduPersonPrimaryAffiliation", "faculty".to_owned()),
        ("eduPersonUniqueId", format!("{number}@example.org")),
        ("ou", "D\u{e9}partement d'histoire".to_owned()),
    ];
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| format!("      <cas:{name}>{value}</cas:{name}>\n"))
        .collect();
    let attributes = attributes.concat();
    format!(
        "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">
  <cas:authenticationSuccess>
    <cas:user>{number}</cas:user>
    <cas:attributes>
{attributes}    </cas:attributes>
  </cas:authenticationSuccess>
</cas:serviceResponse>"
    )
}
