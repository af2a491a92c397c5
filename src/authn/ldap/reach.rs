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
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
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
        let [0x30, length] = head else {
            return Err(LdapFault::Malformed);
        };
        let length = match length {
            0..=0x7f => usize::from(length),
            0x81 => usize::from(stream.read_u8().await.map_err(unreached)?),
            0x82 => usize::from(stream.read_u16().await.map_err(unreached)?),
            _ => return Err(LdapFault::Malformed),
        };
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

/// The result code of message 1, an `ExtendedResponse`.
fn code(body: &[u8]) -> Option<u8> {
    let rest = body.strip_prefix(b"\x02\x01\x01\x78")?;
    let content = match rest {
        [0x81, _, content @ ..] | [0x82, _, _, content @ ..] => content,
        [length, content @ ..] if *length < 0x80 => content,
        _ => return None,
    };
    match content {
        [0x0a, 1, code, ..] => Some(*code),
        _ => None,
    }
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
        let long = b"\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        let nested = [b"\x30\x82\xff\xff".to_vec(), vec![0x30; 100_000]].concat();
        for broken in [
            long.to_vec(),
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
