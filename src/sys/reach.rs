//! Tries whether a server can be reached and believed, step by step, so that it can be said which
//! step fails. Nothing is asked of the server.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use openssl::{
    asn1::Asn1Time,
    error::ErrorStack,
    ssl::{HandshakeError, SslConnector, SslMethod, SslRef, SslVersion},
    x509::{X509, X509Ref, store::X509StoreBuilder},
};
use tokio::{
    net::{TcpStream, lookup_host},
    task::spawn_blocking,
    time::timeout,
};

/// The longest answer that is read before TLS begins.
const MAX_ANSWER: usize = 512;

/// How TLS begins on a connection.
#[derive(Clone, Copy, Debug)]
pub enum Opening {
    /// With its first byte.
    AtOnce,
    /// After a question in the clear, and an answer that takes it (`StartTLS`).
    After {
        /// The question.
        ask: &'static [u8],
        /// Whether this answer takes it.
        accepts: fn(&[u8]) -> bool,
    },
}

/// Why a server is not reached, or not believed.
#[derive(Debug, thiserror::Error)]
pub enum ReachFault {
    /// The authorities that should vouch for it are none.
    #[error("the authorities that should vouch for it cannot be read")]
    Authorities(#[source] ErrorStack),
    /// Its certificate is past its time.
    #[error("its certificate has ended")]
    Ended,
    /// No address has this name.
    #[error("no address is known under this name")]
    NoAddress(#[source] io::Error),
    /// There is nobody at the address.
    #[error("nobody can be reached at this address")]
    NoConnection(#[source] io::Error),
    /// It speaks no TLS, or none of today.
    #[error("it speaks no TLS 1.2 or 1.3 here")]
    NoTls,
    /// The time of its certificate is still to come.
    #[error("the time of its certificate has not begun")]
    NotYet,
    /// It did not answer in time.
    #[error("it does not answer in time")]
    TimeOut,
    /// No authority that is believed vouches for its certificate.
    #[error("no authority that is believed vouches for its certificate ({0})")]
    Untrusted(&'static str),
    /// Its certificate is for another name.
    #[error("its certificate is for another name")]
    WrongName,
}

/// The addresses of `host`.
///
/// # Errors
///
/// There is none, or it is not known in time.
pub async fn resolve(
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<Vec<SocketAddr>, ReachFault> {
    let looked_up = timeout(patience, lookup_host((host, port)))
        .await
        .map_err(|_elapsed| ReachFault::TimeOut)?;
    let addresses: Vec<_> = looked_up.map_err(ReachFault::NoAddress)?.collect();
    if addresses.is_empty() {
        return Err(ReachFault::NoAddress(io::ErrorKind::NotFound.into()));
    }
    Ok(addresses)
}

/// Connects to the first of `addresses` that lets us.
///
/// # Errors
///
/// None does, or not in time.
pub async fn connect(
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<TcpStream, ReachFault> {
    timeout(patience, TcpStream::connect(addresses))
        .await
        .map_err(|_elapsed| ReachFault::TimeOut)?
        .map_err(ReachFault::NoConnection)
}

/// Begins TLS on a connection to `host` as our clients would, and gives the end of the server's
/// certificate.
///
/// With `authorities`, PEM certificates, one of them must vouch for it; otherwise one of the system.
///
/// # Errors
///
/// The server is not believed, or does not speak TLS, or not in time.
pub async fn begin_tls(
    connection: TcpStream,
    host: &str,
    (opening, authorities): (Opening, Option<&[u8]>),
    patience: Duration,
) -> Result<Timestamp, ReachFault> {
    let connector = connector(authorities).map_err(ReachFault::Authorities)?;
    let stream = connection.into_std().map_err(ReachFault::NoConnection)?;
    let host = host.to_owned();
    let work = spawn_blocking(move || {
        let set_up = || {
            stream.set_nonblocking(false)?;
            stream.set_read_timeout(Some(patience))?;
            stream.set_write_timeout(Some(patience))
        };
        set_up().map_err(ReachFault::NoConnection)?;
        shake_hands(&connector, stream, &host, opening)
    });
    timeout(patience, work)
        .await
        .map_err(|_elapsed| ReachFault::TimeOut)?
        .unwrap_or(Err(ReachFault::NoTls))
}

/// When the first certificate of a PEM file ends: that of a server, whose chain follows it.
///
/// # Errors
///
/// There is none.
pub fn end_of_certificate(pem: &[u8]) -> Result<Timestamp, ErrorStack> {
    let certificate = X509::from_pem(pem)?;
    end_of(&certificate)
}

fn connector(authorities: Option<&[u8]>) -> Result<SslConnector, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    if let Some(pem) = authorities {
        let mut store = X509StoreBuilder::new()?;
        for authority in X509::stack_from_pem(pem)? {
            store.add_cert(authority)?;
        }
        builder.set_cert_store(store.build());
    }
    Ok(builder.build())
}

fn shake_hands(
    connector: &SslConnector,
    mut stream: std::net::TcpStream,
    host: &str,
    opening: Opening,
) -> Result<Timestamp, ReachFault> {
    if let Opening::After { ask, accepts } = opening {
        let mut answer = [0; MAX_ANSWER];
        let mut exchange = || {
            stream.write_all(ask)?;
            stream.read(&mut answer)
        };
        let length = exchange().map_err(|_no_answer| ReachFault::TimeOut)?;
        if !accepts(answer.get(..length).unwrap_or_default()) {
            return Err(ReachFault::NoTls);
        }
    }
    match connector.connect(host, stream) {
        Ok(stream) => read_end(stream.ssl()),
        Err(HandshakeError::Failure(failed)) => Err(why(failed.ssl())),
        // A blocking stream has nothing to read when its time is over.
        Err(HandshakeError::WouldBlock(_)) => Err(ReachFault::TimeOut),
        Err(HandshakeError::SetupFailure(_)) => Err(ReachFault::NoTls),
    }
}

fn read_end(ssl: &SslRef) -> Result<Timestamp, ReachFault> {
    let certificate = ssl.peer_certificate().ok_or(ReachFault::NoTls)?;
    end_of(&certificate).map_err(|_no_date| ReachFault::NoTls)
}

/// What a verification ended with (`X509_V_ERR_…` of OpenSSL).
fn why(ssl: &SslRef) -> ReachFault {
    let verified = ssl.verify_result();
    match verified.as_raw() {
        0 => ReachFault::NoTls,
        9 => ReachFault::NotYet,
        10 => ReachFault::Ended,
        62 | 64 => ReachFault::WrongName,
        _ => ReachFault::Untrusted(verified.error_string()),
    }
}

fn end_of(certificate: &X509Ref) -> Result<Timestamp, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(certificate.not_after())?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    let end = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds));
    Ok(end.unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::*;
    use crate::sys::{
        clock::{Clock as _, SystemClock},
        tls::authority_for_test,
    };

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_name_without_an_address_and_a_port_without_a_server_are_told_apart() {
        let unknown = resolve("nobody.invalid", 1, PATIENCE).await;
        assert!(matches!(unknown, Err(ReachFault::NoAddress(_))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses = resolve("127.0.0.1", port, PATIENCE).await.unwrap();
        assert!(connect(&addresses, PATIENCE).await.is_ok());
        drop(listener);
        let gone = connect(&addresses, PATIENCE).await;
        assert!(matches!(gone, Err(ReachFault::NoConnection(_))));
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_and_one_that_says_nothing_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = [listener.local_addr().unwrap()];
        let how = (Opening::AtOnce, None);
        let stream = connect(&address, PATIENCE).await.unwrap();
        let short = Duration::from_millis(50);
        let silent = begin_tls(stream, "127.0.0.1", how, short).await;
        assert!(matches!(silent, Err(ReachFault::TimeOut)));
        drop(listener.accept().await);
        let stream = connect(&address, PATIENCE).await.unwrap();
        let speaks = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
            peer
        };
        let (_peer, plain) = tokio::join!(speaks, begin_tls(stream, "127.0.0.1", how, PATIENCE));
        assert!(matches!(plain, Err(ReachFault::NoTls)));
    }

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let end = end_of_certificate(&authority_for_test()).unwrap();
        let left = end.duration_since(SystemClock.now()).as_hours();
        assert!((29 * 24..=30 * 24).contains(&left), "{left}");
        assert!(end_of_certificate(b"none").is_err());
    }
}
