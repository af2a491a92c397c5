//! To a server, and over to TLS: before a word of LDAP is read by anybody.
//!
//! What stands in the way of a connection without TLS may write to us what it likes. So the one
//! answer that is read before TLS begins, that to `StartTLS` (RFC 4511 §4.14), is read here, in
//! bounds; the library's reader knows none.

use ldap3::LdapError;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use super::connection::LdapFault;

/// `LDAPMessage` 1: an `ExtendedRequest` that names the OID of `StartTLS` and holds nothing else.
pub(super) const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// The longest answer to it that is read.
const MAX_ANSWER: usize = 1024;

/// Where a server is, and how TLS begins there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) begins_in_clear: bool,
}

impl Place {
    /// That of an `ldaps` address, or of an `ldap` one for `StartTLS`.
    pub(super) fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let begins_in_clear = url.scheme() == "ldap";
        let usual = if begins_in_clear { 389 } else { 636 };
        Some(Self {
            host: url.host_str()?.into(),
            port: url.port().unwrap_or(usual),
            begins_in_clear,
        })
    }
}

/// Opens a connection on which nothing but TLS is to be spoken from now on.
pub(super) async fn reach(place: &Place) -> Result<std::net::TcpStream, LdapFault> {
    let unreached = |error: std::io::Error| LdapFault::NoConnection(LdapError::from(error));
    let host = place.host.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, place.port))
        .await
        .map_err(unreached)?;
    stream.set_nodelay(true).map_err(unreached)?;
    if place.begins_in_clear {
        stream.write_all(START_TLS).await.map_err(unreached)?;
        let mut head = [0; 2];
        stream.read_exact(&mut head).await.map_err(unreached)?;
        let [0x30, first] = head else {
            return Err(LdapFault::Malformed);
        };
        let mut octets = vec![0; more_octets(first)];
        stream.read_exact(&mut octets).await.map_err(unreached)?;
        octets.insert(0, first);
        let (length, _) = length(&octets).ok_or(LdapFault::Malformed)?;
        if length > MAX_ANSWER {
            return Err(LdapFault::Malformed);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.map_err(unreached)?;
        match code(&body) {
            Some(0) => {}
            Some(code) => {
                return Err(LdapFault::Code {
                    what: "StartTLS",
                    code: code.into(),
                });
            }
            None => return Err(LdapFault::Malformed),
        }
    }
    stream.into_std().map_err(unreached)
}

/// Whether a whole message, and nothing but it, says that TLS may begin.
pub(super) fn takes_start_tls(message: &[u8]) -> bool {
    let body = message.strip_prefix(b"\x30").and_then(length);
    body.is_some_and(|(length, body)| length == body.len() && code(body) == Some(0))
}

/// The result code of message 1, an `ExtendedResponse`.
fn code(body: &[u8]) -> Option<u8> {
    let rest = body.strip_prefix(b"\x02\x01\x01\x78")?;
    match length(rest)? {
        (_, [0x0a, 1, code, ..]) => Some(*code),
        _ => None,
    }
}

/// A length of BER and what stands after it. Some servers write every length in five octets (Active
/// Directory).
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let count = more_octets(*first);
    if count == 0 {
        return None;
    }
    let (octets, rest) = rest.split_at_checked(count)?;
    let length = octets
        .iter()
        .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
    Some((length, rest))
}

/// How many octets of a length follow the first one; none, too, where it is no length of ours.
fn more_octets(first: u8) -> usize {
    let count = usize::from(first & 0x7f);
    if first > 0x80 && count <= 4 { count } else { 0 }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What a server that answers `answer` makes of us.
    async fn answered(answer: Vec<u8>) -> Result<(), LdapFault> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Place {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            begins_in_clear: true,
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; START_TLS.len()];
            stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, START_TLS);
            // Whoever was answered too much has gone.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            stream
        };
        let (_stream, reached) = tokio::join!(server, reach(&place));
        reached.map(drop)
    }

    #[tokio::test]
    async fn r72_the_answer_to_start_tls_is_read_in_bounds_and_must_be_a_success() {
        let success = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert!(answered(success.to_vec()).await.is_ok());
        assert!(takes_start_tls(success) && !takes_start_tls(&success[..13]));
        let long = b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert!(answered(long.to_vec()).await.is_ok() && takes_start_tls(long));
        let endless = b"\x30\x84\xff\xff\xff\xff\x02".to_vec();
        let indefinite = b"\x30\x80\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec();
        let nested = [b"\x30\x82\xff\xff".to_vec(), vec![0x30; 100_000]].concat();
        for broken in [
            endless,
            indefinite,
            nested,
            b"HTTP/1.1 400".to_vec(),
            vec![0x30; 64],
        ] {
            let reached = answered(broken).await;
            assert!(matches!(reached, Err(LdapFault::Malformed)), "{reached:?}");
        }
        let refused = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x35\x04\x00\x04\x00";
        let reached = answered(refused.to_vec()).await;
        assert!(
            matches!(reached, Err(LdapFault::Code { code: 53, .. })),
            "{reached:?}"
        );
        let cut = answered(b"\x30\x0c\x02\x01".to_vec()).await;
        assert!(matches!(cut, Err(LdapFault::NoConnection(_))), "{cut:?}");
    }
}
